/* learn_hide.c: what guard's masks do not know: names and identities that the caller knows, and
 * codes, passwords and messenger ids behind the words for them. Each becomes "[name]", so that its
 * clause goes (learn_text.c). Rather one clause too many than one too few. Pure, any thread. */
#include "learn_int.h"

#define MASK "[name]"
#define CODE_DIGITS 4            /* of a code without "is" before it */
#define VALUE_BYTES 3            /* of one with "is": "6 characters" is a rule */
#define ID_BYTES 5               /* of a messenger id */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Does word stand at text[at], as a whole one where its ends are Latin? */
static bool stands(sv text, size_t at, sv word)
{
	size_t end = at + word.n;
	if (!word.n || end > text.n || !sv_eq_nocase(sv_slice(text, at, end), word))
		return false;
	if (at && is_word(word.p[0]) && is_word(text.p[at - 1]))
		return false;
	return end == text.n || !is_word(word.p[word.n - 1]) || !is_word(text.p[end]);
}

/* ---- names ---- */

static bool all_cjk(sv s)
{
	while (s.n)
		if (!sv_is_cjk(sv_rune(&s)))
			return false;
	return true;
}

/* A Chinese name: whole, without the family name, or the family name and what one says to it. */
static size_t han_at(sv text, size_t at, sv name)
{
	static const char *const to[] = { "先生", "女士", "小姐", "太太",
					  "老师", "总",   "姐",   "哥" };
	sv rest = name;
	(void)sv_rune(&rest);
	size_t family = name.n - rest.n;
	if (stands(text, at, name))
		return name.n;
	if (sv_runes(rest) >= 2 && stands(text, at, rest))
		return rest.n;
	for (size_t i = 0; i < sizeof(to) / sizeof(*to); i++)
		if (stands(text, at, sv_slice(name, 0, family)) &&
		    stands(text, at + family, sv_of(to[i])))
			return family + strlen(to[i]);
	return 0;
}

/* Bytes of a name or identity that stands at text[at], or of one of its words. */
static size_t name_at(sv text, size_t at, sv name)
{
	sv word;
	name = sv_trim(name);
	if (sv_runes(name) < 2)
		return 0;
	if (all_cjk(name))
		return han_at(text, at, name);
	if (stands(text, at, name))
		return name.n;
	while (name.n) {
		ptrdiff_t gap = sv_find_ch(name, ' ');
		word = sv_slice(name, 0, gap < 0 ? name.n : (size_t)gap);
		name = gap < 0 ? SV("") : sv_trim(sv_slice(name, (size_t)gap, name.n));
		if (word.n >= 3 && stands(text, at, word))
			return word.n;
	}
	return 0;
}

/* ---- what is secret ---- */

enum what { CODE, PASSWORD, MESSENGER };
static const struct {
	const char *word;
	enum what what;
} secrets[] = {
	{ "验证码", CODE },         { "校验码", CODE },      { "动态码", CODE },
	{ "提取码", CODE },         { "取件码", CODE },      { "code", CODE },
	{ "pin", CODE },            { "密码", PASSWORD },    { "口令", PASSWORD },
	{ "password", PASSWORD },   { "passcode", PASSWORD }, { "passphrase", PASSWORD },
	{ "pwd", PASSWORD },        { "微信号", MESSENGER }, { "微信", MESSENGER },
	{ "wechat", MESSENGER },    { "qq", MESSENGER },     { "whatsapp", MESSENGER },
};
#define N_SECRETS (sizeof(secrets) / sizeof(*secrets))

/* Bytes of the first of these words that stands at text[at]. */
static size_t one_of(sv text, size_t at, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (stands(text, at, sv_of(v[i])))
			return strlen(v[i]);
	return 0;
}

/* Past what stands between the word and its value; *is: it says that a value comes. */
static size_t past_is(sv text, size_t at, bool *is)
{
	static const char *const says[] = { "is",   "was", "=",  ":",   "：",
					    "就是", "是",  "为", "改成" };
	static const char *const fill[] = { " ", "id", "number", "号", "\"",
					    "'", "“",  "「",     "now" };
	for (size_t n = 1; n;) {
		n = one_of(text, at, says, sizeof(says) / sizeof(*says));
		*is |= n > 0;
		if (!n)
			n = one_of(text, at, fill, sizeof(fill) / sizeof(*fill));
		at += n;
	}
	return at;
}

struct token {
	size_t n, digits;
};

/* The word of signs that starts here; groups of digits are one. */
static struct token token_at(sv text, size_t at)
{
	struct token t = { 0 };
	while (at + t.n < text.n) {
		char c = text.p[at + t.n];
		bool group = c == ' ' && t.n && t.digits == t.n && at + t.n + 1 < text.n &&
			     is_digit(text.p[at + t.n + 1]);
		if (!group && (c <= ' ' || c > '~'))
			break;
		t.n++;
		t.digits += group || is_digit(c);
	}
	while (t.n && strchr(".,;:!?\"')", text.p[at + t.n - 1]))
		t.n--;
	return t;
}

/* "The password is reset by mail" tells no password. */
static bool tells_nothing(sv word)
{
	static const char *const words[] = {
		"a",        "an",    "the",  "your", "not",   "sent",
		"at",       "in",    "on",   "by",   "reset", "needed",
		"required", "valid", "only", "no",   "too",   "case-sensitive"
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (sv_eq_nocase(word, sv_of(words[i])))
			return true;
	return false;
}

/* Bytes from the word for a secret to the end of its value. */
static size_t secret_at(sv text, size_t at)
{
	for (size_t i = 0; i < N_SECRETS; i++) {
		bool is = false, hit;
		if (!stands(text, at, sv_of(secrets[i].word)))
			continue;
		size_t from = past_is(text, at + strlen(secrets[i].word), &is);
		struct token t = token_at(text, from);
		sv value = sv_slice(text, from, from + t.n);
		hit = t.digits >= CODE_DIGITS || (is && t.digits && t.n >= VALUE_BYTES);
		if (secrets[i].what == PASSWORD)
			hit |= is && t.n >= VALUE_BYTES && !tells_nothing(value);
		if (secrets[i].what == MESSENGER)
			hit |= t.n >= ID_BYTES && (is || t.digits ||
						   (unsigned char)secrets[i].word[0] >= 0x80);
		if (hit)
			return from + t.n - at;
	}
	return 0;
}

/* "482913 is your code" */
static size_t before_at(sv text, size_t at)
{
	static const char *const between[] = { " ", "is", "was", "是", "为", "your", "the", "您的",
					       "你的", "login" };
	struct token t = token_at(text, at);
	if (!is_digit(text.p[at]) || (at && is_word(text.p[at - 1])) || t.digits < CODE_DIGITS ||
	    t.digits < t.n)
		return 0;
	size_t to = at + t.n;
	for (size_t n = 1; n; to += n)
		n = one_of(text, to, between, sizeof(between) / sizeof(*between));
	for (size_t i = 0; i < N_SECRETS; i++)
		if (secrets[i].what != MESSENGER && stands(text, to, sv_of(secrets[i].word)))
			return t.n;
	return 0;
}

void learn_hide(sv text, const sv *hide, size_t n, struct sb *out)
{
	for (size_t at = 0; at < text.n;) {
		size_t len = 0;
		for (size_t i = 0; i < n && !len; i++)
			len = name_at(text, at, hide[i]);
		if (!len)
			len = secret_at(text, at);
		if (!len)
			len = before_at(text, at);
		if (len)
			sb_cstr(out, MASK);
		else
			sb_ch(out, text.p[at]);
		at += len ? len : 1;
	}
}
