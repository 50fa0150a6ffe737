/* t_app_knowledge.c: the server's clockwork for its knowledge: a run that was asked for reads the
 * river and writes the gap it finds; what is missed today waits for the night; a stop in the
 * middle of a run waits for it. */
#include "app_knowledge.h"
#include "app_rulebook.h"
#include "app_int.h"
#include "learn.h"
#include "learn_set.h"
#include "policy_rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "t.h"

struct world {
	struct store *store;
	struct snap *kb;
	jv *cfg, *company;
	struct app_knowledge *k;
};

static int none(void *arg, struct store_db *db)
{
	(void)arg;
	(void)db;
	return 0;
}

/* Five customers ask for what no article tells. */
static int ask(void *arg, struct store_db *db)
{
	static const char *const said[] = { "can I rent a drill for the weekend",
					    "do you rent drills for a weekend",
					    "renting a drill on the weekend",
					    "may I rent a drill for a weekend",
					    "is it possible to rent a drill" };
	int64_t now = clk_wall_ms();
	int rc = 0;
	(void)arg;
	for (int i = 0; i < 5 && rc == 0; i++) {
		char conv[32], words[160], body[200];
		(void)snprintf(conv, sizeof(conv), "01HZZZZZZZZZZZZZZZZZZZZZ0%d", i);
		(void)snprintf(words, sizeof(words), "{\"text\":\"%s\",\"language\":\"en\"}",
			       said[i]);
		(void)snprintf(body, sizeof(body),
			       "{\"text\":\"I do not know\",\"language\":\"en\",\"action\":"
			       "\"decline\",\"citations\":[]}");
		struct store_event q = { .ts_ms = now - 60000,
					 .conversation = sv_of(conv),
					 .seq = 1,
					 .turn = 1,
					 .kind = SV("turn.customer"),
					 .actor = SV("customer"),
					 .body = sv_of(words) };
		struct store_event b = { .ts_ms = now - 59000,
					 .conversation = sv_of(conv),
					 .seq = 2,
					 .turn = 1,
					 .kind = SV("turn.bot"),
					 .actor = SV("bot"),
					 .body = sv_of(body) };
		rc = store_event_put(db, &q);
		rc = rc ? rc : store_event_put(db, &b);
	}
	return rc;
}

static bool up(struct world *w, const char *cfg, struct err *e)
{
	struct store_opts o = { .dir = "", .group_ms = -1 };
	struct store_db *db;
	struct kb_index *ix = NULL;
	*w = (struct world){ .cfg = jv_parse(sv_of(cfg), NULL),
			     .company = jv_parse(SV("{\"timezone\":\"Asia/Shanghai\"}"), NULL) };
	if (store_open(&w->store, &o, e) || store_write(w->store, ask, NULL, NULL, NULL) ||
	    store_flush(w->store) || store_reader(w->store, &db) ||
	    kb_build(&ix, db, &(struct kb_opts){ 0 }, e))
		return false;
	w->kb = snap_new(ix);
	const struct app_knowledge_opts k = { .cfg = w->cfg, .company = w->company,
						.data = t_tmpdir(),
					      .store = w->store, .kb = w->kb };
	return app_knowledge_open(&w->k, &k, e) == 0;
}

static void down(struct world *w)
{
	app_knowledge_close(w->k);
	store_close(w->store);
	snap_free(w->kb);
	jv_free(w->cfg);
	jv_free(w->company);
}

static int64_t count(struct world *w, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	if (store_write(w->store, none, NULL, NULL, NULL) || store_flush(w->store) ||
	    store_reader(w->store, &db) || store_prep(db, &q, sql))
		return n;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

TEST(app_knowledge_learns_when_asked)
{
	struct world w;
	struct err e = { 0 };
	CHECK(up(&w, "{\"knowledge\":{\"learn_at\":\"\"}}", &e));
	CHECK(app_knowledge_sources(w.k) != NULL);
	app_knowledge_tick(w.k);         /* never by itself */
	EQ(count(&w, "SELECT count(*) FROM gap"), 0);
	OK(app_knowledge_learn(w.k));
	EQ(app_knowledge_learn(w.k), ERR_AGAIN);
	app_knowledge_tick(w.k);
	EQ(app_knowledge_learn(w.k), ERR_AGAIN); /* until it is over */
	struct app_knowledge *k = w.k;
	w.k = NULL;
	app_knowledge_close(k);          /* waits for the run */
	EQ(count(&w, "SELECT count(*) FROM gap WHERE lang='en' AND size>=3"), 1);
	down(&w);
}

static bool free_again(void *arg)
{
	struct world *w = arg;
	app_knowledge_tick(w->k);
	return app_knowledge_learn(w->k) == 0;
}

TEST(app_knowledge_may_be_asked_again)
{
	struct world w;
	struct err e = { 0 };
	struct loop *l = loop_new();
	CHECK(up(&w, "{\"knowledge\":{\"learn_at\":\"\"}}", &e));
	OK(app_knowledge_learn(w.k));
	CHECK(t_wait(l, free_again, &w, 20000));
	down(&w);
	loop_free(l);
}

static int refuse_gaps(void *arg, struct store_db *db)
{
	(void)arg;
	return store_exec(db, "CREATE TRIGGER no_gap BEFORE INSERT ON gap BEGIN SELECT "
			      "RAISE(ABORT, 'no'); END");
}

TEST(app_knowledge_tells_what_could_not_be_written)
{
	struct world w;
	struct err e = { 0 };
	struct learn_run *r = NULL;
	CHECK(up(&w, "{\"knowledge\":{\"learn_at\":\"\"}}", &e));
	OK(store_write(w.store, refuse_gaps, NULL, NULL, NULL));
	OK(store_flush(w.store));
	CHECK(app_knowledge_run(w.store, w.kb, 0, &r, &e) < 0);
	CHECK(!r);
	HAS(sv_of(e.msg), "could not be written");
	EQ(count(&w, "SELECT count(*) FROM gap"), 0);
	down(&w);
}

/* ---- test sets ---- */

static int order_run(void *arg, struct store_db *db)
{
	const struct learn_set_row row = { .question = SV("can I rent a drill"), .lang = SV("en"),
					   .article = SV("") };
	struct learn_set_put p = { .set = SV(""), .name = SV("All"), .row = &row, .n = 1,
				   .by = SV("mei") };
	int rc = learn_set_put(db, &p);
	struct learn_set_order o = { .set = sv_of(p.id), .by = SV("mei") };
	return *(int *)arg = rc ? rc : learn_set_order(db, &o);
}

static bool run_over(void *arg)
{
	struct world *w = arg;
	app_knowledge_tick(w->k);
	return count(w, "SELECT count(*) FROM kb_set_run WHERE state='done' AND right_n=1") == 1;
}

static int order_again(void *arg, struct store_db *db)
{
	int rc = store_exec(db, "DELETE FROM kb_set_answer");
	(void)arg;
	return rc ? rc : store_exec(db, "UPDATE kb_set_run SET state='waiting', right_n=0");
}

/* One that was ordered, and one that waited while the server was down. */
TEST(app_knowledge_runs_test_sets)
{
	struct world w;
	struct err e = { 0 };
	struct loop *l = loop_new();
	int rc = -1;
	CHECK(up(&w, "{\"knowledge\":{\"learn_at\":\"\"}}", &e));
	OK(store_write(w.store, order_run, &rc, NULL, NULL));
	OK(store_flush(w.store));
	OK(rc);
	app_knowledge_tick(w.k); /* nobody told it */
	EQ(count(&w, "SELECT count(*) FROM kb_set_run WHERE state='waiting'"), 1);
	app_knowledge_sets(w.k);
	CHECK(t_wait(l, run_over, &w, 20000));
	app_knowledge_close(w.k);
	OK(store_write(w.store, order_again, NULL, NULL, NULL));
	OK(store_flush(w.store));
	const struct app_knowledge_opts k = { .cfg = w.cfg, .company = w.company,
					      .data = t_tmpdir(), .store = w.store, .kb = w.kb };
	OK(app_knowledge_open(&w.k, &k, &e));
	CHECK(t_wait(l, run_over, &w, 20000));
	down(&w);
	loop_free(l);
}

TEST(app_knowledge_wants_a_time_of_day)
{
	struct world w;
	struct err e = { 0 };
	CHECK(!up(&w, "{\"knowledge\":{\"learn_at\":\"late\"}}", &e));
	CHECK(strstr(e.msg, "learn_at"));
	down(&w);
}

/* A console's user cannot make any folder of the machine a source. */
TEST(app_knowledge_folders)
{
	struct world w;
	struct err e = { 0 };
	char id[27], cfg[200], allowed[] = "/tmp/callm-t-XXXXXX";
	CHECK(mkdtemp(allowed));
	(void)snprintf(cfg, sizeof(cfg), "{\"knowledge\":{\"learn_at\":\"\",\"folders\":[\"%s\"]}}",
		       allowed);
	CHECK(up(&w, cfg, &e));
	struct ing *g = app_knowledge_sources(w.k);
	struct ing_source s = { .kind = ING_FOLDER, .place = SV("/etc") };
	EQ(ing_source_add(g, &s, SV("admin"), id, &e), ERR_DENIED);
	CHECK(e.msg[0]);
	s.place = sv_of(allowed);
	OK(ing_source_add(g, &s, SV("admin"), id, &e));
	down(&w);
	(void)rmdir(allowed);
}

static int sync_silently(struct app_desk *d, const struct kb_source_opts *o, char *path)
{
	int out = dup(1), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	(void)fflush(stdout);
	(void)dup2(null, 1);
	int rc = kb_source_cmd(d, "sync", o, 1, &path);
	(void)fflush(stdout);
	(void)dup2(out, 1);
	(void)close(out);
	(void)close(null);
	return rc;
}

/* What the console set up is not wiped because somebody reads the folder by hand. */
TEST(app_knowledge_sync_by_hand_keeps_what_was_set)
{
	struct store_opts so = { .dir = "", .group_ms = -1 };
	struct kb_source_opts o = { .lang = "en", .every = -1, .depth = -1 };
	struct app_desk d = { 0 };
	struct world w = { 0 };
	struct err e = { 0 };
	struct ing *g;
	char id[27], dir[] = "/tmp/callm-t-XXXXXX";
	CHECK(mkdtemp(dir));
	OK(store_open(&w.store, &so, &e));
	OK(ing_open(&g, &(struct ing_opts){ .store = w.store }, &e));
	d.store = w.store;
	const struct ing_source s = { .kind = ING_FOLDER, .place = sv_of(dir), .name = SV("Help"),
				      .category = SV("house"), .owner = SV("anna"),
				      .every_s = 600, .docs_max = 50 };
	OK(ing_source_add(g, &s, SV("anna"), id, &e));
	OK(sync_silently(&d, &o, dir));
#define KEPT \
	"SELECT count(*) FROM source WHERE name='Help' AND category='house' AND owner='anna' AND " \
	"docs_max=50 AND every_s="
	EQ(count(&w, KEPT "600"), 1);
	o.every = 60;
	OK(sync_silently(&d, &o, dir));
	EQ(count(&w, KEPT "60"), 1);
	o.every = ((int64_t)1 << 32) + 30; /* no int */
	CHECK(sync_silently(&d, &o, dir) != 0);
	EQ(count(&w, KEPT "60"), 1);
#undef KEPT
	ing_close(g);
	store_close(w.store);
	(void)rmdir(dir);
}

/* ---- tables that are sources ---- */

#define RULES(days) \
	"id: return\nversion: 1\ntitle: {zh: \"退货\", en: \"Returns\"}\ninputs:\n" \
	"  - {name: days, type: int, min: 0, max: 400, title: {zh: \"天数\", en: \"days\"}}\n" \
	"outputs:\n  - {name: allowed, type: bool, title: {zh: \"可以\", en: \"allowed\"}}\n" \
	"  - {name: fee_fen, type: int, default: 0, title: {zh: \"费用\", en: " \
	"\"fee\"}}\nrules:\n" \
	"  - id: within\n    when: {days: \"<= " days \
	"\"}\n    then: {allowed: true, fee_fen: 1250}\n" \
	"    why: {zh: \"签收后" days \
	"天内可以退货，运费{fee_fen:yuan}元。\", en: \"Goods may be " \
	"returned within " days " days; the way back costs CNY {fee_fen:yuan}.\"}\n" \
	"    article: return-window\n" \
	"  - id: late\n    then: {allowed: false}\n    why: {zh: " \
	"\"已经{days}天，超过了期限。\", " \
	"en: \"{days} days are past the period.\"}\n    article: return-window\n"

struct tables {
	struct world w;
	struct kb_live *live;
	struct policy_rules *rules;
	const char *ask, *lang, *want;
};

static struct policy_rules *rules_now(void *arg)
{
	struct tables *t = arg;
	return obj_ref(t->rules);
}

static bool read_rules(struct tables *t, const char *yaml)
{
	const struct policy_rules_file f = { .name = "return.yaml", .yaml = sv_of(yaml) };
	struct cfg_report rep = { 0 };
	struct policy_rules *made = NULL, *was = t->rules;
	int rc = policy_rules_new(&made, &f, 1, &rep);
	if (rc && rep.n)
		fprintf(stderr, "# %s %s\n", rep.v[0].where, rep.v[0].what);
	cfg_report_done(&rep);
	t->rules = rc ? was : made;
	if (!rc)
		obj_unref(was);
	return rc == 0;
}

/* As a customer is answered: by the index that is published. */
static bool says(void *arg)
{
	struct tables *t = arg;
	struct kb_query q = { .text = sv_of(t->ask), .lang = sv_of(t->lang), .k = 3 };
	struct kb_result r = { 0 };
	struct kb_index *ix = snap_get(t->w.kb);
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	bool is = kb_search(ix, &q, &a, &r) == 0 && r.n &&
		  sv_find(r.hits[0].body_md, sv_of(t->want)) >= 0;
	arena_done(&a);
	obj_unref(ix);
	return is;
}

static int run_text(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

static int put_named(void *arg, struct store_db *db)
{
	const struct kb_article a = { .id = SV("return-window.en"), .lang = SV("en"),
				      .group_id = SV("return-window"), .title = SV("Period"),
				      .body_md = SV("Ask us.") };
	const struct kb_article staff = { .id = SV("goodwill.en"), .lang = SV("en"),
					  .group_id = SV("goodwill"), .title = SV("Goodwill"),
					  .body_md = SV("Be kind."), .audience = SV("agent") };
	bool changed;
	int rc = kb_put(db, &a, 1, &changed);
	(void)arg;
	return rc ? rc : kb_put(db, &staff, 1, &changed);
}

static bool tables_up(struct tables *t, struct err *e)
{
	static char sofa[] =
		"INSERT INTO product (id, name, body, price_fen, updated_ms) VALUES ('S1', 'x', "
		"'{\"sku\":\"S1\",\"name\":{\"en\":\"Bergen sofa\",\"zh\":\"卑尔根沙发\"},"
		"\"price_cny\":2899,\"specs\":{\"en\":\"big\",\"zh\":\"大\"},\"description\":{"
		"\"en\":\"Soft.\",\"zh\":\"软。\"}}', 289900, 0)";
	memset(t, 0, sizeof(*t));
	if (!up(&t->w, "{\"knowledge\":{\"learn_at\":\"\"}}", e) || !read_rules(t, RULES("30")))
		return false;
	app_knowledge_close(t->w.k);
	if (store_write(t->w.store, run_text, sofa, NULL, NULL) ||
	    store_write(t->w.store, put_named, NULL, NULL, NULL) || store_flush(t->w.store))
		return false;
	const struct app_knowledge_opts k = { .cfg = t->w.cfg, .company = t->w.company,
					      .data = t_tmpdir(), .store = t->w.store,
					      .kb = t->w.kb, .rules = rules_now, .rules_arg = t };
	return app_knowledge_open(&t->w.k, &k, e) == 0 &&
	       kb_live_open(&t->live, &(struct kb_live_opts){ .store = t->w.store,
							      .kb = t->w.kb }) == 0;
}

static void tables_down(struct tables *t)
{
	kb_live_close(t->live);
	down(&t->w);
	obj_unref(t->rules);
}

/* A price that changes in its row is in the answer within five seconds: nobody makes the table a
 * source, nobody syncs it, nobody publishes. */
TEST(app_knowledge_a_price_reaches_the_answer_by_itself)
{
	static char cheaper[] = "UPDATE product SET price_fen = 199900";
	struct tables t;
	struct err e = { 0 };
	struct loop *l = loop_new();
	CHECK(tables_up(&t, &e));
	EQ(count(&t.w, "SELECT count(*) FROM source WHERE kind='table' AND place='products'"), 1);
	t.ask = "how much is the Bergen sofa";
	t.lang = "en";
	t.want = "CNY 2899.00";
	CHECK(t_wait(l, says, &t, 5000));
	OK(store_write(t.w.store, run_text, cheaper, NULL, NULL));
	t.want = "CNY 1999.00";
	CHECK(t_wait(l, says, &t, 5000));
	t.ask = "卑尔根沙发多少钱";
	t.lang = "zh";
	t.want = "¥1999.00";
	CHECK(t_wait(l, says, &t, 5000));
	tables_down(&t);
	loop_free(l);
}

/* A rule that is published changes what is said of it, once its tables are a source. */
TEST(app_knowledge_a_rule_reaches_the_answer_by_itself)
{
	const struct ing_source s = { .kind = ING_TABLE, .place = SV("rules") };
	struct tables t;
	struct err e = { 0 };
	struct loop *l = loop_new();
	char id[27];
	CHECK(tables_up(&t, &e));
	OK(ing_source_add(app_knowledge_sources(t.w.k), &s, SV("mei"), id, &e));
	t.ask = "within how many days may goods be returned";
	t.lang = "en";
	t.want = "within 30 days; the way back costs CNY 12.50.";
	CHECK(t_wait(l, says, &t, 5000));
	/* what speaks of a fact of the case is no article's sentence */
	t.want = "past the period";
	CHECK(!says(&t));
	CHECK(read_rules(&t, RULES("45")));
	t.want = "within 45 days";
	CHECK(t_wait(l, says, &t, 5000));
	t.ask = "签收后几天内可以退货";
	t.lang = "zh";
	t.want = "签收后45天内可以退货，运费12.50元。";
	CHECK(t_wait(l, says, &t, 5000));
	tables_down(&t);
	loop_free(l);
}

#define MORE_RULES \
	"id: repair\nversion: 1\ntitle: {zh: \"维修\", en: \"Repairs\"}\ninputs:\n" \
	"  - {name: days, type: int, min: 0, max: 400, title: {zh: \"天数\", en: \"days\"}}\n" \
	"outputs:\n  - {name: hours, type: number, default: 0, title: {zh: \"小时\", en: " \
	"\"hours\"}}\n" \
	"  - {name: fee_fen, type: int, default: 0, title: {zh: \"费用\", en: " \
	"\"fee\"}}\nrules:\n" \
	"  - id: a\n    when: {days: \"<= 10\"}\n    then: {hours: 0.125, fee_fen: 1250}\n" \
	"    why: {zh: \"x{hours}\", en: \"Repairs are free for members in {hours} hours for " \
	"CNY " \
	"{fee_fen:yuan}.\"}\n    article: return-window\n" \
	"  - id: b\n    when: {days: \"11..20\"}\n    then: {hours: 7.5, fee_fen: 1200}\n" \
	"    why: {zh: \"x{hours}\", en: \"in {hours} hours for CNY {fee_fen:yuan}\"}\n" \
	"    article: return-window\n" \
	"  - id: c\n    when: {days: \"21..30\"}\n    then: {hours: 1}\n" \
	"    why: {zh: \"x\", en: \"Repairs are free\"}\n    article: return-window\n" \
	"  - id: d\n    when: {days: \"31..40\"}\n    then: {hours: 1}\n" \
	"    why: {zh: \"x\", en: \"Repairs are free\"}\n    article: [return-window]\n" \
	"  - id: e\n    when: {days: \"41..50\"}\n    then: {hours: 1, fee_fen: 500000}\n" \
	"    why: {zh: \"x\", en: \"Staff may give CNY {fee_fen:yuan}.\"}\n" \
	"    article: [return-window, goodwill]\n" \
	"  - id: f\n    then: {hours: 1}\n    why: {zh: \"x\", en: \"Of no article that is " \
	"there.\"}\n" \
	"    article: gone\n"

static int keep_en(void *arg, const struct kb_article *a)
{
	struct sb *out = arg;
	if (sv_eq(a->lang, SV("en")))
		sb_put(out, a->body_md);
	return 0;
}

/* The text of the tables as they are, and their stamp. */
static uint64_t rulebook(struct tables *t, struct sb *out)
{
	struct app_rulebook b = { .now = rules_now, .arg = t };
	struct store_db *db;
	struct arena a;
	struct err e = { 0 };
	uint64_t stamp = 0;
	sb_reset(out);
	arena_init(&a, LIM_ARENA_BIG);
	if (store_reader(t->w.store, &db) ||
	    app_rulebook_articles(&b, db, &a, keep_en, out, &e) ||
	    app_rulebook_stamp(&b, db, &stamp))
		sb_cstr(out, "failed");
	arena_done(&a);
	return stamp;
}

/* Results as a decision prints them, a sentence that is part of another too, and nothing of a rule
 * that names an article that is not for customers. */
TEST(app_knowledge_rules_are_told_to_customers_as_they_are)
{
	static char opened[] = "UPDATE article SET audience='public' WHERE group_id='goodwill'";
	static char shut[] = "UPDATE article SET audience='agent' WHERE group_id='return-window'";
	struct tables t;
	struct err e = { 0 };
	struct sb b;
	CHECK(tables_up(&t, &e));
	CHECK(read_rules(&t, MORE_RULES));
	sb_init(&b, 64u << 10);
	uint64_t first = rulebook(&t, &b);
	SV_EQ(sb_sv(&b),
	      "- Repairs are free for members in 0.125 hours for CNY 12.50.\n"
	      "- in 7.5 hours for CNY 12\n- Repairs are free\n");
	CHECK(rulebook(&t, &b) == first);
	OK(store_write(t.w.store, run_text, opened, NULL, NULL));
	OK(store_flush(t.w.store));
	CHECK(rulebook(&t, &b) != first);
	HAS(sb_sv(&b), "- Staff may give CNY 5000.\n");
	OK(store_write(t.w.store, run_text, shut, NULL, NULL));
	OK(store_flush(t.w.store));
	CHECK(rulebook(&t, &b) != first);
	EQ(b.n, 0);
	sb_done(&b);
	tables_down(&t);
}

/* Who removes the source has it removed; who has edited its articles keeps them. */
TEST(app_knowledge_products_become_a_source_once)
{
	static char edited[] =
		"INSERT INTO article (id, lang, group_id, title, body_md, aliases, category, "
		"source, "
		"version, status, checksum, updated_ms, updated_by) VALUES ('sofa.en', 'en', "
		"'sofa', "
		"'Sofa', 'Ask.', '', 'products', '', 1, 'published', 'x', 1, 'mei')";
	static char forget[] = "DELETE FROM kv WHERE k='source.products'";
	struct tables t;
	struct err e = { 0 };
	char id[27];
	struct store_db *db;
	CHECK(tables_up(&t, &e));
	OK(store_reader(t.w.store, &db));
	OK(ing_source_find(db, ING_TABLE, SV("products"), id));
	OK(ing_source_delete(app_knowledge_sources(t.w.k), sv_of(id), SV("mei"), NULL, &e));
	const struct app_knowledge_opts k = { .cfg = t.w.cfg,
					      .company = t.w.company,
					      .data = t_tmpdir(),
					      .store = t.w.store,
					      .kb = t.w.kb };
	app_knowledge_close(t.w.k);
	OK(app_knowledge_open(&t.w.k, &k, &e));
	EQ(count(&t.w, "SELECT count(*) FROM source"), 0);
	/* as if it had never been one, with an article that a person wrote */
	OK(store_write(t.w.store, run_text, edited, NULL, NULL));
	OK(store_write(t.w.store, run_text, forget, NULL, NULL));
	OK(store_flush(t.w.store));
	app_knowledge_close(t.w.k);
	OK(app_knowledge_open(&t.w.k, &k, &e));
	EQ(count(&t.w, "SELECT count(*) FROM source"), 0);
	tables_down(&t);
}
