/* t_flow_back.c: a question in the middle of a flow is answered and leads back; another wish that
 * ends a flow tells so; orders by their last digits; words that are no answer. */
#include "flow_int.h"
#include "t.h"

#include <stdio.h>

static const char SHOP[] =
	"flows:\n"
	"  - id: give_back\n"
	"    title: {zh: 退货, en: Return}\n"
	"    intents: [return_goods]\n"
	"    words: {zh: 退货, en: return}\n"
	"    never: {zh: 不退了, en: keep it}\n"
	"    also: {zh: 再来退货。, en: Now to your return.}\n"
	"    slots:\n"
	"      order: {type: order_number, starts: HH, clears: [item], ask: {zh: 单号？, en: "
	"'Which order?'}}\n"
	"      item: {type: choice, choices_from: o.items, choice_value: sku, choice_label: name, "
	"ask: {zh: 哪件？, en: 'Which one?'}}\n"
	"      why:\n"
	"        type: choice\n"
	"        ask: {zh: 为什么？, en: 'Why?'}\n"
	"        retry: {zh: 记下了，为什么？, en: 'Noted. And why?'}\n"
	"        choices:\n"
	"          - {value: bad, label: {zh: 坏了, en: Faulty}, words: {zh: 坏, en: broken}}\n"
	"          - {value: size, label: {zh: 尺寸, en: Size}, words: {zh: 尺寸, en: too big}}\n"
	"      state:\n"
	"        type: choice\n"
	"        ask: {zh: 拆了吗？, en: 'Is it opened?'}\n"
	"        choices:\n"
	"          - {value: used, label: {zh: 用过, en: Used}, words: {zh: 用过, en: used}}\n"
	"          - {value: 'new', label: {zh: 没拆, en: New}, words: {zh: 没拆, en: sealed}}\n"
	"      wants: {type: text, ask: {zh: 希望怎样？, en: 'What shall we do?'}}\n"
	"    steps:\n"
	"      - {id: ask, collect: order}\n"
	"      - {id: look, call: order_status, args: {order: '{order}'}, as: o, quiet: true}\n"
	"      - {id: which, collect: item}\n"
	"      - {id: why_so, collect: why}\n"
	"      - {id: how, collect: state}\n"
	"      - {id: what, collect: wants}\n"
	"      - {id: make, call: return_create, args: {order: '{order}', item: '{item}', why: "
	"'{why}', state: '{state}', wants: '{wants}'}, effect: true}\n"
	"  - id: swap\n"
	"    title: {zh: 换货, en: Exchange}\n"
	"    intents: [exchange_goods]\n"
	"    words: {zh: 换货, en: exchange}\n"
	"    slots:\n"
	"      order: {type: order_number, starts: HH, clears: [item], ask: {zh: 单号？, en: "
	"'Which order?'}}\n"
	"      item: {type: choice, choices_from: o.items, choice_value: sku, choice_label: name, "
	"ask: {zh: 换哪件？, en: 'Which one to exchange?'}}\n"
	"    steps:\n"
	"      - {id: ask, collect: order}\n"
	"      - {id: look, call: order_status, args: {order: '{order}'}, as: o, quiet: true}\n"
	"      - {id: which, collect: item}\n"
	"      - {id: make, call: exchange_create, args: {item: '{item}'}, effect: true}\n"
	"  - id: price\n"
	"    title: {zh: 价格, en: Price}\n"
	"    intents: [price_query]\n"
	"    slots:\n"
	"      product: {type: product, ask: {zh: 哪款？, en: 'Which product?'}}\n"
	"    steps:\n"
	"      - {collect: product}\n"
	"      - {call: price_quote, args: {product: '{product}'}}\n"
	"  - id: amount\n"
	"    title: {zh: 退多少, en: How much comes back}\n"
	"    within: [give_back]\n"
	"    priority: 5\n"
	"    words: {zh: 多少, en: how much}\n"
	"    slots:\n"
	"      item: {type: choice, choices_from: o.items, choice_value: sku, choice_label: name, "
	"optional: true, ask: {zh: 哪件？, en: 'Which one?'}}\n"
	"    steps:\n"
	"      - {id: look, call: order_status, as: o, quiet: true}\n"
	"      - {call: return_check, args: {item: '{item}'}}\n"
	"  - id: complain\n"
	"    title: {zh: 投诉, en: Complaint}\n"
	"    intents: [complaint]\n"
	"    wish: {zh: 投诉, en: complain}\n"
	"    slots:\n"
	"      what: {type: text, ask: {zh: 怎么了？, en: 'What happened?'}}\n"
	"    steps:\n"
	"      - {collect: what}\n"
	"      - {call: complaint_open, args: {what: '{what}'}, effect: true}\n"
	"  - id: progress\n"
	"    title: {zh: 进度, en: Progress}\n"
	"    words: {zh: R10*, en: R10*}\n"
	"    wish: {zh: R10*, en: R10*}\n"
	"    slots:\n"
	"      rma: {type: code, starts: R, optional: true, ask: {zh: 编号？, en: 'Number?'}}\n"
	"    steps:\n"
	"      - {call: return_status, args: {rma: '{rma}'}}\n";

struct line {
	struct flow_set *set;
	struct flow_run *run;
	struct arena a;
	struct flow_out out;
};

static const struct flow_act *last(const struct line *l)
{
	static const struct flow_act none;
	return l->out.n ? &l->out.v[l->out.n - 1] : &none;
}

static const struct flow_act *say(struct line *l, const char *text, const char *intent)
{
	struct flow_in in = { .kind = FLOW_IN_TEXT, .text = sv_of(text), .intent = intent,
			      .lang = (unsigned char)text[0] < 0x80 ? SV("en") : SV("zh") };
	struct flow_slot slot = { SV("order_number"), sv_of(text), sv_of(text) };
	in.question = strchr(text, '?') != NULL || strstr(text, "？") != NULL;
	if (text[0] == 'R' && text[1] == '1') {
		in.slots = &slot;            /* as `callm understand` reads it */
		in.n_slots = 1;
	}
	flow_step(l->run, &in, &l->a, &l->out);
	return last(l);
}

static const struct flow_act *result(struct line *l, const char *body, const char *said)
{
	jv *o = jv_parse(sv_of(body), NULL);
	struct flow_in in = { .kind = FLOW_IN_RESULT, .intent = "", .lang = SV("en"),
			      .outcome = "done", .body = o, .say = sv_of(said) };
	flow_step(l->run, &in, &l->a, &l->out);
	jv_free(o);
	return last(l);
}

static void begin(struct line *l)
{
	struct cfg_report rep = { 0 };
	struct flow_file f = { "f.yaml", sv_of(SHOP) };
	struct flow_in in = { .kind = FLOW_IN_START, .lang = SV("en"), .intent = "",
			      .text = SV("I want to return something") };
	memset(l, 0, sizeof(*l));
	arena_init(&l->a, 1u << 22);
	int rc = flow_set_new(&l->set, &f, 1, NULL, NULL, &rep);
	for (size_t i = 0; i < rep.n; i++)
		fprintf(stderr, "# %s %s\n", rep.v[i].where, rep.v[i].what);
	cfg_report_done(&rep);
	ASSERT(rc == 0);
	EQ(flow_start(l->set, SV("give_back"), &l->run), 0);
	flow_step(l->run, &in, &l->a, &l->out);
}

static void finish(struct line *l)
{
	flow_free(l->run);
	obj_unref(l->set);
	arena_done(&l->a);
}

static const char ITEMS[] = "{\"items\":[{\"sku\":\"a\",\"name\":\"Forge Casserole\"},"
			    "{\"sku\":\"b\",\"name\":\"Tower Fan\"},"
			    "{\"sku\":\"c\",\"name\":\"Haven Sofa\"}]}";

/* As far as the question why. */
static void to_why(struct line *l)
{
	begin(l);
	EQ(say(l, "HH2026-100281", "")->kind, FLOW_CALL);
	EQ(result(l, ITEMS, "")->n_choices, 3);
	SV_EQ(say(l, "the fan", "")->text, "Why?");
}

TEST(flow_a_question_leads_back)
{
	struct line l;
	to_why(&l);
	SV_EQ(say(&l, "how much do I get?", "price_query")->text, "order_status");
	SV_EQ(result(&l, ITEMS, "")->text, "return_check");
	SV_EQ(last(&l)->args, "{\"item\":\"b\"}");
	CHECK(!l.out.left);
	SV_EQ(result(&l, "{}", "You get 90.")->text, "Why?");
	SV_EQ(l.out.v[0].text, "You get 90.");
	SV_EQ(l.out.v[1].text, "Now to your return.");
	STR_EQ(flow_id(l.run), "give_back");
	SV_EQ(say(&l, "it is broken", "")->text, "Is it opened?");
	(void)say(&l, "sealed", "");
	(void)say(&l, "my money, please", "");
	SV_EQ(last(&l)->args, "{\"order\":\"HH2026100281\",\"item\":\"b\",\"why\":\"bad\","
			      "\"state\":\"new\",\"wants\":\"my money\"}");
	finish(&l);
	begin(&l);                           /* only inside a return */
	CHECK(!flow_for(l.set, "", SV("how much is it?")));
	finish(&l);
}

/* It also asks on its own account, and is kept over a restart with what waits. */
TEST(flow_waits_behind_a_question_over_a_restart)
{
	struct line l;
	struct sb b;
	to_why(&l);
	SV_EQ(say(&l, "what does the lamp cost?", "price_query")->text, "Which product?");
	STR_EQ(flow_id(l.run), "price");
	sb_init(&b, 1u << 20);
	flow_save(l.run, &b);
	flow_free(l.run);
	EQ(flow_load(l.set, sb_sv(&b), &l.run), 0);
	sb_done(&b);
	SV_EQ(say(&l, "never mind", "")->text, "Why?");
	STR_EQ(flow_id(l.run), "give_back");
	EQ(jv_len(flow_more(l.run)), 0);
	SV_EQ(say(&l, "it is broken", "")->text, "Is it opened?");
	finish(&l);
}

TEST(flow_that_changed_meanwhile_is_not_gone_back_to)
{
	struct line l;
	to_why(&l);
	(void)say(&l, "what does the lamp cost?", "price_query");
	jv *w = jv_at(l.run->more, 0);
	jv_set_str(jv_get(w, "state"), "print", SV("other"));
	EQ(say(&l, "never mind", "")->kind, FLOW_END);
	finish(&l);
}

TEST(flow_another_wish_keeps_what_was_picked_and_tells_what_it_ends)
{
	struct line l;
	to_why(&l);
	SV_EQ(say(&l, "sorry, I meant exchange it", "exchange_goods")->text, "order_status");
	STR_EQ(l.out.left, "give_back");
	SV_EQ(result(&l, ITEMS, "")->text, "exchange_create");
	SV_EQ(last(&l)->args, "{\"item\":\"b\"}");
	finish(&l);
	to_why(&l);                          /* another article is named */
	(void)say(&l, "no, exchange the casserole", "exchange_goods");
	SV_EQ(result(&l, ITEMS, "")->args, "{\"item\":\"a\"}");
	finish(&l);
	to_why(&l);
	CHECK(!say(&l, "keep it", "")->n_choices && !l.out.left);
	EQ(last(&l)->kind, FLOW_END);
	finish(&l);
}

/* No question is taken for the choice whose name it is like. */
TEST(flow_a_question_is_no_choice)
{
	struct line l;
	to_why(&l);
	EQ(say(&l, "what size of a box must I use?", "product_info")->kind, FLOW_ASIDE);
	SV_EQ(say(&l, "the size", "")->text, "Is it opened?");
	finish(&l);
	to_why(&l);                          /* plainly another wish */
	(void)say(&l, "I want to complain", "complaint");
	STR_EQ(flow_id(l.run), "complain");
	STR_EQ(l.out.left, "give_back");
	finish(&l);
}

TEST(flow_numbers_of_another_kind_and_words_that_drop)
{
	struct line l;
	begin(&l);
	SV_EQ(say(&l, "R10240344", "order_status")->text, "return_status");
	finish(&l);
	begin(&l);
	(void)say(&l, "HH2026-100281", "");
	(void)result(&l, ITEMS, "");
	EQ(say(&l, "no forget it", "")->kind, FLOW_END); /* no Forge casserole */
	finish(&l);
	to_why(&l);
	SV_EQ(say(&l, "it was used", "")->text, "Noted. And why?");
	SV_EQ(say(&l, "too big", "")->text, "What shall we do?");
	SV_EQ(say(&l, "1962", "")->text, "What shall we do?"); /* of the telephone */
	SV_EQ(say(&l, "a refund", "")->text, "return_create");
	finish(&l);
}

TEST(flow_order_by_its_last_digits)
{
	static const struct {
		const char *words, *order;
	} v[] = { { "it's 100387", "100387" },
		  { "100386 1444", "100386" },
		  { "订单号一零零三八五，手机尾号一七七七", "100385" },
		  { "one zero zero three eight five", "100385" },
		  { "HH 2026 100385", "HH2026100385" },
		  { "100386一直没到", "100386" },
		  { "100387两件都退", "100387" },
		  { "this one 100387", "100387" },
		  { "order no.100387", "100387" },
		  { "it is 3.100387", NULL },
		  { "I paid 100387 yuan", NULL },
		  { "C2026-000123", NULL } };
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct line l;
		begin(&l);
		(void)say(&l, v[i].words, "");
		sv got = jv_get_str(flow_slots(l.run), "order");
		if (!sv_eq(got, sv_of(v[i].order)))
			printf("# %s: " SV_FMT "\n", v[i].words, SV_ARG(got));
		CHECK(sv_eq(got, sv_of(v[i].order)));
		finish(&l);
	}
	struct line l;
	to_why(&l);                          /* mended later; the same order is no news */
	SV_EQ(say(&l, "it is broken, 100281", "")->text, "Is it opened?");
	SV_EQ(say(&l, "no, I meant 100186", "")->text, "order_status");
	SV_EQ(last(&l)->args, "{\"order\":\"100186\"}");
	finish(&l);
}

TEST(flow_row_is_one_and_no_part)
{
	char row[32];
	CHECK(flow_row(SV("尾号一七七七"), 4, row) && strcmp(row, "1777") == 0);
	CHECK(flow_row(SV("my phone ends in one oh three seven"), 4, row));
	STR_EQ(row, "1037");
	CHECK(flow_row(SV("HH2026-100432 1814"), 4, row) && strcmp(row, "1814") == 0);
	CHECK(!flow_row(SV("1814 or 1815"), 4, row));
	CHECK(!flow_row(SV("1814元"), 4, row));
	CHECK(!flow_row(SV("¥1814"), 4, row));
	CHECK(!flow_row(SV("18140"), 4, row));
	CHECK(!flow_row(SV("1one8 four 4"), 4, row));
	CHECK(flow_row(SV("No.100387"), 6, row) && strcmp(row, "100387") == 0);
	CHECK(flow_row(SV("oh 100387"), 6, row) && strcmp(row, "100387") == 0);
	CHECK(flow_row(SV("100387一共多少钱"), 6, row) && strcmp(row, "100387") == 0);
	char full[FLOW_FOLD];        /* fills what it is folded into */
	memset(full, ' ', sizeof(full));
	CHECK(!flow_row(sv_n(full, sizeof(full)), 4, row));
	CHECK(!flow_row(SV(""), 4, row));
}
