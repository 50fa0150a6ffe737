/* cmd_score_topics.c: `callm score topics`: groups of texts found without labels, held against
 * labels; beside them k-means on tf-idf with the true number of groups. */
#include "app_vecs.h"
#include "app_int.h"
#include "ins_topic.h"

#include <stdio.h>

enum { TEXTS = INS_TOPIC_TEXTS, LABELS = 2000 };

struct labelled {
	struct arena a;
	struct ins_said v[TEXTS];
	size_t label[TEXTS], n, labels;
	int dim;
};

/* text<TAB>label, the first line says so. */
static int read_rows(struct labelled *x, const char *path, struct err *e)
{
	struct map *at = map_new(LABELS);
	struct sb b;
	sv rest, line, text;
	sb_init(&b, LIM_KB_DOC);
	int rc = file_read(path, LIM_KB_DOC, &b, e);
	rest = arena_sv(&x->a, sb_sv(&b));
	sb_done(&b);
	for (int i = 0; rc == 0 && x->n < TEXTS && sv_line(&rest, &line); i++) {
		if (i == 0 || !sv_cut(&line, '\t', &text) || !text.n)
			continue;
		void *p = map_get(at, line);
		if (!p && map_put(at, line, (void *)(uintptr_t)(x->labels + 1)) == 0)
			p = (void *)(uintptr_t)++x->labels;
		x->v[x->n].text = text;
		x->label[x->n++] = p ? (size_t)(uintptr_t)p - 1 : 0;
	}
	map_free(at);
	return rc || x->n >= 2 ? rc : err_set(e, ERR_INVAL, "%s: no lines text<TAB>label", path);
}

static int embed(struct labelled *x, struct err *e)
{
	struct app_vecs *v = NULL;
	int rc = app_vecs_open(&v, "", NULL, e);
	for (size_t i = 0; i < x->n && rc == 0; i++) {
		const float *q = app_vecs_question(v, x->v[i].text, &x->dim);
		float *keep = q ? arena_new(&x->a, float, x->dim) : NULL;
		if (keep)
			memcpy(keep, q, (size_t)x->dim * sizeof(*q));
		else
			rc = err_set(e, ERR_FAIL, "a text could not be embedded");
		x->v[i].vec = keep;
	}
	app_vecs_close(v);
	return rc;
}

static void print_words(const struct ins_topics *t, const struct labelled *x)
{
	for (size_t k = 0; k < ins_topics_n(t); k++) {
		const struct ins_topic *g = ins_topics_at(t, k);
		printf("%5zu ", g->n);
		for (size_t i = 0; i < g->n_words; i++)
			printf(" " SV_FMT, SV_ARG(g->word[i]));
		if (g->n_quotes)
			printf("   | " SV_FMT, SV_ARG(sv_slice(x->v[g->quote[0]].text, 0, 80)));
		putchar('\n');
	}
}

static int judge(const struct labelled *x, const struct ins_topic_opts *o, const char *name,
		 jv *out, bool show)
{
	struct ins_topics *t = NULL;
	int64_t at = clk_mono_us();
	int rc = ins_topics_new(&t, x->v, x->n, o);
	if (rc)
		return rc;
	size_t *group = xalloc((x->n + 1) * sizeof(*group));
	for (size_t i = 0; i < x->n; i++)
		group[i] = ins_topics_of(t, i);
	struct ins_agree a = ins_v_measure(group, x->label, x->n);
	jv *j = jv_obj();
	jv_set_int(j, "groups", (int64_t)ins_topics_n(t));
	jv_set_num(j, "v_measure", a.v);
	jv_set_num(j, "homogeneity", a.homogeneity);
	jv_set_num(j, "completeness", a.completeness);
	jv_set_num(j, "seconds", (double)(clk_mono_us() - at) / 1e6);
	jv_set(out, name, j);
	if (show)
		print_words(t, x);
	xfree(group);
	ins_topics_free(t);
	return 0;
}

static int score(struct labelled *x, size_t k, bool show, struct err *e)
{
	const struct ins_topic_opts ours = { .dim = x->dim, .k = k };
	const struct ins_topic_opts plain = {
		.k = x->labels < INS_TOPICS ? x->labels : INS_TOPICS, .plain = true
	};
	jv *out = jv_obj();
	jv_set_int(out, "n", (int64_t)x->n);
	jv_set_int(out, "labels", (int64_t)x->labels);
	int rc = judge(x, &ours, "ours", out, show);
	if (rc == 0)
		rc = judge(x, &plain, "k_means_tf_idf", out, false);
	if (rc == 0)
		cli_print_json(out);
	else
		jv_free(out);
	return rc ? err_set(e, rc, "topics: %s", err_text(rc)) : 0;
}

int cmd_score_topics(int argc, char **argv)
{
	const char *file = NULL;
	bool words = false, show = false;
	int64_t k = 0;
	int rest, status, rc;
	struct err e = { 0 };
	const struct cli_opt opts[] = {
		{ "data", CLI_STR, &file, "lines text<TAB>label, the first a heading" },
		{ "groups", CLI_INT, &k, "how many (0 = as many as the texts show)" },
		{ "words", CLI_FLAG, &words, "without an embedding model" },
		{ "show", CLI_FLAG, &show, "the groups, their words and a quote" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (!file || k < 0 || k > INS_TOPICS)
		return cli_fail("score topics --data FILE.tsv [--groups 0 to %d]", INS_TOPICS), 2;
	struct labelled *x = xalloc(sizeof(*x));
	arena_init(&x->a, LIM_ARENA_BIG);
	rc = read_rows(x, file, &e);
	if (rc == 0 && !words)
		rc = embed(x, &e);
	if (rc == 0)
		rc = score(x, (size_t)k, show, &e);
	arena_done(&x->a);
	xfree(x);
	return rc ? cli_fail("%s", e.msg) : 0;
}
