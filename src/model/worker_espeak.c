/* worker_espeak.c: the program callm-espeak: speech in many languages by
 * espeak-ng, 22.05 kHz.
 *
 * espeak-ng is GPL-3.0-or-later. This program is the only thing that links it; callm
 * talks to it over a pipe and works without it. The program as a whole is therefore
 * distributed under GPL-3.0-or-later; the source text of this file is Apache-2.0 like
 * the rest.
 *
 * Chinese is read by the voice cmn-latn-pinyin, which knows one reading for each
 * character; words in which another one is right are handed over in pinyin
 * (worker_pinyin.c). Latin words within Chinese are said by the English voice. pos[]
 * remembers, for each character espeak sees, the byte of the job's text. */
#include <espeak-ng/speak_lib.h>
#include <stdio.h>

#include "io.h"
#include "worker.h"
#include "worker_pinyin.h"

enum { PIECE_MAX = 600, WORDS_PER_MIN = 165, BUFFER_MS = 60 };

static struct {
	struct tts_job *job;
	struct sb text;
	uint32_t pos[PIECE_MAX * 4 + 64];
	size_t n; /* characters in text */
	uint32_t from;
	int rate;
} s;

static int on_sound(short *wav, int n, espeak_EVENT *ev)
{
	for (; ev && ev->type != espeakEVENT_LIST_TERMINATED; ev++) {
		size_t k = ev->text_position > 0 ? (size_t)ev->text_position - 1 : 0;
		if (ev->type != espeakEVENT_WORD || k >= s.n)
			continue;
		uint32_t at = (uint32_t)((int64_t)ev->audio_position * s.rate / 1000);
		tts_job_mark(s.job, s.pos[k], s.from + at);
	}
	if (wav && n > 0)
		return !tts_job_pcm(s.job, wav, (size_t)n);
	return s.job->stop;
}

static void put_rune(uint32_t r, size_t at)
{
	if (s.n >= sizeof(s.pos) / sizeof(s.pos[0]))
		return;
	sb_rune(&s.text, r);
	s.pos[s.n++] = (uint32_t)at;
}

static bool sentence_end(uint32_t r)
{
	return r == '.' || r == '!' || r == '?' || r == ';' || r == '\n' ||
	       r == 0x3002 || r == 0xFF01 || r == 0xFF1F || r == 0xFF1B;
}

static bool latin(uint32_t r)
{
	return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z');
}

/* Takes the next piece of the job's text: one sentence, and in Chinese one script.
 * *is_latin tells which. */
static void next_piece(const char *text, size_t *pos, bool zh, bool *is_latin)
{
	sv rest = sv_of(text + *pos);
	bool any = false;
	sb_reset(&s.text);
	s.n = 0;
	*is_latin = false;
	while (rest.n && s.n < PIECE_MAX) {
		size_t at = (size_t)(rest.p - text);
		sv here = rest;
		size_t word = 0;
		const char *pinyin = zh ? pinyin_find(here, &word) : NULL;
		uint32_t r = sv_rune(&rest);
		bool lat = latin(r);
		if (zh && any && (lat || r >= 0x80) && lat != *is_latin) {
			*pos = at;
			return;
		}
		if (lat || r >= 0x80) {
			any = true;
			*is_latin = lat;
		}
		if (pinyin) {
			put_rune(' ', at);
			for (const char *c = pinyin; *c; c++)
				put_rune((unsigned char)*c, at);
			put_rune(' ', at);
			rest = sv_slice(here, word, here.n);
		} else {
			put_rune(r < ' ' ? ' ' : r, at);
		}
		bool gap = !rest.n || r >= 0x80 || *rest.p == ' ' || *rest.p == '\n';
		if (sentence_end(r) && gap)
			break;
	}
	*pos = rest.n ? (size_t)(rest.p - text) : strlen(text);
}

static int say(struct tts_job *j, void *arg)
{
	(void)arg;
	size_t pos = 0, len = strlen(j->text);
	bool zh = !strncmp(j->voice, "cmn", 3), lat;
	(void)espeak_SetParameter(espeakRATE, (int)(WORDS_PER_MIN * j->rate), 0);
	s.job = j;
	while (!j->stop && pos < len) {
		next_piece(j->text, &pos, zh, &lat);
		const char *voice = zh && lat ? "en-us" : j->voice;
		if (espeak_SetVoiceByName(voice) != EE_OK &&
		    espeak_SetVoiceByName("en-us") != EE_OK)
			return ERR_NOTFOUND;
		s.from = j->samples;
		int rc = espeak_Synth(sb_str(&s.text), s.text.n + 1, 0, POS_CHARACTER,
				      0, espeakCHARS_UTF8, NULL, NULL);
		if (rc != EE_OK)
			return ERR_FAIL;
	}
	return 0;
}

int main(void)
{
	int rate = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MS, NULL,
				     espeakINITIALIZE_DONT_EXIT);
	if (rate <= 0)
		return tts_worker_refuse(
			IO_CHILD_FD,
			"espeak-ng cannot start: is espeak-ng-data installed?");
	espeak_SetSynthCallback(on_sound);
	sb_init(&s.text, 64 << 10);
	s.rate = rate;
	struct tts_engine e = { .rate = rate, .say = say };
	int rc = tts_worker_run(IO_CHILD_FD, &e);
	(void)espeak_Terminate();
	sb_done(&s.text);
	return rc;
}
