/* mcp_head.c: names and arguments of a call as HTTP headers (2026-07-28, "Request Metadata"): which
 * properties a schema marks with x-mcp-header, whether it may, and how a value is written.
 * Pure; any thread.
 */
#include "mcp_int.h"

#include <sodium.h>

enum { DEPTH = 16, PARAMS = 32 };

struct mark {
	sv name;
	const jv *value;             /* of the arguments; NULL = absent */
};
struct marks {
	struct mark v[PARAMS];
	size_t n;
	const char *bad;
};

static bool token_ok(sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c >= 127 || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return s.n > 0 && s.n <= 64;
}

static void mark_add(struct marks *x, const jv *prop, const jv *value)
{
	const jv *mark = jv_get(prop, "x-mcp-header");
	sv name = jv_as_str(mark), type = jv_get_str(prop, "type");

	if (!mark)
		return;
	if (!jv_is_str(mark) || !token_ok(name))
		x->bad = "x-mcp-header is not the name of a header";
	else if (!sv_eq(type, SV("string")) && !sv_eq(type, SV("integer")) &&
		 !sv_eq(type, SV("boolean")))
		x->bad = "x-mcp-header stands at something that is no text, integer or boolean";
	else if (x->n == PARAMS)
		x->bad = "too many x-mcp-header";
	for (size_t i = 0; i < x->n && !x->bad; i++)
		if (sv_eq_nocase(x->v[i].name, name))
			x->bad = "x-mcp-header names one header twice";
	if (!x->bad)
		x->v[x->n++] = (struct mark){ name, value };
}

/* Counts the marks below v, wherever they are: those that the walk along properties did not meet
 * are in forbidden places. */
static size_t marks_in(const jv *v, int depth)
{
	size_t n = 0;
	void *it = NULL;
	sv key;
	jv *val;

	if (depth > LIM_JSON_DEPTH)
		return 0;
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++)
		n += marks_in(jv_at(v, i), depth + 1);
	while (jv_is_obj(v) && jv_next(v, &it, &key, &val))
		n += (sv_eq(key, SV("x-mcp-header")) && jv_is_str(val)) + marks_in(val, depth + 1);
	return n;
}

static void walk(struct marks *x, const jv *schema, const jv *args, int depth)
{
	const jv *props = jv_get(schema, "properties");
	void *it = NULL;
	sv key;
	jv *prop;

	if (depth > DEPTH || !jv_is_obj(props))
		return;
	while (!x->bad && jv_next(props, &it, &key, &prop)) {
		const jv *value = jv_member(args, key);

		mark_add(x, prop, value);
		walk(x, prop, jv_is_obj(value) ? value : NULL, depth + 1);
	}
}

const char *mcp_head_bad(const jv *schema)
{
	struct marks x = { .n = 0 };

	walk(&x, schema, NULL, 0);
	if (!x.bad && marks_in(schema, 0) > x.n)
		x.bad = "x-mcp-header stands where a value has no fixed place";
	return x.bad;
}

void mcp_head_value(sv v, struct sb *out)
{
	bool plain = v.n && v.p[0] != ' ' && v.p[0] != '\t' && v.p[v.n - 1] != ' ' &&
		     v.p[v.n - 1] != '\t' &&
		     !(sv_starts(v, SV("=?base64?")) && sv_ends(v, SV("?=")));

	for (size_t i = 0; i < v.n && plain; i++)
		plain = (v.p[i] >= 0x20 && v.p[i] < 0x7f) || v.p[i] == '\t';
	if (plain) {
		sb_put(out, v);
		return;
	}
	sb_cstr(out, "=?base64?");
	sb_base64(out, v.p ? v.p : "", v.n);
	sb_cstr(out, "?=");
}

sv mcp_head_read(struct arena *a, sv value)
{
	size_t len = 0;

	if (!sv_starts(value, SV("=?base64?")) || !sv_ends(value, SV("?=")) || value.n < 11)
		return value;
	value = sv_slice(value, 9, value.n - 2);
	unsigned char *bin = arena_alloc(a, value.n + 1);
	if (!bin || sodium_base642bin(bin, value.n, value.p, value.n, NULL, &len, NULL,
				      sodium_base64_VARIANT_ORIGINAL))
		return SV_NULL;
	return sv_n((const char *)bin, len);
}

char *mcp_head_make(sv tool, const jv *schema, const jv *args)
{
	struct marks x = { .n = 0 };
	struct sb b;
	char *ret;

	sb_init(&b, 64u << 10);
	sb_cstr(&b, "Mcp-Name: ");
	mcp_head_value(tool, &b);
	sb_cstr(&b, "\r\n");
	walk(&x, schema, args, 0);
	for (size_t i = 0; i < x.n && !x.bad; i++) {
		struct sb text;

		if (!x.v[i].value || jv_is_null(x.v[i].value) || jv_is_obj(x.v[i].value) ||
		    jv_is_arr(x.v[i].value))
			continue;
		sb_init(&text, 16u << 10);
		if (jv_is_str(x.v[i].value))
			sb_put(&text, jv_as_str(x.v[i].value));
		else
			jv_dump(x.v[i].value, &text);
		sb_fmt(&b, "Mcp-Param-" SV_FMT ": ", SV_ARG(x.v[i].name));
		mcp_head_value(sb_sv(&text), &b);
		sb_cstr(&b, "\r\n");
		sb_done(&text);
	}
	ret = xstrdup(sb_err(&b) ? SV("") : sb_sv(&b));
	sb_done(&b);
	return ret;
}
