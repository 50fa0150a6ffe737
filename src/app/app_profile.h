/* app_profile.h: who the demo company's customers are, for conversations in which that was made
 * sure. Read once at start, immutable: any thread.
 *
 *	app_profiles_open(&p, &e);
 *	const struct chan_profile *who = app_profile(p, SV("c007"));    NULL: nobody of that id
 *	app_profiles_close(p);
 */
#ifndef CALLM_APP_PROFILE_H
#define CALLM_APP_PROFILE_H

#include "base.h"
#include "chan.h"

struct app_profiles;
/* From the customers and orders inside the program. */
int app_profiles_open(struct app_profiles **ret, struct err *e);
void app_profiles_close(struct app_profiles *p);     /* accepts NULL */
/* Lives until close. */
const struct chan_profile *app_profile(const struct app_profiles *p, sv id);

#endif
