/* scene_expect.c: what a story expects: of replies, of events, of sound, of the river.
 *
 * An expectation waits on the virtual clock until it is met or its time is over (10 s when
 * nothing is said). "reply" is the first turn.bot row after the customer's last words; "next
 * reply" the one after it. Sound is judged by what really left the spoken channel, rows by what
 * the customer's channel got, the river by what the store holds. The test's thread. */
#include "scene.h"

#include <stdio.h>

#define PATIENCE_MS 10000

/* ---- rows ---- */

static const jv *body_of(const struct world_row *r)
{
	return jv_get(r->v, "body");
}

static bool is_kind(const struct world_row *r, sv kind)
{
	return sv_eq(jv_get_str(r->v, "kind"), kind);
}

static size_t find_row(const struct actor *a, size_t from, sv kind)
{
	while (from < a->rows.n && !is_kind(&a->rows.v[from], kind))
		from++;
	return from;
}

struct awaited {
	const struct actor *a;
	size_t from;
	sv kind;
};

static bool row_there(void *arg)
{
	const struct awaited *x = arg;
	return find_row(x->a, x->from, x->kind) < x->a->rows.n;
}

bool scene_mouth_shut(void *arg)
{
	const struct actor *a = arg;
	return a->over || a->mouth.left_ms <= 0;
}

/* The reply that is being looked at; NULL (and failed) when none comes. */
static const struct world_row *reply_of(struct scene *s, struct actor *a)
{
	world_until(s->w, scene_mouth_shut, a, 60000);
	struct awaited x = { a, a->reply, SV("turn.bot") };
	a->asking = false;
	if (!world_until(s->w, row_there, &x, PATIENCE_MS)) {
		scene_fail(s, "no reply came within %d s", PATIENCE_MS / 1000);
		return NULL;
	}
	a->reply = find_row(a, a->reply, SV("turn.bot"));
	return &a->rows.v[a->reply];
}

/* "contains" "lacks" "is" against a text; tokens from i on. */
static bool check_text(struct scene *s, const char *what, sv text, int i)
{
	bool contains = scene_is(s, i, "contains"), is = scene_is(s, i, "is");
	if (!contains && !is && !scene_is(s, i, "lacks"))
		return scene_fail(s, "%s contains, lacks or is", what);
	for (i++; i < s->now->n; i++) {
		sv want = scene_word(s, i);
		bool has = is ? sv_eq(text, want) : sv_find(text, want) >= 0;
		if (has != (contains || is))
			return scene_fail(s, "%s %s \"" SV_FMT "\": \"" SV_FMT "\"", what,
					  is       ? "is not" :
					  contains ? "lacks" :
						     "contains",
					  SV_ARG(want), SV_ARG(text));
	}
	return true;
}

static bool exp_reply(struct scene *s, struct actor *a, int i)
{
	const struct world_row *r = reply_of(s, a);
	return r && check_text(s, "the reply", jv_get_str(body_of(r), "text"), i);
}

static bool exp_next(struct scene *s, struct actor *a, int i)
{
	if (!scene_is(s, i, "reply"))
		return scene_fail(s, "next reply ...");
	if (!reply_of(s, a))
		return false;
	a->reply++;
	return exp_reply(s, a, i + 1);
}

/* action, model, intent, emotion, language: a member of the reply. */
static bool exp_member(struct scene *s, struct actor *a, int i)
{
	const struct world_row *r = reply_of(s, a);
	char key[32];
	snprintf(key, sizeof(key), SV_FMT, SV_ARG(scene_word(s, i - 1)));
	sv is = r ? jv_get_str(body_of(r), key) : SV_NULL;
	if (!r || sv_find(is, scene_word(s, i)) >= 0)
		return r != NULL;
	return scene_fail(s, "%s is \"" SV_FMT "\", not \"" SV_FMT "\"", key, SV_ARG(is),
			  SV_ARG(scene_word(s, i)));
}

/* grounded, fallback: a truth about the reply. */
static bool exp_flag(struct scene *s, struct actor *a, int i)
{
	const struct world_row *r = reply_of(s, a);
	bool want = !scene_is(s, i - 2, "not");
	char key[32];
	snprintf(key, sizeof(key), SV_FMT, SV_ARG(scene_word(s, i - 1)));
	if (!r || jv_get_bool(body_of(r), key, false) == want)
		return r != NULL;
	return scene_fail(s, "the reply is %s%s", want ? "not " : "", key);
}

static bool cites(const struct world_row *r, sv article)
{
	const jv *list = jv_get(body_of(r), "citations");
	for (size_t k = 0; k < jv_len(list); k++) {
		sv id = jv_get_str(jv_at(list, k), "article_id");
		if (sv_eq(id, article) || (sv_starts(id, article) && id.p[article.n] == '.'))
			return true;
	}
	return false;
}

static bool exp_cited(struct scene *s, struct actor *a, int i)
{
	const struct world_row *r = reply_of(s, a);
	bool want = !scene_is(s, i - 2, "not");
	if (r && scene_is(s, i, "nothing"))
		return jv_len(jv_get(body_of(r), "citations")) == 0 ||
		       scene_fail(s, "something is cited");
	if (!r || cites(r, scene_word(s, i)) == want)
		return r != NULL;
	struct sb b;
	sb_init(&b, LIM_SB);
	jv_dump(jv_get(body_of(r), "citations"), &b);
	scene_fail(s, "cited: %s", sb_str(&b));
	sb_done(&b);
	return false;
}

/* ---- events ---- */

static bool in_range(const jv *v, sv want)
{
	double lo, hi, x = jv_as_num(v, 0);
	ptrdiff_t dots = sv_find(want, SV(".."));
	if (dots < 0 || sv_f64(sv_slice(want, 0, (size_t)dots), &lo) ||
	    sv_f64(sv_slice(want, (size_t)dots + 2, want.n), &hi))
		return false;
	return jv_is_num(v) && x >= lo && x <= hi;
}

bool scene_value_fits(const jv *v, const struct token *t)
{
	double n;
	if (jv_is_str(v))
		return t->quoted ? sv_find(jv_as_str(v), t->text) >= 0 :
				   sv_eq(jv_as_str(v), t->text);
	if (jv_is_num(v))
		return in_range(v, t->text) || (sv_f64(t->text, &n) == 0 && n == jv_as_num(v, 0));
	struct sb b;
	sb_init(&b, LIM_SB);
	jv_dump(v, &b);
	bool same = sv_eq(sb_sv(&b), t->text);
	sb_done(&b);
	return same;
}

/* strategy KEY VALUE ...: what the strategy table decided for the reply. */
static bool exp_strategy(struct scene *s, struct actor *a, int i)
{
	const struct world_row *r = reply_of(s, a);
	for (; r && i + 1 < s->now->n; i += 2) {
		char key[40];
		snprintf(key, sizeof(key), SV_FMT, SV_ARG(scene_word(s, i)));
		const jv *st = jv_get(body_of(r), "strategy");
		if (scene_value_fits(jv_get(st, key), &s->now->v[i + 1]))
			continue;
		struct sb b;
		sb_init(&b, LIM_SB);
		jv_dump(st, &b);
		scene_fail(s, "%s is not so: %s", key, sb_str(&b));
		sb_done(&b);
		return false;
	}
	return r != NULL;
}

static bool row_fits(const struct scene *s, const struct world_row *r, int i)
{
	for (; i + 1 < s->now->n; i += 2) {
		char key[40];
		snprintf(key, sizeof(key), SV_FMT, SV_ARG(scene_word(s, i)));
		const jv *v = jv_get(body_of(r), strcmp(key, "heard") == 0 ? "heard_chars" : key);
		if (!v || !scene_value_fits(v, &s->now->v[i + 1]))
			return false;
	}
	return true;
}

struct event_wait {
	const struct scene *s;
	const struct actor *a;
	int i;
};

static bool event_there(void *arg)
{
	const struct event_wait *x = arg;
	sv kind = scene_word(x->s, x->i);
	for (size_t k = find_row(x->a, 0, kind); k < x->a->rows.n; k = find_row(x->a, k + 1, kind))
		if (row_fits(x->s, &x->a->rows.v[k], x->i + 1))
			return true;
	return false;
}

static bool exp_event(struct scene *s, struct actor *a, int i)
{
	struct event_wait x = { s, a, i };
	if (scene_is(s, i - 2, "no"))
		return !event_there(&x) || scene_fail(s, "there is such an event");
	return world_until(s->w, event_there, &x, PATIENCE_MS) ||
	       scene_fail(s, "no such event came");
}

/* What the customer got: texts read, on the phone only what was heard. */
static void gather_said(const struct actor *a, struct sb *b)
{
	for (size_t k = 0; k < a->rows.n; k++) {
		const struct world_row *r = &a->rows.v[k];
		if (a->phone && (is_kind(r, SV("turn.played")) || is_kind(r, SV("turn.cut"))))
			sb_put(b, jv_get_str(body_of(r), "heard_text"));
		else if (!a->phone && is_kind(r, SV("turn.bot")))
			sb_put(b, jv_get_str(body_of(r), "text"));
		sb_ch(b, '\n');
	}
	sb_put(b, sv_of(a->written));
}

struct said_wait {
	struct scene *s;
	struct actor *a;
	sv text;
};

static bool was_said(void *arg)
{
	const struct said_wait *x = arg;
	struct sb b;
	sb_init(&b, LIM_SB);
	gather_said(x->a, &b);
	bool has = sv_find(sb_sv(&b), x->text) >= 0;
	sb_done(&b);
	return has;
}

static bool exp_said(struct scene *s, struct actor *a, int i)
{
	struct said_wait x = { s, a, scene_word(s, i) };
	if (scene_is(s, i - 2, "not"))
		return !was_said(&x) || scene_fail(s, "it was said");
	return world_until(s->w, was_said, &x, 60000) || scene_fail(s, "it was not said");
}

/* The pieces that came while the model wrote are the reply, no more and no less. */
static bool exp_pieces(struct scene *s, struct actor *a, int i)
{
	const struct world_row *r = reply_of(s, a);
	sv text = r ? jv_get_str(body_of(r), "text") : SV_NULL;
	if (!r || sv_ends(sv_of(a->written), text))
		return r != NULL;
	return scene_fail(s, "the pieces were \"%s\"", a->written ? a->written : "");
}

/* ---- the engine ---- */

static bool exp_state(struct scene *s, struct actor *a, int i)
{
	struct talk *t = actor_talk(a);
	const char *is = t ? talk_core_state(&t->core) : "closed";
	return sv_eq(sv_of(is), scene_word(s, i)) || scene_fail(s, "the state is %s", is);
}

static bool exp_context(struct scene *s, struct actor *a, int i)
{
	struct talk *t = actor_talk(a);
	struct sb b;
	if (!t)
		return scene_fail(s, "the conversation is over");
	sb_init(&b, LIM_SB);
	for (int k = 0; k < t->core.n_past; k++)
		sb_fmt(&b, "%s: %s | ", t->core.past[k].bot ? "bot" : "customer",
		       t->core.past[k].text);
	bool ok = check_text(s, "the model's context", sb_sv(&b), i);
	sb_done(&b);
	return ok;
}

static int river_query(struct scene *s, struct actor *a, const char *sql, struct store_stmt **ret)
{
	struct store_db *db;
	world_sync(s->w);
	int rc = store_reader(s->w->store, &db);
	if (rc == 0)
		rc = store_prep(db, ret, sql);
	if (rc == 0)
		store_bind_sv(*ret, 1, sv_of(a->id));
	return rc;
}

static bool is_over(void *arg)
{
	return ((const struct actor *)arg)->over;
}

/* closed by customer|bot|timeout|system: the channel is gone by then, so the river tells. */
static bool exp_closed(struct scene *s, struct actor *a, int i)
{
	struct store_stmt *q;
	world_sync(s->w); /* a chat closes when its last words are on disk: real time */
	if (!world_until(s->w, is_over, a, 60000))
		return scene_fail(s, "it is still open");
	if (river_query(s, a,
			"SELECT body FROM event WHERE conversation=?1 AND "
			"kind='conversation.closed'",
			&q))
		return scene_fail(s, "the river cannot be read");
	jv *body = store_step(q) == 1 ? jv_parse(store_col_sv(q, 0), NULL) : NULL;
	store_reset(q);
	sv by = jv_get_str(body, "by");
	bool ok = sv_eq(by, scene_word(s, i + 1)) ||
		  scene_fail(s, "closed by \"" SV_FMT "\"", SV_ARG(by));
	jv_free(body);
	return ok;
}

static bool exp_acked(struct scene *s, struct actor *a, int i)
{
	int64_t n = -1;
	world_sync(s->w);
	(void)sv_i64(scene_word(s, i), &n);
	return a->acked == n ||
	       scene_fail(s, "%d messages are on disk, %d refused", a->acked, a->refused);
}

static bool exp_leak(struct scene *s, struct actor *a, int i)
{
	struct talk_shard *sh = talk_hub_pick(s->w->hub, 0);
	world_sync(s->w);
	if (sh->first || metric_get(M_CONV_LIVE) != 0)
		return scene_fail(s, "%lld conversations are still open",
				  (long long)metric_get(M_CONV_LIVE));
	return true;                 /* memory is counted after every scene: see scene_run */
}

/* ---- the river ---- */

static bool river_text(struct scene *s, struct actor *a, int i)
{
	struct store_stmt *q;
	struct sb b;
	if (river_query(s, a, "SELECT kind, body FROM event WHERE conversation=?1 ORDER BY seq",
			&q))
		return scene_fail(s, "the river cannot be read");
	sb_init(&b, 4u << 20);
	while (store_step(q) == 1) {
		sb_put(&b, store_col_sv(q, 1));
		sb_ch(&b, '\n');
	}
	store_reset(q);
	bool ok = check_text(s, "the river", sb_sv(&b), i);
	sb_done(&b);
	return ok;
}

/* Kinds in order; "..." stands for any number of rows, "turn.bot" alone for one. */
static bool kinds_fit(const struct scene *s, int i, sv *kinds, size_t n)
{
	if (i >= s->now->n)
		return n == 0;
	if (!scene_is(s, i, "..."))
		return n && sv_eq(kinds[0], scene_word(s, i)) &&
		       kinds_fit(s, i + 1, kinds + 1, n - 1);
	for (size_t skip = 0; skip <= n; skip++)
		if (kinds_fit(s, i + 1, kinds + skip, n - skip))
			return true;
	return false;
}

static bool exp_river(struct scene *s, struct actor *a, int i)
{
	struct store_stmt *q;
	sv kinds[400];
	size_t n = 0;
	int64_t seq = 0;
	struct sb b;
	if (scene_is(s, i, "contains") || scene_is(s, i, "lacks"))
		return river_text(s, a, i);
	if (river_query(s, a, "SELECT kind, seq FROM event WHERE conversation=?1 ORDER BY seq", &q))
		return scene_fail(s, "the river cannot be read");
	sb_init(&b, LIM_SB);
	while (store_step(q) == 1 && n < 400) {
		kinds[n] = arena_sv(&s->a, store_col_sv(q, 0));
		if (store_col_int(q, 1) != ++seq)
			scene_fail(s, "row %lld is missing", (long long)seq);
		sb_fmt(&b, " " SV_FMT, SV_ARG(kinds[n]));
		n++;
	}
	store_reset(q);
	bool ok = !s->failed &&
		  (kinds_fit(s, i, kinds, n) || scene_fail(s, "the river is%s", sb_str(&b)));
	sb_done(&b);
	return ok;
}

/* record KEY VALUE: the conversation's view row. */
static bool exp_record(struct scene *s, struct actor *a, int i)
{
	struct store_stmt *q;
	char sql[200];
	snprintf(sql, sizeof(sql), "SELECT " SV_FMT " FROM conversation WHERE id=?1",
		 SV_ARG(scene_word(s, i)));
	if (river_query(s, a, sql, &q))
		return scene_fail(s, "no such column");
	bool found = store_step(q) == 1;
	bool ok = found && sv_eq(store_col_sv(q, 0), scene_word(s, i + 1));
	if (!ok)
		scene_fail(s, "it is \"" SV_FMT "\"",
			   SV_ARG(found ? store_col_sv(q, 0) : SV("not there")));
	store_reset(q);
	return ok;
}

/* ---- the statement ---- */

bool scene_expect(struct scene *s)
{
	static const struct {
		const char *word;
		bool (*fn)(struct scene *s, struct actor *a, int i);
	} words[] = {
		{ "reply", exp_reply },     { "next", exp_next },     { "action", exp_member },
		{ "model", exp_member },    { "intent", exp_member }, { "emotion", exp_member },
		{ "language", exp_member }, { "grounded", exp_flag }, { "fallback", exp_flag },
		{ "cited", exp_cited },     { "event", exp_event },   { "bot", scene_expect_bot },
		{ "said", exp_said },       { "pieces", exp_pieces }, { "state", exp_state },
		{ "context", exp_context }, { "closed", exp_closed }, { "acked", exp_acked },
		{ "strategy", exp_strategy }, { "order", scene_exp_order },
		{ "people", scene_exp_people },
		{ "rows", scene_exp_rows },  { "row", scene_exp_row },
		{ "leak", exp_leak },       { "river", exp_river },   { "record", exp_record },
	};
	int i = 1;
	struct actor *named = world_find(s->w, scene_word(s, 1));
	if (named) {
		s->actor = named;
		i++;
	}
	if (scene_is(s, i, "not") || scene_is(s, i, "no"))
		i++;
	if (!s->actor)
		return scene_fail(s, "nobody is there yet");
	for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
		if (scene_is(s, i, words[k].word))
			return words[k].fn(s, s->actor, i + 1);
	return scene_fail(s, "cannot expect \"" SV_FMT "\"", SV_ARG(scene_word(s, i)));
}
