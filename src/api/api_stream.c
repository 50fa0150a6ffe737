/* api_stream.c: sockets by which other telephone systems hand calls over: who may, how many,
 * begin and end. The voice lives on a shard behind chan_stream; what the messages look like is
 * a matter of the kind.
 *
 * The key comes as Authorization: Bearer, as the password of Basic, or as ?token=; a kind whose
 * clients can send neither takes it from their first message. Door's thread. */
#include "api_stream.h"
#include "pcm.h"

#include <sodium.h>
#include <stdio.h>

#define HELLO_MS 5000
#define STRANGERS 16                 /* sockets whose key is still to come */
#define LATE_FRAMES 20               /* unsent: the far side does not read, sound is dropped */

/* ---- who may ---- */

/* The password of "Basic base64(user:password)", in the request's arena. */
static sv basic_password(struct web_req *r)
{
	sv h = web_req_header(r, "authorization"), user;
	size_t n = 0;
	if (h.n < 7 || h.n > 512 || !sv_eq_nocase(sv_slice(h, 0, 6), SV("Basic ")))
		return SV_NULL;
	sv b64 = sv_trim(sv_slice(h, 6, h.n));
	unsigned char *p = arena_alloc(web_req_arena(r), b64.n + 1);
	if (!p || sodium_base642bin(p, b64.n, b64.p, b64.n, NULL, &n, NULL,
				    sodium_base64_VARIANT_ORIGINAL))
		return SV_NULL;
	sv rest = sv_n((char *)p, n);
	sv_cut(&rest, ':', &user);
	return rest;
}

static sv key_of(struct web_req *r)
{
	sv key = web_req_bearer(r);
	if (!key.n)
		key = basic_password(r);
	return key.n ? key : web_req_arg(r, "token");
}

static bool allowed(const struct api *a, sv peer)
{
	struct sockaddr_in at;
	if (!a->streams.n_allow)
		return true;
	if (sv_starts(peer, SV("::ffff:")))
		peer = sv_slice(peer, 7, peer.n);
	return io_addr_parse(peer, &at) == 0 &&
	       io_net_has(a->streams.allow, a->streams.n_allow, &at);
}

static int may_open(struct api *a, struct web_req *r, const struct api_stream_kind *kind,
		    bool *ret_authed)
{
	char owner[96];
	sv key = key_of(r);
	if (!allowed(a, web_req_peer(r)))
		return 403;
	*ret_authed = api_owner_of(a, key, owner, sizeof(owner));
	if (!*ret_authed && (key.n || !kind->late_key))
		return 401;
	if (a->draining || !a->o.media || !a->o.media->place || a->streams.n >= a->streams.max ||
	    (!*ret_authed && a->streams.strangers >= STRANGERS))
		return 503;
	return 0;
}

bool api_stream_key_ok(struct api_stream *s, sv key)
{
	char owner[96];
	if (s->authed || !api_owner_of(s->a, key, owner, sizeof(owner)))
		return s->authed;
	s->a->streams.strangers--;
	return s->authed = true;
}

/* ---- begin and end ---- */

/* A line a second at most: strangers cannot fill the log. */
static void note(struct api_stream *s, const char *why)
{
	int64_t now = loop_now_ms(s->a->loop) / 1000;
	sv peer = web_ws_peer(s->ws);
	if (s->a->streams.said_s == now) {
		s->a->streams.unsaid++;
		return;
	}
	LOG(WARN, s->kind->way, "from=" SV_FMT " why=\"%s\" unsaid=%d", SV_ARG(peer), why,
	    s->a->streams.unsaid);
	s->a->streams.said_s = now;
	s->a->streams.unsaid = 0;
}

void api_stream_fail(struct api_stream *s, const char *why)
{
	if (s->ended)
		return;
	s->ended = true;
	metric_inc(M_STREAM_REFUSED);
	note(s, why);
	if (s->kind->bye)
		s->kind->bye(s);
	web_ws_close(s->ws, 1008, sv_of(why));
}

static void no_hello(void *arg)
{
	api_stream_fail(arg, "the call did not begin in time");
}

static void on_audio(void *arg, sv bytes)
{
	struct api_stream *s = arg;
	if (web_ws_queued(s->ws) < LATE_FRAMES * (bytes.n + 64))
		s->kind->audio(s, bytes);
}

static void on_flush(void *arg)
{
	struct api_stream *s = arg;
	s->kind->flush(s);
}

static void drop_line(struct api_stream *s)
{
	if (!s->line)
		return;
	chan_stream_close(s->line);
	s->line = NULL;
	metric_add(M_STREAM_ACTIVE, -1);
}

static void on_closed(void *arg, enum chan_close_by by)
{
	struct api_stream *s = arg;
	drop_line(s);
	s->ended = true;
	if (by == CHAN_BY_TIMEOUT)
		note(s, "no sound came for too long");
	if (s->kind->bye)
		s->kind->bye(s);
	web_ws_close(s->ws, 1000, SV("the call is over"));
}

void api_stream_begin(struct api_stream *s, sv ref, enum chan_codec codec, int hz)
{
	struct api *a = s->a;
	if (s->line || s->ended)
		return;
	struct chan_stream_opts o = { .door = a->mbox,
				      .way = s->kind->way,
				      .ref = ref,
				      .language = sv_of(s->lang),
				      .address = sv_of(s->from),
				      .name = sv_of(s->name),
				      .codec = codec,
				      .hz = hz,
				      .silent_ms = a->streams.silent_ms,
				      .lead = s->kind->lead,
				      .cb = { on_audio, on_flush, on_closed },
				      .arg = s };
	metric_inc(M_STREAM_TOTAL);
	int rc = a->o.media->place(a->o.media_arg, &o.place, &o.data_dir);
	if (rc == 0)
		rc = chan_stream_open(&s->line, &o);
	if (rc) {
		s->line = NULL;
		api_stream_fail(s, rc == ERR_INVAL ? "a rate that is none" : "we are busy");
		return;
	}
	metric_add(M_STREAM_ACTIVE, 1);
	loop_timer_stop(&s->hello);
}

void api_stream_who(struct api_stream *s, sv from, sv name, sv lang)
{
	bool known = sv_eq(lang, SV("en")) || sv_eq(lang, SV("zh"));
	if (from.n)
		snprintf(s->from, sizeof(s->from), SV_FMT, SV_ARG(sv_slice(from, 0, 127)));
	if (name.n)
		snprintf(s->name, sizeof(s->name), SV_FMT, SV_ARG(sv_slice(name, 0, 127)));
	if (known)
		snprintf(s->lang, sizeof(s->lang), SV_FMT, SV_ARG(lang));
}

void api_stream_key(struct api_stream *s, sv digit)
{
	if (s->line && digit.n == 1 && pcm_dtmf_ok(digit.p[0]))
		chan_stream_key(s->line, digit.p[0]);
}

/* ---- the socket ---- */

int api_stream_open(struct web_ws *ws, struct web_req *r, struct api *a,
		    const struct api_stream_kind *kind)
{
	bool authed = false;
	int status = may_open(a, r, kind, &authed);
	if (status) {
		metric_inc(M_STREAM_REFUSED);
		return status;
	}
	struct api_stream *s = xalloc(sizeof(*s));
	s->a = a;
	s->ws = ws;
	s->kind = kind;
	s->authed = authed;
	s->answer = sv_eq(web_req_arg(r, "answer"), SV("1"));
	api_stream_who(s, web_req_arg(r, "from"), web_req_arg(r, "name"), web_req_arg(r, "lang"));
	web_ws_set_user(ws, s);
	a->streams.n++;
	a->streams.strangers += !authed;
	metric_add(M_WS_OPEN, 1);
	loop_after(a->loop, &s->hello, HELLO_MS, no_hello, s);
	return 0;
}

void api_stream_on_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct api_stream *s = web_ws_user(ws);
	if (s->ended)
		return;
	if (binary)
		s->kind->binary(s, msg);
	else
		s->kind->text(s, msg);
}

void api_stream_on_close(struct web_ws *ws, int code, sv reason)
{
	struct api_stream *s = web_ws_user(ws);
	metric_add(M_WS_OPEN, -1);
	s->a->streams.n--;
	s->a->streams.strangers -= !s->authed;
	loop_timer_stop(&s->hello);
	drop_line(s);
	xfree(s);
}

/* ---- settings ---- */

void api_streams_init(struct api *a, const jv *cfg)
{
	const jv *allow = jv_get(cfg, "allow");
	a->streams.max = (int)jv_get_int(cfg, "max_calls", 200);
	a->streams.silent_ms = (int)jv_get_int(cfg, "silent_s", 30) * 1000;
	for (size_t i = 0; i < jv_len(allow) && a->streams.n_allow < API_NETS; i++)
		if (io_net_parse(jv_as_str(jv_at(allow, i)),
				 &a->streams.allow[a->streams.n_allow]) == 0)
			a->streams.n_allow++;
}
