/* tel_front.c: the front thread: libre's loop, started and ended.
 *
 * The thread owns every libre object (their counts are not atomic). Commands come
 * through a mailbox whose eventfd is one more descriptor of libre's loop. tel_open
 * waits on a small mailbox of its own until the thread has bound its sockets and has
 * heard its own probe (see tel_guard.c).
 */
#include "tel_front.h"

#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

#define DEBUG_MODULE "callm"
#define DEBUG_LEVEL 0
#include <re_dbg.h>

enum {
	MAX_FD = 65536, /* libre's table is indexed by descriptor number */
	PROBE_MS = 2000,
	BYE_MS = 200, /* time for the answers to our last BYEs */
};

void tel_defaults(struct tel_opts *o)
{
	*o = (struct tel_opts){ .ip = "127.0.0.1",
				.max_calls = 1000,
				.max_cps = 50,
				.call_limit_ms = LIM_CALL_MS,
				.media_timeout_ms = 30000,
				.ring_timeout_ms = 60000,
				.session_s = 1800,
				.srtp = TEL_SRTP_OFFER,
				.jitter_min_ms = 20,
				.jitter_max_ms = 60 };
}

struct mbox *tel_front_box(struct tel *t)
{
	return t->box;
}

const struct tel_opts *tel_front_opts(const struct tel *t)
{
	return &t->o;
}

/* ---- options */

static char *dup_str(const char *s)
{
	return s ? xstrdup(sv_of(s)) : NULL;
}

static int copy_acl(struct tel *t, const struct tel_opts *o, struct err *e)
{
	static const char *const local[] = { "127.0.0.0/8" };
	const char *const *v = o->acl ? o->acl : local;
	size_t n = o->acl ? o->n_acl : 1;

	t->acl = xalloc((n + 1) * sizeof(*t->acl));
	t->n_acl = n;
	for (size_t i = 0; i < n; i++)
		if (tel_net_parse(v[i], &t->acl[i]))
			return err_set(
				e, ERR_INVAL,
				"acl \"%s\": write an IPv4 network like 10.0.0.0/8",
				v[i]);
	return 0;
}

static void copy_refer_to(struct tel *t, const struct tel_opts *o)
{
	char **v = xalloc((o->n_refer_to + 1) * sizeof(*v));

	for (size_t i = 0; i < o->n_refer_to; i++)
		v[i] = dup_str(o->refer_to[i]);
	t->o.refer_to = (const char *const *)v;
}

static void copy_users(struct tel *t, const struct tel_opts *o)
{
	t->users = xalloc((o->n_users + 1) * sizeof(*t->users));
	t->n_users = o->n_users;
	for (size_t i = 0; i < o->n_users; i++) {
		t->users[i].user = dup_str(o->users[i].user);
		(void)md5_printf(t->users[i].ha1, "%s:%s:%s", o->users[i].user,
				 t->o.realm, o->users[i].password);
	}
}

static int check(const struct tel_opts *o, struct err *e)
{
	uint8_t codecs[TEL_CODECS];
	struct in_addr in;

	if (!o->ip || inet_pton(AF_INET, o->ip, &in) != 1)
		return err_set(e, ERR_INVAL, "sip ip \"%s\": an IPv4 address is needed",
			       o->ip ? o->ip : "");
	if (o->public_ip && inet_pton(AF_INET, o->public_ip, &in) != 1)
		return err_set(e, ERR_INVAL,
			       "public ip \"%s\": an IPv4 address is needed",
			       o->public_ip);
	if (o->sip_port < 0 || o->sip_port > 65535)
		return err_set(e, ERR_INVAL, "sip port %d: 0 to 65535", o->sip_port);
	if ((o->rtp_min || o->rtp_max) &&
	    (o->rtp_min < 1024 || o->rtp_max > 65534 || o->rtp_min > o->rtp_max))
		return err_set(e, ERR_INVAL,
			       "rtp ports %d-%d: a range within 1024-65534", o->rtp_min,
			       o->rtp_max);
	if (o->n_users && (!o->realm || !o->realm[0] || strchr(o->realm, '"')))
		return err_set(e, ERR_INVAL,
			       "sip users need a realm (a name without quotes)");
	if (o->max_calls < 1 || o->max_calls > LIM_CONVERSATIONS || o->max_cps < 1)
		return err_set(e, ERR_INVAL, "max_calls 1 to %d, max_cps at least 1",
			       LIM_CONVERSATIONS);
	if (o->jitter_min_ms < 20 || o->jitter_max_ms < o->jitter_min_ms ||
	    o->jitter_max_ms > 200)
		return err_set(e, ERR_INVAL,
			       "jitter buffer %d-%d ms: a range within 20-200",
			       o->jitter_min_ms, o->jitter_max_ms);
	for (size_t i = 0; i < o->n_refer_to; i++)
		if (!strchr(o->refer_to[i], '@') || strpbrk(o->refer_to[i], "<>; \""))
			return err_set(
				e, ERR_INVAL,
				"refer_to \"%s\": write user@host, or @host for anybody there",
				o->refer_to[i]);
	if (o->codecs && tel_codecs_parse(o->codecs, codecs) < 1)
		return err_set(e, ERR_INVAL, "codecs \"%s\": of opus, g722, pcmu, pcma, each once",
			       o->codecs);
	if (o->tls_port < -1 || o->tls_port > 65535)
		return err_set(e, ERR_INVAL, "TLS port %d: 0 to 65535", o->tls_port);
	if (o->session_s && (o->session_s < TEL_TIMER_LEAST || o->session_s > 86400))
		return err_set(e, ERR_INVAL, "session timer %d s: 0, or %d to 86400",
			       o->session_s, TEL_TIMER_LEAST);
	if (o->call_limit_ms < 1 || o->media_timeout_ms < 1 || o->ring_timeout_ms < 1)
		return err_set(e, ERR_INVAL, "telephone time limits must be above 0");
	return 0;
}

static void tel_free(struct tel *t)
{
	for (size_t i = 0; i < t->n_users; i++)
		xfree(t->users[i].user);
	xfree(t->users);
	xfree(t->acl);
	xfree((char *)t->o.ip);
	xfree((char *)t->o.public_ip);
	xfree((char *)t->o.realm);
	xfree((char *)t->o.dial_user);
	xfree((char *)t->o.dial_password);
	xfree((char *)t->o.dial_host);
	xfree((char *)t->o.codecs);
	for (size_t i = 0; i < t->o.n_refer_to; i++)
		xfree((char *)t->o.refer_to[i]);
	xfree((char **)t->o.refer_to);
	xfree((char *)t->o.tls_cert);
	xfree((char *)t->o.tls_key);
	xfree((char *)t->o.tls_ca);
	tel_reg_free(t);
	mem_deref(t->tls);
	mbox_free(t->opener);
	mbox_free(t->box);
	xfree(t);
}

/* ---- the thread */

static void opened(void *arg)
{
}

static void tell_opener(struct tel *t, int err, const char *why)
{
	if (!t->opener || t->start_err != ERR_AGAIN)
		return;
	t->start_err = err;
	str_ncpy(t->start_why, why, sizeof(t->start_why));
	(void)mbox_post(t->opener, opened, NULL);
}

static void on_box(int flags, void *arg)
{
	struct tel *t = arg;

	(void)mbox_drain(t->box);
}

static void sip_shut(struct tel *t)
{
	fd_close(mbox_fd(t->box));
	tmr_cancel(&t->quit);
	tel_reg_end(t);
	for (size_t i = 0; i < 4; i++)
		t->lsnr[i] = mem_deref(t->lsnr[i]);
	t->sock = mem_deref(t->sock);
	sip_close(t->sip, true);
	for (int i = 0; i < t->n_guards; i++)
		t->guards[i].helper = mem_deref(t->guards[i].helper);
	t->sip = mem_deref(t->sip);
	t->dnsc = mem_deref(t->dnsc);
	t->by_id = mem_deref(t->by_id);
}

static void on_probe_wait(void *arg)
{
	struct tel *t = arg;

	if (t->n_guards == t->n_addrs) {
		tell_opener(t, 0, "");
		tel_reg_start(t);
		return;
	}
	if (clk_mono_us() - t->open_us > PROBE_MS * 1000) {
		tell_opener(t, ERR_NET,
			    "the SIP socket does not receive (a firewall on this "
			    "machine?)");
		re_cancel();
		return;
	}
	tmr_start(&t->quit, 5, on_probe_wait, t);
}

static void *front_main(void *arg)
{
	struct tel *t = arg;
	char why[160], buf[96];
	int e = re_thread_init();

	if (!e)
		e = fd_setsize(MAX_FD);
	if (!e)
		e = fd_listen(mbox_fd(t->box), FD_READ, on_box, t);
	if (!e)
		e = tel_listen(t);
	t->token_us = t->open_us = clk_mono_us();
	t->tokens = t->o.max_cps;
	if (!e && tel_probe(t))
		e = ENETUNREACH;
	if (e) {
		(void)snprintf(
			why, sizeof(why), "SIP on %s:%d: %s%s", t->o.ip, t->o.sip_port,
			str_error(e, buf, sizeof(buf)),
			e == EADDRINUSE ?
				"; stop the other program or choose another port" :
				"");
		tell_opener(t, ERR_NET, why);
	} else {
		on_probe_wait(t);
		(void)re_main(NULL);
	}
	(void)mbox_drain(t->box); /* releases that came with the end */
	sip_shut(t);
	tel_tmr_done();
	re_thread_close();
	return NULL;
}

static void libre_once(void)
{
	(void)libre_init();
	/* its warnings are one line per bad message: anybody could fill the disk */
	dbg_init(DBG_EMERG, DBG_NONE);
}

static int start(struct tel *t, struct err *e)
{
	struct pollfd p = { .fd = mbox_fd(t->opener), .events = POLLIN };

	if (pthread_create(&t->thread, NULL, front_main, t))
		return err_set(e, ERR_NOMEM, "no thread for SIP");
	while (!mbox_drain(t->opener))
		(void)poll(&p, 1, 1000);
	if (!t->start_err)
		return 0;
	return err_set(e, t->start_err, "%s", t->start_why);
}

int tel_open(struct tel **ret, const struct tel_opts *o, const struct tel_sink *sink,
	     void *arg, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct tel *t;
	int er = check(o, e);

	if (er)
		return er;
	if (tel_tmr_check())
		return err_set(
			e, ERR_VERSION,
			"libre does not take our timers; libre 1.1 or 2.x, linked as a "
			"shared library, is needed");
	(void)pthread_once(&once, libre_once);
	t = xalloc(sizeof(*t));
	t->o = *o;
	t->o.ip = dup_str(o->ip);
	t->o.public_ip = dup_str(o->public_ip);
	t->o.realm = dup_str(o->realm);
	t->o.dial_user = dup_str(o->dial_user);
	t->o.dial_password = dup_str(o->dial_password);
	t->o.dial_host = dup_str(o->dial_host);
	t->o.codecs = dup_str(o->codecs);
	copy_refer_to(t, o);
	t->o.tls_cert = dup_str(o->tls_cert);
	t->o.tls_key = dup_str(o->tls_key);
	t->o.tls_ca = dup_str(o->tls_ca);
	if (sink)
		t->sink = *sink;
	t->sink_arg = arg;
	rng_secure(t->secret, sizeof(t->secret));
	copy_users(t, o);
	t->box = mbox_new(NULL);
	t->opener = mbox_new(NULL);
	t->start_err = ERR_AGAIN;
	er = copy_acl(t, o, e);
	if (!er)
		er = tel_reg_open(t, o, e);
	if (!er)
		er = tel_tls_open(t, e);
	if (!er)
		er = start(t, e);
	if (!er) {
		*ret = t;
		return 0;
	}
	if (t->thread)
		pthread_join(t->thread, NULL);
	tel_free(t);
	return er;
}

/* ---- from other threads */

static void quit_now(void *arg)
{
	re_cancel();
}

static void on_quit(void *arg)
{
	struct tel *t = arg;
	int64_t since;

	t->closing = true;
	if (tel_reg_leave(t))
		t->bye_us = clk_mono_us();
	while (t->calls) {
		t->calls->released = true;
		tel_call_hangup(t->calls, 0);
	}
	since = (clk_mono_us() - t->bye_us) / 1000;
	tmr_start(&t->quit, since < BYE_MS ? (uint64_t)(BYE_MS - since) : 0, quit_now,
		  t);
}

void tel_close(struct tel *t)
{
	if (!t)
		return;
	ASSERT(!mbox_post(t->box, on_quit, t));
	pthread_join(t->thread, NULL);
	tel_free(t);
}

int tel_port(const struct tel *t)
{
	return t->port;
}

static void drain_on(void *arg)
{
	((struct tel *)arg)->draining = true;
}

static void drain_off(void *arg)
{
	((struct tel *)arg)->draining = false;
}

void tel_drain(struct tel *t, bool on)
{
	(void)mbox_post(t->box, on ? drain_on : drain_off, t);
}

static void on_hangup_all(void *arg)
{
	struct tel *t = arg;
	struct tel_call *next;

	for (struct tel_call *c = t->calls; c; c = next) {
		next = c->next;
		tel_call_hangup(c, 503);
	}
}

void tel_hangup_all(struct tel *t)
{
	(void)mbox_post(t->box, on_hangup_all, t);
}

int tel_calls(const struct tel *t)
{
	return (int)metric_get(M_CALLS_ACTIVE);
}
