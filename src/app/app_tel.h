/* app_tel.h: the telephone as the configuration wants it. Private to app; main thread. */
#ifndef CALLM_APP_TEL_H
#define CALLM_APP_TEL_H

#include "base.h"
#include "tel.h"

/* Opens the telephone of the configuration's section sip. Errors as tel_open and cfg_secret,
 * ERR_FULL for a list that is too long; e says which key. */
int app_tel_open(struct tel **ret, const jv *sip, const struct tel_sink *sink, void *arg,
		 struct err *e);
/* One component for each of sip.register. */
void app_tel_health(const struct tel *t, const jv *sip, jv *components);

#endif
