/* t_guard_mask.c: personal data in full, in part or not at all: values, free text, JSON. */
#include <stdio.h>

#include "guard_access.h"
#include "t.h"

static struct guard_masks all(enum guard_show show)
{
	struct guard_masks m;
	for (int i = 0; i < PII_COUNT; i++)
		m.v[i] = show;
	return m;
}

/* NULL stands for "nothing to mask". */
static bool json_is(const struct guard_masks *m, const char *json, const char *want)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	bool any = guard_mask_json(m, sv_of(json), &b);
	bool ok = want ? any && sv_eq(sb_sv(&b), sv_of(want)) : !any && b.n == 0;
	if (!ok)
		printf("# %s -> %s\n", json, any ? sb_str(&b) : "(as it is)");
	sb_done(&b);
	return ok;
}

static bool value_is(enum guard_pii kind, enum guard_show show, const char *value,
		     const char *want)
{
	struct sb b;
	sb_init(&b, 1024);
	guard_mask_value(kind, show, sv_of(value), &b);
	bool ok = sv_eq(sb_sv(&b), sv_of(want));
	if (!ok)
		printf("# %s -> %s\n", value, sb_str(&b));
	sb_done(&b);
	return ok;
}

TEST(mask_values)
{
	CHECK(value_is(PII_PHONE, GUARD_FULL, "+8613800138000", "+8613800138000"));
	CHECK(value_is(PII_PHONE, GUARD_PART, "+8613800138000", "****8000"));
	CHECK(value_is(PII_PHONE, GUARD_PART, "138-0013-80 00", "****8000"));
	CHECK(value_is(PII_PHONE, GUARD_HIDDEN, "+8613800138000", "[phone]"));
	CHECK(value_is(PII_PHONE, GUARD_PART, "8000", "****"));
	CHECK(value_is(PII_PHONE, GUARD_PART, "+86 154 **** 1037", "+86 154 **** 1037"));
	CHECK(value_is(PII_PHONE, GUARD_HIDDEN, "+86 154 **** 1037", "[phone]"));
	CHECK(value_is(PII_EMAIL, GUARD_PART, "wu.jh@example.cn", "w***@example.cn"));
	CHECK(value_is(PII_EMAIL, GUARD_PART, "a@b.cn", "***@b.cn"));
	CHECK(value_is(PII_BANK_CARD, GUARD_PART, "4111 1111 1111 1234", "****1234"));
	CHECK(value_is(PII_NAME, GUARD_PART, "吴建华", "吴**"));
	CHECK(value_is(PII_ADDRESS, GUARD_PART, "江苏省南京市白鹭里55号", "江苏省南京市***"));
	CHECK(value_is(PII_ADDRESS, GUARD_PART, "16 Tingchao Road", "***"));
	CHECK(value_is(PII_PHONE, GUARD_HIDDEN, "", ""));
}

TEST(mask_json_by_key)
{
	struct guard_masks m = *guard_masks_usual(), none = all(GUARD_FULL);
	CHECK(guard_masks_none(&none) && !guard_masks_none(&m));
	CHECK(json_is(&none, "{\"phone\":\"13800138000\"}", NULL));
	CHECK(json_is(&m, "{\"phone\":\"13800138000\"}", "{\"phone\":\"****8000\"}"));
	CHECK(json_is(&m, "{ \"phone\" : 13800138000 , \"n\": 13800138000}",
		      "{ \"phone\" : \"****8000\" , \"n\": 13800138000}"));
	CHECK(json_is(&m, "{\"phones\":[\"13800138000\",\"13900139111\"],\"x\":\"y\"}",
		      "{\"phones\":[\"****8000\",\"****9111\"],\"x\":\"y\"}"));
	CHECK(json_is(
		&m,
		"[{\"address\":{\"city\":\"Chengdu\",\"line\":\"Room 2204\"}},{\"line\":"
		"\"two\"}]",
		"[{\"address\":{\"city\":\"Chengdu\",\"line\":\"***\"}},{\"line\":\"two\"}]"));
	CHECK(json_is(&m, "{\"address\":\"+8613800138000\"}", "{\"address\":\"****8000\"}"));
	CHECK(json_is(&m, "{\"address\":\"wu@example.cn\"}", "{\"address\":\"w***@example.cn\"}"));
	CHECK(json_is(&m, "{\"address\":\"+86 154 **** 1037\"}", NULL));
	CHECK(json_is(&m, "{\"id\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"at\":\"2026-11-26T14:57:52Z\","
			  "\"next\":\"1764169072000.c001\",\"total\":12345678901,\"name\":\"Wu\"}",
		      NULL));
	struct guard_masks hidden = all(GUARD_HIDDEN);
	CHECK(json_is(&hidden, "{\"customer\":{\"id\":\"c001\",\"name\":\"Wu\"}}",
		      "{\"customer\":{\"id\":\"c001\",\"name\":\"[name]\"}}"));
	CHECK(json_is(&hidden, "{\"address\":{\"city\":\"Chengdu\"}}",
		      "{\"address\":{\"city\":\"[address]\"}}"));
}

TEST(mask_json_phones_under_other_keys)
{
	struct guard_masks m = *guard_masks_usual();
	CHECK(json_is(&m, "{\"caller_id\":\"+8613912345678\",\"whatsapp_id\":\"8613912345678\"}",
		      "{\"caller_id\":\"****5678\",\"whatsapp_id\":\"****5678\"}"));
	CHECK(json_is(&m, "{\"phoneNumber\":13912345678,\"receiver_phone\":13912345678}",
		      "{\"phoneNumber\":\"****5678\",\"receiver_phone\":\"****5678\"}"));
	CHECK(json_is(
		&m,
		"{\"Phone\":\"5551234\",\"homeTel\":\"5551234\",\"phone\":{\"n\":\"5551234\"}}",
		"{\"Phone\":\"****1234\",\"homeTel\":\"****1234\",\"phone\":{\"n\":"
		"\"****1234\"}}"));
	CHECK(json_is(&m, "{\"party\":\"sip:+8613912345678\",\"url\":\"tel:+8613912345678\"}",
		      "{\"party\":\"****5678\",\"url\":\"****5678\"}"));
	CHECK(json_is(&m, "{\"ref\":\"+4961550123\",\"customer_id\":\"13912345678\"}",
		      "{\"ref\":\"****0123\",\"customer_id\":\"****5678\"}"));
	CHECK(json_is(&m, "{\"hotel\":\"Hilton 21\",\"microphone\":\"on\",\"id\":\"c001\"}", NULL));
	CHECK(json_is(&m, "{\"tracking\":\"751234567890\",\"id\":\"1764169072000\"}", NULL));
	CHECK(json_is(&m, "{\"customer\":\"1000000123\",\"ticket\":\"202611260001\"}", NULL));
}

TEST(mask_json_leaves_figures)
{
	struct guard_masks m = *guard_masks_usual();
	CHECK(json_is(&m, "{\"from\":\"2026-11-01\",\"to\":\"2026-12-01\"}", NULL));
	CHECK(json_is(&m, "{\"from\":\"20261101\",\"to\":\"2026-11\",\"value\":\"201345.25\"}",
		      NULL));
	CHECK(json_is(&m, "{\"value\":0.83333333,\"from\":1790000000000,\"number\":12345678}",
		      NULL));
	CHECK(json_is(&m, "{\"value\":\"50600\",\"from\":\"1790000000000\",\"phone\":0.12345678}",
		      NULL));
}

TEST(mask_json_names_of_persons_only)
{
	struct guard_masks m = all(GUARD_FULL);
	m.v[PII_NAME] = GUARD_PART;
	CHECK(json_is(&m, "{\"tool\":{\"name\":\"refund\"},\"name\":\"greeting\"}", NULL));
	CHECK(json_is(&m, "{\"caller\":{\"name\":\"Zoe\"},\"flow\":{\"name\":\"refund\"}}",
		      "{\"caller\":{\"name\":\"Z**\"},\"flow\":{\"name\":\"refund\"}}"));
	CHECK(json_is(&m, "{\"customers\":[{\"name\":\"Zoe\"}],\"customer_name\":\"Zoe\"}",
		      "{\"customers\":[{\"name\":\"Z**\"}],\"customer_name\":\"Z**\"}"));
	CHECK(json_is(
		&m,
		"[{\"id\":\"c1\",\"name\":\"Zoe\",\"x\":{\"name\":\"lamp\"},\"tier\":\"\"}]",
		"[{\"id\":\"c1\",\"name\":\"Z**\",\"x\":{\"name\":\"lamp\"},\"tier\":\"\"}]"));
	CHECK(json_is(&m, "{\"id\":\"c1\",\"name\":\"lamp\",\"x\":{\"tier\":\"a\"}}", NULL));
}

TEST(mask_json_finds_in_text)
{
	struct guard_masks m = *guard_masks_usual();
	CHECK(json_is(&m, "{\"text\":\"call 138 0013 8000 or wu@example.cn\",\"n\":1}",
		      "{\"text\":\"call ****8000 or w***@example.cn\",\"n\":1}"));
	CHECK(json_is(&m, "{\"text\":\"say \\\"hi\\\"\\n+86 138-0013-8000\"}",
		      "{\"text\":\"say \\\"hi\\\"\\n****8000\"}"));
	/* escaped digits are digits */
	CHECK(json_is(&m, "{\"text\":\"\\u0031\\u0033800138000 is it\"}",
		      "{\"text\":\"****8000 is it\"}"));
	CHECK(json_is(&m, "{\"13800138000\":{\"a\":[[\"id 11010519491231002X\"]]}}",
		      "{\"****8000\":{\"a\":[[\"id [id_card]\"]]}}"));
	CHECK(json_is(&m, "{\"number\":\"0755-2345678\",\"to\":\"sip:+4961550123@t\"}",
		      "{\"number\":\"****5678\",\"to\":\"****0123\"}"));
	CHECK(json_is(&m, "{\"number\":\"HH2026-100108\",\"to\":\"mei\"}", NULL));
	CHECK(json_is(&m, "{\"name\":\"Wu 13800138000\"}", "{\"name\":\"Wu ****8000\"}"));
	CHECK(json_is(&m, "{\"text\":\"my card 4111 1111 1111 1111\"}",
		      "{\"text\":\"my card [bank_card]\"}"));
	CHECK(json_is(&m, "{\"text\":\"order HH2026-100108, 30 days, 2110.08 yuan\"}", NULL));
	CHECK(json_is(&m, "{\"approval\":\"01M8C78DB819MVJK5N58ET6KC9\",\"x\":\"returns.en\"}",
		      NULL));
	/* JSON in a text stays JSON */
	CHECK(json_is(
		&m,
		"{\"text\":\"{\\\"score\\\":0.13800138000,\\\"phone\\\":\\\"13800138000\\\"}"
		"\"}",
		"{\"text\":\"{\\\"score\\\":0.13800138000,\\\"phone\\\":\\\"****8000\\\"}\"}"));
	CHECK(json_is(&m, "{}", NULL));
}

TEST(mask_json_keeps_what_is_broken_or_deep)
{
	struct guard_masks m = *guard_masks_usual();
	char deep[200];
	memset(deep, '[', 100);
	deep[100] = '\0';
	CHECK(json_is(&m, deep, "null"));
	CHECK(json_is(&m, "]]}}\"x", NULL));
	CHECK(json_is(&m, "{\"a\":\"b\\", NULL));
}

TEST(mask_text_of_any_length)
{
	struct guard_masks m = *guard_masks_usual();
	struct sb in, out;
	sb_init(&in, LIM_SB);
	sb_init(&out, LIM_SB);
	for (int i = 0; i < 600; i++)
		sb_cstr(&in, "one more line of a text. ");
	sb_cstr(&in, "call 13800138000");
	CHECK(guard_mask_text(&m, sb_sv(&in), &out));
	CHECK(sv_ends(sb_sv(&out), SV("call ****8000")));
	EQ((int)(in.n - out.n), 3);
	sb_done(&in);
	sb_done(&out);
}

static const struct guard_masks *of(const struct guard_access *a, const char *role)
{
	return guard_masks_of(a, sv_of(role));
}

TEST(mask_of_roles)
{
	struct guard_access *a = guard_access_builtin();
	CHECK(guard_masks_none(of(a, "admin")));
	EQ(of(a, "supervisor")->v[PII_PHONE], GUARD_FULL);
	EQ(of(a, "supervisor")->v[PII_BANK_CARD], GUARD_HIDDEN);
	EQ(of(a, "agent")->v[PII_PHONE], GUARD_PART);
	EQ(of(a, "agent")->v[PII_NAME], GUARD_FULL);
	EQ(of(a, "quality")->v[PII_PHONE], GUARD_HIDDEN);
	EQ(of(a, "quality")->v[PII_NAME], GUARD_PART);
	EQ(of(a, "viewer")->v[PII_NAME], GUARD_HIDDEN);
	EQ(of(a, "stranger")->v[PII_ORDER_NUMBER], GUARD_HIDDEN);
	STR_EQ(guard_show_name(GUARD_PART), "part");
	obj_unref(a);
}

TEST(mask_in_the_file)
{
#define HEAD "roles:\n  - id: admin\n    title: {zh: 一, en: one}\n    may: [\"*\"]\n"
	struct cfg_report rep = { 0 };
	struct guard_access *a = NULL;
	EQ(guard_access_new(&a, SV(HEAD "  - id: x\n    title: {zh: 一, en: one}\n    may: []\n"
				   "    masks: {all: full, phone: hidden}\n"), "r.yaml", &rep), 0);
	CHECK(guard_masks_none(of(a, "admin")));
	EQ(of(a, "x")->v[PII_PHONE], GUARD_HIDDEN);
	EQ(of(a, "x")->v[PII_BANK_CARD], GUARD_FULL);
	obj_unref(a);
	a = NULL;
	EQ(guard_access_new(&a, SV(HEAD "    masks: {phone: half}\n"), "r.yaml", &rep), ERR_INVAL);
	EQ(guard_access_new(&a, SV(HEAD "    masks: {fone: full}\n"), "r.yaml", &rep), ERR_INVAL);
	CHECK(!a && rep.n >= 2);
	cfg_report_done(&rep);
}

/* want NULL: it is refused. */
static bool back_is(enum guard_show show, const char *stored, const char *given, const char *want)
{
	struct guard_masks m = all(show);
	struct sb b;
	sb_init(&b, LIM_SB);
	bool ok = guard_unmask(&m, sv_of(stored), sv_of(given), &b);
	bool right = want ? ok && sv_eq(sb_sv(&b), sv_of(want)) : !ok;
	if (!right)
		printf("# %s -> %s\n", given, ok ? sb_str(&b) : "(refused)");
	sb_done(&b);
	return right;
}

/* What was shown masked comes back as it was, with what was written around it. */
TEST(mask_is_put_back)
{
	static const char two[] = "Call +86 138 0013 8000, else 139 1234 5678, or wu@shop.example.";
	static const char twin[] = "Call 13800138000 or 15911118000.";
	struct guard_masks m = all(GUARD_PART);
	struct sb b;
	sb_init(&b, LIM_SB);
	CHECK(guard_mask_text(&m, sv_of(two), &b));
	CHECK(back_is(GUARD_PART, two, sb_str(&b), two));
	sb_done(&b);
	CHECK(back_is(GUARD_PART, two, "Done: ****5678 answered, ****8000 did not",
		      "Done: 139 1234 5678 answered, +86 138 0013 8000 did not"));
	CHECK(back_is(GUARD_PART, two, "w***@shop.example", "wu@shop.example"));
	CHECK(back_is(GUARD_PART, two, "nothing of it", "nothing of it"));
	CHECK(back_is(GUARD_PART, two, "call ****9999", NULL));
	CHECK(back_is(GUARD_PART, "nobody's number", "****8000", NULL));
	/* one mask of two numbers: both in their order, or it cannot be known which */
	CHECK(back_is(GUARD_PART, twin, "****8000, then ****8000",
		      "13800138000, then 15911118000"));
	CHECK(back_is(GUARD_PART, twin, "only ****8000", NULL));
	CHECK(back_is(GUARD_HIDDEN, two, "[phone] and [phone] of [email]",
		      "+86 138 0013 8000 and 139 1234 5678 of wu@shop.example"));
	CHECK(back_is(GUARD_HIDDEN, two, "[email] first", "wu@shop.example first"));
	CHECK(back_is(GUARD_HIDDEN, "the hotline", "the hotline [phone]", NULL));
	CHECK(back_is(GUARD_HIDDEN, "written as [phone]", "as [phone] still", "as [phone] still"));
	CHECK(back_is(GUARD_FULL, two, two, two));
}
