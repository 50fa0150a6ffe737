/* flow_place.c: answers of a shape: a person's name, a city, a district, a street with its number,
 * also out of a whole address ("江苏省南京市鼓楼区白鹭里55号", "12 Lake Road, Wuhou, Chengdu").
 *
 * What goes before it ("my name is", 改到) is taken off; what cannot be one ("yes", "where is my
 * order?") is none. No list of places: a shape only keeps other words out, whether there is such a
 * place is for the tool to say. Pure; values in the arena. */
#include "flow_int.h"

#define HAN_CITY 14                  /* signs, province and city */
#define HAN_NAME 6
#define WORDS_PLACE 6
#define WORDS_NAME 5

/* ---- before it, after it ---- */

static sv without_head(sv text, sv heads)
{
	char a[FLOW_FOLD];
	for (int i = 0; i < 4; i++) {
		sv t = flow_fold(text, a), rest = heads, one;
		size_t most = 0;
		while (sv_cut(&rest, '|', &one))
			if (one.n > most && sv_starts(t, one) &&
			    !(flow_letter(one.p[one.n - 1]) && one.n < t.n &&
			      flow_letter(t.p[one.n])))
				most = one.n;
		if (!most)
			break;
		text = sv_slice(text, sv_rune_offset(text, sv_runes(sv_slice(t, 0, most))),
				text.n);
		text = flow_bare(text);
	}
	return flow_bare(text);
}

static sv place_head(sv text)
{
	return without_head(text,
			    SV("my new address is|the new address is|new address is|"
			       "the address is|it is in|it's in|it is|it's|i moved to|"
			       "moved to|i live in|please send it to|send it to|deliver it to|"
			       "to|in|at|the city of|city of|"
			       "我的新地址是|新的地址是|新地址是|新地址在|地址改到|地址是|改到|"
			       "改成|寄到|送到|搬到|住在|就在|在|是|到"));
}

static sv name_head(sv text)
{
	return without_head(text, SV("my name is|the name is|name is|it is|it's|i'm|i am|this is|"
				     "name|under|下单人是|收货人是|姓名是|名字是|我的名字叫|我叫|"
				     "我是|姓名|名字|叫|是"));
}

/* ---- one part ---- */

/* Runs of signs with none of these in it. */
static bool han_only(sv s, size_t least, size_t most, sv without)
{
	size_t n = 0;
	while (s.n) {
		sv at = s;
		uint32_t r = sv_rune(&s);
		size_t bytes = at.n - s.n;
		bool dot = r == 0xB7 || r == 0x2022; /* 买买提·艾力 */
		if ((!sv_is_cjk(r) && !dot) || sv_find(without, sv_n(at.p, bytes)) >= 0)
			return false;
		n++;
	}
	return n >= least && n <= most;
}

/* Words of letters, none of them one of the words a sentence is made of. */
static bool latin_only(sv s, size_t most)
{
	char buf[FLOW_FOLD];
	sv t = flow_fold(s, buf), one;
	size_t n = 0;
	for (size_t i = 0; i < t.n; i++)
		if (!(t.p[i] >= 'a' && t.p[i] <= 'z') && !strchr(" -.,'", t.p[i]))
			return false;
	while (sv_cut(&t, ' ', &one)) {
		n += one.n > 0;
		if (flow_has(one, SV("i|you|we|he|she|they|my|your|me|it|is|are|was|am|want|would|"
				     "like|please|what|when|where|how|why|who|which|order|parcel|"
				     "package|yes|no|not|hello|hi|hey|thanks|thank|cancel|return|"
				     "refund|and|or|the|do|don't|does|can|could|need|have|has|"
				     "this|that|know|sure|ok|okay|stop|help|sorry")))
			return false;
	}
	return n >= 1 && n <= most;
}

static bool is_place(sv s)
{
	return han_only(s, 2, HAN_CITY, SV("我你您他她吗呢吧么怎哪请想要没的了订退货快递")) ||
	       latin_only(s, WORDS_PLACE);
}

static bool is_name(sv s)
{
	return han_only(s, 2, HAN_NAME, SV("我你您他她吗呢吧么什怎哪请想要没的了订退货号")) ||
	       latin_only(s, WORDS_NAME);
}

static bool is_street(sv s)
{
	bool digit = false;
	for (size_t i = 0; i < s.n; i++)
		digit |= s.p[i] >= '0' && s.p[i] <= '9';
	digit |= flow_has(
		s, SV("一|二|三|四|五|六|七|八|九|十|one|two|three|four|five|six|seven|eight|"
		      "nine|ten"));
	bool street =
		flow_has(s, SV("路|街|巷|号|栋|幢|弄|村|镇|乡|座|楼|室|小区|苑|园|大厦|大道|里|"
			       "胡同|road|street|avenue|lane|drive|building|room|flat|"
			       "apartment|floor|block|square|court|rd|st|ave"));
	return digit && street && !flow_names_one(s) && flow_weight(s) >= 4;
}

/* ---- a whole address ---- */

/* Bytes up to and with the first of the signs, between least and most runes; 0 = none. */
static size_t upto(sv s, sv signs, size_t least, size_t most)
{
	sv rest = s;
	for (size_t k = 1; rest.n && k <= most; k++) {
		sv at = rest;
		(void)sv_rune(&rest);
		if (k >= least && sv_find(signs, sv_n(at.p, at.n - rest.n)) >= 0)
			return s.n - rest.n;
	}
	return 0;
}

struct parts {
	sv city, district, street;
};

/* Where a Chinese address begins: behind the last word that leads to one, else at the start. */
static sv han_begin(sv text)
{
	static const char *const leads[] = { "改到",   "改成",  "改为",  "寄到",   "寄去",
					     "送到",   "送去",  "搬到",  "地址是", "地址在",
					     "地址：", "地址:", "新地址" };
	size_t at = 0;
	for (size_t i = 0; i < sizeof(leads) / sizeof(*leads); i++) {
		ptrdiff_t k = sv_find(text, sv_of(leads[i]));
		if (k >= 0 && (size_t)k + strlen(leads[i]) > at)
			at = (size_t)k + strlen(leads[i]);
	}
	return place_head(flow_bare(sv_slice(text, at, text.n)));
}

static bool whole_han(sv text, struct parts *p)
{
	static const char *const free_of[] = { "北京", "上海", "天津", "重庆" };
	sv s = han_begin(text);
	size_t n = upto(s, SV("市州盟"), 3, HAN_CITY);
	for (size_t i = 0; i < 4; i++)
		if (sv_starts(s, sv_of(free_of[i])) &&
		    !sv_starts(sv_slice(s, 6, s.n), SV("市")))
			n = 6; /* 北京朝阳区 */
	if (!n)
		return false;
	p->city = sv_slice(s, 0, n);
	s = sv_slice(s, n, s.n);
	n = upto(s, SV("区县旗市"), 2, 10);
	if (!n)
		return false;
	p->district = sv_slice(s, 0, n);
	p->street = flow_bare(sv_slice(s, n, s.n));
	return is_place(p->city) && is_place(p->district) && is_street(p->street);
}

/* "Beijing, Chaoyang, Jianguo Road 88, room 2": as in Chinese, the largest first. */
static bool from_front(const sv *v, size_t n, struct parts *p)
{
	sv head = v[0], last = v[n - 1];
	for (ptrdiff_t at; (at = sv_find(head, SV(" to "))) >= 0;)
		head = sv_slice(head, (size_t)at + 4, head.n);
	p->city = place_head(head);
	p->district = v[1];
	while (last.n && last.p[last.n - 1] >= '0' && last.p[last.n - 1] <= '9')
		last.n--;
	n -= n > 3 && !last.n; /* its postcode */
	p->street = flow_bare(sv_n(v[2].p, (size_t)(v[n - 1].p + v[n - 1].n - v[2].p)));
	return is_place(p->city) && is_place(p->district) && is_street(p->street);
}

/* "12 Lake Road, Wuhou, Chengdu 610041": the parts from behind. */
static bool whole_latin(sv text, struct parts *p)
{
	sv s = flow_bare(text), v[8], one;
	size_t n = 0;
	while (n < 8 && sv_cut(&s, ',', &one))
		v[n++] = flow_bare(one);
	if (n && flow_only(v[n - 1], SV("china|prc|p.r. china|people's republic of china")))
		n--;
	if (n < 3 || s.n)
		return false;
	if (from_front(v, n, p))
		return true;
	sv city = v[n - 1];
	while (city.n && (city.p[city.n - 1] == ' ' ||
			  (city.p[city.n - 1] >= '0' && city.p[city.n - 1] <= '9')))
		city.n--; /* its postcode */
	p->city = place_head(city);
	p->district = v[n - 2];
	/* "please send it to 12 Lake Road": from the last " to " on */
	sv head = v[0];
	for (ptrdiff_t at; (at = sv_find(head, SV(" to "))) >= 0;)
		head = sv_slice(head, (size_t)at + 4, head.n);
	head = place_head(head);
	p->street = sv_n(head.p, (size_t)(v[n - 3].p + v[n - 3].n - head.p));
	return is_place(p->city) && is_place(p->district) && is_street(p->street);
}

/* ---- the shapes ---- */

sv flow_shaped(enum flow_shape shape, sv text, bool asked, struct arena *a)
{
	struct parts p = { 0 };
	sv t = flow_bare(text), v = SV_NULL;
	if (shape != SHAPE_NAME && (whole_han(t, &p) || whole_latin(t, &p))) {
		v = shape == SHAPE_CITY ? p.city : shape == SHAPE_DISTRICT ? p.district : p.street;
		return arena_sv(a, v);
	}
	if (!asked)
		return SV_NULL;
	if (shape == SHAPE_NAME)
		v = name_head(t);
	else if (shape == SHAPE_STREET)
		v = t;
	else
		v = place_head(t);
	bool fits = shape == SHAPE_NAME	  ? is_name(v) :
		    shape == SHAPE_STREET ? is_street(v) :
					    is_place(v);
	return fits ? arena_sv(a, v) : SV_NULL;
}
