/* t_kb_fuzz.c: the corpora of the document fuzzers as unit tests, and mutations of them. */
#define LLVMFuzzerTestOneInput f_markdown
#include "../fuzz/f_kb_markdown.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput f_html
#include "../fuzz/f_kb_html.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput f_csv
#include "../fuzz/f_kb_csv.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput f_jsonl
#include "../fuzz/f_kb_jsonl.c"
#undef LLVMFuzzerTestOneInput
#include <stdio.h>
#include "t.h"

struct job {
	int (*fn)(const uint8_t *, size_t);
	size_t files;
};

static int one(void *arg, const char *path)
{
	struct job *j = arg;
	struct sb b;
	struct err e = { 0 };
	int rc;

	sb_init(&b, LIM_KB_DOC);
	rc = file_read(path, LIM_KB_DOC, &b, &e);
	if (!rc) {
		j->fn((const uint8_t *)sb_str(&b), b.n);
		for (int round = 0; b.n && round < 60; round++) {
			size_t at = rng_below(t_rng(), b.n);
			char was = b.p[at];

			b.p[at] = (char)rng_below(t_rng(), 256);
			j->fn((const uint8_t *)b.p, b.n);
			b.p[at] = was;
			j->fn((const uint8_t *)b.p, at);
		}
	}
	sb_done(&b);
	j->files++;
	return rc;
}

static size_t corpus(const char *name, int (*fn)(const uint8_t *, size_t))
{
	struct job j = { fn, 0 };
	char path[512];

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", t_srcdir(), name);
	return file_walk(path, one, &j) == 0 ? j.files : 0;
}

TEST(kb_fuzz_corpora)
{
	CHECK(corpus("kb_markdown", f_markdown) >= 6);
	CHECK(corpus("kb_html", f_html) >= 5);
	CHECK(corpus("kb_csv", f_csv) >= 5);
	CHECK(corpus("kb_jsonl", f_jsonl) >= 4);
}
