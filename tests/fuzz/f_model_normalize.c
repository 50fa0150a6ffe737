/* f_model_normalize.c: any bytes through the speech normaliser in both languages: the
 * output is valid UTF-8 and bounded, the map is monotone and points into the source. */
#include "base.h"
#include "model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(sv in, sv lang)
{
	struct arena a;
	struct sb out;
	uint32_t *map = NULL;
	arena_init(&a, LIM_ARENA_BIG);
	sb_init(&out, LIM_ARENA_BIG);
	int rc = tts_normalize(in, lang, &out, &map, &a);
	ASSERT(rc == 0);
	ASSERT(sv_utf8_ok(sb_sv(&out)));
	ASSERT(out.n <= in.n * 48 + 256);
	for (size_t i = 0; i < out.n; i++) {
		ASSERT(map[i] < in.n);
		ASSERT(i == 0 || map[i] >= map[i - 1]);
	}
	sb_done(&out);
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4096)
		return 0;
	char *exact = xalloc(
		size + !size); /* no byte behind it: reads past the end are seen */
	memcpy(exact, data, size);
	check(sv_n(exact, size), SV("en"));
	check(sv_n(exact, size), SV("zh"));
	xfree(exact);
	return 0;
}
