/* chan_tape.c: the recording, frame by frame, held to the wall clock.
 *
 * A frame heard takes the oldest frame sent that is not on the tape yet, so both sides lie
 * where they were on the line (40 ms apart at most). When the loop was late and frames were
 * skipped, the loop's time runs ahead of the count of frames: the gap is filled with silence on
 * both sides, so an offset stays a point in time; a far side whose clock is too fast loses a
 * frame now and then. A write that fails ends the recording and not the call.
 *
 * What must not be kept is silence: while paused or secret both sides; where a card number was
 * said the customer's side, also afterwards; and the tones of keys, found as a decoder finds
 * them (spandsp) and followed until they end. All of it is noted as spans. Owned by its
 * chan_voice; shard's thread. */
#include "chan_tape.h"

#include <stdio.h>
#include <unistd.h>

enum {
	GAP_MS = 40,
	GAP_MAX_MS = 10000,
	AHEAD_MS = 100,              /* more than this, and a frame is left out */
	ULID = 26,
	TONE_BACK_MS = 120,          /* a key is told at most so long after its tone began */
	TONE_AFTER_MS = 40,
	MARGIN_MS = 300,             /* of a word's times */
	LABEL_MAX = 1024,
};

/* The implicit label of GB 45438-2025: one field AIGC with who made it and its number. */
static void label(struct sb *b, const char *producer, sv interaction)
{
	sb_cstr(b, "{\"AIGC\":{\"Label\":\"1\",\"ContentProducer\":");
	sb_json(b, sv_of(producer && *producer ? producer : "callm"));
	sb_cstr(b, ",\"ProduceID\":");
	sb_json(b, interaction);
	sb_cstr(b, ",\"ReservedCode1\":\"\",\"ContentPropagator\":\"\",\"PropagateID\":\"\","
		   "\"ReservedCode2\":\"\"}} The right channel is spoken by an AI system.");
}

static int tape_parts(struct tape *t, const char *comment)
{
	int rc = pcm_wavw_open(&t->wav, t->path, PCM_HZ, 2, comment, NULL);
	if (rc == 0)
		rc = pcm_dtmf_open(&t->dtmf);
	if (rc == 0 && t->rate != PCM_HZ)
		rc = pcm_rs_open(&t->rs_in, t->rate, PCM_HZ, 3);
	if (rc == 0 && t->rate != PCM_HZ)
		rc = pcm_rs_open(&t->rs_out, t->rate, PCM_HZ, 3);
	return rc;
}

void tape_open(struct tape *t, const char *data_dir, sv interaction, int rate,
	       const char *producer)
{
	*t = (struct tape){ .rate = rate };
	if (!data_dir || interaction.n != ULID)
		return;
	snprintf(t->path, sizeof(t->path), "%s/recordings", data_dir);
	if (file_mkdirs(t->path, NULL))
		return;
	snprintf(t->name, sizeof(t->name), "recordings/" SV_FMT ".wav", SV_ARG(interaction));
	snprintf(t->path, sizeof(t->path), "%s/%s", data_dir, t->name);
	struct sb b;
	sb_init(&b, LABEL_MAX);
	label(&b, producer, interaction);
	int rc = tape_parts(t, sb_str(&b));
	sb_done(&b);
	if (rc == 0)
		return;
	tape_discard(t);
	t->name[0] = '\0';
}

/* ---- spans ---- */

/* Joins the last span of its kind when they touch; when the list is full, the last one grows:
 * it says too much rather than too little. */
static void note(struct tape *t, enum tape_why why, int64_t from, int64_t to)
{
	from = from < 0 ? 0 : from;
	for (int i = t->n_spans - 1; i >= 0; i--) {
		struct tape_span *s = &t->spans[i];
		if (s->why != why || s->to_ms < 0)
			continue;
		if (from > s->to_ms + PCM_FRAME_MS && t->n_spans < TAPE_SPANS)
			break;
		s->from_ms = from < s->from_ms ? from : s->from_ms;
		s->to_ms = to < 0 || to > s->to_ms ? to : s->to_ms;
		return;
	}
	if (t->n_spans < TAPE_SPANS)
		t->spans[t->n_spans++] = (struct tape_span){ why, from, to };
}

static void end_span(struct tape *t)
{
	for (int i = 0; i < t->n_spans; i++)
		if (t->spans[i].to_ms < 0)
			t->spans[i].to_ms = t->ms;
}

static void silence_file(struct tape *t, int64_t from_ms, int64_t to_ms)
{
	if (!t->wav ||
	    !pcm_wavw_blank(t->wav, 0, from_ms * PCM_HZ / 1000, to_ms * PCM_HZ / 1000))
		return;
	t->failed = true;
	(void)unlink(t->path);       /* what had to go is still there */
}

void tape_blank(struct tape *t, int64_t from_ms, int64_t to_ms)
{
	if (to_ms <= from_ms)
		return;
	from_ms -= MARGIN_MS;
	to_ms += MARGIN_MS;
	note(t, TAPE_BLANKED, from_ms, to_ms);
	silence_file(t, from_ms, to_ms);
	if (to_ms > t->ms && to_ms > t->blank_to_ms)
		t->blank_to_ms = to_ms;
}

void tape_mode(struct tape *t, enum chan_record how)
{
	if (how == t->mode)
		return;
	end_span(t);
	t->mode = how;
	if (how == CHAN_RECORD_SECRET)
		silence_file(t, t->ms - MARGIN_MS, t->ms);
	if (how != CHAN_RECORD_ON)
		note(t, how == CHAN_RECORD_SECRET ? TAPE_SECRET : TAPE_PAUSED, t->ms, -1);
}

bool tape_hides(const struct tape *t, struct chan_msg *m)
{
	if (m->kind == CHAN_SPEECH_PARTIAL || m->kind == CHAN_SPEECH_LIKELY)
		return tape_secret(t);
	bool secret = tape_secret(t);
	for (int i = 0; i < t->n_spans && m->kind == CHAN_SPEECH_FINAL; i++) {
		const struct tape_span *s = &t->spans[i];
		if (s->why == TAPE_SECRET && m->end_ms > s->from_ms &&
		    (s->to_ms < 0 || m->start_ms < s->to_ms))
			secret = true;
	}
	if (m->kind == CHAN_SPEECH_FINAL && m->text.n && secret)
		m->text = SV(CHAN_MASKED);
	return false;
}

/* ---- keys ---- */

/* Do two tones of the keypad make up this frame? */
static bool is_tone(const int16_t *s, size_t n)
{
	static const double hz[8] = { 697, 770, 852, 941, 1209, 1336, 1477, 1633 };
	double best[2] = { PCM_SILENT_DB, PCM_SILENT_DB };
	for (int i = 0; i < 8; i++) {
		double db = pcm_goertzel_db(s, n, hz[i], PCM_HZ);
		if (db > best[i / 4])
			best[i / 4] = db;
	}
	double low = best[0] < best[1] ? best[0] : best[1];
	/* of a full-scale sine, which is 3 dB below the square wave of pcm_dbfs */
	return low > pcm_dbfs(s, n) - 7 && low > -50;
}

/* The customer's 20 ms, before they go to the tape: true = silence instead. */
static bool hides_tone(struct tape *t, const int16_t *s, size_t n)
{
	bool key = false;
	pcm_dtmf_push(t->dtmf, s, n);
	while (pcm_dtmf_next(t->dtmf))
		key = true;
	if (key)
		silence_file(t, t->ms - TONE_BACK_MS, t->ms);
	if (key || t->tone)
		note(t, TAPE_KEYS, t->ms - (key ? TONE_BACK_MS : 0), t->ms + TONE_AFTER_MS);
	bool was = t->tone;
	t->tone = (key || was) && is_tone(s, n);
	if (was && !t->tone && t->blank_to_ms < t->ms + TONE_AFTER_MS)
		t->blank_to_ms = t->ms + TONE_AFTER_MS;
	return key || was;
}

/* ---- frames ---- */

static void put(struct tape *t, const int16_t *left, const int16_t *right)
{
	static const int16_t silence[400];
	size_t n = (size_t)t->rate / 50;
	int16_t l[400], r[400];
	if (t->wav && t->rs_in) {
		size_t ln = pcm_rs_run(t->rs_in, left, n, l, 400),
		       rn = pcm_rs_run(t->rs_out, right, n, r, 400);
		n = ln < rn ? ln : rn;
		left = l;
		right = r;
	}
	if (t->wav && (hides_tone(t, left, n) || t->ms < t->blank_to_ms))
		left = silence;
	if (t->mode != CHAN_RECORD_ON)
		left = right = silence;
	if (t->wav && pcm_wavw_put(t->wav, left, right, n))
		t->failed = true;
	t->ms += PCM_FRAME_MS;
}

void tape_sent(struct tape *t, const int16_t *frame)
{
	static const int16_t silence[320];
	if (t->n_sent == 2) {        /* nothing is heard: time goes on all the same */
		put(t, silence, t->sent[0]);
		memcpy(t->sent[0], t->sent[1], sizeof(t->sent[0]));
		t->n_sent = 1;
	}
	memcpy(t->sent[t->n_sent++], frame, sizeof(*frame) * (size_t)t->rate / 50);
}

static void fill_gap(struct tape *t, int64_t gap)
{
	static const int16_t silence[320];
	if (gap > GAP_MAX_MS) {
		t->zero_ms += gap - GAP_MAX_MS;
		gap = GAP_MAX_MS;
	}
	if (gap < GAP_MS)
		return;
	for (; gap >= PCM_FRAME_MS; gap -= PCM_FRAME_MS) {
		put(t, silence, silence);
		t->filled_ms += PCM_FRAME_MS;
	}
}

bool tape_heard(struct tape *t, const int16_t *frame, int64_t now_ms)
{
	static const int16_t silence[320];
	if (!t->running) {
		t->running = true;
		t->zero_ms = now_ms - t->ms;
	}
	int64_t gap = now_ms - t->zero_ms - t->ms;
	fill_gap(t, gap);
	if (gap > -AHEAD_MS)
		put(t, frame, t->n_sent ? t->sent[0] : silence);
	if (t->n_sent && --t->n_sent)
		memcpy(t->sent[0], t->sent[1], sizeof(t->sent[0]));
	if (!t->failed || !t->wav)
		return true;
	tape_close(t);
	return false;
}

void tape_close(struct tape *t)
{
	if (t->wav)
		end_span(t);
	if (pcm_wavw_close(t->wav))
		t->failed = true;
	pcm_rs_close(t->rs_in);
	pcm_rs_close(t->rs_out);
	pcm_dtmf_close(t->dtmf);
	t->wav = NULL;
	t->dtmf = NULL;
	t->rs_in = t->rs_out = NULL;
}

void tape_discard(struct tape *t)
{
	bool was = t->wav != NULL;
	tape_close(t);
	if (was)
		(void)unlink(t->path);
}

void tape_json(const struct tape *t, struct sb *b)
{
	static const char *const why[TAPE_WHY_COUNT] = { "paused", "secret", "blanked", "keys" };
	sb_cstr(b, "{\"recording\":");
	sb_json(b, sv_of(t->name));
	sb_fmt(b, ",\"duration_ms\":%lld,\"complete\":%s,\"filled_ms\":%lld,\"spans\":[",
	       (long long)t->ms, t->failed ? "false" : "true", (long long)t->filled_ms);
	for (int i = 0; i < t->n_spans; i++) {
		const struct tape_span *s = &t->spans[i];
		sb_fmt(b, "%s{\"why\":\"%s\",\"from_ms\":%lld,\"to_ms\":%lld}", i ? "," : "",
		       why[s->why], (long long)s->from_ms,
		       (long long)(s->to_ms < 0 ? t->ms : s->to_ms));
	}
	sb_cstr(b, "]}");
}
