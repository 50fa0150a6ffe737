/* ins_report_cols.c: a day of facts by columns: packed into the database, read from there, or
 * made of the rows while they still change.
 *
 * A column is a byte for the width (0 = all zero, else 1, 2, 4, 8), then its numbers, signed,
 * little endian, in the order of the facts' ids. A dimension is: the number of its words (4
 * bytes), each word behind its length (1 byte), then a column of their places. A stay has the
 * channel, topic, language and campaign of its conversation. */
#include "ins_report_int.h"

#include <stdio.h>

enum { PACK_DAYS = 8, DAY_MAX = 4000000, WORDS_MAX = 100000 };

/* ---- from rows ---- */

struct words_new {
	struct map *at;
	VEC(sv) v;
};

static uint32_t word(struct words_new *w, struct arena *a, sv s)
{
	void *p = map_get(w->at, s);
	sv *slot;
	if (p)
		return (uint32_t)(uintptr_t)p - 1;
	slot = VEC_PUSH(&w->v, WORDS_MAX);
	if (!slot || map_put(w->at, s, (void *)(uintptr_t)w->v.n))
		return 0;
	*slot = arena_sv(a, s);
	return (uint32_t)w->v.n - 1;
}

static int day_facts(struct store_db *db, int64_t day, size_t *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT count(*) FROM ins_fact WHERE day=?1");
	*ret = 0;
	if (rc)
		return rc;
	store_bind_int(q, 1, day);
	rc = store_step(q);
	if (rc == 1)
		*ret = (size_t)store_col_int(q, 0);
	store_reset(q);
	return rc < 0 ? rc : *ret > DAY_MAX ? ERR_TOOBIG : 0;
}

static const char *rows_sql(struct sb *b)
{
	sb_cstr(b, "SELECT f.start_ms, f.kind, f.queue, f.agent, coalesce(t.channel,f.channel), "
		   "coalesce(t.topic,f.topic), coalesce(t.language,f.language), "
		   "coalesce(t.campaign,f.campaign)");
	for (int m = 0; m < INS_MEASURES; m++)
		sb_fmt(b, ",f.%s", ins_measure_name(m));
	sb_cstr(b, " FROM ins_fact f LEFT JOIN ins_fact t ON f.kind=1 AND t.id=f.conversation "
		   "WHERE f.day=?1 ORDER BY f.id LIMIT ?2");
	return sb_str(b);
}

static void take_row(struct store_stmt *q, struct ins_cols *c, size_t i, struct words_new *w)
{
	c->slot[i] = (uint8_t)(store_col_int(q, 0) % INS_DAY_MS / INS_QUARTER_MS);
	c->kind[i] = (uint8_t)store_col_int(q, 1);
	for (int d = 0; d < INS_DIMS; d++)
		c->dim[d].code[i] = word(&w[d], &c->a, store_col_sv(q, 2 + d));
	for (int m = 0; m < INS_MEASURES; m++)
		c->m[m][i] = store_col_int(q, 2 + INS_DIMS + m);
}

static void words_keep(struct ins_cols *c, struct words_new *w)
{
	for (int d = 0; d < INS_DIMS; d++) {
		c->dim[d].n = w[d].v.n;
		c->dim[d].v = arena_new(&c->a, sv, w[d].v.n + 1);
		if (w[d].v.n)
			memcpy(c->dim[d].v, w[d].v.v, w[d].v.n * sizeof(sv));
		map_free(w[d].at);
		VEC_FREE(&w[d].v);
	}
}

static int from_rows(struct store_db *db, struct ins_cols *c)
{
	struct words_new w[INS_DIMS] = { 0 };
	struct store_stmt *q;
	struct sb sql;
	size_t n, i = 0;
	int rc = day_facts(db, c->day, &n);
	if (rc || !n)
		return rc;
	c->slot = arena_new(&c->a, uint8_t, n);
	c->kind = arena_new(&c->a, uint8_t, n);
	for (int d = 0; d < INS_DIMS; d++) {
		c->dim[d].code = arena_new(&c->a, uint32_t, n);
		w[d].at = map_new(WORDS_MAX);
	}
	for (int m = 0; m < INS_MEASURES; m++)
		c->m[m] = arena_new(&c->a, int64_t, n);
	sb_init(&sql, 8192);
	rc = c->m[INS_MEASURES - 1] ? store_prep(db, &q, rows_sql(&sql)) : ERR_TOOBIG;
	sb_done(&sql);
	if (rc == 0) {
		store_bind_int(q, 1, c->day);
		store_bind_int(q, 2, (int64_t)n);
		while ((rc = store_step(q)) == 1)
			take_row(q, c, i++, w);
		store_reset(q);
	}
	words_keep(c, w);
	c->n = i;
	return rc;
}

/* ---- numbers of a width ---- */

static int width_of(const int64_t *v, size_t n)
{
	int64_t lo = 0, hi = 0;
	for (size_t i = 0; i < n; i++) {
		lo = v[i] < lo ? v[i] : lo;
		hi = v[i] > hi ? v[i] : hi;
	}
	return !lo && !hi			      ? 0 :
	       lo >= INT8_MIN && hi <= INT8_MAX	      ? 1 :
	       lo >= INT16_MIN && hi <= INT16_MAX     ? 2 :
	       lo >= INT32_MIN && hi <= INT32_MAX     ? 4 : 8;
}

static void put_number(struct sb *b, int64_t v, int width)
{
	uint64_t u = (uint64_t)v;
	for (int i = 0; i < width; i++, u >>= 8)
		sb_ch(b, (char)(u & 255));
}

static void put_numbers(struct sb *b, const int64_t *v, size_t n)
{
	int width = width_of(v, n);
	sb_ch(b, (char)width);
	for (size_t i = 0; i < n; i++)
		put_number(b, v[i], width);
}

/* False: not what put_numbers wrote. All zero: *ret is NULL. */
static bool get_numbers(sv s, size_t n, struct arena *a, int64_t **ret)
{
	int width = s.n ? (unsigned char)s.p[0] : -1;
	*ret = NULL;
	if ((width != 0 && width != 1 && width != 2 && width != 4 && width != 8) ||
	    s.n != 1 + n * (size_t)width)
		return false;
	if (!width)
		return true;
	int64_t *v = *ret = arena_new(a, int64_t, n);
	const unsigned char *p = (const unsigned char *)s.p + 1;
	for (size_t i = 0; v && i < n; i++, p += width) {
		uint64_t u = 0;
		memcpy(&u, p, (size_t)width);        /* little endian, as all we run on */
		int gone = 64 - 8 * width;
		v[i] = gone ? (int64_t)(u << gone) >> gone : (int64_t)u;
	}
	return v != NULL;
}

static bool get_words(sv s, size_t n, struct arena *a, struct ins_words *w)
{
	int64_t *code;
	uint32_t count;
	if (s.n < sizeof(count))
		return false;
	memcpy(&count, s.p, sizeof(count));
	s = sv_slice(s, sizeof(count), s.n);
	if (count > WORDS_MAX || count > s.n)
		return false;
	w->v = arena_new(a, sv, count + 1);
	w->code = arena_new(a, uint32_t, n);
	for (w->n = 0; w->v && w->n < count; w->n++) {
		size_t len = s.n ? (unsigned char)s.p[0] : 0;
		if (s.n < len + 1)
			return false;
		w->v[w->n] = arena_sv(a, sv_n(s.p + 1, len));
		s = sv_slice(s, len + 1, s.n);
	}
	if (!w->code || !get_numbers(s, n, a, &code))
		return false;
	for (size_t i = 0; i < n && code; i++) {
		if (code[i] < 0 || code[i] >= count)
			return false;
		w->code[i] = (uint32_t)code[i];
	}
	return true;
}

/* ---- from columns ---- */

static int column(struct store_db *db, int64_t day, const char *name, struct store_stmt **q,
		  sv *ret)
{
	int rc = store_prep(db, q, "SELECT data FROM ins_column WHERE day=?1 AND name=?2");
	if (rc)
		return rc;
	store_bind_int(*q, 1, day);
	store_bind_sv(*q, 2, sv_of(name));
	rc = store_step(*q);
	*ret = rc == 1 ? store_col_sv(*q, 0) : SV_NULL;
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_CORRUPT;
}

static int get_column(struct store_db *db, struct ins_cols *c, const char *name, int64_t **ret)
{
	struct store_stmt *q = NULL;
	sv data;
	int rc = column(db, c->day, name, &q, &data);
	if (rc == 0 && !get_numbers(data, c->n, &c->a, ret))
		rc = ERR_CORRUPT;
	store_reset(q);
	return rc;
}

static int get_dim(struct store_db *db, struct ins_cols *c, int d)
{
	struct store_stmt *q = NULL;
	sv data;
	int rc = column(db, c->day, ins_dim_name(d), &q, &data);
	if (rc == 0 && !get_words(data, c->n, &c->a, &c->dim[d]))
		rc = ERR_CORRUPT;
	store_reset(q);
	return rc;
}

static int get_small(struct store_db *db, struct ins_cols *c, const char *name, uint8_t **ret)
{
	int64_t *v;
	int rc = get_column(db, c, name, &v);
	*ret = arena_new(&c->a, uint8_t, c->n);
	for (size_t i = 0; rc == 0 && *ret && v && i < c->n; i++)
		(*ret)[i] = (uint8_t)v[i];
	return rc ? rc : *ret ? 0 : ERR_TOOBIG;
}

/* Is the day packed, with how many facts? */
static int packed(struct store_db *db, int64_t day, bool *ret, size_t *n)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT facts FROM ins_day WHERE day=?1 AND stale=0");
	*ret = false;
	if (rc)
		return rc;
	store_bind_int(q, 1, day);
	rc = store_step(q);
	*ret = rc == 1;
	*n = *ret ? (size_t)store_col_int(q, 0) : 0;
	store_reset(q);
	return rc < 0 ? rc : 0;
}

int ins_cols_load(struct store_db *db, int64_t day, const struct ins_need *need,
		  struct ins_cols *ret)
{
	bool ready = false;
	*ret = (struct ins_cols){ .day = day };
	arena_init(&ret->a, 2048u << 20);
	int rc = packed(db, day, &ready, &ret->n);
	if (rc || !ready)
		return rc ? rc : from_rows(db, ret);
	if (!ret->n)
		return 0;
	rc = get_small(db, ret, "slot", &ret->slot);
	if (rc == 0)
		rc = get_small(db, ret, "kind", &ret->kind);
	for (int d = 0; d < INS_DIMS && rc == 0; d++)
		if (need->dim[d])
			rc = get_dim(db, ret, d);
	for (int m = 0; m < INS_MEASURES && rc == 0; m++)
		if (need->m[m])
			rc = get_column(db, ret, ins_measure_name(m), &ret->m[m]);
	return rc;
}

void ins_cols_done(struct ins_cols *c)
{
	arena_done(&c->a);
}

/* ---- packing ---- */

struct pack {
	struct ins_cols c;
	int rc;
};

static int put_column(struct store_db *db, int64_t day, const char *name, const struct sb *b)
{
	struct store_stmt *q;
	int rc = sb_err(b);
	if (rc == 0)
		rc = store_prep(db, &q,
				"INSERT INTO ins_column (day, name, data) VALUES (?1,?2,?3) ON "
				"CONFLICT (day, name) DO UPDATE SET data=excluded.data");
	if (rc)
		return rc;
	store_bind_int(q, 1, day);
	store_bind_sv(q, 2, sv_of(name));
	store_bind_blob(q, 3, sb_str(b), b->n);
	return store_run(q);
}

static int put_ints(struct store_db *db, const struct ins_cols *c, const char *name,
		    const int64_t *v)
{
	struct sb b;
	sb_init(&b, 64u << 20);
	put_numbers(&b, v, c->n);
	int rc = put_column(db, c->day, name, &b);
	sb_done(&b);
	return rc;
}

static int put_small(struct store_db *db, const struct ins_cols *c, const char *name,
		     const uint8_t *v)
{
	int64_t *wide = xalloc((c->n + 1) * sizeof(*wide));
	for (size_t i = 0; i < c->n; i++)
		wide[i] = v[i];
	int rc = put_ints(db, c, name, wide);
	xfree(wide);
	return rc;
}

static int put_dim(struct store_db *db, const struct ins_cols *c, int d)
{
	const struct ins_words *w = &c->dim[d];
	int64_t *wide = xalloc((c->n + 1) * sizeof(*wide));
	struct sb b;
	sb_init(&b, 64u << 20);
	put_number(&b, (int64_t)w->n, 4);
	for (size_t i = 0; i < w->n; i++) {
		sb_ch(&b, (char)w->v[i].n);
		sb_put(&b, w->v[i]);
	}
	for (size_t i = 0; i < c->n; i++)
		wide[i] = w->code[i];
	put_numbers(&b, wide, c->n);
	int rc = put_column(db, c->day, ins_dim_name(d), &b);
	sb_done(&b);
	xfree(wide);
	return rc;
}

static int pack_run(void *arg, struct store_db *db)
{
	struct pack *p = arg;
	const struct ins_cols *c = &p->c;
	struct store_stmt *q;
	int rc = 0;
	if (c->n) {
		rc = put_small(db, c, "slot", c->slot);
		if (rc == 0)
			rc = put_small(db, c, "kind", c->kind);
		for (int d = 0; d < INS_DIMS && rc == 0; d++)
			rc = put_dim(db, c, d);
		for (int m = 0; m < INS_MEASURES && rc == 0; m++)
			rc = put_ints(db, c, ins_measure_name(m), c->m[m]);
	}
	if (rc == 0)
		rc = store_prep(db, &q, "UPDATE ins_day SET stale=0, facts=?2 WHERE day=?1");
	if (rc == 0) {
		store_bind_int(q, 1, c->day);
		store_bind_int(q, 2, (int64_t)c->n);
		rc = store_run(q);
	}
	return p->rc = rc;
}

static int pack_day(struct store *st, struct store_db *db, int64_t day)
{
	struct pack *p = xalloc(sizeof(*p));
	p->c.day = day;
	p->rc = ERR_DB;
	arena_init(&p->c.a, 2048u << 20);
	int rc = from_rows(db, &p->c);
	if (rc == 0)
		rc = store_write(st, pack_run, p, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	rc = rc ? rc : p->rc;
	ins_cols_done(&p->c);
	xfree(p);
	return rc;
}

int ins_pack(struct store *st, int64_t now_ms, struct ins_packed *ret)
{
	int64_t day[PACK_DAYS + 1];
	struct store_db *db;
	struct store_stmt *q;
	int n = 0, rc = store_reader(st, &db);
	*ret = (struct ins_packed){ 0 };
	if (rc == 0)
		rc = store_prep(
			db, &q,
			"SELECT day FROM ins_day WHERE stale=1 AND day<?1 ORDER BY day LIMIT "
			"?2");
	if (rc)
		return rc;
	store_bind_int(q, 1, now_ms / INS_DAY_MS);
	store_bind_int(q, 2, PACK_DAYS + 1);
	while (n <= PACK_DAYS && (rc = store_step(q)) == 1)
		day[n++] = store_col_int(q, 0);
	store_reset(q);
	ret->more = n > PACK_DAYS;
	rc = rc < 0 ? rc : 0;
	for (int i = 0; i < n && i < PACK_DAYS && rc == 0; i++) {
		rc = pack_day(st, db, day[i]);
		ret->days += rc == 0;
	}
	return rc;
}
