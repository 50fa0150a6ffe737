/* api_may.c: who may do what: one permission a route or order, one question (api_may), answered by
 * the roles of the company (guard_access.h). Door's thread. */
#include "api_audit.h"
#include "api_int.h"
#include "guard_access.h"

bool api_role_may(const struct api *a, sv role, const char *what)
{
	if (sv_starts(role, SV("#")))
		return api_key_may(a, sv_slice(role, 1, role.n), what);
	return guard_may(a->access, role, what);
}

bool api_own_only(const struct api *a, const struct api_user *u)
{
	return u->role[0] != '#' && guard_scope_of(a->access, sv_of(u->role)) == GUARD_OWN;
}

enum tool_role api_tool_role(const struct api *a, const struct api_user *u)
{
	sv role = sv_of(u->role);
	return api_role_may(a, role, "approval.above")	? TOOL_MANAGER :
	       api_role_may(a, role, "approval.decide") ? TOOL_SUPERVISOR :
							  TOOL_AGENT;
}

bool api_may(struct api *a, struct web_req *r, const char *what, struct api_user *ret)
{
	return api_may_as(a, r, what, what, ret);
}

bool api_may_as(struct api *a, struct web_req *r, const char *what, const char *word,
		struct api_user *ret)
{
	struct api_user u;
	if (!api_need_user(a, r, &u))
		return false;
	bool may = api_role_may(a, sv_of(u.role), what);
	if (!api_audit_begin(a, r, word, &u, may))
		return false;
	if (!may) {
		api_problem(r, 403, "Your role does not allow this.");
		return false;
	}
	if (ret)
		*ret = u;
	return true;
}
