/* learn_effect.c: what a version that only a share of the conversations sees did to them, and what
 * follows: it stays and goes to all, or it is taken back; with too few of them it stays on trial.
 *
 * A conversation counts for the version that the bot cited in it; bad is one with a thumb down or a
 * hand-over after that. An edit is compared with the version before, among conversations of the
 * same time; a new article with what else the bot cited in that time. Taken back: when the
 * lower bound of the difference is above nothing. Newcombe's interval for two proportions over
 * Wilson's for one (Statistics in Medicine 17 (1998) 873). A worker reads, the scribe decides.
 */
#include "learn_int.h"

#include <math.h>

#define Z 1.6449                 /* one-sided 95 % */
#define WEEK_MS (7 * LEARN_DAY_MS)
#define CANARIES 500

static void wilson(double x, double n, double *lo, double *hi)
{
	double p = x / n, z2 = Z * Z;
	double mid = (p + z2 / (2 * n)) / (1 + z2 / n);
	double half = Z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
	*lo = mid - half;
	*hi = mid + half;
}

double learn_worse(int64_t bad, int64_t n, int64_t bad_before, int64_t n_before)
{
	double lo, hi, lo0, hi0;
	if (n < 1 || n_before < 1)
		return -1;
	double p = (double)bad / (double)n, p0 = (double)bad_before / (double)n_before;
	wilson((double)bad, (double)n, &lo, &hi);
	wilson((double)bad_before, (double)n_before, &lo0, &hi0);
	return p - p0 - sqrt((p - lo) * (p - lo) + (hi0 - p0) * (hi0 - p0));
}

/* ---- counting ---- */

struct counting {
	struct learn_effect *v;
	size_t n;
	char conversation[64];
	int with;                /* canary that this conversation cited, -1 = none */
	int before;              /* canary whose former version it cited */
	bool bad, cited;
	int64_t n_others, bad_others;    /* conversations that cited other articles only */
};

static void conversation_over(struct counting *c)
{
	if (c->with >= 0) {
		c->v[c->with].n++;
		c->v[c->with].bad += c->bad;
	} else if (c->before >= 0) {
		c->v[c->before].n_before++;
		c->v[c->before].bad_before += c->bad;
	} else if (c->cited) {
		c->n_others++;
		c->bad_others += c->bad;
	}
	c->with = c->before = -1;
	c->bad = c->cited = false;
}

static void on_cited(struct counting *c, const jv *cited, int64_t ts)
{
	sv id = jv_get_str(cited, "article_id");
	int64_t version = jv_get_int(cited, "version", 0);
	c->bad &= c->cited;      /* what was before an answer is not its doing */
	c->cited = true;
	for (size_t i = 0; i < c->n; i++) {
		if (!sv_eq(c->v[i].article_id, id) || ts < c->v[i].since_ms)
			continue;
		if (version == c->v[i].version)
			c->with = (int)i;
		else
			c->before = (int)i;
		c->bad = false;
	}
}

static void on_row(struct counting *c, struct store_stmt *q)
{
	sv id = store_col_sv(q, 0), kind = store_col_sv(q, 1);
	if (!sv_eq(id, sv_of(c->conversation))) {
		conversation_over(c);
		size_t n = id.n < sizeof(c->conversation) ? id.n : sizeof(c->conversation) - 1;
		memcpy(c->conversation, id.p, n);
		c->conversation[n] = 0;
	}
	if (sv_eq(kind, SV("handover"))) {
		c->bad = true;
		return;
	}
	jv *body = jv_parse(store_col_sv(q, 3), NULL);
	const jv *cited = jv_get(body, "citations");
	if (sv_eq(kind, SV("feedback")))
		c->bad |= sv_eq(jv_get_str(body, "value"), SV("down"));
	for (size_t i = 0; i < jv_len(cited); i++)
		on_cited(c, jv_at(cited, i), store_col_int(q, 2));
	jv_free(body);
}

static int count_rows(struct store_db *db, struct counting *c, int64_t since_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT conversation, kind, ts_ms, body FROM event WHERE ts_ms>=?1 AND "
			    "conversation IS NOT NULL AND kind IN ('turn.bot', 'feedback', "
			    "'handover') ORDER BY conversation, seq LIMIT ?2");
	if (rc)
		return rc;
	store_bind_int(q, 1, since_ms);
	store_bind_int(q, 2, LEARN_ROWS_MAX);
	while ((rc = store_step(q)) == 1)
		on_row(c, q);
	conversation_over(c);
	store_reset(q);
	return rc;
}

int learn_effects(struct store_db *db, int64_t now_ms, struct arena *a, struct learn_effect **ret,
		  size_t *ret_n)
{
	struct store_stmt *q;
	int64_t since = now_ms;
	size_t n = 0;
	struct learn_effect *v = arena_new(a, struct learn_effect, CANARIES);
	int rc = v ? store_prep(db, &q,
				"SELECT id, lang, version, share, gap, since_ms FROM kb_canary "
				"WHERE "
				"state='waiting' ORDER BY since_ms LIMIT ?1") :
		     ERR_NOMEM;
	if (rc)
		return rc;
	store_bind_int(q, 1, CANARIES);
	while (n < CANARIES && (rc = store_step(q)) == 1) {
		v[n] = (struct learn_effect){ .article_id = arena_sv(a, store_col_sv(q, 0)),
					      .lang = arena_sv(a, store_col_sv(q, 1)),
					      .version = (int)store_col_int(q, 2),
					      .canary = (int)store_col_int(q, 3),
					      .gap = arena_sv(a, store_col_sv(q, 4)),
					      .since_ms = store_col_int(q, 5) };
		since = v[n].since_ms < since ? v[n].since_ms : since;
		n++;
	}
	store_reset(q);
	struct counting c = { .v = v, .n = n, .with = -1, .before = -1 };
	if (rc >= 0 && n)
		rc = count_rows(db, &c, since);
	for (size_t i = 0; i < n && rc >= 0; i++) {
		if (v[i].version == 1) {
			v[i].n_before = c.n_others;
			v[i].bad_before = c.bad_others;
		}
		v[i].worse = learn_worse(v[i].bad, v[i].n, v[i].bad_before, v[i].n_before);
	}
	*ret = v;
	*ret_n = n;
	return rc < 0 ? rc : 0;
}

/* ---- deciding; on the scribe ---- */

static int set_canary(struct store_db *db, const struct learn_effect *x, const char *state,
		      int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"UPDATE kb_canary SET state=?4, judged_ms=?5, n=?6, bad=?7, n_before=?8, "
		"bad_before=?9 WHERE id=?1 AND lang=?2 AND version=?3");
	if (rc)
		return rc;
	const int64_t nums[] = { now_ms, x->n, x->bad, x->n_before, x->bad_before };
	store_bind_sv(q, 1, x->article_id);
	store_bind_sv(q, 2, x->lang);
	store_bind_int(q, 3, x->version);
	store_bind_sv(q, 4, sv_of(state));
	for (int i = 0; i < 5; i++)
		store_bind_int(q, 5 + i, nums[i]);
	return store_run(q);
}

static int tell(struct store_db *db, const struct learn_effect *x, const char *kind, int64_t now_ms)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"article_id\":");
	sb_json(&b, x->article_id);
	learn_put_str(&b, "lang", x->lang);
	sb_fmt(&b, ",\"version\":%d,\"n\":%lld,\"bad\":%lld,\"n_before\":%lld,\"bad_before\":%lld,"
		   "\"worse\":%.4f}",
	       x->version, (long long)x->n, (long long)x->bad, (long long)x->n_before,
	       (long long)x->bad_before, x->worse);
	const struct store_event ev = { .kind = sv_of(kind), .actor = SV("system"),
					.body = sb_sv(&b), .ts_ms = now_ms };
	int rc = store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

static int share_out(struct store_db *db, const struct learn_effect *x)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE article SET canary=0 WHERE id=?1 AND lang=?2 AND version=?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, x->article_id);
	store_bind_sv(q, 2, x->lang);
	store_bind_int(q, 3, x->version);
	kb_touched();
	return store_run(q);
}

/* The version that all had before becomes the next one; what nobody but a share ever had is
 * retired. */
static int take_back(struct store_db *db, const struct learn_effect *x, int64_t now_ms)
{
	struct store_stmt *q;
	struct arena a;
	bool changed;
	int rc = store_prep(db, &q,
			    "SELECT group_id, title, body_md, aliases, category, source, "
			    "coalesce(valid_from_ms, 0), coalesce(valid_to_ms, 0) FROM "
			    "article_version WHERE id=?1 AND lang=?2 AND version<?3 AND "
			    "status='published' AND canary=0 ORDER BY version DESC LIMIT 1");
	if (rc)
		return rc;
	arena_init(&a, LIM_ARENA_BIG);
	store_bind_sv(q, 1, x->article_id);
	store_bind_sv(q, 2, x->lang);
	store_bind_int(q, 3, x->version);
	rc = store_step(q);
	struct kb_article old = { .id = x->article_id, .lang = x->lang }; /* for whom it is now */
	if (rc == 1) {
		sv *const to[] = { &old.group_id, &old.title,	 &old.body_md,
				   &old.aliases,  &old.category, &old.source };
		for (int i = 0; i < 6; i++)
			*to[i] = arena_sv(&a, store_col_sv(q, i));
		old.valid_from_ms = store_col_int(q, 6);
		old.valid_to_ms = store_col_int(q, 7);
	}
	store_reset(q);
	if (rc >= 0)
		rc = rc == 1 ? kb_put(db, &old, now_ms, &changed) :
			       kb_retire(db, x->article_id, now_ms);
	arena_done(&a);
	return rc;
}

/* Is the version that is judged still the one that is published? */
static bool still_there(struct store_db *db, const struct learn_effect *x)
{
	struct store_stmt *q;
	if (store_prep(db, &q,
		       "SELECT version FROM article WHERE id=?1 AND lang=?2 AND "
		       "status='published'"))
		return false;
	store_bind_sv(q, 1, x->article_id);
	store_bind_sv(q, 2, x->lang);
	bool yes = store_step(q) == 1 && store_col_int(q, 0) == x->version;
	store_reset(q);
	return yes;
}

static int judge_one(struct store_db *db, const struct learn_effect *x, int64_t now_ms,
		     size_t *back, size_t *kept)
{
	bool enough = x->n >= LEARN_EFFECT_MIN && x->n_before >= LEARN_EFFECT_MIN;
	int rc;
	if (!still_there(db, x))
		return set_canary(db, x, "gone", now_ms);
	if (!enough)
		return 0;
	if (x->worse > 0) {
		rc = take_back(db, x, now_ms);
		if (rc == 0)
			rc = set_canary(db, x, "back", now_ms);
		++*back;
		return rc ? rc : tell(db, x, "kb.taken_back", now_ms);
	}
	if (now_ms - x->since_ms < WEEK_MS)
		return 0;
	rc = share_out(db, x);
	if (rc == 0)
		rc = set_canary(db, x, "kept", now_ms);
	++*kept;
	return rc ? rc : tell(db, x, "kb.kept", now_ms);
}

int learn_judge(struct store_db *db, const struct learn_effect *v, size_t n, int64_t now_ms,
		size_t *ret_taken_back, size_t *ret_kept)
{
	int rc = 0;
	*ret_taken_back = *ret_kept = 0;
	for (size_t i = 0; i < n && !rc; i++)
		rc = judge_one(db, &v[i], now_ms, ret_taken_back, ret_kept);
	return rc;
}
