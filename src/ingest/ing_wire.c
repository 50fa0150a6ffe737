/* ing_wire.c: a document on both sides of callm-reader: its articles as JSON between the two,
 * what is to be freed. No parser stands here, so that the server is linked without any. Pure.
 */
#include "ing_int.h"

static const struct {
	const char *key;
	size_t off;
} texts[] = {
	{ "group", offsetof(struct ing_article, kb.group_id) },
	{ "lang", offsetof(struct ing_article, kb.lang) },
	{ "title", offsetof(struct ing_article, kb.title) },
	{ "body", offsetof(struct ing_article, kb.body_md) },
	{ "category", offsetof(struct ing_article, kb.category) },
	{ "source", offsetof(struct ing_article, kb.source) },
	{ "aliases", offsetof(struct ing_article, kb.aliases) },
	{ "heading", offsetof(struct ing_article, heading) },
	{ "inner", offsetof(struct ing_article, inner) },
};

jv *ing_article_json(const struct ing_article *x)
{
	jv *o = jv_obj();

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		sv v = *(const sv *)((const char *)x + texts[i].off);

		if (v.n)
			jv_set_str(o, texts[i].key, v);
	}
	jv_set_int(o, "valid_from", x->kb.valid_from_ms);
	jv_set_int(o, "valid_to", x->kb.valid_to_ms);
	jv_set_int(o, "from", x->from);
	jv_set_int(o, "to", x->to);
	jv_set_int(o, "page", x->page);
	jv_set_bool(o, "own_id", x->own_id);
	jv_set_bool(o, "item", x->item);
	return o;
}

int ing_article_read(const jv *o, struct arena *a, struct ing_article *x)
{
	*x = (struct ing_article){ 0 };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		sv v = jv_get_str(o, texts[i].key);

		if (!v.n)
			continue;
		v = arena_sv(a, v);
		if (!v.p)
			return ERR_TOOBIG;
		*(sv *)((char *)x + texts[i].off) = v;
	}
	x->kb.valid_from_ms = jv_get_int(o, "valid_from", 0);
	x->kb.valid_to_ms = jv_get_int(o, "valid_to", 0);
	x->from = (uint32_t)jv_get_int(o, "from", 0);
	x->to = (uint32_t)jv_get_int(o, "to", 0);
	x->page = (int)jv_get_int(o, "page", 0);
	x->own_id = jv_get_bool(o, "own_id", false);
	x->item = jv_get_bool(o, "item", false);
	return x->kb.title.n && x->kb.body_md.n && x->kb.lang.n ? 0 : ERR_PARSE;
}

void ing_doc_done(struct ing_doc *d)
{
	VEC_FREE(&d->articles);
	VEC_FREE(&d->notes);
	VEC_FREE(&d->links);
}

bool ing_doc_bad(const struct ing_doc *d)
{
	if (d->articles.n)
		return false;
	for (size_t i = 0; i < d->notes.n; i++)
		if (ing_code_grade(d->notes.v[i].code) == ING_BAD)
			return true;
	return false;
}
