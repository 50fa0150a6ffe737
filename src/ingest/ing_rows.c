/* ing_rows.c: the rows of sources: add, change, delete, look at. Writing runs on the scribe
 * while the caller waits; reading on the caller's own reader. */
#include <limits.h>
#include <stdio.h>
#include "ing_int.h"

static const char *const kinds[ING_KINDS] = { "file", "folder", "url", "sitemap", "table" };

int ing_kind_of(sv name)
{
	for (int i = 0; i < ING_KINDS; i++)
		if (sv_eq(name, sv_of(kinds[i])))
			return i;
	return -1;
}

struct job {
	struct ing *g;
	const struct ing_source *s;
	sv id, by;
	char out[27];
	const struct ing_sent *sent;
	bool there;
	int64_t retired;
	int rc;
};

/* Hands fn to the scribe and waits. */
static int on_scribe(struct job *j, store_write_fn *fn, struct err *e)
{
	int rc = store_write(j->g->o.store, fn, j, NULL, NULL);

	if (!rc)
		rc = store_flush(j->g->o.store);
	if (!rc)
		rc = j->rc;
	if (rc && e && !e->msg[0])
		err_set(e, rc, "the source could not be written: %s", err_text(rc));
	return rc;
}

int ing_source_find(struct store_db *db, enum ing_kind kind, sv place, char id[27])
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT id FROM source WHERE kind = ?1 AND place = ?2");

	id[0] = 0;
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(kinds[kind]));
	store_bind_sv(q, 2, place);
	rc = store_step(q);
	if (rc == 1)
		(void)snprintf(id, 27, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static sv text(sv s)
{
	return s.p ? s : SV("");
}

static int add_write(void *arg, struct store_db *db)
{
	struct job *j = arg;
	const struct ing_source *s = j->s;
	struct store_stmt *q;
	int64_t now = clk_wall_ms();

	j->rc = ing_source_find(db, s->kind, s->place, j->out);
	if (!j->rc && !j->out[0])
		id_new(j->out);
	if (!j->rc)
		j->rc = store_prep(
			db, &q,
			"INSERT INTO source (id, kind, place, name, lang, category, owner, "
			"every_s, "
			"depth, docs_max, created_ms, created_by, ask_ms) VALUES "
			"(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?11) ON CONFLICT (id) DO "
			"UPDATE SET "
			"name=excluded.name, lang=excluded.lang, category=excluded.category, "
			"owner=excluded.owner, every_s=excluded.every_s, depth=excluded.depth, "
			"docs_max=excluded.docs_max, ask_ms=excluded.ask_ms, "
			"version=source.version+1");
	if (j->rc)
		return j->rc;
	store_bind_sv(q, 1, sv_of(j->out));
	store_bind_sv(q, 2, sv_of(kinds[s->kind]));
	store_bind_sv(q, 3, s->place);
	store_bind_sv(q, 4, s->name.n ? s->name : s->place);
	store_bind_sv(q, 5, text(s->lang));
	store_bind_sv(q, 6, text(s->category));
	store_bind_sv(q, 7, text(s->owner));
	store_bind_int(q, 8, s->every_s);
	store_bind_int(q, 9, s->depth);
	store_bind_int(q, 10, s->docs_max);
	store_bind_int(q, 11, now);
	store_bind_sv(q, 12, text(j->by));
	j->rc = store_run(q);
	return j->rc;
}

static bool web(sv place)
{
	return sv_starts(place, SV("http://")) || sv_starts(place, SV("https://"));
}

static int look_at(const struct ing *g, const struct ing_source *s, struct err *e)
{
	bool on_web = s->kind == ING_URL || s->kind == ING_SITEMAP, table = s->kind == ING_TABLE;

	if (!s->place.n || s->place.n > 2000 || !sv_utf8_ok(s->place) ||
	    memchr(s->place.p, 0, s->place.n))
		return err_set(e, ERR_INVAL, "place must be a path, an address or a table's name");
	if (on_web != web(s->place))
		return err_set(e, ERR_INVAL,
			       on_web ? "place must be an address that begins with https:// or "
					"http://" :
					"an address needs kind url or sitemap");
	if (!on_web && !table && s->place.p[0] != '/')
		return err_set(e, ERR_INVAL, "place must be a whole path that begins with /");
	if (table && !ing_table_find(g, s->place))
		return err_set(e, ERR_INVAL, "there is no such table");
	if (s->every_s < 0 || s->every_s > 30 * 86400 || (on_web && s->every_s && s->every_s < 60))
		return err_set(e, ERR_INVAL,
			       "every_s must be 0 (by hand) or seconds up to 30 days; "
			       "at least 60 for the web");
	if (s->depth < 0 || s->depth > 3 || s->docs_max < 0 || s->docs_max > 20000)
		return err_set(e, ERR_INVAL, "depth goes from 0 to 3, docs_max to 20000");
	if (s->lang.n && (s->lang.n != 2 || !sv_utf8_ok(s->lang)))
		return err_set(e, ERR_INVAL, "lang must be like en or zh");
	if (s->name.n > 200 || s->category.n > 200 || s->owner.n > 200)
		return err_set(e, ERR_INVAL, "name, category and owner may have 200 bytes");
	return 0;
}

int ing_source_add(struct ing *g, const struct ing_source *s, sv by, char id[27], struct err *e)
{
	struct job j = { .g = g, .s = s, .by = by };
	int rc = look_at(g, s, e);

	if (!rc && g->o.roots && (s->kind == ING_FILE || s->kind == ING_FOLDER)) {
		char *path = xstrdup(s->place), real[PATH_MAX];

		/* one that is not there yet may come; where it leads is looked at then too */
		rc = ing_real_path(g, path, real, e);
		rc = rc == ERR_DENIED ? rc : 0;
		xfree(path);
	}
	if (!rc)
		rc = on_scribe(&j, add_write, e);
	if (!rc)
		memcpy(id, j.out, 27);
	return rc;
}

/* ---- out ---- */

static int retire_all(struct job *j, struct store_db *db)
{
	struct store_stmt *q;
	VEC(char *) ids = { 0 };
	int rc = store_prep(db, &q,
			    "SELECT DISTINCT article FROM source_article WHERE source = ?1");

	if (rc)
		return rc;
	store_bind_sv(q, 1, j->id);
	while ((rc = store_step(q)) == 1) {
		char **slot = VEC_PUSH(&ids, LIM_KB_ARTICLES);

		if (slot)
			*slot = xstrdup(store_col_sv(q, 0));
	}
	store_reset(q);
	for (size_t i = 0; i < ids.n && rc >= 0; i++) {
		rc = kb_retire(db, sv_of(ids.v[i]), clk_wall_ms());
		j->retired += rc == 0;
		rc = rc == ERR_NOTFOUND ? 0 : rc;
	}
	for (size_t i = 0; i < ids.n; i++)
		xfree(ids.v[i]);
	VEC_FREE(&ids);
	return rc;
}

static int delete_write(void *arg, struct store_db *db)
{
	static const char *const sqls[] = { "DELETE FROM source_article WHERE source = ?1",
					    "DELETE FROM source_doc WHERE source = ?1",
					    "DELETE FROM source WHERE id = ?1" };
	struct job *j = arg;
	int64_t gone = 0;

	j->rc = retire_all(j, db);
	for (size_t i = 0; i < 3 && !j->rc; i++) {
		struct store_stmt *q;

		j->rc = store_prep(db, &q, sqls[i]);
		if (j->rc)
			break;
		store_bind_sv(q, 1, j->id);
		j->rc = store_run(q);
		gone = store_changes(db);
	}
	if (!j->rc && !gone)
		j->rc = ERR_NOTFOUND;
	if (!j->rc) {
		struct sb b;
		struct store_event ev = { .kind = SV("source.delete"), .actor = j->by };

		sb_init(&b, 4096);
		sb_cstr(&b, "{\"source\":");
		sb_json(&b, j->id);
		sb_fmt(&b, ",\"retired\":%lld}", (long long)j->retired);
		ev.body = sb_sv(&b);
		j->rc = store_event_put(db, &ev);
		sb_done(&b);
	}
	return j->rc;
}

int ing_source_delete(struct ing *g, sv id, sv by, int64_t *retired, struct err *e)
{
	struct job j = { .g = g, .id = id, .by = by };
	int rc = on_scribe(&j, delete_write, e);

	if (!rc && retired)
		*retired = j.retired;
	if (!rc && j.retired && g->o.on_changed)
		g->o.on_changed(g->o.arg);
	return rc;
}

/* Later than any other wish, also within one millisecond: a sync under way tells them apart. */
static int soon_write(void *arg, struct store_db *db)
{
	struct job *j = arg;
	struct store_stmt *q;

	j->rc = store_prep(db, &q,
			   "UPDATE source SET ask_ms = CASE WHEN ask_ms >= ?2 THEN ask_ms + 1 "
			   "ELSE ?2 END, changed_ms = CASE WHEN ?3 THEN ?2 ELSE changed_ms END "
			   "WHERE id = ?1");
	if (j->rc)
		return j->rc;
	store_bind_sv(q, 1, j->id);
	store_bind_int(q, 2, clk_wall_ms());
	store_bind_int(q, 3, j->retired > 0);
	j->rc = store_run(q);
	if (!j->rc && !store_changes(db))
		j->rc = ERR_NOTFOUND;
	return j->rc;
}

int ing_sync_soon(struct ing *g, sv id, struct err *e)
{
	struct job j = { .g = g, .id = id };

	return on_scribe(&j, soon_write, e);
}

/* ---- one document that was sent, or taken back ---- */

/* Who did it, to which document. */
static int tell(const struct job *j, struct store_db *db, const char *kind)
{
	struct store_event ev = { .kind = sv_of(kind), .actor = j->sent->by };
	struct sb b;
	int rc;

	sb_init(&b, 4096);
	sb_cstr(&b, "{\"source\":");
	sb_json(&b, j->id);
	sb_cstr(&b, ",\"name\":");
	sb_json(&b, j->sent->name);
	if (j->sent->bytes)
		sb_fmt(&b, ",\"bytes\":%lld,\"replaced\":%s}", (long long)j->sent->bytes,
		       j->sent->replaced ? "true" : "false");
	else
		sb_fmt(&b, ",\"retired\":%lld}", (long long)j->retired);
	ev.body = sb_sv(&b);
	rc = store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

static int sent_write(void *arg, struct store_db *db)
{
	struct job *j = arg;

	j->id = sv_of(j->out);
	if (!(j->id.n ? soon_write : add_write)(j, db)) {
		j->id = sv_of(j->out);
		j->rc = tell(j, db, "source.upload");
	}
	return j->rc;
}

int ing_source_sent(struct ing *g, const struct ing_source *s, const struct ing_sent *sent,
		    char id[27], struct err *e)
{
	struct job j = { .g = g, .s = s, .by = sent->by, .sent = sent };
	int rc = look_at(g, s, e);

	memcpy(j.out, id, 27);
	rc = rc ? rc : on_scribe(&j, sent_write, e);
	if (!rc)
		memcpy(id, j.out, 27);
	return rc;
}

/* Is there a row of the document that says of articles? */
static int has_row(const struct job *j, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT 1 FROM source_doc WHERE source = ?1 AND uri = ?2 AND state <> "
			    "'gone'");

	if (rc)
		return rc;
	store_bind_sv(q, 1, j->id);
	store_bind_sv(q, 2, j->sent->name);
	rc = store_step(q);
	store_reset(q);
	return rc;
}

static int removed_write(void *arg, struct store_db *db)
{
	struct job *j = arg;
	int row = has_row(j, db);

	j->rc = row < 0 ? row : row || j->there ? 0 : ERR_NOTFOUND;
	if (!j->rc)
		j->rc = ing_gone(db, j->id, j->sent->name, &j->retired);
	if (!j->rc && !soon_write(j, db))
		j->rc = tell(j, db, "source.removed_document");
	return j->rc;
}

int ing_source_removed(struct ing *g, sv id, const struct ing_sent *sent, bool there,
		       int64_t *retired, struct err *e)
{
	struct job j = { .g = g, .id = id, .sent = sent, .there = there };
	int rc = on_scribe(&j, removed_write, NULL);

	*retired = j.retired;
	if (rc == ERR_NOTFOUND)
		return err_set(e, rc, "there is no such document");
	return rc ? err_set(e, rc, "it could not be removed: %s", err_text(rc)) : 0;
}
