/* api_agent_feed.c: what the hand-overs tell, to those it concerns: the agent, the consoles of
 * supervisors; and who is in a call.
 *
 * Events come from the thread of the hand-overs through the door's mailbox, in their order.
 * Door's thread, api_people_feed on any. */
#include "api_people.h"

#include "acd.h"
#include "acd_plan.h"

#include <stdio.h>

/* ---- agents come and go ---- */

void api_agent_came(struct api *a, sv login, bool here)
{
	struct acd_order o = { .act = ACD_DO_SOCKET, .agent = login, .on = here };
	if (a->o.acd && !a->ending)
		(void)acd_do(a->o.acd, &o);  /* unknown logins are no agents: nothing to tell */
}

void api_name_of(struct api *a, const char *login, struct api_name *ret)
{
	struct acd_plan *p = a->o.acd ? acd_plan_now(a->o.acd) : NULL;
	int i = p ? acd_plan_person_of(p, sv_of(login)) : -1;
	const struct acd_person *x = i >= 0 ? acd_plan_person(p, i) : NULL;
	snprintf(ret->text, sizeof(ret->text), "%s", x && x->name && x->name[0] ? x->name : login);
	snprintf(ret->extension, sizeof(ret->extension), "%s",
		 x && x->extension ? x->extension : "");
	obj_unref(p);
}

bool api_is_agent(struct api *a, sv login)
{
	struct acd_plan *p = a->o.acd ? acd_plan_now(a->o.acd) : NULL;
	bool is = p && acd_plan_person_of(p, login) >= 0;
	obj_unref(p);
	return is;
}

/* ---- events ---- */

struct told {
	struct api *a;
	char type[48], agent[64];
	char *json;
};

/* Who hears of the conversation: one agent at a time, and none while it waits. */
static void serve_by(struct api *a, const char *type, sv agent, const jv *v)
{
	static const char *const ends[] = { "handover.ended", "handover.returned",
					    "handover.failed" };
	sv id = jv_get_str(v, "conversation");
	bool begins = strcmp(type, "handover.accepted") == 0;
	if (begins || strcmp(type, "handover.queued") == 0)
		api_serve_none(a, id, false);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (strcmp(type, ends[i]) == 0)
			api_serve_none(a, id, true);
	if (!begins)
		return;
	api_serve(a, id, agent, true);
	struct api_served *x = api_served(a, id);
	if (!x)
		return;
	x->voice = sv_eq(jv_get_str(v, "media"), SV("voice"));
	snprintf(x->lang, sizeof(x->lang), SV_FMT, SV_ARG(jv_get_str(v, "language")));
}

static void board_keep(struct api *a, const char *type, sv json, const jv *v)
{
	bool queues = strcmp(type, "queue.realtime") == 0;
	char **slot = queues ? &a->people->queues_now : &a->people->agents_now;
	xfree(*slot);
	*slot = xstrdup(json);
	if (queues) {
		api_agents_show(a, type, json);
		api_alert_queues(a, v);
	}
	api_live_show(a, type, json);
}

static void told_here(void *arg)
{
	struct told *t = arg;
	struct api *a = t->a;
	sv json = sv_of(t->json), agent = sv_of(t->agent);
	jv *v = a->ending ? NULL : jv_parse(json, NULL);     /* too late: acd may be gone */
	if (v && (strcmp(t->type, "queue.realtime") == 0 ||
		  strcmp(t->type, "agent.realtime") == 0)) {
		board_keep(a, t->type, json, v);
	} else if (v) {
		serve_by(a, t->type, agent, v);
		api_agent_tell(api_agent_find(a, agent), t->type, json);
		api_live_show(a, t->type, json);
		if (strcmp(t->type, "agent.state") == 0) {
			api_agents_show_but(a, agent, t->type, json);
			api_alert_agent(a, v);
		}
	}
	jv_free(v);
	xfree(t->json);
	xfree(t);
}

void api_people_feed(void *api, const char *type, sv agent, sv json)
{
	struct api *a = api;
	struct told *t = xalloc(sizeof(*t));
	t->a = a;
	snprintf(t->type, sizeof(t->type), "%s", type);
	snprintf(t->agent, sizeof(t->agent), SV_FMT, SV_ARG(agent));
	t->json = xstrdup(json);
	if (mbox_post(a->mbox, told_here, t)) {
		xfree(t->json);      /* the tick sees that it was lost */
		xfree(t);
	}
}

/* ---- help for whoever serves a conversation ---- */

struct helped {
	struct api *a;
	char type[48], id[27];
	char *json;
};

static void helped_here(void *arg)
{
	struct helped *h = arg;
	if (!h->a->ending)
		api_agents_serving(h->a, sv_of(h->id), h->type, sv_of(h->json), false);
	xfree(h->json);
	xfree(h);
}

void api_conversation_feed(void *api, const char *type, sv conversation, sv json)
{
	struct api *a = api;
	if (!id_ok(conversation))
		return;
	struct helped *h = xalloc(sizeof(*h));
	h->a = a;
	snprintf(h->type, sizeof(h->type), "%s", type);
	memcpy(h->id, conversation.p, 26);
	h->json = xstrdup(json);
	if (mbox_post(a->mbox, helped_here, h)) {
		xfree(h->json);
		xfree(h);
	}
}

/* ---- who is in a call ---- */

static void party_joined(struct api_served *x, sv id, bool in)
{
	int at = 0;
	while (at < x->n_party && !sv_eq(sv_of(x->party[at]), id))
		at++;
	if (in && at == x->n_party && at < (int)(sizeof(x->party) / sizeof(*x->party)))
		snprintf(x->party[x->n_party++], sizeof(x->party[0]), SV_FMT, SV_ARG(id));
	if (!in && at < x->n_party)
		memmove(x->party[at], x->party[at + 1],
			sizeof(x->party[0]) * (size_t)(--x->n_party - at));
}

/* The supervisor who wanted to take over is in the call. */
static void taken(struct api *a, sv conversation, struct api_served *x, sv party)
{
	struct acd_order o = { .act = ACD_DO_TAKE, .conversation = conversation, .party = party,
			       .agent = sv_of(x->taker), .by = sv_of(x->taker) };
	if (a->o.acd)
		(void)acd_do(a->o.acd, &o);
	x->taker[0] = '\0';
}

void api_call_row(struct api *a, sv conversation, const jv *row)
{
	struct api_served *x = api_served(a, conversation);
	const jv *body = jv_get(row, "body");
	sv id = jv_get_str(body, "id"), step = jv_get_str(body, "step"), who, login = id;
	struct sb b;
	if (!x || !id.n || !sv_cut(&login, ':', &who))
		return;
	bool in = sv_eq(step, SV("joined")), out = sv_eq(step, SV("left")) ||
						   sv_eq(step, SV("failed"));
	if (in || out)
		party_joined(x, id, in);
	bool taker = x->taker[0] && sv_eq(sv_of(x->taker), login) && sv_eq(who, SV("super"));
	jv *o = jv_copy(body);
	jv_set_str(o, "party", id);
	jv_del(o, "id");
	jv_set_str(o, "conversation", conversation);
	sb_init(&b, LIM_SB);
	jv_dump(o, &b);
	jv_free(o);
	/* "out" is a number outside, no user */
	bool colleague = sv_eq(who, SV("consult")) && !sv_eq(login, SV("out"));
	if (in && colleague)
		api_serve(a, conversation, login, true);
	api_agents_serving(a, conversation, "call", sb_sv(&b), true);
	api_live_show(a, "call", sb_sv(&b));
	sb_done(&b);
	/* who wanted to and came to listen only has not taken it */
	bool mode = sv_eq(jv_get_str(body, "mode"), SV("takes_over"));
	if (taker && mode && (in || sv_eq(step, SV("mode"))))
		taken(a, conversation, x, id);
	else if (taker && out)
		x->taker[0] = '\0';
	if (out && colleague)
		api_serve(a, conversation, login, false);    /* x may be gone */
}
