/* assist_mind.c: what a language model is asked: a translation, or a summary in other words. It
 * decides nothing: a translation whose numbers, codes and names are not those of the text is
 * refused, and of a reworded summary each line stays ours whose words do not hold.
 *
 * On assist's thread; the model is called in the batch class. */
#include "assist_int.h"
#include "model.h"

#include <stdio.h>

#define NAMES_MOST 40

static const char *language_of(const char *lang)
{
	return strcmp(lang, "zh") == 0 ? "Chinese (simplified)" : "English";
}

/* Only the names that the text has: a list of all would be longer than the text. */
static void put_names(const struct assist_words *w, sv text, struct sb *b)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n && n < NAMES_MOST; i++)
		if (assist_any_form(w->v[i], text))
			sb_fmt(b, "%s" SV_FMT, n++ ? "; " : "\nNames, each with its forms: ",
			       SV_ARG(w->v[i]));
}

static void translate_prompt(const struct assist_ask *q, struct sb *b)
{
	sb_fmt(b,
	       "You translate between a customer and an agent of a company's customer service, "
	       "from %s to %s. Write the translation only. Keep every number in digits as it is, "
	       "every order number, code, address, [mask] and {variable} letter by letter. Add "
	       "nothing, leave nothing out, be as polite as the text is.",
	       language_of(q->from), language_of(q->to));
	put_names(assist_names(q->as), sv_of(q->text), b);
}

static void reword_prompt(const struct assist_ask *q, struct sb *b)
{
	sb_fmt(b,
	       "You write the notes of a customer service conversation for a colleague, in %s. "
	       "You get lines. Write each line again, in the same order and number, short and "
	       "plain. Keep what stands before the colon, every number, name, date and code as it "
	       "is. Say nothing that the line does not say.",
	       language_of(q->to));
}

static void on_delta(void *arg, sv text)
{
	struct assist_ask *q = arg;
	sb_put(&q->out, text);
}

static int check_translation(struct assist_ask *q)
{
	sv text = sv_trim(sb_sv(&q->out));
	bool ok = assist_translated_ok(sv_of(q->text), text, assist_names(q->as), NULL);
	return sb_err(&q->out) ? sb_err(&q->out) : ok ? 0 : ERR_DENIED;
}

/* The summary's text becomes the lines that hold. */
static int take_lines(struct assist_ask *q)
{
	struct sb text;
	jv *o = jv_parse(sv_of(q->extra), NULL);
	sb_init(&text, LIM_SB);
	assist_mind_lines(q->c, sv_of(q->text), sb_sv(&q->out), &text);
	bool same = sv_eq(sb_sv(&text), sv_of(q->text));
	jv_set_str(o, "text", sb_sv(&text));
	jv_set_bool(o, "builtin", same);
	sb_reset(&q->out);
	jv_dump(o, &q->out);
	sb_done(&text);
	jv_free(o);
	return sb_err(&q->out);
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct assist_ask *q = arg;
	q->run = NULL;
	if (q->translates)
		assist_ask_over(q, err ? err : check_translation(q));
	else
		assist_ask_over(q, take_lines(q));
}

static int start(struct assist_ask *q, struct llm *m)
{
	static const struct llm_cb cb = { .on_delta = on_delta, .on_end = on_end };
	struct sb sys;
	sb_init(&sys, LIM_SB);
	if (q->translates)
		translate_prompt(q, &sys);
	else
		reword_prompt(q, &sys);
	const struct llm_msg msgs[] = { { .role = LLM_SYSTEM, .text = sb_sv(&sys) },
					{ .role = LLM_USER, .text = sv_of(q->text) } };
	struct llm_prompt p = { .msgs = msgs, .n = 2, .max_tokens = 1200, .cls = LLM_BATCH };
	int rc = llm_start(m, &p, &cb, q, &q->run);
	sb_done(&sys);
	return rc;
}

/* A base model was never taught to translate: it is none. */
void assist_mind_start(struct assist_ask *q, struct llm *m)
{
	bool able = m && !llm_base(m);
	int rc = able ? start(q, m) : ERR_NOTFOUND;
	if (rc == 0)
		return;
	if (q->translates)
		assist_ask_over(q, rc);
	else
		assist_ask_over(q, take_lines(q));
}

/* ---- lines of a summary ---- */

static bool number_lost(sv ours, sv theirs)
{
	return !assist_translated_ok(ours, theirs, NULL, NULL);
}

static sv head_of(sv line)
{
	ptrdiff_t wide = sv_find(line, SV("：")), at = sv_find_ch(line, ':');
	if (wide >= 0)
		return sv_slice(line, 0, (size_t)wide + 3);
	return at >= 0 ? sv_slice(line, 0, (size_t)at + 1) : SV("");
}

/* Of the request and of what was promised every word is the customer's or a promise: they stay. */
static bool literal(sv line)
{
	static const char *const heads[] = { "Request", "诉求", "Promised", "承诺", "Known", "信息",
					     "Outcome", "结果" };
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		if (sv_starts(line, sv_of(heads[i])))
			return true;
	return false;
}

static bool holds(const struct assist_case *c, sv ours, sv theirs)
{
	sv head = head_of(ours), rest, one;
	if (literal(ours) || !head.n || !sv_starts(theirs, head) || number_lost(ours, theirs))
		return false;
	rest = sv_slice(theirs, head.n, theirs.n);
	if (!sv_trim(rest).n)
		return false;
	while (assist_sentence(&rest, &one))
		if (!assist_grounded(c, one))
			return false;
	return true;
}

void assist_mind_lines(const struct assist_case *c, sv ours, sv theirs, struct sb *out)
{
	sv a, b = SV(""), rest = theirs;
	size_t n = 0, m = 0;
	for (sv k = ours; sv_line(&k, &a);)
		n++;
	for (sv k = theirs; sv_line(&k, &a);)
		m += sv_trim(a).n > 0;
	for (size_t i = 0; sv_line(&ours, &a); i++) {
		do
			b = sv_line(&rest, &b) ? sv_trim(b) : SV("");
		while (!b.n && rest.n);
		sb_cstr(out, i ? "\n" : "");
		sb_put(out, n == m && holds(c, a, b) ? b : a);
	}
}
