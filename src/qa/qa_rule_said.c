/* qa_rule_said.c: rules over words: greeting, closing, forbidden words, required phrases, words for
 * somebody who is upset, the customer's language, repeats. Pure. */
#include "qa_int.h"

/* One of the first `within` (2) things they said greets. */
void qa_run_early(struct qa_ask *k)
{
	int within = k->it->within > 0 ? k->it->within : 2, seen = 0;
	const struct qa_line *first = NULL;
	size_t s, e;
	for (size_t i = 0; i < k->t->n && seen < within; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (!qa_said_by(l, k->self))
			continue;
		if (qa_words_in(l->text, k->it->words, &s, &e)) {
			qa_set(k, QA_PASS, "");
			qa_show(k, l, s, e);
			return;
		}
		seen += !l->aside;
		first = first ? first : l;
	}
	if (!first)
		return;
	qa_set(k, QA_FAIL, "none of the words near the beginning");
	qa_show_line(k, first);
}

/* One of the last `within` (3) things they said asks or says goodbye so. Whom the customer left, or
 * who passed the customer on, is not blamed. */
void qa_run_late(struct qa_ask *k)
{
	int within = k->it->within > 0 ? k->it->within : 3, seen = 0;
	const struct qa_line *last = NULL;
	size_t s, e;
	for (size_t i = k->t->n; i-- > 0 && seen < within;) {
		const struct qa_line *l = &k->t->v[i];
		if (!qa_said_by(l, k->self) || l->aside)
			continue;
		if (qa_words_in(l->text, k->it->words, &s, &e)) {
			qa_set(k, QA_PASS, "");
			qa_show(k, l, s, e);
			return;
		}
		last = last ? last : l;
		seen++;
	}
	if (!last || !qa_last_party(k) || sv_eq(k->t->ended_by, SV("customer")) ||
	    sv_eq(k->t->ended_by, SV("timeout")))
		return;
	qa_set(k, QA_FAIL, "none of the words near the end");
	qa_show_line(k, last);
}

void qa_run_taboo(struct qa_ask *k)
{
	size_t s, e;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (!qa_said_by(l, k->self))
			continue;
		if (k->m->state == QA_NA)
			qa_set(k, QA_PASS, "");
		if (!qa_words_in(l->text, k->it->words, &s, &e))
			continue;
		qa_set(k, QA_FAIL, "forbidden words");
		qa_show(k, l, s, e);
	}
}

/* Where the topic came up while this party was in charge: a customer's intent or words, or a
 * flow. */
static size_t topic_at(const struct qa_ask *k)
{
	const struct qa_item *it = k->it;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (!sv_eq(l->holder, k->self))
			continue;
		if (l->who == QW_CUSTOMER &&
		    (qa_named(&it->topics, jv_get_str(l->body, "intent")) ||
		     qa_words_in(l->text, it->when, NULL, NULL)))
			return i;
		if (qa_is(l, "flow.saved") && qa_named(&it->topics, jv_get_str(l->body, "flow")))
			return i;
	}
	return k->t->n;
}

/* Who speaks of the topic hears the words; without topics and `when`, always. */
void qa_run_phrase(struct qa_ask *k)
{
	bool always = !k->it->topics.n && !k->it->when[0].n && !k->it->when[1].n;
	size_t at = always ? 0 : topic_at(k), s, e;
	const struct qa_line *last = NULL;
	for (size_t i = at; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (!qa_said_by(l, k->self))
			continue;
		last = l;
		if (!qa_words_in(l->text, k->it->words, &s, &e))
			continue;
		qa_set(k, QA_PASS, "");
		qa_show(k, l, s, e);
		return;
	}
	if (!last)
		return;
	qa_set(k, QA_FAIL, "the phrase was not said");
	qa_show_line(k, always ? last : &k->t->v[at]);
}

static bool upset(const struct qa_line *l)
{
	static const char *const kinds[] = { "angry", "frustrated", "sad", "anxious" };
	sv is = jv_get_str(l->body, "emotion");
	if (l->who != QW_CUSTOMER || jv_get_num(l->body, "emotion_p", 0) < 0.5)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (sv_eq(is, sv_of(kinds[i])))
			return true;
	return false;
}

/* The first time the customer is upset, one of the next `within` (2) answers says so. */
void qa_run_empathy(struct qa_ask *k)
{
	int within = k->it->within > 0 ? k->it->within : 2, seen = 0;
	size_t i = 0, s, e;
	while (i < k->t->n && !(upset(&k->t->v[i]) && sv_eq(k->t->v[i].holder, k->self)))
		i++;
	if (i == k->t->n)
		return;
	const struct qa_line *who = &k->t->v[i];
	while (seen < within && (i = qa_next_own(k, i, false)) < k->t->n) {
		seen++;
		if (!qa_words_in(k->t->v[i].text, k->it->words, &s, &e))
			continue;
		qa_set(k, QA_PASS, "");
		qa_show(k, &k->t->v[i], s, e);
		return;
	}
	if (!seen)
		return;
	qa_set(k, QA_FAIL, "the customer was upset and it was passed over");
	qa_show_line(k, who);
}

/* The customer's valence at the end against its lowest, while this party was in charge. */
void qa_run_mood(struct qa_ask *k)
{
	const struct qa_line *low = NULL, *last = NULL;
	double least = 0, now = 0;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		const jv *v = jv_path(l->body, "mood.valence");
		if (l->who != QW_CUSTOMER || !jv_is_num(v) || !sv_eq(l->holder, k->self))
			continue;
		now = jv_as_num(v, 0);
		last = l;
		if (now < least)
			least = now, low = l;
	}
	if (!low || least > -0.3)
		return;
	bool better = last != low && (now >= least + 0.2 || now > -0.2);
	qa_set(k, better ? QA_PASS : QA_FAIL, better ? "" : "the customer left as upset");
	qa_show_line(k, better ? last : low);
}

static bool cjk(sv s)
{
	size_t n = 0;
	while (s.n)
		n += sv_is_cjk(sv_rune(&s));
	return n >= 2;
}

static bool latin(sv s)
{
	size_t n = 0, run = 0;
	while (s.n) {
		uint32_t r = sv_fold(sv_rune(&s));
		run = r >= 'a' && r <= 'z' ? run + 1 : 0;
		n += run == 3;
	}
	return n >= 3;
}

/* The language of a customer's words: as the row says, else by their letters; 0 = cannot tell. */
static char asked_in(const struct qa_line *l)
{
	if (sv_eq(l->lang, SV("zh")) || sv_eq(l->lang, SV("en")))
		return l->lang.p[0];
	return cjk(l->text) ? 'z' : latin(l->text) ? 'e' : 0;
}

/* An answer without a word of the customer's language. */
void qa_run_language(struct qa_ask *k)
{
	int wrong = 0, most = k->it->most >= 0 ? k->it->most : 0;
	char asked = 0;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (l->who == QW_CUSTOMER && asked_in(l))
			asked = asked_in(l);
		if (!asked || !qa_said_by(l, k->self) || l->aside)
			continue;
		if (k->m->state == QA_NA)
			qa_set(k, QA_PASS, "");
		if (asked == 'z' ? cjk(l->text) || !latin(l->text) :
				   latin(l->text) || !cjk(l->text))
			continue;
		if (++wrong > most)
			qa_set(k, QA_FAIL, "not in the customer's language");
		qa_show_line(k, l);
	}
}

/* The very same sentence more than `most` (2) times. */
void qa_run_repeated(struct qa_ask *k)
{
	int most = k->it->most > 0 ? k->it->most : 2;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		int n = 1;
		if (!qa_said_by(l, k->self) || l->aside)
			continue;
		if (k->m->state == QA_NA)
			qa_set(k, QA_PASS, "");
		for (size_t j = i + 1; j < k->t->n && sv_runes(l->text) >= 6; j++)
			n += qa_said_by(&k->t->v[j], k->self) && sv_eq(k->t->v[j].text, l->text);
		if (n <= most || k->m->state == QA_FAIL)
			continue;
		qa_set(k, QA_FAIL, "the same words again and again");
		qa_show_line(k, l);
	}
}
