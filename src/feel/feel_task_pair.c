/* feel_task_pair.c: features of two texts together: what both have and what only one has.
 *
 * The lists of both texts are sorted block by block (feel_task_feat.c), so one walk sorts them
 * into common and single features; each gets another hash, so that a net can learn "both say
 * when" and "only one says not". Pure; the lists are the caller's.
 */
#include "feel_task_int.h"

enum { BOTH = 0x5bd1e995, SINGLE = 0x1b873593 };

struct walk {
	const struct feel_feats *a, *b;
	struct feel_feats *out;
	size_t both, single;     /* of a block */
};

static void put(struct walk *w, uint32_t id, bool both)
{
	struct feel_feats *o = w->out;
	uint32_t h = (id ^ (both ? BOTH : SINGLE)) * 0x9E3779B1u;

	o->id[o->n] = h ? h : 1;
	o->w[o->n++] = 1;
	w->both += both;
	w->single += !both;
}

static void block(struct walk *w, int k)
{
	size_t i = k ? w->a->end[k - 1] : 0, j = k ? w->b->end[k - 1] : 0;

	w->both = w->single = 0;
	while (i < w->a->end[k] || j < w->b->end[k]) {
		bool left = j >= w->b->end[k] ||
			    (i < w->a->end[k] && w->a->id[i] < w->b->id[j]);
		bool right = i >= w->a->end[k] ||
			     (j < w->b->end[k] && w->b->id[j] < w->a->id[i]);
		put(w, right ? w->b->id[j] : w->a->id[i], !left && !right);
		i += !right;
		j += !left;
	}
	w->out->end[k] = w->out->n;
}

static float share(size_t part, size_t rest)
{
	return part + rest ? (float)part / (float)(part + rest) : 0;
}

void feel_feats_pair(struct feel_feats *f, struct feel_feats *b, float *stats)
{
	struct feel_feats out = { 0 };
	struct walk w = { f, b, &out, 0, 0 };
	size_t most = f->n + b->n + 1;
	float less = (float)(f->n < b->n ? f->n : b->n) + 1;

	out.id = xalloc(most * sizeof(*out.id));
	out.w = xalloc(most * sizeof(*out.w));
	out.cap = most;
	for (int k = 0; k < FEEL_BLOCKS; k++) {
		block(&w, k);
		if (k == FEEL_WORDS)
			stats[0] = share(w.both, w.single);
		if (k == FEEL_CHARS)
			stats[1] = share(w.both, w.single);
	}
	stats[2] = less / ((float)(f->n > b->n ? f->n : b->n) + 1);
	stats[3] = 0;
	xfree(f->id);
	xfree(f->w);
	f->id = out.id;
	f->w = out.w;
	f->n = out.n;
	f->cap = out.cap;
	memcpy(f->end, out.end, sizeof(f->end));
}
