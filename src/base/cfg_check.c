/* cfg_check.c: a configuration tree against its table of rules: unknown keys, types, ranges,
 * choices, defaults; and the starter file written from the same table.
 *
 * One walk over the tree finds what is there and wrong; then each rule finds what is missing. A
 * path has two forms: generic ("llm[].url", as in rules) and shown ("llm[2].url", as in
 * messages and as key to places in the text).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cfg_int.h"
#include "limits.h"
#include "vec.h"

struct check {
	const struct cfg_rule *rules;
	size_t n;
	const char *name;
	struct cfg_report *rep;
	struct cfg_places places;
	struct sb generic, shown, env;
	int issues;
};

static const char *const type_name[] = { "text", "a whole number", "a number", "true or false",
	"a group of keys", "a list", "a secret (file:/path or env:NAME)" };

static const struct cfg_rule *rule_of(const struct check *c, const char *path)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->rules[i].path, path))
			return &c->rules[i];
	return NULL;
}

/* Is there a rule below this path? */
static bool has_below(const struct check *c, sv path)
{
	for (size_t i = 0; i < c->n; i++) {
		sv p = sv_of(c->rules[i].path);

		if (p.n > path.n && sv_starts(p, path) &&
		    (p.p[path.n] == '.' || p.p[path.n] == '['))
			return true;
	}
	return false;
}

static const struct cfg_place *place(const struct check *c)
{
	return c->places.by_path ? map_get(c->places.by_path, sb_sv(&c->shown)) : NULL;
}

/* file:line:key, or the environment variable when the value came from there. */
static void where(struct check *c, char out[160])
{
	const struct cfg_place *pl = place(c);

	if (cfg_env_name(sb_str(&c->generic), &c->env) && getenv(sb_str(&c->env)))
		(void)snprintf(out, 160, "environment:%.60s:%.80s", sb_str(&c->env),
			       sb_str(&c->shown));
	else if (pl)
		(void)snprintf(out, 160, "%.60s:%d:%.80s", c->name, pl->line, sb_str(&c->shown));
	else
		(void)snprintf(out, 160, "%.60s:%.80s", c->name, sb_str(&c->shown));
}

#define COMPLAIN(c, mend, ...)                                   \
	do {                                                     \
		char where_[160];                                \
		where((c), where_);                              \
		cfg_issue((c)->rep, where_, (mend), __VA_ARGS__); \
		(c)->issues++;                                   \
	} while (0)

static int distance(sv a, sv b)
{
	int row[66];

	if (a.n > 64 || b.n > 64)
		return 99;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= a.n; i++) {
		int diag = row[0];

		row[0] = (int)i;
		for (size_t j = 1; j <= b.n; j++) {
			int best = diag + (a.p[i - 1] != b.p[j - 1]);

			diag = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.n];
}

/* The name right below `path` in a rule, SV_NULL when the rule is elsewhere. */
static sv child_name(const struct cfg_rule *r, sv path)
{
	sv p = sv_of(r->path), name;

	if (path.n) {
		if (!sv_starts(p, path) || p.n <= path.n || p.p[path.n] != '.')
			return SV_NULL;
		p = sv_slice(p, path.n + 1, p.n);
	}
	if (!sv_cut(&p, '.', &name))
		return SV_NULL;
	return sv_slice(name, 0,
			sv_find_ch(name, '[') >= 0 ? (size_t)sv_find_ch(name, '[') : name.n);
}

static void unknown_key(struct check *c, sv parent, sv key)
{
	int best = 4;
	sv nearest = SV_NULL, seen = SV_NULL;
	struct sb mend;

	sb_init(&mend, 230);
	for (size_t i = 0; i < c->n; i++) {
		sv name = child_name(&c->rules[i], parent);
		int d = name.n ? distance(name, key) : 99;

		if (d < best && d <= (int)(key.n + 1) / 2)
			best = d, nearest = name;
		if (name.n && !sv_eq(name, seen) && mend.n + name.n + 2 < mend.max - 40)
			sb_fmt(&mend, "%s" SV_FMT,
			       mend.n ? ", " : "Remove it. Known here: ", SV_ARG(name));
		seen = name;
	}
	if (nearest.n) {
		sb_reset(&mend);
		sb_fmt(&mend, "Did you mean \"" SV_FMT "\"?", SV_ARG(nearest));
	}
	COMPLAIN(c, mend.n ? sb_str(&mend) : "Remove it.", "unknown key");
	sb_done(&mend);
}

static bool has_type(const jv *v, enum cfg_type t)
{
	double d = jv_as_num(v, 0.5);

	switch (t) {
	case CFG_STR:
	case CFG_SECRET:
		return jv_is_str(v);
	case CFG_INT:
		return jv_is_num(v) && d >= -9e15 && d <= 9e15 && d - floor(d) <= 0;
	case CFG_NUM:
		return jv_is_num(v);
	case CFG_BOOL:
		return jv_is_bool(v);
	case CFG_OBJ:
		return jv_is_obj(v);
	default:
		return jv_is_arr(v);
	}
}

static bool is_yaml_bool(sv s)
{
	static const char *const words[] = { "yes", "no", "on", "off", "y", "n", "true", "false" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (sv_eq_nocase(s, sv_of(words[i])))
			return true;
	return false;
}

static void wrong_type(struct check *c, const struct cfg_rule *r, const jv *v)
{
	struct sb mend;
	const char *is = jv_is_str(v)  ? "text" :
			 jv_is_num(v)  ? "a number" :
			 jv_is_bool(v) ? "true or false" :
			 jv_is_obj(v)  ? "a group of keys" :
					 "a list";

	sb_init(&mend, 230);
	if (r->type == CFG_STR && jv_is_bool(v))
		sb_cstr(&mend, "Put it into quotes.");
	else if (r->type == CFG_BOOL)
		sb_cstr(&mend, "Write true or false.");
	else if (r->def && strlen(r->def) < 100)
		sb_fmt(&mend, "Write %s, for example %s.", type_name[r->type], r->def);
	else
		sb_fmt(&mend, "Write %s.", type_name[r->type]);
	COMPLAIN(c, sb_str(&mend), "is %s, should be %s", is, type_name[r->type]);
	sb_done(&mend);
}

static void check_choice(struct check *c, const struct cfg_rule *r, sv val)
{
	sv rest = sv_of(r->choices), one;
	struct sb mend;

	while (sv_cut(&rest, '|', &one))
		if (sv_eq(one, val))
			return;
	sb_init(&mend, 230);
	rest = sv_of(r->choices);
	while (sv_cut(&rest, '|', &one))
		sb_fmt(&mend, "%s" SV_FMT, mend.n ? ", " : "Use one of: ", SV_ARG(one));
	COMPLAIN(c, sb_str(&mend), "\"%.*s\" is not one of the choices",
		 (int)(val.n < 60 ? val.n : 60), val.p);
	sb_done(&mend);
}

static void check_range(struct check *c, const struct cfg_rule *r, double x, const char *unit)
{
	char mend[160];

	if ((r->min >= 0 && r->min <= 0 && r->max >= 0 && r->max <= 0) ||
	    (x >= r->min && x <= r->max))
		return;
	(void)snprintf(mend, sizeof(mend), "Use %.15g to %.15g%s.", r->min, r->max, unit);
	COMPLAIN(c, mend, "%.15g%s is out of range", x, unit);
}

static void check_secret(struct check *c, sv ref)
{
	char *path;

	if (sv_starts(ref, SV("env:")) && ref.n > 4)
		return;
	if (!sv_starts(ref, SV("file:")) || ref.n == 5) {
		COMPLAIN(c, "Store it in a file and write file:/path, or write env:NAME.",
			 "a secret must not stand in the configuration");
		return;
	}
	path = xstrdup(sv_slice(ref, 5, ref.n));
	if (access(path, R_OK) < 0)
		COMPLAIN(c, "Create the file with the secret in it, readable for this user only.",
			 "the file %.150s cannot be read", path);
	xfree(path);
}

/* A number or an unquoted word where text is wanted: the text as it was written. NULL: leave it. */
static jv *as_written(struct check *c, const struct cfg_rule *r, const jv *v)
{
	const struct cfg_place *pl = place(c);

	if (r->type != CFG_STR || !pl || !pl->plain)
		return NULL;
	if (jv_is_num(v))
		return jv_str(pl->raw);
	if (jv_is_str(v) && sv_eq(jv_as_str(v), pl->raw) && is_yaml_bool(pl->raw))
		COMPLAIN(c, "Put it into quotes if you mean the word; write true or false if not.",
			 "unquoted " SV_FMT " means a truth value in YAML", SV_ARG(pl->raw));
	return NULL;
}

/* A value with its rule. Returns what should replace it, or NULL. */
static jv *check_value(struct check *c, const struct cfg_rule *r, const jv *v)
{
	jv *text = as_written(c, r, v);
	const jv *now = text ? text : v;

	if (!has_type(now, r->type)) {
		wrong_type(c, r, now);
		return text;
	}
	if (jv_is_num(now))
		check_range(c, r, jv_as_num(now, 0), "");
	else if (r->type == CFG_STR)
		check_range(c, r, (double)sv_runes(jv_as_str(now)), " characters");
	if (r->type == CFG_SECRET)
		check_secret(c, jv_as_str(now));
	if (r->choices && jv_is_str(now))
		check_choice(c, r, jv_as_str(now));
	return text;
}

static jv *check_node(struct check *c, jv *v);

static void push_paths(struct check *c, size_t save[2], const char *gen, const char *shown)
{
	save[0] = c->generic.n;
	save[1] = c->shown.n;
	sb_cstr(&c->generic, gen);
	sb_cstr(&c->shown, shown);
}

static void pop_paths(struct check *c, const size_t save[2])
{
	sb_truncate(&c->generic, save[0]);
	sb_truncate(&c->shown, save[1]);
}

static void check_members(struct check *c, jv *o)
{
	VEC(char *) keys = { 0 };
	void *it = NULL;
	size_t save[2], parent = c->generic.n;
	sv key;
	jv *val;

	while (jv_next(o, &it, &key, &val)) {
		char **slot = VEC_PUSH(&keys, CFG_NODES_MAX);

		if (slot)
			*slot = xstrdup(key);
	}
	for (size_t i = 0; i < keys.n; i++) {
		jv *better = NULL;

		push_paths(c, save, c->generic.n ? "." : "", c->shown.n ? "." : "");
		sb_cstr(&c->generic, keys.v[i]);
		sb_cstr(&c->shown, keys.v[i]);
		if (rule_of(c, sb_str(&c->generic)) || has_below(c, sb_sv(&c->generic)))
			better = check_node(c, jv_get(o, keys.v[i]));
		else
			unknown_key(c, sv_slice(sb_sv(&c->generic), 0, parent), sv_of(keys.v[i]));
		pop_paths(c, save);
		if (better)
			jv_set(o, keys.v[i], better);
		else if (jv_is_null(jv_get(o, keys.v[i])))
			jv_del(o, keys.v[i]);
		xfree(keys.v[i]);
	}
	VEC_FREE(&keys);
}

/* Items keep their places; text replaces a number in a list of texts through a new list. */
static jv *check_items(struct check *c, jv *a)
{
	jv *fresh = NULL;
	size_t save[2];

	for (size_t i = 0; i < jv_len(a); i++) {
		char index[24];
		jv *better;

		(void)snprintf(index, sizeof(index), "[%zu]", i);
		push_paths(c, save, "[]", index);
		better = check_node(c, jv_at(a, i));
		pop_paths(c, save);
		if (better && !fresh) {
			fresh = jv_arr();
			for (size_t k = 0; k < i; k++)
				jv_push(fresh, jv_copy(jv_at(a, k)));
		}
		if (fresh)
			jv_push(fresh, better ? better : jv_copy(jv_at(a, i)));
	}
	return fresh;
}

static jv *check_node(struct check *c, jv *v)
{
	static const struct cfg_rule group = { .type = CFG_OBJ }, list = { .type = CFG_LIST };
	const struct cfg_rule *r = rule_of(c, sb_str(&c->generic));
	bool below = has_below(c, sb_sv(&c->generic));

	if (jv_is_null(v) || sb_err(&c->generic))
		return NULL;
	if (r && r->type != CFG_OBJ && r->type != CFG_LIST)
		return check_value(c, r, v);
	if (!r) { /* known only through rules below it */
		sb_cstr(&c->generic, "[]");
		r = &group;
		if (has_below(c, sb_sv(&c->generic)) || rule_of(c, sb_str(&c->generic)))
			r = &list;
		sb_truncate(&c->generic, c->generic.n - 2);
	}
	if (!has_type(v, r->type)) {
		wrong_type(c, r, v);
		return NULL;
	}
	if (!below)
		return NULL;
	if (jv_is_arr(v))
		return check_items(c, v);
	check_members(c, v);
	return NULL;
}

/* What r wants below v (rest of its path) and is not there: default or issue. */
static void fill(struct check *c, const struct cfg_rule *r, jv *v, sv rest)
{
	size_t save[2];
	sv name;
	bool each;
	char *key;
	jv *child;

	if (!jv_is_obj(v) || !sv_cut(&rest, '.', &name))
		return;
	each = sv_ends(name, SV("[]"));
	key = xstrdup(each ? sv_slice(name, 0, name.n - 2) : name);
	child = jv_get(v, key);
	push_paths(c, save, c->generic.n ? "." : "", c->shown.n ? "." : "");
	sb_cstr(&c->generic, key);
	sb_cstr(&c->shown, key);
	if (each) {
		sb_cstr(&c->generic, "[]");
		for (size_t i = 0; rest.n && i < jv_len(child) && jv_is_arr(child); i++) {
			size_t at = c->shown.n;

			sb_fmt(&c->shown, "[%zu]", i);
			fill(c, r, jv_at(child, i), rest);
			sb_truncate(&c->shown, at);
		}
	} else if (rest.n) {
		if (!child && (r->def || r->required)) {
			jv_set(v, key, jv_obj());
			child = jv_get(v, key);
		}
		fill(c, r, child, rest);
	} else if (!child && r->def) {
		jv_set(v, key, cfg_typed(r, sv_of(r->def)));
	} else if (!child && r->required) {
		COMPLAIN(c, r->help ? r->help : "Add it.", "is missing");
	}
	pop_paths(c, save);
	xfree(key);
}

int cfg_check(jv *tree, sv text, const char *name, const struct cfg_rule *rules, size_t n,
	      struct cfg_report *rep)
{
	struct check c = { .rules = rules, .n = n, .name = name, .rep = rep };

	arena_init(&c.places.mem, LIM_ARENA_BIG);
	c.places.by_path = map_new(CFG_NODES_MAX);
	sb_init(&c.generic, CFG_PATH_MAX);
	sb_init(&c.shown, CFG_PATH_MAX);
	sb_init(&c.env, CFG_PATH_MAX);
	jv_free(cfg_read(text, name, NULL, &c.places));
	check_members(&c, tree);
	for (size_t i = 0; i < n; i++)
		fill(&c, &rules[i], tree, sv_of(rules[i].path));
	sb_done(&c.generic);
	sb_done(&c.shown);
	sb_done(&c.env);
	map_free(c.places.by_path);
	arena_done(&c.places.mem);
	return c.issues ? ERR_INVAL : 0;
}
