/* cmd_worker.c: `callm worker KIND`: a speech engine in a process of its own; the server starts
 * it. */
#include "app_int.h"
#include "model.h"

int cmd_worker(int argc, char **argv)
{
	if (argc < 2)
		return cli_fail("which engine? flite, pocketsphinx, llama, whisper, e5, espeak, "
				"kokoro, piper or turn (the server starts workers itself)"),
		       2;
	return model_worker_main(argc - 1, argv + 1);
}
