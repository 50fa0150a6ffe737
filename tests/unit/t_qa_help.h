/* t_qa_help.h: a store in memory with conversations in it, the demo's forms, and writes that
 * wait. */
#ifndef CALLM_T_QA_HELP_H
#define CALLM_T_QA_HELP_H

#include <stdio.h>
#include "t.h"
#include "qa_review.h"
#include "qa_survey.h"

#define QNOW INT64_C(1795000000000)
#define QDAY INT64_C(86400000)

struct qw {
	struct store *st;
	struct store_db *db;         /* a reader */
	struct qa_forms *fs;
	struct qa_surveys *surveys;
	int n;                       /* conversations so far */
};

static inline bool qw_file(const char *name, struct sb *b)
{
	char path[600];
	(void)snprintf(path, sizeof(path), "%s/%s", t_srcdir(), name);
	sb_init(b, LIM_CFG_BYTES);
	return file_read(path, LIM_CFG_BYTES, b, NULL) == 0;
}

static inline bool qw_up(struct qw *w)
{
	struct sb b[3];
	struct cfg_report rep = { 0 };
	*w = (struct qw){ 0 };
	bool ok = qw_file("demo/qa/chat.yaml", &b[0]);
	ok &= qw_file("demo/qa/phone.yaml", &b[1]);
	ok &= qw_file("demo/surveys.yaml", &b[2]);
	const struct qa_text v[] = { { "chat", sb_sv(&b[0]) }, { "phone", sb_sv(&b[1]) } };
	ok = ok && qa_forms_new(&w->fs, v, 2, &rep) == 0 &&
	     qa_surveys_new(&w->surveys, sb_sv(&b[2]), "surveys", &rep) == 0 &&
	     store_open(&w->st, &(struct store_opts){ .dir = "", .group_ms = -1 }, NULL) == 0 &&
	     store_reader(w->st, &w->db) == 0;
	for (int i = 0; i < 3; i++)
		sb_done(&b[i]);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s\n", rep.v[i].where, rep.v[i].what);
	cfg_report_done(&rep);
	return ok;
}

static inline void qw_down(struct qw *w)
{
	store_close(w->st);
	obj_unref(w->fs);
	obj_unref(w->surveys);
}

/* fn on the scribe, waited for; its own code. */
struct qw_do {
	int (*fn)(void *arg, struct store_db *db);
	void *arg;
	int rc;
};
static inline int qw_run(void *arg, struct store_db *db)
{
	struct qw_do *d = arg;
	return d->rc = d->fn(d->arg, db);
}
static inline int qw_write(struct qw *w, int (*fn)(void *arg, struct store_db *db), void *arg)
{
	struct qw_do d = { fn, arg, ERR_DB };
	int rc = store_write(w->st, qw_run, &d, NULL, NULL);
	if (rc == 0)
		rc = store_flush(w->st);
	return rc ? rc : d.rc;
}

static inline int qw_sql_run(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}
static inline int qw_sql(struct qw *w, const char *sql)
{
	return qw_write(w, qw_sql_run, (void *)(uintptr_t)sql);
}

static inline int64_t qw_count(struct qw *w, const char *sql)
{
	struct store_stmt *q;
	if (store_prep(w->db, &q, sql))
		return -1;
	int64_t n = store_step(q) == 1 ? store_col_int(q, 0) : -1;
	store_reset(q);
	return n;
}

/* Rows of a conversation as JSON objects {"kind","actor","body"[,"at"]}, a second apart from
 * QNOW. */
struct qw_talk {
	struct qw *w;
	const char *id, *rows, *channel;
	int64_t at_ms;
};
static inline int qw_put_run(void *arg, struct store_db *db)
{
	struct qw_talk *t = arg;
	jv *rows = jv_parse(sv_of(t->rows), NULL);
	char sql[400];
	int rc = rows ? 0 : ERR_PARSE;
	for (size_t i = 0; i < jv_len(rows) && rc == 0; i++) {
		struct sb b;
		const jv *o = jv_at(rows, i);
		sv kind = jv_get_str(o, "kind");
		bool queue = sv_starts(kind, SV("queue.")) || sv_starts(kind, SV("ticket."));
		sb_init(&b, LIM_SB);
		jv_dump(jv_get(o, "body"), &b);
		struct store_event ev = { .ts_ms = t->at_ms + (int64_t)i * 1000,
					  .conversation = queue ? SV_NULL : sv_of(t->id),
					  .seq = queue ? 0 : (int64_t)i + 1,
					  .turn = (int32_t)jv_get_int(o, "turn", 0),
					  .kind = kind,
					  .actor = jv_get_str(o, "actor"),
					  .body = sb_sv(&b) };
		rc = store_event_put(db, &ev);
		sb_done(&b);
	}
	jv_free(rows);
	(void)snprintf(sql, sizeof(sql),
		       "INSERT INTO conversation (id, interaction_id, channel, language, "
		       "started_ms, last_ms) VALUES ('%s','%s','%s','en',%lld,%lld)",
		       t->id, t->id, t->channel, (long long)t->at_ms, (long long)t->at_ms);
	return rc ? rc : store_exec(db, sql);
}

/* A short chat of the bot or with an agent; id (27 bytes) gets its name. kind: "good", "angry". */
static inline int qw_chat(struct qw *w, const char *agent, const char *kind, int64_t at_ms,
			  char *id)
{
	struct sb b;
	bool angry = strcmp(kind, "angry") == 0;
	(void)snprintf(id, 27, "01QATAKS%018d", ++w->n);
	sb_init(&b, LIM_SB);
	sb_cstr(&b,
		"[{\"kind\":\"conversation.opened\",\"actor\":\"system\",\"body\":{\"channel\":"
		"\"webchat\",\"language\":\"en\"}},"
		"{\"kind\":\"turn.bot\",\"actor\":\"bot\",\"body\":{\"text\":\"Hello, how can "
		"I "
		"help?\",\"action\":\"reply\",\"grounded\":true}},");
	if (agent)
		sb_fmt(&b,
		       "{\"kind\":\"handover.accepted\",\"actor\":\"system\",\"body\":{"
		       "\"agent\":"
		       "\"%s\"}},{\"kind\":\"turn.agent\",\"actor\":\"agent\",\"body\":{\"text\":"
		       "\"Hello, "
		       "%s here.\",\"by\":\"%s\"}},",
		       agent, agent, agent);
	sb_fmt(&b,
	       "{\"kind\":\"turn.customer\",\"actor\":\"customer\",\"turn\":1,\"body\":{"
	       "\"text\":\"is "
	       "the lamp in stock\",\"language\":\"en\",\"emotion\":\"%s\",\"emotion_p\":0.9,"
	       "\"mood\":{\"valence\":%s}}},",
	       angry ? "angry" : "neutral", angry ? "-0.8" : "0");
	if (agent)
		sb_fmt(&b,
		       "{\"kind\":\"turn.agent\",\"actor\":\"agent\",\"turn\":1,\"body\":{"
		       "\"text\":\"%s\","
		       "\"by\":\"%s\"}},",
		       angry ? "Not my problem." : "Yes. Anything else?", agent);
	else
		sb_fmt(&b,
		       "{\"kind\":\"turn.bot\",\"actor\":\"bot\",\"turn\":1,\"body\":{\"text\":"
		       "\"%s\","
		       "\"action\":\"reply\",\"grounded\":true}},",
		       angry ? "Read the website." : "Yes. Anything else?");
	sb_cstr(&b, "{\"kind\":\"conversation.closed\",\"actor\":\"system\",\"body\":{\"by\":"
		    "\"customer\"}}]");
	struct qw_talk t = { w, id, sb_str(&b), "webchat", at_ms };
	int rc = qw_write(w, qw_put_run, &t);
	sb_done(&b);
	return rc;
}

/* All steps of the watcher; how many reviews were put, or an error. */
static inline int qw_watch(struct qw *w)
{
	struct qa_did did = { .more = true };
	int n = 0, rc = 0;
	while (did.more && rc == 0) {
		rc = qa_watch_step(w->st, w->fs, w->surveys, NULL, &did);
		n += did.scored;
	}
	return rc ? rc : n;
}

/* The review of a party in a conversation; false: there is none. */
static inline bool qw_review(struct qw *w, const char *conversation, const char *agent,
			     char id[QR_ID])
{
	struct store_stmt *q;
	if (store_prep(w->db, &q, "SELECT id FROM qa_review WHERE conversation=?1 AND agent=?2"))
		return false;
	store_bind_sv(q, 1, sv_of(conversation));
	store_bind_sv(q, 2, sv_of(agent));
	bool found = store_step(q) == 1;
	if (found)
		(void)snprintf(id, QR_ID, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return found;
}

/* One review as JSON, the caller's. */
static inline jv *qw_get(struct qw *w, const char *id, const char *agent, enum qr_role role)
{
	struct sb b;
	int64_t version;
	sb_init(&b, LIM_SB);
	int rc = qa_review_json(w->db, sv_of(id), sv_of(agent), role, &version, &b);
	jv *o = rc ? NULL : jv_parse(sb_sv(&b), NULL);
	sb_done(&b);
	return o;
}

#endif
