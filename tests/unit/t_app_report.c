/* Reports in the server: facts follow, what is due goes to the outbox once, a spreadsheet is
 * one. */
#include "app_company.h"
#include "app_int.h"
#include "app_report.h"
#include "t_insight_help.h"
#include <fcntl.h>
#include <unistd.h>
#ifdef CALLM_XLSX
#include "app_sheet.h"
#endif

struct made {
	struct iw w;
	struct pool *pool;
	struct app_report *r;
	jv *cfg;
};

static bool up(struct made *m)
{
	*m = (struct made){ .pool = pool_new_inline(), .cfg = jv_obj() };
	jv *report = jv_obj();
	jv_set_num(report, "agent_hour", 60);
	jv_set(m->cfg, "report", report);
	if (!iw_up(&m->w, 4))
		return false;
	const struct app_report_opts o = { .cfg = m->cfg, .zone = "Asia/Shanghai", .store = m->w.st,
					   .pool = m->pool };
	return app_report_open(&m->r, &o, NULL) == 0;
}

static void down(struct made *m)
{
	app_report_stop(m->r);
	pool_free(m->pool);
	app_report_close(m->r);
	iw_down(&m->w);
	jv_free(m->cfg);
}

static int sql(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

static int exec(struct made *m, const char *text)
{
	int rc = store_write(m->w.st, sql, (void *)(uintptr_t)text, NULL, NULL);
	return rc ? rc : store_flush(m->w.st);
}

TEST(app_report_follows_and_mails_once)
{
	struct made m;
	CHECK(up(&m));
	OK(iw_week(&m.w, 30));
	OK(exec(&m,
		"INSERT INTO ins_report (id, owner, name, body, every, at_min, mail, next_ms, "
		"updated_ms) "
		"VALUES "
		"('r1','lin','日报','{\"metrics\":[\"interactions\"],\"from\":\"2026-10-25\","
		"\"to\":"
		"\"2026-12-01\",\"lang\":\"zh\"}','day',480,'boss@example.com',1,1),"
		"('r2','lin','broken','{\"metrics\":[\"gone\"]}','week',480,'a@b.de',2,1)"));
	for (int i = 0; i < 200; i++)
		app_report_tick(m.r);
	EQ(iw_int(m.w.db, "SELECT sum(interactions) FROM ins_fact"), 30);
	EQ(iw_int(m.w.db, "SELECT count(*) FROM tool_outbox WHERE kind='email'"), 2);
	EQ(iw_int(m.w.db,
		  "SELECT count(*) FROM tool_outbox WHERE body LIKE '%日报%互动数%30%'"),
	   1);
	EQ(iw_int(m.w.db,
		  "SELECT count(*) FROM tool_outbox WHERE body LIKE '%boss@example.com%'"),
	   1);
	EQ(iw_int(m.w.db, "SELECT count(*) FROM tool_outbox WHERE body LIKE '%no metric%'"), 1);
	EQ(iw_int(m.w.db, "SELECT count(*) FROM ins_report WHERE sent_ms IS NOT NULL AND "
			  "next_ms>sent_ms"),
	   2);
	down(&m);
}

/* Customers of the last hour say one of two things. */
static void talks(struct iw *w)
{
	static const char *const said[] = { "where is my parcel", "the refund is not there" };
	w->now = clk_wall_ms() - 3600000;
	for (int i = 0; i < 24; i++) {
		(void)snprintf(w->talk, sizeof(w->talk), "n%02d", i);
		w->seq = 0;
		iw_row(w, true, "conversation.opened", "{\"channel\":\"webchat\"}");
		iw_row(w, true, "turn.customer", "{\"text\":\"%s\",\"intent\":\"x\"}", said[i % 2]);
	}
}

#define FOUND "SELECT count(*) FROM kv WHERE k='insight.topics'"

/* Topics are found beside the facts, not within their job, and once a day: also a server that was
 * not up at the hour finds them, one that begins again does not. */
TEST(app_report_topics_beside_the_facts)
{
	struct made m;
	CHECK(up(&m));
	talks(&m.w);
	OK(store_flush(m.w.st));
	for (int i = 0; i < 299; i++)
		app_report_tick(m.r);
	EQ(iw_int(m.w.db, "SELECT count(*) FROM ins_fact"), 24);
	EQ(iw_int(m.w.db, FOUND), 0);
	app_report_tick(m.r);
	for (int i = 0; i < 500 && iw_int(m.w.db, FOUND) != 1; i++)
		(void)usleep(10000);
	EQ(iw_int(m.w.db, FOUND), 1);
	app_report_close(m.r);
	int64_t then = iw_int(m.w.db, "SELECT updated_ms FROM kv WHERE k='insight.topics'");
	const struct app_report_opts o = { .cfg = m.cfg, .zone = "Asia/Shanghai", .store = m.w.st,
					   .pool = m.pool };
	OK(app_report_open(&m.r, &o, NULL));
	for (int i = 0; i < 301; i++)
		app_report_tick(m.r);
	app_report_close(m.r);       /* waits for what it began */
	m.r = NULL;
	EQ(iw_int(m.w.db, "SELECT updated_ms FROM kv WHERE k='insight.topics'"), then);
	down(&m);
}

TEST(app_report_stops_and_begins_nothing)
{
	struct made m;
	CHECK(up(&m));
	app_report_stop(m.r);
	OK(iw_week(&m.w, 3));
	for (int i = 0; i < 10; i++)
		app_report_tick(m.r);
	EQ(iw_int(m.w.db, "SELECT count(*) FROM ins_fact"), 0);
	NEAR(app_report_rates(m.cfg).agent_hour, 60, 1e-9);
	NEAR(app_report_rates(NULL).agent_hour, 0, 1e-9);
	down(&m);
}

/* ---- at the command line ---- */

/* One call of a minute that waited 30 s, in a company that promises 45 s and pays 60 an hour. */
static bool company(const char *dir)
{
	static const struct { const char *name, *text; } files[] = {
		{ "company.yaml", "timezone: Europe/Berlin\n" },
		{ "queues.yaml", "languages: [en]\nqueues:\n  - id: desk\n"
				 "    title: { en: Desk, zh: Desk }\n"
				 "    sl: { s: 45, pct: 80 }\n" },
	};
	char path[400], text[600];
	bool ok = true;
	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		ok = ok && file_write(path, sv_of(files[i].text), NULL) == 0;
	}
	(void)snprintf(path, sizeof(path), "%s/callm.yaml", dir);
	(void)snprintf(text, sizeof(text),
		       "company: %s/company.yaml\ndata: %s\nreport:\n  agent_hour: 60\n", dir, dir);
	ok = ok && file_write(path, sv_of(text), NULL) == 0;
	struct iw w = { .now = IW_BEGIN };
	ok = ok && store_open(&w.st, &(struct store_opts){ .dir = dir }, NULL) == 0;
	if (!ok)
		return false;
	iw_row(&w, false, "queue.entered", "{\"handover\":\"h\",\"conversation\":\"a\",\"queue\":"
	       "\"desk\"}");
	iw_row(&w, false, "queue.accepted", "{\"handover\":\"h\",\"conversation\":\"a\",\"queue\":"
	       "\"desk\",\"agent\":\"bo\",\"waited_ms\":30000}");
	iw_row(&w, false, "queue.ended", "{\"handover\":\"h\",\"conversation\":\"a\",\"queue\":"
	       "\"desk\",\"agent\":\"bo\",\"how\":\"ended\",\"talk_ms\":60000}");
	ok = store_flush(w.st) == 0;
	store_close(w.st);
	return ok;
}

/* What `callm report` says on stdout (1) or stderr (2), of a configuration's folder or this; its
 * exit status. */
static int report_on(int on, const char *dir, bool config, const char *filter, struct sb *out)
{
	char conf[400], to[400];
	(void)snprintf(conf, sizeof(conf), "%s%s", dir, config ? "/callm.yaml" : "");
	(void)snprintf(to, sizeof(to), "%s/out", dir);
	char *argv[] = { "report", config ? "--config" : "--data", conf, "--json", "--metrics",
			 "service_level,total_cost", "--from", "2026-11-01", "--to", "2026-11-03",
			 "--filter", (char *)(uintptr_t)filter };
	int was = dup(on), fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	(void)fflush(NULL);
	(void)dup2(fd, on);
	int rc = cmd_report(12, argv);
	(void)fflush(NULL);
	(void)dup2(was, on);
	(void)close(was);
	(void)close(fd);
	sb_reset(out);
	return file_read(to, LIM_SB, out, NULL) ? -1 : rc;
}

static int report(const char *dir, const char *filter, struct sb *out)
{
	return report_on(1, dir, true, filter, out);
}

TEST(app_report_by_hand_has_the_companys_rates_and_times)
{
	struct sb b;
	const char *dir = t_tmpdir();
	sb_init(&b, LIM_SB);
	CHECK(company(dir));
	OK(report(dir, "queue=desk", &b));
	HAS(sb_sv(&b), "\"total\":[100,1]");
	HAS(sb_sv(&b), "Europe/Berlin");
	OK(report(dir, "queue=other", &b));
	HAS(sb_sv(&b), "\"total\":[null,0]");
	EQ(report(dir, "desk", &b), 1);
	EQ(b.n, 0);
	sb_done(&b);
}

TEST(app_report_says_that_the_companys_file_is_not_there)
{
	struct sb b;
	char own[400];
	const char *dir = t_tmpdir();
	sb_init(&b, LIM_SB);
	CHECK(company(dir));
	(void)snprintf(own, sizeof(own), "%s/company.yaml", dir);
	OK(app_company_claim(dir, sv_of(own), NULL));
	OK(report_on(2, dir, false, "queue=desk", &b));
	EQ(b.n, 0);
	OK(unlink(own));
	OK(report_on(2, dir, false, "queue=desk", &b));
	HAS(sb_sv(&b), "company.yaml is not there");
	HAS(sb_sv(&b), "--config");
	OK(report_on(1, dir, false, "queue=desk", &b));
	HAS(sb_sv(&b), "UTC");
	sb_done(&b);
}

#ifdef CALLM_XLSX
TEST(app_report_a_spreadsheet_is_one)
{
	struct made m;
	struct sb b;
	CHECK(up(&m));
	OK(iw_week(&m.w, 30));
	OK(iw_fold(&m.w));
	sb_init(&b, 4u << 20);
	struct ins_table *t =
		iw_ask(&m.w, "{\"metrics\":[\"entered\",\"service_level\",\"asa\"],\"rows\":"
			     "[\"queue\"],\"from\":\"2026-10-25\",\"to\":\"2026-12-01\"}");
	OK(app_sheet(t, true, &b));
	CHECK(b.n > 2000);
	CHECK(sv_starts(sb_sv(&b), SV("PK\x03\x04")));
	HAS(sb_sv(&b), "xl/worksheets/sheet1.xml");
	ins_table_free(t);
	sb_done(&b);
	down(&m);
}
#endif
