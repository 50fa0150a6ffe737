/* arena.h: bump allocator with a maximum; everything in it dies together. One thread at a time. */
#ifndef CALLM_BASE_ARENA_H
#define CALLM_BASE_ARENA_H

#include "sv.h"

struct arena_block;
struct arena {
	struct arena_block *head;
	size_t used, max;
};

void arena_init(struct arena *a, size_t max);
void arena_done(struct arena *a);          /* idempotent, accepts a zeroed struct */
void arena_reset(struct arena *a);         /* keeps one block */
/* Zeroed, aligned to 16. NULL when the maximum is reached (check it for user-sized input);
 * running out of real memory aborts. */
void *arena_alloc(struct arena *a, size_t n);
char *arena_cstr(struct arena *a, sv s);   /* NUL-terminated copy; NULL past the maximum */
/* Copy (also NUL-terminated); SV_NULL past the maximum. */
sv arena_sv(struct arena *a, sv s);
char *arena_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define arena_new(a, type, count) ((type *)arena_alloc((a), sizeof(type) * (size_t)(count)))
/* All arenas of the process: the leak check of tests. */
size_t arena_live_bytes(void);

/* malloc family for what no arena fits: abort when memory is out, count for the leak check. */
void *xalloc(size_t n);                    /* zeroed */
void *xrealloc(void *p, size_t n);
char *xstrdup(sv s);
char **xstrdups(const char *const *list); /* of texts, ended by NULL; NULL gives NULL */
void xfrees(char **list);                 /* accepts NULL */
/* Accepts NULL; only for what xalloc/xrealloc/xstrdup gave. */
void xfree(void *p);

#endif
