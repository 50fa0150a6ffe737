/* api_hook.h: routes of webhooks and of the records of interactions (docs/hook.md). Door's
 * thread. */
#ifndef CALLM_API_HOOK_H
#define CALLM_API_HOOK_H

#include "api_int.h"

/* api_cdr.c */
void api_cdrs(struct web_req *r, void *arg);
/* api_hook.c */
void api_webhooks(struct web_req *r, void *arg);
void api_webhook(struct web_req *r, void *arg);
void api_webhook_make(struct web_req *r, void *arg);
void api_webhook_put(struct web_req *r, void *arg);
void api_webhook_delete(struct web_req *r, void *arg);
void api_webhook_test(struct web_req *r, void *arg);
void api_webhook_deliveries(struct web_req *r, void *arg);
void api_webhook_again(struct web_req *r, void *arg);

#endif
