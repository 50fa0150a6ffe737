/* b_http.c: a server for load generators, one thread:
 *   GET /json   210 bytes of JSON, answered in the handler
 *   GET /later  the same, answered from a timer of the loop
 *   WS  /ws     echo
 * Usage: b_http [PORT] [SECONDS]; prints the port, then the CPU time when done. E.g.
 *   b_http 8099 10 & wrk -t1 -c32 -d4 http://127.0.0.1:8099/json
 */
#include <stdio.h>
#include <stdlib.h>
#include "web.h"

static const char body[] = "{\"id\":\"01J9ZC6N0V7Q4W3E2R1T0Y9U8I\",\"interaction_id\":"
			   "\"01J9ZC6N0V7Q4W3E2R1T0Y9U8J\","
			   "\"channel\":\"webchat\",\"state\":\"open\",\"language\":\"zh\","
			   "\"turns\":12,\"last_actor\":"
			   "\"bot\",\"last_action\":\"reply\",\"recording\":false,\"p\":\"0\"}";
static struct loop *loop;

struct late {
	struct loop_timer t;
	struct web_req *r;
};

static void now(struct web_req *r, void *arg)
{
	web_reply(r, 200, "application/json", sv_n(body, sizeof body - 1), NULL);
}

static void fire(void *arg)
{
	struct late *l = arg;
	now(l->r, NULL);
	free(l);
}

static void later(struct web_req *r, void *arg)
{
	struct late *l = calloc(1, sizeof *l);
	l->r = r;
	loop_after(loop, &l->t, 0, fire, l);
}

static void echo(struct web_ws *ws, sv msg, bool binary)
{
	web_ws_send(ws, msg, binary);
}

static void stop(void *arg)
{
	loop_stop(loop);
}

int main(int argc, char **argv)
{
	static const struct web_route routes[] = { { "GET", "/json", now },
						   { "GET", "/later", later } };
	static const struct web_ws_ops ops = { .on_msg = echo };
	static const struct web_ws_route ws[] = { { "/ws", &ops, NULL } };
	struct loop_timer t = { 0 };
	struct web_srv *s;
	struct err e = { 0 };
	struct web_srv_opts o = {
		.routes = routes, .n_routes = 2, .ws_routes = ws, .n_ws_routes = 1
	};
	o.port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
	loop = loop_new();
	if (web_srv_open(&s, loop, &o, &e) != 0) {
		fprintf(stderr, "b_http: %s\n", e.msg);
		return 1;
	}
	printf("port %d, %zu bytes\n", web_srv_port(s), sizeof body - 1);
	fflush(stdout);
	loop_after(loop, &t, argc > 2 ? strtol(argv[2], NULL, 10) * 1000 : 10000, stop, NULL);
	loop_run(loop);
	int64_t cpu = clk_cpu_us(), n = metric_get(M_HTTP_REQ);
	printf("%lld requests, %.2f us CPU each\n", (long long)n,
	       n ? (double)cpu / (double)n : 0.0);
	web_srv_close(s);
	loop_free(loop);
	return 0;
}
