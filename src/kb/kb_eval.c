/* kb_eval.c: measures an index on questions with known answers and on questions without one. */
#include "kb_int.h"

static bool is_group(const struct kb_index *ix, sv article_id, sv want)
{
	struct kb_article a;

	return sv_eq(article_id, want) ||
	       (kb_get(ix, article_id, &a) == 0 && sv_eq(a.group_id, want));
}

static void count_answerable(struct kb_index *ix, const struct kb_result *r, sv want,
			     struct kb_score *s)
{
	s->n++;
	s->first += r->n && r->answerable && is_group(ix, r->hits[0].article_id, want);
	s->declined_wrongly += !r->answerable;
	for (size_t i = 0; i < r->n && i < 3; i++)
		if (is_group(ix, r->hits[i].article_id, want)) {
			s->in3++;
			break;
		}
}

static void count_quotes(struct kb_index *ix, const struct kb_result *r, struct kb_score *s)
{
	for (size_t i = 0; i < r->n; i++) {
		struct kb_article a;

		s->quotes++;
		s->quotes_ok += kb_get(ix, r->hits[i].article_id, &a) == 0 &&
				kb_quote_in(r->hits[i].quote, a.body_md);
	}
}

static int ask(struct kb_index *ix, sv lang, sv text, sv want, struct arena *a, struct kb_score *s)
{
	struct kb_query q = { .text = text, .lang = lang, .k = 5 };
	struct kb_result r;
	int rc;

	arena_reset(a);
	rc = kb_search(ix, &q, a, &r);
	if (rc)
		return rc;
	count_quotes(ix, &r, s);
	if (want.n) {
		count_answerable(ix, &r, want, s);
	} else {
		s->n_oos++;
		s->oos_declined += !r.answerable;
	}
	return 0;
}

int kb_evaluate(struct kb_index *ix, sv lang, sv questions, sv oos, struct kb_score *ret,
		struct err *e)
{
	struct kb_score s = { 0 };
	struct arena a = { 0 };
	sv line, want;
	int n = 0, rc = 0;

	arena_init(&a, LIM_ARENA_TURN);
	while (!rc && sv_line(&questions, &line)) {
		n++;
		line = sv_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		if (sv_find_ch(line, '\t') < 1) {
			rc = err_set(e, ERR_PARSE, "questions:%d: write article<TAB>question", n);
			if (e)
				e->line = n;
			break;
		}
		sv_cut(&line, '\t', &want);
		rc = ask(ix, lang, sv_trim(line), sv_trim(want), &a, &s);
	}
	while (!rc && sv_line(&oos, &line)) {
		line = sv_trim(line);
		if (line.n && line.p[0] != '#')
			rc = ask(ix, lang, line, SV_NULL, &a, &s);
	}
	arena_done(&a);
	if (!rc)
		*ret = s;
	return rc;
}
