/* t_flow_demo.c: the demo's flows are whole: read without a fault, with the tools that the demo
 * declares, each argument one that its tool has; and questions are left to the knowledge base. */
#include "flow_int.h"
#include "t.h"

#include <stdio.h>

struct demo {
	jv *tools[16];
	size_t n_tools;
	struct flow_file file[16];
	char *text[32], *name[16];
	size_t n, n_text;
};

static int take(void *arg, const char *path)
{
	struct demo *d = arg;
	struct sb b;
	struct err e;
	struct cfg_report rep = { 0 };
	if (!sv_ends(sv_of(path), SV(".yaml")) || d->n == 16 || d->n_tools == 16)
		return 0;
	sb_init(&b, 1u << 20);
	int rc = file_read(path, 1u << 20, &b, &e);
	if (rc == 0 && strstr(path, "/tools/")) {
		d->tools[d->n_tools++] = cfg_parse(sb_sv(&b), path, &rep);
	} else if (rc == 0) {
		d->text[d->n] = xstrdup(sb_sv(&b));
		d->name[d->n] = xstrdup(sv_of(path));
		d->file[d->n] = (struct flow_file){ d->name[d->n], sv_of(d->text[d->n]) };
		d->n++;
	}
	cfg_report_done(&rep);
	sb_done(&b);
	return rc;
}

static const jv *tool(const struct demo *d, sv name)
{
	for (size_t i = 0; i < d->n_tools; i++) {
		const jv *list = jv_get(d->tools[i], "tools");
		for (size_t k = 0; k < jv_len(list); k++)
			if (sv_eq(name, jv_get_str(jv_at(list, k), "name")))
				return jv_at(list, k);
	}
	return NULL;
}

static bool known(void *arg, sv name)
{
	return tool(arg, name) != NULL;
}

/* A company's tools and flows: "demo", "packs/bank". */
static int company_open(struct demo *d, const char *company, struct flow_set **ret)
{
	char path[600];
	struct cfg_report rep = { 0 };
	memset(d, 0, sizeof(*d));
	(void)snprintf(path, sizeof(path), "%s/%s/tools", t_srcdir(), company);
	int rc = file_walk(path, take, d);
	(void)snprintf(path, sizeof(path), "%s/%s/flows", t_srcdir(), company);
	if (rc == 0)
		rc = file_walk(path, take, d);
	if (rc == 0)
		rc = flow_set_new(ret, d->file, d->n, known, d, &rep);
	for (size_t i = 0; i < rep.n; i++)
		fprintf(stderr, "# %s: %s (%s)\n", rep.v[i].where, rep.v[i].what, rep.v[i].mend);
	cfg_report_done(&rep);
	return rc;
}

static int demo_open(struct demo *d, struct flow_set **ret)
{
	return company_open(d, "demo", ret);
}

static void demo_close(struct demo *d, struct flow_set *s)
{
	for (size_t i = 0; i < d->n_tools; i++)
		jv_free(d->tools[i]);
	for (size_t i = 0; i < d->n; i++) {
		xfree(d->text[i]);
		xfree(d->name[i]);
	}
	obj_unref(s);
}

static bool args_fit(const struct demo *d, const struct flow *f, const struct flow_step *s)
{
	const jv *props = jv_path(tool(d, s->word), "schema.properties");
	const jv *need = jv_path(tool(d, s->word), "schema.required");
	void *it = NULL;
	sv key;
	jv *v;
	bool ok = true;
	while (jv_next(s->args, &it, &key, &v))
		if (!jv_member(props, key)) {
			fprintf(stderr, "# %s: " SV_FMT " has no " SV_FMT "\n", f->id,
				SV_ARG(s->word), SV_ARG(key));
			ok = false;
		}
	for (size_t i = 0; i < jv_len(need); i++)
		if (!jv_member(s->args, jv_as_str(jv_at(need, i)))) {
			fprintf(stderr, "# %s: " SV_FMT " needs " SV_FMT "\n", f->id,
				SV_ARG(s->word), SV_ARG(jv_as_str(jv_at(need, i))));
			ok = false;
		}
	return ok;
}

static bool reads_alone(const struct flow_file *f)
{
	struct cfg_report rep = { 0 };
	struct flow_set *s = NULL;
	int rc = flow_set_new(&s, f, 1, NULL, NULL, &rep);
	for (size_t i = 0; i < rep.n; i++)
		fprintf(stderr, "# alone, %s: %s\n", rep.v[i].where, rep.v[i].what);
	obj_unref(s);
	cfg_report_done(&rep);
	return rc == 0;
}

TEST(flows_of_demo_and_packs_are_whole)
{
	static const struct {
		const char *company;
		size_t least;
	} v[] = { { "demo", 18 },
		  { "packs/telecom", 8 },
		  { "packs/bank", 7 },
		  { "packs/public", 6 } };
	for (size_t c = 0; c < sizeof(v) / sizeof(*v); c++) {
		struct demo d;
		struct flow_set *s = NULL;
		bool ok = true, complaint = false;
		EQ(company_open(&d, v[c].company, &s), 0);
		CHECK(s && flow_set_count(s) >= v[c].least);
		for (size_t i = 0; s && i < s->n; i++) {
			complaint |= strcmp(s->v[i].id, "complaint") == 0;
			for (size_t k = 0; k < s->v[i].n_steps; k++)
				if (s->v[i].step[k].kind == STEP_CALL)
					ok &= args_fit(&d, &s->v[i], &s->v[i].step[k]);
		}
		for (size_t i = 0; i < d.n; i++) /* each alone, too, as the console looks at it */
			ok &= reads_alone(&d.file[i]);
		CHECK(ok && complaint);
		demo_close(&d, s);
	}
}

/* What begins which flow; "" = none: a question for the knowledge base. */
static const struct {
	const char *intent, *text, *flow;
} wishes[] = {
	{ "technical_fault", "the sofa is broken", "fault" },
	{ "order_status", "the pillow I bought is torn", "fault" },
	{ "", "my kettle is leaking", "fault" },
	{ "technical_fault", "椅子腿断了", "fault" },
	{ "stock_query", "床垫有个洞", "fault" },
	{ "technical_fault", "My internet is not working", "" },
	{ "technical_fault", "the app is broken", "" },
	{ "technical_fault", "What if it is broken when it comes?", "" },
	{ "technical_fault", "宽带坏了", "" },
	{ "technical_fault", "是不是我们这片都断了", "" },
	{ "technical_fault", "收到的商品坏了怎么办", "" },
	{ "warranty", "my lamp broke, is it still under warranty", "warranty" },
	{ "refund_status", "哪里能看", "" },
	{ "refund_status", "The mixer I got is faulty and I want a refund", "fault" },
	{ "product_info", "which sofa do you recommend for a small flat", "recommend" },
	{ "", "推荐一款电饭煲", "recommend" },
	{ "product_info", "which broadband plan do you recommend", "" },
	{ "complaint", "I can't recommend you to anyone", "complaint" },
	{ "", "推荐好友有奖励吗", "" },
	{ "refund_status", "我的退款到哪了", "refund_status" },
	{ "order_status", "帮我查一下订单", "order_status" },
	{ "order_status", "我的快递到哪了", "order_status" },
	{ "order_status", "怎么查订单进度？", "" },
	{ "order_status", "Where is my order HH2026-100108?", "order_status" },
	{ "order_status", "How can I check my order?", "" },
	{ "cancel_order", "我要取消订单", "cancel_order" },
	{ "cancel_order", "订单发货后还可以取消吗", "" },
	{ "cancel_order", "please cancel my order", "cancel_order" },
	{ "return_goods", "I would like to return the lamp", "return_goods" },
	{ "return_goods", "How do I return something?", "" },
	{ "return_goods", "台灯坏了，我要退货", "return_goods" },
	{ "return_goods", "退货政策是什么", "" },
	{ "return_goods", "我的订单HH2026-100367能退吗", "return_goods" },
	/* the rule, and no return yet */
	{ "return_goods", "what is the return window?", "" },
	{ "return_goods", "what is your return policy", "" },
	{ "return_goods", "what's the return period for gold members", "" },
	{ "return_goods", "退货期多久", "" },
	{ "return_goods", "几天内能退", "" },
	{ "return_goods", "退货期限是哪天", "" },
	{ "exchange_goods", "how many days is the exchange period", "" },
	{ "return_goods", "return my order", "return_goods" },
	{ "return_goods", "我要退货", "return_goods" },
	{ "price_query", "what's the cheapest rice cooker", "cheapest" },
	{ "", "哪个电饭煲最便宜", "cheapest" },
	{ "price_query", "最便宜的枕头多少钱", "cheapest" },
	{ "", "what is the cheapest way to send it back", "" },
	{ "price_query", "最便宜的宽带是哪个", "" },
	{ "price_query", "什么时候买最便宜", "" },
	{ "", "do you guys have any deals right now", "deals_now" },
	{ "price_query", "现在有没有优惠", "deals_now" },
	{ "", "when is the next sale", "" },
	{ "", "双十一有优惠吗", "" },
	{ "exchange_goods", "这个桌子太大了，想换一个小的", "exchange_goods" },
	{ "exchange_goods", "算了我还是换货吧", "exchange_goods" },
	{ "exchange_goods", "想买个沙发，两个人坐的，别太贵", "" },
	{ "change_address", "HH2026-100410", "order_status" },
	{ "change_address", "我搬家了，想改地址，订单HH2026-100440", "change_address" },
	{ "change_address", "please send it to another place", "change_address" },
	{ "order_status", "My parcel arrived smashed", "" },
	{ "stock_query", "E14的灯泡能装在落地灯上吗", "fits" },
	{ "product_info", "Does the E27 bulb fit the arc floor lamp?", "fits" },
	{ "return_goods", "the table doesn't fit, I want to return it", "return_goods" },
	{ "product_info", "橡线餐桌和橡线餐椅有什么区别", "compare" },
	{ "product_info", "which is better, the AX3000 or the BE7200?", "compare" },
	{ "product_info", "金卡会员和银卡会员有什么区别", "" },
	{ "stock_query", "这款沙发有货吗", "stock_check" },
	{ "refund_status", "我的退款还没到", "refund_status" },
	{ "refund_status", "退款一般多久到账", "" },
	{ "refund_status", "how long to get money back on my card", "" },
	{ "refund_status", "what is the status of my return", "return_progress" },
	{ "price_query", "橡线餐桌多少钱", "price_quote" },
	{ "price_query", "刚买就降价了，能补差价吗", "price_protection" },
	{ "return_goods", "降价了，能退差价吗", "price_protection" },
	{ "price_query", "the lamp got cheaper, can I have the difference back",
	  "price_protection" },
	{ "complaint", "你们太过分了，我要投诉", "complaint" },
	{ "complaint", "How do I complain?", "" },
	{ "complaint", "我的投诉处理得怎么样了", "complaint_progress" },
	{ "warranty", "我的沙发坏了还在保吗", "warranty" },
	{ "warranty", "沙发保修多久", "" },
	{ "invoice", "我要开发票", "" },
	/* a letter that slipped */
	{ "return_goods", "I want to retrun the lamp", "return_goods" },
	{ "cancel_order", "please cancle my order", "cancel_order" },
	{ "exchange_goods", "can you exhcange the table for me", "exchange_goods" },
	/* what the customer does not want is no wish */
	{ "return_goods", "I would like to keep the lamp", "keep_it" },
	{ "return_goods", "I don't want to return HH2026-100367", "keep_it" },
	{ "return_goods", "台灯我不退了", "keep_it" },
	{ "return_goods", "订单HH2026-100367不用退了", "keep_it" },
	{ "return_goods", "I don't want to keep the lamp, I want to return it", "return_goods" },
	{ "cancel_order", "先别取消我的订单", "keep_it" },
	{ "cancel_order", "don't cancel my order please", "keep_it" },
	{ "exchange_goods", "算了，不换了", "keep_it" },
	/* numbers of complaints, tickets and returns are no orders */
	{ "order_status", "C26000001", "by_number" },
	{ "", "我的工单T2026-000123怎么样了", "by_number" },
	{ "order_status", "C31000007", "by_number" }, /* of another year */
	{ "", "How far is T2029-000123?", "by_number" },
	{ "refund_status", "R10240344到哪一步了", "return_progress" },
	{ "warranty", "HH2026-100367 is it covered", "warranty" },
	{ "complaint", "How far is my complaint?", "complaint_progress" },
	{ "complaint", "Yes, I accept that. Please close complaint C26000001", "complaint_answer" },
	{ "complaint", "问题还没解决，没有人给我打电话", "complaint_answer" },
	{ "thanks", "已解决，谢谢", "complaint_answer" },
	{ "complaint", "No, I can't accept that", "complaint_answer" },
	{ "complaint", "我不能接受这个方案", "complaint_answer" },
	{ "complaint", "我的投诉解决了吗", "complaint_progress" }, /* a question is no word on it */
	{ "", "Has it been solved", "" },
	/* money for what went wrong */
	{ "complaint", "我要求赔偿", "compensation" },
	{ "complaint", "I want compensation for the broken lamp", "compensation" },
	{ "complaint", "赔偿标准是什么", "" },
	{ "refund_status", "How much compensation is there for a late parcel?", "" },
	/* after a no */
	{ "", "那怎么办", "what_now" },
	{ "", "so what can I do now?", "what_now" },
	{ "", "就不能通融一下吗", "what_now" },
	{ "", "Please make an exception", "what_now" },
	{ "", "What can you do?", "" }, /* about the assistant, nothing was refused */
	{ "technical_fault", "沙发坏了怎么办", "" },
	/* the words tell it when the intent is none */
	{ "", "我要退货，订单HH2026-100102，不想要了", "return_goods" },
	{ "", "cancel HH2026-100438", "cancel_order" },
	{ "", "I want to return the lamp", "return_goods" },
	{ "", "what a nice day", "" },
	/* questions that hold the words of a flow */
	{ "price_query", "两张礼品卡能一起用吗", "" },
	{ "price_query", "最便宜的多少钱", "" },
	{ "price_query", "你们包安装吗，多少钱", "" },
	{ "price_query", "do you assemble furniture and what does it cost", "" },
	{ "product_info", "what's the difference between gold and silver membership", "" },
	{ "product_info", "金卡和银卡有什么区别", "" },
	{ "product_info", "will a 2 metre sofa fit through a 80cm door", "" },
	{ "change_address", "能寄到香港吗", "" },
	{ "change_address", "can you leave it with the neighbour at my address", "" },
	{ "cancel_order", "不便宜我就不买了", "" },
	{ "cancel_order", "取消订单运费退不退？", "" },
	{ "refund_status", "can i cancel my order and get a refund for delivery cost too?", "" },
	{ "order_status", "发什么快递", "which_courier" },
	{ "order_status", "HH2026-100386发的什么快递", "order_status" },
	{ "return_goods", "多少天内可以退", "" },
	{ "return_goods", "那我先问下，退货要自己寄吗", "" },
	{ "return_goods", "i lost the receipt, can I still return it", "" },
	{ "cancel_order", "取消订单，运费也要退给我，HH2026-100432", "cancel_order" },
	{ "price_query", "i bought it last week and now it's 20% cheaper", "price_protection" },
	{ "delivery_time", "I need it by Friday, is that possible?", "in_time" },
	{ "delivery_time", "周五前能到吗", "in_time" },
	{ "delivery_time", "when will the technician come", "visit_when" },
	{ "", "师傅什么时候上门", "visit_when" },
	/* undone, paid and not shown */
	{ "cancel_order", "actually no, I changed my mind, uncancel it", "uncancel" },
	{ "cancel_order", "I cancelled it by mistake, can you bring the order back", "uncancel" },
	{ "cancel_order", "哎呀取消错了，能恢复吗", "uncancel" },
	{ "cancel_order", "怎么恢复已取消的订单", "uncancel" },
	{ "", "宽带什么时候能恢复", "" },
	{ "cancel_order", "帮我取消订单HH2026-100432", "cancel_order" },
	{ "order_status", "I paid but the order still says unpaid", "paid_not_shown" },
	{ "", "我已经付款了，订单还显示待付款", "paid_not_shown" },
	{ "", "我付了两次钱怎么办", "" },
	{ "", "I was charged twice", "" },
	{ "refund_status", "I paid already and want a refund", "refund_status" },
	/* only inside a return */
	{ "", "能退多少", "" },
	{ "", "how much do I get back", "" },
	{ "", "just tell me the policy", "" },
	/* more about one's own orders */
	{ "cancel_order", "why was my order cancelled?", "why_cancelled" },
	{ "cancel_order", "我的订单为什么被取消了", "why_cancelled" },
	{ "cancel_order", "cancel my order please", "cancel_order" },
	{ "order_status", "I am Chloe Dubois, what orders do I have", "my_orders" },
	{ "order_status", "我有哪些订单", "my_orders" },
	{ "order_status", "where do I find my order number", "where_number" },
	{ "order_status", "订单号在哪里看", "where_number" },
	{ "order_status", "my order number is HH2026-100108", "order_status" },
	{ "", "my name is wrong on the order", "wrong_name" },
	{ "order_status", "订单上名字写错了", "wrong_name" },
	{ "invoice", "发票上名字写错了", "" },
	{ "order_status", "收到的是别人的货", "others_goods" },
	{ "", "I got somebody else's parcel", "others_goods" },
	{ "", "包裹可以送给别人吗", "" },
	{ "change_address", "tell me the phone number and address on it", "" },
	{ "complaint", "withdraw my complaint C26000001", "complaint_withdraw" },
	{ "cancel_order", "取消我的投诉", "complaint_withdraw" },
	{ "complaint", "撤销投诉C26000001", "complaint_withdraw" },
	{ "complaint", "怎么撤销投诉", "" },
	{ "complaint", "I want to complain, call me on 13800138000, he threw it over the fence",
	  "complaint" },
	{ "complaint", "我要投诉，处理好了给我打电话", "complaint" },
	{ "", "why do you need that", "" },
	{ "return_goods", "我想退货，订单号是HH2026-100365", "return_goods" },
	/* nothing is talked of */
	{ "delivery_time", "when will it arrive exactly", "" },
	{ "", "how wide is it", "" },
};

static const struct {
	const char *it, *intent, *text, *flow;
} of_it[] = {
	{ "order", "delivery_time", "when will it arrive exactly", "arrival" },
	{ "order", "delivery_time", "能不能快点啊急死了", "arrival" },
	{ "product", "delivery_time", "can I get it by next Tuesday?", "arrival" },
	{ "product", "delivery_time", "下周二能送到吗", "arrival" },
	{ "product", "delivery_time", "how long does delivery take?", "arrival" },
	{ "order", "delivery_time", "快递一般几天能到", "" },
	{ "order", "refund_status", "退款几天到账", "" },
	{ "product", "price_query", "ok and how much is it with delivery", "bring_price" },
	{ "product", "price_query", "包邮吗", "bring_price" },
	{ "product", "product_info", "would it fit through a 70 cm door", "fits_door" },
	{ "product", "price_query", "能进80厘米的门吗", "fits_door" },
	{ "product", "product_info", "how wide is it", "product_specs" },
	{ "product", "product_info", "多宽", "product_specs" },
	{ "order", "product_info", "多宽", "" },
	{ "order", "invoice", "I need an invoice for HH2026-100281", "invoice_order" },
	{ "order", "invoice", "这张订单帮我开发票", "invoice_order" },
	{ "order", "order_status", "which courier", "order_courier" },
	{ "order", "order_status", "tracking number please", "order_courier" },
	{ "order", "", "运单号发我", "order_courier" },
	{ "order", "", "催一下", "order_urge" },
	{ "order", "", "can you chase it", "order_urge" },
	{ "order", "refund_status", "催一下退款", "refund_status" },
	{ "order", "order_status", "订单号是HH2026-100365", "order_status" },
	{ "order", "invoice", "怎么开发票", "" },
	{ "order", "invoice", "when do I get the invoice", "" },
};

TEST(demo_questions_about_what_is_talked_of)
{
	struct demo d;
	struct flow_set *s = NULL;
	EQ(demo_open(&d, &s), 0);
	for (size_t i = 0; i < sizeof(of_it) / sizeof(*of_it); i++) {
		const char *f = flow_for_it(s, of_it[i].intent, sv_of(of_it[i].text),
					    of_it[i].it);
		STR_EQ(f ? f : "", of_it[i].flow);
	}
	demo_close(&d, s);
}

TEST(demo_wishes_begin_the_right_flow)
{
	struct demo d;
	struct flow_set *s = NULL;
	bool ok = true;
	EQ(demo_open(&d, &s), 0);
	for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++) {
		const char *f = flow_for(s, wishes[i].intent, sv_of(wishes[i].text));
		if (strcmp(f ? f : "", wishes[i].flow) == 0)
			continue;
		fprintf(stderr, "# %s: %s, not %s\n", wishes[i].text, f ? f : "none",
			wishes[i].flow);
		ok = false;
	}
	CHECK(ok);
	demo_close(&d, s);
}

/* Is a sale on? By the day, and without one by all the days. */
TEST(demo_deals_by_the_day)
{
	static const struct {
		int day;
		const char *zh, *en;
	} days[] = {
		{ 101, "新年焕家季，1月2日到12日", "next one is the New Year" },
		{ 102, "到1月12日结束", "on until 12 January" },
		{ 113, "春季焕新，3月8日", "next one is the spring sale" },
		{ 315, "到3月15日结束", "on until 15 March" },
		{ 316, "年中大促，6月10日", "next one is the mid-year sale" },
		{ 610, "到6月20日结束", "on until 20 June" },
		{ 621, "双十一，11月1日", "next one is Double 11" },
		{ 1111, "到11月11日结束", "Double 11 is on until" },
		{ 1127, "现在没有大促。下一次是新年焕家季", "No sale is on just now" },
		{ 0, "其余日子没有", "none on other days" },
	};
	struct demo d;
	struct flow_set *s = NULL;
	struct arena a;
	EQ(demo_open(&d, &s), 0);
	arena_init(&a, LIM_ARENA_TURN);
	for (size_t i = 0; i < 2 * sizeof(days) / sizeof(*days); i++) {
		struct flow_run *r = NULL;
		struct flow_out out;
		bool en = i % 2;
		jv *k = jv_obj();
		if (days[i / 2].day)
			jv_set_int(k, "day", days[i / 2].day);
		struct flow_in in = { .kind = FLOW_IN_START, .known = k,
				      .lang = en ? SV("en") : SV("zh"), .text = SV("any deals") };
		EQ(flow_start(s, SV("deals_now"), &r), 0);
		flow_step(r, &in, &a, &out);
		CHECK(out.n > 0 && out.v[0].kind == FLOW_SAY);
		HAS(out.v[0].text, en ? days[i / 2].en : days[i / 2].zh);
		flow_free(r);
		jv_free(k);
	}
	arena_done(&a);
	demo_close(&d, s);
}

/* What the customer says of a solution: a refusal must never close a complaint. */
static const struct {
	const char *text, *verdict;
} verdicts[] = {
	{ "It is solved, thank you", "yes" },
	{ "Yes, I accept that. Please close complaint C26000001", "yes" },
	{ "已解决，谢谢", "yes" },
	{ "这个方案我接受，投诉可以结案了", "yes" },
	{ "I can't accept that", "no" },
	{ "I cannot accept the offer", "no" },
	{ "I won't accept it", "no" },
	{ "It has never been solved", "no" },
	{ "I would never accept that", "no" },
	{ "I refuse to accept the proposal", "no" },
	{ "Nobody called, and you say it is solved", "no" },
	{ "It is not solved", "no" },
	{ "我不能接受这个方案", "no" },
	{ "这个方案我无法接受", "no" },
	{ "我没法接受方案", "no" },
	{ "我不会接受这个方案", "no" },
	{ "我拒绝接受方案", "no" },
	{ "你们没把问题解决", "no" },
	{ "问题没有得到解决", "no" },
};

static const struct flow_slot_def *verdict_slot(const struct flow_set *s)
{
	const struct flow *f = flow_of(s, SV("complaint_answer"));
	for (size_t i = 0; f && i < f->n_slots; i++)
		if (strcmp(f->slot[i].name, "verdict") == 0)
			return &f->slot[i];
	return NULL;
}

TEST(a_refusal_is_no_yes_to_a_solution)
{
	static const char *const companies[] = { "demo", "packs/telecom", "packs/bank",
						 "packs/public" };
	for (size_t c = 0; c < sizeof(companies) / sizeof(*companies); c++) {
		struct demo d;
		struct flow_set *s = NULL;
		bool ok = true;
		EQ(company_open(&d, companies[c], &s), 0);
		const struct flow_slot_def *slot = s ? verdict_slot(s) : NULL;
		ASSERT(slot);
		for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
			int at = flow_choice_said(slot, sv_of(verdicts[i].text));
			sv is = at < 0 ? SV("none") : slot->choices[at].value;
			if (sv_eq(is, sv_of(verdicts[i].verdict)))
				continue;
			fprintf(stderr, "# %s, %s: " SV_FMT "\n", companies[c], verdicts[i].text,
				SV_ARG(is));
			ok = false;
		}
		CHECK(ok);
		demo_close(&d, s);
	}
}

/* Any reason that a customer may have is one of the choices. */
static const struct {
	const char *text, *reason;
} reasons[] = {
	{ "it's too loud", "no_longer_wanted" },   { "声音太大", "no_longer_wanted" },
	{ "the smell is awful", "no_longer_wanted" }, { "坐着不舒服", "no_longer_wanted" },
	{ "it looks ugly in my room", "no_longer_wanted" },
	{ "no particular reason", "no_longer_wanted" }, { "没什么原因", "no_longer_wanted" },
	{ "it is too big for the room", "size" },  { "太大了放不下", "size" },
	{ "the motor is dead", "faulty" },         { "有毛病", "faulty" },
	{ "it came dented", "damaged" },           { "发错货了", "wrong_item" },
};

TEST(demo_return_reasons_in_the_customers_words)
{
	static const char *const flows[] = { "return_goods", "exchange_goods" };
	struct demo d;
	struct flow_set *s = NULL;
	EQ(demo_open(&d, &s), 0);
	for (size_t k = 0; k < 2; k++) {
		const struct flow *f = flow_of(s, sv_of(flows[k]));
		const struct flow_slot_def *slot = NULL;
		for (size_t i = 0; f && i < f->n_slots; i++)
			if (strcmp(f->slot[i].name, "reason") == 0)
				slot = &f->slot[i];
		ASSERT(slot);
		for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
			int at = flow_choice_said(slot, sv_of(reasons[i].text));
			sv is = at < 0 ? SV("none") : slot->choices[at].value;
			if (!sv_eq(is, sv_of(reasons[i].reason)))
				fprintf(stderr, "# %s, %s: " SV_FMT "\n", flows[k],
					reasons[i].text, SV_ARG(is));
			CHECK(sv_eq(is, sv_of(reasons[i].reason)));
		}
	}
	demo_close(&d, s);
}
