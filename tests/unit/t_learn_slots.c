/* t_learn_slots.c: the values of a sentence, alike in both languages; texts made fit to keep. */
#include "learn_int.h"
#include "t.h"

static bool first(const char *text, enum kb_slot_kind kind, double lo, double hi)
{
	struct kb_slot v[KB_SLOTS];
	size_t n = learn_slots(NULL, sv_of(text), v);
	for (size_t i = 0; i < n; i++)
		if (v[i].kind == kind && v[i].lo > lo - 1e-6 && v[i].lo < lo + 1e-6 &&
		    v[i].hi > hi - 1e-6 && v[i].hi < hi + 1e-6)
			return true;
	t_fail(__FILE__, __LINE__, text);
	return false;
}

/* What a price is counted by is no time that passes, in whatever words. */
TEST(a_rate_is_no_duration)
{
	static const char *const same[] = {
		"One extra point costs CNY 15 a month.",
		"One extra point costs CNY 15 per month.",
		"One extra point costs RMB 15 each month.",
		"One extra point costs 15 yuan a month.",
		"一个点位每月15元。",
		"一个点位每个月¥15。",
		"一个点位15元一个月。",
	};
	struct kb_slot v[KB_SLOTS];
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		size_t n = learn_slots(NULL, sv_of(same[i]), v);
		CHECK(first(same[i], KB_SLOT_MONEY, 15, 15));
		for (size_t k = 0; k < n; k++)
			CHECK(v[k].kind != KB_SLOT_DURATION);
	}
	/* but here it is one */
	EQ(learn_slots(NULL, SV("It takes a month."), v), 1);
	EQ(v[0].kind, KB_SLOT_DURATION);
	CHECK(first("It costs CNY 15, a month later CNY 20.", KB_SLOT_MONEY, 20, 20));
	EQ(learn_slots(NULL, SV("From article 3 a month passes"), v), 2);
}

TEST(values_are_the_same_in_both_languages)
{
	static const struct {
		const char *en, *zh;
		enum kb_slot_kind kind;
		double lo, hi;
	} all[] = {
		{ "within 30 days of delivery", "签收后30天内", KB_SLOT_DURATION, 43200, 43200 },
		{ "after 3 to 5 days", "3到5天到账", KB_SLOT_DURATION, 4320, 7200 },
		{ "it costs CNY 12", "运费12元", KB_SLOT_MONEY, 12, 12 },
		{ "at most CNY 200.50", "最多¥200.50", KB_SLOT_MONEY, 200.5, 200.5 },
		{ "a 20 % deposit", "百分之二十的定金", KB_SLOT_PERCENT, 20, 20 },
		{ "for 24 months", "24个月", KB_SLOT_DURATION, 24 * 30.4375 * 1440,
		  24 * 30.4375 * 1440 },
		{ "within 24 hours", "24小时内", KB_SLOT_DURATION, 1440, 1440 },
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		CHECK(first(all[i].en, all[i].kind, all[i].lo, all[i].hi));
		CHECK(first(all[i].zh, all[i].kind, all[i].lo, all[i].hi));
	}
}

TEST(in_three_days_is_a_duration)
{
	CHECK(first("it comes in three days", KB_SLOT_DURATION, 3 * 1440, 3 * 1440));
	CHECK(first("三天后到", KB_SLOT_DURATION, 3 * 1440, 3 * 1440));
}

TEST(numbers_without_a_name_are_quantities)
{
	CHECK(first("at least 16 years old", KB_SLOT_QUANTITY, 16, 16));
	CHECK(first("需要年满16周岁", KB_SLOT_QUANTITY, 16, 16));
	CHECK(first("download 300 Mbps", KB_SLOT_QUANTITY, 300, 300));
	struct kb_slot v[KB_SLOTS];
	EQ(learn_slots(NULL, SV("model HH-1010 has a key"), v), 0);
	EQ(learn_slots(NULL, SV(""), v), 0);
	EQ(learn_slots(NULL, SV("\xff\xfe 7"), v), 1);
}

TEST(telephone_numbers_are_compared_as_a_whole)
{
	struct kb_slot a[KB_SLOTS], b[KB_SLOTS];
	EQ(learn_slots(NULL, SV("Call 400-810-6600."), a), 1);
	EQ(learn_slots(NULL, SV("400-810-6600 ring"), b), 1);
	EQ(a[0].kind, KB_SLOT_CONTACT);
	CHECK(kb_slot_same(&a[0], &b[0]));
	EQ(learn_slots(NULL, SV("Call 400-810-6601."), b), 1);
	CHECK(!kb_slot_same(&a[0], &b[0]));
}

TEST(personal_data_goes_and_the_fact_stays)
{
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	sv s = learn_clean(&a, SV("Hi [name], you have 30 days to send it back. Your order "
				  "[order_number] has left. Returns are free."));
	HAS(s, "30 days");
	HAS(s, "Returns are free");
	CHECK(sv_find(s, SV("[name]")) < 0);
	CHECK(sv_find(s, SV("order")) < 0);
	s = learn_clean(&a, SV("We ring you on 13812345678. It costs 12 yuan."));
	CHECK(sv_find(s, SV("138")) < 0);
	HAS(s, "12 yuan");
	s = learn_clean(&a, SV("您的订单HH2026-100357已发出。退货要在30天内办理。"));
	CHECK(sv_find(s, SV("100357")) < 0);
	HAS(s, "30天");
	EQ(learn_clean(&a, SV("")).n, 0);
	arena_done(&a);
}

/* As evidence a sentence must have kept its beginning; a form of address may go. */
TEST(evidence_keeps_no_headless_sentence)
{
	static const char *const rows[][3] = {
		{ "Hi [name], you have 30 days to send it back.",
		  "you have 30 days to send it back.", "you have 30 days to send it back." },
		{ "Write to the review desk by e-mail to [email]; it decides within 10 days. "
		  "That is free.",
		  "That is free.", "it decides within 10 days. That is free." },
		{ "您好，[name]，退货要在30天内办理。", "您好，退货要在30天内办理。",
		  "您好，退货要在30天内办理。" },
		{ "收到答复之后请发邮件到 [email] 申请客户监察专员复核，10 "
		  "个工作日内给出决定。",
		  "", "10 个工作日内给出决定。" },
	};
	struct learn_work w = { .open = map_new(4) };
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SV_EQ(learn_clean_evidence(&w, &a, sv_of(rows[i][0])), rows[i][1]);
		SV_EQ(learn_clean(&a, sv_of(rows[i][0])), rows[i][2]);
	}
	map_free(w.open);
	arena_done(&a);
}

TEST(a_question_becomes_a_name)
{
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	SV_EQ(learn_name(&a, SV("hi,  how long\tis the   warranty?")), "How long is the warranty?");
	SV_EQ(learn_name(&a, SV("您好，请问保修多久？")), "保修多久？");
	SV_EQ(learn_name(&a, SV("history of the lamp")), "History of the lamp");
	EQ(learn_name(&a, SV(" ")).n, 0);
	arena_done(&a);
}

struct cut {
	int n;
	sv last;
};

static void count(void *arg, sv s)
{
	struct cut *c = arg;
	c->n++;
	c->last = s;
}

TEST(sentences_end_where_people_end_them)
{
	struct cut c = { 0 };
	learn_sentences(
		SV("Dr. Li says it costs 1.5 yuan. e.g. a lamp! 可以。不行？好的；谢谢"), count,
		&c);
	EQ(c.n, 5);
	SV_EQ(c.last, "好的；谢谢");
	c = (struct cut){ 0 };
	learn_sentences(SV("at 180 cm about 76 cm. Thank you."), count, &c);
	EQ(c.n, 2);
}

TEST(texts_that_need_a_second_look_are_tagged)
{
	const char *tag[4];
	EQ(learn_tags(SV("You can choose a colour."), tag), 0);
	EQ(learn_tags(SV("This is no legal advice."), tag), 1);
	STR_EQ(tag[0], "legal");
	EQ(learn_tags(SV("对皮肤过敏的人请先问医生，费用自理。"), tag), 2);
	STR_EQ(tag[0], "health");
	STR_EQ(tag[1], "money");
}
