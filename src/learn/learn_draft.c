/* learn_draft.c: from what people agree on to an article that somebody may approve.
 *
 * The title is the question most like all of the gap's, the body the agreed sentences, the aliases
 * are the ways the question was asked. Evidence names who said each sentence how often, and in
 * which conversations the question was asked. A worker's thread.
 */
#include "learn_int.h"

#define EVIDENCE_ITEMS 20
#define PARAGRAPH 3              /* sentences of one */

/* ---- body ---- */

static bool is_cjk_text(sv s)
{
	sv rest = s;
	for (int i = 0; i < 40 && rest.n; i++)
		if (sv_is_cjk(sv_rune(&rest)))
			return true;
	return false;
}

static void put_sentence(struct sb *b, sv s, size_t i)
{
	bool cjk = is_cjk_text(s);
	if (i)
		sb_cstr(b, i % PARAGRAPH ? cjk ? "" : " " : "\n\n");
	sb_put(b, s);
	if (s.n && !strchr(".!?:", s.p[s.n - 1]) && !sv_ends(s, SV("。")) && !sv_ends(s, SV("！")))
		sb_cstr(b, cjk ? "。" : ".");
}

static sv from_sentences(struct learn_work *w, const struct learn_consensus *c)
{
	struct sb b;
	sb_init(&b, LEARN_TEXT_MAX);
	for (size_t i = 0; i < c->n; i++)
		put_sentence(&b, c->said[i].text, i);
	sv out = arena_sv(w->a, sb_sv(&b));
	sb_done(&b);
	return out.p ? out : SV("");
}

/* ---- aliases ---- */

static bool had(struct learn_work *w, struct learn_lang *l, const struct kb_mark *const *m,
		const size_t *n_m, size_t n, const struct kb_mark *x, size_t n_x)
{
	(void)w;
	(void)l;
	for (size_t i = 0; i < n; i++)
		if (kb_marks_cos(m[i], n_m[i], x, n_x) > 0.97f)
			return true;
	return false;
}

/* Different ways of asking, the title's left out, one a line. */
static sv aliases(struct learn_work *w, const struct learn_gap *g)
{
	struct learn_lang *l = learn_lang_of(w, g->lang);
	const struct kb_mark *m[LEARN_ALIASES + 1];
	size_t n_m[LEARN_ALIASES + 1], n = 0, step = 1;
	struct kb_mark x[KB_MARKS];
	struct sb b;
	sb_init(&b, LEARN_TEXT_MAX);
	n_m[0] = kb_sense_marks(l->sense, g->question, x);
	m[n] = learn_marks_keep(w->a, x, n_m[0]);
	n += m[0] != NULL;
	/* every way once: all of them when few, spread over the window when many */
	for (size_t from = 0; from < step && n <= LEARN_ALIASES; from++)
		for (size_t i = from; i < g->n && n <= LEARN_ALIASES; i += step) {
			sv name = learn_name(w->a, g->item[i]->text);
			size_t k = kb_sense_marks(l->sense, name, x);
			if (!name.n || !k || had(w, l, m, n_m, n, x, k))
				continue;
			m[n] = learn_marks_keep(w->a, x, k);
			if (!m[n])
				continue;
			n_m[n++] = k;
			if (b.n)
				sb_ch(&b, '\n');
			sb_put(&b, name);
		}
	sv out = arena_sv(w->a, sb_sv(&b));
	sb_done(&b);
	return out.p ? out : SV("");
}

/* ---- evidence ---- */

static sv evidence(struct learn_work *w, const struct learn_gap *g, const struct learn_consensus *c)
{
	jv *all = jv_arr();
	struct sb b;
	for (size_t i = 0; i < c->n; i++) {
		jv *o = jv_obj();
		jv_set_str(o, "sentence", c->said[i].text);
		jv_set_int(o, "agents", (int64_t)c->said[i].agents);
		jv_push(all, o);
	}
	for (size_t i = 0, n = 0; i < g->n && n < EVIDENCE_ITEMS; i++) {
		const struct learn_item *x = g->item[i];
		if (!x->n_answer || !x->resolved)
			continue;
		jv *o = jv_obj();
		jv_set_str(o, "conversation", x->conversation);
		jv_set_int(o, "seq", x->seq);
		jv_set_str(o, "by", x->answer[0].by);
		jv_push(all, o);
		n++;
	}
	sb_init(&b, LIM_JSON_BYTES);
	jv_dump(all, &b);
	jv_free(all);
	sv out = arena_sv(w->a, sb_sv(&b));
	sb_done(&b);
	return out.p ? out : SV("[]");
}

void learn_draft(struct learn_work *w, struct learn_gap *g, const struct learn_consensus *c)
{
	struct learn_draft *d = arena_new(w->a, struct learn_draft, 1);
	if (!d)
		return;
	*d = (struct learn_draft){ .title = g->question, .category = g->category,
				   .article_id = SV(""), .agents = c->agents };
	d->body_md = from_sentences(w, c);
	d->aliases = aliases(w, g);
	d->evidence = evidence(w, g, c);
	g->draft = d;
	learn_gates(w, g, c, d);
}
