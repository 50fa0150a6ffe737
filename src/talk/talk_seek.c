/* talk_seek.c: looks the customer's question up, by words at once, by meaning as soon as the
 * question's vector is there.
 *
 * Without an embedding model on the shard, or with an index that has no vectors, the search is
 * done on the spot. Else the question goes to the model first (the masked text: what leaves for
 * a model never holds personal data) and the search follows with what came back: after
 * emb_wait_ms, or when the model fails, without a vector. The conversation meanwhile is in the
 * middle of its turn, as it is while a language model writes; whatever ends the turn cancels the
 * wait. A follow-up is embedded twice, alone and with the question before it. On the shard's
 * thread. */
#include "talk_int.h"
#include "guard.h"

#define BRIEF 6                      /* see talk_weight */
#define SURE 0.8                     /* an article this likely is no matter of what went before */
#define NAME 4                       /* "and Alipay?", 支付宝呢: all of it is one name */
#define OF_TOPIC 0.04                /* least of one that belongs to what was talked of, */
#define OF_TOPIC_BRIEF 0.12          /* where nothing but brevity says that it goes on */

void talk_want_index(struct talk *t)
{
	if (!t->ix && t->shard->hub->o.kb)
		t->ix = snap_get(t->shard->hub->o.kb);
}

static void look_up(struct talk *t, const struct kb_query *q, struct kb_result *ret)
{
	*ret = (struct kb_result){ 0 };
	if (kb_search(t->ix, q, &t->turn, ret))
		*ret = (struct kb_result){ 0 };
	kb_leave_out(ret, guard_steers); /* neither read out nor handed to a model */
}

/* Bytes of "and", 那 ... at the beginning of a text that follows up; 0 = none. */
static size_t opening(sv text)
{
	static const char *const openings[] = { "and ", "or ", "what about", "how about",
						"also ", "那", "还有", "另外" };
	for (size_t i = 0; i < sizeof(openings) / sizeof(*openings); i++) {
		sv o = sv_of(openings[i]);
		if (text.n >= o.n && sv_eq_nocase(sv_slice(text, 0, o.n), o))
			return o.n;
	}
	return 0;
}

/* "And to Tibet?" */
static bool follows_up(sv text)
{
	text = sv_trim(text);
	return opening(text) || sv_ends(text, SV("呢")) || sv_ends(text, SV("呢？")) ||
	       sv_ends(text, SV("呢?"));
}

/* What is asked for in "and Alipay?", 支付宝呢. */
static sv name_in(sv text)
{
	static const char *const ends[] = { "?", "？", "呢", "。", "." };
	static const char *const small[] = { "a ", "an ", "the ", "with ", "to ", "by ", "for " };
	text = sv_trim(text);
	text = sv_trim(sv_slice(text, opening(text), text.n));
	for (size_t i = 0; i < sizeof(small) / sizeof(*small); i++)
		if (sv_starts(text, sv_of(small[i])))
			text = sv_slice(text, strlen(small[i]), text.n);
	for (size_t had = text.n + 1; text.n < had;) {
		had = text.n;
		for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
			if (sv_ends(text, sv_of(ends[i])))
				text = sv_trim(sv_slice(text, 0, text.n - strlen(ends[i])));
	}
	return text;
}

/* The entry of an article's list that has the name, as a word of its own: "- **Alipay:** the same
 * day,". */
static sv entry_of(sv body, sv name)
{
	sv line, rest = body;
	while (name.n && sv_line(&rest, &line)) {
		line = sv_trim(line);
		if (!sv_says(line, name) || !sv_starts(line, SV("- ")))
			continue;
		line = sv_slice(line, 2, line.n);
		while (sv_ends(line, SV("；")) || sv_ends(line, SV("，")))
			line.n -= strlen("；");
		while (line.n && strchr(",; ", line.p[line.n - 1]))
			line.n--;
		return line;
	}
	return SV_NULL;
}

/* So few words that they are about what was talked of: "who pays?", 多久能收到. */
static bool brief(sv text)
{
	return talk_weight(text) <= BRIEF;
}

/* After "what is your return policy?", "and for sofas?" is about returning them: the best article
 * of that subject goes before one of another that is not sure. */
static void keep_topic(struct talk *t, const struct talk_act *x)
{
	struct kb_result *r = &t->found;
	struct kb_article was;
	size_t k = 0;
	sv asked = name_in(x->text);
	bool name = follows_up(x->text) && asked.n && talk_weight(asked) <= NAME;
	bool sure = r->n && r->hits[0].p >= SURE;
	if (!r->n || (!r->answerable && !r->unsure) || (sure && !name))
		return;
	double least = follows_up(x->text) ? OF_TOPIC : OF_TOPIC_BRIEF;
	if ((!follows_up(x->text) && !brief(x->text)) ||
	    kb_get(t->ix, x->topic, &was) || !was.category.n)
		return;
	while (k < r->n && !(r->hits[k].p >= least && sv_eq(r->hits[k].lang, was.lang) &&
			     sv_eq(r->hits[k].category, was.category)))
		k++;
	if (k == r->n || (k == 0 && r->answerable && !name))
		return;
	struct kb_hit h = r->hits[k];
	sv entry = name ? entry_of(h.body_md, asked) : SV_NULL;
	if (!entry.n && (sure || (k == 0 && r->answerable)))
		return;
	if (entry.n) {
		h.quote = entry;
		h.quote_at.off = (uint32_t)(entry.p - h.body_md.p);
		h.quote_at.len = (uint32_t)entry.n;
		h.row = false;
	}
	memmove(r->hits + 1, r->hits, k * sizeof(h));
	r->hits[0] = h;
	r->answerable = true;
	r->unsure = false;
}

int talk_cohort(const struct talk *t)
{
	return (int)(sv_hash(sv_of(t->id)) % 100) + 1;
}

/* A question that stands by itself is not mixed with the one before, one that follows up is; in
 * between the one before helps where nothing else does. */
static void search(struct talk *t, const struct talk_act *x, const float *vec, int dim)
{
	t->found = (struct kb_result){ 0 };
	t->found_ready = true;
	t->found_exact = false;
	t->found_gen = x->gen;
	talk_want_index(t);
	if (!t->ix)
		return;
	struct kb_query q = { .text = x->text, .lang = x->lang, .k = 5,
			      .now_ms = loop_wall_ms(t->shard->loop), .vec = vec, .dim = dim,
			      .cohort = talk_cohort(t) };
	int64_t began = clk_mono_us();
	look_up(t, &q, &t->found);
	if (x->context.n && (follows_up(x->text) || !t->found.answerable)) {
		struct kb_result with;
		q.context = x->context;
		if (vec)
			q.vec = vec + dim; /* the second: with the question before */
		look_up(t, &q, &with);
		if (with.answerable || t->found.n == 0 || follows_up(x->text))
			t->found = with;
	}
	if (x->context.n)
		keep_topic(t, x);
	metric_observe_us(M_KB_SEARCH_US, clk_mono_us() - began);
}

/* ---- waiting for the vector ---- */

static void stop(struct talk_seek *k)
{
	emb_cancel(k->run);
	k->run = NULL;
	loop_timer_stop(&k->late);
	k->on = false;
}

void talk_seek_cancel(struct talk *t)
{
	stop(&t->seek);
}

static void go_on(struct talk *t, const float *vec, int dim)
{
	struct talk_seek *k = &t->seek;
	stop(k);
	search(t, &k->act, vec, dim);
	struct talk_ev ev = talk_found_event(t);
	talk_feed_event(t, &ev);
}

static void on_vecs(void *arg, const float *v, size_t n, int dim)
{
	struct talk *t = arg;
	(void)n;
	t->seek.run = NULL;
	go_on(t, v, dim);
}

static void on_error(void *arg, int err)
{
	struct talk *t = arg;
	(void)err;
	t->seek.run = NULL;
	go_on(t, NULL, 0);
}

static void on_late(void *arg)
{
	go_on(arg, NULL, 0);
}

static bool ask_meaning(struct talk *t, const struct talk_act *x)
{
	static const struct emb_cb cb = { on_vecs, on_error };
	struct talk_seek *k = &t->seek;
	struct emb *m = t->shard->emb;
	sv own = kb_asked(x->safe.n ? x->safe : x->text, &t->turn);
	sv texts[2] = { own, own };
	if (!m || !t->ix || !kb_dense_ready(t->ix, SV_NULL))
		return false;
	if (x->context.n) {
		const char *both = arena_fmt(&t->turn, SV_FMT " " SV_FMT, SV_ARG(x->context),
					     SV_ARG(own));
		texts[1] = both ? sv_of(both) : own;
	}
	if (emb_start(m, texts, x->context.n ? 2 : 1, EMB_QUERY, &cb, t, &k->run))
		return k->run = NULL, false;
	k->act = *x;
	k->act.text = arena_sv(&t->turn, x->text);
	k->act.lang = arena_sv(&t->turn, x->lang);
	k->act.context = arena_sv(&t->turn, x->context);
	k->act.topic = arena_sv(&t->turn, x->topic);
	k->on = true;
	loop_after(t->shard->loop, &k->late, emb_wait_ms(m), on_late, t);
	return true;
}

void talk_seek(struct talk *t, const struct talk_act *x)
{
	stop(&t->seek);
	talk_want_index(t);
	if (!ask_meaning(t, x))
		search(t, x, NULL, 0);
}

void talk_shard_set_emb(struct talk_shard *s, struct emb *m)
{
	s->emb = m;
	for (struct talk *t = s->first, *next; t; t = next) {
		next = t->next;
		if (t->seek.on)
			go_on(t, NULL, 0);
	}
}
