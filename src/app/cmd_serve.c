/* cmd_serve.c: `callm demo` and `callm serve`: start, print the address, wait for the signal,
 * drain, stop. */
#include "app_company.h"
#include "app_history.h"
#include "app_int.h"
#include "api.h"
#include "guard_access.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Who may sign in, administrators first, as "lily, tom"; some of many. admin: may one of them
 * make users? */
static int put_users(const struct app_server *s, struct sb *out, bool *admin, struct err *e)
{
	jv *list = NULL;
	int n = 0, rc = api_user_list(app_server_store(s), &list, e);
	*admin = false;
	for (size_t i = 0; i < 2 * jv_len(list); i++) {
		const jv *u = jv_at(list, i % jv_len(list));
		bool is_admin = guard_may(app_server_access(s), jv_get_str(u, "role"),
					  "user.manage");
		if (jv_get_bool(u, "disabled", false) || is_admin != (i < jv_len(list)))
			continue;
		*admin |= is_admin;
		if (++n <= 5)
			sb_fmt(out, "%s" SV_FMT, n > 1 ? ", " : "",
			       SV_ARG(jv_get_str(u, "login")));
	}
	if (n > 5)
		sb_cstr(out, " ...");
	jv_free(list);
	return rc;
}

/* An administrator with a new password unless CALLM_ADMIN_PASSWORD sets one; anew: the demo's, at
 * each start. */
static int make_admin(struct store *st, bool anew, char out[64], struct err *e)
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
	const char *given = getenv("CALLM_ADMIN_PASSWORD");
	unsigned char raw[12];
	if (given && *given) {
		snprintf(out, 64, "%s", given);
	} else {
		rng_secure(raw, sizeof(raw));
		for (size_t i = 0; i < sizeof(raw); i++)
			out[i] = letters[raw[i] % (sizeof(letters) - 1)];
		out[sizeof(raw)] = '\0';
	}
	return api_user_put(st, SV("admin"), SV("Administrator"), SV("admin"), sv_of(out), anew, e);
}

/* Agents, a supervisor and a reviewer, who sign in with the administrator's password. */
static const struct {
	const char *login, *name, *role;
} demo_people[] = {
	{ "mei", "Mei", "agent" },	{ "tom", "Tom", "agent" },     { "xia", "Xia", "agent" },
	{ "lin", "Lin", "supervisor" }, { "qin", "Qin", "quality" },
};

static int demo_users(struct store *st, const char *password, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < sizeof(demo_people) / sizeof(*demo_people) && rc == 0; i++)
		rc = api_user_put(st, sv_of(demo_people[i].login), sv_of(demo_people[i].name),
				  sv_of(demo_people[i].role), sv_of(password), true, e);
	return rc;
}

static void put_listen(jv *over, const char *section, const char *value)
{
	if (!value)
		return;
	jv *o = jv_obj();
	jv_set_str(o, "listen", sv_of(value));
	jv_set(over, section, o);
}

static jv *overrides(const char *http, const char *sip, const char *llm, const char *llm_model)
{
	jv *over = jv_obj();
	put_listen(over, "http", http);
	if (sip && strcmp(sip, "off") == 0) {
		jv *o = jv_obj();
		jv_set_bool(o, "enabled", false);
		jv_set(over, "sip", o);
	} else {
		put_listen(over, "sip", sip);
	}
	if (llm) {
		jv *list = jv_arr(), *o = jv_obj();
		jv_set_str(o, "kind", SV("openai"));
		jv_set_str(o, "url", sv_of(llm));
		jv_set_str(o, "model", sv_of(llm_model));
		jv_push(list, o);
		jv_set(over, "llm", list);
	}
	return over;
}

static void print_ready(const struct app_server *s, bool demo, const char *password,
			const char *key, int64_t ms)
{
	int sip = app_server_sip_port(s), http = app_server_http_port(s);
	bool admin;
	struct sb users;
	sb_init(&users, LIM_SB);
	(void)put_users(s, &users, &admin, &(struct err){ 0 });
	printf("callm is running (%lld ms)\n", (long long)ms);
	printf("  console   http://127.0.0.1:%d/       sign in as %s", http,
	       password[0] ? "admin" : sb_str(&users));
	printf(password[0] ? ", one-time password %s\n" : "%s\n", password);
	sb_done(&users);
	if (demo)
		printf("  people    mei, tom, xia, lin, qin: agents, a supervisor, a reviewer; the "
		       "same password\n");
	printf("  chat      http://127.0.0.1:%d/chat\n  talk      http://127.0.0.1:%d/talk\n",
	       http, http);
	if (sip)
		printf("  telephone sip:service@127.0.0.1:%d\n", sip);
	if (app_server_asock_port(s))
		printf("  Asterisk  AudioSocket on port %d\n", app_server_asock_port(s));
	if (key[0])
		printf("  OpenAI    http://127.0.0.1:%d/v1     for its clients, key %s\n", http,
		       key);
	printf("stop with Ctrl-C\n");
	fflush(stdout);
}

static void wait_signal(struct app_server *s)
{
	const struct timespec second = { 1, 0 };
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	while (sigtimedwait(&set, NULL, &second) < 0)
		app_server_watch(s);
}

static void block_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int64_t calls(void)
{
	return metric_get(M_CALLS_ACTIVE) + metric_get(M_ASOCK_ACTIVE) +
	       metric_get(M_STREAM_ACTIVE);
}

/* No new calls; those that run have sip.drain_s to finish. */
static void drain(struct app_server *s, const jv *cfg)
{
	int64_t tenths = jv_get_int(jv_get(cfg, "sip"), "drain_s", 20) * 10;
	app_server_drain(s);
	for (int64_t i = 0; i < tenths && calls() > 0; i++) {
		struct timespec t = { 0, 100 * 1000000 };
		nanosleep(&t, NULL);
	}
}

/* ---- a made-up past ---- */

static bool on_day(void *arg, int64_t done, int64_t total)
{
	const bool *terminal = arg;
	char bar[41];
	if (!*terminal)
		return true;
	for (int i = 0; i < 40; i++)
		bar[i] = i < 40 * done / total ? '#' : '.';
	bar[40] = 0;
	printf("\rmaking up a history [%s] %3d %%%s", bar, (int)(100 * done / total),
	       done == total ? "\033[K\n" : "");
	fflush(stdout);
	return true;
}

/* Before the server opens, so that it finds the past as it finds any other. */
static int history(const char *data, const jv *company, int64_t days, struct err *e)
{
	bool terminal = isatty(1) == 1;
	const struct app_history_opts o = { .days = days, .progress = on_day, .arg = &terminal,
					    .zone = jv_get_str(company, "timezone").p };
	struct app_history_did did = { 0 };
	struct store *st;
	int rc = store_open(&st, &(struct store_opts){ .dir = data }, e);
	if (rc)
		return rc;
	rc = app_company_claim_open(data, SV_NULL, st, true, e);
	if (rc == 0 && !app_has_articles(st))
		rc = app_demo_import(st, NULL, e);
	if (rc == 0)
		rc = app_history_write(st, &o, &did, e);
	store_close(st);
	if (rc == 0 && !did.there)
		LOG(INFO, "history.written", "days=%lld conversations=%lld rows=%lld",
		    (long long)did.days, (long long)did.talks, (long long)did.rows);
	return rc;
}

/* The demo's people, each time anew; an administrator for a company that has none. */
static int people(struct app_server *s, bool demo, char password[64], struct err *e)
{
	struct store *st = app_server_store(s);
	bool admin;
	struct sb users;
	sb_init(&users, LIM_SB);
	int rc = put_users(s, &users, &admin, e);
	sb_done(&users);
	if (rc == 0 && (demo || !admin))
		rc = make_admin(st, demo, password, e);
	if (rc == ERR_EXISTS) {
		LOG(WARN, "users.no_admin", "nobody is an administrator: stop the server and make "
					    "one, callm user add LOGIN --role admin");
		password[0] = 0;
		rc = 0;
	}
	return rc == 0 && demo ? demo_users(st, password, e) : rc;
}

/* Whose name customers hear. */
static void tell_company(const jv *cfg, const jv *company, bool demo)
{
	struct err e = { 0 };
	sv file = jv_get_str(cfg, "company");
	if (file.n && app_company_whole(company, file, &e))
		LOG(WARN, "company.blank", "%s", e.msg);
	if (!file.n && !demo)
		LOG(WARN, "company.demo", APP_COMPANY_NONE);
}

/* days: of a made-up past, 0 = none. */
static int run(const jv *cfg, const char *data, bool demo, int64_t days, struct err *e)
{
	int64_t began = clk_mono_us();
	struct app_server *s;
	char password[64] = "", key[API_APIKEY_MAX] = "";
	jv *company = app_company_of(cfg, e);
	if (!company)
		return ERR_PARSE;
	tell_company(cfg, company, demo);
	int rc = days ? history(data, company, days, e) : 0;
	if (rc == 0)
		rc = app_server_open(&s, cfg, data, company, e);
	if (rc == 0) {
		rc = people(s, demo, password, e);
		if (rc == 0 && days)
			rc = app_history_rosters(app_server_store(s),
						 jv_get_str(company, "timezone").p, e);
		if (rc == 0 && demo)
			rc = api_apikey_put(app_server_store(s), SV("demo"), key, e);
		if (rc == 0) {
			print_ready(s, demo, password, key, (clk_mono_us() - began) / 1000);
			wait_signal(s);
			drain(s, cfg);
		}
		app_server_close(s);
	}
	jv_free(company);
	return rc;
}

static void set_log(const jv *cfg)
{
	enum log_level lv = LOG_LV_INFO;
	log_level_parse(jv_get_str(cfg, "log"), &lv);
	log_init(lv, LOG_FMT_AUTO, 2);
}

/* data: the folder as given, or NULL. */
static int run_in(const jv *cfg, const char *data, bool demo, int64_t days, struct err *e)
{
	struct sb dir;
	sv configured = jv_get_str(cfg, "data");
	int rc = 0;
	sb_init(&dir, 4096);
	if (days && jv_get_str(cfg, "company").n)
		rc = err_set(e, ERR_INVAL,
			     "a made-up history is of the demo company: leave out --history or the "
			     "file's company");
	if (rc == 0)
		rc = app_data_dir(data ? data : configured.n ? configured.p : NULL, &dir, e);
	if (rc == 0)
		rc = run(cfg, sb_str(&dir), demo, days, e);
	sb_done(&dir);
	return rc;
}

static int serve(int argc, char **argv, bool demo)
{
	const char *data = NULL, *http = NULL, *sip = NULL, *llm = NULL, *model = "default",
		   *path = NULL, *past = NULL;
	int64_t days = 0;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "data", CLI_STR, &data, "data folder" },
		{ "http", CLI_STR, &http,
		  "address:port of console, chat and API (127.0.0.1:8080)" },
		{ "sip", CLI_STR, &sip,
		  "address:port of the telephone (127.0.0.1:5060), or off" },
		{ "llm", CLI_STR, &llm, "an OpenAI-compatible endpoint, http://host:port/v1" },
		{ "model", CLI_STR, &model, "its model's name" },
		{ "config", CLI_STR, &path, "YAML file (-c)" },
		{ "history", CLI_STR, &past,
		  "with a made-up past of so many days, such as 90d; an empty data folder" },
	};
	const size_t n = sizeof(opts) / sizeof(*opts) - !demo;   /* the last is the demo's */
	struct err e = { 0 };
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-c") == 0)
			argv[i] = "--config";
	if (!cli_parse(argc, argv, opts, n, &rest, &status))
		return status;
	if (past && app_history_days(past, &days, &e))
		return cli_fail("%s", e.msg), 2;
	if (!demo && !path)
		return cli_fail("which configuration? callm serve --config callm.yaml (callm "
				"init writes one)"),
		       2;
	block_signals();
	jv *over = overrides(http, sip, llm, model);
	jv *cfg = app_config(path, over, demo);
	jv_free(over);
	if (!cfg)
		return 1;
	set_log(cfg);
	int rc = run_in(cfg, data, demo, days, &e);
	jv_free(cfg);
	return rc ? cli_fail("%s", e.msg) : 0;
}

int cmd_demo(int argc, char **argv)
{
	return serve(argc, argv, true);
}

int cmd_serve(int argc, char **argv)
{
	return serve(argc, argv, false);
}
