/* policy_read.c: the strategy table from YAML: read, checked, put in the order of its rows' rank.
 *
 * Every fault is told with its place, what it is and how to mend it, as many as there are; a table
 * with a fault is none. A company's own "strategy" is laid over it first: lists are joined, an
 * entry with the same id replaces. Strings live in the table's arena. Any thread.
 */
#include "policy_table_int.h"

#include <stdio.h>

extern const struct embed_file policy_files[];
extern const size_t policy_files_n;

#define N(x) (sizeof(x) / sizeof((x)[0]))
#define ISSUES_MAX 100
#define POLICY_EXPLORE 0.1               /* of a row that learns and does not say */

struct reader {
	struct policy_table *t;
	const char *name;
	sv text;
	struct cfg_report *rep;
	char at[128];                    /* where we are: "rows[3].when" */
	sv id;                           /* of the entry we are in */
};

static void fault(struct reader *r, const char *key, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void fault(struct reader *r, const char *key, const char *mend, const char *fmt, ...)
{
	struct cfg_issue *x = VEC_PUSH(r->rep, ISSUES_MAX);
	char path[200], what[200];
	va_list ap;
	if (!x)
		return;
	(void)snprintf(path, sizeof(path), "%.120s%s%.60s", r->at,
		       r->at[0] && key[0] ? "." : "", key);
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	cfg_where(x->where, r->text, r->name, path);
	if (r->id.n)
		(void)snprintf(x->what, sizeof(x->what), "\"%.*s\": %s",
			       (int)(r->id.n < 40 ? r->id.n : 40), r->id.p, what);
	else
		(void)snprintf(x->what, sizeof(x->what), "%s", what);
	(void)snprintf(x->mend, sizeof(x->mend), "%s", mend);
}

/* "a, b, c" of what would be right, for the mend. */
static const char *one_of(char buf[200], const char *const *words, size_t n)
{
	size_t at = (size_t)snprintf(buf, 200, "Use one of: ");
	for (size_t i = 0; i < n && at < 180; i++)
		at += (size_t)snprintf(buf + at, 200 - at, "%s%s", i ? ", " : "", words[i]);
	return buf;
}

static void known_keys(struct reader *r, const jv *o, const char *const *names, size_t n)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(o, &it, &key, &v)) {
		size_t i = 0;
		char buf[200], k[60];
		while (i < n && !sv_eq(key, sv_of(names[i])))
			i++;
		if (i < n)
			continue;
		(void)snprintf(k, sizeof(k), SV_FMT, (int)(key.n < 50 ? key.n : 50), key.p);
		fault(r, k, one_of(buf, names, n), "unknown key \"%s\"", k);
	}
}

static int word_of(sv s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sv_eq(s, sv_of(words[i])))
			return (int)i;
	return -1;
}

/* A member that is one of some words; def when absent. */
static int choice(struct reader *r, const jv *o, const char *key, const char *const *words,
		  size_t n, int def)
{
	char buf[200];
	const jv *v = jv_get(o, key);
	int i = v ? word_of(jv_as_str(v), words, n) : def;
	if (i < 0)
		fault(r, key, one_of(buf, words, n), "not a known word here");
	return i < 0 ? def : i;
}

static double number(struct reader *r, const jv *o, const char *key, double lo, double hi,
		     double def)
{
	char mend[80];
	const jv *v = jv_get(o, key);
	double d = v ? jv_as_num(v, 0) : def;
	if (!v || (jv_is_num(v) && d >= lo && d <= hi))
		return d;
	(void)snprintf(mend, sizeof(mend), "Use a number from %g to %g.", lo, hi);
	fault(r, key, mend, jv_is_num(v) ? "%g is out of range" : "a number is expected here", d);
	return def;
}

static bool yes(struct reader *r, const jv *o, const char *key)
{
	const jv *v = jv_get(o, key);
	if (v && !jv_is_bool(v))
		fault(r, key, "Write true or false.", "true or false is expected here");
	return jv_as_bool(v, false);
}

/* ids are used in records and URLs. */
static bool take_id(struct reader *r, const jv *o, sv *ret)
{
	sv id = jv_get_str(o, "id");
	bool ok = id.n > 0 && id.n < 40;
	r->id = SV_NULL;
	for (size_t i = 0; i < id.n; i++)
		ok &= (id.p[i] >= 'a' && id.p[i] <= 'z') || (id.p[i] >= '0' && id.p[i] <= '9') ||
		      id.p[i] == '_';
	if (!ok)
		fault(r, "id", "Give it a name of a-z, 0-9 and _, such as angry_repeat.",
		      "no usable id");
	r->id = *ret = sv_of(arena_cstr(&r->t->a, id));
	return ok;
}

static void texts(struct reader *r, const jv *o, const char *key, bool needed, sv ret[2])
{
	static const char *const langs[] = { "en", "zh" };
	const jv *v = jv_get(o, key);
	known_keys(r, jv_is_obj(v) ? v : NULL, langs, 2);
	for (int i = 0; i < 2; i++) {
		sv s = jv_get_str(v, langs[i]);
		if (needed && !s.n)
			fault(r, key, "Give it in both languages: {en: \"...\", zh: \"...\"}.",
			      "no text in %s", langs[i]);
		ret[i] = arena_sv(&r->t->a, s);
	}
}

/* A word or a list of words: calls one for each. */
typedef void each_fn(struct reader *r, const char *key, sv word, void *arg);
static void each(struct reader *r, const jv *o, const char *key, each_fn *one, void *arg)
{
	const jv *v = jv_get(o, key);
	if (jv_is_str(v))
		one(r, key, jv_as_str(v), arg);
	else if (v && !jv_is_arr(v))
		fault(r, key, "Write a word, or a list: [a, b].",
		      "a list of words is expected here");
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++)
		one(r, key, jv_as_str(jv_at(v, i)), arg);
}

struct bits {
	enum policy_field field;
	uint64_t any;
};

static void add_bit(struct reader *r, const char *key, sv word, void *arg)
{
	struct bits *b = arg;
	char list[200] = "";
	int i = 0;
	for (; policy_word(r->t, b->field, i).n; i++) {
		if (sv_eq(policy_word(r->t, b->field, i), word)) {
			b->any |= UINT64_C(1) << i;
			return;
		}
	}
	size_t at = (size_t)snprintf(list, sizeof(list), "Known here: ");
	for (int k = 0; k < i && at < 180; k++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%.*s", k ? ", " : "",
				       SV_ARG(policy_word(r->t, b->field, k)));
	fault(r, key, list, "\"%.*s\" is not known", (int)(word.n < 40 ? word.n : 40), word.p);
}

/* ---- offers and topics ---- */

static void add_tier(struct reader *r, const char *key, sv word, void *arg)
{
	if (!word.n || r->t->n_tiers == POLICY_TIERS)
		fault(r, key, "At most 16 names.", "not a usable tier");
	else
		r->t->tiers[r->t->n_tiers++] = arena_sv(&r->t->a, word);
}

static void read_offer(struct reader *r, const jv *o)
{
	static const char *const keys[] = { "id", "max", "tiers", "text" };
	struct policy_table *t = r->t;
	struct policy_offer x = { 0 };
	struct bits tiers = { .field = F_TIER };
	known_keys(r, o, keys, N(keys));
	if (!take_id(r, o, &x.id))
		return;
	if (policy_offer_find(t, x.id) >= 0)
		fault(r, "id", "Rename one of them.", "two offers of this id");
	x.max = number(r, o, "max", 0, 1e9, 0);
	texts(r, o, "text", true, x.text);
	each(r, o, "tiers", add_bit, &tiers);
	x.tiers = tiers.any;
	t->offers[t->n_offers++] = x;
}

static void add_words(struct reader *r, const char *key, sv word, void *arg)
{
	struct policy_topic *x = arg;
	if (x->n_words == (int)N(x->words) || word.n > 4000)
		fault(r, key, "Join words with | into at most 8 patterns of 4,000 bytes.",
		      "too many words");
	else if (word.n)
		x->words[x->n_words++] = arena_sv(&r->t->a, word);
}

static void add_article(struct reader *r, const char *key, sv word, void *arg)
{
	struct policy_topic *x = arg;
	if (x->n_articles == (int)N(x->articles) || !word.n)
		fault(r, key, "Name at most 16 articles, or the beginnings of their ids.",
		      "not a usable list of articles");
	else
		x->articles[x->n_articles++] = arena_sv(&r->t->a, word);
}

static void add_offer(struct reader *r, const char *key, sv word, void *arg)
{
	struct policy_topic *x = arg;
	int i = policy_offer_find(r->t, word);
	if (sv_eq(word, SV("all")))
		x->forbid = UINT64_MAX;
	else if (i >= 0)
		x->forbid |= UINT64_C(1) << i;
	else
		fault(r, key, "Name an offer of this table, or all.", "no such offer");
}

static void read_topic(struct reader *r, const jv *o)
{
	static const char *const keys[] = { "id", "risk", "keeps", "forbid", "words", "intents",
					    "articles" };
	const struct policy_field_def *risk = &policy_fields[F_RISK];
	struct policy_table *t = r->t;
	struct policy_topic *x = &t->topics[t->n_topics];
	struct bits in = { .field = F_INTENT };
	*x = (struct policy_topic){ 0 };
	known_keys(r, o, keys, N(keys));
	if (!take_id(r, o, &x->id))
		return;
	for (int i = 0; i < t->n_topics; i++)
		if (sv_eq(t->topics[i].id, x->id))
			fault(r, "id", "Rename one of them.", "two topics of this id");
	x->risk = choice(r, o, "risk", risk->words, risk->n_words, 0);
	x->keeps = yes(r, o, "keeps");
	each(r, o, "words", add_words, x);
	each(r, o, "articles", add_article, x);
	each(r, o, "forbid", add_offer, x);
	each(r, o, "intents", add_bit, &in);
	x->intents = in.any;
	if (!x->n_words && !x->n_articles && !x->intents)
		fault(r, "words", "Give words, intents or articles.", "nothing tells this topic");
	if (sv_eq(x->id, SV("repeat")))
		t->repeat = t->n_topics;
	if (sv_eq(x->id, SV("vulnerable")))
		t->vulnerable = t->n_topics;
	t->n_topics++;
}

/* ---- rows ---- */

static void read_cond(struct reader *r, const jv *when, enum policy_field f, struct policy_row *x)
{
	const struct policy_field_def *d = &policy_fields[f];
	struct policy_cond c = { .field = f };
	struct bits b = { .field = f };
	if (!jv_get(when, d->name))
		return;
	const jv *list = jv_get(when, d->name);
	if (d->kind == K_ONE_OF && jv_is_arr(list) && !jv_len(list))
		fault(r, d->name, "Name one, or leave it out.", "an empty list never holds");
	if (d->kind == K_ONE_OF)
		each(r, when, d->name, add_bit, &b);
	else if (d->kind == K_YES_NO)
		c.num = yes(r, when, d->name);
	else
		c.num = number(r, when, d->name, d->min, d->max, 0);
	c.any = b.any;
	x->cond[x->n++] = c;
}

static void read_when(struct reader *r, const jv *row, struct policy_row *x)
{
	const char *names[F_COUNT];
	const jv *when = jv_get(row, "when");
	size_t at = strlen(r->at);
	for (int i = 0; i < F_COUNT; i++)
		names[i] = policy_fields[i].name;
	if (when && !jv_is_obj(when))
		fault(r, "when", "Write conditions: {mood: angry, repeat: true}.",
		      "conditions are expected here");
	(void)snprintf(r->at + at, sizeof(r->at) - at, ".when");
	known_keys(r, jv_is_obj(when) ? when : NULL, names, F_COUNT);
	for (int i = 0; i < F_COUNT; i++)
		read_cond(r, when, (enum policy_field)i, x);
	r->at[at] = 0;
}

static void read_do(struct reader *r, const jv *row, const char *key, struct policy_do *x)
{
	static const char *const keys[] = { "style", "pace", "apology", "simplify", "offer", "max",
					    "priority", "human", "alert", "max_sentences" };
	const jv *o = jv_get(row, key);
	size_t at = strlen(r->at);
	*x = (struct policy_do){ .pace = 100, .offer = -1 };
	if (!jv_is_obj(o)) {
		fault(r, key, "Say how to serve: {style: calm, apology: full}.",
		      "nothing says what to do");
		return;
	}
	(void)snprintf(r->at + at, sizeof(r->at) - at, ".%s", key);
	known_keys(r, o, keys, N(keys));
	x->style = (enum policy_tone)choice(r, o, "style", policy_styles, 5, 0);
	x->apology = (enum policy_apology)choice(r, o, "apology", policy_apologies, 3, 0);
	x->human = (enum policy_human)choice(r, o, "human", policy_humans, 3, 0);
	x->pace = (int)number(r, o, "pace", POLICY_PACE_LEAST, POLICY_PACE_MOST, 100);
	x->priority = (int)number(r, o, "priority", 0, 9, 0);
	x->sentences = (int)number(r, o, "max_sentences", 0, 8, 0);
	x->simplify = yes(r, o, "simplify");
	x->alert = yes(r, o, "alert");
	sv offer = jv_get_str(o, "offer");
	x->offer = offer.n ? policy_offer_find(r->t, offer) : -1;
	if (offer.n && x->offer < 0)
		fault(r, "offer", "Name an offer of this table.", "no such offer");
	double most = x->offer >= 0 ? r->t->offers[x->offer].max : 0;
	x->max = number(r, o, "max", 0, most, most);
	r->at[at] = 0;
}

/* One way of a row that learns. */
static void read_way(struct reader *r, const jv *o, struct policy_way *ret)
{
	static const char *const keys[] = { "id", "do" };
	sv row = r->id;
	known_keys(r, jv_is_obj(o) ? o : NULL, keys, N(keys));
	(void)take_id(r, o, &ret->id);
	if (sv_eq(ret->id, SV("own")))
		fault(r, "id", "Give it another name.", "own is the row's own way");
	read_do(r, o, "do", &ret->act);
	r->id = row;
}

/* "try" of a row that learns. */
static void read_ways(struct reader *r, const jv *o, struct policy_row *x)
{
	static const char *const keys[] = { "learn", "explore", "ways" };
	const jv *list = jv_get(o, "ways");
	size_t n = jv_len(list), at = strlen(r->at);
	known_keys(r, o, keys, N(keys));
	x->explore = number(r, o, "explore", 0, POLICY_EXPLORE_MOST, POLICY_EXPLORE);
	if (!jv_is_arr(list) || !n || n >= POLICY_WAYS) {
		fault(r, "ways", "Write ways: [{id: calm, do: {style: calm}}], 4 at most.",
		      "a list of one to four ways is expected here");
		return;
	}
	struct policy_way *v = arena_new(&r->t->a, struct policy_way, n);
	ASSERT(v);                           /* 4 a row fit */
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(r->at + at, sizeof(r->at) - at, ".ways[%zu]", i);
		read_way(r, jv_at(list, i), &v[i]);
		for (size_t k = 0; k < i; k++)
			if (sv_eq(v[k].id, v[i].id))
				fault(r, "id", "Rename one of them.", "two ways of this id");
	}
	r->at[at] = 0;
	x->ways = v;
	x->n_ways = (int)n;
}

/* A second way, or several. */
static void read_try(struct reader *r, const jv *o, struct policy_row *x)
{
	static const char *const keys[] = { "rollout", "share", "do", "learn" };
	size_t at = strlen(r->at);
	(void)snprintf(r->at + at, sizeof(r->at) - at, ".try");
	if (yes(r, o, "learn")) {
		read_ways(r, o, x);
		r->at[at] = 0;
		return;
	}
	known_keys(r, jv_is_obj(o) ? o : NULL, keys, N(keys));
	x->rollout = yes(r, o, "rollout");
	x->share = number(r, o, "share", 0, POLICY_EXPLORE_MOST, 0);
	if (x->rollout && jv_get(o, "share"))
		fault(r, "share", "Leave it out: the roll-out sets it.",
		      "a roll-out has no share of its own");
	read_do(r, o, "do", &x->other);
	r->at[at] = 0;
}

static void read_row(struct reader *r, const jv *o)
{
	static const char *const keys[] = { "id", "priority", "when", "do", "try", "why" };
	struct policy_table *t = r->t;
	struct policy_row *x = &t->rows[t->n_rows];
	*x = (struct policy_row){ 0 };
	known_keys(r, o, keys, N(keys));
	if (!take_id(r, o, &x->id))
		return;
	for (size_t i = 0; i < t->n_rows; i++)
		if (sv_eq(t->rows[i].id, x->id))
			fault(r, "id", "Rename one of them.", "two rows of this id");
	x->priority = (int)number(r, o, "priority", 0, 1000, 0);
	read_when(r, o, x);
	read_do(r, o, "do", &x->act);
	x->other = x->act;
	texts(r, o, "why", false, x->why);
	if (jv_get(o, "try"))
		read_try(r, jv_get(o, "try"), x);
	t->n_rows++;
}

static bool ranks_before(const struct policy_row *x, const struct policy_row *y)
{
	return x->priority != y->priority ? x->priority > y->priority : x->n > y->n;
}

/* Stable: equal rows keep their place. */
static void rank_rows(struct policy_table *t)
{
	for (size_t i = 1; i < t->n_rows; i++) {
		struct policy_row x = t->rows[i];
		size_t k = i;
		for (; k > 0 && ranks_before(&x, &t->rows[k - 1]); k--)
			t->rows[k] = t->rows[k - 1];
		t->rows[k] = x;
	}
}

/* ---- the whole ---- */

static void list(struct reader *r, const jv *o, const char *key, size_t max,
		 void (*one)(struct reader *r, const jv *o))
{
	const jv *v = jv_get(o, key);
	r->at[0] = 0;
	r->id = SV_NULL;
	if (v && !jv_is_arr(v))
		fault(r, key, "Write a list: entries that begin with \"- id:\".",
		      "a list is expected here");
	if (jv_is_arr(v) && jv_len(v) > max) {
		fault(r, key, "Take some out.", "more than %zu entries", max);
		return;
	}
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++) {
		(void)snprintf(r->at, sizeof(r->at), "%s[%zu]", key, i);
		r->id = SV_NULL;
		one(r, jv_at(v, i));
	}
	r->at[0] = 0;
	r->id = SV_NULL;
}

static void read_table(struct reader *r, const jv *o)
{
	static const char *const keys[] = { "version", "explore", "tiers", "offers", "topics",
					    "rows" };
	struct policy_table *t = r->t;
	known_keys(r, o, keys, N(keys));
	if (number(r, o, "version", 1, 1, 0) < 1)
		fault(r, "version", "Write version: 1.", "no version of the form is named");
	t->explore = number(r, o, "explore", 0, POLICY_EXPLORE_MOST, 0);
	t->repeat = t->vulnerable = -1;
	each(r, o, "tiers", add_tier, NULL);
	list(r, o, "offers", POLICY_OFFERS, read_offer);
	list(r, o, "topics", POLICY_TOPICS, read_topic);
	t->rows = arena_new(&t->a, struct policy_row, POLICY_ROWS);
	list(r, o, "rows", POLICY_ROWS, read_row);
	bool always = false;
	for (size_t i = 0; i < t->n_rows; i++)
		always |= t->rows[i].n == 0;
	if (!always)
		fault(r, "rows", "End with one like {id: everyone, do: {style: plain}}.",
		      "no row without conditions: nothing would hold for some customers");
	rank_rows(t);
}

/* An entry of the same id is replaced, others go behind (rows are chosen by priority). */
static void lay_list(jv *base, const jv *over, const char *key)
{
	jv *list = jv_get(base, key), *more = jv_get(over, key);
	jv *out = jv_arr();
	for (size_t i = 0; i < jv_len(list); i++) {
		jv *x = jv_at(list, i);
		for (size_t k = 0; k < jv_len(more); k++)
			if (sv_eq(jv_get_str(jv_at(more, k), "id"), jv_get_str(x, "id")))
				x = jv_at(more, k);
		jv_push(out, jv_copy(x));
	}
	for (size_t k = 0; k < jv_len(more); k++) {
		bool known = false;
		for (size_t i = 0; i < jv_len(list); i++)
			known |= sv_eq(jv_get_str(jv_at(more, k), "id"),
				       jv_get_str(jv_at(list, i), "id"));
		if (!known)
			jv_push(out, jv_copy(jv_at(more, k)));
	}
	jv_set(base, key, out);
}

static void lay_over(jv *base, const jv *over)
{
	static const char *const lists[] = { "offers", "topics", "rows" };
	static const char *const whole[] = { "explore", "tiers" };
	for (size_t i = 0; i < N(lists); i++)
		if (jv_is_arr(jv_get(over, lists[i])))
			lay_list(base, over, lists[i]);
	for (size_t i = 0; i < N(whole); i++)
		if (jv_get(over, whole[i]))
			jv_set(base, whole[i], jv_copy(jv_get(over, whole[i])));
}

int policy_table_text(struct sb *out)
{
	return policy_files_n ? embed_text(&policy_files[0], out) : ERR_NOTFOUND;
}

/* The topics' patterns in one row, for one look at a text. */
static void flatten(struct policy_table *t)
{
	for (int i = 0; i < t->n_topics; i++) {
		for (int k = 0; k < t->topics[i].n_words; k++) {
			t->words[t->n_words] = t->topics[i].words[k];
			t->word_topic[t->n_words++] = i;
		}
	}
}

static void table_free(void *obj)
{
	struct policy_table *t = obj;
	arena_done(&t->a);
	obj_unref(t->base);
}

/* Takes tree. */
static int from_tree(struct policy_table **ret, jv *tree, struct reader *r)
{
	size_t before = r->rep->n;
	struct policy_table *t = obj_new(sizeof(*t), table_free);
	struct sb b;
	arena_init(&t->a, LIM_ARENA_TURN);
	r->t = t;
	read_table(r, tree);
	flatten(t);
	sb_init(&b, 4u << 20);
	jv_dump(tree, &b);
	t->print = sv_hash(sb_sv(&b));
	sb_done(&b);
	jv_free(tree);
	if (r->rep->n > before) {
		obj_unref(t);
		return ERR_INVAL;
	}
	*ret = t;
	return 0;
}

int policy_table_new(struct policy_table **ret, sv yaml, const char *name, const jv *company,
		     struct cfg_report *rep)
{
	struct sb own;
	sb_init(&own, 1u << 20);
	int rc = yaml.p ? 0 : policy_table_text(&own);
	struct reader r = { .name = name, .text = yaml.p ? yaml : sb_sv(&own), .rep = rep };
	jv *tree = rc ? NULL : cfg_parse(r.text, name, rep);
	const jv *over = jv_get(company, "strategy");
	if (!jv_is_obj(tree)) {
		if (tree && !rep->n)
			fault(&r, "", "Begin with version: 1 and rows:.", "this is no table");
		jv_free(tree);
		sb_done(&own);
		return ERR_INVAL;
	}
	if (jv_is_obj(over))
		lay_over(tree, over);
	rc = from_tree(ret, tree, &r);
	sb_done(&own);
	return rc;
}

uint64_t policy_table_print(const struct policy_table *t)
{
	return t->print;
}

size_t policy_table_rows(const struct policy_table *t)
{
	return t->n_rows;
}
