/* digit.c: a spoken word to a label.
 *
 * Windows of 25 ms every 10 ms; what is 33 dB under the loudest one at both ends is silence and
 * cut off, with 30 ms left; how loud it was is taken out. Nine windows side by side make one of
 * 24 steps of the net, however long the word is, and is heard with three lengths of the vocal
 * tract. The net's file carries its labels and its
 * temperature in the card. A loaded net is immutable and counted. */
#include "digit_int.h"

#include <math.h>
#include <string.h>

#define DEEPEST 9.0F             /* what is further below the loudest tells of the room only */
#define SCALE 0.5F               /* to about a spread of one */

struct digit {
	struct nn_net *net;
	int head, n_label;
	float temperature;
	char label[DIGIT_LABELS_MAX][DIGIT_LABEL_BYTES];
};
struct digit_ear {
	struct digit *d;
	struct nn_pass *pass;
	struct digit_ways ways;
};

/* ---- from mel to steps */

const struct digit_cut digit_usual = { DIGIT_SILENT, 3 };

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

/* How loud it is says nothing of the word. The mean of each band would: a word of one vowel is
 * its own mean, so lines are not evened out here but learned to be of no matter. */
static void take_level(float *mel, size_t rows, float top)
{
	for (size_t i = 0; i < rows * PCM_MEL_BANDS; i++)
		mel[i] = (fmaxf(mel[i] - top, -DEEPEST) + DEEPEST / 2) * SCALE;
}

int digit_steps(float *mel, size_t rows, const struct digit_cut *cut, float *out)
{
	size_t from, to;
	float top = -1e30F;
	int n = 0;
	if (rows < 3)
		return 0;
	for (size_t i = 0; i < rows; i++)
		top = fmaxf(top, loudness(mel + i * PCM_MEL_BANDS));
	cut_silence(mel, rows, top, cut, &from, &to);
	mel += from * PCM_MEL_BANDS;
	rows = to - from;
	take_level(mel, rows, top);
	for (; n < DIGIT_STEPS; n++)
		for (int k = -DIGIT_AROUND; k <= DIGIT_AROUND; k++) {
			ptrdiff_t at =
				(ptrdiff_t)((2 * (size_t)n + 1) * rows / (2 * DIGIT_STEPS)) + k;
			at = at < 0 ? 0 : at >= (ptrdiff_t)rows ? (ptrdiff_t)rows - 1 : at;
			memcpy(out + (size_t)n * DIGIT_DIM +
				       (size_t)(k + DIGIT_AROUND) * PCM_MEL_BANDS,
			       mel + at * PCM_MEL_BANDS, PCM_MEL_BANDS * sizeof(*mel));
		}
	return n;
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

bool digit_ways_run(struct digit_ways *w, struct nn_pass *p, int head, const int16_t *s, size_t n,
		    float *logit)
{
	int labels = nn_dim(nn_pass_net(p), head);
	memset(logit, 0, sizeof(*logit) * (size_t)labels);
	for (int k = 0; k < DIGIT_WAYS; k++) {
		size_t rows = pcm_mel_frames(w->mel[k], s, n, 80, w->rows, DIGIT_FRAMES);
		int steps = digit_steps(w->rows, rows, &digit_usual, w->steps);
		if (steps == 0)
			return false;
		nn_run(p, &(struct nn_in){
				  .slot[0] = { .x = w->steps, .steps = (uint32_t)steps } });
		const float *out = nn_out(p, head, NULL);
		for (int i = 0; i < labels; i++)
			logit[i] += out[i] / DIGIT_WAYS;
	}
	return true;
}

/* ---- a loaded net */

static void drop(void *p)
{
	struct digit *d = p;
	d->net = nn_unref(d->net);
}

static int read_card(struct digit *d, struct err *e)
{
	jv *card = jv_parse(nn_card(d->net), NULL);
	const jv *labels = jv_get(card, "labels");
	size_t n = jv_len(labels);
	bool ok = sv_eq(jv_get_str(card, "format"), SV(DIGIT_FORMAT)) && n >= 2 &&
		  n <= DIGIT_LABELS_MAX;
	d->temperature = (float)jv_get_num(card, "temperature", 0);
	ok = ok && d->temperature > 0 && isfinite(d->temperature);
	for (size_t i = 0; ok && i < n; i++) {
		sv s = jv_as_str(jv_at(labels, i));
		ok = s.n > 0 && s.n < DIGIT_LABEL_BYTES;
		if (ok)
			memcpy(d->label[i], s.p, s.n);
	}
	jv_free(card);
	d->n_label = (int)n;
	d->head = nn_find(d->net, "word");
	int in = nn_find(d->net, "in");
	ok = ok && d->head >= 0 && in >= 0 && nn_dim(d->net, in) == DIGIT_DIM &&
	     nn_dim(d->net, d->head) == d->n_label;
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
	const struct digit *d = x->d;
	float logit[DIGIT_LABELS_MAX], p[DIGIT_LABELS_MAX];
	int best = 0;
	*ret_p = 0;
	if (n > (size_t)DIGIT_MAX_MS * PCM_HZ / 1000)
		n = (size_t)DIGIT_MAX_MS * PCM_HZ / 1000;
	if (pcm_peak(s, n) < 32 || !digit_ways_run(&x->ways, x->pass, d->head, s, n, logit))
		return -1;
	nn_softmax(logit, d->n_label, d->temperature, p);
	for (int k = 1; k < d->n_label; k++)
		best = p[k] > p[best] ? k : best;
	*ret_p = p[best];
	return best;
}
