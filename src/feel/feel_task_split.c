/* feel_task_split.c: which rows are held out of training, to tell how sure answers may be.
 *
 * A row that stands beside its own copy in the training rows is known by heart, and what is
 * measured on it flatters: probabilities would come out too sure. So turns of dialogues are held
 * out in one run (other speakers, other stories), and pairs that share a text with a held-out pair
 * are left out of that round. Rows of a file of their own (--tune) are held out as they are.
 *
 * Few rows make few held-out ones; then the rows are cut into folds, and each fold is held out of a
 * round of its own. All rows of one order; the caller owns the split.
 */
#include "feel_task_fit.h"

#include <stdlib.h>

enum { FOLDS_ALL = 10, FOLDS_SOME = 5, FEW = 2000, SOME = 6000, DIALOGUES_LEAST = 800 };

static int by_key(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Turns of one dialogue stand together and in each other's rows. */
static bool in_dialogues(const struct feel_rows *rows)
{
	size_t with = 0;

	for (size_t i = 0; i < rows->n; i++)
		with += sv_find(rows->v[i].text, SV(FEEL_TURN_MARK)) >= 0;
	return rows->n >= DIALOGUES_LEAST && 3 * with > rows->n;
}

void feel_split_begin(struct feel_split *s, const struct feel_rows *rows, struct rng *rng)
{
	/* label, random number, row: sorted, each label's rows are together and shuffled */
	uint64_t *key = xalloc((rows->n + 1) * sizeof(*key));
	bool plain = !in_dialogues(rows) && rows->tune_from == rows->n;

	*s = (struct feel_split){ .rows = rows, .plain = plain };
	s->every = rows->n > 40000 ? 20 : 10;
	s->folds = !plain || rows->kind == FEEL_PAIRS ? 1 : rows->n < FEW ? FOLDS_ALL :
		   rows->n < SOME ? FOLDS_SOME : 1;
	s->perm = xalloc((rows->n + 1) * sizeof(*s->perm));
	s->order = xalloc((rows->n + 1) * sizeof(*s->order));
	for (size_t i = 0; i < rows->n; i++)
		key[i] = !plain ? i :
				  (uint64_t)rows->v[i].label[0] << 48 |
					  rng_below(rng, 1 << 20) << 24 | (i & 0xFFFFFF);
	if (plain)
		qsort(key, rows->n, sizeof(*key), by_key);
	for (size_t i = 0; i < rows->n; i++)
		s->perm[i] = (uint32_t)(key[i] & 0xFFFFFF);
	xfree(key);
}

/* Is the row at this place of the order held out of the round? */
static bool is_held(const struct feel_split *s, int fold, size_t i)
{
	size_t n = s->rows->n, tune = s->rows->tune_from;

	if (tune < n)
		return i >= tune;
	if (!s->plain) /* a run in the middle */
		return i >= n / 2 - n / s->every / 2 && i < n / 2 + n / s->every / 2;
	return i % s->every == (s->every / 2 + (size_t)fold) % s->every;
}

static void note_text(struct map *seen, sv text)
{
	(void)map_put(seen, text, seen);
}

static bool is_kin(const struct map *seen, const struct feel_row *r)
{
	return map_get(seen, r->text) || map_get(seen, r->other);
}

/* Pairs behind the first n_dev that share a text with one of those come next. */
static void leave_out_kin(struct feel_split *s)
{
	const struct feel_row *v = s->rows->v;
	struct map *seen = map_new(4 * s->n_dev + 16);

	for (size_t i = 0; i < s->n_dev; i++) {
		note_text(seen, v[s->order[i]].text);
		note_text(seen, v[s->order[i]].other);
	}
	size_t kin = 0;
	for (size_t i = s->n_dev; i < s->rows->n; i++)
		kin += is_kin(seen, &v[s->order[i]]);
	bool few = 5 * kin <= s->rows->n; /* else too little would be left to learn from */
	for (size_t i = s->n_dev; few && i < s->rows->n; i++) {
		uint32_t row = s->order[i];
		if (!is_kin(seen, &v[row]))
			continue;
		s->order[i] = s->order[s->n_dev + s->n_left];
		s->order[s->n_dev + s->n_left++] = row;
	}
	map_free(seen);
}

void feel_split_fold(struct feel_split *s, int fold)
{
	size_t n = s->rows->n, dev = 0, rest = n;
	uint32_t *back = xalloc((n + 1) * sizeof(*back));

	for (size_t i = 0; i < n; i++)
		if (is_held(s, fold, i))
			s->order[dev++] = s->perm[i];
		else
			back[--rest] = s->perm[i];
	memcpy(s->order + dev, back + rest, (n - rest) * sizeof(*back));
	xfree(back);
	s->n_dev = dev;
	s->n_left = 0;
	if (s->rows->kind == FEEL_PAIRS)
		leave_out_kin(s);
}

void feel_split_done(struct feel_split *s)
{
	xfree(s->perm);
	xfree(s->order);
}
