/* worker_llama_chat.c: a conversation as the tokens a model goes on from.
 *
 * With a template in the model's file the conversation is laid out by it, but with a mark
 * in the place of each text: what lies between the marks is read with control tokens, the
 * texts are read without, so that nobody can write <|im_end|> and go on as somebody else.
 * Without one (a base model) it becomes a transcript whose labels are in the language of the
 * last message; earlier messages serve as examples of how to go on. When nobody but the
 * system speaks, its text is gone on from as it stands: so a prompt file can bring labels and
 * examples of its own. Pure but for the tokenizer. */
#include <stdio.h>
#include <stdlib.h>

#include "worker_llama.h"

enum { MSGS_MAX = 512, LAID_OUT_MAX = 2 << 20 };
#define MARK '\x02'
#define MARK_END '\x03'

static const struct {
	const char *user, *assistant, *stop[2];
} labels[] = {
	{ "Customer: ", "Agent:", { "\nCustomer:", "\n\n" } },
	{ "客户：", "客服：", { "\n客户：", "\n\n" } },
};

void chat_free(struct chat *c)
{
	for (size_t i = 0; i < c->msgs.n; i++) {
		xfree(c->msgs.v[i].role);
		xfree(c->msgs.v[i].text);
	}
	VEC_FREE(&c->msgs);
}

/* Without control characters, the marks among them. */
static char *clean(sv s)
{
	char *ret = xstrdup(s);
	for (char *p = ret; *p; p++)
		*p = (unsigned char)*p < 0x20 && *p != '\n' && *p != '\t' ? ' ' : *p;
	return ret;
}

int chat_read(struct chat *c, const jv *msgs)
{
	for (size_t i = 0; i < jv_len(msgs); i++) {
		const jv *m = jv_at(msgs, i);
		sv role = jv_get_str(m, "role");
		if (!sv_eq(role, SV("system")) && !sv_eq(role, SV("user")) &&
		    !sv_eq(role, SV("assistant")))
			return ERR_PARSE;
		struct chat_msg *to = VEC_PUSH(&c->msgs, MSGS_MAX);
		if (!to)
			return ERR_TOOBIG;
		to->role = xstrdup(role);
		to->text = clean(jv_get_str(m, "text"));
	}
	return c->msgs.n ? 0 : ERR_PARSE;
}

static bool has_role(const struct chat_msg *m, const char *role)
{
	return !strcmp(m->role, role);
}

/* ---- the transcript of a base model ---- */

static int language(const struct chat *c)
{
	sv s = sv_of(c->msgs.v[c->msgs.n - 1].text);
	size_t cjk = 0, all = 0;
	while (s.n) {
		uint32_t r = sv_rune(&s);
		cjk += sv_is_cjk(r);
		all += r > 0x20;
	}
	return cjk * 4 > all;
}

static bool as_it_stands(const struct chat *c)
{
	for (size_t i = 0; i < c->msgs.n; i++)
		if (!has_role(&c->msgs.v[i], "system"))
			return false;
	return true;
}

size_t chat_stops(const struct chat *c, const char **stops)
{
	if (!c->plain)
		return 0;
	if (as_it_stands(c)) {
		stops[0] = "\n";
		return 1;
	}
	for (size_t i = 0; i < 2; i++)
		stops[i] = labels[language(c)].stop[i];
	return 2;
}

static int transcript(const struct chat *c, const struct lrt *l, int32_t *v, int max)
{
	int lang = language(c);
	struct sb b;
	sb_init(&b, LAID_OUT_MAX);
	for (size_t i = 0; i < c->msgs.n; i++) {
		const struct chat_msg *m = &c->msgs.v[i];
		sv text = sv_trim(sv_of(m->text));
		if (has_role(m, "user"))
			sb_cstr(&b, labels[lang].user);
		else if (has_role(m, "assistant"))
			sb_fmt(&b, "%s%s", labels[lang].assistant, lang ? "" : " ");
		sb_put(&b, text);
		if (!as_it_stands(c))
			sb_cstr(&b, has_role(m, "user") ? "\n" : "\n\n");
	}
	if (!as_it_stands(c))
		sb_cstr(&b, labels[lang].assistant);
	int n = sb_err(&b) ? ERR_TOOBIG : lrt_tokens(l, sb_sv(&b), true, false, v, max);
	sb_done(&b);
	return n;
}

/* ---- the model's own template ---- */

static int lay_out(const struct chat *c, const struct lrt *l, struct sb *out)
{
	size_t n = c->msgs.n;
	const char **roles = xalloc(sizeof(*roles) * n), **texts = xalloc(sizeof(*texts) * n);
	char (*marks)[32] = xalloc(sizeof(*marks) * n);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(marks[i], sizeof(marks[i]), "%c%zu%c", MARK, i, MARK_END);
		roles[i] = c->msgs.v[i].role;
		texts[i] = marks[i];
	}
	int rc = lrt_layout(l, roles, texts, n, out);
	xfree(roles);
	xfree(texts);
	xfree(marks);
	return rc;
}

struct tokens {
	int32_t *v;
	int n, max;
};

static int put_tokens(struct tokens *t, const struct lrt *l, sv text, bool special)
{
	if (!text.n && t->n)
		return 0;
	int n = lrt_tokens(l, text, t->n == 0, special, t->v + t->n, t->max - t->n);
	if (n < 0)
		return n;
	t->n += n;
	return 0;
}

static int by_template(const struct chat *c, const struct lrt *l, int32_t *v, int max)
{
	struct tokens t = { v, 0, max };
	struct sb b;
	sb_init(&b, LAID_OUT_MAX);
	int rc = lay_out(c, l, &b);
	sv rest = sb_sv(&b);
	while (!rc && rest.n) {
		ptrdiff_t at = sv_find_ch(rest, MARK), end = sv_find_ch(rest, MARK_END);
		int64_t i = -1;
		if (at < 0) {
			rc = put_tokens(&t, l, rest, true);
			break;
		}
		rc = put_tokens(&t, l, sv_slice(rest, 0, (size_t)at), true);
		if (!rc && (end < at || sv_i64(sv_slice(rest, (size_t)at + 1, (size_t)end), &i) ||
			    i < 0 || (size_t)i >= c->msgs.n))
			rc = ERR_UNSUPPORTED;
		if (!rc)
			rc = put_tokens(&t, l, sv_trim(sv_of(c->msgs.v[i].text)), false);
		rest = sv_slice(rest, (size_t)(end < 0 ? 0 : end) + 1, rest.n);
	}
	sb_done(&b);
	return rc ? rc : t.n;
}

/* ---- the length ---- */

/* The oldest turn goes: from the first message that is not the system's up to the next of the
 * customer. False when only the last turn is left. */
static bool drop_turn(struct chat *c)
{
	size_t n = c->msgs.n, last = n, from = 0, to;
	for (size_t i = 0; i < n; i++)
		last = has_role(&c->msgs.v[i], "user") ? i : last;
	while (from < n && has_role(&c->msgs.v[from], "system"))
		from++;
	if (from >= n - 1 || (last < n && from >= last))
		return false;
	for (to = from + 1; to < n - 1 && to != last && !has_role(&c->msgs.v[to], "user");)
		to++;
	for (size_t i = from; i < to; i++) {
		xfree(c->msgs.v[i].role);
		xfree(c->msgs.v[i].text);
	}
	memmove(&c->msgs.v[from], &c->msgs.v[to], (n - to) * sizeof(c->msgs.v[0]));
	c->msgs.n -= to - from;
	return true;
}

int chat_tokens(struct chat *c, const struct lrt *l, int32_t *v, int max)
{
	c->plain = !lrt_template(l);
	for (;;) {
		int n = c->plain ? transcript(c, l, v, max) : by_template(c, l, v, max);
		if (n == ERR_UNSUPPORTED) {
			c->plain = true;
			continue;
		}
		if (n != ERR_TOOBIG || !drop_turn(c))
			return n;
	}
}
