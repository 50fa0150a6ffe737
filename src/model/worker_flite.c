/* worker_flite.c: English speech by flite (voices cmu_us_slt, female, and cmu_us_rms,
 * male), 16 kHz.
 *
 * The text is said sentence by sentence, each streamed while it is computed (first
 * sound after ~30 ms). flite only knows ASCII: accents are taken off, what it cannot
 * say is left out, and at[] remembers where each byte came from. A mark is sent for
 * each word, before the sound that contains it. */
#include <flite/flite.h>

#include "io.h"
#include "worker.h"

cst_voice *register_cmu_us_slt(const char *voxdir);
cst_voice *register_cmu_us_rms(const char *voxdir);

enum { RATE = 16000, SENTENCE_MAX = 400, CHUNK = 800 };

struct speaker {
	cst_voice *slt, *rms;
};
/* The sentence in hand. */
static struct {
	struct tts_job *job;
	char text[SENTENCE_MAX + 1];
	uint32_t at[SENTENCE_MAX + 1]; /* byte of text -> byte of the job's text */
	size_t n;
	uint32_t from; /* samples of the job before it */
	bool marked;
} s;

/* Marks of all words, once flite knows their times: at the first piece of sound. */
static void send_marks(const cst_utterance *u)
{
	cst_relation *tokens = u ? utt_relation((cst_utterance *)u, "Token") : NULL;
	size_t from = 0;
	for (cst_item *t = tokens ? relation_head(tokens) : NULL; t; t = item_next(t)) {
		cst_item *word = item_daughter(t);
		const char *name =
			item_feat_present(t, "name") ? item_feat_string(t, "name") : "";
		const char *found = strstr(s.text + from, name);
		if (!word || !found)
			continue;
		float begin = ffeature_float(
			word, "R:SylStructure.daughter1.daughter1.R:Segment.p.end");
		size_t k = (size_t)(found - s.text);
		tts_job_mark(s.job, s.at[k], s.from + (uint32_t)(begin * RATE));
		from = k + strlen(name);
	}
}

static int on_sound(const cst_wave *wave, int start, int size, int last,
		    cst_audio_streaming_info *info)
{
	(void)last;
	if (!s.marked) {
		s.marked = true;
		send_marks(info->utt);
	}
	if (size <= 0)
		return CST_AUDIO_STREAM_CONT;
	return tts_job_pcm(s.job, wave->samples + start, (size_t)size) ?
		       CST_AUDIO_STREAM_CONT :
		       CST_AUDIO_STREAM_STOP;
}

/* The next sentence of rest into s.text; false at the end. */
static bool next_sentence(const char *text, size_t *pos)
{
	s.n = 0;
	bool speakable = false;
	size_t len = strlen(text);
	while (*pos < len && s.n < SENTENCE_MAX) {
		sv rest = sv_n(text + *pos, len - *pos);
		const char *was = rest.p;
		uint32_t r = sv_fold(sv_rune(&rest));
		char raw = *was;
		size_t took = (size_t)(rest.p - was);
		char c = r == 0x2019 ? '\'' :
			 r == 0x3002 ? '.' :
			 r < 0x80    ? (took == 1 ? raw : (char)r) :
				       ' ';
		if (c < ' ')
			c = ' ';
		s.at[s.n] = (uint32_t)*pos;
		s.text[s.n++] = c;
		*pos += took;
		speakable = speakable || (c >= '0' && c <= '9') ||
			    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool stop = c == '.' || c == '!' || c == '?' || c == ';';
		bool gap = *pos >= len || text[*pos] == ' ' || text[*pos] == '\n';
		if (stop && gap && speakable)
			break;
		if (c == ' ' && s.n > SENTENCE_MAX - 60)
			break;
	}
	s.text[s.n] = '\0';
	return speakable;
}

static int say(struct tts_job *j, void *arg)
{
	struct speaker *sp = arg;
	cst_voice *v = strstr(j->voice, "slt") ? sp->slt : sp->rms;
	size_t pos = 0;
	feat_set_float(v->features, "duration_stretch", (float)(1.0 / j->rate));
	s.job = j;
	while (!j->stop && pos < strlen(j->text)) {
		if (!next_sentence(j->text, &pos))
			continue;
		s.from = j->samples;
		s.marked = false;
		cst_utterance *u = flite_synth_text(s.text, v);
		if (!u)
			return ERR_FAIL;
		delete_utterance(u);
	}
	return 0;
}

static void stream(cst_voice *v)
{
	cst_audio_streaming_info *info = new_audio_streaming_info();
	info->asc = on_sound;
	info->min_buffsize = CHUNK;
	feat_set(v->features, "streaming_info", audio_streaming_info_val(info));
}

int worker_flite(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)flite_init();
	struct speaker sp = { register_cmu_us_slt(NULL), register_cmu_us_rms(NULL) };
	if (!sp.slt || !sp.rms)
		return tts_worker_refuse(IO_CHILD_FD, "flite has no voice");
	stream(sp.slt);
	stream(sp.rms);
	struct tts_engine e = { .rate = RATE, .say = say, .arg = &sp };
	return tts_worker_run(IO_CHILD_FD, &e);
}
