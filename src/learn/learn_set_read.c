/* learn_set_read.c: a file of test questions to rows. Every line is looked at before any is taken;
 * what is wrong is told by line. Pure, any thread. */
#include "learn_set.h"

#include <stdio.h>

enum { COLS = 8, FAULTS = 50, ARTICLE_BYTES = 200 };

struct reader {
	struct arena *a;
	struct learn_set_rows *rows;
	struct cfg_report *faults;
	struct map *seen;            /* lang, question -> row + 1 */
	int line;
	char sep;
	int question, lang, article; /* columns, -1 = none */
};

static void fault(struct reader *r, const char *what, const char *mend)
{
	struct cfg_issue *x = VEC_PUSH(r->faults, FAULTS);
	if (!x)
		return;
	*x = (struct cfg_issue){ 0 };
	(void)snprintf(x->where, sizeof(x->where), "%d", r->line);
	(void)snprintf(x->what, sizeof(x->what), "%s", what);
	(void)snprintf(x->mend, sizeof(x->mend), "%s", mend);
}

/* A field in quotes, without them; *line is behind its separator. False: told. */
static bool quoted(struct reader *r, sv *line, sv *ret)
{
	char *p = arena_alloc(r->a, line->n);
	size_t n = 0, i = 1;
	for (; p && i < line->n; i++) {
		if (line->p[i] == '"' && !(i + 1 < line->n && line->p[i + 1] == '"'))
			break;
		i += line->p[i] == '"';
		p[n++] = line->p[i];
	}
	if (!p || i >= line->n) {
		fault(r, "a quoted field is not closed on its line", "add the missing \"");
		return false;
	}
	*line = sv_slice(*line, i + 1, line->n);
	if (line->n && line->p[0] != r->sep) {
		fault(r, "there is text after a closing quote", "write a quote in a field twice");
		return false;
	}
	*ret = sv_n(p, n);
	return true;
}

/* The fields of a line; 0: told. */
static int split(struct reader *r, sv line, sv col[COLS])
{
	int n = 0;
	for (;;) {
		ptrdiff_t at = sv_find_ch(line, r->sep);
		if (n == COLS) {
			fault(r, "there are too many columns", "write question, lang, article");
			return 0;
		}
		if (line.n && line.p[0] == '"') {
			if (!quoted(r, &line, &col[n]))
				return 0;
			at = line.n ? 0 : -1;
		} else {
			col[n] = at < 0 ? line : sv_slice(line, 0, (size_t)at);
		}
		col[n] = sv_trim(col[n]);
		n++;
		if (at < 0)
			return n;
		line = sv_slice(line, (size_t)at + 1, line.n);
	}
}

static bool is_one(sv s, const char *const *words)
{
	char low[32];
	for (size_t i = 0; i < s.n && i < sizeof(low); i++)
		low[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 32 : s.p[i]);
	for (; *words && s.n <= sizeof(low); words++)
		if (sv_eq(sv_n(low, s.n), sv_of(*words)))
			return true;
	return false;
}

static const char *const questions[] = { "question", "问题", "提问", NULL };
static const char *const langs[] = { "lang", "language", "语言", NULL };
static const char *const articles[] = { "article", "expected", "article_id", "文章", "应答文章",
					NULL };
static const char *const nothing[] = { "-", "none", "nothing", "无", NULL };

/* Does the first line name the columns? */
static bool header(struct reader *r, const sv *col, int n)
{
	bool is = false;
	for (int i = 0; i < n; i++)
		is = is || is_one(col[i], questions);
	if (!is)
		return false;
	r->question = r->lang = r->article = -1;
	for (int i = 0; i < n; i++) {
		if (is_one(col[i], questions))
			r->question = i;
		else if (is_one(col[i], langs))
			r->lang = i;
		else if (is_one(col[i], articles))
			r->article = i;
	}
	if (r->article < 0)
		fault(r, "no column is called article", "name the columns question, lang, article");
	return true;
}

bool learn_set_nothing(sv article)
{
	return is_one(article, nothing);
}

static bool lang_ok(sv s)
{
	bool ok = s.n >= 2 && s.n < 12;
	for (size_t i = 0; ok && i < s.n; i++)
		ok = (s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '-';
	return ok;
}

static bool id_like(sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ')
			return false;
	return s.n <= ARTICLE_BYTES;
}

const char *learn_set_bad(const struct learn_set_row *x, const char **mend)
{
	*mend = "write question, lang, article";
	if (!x->question.n)
		return "there is no question";
	*mend = "shorten it to 1000 bytes";
	if (x->question.n > LEARN_SET_TEXT)
		return "the question is too long";
	*mend = "write a language like en or zh, or leave it empty";
	if (!lang_ok(x->lang))
		return "the language is none";
	*mend = "write the article's id, or - when nothing answers the question";
	if (!x->article.n)
		return "it does not say which article answers";
	if (!id_like(x->article))
		return "the article's id is none";
	return NULL;
}

static void take(struct reader *r, struct learn_set_row x)
{
	const char *mend, *bad = learn_set_bad(&x, &mend);
	if (bad) {
		fault(r, bad, mend);
		return;
	}
	if (learn_set_nothing(x.article))
		x.article = SV("");
	sv key = sv_of(arena_fmt(r->a, SV_FMT "\t" SV_FMT, SV_ARG(x.lang), SV_ARG(x.question)));
	size_t at = (size_t)(uintptr_t)map_get(r->seen, key);
	if (at && !sv_eq(r->rows->v[at - 1].article, x.article)) {
		fault(r, "the question stands there twice, with another article",
		      "keep one of the two lines");
		return;
	}
	if (at)
		return;
	struct learn_set_row *slot = VEC_PUSH(r->rows, LEARN_SET_QUESTIONS);
	if (!slot) {
		fault(r, "there are more than 5000 questions", "make two sets of them");
		return;
	}
	*slot = x;
	(void)map_put(r->seen, key, (void *)(uintptr_t)r->rows->n);
}

static sv field(const sv *col, int n, int at)
{
	return at >= 0 && at < n ? col[at] : SV("");
}

static void one_line(struct reader *r, sv line, bool first)
{
	sv col[COLS];
	if (!sv_utf8_ok(line)) {
		fault(r, "this is not UTF-8", "save the file as UTF-8");
		return;
	}
	if (sv_find(line, SV("\xef\xbf\xbd")) >= 0) {
		fault(r, "characters were lost when the file was read", "save the file as UTF-8");
		return;
	}
	int n = split(r, line, col);
	if (!n || (first && header(r, col, n)))
		return;
	bool two = n == 2 && r->lang == 1 && r->article == 2; /* question, article */
	struct learn_set_row x = { .question = field(col, n, r->question),
				   .lang = two ? SV("") : field(col, n, r->lang),
				   .article = field(col, n, two ? 1 : r->article) };
	if (!x.lang.n)
		x.lang = kb_script_lang(x.question);
	take(r, x);
}

/* Nothing, or "# a remark"; "#1 lamp" is a question. */
static bool remark(sv line)
{
	line = sv_trim(line);
	return !line.n || sv_eq(line, SV("#")) || sv_starts(line, SV("# "));
}

static char separator(sv text)
{
	sv line = SV_NULL;
	while (sv_line(&text, &line))
		if (!remark(line))
			break;
	return sv_find_ch(line, '\t') >= 0 ? '\t' :
	       sv_find_ch(line, ',') < 0 && sv_find_ch(line, ';') >= 0 ? ';' : ',';
}

int learn_set_read(sv text, struct arena *a, struct learn_set_rows *ret, struct cfg_report *faults)
{
	struct reader r = { .a = a, .rows = ret, .faults = faults, .question = 0, .lang = 1,
			    .article = 2 };
	bool first = true;
	sv line;
	if (sv_starts(text, SV("\xef\xbb\xbf")))
		text = sv_slice(text, 3, text.n);
	r.sep = separator(text);
	r.seen = map_new(LEARN_SET_QUESTIONS + 1);
	while (r.article >= 0 && faults->n < FAULTS && sv_line(&text, &line)) {
		r.line++;
		if (remark(line))
			continue;
		one_line(&r, line, first);
		first = false;
	}
	map_free(r.seen);
	if (!faults->n && !ret->n)
		fault(&r, "there is no question in it", "write question, lang, article");
	if (!faults->n)
		return 0;
	VEC_FREE(ret);
	return ERR_INVAL;
}
