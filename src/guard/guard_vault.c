/* guard_vault.c: personal data as tokens that can be turned back: [phone_1].
 *
 * A text of any length is taken in pieces of LIM_TEXT_MSG code points, cut at a blank or between
 * words. Values are the bytes as they were given, so that what was masked comes back to the
 * byte. Saved as one sealed block: lines "token length\n", the value, "\n". Owns its values; one
 * thread at a time.
 */
#include "guard_int.h"

#include <sodium.h>
#include <stdio.h>

#define VAULT_MAX 1000000       /* values */
#define VAULT_BYTES (32u << 20) /* saved */
#define KINDS (PII_COUNT + 1)   /* the last: what looked like a token already */

struct entry {
	char token[40];
	sv value;               /* owned */
};
struct guard_vault {
	struct map *by_token, *by_value; /* of struct entry; the first owns */
	int next[KINDS];
};

static const char *kind_name(int k)
{
	return k == PII_COUNT ? "text" : guard_pii_name((enum guard_pii)k);
}

struct guard_vault *guard_vault_new(void)
{
	struct guard_vault *v = xalloc(sizeof(*v));

	v->by_token = map_new(VAULT_MAX);
	v->by_value = map_new(VAULT_MAX);
	return v;
}

void guard_vault_free(struct guard_vault *v)
{
	size_t it = 0;
	void *p;
	sv key;

	if (!v)
		return;
	while (map_next(v->by_token, &it, &key, &p)) {
		struct entry *x = p;
		sodium_memzero((char *)x->value.p, x->value.n);
		xfree((char *)x->value.p);
		xfree(x);
	}
	map_free(v->by_token);
	map_free(v->by_value);
	xfree(v);
}

size_t guard_vault_size(const struct guard_vault *v)
{
	return map_count(v->by_token);
}

/* ---- tokens ---- */

/* "[phone_12]" at the start of s: its length, its kind and number; 0 when there is none. */
static size_t token_at(sv s, int *ret_kind, int64_t *ret_n)
{
	for (int k = 0; k < KINDS; k++) {
		sv name = sv_of(kind_name(k));
		size_t i = name.n + 2;
		if (s.n < i + 2 || s.p[0] != '[' || s.p[i - 1] != '_' ||
		    memcmp(s.p + 1, name.p, name.n) != 0)
			continue;
		int64_t n = 0;
		size_t from = i;
		for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && i - from < 9; i++)
			n = n * 10 + (s.p[i] - '0');
		if (i == from || i == s.n || s.p[i] != ']' || s.p[from] == '0')
			continue;
		*ret_kind = k;
		*ret_n = n;
		return i + 1;
	}
	return 0;
}

static int add(struct guard_vault *v, const char *token, sv key, sv value)
{
	struct entry *x = xalloc(sizeof(*x));

	(void)snprintf(x->token, sizeof(x->token), "%s", token);
	char *copy = xalloc(value.n + 1);
	memcpy(copy, value.p, value.n);
	x->value = sv_n(copy, value.n);
	int rc = map_put(v->by_token, sv_of(x->token), x);
	if (rc) {
		xfree(copy);
		xfree(x);
		return rc;
	}
	return map_put(v->by_value, key, x);
}

/* Appends the token of value. */
static int put_token(struct guard_vault *v, int kind, sv value, struct sb *out)
{
	struct sb key;
	char token[40];
	int rc = 0;

	sb_init(&key, LIM_SB);
	sb_fmt(&key, "%d ", kind);
	sb_put(&key, value);
	struct entry *x = map_get(v->by_value, sb_sv(&key));
	if (!x) {
		(void)snprintf(token, sizeof(token), "[%s_%d]", kind_name(kind), ++v->next[kind]);
		rc = sb_err(&key) ? sb_err(&key) : add(v, token, sb_sv(&key), value);
		x = map_get(v->by_token, sv_of(token));
	}
	if (rc == 0 && x)
		sb_cstr(out, x->token);
	sb_done(&key);
	return rc ? rc : sb_err(out);
}

/* Text between two finds: what looks like a token becomes one. */
static int put_plain(struct guard_vault *v, sv text, struct sb *out)
{
	size_t from = 0;
	int kind, rc = 0;
	int64_t n;

	for (size_t i = 0; rc == 0 && i < text.n; i++) {
		size_t len = text.p[i] == '[' ? token_at(sv_slice(text, i, text.n), &kind, &n) : 0;
		if (!len)
			continue;
		sb_put(out, sv_slice(text, from, i));
		rc = put_token(v, PII_COUNT, sv_slice(text, i, i + len), out);
		from = i + len;
		i = from - 1;
	}
	sb_put(out, sv_slice(text, from, text.n));
	return rc ? rc : sb_err(out);
}

/* ---- masking ---- */

size_t guard_piece(sv text)
{
	sv rest = text;
	size_t blank = 0, loose = 0;

	for (size_t n = 0; n < LIM_TEXT_MSG && rest.n; n++) {
		uint32_t r = sv_fold(sv_rune(&rest));
		if (n < LIM_TEXT_MSG / 2)
			continue;
		if (r == '\n' || guard_in_set(r, " ,.;!?，。；！？"))
			blank = text.n - rest.n;
		else if (!guard_word(r))
			loose = text.n - rest.n;
	}
	return !rest.n ? text.n : blank ? blank : loose ? loose : text.n - rest.n;
}

static int mask_piece(struct guard_vault *v, sv text, struct sb *out)
{
	struct arena a;
	struct guard_in in = { 0 };
	sv rest = text;
	size_t rune = 0, from = 0;

	arena_init(&a, LIM_ARENA_TURN);
	int rc = guard_inbound(text, &a, &in);
	for (size_t i = 0; rc == 0 && i < in.n; i++) {
		size_t s = in.from[in.spans[i].cp_start], e = in.from[in.spans[i].cp_end - 1] + 1;
		while (rune < s && rest.n) {
			sv_rune(&rest);
			rune++;
		}
		size_t start = text.n - rest.n;
		while (rune < e && rest.n) {
			sv_rune(&rest);
			rune++;
		}
		rc = put_plain(v, sv_slice(text, from, start), out);
		from = text.n - rest.n;
		if (rc == 0)
			rc = put_token(v, (int)in.spans[i].type, sv_slice(text, start, from), out);
	}
	arena_done(&a);
	return rc ? rc : put_plain(v, sv_slice(text, from, text.n), out);
}

int guard_vault_mask(struct guard_vault *v, sv text, struct sb *out)
{
	int rc = 0;

	while (text.n && rc == 0) {
		size_t n = guard_piece(text);
		rc = mask_piece(v, sv_slice(text, 0, n), out);
		text = sv_slice(text, n, text.n);
	}
	return rc;
}

int guard_vault_restore(const struct guard_vault *v, sv text, struct sb *out)
{
	size_t from = 0;
	int kind;
	int64_t n;

	for (size_t i = 0; i < text.n; i++) {
		size_t len = text.p[i] == '[' ? token_at(sv_slice(text, i, text.n), &kind, &n) : 0;
		struct entry *x = len ? map_get(v->by_token, sv_slice(text, i, i + len)) : NULL;
		if (!x)
			continue;
		sb_put(out, sv_slice(text, from, i));
		sb_put(out, x->value);
		from = i + len;
		i = from - 1;
	}
	sb_put(out, sv_slice(text, from, text.n));
	return sb_err(out);
}

/* ---- a file of it ---- */

static const sv vault_context = { "callm vault 1", 13 };

int guard_vault_save(const struct guard_vault *v, const unsigned char key[GUARD_KEY],
		     struct sb *out)
{
	struct sb plain;
	size_t it = 0;
	void *p;
	sv token;

	sb_init(&plain, VAULT_BYTES);
	while (map_next(v->by_token, &it, &token, &p)) {
		struct entry *x = p;
		sb_fmt(&plain, "%s %zu\n", x->token, x->value.n);
		sb_put(&plain, x->value);
		sb_ch(&plain, '\n');
	}
	int rc = sb_err(&plain) ? sb_err(&plain) :
				  guard_seal(key, sb_sv(&plain), vault_context, out);
	if (plain.p)
		sodium_memzero(plain.p, plain.n);
	sb_done(&plain);
	return rc;
}

static int load_entry(struct guard_vault *v, sv *plain)
{
	struct sb key;
	sv line, token;
	int64_t bytes, n;
	int kind;

	if (!sv_cut(plain, '\n', &line) || !sv_cut(&line, ' ', &token) || sv_i64(line, &bytes) ||
	    bytes < 0 || (size_t)bytes >= plain->n || token_at(token, &kind, &n) != token.n)
		return ERR_PARSE;
	sv value = sv_slice(*plain, 0, (size_t)bytes);
	*plain = sv_slice(*plain, (size_t)bytes + 1, plain->n);
	if (map_get(v->by_token, token))
		return ERR_PARSE;
	char text[40];
	(void)snprintf(text, sizeof(text), SV_FMT, SV_ARG(token));
	sb_init(&key, LIM_SB);
	sb_fmt(&key, "%d ", kind);
	sb_put(&key, value);
	int rc = sb_err(&key) ? sb_err(&key) : add(v, text, sb_sv(&key), value);
	sb_done(&key);
	v->next[kind] = n > v->next[kind] ? (int)n : v->next[kind];
	return rc;
}

int guard_vault_load(struct guard_vault **ret, sv sealed, const unsigned char key[GUARD_KEY])
{
	struct guard_vault *v;
	struct sb plain;

	sb_init(&plain, VAULT_BYTES);
	int rc = guard_unseal(key, sv_trim(sealed), vault_context, &plain);
	sv rest = sb_sv(&plain);
	v = guard_vault_new();
	while (rc == 0 && rest.n)
		rc = load_entry(v, &rest);
	if (plain.p)
		sodium_memzero(plain.p, plain.n);
	sb_done(&plain);
	if (rc) {
		guard_vault_free(v);
		return rc;
	}
	*ret = v;
	return 0;
}
