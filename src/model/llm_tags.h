/* llm_tags.h: tools for models that only write text; private to model.
 *
 * The tools are told in the system message, calls come back inside the text between
 * GBNF_CALL_OPEN and GBNF_CALL_CLOSE, and results go in as messages of the customer's side
 * in a frame of their own. A grammar (gbnf.h) makes every call a valid one.
 */
#ifndef CALLM_LLM_TAGS_H
#define CALLM_LLM_TAGS_H

#include "llm_int.h"

/* The messages of p as a JSON list of {"role","text"}, tools and calls written out. */
void llm_tags_msgs(const struct llm_prompt *p, struct sb *out);

/* Takes the calls out of a stream of text. */
struct llm_tags {
	struct llm_run *run; /* text and calls go there; not owned */
	bool on;             /* tools were offered; else everything is text */
	bool inside, bad;    /* bad: a call could not be read */
	int n;
	uint32_t id; /* of the run, for names of calls */
	struct sb held;
};
void llm_tags_init(struct llm_tags *c, struct llm_run *run, bool on, uint32_t id);
void llm_tags_done(struct llm_tags *c);
/* False when a callback ended the run: nothing of it may be touched then but c itself. */
bool llm_tags_put(struct llm_tags *c, sv text);
bool llm_tags_end(struct llm_tags *c);

#endif
