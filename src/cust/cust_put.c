/* cust_put.c: writing a customer: what differs is written and named in the river; an import of
 * another system's customers.
 *
 * The sealed part is compared as the text it will be, so that an import of the same file changes
 * nothing. On the scribe.
 */
#include "cust_int.h"
#include "tool.h"

#include <stdio.h>

#define IMPORT_ROWS 1000000

/* ---- words of a name, to find it by ---- */

static int word_put(struct store_db *db, const struct cust_keys *k, sv id, sv word)
{
	struct store_stmt *q;
	char hash[CUST_HASH];
	int rc = store_prep(db, &q,
			    "INSERT INTO cust_word (customer, hash) VALUES (?1,?2) ON CONFLICT "
			    "(customer, hash) DO NOTHING");
	if (rc)
		return rc;
	cust_hash(k, "word", word, SV_NULL, hash);
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, sv_of(hash));
	return store_run(q);
}

static int words_put(struct store_db *db, const struct cust_keys *k, sv id, sv name)
{
	struct store_stmt *q;
	struct arena a;
	sv word;
	int rc = store_prep(db, &q, "DELETE FROM cust_word WHERE customer=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_run(q);
	arena_init(&a, LIM_ARENA_TURN);
	sv rest = cust_fold(name, &a);
	for (int n = 0; n < 8 && rc == 0 && sv_cut(&rest, ' ', &word); n++) {
		rc = word_put(db, k, id, word);
		/* 吴建华: the family name, and what comes after it */
		sv all = word;
		size_t first = sv_rune_offset(word, 1);
		if (rc == 0 && first < word.n && sv_is_cjk(sv_rune(&all))) {
			rc = word_put(db, k, id, sv_slice(word, 0, first));
			if (rc == 0)
				rc = word_put(db, k, id, sv_slice(word, first, word.n));
		}
	}
	arena_done(&a);
	return rc;
}

/* Of the name without blanks and case; nobody's for an empty one. */
void cust_name_hash(const struct cust_keys *k, sv id, sv name, char ret[CUST_HASH])
{
	struct arena a;
	struct sb b;
	sv word;
	arena_init(&a, LIM_ARENA_TURN);
	sb_init(&b, 4096);
	sv rest = cust_fold(name, &a);
	while (sv_cut(&rest, ' ', &word))
		sb_put(&b, word);
	cust_hash(k, b.n ? "name" : "no name", id, sb_sv(&b), ret);
	sb_done(&b);
	arena_done(&a);
}

/* ---- one customer ---- */

/* {"name":..,"address":..,"body":..} of what c has. */
static void plain_text(const struct cust *c, struct sb *out)
{
	jv *o = jv_obj();
	if (c->name.n)
		jv_set_str(o, "name", c->name);
	if (c->address)
		jv_set(o, "address", jv_copy(c->address));
	if (c->body)
		jv_set(o, "body", jv_copy(c->body));
	jv_dump(o, out);
	jv_free(o);
}

/* None given: those that were there stay. */
static void prefs_text(const struct cust *was, const struct cust *c, struct sb *out)
{
	const jv *prefs = c->preferences ? c->preferences : was->preferences;
	if (prefs)
		jv_dump(prefs, out);
	else
		sb_cstr(out, "{}");
}

static bool same_json(const jv *x, const jv *y)
{
	struct sb a, b;
	sb_init(&a, LIM_SB);
	sb_init(&b, LIM_SB);
	if (!jv_is_null(x))
		jv_dump(x, &a);
	if (!jv_is_null(y))
		jv_dump(y, &b);
	bool same = sv_eq(sb_sv(&a), sb_sv(&b));
	sb_done(&a);
	sb_done(&b);
	return same;
}

static void note(struct sb *fields, const char *name)
{
	sb_fmt(fields, "%s\"%s\"", fields->n ? "," : "", name);
}

/* What of c is not as it was. */
static void differences(const struct cust *was, const struct cust *c, struct sb *fields)
{
	if (!sv_eq(was->name, c->name))
		note(fields, "name");
	if (!sv_eq(was->language, c->language))
		note(fields, "language");
	if (!sv_eq(was->tier, c->tier))
		note(fields, "tier");
	if (!same_json(was->address, c->address))
		note(fields, "address");
	if (!same_json(was->preferences, c->preferences) && c->preferences)
		note(fields, "preferences");
	if (!same_json(was->body, c->body))
		note(fields, "body");
}

static int row_put(struct store_db *db, const struct cust_keys *k, const struct cust *was,
		   const struct cust *c, int64_t since_ms, int64_t now_ms)
{
	static const char sql[] =
		"INSERT INTO customer (id, language, tier, since_ms, sealed, preferences, "
		"updated_ms, name_hash) VALUES (?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT (id) DO "
		"UPDATE SET language=?2, tier=?3, sealed=?5, preferences=?6, updated_ms=?7, "
		"name_hash=?8, version=customer.version+1";
	char name[CUST_HASH];
	struct store_stmt *q;
	struct sb plain, sealed, prefs;
	sb_init(&plain, LIM_SB);
	sb_init(&sealed, 2 * LIM_SB);
	sb_init(&prefs, LIM_SB);
	plain_text(c, &plain);
	prefs_text(was, c, &prefs);
	int rc = sb_err(&plain) ? ERR_TOOBIG : sb_err(&prefs) ? ERR_TOOBIG : 0;
	if (rc == 0)
		rc = cust_seal(k, "customer", c->id, sb_sv(&plain), &sealed);
	if (rc == 0)
		rc = store_prep(db, &q, sql);
	if (rc == 0) {
		store_bind_sv(q, 1, c->id);
		store_bind_sv(q, 2, c->language.n ? c->language : SV(""));
		store_bind_sv(q, 3, c->tier.n ? c->tier : SV(""));
		store_bind_int(q, 4, since_ms);
		store_bind_sv(q, 5, sb_sv(&sealed));
		store_bind_sv(q, 6, sb_sv(&prefs));
		store_bind_int(q, 7, now_ms);
		cust_name_hash(k, c->id, c->name, name);
		store_bind_sv(q, 8, sv_of(name));
		rc = store_run(q);
	}
	sb_done(&plain);
	sb_done(&sealed);
	sb_done(&prefs);
	return rc ? rc : words_put(db, k, c->id, c->name);
}

static bool has_ident(const struct cust *was, const struct cust_ident *i)
{
	for (size_t x = 0; x < was->n_idents; x++) {
		const struct cust_ident *w = &was->idents[x];
		if (w->kind == i->kind && sv_eq(w->customer, was->id) &&
		    sv_eq(w->value, i->value) && w->verified >= i->verified &&
		    w->primary >= i->primary)
			return true;
	}
	return false;
}

/* Identities that are not there yet; fields gets the kinds of those that were put. */
static int idents_put(struct store_db *db, const struct cust_keys *k, const struct cust *was,
		      const struct cust *c, int64_t now_ms, struct sb *fields)
{
	bool changed;
	int rc = 0;
	for (size_t i = 0; i < c->n_idents && rc == 0; i++) {
		const struct cust_ident *x = &c->idents[i];
		if ((x->customer.n && !sv_eq(x->customer, c->id)) || has_ident(was, x))
			continue;
		rc = cust_ident_put(db, k, c->id, x, now_ms, &changed);
		if (rc == 0 && changed)
			note(fields, cust_kind_name(x->kind));
	}
	return rc;
}

static int put_changed(struct store_db *db, const struct cust_keys *k, const struct cust *was,
		       const struct cust *c, sv by, int64_t now_ms)
{
	struct sb fields, body;
	bool fresh = !was->id.n;
	int64_t since = now_ms;
	sb_init(&fields, 2048);
	sb_init(&body, 4096);
	differences(was, c, &fields);
	if (fresh && c->since.n)
		(void)clk_parse_rfc3339(c->since, &since);
	bool row = fresh || fields.n;
	int rc = row ? row_put(db, k, was, c, since, now_ms) : 0;
	if (rc == 0)
		rc = idents_put(db, k, was, c, now_ms, &fields);
	if (rc == 0 && !row && fields.n)
		rc = cust_touch(db, c->id, now_ms);
	sb_fmt(&body, "{\"fields\":[" SV_FMT "]}", SV_ARG(sb_sv(&fields)));
	if (rc == 0 && (fresh || fields.n))
		rc = cust_event(db, c->id, fresh ? "customer.created" : "customer.changed", by,
				sb_sv(&body), now_ms);
	sb_done(&fields);
	sb_done(&body);
	return rc;
}

int cust_put(struct store_db *db, const struct cust_keys *k, const struct cust *c, sv by,
	     int64_t now_ms)
{
	struct arena a;
	struct cust was = { 0 };
	if (!cust_id_ok(c->id) || c->language.n > 16 || c->tier.n > 40 || c->name.n > 400)
		return ERR_INVAL;
	arena_init(&a, LIM_ARENA_TURN);
	int rc = cust_get(db, k, c->id, &a, &was);
	if (rc == ERR_NOTFOUND)
		rc = 0;
	if (rc == 0)
		rc = was.erased ? ERR_STATE : put_changed(db, k, &was, c, by, now_ms);
	cust_done(&was);
	arena_done(&a);
	return rc;
}

/* ---- import ---- */

static jv *rest_of(const jv *o)
{
	static const char *const own[] = { "id",   "name",    "language", "phone",
					   "email", "tier",   "address",  "created_at" };
	jv *rest = jv_copy(o);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		jv_del(rest, own[i]);
	if (jv_len(rest))
		return rest;
	jv_free(rest);
	return NULL;
}

/* 1: it is there, 0: not; what it is of a customer that another system keeps. */
static int import_ident(const jv *o, const char *key, enum cust_kind kind, sv cc, int64_t since,
			struct arena *a, struct cust_ident *i)
{
	sv raw = jv_get_str(o, key);
	if (!sv_trim(raw).n)
		return 0;
	*i = (struct cust_ident){ .kind = kind, .verified = TOOL_CLAIMED, .primary = true,
				  .since_ms = since };
	return cust_normal(kind, raw, cc, a, &i->value) ? ERR_INVAL : 1;
}

static int import_one(struct store_db *db, const struct cust_keys *k, const jv *o, sv cc,
		      int64_t now_ms, struct err *e)
{
	struct cust_ident ids[2];
	struct arena a;
	int64_t since = now_ms;
	sv created = jv_get_str(o, "created_at");
	struct cust c = { .id = jv_get_str(o, "id"), .name = jv_get_str(o, "name"),
			  .language = jv_get_str(o, "language"), .tier = jv_get_str(o, "tier"),
			  .since = created, .address = jv_get(o, "address"), .idents = ids };
	if (!cust_id_ok(c.id))
		return err_set(e, ERR_INVAL,
			       "id must be 1 to %d letters, digits, \"-\", \"_\" or \".\"",
			       CUST_ID_MAX - 1);
	if (created.n && clk_parse_rfc3339(created, &since))
		return err_set(e, ERR_INVAL, "created_at is no time such as 2026-11-25T08:00:00Z");
	arena_init(&a, LIM_ARENA_TURN);
	int n = import_ident(o, "phone", CUST_PHONE, cc, since, &a, &ids[0]);
	int m = n < 0 ? 0 : import_ident(o, "email", CUST_EMAIL, cc, since, &a, &ids[n]);
	jv *rest = rest_of(o);
	c.body = rest;
	c.n_idents = (size_t)(n > 0) + (size_t)(m > 0);
	int rc = n < 0 ? err_set(e, n, "phone is no telephone number") :
		 m < 0 ? err_set(e, m, "email is no e-mail address") :
			 cust_put(db, k, &c, SV("import"), now_ms);
	if (rc && n >= 0 && m >= 0)
		err_set(e, rc, "the customer cannot be written: %s", err_text(rc));
	jv_free(rest);
	arena_done(&a);
	return rc;
}

/* 1: this very line was imported before, or its customer is erased and stays so; 0: no. */
static int import_old(struct store_db *db, sv id, const char *hash)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT 1 FROM customer WHERE id=?1 AND (import_hash=?2 OR erased_ms IS "
		"NOT NULL)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, sv_of(hash));
	rc = store_step(q);
	store_reset(q);
	return rc;
}

static int import_done(struct store_db *db, sv id, const char *hash)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "UPDATE customer SET import_hash=?2 WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, sv_of(hash));
	return store_run(q);
}

static int import_line(struct store_db *db, const struct cust_keys *k, sv line, sv cc,
		       int64_t now_ms, struct err *e)
{
	char hash[CUST_HASH];
	jv *o = jv_parse(line, e);
	if (!jv_is_obj(o)) {
		jv_free(o);
		return err_set(e, ERR_PARSE, "this is no JSON object");
	}
	sv id = jv_get_str(o, "id");
	cust_hash(k, "import", id, line, hash);
	int rc = import_old(db, id, hash);
	if (rc == 0) {
		rc = import_one(db, k, o, cc, now_ms, e);
		if (rc == 0)
			rc = import_done(db, id, hash);
	}
	jv_free(o);
	return rc < 0 ? rc : 0;
}

int cust_import(struct store_db *db, const struct cust_keys *k, sv jsonl, sv default_cc,
		int64_t now_ms, size_t *ret_n, struct err *e)
{
	sv line;
	size_t n = 0;
	struct err why = { 0 };
	for (int no = 1; sv_line(&jsonl, &line); no++) {
		if (!sv_trim(line).n)
			continue;
		int rc = ++n > IMPORT_ROWS ? err_set(&why, ERR_TOOBIG, "too many customers") :
					     import_line(db, k, line, default_cc, now_ms, &why);
		if (rc) {
			err_set(e, rc, "line %d: %s", no, why.msg);
			if (e)
				e->line = no;
			return rc;
		}
	}
	if (ret_n)
		*ret_n = n;
	return 0;
}
