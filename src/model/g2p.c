/* g2p.c: a text into runs of Chinese, words of letters and punctuation, each to its own rules;
 * see g2p.h. Punctuation goes through as the few marks the voices know; digits that are still
 * there are said one by one. */
#include "g2p.h"

struct g2p {
	struct zh *zh;
};

void g2p_said_init(struct g2p_said *s)
{
	*s = (struct g2p_said){ 0 };
	sb_init(&s->ipa, G2P_IPA_MAX);
}

void g2p_said_reset(struct g2p_said *s)
{
	sb_reset(&s->ipa);
	s->n = 0;
	s->marks.n = 0;
}

void g2p_said_done(struct g2p_said *s)
{
	sb_done(&s->ipa);
	VEC_FREE(&s->marks);
}

void g2p_put(struct g2p_said *s, const char *ipa)
{
	sb_cstr(&s->ipa, ipa);
	s->n += (uint32_t)sv_runes(sv_of(ipa));
}

void g2p_gap(struct g2p_said *s)
{
	if (s->n && s->ipa.p[s->ipa.n - 1] != ' ')
		g2p_put(s, " ");
}

void g2p_mark(struct g2p_said *s, size_t text)
{
	struct g2p_mark *m = VEC_PUSH(&s->marks, G2P_MARKS);
	if (m)
		*m = (struct g2p_mark){ .symbol = s->n, .text = (uint32_t)text };
}

struct g2p *g2p_new(void)
{
	struct g2p *g = xalloc(sizeof(*g));
	g->zh = zh_new();
	return g;
}

void g2p_free(struct g2p *g)
{
	if (!g)
		return;
	zh_free(g->zh);
	xfree(g);
}

static bool han(uint32_t r)
{
	return r >= 0x4E00 && r <= 0x9FFF;
}

/* A letter of a word, also with an accent. */
static bool letter(uint32_t r)
{
	uint32_t f = sv_fold(r);
	return (f >= 'a' && f <= 'z') || r == '\'' || r == 0x2019;
}

/* What the voices know of a punctuation mark; "" = nothing. */
static const char *punctuation(uint32_t r)
{
	static const struct {
		uint32_t rune;
		const char *ipa;
	} rows[] = { { ',', "," },    { '.', "." },    { '!', "!" },    { '?', "?" },
		     { ';', ";" },    { ':', ":" },    { 0xFF0C, "," }, { 0x3001, "," },
		     { 0x3002, "." }, { 0xFF01, "!" }, { 0xFF1F, "?" }, { 0xFF1B, ";" },
		     { 0xFF1A, ":" }, { 0x2026, "." }, { '\n', "." },   { '(', "," },
		     { ')', "," },    { 0xFF08, "," }, { 0xFF09, "," }, { 0x2014, "," },
		     { 0x2013, "," } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].rune == r)
			return rows[i].ipa;
	return "";
}

/* The longest beginning of rest that is all of one kind. */
static sv take_run(sv *rest, bool (*is)(uint32_t))
{
	sv at = *rest, whole = *rest;
	while (at.n) {
		sv before = at;
		if (!is(sv_rune(&at))) {
			at = before;
			break;
		}
	}
	*rest = at;
	return sv_slice(whole, 0, whole.n - at.n);
}

/* The next word of letters, for what depends on it. */
static sv peek_word(sv rest)
{
	rest = sv_trim(rest);
	return take_run(&rest, letter);
}

static void say_digit(struct g2p *g, uint32_t r, bool zh, enum g2p_set set, size_t at,
		      struct g2p_said *out)
{
	static const char *const en[] = { "zero", "one", "two",   "three", "four",
					  "five", "six", "seven", "eight", "nine" };
	static const char *const cn[] = { "零", "一", "二", "三", "四",
					  "五", "六", "七", "八", "九" };
	if (zh && set == G2P_KOKORO) {
		zh_say(g->zh, sv_of(cn[r - '0']), at, out);
		return;
	}
	g2p_gap(out);
	g2p_mark(out, at);
	g2p_en_word(sv_of(en[r - '0']), SV_NULL, set, out);
}

/* A mark of punctuation follows its word without a blank; two of them are one. */
static void put_punctuation(struct g2p_said *out, const char *mark)
{
	static const char known[] = ",.!?;:";
	while (out->n && out->ipa.p[out->ipa.n - 1] == ' ') {
		sb_truncate(&out->ipa, out->ipa.n - 1);
		out->n--;
	}
	if (out->n && !strchr(known, out->ipa.p[out->ipa.n - 1]))
		g2p_put(out, mark);
	g2p_gap(out);
}

void g2p_say(struct g2p *g, sv text, bool zh, enum g2p_set set, struct g2p_said *out)
{
	sv rest = text;
	while (rest.n && !sb_err(&out->ipa)) {
		size_t at = (size_t)(rest.p - text.p);
		sv here = rest;
		uint32_t r = sv_rune(&rest);
		if (han(r)) {
			rest = here;
			sv run = take_run(&rest, han);
			if (set == G2P_KOKORO)
				zh_say(g->zh, run, at, out);
		} else if (letter(r)) {
			rest = here;
			sv word = take_run(&rest, letter);
			g2p_gap(out);
			g2p_mark(out, at);
			g2p_en_word(word, peek_word(rest), set, out);
		} else if (r >= '0' && r <= '9') {
			say_digit(g, r, zh, set, at, out);
		} else if (punctuation(r)[0]) {
			put_punctuation(out, punctuation(r));
		} else {
			g2p_gap(out);
		}
	}
}
