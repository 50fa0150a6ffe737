/* tel_crypto.c: keys in SDP (RFC 4568): the value of an a=crypto line, both ways. Pure, any thread.
 *
 *	1 AES_CM_128_HMAC_SHA1_80 inline:BASE64(key, salt)|2^20
 *
 * Taken: the two suites every phone has, one key, a lifetime (not less than we could use up in a
 * call's longest time: any). Refused, as the RFC asks of what one does not understand: several
 * keys, a master key index, session parameters that change what is encrypted.
 */
#include <sodium.h>
#include <stdio.h>

#include "tel_int.h"

static const char *const suites[] = {
	[TEL_SUITE_80] = "AES_CM_128_HMAC_SHA1_80",
	[TEL_SUITE_32] = "AES_CM_128_HMAC_SHA1_32",
};

const char *tel_suite_name(int suite)
{
	return suite == TEL_SUITE_80 || suite == TEL_SUITE_32 ? suites[suite] : "";
}

static sv word(sv *rest)
{
	sv w = SV_NULL;

	*rest = sv_trim(*rest);
	(void)sv_cut(rest, ' ', &w);
	return w;
}

/* "2^20" or digits. */
static bool lifetime_ok(sv s)
{
	if (sv_starts(s, SV("2^")))
		s = sv_slice(s, 2, s.n);
	if (!s.n || s.n > 15)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static int take_key(sv s, uint8_t key[TEL_KEY_BYTES])
{
	sv b64 = SV_NULL, life;
	size_t n = 0;

	if (!sv_starts(s, SV("inline:")))
		return ERR_UNSUPPORTED;
	s = sv_slice(s, 7, s.n);
	if (sv_find(s, SV(";")) >= 0)
		return ERR_UNSUPPORTED; /* several keys */
	(void)sv_cut(&s, '|', &b64);
	if (sv_cut(&s, '|', &life) && (s.n || !lifetime_ok(life)))
		return ERR_UNSUPPORTED; /* a master key index */
	if (sodium_base642bin(key, TEL_KEY_BYTES, b64.p, b64.n, NULL, &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) ||
	    n != TEL_KEY_BYTES)
		return ERR_PARSE;
	return 0;
}

int tel_crypto_parse(sv value, struct tel_crypto *ret)
{
	struct tel_crypto c = { 0 };
	sv tag = word(&value), suite = word(&value), key = word(&value);
	int64_t v;
	int e;

	if (!tag.n || tag.n > 9 || sv_i64(tag, &v) || v < 0)
		return ERR_PARSE;
	c.tag = (int)v;
	for (int i = TEL_SUITE_80; i <= TEL_SUITE_32; i++)
		if (sv_eq_nocase(suite, sv_of(suites[i])))
			c.suite = (uint8_t)i;
	if (!c.suite)
		return ERR_UNSUPPORTED;
	e = take_key(key, c.key);
	if (e)
		return e;
	if (sv_trim(value).n)
		return ERR_UNSUPPORTED; /* session parameters */
	*ret = c;
	return 0;
}

void tel_crypto_format(const struct tel_crypto *c, char to[TEL_CRYPTO_STR])
{
	char b64[48];

	(void)sodium_bin2base64(b64, sizeof(b64), c->key, TEL_KEY_BYTES,
				sodium_base64_VARIANT_ORIGINAL);
	(void)snprintf(to, TEL_CRYPTO_STR, "%d %s inline:%s", c->tag, tel_suite_name(c->suite),
		       b64);
}
