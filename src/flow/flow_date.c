/* flow_date.c: days that are told from today ("yesterday", 上周五) are kept with their date:
 * what is written down is read on another day. The dates come with the words, as slots. Pure; any
 * thread. */
#include "flow_int.h"

static const char *const months[] = { "January",   "February", "March",    "April",
				      "May",       "June",     "July",     "August",
				      "September", "October",  "November", "December" };

/* Is the day told from today, and not as one that comes? */
static bool from_today(sv words)
{
	return flow_has(words, SV("today|yesterday|ago|last|this morning|this afternoon|tonight|"
				  "今天|今早|今晚|今日|昨天|昨日|昨晚|昨早|昨儿|前天|前日|前晚|"
				  "上周|上个|上星期|上礼拜|天前|周前|月前"));
}

/* "2026-11-26..." in words; SV_NULL: it is no date. */
static sv date_text(sv value, sv lang, struct arena *a)
{
	int64_t y, m, d;
	if (value.n < 10 || value.p[4] != '-' || value.p[7] != '-' ||
	    sv_i64(sv_slice(value, 0, 4), &y) || sv_i64(sv_slice(value, 5, 7), &m) ||
	    sv_i64(sv_slice(value, 8, 10), &d) || m < 1 || m > 12)
		return SV_NULL;
	return sv_of(flow_lang(lang) == 0 ?
			     arena_fmt(a, "%d年%d月%d日", (int)y, (int)m, (int)d) :
			     arena_fmt(a, "%d %s %d", (int)d, months[m - 1], (int)y));
}

/* The one day that is told from today, and the words for it. */
static sv day_of(const struct flow_in *in, sv *words, struct arena *a)
{
	sv found = SV_NULL;
	for (size_t i = 0; i < in->n_slots; i++) {
		const struct flow_slot *s = &in->slots[i];
		bool day = sv_eq(s->type, SV("date")) || sv_eq(s->type, SV("datetime"));
		sv date = day && from_today(s->text) ? date_text(s->value, in->lang, a) : SV_NULL;
		if (!date.n)
			continue;
		if (found.n && !sv_eq(found, date))
			return SV_NULL; /* two: the words tell which */
		found = date;
		*words = s->text;
	}
	return found;
}

static sv with_date(sv words, sv date, const struct flow_in *in, struct arena *a)
{
	return sv_of(arena_fmt(a, flow_lang(in->lang) == 0 ? SV_FMT "（" SV_FMT "）" :
							     SV_FMT " (" SV_FMT ")",
			       SV_ARG(words), SV_ARG(date)));
}

sv flow_dated(sv text, const struct flow_in *in, struct arena *a)
{
	sv words = SV_NULL, date = day_of(in, &words, a);
	return date.n ? with_date(text, date, in, a) : text;
}

sv flow_day(const struct flow_in *in, struct arena *a)
{
	sv words = SV_NULL, date = day_of(in, &words, a);
	return date.n ? with_date(words, date, in, a) : SV_NULL;
}
