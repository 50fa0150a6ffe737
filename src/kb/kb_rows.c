/* kb_rows.c: rows of tables as sentences: "Rye: price 4, stock 0." and "黑麦：价格4，库存0。"
 *
 * The first cell names the row, every other one is said behind the name of its column; empty cells
 * are left out. In a Markdown body a table is a run of lines that begin with "|", its second one
 * dashes. Where a table answers, the quote is the rows that match the question best, read out this
 * way: the row of dashes and the head alone tell a customer nothing. Of rows that match alike those
 * count that are named in the question ("on Monday"); where not all have room, it says that there
 * are more. Pure, any thread.
 */
#include "kb_int.h"

#define COLS_MAX 64
#define EVEN 1e-4f               /* rows that match alike */

static bool ascii_end(sv s)
{
	return s.n && (unsigned char)s.p[s.n - 1] < 0x80;
}

/* A cell may bring its own full stop. */
static bool ended(sv s)
{
	static const char *const marks[] = { ".", "!", "?", "。", "！", "？" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (sv_ends(s, sv_of(marks[i])))
			return true;
	return false;
}

void kb_row_say(const sv *head, const sv *cell, size_t n, bool zh, struct sb *out)
{
	bool any = false;
	sv name = n ? sv_trim(cell[0]) : SV_NULL;

	sb_put(out, name);
	for (size_t i = 1; i < n; i++) {
		sv h = sv_trim(head[i]), c = sv_trim(cell[i]);

		if (!c.n)
			continue;
		if (any || name.n)
			sb_cstr(out, any ? (zh ? "，" : ", ") : zh ? "：" : ": ");
		sb_put(out, h);
		if (h.n && (!zh || ascii_end(h)))
			sb_ch(out, ' ');
		sb_put(out, c);
		any = true;
	}
	if ((any || name.n) && !ended(sb_sv(out)))
		sb_cstr(out, zh ? "。" : ".");
}

/* ---- tables in a body ---- */

struct line {
	size_t at, end;
	bool row, rule;          /* begins with "|"; the dashes under a head */
};

/* The line at *pos, which moves behind it. */
static struct line next_line(sv b, size_t *pos)
{
	const char *nl = memchr(b.p + *pos, '\n', b.n - *pos);
	struct line l = { .at = *pos, .end = nl ? (size_t)(nl - b.p) : b.n };

	*pos = l.end + (nl != NULL);
	while (l.at < l.end && (b.p[l.at] == ' ' || b.p[l.at] == '\t'))
		l.at++;
	l.row = l.at < l.end && b.p[l.at] == '|';
	l.rule = l.row && memchr(b.p + l.at, '-', l.end - l.at);
	for (size_t i = l.at; i < l.end && l.rule; i++)
		l.rule = strchr("-:| \t\r", b.p[i]) != NULL;
	return l;
}

/* Cells of "| a | b |", views into it. */
static size_t cells(sv row, sv out[COLS_MAX])
{
	size_t n = 0, from = 1;

	row = sv_trim(row);
	for (size_t i = 1; i <= row.n && n < COLS_MAX; i++) {
		if (i < row.n && (row.p[i] != '|' || row.p[i - 1] == '\\'))
			continue;
		if (i < row.n || sv_trim(sv_slice(row, from, i)).n)
			out[n++] = sv_trim(sv_slice(row, from, i));
		from = i + 1;
	}
	return n;
}

/* The next row of any table from *pos on, and the head of its table. */
static bool table_row(sv body, size_t *pos, struct line *head, struct line *row)
{
	while (*pos < body.n) {
		struct line l = next_line(body, pos), under = { 0 };
		size_t next = *pos;

		if (!l.row) {
			head->row = false;
			continue;
		}
		if (head->row) {
			if (l.rule)
				continue;
			*row = l;
			return true;
		}
		if (next < body.n)
			under = next_line(body, &next);
		if (under.rule && !l.rule) {
			*head = l;
			*pos = next;
		}
	}
	return false;
}

static void say_row(sv body, const struct line *head, const struct line *l, sv lang, struct sb *out)
{
	sv names[COLS_MAX] = { 0 }, cell[COLS_MAX];
	size_t n = cells(sv_n(body.p + l->at, l->end - l->at), cell);

	(void)cells(sv_n(body.p + head->at, head->end - head->at), names);
	kb_row_say(names, cell, n, sv_eq(lang, SV("zh")), out);
}

struct reading {
	const struct kb_qvec *q;
	const struct kb_art *a;
	sv body;
	struct line head;        /* of the table at hand */
	uint32_t sent;           /* the first sentence that does not stand before the line */
	float in_head;           /* what the head matches */
	float best;              /* of the rows so far, with their head */
	bool named;              /* one of the best is named in the question */
	bool adds;               /* the best one speaks of something the names do not mention */
};

/* What the sentences of a line match; adds: one of them says something new. */
static float line_match(struct reading *r, const struct line *l, bool *adds)
{
	float best = 0;

	*adds = false;
	while (r->sent < r->a->n_sent && r->a->sent[r->sent].off < l->at)
		r->sent++;
	for (uint32_t i = r->sent; i < r->a->n_sent && r->a->sent[i].off < l->end; i++) {
		float m = kb_qvec_match(r->q, &r->a->sv[i]);

		best = m > best ? m : best;
		*adds = *adds || kb_adds(r->q, r->a, i);
	}
	return best;
}

/* The next row of any table from *pos on; *match: what it and its head share with the question. */
static bool next_row(struct reading *r, size_t *pos, struct line *row, float *match, bool *adds)
{
	struct line was = r->head;

	if (!table_row(r->body, pos, &r->head, row))
		return false;
	if (!was.row || was.at != r->head.at)
		r->in_head = line_match(r, &r->head, adds);
	*match = line_match(r, row, adds);
	*match += *match > 0 ? r->in_head : 0;
	return true;
}

/* Does the question name the row: its first cell, word for word? */
static bool is_named(const struct reading *r, const struct line *l)
{
	sv cell[COLS_MAX];
	size_t n = cells(sv_n(r->body.p + l->at, l->end - l->at), cell);

	return n && sv_says(r->q->text, cell[0]);
}

static void rewind_rows(struct reading *r)
{
	r->sent = 0;
	r->head.row = false;
}

static void find_named(struct reading *r)
{
	struct line l;
	size_t pos = 0;
	float m;
	bool adds;

	rewind_rows(r);
	while (!r->named && next_row(r, &pos, &l, &m, &adds))
		r->named = m >= r->best - EVEN && is_named(r, &l);
}

/* What is said behind rows when not all have room. */
static sv more_said(sv lang)
{
	return sv_eq(lang, SV("zh")) ? SV("还有其他的。") :
	       sv_eq(lang, SV("en")) ? SV("There are more.") :
				       SV_NULL;
}

/* The rows that match best, in their order, as many as have room; at least one. */
static sv rows_said(struct reading *r, size_t max, struct arena *arena, struct kb_span *at)
{
	struct line l;
	size_t pos = 0;
	float m;
	bool adds;
	sv lang = r->a->a.lang, gap = sv_eq(lang, SV("zh")) ? SV("") : SV(" "), out;
	size_t fits = 0;         /* bytes beside which "there are more" has room, too */
	uint32_t fits_to = 0;
	struct sb b;

	sb_init(&b, LIM_KB_DOC);
	rewind_rows(r);
	while (next_row(r, &pos, &l, &m, &adds)) {
		size_t was = b.n;

		if (m < r->best - EVEN || (r->named && !is_named(r, &l)))
			continue;
		sb_put(&b, was ? gap : SV_NULL);
		say_row(r->body, &r->head, &l, lang, &b);
		if (was && sv_runes(sb_sv(&b)) > max) {
			sb_truncate(&b, fits);
			at->len = fits_to - at->off;
			sb_fmt(&b, SV_FMT SV_FMT, SV_ARG(gap), SV_ARG(more_said(lang)));
			break;
		}
		if (!was)
			*at = (struct kb_span){ (uint32_t)l.at, 0 };
		at->len = (uint32_t)(l.end - at->off);
		if (!was || sv_runes(sb_sv(&b)) + sv_runes(more_said(lang)) + gap.n <= max) {
			fits = b.n;
			fits_to = (uint32_t)l.end;
		}
	}
	out = b.n ? arena_sv(arena, sb_sv(&b)) : SV_NULL;
	sb_done(&b);
	return out;
}

/* Does a sentence stand in a line that begins with "|"? */
static bool in_row(const struct kb_art *a, uint32_t sent)
{
	size_t at = a->sent[sent].off;

	while (at && a->a.body_md.p[at - 1] != '\n')
		at--;
	return next_line(a->a.body_md, &at).row;
}

sv kb_rows_quote(const struct kb_qvec *q, const struct kb_art *a, uint32_t sent, float more,
		 size_t max, struct arena *arena, struct kb_span *at)
{
	struct reading r = { .q = q, .a = a, .body = a->a.body_md };
	bool table, adds;
	struct line l;
	size_t pos = 0;
	float m;

	if (!r.body.n || !memchr(r.body.p, '|', r.body.n))
		return SV_NULL;
	table = in_row(a, sent);
	while (next_row(&r, &pos, &l, &m, &adds))
		if (m > r.best) {
			r.best = m;
			r.adds = adds;
		}
	if (!table && (!r.adds || r.best <= kb_qvec_match(q, &a->sv[sent]) + more))
		return SV_NULL;
	find_named(&r);
	return rows_said(&r, max, arena, at);
}

/* Said again, the rows at quote_at are the quote; the last may be cut short, some left out. */
static bool rows_stand(const struct kb_hit *h, sv body)
{
	size_t pos = 0, end = (size_t)h->quote_at.off + h->quote_at.len;
	struct line head = { 0 }, row;
	sv rest = h->quote;
	struct sb b;

	sb_init(&b, LIM_KB_DOC);
	while (rest.n && table_row(body, &pos, &head, &row) && row.end <= end) {
		sv said;

		sb_reset(&b);
		say_row(body, &head, &row, h->lang, &b);
		said = sb_sv(&b);
		if (row.at < h->quote_at.off)
			continue;
		if (sv_starts(rest, said))
			rest = sv_trim(sv_slice(rest, said.n, rest.n));
		else if (sv_starts(said, rest))
			rest = SV_NULL;
	}
	sb_done(&b);
	if (rest.n < h->quote.n && sv_eq(rest, more_said(h->lang)))
		rest = SV_NULL;
	return h->quote.n && !rest.n;
}

bool kb_quote_stands(const struct kb_hit *h, sv body)
{
	return h->row ? rows_stand(h, body) : kb_quote_in(h->quote, body);
}
