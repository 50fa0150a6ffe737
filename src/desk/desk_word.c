/* desk_word.c: the words of a ticket for full text: Latin words and numbers as they are, Chinese in
 * pairs of signs. Everything folded (case, width, accents). Long runs of digits are left out: they
 * are telephone and card numbers, which nobody shall find a ticket by. Pure. */
#include "desk_int.h"

#define DIGITS_MAX 8

struct walk {
	desk_word_fn *fn;
	void *arg;
	char word[DESK_WORD];        /* the Latin word so far */
	size_t n, digits;
	bool over;                   /* it is longer than that */
	char last[4];                /* the Chinese sign before */
	size_t last_n;
	bool paired;                 /* and it stands in a pair already */
};

static int end_word(struct walk *w)
{
	int rc = 0;
	if (w->n && !w->over && !(w->digits == w->n && w->n > DIGITS_MAX))
		rc = w->fn(w->arg, sv_n(w->word, w->n));
	w->n = w->digits = 0;
	w->over = false;
	return rc;
}

static int end_signs(struct walk *w)
{
	int rc = w->last_n && !w->paired ? w->fn(w->arg, sv_n(w->last, w->last_n)) : 0;
	w->last_n = 0;
	w->paired = false;
	return rc;
}

static int add_sign(struct walk *w, const char *p, size_t n)
{
	char pair[8];
	int rc = end_word(w);
	if (rc == 0 && w->last_n) {
		memcpy(pair, w->last, w->last_n);
		memcpy(pair + w->last_n, p, n);
		rc = w->fn(w->arg, sv_n(pair, w->last_n + n));
		w->paired = true;
	}
	memcpy(w->last, p, n);
	w->last_n = n;
	return rc;
}

static int add_letter(struct walk *w, const char *p, size_t n, bool digit)
{
	int rc = end_signs(w);
	if (w->n + n > sizeof(w->word)) {
		w->over = true;
		return rc;
	}
	memcpy(w->word + w->n, p, n);
	w->n += n;
	w->digits += digit;
	return rc;
}

/* What letters of other scripts begin at: everything from U+00C0 on that is no punctuation. */
static bool is_letter(uint32_t r)
{
	return (r >= 'a' && r <= 'z') || (r >= 0xC0 && r < 0x2000) || (r >= 0x2C00 && r < 0x2E00) ||
	       (r >= 0xA000 && r < 0xD7FF && !sv_is_cjk(r));
}

int desk_each_word(sv text, desk_word_fn *fn, void *arg)
{
	struct walk w = { .fn = fn, .arg = arg };
	int rc = 0;
	while (text.n && rc == 0) {
		char p[4];
		uint32_t r = sv_fold(sv_rune(&text));
		size_t n = sv_encode(r, p);
		if (sv_is_cjk(r))
			rc = add_sign(&w, p, n);
		else if (is_letter(r) || (r >= '0' && r <= '9'))
			rc = add_letter(&w, p, n, r >= '0' && r <= '9');
		else if ((rc = end_word(&w)) == 0)
			rc = end_signs(&w);
	}
	if (rc == 0)
		rc = end_word(&w);
	return rc ? rc : end_signs(&w);
}
