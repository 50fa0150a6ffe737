/* t_feel_task_rows.c: rows of a task: what is read, and what is told when a file is broken. */
#include <stdio.h>

#include "feel_task.h"
#include "t.h"

static int parse(struct feel_rows *r, const char *text, int kind, struct err *e)
{
	*e = (struct err){ 0 };
	return feel_rows_parse(r, sv_of(text), "x.tsv", kind, e);
}

TEST(feel_rows_labels_are_numbered_by_name)
{
	struct feel_rows r;
	struct err e;

	OK(parse(&r,
		 "# a comment\nrefund\tmoney back\r\n\noos\tsing a song\ncancel,refund\tboth\n",
		 FEEL_INTENT, &e));
	EQ(r.n, 3);
	EQ(r.n_name, 3);
	SV_EQ(r.name[0], "cancel");
	SV_EQ(r.name[1], "oos");
	EQ(r.oos, 1);
	EQ(r.v[0].label[0], 2);
	EQ(r.v[0].line, 2);
	SV_EQ(r.v[0].text, "money back");
	EQ(r.v[2].n_label, 2);
	EQ(r.v[2].label[0], 0);
	CHECK(r.multi && !r.values);
	EQ(feel_rows_label(&r, SV("cancel")), 0);
	EQ(feel_rows_label(&r, SV("nothing")), -1);
	feel_rows_done(&r);
}

TEST(feel_rows_same_rows_same_numbers)
{
	struct feel_rows a, b;
	struct err e;

	OK(parse(&a, "b\tx\na\ty\n", FEEL_INTENT, &e));
	OK(parse(&b, "a\ty\nb\tx\n", FEEL_INTENT, &e));
	EQ(a.v[0].label[0], b.v[1].label[0]);
	CHECK(a.hash != b.hash && !a.multi);
	EQ(a.oos, -1);
	feel_rows_done(&a);
	feel_rows_done(&b);
}

TEST(feel_rows_pairs_and_values)
{
	struct feel_rows r;
	struct err e;

	OK(parse(&r, "1\tlost card\tcard is lost\n", FEEL_PAIRS, &e));
	SV_EQ(r.v[0].other, "card is lost");
	feel_rows_done(&r);
	OK(parse(&r, "angry\thello ||| still nothing!\t-0.8\t0.9\nneutral\tok\t0\t-0.2\n",
		 FEEL_EMOTION, &e));
	CHECK(r.values && r.v[0].has_value);
	NEAR(r.v[0].value[0], -0.8, 1e-6);
	NEAR(r.v[1].value[1], -0.2, 1e-6);
	feel_rows_done(&r);
	OK(parse(&r, "angry\tno numbers\nneutral\tok\t0\t-0.2\n", FEEL_EMOTION, &e));
	CHECK(!r.values && !r.v[0].has_value);
	feel_rows_done(&r);
}

static const struct {
	int kind;
	const char *text, *says;
} faults[] = {
	{ FEEL_INTENT, "a\tfine\nno tab here\n", "x.tsv:2: no tab" },
	{ FEEL_INTENT, "\ttext\n", "x.tsv:1: an empty label" },
	{ FEEL_INTENT, "a,\ttext\n", "x.tsv:1: an empty label" },
	{ FEEL_INTENT, "a\t \n", "x.tsv:1: no text" },
	{ FEEL_INTENT, "a\tone\ttwo\n", "x.tsv:1: more columns" },
	{ FEEL_INTENT, "a\x01z\ttext\n", "a control character" },
	{ FEEL_INTENT, "\xFF\xFE\ttext\n", "not valid UTF-8" },
	{ FEEL_INTENT, "", "x.tsv: no rows" },
	{ FEEL_INTENT, "# only a comment\n", "x.tsv: no rows" },
	{ FEEL_INTENT, "x\n\ny\nz\n",
	  "x.tsv:1: no tab; a row is label, tab, text (and 2 more" },
	{ FEEL_PAIRS, "1\tonly one\n", "a pair needs two texts" },
	{ FEEL_PAIRS, "1\ta\tb\tc\n", "more columns" },
	{ FEEL_EMOTION, "sad\ttext\t0.5\n", "two numbers" },
	{ FEEL_EMOTION, "sad\ttext\t0.5\t7\n", "two numbers" },
	{ FEEL_EMOTION, "sad\ttext\t0.5\t1\tx\n", "more columns" },
	{ FEEL_INTENT,
	  "a123456789012345678901234567890123456789012345678901234567890123456789\tx\n",
	  "longer than 64 bytes" },
	{ FEEL_INTENT, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\tx\n", "more than 16 labels" },
};

TEST(feel_rows_broken_ones_are_told_with_their_line)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct feel_rows r;
		struct err e;
		int rc = parse(&r, faults[i].text, faults[i].kind, &e);
		feel_rows_done(&r);
		CHECK(rc == ERR_PARSE || rc == ERR_TOOBIG);
		HAS(sv_of(e.msg), faults[i].says);
	}
}

TEST(feel_rows_too_many_labels_and_missing_file)
{
	struct feel_rows r;
	struct err e = { 0 };
	struct sb b;

	sb_init(&b, LIM_SB);
	for (int i = 0; i < 600; i++)
		sb_fmt(&b, "label%d\ttext\n", i);
	EQ(feel_rows_parse(&r, sb_sv(&b), "x.tsv", FEEL_INTENT, &e), ERR_TOOBIG);
	HAS(sv_of(e.msg), "x.tsv:513: more than 512");
	feel_rows_done(&r);
	sb_done(&b);
	EQ(feel_rows_read(&r, "/nonexistent/x.tsv", FEEL_INTENT, &e), ERR_NOTFOUND);
	feel_rows_done(&r);
}

TEST(feel_kinds_have_names)
{
	for (int i = 0; i < FEEL_KINDS; i++)
		EQ(feel_kind_of(sv_of(feel_kind_name(i))), i);
	CHECK(!feel_kind_name(FEEL_KINDS) && !feel_kind_name(-1));
	EQ(feel_kind_of(SV("weather")), -1);
}

TEST(feel_tally_counts_scope_apart)
{
	struct feel_tally t;
	struct feel_figures f;
	const uint16_t a = 0, b = 1, oos = 2;

	feel_tally_init(&t, 3, 2);
	feel_tally_add(&t, &a, 1, &a, 1);
	feel_tally_add(&t, &a, 1, &a, 1);
	feel_tally_add(&t, &a, 1, &b, 1);
	feel_tally_add(&t, &b, 1, &oos, 1);   /* a false alarm */
	feel_tally_add(&t, &b, 1, &b, 1);
	feel_tally_add(&t, &oos, 1, &oos, 1);
	feel_tally_add(&t, &oos, 1, &a, 1);
	for (int i = 0; i < 4; i++)
		feel_tally_sure(&t, 0.9, i > 0);
	feel_tally_sure(&t, 0.6, false);
	feel_tally_figures(&t, &f);
	NEAR(f.accuracy, 0.6, 1e-9);
	NEAR(f.accuracy_all, 4.0 / 7, 1e-9);
	NEAR(f.oos_recall, 0.5, 1e-9);
	NEAR(f.false_alarms, 0.2, 1e-9);
	/* a: 2 of 3 said right, 3 there; b: 1 of 2 said, 2 there. */
	NEAR(f.macro_f1, (2.0 / 3 + 0.5) / 2, 1e-9);
	NEAR(f.weighted_f1, (3 * 2.0 / 3 + 2 * 0.5) / 5, 1e-9);
	/* bin .9: 3.6 said, 3 right; bin .6: .6 said, none right */
	NEAR(f.ece, (0.6 + 0.6) / 5, 1e-9);
	/* of 4 at .9 and 1 at .6: their deviations, times sqrt(2 / pi) */
	NEAR(f.ece_chance, 0.797885 * (0.6 + 0.489898) / 5, 1e-5);
}

TEST(feel_tally_several_labels)
{
	struct feel_tally t;
	struct feel_figures f;
	const uint16_t ab[] = { 0, 1 }, a[] = { 0 }, far[] = { 60000 };

	feel_tally_init(&t, 2, -1);
	feel_tally_add(&t, ab, 2, a, 1);
	feel_tally_add(&t, a, 1, ab, 2);
	feel_tally_add(&t, ab, 2, ab, 2);
	feel_tally_add(&t, a, 1, far, 1);      /* a label nobody knows */
	feel_tally_figures(&t, &f);
	NEAR(f.accuracy, 0.25, 1e-9);
	NEAR(f.macro_f1, (6.0 / 7 + 0.5) / 2, 1e-9);
	NEAR(f.micro_f1, 8.0 / 11, 1e-9);
	NEAR(f.oos_recall, 0, 1e-9);
	feel_tally_init(&t, 2, -1);
	feel_tally_figures(&t, &f);
	NEAR(f.accuracy + f.macro_f1 + f.ece, 0, 1e-9);
}

static int one_file(void *arg, const char *path)
{
	struct feel_rows r;
	struct err e = { 0 };
	struct sb b;

	sb_init(&b, 1u << 20);
	if (file_read(path, 1u << 20, &b, &e) == 0 && b.n > 1)
		for (size_t n = 1; n <= b.n; n++) {
			int kind = b.p[0] % FEEL_KINDS;
			int rc = feel_rows_parse(&r, sv_n(b.p + 1, n - 1), path, kind, &e);
			*(int *)arg += rc == 0 && r.n > 0;
			feel_rows_done(&r);
		}
	sb_done(&b);
	return 0;
}

/* Each file of the fuzzing corpus, cut off anywhere. */
TEST(feel_rows_fuzz_corpus)
{
	char path[4096];
	int read = 0;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/feel_rows", t_srcdir());
	file_walk(path, one_file, &read);
	CHECK(read > 20);
}
