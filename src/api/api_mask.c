/* api_mask.c: personal data on its way out: every answer to a user and every frame to their
 * sockets is masked as their role may see it (guard_mask.h).
 *
 * Who asks is known before the request is routed, so an answer that comes late is masked by the
 * role that asked, whatever happened to their token since. Customers see their own data: a
 * conversation's token is no user. What is the company's own is listed here and not looked at;
 * whatever is not listed is. Door's thread, api_mask_query on a worker.
 */
#include "api_int.h"
#include "guard_access.h"

/* Routes with no customer in them; "*" at the end: all below. */
static const char *const ours[] = {
	"/healthz", "/readyz", "/metrics", "/version", "/openapi.json",
	"/api/v1/auth/login", "/api/v1/me",
	"/api/v1/kb/sources*", "/api/v1/kb/uploads", "/api/v1/kb/search",
	"/api/v1/kb/coverage", "/api/v1/kb/topics*",
	"/api/v1/articles*", "/api/v1/conversations/{id}/articles/{article}",
	"/api/v1/policies*", "/api/v1/flows*",
	"/api/v1/tools", "/api/v1/tools/files*", "/api/v1/products*", "/api/v1/calendars",
	"/api/v1/qa/forms*", "/api/v1/canned", "/api/v1/dispositions",
	"/api/v1/forecast", "/api/v1/anomalies", "/api/v1/staffing", "/api/v1/nights*",
	"/api/v1/rosters*", "/api/v1/me/roster", "/api/v1/me/adherence",
	"/api/v1/queues*", "/api/v1/skills*", "/api/v1/agents*", "/api/v1/hours",
	"/api/v1/health", "/api/v1/models", "/api/v1/users*", "/api/v1/roles", "/api/v1/keys*",
	"/api/v1/cdr", "/api/v1/reports*", /* figures and ids, no words */
	"/api/v1/webhooks*", "/api/v1/audit*",
	/* a program talks here for its own customer */
	"/v1/models*", "/v1/chat/completions",
};

bool api_mask_ours(const char *route)
{
	sv path = sv_of(route);

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		sv one = sv_of(ours[i]);
		bool below = sv_ends(one, SV("*"));
		if (below)
			one = sv_slice(one, 0, one.n - 1);
		if (sv_eq(path, one) || (below && sv_starts(path, one) && path.p[one.n] == '/'))
			return true;
	}
	return false;
}

/* NULL: no user and no key. */
static const struct guard_masks *masks_of(struct api *a, sv token)
{
	struct api_user u;

	if (api_user_of_token(a, token, &u))
		return guard_masks_of(a->access, sv_of(u.role));
	if (!api_key_user(a, token, &u) || api_role_may(a, sv_of(u.role), "personal.reveal"))
		return NULL;
	return guard_masks_usual();
}

int api_mask_before(struct web_req *r, void *api)
{
	sv token = web_req_bearer(r);

	if (!token.n)
		token = web_req_arg(r, "token");
	if (token.n)
		web_req_set_user(r, (void *)masks_of(api, token));
	return 0;
}

static bool mask_body(struct web_req *r, sv body, struct sb *out)
{
	const struct guard_masks *m = web_req_user(r);

	if (!m || guard_masks_none(m) || api_mask_ours(web_req_route(r)))
		return false;
	return sv_starts(body, SV("{")) || sv_starts(body, SV("[")) ?
		       guard_mask_json(m, body, out) : guard_mask_text(m, body, out);
}

/* What a query's worker has masked is the same bytes when it is answered. */
bool api_mask_body(struct web_req *r, sv body, struct sb *out, void *api)
{
	const struct api *a = api;

	if (a->masked.p && body.p == a->masked.p && body.n == a->masked.n)
		return false;
	return mask_body(r, body, out);
}

bool api_unmask(const struct guard_masks *m, sv stored, sv given, struct sb *out)
{
	if (m && !guard_masks_none(m))
		return guard_unmask(m, stored, given, out);
	sb_put(out, given);
	return true;
}

void api_mask_query(struct api_query *q)
{
	struct sb out;
	sv body = sb_sv(&q->out);

	if (!q->r || q->status >= 400 || sb_err(&q->out) || !sv_starts(body, SV("{")) ||
	    !sv_ends(body, SV("}")))
		return;
	sb_init(&out, 4 * q->out.n + LIM_SB);
	if (mask_body(q->r, body, &out)) {
		sb_done(&q->out);
		q->out = out;
	} else {
		sb_done(&out);
	}
	q->masked = !sb_err(&q->out);
}

/* The frame as m lets it be seen, from the last time or made now: its place in s. */
static unsigned sent_find(struct api_sent *s, const struct guard_masks *m, sv frame)
{
	unsigned i = 0;
	while (i < API_SENT_MASKS && s->v[i].m && s->v[i].m != m)
		i++;
	if (i < API_SENT_MASKS && s->v[i].m && sv_eq(sb_sv(&s->v[i].frame), frame))
		return i;
	if (i == API_SENT_MASKS)
		i = s->next++ % API_SENT_MASKS;
	sb_done(&s->v[i].frame);
	sb_done(&s->v[i].out);
	sb_init(&s->v[i].frame, frame.n + 16);
	sb_init(&s->v[i].out, 4 * frame.n + LIM_SB);
	sb_put(&s->v[i].frame, frame);
	s->v[i].m = m;
	s->v[i].other = guard_mask_json(m, frame, &s->v[i].out);
	s->masked++;
	return i;
}

void api_sent_done(struct api_sent *s)
{
	for (unsigned i = 0; i < API_SENT_MASKS; i++) {
		sb_done(&s->v[i].frame);
		sb_done(&s->v[i].out);
	}
}

void api_mask_send(struct api *a, struct web_ws *ws, sv role, sv frame)
{
	const struct guard_masks *m = guard_masks_of(a->access, role);

	if (guard_masks_none(m)) {
		web_ws_send(ws, frame, false);
		return;
	}
	unsigned i = sent_find(&a->sent, m, frame);
	if (!a->sent.v[i].other)
		web_ws_send(ws, frame, false);
	else if (sb_err(&a->sent.v[i].out))
		web_ws_close(ws, 1011, SV("a frame could not be masked"));
	else
		web_ws_send(ws, sb_sv(&a->sent.v[i].out), false);
}
