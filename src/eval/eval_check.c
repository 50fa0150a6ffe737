/* eval_check.c: expectations against what happened, one table row a key.
 *
 * Every check is noted with what was wanted and what was there, passed or not: the report shows
 * both. "a | b" in a text means one of them. Pure. */
#include "eval_int.h"

#include <stdio.h>

bool eval_note(jv *checks, const char *what, sv want, sv got, bool ok)
{
	jv *c = jv_obj();
	jv_set_str(c, "what", sv_of(what));
	jv_set_str(c, "want", want);
	jv_set_str(c, "got", got);
	jv_set_bool(c, "ok", ok);
	jv_push(checks, c);
	return ok;
}

bool eval_one_of(sv alternatives, sv s, bool by_base)
{
	sv one;
	while (sv_cut(&alternatives, '|', &one)) {
		one = sv_trim(one);
		if (sv_eq(one, s) ||
		    (by_base && one.n && s.n > one.n && sv_starts(s, one) && s.p[one.n] == '.'))
			return true;
	}
	return false;
}

static void fold(sv s, struct sb *out)
{
	bool gap = true;
	sb_init(out, LIM_SB);
	while (s.n) {
		uint32_t r = sv_fold(sv_rune(&s));
		bool space = r == ' ' || r == '\n' || r == '\t' || r == 0xA0;
		if (!space || !gap)
			sb_rune(out, space ? ' ' : r);
		gap = space;
	}
}

/* Text without regard to case, width and runs of space; alternatives as everywhere. */
static bool has_text(sv text, sv part)
{
	struct sb t, p;
	sv one;
	bool has = false;
	fold(text, &t);
	while (!has && sv_cut(&part, '|', &one)) {
		fold(sv_trim(one), &p);
		has = p.n > 0 && sv_find(sb_sv(&t), sv_trim(sb_sv(&p))) >= 0;
		sb_done(&p);
	}
	sb_done(&t);
	return has;
}

/* ---- lists of texts ---- */

typedef bool finds_fn(sv text, sv part);

static bool each(const jv *list, const char *what, sv text, finds_fn *finds, bool wanted,
		 jv *checks)
{
	bool ok = true;
	for (size_t i = 0; i < jv_len(list); i++) {
		sv part = jv_as_str(jv_at(list, i));
		ok &= eval_note(checks, what, part, text, finds(text, part) == wanted);
	}
	return ok;
}

static bool has_event(const jv *events, sv kind, const jv **ret)
{
	for (size_t i = 0; i < jv_len(events); i++)
		if (sv_eq(jv_get_str(jv_at(events, i), "kind"), kind)) {
			*ret = jv_at(events, i);
			return true;
		}
	return false;
}

static bool each_event(const jv *list, const char *what, const jv *events, bool wanted, jv *checks)
{
	bool ok = true;
	const jv *ev;
	for (size_t i = 0; i < jv_len(list); i++) {
		sv kind = jv_as_str(jv_at(list, i));
		bool has = has_event(events, kind, &ev);
		ok &= eval_note(checks, what, kind, has ? kind : SV("-"), has == wanted);
	}
	return ok;
}

/* ---- keys with one value ---- */

static bool check_strings(const jv *want, const jv *got, const char *const *keys, jv *checks)
{
	bool ok = true;
	for (; *keys; keys++) {
		sv w = jv_get_str(want, *keys), g = jv_get_str(got, *keys);
		if (w.p)
			ok &= eval_note(checks, *keys, w, g, eval_one_of(w, g, false));
	}
	return ok;
}

static sv yes_no(bool b)
{
	return b ? SV("true") : SV("false");
}

static bool check_bool(const jv *want, const jv *got, const char *key, jv *checks)
{
	if (!jv_get(want, key))
		return true;
	bool w = jv_get_bool(want, key, false), g = jv_get_bool(got, key, false);
	return eval_note(checks, key, yes_no(w), yes_no(g), w == g);
}

static bool check_most(const jv *want, const char *key, const char *unit, double got, jv *checks)
{
	char w[40], g[40];
	if (!jv_get(want, key))
		return true;
	double most = jv_get_num(want, key, 0);
	snprintf(w, sizeof(w), "<= %.0f%s", most, unit);
	snprintf(g, sizeof(g), "%.1f%s", got, unit);
	return eval_note(checks, key, sv_of(w), sv_of(g), got <= most);
}

static bool check_article(const jv *want, const jv *got, jv *checks)
{
	sv w = jv_get_str(want, "article");
	const jv *cites = jv_get(got, "citations");
	struct sb ids;
	bool found = false;
	if (!w.p)
		return true;
	sb_init(&ids, LIM_SB);
	for (size_t i = 0; i < jv_len(cites); i++) {
		sv id = jv_get_str(jv_at(cites, i), "article_id");
		found = found || eval_one_of(w, id, true);
		sb_fmt(&ids, "%s" SV_FMT, i ? ", " : "", SV_ARG(id));
	}
	eval_note(checks, "article", w, ids.n ? sb_sv(&ids) : SV("-"), found);
	sb_done(&ids);
	return found;
}

static bool check_model(const jv *want, const jv *got, jv *checks)
{
	sv w = jv_get_str(want, "model"), g = jv_get_str(got, "model"), all = w, one;
	bool ok = false;
	if (!w.p)
		return true;
	while (!ok && sv_cut(&all, '|', &one))
		ok = sv_find(g, sv_trim(one)) >= 0;
	return eval_note(checks, "model", w, g, ok);
}

/* ---- an action ---- */

static void dump(const jv *v, struct sb *b)
{
	sb_init(b, LIM_SB);
	jv_dump(v, b);
}

static bool equal(const jv *a, const jv *b)
{
	struct sb x, y;
	dump(a, &x);
	dump(b, &y);
	bool same = sv_eq(sb_sv(&x), sb_sv(&y)) ||
		    (jv_is_num(a) && jv_is_num(b) && jv_as_num(a, 0) == jv_as_num(b, 1));
	sb_done(&x);
	sb_done(&y);
	return same;
}

static bool subset(const jv *want, const jv *got)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(want, &it, &key, &v)) {
		const jv *g = jv_member(got, key);
		if (!g || !(jv_is_obj(v) ? subset(v, g) : equal(v, g)))
			return false;
	}
	return true;
}

/* A row "tool.*" of this turn with the name and at least these arguments. */
static bool check_tool(const jv *want, const jv *events, jv *checks)
{
	const jv *tool = jv_get(want, "tool");
	bool found = false;
	struct sb w, seen;
	if (!tool)
		return true;
	sb_init(&seen, LIM_SB);
	dump(tool, &w);
	for (size_t i = 0; i < jv_len(events); i++) {
		const jv *ev = jv_at(events, i), *body = jv_get(ev, "body");
		if (!sv_starts(jv_get_str(ev, "kind"), SV("tool.")))
			continue;
		jv_dump(body, &seen);
		found = found || (sv_eq(jv_get_str(body, "name"), jv_get_str(tool, "name")) &&
				  subset(jv_get(tool, "args"), jv_get(body, "args")));
	}
	eval_note(checks, "tool", sb_sv(&w), seen.n ? sb_sv(&seen) : SV("-"), found);
	sb_done(&w);
	sb_done(&seen);
	return found;
}

/* ---- the two lists of keys ---- */

bool eval_check_turn(const jv *want, const jv *got, const jv *events, jv *checks)
{
	static const char *const keys[] = { "action", "language", "emotion", "intent", NULL };
	sv text = jv_get_str(got, "reply");
	if (!want)
		return true;
	if (!got)
		return eval_note(checks, "reply", SV("a reply"), SV("-"), false);
	bool ok = check_strings(want, got, keys, checks);
	ok &= check_article(want, got, checks);
	ok &= check_bool(want, got, "grounded", checks);
	ok &= check_model(want, got, checks);
	ok &= each(jv_get(want, "contains"), "contains", text, has_text, true, checks);
	ok &= each(jv_get(want, "lacks"), "lacks", text, has_text, false, checks);
	ok &= each(jv_get(want, "facts"), "facts", text, eval_says, true, checks);
	ok &= each(jv_get(want, "forbidden"), "forbidden", text, eval_says, false, checks);
	ok &= each_event(jv_get(want, "events"), "events", events, true, checks);
	ok &= check_tool(want, events, checks);
	ok &= check_most(want, "within_ms", " ms", jv_get_num(got, "wait_ms", 0), checks);
	return ok;
}

static bool each_reply(const jv *list, const char *what, const jv *replies, bool wanted, jv *checks)
{
	bool ok = true;
	for (size_t i = 0; i < jv_len(list); i++) {
		sv fact = jv_as_str(jv_at(list, i)), where = SV("-");
		for (size_t r = 0; r < jv_len(replies); r++)
			if (eval_says(jv_as_str(jv_at(replies, r)), fact))
				where = jv_as_str(jv_at(replies, r));
		ok &= eval_note(checks, what, fact, where, !sv_eq(where, SV("-")) == wanted);
	}
	return ok;
}

bool eval_check_end(const jv *want, const jv *state, jv *checks)
{
	static const char *const keys[] = { "by", "action", "language", "emotion", NULL };
	const jv *events = jv_get(state, "events"), *replies = jv_get(state, "replies");
	if (!want)
		return true;
	bool ok = check_strings(want, state, keys, checks);
	ok &= check_bool(want, state, "closed", checks);
	ok &= check_most(want, "turns_max", "", (double)jv_get_int(state, "turns", 0), checks);
	ok &= each_event(jv_get(want, "events"), "events", events, true, checks);
	ok &= each_event(jv_get(want, "no_events"), "no_events", events, false, checks);
	ok &= each_reply(jv_get(want, "facts"), "facts", replies, true, checks);
	ok &= each_reply(jv_get(want, "forbidden"), "forbidden", replies, false, checks);
	return ok;
}
