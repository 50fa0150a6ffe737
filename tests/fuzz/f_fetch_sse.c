/* f_fetch_sse.c: any bytes through the SSE splitter, whole and cut: the events must be the same. */
#include <stdlib.h>
#include "fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fuzz_hash(void *arg, sv event, sv data, sv id)
{
	uint64_t *h = arg;
	*h = *h * 31 + sv_hash(event);
	*h = *h * 31 + sv_hash(data);
	*h = *h * 31 + sv_hash(id);
	return 0;
}

static uint64_t fuzz_run(sv s, size_t step)
{
	struct fetch_sse x;
	uint64_t h = 0;
	fetch_sse_init(&x, 2048, fuzz_hash, &h);
	for (size_t i = 0; i < s.n; i += step)
		fetch_sse_feed(&x, sv_slice(s, i, i + step));
	int e = fetch_sse_end(&x);
	fetch_sse_done(&x);
	return e ? (uint64_t)e : h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sv s = sv_n((const char *)data, size);
	uint64_t whole = fuzz_run(s, size + 1);
	if (fuzz_run(s, 1) != whole || fuzz_run(s, 7) != whole)
		abort();
	return 0;
}
