/* tool_box.c: declarations of tools from YAML, read and checked.
 *
 * Every fault is told with its file, line and place, what it is and how to mend it; a box with a
 * fault is none. Schemas stay in the trees they were read into, which live as long as the box;
 * texts are copied into its arena. A schema that says nothing about other members allows none. A
 * box never changes once it is made: any thread.
 */
#include "tool_int.h"

#include <stdio.h>

#define N(x) (sizeof(x) / sizeof((x)[0]))
#define ISSUES_MAX 100

static const char *const role_names[] = { "customer", "agent", "supervisor", "manager", "system" };
static const char *const level_names[] = { "nobody", "claimed", "known", "proven" };
static const char *const lang_names[] = { "zh", "en" };

const char *tool_role_name(enum tool_role role)
{
	return role_names[(size_t)role < N(role_names) ? role : TOOL_CUSTOMER];
}

/* Rows of before there were managers have a number: theirs are in front of the system's. */
enum tool_role tool_role_read(const jv *v)
{
	static const enum tool_role before[] = { TOOL_CUSTOMER, TOOL_AGENT, TOOL_SUPERVISOR,
						 TOOL_SYSTEM };
	int64_t n = jv_as_int(v, 0);
	for (size_t i = 0; i < N(role_names); i++)
		if (sv_eq(jv_as_str(v), sv_of(role_names[i])))
			return (enum tool_role)i;
	return n > 0 && n < (int64_t)N(before) ? before[n] : TOOL_CUSTOMER;
}

struct reader {
	struct tool_box *b;
	const char *name;
	sv text;
	struct cfg_report *rep;
	char at[64];                     /* where we are: "tools[3]" */
	sv id;                           /* of the declaration we are in */
	bool bad;
};

static void fault(struct reader *r, const char *key, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void fault(struct reader *r, const char *key, const char *mend, const char *fmt, ...)
{
	struct cfg_issue *x = r->rep ? VEC_PUSH(r->rep, ISSUES_MAX) : NULL;
	char path[200], what[180];
	va_list ap;
	r->bad = true;
	if (!x)
		return;
	(void)snprintf(path, sizeof(path), "%.60s%s%.100s", r->at, r->at[0] && key[0] ? "." : "",
		       key);
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	cfg_where(x->where, r->text, r->name, path);
	if (r->id.n)
		(void)snprintf(x->what, sizeof(x->what), "\"%.*s\": %s",
			       (int)(r->id.n < 40 ? r->id.n : 40), r->id.p, what);
	else
		(void)snprintf(x->what, sizeof(x->what), "%s", what);
	(void)snprintf(x->mend, sizeof(x->mend), "%s", mend);
}

static const char *one_of(char buf[200], const char *const *words, size_t n)
{
	size_t at = (size_t)snprintf(buf, 200, "Use one of: ");
	for (size_t i = 0; i < n && at < 180; i++)
		at += (size_t)snprintf(buf + at, 200 - at, "%s%s", i ? ", " : "", words[i]);
	return buf;
}

static void known_keys(struct reader *r, const jv *o, const char *const *names, size_t n)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(o, &it, &key, &v)) {
		size_t i = 0;
		char buf[200], k[60];
		while (i < n && !sv_eq(key, sv_of(names[i])))
			i++;
		if (i < n)
			continue;
		(void)snprintf(k, sizeof(k), SV_FMT, (int)(key.n < 50 ? key.n : 50), key.p);
		fault(r, k, one_of(buf, names, n), "unknown key \"%s\"", k);
	}
}

static int choice(struct reader *r, const jv *o, const char *key, const char *const *words,
		  size_t n)
{
	char buf[200];
	const jv *v = jv_get(o, key);
	if (!v)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (sv_eq(jv_as_str(v), sv_of(words[i])))
			return (int)i;
	fault(r, key, one_of(buf, words, n), "not a known word here");
	return 0;
}

static bool yes(struct reader *r, const jv *o, const char *key)
{
	const jv *v = jv_get(o, key);
	if (v && !jv_is_bool(v))
		fault(r, key, "Write true or false.", "true or false is expected here");
	return jv_as_bool(v, false);
}

static bool name_ok(sv s)
{
	bool ok = s.n > 0 && s.n < TOOL_NAME && s.p[0] >= 'a' && s.p[0] <= 'z';
	for (size_t i = 0; i < s.n; i++)
		ok &= (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		      s.p[i] == '_';
	return ok;
}

static const char *word(struct reader *r, const jv *o, const char *key, const char *def)
{
	const jv *v = jv_get(o, key);
	if (!v && def)
		return def;
	if (!name_ok(jv_as_str(v))) {
		fault(r, key, "Use a-z, 0-9 and _, beginning with a letter: order_cancel.",
		      v ? "not a usable name" : "is missing");
		return "";
	}
	return arena_cstr(&r->b->a, jv_as_str(v));
}

/* A text in both languages; where: the path below at, for messages. */
static void texts(struct reader *r, const jv *o, const char *key, const char *where, bool needed,
		  sv ret[2])
{
	const jv *v = jv_get(o, key);
	if (!v && !needed)
		return;
	if (jv_is_obj(v))
		known_keys(r, v, lang_names, N(lang_names));
	for (int i = 0; i < 2; i++) {
		sv s = jv_get_str(v, lang_names[i]);
		if (!s.n)
			fault(r, where, "Give it in both languages: {zh: \"...\", en: \"...\"}.",
			      "no text in %s", lang_names[i]);
		ret[i] = arena_sv(&r->b->a, s);
	}
}

static void read_says(struct reader *r, const jv *o, struct tool_item *it)
{
	const jv *says = jv_get(o, "say");
	void *it2 = NULL;
	char key[80], where[100];
	sv name;
	jv *v;
	if (says && (!jv_is_obj(says) || jv_len(says) > TOOL_SAYS)) {
		fault(r, "say", "Write a key and its texts: {done: {zh: \"...\", en: \"...\"}}.",
		      "not an object of at most %d texts", TOOL_SAYS);
		return;
	}
	it->say = arena_new(&r->b->a, struct tool_text, jv_len(says) + 1);
	while (jv_next(says, &it2, &name, &v)) {
		struct tool_text *t = &it->say[it->n_say++];
		(void)snprintf(key, sizeof(key), "%.*s", (int)(name.n < 64 ? name.n : 64), name.p);
		(void)snprintf(where, sizeof(where), "say.%s", key);
		t->key = arena_sv(&r->b->a, name);
		texts(r, says, key, where, true, t->lang);
	}
}

/* The top of a schema: an object whose required members are declared. */
static const jv *read_schema(struct reader *r, jv *o)
{
	jv *s = jv_get(o, "schema");
	if (!s) {
		s = jv_obj();
		jv_set(o, "schema", s);
		jv_set_str(s, "type", SV("object"));
	}
	if (!jv_is_obj(s) || !sv_eq(jv_get_str(s, "type"), SV("object"))) {
		fault(r, "schema", "Begin it with type: object, then properties.",
		      "the arguments are not described as an object");
		return s;
	}
	const jv *props = jv_get(s, "properties"), *need = jv_get(s, "required");
	for (size_t i = 0; i < jv_len(need); i++)
		if (!jv_member(props, jv_as_str(jv_at(need, i))))
			fault(r, "schema.required",
			      "Describe it under properties, or take it away.",
			      "\"%.*s\" is required but not described",
			      (int)(jv_as_str(jv_at(need, i)).n % 60),
			      jv_as_str(jv_at(need, i)).p);
	void *it = NULL;
	sv key;
	jv *p;
	while (jv_next(props, &it, &key, &p))
		if (!jv_is_obj(p))
			fault(r, "schema.properties", "Describe it: {type: string}.",
			      "\"%.*s\" is not described by an object",
			      (int)(key.n < 60 ? key.n : 60), key.p);
	if (!props)
		jv_set(s, "properties", jv_obj());
	if (!jv_get(s, "additionalProperties"))
		jv_set_bool(s, "additionalProperties", false);
	return s;
}

static void read_decl(struct reader *r, jv *o)
{
	static const char *const keys[] = { "name",  "source",  "op",         "title", "about",
					    "schema", "role",   "level",      "effect", "confirm",
					    "slow",  "timeout_ms", "undo",    "say",    "with" };
	struct tool_item *it = &r->b->v[r->b->n];
	struct tool_decl *d = &it->d;
	char key[80];
	known_keys(r, o, keys, N(keys));
	d->name = word(r, o, "name", NULL);
	r->id = sv_of(d->name);
	if (d->name[0] && tool_box_find(r->b, r->id))
		fault(r, "name", "Rename one of them.", "two tools of this name");
	d->source = word(r, o, "source", NULL);
	d->op = word(r, o, "op", d->name);
	d->undo = word(r, o, "undo", "");
	texts(r, o, "title", "title", true, d->title);
	texts(r, o, "about", "about", true, d->about);
	texts(r, o, "slow", "slow", false, d->slow);
	texts(r, o, "confirm", "confirm", false, it->confirm);
	d->schema = read_schema(r, o);
	d->with = jv_get(o, "with");
	d->role = (enum tool_role)choice(r, o, "role", role_names, N(role_names));
	d->level = (enum tool_level)choice(r, o, "level", level_names, N(level_names));
	d->effect = yes(r, o, "effect");
	d->confirm = it->confirm[0].n > 0;
	if (d->effect && !jv_get(o, "level"))
		fault(r, "level",
		      "Name the least level: known, or proven where money or an address changes; "
		      "level: nobody lets anybody do it.",
		      "an effect must say how sure it has to be who the customer is");
	if (d->confirm && !d->effect)
		fault(r, "confirm", "Write effect: true, or take confirm away.",
		      "a tool that changes nothing needs no confirmation");
	const jv *ms = jv_get(o, "timeout_ms");
	d->timeout_ms = (int)jv_as_int(ms, 5000);
	if ((ms && !jv_is_num(ms)) || d->timeout_ms < 50 || d->timeout_ms > 60000)
		fault(r, "timeout_ms", "Use a number from 50 to 60000.", "not a usable time");
	read_says(r, o, it);
	const char *mend, *wrong = tool_with_wrong(d, key, &mend);
	if (wrong)
		fault(r, key, mend, "%s", wrong);
	r->b->n++;
}

static void read_file(struct reader *r, const struct tool_file *f)
{
	static const char *const keys[] = { "tools" };
	struct tool_box *b = r->b;
	size_t had = r->rep ? r->rep->n : 0;
	r->name = f->name;
	r->text = f->yaml;
	r->at[0] = 0;
	r->id = SV_NULL;
	jv *tree = cfg_parse(f->yaml, f->name, r->rep);
	if (!tree) {
		if (!r->rep || r->rep->n == had)
			fault(r, "", "Write it as YAML.", "not YAML");
		r->bad = true;
		return;
	}
	b->trees[b->n_trees++] = tree;
	known_keys(r, tree, keys, N(keys));
	jv *list = jv_get(tree, "tools");
	if (!jv_is_arr(list))
		fault(r, "tools", "Write tools: and a list below it.", "no list of tools");
	for (size_t i = 0; jv_is_arr(list) && i < jv_len(list); i++) {
		(void)snprintf(r->at, sizeof(r->at), "tools[%zu]", i);
		r->id = SV_NULL;
		if (b->n == TOOL_DECLS)
			fault(r, "", "Take some away.", "more than %d tools", TOOL_DECLS);
		else if (jv_is_obj(jv_at(list, i)))
			read_decl(r, jv_at(list, i));
		else
			fault(r, "", "Begin it with name:.", "not a declaration");
	}
}

/* An undo may stand in another file: looked at when all are read. */
static void check_undo(struct reader *r)
{
	for (size_t i = 0; i < r->b->n; i++) {
		const struct tool_decl *d = &r->b->v[i].d;
		r->at[0] = 0;
		r->id = sv_of(d->name);
		if (d->undo[0] && !tool_box_find(r->b, sv_of(d->undo)))
			fault(r, "undo", "Name a tool that is there.", "undo: no tool \"%s\"",
			      d->undo);
	}
}

static void box_free(void *obj)
{
	struct tool_box *b = obj;
	for (size_t i = 0; i < b->n_trees; i++)
		jv_free(b->trees[i]);
	xfree(b->v);
	arena_done(&b->a);
}

int tool_box_new(struct tool_box **ret, const struct tool_file *files, size_t n,
		 struct cfg_report *rep)
{
	struct tool_box *b = obj_new(sizeof(*b), box_free);
	struct reader r = { .b = b, .rep = rep, .name = "tools" };
	/* the texts of 64 files fit: nothing here is refused for want of room */
	arena_init(&b->a, LIM_ARENA_BIG);
	b->v = xalloc(sizeof(*b->v) * TOOL_DECLS);
	if (n > TOOL_FILES)
		fault(&r, "", "Join some.", "more than %d files of tools", TOOL_FILES);
	for (size_t i = 0; i < n && i < TOOL_FILES; i++)
		read_file(&r, &files[i]);
	check_undo(&r);
	if (r.bad) {
		obj_unref(b);
		return ERR_INVAL;
	}
	*ret = b;
	return 0;
}

const struct tool_item *tool_item_of(const struct tool_decl *d)
{
	return (const struct tool_item *)d;
}

size_t tool_box_count(const struct tool_box *b)
{
	return b->n;
}

const struct tool_decl *tool_box_at(const struct tool_box *b, size_t i)
{
	return i < b->n ? &b->v[i].d : NULL;
}

const struct tool_decl *tool_box_find(const struct tool_box *b, sv name)
{
	for (size_t i = 0; i < b->n; i++)
		if (sv_eq(sv_of(b->v[i].d.name), name))
			return &b->v[i].d;
	return NULL;
}

static jv *both(const sv t[2])
{
	jv *o = jv_obj();
	jv_set_str(o, "zh", t[0]);
	jv_set_str(o, "en", t[1]);
	return o;
}

void tool_box_json(const struct tool_box *b, struct sb *out)
{
	jv *top = jv_obj(), *items = jv_arr();
	for (size_t i = 0; i < b->n; i++) {
		const struct tool_decl *d = &b->v[i].d;
		jv *o = jv_obj();
		jv_set_str(o, "name", sv_of(d->name));
		jv_set(o, "title", both(d->title));
		jv_set(o, "about", both(d->about));
		jv_set(o, "schema", jv_copy(d->schema));
		jv_set_str(o, "source", sv_of(d->source));
		jv_set_str(o, "role", sv_of(role_names[d->role]));
		jv_set_str(o, "level", sv_of(level_names[d->level]));
		jv_set_bool(o, "effect", d->effect);
		jv_set_bool(o, "confirm", d->confirm);
		jv_set_int(o, "timeout_ms", d->timeout_ms);
		jv_set_str(o, "undo", sv_of(d->undo));
		jv_push(items, o);
	}
	jv_set(top, "items", items);
	jv_dump(top, out);
	jv_free(top);
}
