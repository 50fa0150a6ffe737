/* whisper_text.c: what Whisper writes, made into what a conversation reads.
 *
 * Chinese comes out traditional or simplified as it pleases, with ASCII punctuation or blanks
 * for pauses: brought to simplified characters and full-width punctuation. And over noise
 * Whisper writes what subtitles say when nobody speaks; such sentences, and text that cannot
 * have been said in the time there was, are noise. */
#include "whisper_int.h"

enum { HAN_FROM = 0x4E00, HAN_TO = 0xA000, RATE_HAN = 9, RATE_LETTERS = 32, LOOP_MIN = 4 };

static const char t2s[] =
#include "data/t2s.def"
	;
static uint16_t simple[HAN_TO - HAN_FROM];

static uint32_t simplified(uint32_t r)
{
	static bool made;
	if (!made) {
		sv s = sv_n(t2s, sizeof(t2s) - 1);
		while (s.n) {
			uint32_t from = sv_rune(&s), to = sv_rune(&s);
			ASSERT(from >= HAN_FROM && from < HAN_TO);
			simple[from - HAN_FROM] = (uint16_t)to;
		}
		made = true;
	}
	if (r < HAN_FROM || r >= HAN_TO || !simple[r - HAN_FROM])
		return r;
	return simple[r - HAN_FROM];
}

static uint32_t full_width(uint32_t r)
{
	switch (r) {
	case ',': return 0xFF0C;
	case '?': return 0xFF1F;
	case '!': return 0xFF01;
	case ';': return 0xFF1B;
	case ':': return 0xFF1A;
	case '.': return 0x3002;
	default: return 0;
	}
}

static bool han(uint32_t r)
{
	return r >= HAN_FROM && r < HAN_TO;
}

static bool blank(uint32_t r)
{
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == 0x3000;
}

static uint32_t peek(sv s)
{
	return sv_rune(&s);
}

static void wh_text_zh(sv text, struct sb *out)
{
	uint32_t last = 0;
	sb_reset(out);
	text = sv_trim(text);
	while (text.n) {
		uint32_t r = simplified(sv_rune(&text)), next = peek(text);
		if (blank(r)) {
			while (blank(next = peek(text)))
				(void)sv_rune(&text);
			r = han(last) && han(next) ? 0xFF0C : han(last) || han(next) ? 0 : ' ';
		} else if (full_width(r) && (han(last) || (han(next) && r != '.'))) {
			r = full_width(r);
			while (blank(peek(text)))
				(void)sv_rune(&text);
		}
		if (r && r != 0xFFFD)
			sb_rune(out, r);
		last = r ? r : last;
	}
}

void wh_text_clean(sv text, sv lang, struct sb *out)
{
	if (sv_starts(lang, SV("zh"))) {
		wh_text_zh(text, out);
		return;
	}
	bool gap = false;
	sb_reset(out);
	text = sv_trim(text);
	while (text.n) {
		uint32_t r = sv_rune(&text);
		if (blank(r)) {
			gap = true;
			continue;
		}
		if (r == 0xFFFD)
			continue;
		if (gap)
			sb_ch(out, ' ');
		gap = false;
		sb_rune(out, r);
	}
}

/* ---- noise ---- */

/* What subtitles say over music, applause and silence; no caller does. Without punctuation. */
static const char *const captions[] = {
	"请不吝点赞", "明镜与点点栏目", "字幕由",	 "字幕志愿者",	 "字幕製作",
	"中文字幕",   "字幕组",		"谢谢观看",	 "谢谢大家观看", "感谢观看",
	"感谢收看",   "多谢您收看",	"谢谢收看",	 "下期再见",	 "我们下期",
	"订阅我的",   "点赞订阅",	"优优独播",	 "amara.org",
	"thanks for watching", "thank you for watching", "subtitles by", "subtitled by",
	"please subscribe", "transcription by", "transcribed by", "captions by",
	"see you in the next video"
};

static bool has_caption(sv text)
{
	struct sb low;
	bool found = false;
	sb_init(&low, LIM_SB);
	while (text.n)
		sb_rune(&low, sv_fold(sv_rune(&text)));
	for (size_t i = 0; i < sizeof(captions) / sizeof(captions[0]) && !found; i++)
		found = sv_find(sb_sv(&low), sv_of(captions[i])) >= 0;
	sb_done(&low);
	return found;
}

/* One stretch of at least two characters comes LOOP_MIN times in a row and fills most of it. */
static bool repeats(sv text)
{
	for (size_t k = 2; k * LOOP_MIN <= text.n && k <= 120; k++)
		for (size_t at = 0; at + k * LOOP_MIN <= text.n; at++) {
			size_t same = 0;
			while (at + k + same < text.n && text.p[at + same] == text.p[at + k + same])
				same++;
			bool digits = text.p[at] >= '0' && text.p[at] <= '9';
			if (same >= k * (LOOP_MIN - 1) && same + k > text.n / 2 &&
			    same + k >= 16 && !digits)
				return true;
		}
	return false;
}

bool wh_text_is_noise(sv text, double seconds)
{
	size_t hans = 0, letters = 0;
	bool word = false;
	for (sv s = text; s.n;) {
		uint32_t r = sv_rune(&s);
		hans += han(r);
		letters += r > ' ' && !han(r);
		word |= r >= 0x80 ? r != 0xFFFD && !full_width(r) && r > 0x3002 && r < 0xFF00 :
				    (r >= '0' && r <= '9') || ((r | 32) >= 'a' && (r | 32) <= 'z');
		word |= r >= 0xC0 && r < 0x2000;
	}
	if (!word)
		return true;
	double room = seconds + 0.5;
	return (double)hans > RATE_HAN * room || (double)letters > RATE_LETTERS * room ||
	       has_caption(text) || repeats(text);
}
