/* api_openai_said.c: what is said of the client's functions: their results in words, whether a
 * model's arguments were really said, and which function stands for an act of the engine. Pure. */
#include "api_openai.h"

#include <stdio.h>

#define LEAVES_MAX 16
#define RESULT_MAX 1500

/* ---- results ---- */

struct leaves {
	struct sb *out;
	const char *is, *sep;    /* " is ", "; " and so on */
	int n;
};

static sv head(sv s, size_t letters)
{
	return sv_slice(s, 0, sv_rune_offset(s, letters));
}

static void leaf(struct leaves *l, sv name, const jv *v)
{
	struct sb b;
	if (l->n++)
		sb_cstr(l->out, l->sep);
	if (name.n) {
		oai_tool_spoken(name, l->out);
		sb_cstr(l->out, l->is);
	}
	sb_init(&b, 4096);
	if (!jv_is_str(v))
		jv_dump(v, &b);
	sb_put(l->out, jv_is_str(v) ? head(jv_as_str(v), 400) : sb_sv(&b));
	sb_done(&b);
}

static void leaves(struct leaves *l, sv name, const jv *v, int depth)
{
	void *it = NULL;
	sv key;
	jv *child;
	if (l->n >= LEAVES_MAX || depth > 4 || jv_is_null(v))
		return;
	if (!jv_is_obj(v) && !jv_is_arr(v)) {
		leaf(l, name, v);
		return;
	}
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++)
		leaves(l, name, jv_at(v, i), depth + 1);
	while (jv_is_obj(v) && jv_next(v, &it, &key, &child))
		leaves(l, key, child, depth + 1);
}

void oai_tool_result(sv text, sv lang, struct sb *out)
{
	bool zh = sv_starts(lang, SV("zh"));
	jv *v = jv_parse(text, NULL);
	const jv *error = jv_get(v, "error");
	sv say = jv_is_str(v) ? jv_as_str(v) : text;
	if (!jv_is_null(error)) {
		struct leaves l = { out, zh ? "：" : ": ", zh ? "；" : "; ", 0 };
		sb_cstr(out, zh ? "抱歉，没有办成：" : "Sorry, that did not work: ");
		leaves(&l, SV_NULL, error, 0);
	} else if (jv_is_obj(v) || jv_is_arr(v)) {
		struct leaves l = { out, zh ? "：" : ": ", zh ? "；" : "; ", 0 };
		sb_cstr(out, zh ? "查询结果：" : "Here is what I found: ");
		leaves(&l, SV_NULL, v, 0);
		if (l.n == 0)
			sb_cstr(out, zh ? "没有内容" : "nothing");
	} else {
		sb_put(out, sv_trim(head(say, RESULT_MAX)));
	}
	sv all = sb_sv(out);
	bool ended = !all.n || sv_ends(all, SV(".")) || sv_ends(all, SV("。")) ||
		     sv_ends(all, SV("!")) || sv_ends(all, SV("？")) || sv_ends(all, SV("?"));
	if (!ended)
		sb_cstr(out, zh ? "。" : ".");
	jv_free(v);
}

/* ---- were these values said? ---- */

static int digits(sv s)
{
	int n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] >= '0' && s.p[i] <= '9';
	return n;
}

static bool value_said(sv s, sv said)
{
	int64_t ms;
	if (digits(s) < 3 || (s.n >= 10 && clk_parse_rfc3339(sv_slice(s, 0, 10), &ms) == 0))
		return true;
	if (s.n > 64)                    /* a sentence, not a value */
		return true;
	if (*s.p == '#')
		s = sv_slice(s, 1, s.n);
	return sv_find(said, s) >= 0;
}

bool oai_tool_said(const jv *args, sv said)
{
	void *it = NULL;
	sv key;
	jv *child;
	if (jv_is_str(args))
		return value_said(jv_as_str(args), said);
	if (jv_is_num(args)) {
		struct sb b;
		sb_init(&b, 64);
		jv_dump(args, &b);
		bool ok = value_said(sb_sv(&b), said);
		sb_done(&b);
		return ok;
	}
	for (size_t i = 0; jv_is_arr(args) && i < jv_len(args); i++)
		if (!oai_tool_said(jv_at(args, i), said))
			return false;
	while (jv_is_obj(args) && jv_next(args, &it, &key, &child))
		if (!oai_tool_said(child, said))
			return false;
	return true;
}

/* ---- acts of the engine ---- */

const struct oai_tool *oai_tool_for(const struct oai_req *q, sv action)
{
	static const struct {
		const char *action, *names;
	} acts[] = {
		{ "handoff",
		  "handoff hand_off handover hand_over transfer transfer_call "
		  "transfer_to_agent "
		  "transfer_to_human transfer_to_human_agent transfer_to_human_agents "
		  "escalate escalate_to_human talk_to_human request_human connect_to_agent" },
		{ "end",
		  "end end_call hang_up hangup end_conversation close_conversation goodbye" },
	};
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		sv rest = sv_of(acts[i].names), name;
		while (sv_eq(action, sv_of(acts[i].action)) && sv_cut(&rest, ' ', &name))
			for (size_t k = 0; k < q->n_tools; k++)
				if (sv_eq_nocase(q->tools[k].name, name))
					return &q->tools[k];
	}
	return NULL;
}
