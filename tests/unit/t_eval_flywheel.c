/* t_eval_flywheel.c: a small form of `callm eval flywheel`: the demo company, fewer topics. The
 * whole one is run by the command; its figures are in docs/MODELS.md. */
#include "eval_flywheel.h"
#include "kb.h"
#include "t.h"

struct filling {
	struct arena a;
	struct err e;
	int rc;
};

static int put_one(void *db, const struct kb_article *a)
{
	bool changed;
	return kb_put(db, a, clk_wall_ms(), &changed);
}

static int fill(void *arg, struct store_db *db)
{
	struct filling *f = arg;
	return f->rc = kb_parse_path(T_SRCDIR "/demo/kb", &f->a, put_one, db, &f->e);
}

static struct store *demo(struct filling *f)
{
	struct store *st = NULL;
	memset(f, 0, sizeof(*f));
	arena_init(&f->a, LIM_ARENA_BIG);
	if (kb_init() || store_open(&st, &(struct store_opts){ .dir = "" }, &f->e))
		return NULL;
	if (store_write(st, fill, f, NULL, NULL) || store_flush(st) || f->rc) {
		store_close(st);
		return NULL;
	}
	return st;
}

TEST(a_changed_number_is_found)
{
	struct filling f;
	struct store *st = demo(&f);
	jv *r = NULL;
	CHECK(st);
	OK(eval_contradictions(st, 1, 40, &r, &f.e));
	EQ(jv_get_int(r, "n", 0), 40);
	CHECK(jv_get_int(r, "found", 0) >= 36);
	CHECK(jv_get_int(r, "false_alarms", 1000) <= 12);
	jv_free(r);
	store_close(st);
	arena_done(&f.a);
}

TEST(deleted_articles_come_back)
{
	struct filling f;
	struct store *st = demo(&f);
	struct sb oos;
	jv *r = NULL;
	CHECK(st);
	sb_init(&oos, LIM_CFG_BYTES);
	OK(file_read(T_SRCDIR "/demo/tests/dev_oos.en.txt", LIM_CFG_BYTES, &oos, &f.e));
	const struct eval_fly_opts o = { .store = st, .seed = 5, .groups = 12, .deleted = 0.25,
					 .conversations = 360,
					 .oos = { sb_sv(&oos), SV("") } };
	OK(eval_flywheel(&o, &r, &f.e));
	EQ(jv_get_int(r, "deleted", 0), 6);
	CHECK(jv_get_num(r, "recall", 0) >= 0.6);
	CHECK(jv_get_num(r, "precision", 0) >= 0.7);
	EQ(jv_get_int(r, "contradict", 1), 0);
	CHECK(jv_as_num(jv_path(r, "coverage.traffic.after"), 0) >=
	      jv_as_num(jv_path(r, "coverage.traffic.before"), 1) + 0.05);
	jv_free(r);
	sb_done(&oos);
	store_close(st);
	arena_done(&f.a);
}

/* Counts what is asked of it; its vectors, of another size than any model's, help nobody. */
struct meaning {
	size_t built, asked;
	bool number;             /* an order number reached it */
};

static int built(void *arg, struct store *st, struct kb_index **ret, struct err *e)
{
	struct store_db *db;
	((struct meaning *)arg)->built++;
	int rc = store_reader(st, &db);
	return rc ? rc : kb_build(ret, db, NULL, e);
}

static const float *vector(void *arg, sv text, int *dim)
{
	static const float v[4] = { 1, 0, 0, 0 };
	struct meaning *m = arg;
	m->asked++;
	m->number |= sv_find(text, SV("HH2026")) >= 0 || sv_find(text, SV("13812345678")) >= 0;
	*dim = 4;
	return v;
}

TEST(the_proof_searches_by_meaning_where_it_can)
{
	struct filling f;
	struct store *st = demo(&f);
	struct meaning m = { 0 };
	jv *r = NULL;
	CHECK(st);
	const struct eval_fly_opts o = { .store = st, .seed = 3, .groups = 4, .deleted = 0.25,
					 .conversations = 40, .keep = true, .index = built,
					 .vec = vector, .arg = &m,
					 .oos = { SV("who won the match\n"), SV("") } };
	OK(eval_flywheel(&o, &r, &f.e));
	EQ(m.built, 5);          /* at first, and after each of four weeks */
	CHECK(m.asked >= 2 * 200 + 40);
	CHECK(!m.number);
	EQ(jv_as_num(jv_path(r, "coverage.unanswerable.n"), 0), 1);
	CHECK(jv_path(r, "coverage.traffic.wrong_after"));
	CHECK(jv_get(r, "missed"));
	jv_free(r);
	store_close(st);
	arena_done(&f.a);
}

TEST(without_articles_there_is_nothing_to_prove)
{
	struct store *st = NULL;
	struct err e = { 0 };
	jv *r = NULL;
	CHECK(kb_init() == 0);
	OK(store_open(&st, &(struct store_opts){ .dir = "" }, &e));
	EQ(eval_flywheel(&(struct eval_fly_opts){ .store = st, .seed = 1 }, &r, &e), ERR_NOTFOUND);
	CHECK(!r && e.msg[0]);
	store_close(st);
}
