/* pcm_wav.c: WAV files through libsndfile.
 *
 * Reading: header checked first (channels, rate, length bounded), then blocks are mixed
 * down to mono and the whole clip is resampled once. Memory input goes through
 * libsndfile's virtual I/O; no temporary file. Writing a recording: one second is
 * collected, written, and the header brought up to date, so that the file is a valid
 * WAV whenever the process dies. Blocking; owned by one thread at a time.
 */
#include "pcm.h"

#include <errno.h>
#include <sndfile.h>
#include <unistd.h>

enum { MAX_CH = 8, BLOCK = 1024 };

struct mem {
	const uint8_t *p;
	sf_count_t n, at;
};

static sf_count_t mem_len(void *u)
{
	return ((struct mem *)u)->n;
}

static sf_count_t mem_seek(sf_count_t off, int whence, void *u)
{
	struct mem *m = u;
	sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->at : m->n;

	/* a hostile header makes libsndfile seek anywhere: clamp, never overflow */
	if (off > m->n || off < -m->n)
		off = off < 0 ? -m->n : m->n;
	m->at = base + off;
	m->at = m->at < 0 ? 0 : m->at > m->n ? m->n : m->at;
	return m->at;
}

static sf_count_t mem_read(void *to, sf_count_t n, void *u)
{
	struct mem *m = u;
	sf_count_t k = m->n - m->at;

	k = n < k ? n : k;
	if (k <= 0)
		return 0;
	memcpy(to, m->p + m->at, (size_t)k);
	m->at += k;
	return k;
}

static sf_count_t mem_write(const void *p, sf_count_t n, void *u)
{
	return 0;
}

static sf_count_t mem_tell(void *u)
{
	return ((struct mem *)u)->at;
}

static int check(const SF_INFO *in, struct err *e)
{
	if ((in->format & SF_FORMAT_TYPEMASK) != SF_FORMAT_WAV &&
	    (in->format & SF_FORMAT_TYPEMASK) != SF_FORMAT_WAVEX &&
	    (in->format & SF_FORMAT_TYPEMASK) != SF_FORMAT_RF64)
		return err_set(e, ERR_PARSE, "not a WAV file");
	if (in->channels < 1 || in->channels > MAX_CH)
		return err_set(e, ERR_PARSE, "%d channels; 1 to %d are supported",
			       in->channels, (int)MAX_CH);
	if (in->samplerate < 4000 || in->samplerate > 192000)
		return err_set(e, ERR_PARSE,
			       "sample rate %d Hz; 4000 to 192000 are supported",
			       in->samplerate);
	if (in->frames < 0 || in->frames > (sf_count_t)PCM_MAX_SECONDS * in->samplerate)
		return err_set(e, ERR_TOOBIG, "longer than %d s", (int)PCM_MAX_SECONDS);
	return 0;
}

/* Reads what is really there: a header may promise more than the file holds. */
static int16_t *read_mono(SNDFILE *f, const SF_INFO *in, size_t *ret_n)
{
	int16_t buf[BLOCK * MAX_CH], *out = NULL;
	size_t n = 0, cap = 0, max = (size_t)in->frames;
	int ch = in->channels;
	sf_count_t k;

	while (n < max && (k = sf_readf_short(f, buf, BLOCK)) > 0) {
		if (n + (size_t)k > cap) {
			cap = cap ? cap * 2 : 4 * BLOCK;
			out = xrealloc(out, cap * sizeof(*out));
		}
		for (sf_count_t i = 0; i < k; i++) {
			int sum = 0;

			for (int c = 0; c < ch; c++)
				sum += buf[i * ch + c];
			out[n++] = (int16_t)(sum / ch);
		}
	}
	*ret_n = n;
	return out;
}

static int load(SNDFILE *f, const SF_INFO *in, int rate, struct pcm_clip *ret,
		struct err *e)
{
	size_t n = 0, n2 = 0;
	int16_t *s, *s2 = NULL;
	int er = check(in, e);

	if (er)
		return er;
	s = read_mono(f, in, &n);
	if (in->samplerate != rate && n) {
		er = pcm_resample(s, n, in->samplerate, rate, &s2, &n2);
		xfree(s);
		if (er)
			return err_set(e, er, "cannot convert %d Hz to %d Hz",
				       in->samplerate, rate);
		s = s2;
		n = n2;
	}
	*ret = (struct pcm_clip){ .s = s, .n = n, .rate = rate };
	return 0;
}

int pcm_wav_read(const char *path, int rate, struct pcm_clip *ret, struct err *e)
{
	SF_INFO in = { 0 };
	int er;

	if (!file_exists(path))
		return err_set(e, ERR_NOTFOUND, "%s: no such file", path);
	SNDFILE *f = sf_open(path, SFM_READ, &in);

	if (!f)
		return err_set(e, ERR_PARSE, "%s: not a WAV file (%s)", path,
			       sf_strerror(NULL));
	er = load(f, &in, rate, ret, e);
	sf_close(f);
	return er;
}

int pcm_wav_parse(sv bytes, int rate, struct pcm_clip *ret, struct err *e)
{
	SF_VIRTUAL_IO io = { mem_len, mem_seek, mem_read, mem_write, mem_tell };
	struct mem m = { (const uint8_t *)bytes.p, (sf_count_t)bytes.n, 0 };
	SF_INFO in = { 0 };
	int er;

	/* libsndfile knows 25 formats; only the one we serve gets near its parsers */
	if (bytes.n < 12 ||
	    (memcmp(bytes.p, "RIFF", 4) && memcmp(bytes.p, "RF64", 4)) ||
	    memcmp(bytes.p + 8, "WAVE", 4))
		return err_set(e, ERR_PARSE, "not a WAV file");
	SNDFILE *f = sf_open_virtual(&io, SFM_READ, &in, &m);

	if (!f)
		return err_set(e, ERR_PARSE, "not a WAV file (%s)", sf_strerror(NULL));
	er = load(f, &in, rate, ret, e);
	sf_close(f);
	return er;
}

void pcm_clip_done(struct pcm_clip *c)
{
	xfree(c->s);
	*c = (struct pcm_clip){ 0 };
}

int pcm_wav_write(const char *path, const int16_t *s, size_t n, int rate, struct err *e)
{
	struct pcm_wavw *w;
	int er = pcm_wavw_open(&w, path, rate, 1, e);

	if (er)
		return er;
	er = pcm_wavw_put(w, s, NULL, n);
	int er2 = pcm_wavw_close(w);

	if (er || er2)
		return err_set(e, ERR_IO, "%s: cannot write (disk full?)", path);
	return 0;
}

struct pcm_wavw {
	SNDFILE *f;
	int16_t *buf;  /* one second, interleaved */
	size_t n, cap; /* frames */
	int channels, err;
};

int pcm_wavw_open(struct pcm_wavw **ret, const char *path, int rate, int channels,
		  struct err *e)
{
	SF_INFO in = { .samplerate = rate,
		       .channels = channels,
		       .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };

	if (channels < 1 || channels > 2 || rate < 4000 || rate > 192000)
		return err_set(e, ERR_INVAL,
			       "recording needs 1 or 2 channels at 4000 to 192000 Hz");
	SNDFILE *f = sf_open(path, SFM_WRITE, &in);

	if (!f)
		return err_set(e, ERR_IO, "%s: cannot be created (%s)", path,
			       sf_strerror(NULL));
	struct pcm_wavw *w = xalloc(sizeof(*w));

	w->f = f;
	w->channels = channels;
	w->cap = (size_t)rate;
	w->buf = xalloc(w->cap * (size_t)channels * sizeof(*w->buf));
	*ret = w;
	return 0;
}

static void flush(struct pcm_wavw *w)
{
	if (w->n && sf_writef_short(w->f, w->buf, (sf_count_t)w->n) != (sf_count_t)w->n)
		w->err = ERR_IO;
	w->n = 0;
	sf_command(w->f, SFC_UPDATE_HEADER_NOW, NULL, 0);
}

int pcm_wavw_put(struct pcm_wavw *w, const int16_t *left, const int16_t *right,
		 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int16_t *to = w->buf + w->n * (size_t)w->channels;

		to[0] = left ? left[i] : 0;
		if (w->channels == 2)
			to[1] = right ? right[i] : 0;
		if (++w->n == w->cap)
			flush(w);
	}
	return w->err;
}

int pcm_wavw_close(struct pcm_wavw *w)
{
	int er;

	if (!w)
		return 0;
	flush(w);
	er = w->err;
	if (sf_close(w->f))
		er = ERR_IO;
	xfree(w->buf);
	xfree(w);
	return er;
}
