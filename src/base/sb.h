/* sb.h: bounded string builder. Errors stick: check sb_err once at the end.
 *
 *	struct sb b;
 *	sb_init(&b, LIM_SB);
 *	sb_fmt(&b, "%d items", n);
 *	if (!sb_err(&b)) use(sb_sv(&b));
 *	sb_done(&b);
 */
#ifndef CALLM_BASE_SB_H
#define CALLM_BASE_SB_H

#include "sv.h"

struct sb {
	char *p;      /* always NUL-terminated once something was put; owned */
	size_t n, cap, max;
	int err;      /* 0, ERR_TOOBIG: everything after the first error is ignored */
};

void sb_init(struct sb *b, size_t max);
void sb_done(struct sb *b);               /* frees; accepts a zeroed struct; idempotent */
void sb_reset(struct sb *b);              /* keeps the memory */
void sb_put(struct sb *b, sv s);
void sb_cstr(struct sb *b, const char *s);
void sb_ch(struct sb *b, char c);
void sb_rune(struct sb *b, uint32_t r);
void sb_fmt(struct sb *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Quoted and escaped JSON string; bad UTF-8 becomes U+FFFD. */
void sb_json(struct sb *b, sv s);
void sb_html(struct sb *b, sv s);         /* & < > " ' escaped */
void sb_url(struct sb *b, sv s);          /* percent-encoded */
void sb_base64(struct sb *b, const void *p, size_t n);
void sb_truncate(struct sb *b, size_t n);
int sb_err(const struct sb *b);
sv sb_sv(const struct sb *b);
const char *sb_str(const struct sb *b);   /* "" when empty; valid until the next put */
/* Moves the buffer out (free with free()), resets b. */
char *sb_take(struct sb *b);

#endif
