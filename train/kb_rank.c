/* kb_rank.c: trains and measures the knowledge ranker. Not part of the server.
 *
 *	kb_rank train ROOT DATA > w.h       learn; writes models/kb_embed.*.bin as well
 *	kb_rank meaning ROOT DATA MODEL VECTORS > w.h       the weights with an embedding model
 *	kb_rank few ROOT DATA [MODEL VECTORS] > w.h         the gate of articles with few names
 *	kb_rank cross ROOT MODEL VECTORS    when an article of another language answers
 *	kb_rank score ROOT dev|test [MODEL VECTORS]         those sets with the built-in weights
 *	kb_rank wrong ROOT en|zh DATA       each development question that goes wrong, with why
 *	kb_rank bench ROOT                  microseconds per search
 *	kb_rank ask ROOT en|zh QUESTION
 *	kb_rank common < UTTERANCES, kb_rank words < DICT      see kb_words.c
 *
 * MODEL and VECTORS as in vectors.h. DATA holds banking77, clinc150 and hwu64 unpacked
 * (NAME/train.tsv). Test questions are only counted, never shown and never learned from. The
 * threshold on p lets OOS_ANSWERED of the unanswerable development questions through,
 * cross-fitted.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "kb_train.h"

static const char *const langs[] = { "en", "zh" };

static void begin(const char *name)
{
	char guard[96];

	snprintf(guard, sizeof(guard), "CALLM_%s_H", name);
	for (char *c = guard; *c; c++)
		*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
	printf("/* %s.h: learned weights of the ranker, written by `kb_rank`. */\n"
	       "#ifndef %s\n#define %s\n\n", name, guard, guard);
}

/* By words; the table of vectors goes to models/. */
static void train(struct kb_index *ix, const char *root, const char *data)
{
	begin("kb_weights");
	for (int l = 0; l < 2; l++) {
		struct set s = load_set(ix, root, langs[l], data, LOAD_KEEP);

		fit_lang(stdout, "", langs[l], &s, false);
		VEC_FREE(&s);
	}
	printf("\n#endif\n");
}

static void train_cross(struct kb_index *ix, const char *root, const char *kind)
{
	struct cross r = { 0 };

	for (int l = 0; l < 2; l++) {
		struct kb_space *home = kb_space_of(ix, sv_of(langs[l]));
		const struct kb_space *sp = kb_space_of(ix, sv_of(langs[!l]));
		struct set s = plan_questions(home, root);

		for (size_t i = 0; i < s.n; i++) {
			int dim;

			if (s.v[i].dev)
				cross_ask(home, sp, &s.v[i], question_vector(s.v[i].text, &dim),
					  &r);
		}
		VEC_FREE(&s);
	}
	cross_fit(&r, kind, false, stdout);
	VEC_FREE(&r);
}

/* With vectors of passages and questions: what is learned is of their model. */
static void train_meaning(struct kb_index *ix, const char *root, const char *data)
{
	const char *tag = vectors_model()->tag;
	char name[64], kind[64], abroad[64];

	snprintf(name, sizeof(name), "kb_weights_%s", *tag ? tag : "dense");
	snprintf(kind, sizeof(kind), "%s_", *tag ? tag : "dense");
	snprintf(abroad, sizeof(abroad), *tag ? "%s_abroad" : "%sabroad", tag);
	begin(name);
	make_questions(ix, root, NULL);
	for (int l = 0; l < 2; l++) {
		struct set s = load_set(ix, root, langs[l], data, LOAD), d = dense_set(&s);

		fit_lang(stdout, kind, langs[l], &d, true);
		VEC_FREE(&s);
		VEC_FREE(&d);
	}
	train_cross(ix, root, abroad);
	printf("\n#endif\n");
}

/* By words, or with vectors for their model alone. */
static void train_few(struct kb_index *ix, const char *root, const char *data)
{
	const struct kb_model *m = vectors_model();
	char name[64], kind[32];

	snprintf(kind, sizeof(kind), "%s_", !m ? "words" : *m->tag ? m->tag : "dense");
	snprintf(name, sizeof(name), "kb_weights_%sfew", m ? kind : "");
	begin(name);
	make_questions(ix, root, NULL);
	for (int l = 0; l < 2; l++) {
		struct set s = load_set(ix, root, langs[l], data, LOAD_SCARCE), d = dense_set(&s);

		fit_few(stdout, kind, langs[l], m ? &d : &s, m != NULL);
		VEC_FREE(&s);
		VEC_FREE(&d);
	}
	printf("\n#endif\n");
}

/* ---- reports ---- */

static void print_score(const char *what, const char *lang, const struct kb_score *s)
{
	printf("%-5s %s: first %.1f%%, in 5 %.1f%%; first and answered %.1f%% (%zu/%zu), in 3 "
	       "%.1f%%, declined wrongly "
	       "%.1f%%, unanswerable declined %.1f%% (%zu/%zu), quotes literal %zu/%zu\n",
	       what, lang, 100.0 * (double)s->right_first / (double)s->n,
	       100.0 * (double)s->in5 / (double)s->n, 100.0 * (double)s->first / (double)s->n,
	       s->first, s->n, 100.0 * (double)s->in3 / (double)s->n,
	       100.0 * (double)s->declined_wrongly / (double)s->n,
	       100.0 * (double)s->oos_declined / (double)s->n_oos, s->oos_declined, s->n_oos,
	       s->quotes_ok, s->quotes);
}

static const float *vector(void *arg, sv text, int *dim)
{
	(void)arg;
	return question_vector(text, dim);
}

static int score(struct kb_index *ix, const char *root, bool tests)
{
	struct kb_score s;
	struct err e = { 0 };

	make_questions(ix, root, "dev");
	if (tests)
		make_questions(ix, root, "test");

	for (int i = 0; i < (tests ? 4 : 2); i++) {
		const char *lang = langs[i & 1];
		bool test = i > 1;

		if (kb_evaluate_by(ix, sv_of(lang), read_lang(root, test ? "test" : "dev", lang),
				   read_lang(root, test ? "un" : "oos", lang), vector, NULL, &s,
				   &e) != 0) {
			fprintf(stderr, "%s\n", e.msg);
			return 1;
		}
		print_score(test ? "test" : "dev", lang, &s);
	}
	return 0;
}

static void print_cand(const struct kb_found *f, size_t i, const char *mark)
{
	static const char *const names[KF_N] = { "title", "title_q", "alias", "alias_q", "alias_t",
		"alias3", "names_q", "all_q", "sent", "sent_q", "exact", "unknown", "sent1", "rare",
		"core", "core_t", "centre", "product", "conc_q", "conc_t", "clause", "miss1",
		"miss2", "emb", "emb3", "emb_c", "emb_part",
		"tight", "words", "names",
		"back" };
	const struct kb_cand *c = &f->c[i];

	printf("   %s%-24.*s s %.2f p %.2f", mark, SV_ARG(f->sp->art[c->art].a.group_id), c->score,
	       c->p);
	for (int k = 0; k < KF_N; k++)
		if (c->f[k] > 0)
			printf(" %s %.2f", names[k], c->f[k]);
	printf("\n");
}

static void wrong(struct kb_index *ix, const char *root, const char *lang, const char *data)
{
	struct set s = load_set(ix, root, lang, data, LOAD);
	double ans = kb_weights_of(sv_of(lang), NULL, false)->answer;

	for (size_t i = 0; i < s.n; i++) {
		struct sample *x = &s.v[i];
		bool right, answered;

		if (!x->dev)
			break;
		kb_rank(sv_of(lang), NULL, x->f->c, x->f->n, x->f->n);
		answered = x->f->n && x->f->c[0].p >= ans;
		right = x->f->n && sv_eq(x->f->sp->art[x->f->c[0].art].a.group_id, x->want);
		if (x->want.n ? right && answered : !answered)
			continue;
		printf("%s " SV_FMT "\t" SV_FMT "\n", !x->want.n ? "ANSWERED" : right ? "DECLINED" :
		       "WRONG", SV_ARG(x->want), SV_ARG(x->text));
		for (size_t k = 0; k < x->f->n; k++) {
			bool gold = x->want.n &&
				    sv_eq(x->f->sp->art[x->f->c[k].art].a.group_id, x->want);

			if (k < 2 || gold)
				print_cand(x->f, k, gold ? "*" : " ");
		}
	}
	VEC_FREE(&s);
}

static void ask(struct kb_index *ix, const char *lang, const char *text)
{
	struct kb_query q = { .text = sv_of(text), .lang = sv_of(lang), .k = 3 };
	struct kb_result r;

	if (kb_search(ix, &q, &train_mem, &r) != 0)
		return;
	printf("%s\n", r.answerable ? "answerable" : r.unsure ? "unsure" : "declined");
	for (size_t i = 0; i < r.n; i++)
		printf("%.2f " SV_FMT ": " SV_FMT "\n", r.hits[i].p, SV_ARG(r.hits[i].article_id),
		       SV_ARG(r.hits[i].quote));
}

static void bench(struct kb_index *ix, const char *root, const char *lang)
{
	sv text = read_lang(root, "dev", lang), rest, line, want;
	struct arena a;
	int64_t t0, best = 0;
	size_t n = 0;

	arena_init(&a, LIM_ARENA_TURN);
	for (int round = 0; round < 6; round++) {
		rest = text;
		n = 0;
		t0 = clk_cpu_us();
		while (sv_line(&rest, &line)) {
			struct kb_result r;

			arena_reset(&a);
			sv_cut(&line, '\t', &want);
			n += kb_search(ix, &(struct kb_query){ .text = line, .lang = sv_of(lang),
				       .k = 5 }, &a, &r) == 0;
		}
		t0 = clk_cpu_us() - t0;
		best = !best || t0 < best ? t0 : best;
	}
	printf("bench %s: %.1f us per search (%zu articles)\n", lang, (double)best / (double)n,
	       kb_count(ix));
	arena_done(&a);
}

int main(int argc, char **argv)
{
	struct store *st = NULL;
	struct kb_index *ix = NULL;
	struct err e = { 0 };
	int rc = 0, with;
	bool meaning, few, cross;

	arena_init(&train_mem, (size_t)8 << 30);
	if (argc == 2 && strcmp(argv[1], "common") == 0)
		return words_common(&train_mem);
	if (argc == 2 && strcmp(argv[1], "words") == 0)
		return words_classes(&train_mem);
	if (argc < 3) {
		fprintf(stderr, "usage: kb_rank train|meaning|few|cross|score|bench|wrong|ask ROOT "
				"...: see its head\n");
		return 2;
	}
	meaning = strcmp(argv[1], "meaning") == 0;
	cross = strcmp(argv[1], "cross") == 0;
	few = strcmp(argv[1], "few") == 0;
	with = cross ? 3 : meaning || few || strcmp(argv[1], "score") == 0 ? 4 : argc;
	if (argc > with + 1)
		use_vectors(argv[with], argv[with + 1]);
	if ((meaning || cross) && !vectors_model())
		return fputs("kb_rank: MODEL and VECTORS are missing\n", stderr), 2;
	if (open_index(argv[2], &st, &ix, &e) != 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	if (strcmp(argv[1], "train") == 0)
		train(ix, argv[2], argc > 3 ? argv[3] : NULL);
	else if (few)
		train_few(ix, argv[2], argv[3]);
	else if (meaning)
		train_meaning(ix, argv[2], argv[3]);
	else if (cross)
		make_questions(ix, argv[2], NULL), train_cross(ix, argv[2], "abroad");
	else if (strcmp(argv[1], "wrong") == 0 && argc > 3)
		wrong(ix, argv[2], argv[3], argc > 4 ? argv[4] : NULL);
	else if (strcmp(argv[1], "ask") == 0 && argc > 4)
		ask(ix, argv[3], argv[4]);
	else if (strcmp(argv[1], "bench") == 0)
		bench(ix, argv[2], "en"), bench(ix, argv[2], "zh");
	else
		rc = score(ix, argv[2], argc > 3 && strcmp(argv[3], "test") == 0);
	obj_unref(ix);
	store_close(st);
	arena_done(&train_mem);
	return rc;
}
