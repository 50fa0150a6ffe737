/* t_model_fake.h: a tiny HTTP server on a raw socket for tests: says exactly the bytes
 * it was told, in the pieces and with the pauses it was told. In the test's own loop.
 */
#ifndef CALLM_T_MODEL_FAKE_H
#define CALLM_T_MODEL_FAKE_H

#include "base.h"

enum { FAKE_PIECES = 16, FAKE_ANSWERS = 8, FAKE_CONNS = 256 };

struct fake_answer {
	const char *pieces[FAKE_PIECES]; /* sent one by one; NULL ends */
	int gap_ms;                      /* between pieces; 0 = 2 */
	int repeat_ms; /* say the last piece again and again, for ever; 0 = once */
	bool stall; /* after the pieces: keep the connection open, silent */
	bool reset; /* end with a TCP reset */
};
struct fake {
	struct loop *loop;
	int fd, port;
	struct loop_io io;
	const struct fake_answer *answers; /* the k-th request gets the k-th, the last
					      one again and again */
	size_t n_answers, requests, closed_by_peer;
	int64_t closed_us; /* when the last one did */
	/* Instead of answers: what to say to this request (head and body). */
	const struct fake_answer *(*pick)(void *arg, struct fake *f, sv request);
	void *arg;
	struct sb last; /* the last request, head and body */
	struct fake_conn *conns[FAKE_CONNS];
};
void fake_open(struct fake *f, struct loop *l, const struct fake_answer *a, size_t n);
void fake_close(struct fake *f);

#endif
