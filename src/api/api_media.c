/* api_media.c: /ws/media/{interaction}: a browser's microphone and loudspeaker: binary frames
 * of 16 kHz PCM both ways, text frames for events. The voice itself lives on a shard behind
 * api_media_ops.
 *
 * A token opens one spoken conversation, once, within ten minutes: used ones are remembered for
 * that long (two maps that take turns), and the time is in the conversation's id. It still
 * reads the events afterwards. Door's thread. */
#include "api_int.h"

#include <stdio.h>

#define TOKEN_MS (10 * 60 * 1000)
#define ULID_TIME 10             /* characters of milliseconds in front */

struct sock {
	struct api *a;
	struct web_ws *ws;
	struct api_media *m;
	struct api_addr *addr;
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

/* ---- may this socket speak? ---- */

/* The token of POST /conversations {channel: talk}: "id:interaction:language". */
static bool names_of(struct api *a, struct web_req *r, struct api_media_who *ret)
{
	char *subject = arena_alloc(web_req_arena(r), 128);
	sv rest;
	if (!subject || !api_token_check(a, "media", web_req_arg(r, "token"), subject, 128))
		return false;
	rest = sv_of(subject);
	sv_cut(&rest, ':', &ret->id);
	sv_cut(&rest, ':', &ret->interaction);
	ret->language = rest;
	return id_ok(ret->id) && id_ok(ret->interaction);
}

/* Crockford's base 32, as in all ids. */
static int64_t time_of(sv id)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	int64_t ms = 0;
	for (size_t i = 0; i < ULID_TIME; i++) {
		const char *at = strchr(digits, id.p[i]);
		ms = ms * 32 + (at ? at - digits : 0);
	}
	return ms;
}

void api_media_turn(struct api *a)
{
	map_free(a->media_before);
	a->media_before = a->media_now;
	a->media_now = map_new(LIM_CONVERSATIONS);
}

/* Tokens from before a restart are refused: what was used up is not known any more. */
static int token_fresh(struct api *a, sv id)
{
	int64_t made = time_of(id);
	if (made < a->started_ms || clk_wall_ms() - made > TOKEN_MS)
		return 410;
	return map_get(a->media_now, id) || map_get(a->media_before, id) ? 409 : 0;
}

static int may_speak(struct api *a, struct web_req *r, struct api_media_who *who)
{
	const char *why;
	if (!names_of(a, r, who))
		return 401;
	if (!sv_eq(who->interaction, web_req_param(r, "id")))
		return 403;
	if (!a->o.media)
		return 503;
	int status = token_fresh(a, who->id);
	return status ? status : api_room(a, web_req_peer(r), false, &why);
}

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	static const struct api_media_cb cb = { on_audio, on_text, on_closed };
	struct api *a = arg;
	struct api_media_who who = { 0 };
	int status = may_speak(a, r, &who);
	if (status)
		return status;
	struct sock *s = xalloc(sizeof(*s));
	s->a = a;
	s->ws = ws;
	if (a->o.media->open(a->o.media_arg, a->mbox, &who, &cb, s, &s->m)) {
		xfree(s);
		return 503;
	}
	if (map_put(a->media_now, who.id, a)) {
		a->o.media->close(s->m);
		xfree(s);
		return 503;
	}
	s->addr = api_addr_take(a, web_req_peer(r));
	a->n_media++;
	web_ws_set_user(ws, s);
	metric_add(M_WS_OPEN, 1);
	return 0;
}

/* ---- what comes ---- */

static void on_control(struct sock *s, sv msg)
{
	jv *v = jv_parse(msg, NULL);
	sv op = jv_get_str(v, "op");
	sv digit = jv_as_str(jv_path(v, "data.digit"));
	bool known = digit.n == 1 && strchr("0123456789*#ABCD", digit.p[0]);
	if (sv_eq(op, SV("dtmf")) && known)
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
	s->a->n_media--;
	api_addr_drop(s->a, s->addr);
	s->a->o.media->close(s->m);
	xfree(s);
}

const struct web_ws_ops api_media_ws = { on_open, on_msg, on_close, NULL };
