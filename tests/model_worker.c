/* model_worker.c: a small program with callm's "worker" command only, so that unit
 * tests need no callm binary. */
#include <string.h>

#include "model.h"

int main(int argc, char **argv)
{
	if (argc < 3 || strcmp(argv[1], "worker") != 0)
		return 2;
	return model_worker_main(argc - 2, argv + 2);
}
