/* tel_tls.c: SIP over TLS: the one context of all connections, incoming and outgoing.
 *
 * TLS 1.2 at least. The certificate is the configured one or an RSA key of 2048 bits made at
 * the start, which encrypts but proves nothing. With a CA both directions must prove
 * themselves by it; libre 1.1 gives no way to compare the name in a peer's certificate with
 * the host that was dialled, so that CA should be one that only signs peers of ours.
 * Made by tel_open before the front thread starts, used by that thread only.
 */
#define ERR_STATE openssl_err_state /* a type of OpenSSL's, a code of ours */
#include <openssl/err.h>
#include <openssl/ssl.h>
#undef ERR_STATE
#define USE_OPENSSL 1 /* libre was built with it: its context can be had */

#include "tel_front.h"

/* Why OpenSSL refused, in its own words. */
static int failed(struct err *e, const char *what, const char *file)
{
	unsigned long code = ERR_get_error();
	const char *why = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return err_set(e, ERR_INVAL, "%s %s: %s", what, file, why ? why : "cannot be used");
}

static int use_files(SSL_CTX *ctx, const struct tel_opts *o, struct err *e)
{
	const char *key = o->tls_key ? o->tls_key : o->tls_cert;

	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, o->tls_cert) != 1)
		return failed(e, "TLS certificate", o->tls_cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return failed(e, "TLS key", key);
	return 0;
}

int tel_tls_open(struct tel *t, struct err *e)
{
	const struct tel_opts *o = &t->o;
	SSL_CTX *ctx;

	if (!o->tls_port)
		return 0;
	if (tls_alloc(&t->tls, TLS_METHOD_SSLV23, NULL, NULL))
		return err_set(e, ERR_NOMEM, "TLS: no context");
	ctx = tls_openssl_context(t->tls);
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	if (o->tls_cert) {
		int er = use_files(ctx, o, e);

		if (er)
			return er;
	} else if (tls_set_selfsigned_rsa(t->tls, "callm", 2048)) {
		return err_set(e, ERR_FAIL, "TLS: no certificate could be made");
	}
	if (!o->tls_ca)
		return 0;
	ERR_clear_error();
	if (SSL_CTX_load_verify_locations(ctx, o->tls_ca, NULL) != 1)
		return failed(e, "TLS CA", o->tls_ca);
	SSL_CTX_set_verify_depth(ctx, 4);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return 0;
}

int tel_tls_port(const struct tel *t)
{
	return t->tls_port;
}
