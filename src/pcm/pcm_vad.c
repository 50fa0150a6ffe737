/* pcm_vad.c: voice activity by energy.
 *
 * A frame is voiced when it is over_db above the noise floor, above min_db, and above
 * what our own echo could be. The floor is the least smoothed level of the last two
 * seconds: it follows a fan within that time and does not rise in a sentence, whose
 * pauses are more frequent. Frames that our own voice may have caused do not train it:
 * otherwise a speakerphone teaches the floor to ignore the customer. START comes after
 * onset_ms of nearly unbroken voicing, END after hang_ms without. Embedded, one thread.
 *
 * With a probability (pcm_silero.c) that decides instead of the first two; echo is still told by
 * level, for our own voice is a voice too. It falls about 100 ms after the voice: the silence
 * before that is told by level and counted once it has. A line that is all but dead (the far
 * side stopped sending) holds no voice whatever the probability remembers.
 *
 * Our echo is at most the loudest of what we sent in the last 400 ms, less the line's loss. That is
 * taken for 12 dB, and for more once we spoke for two seconds and less came back. A customer who
 * cuts in is no echo: we stand still within 200 ms, and so much changes nothing; more of it, in a
 * few seconds, is our own voice louder than believed. What is known of
 * the echo in this very frame (pcm_echo.c) goes before: then the rest of the frame decides, and a
 * customer hardly louder than the echo is heard.
 *
 * On the noisy 15 clips of the TEN VAD test set (6,487 frames): frames precision 0.84,
 * recall 0.88 between START and END. A pitch measure added to it was tried and brought
 * nothing. With a probability: docs/MODELS.md.
 */
#include "pcm.h"

#define SMOOTH 0.4
enum {
	DIP_MS = 20,     /* one frame of a consonant does not break an onset */
	MIN_FRAMES = 10, /* frames in one minimum */
	LOSS_MS = 2000,  /* of our speech, after which the line's loss is looked at */
	OVER_MS = 600,   /* so much of it louder than an echo of ours is one after all */
};
#define DEAD_DB (-75.0)    /* no voice below */
#define LOSS_TX_DB (-40.0) /* our speech, not its gaps */
#define LOSS_MAX_DB 36.0
#define REST_DB (-2.0)     /* no more than this of our echo is ever told from a voice */
#define DOUBT_DB (-6.0)    /* an echo is not louder, against what we sent */

void pcm_vad_defaults(struct pcm_vad_opts *o)
{
	*o = (struct pcm_vad_opts){ .over_db = 7,
				    .min_db = -48,
				    .echo_margin_db = 3.5,
				    .echo_loss_db = 12,
				    .echo_hold_ms = 400,
				    .onset_ms = 60,
				    .hang_ms = 240,
				    .floor_start_db = -60,
				    .p_on = 0.5,
				    .p_off = 0.35,
				    .loud_db = 3 };
}

void pcm_vad_init(struct pcm_vad *v, const struct pcm_vad_opts *o)
{
	memset(v, 0, sizeof(*v));
	if (o)
		v->o = *o;
	else
		pcm_vad_defaults(&v->o);
	v->floor_db = v->o.floor_start_db;
	v->level_db = v->echo_db = v->rx_max_db = v->over_max_db = PCM_SILENT_DB;
	v->loss_db = v->o.echo_loss_db;
	for (int i = 0; i < PCM_VAD_TX; i++)
		v->tx_db[i] = PCM_SILENT_DB;
}

/* The loudest of what we sent within echo_hold_ms. */
static void note_sent(struct pcm_vad *v, double tx_db)
{
	int n = v->o.echo_hold_ms / PCM_FRAME_MS;
	n = n < 1 ? 1 : n > PCM_VAD_TX ? PCM_VAD_TX : n;
	v->tx_at = (v->tx_at + 1) % n;
	v->tx_db[v->tx_at] = tx_db;
	v->echo_db = PCM_SILENT_DB;
	for (int i = 0; i < n; i++)
		v->echo_db = v->tx_db[i] > v->echo_db ? v->tx_db[i] : v->echo_db;
}

/* While we speak, whatever comes back is our echo or louder. Two seconds of that tell how much is
 * lost at least; a way that is known tells it all. */
static void learn_loss(struct pcm_vad *v, double tx_db, const struct pcm_echo_part *e)
{
	double least = v->o.echo_loss_db;
	if (e && e->known) {
		v->loss_db = e->loss_db < 0           ? 0 :
			     e->loss_db > LOSS_MAX_DB ? LOSS_MAX_DB :
							e->loss_db;
		v->loss_ms = 0;
		v->rx_max_db = PCM_SILENT_DB;
		return;
	}
	if (tx_db < LOSS_TX_DB)
		return;
	double *max = v->sound_ms ? &v->over_max_db : &v->rx_max_db;
	*max = v->level_db > *max ? v->level_db : *max;
	v->over_ms += v->sound_ms ? PCM_FRAME_MS : 0;
	v->loss_ms += PCM_FRAME_MS;
	if (v->loss_ms < LOSS_MS)
		return;
	double heard = v->over_ms >= OVER_MS && v->over_max_db > v->rx_max_db ? v->over_max_db :
										v->rx_max_db;
	double loss = v->echo_db - heard - v->o.echo_margin_db;
	loss = loss > LOSS_MAX_DB ? LOSS_MAX_DB : loss < least ? least : loss;
	v->loss_db += loss < v->loss_db ? loss - v->loss_db : (loss - v->loss_db) / 2;
	v->loss_ms = 0;
	v->over_ms /= 2;
	v->rx_max_db = v->over_max_db = PCM_SILENT_DB;
}

/* The floor is the least smoothed level of the last two seconds, kept as the minima of
 * ten fifths of a second: speech dips to the room's level more often than that. */
static void track_floor(struct pcm_vad *v, bool maybe_echo)
{
	double least;

	if (v->level_db <= PCM_SILENT_DB || maybe_echo)
		return; /* digital silence is no room, and our own voice no noise */
	v->smooth_db = v->n_min ? v->smooth_db + SMOOTH * (v->level_db - v->smooth_db) :
				  v->level_db;
	if (!v->n_min || v->min_frames == MIN_FRAMES) {
		v->min_at = (v->min_at + 1) % PCM_VAD_MINS;
		v->n_min += v->n_min < PCM_VAD_MINS;
		v->min_db[v->min_at] = v->smooth_db;
		v->min_frames = 0;
	}
	v->min_frames++;
	if (v->smooth_db < v->min_db[v->min_at])
		v->min_db[v->min_at] = v->smooth_db;
	least = v->min_db[v->min_at];
	for (int k = 1; k < v->n_min; k++) {
		int at = (v->min_at - k + PCM_VAD_MINS) % PCM_VAD_MINS;

		least = v->min_db[at] < least ? v->min_db[at] : least;
	}
	/* a call that begins with speech must not take it for the room */
	if (v->n_min < PCM_VAD_MINS && least > v->o.floor_start_db)
		least = v->o.floor_start_db +
			(least - v->o.floor_start_db) * v->n_min / PCM_VAD_MINS;
	v->floor_db = least < -75 ? -75 : least > -25 ? -25 : least;
}

int pcm_vad_lull(const struct pcm_vad *v, int ms)
{
	if (v->voiced && v->loud)
		return 0;
	return v->voiced && ms >= PCM_VAD_LAG_MS ? ms : ms + PCM_FRAME_MS;
}

static enum pcm_vad_ev in_speech(struct pcm_vad *v)
{
	if (v->voiced && v->loud) {
		v->quiet_ms = 0;
		v->end_ms = v->pos_ms;
		return PCM_VAD_NONE;
	}
	v->quiet_ms = pcm_vad_lull(v, v->quiet_ms);
	if (v->voiced || v->quiet_ms < v->o.hang_ms)
		return PCM_VAD_NONE;
	v->speech = false;
	v->run_ms = v->quiet_ms = 0;
	return PCM_VAD_END;
}

static enum pcm_vad_ev in_silence(struct pcm_vad *v)
{
	if (!v->voiced) {
		v->quiet_ms += PCM_FRAME_MS;
		if (v->quiet_ms > DIP_MS)
			v->run_ms = 0;
		return PCM_VAD_NONE;
	}
	if (!v->run_ms)
		v->start_ms = v->pos_ms - PCM_FRAME_MS;
	v->quiet_ms = 0;
	v->run_ms += PCM_FRAME_MS;
	if (v->run_ms < v->o.onset_ms)
		return PCM_VAD_NONE;
	v->speech = true;
	v->end_ms = v->pos_ms;
	return PCM_VAD_START;
}

bool pcm_vad_sounds(const struct pcm_vad *v)
{
	return v->level_db > v->floor_db + v->o.over_db && v->level_db > v->o.min_db;
}

static bool is_voice(const struct pcm_vad *v, double p)
{
	if (p < 0)
		return pcm_vad_sounds(v);
	return v->level_db > DEAD_DB && p >= (v->voiced ? v->o.p_off : v->o.p_on);
}

/* More than our own voice coming back? */
static bool is_theirs(struct pcm_vad *v, const struct pcm_echo_part *e)
{
	double margin = v->o.echo_margin_db;
	bool theirs = v->level_db >= v->echo_db - v->loss_db + margin;
	if (e && e->known) {
		double left = e->left_db + 12;
		left = left < REST_DB ? REST_DB : left > margin ? margin : left;
		theirs = e->rest_db >= e->echo_db + left && e->rest_db > v->o.min_db &&
			 e->rest_db > v->floor_db + v->o.loud_db;
	}
	/* an echo too, if its way is another than believed: that is looked for */
	v->doubt = theirs && v->level_db < v->echo_db + DOUBT_DB;
	return theirs;
}

enum pcm_vad_ev pcm_vad_push(struct pcm_vad *v, const int16_t *s, size_t n, double tx_db)
{
	return pcm_vad_push_e(v, s, n, tx_db, -1, NULL);
}

enum pcm_vad_ev pcm_vad_push_p(struct pcm_vad *v, const int16_t *s, size_t n, double tx_db,
			       double p)
{
	return pcm_vad_push_e(v, s, n, tx_db, p, NULL);
}

enum pcm_vad_ev pcm_vad_push_e(struct pcm_vad *v, const int16_t *s, size_t n, double tx_db,
			       double p, const struct pcm_echo_part *e)
{
	v->pos_ms += PCM_FRAME_MS;
	v->level_db = pcm_dbfs(s, n);
	note_sent(v, tx_db);
	double echo = v->echo_db - v->o.echo_loss_db;
	bool maybe_echo = echo > v->floor_db && v->level_db < echo + v->o.echo_margin_db;
	bool theirs = is_theirs(v, e);
	v->voiced = is_voice(v, p) && theirs;
	v->loud = p < 0 || v->level_db > v->floor_db + v->o.loud_db;
	v->sound_ms = theirs && pcm_vad_sounds(v) ? v->sound_ms + PCM_FRAME_MS : 0;
	track_floor(v, maybe_echo || (e && e->known && e->echo_db > v->floor_db));
	learn_loss(v, tx_db, e);
	return v->speech ? in_speech(v) : in_silence(v);
}
