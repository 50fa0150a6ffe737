/* api_scope.c: whose conversations an agent sees: those they serve or served, those that wait
 * in their queues, and the others of these customers. Who may conversation.read_all sees all.
 *
 * The door says who asks (api_scope_of), the question itself goes to the database, where the
 * answer is made: on a worker, or on the scribe before a change. docs/access.md. */
#include "api_people.h"

#include "acd.h"
#include "acd_plan.h"

#include <stdio.h>

void api_scope_of(struct api *a, const struct api_user *u, sv conversation, struct api_scope *ret)
{
	*ret = (struct api_scope){ .all = true };
	if (api_role_may(a, sv_of(u->role), "conversation.read_all") ||
	    api_serves(a, conversation, sv_of(u->login)))
		return;
	ret->all = false;
	(void)snprintf(ret->login, sizeof(ret->login), "%s", u->login);
	api_queues_of(a, u->login, ret->queues);
}

void api_queues_of(struct api *a, const char *login, char out[API_QUEUES_MAX])
{
	struct acd_plan *p = a->o.acd ? acd_plan_now(a->o.acd) : NULL;
	int i = p ? acd_plan_person_of(p, sv_of(login)) : -1;
	const struct acd_person *x = i >= 0 ? acd_plan_person(p, i) : NULL;
	size_t n = 1;
	(void)snprintf(out, API_QUEUES_MAX, "|");
	for (int k = 0; x && k < x->n_seats; k++) {
		const char *id = acd_plan_queue(p, x->seats[k].queue)->id;
		if (n + strlen(id) + 2 <= API_QUEUES_MAX)
			n += (size_t)snprintf(out + n, API_QUEUES_MAX - n, "%s|", id);
	}
	obj_unref(p);
}

int api_in_scope(struct store_db *db, const struct api_scope *s, sv conversation)
{
	struct store_stmt *q;
	if (s->all)
		return 0;
	/* one that is not there is not found by whoever looks */
	int rc = store_prep(
		db, &q,
		"SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM conversation WHERE id=?2) OR EXISTS "
		"(SELECT 1 FROM handover h WHERE h.conversation=?2 AND (h.agent=?1 OR (h.agent='' "
		"AND instr(CAST(?3 AS TEXT), '|'||h.queue||'|')>0))) OR EXISTS (SELECT 1 FROM "
		"conversation c JOIN handover h ON h.customer=c.customer_id WHERE c.id=?2 AND "
		"c.customer_id<>'' AND h.agent=?1) OR EXISTS (SELECT 1 FROM event e WHERE "
		"e.conversation=?2 AND (e.kind='turn.agent' AND e.actor='user:'||CAST(?1 AS TEXT) "
		"OR e.kind='call.party' AND instr(e.body, ':'||CAST(?1 AS TEXT)||'\"')>0))");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(s->login));
	store_bind_sv(q, 2, conversation);
	store_bind_sv(q, 3, sv_of(s->queues));
	rc = store_step(q);
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_DENIED;
}

bool api_handover_theirs(const jv *v, sv login, sv queues)
{
	sv agent = jv_get_str(v, "agent"), queue = jv_get_str(v, "queue"), one;
	while (!agent.n && queue.n && sv_cut(&queues, '|', &one))
		if (sv_eq(one, queue))
			return true;
	return agent.n && sv_eq(agent, login);
}
