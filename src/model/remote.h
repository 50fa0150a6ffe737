/* remote.h: what every backend on an OpenAI-compatible server does the same way, and languages
 * as they are written there; private to model. Pure, any thread. */
#ifndef CALLM_MODEL_REMOTE_H
#define CALLM_MODEL_REMOTE_H

#include "base.h"

/* A base address with the path of the protocol where it lacks: "http://h:1" and "/audio/speech"
 * give "http://h:1/v1/audio/speech"; an address with a query stays as it is. xfree it; NULL when
 * it is too long. */
char *remote_url(sv url, const char *path);
int remote_status(int64_t status); /* HTTP status of a refusal -> our code */
bool lang_is(sv lang, sv iso);     /* "en" or "en-..." */
bool lang_in(sv lang, sv list);    /* of "en,zh"; an empty list holds all */

#endif
