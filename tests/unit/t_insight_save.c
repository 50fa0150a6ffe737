/* Saved reports: who sees and changes what, what is refused, when one is due. */
#include "t_insight_help.h"
#include "ins_report_save.h"

struct put {
	const char *id, *json, *login;
	int64_t version, now;
	bool all, drop;
	char made[27];
	struct err e;
	int rc;
};

static int run_put(void *arg, struct store_db *db)
{
	struct put *p = arg;
	const struct ins_saver by = { sv_of(p->login), p->all, p->now };
	jv *o = jv_parse(sv_of(p->json), NULL);
	p->rc = p->drop ? ins_saved_drop(db, sv_of(p->id), p->version, &by) :
			  ins_saved_put(db, sv_of(p->id), o, p->version, &by, "Asia/Shanghai",
					p->made, &p->e);
	jv_free(o);
	return p->rc;
}

static int put(struct iw *w, struct put *p)
{
	int rc = store_write(w->st, run_put, p, NULL, NULL);
	if (rc == 0)
		rc = store_flush(w->st);
	return rc ? rc : p->rc;
}

#define BODY "\"body\":{\"metrics\":[\"aht\"],\"rows\":[\"queue\"]}"
#define DAILY \
	"{\"name\":\"Daily\",\"every\":\"day\",\"at\":\"07:30\",\"mail\":\"boss@example." \
	"com\"," BODY "}"

TEST(insight_saved_reports_are_ones_own_or_shared)
{
	struct iw w;
	CHECK(iw_up(&w, 1));
	struct put p = {
		"", "{\"name\":\"Mine\"," BODY "}", "lin", 0, IW_BEGIN, false, false, "", { 0 },
		0
	};
	OK(put(&w, &p));
	char id[27];
	int64_t version = 0;
	struct sb b;
	memcpy(id, p.made, sizeof(id));
	sb_init(&b, LIM_SB);
	OK(ins_saved_get(w.db, sv_of(id), SV("lin"), false, &version, &b));
	EQ(version, 1);
	HAS(sb_sv(&b), "\"next_at\":null");
	EQ(ins_saved_get(w.db, sv_of(id), SV("qin"), false, &version, &b), ERR_NOTFOUND);
	OK(ins_saved_get(w.db, sv_of(id), SV("qin"), true, &version, &b));
	/* shared: others read it, and only its owner or an administrator changes it */
	p = (struct put){ id,       "{\"name\":\"Ours\",\"shared\":true," BODY "}",
			  "lin",    1,
			  IW_BEGIN, false,
			  false,    "",
			  { 0 },    0 };
	OK(put(&w, &p));
	OK(ins_saved_get(w.db, sv_of(id), SV("qin"), false, &version, &b));
	EQ(version, 2);
	EQ(put(&w, &p), ERR_CONFLICT);
	p.version = 0;
	p.login = "qin";
	EQ(put(&w, &p), ERR_NOTFOUND);
	p.drop = true;
	EQ(put(&w, &p), ERR_NOTFOUND);
	p.all = true;
	p.version = 1;
	EQ(put(&w, &p), ERR_CONFLICT);
	p.version = 2;
	OK(put(&w, &p));
	EQ(iw_int(w.db, "SELECT count(*) FROM ins_report"), 0);
	sb_done(&b);
	iw_down(&w);
}

TEST(insight_saved_reports_with_faults_are_refused)
{
	static const struct {
		const char *json, *says;
	} bad[] = {
		{ "{" BODY "}", "name" },
		{ "{\"name\":\"x\",\"body\":{\"metrics\":[\"nothing\"]}}", "no metric" },
		{ "{\"name\":\"x\",\"every\":\"hour\"," BODY "}", "every" },
		{ "{\"name\":\"x\",\"every\":\"day\",\"at\":\"24:00\",\"mail\":\"a@b.de\"," BODY
		  "}",
		  "at is" },
		{ "{\"name\":\"x\",\"every\":\"day\",\"mail\":\"a@b.de, c@d.de\"," BODY "}",
		  "mail" },
		{ "{\"name\":\"x\",\"every\":\"day\"," BODY "}", "mail" },
		{ "{\"name\":\"x\",\"every\":\"day\",\"mail\":\"b***@shop.example\"," BODY "}",
		  "mail" },
		{ "{\"name\":\"x\",\"every\":\"week\",\"weekday\":8,\"mail\":\"a@b.de\"," BODY
		  "}",
		  "weekday" },
	};
	struct iw w;
	CHECK(iw_up(&w, 1));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct put p = { "", bad[i].json, "lin", 0, IW_BEGIN, false, false, "", { 0 }, 0 };
		EQ(put(&w, &p), ERR_INVAL);
		HAS(sv_of(p.e.msg), bad[i].says);
	}
	EQ(iw_int(w.db, "SELECT count(*) FROM ins_report"), 0);
	iw_down(&w);
}

static int run_sql(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

struct sent {
	struct ins_due *d;
	int64_t now;
	bool went;
	int rc;
};

static int run_sent(void *arg, struct store_db *db)
{
	struct sent *s = arg;
	return s->rc = ins_saved_sent(db, s->d, s->now, "Asia/Shanghai", &s->went);
}

/* 07:30 in Shanghai is 23:30 of the day before: due once a day, late once, never twice. */
TEST(insight_a_daily_report_is_due_once_a_day)
{
	struct iw w;
	struct arena a;
	struct ins_due d;
	int64_t at = IW_BEGIN + 23 * 3600000 + 30 * IW_MIN;
	CHECK(iw_up(&w, 1));
	arena_init(&a, LIM_SB);
	struct put p = { "", DAILY, "lin", 0, IW_BEGIN, false, false, "", { 0 }, 0 };
	OK(put(&w, &p));
	EQ(ins_saved_due(w.db, at - 1, &a, &d), 0);
	EQ(ins_saved_due(w.db, at, &a, &d), 1);
	SV_EQ(d.mail, "boss@example.com");
	struct sent s = { &d, at + 3 * INS_DAY_MS, false, 0 }; /* the server was off */
	OK(store_write(w.st, run_sent, &s, NULL, NULL));
	OK(store_write(w.st, run_sent, &s, NULL, NULL));
	OK(store_flush(w.st));
	CHECK(!s.went);              /* the second time */
	EQ(iw_int(w.db, "SELECT next_ms FROM ins_report"), at + 4 * INS_DAY_MS);
	EQ(ins_saved_due(w.db, s.now, &a, &d), 0);
	arena_done(&a);
	iw_down(&w);
}

TEST(insight_a_weekly_report_is_due_on_its_day)
{
	struct iw w;
	CHECK(iw_up(&w, 1));
	struct put p = {
		"",
		"{\"name\":\"W\",\"every\":\"week\",\"weekday\":3,\"at\":\"09:00\",\"mail\":"
		"\"a@b.de\"," BODY "}",
		"lin",
		0,
		IW_BEGIN,
		false,
		false,
		"",
		{ 0 },
		0
	};
	OK(put(&w, &p));
	/* 2026-11-04 is a Wednesday; 09:00 there is 01:00 UTC */
	EQ(iw_int(w.db, "SELECT next_ms FROM ins_report"), IW_BEGIN + 3 * INS_DAY_MS + 3600000);
	iw_down(&w);
}

/* Who may not sign in any more gets no more mail; let in again, what was missed comes once. */
TEST(insight_reports_of_disabled_users_are_not_due)
{
	static char *const sql[] = {
		"INSERT INTO users (login, role, password_hash, created_ms, updated_ms) VALUES "
		"('lin','supervisor','x',1,1)",
		"UPDATE users SET disabled=1",
		"UPDATE users SET disabled=0",
	};
	struct iw w;
	struct arena a;
	struct ins_due d;
	CHECK(iw_up(&w, 1));
	arena_init(&a, LIM_SB);
	struct put p = { "", DAILY, "lin", 0, IW_BEGIN, false, false, "", { 0 }, 0 };
	OK(put(&w, &p));
	for (int i = 0; i < 3; i++) {
		OK(store_write(w.st, run_sql, sql[i], NULL, NULL));
		OK(store_flush(w.st));
		EQ(ins_saved_due(w.db, IW_BEGIN + INS_DAY_MS, &a, &d), i != 1);
	}
	arena_done(&a);
	iw_down(&w);
}
