/* ins_report_run.c: the table that answers a question: days one after another, by columns, into
 * groups.
 *
 * A group is one value of each dimension; its key packs their numbers into 64 bits, 16 each. All
 * sums are doubles, of whole numbers far below 2^53. A reader's thread. */
#include "ins_report_int.h"
#include "ins_table_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORDS = 65535 };

struct dict {                        /* of a dimension, over all days */
	struct map *at;
	VEC(sv) v;
};

struct scan {
	const struct ins_ask *ask;
	struct ins_table *t;
	struct ins_need need;
	struct dict dict[INS_ASK_DIMS];
	int terms[INS_WORKED];       /* what is summed, by place */
	size_t n_terms;
	int place[INS_WORKED];       /* where; -1 = not summed */
	size_t *index, cap;          /* hash of keys to groups, + 1 */
	int64_t start_ms;            /* the last step's start and its number */
	uint32_t start_entry;
	int rc;
};

/* One day at hand. */
struct day {
	const struct ins_cols *c;
	uint32_t *code[INS_ASK_DIMS];        /* of the column's words in the dictionaries */
	uint32_t slot[INS_ASK_DIMS][96];
	bool in[96];
	bool *allow[INS_DIMS];
	int64_t *sl_ms;              /* by word of the queue */
};

/* ---- dictionaries ---- */

static uint32_t entry(struct scan *s, size_t d, sv word)
{
	struct dict *x = &s->dict[d];
	void *p = map_get(x->at, word);
	sv *slot;
	if (p)
		return (uint32_t)(uintptr_t)p - 1;
	slot = VEC_PUSH(&x->v, WORDS);
	if (!slot || map_put(x->at, word, (void *)(uintptr_t)x->v.n)) {
		s->rc = ERR_TOOBIG;
		return 0;
	}
	*slot = arena_sv(&s->t->a, word);
	return (uint32_t)x->v.n - 1;
}

static void local_text(const struct cal_zone *z, int64_t ms, char out[40])
{
	struct cal_time t;
	cal_local(z, ms, &t);
	int off = t.offset_s / 60, far = off < 0 ? -off : off;
	(void)snprintf(out, 40, "%04d-%02d-%02dT%02d:%02d:00%c%02d:%02d", t.year, t.month, t.day,
		       t.hour, t.minute, off < 0 ? '-' : '+', far / 60, far % 60);
}

static uint32_t slot_entry(struct scan *s, size_t d, int64_t ms)
{
	char text[40];
	struct cal_time t;
	if (s->ask->dim[d] == INS_TIME_OF) {
		int64_t start = ins_step_start(s->ask->zone, s->ask->step, ms);
		if (start == s->start_ms)    /* as of the quarter before, mostly */
			return s->start_entry;
		local_text(s->ask->zone, start, text);
		s->start_ms = start;
		return s->start_entry = entry(s, d, sv_of(text));
	}
	cal_local(s->ask->zone, ms, &t);
	(void)snprintf(text, sizeof(text), s->ask->dim[d] == INS_HOUR_OF ? "%02d" : "%d",
		       s->ask->dim[d] == INS_HOUR_OF ? t.hour : t.weekday);
	return entry(s, d, sv_of(text));
}

/* ---- a day is made ready ---- */

static int64_t sl_of(struct scan *s, sv queue)
{
	if (s->ask->sl_ms)
		return s->ask->sl_ms;
	return s->ask->queue_sl_ms ? s->ask->queue_sl_ms(s->ask->arg, queue) : 20000;
}

static void ready_words(struct scan *s, struct day *x, struct arena *a)
{
	for (size_t d = 0; d < s->ask->n_dims; d++) {
		int of = s->ask->dim[d];
		if (of >= INS_DIMS)
			continue;
		const struct ins_words *w = &x->c->dim[of];
		x->code[d] = arena_new(a, uint32_t, w->n + 1);
		for (size_t i = 0; i < w->n; i++)
			x->code[d][i] = entry(s, d, w->v[i]);
	}
	for (int d = 0; d < INS_DIMS; d++) {
		const struct ins_words *w = &x->c->dim[d];
		x->allow[d] = s->ask->only[d] ? arena_new(a, bool, w->n + 1) : NULL;
		for (size_t i = 0; x->allow[d] && i < w->n; i++)
			x->allow[d][i] = map_get(s->ask->only[d], w->v[i]) != NULL;
	}
	if (s->need.dim[INS_QUEUE]) {
		x->sl_ms = arena_new(a, int64_t, x->c->dim[INS_QUEUE].n + 1);
		for (size_t i = 0; i < x->c->dim[INS_QUEUE].n; i++)
			x->sl_ms[i] = sl_of(s, x->c->dim[INS_QUEUE].v[i]);
	}
}

static void ready_slots(struct scan *s, struct day *x)
{
	for (int k = 0; k < 96; k++) {
		int64_t ms = x->c->day * INS_DAY_MS + k * INS_QUARTER_MS;
		x->in[k] = ms >= s->ask->from_ms && ms < s->ask->to_ms;
		for (size_t d = 0; d < s->ask->n_dims && x->in[k]; d++)
			if (s->ask->dim[d] >= INS_DIMS)
				x->slot[d][k] = slot_entry(s, d, ms);
	}
}

/* ---- groups ---- */

static size_t slot_of(const struct scan *s, uint64_t key)
{
	uint64_t h = key * UINT64_C(0x9E3779B97F4A7C15);
	size_t i = (size_t)(h >> 32) & (s->cap - 1);
	while (s->index[i] && s->t->group.v[s->index[i] - 1].key != key)
		i = (i + 1) & (s->cap - 1);
	return i;
}

static double *sums(struct scan *s, uint64_t key)
{
	size_t i = slot_of(s, key);
	if (!s->index[i]) {
		struct ins_group *g = VEC_PUSH(&s->t->group, INS_GROUPS);
		if (!g) {
			s->rc = ERR_TOOBIG;
			return NULL;
		}
		g->key = key;
		g->sum = arena_new(&s->t->a, double, s->n_terms + 1);
		s->index[i] = s->t->group.n;
		if (!g->sum)
			s->rc = ERR_TOOBIG;
	}
	return s->rc ? NULL : s->t->group.v[s->index[i] - 1].sum;
}

static int64_t col(const struct ins_cols *c, int m, size_t i)
{
	return c->m[m] ? c->m[m][i] : 0;
}

static bool in_sl(const struct day *x, size_t i)
{
	return col(x->c, INS_wait_ms, i) <= x->sl_ms[x->c->dim[INS_QUEUE].code[i]];
}

static double worked(const struct scan *s, const struct day *x, int term, size_t i)
{
	const struct ins_cols *c = x->c;
	const struct ins_rates *r = &s->ask->rates;
	double money = (double)col(c, INS_cost_micros, i) / 1e6;
	switch (term) {
	case INS_in_sl:
		return (col(c, INS_answered, i) || col(c, INS_abandoned, i) ||
			col(c, INS_callbacks, i)) &&
		       in_sl(x, i);
	case INS_answered_in_sl:
		return col(c, INS_answered, i) && in_sl(x, i);
	case INS_answered_wait:
		return col(c, INS_answered, i) ? (double)col(c, INS_wait_ms, i) : 0;
	case INS_abandoned_wait:
		return col(c, INS_abandoned, i) ? (double)col(c, INS_wait_ms, i) : 0;
	case INS_all_cost:
		money += (double)(col(c, INS_talk_ms, i) + col(c, INS_hold_ms, i) +
				  col(c, INS_acw_ms, i)) / 3600e3 * r->agent_hour;
		money += (double)col(c, INS_voice_ms, i) / 60e3 * r->voice_minute;
		return money;
	default:
		return money;
	}
}

static bool allowed(const struct day *x, size_t i)
{
	for (int d = 0; d < INS_DIMS; d++)
		if (x->allow[d] && !x->allow[d][x->c->dim[d].code[i]])
			return false;
	return true;
}

static uint64_t key_of(const struct scan *s, const struct day *x, size_t i)
{
	uint64_t key = 0;
	for (size_t d = 0; d < s->ask->n_dims; d++) {
		int of = s->ask->dim[d];
		uint32_t k = of < INS_DIMS ? x->code[d][x->c->dim[of].code[i]] :
					     x->slot[d][x->c->slot[i]];
		key = key << 16 | k;
	}
	return key;
}

static void count(struct scan *s, const struct day *x)
{
	const struct ins_cols *c = x->c;
	double *all = s->t->all;
	for (size_t i = 0; i < c->n && !s->rc; i++) {
		bool any = false;
		double v[INS_WORKED];
		if (!x->in[c->slot[i]] || !allowed(x, i))
			continue;
		for (size_t k = 0; k < s->n_terms; k++) {
			int term = s->terms[k];
			v[k] = term < INS_MEASURES ? (double)col(c, term, i) :
						     worked(s, x, term, i);
			any |= v[k] != 0;
		}
		double *to = any ? sums(s, key_of(s, x, i)) : NULL;
		for (size_t k = 0; k < s->n_terms && to; k++) {
			to[k] += v[k];
			all[k] += v[k];
		}
	}
}

static int one_day(struct scan *s, struct store_db *db, int64_t day)
{
	struct ins_cols c;
	struct day *x;
	int rc = ins_cols_load(db, day, &s->need, &c);
	if (rc == 0 && c.n) {
		x = arena_new(&c.a, struct day, 1);
		x->c = &c;
		ready_words(s, x, &c.a);
		ready_slots(s, x);
		count(s, x);
	}
	ins_cols_done(&c);
	return rc ? rc : s->rc;
}

/* ---- what must be read ---- */

static void need_term(struct scan *s, int term)
{
	static const int8_t of[INS_WORKED - INS_none][7] = {
#define X(name, told, which, ...) [INS_##name - INS_none] = { __VA_ARGS__, -1 },
#include "ins_worked.def"
#undef X
	};
	if (s->place[term] >= 0)
		return;
	s->place[term] = (int)s->n_terms;
	s->terms[s->n_terms++] = term;
	if (term < INS_MEASURES) {
		s->need.m[term] = true;
		return;
	}
	for (const int8_t *m = of[term - INS_none]; *m >= 0; m++)
		s->need.m[*m] = true;
	if (term == INS_in_sl || term == INS_answered_in_sl)
		s->need.dim[INS_QUEUE] = true;
}

static void need_all(struct scan *s)
{
	const struct ins_ask *a = s->ask;
	for (int i = 0; i < INS_WORKED; i++)
		s->place[i] = -1;
	for (size_t k = 0; k < a->n_metrics; k++) {
		const struct ins_formula *f = &ins_formulas[a->metric[k]];
		for (int i = 0; f->num[i] != INS_none; i++)
			need_term(s, f->num[i]);
		for (int i = 0; f->den[i] != INS_none; i++)
			need_term(s, f->den[i]);
	}
	for (size_t d = 0; d < a->n_dims; d++)
		if (a->dim[d] < INS_DIMS)
			s->need.dim[a->dim[d]] = true;
	for (int d = 0; d < INS_DIMS; d++)
		s->need.dim[d] |= a->only[d] != NULL;
}

/* ---- from sums to values ---- */

static double total(const struct scan *s, const double *sum, const int *terms)
{
	double v = 0;
	for (int i = 0; terms[i] != INS_none; i++)
		v += sum[s->place[terms[i]]];
	return v;
}

static struct ins_value *values(struct scan *s, const double *sum)
{
	const struct ins_ask *a = s->ask;
	struct ins_value *v = arena_new(&s->t->a, struct ins_value, a->n_metrics);
	for (size_t k = 0; v && k < a->n_metrics; k++) {
		const struct ins_formula *f = &ins_formulas[a->metric[k]];
		bool ratio = f->den[0] != INS_none;
		double num = total(s, sum, f->num), den = ratio ? total(s, sum, f->den) : 1;
		v[k].there = den != 0;
		v[k].v = v[k].there ? num / den * (ratio ? ins_scale(f->unit) : 1) : 0;
	}
	if (!v)
		s->rc = ERR_TOOBIG;
	return v;
}

static void name_groups(struct scan *s)
{
	struct ins_table *t = s->t;
	for (size_t g = 0; g < t->group.n && !s->rc; g++) {
		struct ins_group *x = &t->group.v[g];
		uint64_t key = x->key;
		x->word = arena_new(&t->a, sv, s->ask->n_dims + 1);
		for (size_t d = s->ask->n_dims; x->word && d-- > 0; key >>= 16)
			x->word[d] = s->dict[d].v.v[key & 65535];
		x->value = values(s, x->sum);
		x->table = t;
		if (!x->word)
			s->rc = ERR_TOOBIG;
	}
	t->total = values(s, t->all);
}

/* Times as texts with their offsets: where clocks go back an hour is there twice. */
static int by_instant(sv a, sv b)
{
	int64_t x = 0, y = 0;
	(void)clk_parse_rfc3339(a, &x);
	(void)clk_parse_rfc3339(b, &y);
	return x < y ? -1 : x > y;
}

static int by_key(const void *pa, const void *pb)
{
	const struct ins_group *a = pa, *b = pb;
	const struct ins_table *t = a->table;
	int k = t->sort, c = 0;
	if (k >= 0 && a->value[k].there != b->value[k].there)
		return a->value[k].there ? -1 : 1;
	if (k >= 0 && a->value[k].v != b->value[k].v)
		return a->value[k].v < b->value[k].v ? 1 : -1;
	for (size_t d = 0; d < t->n_dims && c == 0; d++)
		c = t->dim[d] == INS_TIME_OF ? by_instant(a->word[d], b->word[d]) :
					       sv_cmp(a->word[d], b->word[d]);
	return c;
}

/* ---- days of the range that have facts ---- */

static int days_of(struct scan *s, struct store_db *db)
{
	struct store_stmt *q;
	VEC(int64_t) day = { 0 };
	int rc = store_prep(db, &q,
			    "SELECT day FROM ins_day WHERE day>=?1 AND day<=?2 ORDER BY day");
	if (rc)
		return rc;
	store_bind_int(q, 1, s->ask->from_ms / INS_DAY_MS);
	store_bind_int(q, 2, (s->ask->to_ms - 1) / INS_DAY_MS);
	while ((rc = store_step(q)) == 1) {
		int64_t *slot = VEC_PUSH(&day, 2000);
		if (slot)
			*slot = store_col_int(q, 0);
	}
	store_reset(q);
	for (size_t i = 0; i < day.n && rc == 0; i++)
		rc = one_day(s, db, day.v[i]);
	VEC_FREE(&day);
	return rc;
}

static void scan_done(struct scan *s)
{
	for (size_t d = 0; d < INS_ASK_DIMS; d++) {
		map_free(s->dict[d].at);
		VEC_FREE(&s->dict[d].v);
	}
	xfree(s->index);
	xfree(s);
}

static struct ins_table *table_of(const struct ins_ask *a)
{
	struct ins_table *t = xalloc(sizeof(*t));
	arena_init(&t->a, 256u << 20);
	t->n_dims = a->n_dims;
	t->n_metrics = a->n_metrics;
	memcpy(t->dim, a->dim, sizeof(t->dim));
	memcpy(t->metric, a->metric, sizeof(t->metric));
	t->columns = a->columns;
	t->sort = a->sort;
	t->all = arena_new(&t->a, double, INS_WORKED);
	local_text(a->zone, a->from_ms, t->from);
	local_text(a->zone, a->to_ms, t->to);
	(void)snprintf(t->zone, sizeof(t->zone), "%s", cal_zone_name(a->zone));
	return t;
}

int ins_table_new(struct ins_table **ret, struct store_db *db, const struct ins_ask *a,
		  struct err *e)
{
	struct scan *s = xalloc(sizeof(*s));
	s->ask = a;
	s->t = table_of(a);
	s->start_ms = -1;
	s->cap = 65536;              /* above twice INS_GROUPS */
	s->index = xalloc(s->cap * sizeof(*s->index));
	for (size_t d = 0; d < INS_ASK_DIMS; d++)
		s->dict[d].at = map_new(WORDS);
	need_all(s);
	/* All days as of one moment: what is packed meanwhile is seen whole or not at all. */
	int rc = store_exec(db, "SAVEPOINT ins_report");
	if (rc == 0) {
		rc = days_of(s, db);
		(void)store_exec(db, "RELEASE ins_report");
	}
	if (rc == 0) {
		name_groups(s);
		rc = s->rc;
	}
	if (rc == 0 && s->t->group.n)
		qsort(s->t->group.v, s->t->group.n, sizeof(*s->t->group.v), by_key);
	if (rc == 0 && s->t->group.n > (size_t)a->limit) {
		s->t->group.n = (size_t)a->limit;
		s->t->cut = true;
	}
	struct ins_table *t = s->t;
	scan_done(s);
	if (rc) {
		ins_table_free(t);
		return err_set(e, rc, rc == ERR_TOOBIG ?
				     "More than 20000 rows; take a coarser interval or a filter." :
				     "The facts could not be read.");
	}
	*ret = t;
	return 0;
}

void ins_table_free(struct ins_table *t)
{
	if (!t)
		return;
	VEC_FREE(&t->group);
	arena_done(&t->a);
	xfree(t);
}
