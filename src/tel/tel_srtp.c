/* tel_srtp.c: SRTP and SRTCP of a call (RFC 3711), by libsrtp2.
 *
 * libre has SRTP too, but its 1.1 moves the roll-over counter before a packet is proved authentic,
 * so one forged packet can silence a call; libsrtp2 estimates the index, authenticates, and only
 * then remembers. One object a direction would do; libsrtp2 keeps both in a session each, keyed for
 * any SSRC. Thread of the leg; the library's own start is done once for the process.
 */
#include <pthread.h>
#include <srtp2/srtp.h>

#include "tel_int.h"

enum { WINDOW = 128 };

struct tel_sec {
	srtp_t tx, rx;
};

static void start(void)
{
	(void)srtp_init();
}

static bool session(srtp_t *ret, int suite, const uint8_t *key, srtp_ssrc_type_t dir)
{
	srtp_policy_t p;

	memset(&p, 0, sizeof(p));
	if (suite == TEL_SUITE_32) {
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&p.rtp);
	} else {
		srtp_crypto_policy_set_rtp_default(&p.rtp);
	}
	srtp_crypto_policy_set_rtcp_default(&p.rtcp); /* 80 bits in both suites (RFC 4568, 6.2) */
	p.ssrc.type = dir;
	p.key = (unsigned char *)(uintptr_t)key;
	p.window_size = WINDOW;
	return srtp_create(ret, &p) == srtp_err_status_ok;
}

int tel_srtp_open(struct tel_sec **ret, const struct tel_keys *k)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct tel_sec *s;

	(void)pthread_once(&once, start);
	s = xalloc(sizeof(*s));
	if (!session(&s->tx, k->suite, k->tx, ssrc_any_outbound) ||
	    !session(&s->rx, k->suite, k->rx, ssrc_any_inbound)) {
		tel_srtp_close(s);
		return ERR_FAIL;
	}
	*ret = s;
	return 0;
}

static int renew(srtp_t *at, int suite, const uint8_t *was, const uint8_t *key,
		 srtp_ssrc_type_t dir)
{
	srtp_t fresh = NULL;

	if (!memcmp(was, key, TEL_KEY_BYTES))
		return 0;
	if (!session(&fresh, suite, key, dir))
		return ERR_FAIL;
	(void)srtp_dealloc(*at);
	*at = fresh;
	return 0;
}

/* A context begun anew under the same key would count from 0 again: after a wrap of the sequence
 * number the other side could not follow, and the same key stream would be used twice. */
int tel_srtp_rekey(struct tel_sec *s, const struct tel_keys *was, const struct tel_keys *k)
{
	int e = renew(&s->tx, k->suite, was->tx, k->tx, ssrc_any_outbound);

	return e ? e : renew(&s->rx, k->suite, was->rx, k->rx, ssrc_any_inbound);
}

void tel_srtp_close(struct tel_sec *s)
{
	if (!s)
		return;
	if (s->tx)
		(void)srtp_dealloc(s->tx);
	if (s->rx)
		(void)srtp_dealloc(s->rx);
	xfree(s);
}

static int code(srtp_err_status_t st)
{
	switch (st) {
	case srtp_err_status_ok: return 0;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old: return ERR_STATE;
	default: return ERR_DENIED;
	}
}

int tel_srtp_protect(struct tel_sec *s, bool rtcp, uint8_t *p, size_t *n)
{
	int len = (int)*n;
	srtp_err_status_t st = rtcp ? srtp_protect_rtcp(s->tx, p, &len) :
				      srtp_protect(s->tx, p, &len);

	if (st == srtp_err_status_ok)
		*n = (size_t)len;
	return code(st);
}

int tel_srtp_unprotect(struct tel_sec *s, bool rtcp, uint8_t *p, size_t *n)
{
	int len = (int)*n;
	srtp_err_status_t st;

	if (*n < 12 || *n > TEL_RTP_MAX)
		return ERR_DENIED;
	st = rtcp ? srtp_unprotect_rtcp(s->rx, p, &len) : srtp_unprotect(s->rx, p, &len);
	if (st == srtp_err_status_ok)
		*n = (size_t)len;
	return code(st);
}
