/* assist_plan.c: what the company has written for its people: dispositions, canned answers,
 * actions to propose, checks to make, rules for what is said (docs/assist.md has the keys).
 *
 * Every fault is told with file:line, as many as there are; a plan with a fault is none. Immutable
 * once made (an obj): any thread. Strings live in its arena. */
#include "assist_int.h"

#include <stdarg.h>
#include <stdio.h>

#define PLAN_ENTRIES 500
#define ISSUES_MAX 100

static const char *const list_names[LISTS] = { "dispositions", "canned", "actions", "checks",
					       "rules" };
static const char *const list_keys[LISTS] = {
	"|id|title|intents|outcomes|tools|",
	"|id|title|text|intents|",
	"|id|title|why|intents|moods|words|tool|",
	"|id|title|words|by|intents|first|level|item|",
	"|id|kind|text|words|by|level|",
};

struct reader {
	struct assist_plan *p;
	const struct assist_file *file;
	struct cfg_report *rep;
	bool bad;
};

static void fault(struct reader *r, const char *path, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void fault(struct reader *r, const char *path, const char *mend, const char *fmt, ...)
{
	struct cfg_issue *x = VEC_PUSH(r->rep, ISSUES_MAX);
	va_list ap;
	r->bad = true;
	if (!x)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(x->what, sizeof(x->what), fmt, ap);
	va_end(ap);
	cfg_where(x->where, r->file->yaml, r->file->name, path);
	(void)snprintf(x->mend, sizeof(x->mend), "%s", mend);
}

static void known_keys(struct reader *r, const jv *o, const char *at, const char *names)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(o, &it, &key, &v)) {
		char word[64], mend[160];
		(void)snprintf(word, sizeof(word), "|%.*s|", (int)(key.n < 50 ? key.n : 50),
			       key.p ? key.p : "");
		(void)snprintf(mend, sizeof(mend), "Use some of %.140s", names);
		if (sv_find(sv_of(names), sv_of(word)) < 0)
			fault(r, at, mend, "unknown key \"%.50s\"", key.p);
	}
}

static sv keep(struct reader *r, sv s)
{
	sv out = arena_sv(&r->p->a, s.p ? s : SV(""));
	return out.p ? out : SV("");
}

/* {zh: .., en: ..} */
static void read_pair(struct reader *r, const jv *o, const char *key, bool must, const char *at,
		      sv out[2])
{
	static const char *const langs[] = { "zh", "en" };
	const jv *v = jv_get(o, key);
	for (int i = 0; i < 2; i++) {
		out[i] = keep(r, jv_get_str(v, langs[i]));
		if ((must || v) && !out[i].n)
			fault(r, at, "Write it as { zh: .., en: .. }.", "\"%s\" has no %s", key,
			      langs[i]);
	}
}

/* A text "a|b" or a list. */
static sv read_set(struct reader *r, const jv *o, const char *key)
{
	const jv *v = jv_get(o, key);
	struct sb b;
	if (!jv_is_arr(v))
		return keep(r, jv_as_str(v));
	sb_init(&b, 4096);
	for (size_t i = 0; i < jv_len(v); i++)
		sb_fmt(&b, "%s" SV_FMT, i ? "|" : "", SV_ARG(jv_as_str(jv_at(v, i))));
	sv out = keep(r, sb_sv(&b));
	sb_done(&b);
	return out;
}

static enum assist_who read_who(struct reader *r, const jv *o, const char *at)
{
	static const char *const names[] = { "customer", "bot", "agent" };
	sv by = jv_get_str(o, "by");
	for (int i = 0; i < 3; i++)
		if (sv_eq(by, sv_of(names[i])))
			return (enum assist_who)i;
	if (by.n)
		fault(r, at, "Use customer, bot or agent.", "by is \"" SV_FMT "\"", SV_ARG(by));
	return ASSIST_AGENT;
}

static void read_moods(struct reader *r, const jv *o, const char *at, struct assist_entry *x)
{
	sv rest, one;
	x->moods = read_set(r, o, "moods");
	rest = x->moods;
	while (sv_cut(&rest, '|', &one))
		if (feel_mood_of(one) < 0)
			fault(r, at,
			      "Use neutral, satisfied, confused, anxious, frustrated, angry, sad "
			      "or relieved.",
			      "there is no mood \"" SV_FMT "\"", SV_ARG(one));
}

static bool entry_id_ok(sv id)
{
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return id.n > 0 && id.n <= 40;
}

static struct assist_entry *entry_for(struct reader *r, enum assist_listing l, sv id)
{
	for (size_t i = 0; i < r->p->list[l].n; i++)
		if (sv_eq(r->p->list[l].v[i].id, id))
			return &r->p->list[l].v[i];
	return VEC_PUSH(&r->p->list[l], PLAN_ENTRIES);
}

static void read_entry(struct reader *r, enum assist_listing l, const jv *o, const char *at)
{
	sv id = jv_get_str(o, "id");
	if (!entry_id_ok(id)) {
		fault(r, at, "Give it an id of small letters, digits, - and _.", "no id");
		return;
	}
	known_keys(r, o, at, list_keys[l]);
	struct assist_entry *x = entry_for(r, l, id);
	if (!x) {
		fault(r, at, "Leave some out.", "more than %d entries", PLAN_ENTRIES);
		return;
	}
	*x = (struct assist_entry){ .id = keep(r, id) };
	bool said = l == LIST_CANNED || l == LIST_RULES;
	read_pair(r, o, "title", l != LIST_RULES, at, x->title);
	read_pair(r, o, l == LIST_ACTIONS ? "why" : "text", said, at, x->text);
	read_pair(r, o, "words", l == LIST_CHECKS || l == LIST_RULES, at, x->words);
	x->intents = read_set(r, o, "intents");
	x->outcomes = read_set(r, o, "outcomes");
	x->tools = read_set(r, o, "tools");
	x->tool = keep(r, jv_get_str(o, "tool"));
	x->kind = keep(r, jv_get_str(o, "kind"));
	x->level = (int)jv_get_int(o, "level", 0);
	x->first = jv_get_bool(o, "first", false);
	x->item = keep(r, jv_get_str(o, "item"));
	x->by = read_who(r, o, at);
	read_moods(r, o, at, x);
}

static void read_file(struct reader *r)
{
	jv *tree = cfg_parse(r->file->yaml, r->file->name, r->rep);
	char at[80];
	if (!tree) {
		r->bad = true;
		return;
	}
	known_keys(r, tree, "", "|dispositions|canned|actions|checks|rules|");
	for (int l = 0; l < LISTS; l++) {
		const jv *v = jv_get(tree, list_names[l]);
		if (v && !jv_is_arr(v))
			fault(r, list_names[l], "Write a list: - {id: .., title: ..}",
			      "%s is no list", list_names[l]);
		for (size_t i = 0; i < jv_len(v) && jv_is_arr(v); i++) {
			(void)snprintf(at, sizeof(at), "%s[%zu]", list_names[l], i);
			read_entry(r, (enum assist_listing)l, jv_at(v, i), at);
		}
	}
	jv_free(tree);
}

static void plan_free(void *arg)
{
	struct assist_plan *p = arg;
	for (int l = 0; l < LISTS; l++)
		VEC_FREE(&p->list[l]);
	arena_done(&p->a);
}

int assist_plan_new(struct assist_plan **ret, const struct assist_file *files, size_t n,
		    struct cfg_report *rep)
{
	struct assist_plan *p = obj_new(sizeof(*p), plan_free);
	struct reader r = { .p = p, .rep = rep };
	arena_init(&p->a, 4u << 20);
	for (size_t i = 0; i < n; i++) {
		r.file = &files[i];
		read_file(&r);
	}
	if (r.bad) {
		obj_unref(p);
		return ERR_INVAL;
	}
	*ret = p;
	return 0;
}

/* ---- reading it ---- */

static void put_pair(struct sb *b, const char *key, const sv v[2])
{
	sb_fmt(b, ",\"%s\":{\"zh\":", key);
	sb_json(b, v[0]);
	sb_cstr(b, ",\"en\":");
	sb_json(b, v[1]);
	sb_ch(b, '}');
}

int assist_plan_json(const struct assist_plan *p, const char *list, struct sb *out)
{
	int l = 0;
	while (l < LISTS && strcmp(list, list_names[l]) != 0)
		l++;
	if (l == LISTS)
		return ERR_NOTFOUND;
	sb_cstr(out, "{\"items\":[");
	for (size_t i = 0; p && i < p->list[l].n; i++) {
		const struct assist_entry *x = &p->list[l].v[i];
		sb_cstr(out, i ? ",{\"id\":" : "{\"id\":");
		sb_json(out, x->id);
		put_pair(out, "title", x->title);
		if (x->text[0].n)
			put_pair(out, "text", x->text);
		if (l == LIST_CANNED)
			sb_fmt(out, ",\"shortcut\":\"/" SV_FMT "\"", SV_ARG(x->id));
		sb_ch(out, '}');
	}
	sb_cstr(out, "],\"next\":null}");
	return sb_err(out);
}

const struct assist_entry *assist_disposition_of(const struct assist_plan *p, sv id)
{
	for (size_t i = 0; p && i < p->list[LIST_DISPOSITIONS].n; i++)
		if (sv_eq(p->list[LIST_DISPOSITIONS].v[i].id, id))
			return &p->list[LIST_DISPOSITIONS].v[i];
	return NULL;
}

bool assist_one_of(sv list, sv word)
{
	sv one;
	if (!list.n)
		return true;
	while (sv_cut(&list, '|', &one))
		if (sv_eq(one, word))
			return true;
	return false;
}

bool assist_words_in(const struct assist_entry *x, sv text)
{
	bool yes[2] = { false, false };
	feel_says(text, x->words, 2, yes);
	return yes[0] || yes[1];
}

const struct assist_tool *assist_tool_of(const struct assist_with *w, sv name)
{
	for (size_t i = 0; w && i < w->n_tool; i++)
		if (sv_eq(w->tool[i].name, name))
			return &w->tool[i];
	return NULL;
}
