/* t_flow_run.c: a flow on its way: slots, choices, calls and their outcomes, digression,
 * correction, saving; and that nothing said to it does harm. */
#include "flow_int.h"
#include "t.h"

#include <stdio.h>

static const char RETURN[] =
	"id: return_goods\n"
	"title: {zh: 退货, en: Return}\n"
	"intents: [return_goods]\n"
	"slots:\n"
	"  order:\n"
	"    type: order_number\n"
	"    ask: {zh: 订单号是多少？, en: What is the order number?}\n"
	"    retry: {zh: 没听清，请再说一遍订单号。, en: 'Once more, please: the order "
	"number?'}\n"
	"    clears: [item]\n"
	"  item:\n"
	"    type: choice\n"
	"    choices_from: o.items\n"
	"    choice_value: sku\n"
	"    choice_label: name\n"
	"    ask: {zh: '要退哪一件：{o.items.*.name}？', en: 'Which one: {o.items.*.name}?'}\n"
	"  reason:\n"
	"    type: choice\n"
	"    ask: {zh: 为什么要退？, en: Why do you return it?}\n"
	"    tries: 2\n"
	"    choices:\n"
	"      - {value: faulty, label: {zh: 坏了, en: It is faulty}, words: {zh: '坏|不亮', "
	"en: broken|faulty}}\n"
	"      - {value: size, label: {zh: 尺寸不合适, en: Wrong size}, words: {zh: "
	"'太大|太小', en: too big|too small}}\n"
	"steps:\n"
	"  - {id: ask, collect: order}\n"
	"  - {id: look, call: order_status, args: {order: '{order}'}, as: o, quiet: true, on: "
	"{not_found: again}}\n"
	"  - {id: which, collect: item}\n"
	"  - {id: why, collect: reason}\n"
	"  - id: by\n"
	"    if:\n"
	"      - {when: \"reason == 'faulty' and o.days <= 30\", goto: free}\n"
	"      - {else: make}\n"
	"  - {id: free, say: {zh: '上门取件免费。', en: 'The pick-up is free.'}}\n"
	"  - {id: make, call: return_create, effect: true, args: {order: '{order}', item: "
	"'{item}', reason: '{reason}', note: 'by {known.name}'}, as: r}\n"
	"  - {id: fin, say: {zh: '单号 {r.rma}，退 {r.refund} 元。', en: 'Number {r.rma}, "
	"refund {r.refund}.'}}\n"
	"  - {id: stop, end: done}\n"
	"  - {id: again, clear: [order], next: ask}\n";

struct line {
	struct flow_set *set;
	struct flow_run *run;
	struct arena a;
	struct flow_out out;
	const char *lang;
};

static void line_open(struct line *l, const char *yaml, const char *id, const char *lang)
{
	struct cfg_report rep = { 0 };
	struct flow_file f = { "f.yaml", sv_of(yaml) };
	memset(l, 0, sizeof(*l));
	arena_init(&l->a, 1u << 22);
	l->lang = lang;
	if (flow_set_new(&l->set, &f, 1, NULL, NULL, &rep))
		for (size_t i = 0; i < rep.n; i++)
			fprintf(stderr, "# %s %s\n", rep.v[i].where, rep.v[i].what);
	if (l->set && flow_start(l->set, sv_of(id), &l->run))
		fprintf(stderr, "# no flow %s\n", id);
	cfg_report_done(&rep);
}

static void line_close(struct line *l)
{
	flow_free(l->run);
	obj_unref(l->set);
	arena_done(&l->a);
}

static void in(struct line *l, struct flow_in x)
{
	x.lang = sv_of(l->lang);
	flow_step(l->run, &x, &l->a, &l->out);
}

static void start(struct line *l, const char *text)
{
	in(l, (struct flow_in){ .kind = FLOW_IN_START, .text = sv_of(text) });
}

/* order: a number in the words, or NULL. */
static void say(struct line *l, const char *text, const char *order)
{
	struct flow_slot s = { SV("order_number"), sv_of(order), sv_of(order) };
	in(l, (struct flow_in){ .kind = FLOW_IN_TEXT,
				.text = sv_of(text),
				.intent = "",
				.slots = &s,
				.n_slots = order ? 1 : 0 });
}

static void result(struct line *l, const char *outcome, const char *body, const char *words)
{
	jv *b = body ? jv_parse(sv_of(body), NULL) : NULL;
	in(l, (struct flow_in){
		      .kind = FLOW_IN_RESULT, .outcome = outcome, .body = b, .say = sv_of(words) });
	jv_free(b);
}

static bool is(const struct line *l, size_t i, enum flow_out_kind kind, const char *text)
{
	bool ok = i < l->out.n && l->out.v[i].kind == kind && sv_eq(l->out.v[i].text, sv_of(text));
	for (size_t k = 0; !ok && k < l->out.n; k++)
		fprintf(stderr, "# %zu: %d " SV_FMT "\n", k, (int)l->out.v[k].kind,
			SV_ARG(l->out.v[k].text));
	return ok;
}

#define TWO \
	"{\"days\":12,\"items\":[{\"sku\":\"A1\",\"name\":{\"zh\":\"台灯\",\"en\":\"Desk " \
	"lamp\"}}," \
	"{\"sku\":\"B2\",\"name\":{\"zh\":\"餐桌\",\"en\":\"Dining table\"}}]}"

TEST(flow_goes_its_way)
{
	struct line l;
	line_open(&l, RETURN, "return_goods", "en");
	start(&l, "I want to return something");
	CHECK(is(&l, 0, FLOW_ASK, "What is the order number?"));
	STR_EQ(l.out.v[0].expect, "order_number");
	say(&l, "it is HH2026-100101", "HH2026-100101");
	CHECK(is(&l, 0, FLOW_CALL, "order_status"));
	SV_EQ(l.out.v[0].args, "{\"order\":\"HH2026-100101\"}");
	result(&l, "done", TWO, "It was delivered.");
	EQ(l.out.n, 1); /* quiet: the tool's words are not said */
	CHECK(is(&l, 0, FLOW_ASK, "Which one: Desk lamp, Dining table?"));
	EQ(l.out.v[0].n_choices, 2);
	say(&l, "the lamp", NULL);
	CHECK(is(&l, 0, FLOW_ASK, "Why do you return it?"));
	jv *known = jv_parse(SV("{\"name\":\"Chloe\"}"), NULL);
	in(&l, (struct flow_in){
		       .kind = FLOW_IN_TEXT, .text = SV("it is broken"), .known = known });
	jv_free(known);
	CHECK(is(&l, 0, FLOW_SAY, "The pick-up is free."));
	CHECK(is(&l, 1, FLOW_CALL, "return_create"));
	SV_EQ(l.out.v[1].args, "{\"order\":\"HH2026-100101\",\"item\":\"A1\",\"reason\":\"faulty\","
			       "\"note\":\"by Chloe\"}");
	result(&l, "done", "{\"rma\":\"R1\",\"refund\":99.5}", "Noted.");
	CHECK(is(&l, 0, FLOW_SAY, "Noted."));
	CHECK(is(&l, 1, FLOW_SAY, "Number R1, refund 99.50."));
	CHECK(is(&l, 2, FLOW_END, "done"));
	say(&l, "more", NULL);
	EQ(l.out.n, 0); /* over */
	line_close(&l);
}

TEST(flow_in_chinese_takes_what_is_there_already)
{
	struct line l;
	struct flow_slot s = { SV("order_number"), SV("HH2026-100101"), SV("HH2026-100101") };
	line_open(&l, RETURN, "return_goods", "zh");
	in(&l, (struct flow_in){ .kind = FLOW_IN_START,
				 .text = SV("HH2026-100101 的台灯坏了，要退货"),
				 .slots = &s,
				 .n_slots = 1 });
	CHECK(is(&l, 0, FLOW_CALL, "order_status"));
	result(&l, "done",
	       "{\"days\":40,\"items\":[{\"sku\":\"A1\",\"name\":{\"zh\":\"台灯\",\"en\":"
	       "\"Lamp\"}}]}",
	       "");
	CHECK(is(&l, 0, FLOW_CALL, "return_create")); /* one item, reason known, past 30 days */
	result(&l, "refused", "{}", "已经超过退货期限。");
	CHECK(is(&l, 0, FLOW_SAY, "已经超过退货期限。"));
	CHECK(is(&l, 1, FLOW_END, "refused"));
	line_close(&l);
}

TEST(flow_choice_by_number_and_name)
{
	static const struct {
		const char *text, *sku;
	} said[] = { { "第二个", "B2" },
		     { "2", "B2" },
		     { "餐桌那个", "B2" },
		     { "台灯", "A1" },
		     { "the first one", "A1" },
		     { "desk lamp please", "" },
		     { "the second one", "B2" },
		     { "two", "B2" },
		     { "二", "B2" },
		     { "那一个", "" },
		     { "灯具", "A1" },
		     { "桌子", "B2" },
		     { "东西", "" },
		     { "the other one", "" } };
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		struct line l;
		line_open(&l, RETURN, "return_goods", "zh");
		start(&l, "退货");
		say(&l, "HH2026-100101", "HH2026-100101");
		result(&l, "done", TWO, "");
		say(&l, said[i].text, NULL);
		SV_EQ(jv_as_str(jv_get(flow_slots(l.run), "item")), said[i].sku);
		line_close(&l);
	}
}

TEST(flow_choice_by_what_it_is)
{
	struct line l;
	struct flow_slot s = { SV("product"), SV("B2"), SV("that thing") };
	line_open(&l, RETURN, "return_goods", "en");
	start(&l, "return");
	say(&l, "HH2026-100101", "HH2026-100101");
	result(&l, "done", TWO, "");
	in(&l, (struct flow_in){ .kind = FLOW_IN_TEXT, .text = SV("that thing"), .slots = &s,
				 .n_slots = 1 });
	SV_EQ(jv_as_str(jv_get(flow_slots(l.run), "item")), "B2");
	line_close(&l);
}

TEST(flow_asks_again_and_then_gives_up)
{
	struct line l;
	line_open(&l, RETURN, "return_goods", "en");
	start(&l, "return");
	say(&l, "hmm", NULL);
	CHECK(is(&l, 0, FLOW_ASK, "Once more, please: the order number?"));
	say(&l, "er", NULL);
	CHECK(is(&l, 0, FLOW_ASK, "Once more, please: the order number?"));
	say(&l, "blah", NULL);
	CHECK(is(&l, 0, FLOW_HANDOFF, "not understood"));
	line_close(&l);
}

TEST(flow_not_found_asks_again_but_not_for_ever)
{
	struct line l;
	line_open(&l, RETURN, "return_goods", "en");
	start(&l, "return");
	for (int i = 0; i < 2; i++) {
		say(&l, "HH2026-100999", "HH2026-100999");
		CHECK(is(&l, 0, FLOW_CALL, "order_status"));
		result(&l, "not_found", NULL, "There is no such order.");
		CHECK(is(&l, 0, FLOW_SAY, "There is no such order."));
		CHECK(is(&l, 1, FLOW_ASK, "What is the order number?"));
	}
	say(&l, "HH2026-100999", "HH2026-100999");
	result(&l, "not_found", NULL, "There is no such order.");
	CHECK(is(&l, 1, FLOW_HANDOFF, "not understood"));
	line_close(&l);
}

TEST(flow_digression_and_back)
{
	struct line l;
	line_open(&l, RETURN, "return_goods", "en");
	start(&l, "return");
	in(&l, (struct flow_in){ .kind = FLOW_IN_TEXT,
				 .text = SV("how long does a refund take?"),
				 .intent = "refund_status",
				 .question = true });
	CHECK(is(&l, 0, FLOW_ASIDE, "how long does a refund take?"));
	in(&l, (struct flow_in){ .kind = FLOW_IN_RESUME });
	CHECK(is(&l, 0, FLOW_ASK, "What is the order number?"));
	EQ(l.run->tries[0], 0); /* not counted */
	say(&l, "never mind", NULL);
	CHECK(is(&l, 0, FLOW_END, "cancelled"));
	line_close(&l);
}

TEST(flow_correction_goes_back_until_something_was_done)
{
	struct line l;
	line_open(&l, RETURN, "return_goods", "en");
	start(&l, "return");
	say(&l, "HH2026-100101", "HH2026-100101");
	result(&l, "done", TWO, "");
	say(&l, "the dining table", NULL);
	CHECK(is(&l, 0, FLOW_ASK, "Why do you return it?"));
	say(&l, "no wait, order HH2026-100202", "HH2026-100202");
	CHECK(is(&l, 0, FLOW_CALL, "order_status"));
	SV_EQ(l.out.v[0].args, "{\"order\":\"HH2026-100202\"}");
	CHECK(jv_is_null(jv_get(flow_slots(l.run), "item")));
	line_close(&l);
}

TEST(flow_default_ways_of_outcomes)
{
	static const struct {
		const char *outcome, *end;
		enum flow_out_kind kind;
	} ways[] = {
		{ "refused", "refused", FLOW_END },   { "approve", "done", FLOW_END },
		{ "later", "done", FLOW_END },        { "declined", "cancelled", FLOW_END },
		{ "failed", "return_create: failed", FLOW_HANDOFF },
		{ "unverified", "return_create: unverified", FLOW_HANDOFF },
		{ "denied", "return_create: denied", FLOW_HANDOFF },
		{ "no such word", "return_create: failed", FLOW_HANDOFF },
	};
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct line l;
		line_open(&l,
			  "id: a\ntitle: {zh: a, en: b}\nsteps:\n  - {call: return_create}\n",
			  "a", "en");
		start(&l, "x");
		result(&l, ways[i].outcome, NULL, "");
		CHECK(is(&l, 0, ways[i].kind, ways[i].end));
		line_close(&l);
	}
}

TEST(flow_optional_slot_takes_a_no)
{
	static const char yaml[] =
		"id: a\ntitle: {zh: a, en: b}\nslots:\n"
		"  order: {type: order_number, optional: true, ask: {zh: 单号？, en: 'Which "
		"order?'}}\n"
		"steps:\n  - {collect: order}\n  - {call: x, args: {order: '{order}', n: 1}}\n";
	for (int i = 0; i < 2; i++) {
		struct line l;
		line_open(&l, yaml, "a", "en");
		start(&l, "x");
		CHECK(is(&l, 0, FLOW_ASK, "Which order?"));
		in(&l, (struct flow_in){ .kind = FLOW_IN_TEXT,
					 .text = i ? SV("no") : SV("Oh, none."),
					 .yes = i ? FLOW_NO : FLOW_UNSURE });
		CHECK(is(&l, 0, FLOW_CALL, "x"));
		SV_EQ(l.out.v[0].args, "{\"n\":1}");
		line_close(&l);
	}
}

TEST(flow_opening_words_are_taken_when_they_tell_enough)
{
	static const char yaml[] =
		"id: a\ntitle: {zh: a, en: b}\nslots:\n"
		"  what: {type: text, opening: 14, ask: {zh: 说, en: Tell}}\n"
		"steps:\n  - {collect: what}\n  - {call: x, args: {what: '{what}'}}\n";
	static const struct {
		const char *text;
		bool taken;
	} said[] = { { "我要投诉", false },
		     { "I want to complain", false },
		     { "你们送来的沙发腿是断的，我要投诉", true },
		     { "The leg of the sofa you sent me is broken", true } };
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		struct line l;
		line_open(&l, yaml, "a", "en");
		start(&l, said[i].text);
		EQ(l.out.n, 1);
		EQ(l.out.v[0].kind, said[i].taken ? FLOW_CALL : FLOW_ASK);
		line_close(&l);
	}
}

TEST(flow_changes_to_another_wish)
{
	static const char yaml[] =
		"flows:\n"
		"  - id: stock\n    title: {zh: a, en: b}\n    intents: [stock_query]\n    slots:\n"
		"      what: {type: product, ask: {zh: 哪个？, en: 'Which one?'}}\n"
		"    steps: [{collect: what}, {call: stock_check, args: {product: '{what}'}}]\n"
		"  - id: price\n    title: {zh: a, en: b}\n    intents: [price_query]\n"
		"    words: {zh: 多少钱, en: how much}\n    slots:\n"
		"      what: {type: product, ask: {zh: 哪个？, en: 'Which one?'}}\n"
		"    steps: [{collect: what}, {call: price_quote, args: {product: '{what}'}}]\n";
	struct line l;
	struct flow_slot s = { SV("product"), SV("HH-1"), SV("the lamp") };
	line_open(&l, yaml, "stock", "en");
	start(&l, "is it there");
	CHECK(is(&l, 0, FLOW_ASK, "Which one?"));
	in(&l, (struct flow_in){ .kind = FLOW_IN_TEXT,
				 .text = SV("how much is the lamp"),
				 .intent = "price_query",
				 .question = true,
				 .slots = &s,
				 .n_slots = 1 });
	CHECK(is(&l, 0, FLOW_CALL, "price_quote"));
	STR_EQ(flow_id(l.run), "price");
	line_close(&l);
	/* an answer alone stays, whatever intent is read in it */
	line_open(&l, yaml, "stock", "en");
	start(&l, "is it there");
	in(&l, (struct flow_in){ .kind = FLOW_IN_TEXT,
				 .text = SV("the lamp"),
				 .intent = "price_query",
				 .slots = &s,
				 .n_slots = 1 });
	CHECK(is(&l, 0, FLOW_CALL, "stock_check"));
	line_close(&l);
}

TEST(flow_circle_ends_at_a_person)
{
	struct line l;
	line_open(&l,
		  "id: a\ntitle: {zh: a, en: b}\nsteps:\n  - {id: x, set: {n: '1'}}\n  - "
		  "{goto: x}\n",
		  "a", "en");
	start(&l, "x");
	CHECK(is(&l, 0, FLOW_HANDOFF, "the flow goes in a circle"));
	line_close(&l);
}

TEST(flow_order_and_phone_are_digits_alone)
{
	static const struct {
		const char *text, *order;
	} v[] = { { "2026100384#", "2026100384" },
		  { " 2026-100 384", "2026100384" },
		  { "100384", "100384" },
		  { "12345", NULL },
		  { "it costs 2026100384 or so", NULL } };
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct line l;
		line_open(&l, RETURN, "return_goods", "en");
		start(&l, "return");
		say(&l, v[i].text, NULL);
		if (v[i].order)
			SV_EQ(jv_get_str(flow_slots(l.run), "order"), v[i].order);
		else
			CHECK(jv_is_null(jv_get(flow_slots(l.run), "order")));
		line_close(&l);
	}
	struct line l;
	struct flow_slot phone = { SV("phone"), SV("+8613800138000"), SV("13800138000") };
	line_open(&l, RETURN, "return_goods", "en");
	start(&l, "return");
	in(&l, (struct flow_in){ .kind = FLOW_IN_TEXT, .text = SV("13800138000"), .intent = "",
				 .slots = &phone, .n_slots = 1 }); /* that is no order */
	CHECK(jv_is_null(jv_get(flow_slots(l.run), "order")));
	line_close(&l);
}

static const char MOVE[] =
	"id: move\n"
	"title: {zh: 改地址, en: Move}\n"
	"slots:\n"
	"  line: {type: text, shape: street, ask: {zh: 街道？, en: 'Which street?'}}\n"
	"  phone: {type: phone, ask: {zh: 电话？, en: 'Your phone?'}}\n"
	"steps:\n"
	"  - {collect: line}\n"
	"  - {collect: phone}\n"
	"  - {call: address_change, args: {line: '{line}', phone: '{phone}'}, effect: true}\n"
	"  - {call: order_status, args: {line: '{line}'}}\n";

/* The state as a record gives it back: the street is masked. */
static struct flow_run *masked_run(const struct line *l)
{
	struct flow_run *run = NULL;
	struct sb b, masked;
	sv street = SV("白鹭里55号");
	sb_init(&b, 1u << 16);
	sb_init(&masked, 1u << 16);
	flow_save(l->run, &b);
	ptrdiff_t at = sv_find(sb_sv(&b), street);
	ASSERT(at > 0);
	sb_put(&masked, sv_slice(sb_sv(&b), 0, (size_t)at));
	sb_cstr(&masked, "[address]");
	sb_put(&masked, sv_slice(sb_sv(&b), (size_t)at + street.n, b.n));
	ASSERT(flow_load(l->set, sb_sv(&masked), &run) == 0);
	sb_done(&b);
	sb_done(&masked);
	return run;
}

TEST(flow_what_was_forgotten_is_asked_for_again)
{
	struct line l;
	line_open(&l, MOVE, "move", "zh");
	start(&l, "改地址");
	say(&l, "白鹭里55号", NULL);
	CHECK(is(&l, 0, FLOW_ASK, "电话？"));
	say(&l, "0571 8765 4321", NULL);
	CHECK(is(&l, 0, FLOW_CALL, "address_change"));
	struct flow_run *before = l.run;
	l.run = masked_run(&l);
	ASSERT(l.run);
	flow_forget(l.run, "line");
	in(&l, (struct flow_in){ .kind = FLOW_IN_RESUME });
	CHECK(is(&l, 0, FLOW_ASK, "街道？"));
	say(&l, "白鹭里55号", NULL);
	CHECK(is(&l, 0, FLOW_CALL, "address_change"));
	SV_EQ(l.out.v[0].args, "{\"line\":\"白鹭里55号\",\"phone\":\"057187654321\"}");
	flow_free(before);
	/* once it was done, nothing is asked: it goes on */
	result(&l, "done", NULL, "");
	CHECK(is(&l, 0, FLOW_CALL, "order_status"));
	flow_forget(l.run, "line");
	in(&l, (struct flow_in){ .kind = FLOW_IN_RESUME });
	CHECK(is(&l, 0, FLOW_CALL, "order_status"));
	line_close(&l);
}

TEST(flow_saved_goes_on_where_it_was)
{
	struct line l;
	struct sb b;
	struct flow_run *again = NULL;
	line_open(&l, RETURN, "return_goods", "en");
	start(&l, "return");
	say(&l, "HH2026-100101", "HH2026-100101");
	result(&l, "done", TWO, "");
	sb_init(&b, 1u << 16);
	flow_save(l.run, &b);
	EQ(flow_load(l.set, sb_sv(&b), &again), 0);
	flow_free(l.run);
	l.run = again;
	say(&l, "the lamp", NULL);
	CHECK(is(&l, 0, FLOW_ASK, "Why do you return it?"));
	/* broken states are refused, never followed */
	static const char *const bad[] = { "", "{}", "{\"flow\":\"return_goods\"}", "[1]" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(flow_load(l.set, sv_of(bad[i]), &again) < 0);
	sv s = sb_sv(&b);
	for (size_t cut = 0; cut < s.n; cut += 7) {
		struct flow_run *r = NULL;
		char *copy = xstrdup(s);
		copy[cut] = '9';
		if (flow_load(l.set, sv_n(copy, s.n), &r) == 0)
			flow_free(r);
		xfree(copy);
	}
	sb_done(&b);
	line_close(&l);
}

TEST(flow_random_words_do_no_harm)
{
	static const char *const words[] = { "yes",   "no",     "的台灯",   "HH2026-100101",
					     "",      "第九",   "\xff\xfe", "{o.x}",
					     "a b c", "broken", "太小",     "100" };
	static const char *const outs[] = { "done",     "refused", "not_found",
					    "declined", "failed",  "" };
	struct rng *rng = t_rng();
	for (int round = 0; round < 400; round++) {
		struct line l;
		line_open(&l, RETURN, "return_goods", round % 2 ? "zh" : "en");
		start(&l, words[rng_below(rng, 12)]);
		for (int i = 0; i < 30; i++) {
			const char *w = words[rng_below(rng, 12)];
			struct flow_slot s = { SV("order_number"), sv_of(w), sv_of(w) };
			struct flow_in x = { .kind = (enum flow_in_kind)(rng_below(rng, 4)),
					     .text = sv_of(w),
					     .intent = i % 3 ? "" : "complaint",
					     .slots = &s,
					     .n_slots = rng_below(rng, 2),
					     .question = rng_below(rng, 4) == 0,
					     .yes = (enum flow_yes)(rng_below(rng, 3)),
					     .outcome = outs[rng_below(rng, 6)] };
			in(&l, x);
			CHECK(l.out.n <= FLOW_ACTS_MAX);
			for (size_t k = 0; k < l.out.n; k++)
				CHECK(l.out.v[k].kind != FLOW_CALL || l.out.v[k].args.n > 1);
		}
		line_close(&l);
	}
}
