/* g2p.h: from written words to the symbols a neural voice speaks, English and Chinese; private
 * to model, used by callm-onnx.
 *
 *	struct g2p *g = g2p_new();
 *	struct g2p_said said;
 *	g2p_said_init(&said);
 *	g2p_say(g, SV("我的 order"), true, G2P_KOKORO, &said);
 *	said.ipa: "wo↓ tɤ ˈɔɹdəɹ"; said.marks: which symbol begins which word
 *	g2p_said_done(&said);
 *	g2p_free(g);
 *
 * One thread. Text is what tts_normalize gave: numbers are words already.
 */
#ifndef CALLM_MODEL_G2P_H
#define CALLM_MODEL_G2P_H

#include "base.h"

enum g2p_set {
	G2P_KOKORO, /* the symbols of Kokoro-82M v1.0 */
	G2P_ESPEAK, /* IPA as espeak-ng writes American English: Piper's voices */
};
struct g2p_mark {
	uint32_t symbol; /* code points of ipa before it */
	uint32_t text;   /* byte of the text */
};
struct g2p_said {
	struct sb ipa; /* UTF-8 */
	uint32_t n;    /* code points in it */
	VEC(struct g2p_mark) marks; /* one a word, in order */
};
enum { G2P_IPA_MAX = 16 << 10, G2P_MARKS = 2048 };

void g2p_said_init(struct g2p_said *s);
void g2p_said_reset(struct g2p_said *s);
void g2p_said_done(struct g2p_said *s);
/* For those who add to said: symbols, and a word's begin. */
void g2p_put(struct g2p_said *s, const char *ipa);
void g2p_mark(struct g2p_said *s, size_t text);
void g2p_gap(struct g2p_said *s); /* a blank, but not two and not at the beginning */

struct g2p;
struct g2p *g2p_new(void); /* reads the embedded words: ~15 ms, 6 MB */
void g2p_free(struct g2p *g);
/* Appends what text says. zh: Chinese is the language, so numerals are read in it. Characters
 * nobody can say are left out. */
void g2p_say(struct g2p *g, sv text, bool zh, enum g2p_set set, struct g2p_said *out);

/* ---- g2p_en.c ---- */
/* One word of letters and apostrophes. next is the word after it, for "the" and "a". */
void g2p_en_word(sv word, sv next, enum g2p_set set, struct g2p_said *out);

/* ---- g2p_zh.c ---- */
struct zh;
struct zh *zh_new(void);
void zh_free(struct zh *z);
/* A run of Chinese characters without punctuation, as pinyin with sandhi: "ni2 hao3". A blank
 * between syllables, two between words. */
void zh_pinyin(const struct zh *z, sv han, struct sb *out);
/* The same in Kokoro's symbols; base is where han begins in the text of the marks. */
void zh_say(const struct zh *z, sv han, size_t base, struct g2p_said *out);
/* "zhong1" to "ꭧʊ→ŋ"; false for what is no syllable. */
bool zh_syllable(const char *pinyin, struct sb *out);

#endif
