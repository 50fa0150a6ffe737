/* api_seat.c: /ws/media without a conversation: the browser line of an agent or supervisor:
 * binary frames of 16 kHz PCM both ways, text frames {"type":"line","data":{"on","party"}} when a
 * call comes onto it and goes. The line's name is the login: whoever rings "web:LOGIN" in a call
 * gets this browser (chan_seat.h). A second browser of the same login takes the line. Door's
 * thread. */
#include "api_people.h"
#include "api_user.h"

#include "chan_seat.h"

#include <stdio.h>

struct seat {
	struct seat *next;           /* of all that are open */
	struct api *a;
	struct web_ws *ws;
	struct chan_seat *seat;
	char login[64];
	int64_t made_ms;             /* when they signed in */
};

static void on_audio(void *arg, sv pcm)
{
	struct seat *s = arg;
	web_ws_send(s->ws, pcm, true);
}

static void on_line(void *arg, bool on, sv party)
{
	struct seat *s = arg;
	struct sb b;
	sb_init(&b, 512);
	sb_fmt(&b, "{\"type\":\"line\",\"data\":{\"on\":%s,\"party\":", on ? "true" : "false");
	sb_json(&b, party);
	sb_cstr(&b, "}}");
	web_ws_send(s->ws, sb_sv(&b), false);
	sb_done(&b);
}

static void on_closed(void *arg)
{
	struct seat *s = arg;
	web_ws_close(s->ws, 1000, SV("another browser took the line"));
}

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	sv token = web_req_arg(r, "party");
	token = token.n ? token : web_req_arg(r, "token");
	if (!api_user_of_token(a, token.n ? token : web_req_bearer(r), &u))
		return 401;
	if (!api_role_may(a, sv_of(u.role), "desk.open"))
		return 403;
	if (!a->o.seats || a->draining)
		return 503;
	struct seat *s = xalloc(sizeof(*s));
	struct chan_seat_opts o = { .door = a->mbox, .token = sv_of(u.login), .arg = s,
				    .cb = { on_audio, on_line, on_closed } };
	s->ws = ws;
	s->a = a;
	s->made_ms = u.made_ms;
	snprintf(s->login, sizeof(s->login), "%s", u.login);
	if (chan_seat_open(&s->seat, a->o.seats, &o)) {
		xfree(s);
		return 503;
	}
	web_ws_set_user(ws, s);
	s->next = a->seats_open;
	a->seats_open = s;
	metric_add(M_WS_OPEN, 1);
	return 0;
}

static void on_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct seat *s = web_ws_user(ws);
	if (binary)
		chan_seat_rx(s->seat, msg);
}

static void on_close(struct web_ws *ws, int code, sv reason)
{
	struct seat *s = web_ws_user(ws);
	struct seat **at = &s->a->seats_open;
	metric_add(M_WS_OPEN, -1);
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	chan_seat_close(s->seat);
	xfree(s);
}

void api_seat_cut(struct api *a, sv login, int64_t from_ms)
{
	for (struct seat *s = a->seats_open; s; s = s->next)
		if (sv_eq(login, sv_of(s->login)) && s->made_ms < from_ms)
			web_ws_close(s->ws, 1008, SV("sign in again"));
}

const struct web_ws_ops api_seat_ws = { on_open, on_msg, on_close, NULL };
