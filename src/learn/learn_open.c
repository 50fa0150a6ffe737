/* learn_open.c: telephone numbers and addresses that the company itself publishes.
 *
 * "Call 400-810-6600 and choose 5" is an answer; masked like a customer's number it would be lost,
 * and its sentence with it. What stands in an article that everybody may read today is no secret.
 * A worker's thread.
 */
#include "learn_int.h"

#define OPEN_MAX 2000            /* different ones */
#define DIGITS 7                 /* fewer are no number to call */
#define GAP 5                    /* bytes between two digits of one number at most */

/* As it is compared: letters small, of a number the digits alone. */
static sv plain(struct arena *a, sv value)
{
	bool mail = sv_find_ch(value, '@') >= 0;
	char *p = arena_new(a, char, value.n + 1);
	size_t n = 0;
	for (size_t i = 0; p && i < value.n; i++) {
		char c = value.p[i];
		bool digit = c >= '0' && c <= '9';
		if (mail || digit)
			p[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return sv_n(p, n);
}

/* Worth a closer look: an @, or so many digits that stand near each other. */
static bool may_hold(sv text)
{
	size_t digits = 0, gap = 0;
	for (size_t i = 0; i < text.n; i++) {
		bool digit = text.p[i] >= '0' && text.p[i] <= '9';
		if (text.p[i] == '@')
			return true;
		gap = digit ? 0 : gap + 1;
		digits = digit ? digits + 1 : gap > GAP ? 0 : digits;
		if (digits >= DIGITS)
			return true;
	}
	return false;
}

struct finding {
	struct learn_work *w;
	struct arena tmp;
	int rc;
};

static void find_in(void *arg, sv sentence)
{
	struct finding *f = arg;
	struct guard_in in;
	if (f->rc || !may_hold(sentence))
		return;
	arena_reset(&f->tmp);
	if (guard_inbound(sentence, &f->tmp, &in))
		return;
	for (size_t i = 0; i < in.n && !f->rc; i++) {
		const struct guard_span *s = &in.spans[i];
		if (s->type != PII_PHONE && s->type != PII_EMAIL)
			continue;
		sv value = plain(&f->tmp, sv_slice(in.clean, s->start, s->end));
		if (value.n >= DIGITS)
			f->rc = map_put(f->w->open, value, f->w);
	}
}

int learn_open_find(struct learn_work *w)
{
	struct finding f = { .w = w };
	arena_init(&f.tmp, LIM_ARENA_TURN);
	w->open = map_new(OPEN_MAX);
	for (size_t i = 0; i < w->article.n && !f.rc; i++) {
		const struct kb_article *a = &w->article.v[i];
		bool now = a->valid_from_ms <= w->o->now_ms &&
			   (!a->valid_to_ms || a->valid_to_ms > w->o->now_ms);
		if (now && (!a->audience.n || sv_eq(a->audience, SV("public"))))
			kb_each_sentence(a->body_md, find_in, &f);
	}
	arena_done(&f.tmp);
	return f.rc == ERR_FULL ? 0 : f.rc;
}

sv learn_open_kept(const struct learn_work *w, struct arena *a, const struct guard_in *in)
{
	struct sb b;
	size_t at = 0;
	bool any = false;
	sb_init(&b, 8 * LEARN_TEXT);
	for (size_t i = 0; i < in->n; i++) {
		const struct guard_span *s = &in->spans[i];
		sv value = sv_slice(in->clean, s->start, s->end);
		bool open = (s->type == PII_PHONE || s->type == PII_EMAIL) &&
			    map_get(w->open, plain(a, value));
		sb_put(&b, sv_slice(in->clean, at, s->start));
		if (open)
			sb_put(&b, value);
		else
			sb_fmt(&b, "[%s]", guard_pii_name(s->type));
		any |= open;
		at = s->end;
	}
	sb_put(&b, sv_slice(in->clean, at, in->clean.n));
	sv out = any && !sb_err(&b) ? arena_sv(a, sb_sv(&b)) : SV_NULL;
	sb_done(&b);
	return out.p ? out : in->masked;
}
