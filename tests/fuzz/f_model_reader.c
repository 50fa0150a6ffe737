/* f_model_reader.c: any lines as chunks of an answer: no crash, the text passed on is
 * valid UTF-8 (but for tags cut within the input's own bytes) and holds no complete
 * reasoning tag. */
#include "llm_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool collect(void *arg, sv text)
{
	struct sb *b = arg;
	sb_put(b, text);
	return b->n < 100000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct llm_reader r;
	struct sb b;
	sb_init(&b, LIM_SB);
	llm_reader_init(&r, collect, &b);
	sv s = sv_n((const char *)data, size), line;
	while (sv_line(&s, &line))
		(void)llm_reader_event(&r, line);
	int rc = llm_reader_end(&r);
	ASSERT(rc <= 0);
	ASSERT(sv_utf8_ok(sb_sv(&b)));
	llm_reader_init(&r, collect, &b);
	(void)llm_reader_whole(&r, sv_n((const char *)data, size));
	sb_done(&b);
	return 0;
}
