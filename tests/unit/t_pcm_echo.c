/* t_pcm_echo.c: our own voice coming back over a line, with and without somebody speaking over
 * it: the way is found, followed and forgotten, and a caller little louder than it is heard. */
#include <math.h>

#include "t.h"
#include "pcm.h"


/* Sound like a voice: a pulse train of changing pitch through two resonances, in syllables. */
struct voice {
	double at, pitch, y[4];
	int left, rate;
	bool on, calm;               /* calm: with pauses */
};

static int16_t voice_next(struct voice *v, double level)
{
	if (v->left-- <= 0) {
		v->on = !v->on || rng_below(t_rng(), v->calm ? 4 : 12) > 0;
		v->left = (int)(v->rate / 1000 * (100 + (int)rng_below(t_rng(), 150)));
		v->pitch = 90 + (double)rng_below(t_rng(), 130);
	}
	v->at += v->pitch / v->rate;
	double in = v->at >= 1 ? 40 : rng_normal(t_rng()) * 0.4;
	v->at -= v->at >= 1;
	double f1 = 2 * cos(2 * M_PI * 550 / v->rate) * 0.97, f2 = -0.97 * 0.97;
	double y0 = in + f1 * v->y[0] + f2 * v->y[1];
	v->y[1] = v->y[0];
	v->y[0] = y0;
	double g1 = 2 * cos(2 * M_PI * 1500 / v->rate) * 0.93, g2 = -0.93 * 0.93;
	double z0 = y0 + g1 * v->y[2] + g2 * v->y[3];
	v->y[3] = v->y[2];
	v->y[2] = z0;
	double s = v->on ? z0 * level : z0 * level * 0.01;
	return (int16_t)(s > 32767 ? 32767 : s < -32768 ? -32768 : s);
}

/* A voice at an active level near db; calm: with pauses. */
static int16_t *voice_line(int rate, size_t n, double db, bool calm)
{
	struct voice v = { .rate = rate, .pitch = 120, .calm = calm };
	int16_t *s = xalloc(n * sizeof(*s));
	for (size_t i = 0; i < n; i++)
		s[i] = voice_next(&v, 30);
	double active = 0;
	size_t frames = 0, f = (size_t)rate / 50;
	for (size_t i = 0; i + f <= n; i += f) {
		double level = pcm_dbfs(s + i, f);
		if (level > -45) {
			active += pow(10, level / 10);
			frames++;
		}
	}
	pcm_gain(s, n, db - 10 * log10(active / (double)frames));
	return s;
}

struct line {
	int rate, delay_ms;
	double loss_db;              /* 0 = no echo */
	double tail;                 /* of a second copy 11 ms later, its factor */
	int16_t *ours, *theirs;      /* theirs NULL = silent */
	size_t n;
};
struct ear_ {
	struct pcm_vad vad, plain;   /* plain: without being told of the echo */
	struct pcm_echo *echo;
	int starts, known_ms, voiced_ms, plain_ms;
	int64_t first_ms;            /* of a start after `from` */
	const struct pcm_echo_part *part;
};

static void as_alaw(int16_t *s, size_t n)
{
	uint8_t b[320];
	pcm_alaw_encode(s, n, b);
	pcm_alaw_decode(b, n, s);
}

static void line_frame(const struct line *l, size_t k, size_t f, int16_t *in)
{
	size_t d = (size_t)l->rate * (size_t)l->delay_ms / 1000,
	       d2 = d + (size_t)l->rate * 11 / 1000;
	for (size_t i = 0; i < f; i++) {
		size_t at = k * f + i;
		double v = rng_normal(t_rng()) * 16;
		double g = l->loss_db > 0 ? pow(10, -l->loss_db / 20) : 0;
		if (l->ours && at >= d)
			v += g * l->ours[at - d];
		if (l->ours && at >= d2)
			v += g * l->tail * l->ours[at - d2];
		if (l->theirs)
			v += l->theirs[at];
		in[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : v);
	}
	as_alaw(in, f);
}

static void hear(struct ear_ *e, const struct line *l, size_t from, size_t to)
{
	size_t f = (size_t)l->rate / 50;
	int16_t in[320];
	for (size_t k = from; k < to; k++) {
		const int16_t *tx = l->ours && k ? l->ours + (k - 1) * f : NULL;
		line_frame(l, k, f, in);
		pcm_echo_sent(e->echo, tx, f);
		e->part = pcm_echo_heard(e->echo, in, f, e->vad.floor_db, e->vad.doubt);
		double tx_db = tx ? pcm_dbfs(tx, f) : PCM_NO_ECHO;
		if (pcm_vad_push_e(&e->vad, in, f, tx_db, -1, e->part) == PCM_VAD_START) {
			e->starts++;
			if (e->first_ms < 0)
				e->first_ms = (int64_t)(k - from) * 20;
		}
		e->known_ms += e->part->known ? 20 : 0;
		e->voiced_ms += e->vad.voiced ? 20 : 0;
		pcm_vad_push(&e->plain, in, f, tx_db);
		e->plain_ms += e->plain.voiced ? 20 : 0;
	}
}

static void ear_up(struct ear_ *e, int rate)
{
	*e = (struct ear_){ .first_ms = -1 };
	pcm_vad_init(&e->vad, NULL);
	pcm_vad_init(&e->plain, NULL);
	ASSERT(pcm_echo_open(&e->echo, rate) == 0);
}

TEST(pcm_echo_nothing_of_ours_starts_speech)
{
	static const double loss[] = { 12, 20, 30 };
	for (int i = 0; i < 24; i++) {
		struct ear_ e;
		int rate = i % 2 ? 8000 : 16000;
		struct line l = { .rate = rate, .n = (size_t)rate * 8,
				  .loss_db = loss[i % 3], .delay_ms = 80 + 17 * (i % 11) };
		l.ours = voice_line(rate, l.n, -18, true);
		ear_up(&e, rate);
		hear(&e, &l, 0, 400);
		pcm_echo_close(e.echo);
		xfree(l.ours);
		EQ(e.starts, 0);
		EQ(e.voiced_ms, 0);
		if (l.loss_db < 25)
			CHECK(e.known_ms > 5000);
		CHECK(e.vad.floor_db < -50);
	}
}

TEST(pcm_echo_the_way_is_found_to_the_sample)
{
	struct ear_ e;
	struct line l = { .rate = 8000, .n = 8000 * 6, .loss_db = 15, .delay_ms = 137 };
	l.ours = voice_line(8000, l.n, -18, true);
	ear_up(&e, 8000);
	hear(&e, &l, 0, 290);
	struct pcm_echo_part p = *e.part;
	pcm_echo_close(e.echo);
	xfree(l.ours);
	CHECK(p.known);
	NEAR(p.loss_db, 15, 1);
	CHECK(p.left_db < -15);
}

TEST(pcm_echo_a_caller_little_over_it_is_heard)
{
	int heard = 0;
	int64_t worst = 0;
	for (int i = 0; i < 40; i++) {
		struct ear_ e;
		struct line l = { .rate = 8000, .n = 8000 * 6, .loss_db = i % 2 ? 12 : 20,
				  .delay_ms = 80 + 17 * (i % 11) };
		l.ours = voice_line(8000, l.n, -18, true);
		ear_up(&e, 8000);
		hear(&e, &l, 0, 150);
		EQ(e.starts, 0);
		l.theirs = voice_line(8000, l.n, -18 - l.loss_db + 3, false);
		hear(&e, &l, 150, 200);          /* one second */
		heard += e.starts > 0;
		worst = e.first_ms > worst ? e.first_ms : worst;
		pcm_echo_close(e.echo);
		xfree(l.ours);
		xfree(l.theirs);
	}
	CHECK(heard >= 38);              /* 95 % */
	CHECK(worst <= 800);             /* some begin with a pause */
}

TEST(pcm_echo_a_way_with_a_tail_starts_nothing)
{
	for (int i = 0; i < 10; i++) {
		struct ear_ e;
		struct line l = { .rate = 8000, .n = 8000 * 8, .loss_db = 16, .tail = 0.35,
				  .delay_ms = 90 + 15 * i };
		l.ours = voice_line(8000, l.n, -18, true);
		ear_up(&e, 8000);
		hear(&e, &l, 0, 400);
		pcm_echo_close(e.echo);
		xfree(l.ours);
		EQ(e.starts, 0);
	}
}

TEST(pcm_echo_a_way_that_changes_is_found_again)
{
	struct ear_ e;
	struct line l = { .rate = 8000, .n = 8000 * 20, .loss_db = 12, .delay_ms = 100 };
	l.ours = voice_line(8000, l.n, -18, true);
	ear_up(&e, 8000);
	for (size_t k = 0; k < 900; k += 150) {
		l.delay_ms = 100 + (int)(k / 150) * 20;  /* the line's buffer grows */
		hear(&e, &l, k, k + 150);
		CHECK(e.part->known);
	}
	l.loss_db = 0;
	hear(&e, &l, 900, 999);
	pcm_echo_close(e.echo);
	xfree(l.ours);
	EQ(e.starts, 0);
}

TEST(pcm_echo_a_voice_that_is_not_ours_is_no_echo)
{
	int plain = 0, voiced = 0;
	for (int i = 0; i < 10; i++) {
		struct ear_ e;
		struct line l = { .rate = 8000, .n = 8000 * 6 };
		l.ours = voice_line(8000, l.n, -18, true);
		l.theirs = voice_line(8000, l.n, -20, false);
		ear_up(&e, 8000);
		hear(&e, &l, 0, 300);
		plain += e.plain_ms;
		voiced += e.voiced_ms;
		pcm_echo_close(e.echo);
		xfree(l.ours);
		xfree(l.theirs);
	}
	CHECK(plain > 10 * 1500);
	CHECK(voiced > plain * 2 / 3);  /* a chance likeness does not last */
}

/* A line without echo: a soft caller is heard once we know that nothing comes back. */
TEST(pcm_echo_a_line_without_any_is_learned)
{
	struct ear_ e;
	struct line l = { .rate = 8000, .n = 8000 * 12 };
	l.ours = voice_line(8000, l.n, -16, true);
	ear_up(&e, 8000);
	hear(&e, &l, 0, 400);
	double loss = e.vad.loss_db;
	l.theirs = voice_line(8000, l.n, -28, false);
	hear(&e, &l, 400, 450);
	pcm_echo_close(e.echo);
	xfree(l.ours);
	xfree(l.theirs);
	CHECK(loss > 18);
	CHECK(e.starts > 0);
}

TEST(pcm_echo_silence_and_reset)
{
	struct ear_ e;
	int16_t zero[160] = { 0 };
	ear_up(&e, 8000);
	for (int i = 0; i < 100; i++) {
		pcm_echo_sent(e.echo, i % 2 ? zero : NULL, 160);
		const struct pcm_echo_part *p = pcm_echo_heard(e.echo, zero, 160, -60, true);
		EQ(p->known, false);
		NEAR(p->rest_db, PCM_SILENT_DB, 1e-9);
	}
	struct line l = { .rate = 8000, .n = 8000 * 4, .loss_db = 12, .delay_ms = 100 };
	l.ours = voice_line(8000, l.n, -18, true);
	hear(&e, &l, 0, 150);
	bool known = e.part->known;
	pcm_echo_reset(e.echo);
	bool after = pcm_echo_heard(e.echo, zero, 160, -60, false)->known;
	pcm_echo_close(e.echo);
	pcm_echo_close(NULL);
	xfree(l.ours);
	CHECK(known && !after);
	struct pcm_echo *x = NULL;
	EQ(pcm_echo_open(&x, 44100), ERR_INVAL);
}
