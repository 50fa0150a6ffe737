/* api_hook.c: webhooks over HTTP: where events go, how that went, once more (docs/hook.md).
 *
 * A secret is in the answer to the request that made it and never again. Personal data goes out
 * unmasked only where somebody who may take masks off has said so. Door's thread, *_run on a
 * worker, which waits for the scribe; *_write there. */
#include "api_audit.h"
#include "api_hook.h"
#include "hook.h"

#include <sodium.h>
#include <stdio.h>

struct job {                         /* of a change */
	struct hook_edit x;
	const unsigned char *key;
	int (*write)(struct store_db *db, struct job *j);
	sv id, delivery;
	char made[27];               /* of a test */
	int64_t version;
	int result;
};

static bool here(struct api *a, struct web_req *r, struct api_user *u)
{
	if (!api_may(a, r, "webhook.manage", u))
		return false;
	if (!a->o.hook_key)
		api_problem(r, 503, "There are no webhooks here.");
	return a->o.hook_key != NULL;
}

/* ---- reading ---- */

static void failed(struct api_query *q, int rc)
{
	q->status = rc == ERR_STATE ? 412 : err_http(rc);
	q->detail = rc == ERR_NOTFOUND ? "There is no such webhook or delivery." :
		    rc == ERR_INVAL    ? "cursor must be the next of an earlier answer." :
		    rc == ERR_DENIED   ? "Only who may take masks off says what goes out "
					 "unmasked and where to." :
		    rc == ERR_FULL     ? "There are 100 webhooks already." :
		    rc == ERR_STATE    ? "It was changed meanwhile; read again." :
					 "The database is busy; try again.";
}

static void list_run(struct api_query *q, struct store_db *db)
{
	int rc = hook_list(db, &q->out);
	if (rc)
		failed(q, rc);
}

void api_webhooks(struct web_req *r, void *arg)
{
	if (!here(arg, r, NULL))
		return;
	struct api_query *q = api_query_new(arg, r);
	q->settled = true;
	q->run = list_run;
	api_query_start(q);
}

static void one_run(struct api_query *q, struct store_db *db)
{
	int rc = hook_one(db, q->s1, &q->out, &q->i3);
	if (rc)
		failed(q, rc);
}

static void give_one(struct api_query *q)
{
	if (q->status >= 400)
		api_problem(q->r, q->status, q->detail);
	else
		api_reply_version(q->r, q->status, sb_sv(&q->out), q->i3);
	sodium_memzero(q->out.p, q->out.n);
	api_query_free(q);
}

void api_webhook(struct web_req *r, void *arg)
{
	if (!here(arg, r, NULL))
		return;
	struct api_query *q = api_query_new(arg, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->run = one_run;
	q->done = give_one;
	api_query_start(q);
}

static void deliveries_run(struct api_query *q, struct store_db *db)
{
	struct sb one;
	sb_init(&one, LIM_SB);
	int rc = hook_one(db, q->s1, &one, &q->i3);
	sb_done(&one);
	if (rc == 0)
		rc = hook_deliveries(db, q->s1, q->s2, q->s3, (int)q->i1, &q->out);
	if (rc)
		failed(q, rc);
}

void api_webhook_deliveries(struct web_req *r, void *arg)
{
	struct api *a = arg;
	int64_t limit = 50;
	sv state = web_req_arg(r, "state");
	if (!here(a, r, NULL) || !api_arg_number(r, "limit", 200, &limit))
		return;
	if (state.n && !sv_eq(state, SV("waiting")) && !sv_eq(state, SV("sent")) &&
	    !sv_eq(state, SV("dead"))) {
		api_problem(r, 400, "state is waiting, sent or dead.");
		return;
	}
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->s2 = arena_sv(&q->arena, state);
	q->s3 = arena_sv(&q->arena, web_req_arg(r, "cursor"));
	q->i1 = limit;
	q->settled = true;
	q->run = deliveries_run;
	api_query_start(q);
}

/* ---- changes ---- */

static int make_write(struct store_db *db, struct job *j)
{
	j->version = hook_make(db, j->key, &j->x);
	return j->version < 0 ? (int)j->version : 0;
}

static int change_write(struct store_db *db, struct job *j)
{
	j->version = hook_change(db, j->key, &j->x);
	return j->version < 0 ? (int)j->version : 0;
}

static int delete_write(struct store_db *db, struct job *j)
{
	return hook_delete(db, j->id, j->x.by);
}

static int test_write(struct store_db *db, struct job *j)
{
	return hook_test(db, j->id, j->made);
}

static int again_write(struct store_db *db, struct job *j)
{
	return hook_again(db, j->id, j->delivery);
}

static int job_write(void *arg, struct store_db *db)
{
	struct job *j = arg;
	return j->result = j->write(db, j);
}

/* The object with its new secret, if there is one. */
static void put_one(struct api_query *q, struct store_db *db, struct job *j)
{
	int rc = hook_one(db, sv_of(j->x.id), &q->out, &q->i3);
	if (rc) {
		failed(q, rc);
	} else if (j->x.secret[0]) {
		sb_truncate(&q->out, q->out.n - 1);
		api_put(&q->out, "secret", sv_of(j->x.secret));
		sb_ch(&q->out, '}');
	}
	sodium_memzero(j->x.secret, sizeof(j->x.secret));
}

static void job_run(struct api_query *q, struct store_db *db)
{
	struct job *j = q->p;
	struct store *st = q->a->o.store;
	int rc = store_write(st, job_write, j, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	if (j->result || rc)
		failed(q, j->result ? j->result : rc);
	else if (j->write == make_write || j->write == change_write)
		put_one(q, db, j);
	else if (j->made[0])
		sb_fmt(&q->out, "{\"id\":\"%s\"}", j->made);
}

static void job_done(struct api_query *q)
{
	struct job *j = q->p;
	if (q->status >= 400) {
		if (j->write == again_write && q->status == 412)
			api_problem(q->r, 409, "It waits to be sent already.");
		else
			api_problem(q->r, q->status, q->detail);
		api_query_free(q);
	} else if (j->write == make_write || j->write == change_write) {
		if (j->write == make_write)
			api_audit_about(q->r, sv_of(j->x.id));
		give_one(q);
	} else {
		web_reply(q->r, q->status, q->out.n ? "application/json" : NULL, sb_sv(&q->out),
			  NULL);
		api_query_free(q);
	}
}

static struct api_query *job_new(struct api *a, struct web_req *r, const struct api_user *u,
				 int (*write)(struct store_db *db, struct job *j), int status)
{
	struct api_query *q = api_query_new(a, r);
	struct job *j = arena_alloc(&q->arena, sizeof(*j));
	*j = (struct job){ .write = write, .key = a->o.hook_key,
			   .x = { .active = -1, .unmasked = -1 } };
	j->x.by = arena_sv(&q->arena, sv_of(u->login));
	j->id = arena_sv(&q->arena, web_req_param(r, "id"));
	q->p = j;
	q->status = status;
	q->run = job_run;
	q->done = job_done;
	return q;
}

/* ["a","b"] as "a b"; SV_NULL when it is none. */
static sv events_of(struct arena *a, const jv *list)
{
	struct sb b;
	sb_init(&b, 2000);
	for (size_t i = 0; i < jv_len(list) && jv_is_arr(list); i++) {
		if (!jv_is_str(jv_at(list, i)) || sv_find_ch(jv_as_str(jv_at(list, i)), ' ') >= 0)
			sb_ch(&b, '?');       /* no kind has it */
		sb_cstr(&b, i ? " " : "");
		sb_put(&b, jv_as_str(jv_at(list, i)));
	}
	sv v = sb_err(&b) ? SV("?") : arena_sv(a, b.n ? sb_sv(&b) : SV(""));
	sb_done(&b);
	return v;
}

static const char *edit_of(struct api *a, const jv *body, struct arena *ar, bool made,
			   struct hook_edit *x)
{
	static const struct {
		const char *name;
		int type;            /* 0 text, 1 list, 2 bool */
	} known[] = { { "url", 0 },    { "note", 0 },	  { "events", 1 },
		      { "active", 2 }, { "unmasked", 2 }, { "new_secret", 2 } };
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(body, &it, &key, &v)) {
		bool fine = false;
		for (size_t i = 0; i < 6; i++)
			fine |= sv_eq(key, sv_of(known[i].name)) &&
				(known[i].type == 0 ? jv_is_str(v) :
				 known[i].type == 1 ? jv_is_arr(v) :
						      jv_is_bool(v));
		if (!fine)
			return "Give url and note as texts, events as a list of texts, active, "
			       "unmasked and new_secret as true or false.";
	}
	if (jv_get(body, "url"))
		x->url = arena_sv(ar, jv_get_str(body, "url"));
	if (jv_get(body, "note"))
		x->note = arena_sv(ar, jv_get_str(body, "note"));
	if (jv_get(body, "events"))
		x->events = events_of(ar, jv_get(body, "events"));
	x->active = jv_get(body, "active") ? jv_get_bool(body, "active", true) : made ? 1 : -1;
	x->unmasked = jv_get(body, "unmasked") ? jv_get_bool(body, "unmasked", false) :
		      made		       ? 0 :
						 -1;
	x->new_secret = made || jv_get_bool(body, "new_secret", false);
	if (made && (!x->url.n || !x->events.n))
		return "Give url and events.";
	return hook_bad(x, a->o.hook_private);
}

static void edit(struct api *a, struct web_req *r, const struct api_user *u, bool made)
{
	int64_t version = 0;
	int asked = made ? 0 : api_if_match(r, &version);
	jv *body = api_body(r);
	if (!body)
		return;
	struct api_query *q = job_new(a, r, u, made ? make_write : change_write, made ? 201 : 200);
	struct job *j = q->p;
	const char *why = asked < 0 ? "If-Match is the ETag of the webhook as you read it." :
				      edit_of(a, body, &q->arena, made, &j->x);
	int status = asked < 0 ? 412 : 400;
	jv_free(body);
	j->x.version = asked > 0 ? version : 0;
	if (!made)
		(void)snprintf(j->x.id, sizeof(j->x.id), SV_FMT, SV_ARG(sv_slice(j->id, 0, 26)));
	j->x.may_unmask = api_role_may(a, sv_of(u->role), "personal.reveal");
	if (!why) {
		api_query_start(q);
		return;
	}
	api_query_free(q);
	api_problem(r, status, why);
}

void api_webhook_make(struct web_req *r, void *arg)
{
	struct api_user u;
	if (here(arg, r, &u))
		edit(arg, r, &u, true);
}

void api_webhook_put(struct web_req *r, void *arg)
{
	struct api_user u;
	if (here(arg, r, &u))
		edit(arg, r, &u, false);
}

void api_webhook_delete(struct web_req *r, void *arg)
{
	struct api_user u;
	if (here(arg, r, &u))
		api_query_start(job_new(arg, r, &u, delete_write, 204));
}

void api_webhook_test(struct web_req *r, void *arg)
{
	struct api_user u;
	if (here(arg, r, &u))
		api_query_start(job_new(arg, r, &u, test_write, 202));
}

void api_webhook_again(struct web_req *r, void *arg)
{
	struct api_user u;
	if (!here(arg, r, &u))
		return;
	struct api_query *q = job_new(arg, r, &u, again_write, 202);
	struct job *j = q->p;
	j->delivery = arena_sv(&q->arena, web_req_param(r, "delivery"));
	api_query_start(q);
}
