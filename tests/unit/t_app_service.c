/* t_app_service.c: service as the server puts it together: messages and payments go to the
 * providers of the configuration, results are forgotten, decisions name the version that was
 * published, and what cannot work is told before a start. */
#include "t_tool_http.h"
#include "app_int.h"
#include "app_service.h"
#include "policy_rules.h"
#include "tool.h"

struct house {
	struct store *st;
	struct pool *pool;
	struct app_service *s;
	jv *cfg;
	char dir[300];
};

static bool house_open(struct house *x, const char *cfg)
{
	struct err e = { 0 };
	*x = (struct house){ .cfg = jv_parse(sv_of(cfg), NULL) };
	(void)snprintf(x->dir, sizeof(x->dir), "%s", t_tmpdir());
	struct store_opts so = { .dir = x->dir, .group_ms = -1 };
	if (!x->cfg || store_open(&x->st, &so, &e))
		return false;
	x->pool = pool_new(2, 0);
	struct app_service_opts o = { .cfg = x->cfg, .data = x->dir, .store = x->st,
				      .pool = x->pool };
	if (app_service_open(&x->s, &o, &e))
		printf("# %s\n", e.msg);
	return x->s != NULL;
}

static void house_close(struct house *x)
{
	app_service_stop(x->s);
	pool_free(x->pool);
	app_service_close(x->s);
	store_close(x->st);
	jv_free(x->cfg);
}

static int64_t number(struct house *x, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	if (store_flush(x->st) || store_reader(x->st, &db) || store_prep(db, &q, sql))
		return -1;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

/* Ticks until the number is what it should be; the outbox runs on workers. */
static bool until(struct house *x, const char *sql, int64_t want)
{
	struct timespec nap = { 0, 20 * 1000000L };
	for (int i = 0; i < 500 && number(x, sql) != want; i++) {
		app_service_tick(x->s);
		nanosleep(&nap, NULL);
	}
	return number(x, sql) == want;
}

static int cancel(struct house *x, uint64_t print, struct tool_res **ret)
{
	struct tool_req r = { .name = SV("order_cancel"),
			      .args = SV("{\"order\":\"HH2026-100428\"}"),
			      .key = SV("k/1"),
			      .confirmed = print,
			      .now_ms = clk_wall_ms(),
			      .who = { .customer = SV("c008"), .level = TOOL_KNOWN,
				       .conversation = SV("conv"), .actor = SV("bot"),
				       .lang = SV("en") } };
	return tool_call(app_service_kit(x->s), &r, ret);
}

#define OK_ANSWER "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"

TEST(app_service_pays_and_writes_through_its_providers)
{
	static const char *const a[] = { OK_ANSWER };
	struct http h;
	struct house x;
	struct tool_res *res = NULL;
	char cfg[600];
	CHECK(http_open(&h, a, 1));
	(void)snprintf(cfg, sizeof(cfg),
		       "{\"sms\":{\"url\":\"http://127.0.0.1:%d/sms\",\"body\":\"{to}|{text}\"},"
		       "\"pay\":{\"url\":\"http://127.0.0.1:%d/pay\",\"body\":\"{refund} {amount} "
		       "{currency} {payment}\"}}",
		       h.port, h.port);
	CHECK(house_open(&x, cfg));
	OK(cancel(&x, 0, &res));
	EQ(res->outcome, TOOL_CONFIRM);
	uint64_t print = res->print;
	obj_unref(res);
	OK(cancel(&x, print, &res));
	EQ(res->outcome, TOOL_DONE);
	obj_unref(res);
	CHECK(until(&x, "SELECT count(*) FROM shop_refund WHERE order_id='HH2026-100428' AND "
			"state='paid'", 1));
	CHECK(until(&x, "SELECT count(*) FROM tool_outbox WHERE state='sent'", 3));
	pthread_mutex_lock(&h.lock);
	sv all = sb_sv(&h.seen);
	bool paid = sv_find(all, SV("POST /pay HTTP/1.1")) >= 0 &&
		    sv_find(all, SV("500001 1375 CNY")) >= 0;
	bool told = sv_find(all, SV("POST /sms HTTP/1.1")) >= 0 && sv_find(all, SV("+86")) >= 0 &&
		    sv_find(all, SV("is on its way: 1,375 yuan")) >= 0;
	pthread_mutex_unlock(&h.lock);
	CHECK(paid);
	CHECK(told);
	EQ(number(&x, "SELECT count(*) FROM event WHERE kind='refund.paid'"), 1);
	char path[400];
	(void)snprintf(path, sizeof(path), "%s/messages", x.dir);
	CHECK(!file_exists(path));           /* nothing is written out when somebody carries it */
	house_close(&x);
	http_close(&h);
}

static int old_result(void *arg, struct store_db *db)
{
	return store_exec(db, "INSERT INTO tool_call (k, name, args_print, outcome, result, at_ms) "
			      "VALUES ('old','x',1,'done','{\"a\":1}',1), "
			      "('new','x',1,'done','{\"a\":1}',99999999999999)");
}

TEST(app_service_forgets_results_after_the_time_it_is_told)
{
	static const char *const cfgs[] = { "{\"retention\":{\"tool_results_days\":0}}",
					    "{\"retention\":{\"tool_results_days\":30}}" };
	for (int i = 0; i < 2; i++) {
		struct house x;
		CHECK(house_open(&x, cfgs[i]));
		if (i == 0)                  /* the second looks at what the first has left */
			OK(store_write(x.st, old_result, NULL, NULL, NULL));
		OK(store_flush(x.st));
		app_service_tick(x.s);
		EQ(number(&x, "SELECT count(*) FROM tool_call WHERE result='{}' AND k='old'"), i);
		EQ(number(&x, "SELECT count(*) FROM tool_call WHERE result<>'{}' AND k='new'"), 1);
		house_close(&x);
	}
}

/* ---- versions ---- */

struct published {
	const char *text;
	int version;
};

static int publish(void *arg, struct store_db *db)
{
	struct published *p = arg;
	struct store_stmt *q;
	int rc = store_exec(db, "UPDATE document SET state='retired'");
	if (rc == 0)
		rc = store_prep(db, &q,
				"INSERT INTO document (kind, id, version, state, text, note, "
				"by_login, at_ms) VALUES "
				"('rules','cancel',?1,'published',?2,'','t',1)");
	if (rc)
		return rc;
	store_bind_int(q, 1, p->version);
	store_bind_sv(q, 2, sv_of(p->text));
	return store_run(q);
}

static int64_t decided_by(struct house *x)
{
	struct policy_rules *r = tool_kit_rules_now(app_service_kit(x->s));
	jv *f = jv_parse(SV("{\"state\":\"placed\"}"), NULL), *d = NULL;
	int64_t v = policy_decide(r, SV("cancel"), f, &d) ? -1 : jv_get_int(d, "version", -1);
	jv_free(f);
	jv_free(d);
	obj_unref(r);
	return v;
}

/* A record that says "table cancel, version 7" means the seventh version kept, whatever number
 * stands in its text. */
TEST(app_service_decides_by_the_version_that_was_published)
{
	struct house x;
	struct sb text;
	struct cfg_report rep = { 0 };
	CHECK(house_open(&x, "{}"));
	sb_init(&text, 1u << 20);
	OK(app_service_text(x.s, SV("rules"), SV("cancel"), &text));
	EQ(decided_by(&x), 1);               /* the company's own file */
	struct published p = { sb_str(&text), 7 };
	OK(store_write(x.st, publish, &p, NULL, NULL));
	OK(store_flush(x.st));
	OK(app_service_apply(x.s, SV("rules"), SV("cancel"), sb_sv(&text), false, &rep));
	EQ(decided_by(&x), 7);
	/* the same after a restart */
	app_service_stop(x.s);
	app_service_close(x.s);
	struct app_service_opts o = { .cfg = x.cfg, .data = x.dir, .store = x.st, .pool = x.pool };
	struct err e = { 0 };
	OK(app_service_open(&x.s, &o, &e));
	EQ(decided_by(&x), 7);
	cfg_report_done(&rep);
	sb_done(&text);
	house_close(&x);
}

/* ---- configuration ---- */

TEST(app_config_of_providers_is_checked)
{
	static const struct {
		const char *cfg;
		bool fits;
	} rows[] = {
		{ "{}", true },
		{ "{\"mail\":{\"host\":\"smtp.x\",\"from\":\"a@b.cn\"}}", true },
		{ "{\"mail\":{\"host\":\"smtp.x\"}}", false },
		{ "{\"sms\":{\"url\":\"https://x/\",\"body\":\"{to}\"}}", true },
		{ "{\"sms\":{\"url\":\"https://x/\"}}", false },
		{ "{\"mail\":{\"host\":\"smtp.x\",\"from\":\"a@b.cn\",\"tls\":\"some\"}}",
		  false },
		{ "{\"mail\":{\"host\":\"smtp.x\",\"from\":\"a@b.cn\",\"port\":0}}", false },
		{ "{\"retention\":{\"tool_results_days\":-1}}", false },
		{ "{\"pay\":{\"url\":\"gopher://x/\",\"body\":\"x\"}}", false },
		{ "{\"sms\":{\"url\":\"https://x/\",\"body\":\"x\",\"ca_file\":\"/no/such\"}}",
		  false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		jv *over = jv_parse(sv_of(rows[i].cfg), NULL);
		jv *cfg = app_config(NULL, over, true);
		bool fits = cfg != NULL;
		jv_free(cfg);
		jv_free(over);
		EQ(fits, rows[i].fits);
	}
}
