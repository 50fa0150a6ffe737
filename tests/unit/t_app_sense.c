/* t_app_sense.c: sentence vectors of rows by the real worker and a tiny model. */
#include <stdio.h>

#include "t.h"
#include "app_sense.h"
#include "model_paths.h"
#include "t_model_tiny.h"

struct world {
	char exe[600], file[600];
	struct model_spec spec;
	struct feel_rows rows;
	struct app_sense s;
	struct err e;
};

/* rows: label<TAB>text lines. */
static void world_open(struct world *w, const char *rows)
{
	*w = (struct world){ 0 };
	(void)snprintf(w->file, sizeof(w->file), "%s/tiny.bin", t_tmpdir());
	(void)snprintf(w->exe, sizeof(w->exe), "%s/callm-embed", MODEL_PATHS);
	tiny_write(w->file, 11);
	w->spec = (struct model_spec){ .kind = "e5", .file = w->file, .exe = w->exe,
				       .threads = 1 };
	OK(feel_rows_parse(&w->rows, sv_of(rows), "rows", FEEL_INTENT, &w->e));
}

static void world_close(struct world *w)
{
	app_sense_done(&w->s);
	feel_rows_done(&w->rows);
}

static double likeness(const struct world *w, size_t a, size_t b)
{
	size_t dim = w->s.vecs.dim;
	const float *va = w->s.v + a * dim, *vb = w->s.v + b * dim;
	double sum = 0;

	for (size_t i = 0; i < dim; i++)
		sum += (double)va[i] * (double)vb[i];
	return sum;
}

static bool count(void *arg, size_t done, size_t n)
{
	*(size_t *)arg = done;
	return done <= n;
}

TEST(app_sense_embeds_all_rows_in_their_order)
{
	struct world w;
	struct sb rows;
	size_t seen = 0;

	sb_init(&rows, LIM_SB);
	for (int i = 0; i < 130; i++)
		sb_fmt(&rows, "%s\t%s\n", i % 2 ? "x" : "y",
		       i == 7 ? "abc ||| 退货 ab" : i % 2 ? "退货 ab" : "ab abc c");
	world_open(&w, sb_str(&rows));
	OK(app_sense_rows(&w.s, &w.rows,
			  &(struct app_sense_opts){ .spec = &w.spec, .workers = 2,
						    .want = SV("e5:tiny.bin"),
						    .progress = count, .arg = &seen },
			  &w.e));
	EQ(seen, 130);
	EQ(w.s.vecs.dim, TINY_WIDTH);
	STR_EQ(w.s.vecs.name, "e5:tiny.bin");
	CHECK(w.s.vecs.v == w.s.v && w.s.seconds > 0);
	CHECK(likeness(&w, 0, 1) < 0.99);
	for (size_t i = 0; i < 130; i++) /* the seventh: its last turn */
		NEAR(likeness(&w, i, i % 2), 1, 1e-4);
	world_close(&w);
	sb_done(&rows);
}

TEST(app_sense_refuses_another_model_and_says_both_names)
{
	struct world w;
	world_open(&w, "x\tab\ny\tc\n");
	EQ(app_sense_rows(&w.s, &w.rows,
			  &(struct app_sense_opts){ .spec = &w.spec, .want = SV("e5:other.bin"),
						    .file = "mine.bin" },
			  &w.e),
	   ERR_STATE);
	HAS(sv_of(w.e.msg), "mine.bin");
	HAS(sv_of(w.e.msg), "e5:other.bin");
	HAS(sv_of(w.e.msg), "e5:tiny.bin");
	world_close(&w);
}

static bool stop(void *arg, size_t done, size_t n)
{
	return false;
}

TEST(app_sense_no_model_broken_model_and_stopped)
{
	struct world w;
	struct app_sense_opts o = { .spec = &w.spec, .workers = 1 };
	world_open(&w, "x\tab\ny\tc\n");
	w.spec.file = "/nonexistent/e5.bin";
	EQ(app_sense_rows(&w.s, &w.rows, &o, &w.e), ERR_NOTFOUND);
	HAS(sv_of(w.e.msg), "callm models pull");
	app_sense_done(&w.s);
	w.spec.file = w.file;
	o.progress = stop;
	EQ(app_sense_rows(&w.s, &w.rows, &o, &w.e), ERR_CANCELED);
	app_sense_done(&w.s);
	o.progress = NULL;
	OK(file_write(w.file, SV("no model"), &w.e));
	EQ(app_sense_rows(&w.s, &w.rows, &o, &w.e), ERR_UPSTREAM);
	HAS(sv_of(w.e.msg), "e5:tiny.bin");
	world_close(&w);
}
