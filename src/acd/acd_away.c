/* acd_away.c: customers who closed the page of their chat while they wait or are served.
 *
 * The door says when a page closes and opens. Who stays away longer than the queue's away_s leaves
 * it, counted as abandoned; the hand-over lives on outside the queue ("away") and enters again when
 * the customer is back, with the time away taken off its wait. After a day nobody expects them. A
 * hand-over whose customer never had a page (REST, messages) is not looked at. Owner's thread,
 * inside a turn.
 */
#include "acd_int.h"

bool acd_parked(const struct ho *h)
{
	return h->kind == HO_LIVE && h->state == HO_REQUESTED && strcmp(h->why, "away") == 0;
}

static int64_t away_ms(const struct acd *a, const struct ho *h)
{
	const struct acd_queue *q = acd_queue_of(a, h);
	return q ? q->away_s * INT64_C(1000) : 0;
}

/* When something is to be done about it; INT64_MAX: nothing. */
static int64_t due_of(const struct acd *a, const struct ho *h)
{
	bool waits = h->in_core && (h->state == HO_QUEUED || h->state == HO_OFFERED);
	int64_t most = away_ms(a, h);
	if (h->away && acd_parked(h))
		return h->away + ACD_AWAY_KEEP_MS;
	return h->away && waits && most ? h->away + most : INT64_MAX;
}

/* The agents it was offered to are told by the machine. */
static void leave(struct acd *a, struct ho *h)
{
	int64_t now = a->now->now, waited = now - h->entered;
	const struct acd_queue *q = acd_queue_of(a, h);
	bool brief = q && waited <= q->short_abandon_s * INT64_C(1000);
	if (acd_core_leave(a->core, sv_of(h->id), SV("left"), now))
		return;
	jv *o = acd_body(h);
	jv_set_str(o, "why", brief ? SV("short_abandoned") : SV("abandoned"));
	jv_set_int(o, "waited_ms", waited);
	jv_set_bool(o, "away", true);
	acd_event(a, "queue.left", sv_of(h->customer), SV("customer"), o);
	h->in_core = false;
	h->state = HO_REQUESTED;
	h->agent[0] = 0;
	h->until = 0;
	sv_copy(h->why, sizeof(h->why), SV("away"));
	acd_touch(a, h);
	acd_tell(a, "handover.page", SV_NULL, h, NULL);
	acd_say(a, h, (struct acd_say){ .kind = WORD_QUEUED, .why = "away", .wait_ms = -1 });
}

/* The conversation is the bot's again and closes as any that is silent. */
static void give_up(struct acd *a, struct ho *h)
{
	jv *o = acd_body(h);
	jv_set_str(o, "why", SV("abandoned"));
	jv_set_int(o, "waited_ms", a->now->now - h->entered);
	acd_event(a, "queue.dropped", sv_of(h->customer), SV("system"), o);
	acd_over(a, h, HO_FAILED, SV("abandoned"));
	acd_tell(a, "handover.failed", SV_NULL, h, NULL);
	acd_say(a, h, (struct acd_say){ .kind = WORD_BACK, .why = "away" });
}

static void enter_again(struct acd *a, struct ho *h)
{
	h->since += a->now->now - h->away;
	h->away = 0;
	a->returned = h;
	if (acd_enter(a, h))
		acd_task_back(a, h, ACD_TRY_MS);
	if (a->returned && h->in_core)       /* offered at once: no place was told */
		acd_say_place(a, h, &(struct acd_out){ .wait_ms = -1 });
	a->returned = NULL;
}

void acd_page(struct acd *a, struct ho *h, bool open)
{
	bool was = h->page, away = h->away != 0;
	if (was && open != away)
		return;
	h->page = true;
	if (open && acd_parked(h))
		enter_again(a, h);
	h->away = open ? 0 : a->now->now;
	acd_touch(a, h);
	if (!open || away) {
		a->away_due = 0;
		acd_tell(a, "handover.page", sv_of(h->agent), h, NULL);
	}
}

void acd_pages_gone(struct acd *a)
{
	size_t it = 0;
	sv key;
	void *p;
	while (map_next(a->hos, &it, &key, &p)) {
		struct ho *h = p;
		if (h->kind == HO_LIVE && ho_is_live(h) && h->page && !h->away)
			acd_page(a, h, false);
	}
}

int64_t acd_away_due(struct acd *a)
{
	size_t it = 0;
	sv key;
	void *p;
	int64_t now = a->now->now, next = INT64_MAX;
	if (a->away_due > now)
		return a->away_due;
	while (map_next(a->hos, &it, &key, &p)) {
		struct ho *h = p;
		if (due_of(a, h) <= now) {
			if (acd_parked(h))
				give_up(a, h);
			else
				leave(a, h);
		}
		int64_t at = due_of(a, h), soon = now + CAL_MINUTE;
		if (h->away && ho_is_live(h) && at > soon)
			at = soon;           /* another queue has another time */
		next = at < next ? at : next;
	}
	a->away_due = next;
	return next;
}
