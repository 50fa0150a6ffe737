/* tel.h: telephone calls: SIP signalling on one front thread, media on the shard that
 * owns the call.
 *
 *	struct tel_opts o;
 *	tel_defaults(&o);
 *	o.sip_port = 5060;
 *	tel_open(&tel, &o, &(struct tel_sink){ .on_invite = on_invite }, app, &e);
 *
 *	// on the front thread; 0 = ringing
 *	int on_invite(void *arg, struct tel_leg *leg, const struct tel_info *info)
 *	{
 *		return mbox_post(shard->mbox, take_call, leg);
 *	}
 *	// on the shard's thread
 *	void take_call(void *leg)
 *	{
 *		tel_leg_attach(leg, shard->loop, shard->mbox, &my_cb, conv);
 *		tel_leg_answer(leg);
 *	}
 *
 * Threads: tel_open, tel_close, tel_dial and tel_* getters from any thread; on_invite on
 * the front thread (be quick, do not block); everything of a leg on the thread of the
 * loop it is attached to.
 * Shutting down: tel_hangup_all, wait for on_close of each leg, tel_leg_free each,
 * tel_close, and only then free the shards' mailboxes.
 */
#ifndef CALLM_TEL_H
#define CALLM_TEL_H

#include "base.h"

struct tel;
struct tel_leg;

/* A PBX or provider where we register as an extension (RFC 3261, 10), copied by tel_open. */
struct tel_register {
	const char *uri;           /* registrar, "sip:pbx.example.com" */
	const char *user, *password, *auth_user;  /* auth_user NULL = user */
	int expires_s;             /* 0 = 300 */
};
enum tel_srtp { TEL_SRTP_OFF, TEL_SRTP_OFFER, TEL_SRTP_REQUIRE };
struct tel_user {              /* digest user; all pointers are copied by tel_open */
	const char *user, *password;
};
struct tel_opts {
	const char *ip;            /* bind address for SIP and RTP, "127.0.0.1" */
	const char *public_ip;     /* written into Contact and SDP; NULL = ip */
	int sip_port;              /* 0 = any free one */
	bool tcp;                  /* listen on TCP too (same port) */
	int rtp_min, rtp_max;      /* even ports of this range; 0,0 = any free ones */
	/* CIDR list, e.g. "10.0.0.0/8"; NULL = 127.0.0.0/8 only */
	const char *const *acl;
	size_t n_acl;
	/* with users: incoming INVITEs must authenticate (MD5, qop=auth) */
	const char *realm;
	const struct tel_user *users;
	size_t n_users;
	/* answers a challenge of a trunk we call; NULL = never */
	const char *dial_user, *dial_password;
	/* ... and only one of this host, "trunk.example" or with a port that does not count;
	 * NULL or empty = of whoever is called */
	const char *dial_host;
	int max_calls;             /* above: 503 with Retry-After (default 1000) */
	int max_cps;               /* new calls per second, likewise (default 50) */
	int64_t call_limit_ms;     /* hang up after (default LIM_CALL_MS) */
	/* hang up when nothing came for so long while not on hold (default 30000) */
	int media_timeout_ms;
	/* inbound not answered by us: 480; outbound: CANCEL (default 60000) */
	int ring_timeout_ms;
	int jitter_min_ms, jitter_max_ms; /* 20, 60 */
	/* accept RTP from elsewhere than signalled: locks on the first 4 in sequence */
	bool nat;
	/* SIP over TLS: 0 = no, -1 = any free port; PEM files; NULL = a certificate of its own
	 * making. ca: a calling or called peer must prove itself by it; NULL = encrypted only. */
	int tls_port;
	const char *tls_cert, *tls_key, *tls_ca;
	enum tel_srtp srtp;        /* SDES, AES_CM_128_HMAC_SHA1_80 (RFC 4568); default OFFER */
	/* session timers (RFC 4028): seconds, 0 = only when the other side asks (default 1800) */
	int session_s;
	/* codecs in order of preference, "opus,g722,pcmu,pcma"; NULL = "pcmu,pcma" */
	const char *codecs;
	const struct tel_register *registers;
	size_t n_registers;
	/* to whom the other side may send our calls (REFER): "user@host", "@host" for anybody
	 * there, ":port" after it when one is meant; none = REFER is declined */
	const char *const *refer_to;
	size_t n_refer_to;
};
void tel_defaults(struct tel_opts *o);

/* What the INVITE said; borrowed, valid during on_invite. Never longer than 256
 * bytes each. */
struct tel_info {
	sv from_uri, from_user, from_name;
	sv to_uri, to_user;        /* of the request URI */
	sv call_id, user_agent;
	sv asserted;               /* P-Asserted-Identity or empty */
	char src_ip[46];
	int src_port;
};
struct tel_sink {
	/* A new call. 0 = taken: 180 was sent, the leg is the sink's (free it on its
	 * shard).
	 * A negative code = refused with err_sip(code); the leg is gone afterwards. */
	int (*on_invite)(void *arg, struct tel_leg *leg, const struct tel_info *info);
};

/* Starts the front thread. sink may be NULL (calls only go out; inbound gets 503).
 * ERR_INVAL, ERR_NET (address in use), ERR_VERSION (libre not fit); e says what and
 * how to mend. */
int tel_open(struct tel **ret, const struct tel_opts *o, const struct tel_sink *sink, void *arg,
	     struct err *e);
/* Ends the front thread. All legs must have been freed; accepts NULL. */
void tel_close(struct tel *t);
int tel_port(const struct tel *t);             /* the SIP port in use */
int tel_tls_port(const struct tel *t);         /* likewise for TLS, 0 = none */
/* How the registration i of tel_opts.registers stands: 1 = registered, 0 = not yet, -1 =
 * refused or silent, tried again by and by; *status (may be NULL) = the last answer's, 0 = none. */
int tel_registration(const struct tel *t, size_t i, int *status);
/* on: no new calls, OPTIONS answers 503 + Retry-After */
void tel_drain(struct tel *t, bool on);
void tel_hangup_all(struct tel *t);            /* each leg gets on_close */
/* calls alive in this process, both directions */
int tel_calls(const struct tel *t);

/* ---- A call, seen from its shard. Callbacks may call any tel_leg_* function,
 * tel_leg_free included. */
struct tel_leg_cb {
	/* The other side is ringing (dialled calls; 180 or 183). May be NULL. */
	void (*on_ring)(void *arg);
	/* Answered and acknowledged: media flows from now. */
	void (*on_up)(void *arg);
	/* 20 ms heard from the other side at 8 kHz, jitter-buffered and concealed:
	 * exactly one call per 20 ms of
	 * wall clock from on_up to on_close, silence when nothing came. ts_ms =
	 * loop time of the frame's slot. */
	void (*on_frame)(void *arg, const int16_t s[160], int64_t ts_ms);
	/* The next 20 ms to say. Returns samples written, 0..160; the rest is
	 * silence. May be NULL. */
	int (*on_pull)(void *arg, int16_t out[160]);
	/* A key was pressed (0-9 * # A-D), each press once, however it came (RFC
	 * 4733, INFO, in-band). */
	void (*on_dtmf)(void *arg, char digit);
	/* The other side put us on hold or took us back. While held nothing is sent
	 * and on_pull is not called. */
	void (*on_hold)(void *arg, bool held);
	/* Dialled calls: the other side sends sound before it answers (183 with a description):
	 * on_frame is called from now on, nothing is sent. May be NULL. */
	void (*on_early)(void *arg);
	/* How a tel_leg_refer goes: 100..199 under way, 200 the other side has moved (the call
	 * ends by its BYE or ours), 300 and above it did not and the call goes on. May be NULL. */
	void (*on_refer)(void *arg, int status);
	/* The call is over, exactly once, nothing after it. status = SIP status of the
	 * end (200 = normal BYE,
	 * 487 cancelled, 408 media or ring timeout ...). */
	void (*on_close)(void *arg, int status, const char *reason);
};
struct tel_leg_stats {
	/* packets; bad = wrong source, format, payload type */
	uint64_t rtp_in, rtp_out, rtp_bad;
	uint64_t lost, late, concealed;
	/* the clock of the playout ledger: samples sent so far */
	uint64_t tx_samples;
	/* present target delay of the jitter buffer */
	int jitter_ms;
	int64_t worst_late_us;              /* greatest lateness of a sent packet */
	/* loop time of the first packet heard, 0 = none yet */
	int64_t first_rx_ms;
	int64_t rx_jitter_us;               /* of arrival, RFC 3550 6.4.1 */
	/* RTCP; what the other side says of us: packets it missed in all, in 1000 lately, its
	 * jitter; 0 until it said so */
	uint64_t rtcp_in, rtcp_out, rtcp_bad;
	int64_t peer_lost, peer_jitter_us, rtt_us;
	int peer_loss_permille;
};

/* Binds the leg to a shard: loop and mailbox of the calling thread. cb must outlive the
 * leg. What happened
 * before (a CANCEL) is delivered afterwards. Once per leg. */
void tel_leg_attach(struct tel_leg *leg, struct loop *loop, struct mbox *box,
		    const struct tel_leg_cb *cb, void *arg);
void tel_leg_answer(struct tel_leg *leg);      /* 200 OK; on_up follows with the ACK */
/* Ends the call: before the answer status (e.g. 486, 603) goes out, afterwards BYE.
 * on_close follows. */
void tel_leg_hangup(struct tel_leg *leg, int sip_status);
/* Hangs up if need be and gives the leg back; accepts NULL. No callback after it
 * returns. */
void tel_leg_free(struct tel_leg *leg);
/* Sends keys as RFC 4733 events (100 ms each, 60 ms apart), in-band tones when the
 * other side cannot.
 * ERR_INVAL for a bad digit, ERR_FULL for more than 64 waiting, ERR_STATE when not
 * up. */
int tel_leg_dtmf(struct tel_leg *leg, const char *digits);
/* Puts the other side on hold (re-INVITE sendonly) or takes it back. */
void tel_leg_hold(struct tel_leg *leg, bool on);
/* Asks the other side to call uri instead of us (REFER, RFC 3515); on_refer tells. With other: to
 * take over the other leg's far end (Replaces, RFC 3891). ERR_STATE when not up or one is under
 * way, ERR_INVAL. */
int tel_leg_refer(struct tel_leg *leg, const char *uri, const struct tel_leg *other);
bool tel_leg_is_up(const struct tel_leg *leg);
uint64_t tel_leg_tx_samples(const struct tel_leg *leg);
struct tel_leg_stats tel_leg_stats(const struct tel_leg *leg);
/* "" until known; valid while the leg lives */
const char *tel_leg_call_id(const struct tel_leg *leg);

/* Calls uri ("sip:user@host:port;transport=tcp"). from_user is put into From and
 * Contact (NULL = "callm").
 * The leg is already attached to loop and box of the calling thread; on_ring, on_up or
 * on_close follow.
 * ERR_INVAL for a bad URI or name (e says why); everything else is told by on_close
 * (503 above max_calls or
 * without a free RTP port, 408 no answer ...). */
struct tel_dial_opts {
	const char *uri, *from_user, *from_name;
};
int tel_dial(struct tel *t, const struct tel_dial_opts *o, struct loop *loop, struct mbox *box,
	     const struct tel_leg_cb *cb, void *arg, struct tel_leg **ret, struct err *e);

#endif
