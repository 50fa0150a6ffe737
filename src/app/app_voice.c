/* app_voice.c: the spoken side of the server: the telephone, the browser's voice; the engines
 * are app_engines.c's.
 *
 * The telephone picks shards in turn from its own thread. The English recogniser's language
 * model is written from the knowledge base before the shards start. */
#include "app_voice.h"
#include "app_int.h"
#include "app_engines.h"
#include "app_tel.h"
#include "app_ways.h"
#include "chan_media.h"
#include "chan_phone.h"
#include "tel.h"

#include <stdio.h>
#include <time.h>

struct app_voice {
	const jv *cfg;
	char data[4096], lm_dir[4200];
	struct talk_hub *hub;
	const struct talk_texts *texts;
	struct chan_phone *phone;
	struct chan_people *people;
	_Atomic(struct tel *) tel;   /* the door is open before the telephone */
	_Atomic(unsigned) next_call; /* tel's front thread, the door's for calls of ours */
	unsigned next_media;         /* the door's thread */
	bool record;
	struct app_engines *engines;
	struct store *store;         /* rows of calls that we place */
	struct app_ways *ways;
};

void app_voice_models(struct app_voice *v, struct app_models *m)
{
	(void)app_engines_open(&v->engines, v->cfg, m);
}

void app_voice_renew(struct app_voice *v)
{
	app_engines_renew(v->engines, v->hub);
}

int app_voice_shard(struct app_voice *v, struct talk_hub *hub, const struct talk_texts *texts,
		    struct talk_shard *s, bool up)
{
	if (talk_shard_index(s) == 0) {
		v->hub = hub;
		v->texts = texts;
	}
	app_engines_shard(v->engines, hub, texts, s, up);
	return 0;
}

const char *app_voice_lm_dir(const struct app_voice *v)
{
	return v->lm_dir;
}

/* ---- what the recogniser should know: titles, aliases and first sentences ---- */

static void learn_one(void *arg, sv text)
{
	asr_lm_add(arg, text);
}

/* Whole articles too: their words are the customers' words (and what the recogniser must tell
 * apart). */
static void learn_bodies(struct asr_lm *m, struct store *st)
{
	struct store_db *db;
	struct store_stmt *q;
	if (store_reader(st, &db) ||
	    store_prep(db, &q, "SELECT body_md FROM article WHERE lang='en' ORDER BY id"))
		return;
	while (store_step(q) == 1) {
		sv rest = store_col_sv(q, 0), line;
		while (sv_line(&rest, &line))
			if (sv_trim(line).n)
				asr_lm_add(m, line);
	}
	store_reset(q);
}

int app_voice_learn(struct app_voice *v, struct kb_index *ix, struct store *st, struct err *e)
{
	char lm[4300], dict[4300];
	v->store = st;
	if (!jv_get_bool(jv_get(v->cfg, "speech"), "recognise", true))
		return 0;
	int rc = file_mkdirs(v->lm_dir, e);
	if (rc)
		return rc;
	snprintf(lm, sizeof(lm), "%s/asr.en.arpa", v->lm_dir);
	snprintf(dict, sizeof(dict), "%s/asr.en.dict", v->lm_dir);
	struct asr_lm *m = asr_lm_new();
	kb_utterances(ix, SV("en"), learn_one, m);
	learn_bodies(m, st);
	rc = asr_lm_write(m, lm, dict, e);
	asr_lm_free(m);
	if (rc)
		app_engines_complain(v->engines,
				     "the English recogniser's language model cannot be written");
	return 0;                    /* calls then get the keypad menu; health says why */
}

/* ---- places ---- */

static int place_on(struct app_voice *v, struct talk_shard *s, struct chan_place *ret)
{
	const struct chan_speech *speech = s ? app_engines_speech(s) : NULL;
	if (!speech)
		return ERR_FULL;
	*ret = (struct chan_place){ talk_shard_loop(s), talk_shard_mbox(s), talk_sink(), s,
				    speech,		v->people };
	return 0;
}

static int pick_call(void *arg, struct chan_place *ret)
{
	struct app_voice *v = arg;
	return place_on(v, talk_hub_pick(v->hub, v->next_call++), ret);
}

/* ---- telephone ---- */

static int tel_up(struct app_voice *v, struct err *e)
{
	struct tel *t;
	int rc = app_tel_open(&t, jv_get(v->cfg, "sip"), chan_phone_sink(), v->phone, e);
	if (rc)
		return rc;
	v->tel = t;
	chan_phone_set_tel(v->phone, t);
	return 0;
}

static sv company_text(void *arg, const char *key, sv lang, unsigned variant)
{
	struct app_voice *v = arg;
	return talk_text(v->texts, lang, key, variant);
}

/* transfer.to may be called, and what transfer.allow lists. */
static int people_open(struct app_voice *v)
{
	const char *allow[CHAN_ALLOW_MAX];
	const jv *cfg = v->cfg, *sip = jv_get(cfg, "sip");
	struct chan_people_opts o = { .trunk = jv_get_str(sip, "trunk").p,
				      .from = jv_get_str(sip, "from").p,
				      .text = company_text,
				      .arg = v };
	const jv *t = jv_get(cfg, "transfer");
	const jv *more = jv_get(t, "allow");
	sv to = jv_get_str(t, "to");
	o.words = jv_get_bool(t, "words", true);
	o.transfer = (struct chan_transfer_opts){
		.allow = allow,
		.ring_ms = (int)jv_get_int(t, "ring_s", 25) * 1000,
		.confirm = jv_get_bool(t, "confirm", false),
		.end = sv_eq(jv_get_str(t, "after"), SV("end")),
	};
	size_t *n = &o.transfer.n_allow;
	if (to.n)
		allow[(*n)++] = to.p;
	for (size_t i = 0; i < jv_len(more) && *n < CHAN_ALLOW_MAX; i++)
		allow[(*n)++] = jv_as_str(jv_at(more, i)).p;
	return chan_people_open(&v->people, &o);
}

struct chan_people *app_voice_people(const struct app_voice *v)
{
	return v->people;
}

/* ---- calls that we place: a row for each step, under the call's own id ---- */

static void on_call(void *arg, const struct chan_call_news *n)
{
	struct app_voice *v = arg;
	char kind[32];
	struct sb b;
	sb_init(&b, 1024);
	sb_fmt(&b, "{\"state\":\"%s\"", n->state);
	if (n->why[0])
		sb_fmt(&b, ",\"reason\":\"%s\"", n->why);
	if (n->status)
		sb_fmt(&b, ",\"sip_status\":%d", n->status);
	if (n->conversation[0])
		sb_fmt(&b, ",\"conversation_id\":\"%s\"", n->conversation);
	sb_ch(&b, '}');
	snprintf(kind, sizeof(kind), "outbound.%s", n->state);
	/* the first row is the request's */
	struct store_event ev = { .conversation = sv_of(n->id),
				  .seq = n->n + 1,
				  .kind = sv_of(kind),
				  .actor = SV("system"),
				  .body = sb_sv(&b) };
	if (store_append(v->store, &ev, NULL, NULL, NULL))
		metric_inc(M_SCRIBE_FAILED);
	sb_done(&b);
}

static int call_out(void *arg, const struct api_call *c)
{
	struct app_voice *v = arg;
	if (!v->phone)
		return ERR_STATE;
	return chan_phone_dial(v->phone, &(struct chan_call_opts){ .id = c->id,
								   .to = c->to,
								   .name = c->name,
								   .customer = c->customer,
								   .test = c->test,
								   .language = c->language,
								   .opening = c->opening,
								   .message = c->message,
								   .purpose = c->purpose,
								   .agent_party = c->agent_party,
								   .agent_to = c->agent_to,
								   .agent = c->agent,
								   .agent_name = c->agent_name });
}

int (*app_voice_call(void))(void *arg, const struct api_call *c)
{
	return call_out;
}

static void outbound_opts(const jv *cfg, const char *allow[CHAN_ALLOW_MAX],
			  struct chan_outbound_opts *ret)
{
	const jv *o = jv_get(cfg, "outbound"), *list = jv_get(o, "allow");
	*ret = (struct chan_outbound_opts){
		.allow = allow,
		.ring_ms = (int)jv_get_int(o, "ring_s", 30) * 1000,
		.no_amd = !jv_get_bool(o, "detect", true),
	};
	for (size_t i = 0; i < jv_len(list) && ret->n_allow < CHAN_ALLOW_MAX; i++)
		allow[ret->n_allow++] = jv_as_str(jv_at(list, i)).p;
}

int app_voice_start(struct app_voice *v, struct talk_hub *hub, struct err *e)
{
	const jv *sip = jv_get(v->cfg, "sip");
	int wrc = app_ways_open(&v->ways, v->cfg, v->record ? v->data : NULL, v->people, hub, e);
	if (wrc || !jv_get_bool(sip, "enabled", true))
		return wrc;
	struct chan_phone_opts o = { .pick = pick_call,
				     .arg = v,
				     .data_dir = v->record ? v->data : NULL,
				     .language = jv_get_str(sip, "language").p,
				     .text = company_text,
				     .on_call = on_call,
				     .trunk = jv_get_str(sip, "trunk").p,
				     .from = jv_get_str(sip, "from").p };
	const char *called[CHAN_ALLOW_MAX];
	o.people = v->people;
	outbound_opts(v->cfg, called, &o.outbound);
	int rc = chan_phone_open(&v->phone, &o);
	return rc ? rc : tel_up(v, e);
}

int app_voice_port(const struct app_voice *v)
{
	return v->tel ? tel_port(v->tel) : 0;
}

const struct app_ways *app_voice_ways(const struct app_voice *v)
{
	return v->ways;
}

/* ---- the browser's voice ---- */

struct api_media {
	struct chan_media *m;
};

static int media_open(void *arg, struct mbox *door, const struct api_media_who *who,
		      const struct api_media_cb *cb, void *cb_arg, struct api_media **ret)
{
	struct app_voice *v = arg;
	struct chan_media_opts o = { .door = door,
				     .data_dir = v->record ? v->data : NULL,
				     .id = who->id,
				     .interaction_id = who->interaction,
				     .language = who->language,
				     .customer_name = who->name,
				     .arg = cb_arg };
	o.cb = (struct chan_media_cb){ cb->on_audio, cb->on_text, cb->on_closed };
	int rc = place_on(v, talk_hub_pick(v->hub, v->next_media++), &o.place);
	if (rc)
		return rc;
	struct api_media *m = xalloc(sizeof(*m));
	rc = chan_media_open(&m->m, &o);
	if (rc) {
		xfree(m);
		return rc;
	}
	*ret = m;
	return 0;
}

static void media_rx(struct api_media *m, sv pcm)
{
	chan_media_rx(m->m, pcm);
}

static void media_key(struct api_media *m, char digit)
{
	chan_media_key(m->m, digit);
}

static void media_close(struct api_media *m)
{
	if (!m)
		return;
	chan_media_close(m->m);
	xfree(m);
}

static int media_place(void *arg, struct chan_place *ret, const char **ret_data_dir)
{
	struct app_voice *v = arg;
	*ret_data_dir = v->record ? v->data : NULL;
	return place_on(v, talk_hub_pick(v->hub, v->next_media++), ret);
}

const struct api_media_ops *app_voice_media(void)
{
	static const struct api_media_ops ops = { media_open, media_rx, media_key, media_close,
						  media_place };
	return &ops;
}

/* ---- health, up, down ---- */

static void component(jv *list, const char *name, const char *status, const char *detail)
{
	jv *c = jv_obj();
	jv_set_str(c, "name", sv_of(name));
	jv_set_str(c, "status", sv_of(status));
	jv_set_str(c, "detail", sv_of(detail));
	jv_push(list, c);
}

void app_voice_health(struct app_voice *v, jv *components)
{
	char text[128];
	if (v->tel) {
		snprintf(text, sizeof(text), "port %d, %d calls", tel_port(v->tel),
			 tel_calls(v->tel));
		component(components, "sip", "ok", text);
		app_tel_health(v->tel, jv_get(v->cfg, "sip"), components);
	} else {
		component(components, "sip", "ok", "switched off");
	}
	app_ways_health(v->ways, components);
	app_engines_health(v->engines, components);
}

int app_voice_open(struct app_voice **ret, const jv *cfg, const char *data_dir)
{
	struct app_voice *v = xalloc(sizeof(*v));
	v->cfg = cfg;
	v->record = jv_get_bool(jv_get(cfg, "sip"), "record", true);
	snprintf(v->data, sizeof(v->data), "%s", data_dir);
	snprintf(v->lm_dir, sizeof(v->lm_dir), "%s/speech", data_dir);
	*ret = v;
	return people_open(v);
}

void app_voice_drain(struct app_voice *v)
{
	app_ways_drain(v->ways);
	if (v->tel)
		tel_drain(v->tel, true);
}

void app_voice_stop(struct app_voice *v)
{
	if (v)
		app_ways_stop(v->ways);
	if (!v || !v->tel)
		return;
	tel_drain(v->tel, true);
	tel_hangup_all(v->tel);
	for (int i = 0; i < 300 && tel_calls(v->tel) > 0; i++) {   /* their shards free them */
		struct timespec t = { 0, 10 * 1000000 };
		nanosleep(&t, NULL);
	}
}

void app_voice_close(struct app_voice *v)
{
	if (!v)
		return;
	tel_close(v->tel);
	chan_phone_close(v->phone);
	app_ways_close(v->ways);
	chan_people_close(v->people);
	app_engines_close(v->engines);
	xfree(v);
}
