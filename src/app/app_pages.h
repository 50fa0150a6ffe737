/* app_pages.h: the web pages that are part of the program, as the door serves them. Private to
 * app. */
#ifndef CALLM_APP_PAGES_H
#define CALLM_APP_PAGES_H

#include "base.h"
#include "web.h"

/* "https://shop.example" or "http://127.0.0.1:8081": a scheme, a host, perhaps a port, nothing
 * else; a host that begins with "*." stands for all below it. Any thread. */
bool app_pages_site(sv origin);
/* All pages; embed: array of sites whose pages may show /chat in a frame (the widget), NULL =
 * this server's own alone. The script of the widget may be loaded from anywhere. The caller frees
 * them with app_pages_free, after the door. ERR_INVAL: not a site (e names it). Any thread. */
int app_pages(struct web_asset **ret, size_t *ret_n, const jv *embed, struct err *e);
void app_pages_free(struct web_asset *a, size_t n);  /* accepts NULL */

#endif
