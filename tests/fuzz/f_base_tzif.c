/* f_base_tzif.c: any bytes are either a time zone or refused with words; in a zone every moment
 * lies inside its stretch, and local time leads back to a moment with the same clock, or to the
 * end of a gap. The corpus is from the public-domain tz database. */
#include "base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct cal_zone *z, int64_t ms)
{
	int64_t from, to;
	struct cal_time t, u;
	int32_t off = cal_offset(z, ms, &from, &to);

	ASSERT(from <= ms && ms < to && off >= -93600 && off <= 93600);
	cal_local(z, ms, &t);
	ASSERT(t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= 31 && t.weekday >= 1 &&
	       t.weekday <= 7 && t.offset_s == off);
	int64_t back = cal_instant(z, &t);
	cal_local(z, back, &u);
	ASSERT(back <= ms && (u.minute != t.minute || u.second == t.second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cal_zone *z = NULL;
	struct err e = { 0 };

	if (cal_zone_parse(&z, SV("f"), sv_n((const char *)data, size), &e)) {
		ASSERT(!z && e.msg[0]);
		return 0;
	}
	for (int64_t ms = INT64_C(-3000000000123); ms < INT64_C(9000000000000);
	     ms += INT64_C(86400000) * 911 + 7654321)
		look(z, ms);
	obj_unref(z);
	return 0;
}
