/* t_feel_turn.c: language by sentences, memory over turns, and hostile input. */
#include "feel.h"
#include "t.h"

static const struct { const char *lang, *text;
} lines[] = {
	{ "en", "Where is my order?" },
	{ "en", "I want my money back" },
	{ "en", "refund" },
	{ "zh", "我的订单到哪了" },
	{ "zh", "我的wifi连不上router了" },
	{ "zh", "退款" },
	{ "zh", "HH2026-100123这单怎么还没到" },
	{ "ja", "注文はどこですか" },
	{ "ja", "返品したいです" },
	{ "ja", "ソファの返品期限" },
	{ "ko", "주문이 어디에 있나요" },
	{ "ko", "환불해 주세요" },
	{ "ru", "Где мой заказ?" },
	{ "ru", "Хочу вернуть товар" },
	{ "ar", "أين طلبي؟" },
	{ "ar", "أريد استرداد أموالي" },
	{ "th", "คำสั่งซื้อของฉันอยู่ที่ไหน" },
	{ "el", "Πού είναι η παραγγελία μου;" },
	{ "he", "איפה ההזמנה שלי?" },
	{ "hi", "मेरा ऑर्डर कहाँ है?" },
	{ "es", "¿Dónde está mi pedido?" },
	{ "es", "Quiero devolver el sofá" },
	{ "es", "necesito hablar con una persona" },
	{ "fr", "Où est ma commande ?" },
	{ "fr", "Je voudrais retourner ce canapé" },
	{ "fr", "quand est-ce que mon colis arrive" },
	{ "de", "Wo ist meine Bestellung?" },
	{ "de", "Ich möchte das Sofa zurückgeben" },
	{ "de", "wann kommt mein Paket an" },
	{ "pt", "Onde está o meu pedido?" },
	{ "pt", "Eu quero devolver a cadeira, não gostei" },
	{ "it", "Dov'è il mio ordine?" },
	{ "it", "Vorrei restituire questa sedia" },
	{ "nl", "Waar is mijn bestelling?" },
	{ "nl", "Ik wil deze stoel graag terugsturen" },
	{ "vi", "Đơn hàng của tôi ở đâu?" },
	{ "vi", "Tôi muốn trả lại ghế này" },
	{ "id", "Di mana pesanan saya?" },
	{ "id", "Saya mau mengembalikan kursi ini" },
	{ "tr", "Siparişim nerede?" },
	{ "tr", "Bu sandalyeyi iade etmek istiyorum" },
	{ "pl", "Gdzie jest moje zamówienie?" },
	{ "pl", "Chciałbym zwrócić to krzesło" },
};

TEST(feel_language_of_sentences)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char got[4] = "";
		double p = feel_language(sv_of(lines[i].text), got);
		STR_EQ(got, lines[i].lang);
		CHECK(p > 0.3 && p <= 1);
	}
}

TEST(feel_language_needs_evidence)
{
	char got[4] = "xx";
	NEAR(feel_language(SV("12345 :-) !!"), got), 0, 1e-9);
	NEAR(feel_language(SV(""), got), 0, 1e-9);
	NEAR(feel_language(SV("Xq-17 Brrzt"), got), 0, 1e-9);
	STR_EQ(got, "xx");
}

TEST(feel_keeps_the_language_of_the_conversation)
{
	struct feel_state f = { 0 };
	feel_turn(&f, SV("123456"), SV("zh"));
	STR_EQ(f.lang, "zh");
	feel_turn(&f, SV("where is my order"), SV("zh"));
	STR_EQ(f.lang, "en");
	feel_turn(&f, SV("HH2026-100123"), SV("zh"));
	STR_EQ(f.lang, "en");
}

TEST(feel_anger_fades_over_neutral_turns)
{
	struct feel_state f = { 0 };
	feel_turn(&f, SV("你们这群骗子，气死我了！"), SV("zh"));
	STR_EQ(f.emotion, "angry");
	double p = f.emotion_p, s = f.sentiment;
	CHECK(p >= 0.5 && s <= -0.5 && f.arousal > 0.5);
	feel_turn(&f, SV("订单是周一下的"), SV("zh"));
	STR_EQ(f.emotion, "angry");
	CHECK(f.emotion_p < p && f.sentiment > s);
	feel_turn(&f, SV("白色的"), SV("zh"));
	feel_turn(&f, SV("一共两件"), SV("zh"));
	STR_EQ(f.emotion, "neutral");
}

TEST(feel_mood_turns_at_once_with_new_words)
{
	struct feel_state f = { 0 };
	feel_turn(&f, SV("this is outrageous, you liars"), SV("en"));
	feel_turn(&f, SV("oh it arrived, what a relief, thank god"), SV("en"));
	STR_EQ(f.emotion, "relieved");
}

TEST(feel_wish_for_a_person_is_of_this_turn_only)
{
	struct feel_state f = { 0 };
	feel_turn(&f, SV("转人工"), SV("zh"));
	CHECK(f.wants_human && !f.small_talk);
	feel_turn(&f, SV("算了，退货怎么退"), SV("zh"));
	CHECK(!f.wants_human);
	STR_EQ(f.intent, "return_goods");
}

/* What was done or promised before is no wish of now. */
TEST(feel_a_person_told_of_is_not_asked_for)
{
	static const struct {
		const char *text;
		bool wants;
	} rows[] = {
		{ "找人来处理", true },
		{ "叫人来处理一下", true },
		{ "我已经找人来处理了", false },
		{ "之前你们说会叫人来处理，还没来", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct feel_state f = { 0 };
		feel_turn(&f, sv_of(rows[i].text), SV("zh"));
		EQ(f.wants_human, rows[i].wants);
	}
}

TEST(feel_negation_and_strength)
{
	struct feel_state a = { 0 }, b = { 0 }, c = { 0 };
	feel_turn(&a, SV("I am happy with it"), SV("en"));
	feel_turn(&b, SV("I am not happy with it"), SV("en"));
	feel_turn(&c, SV("I am extremely happy with it!!!"), SV("en"));
	CHECK(a.sentiment > 0 && b.sentiment < 0 && c.sentiment > a.sentiment &&
	      c.arousal > a.arousal);
}

static bool in_range(const struct feel_state *f)
{
	return f->emotion_p >= 0 && f->emotion_p <= 1 && f->sentiment >= -1 &&
	       f->sentiment <= 1 && f->arousal >= -1 && f->arousal <= 1 && f->intent_p >= 0 &&
	       f->intent_p <= 1 && f->lang_p >= 0 && f->lang_p <= 1 &&
	       memchr(f->intent, 0, sizeof(f->intent)) && memchr(f->lang, 0, 4) &&
	       memchr(f->small, 0, sizeof(f->small)) &&
	       memchr(f->emotion, 0, sizeof(f->emotion));
}

TEST(feel_random_bytes_stay_in_range)
{
	static const char *const bits[] = { "!",        "退货", "angry ", "不",        "\xff",
					    "\xe4\xb8", "|",    "\t",     "where is ", "agent",
					    "谢谢",     "A",    "\0",     "ORDER",     "'",
					    "😀",        "not " };
	struct feel_state f = { 0 };
	struct sb b;

	sb_init(&b, LIM_SB);
	for (int round = 0; round < 400; round++) {
		sb_reset(&b);
		for (uint64_t k = rng_below(t_rng(), 60); k > 0; k--)
			sb_cstr(&b, bits[rng_below(t_rng(), sizeof(bits) / sizeof(bits[0]))]);
		feel_turn(&f, sb_sv(&b), SV("en"));
		CHECK(in_range(&f));
	}
	sb_done(&b);
}

TEST(feel_long_text_is_bounded)
{
	struct feel_state f = { 0 };
	struct sb b;

	sb_init(&b, LIM_SB);
	for (int i = 0; i < 20000; i++)
		sb_cstr(&b, "我要退货 hello ");
	int64_t t0 = clk_cpu_us();
	feel_turn(&f, sb_sv(&b), SV("en"));
	CHECK(clk_cpu_us() - t0 < 500000);
	CHECK(in_range(&f) && !f.small_talk);
	sb_done(&b);
}

/* Calls that ask nothing yet, words that did not understand, and insults, in both languages. */
TEST(feel_short_calls)
{
	static const struct { const char *text, *small; } rows[] = {
		{ "help", "help" }, { "Can you help me?", "help" }, { "I have a question", "help" },
		{ "??", "help" }, { "？", "help" }, { "我有个问题想问", "help" },
		{ "帮帮我", "help" }, { "I don't understand", "confused" },
		{ "听不懂", "confused" }, { "什么意思？", "confused" },
		{ "you guys suck", "insult" }, { "你们真垃圾", "insult" },
		{ "你是不是傻", "insult" },
		{ "help me return a lamp", "" }, { "I have a question about my order", "" },
		{ "什么意思，退款没了？", "" }, { "!", "" }, { "?1", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct feel_state f = { 0 };
		feel_turn(&f, sv_of(rows[i].text), SV("en"));
		if (strcmp(f.small, rows[i].small) != 0 || f.small_talk != (rows[i].small[0] != 0))
			t_fail(__FILE__, __LINE__, rows[i].text);
	}
}
