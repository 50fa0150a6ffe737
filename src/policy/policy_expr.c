/* policy_expr.c: conditions and small sums over facts, for decision tables and flows:
 * "order.status == 'paid' and days <= 7", "min(price_fen * 0.3, 50000)".
 *
 * From weak to strong: or · and · not · == != < <= > >= in, not in (one at a time) · + - · * /
 * · minus. Values: numbers, 'text' or "text", true, false, null, [a, b], names (a path into the
 * facts: "items.0.sku"), and min, max, round, floor, ceil, abs, len, if(condition, a, b). A
 * name that is not there is null. == and != hold for values of one type only, null equals null
 * alone; an order or a sum of anything but two numbers (an order: two texts too) is null, and
 * null is not true. No text can harm: length, number of parts and depth are bounded, nothing
 * loops.
 *
 * Parsed once (precedence climbing) into an array of parts that name each other by number; a
 * walk over it evaluates. Owns its text in an arena. Immutable (an obj): any thread.
 */
#include "policy_rules.h"

#include <math.h>
#include <stdio.h>

enum { TEXT_MAX = 4000, PARTS_MAX = 240, DEPTH_MAX = 24, NONE = -1 };

enum op {
	OP_NUM, OP_STR, OP_TRUE, OP_FALSE, OP_NULL, OP_NAME, OP_LIST, OP_CALL,
	OP_OR, OP_AND, OP_NOT, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_IN, OP_NOT_IN,
	OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_NEG
};
struct part {
	enum op op;
	int a, b;                        /* operands; LIST and CALL: a = the first, by next */
	int next;
	int fn;
	double num;
	const char *name;
	sv str;
};
struct policy_expr {                 /* an obj */
	struct arena a;
	struct part *v;
	int n, root;
};

/* ---- tokens ---- */

enum tok { T_END, T_NUM, T_STR, T_NAME, T_OP, T_BAD };
struct parse {
	struct policy_expr *x;
	sv text;
	size_t at;                       /* of what comes next */
	enum tok kind;
	sv tok;                          /* its text; of a string what is inside */
	size_t tok_at;
	double num;
	struct err *e;
	bool bad;
};

static int wrong(struct parse *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The first fault is told. Always NONE. */
static int wrong(struct parse *p, const char *fmt, ...)
{
	char what[300];
	va_list ap;
	if (p->bad)
		return NONE;
	p->bad = true;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	(void)err_set(p->e, ERR_PARSE, "character %zu: %s",
		      sv_runes(sv_slice(p->text, 0, p->tok_at)) + 1, what);
	if (p->e)
		p->e->offset = p->tok_at;
	return NONE;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool among(char c, const char *set)
{
	return c && strchr(set, c);
}

static void take_string(struct parse *p)
{
	char q = p->text.p[p->at];
	ptrdiff_t n = sv_find_ch(sv_slice(p->text, p->at + 1, p->text.n), q);
	if (n < 0) {
		p->kind = T_BAD;
		(void)wrong(p, "this text has no end; close it with %c", q);
		return;
	}
	p->tok = sv_n(p->text.p + p->at + 1, (size_t)n);
	p->at += (size_t)n + 2;
	p->kind = T_STR;
}

static void take_run(struct parse *p, enum tok kind)
{
	size_t i = p->at;
	while (i < p->text.n &&
	       (is_digit(p->text.p[i]) || p->text.p[i] == '.' || is_word(p->text.p[i])))
		i++;
	p->tok = sv_n(p->text.p + p->at, i - p->at);
	p->at = i;
	p->kind = kind;
	if (kind == T_NUM && sv_f64(p->tok, &p->num)) {
		p->kind = T_BAD;
		(void)wrong(p, "\"%.*s\" is not a number", (int)(p->tok.n < 40 ? p->tok.n : 40),
			    p->tok.p);
	}
}

static void take_op(struct parse *p)
{
	static const char *const two[] = { "==", "!=", "<=", ">=" };
	sv rest = sv_slice(p->text, p->at, p->text.n);
	size_t n = 1;
	for (size_t i = 0; i < 4; i++)
		if (sv_starts(rest, sv_of(two[i])))
			n = 2;
	p->tok = sv_slice(rest, 0, n);
	p->kind = T_OP;
	if (n == 2 || among(rest.p[0], "<>+-*/()[],")) {
		p->at += n;
		return;
	}
	p->kind = T_BAD;
	if (rest.p[0] == '=')
		(void)wrong(p, "write == to compare");
	else if (rest.p[0] == '&' || rest.p[0] == '|' || rest.p[0] == '!')
		(void)wrong(p, "write and, or, not");
	else
		(void)wrong(p, "\"%.*s\" has no meaning here; texts stand in ' ' or \" \"",
			    (int)(rest.n - sv_slice(rest, sv_rune_offset(rest, 1), rest.n).n),
			    rest.p);
}

static void next(struct parse *p)
{
	while (p->at < p->text.n && among(p->text.p[p->at], " \t\r\n"))
		p->at++;
	p->tok_at = p->at;
	p->tok = SV_NULL;
	char c = p->at < p->text.n ? p->text.p[p->at] : 0;
	if (p->at >= p->text.n)
		p->kind = T_END;
	else if (c == '\'' || c == '"')
		take_string(p);
	else if (is_digit(c))
		take_run(p, T_NUM);
	else if (is_word(c))
		take_run(p, T_NAME);
	else
		take_op(p);
}

static bool op_is(const struct parse *p, const char *s)
{
	return p->kind == T_OP && sv_eq(p->tok, sv_of(s));
}

static bool word_is(const struct parse *p, const char *s)
{
	return p->kind == T_NAME && sv_eq(p->tok, sv_of(s));
}

/* ---- parts ---- */

static int part(struct parse *p, enum op op, int a, int b)
{
	struct policy_expr *x = p->x;
	if (p->bad)
		return NONE;
	if (x->n == PARTS_MAX)
		return wrong(p, "more than %d parts; take it apart", (int)PARTS_MAX);
	x->v[x->n] = (struct part){ .op = op, .a = a, .b = b, .next = NONE };
	return x->n++;
}

static int expr(struct parse *p, int least, int depth);

static const struct { const char *name; int least, most; } functions[] = {
	{ "min", 1, 16 }, { "max", 1, 16 }, { "round", 1, 1 }, { "floor", 1, 1 },
	{ "ceil", 1, 1 }, { "abs", 1, 1 }, { "len", 1, 1 }, { "if", 3, 3 },
};
enum fn { FN_MIN, FN_MAX, FN_ROUND, FN_FLOOR, FN_CEIL, FN_ABS, FN_LEN, FN_IF, FN_N };

/* "a, b)" after the opening: parts hung below list by next. */
static int items(struct parse *p, int list, const char *end, int depth, int *count)
{
	int last = NONE;
	*count = 0;
	while (!p->bad && !op_is(p, end)) {
		int i = expr(p, 1, depth + 1);
		if (i == NONE)
			return NONE;
		if (last == NONE)
			p->x->v[list].a = i;
		else
			p->x->v[last].next = i;
		last = i;
		++*count;
		if (op_is(p, ","))
			next(p);
		else if (!op_is(p, end))
			return wrong(p, "a comma or %s is expected here", end);
	}
	next(p);
	return list;
}

static int call(struct parse *p, sv name, int depth)
{
	int fn = 0, n, i = part(p, OP_CALL, NONE, NONE);
	while (fn < FN_N && !sv_eq(name, sv_of(functions[fn].name)))
		fn++;
	if (fn == FN_N)
		return wrong(p, "no such function; there are min, max, round, floor, ceil, "
				"abs, len, if");
	if (i == NONE)
		return NONE;
	p->x->v[i].fn = fn;
	next(p);
	if (items(p, i, ")", depth, &n) == NONE)
		return NONE;
	if (n < functions[fn].least || n > functions[fn].most)
		return wrong(p, "%s takes %d to %d values", functions[fn].name,
			     functions[fn].least, functions[fn].most);
	return i;
}

static int name(struct parse *p, int depth)
{
	static const struct { const char *word; enum op op; } own[] = {
		{ "true", OP_TRUE }, { "false", OP_FALSE }, { "null", OP_NULL },
	};
	sv s = p->tok;
	for (size_t i = 0; i < 3; i++) {
		if (sv_eq(s, sv_of(own[i].word))) {
			next(p);
			return part(p, own[i].op, NONE, NONE);
		}
	}
	if (sv_eq(s, SV("and")) || sv_eq(s, SV("or")) || sv_eq(s, SV("in")))
		return wrong(p, "a value is missing before \"" SV_FMT "\"", SV_ARG(s));
	if (sv_ends(s, SV(".")) || sv_find(s, SV("..")) >= 0)
		return wrong(p, "a part of the name is missing after the dot");
	next(p);
	if (op_is(p, "("))
		return call(p, s, depth);
	int i = part(p, OP_NAME, NONE, NONE);
	if (i != NONE)
		p->x->v[i].name = arena_cstr(&p->x->a, s);
	return i;
}

static int literal(struct parse *p)
{
	int i = part(p, p->kind == T_NUM ? OP_NUM : OP_STR, NONE, NONE);
	if (i == NONE)
		return NONE;
	p->x->v[i].num = p->num;
	if (p->kind == T_STR)
		p->x->v[i].str = arena_sv(&p->x->a, p->tok);
	next(p);
	return i;
}

enum { P_OR = 1, P_AND, P_NOT, P_ORDER, P_SUM, P_TIMES, P_SIGN };

static int grouped(struct parse *p, int depth)
{
	next(p);
	int i = expr(p, 1, depth + 1);
	if (i == NONE)
		return NONE;
	if (!op_is(p, ")"))
		return wrong(p, "a ) is missing");
	next(p);
	return i;
}

static int prefix(struct parse *p, int depth)
{
	int n;
	if (depth > DEPTH_MAX)
		return wrong(p, "nested too deep");
	if (p->kind == T_NUM || p->kind == T_STR)
		return literal(p);
	if (op_is(p, "("))
		return grouped(p, depth);
	if (op_is(p, "[")) {
		int i = part(p, OP_LIST, NONE, NONE);
		next(p);
		return i == NONE ? NONE : items(p, i, "]", depth, &n);
	}
	if (op_is(p, "-") || word_is(p, "not")) {
		bool minus = p->kind == T_OP;
		next(p);
		int i = expr(p, minus ? P_SIGN : P_ORDER, depth + 1);
		return i == NONE ? NONE : part(p, minus ? OP_NEG : OP_NOT, i, NONE);
	}
	if (p->kind == T_NAME)
		return name(p, depth);
	if (p->kind == T_END)
		return wrong(p, "it ends where a value is expected");
	return wrong(p, "a value is expected here");
}

struct infix { const char *text; enum op op; int prec; };
static const struct infix infixes[] = {
	{ "or", OP_OR, P_OR },      { "and", OP_AND, P_AND },   { "==", OP_EQ, P_ORDER },
	{ "!=", OP_NE, P_ORDER },   { "<", OP_LT, P_ORDER },    { "<=", OP_LE, P_ORDER },
	{ ">", OP_GT, P_ORDER },    { ">=", OP_GE, P_ORDER },   { "in", OP_IN, P_ORDER },
	{ "not", OP_NOT_IN, P_ORDER }, { "+", OP_ADD, P_SUM },  { "-", OP_SUB, P_SUM },
	{ "*", OP_MUL, P_TIMES },   { "/", OP_DIV, P_TIMES },
};

static const struct infix *infix(const struct parse *p)
{
	if (p->kind != T_OP && p->kind != T_NAME)
		return NULL;
	for (size_t i = 0; i < sizeof(infixes) / sizeof(infixes[0]); i++)
		if (sv_eq(p->tok, sv_of(infixes[i].text)))
			return &infixes[i];
	return NULL;
}

/* What binds at least as strongly as least. */
static int expr(struct parse *p, int least, int depth)
{
	int left = prefix(p, depth);
	bool ordered = false;
	const struct infix *f;
	while (left != NONE && (f = infix(p)) != NULL && f->prec >= least) {
		if (f->prec == P_ORDER && ordered)
			return wrong(p, "one comparison at a time: a < b and b < c");
		ordered = f->prec == P_ORDER;
		next(p);
		if (f->op == OP_NOT_IN && !word_is(p, "in"))
			return wrong(p, "after a value only \"not in\" can stand here");
		if (f->op == OP_NOT_IN)
			next(p);
		int right = expr(p, f->prec + 1, depth + 1);
		left = right == NONE ? NONE : part(p, f->op, left, right);
	}
	return left;
}

static void expr_free(void *obj)
{
	struct policy_expr *x = obj;
	arena_done(&x->a);
}

int policy_expr_new(struct policy_expr **ret, sv text, struct err *e)
{
	struct parse p = { .text = sv_trim(text), .e = e };
	if (!p.text.n)
		return err_set(e, ERR_PARSE, "an expression is expected, such as days <= 7");
	if (p.text.n > TEXT_MAX)
		return err_set(e, ERR_TOOBIG, "longer than %d bytes", (int)TEXT_MAX);
	if (!sv_utf8_ok(p.text))
		return err_set(e, ERR_PARSE, "not UTF-8");
	struct policy_expr *x = obj_new(sizeof(*x), expr_free);
	struct part tmp[PARTS_MAX];
	arena_init(&x->a, 256u << 10);
	p.x = x;
	x->v = tmp;
	next(&p);
	x->root = expr(&p, 1, 0);
	if (!p.bad && p.kind != T_END)
		(void)wrong(&p, "and, or, or an operator is expected here");
	if (p.bad) {
		obj_unref(x);
		return ERR_PARSE;
	}
	x->v = arena_new(&x->a, struct part, x->n);
	memcpy(x->v, tmp, sizeof(tmp[0]) * (size_t)x->n);
	*ret = x;
	return 0;
}

const char *policy_expr_name(const struct policy_expr *x, size_t i)
{
	for (int k = 0; k < x->n; k++)
		if (x->v[k].op == OP_NAME && i-- == 0)
			return x->v[k].name;
	return NULL;
}

/* ---- values ---- */

struct val {
	enum { V_NULL, V_BOOL, V_NUM, V_STR, V_JV, V_LIST } type;
	bool yes;
	double num;
	sv str;
	const jv *j;                     /* V_JV: a list or an object of the facts */
	int list;                        /* V_LIST: the part */
};

static struct val v_bool(bool b)
{
	return (struct val){ .type = V_BOOL, .yes = b };
}

static struct val v_num(double d)
{
	return isfinite(d) ? (struct val){ .type = V_NUM, .num = d } : (struct val){ 0 };
}

static struct val v_jv(const jv *j)
{
	if (jv_is_bool(j))
		return v_bool(jv_as_bool(j, false));
	if (jv_is_num(j))
		return v_num(jv_as_num(j, 0));
	if (jv_is_str(j))
		return (struct val){ .type = V_STR, .str = jv_as_str(j) };
	if (jv_is_null(j))
		return (struct val){ 0 };
	return (struct val){ .type = V_JV, .j = j };
}

static bool truth(const struct policy_expr *x, struct val v)
{
	switch (v.type) {
	case V_BOOL:
		return v.yes;
	case V_NUM:
		return v.num < 0 || v.num > 0;
	case V_STR:
		return v.str.n > 0;
	case V_JV:
		return jv_len(v.j) > 0;
	case V_LIST:
		return x->v[v.list].a != NONE;
	default:
		return false;
	}
}

static bool same(struct val a, struct val b)
{
	if (a.type != b.type)
		return false;
	switch (a.type) {
	case V_NULL:
		return true;
	case V_BOOL:
		return a.yes == b.yes;
	case V_NUM:
		return !(a.num < b.num) && !(a.num > b.num);
	case V_STR:
		return sv_eq(a.str, b.str);
	default:
		return false;            /* lists and objects are not compared */
	}
}

static struct val eval(const struct policy_expr *x, int i, const jv *facts);

static bool holds_in(const struct policy_expr *x, struct val a, struct val set, const jv *facts)
{
	if (set.type == V_STR && a.type == V_STR)
		return sv_find(set.str, a.str) >= 0;
	if (set.type == V_LIST)
		for (int i = x->v[set.list].a; i != NONE; i = x->v[i].next)
			if (same(a, eval(x, i, facts)))
				return true;
	if (set.type == V_JV && jv_is_arr(set.j))
		for (size_t i = 0; i < jv_len(set.j); i++)
			if (same(a, v_jv(jv_at(set.j, i))))
				return true;
	return false;
}

static struct val order(enum op op, struct val a, struct val b)
{
	int c;
	if (a.type == V_NUM && b.type == V_NUM)
		c = (a.num > b.num) - (a.num < b.num);
	else if (a.type == V_STR && b.type == V_STR)
		c = sv_cmp(a.str, b.str);
	else
		return (struct val){ 0 };
	return v_bool(op == OP_LT ? c < 0 : op == OP_LE ? c <= 0 : op == OP_GT ? c > 0 : c >= 0);
}

static struct val sum(enum op op, struct val a, struct val b)
{
	if (a.type != V_NUM || b.type != V_NUM)
		return (struct val){ 0 };
	switch (op) {
	case OP_ADD:
		return v_num(a.num + b.num);
	case OP_SUB:
		return v_num(a.num - b.num);
	case OP_MUL:
		return v_num(a.num * b.num);
	default:
		return v_num(a.num / b.num);     /* by zero: null */
	}
}

static double length(const struct policy_expr *x, struct val v)
{
	int n = 0;
	if (v.type == V_STR)
		return (double)sv_runes(v.str);
	if (v.type == V_JV)
		return (double)jv_len(v.j);
	for (int i = v.type == V_LIST ? x->v[v.list].a : NONE; i != NONE; i = x->v[i].next)
		n++;
	return n;
}

static struct val function(const struct policy_expr *x, const struct part *p, const jv *facts)
{
	struct val v = eval(x, p->a, facts);
	if (p->fn == FN_LEN)
		return v_num(length(x, v));
	if (p->fn == FN_IF) {
		int yes = x->v[p->a].next;
		return eval(x, truth(x, v) ? yes : x->v[yes].next, facts);
	}
	for (int i = x->v[p->a].next; v.type == V_NUM && i != NONE; i = x->v[i].next) {
		struct val w = eval(x, i, facts);
		if (w.type != V_NUM || (p->fn == FN_MIN ? w.num < v.num : w.num > v.num))
			v = w;
	}
	if (v.type != V_NUM)
		return (struct val){ 0 };
	switch (p->fn) {
	case FN_ROUND:
		return v_num(round(v.num));
	case FN_FLOOR:
		return v_num(floor(v.num));
	case FN_CEIL:
		return v_num(ceil(v.num));
	case FN_ABS:
		return v_num(fabs(v.num));
	default:
		return v;
	}
}

static struct val infix_val(const struct policy_expr *x, const struct part *p, const jv *facts)
{
	struct val a = eval(x, p->a, facts);
	if (p->op == OP_OR || p->op == OP_AND)
		return truth(x, a) == (p->op == OP_OR) ?
			       v_bool(p->op == OP_OR) :
			       v_bool(truth(x, eval(x, p->b, facts)));
	struct val b = eval(x, p->b, facts);
	switch (p->op) {
	case OP_EQ:
	case OP_NE:
		return v_bool(same(a, b) == (p->op == OP_EQ));
	case OP_IN:
	case OP_NOT_IN:
		return v_bool(holds_in(x, a, b, facts) == (p->op == OP_IN));
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
		return order(p->op, a, b);
	default:
		return sum(p->op, a, b);
	}
}

static struct val eval(const struct policy_expr *x, int i, const jv *facts)
{
	const struct part *p = &x->v[i];
	switch (p->op) {
	case OP_NUM:
		return v_num(p->num);
	case OP_STR:
		return (struct val){ .type = V_STR, .str = p->str };
	case OP_TRUE:
	case OP_FALSE:
		return v_bool(p->op == OP_TRUE);
	case OP_NULL:
		return (struct val){ 0 };
	case OP_NAME:
		return v_jv(jv_path(facts, p->name));
	case OP_LIST:
		return (struct val){ .type = V_LIST, .list = i };
	case OP_CALL:
		return function(x, p, facts);
	case OP_NOT:
		return v_bool(!truth(x, eval(x, p->a, facts)));
	case OP_NEG: {
		struct val v = eval(x, p->a, facts);
		return v.type == V_NUM ? v_num(-v.num) : (struct val){ 0 };
	}
	default:
		return infix_val(x, p, facts);
	}
}

/* Whole numbers stay whole (up to 2^53, where doubles end being exact). */
static jv *jv_of(const struct policy_expr *x, struct val v, const jv *facts)
{
	jv *list;
	switch (v.type) {
	case V_BOOL:
		return jv_bool(v.yes);
	case V_NUM:
		if (fabs(v.num) < 9007199254740992.0 && !(floor(v.num) < v.num))
			return jv_int((int64_t)v.num);
		return jv_num(v.num);
	case V_STR:
		return jv_str(v.str);
	case V_JV:
		return jv_copy(v.j);
	case V_LIST:
		list = jv_arr();
		for (int i = x->v[v.list].a; i != NONE; i = x->v[i].next)
			jv_push(list, jv_of(x, eval(x, i, facts), facts));
		return list;
	default:
		return jv_null();
	}
}

jv *policy_expr_eval(const struct policy_expr *x, const jv *facts)
{
	return jv_of(x, eval(x, x->root, facts), facts);
}

bool policy_expr_true(const struct policy_expr *x, const jv *facts)
{
	return truth(x, eval(x, x->root, facts));
}
