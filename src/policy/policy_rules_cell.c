/* policy_rules_cell.c: the cells of a decision table: what "<= 30", "7..30", "not gold" and lists
 * mean, whether a fact is one of an input, and whether it fits a cell.
 *
 * A cell of numbers is a list of ranges, of words a list of words, either may be negated. Whole
 * numbers are kept in closed ranges ("< 30" is up to 29), so that boundaries are plain. Pure; any
 * thread; strings go into the caller's arena.
 */
#include "policy_rules_int.h"

#include <math.h>
#include <stdio.h>

const char *const rules_type_names[5] = { "int", "number", "bool", "word", "text" };
const char *const rules_collect_names[6] = { "list", "sum", "min", "max", "any", "every" };

bool rules_in_range(const struct rules_range *r, double d)
{
	return (r->lo_open ? d > r->lo : d >= r->lo) && (r->hi_open ? d < r->hi : d <= r->hi);
}

bool rules_cond_holds(const struct rules_table *t, const struct rules_cond *c,
		      const struct rules_val *v)
{
	bool in = false;
	if (v->kind == RULES_MISSING)
		return false;
	if (t->inputs[c->input].type == RULES_BOOL)
		return v->yes == c->yes;
	for (int i = 0; i < c->n && !in; i++)
		in = c->ranges ? rules_in_range(&c->ranges[i], v->num) :
				 sv_eq(c->words[i], v->word);
	return in != c->negated;
}

void rules_num_text(double d, struct sb *out)
{
	sb_fmt(out, "%.15g", d);
}

void rules_val_text(const struct rules_val *v, struct sb *out)
{
	if (v->kind == RULES_IS_NUM)
		rules_num_text(v->num, out);
	else if (v->kind == RULES_IS_BOOL)
		sb_cstr(out, v->yes ? "true" : "false");
	else
		sb_put(out, v->word);
}

jv *rules_val_json(const struct rules_val *v, enum rules_type type)
{
	switch (v->kind) {
	case RULES_IS_BOOL:
		return jv_bool(v->yes);
	case RULES_IS_WORD:
		return jv_str(v->word);
	case RULES_IS_NUM:
		if (type == RULES_INT || !(floor(v->num) < v->num))
			return jv_int(llround(v->num));
		return jv_num(v->num);
	default:
		return jv_null();
	}
}

static bool knows_word(const struct rules_input *in, sv word)
{
	for (int i = 0; i < in->n_values; i++)
		if (sv_eq(in->values[i], word))
			return true;
	return false;
}

static const char *number_fact(const struct rules_input *in, const jv *v, struct rules_val *ret)
{
	double d = jv_as_num(v, 0);
	if (!jv_is_num(v))
		return in->type == RULES_INT ? "a whole number is expected" :
					       "a number is expected";
	if (in->type == RULES_INT && floor(d) < d)
		return "a whole number is expected";
	if (d < in->min || d > in->max)
		return "out of the table's range";
	*ret = (struct rules_val){ .kind = RULES_IS_NUM, .num = d };
	return NULL;
}

const char *rules_fact(const struct rules_input *in, const jv *v, struct rules_val *ret)
{
	*ret = in->def;
	if (jv_is_null(v))
		return NULL;
	if (in->type == RULES_BOOL) {
		*ret = (struct rules_val){ .kind = RULES_IS_BOOL, .yes = jv_as_bool(v, false) };
		return jv_is_bool(v) ? NULL : "true or false is expected";
	}
	if (in->type != RULES_WORD)
		return number_fact(in, v, ret);
	*ret = (struct rules_val){ .kind = RULES_IS_WORD, .word = jv_as_str(v) };
	if (!jv_is_str(v))
		return "a word is expected";
	if (knows_word(in, ret->word) || (in->other && ret->word.n > 0))
		return NULL;
	return "not one of the table's words";
}

/* ---- reading ---- */

struct cell {
	struct arena *a;
	const struct rules_input *in;
	struct rules_cond *ret;
	char *mend;
};

static const char *wrong(struct cell *c, const char *what, const char *mend)
{
	(void)snprintf(c->mend, 240, "%s", mend);
	return what;
}

static const char *bad_number(struct cell *c)
{
	(void)snprintf(c->mend, 240, "Use a number from %.15g to %.15g%s.", c->in->min, c->in->max,
		       c->in->type == RULES_INT ? ", a whole one" : "");
	return "not a number of this input";
}

static const char *one_number(struct cell *c, sv s, double *ret)
{
	s = sv_trim(s);
	if (!s.n || sv_f64(s, ret) || *ret < c->in->min || *ret > c->in->max ||
	    (c->in->type == RULES_INT && floor(*ret) < *ret))
		return bad_number(c);
	return NULL;
}

static const char *add_range(struct cell *c, struct rules_range r)
{
	if (c->ret->n == RULES_RANGES)
		return wrong(c, "more than 32 values in a cell", "Use a range: 7..30.");
	if (c->in->type == RULES_INT && r.lo_open)
		r.lo += 1, r.lo_open = false;
	if (c->in->type == RULES_INT && r.hi_open)
		r.hi -= 1, r.hi_open = false;
	if (r.lo > r.hi || ((r.lo_open || r.hi_open) && r.lo >= r.hi))
		return wrong(c, "this range is empty", "Write the smaller number first: 7..30.");
	c->ret->ranges[c->ret->n++] = r;
	return NULL;
}

/* "<= 30", "7..30", "7". */
static const char *add_number(struct cell *c, sv s)
{
	static const char *const ops[] = { "<=", ">=", "==", "<", ">", "=" };
	struct rules_range r = { c->in->min, c->in->max, false, false };
	ptrdiff_t dots = sv_find(s, SV(".."));
	const char *bad;
	double d;
	if (dots >= 0) {
		bad = one_number(c, sv_slice(s, 0, (size_t)dots), &r.lo);
		if (!bad)
			bad = one_number(c, sv_slice(s, (size_t)dots + 2, s.n), &r.hi);
		return bad ? bad : add_range(c, r);
	}
	size_t k = 0;
	while (k < 6 && !sv_starts(s, sv_of(ops[k])))
		k++;
	bad = one_number(c, k < 6 ? sv_slice(s, strlen(ops[k]), s.n) : s, &d);
	if (bad)
		return bad;
	if (k == 0 || k == 3)
		r.hi = d, r.hi_open = k == 3;
	else if (k == 1 || k == 4)
		r.lo = d, r.lo_open = k == 4;
	else
		r.lo = r.hi = d;
	return add_range(c, r);
}

static const char *add_word(struct cell *c, sv s)
{
	struct sb b;
	if (c->ret->n == RULES_ATOMS)
		return wrong(c, "more than 64 words in a cell", "Take some out.");
	if (s.n && knows_word(c->in, s)) {
		c->ret->words[c->ret->n++] = arena_sv(c->a, s);
		return NULL;
	}
	sb_init(&b, 230);
	sb_cstr(&b, "Known here: ");
	for (int i = 0; i < c->in->n_values && b.n < 200; i++)
		sb_fmt(&b, "%s" SV_FMT, i ? ", " : "", SV_ARG(sv_slice(c->in->values[i], 0, 25)));
	(void)wrong(c, "", sb_str(&b));
	sb_done(&b);
	return "not a word of this input";
}

static const char *add_one(struct cell *c, sv s)
{
	s = sv_trim(s);
	return c->in->type == RULES_WORD ? add_word(c, s) : add_number(c, s);
}

/* "not ", "in [a, b]", or one value. */
static const char *from_text(struct cell *c, sv s)
{
	const char *bad = NULL;
	sv one;
	if (sv_starts(s, SV("not "))) {
		c->ret->negated = true;
		s = sv_trim(sv_slice(s, 4, s.n));
	} else if (sv_starts(s, SV("!="))) {
		c->ret->negated = true;
		s = sv_trim(sv_slice(s, 2, s.n));
	}
	if (sv_starts(s, SV("in ")))
		s = sv_trim(sv_slice(s, 3, s.n));
	if (!sv_starts(s, SV("[")))
		return add_one(c, s);
	if (!sv_ends(s, SV("]")))
		return wrong(c, "the list has no end", "Write in [a, b].");
	s = sv_slice(s, 1, s.n - 1);
	while (!bad && sv_cut(&s, ',', &one))
		bad = add_one(c, one);
	return bad;
}

static const char *from_list(struct cell *c, const jv *list)
{
	const char *bad = NULL;
	struct sb b;
	sb_init(&b, 200);
	for (size_t i = 0; i < jv_len(list) && !bad; i++) {
		const jv *v = jv_at(list, i);
		sb_reset(&b);
		if (jv_is_num(v))
			rules_num_text(jv_as_num(v, 0), &b);
		bad = add_one(c, jv_is_str(v) ? jv_as_str(v) : sb_sv(&b));
	}
	sb_done(&b);
	return bad;
}

static void put_words(struct sb *b, const struct rules_cond *c)
{
	if (c->n > 1)
		sb_cstr(b, "one of: ");
	for (int i = 0; i < c->n; i++) {
		sb_cstr(b, i ? ", " : "");
		sb_put(b, c->words[i]);
	}
}

static void put_range(struct sb *b, const struct rules_input *in, const struct rules_range *r)
{
	if (r->lo >= r->hi) {
		rules_num_text(r->lo, b);
	} else if (r->lo <= in->min && !r->lo_open) {
		sb_cstr(b, r->hi_open ? "< " : "<= ");
		rules_num_text(r->hi, b);
	} else if (r->hi >= in->max && !r->hi_open) {
		sb_cstr(b, r->lo_open ? "> " : ">= ");
		rules_num_text(r->lo, b);
	} else {
		rules_num_text(r->lo, b);
		sb_cstr(b, "..");
		rules_num_text(r->hi, b);
	}
}

static sv cell_text(struct arena *a, const struct rules_input *in, const struct rules_cond *c)
{
	struct sb b;
	sb_init(&b, 4000);
	if (in->type == RULES_BOOL)
		sb_cstr(&b, c->yes ? "true" : "false");
	else if (c->negated)
		sb_cstr(&b, "not ");
	if (c->words)
		put_words(&b, c);
	for (int i = 0; c->ranges && i < c->n; i++) {
		sb_cstr(&b, i ? ", " : "");
		put_range(&b, in, &c->ranges[i]);
	}
	sv s = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return s;
}

static const char *read_bool(struct cell *c, const jv *v)
{
	c->ret->yes = jv_as_bool(v, false);
	if (!jv_is_bool(v))
		return wrong(c, "true or false is expected here", "Write true, false or \"-\".");
	return NULL;
}

/* What was read moves from the stack into the arena. */
static const char *keep(struct cell *c)
{
	struct rules_cond *x = c->ret;
	sv *words = x->words ? arena_new(c->a, sv, x->n) : NULL;
	struct rules_range *ranges =
		x->ranges ? arena_new(c->a, struct rules_range, x->n) : NULL;
	x->text = cell_text(c->a, c->in, x);
	if ((x->words && !words) || (x->ranges && !ranges) || !x->text.p)
		return wrong(c, "the table is too big", "Take it apart.");
	if (words)
		memcpy(words, x->words, sizeof(*words) * (size_t)x->n);
	if (ranges)
		memcpy(ranges, x->ranges, sizeof(*ranges) * (size_t)x->n);
	x->words = words;
	x->ranges = ranges;
	return NULL;
}

const char *rules_cell_read(struct arena *a, const struct rules_table *t, int input,
			    const jv *cell, struct rules_cond *ret, char mend[240])
{
	const struct rules_input *in = &t->inputs[input];
	struct cell c = { a, in, ret, mend };
	struct rules_range ranges[RULES_RANGES];
	sv words[RULES_ATOMS];
	sv s = sv_trim(jv_as_str(cell));
	const char *bad;
	double d = jv_as_num(cell, 0);
	*ret = (struct rules_cond){ .input = input };
	if (jv_is_str(cell) && (!s.n || sv_eq(s, SV("-")))) {
		ret->input = -1;
		return NULL;
	}
	if (in->type == RULES_WORD)
		ret->words = words;
	else if (in->type != RULES_BOOL)
		ret->ranges = ranges;
	if (in->type == RULES_BOOL)
		bad = read_bool(&c, cell);
	else if (jv_is_arr(cell))
		bad = jv_len(cell) ? from_list(&c, cell) :
				     wrong(&c, "an empty list never holds",
					   "Name one, or leave the cell out.");
	else if (jv_is_str(cell))
		bad = from_text(&c, s);
	else if (jv_is_num(cell) && ret->ranges && d >= in->min && d <= in->max &&
		 (in->type == RULES_NUM || !(floor(d) < d)))
		bad = add_range(&c, (struct rules_range){ d, d, false, false });
	else
		bad = ret->ranges ? bad_number(&c) :
				    wrong(&c, "a word is expected here",
					  "Write a word, \"not word\" or a list: [a, b].");
	return bad ? bad : keep(&c);
}
