/* chan_phone.h: telephone calls as spoken conversations: tel's legs joined to chan_voice.
 *
 *	chan_phone_open(&ph, &opts);
 *	tel_open(&tel, &tel_opts, chan_phone_sink(), ph, &e);
 *	chan_phone_set_tel(ph, tel);
 *	...
 *	tel_hangup_all(tel); wait until tel_calls(tel) == 0; end the shards; tel_close(tel);
 *	chan_phone_close(ph);
 *
 * A shard that ends (chan_hangup by CHAN_BY_SYSTEM) has given its calls back when that returns.
 */
#ifndef CALLM_CHAN_PHONE_H
#define CALLM_CHAN_PHONE_H

#include "chan_people.h"
#include "chan_voice.h"
#include "tel.h"

struct chan_phone;

struct chan_place {                  /* where a conversation will live */
	struct loop *loop;
	struct mbox *box;
	const struct chan_sink *sink;
	void *sink_arg;
	const struct chan_speech *speech;
	struct chan_people *people;  /* who can be brought in (chan_people.h); may be NULL */
};
/* state: "ringing", "answered", "human" (with the id of the conversation that begins),
 * "machine", "screening", "message" (left), "agent", "ended", or "failed" with why: "busy", "no
 * answer", "declined", "unreachable", "no room"; "ended" may have one too: "machine", "mailbox
 * full", "screened". Views end with the callback. */
struct chan_call_news {
	const char *id;              /* as given to chan_phone_dial */
	int n;                       /* 1, 2 ... of this call */
	const char *state, *why;     /* why "" = none */
	int status;                  /* SIP status that ended it, 0 = none */
	const char *conversation;    /* "" = none */
};
struct chan_phone_opts {
	/* On tel's front thread: where the next call goes. 0 or ERR_FULL. */
	int (*pick)(void *arg, struct chan_place *ret);
	void *arg;
	const char *data_dir;        /* recordings below it; NULL = none; copied */
	const char *language;        /* a call starts in; copied */
	/* Whom a conversation may be handed to, and how: people, or with NULL what transfer, trunk,
	 * from and text say; copied. */
	struct chan_people *people;
	struct chan_transfer_opts transfer;
	/* Whom chan_phone_dial may call; copied. */
	struct chan_outbound_opts {
		const char *const *allow;
		size_t n_allow;
		int ring_ms;                 /* 0 = 30 s; at most 55 s */
		bool no_amd;                 /* whoever answers is a person */
	} outbound;
	const char *trunk, *from;    /* of numbers, and ours; see chan_dial.h; copied */
	/* How a call of chan_phone_dial goes; on its shard. May be NULL. */
	void (*on_call)(void *arg, const struct chan_call_news *n);
	/* Company's own words for a key of prompts/texts.<lang>.yaml; on a shard. May be NULL. */
	sv (*text)(void *arg, const char *key, sv lang, unsigned variant);
};
int chan_phone_open(struct chan_phone **ret, const struct chan_phone_opts *o);
const struct tel_sink *chan_phone_sink(void);        /* its arg is the chan_phone */
/* The telephone that calls persons; before it is set, and after NULL was, nobody can be called.
 * Any thread. */
void chan_phone_set_tel(struct chan_phone *ph, struct tel *t);
/* We call somebody: once a person is there it is a conversation like any other, whose first words
 * are opening. A machine gets message after its beep (empty: it is hung up); who asks why hears
 * purpose (empty: opening). Any thread; copied; on_call tells the rest. ERR_INVAL: not
 * allowed; ERR_STATE: no telephone; ERR_FULL. */
struct chan_call_opts {
	sv id;                       /* 26 bytes, the caller's choice */
	sv to, name, language;
	sv opening, message, purpose;
	sv customer;                 /* id, believed as a caller's number is; empty = not known */
	/* A person of the company places it: their line (as of chan_party: id, to) is rung first
	 * and has the customer from their answer on; nobody is detected and nothing of ours said.
	 * agent, agent_name: of the conversation. State "agent": they are there; "failed" with why
	 * "agent": they were not, or left. Empty = nobody. test: their line alone, which hears the
	 * tune for a moment; `to` is not looked at. */
	sv agent_party, agent_to, agent, agent_name;
	bool test;
};
int chan_phone_dial(struct chan_phone *ph, const struct chan_call_opts *o);
/* Is this an entry that transfer.allow can hold? */
bool chan_phone_pattern_ok(sv pattern);
void chan_phone_close(struct chan_phone *ph);        /* after tel_close; accepts NULL */

#endif
