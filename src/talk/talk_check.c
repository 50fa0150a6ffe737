/* talk_check.c: who the customer is, when an action needs to know: the order number and the last
 * four digits of its telephone number, or a code that was sent.
 *
 * It begins when a call comes back with VERIFY and ends with the same call, asked again with the
 * same key. Only the tools of identity (cust.h) can raise the level; words never do. What the
 * customer says beside it is answered and leads back. After three checks that failed in one
 * conversation a person takes over. Pure like the rest of the core. */
#include "talk_core.h"
#include "cust.h"

#include <stdio.h>

#define TRIES_MAX 3
#define LAST_DIGITS 4
#define CODE_DIGITS 6
#define ORDER_DIGITS_LEAST 6
#define CASE_DIGITS 8                /* of a complaint */

static bool says_cjk(sv s)
{
	while (s.n)
		if (sv_is_cjk(sv_rune(&s)))
			return true;
	return false;
}

static const struct tool_decl *decl_of(const struct talk_core *c)
{
	return c->box && c->svc.name ? tool_box_find(c->box, sv_of(c->svc.name)) : NULL;
}

/* The action is about a complaint or ticket, which has a number of its own. */
static bool of_case(const struct talk_core *c)
{
	const struct tool_decl *d = decl_of(c);
	const jv *has = d ? jv_get(d->schema, "properties") : NULL;
	return jv_get(has, "number") && !jv_get(has, "order");
}

/* What is asked for was left with a complaint or ticket, not with an order. */
static bool is_case(const char *number)
{
	char kept[CUST_CASE_MAX];
	return number && cust_case_number(sv_of(number), kept);
}

sv talk_check_question(struct talk_core *c)
{
	static const char *const keys[] = { "check_order", "check_digits", "check_code" };
	const struct talk_service *s = &c->svc;
	if (s->asks == ASKS_ORDER && of_case(c))
		return talk_own(c, "check_case");
	if (s->asks == ASKS_DIGITS && is_case(s->order))
		return talk_own(c, "check_contact");
	return talk_own(c, keys[s->asks]);
}

/* Nobody speaks: it may be asked at once. Else it is led back to. */
static void ask(struct talk_core *c, sv before, struct arena *a, struct talk_acts *acts)
{
	sv q = talk_check_question(c);
	if (before.n)
		q = sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(before), talk_gap(c), SV_ARG(q)));
	c->svc.waits = WAITS_WHO;
	if (talk_at_once(c))
		talk_service_reply(c, q, POL_CLARIFY, a, acts);
	else
		talk_news(c, before, false);
}

static void send_code(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	c->svc.asks = ASKS_CODE;
	talk_tool_check(c, SV("code_send"), SV("{}"), a, acts);
}

/* The order that the action is about is the one that is asked for. */
static void order_from_args(struct talk_core *c)
{
	struct talk_service *s = &c->svc;
	jv *args = jv_parse(sv_of(s->args), NULL);
	sv number = jv_get_str(args, "order");
	talk_set(&s->order, number.n ? number : jv_get_str(args, "number"));
	jv_free(args);
}

static void failed_for_good(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	talk_service_drop(c);
	talk_act_record(c, acts, "check.failed", "system",
			sv_of(arena_fmt(a, "{\"tries\":%d}", c->svc.tries)));
	if (!talk_at_once(c)) {
		talk_news(c, talk_own(c, "check_failed"), false);
		return;
	}
	struct talk_got g = { .say = talk_own(c, "check_failed_moves") };
	if (c->svc.whose == FOR_FLOW && talk_flow_got(c, "unverified", &g, true, a, acts))
		return;
	sv where = talk_own(c, talk_hand_over(c, "check_failed"));
	bool moves = c->move == MOVE_WANTED;
	sv text = moves ? sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT,
					  SV_ARG(talk_own(c, "check_failed_moves")), talk_gap(c),
					  SV_ARG(where))) :
			  where;
	talk_reply(c, &(struct talk_reply){ .text = text, .action = POL_HANDOFF }, a, acts);
}

static bool takes(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts);
static void look(struct talk_core *c, const char *name, const char *k1, sv v1, const char *k2,
		 sv v2, struct arena *a, struct talk_acts *acts);

#define GAP_RUNES 6
#define YEAR_NUMBER 10               /* digits of a number that begins with its year */
#define UNIT_BYTES 8                 /* behind a row: "元", " yuan", "-05" */

/* No sum, date or part of something longer: from..to are the digits with the mark before them. */
static bool is_bare_row(sv text, size_t from, size_t to)
{
	char row[32];
	size_t end = to;
	while (end < text.n && end < to + UNIT_BYTES &&
	       !(text.p[end] >= '0' && text.p[end] <= '9' && text.p[end - 1] == ' '))
		end++;
	return flow_row(sv_slice(text, from, end), LAST_DIGITS, row);
}

/* Where in text the number of an order ends, with the digits of its telephone right behind it
 * ("HH2026-100432 1814"): their place, or -1. */
static ptrdiff_t beside_order(sv text)
{
	for (size_t at = 0; at + ORDER_DIGITS_LEAST < text.n; at++) {
		size_t n = 0, gap, d = 0;
		while (at + n < text.n && text.p[at + n] >= '0' && text.p[at + n] <= '9')
			n++;
		gap = at + n;
		while (n >= ORDER_DIGITS_LEAST && gap < text.n &&
		       (strchr(" ,;/", text.p[gap]) || (unsigned char)text.p[gap] >= 0x80))
			gap++;
		while (gap + d < text.n && text.p[gap + d] >= '0' && text.p[gap + d] <= '9')
			d++;
		bool ends = gap + d == text.n || !talk_latin(text.p[gap + d]);
		sv between = sv_slice(text, at + n, gap);
		bool mark = between.n && sv_runes(between) <= GAP_RUNES && !says_cjk(between);
		if (n >= ORDER_DIGITS_LEAST && d == LAST_DIGITS && mark && ends &&
		    is_bare_row(text, at + n, gap + d))
			return (ptrdiff_t)gap;
		at += n;
	}
	return -1;
}

/* Where four digits of the telephone stand that nobody asked for: behind an order's number, or
 * alone while an order is at hand and no other figure is asked for; -1. */
static ptrdiff_t told_at(const struct talk_core *c, sv text)
{
	ptrdiff_t at = beside_order(text);
	sv bare = sv_trim(text);
	bool alone = c->flow && flow_asks_for(c->flow) != FLOW_ASKS_FIGURE &&
		     c->svc.waits == WAITS_NOTHING && c->svc.level < TOOL_KNOWN &&
		     bare.n == LAST_DIGITS && jv_get_str(flow_slots(c->flow), "order").n;
	for (size_t i = 0; alone && i < bare.n; i++)
		alone = bare.p[i] >= '0' && bare.p[i] <= '9';
	return at < 0 && alone ? bare.p - text.p : at;
}

void talk_check_overhear(struct talk_core *c, sv text)
{
	ptrdiff_t at = c->svc.level >= TOOL_KNOWN ? -1 : told_at(c, text);
	if (at >= 0)
		(void)snprintf(c->svc.told, sizeof(c->svc.told), "%.4s", text.p + at);
}

/* They were told before they were asked for; tried once. */
static bool told_before(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	sv digits = arena_sv(a, sv_of(c->svc.told));
	c->svc.told[0] = '\0';
	if (!digits.n || !c->svc.order || c->svc.call)
		return false;
	look(c, "identify", "order", sv_of(c->svc.order), "phone_last4", digits, a, acts);
	return true;
}

static bool names_last(sv text)
{
	static const sv ends[] = {
		SV("last four|last 4|last digits|ends in|ends with|ending in|ending with"),
		SV("后四位|后4位|尾号|末四位|最后四位"),
	};
	bool says[2] = { false };
	feel_says(text, ends, 2, says);
	return says[0] || says[1];
}

/* The digits stand in the words that began it: "cancel HH2026-100367, the number ends in 1370". */
static bool told_already(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (!c->in_turn || c->svc.call || !c->svc.order || !c->t.text.n)
		return false;
	return names_last(c->t.text) && takes(c, c->t.text, a, acts);
}

void talk_check_begin(struct talk_core *c, enum tool_level need, struct arena *a,
		      struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	s->need = need;
	s->waits = WAITS_WHO;
	s->unclear = 0;
	if (s->tries >= TRIES_MAX) {
		failed_for_good(c, a, acts);
		return;
	}
	order_from_args(c);
	if (need == TOOL_PROVEN && s->level >= TOOL_KNOWN && c->in_turn) {
		send_code(c, a, acts);
		return;
	}
	s->asks = s->order ? ASKS_DIGITS : ASKS_ORDER;
	if (told_already(c, a, acts) || told_before(c, a, acts))
		return;
	ask(c, talk_own(c, s->tries ? "" : "check_why"), a, acts);
}

/* ---- what came of a check ---- */

static void failed_once(struct talk_core *c, const struct talk_got *g, struct arena *a,
			struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	if (g->outcome == TOOL_DENIED || ++s->tries >= TRIES_MAX) {
		failed_for_good(c, a, acts);
		return;
	}
	order_from_args(c);
	if (s->asks != ASKS_CODE)
		s->asks = s->order ? ASKS_DIGITS : ASKS_ORDER;
	ask(c, g->say.n ? arena_sv(a, g->say) : talk_own(c, "check_wrong"), a, acts);
}

/* The action that waited, or what an earlier conversation left. */
static void known(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (c->svc.whose != FOR_PAST)
		talk_tool_again(c, a, acts);
	else if (talk_at_once(c))
		talk_where_go(c, a, acts);
}

/* A complaint or ticket was opened by what was left with it: who the customer is stays open, the
 * action goes on where that is enough. */
static bool opened_case(const struct talk_core *c, const struct talk_got *g)
{
	const struct tool_decl *d = decl_of(c);
	if (g->outcome != TOOL_DONE || !is_case(c->svc.order) || !d || d->level > TOOL_NOBODY)
		return false;
	jv *body = jv_parse(g->body, NULL);
	bool ok = jv_get_bool(body, "identified", false);
	jv_free(body);
	return ok;
}

void talk_check_got(struct talk_core *c, const struct talk_got *g, struct arena *a,
		    struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	bool sent = sv_eq(g->name, SV("code_send"));
	if (s->level < TOOL_KNOWN && opened_case(c, g)) {
		known(c, a, acts);
	} else if (g->outcome != TOOL_DONE || (!sent && s->level < TOOL_KNOWN)) {
		failed_once(c, g, a, acts);
	} else if (sent) {
		ask(c, arena_sv(a, g->say), a, acts);
	} else if (s->level >= s->need) {
		known(c, a, acts);
	} else if (s->need == TOOL_PROVEN && s->asks != ASKS_CODE) {
		send_code(c, a, acts);
	} else {
		failed_once(c, g, a, acts);
	}
}

/* ---- the customer's words ---- */

/* "HH2026-100123" among the slots of the words; or a long row of digits, keyed or spoken. */
static sv order_in(struct talk_core *c, sv text, struct arena *a)
{
	jv *slots = jv_parse(c->t.slots, NULL);
	sv found = SV_NULL;
	char d[24];
	for (size_t i = 0; i < jv_len(slots) && !found.n; i++)
		if (sv_eq(jv_get_str(jv_at(slots, i), "type"), SV("order_number")))
			found = arena_sv(a, jv_get_str(jv_at(slots, i), "value"));
	jv_free(slots);
	if (found.n)
		return found;
	int n = talk_digits(text, d, sizeof(d));
	char row[32];
	if (n == CASE_DIGITS && of_case(c))
		return sv_of(arena_fmt(a, "C" SV_FMT, n, d));
	bool year = n == YEAR_NUMBER && d[0] == '2' && d[1] == '0';  /* "HH 2026 100364" */
	if (!year && flow_row(text, ORDER_DIGITS_LEAST, row))
		return arena_sv(a, sv_of(row));
	return n >= ORDER_DIGITS_LEAST ? arena_sv(a, sv_n(d, (size_t)n)) : SV_NULL;
}

static sv email_in(struct talk_core *c, struct arena *a)
{
	jv *slots = jv_parse(c->t.slots, NULL);
	sv found = SV_NULL;
	for (size_t i = 0; i < jv_len(slots) && !found.n; i++)
		if (sv_eq(jv_get_str(jv_at(slots, i), "type"), SV("email")))
			found = arena_sv(a, jv_get_str(jv_at(slots, i), "value"));
	jv_free(slots);
	return found;
}

static int written(sv text, char *out, size_t n)
{
	size_t got = 0;
	for (size_t i = 0; i < text.n && got < n; i++)
		if (text.p[i] >= '0' && text.p[i] <= '9')
			out[got++] = text.p[i];
	return (int)got;
}

/* Right behind an order's number, or named as the last ones: "一零零三八五，尾号一七七七". */
static bool digits_beside(sv text, size_t n, char *ret)
{
	char row[32];
	ptrdiff_t at = n == LAST_DIGITS ? beside_order(text) : -1;
	if (at < 0 && (!names_last(text) || !flow_row(text, n, row)))
		return false;
	memcpy(ret, at >= 0 ? text.p + at : row, n);
	return true;
}

/* Exactly n digits beside the order's. */
static bool digits_in(struct talk_core *c, sv text, int n, sv *ret, struct arena *a)
{
	char d[24];
	ptrdiff_t at = c->svc.order ? sv_find(text, sv_of(c->svc.order)) : -1;
	if (at >= 0) {
		size_t end = (size_t)at + strlen(c->svc.order);
		text = sv_of(arena_fmt(a, SV_FMT " " SV_FMT, (int)at, text.p,
				       SV_ARG(sv_slice(text, end, text.n))));
	}
	int got = written(text, d, sizeof(d));
	if (got != n)                /* "the last four are 1037": written ones count alone */
		got = talk_digits(text, d, sizeof(d));
	if (got != n && digits_beside(text, (size_t)n, d))
		got = n;
	if (got != n)
		return false;
	*ret = arena_sv(a, sv_n(d, (size_t)n));
	return true;
}

static void look(struct talk_core *c, const char *name, const char *k1, sv v1, const char *k2,
		 sv v2, struct arena *a, struct talk_acts *acts)
{
	struct sb b;
	sb_init(&b, 1024);
	sb_fmt(&b, "{\"%s\":", k1);
	sb_json(&b, v1);
	if (k2) {
		sb_fmt(&b, ",\"%s\":", k2);
		sb_json(&b, v2);
	}
	sb_ch(&b, '}');
	talk_tool_check(c, sv_of(name), arena_sv(a, sb_sv(&b)), a, acts);
	sb_done(&b);
}

/* What was asked for is in the words, or a part of it. */
static bool takes(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	sv digits;
	if (s->asks == ASKS_CODE) {
		if (!digits_in(c, text, CODE_DIGITS, &digits, a))
			return false;
		look(c, "code_check", "code", digits, NULL, SV_NULL, a, acts);
		return true;
	}
	sv order = order_in(c, text, a), mail = is_case(s->order) ? email_in(c, a) : SV_NULL;
	if (mail.n) {
		look(c, "identify", "order", sv_of(s->order), "contact", mail, a, acts);
		return true;
	}
	bool other = order.n && (!s->order || !sv_ends(sv_of(s->order), order));
	if (order.n && (other || s->asks == ASKS_ORDER))
		talk_set(&s->order, order);
	if (s->order && digits_in(c, text, LAST_DIGITS, &digits, a)) {
		look(c, "identify", "order", sv_of(s->order), "phone_last4", digits, a, acts);
		return true;
	}
	if (!other && (!order.n || s->asks != ASKS_ORDER))
		return false;
	s->asks = ASKS_DIGITS;
	ask(c, SV_NULL, a, acts);
	return true;
}

static bool is_digit(uint32_t r)
{
	return (r >= '0' && r <= '9') || (r >= 0xFF10 && r <= 0xFF19);
}

/* Where row stands in text as written, by itself; -1. */
static ptrdiff_t alone_at(sv text, const char *row)
{
	size_t n = strlen(row);
	for (size_t i = 0; i + n <= text.n; i++)
		if (memcmp(text.p + i, row, n) == 0 && !(i && talk_latin(text.p[i - 1])) &&
		    !(i && is_digit((unsigned char)text.p[i - 1])) &&
		    (i + n == text.n || !is_digit((unsigned char)text.p[i + n])))
			return (ptrdiff_t)i;
	return -1;
}

/* Told unasked: behind an order's number, alone, or named ("尾号一七七七"): spoken ones go with
 * all the words. */
static sv masked_unasked(const struct talk_core *c, sv text, struct arena *a)
{
	char row[32];
	ptrdiff_t at = told_at(c, text);
	if (at < 0 && names_last(text) && flow_row(text, LAST_DIGITS, row)) {
		at = alone_at(text, row);
		if (at < 0)
			return SV("[digits]");
	}
	if (at < 0)
		return text;
	return sv_of(arena_fmt(a, SV_FMT "[digits]" SV_FMT, (int)at, text.p,
			       SV_ARG(sv_slice(text, (size_t)at + LAST_DIGITS, text.n))));
}

/* Written ones row by row; spoken ones with all the words. */
sv talk_check_masked(const struct talk_core *c, sv masked, struct arena *a)
{
	char d[24];
	struct sb b;
	bool in_row = false, any = false;
	if (c->svc.waits != WAITS_WHO)
		return masked_unasked(c, masked, a);
	if (talk_digits(masked, d, sizeof(d)) < LAST_DIGITS)
		return masked;
	sb_init(&b, LIM_SB);
	for (sv rest = masked; rest.n;) {
		uint32_t r = sv_rune(&rest);
		if (is_digit(r) && !in_row)
			sb_cstr(&b, "[digits]");
		else if (!is_digit(r))
			sb_rune(&b, r);
		in_row = is_digit(r);
		any |= in_row;
	}
	any = any && talk_digits(sb_sv(&b), d, sizeof(d)) < LAST_DIGITS;
	sv ret = any ? arena_sv(a, sb_sv(&b)) : SV("[digits]");
	sb_done(&b);
	return ret;
}

#define WHY_RUNES 40

/* "Why do you need that?" has its answer here, not in an article. */
static bool asks_why(sv text)
{
	static const sv why[] = {
		SV("why|what for|what do you + need|ask|asking|want "
		   "my|verify|necessary"),
		SV("为什么|为啥|干嘛|干什么|凭什么|做什么用|有什么用 + 要我|要这|要问|问这|"
		   "给你|告诉你|手机号|后四位|核实|验证"),
	};
	bool says[2] = { false };
	if (talk_same_words(text, SV("why")) || talk_same_words(text, SV("为什么")))
		return true;
	if (sv_runes(text) > WHY_RUNES)
		return false;
	feel_says(text, why, 2, says);
	return says[0] || says[1];
}

bool talk_check_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	if (s->level >= s->need) {   /* it was made sure while the customer went on */
		known(c, a, acts);
		return true;
	}
	if (talk_flow_corrects(c, text, a, acts) || takes(c, text, a, acts))
		return true;
	if (talk_yes(text) == FLOW_NO) {
		talk_service_give_up(c, a, acts);
		return true;
	}
	if (asks_why(text)) {
		ask(c, talk_own(c, "check_because"), a, acts);
		return true;
	}
	if (talk_is_question(text)) {
		c->t.back = true;
		return false;
	}
	if (++s->unclear >= TRIES_MAX) {
		failed_for_good(c, a, acts);
		return true;
	}
	ask(c, talk_own(c, "check_unclear"), a, acts);
	return true;
}
