/* desk_promise.c: a proposal's free text held against its amount.
 *
 * The limit of who proposes is compared with the amount, but the customer hears the text: a text
 * that promises 500 with an amount of 50 would go around every limit. So no sum of money in the
 * text, however it is written ("500 yuan", "五百块", "$500"), may be more than the amount. The bot
 * may not speak of percentages or bare numbers above it either: of what they are is not known here.
 * Pure; any thread. */
#include "desk_tool.h"
#include "feel.h"

static bool is(const struct feel_slot *s, const char *type)
{
	return strcmp(s->type, type) == 0;
}

/* "12.50 CNY", of a range "100.00/200.00 CNY" the upper end, "3"; false: no number, or of a measure
 * ("50 kg"). */
static bool sum_of(const struct feel_slot *s, double *ret)
{
	sv rest = s->value, head, low;
	if (!sv_cut(&rest, ' ', &head) || (rest.n && !is(s, "money")))
		return false;
	(void)sv_cut(&head, '/', &low);
	return sv_f64(head.n ? head : low, ret) == 0;
}

const char *desk_promise_wrong(sv text, double amount, bool staff, int64_t now_ms)
{
	const struct feel_slot_ctx c = { .now_ms = now_ms, .tz_min = 480, .country = "CN" };
	struct feel_slot *v = NULL;
	struct arena a;
	size_t n = 0;
	const char *wrong = NULL;
	arena_init(&a, LIM_ARENA_BIG);
	if (feel_slots(text, &c, &a, &v, &n))
		wrong = "the text is too long to be checked against the amount";
	for (size_t i = 0; i < n && !wrong; i++) {
		double x = 0;
		bool money = is(&v[i], "money"), bare = !staff && is(&v[i], "quantity");
		if (!staff && is(&v[i], "percent"))
			wrong = "say the sum in amount: the text speaks of a percentage";
		else if ((money || bare) && sum_of(&v[i], &x) && x > amount + 0.004)
			wrong = "the text promises more than amount: put the whole sum into "
				"amount, or take the number out of the text";
	}
	arena_done(&a);
	return wrong;
}
