/* talk_log.h: a conversation's inputs and outputs as a file, and the proof that they belong
 * together: the same inputs give the same outputs, byte for byte (docs/recording.md).
 *
 *	talk_logs_open(&logs, data_dir, pool, &e);          once, at start
 *	t->log = talk_log_begin(logs, t);
 *	talk_log_in(t->log, &ev); talk_step(...); talk_log_out(t->log, &acts);
 *	talk_log_end(t->log);
 *
 *	rc = talk_replay(text, &opts, &report, &e);         later, anywhere
 *
 * Lines: {"callm_replay":1,...}, then {"in":{...}}, {"out":{...}}, {"body":N,"text":"..."},
 * {"cost":N}, at last {"end":true}. Personal data is sealed: {"in":{"kind":"text","sealed":HEX}}
 * holds the input encrypted, {"out":{"kind":"search","sealed":HEX}} the output as a keyed hash;
 * the key lies in the data folder. All functions accept a NULL log.
 */
#ifndef CALLM_TALK_LOG_H
#define CALLM_TALK_LOG_H

#include "talk_core.h"

#define TALK_LOG_KEY 32

struct talk_log;
struct talk_logs;
/* Makes <data>/replay.key when there is none. pool NULL: lines are written at once, on the
 * calling thread (tests). */
int talk_logs_open(struct talk_logs **ret, const char *data_dir, struct pool *pool, struct err *e);
void talk_logs_close(struct talk_logs *l);           /* accepts NULL */
int talk_log_key(const char *path, unsigned char key[TALK_LOG_KEY], struct err *e);

/* recordings/<interaction>.jsonl, 0600. On the shard's thread, as all that follow. box: of the
 * shard; live counts logs whose last bytes are not on disk. */
struct talk_log_of {
	const char *conversation, *interaction;
	const struct talk_core *core;
	struct mbox *box;
	int *live;
};
struct talk_log *talk_log_begin(struct talk_logs *l, const struct talk_log_of *o);
void talk_log_in(struct talk_log *g, const struct talk_ev *ev);
void talk_log_out(struct talk_log *g, const struct talk_acts *acts);
void talk_log_cost(struct talk_log *g, int64_t cost); /* of a model's run that was cut off */
void talk_log_end(struct talk_log *g);               /* the handle is gone */

/* A hash of all declarations. */
uint64_t talk_box_print(const struct tool_box *b);
uint64_t talk_flows_print(const struct flow_set *s);

struct talk_replay_opts {
	const struct talk_texts *texts;
	struct policy_table *strategy; /* NULL = the one inside the program */
	struct flow_set *flows;
	/* both for logs of conversations that had some; may be NULL. */
	struct tool_box *tools;
	const unsigned char *key;    /* for sealed lines; may be NULL */
};
struct talk_replay {
	size_t events, acts;         /* compared */
	size_t line;                 /* of the first difference, 0 = none */
	struct sb expected, got;     /* the two lines there; done by the caller */
	bool other_texts;            /* the log was made with other texts or another strategy */
	char interaction[27];
};
/* 0, also when there is a difference; ERR_PARSE, ERR_STATE (cut off), ERR_DENIED (sealed and no
 * key, or a wrong one): e names the line. */
int talk_replay(sv log, const struct talk_replay_opts *o, struct talk_replay *ret, struct err *e);
void talk_replay_done(struct talk_replay *r);

#endif
