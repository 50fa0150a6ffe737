/* talk_person.h: the core's part of the people's side: a person is asked for and waited for, the
 * customer is with them and comes back, is asked how it was. Included by talk_core.h, which has the
 * other types; between the core's own files. Pure, the conversation's shard.
 */
#ifndef CALLM_TALK_PERSON_H
#define CALLM_TALK_PERSON_H

#include "talk_people.h"

struct talk_core;
struct talk_ev;
struct talk_acts;

/* What the customer is offered when nobody comes, and answers. */
enum talk_offer {
	OFFER_NOTHING,
	OFFER_CALLBACK,          /* shall we call back? */
	OFFER_NUMBER,            /* on which number? */
	OFFER_READ,              /* is it this one? */
	OFFER_MESSAGE,           /* the next words are the message */
	OFFER_PERSON,            /* shall a colleague come? */
	OFFER_STOP               /* they wait: shall they wait no longer? */
};
#define TALK_PERSON_WAIT_MS 20000    /* voice: from one word of comfort to the next */
#define TALK_LINES 6
#define TALK_CITED 4
struct talk_person {                 /* strings owned */
	bool there;              /* the driver's: people can be asked for */
	bool number;             /* the channel knows the number to call back */
	const char *reason;      /* of the wish, see talk_ask; NULL = none told */
	uint32_t wished_in;      /* the say that told of the wish */
	bool told;               /* the place in the queue, the last time at told_us */
	bool paced;              /* the queue says when the next word is due */
	int position, minutes;   /* minutes -1 = not known */
	bool nobody;             /* none who could come is there just now */
	int64_t told_us;
	char *agent, *name;      /* who is with them, or rung */
	char *party;             /* who is rung, or was last */
	char *instruction;       /* left with the bot; masked */
	char step[40];           /* the flow's, asked last */
	char intent[32];         /* of the last words that had one, but the wish for a person */
	struct {
		char *id;
		int mode;        /* enum chan_party_mode */
	} line[TALK_LINES];      /* persons in the call */
	int lines;
	bool moved;              /* chan_transfer's person has them: no line of ours */
	enum talk_offer offer;
	bool no_callback;        /* the queue waited in offers none */
	int unclear;
	char *digits;            /* the number that was read back */
	uint32_t read_in;        /* the say that did: what was heard of it is on no record */
	/* of the last answers, for whoever takes over; oldest first */
	struct {
		char *id, *title;
	} cited[TALK_CITED];
	int n_cited;
	/* how it was (talk_rating.c) */
	enum talk_survey rating; /* asked, and waited for */
	bool rating_ends;        /* the conversation ends with it */
	int rating_tries;
	unsigned rated;          /* bits of enum talk_survey: once each */
	char *rates;             /* login of the person it is about; NULL = the bot */
};

/* talk_person.c */
/* Can a person be asked for, and come into this conversation? */
bool talk_people_there(const struct talk_core *c);
/* The wish is put to the people's side, with its row. */
void talk_person_ask(struct talk_core *c, struct arena *a, struct talk_acts *acts);
/* Does the word fit what the conversation is doing? */
bool talk_word_fits(const struct talk_core *c, const struct talk_word *w);
void talk_on_word(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		  struct talk_acts *acts);
/* A party of the call: TEV_PARTY_IN, TEV_PARTY. */
void talk_on_party(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts);
/* With a person: nobody of them is on the line any more, and no word came. */
void talk_person_lost(struct talk_core *c, struct arena *a, struct talk_acts *acts);
/* Silence while they wait. */
void talk_person_waits(struct talk_core *c, struct arena *a, struct talk_acts *acts);
/* The customer waits no longer; why as of talk_people.gone. */
void talk_person_leave(struct talk_core *c, const char *why, struct talk_acts *acts);
/* "You are number 2. It takes about 3 minutes."; empty when nothing is known. */
sv talk_person_place(struct talk_core *c, struct arena *a);
/* Two sentences, either of which may be empty. */
sv talk_two(const struct talk_core *c, sv first, sv second, struct arena *a);
/* The conversation goes on after a restart: where it stood with the people. */
void talk_person_resume(struct talk_core *c, const struct chan_resume *r, struct arena *a,
			struct talk_acts *acts);
void talk_person_free(struct talk_core *c);
void talk_person_cites(struct talk_core *c, uint64_t cited);

/* talk_offer.c: nobody comes */
void talk_offer_nobody(struct talk_core *c, const struct talk_word *w, struct arena *a,
		       struct talk_acts *acts);
/* They wait and nobody is there: text, and a call back where the queue makes one. */
void talk_offer_meanwhile(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts);
/* Is nothing open, so that a colleague may be offered by a question? */
bool talk_offer_may(const struct talk_core *c);
/* The text under key, then whether a colleague shall come, or where people are. */
void talk_offer_person(struct talk_core *c, const char *key, struct arena *a,
		       struct talk_acts *acts);
/* The words belong to an offer, a rating, or the wait, and were dealt with. */
bool talk_offer_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts);
bool talk_offer_asks(const struct talk_core *c);     /* for a yes or a no */
/* Is one of the texts under key, in either language, in text? */
bool talk_says_one_of(const struct talk_core *c, sv text, const char *key);
/* Nothing but those, and words under small that mean nothing beside them. */
bool talk_says_only(const struct talk_core *c, sv text, const char *key, const char *small);

/* talk_rating.c: how it was */
/* False: not asked (asked before, upset, no such survey). before: said first. */
bool talk_rating_ask(struct talk_core *c, enum talk_survey kind, bool ends, sv before,
		     struct arena *a, struct talk_acts *acts);
bool talk_rating_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts);
bool talk_rating_key(struct talk_core *c, char key, struct arena *a, struct talk_acts *acts);
bool talk_rating_silence(struct talk_core *c, struct arena *a, struct talk_acts *acts);
/* What words say on a survey's scale, -1 = nothing. */
int talk_rating_value(const struct talk_core *c, enum talk_survey kind, sv text);

/* talk_packet.c: what whoever takes over must know, a JSON object; name: with the customer's. */
void talk_packet(struct talk_core *c, const char *reason, bool name, struct arena *a,
		 struct sb *out);
/* text with name, as a whole word, as [name], into b; false when it is not in it. */
bool talk_nameless(sv text, sv name, struct sb *b);
/* The flow under way, else the intent; may be empty. */
sv talk_topic(const struct talk_core *c);

#endif
