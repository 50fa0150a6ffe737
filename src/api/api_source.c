/* api_source.c: sources of knowledge from outside: list, add, one, delete, sync now, their
 * documents.
 *
 * Adding a source with the same kind and place changes the one that is there, so a POST may be
 * repeated. Syncing is only asked for here; the thread of ingest does it. What waits for the
 * scribe runs on a worker. Door's thread. */
#include "api_source.h"
#include "api_audit.h"
#include "ingest.h"

#include <stdio.h>

enum verb { ADD, DELETE, SYNC, TAKE_BACK };

static bool ready_as(struct api *a, struct web_req *r, const char *may, const char *word,
		     struct api_user *u)
{
	if (!api_may_as(a, r, may, word, u))
		return false;
	if (!a->o.ingest)
		api_problem(r, 503, "There are no sources of knowledge here.");
	return a->o.ingest != NULL;
}

static bool ready(struct api *a, struct web_req *r, const char *may, struct api_user *u)
{
	return ready_as(a, r, may, may, u);
}

static void failed(struct api_query *q, int rc, const char *bad)
{
	q->status = err_http(rc);
	q->detail = rc == ERR_NOTFOUND ? "There is no such source." :
		    rc == ERR_INVAL    ? bad :
					 "The database could not be read.";
}

static int64_t limit_of(struct web_req *r)
{
	int64_t n = 50;
	if (sv_i64(web_req_arg(r, "limit"), &n) || n < 1 || n > 200)
		n = 50;
	return n;
}

/* ---- reading ---- */

static void list_run(struct api_query *q, struct store_db *db)
{
	int rc = ing_sources_json(db, q->s1, (int)q->i1, &q->out);
	if (rc)
		failed(q, rc, "cursor must be the next of an earlier answer.");
}

void api_sources(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!ready(a, r, "source.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_arg(r, "cursor"));
	q->i1 = limit_of(r);
	q->run = list_run;
	api_query_start(q);
}

static void one_run(struct api_query *q, struct store_db *db)
{
	int rc = ing_source_json(db, q->s1, &q->out);
	if (rc)
		failed(q, rc, "");
}

void api_source_get(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!ready(a, r, "source.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->etag = true;
	q->run = one_run;
	api_query_start(q);
}

static void docs_run(struct api_query *q, struct store_db *db)
{
	const struct ing_docs_ask *ask = q->p;
	struct sb one;
	sb_init(&one, 64u << 10);
	int rc = ing_source_json(db, ask->id, &one);
	sb_done(&one);
	if (!rc)
		rc = ing_docs_json(db, ask, &q->out);
	if (rc)
		failed(q, rc, "");
}

static bool known_state(sv s)
{
	static const char *const states[] = { "bad", "ok", "partly", "refused", "error", "gone" };
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (sv_eq(s, sv_of(states[i])))
			return true;
	return !s.n;
}

void api_source_docs(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!ready(a, r, "source.read", NULL))
		return;
	if (!known_state(web_req_arg(r, "state"))) {
		api_problem(r, 400, "state must be ok, partly, refused, error, gone, or bad for "
				    "all that need a person.");
		return;
	}
	struct api_query *q = api_query_new(a, r);
	struct ing_docs_ask *ask = arena_new(&q->arena, struct ing_docs_ask, 1);
	ask->id = arena_sv(&q->arena, web_req_param(r, "id"));
	ask->state = arena_sv(&q->arena, web_req_arg(r, "state"));
	ask->uri = arena_sv(&q->arena, web_req_arg(r, "uri"));
	ask->cursor = arena_sv(&q->arena, web_req_arg(r, "cursor"));
	ask->limit = (int)limit_of(r);
	q->p = ask;
	q->run = docs_run;
	api_query_start(q);
}

/* ---- changing: on a worker, which may wait for the scribe ---- */

struct change {
	struct api *a;
	struct web_req *r;
	enum verb verb;
	struct arena arena;
	struct ing_source src;
	sv id, name;
	char by[64], made[27];
	int64_t retired;
	struct sb out;
	struct err e;
	int rc;
};

static void change_job(void *arg)
{
	struct change *x = arg;
	struct ing *g = x->a->o.ingest;
	struct store_db *db;
	if (x->verb == ADD)
		x->rc = ing_source_add(g, &x->src, sv_of(x->by), x->made, &x->e);
	else if (x->verb == DELETE)
		x->rc = ing_source_delete(g, x->id, sv_of(x->by), &x->retired, &x->e);
	else if (x->verb == TAKE_BACK)
		x->rc = ing_upload_remove(g, x->id, x->name, sv_of(x->by), &x->retired, &x->e);
	else
		x->rc = ing_sync_soon(g, x->id, &x->e);
	if (!x->rc && x->verb == ADD && !(x->rc = store_reader(x->a->o.store, &db)))
		x->rc = ing_source_json(db, sv_of(x->made), &x->out);
}

static void change_done(void *arg)
{
	struct change *x = arg;
	if (x->rc && x->verb == TAKE_BACK)
		api_problem(x->r, x->rc, x->e.msg);
	else if (x->rc == ERR_NOTFOUND)
		api_problem(x->r, 404, "There is no such source.");
	else if (x->rc == ERR_INVAL || x->rc == ERR_DENIED)
		api_problem(x->r, x->rc == ERR_INVAL ? 400 : 403, x->e.msg);
	else if (x->rc)
		api_problem(x->r, x->rc, "It could not be saved; try again.");
	else if (x->verb == ADD)
		web_reply(x->r, 201, "application/json", sb_sv(&x->out), NULL);
	else if (x->verb == SYNC)
		web_reply(x->r, 202, "application/json", SV("{\"waiting\":true}"), NULL);
	else {
		jv *o = jv_obj();
		jv_set_int(o, "articles_retired", x->retired);
		web_reply_json(x->r, 200, o);
	}
	sb_done(&x->out);
	arena_done(&x->arena);
	xfree(x);
}

static struct change *change_new(struct api *a, struct web_req *r, enum verb verb,
				 const struct api_user *u)
{
	struct change *x = xalloc(sizeof(*x));
	x->a = a;
	x->r = r;
	x->verb = verb;
	arena_init(&x->arena, LIM_ARENA_TURN);
	sb_init(&x->out, 64u << 10);
	(void)snprintf(x->by, sizeof(x->by), "%s", u->login);
	x->id = arena_sv(&x->arena, web_req_param(r, "id"));
	return x;
}

static void change_start(struct change *x)
{
	/* once it is handed over, x is the worker's */
	int rc = pool_submit(x->a->o.pool, change_job, x, x->a->mbox, change_done);
	if (rc) {
		x->rc = rc;
		change_done(x);
	}
}

/* The fields of a body that a source has; false: answered 400. */
static bool fields(struct change *x, const jv *body)
{
	static const struct {
		const char *key;
		size_t off;
	} texts[] = {
		{ "place", offsetof(struct ing_source, place) },
		{ "name", offsetof(struct ing_source, name) },
		{ "lang", offsetof(struct ing_source, lang) },
		{ "category", offsetof(struct ing_source, category) },
		{ "owner", offsetof(struct ing_source, owner) },
	};
	static const struct {
		const char *key;
		size_t off;
	} numbers[] = {
		{ "every_s", offsetof(struct ing_source, every_s) },
		{ "depth", offsetof(struct ing_source, depth) },
		{ "docs_max", offsetof(struct ing_source, docs_max) },
	};
	int kind = ing_kind_of(jv_get_str(body, "kind"));
	const char *bad = kind < 0 ? "kind must be file, folder, url, sitemap or table." : NULL;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const jv *v = jv_get(body, texts[i].key);
		if (v && !jv_is_str(v) && !jv_is_null(v))
			bad = "place, name, lang, category and owner must be texts.";
		*(sv *)((char *)&x->src + texts[i].off) = arena_sv(&x->arena, jv_as_str(v));
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		const jv *v = jv_get(body, numbers[i].key);
		int64_t n = jv_as_int(v, v && !jv_is_null(v) ? -1 : 0);
		if (n < 0 || n > INT_MAX)
			bad = "every_s, depth and docs_max must be whole numbers from 0.";
		else
			*(int *)((char *)&x->src + numbers[i].off) = (int)n;
	}
	x->src.kind = kind < 0 ? ING_FILE : (enum ing_kind)kind;
	if (bad)
		api_problem(x->r, 400, bad);
	return !bad;
}

void api_source_add(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!ready(a, r, "source.manage", &u))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	struct change *x = change_new(a, r, ADD, &u);
	bool ok = fields(x, body);
	jv_free(body);
	if (ok) {
		change_start(x);
		return;
	}
	sb_done(&x->out);
	arena_done(&x->arena);
	xfree(x);
}

void api_source_delete(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (ready(a, r, "source.manage", &u))
		change_start(change_new(a, r, DELETE, &u));
}

void api_source_sync(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (ready(a, r, "source.sync", &u))
		change_start(change_new(a, r, SYNC, &u));
}

/* ---- documents that are sent ---- */

void api_source_doc_delete(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!ready_as(a, r, "source.manage", "source.removed_document", &u))
		return;
	api_audit_named(r, web_req_arg(r, "name"));
	struct change *x = change_new(a, r, TAKE_BACK, &u);
	x->name = arena_sv(&x->arena, web_req_arg(r, "name"));
	change_start(x);
}

struct sent {
	struct api *a;
	struct web_req *r;
	struct ing_piece p;
	struct ing_kept kept;
	char *name, *upload, *bytes, by[64];
	struct err e;
	int rc;
};

static void sent_job(void *arg)
{
	struct sent *x = arg;
	x->rc = ing_upload(x->a->o.ingest, &x->p, &x->kept, &x->e);
}

static void sent_done(void *arg)
{
	struct sent *x = arg;
	int status = x->rc == ERR_UNSUPPORTED ? 415 :
		     x->rc == ERR_CONFLICT    ? 409 :
		     x->rc == ERR_FULL	      ? 507 :
						x->rc;
	bool whole = x->kept.source[0];
	if (x->rc && x->rc != ERR_CONFLICT) {
		api_problem(x->r, status, x->e.msg[0] ? x->e.msg : NULL);
	} else {
		jv *o = jv_obj();
		jv_set_int(o, "have", x->kept.have);
		if (whole) {
			jv_set_str(o, "source", sv_of(x->kept.source));
			jv_set_bool(o, "replaced", x->kept.replaced);
		}
		web_reply_json(x->r, x->rc ? status : whole ? 201 : 200, o);
	}
	xfree(x->name);
	xfree(x->upload);
	xfree(x->bytes);
	xfree(x);
}

static struct sent *sent_new(struct api *a, struct web_req *r, const struct api_user *u)
{
	struct sent *x = xalloc(sizeof(*x));
	sv body = web_req_body(r);
	x->a = a;
	x->r = r;
	x->name = xstrdup(web_req_arg(r, "name"));
	x->upload = xstrdup(web_req_arg(r, "upload"));
	x->bytes = xalloc(body.n + 1);
	if (body.n)
		memcpy(x->bytes, body.p, body.n);
	(void)snprintf(x->by, sizeof(x->by), "%s", u->login);
	x->p = (struct ing_piece){ .name = sv_of(x->name),
				   .bytes = sv_n(x->bytes, body.n),
				   .by = sv_of(x->by),
				   .upload = sv_of(x->upload) };
	return x;
}

/* A piece of a document, as the body; the query says of which and where it belongs. The last one
 * is a row of the audit under the document's name. */
void api_upload(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	int64_t at = -1, total = -1;
	bool told = !sv_i64(web_req_arg(r, "at"), &at) && !sv_i64(web_req_arg(r, "total"), &total);
	bool last = told && at >= 0 && at <= total && (int64_t)web_req_body(r).n == total - at;
	if (!ready_as(a, r, "source.manage", last ? "source.upload" : "source.manage", &u))
		return;
	if (!told) {
		api_problem(r, 400, "Say name, at (bytes before this piece) and total.");
		return;
	}
	if (last)
		api_audit_named(r, web_req_arg(r, "name"));
	struct sent *x = sent_new(a, r, &u);
	x->p.at = at;
	x->p.total = total;
	int rc = pool_submit(a->o.pool, sent_job, x, a->mbox, sent_done);
	if (rc) {
		x->rc = rc;
		sent_done(x);
	}
}
