/* eval_fly_int.h: what the files of the flywheel's proof share; private to eval. */
#ifndef CALLM_EVAL_FLY_INT_H
#define CALLM_EVAL_FLY_INT_H

#include "eval_flywheel.h"
#include "learn.h"

#define FLY_DAYS 28              /* of the conversations */
/* The learner runs so often, each time what it found is approved. */
#define FLY_NIGHTS 4
#define FLY_DAY_MS 86400000LL

struct fly_article {
	struct kb_article a;
	sv *sentence;            /* of the body, markers off */
	size_t n_sentence;
	sv *question;            /* ways it is asked: aliases and the development set */
	size_t n_question;
	bool *heard;             /* of question: somebody asked it in the four weeks */
	double weight;
	bool deleted, back;
};
struct fly_made {                /* an article that came of a draft */
	char id[128];
	sv wanted;               /* group most of its questions wanted */
};
struct fly_world {
	const struct eval_fly_opts *o;
	struct arena arena;
	struct rng rng;
	VEC(struct fly_article) v;       /* both languages, without products */
	VEC(struct fly_made) made;
	sv oos[2][200];          /* questions nobody answers: en, zh */
	size_t n_oos[2];
};
/* eval_fly_talk.c */
/* As a conversation searches: by meaning where there is a model. In a. */
int fly_search(const struct fly_world *w, struct kb_index *ix, struct kb_query *q,
	       struct arena *a, struct kb_result *ret);
/* The group of an article, of a learned one the group its questions wanted; "": none. */
sv fly_group(const struct fly_world *w, struct kb_index *ix, sv article_id);
/* An article somebody asks about, by weight; a way of asking for it (NULL: what nobody answers). */
const struct fly_article *fly_pick(struct fly_world *w, bool zh);
sv fly_question(struct fly_world *w, const struct fly_article *x, bool zh);
/* Was this way of asking (as fly_question gave it) heard in a conversation? */
bool fly_heard(const struct fly_article *x, sv question);
/* Conversation number i in the week before now_ms; *wish is what was wanted, or NULL. */
int fly_converse(struct fly_world *w, struct kb_index *ix, size_t i, int64_t now_ms,
		 const struct fly_article **wish);

/* eval_fly_say.c */
/* A customer's way of asking: greetings, typing errors, personal data now and then. */
void fly_ask(struct rng *r, bool zh, sv question, struct sb *out);
/* What one of some agents answers from the article (NULL: there is nothing to say), worded their
 * own way; wrong: with another number, when it has one. False: it was no answer, just talk. */
bool fly_answer(struct rng *r, const struct fly_article *a, bool zh, sv question, int agent,
		bool wrong, struct sb *out);
/* A number of the text becomes another. False: it has none. */
bool fly_other_number(struct rng *r, sv text, struct sb *out);

#endif
