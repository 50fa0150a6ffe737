/* kb_facts.c: facts of passages, and which of them contradict each other.
 *
 * A sentence's values come from a reader of the caller (kb does not know feel's slots). The topic
 * of a value is a row of marks: the words of its clause in full, of the rest of its sentence and
 * of the article's title with less weight, the values themselves left out. Facts are found by the
 * rarest marks of a topic, so that a base of many articles costs no square of comparisons. All of
 * it lives in the facts' arena, one thread at a time.
 */
#include <math.h>
#include <stdlib.h>
#include "kb_facts.h"
#include "kb_int.h"

#define W_SENTENCE 0.5f          /* of a word outside the value's clause */
#define W_TITLE 0.4f
#define LIKE 0.66f               /* two topics are one from here on */
#define SCALE 100                /* of durations: so far apart one is not the other, mistold */
#define SCALE_UNIT 20            /* of hours to days with another number */
#define LIKE_AGREE 0.35f         /* a topic near enough to be one that agrees */
#define LOOK 4                   /* rarest marks of a topic that are looked up */
#define LIST_MAX 400             /* facts that share a mark: a commoner one finds nothing */

struct fact {
	uint32_t art, sent;
	struct kb_slot slot;
	struct kb_mark *m;
	uint32_t n;
	float len;               /* of the marks */
};
struct sentence {
	sv text;
	uint32_t first, n;       /* its facts */
};
struct source {
	sv id;
	int64_t from_ms, to_ms;
	uint64_t product;        /* a hash of its name; 0 = none */
	uint32_t first, n;       /* its facts */
};
struct list {
	uint32_t *v;
	size_t n, cap;
};
struct kb_facts {
	struct arena arena;
	const struct kb_sense *sense;
	kb_slot_fn *read;
	void *arg;
	VEC(struct fact) f;
	VEC(struct sentence) s;
	VEC(struct source) a;
	struct kb_rarity *rare;
	struct map *by_mark;     /* id -> struct list * */
	VEC(struct list *) lists;
	bool ready, full;
};

static const char *const kind_names[KB_SLOT_KINDS] = {
	"money", "duration", "date", "time", "percent", "quantity", "contact",
};

const char *kb_slot_kind_name(enum kb_slot_kind k)
{
	return (unsigned)k < KB_SLOT_KINDS ? kind_names[k] : "";
}

bool kb_slot_same(const struct kb_slot *a, const struct kb_slot *b)
{
	double eps = a->kind == KB_SLOT_CONTACT ? 0 : 1e-6 * (1 + fabs(a->lo) + fabs(a->hi));

	return a->kind == b->kind && fabs(a->lo - b->lo) <= eps && fabs(a->hi - b->hi) <= eps;
}

struct kb_facts *kb_facts_new(const struct kb_sense *s, kb_slot_fn *read, void *arg)
{
	struct kb_facts *f = xalloc(sizeof(*f));

	arena_init(&f->arena, 4u * LIM_ARENA_BIG - 1);
	f->sense = s;
	f->read = read;
	f->arg = arg;
	f->rare = kb_rarity_new();
	f->by_mark = map_new(KB_RARITY_MAX);
	return f;
}

void kb_facts_free(struct kb_facts *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->lists.n; i++) {
		xfree(f->lists.v[i]->v);
		xfree(f->lists.v[i]);
	}
	VEC_FREE(&f->lists);
	VEC_FREE(&f->f);
	VEC_FREE(&f->s);
	VEC_FREE(&f->a);
	map_free(f->by_mark);
	kb_rarity_free(f->rare);
	arena_done(&f->arena);
	xfree(f);
}

size_t kb_facts_count(const struct kb_facts *f)
{
	return f->f.n;
}

/* ---- the topic of a value ---- */

static bool clause_end(sv t, size_t i, size_t *len)
{
	static const char *const wide[] = { "；", "，", "。", "、" };

	*len = 1;
	if (t.p[i] == ';' || (t.p[i] == ',' && i + 1 < t.n && t.p[i + 1] == ' '))
		return true;
	for (size_t k = 0; k < sizeof(wide) / sizeof(*wide); k++)
		if (sv_starts(sv_slice(t, i, t.n), sv_of(wide[k])))
			return *len = 3, true;
	return false;
}

/* The clause around at: [*from, *to). */
static void clause_of(sv t, size_t at, size_t *from, size_t *to)
{
	size_t i = 0, len;

	*from = 0;
	*to = t.n;
	while (i < t.n) {
		if (!clause_end(t, i, &len)) {
			i++;
			continue;
		}
		if (i < at) {
			*from = i + len;
		} else {
			*to = i;
			return;
		}
		i += len;
	}
}

/* A copy of the sentence's part with blanks for its values. */
static sv without_values(struct arena *a, sv t, const struct kb_slot *v, size_t n, size_t from,
			 size_t to)
{
	char *p = arena_cstr(a, sv_slice(t, from, to));

	if (!p)
		return SV("");
	for (size_t i = 0; i < n; i++)
		for (size_t k = v[i].start; k < v[i].end; k++)
			if (k >= from && k < to)
				p[k - from] = ' ';
	return sv_n(p, to - from);
}

/* b's marks that m lacks join it, with factor w. m has room for KB_MARKS. */
static size_t join(struct kb_mark *m, size_t n, const struct kb_mark *b, size_t nb, float w)
{
	struct kb_mark out[KB_MARKS];
	size_t i = 0, k = 0, o = 0;

	while ((i < n || k < nb) && o < KB_MARKS) {
		if (k == nb || (i < n && m[i].id <= b[k].id)) {
			k += k < nb && m[i].id == b[k].id;
			out[o++] = m[i++];
		} else {
			out[o] = b[k++];
			out[o++].w *= w;
		}
	}
	memcpy(m, out, o * sizeof(*out));
	return o;
}

struct reading {                 /* of a sentence */
	sv text;
	struct kb_slot v[KB_SLOTS];
	size_t n;
	struct kb_mark all[KB_MARKS];
	size_t n_all;
};

static void read_sentence(struct kb_facts *f, sv text, struct arena *tmp, struct reading *r)
{
	r->text = text;
	r->n = f->read(f->arg, text, r->v);
	if (r->n)
		r->n_all = kb_sense_marks(f->sense,
					  without_values(tmp, text, r->v, r->n, 0, text.n), r->all);
}

static size_t topic(struct kb_facts *f, const struct reading *r, size_t i, struct arena *tmp,
		    const struct kb_mark *title, size_t n_title, struct kb_mark *m)
{
	size_t from, to;

	clause_of(r->text, r->v[i].start, &from, &to);
	size_t n = kb_sense_marks(f->sense, without_values(tmp, r->text, r->v, r->n, from, to), m);

	n = join(m, n, r->all, r->n_all, W_SENTENCE);
	return join(m, n, title, n_title, W_TITLE);
}

static float length(const struct kb_mark *m, size_t n)
{
	float sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += m[i].w * m[i].w;
	return sqrtf(sum);
}

/* ---- an article's facts, handed on one by one ---- */

typedef int fact_fn(void *arg, const struct fact *x, sv sentence, bool first);

static int walk_article(struct kb_facts *f, const struct kb_article *a, struct arena *tmp,
			fact_fn *fn, void *arg)
{
	struct kb_mark title[KB_MARKS], m[KB_MARKS];
	size_t n_title = kb_sense_marks(f->sense, a->title, title);
	struct kb_spans sp = { 0 };
	struct reading *r = arena_new(tmp, struct reading, 1);
	int rc = r ? 0 : ERR_NOMEM;

	kb_sentences(a->body_md, &sp);
	for (size_t s = 0; s < sp.n && !rc; s++) {
		r->n = 0;
		read_sentence(f, sv_n(a->body_md.p + sp.v[s].off, sp.v[s].len), tmp, r);
		for (size_t i = 0; i < r->n && !rc; i++) {
			struct fact x = { .slot = r->v[i], .m = m };

			x.n = (uint32_t)topic(f, r, i, tmp, title, n_title, m);
			rc = fn(arg, &x, r->text, i == 0);
		}
	}
	VEC_FREE(&sp);
	return rc;
}

static int keep(void *arg, const struct fact *x, sv text, bool first)
{
	struct kb_facts *f = arg;
	struct sentence *s = first ? VEC_PUSH(&f->s, KB_FACTS_MAX) : &f->s.v[f->s.n - 1];
	struct fact *y = VEC_PUSH(&f->f, KB_FACTS_MAX);

	if (!s || !y)
		return ERR_FULL;
	if (first)
		*s = (struct sentence){ arena_sv(&f->arena, text), (uint32_t)(f->f.n - 1), 0 };
	s->n++;
	*y = *x;
	y->art = (uint32_t)(f->a.n - 1);
	y->sent = (uint32_t)(f->s.n - 1);
	y->m = arena_new(&f->arena, struct kb_mark, x->n + 1);
	if (!y->m || !s->text.p)
		return ERR_FULL;
	memcpy(y->m, x->m, x->n * sizeof(*x->m));
	f->a.v[f->a.n - 1].n++;
	kb_rarity_add(f->rare, y->m, y->n);
	return 0;
}

static uint64_t product_of(const struct kb_article *a)
{
	return sv_eq(a->category, SV("products")) ? sv_hash(a->title) | 1 : 0;
}

int kb_facts_add(struct kb_facts *f, const struct kb_article *a)
{
	struct source *s = VEC_PUSH(&f->a, KB_FACTS_MAX);
	struct arena tmp;

	ASSERT(!f->ready);
	if (!s)
		return ERR_FULL;
	*s = (struct source){ .id = arena_sv(&f->arena, a->id), .from_ms = a->valid_from_ms,
			      .to_ms = a->valid_to_ms,
			      .product = product_of(a), .first = (uint32_t)f->f.n };
	arena_init(&tmp, LIM_ARENA_BIG);
	int rc = walk_article(f, a, &tmp, keep, f);

	arena_done(&tmp);
	return rc;
}

/* ---- finding ---- */

static struct list *list_of(const struct kb_facts *f, uint64_t id)
{
	return map_get(f->by_mark, sv_n((const char *)&id, sizeof(id)));
}

static void file_under(struct kb_facts *f, uint64_t id, uint32_t fact)
{
	struct list *l = list_of(f, id);

	if (!l) {
		struct list **slot = VEC_PUSH(&f->lists, KB_RARITY_MAX);

		if (!slot)
			return;
		*slot = l = xalloc(sizeof(*l));
		(void)map_put(f->by_mark, sv_n((const char *)&id, sizeof(id)), l);
	}
	uint32_t *v = VEC_PUSH(l, LIST_MAX + 1);

	if (v)
		*v = fact;
}

void kb_facts_ready(struct kb_facts *f)
{
	if (f->ready)
		return;
	f->ready = true;
	for (size_t i = 0; i < f->f.n; i++) {
		struct fact *x = &f->f.v[i];

		kb_rarity_scale(f->rare, x->m, x->n);
		x->len = length(x->m, x->n);
		for (size_t k = 0; k < x->n; k++)
			file_under(f, x->m[k].id, (uint32_t)i);
	}
}

static float like(const struct fact *a, const struct fact *b)
{
	float len = a->len * b->len;

	return len > 0 ? kb_marks_shared(a->m, a->n, b->m, b->n) / len : 0;
}

static bool overlap(int64_t from_a, int64_t to_a, const struct source *b)
{
	return (!to_a || !b->from_ms || b->from_ms <= to_a) &&
	       (!b->to_ms || !from_a || from_a <= b->to_ms);
}

/* Does the sentence state the value too? */
static bool in_sentence(const struct kb_facts *f, const struct kb_slot *v, uint32_t sent)
{
	const struct sentence *s = &f->s.v[sent];

	for (uint32_t i = s->first; i < s->first + s->n; i++)
		if (kb_slot_same(&f->f.v[i].slot, v))
			return true;
	return false;
}

/* Does the article say x's value of a topic that is near? */
static bool agrees(const struct kb_facts *f, const struct fact *x, uint32_t art)
{
	const struct source *a = &f->a.v[art];

	for (uint32_t i = a->first; i < a->first + a->n; i++)
		if (kb_slot_same(&f->f.v[i].slot, &x->slot) && like(x, &f->f.v[i]) >= LIKE_AGREE)
			return true;
	return false;
}

struct look {
	struct kb_facts *f;
	kb_conflict_fn *fn;
	void *arg;
	size_t found;
	/* of the text that is looked up: */
	sv id;
	int64_t from_ms, to_ms;
	uint64_t product;
	uint32_t self;           /* source, UINT32_MAX for a text outside */
	const struct fact *mine; /* all facts of its sentence */
	size_t n_mine;
	VEC(uint64_t) told;      /* (article, kind) */
};

static bool mine_has(const struct look *l, const struct kb_slot *v)
{
	for (size_t i = 0; i < l->n_mine; i++)
		if (kb_slot_same(&l->mine[i].slot, v))
			return true;
	return false;
}

static bool told(struct look *l, uint32_t art, enum kb_slot_kind kind)
{
	uint64_t key = (uint64_t)art << 8 | kind;

	for (size_t i = 0; i < l->told.n; i++)
		if (l->told.v[i] == key)
			return true;
	uint64_t *slot = VEC_PUSH(&l->told, 1u << 20);

	if (slot)
		*slot = key;
	return false;
}

static sv as_written(sv sentence, const struct kb_slot *v)
{
	return sv_slice(sentence, v->start, v->end);
}

/* "24 hours", "24 days"; not two without digits. */
static bool same_digits(sv a, sv b)
{
	size_t i = 0, k = 0, n = 0;

	for (;; n++) {
		while (i < a.n && !strchr("0123456789.", a.p[i]))
			i++;
		while (k < b.n && !strchr("0123456789.", b.p[k]))
			k++;
		if (i == a.n || k == b.n)
			return n && i == a.n && k == b.n;
		if (a.p[i++] != b.p[k++])
			return false;
	}
}

/* 'd': days and longer, 'h': minutes and hours, 0: not said. */
static char unit_of(sv written)
{
	static const char *const days[] = { "day", "week", "month", "year", "fortnight",
					    "天",  "日",   "周",    "星期", "礼拜",
					    "月",  "年" };
	static const char *const hours[] = { "hour", "hr", "min", "小时", "分", "钟" };
	char small[64];
	size_t n = written.n < sizeof(small) ? written.n : sizeof(small);

	for (size_t i = 0; i < n; i++)
		small[i] = written.p[i] >= 'A' && written.p[i] <= 'Z' ? (char)(written.p[i] | 32) :
									written.p[i];
	for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++)
		if (sv_find(sv_n(small, n), sv_of(days[i])) >= 0)
			return 'd';
	for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++)
		if (sv_find(sv_n(small, n), sv_of(hours[i])) >= 0)
			return 'h';
	return 0;
}

/* "Within 3 days" and "30 minutes before", "60 days" and "24 hours earlier": of times so far
 * apart neither is the other, mistold; "24 days" may be of "24 hours", and "1 day" of "30 days". */
static bool other_scale(const struct kb_slot *a, sv a_text, const struct kb_slot *b, sv b_text)
{
	double x = fmax(fabs(a->lo), fabs(a->hi)), y = fmax(fabs(b->lo), fabs(b->hi));
	char u, v;

	if (a->kind != KB_SLOT_DURATION)
		return false;
	a_text = as_written(a_text, a);
	b_text = as_written(b_text, b);
	u = unit_of(a_text);
	v = unit_of(b_text);
	bool units = u && v && u != v && !same_digits(a_text, b_text);

	return fmax(x, y) > (units ? SCALE_UNIT : SCALE) * fmin(x, y);
}

static void compare(struct look *l, const struct fact *x, sv sentence, uint32_t i)
{
	struct kb_facts *f = l->f;
	const struct fact *y = &f->f.v[i];
	const struct source *a = &f->a.v[y->art];

	/* each product has values of its own */
	if (y->art == l->self || y->slot.kind != x->slot.kind || sv_eq(a->id, l->id) ||
	    (l->product && a->product && l->product != a->product) ||
	    kb_slot_same(&x->slot, &y->slot) ||
	    other_scale(&x->slot, sentence, &y->slot, f->s.v[y->sent].text) ||
	    !overlap(l->from_ms, l->to_ms, a))
		return;
	float c = like(x, y);

	if (c < LIKE || in_sentence(f, &x->slot, y->sent) || mine_has(l, &y->slot) ||
	    agrees(f, x, y->art) || told(l, y->art, x->slot.kind))
		return;
	l->found++;
	const struct kb_conflict k = {
		.id = l->id, .other = a->id, .kind = x->slot.kind,
		.value = as_written(sentence, &x->slot),
		.other_value = as_written(f->s.v[y->sent].text, &y->slot),
		.sentence = sentence, .other_sentence = f->s.v[y->sent].text, .likeness = c,
	};

	if (l->fn)
		l->fn(l->arg, &k);
}

/* The rarest marks of x that at least so many facts have, at most LOOK. */
static size_t rarest(const struct kb_facts *f, const struct fact *x, size_t least,
		     const struct list *out[LOOK])
{
	size_t n = 0;

	for (uint32_t i = 0; i < x->n; i++) {
		const struct list *l = list_of(f, x->m[i].id);

		if (!l || l->n > LIST_MAX || l->n < least)
			continue;
		size_t k = n < LOOK ? n++ : LOOK;

		while (k > 0 && out[k - 1]->n > l->n) {
			if (k < LOOK)
				out[k] = out[k - 1];
			k--;
		}
		if (k < LOOK)
			out[k] = l;
	}
	return n;
}

static void look_up(struct look *l, const struct fact *x, sv sentence)
{
	const struct list *in[LOOK];
	size_t n = rarest(l->f, x, l->self == UINT32_MAX ? 1 : 2, in);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < in[i]->n; k++)
			if (l->self == UINT32_MAX || in[i]->v[k] >= l->f->a.v[l->self].first)
				compare(l, x, sentence, in[i]->v[k]);
}

size_t kb_facts_scan(struct kb_facts *f, kb_conflict_fn *fn, void *arg)
{
	struct look l = { .f = f, .fn = fn, .arg = arg };

	kb_facts_ready(f);
	for (uint32_t a = 0; a < f->a.n; a++) {
		const struct source *s = &f->a.v[a];

		l.id = s->id;
		l.from_ms = s->from_ms;
		l.to_ms = s->to_ms;
		l.product = s->product;
		l.self = a;
		l.told.n = 0;
		for (uint32_t i = s->first; i < s->first + s->n; i++) {
			const struct sentence *t = &f->s.v[f->f.v[i].sent];

			l.mine = &f->f.v[t->first];
			l.n_mine = t->n;
			look_up(&l, &f->f.v[i], t->text);
		}
	}
	VEC_FREE(&l.told);
	return l.found;
}

/* ---- a text from outside ---- */

struct outside {
	struct arena *tmp;
	VEC(struct fact) f;
	VEC(sv) text;
};

static int collect(void *arg, const struct fact *x, sv text, bool first)
{
	struct outside *o = arg;
	struct fact *y = VEC_PUSH(&o->f, 10000);
	sv *s = first ? VEC_PUSH(&o->text, 10000) : &o->text.v[o->text.n - 1];

	if (!y || !s)
		return ERR_FULL;
	*s = text;
	*y = *x;
	y->sent = (uint32_t)(o->text.n - 1);
	y->m = arena_new(o->tmp, struct kb_mark, x->n + 1);
	if (!y->m)
		return ERR_FULL;
	memcpy(y->m, x->m, x->n * sizeof(*x->m));
	return 0;
}

size_t kb_facts_check(struct kb_facts *f, const struct kb_article *a, kb_conflict_fn *fn, void *arg)
{
	struct arena tmp;
	struct outside o = { .tmp = &tmp };
	struct look l = { .f = f, .fn = fn, .arg = arg, .id = a->id, .from_ms = a->valid_from_ms,
			  .to_ms = a->valid_to_ms, .self = UINT32_MAX,
			  .product = product_of(a) };

	kb_facts_ready(f);
	arena_init(&tmp, LIM_ARENA_BIG);
	(void)walk_article(f, a, &tmp, collect, &o);
	for (size_t i = 0; i < o.f.n; i++) {
		kb_rarity_scale(f->rare, o.f.v[i].m, o.f.v[i].n);
		o.f.v[i].len = length(o.f.v[i].m, o.f.v[i].n);
	}
	for (size_t i = 0; i < o.f.n; i++) {
		size_t from = i, to = i + 1;

		while (from && o.f.v[from - 1].sent == o.f.v[i].sent)
			from--;
		while (to < o.f.n && o.f.v[to].sent == o.f.v[i].sent)
			to++;
		l.mine = &o.f.v[from];
		l.n_mine = to - from;
		look_up(&l, &o.f.v[i], o.text.v[o.f.v[i].sent]);
	}
	VEC_FREE(&o.f);
	VEC_FREE(&o.text);
	VEC_FREE(&l.told);
	arena_done(&tmp);
	return l.found;
}

void kb_each_sentence(sv body, void (*fn)(void *arg, sv sentence), void *arg)
{
	struct kb_spans sp = { 0 };

	kb_sentences(body, &sp);
	for (size_t s = 0; s < sp.n; s++)
		fn(arg, sv_n(body.p + sp.v[s].off, sp.v[s].len));
	VEC_FREE(&sp);
}

/* ---- two texts that should say the same ---- */

struct values {
	VEC(struct kb_slot) v;
	VEC(sv) text;
};

static void all_values(kb_slot_fn *read, void *arg, sv body, struct values *ret)
{
	struct kb_slot v[KB_SLOTS];
	struct kb_spans sp = { 0 };

	kb_sentences(body, &sp);
	for (size_t s = 0; s < sp.n; s++) {
		sv text = sv_n(body.p + sp.v[s].off, sp.v[s].len);
		size_t n = read(arg, text, v);

		for (size_t i = 0; i < n; i++) {
			struct kb_slot *slot = VEC_PUSH(&ret->v, 10000);
			sv *t = VEC_PUSH(&ret->text, 10000);

			if (slot && t) {
				*slot = v[i];
				*t = text;
			}
		}
	}
	VEC_FREE(&sp);
}

static bool has_value(const struct values *v, const struct kb_slot *x, bool any_kind)
{
	for (size_t i = 0; i < v->v.n; i++) {
		struct kb_slot y = v->v.v[i];

		y.kind = any_kind ? x->kind : y.kind;
		if (kb_slot_same(&y, x))
			return true;
	}
	return false;
}

/* The next value from i on that the other text lacks, of this kind; its place, or v.n. */
static size_t alone(const struct values *v, const struct values *other, size_t i, int kind)
{
	for (; i < v->v.n; i++)
		if ((kind < 0 || (int)v->v.v[i].kind == kind) &&
		    !has_value(other, &v->v.v[i], v->v.v[i].kind == KB_SLOT_QUANTITY))
			return i;
	return i;
}

size_t kb_facts_differ(kb_slot_fn *read, void *arg, sv body, sv other, struct kb_conflict *out,
		       size_t max)
{
	struct values a = { 0 }, b = { 0 };
	size_t n = 0;

	all_values(read, arg, body, &a);
	all_values(read, arg, other, &b);
	for (int k = 0; k < KB_SLOT_KINDS; k++) {
		size_t i = alone(&a, &b, 0, k), j = alone(&b, &a, 0, k);

		while ((i < a.v.n || j < b.v.n) && n < max) {
			struct kb_conflict *c = &out[n++];

			*c = (struct kb_conflict){ .kind = (enum kb_slot_kind)k, .likeness = 1 };
			if (i < a.v.n) {
				c->sentence = a.text.v[i];
				c->value = as_written(a.text.v[i], &a.v.v[i]);
				i = alone(&a, &b, i + 1, k);
			}
			if (j < b.v.n) {
				c->other_sentence = b.text.v[j];
				c->other_value = as_written(b.text.v[j], &b.v.v[j]);
				j = alone(&b, &a, j + 1, k);
			}
		}
	}
	VEC_FREE(&a.v);
	VEC_FREE(&a.text);
	VEC_FREE(&b.v);
	VEC_FREE(&b.text);
	return n;
}
