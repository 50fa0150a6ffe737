/* guard_name.c: names of people behind a cue ("my name is", 我叫, "this is X calling",
 * 王先生).
 *
 * Without a cue a word list finds more products than people: that is the tagger's (guard_tag.c),
 * which asks here what is no name. Pure functions, any thread.
 */
#include "guard_int.h"

static const char *const surnames =
	"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋"
	"蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石"
	"姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶"
	"洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕"
	"聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜肖詹关苗凌费纪靳盛童欧甄项曲成游阳裴席"
	"卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯"
	"阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来缪苟褚冷符姬简晏芦仲钮";
static const char *const surnames2 =
	"欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|端木|南宫";
/* What begins like a name after 我是 and is none. */
static const char *const not_zh =
	"黄金|白金|高级|金卡|金牌|银卡|方便|方式|安装|任何|于是|时候|常客|常常|全部|单位|万一|"
	"文员|成员|来自|来问|"
	"来退|来咨|来投|来办|来查|来换|来要|来找|向你|向您|查一|查询|查下|游客|关于|房东|司机|"
	"高中|高层|包邮|强烈|"
	"解决|易拉|安全|车主|路过|管理|施工|武汉|苏州|江苏|江西|白领|石家|成都|宁波|米白|金额|"
	"钱不|钱没|常用|单独|"
	"何时|何况|温州|康复|文字|梅雨|古董|左边|左右|项目|马上|万达|强制|严重|安心|华为|盛大|"
	"温馨|路由|成功|"
	"周末|周一|周二|周三|周四|周五|周六|周日|周内|白天|包装|车里|顾客|卫生|单号|谢谢|冷水|"
	"季节|方法|成人|路上|"
	"游戏|严格|焦急|左手|右手|祝您|祝你|常见|易碎|郁闷|惠|贵重|贵|时间|包裹|车间|房子|关机|"
	"余额|时段|任一个|任一天|任一款|任意一|任选|万事达|位数|上海|包括|毛巾|石头|田园|方案|"
	"高兴|费用|池子|边上|"
	"应该|位于|来的|来着|来了|白色|黄色|金色|红色|蓝色";

/* ---- Chinese ---- */

/* Things of two signs whose second begins a name elsewhere: 10分钟, 免费, 账单. None whose first
 * sign often ends another word before a name (取消 + 费俊龙, 员工 + 单立华, 户主 + 张伟). */
static const char *const ends_in_surname =
	"分钟|秒钟|点钟|刻钟|块钱|元钱|毛钱|价钱|免费|运费|话费|邮费|缴费|资费|电费|订单|账单|"
	"保单|清单|菜单|远程|线路|剩余|其余|非常|正常|通常|经常|日常|异常|最高|健康|容易|中文|"
	"英文|现金|押金|奖金|资金";

/* 10分[钟办好], 3[万元整], 8[位数字]: the end of a word or of a measure, no family name. */
static bool in_word(const struct guard_text *t, size_t i)
{
	size_t digits = 0;

	if (!i)
		return false;
	if (guard_any_at(t, i - 1, ends_in_surname))
		return true;
	while (digits < i && guard_digit(t->fold[i - 1 - digits]))
		digits++;
	return digits && digits <= 2 &&
	       guard_any_at(t, i, "万元|万块|万多|万以|万左|位数|段时|段路|元整|元起|元以");
}

bool guard_surname(uint32_t r)
{
	return guard_in_set(r, surnames);
}

static size_t surname_at(const struct guard_text *t, size_t i)
{
	size_t n = guard_any_at(t, i, surnames2);

	return n ? n : guard_in_set(t->fold[i], surnames) ? 1 : 0;
}

static bool ends_here(const struct guard_text *t, size_t i)
{
	return i >= t->n || !guard_han(t->fold[i]) ||
	       guard_any_at(t, i,
			    "的|你|您|我|想|要|来|之前|上周|昨天|今天|手机|电话|订单|这边|啊|"
			    "呀|哈|啦|先生|女士|小姐|在|住|从|"
			    "是|会员|请|现在|前天|买|就|收|地址|身份|号|有|经理|主管|师傅|老师|"
			    "阿姨|主任|店长|同学|医生");
}

/* A name with a listed surname at i: 2 to 4 signs, its end or i. */
static size_t zh_name(const struct guard_text *t, size_t i)
{
	size_t fam = surname_at(t, i), k;

	if (!fam || guard_any_at(t, i, not_zh) || in_word(t, i))
		return i;
	for (k = fam; k < fam + 2 && guard_han(t->fold[i + k]); k++)
		if (k > fam && ends_here(t, i + k))
			break;
	if (k == fam)
		return i;
	return ends_here(t, i + k) ? i + k : i;
}

/* Any 2 to 4 Han signs up to a boundary: after 我叫 and 姓名 no list is needed. */
static size_t zh_name_free(const struct guard_text *t, size_t i)
{
	size_t e = zh_name(t, i), k = i;

	if (e > i || guard_in_set(t->fold[i], "你您我他她它这那的不没人客个一什啥怎哪谁"))
		return e;
	while (k < i + 4 && k < t->n && guard_han(t->fold[k]) && !(k >= i + 2 && ends_here(t, k)))
		k++;
	return k >= i + 2 && ends_here(t, k) ? k :
	       surname_at(t, i) && k > i + 1 ? i + 3 < k ? i + 3 : k :
					       i;
}

static void zh_title(const struct guard_text *t, size_t i, struct guard_hits *h)
{
	size_t s = i;

	if (!guard_any_at(
		    t, i,
		    "先生|女士|小姐|太太|老师|经理|师傅|阿姨|同学|主管|主任|店长|叔叔|医生"))
		return;
	for (size_t back = 1; back <= 4 && back <= i; back++) {
		size_t k = i - back;
		bool begins = k == 0 || !guard_han(t->fold[k - 1]) ||
			      guard_in_set(t->fold[k - 1],
					   "是叫找姓给和跟与由请让向有的位名人把帮对户");
		if (begins && surname_at(t, k) && !guard_any_at(t, k, not_zh)) {
			s = k;
			break;
		}
	}
	if (s < i)
		guard_hit_add(h, s, i, PII_NAME, 2);
}

/* 我姓谭, 姓符, 我是小顾: the end of the surname behind the sign at i, or i. */
static size_t zh_surname_only(const struct guard_text *t, size_t i)
{
	uint32_t before = i ? t->fold[i - 1] : 0;
	bool family = guard_at(t, i, "姓") &&
		      (!guard_han(before) || guard_in_set(before, "我贵人傅客他她"));
	bool familiar = guard_any_at(t, i, "小|老") && guard_in_set(before, "是叫找我");
	size_t k = family || familiar ? surname_at(t, i + 1) : 0;

	if (!k || !ends_here(t, i + 1 + k) ||
	    guard_any_at(t, i, "小单|老单|小时|小雨|老单|小路|小车|小包"))
		return i;
	return i + 1 + k;
}

static void find_zh(const struct guard_text *t, struct guard_hits *h)
{
	static const char *const sure =
		"我叫|我的名字是|我名字是|名字是|名字叫|姓名|姓名是|收件人|收件人是|收货人|"
		"收货人是|联系人|联系人是|"
		"持卡人|户主|开户人|本人姓名|名字|收件人叫|户主叫|他叫|她叫|叫做";
	static const char *const list = "我是|这里是|本人|本人是|我这边是|我这是|叫|名叫|找|联系";

	for (size_t i = 0; i < t->n; i++) {
		size_t n, k, e;
		if (!guard_han(t->fold[i]))
			continue;
		zh_title(t, i, h);
		if ((k = zh_surname_only(t, i)) > i) {
			guard_hit_add(h, i + 1, k, PII_NAME, 3);
			continue;
		}
		bool free = (n = guard_any_at(t, i, sure)) > 0;
		if (!free && !(n = guard_any_at(t, i, list)))
			continue;
		k = i + n;
		while (k < i + n + 3 && guard_in_set(t->fold[k], " :：，,是叫\"“"))
			k++;
		e = free && (k > i + n ||
			     guard_any_at(t, i,
					  "我叫|名字叫|名字是|他叫|她叫|我的名字是|姓名是|"
					  "收件人是|联系人是|收货人是")) ?
			    zh_name_free(t, k) :
			    zh_name(t, k);
		if (e > k && !guard_any_at(t, k, "什么|啥|怎么|哪|错|写错|不对|改|没有|可以|能"))
			guard_hit_add(h, k, e, PII_NAME, 2);
	}
}

static bool has_contact(const struct guard_hits *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].type == PII_PHONE || h->v[i].type == PII_ADDRESS)
			return true;
	return false;
}

/* "吴建华，154…，白鹭里55号": beside a phone or an address a clause that is nothing but a name
 * is one. */
static void find_zh_alone(const struct guard_text *t, struct guard_hits *h)
{
	if (!has_contact(h))
		return;
	for (size_t i = 0; i < t->n; i++) {
		if (!guard_han(t->fold[i]) || (i > 0 && guard_han(t->fold[i - 1])))
			continue;
		size_t e = i, fam = surname_at(t, i);
		while (e < t->n && guard_han(t->fold[e]))
			e++;
		bool colour = guard_in_set(t->fold[e - 1], "色款号的吗了吧呢件店区市路省县镇送到");
		if (fam && e - i > fam && e - i <= fam + 2 && !colour &&
		    !guard_any_at(t, i, not_zh))
			guard_hit_add(h, i, e, PII_NAME, 1);
		i = e;
	}
}

/* ---- English and its neighbours ---- */

static const char *const not_en =
	"and|i|im|calling|from|the|a|an|not|on|in|is|at|to|for|of|my|"
	"your|so|very|really|just|here|there|still|trying|"
	"looking|having|waiting|going|happy|sorry|sure|angry|new|"
	"with|that|this|it|we|you|but|or|if|about|getting|ok|"
	"wrong|misspelled|missing|spelled|spelt|written|printed|"
	"different|asking|writing|ready|interested|afraid|"
	"what|how|why|when|where|can|could|please|hello|hi|speaking|"
	"who|was|are|has|have|mr|mrs|ms|dr|miss|monday|"
	"tuesday|wednesday|thursday|friday|saturday|sunday|currently|"
	"unable|also|too|an|gold|silver|platinum|"
	"your|our|their|his|her|no|yes|customer|support|chinese|"
	"english|american|german|french|british";
/* Nor is one of these alone, but behind a cue it may be ("this is Joy Visa"). */
static const char *const things_en =
	"mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|sundays|alipay|wechat|unionpay|"
	"visa|mastercard|paypal|warranty|fibre|fiber|membership|join";
/* Where, not who; of two words at most. */
static const char *const places_en =
	"china|mainland|hong kong|macau|macao|taiwan|inner mongolia|mongolia|tibet|xinjiang|hainan|"
	"qinghai|beijing|shanghai|guangzhou|shenzhen|chengdu|hangzhou|wuhan|nanjing|chongqing|"
	"tianjin|suzhou|xiamen|qingdao|dalian|kunming|harbin|urumqi|lhasa|guangdong|sichuan|"
	"zhejiang|jiangsu|yunnan|fujian|hunan|hubei";
static const char *const particles =
	"van|der|den|de|la|le|von|bin|al|el|da|di|dos|du|st|y|o|ter|ben|del";

static size_t en_word(const struct guard_text *t, size_t i)
{
	size_t k = i;

	while (guard_alpha(t->fold[k]) ||
	       (t->fold[k] >= 0xDF && t->fold[k] < 0x2000 && t->fold[k] != 0xF7) ||
	       ((t->fold[k] == '-' || t->fold[k] == '\'' || t->fold[k] == 0x2019) &&
		guard_alpha(t->fold[k + 1])))
		k++;
	return k - i;
}

static bool capital(const struct guard_text *t, size_t i)
{
	return t->raw[i] != t->fold[i] && guard_alpha(t->fold[i]);
}

/* Up to max capital words (or, when the text has none, lower-case ones); the end or i. */
static size_t en_name(const struct guard_text *t, size_t i, int max, bool lower_ok)
{
	size_t e = i, k = i;
	bool caps = capital(t, i);

	for (int lead = 0; lead < 2 && !caps; lead++) { /* "de la Cruz" */
		size_t n = guard_any_at(t, k, particles);
		if (!n || t->fold[k + n] != ' ')
			break;
		k += n + 1;
		caps = capital(t, k);
	}
	k = caps ? k : i;
	if (!caps && !lower_ok)
		return i;
	for (int words = 0; words < max; words++) {
		size_t n = en_word(t, k);
		if (!n || guard_any_at(t, k, not_en) == n)
			break;
		bool part = guard_any_at(t, k, particles) == n && words > 0;
		if (caps && !capital(t, k) && !part)
			break;
		if (!part || !caps)
			e = k + n;
		k += n;
		k += t->fold[k] == '.' && n == 1;
		if (t->fold[k] != ' ')
			break;
		k++;
	}
	return e;
}

static size_t skip(const struct guard_text *t, size_t i)
{
	size_t k = i;

	while (k < i + 3 && guard_in_set(t->fold[k], " :\"=."))
		k++;
	return k;
}

static void en_cues(const struct guard_text *t, size_t i, struct guard_hits *h)
{
	static const char *const sure =
		"my name is|my name's|my name’s|name is|i am called|call me|my full name "
		"is|name:|"
		"names|the name of|name on the card is|name on the account is|holder is|"
		"me llamo|je m'appelle|mein name ist|ich heisse|mi chiamo|meu nome e";
	size_t n = guard_any_at(t, i, sure), k, e;

	if (n) {
		k = skip(t, i + n);
		e = en_name(t, k, 4, t->fold[i] != 'c' && !guard_at(t, i, "names"));
		if (guard_at(t, i, "call me") && e > k && !capital(t, k))
			e = k;
		guard_hit_add(h, k, e, PII_NAME, 2);
		return;
	}
	n = guard_any_at(t, i, "this is|it's|here is|i'm|i am|i’m|im");
	if (!n || t->fold[i + n] != ' ')
		return;
	k = i + n + 1;
	e = en_name(t, k, 4, true);
	size_t after = e;
	while (t->fold[after] == ' ' || t->fold[after] == ',')
		after++;
	bool spoken = guard_any_at(t, after, "speaking|calling|here|from") > 0;
	bool two = false;
	for (size_t j = k; j + 1 < e; j++)
		two = two || (t->fold[j] == ' ' && capital(t, j + 1));
	if (e > k && ((spoken && (capital(t, k) || !guard_at(t, after, "from"))) ||
		      (two && capital(t, k))))
		guard_hit_add(h, k, e, PII_NAME, 2);
}

static const char *const kin =
	"husband|wife|son|daughter|partner|kid|mother|father|brother|sister|mum|mom|dad|"
	"colleague|neighbour|neighbor|flatmate|roommate|on behalf of|contact person|"
	"recipient|cardholder|account holder|attention|attn|speak with|talk with|ask for";

static void find_en(const struct guard_text *t, struct guard_hits *h)
{
	for (size_t i = 0; i < t->n; i++) {
		if (!guard_alpha(t->fold[i]) || (i > 0 && guard_word(t->fold[i - 1])))
			continue;
		size_t n = guard_any_at(t, i, "mr|mrs|ms|dr|miss|prof|sir|madam");
		if (n && (t->fold[i + n] == '.' || t->fold[i + n] == ' ')) {
			size_t k = skip(t, i + n);
			guard_hit_add(h, k, en_name(t, k, 4, false), PII_NAME, 2);
			continue;
		}
		n = guard_any_at(t, i, kin);
		if (n && t->fold[i + n] == ' ' && capital(t, i + n + 1)) {
			guard_hit_add(h, i + n + 1, en_name(t, i + n + 1, 4, false), PII_NAME, 2);
			continue;
		}
		n = guard_any_at(t, i, "regards|sincerely|cheers|customer");
		if (n) {
			size_t k = i + n;
			while (k < i + n + 6 && guard_in_set(t->fold[k], " ,\n"))
				k++;
			guard_hit_add(h, k, en_name(t, k, 3, false), PII_NAME, 2);
			continue;
		}
		size_t before = h->n;
		en_cues(t, i, h);
		n = guard_at(t, i, "name");
		if (h->n == before && n && t->fold[i + n] == ' ')
			guard_hit_add(h, i + n + 1, en_name(t, i + n + 1, 3, false), PII_NAME, 2);
	}
}

void guard_find_name(const struct guard_text *t, struct guard_hits *h)
{
	find_zh_alone(t, h);
	find_zh(t, h);
	find_en(t, h);
}

bool guard_not_name(const struct guard_text *t, size_t i, size_t e, bool one_word)
{
	if (guard_han(t->fold[i]))
		return guard_any_at(t, i, not_zh) > 0 || in_word(t, i);
	if (guard_any_at(t, i, places_en) == e - i)
		return true;
	if (one_word && guard_any_at(t, i, "gift") == e - i && t->fold[e] == ' ' &&
	    guard_any_at(t, e + 1, "card|cards|voucher|vouchers|wrap|wrapping"))
		return true;
	return one_word &&
	       (guard_any_at(t, i, not_en) == e - i || guard_any_at(t, i, things_en) == e - i ||
		guard_any_at(t, i, "mr|mrs|ms|dr|miss|prof|sir|madam|mister") == e - i);
}
