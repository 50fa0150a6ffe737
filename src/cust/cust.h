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
/* All ids of the person, id among them; in the arena. */
int cust_group(struct store_db *db, sv id, struct arena *a, sv **ret, size_t *ret_n);
/* One page of who may be one person, {"items":[{"a","b","reason","score","at"}]}; and a
 * person's no. (A yes is cust_join.) */
int cust_proposals(struct store_db *db, int limit, struct sb *out);
int cust_proposal_no(struct store_db *db, sv a, sv b, sv by, int64_t now_ms);

/* Customers of another system, one JSON object a line: {"id","name","language","phone","email",
 * "tier","address":{..},"created_at"}; other members are kept in body. What is there already is
 * changed where it differs. On the scribe; e names the line; all or nothing. */
int cust_import(struct store_db *db, const struct cust_keys *k, sv jsonl, sv default_cc,
		int64_t now_ms, size_t *ret_n, struct err *e);

/* Consent: purpose "service", "marketing", "recording"; channel "phone", "sms", "email", "chat". */
int cust_consent_put(struct store_db *db, sv id, sv channel, sv purpose, bool yes, sv source, sv by,
		     int64_t now_ms);
/* 1 yes, 0 no, -1 never asked. */
int cust_consent(struct store_db *db, sv id, sv channel, sv purpose);

/* One page of everything that happened with the customer (all joined ids), newest first:
 * {"items":[{"at","kind","channel","title","ref","by"}],"next":CURSOR}. Reader. */
int cust_timeline(struct store_db *db, sv id, sv cursor, int limit, struct sb *out);
/* Where an earlier conversation of the customer stands, for one that goes on elsewhere:
 * {"conversation","channel","at","language","intent","last_question","last_reply","open":bool,
 *  "flow":{..}} or {}. */
int cust_where(struct store_db *db, sv id, int64_t now_ms, struct sb *out);
/* {"orders":n,"last_order","last_status","contacts_7d":n,"open_tickets":n} */
int cust_stats(struct store_db *db, sv id, int64_t now_ms, struct sb *out);

/* ---- the tools of identity (tool.h): source "cust"; declared in tools/identity.yaml ----
 * identify {order, phone_last4} or {phone, name}: TOOL_KNOWN. code_send {channel, phone?,
 * email?}: six digits by the outbox to an address that the customer has had for a day; without
 * phone and email to who.customer's own. code_check {code}: TOOL_PROVEN. vouch {customer, how}:
 * an agent's word, TOOL_PROVEN. Outcomes: DONE with a grant (code_send: without); NOT_FOUND: it
 * does not fit, body has tries_left (whether customer, order or phone exist is never told);
 * DENIED: no tries left, a person must help; INVALID: something is missing. Five wrong answers
 * in a conversation, ten about one customer, order or phone in an hour, then DENIED and a row
 * "alert". Three codes in a conversation, five an hour. On success the conversation's row gets
 * customer_id and customer_level. Never dry. */
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
