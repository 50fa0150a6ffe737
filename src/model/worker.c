/* worker.c: `callm worker KIND`: which engine this child process is. A child is one
 * thread and one blocking loop (worker_tts.c, worker_sphinx.c); a crash here ends no
 * call. */
#include <stdio.h>
#include <string.h>

#include "model.h"
#include "worker.h"

static const struct {
	const char *kind;
	int (*run)(int argc, char **argv);
} kinds[] = { { "flite", worker_flite }, { "pocketsphinx", worker_sphinx } };

int model_worker_main(int argc, char **argv)
{
	const char *kind = argc > 0 ? argv[0] : "";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i].kind))
			return kinds[i].run(argc, argv);
	(void)fprintf(stderr,
		      "callm worker: unknown kind \"%s\": flite or pocketsphinx\n",
		      kind);
	return 2;
}
