/* tel_auth.c: who may call: digest authentication of incoming INVITEs (RFC 2617, MD5,
 * qop=auth). Front thread.
 *
 * The nonce is stateless: time in hex, then an HMAC of time and source address, so that
 * only a nonce we made, for this peer, in the last five minutes is taken. What must be
 * remembered is the highest nonce count per nonce (replay): a table of 1024 places; a
 * nonce whose place was taken over counts as stale. The answer to an unknown user and
 * to a wrong password is the same 401 after the same computation.
 */
#include "tel_front.h"

enum { NONCE_S = 300, TIME_HEX = 16, MAC_HEX = 32 };

static void nonce_make(struct tel *t, uint64_t sec, const struct sa *src,
		       char out[TIME_HEX + MAC_HEX + 1])
{
	struct {
		uint64_t sec;
		uint32_t ip;
	} __attribute__((packed)) in = { sec, sa_in(src) };
	uint8_t mac[20];

	hmac_sha1(t->secret, sizeof(t->secret), (const uint8_t *)&in, sizeof(in), mac,
		  sizeof(mac));
	(void)re_snprintf(out, TIME_HEX + MAC_HEX + 1, "%016llx%w",
			  (unsigned long long)sec, mac, (size_t)MAC_HEX / 2);
}

static uint64_t now_s(void)
{
	return (uint64_t)clk_mono_us() / 1000000;
}

static void challenge(struct tel *t, const struct sip_msg *msg, bool stale)
{
	char nonce[TIME_HEX + MAC_HEX + 1];

	nonce_make(t, now_s(), &msg->src, nonce);
	(void)sip_replyf(t->sip, msg, 401, "Unauthorized",
			 "WWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", "
			 "algorithm=MD5, qop=\"auth\"%s\r\n"
			 "Content-Length: 0\r\n\r\n",
			 t->o.realm, nonce, stale ? ", stale=true" : "");
}

/* 1 = ours and fresh, 0 = not ours, -1 = ours but old. */
static int nonce_check(struct tel *t, const struct pl *nonce, const struct sa *src)
{
	char want[TIME_HEX + MAC_HEX + 1];
	struct pl hex = { nonce->p, TIME_HEX };
	unsigned char diff = 0;
	uint64_t sec, now = now_s();

	if (nonce->l != TIME_HEX + MAC_HEX)
		return 0;
	sec = pl_x64(&hex);
	nonce_make(t, sec, src, want);
	for (size_t i = 0; i < TIME_HEX + MAC_HEX; i++)
		diff |= (unsigned char)(want[i] ^ nonce->p[i]);
	if (diff)
		return 0;
	return sec <= now && now - sec <= NONCE_S ? 1 : -1;
}

/* Each nonce count once, rising. */
static bool count_ok(struct tel *t, const struct pl *nonce, uint32_t nc)
{
	uint64_t id = sv_hash(sv_n(nonce->p, nonce->l)) | 1;
	struct tel_nonce *n = &t->nonces[id / 2 % TEL_NONCES];

	if (n->id != id) {
		n->id = id;
		n->nc = 0;
	}
	if (nc <= n->nc)
		return false;
	n->nc = nc;
	return true;
}

static bool password_ok(struct tel *t, const struct httpauth_digest_resp *r,
			const struct pl *met)
{
	static const uint8_t nobody[16];
	const uint8_t *ha1 = nobody;
	bool known = false;

	for (size_t i = 0; i < t->n_users; i++)
		if (!pl_strcmp(&r->username, t->users[i].user)) {
			ha1 = t->users[i].ha1;
			known = true;
		}
	return !httpauth_digest_response_auth(r, met, ha1) && known;
}

bool tel_auth_ok(struct tel *t, const struct sip_msg *msg)
{
	const struct sip_hdr *h;
	struct httpauth_digest_resp r;
	int fresh;

	if (!t->n_users)
		return true;
	h = sip_msg_hdr(msg, SIP_HDR_AUTHORIZATION);
	memset(&r, 0, sizeof(r));
	if (!h || httpauth_digest_response_decode(&r, &h->val) ||
	    pl_strcmp(&r.realm, t->o.realm) || !pl_isset(&r.nc) ||
	    !pl_isset(&r.cnonce) || pl_strcasecmp(&r.qop, "auth")) {
		challenge(t, msg, false);
		return false;
	}
	fresh = nonce_check(t, &r.nonce, &msg->src);
	if (fresh < 0) {
		challenge(t, msg, true);
		return false;
	}
	if (!fresh || !password_ok(t, &r, &msg->met)) {
		challenge(t, msg, false);
		return false;
	}
	if (!count_ok(t, &r.nonce, pl_x32(&r.nc))) {
		challenge(t, msg, true);
		return false;
	}
	return true;
}
