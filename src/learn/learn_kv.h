/* learn_kv.h: small states of this room as rows of kv, JSON. */
#ifndef CALLM_LEARN_KV_H
#define CALLM_LEARN_KV_H

#include "base.h"
#include "store.h"

/* *ret is the caller's; NULL when there is none. */
int learn_kv_get(struct store_db *db, const char *key, jv **ret);
/* On the scribe. ERR_TOOBIG. */
int learn_kv_put(struct store_db *db, const char *key, const jv *v, int64_t now_ms);

#endif
