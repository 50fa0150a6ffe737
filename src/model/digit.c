/* digit.c: a spoken word to a label.
 *
 * Windows of 25 ms every 10 ms; what is softer at both ends is silence and cut off; how loud it
 * was is taken out. A step of the net is a window; convolutions over moments and bands find
 * what sounds are made of a little higher or lower, sooner or later. A word is heard with three
 * lengths of the vocal tract, its ends cut two ways. Beside it there may be a second net in the
 * file, for the vector that a recogniser makes of the sound; both then have a say. The net's file
 * carries its labels and its temperatures in the card. A loaded net is immutable and counted. */
#include "digit_int.h"

#include <math.h>
#include <string.h>

#define DEEPEST 9.0F             /* what is further below the loudest tells of the room only */
#define SCALE 0.5F               /* to about a spread of one */

struct digit {
	struct nn_net *net;
	struct digit_heads heads;
	int n_label;
	float temperature, temperature_by;       /* by the sound; and by the vector, too */
	char sense[DIGIT_SENSE_BYTES], lang[4];
	char label[DIGIT_LABELS_MAX][DIGIT_LABEL_BYTES];
};
struct digit_ear {
	struct digit *d;
	struct nn_pass *pass;
	struct digit_ways ways;
};

/* ---- from mel to steps */

static float loudness(const float *row)
{
	float best = row[0];
	for (int b = 1; b < PCM_MEL_BANDS; b++)
		best = fmaxf(best, row[b]);
	return best;
}

/* Leaves rows [*from, *to). */
static void cut_silence(const float *mel, size_t rows, float top, const struct digit_cut *cut,
			size_t *from, size_t *to)
{
	size_t a = 0, b = rows;
	while (a < b && loudness(mel + a * PCM_MEL_BANDS) < top - cut->silent)
		a++;
	while (b > a && loudness(mel + (b - 1) * PCM_MEL_BANDS) < top - cut->silent)
		b--;
	size_t margin = (size_t)cut->margin;
	*from = a > margin ? a - margin : 0;
	*to = b + margin < rows ? b + margin : rows;
}

/* Where step n of so many is among the rows: evenly, or with the pace leaning this way or that. */
static float place(const struct digit_cut *cut, int n, int steps, size_t rows)
{
	float u = ((float)n + 0.5F) / (float)steps, pi = (float)M_PI;
	u += cut->lean[0] * sinf(pi * u) / pi + cut->lean[1] * sinf(2 * pi * u) / (2 * pi);
	float at = u * (float)rows - 0.5F;
	return at < 0 ? 0 : at > (float)(rows - 1) ? (float)(rows - 1) : at;
}

/* How loud it is says nothing of the word and is taken out. The mean of each band would: a word
 * of one vowel is its own mean. */
int digit_steps(const float *mel, size_t rows, const struct digit_cut *cut, float *out)
{
	size_t from, to;
	float top = -1e30F;
	if (rows < 3)
		return 0;
	for (size_t i = 0; i < rows; i++)
		top = fmaxf(top, loudness(mel + i * PCM_MEL_BANDS));
	cut_silence(mel, rows, top, cut, &from, &to);
	mel += from * PCM_MEL_BANDS;
	rows = to - from;
	int steps = (int)rows;
	steps = steps < DIGIT_STEPS_MIN ? DIGIT_STEPS_MIN :
		steps > DIGIT_STEPS     ? DIGIT_STEPS :
					  steps;
	for (int n = 0; n < steps; n++, out += PCM_MEL_BANDS) {
		float at = place(cut, n, steps, rows);
		const float *a = mel + (size_t)at * PCM_MEL_BANDS;
		const float *b = (size_t)at + 1 < rows ? a + PCM_MEL_BANDS : a;
		float part = at - floorf(at);
		for (int k = 0; k < PCM_MEL_BANDS; k++) {
			float v = a[k] + part * (b[k] - a[k]) - top;
			out[k] = (fmaxf(v, -DEEPEST) + DEEPEST / 2) * SCALE;
		}
	}
	return steps;
}

/* ---- heard several ways */

void digit_ways_open(struct digit_ways *w)
{
	static const double warp[DIGIT_WAYS] = { 1, 0.9, 1.11 };
	for (int k = 0; k < DIGIT_WAYS; k++)
		w->mel[k] = pcm_mel_new(warp[k]);
}

void digit_ways_close(struct digit_ways *w)
{
	for (int k = 0; k < DIGIT_WAYS; k++)
		pcm_mel_free(w->mel[k]);
}

static void add(const struct nn_pass *p, int head, int labels, float *logit)
{
	const float *out = nn_out(p, head, NULL);
	for (int i = 0; i < labels; i++)
		logit[i] += out[i] / (DIGIT_WAYS * DIGIT_CUTS);
}

bool digit_ways_run(struct digit_ways *w, struct nn_pass *p, const struct digit_heads *heads,
		    const int16_t *s, size_t n, const float *v, float *logit)
{
	/* Some people draw out a soft f or s before the vowel, of others it is cut off. */
	static const struct digit_cut cut[DIGIT_CUTS] = { { 7.5F, 3, { 0 } }, { 5, 2, { 0 } } };
	int labels = nn_dim(nn_pass_net(p), heads->word);
	size_t rows = 0;
	v = heads->fits < 0 ? NULL : v;
	memset(logit, 0, sizeof(*logit) * (size_t)labels);
	for (int k = 0; k < DIGIT_WAYS * DIGIT_CUTS; k++) {
		if (k % DIGIT_CUTS == 0)
			rows = pcm_mel_frames(w->mel[k / DIGIT_CUTS], s, n, 80, w->rows,
					      DIGIT_FRAMES);
		int steps = digit_steps(w->rows, rows, &cut[k % DIGIT_CUTS], w->steps);
		if (steps == 0)
			return false;
		nn_run(p, &(struct nn_in){
				  .slot[0] = { .x = w->steps, .steps = (uint32_t)steps },
				  .slot[1] = { .x = v } });
		add(p, heads->word, labels, logit);
		if (v)
			add(p, heads->fits, labels, logit);
	}
	return true;
}

/* ---- a loaded net */

static void drop(void *p)
{
	struct digit *d = p;
	d->net = nn_unref(d->net);
}

/* A second head, whose vectors it is for, and how sure it is with them: all three or none. */
static bool read_sense(struct digit *d, const jv *card)
{
	sv sense = jv_get_str(card, "sense"), lang = jv_get_str(card, "lang");
	int in = nn_find(d->net, "said");
	d->heads.fits = nn_find(d->net, "fits");
	if (d->heads.fits < 0)
		return !sense.n;
	d->temperature_by = (float)jv_get_num(card, "temperature_by", 0);
	sv_copy(d->sense, sizeof(d->sense), sense);
	sv_copy(d->lang, sizeof(d->lang), lang);
	return sense.n && sense.n < sizeof(d->sense) && lang.n && lang.n < sizeof(d->lang) &&
	       d->temperature_by > 0 && isfinite(d->temperature_by) && in >= 0 &&
	       nn_dim(d->net, in) == ASR_VEC_DIM && nn_dim(d->net, d->heads.fits) == d->n_label;
}

static int read_card(struct digit *d, struct err *e)
{
	jv *card = jv_parse(nn_card(d->net), NULL);
	const jv *labels = jv_get(card, "labels");
	size_t n = jv_len(labels);
	sv format = jv_get_str(card, "format");
	bool ok = sv_eq(format, SV(DIGIT_FORMAT)) && n >= 2 && n <= DIGIT_LABELS_MAX;
	bool old = sv_eq(format, SV("callm digits 1"));
	d->temperature = (float)jv_get_num(card, "temperature", 0);
	ok = ok && d->temperature > 0 && isfinite(d->temperature);
	for (size_t i = 0; ok && i < n; i++) {
		sv s = jv_as_str(jv_at(labels, i));
		ok = s.n > 0 && s.n < DIGIT_LABEL_BYTES;
		if (ok)
			memcpy(d->label[i], s.p, s.n);
	}
	d->n_label = (int)n;
	ok = ok && read_sense(d, card);
	jv_free(card);
	if (old)
		return err_set(e, ERR_VERSION,
			       "it is of an older version; train it again (callm train digits)");
	d->heads.word = nn_find(d->net, "word");
	int in = nn_find(d->net, "in");
	ok = ok && d->heads.word >= 0 && in >= 0 && nn_dim(d->net, in) == PCM_MEL_BANDS &&
	     nn_dim(d->net, d->heads.word) == d->n_label;
	return ok ? 0 : err_set(e, ERR_CORRUPT, "it is no net of spoken words");
}

static struct digit *from_net(struct nn_net *net, struct err *e)
{
	if (!net)
		return NULL;
	struct digit *d = obj_new(sizeof(*d), drop);
	d->net = net;
	if (read_card(d, e) == 0)
		return d;
	obj_unref(d);
	return NULL;
}

struct digit *digit_load(const char *path, struct err *e)
{
	return from_net(nn_load(path, e), e);
}

struct digit *digit_load_mem(sv data, struct err *e)
{
	return from_net(nn_load_mem(data, e), e);
}

void *digit_unref(struct digit *d)
{
	obj_unref(d);
	return NULL;
}

size_t digit_labels(const struct digit *d)
{
	return (size_t)d->n_label;
}

sv digit_label(const struct digit *d, int i)
{
	return i >= 0 && i < d->n_label ? sv_of(d->label[i]) : SV_NULL;
}

sv digit_sense(const struct digit *d)
{
	return sv_of(d->sense);
}

sv digit_sense_lang(const struct digit *d)
{
	return sv_of(d->lang);
}

/* ---- hearing */

struct digit_ear *digit_ear_new(struct digit *d)
{
	struct digit_ear *x = xalloc(sizeof(*x));
	x->d = obj_ref(d);
	x->pass = nn_pass_new(d->net);
	digit_ways_open(&x->ways);
	return x;
}

void digit_ear_free(struct digit_ear *x)
{
	if (!x)
		return;
	nn_pass_free(x->pass);
	digit_ways_close(&x->ways);
	obj_unref(x->d);
	xfree(x);
}

int digit_hear(struct digit_ear *x, const int16_t *s, size_t n, float *ret_p)
{
	return digit_hear_by(x, s, n, NULL, ret_p);
}

int digit_hear_by(struct digit_ear *x, const int16_t *s, size_t n, const float *v, float *ret_p)
{
	const struct digit *d = x->d;
	float logit[DIGIT_LABELS_MAX], p[DIGIT_LABELS_MAX];
	int best = 0;
	*ret_p = 0;
	if (n > (size_t)DIGIT_MAX_MS * PCM_HZ / 1000)
		n = (size_t)DIGIT_MAX_MS * PCM_HZ / 1000;
	if (pcm_peak(s, n) < 32 ||
	    !digit_ways_run(&x->ways, x->pass, &d->heads, s, n, v, logit))
		return -1;
	nn_softmax(logit, d->n_label,
		   v && d->heads.fits >= 0 ? d->temperature_by : d->temperature, p);
	for (int k = 1; k < d->n_label; k++)
		best = p[k] > p[best] ? k : best;
	*ret_p = p[best];
	return best;
}
