/* assist_say.c: sentences: where they end, whether they ask, excuse, or promise something, and for
 * when. Patterns are those of feel_says; they look for words of commitment ("I will", 给您), not
 * for grammar, and miss what is promised in other words. Pure. */
#include "assist_int.h"

#include <stdio.h>

static bool ends_with_blank(sv s, size_t i)
{
	return i >= s.n || s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '"' || s.p[i] == ')';
}

/* Bytes of a mark that ends a sentence at i, or 0. */
static size_t mark_at(sv s, size_t i)
{
	static const char *const wide[] = { "。", "！", "？", "；" };
	char c = s.p[i];
	if (c == '\n' || c == '!' || c == '?' || c == ';')
		return 1;
	if (c == '.')
		return ends_with_blank(s, i + 1) ? 1 : 0;
	for (size_t k = 0; k < sizeof(wide) / sizeof(*wide); k++)
		if (sv_starts(sv_slice(s, i, s.n), sv_of(wide[k])))
			return strlen(wide[k]);
	return 0;
}

bool assist_sentence(sv *text, sv *ret)
{
	*text = sv_trim(*text);
	if (!text->n)
		return false;
	size_t i = 0, m = 0;
	while (i < text->n && !(m = mark_at(*text, i)))
		i++;
	i += m;
	while (i < text->n && (m = mark_at(*text, i)))
		i += m;
	*ret = sv_trim(sv_slice(*text, 0, i));
	*text = sv_slice(*text, i, text->n);
	return true;
}

static bool says(sv text, const char *pattern)
{
	sv p = sv_of(pattern);
	bool yes = false;
	feel_says(text, &p, 1, &yes);
	return yes;
}

bool assist_is_question(sv s)
{
	return sv_ends(s, SV("?")) || sv_ends(s, SV("？")) || sv_ends(s, SV("吗。")) ||
	       sv_ends(s, SV("吗"));
}

bool assist_is_sorry(sv s)
{
	static const char polite[] =
		"sorry|apologi~|i understand|i see why|thank you|youre welcome|抱歉|对不起|"
		"不好意思|"
		"理解您|很理解|感谢您|谢谢您|不客气|您好|hello|good morning|good afternoon";
	return says(s, polite);
}

static const char promise_en[] =
	"i will|we will|will be|will call|will send|will refund|will replace|will get|"
	"will arrive|will receive|will contact|will check|colleague will|"
	"courier will|will answer|will have|will hear|will bring|will come|will collect|will "
	"pay|"
	"will repair|will let you|will deliver|will take|will ask|i promise|we promise|i "
	"guarantee|we guarantee|i am going to|"
	"we are going to|have arranged|is arranged|have booked|is booked|collects|"
	"is registered under|have registered";
static const char promise_zh[] =
	"我会|我们会|会给您|会为您|会帮您|会在|将在|将为您|"
	"将给您|马上给您|马上为您|一定会|一定给您|保证|承诺|"
	"尽快给您|尽快为您|稍后给您|稍后会|给您回电|给您回复|"
	"给您发|给您寄|给您退|给您送|给您换|给您处理|给您办|给您补|给您安排|给您登记|为您登记|"
	"为您安排|帮您登记|帮您安排|已安排|已经安排|会联系您|"
	"会退|会到账|内到账|内退|内给您|前给您|同事会|快递员会|"
	"快递员将|快递员上门|上门取|已登记|登记好了";

/* A person is fetched: done before the sentence is over, so nothing is owed. */
static const char fetches[] =
	"put you through|transfer you to|connect you|hand you over|pass you to|"
	"i will get you a person|i will get a person|i will get you a colleague|"
	"i will get a colleague|i will get someone|i will get you someone|"
	"i will fetch a colleague|i will ask a colleague to join|转接|转人工|转给同事|请人工|"
	"请同事加入|请同事来";

/* "I'll" becomes "I will", as patterns know no apostrophes. */
static void expand(sv s, struct sb *b)
{
	static const struct {
		const char *is, *means;
	} short_forms[] = { { "'ll ", " will " }, { "\xe2\x80\x99ll ", " will " },
			    { "'m ", " am " },	  { "\xe2\x80\x99m ", " am " },
			    { "'ve ", " have " }, { "\xe2\x80\x99ve ", " have " } };
	while (s.n) {
		size_t k = 0, n = sizeof(short_forms) / sizeof(*short_forms);
		while (k < n && !sv_starts(s, sv_of(short_forms[k].is)))
			k++;
		if (k < n)
			sb_cstr(b, short_forms[k].means);
		else
			sb_ch(b, *s.p);
		s = sv_slice(s, k < n ? strlen(short_forms[k].is) : 1, s.n);
	}
}

/* Where the next clause begins. */
static size_t clause_end(sv s, size_t *ret_gap)
{
	static const char *const marks[] = { ",", ";", "，", "；", " and ", " then ", "并" };
	for (size_t i = 0; i < s.n; i++)
		for (size_t k = 0; k < sizeof(marks) / sizeof(*marks); k++)
			if (sv_starts(sv_slice(s, i, s.n), sv_of(marks[k]))) {
				*ret_gap = strlen(marks[k]);
				return i;
			}
	*ret_gap = 0;
	return s.n;
}

/* Whom a person is fetched for may be promised something beside it. */
static bool promises(sv s)
{
	size_t gap;
	if (!says(s, fetches))
		return says(s, promise_en) || says(s, promise_zh);
	for (size_t n; s.n; s = sv_slice(s, n + gap, s.n)) {
		n = clause_end(s, &gap);
		sv c = sv_slice(s, 0, n);
		if (!says(c, fetches) && (says(c, promise_en) || says(c, promise_zh)))
			return true;
	}
	return false;
}

bool assist_is_promise(sv s)
{
	struct sb b;
	if (assist_is_question(s) || says(s, "if you|如果您|would you|could you|请您|should i"))
		return false;
	sb_init(&b, LIM_SB);
	expand(s, &b);
	bool yes = promises(sb_sv(&b));
	sb_done(&b);
	return yes;
}

const char *assist_follow_name(enum assist_follow f)
{
	static const char *const names[] = { "", "ticket", "callback", "message" };
	return names[f];
}

enum assist_follow assist_follow_of(sv s)
{
	static const struct {
		enum assist_follow f;
		const char *pattern;
	} of[] = {
		{ FOLLOW_CALLBACK, "call you|ring you|phone you|call back|回电|打电话|致电|"
				   "电话联系|来电" },
		{ FOLLOW_MESSAGE, "email you|e mail you|send you an e mail|send you an email|"
				  "text you|message you|write to you|send you the link|发短信|"
				  "发邮件|短信通知|邮件发|发给您|发您" },
		{ FOLLOW_TICKET, "check~|look into|follow up|ask the|ask our|escalat~|find out|"
				 "get back to you|refund|replac~|repair|核实|跟进|查一下|查清|反馈|"
				 "催|上报|处理|回复您|给您回复|答复|退款|补发|联系您|维修" },
	};
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
		if (says(s, of[i].pattern))
			return of[i].f;
	return FOLLOW_NONE;
}

/* ---- when ---- */

static bool weekend(int64_t days)
{
	int64_t w = (days + 3) % 7;  /* 1970-01-01 was a Thursday; 0 = Monday */
	return w >= 5;
}

/* Minutes of "P3D", "PT1H30M", of a range its end; -1 when it is none, or of months. */
static int64_t minutes_of(sv iso, int64_t *days)
{
	sv head = SV(""), rest = iso;
	int64_t n = 0, minutes = 0;
	bool time = false;
	if (sv_find_ch(iso, '/') >= 0 && sv_cut(&rest, '/', &head))
		iso = rest;
	*days = 0;
	if (!sv_starts(iso, SV("P")))
		return -1;
	for (size_t i = 1; i < iso.n; i++) {
		char c = iso.p[i];
		if (c >= '0' && c <= '9' && n < 100000) {
			n = n * 10 + (c - '0');
			continue;
		}
		time |= c == 'T';
		if (c == 'W' || c == 'D')
			*days += c == 'W' ? n * 7 : n;
		else if (time && (c == 'H' || c == 'M'))
			minutes += c == 'H' ? n * 60 : n;
		else if (c != 'T')
			return -1;
		n = 0;
	}
	return minutes;
}

int assist_tz(const struct assist_with *w, int64_t at_ms)
{
	int64_t from, to;
	return w->zone ? cal_offset(w->zone, at_ms, &from, &to) / 60 : w->tz_min;
}

static sv stamp(int64_t ms, const struct assist_with *w, bool whole_day, struct arena *a)
{
	char when[32];
	clk_rfc3339(ms + (int64_t)assist_tz(w, ms) * 60000, when);
	return arena_sv(a, sv_slice(sv_of(when), 0, whole_day ? 10 : 16));
}

static sv after(sv iso, sv sentence, int64_t at_ms, const struct assist_with *w, struct arena *a)
{
	int64_t days, minutes = minutes_of(iso, &days);
	if (minutes < 0 || minutes + days == 0)
		return SV("");
	int64_t ms = at_ms + minutes * 60000, zone = (int64_t)assist_tz(w, at_ms) * 60000;
	bool working = says(sentence, "working day~|business day~|工作日");
	while (days > 0) {
		ms += 86400000;
		days -= !working || !weekend((ms + zone) / 86400000);
	}
	return stamp(ms, w, minutes == 0, a);
}

static const struct feel_slot *first_of(const struct feel_slot *v, size_t n, const char *type)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].type, type) == 0)
			return &v[i];
	return NULL;
}

sv assist_when(sv sentence, int64_t at_ms, const struct assist_with *w, struct arena *a)
{
	struct feel_slot_ctx ctx = { .now_ms = at_ms, .tz_min = assist_tz(w, at_ms),
				     .country = w->country };
	struct feel_slot *v;
	size_t n;
	if (feel_slots(sentence, &ctx, a, &v, &n))
		return SV("");
	const struct feel_slot *both = first_of(v, n, "datetime"), *day = first_of(v, n, "date");
	const struct feel_slot *time = first_of(v, n, "time"), *len = first_of(v, n, "duration");
	if (both)
		return both->value;
	if (day && time && day->value.n == 10)
		return sv_of(arena_fmt(a, SV_FMT "T" SV_FMT, SV_ARG(day->value),
				       SV_ARG(time->value)));
	if (day)
		return day->value;
	if (time) {
		sv today = stamp(at_ms, w, true, a);
		return sv_of(
			arena_fmt(a, SV_FMT "T" SV_FMT, SV_ARG(today), SV_ARG(time->value)));
	}
	return len ? after(len->value, sentence, at_ms, w, a) : SV("");
}

sv assist_past_day(sv value, sv said, int64_t at_ms, struct arena *a)
{
	int64_t ms = 0, year = 0;
	char digits[8];
	if (value.n != 10 || clk_parse_rfc3339(value, &ms) || ms - at_ms < INT64_C(183) * 86400000)
		return value;
	(void)snprintf(digits, sizeof(digits), "%.4s", value.p);
	if (sv_find(said, sv_of(digits)) >= 0 || sv_i64(sv_of(digits), &year))
		return value;
	sv day = sv_slice(value, 4, 10);
	day = sv_eq(day, SV("-02-29")) ? SV("-02-28") : day;     /* the year before has none */
	return sv_of(arena_fmt(a, "%04d" SV_FMT, (int)year - 1, SV_ARG(day)));
}
