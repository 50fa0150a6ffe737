/* app_access.c: roles.yaml beside the company's file; a company without one has the roles that are
 * compiled in. Main thread. */
#include "app_access.h"
#include "app_company.h"

enum { ROLES_BYTES = 64 << 10 };

static int read_roles(struct guard_access **ret, sv company_file, struct cfg_report *rep,
		      struct err *e)
{
	struct app_company c;
	struct sb b;
	app_company_open(&c, company_file);
	sb_init(&b, ROLES_BYTES);
	int rc = app_company_file(&c, "roles.yaml", &b, e);
	if (rc == 0)
		rc = guard_access_new(ret, sb_sv(&b), "roles.yaml", rep);
	else if (rc == ERR_NOTFOUND)
		rc = (*ret = guard_access_builtin()) ? 0 : ERR_FAIL;
	sb_done(&b);
	return rc;
}

int app_access_open(struct guard_access **ret, sv company_file, struct err *e)
{
	struct cfg_report rep = { 0 };
	int rc = read_roles(ret, company_file, &rep, e);
	if (rc && rep.n)
		err_set(e, rc, "%s: %s. %s", rep.v[0].where, rep.v[0].what, rep.v[0].mend);
	cfg_report_done(&rep);
	return rc;
}

void app_access_check(sv company_file, struct cfg_report *rep)
{
	struct guard_access *a = NULL;
	struct err e = { 0 };
	(void)read_roles(&a, company_file, rep, &e);
	obj_unref(a);
}
