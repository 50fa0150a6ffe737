/* ins_fact_row.c: facts as rows of the database, and the book of those at hand.
 *
 * A book reads what it is asked for once and keeps it; it is written whole, those that changed.
 * Reading: whoever owns the connection. Writing: the scribe's thread, or a private database. */
#include "ins_fact_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { FACTS_MAX = 2000000 };

static const char *const measures[] = {
#define X(name) #name,
#include "ins_measure.def"
#undef X
};
static const char *const dims[INS_DIMS] = { "queue", "agent", "channel", "topic", "language",
					    "campaign" };

const char *ins_measure_name(int m)
{
	return measures[m];
}

const char *ins_dim_name(int d)
{
	return dims[d];
}

int ins_dim_of(sv name)
{
	for (int d = 0; d < INS_DIMS; d++)
		if (sv_eq(name, sv_of(dims[d])))
			return d;
	return -1;
}

bool ins_courtesy(sv intent)
{
	return sv_eq(intent, SV("greeting")) || sv_eq(intent, SV("thanks")) ||
	       sv_eq(intent, SV("talk_to_human"));
}

/* ---- columns ---- */

#define FIXED                                                                                 \
	"id, kind, n, conversation, handover, customer, day, start_ms, end_ms, before_ms, queue, " \
	"agent, channel, topic, language, campaign"
enum { N_FIXED = 16, N_ALL = N_FIXED + INS_MEASURES };

const char *ins_fact_columns(void)
{
#define X(name) ", " #name
	return FIXED
#include "ins_measure.def"
		;
#undef X
}

void ins_fact_read(struct store_stmt *q, struct ins_fact *f)
{
	*f = (struct ins_fact){ .kind = (enum ins_kind)store_col_int(q, 1),
				.n = store_col_int(q, 2),
				.start_ms = store_col_int(q, 7),
				.end_ms = store_col_int(q, 8),
				.before_ms = store_col_int(q, 9),
				.there = true };
	sv_copy(f->id, INS_ID, store_col_sv(q, 0));
	sv_copy(f->conversation, INS_NAME, store_col_sv(q, 3));
	sv_copy(f->handover, INS_NAME, store_col_sv(q, 4));
	sv_copy(f->customer, INS_NAME, store_col_sv(q, 5));
	for (int d = 0; d < INS_DIMS; d++)
		sv_copy(f->dim[d], INS_NAME, store_col_sv(q, 10 + d));
	for (int m = 0; m < INS_MEASURES; m++)
		f->m[m] = store_col_int(q, N_FIXED + m);
}

bool ins_fact_same(const struct ins_fact *a, const struct ins_fact *b)
{
	bool same = a->kind == b->kind && a->n == b->n && a->start_ms == b->start_ms &&
		    a->end_ms == b->end_ms && a->before_ms == b->before_ms &&
		    strcmp(a->id, b->id) == 0 && strcmp(a->conversation, b->conversation) == 0 &&
		    strcmp(a->handover, b->handover) == 0 && strcmp(a->customer, b->customer) == 0;
	for (int d = 0; d < INS_DIMS && same; d++)
		same = strcmp(a->dim[d], b->dim[d]) == 0;
	return same && memcmp(a->m, b->m, sizeof(a->m)) == 0;
}

/* ---- the book ---- */

void ins_book_init(struct ins_book *b, struct store_db *db)
{
	*b = (struct ins_book){ .db = db, .at = map_new(FACTS_MAX), .stays = map_new(FACTS_MAX) };
}

void ins_book_done(struct ins_book *b)
{
	size_t it = 0;
	void *val;
	sv key;
	while (map_next(b->at, &it, &key, &val))
		xfree(val);
	it = 0;
	while (map_next(b->stays, &it, &key, &val)) {
		VEC_FREE((ins_stays *)val);
		xfree(val);
	}
	map_free(b->at);
	map_free(b->stays);
}

static struct ins_fact *keep(struct ins_book *b, const struct ins_fact *f)
{
	struct ins_fact *x = xalloc(sizeof(*x));
	*x = *f;
	b->rc = map_put(b->at, sv_of(x->id), x);
	if (b->rc)
		xfree(x);
	return b->rc ? NULL : x;
}

static int ask(struct ins_book *b, const char *where, struct store_stmt **q)
{
	char sql[2000];
	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM ins_fact WHERE %s", ins_fact_columns(),
		       where);
	return b->rc = store_prep(b->db, q, sql);
}

/* By its id; NULL = none there or an error. */
static struct ins_fact *find(struct ins_book *b, sv id)
{
	struct ins_fact *f = map_get(b->at, id), read;
	struct store_stmt *q;
	int rc;
	if (f || !b->db || b->rc || ask(b, "id=?1", &q))
		return f;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1)
		ins_fact_read(q, &read);
	store_reset(q);
	if (rc < 0)
		b->rc = rc;
	return rc == 1 ? keep(b, &read) : NULL;
}

struct ins_fact *ins_book_get(struct ins_book *b, sv id, enum ins_kind kind, int64_t start_ms)
{
	struct ins_fact *f = find(b, id), made = { .kind = kind, .start_ms = start_ms };
	if (f || b->rc)
		return f;
	sv_copy(made.id, INS_ID, id);
	return keep(b, &made);
}

static void read_stays(struct ins_book *b, sv handover, ins_stays *v)
{
	struct store_stmt *q;
	struct ins_fact f;
	int rc;
	if (!b->db || ask(b, "handover=?1 AND handover<>'' ORDER BY n", &q))
		return;
	store_bind_sv(q, 1, handover);
	while ((rc = store_step(q)) == 1) {
		struct ins_fact **slot = VEC_PUSH(v, FACTS_MAX), *old;
		ins_fact_read(q, &f);
		old = map_get(b->at, sv_of(f.id));
		if (slot)
			*slot = old ? old : keep(b, &f);
	}
	store_reset(q);
	if (rc < 0)
		b->rc = rc;
}

ins_stays *ins_book_stays(struct ins_book *b, sv handover)
{
	ins_stays *v = map_get(b->stays, handover);
	if (v || b->rc)
		return b->rc ? NULL : v;
	v = xalloc(sizeof(*v));
	read_stays(b, handover, v);
	if (b->rc == 0)
		b->rc = map_put(b->stays, handover, v);
	if (b->rc) {
		VEC_FREE(v);
		xfree(v);
		return NULL;
	}
	return v;
}

static bool fits(const struct ins_fact *a, const struct ins_fact *f)
{
	return a != f && a->kind == INS_TALK && a->m[INS_closed] && a->end_ms <= f->start_ms &&
	       a->end_ms > f->start_ms - INS_AGAIN_MS && strcmp(a->customer, f->customer) == 0 &&
	       strcmp(a->dim[INS_TOPIC], f->dim[INS_TOPIC]) == 0;
}

/* Those of the database into the book: what is in it already is newer. */
static void read_before(struct ins_book *b, const struct ins_fact *f)
{
	struct store_stmt *q;
	struct ins_fact x;
	int rc;
	if (!b->db ||
	    ask(b, "customer=?1 AND customer<>'' AND topic=?2 AND start_ms<?3 AND end_ms>?4 AND "
		   "kind=0", &q))
		return;
	store_bind_sv(q, 1, sv_of(f->customer));
	store_bind_sv(q, 2, sv_of(f->dim[INS_TOPIC]));
	store_bind_int(q, 3, f->start_ms);
	store_bind_int(q, 4, f->start_ms - INS_AGAIN_MS);
	while ((rc = store_step(q)) == 1) {
		ins_fact_read(q, &x);
		if (!map_get(b->at, sv_of(x.id)))
			(void)keep(b, &x);
	}
	store_reset(q);
	if (rc < 0)
		b->rc = rc;
}

struct ins_fact *ins_book_before(struct ins_book *b, const struct ins_fact *f)
{
	struct ins_fact *best = NULL;
	size_t it = 0;
	void *val;
	sv key;
	read_before(b, f);
	while (map_next(b->at, &it, &key, &val)) {
		struct ins_fact *a = val;
		if (fits(a, f) && (!best || a->end_ms > best->end_ms ||
				   (a->end_ms == best->end_ms && strcmp(a->id, best->id) > 0)))
			best = a;
	}
	return best;
}

/* ---- writing ---- */

static void upsert_sql(struct sb *sql)
{
	static const char *const fixed = FIXED;
	sv names = sv_of(fixed), one;
	sb_fmt(sql, "INSERT INTO ins_fact (%s) VALUES (?1", ins_fact_columns());
	for (int k = 2; k <= N_ALL; k++)
		sb_fmt(sql, ",?%d", k);
	sb_cstr(sql, ") ON CONFLICT (id) DO UPDATE SET id=excluded.id");
	(void)sv_cut(&names, ',', &one); /* the id itself */
	while (sv_cut(&names, ',', &one)) {
		one = sv_trim(one);
		sb_fmt(sql, ", " SV_FMT "=excluded." SV_FMT, SV_ARG(one), SV_ARG(one));
	}
	for (int m = 0; m < INS_MEASURES; m++)
		sb_fmt(sql, ", %s=excluded.%s", measures[m], measures[m]);
}

static int upsert(struct store_db *db, const char *sql, const struct ins_fact *f)
{
	struct store_stmt *q;
	int i = 1, rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	store_bind_sv(q, i++, sv_of(f->id));
	store_bind_int(q, i++, f->kind);
	store_bind_int(q, i++, f->n);
	store_bind_sv(q, i++, sv_of(f->conversation));
	store_bind_sv(q, i++, sv_of(f->handover));
	store_bind_sv(q, i++, sv_of(f->customer));
	store_bind_int(q, i++, f->start_ms / INS_DAY_MS);
	store_bind_int(q, i++, f->start_ms);
	store_bind_int(q, i++, f->end_ms);
	store_bind_int(q, i++, f->before_ms);
	for (int d = 0; d < INS_DIMS; d++)
		store_bind_sv(q, i++, sv_of(f->dim[d]));
	for (int m = 0; m < INS_MEASURES; m++)
		store_bind_int(q, i++, f->m[m]);
	return store_run(q);
}

/* Its own day, and those of the stays that are read with it. */
static int stale(struct store_db *db, const struct ins_fact *f)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO ins_day (day, stale) VALUES (?1, 1) ON CONFLICT (day) DO "
			    "UPDATE SET stale=1 WHERE stale=0");
	if (rc)
		return rc;
	store_bind_int(q, 1, f->start_ms / INS_DAY_MS);
	rc = store_run(q);
	if (rc || f->kind != INS_TALK || !f->there)
		return rc;
	rc = store_prep(db, &q,
			"UPDATE ins_day SET stale=1 WHERE stale=0 AND day IN (SELECT day FROM "
			"ins_fact WHERE conversation=?1 AND conversation<>'')");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(f->conversation));
	return store_run(q);
}

int ins_book_write(struct store_db *db, const struct ins_book *b, int *ret_n)
{
	size_t it = 0;
	struct sb sql;
	void *val;
	sv key;
	int rc = 0;
	sb_init(&sql, 16384);
	upsert_sql(&sql);
	*ret_n = 0;
	while (rc == 0 && map_next(b->at, &it, &key, &val)) {
		struct ins_fact *f = val;
		if (!f->changed)
			continue;
		rc = upsert(db, sb_str(&sql), f);
		if (rc == 0)
			rc = stale(db, f);
		++*ret_n;
	}
	sb_done(&sql);
	return rc;
}
