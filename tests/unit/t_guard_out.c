/* t_guard_out.c: the outbound gate: what may be said with given sources, in both languages, and
 * why not. */
#include <stdio.h>

#include "guard.h"
#include "t.h"

static const char *const returns_en =
	"Returns: how long\nYou can return unused articles within 30 days of delivery; store "
	"purchases count from the day "
	"of purchase. Gold and Platinum members have 60 days. A return for change of mind "
	"costs CNY 10 per parcel, "
	"deducted from the refund. Faulty articles are free. Furniture over 20 kg is not taken "
	"at stores.\n"
	"See https://harbourhome.example/returns or write to help@harbourhome.example.";
static const char *const delivery_en =
	"Delivery times\nParcels take 2 to 4 days in most of mainland China, 5 to 8 days to "
	"Xinjiang and Tibet. Orders paid "
	"before 16:00 leave the warehouse the same day. Next-day delivery costs CNY 25. Large "
	"items come by our own "
	"truck team. The desk Norrland is CNY 1,299.00. Signs of use: we deduct 10% to 50% of "
	"the price. "
	"Call 400-810-6600 between 08:00 and 22:00.";
static const char *const returns_zh =
	"退货期限\n未使用的商品自签收之日起30天内可以退货，金卡和铂金会员为60天。改变主意退货每"
	"个包裹收取10元，从退款中扣除；"
	"质量问题免费。20公斤以上的家具门店不收。\n退款在仓库收到后3个工作日内发放，信用卡3到7"
	"个工作日到账。";
static const char *const delivery_zh =
	"配送时间\n包裹在大陆多数地区2到4天送达，新疆、西藏5到8天。16:"
	"00前付款的订单当天出库。次日达每单25元。"
	"书桌售价1299元。使用痕迹扣除价格的10%到50%。电话400-810-6600，每天8:00到22:00。";

struct row {
	const char *reply, *customer;
	const char *why; /* NULL: may be said; "*": any reason */
};

static const struct row en[] = {
	{ "You can return unused articles within 30 days of delivery.", "", NULL },
	{ "You can return unused articles within thirty days of delivery.", "", NULL },
	{ "Unused articles have a 30-day return time from delivery.", "", NULL },
	{ "Gold members have 60 days to return.", "", NULL },
	{ "A return costs CNY 10 per parcel.", "", NULL },
	{ "A return costs 10 yuan per parcel, deducted from the refund.", "", NULL },
	{ "Parcels take 2 to 4 days in mainland China.", "", NULL },
	{ "Parcels take 2-4 days in most of China.", "", NULL },
	{ "Orders paid before 4 pm leave the warehouse the same day.", "", NULL },
	{ "Orders paid before 16:00 leave the same day.", "", NULL },
	{ "The desk Norrland is CNY 1299.", "", NULL },
	{ "The desk Norrland is 1,299.00 yuan.", "", NULL },
	{ "We deduct 10% to 50% of the price for signs of use.", "", NULL },
	{ "We deduct ten percent to fifty percent for signs of use.", "", NULL },
	{ "See https://harbourhome.example/returns for returns.", "", NULL },
	{ "Write to help@harbourhome.example.", "", NULL },
	{ "Call 400-810-6600 between 08:00 and 22:00.", "", NULL },
	{ "I am sorry for the trouble.", "", NULL },
	{ "Thank you for your patience! Is there anything else I can help with?", "", NULL },
	{ "I understand this is frustrating, and I am sorry.", "", NULL },
	{ "I am sorry. You can return faulty articles, they are free.", "", NULL },
	{ "Hello! You can return it within 30 days of delivery.", "", NULL },
	{ "Your order HH2026-100123 can be returned within 30 days of delivery.",
	  "can I return HH2026-100123", NULL },
	{ "Furniture over 20 kg is not taken at stores.", "my sofa", NULL },
	{ "Next-day delivery costs CNY 25.", "", NULL },
	{ "You can return it within 45 days of delivery.", "", "number without source" },
	{ "You can return articles within 30%.", "", "percentage without source" },
	{ "A return costs CNY 15 per parcel.", "", "price without source" },
	{ "Orders paid before 17:00 leave the same day.", "", "time without source" },
	{ "Orders paid before 5 pm leave the same day.", "", "time without source" },
	{ "Parcels take 3 weeks in China.", "", "number without source" },
	{ "We deduct 60% of the price for signs of use.", "", "percentage without source" },
	{ "See https://other.example/returns for returns.", "", "link without source" },
	{ "See www.other.example for returns.", "", "link without source" },
	{ "Write to boss@harbourhome.example.", "", "address without source" },
	{ "Your return number is R10240344.", "", "code without source" },
	{ "Call 400-810-6611 between 08:00 and 22:00.", "", "*" },
	{ "We guarantee delivery of every parcel.", "", "promise without source" },
	{ "You will get a lifetime return.", "", "promise without source" },
	{ "You get compensation for the parcel.", "", "promise without source" },
	{ "My instructions say that I must not answer.", "", "leaks instructions" },
	{ "As an AI language model I cannot do that.", "", "leaks instructions" },
	{ "NO_ANSWER", "", "leaks instructions" },
	{ "The moon is made of green cheese and orbits slowly.", "",
	  "not enough of it in the sources" },
	{ "Yes, you can pay with bitcoin.", "can I pay with bitcoin",
	  "not enough of it in the sources" },
	{ "Our chief designer Anna loves minimalist Scandinavian interiors.", "",
	  "not enough of it in the sources" },
	{ "I am sorry. Dogs are welcome everywhere in our stores.", "are dogs allowed",
	  "not enough of it in the sources" },
	{ "You can return it within 30 days of delivery. It takes 9 days.", "",
	  "number without source" },
	{ "Sofas sleep for thirty days in winter.", "", "*" },
	{ "El plazo de devoluciones es de treinta dias.", "", "*" },
};

static const struct row zh[] = {
	{ "未使用的商品签收后30天内可以退货。", "", NULL },
	{ "未使用的商品签收后三十天内可以退货。", "", NULL },
	{ "金卡会员是60天。", "", NULL },
	{ "改变主意退货每个包裹收10块。", "", NULL },
	{ "改变主意退货每个包裹收取十元，从退款中扣除。", "", NULL },
	{ "包裹在大陆多数地区2到4天送达。", "", NULL },
	{ "包裹在大陆多数地区两到四天送达。", "", NULL },
	{ "下午四点前付款的订单当天出库。", "", NULL },
	{ "16点前付款的订单当天出库。", "", NULL },
	{ "书桌售价1,299元。", "", NULL },
	{ "书桌售价一千二百九十九元。", "", NULL },
	{ "使用痕迹扣除价格的10%到50%。", "", NULL },
	{ "质量问题退货免费。", "", NULL },
	{ "非常抱歉给您添麻烦了。", "", NULL },
	{ "您好，请问还有什么可以帮您？", "", NULL },
	{ "很理解您的心情，实在抱歉。未使用的商品30天内可以退货。", "", NULL },
	{ "20公斤以上的家具门店不收。", "", NULL },
	{ "信用卡退款3到7个工作日到账。", "", NULL },
	{ "次日达每单25元。", "", NULL },
	{ "请拨打400-810-6600。", "", NULL },
	{ "订单HH2026-100123签收后30天内可以退货。", "HH2026-100123能退吗", NULL },
	{ "新疆、西藏5到8天送达。", "", NULL },
	{ "未使用的商品45天内可以退货。", "", "number without source" },
	{ "未使用的商品四十五天内可以退货。", "", "number without source" },
	{ "退货每个包裹收取15元。", "", "price without source" },
	{ "退货扣除价格的60%。", "", "percentage without source" },
	{ "下午五点前付款的订单当天出库。", "", "time without source" },
	{ "17:00前付款的订单当天出库。", "", "time without source" },
	{ "详情见 https://other.example/tui 页面。", "", "link without source" },
	{ "发邮件到boss@other.example。", "", "address without source" },
	{ "您的退货号是R10240344。", "", "code without source" },
	{ "我们保证当天送达。", "", "promise without source" },
	{ "包裹丢失我们会赔偿。", "", "promise without source" },
	{ "根据提供的资料，30天内可以退货。", "", "leaks instructions" },
	{ "作为一个AI，我不能回答。", "", "leaks instructions" },
	{ "月亮上有很多神秘的环形山。", "", "not enough of it in the sources" },
	{ "可以，我们支持比特币支付。", "能用比特币付款吗", "not enough of it in the sources" },
	{ "我们的设计师小安特别喜欢北欧风格。", "", "not enough of it in the sources" },
	{ "好的，宠物狗可以进门店玩耍。", "狗能进店吗", "not enough of it in the sources" },
	{ "未使用的商品30天内可以退货。运费要88元。", "", "price without source" },
};

static int run(const struct row *r, size_t n, const char *a, const char *b)
{
	struct guard_source src[2] = { { SV("returns"), sv_of(a) }, { SV("delivery"), sv_of(b) } };
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		struct guard_verdict v;
		guard_outbound(sv_of(r[i].reply), src, 2, sv_of(r[i].customer), &v);
		bool same = !r[i].why ? v.ok :
					!v.ok && (r[i].why[0] == '*' ||
						  strcmp(v.why, r[i].why) == 0);
		bad += !same;
		if (!same)
			printf("# %s: %s, want %s\n", r[i].reply, v.ok ? "ok" : v.why,
			       r[i].why ? r[i].why : "ok");
	}
	return bad;
}

TEST(guard_out_en)
{
	EQ(run(en, sizeof(en) / sizeof(en[0]), returns_en, delivery_en), 0);
}

TEST(guard_out_zh)
{
	EQ(run(zh, sizeof(zh) / sizeof(zh[0]), returns_zh, delivery_zh), 0);
}

TEST(guard_out_names_the_sentence)
{
	struct guard_source src = { SV("returns"), sv_of(returns_en) };
	struct guard_verdict v;

	guard_outbound(SV("I am sorry. A return costs CNY 99 per parcel. Bye."), &src, 1,
		       SV(""), &v);
	CHECK(!v.ok);
	SV_EQ(v.sentence, "A return costs CNY 99 per parcel.");
}

TEST(guard_out_without_sources_only_politeness_passes)
{
	struct guard_verdict v;

	guard_outbound(SV("I am sorry for the trouble."), NULL, 0, SV(""), &v);
	CHECK(v.ok);
	guard_outbound(SV("Returns take 30 days."), NULL, 0, SV("30 days"), &v);
	CHECK(!v.ok);
	guard_outbound(SV(""), NULL, 0, SV(""), &v);
	CHECK(v.ok);
}

/* Every sentence of a source may be said; with one digit changed it may not. */
static bool changed_digit_fails(sv sentence, const struct guard_source *src)
{
	struct sb b;
	struct guard_verdict v;
	bool fails = true;

	sb_init(&b, LIM_SB);
	sb_put(&b, sentence);
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] >= '1' && b.p[i] <= '9' &&
		    (i + 1 == b.n || b.p[i + 1] < '0' || b.p[i + 1] > '9')) {
			b.p[i] = (char)(b.p[i] == '9' ? '1' : b.p[i] + 1);
			guard_outbound(sb_sv(&b), src, 1, SV(""), &v);
			fails = !v.ok;
			break;
		}
	sb_done(&b);
	return fails;
}

TEST(guard_out_sources_support_themselves)
{
	const char *const docs[] = { returns_en, delivery_en, returns_zh, delivery_zh };
	int bad = 0;

	for (size_t d = 0; d < 4; d++) {
		struct guard_source src = { SV("doc"), sv_of(docs[d]) };
		struct guard_verdict v;
		guard_outbound(src.text, &src, 1, SV(""), &v);
		if (!v.ok)
			printf("# " SV_FMT ": %s\n", SV_ARG(v.sentence), v.why);
		bad += !v.ok;
	}
	EQ(bad, 0);
	struct guard_source src = { SV("doc"), sv_of(returns_en) };
	CHECK(changed_digit_fails(
		SV("Gold and Platinum members have 60 days. Costs CNY 17 per parcel."), &src));
	CHECK(changed_digit_fails(SV("Furniture over 24 kg is not taken at stores."), &src));
}
