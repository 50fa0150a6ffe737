/* feel_slot_time.c: times of day and durations: 3pm, half past three, 下午三点半, 15:30, two
 * hours, 半小时, in twenty minutes.
 *
 * A time is written 24 h "15:30". Without "pm", 下午 or the like the hour stays as said.
 * Durations are ISO 8601 ("PT1H30M", "P3D", a range "P3D/P5D"); one from now is a datetime.
 * Pure functions, any thread.
 */
#include "feel_slot.h"

#include <stdio.h>

/* ---- times ---- */

static const char *const zh_periods = "凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|半夜|夜里|深夜|"
				      "今晚|明晚|昨晚|当晚|后天晚上|明早|今早|晚|早";
enum period { AS_SAID, AM, NOON, PM, NIGHT };
static const uint8_t zh_period[] = { AM, AM, AM, AM, AM, NOON, PM, PM, PM, NIGHT, NIGHT, PM,
				     PM, PM, PM, PM, PM, AM, AM, PM, AM };

static int in_period(int h, enum period p)
{
	if (h > 12)
		return h;
	if (p == PM)
		return h == 12 ? 12 : h + 12;
	if (p == AM)
		return h == 12 ? 0 : h;
	if (p == NOON)
		return h < 4 ? h + 12 : h;
	if (p == NIGHT)
		return h == 12 ? 0 : h >= 8 ? h + 12 : h;
	return h;
}

static void put_time(struct slot_run *r, size_t s, size_t e, int h, int m)
{
	char text[16];

	if (h == 24 && m == 0)
		h = 0;
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return;
	(void)snprintf(text, sizeof(text), "%02d:%02d", h, m);
	slot_add(r, SLOT_TIME, 5, s, e, slot_dup(r, text));
}

/* The part of the day said before s, over 的 and blanks; s moves to its start when it is not
 * part of a date word (今晚). */
static enum period zh_before(const struct slot_text *t, size_t *s)
{
	size_t at = *s, k;
	int which = 0;

	while (at > 0 && t->p[at - 1] == ' ')
		at--;
	if (slot_any_before(t, at, "的") < at)
		at -= 3;
	k = slot_any_before(t, at, zh_periods);
	if (k == at)
		return AS_SAID;
	(void)slot_any(t, k, zh_periods, &which);
	if (which < 12) /* 今晚 is a date too */
		*s = k;
	return zh_period[which];
}

/* The period of a range's other end: 下午三点到五点. */
static enum period zh_range_before(const struct slot_run *r, size_t s)
{
	size_t k = slot_any_before(&r->t, s, "到|至|-|~|－");

	if (k == s || !r->n)
		return AS_SAID;
	const struct slot_hit *h = &r->v[r->n - 1];
	return h->type == SLOT_TIME && h->e == k && h->value.p[0] >= '1' &&
	       (h->value.p[0] == '2' || h->value.p[1] >= '2') ? PM : AS_SAID;
}

/* 三点半, 3点20分, 三点一刻, 15点. */
static void zh_time(struct slot_run *r, size_t i)
{
	const struct slot_text *t = &r->t;
	struct slot_num n, mins;
	size_t k, s = i, u;
	int h, m = 0;

	if (slot_digit(slot_before(t, i)) || slot_any_before(t, i, "第|百|千|.|分之|星|+") < i ||
	    !slot_whole(t, i, &n) || n.hi != n.milli || n.milli > 24000 || n.decimal)
		return;
	if (!(u = slot_any(t, n.e, "点钟|点整|点|时整|时", NULL)) || slot_at(t, n.e, "时间") ||
	    slot_any(t, n.e, "点儿|点击|点评|时候|点心|点赞|点点", NULL))
		return;
	k = n.e + u;
	h = (int)(n.milli / 1000);
	enum period p = zh_before(t, &s);
	p = p ? p : zh_range_before(r, i);
	bool bare_one = h == 1 && n.words && u == 3 && p == AS_SAID;
	if ((u = slot_at(t, k, "半"))) {
		m = 30;
		k += u;
	} else if ((u = slot_any(t, k, "一刻|三刻", &m))) {
		m = m ? 45 : 15;
		k += u;
	} else if (!slot_any(t, k, "到|至", NULL) && slot_whole(t, slot_spaces(t, k), &mins) &&
		   mins.milli < 60000 && mins.milli % 1000 == 0 && mins.hi == mins.milli) {
		u = slot_any(t, mins.e, "分钟|分", NULL);
		bool amount = !u && (slot_any(t, mins.e, "元|块|公斤|斤|米|折|克|倍|个|%", NULL) ||
				     slot_digit(t->p[mins.e]));
		if (amount || slot_at(t, mins.e, "分之"))
			return;
		m = (int)(mins.milli / 1000);
		k = mins.e + (u == 3 ? 3 : 0);
	} else if (bare_one || slot_any(t, k, "也|都|建议|意见|问题|钱|小", NULL)) {
		return; /* 一点问题也没有, 两点意见 */
	}
	put_time(r, s, k, in_period(h, p), m);
}

/* am, p.m., in the afternoon, o'clock behind k. */
static size_t en_period(const struct slot_text *t, size_t k, enum period *p)
{
	static const char *const words =
		"a.m.|p.m.|am|pm|a.m|p.m|in the morning|in the afternoon|in the evening|at night|"
		"tonight|this morning|this afternoon|this evening|tomorrow morning|"
		"tomorrow afternoon|tomorrow evening";
	static const uint8_t what[] = { AM, PM, AM, PM, AM, PM, AM, PM, PM, PM, PM, AM, PM, PM, AM,
					PM, PM };
	int which = 0;
	size_t at = slot_spaces(t, k), n = slot_any(t, at, words, &which);

	if (!n && (t->p[k] == 'a' || t->p[k] == 'p') && t->p[k + 1] == 'm' &&
	    !slot_alpha(t->p[k + 2])) { /* 3pm */
		*p = t->p[k] == 'a' ? AM : PM;
		return k + 2;
	}
	if (!n)
		return k;
	*p = what[which];
	return which < 10 ? at + n : k; /* "tonight" is a date of its own */
}

/* The am/pm of a range's other end: "between 2 and 4 pm". */
static enum period en_range_after(const struct slot_text *t, size_t k)
{
	struct slot_num n;
	enum period p = AS_SAID;
	size_t at = slot_spaces(t, k), w = slot_any(t, at, "and|to|-|–|until|till|or", NULL);

	if (!w || !slot_whole(t, slot_spaces(t, at + w), &n) || n.milli > 12000)
		return AS_SAID;
	k = n.e;
	if (t->p[k] == ':' && slot_digit(t->p[k + 1]) && slot_digit(t->p[k + 2]))
		k += 3;
	(void)en_period(t, k, &p);
	return p;
}

/* An hour that somebody names for an appointment: "at 5", "at ten tomorrow", "at 9 please". */
static bool en_appointed(const struct slot_text *t, size_t i, size_t e, int64_t milli)
{
	size_t k = slot_spaces(t, e);

	if (milli < 1000 || slot_any_before(t, i, "at |around ") == i ||
	    slot_any_before(t, i,
			    "tonight at |night at |evening at |afternoon at |morning at ") < i)
		return false;        /* "tonight at 8": the part of the day is told apart */
	return !t->p[k] || strchr(".,?!;", t->p[k]) ||
	       slot_any(t, k, "tomorrow|today|on |please|sharp|or so|then|works|is fine|suits",
			NULL);
}

/* 15:30, 3:30 pm, 15:30:20. */
static bool clock_time(struct slot_run *r, size_t i)
{
	const struct slot_text *t = &r->t;
	size_t k = i, s = i;
	int h = 0, m;
	enum period p = AS_SAID;

	while (slot_digit(t->p[k]) && k - i < 3)
		h = h * 10 + (t->p[k++] - '0');
	if (k - i > 2 || h > 24 || t->p[k] != ':' || !slot_digit(t->p[k + 1]) ||
	    !slot_digit(t->p[k + 2]) || slot_digit(t->p[k + 3]) || slot_before(t, i) == ':')
		return false;
	m = (t->p[k + 1] - '0') * 10 + t->p[k + 2] - '0';
	k += 3;
	if (t->p[k] == ':' && slot_digit(t->p[k + 1]) && slot_digit(t->p[k + 2]))
		k += 3;
	p = zh_before(t, &s);
	k = p ? k : en_period(t, k, &p);
	p = p ? p : zh_range_before(r, i);
	p = p ? p : en_range_after(t, k);
	put_time(r, s, k, in_period(h, p), m);
	return true;
}

/* half past three, quarter to five, twenty past two. */
static bool en_past(struct slot_run *r, size_t i)
{
	const struct slot_text *t = &r->t;
	struct slot_num n = { 0 }, h;
	int side = 0;
	enum period p = AS_SAID;
	size_t k = i, w;

	if ((w = slot_any(t, i, "half|a quarter|quarter", &side))) {
		n.milli = side ? 15000 : 30000;
		n.e = i + w;
	} else if (!slot_whole(t, i, &n) || n.milli > 59000) {
		return false;
	}
	k = slot_spaces(t, n.e);
	k += slot_at(t, k, "minutes ");
	bool minutes = k > slot_spaces(t, n.e);
	if (!(w = slot_any(t, k, "past|to|after|before", &side)) || (n.milli % 5000 && !minutes))
		return false;
	if (!slot_whole(t, slot_spaces(t, k + w), &h) || h.milli < 1000 || h.milli > 12000 ||
	    (side > 0 && !minutes && n.milli % 15000 &&
	     slot_any_before(t, i, "at |by |until ") == i))
		return false; /* 5 to 10 people */
	k = en_period(t, h.e, &p);
	k += slot_at(t, slot_spaces(t, k), "o'clock") ? 8 : 0;
	int hour = in_period((int)(h.milli / 1000), p), m = (int)(n.milli / 1000);
	if (side % 2)
		hour = (hour + 23) % 24, m = 60 - m;
	put_time(r, i, k, hour, m);
	return true;
}

/* 3pm, three o'clock, three thirty pm, at 5, noon, midnight. */
static void en_time(struct slot_run *r, size_t i)
{
	const struct slot_text *t = &r->t;
	struct slot_num n, m;
	enum period p = AS_SAID;
	size_t k, w;
	int which = 0, mins = 0;

	if ((w = slot_any(t, i, "noon|midday|midnight", &which))) {
		put_time(r, i, i + w, which < 2 ? 12 : 0, 0);
		return;
	}
	if (en_past(r, i) || slot_digit(slot_before(t, i)) || !slot_whole(t, i, &n))
		return;
	if (n.decimal && slot_digit(t->p[i])) { /* 3.30pm */
		n.e = i + 1 + slot_digit(t->p[i + 1]);
		n.milli = n.milli / 1000 * 1000;
	} else if (n.decimal) {
		return;
	}
	if (n.milli > 24000 || n.milli % 1000 || n.digits > 2 || n.e == i)
		return;
	k = n.e;
	if (n.words && t->p[k] == ' ' && slot_whole(t, k + 1, &m) && m.words && m.milli >= 10000 &&
	    m.milli < 60000 && !m.decimal) {
		mins = (int)(m.milli / 1000);
		k = m.e;
	} else if (t->p[k] == '.' && slot_digit(t->p[k + 1]) && slot_digit(t->p[k + 2]) &&
		   !slot_digit(t->p[k + 3])) {
		mins = (t->p[k + 1] - '0') * 10 + t->p[k + 2] - '0';
		k += 3;
	}
	w = slot_any(t, slot_spaces(t, k), "o'clock|oclock|o’clock", NULL);
	size_t e = w ? slot_spaces(t, k) + w : k, f = en_period(t, e, &p);
	bool sure = w || p != AS_SAID;
	if (p == AS_SAID && (p = en_range_after(t, e)) != AS_SAID)
		sure = true;
	if (!sure && en_appointed(t, i, e, n.milli)) {
		p = n.milli < 8000 ? PM : p; /* nobody meets at five in the night */
		sure = true;
	}
	if (!sure)
		return;
	put_time(r, i, f, in_period((int)(n.milli / 1000), p), mins);
}

void slot_find_time(struct slot_run *r, size_t i)
{
	const struct slot_text *t = &r->t;

	if (slot_at(t, i, "正午") || slot_at(t, i, "午夜") || slot_at(t, i, "零点")) {
		put_time(r, i, i + 6, slot_at(t, i, "正午") ? 12 : 0, 0);
		return;
	}
	if (slot_digit(t->p[i]) && (slot_digit(slot_before(t, i)) || clock_time(r, i)))
		return;
	size_t before = r->n;
	if (!slot_alpha(t->p[i]))
		zh_time(r, i);
	if (r->n == before && (slot_alpha(t->p[i]) || slot_digit(t->p[i])))
		en_time(r, i);
}

/* ---- durations ---- */

static const char *const units = "秒钟|秒|分钟|刻钟|个小时|小时|个钟头|钟头|个钟|天|日|个星期|"
				 "星期|周|个礼拜|礼拜|个月|年|"
				 "个工作日|工作日|second|seconds|sec|secs|minute|minutes|min|"
				 "mins|hour|hours|hr|hrs|day|days|"
				 "week|weeks|month|months|year|years|business day|business "
				 "days|working day|working days|"
				 "fortnight|night|nights|h|晚";
/* Seconds; -1 a month, -2 a year. */
static const int32_t unit_s[] = {
	1, 1, 60, 900, 3600, 3600, 3600, 3600, 3600, 86400, 86400, 604800, 604800, 604800, 604800,
	604800, -1, -2, 86400, 86400, 1, 1, 1, 1, 60, 60, 60, 60, 3600, 3600, 3600, 3600, 86400,
	86400, 604800, 604800, -1, -1, -2, -2, 86400, 86400, 86400, 86400, 1209600, 86400, 86400,
	3600, 86400
};

/* "PT1H30M", "P3D", "P2W", "P18M": milli thousandths of a unit. */
static void put_iso(struct sb *b, int64_t milli, int32_t unit)
{
	if (unit < 0) {
		int64_t months = milli * (unit == -1 ? 1 : 12) / 1000;
		if (unit == -2 && milli % 1000 == 0)
			sb_fmt(b, "P%lldY", (long long)(milli / 1000));
		else
			sb_fmt(b, "P%lldM", (long long)months);
		return;
	}
	int64_t s = milli > INT64_MAX / unit ? 0 : milli * unit / 1000;
	if (unit >= 86400 && s % 86400 == 0) {
		sb_fmt(b, s % 604800 || unit < 604800 ? "P%lldD" : "P%lldW",
		       (long long)(s % 604800 || unit < 604800 ? s / 86400 : s / 604800));
		return;
	}
	sb_cstr(b, "P");
	if (s >= 86400 && unit >= 86400)
		sb_fmt(b, "%lldD", (long long)(s / 86400)), s %= 86400;
	sb_cstr(b, "T");
	if (s >= 3600)
		sb_fmt(b, "%lldH", (long long)(s / 3600));
	if (s % 3600 >= 60)
		sb_fmt(b, "%lldM", (long long)(s % 3600 / 60));
	if (s % 60 || s == 0)
		sb_fmt(b, "%lldS", (long long)(s % 60));
}

/* "a", "half an", 半: a number only in front of a unit of time. */
static bool loose_number(const struct slot_text *t, size_t i, struct slot_num *n)
{
	static const char *const words = "half an|half a|a couple of|a quarter of an|an|a|半个|半";
	static const int16_t milli[] = { 500, 500, 2000, 250, 1000, 1000, 500, 500 };
	int which = 0;
	size_t w = slot_any(t, i, words, &which);

	if (!w)
		return false;
	*n = (struct slot_num){ milli[which], milli[which], i + w, 0, true, false };
	return which != 5 || t->p[i + 1] == ' ';
}

/* A number and a unit of time at i: thousandths, unit and end. */
static bool one_part(const struct slot_text *t, size_t i, struct slot_num *n, int32_t *unit)
{
	int which = 0;
	size_t k, u;

	if (!slot_range(t, i, n) && !loose_number(t, i, n))
		return false;
	k = slot_spaces(t, n->e);
	k += t->p[k] == '-' && slot_alpha(t->p[k + 1]);
	if (slot_at(t, k, "个半") &&
	    (u = slot_any(t, k + 6, "小时|钟头|钟|月|星期|礼拜|工作日", &which))) {
		static const int32_t s[] = { 3600, 3600, 3600, -1, 604800, 604800, 86400 };
		n->milli += 500;
		n->hi = n->milli;
		n->e = k + 6 + u;
		*unit = s[which];
		return true;
	}
	if (n->milli == 500 && slot_any_before(t, k, "半个") < k && (u = slot_at(t, k, "月"))) {
		*n = (struct slot_num){ 15000, 15000, k + u, 0, true, false };
		*unit = 86400;
		return true;
	}
	u = slot_any(t, k, units, &which);
	if (!u && slot_digit(t->p[i]) && k == n->e && /* 20min, 2h, 3d is not one */
	    (t->p[k] == 'h' || t->p[k] == 'm')) {
		u = !memcmp(t->p + k, "hrs", 3) || !memcmp(t->p + k, "min", 3) ? 3 :
		    !memcmp(t->p + k, "hr", 2) ? 2 : t->p[k] == 'h' ? 1 : 0;
		which = t->p[k] == 'h' ? 28 : 24;
		u += u == 3 && t->p[k + 3] == 's';
		u = slot_alpha(t->p[k + u]) ? 0 : u;
	}
	if (!u)
		return false;
	*unit = unit_s[which];
	n->e = k + u;
	size_t half = slot_at(t, n->e, "半");
	half = half ? half : slot_at(t, n->e, " and a half");
	if (half && !slot_at(t, n->e, "半天") && *unit != 60 && n->hi == n->milli) {
		n->milli += 500;
		n->hi = n->milli;
		n->e += half;
	}
	return true;
}

/* 一周, 两年 without a unit word: days behind months are dates, not durations. */
static bool is_date(const struct slot_text *t, size_t i, size_t e, int32_t unit,
		    const struct slot_num *n)
{
	if (slot_any_before(t, i, "第|月|年|周|星期|礼拜|每|上|下|这|前|后|昨|今|明|本|半") <
		    i &&
	    unit >= 86400 && !slot_any_before(t, i, "不到|以后|之后|以前") &&
	    !slot_digit(t->p[i]))
		return true;
	if (slot_any_before(t, e, "日") < e && slot_any_before(t, e, "工作日") == e)
		return true;
	return unit == -2 && n->milli >= 1900000;
}

/* From now: in twenty minutes, 半小时后, two hours ago. */
static bool from_now(struct slot_run *r, size_t s, size_t e, int64_t milli, int32_t unit)
{
	const struct slot_text *t = &r->t;
	int side = 0, y, m, d;
	size_t in = slot_any_before(t, s, "in "), k = slot_spaces(t, e);
	size_t w = slot_any(t, k, "后|以后|之后|过后|from now|later|ago|前|以前|之前", &side);
	char text[32];

	if (unit >= 86400 || unit < 0 || (!w && in == s) || milli > 1000000000)
		return false;
	int64_t mins = r->now_min + milli * unit / 60000 * (w && side > 5 ? -1 : 1);
	int64_t day = r->today + (mins >= 0 ? mins / 1440 : -((1439 - mins) / 1440));
	mins = ((mins % 1440) + 1440) % 1440;
	slot_civil(day, &y, &m, &d);
	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d", y, m, d, (int)mins / 60,
		       (int)mins % 60);
	slot_add(r, SLOT_DATETIME, 6, w ? s : in, w ? k + w : e, slot_dup(r, text));
	return true;
}

void slot_find_duration(struct slot_run *r, size_t i)
{
	const struct slot_text *t = &r->t;
	struct slot_num n, more;
	int32_t unit = 0, unit2 = 0;
	struct sb b;

	if ((slot_digit(t->p[i]) && (slot_digit(slot_before(t, i)) || slot_before(t, i) == '.')) ||
	    slot_alpha(slot_before(t, i)) || !one_part(t, i, &n, &unit))
		return;
	if (is_date(t, i, n.e, unit, &n) || n.milli > SLOT_NUM_MAX / 2000000)
		return;
	size_t k = slot_spaces(t, n.e);
	k += slot_at(t, k, "and ") ? 4 : slot_at(t, k, "零") ? 3 : slot_at(t, k, "又") ? 3 : 0;
	if (unit > 0 && n.hi == n.milli && one_part(t, k, &more, &unit2) && unit2 > 0 &&
	    unit2 < unit && more.milli <= SLOT_NUM_MAX / 2000000) {
		n.milli = n.hi = (n.milli * unit + more.milli * unit2) / (unit2 < 60 ? 1 : 60);
		unit = unit2 < 60 ? 1 : 60;
		n.e = more.e;
	}
	if (n.hi == n.milli && from_now(r, i, n.e, n.milli, unit))
		return;
	sb_init(&b, 128);
	put_iso(&b, n.milli, unit);
	if (n.hi != n.milli) {
		sb_ch(&b, '/');
		put_iso(&b, n.hi, unit);
	}
	slot_add(r, SLOT_DURATION, 4, i, n.e, arena_sv(r->a, sb_sv(&b)));
	sb_done(&b);
}
