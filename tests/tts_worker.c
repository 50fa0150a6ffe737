/* tts_worker.c: a stand-in for callm-onnx kokoro and piper: the real worker's queue and frames
 * around a voice that is a hum. 100 ms for each word, with a mark; some words are orders: "die"
 * ends the process there, "hang" stops it, "fail" ends the request with an error.
 * "file=.../refuse" refuses to start. The rate is the number in the voice's name, else 24000.
 */
#include <stdlib.h>
#include <unistd.h>

#include "io.h"
#include "worker.h"

enum { WORD_MS = 100, RATE_MAX = 48000 };

static int order(sv word)
{
	if (sv_starts(word, SV("die")))
		_exit(3);
	while (sv_starts(word, SV("hang")))
		(void)pause();
	return sv_starts(word, SV("fail")) ? ERR_FAIL : 0;
}

static int say(struct tts_job *j, void *arg)
{
	static int16_t s[RATE_MAX * WORD_MS / 1000];
	size_t n = (size_t)*(int *)arg * WORD_MS / 1000;
	sv rest = sv_of(j->text), word;
	for (size_t i = 0; i < n; i++)
		s[i] = i % 60 < 30 ? 4000 : -4000;
	while (rest.n) {
		const char *at = rest.p;
		(void)sv_cut(&rest, ' ', &word);
		int rc = order(word);
		if (rc)
			return rc;
		if (!word.n)
			continue;
		tts_job_mark(j, (size_t)(at - j->text), j->samples);
		if (!tts_job_pcm(j, s, n))
			return 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int rate = 24000;
	for (int i = 1; i < argc; i++) {
		sv a = sv_of(argv[i]);
		if (sv_starts(a, SV("file=")) && sv_ends(a, SV("/refuse")))
			return tts_worker_refuse(IO_CHILD_FD, "no weights for this voice");
		if (sv_starts(a, SV("voice=")) && strpbrk(argv[i], "123456789"))
			rate = (int)strtol(strpbrk(argv[i], "123456789"), NULL, 10);
	}
	if (rate < 8000 || rate > RATE_MAX)
		return 2;
	struct tts_engine e = { .rate = rate, .say = say, .arg = &rate };
	return tts_worker_run(IO_CHILD_FD, &e);
}
