/* pcm_wav.c: WAV files through libsndfile.
 *
 * Reading: we find the fmt and data chunks ourselves and show libsndfile only these
 * two, through its virtual I/O: its parsers for a dozen other chunks hang on some
 * hostile sizes (found by fuzzing: a LIST chunk of 4 GiB). Channels, rate and length
 * are bounded, blocks are mixed down to mono and the whole clip is resampled once.
 *
 * Writing a recording: one second is collected, written, and the header brought up to
 * date, so that the file is a valid WAV whenever the process dies. A comment stands in
 * front of the sound (LIST/INFO). What must not stay is blanked where it lies, in the
 * second collected or in the file. Blocking; owned by one thread at a time.
 */
#include "pcm.h"

#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_CH = 8, BLOCK = 1024, FMT_MAX = 64, MAX_CHUNKS = 64 };

/* Where the bytes come from: memory or a file. */
struct src {
	const uint8_t *p;
	int fd; /* when p is NULL */
	int64_t n;
};

/* What libsndfile gets to see: a header made of the fmt chunk alone, then the sound. */
struct view {
	const struct src *src;
	uint8_t head[12 + 8 + FMT_MAX + 8];
	int64_t head_n, data_at, data_n, at;
};

static size_t src_read(const struct src *s, int64_t at, void *to, size_t n)
{
	ssize_t k;

	if (at < 0 || at >= s->n)
		return 0;
	if ((int64_t)n > s->n - at)
		n = (size_t)(s->n - at);
	if (s->p) {
		memcpy(to, s->p + at, n);
		return n;
	}
	k = pread(s->fd, to, n, at);
	return k > 0 ? (size_t)k : 0;
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* PCM, float, A-law, mu-law, extensible: the rest are codecs that nobody needs here. */
static bool fmt_ok(const uint8_t *f, uint32_t n)
{
	unsigned tag = f[0] | (unsigned)f[1] << 8;

	return n >= 16 &&
	       (tag == 1 || tag == 3 || tag == 6 || tag == 7 || tag == 0xfffe);
}

static void view_head(struct view *v, const uint8_t *fmt, uint32_t fmt_n)
{
	uint32_t data = (uint32_t)v->data_n;
	uint8_t *h = v->head;

	memcpy(h, "RIFF", 4);
	put32(h + 4, 4 + 8 + fmt_n + 8 + data);
	memcpy(h + 8, "WAVEfmt ", 8);
	put32(h + 16, fmt_n);
	memcpy(h + 20, fmt, fmt_n);
	memcpy(h + 20 + fmt_n, "data", 4);
	put32(h + 24 + fmt_n, data);
	v->head_n = 28 + fmt_n;
}

/* Finds the fmt and data chunks. A data chunk may claim more than there is (a recording
 * cut short); any other chunk must fit. */
static int view_open(struct view *v, const struct src *s, struct err *e)
{
	uint8_t h[12], fmt[FMT_MAX];
	uint32_t fmt_n = 0, n;
	int64_t at = 12;

	*v = (struct view){ .src = s };
	if (src_read(s, 0, h, 12) != 12 || memcmp(h, "RIFF", 4) ||
	    memcmp(h + 8, "WAVE", 4))
		return err_set(e, ERR_PARSE, "not a WAV file");
	for (int i = 0; i < MAX_CHUNKS && src_read(s, at, h, 8) == 8; i++) {
		n = le32(h + 4);
		at += 8;
		if (!memcmp(h, "data", 4) && fmt_n) {
			v->data_at = at;
			v->data_n = n < s->n - at ? n : s->n - at;
			view_head(v, fmt, fmt_n);
			return 0;
		}
		if (n > s->n - at)
			return err_set(e, ERR_PARSE, "WAV file with a broken chunk");
		if (!memcmp(h, "fmt ", 4)) {
			if (n > FMT_MAX || src_read(s, at, fmt, n) != n ||
			    !fmt_ok(fmt, n))
				return err_set(e, ERR_PARSE,
					       "WAV file that is not PCM");
			fmt_n = n;
		}
		at += (int64_t)n + (n & 1);
	}
	return err_set(e, ERR_PARSE, "WAV file without sound");
}

static sf_count_t view_len(void *u)
{
	const struct view *v = u;

	return v->head_n + v->data_n;
}

static sf_count_t view_seek(sf_count_t off, int whence, void *u)
{
	struct view *v = u;
	sf_count_t len = view_len(u);
	sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? v->at : len;

	if (off > len || off < -len)
		off = off < 0 ? -len : len;
	v->at = base + off;
	v->at = v->at < 0 ? 0 : v->at > len ? len : v->at;
	return v->at;
}

static sf_count_t view_read(void *to, sf_count_t n, void *u)
{
	struct view *v = u;
	uint8_t *out = to;
	sf_count_t done = 0, k;

	if (n <= 0)
		return 0;
	if (v->at < v->head_n) {
		k = v->head_n - v->at;
		k = n < k ? n : k;
		memcpy(out, v->head + v->at, (size_t)k);
		v->at += k;
		done = k;
	}
	k = v->head_n + v->data_n - v->at;
	k = n - done < k ? n - done : k;
	if (k > 0) {
		k = (sf_count_t)src_read(v->src, v->data_at + v->at - v->head_n,
					 out + done, (size_t)k);
		v->at += k;
		done += k;
	}
	return done;
}

static sf_count_t view_write(const void *p, sf_count_t n, void *u)
{
	return 0;
}

static sf_count_t view_tell(void *u)
{
	return ((struct view *)u)->at;
}

static int check(const SF_INFO *in, struct err *e)
{
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

static int from_src(const struct src *s, int rate, struct pcm_clip *ret, struct err *e)
{
	SF_VIRTUAL_IO io = { view_len, view_seek, view_read, view_write, view_tell };
	struct view v;
	SF_INFO in = { 0 };
	SNDFILE *f;
	int er = view_open(&v, s, e);

	if (er)
		return er;
	f = sf_open_virtual(&io, SFM_READ, &in, &v);
	if (!f)
		return err_set(e, ERR_PARSE, "WAV file that is not PCM (%s)",
			       sf_strerror(NULL));
	er = load(f, &in, rate, ret, e);
	sf_close(f);
	return er;
}

int pcm_wav_read(const char *path, int rate, struct pcm_clip *ret, struct err *e)
{
	struct src s = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
	struct err in = { 0 };
	struct stat st;
	int er = s.fd < 0 ? err_from_errno(errno) : 0;

	if (er)
		return err_set(e, er, "%s: %s", path, err_text(er));
	if (fstat(s.fd, &st) || !S_ISREG(st.st_mode)) {
		close(s.fd);
		return err_set(e, ERR_PARSE, "%s: not a file", path);
	}
	s.n = st.st_size;
	er = from_src(&s, rate, ret, &in);
	close(s.fd);
	return er ? err_set(e, er, "%s: %s", path, in.msg) : 0;
}

int pcm_wav_parse(sv bytes, int rate, struct pcm_clip *ret, struct err *e)
{
	static const uint8_t none[1];
	struct src s = { .p = bytes.p ? (const uint8_t *)bytes.p : none,
			 .n = (int64_t)bytes.n };

	return from_src(&s, rate, ret, e);
}

void pcm_clip_done(struct pcm_clip *c)
{
	xfree(c->s);
	*c = (struct pcm_clip){ 0 };
}

int pcm_wav_write(const char *path, const int16_t *s, size_t n, int rate, struct err *e)
{
	struct pcm_wavw *w = NULL;
	int er = pcm_wavw_open(&w, path, rate, 1, NULL, e);

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
	int fd;        /* the same file: what is written can be blanked */
	int64_t data_at, done; /* of its first frame; frames in the file */
	int16_t *buf;  /* one second, interleaved */
	size_t n, cap; /* frames */
	int channels, err;
};

static int create(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(e, ERR_IO, "%s: cannot be created (%s)", path,
			       err_text(err_from_errno(errno)));
	return fd;
}

/* Strings go in front of the sound, so that they are there whenever the process dies. */
static int label(struct pcm_wavw *w, const char *comment)
{
	if (comment && sf_set_string(w->f, SF_STR_COMMENT, comment))
		return ERR_IO;
	if (comment && sf_set_string(w->f, SF_STR_SOFTWARE, "callm"))
		return ERR_IO;
	sf_command(w->f, SFC_UPDATE_HEADER_NOW, NULL, 0);

	struct src s = { .fd = w->fd };
	struct stat st;
	struct view v;

	if (fstat(w->fd, &st))
		return ERR_IO;
	s.n = st.st_size;
	if (view_open(&v, &s, NULL))
		return ERR_IO;
	w->data_at = v.data_at;
	return 0;
}

int pcm_wavw_open(struct pcm_wavw **ret, const char *path, int rate, int channels,
		  const char *comment, struct err *e)
{
	SF_INFO in = { .samplerate = rate,
		       .channels = channels,
		       .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };

	if (channels < 1 || channels > 2 || rate < 4000 || rate > 192000)
		return err_set(e, ERR_INVAL,
			       "recording needs 1 or 2 channels at 4000 to 192000 Hz");
	int fd = create(path, e);

	if (fd < 0)
		return fd;
	SNDFILE *f = sf_open_fd(fd, SFM_WRITE, &in, SF_FALSE);

	if (!f) {
		close(fd);
		return err_set(e, ERR_IO, "%s: cannot be created (%s)", path,
			       sf_strerror(NULL));
	}
	struct pcm_wavw *w = xalloc(sizeof(*w));

	w->f = f;
	w->fd = fd;
	w->channels = channels;
	w->cap = (size_t)rate;
	w->buf = xalloc(w->cap * (size_t)channels * sizeof(*w->buf));
	if (label(w, comment)) {
		pcm_wavw_close(w);
		return err_set(e, ERR_IO, "%s: cannot be written", path);
	}
	*ret = w;
	return 0;
}

static void flush(struct pcm_wavw *w)
{
	if (w->n && sf_writef_short(w->f, w->buf, (sf_count_t)w->n) != (sf_count_t)w->n)
		w->err = ERR_IO;
	else
		w->done += (int64_t)w->n;
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

static void silence(int16_t *s, size_t frames, int channels, int ch)
{
	for (size_t i = 0; i < frames; i++)
		for (int c = 0; c < channels; c++)
			if (ch < 0 || c == ch)
				s[i * (size_t)channels + (size_t)c] = 0;
}

/* What lies in the file already: read, silenced, written back. */
static int blank_file(struct pcm_wavw *w, int ch, int64_t from, int64_t to)
{
	int16_t s[BLOCK * 2];
	size_t size = sizeof(*s) * (size_t)w->channels;

	while (from < to) {
		size_t n = to - from < BLOCK ? (size_t)(to - from) : BLOCK;
		off_t at = (off_t)(w->data_at + from * (int64_t)size);

		if (pread(w->fd, s, n * size, at) != (ssize_t)(n * size))
			return ERR_IO;
		silence(s, n, w->channels, ch);
		if (pwrite(w->fd, s, n * size, at) != (ssize_t)(n * size))
			return ERR_IO;
		from += (int64_t)n;
	}
	return 0;
}

int pcm_wavw_blank(struct pcm_wavw *w, int ch, int64_t from, int64_t to)
{
	int64_t all = w->done + (int64_t)w->n;

	from = from < 0 ? 0 : from;
	to = to > all ? all : to;
	if (to <= from)
		return 0;
	if (to > w->done) {
		int64_t a = from > w->done ? from - w->done : 0;

		silence(w->buf + a * w->channels, (size_t)(to - w->done - a), w->channels,
			ch);
	}
	return blank_file(w, ch, from, to < w->done ? to : w->done);
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
	if (close(w->fd))
		er = ERR_IO;
	xfree(w->buf);
	xfree(w);
	return er;
}
