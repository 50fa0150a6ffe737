/* talk_core.h: the pure heart of a conversation: talk_step(core, event) -> actions. No sockets,
 * no clock, no database, no allocation outside the arenas it is given: a recorded conversation
 * can be replayed and its actions compared.
 *
 *	struct talk_core c;
 *	talk_core_init(&c, &cfg);
 *	talk_step(&c, &(struct talk_ev){ .kind = TEV_TEXT, .text = SV("hi") }, &turn_arena,
 * &acts); for (size_t i = 0; i < acts.n; i++) carry_out(&acts.v[i]);
 *
 * Strings of an action live in the turn arena passed in, which the driver resets whenever no
 * turn is under way (!talk_core_busy).
 */
#ifndef CALLM_TALK_CORE_H
#define CALLM_TALK_CORE_H

#include "base.h"
#include "kb.h"
#include "feel.h"
#include "feel_voice.h"
#include "policy.h"
#include "policy_table.h"
#include "chan.h"
#include "tool.h"
#include "flow.h"
#include "talk.h"
#include "talk_yes.h"

enum talk_state {
	TS_OPENING,
	TS_LISTENING,
	TS_THINKING,
	TS_SPEAKING,
	TS_HELD,
	TS_WRAPPING,
	TS_AWAY,   /* the customer is with a person: we listen only */
	TS_CLOSED,
	TS_COUNT
};

enum talk_ev_kind {
	TEV_OPEN, /* the customer is there; resume says whether an earlier conversation goes on
		   */
	TEV_TEXT, /* words complete: typed, or recognised (then confidence < 1) */
	TEV_KEY,  /* a digit of the keypad; via "kept": it is on the record already */
	TEV_KEY_EARLY, /* pressed over what may not be cut: for the record, a kept KEY follows */
	TEV_SPEECH_START,   /* voice: the customer began to speak; heard tells what of ours was
			       heard if we spoke */
	TEV_SPEECH_NOTHING, /* voice: speech ended, nothing was understood */
	TEV_FOUND,          /* the search came back */
	TEV_DELTA,          /* the model wrote text */
	TEV_CALL,           /* the model asks for an action: text = its name, args */
	TEV_MODEL_END,      /* the model ended: err */
	TEV_TIMER,
	TEV_PLAYED, /* voice: say_id was heard to its end */
	TEV_HOLD,
	TEV_RESUME,
	TEV_ASR_LOST, /* no recogniser for this customer: keypad only */
	TEV_NEXT,     /* no turn is under way and texts wait */
	TEV_LIKELY,   /* voice: the customer pauses, probably at the end of these words */
	TEV_PARTIAL,  /* voice: words so far, told while an answer is being prepared */
	TEV_MOVED,    /* a transfer goes on: text = "ringing", "briefing", "left" */
	TEV_JOINED,   /* the customer is with a person */
	TEV_BACK,     /* the transfer failed or is over: client_id = why, err = SIP status */
	TEV_HALTED,   /* voice: somebody speaks over us, probably to interrupt; we stand still */
	TEV_GOES_ON,  /* voice: it was nothing */
	TEV_WHO,      /* an address was looked up: profile, level; text = where it stood (JSON) */
	TEV_WORD,     /* of the people's side: word; BACK: text, slots of the instruction */
	TEV_PARTY_IN, /* a person is in the call: client_id = party, mode */
	TEV_PARTY,    /* another step of one: text = step, client_id, mode, args = why, err */
	TEV_TOOL,     /* a business action came back: gen = its call, tool */
	TEV_CLOSE,
};
/* FILLER: nothing sounded since the customer's words. KEYS: a number being keyed in is over. */
enum talk_timer { TT_SILENCE, TT_MODEL, TT_FILLER, TT_KEYS, TT_COUNT };

/* What came of a call (tool.h); views valid during the event. */
struct talk_got {
	enum tool_outcome outcome;
	sv name, body, say, why;     /* body: JSON */
	enum tool_level need;        /* VERIFY */
	int64_t print;               /* CONFIRM */
	sv grant_customer;
	enum tool_level grant;
	bool effect, again;
};

struct talk_ev {
	enum talk_ev_kind kind;
	/* TEXT: cleaned; DELTA; KEY: one character; OPEN: the way. */
	sv text;
	/* TEXT: the client's own id, kept in the row; OPEN: what the other side calls it */
	sv client_id;
	/* TEXT: what may be stored, what a model may see; OPEN: model_text = what we called for,
	 * said instead of a greeting. */
	sv masked, model_text;
	double confidence;
	const struct pcm_prosody_sum *tone; /* TEXT: how it was said; NULL = not known */
	const char *via;             /* TEXT: "text", "speech", "dtmf" */
	int64_t start_ms, end_ms;
	const struct kb_result *found;
	bool exact;                  /* FOUND: an article asked for by name (keypad menu) */
	bool models;                 /* FOUND: a language model is at hand */
	bool base;                   /* FOUND: and it only goes on from a text (llm_base) */
	/* FOUND: and has room for an answer that may be for nothing. */
	bool spare;
	bool down;                   /* FOUND: there are models, and none answers just now */
	sv who;                      /* OPEN: the customer's name where known */
	sv date;                     /* TEXT, FOUND: today, "2026-11-25" */
	sv args;                     /* CALL: JSON of an object */
	struct llm_usage usage;      /* MODEL_END */
	/* FOUND, DELTA, CALL, MODEL_END: the generation they answer; stale ones are ignored. */
	uint32_t gen;
	int err;
	const char *model;           /* DELTA, MODEL_END: name for the record */
	enum talk_timer timer;
	uint32_t say_id;
	/* what was heard of the say that the driver hushed for this event. */
	struct chan_heard heard;
	enum chan_close_by by;
	bool suspicious;
	const struct chan_resume *resume;
	int64_t seed;                /* OPEN: of this conversation, for what is tried out */
	const struct chan_profile *profile; /* OPEN: who it is; NULL = not identified */
	/* TEXT: what the words name: [{"type","value","text"}], or empty */
	sv slots;
	const struct talk_got *tool; /* TOOL */
	const struct talk_word *word; /* WORD */
	int mode;                    /* PARTY_IN, PARTY: enum chan_party_mode */
	bool number;                 /* OPEN: the channel knows a number to call back */
	enum tool_level level;       /* WHO */
	int64_t now_us;              /* the driver's clock, for latencies in the record */
};

enum talk_act_kind {
	TACT_RECORD, /* append a row: rec, actor, turn n, text = its body (a JSON object) */
	TACT_SAY,    /* to the channel: text, lang, say_id, delta/final */
	TACT_TYPING,
	TACT_SEARCH,  /* text, lang, context, topic -> TEV_FOUND gen */
	TACT_ARTICLE, /* text = group id, lang -> TEV_FOUND gen with exact */
	TACT_MODEL,   /* ask the language model (msgs) -> TEV_DELTA/TEV_MODEL_END gen
		       */
	TACT_MODEL_CANCEL,
	TACT_TIMER,    /* timer in ms, 0 = stop */
	TACT_HANGUP,   /* after what is being said */
	TACT_TRANSFER, /* to a person: text = the address, context = the briefing, lang */
	/* a business action: text = its name, context = arguments (JSON), safe = key within the
	 * conversation, did = the customer's id, n = turn, level, print, lang -> TEV_TOOL gen
	 */
	TACT_TOOL,
	/* a person is wanted (struct talk_ask): text = reason, context = packet, safe = topic,
	 * did = the customer's id, n = priority, lang, delta = again */
	TACT_PERSON,
	TACT_LEAVE,    /* no more: text = why, as of talk_people.gone */
	TACT_CALLBACK, /* text = the number, empty = the channel's */
	TACT_PARTY, /* ring a person: text = address, safe = party, context = briefing, ms, lang
		     */
	TACT_WAIT,  /* voice: the customer waits for a person (n = 1), no more (0) */
};
struct talk_act {
	enum talk_act_kind kind;
	const char *rec, *actor;
	sv said;                     /* RECORD of a turn: its words, for the view row */
	const char *did;             /* RECORD of a reply: its action */
	sv text, lang, context;
	sv safe;                     /* SEARCH: text as a model may see it */
	sv topic;                    /* SEARCH: the article that context was answered by */
	uint32_t say_id, gen;
	int n, ms;
	enum talk_timer timer;
	bool delta, final;
	int rate;                    /* SAY: speed of the voice in percent, 0 = its own */
	/* SAY: not the reply (its row does not go along); may not be cut; what will be answered */
	bool aside, uninterruptible;
	enum chan_expect expect;
	const struct llm_msg *msgs;
	size_t n_msgs;
	const struct llm_tool *tools;
	size_t n_tools;
	sv grammar;
	int max_tokens;
	/* RECORD: this row is the turn's reply (goes to the channel with the say); not for the
	 * customer's channel at all */
	bool reply, inner;
	int level;                   /* TOOL: enum tool_level of the customer */
	int64_t print;               /* TOOL: what the customer said yes to; 0 = nothing */
	bool hidden;                 /* SAY: not for a log that everyone reads */
};
#define TALK_ACTS_MAX 40
struct talk_acts {
	struct talk_act v[TALK_ACTS_MAX];
	size_t n;
};

struct talk_cfg {                    /* shared, immutable while conversations use it */
	const struct talk_texts *texts;
	struct talk_limits limits;
	const char *voice_lang;      /* language a call starts in */
	const char *transfer_to;     /* address of a person for calls; NULL or "" = none */
	bool disclosure;             /* calls begin with "you are talking to a machine" */
	bool no_speculation;         /* an answer is prepared only for words that are certain */
	enum talk_survey survey;     /* asked at the bot's goodbye; NONE = not */
};

#define TALK_HISTORY 8
#define TALK_LINE_RUNES 400          /* of one line of it */
struct talk_said {                   /* one line of context, owned (xstrdup) */
	bool bot;
	char *text;
};

#define TALK_RECENT 6                /* of our own sentences that are not said again */
#define TALK_KEY 48                  /* bytes of a text's key */
#define TALK_QUEUE 8
#define TALK_OFFERS 3
struct talk_queued {                 /* owned strings */
	char *text, *model_text, *slots;
	int turn;
	bool steers;
	struct feel_state feel;      /* as these words left it */
};

#define TALK_SOURCES 4               /* articles a model sees */
#define TALK_TOOLS 4                 /* actions it may ask for, beside the company's tools */
#define TALK_CALLS 4                 /* of the company's tools, in one answer */
#define TALK_ROUNDS 4                /* answers with calls in one turn */
#define TALK_FACTS 4                 /* results of tools that are kept */
enum talk_asked {
	TALK_ASKED_NOTHING,
	TALK_ASKED_HANDOFF,
	TALK_ASKED_CLARIFY,
	TALK_ASKED_NO_ANSWER,
	TALK_ASKED_END,
	TALK_ASKED_COUNT
};

/* A tool call of the model (talk_loop.c); in the turn arena. */
struct talk_wish {
	sv id, name, args;
	sv result;                   /* what the model is told; empty until it is there */
	int round;
};

#define TALK_PARTS 3
/* Several matters in one message (talk_parts.c); in the turn arena. */
struct talk_parts {
	bool on;                     /* one of its questions is looked up */
	bool tried;                  /* the whole, too */
	sv ask[TALK_PARTS];
	size_t n, at;
	sv rest;                     /* the wish beside them, empty = none */
	sv whole;
	struct kb_result found[TALK_PARTS];  /* those that answer, of different articles */
	size_t n_found;
	sv missed;                   /* the first question without an answer */
	sv later;                    /* a second wish, when the first is over */
	sv lean;                     /* one that is nothing without the wish beside it */
};

/* A turn in progress; reset at its end. */
struct talk_turn {
	int number;
	sv text, model_text;         /* the customer's words, in the turn arena */
	struct kb_result found;
	struct policy_act act;
	bool asks;                   /* a language model is at work */
	const char *model;           /* name for the record */
	struct sb draft;             /* model text not yet released */
	struct sb reply;             /* released text */
	int sentences;               /* released ones */
	enum talk_asked asked;       /* the model's action; done at its end */
	sv asked_text;               /* CLARIFY: the question */
	struct llm_usage used;
	sv date;
	sv slots;                    /* of the words, see talk_ev */
	bool steers;                 /* the words try to steer a model: they begin no flow */
	struct talk_wish wish[TALK_CALLS * TALK_ROUNDS];
	int n_wish, rounds;          /* rounds that are over */
	int before;                  /* sentences said when the last results came */
	sv told;                     /* what the tools of this turn said for the customer */
	bool acted;                  /* an effect is part of what will be said */
	bool settled;                /* told by the tool's own words, not by a model's */
	/* the words were beside the point: lead back after the answer. */
	bool back;
	bool base;                   /* the model chooses sentences, it does not write */
	uint64_t cited;              /* bit per hit */
	bool picked;                 /* the words only chose one of the titles offered */
	struct talk_parts parts;
	int answers;                 /* of the first hits each answers a question of its own */
	bool fallback;
	bool waited;                 /* the filler waited for a half written sentence */
	/* talk_halt.c: let go while somebody speaks over us; writes once more what it wrote */
	bool halted, repeats;
	struct sb written, again;    /* the model's text as it came; the second time */
	int64_t began_us, first_us;
};

#define TALK_GUESSES 3               /* answers prepared for one turn at most */
/* An answer prepared while the customer pauses (talk_guess.c). Strings in the turn arena. */
struct talk_guess {
	bool on;
	bool sure;                   /* the words are final and the same */
	bool found_there, asks, ended;
	uint32_t gen;                /* of its search, then of its model */
	sv text, model_text;         /* with what waited before them */
	sv own;                      /* without */
	struct kb_result found;
	bool models, base, down;
	sv date;
	uint64_t print;              /* of what the model was asked */
	struct sb draft;             /* what it wrote so far */
	sv call[TALK_CALLS], args[TALK_CALLS]; /* the actions it asks for */
	int n_calls;
	const char *model;
	struct llm_usage used;
	int64_t at_us;               /* when the pause was told */
};
enum talk_move { MOVE_NONE, MOVE_WANTED, MOVE_ASKED, MOVE_JOINED, MOVE_LEFT };
#define TALK_DIGITS 32
/* Since the beginning, for the driver's metrics. */
struct talk_tally {
	unsigned tries, hits, discards, fillers, transfers;
};

/* What a tool told, kept for what follows; owned. */
struct talk_fact {
	char *name, *body, *say;
	bool effect;
};
#define TALK_TRIED 6
struct talk_tried {                  /* an action that was asked for, and its end */
	char name[48];
	enum tool_outcome outcome;
};
/* Who asks for a business action, and what it waits for. */
enum talk_for { FOR_NOBODY, FOR_MODEL, FOR_FLOW, FOR_CHECK, FOR_PAST };
enum talk_waits {
	WAITS_NOTHING,
	WAITS_YES,                   /* the customer's yes to what the tool would do */
	WAITS_WHO,                   /* who the customer is */
	WAITS_PAST                   /* shall it go on where it was? */
};
enum talk_asks { ASKS_ORDER, ASKS_DIGITS, ASKS_CODE };
/* The business action under way or waited for (talk_service.c, talk_check.c). Strings owned. */
struct talk_service {
	enum talk_waits waits;
	enum talk_for whose;         /* of the action that waits, or runs */
	uint32_t call, calls;        /* under way, 0 = none; given so far */
	enum talk_for calling;       /* FOR_CHECK while the identity is looked at, else whose */
	char *name, *args, key[72];
	bool slow;                   /* the phrase of a slow tool was said */
	int turn, nth;               /* for keys */
	/* the customer's yes */
	int64_t print;
	char *say;                   /* what was asked */
	uint32_t asked_in;           /* the say that held it */
	bool heard;                  /* and it was heard */
	int unclear;                 /* answers that were neither */
	/* who it is */
	enum tool_level need;
	enum talk_asks asks;
	char *order;
	/* the order and the article (its number in the catalogue) talked of last */
	char *about, *product;
	int order_turn, product_turn;
	int tries;                   /* all of the conversation */
	/* last four of the telephone, told before they were asked for. */
	char told[5];
	struct talk_fact fact[TALK_FACTS];
	int n_fact;
	struct talk_tried tried[TALK_TRIED]; /* oldest first */
	int n_tried;
	/* of the flow that was left: its case, JSON (talk_case.c). */
	char *left;
	/* key of the call that a flow waited for in an earlier conversation, or before a restart:
	 * the same intent, so the same effect; empty = none */
	char old_key[72];
	char *news;                  /* told before the next reply */
	bool news_acted;
	char *customer;              /* id; NULL = nobody known */
	enum tool_level level;
};

/* Where an earlier conversation of the customer stood (talk_where.c). Owned. */
struct talk_where {
	char *flow, *question, *reply;
	char key[72];                /* as talk_service.old_key */
	char channel[16];            /* where it was */
};

#include "talk_person.h"

struct talk_core {
	const struct talk_cfg *cfg;
	struct sm sm;
	unsigned caps;
	char lang[4];
	struct feel_state feel;
	struct feel_voice tone;      /* how the customer of this call sounds */
	int turn;
	uint32_t gen;                /* of searches and model runs */
	uint32_t say_id;             /* last given */
	uint32_t speaking;           /* say being played, 0 = none */
	size_t speaking_bytes;
	struct talk_turn t;
	bool in_turn;
	bool asr_lost, goodbye, voice;
	int silences, declined, clarified, misheard;
	bool models;                 /* at hand when last asked */
	int64_t cost;                /* of models so far, millionths */
	char *last_question, *last_model; /* of the last turn with words; owned */
	int last_turn;
	/* the last question that found something, for "and in a store?"; owned. */
	char *topic, *topic_article;
	bool answers;                /* what is being said answers last_question */
	struct talk_said past[TALK_HISTORY];
	int n_past;
	struct talk_queued queue[TALK_QUEUE]; /* texts that came while thinking */
	int n_queue;
	char *saying;                /* all text of the say being played or written, owned */
	char *offered[TALK_OFFERS];  /* articles offered by the last clarify, owned */
	char *offered_as[TALK_OFFERS];       /* their titles, owned */
	int n_offered;
	int64_t now_us;              /* of the event being handled */
	unsigned variety;            /* picks text variants; counts up, so replays agree */
	int day;                     /* of the last words, month * 100 + day; 0 = not told */
	struct talk_guess guess;
	int tries;                   /* guesses since the last words */
	struct talk_tally tally;
	/* what is said beside replies (talk_aside.c) */
	uint32_t aside;              /* its say while it sounds, 0 = none */
	bool legal;                  /* and that may not be cut */
	char *aside_text;            /* owned */
	bool filling;                /* TT_FILLER runs */
	int filled;                  /* fillers of this turn */
	char *notice;                /* to be said as soon as there is silence; owned */
	/* the customer began to speak, the words are not here yet. */
	bool mouth;
	/* transfers (talk_move.c) */
	enum talk_move move;
	int move_waits;              /* phrases said while it rings */
	char *who;                   /* the customer's name, owned; NULL = not known */
	/* keys (talk_keys.c) */
	enum chan_expect expect;     /* of what was said last */
	bool order_asked;            /* and that was an order number */
	char digits[TALK_DIGITS + 1];
	int n_digits;
	int key_run;                 /* keys in a row, for masking */
	int64_t key_us;
	int failed_models;           /* failures in a row */
	/* how the customer is served (talk_strategy.c) */
	const struct policy_table *table;    /* the driver's; NULL: policy.c alone decides */
	const struct chan_profile *profile;  /* the driver's; NULL: not identified */
	struct feel_track track, track_before;
	struct feel_reading heard_mood;      /* of the last turn */
	bool turned;                         /* the mood, with it */
	struct policy_plan plan;
	enum policy_found planned;           /* what it was made with */
	struct policy_choice choices[POLICY_HELD];   /* by rows that learn: they stay */
	int n_choices;
	bool plans;                          /* plan is there */
	bool answered;                       /* our last words were an answer */
	int attempts;                        /* answers that did not help */
	uint64_t topics, offers;             /* offers: made already */
	uint64_t seed, recent[TALK_RECENT];
	int sorry_turn;                      /* the last apology */
	unsigned used;                       /* fields of the profile: bits of enum talk_use */
	bool handed, alerted;
	int persons;                         /* times the customer asked for one in vain */
	int hand_priority, alert_priority;
	/* business actions */
	const struct tool_box *box;          /* the driver's; NULL = none */
	const struct flow_set *flows;        /* the same */
	struct flow_run *flow;               /* under way, or NULL */
	/* it goes on after a break, which is not said yet. */
	bool resumed;
	/* how it stood when a turn on the phone began; owned, NULL = no flow. turn 0: not noted. */
	struct {
		char *state;
		int turn;
		bool resumed;
	} flow_was;
	struct talk_service svc;
	struct talk_where where;
	const struct chan_profile *claimed;  /* by an address; the driver's */
	int contacts;                        /* of the last seven days, of whoever it is */
	bool acted;                          /* what is being said tells of an effect */
	bool card_told;                      /* that card numbers are not written here */
	int missed;                          /* times the customer meant something else */
	struct talk_person person;
};

void talk_core_init(struct talk_core *c, const struct talk_cfg *cfg, unsigned caps, sv lang);
void talk_core_done(struct talk_core *c);
void talk_step(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
	       struct talk_acts *ret);
/* Must the driver stop speech (chan_hush, result in ev.heard) before it feeds an event of this
 * kind? */
bool talk_core_hushes(const struct talk_core *c, enum talk_ev_kind kind);
/* What sounds may not be cut, by a key either: the driver keeps keys until it is over. */
bool talk_core_must_end(const struct talk_core *c);
/* Does a close by this side only interrupt the conversation (it stays open and goes on after a
 * restart)? */
bool talk_core_pauses(const struct talk_core *c, enum chan_close_by by);
/* Strings in the turn arena are in use: a turn is under way, or one is being prepared. */
bool talk_core_busy(const struct talk_core *c);
const char *talk_core_state(const struct talk_core *c);

/* ---- between the core's own files ---- */
struct talk_act *talk_act_add(struct talk_acts *acts, enum talk_act_kind kind);
void talk_act_timer(struct talk_acts *acts, enum talk_timer t, int ms);
void talk_act_record(struct talk_core *c, struct talk_acts *acts, const char *rec,
		     const char *actor, sv body);
void talk_await_customer(struct talk_core *c, struct talk_acts *acts);
void talk_next_queued(struct talk_core *c, int64_t now_us, struct arena *a, struct talk_acts *acts);
void talk_cut_in(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		 struct talk_acts *acts);
void talk_record_customer(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
			  struct talk_acts *acts);
/* A say is over, whole or cut: one row tells how much of text was heard and when. */
void talk_record_heard(struct talk_core *c, const char *rec, const char *text,
		       const struct chan_heard *h, struct arena *a, struct talk_acts *acts);
void talk_on_text(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		  struct talk_acts *acts);
void talk_on_close(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts);
void talk_start_turn(struct talk_core *c, sv text, sv model_text, int number);
/* Words that follow others which wait are felt with them: "thanks" behind a question is no small
 * talk, and what is wanted is told by all of them. */
void talk_feel_joined(const struct talk_core *c, sv joined, struct feel_state *f);
/* text after what waits at the head of the queue. */
sv talk_joined(struct arena *a, const char *before, sv text);

/* talk_guess.c: an answer prepared before the words are final */
void talk_on_likely(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts);
void talk_on_partial(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		     struct talk_acts *acts);
/* Is this event the answer to a guess? Then it is taken. */
bool talk_guess_event(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		      struct talk_acts *acts);
void talk_guess_drop(struct talk_core *c, struct talk_acts *acts);
bool talk_guess_same(const struct talk_core *c, sv words);
/* In place of a search, of a model's run: what was prepared, if it fits. */
bool talk_guess_found(struct talk_core *c, struct arena *a, struct talk_acts *acts);
bool talk_guess_adopt(struct talk_core *c, const struct talk_act *want, struct arena *a,
		      struct talk_acts *acts);
/* The same letters and digits, whatever the case, spaces and marks between. */
bool talk_same_words(sv a, sv b);
bool talk_words_begin(sv whole, sv head); /* whole begins with head, by the same rule */

/* talk_aside.c: what is said beside replies */
void talk_aside(struct talk_core *c, const char *key, const char *what, struct arena *a,
		struct talk_acts *acts);
void talk_aside_text(struct talk_core *c, sv text, const char *what, struct arena *a,
		     struct talk_acts *acts);
void talk_filler_arm(struct talk_core *c, struct talk_acts *acts);
void talk_filler_stop(struct talk_core *c, struct talk_acts *acts);
void talk_on_filler(struct talk_core *c, struct arena *a, struct talk_acts *acts);
bool talk_aside_played(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		       struct talk_acts *acts);
/* Said at once when now and nothing is in the way, else when there is silence. */
void talk_notice(struct talk_core *c, sv text, bool now, struct arena *a, struct talk_acts *acts);
bool talk_notice_due(struct talk_core *c, struct arena *a, struct talk_acts *acts);

/* talk_tone.c: right after feel_turn, each turn: the voice beside the words */
void talk_hear_tone(struct talk_core *c, const struct talk_ev *ev);
/* ,"voice":{...} for the turn's row; nothing when it told nothing. */
void talk_tone_json(const struct talk_core *c, struct sb *b);

/* talk_move.c: transfers to a person */
bool talk_can_move(const struct talk_core *c);
bool talk_moves(const struct talk_core *c);      /* to the one number of transfer.to */
/* The key of the sentence for a hand-over; begins one unless it is under way. Without a way to
 * connect: otherwise. */
const char *talk_hand_over(struct talk_core *c, const char *otherwise);
/* The hand-over sentence is over: the transfer starts, if one is wanted. */
void talk_move_due(struct talk_core *c, struct arena *a, struct talk_acts *acts);
/* What a person is told of the conversation, in a few spoken sentences; in the arena. */
sv talk_briefing(struct talk_core *c, struct arena *a);
/* Silence while it rings; true when that was dealt with. */
bool talk_move_waits(struct talk_core *c, struct arena *a, struct talk_acts *acts);
void talk_on_moved(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts);
void talk_on_joined(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts);
void talk_on_back(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		  struct talk_acts *acts);
void talk_away(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
	       struct talk_acts *acts);

/* talk_keys.c: the keypad */
void talk_keys_clear(struct talk_core *c, struct talk_acts *acts);
void talk_on_key_early(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		       struct talk_acts *acts);
void talk_on_key(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		 struct talk_acts *acts);
void talk_on_keys_over(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		       struct talk_acts *acts);
void talk_record_key(struct talk_core *c, char key, struct arena *a, struct talk_acts *acts);

/* talk_expect.c: what the customer will probably answer to text; *ret_order: an order number was
 * asked for. Pure, any thread. */
enum chan_expect talk_expect(sv text, bool *ret_order);
/* The same for one of our own texts, marked in prompts/texts.<lang>.yaml or by its words. */
enum chan_expect talk_text_expect(const struct talk_texts *x, sv lang, const char *key, sv text,
				  bool *ret_order);
bool talk_text_legal(const struct talk_texts *x, sv lang, const char *key);
/* Is key in the list of keys that the texts hold under mark? */
bool talk_text_marked(const struct talk_texts *x, sv lang, const char *mark, const char *key);

/* talk_past.c: memory and queue */
void talk_remember(struct talk_core *c, bool bot, sv text);
void talk_forget_last(struct talk_core *c);
/* The customer's line said last stands for this. */
void talk_remember_as(struct talk_core *c, sv text);
/* bytes, cut back to the end of a letter and to the text's length. */
size_t talk_whole_runes(const char *text, size_t bytes);
void talk_forget_unheard(struct talk_core *c, size_t heard_bytes);
void talk_enqueue(struct talk_core *c, sv text, sv model_text, sv slots, bool steers, int turn);
void talk_queue_clear(struct talk_core *c);

/* talk_reply.c: what the bot says */
struct talk_reply {
	sv text;
	enum policy_action action;
	bool grounded;
	uint64_t cited;              /* bit per hit of the turn */
	bool streamed;               /* the text went out in pieces already */
	const char *key;             /* of one of our own texts, or NULL */
	/* "yes_no", "digits", "order_number", "open"; NULL = by the text. */
	const char *expect;
	bool asks;                   /* it holds the question whether something may be done */
	/* what the record and the model's context keep in place of text; empty = text. */
	sv as;
};
/* What an article says without the marks of Markdown: "**", "`", "#" before a heading. */
sv talk_unmarked(struct arena *a, sv s);
/* What the best article of each question says, in the arena. */
sv talk_quotes(struct talk_core *c, struct arena *a);
/* Words to what is open: a person, an action, a flow; else small talk, else they are looked up. */
void talk_serve_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts);
void talk_look_up(struct talk_core *c, sv text, struct talk_acts *acts);
void talk_offers_forget(struct talk_core *c);        /* the titles offered last */
/* Would words be looked up? (Not a choice, a wish for a person, small talk.) */
bool talk_needs_search(const struct talk_core *c, sv text);
/* Lets the policy choose for c->t.found. */
void talk_decide(struct talk_core *c, bool exact, struct policy_act *ret);
bool talk_asks_model(const struct talk_core *c, const struct talk_ev *ev);
/* For what the policy chose: an answer, or anything but a person where tools may help. */
bool talk_model_may(const struct talk_core *c);
void talk_think(struct talk_core *c, sv text, sv model_text, int64_t now_us, struct arena *a,
		struct talk_acts *acts);
void talk_on_found(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts);
void talk_canned(struct talk_core *c, const char *key, enum policy_action action, struct arena *a,
		 struct talk_acts *acts);
void talk_reply(struct talk_core *c, const struct talk_reply *r, struct arena *a,
		struct talk_acts *acts);
void talk_record_partial(struct talk_core *c, struct arena *a, struct talk_acts *acts);
void talk_builtin_reply(struct talk_core *c, struct arena *a, struct talk_acts *acts);
/* What the policy chose, without a language model. */
void talk_without_model(struct talk_core *c, bool down, struct arena *a, struct talk_acts *acts);
void talk_end_turn(struct talk_core *c, struct talk_acts *acts);

/* talk_model.c: the language model's part of a turn */
void talk_model_begin(struct talk_core *c, struct arena *a, struct talk_acts *acts);
void talk_model_again(struct talk_core *c, struct arena *a, struct talk_acts *acts);
void talk_on_delta(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts);
void talk_on_model_end(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		       struct talk_acts *acts);
void talk_model_failed(struct talk_core *c, const char *why, struct arena *a,
		       struct talk_acts *acts);
void talk_model_stop(struct talk_core *c, struct talk_acts *acts);

void talk_model_finish(struct talk_core *c, enum policy_action action, struct arena *a,
		       struct talk_acts *acts);
bool talk_grounded(struct talk_core *c, sv sentence, struct arena *a, const char **ret_why);
void talk_release_sentence(struct talk_core *c, sv sentence, uint64_t cited, struct arena *a,
			   struct talk_acts *acts);

/* talk_halt.c: a model is let go while somebody speaks over us, and asked again */
void talk_on_halted(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts);
void talk_on_goes_on(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		     struct talk_acts *acts);
/* What of a piece of the model's text is new. */
sv talk_halt_news(struct talk_core *c, sv text, struct arena *a);
void talk_halt_end(struct talk_core *c);             /* the model's text is over */

/* talk_prompt.c: what a model is asked */
/* False: there is nothing to ask it. */
bool talk_prompt(struct talk_core *c, struct arena *a, struct talk_act *x);
/* ret: TALK_TOOLS of them; their schemas are the caller's. */
void talk_tools_make(const struct talk_texts *x, sv lang, struct llm_tool *ret);
const struct llm_tool *talk_tools(const struct talk_texts *x, sv lang, size_t *ret_n);

/* Bytes of the first complete sentence of s, 0 when none is complete yet. */
size_t talk_sentence_end(sv s, bool at_end);

/* talk_yes.c (and talk_yes.h): pure, any thread */
/* Digits in it, also spoken ones ("one zero", "幺零"), at most n; returns how many. */
int talk_digits(sv text, char *out, int n);
/* Is sentence a claim that something was done for the customer? */
bool talk_claims_effect(sv sentence);

/* talk_strategy.c: how the customer is served */
/* After feel_turn and talk_hear_tone: the mood, the topics and what did not help. */
void talk_follow(struct talk_core *c, sv text);
/* A reference to the table inside the program: the caller's. */
struct policy_table *talk_own_strategy(void);
void talk_plan(struct talk_core *c, enum policy_found found);
void talk_record_turning(struct talk_core *c, struct arena *a, struct talk_acts *acts);
void talk_put_mood(const struct talk_core *c, struct sb *b);
/* What the plan chose by a row that learns is kept for the rest of the conversation. */
void talk_put_plan(struct talk_core *c, struct sb *b);
int talk_pace(const struct talk_core *c);    /* for talk_act.rate */
/* A variant of a text that was not said lately. */
sv talk_vary(struct talk_core *c, const char *key);
/* key_STYLE or key_simple where there is such a text, else key. */
const char *talk_key(const struct talk_core *c, const char *key, char buf[TALK_KEY]);
/* What is said after an answer, may be empty; an offer in it is recorded. */
sv talk_ending(struct talk_core *c, enum policy_action action, struct arena *a,
	       struct talk_acts *acts);
/* talk_profile.c: service that knows the customer; nothing for one who is not identified */
enum talk_use {
	TALK_USE_LANGUAGE,
	TALK_USE_NAME,
	TALK_USE_OPEN_ORDER,
	TALK_USE_ORDER,
	TALK_USE_TIER,
	TALK_USE_HISTORY,
	TALK_USE_BRIEFING,
	TALK_USE_PROMPT
};
void talk_profile_use(struct talk_core *c, enum talk_use use, struct arena *a,
		      struct talk_acts *acts);
void talk_profile_language(struct talk_core *c, struct arena *a, struct talk_acts *acts);
/* With the customer's name, and the order that is under way. */
sv talk_profile_greeting(struct talk_core *c, sv greeting, struct arena *a, struct talk_acts *acts);
/* What the customer's own orders say to the question of this turn; empty when nothing. */
sv talk_profile_answer(struct talk_core *c, struct arena *a, struct talk_acts *acts);

/* What a language model is told of the customer (no name), and may say again; empty for one who is
 * not identified. */
sv talk_profile_facts(struct talk_core *c, struct arena *a);

/* The row of a hand-over, with the packet (JSON) of whoever takes over. */
void talk_record_handover(struct talk_core *c, int priority, sv packet, struct arena *a,
			  struct talk_acts *acts);
/* Rows for a queue and a supervisor, where the plan asks for them. */
void talk_tell_others(struct talk_core *c, enum policy_action action, struct arena *a,
		      struct talk_acts *acts);

/* talk_call.c: actions that a model asks for */
void talk_on_call(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		  struct talk_acts *acts);
/* At the end of the model's turn; true when the action made the reply. */
bool talk_do_asked(struct talk_core *c, struct arena *a, struct talk_acts *acts);
void talk_clarify(struct talk_core *c, struct arena *a, struct talk_acts *acts);
sv talk_with_empathy(struct talk_core *c, sv text, struct arena *a);
const char *talk_gap(const struct talk_core *c); /* between two sentences: " ", in Chinese "" */
const char *talk_asked_name(enum talk_asked a);  /* "handoff" ... */

/* Puts an owned copy of text in place of *slot; NULL when it is empty. */
static inline void talk_set(char **slot, sv text)
{
	char *new = text.n ? xstrdup(text) : NULL;
	xfree(*slot);
	*slot = new;
}

/* One of our own texts in the language of the conversation, its first variant. */
static inline sv talk_own(const struct talk_core *c, const char *key)
{
	return talk_text(c->cfg->texts, sv_of(c->lang), key, 0);
}

/* A text with {name} places filled from pairs name,value,...,NULL; in the arena. */
sv talk_fill(struct arena *a, sv tmpl, const sv *pairs, size_t n_pairs);

#include "talk_business.h"

#endif
