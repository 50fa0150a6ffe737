/* t_flow_more.c: flows that share parts, answers that are none, numbers that are lost, wishes that
 * wait, values that are mended while a call waits. */
#include "flow_int.h"
#include "t.h"

#include <stdio.h>

static const char SHOP[] =
	"parts:\n"
	"  - id: find\n"
	"    slots:\n"
	"      order: {starts: HH, tries: 4, way_out: {zh: 换电话？, en: 'Or by phone?'}, lacks: "
	"{words: {zh: 找不到单号, en: lost the number}, "
	"answer: {zh: 忘了, en: forgot}, goto: lost, slot: phone}}\n"
	"      mine: {type: choice, choices_from: l.items, choice_value: order, choice_label: "
	"name, "
	"ask: {zh: 哪个？, en: 'Which one?'}}\n"
	"      phone: {type: phone, ask: {zh: 电话？, en: 'Your phone?'}}\n"
	"      holder: {type: text, shape: name, after: {zh: 我叫, en: by my name}, "
	"ask: {zh: 姓名？, en: 'Your name?'}}\n"
	"    steps:\n"
	"      - {id: who, if: [{when: 'order != null', goto: out}, {when: 'known.level >= 2', "
	"goto: "
	"list}, {else: ask}]}\n"
	"      - {id: ask, collect: order, next: out}\n"
	"      - {id: list, clear: [mine]}\n"
	"      - {id: orders, call: order_list, as: l, silent: true}\n"
	"      - {id: pick, collect: mine}\n"
	"      - {id: take, set: {order: mine}, next: out}\n"
	"      - {id: lost, if: [{when: 'known.level >= 2', goto: list}, {else: by_phone}]}\n"
	"      - {id: by_phone, collect: phone}\n"
	"      - {id: by_name, collect: holder}\n"
	"      - {id: check, call: identify, args: {phone: '{phone}', name: '{holder}'}, on: "
	"{done: "
	"list, not_found: wrong}}\n"
	"      - {id: wrong, clear: [phone, holder], next: by_phone}\n"
	"flows:\n"
	"  - id: cancel\n"
	"    title: {zh: 取消, en: Cancel}\n"
	"    intents: [cancel_order]\n"
	"    words: {zh: 取消, en: cancel}\n"
	"    wish: {zh: 取消订单, en: cancel}\n"
	"    never: {zh: 别取消, en: keep my order}\n"
	"    also: {zh: 再来取消。, en: Now to the cancelling.}\n"
	"    slots:\n"
	"      order: {type: order_number, known: order, ask: {zh: 单号？, en: 'Which "
	"order?'}}\n"
	"    steps:\n"
	"      - {id: whose, use: find, slot: order}\n"
	"      - {id: go, call: order_cancel, args: {order: '{order}'}, effect: true}\n"
	"  - id: status\n"
	"    title: {zh: 查询, en: Status}\n"
	"    intents: [order_status]\n"
	"    wish: {zh: 到哪了, en: where is}\n"
	"    also: {zh: 再来查订单。, en: Now to the other order.}\n"
	"    slots:\n"
	"      order: {type: order_number, ask: {zh: 单号？, en: 'Which order?'}}\n"
	"    steps:\n"
	"      - {id: whose, use: find, slot: order}\n"
	"      - {id: go, call: order_status, args: {order: '{order}'}}\n"
	"  - id: move\n"
	"    title: {zh: 改地址, en: Move}\n"
	"    slots:\n"
	"      city: {type: text, shape: city, ask: {zh: 城市？, en: 'Which city?'}}\n"
	"      part: {type: text, shape: district, ask: {zh: 区？, en: 'Which district?'}}\n"
	"      line: {type: text, shape: street, ask: {zh: 街道？, en: 'Which street?'}}\n"
	"    steps:\n"
	"      - {collect: city}\n      - {collect: part}\n      - {collect: line}\n"
	"      - {call: address_change, args: {city: '{city}', part: '{part}', line: "
	"'{line}'}}\n"
	"  - id: complain\n"
	"    title: {zh: 投诉, en: Complain}\n"
	"    intents: [complaint]\n"
	"    never: {zh: 不投诉了, en: not complaining}\n"
	"    slots:\n"
	"      what: {type: text, min: 3, opening: 12, blank: {zh: 我要投诉, en: i want to "
	"complain}, unlike: {zh: 投诉一下, en: a complaint}, ask: {zh: "
	"怎么了？, "
	"en: 'What happened?'}, retry: {zh: 请说说。, en: Please tell me.}}\n"
	"      order: {type: order_number, optional: true, ask: {zh: 单号？, en: 'Which "
	"order?'}}\n"
	"      wants: {type: text, wishes: true, ask: {zh: 希望怎样？, en: 'What shall we "
	"do?'}}\n"
	"    steps:\n"
	"      - {collect: what}\n      - {collect: order}\n      - {collect: wants}\n"
	"      - {call: complaint_open, args: {what: '{what}', order: '{order}', wants: "
	"'{wants}', note: "
	"{zh: 记, en: noted}}}\n"
	"  - id: pay\n"
	"    title: {zh: 赔, en: Pay}\n"
	"    slots:\n"
	"      number: {type: code, starts: 'C|T', optional: true, ask: {zh: 编号？, en: 'Its "
	"number?'}}\n"
	"      amount: {type: money, ask: {zh: 多少？, en: 'How much?'}}\n"
	"    steps:\n"
	"      - {collect: amount}\n"
	"      - {call: pay, args: {number: '{number}', amount: '{amount.number}', text: "
	"'{amount.number} back'}, on: "
	"{refused: next}}\n"
	"      - {flow: complain}\n"
	"  - id: price\n"
	"    title: {zh: 价格, en: Price}\n"
	"    slots:\n"
	"      product: {type: product, known: product, known_for: {zh: '多少钱|它', en: 'how "
	"much|is|it'}, ask: {zh: 哪款？, en: 'Which product?'}}\n"
	"      other: {type: product, differs: product, after: {zh: 能配, en: fit}, before: "
	"{zh: 能配, en: fit}, ask: {zh: 和哪款？, en: 'And with "
	"which?'}}\n"
	"    steps:\n"
	"      - {collect: product}\n      - {call: price_quote, args: {product: "
	"'{product}'}}\n"
	"      - {collect: other}\n"
	"      - {call: product_compare, args: {product: '{product}', other: '{other}'}}\n"
	"  - {id: late, title: {zh: 晚, en: Late}, slots: {back: {type: yes_no, said: true, "
	"ask: {zh: "
	"退吗？, en: 'Take it back?'}}}, steps: [{call: order_cancel, on: {refused: next}}, "
	"{collect: "
	"back}]}\n"
	"  - {id: again, title: {zh: 再, en: Again}, slots: {order: {type: order_number, "
	"known: order, "
	"ask: {zh: 单号？, en: 'Which order?'}}}, steps: [{id: ask, collect: order}, {call: "
	"order_cancel, args: {order: '{order}'}, on: {not_found: again, done: fin}}, {id: "
	"again, clear: "
	"[order], next: ask}, {id: fin, end: done}]}\n"
	"  - {id: many, title: {zh: 多, en: Many}, slots: {mine: {type: choice, choices_from: "
	"known.l, "
	"choice_value: id, choice_label: 'items.*.name', ask: {zh: 哪个？, en: 'Which?'}}}, "
	"steps: "
	"[{collect: mine}, {call: order_status, args: {order: '{mine}'}}]}\n"
	"  - id: back\n"
	"    title: {zh: 退, en: Back}\n"
	"    slots:\n"
	"      item: {type: choice, choices_from: known.items, choice_value: sku, "
	"choice_label: name, all: "
	"all, ask: {zh: 哪件？, en: 'Which article?'}}\n"
	"      why: {type: choice, wishes: true, ask: {zh: 为什么？, en: 'Why?'}, choices: "
	"[{value: gone, "
	"label: {zh: 不要了, en: I no longer want it}, words: {zh: 取消, en: cancelled}}]}\n"
	"      to: {type: text, after: {zh: 换成, en: exchange it for}, unlike: {zh: 别的, en: "
	"another}, "
	"ask: {zh: 换什么？, en: 'For what?'}}\n"
	"    steps:\n"
	"      - {collect: item}\n      - {collect: why}\n      - {collect: to}\n"
	"      - {call: return_create, args: {item: '{item}', to: '{to}'}}\n";

struct line {
	struct flow_set *set;
	struct flow_run *run;
	struct arena a;
	struct flow_out out;
	const char *lang;
	jv *known;
};

static void open_line(struct line *l, const char *id, const char *lang, const char *known)
{
	struct cfg_report rep = { 0 };
	struct flow_file f = { "shop.yaml", sv_of(SHOP) };
	memset(l, 0, sizeof(*l));
	arena_init(&l->a, 1u << 22);
	l->lang = lang;
	l->known = known ? jv_parse(sv_of(known), NULL) : NULL;
	EQ(flow_set_new(&l->set, &f, 1, NULL, NULL, &rep), 0);
	for (size_t i = 0; i < rep.n; i++)
		fprintf(stderr, "# %s %s\n", rep.v[i].where, rep.v[i].what);
	EQ(flow_start(l->set, sv_of(id), &l->run), 0);
	cfg_report_done(&rep);
}

static void close_line(struct line *l)
{
	flow_free(l->run);
	obj_unref(l->set);
	arena_done(&l->a);
	jv_free(l->known);
}

static void step(struct line *l, struct flow_in in)
{
	in.lang = sv_of(l->lang);
	in.known = l->known;
	in.intent = in.intent ? in.intent : "";
	flow_step(l->run, &in, &l->a, &l->out);
}

static void begin(struct line *l, const char *text)
{
	step(l, (struct flow_in){ .kind = FLOW_IN_START, .text = sv_of(text) });
}

static void say(struct line *l, const char *text, enum flow_yes yes)
{
	step(l, (struct flow_in){ .kind = FLOW_IN_TEXT, .text = sv_of(text), .yes = yes });
}

/* With a value of that type in the words. */
static void say_it(struct line *l, enum flow_in_kind kind, const char *text, const char *type,
		   const char *value)
{
	struct flow_slot s = { sv_of(type), sv_of(value), sv_of(value) };
	step(l, (struct flow_in){ .kind = kind, .text = sv_of(text), .slots = &s, .n_slots = 1 });
}

static void result(struct line *l, const char *outcome, const char *body, const char *words)
{
	jv *b = body ? jv_parse(sv_of(body), NULL) : NULL;
	step(l, (struct flow_in){ .kind = FLOW_IN_RESULT, .outcome = outcome, .body = b,
				  .say = sv_of(words) });
	jv_free(b);
}

static bool is(const struct line *l, size_t i, enum flow_out_kind kind, const char *text,
	       const char *args)
{
	const struct flow_act *x = i < l->out.n ? &l->out.v[i] : NULL;
	bool ok = x && x->kind == kind && sv_eq(x->text, sv_of(text)) &&
		  (!args || sv_eq(x->args, sv_of(args)));
	for (size_t k = 0; !ok && k < l->out.n; k++)
		fprintf(stderr, "# %zu: %d " SV_FMT " " SV_FMT "\n", k, (int)l->out.v[k].kind,
			SV_ARG(l->out.v[k].text), SV_ARG(l->out.v[k].args));
	return ok;
}

/* ---- parts ---- */

TEST(flow_part_asks_phone_and_name_when_the_number_is_lost)
{
	static const char *const ways[] = { "I forgot", "I have lost the number to cancel it",
					    "no" };
	for (int i = 0; i < 3; i++) {
		struct line l;
		open_line(&l, "cancel", "en", NULL);
		begin(&l, "cancel it");
		CHECK(is(&l, 0, FLOW_ASK, "Which order?", NULL));
		say(&l, ways[i], i == 2 ? FLOW_NO : FLOW_UNSURE);
		CHECK(is(&l, 0, FLOW_ASK, "Your phone?", NULL));
		say_it(&l, FLOW_IN_TEXT, "13800138000", "phone", "+8613800138000");
		CHECK(is(&l, 0, FLOW_ASK, "Your name?", NULL));
		say(&l, "what for?", FLOW_UNSURE);
		CHECK(is(&l, 0, FLOW_ASK, "Your name?", NULL)); /* no name */
		say(&l, "My name is Chloe Dubois", FLOW_UNSURE);
		CHECK(is(&l, 0, FLOW_CALL, "identify",
			 "{\"phone\":\"+8613800138000\",\"name\":\"Chloe Dubois\"}"));
		result(&l, "not_found", NULL, "Does not fit.");
		CHECK(is(&l, 0, FLOW_SAY, "Does not fit.", NULL));
		CHECK(is(&l, 1, FLOW_ASK, "Your phone?", NULL));
		say_it(&l, FLOW_IN_TEXT, "13800138001", "phone", "+8613800138001");
		say(&l, "Chloe Dubois", FLOW_UNSURE);
		result(&l, "done", NULL, "");
		CHECK(is(&l, 0, FLOW_CALL, "order_list", "{}"));
		result(&l, "done",
		       "{\"items\":[{\"order\":\"HH1\",\"name\":\"Lamp\"},{\"order\":\"HH2\","
		       "\"name\":\"Table\"}]}",
		       "You have two.");
		EQ(l.out.n, 1); /* silent */
		CHECK(is(&l, 0, FLOW_ASK, "Which one?", NULL));
		say(&l, "the table", FLOW_UNSURE);
		CHECK(is(&l, 0, FLOW_CALL, "order_cancel", "{\"order\":\"HH2\"}"));
		close_line(&l);
	}
}

TEST(flow_part_takes_a_lost_number_from_the_first_words)
{
	struct line l;
	open_line(&l, "cancel", "zh", NULL);
	begin(&l, "取消订单，找不到单号了");
	CHECK(is(&l, 0, FLOW_ASK, "电话？", NULL));
	close_line(&l);
	open_line(&l, "cancel", "zh", "{\"level\":2}");
	begin(&l, "取消订单");
	CHECK(is(&l, 0, FLOW_CALL, "order_list", NULL)); /* known: the list without asking */
	close_line(&l);
}

TEST(flow_part_a_number_that_turns_up_is_taken)
{
	static const char *const first[] = { "cancel, I lost the number", "cancel" };
	for (int i = 0; i < 2; i++) {
		struct line l;
		open_line(&l, "cancel", "en", NULL);
		begin(&l, first[i]);
		if (i)
			say(&l, "forgot it", FLOW_UNSURE);
		CHECK(is(&l, 0, FLOW_ASK, "Your phone?", NULL));
		say_it(&l, FLOW_IN_TEXT, "found it: HH2026-100385", "order_number",
		       "HH2026-100385");
		CHECK(is(&l, 0, FLOW_CALL, "order_cancel", "{\"order\":\"HH2026-100385\"}"));
		close_line(&l);
	}
}

TEST(flow_part_a_phone_number_in_its_place_will_do)
{
	struct line l;
	open_line(&l, "cancel", "en", NULL);
	begin(&l, "cancel");
	say_it(&l, FLOW_IN_TEXT, "13800138000", "phone", "+8613800138000");
	CHECK(is(&l, 0, FLOW_ASK, "Your name?", NULL));
	close_line(&l);
}

TEST(flow_part_second_miss_names_another_way)
{
	static const char *const ask[2][2] = { { "单号？", "换电话？" },
					       { "Which order?", "Or by phone?" } };
	for (int en = 0; en < 2; en++) {
		struct line l;
		open_line(&l, "cancel", en ? "en" : "zh", NULL);
		begin(&l, en ? "cancel" : "取消");
		say(&l, en ? "blue" : "蓝色", FLOW_UNSURE);
		CHECK(is(&l, 0, FLOW_ASK, ask[en][0], NULL));
		say(&l, en ? "green" : "绿色", FLOW_UNSURE);
		CHECK(is(&l, 0, FLOW_ASK, ask[en][1], NULL));
		say(&l, en ? "by phone, I forgot it" : "忘了，用电话吧", FLOW_UNSURE);
		CHECK(is(&l, 0, FLOW_ASK, en ? "Your phone?" : "电话？", NULL));
		close_line(&l);
	}
}

/* The name told with the wish for it is not asked for again, and leads to the phone. */
TEST(flow_part_name_beside_a_lost_number_is_kept)
{
	struct line l;
	open_line(&l, "cancel", "en", NULL);
	begin(&l, "cancel");
	say(&l, "lost the number, find it by my name? Daniel Okafor", FLOW_UNSURE);
	CHECK(is(&l, 0, FLOW_ASK, "Your phone?", NULL));
	say_it(&l, FLOW_IN_TEXT, "13800138000", "phone", "+8613800138000");
	CHECK(is(&l, 0, FLOW_CALL, "identify",
		 "{\"phone\":\"+8613800138000\",\"name\":\"Daniel Okafor\"}"));
	close_line(&l);
	open_line(&l, "cancel", "zh", NULL);
	begin(&l, "取消订单");
	say(&l, "找不到单号，我叫李明", FLOW_UNSURE);
	CHECK(is(&l, 0, FLOW_ASK, "电话？", NULL));
	close_line(&l);
}

TEST(flow_part_numbers_of_another_kind_are_no_orders)
{
	struct line l;
	open_line(&l, "cancel", "en", NULL);
	say_it(&l, FLOW_IN_START, "cancel C26000001", "order_number", "C26000001");
	CHECK(is(&l, 0, FLOW_ASK, "Which order?", NULL));
	say(&l, "C26 000001", FLOW_UNSURE);
	CHECK(is(&l, 0, FLOW_ASK, "Which order?", NULL));
	say(&l, "HH 2026 100385", FLOW_UNSURE);
	CHECK(is(&l, 0, FLOW_CALL, "order_cancel", "{\"order\":\"HH2026100385\"}"));
	close_line(&l);
}

static int faults(const char *yaml, bool (*known)(void *arg, sv name), char *what, size_t max)
{
	struct flow_set *s = NULL;
	struct cfg_report rep = { 0 };
	struct flow_file f = { "f.yaml", sv_of(yaml) };
	int rc = flow_set_new(&s, &f, 1, known, NULL, &rep);
	what[0] = '\0';
	if (rep.v)
		(void)snprintf(what, max, "%s %s", rep.v[0].where, rep.v[0].what);
	size_t n = rep.n;
	cfg_report_done(&rep);
	obj_unref(s);
	return rc ? (int)n : 0;
}

static bool any_tool(void *arg, sv name)
{
	return name.n > 0;
}

#define USE "id: a\ntitle: {zh: a, en: b}\n"
TEST(flow_part_faults_are_told_where_they_are)
{
	static const struct {
		const char *yaml, *what;
		bool in_set;
	} v[] = {
		{ USE "steps:\n  - {use: none}\n",
		  "f.yaml:4:steps[0].use flow a: there is no such part", true },
		{ USE "steps:\n  - {use: none}\n",
		  "f.yaml:4:steps[0].use flow a: there is no such part", false },
		{ USE "steps:\n  - {flow: none}\n",
		  "flow a: step step1 leads to none, which is not there", true },
		{ "parts:\n  - {id: p, steps: [{id: x, say: {zh: a, en: "
		  "'{nobody}'}}]}\nflows:\n  - {id: a, "
		  "title: {zh: a, en: b}, steps: [{use: p}]}\n",
		  "f.yaml:2:parts[0].steps[0].say flow a: nothing fills {nobody}", true },
		{ "parts:\n  - {id: p}\nflows: []\n", "f.yaml:2:parts[0] not a part", true },
		{ "parts:\n  - {id: p, steps: []}\n  - {id: p, steps: []}\nflows: []\n",
		  "f.yaml:3:parts[1] the part is there twice", true },
		{ USE "slots:\n  o: {type: code, ask: {zh: a, en: b}}\nsteps: [{collect: o}]\n",
		  "f.yaml:4:slots.o flow a: any number would be taken for one", true },
		{ USE "slots:\n  o: {type: text, shape: moon, ask: {zh: a, en: b}}\nsteps: "
		      "[{collect: o}]\n",
		  "f.yaml:4:slots.o.shape flow a: no such shape", true },
		{ USE "slots:\n  o: {type: text, lacks: {words: {zh: a, en: b}}, ask: {zh: a, "
		      "en: b}}\nsteps: "
		      "[{collect: o}]\n",
		  "f.yaml:4:slots.o.lacks flow a: leads nowhere", true },
		{ USE "slots:\n  o: {type: product, differs: x, ask: {zh: a, en: b}}\nsteps: "
		      "[{collect: o}]\n",
		  "f.yaml:4:slots.o.differs flow a: there is no such slot", true },
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		char what[400];
		CHECK(faults(v[i].yaml, v[i].in_set ? any_tool : NULL, what, sizeof(what)) > 0);
		if (!strstr(what, v[i].what))
			fprintf(stderr, "# %zu: %s\n", i, what);
		CHECK(strstr(what, v[i].what) != NULL);
	}
	/* alone, what another file holds is not missed: the slot is asked for */
	char what[400];
	EQ(faults(USE "slots:\n  o: {type: text, ask: {zh: a, en: b}}\nsteps:\n  - {use: none, "
		      "slot: o}\n",
		  NULL, what, sizeof(what)),
	   0);
	EQ(faults(USE "steps:\n  - {flow: none}\n", NULL, what, sizeof(what)), 0);
}

/* ---- answers that are none ---- */

TEST(flow_words_that_are_no_answer)
{
	static const struct {
		const char *text, *reply;
		enum flow_yes yes;
		enum flow_out_kind kind;
	} v[] = {
		{ "好的", "请说说。", FLOW_YES, FLOW_ASK },
		{ "你好", "请说说。", FLOW_UNSURE, FLOW_ASK },
		{ "投诉一下吧", "请说说。", FLOW_UNSURE, FLOW_ASK },
		{ "嗯嗯", "请说说。", FLOW_UNSURE, FLOW_ASK },
		{ "坏", "请说说。", FLOW_UNSURE, FLOW_ASK },
		{ "你们几点开门？", "你们几点开门？", FLOW_UNSURE, FLOW_ASIDE },
		{ "算了，不用了", "cancelled", FLOW_NO, FLOW_END },
		{ "算了，不投诉了", "cancelled", FLOW_UNSURE, FLOW_END },
		{ "沙发腿断了", "单号？", FLOW_UNSURE, FLOW_ASK },
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct line l;
		open_line(&l, "complain", "zh", NULL);
		begin(&l, "投诉");
		step(&l, (struct flow_in){ .kind = FLOW_IN_TEXT, .text = sv_of(v[i].text),
					   .yes = v[i].yes,
					   .question = sv_ends(sv_of(v[i].text), SV("？")) });
		CHECK(is(&l, 0, v[i].kind, v[i].reply, NULL));
		close_line(&l);
	}
}

TEST(flow_a_short_other_wish_goes_there_a_tale_stays)
{
	struct line l;
	open_line(&l, "complain", "en", NULL);
	begin(&l, "a complaint");
	say(&l, "please cancel my order", FLOW_UNSURE);
	STR_EQ(flow_id(l.run), "cancel");
	close_line(&l);
	open_line(&l, "complain", "en", NULL);
	begin(&l, "a complaint");
	say_it(&l, FLOW_IN_TEXT, "I asked you to cancel HH2026-100385 a week ago and nobody did it",
	       "order_number", "HH2026-100385");
	STR_EQ(flow_id(l.run), "complain");
	CHECK(is(&l, 0, FLOW_ASK, "What shall we do?", NULL)); /* the order was in it */
	step(&l, (struct flow_in){ .kind = FLOW_IN_TEXT, .text = SV("Can you cancel it now?"),
				   .question = true });
	CHECK(is(&l, 0, FLOW_CALL, "complaint_open",
		 "{\"what\":\"I asked you to cancel HH2026-100385 a week ago and nobody did it\","
		 "\"order\":\"HH2026-100385\",\"wants\":\"Can you cancel it now\",\"note\":"
		 "\"noted\"}"));
	close_line(&l);
}

TEST(flow_address_in_parts_or_at_once)
{
	struct line l;
	open_line(&l, "move", "zh", NULL);
	begin(&l, "改地址");
	say(&l, "是的", FLOW_YES);
	CHECK(is(&l, 0, FLOW_ASK, "城市？", NULL));
	say(&l, "江苏省南京市", FLOW_UNSURE);
	CHECK(is(&l, 0, FLOW_ASK, "区？", NULL));
	say(&l, "鼓楼区", FLOW_UNSURE);
	CHECK(is(&l, 0, FLOW_ASK, "街道？", NULL));
	say(&l, "和原来一样", FLOW_UNSURE);
	CHECK(is(&l, 0, FLOW_ASK, "街道？", NULL));
	say(&l, "白鹭里55号", FLOW_UNSURE);
	CHECK(is(&l, 0, FLOW_CALL, "address_change", NULL));
	close_line(&l);
	static const char *const whole[] = {
		"改到江苏省南京市鼓楼区白鹭里55号", "please send it to 8 Lake Road, Wuhou, Chengdu"
	};
	static const char *const args[] = {
		"{\"city\":\"江苏省南京市\",\"part\":\"鼓楼区\",\"line\":\"白鹭里55号\"}",
		"{\"city\":\"Chengdu\",\"part\":\"Wuhou\",\"line\":\"8 Lake Road\"}"
	};
	for (int i = 0; i < 4; i++) { /* with the first words, or as the first answer */
		open_line(&l, "move", "zh", NULL);
		begin(&l, i < 2 ? whole[i] : "改地址");
		if (i >= 2)
			say(&l, whole[i - 2], FLOW_UNSURE);
		CHECK(is(&l, 0, FLOW_CALL, "address_change", args[i & 1]));
		close_line(&l);
	}
}

TEST(flow_opening_words_must_tell_something)
{
	static const struct {
		const char *text, *next;
	} v[] = { { "hello there, I want to complain please", "What happened?" },
		  { "I want to complain, the leg of the sofa is broken", "Which order?" } };
	for (int i = 0; i < 2; i++) {
		struct line l;
		open_line(&l, "complain", "en", NULL);
		begin(&l, v[i].text);
		CHECK(is(&l, 0, FLOW_ASK, v[i].next, NULL));
		close_line(&l);
	}
}

/* ---- choices, codes, what is known ---- */

#define TWO "{\"items\":[{\"sku\":\"A1\",\"name\":\"Lamp\"},{\"sku\":\"B2\",\"name\":\"Table\"}]}"

TEST(flow_both_and_the_other_one)
{
	struct line l;
	open_line(&l, "back", "en", TWO);
	begin(&l, "back");
	say(&l, "both of them", FLOW_UNSURE);
	SV_EQ(jv_as_str(jv_get(flow_slots(l.run), "item")), "all");
	close_line(&l);
	open_line(&l, "back", "en", TWO);
	begin(&l, "the lamp");
	CHECK(is(&l, 0, FLOW_ASK, "Why?", NULL));
	say(&l, "no, the other one", FLOW_UNSURE);
	SV_EQ(jv_as_str(jv_get(flow_slots(l.run), "item")), "B2");
	CHECK(is(&l, 0, FLOW_ASK, "Why?", NULL));
	say(&l, "cancelled", FLOW_UNSURE); /* its words go before another wish */
	CHECK(is(&l, 0, FLOW_ASK, "For what?", NULL));
	close_line(&l);
}

TEST(flow_the_other_one_of_none_is_asked_again)
{
	struct line l;
	open_line(&l, "back", "en", TWO);
	begin(&l, "back");
	step(&l, (struct flow_in){ .kind = FLOW_IN_TEXT, .text = SV("the other one"),
				   .intent = "exchange_goods" });
	CHECK(is(&l, 0, FLOW_ASK, "Which article?", NULL));
	close_line(&l);
}

TEST(flow_a_label_answers_only_its_question)
{
	struct line l;
	open_line(&l, "back", "en", TWO);
	begin(&l, "I no longer want to keep the lamp");
	CHECK(is(&l, 0, FLOW_ASK, "Why?", NULL));
	say(&l, "I no longer want it", FLOW_UNSURE);
	CHECK(is(&l, 0, FLOW_ASK, "For what?", NULL));
	close_line(&l);
}

TEST(flow_what_follows_names_it)
{
	static const struct {
		const char *text, *to;
	} v[] = { { "the lamp was cancelled, exchange it for the white one", "the white one" },
		  { "lamp cancelled 换成白色的吧", "白色的" },
		  { "the lamp was cancelled, exchange it for another one", "" } };
	for (int i = 0; i < 3; i++) {
		struct line l;
		open_line(&l, "back", i == 1 ? "zh" : "en", TWO);
		begin(&l, v[i].text);
		SV_EQ(jv_as_str(jv_get(flow_slots(l.run), "to")), v[i].to);
		close_line(&l);
	}
}

TEST(flow_codes_money_and_another_flow)
{
	struct line l;
	open_line(&l, "pay", "en", NULL);
	say_it(&l, FLOW_IN_START, "my complaint c26000001, I want 50 yuan", "money", "50.00 CNY");
	CHECK(is(&l, 0, FLOW_CALL, "pay",
		 "{\"number\":\"C26000001\",\"amount\":50.0,\"text\":\"50 back\"}"));
	result(&l, "refused", NULL, "No.");
	CHECK(is(&l, 0, FLOW_SAY, "No.", NULL));
	CHECK(is(&l, 1, FLOW_ASK, "What happened?", NULL));
	STR_EQ(flow_id(l.run), "complain");
	close_line(&l);
	open_line(&l, "pay", "en", NULL);
	begin(&l, "R10240344 T2026-000123");
	SV_EQ(jv_as_str(jv_get(flow_slots(l.run), "number")), "T2026-000123");
	close_line(&l);
}

TEST(flow_known_only_when_nothing_else_is_named)
{
	static const char *const texts[] = { "how much is it?", "how much is the sofa?", "多少钱" };
	for (int i = 0; i < 3; i++) {
		struct line l;
		open_line(&l, "price", "en", "{\"product\":\"HH-1\"}");
		begin(&l, texts[i]);
		CHECK(i == 1 ? is(&l, 0, FLOW_ASK, "Which product?", NULL) :
			       is(&l, 0, FLOW_CALL, "price_quote", "{\"product\":\"HH-1\"}"));
		close_line(&l);
	}
	struct line l;
	open_line(&l, "price", "en", NULL);
	begin(&l, "how much");
	say_it(&l, FLOW_IN_TEXT, "lamp", "product", "HH-1");
	result(&l, "done", NULL, "");
	CHECK(is(&l, 0, FLOW_ASK, "And with which?", NULL));
	say_it(&l, FLOW_IN_TEXT, "bulb", "product", "HH-2"); /* does not mend the first */
	CHECK(is(&l, 0, FLOW_CALL, "product_compare", "{\"product\":\"HH-1\",\"other\":\"HH-2\"}"));
	close_line(&l);
	struct flow_slot two[] = { { SV("product"), SV("HH-1"), SV("lamp") },
				   { SV("product"), SV("HH-2"), SV("bulb") } };
	open_line(&l, "price", "en", NULL);
	step(&l, (struct flow_in){ .kind = FLOW_IN_START, .text = SV("lamp and bulb"), .slots = two,
				   .n_slots = 2 });
	result(&l, "done", NULL, "");
	CHECK(is(&l, 0, FLOW_CALL, "product_compare", "{\"product\":\"HH-1\",\"other\":\"HH-2\"}"));
	close_line(&l);
}

TEST(flow_words_for_a_product_that_is_no_known_name)
{
	static const struct {
		const char *text, *typed, *other;
	} v[] = { { "does the old filter fit the purifier", "purifier", "does the old filter" },
		  { "does the purifier fit my old filter?", "purifier", "my old filter" },
		  { "滤网能配净化器吗", "净化器", "滤网" } };
	for (int i = 0; i < 3; i++) {
		struct line l;
		struct flow_slot s = { SV("product"), SV("HH-1"), sv_of(v[i].typed) };
		open_line(&l, "price", "en", NULL);
		step(&l, (struct flow_in){ .kind = FLOW_IN_START, .text = sv_of(v[i].text),
					   .slots = &s, .n_slots = 1, .question = true });
		SV_EQ(jv_as_str(jv_get(flow_slots(l.run), "product")), "HH-1");
		SV_EQ(jv_as_str(jv_get(flow_slots(l.run), "other")), v[i].other);
		close_line(&l);
	}
	struct line l;
	open_line(&l, "price", "en", NULL);
	begin(&l, "price");
	say(&l, "ok", FLOW_YES);
	CHECK(is(&l, 0, FLOW_ASK, "Which product?", NULL));
	say(&l, "that tall lamp", FLOW_UNSURE);
	CHECK(is(&l, 0, FLOW_CALL, "price_quote", "{\"product\":\"that tall lamp\"}"));
	close_line(&l);
}

TEST(flow_a_tool_that_asks_is_not_asked_again)
{
	struct line l;
	open_line(&l, "late", "en", NULL);
	begin(&l, "late");
	result(&l, "refused", NULL, "It has come. Shall I take it back?");
	EQ(l.out.n, 1);
	CHECK(is(&l, 0, FLOW_ASK, "It has come. Shall I take it back?", NULL));
	STR_EQ(l.out.v[0].expect, "yes_no");
	step(&l, (struct flow_in){ .kind = FLOW_IN_RESUME });
	CHECK(is(&l, 0, FLOW_ASK, "Take it back?", NULL)); /* said alone it is asked */
	close_line(&l);
}

/* ---- several wishes, mended values ---- */

static void two_wishes(struct line *l)
{
	struct flow_slot v[] = {
		{ SV("order_number"), SV("HH2026-100385"), SV("HH2026-100385") },
		{ SV("order_number"), SV("HH2026-100186"), SV("HH2026-100186") }
	};
	step(l, (struct flow_in){ .kind = FLOW_IN_START,
				  .text = SV("cancel HH2026-100385 and where is HH2026-100186?"),
				  .slots = v, .n_slots = 2, .question = true });
}

TEST(flow_a_further_wish_follows)
{
	static const char *const begun[] = { "cancel", "status" }; /* as the intent was read */
	static const char *const ends[] = { "done", "refused", "declined" };
	for (int i = 0; i < 6; i++) {
		struct line l;
		struct sb b;
		struct flow_run *again = NULL;
		open_line(&l, begun[i & 1], "en", NULL);
		two_wishes(&l);
		CHECK(is(&l, 0, FLOW_CALL, "order_cancel", "{\"order\":\"HH2026-100385\"}"));
		EQ(jv_len(flow_more(l.run)), 1);
		sb_init(&b, 1u << 16); /* it is kept over a restart */
		flow_save(l.run, &b);
		EQ(flow_load(l.set, sb_sv(&b), &again), 0);
		sb_done(&b);
		flow_free(l.run);
		l.run = again;
		result(&l, ends[i / 2], NULL, "So.");
		CHECK(is(&l, 0, FLOW_SAY, "So.", NULL));
		CHECK(is(&l, 1, FLOW_SAY, "Now to the other order.", NULL));
		CHECK(is(&l, 2, FLOW_CALL, "order_status", "{\"order\":\"HH2026-100186\"}"));
		EQ(jv_len(flow_more(l.run)), 0);
		STR_EQ(flow_id(l.run), "status");
		result(&l, "done", NULL, "There.");
		CHECK(is(&l, 1, FLOW_END, "done", NULL));
		close_line(&l);
	}
}

TEST(flow_further_wishes_end_with_a_person)
{
	struct line l;
	open_line(&l, "cancel", "en", NULL);
	two_wishes(&l);
	result(&l, "failed", NULL, "");
	CHECK(is(&l, 0, FLOW_HANDOFF, "order_cancel: failed", NULL));
	EQ(jv_len(flow_more(l.run)), 1); /* for who takes over */
	close_line(&l);
}

TEST(flow_a_mended_number_makes_the_waiting_call_void)
{
	struct line l;
	open_line(&l, "cancel", "en", NULL);
	say_it(&l, FLOW_IN_START, "cancel HH2026-100385", "order_number", "HH2026-100385");
	CHECK(is(&l, 0, FLOW_CALL, "order_cancel", "{\"order\":\"HH2026-100385\"}"));
	/* what mends nothing leaves the call as it is */
	say(&l, "hm, let me think", FLOW_UNSURE);
	EQ(l.out.n, 0);
	say_it(&l, FLOW_IN_TEXT, "yes, HH2026-100385", "order_number", "HH2026-100385");
	EQ(l.out.n, 0);
	say_it(&l, FLOW_IN_TEXT, "no, I meant HH2026-100186", "order_number", "HH2026-100186");
	CHECK(is(&l, 0, FLOW_CALL, "order_cancel", "{\"order\":\"HH2026-100186\"}"));
	result(&l, "done", NULL, "Cancelled.");
	CHECK(is(&l, 1, FLOW_END, "done", NULL));
	close_line(&l);
}

TEST(flow_what_is_known_is_not_tried_twice)
{
	struct line l;
	open_line(&l, "again", "en", "{\"order\":\"HH2026-100385\"}");
	begin(&l, "again");
	CHECK(is(&l, 0, FLOW_CALL, "order_cancel", "{\"order\":\"HH2026-100385\"}"));
	result(&l, "not_found", NULL, "There is none.");
	CHECK(is(&l, 1, FLOW_ASK, "Which order?", NULL));
	close_line(&l);
}

TEST(flow_a_label_of_several_names)
{
	struct line l;
	open_line(
		&l, "many", "zh",
		"{\"l\":[{\"id\":\"A\",\"items\":[{\"name\":\"门后挂钩架\"},{\"name\":"
		"\"雾岸无雾加湿器\"}]},{\"id\":\"B\",\"items\":[{\"name\":\"纸灯笼吊灯\"}]}]}");
	begin(&l, "查");
	CHECK(is(&l, 0, FLOW_ASK, "哪个？", NULL));
	SV_EQ(l.out.v[0].choices[0], "门后挂钩架、雾岸无雾加湿器");
	say(&l, "加湿器那个", FLOW_UNSURE);
	CHECK(is(&l, 0, FLOW_CALL, "order_status", "{\"order\":\"A\"}"));
	close_line(&l);
}

TEST(flow_ends_when_the_customer_keeps_it)
{
	static const char *const texts[] = { "I would rather keep my order", "never mind", "算了" };
	for (int i = 0; i < 3; i++) {
		struct line l;
		open_line(&l, "cancel", "en", NULL);
		begin(&l, "cancel");
		say(&l, texts[i], FLOW_UNSURE);
		CHECK(is(&l, 0, FLOW_END, "cancelled", NULL));
		close_line(&l);
	}
}
