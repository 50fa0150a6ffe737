/* tel_int.h: inside tel: what passes between the front thread and the shards, and the
 * shard's half of a call. No libre here; see tel_front.h for the front's half. */
#ifndef CALLM_TEL_INT_H
#define CALLM_TEL_INT_H

#include <netinet/in.h>

#include "tel_media.h"

enum {
	TEL_STR = 256, /* longest header text we keep, with its NUL */
};

/* ---- tel_acl.c */
struct tel_net {
	uint32_t net, mask; /* host order */
};
int tel_net_parse(const char *cidr, struct tel_net *ret); /* ERR_PARSE */
bool tel_net_has(const struct tel_net *v, size_t n, uint32_t ip);

/* ---- front -> shard */
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

/* ---- tel_tmr.c */
int tel_tmr_check(void); /* ERR_VERSION when libre does not use our timers */
void tel_tmr_done(void); /* before the thread ends */

#endif
