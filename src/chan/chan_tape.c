/* chan_tape.c: the recording, frame by frame, held to the wall clock.
 *
 * A frame heard takes the oldest frame sent that is not on the tape yet, so both sides lie
 * where they were on the line (20 ms apart at most). When the loop was late and frames were
 * skipped, the loop's time runs ahead of the count of frames: the gap is filled with silence on
 * both sides, so an offset stays a point in time. A write that fails ends the recording and not
 * the call. Owned by its chan_voice; shard's thread. */
#include "chan_tape.h"

#include <stdio.h>
#include <unistd.h>

enum { GAP_MS = 100, GAP_MAX_MS = 10000, ULID = 26 };

void tape_open(struct tape *t, const char *data_dir, sv interaction, int rate)
{
	*t = (struct tape){ .rate = rate };
	if (!data_dir || interaction.n != ULID)
		return;
	snprintf(t->path, sizeof(t->path), "%s/recordings", data_dir);
	if (file_mkdirs(t->path, NULL))
		return;
	snprintf(t->name, sizeof(t->name), "recordings/" SV_FMT ".wav", SV_ARG(interaction));
	snprintf(t->path, sizeof(t->path), "%s/%s", data_dir, t->name);
	int rc = pcm_wavw_open(&t->wav, t->path, PCM_HZ, 2, NULL);
	if (rc == 0 && rate != PCM_HZ)
		rc = pcm_rs_open(&t->rs_in, rate, PCM_HZ, 3);
	if (rc == 0 && rate != PCM_HZ)
		rc = pcm_rs_open(&t->rs_out, rate, PCM_HZ, 3);
	if (rc == 0)
		return;
	tape_discard(t);
	t->name[0] = '\0';
}

void tape_sent(struct tape *t, const int16_t *frame)
{
	if (t->n_sent < 4)
		memcpy(t->sent[t->n_sent++], frame, sizeof(*frame) * (size_t)t->rate / 50);
}

static void put(struct tape *t, const int16_t *left, const int16_t *right)
{
	size_t n = (size_t)t->rate / 50;
	int16_t l[400], r[400];
	t->ms += PCM_FRAME_MS;
	if (!t->wav)
		return;
	if (t->rs_in) {
		size_t ln = pcm_rs_run(t->rs_in, left, n, l, 400),
		       rn = pcm_rs_run(t->rs_out, right, n, r, 400);
		n = ln < rn ? ln : rn;
		left = l;
		right = r;
	}
	if (pcm_wavw_put(t->wav, left, right, n))
		tape_close(t);
}

void tape_heard(struct tape *t, const int16_t *frame, int64_t now_ms)
{
	static const int16_t silence[320];
	if (!t->running) {
		t->running = true;
		t->zero_ms = now_ms;
	}
	int64_t gap = now_ms - t->zero_ms - t->ms;
	if (gap > GAP_MAX_MS) {
		t->zero_ms += gap - GAP_MAX_MS;
		gap = GAP_MAX_MS;
	}
	if (gap >= GAP_MS)
		for (; gap >= PCM_FRAME_MS; gap -= PCM_FRAME_MS)
			put(t, silence, silence);
	put(t, frame, t->n_sent ? t->sent[0] : silence);
	if (t->n_sent)
		memmove(t->sent[0], t->sent[1], sizeof(t->sent[0]) * (size_t)--t->n_sent);
}

void tape_close(struct tape *t)
{
	pcm_wavw_close(t->wav);
	pcm_rs_close(t->rs_in);
	pcm_rs_close(t->rs_out);
	t->wav = NULL;
	t->rs_in = t->rs_out = NULL;
}

void tape_discard(struct tape *t)
{
	bool was = t->wav != NULL;
	tape_close(t);
	if (was)
		(void)unlink(t->path);
}
