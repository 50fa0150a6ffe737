/* eval_summary.c: conversations with known facts, their summaries, and what is missing in them.
 *
 * One after the other, each with a new customer's link. The rows are sorted by their numbers (a
 * reply's row comes with its words, others before), the person's part is added with the masks that
 * the engine would make, and assist reads it all as it reads the river. What the script says must
 * be there is looked for in the lists of the summary: a slot among the facts, a promise among the
 * promises, an action among what was done. Inventions are what assist's own grounding check finds.
 * The caller's thread; blocking. */
#include "eval_sum_int.h"
#include "feel.h"
#include "guard.h"

#include <poll.h>
#include <stdlib.h>

#define CASES 1000
#define STEP_MS 1

struct eval_sums {
	jv *cases;
};
struct run {
	const struct eval_sums_opts *o;
	jv *out;
	bool over;
};

void eval_sums_new(struct eval_sums **ret)
{
	*ret = xalloc(sizeof(**ret));
	(*ret)->cases = jv_arr();
}

void eval_sums_free(struct eval_sums *s)
{
	if (!s)
		return;
	jv_free(s->cases);
	xfree(s);
}

int eval_sums_add(struct eval_sums *s, sv jsonl, const char *name, struct err *e)
{
	sv line;
	for (int no = 1; sv_line(&jsonl, &line); no++) {
		struct err why = { 0 };
		if (!sv_trim(line).n)
			continue;
		jv *o = jv_parse(line, &why);
		if (!jv_is_obj(o) || !jv_len(jv_get(o, "turns")) || !jv_get_str(o, "name").n) {
			jv_free(o);
			return err_set(e, ERR_PARSE, "%s:%d: %s", name, no,
				       why.msg[0] ? why.msg : "a case needs name and turns");
		}
		if (jv_len(s->cases) >= CASES) {
			jv_free(o);
			return err_set(e, ERR_FULL, "%s: more than %d cases", name, CASES);
		}
		jv_push(s->cases, o);
	}
	return 0;
}

/* ---- rows ---- */

static int by_seq(const void *a, const void *b)
{
	int64_t x = jv_get_int(*(jv *const *)a, "seq", 0),
		y = jv_get_int(*(jv *const *)b, "seq", 0);
	return (x > y) - (x < y);
}

/* Into the case in their order; the last number and time. */
static void read_rows(struct assist_case *c, const jv *rows, int64_t *seq, int64_t *ts, int *turn)
{
	size_t n = jv_len(rows);
	const jv **v = xalloc((n + 1) * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i] = jv_at(rows, i);
	qsort(v, n, sizeof(*v), by_seq);
	for (size_t i = 0; i < n; i++) {
		assist_case_row(c, v[i]);
		*seq = jv_get_int(v[i], "seq", *seq);
		*turn = (int)jv_get_int(v[i], "turn", *turn);
		(void)clk_parse_rfc3339(jv_get_str(v[i], "ts"), ts);
	}
	xfree(v);
}

static void add_row(struct assist_case *c, int64_t seq, int64_t ts, int turn, const char *kind,
		    jv *body)
{
	jv *row = jv_obj();
	jv_set_int(row, "seq", seq);
	jv_set_int(row, "ts_ms", ts);
	jv_set_int(row, "turn", turn);
	jv_set_str(row, "kind", sv_of(kind));
	jv_set(row, "body", body);
	assist_case_row(c, row);
	jv_free(row);
}

static jv *customer_body(sv text, sv lang)
{
	struct feel_state f = { 0 };
	struct guard_in in = { 0 };
	struct arena a;
	jv *o = jv_obj();
	arena_init(&a, LIM_ARENA_TURN * 4);
	feel_turn(&f, text, lang);
	jv_set_str(o, "text", guard_inbound(text, &a, &in) ? SV("") : in.masked);
	jv_set_str(o, "language", sv_of(f.lang));
	jv_set_str(o, "intent", sv_of(f.intent));
	jv_set_num(o, "intent_p", f.intent_p);
	jv_set_str(o, "emotion", sv_of(f.emotion));
	arena_done(&a);
	return o;
}

/* From the first words of an agent on. */
static void add_person(struct assist_case *c, const jv *kase, int64_t seq, int64_t ts, int turn)
{
	const jv *turns = jv_get(kase, "turns");
	bool person = false;
	for (size_t i = 0; i < jv_len(turns); i++) {
		const jv *t = jv_at(turns, i);
		jv *body = jv_obj();
		if (!person && !jv_is_str(t)) {
			jv_set_str(body, "agent", SV("mei"));
			add_row(c, ++seq, ts += 20000, turn, "handover.accepted", body);
			body = jv_obj();
			person = true;
		}
		if (!person || jv_is_str(t)) {
			jv_free(body);
			body = person ? customer_body(jv_as_str(t), jv_get_str(kase, "lang")) :
					NULL;
		}
		if (!person)
			continue;
		if (jv_is_str(t)) {
			add_row(c, ++seq, ts += 20000, ++turn, "turn.customer", body);
			continue;
		}
		jv_set_str(body, "text", jv_get_str(t, "agent"));
		jv_set_str(body, "by", SV("mei"));
		add_row(c, ++seq, ts += 20000, turn, "turn.agent", body);
	}
}

/* ---- judging ---- */

static bool value_in(const jv *list, const char *const *keys, sv want)
{
	for (size_t i = 0; i < jv_len(list); i++)
		for (int k = 0; keys[k]; k++) {
			sv got = jv_get_str(jv_at(list, i), keys[k]);
			if (got.n && sv_find(got, want) >= 0)
				return true;
		}
	return false;
}

static bool found(const jv *list, const char *const *keys, sv alternatives)
{
	sv one;
	while (sv_cut(&alternatives, '|', &one))
		if (value_in(list, keys, sv_trim(one)))
			return true;
	return false;
}

static void add_int(jv *o, const char *key, int64_t by)
{
	jv_set_int(o, key, jv_get_int(o, key, 0) + by);
}

struct wanted {
	const char *gold, *sum, *ok, *list;
	const char *keys[4];
};

static void judge_list(struct run *r, const jv *kase, const jv *s, jv *missing,
		       const struct wanted *w)
{
	const jv *gold = jv_get(kase, w->gold);
	for (size_t i = 0; i < jv_len(gold); i++) {
		sv want = jv_as_str(jv_at(gold, i));
		bool ok = found(jv_get(s, w->list), w->keys, want);
		add_int(r->out, w->sum, 1);
		add_int(r->out, w->ok, ok);
		if (!ok)
			jv_push(missing, jv_str(want));
	}
}

static void judge(struct run *r, const jv *kase, const struct assist_case *c, jv *s, jv *result)
{
	static const struct wanted wants[] = {
		{ "slots", "slots", "slots_ok", "facts", { "value", "label" } },
		{ "promises", "promises", "promises_ok", "promises", { "text" } },
		{ "done", "done", "done_ok", "done", { "tool" } },
	};
	const char *const tool[] = { "tool", NULL };
	const jv *undone = jv_get(kase, "undone");
	jv *missing = jv_arr();
	struct sb why;
	sb_init(&why, LIM_SB);
	for (size_t i = 0; i < sizeof(wants) / sizeof(*wants); i++)
		judge_list(r, kase, s, missing, &wants[i]);
	for (size_t i = 0; i < jv_len(undone); i++)
		if (found(jv_get(s, "done"), tool, jv_as_str(jv_at(undone, i))))
			add_int(r->out, "undone_wrong", 1);
	sv disposition = jv_get_str(kase, "disposition");
	if (disposition.n) {
		bool ok = sv_eq(jv_as_str(jv_path(s, "disposition.id")), disposition);
		add_int(r->out, "dispositions", 1);
		add_int(r->out, "dispositions_ok", ok);
		if (!ok)
			jv_push(missing, jv_str(disposition));
	}
	add_int(r->out, "invented", (int64_t)assist_invented(c, r->o->with, s, &why));
	jv_set(result, "missing", missing);
	jv_set_str(result, "invented", sb_sv(&why));
	sb_done(&why);
}

/* ---- one after the other ---- */

static void on_over(void *arg)
{
	struct run *r = arg;
	r->over = true;
}

/* Threads of the store and tools work in real time: the simulated clock goes beside it. */
static void wait_over(struct run *r)
{
	while (!r->over) {
		loop_sim_advance(r->o->loop, STEP_MS);
		if (!r->over)
			(void)poll(NULL, 0, 1);
	}
}

static void play_one(struct run *r, const jv *kase)
{
	struct sum_talk t = { .kase = kase, .rows = jv_arr(), .turns = jv_arr(),
			      .on_over = on_over, .arg = r };
	struct assist_case *c = assist_case_new();
	jv *result = jv_obj(), *langs = jv_get(r->out, "languages");
	int64_t seq = 0, ts = 0;
	int turn = 0;
	r->over = false;
	if (sum_play(&t, r->o->loop, r->o->hub) == 0)
		wait_over(r);
	else
		t.silent = true;
	read_rows(c, t.rows, &seq, &ts, &turn);
	add_person(c, kase, seq, ts, turn);
	jv *s = assist_summary(c, r->o->with);
	jv_set_str(result, "name", jv_get_str(kase, "name"));
	judge(r, kase, c, s, result);
	add_int(r->out, "total", 1);
	add_int(r->out, "silent", t.silent);
	add_int(langs, sv_eq(jv_get_str(kase, "lang"), SV("zh")) ? "zh" : "en", 1);
	jv_set(result, "turns", t.turns);
	jv_set(result, "summary", s);
	jv_push(jv_get(r->out, "cases"), result);
	jv_free(t.rows);
	assist_case_free(c);
}

jv *eval_sums_run(struct eval_sums *s, const struct eval_sums_opts *o)
{
	static const char *const sums[] = { "total",	    "slots",	    "slots_ok",
					    "promises",	    "promises_ok",  "done",
					    "done_ok",	    "undone_wrong", "dispositions",
					    "dispositions_ok", "invented",  "silent" };
	struct run r = { .o = o, .out = jv_obj() };
	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++)
		jv_set_int(r.out, sums[i], 0);
	jv_set(r.out, "languages", jv_obj());
	jv_set(r.out, "cases", jv_arr());
	for (size_t i = 0; i < jv_len(s->cases); i++) {
		const jv *k = jv_at(s->cases, i);
		if (!o->only.n || sv_find(jv_get_str(k, "name"), o->only) >= 0)
			play_one(&r, k);
	}
	return r.out;
}
