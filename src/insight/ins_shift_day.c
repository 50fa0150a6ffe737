/* ins_shift_day.c: the day itself: pauses moved, shifts made longer or shorter, and who kept to
 * the plan. Pure. */
#include "ins_shift.h"

#include <string.h>

enum { WORK = 100000000 };           /* steps of a search for pauses: a fraction of a second */

static void add(const struct ins_shift *k, int slots, int by, int *cover)
{
	for (int t = k->from; t < k->from + k->length; t++)
		if (t >= 0 && t < slots && ins_shift_works(k, t))
			cover[t] += by;
}

static int lack_of(const int *cover, const int *need, int slots, int now)
{
	int lack = 0;
	for (int t = now; t < slots; t++)
		lack += need[t] > cover[t] ? need[t] - cover[t] : 0;
	return lack;
}

/* What the lack would change by with the pause of d at `at`. */
static int change_if(const struct ins_duty *d, int at, const int *cover, const int *need,
		     int slots, int now)
{
	int old = d->shift.from + d->shift.pause_at, to = d->shift.from + at, n = d->shift.pause;
	int change = 0;
	for (int k = 0; k < n; k++) {
		int back = old + k, gone = to + k;
		if (back >= now && back < slots && (back < to || back >= to + n))
			change -= need[back] > cover[back];
		if (gone >= now && gone < slots && (gone < old || gone >= old + n))
			change += need[gone] >= cover[gone];
	}
	return change;
}

/* The pause whose move helps most; false: none helps, or *work is used up. */
static bool best_pause(const struct ins_duty *duty, size_t n, const int *cover, const int *need,
		       int slots, int now, size_t *work, struct ins_move *ret)
{
	int least = 0;
	for (size_t i = 0; i < n; i++) {
		const struct ins_shift *k = &duty[i].shift;
		int first = duty[i].pause_first > 1 ? duty[i].pause_first : 1;
		int last = k->length - k->pause - 1;
		if (!k->pause || k->from + k->pause_at < now)
			continue;
		first = now - k->from > first ? now - k->from : first;
		last = duty[i].pause_last < last ? duty[i].pause_last : last;
		for (int at = first; at <= last && *work < WORK; at++) {
			int by = change_if(&duty[i], at, cover, need, slots, now);
			*work += (size_t)k->pause;
			if (by < least) {
				least = by;
				*ret = (struct ins_move){ INS_MOVE_PAUSE, i, k->from + at };
			}
		}
	}
	return least < 0;
}

/* Who ends where people lack stays on, one slot at a time. */
static bool best_longer(const struct ins_duty *duty, size_t n, const int *cover, const int *need,
			int slots, int now, struct ins_move *ret)
{
	int worst = 0;
	for (size_t i = 0; i < n; i++) {
		int end = duty[i].shift.from + duty[i].shift.length;
		if (duty[i].longer_max > 0 && end >= now && end < slots &&
		    need[end] - cover[end] > worst) {
			worst = need[end] - cover[end];
			*ret = (struct ins_move){ INS_MOVE_LONGER, i, end + 1 };
		}
	}
	return worst > 0;
}

/* The one who can go earliest without being missed. */
static bool best_leave(const struct ins_duty *duty, size_t n, const int *cover, const int *need,
		       int slots, int now, struct ins_move *ret)
{
	int most = 0;
	for (size_t i = 0; i < n; i++) {
		const struct ins_shift *k = &duty[i].shift;
		int end = k->from + k->length, t;
		end = end < slots ? end : slots;
		t = end;
		if (!duty[i].may_leave || end <= now)
			continue;
		while (t > now && t > k->from + 1 && ins_shift_works(k, t - 1) &&
		       cover[t - 1] > need[t - 1])
			t--;
		if (end - t > most) {
			most = end - t;
			*ret = (struct ins_move){ INS_MOVE_LEAVE, i, t };
		}
	}
	return most > 0;
}

static void apply(struct ins_duty *duty, const struct ins_move *m, int slots, int *cover)
{
	struct ins_shift *k = &duty[m->duty].shift;
	add(k, slots, -1, cover);
	if (m->kind == INS_MOVE_PAUSE)
		k->pause_at = m->slot - k->from;
	else
		k->length = m->slot - k->from;
	if (m->kind == INS_MOVE_LONGER)
		duty[m->duty].longer_max--, duty[m->duty].may_leave = false;
	else if (m->kind == INS_MOVE_LEAVE)
		duty[m->duty].may_leave = false;
	add(k, slots, 1, cover);
}

size_t ins_shift_replan(struct ins_duty *duty, size_t n, const int *need, int slots, int now,
			struct ins_move *ret, size_t max, int *short_by)
{
	int cover[INS_SHIFT_SLOTS] = { 0 };
	size_t moves = 0, work = 0;
	struct ins_move m;
	slots = slots < INS_SHIFT_SLOTS ? slots : INS_SHIFT_SLOTS;
	now = now > 0 ? now : 0;
	for (size_t i = 0; i < n; i++)
		add(&duty[i].shift, slots, 1, cover);
	while (moves < max && (best_pause(duty, n, cover, need, slots, now, &work, &m) ||
			       best_longer(duty, n, cover, need, slots, now, &m) ||
			       best_leave(duty, n, cover, need, slots, now, &m))) {
		apply(duty, &m, slots, cover);
		ret[moves++] = m;
	}
	if (short_by)
		*short_by = lack_of(cover, need, slots, now);
	return moves;
}

static int first_of(const unsigned char *v, int minutes)
{
	for (int i = 0; i < minutes; i++)
		if (v[i])
			return i;
	return -1;
}

static int last_of(const unsigned char *v, int minutes)
{
	for (int i = minutes; i-- > 0;)
		if (v[i])
			return i;
	return -1;
}

void ins_adherence(const unsigned char *planned, const unsigned char *done, int minutes,
		   struct ins_adherence *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < minutes; i++) {
		ret->planned += planned[i] != 0;
		ret->kept += planned[i] && planned[i] == done[i];
		ret->work_planned += planned[i] == 1;
		ret->work_done += done[i] == 1;
	}
	int from = first_of(planned, minutes), to = last_of(planned, minutes);
	int began = first_of(done, minutes), ended = last_of(done, minutes);
	if (from < 0)
		return;
	ret->late = began < 0 ? ret->planned : began > from ? began - from : 0;
	ret->early = began < 0 ? 0 : ended < to ? to - ended : 0;
}
