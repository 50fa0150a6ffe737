/* shop_text.c: amounts, times and lists in words, as a person says them.
 *
 * Money is whole fen inside and decimals outside. Days and hours are those of the shop's
 * zone. Strings lie in the call's arena; pure otherwise.
 */
#include "shop_int.h"

#include <math.h>

int64_t shop_day_of(const struct shop *s, int64_t ms)
{
	struct cal_time t;
	cal_local(s->zone, ms, &t);
	return cal_days(t.year, t.month, t.day);
}

int64_t shop_at(const struct shop *s, int64_t day, int hour)
{
	struct cal_time t = { 0 };
	cal_date(day + hour / 24, &t);
	t.hour = hour % 24;
	return cal_instant(s->zone, &t);
}

int64_t shop_days(const struct shop_call *c, int64_t from_ms, int64_t to_ms)
{
	int64_t days = shop_day_of(c->s, to_ms) - shop_day_of(c->s, from_ms);
	return days > 0 ? days : 0;  /* clocks of two systems differ a little */
}

int64_t shop_months(const struct shop_call *c, int64_t from_ms, int64_t to_ms)
{
	struct cal_time a, b;
	cal_local(c->s->zone, from_ms, &a);
	cal_local(c->s->zone, to_ms, &b);
	int64_t n = (b.year - a.year) * 12 + (b.month - a.month) - (b.day < a.day);
	return n > 0 ? n : 0;
}

sv shop_word(int lang, sv key)
{
	static const struct {
		sv key, zh, en;
	} words[] = {
#define SHOP_WORD(k, z, e) { SV(k), SV(z), SV(e) },
#include "shop_words.def"
#undef SHOP_WORD
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (sv_eq(words[i].key, key))
			return lang ? words[i].en : words[i].zh;
	return key;
}

sv shop_name(const struct shop_call *c, sv name)
{
	static const char *const langs[] = { "zh", "en" };
	for (size_t i = 0; name.n && i < jv_len(c->s->names); i++) {
		const jv *x = jv_at(c->s->names, i);
		if (sv_eq(jv_get_str(x, "zh"), name) || sv_eq_nocase(jv_get_str(x, "en"), name))
			return arena_sv(c->a, jv_get_str(x, langs[c->lang]));
	}
	return name;
}

int64_t shop_fen(double amount)
{
	return llround(amount * 100);
}

double shop_num(int64_t fen)
{
	return (double)fen / 100;
}

static void put_thousands(struct sb *b, int64_t n)
{
	if (n >= 1000) {
		put_thousands(b, n / 1000);
		sb_fmt(b, ",%03d", (int)(n % 1000));
		return;
	}
	sb_fmt(b, "%d", (int)n);
}

sv shop_money(const struct shop_call *c, int64_t fen)
{
	struct sb b;
	sb_init(&b, 64);
	if (fen < 0)
		sb_ch(&b, '-');
	int64_t n = fen < 0 ? -fen : fen;
	if (c->lang)
		put_thousands(&b, n / 100);
	else
		sb_fmt(&b, "%lld", (long long)(n / 100));
	if (n % 100)
		sb_fmt(&b, ".%02d", (int)(n % 100));
	bool cny = strcmp(c->s->currency, "CNY") == 0;
	if (!cny)
		sb_fmt(&b, " %s", c->s->currency);
	else
		sb_cstr(&b, c->lang ? " yuan" : "元");
	sv ret = arena_sv(c->a, sb_sv(&b));
	sb_done(&b);
	return ret;
}

static const char *const months[] = { "January",   "February", "March",    "April",
				      "May",       "June",     "July",     "August",
				      "September", "October",  "November", "December" };

sv shop_day(const struct shop_call *c, int64_t ms)
{
	struct cal_time t;
	cal_local(c->s->zone, ms, &t);
	return sv_of(c->lang ? arena_fmt(c->a, "%d %s", t.day, months[t.month - 1]) :
			       arena_fmt(c->a, "%d月%d日", t.month, t.day));
}

static sv clock_text(const struct shop_call *c, const struct cal_time *t)
{
	if (c->lang)
		return sv_of(arena_fmt(c->a, "%02d:%02d", t->hour, t->minute));
	return sv_of(t->minute ? arena_fmt(c->a, "%d点%02d分", t->hour, t->minute) :
			      arena_fmt(c->a, "%d点", t->hour));
}

sv shop_time(const struct shop_call *c, int64_t ms)
{
	struct cal_time t;
	cal_local(c->s->zone, ms, &t);
	sv day = shop_day(c, ms), at = clock_text(c, &t);
	return sv_of(arena_fmt(c->a, c->lang ? SV_FMT ", " SV_FMT : SV_FMT SV_FMT, SV_ARG(day),
			       SV_ARG(at)));
}

sv shop_window(const struct shop_call *c, int64_t from, int64_t to)
{
	static const char *const en[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
					  "Friday", "Saturday", "Sunday" };
	static const char *const zh[] = { "一", "二", "三", "四", "五", "六", "日" };
	struct cal_time f, t;
	cal_local(c->s->zone, from, &f);
	cal_local(c->s->zone, to, &t);
	sv a = clock_text(c, &f), b = clock_text(c, &t);
	if (c->lang)
		return sv_of(arena_fmt(c->a, "%s %d %s, " SV_FMT " to " SV_FMT, en[f.weekday - 1],
				       f.day, months[f.month - 1], SV_ARG(a), SV_ARG(b)));
	return sv_of(arena_fmt(c->a, "%d月%d日星期%s，" SV_FMT "到" SV_FMT, f.month, f.day,
			       zh[f.weekday - 1], SV_ARG(a), SV_ARG(b)));
}

/* Parts with commas of their own are parted by semicolons. */
sv shop_and(const struct shop_call *c, const sv *v, size_t n)
{
	struct sb b;
	bool commas = false;
	sb_init(&b, LIM_SB);
	for (size_t i = 0; i < n; i++)
		commas |= sv_find(v[i], SV(", ")) >= 0 || sv_find(v[i], SV("，")) >= 0;
	for (size_t i = 0; i < n; i++) {
		bool last = i + 1 == n;
		if (i && commas)
			sb_cstr(&b, !c->lang ? "；" : last ? "; and " : "; ");
		else if (i)
			sb_cstr(&b, !c->lang ? (last ? "和" : "、") : last ? " and " : ", ");
		sb_put(&b, v[i]);
	}
	sv ret = arena_sv(c->a, sb_sv(&b));
	sb_done(&b);
	return ret;
}

sv shop_items_text(const struct shop_call *c, const struct shop_pick *v, size_t n)
{
	sv *names = arena_new(c->a, sv, n ? n : 1);
	for (size_t i = 0; names && i < n; i++) {
		sv name = v[i].it->p.name[c->lang];
		long long qty = v[i].qty;
		names[i] = qty == 1 ? name :
				      sv_of(arena_fmt(c->a, c->lang ? "%lld pieces of " SV_FMT :
								      "%lld件" SV_FMT,
						      qty, SV_ARG(name)));
	}
	return names ? shop_and(c, names, n) : SV_NULL;
}

static sv word_or(const struct shop_call *c, const char *kind, sv payment)
{
	sv key = sv_of(arena_fmt(c->a, "%s." SV_FMT, kind, SV_ARG(payment)));
	sv word = shop_word(c->lang, key);
	if (!sv_eq(word, key))
		return word;
	return shop_word(c->lang, sv_of(arena_fmt(c->a, "%s.", kind)));
}

sv shop_pay_text(const struct shop_call *c, sv payment)
{
	return word_or(c, "pay", payment);
}

sv shop_bank_text(const struct shop_call *c, sv payment)
{
	return word_or(c, "bank", payment);
}

sv shop_fill(struct shop_call *c, const char *key)
{
	static const char *const langs[] = { "zh", "en" };
	return shop_fill_text(c, jv_get_str(jv_get(c->r->decl->with, key), langs[c->lang]),
			      c->r->body);
}

sv shop_fill_text(struct shop_call *c, sv text, const jv *from)
{
	struct sb b;
	sv head;
	sb_init(&b, LIM_SB);
	while (sv_cut(&text, '{', &head)) {
		sb_put(&b, head);
		if (sv_cut(&text, '}', &head))
			sb_put(&b, jv_as_str(jv_member(from, head)));
	}
	sv ret = arena_sv(c->a, sb_sv(&b));
	sb_done(&b);
	return ret;
}

void shop_put(struct shop_call *c, const char *key, sv v)
{
	jv_set_str(c->r->body, key, v);
}

void shop_put_order_items(struct shop_call *c, const struct shop_order *o)
{
	struct shop_pick *v = arena_new(c->a, struct shop_pick, o->n + 1);
	for (size_t i = 0; v && i < o->n; i++)
		v[i] = (struct shop_pick){ &o->items[i], o->items[i].qty };
	shop_put(c, "items_text", v ? shop_items_text(c, v, o->n) : SV_NULL);
}

void shop_put_money(struct shop_call *c, const char *key, int64_t fen)
{
	jv_set_num(c->r->body, key, shop_num(fen));
	shop_put(c, arena_fmt(c->a, "%s_text", key), shop_money(c, fen));
}

void shop_set_time(jv *o, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	jv_set_str(o, key, sv_of(when));
}

void shop_put_time(struct shop_call *c, const char *key, int64_t ms)
{
	if (!ms)
		return;
	shop_set_time(c->r->body, key, ms);
	shop_put(c, arena_fmt(c->a, "%s_text", key), shop_day(c, ms));
}

sv shop_fold(struct arena *a, sv text)
{
	struct sb b;
	int last = 0;                /* what came before: 0 neither, 1 letters, 2 Chinese */
	sb_init(&b, LIM_SB);
	for (uint32_t r; text.n && (r = sv_rune(&text));) {
		r = sv_fold(r);
		bool letter = (r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') ||
			      (r > 0xBF && r < 0x2000 && r != 0xD7);
		int kind = sv_is_cjk(r) ? 2 : letter;
		if (kind && kind != last && b.n)
			sb_ch(&b, ' ');
		if (kind)
			sb_rune(&b, r);
		last = kind;
	}
	sv ret = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return ret;
}
