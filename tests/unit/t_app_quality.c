/* t_app_quality.c: the server's clockwork for quality: the company's forms, what ended is scored, a
 * model answers rubrics when it may, a stop ends what waits. */
#include "app_quality.h"
#include "app_int.h"
#include "app_models.h"
#include "app_quality_mind.h"
#include "t_qa_help.h"

struct world {
	struct qw q;
	struct pool *pool;
	struct app_specs specs;
	jv *cfg, *script;
	struct app_quality *a;
};

static const struct app_specs *specs_of(void *arg)
{
	struct world *w = arg;
	return &w->specs;
}

static bool up(struct world *w, const char *cfg, const char *script, struct err *e)
{
	*w = (struct world){ 0 };
	w->cfg = jv_parse(sv_of(cfg), NULL);
	w->script = jv_parse(sv_of(script), NULL);
	w->specs.v[0] = (struct model_spec){ .kind = "scripted", .script = w->script };
	w->specs.n = 1;
	w->pool = pool_new_inline();
	struct app_quality_opts o = { .cfg = w->cfg, .pool = w->pool, .llm = specs_of,
				      .llm_arg = w };
	if (store_open(&w->q.st, &(struct store_opts){ .dir = "", .group_ms = -1 }, e) ||
	    store_reader(w->q.st, &w->q.db))
		return false;
	o.store = w->q.st;
	return app_quality_open(&w->a, &o, e) == 0;
}

static void down(struct world *w)
{
	app_quality_stop(w->a);
	pool_free(w->pool);
	store_close(w->q.st);
	app_quality_close(w->a);
	jv_free(w->cfg);
	jv_free(w->script);
}

/* The mark of an item in the only review. */
static bool is(struct world *w, const char *item, const char *state)
{
	struct store_stmt *q;
	bool ok = false;
	if (store_prep(w->q.db, &q, "SELECT marks FROM qa_review"))
		return false;
	jv *marks = store_step(q) == 1 ? jv_parse(store_col_sv(q, 0), NULL) : NULL;
	store_reset(q);
	for (size_t i = 0; i < jv_len(marks); i++)
		if (sv_eq(jv_get_str(jv_at(marks, i), "item"), sv_of(item)))
			ok = sv_eq(jv_get_str(jv_at(marks, i), "state"), sv_of(state));
	jv_free(marks);
	return ok;
}

static const char ANSWER[] =
	"[{\"say\":[\"{\\\"state\\\":\\\"pass\\\",\\\"quotes\\\":[{\\\"seq\\\":\","
	"\"4,\\\"text\\\":\\\"Yes.\\\"}]}\"]}]";

TEST(app_quality_scores_what_ended)
{
	struct world w;
	struct err e = { 0 };
	char id[27];
	CHECK(up(&w, "{\"quality\":{\"model\":true}}", ANSWER, &e));
	OK(qw_chat(&w.q, NULL, "good", QNOW, id));
	app_quality_tick(w.a);
	EQ(qw_count(&w.q, "SELECT COUNT(*) FROM qa_review"), 0);         /* every other second */
	app_quality_tick(w.a);
	EQ(qw_count(&w.q, "SELECT COUNT(*) FROM qa_review"), 1);
	CHECK(is(&w, "greeting", "pass") && is(&w, "solved", "pass") &&
	      is(&w, "extra_mile", "abstain"));
	down(&w);
}

TEST(app_quality_asks_no_model_unless_it_may)
{
	static const struct { const char *cfg, *script; } v[] = {
		{ "{}", ANSWER },
		{ "{\"quality\":{\"model\":false}}", ANSWER },
		{ "{\"quality\":{\"model\":true}}", "[{\"fail\":\"http500\"}]" },
		{ "{\"quality\":{\"model\":true}}", "7" },
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct world w;
		struct err e = { 0 };
		char id[27];
		CHECK(up(&w, v[i].cfg, v[i].script, &e));
		OK(qw_chat(&w.q, NULL, "good", QNOW, id));
		app_quality_tick(w.a);
		app_quality_tick(w.a);
		CHECK(is(&w, "greeting", "pass") && is(&w, "solved", "abstain"));
		down(&w);
	}
}

static void set_stop(void *arg)
{
	atomic_store((atomic_bool *)arg, true);
}

/* A model that never ends its answer holds up no stop. */
TEST(app_quality_mind_ends_with_the_server)
{
	jv *script = jv_parse(SV("[{\"say\":[\"{\"],\"fail\":\"stall\"}]"), NULL);
	struct app_specs specs = { .n = 1 };
	atomic_bool stop = true;
	struct app_mind m;
	struct sb b;
	specs.v[0] = (struct model_spec){ .kind = "scripted", .script = script };
	sb_init(&b, LIM_SB);
	app_mind_init(&m, &specs, &stop);
	const struct qa_mind *q = app_mind_of(&m);
	EQ(q->ask(q->arg, SV("s"), SV("u"), &b), ERR_CANCELED);
	/* It comes after the ask has begun. */
	struct loop_timer t = { 0 };
	stop = false;
	loop_after(m.l, &t, 5, set_stop, &stop);
	EQ(q->ask(q->arg, SV("s"), SV("u"), &b), ERR_CANCELED);
	CHECK(stop);
	SV_EQ(sb_sv(&b), "{");
	app_mind_done(&m);
	app_mind_init(&m, NULL, &stop);
	CHECK(!app_mind_of(&m));
	app_mind_done(&m);
	sb_done(&b);
	jv_free(script);
}

TEST(app_quality_of_a_company)
{
	char path[600], company[600];
	struct err e = { 0 };
	struct qa_forms *fs = NULL;
	struct cfg_report rep = { 0 };
	(void)snprintf(company, sizeof(company), "%s/company.yaml", t_tmpdir());
	(void)snprintf(path, sizeof(path), "%s/qa", t_tmpdir());
	/* Without forms of its own it has the program's. */
	OK(app_quality_load(sv_of(company), &fs, &e));
	CHECK(qa_forms_find(fs, SV("phone")));
	fs = obj_unref(fs);
	OK(file_mkdirs(path, &e));
	(void)snprintf(path, sizeof(path), "%s/qa/own.yaml", t_tmpdir());
	OK(file_write(path, SV("id: own\nversion: 1\n"), &e));
	EQ(app_quality_load(sv_of(company), &fs, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "own.yaml");
	app_quality_check(sv_of(company), &rep);
	CHECK(rep.n > 0);
	cfg_report_done(&rep);
}
