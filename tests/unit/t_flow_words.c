/* t_flow_words.c: how a flow reads words: phrases, slips, what is left, small talk, questions,
 * shapes of answers, several wishes in a sentence. */
#include "flow_int.h"
#include "t.h"

#include <stdio.h>

struct yes {
	const char *text, *words;
	bool is;
};

static void all_of(bool (*fn)(sv text, sv words), const struct yes *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool got = fn(sv_of(v[i].text), sv_of(v[i].words));
		if (got != v[i].is)
			fprintf(stderr, "# %s / %s: %d\n", v[i].text, v[i].words, got);
		CHECK(got == v[i].is);
	}
}
#define ALL(fn, v) all_of(fn, v, sizeof(v) / sizeof(*(v)))

TEST(flow_words_stand_alone_or_begin_a_longer_one)
{
	static const struct yes has[] = {
		{ "my R10 is late", "r10", true },
		{ "我的R10退货", "R10", true },
		{ "R10240344", "R10", false },
		{ "R10240344到哪了", "R10*", true },
		{ "the AR10", "R10*", false },
		{ "HH-R10", "R10", true },
		{ "C25000017到哪了", "C####*", true },
		{ "where is c40000001", "C####*", true },
		{ "T1926-000123", "T20##*|C####*", false },
		{ "C20 cable", "C####*", false },
		{ "C2600", "C####", true },
		{ "C26000", "C####", false },
		{ "unit #3", "#3", true },
		{ "order HH2026-100367", "HH20*", true },
		{ "return", "turn", false },
		{ "I don\xe2\x80\x99t want it", "don't want", true },
		{ "ＨＨ２０２６", "HH20*", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "a", "*", false },
		{ "退货", "换|退", true },
	};
	ALL(flow_has, has);
}

TEST(flow_one_slip_in_a_long_word)
{
	static const struct yes near[] = {
		{ "retrun it", "return", true },    { "retur it", "return", true },
		{ "returrn it", "return", true },   { "retern it", "return", true },
		{ "returns", "return", false },     { "retnru", "return", false },
		{ "burn it", "return", false },     { "form", "from", false },
		{ "parcels", "parcel", false },     { "exhcange", "exchange", true },
		{ "I canceled", "cancelled", true }, { "moving", "loving", false },
		{ "退huo", "return", false },
	};
	ALL(flow_near, near);
}

TEST(flow_what_is_left_without_the_words)
{
	static const struct yes only[] = {
		{ "How much is it?", "how much|is|it", true },
		{ "How much is the sofa?", "how much|is|it|the", false },
		{ "那多少钱？", "多少钱|那", true },
		{ "餐桌多少钱", "多少钱|那", false },
		{ "...", "a", false },
		{ "", "a", false },
	};
	ALL(flow_only, only);
	static const struct yes whole[] = {
		{ "那怎么办呢？", "怎么办", true },
		{ "那", "怎么办", false },
		{ "So, what now?", "what now", true },
		{ "what now costs less", "what now", false },
	};
	ALL(flow_whole, whole);
}

TEST(flow_what_follows_the_words)
{
	static const struct {
		const char *text, *words, *after;
	} v[] = {
		{ "exchange it for the White one, please.", "exchange it for", "the White one" },
		{ "帮我换成白色的吧", "换成", "白色的" },
		{ "换成", "换成", "" },
		{ "nothing of it", "换成", "" },
		{ "ＳＷＡＰ it for Ｂ２！", "swap it for", "Ｂ２" },
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		SV_EQ(flow_after(sv_of(v[i].text), sv_of(v[i].words)), v[i].after);
	SV_EQ(flow_bare(SV("  “你好”。")), "你好");
	SV_EQ(flow_bare(SV("?!")), "");
}

TEST(flow_small_talk_and_the_end_of_a_wish)
{
	static const char *const small[] = { "hello", "Hi there!", "好的", "嗯，好的，谢谢",
					     "在吗？", "OK thanks" };
	static const char *const no_small[] = { "hello, my lamp is broken", "好的台灯", "昨天",
						"" };
	static const char *const drop[] = { "never mind",   "算了",
					    "算了，不用了", "no, leave it then",
					    "那不退了吧",   "Forget it please" };
	static const char *const no_drop[] = { "no", "stop the delivery to the old address",
					       "不用了我要换货", "well" };
	for (size_t i = 0; i < 6; i++)
		CHECK(flow_small(sv_of(small[i])));
	for (size_t i = 0; i < 4; i++)
		CHECK(!flow_small(sv_of(no_small[i])));
	for (size_t i = 0; i < 6; i++)
		CHECK(flow_drops(sv_of(drop[i])));
	for (size_t i = 0; i < 4; i++)
		CHECK(!flow_drops(sv_of(no_drop[i])));
}

TEST(flow_a_question_or_a_tale)
{
	static const struct {
		const char *text;
		bool asks;
	} v[] = {
		{ "When I opened it the glass was broken", false },
		{ "when do you open", true },
		{ "what happened yesterday made me angry", false },
		{ "what time do you close", true },
		{ "what's your number", true },
		{ "How long does it take", true },
		{ "which one is it?", true },
		{ "can you send it today", true },
		{ "什么时候能到", true },
		{ "记不清是什么时候了", false },
		{ "I don't remember when it was", false },
		{ "运费多少", true },
		{ "", false },
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct flow_in in = { .text = sv_of(v[i].text), .question = v[i].text[0] != 0 };
		if (flow_asks(&in) != v[i].asks)
			fprintf(stderr, "# %s\n", v[i].text);
		CHECK(flow_asks(&in) == v[i].asks);
		in.question = false;
		CHECK(!flow_asks(&in));
	}
}

static const struct {
	enum flow_shape shape;
	const char *text, *value;
} shapes[] = {
	{ SHAPE_NAME, "My name is Chloe Dubois.", "Chloe Dubois" },
	{ SHAPE_NAME, "我叫吴建华", "吴建华" },
	{ SHAPE_NAME, "单小红", "单小红" },
	{ SHAPE_NAME, "查理", "查理" },
	{ SHAPE_NAME, "I want to return it", "" },
	{ SHAPE_NAME, "我不想告诉你", "" },
	{ SHAPE_NAME, "13800138000", "" },
	{ SHAPE_CITY, "南京", "南京" },
	{ SHAPE_CITY, "江苏省南京市", "江苏省南京市" },
	{ SHAPE_CITY, "新地址在南京市吧", "南京市" },
	{ SHAPE_CITY, "It's in Nanjing, Jiangsu", "Nanjing, Jiangsu" },
	{ SHAPE_CITY, "New York", "New York" },
	{ SHAPE_CITY, "为什么要告诉你", "" },
	{ SHAPE_CITY, "where is my order", "" },
	{ SHAPE_CITY, "喀什地区喀什市", "喀什地区喀什市" },
	{ SHAPE_CITY, "改到江苏省南京市鼓楼区白鹭里55号7栋1201室", "江苏省南京市" },
	{ SHAPE_CITY, "北京朝阳区建国路88号", "北京" },
	{ SHAPE_CITY, "Please send it to 108 Lake Road, Wuhou, Chengdu 610041", "Chengdu" },
	{ SHAPE_DISTRICT, "鼓楼区", "鼓楼区" },
	{ SHAPE_DISTRICT, "Wuhou District", "Wuhou District" },
	{ SHAPE_DISTRICT, "江苏省南京市鼓楼区白鹭里55号7栋", "鼓楼区" },
	{ SHAPE_DISTRICT, "108 Lake Road, Wuhou, Chengdu, China", "Wuhou" },
	{ SHAPE_STREET, "白鹭里55号7栋1201室", "白鹭里55号7栋1201室" },
	{ SHAPE_STREET, "Room 2204, Building 16, 108 Tingchao Road",
	  "Room 2204, Building 16, 108 Tingchao Road" },
	{ SHAPE_STREET, "江苏省南京市鼓楼区白鹭里55号7栋", "白鹭里55号7栋" },
	{ SHAPE_STREET, "to Room 1, 8 Lake Road, Wuhou, Chengdu", "Room 1, 8 Lake Road" },
	{ SHAPE_STREET, "和以前一样", "" },
	{ SHAPE_STREET, "the order is HH2026-100440", "" },
	{ SHAPE_STREET, "hello", "" },
};

TEST(flow_answers_of_a_shape)
{
	struct arena a;
	arena_init(&a, 1u << 20);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		sv v = flow_shaped(shapes[i].shape, sv_of(shapes[i].text), true, &a);
		if (!sv_eq(v, sv_of(shapes[i].value)))
			fprintf(stderr, "# %s: " SV_FMT "\n", shapes[i].text, SV_ARG(v));
		SV_EQ(v, shapes[i].value);
	}
	/* unasked only a whole address tells */
	CHECK(!flow_shaped(SHAPE_CITY, SV("南京"), false, &a).n);
	SV_EQ(flow_shaped(SHAPE_CITY, SV("请改到上海市浦东新区世纪大道1号"), false, &a), "上海市");
	SV_EQ(flow_shaped(SHAPE_DISTRICT, SV("请改到上海市浦东新区世纪大道1号"), false, &a),
	      "浦东新区");
	arena_done(&a);
}

/* ---- several wishes ---- */

static const char WISHES[] =
	"flows:\n"
	"  - {id: cancel, title: {zh: a, en: b}, intents: [cancel_order], wish: {zh: "
	"取消订单|帮我取消, en: cancel}, never: {zh: 别取消, en: don't cancel}, steps: [{end: "
	"done}]}\n"
	"  - {id: status, title: {zh: a, en: b}, intents: [order_status], wish: {zh: 到哪了, "
	"en: "
	"where is}, unless: {zh: 门店, en: store}, steps: [{end: done}]}\n"
	"  - {id: quiet, title: {zh: a, en: b}, intents: [order_status], steps: [{end: "
	"done}]}\n";

TEST(flow_several_wishes_in_a_sentence)
{
	static const struct {
		const char *text, *found;
	} v[] = {
		{ "cancel 100385 and where is 100186?",
		  "cancel[cancel 100385] status[ where is 100186?]" },
		{ "帮我取消100385，顺便看看100186到哪了",
		  "cancel[帮我取消100385] status[看看100186到哪了]" },
		{ "cancel 100385 and 100386", "cancel[cancel 100385] cancel[ 100386]" },
		{ "帮我取消100385 和 100386", "cancel[帮我取消100385 ] cancel[ 100386]" },
		{ "帮我取消100385和100386", "cancel[帮我取消100385] cancel[100386]" },
		{ "hello, cancel 100385, it is order 100385", "cancel[*]" },
		{ "cancel it or tell me where is it", "cancel[*]" },
		{ "cancel it, otherwise where is it", "cancel[*]" },
		{ "where is it, don't cancel it", "status[*]" },
		{ "cancel it; where is the store", "cancel[*]" },
		{ "nothing", "" },
		{ "", "" },
	};
	struct flow_set *s = NULL;
	struct cfg_report rep = { 0 };
	struct flow_file f = { "f.yaml", sv_of(WISHES) };
	EQ(flow_set_new(&s, &f, 1, NULL, NULL, &rep), 0);
	for (size_t i = 0; s && i < sizeof(v) / sizeof(*v); i++) {
		struct flow_wish w[FLOW_WISHES];
		struct sb b;
		sv text = sv_of(v[i].text);
		size_t n = flow_wishes(s, NULL, text, w, FLOW_WISHES);
		sb_init(&b, 4096);
		for (size_t k = 0; k < n; k++) {
			sv part = sv_slice(text, w[k].from, w[k].to);
			sb_fmt(&b, "%s%s[" SV_FMT "]", k ? " " : "", w[k].f->id,
			       SV_ARG(part.n == text.n ? SV("*") : part));
		}
		SV_EQ(sb_sv(&b), v[i].found);
		sb_done(&b);
	}
	/* the flow begun has the first number when the words tell no wish */
	struct flow_wish w[FLOW_WISHES];
	sv both = SV("both of them please, 100385 and 100386");
	EQ(flow_wishes(s, NULL, both, w, FLOW_WISHES), 0);
	EQ(flow_wishes(s, &s->v[0], both, w, FLOW_WISHES), 2);
	obj_unref(s);
	cfg_report_done(&rep);
}

TEST(flow_words_any_bytes_do_no_harm)
{
	static const char *const bits[] = { "市",        "区", "号",   "to ", ",",    "\xff",
					    "\xe4\xb8",  "55", "and ", "?",   "我叫", "'",
					    "c26000001", "*",  "|",    "   " };
	struct rng *rng = t_rng();
	struct arena a;
	for (int round = 0; round < 3000; round++) {
		char text[200] = "";
		size_t n = 0;
		for (uint64_t k = rng_below(rng, 12); k > 0; k--) {
			const char *x = bits[rng_below(rng, 16)];
			memcpy(text + n, x, strlen(x));
			n += strlen(x);
		}
		sv t = sv_n(text, n);
		struct flow_in in = { .text = t, .question = true };
		arena_init(&a, 1u << 16);
		for (int s = SHAPE_NAME; s <= SHAPE_STREET; s++) {
			sv v = flow_shaped((enum flow_shape)s, t, round & 1, &a);
			CHECK(v.n <= n);
		}
		CHECK(flow_bare(t).n <= n && flow_after(t, SV("to|区")).n <= n);
		(void)flow_asks(&in);
		(void)flow_drops(t);
		CHECK(flow_weight(t) <= (int)(2 * n));
		arena_done(&a);
	}
}

TEST(flow_what_stands_before_the_words)
{
	SV_EQ(flow_before(SV("净化器滤网能装在加湿器上吗"), SV("能装在")), "净化器滤网");
	SV_EQ(flow_before(SV("你好，请问滤网能装在加湿器上吗"), SV("能装在")), "请问滤网");
	SV_EQ(flow_before(SV("Hi. The Old filter, fits it?"), SV("fits")), "");
	SV_EQ(flow_before(SV("Hi! Old filter fits it?"), SV("fits|it")), "Old filter");
	SV_EQ(flow_before(SV("fits it"), SV("fits")), "");
	SV_EQ(flow_before(SV("nothing"), SV("fits")), "");
}
