/* f_chan_asock.c: messages of AudioSocket from any bytes: what is taken lies within them, is of
 * a known kind and size, comes out the same when put together again, and does not depend on how
 * the bytes were cut. */
#include "chan_asock.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(const struct chan_asock_msg *m, const char *from, const char *to)
{
	static unsigned char again[CHAN_ASOCK_HEAD + CHAN_ASOCK_BODY];
	if (m->body.p < from + CHAN_ASOCK_HEAD || m->body.p + m->body.n > to ||
	    m->body.n > CHAN_ASOCK_BODY)
		__builtin_trap();
	size_t n = chan_asock_put(m->kind, m->body, again, sizeof(again));
	if (n != (size_t)(to - from) || memcmp(again, from, n) != 0)
		__builtin_trap();
	if ((m->kind == CHAN_ASOCK_UUID && m->body.n != 16) ||
	    (m->kind == CHAN_ASOCK_DTMF && m->body.n != 1))
		__builtin_trap();
}

/* How many messages, and *ret_rc of the last try. */
static int whole(sv rest, int *ret_rc)
{
	struct chan_asock_msg m;
	int n = 0;
	for (;;) {
		const char *from = rest.p;
		*ret_rc = chan_asock_next(&rest, &m);
		if (*ret_rc != 1)
			return n;
		check(&m, from, rest.p);
		n++;
	}
}

/* The same, with one byte more each time. */
static int in_pieces(const char *p, size_t n)
{
	struct chan_asock_msg m;
	size_t at = 0;
	int found = 0;
	for (size_t end = 1; end <= n; end++) {
		sv rest = sv_n(p + at, end - at);
		int rc = chan_asock_next(&rest, &m);
		if (rc < 0)
			return found;
		found += rc;
		at = end - rest.n;
	}
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int rc, found = whole(sv_n((const char *)p, n), &rc);
	if (rc == 1 || (rc == 0 && in_pieces((const char *)p, n) != found) ||
	    in_pieces((const char *)p, n) > found)
		__builtin_trap();
	return 0;
}
