/* t_tool_out.c: the outbox: after the commit, in order, at least once, later when it fails, dead in
 * the end; calls of another system that answers, does not, or refuses. */
#include <stdio.h>
#include "t_tool_world.h"

struct post {
	int rc, n;                   /* what the sender does; how often it was asked */
	char log[4000];              /* "sms paid/1;" */
	char ids[16][27];
};

static int post_send(void *arg, sv id, sv kind, const jv *body)
{
	struct post *p = arg;
	size_t at = strlen(p->log);
	(void)snprintf(p->log + at, sizeof(p->log) - at, SV_FMT " " SV_FMT ";", SV_ARG(kind),
		       SV_ARG(jv_get_str(body, "text")));
	(void)snprintf(p->ids[p->n % 16], 27, SV_FMT, SV_ARG(id));
	p->n++;
	return p->rc;
}

static int spend(struct world *w, const char *customer)
{
	struct tool_req r = world_req("purse_send", "{}");
	r.who.customer = sv_of(customer);
	return world_call(w, &r);
}

TEST(tool_outbox_sends_after_the_commit_and_forgets_the_text)
{
	struct world w;
	struct post p = { 0 };
	size_t n = 0;
	CHECK(world_open(&w, ""));
	EQ(spend(&w, "C-1"), TOOL_DONE);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_outbox WHERE body LIKE '%paid%'"), 1);
	OK(tool_outbox_run(w.kit, post_send, &p, &n));
	EQ(n, 1);
	STR_EQ(p.log, "sms paid;");
	OK(tool_outbox_run(w.kit, post_send, &p, &n));
	EQ(n, 0);
	EQ(p.n, 1);
	EQ(world_sql(
		   &w,
		   "SELECT COUNT(*) FROM tool_outbox WHERE state = 'sent' AND body = '{}' AND "
		   "done_ms > 0"),
	   1);
	world_close(&w);
}

TEST(tool_outbox_waits_longer_each_time_and_is_dead_in_the_end)
{
	struct world w;
	struct post p = { .rc = ERR_IO };
	int64_t now = T_NOW;
	size_t n;
	CHECK(world_open(&w, ""));
	clk_pin_wall(now);
	int first = spend(&w, "C-1");
	for (int i = 0; i < 4; i++)
		(void)tool_outbox_run(w.kit, post_send, &p, &n);
	int at_once = p.n;                   /* only the first of them was due */
	for (int i = 1; i < 30; i++) {
		now += 16 * 60 * 1000;
		clk_pin_wall(now);
		(void)tool_outbox_run(w.kit, post_send, &p, &n);
	}
	clk_pin_wall(0);
	EQ(first, TOOL_DONE);
	EQ(at_once, 1);
	EQ(p.n, 20);
	STR_EQ(p.ids[0], p.ids[1]);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_outbox WHERE state = 'dead'"), 1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'alert' AND body LIKE "
			 "'%\"tries\":20%'"),
	   1);
	world_close(&w);
}

TEST(tool_outbox_keeps_the_order_of_a_lane)
{
	struct world w;
	struct post p = { .rc = ERR_TIMEOUT };
	size_t n;
	CHECK(world_open(&w, ""));
	EQ(spend(&w, "C-1"), TOOL_DONE);
	EQ(spend(&w, "C-1"), TOOL_DONE);
	EQ(spend(&w, "C-2"), TOOL_DONE);
	OK(tool_outbox_run(w.kit, post_send, &p, &n));
	EQ(p.n, 2);                          /* the second of C-1 waits for the first */
	p.rc = 0;
	clk_pin_wall(clk_wall_ms() + 60000);
	int rc = tool_outbox_run(w.kit, post_send, &p, &n);
	clk_pin_wall(0);
	OK(rc);
	EQ(n, 3);
	STR_EQ(p.ids[2], p.ids[0]);          /* the same message has the same id */
	world_close(&w);
}

TEST(tool_outbox_drops_what_cannot_be_sent_and_goes_on)
{
	struct world w;
	struct post p = { .rc = ERR_INVAL };
	size_t n;
	CHECK(world_open(&w, ""));
	EQ(spend(&w, "C-1"), TOOL_DONE);
	EQ(spend(&w, "C-1"), TOOL_DONE);
	OK(tool_outbox_run(w.kit, post_send, &p, &n));
	EQ(p.n, 2);
	EQ(n, 0);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'alert'"), 2);
	world_close(&w);
}

static jv *undelivered(struct world *w)
{
	struct store_db *db;
	struct sb b;
	sb_init(&b, 1u << 16);
	int rc = store_flush(w->st);
	if (!rc)
		rc = store_reader(w->st, &db);
	if (!rc)
		rc = tool_undelivered(db, 10, &b);
	bool words = sv_find(sb_sv(&b), SV("paid")) >= 0;    /* what they say is not told */
	jv *v = rc || words ? NULL : jv_parse(sb_sv(&b), NULL);
	sb_done(&b);
	return v;
}

/* What is given up is counted, alerted, and waits to be seen; what a customer was told at once, or
 * was erased, is not among it. */
TEST(tool_undelivered_is_what_was_given_up)
{
	struct world w;
	struct post p = { .rc = ERR_INVAL };
	size_t n;
	int64_t dead = metric_get(M_OUTBOX_DEAD);
	CHECK(world_open(&w, ""));
	jv *v = undelivered(&w);
	EQ(jv_get_int(v, "count", -1), 0);
	jv_free(v);
	EQ(spend(&w, "C-1"), TOOL_DONE);
	EQ(spend(&w, "C-2"), TOOL_DONE);
	w.far_rc = ERR_INVAL;
	struct tool_req r = world_req("purse_far", "{\"n\":1}");
	EQ(world_call(&w, &r), TOOL_FAILED);
	OK(tool_outbox_run(w.kit, post_send, &p, &n));
	EQ(metric_get(M_OUTBOX_DEAD), dead + 2);
	v = undelivered(&w);
	EQ(jv_get_int(v, "count", -1), 2);
	SV_EQ(jv_as_str(jv_path(v, "items.0.kind")), "sms");
	SV_EQ(jv_as_str(jv_path(v, "items.0.customer")), "C-2");
	CHECK(jv_as_str(jv_path(v, "items.1.why")).n && jv_as_str(jv_path(v, "items.1.dead_at")).n);
	jv_free(v);
	world_close(&w);
}

/* A person sends it once more, under the same id, or takes it off the list. */
TEST(tool_outbox_again_or_seen)
{
	struct world w;
	struct post p = { .rc = ERR_INVAL };
	sv ann = SV("user:ann");
	size_t n;
	CHECK(world_open(&w, ""));
	EQ(spend(&w, "C-1"), TOOL_DONE);
	EQ(spend(&w, "C-2"), TOOL_DONE);
	OK(tool_outbox_run(w.kit, post_send, &p, &n));
	EQ(tool_outbox_again(w.kit, SV("none"), true, ann, T_NOW), ERR_NOTFOUND);
	OK(tool_outbox_again(w.kit, sv_of(p.ids[0]), true, ann, T_NOW));
	EQ(tool_outbox_again(w.kit, sv_of(p.ids[0]), true, ann, T_NOW), ERR_STATE);
	EQ(tool_outbox_again(w.kit, sv_of(p.ids[0]), false, ann, T_NOW), ERR_STATE);
	OK(tool_outbox_again(w.kit, sv_of(p.ids[1]), false, ann, T_NOW));
	EQ(tool_outbox_again(w.kit, sv_of(p.ids[1]), true, ann, T_NOW), ERR_STATE);
	jv *v = undelivered(&w);
	EQ(jv_get_int(v, "count", -1), 0);
	jv_free(v);
	p.rc = 0;
	OK(tool_outbox_run(w.kit, post_send, &p, &n));
	EQ(n, 1);
	EQ(p.n, 3);
	STR_EQ(p.ids[2], p.ids[0]);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_outbox WHERE state = 'seen' AND body = '{}'"),
	   1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE actor = 'user:ann' AND ((kind = "
			 "'outbox.again' AND customer = 'C-1') OR (kind = 'outbox.seen' AND "
			 "customer = 'C-2'))"),
	   2);
	world_close(&w);
}

/* ---- what has grown old ---- */

struct forget {
	int64_t before;
	char from[TOOL_FORGET];
};

static int forget_write(void *arg, struct store_db *db)
{
	struct forget *f = arg;
	return tool_forget(db, f->before, f->from);
}

static bool forget(struct world *w, struct forget *f)
{
	return !store_write(w->st, forget_write, f, NULL, nothing) && !store_flush(w->st);
}

TEST(tool_forget_blanks_old_results_and_keeps_the_key)
{
	struct world w;
	struct forget f = { .before = T_NOW };
	CHECK(world_open(&w, ""));
	struct tool_req r = world_req("purse_send", "{}");
	r.key = SV("old");
	EQ(world_call(&w, &r), TOOL_DONE);
	r.key = SV("new");
	r.now_ms = T_NOW + 1000;
	EQ(world_call(&w, &r), TOOL_DONE);
	CHECK(forget(&w, &f));
	STR_EQ(f.from, "old");
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_call WHERE result = '{}'"), 0);
	f = (struct forget){ .before = T_NOW + 500 };
	CHECK(forget(&w, &f));
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_call WHERE result = '{}' AND k = 'old' AND "
			 "outcome = 'done'"),
	   1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_call WHERE result = '{}'"), 1);
	CHECK(forget(&w, &f));
	STR_EQ(f.from, "");                  /* all were looked at: it begins again */
	r.key = SV("old");
	EQ(world_call(&w, &r), TOOL_DONE);   /* still one effect */
	CHECK(w.r->again && w.r->effect && w.r->say.n);
	EQ(world_kv(&w, "paid"), 2);
	world_close(&w);
}

static int many_calls(void *arg, struct store_db *db)
{
	return store_exec(
		db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
		    "i < 4500) INSERT INTO tool_call (k, name, args_print, outcome, result, "
		    "at_ms) SELECT 'k/' || i, 'x', 1, 'done', '{\"a\":1}', i FROM n");
}

TEST(tool_forget_goes_on_where_it_stopped)
{
	struct world w;
	struct forget f = { .before = 4001 };
	int rounds = 0;
	CHECK(world_open(&w, ""));
	CHECK(!store_write(w.st, many_calls, NULL, NULL, nothing));
	do
		CHECK(forget(&w, &f));
	while (f.from[0] && ++rounds < 10);
	EQ(rounds, 3);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_call WHERE result = '{}'"), 4000);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_call WHERE result = '{}' AND at_ms > 4000"), 0);
	world_close(&w);
}

static int dead_rows(void *arg, struct store_db *db)
{
	return store_exec(
		db, "INSERT INTO tool_outbox (pos, id, k, lane, kind, body, made_ms, state, why, "
		    "done_ms) VALUES (91, 'd1', 'k', 'l', 'sms', '{\"text\":\"your code\"}', 1, "
		    "'dead', 'x', 10), (92, 'd2', 'k', 'l', 'remote', '{\"args\":{\"a\":1},"
		    "\"tool\":\"purse_far\"}', 1, 'dead', 'x', 10), (93, 'd3', 'k', 'l', 'pay', "
		    "'{\"refund\":\"1\"}', 1, 'dead', 'x', 10), (94, 'd4', 'k', 'l', 'sms', "
		    "'{\"text\":\"new\"}', 1, 'dead', 'x', 90)");
}

/* What was given up long ago says nothing any more, but which tool it was; money is still owed. */
TEST(tool_forget_blanks_what_was_given_up)
{
	struct world w;
	struct forget f = { .before = 50 };
	CHECK(world_open(&w, ""));
	CHECK(!store_write(w.st, dead_rows, NULL, NULL, nothing));
	CHECK(forget(&w, &f));
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_outbox WHERE id = 'd1' AND body = '{}'"), 1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_outbox WHERE id = 'd2' AND body = "
			 "'{\"tool\":\"purse_far\"}'"), 1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_outbox WHERE id IN ('d3', 'd4') AND body <> "
			 "'{}'"), 2);
	EQ(tool_outbox_again(w.kit, SV("d1"), true, SV("ann"), T_NOW), ERR_STATE);
	EQ(tool_outbox_again(w.kit, SV("d2"), true, SV("ann"), T_NOW), ERR_STATE);
	OK(tool_outbox_again(w.kit, SV("d3"), true, SV("ann"), T_NOW));
	world_close(&w);
}

static int many_dead(void *arg, struct store_db *db)
{
	return store_exec(
		db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
		    "INSERT INTO tool_outbox (pos, id, k, lane, kind, body, made_ms, state, why, "
		    "done_ms) SELECT 100 + i, 'x' || i, 'k', 'l', 'remote', '{\"args\":{\"a\":1},"
		    "\"tool\":\"purse_far\"}', 1, 'dead', 'x', 10 FROM n");
}

/* Once a round and then all of them; in the middle of one nobody looks for them. */
TEST(tool_forget_blanks_all_calls_at_the_beginning_of_a_round)
{
	struct world w;
	struct forget f = { .before = 50, .from = "k/1" };
	const char *with = "SELECT COUNT(*) FROM tool_outbox WHERE body LIKE '%args%'";
	CHECK(world_open(&w, ""));
	CHECK(!store_write(w.st, many_dead, NULL, NULL, nothing));
	CHECK(forget(&w, &f));
	EQ(world_sql(&w, with), 200);
	STR_EQ(f.from, "");
	CHECK(forget(&w, &f));
	EQ(world_sql(&w, with), 0);
	world_close(&w);
}

TEST(tool_outbox_without_a_sender_leaves_messages)
{
	struct world w;
	size_t n;
	CHECK(world_open(&w, ""));
	EQ(spend(&w, "C-1"), TOOL_DONE);
	OK(tool_outbox_run(w.kit, NULL, NULL, &n));
	EQ(n, 0);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_outbox WHERE state = 'waiting'"), 1);
	world_close(&w);
}

/* ---- another system ---- */

TEST(tool_remote_effect_is_asked_with_its_key)
{
	struct world w;
	CHECK(world_open(&w, ""));
	struct tool_req r = world_req("purse_far", "{\"n\":1}");
	r.key = SV("far-1");
	EQ(world_call(&w, &r), TOOL_DONE);
	CHECK(w.r->effect);
	SV_EQ(jv_get_str(w.r->body, "there"), "yes");
	STR_EQ(w.far_key, "far-1");
	EQ(world_call(&w, &r), TOOL_DONE);
	CHECK(w.r->again);
	EQ(w.fars, 1);
	EQ(world_sql(&w,
		     "SELECT COUNT(*) FROM tool_outbox WHERE state = 'sent' AND body = '{}'"),
	   1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'tool.done'"), 1);
	world_close(&w);
}

TEST(tool_remote_effect_that_is_late_goes_on_from_the_outbox)
{
	struct world w;
	size_t n;
	CHECK(world_open(&w, ""));
	w.far_rc = ERR_TIMEOUT;
	struct tool_req r = world_req("purse_far", "{\"n\":1}");
	r.key = SV("far-2");
	EQ(world_call(&w, &r), TOOL_LATER);
	CHECK(!w.r->effect && w.r->say.n);
	EQ(world_call(&w, &r), TOOL_LATER);
	CHECK(w.r->again);
	EQ(w.fars, 1);
	w.far_rc = 0;
	clk_pin_wall(clk_wall_ms() + 5000);
	int rc = tool_outbox_run(w.kit, NULL, NULL, &n);
	clk_pin_wall(0);
	OK(rc);
	EQ(n, 1);
	EQ(w.fars, 2);
	STR_EQ(w.far_key, "far-2");
	EQ(world_call(&w, &r), TOOL_DONE);
	CHECK(w.r->again && w.r->effect);
	EQ(w.fars, 2);
	world_close(&w);
}

TEST(tool_remote_effect_that_is_refused_may_be_asked_again)
{
	struct world w;
	size_t n;
	CHECK(world_open(&w, ""));
	w.far_rc = ERR_INVAL;
	struct tool_req r = world_req("purse_far", "{\"n\":1}");
	r.key = SV("far-3");
	EQ(world_call(&w, &r), TOOL_FAILED);
	EQ(jv_len(w.r->body), 0);
	OK(tool_outbox_run(w.kit, NULL, NULL, &n));
	EQ(w.fars, 1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'alert'"), 0);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_outbox WHERE state = 'refused' AND body = "
			 "'{}'"), 1);
	w.far_rc = 0;
	EQ(world_call(&w, &r), TOOL_DONE);
	CHECK(!w.r->again);
	world_close(&w);
}

TEST(tool_remote_effect_survives_a_restart)
{
	struct world w;
	size_t n;
	char dir[200];
	(void)snprintf(dir, sizeof(dir), "%s", t_tmpdir());
	CHECK(world_open(&w, dir));
	w.far_rc = ERR_IO;
	struct tool_req r = world_req("purse_far", "{\"n\":7}");
	r.key = SV("far-4");
	EQ(world_call(&w, &r), TOOL_LATER);
	world_close(&w);
	CHECK(world_open(&w, dir));
	clk_pin_wall(clk_wall_ms() + 5000);
	int rc = tool_outbox_run(w.kit, NULL, NULL, &n);
	clk_pin_wall(0);
	OK(rc);
	EQ(w.fars, 1);
	EQ(n, 1);
	EQ(world_call(&w, &r), TOOL_DONE);
	CHECK(w.r->again);
	world_close(&w);
}

TEST(tool_remote_effect_of_a_tool_that_is_gone_is_dead)
{
	struct world w;
	size_t n;
	struct tool_file f = { "tools/none.yaml", SV("tools: []\n") };
	struct cfg_report rep = { 0 };
	struct tool_box *empty = NULL;
	CHECK(world_open(&w, ""));
	w.far_rc = ERR_IO;
	struct tool_req r = world_req("purse_far", "{\"n\":7}");
	EQ(world_call(&w, &r), TOOL_LATER);
	OK(tool_box_new(&empty, &f, 1, &rep));
	tool_kit_box(w.kit, empty);
	obj_unref(empty);
	clk_pin_wall(clk_wall_ms() + 5000);
	int rc = tool_outbox_run(w.kit, NULL, NULL, &n);
	clk_pin_wall(0);
	OK(rc);
	EQ(n, 0);
	EQ(w.fars, 1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_outbox WHERE state = 'dead'"), 1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'alert'"), 1);
	world_close(&w);
}
