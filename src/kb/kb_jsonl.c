/* kb_jsonl.c: JSON lines to articles, one object a line; and the demo's product list.
 *
 * Keys as in CSV; aliases may also be an array of strings. A product line
 * {sku, name:{en,zh}, category, price_cny, stock, warranty_months, specs, description, aliases}
 * becomes one article per language that it has a name in; the live stock number is left to the
 * stock tool, because an article would be stale at once. Pure, one thread per call.
 */
#include <stdio.h>
#include "kb_int.h"

static sv keep(struct kb_doc *d, sv s)
{
	return s.n ? arena_sv(d->a, s) : SV_NULL;
}

/* ["a","b"] or "a; b" -> lines */
static sv alias_value(struct kb_doc *d, const jv *v)
{
	struct sb b;
	sv r;

	if (!jv_is_arr(v))
		return kb_alias_lines(d->a, jv_as_str(v));
	sb_init(&b, KB_ALIASES_MAX + 1);
	for (size_t i = 0; i < jv_len(v); i++) {
		sv s = sv_trim(jv_as_str(jv_at(v, i)));

		for (size_t k = 0; k < s.n; k++)
			sb_ch(&b, s.p[k] == '\n' || s.p[k] == '\r' ? ' ' : s.p[k]);
		if (s.n && i + 1 < jv_len(v))
			sb_ch(&b, '\n');
	}
	r = keep(d, sv_trim(sb_sv(&b)));
	sb_done(&b);
	return r;
}

static int object(struct kb_doc *d, const jv *o, int line)
{
	struct kb_article a = { 0 };
	sv key, question = keep(d, jv_get_str(o, "question"));
	void *it = NULL;
	jv *val;

	while (jv_next(o, &it, &key, &val)) {
		int rc = 0;

		if (sv_eq(key, SV("aliases")))
			a.aliases = alias_value(d, val);
		else if (!jv_is_str(val))
			rc = kb_doc_err(d, line, "\"%.40s\" must be text in quotes",
					arena_cstr(d->a, sv_slice(key, 0, 40)));
		else if (!sv_eq(key, SV("question")))
			rc = kb_set_field(d, &a, keep(d, key), keep(d, jv_as_str(val)), line);
		if (rc)
			return rc;
	}
	if (!a.title.n)
		a.title = sv_trim(question);
	else if (question.n)
		a.aliases = a.aliases.n ? sv_of(arena_fmt(d->a, SV_FMT "\n" SV_FMT,
				SV_ARG(question), SV_ARG(a.aliases))) : question;
	if (!a.group_id.n)
		a.group_id = kb_slug(d->a, a.title);
	return kb_doc_add(d, &a, line);
}

typedef int object_fn(struct kb_doc *d, const jv *o, int line);

static int one_line(struct kb_doc *d, sv line, object_fn *fn, int n)
{
	struct err e = { 0 };
	jv *o = jv_parse(line, &e);
	int rc = jv_is_obj(o) ? fn(d, o, n) :
				kb_doc_err(d, n, "each line must be one JSON object (%.120s)",
					   e.msg[0] ? e.msg : "this is another value");

	jv_free(o);
	return rc;
}

static int each_line(struct kb_doc *d, sv text, object_fn *fn)
{
	struct err first = { 0 };
	sv line;
	int n = 0;

	while (sv_line(&text, &line)) {
		int rc;

		n++;
		if (!sv_trim(line).n)
			continue;
		rc = one_line(d, line, fn, n);
		if (rc == ERR_PARSE && d->bad) { /* left out alone; the first is told */
			if (!(*d->bad)++ && d->e)
				first = *d->e;
			rc = 0;
		}
		if (rc)
			return rc;
	}
	if (first.msg[0])
		*d->e = first;
	return d->n || (d->bad && *d->bad) ? 0 : kb_doc_err(d, 1, "no JSON object in it");
}

int kb_jsonl_parse(struct kb_doc *d, sv text)
{
	return each_line(d, text, object);
}

/* ---- products ---- */

static sv years_text(struct kb_doc *d, int64_t months, bool zh)
{
	if (months % 12 == 0)
		return sv_of(arena_fmt(d->a, zh ? "%d年" : months == 12 ? "%d year" : "%d years",
				       (int)(months / 12)));
	return sv_of(arena_fmt(d->a, zh ? "%d个月" : "%d months", (int)months));
}

static sv name_of(const jv *o, const char *lang)
{
	return sv_trim(jv_get_str(jv_get(o, "name"), lang));
}

static int product_lang(struct kb_doc *d, const jv *o, const char *lang, int line)
{
	bool zh = strcmp(lang, "zh") == 0;
	struct kb_article a = { .lang = sv_of(lang) };
	sv name = name_of(o, lang), sku = jv_get_str(o, "sku");
	sv specs = jv_get_str(jv_get(o, "specs"), lang);
	sv text = jv_get_str(jv_get(o, "description"), lang);
	double price = jv_get_num(o, "price_cny", -1);
	int64_t months = jv_get_int(o, "warranty_months", 0);
	struct sb b;

	if (!name.n)
		return 0;
	sb_init(&b, 64u << 10);
	sb_fmt(&b, zh ? SV_FMT "售价¥%.2f" : SV_FMT " costs CNY %.2f", SV_ARG(name), price);
	if (months > 0)
		sb_fmt(&b, zh ? "，质保" SV_FMT : " and has a warranty of " SV_FMT,
		       SV_ARG(years_text(d, months, zh)));
	sb_fmt(&b, zh ? "。\n\n" SV_FMT "\n\n- 规格：" SV_FMT "\n- 货号：" SV_FMT "\n" :
			".\n\n" SV_FMT "\n\n- Specifications: " SV_FMT "\n- Article: " SV_FMT "\n",
	       SV_ARG(text), SV_ARG(specs), SV_ARG(sku));
	a.title = keep(d, name);
	a.body_md = keep(d, sv_trim(sb_sv(&b)));
	sb_done(&b);
	a.group_id = sv_of(arena_fmt(d->a, "product-" SV_FMT, SV_ARG(kb_slug(d->a, sku))));
	a.category = SV("products");
	a.aliases = alias_value(d, jv_get(jv_get(o, "aliases"), lang));
	return kb_doc_add(d, &a, line);
}

static int product(struct kb_doc *d, const jv *o, int line)
{
	sv sku = jv_get_str(o, "sku");
	int rc;

	if (!sku.n || jv_get_num(o, "price_cny", -1) < 0 ||
	    (!name_of(o, "en").n && !name_of(o, "zh").n))
		return kb_doc_err(
			d, line,
			"a product needs sku, price_cny and name.en or name.zh (" SV_FMT ")",
			SV_ARG(sv_slice(sku, 0, 80)));
	rc = product_lang(d, o, "en", line);
	return rc ? rc : product_lang(d, o, "zh", line);
}

int kb_products_parse(struct kb_doc *d, sv text)
{
	return each_line(d, text, product);
}
