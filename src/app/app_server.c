/* app_server.c: one process from its rooms: store, knowledge, shards, door, telephone, in that
 * order; and down again in the order that lets every thread finish what others may still post
 * to it.
 *
 * The main thread owns this struct. */
#include "app_int.h"
#include "app_voice.h"
#include "api.h"

#include <stdio.h>
#include <unistd.h>

#define IDLE_CHAT_MS (30 * 60 * 1000)

extern const struct embed_file ui_files[];
extern const size_t ui_files_n;

struct app_server {
	const jv *cfg;
	char data[4096];
	struct store *store;
	struct pool *pool;
	struct snap *kb;
	struct talk_texts *texts;
	struct talk_hub *hub;
	struct api *api;
	struct snap *door;           /* of struct door, for the shards */
	struct app_voice *voice;
	struct web_asset *assets;
	bool store_bad;              /* what the log says */
	struct model_spec llm[4];
	struct sb secrets[4];
	size_t n_llm;
	int64_t fallbacks, fallback_ms; /* seen by the door */
};

/* ---- pieces ---- */

static int server_llms(struct app_server *s, struct err *e)
{
	jv *list = jv_get(s->cfg, "llm");
	if (jv_len(list) > 4)
		return err_set(e, ERR_FULL, "llm: at most 4 models");
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *x = jv_at(list, i);
		sv key = jv_get_str(x, "key");
		sb_init(&s->secrets[i], 8192);
		int rc = key.n ? cfg_secret(key, &s->secrets[i], e) : 0;
		if (rc)
			return rc;
		s->llm[i] = (struct model_spec){
			.kind = jv_get_str(x, "kind").p, .url = jv_get_str(x, "url").p,
			.model = jv_get_str(x, "model").p, .dialect = jv_get_str(x, "dialect").p,
			.key = s->secrets[i].n ? sb_str(&s->secrets[i]) : NULL,
			.script = jv_get(x, "script"),
		};
		s->n_llm++;
	}
	return 0;
}

/* chat.html is served as /chat; only the console keeps its file name (index.html, found at /). */
static char *asset_path(sv file)
{
	struct sb b;
	sb_init(&b, 1024);
	bool page = sv_ends(file, SV(".html")) && !sv_eq(file, SV("index.html"));
	sb_fmt(&b, "/" SV_FMT, SV_ARG(sv_slice(file, 0, page ? file.n - 5 : file.n)));
	char *path = xstrdup(sb_sv(&b));
	sb_done(&b);
	return path;
}

static void server_assets(struct app_server *s)
{
	s->assets = xalloc(sizeof(*s->assets) * (ui_files_n + 1));
	for (size_t i = 0; i < ui_files_n; i++) {
		const struct embed_file *f = &ui_files[i];
		char *path = asset_path(sv_of(f->path));
		s->assets[i] = (struct web_asset){ .path = path,
						   .mime = f->mime,
						   .gz = f->gz,
						   .gz_len = f->gz_len,
						   .raw_len = f->raw_len,
						   .etag = f->etag };
	}
}

int app_listen(sv text, char host[64], int *port, struct err *e)
{
	ptrdiff_t colon = -1;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == ':')
			colon = (ptrdiff_t)i;
	int64_t p;
	if (colon <= 0 || colon > 60 || sv_i64(sv_slice(text, (size_t)colon + 1, text.n), &p) ||
	    p < 0 || p > 65535)
		return err_set(e, ERR_INVAL,
			       "\"" SV_FMT
			       "\" is not an address and port such as 127.0.0.1:8080",
			       SV_ARG(text));
	sv at = sv_slice(text, 0, (size_t)colon);
	if (sv_starts(at, SV("[")) && sv_ends(at, SV("]")))     /* [::1]:8080 */
		at = sv_slice(at, 1, at.n - 1);
	snprintf(host, 64, SV_FMT, SV_ARG(at));
	*port = (int)p;
	return 0;
}

/* A few hundred milliseconds for some hundred articles: done before the door opens, so that the
 * first customer is answered. */
static int server_index(struct app_server *s, struct err *e)
{
	struct kb_index *ix;
	int rc = app_index(s->store, &ix, e);
	if (rc)
		return rc;
	rc = app_voice_learn(s->voice, ix, s->store, e);
	snap_publish(s->kb, ix);
	return rc;
}

/* The door opens after the shards stand: until then nobody looks on. */
struct door {                        /* an obj */
	struct api *api;
};

static void on_feed(void *arg, sv id, sv event_json, sv conv_json)
{
	struct app_server *s = arg;
	struct door *d = snap_get(s->door);
	if (d)
		api_feed(d->api, id, event_json, conv_json);
	obj_unref(d);
}

static int on_shard(void *arg, struct talk_hub *hub, struct talk_shard *shard, bool up)
{
	struct app_server *s = arg;
	return app_voice_shard(s->voice, hub, s->texts, shard, up);
}

#define FALLBACK_FRESH_MS (5 * 60 * 1000)

/* A model that failed turns in the last minutes is not well, whatever it says itself. Door's
 * thread. */
static jv *llm_health(struct app_server *s)
{
	char text[128];
	int64_t failed = metric_get(M_MODEL_FALLBACK), now = clk_mono_us() / 1000;
	if (failed > s->fallbacks)
		s->fallback_ms = now;
	s->fallbacks = failed;
	bool ill = s->fallback_ms && now - s->fallback_ms < FALLBACK_FRESH_MS;
	if (ill)
		snprintf(text, sizeof(text),
			 "%lld turns fell back to the built-in engine, some just now",
			 (long long)failed);
	else if (s->n_llm)
		snprintf(text, sizeof(text), "%zu configured, the built-in engine behind them",
			 s->n_llm);
	else
		snprintf(text, sizeof(text), "none configured: the built-in engine answers");
	jv *c = jv_obj();
	jv_set_str(c, "name", SV("llm"));
	jv_set_str(c, "status", ill ? SV("degraded") : SV("ok"));
	jv_set_str(c, "detail", sv_of(text));
	return c;
}

static void on_health(void *arg, jv *components)
{
	struct app_server *s = arg;
	app_voice_health(s->voice, components);
	jv_push(components, llm_health(s));
}

/* ---- up ---- */

/* Calls that died with an earlier process, chats nobody came back to. */
static int close_left(struct app_server *s, struct err *e)
{
	size_t n;
	int rc = talk_close_left(s->store, clk_wall_ms(), IDLE_CHAT_MS, &n);
	if (rc && !store_failed(s->store, e))
		return err_set(e, rc, "conversations of the last run cannot be closed: %s",
			       err_text(rc));
	if (n)
		LOG(INFO, "start.closed", "conversations=%zu left open by the last run", n);
	return rc;
}

static int server_store(struct app_server *s, bool demo, struct err *e)
{
	struct store_opts so = { .dir = s->data };
	int rc = store_open(&s->store, &so, e);
	if (rc == 0 && demo && !app_has_articles(s->store))
		rc = app_demo_import(s->store, NULL, e);
	return rc ? rc : close_left(s, e);
}

static int server_hub(struct app_server *s, const jv *company, struct err *e)
{
	int rc = talk_texts_new(&s->texts, company, e);
	if (rc)
		return rc;
	struct talk_opts o = {
		.shards = (int)jv_get_int(s->cfg, "shards", 0),
		.store = s->store,
		.kb = s->kb,
		.pool = s->pool,
		.texts = s->texts,
		.llm = s->llm,
		.n_llm = s->n_llm,
		.feed = { on_feed, s },
		.on_shard = on_shard,
		.on_shard_arg = s,
		.voice_lang = jv_as_str(jv_path(s->cfg, "sip.language")).p,
	};
	return talk_hub_open(&s->hub, &o, e);
}

static int server_door(struct app_server *s, const jv *company, struct err *e)
{
	char host[64];
	int port;
	const jv *http = jv_get(s->cfg, "http");
	int rc = app_listen(jv_get_str(http, "listen"), host, &port, e);
	if (rc)
		return rc;
	server_assets(s);
	struct api_opts o = {
		.host = host,
		.port = port,
		.data_dir = s->data,
		.store = s->store,
		.pool = s->pool,
		.hub = s->hub,
		.kb = s->kb,
		.company = company,
		.assets = s->assets,
		.n_assets = ui_files_n,
		.rate_per_s = jv_get_num(http, "rate_per_s", 0),
		.chats_per_addr = (int)jv_get_int(http, "chats_per_addr", 0),
		.chats_max = (int)jv_get_int(http, "chats_max", 0),
		.msgs_per_s = jv_get_num(http, "messages_per_s", 0),
		.reply_ms = (int)jv_get_int(http, "reply_ms", 0),
		.health = on_health,
		.health_arg = s,
		.media = app_voice_media(),
		.media_arg = s->voice,
	};
	sv cert = jv_get_str(http, "tls_cert"), key = jv_get_str(http, "tls_key");
	if (cert.n && key.n) {
		o.tls_cert = cert.p;
		o.tls_key = key.p;
	}
	rc = api_open(&s->api, &o, e);
	if (rc)
		return rc;
	struct door *d = obj_new(sizeof(*d), NULL);
	d->api = s->api;
	snap_publish(s->door, d);
	return 0;
}

int app_server_open(struct app_server **ret, const jv *cfg, const char *data_dir, const jv *company,
		    struct err *e)
{
	struct app_server *s = xalloc(sizeof(*s));
	s->cfg = cfg;
	snprintf(s->data, sizeof(s->data), "%s", data_dir);
	int threads = (int)jv_get_int(cfg, "workers", 0);
	int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
	s->pool = pool_new(threads > 0 ? threads : cores > 2 ? cores - 1 : 2, 10);
	s->kb = snap_new(NULL);
	s->door = snap_new(NULL);
	bool demo = jv_get_str(cfg, "company").n == 0;
	int rc = server_llms(s, e);
	if (rc == 0)
		rc = server_store(s, demo, e);
	if (rc == 0)
		rc = app_voice_open(&s->voice, cfg, s->data);
	if (rc == 0)
		rc = server_index(s, e);
	if (rc == 0)
		rc = server_hub(s, company, e);
	if (rc == 0)
		rc = server_door(s, company, e);
	if (rc == 0)
		rc = app_voice_start(s->voice, s->hub, e);
	if (rc) {
		app_server_close(s);
		return rc;
	}
	*ret = s;
	return 0;
}

int app_server_http_port(const struct app_server *s)
{
	return api_port(s->api);
}

int app_server_sip_port(const struct app_server *s)
{
	return app_voice_port(s->voice);
}

struct store *app_server_store(const struct app_server *s)
{
	return s->store;
}

/* ---- running ---- */

/* One line when writing begins to fail, one when it works again. */
void app_server_watch(struct app_server *s)
{
	struct err e = { 0 };
	bool failed = store_failed(s->store, &e);
	if (failed && !s->store_bad)
		LOG(ERROR, "store.failed", "%s; nothing is acknowledged until it works again",
		    e.msg);
	if (!failed && s->store_bad)
		LOG(WARN, "store.recovered", "messages are saved again");
	s->store_bad = failed;
}

/* ---- down ---- */

void app_server_drain(struct app_server *s)
{
	api_drain(s->api);
	app_voice_drain(s->voice);
}

static void assets_free(struct app_server *s)
{
	for (size_t i = 0; s->assets && i < ui_files_n; i++)
		xfree((char *)(uintptr_t)s->assets[i].path);
	xfree(s->assets);
}

void app_server_close(struct app_server *s)
{
	if (!s)
		return;
	app_voice_stop(s->voice);   /* no new calls, those in progress end */
	api_stop(s->api);           /* no new requests; its mailbox lives on */
	talk_hub_close(s->hub);     /* conversations end, their rows go to the scribe */
	app_voice_close(s->voice);
	pool_free(s->pool);
	store_close(s->store);
	api_close(s->api);
	snap_free(s->kb);
	snap_free(s->door);
	obj_unref(s->texts);
	assets_free(s);
	for (size_t i = 0; i < s->n_llm; i++)
		sb_done(&s->secrets[i]);
	xfree(s);
}
