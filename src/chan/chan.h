/* chan.h: every way a customer reaches us, as one interface: the channel turns the outside into
 * three calls on a sink and accepts four verbs. A peer is one customer's connection and lives on
 * one shard's loop; all calls of a peer, both ways, are on that loop's thread.
 *
 *	sink.on_open(arg, peer, &info)   sink.on_msg(arg, peer, &msg)   sink.on_close(arg, peer,
 * why) chan_say(peer, &out)  chan_hush(peer, &heard)  chan_typing(peer)  chan_hangup(peer, why)
 */
#ifndef CALLM_CHAN_H
#define CALLM_CHAN_H

#include "base.h"

enum chan_caps {
	CHAN_VOICE = 1,
	CHAN_STREAM = 2,
	CHAN_RICH = 4,
	CHAN_ASYNC = 8,
	CHAN_DTMF = 16,
	CHAN_ASR = 32,
	CHAN_PATIENT = 64, /* voice: silence is the far side's business, nobody is asked */
	CHAN_MOVES = 128,  /* chan_transfer can hand the customer to a telephone address */
	CHAN_PARTIES = 256 /* chan_party can bring persons into the call */
};
/* What the customer will probably answer to what is being said: how patient to be with pauses. */
enum chan_expect { CHAN_EXPECT_OPEN, CHAN_EXPECT_YESNO, CHAN_EXPECT_DIGITS, CHAN_EXPECT_SPELLING };
/* What the recording keeps. SECRET: a payment or PIN is being entered, so both voices, keys and
 * words of the time are kept nowhere. */
enum chan_record { CHAN_RECORD_ON, CHAN_RECORD_PAUSED, CHAN_RECORD_SECRET };
enum chan_close_by {
	CHAN_BY_CUSTOMER,
	CHAN_BY_BOT,
	CHAN_BY_AGENT,
	CHAN_BY_SYSTEM,
	CHAN_BY_TIMEOUT
};

struct chan_peer;
struct pcm_prosody_sum;
/* Who the customer is, where that was made sure: read only, for service that fits. */
struct chan_profile {
	sv id, name, tier, language, since;      /* since: "2022-08-31" */
	sv last_order, last_status;              /* number and status of the newest order */
	int orders;
	int contacts_7d;         /* conversations in the last seven days before this one */
	/* the obj in which its strings live: a conversation keeps a reference; NULL = they outlive
	 * everything */
	void *keep;
};
struct chan_info {
	const char *channel;     /* "webchat", "phone", "talk", "sms", ... */
	unsigned caps;
	sv language;             /* hint, may be empty */
	sv address;              /* caller number, e-mail ...; personal data */
	sv customer_name;
	sv opening;              /* we called: said first, instead of a greeting */
	sv recording;            /* path relative to the data folder, "" when none */
	/* how the call reached us ("audiosocket", "asterisk", ...; empty = the channel's own way)
	 * and what the other side calls it. */
	sv way, ref;
	/* given by the channel when it had to know them first, else empty. */
	sv id, interaction_id;
	sv token_hash;           /* of the customer's token, hex; empty when none */
	/* an earlier conversation goes on (after a restart), else NULL. */
	const struct chan_resume *resume;
	/* of an identified customer, else NULL; outlives the conversation. */
	const struct chan_profile *profile;
};
struct chan_resume {             /* what the river knows of it; views valid during on_open */
	/* last row of the conversation; 0 = none: it begins here, with what follows as its past
	 * and without a greeting */
	int64_t seq;
	int turn;
	sv language;
	sv last_question, last_reply;    /* the last question that was answered */
	sv owed;                 /* acknowledged before, not answered yet; answered at once */
	int owed_turn;
	int64_t started_ms;
	/* a flow under way (flow_save) and the key of the call it waits for; who the customer
	 * is, and how sure that is */
	sv flow, flow_key, customer;
	int level;
	/* it waited for a person, or was with one (login, and what the customer may call them) */
	enum chan_person { CHAN_PERSON_NONE, CHAN_PERSON_WAITS, CHAN_PERSON_WITH } person;
	sv agent, agent_name;
};
/* SPEECH_LIKELY: the customer pauses, and these are probably all the words: an answer may be
 * prepared, nothing told or done. SPEECH_FINAL decides, with the same words or others. MOVED: a
 * step of chan_transfer: text = "ringing", "briefing", "joined" (the customer is with a person,
 * we listen), "left" (we are out; on_close follows) or "failed", then client_id = why ("busy",
 * "no answer", "declined", "unreachable", "gone"): the customer is with us again. RECORDED: the
 * recording is over, or could not go on: text = a JSON object (chan_tape.h). HALTED: the customer
 * speaks over us, we stand still, and it is likely an interruption: what is still being made for
 * us may be let go. SPEECH_START follows, or GOES_ON: it was nothing, and we go on. */
enum chan_msg_kind { CHAN_TEXT, CHAN_SPEECH_START, CHAN_SPEECH_PARTIAL, CHAN_SPEECH_LIKELY,
		     CHAN_SPEECH_FINAL, CHAN_KEY, CHAN_PLAYED, CHAN_HOLD, CHAN_RESUME,
		     CHAN_ASR_LOST, CHAN_MOVED,
		     CHAN_RECORDED, CHAN_HALTED, CHAN_GOES_ON,
		     CHAN_PARTY, CHAN_PARTY_WORDS };
/* SPEECH_FINAL of words that were said while something secret was entered. */
#define CHAN_MASKED "[masked]"
struct chan_msg {
	enum chan_msg_kind kind;
	sv text;                 /* TEXT, SPEECH_*: words; KEY: one digit */
	double confidence;
	sv client_id;            /* TEXT: the client's own id for de-duplication */
	int64_t start_ms, end_ms;/* voice: offsets from the start of the recording */
	uint32_t say_id;         /* PLAYED: this chan_say was heard to its end */
	int status;              /* MOVED failed: SIP status of the person's leg, 0 = none */
	void *ticket;            /* TEXT: opaque, goes back through chan_ack */
	/* SPEECH_FINAL: how the customer said it (pcm_prosody.h); NULL = not known */
	const struct pcm_prosody_sum *tone;
	sv why;                  /* PARTY failed, left: see chan_party */
	int mode;                /* PARTY: enum chan_party_mode it has now */
	bool partial;            /* PARTY_WORDS: may yet change */
};
/* Persons in a call beside the customer: an agent, a colleague who is asked, a supervisor. At most
 * CHAN_PARTIES_MAX at a time; each is a telephone or a browser of the company. */
enum { CHAN_PARTIES_MAX = 6, CHAN_PARTY_ID = 64, CHAN_PARTY_KEYS_MAX = 32 };
enum chan_party_do {
	CHAN_PARTY_ADD,          /* id, to, mode, briefing, lang, ring_ms: they are rung */
	CHAN_PARTY_MODE,         /* id, mode */
	CHAN_PARTY_MUTE,         /* id, mute: nobody hears them */
	CHAN_PARTY_KEYS,         /* id, keys: pressed towards their telephone */
	CHAN_PARTY_DROP,         /* id; no id: all of them */
	CHAN_PARTY_WAIT          /* mute = true: the customer waits for a person, the tune sounds
				  * while nobody speaks to them; false: no more. No id */
};
/* TALKS: all hear each other. LISTENS: hears all, nobody hears it, nothing tells of it. WHISPERS:
 * hears all, only the persons of the company hear it. CONSULTS: with those who TALK alone, the
 * customer hears the tune meanwhile; when the last of those leaves, it TALKS (a warm transfer is
 * done). ON_HOLD: hears nothing; the customer hears the tune when nobody else TALKS. TAKES_OVER:
 * once it has joined it TALKS and all who TALK, CONSULT or are ON_HOLD are dropped; told
 * first, as "joined" with this mode, also of who was there already. */
enum chan_party_mode { CHAN_TALKS, CHAN_LISTENS, CHAN_WHISPERS, CHAN_CONSULTS, CHAN_ON_HOLD,
		       CHAN_TAKES_OVER };
/* The steps come back as CHAN_PARTY: client_id = id, mode, text = "ringing", "briefing", "joined",
 * "mode" (another one than before), "muted" or "unmuted", and at the end either "failed" (before it
 * joined; why = "busy", "no answer", "declined", "unreachable" or "gone", status = SIP's, 0 = none)
 * or "left" (why = "gone": hung up; "dropped": by order; "taken_over"). PARTY_WORDS: client_id =
 * id, text = what that person says, as recognised; start_ms, end_ms; never how it was said. */
struct chan_party {
	enum chan_party_do act;
	enum chan_party_mode mode;
	sv id;                   /* ours to choose: "agent:mei", "super:lin", "consult:tom" */
	/* "sip:...", a number, both as transfer.allow lists them, or "web:TOKEN": a browser that
	 * waits (chan_seat.h) */
	sv to;
	sv briefing, lang;       /* spoken to the person first; empty = none */
	int ring_ms;             /* 0 = as configured */
	bool mute;
	sv keys;
	/* WAIT: what sounds instead of the tune; NULL = the tune. A reference is taken. */
	struct pcm_music *music;
};
struct chan_sink {
	int (*on_open)(void *arg, struct chan_peer *p, const struct chan_info *info,
		       void **ret_user);
	void (*on_msg)(void *user, const struct chan_msg *m);
	/* exactly once; the peer is gone afterwards. */
	void (*on_close)(void *user, enum chan_close_by by);
};
struct chan_out {
	/* from 1, rising; names this utterance in PLAYED and in hush. */
	uint32_t say_id;
	sv text;
	sv lang;
	bool delta;              /* a piece of a longer reply; the last one has final set */
	bool final;
	/* the company's own words only: their sound may be kept for other calls. */
	bool shared;
	bool uninterruptible;    /* speech may not be cut (legal text) */
	enum chan_expect expect;
	int rate;                /* speed of the voice in percent, 0 = its own */
	/* rich channels: the event row that records this reply, sent once with final. */
	sv event_json;
};
struct chan_heard {
	uint32_t say_id;         /* 0 when nothing was being said */
	size_t bytes;            /* of that say's text that were really heard */
	int64_t start_ms, end_ms;
};
struct chan_move {
	sv to;                   /* "sip:agent@host", or a number for the trunk */
	bool warm;               /* the person is told the briefing first; else REFER at once */
	sv briefing, lang;       /* spoken to the person */
	int ring_ms;             /* 0 = the default of the configuration */
};
struct chan_ops {
	const char *name;
	int (*say)(struct chan_peer *p, const struct chan_out *o);
	void (*hush)(struct chan_peer *p, struct chan_heard *ret);   /* stop speech now */
	void (*typing)(struct chan_peer *p);
	/* The message is on disk (or err). Exactly once for each ticket, also after on_close: a
	 * ticket keeps the memory of its peer. */
	void (*ack)(struct chan_peer *p, void *ticket, int64_t seq, int err);
	/* any other event row of the conversation. */
	void (*event)(struct chan_peer *p, sv event_json);
	/* After what is being said; on_close follows, never from within hangup - but
	 * CHAN_BY_SYSTEM (the shard ends) closes at once: on_close is called before hangup
	 * returns. */
	void (*hangup)(struct chan_peer *p, enum chan_close_by by);
	/* With CHAN_MOVES: a person takes the customer over; CHAN_MOVED tells how it goes.
	 * ERR_STATE while one is under way, ERR_INVAL for an address that is not allowed. */
	int (*transfer)(struct chan_peer *p, const struct chan_move *m);
	/* With CHAN_PARTIES. Copied. ADD: ERR_EXISTS the id is taken, ERR_FULL, ERR_INVAL an
	 * address that is not allowed, ERR_STATE no telephone, ERR_NOTFOUND and ERR_BUSY that
	 * browser; the others: ERR_NOTFOUND, KEYS
	 * also ERR_STATE (not joined yet). CHAN_PARTY tells, never from within. */
	int (*party)(struct chan_peer *p, const struct chan_party *x);
	/* may be NULL: nothing is recorded */
	void (*record)(struct chan_peer *p, enum chan_record how);
	/* May be NULL. What the customer said in that time goes from the recording. */
	void (*blank)(struct chan_peer *p, int64_t from_ms, int64_t to_ms);
};
/* Every concrete peer has this first. */
struct chan_peer {
	const struct chan_ops *ops;
	const struct chan_sink *sink;
	void *user;              /* the conversation, set from on_open */
	struct loop *loop;
	unsigned caps;
};
static inline int chan_say(struct chan_peer *p, const struct chan_out *o)
{
	return p->ops->say(p, o);
}
static inline void chan_hush(struct chan_peer *p, struct chan_heard *h) { p->ops->hush(p, h); }
static inline void chan_typing(struct chan_peer *p) { if (p->ops->typing) p->ops->typing(p); }
static inline void chan_ack(struct chan_peer *p, void *t, int64_t seq, int err)
{
	if (p->ops->ack)
		p->ops->ack(p, t, seq, err);
}
static inline void chan_event(struct chan_peer *p, sv json)
{
	if (p->ops->event)
		p->ops->event(p, json);
}
static inline int chan_transfer(struct chan_peer *p, const struct chan_move *m)
{
	return p->ops->transfer ? p->ops->transfer(p, m) : ERR_UNSUPPORTED;
}
static inline int chan_party(struct chan_peer *p, const struct chan_party *x)
{
	return p->ops->party ? p->ops->party(p, x) : ERR_UNSUPPORTED;
}
static inline void chan_set_record(struct chan_peer *p, enum chan_record how)
{
	if (p->ops->record)
		p->ops->record(p, how);
}
static inline void chan_blank(struct chan_peer *p, int64_t from_ms, int64_t to_ms)
{
	if (p->ops->blank)
		p->ops->blank(p, from_ms, to_ms);
}
static inline void chan_hangup(struct chan_peer *p, enum chan_close_by by)
{
	p->ops->hangup(p, by);
}

#endif
