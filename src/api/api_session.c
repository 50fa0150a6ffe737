/* api_session.c: what users are signed in to: one row a sign-in (table kv, "session/LOGIN/ID"),
 * with when, from where and with what program; and all of it ended at once.
 *
 * A token carries the id of its sign-in. That it is used is noted in memory and written once a
 * minute (updated_ms of the row), and so it is with API keys. Whether it is good does not hang
 * on the row: it is good until it ends or the user is cut (users.valid_from_ms, api_user.c).
 * Rows of ended ones go with the next sign-in of that user. Door's thread; *_run on a worker,
 * *_write on the scribe. docs/access.md. */
#include "api_people.h"
#include "api_user.h"

#include <stdio.h>
#include <string.h>

#define USED_MAX 50000
#define AGENT_MAX 200            /* bytes of a browser's name */
#define KEY_MAX 128

struct used {
	int64_t last_ms;
	bool told;                   /* written since */
};

static void key_of(char out[KEY_MAX], sv login, sv id)
{
	(void)snprintf(out, KEY_MAX, "session/" SV_FMT "/" SV_FMT, SV_ARG(login), SV_ARG(id));
}

/* The rows of one login: k>=from AND k<to. */
static void range_of(char from[KEY_MAX], char to[KEY_MAX], sv login)
{
	key_of(from, login, SV(""));
	(void)snprintf(to, KEY_MAX, "session/" SV_FMT "0", SV_ARG(login));
}

/* ---- a sign-in ---- */

int api_session_put(struct store_db *db, const struct api_session *x)
{
	struct store_stmt *q;
	struct sb body;
	char from[KEY_MAX], to[KEY_MAX];
	sv agent = sv_slice(x->agent, 0, AGENT_MAX);
	int rc = store_prep(db, &q, "DELETE FROM kv WHERE k>=?1 AND k<?2 AND updated_ms<?3");
	if (rc)
		return rc;
	range_of(from, to, x->login);
	store_bind_sv(q, 1, sv_of(from));
	store_bind_sv(q, 2, sv_of(to));
	store_bind_int(q, 3, x->made_ms - API_USER_TOKEN_MS);
	rc = store_run(q);
	if (rc == 0)
		rc = store_prep(db, &q, "INSERT INTO kv (k, v, updated_ms) VALUES (?1,?2,?3)");
	if (rc)
		return rc;
	key_of(from, x->login, x->id);
	sb_init(&body, 4096);
	sb_fmt(&body, "{\"made_ms\":%lld,\"from\":", (long long)x->made_ms);
	sb_json(&body, x->peer);
	sb_cstr(&body, ",\"agent\":");
	sb_json(&body, sv_utf8_ok(agent) ? agent : SV(""));
	sb_ch(&body, '}');
	store_bind_sv(q, 1, sv_of(from));
	store_bind_sv(q, 2, sb_sv(&body));
	store_bind_int(q, 3, x->made_ms);
	rc = store_run(q);
	sb_done(&body);
	return rc;
}

/* ---- that it is used ---- */

void api_used(struct api *a, sv row)
{
	struct used *u = a->used ? map_get(a->used, row) : NULL;
	if (!u && a->used) {
		u = xalloc(sizeof(*u));
		if (map_put(a->used, row, u)) {
			xfree(u);
			return;
		}
	}
	if (!u)
		return;
	u->last_ms = clk_wall_ms();
	u->told = false;
}

void api_session_used(struct api *a, sv login, sv id)
{
	char key[KEY_MAX];
	if (!id.n)
		return;
	key_of(key, login, id);
	api_used(a, sv_of(key));
}

static int used_write(void *arg, struct store_db *db)
{
	struct store_stmt *q;
	sv rest = sv_of(arg), key, ms;
	int64_t at;
	int rc = store_prep(db, &q, "UPDATE kv SET updated_ms=?2 WHERE k=?1");
	while (rc == 0 && sv_cut(&rest, '\n', &key) && sv_cut(&rest, '\n', &ms)) {
		if (sv_i64(ms, &at))
			continue;
		store_bind_sv(q, 1, key);
		store_bind_int(q, 2, at);
		rc = store_run(q);
	}
	return rc;
}

static void used_written(void *arg, int err)
{
	xfree(arg);
}

/* Forgets those that were written, too: the next use makes them anew. */
void api_used_tick(struct api *a)
{
	struct sb b;
	size_t it = 0;
	sv key;
	void *v;
	sb_init(&b, 16u << 20);
	while (map_next(a->used, &it, &key, &v)) {
		struct used *u = v;
		if (u->told)
			continue;
		sb_put(&b, key);
		sb_fmt(&b, "\n%lld\n", (long long)u->last_ms);
		u->told = true;
	}
	char *text = b.n && !sb_err(&b) ? xstrdup(sb_sv(&b)) : NULL;
	sb_done(&b);
	if (map_count(a->used) > USED_MAX / 2) {
		api_used_done(a);
		api_used_open(a);
	}
	if (text && store_write(a->o.store, used_write, text, a->mbox, used_written))
		xfree(text);
}

void api_used_open(struct api *a)
{
	a->used = map_new(USED_MAX);
}

void api_used_done(struct api *a)
{
	size_t it = 0;
	sv key;
	void *v;
	while (a->used && map_next(a->used, &it, &key, &v))
		xfree(v);
	map_free(a->used);
	a->used = NULL;
}

/* ---- the list: s1 login ---- */

static void put_one(struct api_query *q, struct store_stmt *st, bool first)
{
	sv key = store_col_sv(st, 0);
	jv *v = jv_parse(store_col_sv(st, 1), NULL);
	sb_cstr(&q->out, first ? "{\"id\":" : ",{\"id\":");
	sb_json(&q->out, key.n > 26 ? sv_slice(key, key.n - 26, key.n) : key);
	api_put_ms(&q->out, "made_at", jv_get_int(v, "made_ms", 0));
	api_put_ms(&q->out, "last_at", store_col_int(st, 2));
	api_put(&q->out, "from", jv_get_str(v, "from"));
	api_put(&q->out, "agent", jv_get_str(v, "agent"));
	sb_ch(&q->out, '}');
	jv_free(v);
}

/* When tokens of the user are good from; -1: there is no such user. */
static int64_t valid_from(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	int64_t from = -1;
	if (store_prep(db, &st, "SELECT valid_from_ms FROM users WHERE login=?1")) {
		q->status = 500;
		return -1;
	}
	store_bind_sv(st, 1, q->s1);
	if (api_row(q, st)) {
		from = store_col_int(st, 0);
	} else if (q->status < 400) {
		q->status = 404;
		q->detail = "There is no such user.";
	}
	store_reset(st);
	return from;
}

static void list_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	char from[KEY_MAX], to[KEY_MAX];
	int64_t good = valid_from(q, db), dead = clk_wall_ms() - API_USER_TOKEN_MS;
	bool first = true;
	if (q->status >= 400)
		return;
	if (store_prep(db, &st, "SELECT k, v, updated_ms FROM kv WHERE k>=?1 AND k<?2 ORDER BY k "
				"DESC LIMIT 1000")) {
		q->status = 500;
		return;
	}
	range_of(from, to, q->s1);
	store_bind_sv(st, 1, sv_of(from));
	store_bind_sv(st, 2, sv_of(to));
	sb_cstr(&q->out, "{\"items\":[");
	while (api_row(q, st)) {
		jv *v = jv_parse(store_col_sv(st, 1), NULL);
		int64_t made = jv_get_int(v, "made_ms", 0);
		jv_free(v);
		if (made < good || made < dead)
			continue;
		put_one(q, st, first);
		first = false;
	}
	store_reset(st);
	sb_cstr(&q->out, "],\"next\":null}");
}

void api_sessions(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "user.manage", NULL))
		return;
	api_used_tick(a);        /* the last use, as it is known here */
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "login"));
	q->run = list_run;
	q->settled = true;
	api_query_start(q);
}

/* ---- all of them end ---- */

struct sign_out {
	struct api *a;
	struct web_req *r;
	char login[64], by[80];
	int64_t from_ms;
};

static int end_rows(struct store_db *db, sv login)
{
	struct store_stmt *q;
	char from[KEY_MAX], to[KEY_MAX];
	int rc = store_prep(db, &q, "DELETE FROM kv WHERE k>=?1 AND k<?2");
	if (rc)
		return rc;
	range_of(from, to, login);
	store_bind_sv(q, 1, sv_of(from));
	store_bind_sv(q, 2, sv_of(to));
	return store_run(q);
}

static int sign_out_write(void *arg, struct store_db *db)
{
	struct sign_out *x = arg;
	struct store_stmt *q;
	struct sb body;
	x->from_ms = clk_wall_ms();
	int rc = store_prep(db, &q,
			    "UPDATE users SET valid_from_ms=?2, updated_ms=?2 WHERE login=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(x->login));
	store_bind_int(q, 2, x->from_ms);
	rc = store_run(q);
	if (rc == 0 && store_changes(db) == 0)
		return ERR_NOTFOUND;
	if (rc == 0)
		rc = end_rows(db, sv_of(x->login));
	if (rc)
		return rc;
	sb_init(&body, 1024);
	sb_cstr(&body, "{\"login\":");
	sb_json(&body, sv_of(x->login));
	sb_ch(&body, '}');
	const struct store_event ev = { .kind = SV("user.signed_out"), .actor = sv_of(x->by),
					.body = sb_sv(&body) };
	rc = store_event_put(db, &ev);
	sb_done(&body);
	return rc;
}

static void signed_out(void *arg, int err)
{
	struct sign_out *x = arg;
	int64_t now = clk_wall_ms();
	if (err) {
		api_problem(x->r, err, err == ERR_NOTFOUND ? "There is no such user." :
							     "It could not be saved; try again.");
	} else {
		/* a sign-in that read the user before this is cut with the others */
		api_user_cut_from(x->a, sv_of(x->login), now > x->from_ms ? now : x->from_ms);
		web_reply(x->r, 204, NULL, SV_NULL, NULL);
	}
	xfree(x);
}

void api_sessions_end(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "user.manage", &u))
		return;
	struct sign_out *x = xalloc(sizeof(*x));
	*x = (struct sign_out){ .a = a, .r = r };
	(void)snprintf(x->login, sizeof(x->login), SV_FMT, SV_ARG(web_req_param(r, "login")));
	(void)snprintf(x->by, sizeof(x->by), "user:%s", u.login);
	int rc = store_write(a->o.store, sign_out_write, x, a->mbox, signed_out);
	if (rc)
		signed_out(x, rc);
}
