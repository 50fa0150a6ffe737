/* feel_slot_seen.c: values of the personal data that guard found: digits only, E.164 where the
 * country is clear, lower-case e-mail, ISO dates of birth.
 *
 * Phone numbers: ITU-T E.164 and, for extensions, RFC 3966 (";ext="). Pure functions, any thread.
 */
#include "feel_slot.h"

#define SEEN_MAX 64

/* Calling codes (ITU-T E.164 list) and the trunk prefix that is dropped. */
static const struct {
	char country[3];
	const char *code, *trunk;
	int least, most;         /* digits of a national number, without the trunk prefix */
} plans[] = {
	{ "CN", "86", "0", 10, 11 }, { "US", "1", "1", 10, 10 }, { "CA", "1", "1", 10, 10 },
	{ "GB", "44", "0", 9, 10 }, { "DE", "49", "0", 6, 11 }, { "FR", "33", "0", 9, 9 },
	{ "ES", "34", "", 9, 9 }, { "IT", "39", "", 8, 11 }, { "AU", "61", "0", 9, 9 },
	{ "JP", "81", "0", 9, 10 }, { "KR", "82", "0", 8, 10 }, { "HK", "852", "", 8, 8 },
	{ "TW", "886", "0", 8, 9 }, { "SG", "65", "", 8, 8 }, { "IN", "91", "0", 10, 10 },
	{ "NL", "31", "0", 9, 9 }, { "CH", "41", "0", 9, 9 }, { "AT", "43", "0", 7, 12 },
	{ "BR", "55", "0", 10, 11 }, { "RU", "7", "8", 10, 10 },
};

static bool cn_mobile(const char *d, size_t n)
{
	return n == 11 && d[0] == '1' && d[1] >= '3';
}

static bool cn_land(const char *d, size_t n)
{
	return (n == 11 || n == 12 || n == 10) && d[0] == '0' && d[1] >= '1' &&
	       (d[1] != '1' || d[2] == '0');
}

/* A national number of country, or false. */
static bool national(struct sb *b, const char *country, const char *d, size_t n)
{
	for (size_t k = 0; k < sizeof(plans) / sizeof(plans[0]); k++) {
		if (strcmp(plans[k].country, country) != 0)
			continue;
		size_t cut = strlen(plans[k].trunk);
		if (cut && n > cut && memcmp(d, plans[k].trunk, cut) == 0) {
			d += cut;
			n -= cut;
		}
		if ((int)n < plans[k].least || (int)n > plans[k].most)
			return false;
		sb_fmt(b, "+%s%.*s", plans[k].code, (int)n, d);
		return true;
	}
	return false;
}

/* Where an extension begins (ext. 45, x818, 转123), or e. */
static size_t extension_at(const struct slot_text *t, size_t s, size_t e)
{
	for (size_t i = s + 5; i < e; i++)
		if (slot_any(t, i, "ext|extension|转|分机", NULL) || t->p[i] == 'x')
			return i;
	return e;
}

static void phone(const struct slot_run *r, size_t s, size_t e, struct sb *b)
{
	const struct slot_text *t = &r->t;
	char d[SEEN_MAX], x[16];
	size_t ext = extension_at(t, s, e), n = slot_digits(t, s, ext, d, sizeof(d)), skip = 0;
	size_t nx = slot_digits(t, ext, e, x, sizeof(x));
	const char *country = r->c->country;
	bool plus = false;

	for (size_t i = s; i < ext; i++)
		plus = plus || t->p[i] == '+';
	if (!plus && n > 9 && d[0] == '0' && d[1] == '0')
		skip = 2;
	for (size_t k = 0; (plus || skip) && k < sizeof(plans) / sizeof(plans[0]); k++) {
		size_t c = strlen(plans[k].code); /* +44 (0)20 ...: the 0 is not dialled */
		if (n > skip + c + 1 && memcmp(d + skip, plans[k].code, c) == 0 &&
		    d[skip + c] == '0' && plans[k].trunk[0] == '0') {
			memmove(d + skip + c, d + skip + c + 1, n - skip - c - 1);
			n--;
			break;
		}
	}
	if (plus || skip)
		sb_fmt(b, "+%.*s", (int)(n - skip), d + skip);
	else if (n == 13 && d[0] == '8' && d[1] == '6' && cn_mobile(d + 2, 11))
		sb_fmt(b, "+%.*s", (int)n, d);
	else if (n == 10 && (d[0] == '4' || d[0] == '8') && d[1] == '0' && d[2] == '0' &&
		 !(country && strcmp(country, "US") == 0))
		sb_put(b, sv_n(d, n)); /* 400: has no international form */
	else if (country && strcmp(country, "CN") != 0 && national(b, country, d, n))
		;
	else if (cn_mobile(d, n) && !(country && strcmp(country, "US") == 0))
		sb_fmt(b, "+86%.*s", (int)n, d);
	else if (cn_land(d, n) && country && strcmp(country, "CN") == 0)
		sb_fmt(b, "+86%.*s", (int)(n - 1), d + 1);
	else
		sb_put(b, sv_n(d, n));
	if (nx)
		sb_fmt(b, ";ext=%.*s", (int)nx, x);
}

/* Spoken and written e-mail: "john dot smith at mail dot com". */
static void email(const struct slot_text *t, size_t s, size_t e, struct sb *b)
{
	for (size_t i = s; i < e;) {
		int which = 0;
		size_t n = slot_any(t, i, "dot|点|at|艾特|underscore|下划线|dash|hyphen|minus",
				    &which);
		if (n && i > s && i + n < e) {
			static const char out[] = "..@@__---";
			sb_ch(b, out[which]);
			i += n;
			continue;
		}
		if (t->p[i] != ' ')
			sb_ch(b, t->p[i]);
		i++;
	}
}

/* Letters and digits; spoken digits as ciphers when there is no cipher. */
static void code(const struct slot_run *r, size_t s, size_t e, bool dashes, struct sb *b)
{
	const struct slot_text *t = &r->t;
	char d[SEEN_MAX];
	bool written = false;

	for (size_t i = s; i < e; i++)
		written = written || slot_digit(t->p[i]);
	if (!written) {
		sb_put(b, sv_n(d, slot_digits(t, s, e, d, sizeof(d))));
		return;
	}
	for (size_t i = s; i < e; i++) {
		char c = t->p[i];
		if (slot_alpha(c))
			sb_ch(b, (char)(c - 'a' + 'A'));
		else if (slot_digit(c) || (dashes && c == '-'))
			sb_ch(b, c);
		else if ((unsigned char)c >= 0xE3 && i + 3 <= e) /* Han */
			sb_put(b, sv_n(r->t.p + i, 3));
	}
}

static void birth(const struct slot_run *r, size_t s, size_t e, struct sb *b)
{
	struct slot_date d = { 0 };

	if (!slot_date_at(r, s, &d) || d.e < s + 3 || d.e > e + 3) {
		sb_put(b, sv_n(r->t.p + s, e - s));
		return;
	}
	/* born in the future is a day of another century or of last year */
	int y, m, day;
	slot_civil(d.from, &y, &m, &day);
	if (d.from > r->today && y < 2100) {
		bool written = false;
		for (size_t i = s; i + 1 < e; i++)
			written = written || (r->t.p[i] == (char)('0' + y / 10 % 10) &&
					      r->t.p[i + 1] == (char)('0' + y % 10));
		if (!written) { /* month and day only */
			sb_fmt(b, "--%02d-%02d", m, day);
			return;
		}
		d.from = d.to = slot_days(y - 100, m, day);
	}
	sb_put(b, slot_date_text(r, &d));
}

/* Folding hides capitals, so what is shown comes from the text as given. */
static void as_written(const struct slot_run *r, sv text, size_t s, size_t e, struct sb *b)
{
	const struct slot_text *t = &r->t;
	sv part = sv_slice(text, t->at[t->cp[s]], t->at[t->cp[e]]);
	bool blank = false;

	while (part.n) {
		uint32_t c = sv_rune(&part);
		bool space = c == ' ' || c == '\n' || c == '\t';
		if (!space && blank)
			sb_ch(b, ' ');
		if (!space)
			sb_rune(b, c);
		blank = space && sb_sv(b).n > 0;
	}
}

static void one(struct slot_run *r, sv text, const char *type, size_t s, size_t e)
{
	struct sb b;

	sb_init(&b, 4096);
	if (strcmp(type, "phone") == 0)
		phone(r, s, e, &b);
	else if (strcmp(type, "email") == 0)
		email(&r->t, s, e, &b);
	else if (strcmp(type, "date_of_birth") == 0)
		birth(r, s, e, &b);
	else if (strcmp(type, "id_card") == 0 || strcmp(type, "bank_card") == 0 ||
		 strcmp(type, "plate") == 0)
		code(r, s, e, false, &b);
	else if (strcmp(type, "order_number") == 0)
		code(r, s, e, true, &b);
	else
		as_written(r, text, s, e, &b);
	if (!sb_err(&b)) {
		slot_add(r, SLOT_SEEN, 9, s, e, arena_sv(r->a, sb_sv(&b)));
		if (r->n)
			r->v[r->n - 1].name = type;
	}
	sb_done(&b);
}

/* The code point that holds byte at of the text; runes when it is behind. */
static size_t rune_at(const struct slot_text *t, size_t at)
{
	size_t lo = 0, hi = t->runes;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (t->at[mid] < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void slot_find_seen(struct slot_run *r, sv text)
{
	const struct slot_text *t = &r->t;

	for (size_t k = 0; k < r->c->n_seen; k++) {
		const struct feel_seen *f = &r->c->seen[k];
		size_t s = rune_at(t, f->start), e = rune_at(t, f->end);
		if (f->type && s < e && e <= t->runes)
			one(r, text, f->type, t->fold_at[s], t->fold_at[e]);
	}
}
