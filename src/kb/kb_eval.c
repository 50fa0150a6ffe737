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
	size_t at = 0;

	while (at < r->n && !is_group(ix, r->hits[at].article_id, want))
		at++;
	s->n++;
	s->first += at == 0 && r->n && r->answerable;
	s->declined_wrongly += !r->answerable;
	s->right_first += at == 0 && r->n;
	s->in3 += at < r->n && at < 3;
	s->in5 += at < r->n && at < 5;
}

int kb_ask(struct kb_index *ix, const struct kb_query *q, sv want, struct arena *a,
	   struct kb_asked *ret)
{
	struct kb_result r = { 0 };
	size_t at = 0;
	int rc = kb_search(ix, q, a, &r);

	if (rc)
		return rc;
	while (want.n && at < r.n && !is_group(ix, r.hits[at].article_id, want))
		at++;
	*ret = (struct kb_asked){ .place = want.n && at < r.n ? (int)at + 1 : 0 };
	if (r.n)
		ret->first = r.hits[0];
	if (r.answerable)
		ret->outcome = ret->place == 1 ? KB_RIGHT : KB_WRONG;
	else if (!want.n)
		ret->outcome = KB_RIGHT;
	else
		ret->outcome = r.unsure && ret->place ? KB_AMONG : KB_DECLINED;
	return 0;
}

static void count_quotes(struct kb_index *ix, const struct kb_result *r, struct kb_score *s)
{
	for (size_t i = 0; i < r->n; i++) {
		struct kb_article a;

		s->quotes++;
		s->quotes_ok += kb_get(ix, r->hits[i].article_id, &a) == 0 &&
				kb_quote_stands(&r->hits[i], a.body_md);
	}
}

struct asker {
	struct kb_index *ix;
	sv lang;
	kb_vec_fn *vec;
	void *arg;
	struct arena a;
	struct kb_score s;
};

static int ask(struct asker *k, sv text, sv want)
{
	struct kb_query q = { .text = text, .lang = k->lang, .k = 5 };
	struct kb_score *s = &k->s;
	struct kb_result r;
	int rc;

	if (k->vec)
		q.vec = k->vec(k->arg, text, &q.dim);
	arena_reset(&k->a);
	rc = kb_search(k->ix, &q, &k->a, &r);
	if (rc)
		return rc;
	count_quotes(k->ix, &r, s);
	if (want.n) {
		count_answerable(k->ix, &r, want, s);
	} else {
		s->n_oos++;
		s->oos_declined += !r.answerable;
	}
	return 0;
}

int kb_evaluate_by(struct kb_index *ix, sv lang, sv questions, sv oos, kb_vec_fn *vec, void *arg,
		   struct kb_score *ret, struct err *e)
{
	struct asker k = { .ix = ix, .lang = lang, .vec = vec, .arg = arg };
	sv line, want;
	int n = 0, rc = 0;

	arena_init(&k.a, LIM_ARENA_TURN);
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
		rc = ask(&k, sv_trim(line), sv_trim(want));
	}
	while (!rc && sv_line(&oos, &line)) {
		line = sv_trim(line);
		if (line.n && line.p[0] != '#')
			rc = ask(&k, line, SV_NULL);
	}
	arena_done(&k.a);
	if (!rc)
		*ret = k.s;
	return rc;
}

int kb_evaluate(struct kb_index *ix, sv lang, sv questions, sv oos, struct kb_score *ret,
		struct err *e)
{
	return kb_evaluate_by(ix, lang, questions, oos, NULL, NULL, ret, e);
}
