/* cust_code.c: one-time codes: six digits to an address that the customer has had for a day.
 *
 * A conversation has one code at a time, kept as a keyed hash for five minutes and gone once it
 * was used, or with the next code of anybody after that. It goes only where the customer was
 * reachable before and for 24 hours: whoever has just put a new phone into an account cannot
 * prove with it that the account is theirs. When there is no such customer or address a code is
 * made all the same, kept for nobody and sent nowhere. The message waits in the outbox sealed
 * (cust_message opens it). On the scribe.
 */
#include "cust_int.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>

#define CODE_MS (5 * INT64_C(60000))
#define AGE_MS (24 * INT64_C(3600000))

struct target {
	char customer[CUST_ID_MAX], ident[32];   /* "": nobody */
	sv value;
};

static int reply(struct tool_run *r, enum tool_outcome o, const char *key, const char *why)
{
	tool_outcome(r, o, why);
	tool_say(r, key);
	return 0;
}

/* Reads the row's customer, ident and value; false when there is none. */
static int read_target(struct store_stmt *q, const struct cust_keys *k, struct arena *a,
		       struct target *t)
{
	int rc = store_step(q);
	if (rc == 1) {
		sv iid = store_col_sv(q, 1);
		snprintf(t->customer, sizeof(t->customer), SV_FMT, SV_ARG(store_col_sv(q, 0)));
		snprintf(t->ident, sizeof(t->ident), SV_FMT, SV_ARG(iid));
		rc = cust_unseal(k, "ident", iid, store_col_sv(q, 2), a, &t->value);
	}
	store_reset(q);
	return rc;
}

/* Of whoever the conversation is with: the surest address of that kind. */
static int own_target(struct store_db *db, const struct cust_keys *k, const struct tool_run *r,
		      sv kind, struct target *t)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    CUST_GROUP_SQL
			    "SELECT i.customer, i.id, i.sealed FROM g JOIN cust_ident i ON "
			    "i.customer=g.id JOIN customer c ON c.id=g.id WHERE i.kind=?2 AND "
			    "i.since_ms<=?3 AND c.erased_ms IS NULL ORDER BY i.verified DESC, "
			    "i.is_primary DESC, i.since_ms, i.id LIMIT 1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, r->who->level >= TOOL_CLAIMED ? r->who->customer : SV(""));
	store_bind_sv(q, 2, kind);
	store_bind_int(q, 3, r->now_ms - AGE_MS);
	return read_target(q, k, r->arena, t);
}

/* Of the one customer who has had the given address. */
static int given_target(struct store_db *db, const struct cust_keys *k, const struct tool_run *r,
			const struct cust_ident *i, struct target *t)
{
	struct store_stmt *q;
	struct cust_found f;
	char hash[CUST_HASH];
	int rc = cust_find(db, k, i, 1, &f);
	if (rc == 0)
		rc = store_prep(db, &q,
				"SELECT customer, id, sealed FROM cust_ident WHERE kind=?1 AND "
				"hash=?2 AND since_ms<=?3 AND ?4=1 ORDER BY since_ms, id LIMIT 1");
	if (rc)
		return rc;
	cust_hash(k, "ident", sv_of(cust_kind_name(i->kind)), i->value, hash);
	store_bind_sv(q, 1, sv_of(cust_kind_name(i->kind)));
	store_bind_sv(q, 2, sv_of(hash));
	store_bind_int(q, 3, r->now_ms - AGE_MS);
	store_bind_int(q, 4, f.matches);
	return read_target(q, k, r->arena, t);
}

/* ---- the message ---- */

/* "with: {text: {zh, en}}" of the declaration, {code} filled in. */
static int message_text(const struct tool_run *r, const char *code, struct sb *out)
{
	bool zh = sv_starts(r->who->lang, SV("zh"));
	sv text = jv_get_str(jv_get(r->decl->with, "text"), zh ? "zh" : "en");
	ptrdiff_t at = sv_find(text, SV("{code}"));
	if (at < 0)
		return ERR_INVAL;
	sb_put(out, sv_slice(text, 0, (size_t)at));
	sb_cstr(out, code);
	sb_put(out, sv_slice(text, (size_t)at + strlen("{code}"), text.n));
	return sb_err(out);
}

/* {"to","text"} sealed; to nobody too, so that it takes as long. */
static int sealed_message(const struct cust_keys *k, const struct target *to, sv text,
			  struct sb *out)
{
	struct sb plain;
	sb_init(&plain, LIM_SB);
	sb_cstr(&plain, "{\"to\":");
	sb_json(&plain, to->value);
	sb_cstr(&plain, ",\"text\":");
	sb_json(&plain, text);
	sb_ch(&plain, '}');
	int rc = cust_seal(k, "message", SV("outbox"), sb_sv(&plain), out);
	sb_done(&plain);
	return rc;
}

static int send_message(const struct cust_keys *k, struct tool_run *r, struct store_db *db,
			const struct target *to, bool mail, const char *code)
{
	struct sb text, sealed;
	sb_init(&text, 4096);
	sb_init(&sealed, LIM_SB);
	int rc = message_text(r, code, &text);
	if (rc == 0)
		rc = sealed_message(k, to, sb_sv(&text), &sealed);
	if (rc == 0 && to->customer[0]) {
		jv *o = jv_obj();
		jv_set_str(o, "purpose", SV("code"));
		jv_set_str(o, "customer", sv_of(to->customer));
		jv_set_str(o, "lang", r->who->lang);
		jv_set_str(o, "sealed", sb_sv(&sealed));
		rc = tool_send(r, db, mail ? "email" : "sms", o);
	}
	sb_done(&text);
	sb_done(&sealed);
	return rc;
}

int cust_message(struct store_db *db, const struct cust_keys *k, sv kind, const jv *body,
		 struct arena *a, sv *ret_to, sv *ret_text)
{
	struct target t = { 0 };
	struct store_stmt *q;
	sv sealed = jv_get_str(body, "sealed"), plain = SV_NULL;
	int rc;
	if (sealed.n) {
		rc = cust_unseal(k, "message", SV("outbox"), sealed, a, &plain);
		jv *o = rc ? NULL : jv_parse(plain, NULL);
		*ret_to = arena_sv(a, jv_get_str(o, "to"));
		*ret_text = arena_sv(a, jv_get_str(o, "text"));
		jv_free(o);
		return rc;
	}
	*ret_text = jv_get_str(body, "text");
	*ret_to = jv_get_str(body, "to");
	if (ret_to->n)
		return 0;
	rc = store_prep(db, &q,
			CUST_GROUP_SQL
			"SELECT i.customer, i.id, i.sealed FROM g JOIN cust_ident i ON "
			"i.customer=g.id WHERE i.kind=?2 ORDER BY i.is_primary DESC, i.verified "
			"DESC, i.since_ms, i.id LIMIT 1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, jv_get_str(body, "customer"));
	store_bind_sv(q, 2, sv_eq(kind, SV("email")) ? SV("email") : SV("phone"));
	rc = read_target(q, k, a, &t);
	*ret_to = t.value;
	return rc < 0 ? rc : t.value.n ? 0 : ERR_NOTFOUND;
}

/* ---- sending ---- */

static void code_hash(const struct cust_keys *k, const char *scope, sv code, char ret[CUST_HASH])
{
	cust_hash(k, "code", sv_of(scope), code, ret);
}

static int forget_old(struct store_db *db, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "DELETE FROM cust_code WHERE expires_ms<=?1");
	if (rc)
		return rc;
	store_bind_int(q, 1, now_ms);
	return store_run(q);
}

static int code_put(struct store_db *db, const char *scope, const struct target *t,
		    const char *hash, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = forget_old(db, now_ms);
	if (rc)
		return rc;
	rc = store_prep(
		db, &q,
		"INSERT INTO cust_code (scope, customer, ident, hash, expires_ms) VALUES "
		"(?1,?2,?3,?4,?5) ON CONFLICT (scope) DO UPDATE SET customer=?2, "
		"ident=?3, hash=?4, expires_ms=?5");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(scope));
	store_bind_sv(q, 2, sv_of(t->customer));
	store_bind_sv(q, 3, sv_of(t->ident));
	store_bind_sv(q, 4, sv_of(hash));
	store_bind_int(q, 5, now_ms + CODE_MS);
	return store_run(q);
}

static int find_target(const struct cust_tools_arg *t, struct tool_run *r, struct store_db *db,
		       const struct cust_ident *given, struct target *to)
{
	int rc = given->value.n ?
			 given_target(db, t->keys, r, given, to) :
			 own_target(db, t->keys, r, sv_of(cust_kind_name(given->kind)), to);
	return rc < 0 ? rc : 0;
}

static int send_code(const struct cust_tools_arg *t, struct tool_run *r, struct store_db *db,
		     const struct target *to, const struct cust_scopes *s, bool mail)
{
	char code[8], hash[CUST_HASH];
	/* the conversation's scope of checks names it */
	struct cust_scopes check;
	uint64_t x = t->random(t->random_arg);
	while (x >= UINT64_MAX - UINT64_MAX % 1000000)
		x = t->random(t->random_arg);
	snprintf(code, sizeof(code), "%06u", (unsigned)(x % 1000000));
	cust_scopes(t, r, "check", SV(""), "", &check);
	code_hash(t->keys, check.v[0], sv_of(code), hash);
	int rc = code_put(db, check.v[0], to, hash, r->now_ms);
	if (rc == 0)
		rc = cust_tried(db, s, r->now_ms);
	if (rc == 0)
		rc = send_message(t->keys, r, db, to, mail, code);
	if (rc)
		return rc;
	jv_set_bool(r->body, "sent", true);
	jv_set_str(r->body, "channel", mail ? SV("email") : SV("sms"));
	jv_set_int(r->body, "minutes", CODE_MS / 60000);
	tool_say(r, mail ? "sent_email" : "sent");
	return 0;
}

int cust_code_send(const struct cust_tools_arg *t, struct tool_run *r, struct store_db *db)
{
	sv phone = jv_get_str(r->args, "phone"), email = jv_get_str(r->args, "email");
	bool mail = email.n > 0 || sv_eq(jv_get_str(r->args, "channel"), SV("email"));
	struct cust_ident given = { .kind = mail ? CUST_EMAIL : CUST_PHONE };
	struct target to = { 0 };
	struct cust_scopes s;
	sv raw = email.n ? email : phone;
	if (raw.n && cust_normal(given.kind, raw, t->default_cc, r->arena, &given.value))
		return reply(r, TOOL_INVALID, "bad_address", "that is no usable address");
	if (!raw.n && !r->who->customer.n)
		return reply(r, TOOL_INVALID, "ask_address",
			     "nobody is known here: give the phone or e-mail of the customer");
	int rc = find_target(t, r, db, &given, &to);
	if (rc)
		return rc;
	cust_scopes(t, r, "send", given.value.n ? given.value : r->who->customer, to.customer,
		    &s);
	int left = cust_tries_left(db, &s, CUST_SENDS_CONV, CUST_SENDS_HOUR, r->now_ms);
	if (left <= 0)
		return left < 0 ? left :
				  reply(r, TOOL_DENIED, "too_many", "enough codes were sent");
	return send_code(t, r, db, &to, &s, mail);
}

/* ---- checking ---- */

struct code_row {
	char customer[CUST_ID_MAX], ident[32], hash[CUST_HASH];
	int64_t expires_ms;
};

static int code_get(struct store_db *db, const char *scope, struct code_row *c)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT customer, ident, hash, expires_ms FROM cust_code WHERE scope=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(scope));
	rc = store_step(q);
	if (rc == 1) {
		snprintf(c->customer, sizeof(c->customer), SV_FMT, SV_ARG(store_col_sv(q, 0)));
		snprintf(c->ident, sizeof(c->ident), SV_FMT, SV_ARG(store_col_sv(q, 1)));
		snprintf(c->hash, sizeof(c->hash), SV_FMT, SV_ARG(store_col_sv(q, 2)));
		c->expires_ms = store_col_int(q, 3);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* The address is the customer's: they had what was sent there. */
static int ident_proven(struct store_db *db, const char *ident, const char *customer,
			int64_t now_ms)
{
	struct store_stmt *q;
	char kind[16] = "", hash[CUST_HASH] = "";
	int rc = store_prep(db, &q, "SELECT kind, hash FROM cust_ident WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(ident));
	rc = store_step(q);
	if (rc == 1) {
		snprintf(kind, sizeof(kind), SV_FMT, SV_ARG(store_col_sv(q, 0)));
		snprintf(hash, sizeof(hash), SV_FMT, SV_ARG(store_col_sv(q, 1)));
	}
	store_reset(q);
	if (rc == 1)
		rc = store_prep(db, &q, "UPDATE cust_ident SET verified=?2 WHERE id=?1");
	else
		return rc < 0 ? rc : ERR_STATE;
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(ident));
	store_bind_int(q, 2, TOOL_PROVEN);
	rc = store_run(q);
	return rc ? rc : cust_shared(db, sv_of(customer), sv_of(kind), sv_of(hash), TOOL_PROVEN,
				     now_ms);
}

/* Six digits however they are grouped or written. */
static sv six_digits(sv raw, struct arena *a)
{
	struct sb b;
	sb_init(&b, 64);
	raw = cust_fold(raw, a);
	for (size_t i = 0; i < raw.n; i++)
		if (raw.p[i] >= '0' && raw.p[i] <= '9')
			sb_ch(&b, raw.p[i]);
	sv ret = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return ret;
}

int cust_code_check(const struct cust_tools_arg *t, struct tool_run *r, struct store_db *db)
{
	struct code_row c = { 0 };
	struct cust_scopes s;
	char hash[CUST_HASH];
	sv code = six_digits(jv_get_str(r->args, "code"), r->arena);
	cust_scopes(t, r, "check", SV(""), "", &s);
	char scope[CUST_HASH];
	memcpy(scope, s.v[0], sizeof(scope));
	int rc = code_get(db, scope, &c);
	if (rc)
		return rc;
	char lead[CUST_ID_MAX] = "";
	if (c.customer[0] && cust_lead(db, sv_of(c.customer), lead))
		lead[0] = 0;
	/* about the conversation itself where it is about nobody */
	cust_scopes(t, r, "check", sv_of(scope), lead, &s);
	int left = cust_tries_left(db, &s, CUST_TRIES_CONV, CUST_TRIES_HOUR, r->now_ms);
	code_hash(t->keys, scope, code, hash);
	bool right = cust_hash_same(hash, c.hash) & (c.expires_ms > r->now_ms) & (lead[0] != 0);
	if (left <= 0)
		return left < 0 ? left : cust_check_blocked(r);
	if (!right)
		return cust_check_failed(r, db, &s, "code");
	rc = store_run_sv(db, "DELETE FROM cust_code WHERE scope=?1", sv_of(scope));
	if (rc == 0)
		rc = ident_proven(db, c.ident, c.customer, r->now_ms);
	if (rc == ERR_STATE)                 /* the address was taken away meanwhile */
		return cust_check_failed(r, db, &s, "code");
	return rc ? rc : cust_check_passed(r, db, sv_of(lead), TOOL_PROVEN, "code");
}
