/* guard_access.h: roles as data: which role may do what.
 *
 *	struct guard_access *a;
 *	guard_access_new(&a, yaml, "roles.yaml", &rep);
 *	if (guard_may(a, SV("agent"), "ticket.write")) ...
 *
 * A role that is not there and a permission that nobody wrote down are refused. The permissions
 * are tbl/permissions.def, the roles a company's roles.yaml (docs/access.md); without one those of
 * demo/roles.yaml, which are compiled in. Immutable objs (obj_ref, obj_unref); any thread.
 */
#ifndef CALLM_GUARD_ACCESS_H
#define CALLM_GUARD_ACCESS_H

#include "guard_mask.h"

#define GUARD_ROLES 24               /* of one company */
#define GUARD_ROLE_ID 16             /* bytes of a role's name with its NUL */

enum guard_scope { GUARD_TENANT, GUARD_OWN };        /* everybody's things; only their own */

struct guard_access;

/* 0, or ERR_INVAL with file:line complaints in rep (the caller's). yaml may go afterwards. */
int guard_access_new(struct guard_access **ret, sv yaml, const char *name, struct cfg_report *rep);
/* The roles compiled in; the caller's. */
struct guard_access *guard_access_builtin(void);

/* May that role do it? permission as in tbl/permissions.def. */
bool guard_may(const struct guard_access *a, sv role, const char *permission);
/* Whose things it sees; GUARD_OWN for a role that is not there. */
enum guard_scope guard_scope_of(const struct guard_access *a, sv role);
/* How it sees personal data (a view into a); all hidden for a role that is not there. */
const struct guard_masks *guard_masks_of(const struct guard_access *a, sv role);
/* Those of a role that says nothing of masks. */
const struct guard_masks *guard_masks_usual(void);
const char *guard_show_name(enum guard_show show);   /* "full", as in the file */
bool guard_role_known(const struct guard_access *a, sv role);

/* Roles in the order of the file: name, then titles in zh and en (views into a). NULL at the
 * end. */
const char *guard_role_at(const struct guard_access *a, size_t i, sv ret_title[2]);
/* All permissions, sorted; NULL at the end. ret_what may be NULL. */
const char *guard_permission_at(size_t i, const char **ret_what);

#endif
