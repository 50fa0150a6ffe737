/* app_models.h: which models the server uses: from the configuration and from what is installed;
 * and what the background brings. Private to app. Main thread, but for app_models_list. */
#ifndef CALLM_APP_MODELS_H
#define CALLM_APP_MODELS_H

#include "base.h"
#include "model.h"
#include "weights.h"

enum app_role { APP_LLM, APP_ASR, APP_TTS, APP_EMB, APP_TURN, APP_VAD, APP_ROLES };

#define APP_SPECS 8
struct app_specs { /* lives until app_models_close, its strings too */
	struct model_spec v[APP_SPECS];
	size_t n;
	char note[420]; /* what is missing and how to mend it; "" */
};

struct app_models;
/* cfg: checked, outlives it. lm_dir: folder of the English recogniser's language model. */
int app_models_open(struct app_models **ret, const jv *cfg, const char *data, const char *lm_dir,
		    struct err *e);
/* after everything that uses specs; NULL is fine. */
void app_models_close(struct app_models *m);
/* Looked up now; the same pointer until the next call with this role finds a change. */
const struct app_specs *app_models_of(struct app_models *m, enum app_role r);
/* Begins to pull the default set (models.pull); on_ready: something of this role may be used. */
int app_models_pull(struct app_models *m, void (*on_ready)(void *arg, enum app_role r), void *arg,
		    struct err *e);
void app_models_tick(struct app_models *m);      /* once a second */
void app_models_list(struct app_models *m, jv *out); /* any thread; see weights_list */
/* For a one-shot command: fn with the first model of this role and kind (NULL: any) that a
 * server on this machine would take; the spec lives until fn returned. ERR_NOTFOUND: there is
 * none, e says `missing`; else what fn returned. Blocking, any thread. */
int app_models_with(enum app_role r, const char *kind, const char *missing,
		    int (*fn)(void *arg, const struct model_spec *s, struct err *e), void *arg,
		    struct err *e);

#endif
