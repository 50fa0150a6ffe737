/* tool_text.c: what a person is told: the declaration's texts and the outcomes' own, with {names}
 * filled from the result.
 *
 * A name is a path into the result ("{order.total}"), else into the arguments; {title} is the
 * tool's. A text with a name that cannot be filled is not said at all: better the outcome's own
 * words than a sentence with a hole. Pure; any thread.
 */
#include "tool_int.h"

#include <math.h>

int tool_lang(sv lang)
{
	return sv_starts(lang, SV("zh")) ? 0 : 1;
}

sv tool_text_of(const struct tool_item *it, sv key, int lang)
{
	for (size_t i = 0; it && i < it->n_say; i++)
		if (sv_eq(it->say[i].key, key))
			return it->say[i].lang[lang];
	return SV_NULL;
}

sv tool_text_own(enum tool_outcome o, bool effect, int lang)
{
	static const sv texts[TOOL_OUTCOMES][2] = {
#define X(name, zh, en) [TOOL_##name] = { SV(zh), SV(en) },
#include "tool_text.def"
#undef X
	};
	static const sv done[2] = { SV("已经为您办好了。"), SV("That is done.") };
	if (o >= TOOL_OUTCOMES)
		o = TOOL_FAILED;
	return o == TOOL_DONE && effect ? done[lang] : texts[o][lang];
}

/* Whole numbers as such, others with two places: money. */
static void put_num(const jv *v, struct sb *out)
{
	double d = jv_as_num(v, 0);
	if (fabs(d - round(d)) < 0.005 && fabs(d) < 1e15)
		sb_fmt(out, "%.0f", d);
	else
		sb_fmt(out, "%.2f", d);
}

static bool put_value(const jv *v, int lang, struct sb *out)
{
	if (jv_is_str(v))
		sb_put(out, jv_as_str(v));
	else if (jv_is_num(v))
		put_num(v, out);
	else if (jv_is_bool(v))
		sb_cstr(out, jv_as_bool(v, false) ? (lang ? "yes" : "是") : (lang ? "no" : "否"));
	else
		return false;
	return true;
}

static bool put_any(const jv *v, int lang, struct sb *out)
{
	if (!jv_is_arr(v))
		return put_value(v, lang, out);
	for (size_t i = 0; i < jv_len(v); i++) {
		if (i)
			sb_cstr(out, lang ? ", " : "、");
		if (!put_value(jv_at(v, i), lang, out))
			return false;
	}
	return jv_len(v) > 0;
}

bool tool_text_fill(sv text, const jv *body, const jv *args, sv title, int lang, struct sb *out)
{
	char path[128];
	while (text.n) {
		ptrdiff_t open = sv_find_ch(text, '{');
		sb_put(out, sv_slice(text, 0, open < 0 ? text.n : (size_t)open));
		if (open < 0)
			break;
		text = sv_slice(text, (size_t)open + 1, text.n);
		ptrdiff_t close = sv_find_ch(text, '}');
		if (close <= 0 || (size_t)close >= sizeof(path))
			return false;
		memcpy(path, text.p, (size_t)close);
		path[close] = 0;
		text = sv_slice(text, (size_t)close + 1, text.n);
		const jv *v = jv_path(body, path);
		if (!v)
			v = jv_path(args, path);
		if (!v && title.n && !strcmp(path, "title"))
			sb_put(out, title);
		else if (!put_any(v, lang, out))
			return false;
	}
	return sb_err(out) == 0;
}
