/* feel_table.c: the tables of feel/data (embedded by the build), cut into words once.
 *
 * A row is `name<TAB>number<TAB>words`, or `name<TAB>words`; words are alternatives between '|',
 * terms are joined by " + ", '!' in front of a term says it must not stand. The tables hold some
 * 5,000 words and every turn is asked about all of them, so they are cut when they are first asked
 * for, by whichever thread that is, and kept for good; the words themselves stay where they are in
 * the program. Immutable after that; any thread.
 */
#include "feel_int.h"

#include <pthread.h>
#include <stdlib.h>

struct feel_file {
	const char *name, *text;
	size_t n;
};
extern const struct feel_file feel_files[];

static const struct { const char *file; size_t columns; } tables[FEEL_TABLES] = {
	[FEEL_T_EMOTION] = { "emotion.tsv", 3 }, [FEEL_T_HUMAN] = { "human.tsv", 2 },
	[FEEL_T_INTENT] = { "intent.tsv", 3 },   [FEEL_T_LANG] = { "lang.tsv", 3 },
	[FEEL_T_SMALL] = { "small.tsv", 3 },
};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct feel_table cut[FEEL_TABLES];   /* written once, under once */

static sv text_of(const char *name)
{
	for (size_t i = 0; feel_files[i].name; i++)
		if (strcmp(feel_files[i].name, name) == 0)
			return sv_n(feel_files[i].text, feel_files[i].n);
	err_assert("a table of feel/data is embedded", __FILE__, __LINE__);
}

/* The next row of n columns; blank lines, comments and rows of fewer columns are passed over. */
static bool next_row(sv *rest, sv *fields, size_t n)
{
	sv line;

	while (sv_line(rest, &line)) {
		if (!line.n || line.p[0] == '#')
			continue;
		size_t k = 0;
		for (; k < n - 1; k++)
			if (!sv_cut(&line, '\t', &fields[k]))
				break;
		fields[k] = line;
		if (k == n - 1 && line.n)
			return true;
	}
	return false;
}

bool feel_term(sv *pattern, sv *ret_words, bool *ret_not)
{
	if (!pattern->n)
		return false;
	ptrdiff_t plus = sv_find(*pattern, SV(" + "));
	sv term = sv_slice(*pattern, 0, plus < 0 ? pattern->n : (size_t)plus);
	*pattern = plus < 0 ? SV_NULL : sv_slice(*pattern, (size_t)plus + 3, pattern->n);
	*ret_not = term.n && term.p[0] == '!';
	*ret_words = *ret_not ? sv_slice(term, 1, term.n) : term;
	return true;
}

static void add_term(struct feel_table *t, sv words, bool not)
{
	sv alt;
	struct feel_term *term = &t->term[t->n_term++];

	*term = (struct feel_term){ .from = (uint32_t)t->n_alt, .not = not };
	while (sv_cut(&words, '|', &alt))
		t->alt[t->n_alt++] = feel_alt_of(alt);
	term->to = (uint32_t)t->n_alt;
}

static int number(sv s)
{
	int64_t v = 0;

	return sv_i64(s, &v) == 0 ? (int)v : 0;
}

/* Kept for good: no one's leak, so not counted as memory of somebody's. */
static void *for_good(size_t n, size_t size)
{
	void *p = calloc(n, size);

	ASSERT(p);
	return p;
}

/* Room: no table has more words than signs between them, nor more terms. */
static void cut_one(struct feel_table *t, sv text, size_t columns)
{
	sv rest = text, col[3], words;
	size_t marks = 1;
	bool not;

	for (size_t i = 0; i < text.n; i++)
		marks += text.p[i] == '|' || text.p[i] == '+' || text.p[i] == '\n';
	t->row = for_good(marks, sizeof(*t->row));
	t->term = for_good(marks, sizeof(*t->term));
	t->alt = for_good(marks, sizeof(*t->alt));
	while (next_row(&rest, col, columns)) {
		struct feel_table_row *row = &t->row[t->n++];
		bool letters = columns == 3 && sv_starts(col[1], SV("L"));
		*row = (struct feel_table_row){ .name = col[0], .term = (uint32_t)t->n_term,
						.letters = letters };
		row->number = columns == 3 ? number(sv_slice(col[1], letters, col[1].n)) : 0;
		sv pattern = col[columns - 1];
		while (feel_term(&pattern, &words, &not))
			add_term(t, words, not);
		row->terms = (uint32_t)t->n_term - row->term;
	}
}

static void cut_all(void)
{
	for (int i = 0; i < FEEL_TABLES; i++)
		cut_one(&cut[i], text_of(tables[i].file), tables[i].columns);
}

const struct feel_table *feel_table(enum feel_table_no no)
{
	(void)pthread_once(&once, cut_all);
	return &cut[no];
}

bool feel_row_stands(const struct feel_text *t, const struct feel_table *table,
		     const struct feel_table_row *row)
{
	size_t end;

	for (uint32_t k = row->term; k < row->term + row->terms; k++) {
		const struct feel_term *term = &table->term[k];
		bool stands = false;
		for (uint32_t i = term->from; i < term->to && !stands; i++)
			stands = feel_find(t, 0, &table->alt[i], &end) >= 0;
		if (stands == term->not)
			return false;
	}
	return true;
}
