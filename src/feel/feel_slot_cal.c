/* feel_slot_cal.c: the calendar: days, weekdays, feasts, the Chinese calendar of 2000 to 2059.
 *
 * Day numbers count from 1970-01-01. Civil dates follow H. Hinnant, "chrono-compatible low-level
 * date algorithms"; Easter the anonymous Gregorian rule (Nature, 1876). The table of Chinese years
 * follows GB/T 33661-2017 as the Hong Kong Observatory publishes it. Pure functions, any thread.
 */
#include "feel_slot.h"

int64_t slot_days(int y, int m, int d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void slot_civil(int64_t days, int *y, int *m, int *d)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

int slot_month_len(int y, int m)
{
	static const char len[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m >= 1 && m <= 12 ? len[m - 1] + (m == 2 && leap) : 0;
}

int slot_weekday(int64_t days)
{
	return (int)(((days + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

/* ---- Chinese years ---- */

#define LUNAR_FIRST 2000
#define LUNAR_YEARS 60

/* First day counted from 1 January, leap month or 0, bit i = month i has 30 days. */
static const struct {
	uint8_t start, leap;
	uint16_t long_months;
} lunar[LUNAR_YEARS] = {
	{ 35, 0, 0x0693 }, { 23, 4, 0x152b }, { 42, 0, 0x052b }, { 31, 0, 0x0a5b },
	{ 21, 2, 0x155a }, { 39, 0, 0x056a }, { 28, 7, 0x1b55 }, { 48, 0, 0x0ba4 },
	{ 37, 0, 0x0b49 }, { 25, 5, 0x1a93 }, { 44, 0, 0x0a95 }, { 33, 0, 0x052d },
	{ 22, 4, 0x0aad }, { 40, 0, 0x0ab5 }, { 30, 9, 0x15aa }, { 49, 0, 0x05d2 },
	{ 38, 0, 0x0da5 }, { 27, 6, 0x1d4a }, { 46, 0, 0x0d4a }, { 35, 0, 0x0c95 },
	{ 24, 4, 0x152e }, { 42, 0, 0x0556 }, { 31, 0, 0x0ab5 }, { 21, 2, 0x15b2 },
	{ 40, 0, 0x06d2 }, { 28, 6, 0x0ea5 }, { 47, 0, 0x0725 }, { 36, 0, 0x064b },
	{ 25, 5, 0x0c97 }, { 43, 0, 0x0cab }, { 33, 0, 0x055a }, { 22, 3, 0x0ad6 },
	{ 41, 0, 0x0b69 }, { 30, 11, 0x1752 }, { 49, 0, 0x0b52 }, { 38, 0, 0x0b25 },
	{ 27, 6, 0x1a4b }, { 45, 0, 0x0a4b }, { 34, 0, 0x04ab }, { 23, 5, 0x055b },
	{ 42, 0, 0x05ad }, { 31, 0, 0x0b6a }, { 21, 2, 0x1b52 }, { 40, 0, 0x0d92 },
	{ 29, 7, 0x1d25 }, { 47, 0, 0x0d25 }, { 36, 0, 0x0a55 }, { 25, 5, 0x14ad },
	{ 44, 0, 0x04b6 }, { 32, 0, 0x05b5 }, { 22, 3, 0x0daa }, { 41, 0, 0x0ec9 },
	{ 31, 8, 0x1e92 }, { 49, 0, 0x0e92 }, { 38, 0, 0x0d26 }, { 27, 6, 0x0a56 },
	{ 45, 0, 0x0a57 }, { 34, 0, 0x0556 }, { 23, 4, 0x06d5 }, { 42, 0, 0x0755 },
};

int64_t slot_lunar(int year, int month, int day)
{
	if (year < LUNAR_FIRST || year >= LUNAR_FIRST + LUNAR_YEARS || month < 1 || month > 13 ||
	    day < 1 || day > 30)
		return -1;
	int at = month - 1 +
		 (lunar[year - LUNAR_FIRST].leap && month > lunar[year - LUNAR_FIRST].leap);
	int64_t d = slot_days(year, 1, 1) + lunar[year - LUNAR_FIRST].start;

	for (int i = 0; i < at; i++)
		d += 29 + ((lunar[year - LUNAR_FIRST].long_months >> i) & 1);
	return d + day - 1;
}

int64_t slot_lunar_eve(int year)
{
	int64_t next = slot_lunar(year, 13, 1);

	return next < 0 ? -1 : next - 1;
}

/* ---- feasts ---- */

const struct slot_feast slot_feasts[] = {
	{ "除夕|大年三十|年三十|年夜|lunar new year's eve|chinese new year's eve", 'e', 0, 0,
	  0 },
	{ "春节|大年初一|chinese new year|lunar new year|spring festival", 'l', 1, 1, 0 },
	{ "元宵节|元宵|正月十五|lantern festival", 'l', 1, 15, 0 },
	{ "端午节|端午|dragon boat festival", 'l', 5, 5, 0 },
	{ "七夕节|七夕|qixi", 'l', 7, 7, 0 },
	{ "中秋节|中秋|八月十五|mid-autumn festival|mid autumn festival|moon festival", 'l', 8,
	  15, 0 },
	{ "重阳节|重阳", 'l', 9, 9, 0 },
	{ "腊八节|腊八", 'l', 12, 8, 0 },
	{ "清明节|清明|qingming", 'c', 0, 0, 0 },
	{ "元旦|new year's day|new years day", 'g', 1, 1, 0 },
	{ "情人节|valentine's day|valentines day|valentine's", 'g', 2, 14, 0 },
	{ "三八节|妇女节|women's day", 'g', 3, 8, 0 },
	{ "五一劳动节|五一节|五一|劳动节", 'g', 5, 1, 0 },
	{ "六一儿童节|六一|儿童节", 'g', 6, 1, 0 },
	{ "国庆节|国庆|十一国庆|national day", 'g', 10, 1, 0 },
	{ "双十一|双11|singles' day|singles day", 'g', 11, 11, 0 },
	{ "双十二|双12", 'g', 12, 12, 0 },
	{ "平安夜|christmas eve", 'g', 12, 24, 0 },
	{ "圣诞节|圣诞|christmas day|christmas|xmas", 'g', 12, 25, 0 },
	{ "boxing day", 'g', 12, 26, 0 },
	{ "跨年夜|new year's eve|new years eve", 'g', 12, 31, 0 },
	{ "halloween|万圣节", 'g', 10, 31, 0 },
	{ "independence day|fourth of july|4th of july", 'g', 7, 4, 0 },
	{ "母亲节|mother's day|mothers day", 'n', 5, 6, 2 },
	{ "父亲节|father's day|fathers day", 'n', 6, 6, 3 },
	{ "labor day", 'n', 9, 0, 1 },
	{ "感恩节|thanksgiving day|thanksgiving", 'n', 11, 3, 4 },
	{ "黑色星期五|黑五|black friday", 'b', 0, 0, 0 },
	{ "复活节|easter sunday|easter", 's', 0, 0, 0 },
	{ "good friday", 's', -2, 0, 0 },
	{ "easter monday", 's', 1, 0, 0 },
	{ NULL, 0, 0, 0, 0 },
};

static int64_t easter(int y)
{
	int a = y % 19, b = y / 100, c = y % 100, d = b / 4, e = b % 4, f = (b + 8) / 25;
	int g = (b - f + 1) / 3, h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4;
	int l = (32 + 2 * e + 2 * i - h - k) % 7, m = (a + 11 * h + 22 * l) / 451;

	return slot_days(y, (h + l - 7 * m + 114) / 31, (h + l - 7 * m + 114) % 31 + 1);
}

static int64_t nth_weekday(int y, int m, int weekday, int nth)
{
	int64_t first = slot_days(y, m, 1);

	return first + (weekday - slot_weekday(first) + 7) % 7 + (nth - 1) * 7;
}

/* The solar term Qingming, valid for 2000 to 2099: [Y*D + C] - L with D 0.2422, C 4.81. */
static int qingming(int y)
{
	int yy = y % 100;

	return (int)(yy * 0.2422 + 4.81) - yy / 4;
}

int64_t slot_feast_day(const struct slot_feast *f, int year)
{
	switch (f->kind) {
	case 'g':
		return slot_days(year, f->a, f->b);
	case 'l':
		return slot_lunar(year, f->a, f->b);
	case 'e':
		return slot_lunar_eve(year);
	case 'n':
		return nth_weekday(year, f->a, f->b, f->c);
	case 'b':
		return nth_weekday(year, 11, 3, 4) + 1;
	case 's':
		return easter(year) + f->a;
	case 'c':
		return year >= 2000 && year < 2100 ? slot_days(year, 4, qingming(year)) : -1;
	default:
		return -1;
	}
}
