/* api_may.c: who may do what on the people's side: one permission a route or order, one question
 * (api_may), one table. Door's thread. */
#include "api_people.h"

#define ALL "admin|supervisor|agent"
#define HEADS "admin|supervisor"

static const struct {
	const char *what, *roles;
} table[] = {
	{ "agent.force", HEADS },
	{ "agent.read", ALL },
	{ "agent.state", ALL },
	{ "agent.write", HEADS },
	{ "call.monitor", HEADS },
	{ "call.parties", ALL },
	{ "call.place", ALL },
	{ "call.record", ALL },
	{ "conversation.note", ALL },
	{ "conversation.say", ALL },
	{ "desk.open", ALL },
	{ "handover.accept", ALL },
	{ "handover.end", ALL },
	{ "handover.move", ALL },
	{ "handover.read", ALL },
	{ "handover.read_all", HEADS },
	{ "handover.take", HEADS },
	{ "queue.read", ALL },
	{ "queue.write", HEADS },
};

bool api_role_may(sv role, const char *what)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (sv_eq(sv_of(table[i].what), sv_of(what)))
			return api_role_fits(role, table[i].roles);
	return false;
}

bool api_may(struct api *a, struct web_req *r, const char *what, struct api_user *ret)
{
	struct api_user u;
	if (!api_need_user(a, r, API_ROLES, &u))
		return false;
	if (!api_role_may(sv_of(u.role), what)) {
		api_problem(r, 403, "Your role does not allow this.");
		return false;
	}
	if (ret)
		*ret = u;
	return true;
}
