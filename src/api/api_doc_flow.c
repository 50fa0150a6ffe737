/* api_doc_flow.c: a flow tried in the console: the messages of a customer through the flow of a
 * text, saved or not, and what the flow does at each.
 *
 * No tool is called: a call is shown, and goes on with the outcome that the request names for
 * this tool, else "done" with nothing in it. So a branch can be tried that is hard to bring
 * about. Intents, values and yes or no are read as in a conversation. Runs on a worker. */
#include "api_doc.h"
#include "feel.h"
#include "flow.h"
#include "guard.h"
#include "talk_yes.h"

enum { MESSAGES = 40, CALLS = 20 };

struct attempt {
	struct api_query *q;
	const jv *body;
	struct flow_run *run;
	sv lang;
	bool over;
	int turns, acts;
};

static void put_act(struct attempt *x, const struct flow_act *a)
{
	static const char *const kinds[] = { "say", "ask", "call", "handoff", "aside", "end" };
	struct sb *b = &x->q->out;
	sb_fmt(b, "%s{\"kind\":\"%s\",\"text\":", x->acts++ ? "," : "", kinds[a->kind]);
	sb_json(b, a->text);
	sb_cstr(b, ",\"step\":");
	sb_json(b, sv_of(a->step ? a->step : ""));
	if (a->kind == FLOW_CALL)
		sb_fmt(b, ",\"args\":" SV_FMT, SV_ARG(a->args.n ? a->args : SV("{}")));
	if (a->expect)
		sb_fmt(b, ",\"expect\":\"%s\"", a->expect);
	sb_cstr(b, ",\"choices\":[");
	for (size_t i = 0; i < a->n_choices; i++) {
		sb_cstr(b, i ? "," : "");
		sb_json(b, a->choices[i]);
	}
	sb_cstr(b, "]}");
	x->over |= a->kind == FLOW_END || a->kind == FLOW_HANDOFF;
}

/* One step; the call it ends with, or NULL. */
static const struct flow_act *step(struct attempt *x, struct flow_in *in, struct flow_out *out)
{
	const struct flow_act *call = NULL;
	in->lang = x->lang;
	in->known = jv_get(x->body, "known");
	in->intent = in->intent ? in->intent : "";
	flow_step(x->run, in, &x->q->arena, out);
	for (size_t i = 0; i < out->n; i++) {
		put_act(x, &out->v[i]);
		if (out->v[i].kind == FLOW_CALL)
			call = &out->v[i];
	}
	return x->over ? NULL : call;
}

static void turn(struct attempt *x, struct flow_in *in, sv said)
{
	struct flow_out out = { 0 };
	struct sb *b = &x->q->out;
	sb_fmt(b, "%s{\"said\":", x->turns++ ? "," : "");
	if (said.p)
		sb_json(b, said);
	else
		sb_cstr(b, "null");
	sb_cstr(b, ",\"acts\":[");
	x->acts = 0;
	const struct flow_act *call = step(x, in, &out);
	for (int i = 0; call && i < CALLS; i++) {
		const jv *o = jv_member(jv_get(x->body, "outcomes"), call->text);
		sv outcome = jv_get_str(o, "outcome");
		struct flow_in next = {
			.kind = FLOW_IN_RESULT,
			.outcome = outcome.n ? arena_cstr(&x->q->arena, outcome) : "done",
			.body = jv_get(o, "body"),
			.say = jv_get_str(o, "say"),
		};
		call = step(x, &next, &out);
	}
	bool aside = out.n && out.v[out.n - 1].kind == FLOW_ASIDE;
	if (aside)
		(void)step(x, &(struct flow_in){ .kind = FLOW_IN_RESUME }, &out);
	sb_cstr(b, "]}");
}

/* Values of the words, as a conversation reads them. */
static size_t slots_of(struct attempt *x, const struct guard_in *g, struct flow_slot **ret)
{
	struct arena *a = &x->q->arena;
	struct feel_seen *seen = arena_new(a, struct feel_seen, g->n + 1);
	struct feel_slot_ctx c = { .now_ms = clk_wall_ms(), .tz_min = 480, .country = "CN",
				   .seen = seen };
	struct feel_slot *v = NULL;
	size_t n = 0;
	for (size_t i = 0; seen && i < g->n; i++)
		seen[c.n_seen++] = (struct feel_seen){ guard_pii_name(g->spans[i].type),
						       g->spans[i].start, g->spans[i].end };
	if (feel_slots(g->clean, &c, a, &v, &n))
		return 0;
	*ret = arena_new(a, struct flow_slot, n + 1);
	for (size_t i = 0; *ret && i < n; i++)
		(*ret)[i] = (struct flow_slot){ sv_of(v[i].type), v[i].value,
						sv_slice(g->clean, v[i].start, v[i].end) };
	return *ret ? n : 0;
}

static void words(struct attempt *x, struct feel_state *f, sv text)
{
	struct guard_in g = { 0 };
	struct flow_slot *slots = NULL;
	struct flow_in in = { .kind = FLOW_IN_TEXT };
	if (guard_inbound(text, &x->q->arena, &g))
		g.clean = text;
	feel_turn(f, g.clean, x->lang);
	in.text = g.clean;
	in.intent = f->intent;
	in.yes = talk_yes(g.clean);
	in.question = talk_is_question(g.clean);
	in.n_slots = slots_of(x, &g, &slots);
	in.slots = slots;
	turn(x, &in, text);
}

static void play(struct attempt *x)
{
	const jv *list = jv_get(x->body, "messages");
	struct feel_state f = { 0 };
	turn(x, &(struct flow_in){ .kind = FLOW_IN_START }, SV_NULL);
	for (size_t i = 0; i < jv_len(list) && !x->over; i++)
		words(x, &f, jv_as_str(jv_at(list, i)));
}

void doc_flow_try(struct api_query *q, sv text)
{
	struct cfg_report rep = { 0 };
	struct flow_set *set = NULL;
	struct attempt x = { .q = q, .body = q->p, .lang = jv_get_str(q->p, "language") };
	const struct flow_file f = { "flow.yaml", text };
	sv id = jv_get_str(q->p, "flow");
	x.lang = x.lang.n ? x.lang : SV("zh");
	sb_cstr(&q->out, "{\"turns\":[");
	if (flow_set_new(&set, &f, 1, NULL, NULL, &rep) == 0) {
		if (!id.n && flow_set_count(set))
			id = sv_of(flow_set_id(set, 0));
		if (flow_start(set, id, &x.run))
			q->status = 404, q->detail = "The text has no flow of this name.";
	}
	if (x.run)
		play(&x);
	sb_cstr(&q->out, "],\"slots\":");
	if (x.run)
		jv_dump(flow_slots(x.run), &q->out);
	else
		sb_cstr(&q->out, "{}");
	sb_ch(&q->out, ',');
	doc_issues(&rep, &q->out);
	sb_ch(&q->out, '}');
	flow_free(x.run);
	obj_unref(set);
	cfg_report_done(&rep);
}

const char *doc_flow_bad(const jv *body)
{
	const jv *list = jv_get(body, "messages");
	if (list && (!jv_is_arr(list) || jv_len(list) > MESSAGES))
		return "messages is a list of at most 40 texts.";
	for (size_t i = 0; i < jv_len(list); i++)
		if (!jv_as_str(jv_at(list, i)).n ||
		    sv_runes(jv_as_str(jv_at(list, i))) > LIM_TEXT_MSG)
			return "Each message is a text of 1 to 4000 characters.";
	return NULL;
}
