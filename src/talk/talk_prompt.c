/* talk_prompt.c: what a language model is asked: instructions, facts, numbered sources, the
 * conversation so far, and the actions it may ask for.
 *
 * The words come from prompts/answer.<lang>.yaml; a model that was never taught to follow
 * instructions gets examples (prompts/base.<lang>.yaml) and may only choose sentences. An
 * action is a tool call, which travels beside the text: nothing that a customer writes can
 * become one. None of them does anything by itself: talk_call.c decides. Pure like the rest of
 * the core. */
#include "talk_core.h"

#include <stdio.h>

static void prompt_sources(struct talk_core *c, struct sb *b)
{
	for (size_t i = 0; i < c->t.found.n && i < TALK_SOURCES; i++) {
		const struct kb_hit *h = &c->t.found.hits[i];
		sb_fmt(b, "[%zu] " SV_FMT "\n", i + 1, SV_ARG(h->title));
		if (sv_find(h->passage, h->quote) < 0)
			sb_fmt(b, SV_FMT "\n", SV_ARG(h->quote));
		sb_fmt(b, SV_FMT "\n", SV_ARG(h->passage));
		sb_ch(b, '\n');
	}
}

static sv facts(struct talk_core *c, struct arena *a)
{
	const struct talk_texts *x = c->cfg->texts;
	sv lang = sv_of(c->lang);
	sv pairs[] = { SV("date"), c->t.date, SV("channel"),
		       talk_text(x, lang, c->voice ? "facts_voice" : "facts_chat", 0) };
	sv general = talk_fill(a, talk_text(x, lang, "facts", 0), pairs, 4);
	sv own = talk_profile_facts(c, a);
	return sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(general), own.n ? talk_gap(c) : "",
			       SV_ARG(own)));
}

/* By the style, and by what the table asks beside it. */
static sv tone_of(struct talk_core *c, struct arena *a)
{
	const struct talk_texts *x = c->cfg->texts;
	sv lang = sv_of(c->lang);
	char key[TALK_KEY];
	(void)snprintf(key, sizeof(key), "tone_%s", policy_style_name(c->t.act.tone));
	sv tone = talk_text(x, lang, key, 0);
	if (!tone.n)
		tone = talk_text(x, lang, "tone_plain", 0);
	if (!c->plans)
		return tone;
	sv sorry = c->plan.act.apology == APOLOGY_FULL ? talk_text(x, lang, "tone_sorry", 0) :
							 SV_NULL;
	sv simple = c->plan.act.simplify ? talk_text(x, lang, "tone_simple", 0) : SV_NULL;
	return sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT "%s" SV_FMT, SV_ARG(tone),
			       sorry.n ? talk_gap(c) : "", SV_ARG(sorry),
			       simple.n ? talk_gap(c) : "", SV_ARG(simple)));
}

static sv length_of(struct talk_core *c, struct arena *a)
{
	const struct talk_texts *x = c->cfg->texts;
	sv lang = sv_of(c->lang);
	int most = c->plans ? c->plan.act.sentences : 0;
	if (most <= 0)
		return talk_text(x, lang, c->voice ? "length_voice" : "length_chat", 0);
	sv pairs[] = { SV("n"), sv_of(arena_fmt(a, "%d", most)) };
	return talk_fill(a, talk_text(x, lang, c->voice ? "length_n_voice" : "length_n_chat", 0),
			 pairs, 2);
}

/* How tools are used, and what they told in earlier turns. */
static sv with_tools(struct talk_core *c, sv prompt, struct arena *a)
{
	const struct talk_texts *x = c->cfg->texts;
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_fmt(&b, SV_FMT "\n" SV_FMT, SV_ARG(prompt),
	       SV_ARG(talk_text(x, sv_of(c->lang), "prompt_tools", 0)));
	for (int i = 0; i < c->svc.n_fact && !c->t.rounds; i++)
		sb_fmt(&b, "%s%s: " SV_FMT "\n", i ? "" : "\n", c->svc.fact[i].name,
		       SV_ARG(talk_masked(sv_of(c->svc.fact[i].say), a)));
	const char *product = talk_about_product(c);
	if (product || c->svc.about) {
		sv pairs[] = { SV("order"), sv_of(c->svc.about ? c->svc.about : "-"),
			       SV("product"), sv_of(product ? product : "-") };
		sb_put(&b, talk_fill(a, talk_text(x, sv_of(c->lang), "prompt_about", 0), pairs, 4));
	}
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return out;
}

/* What a colleague left to be done; masked, and it changes no rule. */
static sv with_instruction(struct talk_core *c, sv prompt, struct arena *a)
{
	if (!c->person.instruction)
		return prompt;
	sv pairs[] = { SV("what"), sv_of(c->person.instruction) };
	sv line = talk_fill(a, talk_own(c, "prompt_instruction"), pairs, 2);
	return sv_of(arena_fmt(a, SV_FMT "\n" SV_FMT, SV_ARG(prompt), SV_ARG(line)));
}

static sv system_prompt(struct talk_core *c, struct arena *a)
{
	const struct talk_texts *x = c->cfg->texts;
	sv lang = sv_of(c->lang);
	struct sb src;
	sb_init(&src, LIM_SB);
	prompt_sources(c, &src);
	sv tone = tone_of(c, a), length = length_of(c, a);
	sv pairs[] = { SV("company"), talk_text(x, lang, "company", 0), SV("sources"), sb_sv(&src),
		       SV("tone"),    tone, SV("length"), length, SV("facts"), facts(c, a) };
	sv out = talk_fill(a, talk_text(x, lang, "prompt_answer", 0), pairs, 10);
	sb_done(&src);
	return with_instruction(c, c->box ? with_tools(c, out, a) : out, a);
}

/* ---- a model that only goes on from a text ---- */

#define QUOTES_MAX 24
#define QUOTE_TOKENS 160

/* A question of several lines would end where its first one does. */
static sv one_line(struct arena *a, sv s)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	for (size_t i = 0; i < s.n; i++)
		sb_ch(&b, s.p[i] == '\n' || s.p[i] == '\r' ? ' ' : s.p[i]);
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return out;
}

/* Without what marks it in Markdown: "- ", "> ", "## ", "**". */
static sv plain_line(struct arena *a, sv s)
{
	s = sv_trim(s);
	while (s.n && (*s.p == '#' || *s.p == '-' || *s.p == '>' || *s.p == ' ' ||
		       sv_starts(s, SV("* "))))
		s = sv_slice(s, 1, s.n);
	return talk_unmarked(a, s);
}

/* A statement with its end mark, no question, heading or row of a table, and not yet said. */
static bool worth_saying(sv s, sv said)
{
	static const char *const ends[] = { ".", "!", "。", "！", ".\"", "!\"", ".)", "。”",
					    "！”", "。）" };
	bool whole = false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		whole |= sv_ends(s, sv_of(ends[i]));
	return whole && s.n > 3 && s.n <= 400 && sv_find_ch(s, '|') < 0 && sv_find(said, s) < 0;
}

/* A heading, a step ("1. Open it."), the last of a row ("- the number."): nothing alone. */
static bool is_item(sv line)
{
	size_t n = 0;
	line = sv_trim(line);
	while (n < line.n && line.p[n] >= '0' && line.p[n] <= '9')
		n++;
	sv after = sv_slice(line, n, line.n);
	if (n)
		return sv_starts(after, SV(". ")) || sv_starts(after, SV(") ")) ||
		       sv_starts(after, SV("、")) || sv_eq(after, SV("."));
	bool row = sv_starts(line, SV("- ")) || sv_starts(line, SV("* "));
	bool part = row && line.n > 2 && line.p[2] >= 'a' && line.p[2] <= 'z';
	return sv_starts(line, SV("#")) || part;
}

/* The sentences of the best source's passage beside its quote. */
static size_t quotable(struct arena *a, const struct kb_hit *h, sv *out)
{
	sv rest = h->passage;
	bool item = false, begins = true;    /* of a list; a line */
	size_t n = 0;
	while (rest.n && n < QUOTES_MAX) {
		size_t len = talk_sentence_end(rest, true);
		sv raw = sv_slice(rest, 0, len), s = plain_line(a, raw);
		if (sv_trim(raw).n) {
			item = begins ? is_item(raw) : item;
			begins = false;
		}
		rest = sv_slice(rest, len, rest.n);
		begins |= sv_find_ch(raw, '\n') >= 0 || sv_starts(rest, SV("\n"));
		if (!item && worth_saying(s, h->quote))
			out[n++] = s;
	}
	return n;
}

/* "root ::= one of them" becomes "nothing more, or one of them". */
static sv or_nothing(struct arena *a, sv grammar)
{
	static const char root[] = "root ::= ";
	return sv_of(arena_fmt(a, "root ::= \"\\n\" | more\nmore ::= " SV_FMT,
			       SV_ARG(sv_slice(grammar, sizeof(root) - 1, grammar.n))));
}

/* The examples of prompts/base.<lang>.yaml, the passage, the question, and the quote as the
 * beginning of the answer: it goes on with one more sentence of the passage, or ends. False:
 * there is nothing more to say. */
static bool quote_prompt(struct talk_core *c, struct arena *a, struct talk_act *x)
{
	const struct talk_texts *t = c->cfg->texts;
	const struct kb_hit *h = &c->t.found.hits[0];
	sv lang = sv_of(c->lang), sentences[QUOTES_MAX];
	size_t n = quotable(a, h, sentences);
	struct sb b;
	sb_init(&b, LIM_SB);
	int rc = n ? llm_quote_grammar(sentences, n, 1, &b) : ERR_INVAL;
	x->grammar = rc ? SV_NULL : or_nothing(a, sb_sv(&b));
	sb_reset(&b);
	sb_put(&b, h->quote);
	for (size_t i = 0; i < n; i++)
		sb_fmt(&b, "%s" SV_FMT, talk_gap(c), SV_ARG(sentences[i]));
	sv pairs[] = { SV("passages"), one_line(a, sb_sv(&b)), SV("question"),
		       one_line(a, c->t.model_text) };
	sv asked = sv_trim(talk_fill(a, talk_text(t, lang, "prompt_quote", 0), pairs, 4));
	struct llm_msg *m = arena_new(a, struct llm_msg, 1);
	*m = (struct llm_msg){ .role = LLM_SYSTEM,
			       .text = sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(asked),
						       talk_gap(c),
						       SV_ARG(one_line(a, h->quote)))) };
	sb_done(&b);
	x->msgs = m;
	x->n_msgs = 1;
	x->max_tokens = QUOTE_TOKENS;
	return rc == 0;
}

/* What it asked for in this turn, an answer at a time, and what came of it. */
static size_t past_rounds(struct talk_core *c, struct arena *a, struct llm_msg *msgs, size_t n)
{
	struct llm_call *calls = arena_new(a, struct llm_call, TALK_CALLS * TALK_ROUNDS);
	for (int r = 0; r < c->t.rounds; r++) {
		struct llm_msg *ask = &msgs[n++];
		*ask = (struct llm_msg){ .role = LLM_ASSISTANT, .calls = calls };
		for (int i = 0; i < c->t.n_wish; i++) {
			const struct talk_wish *w = &c->t.wish[i];
			if (w->round != r)
				continue;
			*calls++ = (struct llm_call){ w->id, w->name, w->args };
			ask->n_calls++;
			msgs[n++] = (struct llm_msg){ .role = LLM_TOOL, .text = w->result,
						      .call_id = w->id };
		}
	}
	return n;
}

static void chat_prompt(struct talk_core *c, struct arena *a, struct talk_act *x)
{
	size_t room = TALK_HISTORY + 2 + TALK_ROUNDS * (TALK_CALLS + 1);
	struct llm_msg *msgs = arena_new(a, struct llm_msg, room);
	size_t n = 0;
	msgs[n++] = (struct llm_msg){ .role = LLM_SYSTEM, .text = system_prompt(c, a) };
	for (int i = 0; i < c->n_past; i++)
		msgs[n++] = (struct llm_msg){
			.role = c->past[i].bot ? LLM_ASSISTANT : LLM_USER,
			.text = arena_sv(a, sv_of(c->past[i].text)),
		};
	if (n == 1 || msgs[n - 1].role != LLM_USER)
		msgs[n++] = (struct llm_msg){ .role = LLM_USER, .text = c->t.model_text };
	n = past_rounds(c, a, msgs, n);
	x->msgs = msgs;
	x->n_msgs = n;
	x->tools = talk_all_tools(c, a, &x->n_tools);
}

bool talk_prompt(struct talk_core *c, struct arena *a, struct talk_act *x)
{
	if (c->t.base)
		return quote_prompt(c, a, x);
	chat_prompt(c, a, x);
	return true;
}

/* ---- the actions, once for each language ---- */

static const struct {
	enum talk_asked asked;
	const char *text, *arg; /* arg: its only argument, a text; NULL = none */
} actions[] = {
	{ TALK_ASKED_HANDOFF, "tool_handoff", NULL },
	{ TALK_ASKED_CLARIFY, "tool_clarify", "question" },
	{ TALK_ASKED_NO_ANSWER, "tool_no_answer", NULL },
	{ TALK_ASKED_END, "tool_end", NULL },
};
_Static_assert(sizeof(actions) / sizeof(*actions) == TALK_TOOLS, "talk_core.h counts them");

void talk_tools_make(const struct talk_texts *x, sv lang, struct llm_tool *ret)
{
	for (size_t i = 0; i < TALK_TOOLS; i++) {
		jv *props = jv_obj(), *need = jv_arr(), *schema = jv_obj();
		if (actions[i].arg) {
			jv *p = jv_obj();
			jv_set_str(p, "type", SV("string"));
			jv_set_str(p, "description",
				   talk_text(x, lang, "tool_clarify_question", 0));
			jv_set(props, actions[i].arg, p);
			jv_push(need, jv_str(sv_of(actions[i].arg)));
		}
		jv_set_str(schema, "type", SV("object"));
		jv_set(schema, "properties", props);
		jv_set(schema, "required", need);
		jv_set_bool(schema, "additionalProperties", false);
		ret[i] = (struct llm_tool){ .name = sv_of(talk_asked_name(actions[i].asked)),
					    .description = talk_text(x, lang, actions[i].text, 0),
					    .schema = schema };
	}
}
