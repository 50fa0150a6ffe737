/* f_web_http.c: any bytes into the real server over loopback, in two pieces; afterwards
 * a good request must still be answered. The client half-closes, so the server has to
 * end the connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include "../unit/web_help.h"

#ifdef FUZZ_WS          /* f_web_ws.c takes the server from here */
#define FUZZ_ENTRY fuzz_http_one
#else
#define FUZZ_ENTRY LLVMFuzzerTestOneInput
#endif
int FUZZ_ENTRY(const uint8_t *data, size_t size);

static struct loop *fuzz_loop;
static struct web_srv *fuzz_srv;
static int fuzz_status;        /* of the first answer, 0 = closed without one */
static bool fuzz_ended;

static void fuzz_echo(struct web_req *r, void *arg)
{
	jv *o = jv_obj();
	jv_set_str(o, "path", web_req_path(r));
	jv_set_str(o, "query", web_req_query(r));
	jv_set_str(o, "a", web_req_arg(r, "a"));
	jv_set_str(o, "cookie", web_req_header(r, "cookie"));
	jv_set_str(o, "x", web_req_header(r, "x-any"));
	jv_set_int(o, "body", (int64_t)web_req_body(r).n);
	web_reply_json(r, 200, o);
}

static int fuzz_ws_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	return 0;
}

static void fuzz_ws_msg(struct web_ws *ws, sv msg, bool binary)
{
	web_ws_send(ws, msg, binary);
}

static void fuzz_up(void)
{
	static const struct web_route routes[] = {
		{ "GET", "/ok", fuzz_echo },
		{ "POST", "/echo", fuzz_echo },
		{ "GET", "/p/{a}/{b*}", fuzz_echo },
	};
	static const struct web_ws_ops ops = { .on_open = fuzz_ws_open, .on_msg = fuzz_ws_msg };
	static const struct web_ws_route ws[] = { { "/ws", &ops, NULL } };
	struct web_srv_opts o = { .routes = routes,
				  .n_routes = 3,
				  .ws_routes = ws,
				  .n_ws_routes = 1,
				  .max_body = 4096 };
	struct err e = { 0 };
	if (fuzz_srv)
		return;
	fuzz_loop = loop_new();
	if (web_srv_open(&fuzz_srv, fuzz_loop, &o, &e) != 0)
		abort();
}

static void fuzz_down(void)
{
	web_srv_close(fuzz_srv);
	loop_free(fuzz_loop);
	fuzz_srv = NULL;
	fuzz_loop = NULL;
}

static void fuzz_good(void)
{
	struct raw r;
	raw_open(&r, web_srv_port(fuzz_srv));
	raw_send(&r, fuzz_loop, SV("GET /ok HTTP/1.1\r\nHost: t\r\n\r\n"));
	raw_wait(&r, fuzz_loop, 1, 5000);
	int st = raw_status(&r);
	raw_close(&r);
	if (st != 200)
		abort();
}

int FUZZ_ENTRY(const uint8_t *data, size_t size)
{
	struct raw r;
	sv s = sv_n((const char *)data, size);
	fuzz_up();
	raw_open(&r, web_srv_port(fuzz_srv));
	raw_send(&r, fuzz_loop, sv_slice(s, 0, size / 2));
	spin(fuzz_loop, 2);
	raw_send(&r, fuzz_loop, sv_slice(s, size / 2, size));
	spin(fuzz_loop, 3);
	raw_poll(&r);
	shutdown(r.fd, SHUT_WR);
	fuzz_ended = raw_wait_closed(&r, fuzz_loop, 6000);
	fuzz_status = raw_status(&r);
	raw_close(&r);
	fuzz_good();
	return 0;
}
