/* tel_sdp.c: offer and answer for one audio stream: codecs, telephone-event, RTCP, SRTP keys.
 * Front thread.
 *
 * libre parses and encodes; here are the bounds that it lacks and the plain struct that crosses to
 * the shard.
 *
 * Codecs: those of tel_opts.codecs, offered in that order. Of an offer we take the first of our
 * list when one was configured, else the first of the offer that we know. What may come is every
 * format both sides named (RFC 3264, 6.1).
 *
 * SRTP by SDES (RFC 4568): an offer of RTP/SAVP is answered with RTP/SAVP and the first a=crypto we
 * understand; plain RTP is refused when SRTP is required. A call of ours offers SAVP when told to
 * (secure), with a key for each suite. Keys live in the SDP, in struct tel_media_info and in the
 * leg; they are never written anywhere else, and a description with keys is wiped with the call.
 */
#include "tel_front.h"

enum { OPUS_PT = 107, EVENT_PT = 101, EVENT48_PT = 102 };

static const struct {
	const char *conf, *name, *pt, *params;
	uint32_t hz;
	uint8_t ch;
	int fixed; /* payload type that needs no rtpmap (RFC 3551), -1 = none */
} codecs[TEL_CODECS] = {
	[TEL_PCMU] = { "pcmu", "PCMU", "0", NULL, 8000, 1, 0 },
	[TEL_PCMA] = { "pcma", "PCMA", "8", NULL, 8000, 1, 8 },
	[TEL_G722] = { "g722", "G722", "9", NULL, 8000, 1, 9 },
	[TEL_OPUS] = { "opus", "opus", "107",
		       "maxplaybackrate=8000;sprop-maxcapturerate=8000;useinbandfec=1", 48000, 2,
		       -1 },
};

int tel_codecs_parse(const char *text, uint8_t list[TEL_CODECS])
{
	sv rest = sv_of(text), one;
	int n = 0;

	while (sv_cut(&rest, ',', &one)) {
		int k = 0;

		one = sv_trim(one);
		while (k < TEL_CODECS && !sv_eq_nocase(one, sv_of(codecs[k].conf)))
			k++;
		for (int i = 0; i < n; i++)
			if (list[i] == k)
				return ERR_PARSE; /* twice */
		if (k == TEL_CODECS)
			return ERR_PARSE;
		list[n++] = (uint8_t)k;
	}
	return n ? n : ERR_PARSE;
}

/* ---- our own side */

static int add_codecs(struct tel_sdp *s)
{
	bool opus = false;
	int e = 0;

	for (int i = 0; i < s->n_codecs && !e; i++) {
		int k = s->codecs[i];

		opus |= k == TEL_OPUS;
		e = sdp_format_add(NULL, s->audio, false, codecs[k].pt, codecs[k].name,
				   codecs[k].hz, codecs[k].ch, NULL, NULL, NULL, false,
				   codecs[k].params ? "%s" : NULL, codecs[k].params);
	}
	if (!e)
		e = sdp_format_add(NULL, s->audio, false, "101", "telephone-event", 8000, 1, NULL,
				   NULL, NULL, false, "0-15");
	if (!e && opus) /* keys on the voice's clock (RFC 4733, 2.5.1.1) */
		e = sdp_format_add(NULL, s->audio, false, "102", "telephone-event", 48000, 1, NULL,
				   NULL, NULL, false, "0-15");
	return e;
}

/* Our lines of keys: one, or all we offer. */
static int tell_keys(struct tel_sdp *s, const struct tel_crypto *c, int n)
{
	char line[TEL_CRYPTO_STR];
	int e = 0;

	for (int i = 0; i < n && !e; i++) {
		tel_crypto_format(&c[i], line);
		e = sdp_media_set_lattr(s->audio, !i, "crypto", "%s", line);
	}
	explicit_bzero(line, sizeof(line));
	return e;
}

static int offer_keys(struct tel_sdp *s)
{
	for (int i = 0; i < TEL_SUITES; i++) {
		s->mine[i].tag = i + 1;
		s->mine[i].suite = (uint8_t)(TEL_SUITE_80 + i);
		rng_secure(s->mine[i].key, TEL_KEY_BYTES);
	}
	return tell_keys(s, s->mine, TEL_SUITES);
}

static void choose(struct tel_sdp *s, const struct tel_opts *o)
{
	int n = o->codecs ? tel_codecs_parse(o->codecs, s->codecs) : 0;

	s->own_order = n > 0;
	s->srtp = o->srtp;
	s->n_codecs = n;
	if (n > 0)
		return;
	s->codecs[0] = TEL_PCMU;
	s->codecs[1] = TEL_PCMA;
	s->n_codecs = 2;
}

static int open_audio(struct tel_sdp *s, const struct sa *laddr, uint16_t port,
		      const char *proto)
{
	int e = sdp_session_alloc(&s->sess, laddr);

	if (!e)
		e = sdp_media_add(&s->audio, s->sess, "audio", port, proto);
	if (!e && s->both)
		e = sdp_media_set_alt_protos(s->audio, 2, "RTP/AVP", "RTP/SAVP");
	return e ? e : add_codecs(s);
}

int tel_sdp_open(struct tel_sdp *s, const struct sa *laddr, uint16_t port,
		 const struct tel_opts *o, bool secure)
{
	int e;

	choose(s, o);
	s->both = o->srtp != TEL_SRTP_OFF && !secure;
	e = open_audio(s, laddr, port, secure ? "RTP/SAVP" : "RTP/AVP");
	if (!e)
		e = sdp_media_set_lattr(s->audio, false, "ptime", "20");
	if (!e)
		e = sdp_media_set_lattr(s->audio, true, "rtcp-mux", NULL);
	if (!e && secure)
		e = offer_keys(s);
	if (!e)
		return 0;
	tel_sdp_close(s);
	return ERR_NOMEM;
}

void tel_sdp_close(struct tel_sdp *s)
{
	s->audio = NULL; /* the session holds it */
	s->sess = mem_deref(s->sess);
	explicit_bzero(s->mine, sizeof(s->mine));
}

void tel_sdp_renew(struct tel_sdp *s)
{
	int n = 0;

	while (n < TEL_SUITES && s->mine[n].suite)
		rng_secure(s->mine[n++].key, TEL_KEY_BYTES);
	(void)tell_keys(s, s->mine, n);
}

/* ---- the other side's */

/* m-lines, and no line that a 32-codec description could not need. */
static bool bounded(const struct mbuf *mb)
{
	sv rest = sv_n((const char *)mbuf_buf(mb), mbuf_get_left(mb)), line;
	int media = 0, lines = 0;

	if (rest.n > TEL_SDP_MAX)
		return false;
	while (sv_line(&rest, &line)) {
		media += sv_starts(line, SV("m="));
		if (++lines > 256 || media > LIM_SDP_MEDIA || line.n > 1024)
			return false;
	}
	return true;
}

/* Which of ours this format is; -1 = none. */
static int codec_of(const struct sdp_format *f)
{
	if (!f->sup || f->pt < 0 || f->pt > 127)
		return -1;
	for (int k = 0; k < TEL_CODECS; k++)
		if (f->name ? !str_casecmp(f->name, codecs[k].name) && f->srate == codecs[k].hz :
			      f->pt == codecs[k].fixed)
			return k;
	return -1;
}

/* The format we send in: false = nothing in common. */
static bool pick(const struct tel_sdp *s, struct tel_media_info *mi)
{
	int best = TEL_CODECS;
	struct le *le;

	LIST_FOREACH(sdp_media_format_lst(s->audio, false), le)
	{
		const struct sdp_format *f = le->data;
		int k = codec_of(f), rank = 0;

		while (k >= 0 && rank < s->n_codecs && s->codecs[rank] != k)
			rank++;
		if (k < 0 || rank == s->n_codecs || rank >= best)
			continue;
		best = rank;
		mi->pt = (uint8_t)f->pt;
		mi->codec = (uint8_t)k;
		if (!s->own_order)
			break;
	}
	return best < TEL_CODECS;
}

/* What may come: under our own numbers. */
static void expect(const struct tel_sdp *s, struct tel_media_info *mi)
{
	struct le *le;

	mi->n_fmts = 0;
	LIST_FOREACH(sdp_media_format_lst(s->audio, true), le)
	{
		const struct sdp_format *f = le->data;
		int k = codec_of(f);

		if (k >= 0 && mi->n_fmts < TEL_FMTS)
			mi->fmts[mi->n_fmts++] =
				(struct tel_fmt){ .pt = (uint8_t)f->pt, .codec = (uint8_t)k };
	}
}

static int event_pt(const struct sdp_media *m, bool local, uint32_t hz)
{
	struct le *le;

	LIST_FOREACH(sdp_media_format_lst(m, local), le)
	{
		const struct sdp_format *f = le->data;

		if (f->sup && f->name && !str_casecmp(f->name, "telephone-event") &&
		    f->srate == hz && f->pt > 0 && f->pt < 128)
			return f->pt;
	}
	return -1;
}

static void take_events(const struct tel_sdp *s, struct tel_media_info *mi)
{
	uint32_t hz = mi->codec == TEL_OPUS ? 48000 : 8000;

	if (event_pt(s->audio, false, hz) < 0)
		hz = 8000; /* beside Opus too, as many phones do */
	mi->ev_div = (uint8_t)(hz / 8000);
	mi->ev_tx = event_pt(s->audio, false, hz);
	mi->ev_rx = mi->ev_tx < 0 ? -1 : event_pt(s->audio, true, hz);
}

static void take_rtcp(struct tel_sdp *s, struct tel_media_info *mi)
{
	struct sa ra;

	mi->mux = sdp_media_rattr(s->audio, "rtcp-mux") != NULL;
	if (!mi->mux)
		sdp_media_del_lattr(s->audio, "rtcp-mux");
	sdp_media_raddr_rtcp(s->audio, &ra);
	mi->rtcp_ip = mi->ip;
	mi->rtcp_port = mi->mux ? mi->port : sa_port(&ra);
	if (!mi->mux && sa_af(&ra) == AF_INET && !sa_is_any(&ra))
		mi->rtcp_ip = sa_in(&ra);
}

/* ---- keys */

struct search {
	struct tel_sdp *s;
	bool offer, found;
	struct tel_crypto theirs;
};

static bool on_crypto(const char *name, const char *value, void *arg)
{
	struct search *q = arg;

	(void)name;
	if (!value || tel_crypto_parse(sv_of(value), &q->theirs))
		return false; /* the next one */
	if (!q->offer) { /* an answer repeats one of ours */
		for (int i = 0; i < TEL_SUITES; i++)
			q->found |= q->s->mine[i].tag == q->theirs.tag &&
				    q->s->mine[i].suite == q->theirs.suite;
		return q->found;
	}
	q->found = true;
	return true;
}

/* Ours that goes with theirs, alone from now on: the same one as long as the suite stays. */
static int answer_key(struct tel_sdp *s, const struct search *q)
{
	struct tel_crypto mine = { .tag = q->theirs.tag, .suite = q->theirs.suite };
	int i = 0;

	while (i < TEL_SUITES && s->mine[i].suite != mine.suite)
		i++;
	if (i < TEL_SUITES)
		memcpy(mine.key, s->mine[i].key, sizeof(mine.key));
	else
		rng_secure(mine.key, sizeof(mine.key));
	memset(s->mine, 0, sizeof(s->mine));
	s->mine[0] = mine;
	return tell_keys(s, &mine, 1) ? ERR_NOMEM : 0;
}

static int take_keys(struct tel_sdp *s, bool offer, struct tel_media_info *mi)
{
	struct search q = { .s = s, .offer = offer };
	int e;

	memset(&mi->keys, 0, sizeof(mi->keys));
	if (strcmp(sdp_media_proto(s->audio), "RTP/SAVP") != 0) {
		sdp_media_del_lattr(s->audio, "crypto");
		memset(s->mine, 0, sizeof(s->mine));
		return s->srtp == TEL_SRTP_REQUIRE ? ERR_UNSUPPORTED : 0;
	}
	(void)sdp_media_rattr_apply(s->audio, "crypto", on_crypto, &q);
	if (!q.found)
		return ERR_UNSUPPORTED;
	e = answer_key(s, &q);
	mi->keys.suite = q.theirs.suite;
	memcpy(mi->keys.rx, q.theirs.key, TEL_KEY_BYTES);
	memcpy(mi->keys.tx, s->mine[0].key, TEL_KEY_BYTES);
	explicit_bzero(&q, sizeof(q));
	return e;
}

static int take(struct tel_sdp *s, struct mbuf *body, bool offer, struct tel_media_info *mi)
{
	struct tel_media_info got = { 0 };
	const struct sa *raddr;
	int e;

	if (!bounded(body) || sdp_decode(s->sess, body, offer))
		return ERR_PARSE;
	if (!sdp_media_rport(s->audio) || !pick(s, &got))
		return ERR_UNSUPPORTED;
	raddr = sdp_media_raddr(s->audio);
	if (sa_af(raddr) != AF_INET)
		return ERR_UNSUPPORTED;
	e = take_keys(s, offer, &got);
	if (e)
		return e;
	got.ip = sa_in(raddr);
	got.port = sa_port(raddr);
	expect(s, &got);
	take_events(s, &got);
	take_rtcp(s, &got);
	/* 0.0.0.0 is how RFC 2543 put a call on hold */
	got.send = (sdp_media_dir(s->audio) & SDP_SENDONLY) && !sa_is_any(raddr);
	got.recv = sdp_media_dir(s->audio) & SDP_RECVONLY;
	*mi = got;
	explicit_bzero(&got.keys, sizeof(got.keys));
	return 0;
}

/* Would it be taken? Asked of a twin: reading it leaves its marks on a session, and the next offer
 * of ours must follow what holds, not what was refused. */
static int rehearse(const struct tel_sdp *s, struct mbuf *body, bool offer)
{
	struct tel_sdp twin = *s;
	struct tel_media_info mi;
	struct mbuf *asked = NULL;
	struct sa any;
	size_t pos = body->pos;
	int e;

	twin.sess = NULL;
	twin.audio = NULL;
	sa_set_in(&any, 0x7f000001, 0);
	e = open_audio(&twin, &any, 9, sdp_media_proto(s->audio));
	if (!e && !offer) /* no answer without an offer */
		e = sdp_encode(&asked, twin.sess, true);
	e = e ? ERR_NOMEM : take(&twin, body, offer, &mi);
	mem_deref(asked);
	if (!e)
		explicit_bzero(&mi.keys, sizeof(mi.keys));
	body->pos = pos;
	tel_sdp_close(&twin);
	return e;
}

int tel_sdp_take(struct tel_sdp *s, struct mbuf *body, bool offer, struct tel_media_info *mi)
{
	int e = s->taken ? rehearse(s, body, offer) : 0;

	if (!e)
		e = take(s, body, offer, mi);
	s->taken |= !e;
	return e;
}

int tel_sdp_give(struct tel_sdp *s, bool offer, struct mbuf **ret)
{
	return sdp_encode(ret, s->sess, offer) ? ERR_FAIL : 0;
}
