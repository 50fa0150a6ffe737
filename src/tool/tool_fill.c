/* tool_fill.c: templates of requests to other systems: texts and JSON with {names}, and what the
 * names stand for. A far thread. */
#include "tool_far.h"

#include <stdio.h>

enum { DEPTH = 8 };

jv *far_value(const struct tool_run *r, sv name)
{
	const struct tool_who *w = r->who;
	const struct {
		const char *name;
		sv value;
	} own[] = {
		{ "key", r->key },	     { "customer", w->customer },
		{ "conversation", w->conversation }, { "lang", w->lang },
		{ "actor", w->actor },
	};
	if (!sv_starts(name, SV("who."))) {
		const jv *v = jv_member(r->args, name);
		return v ? jv_copy(v) : NULL;
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (sv_eq(sv_slice(name, 4, name.n), sv_of(own[i].name)))
			return own[i].value.n ? jv_str(own[i].value) : NULL;
	return NULL;
}

bool far_text(const struct tool_run *r, sv text, bool enc, struct sb *out)
{
	bool ok = true;
	while (ok && text.n) {
		ptrdiff_t open = sv_find_ch(text, '{');
		sb_put(out, sv_slice(text, 0, open < 0 ? text.n : (size_t)open));
		if (open < 0)
			break;
		text = sv_slice(text, (size_t)open + 1, text.n);
		ptrdiff_t close = sv_find_ch(text, '}');
		if (close < 0)
			return false;
		jv *v = far_value(r, sv_slice(text, 0, (size_t)close));
		text = sv_slice(text, (size_t)close + 1, text.n);
		struct sb one;
		sb_init(&one, TOOL_ARGS_MAX);
		if (jv_is_str(v))
			sb_put(&one, jv_as_str(v));
		else if (jv_is_num(v) || jv_is_bool(v))
			jv_dump(v, &one);
		sv s = sb_sv(&one);
		ok = s.n && !(enc && (sv_eq(s, SV(".")) || sv_eq(s, SV(".."))));
		if (enc)
			sb_url(out, s);
		else
			sb_put(out, s);
		sb_done(&one);
		jv_free(v);
	}
	return ok;
}

/* "{name}" alone. */
static bool lone(sv s, sv *name)
{
	*name = sv_slice(s, 1, s.n ? s.n - 1 : 0);
	return s.n > 2 && s.p[0] == '{' && s.p[s.n - 1] == '}' && sv_find_ch(*name, '{') < 0;
}

static jv *fill(const struct tool_run *r, const jv *t, int depth)
{
	void *it = NULL;
	sv key, name;
	jv *v, *child, *o;
	char member[TOOL_NAME];
	if (depth > DEPTH)
		return NULL;
	if (jv_is_arr(t)) {
		o = jv_arr();
		for (size_t i = 0; i < jv_len(t); i++)
			if ((child = fill(r, jv_at(t, i), depth + 1)) != NULL)
				jv_push(o, child);
		return o;
	}
	if (jv_is_obj(t)) {
		o = jv_obj();
		while (jv_next(t, &it, &key, &v)) {
			child = fill(r, v, depth + 1);
			(void)snprintf(member, sizeof(member), "%.*s",
				       (int)(key.n < 60 ? key.n : 60), key.p);
			if (child)
				jv_set(o, member, child);
		}
		return o;
	}
	if (!jv_is_str(t))
		return jv_copy(t);
	if (lone(jv_as_str(t), &name))
		return far_value(r, name);
	struct sb b;
	sb_init(&b, TOOL_ARGS_MAX);
	o = far_text(r, jv_as_str(t), false, &b) ? jv_str(sb_sv(&b)) : NULL;
	sb_done(&b);
	return o;
}

jv *far_fill(const struct tool_run *r, const jv *t)
{
	return fill(r, t, 0);
}
