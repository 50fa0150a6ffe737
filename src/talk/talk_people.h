/* talk_people.h: between the conversation and the people's side: what talk asks of the queues, and
 * the words that come back to a conversation.
 *
 *	opts.people = &(struct talk_people){ .ask = ..., .gone = ..., .arg = acd };
 *	talk_hub_word(hub, &(struct talk_word){ .kind = WORD_QUEUED, .conversation = id,
 *						.position = 2, .wait_ms = 180000, ... });
 *
 * A conversation has at most one live hand-over: it asks, waits (and is served by the bot
 * meanwhile), is with a person, and comes back or ends. Who serves it and when is the queues'
 * business; what the customer hears and sees of it is talk's (talk_person.c).
 */
#ifndef CALLM_TALK_PEOPLE_H
#define CALLM_TALK_PEOPLE_H

#include "base.h"

struct talk_hub;
struct pcm_music;

/* A wish for a person. Views, valid during the call. */
struct talk_ask {
	sv conversation, interaction, channel, language;
	sv customer;             /* id, or empty: nobody known */
	sv customer_name;        /* personal data; may be empty */
	/* "customer_asked", "policy", "no_answer", "complaint", "model", "key_0"; "placed": a
	 * person called them; "taken": a person takes them over from the bot, see agent */
	sv reason;
	/* the flow, else the intent: chooses the queue; may be empty. */
	sv topic;
	sv packet;               /* JSON: what whoever takes over must know (docs/talk.md) */
	int priority;            /* 0 normal, higher first: the strategy table's */
	bool voice;
	/* The conversation goes on after a restart with a hand-over that lives already: no new
	 * one; the answer is a word that says where it stands (WORD_QUEUED, WORD_JOINED,
	 * WORD_NOBODY). Without a live one it is a wish like any other. */
	bool again;
	/* again: who serves it, as far as the conversation knows; "taken": who serves it from
	 * now */
	sv agent;
};

/* What talk asks of the people's side, given as talk_opts.people; outlives the hub. Every
 * function may be called on any shard's thread, must not block and copies what it keeps. */
struct talk_people {
	/* 0, or ERR_FULL and the like: as if nobody was there. */
	int (*ask)(void *arg, const struct talk_ask *x);
	/* The customer does not wait any longer: "left" (closed or hung up), "bot" (wants to go on
	 * without a person), "callback", "voicemail" (its text is the row `voicemail`). */
	void (*gone)(void *arg, sv conversation, const char *why);
	/* A party of the call: step "ringing", "briefing", "joined", "failed", "left"; why and SIP
	 * status with "failed". */
	void (*phone)(void *arg, sv conversation, sv party, const char *step, const char *why,
		      int status);
	/* The customer agreed to be called back; number empty: on the one they call from. Personal
	 * data. gone("callback") follows when they were waiting. */
	void (*callback)(void *arg, sv conversation, sv number_or_empty);
	void *arg;
};

enum talk_word_kind {
	/* position (0 = not told), wait_ms (< 0 = not known); why "transfer" and "lost": from a
	 * person, "away": not in the queue while the page is closed, "back": in it again */
	WORD_QUEUED,
	WORD_CONNECT,            /* voice: ring this person: party, to, agent, name, ring_ms */
	WORD_JOINED,             /* chat: agent, name are here now */
	WORD_SAYS,               /* agent, name, text; client_id; lang, original if translated */
	WORD_TYPING,
	WORD_NOTE,               /* agent, text: for colleagues, the customer does not see it */
	WORD_BACK,               /* back to the bot: agent, text = the instruction; why */
	/* nobody comes: why "closed", "full", "timeout": the wish is over; "callback_offer": the
	 * customer may be called back and keeps the place meanwhile; "voicemail": a message is
	 * taken. The first three offer a call back, else a message, else nothing: see
	 * no_callback, voicemail */
	WORD_NOBODY,
	WORD_END,                /* the agent ends the conversation: agent, survey */
	WORD_PARTY,              /* an order for the call's parties (struct chan_party) */
	WORD_SURVEY,             /* survey: asked now, if the customer can answer */
	/* a row beside the conversation: why = "feedback", "agent.search" or
	 * "agent.check", text = its body, a
	 * JSON object, without personal data; agent empty: the customer's; not told to them */
	WORD_ROW,
	/* a chat that the bot alone serves: agent, name serve it from now. It asks for them (reason
	 * "taken"), and WORD_JOINED follows */
	WORD_TAKE,
	WORDS
};
enum talk_survey { SURVEY_NONE, SURVEY_CSAT, SURVEY_NPS, SURVEY_CES, SURVEYS };
const char *talk_survey_name(enum talk_survey s);    /* "csat" */
/* By its name; SURVEY_NONE for any other. */
enum talk_survey talk_survey_of(sv name);

struct talk_word {
	enum talk_word_kind kind;
	sv conversation;
	sv agent, name;          /* login and what the customer may call them */
	sv text, lang, original, client_id;
	sv why;
	int position;
	int64_t wait_ms;
	/* QUEUED, NOBODY: what the queue offers instead; none named: a call back */
	bool no_callback, voicemail;
	/* QUEUED: text, if there is one, is the queue's own and said in a call instead of the
	 * place. quiet: nothing is said of it yet. paced: the queue says when the next word is due;
	 * else it is a word of comfort every TALK_PERSON_WAIT_MS. */
	bool quiet, paced;
	bool nobody;             /* QUEUED: none who could come is there just now */
	/* QUEUED, CONNECT: sounds in a call while nobody speaks; NULL = the generated tune. A
	 * reference is taken; no business of the core, so in no log. */
	struct pcm_music *music;
	enum talk_survey survey;
	bool suggested;          /* SAYS: taken from what was suggested */
	/* CONNECT and PARTY: see struct chan_party */
	sv party, to, keys;
	int act, mode, ring_ms;  /* act: enum chan_party_do, mode: enum chan_party_mode */
	bool mute;
	/* done on back's owner with 0, ERR_NOTFOUND (not open in memory), ERR_STATE (not now, for
	 * example a word of an agent who is not with the customer), ERR_UNSUPPORTED or ERR_FULL,
	 * unless talk_hub_word returns an error. back may be NULL: nobody is told. */
	struct mbox *back;
	void (*done)(void *arg, int err);
	void *arg;
};
/* To the conversation on its shard; everything is copied. Any thread. ERR_FULL; ERR_NOTFOUND:
 * not an id of a conversation; ERR_INVAL. */
int talk_hub_word(struct talk_hub *h, const struct talk_word *w);

#endif
