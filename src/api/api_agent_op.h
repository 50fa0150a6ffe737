/* api_agent_op.h: orders of the people's side, between its files. Private to the api. */
#ifndef CALLM_API_AGENT_OP_H
#define CALLM_API_AGENT_OP_H

#include "api_people.h"
#include "acd.h"
#include "acd_core.h"
#include "talk_people.h"

/* A member that is the id of something; SV_NULL when it is none. */
sv api_op_id(const struct api_op *op, const char *key);
/* Which hand-over; false: answered. */
bool api_op_about(struct api_op *op, struct acd_order *o);
/* A text member of at most most bytes; false: answered. */
bool api_op_text(struct api_op *op, const char *key, size_t most, bool needed, sv *ret);
/* To the hand-overs; agent empty = who orders. Answers when it is done, unless o->done does. */
void api_op_acd(struct api_op *op, struct acd_order *o);
void api_op_answered(void *op, int err, sv json);    /* of acd_order: answers */
/* To the conversation. Answers when it has it. */
void api_op_word(struct api_op *op, struct talk_word *w);

/* api_agent_talk.c */
void api_op_say(struct api_op *op);
void api_op_note(struct api_op *op);
void api_op_typing(struct api_op *op);
void api_op_check(struct api_op *op);
void api_op_record(struct api_op *op);
/* api_agent_call.c */
void api_op_hold(struct api_op *op);
void api_op_mute(struct api_op *op);
void api_op_consult(struct api_op *op);
void api_op_merge(struct api_op *op);
void api_op_drop(struct api_op *op);
void api_op_keys(struct api_op *op);
void api_op_warm(struct api_op *op);         /* a transfer that consults first, or to outside */
void api_op_call(struct api_op *op);
void api_op_listen(struct api_op *op);
void api_op_takeover(struct api_op *op);

#endif
