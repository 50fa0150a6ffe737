/* chan_move.h: the customer of a call is handed to a person. Private to chan; shard's thread.
 *
 *	move_start(&m, &place, &(struct chan_move){ .to = SV("sip:ann@pbx"), .warm = true });
 *	move_under(&m, out, n);       each 20 ms that go to the customer
 *	move_hear(&m, in);            each 20 ms that come from there
 *	move_stop(&m);
 *
 * Embedded in the call, zeroed = nothing under way.
 */
#ifndef CALLM_CHAN_MOVE_H
#define CALLM_CHAN_MOVE_H

#include "chan_dial.h"
#include "chan_playout.h"
#include "tel.h"

#define MOVE_PIPE 4

struct move_opts {                   /* of the configuration; borrowed */
	const struct chan_dial *dial;
	int ring_ms;
	bool confirm;                /* the person takes the call with a key */
	bool end;                    /* the call ends with the person's */
	/* company's own words: "transfer_confirm". */
	sv (*text)(void *arg, const char *key, sv lang, unsigned variant);
	void *text_arg;
};
struct move_place {
	struct loop *loop;
	struct mbox *box;
	const struct chan_speech *speech;
	struct tel *tel;
	struct tel_leg *leg;         /* the customer's */
	struct move_opts o;
	/* A step, as of CHAN_MOVED; why "" unless it failed. Last in whatever calls it: the
	 * owner may free everything, or start anew. */
	void (*told)(void *arg, const char *step, const char *why, int status);
	/* We are out of it: the call is to be ended. The same rule. */
	void (*left)(void *arg);
	void *arg;
};
enum move_step { MOVE_IDLE, MOVE_REFER, MOVE_RINGING, MOVE_BRIEFING, MOVE_JOINED };
struct move_pipe {                   /* one direction of the bridge */
	int16_t s[MOVE_PIPE][PCM_FRAME];
	int at, n;
};
struct move {
	struct move_place p;
	enum move_step step;
	struct tel_leg *human;
	char uri[CHAN_URI], lang[4];
	char *briefing;              /* owned */
	struct playout play;         /* to the person, while briefing */
	bool playing, rang, human_held;
	bool taken;                  /* with a key */
	int said;                    /* last sentence heard whole: 1 briefing, 2 question */
	int asked;                   /* how often */
	int ring_ms;
	struct loop_timer timer;
	uint64_t tune;               /* samples of the hold tune played */
	struct move_pipe to_human, to_customer;
};

/* ERR_STATE while one is under way, ERR_INVAL: not allowed. told follows, never from within. */
int move_start(struct move *m, const struct move_place *p, const struct chan_move *how);
void move_stop(struct move *m);      /* the person's leg ends too; idempotent */
/* out holds n samples of ours (PCM_FRAME in all); returns how many count now. */
int move_under(struct move *m, int16_t *out, int n);
void move_hear(struct move *m, const int16_t *s);
void move_key(struct move *m, char digit);       /* of the customer: to the person */
void move_referred(struct move *m, int status);  /* on_refer of the customer's leg */

/* 20 ms of a calm tune at about -30 dBFS, samples pos.. of it; pure. */
void move_tune(uint64_t pos, int16_t out[PCM_FRAME]);
/* "busy", "no answer", "declined" or "unreachable": what this SIP status means. */
const char *move_why(int status);

#endif
