/* ing_list.c: sources and the report of their documents as JSON. On the caller's reader. */
#include <stdio.h>
#include "ing_int.h"

static void put(struct sb *b, const char *key, sv v)
{
	sb_fmt(b, ",\"%s\":", key);
	sb_json(b, v);
}

static void put_ms(struct sb *b, const char *key, struct store_stmt *q, int col)
{
	char when[32];

	if (store_col_null(q, col)) {
		sb_fmt(b, ",\"%s\":null", key);
		return;
	}
	clk_rfc3339(store_col_int(q, col), when);
	sb_fmt(b, ",\"%s\":\"%s\"", key, when);
}

#define COLS \
	"id, kind, place, name, lang, category, owner, state, error, every_s, depth, docs_max, " \
	"synced_ms, changed_ms, created_ms, created_by, version, ask_ms, " \
	"(SELECT count(*) FROM source_doc d WHERE d.source = source.id AND d.state <> 'gone'), " \
	"(SELECT count(*) FROM source_doc d WHERE d.source = source.id AND d.state IN " \
	"('refused','error','partly')), " \
	"(SELECT count(*) FROM source_article a WHERE a.source = source.id)"

static void source_row(struct store_stmt *q, struct sb *b)
{
	static const char *const texts[] = { "kind", "place", "name", "lang", "category", "owner",
					     "state", "error" };
	static const char *const numbers[] = { "every_s", "depth", "docs_max" };

	sb_cstr(b, "{\"id\":");
	sb_json(b, store_col_sv(q, 0));
	for (int i = 0; i < 8; i++)
		put(b, texts[i], store_col_sv(q, i + 1));
	for (int i = 0; i < 3; i++)
		sb_fmt(b, ",\"%s\":%lld", numbers[i], (long long)store_col_int(q, i + 9));
	put_ms(b, "synced_at", q, 12);
	put_ms(b, "changed_at", q, 13);
	put_ms(b, "created_at", q, 14);
	put(b, "created_by", store_col_sv(q, 15));
	sb_fmt(b, ",\"version\":%lld,\"waiting\":%s", (long long)store_col_int(q, 16),
	       store_col_null(q, 17) ? "false" : "true");
	sb_fmt(b, ",\"documents\":%lld,\"troubled\":%lld,\"articles\":%lld}",
	       (long long)store_col_int(q, 18), (long long)store_col_int(q, 19),
	       (long long)store_col_int(q, 20));
}

static void end_page(struct sb *out, bool more, sv cursor)
{
	sb_cstr(out, "],\"next\":");
	if (more)
		sb_json(out, cursor);
	else
		sb_cstr(out, "null");
	sb_ch(out, '}');
}

int ing_sources_json(struct store_db *db, sv cursor, int limit, struct sb *out)
{
	struct store_stmt *q;
	char last[64] = "";
	int n = 0, rc;

	if (cursor.n && !id_ok(cursor))
		return ERR_INVAL;
	rc = store_prep(db, &q, "SELECT " COLS " FROM source WHERE id > ?1 ORDER BY id LIMIT ?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, cursor.n ? cursor : SV(""));
	store_bind_int(q, 2, limit + 1);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1 && n++ < limit) {
		sb_cstr(out, n > 1 ? "," : "");
		source_row(q, out);
		(void)snprintf(last, sizeof(last), SV_FMT, SV_ARG(store_col_sv(q, 0)));
	}
	store_reset(q);
	end_page(out, rc == 1, sv_of(last));
	return rc < 0 ? rc : 0;
}

int ing_source_json(struct store_db *db, sv id, struct sb *out)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT " COLS " FROM source WHERE id = ?1");

	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1)
		source_row(q, out);
	store_reset(q);
	return rc == 1 ? 0 : rc < 0 ? rc : ERR_NOTFOUND;
}

/* ---- documents ---- */

static void notes(sv json, struct sb *out)
{
	jv *list = jv_parse(json, NULL), *told;
	VEC(struct ing_note) v = { 0 };

	for (size_t i = 0; i < jv_len(list); i++) {
		int code = ing_code_of(jv_get_str(jv_at(list, i), "code"));
		struct ing_note *slot = code >= 0 ? VEC_PUSH(&v, ING_NOTES_MAX) : NULL;

		if (slot)
			*slot = (struct ing_note){ (enum ing_code)code,
						   jv_get_str(jv_at(list, i), "detail") };
	}
	told = ing_notes_json(v.v, v.n);
	jv_dump(told, out);
	jv_free(told);
	jv_free(list);
	VEC_FREE(&v);
}

static void doc_row(struct store_stmt *q, struct sb *b)
{
	sb_cstr(b, "{\"uri\":");
	sb_json(b, store_col_sv(q, 0));
	put(b, "state", store_col_sv(q, 1));
	put(b, "format", store_col_sv(q, 2));
	put(b, "hash", store_col_sv(q, 3));
	sb_fmt(b, ",\"bytes\":%lld,\"pages\":%lld,\"articles\":%lld",
	       (long long)store_col_int(q, 4), (long long)store_col_int(q, 5),
	       (long long)store_col_int(q, 6));
	put_ms(b, "read_at", q, 7);
	put_ms(b, "changed_at", q, 8);
	sb_cstr(b, ",\"notes\":");
	notes(store_col_sv(q, 9), b);
	sb_ch(b, '}');
}

int ing_docs_json(struct store_db *db, const struct ing_docs_ask *ask, struct sb *out)
{
	struct store_stmt *q;
	struct sb last;
	int n = 0, rc;

	rc = store_prep(
		db, &q,
		"SELECT uri, state, kind, hash, bytes, pages, articles, read_ms, changed_ms, "
		"notes FROM source_doc WHERE source = ?1 AND uri > ?2 AND (?3 = '' OR state = "
		"?3 OR (?3 = 'bad' AND state IN ('refused','error','partly'))) AND "
		"(?5 = '' OR uri = ?5) ORDER BY uri LIMIT ?4");
	if (rc)
		return rc;
	store_bind_sv(q, 1, ask->id);
	store_bind_sv(q, 2, ask->cursor.n ? ask->cursor : SV(""));
	store_bind_sv(q, 3, ask->state.n ? ask->state : SV(""));
	store_bind_int(q, 4, ask->limit + 1);
	store_bind_sv(q, 5, ask->uri.n ? ask->uri : SV(""));
	sb_init(&last, 8192);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1 && n++ < ask->limit) {
		sb_cstr(out, n > 1 ? "," : "");
		doc_row(q, out);
		sb_reset(&last);
		sb_put(&last, store_col_sv(q, 0));
	}
	store_reset(q);
	end_page(out, rc == 1, sb_sv(&last));
	sb_done(&last);
	return rc < 0 ? rc : 0;
}
