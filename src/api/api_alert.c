/* api_alert.c: what a supervisor should look at now: somebody waits too long, a customer is angry
 * with an agent, an agent does not pick up.
 *
 * Each is told once, again only after it was over. Derived from what the hand-overs and
 * conversations tell; nothing is kept. An agent's own mood is never looked at. Door's thread. */
#include "api_people.h"

#include "acd.h"
#include "acd_plan.h"

#include <stdio.h>

#define QUEUES_MAX 128
#define LATE 3                   /* times the time a queue promises */
#define LATE_MS 60000            /* without a promise */

struct api_alerts {
	char late[QUEUES_MAX][64];   /* queues in which somebody waits too long */
	int n_late;
};

void api_alerts_open(struct api *a)
{
	a->people->alerts = xalloc(sizeof(*a->people->alerts));
}

void api_alerts_done(struct api *a)
{
	xfree(a->people->alerts);
}

struct alert {
	const char *kind, *severity;
	sv conversation, agent, queue, text;
};

static void raise_alert(struct api *a, const struct alert *x)
{
	struct sb b;
	jv *o = jv_obj();
	jv_set_str(o, "kind", sv_of(x->kind));
	jv_set_str(o, "severity", sv_of(x->severity));
	if (x->conversation.n)
		jv_set_str(o, "conversation", x->conversation);
	if (x->agent.n)
		jv_set_str(o, "agent", x->agent);
	if (x->queue.n)
		jv_set_str(o, "queue", x->queue);
	jv_set_str(o, "text", x->text);
	sb_init(&b, LIM_SB);
	jv_dump(o, &b);
	jv_free(o);
	api_live_show(a, "alert.raised", sb_sv(&b));
	sb_done(&b);
}

/* Was it late before? Sets what it is now. */
static bool was_late(struct api_alerts *l, sv queue, bool late)
{
	int at = 0;
	while (at < l->n_late && !sv_eq(sv_of(l->late[at]), queue))
		at++;
	bool was = at < l->n_late;
	if (late && !was && at < QUEUES_MAX)
		snprintf(l->late[l->n_late++], sizeof(l->late[0]), SV_FMT, SV_ARG(queue));
	if (!late && was && at != --l->n_late)
		memcpy(l->late[at], l->late[l->n_late], sizeof(l->late[0]));
	return was;
}

void api_alert_queues(struct api *a, const jv *board)
{
	const jv *items = jv_get(board, "items");
	struct acd_plan *p = a->o.acd ? acd_plan_now(a->o.acd) : NULL;
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *q = jv_at(items, i);
		sv id = jv_get_str(q, "id");
		int64_t longest = jv_get_int(q, "longest_ms", 0);
		int at = p ? acd_plan_queue_of(p, id) : -1;
		int64_t promise = at >= 0 ? acd_plan_queue(p, at)->sl_s * INT64_C(1000) : 0;
		char text[96];
		bool late = longest > (promise > 0 ? LATE * promise : LATE_MS);
		if (was_late(a->people->alerts, id, late) || !late)
			continue;
		snprintf(text, sizeof(text), "%lld s", (long long)(longest / 1000));
		raise_alert(a, &(struct alert){ .kind = "waiting_too_long", .severity = "high",
						.queue = id, .text = sv_of(text) });
	}
	obj_unref(p);
}

void api_alert_agent(struct api *a, const jv *state)
{
	if (sv_eq(jv_get_str(state, "reason"), SV("no_answer")))
		raise_alert(a, &(struct alert){ .kind = "agent_no_answer", .severity = "medium",
						.agent = jv_get_str(state, "login"),
						.text = jv_get_str(state, "login") });
}

void api_alert_mood(struct api *a, sv conversation, sv emotion)
{
	struct api_served *x = api_served(a, conversation);
	bool angry = sv_eq(emotion, SV("angry"));
	if (!x || !x->n)
		return;
	if (angry && !x->angry)
		raise_alert(a, &(struct alert){ .kind = "customer_angry", .severity = "high",
						.conversation = conversation,
						.agent = sv_of(x->login[0]), .text = emotion });
	x->angry = angry;
}
