/* tel_sdp.c: offer and answer for one audio stream: PCMU, PCMA, telephone-event. Front
 * thread.
 *
 * libre parses and encodes; here are the bounds that it lacks and the plain struct that
 * crosses to the shard.
 */
#include "tel_front.h"

int tel_sdp_open(struct tel_sdp *s, const struct sa *laddr, uint16_t port)
{
	int e = sdp_session_alloc(&s->sess, laddr);

	if (!e)
		e = sdp_media_add(&s->audio, s->sess, "audio", port, "RTP/AVP");
	if (!e)
		e = sdp_format_add(NULL, s->audio, false, "0", "PCMU", 8000, 1, NULL,
				   NULL, NULL, false, NULL);
	if (!e)
		e = sdp_format_add(NULL, s->audio, false, "8", "PCMA", 8000, 1, NULL,
				   NULL, NULL, false, NULL);
	if (!e)
		e = sdp_format_add(NULL, s->audio, false, "101", "telephone-event",
				   8000, 1, NULL, NULL, NULL, false, "0-15");
	if (!e)
		e = sdp_media_set_lattr(s->audio, false, "ptime", "20");
	if (!e)
		return 0;
	tel_sdp_close(s);
	return ERR_NOMEM;
}

void tel_sdp_close(struct tel_sdp *s)
{
	s->audio = NULL; /* the session holds it */
	s->sess = mem_deref(s->sess);
}

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

/* Which of ours this format is; static payload types need no rtpmap (RFC 3551). -1 =
 * none. */
static int codec_of(const struct sdp_format *f)
{
	if (!f->sup)
		return -1;
	if (!f->name)
		return f->pt == TEL_PT_PCMU || f->pt == TEL_PT_PCMA ? f->pt : -1;
	if (!str_casecmp(f->name, "PCMU"))
		return TEL_PT_PCMU;
	return str_casecmp(f->name, "PCMA") ? -1 : TEL_PT_PCMA;
}

static int first_codec(const struct sdp_media *m)
{
	struct le *le;

	LIST_FOREACH(sdp_media_format_lst(m, false), le)
	{
		int pt = codec_of(le->data);

		if (pt >= 0)
			return pt;
	}
	return -1;
}

static int event_pt(const struct sdp_media *m, bool local)
{
	struct le *le;

	LIST_FOREACH(sdp_media_format_lst(m, local), le)
	{
		const struct sdp_format *f = le->data;

		if (f->sup && f->name && !str_casecmp(f->name, "telephone-event") &&
		    f->srate == PCM_HZ && f->pt > 0 && f->pt < 128)
			return f->pt;
	}
	return -1;
}

int tel_sdp_take(struct tel_sdp *s, struct mbuf *body, bool offer,
		 struct tel_media_info *mi)
{
	const struct sa *raddr;
	int pt;

	if (!bounded(body) || sdp_decode(s->sess, body, offer))
		return ERR_PARSE;
	pt = first_codec(s->audio);
	if (pt < 0 || !sdp_media_rport(s->audio))
		return ERR_UNSUPPORTED;
	raddr = sdp_media_raddr(s->audio);
	if (sa_af(raddr) != AF_INET)
		return ERR_UNSUPPORTED;
	mi->ip = sa_in(raddr);
	mi->port = sa_port(raddr);
	mi->pt = (uint8_t)pt;
	mi->ev_tx = event_pt(s->audio, false);
	mi->ev_rx = mi->ev_tx < 0 ? -1 : event_pt(s->audio, true);
	/* 0.0.0.0 is how RFC 2543 put a call on hold */
	mi->send = (sdp_media_dir(s->audio) & SDP_SENDONLY) && !sa_is_any(raddr);
	mi->recv = sdp_media_dir(s->audio) & SDP_RECVONLY;
	return 0;
}

int tel_sdp_give(struct tel_sdp *s, bool offer, struct mbuf **ret)
{
	return sdp_encode(ret, s->sess, offer) ? ERR_FAIL : 0;
}
