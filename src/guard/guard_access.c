/* guard_access.c: roles as data. A role has one flag for each permission of
 * tbl/permissions.def; the file is read once, with a line for each complaint. Immutable once
 * made: any thread.
 */
#include "guard_access.h"
#include "guard_mask.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define YAML_MAX (64u << 10)
#define ISSUES_MAX 100

extern const unsigned char guard_roles_yaml[];
extern const size_t guard_roles_yaml_n;

static const struct {
	const char *name, *what;
} permissions[] = {
#define X(name, what) { name, what },
#include "permissions.def"
#undef X
};
#define N_PERMISSIONS (sizeof(permissions) / sizeof(*permissions))

struct role {
	char id[GUARD_ROLE_ID];
	sv title[2];                 /* zh, en */
	enum guard_scope scope;
	bool may[N_PERMISSIONS];
	struct guard_masks masks;
};

struct guard_access {
	struct arena a;
	struct role v[GUARD_ROLES];
	size_t n;
};

static const struct cfg_rule rules[] = {
	{ "roles", CFG_LIST, true, 0, 0, NULL, NULL, "the roles" },
	{ "roles[].id", CFG_STR, true, 1, GUARD_ROLE_ID - 1, NULL, NULL, "what users have" },
	{ "roles[].title", CFG_OBJ, true, 0, 0, NULL, NULL, "what people call it" },
	{ "roles[].title.zh", CFG_STR, true, 1, 100, NULL, NULL, "in Chinese" },
	{ "roles[].title.en", CFG_STR, true, 1, 100, NULL, NULL, "in English" },
	{ "roles[].scope", CFG_STR, false, 0, 0, "tenant|own", "own", "whose things it sees" },
	{ "roles[].may", CFG_LIST, true, 0, 0, NULL, NULL, "permissions" },
	{ "roles[].masks", CFG_OBJ, false, 0, 0, NULL, NULL, "how it sees personal data" },
#define MASK(key) { "roles[].masks." key, CFG_STR, false, 0, 0, "full|part|hidden", NULL, "" },
	MASK("all") MASK("phone") MASK("email") MASK("id_card") MASK("bank_card") MASK("address")
	MASK("name") MASK("order_number") MASK("date_of_birth") MASK("plate")
#undef MASK
};

/* Where a role says nothing: enough to know the customer again, not to reach them. */
static const struct guard_masks masks_usual = { {
	[PII_PHONE] = GUARD_PART, [PII_EMAIL] = GUARD_PART, [PII_ID_CARD] = GUARD_HIDDEN,
	[PII_BANK_CARD] = GUARD_HIDDEN, [PII_ADDRESS] = GUARD_PART, [PII_NAME] = GUARD_FULL,
	[PII_ORDER_NUMBER] = GUARD_FULL, [PII_DATE_OF_BIRTH] = GUARD_HIDDEN,
	[PII_PLATE] = GUARD_PART,
} };
static const struct guard_masks masks_nobody;        /* all hidden */

/* ---- reading ---- */

struct reader {
	sv yaml;
	const char *name;
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
	cfg_where(x->where, r->yaml, r->name, path);
	(void)snprintf(x->mend, sizeof(x->mend), "%s", mend);
}

/* Allows "x.y", "x.*" or "*"; false = there is no such permission. */
static bool allow(bool *may, sv text)
{
	bool all = sv_eq(text, SV("*")), many = sv_ends(text, SV(".*")), found = false;
	sv head = many ? sv_slice(text, 0, text.n - 1) : text;

	for (size_t i = 0; i < N_PERMISSIONS; i++) {
		sv one = sv_of(permissions[i].name);
		if (all || (many ? sv_starts(one, head) : sv_eq(one, head)))
			may[i] = found = true;
	}
	return found;
}

static void read_may(struct reader *r, const jv *list, size_t at, bool *may)
{
	for (size_t i = 0; i < jv_len(list); i++) {
		sv text = jv_as_str(jv_at(list, i));
		char path[64];

		(void)snprintf(path, sizeof(path), "roles[%zu].may[%zu]", at, i);
		if (!allow(may, text))
			fault(r, path, "docs/access.md lists them.",
			      "\"%.*s\" is no permission", (int)(text.n < 60 ? text.n : 60),
			      text.p ? text.p : "");
	}
}

static bool show_named(sv name, enum guard_show *ret)
{
	static const char *const names[] = { "hidden", "part", "full" };
	for (int i = 0; i < 3; i++)
		if (sv_eq(name, sv_of(names[i]))) {
			*ret = (enum guard_show)i;
			return true;
		}
	return false;
}

/* "all" first, the others over it. Who may do everything sees everything, unless it says. */
static void read_masks(const jv *masks, bool everything, struct guard_masks *m)
{
	enum guard_show all;

	*m = masks_usual;
	if (!masks && everything)
		for (int i = 0; i < PII_COUNT; i++)
			m->v[i] = GUARD_FULL;
	if (show_named(jv_get_str(masks, "all"), &all))
		for (int i = 0; i < PII_COUNT; i++)
			m->v[i] = all;
	for (int i = 0; i < PII_COUNT; i++)
		(void)show_named(jv_get_str(masks, guard_pii_name((enum guard_pii)i)), &m->v[i]);
}

/* Names are part of tokens and of lists written with bars. */
static bool role_id_ok(sv id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!((id.p[i] >= 'a' && id.p[i] <= 'z') || (id.p[i] >= '0' && id.p[i] <= '9') ||
		      id.p[i] == '_' || id.p[i] == '-'))
			return false;
	return id.n > 0 && id.n < GUARD_ROLE_ID;
}

static const struct role *find(const struct guard_access *a, sv id)
{
	for (size_t i = 0; a && i < a->n; i++)
		if (sv_eq(id, sv_of(a->v[i].id)))
			return &a->v[i];
	return NULL;
}

static bool all_may(const struct role *x)
{
	bool all = true;

	for (size_t i = 0; i < N_PERMISSIONS; i++)
		all = all && x->may[i];
	return all;
}

static void read_role(struct guard_access *a, struct reader *r, const jv *o, size_t at)
{
	sv id = jv_get_str(o, "id");
	const jv *title = jv_get(o, "title");
	char path[64];

	(void)snprintf(path, sizeof(path), "roles[%zu].id", at);
	if (!role_id_ok(id))
		fault(r, path, "Small letters, digits, _ and -.", "the name has other letters");
	else if (find(a, id))
		fault(r, path, "Leave one of them.", "this role is there twice");
	else if (a->n == GUARD_ROLES)
		fault(r, path, "Join some of them.", "more than %d roles", GUARD_ROLES);
	if (r->bad)
		return;
	struct role *x = &a->v[a->n];
	(void)snprintf(x->id, sizeof(x->id), SV_FMT, SV_ARG(id));
	x->title[0] = arena_sv(&a->a, jv_get_str(title, "zh"));
	x->title[1] = arena_sv(&a->a, jv_get_str(title, "en"));
	x->scope = sv_eq(jv_get_str(o, "scope"), SV("tenant")) ? GUARD_TENANT : GUARD_OWN;
	read_may(r, jv_get(o, "may"), at, x->may);
	read_masks(jv_get(o, "masks"), all_may(x), &x->masks);
	a->n++;
}

/* Somebody must be able to mend what is wrong. */
static void need_admin(struct guard_access *a, struct reader *r)
{
	const struct role *x = find(a, SV("admin"));

	if (!r->bad && !(x && all_may(x)))
		fault(r, "roles", "Write it with may: [\"*\"].",
		      "there must be a role admin that may do everything");
}

static void access_free(void *obj)
{
	struct guard_access *a = obj;

	arena_done(&a->a);
}

int guard_access_new(struct guard_access **ret, sv yaml, const char *name, struct cfg_report *rep)
{
	jv *tree = yaml.n <= YAML_MAX ? cfg_parse(yaml, name, rep) : NULL;
	struct reader r = { yaml, name, rep, false };

	if (!tree || cfg_check(tree, yaml, name, rules, sizeof(rules) / sizeof(*rules), rep)) {
		if (yaml.n > YAML_MAX)
			fault(&r, "", "Write fewer roles.", "the file is too large");
		jv_free(tree);
		return ERR_INVAL;
	}
	struct guard_access *a = obj_new(sizeof(*a), access_free);
	const jv *list = jv_get(tree, "roles");
	arena_init(&a->a, LIM_SB);
	for (size_t i = 0; i < jv_len(list); i++)
		read_role(a, &r, jv_at(list, i), i);
	need_admin(a, &r);
	jv_free(tree);
	if (r.bad) {
		obj_unref(a);
		return ERR_INVAL;
	}
	*ret = a;
	return 0;
}

struct guard_access *guard_access_builtin(void)
{
	struct cfg_report rep = { 0 };
	struct guard_access *a = NULL;
	int rc = guard_access_new(&a, sv_n((const char *)guard_roles_yaml, guard_roles_yaml_n),
				  "roles.yaml", &rep);

	ASSERT(rc == 0);
	cfg_report_done(&rep);
	return a;
}

/* ---- asked ---- */

bool guard_may(const struct guard_access *a, sv role, const char *permission)
{
	const struct role *x = find(a, role);

	for (size_t i = 0; x && i < N_PERMISSIONS; i++)
		if (strcmp(permissions[i].name, permission) == 0)
			return x->may[i];
	return false;
}

enum guard_scope guard_scope_of(const struct guard_access *a, sv role)
{
	const struct role *x = find(a, role);

	return x ? x->scope : GUARD_OWN;
}

bool guard_role_known(const struct guard_access *a, sv role)
{
	return find(a, role) != NULL;
}

const struct guard_masks *guard_masks_of(const struct guard_access *a, sv role)
{
	const struct role *x = find(a, role);

	return x ? &x->masks : &masks_nobody;
}

const struct guard_masks *guard_masks_usual(void)
{
	return &masks_usual;
}

const char *guard_show_name(enum guard_show show)
{
	return show == GUARD_FULL ? "full" : show == GUARD_PART ? "part" : "hidden";
}

const char *guard_role_at(const struct guard_access *a, size_t i, sv ret_title[2])
{
	if (i >= a->n)
		return NULL;
	if (ret_title)
		memcpy(ret_title, a->v[i].title, sizeof(a->v[i].title));
	return a->v[i].id;
}

const char *guard_permission_at(size_t i, const char **ret_what)
{
	if (i >= N_PERMISSIONS)
		return NULL;
	if (ret_what)
		*ret_what = permissions[i].what;
	return permissions[i].name;
}
