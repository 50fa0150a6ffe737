/* desk_promise.c: a proposal's free text held against its amount.
 *
 * The limit of who proposes is compared with the amount, but the customer hears the text: a text
 * that promises 500 with an amount of 50 would go around every limit. So all sums of money in the
 * text together, however they are written ("500 yuan", "五百块", "20 now and 30 next week"), may
 * not be more than the amount, and none may be in another currency: nobody knows here what it is
 * worth. The bot may not speak of percentages either, nor count more things than amount ("500
 * points"): of what they are is not known. A number that nothing tells the kind of is not seen.
 * Pure; any thread. */
#include "desk_tool.h"
#include "feel.h"

static bool is(const struct feel_slot *s, const char *type)
{
	return strcmp(s->type, type) == 0;
}

/* "12.50 CNY", of a range "100.00/200.00 CNY" the upper end, "3"; false: no number, or of a measure
 * ("50 kg"). code: the currency, of money. */
static bool sum_of(const struct feel_slot *s, double *ret, sv *code)
{
	sv rest = s->value, head, low;
	if (!sv_cut(&rest, ' ', &head) || (rest.n && !is(s, "money")))
		return false;
	*code = rest;
	(void)sv_cut(&head, '/', &low);
	return sv_f64(head.n ? head : low, ret) == 0;
}

/* No currency was said with it ("a refund of 20"): then it is the company's. */
static bool is_bare(sv said)
{
	for (size_t i = 0; i < said.n; i++)
		if (!said.p[i] || !strchr("0123456789.,kK -~", said.p[i]))
			return false;
	return true;
}

static const char over[] = "the text promises more than amount: put the whole sum into amount, or "
			   "take the number out of the text";

/* sum: of the money spoken of so far. */
static const char *slot_wrong(const struct feel_slot *s, sv text, const struct desk_promise *p,
			      double *sum)
{
	double x = 0;
	sv code = SV_NULL, said = sv_slice(text, s->start, s->end);
	if (is(s, "percent") && !p->staff)
		return "say the sum in amount: the text speaks of a percentage";
	if (is(s, "quantity") && !p->staff && sum_of(s, &x, &code))
		return x > p->amount + 0.004 ? over : NULL;
	if (!is(s, "money") || !sum_of(s, &x, &code))
		return NULL;
	*sum += x;
	if (!sv_eq(code, p->currency) && !is_bare(said))
		return "the text speaks of another currency than the company's: say it in that";
	return *sum > p->amount + 0.004 ? over : NULL;
}

/* The first two letters of a currency are its country's (ISO 4217): "$20" of an Australian company
 * are Australian dollars. */
const char *desk_promise_wrong(sv text, const struct desk_promise *p)
{
	const char country[3] = { p->currency.p[0], p->currency.p[1] };
	const struct feel_slot_ctx c = { .now_ms = p->now_ms, .tz_min = 480, .country = country };
	struct feel_slot *v = NULL;
	struct arena a;
	size_t n = 0;
	double sum = 0;
	const char *wrong = NULL;
	arena_init(&a, LIM_ARENA_BIG);
	if (feel_slots(text, &c, &a, &v, &n))
		wrong = "the text is too long to be checked against the amount";
	for (size_t i = 0; i < n && !wrong; i++)
		wrong = slot_wrong(&v[i], text, p, &sum);
	arena_done(&a);
	return wrong;
}
