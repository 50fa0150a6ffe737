/* qa_rule_time.c: rules over times: silence that we owe, cutting in, holding without a word,
 * time to answer. Sound is timed from the call's start (start_ms, end_ms of the rows); chats by
 * the rows' own times. Pure. */
#include "qa_int.h"

enum { GRACE_MS = 500 };             /* of speaking at the same time: how turns are taken */

static bool timed(const struct qa_line *l)
{
	return l->end_ms > 0;
}

static bool sounds_own(const struct qa_ask *k, const struct qa_line *l)
{
	return timed(l) && qa_said_by(l, k->self);
}

static bool begins_hold(const struct qa_line *l)
{
	sv mode = jv_get_str(l->body, "mode");
	return (qa_is(l, "queue.held") && jv_get_bool(l->body, "on", false)) ||
	       (qa_is(l, "call.party") && sv_eq(mode, SV("on_hold")));
}

static bool ends_hold(const struct qa_line *l)
{
	sv mode = jv_get_str(l->body, "mode");
	return (qa_is(l, "queue.held") && !jv_get_bool(l->body, "on", true)) ||
	       (qa_is(l, "call.party") && sv_eq(mode, SV("talks")));
}

/* Was the customer on hold, or with somebody else, between two lines? asked: being on the way to
 * somebody counts too. */
static bool held_between(const struct qa_ask *k, size_t from, size_t to, bool asked)
{
	for (size_t i = from; i < to && i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (begins_hold(l) || qa_is(l, "call.hold") || qa_is(l, "handover.accepted") ||
		    (asked && (qa_is(l, "call.transfer") || qa_is(l, "handover"))))
			return true;
	}
	return false;
}

/* When anybody next makes a sound after line i ended: 0 = nobody does any more. */
static int64_t next_sound(const struct qa_ask *k, size_t i, size_t *who)
{
	int64_t after = k->t->v[i].end_ms, first = 0;
	for (size_t j = 0; j < k->t->n; j++) {
		const struct qa_line *l = &k->t->v[j];
		if (j == i || !timed(l) || l->end_ms <= after)
			continue;
		if (!first || l->start_ms < first)
			first = l->start_ms, *who = j;
	}
	return first;
}

void qa_run_dead_air(struct qa_ask *k)
{
	bool any = false;
	for (size_t i = 0; i < k->t->n; i++)
		any |= sounds_own(k, &k->t->v[i]);
	for (size_t i = 0; any && i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		size_t j = i;
		if (l->who != QW_CUSTOMER || !timed(l) || !sv_eq(l->holder, k->self))
			continue;
		int64_t at = next_sound(k, i, &j), gap = at - l->end_ms;
		if (k->m->state == QA_NA)
			qa_set(k, QA_PASS, "");
		if (!at || gap <= (int64_t)(k->it->seconds * 1000) ||
		    held_between(k, i, j > i ? j : i, true))
			continue;
		qa_set(k, QA_FAIL, "silence after the customer had spoken");
		qa_show_fact(k, l, "%.1f s", (double)gap / 1000);
	}
}

void qa_run_cut_in(struct qa_ask *k)
{
	int n = 0, most = k->it->most >= 0 ? k->it->most : 0;
	int64_t grace = k->it->seconds > 0 ? (int64_t)(k->it->seconds * 1000) : GRACE_MS;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *own = &k->t->v[i];
		if (!sounds_own(k, own) || own->aside)
			continue;
		if (k->m->state == QA_NA)
			qa_set(k, QA_PASS, "");
		for (size_t j = 0; j < k->t->n; j++) {
			const struct qa_line *c = &k->t->v[j];
			if (c->who != QW_CUSTOMER || !timed(c) || own->start_ms <= c->start_ms ||
			    own->start_ms >= c->end_ms - grace)
				continue;
			if (++n > most)
				qa_set(k, QA_FAIL, "spoke while the customer was speaking");
			qa_show_fact(k, own, "%.1f s over the customer's words",
				     (double)(c->end_ms - own->start_ms) / 1000);
		}
	}
}

/* Before each hold the customer hears that it comes; with `seconds`, none lasts longer. */
void qa_run_hold(struct qa_ask *k)
{
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i], *said = NULL;
		size_t s = 0, e = 0, j;
		if (!begins_hold(l) || !sv_eq(l->holder, k->self))
			continue;
		for (j = i; j-- > 0 && !said;)
			if (qa_said_by(&k->t->v[j], k->self))
				said = &k->t->v[j];
		bool told = said && qa_words_in(said->text, k->it->words, &s, &e);
		for (j = i + 1; j < k->t->n && !ends_hold(&k->t->v[j]); j++)
			;
		int64_t ms = k->t->v[j < k->t->n ? j : k->t->n - 1].ts_ms - l->ts_ms;
		bool long_one = k->it->seconds > 0 && ms > (int64_t)(k->it->seconds * 1000);
		if (!told || long_one)
			qa_set(k, QA_FAIL, told ? "held too long" : "held without a word");
		else if (k->m->state == QA_NA)
			qa_set(k, QA_PASS, "");
		if (long_one)
			qa_show_fact(k, l, "%.0f s", (double)ms / 1000);
		else if (told)
			qa_show(k, said, s, e);
		else
			qa_show_fact(k, l, "held");
	}
}

/* How long the customer's words of line i waited for an answer; negative = it cannot be told. */
static int64_t waited(const struct qa_ask *k, size_t i)
{
	const struct qa_line *c = &k->t->v[i];
	size_t j = qa_next_own(k, i, false);
	if (j == k->t->n || held_between(k, i, j, false))
		return -1;
	if (!k->t->voice)
		return k->t->v[j].ts_ms - c->ts_ms;
	return timed(c) && timed(&k->t->v[j]) ? k->t->v[j].start_ms - c->end_ms : -1;
}

/* From the first unanswered words to the answer; `first`: another limit for the first answer. */
void qa_run_response(struct qa_ask *k)
{
	bool answered = true, began = false;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		bool open = !answered;
		if (qa_said_by(l, k->self) && !l->aside)
			answered = true;
		if (l->who != QW_CUSTOMER || !sv_eq(l->holder, k->self))
			continue;
		answered = false;
		int64_t ms = open ? -1 : waited(k, i);
		if (ms < 0)
			continue;
		double limit = began || k->it->first < 0 ? k->it->seconds : k->it->first;
		began = true;
		if (k->m->state == QA_NA)
			qa_set(k, QA_PASS, "");
		if (ms <= (int64_t)(limit * 1000))
			continue;
		qa_set(k, QA_FAIL, "the answer came late");
		qa_show_fact(k, l, "%.1f s", (double)ms / 1000);
	}
}
