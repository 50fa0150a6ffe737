/* acd_core_rank.c: trees that are ordered by an item's key and know its rank, and the heap of
 * what is due.
 *
 * The tree is a treap (Seidel and Aragon 1996): a search tree by key, a heap by a random number
 * that each node keeps, so it is as deep as a random tree, about 2 ln n, whatever the order of
 * coming. Each node counts its subtree. Nodes live in their items. The heap is binary; each
 * entry knows its place, so it can be moved or taken out. One thread.
 */
#include "acd_core_int.h"

/* ---- treap ---- */

int rank_cmp(const struct key *p, const struct key *q)
{
	if (p->a != q->a)
		return p->a < q->a ? -1 : 1;
	if (p->b != q->b)
		return p->b < q->b ? -1 : 1;
	return p->seq < q->seq ? -1 : p->seq > q->seq;
}

static int key_cmp(const struct item *x, const struct item *y)
{
	return rank_cmp(&x->key, &y->key);
}

static void count(struct node *n)
{
	n->size = 1 + (n->l ? n->l->size : 0) + (n->r ? n->r->size : 0);
}

/* All before x to *l, the rest to *r. */
static void split(struct node *t, const struct item *x, struct node **l, struct node **r)
{
	if (!t) {
		*l = *r = NULL;
	} else if (key_cmp(t->x, x) < 0) {
		split(t->r, x, &t->r, r);
		*l = t;
		count(t);
	} else {
		split(t->l, x, l, &t->l);
		*r = t;
		count(t);
	}
}

static struct node *merge(struct node *l, struct node *r)
{
	if (!l || !r)
		return l ? l : r;
	if (l->pri > r->pri) {
		l->r = merge(l->r, r);
		count(l);
		return l;
	}
	r->l = merge(l, r->l);
	count(r);
	return r;
}

void rank_put(struct node **root, struct node *n)
{
	n->l = n->r = NULL;
	n->size = 1;
	while (*root && (*root)->pri >= n->pri) {
		(*root)->size++;
		root = key_cmp(n->x, (*root)->x) < 0 ? &(*root)->l : &(*root)->r;
	}
	split(*root, n->x, &n->l, &n->r);
	*root = n;
	count(n);
}

void rank_cut(struct node **root, struct node *n)
{
	while (*root != n) {
		ASSERT(*root);
		(*root)->size--;
		root = key_cmp(n->x, (*root)->x) < 0 ? &(*root)->l : &(*root)->r;
	}
	*root = merge(n->l, n->r);
	n->l = n->r = NULL;
	n->size = 0;
}

struct item *rank_first(const struct node *root)
{
	while (root && root->l)
		root = root->l;
	return root ? root->x : NULL;
}

int rank_of(const struct node *root, const struct item *x)
{
	int n = 0;
	while (root) {
		if (key_cmp(root->x, x) < 0) {
			n += 1 + rank_size(root->l);
			root = root->r;
		} else {
			root = root->l;
		}
	}
	return n;
}

/* ---- what is due ---- */

static void set(struct acd_core *c, size_t i, struct timed *t)
{
	c->heap.v[i] = t;
	t->pos = (int)i + 1;
}

static void up(struct acd_core *c, size_t i)
{
	struct timed *t = c->heap.v[i];
	while (i > 0 && c->heap.v[(i - 1) / 2]->due > t->due) {
		set(c, i, c->heap.v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	set(c, i, t);
}

static void down(struct acd_core *c, size_t i)
{
	struct timed *t = c->heap.v[i];
	for (size_t k = 2 * i + 1; k < c->heap.n; k = 2 * i + 1) {
		if (k + 1 < c->heap.n && c->heap.v[k + 1]->due < c->heap.v[k]->due)
			k++;
		if (c->heap.v[k]->due >= t->due)
			break;
		set(c, i, c->heap.v[k]);
		i = k;
	}
	set(c, i, t);
}

void due_set(struct acd_core *c, struct timed *t, int64_t due)
{
	size_t i = (size_t)t->pos - 1;
	if (due == CORE_NEVER) {
		if (!t->pos)
			return;
		struct timed *last = c->heap.v[--c->heap.n];
		t->pos = 0;
		if (last != t) {
			set(c, i, last);
			down(c, i);
			up(c, (size_t)last->pos - 1);
		}
		return;
	}
	if (!t->pos) {
		struct timed **slot = VEC_PUSH(&c->heap, 4 * ACD_CORE_ITEMS);
		ASSERT(slot);
		i = c->heap.n - 1;
		set(c, i, t);
	}
	t->due = due;
	up(c, i);
	down(c, (size_t)t->pos - 1);
}
