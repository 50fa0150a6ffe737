/* app_profile.h: who a customer is, for conversations of which a signed-in page or program has made
 * sure whose they are: out of the store, of any company.
 *
 *	app_profiles_open(&p, store, keys);
 *	const struct chan_profile *who = app_profile(p, SV("c007"));    NULL: nobody of that id
 *	app_profiles_close(p);
 */
#ifndef CALLM_APP_PROFILE_H
#define CALLM_APP_PROFILE_H

#include "base.h"
#include "chan.h"
#include "store.h"

struct app_profiles;
struct cust_keys;
/* Both outlive it. */
void app_profiles_open(struct app_profiles **ret, struct store *st, const struct cust_keys *keys);
void app_profiles_close(struct app_profiles *p);     /* accepts NULL */
/* As the store has it now: a handful of indexed reads. One thread (the door). Valid for ten
 * minutes, and for as long as somebody keeps a reference of ->keep. */
const struct chan_profile *app_profile(struct app_profiles *p, sv id);
/* For tests: how many are held. */
size_t app_profiles_held(const struct app_profiles *p);

#endif
