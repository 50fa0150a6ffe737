/* feel_slot_names.c: names of products in a text, by a table of beginnings.
 *
 * Each name is folded once; its first bytes (HEAD, all of a shorter name) lead to it through a
 * table of hashes. A text is looked at place by place, so that ten thousand names cost a text no
 * more than ten. A catalogue is immutable and owned by its maker; any threads read it.
 */
#include "feel_slot.h"

#include <stdlib.h>

enum { HEAD = 6, NAME_BYTES = 256 };

struct entry {
	const char *p;           /* folded */
	uint16_t n;
	sv id;
	uint32_t next;           /* of the same slot, from 1; 0: the last */
};
struct feel_catalogue {
	struct arena a;
	struct entry *v;
	uint32_t *slot;          /* the first entry, from 1; 0: none */
	size_t n, slots;
	unsigned lengths;        /* a bit for each length of heads that occurs */
};

static size_t head_slot(const struct feel_catalogue *c, const char *p, size_t n)
{
	uint32_t h = 0x811C9DC5u; /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 0x01000193u;
	return (h ^ h >> 15) & (c->slots - 1);
}

/* Folded into out; 0: too long, or of one byte. */
static size_t fold_name(sv name, char *out)
{
	size_t n = 0;

	name = sv_trim(name);
	while (name.n && n + 4 < NAME_BYTES) {
		uint32_t c = sv_fold(sv_rune(&name));
		n += sv_encode(c ? c : ' ', out + n);
	}
	return n < 2 || name.n ? 0 : n;
}

static int add(struct feel_catalogue *c, sv name, sv id)
{
	char fold[NAME_BYTES];
	size_t n = fold_name(name, fold), head = n < HEAD ? n : HEAD;

	if (!n)
		return 0;
	sv kept = arena_sv(&c->a, sv_n(fold, n));
	if (!kept.p)
		return ERR_TOOBIG;
	size_t at = head_slot(c, fold, head);
	c->v[c->n++] = (struct entry){ .p = kept.p, .n = (uint16_t)n, .id = id,
				       .next = c->slot[at] };
	c->slot[at] = (uint32_t)c->n;
	c->lengths |= 1u << head;
	return 0;
}

struct feel_catalogue *feel_catalogue_new(const struct feel_product *p, size_t n)
{
	struct feel_catalogue *c = xalloc(sizeof(*c));
	size_t names = n;
	int rc = 0;

	arena_init(&c->a, LIM_ARENA_BIG);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < p[i].name.n; k++)
			names += p[i].name.p[k] == '|';
	for (c->slots = 16; c->slots < 2 * names;)
		c->slots *= 2;
	c->v = xalloc((names + 1) * sizeof(*c->v));
	c->slot = xalloc(c->slots * sizeof(*c->slot));
	for (size_t i = 0; i < n && rc == 0; i++) {
		sv rest = p[i].name, name, id = arena_sv(&c->a, p[i].id);
		rc = id.p || !p[i].id.n ? 0 : ERR_TOOBIG;
		while (rc == 0 && sv_cut(&rest, '|', &name))
			rc = add(c, name, id);
	}
	if (rc == 0)
		return c;
	feel_catalogue_free(c);
	return NULL;
}

void feel_catalogue_free(struct feel_catalogue *c)
{
	if (!c)
		return;
	arena_done(&c->a);
	xfree(c->v);
	xfree(c->slot);
	xfree(c);
}

static bool joined(char a, char b)
{
	return (slot_alpha(a) || slot_digit(a)) && (slot_alpha(b) || slot_digit(b));
}

/* The name as a whole word at i, in the plural or not. */
static void try_at(struct slot_run *r, size_t i, const struct entry *x)
{
	const char *p = r->t.p + i;
	size_t n = x->n;

	if (i + n > r->t.n || memcmp(p, x->p, n) != 0 || (joined(p[n - 1], p[n]) && p[n] != 's'))
		return;
	slot_add(r, SLOT_PRODUCT, 8, i, i + n + (p[n] == 's' && slot_alpha(p[n - 1])),
		 arena_sv(r->a, x->id));
}

void slot_find_products(struct slot_run *r)
{
	const struct feel_catalogue *c = r->c->catalogue;
	const struct slot_text *t = &r->t;

	for (size_t i = 0; c && c->n && i + 2 <= t->n; i++) {
		unsigned char first = (unsigned char)t->p[i];
		if (first == ' ' || (first & 0xC0) == 0x80 || joined(slot_before(t, i), t->p[i]))
			continue;
		for (size_t n = 2; n <= HEAD && i + n <= t->n; n++) {
			uint32_t at = c->lengths >> n & 1 ? c->slot[head_slot(c, t->p + i, n)] : 0;
			for (; at; at = c->v[at - 1].next)
				if (n == HEAD ? c->v[at - 1].n >= HEAD : c->v[at - 1].n == n)
					try_at(r, i, &c->v[at - 1]);
		}
	}
}
