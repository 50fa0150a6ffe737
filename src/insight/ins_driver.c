/* ins_driver.c: topics over the river, with their cost, mood and trend.
 *
 * The texts are customers' turns as the river has them, masked. Trend: the share of the first
 * half of the time against that of the second; change: the day at which the share changed most;
 * mood: how customers with it begin against all others. Each is tested over all topics at once
 * (Benjamini and Hochberg, 5 %). A statement is made only of topics with LEAST texts, and names
 * its interactions. */
#include "ins_driver.h"
#include "ins_fact_int.h"
#include "ins_stat.h"
#include "ins_topic.h"

#include <stdio.h>

enum { LEAST = 10, SHOWN = 20, READ_MAX = 200000, DAYS = 1100 };
#define FALSE_RATE 0.05

struct text {
	sv said, conversation;
	int64_t pos;                 /* of the river's row */
	const float *vec;
	int64_t at_ms, mood, shift, contained, cost_micros, handle_ms, voice_ms;
	bool moody;
};
struct work {
	const struct ins_driver_opts *o;
	struct arena a;
	VEC(struct text) v;
	int dim;
	struct ins_topics *topics;
	double *p[3], *q[3];         /* trend, change, mood: by topic */
	size_t *change;
};
enum { TREND, CHANGE, MOOD };

/* ---- texts ---- */

/* What is out of scope is of substance: it may be a topic that nobody thought of. */
static bool of_substance(sv text, sv intent)
{
	return !ins_courtesy(intent) && sv_runes(sv_trim(text)) >= 4;
}

static void take(struct work *w, struct map *seen, sv conversation, int64_t pos, const jv *o)
{
	sv said = jv_get_str(o, "text");
	struct text *x;
	if (!of_substance(said, jv_get_str(o, "intent")))
		return;
	x = VEC_PUSH(&w->v, READ_MAX);
	if (!x)
		return;
	x->said = arena_sv(&w->a, said);
	x->conversation = arena_sv(&w->a, conversation);
	x->pos = pos;
	(void)map_put(seen, conversation, w);
}

static int read_texts(struct work *w, struct store_db *db)
{
	struct map *seen = map_new(READ_MAX);
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT conversation, body, pos FROM event WHERE ts_ms>=?1 AND ts_ms<?2 AND "
		"kind='turn.customer' AND conversation IS NOT NULL ORDER BY ts_ms, pos");
	if (rc == 0) {
		store_bind_int(q, 1, w->o->from_ms);
		store_bind_int(q, 2, w->o->to_ms);
		while ((rc = store_step(q)) == 1) {
			if (map_get(seen, store_col_sv(q, 0)))
				continue;
			jv *o = jv_parse(store_col_sv(q, 1), NULL);
			take(w, seen, store_col_sv(q, 0), store_col_int(q, 2), o);
			jv_free(o);
		}
		store_reset(q);
	}
	map_free(seen);
	return rc;
}

static void thin_out(struct work *w)
{
	size_t n = w->v.n, keep = INS_DRIVER_TEXTS;
	for (size_t i = 0; n > keep && i < keep; i++)
		w->v.v[i] = w->v.v[i * n / keep];
	w->v.n = n > keep ? keep : n;
}

/* What the facts say of each conversation. */
static int read_fact(struct store_db *db, struct text *x)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT f.start_ms, f.mood_n, f.mood_begin, f.mood_shift, f.contained, "
			    "f.cost_micros, f.voice_ms, (SELECT coalesce(sum(s.talk_ms+s.hold_ms+"
			    "s.acw_ms),0) FROM ins_fact s WHERE s.conversation=f.id AND "
			    "s.conversation<>'' AND s.kind=1) FROM ins_fact f WHERE f.id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, x->conversation);
	rc = store_step(q);
	if (rc == 1) {
		x->at_ms = store_col_int(q, 0);
		x->moody = store_col_int(q, 1) > 0;
		x->mood = store_col_int(q, 2);
		x->shift = store_col_int(q, 3);
		x->contained = store_col_int(q, 4);
		x->cost_micros = store_col_int(q, 5);
		x->voice_ms = store_col_int(q, 6);
		x->handle_ms = store_col_int(q, 7);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* Those without facts yet are left out: they have no time. */
static int read_facts(struct work *w, struct store_db *db)
{
	size_t n = 0;
	int rc = 0;
	for (size_t i = 0; i < w->v.n && rc == 0; i++) {
		rc = read_fact(db, &w->v.v[i]);
		if (w->v.v[i].at_ms)
			w->v.v[n++] = w->v.v[i];
	}
	w->v.n = rc ? w->v.n : n;
	return rc;
}

static int embed(struct work *w)
{
	for (size_t i = 0; i < w->v.n && w->o->vec; i++) {
		int dim = 0;
		const float *v = w->o->vec(w->o->arg, w->v.v[i].said, &dim);
		if (w->o->stop && w->o->stop(w->o->arg))
			return ERR_CANCELED;
		float *keep = v ? arena_new(&w->a, float, dim) : NULL;
		if (!keep || (w->dim && dim != w->dim)) {
			w->dim = 0;          /* by words, all of them */
			return 0;
		}
		memcpy(keep, v, (size_t)dim * sizeof(*v));
		w->v.v[i].vec = keep;
		w->dim = dim;
	}
	return 0;
}

static int find(struct work *w)
{
	struct ins_said *said = xalloc((w->v.n + 1) * sizeof(*said));
	for (size_t i = 0; i < w->v.n; i++)
		said[i] = (struct ins_said){ w->v.v[i].said, w->dim ? w->v.v[i].vec : NULL };
	int rc = ins_topics_new(&w->topics, said, w->v.n,
				&(struct ins_topic_opts){ .dim = w->dim });
	xfree(said);
	return rc;
}

/* ---- tests ---- */

struct sums {
	double n, early, contained, cost, handle_ms, shift, moody;
	struct ins_moments mood, others;
};

static double cost_of(const struct work *w, const struct text *x)
{
	return (double)x->cost_micros / 1e6 +
	       (double)x->handle_ms / 3600e3 * w->o->rates.agent_hour +
	       (double)x->voice_ms / 60e3 * w->o->rates.voice_minute;
}

static struct sums sums_of(const struct work *w, size_t topic, bool all)
{
	int64_t middle = w->o->from_ms / 2 + w->o->to_ms / 2;
	struct sums s = { 0 };
	for (size_t i = 0; i < w->v.n; i++) {
		const struct text *x = &w->v.v[i];
		bool in = all || ins_topics_of(w->topics, i) == topic;
		if (x->moody)
			ins_moments_add(in ? &s.mood : &s.others, (double)x->mood / 100);
		if (!in)
			continue;
		s.n++;
		s.early += x->at_ms < middle;
		s.contained += x->contained != 0;
		s.cost += cost_of(w, x);
		s.handle_ms += (double)x->handle_ms;
		s.shift += x->moody ? (double)x->shift / 100 : 0;
		s.moody += x->moody;
	}
	return s;
}

static size_t change_of(const struct work *w, size_t topic, double *p)
{
	double *x = xalloc(DAYS * sizeof(*x)), *n = xalloc(DAYS * sizeof(*n));
	size_t days = (size_t)((w->o->to_ms - w->o->from_ms + INS_DAY_MS - 1) / INS_DAY_MS);
	days = days < DAYS ? days : DAYS;
	for (size_t i = 0; i < w->v.n; i++) {
		int64_t d = (w->v.v[i].at_ms - w->o->from_ms) / INS_DAY_MS;
		if (d < 0 || d >= (int64_t)days)
			continue;
		n[d]++;
		x[d] += ins_topics_of(w->topics, i) == topic;
	}
	size_t at = ins_change_day(x, n, days, p);
	xfree(x);
	xfree(n);
	return at;
}

static void test(struct work *w)
{
	size_t k = ins_topics_n(w->topics);
	struct sums all = sums_of(w, 0, true);
	for (int i = 0; i < 3; i++) {
		w->p[i] = arena_new(&w->a, double, k + 1);
		w->q[i] = arena_new(&w->a, double, k + 1);
	}
	w->change = arena_new(&w->a, size_t, k + 1);
	for (size_t t = 0; t < k; t++) {
		struct sums s = sums_of(w, t, false);
		bool few = s.n < LEAST;
		w->change[t] = change_of(w, t, &w->p[CHANGE][t]);
		w->p[TREND][t] =
			ins_two_shares(s.early, all.early, s.n - s.early, all.n - all.early);
		w->p[MOOD][t] = ins_two_means(&s.mood, &s.others);
		for (int i = 0; few && i < 3; i++)
			w->p[i][t] = 1;
	}
	for (int i = 0; i < 3; i++)
		ins_false_rates(w->p[i], k, w->q[i]);
}

/* ---- the result ---- */

static void put_mean(struct sb *b, const char *key, double sum, double n)
{
	if (n > 0)
		sb_fmt(b, ",\"%s\":%.6g", key, sum / n);
	else
		sb_fmt(b, ",\"%s\":null", key);
}

static void put_tests(const struct work *w, size_t t, const struct sums *s, const struct sums *all,
		      struct sb *b)
{
	double late_n = all->n - all->early, early = all->early > 0 ? s->early / all->early : 0;
	double late = late_n > 0 ? (s->n - s->early) / late_n : 0;
	bool up = w->q[TREND][t] <= FALSE_RATE;
	char day[32];
	sb_fmt(b, ",\"trend\":{\"early\":%.4g,\"late\":%.4g,\"q\":%.3g,\"says\":\"%s\"}", early,
	       late, w->q[TREND][t],
	       !up          ? "" :
	       late > early ? "more" :
			      "less");
	clk_rfc3339(w->o->from_ms + (int64_t)w->change[t] * INS_DAY_MS, day);
	if (w->q[CHANGE][t] <= FALSE_RATE)
		sb_fmt(b, ",\"change\":{\"at\":\"%s\",\"q\":%.3g}", day, w->q[CHANGE][t]);
	else
		sb_cstr(b, ",\"change\":null");
	bool moody = w->q[MOOD][t] <= FALSE_RATE && s->mood.n > 0 && s->others.n > 0;
	bool worse = moody && s->mood.sum / s->mood.n < s->others.sum / s->others.n;
	put_mean(b, "mood", s->mood.sum, s->mood.n);
	sb_fmt(b, ",\"mood_q\":%.3g,\"mood_says\":\"%s\"", w->q[MOOD][t],
	       !moody ? "" : worse ? "worse" : "better");
}

static void put_links(const struct work *w, size_t t, struct sb *b)
{
	const struct ins_topic *g = ins_topics_at(w->topics, t);
	int n = 0;
	sb_cstr(b, ",\"words\":[");
	for (size_t i = 0; i < g->n_words; i++) {
		sb_cstr(b, i ? "," : "");
		sb_json(b, g->word[i]);
	}
	sb_cstr(b, "],\"quotes\":[");
	for (size_t i = 0; i < g->n_quotes; i++) {
		const struct text *x = &w->v.v[g->quote[i]];
		sb_fmt(b, "%s{\"conversation_id\":", i ? "," : "");
		sb_json(b, x->conversation);
		sb_fmt(b, ",\"pos\":%lld}", (long long)x->pos);
	}
	sb_cstr(b, "],\"interactions\":[");
	for (size_t i = w->v.n; i-- > 0 && n < SHOWN;) /* the newest */
		if (ins_topics_of(w->topics, i) == t) {
			sb_cstr(b, n++ ? "," : "");
			sb_json(b, w->v.v[i].conversation);
		}
	sb_ch(b, ']');
}

static void put_all(const struct work *w, struct sb *b)
{
	struct sums all = sums_of(w, 0, true);
	char from[32], to[32], now[32];
	clk_rfc3339(w->o->from_ms, from);
	clk_rfc3339(w->o->to_ms, to);
	clk_rfc3339(clk_wall_ms(), now);
	sb_fmt(b,
	       "{\"from\":\"%s\",\"to\":\"%s\",\"made_at\":\"%s\",\"texts\":%zu,\"by\":\"%s\","
	       "\"items\":[",
	       from, to, now, w->v.n, w->dim ? "meaning" : "words");
	for (size_t t = 0; t < ins_topics_n(w->topics); t++) {
		struct sums s = sums_of(w, t, false);
		sb_fmt(b, "%s{\"id\":%zu,\"n\":%.0f,\"share\":%.4g", t ? "," : "", t, s.n,
		       s.n / all.n);
		put_mean(b, "containment", s.contained, s.n);
		put_mean(b, "handle_ms", s.handle_ms, s.n);
		put_mean(b, "cost", s.cost, s.n);
		put_mean(b, "cost_share", s.cost, all.cost);
		put_mean(b, "mood_shift", s.shift, s.moody);
		put_tests(w, t, &s, &all, b);
		put_links(w, t, b);
		sb_ch(b, '}');
	}
	sb_cstr(b, "]}");
}

struct save {
	sv json;
	int rc;
};

static int save_run(void *arg, struct store_db *db)
{
	struct save *s = arg;
	struct store_stmt *q;
	s->rc = store_prep(
		db, &q,
		"INSERT INTO kv (k, v, updated_ms) VALUES ('insight.topics',?1,?2) ON "
		"CONFLICT (k) DO UPDATE SET v=excluded.v, updated_ms=excluded.updated_ms");
	if (s->rc)
		return s->rc;
	store_bind_sv(q, 1, s->json);
	store_bind_int(q, 2, clk_wall_ms());
	return s->rc = store_run(q);
}

static int write_result(struct store *st, const struct work *w)
{
	struct sb b;
	struct save s = { .rc = ERR_DB };
	sb_init(&b, LIM_JSON_BYTES);
	put_all(w, &b);
	s.json = sb_sv(&b);
	int rc = sb_err(&b);
	if (rc == 0)
		rc = store_write(st, save_run, &s, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	sb_done(&b);
	return rc ? rc : s.rc;
}

int ins_drivers_run(struct store *st, const struct ins_driver_opts *o, size_t *ret_n)
{
	struct work w = { .o = o };
	struct store_db *db;
	int rc = store_reader(st, &db);
	*ret_n = 0;
	arena_init(&w.a, LIM_ARENA_BIG);
	if (rc == 0)
		rc = read_texts(&w, db);
	thin_out(&w);
	if (rc == 0)
		rc = read_facts(&w, db);
	if (rc == 0 && w.v.n < LEAST)
		rc = ERR_INVAL;
	if (rc == 0)
		rc = embed(&w);
	if (rc == 0)
		rc = find(&w);
	if (rc == 0) {
		test(&w);
		rc = write_result(st, &w);
		*ret_n = ins_topics_n(w.topics);
	}
	ins_topics_free(w.topics);
	VEC_FREE(&w.v);
	arena_done(&w.a);
	return rc;
}

/* ---- what was found, as it may be shown today ---- */

/* What a customer said; not shown any more when they were erased. */
static int quote_of(struct store_db *db, const jv *quote, jv *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT e.body FROM event e LEFT JOIN conversation c ON "
			    "c.id=e.conversation LEFT JOIN customer k ON k.id=c.customer_id WHERE "
			    "e.pos=?1 AND e.conversation=?2 AND k.erased_ms IS NULL");
	if (rc)
		return rc;
	store_bind_int(q, 1, jv_get_int(quote, "pos", -1));
	store_bind_sv(q, 2, jv_get_str(quote, "conversation_id"));
	rc = store_step(q);
	if (rc == 1) {
		jv *body = jv_parse(store_col_sv(q, 0), NULL), *one = jv_obj();
		sv said = jv_get_str(body, "text");
		jv_set_str(one, "conversation_id", jv_get_str(quote, "conversation_id"));
		jv_set_str(one, "text", sv_slice(said, 0, sv_rune_offset(said, 200)));
		jv_push(ret, one);
		jv_free(body);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int fill(struct store_db *db, jv *all)
{
	jv *items = jv_get(all, "items");
	int rc = 0;
	for (size_t i = 0; i < jv_len(items) && rc == 0; i++) {
		jv *item = jv_at(items, i), *shown = jv_arr();
		const jv *quotes = jv_get(item, "quotes");
		for (size_t k = 0; k < jv_len(quotes) && rc == 0; k++)
			rc = quote_of(db, jv_at(quotes, k), shown);
		jv_set(item, "quotes", shown);
	}
	return rc;
}

int ins_drivers_json(struct store_db *db, struct sb *out)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT v FROM kv WHERE k='insight.topics'");
	if (rc)
		return rc;
	rc = store_step(q);
	jv *all = rc == 1 ? jv_parse(store_col_sv(q, 0), NULL) : NULL;
	store_reset(q);
	if (rc < 0 || (rc == 1 && !all))
		return rc < 0 ? rc : ERR_CORRUPT;
	rc = fill(db, all);
	if (all && rc == 0)
		jv_dump(all, out);
	else if (rc == 0)
		sb_cstr(out, "{\"from\":null,\"to\":null,\"made_at\":null,\"texts\":0,\"by\":\"\","
			     "\"items\":[]}");
	jv_free(all);
	return rc;
}
