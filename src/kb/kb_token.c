/* kb_token.c: the tokenizer: folded, lightly stemmed words; numbers; pairs of CJK characters.
 *
 * One scanner feeds the full text (kb_tokenize), the ranker (kb_terms) and the normal form of
 * titles. CJK has no spaces, and its commonest query is a word of two characters, so the unit is
 * the pair; the last character of a run is added when indexing, so that a prefix search for one
 * character finds every place where it stands. Stemming takes off only what inflection adds
 * (plural, -ing, -ed) and maps some sixty irregular forms; derivation is left to the synonyms.
 * Pure functions, any thread.
 */
#include "kb_int.h"

static const char *const irregular[][2] = {
	{ "used", "use" }, { "using", "use" }, { "uses", "use" }, { "paid", "pay" },
	{ "bought", "buy" }, { "sent", "send" }, { "lost", "lose" }, { "got", "get" },
	{ "gotten", "get" }, { "broke", "break" }, { "broken", "break" }, { "came", "come" },
	{ "coming", "come" }, { "went", "go" }, { "gone", "go" }, { "going", "go" },
	{ "goes", "go" }, { "gave", "give" }, { "given", "give" }, { "giving", "give" },
	{ "took", "take" }, { "taken", "take" }, { "taking", "take" }, { "left", "leave" },
	{ "leaving", "leave" }, { "forgot", "forget" }, { "forgotten", "forget" },
	{ "kept", "keep" }, { "sold", "sell" }, { "told", "tell" }, { "found", "find" },
	{ "chose", "choose" }, { "chosen", "choose" }, { "choosing", "choose" },
	{ "slept", "sleep" }, { "stole", "steal" }, { "stolen", "steal" }, { "worn", "wear" },
	{ "wore", "wear" }, { "torn", "tear" }, { "spoke", "speak" }, { "spoken", "speak" },
	{ "children", "child" }, { "feet", "foot" }, { "knives", "knife" },
	{ "shelves", "shelf" }, { "halves", "half" }, { "spent", "spend" }, { "held", "hold" },
	{ "owed", "owe" }, { "owing", "owe" }, { "fell", "fall" }, { "fallen", "fall" },
	{ "hung", "hang" }, { "built", "build" }, { "made", "make" }, { "making", "make" },
	{ "having", "have" }, { "ate", "eat" }, { "eaten", "eat" }, { "woke", "wake" },
	{ "bent", "bend" }, { "shrunk", "shrink" }, { "shrank", "shrink" }, { "ran", "run" },
	{ "tried", "try" }, { "tries", "try" }, { "died", "die" }, { "dying", "die" },
	{ "lying", "lie" }, { "written", "write" }, { "wrote", "write" }, { "stuck", "stick" },
	{ "moving", "move" }, { "moved", "move" }, { "moves", "move" }, { "losing", "lose" },
};

static bool has_vowel(const char *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memchr("aeiouy", w[i], 6))
			return true;
	return false;
}

static bool ends(const char *w, size_t n, const char *suf)
{
	size_t k = strlen(suf);

	return n >= k && memcmp(w + n - k, suf, k) == 0;
}

static size_t stem_irregular(char *w, size_t n)
{
	for (size_t i = 0; i < sizeof(irregular) / sizeof(*irregular); i++) {
		const char *from = irregular[i][0];

		if (from[0] != w[0] || strlen(from) != n || memcmp(from, w, n) != 0)
			continue;
		n = strlen(irregular[i][1]);
		memcpy(w, irregular[i][1], n);
		break;
	}
	return n;
}

static size_t stem_plural(char *w, size_t n)
{
	if (w[n - 1] != 's' || ends(w, n, "ss") || ends(w, n, "us") || ends(w, n, "is"))
		return n;
	if (ends(w, n, "ies") && n > 4) {
		w[n - 3] = 'y';
		return n - 2;
	}
	if (ends(w, n, "sses") || ends(w, n, "xes") || ends(w, n, "ches") || ends(w, n, "shes"))
		return n - 2;
	return n - 1;
}

/* "sav" (saving) is save, "wait" (waiting) stays: three letters, consonant vowel consonant. */
static size_t add_e(char *w, size_t n)
{
	if (n != 3 || has_vowel(w, 1) || !has_vowel(w + 1, 1) || has_vowel(w + 2, 1) ||
	    w[2] == 'w' || w[2] == 'x')
		return n;
	w[3] = 'e';
	return 4;
}

static size_t stem_tense(char *w, size_t n)
{
	if (ends(w, n, "ied") && n > 4) {
		w[n - 3] = 'y';
		return n - 2;
	}
	if (ends(w, n, "ing") && n >= 6 && has_vowel(w, n - 3))
		return add_e(w, n - 3);
	if (ends(w, n, "ed") && n >= 5 && !ends(w, n, "eed") && has_vowel(w, n - 2))
		return add_e(w, n - 2);
	return n;
}

static size_t stem_once(char *w, size_t n)
{
	size_t m;

	if (n < 3)
		return n;
	m = stem_irregular(w, n);
	if (m != n || m < 4)
		n = m;
	else
		n = stem_tense(w, stem_plural(w, n));
	if (n >= 4 && w[n - 1] == w[n - 2] && !memchr("aeiou", w[n - 1], 5))
		n--;
	if (n >= 5 && w[n - 1] == 'e')
		n--;
	return n;
}

/* To the fixed point, so that a stem is its own stem and may be searched for as it is. */
size_t kb_stem(char *w, size_t n)
{
	char was[KB_WORD_MAX + 8];
	size_t m;

	ASSERT(n <= KB_WORD_MAX);
	for (int round = 0; round < 8; round++) {
		memcpy(was, w, n);
		m = stem_once(w, n);
		if (m == n && memcmp(was, w, n) == 0)
			break;
		n = m;
	}
	return n;
}

bool kb_is_punct(uint32_t r)
{
	if (r < 0x80)
		return !((r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') ||
			 (r >= 'A' && r <= 'Z'));
	return r < 0xC0 || r == 0xD7 || r == 0xF7 || (r >= 0x2000 && r <= 0x2BFF) ||
	       (r >= 0x3000 && r <= 0x303F) || (r >= 0xE000 && r <= 0xF8FF) ||
	       (r >= 0xFE00 && r <= 0xFE6F) || (r >= 0xFF00 && r <= 0xFFFF) || r >= 0x1F000;
}

void kb_scan_init(struct kb_scan *s, sv text)
{
	s->all = s->rest = text;
	s->n = 0;
	s->start = s->end = 0;
	s->cjk = s->number = false;
}

static bool is_digit(uint32_t r)
{
	return r >= '0' && r <= '9';
}

/* "1,500" and "3.5" are one number; the comma goes. */
static bool joins_number(const struct kb_scan *s, sv after, uint32_t sep)
{
	uint32_t next = sv_fold(sv_rune(&after));

	return (sep == '.' || sep == ',') && s->number && is_digit(next);
}

/* "don't", "customer's" */
static bool joins_word(const struct kb_scan *s, sv after, uint32_t sep)
{
	uint32_t next;

	if ((sep != '\'' && sep != 0x2019) || s->number)
		return false;
	next = sv_fold(sv_rune(&after));
	return next >= 'a' && next <= 'z';
}

static void put_rune(struct kb_scan *s, uint32_t r)
{
	char enc[4];
	size_t k = sv_encode(r, enc);

	if (s->n + k <= KB_WORD_MAX) {
		memcpy(s->buf + s->n, enc, k);
		s->n += k;
	}
}

static void scan_word(struct kb_scan *s)
{
	bool latin = true, possessive = false;

	while (s->rest.n) {
		sv after = s->rest;
		uint32_t raw = sv_rune(&after), r = sv_fold(raw);

		if (sv_is_cjk(r))
			break;
		if (kb_is_punct(r)) {
			if (joins_number(s, after, raw)) {
				if (r == '.')
					put_rune(s, r);
			} else if (joins_word(s, after, raw)) {
				possessive = after.n && (after.p[0] | 32) == 's' &&
					     (after.n == 1 ||
					      kb_is_punct((unsigned char)after.p[1]));
			} else {
				break;
			}
			s->rest = after;
			if (possessive) {
				s->rest = sv_n(after.p + 1, after.n - 1);
				break;
			}
			continue;
		}
		s->number = s->number && is_digit(r);
		latin = latin && r >= 'a' && r <= 'z';
		put_rune(s, r);
		s->rest = after;
	}
	if (latin)
		s->n = kb_stem(s->buf, s->n);
}

bool kb_scan_next(struct kb_scan *s)
{
	while (s->rest.n) {
		sv after = s->rest;
		uint32_t r = sv_fold(sv_rune(&after));

		s->n = 0;
		if (!sv_is_cjk(r) && kb_is_punct(r)) {
			s->rest = after;
			continue;
		}
		s->start = s->all.n - s->rest.n;
		s->cjk = sv_is_cjk(r);
		s->number = is_digit(r);
		if (s->cjk) {
			put_rune(s, r);
			s->rest = after;
		} else {
			scan_word(s);
		}
		s->end = s->all.n - s->rest.n;
		if (s->n)
			return true;
	}
	return false;
}

struct run {                     /* CJK characters seen so far in a row */
	char c[8];
	size_t n, start, end, len;
};

/* The last character of a run stands alone: always when indexing, else only if it is the run. */
static int run_end(struct run *r, int for_query, store_token_fn *emit, void *ctx)
{
	int rc = 0;

	if (r->len && (!for_query || r->len == 1))
		rc = emit(ctx, 0, sv_n(r->c, r->n), (int)r->start, (int)r->end);
	r->len = 0;
	return rc;
}

static int run_add(struct run *r, const struct kb_scan *s, store_token_fn *emit, void *ctx)
{
	char pair[16];
	int rc = 0;

	if (r->len) {
		memcpy(pair, r->c, r->n);
		memcpy(pair + r->n, s->buf, s->n);
		rc = emit(ctx, 0, sv_n(pair, r->n + s->n), (int)r->start, (int)s->end);
	}
	memcpy(r->c, s->buf, s->n);
	r->n = s->n;
	r->start = s->start;
	r->end = s->end;
	r->len++;
	return rc;
}

int kb_tokenize(sv text, int for_query, store_token_fn *emit, void *ctx)
{
	struct kb_scan s;
	struct run r = { .len = 0 };
	int rc = 0;

	kb_scan_init(&s, text);
	while (!rc && kb_scan_next(&s)) {
		if (!s.cjk || (r.len && s.start != r.end))
			rc = run_end(&r, for_query, emit, ctx);
		if (rc)
			break;
		rc = s.cjk ? run_add(&r, &s, emit, ctx) :
			     emit(ctx, 0, kb_scan_sv(&s), (int)s.start, (int)s.end);
	}
	return rc ? rc : run_end(&r, for_query, emit, ctx);
}

uint64_t kb_norm_hash(sv text)
{
	struct kb_scan s;
	uint64_t h = 1469598103934665603u;

	kb_scan_init(&s, text);
	while (kb_scan_next(&s)) {
		h = (h ^ sv_hash(kb_scan_sv(&s))) * 1099511628211u;
		h ^= h >> 29;
	}
	return h;
}

/* Next character with white space folded to one blank; 0 at the end. */
static int next_folded(sv *s)
{
	bool blank = false;

	while (s->n && strchr(" \t\r\n", s->p[0]) && s->p[0]) {
		blank = true;
		*s = sv_n(s->p + 1, s->n - 1);
	}
	if (blank)
		return s->n ? ' ' : 0;
	if (!s->n)
		return 0;
	*s = sv_n(s->p + 1, s->n - 1);
	return (unsigned char)s->p[-1] ? (unsigned char)s->p[-1] : 256;
}

bool kb_quote_in(sv quote, sv text)
{
	quote = sv_trim(quote);
	if (!quote.n)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		sv q = quote, t = sv_n(text.p + i, text.n - i);
		int a;

		if (text.p[i] != quote.p[0])
			continue;
		while ((a = next_folded(&q)) && a == next_folded(&t))
			;
		if (!a)
			return true;
	}
	return false;
}
