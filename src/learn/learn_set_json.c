/* learn_set_json.c: runs of test sets as JSON: one, the list, what differs between two, the
 * answers of one. On a worker; one statement at a time but where a run stands in a set. */
#include "learn_set.h"
#include "learn_int.h"

#include <stdio.h>

enum { DIFF_MAX = 200 };

#define RUN_COLS                                                                             \
	"id, kb_set, state, error, draft, draft_version, against, at_ms, by_login, articles, " \
	"newest_ms, meaning, questions, right_n, among_n, declined_n, wrong_n, first_n, "     \
	"five_n, took_ms"

static void put_run(struct store_stmt *q, struct sb *out)
{
	static const struct {
		const char *key;
		int col;
	} ints[] = { { "draft_version", 5 }, { "articles", 9 },	 { "questions", 12 },
		     { "right", 13 },	     { "among", 14 },	 { "declined", 15 },
		     { "wrong", 16 },	     { "first", 17 },	 { "five", 18 },
		     { "took_ms", 19 } };
	sb_cstr(out, "{\"id\":");
	sb_json(out, store_col_sv(q, 0));
	learn_put_str(out, "set", store_col_sv(q, 1));
	learn_put_str(out, "state", store_col_sv(q, 2));
	learn_put_str(out, "error", store_col_sv(q, 3));
	learn_put_str(out, "draft", store_col_sv(q, 4));
	learn_put_str(out, "against", store_col_sv(q, 6));
	learn_put_ms(out, "at", store_col_int(q, 7));
	learn_put_str(out, "by", store_col_sv(q, 8));
	learn_put_ms(out, "newest_change", store_col_int(q, 10));
	sb_fmt(out, ",\"meaning\":%s", store_col_int(q, 11) ? "true" : "false");
	for (size_t i = 0; i < sizeof(ints) / sizeof(*ints); i++)
		sb_fmt(out, ",\"%s\":%lld", ints[i].key, (long long)store_col_int(q, ints[i].col));
	sb_ch(out, '}');
}

int learn_set_put_run(struct store_db *db, sv run, struct sb *out)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT " RUN_COLS " FROM kb_set_run WHERE id=?1 AND "
				    "state<>'gone'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, run);
	rc = store_step(q);
	if (rc == 1)
		put_run(q, out);
	store_reset(q);
	return rc == 1 ? 0 : rc < 0 ? rc : ERR_NOTFOUND;
}

int learn_set_runs_json(struct store_db *db, sv set, bool drafts, struct sb *out)
{
	struct store_stmt *q;
	const char *sep = "";
	int rc = store_prep(db, &q,
			    "SELECT " RUN_COLS " FROM kb_set_run WHERE kb_set=?1 AND (?2 OR "
			    "draft='') AND state<>'gone' ORDER BY id DESC LIMIT ?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, set);
	store_bind_int(q, 2, drafts);
	store_bind_int(q, 3, 2 * LEARN_SET_RUNS);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1) {
		sb_cstr(out, sep);
		sep = ",";
		put_run(q, out);
	}
	store_reset(q);
	sb_cstr(out, "]}");
	return rc < 0 ? rc : sb_err(out);
}

/* ---- answers ---- */

/* outcome, place, found, title, version, p, score from col on. */
static void put_answer(struct store_stmt *q, int col, struct sb *out)
{
	sb_cstr(out, "\"outcome\":");
	sb_json(out, store_col_sv(q, col));
	sb_fmt(out, ",\"place\":%lld", (long long)store_col_int(q, col + 1));
	learn_put_str(out, "found", store_col_sv(q, col + 2));
	learn_put_str(out, "title", store_col_sv(q, col + 3));
	sb_fmt(out, ",\"version\":%lld,\"p\":%.3f,\"score\":%.3f",
	       (long long)store_col_int(q, col + 4), store_col_num(q, col + 5),
	       store_col_num(q, col + 6));
}

static void put_question(struct store_stmt *q, struct sb *out)
{
	sb_fmt(out, "{\"n\":%lld", (long long)store_col_int(q, 0));
	learn_put_str(out, "question", store_col_sv(q, 1));
	learn_put_str(out, "lang", store_col_sv(q, 2));
	learn_put_str(out, "article", store_col_sv(q, 3));
	sb_ch(out, ',');
}

int learn_set_answers_json(struct store_db *db, sv run, sv outcome, int64_t cursor, int limit,
			   struct sb *out)
{
	struct store_stmt *q;
	int64_t last = 0;
	int n = 0;
	int rc = store_prep(db, &q,
			    "SELECT n, question, lang, article, outcome, place, found, title, "
			    "version, p, score FROM kb_set_answer WHERE run=?1 AND n>?2 AND "
			    "(?3='' OR outcome=?3) AND EXISTS (SELECT 1 FROM kb_set_run r WHERE "
			    "r.id=?1 AND r.state<>'gone') ORDER BY n LIMIT ?4");
	if (rc)
		return rc;
	store_bind_sv(q, 1, run);
	store_bind_int(q, 2, cursor);
	store_bind_sv(q, 3, outcome.p ? outcome : SV(""));
	store_bind_int(q, 4, limit + 1);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1 && n < limit) {
		last = store_col_int(q, 0);
		sb_cstr(out, n++ ? "," : "");
		put_question(q, out);
		put_answer(q, 4, out);
		sb_ch(out, '}');
	}
	store_reset(q);
	sb_fmt(out, rc == 1 ? "],\"next\":\"%lld\"}" : "],\"next\":null}", (long long)last);
	return rc < 0 ? rc : sb_err(out);
}

/* ---- two runs ---- */

/* What the run is held against: what was asked for, its own, else the one before. */
static int find_against(struct store_db *db, sv run, sv against, char ret[27])
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT CASE WHEN ?2<>'' THEN ?2 WHEN r.against<>'' THEN r.against "
			    "ELSE coalesce((SELECT max(o.id) FROM kb_set_run o WHERE "
			    "o.kb_set=r.kb_set AND o.id<r.id AND o.state='done' AND o.draft=''), "
			    "'') END FROM kb_set_run r WHERE r.id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, run);
	store_bind_sv(q, 2, against.p ? against : SV(""));
	rc = store_step(q);
	if (rc == 1)
		(void)snprintf(ret, 27, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc == 1 ? 0 : rc < 0 ? rc : ERR_NOTFOUND;
}

struct diff {
	struct sb list[3];           /* better, worse, other */
	int64_t n[3];
	int64_t compared;
};

static void put_pair(struct store_stmt *q, struct diff *d)
{
	sv before = store_col_sv(q, 4), after = store_col_sv(q, 11);
	bool was = sv_eq(before, SV("right")), is = sv_eq(after, SV("right"));
	int to = is && !was ? 0 : was && !is ? 1 : 2;
	d->compared++;
	if (sv_eq(before, after) && sv_eq(store_col_sv(q, 6), store_col_sv(q, 13)))
		return;
	if (d->n[to]++ >= DIFF_MAX)
		return;
	struct sb *b = &d->list[to];
	if (b->n)
		sb_ch(b, ',');
	put_question(q, b);
	sb_cstr(b, "\"before\":{");
	put_answer(q, 4, b);
	sb_cstr(b, "},\"after\":{");
	put_answer(q, 11, b);
	sb_cstr(b, "}}");
}

/* Questions that both runs asked with the same expectation. */
static int compare(struct store_db *db, sv run, sv against, struct diff *d)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT a.n, a.question, a.lang, a.article, b.outcome, b.place, "
			    "b.found, b.title, b.version, b.p, b.score, a.outcome, a.place, "
			    "a.found, a.title, a.version, a.p, a.score FROM kb_set_answer a JOIN "
			    "kb_set_answer b ON b.run=?2 AND b.n=a.n AND b.article=a.article AND "
			    "b.question=a.question WHERE a.run=?1 ORDER BY a.n");
	if (rc)
		return rc;
	store_bind_sv(q, 1, run);
	store_bind_sv(q, 2, against);
	while ((rc = store_step(q)) == 1)
		put_pair(q, d);
	store_reset(q);
	return rc;
}

static void put_diff(const struct diff *d, struct sb *out)
{
	static const char *const names[] = { "better", "worse", "other" };
	sb_fmt(out, ",\"compared\":%lld", (long long)d->compared);
	for (int i = 0; i < 3; i++) {
		sb_fmt(out, ",\"%s_n\":%lld,\"%s\":[", names[i], (long long)d->n[i], names[i]);
		sb_put(out, sb_sv(&d->list[i]));
		sb_ch(out, ']');
	}
	sb_ch(out, '}');
}

/* The other run, or null; one that was not asked for may be gone: other is "" then. */
static int put_against(struct store_db *db, char other[27], bool asked, struct sb *out)
{
	int rc = other[0] ? learn_set_put_run(db, sv_of(other), out) : ERR_NOTFOUND;
	if (rc != ERR_NOTFOUND || (asked && other[0]))
		return rc;
	other[0] = 0;
	sb_cstr(out, "null");
	return 0;
}

int learn_set_run_json(struct store_db *db, sv run, sv against, struct sb *out)
{
	struct diff d = { 0 };
	char other[27] = "";
	int rc = find_against(db, run, against, other);
	if (rc)
		return rc;
	for (int i = 0; i < 3; i++)
		sb_init(&d.list[i], LIM_JSON_BYTES);
	sb_cstr(out, "{\"run\":");
	rc = learn_set_put_run(db, run, out);
	sb_cstr(out, ",\"against\":");
	if (!rc)
		rc = put_against(db, other, against.n > 0, out);
	if (!rc && other[0])
		rc = compare(db, run, sv_of(other), &d);
	put_diff(&d, out);
	for (int i = 0; i < 3; i++)
		sb_done(&d.list[i]);
	return rc ? rc : sb_err(out);
}
