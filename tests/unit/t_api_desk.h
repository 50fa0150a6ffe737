/* t_api_desk.h: agents at their sockets, for tests of the people's side: the queues of two agents,
 * orders and their answers, waits for rows. */
#ifndef CALLM_T_API_DESK_H
#define CALLM_T_API_DESK_H

#include "t_api_world.h"

UNUSED static const char queues[] =
	"languages: [zh, en]\n"
	"skills: [ { id: all, title: { zh: \"全部\", en: \"All\" } } ]\n"
	"queues:\n"
	"  - id: general\n"
	"    title: { zh: \"综合\", en: \"General\" }\n"
	"    strategy: top-down\n"
	"    ring_s: 60\n"
	"    wrapup_s: 600\n"
	"  - id: all\n"
	"    title: { zh: \"一起\", en: \"Everybody\" }\n"
	"    strategy: ring-all\n"
	"    ring_s: 60\n"
	"default_queue: general\n"
	"pause_reasons: [break, lunch]\n"
	"agents:\n"
	"  people:\n"
	"    - { login: mei, name: \"Mei\", extension: \"1001\", queues: [ { queue: general, "
	"position: 1 }, all ] }\n"
	"    - { login: tom, name: \"Tom\", extension: \"1002\", queues: [ { queue: general, "
	"position: 2 }, all ] }\n";

struct desk {                        /* an agent's socket */
	struct wsc c;
	const char *token;
	char login[32];
	int n;                       /* of the last order */
};

UNUSED static bool says(const jv *f, const char *path, const char *want)
{
	return f && sv_eq(jv_as_str(jv_path(f, path)), sv_of(want));
}

UNUSED static bool desk_open(struct aw *w, struct desk *d, const char *role, const char *login,
		      int64_t after)
{
	char path[API_TOKEN_MAX + 64];
	snprintf(d->login, sizeof(d->login), "%s", login);
	d->token = aw_token_of(w, role, login);
	snprintf(path, sizeof(path), "/ws/agent?token=%s&after=%lld", d->token, (long long)after);
	return wsc_open(w, &d->c, path) && wsc_wait(w, &d->c, "hello");
}

struct reply {
	struct desk *d;
	char re[16];
};

UNUSED static const jv *reply_of(const struct reply *x)
{
	for (size_t i = 0; i < x->d->c.frames.n; i++)
		if (sv_eq(jv_get_str(x->d->c.frames.v[i], "re"), sv_of(x->re)))
			return x->d->c.frames.v[i];
	return NULL;
}

UNUSED static bool has_reply(void *arg)
{
	const struct reply *x = arg;
	return x->d->c.closed || reply_of(x);
}

/* Status of an order; -1: no answer. */
UNUSED static int order(struct aw *w, struct desk *d, const char *op, const char *data)
{
	struct reply x = { .d = d };
	char text[1024];
	snprintf(x.re, sizeof(x.re), "x%d", ++d->n);
	snprintf(text, sizeof(text), "{\"id\":\"%s\",\"op\":\"%s\",\"data\":%s}", x.re, op, data);
	wsc_send(&d->c, text);
	t_wait(w->loop, has_reply, &x, 15000);
	return (int)jv_get_int(reply_of(&x), "status", -1);
}

UNUSED static int order_on(struct aw *w, struct desk *d, const char *op, const char *handover,
		    const char *conversation, const char *more)
{
	char data[800];
	snprintf(data, sizeof(data), "{\"handover\":\"%s\",\"conversation\":\"%s\"%s}", handover,
		 conversation, more);
	return order(w, d, op, data);
}

UNUSED static void start(struct aw *w, struct wsc *c, char id[27], char token[API_TOKEN_MAX])
{
	wsc_send(c, "{\"op\":\"session.start\",\"data\":{\"language\":\"en\"}}");
	const jv *f = wsc_wait(w, c, "session");
	snprintf(id, 27, SV_FMT, SV_ARG(jv_as_str(jv_path(f, "data.id"))));
	snprintf(token, API_TOKEN_MAX, SV_FMT, SV_ARG(jv_as_str(jv_path(f, "data.token"))));
}

UNUSED static void write_text(struct wsc *c, const char *client_id, const char *text)
{
	char frame[512];
	snprintf(frame, sizeof(frame),
		 "{\"op\":\"message.send\",\"data\":{\"client_id\":\"%s\",\"text\":\"%s\"}}",
		 client_id, text);
	wsc_send(c, frame);
}

/* The hand-over of the offer that this agent has or gets. */
UNUSED static bool offered(struct aw *w, struct desk *d, char id[27])
{
	const jv *f = wsc_wait(w, &d->c, "handover.offered");
	snprintf(id, 27, SV_FMT, SV_ARG(jv_as_str(jv_path(f, "data.handover"))));
	return f && id_ok(sv_of(id));
}

/* A row of that kind and text in message.created from frame number `from` on. */
struct row_wait {
	struct wsc *c;
	const char *kind, *text;
	size_t from;
};

UNUSED static bool row_there(void *arg)
{
	const struct row_wait *x = arg;
	for (size_t i = x->from; i < x->c->frames.n; i++) {
		const jv *f = x->c->frames.v[i];
		const jv *row = sv_eq(jv_get_str(f, "type"), SV("event")) ?
					jv_get(f, "data") : jv_path(f, "data.row");
		if (sv_eq(jv_get_str(row, "kind"), sv_of(x->kind)) &&
		    (!x->text ||
		     sv_find(jv_as_str(jv_path(row, "body.text")), sv_of(x->text)) >= 0))
			return true;
	}
	return x->c->closed;
}

UNUSED static bool row(struct aw *w, struct wsc *c, const char *kind, const char *text)
{
	struct row_wait x = { c, kind, text, c->from };
	return t_wait(w->loop, row_there, &x, 15000) && !c->closed;
}

#endif
