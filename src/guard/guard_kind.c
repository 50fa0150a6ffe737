/* guard_kind.c: what a row of digits can be: check sums and number plans, without context.
 *
 * Sources: GB 11643-1999 (identity numbers, ISO 7064 mod 11-2), ISO/IEC 7812-1 (Luhn), the Chinese
 * numbering plan (mobile 1[3-9]x, area codes 010, 02x, 03xx-09xx). Pure functions, any thread.
 */
#include "guard_int.h"

bool guard_luhn(const char *d, size_t n)
{
	int sum = 0;
	bool same = true;

	for (size_t i = 0; i < n; i++) {
		int v = d[n - 1 - i] - '0';
		if (i % 2)
			v = v > 4 ? v * 2 - 9 : v * 2;
		sum += v;
		same = same && d[i] == d[0];
	}
	return sum % 10 == 0 && !same;
}

static int two(const char *d)
{
	return (d[0] - '0') * 10 + d[1] - '0';
}

static bool day_ok(const char *mmdd)
{
	int m = two(mmdd), d = two(mmdd + 2);

	return m >= 1 && m <= 12 && d >= 1 && d <= 31;
}

/* GB/T 2260: provinces 11-15 21-23 31-37 41-46 50-54 61-65 71 81 82. */
static bool province_ok(const char *d)
{
	static const char ends[10] = { 0, 5, 3, 7, 6, 4, 5, 1, 2, 0 };
	int tens = d[0] - '0', ones = d[1] - '0';

	return ones <= ends[tens] && (ones > 0 || tens == 5) && ends[tens] > 0;
}

bool guard_id18(const char *d, bool strict)
{
	static const int weight[17] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
	int sum = 0, century = two(d + 6);

	if (!province_ok(d) || century < 18 || century > 20 || !day_ok(d + 10))
		return false;
	for (int i = 0; i < 17; i++)
		sum += (d[i] - '0') * weight[i];
	return !strict || d[17] == "10x98765432"[sum % 11];
}

bool guard_id15(const char *d)
{
	return province_ok(d) && day_ok(d + 8);
}

bool guard_cn_mobile(const char *d, size_t n)
{
	return n == 11 && d[0] == '1' && d[1] >= '3';
}

bool guard_cn_landline(const char *d, size_t n)
{
	if (n < 10 || n > 12 || d[0] != '0' || d[1] == '0')
		return false;
	if (d[1] == '1')
		return d[2] == '0' && n == 11 && d[3] >= '2';
	if (d[1] == '2')
		return n == 11 && d[3] >= '2';
	return (n == 11 || n == 12) && d[4] >= '2';
}
