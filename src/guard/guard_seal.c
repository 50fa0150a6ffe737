/* guard_seal.c: sealing: the key file, and what the masks of one text hide.
 *
 * XChaCha20-Poly1305 of libsodium with a random nonce; the context (a conversation and the masked
 * text) is authenticated with it, so that a sealed value moved elsewhere does not open. The
 * key is 32 random bytes in a file of its own (0600): a copy of the database without it tells
 * nothing. Owns nothing; any thread.
 */
#include "guard_int.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SEALED_MAX (64u << 20)

/* The key is written beside its place and then linked to it: of several processes that make one at
 * the same time the first wins, and nobody ever reads half a key. */
static int make_key(const char *path, struct err *e)
{
	unsigned char fresh[GUARD_KEY], salt[8];
	char hex[2 * sizeof(salt) + 1];
	struct sb tmp;

	randombytes_buf(salt, sizeof(salt));
	randombytes_buf(fresh, sizeof(fresh));
	sb_init(&tmp, PATH_MAX);
	sb_fmt(&tmp, "%s.%s", path, sodium_bin2hex(hex, sizeof(hex), salt, sizeof(salt)));
	int rc = file_write(sb_str(&tmp), sv_n((char *)fresh, sizeof(fresh)), e);
	/* a file system without links: the last one wins there */
	if (rc == 0 && link(sb_str(&tmp), path) < 0 && errno != EEXIST &&
	    rename(sb_str(&tmp), path) < 0)
		rc = err_set(e, ERR_IO, "cannot create %s: %s", path, strerror(errno));
	(void)unlink(sb_str(&tmp));
	sodium_memzero(fresh, sizeof(fresh));
	sb_done(&tmp);
	return rc;
}

int guard_key(const char *path, bool make, unsigned char key[GUARD_KEY], struct err *e)
{
	struct sb b;
	int rc;

	if (sodium_init() < 0)
		return err_set(e, ERR_FAIL, "libsodium does not start");
	if (make && !file_exists(path) && (rc = make_key(path, e)))
		return rc;
	sb_init(&b, 256);
	rc = file_read(path, 256, &b, e);
	if (rc == 0 && b.n != GUARD_KEY)
		rc = err_set(e, ERR_PARSE, "%s: not a key of %d bytes", path, GUARD_KEY);
	if (rc == 0)
		memcpy(key, b.p, GUARD_KEY);
	if (b.p)
		sodium_memzero(b.p, b.n);
	sb_done(&b);
	return rc;
}

int guard_seal(const unsigned char key[GUARD_KEY], sv plain, sv context, struct sb *out)
{
	unsigned long long n = 0;
	unsigned char *c;

	if (plain.n > SEALED_MAX || sodium_init() < 0)
		return ERR_TOOBIG;
	c = xalloc(NONCE + plain.n + TAG);
	randombytes_buf(c, NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		c + NONCE, &n, (const unsigned char *)plain.p, plain.n,
		(const unsigned char *)context.p, context.n, NULL, c, key);
	sb_base64(out, c, NONCE + (size_t)n);
	xfree(c);
	return sb_err(out);
}

int guard_unseal(const unsigned char key[GUARD_KEY], sv sealed, sv context, struct sb *out)
{
	size_t room = sealed.n / 4 * 3 + 3, n = 0;
	unsigned char *c, *plain;
	unsigned long long got = 0;

	if (sealed.n > SEALED_MAX * 2ull || sodium_init() < 0)
		return ERR_TOOBIG;
	c = xalloc(room);
	int rc = sodium_base642bin(c, room, sealed.p ? sealed.p : "", sealed.n, "\n", &n, NULL,
				   sodium_base64_VARIANT_ORIGINAL);
	if (rc || n < NONCE + TAG) {
		xfree(c);
		return ERR_DENIED;
	}
	plain = xalloc(n + 1);
	rc = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &got, NULL, c + NONCE, n - NONCE,
							(const unsigned char *)context.p,
							context.n, c, key);
	if (rc == 0)
		sb_put(out, sv_n((char *)plain, (size_t)got));
	sodium_memzero(plain, n);
	xfree(plain);
	xfree(c);
	return rc ? ERR_DENIED : sb_err(out);
}

void guard_seal_context(sv conversation, sv masked, struct sb *out)
{
	sb_put(out, conversation);
	sb_ch(out, '\n');
	sb_put(out, masked);
}

/* ---- masks: lines "offset-in-masked length-of-mask length-of-value\n" and the value ---- */

int guard_seal_masks(const unsigned char key[GUARD_KEY], const struct guard_in *in, sv context,
		     struct sb *out)
{
	struct sb plain;
	size_t at = 0, written = 0;

	sb_init(&plain, LIM_SB);
	for (size_t i = 0; i < in->n; i++) {
		const struct guard_span *s = &in->spans[i];
		size_t mask = strlen(guard_pii_name(s->type)) + 2;
		written += s->start - at;
		at = s->end;
		if (s->type != PII_BANK_CARD) {
			sb_fmt(&plain, "%zu %zu %zu\n", written, mask, s->end - s->start);
			sb_put(&plain, sv_slice(in->clean, s->start, s->end));
		}
		written += mask;
	}
	int rc = sb_err(&plain);
	if (rc == 0 && plain.n)
		rc = guard_seal(key, sb_sv(&plain), context, out);
	if (plain.p)
		sodium_memzero(plain.p, plain.n);
	sb_done(&plain);
	return rc;
}

/* Three numbers of a line. */
static bool numbers(sv line, int64_t v[3])
{
	sv word;

	for (int i = 0; i < 3; i++)
		if (!sv_cut(&line, ' ', &word) || sv_i64(word, &v[i]) || v[i] < 0)
			return false;
	return line.n == 0;
}

static int fill_masks(sv masked, sv plain, struct sb *out)
{
	size_t at = 0;
	int64_t v[3];
	sv line;

	while (plain.n) {
		if (!sv_cut(&plain, '\n', &line) || !numbers(line, v) ||
		    (size_t)v[2] > plain.n || (size_t)v[0] < at ||
		    (size_t)v[0] + (size_t)v[1] > masked.n)
			return ERR_PARSE;
		sb_put(out, sv_slice(masked, at, (size_t)v[0]));
		sb_put(out, sv_slice(plain, 0, (size_t)v[2]));
		plain = sv_slice(plain, (size_t)v[2], plain.n);
		at = (size_t)v[0] + (size_t)v[1];
	}
	sb_put(out, sv_slice(masked, at, masked.n));
	return sb_err(out);
}

int guard_unseal_masks(const unsigned char key[GUARD_KEY], sv masked, sv sealed, sv context,
		       struct sb *out)
{
	struct sb plain;

	sb_init(&plain, LIM_SB);
	int rc = guard_unseal(key, sealed, context, &plain);
	if (rc == 0)
		rc = fill_masks(masked, sb_sv(&plain), out);
	if (plain.p)
		sodium_memzero(plain.p, plain.n);
	sb_done(&plain);
	return rc;
}

int guard_unseal_body(const unsigned char key[GUARD_KEY], sv conversation, sv sealed, jv *body)
{
	struct sb context, text;
	sv masked = jv_get_str(body, "text");

	sb_init(&context, LIM_SB);
	sb_init(&text, LIM_SB);
	guard_seal_context(conversation, masked, &context);
	int rc = guard_unseal_masks(key, masked, sealed, sb_sv(&context), &text);
	if (rc == 0)
		jv_set_str(body, "text", sb_sv(&text));
	sb_done(&context);
	sb_done(&text);
	return rc;
}
