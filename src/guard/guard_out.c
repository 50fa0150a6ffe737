/* guard_out.c: the outbound gate: what a model wrote may only say what the sources say.
 *
 * Sentence by sentence: no talk about instructions; every number, clock time, link, address and
 * code must stand in a source (a number the customer gave may be repeated), near words the
 * sentence shares; strong words (free, guarantee, 免费, 保证) need a source that uses them; and
 * enough of the content words must come from the sources. A polite sentence without facts
 * passes. Same-language sources are assumed: a sentence in another language has no support and
 * fails, the caller then quotes the source instead. Works in an arena of its own, freed before
 * return; any thread.
 */
#include "guard_fact.h"

#define NGRAMS_MAX 8192  /* content words of all sources */
#define OVERLAP_EN 0.5
#define OVERLAP_ZH 0.45
#define FOREIGN_COST 2.0 /* a word of the customer that no source has weighs double */

struct grams {
	uint64_t *v;             /* open addressing, 0 = empty */
	size_t n;
};

struct doc {
	struct guard_text t;
	struct fact *facts;
	size_t n_facts;
	sv clean;
};
struct gate {
	struct arena a;
	struct doc *docs;
	size_t n;
	struct doc customer;
	struct grams known, asked;
};

/* ---- content words ---- */

static const char *const stop_en = "a|an|the|and|or|but|if|then|of|in|on|at|to|for|from|by|"
				   "with|as|is|are|was|were|be|been|being|do|does|did|has|"
				   "have|had|can|could|will|would|shall|should|may|might|must|"
				   "it|its|this|that|these|those|there|here|i|we|you|he|"
				   "she|they|me|us|him|her|them|my|our|your|his|their|not|no|"
				   "yes|so|very|just|also|too|only|when|where|which|who|"
				   "what|how|why|than|about|into|after|before|within|per|all|"
				   "any|each|both|more|most|some|such|up|out|over|"
				   "please|get|got|make|made|let|once|during|until|while|"
				   "because|however|still|one|need|want|like|am|im|ill|"
				   "youll|dont|cant|isnt|are|arent|wont|well|ok|okay|sure|"
				   "every|either|other|same|own|simply|normally|usually";
static const char *const polite_en = "sorry|apologize|apologise|apologies|understand|trouble|"
				     "inconvenience|frustrating|frustrated|annoying|annoyed|"
				     "disappointing|disappointed|upset|worry|worried|thank|"
				     "thanks|welcome|happy|glad|help|assist|assistance|"
				     "question|questions|anything|else|know|hope|day|nice|"
				     "great|good|further|happened|hear|feel|feeling|sincerely|"
				     "hello|hi|goodbye|bye|contacting|patience|experience|"
				     "situation|caused|cause|certainly|absolutely|course|"
				     "pleasure|today|looking|forward|really|completely|how|"
				     "must|matter|concern|reaching|wish|best|wonderful";
static const char *const polite_zh =
	"非常抱歉|很抱歉|抱歉|对不起|不好意思|给您添麻烦了|给您带来不便|带来的不便|带来不便|"
	"添麻烦|理解您的心情|理解您的感受|"
	"完全理解|非常理解|很理解|理解|感谢您的|感谢|谢谢您|谢谢|您好|你好|请问|还有什么|"
	"有什么|可以帮您|能帮您|帮您|帮到您|"
	"希望|祝您|生活愉快|愉快|再见|不客气|很高兴|为您服务|服务|别着急|请放心|不用担心|着急|"
	"心情|感受|耐心|等待|随时|联系我们|"
	"欢迎|请拨打|拨打|致电|问题|需要|其他|的吗|好的|没问题|当然|关于|这件事|情况|如果|您的|"
	"我们|什么|还|的|了|吗|呢|您|我|是|会|有|请|给|对";
static const char *const stop_zh = "的了吗呢吧啊呀您你我他她们是在有和与或就都也还把被给对从到"
				   "为以于而且则等这那些个可会能要请让上下中里后前时如果并将";

static bool in_list(const struct guard_text *t, size_t i, size_t n, const char *list)
{
	return n && guard_any_at(t, i, list) == n;
}

/* Length of the word without a plural or verb ending. */
static size_t stem(const struct guard_text *t, size_t i, size_t n)
{
	static const char *const ends[] = { "ations", "ation", "ings", "ing", "ies", "ied",
					    "ed",     "es",    "ly",   "s",   "y",   "e" };

	for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
		size_t m = strlen(ends[k]), j = 0;
		if (n < m + 3)
			continue;
		while (j < m && t->fold[i + n - m + j] == (unsigned char)ends[k][j])
			j++;
		if (j == m)
			return n - m > 3 && t->fold[i + n - m - 1] == t->fold[i + n - m - 2] ?
				       n - m - 1 :
				       n - m;
	}
	return n;
}

static uint64_t hash_runes(const uint32_t *p, size_t n)
{
	uint64_t h = sv_hash(sv_n((const char *)p, n * sizeof(*p)));

	return h ? h : 1;
}

static bool grams_has(const struct grams *g, uint64_t h)
{
	for (size_t i = h % NGRAMS_MAX, k = 0; k < NGRAMS_MAX && g->v[i];
	     k++, i = (i + 1) % NGRAMS_MAX)
		if (g->v[i] == h)
			return true;
	return false;
}

static void grams_put(struct grams *g, uint64_t h)
{
	size_t i = h % NGRAMS_MAX;

	if (g->n > NGRAMS_MAX * 3 / 4)
		return;
	while (g->v[i] && g->v[i] != h)
		i = (i + 1) % NGRAMS_MAX;
	g->n += !g->v[i];
	g->v[i] = h;
}

static bool latin(uint32_t r)
{
	return guard_alpha(r) || (r >= 0xDF && r < 0x1100 && r != 0xF7);
}

/* The next content word of t at *i (before to): its hash, 0 at the end. Han text gives pairs. */
static uint64_t gram_next(const struct guard_text *t, size_t *i, size_t to, bool *ret_han)
{
	while (*i < to) {
		size_t s = *i;
		if (latin(t->fold[s])) {
			while (*i < to && (latin(t->fold[*i]) ||
					   (t->fold[*i] == '\'' && latin(t->fold[*i + 1]))))
				(*i)++;
			if (*i - s < 2 || in_list(t, s, *i - s, stop_en))
				continue;
			*ret_han = false;
			return hash_runes(t->fold + s, stem(t, s, *i - s));
		}
		(*i)++;
		bool pair = guard_han(t->fold[s]) && s + 1 < to && guard_han(t->fold[s + 1]);
		if (!pair || guard_in_set(t->fold[s], stop_zh) ||
		    guard_in_set(t->fold[s + 1], stop_zh))
			continue;
		*ret_han = true;
		return hash_runes(t->fold + s, 2);
	}
	return 0;
}

static void grams_fill(struct grams *g, const struct guard_text *t, size_t from, size_t to)
{
	bool han;
	uint64_t h;

	while ((h = gram_next(t, &from, to, &han)))
		grams_put(g, h);
}

/* ---- documents ---- */

static bool doc_open(struct gate *g, sv text, struct doc *d)
{
	d->clean = text;
	if (guard_decode(text, &g->a, &d->t))
		return false;
	d->facts = arena_new(&g->a, struct fact, FACTS_MAX + 1);
	if (!d->facts)
		return false;
	d->n_facts = guard_facts(&d->t, 0, d->t.n, d->facts, FACTS_MAX);
	d->n_facts = d->n_facts > FACTS_MAX ? FACTS_MAX : d->n_facts;
	return true;
}

static bool gate_open(struct gate *g, const struct guard_source *src, size_t n, sv customer)
{
	arena_init(&g->a, LIM_ARENA_TURN * 4);
	g->docs = arena_new(&g->a, struct doc, n + 1);
	g->known.v = arena_new(&g->a, uint64_t, NGRAMS_MAX);
	g->asked.v = arena_new(&g->a, uint64_t, NGRAMS_MAX);
	if (!g->docs || !g->known.v || !g->asked.v || !doc_open(g, customer, &g->customer))
		return false;
	grams_fill(&g->asked, &g->customer.t, 0, g->customer.t.n);
	for (g->n = 0; g->n < n; g->n++) {
		struct doc *d = &g->docs[g->n];
		if (!doc_open(g, src[g->n].text, d))
			return false;
		grams_fill(&g->known, &d->t, 0, d->t.n);
	}
	return true;
}

/* ---- checks; each returns NULL or what is wrong ---- */

static const char *check_leak(const struct guard_text *t, size_t from, size_t to)
{
	static const char *const leaks =
		"system prompt|my instructions|my prompt|numbered sources|the sources "
		"provided|no_answer|as an ai|"
		"as a language model|language model|i was told to|im_start|im_end|according to "
		"the sources|"
		"作为一个ai|作为ai|作为人工智能|语言模型|系统提示|提示词|我的指令|"
		"根据提供的资料|根据以上资料|编号的资料";

	for (size_t i = from; i < to; i++)
		if (guard_any_at(t, i, leaks))
			return "leaks instructions";
	return NULL;
}

static bool code_sign(uint32_t r)
{
	return guard_word(r) || guard_in_set(r, "@:/.-_?=&%#+");
}

static bool doc_has(const struct doc *d, const uint32_t *p, size_t n)
{
	for (size_t i = 0; i + n <= d->t.n; i++) {
		size_t k = 0;
		while (k < n && d->t.fold[i + k] == p[k])
			k++;
		if (k == n)
			return true;
	}
	return false;
}

/* Links, e-mail addresses and codes like HH2026-100123 stand in a source letter by letter. */
static const char *check_codes(const struct gate *g, const struct guard_text *t, size_t from,
			       size_t to)
{
	for (size_t i = from; i < to; i++) {
		size_t s = i, alphas = 0, digits = 0;
		bool at = false, dot = false;
		while (i < to && code_sign(t->fold[i])) {
			alphas += guard_alpha(t->fold[i]);
			digits += guard_digit(t->fold[i]);
			at = at || t->fold[i] == '@';
			dot = dot ||
			      (t->fold[i] == '.' && guard_alpha(t->fold[i + 1]) && i > s + 2 &&
			       i + 1 < to) ||
			      (t->fold[i] == '/' && t->fold[i + 1] == '/');
			i++;
		}
		size_t e = i;
		while (e > s && guard_in_set(t->fold[e - 1], ".:?/-"))
			e--;
		bool code = guard_alpha(t->fold[s]) && alphas && digits >= 4;
		if (e - s < 4 || !(at || dot || code))
			continue;
		bool found = code && !at && !dot && doc_has(&g->customer, t->fold + s, e - s);
		for (size_t k = 0; k < g->n && !found; k++)
			found = doc_has(&g->docs[k], t->fold + s, e - s);
		if (!found)
			return at           ? "address without source" :
			       code && !dot ? "code without source" :
					      "link without source";
	}
	return NULL;
}

static size_t line_start(const struct guard_text *t, size_t i)
{
	while (i > 0 && t->fold[i - 1] != '\n')
		i--;
	return i;
}

static size_t line_end(const struct guard_text *t, size_t i)
{
	while (i < t->n && t->fold[i] != '\n')
		i++;
	return i;
}

static bool shares_word(const struct guard_text *a, size_t from, size_t to,
			const struct grams *said)
{
	bool han;
	uint64_t h;

	while ((h = gram_next(a, &from, to, &han)))
		if (grams_has(said, h))
			return true;
	return false;
}

/* A fact of the source counts when its paragraph, or the title, speaks of what the sentence
 * speaks of. */
static bool fact_in(const struct doc *d, const struct fact *f, const struct grams *said)
{
	for (size_t i = 0; i < d->n_facts; i++) {
		if (!guard_fact_same(f, &d->facts[i]))
			continue;
		size_t s = line_start(&d->t, d->facts[i].s), e = line_end(&d->t, d->facts[i].s);
		if (said->n == 0 || shares_word(&d->t, s, e, said) ||
		    shares_word(&d->t, 0, line_end(&d->t, 0), said))
			return true;
	}
	return false;
}

static bool repeats_customer(const struct gate *g, const struct fact *f)
{
	for (size_t i = 0; i < g->customer.n_facts; i++)
		if (guard_fact_same(f, &g->customer.facts[i]))
			return true;
	return false;
}

/* A part of a telephone or other long number that stands in a source as it is. */
static bool in_long_number(const struct gate *g, const struct guard_text *t, const struct fact *f)
{
	size_t s = f->s, e = f->e, digits = 0;

	while (s > 0 && (guard_digit(t->fold[s - 1]) || t->fold[s - 1] == '-'))
		s--;
	while (guard_digit(t->fold[e]) || t->fold[e] == '-')
		e++;
	for (size_t i = s; i < e; i++)
		digits += guard_digit(t->fold[i]);
	for (size_t k = 0; digits >= 7 && k < g->n; k++)
		if (doc_has(&g->docs[k], t->fold + s, e - s))
			return true;
	return false;
}

static const char *fact_why(const struct fact *f)
{
	switch (f->unit) {
	case FACT_PERCENT:
		return "percentage without source";
	case FACT_MONEY:
		return "price without source";
	case FACT_CLOCK:
		return "time without source";
	default:
		return "number without source";
	}
}

static const char *check_numbers(struct gate *g, const struct guard_text *t, size_t from, size_t to)
{
	struct fact *f = arena_new(&g->a, struct fact, FACTS_MAX + 1);
	struct grams said = { .v = arena_new(&g->a, uint64_t, NGRAMS_MAX) };
	if (!f || !said.v)
		return "too long to check";
	size_t n = guard_facts(t, from, to, f, FACTS_MAX);

	if (n > FACTS_MAX)
		return "too many numbers";
	grams_fill(&said, t, from, to);
	for (size_t i = 0; i < n; i++) {
		bool found = (f[i].unit == FACT_PLAIN && repeats_customer(g, &f[i])) ||
			     in_long_number(g, t, &f[i]);
		for (size_t k = 0; k < g->n && !found; k++)
			found = fact_in(&g->docs[k], &f[i], &said);
		if (!found)
			return fact_why(&f[i]);
	}
	return NULL;
}

static const char *const strong[] = {
	"free|for free|no charge|free of charge|gratis|免费|不收费|包邮|不要钱|不用钱",
	"guarantee|guaranteed|guarantees|promise|promised|保证|承诺|担保",
	"compensation|compensate|赔偿|补偿|赔付",
	"full refund|refund in full|全额退款|全款退",
	"lifetime|forever|终身|永久",
	"unlimited|无限",
};

static bool any_in(const struct guard_text *t, size_t from, size_t to, const char *list)
{
	for (size_t i = from; i < to; i++)
		if (guard_any_at(t, i, list))
			return true;
	return false;
}

static const char *check_strong(const struct gate *g, const struct guard_text *t, size_t from,
				size_t to)
{
	for (size_t k = 0; k < sizeof(strong) / sizeof(strong[0]); k++) {
		bool found = !any_in(t, from, to, strong[k]);
		for (size_t d = 0; d < g->n && !found; d++)
			found = any_in(&g->docs[d].t, 0, g->docs[d].t.n, strong[k]);
		if (!found)
			return "promise without source";
	}
	return NULL;
}

/* Marks what needs no support: the polite phrases of a Chinese sentence (Latin words are asked
 * one by one) and the numbers, which were checked as facts. */
static bool *polite_marks(struct gate *g, const struct guard_text *t, size_t from, size_t to)
{
	bool *m = arena_new(&g->a, bool, to - from + 1);
	struct fact *f = arena_new(&g->a, struct fact, FACTS_MAX + 1);

	if (!m || !f)
		return NULL;
	size_t n = guard_facts(t, from, to, f, FACTS_MAX);
	for (size_t i = 0; i < n && i < FACTS_MAX; i++)
		if (f[i].e <= to)
			memset(m + (f[i].s - from), 1, f[i].e - f[i].s);

	for (size_t i = from; i < to; i++) {
		size_t k = guard_han(t->fold[i]) ? guard_any_at(t, i, polite_zh) : 0;
		if (k && i + k <= to)
			memset(m + (i - from), 1, k);
	}
	return m;
}

static const char *check_words(struct gate *g, const struct guard_text *t, size_t from, size_t to)
{
	const bool *polite = polite_marks(g, t, from, to);
	double known = 0, all = 0, han_all = 0;
	size_t i = from;
	bool han = false;
	uint64_t h;

	if (!polite)
		return "too long to check";
	while ((h = gram_next(t, &i, to, &han))) {
		size_t s = han ? i - 1 : i;
		while (!han && s > from && (latin(t->fold[s - 1]) || t->fold[s - 1] == '\''))
			s--;
		if (polite[s - from] ||
		    (han ? polite[s + 1 - from] : in_list(t, s, i - s, polite_en)))
			continue;
		bool k = grams_has(&g->known, h);
		double w = !k && grams_has(&g->asked, h) ? FOREIGN_COST : 1;
		known += k ? w : 0;
		all += w;
		han_all += han ? w : 0;
	}
	double least = han_all > all / 2 ? OVERLAP_ZH : OVERLAP_EN;
	return all > 0 && known < least * all ? "not enough of it in the sources" : NULL;
}

static const char *check_sentence(struct gate *g, const struct guard_text *t, size_t from,
				  size_t to)
{
	const char *why = check_leak(t, from, to);

	if (!why)
		why = check_codes(g, t, from, to);
	if (!why)
		why = check_numbers(g, t, from, to);
	if (!why)
		why = check_strong(g, t, from, to);
	return why ? why : check_words(g, t, from, to);
}

/* End of the sentence that begins at i. */
static size_t sentence_end(const struct guard_text *t, size_t i)
{
	for (; i < t->n; i++) {
		uint32_t r = t->fold[i];
		if (r == '\n' || r == 0x3002 || (guard_in_set(r, "!?;") && t->fold[i + 1] != '='))
			return i + 1;
		if (r == '.' &&
		    (t->fold[i + 1] == ' ' || t->fold[i + 1] == '\n' || i + 1 == t->n) &&
		    !(i > 0 && guard_digit(t->fold[i - 1]) &&
		      (i == 1 || t->fold[i - 2] == '\n')))
			return i + 1;
	}
	return t->n;
}

void guard_outbound(sv reply, const struct guard_source *src, size_t n, sv customer_text,
		    struct guard_verdict *ret)
{
	struct gate g = { 0 };
	struct guard_text t;

	*ret = (struct guard_verdict){ .ok = true };
	if (!gate_open(&g, src, n, customer_text) || guard_decode(reply, &g.a, &t))
		*ret = (struct guard_verdict){ .why = "too long to check", .sentence = reply };
	for (size_t i = 0, e; ret->ok && i < t.n; i = e) {
		e = sentence_end(&t, i);
		ret->why = check_sentence(&g, &t, i, e);
		ret->ok = !ret->why;
		if (!ret->ok)
			ret->sentence = sv_trim(sv_slice(reply, t.at[i], t.at[e]));
	}
	arena_done(&g.a);
}
