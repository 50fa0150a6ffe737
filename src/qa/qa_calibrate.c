/* qa_calibrate.c: how far people agree, item by item: with each other, and with the rules.
 *
 * Everybody who scored a review in the rounds review and calibration counts as one rater of it.
 * Two raters a review: Cohen's kappa, the raters put in the order of their names. Three or
 * more, the same number for each: Fleiss'. Reviews are grouped by how many raters they have,
 * the largest group counts. On a reader. */
#include "qa_review_int.h"

#include <math.h>
#include <stdlib.h>

enum { VOTES = 20000, RATERS = 8, KINDS = 3 };   /* n_a, pass, fail */

struct vote {                        /* one review's marks by one person */
	sv review, by;
	jv *items, *marks;           /* marks: of the rules */
};
struct votes {
	struct arena a;
	struct vote *v;
	size_t n;
};

static int load(struct store_db *db, sv form, struct votes *x)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT m.review, m.by_whom, m.items, r.marks FROM qa_mark m JOIN "
		"qa_review r ON r.id=m.review WHERE m.round IN ('review','calibration') "
		"AND (?1='' OR r.form=?1) ORDER BY m.review, m.by_whom, m.round LIMIT ?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, form.p ? form : SV(""));
	store_bind_int(q, 2, VOTES);
	while ((rc = store_step(q)) == 1) {
		sv review = store_col_sv(q, 0), by = store_col_sv(q, 1);
		struct vote *last = x->n ? &x->v[x->n - 1] : NULL;
		if (last && sv_eq(last->review, review) && sv_eq(last->by, by))
			continue;            /* calibrated and scored: the first counts */
		x->v[x->n++] = (struct vote){ arena_sv(&x->a, review), arena_sv(&x->a, by),
					      jv_parse(store_col_sv(q, 2), NULL),
					      jv_parse(store_col_sv(q, 3), NULL) };
	}
	store_reset(q);
	return rc;
}

static int kind_of(sv state)
{
	int s = qa_state_of(state);
	return s >= 0 && s < KINDS ? s : -1;
}

static int rule_of(const jv *marks, sv item)
{
	for (size_t i = 0; i < jv_len(marks); i++)
		if (sv_eq(jv_get_str(jv_at(marks, i), "item"), item))
			return kind_of(jv_get_str(jv_at(marks, i), "state"));
	return -1;
}

static size_t raters_from(const struct votes *x, size_t i)
{
	size_t j = i + 1;
	while (j < x->n && sv_eq(x->v[j].review, x->v[i].review))
		j++;
	return j - i;
}

/* The number of raters, 2 or more, that most reviews have. */
static size_t usual(const struct votes *x, size_t *reviews)
{
	size_t n[RATERS + 1] = { 0 }, best = 0;
	for (size_t i = 0, k; i < x->n; i += k) {
		k = raters_from(x, i);
		if (k >= 2 && k <= RATERS)
			n[k]++;
	}
	for (size_t k = 2; k <= RATERS; k++)
		if (n[k] > n[best] || !best)
			best = n[k] ? k : best;
	*reviews = best ? n[best] : 0;
	return best;
}

struct item_of {
	int *a, *b, *count;          /* first and second rater; raters by kind */
	int *person, *rule;
	size_t n, m;                 /* reviews; person against rule */
	double same;
};

static void gather(const struct votes *x, size_t raters, sv item, struct item_of *o)
{
	for (size_t i = 0, k; i < x->n; i += k) {
		int seen[RATERS] = { 0 };
		bool whole = true;
		k = raters_from(x, i);
		for (size_t j = 0; j < k; j++) {
			int s = kind_of(jv_as_str(jv_member(x->v[i + j].items, item)));
			int r = rule_of(x->v[i + j].marks, item);
			whole &= s >= 0;
			if (j < RATERS)
				seen[j] = s;
			if (s >= 0 && r >= 0)
				o->person[o->m] = s, o->rule[o->m++] = r;
		}
		if (k != raters || !whole)
			continue;
		o->a[o->n] = seen[0];
		o->b[o->n] = seen[1];
		for (size_t j = 0; j < k; j++)
			o->count[o->n * KINDS + (size_t)seen[j]]++;
		o->n++;
	}
}

static void put_kappa(struct sb *b, const char *key, double k)
{
	if (isnan(k))
		sb_fmt(b, ",\"%s\":null", key);
	else
		sb_fmt(b, ",\"%s\":%.4f", key, k);
}

/* The share of pairs of raters that agree. */
static double agree_of(const struct item_of *o, size_t raters)
{
	double same = 0, pairs = 0;
	for (size_t i = 0; i < o->n; i++) {
		for (int k = 0; k < KINDS; k++) {
			double c = o->count[i * KINDS + (size_t)k];
			same += c * (c - 1);
		}
		pairs += (double)raters * ((double)raters - 1);
	}
	return pairs > 0 ? same / pairs : NAN;
}

static void put_item(struct sb *b, const struct votes *x, size_t raters, sv item, int n)
{
	struct item_of o = { .a = xalloc(sizeof(int) * x->n), .b = xalloc(sizeof(int) * x->n),
			     .count = xalloc(sizeof(int) * x->n * KINDS),
			     .person = xalloc(sizeof(int) * x->n),
			     .rule = xalloc(sizeof(int) * x->n) };
	gather(x, raters, item, &o);
	sb_cstr(b, n ? ",{\"item\":" : "{\"item\":");
	sb_json(b, item);
	sb_fmt(b, ",\"n\":%zu,\"raters\":%zu", o.n, raters);
	put_kappa(b, "agree", agree_of(&o, raters));
	put_kappa(b, "kappa", raters == 2 ? qa_kappa_cohen(o.a, o.b, o.n, KINDS, NULL) :
					    qa_kappa_fleiss(o.count, o.n, KINDS));
	sb_fmt(b, ",\"rule_n\":%zu", o.m);
	put_kappa(b, "rule_kappa", qa_kappa_cohen(o.person, o.rule, o.m, KINDS, NULL));
	sb_ch(b, '}');
	xfree(o.a);
	xfree(o.b);
	xfree(o.count);
	xfree(o.person);
	xfree(o.rule);
}

int qa_calibration_json(struct store_db *db, sv form, struct sb *out)
{
	struct votes x = { .v = xalloc(sizeof(struct vote) * VOTES) };
	size_t reviews = 0, raters;
	struct map *seen = map_new(QA_ITEMS * QA_FORMS);
	int n = 0;
	arena_init(&x.a, LIM_ARENA_BIG);
	int rc = load(db, form, &x);
	raters = usual(&x, &reviews);
	sb_cstr(out, "{\"items\":[");
	for (size_t i = 0; i < x.n && rc == 0; i++) {
		void *it = NULL;
		sv key;
		jv *v;
		while (jv_next(x.v[i].items, &it, &key, &v))
			if (!map_get(seen, key) && map_put(seen, key, &x) == 0)
				put_item(out, &x, raters, key, n++);
	}
	sb_fmt(out, "],\"reviews\":%zu,\"raters\":%zu}", reviews, raters);
	for (size_t i = 0; i < x.n; i++) {
		jv_free(x.v[i].items);
		jv_free(x.v[i].marks);
	}
	map_free(seen);
	arena_done(&x.a);
	xfree(x.v);
	return rc;
}
