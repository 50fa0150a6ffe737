/* feel_net.c: the nets that are in the program (models/lang.bin, intent.bin, emotion.bin): what
 * feel_turn asks before it looks at its tables.
 *
 * The tasks lie in the program; they are opened once, by whoever asks first, and kept for good. A
 * question makes its own scratch and gives it back: a few microseconds, and nothing is kept for a
 * thread. Without a net (it was left out of the build, or is broken) the tables answer alone.
 * Answers are rounded to 1/1000: kernels of other processors add in another order, and a recorded
 * conversation must come out the same there. Any thread.
 */
#include "feel_int.h"
#include "feel_task.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const file[FEEL_NETS] = { "lang.bin", "intent.bin", "emotion.bin" };
static const int kind[FEEL_NETS] = { FEEL_LANGUAGE, FEEL_INTENT, FEEL_EMOTION };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct feel_task *task[FEEL_NETS];    /* written once, under once */

/* Opening looked at every byte (checksums); an answer needs a few rows. The pages are the
 * program's own, so they come back by themselves when they are asked for. */
static void let_go(sv bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)bytes.p;
	uintptr_t begin = (from + page - 1) / page * page, end = (from + bytes.n) / page * page;

	if (end > begin)
		(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

static void open_all(void)
{
	struct feel_task *base = feel_task_base(NULL);

	for (int i = 0; i < FEEL_NETS; i++) {
		sv bytes = feel_task_embedded(file[i]);
		task[i] = bytes.n ? feel_task_load_mem(bytes, base, NULL) : NULL;
		if (task[i] && feel_task_kind(task[i]) != kind[i])
			task[i] = feel_task_unref(task[i]);
		let_go(bytes);
	}
	let_go(feel_task_embedded("text_base.bin"));
	feel_task_unref(base);
}

void feel_warm(void)
{
	(void)pthread_once(&once, open_all);
}

static double rounded(double p)
{
	return round(p * 1000) / 1000;
}

bool feel_net(int net, sv text, struct feel_net *out)
{
	struct feel_guess g;

	feel_warm();
	*out = (struct feel_net){ .n = 0 };
	if (!task[net])
		return false;
	struct feel_reader *r = feel_reader_new(task[net]);
	feel_guess(r, text, SV_NULL, &g);
	size_t n = feel_task_labels(task[net]);
	for (size_t i = 0; i < n && i < FEEL_NET_LABELS; i++) {
		out->name[i] = feel_task_label(task[net], i);
		out->p[i] = rounded((double)g.p[i]);
		out->n++;
	}
	out->valence = g.has_value ? rounded((double)g.value[0]) : 0;
	out->arousal = g.has_value ? rounded((double)g.value[1]) : 0;
	feel_reader_free(r);
	return true;
}
