/* guard_tag.c: the tagger: opening a model, the best row of tags, names and addresses as hits.
 *
 * First-order Viterbi over seven tags. A thousand tokens take about a millisecond; the text is
 * bounded by LIM_TEXT_MSG. Pure functions, any thread.
 */
#include "guard_tag.h"

extern const unsigned char guard_tag_model[];
extern const size_t guard_tag_model_n;

int guard_tagger_own(struct guard_tagger *m)
{
	return guard_tagger_open(m, guard_tag_model, guard_tag_model_n);
}

int guard_tagger_open(struct guard_tagger *m, const void *bytes, size_t n)
{
	const struct guard_tag_file *f = bytes;
	size_t want = sizeof(*f) + (size_t)TAG_ROWS * TAG_COUNT + (1u << TAG_KNOWN_BITS) / 8;

	if (n != want || memcmp(f->magic, "CALLMTG1", 8) != 0 || f->rows != TAG_ROWS ||
	    f->known_bits != TAG_KNOWN_BITS)
		return ERR_CORRUPT;
	m->step = f->step;
	m->lean = f->lean;
	m->w = (const int8_t(*)[TAG_COUNT])(const void *)(f + 1);
	m->known = (const uint8_t *)(f + 1) + (size_t)TAG_ROWS * TAG_COUNT;
	return 0;
}

/* Sums of the rows of token i. */
static void score_token(const struct guard_tagger *m, const struct guard_toks *k, size_t i,
			int sum[TAG_COUNT])
{
	uint32_t rows[TAG_FEATURES];
	size_t n = guard_tag_features(k, i, rows);

	memset(sum, 0, sizeof(int) * TAG_COUNT);
	for (size_t f = 0; f < n; f++) {
		const int8_t *w = m->w[rows[f]];
		for (int g = 0; g < TAG_COUNT; g++)
			sum[g] += w[g];
	}
}

/* The best way to tag b of token i, from the sums so far. */
static int step_to(const struct guard_tagger *m, const int *now, int b, uint8_t *from)
{
	int best = -1000000000;

	for (int a = 0; a < TAG_USED; a++) {
		int s = now[a] + m->step[a][b];
		if (s > best && guard_tag_follows(a, b)) {
			best = s;
			*from = (uint8_t)a;
		}
	}
	return best;
}

/* The best tags of all tokens into tag; back: n rows of work space. */
static void best_row(const struct guard_tagger *m, const struct guard_toks *k,
		     uint8_t (*back)[TAG_COUNT], uint8_t *tag)
{
	int now[TAG_COUNT] = { 0 }, next[TAG_COUNT], sum[TAG_COUNT];

	for (size_t i = 0; i < k->n; i++) {
		score_token(m, k, i, sum);
		int part = guard_han(k->t->fold[k->v[i].s]) ? 3 : 1;
		for (int b = 0; b < TAG_USED; b++)
			next[b] = sum[b] + m->lean[b] / part +
				  (i ? step_to(m, now, b, &back[i][b]) :
				   guard_tag_follows(TAG_COUNT, b) ? 0 :
								     -100000000);
		memcpy(now, next, sizeof(int) * TAG_USED);
	}
	int g = 0;
	for (int b = 1; b < TAG_USED; b++)
		g = now[b] > now[g] ? b : g;
	for (size_t i = k->n; i > 0; i--) {
		tag[i - 1] = (uint8_t)g;
		g = back[i - 1][g];
	}
}

/* A sign at the edge of a span belongs to the sentence. */
static bool loose_edge(const struct guard_text *t, const struct guard_tok *x)
{
	return x->e - x->s == 1 &&
	       guard_in_set(t->fold[x->s], ".,;:!?()[]\"'<>\n-、，。；：！？“”");
}

static bool is_place(uint8_t tag)
{
	return tag == TAG_ADDR || tag == TAG_ADDR_IN || tag == TAG_PLACE;
}

static bool token_is(const struct guard_toks *k, size_t i, const char *list)
{
	size_t n = guard_any_at(k->t, k->v[i].s, list);
	return n && n == k->v[i].e - k->v[i].s;
}

/* "the air fryer": one small word behind an article, or behind one more word that is nobody's
 * calling, names a thing. */
static bool is_thing(const struct guard_toks *k, size_t from, size_t to)
{
	static const char articles[] = "the|a|an";
	static const char callings[] = "agent|colleague|lady|man|woman|guy|girl|boy|customer|"
				       "driver|courier|manager|doctor|name|is|was|called|named|"
				       "neighbour|neighbor|recipient|buyer|owner|technician|"
				       "friend|wife|husband|son|daughter|nurse|teacher|person|"
				       "stranger|guest|tenant";
	const struct guard_tok *x = &k->v[from];

	if (to - from != 1 || !from)
		return false;
	for (size_t i = x->s; i < x->e; i++)
		if (k->t->raw[i] != k->t->fold[i] || !guard_alpha(k->t->fold[i]))
			return false;
	if (token_is(k, from - 1, articles))
		return true;
	return from > 1 && token_is(k, from - 2, articles) && !token_is(k, from - 1, callings);
}

/* What no person is called: a thing, something with digits, a lone Han sign (the rules know
 * 王先生), a common word. */
static bool no_name(const struct guard_toks *k, size_t from, size_t to)
{
	size_t s = k->v[from].s, e = k->v[to - 1].e;

	for (size_t i = s; i < e; i++)
		if (guard_digit(k->t->fold[i]))
			return true;
	return is_thing(k, from, to) || (to - from == 1 && guard_han(k->t->fold[s])) ||
	       guard_not_name(k->t, s, e, to - from == 1);
}

/* RMB, RMB 1,500: nothing but money. */
static bool is_money(const struct guard_text *t, size_t s, size_t e)
{
	size_t i =
		s +
		guard_any_at(t, s, "rmb|cny|usd|eur|gbp|hkd|jpy|chf|cad|aud|sgd|dollars|euros");

	while (i > s && i < e && (guard_digit(t->fold[i]) || guard_in_set(t->fold[i], " .,")))
		i++;
	return i == e;
}

/* 15 March, 90 Mbps: a month or a unit behind a number of at most three digits. */
static bool is_measure_en(const struct guard_text *t, size_t s, size_t e)
{
	static const char words[] =
		"january|february|march|april|may|june|july|august|september|"
		"october|november|december|mbps|gbps|km|cm|mm|kg|hours|days|"
		"minutes|percent|times|years|months|weeks|yuan|rmb|euros|pounds";
	size_t i = s;

	while (i < e && guard_digit(t->fold[i]))
		i++;
	return i > s && i - s <= 3 && i < e && t->fold[i] == ' ' &&
	       guard_any_at(t, i + 1, words) == e - i - 1;
}

/* 身高 165 厘米约 69 厘米: numbers, their units, and what measures are told with; nothing else. */
static bool is_measure_zh(const struct guard_text *t, size_t s, size_t e)
{
	static const char signs[] = "厘米|毫米|公分|公斤|千克|斤|元|天|分钟|小时|倍";
	bool measure = false;
	size_t k = s;

	while (k < e) {
		size_t n = k && guard_digit(t->fold[k - 1]) ? guard_any_at(t, k, signs) : 0;
		if (!n && t->fold[k] == ' ' && k && guard_digit(t->fold[k - 1]))
			n = (n = guard_any_at(t, k + 1, signs)) ? n + 1 : 0;
		measure |= n > 0;
		if (!n && !guard_digit(t->fold[k]) &&
		    !guard_in_set(t->fold[k], " .,，、。身高体重长宽深厚约至到和"))
			return false;
		k += n ? n : 1;
	}
	return measure;
}

/* A short number with no place beside it: 16:9, error 404; a measure, money. */
static bool no_address(const struct guard_toks *k, const uint8_t *tag, size_t from, size_t to)
{
	size_t digits = 0;

	if (is_money(k->t, k->v[from].s, k->v[to - 1].e) ||
	    is_measure_en(k->t, k->v[from].s, k->v[to - 1].e) ||
	    is_measure_zh(k->t, k->v[from].s, k->v[to - 1].e))
		return true;
	for (size_t i = k->v[from].s; i < k->v[to - 1].e; i++) {
		if (guard_word(k->t->fold[i]) && !guard_digit(k->t->fold[i]))
			return false;
		if (guard_han(k->t->fold[i]))
			return false;
		digits += guard_digit(k->t->fold[i]);
	}
	return digits < 5 && !(from > 0 && is_place(tag[from - 1])) &&
	       !(to < k->n && is_place(tag[to]));
}

static void add_span(const struct guard_toks *k, const uint8_t *tag, size_t from, size_t to,
		     struct guard_hits *h)
{
	bool name = tag[from] == TAG_NAME;

	while (from < to && loose_edge(k->t, &k->v[from]))
		from++;
	while (from < to && loose_edge(k->t, &k->v[to - 1]))
		to--;
	if (from == to || (name ? no_name(k, from, to) : no_address(k, tag, from, to)))
		return;
	guard_hit_add(h, k->v[from].s, k->v[to - 1].e, name ? PII_NAME : PII_ADDRESS, 1);
}

void guard_find_tagged(const struct guard_text *t, const struct guard_tagger *m, struct arena *a,
		       struct guard_hits *h)
{
	struct guard_toks k;

	if (guard_tokenize(t, m->known, a, &k) || !k.n)
		return;
	uint8_t *tag = arena_new(a, uint8_t, k.n + 1);
	uint8_t(*back)[TAG_COUNT] = arena_alloc(a, (k.n + 1) * sizeof(*back));
	if (!tag || !back)
		return;
	best_row(m, &k, back, tag);
	if (guard_tag_foreign(&k, tag))
		return;
	for (size_t i = 0; i < k.n; i++) {
		size_t s = i;
		if (tag[i] != TAG_NAME && tag[i] != TAG_ADDR)
			continue;
		while (i + 1 < k.n && tag[i + 1] == tag[s] + 1)
			i++;
		add_span(&k, tag, s, i + 1, h);
	}
}
