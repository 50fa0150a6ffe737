/* api_keys.c: API keys: what programs sign in with, where people have a password.
 *
 * A key is "sk-callm-" and 48 hexadecimal digits; the database keeps its hash only (table kv,
 * "apikey/HASH" -> name). The door has all of them in a map, read at its start, after each
 * change here and every few seconds (another process may have added one). A new key under an
 * old name replaces it. Door's thread; api_apikey_put on any thread that may block. */
#include "api_int.h"

#include <sodium.h>
#include <stdio.h>

#define KEY_HEAD "sk-callm-"
#define KEYS_MAX 4096

static void hash_of(sv key, char out[33])
{
	unsigned char h[16];
	crypto_generichash(h, sizeof(h), (const unsigned char *)key.p, key.n, NULL, 0);
	sodium_bin2hex(out, 33, h, sizeof(h));
}

/* ---- the map ---- */

static void keys_free(struct map *m)
{
	size_t it = 0;
	sv key;
	void *name;
	while (m && map_next(m, &it, &key, &name))
		xfree(name);
	map_free(m);
}

static struct map *keys_read(struct store_db *db)
{
	struct store_stmt *q;
	struct map *m = map_new(KEYS_MAX);
	if (store_prep(db, &q, "SELECT substr(k,8), v FROM kv WHERE k>='apikey/' AND k<'apikey0'"))
		return keys_free(m), NULL;
	int rc;
	while ((rc = store_step(q)) == 1) {
		char *name = xstrdup(store_col_sv(q, 1));
		if (map_put(m, store_col_sv(q, 0), name))
			xfree(name);
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

bool api_key_name(struct api *a, sv key, char *out, size_t cap)
{
	char hash[33];
	if (!a->keys || !sv_starts(key, SV(KEY_HEAD)) || key.n > 200)
		return false;
	hash_of(key, hash);
	const char *name = map_get(a->keys, sv_of(hash));
	if (!name)
		return false;
	snprintf(out, cap, "%s", name);
	return true;
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
	bool found;
};

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
	return store_run(q);
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

int api_apikey_put(struct store *st, sv name, char out[API_APIKEY_MAX], struct err *e)
{
	if (sodium_init() < 0)
		return err_set(e, ERR_FAIL, "libsodium does not start");
	if (!name_ok(name))
		return err_set(e, ERR_INVAL, "the key's name must be a text of 1 to 60 bytes");
	struct change c = { 0 };
	snprintf(c.name, sizeof(c.name), SV_FMT, SV_ARG(name));
	make_key(&c);
	int rc = store_write(st, change_put, &c, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	if (rc)
		return err_set(e, rc, "the key cannot be saved: %s", err_text(rc));
	memcpy(out, c.key, API_APIKEY_MAX);
	return 0;
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
	sodium_memzero(c->key, sizeof(c->key));
	xfree(c);
	api_query_free(q);
}

static void changed(void *arg, int err)
{
	struct change *c = arg;
	if (err) {
		api_problem(c->r, err, "The key could not be saved; try again.");
		sodium_memzero(c->key, sizeof(c->key));
		xfree(c);
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

static void change(struct api *a, struct web_req *r, sv name, bool put)
{
	if (!name_ok(name)) {
		api_problem(r, 400, "Give name, what the key is for, a text of 1 to 60 bytes.");
		return;
	}
	struct change *c = xalloc(sizeof(*c));
	c->a = a;
	c->r = r;
	snprintf(c->name, sizeof(c->name), SV_FMT, SV_ARG(name));
	if (put)
		make_key(c);
	int rc = store_write(a->o.store, put ? change_put : change_del, c, a->mbox, changed);
	if (rc)
		changed(c, rc);
}

void api_key_make(struct web_req *r, void *arg)
{
	if (!api_may(arg, r, "key.manage", NULL))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	change(arg, r, jv_get_str(body, "name"), true);
	jv_free(body);
}

void api_key_delete(struct web_req *r, void *arg)
{
	if (api_may(arg, r, "key.manage", NULL))
		change(arg, r, web_req_param(r, "name"), false);
}

static void list_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	if (store_prep(db, &st,
		       "SELECT v, updated_ms FROM kv WHERE k>='apikey/' AND k<'apikey0' "
		       "ORDER BY v")) {
		q->status = 500;
		return;
	}
	sb_cstr(&q->out, "{\"items\":[");
	for (int n = 0; api_row(q, st); n++) {
		char when[32];
		clk_rfc3339(store_col_int(st, 1), when);
		sb_cstr(&q->out, n ? ",{\"name\":" : "{\"name\":");
		sb_json(&q->out, store_col_sv(st, 0));
		sb_fmt(&q->out, ",\"created_at\":\"%s\"}", when);
	}
	sb_cstr(&q->out, "]}");
	store_reset(st);
}

void api_key_list(struct web_req *r, void *arg)
{
	if (!api_may(arg, r, "key.manage", NULL))
		return;
	struct api_query *q = api_query_new(arg, r);
	q->run = list_run;
	api_query_start(q);
}
