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

enum {
	PLAIN = -1,
	MACHINE = -2,
	ANY_ADDRESS = -3,
	ANY_NUMBER = -4,
	SOME_PHONE = -5,
	CODE = -6,
	A_NAME = -7
};

/* What the value of a key is; keys as plain_key() leaves them. ANY_ADDRESS: a phone, an e-mail or
 * where somebody lives. ANY_NUMBER: a phone when it is a text that is one. SOME_PHONE: the same,
 * or a number. CODE: made by a program, never personal. MACHINE: the same, but for what can only
 * be a phone. A_NAME: a person's, or that of a thing. */
static const struct {
	const char *keys;
	int kind;
} known[] = {
	{ "|phone|phones|phonenumber|phonemasked|mobile|tel|telephone|callback|caller|",
	  PII_PHONE },
	{ "|callerid|whatsappid|whatsapp|", SOME_PHONE },
	{ "|email|emails|mail|emailmasked|", PII_EMAIL },
	{ "|address|masked|addr|shippingaddress|addressmasked|", ANY_ADDRESS },
	{ "|number|to|from|value|uri|cell|", ANY_NUMBER },
	{ "|street|line1|line2|postcode|", PII_ADDRESS },
	{ "|idcard|idnumber|passport|", PII_ID_CARD },
	{ "|bankcard|cardnumber|card|iban|bankaccount|", PII_BANK_CARD },
	{ "|dateofbirth|birthday|dob|", PII_DATE_OF_BIRTH },
	{ "|plate|", PII_PLATE },
	{ "|customername|callername|contactname|receivername|", PII_NAME },
	{ "|name|", A_NAME },
	{ "|order|ordernumber|lastorder|", PII_ORDER_NUMBER },
	{ "|kind|state|type|channel|at|ts|since|next|cursor|nextcursor|version|token|sku|"
	  "tracking|"
	  "language|lang|seq|etag|print|",
	  CODE },
	{ "|id|actor|conversation|interaction|handover|ticket|customer|login|agent|queue|lead|"
	  "party|key|k|ref|rule|url|path|recording|",
	  MACHINE },
};

/* "|phonenumber|" of phoneNumber, phone_number, Phone-Number; false: longer than any that is
 * known. */
static bool plain_key(sv key, char *out, size_t cap, size_t *n)
{
	*n = 0;
	out[(*n)++] = '|';
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];
		if (c == '_' || c == '-')
			continue;
		if (*n + 2 > cap)
			return false;
		out[(*n)++] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
	}
	out[(*n)++] = '|';
	return true;
}

static int kind_of_key(sv key)
{
	char mark[64];
	size_t n;

	if (!plain_key(key, mark, sizeof(mark), &n))
		return PLAIN;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (sv_find(sv_of(known[i].keys), sv_n(mark, n)) >= 0)
			return known[i].kind;
	sv word = sv_n(mark + 1, n - 2);
	if (sv_ends(word, SV("phone")) || sv_ends(word, SV("mobile")) || sv_ends(word, SV("tel")) ||
	    sv_ends(word, SV("phonenumber")))
		return SOME_PHONE;
	if (sv_ends(key, SV("_at")))
		return CODE;
	return sv_ends(key, SV("_id")) ? MACHINE : PLAIN;
}

/* A container under this key is a person, or several. */
static bool is_person(sv key)
{
	static const char people[] = "|customer|customers|caller|contact|contacts|receiver|"
				     "recipient|";
	char mark[64];
	size_t n;
	return plain_key(key, mark, sizeof(mark), &n) && sv_find(sv_of(people), sv_n(mark, n)) >= 0;
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

static bool mask_piece(const struct guard_masks *m, sv text, struct sb *out,
		       guard_masked_fn *fn, void *arg)
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
		size_t began = out->n;
		guard_mask_value(x->type, m->v[x->type], sv_slice(text, s, e), out);
		if (fn && !sb_err(out))
			fn(arg, sv_slice(text, s, e), sv_slice(sb_sv(out), began, out->n));
		from = e;
		any = true;
	}
	arena_done(&a);
	if (rc && fn)
		fn(arg, text, SV("***"));
	sb_put(out, rc ? SV("***") : sv_slice(text, from, text.n));
	return any || rc;
}

bool guard_mask_each(const struct guard_masks *m, sv text, struct sb *out, guard_masked_fn *fn,
		     void *arg)
{
	bool any = false;

	while (text.n) {
		size_t n = guard_piece(text);
		sv piece = sv_slice(text, 0, n);
		if (worth_a_look(m, piece))
			any |= mask_piece(m, piece, out, fn, arg);
		else
			sb_put(out, piece);
		text = sv_slice(text, n, text.n);
	}
	return any;
}

bool guard_mask_text(const struct guard_masks *m, sv text, struct sb *out)
{
	return guard_mask_each(m, text, out, NULL, NULL);
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
	bool person[DEPTH];
	size_t from[DEPTH];          /* where it begins */
	bool next_person;            /* the key before says so */
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

/* Is it written like that, "d" for a digit? */
static bool shaped(sv text, const char *shape)
{
	if (strlen(shape) != text.n)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		bool digit = text.p[i] >= '0' && text.p[i] <= '9';
		if (shape[i] == 'd' ? !digit : shape[i] != text.p[i])
			return false;
	}
	return true;
}

/* A day, a time since 1970 in s or ms, a decimal: figures, not phones. */
static bool is_figure(sv text)
{
	static const char *const days[] = { "dddd-dd-dd", "dddd.dd.dd", "dd.dd.dddd", "dd-dd-dddd",
					    "dddd-dd" };
	static const char *const times[] = { "dddddddddd", "ddddddddddddd" };
	size_t n = digits(text), dots = 0;
	for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++)
		if (shaped(text, days[i]))
			return true;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		if (shaped(text, times[i]) && text.p[0] == '1')
			return true;
	if (shaped(text, "dddddddd") && (sv_starts(text, SV("19")) || sv_starts(text, SV("20"))) &&
	    text.p[4] <= '1' && text.p[6] <= '3')
		return true;
	for (size_t i = 0; i < text.n; i++)
		dots += text.p[i] == '.';
	return (n == text.n && n < 7) || (dots == 1 && n + (text.p[0] == '-') + 1 == text.n);
}

/* "sip:+49...@host", "tel:+49..." without what is no number. */
static sv user_of(sv text)
{
	if (!sv_starts(text, SV("sip:")) && !sv_starts(text, SV("tel:")))
		return text;
	text = sv_slice(text, 4, text.n);
	ptrdiff_t at = sv_find_ch(text, '@');
	return at >= 0 ? sv_slice(text, 0, (size_t)at) : text;
}

/* Digits with what is written between them; a SIP address too. */
static int which_number(sv text)
{
	sv user = user_of(text);
	if (digits(user) < 5 || (user.n == text.n && is_figure(text)))
		return PLAIN;
	for (size_t i = 0; i < user.n; i++)
		if (!strchr("+-() .0123456789", user.p[i]))
			return PLAIN;
	return PII_PHONE;
}

/* "13912345678", with 86 or 0086 in front: other bare digits are numbers of orders and
 * customers. */
static bool is_mobile(sv text)
{
	if (sv_starts(text, SV("00")))
		text = sv_slice(text, 2, text.n);
	if (text.n == 13 && sv_starts(text, SV("86")))
		text = sv_slice(text, 2, text.n);
	return text.n == 11 && digits(text) == 11 && text.p[0] == '1' && text.p[1] >= '3';
}

/* Where programs write codes: a scheme of calls, "+" and 8 digits or more, or a mobile phone's. */
static bool is_sure_phone(sv text)
{
	size_t n = digits(text);
	if (which_number(text) != PII_PHONE)
		return false;
	return user_of(text).n != text.n || (text.p[0] == '+' && n >= 8) || is_mobile(text);
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

	if (kind == MACHINE && is_sure_phone(text))
		kind = PII_PHONE;
	if (text.n == 0 || ((kind == MACHINE || kind == CODE) && is_token(text)) || id_ok(text))
		return;
	sb_init(&plain, w->in.n + 16);
	sb_init(&masked, 4 * w->in.n + 1024);
	if (sv_find_ch(text, '\\') >= 0 && plain_text(raw, &plain))
		text = sb_sv(&plain);
	if (kind == ANY_ADDRESS)
		kind = which_address(text);
	else if (kind == ANY_NUMBER || kind == SOME_PHONE)
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
	sv text = sv_slice(w->in, s, e);
	if (kind == SOME_PHONE)
		kind = PII_PHONE;
	if (kind < 0 || w->m->v[kind] == GUARD_FULL || e - s < 7 || digits(text) != text.n)
		return;
	sb_init(&b, 256);
	guard_mask_value((enum guard_pii)kind, w->m->v[kind], text, &b);
	put_instead(w, s, e, sb_sv(&b));
	sb_done(&b);
}

/* Has the object that begins at `at` a member of that name? */
static bool has_member(sv in, size_t at, const char *name)
{
	int depth = 0;
	for (size_t i = at; i < in.n; i++) {
		char c = in.p[i];
		depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
		if (depth == 0)
			return false;
		if (c != '"')
			continue;
		size_t e = string_end(in, i), next = e;
		while (next < in.n && strchr(" \t\r\n", in.p[next]))
			next++;
		if (depth == 1 && next < in.n && in.p[next] == ':' &&
		    sv_eq(sv_slice(in, i + 1, e - 1), sv_of(name)))
			return true;
		i = e - 1;
	}
	return false;
}

/* What a member called name is: of a person below customer, caller and such, and of a row that is
 * a customer's; of a tool, a form, a queue otherwise. */
static int which_name(const struct walk *w)
{
	size_t from = w->from[w->depth - 1];
	return w->person[w->depth - 1] ||
			       (has_member(w->in, from, "id") &&
				(has_member(w->in, from, "tier") ||
				 has_member(w->in, from, "identities"))) ?
		       PII_NAME : PLAIN;
}

/* Inside of an address the town stays, in part. */
static int inside(const struct walk *w, int kind, sv key)
{
	static const char *const town[] = { "city", "province", "country", "region" };
	int up = w->kind[w->depth - 1];
	if (up == PLAIN || (up == SOME_PHONE && kind != PLAIN))
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
	kind = list                ? kind :
	       kind == ANY_ADDRESS ? PII_ADDRESS :
	       kind == PII_PHONE   ? SOME_PHONE :
				     kind;
	w->kind[w->depth] = list || kind == PII_ADDRESS || kind == SOME_PHONE ? kind : PLAIN;
	w->person[w->depth] = w->next_person || (w->depth && w->list[w->depth - 1] &&
						 w->person[w->depth - 1]);
	w->from[w->depth] = w->at;
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
			*kind = kind_of_key(key);
			*kind = inside(w, *kind == A_NAME ? which_name(w) : *kind, key);
			w->next_person = is_person(key);
			w->at = next + 1;
			return true;
		}
		mask_string(w, w->at, e, *kind);
	} else if ((c >= '0' && c <= '9') || c == '-') {
		e = scalar_end(w->in, w->at);
		mask_number(w, w->at, e, *kind);
	}
	w->at = e;
	if (strchr(" \t\r\n", c))
		return true;
	w->next_person = false;
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
