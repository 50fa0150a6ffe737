/* cust.c: customers and their identities in the store.
 *
 * A customer's row holds language, tier and dates in the clear; name, address and what else the
 * company keeps are one sealed JSON text. An identity is a row: sealed value, keyed hash to find
 * it by, and for phones a hash of the last four digits. What is read lives in the caller's arena,
 * the JSON trees in the struct (cust_done). Readers on a worker, writers on the scribe.
 */
#include "cust_int.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>

static const char *const kinds[CUST_KINDS] = { "phone",    "email",  "cookie",  "wechat",
					       "whatsapp", "social", "external" };

const char *cust_kind_name(enum cust_kind k)
{
	return k < CUST_KINDS ? kinds[k] : "";
}

enum cust_kind cust_kind_of(sv name)
{
	int k = 0;
	while (k < CUST_KINDS && !sv_eq(name, sv_of(kinds[k])))
		k++;
	return (enum cust_kind)k;
}

bool cust_id_ok(sv id)
{
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];
		bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
		if (!word)
			return false;
	}
	return id.n > 0 && id.n < CUST_ID_MAX;
}

int cust_event(struct store_db *db, sv customer, const char *kind, sv by, sv body, int64_t now_ms)
{
	struct store_event ev = { .ts_ms = now_ms, .customer = customer, .kind = sv_of(kind),
				  .actor = by, .body = body };
	return store_event_put(db, &ev);
}

/* ---- reading ---- */

static int read_row(struct store_db *db, const struct cust_keys *k, sv id, struct arena *a,
		    struct cust *c)
{
	struct store_stmt *q;
	sv plain = SV_NULL;
	char when[32];
	int rc = store_prep(db, &q,
			    "SELECT language, tier, since_ms, sealed, preferences, version, "
			    "updated_ms, erased_ms FROM customer WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc != 1) {
		store_reset(q);
		return rc ? rc : ERR_NOTFOUND;
	}
	clk_rfc3339(store_col_int(q, 2), when);
	c->id = arena_sv(a, id);
	c->language = arena_sv(a, store_col_sv(q, 0));
	c->tier = arena_sv(a, store_col_sv(q, 1));
	c->since = arena_sv(a, sv_n(when, 10));
	c->prefs = jv_parse(store_col_sv(q, 4), NULL);
	c->version = store_col_int(q, 5);
	c->updated_ms = store_col_int(q, 6);
	c->erased = !store_col_null(q, 7);
	sv sealed = store_col_sv(q, 3);
	rc = sealed.n ? cust_unseal(k, "customer", id, sealed, a, &plain) : 0;
	store_reset(q);
	c->preferences = c->prefs;
	if (rc || !plain.n)
		return rc;
	c->sealed = jv_parse(plain, NULL);
	c->name = jv_get_str(c->sealed, "name");
	c->address = jv_get(c->sealed, "address");
	c->body = jv_get(c->sealed, "body");
	return c->sealed ? 0 : ERR_CORRUPT;
}

static int read_ident(struct store_stmt *q, const struct cust_keys *k, struct arena *a,
		      struct cust_ident *i)
{
	sv value = SV_NULL;
	i->id = arena_sv(a, store_col_sv(q, 0));
	i->customer = arena_sv(a, store_col_sv(q, 1));
	i->kind = cust_kind_of(store_col_sv(q, 2));
	i->verified = (int)store_col_int(q, 4);
	i->primary = store_col_int(q, 5) != 0;
	i->since_ms = store_col_int(q, 6);
	int rc = cust_unseal(k, "ident", i->id, store_col_sv(q, 3), a, &value);
	i->value = value;
	return rc;
}

static int read_idents(struct store_db *db, const struct cust_keys *k, struct arena *a,
		       struct cust *c)
{
	struct store_stmt *q;
	size_t max = (size_t)CUST_IDENTS_MAX * 4;
	int rc = store_prep(
		db, &q,
		CUST_GROUP_SQL
		"SELECT i.id, i.customer, i.kind, i.sealed, i.verified, i.is_primary, "
		"i.since_ms FROM g JOIN cust_ident i ON i.customer=g.id "
		"ORDER BY i.customer<>?1, i.is_primary DESC, i.since_ms, i.id LIMIT ?2");
	if (rc)
		return rc;
	c->idents = arena_new(a, struct cust_ident, max);
	if (!c->idents) {
		store_reset(q);
		return ERR_TOOBIG;
	}
	store_bind_sv(q, 1, c->id);
	store_bind_int(q, 2, (int64_t)max);
	while (rc == 0 && c->n_idents < max && (rc = store_step(q)) == 1) {
		rc = read_ident(q, k, a, &c->idents[c->n_idents]);
		c->n_idents += rc == 0;
	}
	store_reset(q);
	return rc;
}

int cust_get(struct store_db *db, const struct cust_keys *k, sv id, struct arena *a,
	     struct cust *ret)
{
	struct cust c = { 0 };
	int rc = read_row(db, k, id, a, &c);
	if (rc == 0)
		rc = read_idents(db, k, a, &c);
	if (rc == 0)
		rc = cust_lead(db, id, c.lead);
	if (rc) {
		cust_done(&c);
		return rc;
	}
	*ret = c;
	return 0;
}

void cust_done(struct cust *c)
{
	jv_free(c->sealed);
	jv_free(c->prefs);
	*c = (struct cust){ 0 };
}

int cust_alive(struct store_db *db, sv id)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT erased_ms FROM customer WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1)
		rc = store_col_null(q, 0) ? 0 : ERR_STATE;
	else if (rc == 0)
		rc = ERR_NOTFOUND;
	store_reset(q);
	return rc;
}

/* ---- finding ---- */

struct found {
	char v[CUST_GROUP_MAX][CUST_ID_MAX];
	int n;
};

static bool has(const struct found *f, const char *id)
{
	for (int i = 0; i < f->n; i++)
		if (strcmp(f->v[i], id) == 0)
			return true;
	return false;
}

/* The leads of all who have this identity. */
static int leads_of(struct store_db *db, const struct cust_keys *k, const struct cust_ident *i,
		    struct found *f)
{
	struct store_stmt *q;
	char h[CUST_HASH], ids[CUST_GROUP_MAX][CUST_ID_MAX], lead[CUST_ID_MAX];
	int n = 0, rc = store_prep(db, &q,
				   "SELECT customer FROM cust_ident WHERE kind=?1 AND hash=?2 "
				   "ORDER BY customer");
	if (rc)
		return rc;
	cust_hash(k, "ident", sv_of(cust_kind_name(i->kind)), i->value, h);
	store_bind_sv(q, 1, sv_of(cust_kind_name(i->kind)));
	store_bind_sv(q, 2, sv_of(h));
	while (n < CUST_GROUP_MAX && (rc = store_step(q)) == 1)
		snprintf(ids[n++], CUST_ID_MAX, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	f->n = 0;
	for (int x = 0; x < n && rc >= 0; x++) {
		rc = cust_lead(db, sv_of(ids[x]), lead);
		if (rc == 0 && !has(f, lead))
			memcpy(f->v[f->n++], lead, CUST_ID_MAX);
	}
	return rc < 0 ? rc : 0;
}

int cust_find(struct store_db *db, const struct cust_keys *k, const struct cust_ident *who,
	      size_t n, struct cust_found *ret)
{
	struct found all = { 0 }, one;
	for (size_t i = 0; i < n; i++) {
		int rc = leads_of(db, k, &who[i], &one), kept = 0;
		if (rc)
			return rc;
		if (i == 0)
			all = one;
		for (int x = 0; x < all.n; x++)
			if (has(&one, all.v[x]))
				memmove(all.v[kept++], all.v[x], CUST_ID_MAX);
		all.n = kept;
	}
	*ret = (struct cust_found){ .matches = all.n };
	if (all.n == 1)
		memcpy(ret->id, all.v[0], CUST_ID_MAX);
	return 0;
}

/* ---- identities ---- */

static int unset_primary(struct store_db *db, sv id, sv kind)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE cust_ident SET is_primary=0 WHERE customer=?1 AND kind=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, kind);
	return store_run(q);
}

static int count_idents(struct store_db *db, sv id)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT count(*) FROM cust_ident WHERE customer=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1)
		rc = store_col_int(q, 0) >= CUST_IDENTS_MAX ? ERR_FULL : 0;
	store_reset(q);
	return rc;
}

static int ident_insert(struct store_db *db, const struct cust_keys *k, sv id,
			const struct cust_ident *i, const char *hash, int64_t now_ms)
{
	struct store_stmt *q;
	struct sb sealed;
	char iid[27], last[5], tail[CUST_HASH] = "";
	int rc = count_idents(db, id);
	if (rc)
		return rc;
	id_new(iid);
	if (i->kind == CUST_PHONE && cust_last4(i->value, last))
		cust_hash(k, "tail", id, sv_of(last), tail);
	sb_init(&sealed, LIM_SB);
	rc = cust_seal(k, "ident", sv_of(iid), i->value, &sealed);
	if (rc == 0)
		rc = store_prep(db, &q,
				"INSERT INTO cust_ident (id, customer, kind, hash, tail, sealed, "
				"verified, is_primary, since_ms) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,"
				"?9)");
	if (rc == 0) {
		store_bind_sv(q, 1, sv_of(iid));
		store_bind_sv(q, 2, id);
		store_bind_sv(q, 3, sv_of(cust_kind_name(i->kind)));
		store_bind_sv(q, 4, sv_of(hash));
		store_bind_sv(q, 5, sv_of(tail));
		store_bind_sv(q, 6, sb_sv(&sealed));
		store_bind_int(q, 7, i->verified);
		store_bind_int(q, 8, i->primary);
		store_bind_int(q, 9, i->since_ms ? i->since_ms : now_ms);
		rc = store_run(q);
	}
	sb_done(&sealed);
	return rc;
}

/* 1: it was there and is as sure and as chosen as asked; 2: it was made so; 0: not there. */
static int ident_raise(struct store_db *db, sv id, const struct cust_ident *i, const char *hash,
		       int *ret_verified)
{
	struct store_stmt *q;
	sv kind = sv_of(cust_kind_name(i->kind));
	int rc = store_prep(db, &q,
			    "SELECT verified, is_primary FROM cust_ident WHERE customer=?1 AND "
			    "kind=?2 AND hash=?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, kind);
	store_bind_sv(q, 3, sv_of(hash));
	rc = store_step(q);
	int verified = (int)store_col_int(q, 0), primary = (int)store_col_int(q, 1);
	store_reset(q);
	if (rc != 1)
		return rc;
	*ret_verified = verified > i->verified ? verified : i->verified;
	if (*ret_verified == verified && primary >= (i->primary ? 1 : 0))
		return 1;
	if (i->primary && (rc = unset_primary(db, id, kind)) != 0)
		return rc;
	rc = store_prep(db, &q,
			"UPDATE cust_ident SET verified=?4, is_primary=?5 WHERE customer=?1 AND "
			"kind=?2 AND hash=?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, kind);
	store_bind_sv(q, 3, sv_of(hash));
	store_bind_int(q, 4, *ret_verified);
	store_bind_int(q, 5, i->primary || primary);
	rc = store_run(q);
	return rc ? rc : 2;
}

int cust_ident_put(struct store_db *db, const struct cust_keys *k, sv id,
		   const struct cust_ident *i, int64_t now_ms, bool *ret_changed)
{
	char hash[CUST_HASH];
	sv kind = sv_of(cust_kind_name(i->kind));
	int verified = i->verified;
	if (!kind.n || !i->value.n)
		return ERR_INVAL;
	cust_hash(k, "ident", kind, i->value, hash);
	int rc = ident_raise(db, id, i, hash, &verified);
	*ret_changed = rc != 1;
	if (rc < 0 || rc == 1)
		return rc < 0 ? rc : 0;
	if (rc == 0 && i->primary)
		rc = unset_primary(db, id, kind);
	if (rc == 0)
		rc = ident_insert(db, k, id, i, hash, now_ms);
	return rc < 0 ? rc : cust_shared(db, id, kind, sv_of(hash), verified, now_ms);
}

int cust_touch(struct store_db *db, sv id, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE customer SET version=version+1, updated_ms=?2 WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_int(q, 2, now_ms);
	return store_run(q);
}

static int changed_row(struct store_db *db, sv id, const char *kind, const char *what, sv by,
		       int64_t now_ms)
{
	char body[160];
	snprintf(body, sizeof(body), "{\"fields\":[\"%s\"]}", what);
	int rc = cust_touch(db, id, now_ms);
	return rc ? rc : cust_event(db, id, kind, by, sv_of(body), now_ms);
}

int cust_ident_add(struct store_db *db, const struct cust_keys *k, sv id,
		   const struct cust_ident *i, sv by, int64_t now_ms)
{
	bool changed = false;
	int rc = cust_alive(db, id);
	if (rc == 0)
		rc = cust_ident_put(db, k, id, i, now_ms, &changed);
	return rc || !changed ? rc :
				changed_row(db, id, "customer.changed", cust_kind_name(i->kind), by,
					    now_ms);
}

int cust_ident_remove(struct store_db *db, const struct cust_keys *k, sv id,
		      const struct cust_ident *i, sv by, int64_t now_ms)
{
	struct store_stmt *q;
	char hash[CUST_HASH];
	sv kind = sv_of(cust_kind_name(i->kind));
	cust_hash(k, "ident", kind, i->value, hash);
	int rc = store_prep(db, &q,
			    "DELETE FROM cust_ident WHERE customer=?1 AND kind=?2 AND hash=?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, kind);
	store_bind_sv(q, 3, sv_of(hash));
	rc = store_run(q);
	if (rc == 0 && store_changes(db) == 0)
		return ERR_NOTFOUND;
	return rc ? rc :
		    changed_row(db, id, "customer.changed", cust_kind_name(i->kind), by, now_ms);
}
