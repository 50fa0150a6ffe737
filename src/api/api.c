/* api.c: the door thread: route table, start and stop, queries that go to a worker and come
 * back.
 *
 * The thread owns the server, the sockets and everything in struct api; other threads reach it
 * through its mailbox only. */
#include "api_audit.h"
#include "api_gap.h"
#include "api_hook.h"
#include "api_int.h"
#include "api_night.h"
#include "api_assist.h"
#include "api_people.h"
#include "api_policy.h"
#include "api_forecast.h"
#include "api_roll.h"
#include "api_roster.h"
#include "api_qa.h"
#include "api_set.h"
#include "api_source.h"
#include "api_ticket.h"
#include "api_user.h"
#include "guard_access.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

static const struct web_route routes[] = {
	{ "GET", "/healthz", api_healthz, NULL },
	{ "GET", "/readyz", api_readyz, NULL },
	{ "GET", "/metrics", api_metrics, NULL },
	{ "GET", "/version", api_version, NULL },
	{ "GET", "/openapi.json", api_openapi, NULL },
	{ "POST", "/api/v1/auth/login", api_login, NULL },
	{ "GET", "/api/v1/me", api_me, NULL },
	{ "POST", "/api/v1/conversations", api_conv_create, NULL },
	{ "GET", "/api/v1/conversations", api_conv_list, NULL },
	{ "GET", "/api/v1/conversations/{id}", api_conv_get, NULL },
	{ "POST", "/api/v1/conversations/{id}/messages", api_conv_message, NULL },
	{ "POST", "/api/v1/conversations/{id}/close", api_conv_close, NULL },
	{ "GET", "/api/v1/conversations/{id}/events", api_conv_events, NULL },
	{ "GET", "/api/v1/conversations/{id}/articles/{article}", api_conv_article, NULL },
	{ "GET", "/api/v1/conversations/{id}/recording", api_conv_recording, NULL },
	{ "POST", "/api/v1/conversations/{id}/recording", api_conv_record, NULL },
	{ "POST", "/api/v1/conversations/{id}/draft", api_draft_propose, NULL },
	{ "POST", "/api/v1/kb/search", api_kb_search, NULL },
	{ "POST", "/api/v1/kb/learn", api_kb_learn, NULL },
	{ "GET", "/api/v1/kb/sources", api_sources, NULL },
	{ "POST", "/api/v1/kb/sources", api_source_add, NULL },
	{ "POST", "/api/v1/kb/uploads", api_upload, NULL },
	{ "GET", "/api/v1/kb/sources/{id}", api_source_get, NULL },
	{ "DELETE", "/api/v1/kb/sources/{id}", api_source_delete, NULL },
	{ "POST", "/api/v1/kb/sources/{id}/sync", api_source_sync, NULL },
	{ "GET", "/api/v1/kb/sources/{id}/documents", api_source_docs, NULL },
	{ "DELETE", "/api/v1/kb/sources/{id}/documents", api_source_doc_delete, NULL },
	{ "POST", "/api/v1/bot/turn", api_bot_turn, NULL },
	{ "GET", "/api/v1/kb/gaps", api_gaps, NULL },
	{ "GET", "/api/v1/kb/gaps/{id}", api_gap, NULL },
	{ "GET", "/api/v1/kb/drafts", api_drafts, NULL },
	{ "GET", "/api/v1/kb/drafts/{id}", api_draft, NULL },
	{ "POST", "/api/v1/kb/drafts/{id}", api_draft_decide, NULL },
	{ "GET", "/api/v1/kb/conflicts", api_conflicts, NULL },
	{ "GET", "/api/v1/kb/coverage", api_coverage, NULL },
	{ "PUT", "/api/v1/kb/topics/{id}", api_topic_put, NULL },
	{ "GET", "/api/v1/kb/sets", api_sets, NULL },
	{ "POST", "/api/v1/kb/sets", api_set_new, NULL },
	{ "GET", "/api/v1/kb/sets/{id}", api_set, NULL },
	{ "PUT", "/api/v1/kb/sets/{id}", api_set_name, NULL },
	{ "DELETE", "/api/v1/kb/sets/{id}", api_set_drop, NULL },
	{ "GET", "/api/v1/kb/sets/{id}/questions", api_set_questions, NULL },
	{ "POST", "/api/v1/kb/sets/{id}/questions", api_set_add, NULL },
	{ "DELETE", "/api/v1/kb/sets/{id}/questions/{n}", api_set_cut, NULL },
	{ "GET", "/api/v1/kb/sets/{id}/runs", api_set_runs, NULL },
	{ "POST", "/api/v1/kb/sets/{id}/runs", api_set_run, NULL },
	{ "GET", "/api/v1/kb/runs/{id}", api_run, NULL },
	{ "GET", "/api/v1/kb/runs/{id}/answers", api_run_answers, NULL },
	{ "GET", "/api/v1/articles", api_articles, NULL },
	{ "GET", "/api/v1/articles/{id}", api_article, NULL },
	{ "PUT", "/api/v1/articles/{id}", api_article_put, NULL },
	{ "DELETE", "/api/v1/articles/{id}", api_article_retire, NULL },
	{ "POST", "/api/v1/articles/{id}/rollback", api_article_rollback, NULL },
	{ "GET", "/api/v1/articles/{id}/versions", api_article_versions, NULL },
	{ "GET", "/api/v1/articles/{id}/versions/{version}", api_article_version, NULL },
	{ "GET", "/api/v1/policies/strategy", api_strategy_get, NULL },
	{ "PUT", "/api/v1/policies/strategy", api_strategy_put, NULL },
	{ "POST", "/api/v1/policies/strategy/try", api_strategy_try, NULL },
	{ "GET", "/api/v1/policies/rollouts", api_rollouts, NULL },
	{ "POST", "/api/v1/policies/rollouts/{row}", api_rollout_order, NULL },
	{ "GET", "/api/v1/policies/rollouts/{row}/decisions", api_rollout_decisions, NULL },
	{ "GET", "/api/v1/policies", api_doc_list, NULL },
	{ "GET", "/api/v1/policies/{id}", api_doc_get, NULL },
	{ "PUT", "/api/v1/policies/{id}", api_doc_put, NULL },
	{ "GET", "/api/v1/policies/{id}/versions", api_doc_versions, NULL },
	{ "POST", "/api/v1/policies/{id}/publish", api_doc_publish, NULL },
	{ "POST", "/api/v1/policies/{id}/rollback", api_doc_rollback, NULL },
	{ "POST", "/api/v1/policies/{id}/check", api_doc_check, NULL },
	{ "POST", "/api/v1/policies/{id}/try", api_doc_try, NULL },
	{ "GET", "/api/v1/flows", api_doc_list, NULL },
	{ "GET", "/api/v1/flows/{id}", api_doc_get, NULL },
	{ "PUT", "/api/v1/flows/{id}", api_doc_put, NULL },
	{ "GET", "/api/v1/flows/{id}/versions", api_doc_versions, NULL },
	{ "POST", "/api/v1/flows/{id}/publish", api_doc_publish, NULL },
	{ "POST", "/api/v1/flows/{id}/rollback", api_doc_rollback, NULL },
	{ "POST", "/api/v1/flows/{id}/check", api_doc_check, NULL },
	{ "POST", "/api/v1/flows/{id}/try", api_doc_try, NULL },
	{ "GET", "/api/v1/tools/files", api_doc_list, NULL },
	{ "GET", "/api/v1/tools/files/{id}", api_doc_get, NULL },
	{ "PUT", "/api/v1/tools/files/{id}", api_doc_put, NULL },
	{ "GET", "/api/v1/tools/files/{id}/versions", api_doc_versions, NULL },
	{ "POST", "/api/v1/tools/files/{id}/publish", api_doc_publish, NULL },
	{ "POST", "/api/v1/tools/files/{id}/rollback", api_doc_rollback, NULL },
	{ "POST", "/api/v1/tools/files/{id}/check", api_doc_check, NULL },
	{ "GET", "/api/v1/tools", api_tools_get, NULL },
	{ "POST", "/api/v1/tools/{name}/call", api_tool_call, NULL },
	{ "GET", "/api/v1/approvals", api_approvals_get, NULL },
	{ "POST", "/api/v1/approvals/{id}", api_approval_post, NULL },
	{ "POST", "/api/v1/outbox/{id}", api_outbox_post, NULL },
	{ "GET", "/api/v1/intents/confusion", api_label_confusion, NULL },
	{ "GET", "/api/v1/intents/turns", api_label_turns, NULL },
	{ "GET", "/api/v1/intents/labels", api_label_rows, NULL },
	{ "POST", "/api/v1/intents/labels", api_label_put, NULL },
	{ "GET", "/api/v1/orders", api_orders, NULL },
	{ "GET", "/api/v1/orders/{number}", api_order, NULL },
	{ "GET", "/api/v1/returns", api_returns, NULL },
	{ "GET", "/api/v1/returns/{id}", api_return, NULL },
	{ "GET", "/api/v1/products", api_products, NULL },
	{ "GET", "/api/v1/products/{sku}", api_product, NULL },
	{ "GET", "/api/v1/customers", api_customers, NULL },
	{ "GET", "/api/v1/customers/{id}", api_customer, NULL },
	{ "PATCH", "/api/v1/customers/{id}", api_customer_patch, NULL },
	{ "DELETE", "/api/v1/customers/{id}", api_customer_erase, NULL },
	{ "GET", "/api/v1/customers/{id}/export", api_customer_export, NULL },
	{ "GET", "/api/v1/customers/{id}/timeline", api_customer_timeline, NULL },
	{ "POST", "/api/v1/customers/{id}/identities", api_customer_ident_add, NULL },
	{ "DELETE", "/api/v1/customers/{id}/identities/{iid}", api_customer_ident_delete, NULL },
	{ "PUT", "/api/v1/customers/{id}/consent", api_customer_consent, NULL },
	{ "POST", "/api/v1/customers/join", api_customer_join, NULL },
	{ "POST", "/api/v1/customers/unjoin", api_customer_unjoin, NULL },
	{ "GET", "/api/v1/joins", api_customer_proposals, NULL },
	{ "POST", "/api/v1/joins/no", api_customer_apart, NULL },
	{ "GET", "/api/v1/tickets", api_tickets, NULL },
	{ "POST", "/api/v1/tickets", api_ticket_open, NULL },
	{ "GET", "/api/v1/tickets/board", api_ticket_board, NULL },
	{ "GET", "/api/v1/tickets/{id}", api_ticket_get, NULL },
	{ "PATCH", "/api/v1/tickets/{id}", api_ticket_patch, NULL },
	{ "POST", "/api/v1/tickets/{id}/notes", api_ticket_note, NULL },
	{ "POST", "/api/v1/tickets/{id}/state", api_ticket_state, NULL },
	{ "POST", "/api/v1/tickets/{id}/link", api_ticket_link, NULL },
	{ "GET", "/api/v1/calendars", api_calendars, NULL },
	{ "GET", "/api/v1/qa/forms", api_qa_forms, NULL },
	{ "GET", "/api/v1/qa/forms/{id}", api_qa_form, NULL },
	{ "PUT", "/api/v1/qa/forms/{id}", api_qa_form_put, NULL },
	{ "GET", "/api/v1/qa/reviews", api_qa_reviews, NULL },
	{ "GET", "/api/v1/qa/reviews/{id}", api_qa_review, NULL },
	{ "PUT", "/api/v1/qa/reviews/{id}", api_qa_mark, NULL },
	{ "POST", "/api/v1/qa/reviews/{id}/appeal", api_qa_move, NULL },
	{ "POST", "/api/v1/qa/reviews/{id}/withdraw", api_qa_move, NULL },
	{ "POST", "/api/v1/qa/reviews/{id}/recheck", api_qa_move, NULL },
	{ "POST", "/api/v1/qa/reviews/{id}/arbitrate", api_qa_move, NULL },
	{ "POST", "/api/v1/qa/reviews/{id}/archive", api_qa_move, NULL },
	{ "POST", "/api/v1/qa/reviews/{id}/take", api_qa_move, NULL },
	{ "POST", "/api/v1/qa/reviews/{id}/giveback", api_qa_move, NULL },
	{ "POST", "/api/v1/qa/sample", api_qa_sample, NULL },
	{ "GET", "/api/v1/qa/calibration", api_qa_calibration, NULL },
	{ "GET", "/api/v1/forecast", api_forecast, NULL },
	{ "POST", "/api/v1/staffing", api_staffing, NULL },
	{ "GET", "/api/v1/rosters", api_rosters, NULL },
	{ "PUT", "/api/v1/rosters/{day}", api_roster_put, NULL },
	{ "POST", "/api/v1/rosters/{day}/publish", api_roster_publish, NULL },
	{ "POST", "/api/v1/rosters/{day}/propose", api_roster_propose, NULL },
	{ "POST", "/api/v1/rosters/{day}/replan", api_roster_replan, NULL },
	{ "GET", "/api/v1/rosters/{day}/adherence", api_roster_adherence, NULL },
	{ "GET", "/api/v1/me/roster", api_my_roster, NULL },
	{ "GET", "/api/v1/me/adherence", api_my_adherence, NULL },
	{ "GET", "/api/v1/surveys", api_surveys, NULL },
	{ "POST", "/api/v1/surveys", api_survey_link, NULL },
	{ "GET", "/api/v1/surveys/{token}", api_survey_get, NULL },
	{ "POST", "/api/v1/surveys/{token}", api_survey_post, NULL },
	{ "GET", "/api/v1/topics", api_topics, NULL },
	{ "GET", "/api/v1/anomalies", api_anomalies, NULL },
	{ "GET", "/api/v1/reports/metrics", api_report_metrics, NULL },
	{ "POST", "/api/v1/reports/run", api_report_run, NULL },
	{ "POST", "/api/v1/reports/interactions", api_report_drill, NULL },
	{ "GET", "/api/v1/reports", api_reports, NULL },
	{ "POST", "/api/v1/reports", api_report_put, NULL },
	{ "GET", "/api/v1/reports/{id}", api_report, NULL },
	{ "PUT", "/api/v1/reports/{id}", api_report_put, NULL },
	{ "DELETE", "/api/v1/reports/{id}", api_report_delete, NULL },
	{ "GET", "/api/v1/nights", api_nights, NULL },
	{ "GET", "/api/v1/nights/{id}", api_night, NULL },
	{ "POST", "/api/v1/nights/models/back", api_night_back, NULL },
	{ "GET", "/api/v1/canned", api_canned, NULL },
	{ "GET", "/api/v1/dispositions", api_dispositions, NULL },
	{ "GET", "/api/v1/conversations/{id}/summary", api_summary, NULL },
	{ "PUT", "/api/v1/conversations/{id}/summary", api_summary_put, NULL },
	{ "POST", "/api/v1/conversations/{id}/summary", api_summary_reword, NULL },
	{ "POST", "/api/v1/conversations/{id}/translate", api_translate, NULL },
	{ "POST", "/api/v1/conversations/{id}/feedback", api_feedback, NULL },
	{ "POST", "/api/v1/conversations/{id}/follow_ups", api_follow_ups, NULL },
	{ "GET", "/api/v1/handovers", api_handovers, NULL },
	{ "GET", "/api/v1/handovers/{id}", api_handover, NULL },
	{ "POST", "/api/v1/handovers/{id}/accept", api_op_request, NULL },
	{ "POST", "/api/v1/handovers/{id}/reject", api_op_request, NULL },
	{ "POST", "/api/v1/handovers/{id}/hold", api_op_request, NULL },
	{ "POST", "/api/v1/handovers/{id}/unhold", api_op_request, NULL },
	{ "POST", "/api/v1/handovers/{id}/transfer", api_op_request, NULL },
	{ "POST", "/api/v1/handovers/{id}/return", api_op_request, NULL },
	{ "POST", "/api/v1/handovers/{id}/end", api_op_request, NULL },
	{ "POST", "/api/v1/handovers/{id}/wrap", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/say", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/note", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/monitor", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/whisper", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/barge", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/takeover", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/consult", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/merge", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/drop", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/mute", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/unmute", api_op_request, NULL },
	{ "POST", "/api/v1/conversations/{id}/keys", api_op_request, NULL },
	{ "GET", "/api/v1/queues", api_queues, NULL },
	{ "GET", "/api/v1/queues/realtime", api_queues_realtime, NULL },
	{ "GET", "/api/v1/queues/{id}", api_queue, NULL },
	{ "PUT", "/api/v1/queues/{id}", api_queue_put, NULL },
	{ "DELETE", "/api/v1/queues/{id}", api_queue_delete, NULL },
	{ "GET", "/api/v1/skills", api_skills, NULL },
	{ "PUT", "/api/v1/skills/{id}", api_skill_put, NULL },
	{ "DELETE", "/api/v1/skills/{id}", api_skill_delete, NULL },
	{ "GET", "/api/v1/agents", api_agents, NULL },
	{ "GET", "/api/v1/agents/{id}", api_agent, NULL },
	{ "PUT", "/api/v1/agents/{id}", api_agent_put, NULL },
	{ "DELETE", "/api/v1/agents/{id}", api_agent_delete, NULL },
	{ "PUT", "/api/v1/agents/{id}/state", api_op_request, NULL },
	{ "GET", "/api/v1/hours", api_hours, NULL },
	{ "GET", "/api/v1/health", api_health, NULL },
	{ "GET", "/api/v1/models", api_models, NULL },
	{ "POST", "/api/v1/calls", api_call_make, NULL },
	{ "GET", "/api/v1/calls/{id}", api_call_get, NULL },
	{ "GET", "/api/v1/users", api_users, NULL },
	{ "POST", "/api/v1/users", api_user_make, NULL },
	{ "GET", "/api/v1/users/{login}", api_user_get, NULL },
	{ "PATCH", "/api/v1/users/{login}", api_user_patch, NULL },
	{ "GET", "/api/v1/users/{login}/sessions", api_sessions, NULL },
	{ "DELETE", "/api/v1/users/{login}/sessions", api_sessions_end, NULL },
	{ "GET", "/api/v1/roles", api_roles, NULL },
	{ "GET", "/api/v1/audit", api_audit_list, NULL },
	{ "POST", "/api/v1/audit/verify", api_audit_verify_post, NULL },
	{ "GET", "/api/v1/cdr", api_cdrs, NULL },
	{ "GET", "/api/v1/webhooks", api_webhooks, NULL },
	{ "POST", "/api/v1/webhooks", api_webhook_make, NULL },
	{ "GET", "/api/v1/webhooks/{id}", api_webhook, NULL },
	{ "PUT", "/api/v1/webhooks/{id}", api_webhook_put, NULL },
	{ "DELETE", "/api/v1/webhooks/{id}", api_webhook_delete, NULL },
	{ "POST", "/api/v1/webhooks/{id}/test", api_webhook_test, NULL },
	{ "GET", "/api/v1/webhooks/{id}/deliveries", api_webhook_deliveries, NULL },
	{ "POST", "/api/v1/webhooks/{id}/deliveries/{delivery}/again", api_webhook_again, NULL },
	{ "POST", "/api/v1/keys", api_key_make, NULL },
	{ "GET", "/api/v1/keys", api_key_list, NULL },
	{ "DELETE", "/api/v1/keys/{name}", api_key_delete, NULL },
	{ "GET", "/v1/models", api_openai_models, NULL },
	{ "GET", "/v1/models/{id}", api_openai_model, NULL },
	{ "POST", "/v1/chat/completions", api_openai_chat, NULL },
	{ "POST", "/mcp", api_mcp, NULL },
};
static const struct web_ws_route ws_routes[] = {
	{ "/ws/chat", &api_chat_ws, NULL },
	{ "/ws/supervisor", &api_live_ws, NULL },
	{ "/ws/agent", &api_agent_ws, NULL },
	{ "/ws/media", &api_seat_ws, NULL },
	{ "/ws/media/{id}", &api_media_ws, NULL },
	{ "/v1/realtime", &api_realtime_ws, NULL },
	{ "/asterisk/media", &api_asterisk_ws, NULL },
	{ "/twilio/media", &api_twilio_ws, NULL },
};

const struct web_route *api_routes(size_t *n)
{
	*n = sizeof(routes) / sizeof(*routes);
	return routes;
}

#define TICK_MS 250
#define KEYS_MS 5000             /* another process may have made an API key */

struct api_thread {
	pthread_t id;
	pthread_barrier_t ready;
	int rc;
	struct err e;
};

/* ---- queries ---- */

struct api_query *api_query_new(struct api *a, struct web_req *r)
{
	struct api_query *q = xalloc(sizeof(*q));
	q->a = a;
	q->r = r;
	q->status = 200;
	q->scope.all = true;
	arena_init(&q->arena, LIM_ARENA_TURN);
	sb_init(&q->out, 16u << 20);
	return q;
}

void api_query_free(struct api_query *q)
{
	arena_done(&q->arena);
	sb_done(&q->out);
	xfree(q);
}

bool api_row(struct api_query *q, struct store_stmt *st)
{
	int rc = store_step(st);
	if (rc < 0) {
		q->status = 500;
		q->detail = "The database could not be read.";
	}
	return rc == 1;
}

static void query_run(void *arg, struct store_db *db)
{
	struct api_query *q = arg;
	int rc = api_in_scope(db, &q->scope, q->s1);
	if (rc) {
		q->status = err_http(rc);
		q->detail = rc == ERR_DENIED ? API_NOT_YOURS : "The database could not be read.";
		return;
	}
	q->run(q, db);
	api_mask_query(q);
}

/* The tag is a hash of the body: the same text, the same tag, on every machine. */
static void reply_tagged(struct api_query *q)
{
	char tag[24], line[48];
	snprintf(tag, sizeof(tag), "\"%016llx\"", (unsigned long long)sv_hash(sb_sv(&q->out)));
	snprintf(line, sizeof(line), "ETag: %s\r\n", tag);
	sv known = web_req_header(q->r, "if-none-match"), one;
	while (sv_cut(&known, ',', &one)) {
		one = sv_trim(one);
		if (sv_starts(one, SV("W/")))
			one = sv_slice(one, 2, one.n);
		if (sv_eq(one, sv_of(tag)) || sv_eq(one, SV("*"))) {
			web_reply(q->r, 304, NULL, SV_NULL, line);
			return;
		}
	}
	web_reply(q->r, 200, "application/json", sb_sv(&q->out), line);
}

void api_query_answer(struct api_query *q)
{
	if (q->status >= 400)
		api_problem(q->r, q->status, q->detail);
	else if (sb_err(&q->out))
		api_problem(q->r, 500, "The answer is too large; ask for less with limit.");
	else if (q->etag)
		reply_tagged(q);
	else
		web_reply(q->r, q->status, "application/json", sb_sv(&q->out), NULL);
	api_query_free(q);
}

static void query_done(void *arg)
{
	struct api_query *q = arg;
	struct api *a = q->a;
	a->masked = q->masked ? sb_sv(&q->out) : SV_NULL;
	if (q->done)
		q->done(q);
	else
		api_query_answer(q);
	a->masked = SV_NULL;
}

static void query_failed(struct api_query *q, int rc)
{
	q->status = err_http(rc);
	q->detail = "The database is busy; try again.";
	query_done(q);
}

static void query_read(void *arg, int err)
{
	struct api_query *q = arg;
	int rc = q->a->ending ? ERR_CLOSED :
				store_read(q->a->o.store, q->a->o.pool, q->a->mbox, query_run,
					   q, query_done);
	if (rc)
		query_failed(q, rc == ERR_CLOSED ? ERR_AGAIN : rc);
}

static int nothing(void *arg, struct store_db *db)
{
	return 0;
}

void api_query_start(struct api_query *q)
{
	if (!q->settled) {
		query_read(q, 0);
		return;
	}
	int rc = store_write(q->a->o.store, nothing, q, q->a->mbox, query_read);
	if (rc)
		query_failed(q, rc);
}

void api_problem(struct web_req *r, int status, const char *detail)
{
	if (status < 0) {
		detail = detail ? detail : err_text(status);
		status = err_http(status);
	}
	web_reply_problem_with(r, status, detail, status == 401 ? "WWW-Authenticate: Bearer\r\n" :
			       status == 429 || status == 503 ? "Retry-After: 2\r\n" : NULL);
}

void api_problem_code(struct web_req *r, int status, const char *code, const char *detail)
{
	jv *o = jv_obj();
	struct sb b;
	jv_set_str(o, "type", SV("about:blank"));
	jv_set_str(o, "title", sv_of(web_status_text(status)));
	jv_set_int(o, "status", status);
	jv_set_str(o, "detail", sv_of(detail));
	jv_set_str(o, "code", sv_of(code));
	sb_init(&b, LIM_JSON_BYTES);
	jv_dump(o, &b);
	jv_free(o);
	web_reply(r, status, "application/problem+json", sb_sv(&b), NULL);
	sb_done(&b);
}

jv *api_body(struct web_req *r)
{
	struct err e = { 0 };
	sv body = web_req_body(r);
	jv *v = body.n ? jv_parse(body, &e) : jv_obj();
	if (v && jv_is_obj(v))
		return v;
	jv_free(v);
	char why[512];
	snprintf(why, sizeof(why), "The body must be one JSON object%s%s.",
		 e.msg[0] ? ": " : "", e.msg);
	api_problem(r, 400, why);
	return NULL;
}

int api_if_match(struct web_req *r, int64_t *ret)
{
	sv s = web_req_header(r, "if-match");
	if (!s.n || sv_eq(s, SV("*")))
		return 0;
	if (sv_starts(s, SV("\"")) && sv_ends(s, SV("\"")) && s.n > 2)
		s = sv_slice(s, 1, s.n - 1);
	return sv_i64(s, ret) || *ret < 0 ? -1 : 1;
}

void api_reply_version(struct web_req *r, int status, sv json, int64_t version)
{
	char line[48];
	snprintf(line, sizeof(line), "ETag: \"%lld\"\r\n", (long long)version);
	web_reply(r, status, "application/json", json, line);
}

/* ---- requests that must be answered by a time ---- */

void api_due_add(struct api *a, struct api_due *d, void (*fn)(struct api_due *d))
{
	d->fn = fn;
	d->at_ms = loop_now_ms(a->loop) + (a->o.reply_ms > 0 ? a->o.reply_ms : 30000);
	d->next = NULL;
	d->prev = a->due_last;
	if (a->due_last)
		a->due_last->next = d;
	else
		a->due_first = d;
	a->due_last = d;
}

void api_due_cut(struct api *a, struct api_due *d)
{
	if (!d->fn)
		return;
	d->fn = NULL;
	if (d->prev)
		d->prev->next = d->next;
	else
		a->due_first = d->next;
	if (d->next)
		d->next->prev = d->prev;
	else
		a->due_last = d->prev;
}

static void due_run(struct api *a, int64_t now)
{
	while (a->due_first && a->due_first->at_ms <= now) {
		struct api_due *d = a->due_first;
		void (*fn)(struct api_due *) = d->fn;
		api_due_cut(a, d);
		fn(d);
	}
}

static void reload(struct api *a)
{
	api_keys_reload(a);
	api_users_reload(a);
}

static void tick(void *arg)
{
	struct api *a = arg;
	loop_after(a->loop, &a->tick, TICK_MS, tick, a);
	due_run(a, loop_now_ms(a->loop));
	a->ticks++;
	if (a->ticks % (KEYS_MS / TICK_MS) == 0)
		reload(a);
	api_openai_tick(a);
	if (a->ticks % (60000 / TICK_MS) == 0) {
		api_addrs_sweep(a);
		api_used_tick(a);
	}
	if (a->ticks % (600000 / TICK_MS) == 0)
		api_media_turn(a);
	if (a->ticks % (3600000 / TICK_MS) == 0)
		api_claims_sweep(a);
}

/* ---- the thread ---- */

static void count_request(const struct web_req *r, int status, int64_t us, void *arg)
{
	metric_inc(M_HTTP_REQ);
	if (status >= 400)
		metric_inc(M_HTTP_ERR);
}

static int door_open(struct api *a, struct err *e)
{
	const struct api_opts *o = &a->o;
	struct web_srv_opts w = {
		.host = o->host,
		.port = o->port,
		.routes = routes,
		.n_routes = sizeof(routes) / sizeof(*routes),
		.ws_routes = ws_routes,
		.n_ws_routes = sizeof(ws_routes) / sizeof(*ws_routes),
		.assets = o->assets,
		.n_assets = o->n_assets,
		.arg = a,
		.tls_cert = o->tls_cert,
		.tls_key = o->tls_key,
		.csp = API_CSP "; frame-ancestors 'self'",
		.rate_per_s = o->rate_per_s,
		.after = count_request,
		.before = api_mask_before,
		.mask = api_mask_body,
		.hold = api_audit_hold,
	};
	int rc = web_srv_open(&a->srv, a->loop, &w, e);
	if (rc)
		return rc;
	api_claims_sweep(a);
	loop_after(a->loop, &a->tick, TICK_MS, tick, a);
	rc = api_people_open(a);
	return rc ? rc : api_live_open(a);
}

static void *door_main(void *arg)
{
	struct api *a = arg;
	pthread_setname_np(pthread_self(), "door");
	a->thread->rc = door_open(a, &a->thread->e);
	bool ok = a->thread->rc == 0;
	pthread_barrier_wait(&a->thread->ready);
	if (!ok)
		return NULL;
	loop_run(a->loop);
	a->ending = true;
	loop_timer_stop(&a->tick);
	web_srv_close(a->srv);
	api_people_stop(a);
	api_live_done(a);
	api_chats_done(a);
	api_openai_stop(a);
	return NULL;
}

/* Results that came too late find a->ending set: they start nothing and answer nobody. */
static void api_free(struct api *a)
{
	mbox_free(a->mbox);
	due_run(a, INT64_MAX);
	api_people_done(a);
	api_openai_done(a);
	api_mcp_done(a);
	api_keys_done(a);
	api_users_done(a);
	api_used_done(a);
	obj_unref(a->access);
	api_docs_done(a);
	loop_free(a->loop);
	map_free(a->chats);
	map_free(a->media_now);
	map_free(a->media_before);
	api_addrs_done(a);
	api_sent_done(&a->sent);
	sodium_memzero(a->key, sizeof(a->key));
	xfree(a->thread);
	xfree(a);
}

int api_open(struct api **ret, const struct api_opts *o, struct err *e)
{
	struct api *a = xalloc(sizeof(*a));
	a->o = *o;
	a->started_ms = clk_wall_ms();
	a->loop = loop_new();
	a->mbox = mbox_new(a->loop);
	a->access = o->access ? obj_ref(o->access) : guard_access_builtin();
	a->chats = map_new(LIM_CONVERSATIONS);
	a->addrs = map_new(65536 + 1);
	a->media_now = map_new(LIM_CONVERSATIONS);
	a->media_before = map_new(LIM_CONVERSATIONS);
	a->thread = xalloc(sizeof(*a->thread));
	api_used_open(a);
	api_openai_open(a);
	api_docs_open(a);
	api_streams_init(a, o->streams);
	int rc = api_key_load(a, e);
	if (rc == 0)
		rc = api_mcp_open(a, e);
	if (rc == 0)
		api_keys_open(a);
	if (rc == 0)
		api_users_open(a);
	if (rc) {
		api_free(a);
		return rc;
	}
	pthread_barrier_init(&a->thread->ready, NULL, 2);
	if (pthread_create(&a->thread->id, NULL, door_main, a)) {
		pthread_barrier_destroy(&a->thread->ready);
		api_free(a);
		return err_set(e, ERR_FAIL, "no thread for the door");
	}
	pthread_barrier_wait(&a->thread->ready);
	if (a->thread->rc) {
		rc = a->thread->rc;
		if (e)
			*e = a->thread->e;
		pthread_join(a->thread->id, NULL);
		pthread_barrier_destroy(&a->thread->ready);
		api_free(a);
		return rc;
	}
	*ret = a;
	return 0;
}

int api_port(const struct api *a)
{
	return web_srv_port(a->srv);
}

static void drain_here(void *arg)
{
	struct api *a = arg;
	a->draining = true;
}

/* A full mailbox empties soon: the caller is no loop and may wait. */
static void post(struct api *a, mbox_fn *fn, void *arg)
{
	const struct timespec pause = { 0, 1000000 };
	while (mbox_post(a->mbox, fn, arg) == ERR_FULL)
		nanosleep(&pause, NULL);
}

void api_drain(struct api *a)
{
	post(a, drain_here, a);
}

static void stop_here(void *arg)
{
	loop_stop(arg);
}

void api_stop(struct api *a)
{
	if (!a || a->stopped)
		return;
	a->stopped = true;
	post(a, stop_here, a->loop);
	pthread_join(a->thread->id, NULL);
	pthread_barrier_destroy(&a->thread->ready);
}

void api_close(struct api *a)
{
	if (!a)
		return;
	api_stop(a);
	api_free(a);
}
