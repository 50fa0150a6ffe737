/* policy_ope_read.c: a log of decisions from CSV. Nothing is mended: a field that is no number, a
 * row of another length, an action that is no whole number are told with line and column. How many
 * actions there are follows from the width of the first row when it is not given: either all
 * columns behind the third are the policy's probabilities, or half of them, and the other half is
 * expected rewards. Pure; any thread. */
#include "policy_ope.h"

#include <math.h>
#include <string.h>

#define FIXED 3                  /* action, reward, pscore */
#define COLUMNS (FIXED + 2 * OPE_ACTIONS)

struct reading {
	VEC(double) row;         /* all fields, row by row */
	int columns, actions;
	bool q;
	size_t rows;
};

static int fields(sv line, double v[COLUMNS], int line_no, struct err *e)
{
	int n = 0;
	sv head;
	for (bool more = true; more;) {
		more = memchr(line.p, ',', line.n) != NULL;
		head = SV_NULL;
		(void)sv_cut(&line, ',', &head);
		if (n == COLUMNS)
			return err_set(e, ERR_PARSE, "line %d: more than %d columns", line_no,
				       (int)COLUMNS);
		if (sv_f64(sv_trim(head), &v[n]))
			return err_set(e, ERR_PARSE, "line %d, column %d: \"%.*s\" is no number",
				       line_no, n + 1, (int)(head.n < 40 ? head.n : 40), head.p);
		n++;
	}
	return n;
}

static bool adds_to_one(const double *v, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += v[i];
	return n > 0 && fabs(sum - 1) < 1e-6;
}

static int shape(struct reading *r, const double *v, int n, int line_no, struct err *e)
{
	int wide = n - FIXED;
	if (r->actions > 0)
		r->q = wide == 2 * r->actions;
	else if (wide > 1 && wide % 2 == 0 && adds_to_one(v + FIXED, wide / 2))
		r->actions = wide / 2, r->q = true;
	else
		r->actions = wide;
	r->columns = n;
	if (r->actions < 1 || wide != r->actions * (r->q ? 2 : 1))
		return err_set(e, ERR_PARSE,
			       "line %d: %d columns; there must be action, reward, pscore, then a "
			       "probability for each action, then perhaps an expected reward for "
			       "each",
			       line_no, n);
	return 0;
}

static int take(struct reading *r, sv line, int line_no, struct err *e)
{
	double v[COLUMNS];
	int n = fields(line, v, line_no, e);
	int rc = n < 0 ? n : r->columns ? 0 : shape(r, v, n, line_no, e);
	if (rc)
		return rc;
	if (n != r->columns)
		return err_set(e, ERR_PARSE, "line %d: %d columns instead of %d", line_no, n,
			       r->columns);
	if (v[0] < 0 || v[0] >= r->actions || v[0] != floor(v[0]))
		return err_set(e, ERR_PARSE, "line %d: action %g is not one of 0..%d", line_no,
			       v[0], r->actions - 1);
	if (r->rows++ == OPE_ROWS)
		return err_set(e, ERR_TOOBIG, "more than %d rows", (int)OPE_ROWS);
	for (int i = 0; i < n; i++) {
		double *to = VEC_PUSH(&r->row, (size_t)OPE_ROWS * COLUMNS);
		if (!to)
			return err_set(e, ERR_TOOBIG, "line %d: the file is too large", line_no);
		*to = v[i];
	}
	return 0;
}

/* Columns side by side become arrays of their own. */
static void split(const struct reading *r, struct ope_file *f)
{
	size_t n = r->rows, k = (size_t)r->actions, wide = k * (r->q ? 2 : 1);
	double *reward, *pscore, *pi, *q;
	f->num = xalloc(sizeof(double) * n * (2 + wide) + 1);
	f->action = xalloc(sizeof(int) * n + 1);
	reward = f->num;
	pscore = reward + n;
	pi = pscore + n;
	q = pi + n * k;
	for (size_t i = 0; i < n; i++) {
		const double *row = r->row.v + i * (size_t)r->columns;
		f->action[i] = (int)row[0];
		reward[i] = row[1];
		pscore[i] = row[2];
		memcpy(pi + i * k, row + FIXED, sizeof(*pi) * k);
		if (r->q)
			memcpy(q + i * k, row + FIXED + k, sizeof(*q) * k);
	}
	f->log = (struct ope_log){ .n = n, .actions = r->actions, .action = f->action,
				   .reward = reward, .pscore = pscore, .pi = pi,
				   .q = r->q ? q : NULL };
}

static bool header(sv line)
{
	return line.n && (line.p[0] == '#' || (line.p[0] >= 'A' && line.p[0] <= 'z'));
}

int ope_read(sv csv, int actions, struct ope_file *ret, struct err *e)
{
	struct reading r = { .actions = actions };
	sv line;
	int line_no = 0, rc = 0;
	while (rc == 0 && sv_line(&csv, &line)) {
		line_no++;
		line = sv_trim(line);
		if (!line.n || (header(line) && (line.p[0] == '#' || !r.rows)))
			continue;
		rc = take(&r, line, line_no, e);
	}
	if (rc == 0 && !r.rows)
		rc = err_set(e, ERR_PARSE, "there is no row in it");
	if (rc == 0)
		split(&r, ret);
	VEC_FREE(&r.row);
	return rc;
}

void ope_file_done(struct ope_file *f)
{
	xfree(f->num);
	xfree(f->action);
	*f = (struct ope_file){ 0 };
}
