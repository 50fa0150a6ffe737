/* t_acd_help.h: a store, a plan of three agents and two queues, and the durable side on a virtual
 * clock; what it tells is kept. */
#ifndef CALLM_T_ACD_HELP_H
#define CALLM_T_ACD_HELP_H

#include <stdio.h>
#include <stdlib.h>

#include "acd_int.h"
#include "t.h"

#define UNUSED __attribute__((unused))
#define AW_START INT64_C(1790000000000)

static const char aw_yaml[] =
	"languages: [zh, en]\n"
	"skills:\n"
	"  - { id: orders, title: { zh: \"订单\", en: \"Orders\" } }\n"
	"  - { id: fiber, title: { zh: \"宽带\", en: \"Broadband\" } }\n"
	"queues:\n"
	"  - id: general\n"
	"    title: { zh: \"综合\", en: \"General\" }\n"
	"    sl: { s: 20, pct: 80 }\n"
	"    short_abandon_s: 5\n"
	"    ring_s: 20\n"
	"    wrapup_s: 30\n"
	"    sticky_s: 60\n"
	"    announce: { position: true, wait: true }\n"
	"  - id: fiber\n"
	"    title: { zh: \"宽带\", en: \"Broadband\" }\n"
	"    needs: [{ skill: fiber, level: 3 }]\n"
	"    max_wait_s: 600\n"
	"    overflow: { late: callback }\n"
	"    ring_s: 20\n"
	"    wrapup_s: 30\n"
	"routes:\n"
	"  - when: { topic: technical_fault }\n"
	"    queue: fiber\n"
	"default_queue: general\n"
	"agents:\n"
	"  defaults: { languages: [zh, en], capacity: { voice: 1, chat: 4, task: 4 }, blended: "
	"true, "
	"wrapup_s: 30, max_no_answer: 3, reject_delay_s: 10, busy_delay_s: 10, "
	"no_answer_delay_s: 10 "
	"}\n"
	"  people:\n"
	"    - { login: mei, name: \"Mei\", extension: \"1001\", skills: { orders: 8, fiber: 5 "
	"}, "
	"queues: [general, fiber] }\n"
	"    - { login: tom, name: \"Tom\", skills: { orders: 5 }, queues: [general] }\n"
	"    - { login: xia, name: \"Xia\", extension: \"1003\", skills: { fiber: 9 }, queues: "
	"[fiber] }\n";

/* Another plan, and what it names. */
static const char *aw_plan = aw_yaml;
static const struct acd_cals *aw_cals;

struct aw_word {
	enum talk_word_kind kind;
	char conversation[ACD_ID], agent[ACD_NAME], why[ACD_NAME], party[ACD_TEXT], to[ACD_TEXT];
	char text[200];
	int position, act;
	bool survey, no_callback, voicemail, quiet, paced;
	const struct pcm_music *music;       /* borrowed */
};
struct aw_fed {
	char type[40], agent[ACD_NAME];
	char *json;
};
struct aw {
	struct store *store;
	struct loop *loop;
	struct acd *acd;
	VEC(struct aw_word) words;
	VEC(struct aw_fed) fed;
	int done, err;               /* of the last order */
	char id[ACD_ID];             /* the hand-over it was about */
	char state[16];
	unsigned char key[32];
};

static int aw_on_word(void *arg, const struct talk_word *x)
{
	struct aw *w = arg;
	struct aw_word *k = VEC_PUSH(&w->words, 1 << 20);
	k->kind = x->kind;
	k->position = x->position;
	k->act = x->act;
	k->survey = x->survey != SURVEY_NONE;
	k->no_callback = x->no_callback;
	k->voicemail = x->voicemail;
	k->quiet = x->quiet;
	k->paced = x->paced;
	k->music = x->music;
	sv_copy(k->conversation, sizeof(k->conversation), x->conversation);
	sv_copy(k->agent, sizeof(k->agent), x->agent);
	sv_copy(k->why, sizeof(k->why), x->why);
	sv_copy(k->party, sizeof(k->party), x->party);
	sv_copy(k->to, sizeof(k->to), x->to);
	sv_copy(k->text, sizeof(k->text), x->text);
	return 0;
}

static void aw_on_feed(void *arg, const char *type, sv agent, sv json)
{
	struct aw *w = arg;
	struct aw_fed *f = VEC_PUSH(&w->fed, 1 << 20);
	sv_copy(f->type, sizeof(f->type), sv_of(type));
	sv_copy(f->agent, sizeof(f->agent), agent);
	f->json = xstrdup(json);
}

static void aw_forget(struct aw *w)
{
	for (size_t i = 0; i < w->fed.n; i++)
		xfree(w->fed.v[i].json);
	VEC_FREE(&w->fed);
	VEC_FREE(&w->words);
}

/* Until everything ordered is on disk and told. */
UNUSED static void aw_settle(struct aw *w)
{
	for (int i = 0; i < 1000; i++) {
		loop_sim_advance(w->loop, 0);
		if (acd_idle(w->acd))
			return;
		(void)store_flush(w->store);
		loop_sim_advance(w->loop, w->acd->first && !w->acd->flight ? 1 : 0);
	}
	t_fail(__FILE__, __LINE__, "it does not come to rest");
}

UNUSED static void aw_pass(struct aw *w, int64_t ms)
{
	while (ms > 0) {
		int64_t step = ms > 1000 ? 1000 : ms;
		loop_sim_advance(w->loop, step);
		aw_settle(w);
		ms -= step;
	}
}

UNUSED static bool aw_open_acd(struct aw *w)
{
	struct err e = { 0 };
	struct acd_opts o = { .store = w->store, .loop = w->loop, .yaml = sv_of(aw_plan),
			      .cals = aw_cals, .key = w->key, .word = aw_on_word, .word_arg = w,
			      .feed = aw_on_feed, .feed_arg = w };
	if (acd_open(&w->acd, &o, &e)) {
		printf("# %s\n", e.msg);
		t_fail(__FILE__, __LINE__, "acd_open");
		return false;
	}
	aw_settle(w);
	return true;
}

UNUSED static bool aw_open(struct aw *w, const char *dir)
{
	struct err e = { 0 };
	struct store_opts o = { .dir = dir, .group_ms = -1 };
	memset(w, 0, sizeof(*w));
	memset(w->key, 7, sizeof(w->key));
	if (store_open(&w->store, &o, &e)) {
		printf("# %s\n", e.msg);
		t_fail(__FILE__, __LINE__, "store_open");
		return false;
	}
	w->loop = loop_new_sim(AW_START);
	return aw_open_acd(w);
}

UNUSED static void aw_close(struct aw *w)
{
	acd_close(w->acd);
	store_close(w->store);
	aw_forget(w);
	loop_free(w->loop);
}

/* The process ends and begins again ms later. */
UNUSED static bool aw_restart(struct aw *w, int64_t ms)
{
	acd_close(w->acd);
	loop_sim_advance(w->loop, ms);
	return aw_open_acd(w);
}

static void aw_on_done(void *arg, int err, sv json)
{
	struct aw *w = arg;
	jv *o = jv_parse(json, NULL);
	w->done++;
	w->err = err;
	if (jv_get_str(o, "id").n) {
		sv_copy(w->id, sizeof(w->id), jv_get_str(o, "id"));
		sv_copy(w->state, sizeof(w->state), jv_get_str(o, "state"));
	}
	jv_free(o);
}

/* Orders it, waits, gives its error. */
UNUSED static int aw_do(struct aw *w, struct acd_order o)
{
	int before = w->done;
	o.done = aw_on_done;
	o.arg = w;
	int rc = acd_do(w->acd, &o);
	if (rc)
		return rc;
	aw_settle(w);
	return w->done == before + 1 ? w->err : ERR_FAIL;
}

UNUSED static int aw_ask(struct aw *w, const char *conversation, const char *topic, bool voice,
			 const char *customer)
{
	struct talk_ask x = { .conversation = sv_of(conversation), .interaction = SV("i"),
			      .channel = voice ? SV("phone") : SV("webchat"), .language = SV("zh"),
			      .customer = sv_of(customer), .reason = SV("customer_asked"),
			      .topic = sv_of(topic), .voice = voice,
			      .packet = SV("{\"summary\":\"wants a person\",\"attempts\":1}") };
	return aw_do(w, (struct acd_order){ .act = ACD_DO_ASK, .ask = &x });
}

UNUSED static int aw_state(struct aw *w, const char *login, enum acd_presence p, const char *why)
{
	return aw_do(w, (struct acd_order){ .act = ACD_DO_PRESENCE, .agent = sv_of(login),
					    .presence = p, .why = sv_of(why) });
}

UNUSED static int aw_console(struct aw *w, const char *login, bool on)
{
	return aw_do(w, (struct acd_order){
				.act = ACD_DO_SOCKET, .agent = sv_of(login), .on = on });
}

UNUSED static int aw_act(struct aw *w, enum acd_do act, const char *id, const char *login)
{
	return aw_do(w, (struct acd_order){ .act = act, .handover = sv_of(id),
					    .agent = sv_of(login) });
}

UNUSED static int aw_phone(struct aw *w, const char *conversation, const char *login,
			   const char *step, const char *why)
{
	char party[ACD_TEXT];
	(void)snprintf(party, sizeof(party), "agent:%s", login);
	return aw_do(w, (struct acd_order){ .act = ACD_DO_PHONE,
					    .conversation = sv_of(conversation),
					    .party = sv_of(party), .step = sv_of(step),
					    .why = sv_of(why) });
}

/* A member of the hand-over as it is on disk. */
UNUSED static jv *aw_get(struct aw *w, const char *id)
{
	struct store_db *db;
	struct sb b;
	jv *o = NULL;
	sb_init(&b, LIM_JSON_BYTES);
	if (store_reader(w->store, &db) == 0 && acd_get(db, sv_of(id), w->key, &b) == 0)
		o = jv_parse(sb_sv(&b), NULL);
	sb_done(&b);
	return o;
}

UNUSED static bool aw_is(struct aw *w, const char *id, const char *key, const char *value)
{
	jv *o = aw_get(w, id);
	bool ok = sv_eq(jv_get_str(o, key), sv_of(value));
	if (!ok)
		printf("# %s is " SV_FMT "\n", key, SV_ARG(jv_get_str(o, key)));
	jv_free(o);
	return ok;
}

UNUSED static int64_t aw_count(struct aw *w, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	if (store_reader(w->store, &db) || store_prep(db, &q, sql))
		return -1;
	int64_t n = store_step(q) == 1 ? store_col_int(q, 0) : -1;
	store_reset(q);
	return n;
}

/* The kinds of the river's rows of queues, in their order: "entered offered accepted". */
UNUSED static void aw_river(struct aw *w, char *out, size_t cap)
{
	struct store_db *db;
	struct store_stmt *q;
	struct sb b;
	sb_init(&b, LIM_SB);
	if (store_reader(w->store, &db) == 0 &&
	    store_prep(db, &q, "SELECT kind FROM event WHERE kind>='queue.' AND kind<'queue/' "
			       "ORDER BY pos") == 0) {
		while (store_step(q) == 1)
			sb_fmt(&b, "%s" SV_FMT, b.n ? " " : "",
			       SV_ARG(sv_slice(store_col_sv(q, 0), 6, 40)));
		store_reset(q);
	}
	sv_copy(out, cap, sb_sv(&b));
	sb_done(&b);
}

UNUSED static const struct aw_word *aw_last(const struct aw *w, enum talk_word_kind kind)
{
	for (size_t i = w->words.n; i-- > 0;)
		if (w->words.v[i].kind == kind)
			return &w->words.v[i];
	return NULL;
}

UNUSED static const struct aw_fed *aw_last_fed(const struct aw *w, const char *type)
{
	for (size_t i = w->fed.n; i-- > 0;)
		if (strcmp(w->fed.v[i].type, type) == 0)
			return &w->fed.v[i];
	return NULL;
}

/* The machine's figures are what the river says, and the machine is in order. */
UNUSED static bool aw_adds_up(struct aw *w)
{
	struct store_db *db;
	struct acd_count *v;
	struct arena a;
	size_t n;
	const char *bad = acd_core_check(w->acd->core, loop_wall_ms(w->loop));
	bool ok = bad == NULL;
	if (bad)
		printf("# %s\n", bad);
	arena_init(&a, LIM_ARENA_TURN);
	ok = ok && store_reader(w->store, &db) == 0 &&
	     acd_recount(db, w->acd->day, INT64_MAX, acd_promise, w->acd->plan, &a, &v, &n) == 0;
	for (size_t i = 0; ok && i < n; i++) {
		struct acd_queue_now q;
		if (acd_core_queue_now(w->acd->core, sv_of(v[i].queue), loop_wall_ms(w->loop),
				       &q)) {
			ok = false;
			break;
		}
		const int64_t *x = (const int64_t *)&v[i].n, *y = (const int64_t *)&q.n;
		for (size_t k = 0; k < sizeof(q.n) / sizeof(*x); k++)
			if (x[k] != y[k]) {
				printf("# %s: figure %zu is %lld in the river, %lld in the "
				       "machine\n",
				       v[i].queue, k, (long long)x[k], (long long)y[k]);
				ok = false;
			}
	}
	arena_done(&a);
	return ok;
}

#endif
