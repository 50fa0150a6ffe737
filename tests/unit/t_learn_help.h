/* t_learn_help.h: a small company, conversations in its river, and what the night makes of them. */
#ifndef CALLM_T_LEARN_HELP_H
#define CALLM_T_LEARN_HELP_H

#include <stdio.h>
#include "learn_int.h"
#include "t.h"

#define NOW 1767225600000LL      /* 2026-01-01 */
#define DAY LEARN_DAY_MS

struct world {
	struct store *st;
	struct store_db *db;
	struct kb_index *ix;
	struct learn_run *run;
	int n;                   /* conversations so far */
	struct err e;
};

struct put {
	const struct kb_article *a;
	struct world *w;
	struct learn_decision *d;
	const struct learn_effect *v;
	size_t n, back, kept;
	sv topic, owner;
	const char *sql;
	int rc;
};

static inline int put_article(void *arg, struct store_db *db)
{
	struct put *p = arg;
	bool changed;
	return p->rc = kb_put(db, p->a, NOW - 90 * DAY, &changed);
}

static inline int save_run(void *arg, struct store_db *db)
{
	struct put *p = arg;
	return p->rc = learn_save(db, p->w->run);
}

static inline int decide_one(void *arg, struct store_db *db)
{
	struct put *p = arg;
	return p->rc = learn_decide(db, p->d);
}

static inline int put_topic(void *arg, struct store_db *db)
{
	struct put *p = arg;
	return p->rc = learn_topic_put(db, p->topic, p->owner, 0, NOW);
}

static inline int run_sql(void *arg, struct store_db *db)
{
	struct put *p = arg;
	return p->rc = store_exec(db, p->sql);
}

static inline int write_now(struct world *w, store_write_fn *fn, struct put *p)
{
	p->w = w;
	if (store_write(w->st, fn, p, NULL, NULL) || store_flush(w->st))
		return p->rc ? p->rc : ERR_DB;
	return p->rc;
}

static inline bool article(struct world *w, const char *id, const char *title, const char *body)
{
	const struct kb_article a = { .id = sv_of(id), .group_id = sv_of(id), .lang = SV("en"),
				      .title = sv_of(title), .body_md = sv_of(body),
				      .category = SV("service") };
	struct put p = { .a = &a };
	return write_now(w, put_article, &p) == 0;
}

static inline bool reindex(struct world *w)
{
	obj_unref(w->ix);
	w->ix = NULL;
	return store_reader(w->st, &w->db) == 0 && kb_build(&w->ix, w->db, NULL, &w->e) == 0;
}

static inline bool open_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	return kb_init() == 0 &&
	       store_open(&w->st, &(struct store_opts){ .dir = "" }, &w->e) == 0 &&
	       article(w, "hours.en", "When are you open?",
		       "The shop is open every day from 09:00 to 18:00.") &&
	       article(w, "pay.en", "How can I pay?", "You can pay by card or in cash.") &&
	       article(w, "return.en", "How long may I return something?",
		       "You may return unused articles within 30 days of delivery.") &&
	       reindex(w);
}

static inline void close_world(struct world *w)
{
	learn_run_free(w->run);
	obj_unref(w->ix);
	store_close(w->st);
}

/* ---- conversations ---- */

static inline void row(struct world *w, int64_t *seq, const char *kind, const char *body)
{
	char id[32], who[32];
	(void)snprintf(id, sizeof(id), "conv-%d", w->n);
	(void)snprintf(who, sizeof(who), "c%d", w->n);
	const struct store_event ev = { .ts_ms = NOW - 5 * DAY + w->n * 60000LL + *seq * 1000,
					.conversation = sv_of(id), .customer = sv_of(who),
					.seq = ++*seq, .turn = 1, .kind = sv_of(kind),
					.actor = SV("x"), .body = sv_of(body) };
	ASSERT(store_append(w->st, &ev, NULL, NULL, NULL) == 0);
}

static inline void text_row(struct world *w, int64_t *seq, const char *kind, const char *text,
		     const char *more)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, sv_of(text));
	sb_fmt(&b, ",\"language\":\"en\"%s}", more);
	row(w, seq, kind, sb_str(&b));
	sb_done(&b);
}

/* Asked, declined, answered by a person, closed; good: nobody complains afterwards. */
static inline void asked(struct world *w, const char *question, const char *by, const char *answer,
		  bool good)
{
	char more[80];
	int64_t seq = 0;
	w->n++;
	text_row(w, &seq, "turn.customer", question, "");
	row(w, &seq, "turn.bot", "{\"text\":\"\",\"action\":\"decline\",\"citations\":[]}");
	if (by) {
		row(w, &seq, "handover", "{}");
		(void)snprintf(more, sizeof(more), ",\"by\":\"%s\"", by);
		text_row(w, &seq, "turn.agent", answer, more);
		if (!good)
			row(w, &seq, "feedback", "{\"value\":\"down\"}");
	}
	row(w, &seq, "conversation.closed", "{\"by\":\"customer\"}");
}

static inline void gift_wrap(struct world *w)
{
	asked(w, "Do you wrap presents?", "ann",
	      "Hi Mr Wang, we wrap presents for CNY 8 a piece at the desk.", true);
	asked(w, "Can you gift wrap my present?", "bob",
	      "Sure. We wrap presents for ¥8 per piece at the desk in the shop.", true);
	asked(w, "gift wrapping of presents?", "cat",
	      "We wrap presents for 8 yuan a piece, at the desk. I'll call 13812345678.", true);
}

static inline bool look(struct world *w)
{
	learn_run_free(w->run);
	w->run = NULL;
	return store_flush(w->st) == 0 &&
	       learn_run(&w->run, w->db,
			 &(struct learn_opts){ .kb = w->ix, .now_ms = NOW + w->n }, &w->e) == 0;
}

static inline const struct learn_gap *gap_about(struct world *w, const char *word)
{
	for (size_t i = 0; i < w->run->n_gap; i++)
		for (size_t k = 0; k < w->run->gap[i].n; k++)
			if (sv_find(w->run->gap[i].item[k]->text, sv_of(word)) >= 0)
				return &w->run->gap[i];
	return NULL;
}

static inline int64_t number(struct world *w, const char *sql)
{
	struct store_stmt *q;
	if (store_prep(w->db, &q, sql))
		return -1;
	int64_t v = store_step(q) == 1 ? store_col_int(q, 0) : -1;
	store_reset(q);
	return v;
}

static inline sv text_of(struct world *w, struct arena *a, const char *sql)
{
	struct store_stmt *q;
	sv v = SV("");
	if (store_prep(w->db, &q, sql))
		return v;
	if (store_step(q) == 1)
		v = arena_sv(a, store_col_sv(q, 0));
	store_reset(q);
	return v;
}

#endif
