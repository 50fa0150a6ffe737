/* tel_int.h: inside tel: what passes between the front thread and the shards, and the
 * shard's half of a call. No libre here; see tel_front.h for the front's half. */
#ifndef CALLM_TEL_INT_H
#define CALLM_TEL_INT_H

#include <netinet/in.h>

#include "io.h"
#include "pcm.h"
#include "tel.h"

enum {
	TEL_STR = 256, /* longest header text we keep, with its NUL */
	TEL_RTP_MAX = 1500,
	TEL_PT_PCMU = 0,
	TEL_PT_PCMA = 8,
	TEL_PT_CN = 13,
};

/* ---- tel_acl.c */
struct tel_net {
	uint32_t net, mask; /* host order */
};
int tel_net_parse(const char *cidr, struct tel_net *ret); /* ERR_PARSE */
bool tel_net_has(const struct tel_net *v, size_t n, uint32_t ip);

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
size_t tel_rtp_write(uint8_t *to, const struct tel_rtp *h); /* header only: 12 */

/* ---- tel_event.c: RFC 4733 telephone events, pure */
struct tel_ev_rx {
	uint32_t ts[8]; /* events reported lately, newest first */
	int n;
	uint8_t event; /* of the newest */
	uint16_t dur;
	bool ended;
};
/* One payload of 4 bytes; returns the digit when a new key press began, else 0. */
char tel_ev_take(struct tel_ev_rx *e, uint32_t ts, const uint8_t *p, size_t n);
struct tel_ev_tx {
	char queue[64];
	int n;       /* waiting digits, queue[0] is being sent */
	int step;    /* frames into it */
	uint32_t ts; /* of the event being sent */
};
enum { TEL_EV_NONE, TEL_EV_PACKET, TEL_EV_GAP };
/* Once per 20 ms: fills p (4 bytes) when a packet is due and sets *marker, *copies. */
int tel_ev_step(struct tel_ev_tx *e, uint32_t now_ts, uint8_t p[4], bool *marker,
		int *copies);

/* ---- front -> shard */
struct tel_media_info {
	uint32_t ip; /* of the other side, host order; 0 = none */
	uint16_t port;
	uint8_t pt;       /* TEL_PT_PCMU or TEL_PT_PCMA: what we send */
	int ev_tx, ev_rx; /* telephone-event payload types, -1 = not negotiated */
	bool send;        /* false: we are on hold */
	bool recv; /* false: the other side sends nothing, we hold it */
};
enum tel_msg_kind {
	TEL_M_MEDIA,
	TEL_M_RING,
	TEL_M_EARLY,
	TEL_M_UP,
	TEL_M_DTMF,
	TEL_M_REFER,
	TEL_M_CLOSE
};
struct tel_msg {
	struct tel_msg *next;
	struct tel_leg *leg; /* a reference */
	enum tel_msg_kind kind;
	struct io_udp *udp; /* MEDIA, the first time: moves with the message */
	struct tel_media_info mi;
	char digit;
	int status;
	char text[128]; /* CLOSE: reason; MEDIA: Call-ID */
};
void tel_leg_on_msg(void *msg);       /* on the shard; consumes msg */
void tel_msg_drop(struct tel_msg *m); /* never delivered */

/* ---- shard -> front */
enum tel_cmd_kind {
	TEL_C_ATTACH,
	TEL_C_ANSWER,
	TEL_C_HANGUP,
	TEL_C_HOLD,
	TEL_C_REFER,
	TEL_C_RELEASE,
	TEL_C_DIAL
};
struct tel_cmd {
	struct tel_leg *leg; /* a reference */
	enum tel_cmd_kind kind;
	int n;                                           /* HANGUP: status; HOLD: on */
	struct mbox *box;                                /* ATTACH, DIAL */
	char uri[TEL_STR], user[TEL_STR], name[TEL_STR]; /* DIAL; REFER: uri */
	struct tel_leg *other;                           /* REFER: a reference, or NULL */
};
void tel_front_on_cmd(void *cmd); /* on the front; consumes cmd */
struct mbox *tel_front_box(struct tel *t);
const struct tel_opts *tel_front_opts(const struct tel *t);

/* ---- a leg: call belongs to the front thread, everything after it to the shard */
struct tel_call;
struct tel_media {
	struct io_udp *udp;
	struct tel_media_info to;
	struct sockaddr_in dst;
	struct pcm_jb *jb;
	struct pcm_dtmf *inband; /* only while telephone-event is not negotiated */
	struct tel_ev_rx ev_rx;
	struct tel_ev_tx ev_tx;
	int16_t tone[PCM_HZ / 10]; /* the key tone being sent in-band */
	struct loop_timer clock;
	int64_t due_us;    /* of the next frame */
	uint32_t ts, ssrc; /* ours */
	uint16_t seq;
	bool rx_on, talking; /* a stream is locked; the last frame was sent */
	uint32_t rx_ssrc;
	uint16_t rx_seq;
	uint32_t sig_ip; /* as signalled; to.ip differs once nat locked */
	uint16_t sig_port;
	uint32_t nat_ip, nat_ssrc; /* candidate for nat: not yet locked */
	uint16_t nat_port, nat_seq;
	int nat_run;
	bool nat_locked;
	int quiet_frames; /* since the last packet */
	char last_key;
	int key_src, key_age; /* where the last key came from, frames ago */
	struct tel_leg_stats st;
};
struct tel_leg {
	struct tel *tel;
	struct tel_call *call; /* front thread only */
	struct loop *loop;
	const struct tel_leg_cb *cb;
	void *arg;
	bool attached, freed, closed, up, held, referring;
	char call_id[128];
	struct tel_media m;
};
struct tel_leg *tel_leg_new(struct tel *t); /* count 1 */
void tel_leg_key(struct tel_leg *leg, char digit,
		 int src); /* de-duplicates between paths */
enum { TEL_KEY_EVENT, TEL_KEY_INFO, TEL_KEY_INBAND };
int tel_media_set(struct tel_leg *leg, struct io_udp *udp,
		  const struct tel_media_info *mi);
void tel_media_start(struct tel_leg *leg);
void tel_media_stop(struct tel_leg *leg); /* idempotent */
void tel_media_packet(struct tel_leg *leg, const uint8_t *p, size_t n,
		      const struct sockaddr_in *from);

/* ---- tel_tmr.c */
int tel_tmr_check(void); /* ERR_VERSION when libre does not use our timers */
void tel_tmr_done(void); /* before the thread ends */

#endif
