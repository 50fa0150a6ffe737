/* ing_write.c: what was read goes to the tables: articles, where they come from, the document's
 * row.
 *
 * A batch collects documents until about ING_GROUP articles wait, then they are written in one
 * transaction on the scribe while the syncing thread waits. A document with more than that
 * takes several; its row, which says that it is done, goes last, so that a crash in between
 * only means it is read again. An article's id is the document's own, else made of its name and
 * heading; one that another document has gets a print behind it. The batch belongs to the
 * sync's thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include "ing_int.h"

struct one {
	struct ing_change c;
	const char *kind;
	int pages;
	size_t from, to;         /* its articles in the batch */
	bool first, last;        /* piece of the document */
	bool many;               /* it has several articles */
	sv notes;                /* JSON */
};
struct ing_batch {
	struct ing_sync *y;
	struct arena a;
	VEC(struct one) docs;
	VEC(struct ing_article) articles;
	/* Ids that the document at hand may not have; their text lies in the sync's arena, since a
	 * long document outlives what a flush resets. */
	VEC(sv) taken;
	/* The scribe's, while flush waits. */
	int64_t made, kept, retired;
	int rc;
};

struct ing_batch *ing_batch_new(struct ing_sync *y)
{
	struct ing_batch *b = xalloc(sizeof(*b));

	b->y = y;
	arena_init(&b->a, LIM_ARENA_BIG);
	return b;
}

void ing_batch_free(struct ing_batch *b)
{
	if (!b)
		return;
	VEC_FREE(&b->docs);
	VEC_FREE(&b->articles);
	VEC_FREE(&b->taken);
	arena_done(&b->a);
	xfree(b);
}

/* ---- ids ---- */

/* apart: names of a list may begin alike, and a row's id must not hang on the rows above it. */
static sv part_slug(struct arena *a, sv text, bool apart)
{
	sv s = apart ? kb_slug_apart(a, text) : kb_slug(a, text);

	return sv_starts(s, SV("doc-")) ? sv_slice(s, 4, s.n) : s;
}

/* Without the ending and the language: "help/returns.en.md" -> "help/returns". */
static sv bare(sv uri, sv lang)
{
	size_t dot = uri.n;

	if (sv_find(uri, SV("://")) > 0) {
		ptrdiff_t slash;

		uri = sv_slice(uri, (size_t)sv_find(uri, SV("://")) + 3, uri.n);
		slash = sv_find_ch(uri, '/');
		if (slash > 0 && (size_t)slash + 1 < uri.n)
			uri = sv_slice(uri, (size_t)slash + 1, uri.n);
		dot = uri.n;
	}
	for (size_t i = uri.n; i > 1 && i + 10 > uri.n; i--)
		if (uri.p[i - 1] == '.') {
			dot = i - 1;
			break;
		}
	uri = sv_slice(uri, 0, dot);
	if (lang.n == 2 && uri.n > 3 && uri.p[uri.n - 3] == '.' && sv_ends(uri, lang))
		uri.n -= 3;
	return uri;
}

sv ing_group(struct arena *a, sv uri, const struct ing_article *x, bool many)
{
	sv stem = x->kb.group_id;

	if (!x->own_id) {
		/* A file is named by itself, not by the folders around the source. */
		if (uri.n && uri.p[0] == '/')
			for (size_t i = uri.n; i; i--)
				if (uri.p[i - 1] == '/') {
					uri = sv_slice(uri, i, uri.n);
					break;
				}
		stem = kb_slug(a, bare(uri, x->kb.lang));
	}
	if (x->inner.n && !x->own_id)
		stem = sv_of(arena_fmt(a, SV_FMT "-" SV_FMT, SV_ARG(stem),
				       SV_ARG(part_slug(a, bare(x->inner, x->kb.lang), false))));
	/* Rows of a table have no heading: their question tells them apart. */
	if (x->heading.n)
		stem = sv_of(arena_fmt(a, SV_FMT "-" SV_FMT, SV_ARG(sv_head(stem, 44)),
				       SV_ARG(part_slug(a, x->heading, x->item))));
	else if (!x->own_id && many)
		stem = sv_of(arena_fmt(a, SV_FMT "-" SV_FMT, SV_ARG(sv_head(stem, 44)),
				       SV_ARG(part_slug(a, x->kb.title, false))));
	return sv_head(stem, 96);
}

/* ---- on the scribe ---- */

/* "help/faq.en.md" and "help/faq.zh.md" are one document in two languages. */
static bool same_but_lang(sv a, sv lang_a, sv b, sv lang_b)
{
	sv bare_a = bare(a, lang_a), bare_b = bare(b, lang_b), end_a = a, end_b = b;

	for (size_t i = a.n; i > 1; i--)
		if (a.p[i - 1] == '.') {
			end_a = sv_slice(a, i, a.n);
			break;
		}
	for (size_t i = b.n; i > 1; i--)
		if (b.p[i - 1] == '.') {
			end_b = sv_slice(b, i, b.n);
			break;
		}
	return sv_eq(bare_a, bare_b) && sv_eq(end_a, end_b);
}

/* 1: another document has the id, or a group made by us (a group joins translations; documents that
 * give their own mean it); 2: this one, in this very
 * sync; 0: free or ours; negative. */
static int owner(struct store_db *db, const struct ing_batch *b, const struct one *d,
		 const struct ing_article *x)
{
	const struct kb_article *k = &x->kb;
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT source, uri, live, article, lang FROM source_article WHERE article "
		">= ?1 || '.' AND article < ?1 || '/'");
	int found = 0;

	if (rc)
		return rc;
	store_bind_sv(q, 1, k->group_id);
	while (found != 1 && (rc = store_step(q)) == 1) {
		bool ours = sv_eq(store_col_sv(q, 0), b->y->id), self = ours &&
			    sv_eq(store_col_sv(q, 1), d->c.uri);

		if (sv_find_ch(sv_slice(store_col_sv(q, 3), k->group_id.n + 1, SIZE_MAX), '.') >= 0)
			continue; /* the group goes on: "a.b" beside "a" */
		if (sv_eq(store_col_sv(q, 3), k->id))
			found = !self ? 1 : store_col_int(q, 2) == 2 ? 2 : 0;
		else if (!x->own_id && !self &&
			 !(ours && same_but_lang(store_col_sv(q, 1), store_col_sv(q, 4),
						 d->c.uri, k->lang)))
			found = 1;
	}
	store_reset(q);
	return rc < 0 ? rc : found;
}

static int claim(struct store_db *db, const struct ing_batch *b, const struct one *d,
		 const struct ing_article *x)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO source_article (article, lang, source, uri, inner_name, "
		"heading, span_from, span_to, page, hash, live) VALUES "
		"(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,2) ON CONFLICT (article, lang) DO UPDATE "
		"SET source=excluded.source, uri=excluded.uri, "
		"inner_name=excluded.inner_name, heading=excluded.heading, "
		"span_from=excluded.span_from, span_to=excluded.span_to, "
		"page=excluded.page, hash=excluded.hash, live=2");

	if (rc)
		return rc;
	store_bind_sv(q, 1, x->kb.id);
	store_bind_sv(q, 2, x->kb.lang);
	store_bind_sv(q, 3, b->y->id);
	store_bind_sv(q, 4, d->c.uri);
	store_bind_sv(q, 5, x->inner.n ? x->inner : SV(""));
	store_bind_sv(q, 6, x->heading.n ? x->heading : SV(""));
	store_bind_int(q, 7, x->from);
	store_bind_int(q, 8, x->to);
	store_bind_int(q, 9, x->page);
	store_bind_sv(q, 10, d->c.hash.n ? d->c.hash : SV(""));
	return store_run(q);
}

/* Finds a free id for x; 1: there is none. */
static int name_it(struct ing_batch *b, struct store_db *db, const struct one *d,
		   struct ing_article *x)
{
	sv group = ing_group(&b->a, d->c.uri, x, d->many), lang = x->kb.lang;
	sv first = group;

	for (int n = 1; n < 1000; n++) {
		int rc;

		x->kb.group_id = group;
		x->kb.id = sv_of(arena_fmt(&b->a, SV_FMT "." SV_FMT, SV_ARG(group), SV_ARG(lang)));
		if (!x->kb.id.p)
			return ERR_TOOBIG;
		rc = owner(db, b, d, x);
		if (rc <= 0)
			return rc;
		if (x->own_id && !x->heading.n)
			return 1;
		if (rc == 1 && n == 1) {
			uint64_t h = sv_hash(b->y->id) ^ (sv_hash(d->c.uri) * 31);

			first = sv_of(arena_fmt(&b->a, SV_FMT "-%08" PRIx32,
						SV_ARG(sv_slice(group, 0, 86)),
						(uint32_t)(h ^ h >> 32)));
			group = first;
		} else {
			group = sv_of(arena_fmt(&b->a, SV_FMT "-%d", SV_ARG(first), n + 1));
		}
	}
	return 1;
}

static int put_article(struct ing_batch *b, struct store_db *db, const struct one *d,
		       struct ing_article *x, int64_t now)
{
	bool changed = false;
	int rc = name_it(b, db, d, x);

	if (rc == 1) {
		sv *slot = VEC_PUSH(&b->taken, ING_NOTES_MAX);

		if (slot)
			*slot = arena_sv(&b->y->a, x->kb.id);
		return 0;
	}
	if (rc)
		return rc;
	if (!x->kb.source.n)
		x->kb.source = d->c.uri;
	if (!x->kb.category.n)
		x->kb.category = b->y->src.category;
	x->kb.title = sv_slice(x->kb.title, 0, sv_rune_offset(x->kb.title, 250));
	rc = kb_put(db, &x->kb, now, &changed);
	b->made += changed;
	b->kept += !changed;
	return rc ? rc : claim(db, b, d, x);
}

static int run_doc(struct store_db *db, const struct ing_batch *b, const struct one *d,
		   const char *sql)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, sql);

	if (rc)
		return rc;
	store_bind_sv(q, 1, b->y->id);
	store_bind_sv(q, 2, d->c.uri);
	return store_run(q);
}

/* What this document made before and did not make now. */
static int retire_rest(struct ing_batch *b, struct store_db *db, const struct one *d, int64_t now)
{
	struct store_stmt *q;
	VEC(sv) ids = { 0 };
	int rc = store_prep(db, &q,
			    "SELECT article FROM source_article WHERE source = ?1 AND uri = "
			    "?2 AND live = 0");

	if (rc)
		return rc;
	store_bind_sv(q, 1, b->y->id);
	store_bind_sv(q, 2, d->c.uri);
	while ((rc = store_step(q)) == 1) {
		sv *slot = VEC_PUSH(&ids, LIM_KB_ARTICLES);

		if (slot)
			*slot = arena_sv(&b->a, store_col_sv(q, 0));
	}
	store_reset(q);
	for (size_t i = 0; i < ids.n && rc >= 0; i++) {
		rc = kb_retire(db, ids.v[i], now);
		b->retired += rc == 0;
		rc = rc == ERR_NOTFOUND ? 0 : rc;
	}
	VEC_FREE(&ids);
	if (!rc)
		rc = run_doc(db, b, d, "DELETE FROM source_article WHERE source = ?1 AND uri = ?2 "
				       "AND live = 0");
	return rc;
}

/* The notes, and those of ids that belong to another document. */
static sv with_taken(struct ing_batch *b, sv notes)
{
	jv *list = jv_parse(notes, NULL);
	struct sb out;
	sv text;

	list = list ? list : jv_arr();
	for (size_t i = 0; i < b->taken.n; i++) {
		jv *o = jv_obj();

		jv_set_str(o, "code", sv_of(ing_code_name(ING_NAME_TAKEN_NOTE)));
		jv_set_str(o, "detail", b->taken.v[i]);
		jv_push(list, o);
	}
	sb_init(&out, 1u << 20);
	jv_dump(list, &out);
	jv_free(list);
	text = arena_sv(&b->a, sb_sv(&out));
	sb_done(&out);
	return text;
}

static int doc_row(struct ing_batch *b, struct store_db *db, const struct one *d, int64_t now)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO source_doc (source, uri, state, kind, stamp, hash, etag, "
		"modified, bytes, pages, articles, notes, read_ms, changed_ms) VALUES "
		"(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,(SELECT count(*) FROM source_article WHERE "
		"source = ?1 AND uri = ?2),?11,?12,?12) ON CONFLICT (source, uri) DO UPDATE "
		"SET state=excluded.state, kind=excluded.kind, stamp=excluded.stamp, "
		"hash=excluded.hash, etag=excluded.etag, modified=excluded.modified, "
		"bytes=excluded.bytes, pages=excluded.pages, articles=excluded.articles, "
		"notes=excluded.notes, read_ms=excluded.read_ms, changed_ms=CASE WHEN "
		"source_doc.hash = excluded.hash THEN source_doc.changed_ms ELSE "
		"excluded.changed_ms END");
	const sv text[] = { b->taken.n ? SV("partly") : sv_of(d->c.state), sv_of(d->kind),
			    d->c.stamp, d->c.hash, d->c.etag, d->c.modified };
	sv told = b->taken.n ? with_taken(b, d->notes) : d->notes;

	if (rc)
		return rc;
	store_bind_sv(q, 1, b->y->id);
	store_bind_sv(q, 2, d->c.uri);
	for (int i = 0; i < 6; i++)
		store_bind_sv(q, 3 + i, text[i].p ? text[i] : SV(""));
	store_bind_int(q, 9, (int64_t)d->c.bytes);
	store_bind_int(q, 10, d->pages);
	store_bind_sv(q, 11, told.n ? told : SV("[]"));
	store_bind_int(q, 12, now);
	return store_run(q);
}

/* The bytes are as before: only what tells that is new. */
static int same_row(struct ing_batch *b, struct store_db *db, const struct one *d, int64_t now)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE source_doc SET stamp = ?3, etag = ?4, modified = ?5, "
			    "read_ms = ?6 WHERE source = ?1 AND uri = ?2");

	if (rc)
		return rc;
	store_bind_sv(q, 1, b->y->id);
	store_bind_sv(q, 2, d->c.uri);
	store_bind_sv(q, 3, d->c.stamp);
	store_bind_sv(q, 4, d->c.etag);
	store_bind_sv(q, 5, d->c.modified);
	store_bind_int(q, 6, now);
	return store_run(q);
}

static int write_one(struct ing_batch *b, struct store_db *db, const struct one *d, int64_t now)
{
	int rc = 0;

	if (d->c.same)
		return same_row(b, db, d, now);
	b->taken.n = d->first ? 0 : b->taken.n;
	if (d->first && !d->c.keep)
		rc = run_doc(db, b, d,
			     "UPDATE source_article SET live = 0 WHERE source = ?1 AND uri "
			     "= ?2");
	for (size_t i = d->from; i < d->to && !rc; i++)
		rc = put_article(b, db, d, &b->articles.v[i], now);
	if (!rc && d->last && !d->c.keep)
		rc = retire_rest(b, db, d, now);
	if (!rc && d->last && !d->c.keep)
		rc = run_doc(db, b, d,
			     "UPDATE source_article SET live = 1 WHERE source = ?1 AND uri "
			     "= ?2");
	if (!rc && d->last)
		rc = doc_row(b, db, d, now);
	return rc;
}

static int write_all(void *arg, struct store_db *db)
{
	struct ing_batch *b = arg;
	int64_t now = clk_wall_ms();

	b->rc = 0;
	for (size_t i = 0; i < b->docs.n && !b->rc; i++)
		b->rc = write_one(b, db, &b->docs.v[i], now);
	return b->rc;
}

int ing_gone(struct store_db *db, sv source, sv uri, int64_t *retired)
{
	struct ing_sync y = { .id = source };
	struct ing_batch b = { .y = &y };
	const struct one d = { .c = { .uri = uri, .state = "gone" },
			       .kind = "",
			       .first = true,
			       .last = true };
	int rc;

	arena_init(&b.a, LIM_ARENA_BIG);
	rc = write_one(&b, db, &d, clk_wall_ms());
	arena_done(&b.a);
	*retired = b.retired;
	return rc;
}

/* ---- collecting ---- */

int ing_batch_flush(struct ing_batch *b)
{
	struct ing_report *r = b->y->rep;
	int rc = 0;

	if (b->docs.n) {
		rc = store_write(b->y->g->o.store, write_all, b, NULL, NULL);
		if (!rc)
			rc = store_flush(b->y->g->o.store);
		if (!rc)
			rc = b->rc;
	}
	if (rc)
		err_set(b->y->e, rc, "what was read could not be written: %s", err_text(rc));
	else
		r->made += b->made, r->kept += b->kept, r->retired += b->retired;
	b->made = b->kept = b->retired = 0;
	b->docs.n = b->articles.n = 0;
	arena_reset(&b->a);
	return rc;
}

static sv notes_json(struct arena *a, const struct ing_doc *d)
{
	jv *list = jv_arr();
	struct sb b;
	sv out;

	for (size_t i = 0; d && i < d->notes.n; i++) {
		jv *o = jv_obj();

		jv_set_str(o, "code", sv_of(ing_code_name(d->notes.v[i].code)));
		jv_set_str(o, "detail", d->notes.v[i].detail);
		jv_push(list, o);
	}
	sb_init(&b, 1u << 20);
	jv_dump(list, &b);
	jv_free(list);
	out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return out;
}

static const char *state_of(const struct ing_doc *d)
{
	enum ing_grade worst = ING_INFO;

	for (size_t i = 0; i < d->notes.n; i++) {
		enum ing_grade g = ing_code_grade(d->notes.v[i].code);

		worst = g > worst ? g : worst;
	}
	if (!d->articles.n && worst == ING_BAD)
		return "refused";
	return worst >= ING_WARN ? "partly" : "ok";
}

static sv copy(struct arena *a, sv s)
{
	return s.n ? arena_sv(a, s) : SV("");
}

static int push(struct ing_batch *b, const struct ing_change *c, const struct ing_doc *d,
		size_t from, size_t to)
{
	struct one *slot = VEC_PUSH(&b->docs, 100000);
	size_t at = b->articles.n;

	if (!slot)
		return ERR_FULL;
	*slot = (struct one){ .c = *c, .kind = d ? d->kind : "", .pages = d ? d->pages : 0,
			      .from = at, .first = from == 0, .last = !d || to == d->articles.n,
			      .many = d && d->articles.n > 1 };
	slot->c.uri = copy(&b->a, c->uri);
	slot->c.hash = copy(&b->a, c->hash);
	slot->c.stamp = copy(&b->a, c->stamp);
	slot->c.etag = copy(&b->a, c->etag);
	slot->c.modified = copy(&b->a, c->modified);
	if (!c->state)
		slot->c.state = d ? state_of(d) : "ok";
	slot->notes = notes_json(&b->a, d);
	for (size_t i = from; i < to; i++) {
		struct ing_article *x = VEC_PUSH(&b->articles, LIM_KB_ARTICLES);
		jv *o;
		int rc;

		if (!x)
			return ERR_FULL;
		/* a deep copy; what it leaves out are the ids, which are given later */
		o = ing_article_json(&d->articles.v[i]);
		rc = ing_article_read(o, &b->a, x);
		jv_free(o);
		if (rc)
			return rc;
	}
	slot->to = b->articles.n;
	return 0;
}

int ing_batch_add(struct ing_batch *b, const struct ing_change *c, const struct ing_doc *d)
{
	size_t n = d ? d->articles.n : 0, from = 0;
	int rc = 0;

	do {
		size_t to = n - from > ING_GROUP ? from + ING_GROUP : n;

		rc = push(b, c, d, from, to);
		from = to;
		if (!rc && (b->articles.n >= ING_GROUP || b->docs.n >= ING_GROUP))
			rc = ing_batch_flush(b);
	} while (!rc && from < n);
	return rc;
}
