/* qa_rule.c: the table of rules, and what they share. A rule reads the rows of one conversation for
 * one party and says pass, fail or that it does not apply, with the places that show it. Pure. */
#include "qa_int.h"

#include <stdarg.h>
#include <stdio.h>

static const struct qa_rule rules[] = {
	{ "said_early", "|words|within|", "|words|", qa_run_early },
	{ "said_late", "|words|within|", "|words|", qa_run_late },
	{ "taboo", "|words|", "|words|", qa_run_taboo },
	{ "phrase", "|words|when|topics|", "|words|", qa_run_phrase },
	{ "empathy", "|words|within|", "|words|", qa_run_empathy },
	{ "mood_recovers", "|of|", "|of|", qa_run_mood },
	{ "same_language", "|most|", "", qa_run_language },
	{ "repeated", "|most|", "", qa_run_repeated },
	{ "dead_air", "|seconds|", "|seconds|", qa_run_dead_air },
	{ "cut_in", "|most|seconds|", "", qa_run_cut_in },
	{ "hold_told", "|words|seconds|", "|words|", qa_run_hold },
	{ "response_time", "|seconds|first|", "|seconds|", qa_run_response },
	{ "disclosure", "|words|chat|", "", qa_run_disclosure },
	{ "identity", "|words|when|tools|", "|words|", qa_run_identity },
	{ "promise_recorded", "|when|tools|", "|when|tools|", qa_run_promise },
	{ "read_back", "|words|tools|", "|words|tools|", qa_run_read_back },
	{ "grounded", "|", "", qa_run_grounded },
	{ "survey_offered", "|", "", qa_run_survey },
	{ "other_customer", "|", "", qa_run_others },
	{ "disposition", "|", "", qa_run_disposition },
	{ "transfer_told", "|words|", "|words|", qa_run_transfer },
};

const struct qa_rule *qa_rule_find(sv name)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (sv_eq(name, sv_of(rules[i].name)))
			return &rules[i];
	return NULL;
}

void qa_rule_names(struct sb *out)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		sb_fmt(out, "%s%s", i ? ", " : "", rules[i].name);
}

void qa_set(struct qa_ask *k, enum qa_state s, const char *why)
{
	k->m->state = s;
	k->m->why = sv_of(why);
}

void qa_show(struct qa_ask *k, const struct qa_line *l, size_t start, size_t end)
{
	if (k->m->n_ev == QA_EVIDENCE)
		return;
	k->m->ev[k->m->n_ev++] = (struct qa_evidence){ .seq = l->seq, .turn = l->turn,
						      .start = start, .end = end,
						      .text = qa_cut(l->text, start, end) };
}

void qa_show_line(struct qa_ask *k, const struct qa_line *l)
{
	size_t n = sv_runes(l->text);
	qa_show(k, l, 0, n < 200 ? n : 200);
}

void qa_show_fact(struct qa_ask *k, const struct qa_line *l, const char *fmt, ...)
{
	char b[200];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(b, sizeof(b), fmt, ap);
	va_end(ap);
	if (k->m->n_ev == QA_EVIDENCE)
		return;              /* the last one speaks of another line */
	qa_show(k, l, 0, 0);
	k->m->ev[k->m->n_ev - 1].text = arena_sv(k->a, sv_of(b));
}

size_t qa_next_own(const struct qa_ask *k, size_t i, bool asides)
{
	for (i++; i < k->t->n; i++)
		if (qa_said_by(&k->t->v[i], k->self) && (asides || !k->t->v[i].aside))
			return i;
	return k->t->n;
}

bool qa_is(const struct qa_line *l, const char *kind)
{
	return sv_eq(l->kind, sv_of(kind));
}

bool qa_linked(const struct qa_line *l, const char *type)
{
	return qa_is(l, "ticket.link") &&
	       sv_eq(jv_get_str(l->body, "kind"), SV("conversation")) &&
	       sv_eq(jv_get_str(l->body, "type"), sv_of(type));
}

bool qa_last_party(const struct qa_ask *k)
{
	return k->t->n_parties && sv_eq(k->t->parties[k->t->n_parties - 1], k->self);
}

bool qa_named(const struct qa_list *list, sv name)
{
	for (size_t i = 0; i < list->n; i++)
		if (sv_eq(list->v[i], name))
			return true;
	return false;
}
