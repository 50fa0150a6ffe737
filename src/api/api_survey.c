/* api_survey.c: surveys from outside: figures for staff, links for customers, their answers.
 *
 * A link's token names conversation and question and is signed by this server; nothing of the
 * customer is in it. Whoever has it may answer once (the last answer within a day counts) and
 * learns nothing but the question. Door's thread. */
#include "api_qa.h"
#include "qa_survey.h"

#include <stdio.h>

static bool there(struct api *a, struct web_req *r)
{
	if (!a->o.surveys)
		api_problem(r, 503, "There are no surveys here.");
	return a->o.surveys != NULL;
}

/* ---- figures: s1 by, s2 agent, i1 from, i2 to ---- */

static void report_run(struct api_query *q, struct store_db *db)
{
	struct qa_survey_query o = {
		.from_ms = q->i1, .to_ms = q->i2, .by = q->s1, .agent = q->s2
	};
	struct sb defs;
	int rc = qa_survey_report(db, q->a->o.surveys, &o, &q->out);
	if (rc) {
		q->status = rc == ERR_INVAL ? 400 : 500;
		q->detail = rc == ERR_INVAL ? "by must be agent, channel or language." :
					      "The database could not be read.";
		return;
	}
	sb_init(&defs, LIM_SB);
	qa_surveys_json(q->a->o.surveys, &defs);
	sb_truncate(&q->out, q->out.n - 1);
	sb_cstr(&q->out, ",\"next\":null,\"surveys\":");
	sb_put(&q->out, sv_slice(sb_sv(&defs), strlen("{\"items\":"), defs.n - 1));
	sb_ch(&q->out, '}');
	sb_done(&defs);
}

void api_surveys(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	sv from = web_req_arg(r, "from"), to = web_req_arg(r, "to");
	int64_t from_ms = 0, to_ms = 0;
	if (!api_may(a, r, "survey.read", &u) || !there(a, r))
		return;
	if ((from.n && clk_parse_rfc3339(from, &from_ms)) ||
	    (to.n && clk_parse_rfc3339(to, &to_ms))) {
		api_problem(r, 400, "from and to are times like 2026-11-01T00:00:00Z.");
		return;
	}
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_arg(r, "by"));
	/* An agent sees own figures. */
	q->s2 = arena_sv(&q->arena, api_own_only(a, &u) ? sv_of(u.login) :
								   web_req_arg(r, "agent"));
	q->i1 = from_ms;
	q->i2 = to_ms;
	q->run = report_run;
	q->settled = true;
	api_query_start(q);
}

/* ---- a link ---- */

#define DAY_MS INT64_C(86400000)

struct asked {
	struct api *a;
	struct web_req *r;
	char conversation[40], kind[24];
};

static int asked_write(void *arg, struct store_db *db)
{
	struct asked *x = arg;
	return qa_survey_asked(db, sv_of(x->conversation), sv_of(x->kind), SV(""), clk_wall_ms());
}

static void asked_done(void *arg, int rc)
{
	struct asked *x = arg;
	char token[API_TOKEN_MAX], subject[80];
	struct sb b;
	int64_t until = clk_wall_ms() + qa_surveys_days(x->a->o.surveys) * DAY_MS;
	snprintf(subject, sizeof(subject), "%s.%s", x->conversation, x->kind);
	if (rc == ERR_NOTFOUND) {
		api_problem(x->r, 404, "There is no such conversation.");
	} else if (rc || !api_token_make(x->a, "survey", sv_of(subject), until, token,
					 sizeof(token))) {
		api_problem(x->r, rc ? err_http(rc) : 500, "The link could not be made.");
	} else {
		char when[32];
		clk_rfc3339(until, when);
		sb_init(&b, 4096);
		sb_fmt(&b, "{\"token\":\"%s\",\"path\":\"/survey?t=%s\",\"expires_at\":\"%s\"}",
		       token, token, when);
		web_reply(x->r, 201, "application/json", sb_sv(&b), NULL);
		sb_done(&b);
	}
	xfree(x);
}

void api_survey_link(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct sb b;
	if (!api_may(a, r, "survey.send", NULL) || !there(a, r))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv id = jv_get_str(body, "conversation"), kind = jv_get_str(body, "kind");
	sb_init(&b, LIM_SB);
	if (!id_ok(id) || !qa_survey_json(a->o.surveys, kind, &b)) {
		api_problem(r, 400, "conversation and kind (csat, nps, ces) are wanted.");
	} else {
		struct asked *x = xalloc(sizeof(*x));
		*x = (struct asked){ .a = a, .r = r };
		snprintf(x->conversation, sizeof(x->conversation), SV_FMT, SV_ARG(id));
		snprintf(x->kind, sizeof(x->kind), SV_FMT, SV_ARG(kind));
		int rc = store_write(a->o.store, asked_write, x, a->mbox, asked_done);
		if (rc)
			asked_done(x, rc);
	}
	sb_done(&b);
	jv_free(body);
}

/* Splits a token's subject; answers 404 itself: a bad token and an old one look the same. */
static bool subject_of(struct api *a, struct web_req *r, char out[80], sv *id, sv *kind)
{
	sv all;
	char whole[API_TOKEN_MAX];
	if (!there(a, r))
		return false;
	if (!api_token_check(a, "survey", web_req_param(r, "token"), whole, sizeof(whole)) ||
	    strlen(whole) >= 80) {
		api_problem(r, 404, "This link is not good, or not any more.");
		return false;
	}
	memcpy(out, whole, strlen(whole) + 1);
	all = sv_of(out);
	*kind = SV_NULL;
	if (sv_cut(&all, '.', id))
		*kind = all;
	return true;
}

void api_survey_get(struct web_req *r, void *arg)
{
	struct api *a = arg;
	char whole[80];
	struct sb b;
	sv id, kind;
	if (!subject_of(a, r, whole, &id, &kind))
		return;
	sb_init(&b, LIM_SB);
	if (qa_survey_json(a->o.surveys, kind, &b))
		web_reply(r, 200, "application/json", sb_sv(&b), "Cache-Control: no-store\r\n");
	else
		api_problem(r, 404, "This survey is not there any more.");
	sb_done(&b);
}

/* ---- an answer ---- */

struct given {
	struct api *a;
	struct web_req *r;
	jv *body;
	char whole[80];
	sv id, kind;
	struct err e;
};

static int given_write(void *arg, struct store_db *db)
{
	struct given *g = arg;
	return qa_survey_answer(db, g->a->o.surveys, g->id, g->kind,
				jv_get_int(g->body, "value", -1), jv_get_str(g->body, "text"),
				SV("link"), true, clk_wall_ms(), &g->e);
}

static void given_done(void *arg, int rc)
{
	struct given *g = arg;
	struct sb b, all;
	sb_init(&b, LIM_SB);
	sb_init(&all, LIM_SB);
	jv *o = qa_survey_json(g->a->o.surveys, g->kind, &b) ? jv_parse(sb_sv(&b), NULL) : NULL;
	sb_cstr(&all, "{\"ok\":true,\"thanks\":");
	jv_dump(jv_get(o, "thanks"), &all);
	sb_ch(&all, '}');
	if (rc == 0)
		web_reply(g->r, 200, "application/json", sb_sv(&all),
			  "Cache-Control: no-store\r\n");
	else
		api_problem(g->r, err_http(rc), g->e.msg[0] ? g->e.msg : err_text(rc));
	jv_free(o);
	sb_done(&b);
	sb_done(&all);
	jv_free(g->body);
	xfree(g);
}

void api_survey_post(struct web_req *r, void *arg)
{
	struct api *a = arg;
	char whole[80];
	sv id, kind;
	if (!subject_of(a, r, whole, &id, &kind))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	if (!jv_is_num(jv_get(body, "value"))) {
		api_problem(r, 400, "value must be a number.");
		jv_free(body);
		return;
	}
	struct given *g = xalloc(sizeof(*g));
	*g = (struct given){ .a = a, .r = r, .body = body };
	memcpy(g->whole, whole, sizeof(whole));
	g->id = sv_n(g->whole, id.n);
	g->kind = sv_of(g->whole + id.n + 1);
	int rc = store_write(a->o.store, given_write, g, a->mbox, given_done);
	if (rc)
		given_done(g, rc);
}
