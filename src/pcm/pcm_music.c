/* pcm_music.c: sound files as one loop.
 *
 * Made once at 16 kHz: each file is brought to the same level, the end of one is faded over the
 * beginning of the next, and the end of the last over the beginning of the first, so that no round
 * is heard to begin. The 8 kHz side is the same loop converted with a piece of its neighbours on
 * both ends, so that it closes too. Nothing changes afterwards.
 */
#include "pcm_music.h"

#include <math.h>

enum {
	WIDE = 16000,
	OVER = WIDE / 20,            /* samples that two neighbours share */
	EDGE = WIDE / 10,            /* converted beyond each end, and cut off */
	PEAK = 29000,
};
#define LEVEL_DB (-24.0)
#define SILENT_DB (-66.0)            /* noise of an empty recording */

struct pcm_music {
	int16_t *wide, *narrow;      /* owned; NULL = silence */
	size_t n;                    /* samples of wide, even; narrow has half of them */
};
struct loop_in {                     /* being made */
	int16_t *s;
	size_t n, cap, max;
};

static void music_free(void *obj)
{
	struct pcm_music *m = obj;
	xfree(m->wide);
	xfree(m->narrow);
}

/* add's first OVER samples come in while at's last go. */
static void cross(int16_t *at, const int16_t *add)
{
	for (int i = 0; i < OVER; i++)
		at[i] = (int16_t)((at[i] * (OVER - i) + add[i] * i) / OVER);
}

static int level(struct pcm_clip *c, const char *path, struct err *e)
{
	double db = pcm_dbfs(c->s, c->n), most;
	if (c->n < WIDE)
		return err_set(e, ERR_INVAL, "%s: shorter than a second", path);
	if (db < SILENT_DB)
		return err_set(e, ERR_INVAL, "%s: it is silent", path);
	most = 20 * log10((double)PEAK / pcm_peak(c->s, c->n));
	pcm_gain(c->s, c->n, fmin(LEVEL_DB - db, most));
	return 0;
}

static void append(struct loop_in *b, const struct pcm_clip *c)
{
	size_t from = b->n ? b->n - OVER : 0, n = from + c->n;
	if (n > b->cap) {
		b->cap = b->n ? n + n / 2 : n;
		b->s = xrealloc(b->s, b->cap * sizeof(*b->s));
	}
	if (b->n) {
		cross(b->s + from, c->s);
		memcpy(b->s + b->n, c->s + OVER, (c->n - OVER) * sizeof(*b->s));
	} else {
		memcpy(b->s, c->s, c->n * sizeof(*b->s));
	}
	b->n = n;
}

static int add(struct loop_in *b, const char *path, struct err *e)
{
	struct pcm_clip c = { 0 };
	int rc = pcm_wav_read(path, WIDE, &c, e);
	if (rc == 0)
		rc = level(&c, path, e);
	if (rc == 0 && b->n + c.n > b->max)
		rc = err_set(e, ERR_TOOBIG, "%s: longer than the %zu s that are left for it", path,
			     (b->max - (b->n < b->max ? b->n : b->max)) / WIDE);
	if (rc == 0)
		append(b, &c);
	pcm_clip_done(&c);
	return rc;
}

/* The end over the beginning: what is left has no end. */
static void close_loop(struct loop_in *b)
{
	b->n = (b->n & ~(size_t)1) - OVER;   /* even: half of it is the other rate's */
	cross(b->s + b->n, b->s);
	memmove(b->s, b->s + b->n, OVER * sizeof(*b->s));
}

static int narrow(struct pcm_music *m, struct err *e)
{
	size_t n = m->n + 2 * EDGE, n8 = 0;
	int16_t *all = xalloc(n * sizeof(*all)), *half = NULL;
	memcpy(all, m->wide + m->n - EDGE, EDGE * sizeof(*all));
	memcpy(all + EDGE, m->wide, m->n * sizeof(*all));
	memcpy(all + EDGE + m->n, m->wide, EDGE * sizeof(*all));
	int rc = pcm_resample(all, n, WIDE, WIDE / 2, &half, &n8);
	if (rc == 0 && n8 < m->n / 2 + EDGE / 2)
		rc = ERR_FAIL;
	if (rc == 0) {
		m->narrow = xalloc(m->n / 2 * sizeof(*m->narrow));
		memcpy(m->narrow, half + EDGE / 2, m->n / 2 * sizeof(*m->narrow));
	}
	xfree(half);
	xfree(all);
	return rc ? err_set(e, rc, "music: it cannot be converted to 8000 Hz") : 0;
}

int pcm_music_new(struct pcm_music **ret, const char *const *paths, size_t n, int max_s,
		  struct err *e)
{
	struct pcm_music *m = obj_new(sizeof(*m), music_free);
	struct loop_in b = { .max = (size_t)(max_s > 0 ? max_s : 0) * WIDE };
	int rc = 0;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add(&b, paths[i], e);
	if (rc == 0 && b.n) {
		close_loop(&b);
		m->wide = xrealloc(b.s, b.n * sizeof(*b.s));
		m->n = b.n;
		b.s = NULL;
		rc = narrow(m, e);
	}
	xfree(b.s);
	if (rc) {
		obj_unref(m);
		return rc;
	}
	*ret = m;
	return 0;
}

int pcm_music_seconds(const struct pcm_music *m)
{
	return (int)((m->n + WIDE - 1) / WIDE);
}

static size_t round_of(const struct pcm_music *m, int rate)
{
	return rate == WIDE ? m->n : m->n / 2;
}

uint64_t pcm_music_at(const struct pcm_music *m, int rate, int64_t us)
{
	uint64_t ms = us > 0 ? (uint64_t)us / 1000 : 0;
	return m->n ? ms * (uint64_t)rate / 1000 % round_of(m, rate) : 0;
}

void pcm_music_get(const struct pcm_music *m, int rate, uint64_t pos, int16_t *out, size_t n)
{
	const int16_t *s = rate == WIDE ? m->wide : m->narrow;
	size_t all = round_of(m, rate);
	if (!s) {
		memset(out, 0, n * sizeof(*out));
		return;
	}
	for (size_t at = (size_t)(pos % all); n;) {
		size_t k = n < all - at ? n : all - at;
		memcpy(out, s + at, k * sizeof(*out));
		out += k;
		n -= k;
		at = 0;
	}
}
