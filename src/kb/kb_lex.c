/* kb_lex.c: customer words to article words: synonyms as concepts, stop phrases, rank terms.
 *
 * A lexicon line is `concept<TAB>phrase; phrase; ...`, the concept "-" holds stop phrases ("how
 * do i", "请问"), "=" words that must not be cut by one. A phrase is a row of atoms (stemmed
 * words, CJK characters); at each place of a text the longest phrase wins and does not overlap
 * the next. A text becomes weighted terms: its words, its CJK characters (weak) and pairs, and
 * "#concept" for each phrase found; the surface of a found phrase counts less, so that "send
 * back" and "return" meet in the concept while the same words still match better. Built by one
 * thread, read by all.
 */
#include "kb_embed.h"
#include "kb_int.h"

#define PHRASE_ATOMS 8
#define LEX_MAX 20000
#define COMMON_MAX 100000
#define F_CHAR 0.30f             /* one CJK character against a pair */
#define F_PREFIX 0.40f           /* the first five letters of a word against the word */
#define F_COVERED 0.45f          /* surface of a phrase that has a concept */

struct concept {
	sv name;                 /* "#return" */
	bool stop;               /* "-" */
	bool keep;               /* "=": a word that only looks as if a stop phrase stood in it */
};
struct kb_lex {
	struct arena *a;
	struct map *phrase;      /* atoms joined by blanks -> concept */
	struct map *first;       /* first atom -> longest phrase in atoms */
	struct map *names;
	struct map *words;       /* every word of a phrase */
	struct map *common;      /* word -> level 1..9, how much it says */
};

struct atom {
	char s[KB_WORD_MAX];
	uint8_t n;
	bool cjk, number, glued; /* glued: follows the former atom without a gap */
	const struct concept *c;
	uint8_t lead;            /* atoms of the phrase that begins here */
};

struct kb_lex *kb_lex_new(struct arena *a)
{
	struct kb_lex *x = arena_new(a, struct kb_lex, 1);

	ASSERT(x);
	x->a = a;
	x->phrase = map_new(LEX_MAX);
	x->first = map_new(LEX_MAX);
	x->names = map_new(LEX_MAX);
	x->words = map_new(COMMON_MAX);
	x->common = map_new(COMMON_MAX);
	return x;
}

void kb_lex_done(struct kb_lex *x)
{
	if (!x)
		return;
	map_free(x->phrase);
	map_free(x->first);
	map_free(x->names);
	map_free(x->words);
	map_free(x->common);
}

static size_t atoms_of(sv text, struct atom *at, size_t max)
{
	struct kb_scan s;
	size_t n = 0, end = 0;

	kb_scan_init(&s, text);
	while (n < max && kb_scan_next(&s)) {
		struct atom *t = &at[n];

		memcpy(t->s, s.buf, s.n);
		t->n = (uint8_t)s.n;
		t->cjk = s.cjk;
		t->number = s.number;
		t->glued = n && s.start == end;
		t->c = NULL;
		t->lead = 0;
		end = s.end;
		n++;
	}
	return n;
}

static size_t join(const struct atom *at, size_t n, char *buf, size_t max)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (len + at[i].n + 1 > max)
			return 0;
		if (i)
			buf[len++] = ' ';
		memcpy(buf + len, at[i].s, at[i].n);
		len += at[i].n;
	}
	return len;
}

static struct concept *concept_of(struct kb_lex *x, sv name)
{
	struct concept *c = map_get(x->names, name);

	if (c)
		return c;
	c = arena_new(x->a, struct concept, 1);
	if (!c)
		return NULL;
	c->stop = sv_eq(name, SV("-"));
	c->keep = sv_eq(name, SV("="));
	c->name = sv_of(arena_fmt(x->a, "#" SV_FMT, SV_ARG(sv_slice(name, 0, 40))));
	return c->name.p && map_put(x->names, name, c) == 0 ? c : NULL;
}

/* 0, ERR_EXISTS when another concept has the phrase, ERR_FULL. */
static int add_phrase(struct kb_lex *x, struct concept *c, sv phrase)
{
	struct atom at[PHRASE_ATOMS + 1];
	char key[PHRASE_ATOMS * (KB_WORD_MAX + 1)];
	size_t n = atoms_of(phrase, at, PHRASE_ATOMS + 1), len;
	struct concept *old;
	uintptr_t longest;

	if (!n || n > PHRASE_ATOMS)
		return n ? ERR_RANGE : 0;
	len = join(at, n, key, sizeof(key));
	old = map_get(x->phrase, sv_n(key, len));
	if (old)
		return old == c ? 0 : ERR_EXISTS;
	if (map_put(x->phrase, sv_n(key, len), c) != 0)
		return ERR_FULL;
	for (size_t i = 0; i < n; i++)
		if (!at[i].cjk && map_put(x->words, sv_n(at[i].s, at[i].n), x) != 0)
			return ERR_FULL;
	longest = (uintptr_t)map_get(x->first, sv_n(at[0].s, at[0].n));
	return n > longest ? map_put(x->first, sv_n(at[0].s, at[0].n), (void *)(uintptr_t)n) : 0;
}

static int lex_err(struct err *e, const char *name, int line, int rc, sv phrase)
{
	const char *what = rc == ERR_EXISTS ? "stands under two concepts; keep one" :
			   rc == ERR_RANGE ? "is longer than 8 words; shorten it" :
					     "does not fit; too many phrases";

	err_set(e, ERR_PARSE, "%.80s:%d: phrase \"" SV_FMT "\" %s", name, line,
		SV_ARG(sv_slice(phrase, 0, 60)), what);
	if (e)
		e->line = line;
	return ERR_PARSE;
}

int kb_lex_add(struct kb_lex *x, sv tsv, const char *name, struct err *e)
{
	sv line, head, phrase;
	int n = 0;

	while (sv_line(&tsv, &line)) {
		struct concept *c;

		n++;
		line = sv_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		if (sv_find_ch(line, '\t') < 1)
			return err_set(e, ERR_PARSE, "%.80s:%d: write concept<TAB>phrase; phrase",
				       name, n);
		sv_cut(&line, '\t', &head);
		c = concept_of(x, sv_trim(head));
		while (sv_cut(&line, ';', &phrase)) {
			int rc = c ? add_phrase(x, c, phrase) : ERR_FULL;

			if (rc)
				return lex_err(e, name, n, rc, phrase);
		}
	}
	return 0;
}

void kb_lex_common(struct kb_lex *x, sv tsv)
{
	sv line, level, word;

	while (sv_line(&tsv, &line)) {
		int64_t n;

		if (!sv_cut(&line, '\t', &level) || sv_i64(level, &n) || n < 1 || n > 9)
			continue;
		while (sv_cut(&line, ' ', &word))
			if (word.n && map_put(x->common, word, (void *)(intptr_t)n) != 0)
				return;
	}
}

/* 0.1 .. 1: from the list; else words say all, pairs that are no known word little. */
static float says(const struct kb_lex *x, struct kb_term *t)
{
	intptr_t level = (intptr_t)map_get(x->common, sv_n(t->s, t->n));

	t->weak = !level && !t->word && t->n == 6;
	return level ? (float)level / 10 : t->weak ? 0.6f : 1.0f;
}

static void mark(const struct kb_lex *x, struct atom *at, size_t n)
{
	char key[PHRASE_ATOMS * (KB_WORD_MAX + 1)];

	for (size_t i = 0; i < n;) {
		size_t k = (size_t)(uintptr_t)map_get(x->first, sv_n(at[i].s, at[i].n));
		const struct concept *c = NULL;

		if (k > n - i)
			k = n - i;
		for (; k && !c; k -= !c)
			c = map_get(x->phrase, sv_n(key, join(at + i, k, key, sizeof(key))));
		if (!c) {
			i++;
			continue;
		}
		at[i].lead = c->keep ? 0 : (uint8_t)k;
		for (size_t j = 0; j < k && !c->keep; j++)
			at[i + j].c = c;
		i += k;
	}
}

static bool stopped(const struct atom *a)
{
	return a->c && a->c->stop;
}

static void emit(const struct kb_lex *x, struct kb_term *out, size_t *n, size_t max,
		 const struct atom *a, const struct atom *b, float f)
{
	struct kb_term *t = &out[*n];

	if (*n == max)
		return;
	memcpy(t->s, a->s, a->n);
	t->n = a->n;
	if (b) {
		memcpy(t->s + a->n, b->s, b->n);
		t->n = (uint8_t)(t->n + b->n);
	}
	t->word = !a->cjk && !a->number;
	t->f = f * says(x, t);
	++*n;
}

/* "~insta": installer meets installation. */
static void emit_prefix(struct kb_term *out, size_t *n, size_t max, const struct atom *a, float f)
{
	struct kb_term *t = &out[*n];

	if (*n == max || (unsigned char)a->s[4] >= 0x80 || (unsigned char)a->s[5] >= 0x80)
		return;
	t->s[0] = '~';
	memcpy(t->s + 1, a->s, 5);
	t->n = 6;
	t->word = t->weak = false;
	t->f = f;
	++*n;
}

static void emit_concept(struct kb_term *out, size_t *n, size_t max, const struct atom *a)
{
	struct kb_term *t = &out[*n];

	if (*n == max)
		return;
	memcpy(t->s, a->c->name.p, a->c->name.n);
	t->n = (uint8_t)a->c->name.n;
	t->word = t->weak = false;
	t->f = 1.0f;
	++*n;
}

size_t kb_terms(const struct kb_lex *x, sv text, struct kb_term *out, size_t max)
{
	return kb_terms_fixed(x, text, NULL, NULL, out, max);
}

bool kb_lex_word(const struct kb_lex *x, size_t *it, sv *word)
{
	void *val;

	return map_next(x->words, it, word, &val);
}

static void fix_atoms(struct atom *at, size_t n, kb_fix_fn *fix, const void *arg)
{
	for (size_t i = 0; i < n; i++) {
		sv good;

		if (at[i].cjk || at[i].number || at[i].n < 4)
			continue;
		good = fix(arg, sv_n(at[i].s, at[i].n));
		if (!good.n || good.n > KB_WORD_MAX)
			continue;
		memcpy(at[i].s, good.p, good.n);
		at[i].n = (uint8_t)good.n;
	}
}

size_t kb_terms_fixed(const struct kb_lex *x, sv text, kb_fix_fn *fix, const void *arg,
		      struct kb_term *out, size_t max)
{
	struct atom at[KB_TERMS_MAX];
	size_t n_at = atoms_of(text, at, KB_TERMS_MAX), n = 0;

	if (fix)
		fix_atoms(at, n_at, fix, arg);
	mark(x, at, n_at);
	for (size_t i = 0; i < n_at; i++) {
		const struct atom *a = &at[i], *b = i + 1 < n_at ? &at[i + 1] : NULL;
		float f = a->c ? F_COVERED : 1.0f;

		if (stopped(a))
			continue;
		if (a->lead)
			emit_concept(out, &n, max, a);
		emit(x, out, &n, max, a, NULL, a->cjk ? f * F_CHAR : f);
		if (!a->cjk && !a->number && a->n >= 6)
			emit_prefix(out, &n, max, a, f * F_PREFIX);
		if (!a->cjk || !b || !b->cjk || !b->glued || stopped(b))
			continue;
		emit(x, out, &n, max, a, b, b->c && a->c ? F_COVERED : b->c || a->c ? 0.6f : 1.0f);
	}
	return n;
}

sv kb_lex_builtin_common(sv lang)
{
	if (sv_eq(lang, SV("en")))
		return sv_n(kb_embed_common_en, kb_embed_common_en_n);
	return sv_eq(lang, SV("zh")) ? sv_n(kb_embed_common_zh, kb_embed_common_zh_n) : SV_NULL;
}

sv kb_lex_builtin(sv lang)
{
	if (sv_eq(lang, SV("en")))
		return sv_n(kb_embed_en, kb_embed_en_n);
	return sv_eq(lang, SV("zh")) ? sv_n(kb_embed_zh, kb_embed_zh_n) : SV_NULL;
}
