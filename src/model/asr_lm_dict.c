/* asr_lm_dict.c: pronunciations for the recogniser: from pocketsphinx's dictionary, and
 * for words it lacks from flite's letter-to-sound rules.
 *
 * The general model's commonest words come along, so that what callers say around our
 * own words is known, too. The base dictionary (3 MB) is read into one buffer; a map
 * tells where each word's first line begins. */
#include <flite/flite.h>
#include <stdio.h>
#include <stdlib.h>

#include "asr_lm_int.h"

#if __has_include(<pocketsphinx.h>)
#include <sphinxbase/err.h>
#include <sphinxbase/ngram_model.h>
#define HAVE_SPHINX 1
#endif

enum { DICT_MAX = 16 << 20, DICT_WORDS = 400000 };

/* flite's lexicon; the function is in libflite_cmulex and has no public header in
 * Debian. */
cst_lexicon *cmu_lex_init(void);

struct dict {
	struct sb base, out;
	struct map *at;   /* word -> its first line in base, offset + 1 */
	struct map *done; /* written */
};

static sv line_word(sv line)
{
	ptrdiff_t sp = sv_find_ch(line, ' ');
	return sp < 0 ? line : sv_slice(line, 0, (size_t)sp);
}

static int load(struct dict *d, struct err *e)
{
	int rc = file_read(LM_BASE_DICT, DICT_MAX, &d->base, e);
	if (rc)
		return err_set(e, rc, "%s cannot be read: install pocketsphinx-en-us",
			       LM_BASE_DICT);
	sv rest = sb_sv(&d->base), line;
	while (!rc && sv_line(&rest, &line)) {
		sv w = line_word(line);
		if (w.n && w.p[w.n - 1] != ')')
			rc = map_put(d->at, w,
				     (void *)(uintptr_t)(line.p - d->base.p + 1));
	}
	return rc ? err_set(e, rc, "%s is too large", LM_BASE_DICT) : 0;
}

/* All lines of a word: "word", "word(2)", ... */
static bool from_base(struct dict *d, sv word)
{
	uintptr_t at = (uintptr_t)map_get(d->at, word);
	if (!at)
		return false;
	sv rest = sv_slice(sb_sv(&d->base), at - 1, d->base.n), line;
	while (sv_line(&rest, &line)) {
		sv w = line_word(line);
		bool same = sv_starts(w, word) && (w.n == word.n || w.p[word.n] == '(');
		if (!same)
			break;
		sb_put(&d->out, line);
		sb_ch(&d->out, '\n');
	}
	return true;
}

/* flite's phones are cmudict's in lower case with stress, and ax for AH. */
static bool from_rules(struct dict *d, cst_lexicon *lex, const char *word)
{
	cst_val *phones = lex ? lex_lookup(lex, word, NULL, NULL) : NULL;
	if (!phones)
		return false;
	sb_cstr(&d->out, word);
	for (const cst_val *p = phones; p; p = val_cdr(p)) {
		const char *s = val_string(val_car(p));
		sb_ch(&d->out, ' ');
		if (!strncmp(s, "ax", 2)) {
			sb_cstr(&d->out, "AH");
			continue;
		}
		for (; *s; s++)
			if (*s >= 'a' && *s <= 'z')
				sb_ch(&d->out, (char)(*s - 32));
	}
	sb_ch(&d->out, '\n');
	delete_val(phones);
	return true;
}

#ifdef HAVE_SPHINX
struct common {
	const char *word;
	int32 score;
};

static int by_score(const void *a, const void *b)
{
	int32 x = ((const struct common *)a)->score,
	      y = ((const struct common *)b)->score;
	return x > y ? -1 : x < y;
}

static void general_words(struct dict *d)
{
	err_set_logfp(NULL); /* sphinxbase would write to our stderr */
	logmath_t *lmath = logmath_init(1.0001, 0, 0);
	ngram_model_t *m = ngram_model_read(NULL, LM_GENERAL, NGRAM_AUTO, lmath);
	int32 n = m ? (int32)ngram_model_get_counts(m)[0] : 0;
	struct common *all = xalloc(((size_t)n + 1) * sizeof(*all));
	for (int32 i = 0; i < n; i++) {
		int32 used;
		all[i].word = ngram_word(m, i);
		all[i].score = ngram_ng_score(m, i, NULL, 0, &used);
	}
	qsort(all, (size_t)n, sizeof(*all), by_score);
	size_t taken = 0;
	for (int32 i = 0; i < n && taken < LM_GENERAL_WORDS; i++) {
		sv w = sv_of(all[i].word);
		if (!w.n || w.p[0] < 'a' || w.p[0] > 'z')
			continue;
		taken++;
		if (!map_get(d->done, w) && from_base(d, w))
			(void)map_put(d->done, w, d);
	}
	xfree(all);
	if (m)
		(void)ngram_model_free(m);
	(void)logmath_free(lmath);
}
#else
static void general_words(struct dict *d)
{
	(void)d;
}
#endif

int lm_write_dict(const struct asr_lm *lm, const char *path, bool *ok, struct err *e)
{
	struct dict d = { .at = map_new(DICT_WORDS), .done = map_new(DICT_WORDS) };
	sb_init(&d.base, DICT_MAX);
	sb_init(&d.out, DICT_MAX);
	int rc = load(&d, e);
	(void)flite_init();
	cst_lexicon *lex = cmu_lex_init();
	ok[LM_BEGIN - 1] = ok[LM_END - 1] = true;
	for (size_t i = LM_END; i < lm->words.n && !rc; i++) {
		const char *w = lm->words.v[i];
		ok[i] = from_base(&d, sv_of(w)) || from_rules(&d, lex, w);
		(void)map_put(d.done, sv_of(w), &d);
	}
	if (!rc) {
		general_words(&d);
		rc = sb_err(&d.out) ? sb_err(&d.out) :
				      file_write(path, sb_sv(&d.out), e);
	}
	map_free(d.at);
	map_free(d.done);
	sb_done(&d.base);
	sb_done(&d.out);
	return rc;
}
