/* tel_front.h: the front thread's half: libre's loop and one tel_call per call.
 * Everything here is touched on the front thread only, but for what tel_open fills in
 * before the thread starts. */
#ifndef CALLM_TEL_FRONT_H
#define CALLM_TEL_FRONT_H

#include <pthread.h>
#include <stdatomic.h>

#include "tel_re.h"
#include "tel_int.h"

struct tel_digest_user {
	char *user;
	uint8_t ha1[16];
};
enum { TEL_NONCES = 1024, TEL_ADDRS = 16 };
struct tel_nonce {
	uint64_t id; /* hash of the nonce, 0 = free */
	uint32_t nc; /* highest count seen */
};

struct tel_sdp {
	struct sdp_session *sess;
	struct sdp_media *audio;
	uint8_t codecs[TEL_CODECS]; /* ours, in order */
	int n_codecs;
	bool own_order; /* ... which decides, not the offer's */
	bool both;      /* RTP and SRTP, as the other side likes */
	bool taken;     /* a description of theirs holds */
	enum tel_srtp srtp;
	struct tel_crypto mine[TEL_SUITES]; /* keys we offered, or the one in use */
};

enum tel_call_state {
	TEL_CALL_RINGING,
	TEL_CALL_ANSWERED,
	TEL_CALL_UP,
	TEL_CALL_DIALLING,
	TEL_CALL_OVER
};
/* A transfer asked of the other side, tel_refer.c */
struct tel_refer {
	struct sip_request *req;
	struct tmr tmr;
	char *to; /* Refer-To */
	bool on;  /* asked, its end not heard */
};
/* A change of a running call, tel_change.c */
struct tel_change {
	struct mbuf *mb;     /* theirs: our 200, until its ACK came */
	struct sip_msg *msg; /* and what it answers */
	uint32_t seq;
	int sent;
	bool awaiting; /* the ACK brings the description */
	struct tmr again, give_up;
	struct sip_request *req; /* ours, under way */
	uint32_t acked;          /* number of the last one that was accepted */
	bool media, waiting;     /* it changes the sound; another one is wanted */
	struct tmr retry;
};
/* Session timer, tel_timer.c */
struct tel_timer {
	int s;     /* the interval, 0 = none */
	int least; /* what the other side wants at least, 0 = not said */
	bool ours; /* we refresh */
	struct tmr tmr;
};
/* A registration as an extension, tel_reg.c */
struct tel_reg {
	struct tel *tel;
	char *uri, *user, *password, *auth_user;
	char *host, *aor, *contact; /* of uri; "sip:user@host"; ours as told */
	struct uri parsed;          /* of uri */
	int expires, granted;       /* seconds */
	struct sip_dialog *dlg;
	struct sip_auth *auth;
	struct sip_request *req;
	struct tmr tmr;
	int fails;
	bool tried, ending; /* the challenge was answered; it is being taken back */
	uint32_t ip;        /* of the registrar; 0 = not known yet */
	_Atomic int state, status;
};
#define TEL_ALLOW \
	"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY\r\nSupported: timer, " \
	"replaces\r\n"
enum { TEL_TIMER_LEAST = 90, TEL_TIMER_TEXT = 128 };
struct tel_call {
	struct tel_call *next, *prev;
	struct le he; /* in tel.by_id */
	struct tel *tel;
	struct tel_leg *leg;                /* a reference */
	struct mbox *box;                   /* the shard's, once attached */
	struct tel_msg *early, **early_end; /* what happened before */
	struct io_udp *udp;                 /* until it moves to the shard */
	struct sipsess *sess;
	struct tel_sdp sdp;
	enum tel_call_state state;
	bool outgoing, got_offer, released, counted, early_sdp;
	bool tls; /* dialled by it */
	bool swapped; /* another dialogue than it began with: tel_swap.c */
	bool updates; /* the other side knows UPDATE */
	int end_status; /* set by hang-up: what on_close will say */
	struct tmr ring, limit;
	uint32_t peer_ip; /* dialled: where signalling may come from */
	struct tel_media_info mi;
	char call_id[128];
	/* the dialogue, for requests that libre's session does not know */
	char *contact;        /* ours */
	char *ltag, *rtag;    /* tags of ours and theirs */
	char *remote;         /* their Contact */
	struct sip_auth *auth;
	struct tel_refer refer;
	struct {
		struct sipsess *sess;
		struct tmr ring;
		/* what it was before, for one that fails; ip: the side that asked is still there */
		uint32_t ip;
		bool outgoing, swapped;
		const struct tel_reg *reg;
	} move; /* a call to where the other side sends us, tel_move.c */
	struct tel_change change;
	struct tel_timer timer;
	char *uri, *name; /* dialled: for another try */
	const struct tel_reg *reg; /* dialled as this extension, or NULL */
};

struct tel {
	struct tel_opts o; /* strings owned */
	struct tel_net *acl;
	size_t n_acl;
	struct tel_digest_user *users;
	size_t n_users;
	struct tel_sink sink;
	void *sink_arg;
	struct mbox *box;
	pthread_t thread;
	int port;
	/* front thread */
	struct sip *sip;
	struct sipsess_sock *sock;
	struct sip_lsnr *lsnr[4];
	struct {
		const void *sock;
		struct udp_helper *helper;
	} guards[TEL_ADDRS]; /* one per UDP socket, see tel_guard.c */
	int n_guards;
	struct sa addrs[TEL_ADDRS]; /* ours; several when bound to 0.0.0.0 */
	int n_addrs;
	struct dnsc *dnsc;
	struct tls *tls;
	int tls_port;
	struct tel_reg *regs;
	size_t n_regs;
	struct tel_call *calls;
	struct hash *by_id; /* calls by their Call-ID */
	int n_calls, n_dialled;
	double tokens; /* new calls allowed now */
	int64_t token_us, open_us, bye_us;
	bool any, draining, closing; /* any: bound to 0.0.0.0 */
	struct tmr quit;
	uint8_t secret[32];
	struct tel_nonce nonces[TEL_NONCES];
	struct mbox *opener; /* tel_open waits here */
	int start_err;
	char start_why[200];
};

/* tel_listen.c */
int tel_listen(struct tel *t); /* 0 or errno */
int tel_probe(const struct tel *t);

/* tel_sdp.c */
enum { TEL_SDP_MAX = 8192 };
/* secure: what we offer is SRTP. */
int tel_sdp_open(struct tel_sdp *s, const struct sa *laddr, uint16_t port,
		 const struct tel_opts *o, bool secure);
/* "opus,pcmu" -> codecs; their number, ERR_PARSE for an unknown one or one named twice. */
int tel_codecs_parse(const char *text, uint8_t list[TEL_CODECS]);
void tel_sdp_close(struct tel_sdp *s);
/* Keys of ours that the side so far does not know: another one will hear them. */
void tel_sdp_renew(struct tel_sdp *s);
/* Reads the other side's description and fills mi. ERR_PARSE, ERR_UNSUPPORTED (no
 * common codec). */
int tel_sdp_take(struct tel_sdp *s, struct mbuf *body, bool offer,
		 struct tel_media_info *mi);
int tel_sdp_give(struct tel_sdp *s, bool offer, struct mbuf **ret);

/* tel_guard.c: what stands before the calls */
int tel_guard_open(struct tel *t); /* listeners that go first */
int tel_guard_last(struct tel *t); /* listeners that go last */
/* May src call us? Whom we have called may only speak of that call. */
bool tel_guard_listed(const struct tel *t, const struct sa *src);
bool tel_guard_admit(struct tel *t,
		     const struct sip_msg *msg); /* new INVITE; false = answered */
bool tel_msg_sane(
	const struct sip_msg *msg); /* the checks that sip_msg_decode leaves out */

/* tel_auth.c */
bool tel_auth_ok(struct tel *t, const struct sip_msg *msg); /* false = 401 was sent */

/* tel_call.c */
void tel_call_invite(const struct sip_msg *msg, void *tel); /* sipsess_conn_h */
struct tel_call *tel_call_new(struct tel *t, struct tel_leg *leg, bool outgoing);
int tel_call_rtp(struct tel_call *c,
		 const struct sa *peer); /* socket and SDP session */
void tel_call_hangup(struct tel_call *c, int status);
void tel_call_over(struct tel_call *c, int status,
		   const char *reason); /* on_close once */
void tel_call_free(struct tel_call *c);
void tel_call_post(struct tel_call *c, enum tel_msg_kind kind, int n, const char *text);
/* Delivers m (consumed) or keeps it until the shard attached. */
void tel_call_send(struct tel_call *c, struct tel_msg *m);
void tel_call_post_media(struct tel_call *c);
const char *tel_reason(int status);
/* The call that a message within a dialogue belongs to; NULL = none. */
struct tel_call *tel_call_find(const struct tel *t, const struct sip_msg *msg);
void tel_call_named(struct tel_call *c, const char *call_id); /* once it is known */
/* Keeps tags and address of the dialogue that msg (their INVITE or their 200) makes. */
void tel_call_note(struct tel_call *c, const struct sip_msg *msg);
/* sip_send_h and sip_auth_h of requests within a call (arg: the call) */
int tel_call_put_contact(enum sip_transp tp, const struct sa *src, const struct sa *dst,
			 struct mbuf *mb, void *arg);
int tel_call_password(char **user, char **password, const char *realm, void *arg);
/* sipsess handlers shared with tel_dial.c */
int tel_call_on_offer(struct mbuf **descp, const struct sip_msg *msg, void *arg);
int tel_call_on_answer(const struct sip_msg *msg, void *arg);
void tel_call_on_estab(const struct sip_msg *msg, void *arg);
void tel_call_on_info(struct sip *sip, const struct sip_msg *msg, void *arg);
void tel_call_on_refer(struct sip *sip, const struct sip_msg *msg, void *arg);
void tel_call_on_close(int err, const struct sip_msg *msg, void *arg);
char tel_call_info_digit(const struct sip_msg *msg); /* 0 = none */
/* Our address as peer (may be NULL) sees it, kept in c->contact: Contact and From. */
int tel_call_contact(struct tel_call *c, const char *user, const struct sa *peer,
		     enum sip_transp tp);
int tel_contact(const struct tel *t, const char *user, const struct sa *peer,
		enum sip_transp tp, char to[2 * TEL_STR]);

/* Makes the session of their INVITE and answers it with status (180, or 200 with desc and more
 * headers). errno. */
int tel_call_accept(struct tel_call *c, struct sipsess **sess, const struct sip_msg *msg,
		    int status, struct mbuf *desc, const char *more);

/* tel_move.c */
void tel_move_end(struct tel_call *c); /* the call ends; idempotent */

/* tel_swap.c */
/* Answers an INVITE with Replaces. */
void tel_swap(struct tel *t, const struct sip_msg *msg);

/* tel_tls.c */
int tel_tls_open(struct tel *t, struct err *e); /* by tel_open, before the thread */

/* tel_reg.c */
int tel_reg_open(struct tel *t, const struct tel_opts *o, struct err *e); /* likewise */
void tel_reg_free(struct tel *t);
void tel_reg_start(struct tel *t);
bool tel_reg_leave(struct tel *t); /* takes them back; true = answers will come */
void tel_reg_end(struct tel *t);
bool tel_reg_source(const struct tel *t, uint32_t ip);              /* a registrar's */
bool tel_reg_awaited(const struct tel *t);                          /* one not yet known */
bool tel_reg_call(const struct tel *t, const struct sip_msg *msg); /* to our extension */
const struct tel_reg *tel_reg_of(const struct tel *t, const char *uri); /* dialled there */
int tel_reg_password(const struct tel_reg *r, char **user, char **pw);

/* tel_change.c */
/* INVITE, UPDATE or ACK within a call. False = not ours, or libre's session's to handle. */
bool tel_change_in(struct tel *t, const struct sip_msg *msg);
/* Another copy of a 200 to a change of ours: acknowledged again. False = it is not one. */
bool tel_change_again(struct tel *t, const struct sip_msg *msg);
/* Asks for a change: media: the description, false: only to show that we are here. */
void tel_change_out(struct tel_call *c, bool media);
void tel_change_end(struct tel_call *c); /* the call ends; idempotent */

/* tel_timer.c */
extern int tel_timer_second_ms;                     /* 1000; tests make seconds shorter */
bool tel_timer_small(const struct sip_msg *msg);    /* to be refused with 422 */
void tel_timer_refuse(struct tel *t, const struct sip_msg *msg);
/* We answer: what msg offers is settled; then the lines of the 200. */
void tel_timer_offered(struct tel_call *c, const struct sip_msg *msg);
void tel_timer_reply(const struct tel_call *c, char h[TEL_TIMER_TEXT]);
/* We ask: the lines of the request; then what their 200 settles (and starts). */
void tel_timer_ask(const struct tel_call *c, char h[TEL_TIMER_TEXT]);
void tel_timer_agreed(struct tel_call *c, const struct sip_msg *msg);
/* Their 422: true = ask again, with what they want at least. */
bool tel_timer_raise(struct tel_call *c, const struct sip_msg *msg);
void tel_timer_start(struct tel_call *c); /* counts from now */

/* tel_refer.c */
void tel_refer_out(struct tel_call *c, const char *uri, const struct tel_leg *other);
/* A NOTIFY within a call: answered. False = not within a call of ours. */
bool tel_refer_notify(struct tel *t, const struct sip_msg *msg);
void tel_refer_end(struct tel_call *c); /* the call ends; idempotent */

/* tel_dial.c */
void tel_call_dial(struct tel *t, const struct tel_cmd *cmd);
/* 422: dials again with a longer session. False = it cannot. */
bool tel_call_redial(struct tel_call *c, const struct sip_msg *msg);

static inline sv tel_sv(const struct pl *p)
{
	return p->p ? sv_n(p->p, p->l < TEL_STR ? p->l : TEL_STR - 1) : SV_NULL;
}

#endif
