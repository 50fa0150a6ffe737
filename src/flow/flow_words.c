/* flow_words.c: how a flow reads words: phrases in them, what is left without some, how much they
 * tell, whether they are small talk, a question or the end of a wish. Pure; any thread.
 *
 * Phrases come as "a|b|c". Words of the Latin alphabet count as whole words only, but for one that
 * ends in '*', which is the beginning of a longer one ("R10*"). '#' is a digit ("C####*"). */
#include "flow_int.h"

sv flow_fold(sv s, char buf[FLOW_FOLD])
{
	size_t n = 0;
	while (s.n && n + 4 <= FLOW_FOLD) {
		uint32_t r = sv_fold(sv_rune(&s));
		if (r == 0x2018 || r == 0x2019)
			r = '\''; /* as telephones write it */
		n += sv_encode(r ? r : ' ', buf + n);
	}
	return sv_n(buf, n);
}

bool flow_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Byte for byte; '#' is any digit, too. text is as long. */
static bool fits(const char *text, sv word)
{
	for (size_t i = 0; i < word.n; i++)
		if (text[i] != word.p[i] &&
		    (word.p[i] != '#' || text[i] < '0' || text[i] > '9'))
			return false;
	return true;
}

/* Does word stand at place at of text? Bytes it takes, or 0. */
static size_t stands(sv text, size_t at, sv word)
{
	bool head = sv_ends(word, SV("*"));
	if (head)
		word.n--;
	if (!word.n || at + word.n > text.n || !fits(text.p + at, word))
		return 0;
	size_t end = at + word.n;
	if (at > 0 && flow_letter(text.p[at - 1]) && flow_letter(text.p[at]))
		return 0;
	bool goes_on = end < text.n && flow_letter(text.p[end]) && flow_letter(text.p[end - 1]);
	while (head && end < text.n && flow_letter(text.p[end]))
		end++;
	return goes_on && !head ? 0 : end - at;
}

/* The longest of the phrases at this place; 0 = none. Both are folded. */
static size_t longest(sv text, size_t at, sv words)
{
	size_t most = 0;
	sv one;
	while (sv_cut(&words, '|', &one)) {
		size_t n = stands(text, at, sv_trim(one));
		most = n > most ? n : most;
	}
	return most;
}

bool flow_has(sv text, sv words)
{
	char a[FLOW_FOLD], b[FLOW_FOLD];
	sv t = flow_fold(text, a), w = flow_fold(words, b);
	for (size_t at = 0; w.n && at < t.n; at++)
		if (longest(t, at, w))
			return true;
	return false;
}

bool flow_says(sv text, const struct flow_text *words)
{
	return flow_has(text, words->t[0]) || flow_has(text, words->t[1]);
}

/* ---- a letter that slipped ---- */

#define NEAR_LEAST 6                 /* letters of a word of which one may be wrong */

/* One letter more, less, another, or two that changed places. */
static bool one_off(sv a, sv b)
{
	size_t n = a.n < b.n ? a.n : b.n, head = 0, tail = 0;
	while (head < n && a.p[head] == b.p[head])
		head++;
	while (tail < n - head && a.p[a.n - 1 - tail] == b.p[b.n - 1 - tail])
		tail++;
	size_t x = a.n - head - tail, y = b.n - head - tail;
	if (x <= 1 && y <= 1)
		return true;
	return x == 2 && y == 2 && a.p[head] == b.p[head + 1] && a.p[head + 1] == b.p[head];
}

static bool letters_only(sv w)
{
	for (size_t i = 0; i < w.n; i++)
		if (w.p[i] < 'a' || w.p[i] > 'z')
			return false;
	return true;
}

/* Words of the text beside one word of letters; "returns" is not "return" misspelt. */
static bool near_one(sv text, sv word)
{
	for (size_t i = 0; i < text.n;) {
		size_t n = 0;
		while (i + n < text.n && flow_letter(text.p[i + n]))
			n++;
		sv w = sv_n(text.p + i, n);
		bool alike = n + 1 >= word.n && n <= word.n + 1 && n && w.p[0] == word.p[0];
		if (alike && letters_only(w) && one_off(w, word) && !sv_starts(w, word))
			return true;
		i += n ? n : 1;
	}
	return false;
}

bool flow_near(sv text, sv words)
{
	char a[FLOW_FOLD], b[FLOW_FOLD];
	if (flow_has(text, words))
		return true;
	sv t = flow_fold(text, a), w = flow_fold(words, b), one;
	while (sv_cut(&w, '|', &one)) {
		one = sv_trim(one);
		if (one.n >= NEAR_LEAST && letters_only(one) && near_one(t, one))
			return true;
	}
	return false;
}

/* ---- what is left ---- */

/* Bytes of a mark or a blank at this place; 0 = a letter, a digit or a sign that tells. */
static size_t mark_at(sv text, size_t at)
{
	sv rest = sv_slice(text, at, text.n);
	size_t before = rest.n;
	uint32_t r = sv_rune(&rest);
	uint32_t f = sv_fold(r);
	bool mark = f < 0x80 ? !flow_letter((char)f) :
			       !sv_is_cjk(r) && ((r >= 0x2000 && r <= 0x206F) ||
						 (r >= 0x3000 && r <= 0x303F) ||
						 (r >= 0xFF00 && r <= 0xFFFF) || r > 0xFFFF);
	return mark ? before - rest.n : 0;
}

bool flow_only(sv text, sv words)
{
	char a[FLOW_FOLD], b[FLOW_FOLD];
	sv t = flow_fold(text, a), w = flow_fold(words, b);
	bool any = false;
	for (size_t at = 0; at < t.n;) {
		size_t n = longest(t, at, w);
		any |= n > 0;
		if (!n)
			n = mark_at(t, at);
		if (!n)
			return false;
		at += n;
	}
	return any;
}

bool flow_whole(sv text, sv words)
{
	static const sv rest =
		SV("|so|and|but|then|well|now|please|ok|okay|oh|just|can you|could you|"
		   "那|那么|我|您|你|们|就|再|还|请|现在|呢|啊|吗|嘛|吧|呀|了|一下");
	char both[2 * FLOW_FOLD];
	size_t n = words.n < FLOW_FOLD ? words.n : FLOW_FOLD;
	if (!words.n || !flow_has(text, words))
		return false;
	memcpy(both, words.p, n);
	memcpy(both + n, rest.p, rest.n);
	return flow_only(text, sv_n(both, n + rest.n));
}

/* The first phrase that stands in text: its first byte and the one behind it. */
static bool first_at(sv text, sv words, size_t *from, size_t *to)
{
	char a[FLOW_FOLD], b[FLOW_FOLD];
	sv t = flow_fold(text, a), w = flow_fold(words, b);
	for (size_t at = 0; w.n && at < t.n; at++) {
		size_t n = longest(t, at, w);
		if (!n)
			continue;
		/* rune for rune: the words as they were written */
		*from = sv_rune_offset(text, sv_runes(sv_slice(t, 0, at)));
		*to = sv_rune_offset(text, sv_runes(sv_slice(t, 0, at + n)));
		return true;
	}
	return false;
}

sv flow_after(sv text, sv words)
{
	size_t from, to;
	return first_at(text, words, &from, &to) ? flow_bare(sv_slice(text, to, text.n)) : SV_NULL;
}

sv flow_before(sv text, sv words)
{
	size_t from, to, begin = 0;
	if (!first_at(text, words, &from, &to))
		return SV_NULL;
	for (size_t i = 0; i < from; i++) {
		sv rest = sv_slice(text, i, from);
		if (strchr(",.;?!", text.p[i]) || sv_starts(rest, SV("，")) ||
		    sv_starts(rest, SV("。")) || sv_starts(rest, SV("？")))
			begin = i + 1;
	}
	sv v = flow_bare(sv_slice(text, begin, from));
	while (v.n && (v.p[0] & 0xC0) == 0x80)
		v = sv_slice(v, 1, v.n); /* the rest of a mark */
	return flow_bare(v);
}

sv flow_clause(sv text)
{
	static const char *const marks[] = { ",", ".", ";", "，", "。", "；", "、" };
	size_t n = text.n;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		ptrdiff_t at = sv_find(sv_slice(text, 0, n), sv_of(marks[i]));
		n = at >= 0 ? (size_t)at : n;
	}
	return sv_slice(text, 0, n);
}

sv flow_bare(sv text)
{
	static const char *const tails[] = { "吧", "啊", "呀", "哦", "呢", "谢谢", " please",
					     " thanks", " thank you" };
	for (;;) {
		size_t n = text.n;
		while (text.n && mark_at(text, 0) && text.p[0] != '#')
			text = sv_slice(text, mark_at(text, 0), text.n);
		while (text.n) {
			size_t last = sv_rune_offset(text, sv_runes(text) - 1);
			if (!mark_at(text, last) || text.p[last] == ')')
				break;
			text.n = last;
		}
		for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++)
			if (text.n > strlen(tails[i]) && sv_ends(text, sv_of(tails[i])))
				text.n -= strlen(tails[i]);
		if (text.n == n)
			return text;
	}
}

int flow_weight(sv text)
{
	int n = 0;
	bool in = false;
	while (text.n) {
		uint32_t c = sv_rune(&text);
		uint32_t f = sv_fold(c);
		bool part = c > ' ' && !sv_is_cjk(c) &&
			    (f < 0x80 ? flow_letter((char)f) || c == '\'' :
					c < 0x2000);
		n += sv_is_cjk(c) ? 1 : part && !in ? 2 : 0;
		in = part;
	}
	return n;
}

sv flow_without(sv text, const struct flow_text *blank, char buf[FLOW_FOLD])
{
	char a[FLOW_FOLD], b[2][FLOW_FOLD];
	sv t = flow_fold(text, a);
	sv w[2] = { flow_fold(blank->t[0], b[0]), flow_fold(blank->t[1], b[1]) };
	size_t n = 0;
	for (size_t at = 0; at < t.n;) {
		size_t zh = longest(t, at, w[0]), en = longest(t, at, w[1]);
		size_t skip = zh > en ? zh : en;
		buf[n++] = skip ? ' ' : t.p[at];
		at += skip ? skip : 1;
	}
	return sv_n(buf, n);
}

/* ---- what is no answer ---- */

bool flow_small(sv text)
{
	return flow_only(text,
			 SV("hello|hi|hey|there|good morning|good afternoon|good evening|thanks|"
			    "thank you|thx|very much|please|ok|okay|well|um|uh|hmm|er|yes|no|"
			    "are you there|anybody there|anyone there|"
			    "你好|您好|你们好|喂|哈喽|嗨|在吗|在么|在不在|有人吗|早上好|上午好|"
			    "下午好|晚上好|谢谢|谢谢你|谢谢您|多谢|好的|好|行|可以|嗯|啊|哦|额|"
			    "呃|请问|那个|麻烦|麻烦你|麻烦您|亲"));
}

bool flow_drops(sv text)
{
	static const sv drop =
		SV("never mind|nevermind|forget it|forget about it|forget that|leave it|don't "
		   "bother|"
		   "drop it|scrap that|skip it|"
		   "do not bother|no thanks|no thank you|stop|stop it|cancel that|keep it|"
		   "i don't want that any more|i don't want this any more|not any more|"
		   "算了|不用了|不弄了|不办了|不退了|不换了|不取消了|不改了|不查了|不要办了|"
		   "不需要了|不必了|别办了|别退了|别取消了|留着吧|当我没说|下次再说|改天再说");
	static const sv rest =
		SV("|please|thanks|thank you|well|ok|okay|oh|no|actually|then|wait|"
		   "i'll|i will|just|it|sorry|let's|you "
		   "can|nah|nope|hmm|哎呀|唉|哎|那|就|我|还是|吧|了|谢谢|先|哦|嗯|好|等等");
	char both[1024];
	memcpy(both, drop.p, drop.n);
	memcpy(both + drop.n, rest.p, rest.n);
	return flow_has(text, drop) && flow_only(text, sv_n(both, drop.n + rest.n));
}

bool flow_pauses(sv text)
{
	static const sv wait = SV("wait|hold on|one moment|just a moment|one second|a second|"
				  "let me think|let me look|等等|等一下|等会|等一会|稍等|慢着|"
				  "我想想|我看看|让我想想|让我看看");
	static const sv rest = SV("|no|oh|please|a|just|hmm|um|sorry|不|哦|嗯|啊|请|你|您|先|儿");
	char both[512];
	memcpy(both, wait.p, wait.n);
	memcpy(both + wait.n, rest.p, rest.n);
	return flow_has(text, wait) && flow_only(text, sv_n(both, wait.n + rest.n));
}

bool flow_none(sv text)
{
	return flow_whole(
		text, SV("none|nothing|no order|none of them|neither|no number|nothing special|"
			 "no idea|i don't have one|leave it to you|as you think|无|没有|没|"
			 "没有订单|不涉及|随便|您看着办|你们看着办"));
}

/* "when I opened it ..." tells, "when do you open" asks. */
static bool asks_en(sv text)
{
	static const char *const heads[] = { "how",   "what", "which", "when",
					     "where", "who",  "why" };
	char buf[FLOW_FOLD];
	sv t = flow_fold(text, buf), one;
	size_t head = 0, n = sizeof(heads) / sizeof(*heads);
	if (!sv_cut(&t, ' ', &one))
		return false;
	while (head < n && !sv_starts(one, sv_of(heads[head])))
		head++;
	if (head == n || sv_ends(one, SV("'s")))
		return true; /* "can you", "is it", "what's" */
	for (int left = head < 3 ? 3 : 1; left > 0 && sv_cut(&t, ' ', &one); left--)
		if (flow_only(one, SV("is|are|was|were|do|does|did|will|can|could|would|should|"
				      "shall|has|have|am|may|about")))
			return true;
	return false;
}

bool flow_asks(const struct flow_in *in)
{
	static const char *const ends[] = { "?", "？", "吗", "呢" };
	sv t = sv_trim(in->text);
	if (!in->question)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (sv_ends(t, sv_of(ends[i])))
			return true;
	if (flow_has(t, SV("不记得|记不清|不知道|不清楚|忘了|don't know|don't remember|not sure")))
		return false;
	for (sv s = t; s.n;)
		if (sv_is_cjk(sv_rune(&s)))
			return true;
	return asks_en(t);
}

bool flow_open_question(sv text)
{
	return flow_has(text, SV("how|what|when|where|which|who|why|怎么|多久|什么|哪|几|为什么|"
				 "多少|如何"));
}
