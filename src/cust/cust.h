/* cust.h: customers: who they are over all channels, how sure that is, what they allow, and one
 * timeline.
 *
 *	struct cust_ident who = { .kind = CUST_PHONE, .value = SV("+8615400001037") };
 *	cust_find(db, keys, &who, 1, &found);        on a reader: the customer of an address
 *	cust_get(db, keys, id, &arena, &c);
 *	cust_put(db, keys, &c, now);                 on the scribe
 *
 * Values of identities (phone, e-mail, social ids), names and addresses are sealed at rest under
 * the data key and found by a keyed hash (guard.h, libsodium). Joining two customers is an edge
 * with reason and score that can be taken back; nothing is joined by itself on weak evidence.
 * docs/cust.md.
 */
#ifndef CALLM_CUST_H
#define CALLM_CUST_H

#include "base.h"
#include "store.h"

struct cust_keys;                    /* for sealing and finding; immutable; from the data key */
int cust_keys_new(struct cust_keys **ret, const unsigned char *key32);      /* an obj */

enum cust_kind { CUST_PHONE, CUST_EMAIL, CUST_COOKIE, CUST_WECHAT, CUST_WHATSAPP, CUST_SOCIAL,
		 CUST_EXTERNAL, CUST_KINDS };
const char *cust_kind_name(enum cust_kind k);          /* "phone" ... */
struct cust_ident {
	enum cust_kind kind;
	sv value;                /* normalised by cust_normal */
	int verified;            /* enum tool_level of how it was proven */
	bool primary;
	int64_t since_ms;        /* known since; 0 = now */
	/* read only: the identity's own id, and whose it is (one of the joined) */
	sv id, customer;
};
/* A phone as +E.164 (country by default_cc, e.g. "86"), an e-mail in lower case, ...; in the arena.
 * ERR_INVAL: it is none. */
int cust_normal(enum cust_kind kind, sv raw, sv default_cc, struct arena *a, sv *ret);
/* "+86 154 **** 1037", "w***a@example.cn": what may be shown to whoever may not see it. */
sv cust_masked(enum cust_kind kind, sv value, struct arena *a);

/* An order's number as letters in upper case and digits, however its dashes are said:
 * "hh2026-100108" is HH2026100108; in the arena. */
sv cust_order_bare(sv number, struct arena *a);
/* The number of a complaint ("C26000123") or a ticket ("T2026-000123"), eight digits or more,
 * however its letter, spaces and dashes are said; ret: as the desk keeps it. False: it has another
 * shape. Pure, any thread. */
#define CUST_CASE_MAX 20
bool cust_case_number(sv said, char ret[CUST_CASE_MAX]);

#define CUST_ID_MAX 40
#define CUST_GROUP_MAX 64            /* joined customers of one person */
struct cust {                        /* strings in the arena it was read into */
	sv id, name, language, tier, since;      /* since: "2022-08-31" */
	const jv *address, *preferences, *body;  /* may be NULL; cust_done frees */
	struct cust_ident *idents;       /* of all that are joined with it, its own first */
	size_t n_idents;
	int64_t updated_ms, version;
	bool erased;
	char lead[CUST_ID_MAX];      /* read only: the id that leads its group */
	jv *sealed, *prefs;          /* private */
};
void cust_done(struct cust *c);      /* what cust_get read; accepts a zeroed struct */
struct cust_found {
	char id[CUST_ID_MAX];
	int matches;             /* 0 = nobody; >1: several share the address, id is empty */
};
/* The customer (after joins) whose identities fit all n. Reader or scribe. */
int cust_find(struct store_db *db, const struct cust_keys *k, const struct cust_ident *who,
	      size_t n, struct cust_found *ret);
int cust_get(struct store_db *db, const struct cust_keys *k, sv id, struct arena *a,
	     struct cust *ret);                        /* ERR_NOTFOUND */
/* Writes on the scribe, with a row of the river (customer.created, customer.changed) that names the
 * fields, never what is in them; nothing when nothing differs. Identities are added to those there
 * are. ERR_INVAL: the id; ERR_STATE: erased. */
int cust_put(struct store_db *db, const struct cust_keys *k, const struct cust *c, sv by,
	     int64_t now_ms);
/* One that another customer has too becomes a proposal for a person (cust_proposals), or a join
 * when both had it proven (TOOL_KNOWN and up). ERR_FULL beyond 32. */
int cust_ident_add(struct store_db *db, const struct cust_keys *k, sv id,
		   const struct cust_ident *i, sv by, int64_t now_ms);
int cust_ident_remove(struct store_db *db, const struct cust_keys *k, sv id,
		      const struct cust_ident *i, sv by, int64_t now_ms);
/* a and b are one person: an edge, score 0..1; the older id leads. cust_unjoin takes it back, each
 * has again what was its own. */
int cust_join(struct store_db *db, sv a, sv b, sv reason, double score, sv by, int64_t now_ms);
int cust_unjoin(struct store_db *db, sv a, sv b, sv by, int64_t now_ms);
/* The id that leads the group of id (itself when it is alone): the one known longest.
 * ERR_NOTFOUND. */
int cust_lead(struct store_db *db, sv id, char ret[CUST_ID_MAX]);
/* 0; ERR_NOTFOUND: no such customer; ERR_STATE: erased. */
int cust_alive(struct store_db *db, sv id);
/* All ids of the person, id among them; in the arena. In a statement: put CUST_GROUP_SQL before
 * the SELECT, bind the id as ?1, and join g(id): "... FROM g JOIN order_ref o ON
 * o.customer_id=g.id". */
#define CUST_GROUP_SQL \
	"WITH RECURSIVE g(id) AS (SELECT CAST(?1 AS TEXT) UNION SELECT e.b FROM g JOIN " \
	"cust_edge e ON e.a=g.id WHERE e.undone_ms IS NULL) "
int cust_group(struct store_db *db, sv id, struct arena *a, sv **ret, size_t *ret_n);
/* One page of who may be one person, {"items":[{"a","b","reason","score","at"}]}; and a
 * person's no. (A yes is cust_join.) */
int cust_proposals(struct store_db *db, int limit, struct sb *out);
int cust_proposal_no(struct store_db *db, sv a, sv b, sv by, int64_t now_ms);

/* Customers of another system, one JSON object a line: {"id","name","language","phone","email",
 * "tier","address":{..},"created_at"}; other members are kept in body. A line that was imported
 * before changes nothing, whatever was edited since; another line of the same id does. Who was
 * erased stays so. On the scribe; e names the line; all or nothing. */
int cust_import(struct store_db *db, const struct cust_keys *k, sv jsonl, sv default_cc,
		int64_t now_ms, size_t *ret_n, struct err *e);

/* ---- for the outside (JSON) ---- */

/* One page: {"items":[{"id","name","tier","language","phone_masked","email_masked","last_ms",
 * "lead"}],"next":CURSOR}, last changed first; with q those of an id, a phone, an e-mail or
 * words of a name. ERR_INVAL: the cursor. Reader. */
struct cust_query {
	sv q, cursor, default_cc;
	int limit;               /* 0 = 50; 200 at most */
};
int cust_list(struct store_db *db, const struct cust_keys *k, const struct cust_query *q,
	      struct sb *out);
/* The card: as above and since, identities, consent, preferences, stats, joined, version. reveal:
 * values of identities and the whole address too. Reader or scribe. ERR_NOTFOUND. */
int cust_json(struct store_db *db, const struct cust_keys *k, sv id, bool reveal, int64_t now_ms,
	      struct sb *out);

/* Everything there is of a person (all joined ids) as one JSON object: the card, timeline,
 * orders, returns, tickets, conversations with their rows. pii_key opens what the rows' masks
 * hide (NULL: they stay). Conversations that were only claimed (a caller number, a cookie) are
 * listed without their words unless claimed is set: they may be another's. Reader. */
int cust_export(struct store_db *db, const struct cust_keys *k, const unsigned char *pii_key, sv id,
		bool claimed, int64_t now_ms, struct sb *out);
/* Takes a person (all joined ids) out of the store: docs/cust.md tells what goes and what
 * stays. With an open ticket or a live hand-over only when force is set (ERR_STATE). files gets
 * names below the data folder, a line each, which the caller deletes: recordings, messages,
 * logs for replay
 * ("x.jsonl" stands for "x.2.jsonl" and further ones too). On the scribe. */
int cust_erase(struct store_db *db, sv id, bool force, sv by, int64_t now_ms, struct sb *files);

/* Consent: purpose "service", "marketing", "recording"; channel "phone", "sms", "email",
 * "chat". The newest word of the person counts. ERR_INVAL: another channel or purpose. */
int cust_consent_put(struct store_db *db, sv id, sv channel, sv purpose, bool yes, sv source, sv by,
		     int64_t now_ms);
/* 1 yes, 0 no, -1 never asked. */
int cust_consent(struct store_db *db, sv id, sv channel, sv purpose);
/* [{"channel","purpose","yes","at","source"}] */
int cust_consents(struct store_db *db, sv id, struct sb *out);

/* One page of everything that happened with the customer (all joined ids), newest first:
 * {"items":[{"at","kind","channel","title","ref","by"}],"next":CURSOR}. Conversations, and rows of
 * the river outside of one that name the customer (tool.done, ticket.*, customer.*, identity.*,
 * consent.*). ERR_INVAL: the cursor. Reader. */
int cust_timeline(struct store_db *db, sv id, sv cursor, int limit, struct sb *out);
/* Where an earlier conversation of the customer stands (of the last seven days, but for `except`),
 * for one that goes on elsewhere: {"conversation","channel","at","language","intent",
 * "last_question","last_reply","open":bool,"flow":{..}} or {}. flow: the newest row "flow.saved"
 * of it, when no "flow.ended" came after. Texts are masked. Reader. */
int cust_where(struct store_db *db, sv id, int64_t now_ms, struct sb *out);
int cust_where_but(struct store_db *db, sv id, sv except, int64_t now_ms, struct sb *out);
/* {"orders":n,"last_order","last_status","contacts_7d":n,"open_tickets":n} */
int cust_stats(struct store_db *db, sv id, int64_t now_ms, struct sb *out);

/* ---- who is it? At the start of a conversation, by what the channel knows. ---- */

/* An obj, immutable; strings live as long. id "": nobody known, or several share the address. */
struct cust_card {
	char id[CUST_ID_MAX];
	int level;               /* enum tool_level: CLAIMED by an address, PROVEN by a token */
	sv name, tier, language, since;
	sv last_order, last_status;
	int orders, contacts_7d, open_tickets;
	sv where;                /* of cust_where_but, "{}": nowhere. Say it from TOOL_CLAIMED up,
				  * but nothing of what is in it below TOOL_KNOWN */
	struct arena a;          /* private */
};
struct cust_look {                   /* copied */
	enum cust_kind kind;
	sv address;              /* of the channel, as it came: caller number, e-mail, cookie */
	/* an id of which the channel is sure (signed in); else empty. */
	sv customer;
	sv conversation;         /* its row gets the customer, when it has none yet */
	sv default_cc;
	int64_t now_ms;
};
/* The channel's kind of address: "phone" -> CUST_PHONE, "email" ..., else CUST_COOKIE. */
enum cust_kind cust_kind_of_channel(sv channel);
/* Reads. ERR_NOTFOUND: no such customer (look->customer). */
int cust_look_up(struct store_db *db, const struct cust_keys *k, const struct cust_look *look,
		 struct cust_card **ret);
/* The same on a worker: done(arg, card) on back's owner with a reference of the receiver's, never
 * NULL (on an error a card of nobody). Any thread. k: a reference is taken. ERR_FULL, ERR_CLOSED:
 * then done is not called. A stale answer is the receiver's to drop. */
typedef void cust_look_fn(void *arg, struct cust_card *card);
int cust_look_start(struct store *st, struct pool *pool, struct cust_keys *k,
		    const struct cust_look *look, struct mbox *back, cust_look_fn *done, void *arg);

/* ---- the tools of identity (tool.h): source "cust"; declared in tools/identity.yaml ----
 * identify {order, phone_last4} or {phone, name}: TOOL_KNOWN. code_send {channel, phone?,
 * email?}: six digits by the outbox to an address that the customer has had for a day; without
 * phone and email to who.customer's own. code_check {code}: TOOL_PROVEN. vouch {customer, how}:
 * an agent's word, TOOL_PROVEN. Outcomes: DONE with a grant (code_send: without); NOT_FOUND: it
 * does not fit, body has tries_left (whether customer, order or phone exist is never told);
 * DENIED: no tries left, a person must help; INVALID: something is missing. Five wrong answers
 * in a conversation, ten about one customer, order or phone in an hour (20 a day), 20 from one
 * address or 60 of one agent, then DENIED and a row "alert"; 300 of all together: only a code
 * proves for that hour. Three codes in a conversation, five an hour. On success the conversation's
 * row gets customer_id and customer_level. Never dry. */
struct tool_ops;
extern const struct tool_ops cust_tools;             /* its arg: struct cust_tools_arg */
struct cust_tools_arg {
	const struct cust_keys *keys;
	sv default_cc;
	uint64_t (*random)(void *arg);   /* codes; tests give their own */
	void *random_arg;
};
/* For who empties the outbox (tool_send_fn): where a message of kind "sms" or "email" goes and what
 * it says. Bodies: {"sealed"} (codes), {"to","text"}, or {"customer","text"}: the customer's own
 * address then. In the arena or the body. ERR_NOTFOUND: there is no address. Reader. */
int cust_message(struct store_db *db, const struct cust_keys *k, sv kind, const jv *body,
		 struct arena *a, sv *ret_to, sv *ret_text);

#endif
