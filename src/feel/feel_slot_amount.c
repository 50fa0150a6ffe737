/* feel_slot_amount.c: money, percentages, quantities and products.
 *
 * Money is "12.50 CNY" (ISO 4217; 三块五毛 is 3.50; a range "100.00/200.00 CNY"), a percentage
 * "20", 八折 is a quantity of nothing and left alone; quantities are "3" for things and "2.5
 * kg" for measures. Pure functions, any thread.
 */
#include "feel_slot.h"

/* ---- money ---- */

static const struct {
	const char *sign, *code;
} signs[] = {
	{ "us$", "USD" }, { "hk$", "HKD" }, { "nt$", "TWD" }, { "a$", "AUD" }, { "c$", "CAD" },
	{ "s$", "SGD" }, { "r$", "BRL" }, { "$", "USD" }, { "€", "EUR" }, { "£", "GBP" },
	{ "¥", "CNY" }, { "￥", "CNY" }, { "₩", "KRW" }, { "₹", "INR" }, { "₽", "RUB" },
	{ "rmb", "CNY" }, { "cny", "CNY" }, { "usd", "USD" }, { "eur", "EUR" }, { "gbp", "GBP" },
	{ "hkd", "HKD" }, { "jpy", "JPY" }, { "aud", "AUD" }, { "cad", "CAD" }, { "chf", "CHF" },
};

static const struct {
	const char *words, *code;
	int per;                /* of the unit in one of the currency: 100 cents */
} coins[] = {
	{ "块钱|元钱|元人民币|块人民币|人民币|元整|圆|元|块|rmb|yuan|cny|kuai|大洋", "CNY", 1 },
	{ "美元|美金|美刀|刀|us dollars|us dollar|dollars|dollar|bucks|buck|usd", "USD", 1 },
	{ "欧元|euros|euro|eur|€", "EUR", 1 },
	{ "英镑|pounds|pound|quid|gbp|£|pounds sterling", "GBP", 1 },
	{ "港币|港元|港纸|蚊|hk dollars|hkd", "HKD", 1 },
	{ "日元|日币|yen|jpy", "JPY", 1 },
	{ "韩元|won|krw", "KRW", 1 },
	{ "台币|新台币|twd", "TWD", 1 },
	{ "澳元|australian dollars|aud", "AUD", 1 },
	{ "加元|canadian dollars|cad", "CAD", 1 },
	{ "swiss francs|francs|瑞士法郎|chf", "CHF", 1 },
	{ "rupees|rupee|卢比|inr", "INR", 1 },
	{ "毛钱|角钱|毛|角", "CNY", 10 },
	{ "分钱", "CNY", 100 },
	{ "cents|cent|美分", "USD", 100 },
	{ "pence|p", "GBP", 100 },
};

/* Dollars and the yuan sign by country. */
static const char *localised(const struct slot_run *r, const char *code, bool plain)
{
	static const char map[][2][4] = { { "AU", "AUD" }, { "CA", "CAD" }, { "HK", "HKD" },
					  { "SG", "SGD" }, { "NZ", "NZD" }, { "TW", "TWD" } };
	const char *c = r->c->country;

	if (!c || !plain)
		return code;
	if (strcmp(code, "CNY") == 0)
		return strcmp(c, "JP") == 0 ? "JPY" : code;
	for (size_t k = 0; strcmp(code, "USD") == 0 && k < sizeof(map) / sizeof(map[0]); k++)
		if (strcmp(c, map[k][0]) == 0)
			return map[k][1];
	return code;
}

static void put_money(struct slot_run *r, size_t s, size_t e, const struct slot_num *n,
		      const char *code)
{
	struct sb b;

	sb_init(&b, 128);
	slot_put_milli(&b, n->milli, 2);
	if (n->hi != n->milli) {
		sb_ch(&b, '/');
		slot_put_milli(&b, n->hi, 2);
	}
	sb_fmt(&b, " %s", code);
	slot_add(r, SLOT_MONEY, 6, s, e, arena_sv(r->a, sb_sv(&b)));
	sb_done(&b);
}

/* The currency word at k and its end; NULL when there is none. */
static const char *coin_at(const struct slot_run *r, size_t k, int *per, size_t *ret_e)
{
	const char *code = NULL;
	size_t best = 0;

	for (size_t c = 0; c < sizeof(coins) / sizeof(coins[0]); c++) {
		size_t n = slot_any(&r->t, k, coins[c].words, NULL);
		if (n > best) {
			best = n;
			code = coins[c].code;
			*per = coins[c].per;
		}
	}
	*ret_e = k + best;
	return code ? localised(r, code, slot_any(&r->t, k, "dollars|dollar|bucks|buck|cents|cent",
						  NULL) == best) : NULL;
}

/* 三块五毛, 3块5, 5 dollars and 20 cents: what follows the main coin. */
static void small_change(const struct slot_run *r, struct slot_num *n, const char *code, size_t *e)
{
	const struct slot_text *t = &r->t;
	size_t k = slot_spaces(t, *e), f;
	struct slot_num m;
	int per = 1;

	k += slot_at(t, k, "and ") ? 4 : 0;
	if (n->milli % 1000 || n->hi != n->milli || !slot_whole(t, k, &m) || m.milli % 1000 ||
	    m.hi != m.milli || m.decimal)
		return;
	bool zh = slot_any_before(t, *e, "块|元") < *e;
	const char *small = coin_at(r, slot_spaces(t, m.e), &per, &f);
	bool cents = zh && slot_at(t, m.e, "分");
	if (small && per > 1 && m.milli / 1000 < per && (zh || strcmp(small, code) == 0)) {
		n->milli += m.milli / per;
		*e = f;
		if (zh && per == 10 && slot_whole(t, f, &m) && m.milli < 10000 &&
		    slot_at(t, m.e, "分")) {
			n->milli += m.milli / 100;
			*e = m.e + 3;
		}
	} else if (cents && m.milli < 100000) {
		n->milli += m.milli / 100;
		*e = m.e + 3;
	} else if (zh && k == *e && m.milli < 10000 &&
		   !slot_any(t, m.e, "个|件|台|双|折|天|年|月|号|袋|包|瓶|盒", NULL) &&
		   !(m.words && slot_any(t, m.e, "共|起|样|直|定", NULL))) {
		n->milli += m.milli / 10;
		*e = m.e;
	}
	n->hi = n->milli;
}

static bool money_after(struct slot_run *r, size_t i, struct slot_num n)
{
	const struct slot_text *t = &r->t;
	int per = 1;
	size_t k = slot_spaces(t, n.e), e;
	k += slot_any(t, k, "多|来|几", NULL) ? 3 : 0;
	size_t of = slot_any(t, k, "of ", NULL);
	const char *code = coin_at(r, k + of, &per, &e);

	if (!code || (slot_any(t, e, "旦|素|宵|件", NULL) && e == k + 3))
		return false;
	if ((slot_at(t, k, "p") || slot_at(t, k, "刀")) && (!slot_digit(t->p[i]) || n.e != k))
		return false;
	if (slot_at(t, k, "角") &&
	    (slot_any(t, e, "度|落|色", NULL) || !slot_any(t, k, "角钱", NULL)))
		return false;
	if (slot_at(t, k, "块") &&
	    slot_any(t, e, "屏|板|电池|布|砖|表|玻璃|手表|地|巧克力|蛋糕|砖|硬盘", NULL))
		return false; /* 两块屏幕 */
	n.milli /= per;
	n.hi /= per;
	if (per == 1)
		small_change(r, &n, code, &e);
	put_money(r, i, e, &n, code);
	return true;
}

/* ¥3500, $1.2k, usd 30. */
static bool money_before(struct slot_run *r, size_t i)
{
	const struct slot_text *t = &r->t;
	struct slot_num n;

	for (size_t c = 0; c < sizeof(signs) / sizeof(signs[0]); c++) {
		size_t w = strlen(signs[c].sign), k = i + w, e;
		if (t->p[i] != signs[c].sign[0] || memcmp(t->p + i, signs[c].sign, w) != 0 ||
		    (slot_alpha(t->p[i]) && slot_alpha(slot_before(t, i))))
			continue;
		k = slot_spaces(t, k);
		if (!slot_digit(t->p[k]) || !slot_range(t, k, &n))
			return false;
		e = n.e;
		int per = 1;
		(void)coin_at(r, slot_spaces(t, e), &per, &e); /* ¥35元 */
		e = per == 1 && e > n.e ? e : n.e;
		put_money(r, i, e, &n, localised(r, signs[c].code, !slot_alpha(t->p[i])));
		return true;
	}
	return false;
}

/* 花了三千五, 价格1299, "paid 1.2k", "two grand": an amount whose coin is not said. */
static bool money_cued(struct slot_run *r, size_t i, const struct slot_num *n)
{
	const struct slot_text *t = &r->t;
	size_t at = i;
	bool zh = !slot_alpha(t->p[i]);

	if (n->digits || n->milli < 1000)
		return false;
	if (slot_any_before(t, n->e, "grand") < n->e) {
		put_money(r, i, n->e, n, localised(r, "USD", true));
		return true;
	}
	while (at > 0 && (t->p[at - 1] == ' ' || t->p[at - 1] == ':'))
		at--;
	size_t w = slot_any_before(
		t, at,
		"花了|花费|价格|价格是|价钱|售价|原价|现价|单价|总价|卖|付了|支付|退|退款|退我|"
		"赔|赔偿|赔我|补偿|补偿我|金额|金额是|余额|总共花了|一共花了|扣了|扣款|充值|"
		"充了|"
		"收了我|多收|多扣|预算|预算是|便宜|运费|交了|才|paid|cost|costs|price is|"
		"price of|charged me|charged|worth|refund of|budget of|budget is|total of");
	if (w == at ||
	    slot_any(t, n->e,
		     "个|件|台|双|盒|瓶|箱|包|条|只|本|套|张|次|天|年|月|号|分|小时|周|倍|折|"
		     "点|%|款|积分|人|"
		     "days|times|weeks|items|points|percent|pieces|years|months|hours",
		     NULL))
		return false;
	if (t->p[n->e] == ' ' && slot_alpha(t->p[n->e + 1]) &&
	    !slot_any(t, n->e + 1, "for|and|to|on|but|in|by|which|that|because|last|when",
		      NULL))
		return false;
	if (!zh || (t->p[n->e] & 0x80) == 0 || n->words || n->milli >= 10000) {
		bool en =
			slot_any_before(t, at,
					"paid|cost|costs|is|of|charged me|charged|worth") < at;
		put_money(r, i, n->e, n, en ? localised(r, "USD", true) : "CNY");
		return true;
	}
	return false;
}

/* ---- percent and quantity ---- */

static bool percent(struct slot_run *r, size_t i, const struct slot_num *n)
{
	const struct slot_text *t = &r->t;
	struct slot_num v;
	struct sb b;
	size_t e = 0, k = slot_spaces(t, n->e), w = slot_any(t, k, "%|％|percent|per cent", NULL);

	if (w) {
		v = *n;
		e = k + w;
	} else if (!(w = slot_at(t, i, "百分之")) || !slot_number(t, i + w, &v)) {
		return false;
	} else {
		e = v.e;
	}
	sb_init(&b, 64);
	slot_put_milli(&b, v.milli, 0);
	slot_add(r, SLOT_PERCENT, 6, i, e, arena_sv(r->a, sb_sv(&b)));
	sb_done(&b);
	return true;
}

static const struct {
	const char *words, *unit;
} measures[] = {
	{ "公斤|千克|kilograms|kilogram|kilos|kilo|kgs|kg", "kg" },
	{ "斤", "jin" },
	{ "克|grams|gram|g", "g" },
	{ "毫升|ml", "ml" },
	{ "升|litres|liters|litre|liter|l", "l" },
	{ "公里|千米|kilometres|kilometers|km", "km" },
	{ "厘米|公分|cm", "cm" },
	{ "毫米|mm", "mm" },
	{ "平米|平方米|平方|square metres|square meters", "m2" },
	{ "米|metres|meters|metre|meter", "m" },
	{ "英寸|寸|inches|inch", "in" },
	{ "feet|foot|ft", "ft" },
	{ "磅|lbs|lb", "lb" },
};
static const char *const classifiers = "个|件|台|双|盒|瓶|箱|包|条|只|本|套|张|支|部|把|份|袋|"
				       "罐|桶|卷|片|块|颗|顶|辆|架|座|对|副|枚|束|打|单|"
				       "盏|床|款|根|粒|听|杯|碗|匹|头|幅|朵|笔|位|组|节|扇|面";
static const char *const not_things =
	"days|day|hours|minutes|weeks|months|years|seconds|times|dollars|euros|pounds|bucks|cents|"
	"percent|points|is|was|has|his|this|as|us|its|does|yes|gas|always|address|business|status|"
	"less|plus|process|access|class|pass|press|miss|unless|perhaps|nights|thanks|o'clock|"
	"years'|days'|of us|degrees|stars|star|hundreds|thousands|its|per|across|towards|class|"
	"besides|afterwards|yours|ours|hers|theirs|months'|am|pm";

/* A plural noun after at most one word: "3 shirts", "two blue shirts". */
static size_t plural_at(const struct slot_text *t, size_t k)
{
	for (int word = 0; word < 3; word++) {
		size_t e = k;
		while (slot_alpha(t->p[e]) || t->p[e] == '-')
			e++;
		if (e - k < 3 || slot_any(t, k, not_things, NULL) == e - k)
			return 0;
		if (t->p[e - 1] == 's' && t->p[e - 2] != 's' && t->p[e - 2] != 'u')
			return e;
		if (t->p[e] != ' ' ||
		    slot_any(t, k, "of|and|in|on|at|to|for|or|the|my|from|with|by|that|you|per",
			     NULL) == e - k)
			return 0;
		k = e + 1;
	}
	return 0;
}

static void put_quantity(struct slot_run *r, size_t s, size_t e, const struct slot_num *n,
			 const char *unit)
{
	struct sb b;

	sb_init(&b, 128);
	slot_put_milli(&b, n->milli, 0);
	if (n->hi != n->milli) {
		sb_ch(&b, '/');
		slot_put_milli(&b, n->hi, 0);
	}
	if (unit)
		sb_fmt(&b, " %s", unit);
	slot_add(r, SLOT_QUANTITY, unit ? 5 : 2, s, e, arena_sv(r->a, sb_sv(&b)));
	sb_done(&b);
}

static bool measure(struct slot_run *r, size_t i, const struct slot_num *n)
{
	const struct slot_text *t = &r->t;
	size_t k = slot_spaces(t, n->e);

	k += t->p[k] == '-' && slot_alpha(t->p[k + 1]);
	for (size_t m = 0; m < sizeof(measures) / sizeof(measures[0]); m++) {
		size_t w = slot_any(t, k, measures[m].words, NULL);
		if (!w && slot_digit(t->p[i]) && k == n->e && slot_alpha(t->p[k])) { /* 5kg */
			size_t len = 0;
			while (slot_alpha(t->p[k + len]))
				len++;
			const char *u = measures[m].unit;
			w = strlen(u) == len && memcmp(u, t->p + k, len) == 0 && len > 1 ? len : 0;
		}
		if (!w || (slot_at(t, k, "米") && slot_any(t, k, "米色|米白|米饭", NULL)) ||
		    (slot_at(t, k, "克") && slot_at(t, k, "克服")))
			continue;
		put_quantity(r, i, k + w, n, measures[m].unit);
		return true;
	}
	return false;
}

static bool quantity(struct slot_run *r, size_t i, const struct slot_num *n)
{
	const struct slot_text *t = &r->t;
	size_t k = slot_spaces(t, n->e), w;

	if (measure(r, i, n))
		return true;
	if (n->digits || n->milli < 1000 || (n->milli % 1000))
		return false;
	w = slot_any(t, k, classifiers, NULL);
	if (w &&
	    slot_any(t, k,
		     "个月|个小时|个钟|个星期|个礼拜|个工作日|个人信息|条件|本人|本来|部分|"
		     "位于|面子|单号|个别|对于|只要|只能|只是|节日|"
		     "把手|对吧|只有|面|块钱|只好|顶多|副总|份额|头|组织|架子|打电话|打算|款式",
		     NULL) > w - (w > 3))
		w = 0;
	if (w && slot_any_before(t, i, "这|那|每|哪|另|第|某|上|下|几") < i)
		w = 0; /* 这一个, 第三个 */
	if (w && n->milli == 1000 && n->words && slot_at(t, k, "个") &&
	    slot_any(t, k + 3,
		     "多|人|问题|月|字|电话|星期|礼拜|建议|说法|解释|答复|方案|机会|办法",
		     NULL))
		w = 0;
	if (w && n->milli == 1000 && n->words &&
	    slot_any(t, k, "把|对|面|块|条|份|部|本|头|位|节|组|张", NULL) &&
	    slot_any(t, k + w, "就|的|是|来|了|，|。|直|起|下|定|样|共|子", NULL))
		w = 0;
	if (w) {
		put_quantity(r, i, k + w, n, NULL);
		return true;
	}
	if (n->hi != n->milli && (t->p[k] & 0x80))
		return false;
	w = slot_any(t, k,
		     "pieces|piece|pairs|pair|boxes|box|units|unit|items|item|copies|sets|set|"
		     "bottles|"
		     "packs|pack|bags|of them|x ",
		     NULL);
	if (w)
		w = slot_any(t, k, "of them|x ", NULL) ? 0 : w;
	if (w || slot_any(t, k, "of them", NULL)) {
		put_quantity(r, i, k + (w ? w : 7), n, NULL);
		return true;
	}
	size_t e = slot_digit(t->p[n->e]) || n->e == k ? 0 : plural_at(t, k);
	if (!e)
		return false;
	put_quantity(r, i, n->e, n, NULL);
	return true;
}

/* x2, 2x, ×3. */
static bool times_sign(struct slot_run *r, size_t i)
{
	const struct slot_text *t = &r->t;
	struct slot_num n;
	size_t w = slot_any(t, i, "×|*", NULL);

	w = w ? w :
		t->p[i] == 'x' && !slot_alpha(slot_before(t, i)) &&
			    !slot_digit(slot_before(t, i));
	if (!w || !slot_digit(t->p[i + w]) || !slot_number(t, i + w, &n) || n.milli > 9999000 ||
	    n.decimal || slot_alpha(t->p[n.e]) || slot_before(t, i) == '-')
		return false;
	put_quantity(r, i, n.e, &n, NULL);
	return true;
}

void slot_find_amount(struct slot_run *r, size_t i)
{
	const struct slot_text *t = &r->t;
	struct slot_num n = { .e = i };
	char before = slot_before(t, i);

	if (money_before(r, i) || times_sign(r, i))
		return;
	if (slot_at(t, i, "百分之")) {
		(void)percent(r, i, &n);
		return;
	}
	if (slot_digit(t->p[i]) && (slot_digit(before) || slot_alpha(before) || before == '.' ||
				    before == ',' || before == '_' || before == '/'))
		return;
	if (!slot_range(t, i, &n)) {
		if (slot_any(t, i, "a pair|a box|a dozen|a set", NULL)) {
			n = (struct slot_num){ 1000, 1000, i + 1, 0, true, false };
			(void)quantity(r, i, &n);
		}
		return;
	}
	if (slot_any_before(t, i, "第") < i)
		return;
	if (!percent(r, i, &n) && !money_after(r, i, n) && !quantity(r, i, &n))
		(void)money_cued(r, i, &n);
}
