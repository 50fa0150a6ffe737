/* api_mcp.c: POST /mcp: our functions by the Model Context Protocol over Streamable HTTP, both
 * generations at one address (mcp_srv of mcp.h), one JSON answer a request. No sessions, no
 * streams: there is nothing to tell a client that it did not ask.
 *
 * Who asks: a signed-in user may all that the console may read; an API key, given to a program
 * that speaks with one customer at a time, may ask and read knowledge, not other people's
 * conversations. A browser's request from another site is refused whatever it carries. Door's
 * thread; queries run on workers, a turn of the engine on a shard. */
#include "api_audit.h"
#include "api_int.h"

#include <stdio.h>

struct mcp_job {
	struct api *a;
	struct web_req *r;
	struct mcp_srv_out out;
	struct kb_index *kb;
	jv *value;
	struct err e;
	int rc;
};

int api_mcp_open(struct api *a, struct err *e)
{
	const char *hint;
	size_t n;
	const struct mcp_srv_tool *v = api_tools(&n, &hint);
	int rc = mcp_srv_new(&a->mcp, v, n, hint);
	return rc ? err_set(e, rc, "the table of functions has a bad schema") : 0;
}

void api_mcp_done(struct api *a)
{
	mcp_srv_free(a->mcp);
	a->mcp = NULL;
}

/* ---- who asks ---- */

/* A browser tells where the page comes from that asks; only pages of our own may. */
static bool same_site(struct web_req *r)
{
	sv origin = web_req_header(r, "origin"), host = web_req_header(r, "host");
	ptrdiff_t at = sv_find(origin, SV("://"));
	if (!origin.n)
		return true;
	return at > 0 && host.n && sv_eq_nocase(sv_slice(origin, (size_t)at + 3, origin.n), host);
}

/* The level of the caller; negative: answered. */
static int level_of(struct api *a, struct web_req *r)
{
	struct api_user u;
	sv key = web_req_bearer(r);
	bool known = api_user_of_token(a, key, &u) || api_key_user(a, key, &u);
	if (!same_site(r))
		api_problem(r, 403, "Requests of other sites are not answered.");
	else if (known && api_role_may(a, sv_of(u.role), "bot.use") &&
		 (u.role[0] == '#' || api_role_may(a, sv_of(u.role), "conversation.read")))
		return api_role_may(a, sv_of(u.role), "conversation.read") &&
				       api_role_may(a, sv_of(u.role), "conversation.read_all") ?
			       API_TOOL_USER : API_TOOL_KEY;
	else
		api_problem(r, 401, "Send an API key or a user's token: Authorization: Bearer.");
	return -1;
}

/* ---- a call ---- */

static void job_answer(struct mcp_job *j)
{
	web_reply(j->r, j->out.status, "application/json", sb_sv(&j->out.body), NULL);
	mcp_srv_out_done(&j->out);
	obj_unref(j->kb);
	xfree(j);
}

static void turn_over(void *arg, int status, jv *reply)
{
	struct mcp_job *j = arg;
	if (status == 200)
		mcp_srv_result(&j->out, reply);
	else
		mcp_srv_failed(&j->out, status == 504 ? "The turn was not answered in time." :
							"The turn was not answered; try again.");
	job_answer(j);
}

static void tool_run(struct api_query *q, struct store_db *db)
{
	struct mcp_job *j = q->p;
	struct api_tools on = { db, j->kb, q->a->o.models, q->a->o.models_arg };
	j->rc = api_tool_run(j->out.tool, j->out.args, &on, &j->value, &j->e);
}

static void tool_done(struct api_query *q)
{
	struct mcp_job *j = q->p;
	if (q->status >= 400)        /* it could not even be started */
		mcp_srv_failed(&j->out, q->detail ? q->detail : "Try again.");
	else if (j->rc)
		mcp_srv_failed(&j->out, j->e.msg);
	else
		mcp_srv_result(&j->out, j->value);
	api_query_free(q);
	job_answer(j);
}

static void call(struct mcp_job *j)
{
	struct api *a = j->a;
	if (j->out.tool == API_TOOL_ASK) {
		int rc = api_turn(a, jv_get_str(j->out.args, "text"),
				  jv_get_str(j->out.args, "lang"), turn_over, j);
		if (rc) {
			mcp_srv_failed(&j->out, rc == ERR_FULL ?
						"Too many turns are under way; try again." :
						"Give text, what the customer says.");
			job_answer(j);
		}
		return;
	}
	struct api_query *q = api_query_new(a, j->r);
	j->kb = snap_get(a->o.kb);
	q->p = j;
	q->run = tool_run;
	q->done = tool_done;
	q->settled = true;           /* what was answered is there to be read */
	api_query_start(q);
}

void api_mcp(struct web_req *r, void *arg)
{
	struct api *a = arg;
	char owner[80];
	int level = level_of(a, r);
	if (level < 0)
		return;
	if (api_owner_of(a, web_req_bearer(r), owner, sizeof(owner)))
		api_audit_look(a, r, "mcp.call", sv_of(owner), SV_NULL);
	struct mcp_srv_in in = { .body = web_req_body(r), .http = true, .level = level,
				 .version = web_req_header(r, "mcp-protocol-version"),
				 .method = web_req_header(r, "mcp-method"),
				 .name = web_req_header(r, "mcp-name") };
	struct mcp_job *j = xalloc(sizeof(*j));
	j->a = a;
	j->r = r;
	mcp_srv_take(a->mcp, &in, &j->out);
	if (j->out.kind == MCP_SRV_CALL) {
		call(j);
	} else if (j->out.kind == MCP_SRV_ANSWER) {
		job_answer(j);
	} else {
		web_reply(r, 202, NULL, SV_NULL, NULL);
		mcp_srv_out_done(&j->out);
		xfree(j);
	}
}
