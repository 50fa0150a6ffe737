/* voice_emotion.c: how well a voice's mood is told. Not part of the server.
 *
 *	voice_emotion rule < LIST     the shipped rule (feel_voice.c): nothing is trained
 *	voice_emotion net < LIST      a small net on the same figures, trained on all speakers but
 *	                              the one it is tested on
 *
 * LIST: WAV<TAB>speaker<TAB>emotion, a clip a line; emotions as in EmoDB: anger fear happiness
 * disgust neutral boredom sadness. Clips go through a telephone first: 8 kHz, mu-law, the energy
 * voice detector. The rule hears each speaker's neutral clips first, ten seconds of them, as a
 * call begins; those are not counted. Then each other clip is a turn. "unknown" is the same
 * without those ten seconds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feel_voice.h"
#include "nn_train.h"

enum { CLIPS_MAX = 4000, SPEAKERS_MAX = 64, CLASSES = 7 };
/* Where a listener puts them between calm and excited: the circumplex model (Russell 1980). */
static const struct {
	const char *name;
	double arousal;
} classes[CLASSES] = { { "anger", 0.9 },    { "fear", 0.8 },    { "happiness", 0.6 },
		       { "disgust", 0.3 },  { "neutral", 0 },   { "boredom", -0.5 },
		       { "sadness", -0.5 } };
enum { ANGER = 0, NEUTRAL = 4 };

#define COUNT(name) +1
enum { NAMED = 0 PCM_PROSODY_SUM(COUNT), FEATS = NAMED + 2 * PCM_PROSODY_MFCC };
struct clip {
	int speaker, emotion;
	struct pcm_prosody_sum sum;
	bool usual;              /* one of those that only make the speaker known */
	float x[FEATS];          /* standardised, for the net */
	double arousal, anger;   /* by the rule */
};
static struct clip clips[CLIPS_MAX];
static size_t n_clips;
static char speakers[SPEAKERS_MAX][16];
static int n_speakers;

/* ---- clips */

static void die(const char *what, const char *of)
{
	fprintf(stderr, "voice_emotion: %s: %s\n", of, what);
	exit(1);
}

static bool prosody_of(const char *path, struct pcm_prosody_sum *ret)
{
	enum { N = PCM_FRAME, BACK = 3, FRAMES = PCM_PROSODY_MAX_MS / PCM_FRAME_MS };
	static bool is[FRAMES];
	struct pcm_clip c = { 0 };
	struct pcm_prosody *p;
	struct pcm_vad v;
	struct err e = { 0 };
	if (pcm_wav_read(path, PCM_HZ, &c, &e) || pcm_prosody_open(&p, PCM_HZ))
		die(e.msg, path);
	uint8_t *line = xalloc(c.n + 1);
	pcm_ulaw_encode(c.s, c.n, line);
	pcm_ulaw_decode(line, c.n, c.s);
	xfree(line);
	size_t frames = c.n / N < FRAMES ? c.n / N : FRAMES;
	pcm_vad_init(&v, NULL);
	for (size_t i = 0; i < frames; i++) {
		bool start = pcm_vad_push(&v, c.s + i * N, N, PCM_NO_ECHO) == PCM_VAD_START;
		is[i] = v.speech && v.voiced;
		for (size_t k = 1; start && k <= BACK && k <= i; k++)
			is[i - k] = true;
	}
	for (size_t i = 0; i < frames; i++)
		(void)pcm_prosody_push(p, c.s + i * N, N, is[i], false);
	bool ok = pcm_prosody_sum(p, ret);
	pcm_prosody_close(p);
	pcm_clip_done(&c);
	return ok;
}

static int speaker_of(const char *name)
{
	for (int i = 0; i < n_speakers; i++)
		if (strcmp(speakers[i], name) == 0)
			return i;
	if (n_speakers == SPEAKERS_MAX)
		die("too many speakers", name);
	snprintf(speakers[n_speakers], sizeof(speakers[0]), "%s", name);
	return n_speakers++;
}

static int class_of(const char *name)
{
	for (int i = 0; i < CLASSES; i++)
		if (strcmp(classes[i].name, name) == 0)
			return i;
	die("no such emotion", name);
	return 0;
}

static void read_list(void)
{
	double known[SPEAKERS_MAX] = { 0 };
	char line[4096];
	int too_short = 0;
	while (n_clips < CLIPS_MAX && fgets(line, sizeof(line), stdin)) {
		char *save, *path = strtok_r(line, "\t\n", &save);
		char *who = strtok_r(NULL, "\t\n", &save), *what = strtok_r(NULL, "\t\n", &save);
		if (!path || !who || !what)
			continue;
		struct clip *c = &clips[n_clips];
		c->speaker = speaker_of(who);
		c->emotion = class_of(what);
		if (!prosody_of(path, &c->sum)) {
			too_short++;
			continue;
		}
		if (c->emotion == NEUTRAL && known[c->speaker] < FEEL_VOICE_USUAL_S) {
			known[c->speaker] += (double)c->sum.speech_s;
			c->usual = true;
		}
		n_clips++;
	}
	printf("%zu clips of %d speakers, %d without voice enough\n", n_clips, n_speakers,
	       too_short);
}

/* ---- figures */

/* How often a clip of one kind scores over one of the other. */
static double auc(const double *score, const bool *yes, const bool *counts)
{
	double wins = 0, pairs = 0;
	for (size_t i = 0; i < n_clips; i++)
		for (size_t j = 0; j < n_clips; j++) {
			if (!counts[i] || !counts[j] || !yes[i] || yes[j])
				continue;
			pairs++;
			wins += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
		}
	return pairs > 0 ? wins / pairs : NAN;
}

static double correlation(void)
{
	double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
	for (size_t i = 0; i < n_clips; i++) {
		double a = clips[i].arousal, b = classes[clips[i].emotion].arousal;
		if (clips[i].usual)
			continue;
		n++;
		x += a;
		y += b;
		xx += a * a;
		yy += b * b;
		xy += a * b;
	}
	return (n * xy - x * y) / sqrt((n * xx - x * x) * (n * yy - y * y));
}

static void print_rule(const char *what)
{
	static double anger[CLIPS_MAX];
	static bool is[CLIPS_MAX], pair[CLIPS_MAX], all[CLIPS_MAX];
	double mean[CLASSES] = { 0 }, arousal[CLASSES] = { 0 }, n[CLASSES] = { 0 };
	for (size_t i = 0; i < n_clips; i++) {
		const struct clip *c = &clips[i];
		anger[i] = c->anger;
		is[i] = c->emotion == ANGER;
		all[i] = !c->usual;
		pair[i] = all[i] && (is[i] || c->emotion == NEUTRAL);
		if (!all[i])
			continue;
		n[c->emotion]++;
		mean[c->emotion] += c->anger;
		arousal[c->emotion] += c->arousal;
	}
	printf("%s: anger against neutral AUC %.3f, against all others %.3f; arousal r %.3f\n",
	       what, auc(anger, is, pair), auc(anger, is, all), correlation());
	for (int k = 0; k < CLASSES; k++)
		printf("  %-9s n %3.0f  mean probability of anger %.2f, arousal %+.2f\n",
		       classes[k].name, n[k], mean[k] / n[k], arousal[k] / n[k]);
}

static void rule(bool known)
{
	struct feel_voice of[SPEAKERS_MAX];
	memset(of, 0, sizeof(of));
	for (size_t i = 0; known && i < n_clips; i++)
		if (clips[i].usual)
			(void)feel_voice_turn(&of[clips[i].speaker], FEEL_LEG_CUSTOMER,
					      &clips[i].sum);
	for (size_t i = 0; i < n_clips; i++) {
		struct feel_voice v = of[clips[i].speaker];
		if (feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &clips[i].sum))
			continue;
		clips[i].arousal = v.arousal;
		clips[i].anger = v.anger;
	}
	print_rule(known ? "known caller" : "unknown caller");
}

/* ---- the net */

/* Against the speaker's neutral clips, in units of the spread of all. */
static void standardise(void)
{
	static double usual[SPEAKERS_MAX][FEATS], n[SPEAKERS_MAX];
	for (size_t i = 0; i < n_clips; i++) {
		struct clip *c = &clips[i];
		int k = 0;
#define TAKE(name) c->x[k++] = c->sum.name;
		PCM_PROSODY_SUM(TAKE)
		for (int m = 0; m < PCM_PROSODY_MFCC; m++) {
			c->x[k++] = c->sum.mfcc_mean[m];
			c->x[k++] = c->sum.mfcc_sd[m];
		}
		n[c->speaker] += c->usual;
		for (k = 0; c->usual && k < FEATS; k++)
			usual[c->speaker][k] += (double)c->x[k];
	}
	for (int k = 0; k < FEATS; k++) {
		double sum = 0;
		for (size_t i = 0; i < n_clips; i++) {
			int s = clips[i].speaker;
			clips[i].x[k] -= (float)(n[s] > 0 ? usual[s][k] / n[s] : 0);
			sum += (double)(clips[i].x[k] * clips[i].x[k]);
		}
		float sd = (float)sqrt(sum / (double)n_clips) + 1e-6F;
		for (size_t i = 0; i < n_clips; i++)
			clips[i].x[k] = fmaxf(-4, fminf(4, clips[i].x[k] / sd));
	}
}

struct batch {
	const int *label;
	int head;
};

static double each(void *arg, struct nn_pass *p, size_t i)
{
	const struct batch *b = arg;
	return nn_ce(nn_out(p, b->head, NULL), CLASSES,
		     &(struct nn_ce){ .label = b->label[i], .smooth = 0.1F }, nn_grad(p, b->head));
}

static void train(struct nn_net *net, const uint32_t *rows, size_t n)
{
	enum { BATCH = 32, EPOCHS = 80 };
	static struct nn_in in[CLIPS_MAX];
	const struct nn_in *ptr[BATCH];
	uint32_t order[CLIPS_MAX];
	int label[BATCH];
	struct batch b = { label, nn_find(net, "emotion") };
	struct rng r;
	struct nn_opt opt = { .rate = 0.003F, .steps = (int)(EPOCHS * (n / BATCH)), .decay = 0.02F,
			      .clip = 1, .seed = 1 };
	struct nn_trainer *t = nn_trainer_new(net, &opt);
	memcpy(order, rows, n * sizeof(*rows));
	rng_seed(&r, 1);
	for (int e = 0; e < EPOCHS; e++) {
		nn_shuffle(order, n, &r);
		for (size_t at = 0; at + BATCH <= n; at += BATCH) {
			for (size_t k = 0; k < BATCH; k++) {
				const struct clip *c = &clips[order[at + k]];
				in[k].slot[0] = (struct nn_slot){ .x = c->x };
				label[k] = c->emotion;
				ptr[k] = &in[k];
			}
			(void)nn_step(t, ptr, BATCH, &(struct nn_loss){ .each = each, .arg = &b });
		}
	}
	nn_trainer_free(t);
}

static void test_speaker(int speaker, int confusion[CLASSES][CLASSES])
{
	static const struct nn_layer layers[] = {
		{ "in", .kind = NN_INPUT, .dim = FEATS },
		{ "thin", .kind = NN_DROP, .drop = 0.2F },
		{ "mid", .kind = NN_DENSE, .dim = 48, .act = NN_GELU, .drop = 0.3F },
		{ "emotion", .kind = NN_DENSE, .dim = CLASSES },
	};
	static uint32_t rows[CLIPS_MAX];
	struct err e = { 0 };
	size_t n = 0;
	struct nn_net *net = nn_new(layers, sizeof(layers) / sizeof(*layers), 1, &e);
	if (!net)
		die(e.msg, "net");
	for (size_t i = 0; i < n_clips; i++)
		if (clips[i].speaker != speaker)
			rows[n++] = (uint32_t)i;
	train(net, rows, n);
	struct nn_pass *p = nn_pass_new(net);
	for (size_t i = 0; i < n_clips; i++) {
		if (clips[i].speaker != speaker || clips[i].usual)
			continue;
		nn_run(p, &(struct nn_in){ .slot[0] = { .x = clips[i].x } });
		const float *out = nn_out(p, nn_find(net, "emotion"), NULL);
		int best = 0;
		for (int k = 0; k < CLASSES; k++)
			best = out[k] > out[best] ? k : best;
		confusion[clips[i].emotion][best]++;
	}
	nn_pass_free(p);
	nn_unref(net);
}

static void net(void)
{
	int confusion[CLASSES][CLASSES] = { 0 };
	double uar = 0, right = 0, all = 0;
	standardise();
	for (int s = 0; s < n_speakers; s++)
		test_speaker(s, confusion);
	for (int k = 0; k < CLASSES; k++) {
		double n = 0;
		printf("  %-9s", classes[k].name);
		for (int j = 0; j < CLASSES; j++) {
			printf(" %4d", confusion[k][j]);
			n += confusion[k][j];
		}
		printf("   recall %.3f\n", confusion[k][k] / n);
		uar += confusion[k][k] / n / CLASSES;
		right += confusion[k][k];
		all += n;
	}
	printf("net, each speaker apart: UAR %.3f, accuracy %.3f\n", uar, right / all);
}

int main(int argc, char **argv)
{
	if (argc != 2 || (strcmp(argv[1], "rule") != 0 && strcmp(argv[1], "net") != 0))
		die("voice_emotion rule|net < LIST", "usage");
	read_list();
	if (strcmp(argv[1], "net") == 0) {
		net();
		return 0;
	}
	rule(true);
	rule(false);
	return 0;
}
