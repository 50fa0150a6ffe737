/* guard_tok.c: tokens and features of the tagger.
 *
 * What the trainer saw is what the server sees: both call these functions, so a change here asks
 * for a new model (train/pii). Pure functions, any thread; results live in the caller's arena.
 */
#include "guard_tag.h"

enum shape { SH_BREAK, SH_SIGN, SH_DIGIT, SH_TWO, SH_SOME, SH_MANY, SH_LOWER, SH_CAPITAL, SH_UPPER,
	     SH_LETTER, SH_MIXED, SH_HAN, SH_OTHER };
enum { FL_KNOWN = 1, FL_SURNAME = 2, FL_START = 4, FL_LAST = 8 };
enum { MODE_MIXED, MODE_LOWER, MODE_UPPER };

uint32_t guard_tag_word(const uint32_t *fold, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ fold[i]) * 16777619u;
	return h ^ (h >> 15);
}

static uint32_t known_bit(uint32_t id, int k)
{
	uint64_t h = (uint64_t)id * (k ? 0x9E3779B97F4A7C15u : 0xD6E8FEB86659FD93u);

	return (uint32_t)(h >> (64 - TAG_KNOWN_BITS));
}

bool guard_tag_known(const uint8_t *set, uint32_t id)
{
	for (int k = 0; k < 2; k++) {
		uint32_t b = known_bit(id, k);
		if (!(set[b / 8] >> (b % 8) & 1))
			return false;
	}
	return true;
}

void guard_tag_learn(uint8_t *set, uint32_t id)
{
	for (int k = 0; k < 2; k++) {
		uint32_t b = known_bit(id, k);
		set[b / 8] = (uint8_t)(set[b / 8] | 1u << (b % 8));
	}
}

static bool is_letter(uint32_t fold)
{
	return guard_alpha(fold) ||
	       (fold >= 0xAA && fold < 0x2000 && fold != 0xD7 && fold != 0xF7 && fold != 0xB7 &&
		fold != 0xAB && fold != 0xBB && fold != 0xBF) ||
	       (fold >= 0xAC00 && fold < 0xD7A4);
}

static enum shape word_shape(const struct guard_text *t, size_t s, size_t e)
{
	size_t caps = 0;

	for (size_t i = s; i < e; i++)
		caps += t->raw[i] != t->fold[i] && guard_alpha(t->fold[i]) &&
			!(t->raw[i] >= 0xDF && t->raw[i] <= 0xFF) && t->raw[i] < 0x250 &&
			!(t->raw[i] >= 0x100 && t->raw[i] < 0x250 && (t->raw[i] & 1));
	bool first = t->raw[s] != t->fold[s];
	if (e - s == 1)
		return first ? SH_LETTER : SH_LOWER;
	return caps == 0 && !first ? SH_LOWER :
	       caps == e - s	   ? SH_UPPER :
	       first && caps <= 1 ? SH_CAPITAL :
				     SH_MIXED;
}

static void cut_one(const struct guard_text *t, const uint8_t *known, size_t *i,
		    struct guard_tok *k)
{
	uint32_t r = t->fold[*i];
	size_t s = *i, e = s + 1;

	if (guard_digit(r)) {
		while (guard_digit(t->fold[e]))
			e++;
		k->shape = (uint8_t)(e - s < 3 ? SH_DIGIT + e - s - 1 :
				     e - s < 6 ? SH_SOME :
						 SH_MANY);
	} else if (is_letter(r)) {
		while (is_letter(t->fold[e]))
			e++;
		k->shape = (uint8_t)word_shape(t, s, e);
	} else {
		k->shape = r == '\n'    ? SH_BREAK :
			   guard_han(r) ? SH_HAN :
			   r < 0x80     ? SH_SIGN :
					  SH_OTHER;
	}
	k->s = (uint32_t)s;
	k->e = (uint32_t)e;
	k->id = guard_tag_word(t->fold + s, e - s);
	if (k->shape >= SH_LOWER && k->shape <= SH_MIXED && guard_tag_known(known, k->id))
		k->flags = FL_KNOWN;
	if (k->shape == SH_HAN && guard_surname(r))
		k->flags = FL_SURNAME;
	*i = e;
}

int guard_tokenize(const struct guard_text *t, const uint8_t *known, struct arena *a,
		   struct guard_toks *ret)
{
	struct guard_toks k = { .t = t, .known = known };
	size_t lower = 0, upper = 0;

	k.v = arena_new(a, struct guard_tok, t->n + 1);
	if (!k.v)
		return ERR_TOOBIG;
	for (size_t i = 0; i < t->n;) {
		if (t->fold[i] == ' ') {
			i++;
			continue;
		}
		struct guard_tok *x = &k.v[k.n];
		cut_one(t, known, &i, x);
		if (k.n == 0 || k.v[k.n - 1].shape == SH_BREAK)
			x->flags |= FL_START;
		if (x->shape == SH_BREAK && k.n)
			k.v[k.n - 1].flags |= FL_LAST;
		lower += x->shape == SH_LOWER;
		upper += x->shape == SH_CAPITAL || x->shape == SH_UPPER || x->shape == SH_LETTER;
		k.n++;
	}
	if (k.n)
		k.v[k.n - 1].flags |= FL_LAST;
	k.mode = upper == 0 ? MODE_LOWER : lower == 0 && upper > 2 ? MODE_UPPER : MODE_MIXED;
	*ret = k;
	return 0;
}

bool guard_tag_foreign(const struct guard_toks *k, const uint8_t *tag)
{
	size_t strange = 0, known = 0, han = 0, kana = 0, other = 0, latin = 0;

	for (size_t i = 0; i < k->n; i++) {
		const struct guard_tok *x = &k->v[i];
		uint32_t r = k->t->fold[x->s];
		bool word = x->shape >= SH_LOWER && x->shape <= SH_MIXED;
		bool lower = x->shape == SH_LOWER && x->e - x->s > 1;
		known += x->flags & FL_KNOWN;
		/* where names have capitals, a strange word without one is no name */
		strange += lower && !(x->flags & FL_KNOWN) &&
			   (k->mode == MODE_MIXED || tag[i] == TAG_NONE);
		han += x->shape == SH_HAN;
		kana += r >= 0x3040 && r < 0x3100;
		other += word && r >= 0x370;
		latin += word && r < 0x370;
	}
	return kana > 1 || (other > 1 && other > latin + han) ||
	       (strange > 2 && strange > known && strange > han);
}

/* ---- features ---- */

struct feats {
	uint32_t *v;
	size_t n;
	uint32_t kind;
};

static void put(struct feats *f, uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t h = (uint64_t)(a + 1) * 0x9E3779B97F4A7C15u;

	h = (h ^ (h >> 29) ^ b) * 0xBF58476D1CE4E5B9u;
	h = (h ^ (h >> 32) ^ c ^ (uint64_t)++f->kind << 40) * 0x94D049BB133111EBu;
	f->v[f->n++] = (uint32_t)(h >> (64 - TAG_BITS));
}

static const struct guard_tok *tok(const struct guard_toks *k, size_t i, int off)
{
	static const struct guard_tok none = { .id = 1, .shape = SH_BREAK };
	size_t at = i + (size_t)off;

	return (off < 0 && i < (size_t)-off) || at >= k->n ? &none : &k->v[at];
}

/* Shape, common word, surname, and how the text uses capitals. */
static uint32_t look(const struct guard_toks *k, const struct guard_tok *x)
{
	return x->shape | (uint32_t)(x->flags & (FL_KNOWN | FL_SURNAME)) << 4 |
	       (uint32_t)k->mode << 8;
}

static void affixes(const struct guard_toks *k, const struct guard_tok *x, struct feats *f)
{
	const uint32_t *p = k->t->fold + x->s;
	size_t n = x->e - x->s;
	bool word = x->shape >= SH_LOWER && x->shape <= SH_MIXED && n > 2;

	put(f, word ? guard_tag_word(p, 2) : 0, word, 0);
	put(f, word ? guard_tag_word(p, 3) : 0, word, 1);
	put(f, word ? guard_tag_word(p + n - 2, 2) : 0, word, 2);
	put(f, word ? guard_tag_word(p + n - 3, 3) : 0, word, 3);
	put(f, word && n > 3 ? guard_tag_word(p + n - 4, 4) : 0, word, 4);
	put(f, word && n > 3 ? guard_tag_word(p, 4) : 0, word, 5);
}

/* Is there a digit, a "street" sign or a break in the five tokens to one side? */
static uint32_t around(const struct guard_toks *k, size_t i, int dir)
{
	uint32_t seen = 0;

	for (int d = 1; d <= 5; d++) {
		const struct guard_tok *x = tok(k, i, d * dir);
		seen |= x->shape >= SH_DIGIT && x->shape <= SH_MANY ? 1u : 0;
		seen |= x->shape == SH_BREAK ? 2u : 0;
		seen |= x->shape == SH_CAPITAL && !(x->flags & FL_KNOWN) ? 4u : 0;
	}
	return seen;
}

size_t guard_tag_features(const struct guard_toks *k, size_t i, uint32_t out[TAG_FEATURES])
{
	struct feats f = { out, 0, 0 };
	const struct guard_tok *p3 = tok(k, i, -3), *p2 = tok(k, i, -2), *p = tok(k, i, -1);
	const struct guard_tok *x = tok(k, i, 0), *q = tok(k, i, 1), *q2 = tok(k, i, 2);
	const struct guard_tok *q3 = tok(k, i, 3);
	uint32_t lp2 = look(k, p2), lp = look(k, p), l = look(k, x), lq = look(k, q),
		 lq2 = look(k, q2);

	put(&f, 0, 0, 0);
	put(&f, x->id, 0, 0);
	put(&f, x->id, l, 0);
	put(&f, p->id, 0, 0);
	put(&f, q->id, 0, 0);
	put(&f, p2->id, 0, 0);
	put(&f, q2->id, 0, 0);
	put(&f, p->id, x->id, 0);
	put(&f, x->id, q->id, 0);
	put(&f, p2->id, p->id, 0);
	put(&f, q->id, q2->id, 0);
	put(&f, p->id, q->id, 0);
	put(&f, p3->id, p2->id, p->id);
	put(&f, q->id, q2->id, q3->id);
	put(&f, l, 0, 0);
	put(&f, lp, l, 0);
	put(&f, l, lq, 0);
	put(&f, lp, l, lq);
	put(&f, lp2, lp, l);
	put(&f, l, lq, lq2);
	put(&f, p->id, l, 0);
	put(&f, q->id, l, 0);
	put(&f, p->id, l, lq);
	put(&f, p2->id, p->id, l);
	put(&f, p2->id, lp, l);
	put(&f, q2->id, lq, l);
	put(&f, l, q->id, q2->id);
	put(&f, p3->id, p2->id, l);
	put(&f, l, x->flags & (FL_START | FL_LAST), 0);
	put(&f, l, x->flags & (FL_START | FL_LAST), p->id);
	put(&f, p->id, p->flags & FL_START, l);
	put(&f, l, around(k, i, -1), around(k, i, 1));
	put(&f, l, around(k, i, -1), 7);
	put(&f, l, around(k, i, 1), 8);
	affixes(k, x, &f);
	if (x->shape == SH_HAN || p->shape == SH_HAN) {
		put(&f, p->id, x->id, q->id);
		put(&f, p2->id, p->id, x->id);
		put(&f, x->id, q->id, q2->id);
		put(&f, p->flags & FL_SURNAME, p2->flags & FL_SURNAME, x->id);
		put(&f, p->flags & FL_SURNAME, x->flags & FL_SURNAME, p2->id);
		put(&f, l, q2->id, q3->id);
		put(&f, p3->id, lp, l);
		put(&f, p2->flags & FL_SURNAME, q->id, l);
		put(&f, p->flags & FL_SURNAME, q->id, q2->id);
	}
	return f.n;
}

bool guard_tag_follows(int a, int b)
{
	if (b == TAG_PAD)
		return false;
	if (b == TAG_NAME_IN)
		return a == TAG_NAME || a == TAG_NAME_IN;
	if (b == TAG_ADDR_IN)
		return a == TAG_ADDR || a == TAG_ADDR_IN;
	return true;
}
