/* cust_tool.c: the tools of identity: identify, code_send, code_check, vouch.
 *
 * Each is a write: tries must be counted before anything is told, and what a check grants is in the
 * same savepoint as its row of the river. Whether the customer, the order or the phone exists is
 * told to nobody: a check does the same steps and says the same words either way, hashes are
 * compared in constant time, and as many comparisons are made for nobody as for somebody. Nothing
 * can be tried dry, which would be guessing for free. On the scribe.
 */
#include "cust_int.h"
#include "guard.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>

#define SLOTS 8                      /* phones or customers compared in each check */

static int not_now(struct tool_run *r, enum tool_outcome o, const char *key, const char *why)
{
	tool_outcome(r, o, why);
	tool_say(r, key);
	return 0;
}

int cust_check_blocked(struct tool_run *r)
{
	jv_set_bool(r->body, "identified", false);
	jv_set_int(r->body, "tries_left", 0);
	return not_now(r, TOOL_DENIED, "blocked", "too many wrong answers; a person must help");
}

static int check_row(struct tool_run *r, struct store_db *db, const char *kind, sv customer,
		     const char *how, bool ok)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_fmt(&b, "{\"how\":\"%s\",\"ok\":%s,\"conversation\":", how, ok ? "true" : "false");
	sb_json(&b, r->who->conversation);
	sb_cstr(&b, ",\"channel\":");
	sb_json(&b, r->who->channel);
	sb_ch(&b, '}');
	int rc = sb_err(&b);
	if (rc == 0)
		rc = cust_event(db, customer, kind, r->who->actor, sb_sv(&b), r->now_ms);
	sb_done(&b);
	return rc;
}

/* One more wrong answer; an alert when it was the one that makes all of them look like guessing. */
static int count_try(struct tool_run *r, struct store_db *db, const struct cust_scopes *s)
{
	int before = cust_guessing(db, s, r->now_ms);
	int rc = before < 0 ? before : cust_tried(db, s, r->now_ms);
	int after = rc ? rc : cust_guessing(db, s, r->now_ms);
	return after > before && before == 0 ?
		       check_row(r, db, "alert", SV_NULL, "guessing", false) :
		       after < 0 ? after : 0;
}

int cust_check_failed(struct tool_run *r, struct store_db *db, struct cust_scopes *s,
		      const char *how)
{
	sv customer = sv_of(s->customer);
	int rc = count_try(r, db, s);
	if (rc == 0)
		rc = check_row(r, db, "identity.failed", customer, how, false);
	int left = rc ? rc : cust_tries_left(db, s, CUST_TRIES_CONV, CUST_TRIES_HOUR, r->now_ms);
	if (left == 0)
		rc = check_row(r, db, "alert", customer,
			       s->at_place ? "identity_place" : "identity", false);
	if (rc || left < 0)
		return rc ? rc : left;
	tool_keep(r);
	if (left == 0)
		return cust_check_blocked(r);
	jv_set_bool(r->body, "identified", false);
	jv_set_int(r->body, "tries_left", left);
	return not_now(r, TOOL_NOT_FOUND, "no_match", "what was given does not fit together");
}

/* The conversation belongs to the customer from now on. */
static int conversation_of(struct store_db *db, sv conversation, sv customer, int level)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"UPDATE conversation SET customer_id=?2, customer_level=?3 WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, conversation);
	store_bind_sv(q, 2, customer);
	store_bind_int(q, 3, level);
	return store_run(q);
}

int cust_check_passed(struct tool_run *r, struct store_db *db, sv customer, int level,
		      const char *how)
{
	static const char *const names[] = { "nobody", "claimed", "known", "proven" };
	char lead[CUST_ID_MAX];
	int rc = cust_lead(db, customer, lead);
	/* what was known of this customer already stays */
	if (rc == 0 && sv_eq(r->who->customer, sv_of(lead)) && (int)r->who->level > level)
		level = (int)r->who->level;
	if (rc == 0 && r->who->conversation.n)
		rc = conversation_of(db, r->who->conversation, sv_of(lead), level);
	if (rc == 0)
		rc = check_row(r, db, "identity.checked", sv_of(lead), how, true);
	if (rc)
		return rc;
	jv_set_bool(r->body, "identified", true);
	jv_set_str(r->body, "level", sv_of(names[level & 3]));
	tool_grant(r, sv_of(lead), (enum tool_level)level);
	return 0;
}

/* ---- identify ---- */

struct slots {                       /* what is compared; empty ones too */
	char customer[SLOTS][CUST_ID_MAX], hash[SLOTS][CUST_HASH];
	int n;
};

static int read_slots(struct store_stmt *q, struct slots *s)
{
	int rc = 0;
	while (s->n < SLOTS && (rc = store_step(q)) == 1) {
		snprintf(s->customer[s->n], CUST_ID_MAX, SV_FMT, SV_ARG(store_col_sv(q, 0)));
		snprintf(s->hash[s->n++], CUST_HASH, SV_FMT, SV_ARG(store_col_sv(q, 1)));
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

#define TAIL_LEAST 6                 /* digits that may stand for a whole number */
#define WHOLE_LEAST 8                /* so many miss nothing but the letters */

/* Keyed in or heard, a number comes without its letters, or its last digits alone: the rest is that
 * of the company's last number, then (letters sort behind digits). The same for every number,
 * whether there is such an order or not. */
static int whole_number(struct store_db *db, sv bare, struct arena *a, sv *ret)
{
	struct store_stmt *q;
	sv digits = bare;
	*ret = bare;
	while (digits.n && digits.p[0] >= '0' && digits.p[0] <= '9')
		digits = sv_slice(digits, 1, digits.n);
	if (digits.n || bare.n < TAIL_LEAST)
		return 0;
	int rc = store_prep(db, &q,
			    "SELECT replace(id,'-','') FROM order_ref ORDER BY id DESC LIMIT 1");
	if (rc)
		return rc;
	rc = store_step(q);
	sv any = rc == 1 ? store_col_sv(q, 0) : SV_NULL;
	size_t n = 0;
	while (n < any.n && (any.p[n] < '0' || any.p[n] > '9'))
		n++;
	if (bare.n < WHOLE_LEAST && n + bare.n < any.n)
		n = any.n - bare.n;
	if (n)
		*ret = sv_of(arena_fmt(a, SV_FMT SV_FMT, (int)n, any.p, SV_ARG(bare)));
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* The phones of whoever that is; "" has none. */
static int phones_of(struct store_db *db, const char *owner, struct slots *s)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    CUST_GROUP_SQL
			    "SELECT i.customer, i.tail FROM g JOIN cust_ident i ON "
			    "i.customer=g.id JOIN customer c ON c.id=g.id WHERE i.kind='phone' "
			    "AND c.erased_ms IS NULL ORDER BY i.is_primary DESC, i.id");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(owner));
	return read_slots(q, s);
}

/* Whose order it is, "" for nobody's, and the phones of whoever that is. */
static int phones_of_order(struct store_db *db, sv number, char owner[CUST_ID_MAX], struct slots *s)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT customer_id FROM order_ref WHERE replace(id,'-','')=?1");
	if (rc)
		return rc;
	owner[0] = 0;
	store_bind_sv(q, 1, number);
	rc = store_step(q);
	if (rc == 1)
		snprintf(owner, CUST_ID_MAX, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc < 0 ? rc : phones_of(db, owner, s);
}

/* ---- a complaint or ticket ---- */

static void put_secret(const struct cust_keys *k, struct slots *s, sv value)
{
	char last[5];
	sv secret = sv_find_ch(value, '@') >= 0 ? value : SV_NULL;
	if (!secret.n && cust_last4(value, last))
		secret = sv_of(last);
	if (secret.n && s->n < SLOTS)
		cust_hash(k, "tail", SV_NULL, secret, s->hash[s->n++]);
}

/* Whose it is with their phones; of nobody's what was left to reach them, or its code. 1: there is
 * one of that number. */
static int secrets_of_case(struct store_db *db, const struct cust_keys *k, sv number,
			   char owner[CUST_ID_MAX], struct slots *s)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT customer, body FROM ticket WHERE number=?1");
	if (rc)
		return rc;
	owner[0] = 0;
	store_bind_sv(q, 1, number);
	rc = store_step(q);
	if (rc == 1)
		snprintf(owner, CUST_ID_MAX, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	jv *body = rc == 1 ? jv_parse(store_col_sv(q, 1), NULL) : NULL;
	store_reset(q);
	if (rc == 1 && !owner[0]) {
		put_secret(k, s, jv_get_str(body, "contact"));
		put_secret(k, s, jv_get_str(body, "code"));
	}
	jv_free(body);
	int sub = owner[0] ? phones_of(db, owner, s) : 0;
	return sub ? sub : rc;
}

/* Of the complaint or ticket of that number, else of the order: a company may number its orders
 * alike. */
static int secrets_of(struct tool_run *r, struct store_db *db, const struct cust_keys *k, sv *about,
		      char owner[CUST_ID_MAX], struct slots *s)
{
	char kept[CUST_CASE_MAX];
	sv number = cust_case_number(*about, kept) ? arena_sv(r->arena, sv_of(kept)) : SV_NULL;
	int rc = number.n ? secrets_of_case(db, k, number, owner, s) : 0;
	if (rc == 1)
		*about = number;
	if (rc)
		return rc < 0 ? rc : 0;
	rc = whole_number(db, *about, r->arena, about);
	return rc ? rc : phones_of_order(db, *about, owner, s);
}

/* From here on it may be talked of in this conversation; who the customer is stays open. */
static int case_opened(struct tool_run *r, struct store_db *db, sv number)
{
	struct store_stmt *q;
	if (!r->who->conversation.n) {
		jv_set_bool(r->body, "identified", false);
		return not_now(r, TOOL_REFUSED, "refused",
			       "a complaint or ticket of nobody is opened for a conversation");
	}
	int rc = store_prep(db, &q,
			    "INSERT INTO ticket_link (ticket, kind, ref, at_ms, by_whom) SELECT "
			    "seq, 'conversation', ?2, ?3, 'customer' FROM ticket WHERE number=?1 "
			    "ON CONFLICT (ticket, kind, ref) DO NOTHING");
	if (rc)
		return rc;
	store_bind_sv(q, 1, number);
	store_bind_sv(q, 2, r->who->conversation);
	store_bind_int(q, 3, r->now_ms);
	rc = store_run(q);
	if (rc == 0)
		rc = check_row(r, db, "identity.checked", SV_NULL, "case", true);
	jv_set_bool(r->body, "identified", true);
	return rc;
}

static int people_of_phone(struct store_db *db, const struct cust_keys *k, sv phone,
			   struct slots *s)
{
	struct store_stmt *q;
	char hash[CUST_HASH];
	int rc = store_prep(db, &q,
			    "SELECT c.id, c.name_hash FROM cust_ident i JOIN customer c ON "
			    "c.id=i.customer WHERE i.kind='phone' AND i.hash=?1 AND c.erased_ms IS "
			    "NULL ORDER BY c.id");
	if (rc)
		return rc;
	cust_hash(k, "ident", SV("phone"), phone, hash);
	store_bind_sv(q, 1, sv_of(hash));
	return read_slots(q, s);
}

/* The slot whose hash is that of the answer; all are compared. -1: none, or two people's. */
static int matching(const struct cust_keys *k, const struct slots *s, bool by_name, sv answer)
{
	char hash[CUST_HASH];
	int at = -1, hits = 0;
	for (int i = 0; i < SLOTS; i++) {
		if (by_name)
			cust_name_hash(k, sv_of(s->customer[i]), answer, hash);
		else
			cust_hash(k, "tail", sv_of(s->customer[i]), answer, hash);
		bool same = cust_hash_same(hash, s->hash[i]) & (i < s->n);
		at = same ? i : at;
		hits += same;
	}
	return by_name && hits != 1 ? -1 : at;
}

/* While somebody guesses from everywhere, knowing something proves only whose address it comes from
 * anyway: others prove themselves by a code. 1: it is stopped here; *at may become -1. Whether the
 * answer is right makes no difference to what a stranger is told. */
static int while_guessing(struct tool_run *r, struct store_db *db, const struct cust_scopes *s,
			  int *at)
{
	int guessing = r->who->role >= TOOL_AGENT ? 0 : cust_guessing(db, s, r->now_ms);
	if (guessing <= 0)
		return guessing;
	if (r->who->level >= TOOL_CLAIMED && r->who->customer.n) {
		*at = sv_eq(r->who->customer, sv_of(s->customer)) ? *at : -1;
		return 0;
	}
	jv_set_bool(r->body, "identified", false);
	(void)not_now(r, TOOL_DENIED, "use_code", "only a one-time code proves who it is just now");
	return 1;
}

/* What was given beside a number: the last digits of a phone, or an e-mail address (of a complaint
 * or ticket alone); empty: neither. */
static sv given(const struct tool_run *r, bool of_case, char last[5])
{
	sv s = jv_get_str(r->args, "phone_last4"), mail;
	if (!s.n && of_case)
		s = jv_get_str(r->args, "contact");
	if (of_case && sv_find_ch(s, '@') >= 0 &&
	    cust_normal(CUST_EMAIL, s, SV_NULL, r->arena, &mail) == 0)
		return mail;
	return cust_last4(s, last) ? sv_of(last) : SV_NULL;
}

/* By order (or complaint, or ticket) and the last digits of its phone, or by phone and name. */
static int identify(const struct cust_tools_arg *t, struct tool_run *r, struct store_db *db)
{
	char kept[CUST_CASE_MAX];
	char owner[CUST_ID_MAX] = "", last[5] = "";
	struct slots s = { 0 };
	struct cust_scopes scopes;
	sv about, answer = jv_get_str(r->args, "name");
	bool by_name = !jv_get_str(r->args, "order").n;
	int rc;
	if (by_name) {
		rc = cust_normal(CUST_PHONE, jv_get_str(r->args, "phone"), t->default_cc, r->arena,
				 &about);
		if (rc || !sv_trim(answer).n)
			return not_now(r, TOOL_INVALID, "no_match",
				       "give a phone number and a name, or an order number and "
				       "the last four digits of its phone");
		rc = people_of_phone(db, t->keys, about, &s);
		if (s.n == 1)
			memcpy(owner, s.customer[0], CUST_ID_MAX);
	} else {
		about = cust_order_bare(jv_get_str(r->args, "order"), r->arena);
		answer = given(r, cust_case_number(about, kept), last);
		if (!about.n || !answer.n)
			return not_now(r, TOOL_INVALID, "no_match",
				       "phone_last4 is the last four digits of the phone");
		rc = secrets_of(r, db, t->keys, &about, owner, &s);
	}
	if (rc)
		return rc;
	if (owner[0] && cust_lead(db, sv_of(owner), owner))
		owner[0] = 0;
	cust_scopes(t, r, "check", about, owner, &scopes);
	int left = cust_tries_left(db, &scopes, CUST_TRIES_CONV, CUST_TRIES_HOUR, r->now_ms);
	int at = matching(t->keys, &s, by_name, answer);
	if (left <= 0)
		return left < 0 ? left : cust_check_blocked(r);
	rc = while_guessing(r, db, &scopes, &at);
	if (rc)
		return rc < 0 ? rc : 0;
	if (at < 0)
		return cust_check_failed(r, db, &scopes, by_name ? "phone_name" : "order_phone");
	if (!s.customer[at][0])
		return case_opened(r, db, about);
	return cust_check_passed(r, db, sv_of(s.customer[at]), TOOL_KNOWN,
				 by_name ? "phone_name" : "order_phone");
}

/* ---- vouch: an agent has checked by other means ---- */

static int vouch(const struct cust_tools_arg *t, struct tool_run *r, struct store_db *db)
{
	struct guard_in in;
	struct sb b;
	sv id = jv_get_str(r->args, "customer"), how = sv_trim(jv_get_str(r->args, "how"));
	(void)t;
	if (r->who->role < TOOL_AGENT || !r->who->actor.n)
		return not_now(r, TOOL_DENIED, "denied", "only an agent may vouch for somebody");
	if (!how.n || guard_inbound(how, r->arena, &in))
		return not_now(r, TOOL_INVALID, "how", "say how it was checked");
	int rc = cust_alive(db, id);
	if (rc == ERR_NOTFOUND || rc == ERR_STATE)
		return not_now(r, TOOL_NOT_FOUND, "not_found", "no such customer");
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"how\":");
	sb_json(&b, in.masked);
	sb_cstr(&b, ",\"conversation\":");
	sb_json(&b, r->who->conversation);
	sb_ch(&b, '}');
	if (rc == 0)
		rc = cust_event(db, id, "identity.vouched", r->who->actor, sb_sv(&b), r->now_ms);
	sb_done(&b);
	return rc ? rc : cust_check_passed(r, db, id, TOOL_PROVEN, "agent");
}

/* ---- the source ---- */

static int cust_write(void *arg, struct tool_run *r, struct store_db *db)
{
	static const struct {
		const char *op;
		int (*fn)(const struct cust_tools_arg *t, struct tool_run *r, struct store_db *db);
	} ops[] = {
		{ "identify", identify },
		{ "code_send", cust_code_send },
		{ "code_check", cust_code_check },
		{ "vouch", vouch },
	};
	if (!r->confirmed || r->dry)
		return not_now(r, TOOL_DENIED, "denied", "a check of identity cannot be tried out");
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (strcmp(r->decl->op, ops[i].op) == 0)
			return ops[i].fn(arg, r, db);
	return ERR_UNSUPPORTED;
}

const struct tool_ops cust_tools = { .name = "cust", .write = cust_write };
