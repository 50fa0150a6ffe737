/* shop_fit.c: does one thing fit another? By what the catalogue says, and by nothing else.
 *
 * A product "gives" attributes (a bulb: {"socket": "E27", "watt": 8}) and "takes" some (a lamp:
 * {"socket": "E27", "watt": {"max": 15}}); everything gives "model", its number. A wish is a
 * value, a list of which one must hold, or {"min", "max", "in"}. Two products are compared by
 * the attributes that one takes and the other gives, both ways: all must hold, and without any
 * the answer is that it is not known. Pure; any thread.
 */
#include "shop_int.h"

static bool is_value(const jv *want, const jv *has)
{
	double d;
	if (jv_is_num(want) && jv_is_str(has))
		return sv_f64(jv_as_str(has), &d) == 0 && d == jv_as_num(want, 0);
	if (jv_is_num(want))
		return jv_is_num(has) && jv_as_num(want, 0) == jv_as_num(has, 0);
	return jv_is_str(has) && sv_eq_nocase(jv_as_str(want), jv_as_str(has));
}

static bool in_list(const jv *list, const jv *has)
{
	for (size_t i = 0; i < jv_len(list); i++)
		if (is_value(jv_at(list, i), has))
			return true;
	return false;
}

static bool holds(const jv *want, const jv *has)
{
	double d = jv_as_num(has, 0);
	if (jv_is_arr(has)) {        /* gives several: one is enough */
		for (size_t i = 0; i < jv_len(has); i++)
			if (holds(want, jv_at(has, i)))
				return true;
		return false;
	}
	if (jv_is_arr(want))
		return in_list(want, has);
	if (!jv_is_obj(want))
		return is_value(want, has);
	if (jv_is_str(has) && sv_f64(jv_as_str(has), &d) && !jv_get(want, "in"))
		return false;
	if (jv_get(want, "in") && !in_list(jv_get(want, "in"), has))
		return false;
	return d >= jv_get_num(want, "min", d) && d <= jv_get_num(want, "max", d);
}

static void put_value(const jv *v, int lang, struct sb *out)
{
	if (jv_is_str(v))
		sb_put(out, jv_as_str(v));
	else if (jv_is_num(v))
		sb_fmt(out, "%.10g", jv_as_num(v, 0));
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++) {
		sb_cstr(out, !i ? "" : lang ? ", " : "、");
		put_value(jv_at(v, i), lang, out);
	}
}

static void put_wish(const jv *want, int lang, struct sb *out)
{
	if (!jv_is_obj(want)) {
		put_value(want, lang, out);
		return;
	}
	put_value(jv_get(want, "in"), lang, out);
	if (jv_get(want, "min"))
		sb_fmt(out, lang ? "at least %.10g" : "不小于%.10g", jv_get_num(want, "min", 0));
	if (jv_get(want, "min") && jv_get(want, "max"))
		sb_cstr(out, lang ? " and " : "，");
	if (jv_get(want, "max"))
		sb_fmt(out, lang ? "at most %.10g" : "不大于%.10g", jv_get_num(want, "max", 0));
}

static void put_why(struct arena *a, sv attr, const jv *want, const jv *has, int lang,
		    struct sb *out)
{
	sv key = sv_of(arena_fmt(a, "attr." SV_FMT, SV_ARG(attr))), word = shop_word(lang, key);
	if (out->n)
		sb_cstr(out, lang ? "; " : "；");
	sb_put(out, sv_eq(word, key) ? attr : word);
	sb_cstr(out, lang ? ": needs " : "：需要");
	put_wish(want, lang, out);
	sb_cstr(out, lang ? ", here it is " : "，这里是");
	put_value(has, lang, out);
}

/* What x takes against what y gives; *known counts compared attributes. What speaks against it is
 * told alone; else what speaks for it. */
static bool takes(struct arena *a, const struct shop_product *x, const jv *gives, int lang,
		  size_t *known, struct sb *yes, struct sb *no)
{
	void *it = NULL;
	sv attr;
	jv *want;
	bool ok = true;
	const jv *wishes = jv_get(x->body, "takes");
	while (wishes && jv_next(wishes, &it, &attr, &want)) {
		const jv *has = jv_member(gives, attr);
		if (!has)
			continue;
		bool good = holds(want, has);
		(*known)++;
		ok &= good;
		put_why(a, attr, want, has, lang, good ? yes : no);
	}
	return ok;
}

static jv *gives_of(const struct shop_product *p)
{
	const jv *g = jv_get(p->body, "gives");
	jv *o = g ? jv_copy(g) : jv_obj();
	jv_set_str(o, "model", p->sku);
	return o;
}

static enum shop_fit judge(bool ok, size_t known, struct sb *yes, struct sb *no, struct sb *why)
{
	sb_put(why, sb_sv(ok ? yes : no));
	sb_done(yes);
	sb_done(no);
	return !known ? SHOP_FIT_UNKNOWN : ok ? SHOP_FIT_YES : SHOP_FIT_NO;
}

enum shop_fit shop_fits(struct arena *a, const struct shop_product *x,
			const struct shop_product *y, int lang, struct sb *why)
{
	struct sb yes, no;
	size_t known = 0;
	jv *gx = gives_of(x), *gy = gives_of(y);
	sb_init(&yes, LIM_SB);
	sb_init(&no, LIM_SB);
	bool ok = takes(a, x, gy, lang, &known, &yes, &no);
	ok &= takes(a, y, gx, lang, &known, &yes, &no);
	jv_free(gx);
	jv_free(gy);
	return judge(ok, known, &yes, &no, why);
}

enum shop_fit shop_fits_value(struct arena *a, const struct shop_product *x, sv attr, sv value,
			      int lang, struct sb *why)
{
	struct sb yes, no;
	size_t known = 0;
	jv *given = jv_obj();
	sb_init(&yes, LIM_SB);
	sb_init(&no, LIM_SB);
	jv_set_str(given, arena_cstr(a, attr), value);
	bool ok = takes(a, x, given, lang, &known, &yes, &no);
	jv_free(given);
	return judge(ok, known, &yes, &no, why);
}
