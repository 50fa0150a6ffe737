/* api_openai_call.c: which way a request goes: one of the client's functions, words about a
 * function's result, JSON, or one turn of the engine.
 *
 *	functions, results, JSON   a language model is asked first, if there is one
 *	functions by the words     without one: the function the words speak of, with arguments out
 *	                           of the words; what is required and missing is asked for
 *	results by the words       the result, told in words
 *	everything else            the engine's turn; when it wants to hand over or end, and the
 *	                           client has a function for that, that is called too
 *
 * Door's thread. */
#include "api_openai.h"

#include <stdio.h>

static bool zh(const struct oai_call *x)
{
	return sv_starts(x->q.lang, SV("zh"));
}

static bool has_tools(const struct oai_req *q)
{
	return q->n_tools && q->choice != OAI_NONE;
}

static bool has_results(const struct oai_req *q)
{
	return q->first_new < q->n && q->msgs[q->first_new].role == LLM_TOOL;
}

/* So many of the customer's last texts are read for values, each up to a message's length: they
 * are read again for every property, on the door's thread. */
#define TEXTS_READ 16

/* The customer's texts, newest first. */
static struct oai_words words(struct oai_req *q)
{
	sv *v = arena_new(&q->arena, sv, TEXTS_READ);
	struct oai_words w = { v, 0 };
	for (size_t i = q->n; v && w.n < TEXTS_READ && i-- > 0;) {
		sv t = q->msgs[i].text;
		if (q->msgs[i].role == LLM_USER)
			v[w.n++] = sv_slice(t, 0, sv_rune_offset(t, LIM_TEXT_MSG));
	}
	return w;
}

static void call_tool(struct oai_call *x, const struct oai_tool *t, sv args, sv text)
{
	struct oai_tool_call c = { t->name, args };
	struct oai_answer y = { .text = text, .calls = &c, .n_calls = 1, .finish = "tool_calls",
				.row = x->reply };
	oai_call_answer(x, &y);
}

static void say(struct oai_call *x, sv text)
{
	struct oai_answer y = { .text = text, .finish = "stop", .used = x->used };
	oai_call_answer(x, &y);
}

static void ask_for(struct oai_call *x, sv name, sv says)
{
	struct sb b, what;
	sb_init(&b, LIM_SB);
	sb_init(&what, 4096);
	oai_tool_spoken(name, &what);
	says = sv_slice(says, 0, sv_rune_offset(says, 200));
	sb_fmt(&b, zh(x) ? "为了办理，我还需要%s" : "To do that I still need the %s",
	       what.n ? sb_str(&what) : (zh(x) ? "更多信息" : "details"));
	if (says.n)
		sb_fmt(&b, zh(x) ? "（" SV_FMT "）" : " (" SV_FMT ")", SV_ARG(says));
	sb_cstr(&b, zh(x) ? "。请告诉我。" : ". What is it?");
	say(x, sb_sv(&b));
	sb_done(&b);
	sb_done(&what);
}

/* ---- by the words ---- */

#define FITS 1.0

static const struct oai_tool *best_tool(const struct oai_req *q)
{
	const struct oai_tool *best = NULL;
	double most = -1;
	bool tie = false;
	for (size_t i = 0; i < q->n_tools; i++) {
		double fit = oai_tool_fit(&q->tools[i], q->text);
		tie = fit == most || (tie && fit < most);
		if (fit <= most)
			continue;
		most = fit;
		best = &q->tools[i];
	}
	if (q->choice == OAI_MUST)
		return best;
	return most >= FITS && !tie ? best : NULL;
}

/* false: none of the functions is meant. */
static bool tools_by_words(struct oai_call *x)
{
	struct oai_req *q = &x->q;
	const struct oai_tool *t = best_tool(q);
	struct oai_words w = words(q);
	struct sb args;
	sv missing, says;
	if (!t)
		return false;
	sb_init(&args, LIM_SB);
	bool filled = oai_tool_fill(t, &w, &args, &missing, &says);
	bool ask = !filled && q->choice == OAI_MUST;
	if (filled)
		call_tool(x, t, sb_sv(&args), SV_NULL);   /* x is gone with either */
	else if (ask)
		ask_for(x, missing, says);
	sb_done(&args);
	return filled || ask;
}

static void results_by_words(struct oai_call *x)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	for (size_t i = x->q.first_new; i < x->q.n; i++) {
		if (b.n && !zh(x))
			sb_ch(&b, ' ');
		oai_tool_result(x->q.msgs[i].text, x->q.lang, &b);
	}
	say(x, sb_sv(&b));
	sb_done(&b);
}

void oai_by_words(struct oai_call *x)
{
	if (x->q.schema)
		oai_call_fail(x, 503, "model_failed",
			      "The language model did not answer; try again.");
	else if (has_results(&x->q))
		results_by_words(x);
	else if (!has_tools(&x->q) || !tools_by_words(x))
		oai_turn_start(x);
}

/* ---- with a model ---- */

static void model_text(struct oai_call *x, const struct oai_result *r)
{
	struct oai_answer y = { .text = r->text, .finish = "stop", .used = r->used };
	if (x->q.schema && r->ungrounded) {
		y.text = SV_NULL;
		y.refusal = zh(x) ? "答案里有没有依据的内容，因此不给出。" :
				    "The answer held values that nobody said, so it is not given.";
	}
	oai_call_answer(x, &y);
}

void oai_job_over(struct oai_call *x, const struct oai_result *r)
{
	if (r->err == ERR_NOTFOUND && x->q.schema) {
		struct oai_problem p;
		oai_problem(&p, 400, "response_format", "unsupported_value",
			    "Answers as JSON need a language model, and none is configured here; "
			    "leave response_format out.");
		oai_call_refuse(x, &p);
	} else if (r->err || r->doubt) {
		oai_by_words(x);
	} else if (r->n_calls) {
		struct oai_answer y = { .calls = r->calls, .n_calls = r->n_calls,
					.finish = "tool_calls", .used = r->used };
		oai_call_answer(x, &y);
	} else if (x->q.schema || (has_results(&x->q) && !r->ungrounded)) {
		model_text(x, r);
	} else if (has_results(&x->q) || x->q.choice == OAI_MUST) {
		oai_by_words(x);
	} else {
		oai_turn_start(x);
	}
}

void oai_route(struct oai_call *x)
{
	bool ask = has_tools(&x->q) || has_results(&x->q) || x->q.schema;
	if (!ask || !oai_job_start(x))
		oai_by_words(x);
}

/* ---- after the engine's turn ---- */

void oai_turn_over(struct oai_call *x)
{
	const jv *body = jv_get(x->reply, "body");
	sv text = jv_get_str(body, "text");
	const struct oai_tool *t = has_tools(&x->q) ?
					   oai_tool_for(&x->q, jv_get_str(body, "action")) : NULL;
	struct oai_words w = words(&x->q);
	struct sb args;
	sv missing, says;
	sb_init(&args, LIM_SB);
	if (t && oai_tool_fill(t, &w, &args, &missing, &says)) {
		call_tool(x, t, sb_sv(&args), text);
	} else {
		struct oai_answer y = { .text = text, .finish = "stop", .row = x->reply };
		const jv *u = jv_get(body, "usage");
		y.used.prompt_tokens = (int)jv_get_int(u, "prompt_tokens", 0);
		y.used.completion_tokens = (int)jv_get_int(u, "completion_tokens", 0);
		oai_call_answer(x, &y);
	}
	sb_done(&args);
}
