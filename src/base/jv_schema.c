/* jv_schema.c: a JSON value against a JSON Schema (json-schema.org, draft 2020-12).
 *
 * The keywords that tools and answers are described with: type, enum, const, properties,
 * required, additionalProperties, items, anyOf, oneOf, allOf, $ref within the document,
 * and the least and greatest of numbers, lengths, items and properties. Others say
 * nothing. Each level is a frame on the stack that knows its parent, so that a message can
 * name the place ("lines[2].count: must be at least 1"). Bounded in depth and in work: a
 * schema that refers to itself ends with ERR_TOOBIG. Pure; any thread. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "jv.h"
#include "limits.h"

enum { STEPS_MAX = 200000 };

struct walk {
	const jv *root;
	struct err *e;
	long steps;
};
struct at { /* where we are in the value */
	const struct at *up;
	sv key; /* or p NULL: an element */
	size_t index;
	int depth;
};

static int check(struct walk *w, const jv *s, const jv *v, const struct at *at);

static void put_path(const struct at *at, struct sb *b)
{
	if (!at->up)
		return;
	put_path(at->up, b);
	if (!at->key.p)
		sb_fmt(b, "[%zu]", at->index);
	else
		sb_fmt(b, "%s" SV_FMT, at->up->up ? "." : "", SV_ARG(at->key));
}

static int wrong(struct walk *w, const struct at *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int wrong(struct walk *w, const struct at *at, const char *fmt, ...)
{
	char what[200];
	struct sb b;
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	sb_init(&b, 200);
	put_path(at, &b);
	(void)err_set(w->e, ERR_INVAL, "%s: %s", b.n ? sb_str(&b) : "the value", what);
	sb_done(&b);
	return ERR_INVAL;
}

/* ---- equal values: numbers by what they are worth, objects in any order ---- */

static bool same(const jv *a, const jv *b)
{
	if (jv_is_num(a) && jv_is_num(b))
		return jv_as_int(a, 0) == jv_as_int(b, 1) &&
		       !(jv_as_num(a, 0) < jv_as_num(b, 0)) &&
		       !(jv_as_num(a, 0) > jv_as_num(b, 0));
	if (jv_is_str(a) && jv_is_str(b))
		return sv_eq(jv_as_str(a), jv_as_str(b));
	if (jv_is_bool(a) && jv_is_bool(b))
		return jv_as_bool(a, false) == jv_as_bool(b, false);
	if (jv_is_null(a) || jv_is_null(b))
		return jv_is_null(a) && jv_is_null(b);
	if (jv_len(a) != jv_len(b) || jv_is_arr(a) != jv_is_arr(b) ||
	    jv_is_obj(a) != jv_is_obj(b))
		return false;
	if (jv_is_arr(a)) {
		for (size_t i = 0; i < jv_len(a); i++)
			if (!same(jv_at(a, i), jv_at(b, i)))
				return false;
		return true;
	}
	void *it = NULL;
	sv key;
	jv *x;
	while (jv_is_obj(a) && jv_next(a, &it, &key, &x))
		if (!jv_member(b, key) || !same(x, jv_member(b, key)))
			return false;
	return jv_is_obj(a);
}

/* ---- one keyword or a family of them ---- */

static bool is_type(const jv *v, sv name)
{
	double d = jv_as_num(v, 0.5);
	return sv_eq(name, SV("object"))  ? jv_is_obj(v) :
	       sv_eq(name, SV("array"))   ? jv_is_arr(v) :
	       sv_eq(name, SV("string"))  ? jv_is_str(v) :
	       sv_eq(name, SV("number"))  ? jv_is_num(v) :
	       sv_eq(name, SV("integer")) ? jv_is_num(v) && !(d < floor(d) || d > floor(d)) :
	       sv_eq(name, SV("boolean")) ? jv_is_bool(v) :
	       sv_eq(name, SV("null"))    ? jv_is_null(v) :
					    true;
}

static int check_type(struct walk *w, const jv *s, const jv *v, const struct at *at)
{
	const jv *t = jv_get(s, "type");
	if (jv_is_str(t) && !is_type(v, jv_as_str(t)))
		return wrong(w, at, "must be of type " SV_FMT, SV_ARG(jv_as_str(t)));
	bool fits = !jv_is_arr(t) || jv_len(t) == 0;
	for (size_t i = 0; jv_is_arr(t) && i < jv_len(t); i++)
		fits = fits || is_type(v, jv_as_str(jv_at(t, i)));
	return fits ? 0 : wrong(w, at, "is of another type than those allowed");
}

static int check_values(struct walk *w, const jv *s, const jv *v, const struct at *at)
{
	const jv *list = jv_get(s, "enum"), *one = jv_get(s, "const");
	bool fits = !jv_is_arr(list);
	for (size_t i = 0; !fits && i < jv_len(list); i++)
		fits = same(jv_at(list, i), v);
	if (one && !same(one, v))
		return wrong(w, at, "has another value than the only one allowed");
	if (fits)
		return 0;
	struct sb b;
	sb_init(&b, 120);
	jv_dump(list, &b);
	int rc = wrong(w, at, "must be one of %s", sb_str(&b));
	sb_done(&b);
	return rc;
}

static int check_number(struct walk *w, const jv *s, const jv *v, const struct at *at)
{
	double d = jv_as_num(v, 0);
	if (d < jv_get_num(s, "minimum", d))
		return wrong(w, at, "must be at least %g", jv_get_num(s, "minimum", 0));
	if (d > jv_get_num(s, "maximum", d))
		return wrong(w, at, "must be at most %g", jv_get_num(s, "maximum", 0));
	if (d <= jv_get_num(s, "exclusiveMinimum", d - 1 - fabs(d)))
		return wrong(w, at, "must be more than %g",
			     jv_get_num(s, "exclusiveMinimum", 0));
	if (d >= jv_get_num(s, "exclusiveMaximum", d + 1 + fabs(d)))
		return wrong(w, at, "must be less than %g",
			     jv_get_num(s, "exclusiveMaximum", 0));
	return 0;
}

static int check_count(struct walk *w, const jv *s, const struct at *at, size_t n,
		       const char *const names[3])
{
	int64_t least = jv_get_int(s, names[0], 0),
		most = jv_get_int(s, names[1], INT64_MAX);
	if ((int64_t)n < least)
		return wrong(w, at, "must have at least %lld %s", (long long)least, names[2]);
	if ((int64_t)n > most)
		return wrong(w, at, "must have at most %lld %s", (long long)most, names[2]);
	return 0;
}

static struct at below(const struct at *at, sv key, size_t index)
{
	return (struct at){ .up = at, .key = key, .index = index, .depth = at->depth + 1 };
}

static int check_array(struct walk *w, const jv *s, const jv *v, const struct at *at)
{
	static const char *const names[] = { "minItems", "maxItems", "items" };
	const jv *items = jv_get(s, "items");
	int rc = check_count(w, s, at, jv_len(v), names);
	for (size_t i = 0; !rc && items && i < jv_len(v); i++) {
		struct at to = below(at, SV_NULL, i);
		rc = check(w, items, jv_at(v, i), &to);
	}
	return rc;
}

static int check_members(struct walk *w, const jv *s, const jv *v, const struct at *at)
{
	const jv *props = jv_get(s, "properties"), *more = jv_get(s, "additionalProperties");
	void *it = NULL;
	sv key;
	jv *x;
	int rc = 0;
	while (!rc && jv_next(v, &it, &key, &x)) {
		const jv *p = jv_member(props, key);
		struct at to = below(at, key, 0);
		if (p)
			rc = check(w, p, x, &to);
		else if (jv_is_bool(more) && !jv_as_bool(more, true))
			rc = wrong(w, &to, "is not known");
		else if (jv_is_obj(more))
			rc = check(w, more, x, &to);
	}
	return rc;
}

static int check_object(struct walk *w, const jv *s, const jv *v, const struct at *at)
{
	static const char *const names[] = { "minProperties", "maxProperties", "members" };
	const jv *must = jv_get(s, "required");
	for (size_t i = 0; i < jv_len(must); i++) {
		sv name = jv_as_str(jv_at(must, i));
		if (name.p && !jv_member(v, name))
			return wrong(w, at, "\"" SV_FMT "\" is missing", SV_ARG(name));
	}
	int rc = check_count(w, s, at, jv_len(v), names);
	return rc ? rc : check_members(w, s, v, at);
}

/* How many of the list's schemas hold. */
static size_t holding(struct walk *w, const jv *list, const jv *v, const struct at *at)
{
	size_t n = 0;
	for (size_t i = 0; i < jv_len(list); i++)
		n += check(w, jv_at(list, i), v, at) == 0;
	return n;
}

static int check_sets(struct walk *w, const jv *s, const jv *v, const struct at *at)
{
	const jv *any = jv_get(s, "anyOf"), *one = jv_get(s, "oneOf"),
		 *all = jv_get(s, "allOf");
	int rc = 0;
	for (size_t i = 0; !rc && i < jv_len(all); i++)
		rc = check(w, jv_at(all, i), v, at);
	if (!rc && jv_is_arr(any) && holding(w, any, v, at) == 0)
		rc = wrong(w, at, "fits none of its alternatives");
	if (!rc && jv_is_arr(one) && holding(w, one, v, at) != 1)
		rc = wrong(w, at, "must fit exactly one of its alternatives");
	return rc;
}

/* "#", "#/$defs/name": a JSON pointer (RFC 6901) into the schema's own document. */
static const jv *target(const jv *root, sv ref)
{
	sv name;
	if (!sv_starts(ref, SV("#")))
		return NULL;
	ref = sv_slice(ref, ref.n > 1 ? 2 : 1, ref.n);
	while (root && sv_cut(&ref, '/', &name)) {
		int64_t i;
		root = jv_is_arr(root) ? sv_i64(name, &i) == 0 && i >= 0 ?
					 jv_at(root, (size_t)i) :
					 NULL :
					 jv_member(root, name);
	}
	return root;
}

static int check_kind(struct walk *w, const jv *s, const jv *v, const struct at *at)
{
	static const char *const names[] = { "minLength", "maxLength", "characters" };
	return jv_is_obj(v) ? check_object(w, s, v, at) :
	       jv_is_arr(v) ? check_array(w, s, v, at) :
	       jv_is_num(v) ? check_number(w, s, v, at) :
	       jv_is_str(v) ? check_count(w, s, at, sv_runes(jv_as_str(v)), names) :
			      0;
}

static int check(struct walk *w, const jv *s, const jv *v, const struct at *at)
{
	if (++w->steps > STEPS_MAX || at->depth > LIM_JSON_DEPTH)
		return err_set(w->e, ERR_TOOBIG, "the schema is too deep to be checked");
	if (jv_is_bool(s))
		return jv_as_bool(s, true) ? 0 : wrong(w, at, "is not allowed");
	sv ref = jv_get_str(s, "$ref");
	int rc = 0;
	if (ref.p) {
		const jv *to = target(w->root, ref);
		struct at deeper = *at;
		deeper.depth++;
		rc = to ? check(w, to, v, &deeper) :
			  wrong(w, at, "refers to " SV_FMT ", which is not there", SV_ARG(ref));
	}
	rc = rc ? rc : check_type(w, s, v, at);
	rc = rc ? rc : check_values(w, s, v, at);
	rc = rc ? rc : check_kind(w, s, v, at);
	return rc ? rc : check_sets(w, s, v, at);
}

int jv_schema_check(const jv *schema, const jv *value, struct err *e)
{
	struct err unused;
	struct walk w = { .root = schema, .e = e ? e : &unused };
	struct at top = { .key = SV_NULL };
	return check(&w, schema, value, &top);
}
