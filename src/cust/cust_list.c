/* cust_list.c: customers as the outside sees them: a list, and one card. Phones and e-mails are
 * masked; the card shows them whole only to who may see them (the caller has checked and written
 * that down). Reader. */
#include "cust_int.h"

#include <stdio.h>

#define FOUND_MAX 50

/* ---- one row ---- */

static const struct cust_ident *first_of(const struct cust *c, enum cust_kind kind)
{
	for (size_t i = 0; i < c->n_idents; i++)
		if (c->idents[i].kind == kind)
			return &c->idents[i];
	return NULL;
}

static void put_masked(const struct cust *c, enum cust_kind kind, const char *key, struct arena *a,
		       struct sb *out)
{
	const struct cust_ident *i = first_of(c, kind);
	sb_fmt(out, ",\"%s\":", key);
	sb_json(out, i ? cust_masked(kind, i->value, a) : SV(""));
}

static int last_contact(struct store_db *db, sv id, int64_t *ret)
{
	return store_one_int(db,
			     CUST_GROUP_SQL "SELECT MAX(c.last_ms) FROM g JOIN conversation c ON "
					    "c.customer_id=g.id",
			     id, ret);
}

/* Without the closing brace. */
static int put_head(struct store_db *db, const struct cust *c, struct arena *a, struct sb *out)
{
	int64_t last = 0;
	int rc = last_contact(db, c->id, &last);
	sb_cstr(out, "{\"id\":");
	sb_json(out, c->id);
	sb_cstr(out, ",\"name\":");
	sb_json(out, c->name);
	sb_cstr(out, ",\"tier\":");
	sb_json(out, c->tier);
	sb_cstr(out, ",\"language\":");
	sb_json(out, c->language);
	put_masked(c, CUST_PHONE, "phone_masked", a, out);
	put_masked(c, CUST_EMAIL, "email_masked", a, out);
	if (last)
		sb_fmt(out, ",\"last_ms\":%lld", (long long)last);
	else
		sb_cstr(out, ",\"last_ms\":null");
	sb_cstr(out, ",\"lead\":");
	sb_json(out, sv_of(c->lead));
	return rc;
}

static int put_one(struct store_db *db, const struct cust_keys *k, sv id, struct sb *out)
{
	struct arena a;
	struct cust c = { 0 };
	arena_init(&a, LIM_ARENA_TURN);
	int rc = cust_get(db, k, id, &a, &c);
	if (rc == 0)
		rc = put_head(db, &c, &a, out);
	if (rc == 0)
		sb_ch(out, '}');
	cust_done(&c);
	arena_done(&a);
	return rc;
}

/* ---- finding by words ---- */

struct hits {
	char v[FOUND_MAX][CUST_ID_MAX];
	int n;
};

static void hit(struct hits *h, sv id)
{
	for (int i = 0; i < h->n; i++)
		if (sv_eq(id, sv_of(h->v[i])))
			return;
	if (h->n < FOUND_MAX)
		snprintf(h->v[h->n++], CUST_ID_MAX, SV_FMT, SV_ARG(id));
}

static int take_ids(struct store_stmt *q, struct hits *h)
{
	int rc;
	while ((rc = store_step(q)) == 1)
		hit(h, store_col_sv(q, 0));
	store_reset(q);
	return rc;
}

static int by_address(struct store_db *db, const struct cust_keys *k, enum cust_kind kind,
		      const struct cust_query *cq, struct arena *a, struct hits *h)
{
	struct store_stmt *q;
	char hash[CUST_HASH];
	sv value;
	if (cust_normal(kind, cq->q, cq->default_cc, a, &value))
		return 0;
	int rc = store_prep(db, &q, "SELECT customer FROM cust_ident WHERE kind=?1 AND hash=?2");
	if (rc)
		return rc;
	cust_hash(k, "ident", sv_of(cust_kind_name(kind)), value, hash);
	store_bind_sv(q, 1, sv_of(cust_kind_name(kind)));
	store_bind_sv(q, 2, sv_of(hash));
	return take_ids(q, h);
}

/* How many have this word, up to 1,000. */
static int word_count(struct store_db *db, const char *hash, int64_t *ret)
{
	return store_one_int(
		db, "SELECT count(*) FROM (SELECT 1 FROM cust_word WHERE hash=?1 LIMIT 1000) w",
		sv_of(hash), ret);
}

/* Those that have every word, four words at most: the rarest leads, the others are looked up. */
static int by_name(struct store_db *db, const struct cust_keys *k, sv text, struct arena *a,
		   struct hits *h)
{
	struct store_stmt *q;
	char hash[4][CUST_HASH];
	int n = 0, rare = 0, least = INT_MAX;
	sv rest = cust_fold(text, a), word;
	while (n < 4 && sv_cut(&rest, ' ', &word))
		cust_hash(k, "word", word, SV_NULL, hash[n++]);
	for (int i = 0; i < n; i++) {
		int64_t many = 0;
		int rc = word_count(db, hash[i], &many);
		if (rc)
			return rc;
		if (many < least) {
			least = (int)many;
			rare = i;
		}
	}
	if (n == 0)
		return 0;
	int rc = store_prep(
		db, &q,
		"SELECT w.customer FROM cust_word w WHERE w.hash=?1 AND EXISTS (SELECT 1 "
		"FROM cust_word x WHERE x.customer=w.customer AND x.hash=?2) AND EXISTS "
		"(SELECT 1 FROM cust_word x WHERE x.customer=w.customer AND x.hash=?3) "
		"AND EXISTS (SELECT 1 FROM cust_word x WHERE x.customer=w.customer AND "
		"x.hash=?4) ORDER BY w.customer LIMIT 50");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(hash[rare]));
	for (int i = 1; i < 4; i++)
		store_bind_sv(q, i + 1, sv_of(hash[(rare + (i < n ? i : 0)) % n]));
	return take_ids(q, h);
}

static int by_id(struct store_db *db, sv id, struct hits *h)
{
	int rc = cust_id_ok(id) ? cust_alive(db, id) : ERR_NOTFOUND;
	if (rc == 0 || rc == ERR_STATE)
		hit(h, id);
	return rc == ERR_NOTFOUND || rc == ERR_STATE ? 0 : rc;
}

static int list_found(struct store_db *db, const struct cust_keys *k, const struct cust_query *cq,
		      struct sb *out)
{
	struct hits h = { .n = 0 };
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	int rc = by_id(db, sv_trim(cq->q), &h);
	if (rc == 0)
		rc = by_address(db, k, CUST_PHONE, cq, &a, &h);
	if (rc == 0)
		rc = by_address(db, k, CUST_EMAIL, cq, &a, &h);
	if (rc == 0)
		rc = by_name(db, k, cq->q, &a, &h);
	arena_done(&a);
	sb_cstr(out, "{\"items\":[");
	for (int i = 0; i < h.n && rc == 0; i++) {
		if (i)
			sb_ch(out, ',');
		rc = put_one(db, k, sv_of(h.v[i]), out);
	}
	sb_cstr(out, "],\"next\":null}");
	return rc;
}

/* ---- all, a page at a time ---- */

struct page {
	char v[201][CUST_ID_MAX];
	int64_t at[201];
	int n;
};

static int read_page(struct store_db *db, int64_t ms, sv id, int limit, struct page *p)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT id, updated_ms FROM customer WHERE erased_ms IS NULL AND (?1=0 OR "
		"updated_ms<?1 OR (updated_ms=?1 AND id<?2)) ORDER BY updated_ms DESC, id "
		"DESC LIMIT ?3");
	if (rc)
		return rc;
	store_bind_int(q, 1, ms);
	store_bind_sv(q, 2, id);
	store_bind_int(q, 3, limit + 1);
	while (p->n <= limit && (rc = store_step(q)) == 1) {
		snprintf(p->v[p->n], CUST_ID_MAX, SV_FMT, SV_ARG(store_col_sv(q, 0)));
		p->at[p->n++] = store_col_int(q, 1);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

int cust_list(struct store_db *db, const struct cust_keys *k, const struct cust_query *cq,
	      struct sb *out)
{
	struct page *p;
	int64_t ms = 0;
	sv cursor = cq->cursor, head = SV_NULL;
	int limit = cq->limit < 1 ? 50 : cq->limit > 200 ? 200 : cq->limit;
	if (sv_trim(cq->q).n)
		return list_found(db, k, cq, out);
	if (cursor.n && (!sv_cut(&cursor, '.', &head) || sv_i64(head, &ms) || ms <= 0 ||
			 !cust_id_ok(cursor)))
		return ERR_INVAL;
	p = xalloc(sizeof(*p));
	int rc = read_page(db, ms, cursor.n ? cursor : SV(""), limit, p);
	sb_cstr(out, "{\"items\":[");
	for (int i = 0; i < p->n && i < limit && rc == 0; i++) {
		if (i)
			sb_ch(out, ',');
		rc = put_one(db, k, sv_of(p->v[i]), out);
	}
	if (p->n > limit)
		sb_fmt(out, "],\"next\":\"%lld.%s\"}", (long long)p->at[limit - 1],
		       p->v[limit - 1]);
	else
		sb_cstr(out, "],\"next\":null}");
	xfree(p);
	return rc;
}

/* ---- one card ---- */

static void put_idents(const struct cust *c, bool reveal, struct arena *a, struct sb *out)
{
	sb_cstr(out, ",\"identities\":[");
	for (size_t n = 0; n < c->n_idents; n++) {
		const struct cust_ident *i = &c->idents[n];
		sb_cstr(out, n ? ",{\"id\":" : "{\"id\":");
		sb_json(out, i->id);
		sb_fmt(out, ",\"kind\":\"%s\",\"masked\":", cust_kind_name(i->kind));
		sb_json(out, cust_masked(i->kind, i->value, a));
		if (reveal) {
			sb_cstr(out, ",\"value\":");
			sb_json(out, i->value);
		}
		sb_fmt(out, ",\"verified\":%d,\"primary\":%s,\"customer\":", i->verified,
		       i->primary ? "true" : "false");
		sb_json(out, i->customer);
		sb_ch(out, '}');
	}
	sb_ch(out, ']');
}

static int put_joined(struct store_db *db, sv id, struct sb *out)
{
	struct store_stmt *q;
	char when[32];
	int n = 0,
	    rc = store_prep(db, &q,
			    "SELECT a, b, reason, score, by_actor, at_ms FROM cust_edge WHERE "
			    "a=?1 AND undone_ms IS NULL ORDER BY at_ms, b");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	sb_cstr(out, ",\"joined\":[");
	while ((rc = store_step(q)) == 1) {
		clk_rfc3339(store_col_int(q, 5), when);
		sb_cstr(out, n++ ? ",{\"a\":" : "{\"a\":");
		sb_json(out, store_col_sv(q, 0));
		sb_cstr(out, ",\"b\":");
		sb_json(out, store_col_sv(q, 1));
		sb_cstr(out, ",\"id\":");
		sb_json(out, store_col_sv(q, 1));
		sb_cstr(out, ",\"reason\":");
		sb_json(out, store_col_sv(q, 2));
		sb_fmt(out, ",\"score\":%.3f,\"at\":\"%s\",\"by\":", store_col_num(q, 3), when);
		sb_json(out, store_col_sv(q, 4));
		sb_ch(out, '}');
	}
	store_reset(q);
	sb_ch(out, ']');
	return rc;
}

/* The town is no secret of this house; the street is. */
static void put_address(const struct cust *c, bool reveal, struct sb *out)
{
	sb_cstr(out, ",\"address\":");
	if (reveal && c->address) {
		jv_dump(c->address, out);
	} else if (jv_get_str(c->address, "city").n) {
		sb_cstr(out, "{\"city\":");
		sb_json(out, jv_get_str(c->address, "city"));
		sb_ch(out, '}');
	} else {
		sb_cstr(out, "null");
	}
	if (reveal && c->body) {
		sb_cstr(out, ",\"body\":");
		jv_dump(c->body, out);
	}
}

static int put_card(struct store_db *db, const struct cust *c, bool reveal, int64_t now_ms,
		    struct arena *a, struct sb *out)
{
	int rc = put_head(db, c, a, out);
	sb_cstr(out, ",\"since\":");
	sb_json(out, c->since);
	sb_fmt(out, ",\"erased\":%s,\"version\":%lld", c->erased ? "true" : "false",
	       (long long)c->version);
	put_address(c, reveal, out);
	put_idents(c, reveal, a, out);
	sb_cstr(out, ",\"consent\":");
	if (rc == 0)
		rc = cust_consents(db, c->id, out);
	sb_cstr(out, ",\"preferences\":");
	jv_dump(c->preferences, out);
	sb_cstr(out, ",\"stats\":");
	if (rc == 0)
		rc = cust_stats(db, c->id, now_ms, out);
	if (rc == 0)
		rc = put_joined(db, c->id, out);
	sb_ch(out, '}');
	return rc;
}

int cust_json(struct store_db *db, const struct cust_keys *k, sv id, bool reveal, int64_t now_ms,
	      struct sb *out)
{
	struct arena a;
	struct cust c = { 0 };
	arena_init(&a, LIM_ARENA_TURN);
	int rc = cust_get(db, k, id, &a, &c);
	if (rc == 0)
		rc = put_card(db, &c, reveal, now_ms, &a, out);
	cust_done(&c);
	arena_done(&a);
	return rc;
}
