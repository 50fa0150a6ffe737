/* t_insight_help.h: a store in memory and a made-up week of a centre as rows of the river. */
#ifndef CALLM_T_INSIGHT_HELP_H
#define CALLM_T_INSIGHT_HELP_H

#include <stdarg.h>
#include <stdio.h>
#include "t.h"
#include "ins_fact.h"
#include "ins_report.h"

#define IW_BEGIN INT64_C(1793491200000)      /* 2026-11-01T00:00Z: clocks change in New York */
#define IW_MIN INT64_C(60000)

struct iw {
	struct store *st;
	struct store_db *db;         /* a reader */
	struct rng rng;
	int64_t now;
	int seq, talks;
	char talk[32], customer[16];
};

static inline bool iw_up(struct iw *w, uint64_t seed)
{
	*w = (struct iw){ .now = IW_BEGIN };
	rng_seed(&w->rng, seed);
	return store_open(&w->st, &(struct store_opts){ .dir = "", .group_ms = -1 }, NULL) == 0 &&
	       store_reader(w->st, &w->db) == 0;
}

static inline void iw_down(struct iw *w)
{
	store_close(w->st);
}

static inline int iw_pick(struct iw *w, int n)
{
	return (int)rng_below(&w->rng, (uint64_t)n);
}

/* A row; in: of the conversation at hand, else one that stands outside (queue.*, agent.state). */
__attribute__((format(printf, 4, 5)))
static inline void iw_row(struct iw *w, bool in, const char *kind, const char *fmt, ...)
{
	char body[1200];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	struct store_event ev = { .ts_ms = w->now, .kind = sv_of(kind), .actor = SV("system"),
				  .customer = sv_of(w->customer), .body = sv_of(body) };
	if (in) {
		ev.conversation = sv_of(w->talk);
		ev.seq = ++w->seq;
	}
	if (store_append(w->st, &ev, NULL, NULL, NULL))
		t_fail(__FILE__, __LINE__, "a row was refused");
}

static inline int64_t iw_int(struct store_db *db, const char *sql)
{
	struct store_stmt *q;
	if (store_prep(db, &q, sql)) {
		printf("# %s: %s\n", store_error(db), sql);
		return -1;
	}
	int64_t v = store_step(q) == 1 ? store_col_int(q, 0) : -2;
	store_reset(q);
	return v;
}

/* ---- a centre ---- */

static const char *const iw_queues[] = { "sales", "service", "billing" };
static const char *const iw_agents[] = { "mei", "bo", "li", "ann" };
static const char *const iw_channels[] = { "phone", "webchat", "email" };
static const char *const iw_topics[] = { "refund_status", "order_status", "invoice", "greeting" };

static inline void iw_served(struct iw *w, int h)
{
	const char *agent = iw_agents[iw_pick(w, 4)], *q = iw_queues[iw_pick(w, 3)];
	int tries = iw_pick(w, 3);
	iw_row(w, false, "queue.entered", "{\"handover\":\"h%d\",\"conversation\":\"%s\","
	       "\"queue\":\"%s\",\"how\":\"asked\"}", h, w->talk, q);
	w->now += iw_pick(w, 60) * 1000;
	if (iw_pick(w, 4) == 0) {
		iw_row(w, false, "queue.moved", "{\"handover\":\"h%d\",\"conversation\":\"%s\","
		       "\"queue\":\"billing\",\"from\":\"%s\",\"waited_ms\":1000}", h, w->talk, q);
		q = "billing";
	}
	int64_t waited = iw_pick(w, 50) * 1000;
	w->now += waited;
	for (int i = 0; i < tries; i++)
		iw_row(w, false, "queue.rejected", "{\"handover\":\"h%d\",\"conversation\":\"%s\","
		       "\"queue\":\"%s\",\"agent\":\"bo\",\"why\":\"%s\"}", h, w->talk, q,
		       i ? "no_answer" : "busy");
	if (iw_pick(w, 3) == 0) {
		static const char *const why[] = { "abandoned", "short_abandoned", "callback",
						   "full" };
		iw_row(w, false, "queue.left", "{\"handover\":\"h%d\",\"conversation\":\"%s\","
		       "\"queue\":\"%s\",\"why\":\"%s\",\"waited_ms\":%lld}", h, w->talk, q,
		       why[iw_pick(w, 4)], (long long)waited);
		return;
	}
	iw_row(w, false, "queue.accepted", "{\"handover\":\"h%d\",\"conversation\":\"%s\","
	       "\"queue\":\"%s\",\"agent\":\"%s\",\"how\":\"console\",\"waited_ms\":%lld}", h,
	       w->talk, q, agent, (long long)waited);
	iw_row(w, true, "turn.agent", "{\"text\":\"hi\",\"by\":\"%s\"}", agent);
	int64_t talk = (30 + iw_pick(w, 300)) * 1000;
	w->now += talk;
	static const char *const how[] = { "ended", "returned", "transferred", "ended" };
	const char *end = how[iw_pick(w, 4)];
	iw_row(w, false, "queue.ended",
	       "{\"handover\":\"h%d\",\"conversation\":\"%s\","
	       "\"queue\":\"%s\",\"agent\":\"%s\",\"how\":\"%s\",\"talk_ms\":%lld,\"hold_ms\":%"
	       "d}",
	       h, w->talk, q, agent, end, (long long)talk, iw_pick(w, 9) * 1000);
	if (strcmp(end, "transferred") == 0)
		iw_row(w, false, "queue.entered", "{\"handover\":\"h%d\",\"conversation\":\"%s\","
		       "\"queue\":\"sales\",\"how\":\"transferred\"}", h, w->talk);
	w->now += 20000;
	iw_row(w, false, "queue.wrapped", "{\"handover\":\"h%d\",\"conversation\":\"%s\","
	       "\"queue\":\"%s\",\"agent\":\"%s\",\"acw_ms\":%d}", h, w->talk, q, agent, 20000);
	iw_row(w, false, "agent.state", "{\"agent\":\"%s\",\"from\":\"talking\",\"to\":\"ready\","
	       "\"ms\":%lld}", agent, (long long)talk);
}

static inline void iw_turn(struct iw *w, const char *topic, int64_t *heard)
{
	*heard += 1000 + iw_pick(w, 2000);
	iw_row(w, true, "turn.customer", "{\"text\":\"x\",\"language\":\"%s\",\"intent\":\"%s\","
	       "\"mood\":{\"turn_valence\":%.2f},\"start_ms\":%lld,\"end_ms\":%lld}",
	       iw_pick(w, 2) ? "zh" : "en", topic, (iw_pick(w, 400) - 200) / 100.0,
	       (long long)*heard - 900, (long long)*heard);
	iw_row(w, true, "turn.bot", "{\"text\":\"y\",\"usage\":{\"prompt_tokens\":100,"
	       "\"completion_tokens\":20,\"cost_micros\":%d}}", iw_pick(w, 900));
	*heard += iw_pick(w, 7000);
	iw_row(w, true, iw_pick(w, 4) ? "turn.played" : "turn.cut",
	       "{\"say_id\":1,\"start_ms\":%lld,\"end_ms\":%lld}", (long long)*heard,
	       (long long)*heard + 800);
	w->now += 15000;
}

/* One conversation, begun at w->now. */
static inline void iw_talk(struct iw *w)
{
	int64_t heard = 1000;
	int turns = iw_pick(w, 4), n = w->talks++;
	const char *topic = iw_topics[iw_pick(w, 4)];
	(void)snprintf(w->talk, sizeof(w->talk), "t%05d", n);
	w->customer[0] = 0;
	w->seq = 0;
	iw_row(w, true, "conversation.opened", "{\"channel\":\"%s\",\"language\":\"zh\"%s}",
	       iw_channels[iw_pick(w, 3)], n % 5 ? "" : ",\"campaign\":\"spring\"");
	if (iw_pick(w, 3)) {
		(void)snprintf(w->customer, sizeof(w->customer), "c%d", iw_pick(w, 40));
		iw_row(w, true, "customer.known", "{\"level\":1}");
	}
	for (int i = 0; i < turns; i++)
		iw_turn(w, i == 1 ? topic : "greeting", &heard);
	if (iw_pick(w, 5) < 2)
		iw_served(w, n);
	else if (iw_pick(w, 6) == 0)
		iw_row(w, true, "handover", "{\"priority\":1}");
	if (iw_pick(w, 4) == 0)
		iw_row(w, true, "survey.answer", "{\"kind\":\"%s\",\"value\":%d}",
		       n % 2 ? "csat" : "nps", n % 2 ? 1 + iw_pick(w, 5) : iw_pick(w, 11));
	if (iw_pick(w, 12)) {
		w->now += 1000;
		iw_row(w, true, "conversation.closed", "{\"by\":\"customer\",\"turns\":%d}", turns);
	}
	if (iw_pick(w, 8) == 0)
		iw_row(w, false, "survey.taken", "{\"conversation\":\"%s\",\"kind\":\"csat\","
		       "\"value\":%d}", w->talk, 1 + iw_pick(w, 5));
	w->now += iw_pick(w, 20) * IW_MIN;
}

static inline int iw_week(struct iw *w, int talks)
{
	for (int i = 0; i < talks; i++) {
		iw_talk(w);
		w->customer[0] = 0;
		if (i % 3 == 0)
			iw_row(w, false, "agent.state",
			       "{\"agent\":\"%s\",\"from\":\"%s\",\"to\":"
			       "\"paused\",\"ms\":%d}",
			       iw_agents[i % 4], i % 2 ? "ready" : "paused",
			       iw_pick(w, 4000) * 1000);
	}
	return store_flush(w->st);
}

static inline int iw_fold(struct iw *w)
{
	struct ins_did did;
	int rc = store_flush(w->st);
	do {
		rc = rc ? rc : ins_fact_step(w->st, &did);
	} while (rc == 0 && did.more);
	return rc;
}

static inline struct ins_table *iw_ask(struct iw *w, const char *json)
{
	struct ins_ask_opts o = { .now_ms = w->now, .rates = { 60, 0.5 } };
	struct err e = { 0 };
	struct ins_ask *a = NULL;
	struct ins_table *t = NULL;
	jv *body = jv_parse(sv_of(json), &e);
	if (ins_ask_new(&a, body, &o, &e) || ins_table_new(&t, w->db, a, &e))
		printf("# %s\n", e.msg);
	ins_ask_free(a);
	jv_free(body);
	return t;
}

#endif
