/* desk_rules.c: calendars, times of answer and the rules of complaints, from YAML.
 *
 * Every fault is told with file:line, as many as there are; rules with a fault are none. A struct
 * desk is immutable once it is made: any thread. Strings live in its arena.
 */
#include "desk_int.h"

#include <stdio.h>

#define N(x) (sizeof(x) / sizeof((x)[0]))
#define ISSUES_MAX 100

struct reader {
	struct desk *d;
	const char *name;
	sv text;
	struct cfg_report *rep;
	bool bad;
};

static void fault(struct reader *r, const char *path, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void fault(struct reader *r, const char *path, const char *mend, const char *fmt, ...)
{
	struct cfg_issue *x = r->rep ? VEC_PUSH(r->rep, ISSUES_MAX) : NULL;
	va_list ap;
	r->bad = true;
	if (!x)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(x->what, sizeof(x->what), fmt, ap);
	va_end(ap);
	cfg_where(x->where, r->text, r->name, path);
	(void)snprintf(x->mend, sizeof(x->mend), "%s", mend);
}

static void known_keys(struct reader *r, const jv *o, const char *path, const char *names)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(o, &it, &key, &v)) {
		char word[64], at[160], mend[200];
		(void)snprintf(word, sizeof(word), "|%.50s|", key.p);
		if (sv_find(sv_of(names), sv_of(word)) >= 0)
			continue;
		(void)snprintf(at, sizeof(at), "%.80s%s%.50s", path, path[0] ? "." : "", key.p);
		(void)snprintf(mend, sizeof(mend), "Use one of: %.*s", (int)strlen(names) - 2,
			       names + 1);
		fault(r, at, mend, "unknown key \"%.50s\"", key.p);
	}
}

/* ---- calendars ---- */

const struct cal *desk_cal(const struct desk *d, sv name)
{
	if (!name.n)
		return d->cal;
	for (size_t i = 0; i < d->n_cals; i++)
		if (sv_eq(name, sv_of(cal_name(d->cals[i]))))
			return d->cals[i];
	return NULL;
}

static void read_cals(struct reader *r, const jv *o, sv zone)
{
	struct desk *d = r->d;
	void *it = NULL;
	sv key;
	jv *v;
	if (!jv_is_obj(o) || !jv_len(o))
		fault(r, "calendars", "Write one, like office: { zone: .., week: .. }.",
		      "no calendar");
	while (jv_next(o, &it, &key, &v)) {
		struct err e = { 0 };
		char at[120];
		(void)snprintf(at, sizeof(at), "calendars.%.60s", key.p);
		if (d->n_cals == DESK_CALS || !key.n || key.n > 40) {
			fault(r, at, "Leave some out, shorten the name.",
			      "at most %d calendars, names of 1 to 40 bytes", DESK_CALS);
			return;
		}
		if (jv_is_obj(v) && !jv_get(v, "zone"))
			jv_set_str(v, "zone", zone);
		if (cal_new(&d->cals[d->n_cals], key, v, &e)) {
			fault(r, at, "docs/desk.md shows how a calendar is written.", "%s", e.msg);
			continue;
		}
		const char *title = arena_cstr(&d->a, key);
		sv zh = jv_as_str(jv_path(v, "title.zh")), en = jv_as_str(jv_path(v, "title.en"));
		d->titles[d->n_cals][0] = zh.n ? arena_cstr(&d->a, zh) : title;
		d->titles[d->n_cals++][1] = en.n ? arena_cstr(&d->a, en) : title;
	}
}

static const struct cal *cal_named(struct reader *r, const jv *o, const char *at,
				   const struct cal *def)
{
	sv name = jv_get_str(o, "calendar");
	const struct cal *c = name.n ? desk_cal(r->d, name) : def;
	if (!c)
		fault(r, at, "Name one of the calendars above.",
		      "there is no calendar \"" SV_FMT "\"", SV_ARG(name));
	return c ? c : r->d->cals[0];
}

static int64_t span_at(struct reader *r, const jv *v, const char *at, const struct cal *c)
{
	int64_t ms = 0;
	if (cal_span(c, jv_as_str(v), &ms) || ms <= 0)
		fault(r, at, "Write it like \"30m\", \"24h\", \"5d\", in quotes.",
		      "a length of time is wanted");
	return ms;
}

/* ---- times of answer ---- */

static void read_clock(struct reader *r, struct desk_sla *s, enum desk_clock_kind k, const jv *row,
		       const char *at)
{
	const char *key = desk_clock_name(k);
	const jv *v = jv_get(row, key);
	char place[160];
	if (!v)
		return;
	(void)snprintf(place, sizeof(place), "%.80s.%s", at, key);
	if (jv_is_obj(v)) {
		known_keys(r, v, place, "|in|calendar|");
		s->cal[k] = cal_named(r, v, place, s->cal[k]);
		v = jv_get(v, "in");
	}
	s->ms[k] = span_at(r, v, place, s->cal[k]);
}

static int named(struct reader *r, const jv *row, const char *key, int (*of)(sv), const char *at)
{
	sv s = jv_get_str(row, key);
	int v = s.n ? of(s) : -1;
	if (jv_get(row, key) && v < 0)
		fault(r, at, "docs/desk.md lists the types and severities.",
		      "\"" SV_FMT "\" is no %s", SV_ARG(s), key);
	return v;
}

static void read_slas(struct reader *r, const jv *list)
{
	struct desk *d = r->d;
	bool any = false;
	for (size_t i = 0; i < jv_len(list) && d->n_cals; i++) {
		const jv *row = jv_at(list, i);
		struct desk_sla *s = &d->slas[d->n_slas];
		char at[40];
		(void)snprintf(at, sizeof(at), "sla[%zu]", i);
		if (d->n_slas == DESK_SLAS) {
			fault(r, at, "Join some.", "more than %d rows", DESK_SLAS);
			return;
		}
		known_keys(r, row, at,
			   "|type|severity|calendar|first_response|next_update|resolution|warn|");
		s->type = named(r, row, "type", desk_type_of, at);
		s->severity = named(r, row, "severity", desk_severity_of, at);
		s->warn = (int)jv_get_int(row, "warn", 75);
		if (s->warn < 1 || s->warn > 99)
			fault(r, at, "warn is a percentage from 1 to 99.", "warn is out of range");
		const struct cal *c = cal_named(r, row, at, d->cals[0]);
		for (int k = 0; k < DESK_CLOCKS; k++) {
			s->cal[k] = c;
			read_clock(r, s, (enum desk_clock_kind)k, row, at);
		}
		if (any)
			fault(r, at, "Put it before the row that fits all.",
			      "no ticket ever gets to this row");
		any |= s->type < 0 && s->severity < 0;
		d->n_slas++;
	}
	if (!any)
		fault(r, "sla", "End with a row without type and severity.",
		      "no row fits all tickets");
}

const struct desk_sla *desk_sla_for(const struct desk *d, enum desk_type t, enum desk_severity s)
{
	for (size_t i = 0; i < d->n_slas; i++) {
		const struct desk_sla *x = &d->slas[i];
		if ((x->type < 0 || x->type == (int)t) &&
		    (x->severity < 0 || x->severity == (int)s))
			return x;
	}
	return &d->slas[d->n_slas - 1];
}

/* ---- complaints ---- */

static void read_words(struct reader *r, struct desk_sign *s, int lang, const jv *list,
		       const char *at)
{
	size_t n = jv_len(list);
	if (!jv_is_arr(list) || !n || n > DESK_SIGN_WORDS) {
		fault(r, at, "Write zh: [..] and en: [..].",
		      "1 to %d words in zh and en are wanted", DESK_SIGN_WORDS);
		return;
	}
	s->words[lang] = arena_new(&r->d->a, sv, n);
	for (size_t i = 0; i < n; i++) {
		sv w = jv_as_str(jv_at(list, i));
		if (!w.n)
			fault(r, at, "Put numbers in quotes.", "word %zu is no text", i);
		s->words[lang][s->n[lang]++] = arena_sv(&r->d->a, w);
	}
}

/* signs (with a severity) and categories: a name and its words in both languages. */
static void read_lists(struct reader *r, const jv *o, const char *where, bool weighs)
{
	struct desk *d = r->d;
	struct desk_sign *v = weighs ? d->signs : d->topics;
	size_t *n = weighs ? &d->n_signs : &d->n_topics, max = weighs ? DESK_SIGNS : DESK_TOPICS;
	void *it = NULL;
	sv key;
	jv *list;
	while (jv_next(o, &it, &key, &list)) {
		char at[120];
		(void)snprintf(at, sizeof(at), "complaint.%s.%.60s", where, key.p);
		if (*n == max) {
			fault(r, at, "Leave some out.", "more than %zu %s", max, where);
			return;
		}
		struct desk_sign *s = &v[(*n)++];
		known_keys(r, list, at, weighs ? "|severity|zh|en|" : "|zh|en|");
		s->name = arena_cstr(&d->a, key);
		int sev = named(r, list, "severity", desk_severity_of, at);
		s->severity = sev < 0 ? DESK_HIGH : (enum desk_severity)sev;
		read_words(r, s, 0, jv_get(list, "zh"), at);
		read_words(r, s, 1, jv_get(list, "en"), at);
	}
}

static void read_follow_text(struct reader *r, const jv *o)
{
	static const char *const langs[] = { "zh", "en" };
	for (int i = 0; o && i < 2; i++) {
		sv s = jv_get_str(o, langs[i]);
		if (!s.n || sv_find(s, SV("{number}")) < 0)
			fault(r, "complaint.follow_up_text",
			      "Write zh: \"..\" and en: \"..\", each with {number}.",
			      "no text in %s, or without {number}", langs[i]);
		r->d->follow_text[i] = arena_sv(&r->d->a, s);
	}
}

static void read_rest(struct reader *r, const jv *tree)
{
	struct desk *d = r->d;
	const jv *t = jv_get(tree, "tickets"), *c = jv_get(tree, "complaint"), *v;
	known_keys(r, t, "tickets",
		   "|calendar|auto_close|reopen|callback_ahead|callback_calendar|");
	known_keys(r, c, "complaint",
		   "|follow_up|follow_up_tries|follow_up_text|repeat_days|signs|categories|");
	d->cal = d->callback_cal = cal_named(r, t, "tickets", d->cals[0]);
	sv name = jv_get_str(t, "callback_calendar");
	if (name.n && !(d->callback_cal = desk_cal(d, name)))
		fault(r, "tickets.callback_calendar", "Name one of the calendars above.",
		      "there is no calendar \"" SV_FMT "\"", SV_ARG(name));
	d->auto_close_ms = 7 * CAL_DAY;
	d->reopen_ms = 30 * CAL_DAY;
	d->callback_ahead_ms = 3 * CAL_DAY;
	d->follow_ms = d->cal ? cal_day_ms(d->cal) : CAL_DAY;
	if ((v = jv_get(t, "auto_close")))
		d->auto_close_ms = span_at(r, v, "tickets.auto_close", NULL);
	if ((v = jv_get(t, "reopen")))
		d->reopen_ms = span_at(r, v, "tickets.reopen", NULL);
	if ((v = jv_get(t, "callback_ahead")))
		d->callback_ahead_ms = span_at(r, v, "tickets.callback_ahead", NULL);
	if ((v = jv_get(c, "follow_up")))
		d->follow_ms = span_at(r, v, "complaint.follow_up", d->cal);
	d->follow_tries = (int)jv_get_int(c, "follow_up_tries", 3);
	d->repeat_days = (int)jv_get_int(c, "repeat_days", 30);
	if (d->follow_tries < 1 || d->follow_tries > 20 || d->repeat_days < 0 ||
	    d->repeat_days > 3650)
		fault(r, "complaint", "follow_up_tries: 1 to 20, repeat_days: 0 to 3650.",
		      "a number is out of range");
	read_follow_text(r, jv_get(c, "follow_up_text"));
	read_lists(r, jv_get(c, "signs"), "signs", true);
	read_lists(r, jv_get(c, "categories"), "categories", false);
}

static void desk_free(void *obj)
{
	struct desk *d = obj;
	for (size_t i = 0; i < d->n_cals; i++)
		obj_unref(d->cals[i]);
	arena_done(&d->a);
}

int desk_new(struct desk **ret, sv yaml, const char *name, const struct desk_home *home,
	     struct cfg_report *rep)
{
	sv currency = home ? home->currency : SV_NULL, zone = home ? home->zone : SV_NULL;
	struct desk *d = obj_new(sizeof(*d), desk_free);
	struct reader r = { .d = d, .name = name, .text = yaml, .rep = rep };
	arena_init(&d->a, 1u << 20);
	(void)snprintf(d->currency, sizeof(d->currency), "%.3s",
		       currency.n == 3 ? currency.p : "CNY");
	jv *tree = cfg_parse(yaml, name, rep);
	if (tree) {
		known_keys(&r, tree, "", "|calendars|sla|tickets|complaint|");
		read_cals(&r, jv_get(tree, "calendars"), zone.n ? zone : SV("Asia/Shanghai"));
		if (d->n_cals) {
			read_slas(&r, jv_get(tree, "sla"));
			read_rest(&r, tree);
		}
	}
	bool bad = !tree || r.bad;
	jv_free(tree);
	if (bad) {
		obj_unref(d);
		return ERR_INVAL;
	}
	*ret = d;
	return 0;
}

/* ---- signs ---- */

static bool is_letter(uint32_t r)
{
	return (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9');
}

/* Folded text, so that case and width do not matter. */
static void folded(sv s, struct sb *out)
{
	while (s.n)
		sb_rune(out, sv_fold(sv_rune(&s)));
}

/* Latin words only whole: "sue" is not in "issue". */
static bool shows(sv text, sv word)
{
	bool whole = word.n && is_letter((unsigned char)word.p[0]);
	for (size_t from = 0; from < text.n;) {
		ptrdiff_t at = sv_find(sv_slice(text, from, text.n), word);
		if (at < 0)
			return false;
		size_t a = from + (size_t)at, b = a + word.n;
		if (!whole || ((a == 0 || !is_letter((unsigned char)text.p[a - 1])) &&
			       (b == text.n || !is_letter((unsigned char)text.p[b]))))
			return true;
		from = a + 1;
	}
	return false;
}

static int hits(const struct desk_sign *s, sv text)
{
	int n = 0;
	for (int lang = 0; lang < 2; lang++)
		for (size_t i = 0; i < s->n[lang]; i++)
			n += shows(text, s->words[lang][i]);
	return n;
}

sv desk_topic_of(const struct desk *d, sv text)
{
	int most = 0;
	sv best = SV("");
	struct sb b;
	sb_init(&b, 4 * DESK_BODY);
	folded(text, &b);
	for (size_t i = 0; i < d->n_topics; i++) {
		int n = hits(&d->topics[i], sb_sv(&b));
		if (n > most) {
			most = n;
			best = sv_of(d->topics[i].name);
		}
	}
	sb_done(&b);
	return best;
}

unsigned desk_signs_in(const struct desk *d, sv text, enum desk_severity *severity)
{
	unsigned bits = 0;
	struct sb b;
	sb_init(&b, 4 * DESK_BODY);
	folded(text, &b);
	for (size_t i = 0; i < d->n_signs; i++) {
		if (!hits(&d->signs[i], sb_sv(&b)))
			continue;
		bits |= 1u << i;
		if (d->signs[i].severity > *severity)
			*severity = d->signs[i].severity;
	}
	sb_done(&b);
	return bits;
}

/* ---- for people ---- */

void desk_cals_json(const struct desk *d, int64_t now_ms, struct sb *b)
{
	sb_cstr(b, "{\"items\":[");
	for (size_t i = 0; i < d->n_cals; i++) {
		const struct cal *c = d->cals[i];
		int64_t next = cal_next(c, now_ms);
		sb_cstr(b, i ? ",{\"id\":" : "{\"id\":");
		sb_json(b, sv_of(cal_name(c)));
		sb_cstr(b, ",\"title\":{\"zh\":");
		sb_json(b, sv_of(d->titles[i][0]));
		desk_put_text(b, "en", sv_of(d->titles[i][1]));
		sb_ch(b, '}');
		desk_put_text(b, "zone", sv_of(cal_zone_name(cal_zone_of(c))));
		sb_fmt(b, ",\"day_ms\":%lld,\"open\":%s", (long long)cal_day_ms(c),
		       next == now_ms ? "true" : "false");
		desk_put_time(b, "next_open_at", next == CAL_NEVER ? 0 : next);
		sb_ch(b, '}');
	}
	sb_cstr(b, "]}");
}

void desk_date_text(const struct desk *d, int64_t ms, sv lang, struct sb *out)
{
	static const char *const months[] = { "January", "February", "March", "April", "May",
					      "June", "July", "August", "September", "October",
					      "November", "December" };
	struct cal_time t;
	cal_local(cal_zone_of(d->cal), ms, &t);
	if (sv_starts(lang, SV("zh")))
		sb_fmt(out, "%d年%d月%d日", t.year, t.month, t.day);
	else
		sb_fmt(out, "%d %s %d", t.day, months[t.month - 1], t.year);
}
