/* gbnf.c: JSON Schema to GBNF. One walk over the schema; each node becomes a rule r<N>, so
 * that the text stays linear in the schema's size; a $ref becomes the rule of its target,
 * made once, which also makes recursion possible. Rules are collected behind the root rule,
 * which is written first. */
#include <stdio.h>

#include "gbnf.h"

enum {
	DEPTH_MAX = 32,
	REFS_MAX = 64,
	RULES_MAX = 2000,
	STRING_MAX = 256,
	STRING_WALL = 1000, /* a repetition llama.cpp still expands */
	LIST_MAX = 8,
	LIST_WALL = 200,
	CALLS_MAX = 4,
	QUOTES_MAX = 64,
};
/* Fifteen digits: exact in a double. */
#define INT_TOP 999999999999999LL

struct gen {
	struct sb *out;
	struct err *e;
	const jv *root;
	struct {
		const jv *target;
		int rule;
	} refs[REFS_MAX];
	int n_refs, n_rules, depth;
	struct sb path;
};

static int node(struct gen *g, const jv *s, int *rule);

static int refuse(struct gen *g, int code, const char *what)
{
	return err_set(g->e, code, "schema at #%s: %s", sb_str(&g->path), what);
}

static int enter(struct gen *g, const jv *s, sv name, int *rule)
{
	size_t at = g->path.n;
	sb_ch(&g->path, '/');
	sb_put(&g->path, name);
	int rc = node(g, s, rule);
	if (!rc)
		sb_truncate(&g->path, at); /* else it tells where */
	return rc;
}

/* Text as a GBNF literal. */
static void literal(struct sb *b, sv s)
{
	sb_ch(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '"' || c == '\\')
			sb_ch(b, '\\');
		if (c == '\n')
			sb_cstr(b, "\\n");
		else if (c == '\t')
			sb_cstr(b, "\\t");
		else if (c == '\r')
			sb_cstr(b, "\\r");
		else
			sb_ch(b, c);
	}
	sb_ch(b, '"');
}

static void json_literal(struct sb *b, const jv *v)
{
	struct sb text;
	sb_init(&text, GBNF_MAX / 4);
	jv_dump(v, &text);
	literal(b, sb_sv(&text));
	b->err = b->err ? b->err : sb_err(&text);
	sb_done(&text);
}

static int add_rule(struct gen *g, const struct sb *body)
{
	int n = g->n_rules++;
	sb_fmt(g->out, "r%d ::= ", n);
	sb_put(g->out, sb_sv(body));
	sb_ch(g->out, '\n');
	return n;
}

/* ---- scalars ---- */

static int get_bound(struct gen *g, const jv *s, const char *key, int64_t def, int64_t max,
		     int64_t *ret)
{
	const jv *v = jv_get(s, key);
	*ret = def;
	if (!v)
		return 0;
	int64_t n = jv_as_int(v, INT64_MIN);
	if (!jv_is_num(v) || n < 0)
		return refuse(g, ERR_PARSE, "a limit is not a natural number");
	if (n > max && key[1] == 'i') /* a minimum must be kept; a maximum may be lower */
		return refuse(g, ERR_UNSUPPORTED, "a minimum of that size");
	*ret = n < max ? n : max;
	return 0;
}

static int string_rule(struct gen *g, const jv *s, struct sb *b)
{
	static const struct {
		const char *format, *body;
	} formats[] = {
		{ "date", "\"\\\"\" date \"\\\"\"" },
		{ "time", "\"\\\"\" time \"\\\"\"" },
		{ "date-time", "\"\\\"\" date \"T\" time \"\\\"\"" },
		{ "uuid", "\"\\\"\" [0-9a-f]{8} \"-\" [0-9a-f]{4} \"-\" [0-9a-f]{4} \"-\" "
			  "[0-9a-f]{4} \"-\" [0-9a-f]{12} \"\\\"\"" },
	};
	int64_t lo, hi;
	if (jv_get(s, "pattern"))
		return refuse(g, ERR_UNSUPPORTED, "pattern (use enum or format)");
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (sv_eq(jv_get_str(s, "format"), sv_of(formats[i].format))) {
			sb_cstr(b, formats[i].body);
			return 0;
		}
	int rc = get_bound(g, s, "minLength", 0, STRING_WALL, &lo);
	if (!rc)
		rc = get_bound(g, s, "maxLength", lo > STRING_MAX ? lo : STRING_MAX,
			       STRING_WALL, &hi);
	if (!rc && lo > hi)
		rc = refuse(g, ERR_PARSE, "minLength above maxLength");
	if (!rc)
		sb_fmt(b, "\"\\\"\" char{%d,%d} \"\\\"\"", (int)lo, (int)hi);
	return rc;
}

static int whole(struct gen *g, const jv *v, bool up, int64_t *ret)
{
	double d = jv_as_num(v, 0);
	if (!jv_is_num(v) || !(d >= -1e15 && d <= 1e15))
		return refuse(g, ERR_UNSUPPORTED, "a bound that is no number below 1e15");
	int64_t n = (int64_t)d;
	if ((double)n != d)
		n += up ? d > 0 : -(d < 0);
	*ret = n;
	return 0;
}

static int integer_rule(struct gen *g, const jv *s, struct sb *b)
{
	int64_t lo = -INT_TOP, hi = INT_TOP, n = 0;
	int rc = 0;
	const jv *v;
	if (jv_get(s, "multipleOf"))
		return refuse(g, ERR_UNSUPPORTED, "multipleOf");
	if ((v = jv_get(s, "minimum")) && !(rc = whole(g, v, true, &n)))
		lo = n > lo ? n : lo;
	if (!rc && (v = jv_get(s, "exclusiveMinimum")) && !(rc = whole(g, v, false, &n)))
		lo = n + 1 > lo ? n + 1 : lo;
	if (!rc && (v = jv_get(s, "maximum")) && !(rc = whole(g, v, false, &n)))
		hi = n < hi ? n : hi;
	if (!rc && (v = jv_get(s, "exclusiveMaximum")) && !(rc = whole(g, v, true, &n)))
		hi = n - 1 < hi ? n - 1 : hi;
	if (!rc && lo > hi)
		rc = refuse(g, ERR_PARSE, "minimum above maximum");
	if (!rc && lo == -INT_TOP && hi == INT_TOP)
		sb_cstr(b, "integer");
	else if (!rc)
		gbnf_int_range(b, lo, hi);
	return rc;
}

static int number_rule(struct gen *g, const jv *s, struct sb *b)
{
	static const char *const never[] = { "multipleOf", "maximum", "exclusiveMaximum" };
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (jv_get(s, never[i]))
			return refuse(g, ERR_UNSUPPORTED, "bounds of numbers that are not integers"
							  " (only minimum 0)");
	const jv *lo = jv_get(s, "minimum"), *above = jv_get(s, "exclusiveMinimum");
	if (above || (lo && jv_as_num(lo, 1) != 0))
		return refuse(g, ERR_UNSUPPORTED,
			      "bounds of numbers that are not integers (only minimum 0)");
	sb_cstr(b, lo ? "natural fraction?" : "number");
	return 0;
}

/* ---- lists and objects ---- */

static int list_rule(struct gen *g, const jv *s, struct sb *b)
{
	int64_t lo, hi;
	int item = 0;
	const jv *items = jv_get(s, "items");
	if (jv_get(s, "prefixItems") || jv_get(s, "contains") || jv_is_arr(items))
		return refuse(g, ERR_UNSUPPORTED, "prefixItems and contains");
	if (jv_get_bool(s, "uniqueItems", false))
		return refuse(g, ERR_UNSUPPORTED, "uniqueItems");
	int rc = get_bound(g, s, "minItems", 0, LIST_WALL, &lo);
	if (!rc)
		rc = get_bound(g, s, "maxItems", lo > LIST_MAX ? lo : LIST_MAX, LIST_WALL, &hi);
	if (!rc && lo > hi)
		rc = refuse(g, ERR_PARSE, "minItems above maxItems");
	if (!rc && jv_is_obj(items))
		rc = enter(g, items, SV("items"), &item);
	if (rc)
		return rc;
	char name[16] = "value";
	if (jv_is_obj(items))
		(void)snprintf(name, sizeof(name), "r%d", item);
	if (hi == 0)
		sb_cstr(b, "\"[]\"");
	else if (hi == 1)
		sb_fmt(b, "\"[\" %s%s \"]\"", name, lo ? "" : "?");
	else
		sb_fmt(b, "\"[\" %s%s (comma %s){%d,%d}%s \"]\"", lo ? "" : "(", name, name,
		       lo ? (int)lo - 1 : 0, (int)hi - 1, lo ? "" : ")?");
	return 0;
}

static bool is_required(const jv *s, sv key)
{
	const jv *req = jv_get(s, "required");
	for (size_t i = 0; i < jv_len(req); i++)
		if (sv_eq(jv_as_str(jv_at(req, i)), key))
			return true;
	return false;
}

/* Members i.. of the object when something was written before them: a rule each, since
 * optional ones would double the text. */
static void tail_rules(struct gen *g, const int *rule, const bool *must, size_t n, int *tail)
{
	struct sb b;
	int next = -1;
	for (size_t i = n; i-- > 0;) {
		sb_init(&b, 256);
		sb_fmt(&b, must[i] ? "comma r%d" : "(comma r%d)?", rule[i]);
		if (next >= 0)
			sb_fmt(&b, " r%d", next);
		next = add_rule(g, &b);
		sb_done(&b);
		tail[i] = next;
	}
}

enum { MEMBERS_MAX = 64 };

static int member(struct gen *g, sv key, const jv *val, int *rule)
{
	struct sb b, k;
	int value;
	int rc = enter(g, val, key, &value);
	if (rc)
		return rc;
	sb_init(&b, GBNF_MAX / 4);
	sb_init(&k, GBNF_MAX / 4);
	sb_json(&k, key);
	sb_ch(&k, ':');
	literal(&b, sb_sv(&k));
	sb_fmt(&b, " blank r%d", value);
	*rule = add_rule(g, &b);
	sb_done(&k);
	sb_done(&b);
	return 0;
}

/* The first member that is there has no comma before it: one alternative for each that can
 * be the first. */
static void object_body(struct sb *b, const int *rule, const bool *must, const int *tail,
			size_t n)
{
	bool may_be_empty = true;
	sb_cstr(b, "\"{\" (");
	for (size_t i = 0; i < n && may_be_empty; i++) {
		sb_fmt(b, i ? " | r%d" : "r%d", rule[i]);
		if (i + 1 < n)
			sb_fmt(b, " r%d", tail[i + 1]);
		may_be_empty = !must[i];
	}
	sb_cstr(b, may_be_empty ? ")? \"}\"" : ") \"}\"");
}

static int map_rule(struct gen *g, const jv *s, struct sb *b)
{
	const jv *more = jv_get(s, "additionalProperties");
	int rule = -1;
	if (jv_len(jv_get(s, "required")))
		return refuse(g, ERR_UNSUPPORTED, "required names without properties");
	if (jv_is_bool(more) && !jv_get_bool(s, "additionalProperties", true)) {
		sb_cstr(b, "\"{}\"");
		return 0;
	}
	if (jv_is_obj(more)) {
		int rc = enter(g, more, SV("additionalProperties"), &rule);
		if (rc)
			return rc;
		sb_fmt(b, "\"{\" (name r%d (comma name r%d){0,%d})? \"}\"", rule, rule,
		       LIST_MAX - 1);
		return 0;
	}
	sb_cstr(b, "object");
	return 0;
}

static int object_rule(struct gen *g, const jv *s, struct sb *b)
{
	static const char *const never[] = { "patternProperties", "propertyNames",
					     "minProperties", "maxProperties",
					     "dependentRequired", "dependentSchemas" };
	const jv *props = jv_get(s, "properties");
	int rule[MEMBERS_MAX], tail[MEMBERS_MAX];
	bool must[MEMBERS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (jv_get(s, never[i]))
			return refuse(g, ERR_UNSUPPORTED, never[i]);
	if (jv_len(props) == 0)
		return map_rule(g, s, b);
	if (jv_len(props) > MEMBERS_MAX)
		return refuse(g, ERR_UNSUPPORTED, "more than 64 properties");
	for (size_t i = 0; i < jv_len(jv_get(s, "required")); i++) {
		char key[128];
		sv k = jv_as_str(jv_at(jv_get(s, "required"), i));
		(void)snprintf(key, sizeof(key), SV_FMT, SV_ARG(k));
		if (!jv_get(props, key))
			return refuse(g, ERR_UNSUPPORTED, "a required name without a property");
	}
	void *it = NULL;
	sv key;
	jv *val;
	while (jv_next(props, &it, &key, &val)) {
		int rc = member(g, key, val, &rule[n]);
		if (rc)
			return rc;
		must[n++] = is_required(s, key);
	}
	tail_rules(g, rule, must, n, tail);
	object_body(b, rule, must, tail, n);
	return 0;
}

/* ---- nodes ---- */

static int any_of(struct gen *g, const jv *list, sv name, struct sb *b)
{
	if (!jv_is_arr(list) || jv_len(list) == 0)
		return refuse(g, ERR_PARSE, "an empty choice");
	for (size_t i = 0; i < jv_len(list); i++) {
		int rule;
		int rc = enter(g, jv_at(list, i), name, &rule);
		if (rc)
			return rc;
		sb_fmt(b, i ? " | r%d" : "r%d", rule);
	}
	return 0;
}

static int values(struct gen *g, const jv *list, struct sb *b)
{
	if (!jv_is_arr(list) || jv_len(list) == 0)
		return refuse(g, ERR_PARSE, "enum is no list of values");
	for (size_t i = 0; i < jv_len(list); i++) {
		sb_cstr(b, i ? " | " : "");
		json_literal(b, jv_at(list, i));
	}
	return 0;
}

static int type_rule(struct gen *g, const jv *s, sv type, struct sb *b)
{
	static const struct {
		const char *type;
		int (*make)(struct gen *g, const jv *s, struct sb *b);
		const char *body;
	} types[] = { { "object", object_rule, NULL },	 { "array", list_rule, NULL },
		      { "string", string_rule, NULL },	 { "integer", integer_rule, NULL },
		      { "number", number_rule, NULL },
		      { "boolean", NULL, "(\"true\" | \"false\")" },
		      { "null", NULL, "\"null\"" } };
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!sv_eq(type, sv_of(types[i].type)))
			continue;
		if (types[i].make)
			return types[i].make(g, s, b);
		sb_cstr(b, types[i].body);
		return 0;
	}
	return refuse(g, ERR_PARSE, "unknown type");
}

static int types_rule(struct gen *g, const jv *s, struct sb *b)
{
	const jv *type = jv_get(s, "type");
	if (jv_is_str(type))
		return type_rule(g, s, jv_as_str(type), b);
	if (!jv_is_arr(type) || jv_len(type) == 0)
		return refuse(g, ERR_PARSE, "type is no name");
	for (size_t i = 0; i < jv_len(type); i++) {
		struct sb one;
		sb_init(&one, GBNF_MAX);
		int rc = type_rule(g, s, jv_as_str(jv_at(type, i)), &one);
		if (!rc)
			sb_fmt(b, i ? " | r%d" : "r%d", add_rule(g, &one));
		sb_done(&one);
		if (rc)
			return rc;
	}
	return 0;
}

static int body(struct gen *g, const jv *s, struct sb *b)
{
	static const char *const never[] = { "not", "if", "then", "else", "unevaluatedProperties",
					     "unevaluatedItems" };
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (jv_get(s, never[i]))
			return refuse(g, ERR_UNSUPPORTED, never[i]);
	if (jv_get(s, "const")) {
		json_literal(b, jv_get(s, "const"));
		return 0;
	}
	if (jv_get(s, "enum"))
		return values(g, jv_get(s, "enum"), b);
	if (jv_get(s, "anyOf"))
		return any_of(g, jv_get(s, "anyOf"), SV("anyOf"), b);
	if (jv_get(s, "oneOf"))
		return any_of(g, jv_get(s, "oneOf"), SV("oneOf"), b);
	if (jv_get(s, "allOf")) {
		if (jv_len(jv_get(s, "allOf")) != 1)
			return refuse(g, ERR_UNSUPPORTED, "allOf with several members");
		return any_of(g, jv_get(s, "allOf"), SV("allOf"), b);
	}
	if (jv_get(s, "type"))
		return types_rule(g, s, b);
	if (jv_get(s, "properties"))
		return object_rule(g, s, b);
	if (jv_get(s, "items"))
		return list_rule(g, s, b);
	sb_cstr(b, "value");
	return 0;
}

/* "#/$defs/x" -> its schema; names with ~ or % do not occur in practice. */
static const jv *target(const struct gen *g, sv ref)
{
	char path[256];
	if (sv_eq(ref, SV("#")))
		return g->root;
	if (!sv_starts(ref, SV("#/")) || ref.n >= sizeof(path))
		return NULL;
	(void)snprintf(path, sizeof(path), SV_FMT, SV_ARG(sv_slice(ref, 2, ref.n)));
	for (char *p = path; *p; p++)
		*p = *p == '/' ? '.' : *p;
	return jv_path(g->root, path);
}

/* The number is taken before the body is made, so that the target may refer to itself. */
static int ref_rule(struct gen *g, sv ref, int *rule)
{
	const jv *t = target(g, ref);
	if (!t)
		return refuse(g, ERR_UNSUPPORTED, "a $ref that leads nowhere in this schema");
	for (int i = 0; i < g->n_refs; i++)
		if (g->refs[i].target == t) {
			*rule = g->refs[i].rule;
			return 0;
		}
	if (g->n_refs >= REFS_MAX)
		return refuse(g, ERR_TOOBIG, "too many references");
	int own = g->n_rules++, inner;
	g->refs[g->n_refs].target = t;
	g->refs[g->n_refs++].rule = own;
	int rc = node(g, t, &inner);
	if (!rc && inner == own)
		rc = refuse(g, ERR_PARSE, "a $ref to itself");
	if (!rc)
		sb_fmt(g->out, "r%d ::= r%d\n", own, inner);
	*rule = own;
	return rc;
}

static int node(struct gen *g, const jv *s, int *rule)
{
	struct sb b;
	if (jv_is_bool(s)) /* true: anything */
		s = NULL;
	else if (!jv_is_obj(s))
		return refuse(g, ERR_PARSE, "no object");
	if (g->depth >= DEPTH_MAX || g->n_rules >= RULES_MAX)
		return refuse(g, ERR_TOOBIG, "too deep or too large");
	if (jv_get(s, "$ref")) {
		g->depth++;
		int rc = ref_rule(g, jv_get_str(s, "$ref"), rule);
		g->depth--;
		return rc;
	}
	sb_init(&b, GBNF_MAX);
	g->depth++;
	int rc = body(g, s, &b);
	g->depth--;
	if (!rc)
		*rule = add_rule(g, &b);
	if (!rc && sb_err(&b))
		rc = refuse(g, ERR_TOOBIG, "too large");
	sb_done(&b);
	return rc;
}

/* ---- quotations ---- */

static bool wide_end(sv s)
{
	uint32_t last = 0;
	while (s.n)
		last = sv_rune(&s);
	return last >= 0x3000;
}

/* s<i> is a sentence, t<i> what may follow it: the end, or one of the later ones. */
int llm_quote_grammar(const sv *sentences, size_t n, int max, struct sb *out)
{
	if (n == 0 || n > QUOTES_MAX)
		return n ? ERR_TOOBIG : ERR_INVAL;
	sb_cstr(out, "root ::= \" \"? (");
	for (size_t i = 0; i < n; i++)
		sb_fmt(out, "%ss%zu %s%zu", i ? " | " : "", i, max > 1 ? "t" : "e", i);
	sb_cstr(out, ")\n");
	for (size_t i = 0; i < n; i++) {
		sb_fmt(out, "s%zu ::= ", i);
		literal(out, sentences[i]);
		sb_fmt(out, "\ne%zu ::= \"\\n\"\nt%zu ::= e%zu", i, i, i);
		for (size_t k = i + 1; k < n; k++)
			sb_fmt(out, "%s s%zu e%zu", k > i + 1 ? " |" :
				wide_end(sentences[i]) ? " | (" : " | \" \" (", k, k);
		sb_cstr(out, i + 1 < n ? ")\n" : "\n");
	}
	return sb_err(out);
}

/* ---- the whole ---- */

/* No \u: half a surrogate pair would be no JSON, and any character may stand for itself. */
static void common_rules(struct sb *out)
{
	sb_cstr(out,
		"char ::= [^\"\\\\\\x00-\\x1F\\x7F] | \"\\\\\" [\"\\\\/nrt]\n"
		"blank ::= \" \"?\n"
		"comma ::= \",\" blank\n"
		"natural ::= \"0\" | [1-9] [0-9]{0,14}\n"
		"integer ::= \"0\" | \"-\"? [1-9] [0-9]{0,14}\n"
		"fraction ::= \".\" [0-9]{1,6}\n"
		"number ::= integer fraction?\n"
		"date ::= [1-2] [0-9]{3} \"-\" (\"0\" [1-9] | \"1\" [0-2]) \"-\" (\"0\" [1-9] | "
		"\"1\" [0-9] | \"2\" [0-8])\n"
		"time ::= ([0-1] [0-9] | \"2\" [0-3]) \":\" [0-5] [0-9] \":\" [0-5] [0-9] \"Z\"\n"
		"name ::= \"\\\"\" char{1,40} \"\\\":\" blank\n"
		"string ::= \"\\\"\" char{0,256} \"\\\"\"\n"
		"scalar ::= string | number | \"true\" | \"false\" | \"null\"\n"
		"flat ::= scalar | \"[\" (scalar (comma scalar){0,7})? \"]\" | \"{\" (name scalar "
		"(comma name scalar){0,7})? \"}\"\n"
		"object ::= \"{\" (name flat (comma name flat){0,7})? \"}\"\n"
		"value ::= scalar | object | \"[\" (flat (comma flat){0,7})? \"]\"\n");
}

bool gbnf_needed(const struct gbnf_want *w)
{
	return w->schema || (w->n_tools > 0 && w->choice != LLM_TOOLS_NONE);
}

static int calls(struct gen *g, const struct gbnf_want *w, struct sb *b)
{
	for (size_t i = 0; i < w->n_tools; i++) {
		struct sb open;
		int args;
		g->root = w->tools[i].schema;
		g->n_refs = 0;
		sb_reset(&g->path);
		if (!g->root || (jv_is_obj(g->root) && jv_len(g->root) == 0)) {
			args = g->n_rules++;
			sb_fmt(g->out, "r%d ::= object\n", args);
		} else {
			int rc = node(g, g->root, &args);
			if (rc)
				return rc;
		}
		sb_init(&open, 1024);
		sb_cstr(&open, GBNF_CALL_OPEN "\n{\"name\": ");
		sb_json(&open, w->tools[i].name);
		sb_cstr(&open, ", \"arguments\": ");
		sb_cstr(b, i ? " | " : "");
		literal(b, sb_sv(&open));
		sb_fmt(b, " r%d ", args);
		literal(b, SV("}\n" GBNF_CALL_CLOSE));
		b->err = b->err ? b->err : sb_err(&open);
		sb_done(&open);
	}
	return 0;
}

static int root_rule(struct gen *g, const struct gbnf_want *w, struct sb *root)
{
	bool tools = w->n_tools > 0 && w->choice != LLM_TOOLS_NONE;
	int rule = -1, rc = 0;
	if (tools) {
		struct sb call;
		sb_init(&call, GBNF_MAX / 2);
		rc = calls(g, w, &call);
		if (!rc)
			sb_fmt(g->out, "calls ::= call (\"\\n\" call){0,%d}\n", CALLS_MAX - 1);
		sb_cstr(g->out, "call ::= ");
		sb_put(g->out, sb_sv(&call));
		sb_ch(g->out, '\n');
		g->out->err = g->out->err ? g->out->err : sb_err(&call);
		sb_done(&call);
	}
	g->root = w->schema;
	g->n_refs = 0;
	if (!rc && w->schema) {
		sb_reset(&g->path);
		rc = node(g, w->schema, &rule);
	}
	sb_cstr(root, "root ::= ");
	if (tools)
		sb_cstr(root, "calls");
	if (tools && w->choice == LLM_TOOLS_AUTO && !w->schema)
		sb_cstr(root, " | [^<\\x00]+ calls?");
	else if (rule >= 0 && !(tools && w->choice == LLM_TOOLS_MUST))
		sb_fmt(root, tools ? " | r%d" : "r%d", rule);
	sb_ch(root, '\n');
	return rc;
}

int gbnf_make(const struct gbnf_want *w, struct sb *out, struct err *e)
{
	struct sb rules, root;
	struct gen g = { .out = &rules, .e = e };
	sb_init(&rules, GBNF_MAX);
	sb_init(&root, 1024);
	sb_init(&g.path, 1024);
	int rc = root_rule(&g, w, &root);
	common_rules(&rules);
	if (!rc && sb_err(&rules))
		rc = err_set(e, ERR_TOOBIG, "the schema makes too large a grammar");
	if (!rc) {
		sb_put(out, sb_sv(&root));
		sb_put(out, sb_sv(&rules));
		rc = sb_err(out);
	}
	sb_done(&g.path);
	sb_done(&root);
	sb_done(&rules);
	return rc;
}
