/* arena.c: bump allocator: a list of blocks, the newest in front; and the counted malloc family.
 *
 * Blocks grow from 4 KiB to 256 KiB so that a small arena costs one page and a big one few calls.
 * A reset keeps one block of 16 KiB at most: a call between two turns holds little.
 * `used` counts what was handed out and is what max bounds. The process-wide byte count is atomic;
 * an arena itself belongs to one thread at a time.
 */
#include "arena.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "err.h"

enum { BLOCK_MIN = 4096, BLOCK_MAX = 256 << 10, BLOCK_KEPT = 16 << 10, ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t size, off;
	size_t pad;             /* keeps data on 16 bytes */
	unsigned char data[];
};
_Static_assert(sizeof(struct arena_block) % ALIGN == 0, "data must be aligned");

static _Atomic size_t live_bytes;

size_t arena_live_bytes(void)
{
	return atomic_load_explicit(&live_bytes, memory_order_relaxed);
}

static void count(size_t n, bool more)
{
	if (more)
		atomic_fetch_add_explicit(&live_bytes, n, memory_order_relaxed);
	else
		atomic_fetch_sub_explicit(&live_bytes, n, memory_order_relaxed);
}

void *xalloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	ASSERT(p != NULL);
	count(malloc_usable_size(p), true);
	return p;
}

void *xrealloc(void *p, size_t n)
{
	size_t before = p ? malloc_usable_size(p) : 0;
	void *q = realloc(p, n ? n : 1);

	ASSERT(q != NULL);
	count(before, false);
	count(malloc_usable_size(q), true);
	return q;
}

char *xstrdup(sv s)
{
	char *p = xalloc(s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

char **xstrdups(const char *const *list)
{
	size_t n = 0;
	char **copy;

	if (!list)
		return NULL;
	while (list[n])
		n++;
	copy = xalloc((n + 1) * sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(sv_of(list[i]));
	return copy;
}

void xfrees(char **list)
{
	for (char **s = list; s && *s; s++)
		xfree(*s);
	xfree(list);
}

void xfree(void *p)
{
	if (!p)
		return;
	count(malloc_usable_size(p), false);
	free(p);
}

void arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){ .max = max };
}

static void free_chain(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;

		xfree(b);
		b = next;
	}
}

void arena_done(struct arena *a)
{
	free_chain(a->head);
	*a = (struct arena){ .max = a->max };
}

void arena_reset(struct arena *a)
{
	struct arena_block *b = a->head;

	a->used = 0;
	while (b && b->size > BLOCK_KEPT) {
		a->head = b->next;
		xfree(b);
		b = a->head;
	}
	if (!b)
		return;
	free_chain(b->next);
	b->next = NULL;
	memset(a->head->data, 0, a->head->off);
	a->head->off = 0;
}

static struct arena_block *add_block(struct arena *a, size_t need)
{
	size_t size = a->head ? a->head->size * 2 : BLOCK_MIN - sizeof(struct arena_block);
	struct arena_block *b;

	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	if (size < need)
		size = need;
	b = xalloc(sizeof(*b) + size);
	b->size = size;
	b->next = a->head;
	a->head = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->head;
	void *p;

	if (n > a->max || a->used > a->max - n)
		return NULL;
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!b || b->size - b->off < n)
		b = add_block(a, n);
	p = b->data + b->off;
	b->off += n;
	a->used += n;
	return p;
}

char *arena_cstr(struct arena *a, sv s)
{
	char *p = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : NULL;

	if (p && s.n)
		memcpy(p, s.p, s.n);
	return p;
}

sv arena_sv(struct arena *a, sv s)
{
	char *p = arena_cstr(a, s);

	return p ? sv_n(p, s.n) : SV_NULL;
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	ASSERT(n >= 0);
	p = arena_alloc(a, (size_t)n + 1);
	if (p)
		(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}
