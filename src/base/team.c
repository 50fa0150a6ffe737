/* team.c: fork and join on one lock and two conditions.
 *
 * team_run puts the work under the lock and wakes the others; each, the caller too, takes the
 * next part until none is left. The last to finish a part wakes the caller. The team owns its
 * threads; the work is borrowed for the time of the call.
 */
#include "team.h"

#include <pthread.h>
#include <stdbool.h>

#include "arena.h"
#include "err.h"

enum { TEAM_MAX = 64 };

struct team {
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	team_fn *fn;              /* the rest under the lock */
	void *arg;
	int parts, next, open;    /* in all, not yet taken, not yet done */
	bool closing;
	int n;                    /* threads started */
	pthread_t thread[TEAM_MAX];
};

/* Takes and does parts until there are none. With the lock held, before and after. */
static void drain(struct team *t)
{
	while (t->next < t->parts) {
		int part = t->next++;
		team_fn *fn = t->fn;
		void *arg = t->arg;

		(void)pthread_mutex_unlock(&t->lock);
		fn(arg, part);
		(void)pthread_mutex_lock(&t->lock);
		if (!--t->open)
			(void)pthread_cond_signal(&t->idle);
	}
}

static void *member(void *arg)
{
	struct team *t = arg;

	(void)pthread_mutex_lock(&t->lock);
	while (!t->closing) {
		drain(t);
		if (!t->closing)
			(void)pthread_cond_wait(&t->work, &t->lock);
	}
	(void)pthread_mutex_unlock(&t->lock);
	return NULL;
}

struct team *team_new(int threads)
{
	struct team *t = xalloc(sizeof(*t));

	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->work, NULL);
	(void)pthread_cond_init(&t->idle, NULL);
	threads = threads > TEAM_MAX ? TEAM_MAX : threads;
	while (t->n < threads - 1 && !pthread_create(&t->thread[t->n], NULL, member, t))
		t->n++;
	return t;
}

void team_free(struct team *t)
{
	if (!t)
		return;
	(void)pthread_mutex_lock(&t->lock);
	t->closing = true;
	(void)pthread_cond_broadcast(&t->work);
	(void)pthread_mutex_unlock(&t->lock);
	for (int i = 0; i < t->n; i++)
		(void)pthread_join(t->thread[i], NULL);
	(void)pthread_cond_destroy(&t->idle);
	(void)pthread_cond_destroy(&t->work);
	(void)pthread_mutex_destroy(&t->lock);
	xfree(t);
}

int team_size(const struct team *t)
{
	return t->n + 1;
}

void team_run(struct team *t, team_fn *fn, void *arg, int parts)
{
	if (!t->n) {
		for (int i = 0; i < parts; i++)
			fn(arg, i);
		return;
	}
	(void)pthread_mutex_lock(&t->lock);
	ASSERT(!t->open);
	t->fn = fn;
	t->arg = arg;
	t->parts = t->open = parts;
	t->next = 0;
	(void)pthread_cond_broadcast(&t->work);
	drain(t);
	while (t->open)
		(void)pthread_cond_wait(&t->idle, &t->lock);
	t->parts = t->next = 0;
	(void)pthread_mutex_unlock(&t->lock);
}
