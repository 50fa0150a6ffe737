/* ws_int.h: between ws.c (both sides) and client.c (connecting). */
#ifndef CALLM_WEB_WS_INT_H
#define CALLM_WEB_WS_INT_H

#include "web_int.h"

/* What the clients of one loop with the same CA file share. */
struct web_client {
	struct web_client *next;
	struct loop *loop;
	struct lws_context *ctx;
	char *ca_file;
	struct web_ws *all;
	struct loop_timer sweep;
	bool closing;
};

void web_ws_tell_close(struct web_ws *ws);
void web_client_open(struct web_ws *ws);    /* connected: tell on_open */
void web_client_abort(struct web_ws *ws);   /* stop connecting, soon */

#endif
