/* tel_tmr.c: libre's timers, replaced.
 *
 * libre 1.x and 2.x keep one sorted list; each UDP transaction parks a timer of 32 s in
 * it, so starting a timer of 500 ms walks past all of them: the cost of a call grows
 * with the square of the rate, and 700 calls/s bring it down. libre.so calls its own
 * tmr_* through the PLT, so defining all of them here, in the program, replaces them.
 * Timers are kept in one sorted list per power of two of their delay: within a list new
 * timers belong at the end, and the earliest of all is the earliest of 33 heads. The
 * clock is the monotonic one (libre's is the wall clock: a step of NTP would fire or
 * freeze every timer).
 *
 * The list that libre hands us is its private per-thread list head; libre itself looks
 * at nothing in it, so our table hangs on its tail. All functions must be replaced
 * together: tel_tmr_check proves that they are.
 */
#include "tel_re.h"
#include "tel_int.h"

#include <dlfcn.h>

enum { BUCKETS = 33 };

struct wheel {
	struct list b[BUCKETS];
	uint64_t used; /* bit per list that may hold something */
};

extern struct list *tmrl_get(void);
uint64_t tmr_jiffies_usec(void); /* libre 2.x */

static struct wheel *wheel_of(struct list *l)
{
	if (!l->tail)
		l->tail = xalloc(sizeof(struct wheel));
	return (struct wheel *)(void *)l->tail;
}

uint64_t tmr_jiffies(void)
{
	return (uint64_t)clk_mono_us() / 1000;
}

uint64_t tmr_jiffies_usec(void)
{
	return (uint64_t)clk_mono_us();
}

static struct tmr *earliest(struct wheel *w)
{
	struct tmr *best = NULL;

	for (uint64_t left = w->used; left; left &= left - 1) {
		int i = __builtin_ctzll(left);
		struct tmr *t = list_ledata(w->b[i].head);

		if (!t)
			w->used &= ~(UINT64_C(1) << i);
		else if (!best || t->jfs < best->jfs)
			best = t;
	}
	return best;
}

void tmr_poll(struct list *tmrl)
{
	struct wheel *w = wheel_of(tmrl);
	const uint64_t now = tmr_jiffies();
	struct tmr *t;

	while ((t = earliest(w)) && t->jfs <= now) {
		tmr_h *fn = t->th;
		void *arg = t->arg;

		t->th = NULL;
		list_unlink(&t->le);
		if (fn)
			fn(arg);
	}
}

uint64_t tmr_next_timeout(struct list *tmrl)
{
	struct tmr *t = earliest(wheel_of(tmrl));
	uint64_t now;

	if (!t)
		return 0;
	now = tmr_jiffies();
	return t->jfs <= now ? 1 : t->jfs - now;
}

int tmr_status(struct re_printf *pf, void *unused)
{
	struct wheel *w = wheel_of(tmrl_get());
	uint32_t n = 0;

	for (int i = 0; i < BUCKETS; i++)
		n += list_count(&w->b[i]);
	return re_hprintf(pf, "Timers (%u)\n", n);
}

void tmr_debug(void)
{
	(void)re_fprintf(stderr, "%H", tmr_status, NULL);
}

void tmr_init(struct tmr *tmr)
{
	if (tmr)
		memset(tmr, 0, sizeof(*tmr));
}

void tmr_start(struct tmr *tmr, uint64_t delay, tmr_h *th, void *arg)
{
	struct wheel *w;
	struct list *l;
	struct le *le;
	int i;

	if (!tmr)
		return;
	if (tmr->th)
		list_unlink(&tmr->le);
	tmr->th = th;
	tmr->arg = arg;
	if (!th)
		return;
	tmr->jfs = tmr_jiffies() + delay;
	i = delay ? 64 - __builtin_clzll(delay) : 0;
	i = i < BUCKETS ? i : BUCKETS - 1;
	w = wheel_of(tmrl_get());
	w->used |= UINT64_C(1) << i;
	l = &w->b[i];
	le = l->tail;
	while (le && ((struct tmr *)le->data)->jfs > tmr->jfs)
		le = le->prev;
	if (le)
		list_insert_after(l, le, &tmr->le, tmr);
	else
		list_prepend(l, &tmr->le, tmr);
}

void tmr_cancel(struct tmr *tmr)
{
	tmr_start(tmr, 0, NULL, NULL);
}

uint64_t tmr_get_expire(const struct tmr *tmr)
{
	uint64_t now = tmr_jiffies();

	if (!tmr || !tmr->th)
		return 0;
	return tmr->jfs > now ? tmr->jfs - now : 0;
}

void tel_tmr_done(void)
{
	struct list *l = tmrl_get();

	xfree(l->tail);
	l->tail = NULL;
}

int tel_tmr_check(void)
{
	static const struct {
		const char *name;
		void *fn;
	} ours[] = {
		{ "tmr_start", (void *)tmr_start },
		{ "tmr_cancel", (void *)tmr_cancel },
		{ "tmr_poll", (void *)tmr_poll },
		{ "tmr_next_timeout", (void *)tmr_next_timeout },
		{ "tmr_jiffies", (void *)tmr_jiffies },
		{ "tmr_init", (void *)tmr_init },
		{ "tmr_get_expire", (void *)tmr_get_expire },
		{ "tmr_status", (void *)tmr_status },
		{ "tmr_debug", (void *)tmr_debug },
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		void *seen = dlsym(RTLD_DEFAULT, ours[i].name);

		/* NULL: libre is linked statically, where the linker took ours or
		 * failed */
		if (seen && seen != ours[i].fn)
			return ERR_VERSION;
	}
	return 0;
}
