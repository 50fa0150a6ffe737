/* learn_gate.c: what stands between a draft and a person's yes.
 *
 * duplicate: a published article says it already; then the draft becomes an edit of that article,
 * which gets the ways customers asked; when it has them all there is no draft. contradiction: a
 * published article gives another value of the same (kb_facts.c); that blocks. dispute: people
 * differ about a value; that is told. stale: an article on this has expired, or the evidence is
 * old. tags: law, health and money need a second look. Each gate is told as {gate, ok, why, ...}.
 * Any thread.
 */
#include "learn_int.h"

#define SAID_LIKE 0.60f          /* a sentence to one of an article: it says it */
#define SAID_SHARE 0.6           /* of the sentences */
#define EXPIRED_LIKE 0.35f
#define OLD_DAYS 180
#define COVERED 0.5              /* of a gap's questions are answered today */
#define NEAR 4                   /* articles looked at */

static jv *gate(jv *gates, const char *name, bool ok, const char *why)
{
	jv *o = jv_obj();
	jv_set_str(o, "gate", sv_of(name));
	jv_set_bool(o, "ok", ok);
	if (why)
		jv_set_str(o, "why", sv_of(why));
	jv_push(gates, o);
	return o;
}

/* ---- tags ---- */

size_t learn_tags(sv text, const char *ret[4])
{
	static const char *const names[] = { "legal", "health", "money" };
	static const sv patterns[] = {
		{ "lawsuit|legal|liability|court|attorney|sue|statute|法律|诉讼|法院|律师|起诉|"
		  "赔偿责任",
		  0 },
		{ "medical|doctor|allergy|injury|medicine|pregnan~|医疗|医生|过敏|受伤|药|孕",
		  0 },
		{ "price|cost|fee|refund|compensation|charge|价格|费用|退款|赔偿|收费|运费|"
		  "优惠",
		  0 },
	};
	sv p[3];
	bool is[3];
	size_t n = 0;
	for (size_t i = 0; i < 3; i++)
		p[i] = sv_of(patterns[i].p);
	feel_says(text, p, 3, is);
	for (size_t i = 0; i < 3; i++)
		if (is[i])
			ret[n++] = names[i];
	return n;
}

/* ---- contradiction ---- */

static void put_conflict(void *arg, const struct kb_conflict *c)
{
	jv *o = gate(arg, "contradiction", false, "A published article gives another value.");
	jv_set_str(o, "article_id", c->other);
	jv_set_str(o, "kind", sv_of(kb_slot_kind_name(c->kind)));
	jv_set_str(o, "value", c->value);
	jv_set_str(o, "other_value", c->other_value);
	jv_set_str(o, "sentence", c->sentence);
	jv_set_str(o, "other_sentence", c->other_sentence);
}

bool learn_check_text(struct learn_lang *l, const struct kb_article *a, jv *gates)
{
	const char *tag[4];
	bool bad = l->facts && kb_facts_check(l->facts, a, put_conflict, gates) > 0;
	size_t n = learn_tags(a->body_md, tag);
	if (!bad)
		gate(gates, "contradiction", true, NULL);
	for (size_t i = 0; i < n; i++)
		jv_set_str(gate(gates, "tag", true, "Needs a second look."), "tag", sv_of(tag[i]));
	return bad;
}

/* ---- duplicate ---- */

struct covering {                /* a draft's sentences in an article */
	struct learn_lang *l;
	const struct kb_article *article;
	size_t said, n;
};
struct nearest {
	struct learn_lang *l;
	const struct kb_mark *m;
	size_t n;
	float best;
};

static size_t scaled(const struct learn_lang *l, sv text, struct kb_mark *m)
{
	size_t n = kb_sense_marks(l->sense, text, m);
	kb_rarity_scale(l->rare_a, m, n);
	return n;
}

static void near_sentence(void *arg, sv sentence)
{
	struct nearest *x = arg;
	struct kb_mark m[KB_MARKS];
	float c = kb_marks_cos(x->m, x->n, m, scaled(x->l, sentence, m));
	x->best = c > x->best ? c : x->best;
}

struct finding {
	const struct kb_slot *v;
	size_t n;
	bool in[KB_SLOTS];
};

static void find_values(void *arg, sv sentence)
{
	struct finding *f = arg;
	struct kb_slot v[KB_SLOTS];
	size_t n = learn_slots(NULL, sentence, v);
	for (size_t i = 0; i < f->n; i++)
		for (size_t k = 0; k < n && !f->in[i]; k++)
			f->in[i] = kb_slot_same(&f->v[i], &v[k]);
}

/* Do all values of the sentence stand in the article? */
static bool values_in(sv sentence, const struct kb_article *a)
{
	struct kb_slot v[KB_SLOTS];
	struct finding f = { .v = v, .n = learn_slots(NULL, sentence, v) };
	kb_each_sentence(a->body_md, find_values, &f);
	for (size_t i = 0; i < f.n; i++)
		if (!f.in[i])
			return false;
	return true;
}

static void cover_sentence(void *arg, sv sentence)
{
	struct covering *c = arg;
	struct kb_mark m[KB_MARKS];
	struct nearest x = { .l = c->l, .m = m };
	x.n = scaled(c->l, sentence, m);
	kb_each_sentence(c->article->body_md, near_sentence, &x);
	c->n++;
	c->said += x.best >= SAID_LIKE && values_in(sentence, c->article);
}

static size_t article_marks(const struct learn_lang *l, const struct kb_article *a,
			    struct kb_mark *out)
{
	struct sb b;
	sb_init(&b, LIM_KB_DOC);
	sb_put(&b, a->title);
	sb_ch(&b, '\n');
	sb_put(&b, a->body_md);
	size_t n = kb_sense_marks(l->sense, sb_sv(&b), out);
	sb_done(&b);
	return n;
}

static struct covering covered(struct learn_lang *l, const struct kb_article *a,
			       const struct learn_draft *d)
{
	struct covering c = { .l = l, .article = a };
	kb_each_sentence(d->body_md, cover_sentence, &c);
	return c;
}

static bool says_any(struct learn_lang *l, const struct kb_article *a, const struct learn_draft *d)
{
	return covered(l, a, d).said > 0;
}

static bool says_it(struct learn_lang *l, const struct kb_article *a, const struct learn_draft *d)
{
	struct covering c = covered(l, a, d);
	/* what was learned before grows: one sentence in common is enough */
	if (sv_starts(a->source, SV("draft:")))
		return c.said > 0;
	return c.n && (double)c.said >= SAID_SHARE * (double)c.n;
}

static const struct kb_article *published(struct learn_work *w, sv id, sv lang)
{
	for (size_t i = 0; i < w->article.n; i++)
		if (sv_eq(w->article.v[i].id, id) && sv_eq(w->article.v[i].lang, lang))
			return &w->article.v[i];
	return NULL;
}

static const struct kb_article *search_one(struct learn_work *w, const struct learn_gap *g,
					   const struct learn_draft *d, sv text)
{
	struct kb_query q = { .text = text, .lang = g->lang, .k = NEAR, .now_ms = w->o->now_ms };
	const struct kb_article *ret = NULL;
	struct kb_result r = { 0 };
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	if (w->o->kb && text.n && kb_search(w->o->kb, &q, &a, &r) == 0)
		for (size_t i = 0; i < r.n && i < NEAR && !ret; i++) {
			const struct kb_article *x = published(w, r.hits[i].article_id, g->lang);
			if (x && says_it(learn_lang_of(w, g->lang), x, d))
				ret = x;
		}
	arena_done(&a);
	return ret;
}

struct first {
	sv text;
};

static void take_first(void *arg, sv sentence)
{
	struct first *f = arg;
	if (!f->text.n)
		f->text = sentence;
}

/* The article that came of this very gap. */
static const struct kb_article *own_article(struct learn_work *w, const struct learn_gap *g)
{
	char id[128];
	learn_article_id(g->id, g->lang, id);
	return published(w, sv_of(id), g->lang);
}

/* An article for staff alone that says it: what agents read out must not become public. */
static const struct kb_article *internal(struct learn_work *w, const struct learn_gap *g,
					 const struct learn_draft *d)
{
	for (size_t i = 0; i < w->article.n; i++) {
		const struct kb_article *a = &w->article.v[i];
		bool inside = a->audience.n && !sv_eq(a->audience, SV("public"));
		if (inside && sv_eq(a->lang, g->lang) &&
		    says_any(learn_lang_of(w, g->lang), a, d))
			return a;
	}
	return NULL;
}

/* The published article that says the draft already, or NULL. */
static const struct kb_article *said_already(struct learn_work *w, const struct learn_gap *g,
					     const struct learn_draft *d)
{
	struct first f = { 0 };
	const struct kb_article *x = internal(w, g, d);
	if (!x)
		x = own_article(w, g);
	kb_each_sentence(d->body_md, take_first, &f);
	if (!x)
		x = search_one(w, g, d, f.text);
	if (!x)
		x = search_one(w, g, d, g->question);
	for (size_t i = 0, seen = 0; i < g->n && !x && seen < 6; i++) {
		const struct learn_item *it = g->item[i];
		if (it->article.n) {
			const struct kb_article *y = published(w, it->article, g->lang);
			seen++;
			if (y && says_it(learn_lang_of(w, g->lang), y, d))
				x = y;
		}
	}
	return x;
}

static size_t add_name(struct sb *b, const struct kb_article *a, sv name)
{
	if (!name.n || sv_find(sb_sv(b), name) >= 0 || sv_eq(name, a->title))
		return 0;
	if (b->n)
		sb_ch(b, '\n');
	sb_put(b, name);
	return 1;
}

/* Questions that a learned article answered, and nobody complained; of other articles those whose
 * customers chose the article among the titles offered. */
static void content_names(struct learn_work *w, const struct kb_article *a, struct sb *b, size_t n)
{
	bool learned = sv_starts(a->source, SV("draft:"));
	for (size_t i = w->all.n; i-- > 0 && n < LEARN_ALIASES;) {
		const struct learn_item *x = w->all.v[i];
		if (x->content && (learned || x->picked) && sv_eq(x->article, a->id) &&
		    sv_eq(x->lang, a->lang))
			n += add_name(b, a, learn_name(w->a, x->text));
	}
}

/* The article's own aliases and those of the draft that it lacks. */
static sv more_aliases(struct learn_work *w, const struct kb_article *a, sv more)
{
	struct sb b;
	sv line, had = a->aliases;
	size_t n = 1;
	sb_init(&b, LEARN_TEXT_MAX);
	sb_put(&b, a->aliases);
	while (sv_line(&had, &line))
		n += line.n > 0;
	while (sv_line(&more, &line))
		n += add_name(&b, a, line);
	content_names(w, a, &b, n);
	sv out = arena_sv(w->a, sb_err(&b) ? a->aliases : sb_sv(&b));
	sb_done(&b);
	return out.p ? out : SV("");
}

struct adding {
	struct learn_lang *l;
	const struct kb_article *article;
	struct sb b;
	size_t n;
};

static void add_sentence(void *arg, sv sentence)
{
	struct adding *x = arg;
	struct kb_mark m[KB_MARKS];
	struct nearest near = { .l = x->l, .m = m };
	near.n = scaled(x->l, sentence, m);
	kb_each_sentence(x->article->body_md, near_sentence, &near);
	if (near.best >= SAID_LIKE)
		return;
	sb_cstr(&x->b, x->n++ ? "\n" : "\n\n");
	sb_put(&x->b, sentence);
}

/* An article that was learned grows by what people agree on since. */
static sv more_body(struct learn_work *w, const struct kb_article *a, sv lang, sv more)
{
	struct adding x = { .l = learn_lang_of(w, lang), .article = a };
	if (!sv_starts(a->source, SV("draft:")))
		return a->body_md;
	sb_init(&x.b, LEARN_TEXT_MAX);
	sb_put(&x.b, a->body_md);
	kb_each_sentence(more, add_sentence, &x);
	sv out = sb_err(&x.b) ? a->body_md : arena_sv(w->a, sb_sv(&x.b));
	sb_done(&x.b);
	return out.p ? out : a->body_md;
}

/* False: the article has all of it. */
static bool into_edit(struct learn_work *w, struct learn_draft *d, const struct kb_article *a,
		      jv *gates)
{
	jv *o = gate(gates, "duplicate", true, "An article says this: it gets the ways customers "
					       "asked.");
	jv_set_str(o, "article_id", a->id);
	d->edit = true;
	d->article_id = a->id;
	d->base_version = a->version;
	d->title = a->title;
	d->body_md = more_body(w, a, a->lang, d->body_md);
	d->category = a->category;
	d->aliases = more_aliases(w, a, d->aliases);
	return !sv_eq(d->body_md, a->body_md) || !sv_eq(d->aliases, a->aliases);
}

/* ---- stale ---- */

static void expired(struct learn_work *w, const struct learn_gap *g, const struct learn_draft *d,
		    jv *gates)
{
	struct learn_lang *l = learn_lang_of(w, g->lang);
	struct kb_mark m[KB_MARKS], b[KB_MARKS];
	size_t n = kb_sense_marks(l->sense, d->body_md, m);
	for (size_t i = 0; i < w->article.n; i++) {
		const struct kb_article *a = &w->article.v[i];
		if (!a->valid_to_ms || a->valid_to_ms >= w->o->now_ms || !sv_eq(a->lang, g->lang))
			continue;
		size_t k = article_marks(l, a, b);
		if (kb_marks_cos(m, n, b, k) < EXPIRED_LIKE)
			continue;
		jv *o = gate(gates, "stale", true, "An article on this has expired: was it meant "
						   "to?");
		jv_set_str(o, "article_id", a->id);
		return;
	}
	if (w->o->now_ms - g->last_ms > OLD_DAYS * LEARN_DAY_MS)
		gate(gates, "stale", true, "The answers are old.");
}

/* Customers get an answer to most of it today: from which article? */
static void answered_by(struct learn_work *w, const struct learn_gap *g, jv *gates)
{
	struct kb_query q = {
		.text = g->question, .lang = g->lang, .k = 1, .now_ms = w->o->now_ms
	};
	struct kb_result r = { 0 };
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	if (w->o->kb && kb_search(w->o->kb, &q, &a, &r) == 0 && r.n && r.answerable)
		jv_set_str(gate(gates, "covered", true,
				"An article answers most of these questions: does it say the "
				"same?"),
			   "article_id", r.hits[0].article_id);
	arena_done(&a);
}

void learn_gates(struct learn_work *w, struct learn_gap *g, const struct learn_consensus *c,
		 struct learn_draft *d)
{
	struct learn_lang *l = learn_lang_of(w, g->lang);
	const struct kb_article *same = said_already(w, g, d);
	jv *gates = jv_arr();
	struct sb b;
	if (same && !into_edit(w, d, same, gates)) {
		g->draft = NULL;
		jv_free(gates);
		return;
	}
	if (!same)
		gate(gates, "duplicate", true, NULL);
	if (!same || !sv_eq(d->body_md, same->body_md)) {
		const struct kb_article a = { .id = d->article_id, .lang = g->lang,
					      .title = d->title, .body_md = d->body_md };
		d->blocked = learn_check_text(l, &a, gates);
	}
	if (!same && g->coverage >= COVERED)
		answered_by(w, g, gates);
	if (!same)
		expired(w, g, d, gates);
	if (c->disputed)
		jv_set_str(gate(gates, "dispute", true, "People differ about a value: it was left "
							"out."),
			   "sentence", c->dispute);
	sb_init(&b, LIM_JSON_BYTES);
	jv_dump(gates, &b);
	jv_free(gates);
	d->gates = arena_sv(w->a, sb_sv(&b));
	sb_done(&b);
}
