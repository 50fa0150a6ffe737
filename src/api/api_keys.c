/* api_keys.c: API keys: what programs sign in with, where people have a password.
 *
 * A key is "sk-callm-" and 48 hexadecimal digits; the database keeps its hash only (table kv,
 * "apikey/HASH" -> name; "apikeyinfo/HASH" -> {may, made_ms, expires_ms}, updated_ms: its last
 * use). What it may is a list of permissions; one without a list may bot.use. The door has all
 * of them in a map, read at its start, after each change here and every few seconds (another
 * process may have added one). A new key under an old name replaces it. Door's thread;
 * api_apikey_put on any thread that may block. */
#include "api_audit.h"
#include "api_int.h"
#include "api_user.h"
#include "guard_access.h"

#include <sodium.h>
#include <stdio.h>

#define KEY_HEAD "sk-callm-"
#define KEYS_MAX 4096
#define MAY_MAX 64               /* permissions of one key */
#define DAY_MS (24 * 3600 * 1000LL)
#define INFO "apikeyinfo/"

struct api_key {
	char hash[33], name[64];
	int64_t expires_ms;          /* 0 = never */
	size_t n;
	uint8_t may[MAY_MAX];        /* numbers of permissions (guard_permission_at) */
};

static void hash_of(sv key, char out[33])
{
	unsigned char h[16];
	crypto_generichash(h, sizeof(h), (const unsigned char *)key.p, key.n, NULL, 0);
	sodium_bin2hex(out, 33, h, sizeof(h));
}

/* ---- permissions ---- */

static int permission_of(sv name)
{
	const char *one;
	for (size_t i = 0; (one = guard_permission_at(i, NULL)); i++)
		if (sv_eq(name, sv_of(one)))
			return (int)i;
	return -1;
}

/* Unknown ones (of a later version) are left out: what nobody knows is refused. */
static void take_info(struct api_key *x, sv info)
{
	jv *v = info.n ? jv_parse(info, NULL) : NULL;
	const jv *may = jv_get(v, "may");
	x->expires_ms = jv_get_int(v, "expires_ms", 0);
	for (size_t i = 0; i < jv_len(may) && x->n < MAY_MAX; i++) {
		int p = permission_of(jv_as_str(jv_at(may, i)));
		if (p >= 0)
			x->may[x->n++] = (uint8_t)p;
	}
	if (!may)
		x->may[x->n++] = (uint8_t)permission_of(SV("bot.use"));
	jv_free(v);
}

/* ---- the map ---- */

static void keys_free(struct map *m)
{
	size_t it = 0;
	sv key;
	void *x;
	while (m && map_next(m, &it, &key, &x))
		xfree(x);
	map_free(m);
}

static struct map *keys_read(struct store_db *db)
{
	struct store_stmt *q;
	struct map *m = map_new(KEYS_MAX);
	if (store_prep(db, &q, "SELECT substr(a.k,8), a.v, i.v FROM kv a LEFT JOIN kv i ON "
			       "i.k='" INFO "'||substr(a.k,8) WHERE a.k>='apikey/' AND "
			       "a.k<'apikey0'"))
		return keys_free(m), NULL;
	int rc;
	while ((rc = store_step(q)) == 1) {
		struct api_key *x = xalloc(sizeof(*x));
		snprintf(x->hash, sizeof(x->hash), SV_FMT, SV_ARG(store_col_sv(q, 0)));
		snprintf(x->name, sizeof(x->name), SV_FMT, SV_ARG(store_col_sv(q, 1)));
		take_info(x, store_col_sv(q, 2));
		if (map_put(m, store_col_sv(q, 0), x))
			xfree(x);
	}
	store_reset(q);
	if (rc == 0)
		return m;
	keys_free(m);
	return NULL;
}

static void load_run(struct api_query *q, struct store_db *db)
{
	q->p = keys_read(db);
}

static void load_take(struct api_query *q)
{
	struct api *a = q->a;
	a->keys_loading = false;
	if (!q->p || q->i1 < a->keys_taken) {
		keys_free(q->p);
		return;
	}
	keys_free(a->keys);
	a->keys = q->p;
	a->keys_taken = q->i1;
}

static void load_done(struct api_query *q)
{
	load_take(q);
	api_query_free(q);
}

void api_keys_reload(struct api *a)
{
	if (a->keys_loading)
		return;
	a->keys_loading = true;
	struct api_query *q = api_query_new(a, NULL);
	q->i1 = ++a->keys_asked;
	q->run = load_run;
	q->done = load_done;
	api_query_start(q);
}

void api_keys_open(struct api *a)
{
	struct store_db *db;
	if (store_reader(a->o.store, &db) == 0)
		a->keys = keys_read(db);
}

void api_keys_done(struct api *a)
{
	keys_free(a->keys);
	a->keys = NULL;
}

/* One that is good now, whatever it may; NULL = none. Its use is noted. */
static const struct api_key *key_find(struct api *a, sv key)
{
	char hash[33], row[64];
	if (!a->keys || !sv_starts(key, SV(KEY_HEAD)) || key.n > 200)
		return NULL;
	hash_of(key, hash);
	const struct api_key *x = map_get(a->keys, sv_of(hash));
	if (!x || (x->expires_ms && x->expires_ms <= clk_wall_ms()))
		return NULL;
	snprintf(row, sizeof(row), INFO "%s", hash);
	api_used(a, sv_of(row));
	return x;
}

bool api_key_user(struct api *a, sv key, struct api_user *ret)
{
	const struct api_key *x = key_find(a, key);
	if (!x)
		return false;
	ret->made_ms = 0;
	snprintf(ret->login, sizeof(ret->login), "key:%.59s", x->name);
	snprintf(ret->role, sizeof(ret->role), "#%s", x->hash);
	return true;
}

bool api_key_may(const struct api *a, sv hash, const char *what)
{
	const struct api_key *x = a->keys ? map_get(a->keys, hash) : NULL;
	int p = permission_of(sv_of(what));
	for (size_t i = 0; x && i < x->n; i++)
		if (x->may[i] == p)
			return true;
	return false;
}

/* ---- changes ---- */

static bool name_ok(sv name)
{
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f)
			return false;
	return name.n > 0 && name.n <= 60 && sv_utf8_ok(name);
}

struct change {
	struct api *a;
	struct web_req *r;
	char name[64], key[API_APIKEY_MAX], hash[33];
	jv *may;                     /* of names; NULL = bot.use */
	int64_t expires_ms;
	bool found;
};

static void change_free(struct change *c)
{
	jv_free(c->may);
	sodium_memzero(c->key, sizeof(c->key));
	xfree(c);
}

static int delete_name(struct store_db *db, sv name, bool *ret_found)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "DELETE FROM kv WHERE k>='apikey/' AND k<'apikey0' AND v=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, name);
	rc = store_run(q);
	*ret_found = rc == 0 && store_changes(db) > 0;
	return rc ? rc :
	       store_exec(db, "DELETE FROM kv WHERE k>='" INFO "' AND k<'apikeyinfo0' AND NOT "
			      "EXISTS (SELECT 1 FROM kv x WHERE x.k='apikey/'||substr(kv.k,12))");
}

static int put_info(struct store_db *db, const struct change *c)
{
	struct store_stmt *q;
	struct sb body;
	char k[64];
	jv *o = jv_obj();
	int rc = store_prep(db, &q, "INSERT INTO kv (k, v, updated_ms) VALUES (?1,?2,0) "
				    "ON CONFLICT (k) DO UPDATE SET v=?2, updated_ms=0");
	if (rc) {
		jv_free(o);
		return rc;
	}
	sb_init(&body, LIM_SB);
	if (c->may)
		jv_set(o, "may", jv_copy(c->may));
	jv_set_int(o, "made_ms", clk_wall_ms());
	jv_set_int(o, "expires_ms", c->expires_ms);
	jv_dump(o, &body);
	jv_free(o);
	snprintf(k, sizeof(k), INFO "%s", c->hash);
	store_bind_sv(q, 1, sv_of(k));
	store_bind_sv(q, 2, sb_sv(&body));
	rc = store_run(q);
	sb_done(&body);
	return rc;
}

/* One more than the door would know is refused, not forgotten. */
static int room_left(struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT count(*) FROM kv WHERE k>='apikey/' AND k<'apikey0'");
	if (rc)
		return rc;
	rc = store_step(q) == 1 && store_col_int(q, 0) < KEYS_MAX ? 0 : ERR_FULL;
	store_reset(q);
	return rc;
}

static int change_put(void *arg, struct store_db *db)
{
	struct change *c = arg;
	struct store_stmt *q;
	char k[48];
	int rc = delete_name(db, sv_of(c->name), &c->found);
	if (rc == 0)
		rc = room_left(db);
	if (rc == 0)
		rc = store_prep(db, &q,
				"INSERT INTO kv (k, v, updated_ms) VALUES (?1,?2,?3) "
				"ON CONFLICT (k) DO UPDATE SET v=?2, updated_ms=?3");
	if (rc)
		return rc;
	snprintf(k, sizeof(k), "apikey/%s", c->hash);
	store_bind_sv(q, 1, sv_of(k));
	store_bind_sv(q, 2, sv_of(c->name));
	store_bind_int(q, 3, clk_wall_ms());
	rc = store_run(q);
	return rc ? rc : put_info(db, c);
}

static int change_del(void *arg, struct store_db *db)
{
	struct change *c = arg;
	return delete_name(db, sv_of(c->name), &c->found);
}

static void make_key(struct change *c)
{
	unsigned char raw[24];
	memcpy(c->key, KEY_HEAD, sizeof(KEY_HEAD));
	rng_secure(raw, sizeof(raw));
	sodium_bin2hex(c->key + sizeof(KEY_HEAD) - 1, 49, raw, sizeof(raw));
	hash_of(sv_of(c->key), c->hash);
}

/* NULL = fine; else what is wrong with the list of permissions. */
static const char *may_bad(const jv *may)
{
	if (!jv_is_arr(may) || jv_len(may) == 0 || jv_len(may) > MAY_MAX)
		return "may is a list of 1 to 64 permissions.";
	for (size_t i = 0; i < jv_len(may); i++)
		if (permission_of(jv_as_str(jv_at(may, i))) < 0)
			return "may holds something that is no permission; docs/access.md lists "
			       "them.";
	return NULL;
}

/* "a, b" -> ["a","b"]; NULL of nothing. */
static jv *may_of(sv list)
{
	jv *may = list.n ? jv_arr() : NULL;
	sv one;
	while (sv_cut(&list, ',', &one))
		jv_push(may, jv_str(sv_trim(one)));
	return may;
}

int api_apikey_make(struct store *st, const struct api_apikey *k, char out[API_APIKEY_MAX],
		    struct err *e)
{
	if (sodium_init() < 0)
		return err_set(e, ERR_FAIL, "libsodium does not start");
	if (!name_ok(k->name))
		return err_set(e, ERR_INVAL, "the key's name must be a text of 1 to 60 bytes");
	struct change c = { .may = may_of(k->may),
			    .expires_ms = k->days > 0 ? clk_wall_ms() + k->days * DAY_MS : 0 };
	const char *why = c.may ? may_bad(c.may) : NULL;
	snprintf(c.name, sizeof(c.name), SV_FMT, SV_ARG(k->name));
	make_key(&c);
	int rc = why ? ERR_INVAL : store_write(st, change_put, &c, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	if (rc == 0)
		memcpy(out, c.key, API_APIKEY_MAX);
	jv_free(c.may);
	sodium_memzero(c.key, sizeof(c.key));
	return rc ? err_set(e, rc, "%s", why ? why : "the key cannot be saved") : 0;
}

int api_apikey_put(struct store *st, sv name, char out[API_APIKEY_MAX], struct err *e)
{
	const struct api_apikey k = { .name = name };
	return api_apikey_make(st, &k, out, e);
}

int api_apikey_drop(struct store *st, sv name, struct err *e)
{
	struct change c = { 0 };
	if (!name_ok(name))
		return err_set(e, ERR_INVAL, "the key's name must be a text of 1 to 60 bytes");
	snprintf(c.name, sizeof(c.name), SV_FMT, SV_ARG(name));
	int rc = store_write(st, change_del, &c, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	if (rc == 0 && !c.found)
		rc = ERR_NOTFOUND;
	return rc ? err_set(e, rc,
			    rc == ERR_NOTFOUND ?
				    "there is no key of that name; callm key list" :
				    "the key cannot be deleted") :
		    0;
}

/* ---- the routes ---- */

/* The change is on disk and the door knows it: now it may be told. */
static void told(struct api_query *q)
{
	struct change *c = q->p2;
	load_take(q);
	if (!c->key[0]) {
		if (c->found)
			web_reply(c->r, 204, NULL, SV_NULL, NULL);
		else
			api_problem(c->r, 404, "There is no key of that name.");
	} else {
		jv *o = jv_obj();
		jv_set_str(o, "name", sv_of(c->name));
		jv_set_str(o, "key", sv_of(c->key));
		web_reply_json(c->r, 201, o);
	}
	change_free(c);
	api_query_free(q);
}

static void changed(void *arg, int err)
{
	struct change *c = arg;
	if (err) {
		api_problem(c->r, err, "The key could not be saved; try again.");
		change_free(c);
		return;
	}
	struct api_query *q = api_query_new(c->a, c->r);
	q->p2 = c;
	q->i1 = ++c->a->keys_asked;
	q->run = load_run;
	q->done = told;
	c->a->keys_loading = true;
	api_query_start(q);
}

/* Takes may. */
static void change(struct api *a, struct web_req *r, sv name, bool put, jv *may, int64_t days)
{
	if (!name_ok(name)) {
		api_problem(r, 400, "Give name, what the key is for, a text of 1 to 60 bytes.");
		jv_free(may);
		return;
	}
	struct change *c = xalloc(sizeof(*c));
	c->a = a;
	c->r = r;
	c->may = may;
	c->expires_ms = days ? clk_wall_ms() + days * DAY_MS : 0;
	snprintf(c->name, sizeof(c->name), SV_FMT, SV_ARG(name));
	if (put)
		make_key(c);
	int rc = store_write(a->o.store, put ? change_put : change_del, c, a->mbox, changed);
	if (rc)
		changed(c, rc);
}

/* A key with personal.reveal has no masks at all. */
static bool sees_less(const struct guard_masks *m, const char *what)
{
	return strcmp(what, "personal.reveal") == 0 && m && !guard_masks_none(m);
}

/* Nobody gives a key what they may not do or see themselves; m: their masks. */
static const char *key_bad(struct api *a, const struct api_user *u, const struct guard_masks *m,
			   const jv *body, int *ret_status)
{
	const jv *may = jv_get(body, "may"), *days = jv_get(body, "days");
	const char *why = may ? may_bad(may) : NULL;
	int64_t n = jv_get_int(body, "days", 0);
	*ret_status = 400;
	if (why)
		return why;
	if (days && (!jv_is_num(days) || n < 1 || n > 3650))
		return "days is a number from 1 to 3650; left out: the key does not end.";
	for (size_t i = 0; i < jv_len(may); i++) {
		char one[64];
		snprintf(one, sizeof(one), SV_FMT, SV_ARG(jv_as_str(jv_at(may, i))));
		if (!api_role_may(a, sv_of(u->role), one) || sees_less(m, one)) {
			*ret_status = 403;
			return "You may not give a key what you may not do or see yourself.";
		}
	}
	return NULL;
}

void api_key_make(struct web_req *r, void *arg)
{
	struct api_user u;
	int status;
	if (!api_may(arg, r, "key.manage", &u))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	api_audit_about(r, jv_get_str(body, "name"));
	const char *why = key_bad(arg, &u, web_req_user(r), body, &status);
	const jv *may = jv_get(body, "may");
	if (why)
		api_problem(r, status, why);
	else
		change(arg, r, jv_get_str(body, "name"), true, may ? jv_copy(may) : NULL,
		       jv_get_int(body, "days", 0));
	jv_free(body);
}

void api_key_delete(struct web_req *r, void *arg)
{
	if (api_may(arg, r, "key.manage", NULL))
		change(arg, r, web_req_param(r, "name"), false, NULL, 0);
}

/* Columns: name, made_ms, info, last use. */
static void put_key(struct store_stmt *st, struct sb *out)
{
	struct api_key x = { 0 };
	take_info(&x, store_col_sv(st, 2));
	sb_cstr(out, "{\"name\":");
	sb_json(out, store_col_sv(st, 0));
	api_put_ms(out, "created_at", store_col_int(st, 1));
	api_put_ms(out, "expires_at", x.expires_ms);
	api_put_ms(out, "last_used_at", store_col_int(st, 3));
	sb_cstr(out, ",\"may\":[");
	for (size_t i = 0; i < x.n; i++) {
		sb_cstr(out, i ? "," : "");
		sb_json(out, sv_of(guard_permission_at(x.may[i], NULL)));
	}
	sb_cstr(out, "]}");
}

static int keys_json(struct store_db *db, struct sb *out)
{
	struct store_stmt *st;
	int rc = store_prep(db, &st,
			    "SELECT a.v, a.updated_ms, i.v, i.updated_ms FROM kv a LEFT JOIN kv i "
			    "ON i.k='" INFO "'||substr(a.k,8) WHERE a.k>='apikey/' AND "
			    "a.k<'apikey0' ORDER BY a.v");
	if (rc)
		return rc;
	sb_cstr(out, "{\"items\":[");
	for (int n = 0; (rc = store_step(st)) == 1; n++) {
		sb_cstr(out, n ? "," : "");
		put_key(st, out);
	}
	sb_cstr(out, "]}");
	store_reset(st);
	return rc;
}

int api_apikey_list(struct store *st, struct sb *out, struct err *e)
{
	struct store_db *db;
	int rc = store_reader(st, &db);
	if (rc == 0)
		rc = keys_json(db, out);
	return rc ? err_set(e, rc, "keys: %s", err_text(rc)) : 0;
}

static void list_run(struct api_query *q, struct store_db *db)
{
	if (keys_json(db, &q->out)) {
		q->status = 500;
		q->detail = "The database could not be read.";
	}
}

void api_key_list(struct web_req *r, void *arg)
{
	if (!api_may(arg, r, "key.manage", NULL))
		return;
	api_used_tick(arg);          /* the last use, as it is known here */
	struct api_query *q = api_query_new(arg, r);
	q->run = list_run;
	q->settled = true;
	api_query_start(q);
}
