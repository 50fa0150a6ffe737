/* api_media.c: /ws/media/{interaction}: a browser's microphone and loudspeaker: binary frames of 16 kHz PCM both
 * ways, text frames for events. The voice itself lives on a shard behind api_media_ops. Door's thread. */
#include "api_int.h"

#include <stdio.h>

struct sock {
	struct api *a;
	struct web_ws *ws;
	struct api_media *m;
};

static void on_audio(void *arg, sv pcm)
{
	struct sock *s = arg;
	web_ws_send(s->ws, pcm, true);
}

static void on_text(void *arg, sv json)
{
	struct sock *s = arg;
	web_ws_send(s->ws, json, false);
}

static void on_closed(void *arg)
{
	struct sock *s = arg;
	web_ws_send(s->ws, SV("{\"type\":\"closed\"}"), false);
	web_ws_close(s->ws, 1000, SV("ended"));
	s->a->o.media->close(s->m);
	s->m = NULL;
}

/* The token of POST /conversations {channel: talk}: "id:interaction:language". */
static bool names_of(struct api *a, struct web_req *r, struct api_media_who *ret)
{
	char *subject = arena_alloc(web_req_arena(r), 128);
	sv rest;
	if (!api_token_check(a, "media", web_req_arg(r, "token"), subject, 128))
		return false;
	rest = sv_of(subject);
	sv_cut(&rest, ':', &ret->id);
	sv_cut(&rest, ':', &ret->interaction);
	ret->language = rest;
	return sv_eq(ret->interaction, web_req_param(r, "id"));
}

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	static const struct api_media_cb cb = { on_audio, on_text, on_closed };
	struct api *a = arg;
	struct api_media_who who = { 0 };
	if (!a->o.media || a->draining)
		return 503;
	if (!names_of(a, r, &who))
		return 401;
	struct sock *s = xalloc(sizeof(*s));
	s->a = a;
	s->ws = ws;
	if (a->o.media->open(a->o.media_arg, a->mbox, &who, &cb, s, &s->m)) {
		xfree(s);
		return 503;
	}
	web_ws_set_user(ws, s);
	metric_add(M_WS_OPEN, 1);
	return 0;
}

static void on_control(struct sock *s, sv msg)
{
	jv *v = jv_parse(msg, NULL);
	sv op = jv_get_str(v, "op");
	sv digit = jv_as_str(jv_path(v, "data.digit"));
	if (sv_eq(op, SV("dtmf")) && digit.n == 1)
		s->a->o.media->key(s->m, digit.p[0]);
	else if (sv_eq(op, SV("hangup")))
		web_ws_close(s->ws, 1000, SV("hangup"));
	jv_free(v);
}

static void on_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct sock *s = web_ws_user(ws);
	if (!s->m)
		return;
	if (binary)
		s->a->o.media->rx(s->m, msg);
	else
		on_control(s, msg);
}

static void on_close(struct web_ws *ws, int code, sv reason)
{
	struct sock *s = web_ws_user(ws);
	metric_add(M_WS_OPEN, -1);
	if (s->m)
		s->a->o.media->close(s->m);
	xfree(s);
}

const struct web_ws_ops api_media_ws = { on_open, on_msg, on_close, NULL };
