/* guard_mask.c: personal data as a role may see it.
 *
 * JSON is walked once, without a tree: bytes are copied as they are but for strings that change,
 * so an answer without personal data costs one look at its bytes. A string is looked at with the
 * finder only when it has digits or an @ in it, or when names are masked too. Pure; any thread.
 */
#include "guard_mask.h"

#include <string.h>

#define DEPTH 64
#define DIGITS_MIN 4             /* fewer are no phone, card, identity number or day of birth */

enum { PLAIN = -1, MACHINE = -2, ANY_ADDRESS = -3, ANY_NUMBER = -4 };

/* What the value of a key is. ANY_ADDRESS: a phone, an e-mail or where somebody lives.
 * ANY_NUMBER: a phone when it is one. MACHINE: made by a program, never personal. */
static const struct {
	const char *keys;
	int kind;
} known[] = {
	{ "|phone|phones|phone_number|phone_masked|mobile|tel|telephone|callback|caller|caller_id|",
	  PII_PHONE },
	{ "|email|emails|e_mail|mail|email_masked|", PII_EMAIL },
	{ "|address|masked|addr|shipping_address|address_masked|", ANY_ADDRESS },
	{ "|number|to|from|value|uri|", ANY_NUMBER },
	{ "|street|line1|line2|postcode|", PII_ADDRESS },
	{ "|id_card|id_number|passport|", PII_ID_CARD },
	{ "|bank_card|card_number|card|iban|bank_account|", PII_BANK_CARD },
	{ "|date_of_birth|birthday|dob|", PII_DATE_OF_BIRTH },
	{ "|plate|", PII_PLATE },
	{ "|customer_name|caller_name|name|", PII_NAME },
	{ "|order|order_number|last_order|", PII_ORDER_NUMBER },
	{ "|id|kind|state|type|channel|actor|at|ts|since|next|cursor|next_cursor|version|token|"
	  "conversation|interaction|handover|ticket|customer|login|agent|queue|sku|tracking|"
	  "language|lang|seq|lead|party|etag|print|key|k|ref|rule|url|path|recording|",
	  MACHINE },
};

static int kind_of_key(sv key)
{
	char mark[40];

	if (sv_ends(key, SV("_id")) || sv_ends(key, SV("_at")))
		return MACHINE;
	if (key.n + 3 > sizeof(mark))
		return PLAIN;
	mark[0] = mark[key.n + 1] = '|';
	memcpy(mark + 1, key.p, key.n);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (sv_find(sv_of(known[i].keys), sv_n(mark, key.n + 2)) >= 0)
			return known[i].kind;
	return PLAIN;
}

bool guard_masks_none(const struct guard_masks *m)
{
	for (int i = 0; i < PII_COUNT; i++)
		if (m->v[i] != GUARD_FULL)
			return false;
	return true;
}

/* ---- one value ---- */

static size_t digits(sv s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] >= '0' && s.p[i] <= '9';
	return n;
}

/* "****" and the last four digits or letters, when there are more of them. */
static void put_last4(sv value, bool letters, struct sb *out)
{
	char last[5] = "";
	size_t n = 0, at = 4;
	for (size_t i = value.n; i-- > 0;) {
		char c = value.p[i];
		bool counts = (c >= '0' && c <= '9') ||
			      (letters && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')));
		n += counts;
		if (counts && at > 0)
			last[--at] = c;
	}
	sb_cstr(out, "****");
	if (n >= 7)
		sb_put(out, sv_n(last, 4));
}

static void put_mail(sv value, struct sb *out)
{
	ptrdiff_t at = sv_find_ch(value, '@');
	sb_put(out, sv_slice(value, 0, at > 1 ? sv_rune_offset(value, 1) : 0));
	sb_cstr(out, "***");
	if (at > 0)
		sb_put(out, sv_slice(value, (size_t)at, value.n));
}

/* The town may be known, what follows may not. */
static void put_town(sv value, struct sb *out)
{
	ptrdiff_t at = sv_find(value, SV("市"));
	if (at > 0 && at < 30)
		sb_put(out, sv_slice(value, 0, (size_t)at + 3));
	sb_cstr(out, "***");
}

/* Nothing of it is left to be masked: "***", or for part of it "+86 154 **** 1037". */
static bool is_masked(sv value, enum guard_show show)
{
	size_t n = 0;
	while (n < value.n && value.p[n] == '*')
		n++;
	return n == value.n || (show == GUARD_PART && sv_find(value, SV("**")) >= 0);
}

void guard_mask_value(enum guard_pii kind, enum guard_show show, sv value, struct sb *out)
{
	if (show == GUARD_FULL || is_masked(value, show)) {
		sb_put(out, value);
	} else if (show == GUARD_HIDDEN) {
		sb_fmt(out, "[%s]", guard_pii_name(kind));
	} else if (kind == PII_EMAIL) {
		put_mail(value, out);
	} else if (kind == PII_ADDRESS) {
		put_town(value, out);
	} else if (kind == PII_NAME || kind == PII_PLATE) {
		sb_put(out, sv_slice(value, 0, sv_rune_offset(value, 1)));
		sb_cstr(out, "**");
	} else if (kind == PII_DATE_OF_BIRTH) {
		sb_cstr(out, "****");
	} else {
		put_last4(value, kind != PII_PHONE, out);
	}
}

/* ---- free text ---- */

/* Signs and words for digits; those of other scripts by their bytes. */
static size_t digit_signs(sv s)
{
	static const char han[] = "零〇一二三四五六七八九幺两０１２３４５６７８９";
	size_t n = digits(s);
	for (size_t i = 0; i + 2 < s.n; i++)
		for (size_t k = 0; (unsigned char)s.p[i] >= 0xE3 && k + 3 < sizeof(han); k += 3)
			n += memcmp(s.p + i, han + k, 3) == 0;
	return n;
}

static size_t digit_words(sv s)
{
	static const char *const words[] = { "zero", "one", "two",   "three", "four", "five",
					     "six",  "seven", "eight", "nine", "oh" };
	size_t n = 0;
	sv rest = s, word;
	while (sv_cut(&rest, ' ', &word))
		for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
			n += sv_eq_nocase(word, sv_of(words[k]));
	return n;
}

/* Could there be something in it that m masks? */
static bool worth_a_look(const struct guard_masks *m, sv s)
{
	if (s.n < 4)
		return false;
	size_t n = digit_signs(s);
	if (m->v[PII_NAME] != GUARD_FULL || sv_find_ch(s, '@') >= 0 || n >= DIGITS_MIN)
		return true;
	/* where somebody lives has a number */
	return (n && m->v[PII_ADDRESS] != GUARD_FULL) || digit_words(s) >= DIGITS_MIN;
}

/* The bytes of text before its rune number `rune`, from where *at (rune *n) stands. */
static size_t go_to(sv text, size_t *at, size_t *n, size_t rune)
{
	sv rest = sv_slice(text, *at, text.n);
	while (*n < rune && rest.n) {
		sv_rune(&rest);
		(*n)++;
	}
	return *at = text.n - rest.n;
}

/* One piece of ASCII, as programs write: no words in which a name or an address could stand. */
static bool is_word(sv text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == ' ' || (unsigned char)text.p[i] >= 0x80)
			return false;
	return true;
}

static bool mask_piece(const struct guard_masks *m, sv text, struct sb *out)
{
	bool word = is_word(text);
	struct arena a;
	struct guard_in in = { 0 };
	size_t at = 0, n = 0, from = 0;
	bool any = false;

	arena_init(&a, LIM_ARENA_TURN);
	int rc = guard_inbound(text, &a, &in);
	for (size_t i = 0; rc == 0 && i < in.n; i++) {
		const struct guard_span *x = &in.spans[i];
		if (m->v[x->type] == GUARD_FULL ||
		    (word && (x->type == PII_ADDRESS || x->type == PII_NAME)))
			continue;
		size_t s = go_to(text, &at, &n, in.from[x->cp_start]);
		size_t e = go_to(text, &at, &n, (size_t)in.from[x->cp_end - 1] + 1);
		sb_put(out, sv_slice(text, from, s));
		guard_mask_value(x->type, m->v[x->type], sv_slice(text, s, e), out);
		from = e;
		any = true;
	}
	arena_done(&a);
	sb_put(out, rc ? SV("***") : sv_slice(text, from, text.n));
	return any || rc;
}

bool guard_mask_text(const struct guard_masks *m, sv text, struct sb *out)
{
	bool any = false;

	while (text.n) {
		size_t n = guard_piece(text);
		sv piece = sv_slice(text, 0, n);
		if (worth_a_look(m, piece))
			any |= mask_piece(m, piece, out);
		else
			sb_put(out, piece);
		text = sv_slice(text, n, text.n);
	}
	return any;
}

/* ---- JSON ---- */

struct walk {
	const struct guard_masks *m;
	sv in;
	struct sb *out;
	size_t at, copied;           /* looked at; appended (0: nothing yet) */
	bool any;
	int depth;
	int kind[DEPTH]; /* what the values of the container are; PLAIN: by their keys */
	bool list[DEPTH];
};

/* What is at [s, e) becomes text. */
static void put_instead(struct walk *w, size_t s, size_t e, sv text)
{
	sb_put(w->out, sv_slice(w->in, w->copied, s));
	sb_json(w->out, text);
	w->copied = e;
	w->any = true;
}

/* The end of the string that begins at i: behind its closing quote. */
static size_t string_end(sv in, size_t i)
{
	for (i++; i < in.n && in.p[i] != '"'; i++)
		if (in.p[i] == '\\')
			i++;
	return i + 1 < in.n ? i + 1 : in.n;
}

/* The words of a string with escapes; false: it has none that are right. */
static bool plain_text(sv raw, struct sb *out)
{
	sb_ch(out, '[');
	sb_put(out, raw);
	sb_ch(out, ']');
	jv *v = jv_parse(sb_sv(out), NULL);
	bool ok = jv_is_str(jv_at(v, 0));
	sb_reset(out);
	if (ok)
		sb_put(out, jv_as_str(jv_at(v, 0)));
	jv_free(v);
	return ok;
}

static int which_address(sv text)
{
	if (sv_find_ch(text, '@') >= 0)
		return PII_EMAIL;
	return sv_starts(text, SV("+")) || (digits(text) >= 4 && digits(text) * 2 >= text.n) ?
		       PII_PHONE : PII_ADDRESS;
}

/* Digits with what is written between them; a SIP address too. */
static int which_number(sv text)
{
	sv user = sv_starts(text, SV("sip:")) ? sv_slice(text, 4, text.n) : text;
	ptrdiff_t at = sv_find_ch(user, '@');
	if (user.n != text.n && at >= 0)
		user = sv_slice(user, 0, (size_t)at);
	if (digits(user) < 5)
		return PLAIN;
	for (size_t i = 0; i < user.n; i++)
		if (!strchr("+-() .0123456789", user.p[i]))
			return PLAIN;
	return PII_PHONE;
}

/* What programs make is in one piece, a signed token at the longest; whatever else stands there
 * was written. */
static bool is_token(sv text)
{
	return text.n <= 512 && sv_find_ch(text, ' ') < 0 && sv_find_ch(text, '@') < 0;
}

static void mask_string(struct walk *w, size_t s, size_t e, int kind)
{
	struct sb plain, masked;
	sv raw = sv_slice(w->in, s, e), text = sv_slice(raw, 1, raw.n - 1);

	if (text.n == 0 || (kind == MACHINE && is_token(text)) || id_ok(text))
		return;
	sb_init(&plain, w->in.n + 16);
	sb_init(&masked, 4 * w->in.n + 1024);
	if (sv_find_ch(text, '\\') >= 0 && plain_text(raw, &plain))
		text = sb_sv(&plain);
	if (kind == ANY_ADDRESS)
		kind = which_address(text);
	else if (kind == ANY_NUMBER)
		kind = which_number(text);
	if (kind >= 0)
		guard_mask_value((enum guard_pii)kind, w->m->v[kind], text, &masked);
	bool same = kind >= 0 && sv_eq(sb_sv(&masked), text);
	/* a phone in a member called name is still a phone */
	if (kind < 0 || same) {
		bool json = (sv_starts(text, SV("{")) && sv_ends(text, SV("}"))) ||
			    (sv_starts(text, SV("[{")) && sv_ends(text, SV("]")));
		sb_reset(&masked);
		same = json ? !guard_mask_json(w->m, text, &masked) :
			      !guard_mask_text(w->m, text, &masked);
	}
	if (!same)
		put_instead(w, s, e, sb_err(&masked) ? SV("***") : sb_sv(&masked));
	sb_done(&plain);
	sb_done(&masked);
}

/* A number whose key says what it is. */
static void mask_number(struct walk *w, size_t s, size_t e, int kind)
{
	struct sb b;
	if (kind == ANY_NUMBER)
		kind = PII_PHONE;
	if (kind < 0 || w->m->v[kind] == GUARD_FULL || e - s < 8)
		return;
	sb_init(&b, 256);
	guard_mask_value((enum guard_pii)kind, w->m->v[kind], sv_slice(w->in, s, e), &b);
	put_instead(w, s, e, sb_sv(&b));
	sb_done(&b);
}

/* Inside of an address the town stays, in part. */
static int inside(const struct walk *w, int kind, sv key)
{
	static const char *const town[] = { "city", "province", "country", "region" };
	int up = w->kind[w->depth - 1];
	if (up == PLAIN)
		return kind;
	for (size_t i = 0; i < sizeof(town) / sizeof(*town); i++)
		if (up == PII_ADDRESS && w->m->v[PII_ADDRESS] == GUARD_PART &&
		    sv_eq(key, sv_of(town[i])))
			return PLAIN;
	return up;
}

static void open_one(struct walk *w, bool list, int kind)
{
	if (w->depth == DEPTH)
		return;
	/* lists are of what their key says; objects only where one thing has many members */
	kind = kind == ANY_ADDRESS && !list ? PII_ADDRESS : kind;
	w->kind[w->depth] = list || kind == PII_ADDRESS ? kind : PLAIN;
	w->list[w->depth++] = list;
}

static size_t scalar_end(sv in, size_t i)
{
	while (i < in.n && !strchr(",]} \t\r\n", in.p[i]))
		i++;
	return i;
}

/* One token from w->at on; *kind is what the next value is. false: deeper than may be. */
static bool step(struct walk *w, int *kind)
{
	char c = w->in.p[w->at];
	size_t e = w->at + 1;

	if (c == '{' || c == '[') {
		if (w->depth == DEPTH)
			return false;
		open_one(w, c == '[', *kind);
	} else if (c == '}' || c == ']') {
		w->depth -= w->depth > 0;
	} else if (c == '"') {
		e = string_end(w->in, w->at);
		size_t next = e;
		while (next < w->in.n && strchr(" \t\r\n", w->in.p[next]))
			next++;
		if (w->depth && !w->list[w->depth - 1] && next < w->in.n && w->in.p[next] == ':') {
			sv key = sv_slice(w->in, w->at + 1, e - 1);
			if (digits(key) >= DIGITS_MIN || sv_find_ch(key, '@') >= 0)
				mask_string(w, w->at, e, PLAIN);
			*kind = inside(w, kind_of_key(key), key);
			w->at = next + 1;
			return true;
		}
		mask_string(w, w->at, e, *kind);
	} else if ((c >= '0' && c <= '9') || c == '-') {
		e = scalar_end(w->in, w->at);
		mask_number(w, w->at, e, *kind);
	}
	w->at = e;
	if (!strchr(" \t\r\n", c))
		*kind = w->depth && w->list[w->depth - 1] ? w->kind[w->depth - 1] : PLAIN;
	return true;
}

bool guard_mask_json(const struct guard_masks *m, sv json, struct sb *out)
{
	struct walk w = { .m = m, .in = json, .out = out };
	int kind = PLAIN;

	if (guard_masks_none(m))
		return false;
	while (w.at < json.n)
		if (!step(&w, &kind)) {
			sb_truncate(out, 0);
			sb_cstr(out, "null");        /* nothing of ours is so deep */
			return true;
		}
	if (w.any)
		sb_put(out, sv_slice(json, w.copied, json.n));
	return w.any;
}
