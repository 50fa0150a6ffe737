/* cmd_models.c: `callm models`: the weights: list, pull, verify, use.
 *
 * Ctrl-C ends a pull between two pieces; what has come stays and the next pull goes on there. On a
 * terminal one line shows bar, rate and rest; elsewhere plain lines at every quarter. */
#include "app_int.h"
#include "weights.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { BAR = 24, SHOWN_US = 200000, ENTRIES_MAX = 200 };

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = 1;
}

static bool stop(void *arg)
{
	return interrupted;
}

/* ---- list ---- */

static const char *megabytes(int64_t bytes, char out[24])
{
	(void)snprintf(out, 24, "%.1f MB", (double)bytes / 1e6);
	return out;
}

static void languages_of(const jv *o, char *out, size_t cap)
{
	const jv *list = jv_get(o, "languages");
	struct sb b;
	sb_init(&b, cap - 1);
	for (size_t i = 0; i < jv_len(list); i++) {
		sv l = jv_as_str(jv_at(list, i));
		sb_fmt(&b, "%s" SV_FMT, i ? "," : "", SV_ARG(l));
	}
	(void)snprintf(out, cap, "%s", strcmp(sb_str(&b), "*") == 0 ? "many" : sb_str(&b));
	sb_done(&b);
}

static void print_item(const jv *o)
{
	char down[24], disk[24], langs[64];
	sv state = jv_get_str(o, "state");
	languages_of(o, langs, sizeof(langs));
	printf("%c%-16.40s %-8s %-9s %10s %10s %6lld MB  %-20s %s\n",
	       jv_get_bool(o, "chosen", false) ? '*' :
	       jv_get_bool(o, "default", false) ? '+' : ' ',
	       jv_get_str(o, "name").p, jv_get_str(o, "role").p, state.p,
	       megabytes(jv_get_int(o, "download_bytes", 0), down),
	       megabytes(jv_get_int(o, "disk_bytes", 0), disk),
	       (long long)jv_get_int(o, "memory_mb", 0), jv_get_str(o, "licence").p, langs);
	if (jv_get_str(o, "error").n)
		printf("    %s\n", jv_get_str(o, "error").p);
}

static int models_list(const struct weights *w, bool json)
{
	jv *list = jv_arr();
	weights_list(w, NULL, list);
	if (!json)
		printf(" %-16s %-8s %-9s %10s %10s %9s  %-20s %s\n", "name", "role", "state",
		       "download", "disk", "memory", "licence", "languages");
	for (size_t i = 0; i < jv_len(list); i++) {
		if (json)
			cli_print_json(jv_copy(jv_at(list, i)));
		else
			print_item(jv_at(list, i));
	}
	if (!json)
		printf("* chosen, + part of the default set; they lie in %s\n", weights_folder(w));
	jv_free(list);
	return 0;
}

/* ---- pull ---- */

struct show {
	bool terminal, begun;
	enum weights_state state;
	int64_t began_us, shown_us, first; /* bytes that were there at the beginning */
	int quarter;
};

static void draw(const struct show *s, const struct weights_item *it, int64_t done,
		 int64_t total, int64_t now)
{
	char bar[BAR + 1];
	double seconds = (double)(now - s->began_us) / 1e6;
	double rate = seconds > 0.5 ? (double)(done - s->first) / seconds : 0;
	int64_t rest = rate > 1 ? (int64_t)((double)(total - done) / rate) + 1 : 0;
	int fill = total > 0 ? (int)(BAR * done / total) : 0;
	for (int i = 0; i < BAR; i++)
		bar[i] = i < fill ? '#' : '.';
	bar[BAR] = 0;
	printf("\r%-16.40s [%s] %3d %% %7.1f/%.1f MB", it->name, bar,
	       total > 0 ? (int)(100 * done / total) : 0, (double)done / 1e6,
	       (double)total / 1e6);
	if (rate > 1 && done < total)
		printf("  %6.1f MB/s  %lld:%02lld left\033[K", rate / 1e6, (long long)rest / 60,
		       (long long)rest % 60);
	else
		printf("\033[K");
	fflush(stdout);
}

static void say_line(struct show *s, const struct weights_item *it, int64_t done, int64_t total)
{
	int quarter = total > 0 ? (int)(4 * done / total) : 0;
	if (quarter == s->quarter)
		return;
	s->quarter = quarter;
	printf("%s: %d %% of %.1f MB\n", it->name, 25 * quarter, (double)total / 1e6);
	fflush(stdout);
}

static void on_state(struct show *s, const struct weights_item *it, enum weights_state state)
{
	const char *text = state == WEIGHTS_WAITING   ? "another callm is pulling it; waiting" :
			   state == WEIGHTS_PREPARING ? "unpacking" :
							NULL;
	if (!text)
		return;
	printf(s->terminal ? "\r%-16.40s %s\033[K" : "%s: %s\n", it->name, text);
	fflush(stdout);
}

static void on_progress(void *arg, const struct weights_item *it, enum weights_state state,
			int64_t done, int64_t total)
{
	struct show *s = arg;
	int64_t now = clk_mono_us();
	if (!s->begun || s->state != state) {
		s->begun = true;
		s->state = state;
		s->began_us = now;
		s->first = done;
		s->quarter = 0;
		s->shown_us = 0;
		on_state(s, it, state);
	}
	if (state != WEIGHTS_DOWNLOADING)
		return;
	if (!s->terminal) {
		say_line(s, it, done, total);
	} else if (now - s->shown_us > SHOWN_US) {
		s->shown_us = now;
		draw(s, it, done, total, now);
	}
}

static int pull_one(const struct weights *w, const struct weights_item *it, bool terminal)
{
	struct show s = { .terminal = terminal };
	const struct weights_watch watch = { .on_progress = on_progress, .stop = stop, .arg = &s };
	struct err e = { 0 };
	char size[24];
	if (weights_look(w, it, NULL) == WEIGHTS_READY) {
		printf("%s: ready\n", it->name);
		return 0;
	}
	if (!terminal)
		printf("%s: %s, licence %s\n", it->name, megabytes(it->download_bytes, size),
		       it->licence);
	int64_t began = clk_mono_us();
	int rc = weights_pull(w, it, &watch, &e);
	if (terminal)
		printf("\r\033[K");
	if (rc)
		return cli_fail("%s", e.msg);
	printf("%s: ready (%s, %.1f s)\n", it->name, megabytes(it->download_bytes, size),
	       (double)(clk_mono_us() - began) / 1e6);
	fflush(stdout);
	return 0;
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
}

static int models_pull(const struct weights *w, const char *const *names, size_t n)
{
	const struct weights_item *plan[ENTRIES_MAX];
	struct err e = { 0 };
	size_t k = 0;
	int bad = 0;
	if (weights_plan(w, names, n, plan, ENTRIES_MAX, &k, &e))
		return cli_fail("%s", e.msg);
	catch_signals();
	for (size_t i = 0; i < k && !interrupted; i++)
		bad |= pull_one(w, plan[i], isatty(1));
	return bad || interrupted;
}

/* ---- verify, use ---- */

static int verify_one(const struct weights *w, const struct weights_item *it, bool named,
		      int *seen)
{
	const struct weights_watch watch = { .stop = stop };
	struct err e = { 0 };
	int rc = weights_verify(w, it, &watch, &e);
	if (rc == ERR_NOTFOUND && !named)
		return 0;
	++*seen;
	if (rc)
		return cli_fail("%s", e.msg);
	printf("%s: fine\n", it->name);
	fflush(stdout);
	return 0;
}

static int models_verify(const struct weights *w, const char *const *names, size_t n)
{
	const struct weights_item *plan[ENTRIES_MAX];
	struct err e = { 0 };
	size_t k = 0;
	int bad = 0, seen = 0;
	if (n && weights_plan(w, names, n, plan, ENTRIES_MAX, &k, &e))
		return cli_fail("%s", e.msg);
	catch_signals();
	for (; !n && k < weights_count(w) && k < ENTRIES_MAX; k++)
		plan[k] = weights_at(w, k);
	for (size_t i = 0; i < k && !interrupted; i++)
		bad |= verify_one(w, plan[i], n > 0, &seen);
	if (!seen && !interrupted)
		return cli_fail("nothing is installed in %s; callm models pull", weights_folder(w));
	return bad || interrupted;
}

static int models_use(const struct weights *w, const char *role, const char *name)
{
	struct err e = { 0 };
	if (weights_use(w, sv_of(role), sv_of(name), &e))
		return cli_fail("%s", e.msg);
	printf("%s: %s\n", role, name);
	return 0;
}

static int models_do(const struct weights *w, const char *verb, char **argv, int n, bool json)
{
	if (strcmp(verb, "pull") == 0)
		return models_pull(w, (const char *const *)argv, (size_t)n);
	if (strcmp(verb, "verify") == 0)
		return models_verify(w, (const char *const *)argv, (size_t)n);
	if (strcmp(verb, "use") == 0)
		return models_use(w, argv[0], argv[1]);
	return models_list(w, json);
}

static bool verb_ok(const char *verb, int n)
{
	if (strcmp(verb, "use") == 0)
		return n == 2;
	if (strcmp(verb, "list") == 0)
		return n == 0;
	return strcmp(verb, "pull") == 0 || strcmp(verb, "verify") == 0;
}

int cmd_models(int argc, char **argv)
{
	const char *data = NULL, *registry = NULL;
	bool json = false;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &json, "list: one JSON object a line" },
		{ "registry", CLI_STR, &registry, "one more file of entries" },
		{ "data", CLI_STR, &data, "data folder (choices, models.yaml)" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	const char *verb = rest < argc ? argv[rest++] : "";
	if (!verb_ok(verb, argc - rest))
		return cli_fail("models what? list, pull [NAME...], verify [NAME...] or use ROLE "
				"NAME; see callm models --help"),
		       2;
	struct err e = { 0 };
	struct sb dir;
	struct weights *w = NULL;
	sb_init(&dir, 4096);
	int rc = app_data_dir(data, &dir, &e);
	struct weights_opts o = { .data = sb_str(&dir), .registry = registry };
	if (!rc)
		rc = weights_open(&w, &o, &e);
	sb_done(&dir);
	if (rc)
		return cli_fail("%s", e.msg);
	rc = models_do(w, verb, argv + rest, argc - rest, json);
	weights_close(w);
	return rc;
}
