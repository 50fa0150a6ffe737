/* feel_slot_date.c: dates written with ciphers or named by Chinese words: 2026-12-03, 3/12,
 * 12月3号, 下周三, 月底, 三天后, 大年初二.
 *
 * What is past or to come: a day and month without a year, and a bare weekday, are the next
 * such day after today unless the words say last. "Next Tuesday" and 下周二 are that day of the
 * next week, weeks begin on Monday. Pure functions, any thread.
 */
#include "feel_slot.h"

#include <stdio.h>

static int this_year(const struct slot_run *r)
{
	int y, m, d;

	slot_civil(r->today, &y, &m, &d);
	return y;
}

static bool set_day(struct slot_date *d, size_t e, int64_t day)
{
	*d = (struct slot_date){ e, day, day, 'd' };
	return true;
}

static bool set_range(struct slot_date *d, size_t e, int64_t from, int64_t to)
{
	*d = (struct slot_date){ e, from, to, 'd' };
	return true;
}

static bool set_month(struct slot_date *d, size_t e, int y, int m)
{
	y += (m - 1 >= 0 ? (m - 1) / 12 : (m - 12) / 12);
	m = ((m - 1) % 12 + 12) % 12 + 1;
	*d = (struct slot_date){ e, slot_days(y, m, 1), slot_days(y, m, slot_month_len(y, m)),
				 'm' };
	return true;
}

static bool day_ok(int y, int m, int d)
{
	return m >= 1 && m <= 12 && d >= 1 && d <= slot_month_len(y, m);
}

/* Month and day without a year: the first not before today. */
static bool set_md(const struct slot_run *r, struct slot_date *ret, size_t e, int m, int d)
{
	int y = this_year(r);

	if (!day_ok(2024, m, d))
		return false;
	for (int k = 0; k < 9; k++)
		if (day_ok(y + k, m, d) && slot_days(y + k, m, d) >= r->today)
			return set_day(ret, e, slot_days(y + k, m, d));
	return false;
}

/* ---- ciphers ---- */

/* Digits at i, at most max of them. */
static size_t cipher(const struct slot_text *t, size_t i, size_t max, int *ret)
{
	size_t n = 0;

	*ret = 0;
	while (n < max && slot_digit(t->p[i + n])) {
		*ret = *ret * 10 + (t->p[i + n] - '0');
		n++;
	}
	return n;
}

static bool day_first(const struct slot_run *r)
{
	const char *c = r->c->country;

	return c && strcmp(c, "US") != 0 && strcmp(c, "CN") != 0 && strcmp(c, "JP") != 0 &&
	       strcmp(c, "TW") != 0 && strcmp(c, "KR") != 0;
}

static bool ordered(const struct slot_run *r, int v[3], size_t n0, struct slot_date *ret, size_t e)
{
	int y = v[2] < 100 ? 2000 + v[2] : v[2];
	bool swap = v[0] > 12 || (day_first(r) && v[1] <= 12);

	if (n0 == 4)
		return day_ok(v[0], v[1], v[2]) && set_day(ret, e, slot_days(v[0], v[1], v[2]));
	if (!day_ok(y, v[swap], v[!swap]))
		return false;
	return set_day(ret, e, slot_days(y, v[swap], v[!swap]));
}

/* 2026-12-03, 2026/12/3, 3/12/2026, 12/3, 20261203. */
bool slot_date_digits(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	int v[3];
	size_t n0 = cipher(t, i, 9, &v[0]), n1, n2, k = i + n0;
	char sep = t->p[k], before = slot_before(t, i);

	if (slot_digit(before) || before == '.' || before == '-' || before == '/' ||
	    slot_alpha(before))
		return false;
	if (n0 == 8 && !slot_alpha(t->p[k]) && v[0] / 10000 > 1900 && v[0] / 10000 < 2100)
		return day_ok(v[0] / 10000, v[0] / 100 % 100, v[0] % 100) &&
		       set_day(ret, k, slot_days(v[0] / 10000, v[0] / 100 % 100, v[0] % 100));
	if ((n0 > 2 && n0 != 4) || !n0 || (sep != '-' && sep != '/' && sep != '.'))
		return false;
	n1 = cipher(t, k + 1, 3, &v[1]);
	k += 1 + n1;
	if (!n1 || n1 > 2)
		return false;
	if (t->p[k] == sep && slot_digit(t->p[k + 1])) {
		n2 = cipher(t, k + 1, 5, &v[2]);
		k += 1 + n2;
		if (slot_digit(t->p[k]) || slot_alpha(t->p[k]) || n2 == 3 || n2 > 4 ||
		    (n0 == 4 && n2 == 4))
			return false;
		return ordered(r, v, n0, ret, k);
	}
	if (sep != '/' || n0 == 4 || slot_digit(t->p[k]) || slot_alpha(t->p[k]))
		return false;
	bool swap = v[0] > 12 || (day_first(r) && v[1] <= 12);
	return set_md(r, ret, k, v[swap], v[!swap]);
}

/* ---- Chinese ---- */

static bool zh_plain(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	static const char *const words =
		"今天|今日|今晚|今早|今晨|明天|明日|明晚|明早|明晨|后天|大后天|"
		"昨天|昨日|昨晚|昨夜|前天|前晚|大前天|当天|当日|今儿|明儿|昨儿|"
		"后儿";
	static const int8_t off[] = { 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 3, -1, -1, -1, -1, -2, -2,
				      -3, 0, 0, 0, 1, -1, 2 };
	int which = 0;
	size_t n = slot_any(&r->t, i, words, &which);

	/* 今晚, 明早: the part of the day belongs to the time. */
	return n && set_day(ret, i + n, r->today + off[which]);
}

/* "下下", "下个", "上", "这", "本": steps from now; its end, or i. */
static size_t zh_step(const struct slot_text *t, size_t i, int *ret)
{
	size_t k = i;

	*ret = 0;
	for (; slot_at(t, k, "下") && *ret >= 0 && *ret < 4; k += 3)
		++*ret;
	for (; slot_at(t, k, "上") && *ret <= 0 && *ret > -4; k += 3)
		--*ret;
	if (k == i) {
		size_t n = slot_any(t, i, "这个|这一|这|本|当", NULL);
		if (!n)
			return i;
		k += n;
	}
	return k + (slot_at(t, k, "个") ? 3 : slot_at(t, k, "一") ? 3 : 0);
}

/* 周三, 星期天, 礼拜六 with or without a step; 下周, 周末. */
static bool zh_week(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	int step = 0, day = 0;
	size_t k = zh_step(t, i, &step), n;
	bool stepped = k > i;
	int64_t monday = r->today - slot_weekday(r->today) + 7 * step;

	n = slot_any(t, k, "周|星期|礼拜", NULL);
	if (!n)
		return false;
	k += n;
	if ((n = slot_at(t, k, "末")))
		return set_range(ret, k + n, monday + 5, monday + 6);
	n = slot_any(t, k, "一|二|三|四|五|六|日|天|1|2|3|4|5|6|7", &day);
	if (n && !slot_digit(t->p[k + n]) && !slot_at(t, k + n, "个") &&
	    !(day == 0 && slot_any(t, k + n, "年|后|前|以|之|内", NULL))) {
		day = day > 7 ? day - 8 : day == 7 ? 6 : day;
		if (stepped)
			return set_day(ret, k + n, monday + day);
		int ahead = (day - slot_weekday(r->today) + 7) % 7;
		return set_day(ret, k + n, r->today + (ahead ? ahead : 7));
	}
	return stepped && set_range(ret, k, monday, monday + 6);
}

/* Part of a month or a year behind k: 底, 初, 中旬 ... */
static size_t zh_part(const struct slot_text *t, size_t k, int64_t from, int64_t to,
		      struct slot_date *ret)
{
	int which = 0;
	size_t n = slot_any(t, k, "底|末|初|中旬|中|上旬|下旬", &which);

	if (!n)
		return 0;
	if (to - from > 40) { /* of a year */
		ret->from = which < 2 ? to - 30 : from;
		ret->to = which < 2 ? to : which == 2 ? from + 30 : to;
		if (which > 2)
			return 0;
	} else {
		ret->from = which < 2 ? to : which == 3 || which == 4 ? from + 10 :
			    which == 6 ? from + 20 : from;
		ret->to = which == 2 || which == 5 ? from + 9 :
			  which == 3 || which == 4 ? from + 19 :
						     to;
	}
	ret->grain = 'd';
	ret->e = k + n;
	return n;
}

/* A day of the month at k: 3号, 十五日; its number or 0. */
static int zh_day(const struct slot_text *t, size_t k, bool bare, size_t *ret_e)
{
	struct slot_num n;

	k = slot_spaces(t, k);
	if (!slot_whole(t, k, &n) || n.milli < 1000 || n.milli > 31000 || n.milli % 1000 ||
	    n.hi != n.milli)
		return 0;
	size_t u = slot_any(t, slot_spaces(t, n.e), "号|日", NULL);
	if (!u && !bare)
		return 0;
	*ret_e = u ? slot_spaces(t, n.e) + u : n.e;
	return (int)(n.milli / 1000);
}

/* 下个月3号, 本月底, 上个月. */
static bool zh_month_step(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	int step = 0, y, m, d;
	size_t k = zh_step(t, i, &step), e = 0;

	if (slot_at(t, i, "月") && slot_any(t, i + 3, "底|末|初", NULL) &&
	    !slot_digit(slot_before(t, i)))
		k = i; /* 月底 */
	else if (k == i || !slot_at(t, k, "月"))
		return false;
	slot_civil(r->today, &y, &m, &d);
	set_month(ret, k + 3, y, m + step);
	zh_part(t, k + 3, ret->from, ret->to, ret);
	int day = ret->grain == 'm' ? zh_day(t, k + 3, false, &e) : 0;
	if (day && day <= ret->to - ret->from + 1)
		return set_day(ret, e, ret->from + day - 1);
	return true;
}

/* The year at i: 2026年, 二〇二六年, 明年 ...; 0 when there is none. */
static int zh_year(const struct slot_run *r, size_t i, size_t *ret_e)
{
	const struct slot_text *t = &r->t;
	struct slot_num n;
	int which = 0;
	size_t w = slot_any(t, i, "今年|本年|明年|后年|去年|前年", &which);
	static const int8_t off[] = { 0, 0, 1, 2, -1, -2 };

	if (w) {
		*ret_e = i + w;
		return this_year(r) + off[which];
	}
	if (slot_digit(slot_before(t, i)) || !slot_whole(t, i, &n) || n.hi != n.milli ||
	    !slot_at(t, slot_spaces(t, n.e), "年"))
		return 0;
	*ret_e = slot_spaces(t, n.e) + 3;
	int64_t y = n.milli / 1000;
	if (y >= 1900 && y < 2200)
		return (int)y;
	bool two = n.e - i == 2 || n.digits == 2 ||
		   (n.words && n.e - i == 6 && n.milli / 1000 < 100);
	return two && y >= 15 && y < 60 && n.milli / 1000 != 20 && n.milli / 1000 != 30 ?
		       (int)(2000 + y) : 0;
}

/* A month number and 月 at k; 0 when there is none. */
static int zh_month(const struct slot_text *t, size_t k, size_t *ret_e)
{
	struct slot_num n;

	if (!slot_whole(t, k, &n) || n.milli < 1000 || n.milli > 12000 || n.milli % 1000 ||
	    n.hi != n.milli || !slot_at(t, slot_spaces(t, n.e), "月"))
		return 0;
	*ret_e = slot_spaces(t, n.e) + 3;
	return (int)(n.milli / 1000);
}

/* [2026年] 12月 [3日], 年底, 3号. */
static bool zh_civil(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	size_t k = i, e = 0;
	int year = zh_year(r, i, &k), m, d;

	if (!year && slot_at(t, i, "年") && slot_any(t, i + 3, "底|末|初", NULL)) {
		year = this_year(r);
		k = i + 3;
	}
	if (year) {
		*ret = (struct slot_date){ k, slot_days(year, 1, 1), slot_days(year, 12, 31), 'y' };
		if (zh_part(t, k, ret->from, ret->to, ret))
			return true;
		k = slot_spaces(t, k);
	}
	if (slot_at(t, k, "的"))
		k += 3;
	m = slot_digit(slot_before(t, k)) ? 0 : zh_month(t, k, &e);
	if (!m)
		return year != 0;
	if ((d = zh_day(t, e, true, &k)))
		return year ? day_ok(year, m, d) && set_day(ret, k, slot_days(year, m, d)) :
			      set_md(r, ret, k, m, d);
	int y = year ? year : this_year(r);
	if (!year && slot_days(y, m, slot_month_len(y, m)) < r->today)
		y++;
	set_month(ret, e, y, m);
	zh_part(t, e, ret->from, ret->to, ret);
	return true;
}

/* 3号 alone: the next one. */
static bool zh_day_alone(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	size_t e = 0;
	int y, m, d, day;

	if (slot_digit(slot_before(t, i)) || slot_alpha(slot_before(t, i)) ||
	    slot_any_before(t, i, "路|街|道|巷|弄|村|第|点|栋|楼|-|月|没|工|客|色") != i)
		return false;
	day = zh_day(t, i, false, &e);
	if (!day ||
	    slot_any(t, e, "线|楼|院|机|柜|店|仓|门|码|房|座|款|色|桌|套|元|选手|字|电池",
		     NULL) ||
	    (slot_any_before(t, e, "日") != e && slot_at(t, e, "元")))
		return false;
	slot_civil(r->today, &y, &m, &d);
	for (int k = 0; k < 13; k++, m++) {
		set_month(ret, e, y, m);
		if (ret->from + day - 1 >= r->today && day <= ret->to - ret->from + 1)
			return set_day(ret, e, ret->from + day - 1);
	}
	return false;
}

/* 三天后, 两周前, 一个月以后, 过三天. */
static bool zh_away(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	struct slot_num n;
	int unit = 0, side = 0, y, m, d;
	size_t k = i, u, w;

	if (slot_digit(slot_before(t, i)) || !slot_whole(t, i, &n) || n.hi != n.milli ||
	    n.milli > 400000 || n.digits)
		return false;
	k = slot_spaces(t, n.e);
	k += slot_at(t, k, "个");
	u = slot_any(t, k, "天|日|周|星期|礼拜|月|年", &unit);
	w = u ? slot_any(t, k + u, "后|以后|之后|过后|前|以前|之前", &side) : 0;
	if (!w)
		return false;
	int64_t v = n.milli / 1000 * (side < 4 ? 1 : -1);
	if (unit < 2)
		return set_day(ret, k + u + w, r->today + v);
	if (unit < 5)
		return set_day(ret, k + u + w, r->today + 7 * v);
	slot_civil(r->today, &y, &m, &d);
	set_month(ret, k + u + w, y, m + (int)v * (unit == 5 ? 1 : 12));
	int64_t len = ret->to - ret->from + 1;
	return set_day(ret, k + u + w, ret->from + (d < len ? d : len) - 1);
}

/* 农历八月十五, 正月初三, 腊月二十三, 大年初二, 初五. */
static bool zh_lunar(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	struct slot_num n;
	int m = 0, y = this_year(r), day;
	size_t k = i, w = slot_any(t, i, "农历|阴历|旧历", NULL), e = 0;
	bool named = w > 0;

	k += w;
	if ((w = slot_any(t, k, "大年|正月|新年|年初", NULL)) &&
	    slot_any(t, k + w, "初|十|廿|二十", NULL))
		m = 1, k += w;
	else if ((w = slot_any(t, k, "腊月", NULL)))
		m = 12, k += w;
	else if ((w = slot_any(t, k, "冬月", NULL)))
		m = 11, k += w;
	else if (named && (m = zh_month(t, k, &e)))
		k = e;
	if (!m && slot_at(t, k, "初") && slot_any_before(t, k, "月|年|最|当|起") == k)
		m = 1;
	if (!m || ((k += slot_at(t, k, "初")), !slot_whole(t, k, &n)) || n.milli % 1000)
		return false;
	day = (int)(n.milli / 1000);
	for (int step = -1; step < 3; step++) {
		int64_t at = slot_lunar(y + step, m, day);
		if (at >= r->today && at >= 0)
			return set_day(ret, n.e, at);
	}
	return false;
}

bool slot_date_zh(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	return zh_away(r, i, ret) || zh_lunar(r, i, ret) || zh_plain(r, i, ret) ||
	       zh_week(r, i, ret) || zh_month_step(r, i, ret) || zh_civil(r, i, ret) ||
	       zh_day_alone(r, i, ret);
}
