/* Fuzz target: WAV bytes from outside (uploads, recordings). */
#include "pcm.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pcm_clip c;

	if (!pcm_wav_parse(sv_n((const char *)p, n), 8000, &c, NULL))
		pcm_clip_done(&c);
	return 0;
}
