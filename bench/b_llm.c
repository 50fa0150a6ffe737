/* b_llm.c: how fast and how well a local language model answers.
 *
 *	b_llm PROGRAM RUNTIME GGUF speed [THREADS]
 *	b_llm PROGRAM RUNTIME GGUF ask MAX < messages.jsonl
 *
 * PROGRAM is callm-llama, RUNTIME the folder of its libraries. speed: load, first token and
 * tokens a second for a prompt of about 400 tokens, first and again (its beginning is then
 * in the cache), and the process's memory. Beside the wall clock stands what the process took
 * of the processors, which with one thread is what an idle machine would need. ask: each line of
 * the input is a JSON list of
 * {"role","text"}; each answer is printed as one line of JSON with its figures. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "model.h"

struct got {
	struct sb text;
	bool ended;
	int err;
	struct llm_usage u;
	int64_t first_us, start_us, end_us;
	struct loop *l;
};

static void on_delta(void *arg, sv text)
{
	struct got *g = arg;
	if (!g->first_us)
		g->first_us = loop_now_us(g->l);
	sb_put(&g->text, text);
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct got *g = arg;
	g->ended = true;
	g->err = err;
	g->u = *u;
	g->end_us = loop_now_us(g->l);
}
static const struct llm_cb cb = { .on_delta = on_delta, .on_end = on_end };

static int ask(struct llm *m, struct loop *l, const struct llm_prompt *p, struct got *g)
{
	struct llm_run *run;
	*g = (struct got){ .l = l, .start_us = loop_now_us(l) };
	sb_init(&g->text, LIM_SB);
	int rc = llm_start(m, p, &cb, g, &run);
	while (!rc && !g->ended)
		(void)loop_run_once(l, 100);
	return rc ? rc : g->err;
}

/* Milliseconds of processor the worker has used so far. */
static double cpu_ms(const struct llm *m)
{
	struct sb b;
	sv text, word;
	char path[64];
	int64_t v, ticks = 0;
	sb_init(&b, 4096);
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", llm_worker_pid(m));
	(void)file_read(path, 4096, &b, NULL);
	text = sb_sv(&b);
	ptrdiff_t at = sv_find(text, SV(") "));
	text = sv_slice(text, at < 0 ? text.n : (size_t)at + 2, text.n);
	/* utime and stime are fields 14 and 15; the third comes first here (proc(5)) */
	for (int i = 3; i <= 15 && sv_cut(&text, ' ', &word); i++)
		if (i >= 14 && sv_i64(word, &v) == 0)
			ticks += v;
	sb_done(&b);
	return 1e3 * (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static void show_speed(const char *what, const struct got *g, double cpu)
{
	int64_t begun = g->first_us ? g->first_us : g->end_us;
	double first = (double)(begun - g->start_us) / 1e3,
	       rest = (double)(g->end_us - begun) / 1e6;
	(void)printf("%-22s prompt %d (cached %d), first token %.0f ms, %d tokens, %.1f tokens/s, "
		     "processor %.0f ms\n",
		     what, g->u.prompt_tokens, g->u.cached_tokens, first, g->u.completion_tokens,
		     rest > 0 ? (g->u.completion_tokens - 1) / rest : 0, cpu);
}

static void show_memory(const struct llm *m)
{
	struct sb b;
	sv text, line;
	char path[64];
	sb_init(&b, 8192);
	(void)snprintf(path, sizeof(path), "/proc/%d/status", llm_worker_pid(m));
	(void)file_read(path, 8192, &b, NULL);
	text = sb_sv(&b);
	while (sv_line(&text, &line))
		if (sv_starts(line, SV("VmRSS")) || sv_starts(line, SV("Rss")))
			(void)printf("%.*s\n", SV_ARG(line));
	sb_done(&b);
}

static int speed(struct llm *m, struct loop *l)
{
	struct sb long_text;
	struct got g;
	int rc = 0;
	sb_init(&long_text, LIM_SB);
	for (int i = 0; i < 40; i++)
		sb_fmt(&long_text, "Order %d was sent on day %d. ", 7 * i + 11, i % 28 + 1);
	struct llm_msg msgs[] = { { LLM_SYSTEM, sb_sv(&long_text) }, { LLM_USER, SV_NULL } };
	static const struct {
		const char *name, *question, *key;
		int max;
	} steps[] = {
		{ "load + short prompt", NULL, "w", 1 },
		{ "500 tokens, 1 answered", "When was order 25 sent?", "a", 1 },
		{ "again, 64 answered", "When was order 25 sent?", "a", 64 },
		{ "another conversation", "Which order was sent on day 3, and on day 5?", "b", 1 },
	};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !rc; i++) {
		double before = cpu_ms(m);
		msgs[1].text = steps[i].question ? sv_of(steps[i].question) : SV("Hello");
		struct llm_prompt p = { .msgs = steps[i].question ? msgs : &msgs[1],
					.n = steps[i].question ? 2 : 1,
					.max_tokens = steps[i].max,
					.cache_key = sv_of(steps[i].key),
					/* so that it does not stop early */
					.grammar = SV("root ::= [a-z ]{300}") };
		rc = ask(m, l, &p, &g);
		show_speed(steps[i].name, &g, cpu_ms(m) - before);
		sb_done(&g.text);
	}
	show_memory(m);
	sb_done(&long_text);
	return rc;
}

static int ask_line(struct llm *m, struct loop *l, sv line, int max)
{
	enum { MSGS = 64 };
	struct llm_msg msgs[MSGS];
	struct err e;
	jv *o = jv_parse(line, &e);
	size_t n = jv_len(o) < MSGS ? jv_len(o) : MSGS;
	for (size_t i = 0; i < n; i++) {
		sv role = jv_get_str(jv_at(o, i), "role");
		msgs[i] = (struct llm_msg){ sv_eq(role, SV("system"))	 ? LLM_SYSTEM :
					    sv_eq(role, SV("assistant")) ? LLM_ASSISTANT :
									   LLM_USER,
					    jv_get_str(jv_at(o, i), "text") };
	}
	struct llm_prompt p = { .msgs = msgs, .n = n, .max_tokens = max };
	struct got g;
	struct sb out;
	int rc = ask(m, l, &p, &g);
	sb_init(&out, LIM_SB);
	sb_cstr(&out, "{\"text\":");
	sb_json(&out, sb_sv(&g.text));
	sb_fmt(&out, ",\"err\":%d,\"prompt\":%d,\"cached\":%d,\"tokens\":%d,\"ms\":%d}", rc,
	       g.u.prompt_tokens, g.u.cached_tokens, g.u.completion_tokens,
	       (int)((g.end_us - g.start_us) / 1000));
	(void)puts(sb_str(&out));
	(void)fflush(stdout);
	sb_done(&out);
	sb_done(&g.text);
	jv_free(o);
	return rc;
}

static int ask_all(struct llm *m, struct loop *l, int max)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	while ((n = getline(&line, &cap, stdin)) > 0)
		(void)ask_line(m, l, sv_n(line, (size_t)n), max);
	free(line);
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct llm *m;
	if (argc < 5) {
		(void)fprintf(stderr, "usage: b_llm PROGRAM RUNTIME GGUF speed|ask [N]\n");
		return 2;
	}
	struct loop *l = loop_new();
	int n = argc > 5 ? (int)strtol(argv[5], NULL, 10) : 0;
	struct model_spec s = { .kind = "llama",
				.exe = argv[1],
				.runtime = argv[2],
				.file = argv[3],
				.threads = strcmp(argv[4], "speed") ? 0 : n,
				.first_ms = 60000,
				.total_ms = 120000 };
	int rc = llm_open(&m, &s, l, &e);
	if (rc) {
		(void)fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	rc = strcmp(argv[4], "speed") ? ask_all(m, l, n) : speed(m, l);
	if (rc)
		(void)fprintf(stderr, "%s\n", llm_error(m));
	llm_close(m);
	loop_free(l);
	return rc != 0;
}
