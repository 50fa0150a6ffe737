/* feel_net.c: the nets that are in the program (models/lang.bin, intent.bin, emotion.bin): what
 * feel_turn asks before it looks at its tables.
 *
 * The tasks lie in the program; they are opened once, by whoever asks first, and kept for good.
 * Whoever asks takes an ear (the scratch of all nets) from a small store and gives it back; the
 * store keeps as many as ever listened at once, EARS at most. What is made of a text, its features
 * and its meaning, is made once for all nets that read alike. Without a net (it was left out of the
 * build, or is broken) the tables answer alone.
 * feel_use puts another task in the place of one of them: ears of before it are not kept any more
 * when they come back, and the tasks they hold go with them.
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
static struct feel_task *own[FEEL_NETS];     /* written once, under once */

enum { EARS = 16, ROOM = 4096 };
struct feel_ear {
	struct feel_task *task[FEEL_NETS];   /* references; NULL: no such net */
	struct feel_reader *r[FEEL_NETS];
	unsigned age;                        /* of the tasks in use when it was made */
	int read;                            /* the net whose reader holds the text */
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct feel_ear *store[EARS];         /* under lock, as all that follow */
static int stored;
static struct feel_task *used[FEEL_NETS];    /* of feel_use; NULL: own */
static unsigned age;

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
		own[i] = bytes.n ? feel_task_load_mem(bytes, base, NULL) : NULL;
		if (own[i] && feel_task_kind(own[i]) != kind[i])
			own[i] = feel_task_unref(own[i]);
		let_go(bytes);
	}
	let_go(feel_task_embedded("text_base.bin"));
	feel_task_unref(base);
}

static struct feel_ear *ear_new(void)
{
	struct feel_ear *x = xalloc(sizeof(*x));

	(void)pthread_mutex_lock(&lock);
	for (int i = 0; i < FEEL_NETS; i++)
		x->task[i] = obj_ref(used[i] ? used[i] : own[i]);
	x->age = age;
	(void)pthread_mutex_unlock(&lock);
	for (int i = 0; i < FEEL_NETS; i++) {
		x->r[i] = x->task[i] ? feel_reader_new(x->task[i]) : NULL;
		if (x->r[i])
			feel_reader_reserve(x->r[i], ROOM);
	}
	return x;
}

struct feel_ear *feel_ear_take(void)
{
	struct feel_ear *x = NULL;

	(void)pthread_once(&once, open_all);
	(void)pthread_mutex_lock(&lock);
	if (stored)
		x = store[--stored];
	(void)pthread_mutex_unlock(&lock);
	return x ? x : ear_new();
}

static void ear_free(struct feel_ear *x)
{
	for (int i = 0; i < FEEL_NETS; i++) {
		feel_reader_free(x->r[i]);
		feel_task_unref(x->task[i]);
	}
	xfree(x);
}

/* A very long text makes an ear large for good; a new one takes its place. */
static bool is_large(const struct feel_ear *x)
{
	for (int i = 0; i < FEEL_NETS; i++)
		if (x->r[i] && feel_reader_room(x->r[i]) > ROOM)
			return true;
	return false;
}

void feel_ear_give(struct feel_ear *x)
{
	if (is_large(x)) {
		ear_free(x);
		x = ear_new();
	}
	(void)pthread_mutex_lock(&lock);
	bool kept = stored < EARS && x->age == age;
	if (kept)
		store[stored++] = x;
	(void)pthread_mutex_unlock(&lock);
	if (!kept)
		ear_free(x);
}

int feel_use(struct feel_task *t, bool emotion)
{
	int net = emotion ? FEEL_NET_EMOTION : FEEL_NET_INTENT, n;
	struct feel_ear *old[EARS];
	struct feel_task *was;

	if (t && (feel_task_kind(t) != kind[net] || feel_task_labels(t) > FEEL_NET_LABELS))
		return ERR_INVAL;
	(void)pthread_mutex_lock(&lock);
	was = used[net];
	if (was == t) {
		(void)pthread_mutex_unlock(&lock);
		return 0;
	}
	used[net] = obj_ref(t);
	age++;
	n = stored;
	memcpy(old, store, sizeof(*old) * (size_t)n);
	stored = 0;
	(void)pthread_mutex_unlock(&lock);
	for (int i = 0; i < n; i++)
		ear_free(old[i]);
	feel_task_unref(was);
	return 0;
}

void feel_warm(int threads)
{
	struct feel_ear *x[EARS];
	int n = threads < 1 ? 1 : threads > EARS ? EARS : threads;

	(void)feel_table(FEEL_T_INTENT);
	for (int i = 0; i < n; i++)
		x[i] = feel_ear_take();
	for (int i = 0; i < n; i++)
		feel_ear_give(x[i]);
}

static double rounded(double p)
{
	return round(p * 1000) / 1000;
}

void feel_ear_read(struct feel_ear *x, int net, sv text)
{
	x->read = net;
	if (x->r[net])
		feel_read(x->r[net], text, SV_NULL);
}

bool feel_ear_say(struct feel_ear *x, int net, struct feel_net *out)
{
	struct feel_guess g;

	out->n = 0;
	if (!x->r[net] || !x->r[x->read])
		return false;
	if (net != x->read && !feel_reads_alike(x->task[net], x->task[x->read]))
		return false;
	feel_guess_read(x->r[net], x->r[x->read], &g);
	size_t n = feel_task_labels(x->task[net]);
	for (size_t i = 0; i < n && i < FEEL_NET_LABELS; i++) {
		out->name[i] = feel_task_label(x->task[net], i);
		out->p[i] = rounded((double)g.p[i]);
		out->n++;
	}
	out->valence = g.has_value ? rounded((double)g.value[0]) : 0;
	out->arousal = g.has_value ? rounded((double)g.value[1]) : 0;
	return true;
}

bool feel_net(int net, sv text, struct feel_net *out)
{
	struct feel_ear *x = feel_ear_take();

	feel_ear_read(x, net, text);
	bool said = feel_ear_say(x, net, out);
	feel_ear_give(x);
	return said;
}
