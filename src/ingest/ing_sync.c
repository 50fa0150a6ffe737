/* ing_sync.c: one source brought up to date: what is new or changed is read and written, what
 * is gone is retired, and the rest is left alone.
 *
 * What was known of each document is read first; its kind then walks its places and calls
 * ing_take or ing_miss for each; whatever was not met is gone, unless the walk broke off.
 * Nothing here holds a transaction open while something is read. The calling thread waits for
 * all of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include "ing_int.h"

bool ing_stopped(const struct ing_sync *y)
{
	return atomic_load(&y->g->stop);
}

/* ---- what was known ---- */

static sv kept(struct arena *a, sv s)
{
	return s.n ? arena_sv(a, s) : SV("");
}

static int load_source(struct ing_sync *y, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT kind, place, name, lang, category, owner, every_s, depth, "
			    "docs_max, coalesce(ask_ms, 0) FROM source WHERE id = ?1");
	int kind;

	if (rc)
		return rc;
	store_bind_sv(q, 1, y->id);
	rc = store_step(q);
	if (rc == 1) {
		kind = ing_kind_of(store_col_sv(q, 0));
		y->src = (struct ing_source){ .kind = kind < 0 ? ING_FILE : (enum ing_kind)kind,
					      .place = kept(&y->a, store_col_sv(q, 1)),
					      .name = kept(&y->a, store_col_sv(q, 2)),
					      .lang = kept(&y->a, store_col_sv(q, 3)),
					      .category = kept(&y->a, store_col_sv(q, 4)),
					      .owner = kept(&y->a, store_col_sv(q, 5)),
					      .every_s = (int)store_col_int(q, 6),
					      .depth = (int)store_col_int(q, 7),
					      .docs_max = (int)store_col_int(q, 8) };
		y->asked_ms = store_col_int(q, 9);
	}
	store_reset(q);
	return rc == 1 ? 0 : rc < 0 ? rc : ERR_NOTFOUND;
}

static int load_docs(struct ing_sync *y, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT uri, state, stamp, hash, etag, modified FROM source_doc "
			    "WHERE source = ?1 ORDER BY uri");

	if (rc)
		return rc;
	store_bind_sv(q, 1, y->id);
	while ((rc = store_step(q)) == 1) {
		struct ing_seen *s = arena_new(&y->a, struct ing_seen, 1), **slot;
		sv *text[] = { &s->uri, &s->state, &s->stamp, &s->hash, &s->etag, &s->modified };

		if (!s)
			break;
		for (int i = 0; i < 6; i++)
			*text[i] = kept(&y->a, store_col_sv(q, i));
		slot = VEC_PUSH(&y->rows, LIM_KB_ARTICLES);
		if (!slot || map_put(y->seen, s->uri, s))
			break;
		*slot = s;
	}
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? ERR_FULL : 0;
}

struct ing_seen *ing_seen_get(struct ing_sync *y, sv uri)
{
	return map_get(y->seen, uri);
}

/* ---- one document ---- */

static void met(struct ing_sync *y, sv uri)
{
	struct ing_seen *s = ing_seen_get(y, uri);

	if (s)
		s->met = true;
	y->n_docs++;
	y->rep->docs++;
}

/* Two independent 64 bit prints: that two versions share both does not happen by itself, and who
 * forges one gains nothing but that their change is not seen. */
static void print_of(sv bytes, char out[33])
{
	uint64_t a = sv_hash(bytes), b = 0x9E3779B97F4A7C15u ^ bytes.n;

	for (size_t i = 0; i < bytes.n; i++)
		b = (b ^ (unsigned char)bytes.p[i]) * 0xff51afd7ed558ccdu, b ^= b >> 29;
	(void)snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, a, b);
}

/* A reader that came to no verdict says nothing of the document: what it made stays. It is tried
 * again, unless what stopped it would stop it each time, ten seconds long. */
static void no_verdict(const struct ing_seen *s, const struct ing_doc *d, struct ing_change *now)
{
	for (size_t i = 0; i < d->notes.n && !d->articles.n; i++) {
		enum ing_code code = d->notes.v[i].code;

		if (code == ING_TOO_SLOW_NOTE || code == ING_TOO_MUCH_MEMORY_NOTE)
			now->keep = true;
		if (code != ING_NO_READER_NOTE && code != ING_CRASHED_NOTE)
			continue;
		now->keep = true;
		now->state = "error";
		now->hash = s ? s->hash : SV("");
		now->etag = s ? s->etag : SV("");
		now->modified = s ? s->modified : SV("");
	}
}

static bool told_before(const struct ing_seen *s, const struct ing_change *c)
{
	return sv_eq(s->stamp, c->stamp) && sv_eq(s->etag, c->etag) &&
	       sv_eq(s->modified, c->modified);
}

static void forbid(struct ing_doc *d)
{
	struct ing_note *n = VEC_PUSH(&d->notes, ING_NOTES_MAX);

	if (n)
		*n = (struct ing_note){ ING_NO_INDEX_NOTE, SV("") };
	d->articles.n = 0;
}

int ing_take(struct ing_sync *y, const struct ing_change *c, sv bytes, sv mime,
	     struct ing_doc *links)
{
	struct ing_seen *s = ing_seen_get(y, c->uri);
	struct ing_change now = *c;
	struct ing_doc d = { 0 };
	struct ing_in in = { .bytes = bytes, .mime = mime, .lang = y->src.lang };
	struct arena a;
	char print[33];
	bool same;
	int rc;

	met(y, c->uri);
	print_of(bytes, print);
	now.hash = sv_of(print);
	now.bytes = bytes.n;
	same = s && sv_eq(s->hash, now.hash) && !sv_eq(s->state, SV("gone")) &&
	       !sv_eq(s->state, SV("error"));
	if (same && !links) {
		y->rep->same++;
		now.same = true;
		return told_before(s, c) ? 0 : ing_batch_add(y->batch, &now, NULL);
	}
	arena_init(&a, LIM_ARENA_BIG);
	in.name = arena_cstr(&a, c->uri);
	(void)ing_read_apart(y->g->reader, &in, &a, &d);
	no_verdict(s, &d, &now);
	if (d.noindex && y->src.kind != ING_FILE && y->src.kind != ING_FOLDER)
		forbid(&d);
	if (same)
		y->rep->same++;
	else
		y->rep->changed++;
	y->rep->refused += ing_doc_bad(&d);
	rc = ing_batch_add(y->batch, &now, &d);
	for (size_t i = 0; links && i < d.links.n; i++) {
		sv *slot = VEC_PUSH(&links->links, ING_LINKS_MAX);

		if (slot)
			*slot = arena_sv(&y->a, d.links.v[i]);
	}
	ing_doc_done(&d);
	arena_done(&a);
	return rc;
}

int ing_miss(struct ing_sync *y, struct ing_change *c, enum ing_code code, sv detail)
{
	struct ing_doc d = { .kind = "" };
	struct ing_note *n = VEC_PUSH(&d.notes, ING_NOTES_MAX);
	struct ing_seen *s = ing_seen_get(y, c->uri);
	int rc;

	met(y, c->uri);
	y->rep->refused++;
	if (n)
		*n = (struct ing_note){ code, detail };
	if (!c->state)
		c->state = c->keep ? "error" : "refused";
	/* what was known for asking "has it changed?" stays with the articles */
	if (c->keep && s) {
		c->etag = s->etag;
		c->modified = s->modified;
		c->hash = s->hash;
	}
	rc = ing_batch_add(y->batch, c, &d);
	ing_doc_done(&d);
	return rc;
}

static int retire_gone(struct ing_sync *y)
{
	int rc = 0;

	for (size_t i = 0; i < y->rows.n && !rc; i++) {
		struct ing_seen *s = y->rows.v[i];
		struct ing_change c = { .uri = s->uri, .state = "gone" };

		if (s->met || sv_eq(s->state, SV("gone")))
			continue;
		y->rep->gone++;
		rc = ing_batch_add(y->batch, &c, NULL);
	}
	return rc;
}

/* ---- the whole ---- */

struct ending {
	struct ing_sync *y;
	int why, rc;
};

static int event_row(const struct ing_sync *y, struct store_db *db)
{
	const struct ing_report *r = y->rep;
	struct store_event ev = { .kind = SV("source.sync"), .actor = SV("system") };
	struct sb b;
	int rc;

	if (!r->made && !r->retired)
		return 0;
	sb_init(&b, 4096);
	sb_cstr(&b, "{\"source\":");
	sb_json(&b, y->id);
	sb_fmt(&b, ",\"documents\":%lld,\"changed\":%lld,\"gone\":%lld,\"refused\":%lld,"
		   "\"articles_made\":%lld,\"articles_retired\":%lld}",
	       (long long)r->docs, (long long)r->changed, (long long)r->gone,
	       (long long)r->refused, (long long)r->made, (long long)r->retired);
	ev.body = sb_sv(&b);
	rc = store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

/* What somebody asked for meanwhile is still to be done. */
static int end_row(const struct ending *x, struct store_db *db, int64_t now)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"UPDATE source SET state = CASE WHEN ?2 = 'ok' AND EXISTS "
		"(SELECT 1 FROM source_doc d WHERE d.source = ?1 AND d.state IN "
		"('refused', 'error')) THEN 'partly' ELSE ?2 END, error = ?3, synced_ms = ?4, "
		"ask_ms = CASE WHEN ask_ms <= ?5 THEN NULL ELSE ask_ms END WHERE id = ?1");

	if (rc)
		return rc;
	store_bind_sv(q, 1, x->y->id);
	store_bind_sv(q, 2, x->why ? SV("error") : SV("ok"));
	store_bind_sv(q, 3, x->why && x->y->e ? sv_of(x->y->e->msg) : SV(""));
	store_bind_int(q, 4, now);
	store_bind_int(q, 5, x->y->asked_ms);
	return store_run(q);
}

static int changed_row(const struct ending *x, struct store_db *db, int64_t now)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "UPDATE source SET changed_ms = ?2 WHERE id = ?1");

	if (rc)
		return rc;
	store_bind_sv(q, 1, x->y->id);
	store_bind_int(q, 2, now);
	return store_run(q);
}

/* One that was stopped is neither done nor failed: the source stays as it was and is asked for
 * again. */
static int end_write(void *arg, struct store_db *db)
{
	struct ending *x = arg;
	const struct ing_report *r = x->y->rep;
	int64_t now = clk_wall_ms();

	x->rc = r->stopped && !x->why ? 0 : end_row(x, db, now);
	if (!x->rc && (r->made || r->retired))
		x->rc = changed_row(x, db, now);
	if (!x->rc)
		x->rc = event_row(x->y, db);
	return x->rc;
}

static int finish(struct ing_sync *y, int why)
{
	struct ending x = { .y = y, .why = why };
	int rc = store_write(y->g->o.store, end_write, &x, NULL, NULL);

	if (!rc)
		rc = store_flush(y->g->o.store);
	return why ? why : rc ? rc : x.rc;
}

static int walk(struct ing_sync *y)
{
	static int (*const of[ING_KINDS])(struct ing_sync *) = {
		[ING_FILE] = ing_sync_files,  [ING_FOLDER] = ing_sync_files,
		[ING_URL] = ing_sync_web,     [ING_SITEMAP] = ing_sync_web,
		[ING_TABLE] = ing_sync_table,
	};
	int rc = of[y->src.kind](y);

	y->rep->stopped = ing_stopped(y);
	if (!rc && !y->rep->stopped)
		rc = retire_gone(y);
	/* What was read before it broke off is right, and stays. */
	int wrote = ing_batch_flush(y->batch);
	return rc ? rc : wrote;
}

int ing_sync(struct ing *g, sv id, struct ing_report *ret, struct err *e)
{
	struct err own = { 0 };
	struct ing_sync y = { .g = g, .id = id, .rep = ret, .e = e ? e : &own };
	struct store_db *db;
	int rc;

	*ret = (struct ing_report){ 0 };
	arena_init(&y.a, LIM_ARENA_BIG);
	y.seen = map_new(LIM_KB_ARTICLES);
	y.batch = ing_batch_new(&y);
	rc = store_reader(g->o.store, &db);
	if (!rc)
		rc = load_source(&y, db);
	if (!rc)
		rc = load_docs(&y, db);
	if (rc)
		err_set(y.e, rc, rc == ERR_NOTFOUND ? "there is no such source" :
						      "the database cannot be read");
	else
		rc = finish(&y, walk(&y));
	if (g->o.on_changed && (ret->made || ret->retired))
		g->o.on_changed(g->o.arg);
	ing_batch_free(y.batch);
	map_free(y.seen);
	VEC_FREE(&y.rows);
	arena_done(&y.a);
	return rc;
}
