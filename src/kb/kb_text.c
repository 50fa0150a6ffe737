/* kb_text.c: a Markdown body in pieces: blocks, sentences, chunks with their heading path.
 *
 * Pieces are spans of the body, never copies, so that a quote is literal by construction. A block
 * is a heading, a list item, a table row or a paragraph (its lines may be wrapped). Sentences end
 * at 。！？ and at . ! ? before white space, unless the dot belongs to an abbreviation. A chunk is
 * a run of whole blocks of at most KB_CHUNK_CHARS characters; a longer block is cut at sentences,
 * a longer sentence at characters. Pure functions, any thread.
 */
#include "kb_int.h"

enum block_kind { BLOCK_HEADING, BLOCK_ITEM, BLOCK_ROW, BLOCK_PARA };
struct block {
	enum block_kind kind;
	int level;               /* of a heading */
	struct kb_span text;     /* without markers */
	size_t start;            /* with markers */
};

static size_t line_end(sv b, size_t at)
{
	const char *nl = memchr(b.p + at, '\n', b.n - at);

	return nl ? (size_t)(nl - b.p) : b.n;
}

static size_t skip_blank(sv b, size_t at, size_t end)
{
	while (at < end && (b.p[at] == ' ' || b.p[at] == '\t' || b.p[at] == '\r'))
		at++;
	return at;
}

/* Length of a list, quote or table marker at `at` including the blanks after it, else 0. */
static size_t marker_len(sv b, size_t at, size_t end, enum block_kind *kind)
{
	size_t i = at;

	*kind = BLOCK_ITEM;
	if (b.p[at] == '|') {
		*kind = BLOCK_ROW;
		return skip_blank(b, at + 1, end) - at;
	}
	while (i < end && i - at < 4 && b.p[i] >= '0' && b.p[i] <= '9')
		i++;
	if (i > at && i + 1 < end && (b.p[i] == '.' || b.p[i] == ')') && b.p[i + 1] == ' ')
		return skip_blank(b, i + 1, end) - at;
	if (i == at && i + 1 < end && strchr("-*+>", b.p[i]) && b.p[i + 1] == ' ')
		return skip_blank(b, i + 1, end) - at;
	return 0;
}

static int heading_level(sv b, size_t at, size_t end)
{
	int n = 0;

	while (at < end && b.p[at] == '#' && n < 7) {
		at++;
		n++;
	}
	return n && n < 7 && at < end && b.p[at] == ' ' ? n : 0;
}

/* A rule, a fence or the dashes under a table head carry no text. */
static bool is_rule(sv b, size_t at, size_t end)
{
	for (; at < end; at++)
		if (!strchr("-=*_|: `~\t\r", b.p[at]))
			return false;
	return true;
}

static void trim_span(sv b, struct kb_span *s)
{
	while (s->len && strchr(" \t\r\n|#", b.p[s->off + s->len - 1]))
		s->len--;
}

static bool starts_block(sv b, size_t at, size_t end)
{
	enum block_kind k;

	return at >= end || heading_level(b, at, end) || marker_len(b, at, end, &k) ||
	       is_rule(b, at, end);
}

static bool next_block(sv b, size_t *pos, struct block *ret)
{
	while (*pos < b.n) {
		size_t end = line_end(b, *pos), at = skip_blank(b, *pos, end), m;

		ret->start = at;
		*pos = end + (end < b.n);
		if (is_rule(b, at, end))
			continue;
		ret->level = heading_level(b, at, end);
		m = ret->level ? (size_t)ret->level + 1 : marker_len(b, at, end, &ret->kind);
		if (ret->level)
			ret->kind = BLOCK_HEADING;
		else if (!m)
			ret->kind = BLOCK_PARA;
		while (ret->kind == BLOCK_PARA || ret->kind == BLOCK_ITEM) {
			size_t e2 = *pos < b.n ? line_end(b, *pos) : b.n;

			if (*pos >= b.n || starts_block(b, skip_blank(b, *pos, e2), e2))
				break;
			end = e2;
			*pos = end + (end < b.n);
		}
		ret->text = (struct kb_span){ (uint32_t)(at + m), (uint32_t)(end - at - m) };
		trim_span(b, &ret->text);
		if (ret->text.len)
			return true;
	}
	return false;
}

static bool push_span(struct kb_spans *out, size_t off, size_t len)
{
	struct kb_span *s = VEC_PUSH(out, KB_SENTENCES_MAX);

	if (s)
		*s = (struct kb_span){ (uint32_t)off, (uint32_t)len };
	return s;
}

/* The word before a dot that does not end a sentence. */
static bool is_abbrev(sv before)
{
	static const char *const list[] = { "e.g", "i.e", "no", "mr", "mrs", "ms", "dr", "st",
		"approx", "vs", "etc", "a.m", "p.m", "incl", "excl", "max", "min", "tel", "ext",
		"inc", "ltd", "co", "art", "fig" };
	size_t i = before.n;
	sv w;

	while (i && (before.p[i - 1] == '.' || !kb_is_punct((unsigned char)before.p[i - 1])))
		i--;
	w = sv_n(before.p + i, before.n - i);
	if (w.n == 1 && (w.p[0] | 32) >= 'a' && (w.p[0] | 32) <= 'z')
		return true;
	for (size_t k = 0; k < sizeof(list) / sizeof(*list); k++)
		if (sv_eq_nocase(w, sv_of(list[k])))
			return true;
	return false;
}

static bool is_closer(uint32_t r)
{
	return r == '"' || r == '\'' || r == ')' || r == '*' || r == '_' || r == 0x201D ||
	       r == 0x2019 || r == 0x300D || r == 0x300F || r == 0xFF09 || r == 0x3011;
}

static bool is_end(sv text, size_t at, uint32_t r, sv after)
{
	sv peek = after;
	uint32_t next;

	if (r == 0x3002 || r == 0xFF01 || r == 0xFF1F)
		return true;
	if (r != '.' && r != '!' && r != '?')
		return false;
	while (peek.n && is_closer((unsigned char)peek.p[0]))
		sv_rune(&peek);
	if (!peek.n)
		return true;
	if (peek.p[0] != ' ' && peek.p[0] != '\n' && peek.p[0] != '\r' && peek.p[0] != '\t') {
		next = sv_rune(&peek);
		return r != '.' && sv_is_cjk(next);
	}
	if (r != '.')
		return true;
	peek = sv_trim(peek);
	next = peek.n ? (unsigned char)peek.p[0] : 'A';
	return !(next >= 'a' && next <= 'z') && !is_abbrev(sv_n(text.p, at));
}

/* Splits one span; blanks between sentences belong to none. */
static void split_span(sv body, struct kb_span sp, struct kb_spans *out)
{
	sv text = sv_n(body.p + sp.off, sp.len), rest = text;
	size_t from = 0;

	while (rest.n) {
		size_t at = text.n - rest.n, end;
		uint32_t r = sv_rune(&rest);

		if (!is_end(text, at, r, rest))
			continue;
		while (rest.n) {
			sv peek = rest;
			uint32_t c = sv_rune(&peek);

			if (!is_closer(c) && c != 0x3002 && c != 0xFF01 && c != 0xFF1F &&
			    c != '!' && c != '?' && c != '.')
				break;
			rest = peek;
		}
		end = text.n - rest.n;
		if (!push_span(out, sp.off + from, end - from))
			return;
		from = skip_blank(text, end, text.n);
		while (from < text.n && text.p[from] == '\n')
			from = skip_blank(text, from + 1, text.n);
		rest = sv_n(text.p + from, text.n - from);
	}
	if (from < text.n)
		push_span(out, sp.off + from, text.n - from);
}

void kb_sentences(sv body, struct kb_spans *out)
{
	struct block b;
	size_t pos = 0;

	while (out->n < KB_SENTENCES_MAX && next_block(body, &pos, &b))
		if (b.kind != BLOCK_HEADING)
			split_span(body, b.text, out);
}

/* ---- chunks ---- */

struct chunker {
	sv title, body;
	struct arena *a;
	struct kb_chunks *out;
	sv path[7];              /* heading of each level */
	size_t from, to, chars;  /* open chunk */
};

static sv heading_path(struct chunker *c)
{
	struct sb b;
	sv r;

	sb_init(&b, 2048);
	sb_put(&b, c->title);
	for (int i = 1; i < 7; i++) {
		if (!c->path[i].n || sv_eq(c->path[i], c->title))
			continue;
		if (b.n)
			sb_cstr(&b, " > ");
		sb_put(&b, sv_slice(c->path[i], 0, 200));
	}
	r = arena_sv(c->a, sb_sv(&b));
	sb_done(&b);
	return r;
}

static void close_chunk(struct chunker *c)
{
	struct kb_chunk *k;

	if (c->to <= c->from)
		return;
	k = VEC_PUSH(c->out, KB_CHUNKS_MAX);
	if (k) {
		k->text = (struct kb_span){ (uint32_t)c->from, (uint32_t)(c->to - c->from) };
		k->heading = heading_path(c);
	}
	c->from = c->to = c->chars = 0;
}

static void add_piece(struct chunker *c, size_t from, size_t to)
{
	size_t n = sv_runes(sv_n(c->body.p + from, to - from));

	if (c->to && c->chars + n + 2 > KB_CHUNK_CHARS)
		close_chunk(c);
	if (!c->to)
		c->from = from;
	else
		n += 2;
	c->to = to;
	c->chars += n;
}

/* A sentence that alone is too long: cut at characters. */
static void add_long(struct chunker *c, size_t from, size_t to)
{
	while (from < to && c->out->n < KB_CHUNKS_MAX) {
		sv rest = sv_n(c->body.p + from, to - from);
		size_t k = sv_rune_offset(rest, KB_CHUNK_CHARS);

		add_piece(c, from, from + k);
		from += k;
	}
}

static void add_block(struct chunker *c, const struct block *b)
{
	struct kb_spans s = { 0 };
	size_t start = b->start, end = b->text.off + b->text.len;

	if (sv_runes(sv_n(c->body.p + start, end - start)) <= KB_CHUNK_CHARS) {
		add_piece(c, start, end);
		return;
	}
	split_span(c->body, b->text, &s);
	for (size_t i = 0; i < s.n; i++) {
		end = s.v[i].off + s.v[i].len;
		if (sv_runes(sv_n(c->body.p + start, end - start)) <= KB_CHUNK_CHARS)
			add_piece(c, start, end);
		else
			add_long(c, start, end);
		start = i + 1 < s.n ? s.v[i + 1].off : end;
	}
	VEC_FREE(&s);
}

void kb_chunk(sv title, sv body, struct arena *a, struct kb_chunks *out)
{
	struct chunker c = { .title = title, .body = body, .a = a, .out = out };
	struct block b;
	size_t pos = 0;

	while (out->n < KB_CHUNKS_MAX && next_block(body, &pos, &b)) {
		if (b.kind != BLOCK_HEADING) {
			add_block(&c, &b);
			continue;
		}
		close_chunk(&c);
		c.path[b.level] = sv_n(body.p + b.text.off, b.text.len);
		for (int i = b.level + 1; i < 7; i++)
			c.path[i] = SV_NULL;
	}
	close_chunk(&c);
}
