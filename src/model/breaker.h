/* breaker.h: the circuit breaker of every remote engine; private to model.
 *
 *	if (!breaker_passes(&m->breaker, now))
 *		return ERR_BUSY;
 *	r->probe = breaker_take(&m->breaker);    when the request is really under way
 *	breaker_told(&m->breaker, now, r->probe, ok);   once, when it has ended by itself
 *	breaker_let_go(&m->breaker, r->probe);          or when it was cancelled
 *
 * Three failures in a row open it for 2 s, then one request may probe; when that one fails it is
 * kept open twice as long, at most 8 s. Engines that take no probe (asr, emb) let all through
 * again then. Requests that were under way when it opened do not lengthen it. A zeroed struct is a
 * breaker that lets everything pass. Times are the loop's, ms; a loop's thread owns it. */
#ifndef CALLM_BREAKER_H
#define CALLM_BREAKER_H

#include "base.h"

enum { BREAKER_AFTER = 3, BREAKER_MS = 2000, BREAKER_MAX_MS = 8000 };

struct breaker {
	int failures, open_ms;
	bool open, probing;
	int64_t until_ms;
};

static inline bool breaker_passes(const struct breaker *b, int64_t now)
{
	return !b->open || (!b->probing && now >= b->until_ms);
}

/* True when the request is the one that tries whether the server is back. */
static inline bool breaker_take(struct breaker *b)
{
	b->probing = b->probing || b->open;
	return b->open;
}

static inline void breaker_let_go(struct breaker *b, bool probe)
{
	b->probing = b->probing && !probe;
}

static inline void breaker_told(struct breaker *b, int64_t now, bool probe, bool ok)
{
	breaker_let_go(b, probe);
	if (ok) {
		*b = (struct breaker){ 0 };
		return;
	}
	if (++b->failures < BREAKER_AFTER || (b->open && now < b->until_ms))
		return;
	b->open_ms = b->open_ms ? b->open_ms * 2 : BREAKER_MS;
	b->open_ms = b->open_ms < BREAKER_MAX_MS ? b->open_ms : BREAKER_MAX_MS;
	b->open = true;
	b->until_ms = now + b->open_ms;
}

#endif
