/* api_gap.c: what the knowledge base lacks, from outside: gaps, drafts and what is decided about
 * them, contradictions, the map by topic and who answers for one (docs/flywheel.md).
 *
 * Reading runs on workers. A decision: an edited text is checked on a worker, then the draft and
 * its article change on the scribe, in one savepoint with a row of the river. A draft's ETag is its
 * version; If-Match refuses a decision about another one. Door's thread otherwise. */
#include "api_gap.h"
#include "api_int.h"
#include "learn.h"

#include <stdio.h>


/* ---- lists: p is a struct learn_query in the arena ---- */

static void failed(struct api_query *q, int rc)
{
	q->status = err_http(rc);
	q->detail = rc == ERR_NOTFOUND ? "There is nothing of that id." :
		    rc == ERR_INVAL    ? "cursor must be the next of an earlier answer." :
					 "The database could not be read.";
}

static void gaps_run(struct api_query *q, struct store_db *db)
{
	int rc = learn_gaps_json(db, q->p, &q->out);
	if (rc)
		failed(q, rc);
}

static void drafts_run(struct api_query *q, struct store_db *db)
{
	int rc = learn_drafts_json(db, q->p, &q->out);
	if (rc)
		failed(q, rc);
}

static void conflicts_run(struct api_query *q, struct store_db *db)
{
	int rc = learn_conflicts_json(db, q->p, &q->out);
	if (rc)
		failed(q, rc);
}

static void coverage_run(struct api_query *q, struct store_db *db)
{
	int rc = learn_coverage_json(db, q->p, &q->out);
	if (rc)
		failed(q, rc);
}

static void list(struct web_req *r, struct api *a, const char *state,
		 void (*run)(struct api_query *q, struct store_db *db))
{
	int64_t limit = 50;
	if (!api_may(a, r, "gap.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	struct learn_query *lq = arena_new(&q->arena, struct learn_query, 1);
	if (sv_i64(web_req_arg(r, "limit"), &limit) || limit < 1 || limit > 200)
		limit = 50;
	*lq = (struct learn_query){ .lang = arena_sv(&q->arena, web_req_arg(r, "lang")),
				    .state = arena_sv(&q->arena, web_req_arg(r, state)),
				    .category = arena_sv(&q->arena, web_req_arg(r, "category")),
				    .cursor = arena_sv(&q->arena, web_req_arg(r, "cursor")),
				    .limit = (int)limit };
	q->p = lq;
	q->run = run;
	q->settled = true;
	api_query_start(q);
}

void api_gaps(struct web_req *r, void *arg)
{
	list(r, arg, "state", gaps_run);
}

void api_drafts(struct web_req *r, void *arg)
{
	list(r, arg, "state", drafts_run);
}

void api_conflicts(struct web_req *r, void *arg)
{
	list(r, arg, "article", conflicts_run);
}

void api_coverage(struct web_req *r, void *arg)
{
	list(r, arg, "state", coverage_run);
}

/* ---- one ---- */

static void gap_run(struct api_query *q, struct store_db *db)
{
	int rc = learn_gap_json(db, q->s1, &q->out);
	if (rc)
		failed(q, rc);
}

static void draft_run(struct api_query *q, struct store_db *db)
{
	int rc = learn_draft_json(db, q->s1, &q->i1, &q->out);
	if (rc)
		failed(q, rc);
}

static void draft_done(struct api_query *q)
{
	if (q->status >= 400)
		api_problem(q->r, q->status, q->detail);
	else
		api_reply_version(q->r, 200, sb_sv(&q->out), q->i1);
	api_query_free(q);
}

static void one(struct web_req *r, struct api *a,
		void (*run)(struct api_query *q, struct store_db *db),
		void (*done)(struct api_query *q))
{
	if (!api_may(a, r, "gap.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->run = run;
	q->done = done;
	q->settled = true;
	api_query_start(q);
}

void api_gap(struct web_req *r, void *arg)
{
	one(r, arg, gap_run, NULL);
}

void api_draft(struct web_req *r, void *arg)
{
	one(r, arg, draft_run, draft_done);
}

/* ---- a decision ---- */

struct decide {
	struct api *a;
	struct web_req *r;
	const struct guard_masks *masks;     /* of who decides */
	struct arena arena;
	struct learn_decision d;
};

static void decide_free(struct decide *x)
{
	arena_done(&x->arena);
	xfree(x);
}

static const char *refusal(const struct learn_decision *d, int rc)
{
	return d->why		  ? d->why :
	       rc == ERR_NOTFOUND ? "There is no such draft." :
				    "It could not be saved; try again.";
}

static void decided(void *arg, int rc)
{
	static const char *const states[] = { "approved", "open", "rejected" };
	struct decide *x = arg;
	if (rc) {
		api_problem(x->r, err_http(rc), refusal(&x->d, rc));
		decide_free(x);
		return;
	}
	jv *o = jv_obj();
	jv_set_str(o, "id", x->d.draft);
	jv_set_str(o, "state",
		   x->d.verb == LEARN_EDIT && x->d.blocked ? SV("blocked") :
							     sv_of(states[x->d.verb]));
	if (x->d.article_id[0]) {
		jv_set_str(o, "article_id", sv_of(x->d.article_id));
		jv_set_str(o, "lang", sv_of(x->d.lang));
		jv_set_int(o, "article_version", x->d.article_version);
		jv_set_int(o, "canary", x->d.canary);
	}
	web_reply_json(x->r, 200, o);
	decide_free(x);
}

static int decide_write(void *arg, struct store_db *db)
{
	struct decide *x = arg;
	return learn_decide(db, &x->d);
}

static void to_scribe(struct decide *x)
{
	int rc = store_write(x->a->o.store, decide_write, x, x->a->mbox, decided);
	if (rc)
		decided(x, rc);
}

static bool unmask(struct decide *x, const jv *stored, const char *key, sv *text)
{
	struct sb out;
	sb_init(&out, LIM_JSON_BYTES);
	bool ok = api_unmask(x->masks, jv_get_str(stored, key), *text, &out) && !sb_err(&out);
	if (ok && text->n)
		*text = arena_sv(&x->arena, sb_sv(&out));
	sb_done(&out);
	return ok;
}

/* What was shown masked is neither saved over the truth nor published. */
static int unmask_all(struct decide *x, struct store_db *db, bool *ok)
{
	struct sb b;
	int64_t version = 0;
	sb_init(&b, LIM_JSON_BYTES);
	int rc = learn_draft_json(db, x->d.draft, &version, &b);
	jv *stored = rc ? NULL : jv_parse(sb_sv(&b), NULL);
	*ok = rc || (unmask(x, stored, "title", &x->d.title) &&
		     unmask(x, stored, "body_md", &x->d.body_md) &&
		     unmask(x, stored, "aliases", &x->d.aliases));
	jv_free(stored);
	sb_done(&b);
	return rc;
}

static void recheck_run(struct api_query *q, struct store_db *db)
{
	struct decide *x = q->p;
	bool ok;
	int rc = unmask_all(x, db, &ok);
	if (rc == 0 && ok)
		rc = learn_recheck(db, &x->d, &x->arena);
	if (rc) {
		failed(q, rc);
	} else if (!ok) {
		q->status = 400;
		q->detail = API_MASKED;
	}
}

static void rechecked(struct api_query *q)
{
	struct decide *x = q->p;
	int status = q->status;
	const char *detail = q->detail;
	api_query_free(q);
	if (status < 400) {
		to_scribe(x);
		return;
	}
	api_problem(x->r, status, detail);
	decide_free(x);
}

static sv kept(struct decide *x, const jv *body, const char *key)
{
	sv s = jv_get_str(body, key);
	return s.n ? arena_sv(&x->arena, s) : SV("");
}

/* What is wrong with the request, or NULL. */
static const char *read_decision(struct decide *x, const jv *body)
{
	static const char *const verbs[] = { "approve", "edit", "reject" };
	sv verb = jv_get_str(body, "action");
	int v = 0;
	while (v < 3 && !sv_eq(verb, sv_of(verbs[v])))
		v++;
	if (v == 3)
		return "action must be approve, edit or reject.";
	x->d.verb = (enum learn_verb)v;
	x->d.reason = kept(x, body, "reason");
	x->d.title = kept(x, body, "title");
	x->d.body_md = kept(x, body, "body_md");
	/* not named: as they are; "": none any more */
	x->d.aliases = jv_is_str(jv_get(body, "aliases")) ? kept(x, body, "aliases") : SV_NULL;
	x->d.category = kept(x, body, "category");
	int64_t canary = jv_get_int(body, "canary", 0);
	if (canary < 0 || canary > 99)
		return "canary is a share of 0 to 99 per cent.";
	x->d.canary = (int)canary;
	if (x->d.reason.n > 2000)
		return "reason may have 2000 bytes at most.";
	if (v == LEARN_EDIT && !x->d.title.n && !x->d.body_md.n && !x->d.aliases.p &&
	    !x->d.category.n)
		return "An edit gives title, body_md, aliases or category.";
	int asked = api_if_match(x->r, &x->d.version);
	if (asked < 0 || (asked > 0 && x->d.version < 1))
		return "If-Match is not the ETag of this draft; read it again.";
	return NULL;
}

void api_draft_decide(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "gap.decide", &u))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	struct decide *x = xalloc(sizeof(*x));
	x->a = a;
	x->r = r;
	x->masks = web_req_user(r);
	arena_init(&x->arena, LIM_ARENA_TURN);
	x->d.draft = arena_sv(&x->arena, web_req_param(r, "id"));
	x->d.by = sv_of(arena_fmt(&x->arena, "%s", u.login));
	const char *bad = read_decision(x, body);
	jv_free(body);
	if (bad) {
		api_problem(r, 400, bad);
		decide_free(x);
	} else if (x->d.verb != LEARN_EDIT) {
		to_scribe(x);
	} else {
		struct api_query *q = api_query_new(a, r);
		q->p = x;
		q->run = recheck_run;
		q->done = rechecked;
		api_query_start(q);
	}
}

/* ---- who answers for a topic ---- */

struct topic {
	struct web_req *r;
	char *category, *owner;
	int64_t review_days;
};

static void topic_done(void *arg, int rc)
{
	struct topic *t = arg;
	jv *o = jv_obj();
	jv_set_str(o, "category", sv_of(t->category));
	jv_set_str(o, "owner", sv_of(t->owner));
	jv_set_int(o, "review_days", t->review_days);
	if (rc == 0) {
		web_reply_json(t->r, 200, o);
	} else {
		jv_free(o);
		api_problem(t->r, err_http(rc),
			    rc == ERR_INVAL ? "review_days are 0 to 3650, names up to 200 bytes." :
					      "It could not be saved; try again.");
	}
	xfree(t->category);
	xfree(t->owner);
	xfree(t);
}

static int topic_write(void *arg, struct store_db *db)
{
	struct topic *t = arg;
	int64_t days = t->review_days < 0 || t->review_days > 10000 ? -1 : t->review_days;
	return learn_topic_put(db, sv_of(t->category), sv_of(t->owner), (int)days, clk_wall_ms());
}

void api_topic_put(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "gap.decide", NULL))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	struct topic *t = xalloc(sizeof(*t));
	t->r = r;
	t->category = xstrdup(web_req_param(r, "id"));
	t->owner = xstrdup(jv_get_str(body, "owner"));
	t->review_days = jv_get_int(body, "review_days", 0);
	jv_free(body);
	int rc = store_write(a->o.store, topic_write, t, a->mbox, topic_done);
	if (rc)
		topic_done(t, rc);
}
