#include "worker.h"
int worker_sphinx(int argc, char **argv)
{
	(void)argc; (void)argv;
	return 1;
}
