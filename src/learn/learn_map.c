/* learn_map.c: the map of the company's knowledge by topic and language: how many articles, what
 * was asked and answered with a source, what is missing, contradictory, to be looked at again or
 * about to expire, and who answers for it. Traffic is of the last 30 days, from the rows of the bot
 * that cite something, and so are gaps: those last asked in that time. A worker reads, the scribe
 * writes owners. */
#include "learn_int.h"

#include <stdlib.h>

#define TOPICS_MAX 2000
#define WINDOW_DAYS 30
#define SOON_DAYS 30
#define CITED_MAX 200000

struct topic {
	sv category, lang, owner;
	int64_t articles, traffic, gaps, gap_size, conflicts, stale, soon, expired, review_days;
	double priority;
};
struct map_work {
	struct arena a;
	struct store_db *db;
	int64_t now_ms;
	VEC(struct topic) t;
	struct map *by_name;     /* "lang\tcategory" -> index + 1 */
	struct map *by_article;  /* article id -> index + 1 */
};

static struct topic *topic_of(struct map_work *w, sv category, sv lang)
{
	sv key = sv_of(arena_fmt(&w->a, SV_FMT "\t" SV_FMT, SV_ARG(lang), SV_ARG(category)));
	size_t i = key.p ? (size_t)(uintptr_t)map_get(w->by_name, key) : 0;
	if (i)
		return &w->t.v[i - 1];
	struct topic *t = key.p ? VEC_PUSH(&w->t, TOPICS_MAX) : NULL;
	if (!t)
		return NULL;
	t->category = arena_sv(&w->a, category);
	t->lang = arena_sv(&w->a, lang);
	(void)map_put(w->by_name, key, (void *)(uintptr_t)w->t.n);
	return t;
}

typedef void row_fn(struct map_work *w, struct store_stmt *q);

static int each(struct map_work *w, const char *sql, int64_t from_ms, row_fn *fn)
{
	struct store_stmt *q;
	int rc = store_prep(w->db, &q, sql);
	if (rc)
		return rc;
	if (from_ms)
		store_bind_int(q, 1, from_ms);
	while ((rc = store_step(q)) == 1)
		fn(w, q);
	store_reset(q);
	return rc;
}

static void on_article(struct map_work *w, struct store_stmt *q)
{
	struct topic *t = topic_of(w, store_col_sv(q, 1), store_col_sv(q, 2));
	int64_t to_ms = store_col_int(q, 3), day = LEARN_DAY_MS;
	int64_t review = store_col_int(q, 5), age = w->now_ms - store_col_int(q, 4);
	if (!t)
		return;
	t->articles++;
	t->expired += to_ms && to_ms < w->now_ms;
	t->soon += to_ms >= w->now_ms && to_ms < w->now_ms + SOON_DAYS * day;
	t->stale += review && age > review * day;
	t->review_days = review;
	if (!t->owner.n)
		t->owner = arena_sv(&w->a, store_col_sv(q, 6));
	(void)map_put(w->by_article, store_col_sv(q, 0),
		      (void *)(uintptr_t)(t - w->t.v + 1));
}

static struct topic *of_article(struct map_work *w, sv id)
{
	size_t i = (size_t)(uintptr_t)map_get(w->by_article, id);
	return i ? &w->t.v[i - 1] : NULL;
}

static void on_bot(struct map_work *w, struct store_stmt *q)
{
	jv *body = jv_parse(store_col_sv(q, 0), NULL);
	const jv *cited = jv_at(jv_get(body, "citations"), 0);
	struct topic *t = cited ? of_article(w, jv_get_str(cited, "article_id")) : NULL;
	if (t)
		t->traffic++;
	jv_free(body);
}

static void on_gap(struct map_work *w, struct store_stmt *q)
{
	struct topic *t = topic_of(w, store_col_sv(q, 0), store_col_sv(q, 1));
	if (!t)
		return;
	t->gaps += store_col_int(q, 2);
	t->gap_size += store_col_int(q, 3);
	t->priority += store_col_num(q, 4);
}

static void on_conflict(struct map_work *w, struct store_stmt *q)
{
	struct topic *t = of_article(w, store_col_sv(q, 0));
	if (t)
		t->conflicts++;
}

static int read_all(struct map_work *w)
{
	int64_t since = w->now_ms - WINDOW_DAYS * LEARN_DAY_MS;
	int rc = each(
		w,
		"SELECT a.id, a.category, a.lang, coalesce(a.valid_to_ms, 0), a.updated_ms, "
		"coalesce(t.review_days, 0), coalesce(t.owner, '') FROM article a LEFT JOIN "
		"kb_topic t ON t.category=a.category WHERE a.status='published'",
		0, on_article);
	if (!rc)
		rc = each(w, "SELECT body FROM event WHERE kind='turn.bot' AND ts_ms>=?1", since,
			  on_bot);
	if (!rc)
		rc = each(w, "SELECT category, lang, count(*), sum(size), sum(priority) FROM gap "
			     "WHERE state IN ('open', 'drafted') AND last_ms>=?1 GROUP BY "
			     "category, lang",
			  since, on_gap);
	if (!rc)
		rc = each(w, "SELECT article_id FROM kb_conflict", 0, on_conflict);
	return rc;
}

static int by_priority(const void *a, const void *b)
{
	const struct topic *x = a, *y = b;
	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	int c = sv_cmp(x->category, y->category);
	return c ? c : sv_cmp(x->lang, y->lang);
}

static void put_topic(struct sb *out, const struct topic *t)
{
	const struct {
		const char *key;
		int64_t v;
	} ints[] = { { "articles", t->articles }, { "answered", t->traffic },
		     { "gaps", t->gaps },	  { "unanswered", t->gap_size },
		     { "conflicts", t->conflicts }, { "stale", t->stale },
		     { "expiring", t->soon },	  { "expired", t->expired },
		     { "review_days", t->review_days } };
	int64_t all = t->traffic + t->gap_size;
	sb_cstr(out, "{\"category\":");
	sb_json(out, t->category);
	learn_put_str(out, "lang", t->lang);
	learn_put_str(out, "owner", t->owner.p ? t->owner : SV(""));
	for (size_t i = 0; i < sizeof(ints) / sizeof(*ints); i++)
		sb_fmt(out, ",\"%s\":%lld", ints[i].key, (long long)ints[i].v);
	sb_fmt(out, ",\"traffic\":%lld,\"coverage\":%.3f,\"priority\":%.3f}", (long long)all,
	       all ? (double)t->traffic / (double)all : 1.0, t->priority);
}

int learn_coverage_json(struct store_db *db, const struct learn_query *q, struct sb *out)
{
	struct map_work w = { .db = db, .now_ms = q->now_ms ? q->now_ms : clk_wall_ms() };
	size_t n = 0;
	arena_init(&w.a, LIM_ARENA_BIG);
	w.by_name = map_new(TOPICS_MAX);
	w.by_article = map_new(CITED_MAX);
	int rc = read_all(&w);
	if (w.t.n)
		qsort(w.t.v, w.t.n, sizeof(*w.t.v), by_priority);
	sb_cstr(out, "{\"items\":[");
	for (size_t i = 0; i < w.t.n && !rc; i++) {
		const struct topic *t = &w.t.v[i];
		if ((q->lang.n && !sv_eq(q->lang, t->lang)) ||
		    (q->category.n && !sv_eq(q->category, t->category)))
			continue;
		if (n++)
			sb_ch(out, ',');
		put_topic(out, t);
	}
	sb_cstr(out, "],\"next\":null}");
	map_free(w.by_name);
	map_free(w.by_article);
	VEC_FREE(&w.t);
	arena_done(&w.a);
	return rc ? rc : sb_err(out);
}

int learn_topic_put(struct store_db *db, sv category, sv owner, int review_days, int64_t now_ms)
{
	struct store_stmt *q;
	if (!category.n || category.n > 200 || owner.n > 200 || review_days < 0 ||
	    review_days > 3650)
		return ERR_INVAL;
	int rc = store_prep(
		db, &q,
		"INSERT INTO kb_topic (category, owner, review_days, updated_ms) VALUES "
		"(?1,?2,?3,?4) ON CONFLICT (category) DO UPDATE SET "
		"owner=excluded.owner, review_days=excluded.review_days, "
		"updated_ms=excluded.updated_ms");
	if (rc)
		return rc;
	store_bind_sv(q, 1, category);
	store_bind_sv(q, 2, owner.p ? owner : SV(""));
	store_bind_int(q, 3, review_days);
	store_bind_int(q, 4, now_ms);
	return store_run(q);
}
