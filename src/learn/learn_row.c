/* learn_row.c: gaps, drafts, conflicts and the map as JSON for people: what the console and the
 * commands show. A worker's thread; one statement at a time; pages end with a cursor that names the
 * last row. */
#include "learn_int.h"

#define LIMIT_MAX 200
#define EXAMPLES 20

void learn_put_str(struct sb *b, const char *key, sv v)
{
	sb_fmt(b, ",\"%s\":", key);
	sb_json(b, v);
}

void learn_put_ms(struct sb *b, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	sb_fmt(b, ms ? ",\"%s\":\"%s\"" : ",\"%s\":null", key, when);
}

static sv some(sv s)
{
	return s.p ? s : SV("");
}

static int limit_of(const struct learn_query *q)
{
	return q->limit < 1 ? 50 : q->limit > LIMIT_MAX ? LIMIT_MAX : q->limit;
}

/* "priority:id" of the last row, or nothing. */
static int read_cursor(sv c, double *priority, sv *id)
{
	sv head;
	*priority = 1e300;
	*id = SV("");
	if (!c.n)
		return 0;
	if (!sv_cut(&c, ':', &head) || sv_f64(head, priority) || !id_ok(c))
		return ERR_INVAL;
	*id = c;
	return 0;
}

/* Rows by priority, then id; put writes one, from column 2 on. */
typedef void put_fn(struct store_stmt *st, struct sb *out);

static int list(struct store_stmt *st, const struct learn_query *q, put_fn *put, struct sb *out)
{
	int n = 0, most = limit_of(q), rc;
	bool more = false;
	struct sb cur;
	sb_init(&cur, 256);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(st)) == 1) {
		more = n == most;
		if (more)
			break;
		sb_cstr(out, n++ ? ",{\"id\":" : "{\"id\":");
		sb_json(out, store_col_sv(st, 0));
		put(st, out);
		sb_ch(out, '}');
		sb_reset(&cur);
		sb_fmt(&cur, "%.17g:" SV_FMT, store_col_num(st, 1), SV_ARG(store_col_sv(st, 0)));
	}
	sb_cstr(out, "],\"next\":");
	if (more)
		sb_json(out, sb_sv(&cur));
	else
		sb_cstr(out, "null");
	sb_ch(out, '}');
	sb_done(&cur);
	store_reset(st);
	return rc < 0 ? rc : sb_err(out);
}

static int open_list(struct store_db *db, const char *sql, const struct learn_query *q,
		     struct store_stmt **st)
{
	double priority;
	sv id;
	if (read_cursor(some(q->cursor), &priority, &id))
		return ERR_INVAL;
	int rc = store_prep(db, st, sql);
	if (rc)
		return rc;
	store_bind_sv(*st, 1, some(q->state));
	store_bind_sv(*st, 2, some(q->lang));
	store_bind_sv(*st, 3, some(q->category));
	store_bind_num(*st, 4, priority);
	store_bind_sv(*st, 5, id);
	store_bind_int(*st, 6, limit_of(q) + 1);
	return 0;
}

#define WHERE                                                                                   \
	" WHERE (?1='' OR state=?1) AND (?2='' OR lang=?2) AND (?3='' OR category=?3) AND "     \
	"(priority<?4 OR (priority=?4 AND id>?5)) ORDER BY priority DESC, id LIMIT ?6"

/* ---- gaps ---- */

#define GAP_COLS                                                                                \
	"id, priority, lang, question, category, state, size, customers, answers, cost, trend, " \
	"coverage, first_ms, last_ms"

static void put_gap(struct store_stmt *st, struct sb *out)
{
	static const char *const ints[] = { "size", "customers", "answers" };
	static const char *const nums[] = { "cost", "trend", "coverage" };
	sb_fmt(out, ",\"priority\":%.3f", store_col_num(st, 1));
	learn_put_str(out, "lang", store_col_sv(st, 2));
	learn_put_str(out, "question", store_col_sv(st, 3));
	learn_put_str(out, "category", store_col_sv(st, 4));
	learn_put_str(out, "state", store_col_sv(st, 5));
	for (int i = 0; i < 3; i++)
		sb_fmt(out, ",\"%s\":%lld", ints[i], (long long)store_col_int(st, 6 + i));
	for (int i = 0; i < 3; i++)
		sb_fmt(out, ",\"%s\":%.3f", nums[i], store_col_num(st, 9 + i));
	learn_put_ms(out, "first_at", store_col_int(st, 12));
	learn_put_ms(out, "last_at", store_col_int(st, 13));
}

int learn_gaps_json(struct store_db *db, const struct learn_query *q, struct sb *out)
{
	struct store_stmt *st;
	int rc = open_list(db, "SELECT " GAP_COLS " FROM gap" WHERE, q, &st);
	return rc ? rc : list(st, q, put_gap, out);
}

static void put_signals(struct sb *out, int64_t set)
{
	const char *sep = "";
	sb_cstr(out, ",\"signals\":[");
	for (int i = 0; i < LEARN_SIGNALS; i++)
		if (set >> i & 1) {
			sb_fmt(out, "%s\"%s\"", sep, learn_signal_name(i));
			sep = ",";
		}
	sb_ch(out, ']');
}

static int put_examples(struct store_db *db, sv gap, struct sb *out)
{
	struct store_stmt *st;
	const char *sep = "";
	int rc = store_prep(db, &st,
			    "SELECT conversation, text, signals, at_ms FROM gap_question WHERE "
			    "gap=?1 ORDER BY at_ms DESC LIMIT ?2");
	if (rc)
		return rc;
	store_bind_sv(st, 1, gap);
	store_bind_int(st, 2, EXAMPLES);
	sb_cstr(out, ",\"questions\":[");
	while ((rc = store_step(st)) == 1) {
		sb_fmt(out, "%s{\"conversation\":", sep);
		sb_json(out, store_col_sv(st, 0));
		learn_put_str(out, "text", store_col_sv(st, 1));
		put_signals(out, store_col_int(st, 2));
		learn_put_ms(out, "at", store_col_int(st, 3));
		sb_ch(out, '}');
		sep = ",";
	}
	sb_ch(out, ']');
	store_reset(st);
	return rc;
}

/* Drafts of the gap, newest first. */
static int put_draft_ids(struct store_db *db, sv gap, struct sb *out)
{
	struct store_stmt *st;
	const char *sep = "";
	int rc = store_prep(db, &st,
			    "SELECT id, state FROM draft WHERE gap=?1 ORDER BY id DESC LIMIT 20");
	if (rc)
		return rc;
	store_bind_sv(st, 1, gap);
	sb_cstr(out, ",\"drafts\":[");
	while ((rc = store_step(st)) == 1) {
		sb_fmt(out, "%s{\"id\":", sep);
		sb_json(out, store_col_sv(st, 0));
		learn_put_str(out, "state", store_col_sv(st, 1));
		sb_ch(out, '}');
		sep = ",";
	}
	sb_ch(out, ']');
	store_reset(st);
	return rc;
}

int learn_gap_json(struct store_db *db, sv id, struct sb *out)
{
	struct store_stmt *st;
	int rc = store_prep(db, &st, "SELECT " GAP_COLS " FROM gap WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(st, 1, id);
	rc = store_step(st);
	if (rc == 1) {
		sb_cstr(out, "{\"id\":");
		sb_json(out, store_col_sv(st, 0));
		put_gap(st, out);
	}
	store_reset(st);
	if (rc != 1)
		return rc < 0 ? rc : ERR_NOTFOUND;
	rc = put_examples(db, id, out);
	if (!rc)
		rc = put_draft_ids(db, id, out);
	sb_ch(out, '}');
	return rc ? rc : sb_err(out);
}

/* ---- drafts ---- */

#define DRAFT_COLS                                                                              \
	"id, priority, lang, kind, state, gap, article_id, title, body_md, aliases, category, "  \
	"version, agents, gates, evidence, made_ms, updated_ms, decided_ms, by_login, reason, "  \
	"base_version"

static void put_draft(struct store_stmt *st, struct sb *out)
{
	static const char *const text[] = { "lang",  "kind",	"state",   "gap",     "article_id",
					    "title", "body_md", "aliases", "category" };
	sb_fmt(out, ",\"priority\":%.3f", store_col_num(st, 1));
	for (int i = 0; i < 9; i++)
		learn_put_str(out, text[i], store_col_sv(st, 2 + i));
	sb_fmt(out, ",\"version\":%lld,\"agents\":%lld,\"base_version\":%lld,\"gates\":" SV_FMT
		    ",\"evidence\":" SV_FMT,
	       (long long)store_col_int(st, 11), (long long)store_col_int(st, 12),
	       (long long)store_col_int(st, 20), SV_ARG(store_col_sv(st, 13)),
	       SV_ARG(store_col_sv(st, 14)));
	learn_put_ms(out, "made_at", store_col_int(st, 15));
	learn_put_ms(out, "updated_at", store_col_int(st, 16));
	learn_put_ms(out, "decided_at", store_col_int(st, 17));
	learn_put_str(out, "by", store_col_sv(st, 18));
	learn_put_str(out, "reason", store_col_sv(st, 19));
}

int learn_drafts_json(struct store_db *db, const struct learn_query *q, struct sb *out)
{
	struct store_stmt *st;
	int rc = open_list(db, "SELECT " DRAFT_COLS " FROM draft" WHERE, q, &st);
	return rc ? rc : list(st, q, put_draft, out);
}

/* What the draft changes, for a view of both sides. */
static int put_before(struct store_db *db, sv article, sv lang, struct sb *out)
{
	struct store_stmt *st;
	int rc = store_prep(db, &st,
			    "SELECT title, body_md, aliases, version FROM article WHERE id=?1 AND "
			    "lang=?2");
	if (rc)
		return rc;
	store_bind_sv(st, 1, article);
	store_bind_sv(st, 2, lang);
	rc = store_step(st);
	if (rc == 1) {
		sb_cstr(out, ",\"before\":{\"title\":");
		sb_json(out, store_col_sv(st, 0));
		learn_put_str(out, "body_md", store_col_sv(st, 1));
		learn_put_str(out, "aliases", store_col_sv(st, 2));
		sb_fmt(out, ",\"version\":%lld}", (long long)store_col_int(st, 3));
	} else {
		sb_cstr(out, ",\"before\":null");
	}
	store_reset(st);
	return rc < 0 ? rc : 0;
}

int learn_draft_json(struct store_db *db, sv id, int64_t *ret_version, struct sb *out)
{
	struct store_stmt *st;
	struct arena a;
	sv article = SV(""), lang = SV("");
	int rc = store_prep(db, &st, "SELECT " DRAFT_COLS " FROM draft WHERE id=?1");
	if (rc)
		return rc;
	arena_init(&a, 1u << 20);
	store_bind_sv(st, 1, id);
	rc = store_step(st);
	if (rc == 1) {
		sb_cstr(out, "{\"id\":");
		sb_json(out, store_col_sv(st, 0));
		put_draft(st, out);
		article = arena_sv(&a, store_col_sv(st, 6));
		lang = arena_sv(&a, store_col_sv(st, 2));
		*ret_version = store_col_int(st, 11);
	}
	store_reset(st);
	rc = rc == 1 ? 0 : rc < 0 ? rc : ERR_NOTFOUND;
	if (rc == 0)
		rc = put_before(db, article, lang, out);
	if (rc == 0)
		sb_ch(out, '}');
	arena_done(&a);
	return rc ? rc : sb_err(out);
}

/* ---- conflicts ---- */

static void put_conflict(struct store_stmt *st, struct sb *out)
{
	static const char *const text[] = {
		"lang",  "article_id",  "other_id", "kind",
		"value", "other_value", "sentence", "other_sentence"
	};
	sb_fmt(out, ",\"likeness\":%.3f", store_col_num(st, 1));
	for (int i = 0; i < 8; i++)
		learn_put_str(out, text[i], store_col_sv(st, 2 + i));
	sb_fmt(out, ",\"translation\":%s", store_col_int(st, 10) ? "true" : "false");
	learn_put_ms(out, "at", store_col_int(st, 11));
}

int learn_conflicts_json(struct store_db *db, const struct learn_query *q, struct sb *out)
{
	static const char sql[] =
		"SELECT id, likeness, lang, article_id, other_id, kind, value, other_value, "
		"sentence, other_sentence, translation, at_ms FROM kb_conflict WHERE (?1='' OR "
		"article_id=?1 OR other_id=?1) AND (?2='' OR lang=?2) AND (?3='' OR kind=?3) AND "
		"(likeness<?4 OR (likeness=?4 AND id>?5)) ORDER BY likeness DESC, id LIMIT ?6";
	struct store_stmt *st;
	int rc = open_list(db, sql, q, &st);
	return rc ? rc : list(st, q, put_conflict, out);
}
