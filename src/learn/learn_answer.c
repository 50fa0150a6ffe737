/* learn_answer.c: what people who answered a gap's questions agree on.
 *
 * Their sentences are put together by words and values; a group counts by how many different
 * people it comes from. What is said after any question ("one moment please", learn_mind.c)
 * is left out, and what puts the customer off. Where two groups speak of the same and differ in
 * a value, the one that twice as many say stands, else neither. It takes so many answers of at
 * least two people; one answer fewer where nobody gives another value or refuses it (two who
 * err alike are rare, and a small desk has no third), unless it holds no value and is said
 * after other questions as often; or one of who answers for the topic. The sentence that is most
 * like the others of its group speaks for it, without a beginning that the others lack. What
 * nobody says in one answer may be of two topics. A worker's thread.
 */
#include "learn_int.h"

#include <math.h>
#include <stdlib.h>

#define SENTENCES_MAX 4000       /* of a gap */
#define PEOPLE 2                 /* that must say so, in as many answers as are asked for */
#define LOOK_ELSEWHERE 5000      /* other answers, spread over the window */
#define LIKE_SAME 0.50f          /* two sentences say the same */
#define LIKE_TOPIC 0.45f         /* they speak of the same */

struct one {
	sv text, by;
	struct kb_mark *m;
	size_t n_m;
	struct kb_slot v[KB_SLOTS];
	size_t n_v;
	double place;
	uint32_t item;
	bool refused;            /* its customer marked it down: it counts against what it says */
};
struct lot {                     /* sentences that say the same */
	VEC(uint32_t) in;
	size_t agents, items, best;
	double place;
	bool out, disputed;
	bool against;            /* somebody gives another value, or a customer refused it */
	bool owner;              /* who answers for the topic says so */
};
struct hearing {
	struct learn_work *w;
	struct learn_lang *l;
	sv owner;                /* of the gap's topic */
	VEC(struct one) s;
	VEC(struct lot) lot;
	/* of the answer that is cut: */
	const struct learn_answer *of;
	uint32_t item, n_here;
};

/* ---- this gap's sentences ---- */

/* Does it say something: an amount, a share, a time of day, at least an hour? "Tomorrow", "two
 * minutes" and a telephone number come with promises. */
static bool says_value(const struct kb_slot *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].kind != KB_SLOT_DATE && v[i].kind != KB_SLOT_CONTACT &&
		    (v[i].kind != KB_SLOT_DURATION || v[i].hi >= 60))
			return true;
	return false;
}

/* Up to the next comma, which goes with it; false at the end. */
static bool clause(sv *rest, sv *ret)
{
	ptrdiff_t en = sv_find(*rest, SV(", ")), zh = sv_find(*rest, SV("，"));
	bool is_zh = zh >= 0 && (en < 0 || zh < en);
	ptrdiff_t at = is_zh ? zh : en;
	if (!rest->n)
		return false;
	*ret = at < 0 ? *rest : sv_slice(*rest, 0, (size_t)at);
	*rest = at < 0 ? sv_slice(*rest, rest->n, rest->n) :
			 sv_slice(*rest, (size_t)at + (is_zh ? sizeof("，") - 1 : 2), rest->n);
	return true;
}

/* "Hello, thanks for waiting": a greeting and thanks; "Thanks for waiting, it is at the desk"
 * says more. */
static bool only_thanks(sv text, sv thanks, sv lang)
{
	sv part;
	while (clause(&text, &part)) {
		struct feel_state f = { 0 };
		bool yes = false;
		feel_says(part, &thanks, 1, &yes);
		feel_turn(&f, part, lang);
		if (!yes && !f.small_talk)
			return false;
	}
	return true;
}

/* "Thank you for waiting"; "I'll ask a colleague and call you back": somebody will know later;
 * "that's not something we offer": without its question it says nothing. */
static bool puts_off(sv text, sv lang, const struct kb_slot *v, size_t n)
{
	static const char later[] =
		"ill ask my|ill ask a|i will ask my|i will ask a|have to ask my|have to ask a|"
		"let me ask my|let me check|ill check|i will check|ill get back to you|"
		"will get back to you|ill call you back|will call you back|ill ring you|"
		"will be in touch|please bear with me|i have forwarded|ive forwarded|"
		"we have forwarded|i have passed it|ive passed it|ill look into|i will look into|"
		"问一下同事|问下同事|问问同事|问一下领导|我先核实|我核实一下|我帮您核实|部门核实|"
		"thats not something we|that is not something we|这个我们不提供|这个我们没有|"
		"帮您转过去|给您转过去|转给相关部门|会有人联系您|稍后给您回|稍后给您答|我帮您反馈";
	static const char thanks[] =
		"thank you for waiting|thanks for waiting|thank you for your patience|"
		"thanks for your patience|thank you for your understanding|"
		"thank you for contacting us|感谢您的耐心等待|感谢您的等待|感谢您的理解";
	const sv p[2] = { sv_of(later), sv_of(thanks) };
	bool yes[2] = { false };
	if (says_value(v, n))
		return false;
	feel_says(text, p, 2, yes);
	return yes[0] || (yes[1] && only_thanks(text, p[1], lang));
}

static void take_sentence(void *arg, sv text)
{
	struct hearing *h = arg;
	struct kb_mark m[KB_MARKS];
	struct feel_state f = { 0 };
	size_t n = kb_sense_marks(h->l->sense, text, m);
	uint32_t place = h->n_here++;
	if (n < 3 || learn_is_talk(h->w, learn_sentence_id(m, n)))
		return;
	if (text.p[text.n - 1] == '?' || sv_ends(text, SV("？")))
		return;          /* a question back is no answer */
	feel_turn(&f, text, sv_of(h->l->lang));
	struct kb_slot v[KB_SLOTS];
	size_t n_v = learn_slots(NULL, text, v);
	if (f.small_talk || puts_off(text, sv_of(h->l->lang), v, n_v))
		return;
	struct one *x = VEC_PUSH(&h->s, SENTENCES_MAX);
	if (!x)
		return;
	x->text = text;
	memcpy(x->v, v, sizeof(v));
	x->n_v = n_v;
	x->by = h->of->by;
	x->item = h->item;
	x->refused = h->of->refused;
	x->place = place;
	kb_rarity_scale(h->l->rare_a, m, n);
	x->m = learn_marks_keep(h->w->a, m, n);
	x->n_m = x->m ? n : 0;
}

/* A number without a unit is the same as one with it: people leave units out. */
static bool same_value(struct kb_slot a, struct kb_slot b)
{
	if (a.kind == KB_SLOT_QUANTITY && b.kind == KB_SLOT_MONEY)
		a.kind = b.kind;
	if (b.kind == KB_SLOT_QUANTITY && a.kind == KB_SLOT_MONEY)
		b.kind = a.kind;
	return kb_slot_same(&a, &b);
}

static bool within(const struct one *a, const struct one *b)
{
	for (size_t i = 0; i < a->n_v; i++) {
		bool in = false;
		for (size_t k = 0; k < b->n_v && !in; k++)
			in = same_value(a->v[i], b->v[k]);
		if (!in)
			return false;
	}
	return true;
}

static bool same_values(const struct one *a, const struct one *b)
{
	return within(a, b) && within(b, a);
}

static float like(const struct one *a, const struct one *b)
{
	return kb_marks_cos(a->m, a->n_m, b->m, b->n_m);
}

/* The lot whose sentences it is most like on average, with the same values. */
static void put_in_lot(struct hearing *h, uint32_t i)
{
	struct one *x = &h->s.v[i];
	float best = LIKE_SAME;
	struct lot *to = NULL;
	for (size_t k = 0; k < h->lot.n; k++) {
		struct lot *l = &h->lot.v[k];
		float sum = 0;
		if (!same_values(x, &h->s.v[l->in.v[0]]))
			continue;
		for (size_t j = 0; j < l->in.n; j++)
			sum += like(x, &h->s.v[l->in.v[j]]);
		if (sum / (float)l->in.n > best) {
			best = sum / (float)l->in.n;
			to = l;
		}
	}
	if (!to)
		to = VEC_PUSH(&h->lot, SENTENCES_MAX);
	uint32_t *slot = to ? VEC_PUSH(&to->in, SENTENCES_MAX) : NULL;
	if (slot)
		*slot = i;
}

static void count_lot(struct hearing *h, struct lot *l)
{
	float best = -1;
	bool refused = true;     /* what speaks for it so far */
	l->agents = l->items = 0;
	l->place = 0;
	for (size_t i = 0; i < l->in.n; i++) {
		const struct one *x = &h->s.v[l->in.v[i]];
		bool new_agent = true, new_item = true;
		float sum = 0;
		for (size_t k = 0; k < i; k++) {
			const struct one *y = &h->s.v[l->in.v[k]];
			new_agent &= y->refused || !sv_eq(y->by, x->by);
			new_item &= y->refused || y->item != x->item;
		}
		l->against |= x->refused;
		l->owner |= !x->refused && h->owner.n && sv_eq(x->by, h->owner);
		l->agents += new_agent && !x->refused;
		l->items += new_item && !x->refused;
		l->place += x->place / (double)l->in.n;
		for (size_t k = 0; k < l->in.n; k++)
			sum += like(x, &h->s.v[l->in.v[k]]);
		if (best < 0 || (refused && !x->refused) ||
		    (sum > best && x->refused == refused)) {
			best = sum;
			refused = x->refused;
			l->best = l->in.v[i];
		}
	}
}

/* Do they speak of the same with other values? */
static bool differ(const struct one *x, const struct one *y)
{
	return x->n_v && y->n_v && !within(x, y) && !within(y, x) && like(x, y) >= LIKE_TOPIC;
}

/* Each is told that somebody gives another value; what customers refused speaks for the other. The
 * one that fewer say goes, and the other is disputed unless twice as many say it. */
static void oppose(struct hearing *h, struct lot *a, struct lot *b)
{
	struct lot *weak = a->agents < b->agents ? a : b, *strong = weak == a ? b : a;
	if (!differ(&h->s.v[a->best], &h->s.v[b->best]))
		return;
	a->against |= b->agents > 0;
	b->against |= a->agents > 0;
	weak->out = true;
	strong->disputed |= strong->agents < 2 * weak->agents;
}

/* One sentence with part of the other's values belongs to it. */
static void settle(struct hearing *h, struct lot *a, struct lot *b)
{
	const struct one *x = &h->s.v[a->best], *y = &h->s.v[b->best];
	struct lot *weak = a->agents < b->agents ? a : b, *strong = weak == a ? b : a;
	if (a->out || b->out || like(x, y) < LIKE_SAME || (!within(x, y) && !within(y, x)))
		return;
	weak->out = true;
	strong->against |= weak->against;
}

/* ---- a beginning that only this one has ---- */

static size_t first_clause(sv s)
{
	for (size_t i = 0; i < s.n && i < 60; i++) {
		if (s.p[i] == ',' && i + 1 < s.n && s.p[i + 1] == ' ')
			return i + 2;
		if (sv_starts(sv_slice(s, i, s.n), SV("，")))
			return i + 3;
	}
	return 0;
}

static sv trimmed(struct hearing *h, const struct lot *l)
{
	const struct one *x = &h->s.v[l->best];
	size_t n = first_clause(x->text), others = 0;
	struct kb_slot v[KB_SLOTS];
	sv head = sv_slice(x->text, 0, n);
	if (!n || x->text.n - n < 12 || learn_slots(NULL, head, v))
		return x->text;
	struct kb_mark m[KB_MARKS];
	size_t k = kb_sense_marks(h->l->sense, head, m);
	for (size_t i = 0; i < l->in.n; i++) {
		const struct one *y = &h->s.v[l->in.v[i]];
		others += kb_marks_covered(m, k, y->m, y->n_m) >= 0.5f;
	}
	if (k && 2 * others > l->in.n)
		return x->text;
	sv rest = sv_trim(sv_slice(x->text, n, x->text.n));
	char *p = arena_cstr(h->w->a, rest);
	if (!p)
		return x->text;
	if (p[0] >= 'a' && p[0] <= 'z')
		p[0] = (char)(p[0] - 'a' + 'A');
	return sv_n(p, rest.n);
}

/* ---- the whole ---- */

static int by_place(const void *a, const void *b)
{
	const struct learn_said *x = a, *y = b;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->agents > y->agents ? -1 : x->agents < y->agents;
}

static void hear(struct hearing *h, const struct learn_gap *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct learn_item *x = g->item[i];
		h->item = (uint32_t)i;
		h->n_here = 0;
		for (size_t k = 0; k < x->n_answer; k++) {
			h->of = &x->answer[k];
			if (x->resolved || h->of->refused)
				learn_sentences(h->of->text, take_sentence, h);
		}
	}
	for (uint32_t i = 0; i < h->s.n; i++)
		put_in_lot(h, i);
	for (size_t i = 0; i < h->lot.n; i++)
		count_lot(h, &h->lot.v[i]);
	for (size_t i = 0; i < h->lot.n; i++)
		for (size_t k = i + 1; k < h->lot.n; k++)
			oppose(h, &h->lot.v[i], &h->lot.v[k]);
	for (size_t i = 0; i < h->lot.n; i++)
		for (size_t k = i + 1; k < h->lot.n; k++)
			settle(h, &h->lot.v[i], &h->lot.v[k]);
}

static bool is_of(const struct learn_gap *g, const struct learn_item *x)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->item[i] == x)
			return true;
	return false;
}

/* Do people say it after other questions at least as often? Then it is manners, not an answer. */
static bool of_any_question(const struct hearing *h, const struct learn_gap *g, const struct lot *l)
{
	const struct one *x = &h->s.v[l->best];
	const struct learn_work *w = h->w;
	size_t n = 0, step = w->mind.n / LOOK_ELSEWHERE + 1;
	for (size_t i = w->mind.n % step; i < w->mind.n && n * step < l->items; i += step) {
		const struct learn_mind *d = &w->mind.v[i];
		bool says = false;
		if (!sv_eq(w->item.v[i]->lang, sv_of(h->l->lang)))
			continue;
		for (size_t k = 0; k < d->n_line && !says; k++)
			says = kb_marks_cos(x->m, x->n_m, d->line[k].m, d->line[k].n) >= LIKE_SAME;
		n += says && !is_of(g, w->item.v[i]);
	}
	return n * step >= l->items;
}

/* Is one answer fewer enough? */
static bool two_do(const struct hearing *h, const struct learn_gap *g, const struct lot *l,
		   size_t need)
{
	return !l->against && l->items == need - 1 && l->agents >= PEOPLE &&
	       (h->s.v[l->best].n_v || !of_any_question(h, g, l));
}

static void agree(struct hearing *h, const struct learn_gap *g, size_t need,
		  struct learn_consensus *ret)
{
	ret->said = arena_new(h->w->a, struct learn_said, h->lot.n + 1);
	for (size_t i = 0; ret->said && i < h->lot.n; i++) {
		const struct lot *l = &h->lot.v[i];
		const struct one *x = &h->s.v[l->best];
		bool agreed = (l->items >= need && l->agents >= PEOPLE) || l->owner;
		if (l->out || (!agreed && !(need > PEOPLE && two_do(h, g, l, need))))
			continue;
		if (l->disputed) {
			ret->disputed++;
			ret->dispute = x->text;
			continue;
		}
		ret->said[ret->n++] = (struct learn_said){ .text = trimmed(h, l),
							   .agents = l->agents,
							   .place = l->place };
		ret->agents = l->agents > ret->agents ? l->agents : ret->agents;
	}
	if (ret->n)
		qsort(ret->said, ret->n, sizeof(*ret->said), by_place);
}

static void hearing_free(struct hearing *h)
{
	for (size_t i = 0; i < h->lot.n; i++)
		VEC_FREE(&h->lot.v[i].in);
	VEC_FREE(&h->lot);
	VEC_FREE(&h->s);
}

/* ---- topics ---- */

static bool in_lot(const struct hearing *h, const struct lot *l, uint32_t item)
{
	for (size_t i = 0; i < l->in.n; i++)
		if (h->s.v[l->in.v[i]].item == item)
			return true;
	return false;
}

/* In how many answers both stand. */
static size_t together(const struct hearing *h, const struct lot *a, const struct lot *b)
{
	size_t n = 0;
	for (size_t i = 0; i < a->in.n; i++)
		n += in_lot(h, b, h->s.v[a->in.v[i]].item);
	return n;
}

/* What leads a topic: agreed, with a value or often, and in no answer with one that leads. */
static size_t leaders(const struct hearing *h, const struct lot *lead[LEARN_TOPICS])
{
	size_t n = 0;
	while (n < LEARN_TOPICS) {
		const struct lot *best = NULL;
		for (size_t i = 0; i < h->lot.n; i++) {
			const struct lot *l = &h->lot.v[i];
			size_t k = 0;
			if (l->out || l->agents < PEOPLE || l->items < PEOPLE ||
			    (l->items == PEOPLE && !h->s.v[l->best].n_v) ||
			    (best && l->items <= best->items))
				continue;
			while (k < n && l != lead[k] && !together(h, l, lead[k]))
				k++;
			if (k == n)
				best = l;
		}
		if (!best)
			break;
		lead[n++] = best;
	}
	return n;
}

/* The topic whose leader stands most often beside what is said here. */
static uint32_t topic_of(const struct hearing *h, const struct lot *const *lead, size_t n,
			 uint32_t item)
{
	uint32_t ret = LEARN_NO_TOPIC;
	size_t most = 0;
	for (uint32_t k = 0; k < n; k++) {
		size_t sum = in_lot(h, lead[k], item) ? SENTENCES_MAX : 0;
		for (size_t i = 0; i < h->lot.n; i++)
			if (in_lot(h, &h->lot.v[i], item))
				sum += together(h, &h->lot.v[i], lead[k]);
		if (sum > most) {
			most = sum;
			ret = k;
		}
	}
	return ret;
}

size_t learn_topics(struct learn_work *w, const struct learn_gap *g, uint32_t *ret)
{
	struct hearing h = { .w = w, .l = learn_lang_of(w, g->lang) };
	const struct lot *lead[LEARN_TOPICS];
	size_t n;
	hear(&h, g);
	n = leaders(&h, lead);
	for (uint32_t i = 0; i < g->n && n > 1; i++)
		ret[i] = topic_of(&h, lead, n, i);
	hearing_free(&h);
	return n;
}

bool learn_consensus(struct learn_work *w, const struct learn_gap *g, struct learn_consensus *ret)
{
	struct hearing h = { .w = w, .l = learn_lang_of(w, g->lang),
			     .owner = learn_owner(w, g->category) };
	*ret = (struct learn_consensus){ 0 };
	hear(&h, g);
	agree(&h, g, (size_t)w->agents, ret);
	hearing_free(&h);
	return ret->n > 0;
}
