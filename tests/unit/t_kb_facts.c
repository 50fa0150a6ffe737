/* t_kb_facts.c: likeness of texts, facts of passages and which of them contradict. */
#include "kb_facts.h"
#include "t.h"

/* Numbers with what follows them as their kind: "30 days", "CNY 12", "5 %". */
static size_t read_numbers(void *arg, sv text, struct kb_slot out[KB_SLOTS])
{
	size_t n = 0;
	(void)arg;
	for (size_t i = 0; i < text.n && n < KB_SLOTS;) {
		size_t k = i;
		double v = 0;
		while (k < text.n && text.p[k] >= '0' && text.p[k] <= '9')
			v = 10 * v + (text.p[k++] - '0');
		if (k == i) {
			i++;
			continue;
		}
		sv after = sv_slice(text, k, text.n), before = sv_slice(text, 0, i);
		bool hours = sv_starts(after, SV(" hour"));
		enum kb_slot_kind kind = hours || sv_starts(after, SV(" day")) ? KB_SLOT_DURATION :
					 sv_ends(before, SV("CNY "))  ? KB_SLOT_MONEY :
									KB_SLOT_QUANTITY;
		v = hours ? v / 24 : v;
		if (kind == KB_SLOT_DURATION) /* with its unit, as learn's reader gives it */
			k += strlen(hours ? " hours" : " days");
		out[n++] = (struct kb_slot){ .kind = kind, .lo = v, .hi = v, .start = i, .end = k };
		i = k;
	}
	return n;
}

static struct kb_article art(const char *id, const char *title, const char *body)
{
	return (struct kb_article){ .id = sv_of(id), .lang = SV("en"), .title = sv_of(title),
				    .body_md = sv_of(body) };
}

struct world {
	struct kb_sense *s;
	struct kb_facts *f;
};

static void open_world(struct world *w)
{
	const struct kb_article all[] = {
		art("window", "How long may I return something?",
		    "You may return unused articles within 30 days of delivery; Gold members "
		    "have 60 "
		    "days."),
		art("refund", "When do I get my money back?",
		    "The refund reaches your card within 5 days of the inspection."),
		art("delivery", "What does delivery cost?",
		    "Delivery of a parcel is free from CNY 99 and costs CNY 12 below."),
	};
	w->s = kb_sense_new(SV("en"));
	w->f = kb_facts_new(w->s, read_numbers, NULL);
	for (size_t i = 0; i < 3; i++)
		ASSERT(kb_facts_add(w->f, &all[i]) == 0);
	kb_facts_ready(w->f);
}

static void close_world(struct world *w)
{
	kb_facts_free(w->f);
	kb_sense_free(w->s);
}

static void keep(void *arg, const struct kb_conflict *c)
{
	*(struct kb_conflict *)arg = *c;
}

static size_t check(struct world *w, const char *title, const char *body, struct kb_conflict *c)
{
	const struct kb_article a = art("draft", title, body);
	return kb_facts_check(w->f, &a, keep, c);
}

TEST(marks_tell_how_alike_texts_are)
{
	struct kb_sense *s = kb_sense_new(SV("en"));
	struct kb_mark a[KB_MARKS], b[KB_MARKS], c[KB_MARKS];
	size_t n = kb_sense_marks(s, SV("how do I send a parcel back"), a);
	size_t m = kb_sense_marks(s, SV("sending back a parcel"), b);
	size_t k = kb_sense_marks(s, SV("opening hours of the shop"), c);
	CHECK(n && m && k);
	for (size_t i = 1; i < n; i++)
		CHECK(a[i - 1].id < a[i].id);
	NEAR(kb_marks_cos(a, n, a, n), 1, 1e-5);
	CHECK(kb_marks_cos(a, n, b, m) > 0.5f);
	CHECK(kb_marks_cos(a, n, c, k) < 0.2f);
	NEAR(kb_marks_covered(a, n, a, n), 1, 1e-6);
	NEAR(kb_marks_covered(a, n, c, 0), 0, 1e-6);
	EQ(kb_sense_marks(s, SV(""), a), 0);
	kb_sense_free(s);
}

TEST(vectors_tell_how_alike_texts_are)
{
	struct kb_sense *s = kb_sense_new(SV("en")), *none = kb_sense_new(SV("fr"));
	struct kb_sense_vec a, b, c, d;
	kb_sense_vec(s, SV("I want my money back"), &a);
	kb_sense_vec(s, SV("when will I get the refund"), &b);
	kb_sense_vec(s, SV("the router light is red"), &c);
	kb_sense_vec(none, SV("bonjour"), &d);
	NEAR(kb_sense_cos(&a, &a), 1, 1e-3);
	CHECK(kb_sense_cos(&a, &b) > kb_sense_cos(&a, &c));
	EQ(d.n, 0);
	NEAR(kb_sense_cos(&a, &d), 0, 1e-6);
	kb_sense_free(s);
	kb_sense_free(none);
	kb_sense_free(NULL);
}

TEST(rare_words_weigh_more)
{
	struct kb_rarity *r = kb_rarity_new();
	struct kb_mark common = { 7, 1 }, both[2] = { { 7, 1 }, { 9, 1 } };
	for (int i = 0; i < 9; i++)
		kb_rarity_add(r, &common, 1);
	kb_rarity_add(r, both, 2);
	EQ(kb_rarity_of(r, 7), 10);
	EQ(kb_rarity_of(r, 9), 1);
	EQ(kb_rarity_of(r, 11), 0);
	kb_rarity_scale(r, both, 2);
	CHECK(both[1].w > 1.5f * both[0].w);
	kb_rarity_free(r);
}

TEST(another_value_of_the_same_contradicts)
{
	struct world w;
	struct kb_conflict c = { 0 };
	open_world(&w);
	EQ(kb_facts_count(w.f), 5);
	EQ(check(&w, "Return period", "You may return unused articles within 45 days of delivery.",
		 &c), 1);
	SV_EQ(c.other, "window");
	SV_EQ(c.value, "45 days");
	EQ(c.kind, KB_SLOT_DURATION);
	CHECK(c.likeness > 0.6);
	HAS(c.other_sentence, "30 days");
	EQ(check(&w, "Delivery cost", "Delivery of a parcel is free from CNY 79.", &c), 1);
	SV_EQ(c.other, "delivery");
	close_world(&w);
}

TEST(the_same_value_and_other_topics_do_not)
{
	struct world w;
	struct kb_conflict c = { 0 };
	open_world(&w);
	EQ(check(&w, "Return period", "You may return unused articles within 30 days of delivery.",
		 &c), 0);
	EQ(check(&w, "Gold", "Gold members may return unused articles within 60 days of delivery.",
		 &c), 0);
	/* half an hour is no other value of thirty days, a day less is */
	EQ(check(&w, "Return period",
		 "You may return unused articles within 30 minutes of delivery.", &c), 0);
	EQ(check(&w, "Return period", "You may return unused articles within 29 days of delivery.",
		 &c), 1);
	/* nor are 24 hours, but for the same number of another unit; one day is */
	EQ(check(&w, "Return period", "You may return unused articles within 24 hours of delivery.",
		 &c), 0);
	EQ(check(&w, "Return period", "You may return unused articles within 30 hours of delivery.",
		 &c), 1);
	EQ(check(&w, "Return period", "You may return unused articles within 1 days of delivery.",
		 &c), 1);
	EQ(check(&w, "Catalogue", "The printed catalogue has 400 pages.", &c), 0);
	EQ(check(&w, "Empty", "", &c), 0);
	EQ(kb_facts_scan(w.f, NULL, NULL), 0);
	close_world(&w);
}

TEST(what_is_not_valid_at_the_same_time_does_not)
{
	struct kb_sense *s = kb_sense_new(SV("en"));
	struct kb_facts *f = kb_facts_new(s, read_numbers, NULL);
	struct kb_article old = art("old", "Return period", "Articles may be returned in 14 days.");
	struct kb_article now = art("now", "Return period", "Articles may be returned in 30 days.");
	old.valid_to_ms = 1000;
	now.valid_from_ms = 2000;
	OK(kb_facts_add(f, &old));
	EQ(kb_facts_check(f, &now, NULL, NULL), 0);
	now.valid_from_ms = 500;
	EQ(kb_facts_check(f, &now, NULL, NULL), 1);
	kb_facts_free(f);
	kb_sense_free(s);
}

TEST(products_have_values_of_their_own)
{
	struct kb_sense *s = kb_sense_new(SV("en"));
	struct kb_facts *f = kb_facts_new(s, read_numbers, NULL);
	struct kb_article a = art("a", "Oak chair", "Oak chair costs CNY 299 and stands well.");
	struct kb_article b = art("b", "Pine chair", "Pine chair costs CNY 199 and stands well.");
	a.category = b.category = SV("products");
	OK(kb_facts_add(f, &a));
	EQ(kb_facts_check(f, &b, NULL, NULL), 0);
	b.title = a.title;
	b.body_md = SV("Oak chair costs CNY 399 and stands well.");
	EQ(kb_facts_check(f, &b, NULL, NULL), 1);
	kb_facts_free(f);
	kb_sense_free(s);
}

TEST(a_scan_finds_two_articles_that_differ)
{
	struct kb_sense *s = kb_sense_new(SV("en"));
	struct kb_facts *f = kb_facts_new(s, read_numbers, NULL);
	const struct kb_article all[] = {
		art("one", "Callback", "We call you back within 2 days on any weekday."),
		art("two", "Calling back", "We call you back within 4 days on any weekday."),
		art("three", "Keys", "The cabinet has 4 keys."),
	};
	struct kb_conflict c = { 0 };
	for (size_t i = 0; i < 3; i++)
		OK(kb_facts_add(f, &all[i]));
	EQ(kb_facts_scan(f, keep, &c), 1);
	SV_EQ(c.id, "one");
	SV_EQ(c.other, "two");
	kb_facts_free(f);
	kb_sense_free(s);
}

TEST(translations_are_compared_by_values_alone)
{
	struct kb_conflict c[8];
	sv en = SV("You have 30 days. It costs CNY 12.\n\n- 5 keys");
	EQ(kb_facts_differ(read_numbers, NULL, en, SV("30 days, CNY 12, 5 clefs"), c, 8), 0);
	size_t n = kb_facts_differ(read_numbers, NULL, en, SV("40 days, CNY 12, 5 clefs"), c, 8);
	EQ(n, 1);
	SV_EQ(c[0].value, "30 days");
	SV_EQ(c[0].other_value, "40 days");
	EQ(c[0].kind, KB_SLOT_DURATION);
	n = kb_facts_differ(read_numbers, NULL, en, SV(""), c, 2);
	EQ(n, 2);
	CHECK(!c[0].other_value.n);
}
