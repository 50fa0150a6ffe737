/* qa_risk.c: why people should look at a conversation: each reason has a weight and is told. Pure.
 * Moods are the customer's. */
#include "qa_review_int.h"
#include "qa_int.h"

struct sum {
	double risk;
	struct sb *b;
	int n;
};

static void add(struct sum *s, double weight, const char *kind, const char *text)
{
	s->risk += weight;
	sb_fmt(s->b, "%s{\"kind\":\"%s\",\"text\":", s->n++ ? "," : "", kind);
	sb_json(s->b, sv_of(text));
	sb_ch(s->b, '}');
}

double qa_risk(const struct qa_talk *t, const struct qa_score *sc, struct sb *why)
{
	struct sum s = { .b = why };
	int angry = 0, refused = 0, unsure = 0, heard = 0, abstain = 0;
	bool complaint = false, alarm = false;
	for (size_t i = 0; i < t->n; i++) {
		const struct qa_line *l = &t->v[i];
		sv mood = jv_get_str(l->body, "emotion");
		bool speech = l->who == QW_CUSTOMER && jv_get(l->body, "asr_confidence");
		angry += l->who == QW_CUSTOMER && sv_eq(l->holder, sc->party) &&
			 (sv_eq(mood, SV("angry")) || sv_eq(mood, SV("frustrated")));
		refused += qa_said_by(l, sc->party) &&
			   sv_eq(jv_get_str(l->body, "action"), SV("decline"));
		heard += speech;
		unsure += speech && jv_get_num(l->body, "asr_confidence", 1) < 0.5;
		complaint |= qa_linked(l, "complaint") ||
			     (qa_is(l, "tool.result") &&
			      sv_eq(jv_get_str(l->body, "tool"), SV("complaint_open")) &&
			      sv_eq(jv_get_str(l->body, "outcome"), SV("done")));
		alarm |= qa_is(l, "alert.supervisor");
	}
	for (size_t i = 0; i < sc->n; i++)
		abstain += sc->marks[i].state == QA_ABSTAIN;
	sb_ch(why, '[');
	if (sc->taboo)
		add(&s, 4, "taboo", "a taboo was broken");
	if (sc->score >= 0 && !sc->passed && !sc->taboo)
		add(&s, 2, "low_score", "below the form's pass mark");
	if (angry)
		add(&s, angry > 1 ? 2 : 1, "upset", "the customer was upset");
	if (alarm)
		add(&s, 1, "alert", "a supervisor was called");
	if (complaint)
		add(&s, 1, "complaint", "a complaint was taken");
	if (refused > 1)
		add(&s, 1, "unanswered", "several questions had no answer");
	if (heard && unsure * 3 > heard)
		add(&s, 1, "unclear", "much was recognised with little certainty");
	if (sc->n && abstain * 2 > (int)sc->n)
		add(&s, 0.5, "abstained", "most points could not be judged");
	sb_ch(why, ']');
	return s.risk;
}
