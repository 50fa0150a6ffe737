/* t_api_access.c: who may do what, cell by cell: every route of the door asked by every role,
 * and by nobody. The table below is written by hand: it says what is meant, the roles say what
 * is.
 */
#include "guard_access.h"
#include "t_api_world.h"

static const char *const roles[] = { "admin",   "supervisor", "agent",
				     "quality", "knowledge",  "viewer" };
static const char letters[] = "asgqkv";
#define N_ROLES (sizeof(roles) / sizeof(*roles))

/* Who may: a letter a role as above; "*" = anybody, also without signing in; "-" = only the
 * token of the conversation, no user. */
static const struct {
	const char *route, *who;
} table[] = {
	{ "GET /healthz", "*" },
	{ "GET /readyz", "*" },
	{ "GET /metrics", "*" },
	{ "GET /version", "*" },
	{ "GET /openapi.json", "*" },
	{ "POST /api/v1/auth/login", "*" },
	{ "GET /api/v1/me", "asgqkv" },
	{ "POST /api/v1/conversations", "*" },
	{ "GET /api/v1/conversations", "asgq" },
	{ "GET /api/v1/conversations/{id}", "asgq" },
	{ "POST /api/v1/conversations/{id}/messages", "-" },
	{ "POST /api/v1/conversations/{id}/close", "-" },
	{ "GET /api/v1/conversations/{id}/events", "asgq" },
	{ "GET /api/v1/conversations/{id}/articles/{article}", "asgq" },
	{ "GET /api/v1/conversations/{id}/recording", "asgq" },
	{ "POST /api/v1/conversations/{id}/recording", "asg" },
	{ "POST /api/v1/conversations/{id}/draft", "asg" },
	{ "POST /api/v1/kb/search", "asgk" },
	{ "POST /api/v1/kb/learn", "ask" },
	{ "GET /api/v1/kb/sources", "ask" },
	{ "POST /api/v1/kb/sources", "a" },
	{ "GET /api/v1/kb/sources/{id}", "ask" },
	{ "DELETE /api/v1/kb/sources/{id}", "a" },
	{ "POST /api/v1/kb/sources/{id}/sync", "ask" },
	{ "POST /api/v1/kb/uploads", "a" },
	{ "GET /api/v1/kb/sources/{id}/documents", "ask" },
	{ "DELETE /api/v1/kb/sources/{id}/documents", "a" },
	{ "POST /api/v1/bot/turn", "asgk" },
	{ "GET /api/v1/kb/gaps", "asgk" },
	{ "GET /api/v1/kb/gaps/{id}", "asgk" },
	{ "GET /api/v1/kb/drafts", "asgk" },
	{ "GET /api/v1/kb/drafts/{id}", "asgk" },
	{ "POST /api/v1/kb/drafts/{id}", "ask" },
	{ "GET /api/v1/kb/conflicts", "asgk" },
	{ "GET /api/v1/kb/coverage", "asgk" },
	{ "PUT /api/v1/kb/topics/{id}", "ask" },
	{ "GET /api/v1/kb/sets", "asgk" },
	{ "POST /api/v1/kb/sets", "ask" },
	{ "GET /api/v1/kb/sets/{id}", "asgk" },
	{ "PUT /api/v1/kb/sets/{id}", "ask" },
	{ "DELETE /api/v1/kb/sets/{id}", "ask" },
	{ "GET /api/v1/kb/sets/{id}/questions", "asgk" },
	{ "POST /api/v1/kb/sets/{id}/questions", "ask" },
	{ "DELETE /api/v1/kb/sets/{id}/questions/{n}", "ask" },
	{ "GET /api/v1/kb/sets/{id}/runs", "asgk" },
	{ "POST /api/v1/kb/sets/{id}/runs", "ask" },
	{ "GET /api/v1/kb/runs/{id}", "asgk" },
	{ "GET /api/v1/kb/runs/{id}/answers", "asgk" },
	{ "GET /api/v1/articles", "asgkv" },
	{ "GET /api/v1/articles/{id}", "asgkv" },
	{ "PUT /api/v1/articles/{id}", "ask" },
	{ "DELETE /api/v1/articles/{id}", "ask" },
	{ "POST /api/v1/articles/{id}/rollback", "ask" },
	{ "GET /api/v1/articles/{id}/versions", "asgkv" },
	{ "GET /api/v1/articles/{id}/versions/{version}", "asgkv" },
	{ "GET /api/v1/policies/strategy", "as" },
	{ "PUT /api/v1/policies/strategy", "as" },
	{ "POST /api/v1/policies/strategy/try", "as" },
	{ "GET /api/v1/policies/rollouts", "as" },
	{ "POST /api/v1/policies/rollouts/{row}", "as" },
	{ "GET /api/v1/policies/rollouts/{row}/decisions", "as" },
	{ "GET /api/v1/policies", "asgk" },
	{ "GET /api/v1/policies/{id}", "asgk" },
	{ "PUT /api/v1/policies/{id}", "as" },
	{ "GET /api/v1/policies/{id}/versions", "asgk" },
	{ "POST /api/v1/policies/{id}/publish", "as" },
	{ "POST /api/v1/policies/{id}/rollback", "as" },
	{ "POST /api/v1/policies/{id}/check", "asgk" },
	{ "POST /api/v1/policies/{id}/try", "asgk" },
	{ "GET /api/v1/flows", "asgk" },
	{ "GET /api/v1/flows/{id}", "asgk" },
	{ "PUT /api/v1/flows/{id}", "as" },
	{ "GET /api/v1/flows/{id}/versions", "asgk" },
	{ "POST /api/v1/flows/{id}/publish", "as" },
	{ "POST /api/v1/flows/{id}/rollback", "as" },
	{ "POST /api/v1/flows/{id}/check", "asgk" },
	{ "POST /api/v1/flows/{id}/try", "asgk" },
	{ "GET /api/v1/tools/files", "asgk" },
	{ "GET /api/v1/tools/files/{id}", "asgk" },
	{ "PUT /api/v1/tools/files/{id}", "as" },
	{ "GET /api/v1/tools/files/{id}/versions", "asgk" },
	{ "POST /api/v1/tools/files/{id}/publish", "as" },
	{ "POST /api/v1/tools/files/{id}/rollback", "as" },
	{ "POST /api/v1/tools/files/{id}/check", "asgk" },
	{ "GET /api/v1/tools", "asg" },
	{ "POST /api/v1/tools/{name}/call", "asg" },
	{ "GET /api/v1/approvals", "asg" },
	{ "POST /api/v1/approvals/{id}", "as" },
	{ "POST /api/v1/outbox/{id}", "as" },
	{ "GET /api/v1/intents/confusion", "ask" },
	{ "GET /api/v1/intents/turns", "ask" },
	{ "GET /api/v1/intents/labels", "ask" },
	{ "POST /api/v1/intents/labels", "ask" },
	{ "GET /api/v1/orders", "asg" },
	{ "GET /api/v1/orders/{number}", "asg" },
	{ "GET /api/v1/returns", "asg" },
	{ "GET /api/v1/returns/{id}", "asg" },
	{ "GET /api/v1/products", "asg" },
	{ "GET /api/v1/products/{sku}", "asg" },
	{ "GET /api/v1/customers", "asg" },
	{ "GET /api/v1/customers/{id}", "asg" },
	{ "PATCH /api/v1/customers/{id}", "asg" },
	{ "DELETE /api/v1/customers/{id}", "a" },
	{ "GET /api/v1/customers/{id}/export", "a" },
	{ "GET /api/v1/customers/{id}/timeline", "asg" },
	{ "POST /api/v1/customers/{id}/identities", "asg" },
	{ "DELETE /api/v1/customers/{id}/identities/{iid}", "asg" },
	{ "PUT /api/v1/customers/{id}/consent", "asg" },
	{ "POST /api/v1/customers/join", "asg" },
	{ "POST /api/v1/customers/unjoin", "asg" },
	{ "GET /api/v1/joins", "asg" },
	{ "POST /api/v1/joins/no", "asg" },
	{ "GET /api/v1/tickets", "asg" },
	{ "POST /api/v1/tickets", "asg" },
	{ "GET /api/v1/tickets/board", "asg" },
	{ "GET /api/v1/tickets/{id}", "asg" },
	{ "PATCH /api/v1/tickets/{id}", "asg" },
	{ "POST /api/v1/tickets/{id}/notes", "asg" },
	{ "POST /api/v1/tickets/{id}/state", "asg" },
	{ "POST /api/v1/tickets/{id}/link", "asg" },
	{ "GET /api/v1/calendars", "asg" },
	{ "GET /api/v1/qa/forms", "asgq" },
	{ "GET /api/v1/qa/forms/{id}", "asgq" },
	{ "PUT /api/v1/qa/forms/{id}", "asq" },
	{ "GET /api/v1/qa/reviews", "asgq" },
	{ "GET /api/v1/qa/reviews/{id}", "asgq" },
	{ "PUT /api/v1/qa/reviews/{id}", "asq" },
	{ "POST /api/v1/qa/reviews/{id}/appeal", "asgq" },
	{ "POST /api/v1/qa/reviews/{id}/withdraw", "asgq" },
	{ "POST /api/v1/qa/reviews/{id}/recheck", "asq" },
	{ "POST /api/v1/qa/reviews/{id}/arbitrate", "asq" },
	{ "POST /api/v1/qa/reviews/{id}/archive", "asq" },
	{ "POST /api/v1/qa/reviews/{id}/take", "asq" },
	{ "POST /api/v1/qa/reviews/{id}/giveback", "asq" },
	{ "POST /api/v1/qa/sample", "asq" },
	{ "GET /api/v1/qa/calibration", "asq" },
	{ "GET /api/v1/topics", "asq" },
	{ "GET /api/v1/anomalies", "asqv" },
	{ "GET /api/v1/reports/metrics", "asqv" },
	{ "POST /api/v1/reports/run", "asqv" },
	{ "POST /api/v1/reports/interactions", "asq" },
	{ "GET /api/v1/reports", "asqv" },
	{ "POST /api/v1/reports", "asq" },
	{ "GET /api/v1/reports/{id}", "asqv" },
	{ "PUT /api/v1/reports/{id}", "asq" },
	{ "DELETE /api/v1/reports/{id}", "asq" },
	{ "GET /api/v1/forecast", "as" },
	{ "POST /api/v1/staffing", "as" },
	{ "GET /api/v1/rosters", "as" },
	{ "PUT /api/v1/rosters/{day}", "as" },
	{ "POST /api/v1/rosters/{day}/publish", "as" },
	{ "POST /api/v1/rosters/{day}/propose", "as" },
	{ "POST /api/v1/rosters/{day}/replan", "as" },
	{ "GET /api/v1/rosters/{day}/adherence", "as" },
	{ "GET /api/v1/me/roster", "asg" },
	{ "GET /api/v1/me/adherence", "asg" },
	{ "GET /api/v1/surveys", "asgq" },
	{ "POST /api/v1/surveys", "asgq" },
	{ "GET /api/v1/surveys/{token}", "*" },
	{ "POST /api/v1/surveys/{token}", "*" },
	{ "GET /api/v1/nights", "asqv" },
	{ "GET /api/v1/nights/{id}", "asqv" },
	{ "POST /api/v1/nights/models/back", "as" },
	{ "GET /api/v1/canned", "asgq" },
	{ "GET /api/v1/dispositions", "asgq" },
	{ "GET /api/v1/conversations/{id}/summary", "asgq" },
	{ "PUT /api/v1/conversations/{id}/summary", "asg" },
	{ "POST /api/v1/conversations/{id}/summary", "asg" },
	{ "POST /api/v1/conversations/{id}/translate", "asg" },
	{ "POST /api/v1/conversations/{id}/feedback", "asgq" },
	{ "POST /api/v1/conversations/{id}/follow_ups", "asg" },
	{ "GET /api/v1/handovers", "asg" },
	{ "GET /api/v1/handovers/{id}", "asg" },
	{ "POST /api/v1/handovers/{id}/accept", "asg" },
	{ "POST /api/v1/handovers/{id}/reject", "asg" },
	{ "POST /api/v1/handovers/{id}/hold", "asg" },
	{ "POST /api/v1/handovers/{id}/unhold", "asg" },
	{ "POST /api/v1/handovers/{id}/transfer", "asg" },
	{ "POST /api/v1/handovers/{id}/return", "asg" },
	{ "POST /api/v1/handovers/{id}/end", "asg" },
	{ "POST /api/v1/handovers/{id}/wrap", "asg" },
	{ "POST /api/v1/conversations/{id}/say", "asg" },
	{ "POST /api/v1/conversations/{id}/note", "asg" },
	{ "POST /api/v1/conversations/{id}/monitor", "as" },
	{ "POST /api/v1/conversations/{id}/whisper", "as" },
	{ "POST /api/v1/conversations/{id}/barge", "as" },
	{ "POST /api/v1/conversations/{id}/takeover", "as" },
	{ "POST /api/v1/conversations/{id}/consult", "asg" },
	{ "POST /api/v1/conversations/{id}/merge", "asg" },
	{ "POST /api/v1/conversations/{id}/drop", "asg" },
	{ "POST /api/v1/conversations/{id}/mute", "asg" },
	{ "POST /api/v1/conversations/{id}/unmute", "asg" },
	{ "POST /api/v1/conversations/{id}/keys", "asg" },
	{ "GET /api/v1/queues", "asgv" },
	{ "GET /api/v1/queues/realtime", "asgv" },
	{ "GET /api/v1/queues/{id}", "asgv" },
	{ "PUT /api/v1/queues/{id}", "as" },
	{ "DELETE /api/v1/queues/{id}", "as" },
	{ "GET /api/v1/skills", "asgv" },
	{ "PUT /api/v1/skills/{id}", "as" },
	{ "DELETE /api/v1/skills/{id}", "as" },
	{ "GET /api/v1/agents", "asgv" },
	{ "GET /api/v1/agents/{id}", "asgv" },
	{ "PUT /api/v1/agents/{id}", "as" },
	{ "DELETE /api/v1/agents/{id}", "as" },
	{ "PUT /api/v1/agents/{id}/state", "asg" },
	{ "GET /api/v1/hours", "asgv" },
	{ "GET /api/v1/health", "asgv" },
	{ "GET /api/v1/models", "asgv" },
	{ "POST /api/v1/calls", "asg" },
	{ "GET /api/v1/calls/{id}", "asg" },
	{ "GET /api/v1/users", "a" },
	{ "POST /api/v1/users", "a" },
	{ "GET /api/v1/users/{login}", "a" },
	{ "PATCH /api/v1/users/{login}", "a" },
	{ "GET /api/v1/users/{login}/sessions", "a" },
	{ "DELETE /api/v1/users/{login}/sessions", "a" },
	{ "GET /api/v1/roles", "a" },
	{ "GET /api/v1/audit", "a" },
	{ "POST /api/v1/audit/verify", "a" },
	{ "GET /api/v1/cdr", "as" },
	{ "GET /api/v1/webhooks", "a" },
	{ "POST /api/v1/webhooks", "a" },
	{ "GET /api/v1/webhooks/{id}", "a" },
	{ "PUT /api/v1/webhooks/{id}", "a" },
	{ "DELETE /api/v1/webhooks/{id}", "a" },
	{ "POST /api/v1/webhooks/{id}/test", "a" },
	{ "GET /api/v1/webhooks/{id}/deliveries", "a" },
	{ "POST /api/v1/webhooks/{id}/deliveries/{delivery}/again", "a" },
	{ "POST /api/v1/keys", "a" },
	{ "GET /api/v1/keys", "a" },
	{ "DELETE /api/v1/keys/{name}", "a" },
	{ "GET /v1/models", "asgk" },
	{ "GET /v1/models/{id}", "asgk" },
	{ "POST /v1/chat/completions", "asgk" },
	{ "POST /mcp", "asg" },
};
#define N_TABLE (sizeof(table) / sizeof(*table))

static const char *who_of(const struct web_route *x)
{
	char line[200];
	(void)snprintf(line, sizeof(line), "%s %s", x->method, x->path);
	for (size_t i = 0; i < N_TABLE; i++)
		if (strcmp(table[i].route, line) == 0)
			return table[i].who;
	return NULL;
}

/* The route with something for each {parameter}. */
static void line_of(const struct web_route *x, char *out, size_t cap)
{
	struct sb b;
	sv rest = sv_of(x->path), part;
	sb_init(&b, cap);
	sb_fmt(&b, "%s ", x->method);
	sv_cut(&rest, '/', &part);
	while (sv_cut(&rest, '/', &part)) {
		sb_ch(&b, '/');
		sb_put(&b, sv_eq(part, SV("{version}")) ? SV("1") :
			   sv_starts(part, SV("{")) ? SV("01ARZ3NDEKTSV4RRFFQ69G5FAV") :
						      part);
	}
	(void)snprintf(out, cap, "%s", sb_str(&b));
	sb_done(&b);
}

/* Refused for the role: what is only not theirs says so in other words. The doors for programs
 * (/v1, /mcp) know keys, no roles: 401. */
static bool refused(const struct web_route *x, const struct resp *r)
{
	return sv_starts(sv_of(x->path), SV("/api/")) ?
		       r->status == 403 && sv_eq(jv_get_str(r->json, "detail"),
						 SV("Your role does not allow this.")) :
		       r->status == 401;
}

/* One cell; role NULL = without a token. */
static bool cell(struct aw *w, const struct web_route *x, const char *who, const char *role,
		 char letter)
{
	struct resp r = { 0 };
	char line[400];
	bool open = who[0] == '*', ok;
	line_of(x, line, sizeof(line));
	int status = http(w, line, role ? aw_token(w, role) : NULL, "{}", &r);
	if (open || (role && strchr(who, letter)))
		ok = status && status != 401 && !refused(x, &r) && !(open && status == 403);
	else if (!role)
		ok = status == 401;
	else
		ok = who[0] == '-' ? status == 403 : refused(x, &r);
	if (!ok)
		printf("# %s by %s: %d, the table says \"%s\"\n", line, role ? role : "nobody",
		       status, who);
	resp_done(&r);
	return ok;
}

TEST(api_access_every_route_and_role)
{
	struct aw w = { 0 };
	size_t n;
	const struct web_route *routes = api_routes(&n);
	bool ok = true;

	if (!aw_up(&w))
		return;
	EQ((int)n, (int)N_TABLE);
	for (size_t i = 0; i < n; i++) {
		const char *who = who_of(&routes[i]);
		if (!who)
			printf("# %s %s is not in the table\n", routes[i].method, routes[i].path);
		ok = ok && who;
		for (size_t k = 0; who && k < N_ROLES; k++)
			ok = cell(&w, &routes[i], who, roles[k], letters[k]) && ok;
		if (who)
			ok = cell(&w, &routes[i], who, NULL, 0) && ok;
	}
	aw_down(&w);
	CHECK(ok);
}

static bool socket_opens(struct aw *w, const char *path, const char *role)
{
	struct wsc c;
	char url[API_TOKEN_MAX + 64];
	(void)snprintf(url, sizeof(url), "%s?token=%s", path, aw_token(w, role));
	bool open = wsc_open(w, &c, url) && !c.closed;
	wsc_close(w, &c);
	return open;
}

TEST(api_access_sockets)
{
	static const struct { const char *path, *who; } sockets[] = {
		{ "/ws/supervisor", "as" }, { "/ws/agent", "asg" },
	};
	struct aw w = { 0 };
	bool ok = true;

	if (!aw_up(&w))
		return;
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < N_ROLES; k++)
			if (socket_opens(&w, sockets[i].path, roles[k]) !=
			    (strchr(sockets[i].who, letters[k]) != NULL)) {
				printf("# %s by %s\n", sockets[i].path, roles[k]);
				ok = false;
			}
	aw_down(&w);
	CHECK(ok);
}

/* A company's own roles: what they say is what is, also for a name nobody knew before. */
TEST(api_access_roles_of_the_company)
{
	static const char yaml[] = "roles:\n"
				   "  - id: admin\n    title: {zh: 一, en: one}\n    may: [\"*\"]\n"
				   "  - id: night\n    title: {zh: 夜, en: Night}\n"
				   "    may: [article.read]\n";
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct cfg_report rep = { 0 };

	EQ(guard_access_new(&w.o.access, sv_of(yaml), "roles.yaml", &rep), 0);
	if (!aw_up(&w))
		return;
	EQ(http(&w, "GET /api/v1/articles", aw_token(&w, "night"), NULL, &r), 200);
	EQ(http(&w, "GET /api/v1/queues", aw_token(&w, "night"), NULL, &r), 403);
	EQ(http(&w, "GET /api/v1/articles", aw_token(&w, "supervisor"), NULL, &r), 403);
	EQ(http(&w, "GET /api/v1/articles", aw_token(&w, "admin"), NULL, &r), 200);
	resp_done(&r);
	aw_down(&w);
	obj_unref(w.o.access);
	cfg_report_done(&rep);
}
