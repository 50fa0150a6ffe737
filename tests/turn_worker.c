/* turn_worker.c: a stand-in for callm-onnx turn: the real worker's loop around an engine that
 * reads its orders out of the sound. The sample in the middle says: 0..10000 = p in
 * ten-thousandths, 20001 = die, 20002 = hang, 20003 = fail. "file=.../refuse" refuses to start. */
#include <stdlib.h>
#include <unistd.h>

#include "io.h"
#include "turn_int.h"

static int judge(void *arg, const int16_t *s, size_t n, double *p)
{
	int order = n ? s[n / 2] : 0;
	(void)arg;
	if (n > TURN_SAMPLES)
		return ERR_TOOBIG;
	if (order == 20001)
		_exit(3);
	while (order == 20002)
		(void)pause();
	if (order < 0 || order > 10000)
		return ERR_FAIL;
	*p = order / 10000.0;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && sv_ends(sv_of(argv[2]), SV("/refuse")))
		return turn_refuse(IO_CHILD_FD, "no weights for this one");
	return turn_serve(IO_CHILD_FD, &(struct turn_engine){ judge, NULL });
}
