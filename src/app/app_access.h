/* app_access.h: the roles of the company: its roles.yaml, else those of the program. Private to
 * app. Main thread. */
#ifndef CALLM_APP_ACCESS_H
#define CALLM_APP_ACCESS_H

#include "base.h"
#include "guard_access.h"

/* The caller's. e says what to mend. */
int app_access_open(struct guard_access **ret, sv company_file, struct err *e);
/* All faults of roles.yaml beside a company.yaml into rep. */
void app_access_check(sv company_file, struct cfg_report *rep);

#endif
