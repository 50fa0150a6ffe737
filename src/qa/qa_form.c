/* qa_form.c: forms from YAML. Every fault is told with file:line; a form with a fault is none.
 *
 * Refused by law and by house rule: whatever would read an employee's mood (qa_form_law.c). A
 * struct qa_form is immutable once it is made: any thread. Strings live in its arena. */
#include "qa_form_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { ISSUES_MAX = 100 };

void form_fault(struct form_reader *r, const char *path, const char *mend, const char *fmt, ...)
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

static bool listed(const char *names, sv key)
{
	char word[64];
	(void)snprintf(word, sizeof(word), "|" SV_FMT "|", (int)(key.n < 60 ? key.n : 60), key.p);
	return sv_find(sv_of(names), sv_of(word)) >= 0;
}

static void known_keys(struct form_reader *r, const jv *o, const char *path, const char *names,
		       const char *more)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(o, &it, &key, &v)) {
		char at[160], mend[200];
		if (listed(names, key) || (more && listed(more, key)))
			continue;
		(void)snprintf(at, sizeof(at), "%.80s%s%.50s", path, path[0] ? "." : "", key.p);
		(void)snprintf(mend, sizeof(mend), "Use one of: %.100s%.80s", names + 1,
			       more ? more + 1 : "");
		form_fault(r, at, mend, "unknown key \"%.50s\"", key.p);
	}
}

static void at_of(char out[120], const char *path, const char *key)
{
	(void)snprintf(out, 120, "%.80s%s%.30s", path, path[0] ? "." : "", key);
}

static void read_title(struct form_reader *r, const jv *o, const char *path, sv title[2])
{
	char at[120];
	const jv *t = jv_get(o, "title");
	title[0] = arena_sv(&r->f->a, jv_get_str(t, "zh"));
	title[1] = arena_sv(&r->f->a, jv_get_str(t, "en"));
	at_of(at, path, "title");
	if (!title[0].n || !title[1].n)
		form_fault(r, at, "Write title: { zh: \"..\", en: \"..\" }.",
			   "a title in Chinese and English is wanted");
	else if (sv_runes(title[0]) > 80 || sv_runes(title[1]) > 160)
		form_fault(r, at, "Shorten it.", "the title is too long");
}

static sv read_id(struct form_reader *r, const jv *o, const char *path)
{
	sv id = jv_get_str(o, "id");
	char at[120];
	bool ok = id.n > 0 && id.n <= 40;
	at_of(at, path, "id");
	for (size_t i = 0; i < id.n; i++)
		ok &= (id.p[i] >= 'a' && id.p[i] <= 'z') || (id.p[i] >= '0' && id.p[i] <= '9') ||
		      id.p[i] == '_' || id.p[i] == '-';
	if (!ok)
		form_fault(r, at, "Write it like \"call_back\".",
			   "an id of 1 to 40 small letters, digits, _ is wanted");
	return arena_sv(&r->f->a, id);
}

static void read_list(struct form_reader *r, const jv *v, const char *at, size_t max,
		      struct qa_list *ret)
{
	size_t n = jv_len(v);
	if (!v)
		return;
	if (!jv_is_arr(v) || !n || n > max) {
		form_fault(r, at, "Write [\"one\", \"another\"].",
			   "a list of 1 to %zu texts is wanted", max);
		return;
	}
	ret->v = arena_new(&r->f->a, sv, n);
	for (size_t i = 0; i < n; i++) {
		sv s = sv_trim(jv_as_str(jv_at(v, i)));
		if (!s.n || s.n > 200 || sv_eq(s, SV("*")))
			form_fault(r, at, "Put each between quotes.",
				   "item %zu is no text of 1 to 200 bytes", i + 1);
		ret->v[ret->n++] = arena_sv(&r->f->a, s);
	}
}

static void read_words(struct form_reader *r, const jv *v, const char *at, struct qa_list ret[2])
{
	char sub[120];
	if (!v)
		return;
	known_keys(r, v, at, "|zh|en|", NULL);
	at_of(sub, at, "zh");
	read_list(r, jv_get(v, "zh"), sub, QA_WORDS, &ret[0]);
	at_of(sub, at, "en");
	read_list(r, jv_get(v, "en"), sub, QA_WORDS, &ret[1]);
	if (!ret[0].n || !ret[1].n)
		form_fault(r, at, "Write zh: [..] and en: [..].",
			   "words in Chinese and in English are wanted");
}

static double read_num(struct form_reader *r, const jv *o, const char *path, const char *key,
		       double min, double max)
{
	char at[120];
	const jv *v = jv_get(o, key);
	double d = jv_as_num(v, -1);
	if (!v)
		return -1;
	at_of(at, path, key);
	if (!jv_is_num(v) || d < min || d > max)
		form_fault(r, at, "Write a number.", "a number from %g to %g is wanted", min, max);
	return d;
}

/* What the rule takes. */
static void read_rule(struct form_reader *r, const jv *o, const char *path, struct qa_item *it)
{
	char at[120];
	struct sb names;
	sv name = jv_get_str(o, "rule");
	at_of(at, path, "rule");
	it->rule = qa_rule_find(name);
	if (!it->rule) {
		sb_init(&names, 4096);
		qa_rule_names(&names);
		form_fault(r, at, sb_str(&names), "there is no rule \"" SV_FMT "\"", SV_ARG(name));
		sb_done(&names);
		return;
	}
	known_keys(r, o, path, "|id|title|type|weight|rule|", it->rule->keys);
	at_of(at, path, "words");
	read_words(r, jv_get(o, "words"), at, it->words);
	at_of(at, path, "when");
	read_words(r, jv_get(o, "when"), at, it->when);
	at_of(at, path, "topics");
	read_list(r, jv_get(o, "topics"), at, QA_NAMES, &it->topics);
	at_of(at, path, "tools");
	read_list(r, jv_get(o, "tools"), at, QA_NAMES, &it->tools);
	it->seconds = read_num(r, o, path, "seconds", 0.1, 86400);
	it->first = read_num(r, o, path, "first", 0.1, 86400);
	it->most = (int)read_num(r, o, path, "most", 0, 1000);
	it->within = (int)read_num(r, o, path, "within", 1, 1000);
	it->chat = jv_get_bool(o, "chat", false);
	sv needs = sv_of(it->rule->needs), key;
	while (sv_cut(&needs, '|', &key))
		if (key.n && !jv_member(o, key))
			form_fault(r, path, "docs/qa.md tells what each rule takes.",
				   "rule %s wants \"" SV_FMT "\"", it->rule->name, SV_ARG(key));
}

const char *const qa_type_names[QA_TYPES] = { "plus", "minus", "taboo" };

static void read_type(struct form_reader *r, const jv *o, const char *path, struct qa_item *it)
{
	char at[120];
	sv type = jv_get_str(o, "type");
	int found = -1;
	for (int i = 0; i < QA_TYPES; i++)
		if (sv_eq(type, sv_of(qa_type_names[i])))
			found = i;
	at_of(at, path, "type");
	if (found < 0)
		form_fault(r, at, "plus earns points, minus costs them, taboo forbids.",
			   "type must be plus, minus or taboo");
	it->type = found < 0 ? QA_PLUS : (enum qa_type)found;
	it->weight = read_num(r, o, path, "weight", 0.5, 100);
	at_of(at, path, "weight");
	if (it->weight < 0 && it->type != QA_TABOO)
		form_fault(r, at, "Write weight: 5.", "a weight is wanted");
}

static void read_item(struct form_reader *r, const jv *o, const char *path, int section)
{
	struct qa_form *f = r->f;
	struct qa_item *it = &f->items[f->n];
	if (f->n == QA_ITEMS) {
		form_fault(r, path, "Leave some out.", "more than %d items", QA_ITEMS);
		return;
	}
	it->section = section;
	it->id = read_id(r, o, path);
	it->seconds = it->first = it->most = it->within = -1;
	for (size_t i = 0; i < f->n; i++)
		if (sv_eq(f->items[i].id, it->id))
			form_fault(r, path, "Give it another id.",
				   "item \"" SV_FMT "\" is there twice", SV_ARG(it->id));
	read_title(r, o, path, it->title);
	read_type(r, o, path, it);
	form_law(r, o, path);
	const jv *model = jv_get(o, "model");
	if (jv_get(o, "rule"))
		read_rule(r, o, path, it);
	else
		known_keys(r, o, path, "|id|title|type|weight|model|person|", NULL);
	if (model) {
		it->rubric[0] = arena_sv(&f->a, jv_get_str(model, "zh"));
		it->rubric[1] = arena_sv(&f->a, jv_get_str(model, "en"));
	}
	int ways = (jv_get(o, "rule") != NULL) + (model != NULL) + jv_get_bool(o, "person", false);
	if (ways != 1 || (model && (!it->rubric[0].n || !it->rubric[1].n)))
		form_fault(r, path, "rule: NAME, or model: { zh: .., en: .. }, or person: true.",
			   "one way to look at it is wanted");
	f->n++;
}

static void read_section(struct form_reader *r, const jv *o, size_t n)
{
	struct qa_form *f = r->f;
	char path[60], at[120];
	(void)snprintf(path, sizeof(path), "sections[%zu]", n);
	if (n >= QA_SECTIONS) {
		form_fault(r, path, "Join some.", "more than %d sections", QA_SECTIONS);
		return;
	}
	known_keys(r, o, path, "|id|title|items|", NULL);
	f->sections[n].id = read_id(r, o, path);
	read_title(r, o, path, f->sections[n].title);
	f->n_sections = n + 1;
	const jv *items = jv_get(o, "items");
	if (!jv_len(items))
		form_fault(r, path, "Add one.", "a section without items");
	for (size_t i = 0; i < jv_len(items) && i <= QA_ITEMS; i++) {
		(void)snprintf(at, sizeof(at), "%s.items[%zu]", path, i);
		read_item(r, jv_at(items, i), at, (int)n);
	}
}

static void read_for(struct form_reader *r, const jv *o)
{
	struct qa_form *f = r->f;
	struct qa_list who = { 0 };
	known_keys(r, o, "for", "|who|channels|", NULL);
	read_list(r, jv_get(o, "who"), "for.who", 2, &who);
	read_list(r, jv_get(o, "channels"), "for.channels", QA_NAMES, &f->channels);
	for (size_t i = 0; i < who.n; i++) {
		if (sv_eq(who.v[i], SV("bot")))
			f->who |= 1;
		else if (sv_eq(who.v[i], SV("agent")))
			f->who |= 2;
		else
			form_fault(r, "for.who", "bot, agent, or both.",
				   "\"" SV_FMT "\" is neither bot nor agent", SV_ARG(who.v[i]));
	}
	if (!who.n)
		f->who = 3;
}

static void read_form(struct form_reader *r, const jv *o)
{
	struct qa_form *f = r->f;
	known_keys(r, o, "", "|id|version|title|pass|for|sections|", NULL);
	f->id = read_id(r, o, "");
	read_title(r, o, "", f->title);
	f->version = (int)read_num(r, o, "", "version", 1, 1e6);
	f->pass = read_num(r, o, "", "pass", 1, 100);
	if (f->version < 1)
		form_fault(r, "version", "Write version: 1.", "a version is wanted");
	if (f->pass < 0)
		f->pass = 80;
	read_for(r, jv_get(o, "for"));
	const jv *list = jv_get(o, "sections");
	if (!jv_len(list))
		form_fault(r, "sections", "docs/qa.md shows a form.", "no sections");
	for (size_t i = 0; i < jv_len(list) && i <= QA_SECTIONS; i++)
		read_section(r, jv_at(list, i), i);
}

static void form_free(void *p)
{
	struct qa_form *f = p;
	arena_done(&f->a);
}

int qa_form_new(struct qa_form **ret, sv yaml, const char *name, struct cfg_report *rep)
{
	struct qa_form *f = obj_new(sizeof(*f), form_free);
	struct form_reader r = { .f = f, .name = name, .text = yaml, .rep = rep };
	arena_init(&f->a, LIM_ARENA_BIG);
	jv *o = NULL;
	if (yaml.n > QA_FORM_BYTES)
		form_fault(&r, "", "Make two of it.", "a form has at most %d KiB",
			   QA_FORM_BYTES / 1024);
	else
		o = cfg_parse(yaml, name, rep);
	f->text = arena_sv(&f->a, yaml);
	if (jv_is_obj(o))
		read_form(&r, o);
	else if (o)
		form_fault(&r, "", "docs/qa.md shows a form.", "this is no form");
	r.bad |= !o;
	jv_free(o);
	if (r.bad) {
		obj_unref(f);
		return ERR_INVAL;
	}
	*ret = f;
	return 0;
}
