/* t_kb_vectors.c: vectors for training and measuring (train/vectors.h), asked of a stand-in for
 * callm-embed: four numbers a line, the first for the side and the third for the text's length. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../train/vectors.h"
#include "t.h"

static const char *path(const char *name)
{
	static char p[4][700];
	static int at;

	at = (at + 1) % 4;
	snprintf(p[at], sizeof(p[at]), "%s/%s", t_tmpdir(), name);
	return p[at];
}

static bool write_file(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(path(name), "w");

	return f && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path(name), mode) == 0;
}

/* 1 or 2 for a passage or a question; 0.1; 1 for a line of less than eight bytes, else 2; 0.001.
 * Every line is counted in a file. */
static const char stand_in[] =
	"#!/bin/sh\n"
	"[ \"$2\" = query ] && side='\\000\\000\\000\\100' || side='\\000\\000\\200\\077'\n"
	"while IFS= read -r l; do\n"
	"	long='\\000\\000\\000\\100'; [ ${#l} -lt 8 ] && long='\\000\\000\\200\\077'\n"
	"	printf \"$side\\315\\314\\314\\075$long\\157\\022\\203\\072\"\n"
	"	echo x >> \"$1\"\n"
	"done\n";

static struct vectors *begin(void)
{
	setenv("CALLM_EMBED", path("embed"), 1);
	return vectors_open(path("small.gguf"), path("v.bin"));
}

static long lines_asked(void)
{
	struct stat s;

	return stat(path("small.gguf"), &s) == 0 ? (long)s.st_size / 2 : -1;
}

TEST(vectors_are_made_once_and_kept)
{
	float q[4];

	CHECK(write_file("embed", stand_in, 0755) && write_file("small.gguf", "", 0644));
	struct vectors *v = begin();
	CHECK(strcmp(v->name, "llama:small.gguf") == 0);
	EQ(v->dim, 0);
	vectors_want(v, false, SV("short"));
	vectors_want(v, false, SV("two lines\nof text"));
	for (int i = 0; i < 5; i++) {
		char text[32];

		snprintf(text, sizeof(text), "question %d", i);
		vectors_want(v, true, sv_of(text));
	}
	vectors_make(v);
	EQ(v->dim, 4);
	EQ(v->made, 7);
	EQ(lines_asked(), 7);
	CHECK(kb_dense_has(v->kept, SV("short")) &&
	      kb_dense_has(v->kept, SV("two lines\nof text")));
	vectors_want(v, false, SV("short")); /* known */
	vectors_make(v);
	EQ(v->made, 7);
	vectors_query(v, SV("where?"), q); /* at once */
	EQ(lines_asked(), 8);
	vectors_close(v);
	CHECK(write_file("embed", "#!/bin/sh\nexit 3\n", 0755));
	v = begin(); /* the second run asks nothing */
	EQ(v->dim, 4);
	for (int i = 0; i < 2; i++) {
		vectors_query(v, i ? SV("where?") : SV("question 3"), q);
		NEAR(q[0], 2, 1e-4);
		NEAR(q[1], 0.1, 1e-4); /* by one record of bytes: 0.094 */
		NEAR(q[2], i ? 1 : 2, 1e-4);
		NEAR(q[3], 0.001, 1e-4);
	}
	EQ(vectors_dim(v), 4);
	vectors_close(v);
	unsetenv("CALLM_EMBED");
}

TEST(vectors_of_another_model_begin_anew)
{
	float q[4];

	CHECK(write_file("embed", stand_in, 0755) && write_file("small.gguf", "", 0644));
	struct vectors *v = begin();
	vectors_query(v, SV("one"), q);
	vectors_close(v);
	CHECK(write_file("other.bin", "", 0644));
	v = vectors_open(path("other.bin"), path("v.bin"));
	CHECK(strcmp(v->name, "e5:other.bin") == 0);
	EQ(v->dim, 0);
	EQ(vectors_dim(v), 4);
	EQ(v->made, 1);
	vectors_close(v);
	v = begin();
	EQ(v->dim, 0);
	vectors_close(v);
	unsetenv("CALLM_EMBED");
}
