/* tel_media.h: inside tel: a call's sound: RTP, keys, RTCP, SRTP, codecs, the 20 ms slots. All of
 * it on the leg's shard; what the front thread fills in is the plain struct tel_media_info. */
#ifndef CALLM_TEL_MEDIA_H
#define CALLM_TEL_MEDIA_H

#include <netinet/in.h>

#include "io.h"
#include "pcm.h"
#include "tel.h"

struct tel_leg;

enum {
	TEL_RTP_MAX = 1500,
	TEL_RTP_ROOM = 2048, /* of a packet being made: SRTP puts its tag behind */
	TEL_PT_CN = 13,
	TEL_KEY_BYTES = 30, /* SRTP master key and salt (RFC 3711, 8.2) */
	TEL_FMTS = 6,
};

/* ---- tel_rtp.c: RFC 3550 header, pure */
struct tel_rtp {
	uint8_t pt;
	bool marker;
	uint16_t seq;
	uint32_t ts, ssrc;
	const uint8_t *p; /* payload, into the packet */
	size_t n;
};
int tel_rtp_parse(const uint8_t *p, size_t n, struct tel_rtp *ret); /* ERR_PARSE */
size_t tel_rtp_write(uint8_t *to, const struct tel_rtp *h);         /* header only: 12 */
uint32_t tel_be32(const uint8_t *p);
uint8_t *tel_put32(uint8_t *to, uint32_t v); /* past it */

/* ---- tel_event.c: RFC 4733 telephone events, pure */
enum { TEL_EV_KEEP = 8 };
struct tel_ev_rx {
	uint32_t ts[TEL_EV_KEEP]; /* presses reported lately, newest first */
	int n;
	uint8_t event; /* of the newest */
	uint16_t dur;
	bool ended;
	struct {
		uint32_t ts;
		char key;
		int wait; /* slots */
	} q[TEL_EV_KEEP]; /* waiting to be told, by time */
	int n_q;
};
/* One payload. ts in 1/8000 s. gap: packets before this one have not come (yet): a press that it
 * begins waits for them, so that keys are told in order. */
void tel_ev_take(struct tel_ev_rx *e, uint32_t ts, bool gap, const uint8_t *p, size_t n);
char tel_ev_next(struct tel_ev_rx *e);  /* the next key to tell, 0 = none now */
void tel_ev_tick(struct tel_ev_rx *e);  /* a slot has passed */
struct tel_ev_tx {
	char queue[64];
	int n;       /* waiting digits, queue[0] is being sent */
	int step;    /* frames into it */
	uint32_t ts; /* of the event being sent */
};
enum { TEL_EV_NONE, TEL_EV_PACKET, TEL_EV_GAP };
/* Once per 20 ms: fills p (4 bytes) when a packet is due and sets *marker, *copies. unit: of the
 * event's clock in a frame (160 at 8 kHz). */
int tel_ev_step(struct tel_ev_tx *e, uint32_t now_ts, uint32_t unit, uint8_t p[4], bool *marker,
		int *copies);

/* ---- tel_rtcp.c: RFC 3550 section 6, pure */
struct tel_rtcp {
	bool sr, bye, report; /* report: a block about the stream `about` was in it */
	uint32_t ssrc;        /* of who sent it */
	uint64_t ntp;         /* SR: the sender's wall clock, 32.32 */
	uint32_t rtp_ts, packets, octets;
	uint8_t fraction; /* of 256 lost since the last report */
	int32_t lost;
	uint32_t max_seq, jitter, lsr, dlsr;
};
/* A whole compound packet. about: our own SSRC. ERR_PARSE. */
int tel_rtcp_parse(const uint8_t *p, size_t n, uint32_t about, struct tel_rtcp *ret);
/* SR or RR (with a block about `about` when report is set), SDES with cname, BYE when bye is set;
 * returns its length. to needs TEL_RTCP_MAX bytes. */
enum { TEL_RTCP_MAX = 160, TEL_CNAME = 24 };
size_t tel_rtcp_write(uint8_t *to, const struct tel_rtcp *r, uint32_t about, const char *cname);
/* Received stream statistics (RFC 3550, A.1, A.3, A.8). */
struct tel_rx_stat {
	bool on;
	uint16_t max_seq;
	uint32_t cycles, base_seq;
	uint64_t received;
	uint64_t expected_prior, received_prior;
	int64_t transit_us, jitter_us16; /* jitter times 16 */
	bool timed;
};
void tel_rx_begin(struct tel_rx_stat *s, uint16_t seq);
void tel_rx_count(struct tel_rx_stat *s, uint16_t seq);
/* at: arrival; media: its timestamp; both us. Returns how far the spacing was off. */
int64_t tel_rx_time(struct tel_rx_stat *s, int64_t at_us, int64_t media_us);
int64_t tel_rx_lost(const struct tel_rx_stat *s);
/* Fills the report block and starts a new interval. */
void tel_rx_report(struct tel_rx_stat *s, int clock_hz, struct tel_rtcp *r);

/* ---- tel_srtp.c: RFC 3711 with keys from SDES (RFC 4568); one thread */
/* by the bits of the tag */
enum tel_suite { TEL_SUITE_NONE, TEL_SUITE_80, TEL_SUITE_32, TEL_SUITES = 2 };
struct tel_keys {
	uint8_t suite;
	uint8_t tx[TEL_KEY_BYTES], rx[TEL_KEY_BYTES];
};
struct tel_sec;
int tel_srtp_open(struct tel_sec **ret, const struct tel_keys *k); /* ERR_FAIL */
/* From was to k, of one suite: a direction whose key stays keeps its counters. ERR_FAIL. */
int tel_srtp_rekey(struct tel_sec *s, const struct tel_keys *was, const struct tel_keys *k);
void tel_srtp_close(struct tel_sec *s);                            /* accepts NULL */
/* In place; p must be 4-byte aligned, protect needs 32 bytes behind *n. ERR_DENIED: not
 * authentic; ERR_STATE: seen before. */
int tel_srtp_protect(struct tel_sec *s, bool rtcp, uint8_t *p, size_t *n);
int tel_srtp_unprotect(struct tel_sec *s, bool rtcp, uint8_t *p, size_t *n);
/* tel_crypto.c: the value of one a=crypto line. Pure. */
struct tel_crypto {
	int tag;
	uint8_t suite, key[TEL_KEY_BYTES];
};
int tel_crypto_parse(sv value, struct tel_crypto *ret); /* ERR_PARSE, ERR_UNSUPPORTED */
enum { TEL_CRYPTO_STR = 128 };
void tel_crypto_format(const struct tel_crypto *c, char to[TEL_CRYPTO_STR]);
const char *tel_suite_name(int suite);

/* ---- what the front tells the shard */
enum tel_codec { TEL_PCMU, TEL_PCMA, TEL_G722, TEL_OPUS, TEL_CODECS };
struct tel_fmt {
	uint8_t pt, codec;
};
struct tel_media_info {
	uint32_t ip; /* of the other side, host order; 0 = none */
	uint16_t port;
	uint32_t rtcp_ip;   /* where its RTCP goes; port 0 = nowhere */
	uint16_t rtcp_port;
	bool mux;           /* RTCP comes on the RTP port (RFC 5761) */
	uint8_t pt;         /* what we send, of codec */
	uint8_t codec;
	uint8_t n_fmts; /* what may come */
	struct tel_fmt fmts[TEL_FMTS];
	int ev_tx, ev_rx; /* telephone-event payload types, -1 = not negotiated */
	uint8_t ev_div;   /* their clock in units of 8 kHz: 1 or 6 */
	bool send;        /* false: we are on hold */
	bool recv;        /* false: the other side sends nothing, we hold it */
	struct tel_keys keys;
};

/* ---- the shard's half of a call's sound */
struct tel_wheel;
struct tel_slot { /* a place in the wheel */
	struct tel_wheel *wheel;
	struct tel_leg *next, *prev;
	int phase;
};
struct tel_reports { /* RTCP of a call */
	struct io_udp *udp; /* NULL: comes on the RTP socket, or not at all */
	int due;            /* slots until the next report of ours */
	int look;           /* slots until the socket is looked at */
	int64_t wall_us;    /* wall clock minus monotonic, fixed for the call */
	uint64_t said;      /* packets sent when we last reported */
	uint64_t sr_ntp;    /* of the last SR heard, and when it came */
	int64_t sr_us;
	char cname[TEL_CNAME];
};
struct tel_media {
	struct io_udp *udp;
	struct tel_media_info to;
	struct sockaddr_in dst;
	struct pcm_jb *jb;
	struct pcm_dtmf *inband; /* only while telephone-event is not negotiated */
	struct pcm_line *enc, *dec; /* G.722, Opus; made when first needed */
	struct tel_sec *srtp;
	struct tel_ev_rx ev_rx;
	struct tel_ev_tx ev_tx;
	int16_t tone[PCM_HZ / 10]; /* the key tone being sent in-band */
	struct tel_slot slot;
	bool on;
	int64_t due_us;    /* of the next frame */
	uint32_t ts, ssrc; /* ours */
	uint16_t seq;
	uint32_t octets; /* of payload, sent */
	bool talking;    /* the last frame was sent */
	/* what we hear: a locked stream */
	bool rx_on, latched; /* latched: the socket is connected to its source */
	bool fresh;          /* signalled anew: another stream may begin at once */
	uint32_t rx_ssrc, rx_ts;
	int64_t rx_ext; /* rx_ts made long */
	uint16_t rx_seq; /* the newest */
	struct tel_rx_stat rx;
	int gap_slots; /* a packet was missing so lately */
	bool quiet;   /* comfort noise or a key: no sound is missing */
	int cn_db;
	uint32_t cn_seed;
	uint32_t new_ssrc; /* a stranger on the same line: not yet locked */
	uint16_t new_seq;
	int new_run;
	uint32_t sig_ip; /* as signalled; to.ip differs once nat locked */
	uint16_t sig_port;
	uint32_t nat_ip, nat_ssrc; /* candidate for nat: not yet locked */
	uint16_t nat_port, nat_seq;
	int nat_run;
	bool nat_locked;
	int quiet_frames; /* since the last packet */
	char last_key;
	int key_src, key_age; /* where the last key came from, frames ago */
	struct tel_reports rtcp;
	struct tel_leg_stats st;
};

/* tel_media.c */
int tel_media_set(struct tel_leg *leg, struct io_udp *udp, const struct tel_media_info *mi);
/* From now on frames are heard, and said once the leg is up; idempotent. */
void tel_media_start(struct tel_leg *leg);
void tel_media_stop(struct tel_leg *leg); /* idempotent */
void tel_media_stats(const struct tel_leg *leg, struct tel_leg_stats *ret);
void tel_media_slot(struct tel_leg *leg); /* from the wheel, when due_us has come */
/* tel_wheel.c */
void tel_wheel_join(struct tel_leg *leg, struct loop *l); /* sets due_us */
void tel_wheel_leave(struct tel_leg *leg);                /* idempotent */
/* tel_rx.c */
void tel_rx_poll(struct tel_leg *leg); /* what has come; may call back */
void tel_rx_packet(struct tel_leg *leg, uint8_t *p, size_t n, const struct sockaddr_in *from,
		   int64_t at_us);
void tel_rx_frame(struct tel_leg *leg, int16_t out[PCM_FRAME]);
/* De-duplicates between paths. */
void tel_leg_key(struct tel_leg *leg, char digit, int src);
enum { TEL_KEY_EVENT, TEL_KEY_INFO, TEL_KEY_INBAND };
/* tel_tx.c */
void tel_tx_slot(struct tel_leg *leg); /* may call back */
uint32_t tel_codec_step(int codec);    /* of the RTP clock in 20 ms */
/* tel_report.c */
void tel_report_open(struct tel_leg *leg);
void tel_report_slot(struct tel_leg *leg);
void tel_report_in(struct tel_leg *leg, uint8_t *p, size_t n, int64_t at_us);
void tel_report_bye(struct tel_leg *leg); /* the last one */

#endif
