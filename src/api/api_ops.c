/* api_ops.c: is it alive, is it well, how does it do: health, metrics, version, the API's own
 * description. */
#include "api_int.h"

#include <stdio.h>
#include <unistd.h>

extern const struct embed_file api_data_files[];
extern const size_t api_data_files_n;

void api_healthz(struct web_req *r, void *arg)
{
	web_reply(r, 200, "text/plain", SV("ok\n"), NULL);
}

void api_readyz(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct kb_index *ix = snap_get(a->o.kb);
	bool kb = ix != NULL;
	obj_unref(ix);
	struct err e = { 0 };
	bool db = !store_failed(a->o.store, &e);
	if (kb && db && !a->draining)
		web_reply(r, 200, "text/plain", SV("ready\n"), NULL);
	else
		api_problem(r, 503,
			    a->draining ? "draining" :
			    db          ? "the knowledge base is not ready" :
					  "the last write to the database failed");
}

void api_metrics(struct web_req *r, void *arg)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	metric_write(&b);
	web_reply(r, 200, "text/plain; version=0.0.4", sb_sv(&b), NULL);
	sb_done(&b);
}

void api_version(struct web_req *r, void *arg)
{
	jv *o = jv_obj();
	jv_set_str(o, "name", SV("callm"));
	jv_set_str(o, "version", SV(CALLM_VERSION));
	web_reply_json(r, 200, o);
}

void api_openapi(struct web_req *r, void *arg)
{
	const struct embed_file *f =
		embed_find(api_data_files, api_data_files_n, SV("openapi.json"));
	struct sb b;
	sb_init(&b, LIM_SB);
	if (f && embed_text(f, &b) == 0)
		web_reply(r, 200, "application/json", sb_sv(&b), NULL);
	else
		api_problem(r, 500, "The description is not in the program.");
	sb_done(&b);
}

static int64_t rss_bytes(void)
{
	struct sb b;
	sb_init(&b, 4096);
	int64_t pages = 0;
	if (file_read("/proc/self/statm", 4096, &b, NULL) == 0) {
		sv rest = sb_sv(&b), word;
		if (sv_cut(&rest, ' ', &word) && sv_cut(&rest, ' ', &word))
			sv_i64(word, &pages);
	}
	sb_done(&b);
	return pages * sysconf(_SC_PAGESIZE);
}

jv *api_gauges(struct api *a)
{
	double up_min = (double)(clk_wall_ms() - a->started_ms) / 60000.0;
	int64_t turns = metric_get(M_TURNS);
	jv *g = jv_obj();
	jv_set_int(g, "live_conversations", metric_get(M_CONV_LIVE));
	jv_set_int(g, "calls_active",
		   metric_get(M_CALLS_ACTIVE) + metric_get(M_ASOCK_ACTIVE) +
			   metric_get(M_STREAM_ACTIVE));
	jv_set_int(g, "turns_total", turns);
	jv_set_num(g, "turns_per_min", up_min > 0 ? (double)turns / (up_min < 1 ? 1 : up_min) : 0);
	jv_set_num(g, "turn_p50_ms", (double)metric_quantile_us(M_TURN_US, 0.5) / 1000.0);
	jv_set_num(g, "turn_p95_ms", (double)metric_quantile_us(M_TURN_US, 0.95) / 1000.0);
	jv_set_int(g, "rss_bytes", rss_bytes());
	jv_set_num(g, "loop_lag_p99_ms", (double)metric_quantile_us(M_LOOP_LAG_US, 0.99) / 1000.0);
	jv_set_int(g, "events_total", metric_get(M_EVENTS));
	jv_set_int(g, "kb_articles", metric_get(M_KB_ARTICLES));
	return g;
}

static void component(jv *list, const char *name, const char *status, const char *detail)
{
	jv *c = jv_obj();
	jv_set_str(c, "name", sv_of(name));
	jv_set_str(c, "status", sv_of(status));
	jv_set_str(c, "detail", sv_of(detail));
	jv_push(list, c);
}

static const char *worst(const jv *components)
{
	const char *w = "ok";
	for (size_t i = 0; i < jv_len(components); i++) {
		sv s = jv_get_str(jv_at(components, i), "status");
		if (sv_eq(s, SV("down")))
			return "down";
		if (sv_eq(s, SV("degraded")))
			w = "degraded";
	}
	return w;
}

void api_health(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "system.read", NULL))
		return;
	jv *list = jv_arr();
	struct err e = { 0 };
	bool failed = store_failed(a->o.store, &e);
	component(list, "database", failed ? "down" : "ok",
		  failed ? e.msg : "writes are on disk before they count");
	char text[64];
	snprintf(text, sizeof(text), "%lld articles", (long long)metric_get(M_KB_ARTICLES));
	component(list, "knowledge", metric_get(M_KB_ARTICLES) ? "ok" : "degraded", text);
	if (a->o.health)
		a->o.health(a->o.health_arg, list);
	jv *o = jv_obj();
	jv_set_str(o, "status", sv_of(worst(list)));
	jv_set_str(o, "version", SV(CALLM_VERSION));
	jv_set_int(o, "uptime_ms", clk_wall_ms() - a->started_ms);
	jv *company = jv_obj();
	jv *name = jv_get(a->o.company, "name");
	jv_set(company, "name", name ? jv_copy(name) : jv_obj());
	jv_set(o, "company", company);
	jv_set(o, "components", list);
	jv_set(o, "gauges", api_gauges(a));
	web_reply_json(r, 200, o);
}
