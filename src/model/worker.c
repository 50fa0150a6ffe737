/* worker.c: `callm worker KIND`: which engine this child process is. A child is one
 * thread and one blocking loop (worker_tts.c, worker_sphinx.c); a crash here ends no
 * call. */
#include <stdio.h>
#include <unistd.h>
#include <string.h>

#include "model.h"
#include "model_exe.h"
#include "worker.h"

static const struct {
	const char *kind;
	int (*run)(int argc, char **argv);
} kinds[] = { { "flite", worker_flite }, { "pocketsphinx", worker_sphinx } };

/* Engines that are programs of their own beside this one; those of callm-onnx are told which. */
static const struct {
	const char *kind, *program;
	bool tell;
} programs[] = {
	{ "llama", "callm-llama", false },   { "whisper", "callm-whisper", false },
	{ "e5", "callm-embed", false },	     { "espeak", "callm-espeak", false },
	{ "kokoro", "callm-onnx", true },    { "piper", "callm-onnx", true },
	{ "turn", "callm-onnx", true },
};

/* Becomes the program; returns only when it is not there. Before argv[0], the kind, stands
 * "worker". */
static int become(size_t i, char **argv)
{
	char *path = model_exe(NULL, programs[i].program);
	if (path)
		(void)execv(path, programs[i].tell ? argv - 1 : argv);
	xfree(path);
	(void)fprintf(
		stderr,
		"callm worker: %s is not beside callm; build it (./run.sh --build-only)\n",
		programs[i].program);
	return 1;
}

int model_worker_main(int argc, char **argv)
{
	const char *kind = argc > 0 ? argv[0] : "";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i].kind))
			return kinds[i].run(argc, argv);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (!strcmp(kind, programs[i].kind))
			return become(i, argv);
	(void)fprintf(stderr,
		      "callm worker: unknown kind \"%s\": flite, pocketsphinx, llama, whisper, e5, "
		      "espeak, kokoro, piper or turn\n",
		      kind);
	return 2;
}
