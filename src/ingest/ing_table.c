/* ing_table.c: tables of the business make their articles themselves: when a price changes, so does
 * what is said of it, without a person. The table product is here; others are given by app. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include "ing_int.h"

int ing_table(struct ing *g, const char *name, ing_table_fn *fn, ing_stamp_fn *stamp, void *arg)
{
	struct ing_table_row *t = &g->table[g->n_tables];

	if (g->n_tables == sizeof(g->table) / sizeof(*g->table) || strlen(name) >= sizeof(t->name))
		return ERR_FULL;
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	t->fn = fn;
	t->stamp = stamp;
	t->arg = arg;
	g->n_tables++;
	return 0;
}

const struct ing_table_row *ing_table_find(const struct ing *g, sv name)
{
	for (size_t i = 0; i < g->n_tables; i++)
		if (sv_eq(name, sv_of(g->table[i].name)))
			return &g->table[i];
	return NULL;
}

bool ing_has_table(const struct ing *g, sv name)
{
	return ing_table_find(g, name) != NULL;
}

/* ---- products: their rows are the lines of products.jsonl ---- */

/* The row's columns are what the tools tell and charge; its line may lag behind. */
static void put_line(struct sb *b, struct store_stmt *q)
{
	sv line = store_col_sv(q, 0);
	int64_t fen = store_col_int(q, 1), months = store_col_int(q, 2);
	jv *o = jv_parse(line, NULL);

	if (!jv_is_obj(o) || (fen == llround(jv_get_num(o, "price_cny", -1) * 100) &&
			      months == jv_get_int(o, "warranty_months", 0))) {
		sb_put(b, line);
	} else {
		jv_set_num(o, "price_cny", (double)fen / 100);
		jv_set_int(o, "warranty_months", months);
		jv_dump(o, b);
	}
	jv_free(o);
	sb_ch(b, '\n');
}

#define PRODUCTS "SELECT body, price_fen, warranty_months FROM product ORDER BY id"

int ing_products_stamp(void *arg, struct store_db *db, uint64_t *ret)
{
	struct store_stmt *q;
	uint64_t h = 14695981039346656037u;
	int rc = store_prep(db, &q, PRODUCTS);

	if (rc)
		return rc;
	while ((rc = store_step(q)) == 1) {
		h = (h ^ sv_hash(store_col_sv(q, 0))) * 1099511628211u;
		h = (h ^ (uint64_t)store_col_int(q, 1)) * 1099511628211u;
		h = (h ^ (uint64_t)store_col_int(q, 2)) * 1099511628211u;
	}
	store_reset(q);
	if (!rc)
		*ret = h;
	return rc;
}

int ing_products(void *arg, struct store_db *db, struct arena *a, kb_article_fn *put, void *put_arg,
		 struct err *e)
{
	struct store_stmt *q;
	struct sb b;
	size_t bad = 0;
	int rc = store_prep(db, &q, PRODUCTS);

	if (rc)
		return err_set(e, rc, "the products cannot be read");
	sb_init(&b, LIM_KB_DOC);
	while ((rc = store_step(q)) == 1)
		put_line(&b, q);
	store_reset(q);
	if (rc < 0)
		rc = err_set(e, rc, "the products cannot be read");
	else if (sb_err(&b))
		rc = err_set(e, ERR_TOOBIG, "more than %u bytes of products", LIM_KB_DOC);
	else if (b.n)
		rc = kb_parse_products(sb_sv(&b), "products", a, put, put_arg, &bad, e);
	sb_done(&b);
	return rc;
}

/* ---- any table ---- */

struct pick {
	struct ing_sync *y;
	struct ing_doc d;
	uint64_t print;
};

static int on_article(void *arg, const struct kb_article *a)
{
	struct pick *p = arg;
	const sv text[] = { a->group_id, a->lang, a->title, a->body_md, a->aliases, a->category };
	struct ing_article *x = VEC_PUSH(&p->d.articles, LIM_KB_ARTICLES);

	if (!x)
		return ERR_FULL;
	x->kb = *a;
	x->own_id = true;
	for (int i = 0; i < 6; i++)
		p->print = (p->print ^ sv_hash(text[i])) * 1099511628211u + (uint64_t)i;
	p->print = (p->print ^ (uint64_t)a->valid_from_ms) * 1099511628211u;
	p->print = (p->print ^ (uint64_t)a->valid_to_ms) * 1099511628211u;
	return 0;
}

/* What the table left out is told, and told anew when it is another. */
static void note_left_out(struct pick *p, struct ing_sync *y, const char *what)
{
	struct ing_note *n = VEC_PUSH(&p->d.notes, ING_NOTES_MAX);

	if (n)
		*n = (struct ing_note){ ING_ROW_NOTE, arena_sv(&y->a, sv_of(what)) };
	p->print = (p->print ^ sv_hash(sv_of(what))) * 1099511628211u;
}

int ing_sync_table(struct ing_sync *y)
{
	const struct ing_table_row *t = ing_table_find(y->g, y->src.place);
	struct err e = { 0 };
	struct pick p = { .y = y, .d = { .kind = "table" }, .print = 14695981039346656037u };
	struct ing_change c = { .uri = y->src.place };
	struct ing_seen *s = ing_seen_get(y, c.uri);
	struct store_db *db;
	char hash[20];
	int rc = store_reader(y->g->o.store, &db);

	if (!t)
		return err_set(y->e, ERR_NOTFOUND, "there is no table " SV_FMT,
			       SV_ARG(y->src.place));
	if (!rc)
		rc = t->fn(t->arg, db, &y->a, on_article, &p, &e);
	if (rc)
		*y->e = e;
	else if (e.msg[0])
		note_left_out(&p, y, e.msg);
	(void)snprintf(hash, sizeof(hash), "%016" PRIx64, p.print);
	c.hash = sv_of(hash);
	if (!rc) {
		y->rep->docs++;
		if (s)
			s->met = true;
	}
	if (!rc && s && sv_eq(s->hash, c.hash) &&
	    (sv_eq(s->state, SV("ok")) || sv_eq(s->state, SV("partly")))) {
		y->rep->same++;
	} else if (!rc) {
		y->rep->changed++;
		rc = ing_batch_add(y->batch, &c, &p.d);
	}
	ing_doc_done(&p.d);
	return rc;
}
