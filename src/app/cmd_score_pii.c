/* cmd_score_pii.c: `callm score pii`: personal data found, against marked texts.
 *
 * A marked span is found when at least half of its letters and digits lie in finds of its type. A
 * find is right when at least half of its letters and digits lie in marked spans of its type; an
 * address may also hold marked places (towns, countries), when some of it is address. Finds that
 * touch a marked span of a kind that only overlaps with one of ours (a date for a date of birth)
 * count neither way. "masked" is the share of marked letters and digits hidden under any type.
 */
#include "app_int.h"
#include "guard.h"

#include <stdio.h>

#define SPANS_MAX 256
#define OTHERS_MAX 32

enum { KIND_PLACE = PII_COUNT, KIND_NEUTRAL, KIND_OTHER };

/* Names others use. What is not here is out of scope and only counted. */
static const struct {
	const char *name;
	int kind;
} foreign[] = {
	{ "PERSON", PII_NAME },         { "PER", PII_NAME },
	{ "ADDRESS", PII_ADDRESS },     { "STREET_ADDRESS", PII_ADDRESS },
	{ "ZIP_CODE", PII_ADDRESS },    { "LOCATION", KIND_PLACE },
	{ "GPE", KIND_PLACE },          { "LOC", KIND_PLACE },
	{ "place", KIND_PLACE },        { "CREDIT_CARD", PII_BANK_CARD },
	{ "IBAN_CODE", PII_BANK_CARD }, { "IBAN", PII_BANK_CARD },
	{ "PHONE_NUMBER", PII_PHONE },  { "EMAIL_ADDRESS", PII_EMAIL },
	{ "US_SSN", PII_ID_CARD },      { "US_DRIVER_LICENSE", PII_ID_CARD },
	{ "DATE_TIME", KIND_NEUTRAL },  { "TITLE", KIND_NEUTRAL },
	{ "PREFIX", KIND_NEUTRAL },
};

struct pii_mark {
	size_t s, e;             /* code points */
	int kind;
};
struct pii_text {
	struct sb plain;
	struct pii_mark v[SPANS_MAX];
	size_t n;
};
struct pii_tally {
	size_t rows, marked[PII_COUNT], found[PII_COUNT], finds[PII_COUNT], right[PII_COUNT];
	size_t exact, letters, hidden;
	struct {
		char name[32];
		size_t n;
	} other[OTHERS_MAX];
	size_t n_other;
};

/* ---- reading ---- */

static int kind_of(sv name, struct pii_tally *t)
{
	for (int k = 0; k < PII_COUNT; k++)
		if (sv_eq(name, sv_of(guard_pii_name((enum guard_pii)k))))
			return k;
	int kind = KIND_OTHER;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		if (sv_eq(name, sv_of(foreign[i].name)))
			kind = foreign[i].kind;
	if (kind < PII_COUNT)
		return kind;
	for (size_t i = 0; i < t->n_other; i++)
		if (sv_eq(name, sv_of(t->other[i].name))) {
			t->other[i].n++;
			return kind;
		}
	if (t->n_other < OTHERS_MAX && name.n < sizeof(t->other[0].name)) {
		memcpy(t->other[t->n_other].name, name.p, name.n);
		t->other[t->n_other++].n = 1;
	}
	return kind;
}

/* {"text", "spans": [[type, start, end, ...]]} or {"text", "pii": [{type, start, end}]}. */
static int read_json(sv line, struct pii_text *x, struct pii_tally *t, struct err *e)
{
	jv *o = jv_parse(line, e);
	const jv *list = jv_get(o, "spans") ? jv_get(o, "spans") : jv_get(o, "pii");

	if (!o)
		return ERR_PARSE;
	sb_put(&x->plain, jv_get_str(o, "text"));
	for (size_t i = 0; i < jv_len(list) && x->n < SPANS_MAX; i++) {
		const jv *s = jv_at(list, i);
		bool arr = jv_is_arr(s);
		sv type = arr ? jv_as_str(jv_at(s, 0)) : jv_get_str(s, "type");
		int64_t from = arr ? jv_as_int(jv_at(s, 1), -1) : jv_get_int(s, "start", -1);
		int64_t to = arr ? jv_as_int(jv_at(s, 2), -1) : jv_get_int(s, "end", -1);
		if (!type.n || from < 0 || to <= from) {
			jv_free(o);
			return err_set(e, ERR_INVAL,
				       "span %zu needs a type, a start and an end", i + 1);
		}
		x->v[x->n++] = (struct pii_mark){ (size_t)from, (size_t)to, kind_of(type, t) };
	}
	jv_free(o);
	return 0;
}

/* "my name is {name:Ann Lee}"; \n stands for a new line. */
static int read_marked(sv line, struct pii_text *x, struct pii_tally *t, struct err *e)
{
	size_t runes = 0;
	bool open = false;

	while (line.n) {
		ptrdiff_t colon = sv_find_ch(line, ':');
		if (line.p[0] == '{') {
			if (open || colon < 2 || x->n == SPANS_MAX)
				return err_set(e, ERR_INVAL,
					       "a mark is {type:words}, none inside another");
			x->v[x->n] = (struct pii_mark){
				runes, runes, kind_of(sv_slice(line, 1, (size_t)colon), t)
			};
			if (x->v[x->n].kind == KIND_OTHER)
				return err_set(e, ERR_INVAL, "no such type: " SV_FMT,
					       SV_ARG(sv_slice(line, 1, (size_t)colon)));
			line = sv_slice(line, (size_t)colon + 1, line.n);
			open = true;
		} else if (line.p[0] == '}' && open) {
			x->v[x->n++].e = runes;
			line = sv_slice(line, 1, line.n);
			open = false;
		} else {
			uint32_t r = sv_rune(&line);
			bool escaped = r == '\\' && line.n && line.p[0] == 'n';
			sb_rune(&x->plain, escaped ? '\n' : r);
			line = escaped ? sv_slice(line, 1, line.n) : line;
			runes++;
		}
	}
	return open ? err_set(e, ERR_INVAL, "a mark has no end") : 0;
}

/* ---- comparing ---- */

/* Which code points are letters or digits, that is: count. */
static size_t weigh(sv text, uint8_t *is, size_t max)
{
	size_t n = 0;

	for (; text.n && n < max; n++) {
		uint32_t r = sv_fold(sv_rune(&text));
		is[n] = (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') || r >= 0xC0;
		is[n] = is[n] && !(r >= 0x2000 && r < 0x2E80) && !(r >= 0x3000 && r < 0x3007) &&
			r != 0xFFFD;
	}
	return n;
}

struct field {
	uint8_t is[LIM_TEXT_MSG + 1], gold[LIM_TEXT_MSG + 1], got[LIM_TEXT_MSG + 1];
	size_t n;
};

/* Letters of s..e where in[] is kind (or also), and all of them. */
static size_t shared(const struct field *f, const uint8_t *in, size_t s, size_t e, int kind,
		     int also)
{
	size_t n = 0;

	for (size_t i = s; i < e && i < f->n; i++)
		n += f->is[i] && (in[i] == kind + 1 || in[i] == also + 1);
	return n;
}

static size_t letters(const struct field *f, size_t s, size_t e)
{
	size_t n = 0;

	for (size_t i = s; i < e && i < f->n; i++)
		n += f->is[i];
	return n;
}

static void paint(struct field *f, uint8_t *in, size_t s, size_t e, int kind)
{
	for (size_t i = s; i < e && i < f->n; i++)
		in[i] = (uint8_t)(kind + 1);
}

static void show(const char *what, const struct pii_text *x, int kind, size_t s, size_t e)
{
	sv text = sb_sv(&x->plain);

	(void)fprintf(stderr, "%s %s [" SV_FMT "] in: " SV_FMT "\n", what,
		      guard_pii_name((enum guard_pii)kind),
		      SV_ARG(sv_slice(text, sv_rune_offset(text, s), sv_rune_offset(text, e))),
		      SV_ARG(text));
}

static bool is_right(const struct field *f, int kind, size_t s, size_t e)
{
	size_t all = letters(f, s, e), own = shared(f, f->gold, s, e, kind, kind);

	if (2 * own >= all && own)
		return true;
	return kind == PII_ADDRESS && own &&
	       2 * shared(f, f->gold, s, e, kind, KIND_PLACE) >= all;
}

static void compare(const struct pii_text *x, const struct guard_in *in, struct pii_tally *t,
		    bool errors)
{
	static struct field f;

	memset(&f, 0, sizeof(f));
	f.n = weigh(sb_sv(&x->plain), f.is, LIM_TEXT_MSG);
	for (size_t i = 0; i < x->n; i++)
		paint(&f, f.gold, x->v[i].s, x->v[i].e, x->v[i].kind);
	for (size_t i = 0; i < in->n; i++) {
		size_t s = in->from[in->spans[i].cp_start],
		       e = in->from[in->spans[i].cp_end - 1] + 1;
		int k = (int)in->spans[i].type;
		paint(&f, f.got, s, e, k);
		if (k == PII_DATE_OF_BIRTH && shared(&f, f.gold, s, e, KIND_NEUTRAL, KIND_NEUTRAL))
			continue;
		bool right = is_right(&f, k, s, e);
		t->finds[k]++;
		t->right[k] += right;
		if (!right && errors)
			show("false", x, k, s, e);
	}
	for (size_t i = 0; i < x->n; i++) {
		size_t s = x->v[i].s, e = x->v[i].e, all = letters(&f, s, e);
		int k = x->v[i].kind;
		if (k >= PII_COUNT)
			continue;
		bool found = 2 * shared(&f, f.got, s, e, k, k) >= all && all;
		t->marked[k]++;
		t->found[k] += found;
		t->letters += all;
		t->hidden += all - shared(&f, f.got, s, e, -1, -1);
		for (size_t j = 0; j < in->n; j++)
			t->exact += (int)in->spans[j].type == k &&
				    in->from[in->spans[j].cp_start] == s &&
				    in->from[in->spans[j].cp_end - 1] + 1 == e;
		if (!found && errors)
			show("missed", x, k, s, e);
	}
}

/* ---- reporting ---- */

static double rate(size_t a, size_t n)
{
	return n ? (double)a / (double)n : 0;
}

static double f1_of(double p, double r)
{
	return p + r > 0 ? 2 * p * r / (p + r) : 0;
}

static jv *figures(size_t marked, size_t found, size_t finds, size_t right)
{
	jv *o = jv_obj();
	double p = rate(right, finds), r = rate(found, marked);

	jv_set_int(o, "n", (int64_t)marked);
	jv_set_int(o, "finds", (int64_t)finds);
	jv_set_num(o, "precision", p);
	jv_set_num(o, "recall", r);
	jv_set_num(o, "f1", f1_of(p, r));
	return o;
}

static void report(const struct pii_tally *t, bool json)
{
	size_t m = 0, f = 0, g = 0, r = 0;
	jv *types = jv_obj(), *other = jv_obj();

	for (int k = 0; k < PII_COUNT; k++) {
		m += t->marked[k];
		f += t->found[k];
		g += t->finds[k];
		r += t->right[k];
		if (t->marked[k] || t->finds[k])
			jv_set(types, guard_pii_name((enum guard_pii)k),
			       figures(t->marked[k], t->found[k], t->finds[k], t->right[k]));
		if (!json && (t->marked[k] || t->finds[k]))
			printf("%-14s  recall %.3f (%zu/%zu)  precision %.3f (%zu/%zu)\n",
			       guard_pii_name((enum guard_pii)k),
			       rate(t->found[k], t->marked[k]), t->found[k], t->marked[k],
			       rate(t->right[k], t->finds[k]), t->right[k], t->finds[k]);
	}
	for (size_t i = 0; i < t->n_other; i++)
		jv_set_int(other, t->other[i].name, (int64_t)t->other[i].n);
	jv *o = figures(m, f, g, r);
	jv_set_int(o, "texts", (int64_t)t->rows);
	jv_set_num(o, "exact", rate(t->exact, m));
	jv_set_num(o, "masked", rate(t->hidden, t->letters));
	jv_set(o, "per_type", types);
	jv_set(o, "out_of_scope", other);
	if (json) {
		cli_print_json(o);
		return;
	}
	printf("all             recall %.3f  precision %.3f  F1 %.3f  exact %.3f  masked %.3f "
	       "of the "
	       "letters  (%zu texts)\n",
	       rate(f, m), rate(r, g), f1_of(rate(r, g), rate(f, m)), rate(t->exact, m),
	       rate(t->hidden, t->letters), t->rows);
	jv_free(o);
}

static int score_line(sv line, struct pii_tally *t, bool errors, struct err *e)
{
	struct pii_text x = { 0 };
	struct guard_in in = { 0 };
	struct arena a;

	sb_init(&x.plain, LIM_SB);
	arena_init(&a, LIM_ARENA_TURN);
	int rc = line.p[0] == '{' && line.n > 1 && line.p[1] == '"' ? read_json(line, &x, t, e) :
								   read_marked(line, &x, t, e);
	if (rc == 0 && (rc = guard_inbound(sb_sv(&x.plain), &a, &in)))
		rc = err_set(e, rc, "the text is too long");
	if (rc == 0) {
		t->rows++;
		compare(&x, &in, t, errors);
	}
	arena_done(&a);
	sb_done(&x.plain);
	return rc;
}

int cmd_score_pii(int argc, char **argv)
{
	const char *data = NULL;
	bool json = false, errors = false;
	int rest, status, row = 0, rc = 0;
	const struct cli_opt opts[] = {
		{ "data", CLI_STR, &data,
		  "JSON lines {text, spans} or texts with {type:words} marks" },
		{ "json", CLI_FLAG, &json, "one JSON object" },
		{ "errors", CLI_FLAG, &errors, "what was missed or wrongly found, on stderr" },
	};
	struct pii_tally t = { 0 };
	struct sb text;
	struct err e = { 0 };
	sv all, line;

	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (!data)
		return cli_fail("score pii: --data FILE is missing"), 2;
	sb_init(&text, LIM_ARENA_BIG);
	if (file_read(data, LIM_ARENA_BIG, &text, &e)) {
		sb_done(&text);
		return cli_fail("%s", e.msg);
	}
	all = sb_sv(&text);
	while (rc == 0 && sv_line(&all, &line)) {
		row++;
		if (line.n && line.p[0] != '#')
			rc = score_line(line, &t, errors, &e);
	}
	if (rc)
		(void)cli_fail("%s:%d: %s", data, row, e.msg);
	else
		report(&t, json);
	sb_done(&text);
	return rc != 0;
}
