/* talk_business.h: the core's part that gets things done: actions, the check of identity, flows,
 * what stood open, what is told to whoever takes over. Included by talk_core.h, which has the
 * types; between the core's own files. Pure, the conversation's shard.
 */
#ifndef CALLM_TALK_BUSINESS_H
#define CALLM_TALK_BUSINESS_H

#include "talk_core.h"

/* talk_service.c: business actions */
/* Asks for one in the turn under way; key is made of the turn, the same for the same intent. */
void talk_tool_ask(struct talk_core *c, enum talk_for whose, sv name, sv args, struct arena *a,
		   struct talk_acts *acts);
/* The key that the next call of this turn will have. */
void talk_tool_key(const struct talk_core *c, char key[72]);
/* As it was asked before, with the same key. */
void talk_tool_again(struct talk_core *c, struct arena *a, struct talk_acts *acts);
/* One of the engine's own (who the customer is), while another one waits. */
void talk_tool_check(struct talk_core *c, sv name, sv args, struct arena *a,
		     struct talk_acts *acts);
void talk_on_tool(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		  struct talk_acts *acts);
/* The words belong to an action that waits, and were dealt with. */
bool talk_service_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts);
/* A customer whom a signed-in system named is proven. */
void talk_service_signed_in(struct talk_core *c);
/* What waits for the customer is given up; quit: and the flow too. */
void talk_service_quit(struct talk_core *c);
/* The customer does not want it: said so. */
void talk_service_give_up(struct talk_core *c, struct arena *a, struct talk_acts *acts);
void talk_service_drop(struct talk_core *c);
/* A row: the action that waited was not carried out. */
void talk_tool_dropped(struct talk_core *c, struct arena *a, struct talk_acts *acts);
void talk_service_free(struct talk_core *c);
/* A result may be told in the turn under way: nobody speaks or has spoken since. */
bool talk_at_once(const struct talk_core *c);
/* Said before the next reply; acted: it tells of an effect. */
void talk_news(struct talk_core *c, sv text, bool acted);
/* text with the news before it, which are told then. */
sv talk_with_news(struct talk_core *c, sv text, struct arena *a);
/* What leads back to what was asked before the customer digressed; empty when nothing does. */
sv talk_lead_back(struct talk_core *c, struct arena *a, const char **ret_expect);
/* The phrase of the tool under way; empty when there is none. */
sv talk_slow_phrase(struct talk_core *c);
/* The end of an action, good or bad, in a turn: words and the reply. */
void talk_service_reply(struct talk_core *c, sv text, enum policy_action action, struct arena *a,
			struct talk_acts *acts);
/* talk_check.c: who the customer is */
void talk_check_begin(struct talk_core *c, enum tool_level need, struct arena *a,
		      struct talk_acts *acts);
/* Keeps the last four digits of the telephone that stand beside an order's number. */
void talk_check_overhear(struct talk_core *c, sv text);
bool talk_check_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts);
void talk_check_got(struct talk_core *c, const struct talk_got *g, struct arena *a,
		    struct talk_acts *acts);
sv talk_check_question(struct talk_core *c);
/* For the record: digits of a phone or a code that are said while it is asked who they are are kept
 * nowhere. */
sv talk_check_masked(const struct talk_core *c, sv masked, struct arena *a);

/* talk_flow.c: service flows */
/* Words that begin a flow or go on with it: dealt with. */
bool talk_flow_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts);
/* The end of its call: outcome as flow.h names them, g NULL when there is none. False: no flow. */
bool talk_flow_got(struct talk_core *c, const char *outcome, const struct talk_got *g, bool now,
		   struct arena *a, struct talk_acts *acts);
/* What it waits to be answered. */
sv talk_flow_question(struct talk_core *c, struct arena *a, const char **ret_expect);
void talk_flow_drop(struct talk_core *c);
/* A turn begins; and back to that where nobody heard what came of the turn (of a call: never of
 * what was done). */
void talk_flow_mark(struct talk_core *c, int turn);
void talk_flow_back(struct talk_core *c, int turn);
/* Words that give the flow another value than the call that waits has: that one is dropped, the
 * flow goes on. */
bool talk_flow_corrects(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts);
/* After a break: what it asked or called, once more. False: nothing of it is left. */
bool talk_flow_go_on(struct talk_core *c, struct arena *a, struct talk_acts *acts);
/* A text of ours with {title}: what was being done ("Return an article: LUMO lamp"). */
sv talk_flow_stood(struct talk_core *c, const char *key, struct arena *a);
/* That the flow id is left for another wish; in the arena. */
sv talk_flow_left(struct talk_core *c, const char *id, struct arena *a);
bool talk_flow_load(struct talk_core *c, sv state);  /* false: it has changed since */

/* talk_case.c: where the customer's business stands, for whoever takes over */
/* Its flow or the one that was left, what was learned, what was tried, what tools said: a JSON
 * object without personal data. */
void talk_case_json(const struct talk_core *c, struct sb *out);
/* The same in a sentence, in the arena; empty when there is nothing to tell. */
sv talk_case_words(struct talk_core *c, struct arena *a);
/* The flow is being left: what it learned is kept. */
void talk_case_keep(struct talk_core *c);
bool talk_ended(sv s);               /* it has an end mark */
/* text, or JSON, without personal data but order numbers, in the arena; "" when it is too long. */
sv talk_masked(sv text, struct arena *a);
/* A flow's saved state: what it holds of the customer is masked, its own marks stay as they are. */
sv talk_masked_state(sv state, struct arena *a);

/* talk_about.c: what is being talked of: the order and the article named last */
void talk_about_words(struct talk_core *c);  /* of the turn under way */
void talk_about_result(struct talk_core *c, const struct talk_got *g);
void talk_about_order(struct talk_core *c, sv order);
const char *talk_about_product(const struct talk_core *c);  /* NULL: none, or too long ago */
const char *talk_about_it(const struct talk_core *c);  /* "order", "product": the later; NULL */

/* talk_result.c: a result of at most max bytes: rows are left out from the end of its longest
 * list, and it says how many of how many are shown. Pure. */
void talk_fit_result(sv body, size_t max, struct sb *out);

/* talk_where.c: who was here before */
void talk_on_who(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		 struct talk_acts *acts);
bool talk_where_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts);
void talk_where_go(struct talk_core *c, struct arena *a, struct talk_acts *acts);
void talk_where_free(struct talk_core *c);
/* The language changed: an offer to go on that was not said yet is made anew. */
void talk_where_language(struct talk_core *c, struct arena *a);
/* The conversation goes on after a restart: who the customer is, and the flow. */
void talk_where_resume(struct talk_core *c, const struct chan_resume *r);

/* talk_parts.c: several matters in one message */
/* How much is said: a Latin word counts two, a CJK character one. */
int talk_weight(sv text);
bool talk_parts_many(const struct talk_core *c, sv text);
/* True: the words are several matters, the first question is being looked up. */
bool talk_parts_begin(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts);
/* A search for one of them came back. True: dealt with; else *found is to be answered. */
bool talk_parts_found(struct talk_core *c, struct kb_result *found, struct arena *a,
		      struct talk_acts *acts);
/* The first wish is over, said are its words: true, the second one is taken up with them. Not over:
 * the second one is told as open. */
bool talk_parts_later(struct talk_core *c, sv said, bool over, struct arena *a,
		      struct talk_acts *acts);
/* That one of the questions is still open; empty when none is. */
sv talk_parts_missed(struct talk_core *c, struct arena *a);

/* talk_meta.c: words about the talk itself: "say that again", "that is not what I meant" */
/* Dealt with. */
bool talk_meta_words(struct talk_core *c, struct arena *a, struct talk_acts *acts);
/* A card number was written: once it is said that it is hidden. */
void talk_meta_card(struct talk_core *c, sv masked);

/* talk_loop.c: the model's tool calls */
bool talk_may_use(const struct tool_decl *d);        /* a model may ask for it */
bool talk_has_tools(const struct talk_core *c);
bool talk_wish_add(struct talk_core *c, const struct talk_ev *ev, struct arena *a);
/* At the end of the model's answer: true when calls are to be carried out first. */
bool talk_wishes_due(struct talk_core *c, struct arena *a, struct talk_acts *acts);
void talk_wish_got(struct talk_core *c, const struct talk_got *g, struct arena *a,
		   struct talk_acts *acts);
/* Actions and tools, for a prompt; in the arena. */
const struct llm_tool *talk_all_tools(struct talk_core *c, struct arena *a, size_t *ret_n);

#endif
