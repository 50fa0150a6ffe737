/* t_learn_night.c: nights in a small world: a better model is promoted, an equal or a worse one
 * is not, poisoned labels are refused, a night that was killed leaves what was in use, one goes
 * back. */
#include <stdio.h>
#include <unistd.h>

#include "learn_model.h"
#include "learn_night.h"
#include "t.h"

#define NOW (INT64_C(1794000000000))     /* a November */
#define DAY INT64_C(86400000)
enum { EPOCHS = 5 };                     /* of so few rows enough, and quick */

/* Three intents; customers say them in the words of the shipped rows, or in their own. */
static const char *const names[3] = { "refund", "invoice", "delivery" };
static const char *const known[3][2] = { { "refund", "money" },
					 { "invoice", "receipt" },
					 { "parcel", "courier" } };
static const char *const own_words[3][2] = { { "cashback", "dosh" },
					     { "docket", "chit" },
					     { "bundle", "lorry" } };
static const char *const fill[] = { "please", "i", "want", "the", "now", "help", "my", "about" };

struct world {
	char dir[200];
	struct store *st;
	struct store_db *db;
	struct rng rng;
	struct sb shipped, anchors, own;
	int conversation;
	int stop_after, asked;       /* stopped() is true after so many questions; 0 = never */
	int slow_ms;                 /* the first question takes so long */
	bool spoil, seen;            /* another's write fails beside the promotion; a candidate */
	sv live;                     /* of the last promotion */
	int lives;
};

static void sentence(struct world *w, const char *const words[3][2], int k, char out[100])
{
	const char *f[4];
	for (int i = 0; i < 4; i++)
		f[i] = fill[rng_below(&w->rng, 8)];
	snprintf(out, 100, "%s %s %s %s %s", f[0], f[1], words[k][rng_below(&w->rng, 2)], f[2],
		 f[3]);
}

static void put_rows(struct world *w, struct sb *b, int n)
{
	char text[100];
	for (int i = 0; i < n; i++) {
		sentence(w, known, i % 3, text);
		sb_fmt(b, "%s\t%s\n", names[i % 3], text);
	}
	for (int i = 0; i < n / 6; i++)
		sb_fmt(b, "oos\tsing %d songs of the sea and the sky\n", i);
}

static void train_own(struct world *w)
{
	struct feel_rows rows;
	struct feel_train how = { .kind = FEEL_INTENT, .seed = 3, .threads = 2, .epochs = EPOCHS };
	struct err e = { 0 };
	char path[300];
	snprintf(path, sizeof(path), "%s/own.bin", w->dir);
	OK(feel_rows_parse(&rows, sb_sv(&w->shipped), "made", FEEL_INTENT, &e));
	OK(feel_train(&rows, &how, path, NULL, &e));
	OK(file_read(path, 64u << 20, &w->own, &e));
	feel_rows_done(&rows);
}

static void up(struct world *w, const char *name)
{
	struct err e = { 0 };
	*w = (struct world){ 0 };
	snprintf(w->dir, sizeof(w->dir), "%s/%s", t_tmpdir(), name);
	OK(store_open(&w->st, &(struct store_opts){ .dir = w->dir, .group_ms = -1 }, &e));
	OK(store_reader(w->st, &w->db));
	rng_seed(&w->rng, 7);
	sb_init(&w->shipped, LIM_SB);
	sb_init(&w->anchors, LIM_SB);
	sb_init(&w->own, 64u << 20);
	put_rows(w, &w->shipped, 60);
	put_rows(w, &w->anchors, 45);
	train_own(w);
}

static void down(struct world *w)
{
	store_close(w->st);
	sb_done(&w->shipped);
	sb_done(&w->anchors);
	sb_done(&w->own);
}

/* ---- labelled turns ---- */

struct turn {
	struct world *w;
	char text[100];
	const char *label;
	int64_t ts_ms;
	int rc;
};

static int turn_write(void *arg, struct store_db *db)
{
	struct turn *t = arg;
	struct store_stmt *q;
	char id[30], body[200], key[60], v[100];
	snprintf(id, sizeof(id), "c%07d", t->w->conversation / 2);       /* two turns each */
	int64_t seq = 2 + t->w->conversation % 2;
	snprintf(body, sizeof(body), "{\"text\":\"%s\",\"intent\":\"refund\"}", t->text);
	snprintf(key, sizeof(key), "label/%s/%lld", id, (long long)seq);
	snprintf(v, sizeof(v), "{\"label\":\"%s\",\"by\":\"lin\",\"at_ms\":1}", t->label);
	struct store_event ev = { .conversation = sv_of(id), .seq = seq, .ts_ms = t->ts_ms,
				  .kind = SV("turn.customer"), .actor = SV("customer"),
				  .body = sv_of(body) };
	t->rc = store_event_put(db, &ev);
	if (t->rc == 0)
		t->rc = store_prep(db, &q, "INSERT INTO kv (k, v, updated_ms) VALUES (?1,?2,1)");
	if (t->rc)
		return t->rc;
	store_bind_sv(q, 1, sv_of(key));
	store_bind_sv(q, 2, sv_of(v));
	return t->rc = store_run(q);
}

/* n turns a day of the last days, days_ago from on down to `to`; label_of k: what is said of it. */
static void label_days(struct world *w, const char *const words[3][2], const int label_of[3],
		       int from, int to, int n)
{
	for (int ago = from; ago >= to; ago--)
		for (int i = 0; i < n; i++, w->conversation++) {
			int k = (int)rng_below(&w->rng, 3);
			struct turn t = { .w = w, .label = names[label_of[k]],
					  .ts_ms = NOW - ago * DAY };
			sentence(w, words, k, t.text);
			OK(store_write(w->st, turn_write, &t, NULL, NULL));
			OK(store_flush(w->st));
			OK(t.rc);
		}
}
static const int truth[3] = { 0, 1, 2 };

/* ---- a night ---- */

static int see(void *arg, const char *path)
{
	struct world *w = arg;
	w->seen = w->seen || strstr(path, "intent-") != NULL;
	return 0;
}

/* Another room's write: it is under way while the candidate is promoted, and its group fails. */
static int spoil_write(void *arg, struct store_db *db)
{
	struct world *w = arg;
	char dir[300];
	snprintf(dir, sizeof(dir), "%s/models/night", w->dir);
	for (int i = 0; i < 10000 && !w->seen; i++) {
		(void)usleep(2000);
		if (file_exists(dir))
			(void)file_walk(dir, see, w);
	}
	(void)usleep(800000);
	return store_exec(db, "INSERT OR ROLLBACK INTO learn_night (id, state, began_ms) SELECT "
			      "id, state, began_ms FROM learn_night LIMIT 1");
}

static bool stopped(void *arg)
{
	struct world *w = arg;
	if (w->slow_ms) {
		(void)usleep(1000u * (unsigned)w->slow_ms);
		w->slow_ms = 0;
	}
	if (w->spoil) {
		w->spoil = false;
		ASSERT(store_write(w->st, spoil_write, w, NULL, NULL) == 0);
	}
	return w->stop_after && ++w->asked > w->stop_after;
}

static void on_live(void *arg, sv name, struct feel_task *t)
{
	struct world *w = arg;
	w->lives++;
	CHECK(t && feel_task_kind(t) == FEEL_INTENT && sv_eq(name, SV("intent")));
}

static struct learn_night_opts opts_of(struct world *w)
{
	return (struct learn_night_opts){ .store = w->st, .data = w->dir, .now_ms = NOW,
					  .shipped = sb_sv(&w->shipped),
					  .anchors = sb_sv(&w->anchors), .own = sb_sv(&w->own),
					  .epochs = EPOCHS, .threads = 2, .stopped = stopped,
					  .live = on_live, .arg = w };
}

static jv *night(struct world *w)
{
	struct learn_night_opts o = opts_of(w);
	struct err e = { 0 };
	jv *ret = NULL;
	int rc = learn_night_run(&ret, &o, &e);
	if (rc)
		printf("night: %s: %s\n", err_text(rc), e.msg);
	return ret;
}

static sv why(const jv *night, size_t i)
{
	return jv_get_str(jv_at(jv_get(night, "items"), i), "why");
}

static int64_t count(struct world *w, const char *sql)
{
	struct store_stmt *q;
	int64_t n = -1;
	if (store_prep(w->db, &q, sql))
		return -1;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

static int64_t live_version(struct world *w)
{
	struct learn_model m = { .version = 0 };
	struct arena a;
	arena_init(&a, LIM_ARENA_BIG);
	int rc = learn_model_live(w->db, SV("intent"), &m, &a);
	arena_done(&a);
	return rc == ERR_NOTFOUND ? 0 : rc ? -1 : m.version;
}

static bool in_report(struct world *w, const jv *night, bool zh, const char *text)
{
	char path[400];
	struct sb b;
	sb_init(&b, LIM_SB);
	int rc = learn_report_path(w->dir, jv_get_str(night, "id"), zh, true, path, sizeof(path));
	if (rc == 0)
		rc = file_read(path, LIM_SB, &b, NULL);
	bool there = rc == 0 && sv_find(sb_sv(&b), sv_of(text)) >= 0;
	sb_done(&b);
	return there;
}

struct back {
	int64_t to;
	int rc;
};

static int back_write(void *arg, struct store_db *db)
{
	struct back *b = arg;
	return b->rc = learn_model_back(db, SV("intent"), SV("lin"), NOW, &b->to);
}

static int go_back(struct world *w, int64_t *to)
{
	struct back b = { .to = -1 };
	int rc = store_write(w->st, back_write, &b, NULL, NULL);
	(void)store_flush(w->st);
	*to = b.to;
	return rc ? rc : b.rc;
}

TEST(learn_night_promotes_what_is_better_and_goes_back)
{
	struct world w;
	int64_t to;
	struct err e = { 0 };
	struct feel_task *t;
	up(&w, "better");
	label_days(&w, own_words, truth, 10, 1, 13);
	struct learn_night_opts dry = opts_of(&w);
	jv *n = NULL;
	dry.dry = true;
	OK(learn_night_run(&n, &dry, &e));
	SV_EQ(why(n, 0), "better");
	EQ(count(&w, "SELECT COUNT(*) FROM learn_model"), 0);
	EQ(count(&w, "SELECT COUNT(*) FROM event WHERE kind LIKE 'night%'"), 0);
	EQ(w.lives, 0);
	jv_free(n);

	n = night(&w);
	const jv *item = jv_at(jv_get(n, "items"), 0);
	SV_EQ(why(n, 0), "better");
	CHECK(!jv_get_bool(item, "kept", true));
	SV_EQ(jv_get_str(item, "old"), "shipped");
	SV_EQ(jv_get_str(item, "new"), "1");
	CHECK(jv_get_num(item, "lower", 0) > 0.2);
	CHECK(jv_get_int(item, "held", 0) >= 30 && jv_get_int(item, "days", 0) == 10);
	EQ(live_version(&w), 1);
	EQ(w.lives, 1);
	EQ(count(&w, "SELECT COUNT(*) FROM event WHERE kind='night.began'"), 1);
	EQ(count(&w, "SELECT COUNT(*) FROM event WHERE kind='night.result'"),
	   (int64_t)jv_len(jv_get(n, "items")));
	EQ(count(&w, "SELECT COUNT(*) FROM event WHERE kind='night.ended'"), 1);
	EQ(count(&w, "SELECT COUNT(*) FROM learn_night WHERE state='done'"), 1);
	CHECK(in_report(&w, n, false, "<svg") && in_report(&w, n, false, "in use from now on"));
	CHECK(in_report(&w, n, true, "新模型确实更好"));
	CHECK(!in_report(&w, n, false, "cashback") && !in_report(&w, n, false, "lin"));
	OK(learn_model_load(w.db, w.dir, SV("intent"), NULL, &t, &e));
	CHECK(t != NULL);
	feel_task_unref(t);
	jv_free(n);

	n = night(&w); /* what is learned already is not learned again */
	SV_EQ(why(n, 0), "no_better");
	EQ(live_version(&w), 1);
	jv_free(n);
	OK(go_back(&w, &to));
	EQ(to, 0);
	EQ(live_version(&w), 0);
	EQ(go_back(&w, &to), ERR_NOTFOUND);
	down(&w);
}

TEST(learn_night_keeps_the_old_one_when_labels_teach_nothing)
{
	struct world w;
	static const int noise[3] = { 1, 2, 0 };
	up(&w, "equal");
	label_days(&w, known, truth, 6, 1, 16);
	jv *n = night(&w);
	SV_EQ(why(n, 0), "no_better");
	EQ(live_version(&w), 0);
	EQ(w.lives, 0);
	CHECK(in_report(&w, n, true, "继续使用旧模型"));
	jv_free(n);
	/* labelled wrongly at first, rightly on the days that are held back */
	label_days(&w, known, noise, 60, 50, 12);
	n = night(&w);
	SV_EQ(why(n, 0), "no_better");
	CHECK(jv_get_num(jv_at(jv_get(n, "items"), 0), "diff", 0) < 0);
	EQ(live_version(&w), 0);
	jv_free(n);
	down(&w);
}

TEST(learn_night_refuses_poisoned_labels)
{
	struct world w;
	static const int poison[3] = { 1, 1, 2 };        /* refunds are said to be invoices */
	up(&w, "poison");
	label_days(&w, known, poison, 10, 1, 16);
	jv *n = night(&w);
	const jv *item = jv_at(jv_get(n, "items"), 0);
	SV_EQ(why(n, 0), "lost_intent");
	SV_EQ(jv_get_str(item, "lost"), "refund");
	CHECK(jv_get_num(item, "lower", 0) > 0); /* on the held-back days it looks better */
	EQ(live_version(&w), 0);
	CHECK(in_report(&w, n, false, "refund"));
	jv_free(n);
	down(&w);
}

TEST(learn_night_tells_why_nothing_is_tried)
{
	struct world w;
	up(&w, "few");
	jv *n = night(&w);
	SV_EQ(why(n, 0), "no_labels");
	jv_free(n);
	label_days(&w, known, truth, 1, 1, 10);
	n = night(&w);
	SV_EQ(why(n, 0), "one_day");
	jv_free(n);
	label_days(&w, known, truth, 2, 2, 10);
	n = night(&w);
	SV_EQ(why(n, 0), "few_rows");
	EQ(jv_get_int(jv_at(jv_get(n, "items"), 0), "labelled", 0), 20);
	jv_free(n);
	down(&w);
}

TEST(learn_night_rows_have_the_time_of_their_writing)
{
	struct world w;
	struct err e = { 0 };
	jv *n = NULL;
	up(&w, "time");
	struct learn_night_opts o = opts_of(&w);
	o.now_ms = 0;
	w.slow_ms = 30;
	OK(learn_night_run(&n, &o, &e));
	CHECK(jv_len(jv_get(n, "items")) > 0);
	EQ(count(&w, "SELECT COUNT(*) FROM event WHERE kind IN ('night.result', 'night.ended') AND "
		     "ts_ms >= (SELECT ts_ms + 30 FROM event WHERE kind='night.began')"),
	   (int64_t)jv_len(jv_get(n, "items")) + 1);
	jv_free(n);
	down(&w);
}

/* ---- a night that does not come to its end ---- */

static int kill_write(void *arg, struct store_db *db)
{
	struct learn_model m = { .name = SV("intent"), .file = SV("models/night/half.bin"),
				 .made_ms = NOW };
	int rc = store_exec(db, "INSERT INTO learn_night (id, state, began_ms) VALUES "
				"('01ARZ3NDEKTSV4RRFFQ69G5FAV','running',1)");
	return rc ? rc : learn_model_put(db, &m);
}

TEST(learn_night_that_was_killed_leaves_the_old_model)
{
	struct world w;
	struct err e = { 0 };
	char half[300], stray[300];
	up(&w, "killed");
	label_days(&w, own_words, truth, 10, 1, 13);
	snprintf(half, sizeof(half), "%s/models/night", w.dir);
	OK(file_mkdirs(half, &e));
	snprintf(half, sizeof(half), "%s/models/night/half.bin", w.dir);
	snprintf(stray, sizeof(stray), "%s/models/night/stray.bin", w.dir);
	OK(file_write(half, SV("half"), &e));
	OK(file_write(stray, SV("stray"), &e));
	OK(store_write(w.st, kill_write, NULL, NULL, NULL));
	OK(store_flush(w.st));
	EQ(live_version(&w), 0);
	/* stopped in the middle of training */
	w.stop_after = 133;
	struct learn_night_opts o = opts_of(&w);
	jv *n = NULL;
	EQ(learn_night_run(&n, &o, &e), ERR_CANCELED);
	CHECK(!n);
	EQ(live_version(&w), 0);
	CHECK(!file_exists(half) && !file_exists(stray));
	EQ(count(&w, "SELECT COUNT(*) FROM learn_night WHERE state='broken'"), 1);
	EQ(count(&w, "SELECT COUNT(*) FROM learn_night WHERE state='stopped'"), 1);
	EQ(count(&w, "SELECT COUNT(*) FROM learn_model WHERE state='candidate'"), 0);
	w.stop_after = 0;
	n = night(&w);
	SV_EQ(why(n, 0), "better");
	EQ(live_version(&w), 2);
	EQ(count(&w, "SELECT COUNT(*) FROM learn_night WHERE state='running'"), 0);
	jv_free(n);
	/* a live file that is not as it was is not read */
	char path[300];
	struct feel_task *t = NULL;
	struct store_stmt *q;
	OK(store_prep(w.db, &q, "SELECT file FROM learn_model WHERE state='live'"));
	EQ(store_step(q), 1);
	snprintf(path, sizeof(path), "%s/" SV_FMT, w.dir, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	OK(file_write(path, SV("another"), &e));
	EQ(learn_model_load(w.db, w.dir, SV("intent"), NULL, &t, &e), ERR_CORRUPT);
	HAS(sv_of(e.msg), "not the file that was promoted");
	down(&w);
}

/* A write that reached the disk though another's failed: the row's file stays. */
TEST(learn_night_keeps_the_file_of_a_live_model)
{
	struct world w;
	struct store_stmt *q;
	char path[300];
	up(&w, "spoiled");
	label_days(&w, own_words, truth, 10, 1, 13);
	w.spoil = true;
	jv *n = night(&w);
	SV_EQ(why(n, 0), "better");
	EQ(w.lives, 1);
	EQ(live_version(&w), 1);
	OK(store_prep(w.db, &q, "SELECT file FROM learn_model WHERE state='live'"));
	EQ(store_step(q), 1);
	snprintf(path, sizeof(path), "%s/" SV_FMT, w.dir, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	CHECK(file_exists(path));
	jv_free(n);
	down(&w);
}

/* ---- forecasts ---- */

/* Forty days of a queue, 24 half hours a day with 3 calls, 6 on every seventh day. */
static int facts_write(void *arg, struct store_db *db)
{
	char sql[700];
	int64_t first = NOW / DAY - 40;
	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<5759) "
		 "INSERT INTO ins_fact (id, kind, day, start_ms, queue, channel, entered) SELECT "
		 "'f'||i, 1, %lld+i/144, (%lld+i/144)*86400000+28800000+(i%%144)/6*1800000, "
		 "'sales', 'phone', 1 FROM n WHERE i%%6<3 OR (i/144)%%7=0",
		 (long long)first, (long long)first);
	int rc = store_exec(db, sql);
	return rc ? rc : store_exec(db, "INSERT INTO ins_day (day, stale) SELECT DISTINCT day, 1 "
					"FROM ins_fact");
}

/* And a queue with a call a day for its first fifteen days, then none. */
static int rare_write(void *arg, struct store_db *db)
{
	char sql[500];
	long long first = NOW / DAY - 40;
	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<14) "
		 "INSERT INTO ins_fact (id, kind, day, start_ms, queue, channel, entered) SELECT "
		 "'r'||i, 1, %lld+i, (%lld+i)*86400000+28800000, 'vip', 'phone', 1 FROM n",
		 first, first);
	int rc = store_exec(db, sql);
	return rc ? rc : facts_write(arg, db);
}

TEST(learn_night_forecasts_nothing_of_few)
{
	struct world w;
	up(&w, "rare");
	OK(store_write(w.st, rare_write, NULL, NULL, NULL));
	OK(store_flush(w.st));
	jv *n = night(&w);
	const jv *item = jv_at(jv_get(n, "items"), 4);
	SV_EQ(jv_get_str(item, "name"), "forecast/queue/vip");
	SV_EQ(jv_get_str(item, "why"), "few_counts");
	CHECK(in_report(&w, n, true, "每天的量太少"));
	jv_free(n);
	down(&w);
}

/* One model cannot be written down; every seventh day nobody is there, yesterday neither. */
static int spoiled_write(void *arg, struct store_db *db)
{
	char sql[300];
	int rc = facts_write(arg, db);
	snprintf(sql, sizeof(sql), "DELETE FROM ins_fact WHERE (%lld-day)%%7=0",
		 (long long)(NOW / DAY - 1));
	if (rc == 0)
		rc = store_exec(db, sql);
	if (rc == 0)
		rc = store_exec(
			db, "INSERT INTO ins_fact (id, kind, day, start_ms, queue, channel, "
			    "entered) SELECT 'o'||id, 1, day, start_ms, 'orders', 'phone', 1 "
			    "FROM ins_fact WHERE (start_ms/1800000)%3>0");
	if (rc == 0)
		rc = store_exec(db, "CREATE TRIGGER no_sales BEFORE INSERT ON learn_model WHEN "
				    "NEW.name='forecast/queue/sales' BEGIN SELECT RAISE(ABORT, "
				    "'no'); END");
	return rc;
}

TEST(learn_night_goes_on_behind_a_series_that_fails)
{
	struct world w;
	up(&w, "series");
	OK(store_write(w.st, spoiled_write, NULL, NULL, NULL));
	OK(store_flush(w.st));
	jv *n = night(&w);
	const jv *item = jv_at(jv_get(n, "items"), 3);
	SV_EQ(jv_get_str(item, "name"), "forecast/queue/sales");
	SV_EQ(jv_get_str(item, "task"), "forecast");
	SV_EQ(jv_get_str(item, "why"), "failed");
	item = jv_at(jv_get(n, "items"), 4);
	SV_EQ(jv_get_str(item, "name"), "forecast/queue/orders");
	SV_EQ(jv_get_str(item, "why"), "chosen");
	/* days without anybody are none without calls, the last one neither */
	EQ(count(&w, "SELECT rows FROM learn_model WHERE name='forecast/queue/orders'"), 34);
	EQ(count(&w, "SELECT to_day FROM learn_model WHERE name='forecast/queue/orders'"),
	   NOW / DAY - 1);
	jv_free(n);
	down(&w);
}

TEST(learn_night_records_the_best_forecast)
{
	struct world w;
	up(&w, "cast");
	OK(store_write(w.st, facts_write, NULL, NULL, NULL));
	OK(store_flush(w.st));
	jv *n = night(&w);
	const jv *item = jv_at(jv_get(n, "items"), 3);
	SV_EQ(jv_get_str(item, "name"), "forecast/queue/sales");
	SV_EQ(jv_get_str(item, "why"), "chosen");
	CHECK(jv_len(jv_get(item, "wape")) >= 4);
	CHECK(jv_get_num(jv_get(item, "next"), "mean", 0) > 60);
	SV_EQ(jv_get_str(jv_get(item, "next"), "date"), "2026-11-06");
	CHECK(in_report(&w, n, true, "话务预测"));
	jv_free(n);
	n = night(&w);
	SV_EQ(jv_get_str(jv_at(jv_get(n, "items"), 3), "why"), "best_yet");
	EQ(count(&w, "SELECT COUNT(*) FROM learn_model WHERE state='live'"), 1);
	jv_free(n);
	down(&w);
}

TEST(learn_report_names_the_page_of_roll_outs)
{
	jv *n = jv_parse(SV("{\"items\":[{\"name\":\"strategy/upset\",\"task\":\"policy\","
			    "\"why\":\"way_better\",\"kept\":true}]}"), NULL);
	static const char *const says[2][2] = { { "roll-out goes on by itself", "Learning" },
						{ "试行会自动继续", "“学习”页面" } };
	struct sb b;
	sb_init(&b, LIM_SB);
	for (int zh = 0; zh < 2; zh++) {
		sb_reset(&b);
		learn_report_put(n, zh, false, &b);
		HAS(sb_sv(&b), says[zh][0]);
		HAS(sb_sv(&b), says[zh][1]);
	}
	sb_done(&b);
	jv_free(n);
}
