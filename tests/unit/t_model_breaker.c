/* t_model_breaker.c: the circuit breaker of remote engines on a clock of its own. */
#include "t.h"
#include "../../src/model/breaker.h"

static void fail(struct breaker *b, int64_t now, int n)
{
	while (n-- > 0)
		breaker_told(b, now, false, false);
}

TEST(breaker_opens_at_the_third_failure_in_a_row)
{
	struct breaker b = { 0 };
	fail(&b, 0, 2);
	breaker_told(&b, 0, false, true);
	fail(&b, 0, 2);
	CHECK(breaker_passes(&b, 0));
	fail(&b, 0, 1);
	CHECK(!breaker_passes(&b, 1999));
	CHECK(breaker_passes(&b, 2000));
}

TEST(breaker_lets_one_probe_through)
{
	struct breaker b = { 0 };
	CHECK(!breaker_take(&b));
	fail(&b, 0, 3);
	CHECK(breaker_take(&b));
	CHECK(!breaker_passes(&b, 2500));
	breaker_let_go(&b, false);   /* another's end */
	CHECK(!breaker_passes(&b, 2500));
	breaker_let_go(&b, true);    /* cancelled: the next one probes */
	CHECK(breaker_passes(&b, 2500));
	CHECK(breaker_take(&b));
	breaker_told(&b, 2600, true, true);
	CHECK(!b.open && !b.failures && breaker_passes(&b, 2600));
}

TEST(breaker_waits_twice_as_long_after_each_probe_up_to_8_s)
{
	static const int64_t waits[] = { 2000, 4000, 8000, 8000 };
	struct breaker b = { 0 };
	int64_t now = 0;
	fail(&b, now, 3);
	for (size_t i = 0; i < 4; i++) {
		CHECK(!breaker_passes(&b, now + waits[i] - 1));
		now += waits[i];
		CHECK(breaker_passes(&b, now));
		breaker_told(&b, now, breaker_take(&b), false);
	}
}

TEST(breaker_is_not_lengthened_by_those_under_way)
{
	struct breaker b = { 0 };
	fail(&b, 0, 3);
	fail(&b, 1500, 40);
	CHECK(breaker_passes(&b, 2000));
}
