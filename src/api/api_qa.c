/* api_qa.c: quality reviews from outside: list, one, a person's scores, appeal and what
 * follows, sampling, calibration.
 *
 * Quality people, supervisors and administrators see all; an agent sees own reviews only
 * (others are not there: 404) and may appeal. Every change answers with the review as it is
 * then; its ETag is its version, If-Match refuses a change made on an older one. A move made
 * twice is refused by the state. Door's thread; reading runs on workers, writing on the scribe.
 * docs/qa.md. */
#include "api_qa.h"

#include <stdio.h>

bool api_qa_ready(struct api *a, struct web_req *r, const char *may, struct api_user *u,
		  enum qr_role *role)
{
	if (!api_may(a, r, may, u))
		return false;
	/* As the company's roles say, whatever they are called. */
	*role = api_own_only(a, u)				       ? QR_AGENT :
		api_role_may(a, sv_of(u->role), "approval.decide") ? QR_SUPERVISOR :
								       QR_QUALITY;
	if (!a->o.qa_forms)
		api_problem(r, 503, "There is no quality here.");
	return a->o.qa_forms != NULL;
}

static void failed(struct api_query *q, int rc)
{
	q->status = err_http(rc);
	q->detail = rc == ERR_NOTFOUND ? "There is no such review." :
		    rc == ERR_INVAL    ? "cursor must be the next of an earlier answer." :
					 "The database could not be read.";
}

/* ---- list: p is a struct qr_query in the arena ---- */

static void list_run(struct api_query *q, struct store_db *db)
{
	int rc = qa_reviews_json(db, q->p, &q->out);
	if (rc)
		failed(q, rc);
}

void api_qa_reviews(struct web_req *r, void *arg)
{
	struct api_user u;
	enum qr_role role;
	int64_t limit = 50;
	if (!api_qa_ready(arg, r, "qa.read", &u, &role))
		return;
	sv state = web_req_arg(r, "state");
	if (state.n && qr_state_of(state) < 0) {
		api_problem(r, 400,
			    "state must be no, nodis, dis, done, recheck, appeal, arbitrate "
			    "or archive.");
		return;
	}
	struct api_query *q = api_query_new(arg, r);
	struct qr_query *x = arena_new(&q->arena, struct qr_query, 1);
	const struct { const char *name; sv *to; } args[] = {
		{ "state", &x->state },       { "agent", &x->agent },
		{ "form", &x->form },	      { "reviewer", &x->reviewer },
		{ "cursor", &x->cursor },     { "conversation", &x->conversation },
	};
	for (size_t i = 0; i < sizeof(args) / sizeof(*args); i++)
		*args[i].to = arena_sv(&q->arena, web_req_arg(r, args[i].name));
	if (role == QR_AGENT || sv_eq(x->agent, SV("me")))
		x->agent = arena_sv(&q->arena, sv_of(u.login));
	if (sv_eq(x->reviewer, SV("me")))
		x->reviewer = arena_sv(&q->arena, sv_of(u.login));
	if (sv_i64(web_req_arg(r, "limit"), &limit) || limit < 1 || limit > 200)
		limit = 50;
	x->limit = (int)limit;
	q->p = x;
	q->run = list_run;
	q->settled = true;
	api_query_start(q);
}

/* ---- one: s1 id, s2 agent or empty, i1 role, i2 version ---- */

static void get_run(struct api_query *q, struct store_db *db)
{
	int rc = qa_review_json(db, q->s1, q->s2, (enum qr_role)q->i1, &q->i2, &q->out);
	if (rc)
		failed(q, rc);
}

static void get_done(struct api_query *q)
{
	char head[60];
	snprintf(head, sizeof(head), "ETag: \"%lld\"\r\n", (long long)q->i2);
	if (q->status >= 400)
		api_problem(q->r, q->status, q->detail);
	else
		web_reply(q->r, q->status, "application/json", sb_sv(&q->out), head);
	api_query_free(q);
}

static void get_start(struct api *a, struct web_req *r, sv id, sv login, enum qr_role role)
{
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, id);
	q->s2 = arena_sv(&q->arena, role == QR_AGENT ? login : SV(""));
	q->i1 = role;
	q->run = get_run;
	q->done = get_done;
	q->settled = true;
	api_query_start(q);
}

void api_qa_review(struct web_req *r, void *arg)
{
	struct api_user u;
	enum qr_role role;
	if (api_qa_ready(arg, r, "qa.read", &u, &role))
		get_start(arg, r, web_req_param(r, "id"), sv_of(u.login), role);
}

/* ---- writing ---- */

struct edit {
	struct api *a;
	struct web_req *r;
	struct qa_forms *forms;      /* a reference */
	jv *body;
	int (*write)(struct edit *x, struct store_db *db);
	char id[40], login[64];
	enum qr_role role;
	enum qr_state to;
	int64_t version;
	struct qr_by by;
	struct sb out;               /* of qa_sample */
	struct err e;
};

static int edit_write(void *arg, struct store_db *db)
{
	struct edit *x = arg;
	x->by = (struct qr_by){ sv_of(x->login), x->role, clk_wall_ms() };
	return x->write(x, db);
}

static void edit_done(void *arg, int rc)
{
	struct edit *x = arg;
	if (rc == 0 && x->out.n)
		web_reply(x->r, 200, "application/json", sb_sv(&x->out), NULL);
	else if (rc == 0)
		get_start(x->a, x->r, sv_of(x->id), sv_of(x->login), x->role);
	else
		api_problem(x->r, err_http(rc), x->e.msg[0] ? x->e.msg : err_text(rc));
	obj_unref(x->forms);
	sb_done(&x->out);
	jv_free(x->body);
	xfree(x);
}

static bool version_of(struct web_req *r, int64_t *ret)
{
	sv match = web_req_header(r, "if-match");
	if (!match.n || sv_eq(match, SV("*")))
		return true;
	if (sv_starts(match, SV("\"")) && sv_ends(match, SV("\"")) && match.n > 2)
		match = sv_slice(match, 1, match.n - 1);
	if (sv_i64(match, ret) == 0 && *ret > 0)
		return true;
	api_problem(r, 412, "If-Match is not the ETag of this review; read it again.");
	return false;
}

/* Answers 400 and others itself. */
static void edit_start(struct api *a, struct web_req *r, const char *may, enum qr_state to,
		       int (*write)(struct edit *x, struct store_db *db))
{
	struct api_user u;
	enum qr_role role;
	int64_t version = 0;
	if (!api_qa_ready(a, r, may, &u, &role) || !version_of(r, &version))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv id = web_req_param(r, "id");
	struct edit *x = xalloc(sizeof(*x));
	*x = (struct edit){ .a = a, .r = r, .body = body, .write = write, .role = role, .to = to,
			    .version = version, .forms = snap_get(a->o.qa_forms) };
	sb_init(&x->out, LIM_SB);
	snprintf(x->id, sizeof(x->id), SV_FMT, SV_ARG(id));
	snprintf(x->login, sizeof(x->login), "%s", u.login);
	int rc = store_write(a->o.store, edit_write, x, a->mbox, edit_done);
	if (rc)
		edit_done(x, rc);
}

static int write_mark(struct edit *x, struct store_db *db)
{
	return qa_review_mark(db, x->forms, sv_of(x->id), x->body, x->version, &x->by, &x->e);
}

void api_qa_mark(struct web_req *r, void *arg)
{
	edit_start(arg, r, "qa.review", QR_DONE, write_mark);
}

static int write_move(struct edit *x, struct store_db *db)
{
	return qa_review_move(db, sv_of(x->id), x->to, jv_get_str(x->body, "reason"), x->version,
			      &x->by, &x->e);
}

void api_qa_move(struct web_req *r, void *arg)
{
	static const struct { const char *verb; enum qr_state to; const char *may; } verbs[] = {
		{ "appeal", QR_APPEAL, "qa.appeal" },	 { "withdraw", QR_DONE, "qa.appeal" },
		{ "recheck", QR_RECHECK, "qa.review" },	 { "arbitrate", QR_ARBITRATE, "qa.review" },
		{ "archive", QR_ARCHIVE, "qa.review" },	 { "take", QR_DIS, "qa.review" },
		{ "giveback", QR_NODIS, "qa.review" },
	};
	sv path = web_req_path(r);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (sv_ends(path, sv_of(verbs[i].verb))) {
			edit_start(arg, r, verbs[i].may, verbs[i].to, write_move);
			return;
		}
	api_problem(r, 404, "There is no such action.");
}

/* ---- sampling and calibration ---- */

enum { REVIEWERS = 50, DAYS_MAX = 92 };

static int write_sample(struct edit *x, struct store_db *db)
{
	const jv *b = x->body, *who = jv_get(b, "reviewers");
	sv names[REVIEWERS];
	int64_t days = jv_get_int(b, "days", 7);
	struct qa_sampling o = { .per_agent = (int)jv_get_int(b, "per_agent", 3),
				 .risk_share = (int)jv_get_int(b, "risk_share", 50),
				 .seed = (uint64_t)jv_get_int(b, "seed", 0),
				 .form = jv_get_str(b, "form"),
				 .reviewers = names };
	if (days < 1 || days > DAYS_MAX || o.per_agent < 1 || o.per_agent > 1000 ||
	    o.risk_share < 1 || o.risk_share > 100)
		return err_set(&x->e, ERR_INVAL,
			       "days is 1 to %d, per_agent 1 to 1000, risk_share 1 to 100.",
			       DAYS_MAX);
	for (size_t i = 0; i < jv_len(who) && o.n_reviewers < REVIEWERS; i++)
		if (jv_is_str(jv_at(who, i)))
			names[o.n_reviewers++] = jv_as_str(jv_at(who, i));
	o.to_ms = x->by.now_ms + 1;
	o.from_ms = o.to_ms - days * INT64_C(86400000);
	return qa_sample(db, &o, &x->by, &x->out);
}

void api_qa_sample(struct web_req *r, void *arg)
{
	edit_start(arg, r, "qa.review", QR_DIS, write_sample);
}

static void calibration_run(struct api_query *q, struct store_db *db)
{
	int rc = qa_calibration_json(db, q->s1, &q->out);
	if (rc)
		failed(q, rc);
}

void api_qa_calibration(struct web_req *r, void *arg)
{
	struct api_user u;
	enum qr_role role;
	if (!api_qa_ready(arg, r, "qa.review", &u, &role))
		return;
	struct api_query *q = api_query_new(arg, r);
	q->s1 = arena_sv(&q->arena, web_req_arg(r, "form"));
	q->run = calibration_run;
	q->settled = true;
	api_query_start(q);
}
