/* sv.h: string views: pointer and length by value, not owned, not NUL-terminated. */
#ifndef CALLM_BASE_SV_H
#define CALLM_BASE_SV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct sv {
	const char *p;
	size_t n;
} sv;

#define SV(lit) ((sv){ "" lit, sizeof(lit) - 1 })
#define SV_NULL ((sv){ NULL, 0 })
#define SV_FMT "%.*s"
#define SV_ARG(s) (int)(s).n, ((s).p ? (s).p : "")

static inline sv sv_of(const char *cstr)
{
	return cstr ? (sv){ cstr, strlen(cstr) } : SV_NULL;
}
static inline sv sv_n(const char *p, size_t n)
{
	return (sv){ p, n };
}

bool sv_eq(sv a, sv b);
bool sv_eq_nocase(sv a, sv b);            /* ASCII only */
int sv_cmp(sv a, sv b);                   /* bytewise, like memcmp then length */
bool sv_starts(sv s, sv prefix);
bool sv_ends(sv s, sv suffix);
sv sv_trim(sv s);                         /* ASCII white space and U+3000 at both ends */
sv sv_slice(sv s, size_t from, size_t to);/* clamped */
ptrdiff_t sv_find(sv s, sv needle);       /* byte offset or -1 */
ptrdiff_t sv_find_ch(sv s, char c);
/* Do words stand in s? Case of ASCII aside; Latin letters and digits only as whole words: "us" is
 * not in "business", "A1" not in "A12". Empty words stand nowhere. */
bool sv_says(sv s, sv words);
/* Cut s at the first sep: *head gets what stands before, s what follows; false when s is empty. */
bool sv_cut(sv *s, char sep, sv *head);
bool sv_line(sv *s, sv *line);            /* next line without \n or \r\n */
/* Whole-view numbers; 0 or ERR_PARSE/ERR_RANGE; *ret only written on success. */
int sv_i64(sv s, int64_t *ret);
int sv_f64(sv s, double *ret);
uint64_t sv_hash(sv s);                   /* FNV-1a, 64 bit */

/* UTF-8. Invalid bytes decode as U+FFFD, one byte each; never reads past the end. */
uint32_t sv_rune(sv *s);                  /* takes the first code point off s; 0 at the end */
size_t sv_runes(sv s);                    /* number of code points */
bool sv_utf8_ok(sv s);                    /* strict: no overlong, surrogates, > U+10FFFF */
size_t sv_rune_offset(sv s, size_t k);    /* byte offset of the k-th code point, clamped */
/* at most its first n bytes, no code point cut in two. */
sv sv_head(sv s, size_t n);
/* The head of s that fits, as a C string. */
void sv_copy(char *to, size_t cap, sv s);
bool sv_is_cjk(uint32_t r);               /* Han, kana, hangul */
/* Simple case fold + full width to ASCII + Latin accents off. */
uint32_t sv_fold(uint32_t r);
size_t sv_encode(uint32_t r, char out[4]);/* bytes written 1..4 */

#endif
