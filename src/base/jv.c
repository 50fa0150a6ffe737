/* jv.c: JSON values: jansson behind a facade, and our own writer.
 *
 * A jv is a json_t. Parsing is jansson's, after a bracket count that bounds the depth; writing
 * is ours because jansson prints 0.1 as 0.10000000000000001 and cannot write into a bounded
 * builder. jansson's memory goes through xalloc, so that a forgotten jv shows up in the leak
 * check of a test. A tree belongs to one thread at a time.
 */
#include "jv.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "arena.h"
#include "limits.h"

__attribute__((constructor)) static void use_our_memory(void)
{
	json_set_alloc_funcs(xalloc, xfree);
}

static json_t *js(const jv *v)
{
	return (json_t *)(uintptr_t)v; /* jansson's getters are not const-correct */
}

static jv *of(json_t *j)
{
	ASSERT(j != NULL);
	return (jv *)j;
}

static int max_depth(sv text)
{
	int depth = 0, max = 0;
	bool in = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (in) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in = false;
		} else if (c == '"') {
			in = true;
		} else if (c == '[' || c == '{') {
			max = ++depth > max ? depth : max;
		} else if (c == ']' || c == '}') {
			depth--;
		}
	}
	return max;
}

jv *jv_parse(sv text, struct err *e)
{
	json_error_t je;
	json_t *j;

	if (text.n > LIM_JSON_BYTES) {
		err_set(e, ERR_TOOBIG, "JSON of %zu bytes; at most %u are read", text.n,
			LIM_JSON_BYTES);
		return NULL;
	}
	if (max_depth(text) > LIM_JSON_DEPTH) {
		err_set(e, ERR_PARSE, "JSON nested deeper than %d levels", LIM_JSON_DEPTH);
		return NULL;
	}
	j = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (j)
		return of(j);
	err_set(e, json_error_code(&je) == json_error_invalid_utf8 ? ERR_UTF8 : ERR_PARSE,
		"JSON line %d column %d: %s", je.line, je.column, je.text);
	if (e) {
		e->line = je.line > 0 ? je.line : 0;
		e->offset = je.position > 0 ? (size_t)je.position : 0;
	}
	return NULL;
}

void jv_free(jv *v)
{
	json_decref((json_t *)v);
}

jv *jv_copy(const jv *v)
{
	return v ? of(json_deep_copy(js(v))) : NULL;
}

jv *jv_obj(void)
{
	return of(json_object());
}

jv *jv_arr(void)
{
	return of(json_array());
}

static bool clean(sv s)
{
	return sv_find_ch(s, '\0') < 0 && sv_utf8_ok(s);
}

/* s with bad bytes and NUL replaced by U+FFFD; free with xfree. */
static char *cleaned(sv s)
{
	char *p = xalloc(s.n * 3 + 1);
	size_t n = 0;

	while (s.n) {
		uint32_t r = sv_rune(&s);

		n += sv_encode(r ? r : 0xFFFD, p + n);
	}
	return p;
}

jv *jv_str(sv s)
{
	json_t *j;
	char *p;

	if (clean(s))
		return of(json_stringn_nocheck(s.p ? s.p : "", s.n));
	p = cleaned(s);
	j = json_string_nocheck(p);
	xfree(p);
	return of(j);
}

jv *jv_int(int64_t i)
{
	return of(json_integer(i));
}

jv *jv_num(double d)
{
	return isfinite(d) ? of(json_real(d)) : jv_null();
}

jv *jv_bool(bool b)
{
	return of(json_boolean(b));
}

jv *jv_null(void)
{
	return of(json_null());
}

void jv_set(jv *o, const char *key, jv *child)
{
	char *p;

	if (!child)
		return;
	if (clean(sv_of(key))) {
		(void)json_object_set_new_nocheck(js(o), key, js(child));
		return;
	}
	p = cleaned(sv_of(key));
	(void)json_object_set_new_nocheck(js(o), p, js(child));
	xfree(p);
}

void jv_set_str(jv *o, const char *key, sv s)
{
	jv_set(o, key, jv_str(s));
}

void jv_set_int(jv *o, const char *key, int64_t i)
{
	jv_set(o, key, jv_int(i));
}

void jv_set_num(jv *o, const char *key, double d)
{
	jv_set(o, key, jv_num(d));
}

void jv_set_bool(jv *o, const char *key, bool b)
{
	jv_set(o, key, jv_bool(b));
}

void jv_del(jv *o, const char *key)
{
	(void)json_object_del(js(o), key);
}

void jv_push(jv *a, jv *child)
{
	(void)json_array_append_new(js(a), child ? js(child) : json_null());
}

bool jv_is_obj(const jv *v)
{
	return json_is_object(js(v));
}

bool jv_is_arr(const jv *v)
{
	return json_is_array(js(v));
}

bool jv_is_str(const jv *v)
{
	return json_is_string(js(v));
}

bool jv_is_num(const jv *v)
{
	return json_is_number(js(v));
}

bool jv_is_bool(const jv *v)
{
	return json_is_boolean(js(v));
}

bool jv_is_null(const jv *v)
{
	return !v || json_is_null(js(v));
}

jv *jv_get(const jv *o, const char *key)
{
	return (jv *)json_object_get(js(o), key);
}

jv *jv_member(const jv *o, sv key)
{
	return key.p ? (jv *)json_object_getn(js(o), key.p, key.n) : NULL;
}

static jv *step(const jv *v, sv name)
{
	int64_t i;

	if (jv_is_obj(v))
		return (jv *)json_object_getn(js(v), name.p, name.n);
	if (jv_is_arr(v) && sv_i64(name, &i) == 0 && i >= 0)
		return jv_at(v, (size_t)i);
	return NULL;
}

jv *jv_path(const jv *o, const char *path)
{
	sv rest = sv_of(path), name;
	const jv *v = o;

	while (v && sv_cut(&rest, '.', &name))
		v = step(v, name);
	return (jv *)(uintptr_t)v;
}

sv jv_get_str(const jv *o, const char *key)
{
	return jv_as_str(jv_get(o, key));
}

int64_t jv_get_int(const jv *o, const char *key, int64_t def)
{
	return jv_as_int(jv_get(o, key), def);
}

double jv_get_num(const jv *o, const char *key, double def)
{
	return jv_as_num(jv_get(o, key), def);
}

bool jv_get_bool(const jv *o, const char *key, bool def)
{
	return jv_as_bool(jv_get(o, key), def);
}

sv jv_as_str(const jv *v)
{
	return jv_is_str(v) ? sv_n(json_string_value(js(v)), json_string_length(js(v))) : SV_NULL;
}

int64_t jv_as_int(const jv *v, int64_t def)
{
	double d;

	if (json_is_integer(js(v)))
		return json_integer_value(js(v));
	if (!json_is_real(js(v)))
		return def;
	d = json_real_value(js(v));
	return d >= -0x1p63 && d < 0x1p63 ? (int64_t)d : def;
}

double jv_as_num(const jv *v, double def)
{
	return jv_is_num(v) ? json_number_value(js(v)) : def;
}

bool jv_as_bool(const jv *v, bool def)
{
	return jv_is_bool(v) ? json_is_true(js(v)) : def;
}

size_t jv_len(const jv *v)
{
	return jv_is_arr(v) ? json_array_size(js(v)) : json_object_size(js(v));
}

jv *jv_at(const jv *a, size_t i)
{
	return (jv *)json_array_get(js(a), i);
}

bool jv_next(const jv *o, void **it, sv *key, jv **val)
{
	*it = *it ? json_object_iter_next(js(o), *it) : json_object_iter(js(o));
	if (!*it)
		return false;
	*key = sv_n(json_object_iter_key(*it), json_object_iter_key_len(*it));
	*val = (jv *)json_object_iter_value(*it);
	return true;
}

/* Shortest of 15..17 digits that reads back as the same number; always with a '.' or an
 * exponent. */
static void dump_real(double d, struct sb *out)
{
	char buf[40];

	for (int digits = 15; digits <= 17; digits++) {
		double back = 0;

		(void)snprintf(buf, sizeof(buf), "%.*g", digits, d);
		if (sv_f64(sv_of(buf), &back) == 0 && back >= d && back <= d)
			break;
	}
	sb_cstr(out, buf);
	if (!strpbrk(buf, ".e"))
		sb_cstr(out, ".0");
}

static void dump_obj(const jv *v, struct sb *out)
{
	void *it = NULL;
	char sep = '{';
	sv key;
	jv *val;

	while (jv_next(v, &it, &key, &val)) {
		sb_ch(out, sep);
		sb_json(out, key);
		sb_ch(out, ':');
		jv_dump(val, out);
		sep = ',';
	}
	sb_cstr(out, sep == '{' ? "{}" : "}");
}

void jv_dump(const jv *v, struct sb *out)
{
	if (sb_err(out))
		return;
	switch (v ? json_typeof(js(v)) : JSON_NULL) {
	case JSON_OBJECT:
		dump_obj(v, out);
		break;
	case JSON_ARRAY:
		sb_ch(out, '[');
		for (size_t i = 0; i < jv_len(v); i++) {
			if (i)
				sb_ch(out, ',');
			jv_dump(jv_at(v, i), out);
		}
		sb_ch(out, ']');
		break;
	case JSON_STRING:
		sb_json(out, jv_as_str(v));
		break;
	case JSON_INTEGER:
		sb_fmt(out, "%" PRId64, (int64_t)json_integer_value(js(v)));
		break;
	case JSON_REAL:
		dump_real(json_real_value(js(v)), out);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		sb_cstr(out, json_is_true(js(v)) ? "true" : "false");
		break;
	default:
		sb_cstr(out, "null");
	}
}
