/* mcp_text.c: the pure pieces: lines of a stream, canonical JSON, a tool's fingerprint, a result in
 * quotation marks. Any thread, one value at a time.
 *
 * The fingerprint covers what a model reads and what a caller relies on: name, title, description,
 * both schemas, annotations. Members are sorted, so that a server may write them in any order.
 */
#include <stdlib.h>

#include <sodium.h>

#include "mcp_int.h"

/* ---- lines ---- */

void mcp_lines_init(struct mcp_lines *x, size_t max)
{
	*x = (struct mcp_lines){ 0 };
	sb_init(&x->part, max);
}

void mcp_lines_done(struct mcp_lines *x)
{
	sb_done(&x->part);
}

static sv no_cr(sv line)
{
	return line.n && line.p[line.n - 1] == '\r' ? sv_slice(line, 0, line.n - 1) : line;
}

int mcp_lines_feed(struct mcp_lines *x, sv bytes, int (*fn)(void *arg, sv line), void *arg)
{
	ptrdiff_t at;

	while (!x->err && (at = sv_find_ch(bytes, '\n')) >= 0) {
		struct sb whole = x->part;
		int rc;

		sb_put(&whole, sv_slice(bytes, 0, (size_t)at));
		bytes = sv_slice(bytes, (size_t)at + 1, bytes.n);
		sb_init(&x->part, whole.max);
		x->err = sb_err(&whole);
		/* fn may end the life of x: the line is ours alone meanwhile. */
		rc = x->err ? 0 : fn(arg, no_cr(sb_sv(&whole)));
		sb_done(&whole);
		if (rc)
			return rc;
	}
	if (!x->err) {
		sb_put(&x->part, bytes);
		x->err = sb_err(&x->part);
	}
	return x->err;
}

/* ---- canonical JSON ---- */

struct member {
	sv key;
	const jv *val;
};

static int by_name(const void *a, const void *b)
{
	return sv_cmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static void canonical_obj(const jv *v, struct sb *out)
{
	size_t n = jv_len(v), k = 0;
	struct member *m = xalloc((n + 1) * sizeof(*m));
	void *it = NULL;
	sv key;
	jv *val;

	while (k < n && jv_next(v, &it, &key, &val))
		m[k++] = (struct member){ key, val };
	qsort(m, k, sizeof(*m), by_name);
	sb_ch(out, '{');
	for (size_t i = 0; i < k; i++) {
		if (i)
			sb_ch(out, ',');
		sb_json(out, m[i].key);
		sb_ch(out, ':');
		mcp_canonical(m[i].val, out);
	}
	sb_ch(out, '}');
	xfree(m);
}

void mcp_canonical(const jv *v, struct sb *out)
{
	if (jv_is_obj(v)) {
		canonical_obj(v, out);
	} else if (jv_is_arr(v)) {
		sb_ch(out, '[');
		for (size_t i = 0; i < jv_len(v); i++) {
			if (i)
				sb_ch(out, ',');
			mcp_canonical(jv_at(v, i), out);
		}
		sb_ch(out, ']');
	} else if (jv_is_str(v)) {
		sb_json(out, jv_as_str(v));
	} else if (v) {
		jv_dump(v, out);
	} else {
		sb_cstr(out, "null");
	}
}

void mcp_tool_hash(const jv *tool, char hex[65])
{
	static const char *const parts[] = { "annotations", "description", "inputSchema", "name",
					     "outputSchema", "title" };
	unsigned char raw[crypto_hash_sha256_BYTES];
	struct sb b;

	sb_init(&b, 2 * MCP_MSG);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		sb_fmt(&b, "%s=", parts[i]);
		mcp_canonical(jv_get(tool, parts[i]), &b);
		sb_ch(&b, '\n');
	}
	(void)crypto_hash_sha256(raw, (const unsigned char *)b.p, b.n);
	sodium_bin2hex(hex, 65, raw, sizeof(raw));
	sb_done(&b);
}

jv *mcp_self(void)
{
	jv *o = jv_obj();

	jv_set_str(o, "name", SV("callm"));
	jv_set_str(o, "version", SV(CALLM_VERSION));
	return o;
}

/* ---- a stranger's text ---- */

/* Bytes of a character that a terminal may act upon, 0 = none: C0, DEL, C1, and the marks that
 * turn the direction of writing (U+202A-E, U+2066-9). */
static size_t steering(const unsigned char *s)
{
	if (s[0] < ' ' || s[0] == 127)
		return 1;
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
		return 2;
	if (s[0] == 0xe2 && ((s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae) ||
			     (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)))
		return 3;
	return 0;
}

void mcp_plain(char *text, bool lines)
{
	for (char *s = text; *s; s++) {
		size_t n = lines && (*s == '\n' || *s == '\t') ? 0 :
							       steering((unsigned char *)s);

		if (n) {
			memset(s, ' ', n);
			s += n - 1;
		}
	}
}

/* ---- a result as data ---- */

jv *mcp_quote(const char *server, sv tool, const struct mcp_result *r)
{
	jv *o = jv_obj();

	jv_set_bool(o, "untrusted", true);
	jv_set_str(o, "server", sv_of(server));
	jv_set_str(o, "tool", tool);
	if (r->err) {
		jv_set_str(o, "error", sv_of(r->why));
		return o;
	}
	jv_set_bool(o, "is_error", r->is_error);
	jv_set_str(o, "text", r->text);
	if (r->structured)
		jv_set(o, "structured", jv_copy(r->structured));
	return o;
}
