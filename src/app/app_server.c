/* app_server.c: one process from its rooms: store, knowledge, shards, door, telephone, in that
 * order; and down again in the order that lets every thread finish what others may still post
 * to it.
 *
 * The main thread owns this struct. */
#include "app_pages.h"
#include "app_int.h"
#include "guard.h"
#include "app_access.h"
#include "app_assist.h"
#include "app_company.h"
#include "app_history.h"
#include "app_knowledge.h"
#include "app_meaning.h"
#include "app_models.h"
#include "app_night.h"
#include "app_people.h"
#include "app_profile.h"
#include "app_quality.h"
#include "app_report.h"
#include "app_roll.h"
#include "app_service.h"
#include "app_voice.h"
#include "app_ways.h"
#include "api.h"
#include "api_policy.h"
#include "feel.h"
#include "hook.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define IDLE_CHAT_MS (30 * 60 * 1000)


struct app_server {
	const jv *cfg;
	char data[4096];
	struct store *store;
	struct pool *pool;
	struct snap *kb;
	struct kb_live *live;
	struct app_knowledge *knowledge;
	atomic_bool kb_changed;      /* since vectors were asked for */
	struct talk_texts *texts;
	struct app_profiles *profiles;
	struct app_service *service;
	struct app_quality *quality;
	struct app_report *report;
	struct app_roll *roll;
	struct app_night *night;
	struct app_people *people;
	struct guard_access *access;
	struct app_assist *assist;
	struct talk_hub *hub;
	struct hook *hook;
	struct api *api;
	struct snap *door;           /* of struct door, for the shards */
	struct app_voice *voice;
	struct web_asset *assets;
	size_t n_assets;
	bool store_bad;              /* what the log says */
	struct app_models *models;
	_Atomic(const struct app_specs *) llm; /* in use; the door's health reads it */
	const struct app_specs *emb;
	struct app_meaning *meaning;
	bool stale[APP_ROLES];       /* something of this role has arrived */
	int64_t fallbacks, fallback_ms; /* seen by the door */
	unsigned char pii[GUARD_KEY];
	const unsigned char *pii_key; /* of what masks hide; NULL = not kept */
};

/* ---- pieces ---- */

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

static void on_published(void *arg, struct kb_index *ix, bool changed)
{
	struct app_server *s = arg;
	metric_set(M_KB_ARTICLES, (int64_t)kb_count(ix));
	if (changed)
		LOG(INFO, "kb.published", "articles=%zu", kb_count(ix));
	if (changed)
		atomic_store(&s->kb_changed, true);
}

static void on_kb_failed(void *arg, int rc, const struct err *e)
{
	LOG(WARN, "kb.failed", "the knowledge base stays as it was: %s",
	    e->msg[0] ? e->msg : err_text(rc));
}

/* Edits are searchable from now on; those between the first index and here too. */
static int server_live(struct app_server *s, struct err *e)
{
	const struct kb_live_opts o = { .store = s->store, .kb = s->kb,
					.published = on_published, .failed = on_kb_failed,
					.arg = s };
	int rc = kb_live_open(&s->live, &o);
	if (rc)
		return err_set(e, rc, "no thread for the knowledge base");
	const struct app_meaning_opts m = { s->store, s->kb, s->live, s->data };
	return app_meaning_open(&s->meaning, &m);
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

/* Words that are being said, for whoever serves the call. */
static void on_partial(void *arg, sv id, sv who, sv text)
{
	struct app_server *s = arg;
	struct door *d = snap_get(s->door);
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"conversation\":");
	sb_json(&b, id);
	sb_cstr(&b, ",\"who\":");
	sb_json(&b, who);
	sb_cstr(&b, ",\"text\":");
	sb_json(&b, text);
	sb_ch(&b, '}');
	if (d && !sb_err(&b))
		api_conversation_feed(d->api, "transcript.partial", id, sb_sv(&b));
	sb_done(&b);
	obj_unref(d);
}

static int on_shard(void *arg, struct talk_hub *hub, struct talk_shard *shard, bool up)
{
	struct app_server *s = arg;
	app_meaning_shard(s->meaning, shard, up);
	return app_voice_shard(s->voice, hub, s->texts, shard, up);
}

#define FALLBACK_FRESH_MS (5 * 60 * 1000)

/* A model that failed turns in the last minutes is not well, whatever it says itself. Door's
 * thread. */
static jv *llm_health(struct app_server *s)
{
	char text[256];
	const struct app_specs *llm = s->llm;
	int64_t failed = metric_get(M_MODEL_FALLBACK), now = clk_mono_us() / 1000;
	if (failed > s->fallbacks)
		s->fallback_ms = now;
	s->fallbacks = failed;
	bool ill = s->fallback_ms && now - s->fallback_ms < FALLBACK_FRESH_MS;
	if (ill)
		snprintf(text, sizeof(text),
			 "%lld turns fell back to the built-in engine, some just now",
			 (long long)failed);
	else if (llm->n)
		snprintf(text, sizeof(text), "%.100s%s, the built-in engine behind %s",
			 llm->v[0].model ? llm->v[0].model : llm->v[0].kind,
			 llm->n > 1 ? " and others" : "", llm->n > 1 ? "them" : "it");
	else
		snprintf(text, sizeof(text), "none: the built-in engine answers. %.150s",
			 llm->note);
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
	jv_push(components, app_meaning_health(s->meaning));
}

static void on_models(void *arg, jv *list)
{
	struct app_server *s = arg;
	app_models_list(s->models, list);
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

static int server_store(struct app_server *s, struct err *e)
{
	struct store_opts so = { .dir = s->data };
	sv company = jv_get_str(s->cfg, "company");
	int rc = store_open(&s->store, &so, e);
	if (rc == 0)
		rc = app_company_claim_open(s->data, company, s->store, false, e);
	if (rc == 0 && !company.n && !app_has_articles(s->store))
		rc = app_demo_import(s->store, NULL, e);
	return rc ? rc : close_left(s, e);
}

static int64_t model_cost(const jv *cfg)
{
	return (int64_t)(jv_get_num(jv_get(cfg, "limits"), "model_cost", 0) * 1e6 + 0.5);
}

/* How customers are served. A saved table that does not fit any more is told and left alone. */
static int server_strategy(struct app_server *s, const jv *company, struct policy_table **ret,
			   struct err *e)
{
	struct cfg_report rep = { 0 };
	int rc = api_strategy_load(s->store, company, ret, &rep);
	const struct cfg_issue *x = rep.n ? &rep.v[0] : NULL;
	if (rc == ERR_VERSION) {
		LOG(WARN, "strategy.unfit", "where=%s why=\"%s\": the program's own table is used",
		    x ? x->where : "", x ? x->what : "");
		rc = 0;
	} else if (rc) {
		err_set(e, rc, "the strategy table: %s: %s; %s", x ? x->where : "",
			x ? x->what : err_text(rc), x ? x->mend : "");
	}
	cfg_report_done(&rep);
	return rc;
}

/* The key of what masks hide, when that is kept. */
static int server_pii(struct app_server *s, struct err *e)
{
	char path[4200];

	if (!jv_get_bool(jv_get(s->cfg, "privacy"), "reversible", false))
		return 0;
	snprintf(path, sizeof(path), "%s/pii.key", s->data);
	int rc = guard_key(path, true, s->pii, e);
	s->pii_key = rc ? NULL : s->pii;
	return rc;
}

static int server_service(struct app_server *s, const jv *company, struct err *e)
{
	struct app_service_opts o = { .cfg = s->cfg,
				      .company = company,
				      .data = s->data,
				      .store = s->store,
				      .pool = s->pool };
	return app_service_open(&s->service, &o, e);
}

static int server_people(struct app_server *s, struct err *e)
{
	const struct app_people_opts o = { .cfg = s->cfg, .data = s->data, .store = s->store,
					   .desk = app_service_desk(s->service) };
	int rc = app_access_open(&s->access, jv_get_str(s->cfg, "company"), e);
	return rc ? rc : app_people_open(&s->people, &o, e);
}

static const struct app_specs *on_llm(void *arg)
{
	struct app_server *s = arg;
	return s->llm;
}

static int server_quality(struct app_server *s, struct err *e)
{
	const struct app_quality_opts o = { .cfg = s->cfg, .store = s->store, .pool = s->pool,
					    .llm = on_llm, .llm_arg = s };
	return app_quality_open(&s->quality, &o, e);
}

static int server_report(struct app_server *s, const jv *company, struct err *e)
{
	const struct app_report_opts o = { .cfg = s->cfg, .store = s->store, .pool = s->pool,
					   .data = s->data,
					   .zone = jv_get_str(company, "timezone").p,
					   .acd = app_people_acd(s->people) };
	return app_report_open(&s->report, &o, e);
}

static int server_night(struct app_server *s, const jv *company, struct err *e)
{
	const struct app_night_opts o = { .cfg = s->cfg, .company = company, .data = s->data,
					  .store = s->store };
	return app_night_open(&s->night, &o, e);
}

static int server_assist(struct app_server *s, const jv *company, struct err *e)
{
	const struct app_assist_opts o = { .cfg = s->cfg, .company = company, .store = s->store,
					   .kb = s->kb, .forms = app_quality_forms(s->quality),
					   .service = s->service, .llm = on_llm,
					   .llm_arg = s };
	return app_assist_open(&s->assist, &o, e);
}

static int server_knowledge(struct app_server *s, const jv *company, struct err *e)
{
	const struct app_knowledge_opts o = { .cfg = s->cfg, .company = company,
					      .data = s->data, .store = s->store,
					      .kb = s->kb,
					      .rules = app_service_rules_now,
					      .rules_arg = s->service };
	return app_knowledge_open(&s->knowledge, &o, e);
}

static int server_hub(struct app_server *s, const jv *company, struct err *e)
{
	struct policy_table *strategy = NULL;
	int rc = talk_texts_new(&s->texts, company, e);
	if (rc == 0)
		rc = server_pii(s, e);
	if (rc == 0)
		rc = server_strategy(s, company, &strategy, e);
	if (rc)
		return rc;
	struct talk_opts o = {
		.shards = (int)jv_get_int(s->cfg, "shards", 0),
		.store = s->store,
		.kb = s->kb,
		.pool = s->pool,
		.texts = s->texts,
		.strategy = strategy,
		.llm = s->llm->v,
		.n_llm = s->llm->n,
		.limits = { .model_cost = model_cost(s->cfg) },
		.feed = { .on_event = on_feed, .on_partial = on_partial, .arg = s },
		.on_shard = on_shard,
		.on_shard_arg = s,
		.voice_lang = jv_as_str(jv_path(s->cfg, "sip.language")).p,
		.transfer_to = jv_as_str(jv_path(s->cfg, "transfer.to")).p,
		.disclosure = jv_get_bool(s->cfg, "disclosure", true),
		.replay_dir = jv_get_bool(jv_get(s->cfg, "recording"), "replay", false) ?
				      s->data : NULL,
		.pii_key = s->pii_key,
		.no_speculation = !jv_get_bool(jv_get(s->cfg, "talk"), "speculate", true),
		.tools = app_service_kit(s->service),
		.flows = app_service_flows(s->service),
		.cust = app_service_keys(s->service),
		.country_code = jv_get_str(company, "country_code"),
		.products = app_service_products(s->service),
		.people = app_people_ops(s->people),
		.survey = talk_survey_of(jv_as_str(jv_path(s->cfg, "talk.survey"))),
	};
	feel_warm(1);                 /* not in the first customer's turn */
	rc = talk_hub_open(&s->hub, &o, e);
	obj_unref(strategy);         /* the hub has its own reference */
	if (rc == 0) {
		app_service_hub(s->service, s->hub);
		app_assist_hub(s->assist, s->hub);
	}
	return rc;
}

static const struct chan_profile *on_profile(void *arg, sv id)
{
	return app_profile(arg, id);       /* on the door's thread */
}

static int docs_apply(void *arg, sv kind, sv id, sv text, bool test, struct cfg_report *rep)
{
	return app_service_apply(arg, kind, id, text, test, rep);
}

static int docs_text(void *arg, sv kind, sv id, struct sb *out)
{
	return app_service_text(arg, kind, id, out);
}

static void docs_list(void *arg, sv kind, void (*fn)(void *fn_arg, sv id), void *fn_arg)
{
	app_service_list(arg, kind, fn, fn_arg);
}

/* From now on there is somebody to tell. */
static void door_is_open(struct app_server *s)
{
	struct door *d = obj_new(sizeof(*d), NULL);
	d->api = s->api;
	snap_publish(s->door, d);
	app_people_door(s->people, s->api);
	app_assist_door(s->assist, s->api);
}

static bool hooks_private(const struct app_server *s)
{
	return jv_get_bool(jv_get(s->cfg, "webhooks"), "private_addresses", false);
}

static void on_hook_off(void *arg, sv json)
{
	struct app_server *s = arg;
	struct door *d = snap_get(s->door);
	if (d)
		api_people_feed(d->api, "alert.raised", SV_NULL, json);
	obj_unref(d);
}

static int server_hook(struct app_server *s, struct err *e)
{
	const struct hook_opts o = { .store = s->store, .key = app_people_key(s->people),
				     .pii_key = s->pii_key, .allow_private = hooks_private(s),
				     .alert = on_hook_off, .arg = s };
	return hook_open(&s->hook, &o, e);
}

static void door_tls(const jv *http, struct api_opts *o)
{
	sv cert = jv_get_str(http, "tls_cert"), key = jv_get_str(http, "tls_key");
	if (cert.n && key.n)
		o->tls_cert = cert.p, o->tls_key = key.p;
}

/* Is the past that it shows made up? The log says so at each start. */
static void door_past(struct app_server *s, struct api_opts *o)
{
	o->sample_history = app_history_there(s->store);
	if (o->sample_history)
		LOG(WARN, "history.made_up",
		    "the past in this folder is made up, nothing of it was measured");
}

/* Whom it tells of an order about what is learned. */
static void door_learns(struct app_server *s, struct api_opts *o)
{
	door_past(s, o);
	app_roll_opts(s->roll, o);
	o->sets = app_knowledge_sets;
	o->sets_arg = s->knowledge;
	o->night_models = app_night_models;
	o->night_arg = s->night;
}

static int server_door(struct app_server *s, const jv *company, struct err *e)
{
	char host[64];
	int port;
	const jv *http = jv_get(s->cfg, "http");
	int rc = app_listen(jv_get_str(http, "listen"), host, &port, e);
	rc = rc ? rc : app_pages(&s->assets, &s->n_assets, jv_get(http, "embed"), e);
	if (rc)
		return rc;
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
		.n_assets = s->n_assets,
		.pii_key = s->pii_key,
		.rate_per_s = jv_get_num(http, "rate_per_s", 0),
		.chats_per_addr = (int)jv_get_int(http, "chats_per_addr", 0),
		.chats_max = (int)jv_get_int(http, "chats_max", 0),
		.msgs_per_s = jv_get_num(http, "messages_per_s", 0),
		.reply_ms = (int)jv_get_int(http, "reply_ms", 0),
		.health = on_health,
		.health_arg = s,
		.media = app_voice_media(),
		.media_arg = s->voice,
		.call = app_voice_call(), .call_arg = s->voice,
		.streams = jv_get(s->cfg, "stream"),
		.models = on_models,
		.models_arg = s,
		.cust = app_service_keys(s->service),
		.country_code = jv_get_str(company, "country_code").p,
		.profile = on_profile,
		.profile_arg = s->profiles,
		.docs = { docs_apply, docs_text, docs_list, s->service },
		.kit = app_service_kit(s->service),
		.desk = app_service_desk(s->service),
		.ingest = app_knowledge_sources(s->knowledge),
		.learn = app_knowledge_learn,
		.learn_arg = s->knowledge,
		.qa_forms = app_quality_forms(s->quality),
		.surveys = app_quality_surveys(s->quality),
		.access = s->access,
		.acd = app_people_acd(s->people),
		.assist = app_assist_of(s->assist),
		.seats = app_voice_people(s->voice),
		.acd_key = app_people_key(s->people),
		.hook_key = app_people_key(s->people),
		.hook_private = hooks_private(s),
		.dispositions = app_assist_dispositions(s->assist),
	};
	app_report_door(s->cfg, &o);
	door_learns(s, &o);
	door_tls(http, &o);
	rc = api_open(&s->api, &o, e);
	if (rc == 0)
		door_is_open(s);
	return rc;
}

/* What was pulled in the background is put to use, one role after the other. */
static void on_model(void *arg, enum app_role r)
{
	struct app_server *s = arg;
	s->stale[r] = true;
}

static int server_models(struct app_server *s, struct err *e)
{
	int rc = app_models_open(&s->models, s->cfg, s->data, app_voice_lm_dir(s->voice), e);
	if (rc)
		return rc;
	s->llm = app_models_of(s->models, APP_LLM);
	app_voice_models(s->voice, s->models);
	return 0;
}

static int use_meaning(struct app_server *s)
{
	const struct app_specs *emb = app_models_of(s->models, APP_EMB);
	if (emb == s->emb)
		return 0;
	s->emb = emb;
	app_knowledge_model(s->knowledge, emb->n ? &emb->v[0] : NULL);
	return app_meaning_use(s->meaning, s->hub, emb->n ? &emb->v[0] : NULL);
}

/* What a turn needs for a moment goes back to the system at once: without this glibc learns from
 * the first large free to keep everything (mallopt(3)), and each call costs what its turn did. */
static void small_heap(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 64 << 10);
	(void)mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

int app_server_open(struct app_server **ret, const jv *cfg, const char *data_dir, const jv *company,
		    struct err *e)
{
	struct app_server *s = xalloc(sizeof(*s));
	small_heap();
	s->cfg = cfg;
	snprintf(s->data, sizeof(s->data), "%s", data_dir);
	int threads = (int)jv_get_int(cfg, "workers", 0);
	int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
	s->pool = pool_new(threads > 0 ? threads : cores > 2 ? cores - 1 : 2, 10);
	s->kb = snap_new(NULL);
	s->door = snap_new(NULL);
	int rc = server_store(s, e);
	if (rc == 0)
		rc = app_voice_open(&s->voice, cfg, s->data);
	if (rc == 0)
		rc = server_models(s, e);
	if (rc == 0)
		rc = server_index(s, e);
	if (rc == 0)
		rc = server_live(s, e);
	if (rc == 0)
		rc = server_service(s, company, e);
	if (rc == 0)
		rc = server_people(s, e);
	if (rc == 0)         /* its forms are the desk's checklist */
		rc = server_quality(s, e);
	if (rc == 0)
		rc = server_assist(s, company, e);
	if (rc == 0)
		rc = server_knowledge(s, company, e);
	if (rc == 0)
		rc = server_report(s, company, e);
	if (rc == 0)
		rc = server_night(s, company, e);
	if (rc == 0)
		rc = server_hub(s, company, e);
	if (rc == 0) /* before the door, which lists what is being pulled */
		rc = app_models_pull(s->models, on_model, s, e);
	if (rc == 0)
		app_profiles_open(&s->profiles, s->store, app_service_keys(s->service));
	if (rc == 0)
		s->roll = app_roll_open(s->store, s->hub);
	if (rc == 0)
		rc = server_door(s, company, e);
	if (rc == 0)
		app_roll_door(s->roll, s->api);
	if (rc == 0)
		rc = server_hook(s, e);
	if (rc == 0)
		rc = app_voice_start(s->voice, s->hub, e);
	if (rc == 0)
		rc = use_meaning(s);
	if (rc) {
		app_server_close(s);
		return rc;
	}
	kb_rest();
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

int app_server_asock_port(const struct app_server *s)
{
	return app_ways_port(app_voice_ways(s->voice));
}

const struct guard_access *app_server_access(const struct app_server *s)
{
	return s->access;
}

struct store *app_server_store(const struct app_server *s)
{
	return s->store;
}

/* ---- running ---- */

static void on_llm_failed(void *arg, int shard, const char *why)
{
	if (shard == 0)
		LOG(WARN, "models.failed", "the language model stays as it was: %s", why);
}

static void renew(struct app_server *s)
{
	if (s->stale[APP_EMB] && use_meaning(s))
		LOG(WARN, "models.failed", "questions are searched by words alone");
	if (s->stale[APP_LLM]) {
		const struct app_specs *now = app_models_of(s->models, APP_LLM);
		if (now != s->llm) {
			s->llm = now;
			talk_hub_models(s->hub, now->v, now->n, on_llm_failed, s);
		}
	}
	if (s->stale[APP_ASR] || s->stale[APP_TTS] || s->stale[APP_VAD] || s->stale[APP_TURN])
		app_voice_renew(s->voice);
	memset(s->stale, 0, sizeof(s->stale));
}

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
	if (atomic_exchange(&s->kb_changed, false))
		app_meaning_refresh(s->meaning);
	app_models_tick(s->models);
	app_service_tick(s->service);
	app_knowledge_tick(s->knowledge);
	app_quality_tick(s->quality);
	app_report_tick(s->report);
	app_roll_tick(s->roll);
	app_night_tick(s->night);
	renew(s);
}

/* ---- down ---- */

void app_server_drain(struct app_server *s)
{
	api_drain(s->api);
	app_voice_drain(s->voice);
}

void app_server_close(struct app_server *s)
{
	if (!s)
		return;
	app_voice_stop(s->voice);   /* no new calls, those in progress end */
	app_service_stop(s->service);
	app_quality_stop(s->quality);
	app_report_stop(s->report);
	app_night_stop(s->night);
	app_meaning_stop(s->meaning);
	app_roll_stop(s->roll);     /* what it asked of the door is still done */
	api_stop(s->api);           /* no new requests; its mailbox lives on */
	app_roll_close(s->roll);
	app_assist_door(s->assist, NULL);
	app_assist_hub(s->assist, NULL);
	talk_hub_close(s->hub);     /* conversations end, their rows go to the scribe */
	app_people_close(s->people);
	app_assist_close(s->assist);
	kb_live_close(s->live);
	app_meaning_close(s->meaning);
	app_voice_close(s->voice);
	pool_free(s->pool);
	app_knowledge_close(s->knowledge);
	app_night_close(s->night);
	app_service_close(s->service);
	hook_stop(s->hook);
	app_report_close(s->report);
	store_close(s->store);
	hook_close(s->hook);
	api_close(s->api);
	app_quality_close(s->quality);
	obj_unref(s->access);
	snap_free(s->kb);
	snap_free(s->door);
	obj_unref(s->texts);
	app_profiles_close(s->profiles);
	app_pages_free(s->assets, s->n_assets);
	app_models_close(s->models);
	xfree(s);
}
