/* f_kb_parse.h: what the four document fuzzers share: parse, then check what must always hold. */
#ifndef CALLM_F_KB_PARSE_H
#define CALLM_F_KB_PARSE_H

#include <stdlib.h>
#include "kb_int.h"

static inline int f_kb_article(void *arg, const struct kb_article *a)
{
	struct arena *mem = arg;
	struct kb_spans s = { 0 };
	struct kb_chunks c = { 0 };
	size_t last = 0;

	ASSERT(a->id.n && a->title.n && a->body_md.n && a->lang.n >= 2);
	kb_sentences(a->body_md, &s);
	for (size_t i = 0; i < s.n; i++) {
		ASSERT(s.v[i].off >= last && s.v[i].off + s.v[i].len <= a->body_md.n);
		ASSERT(kb_quote_in(sv_n(a->body_md.p + s.v[i].off, s.v[i].len), a->body_md) ||
		       !sv_trim(sv_n(a->body_md.p + s.v[i].off, s.v[i].len)).n);
		last = s.v[i].off + s.v[i].len;
	}
	kb_chunk(a->title, a->body_md, mem, &c);
	for (size_t i = 0; i < c.n; i++)
		ASSERT(sv_runes(sv_n(a->body_md.p + c.v[i].text.off, c.v[i].text.len)) <=
		       KB_CHUNK_CHARS);
	VEC_FREE(&s);
	VEC_FREE(&c);
	return 0;
}

static inline int f_kb_run(enum kb_format f, const uint8_t *p, size_t n)
{
	struct arena a;
	struct arena mem;
	struct err e = { 0 };
	int rc;

	arena_init(&a, LIM_ARENA_BIG);
	arena_init(&mem, LIM_ARENA_BIG);
	rc = kb_parse(sv_n((const char *)p, n), f, "fuzz", &a, f_kb_article, &mem, &e);
	ASSERT(rc == 0 || e.msg[0]);
	arena_done(&a);
	arena_done(&mem);
	return 0;
}

#endif
