/* guard_addr.c: postal addresses.
 *
 * Chinese: an anchor that only an address has (…路188号, 3栋2单元501室), stretched left over
 * the names of road, district, city and province, and right over building, floor and room.
 * English: house number, up to three name words, a street word; stretched over flat, city,
 * state and postcode. Pure functions, any thread.
 */
#include "guard_int.h"

#define LEFT_MAX 36     /* code points of province, city, district, road in front of the number */
#define PLACE_CHARS 6      /* code points of one place name */

/* ---- Chinese ---- */

static bool zh_num(uint32_t r)
{
	return guard_digit(r) || guard_in_set(r, "零〇一二三四五六七八九十百甲乙丙") ||
	       guard_alpha(r) || r == '-';
}

static bool road_end(uint32_t r)
{
	return guard_in_set(r, "路街道巷弄里胡同村庄苑园区城坊湾");
}

/* Signs that cannot be inside a place name: they belong to the sentence around it. */
static bool not_in_name(uint32_t r)
{
	return !guard_han(r) || guard_in_set(r, "是在到住寄送发往为成给的了您你我他她们把从去来"
						"请改换至址和跟就叫帮想要还说");
}

/* Is the sign in front of i outside a place name? Some of the signs above do begin names. */
static bool breaks_name(const struct guard_text *t, size_t i)
{
	uint32_t r = t->fold[i - 1];

	if (r == 0x5BB6 && i >= 2 && guard_in_set(t->fold[i - 2], "我你您他她在")) /* 我家 */
		return true;
	return not_in_name(r) && !guard_any_at(t, i - 1, "成都|成华|和平|和田|发展|从化|来宾|来安");
}

/* Length of number plus unit at i (188号, 7栋, 1201室), 0 when none. */
static size_t zh_unit(const struct guard_text *t, size_t i)
{
	size_t k = i;

	while (k - i < 6 && zh_num(t->fold[k]))
		k++;
	if (k == i)
		return 0;
	size_t n = guard_any_at(t, k, "号楼|号院|号|栋|幢|座|单元|室|层|楼|弄|户|门|组|队|房");
	if (!n || (t->fold[k] == 0x53F7 &&
		   guard_any_at(t, k,
				"号线|号码|号店|号机|号柜|号前|号之前|号以前|号后|号到|号送"
				"|号的快|号下午|号上午|号早|号晚|号发")))
		return 0;
	return k + n - i;
}

static size_t zh_right(const struct guard_text *t, size_t i)
{
	for (int part = 0; part < 8; part++) {
		size_t k = i, n;
		while (k < i + 2 && guard_in_set(t->fold[k], " ,，、"))
			k++;
		n = zh_unit(t, k);
		if (!n) { /* a name between number and building: 白鹭小区7栋 */
			size_t j = k;
			while (j < k + PLACE_CHARS && guard_han(t->fold[j]) &&
			       !not_in_name(t->fold[j]))
				j++;
			for (size_t m = k + 1; m <= j && !n; m++)
				if (guard_any_at(t, m - 1,
						 "小区|花园|公寓|大厦|广场|家园|新村|苑|城|府|"
						 "村|园区|中心") &&
				    zh_unit(t, m))
					n = m - k + zh_unit(t, m);
		}
		if (!n)
			break;
		i = k + n;
	}
	size_t k = i;
	while (guard_digit(t->fold[k]))
		k++;
	return k > i && k - i <= 4 && k - i >= 3 ? k : i; /* 3栋2单元501 */
}

/* Start of the names in front of at; at when there are none. */
static size_t zh_left(const struct guard_text *t, size_t at)
{
	size_t i = at, low = at > LEFT_MAX ? at - LEFT_MAX : 0;

	while (i > low) {
		bool gap = guard_in_set(t->fold[i - 1], " ,，、") && i >= 2 &&
			   guard_in_set(t->fold[i - 2], "省市区县镇乡路街道");
		if (!gap && breaks_name(t, i))
			break;
		i--;
	}
	return i;
}

static bool zh_anchor(const struct guard_text *t, size_t i, size_t *ret_end)
{
	size_t n = zh_unit(t, i), e;

	if (!n || (i > 0 && zh_num(t->fold[i - 1])))
		return false;
	if (i > 0 && road_end(t->fold[i - 1]) && !guard_in_set(t->fold[i + n - 1], "组队门")) {
		*ret_end = zh_right(t, i + n);
		return i > 1 && guard_han(t->fold[i - 2]);
	}
	size_t two = zh_unit(t, i + n);
	bool building = guard_any_at(t, i + n - 1, "栋|幢|座|楼|元");
	e = zh_right(t, i);
	if ((two && building) || (building && e > i + n)) {
		*ret_end = e;
		return true;
	}
	return false;
}

static void find_zh(const struct guard_text *t, struct guard_hits *h)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t e = 0;
		if (!zh_anchor(t, i, &e))
			continue;
		size_t s = zh_left(t, i);
		guard_hit_add(h, s, e, PII_ADDRESS, 6);
		i = e - 1;
	}
}

/* 家住/地址/寄到 + province or city + district, without a number. */
static void find_zh_cued(const struct guard_text *t, struct guard_hits *h)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t n = guard_any_at(
			t, i,
			"地址是|地址|地址改成|地址改为|寄到|送到|家住|住在|改到|收货地址是");
		if (!n)
			continue;
		size_t k = i + n, s, units = 0, e;
		while (guard_in_set(t->fold[k], " :：，,是改成为到"))
			k++;
		s = e = k;
		while (k < s + LEFT_MAX && guard_han(t->fold[k]) && !not_in_name(t->fold[k])) {
			if (guard_in_set(t->fold[k], "省市区县镇乡路街村里巷")) {
				units += k > s + 1;
				e = k + 1;
			}
			k++;
		}
		if (units >= 2)
			guard_hit_add(h, s, e, PII_ADDRESS, 3);
	}
}

/* ---- English ---- */

static const char *const street_sure =
	"street|road|avenue|ave|lane|boulevard|blvd|crescent|highway|hwy|parkway|"
	"terrace|gardens|rd|ln|mews";
static const char *const street_maybe =
	"st|dr|drive|court|ct|way|place|pl|square|row|close|hill|grove|walk|park|"
	"trail|circle|alley|loop|strasse|gate";
static const char *const not_names =
	"the|a|an|of|on|in|at|to|for|from|days|day|minutes|minute|hours|km|miles|more|and|"
	"or|is|are|was|down|off|by|with|this|that|my|your|our|it|we|i|you|pieces|items|"
	"per|people|cars|years|months|weeks|metres|meters|yuan|cny|percent|times|wrong|please|"
	"can|"
	"which|because|but|so|not|if|when|where|he|she|they|am|pm|tomorrow|today|has|have";

static size_t en_word(const struct guard_text *t, size_t i)
{
	size_t k = i;

	while (guard_alpha(t->fold[k]) || (t->fold[k] > 0xDF && t->fold[k] < 0x2000) ||
	       t->fold[k] == '\'' || t->fold[k] == 0x2019)
		k++;
	return k - i;
}

static bool capital(const struct guard_text *t, size_t i)
{
	return t->raw[i] != t->fold[i];
}

/* House number, name words, street word at i: its end or i. */
static size_t en_street(const struct guard_text *t, size_t i)
{
	size_t k = i, n = 0;

	while (guard_digit(t->fold[k]) && k - i < 6)
		k++;
	if (guard_alpha(t->fold[k]) && !guard_word(t->fold[k + 1]))
		k++; /* 12b */
	if (t->fold[k] == '-' && guard_digit(t->fold[k + 1]))
		for (k++; guard_digit(t->fold[k]);)
			k++;
	bool caps = true;
	for (int words = 0; words < 5; words++) {
		if (t->fold[k] != ' ' && !(t->fold[k] == '.' && t->fold[k + 1] == ' '))
			return i;
		k += t->fold[k] == '.' ? 2 : 1;
		n = en_word(t, k);
		if (words > 0 &&
		    (guard_any_at(t, k, street_sure) == n ||
		     (caps && guard_any_at(t, k, street_maybe) == n)) &&
		    n)
			return k + n;
		if (!n && guard_digit(t->fold[k]) &&
		    words < 2) { /* "23 8 wressle road", "5 42nd street" */
			while (guard_word(t->fold[k]))
				k++;
			continue;
		}
		if (!n || guard_any_at(t, k, not_names) == n)
			return i;
		caps = caps && capital(t, k);
		k += n;
	}
	return i;
}

static size_t gap(const struct guard_text *t, size_t i)
{
	size_t k = i;

	while (k < i + 8 && guard_in_set(t->fold[k], " ,.\n"))
		k++;
	return k;
}

/* "Apt 5", "Suite 771", "Room 2204", "Building 16", "Flat B": length or 0. */
static size_t en_unit(const struct guard_text *t, size_t i)
{
	size_t n = guard_any_at(t, i,
				"apt|apartment|suite|ste|room|rm|unit|flat|building|bldg|block|"
				"floor|tower|no|po box|"
				"p.o. box");
	size_t k = i + n;

	if (!n && t->fold[i] == '#')
		k = i + 1;
	else if (!n)
		return 0;
	while (t->fold[k] == ' ' || t->fold[k] == '.' || t->fold[k] == '#')
		k++;
	size_t s = k;
	while (guard_word(t->fold[k]) && k - s < 6)
		k++;
	bool digit = false;
	for (size_t j = s; j < k; j++)
		digit = digit || guard_digit(t->fold[j]);
	return k > s && (digit || k - s == 1) ? k - i : 0;
}

static size_t en_postcode(const struct guard_text *t, size_t i)
{
	size_t n = 0, k = i;

	while (guard_digit(t->fold[k + n]) && n < 7)
		n++;
	if (n >= 4 && n <= 6 && !guard_word(t->fold[k + n])) {
		k += n;
		if (t->fold[k] == '-' && guard_digit(t->fold[k + 1]))
			for (k++; guard_digit(t->fold[k]);)
				k++;
		return k - i;
	}
	size_t a = 0;
	while (guard_word(t->fold[i + a]) && a < 5)
		a++;
	bool uk = a >= 2 && a <= 4 && guard_alpha(t->fold[i]) && t->fold[i + a] == ' ' &&
		  guard_digit(t->fold[i + a + 1]) && guard_alpha(t->fold[i + a + 2]) &&
		  guard_alpha(t->fold[i + a + 3]) && !guard_word(t->fold[i + a + 4]);
	return uk ? a + 4 : 0;
}

static size_t en_right(const struct guard_text *t, size_t e)
{
	for (int part = 0, places = 0; part < 8; part++) {
		size_t k = gap(t, e), n;
		if (k >= t->n)
			break;
		n = en_unit(t, k);
		n = n ? n : en_postcode(t, k);
		if (!n && places < 4 && capital(t, k) && k > e &&
		    !(t->fold[e] == '.' && t->fold[e + 1] == ' ')) {
			n = en_word(t, k);
			places++;
			if (guard_any_at(t, k, not_names) == n)
				n = 0;
		}
		if (!n)
			break;
		e = k + n;
	}
	return e;
}

/* "Room 2204, Building 16, " in front of the house number. */
static size_t en_left(const struct guard_text *t, size_t s)
{
	for (int part = 0; part < 3; part++) {
		size_t best = s;
		for (size_t back = 4; back <= 18 && back <= s; back++) {
			size_t i = s - back, n;
			if (i > 0 && guard_word(t->fold[i - 1]))
				continue;
			n = en_unit(t, i);
			if (n && gap(t, i + n) == s)
				best = i;
		}
		if (best == s)
			break;
		s = best;
	}
	return s;
}

static void find_en(const struct guard_text *t, struct guard_hits *h)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t e = i;
		if (i > 0 &&
		    (guard_word(t->fold[i - 1]) || guard_in_set(t->fold[i - 1], "$€£¥.-/")))
			continue;
		if (guard_digit(t->fold[i])) {
			e = en_street(t, i);
		} else if (t->fold[i] == 'p') {
			size_t n = guard_any_at(t, i, "po box|p.o. box");
			e = n ? i + en_unit(t, i) : i;
		}
		if (e <= i)
			continue;
		size_t s = en_left(t, i);
		e = en_right(t, e);
		guard_hit_add(h, s, e, PII_ADDRESS, 6);
		i = e - 1;
	}
}

/* One word or number of a cued address at i, or 0. */
static size_t en_token(const struct guard_text *t, size_t i, bool *ret_digit)
{
	size_t k = i;

	while (guard_word(t->fold[k]) ||
	       ((t->fold[k] == '-' || t->fold[k] == '/' || t->fold[k] == '\'') &&
		guard_word(t->fold[k + 1]) && k > i)) {
		*ret_digit = *ret_digit || guard_digit(t->fold[k]);
		k++;
	}
	return k - i > 0 && guard_any_at(t, i, not_names) == k - i ? 0 : k - i;
}

/* Behind "address is", "lives at": words and numbers up to the first word of the sentence
 * around. */
static void find_en_cued(const struct guard_text *t, struct guard_hits *h)
{
	static const char *const cues =
		"address is|address:|address to|live at|lives at|living at|address with|my "
		"address|meet me at|"
		"his address:|her address:|deliver to|deliver it to|ship to|ship it to|send it "
		"to|moved to|office is at";

	for (size_t i = 0; i < t->n; i++) {
		size_t n = t->fold[i] < 0x80 ? guard_any_at(t, i, cues) : 0, k = i + n, s, e;
		bool digit = false;
		if (!n || (i > 0 && guard_word(t->fold[i - 1])))
			continue;
		while (k < i + n + 8 && guard_in_set(t->fold[k], " :,\n"))
			k++;
		s = e = k;
		for (int words = 0; words < 16; words++) {
			size_t m = en_token(t, k, &digit);
			if (!m)
				break;
			e = k += m;
			while (k < e + 8 && guard_in_set(t->fold[k], " ,.#\n>"))
				k++;
			if (k > e && t->fold[e] == '.' && !digit)
				break;
		}
		bool words = false;
		for (size_t j = s; j < e; j++)
			words = words || (guard_alpha(t->fold[j]) && guard_alpha(t->fold[j + 1]));
		if (digit && words)
			guard_hit_add(h, s, e, PII_ADDRESS, 3);
	}
}

void guard_find_address(const struct guard_text *t, struct guard_hits *h)
{
	find_zh(t, h);
	find_zh_cued(t, h);
	find_en(t, h);
	find_en_cued(t, h);
}
