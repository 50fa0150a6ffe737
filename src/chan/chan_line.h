/* chan_line.h: a call that another telephone system holds and whose sound reaches us as a stream
 * without a clock: we keep the 20 ms, hear what came, and send one frame a tick, so that hardly
 * anything of ours waits at the far side and what was sent is what was heard. The shard's half
 * of AudioSocket (chan_asock.h) and of media over WebSocket (chan_stream.h).
 *
 *	chan_line_open(&l, &opts);
 *	chan_line_rx(l, samples, n, 8000);       as it comes, any length
 *	chan_line_key(l, '1');
 *	chan_line_gone(l, CHAN_BY_CUSTOMER);     the far side went; on_end is not called
 *	chan_line_free(l);
 *
 * All on the shard's thread.
 */
#ifndef CALLM_CHAN_LINE_H
#define CALLM_CHAN_LINE_H

#include "chan_phone.h"

#define CHAN_LINE_HZ_MAX 192000

struct chan_line;
struct chan_line_opts {
	struct chan_place place;
	const char *data_dir;        /* recordings; NULL = none */
	/* as of chan_voice_opts; its views may end with the call. */
	struct chan_info info;
	int hz;                      /* of the far side; follows what it sends */
	/* nothing came for so long: over, CHAN_BY_TIMEOUT; 0 = never. */
	int silent_ms;
	/* Frames of silence sent ahead when we begin to speak, so that the far side has something
	 * to play while the next frame is late. It forgets them a tick each while we are silent. */
	int lead;
	/* silence is sent too: the far side has no clock of its own. */
	bool steady;
	/* The next 20 ms for the far side: n = hz / 50 samples. */
	void (*on_frame)(void *arg, const int16_t *s, size_t n, int hz);
	void (*on_flush)(void *arg); /* our speech stops: drop what waits; may be NULL */
	/* The conversation is over (by the engine, the shard or a timeout): hang up and free. */
	void (*on_end)(void *arg, enum chan_close_by by);
	void *arg;
};
/* Errors of the engine; ERR_INVAL for a rate that is none. */
int chan_line_open(struct chan_line **ret, const struct chan_line_opts *o);
void chan_line_rx(struct chan_line *l, const int16_t *s, size_t n, int hz);
void chan_line_key(struct chan_line *l, char digit);
/* The far side takes nothing now: our speech waits where it is. */
void chan_line_pause(struct chan_line *l, bool on);
void chan_line_gone(struct chan_line *l, enum chan_close_by by);
void chan_line_free(struct chan_line *l);    /* gone first if need be; accepts NULL */

#endif
