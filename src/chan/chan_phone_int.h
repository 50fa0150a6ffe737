/* chan_phone_int.h: what the files of a telephone call share: one struct a call, ours or theirs.
 * Private to chan; on the shard's thread, but for what chan_phone_dial fills in. */
#ifndef CALLM_CHAN_PHONE_INT_H
#define CALLM_CHAN_PHONE_INT_H

#include "chan_parties.h"
#include "chan_phone.h"

struct chan_phone {                  /* an obj; read only */
	struct chan_phone_opts o;
	char data_dir[4096], language[8];
	struct chan_people *people;  /* a reference; the telephone is theirs */
	struct chan_dial outbound;
};

/* Of the customer of a call that we place: as sure as a caller's number (enum tool_level). */
#define CHAN_LEVEL_CLAIMED 1

struct call_out;                     /* chan_phone_out.c: before there is a conversation */
struct call {
	struct chan_phone *ph;       /* a reference */
	struct chan_place place;
	struct tel_leg *leg;
	struct chan_voice *voice;    /* the conversation, NULL = none (yet) */
	struct call_out *out;        /* owned; NULL when they called us */
	/* A person who is rung first; until the conversation has them. */
	struct parties *parties;
	char party[CHAN_PARTY_ID + 1], party_to[CHAN_URI], agent[65], agent_name[129];
	char from[CHAN_URI + 8], name[CHAN_URI + 8], language[8], customer[64];
	char id[27], interaction[27];
};

/* chan_phone.c */
extern const struct tel_leg_cb call_leg_cb;
/* Opens the conversation; opening: what we say first, empty = the usual greeting. */
int call_talk(struct call *c, sv opening);
void call_free(struct call *c);

/* chan_phone_out.c: the leg's callbacks while there is no conversation. */
void out_ring(struct call *c);
void out_up(struct call *c);
void out_frame(struct call *c, const int16_t *s);
int out_pull(struct call *c, int16_t *out);
void out_close(struct call *c, int status);
void out_free(struct call *c);       /* accepts a call without out */
void out_first(struct call *c);      /* the person is there: now the customer */
void out_first_gone(struct call *c, int status);     /* may free the call */

/* chan_phone_first.c */
int first_ring(struct call *c);
void first_free(struct call *c);     /* idempotent */

#endif
