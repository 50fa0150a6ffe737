/* app_catalogue.c: names of products from JSON lines {sku or id, name, aliases}, each a string
 * or by language: what words of customers may mean. */
#include "app_int.h"
#include "feel.h"

#include <stdio.h>

#define CATALOGUE_MAX 20000

struct catalogue {
	struct arena a;
	struct feel_product *v;
	size_t n;
};

static void put_names(struct sb *b, const jv *v)
{
	sv key;
	jv *val;
	void *it = NULL;

	if (jv_is_str(v) && jv_as_str(v).n) {
		sb_put(b, jv_as_str(v));
		sb_ch(b, '|');
	}
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++)
		put_names(b, jv_at(v, i));
	while (jv_is_obj(v) && jv_next(v, &it, &key, &val))
		put_names(b, val);
}

static int product_line(struct catalogue *c, sv line, struct err *e)
{
	struct sb names;
	jv *o = jv_parse(line, e);
	sv id = jv_get_str(o, "sku");

	if (!o)
		return ERR_PARSE;
	id = id.n ? id : jv_get_str(o, "id");
	sb_init(&names, LIM_SB);
	put_names(&names, jv_get(o, "name"));
	put_names(&names, jv_get(o, "aliases"));
	int rc = !id.n || !names.n ? err_set(e, ERR_INVAL, "needs \"sku\" and \"name\"") : 0;
	if (rc == 0 && c->n == CATALOGUE_MAX)
		rc = err_set(e, ERR_TOOBIG, "more than %d products", CATALOGUE_MAX);
	if (rc == 0)
		c->v[c->n++] = (struct feel_product){ arena_sv(&c->a, id),
						      arena_sv(&c->a, sb_sv(&names)) };
	sb_done(&names);
	jv_free(o);
	return rc;
}

int app_catalogue_read(sv jsonl, const char *name, struct feel_catalogue **ret, struct err *e)
{
	struct catalogue c = { 0 };
	sv rest = jsonl, line;
	int rc = 0, row = 0;

	arena_init(&c.a, LIM_ARENA_BIG);
	c.v = arena_new(&c.a, struct feel_product, CATALOGUE_MAX);
	while (rc == 0 && sv_line(&rest, &line)) {
		row++;
		if (sv_trim(line).n)
			rc = product_line(&c, line, e);
	}
	if (rc) {
		char why[300];
		snprintf(why, sizeof(why), "%.290s", e->msg);
		err_set(e, rc, "%s:%d: %s", name, row, why);
	} else {
		*ret = feel_catalogue_new(c.v, c.n);
		rc = *ret ? 0 : err_set(e, ERR_TOOBIG, "%s: too many names", name);
	}
	arena_done(&c.a);
	return rc;
}
