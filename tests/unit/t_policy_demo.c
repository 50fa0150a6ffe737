/* t_policy_demo.c: the decision tables of the demo company and of the packs: all are right and
 * complete, every rule and boundary is tried, they say what the knowledge articles say
 * (articles exist in zh and en and hold the rules' numbers), and the decisions that customers
 * will ask for, written by hand from those articles. */
#include "policy_rules.h"
#include "t.h"

#include <dirent.h>
#include <stdio.h>

#define TABLES 12
/* A company's tables: the first ones are what customers can read, each of their rules cites an
 * article. */
struct company {
	const char *dir;
	const char *names[TABLES];
	int published;
};
static const struct company companies[] = {
	{ "demo",
	  { "return", "exchange", "cancel", "address", "price_protection", "warranty",
	    "refund_band", "compensation", "escalation", "approval" },
	  7 },
	{ "packs/telecom",
	  { "contract_end", "plan_change", "port_out", "outage_credit", "bill_refund",
	    "compensation", "escalation" },
	  5 },
	{ "packs/bank",
	  { "card_fee", "fraud_claim", "transfer_recall", "compensation", "escalation" },
	  3 },
	{ "packs/public", { "respond", "review", "compensation", "escalation" }, 2 },
};
#define COMPANIES (sizeof(companies) / sizeof(companies[0]))

struct demo {
	const struct company *c;
	struct sb text[TABLES];
	char file[TABLES][64];
	size_t n;
	struct policy_rules *rules;
};

static void demo_close(struct demo *d)
{
	for (size_t i = 0; i < d->n; i++)
		sb_done(&d->text[i]);
	obj_unref(d->rules);
}

static bool company_open(struct demo *d, const struct company *c)
{
	struct policy_rules_file f[TABLES];
	struct cfg_report rep = { 0 };
	struct err e = { 0 };
	char path[300];
	*d = (struct demo){ .c = c };
	for (; d->n < TABLES && c->names[d->n]; d->n++) {
		size_t i = d->n;
		sb_init(&d->text[i], LIM_CFG_BYTES);
		(void)snprintf(d->file[i], sizeof(d->file[i]), "policies/%s.yaml", c->names[i]);
		(void)snprintf(path, sizeof(path), "%s/%s/%s", t_srcdir(), c->dir, d->file[i]);
		if (file_read(path, LIM_CFG_BYTES, &d->text[i], &e))
			printf("# %s: %s\n", path, e.msg);
		f[i] = (struct policy_rules_file){ .name = d->file[i],
						   .yaml = sb_sv(&d->text[i]) };
	}
	int rc = policy_rules_new(&d->rules, f, d->n, &rep);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s/%s: %s\n#   %s\n", c->dir, rep.v[i].where, rep.v[i].what,
		       rep.v[i].mend);
	cfg_report_done(&rep);
	return rc == 0;
}

static bool demo_open(struct demo *d)
{
	return company_open(d, &companies[0]);
}

static bool tries(const struct company *c)
{
	struct demo d;
	jv *out = NULL;
	bool right = company_open(&d, c) && policy_rules_conform(d.rules, SV_NULL, &out);
	int64_t rules = 0, hit = 0, cases = 0;
	for (size_t i = 0; i < jv_len(out); i++) {
		const jv *t = jv_at(out, i);
		rules += jv_get_int(t, "rules", 0);
		hit += jv_get_int(t, "hit", 0);
		cases += jv_get_int(t, "cases", 0);
		if (jv_len(jv_get(t, "wrong")) || jv_len(jv_get(t, "not_hit")))
			printf("# %.*s is wrong\n", SV_ARG(jv_get_str(t, "table")));
	}
	printf("# %s: %lld rules, %lld hit, %lld cases\n", c->dir, (long long)rules,
	       (long long)hit, (long long)cases);
	jv_free(out);
	demo_close(&d);
	return right && hit == rules && rules > 0 && cases > rules;
}

TEST(demo_tables_try_every_rule_and_boundary)
{
	for (size_t i = 0; i < COMPANIES; i++)
		CHECK(tries(&companies[i]));
}

/* ---- what the articles say ---- */

struct article {
	struct sb zh, en;
};

/* The text without its head (aliases hold other numbers). */
static bool read_article(const char *dir, sv id, const char *lang, struct sb *out)
{
	char path[300];
	sb_init(out, LIM_KB_DOC);
	(void)snprintf(path, sizeof(path), "%s/%s/kb/%s/%.*s.md", t_srcdir(), dir, lang,
		       SV_ARG(id));
	if (file_read(path, LIM_KB_DOC, out, NULL))
		return false;
	sv s = sb_sv(out);
	ptrdiff_t end = sv_find(sv_slice(s, 4, s.n), SV("\n---"));
	if (end < 0)
		return false;
	sv body = sv_slice(s, (size_t)end + 8, s.n);
	memmove(out->p, body.p, body.n);
	sb_truncate(out, body.n);
	return true;
}

/* Is n one of the numbers of text? "2,000" is 2000; "3.6" is not 3 or 6. */
static bool has_number(sv text, double n)
{
	for (size_t i = 0; i < text.n;) {
		char num[32];
		size_t k = 0;
		double d;
		if (text.p[i] < '0' || text.p[i] > '9') {
			i++;
			continue;
		}
		for (; i < text.n && ((text.p[i] >= '0' && text.p[i] <= '9') ||
				      ((text.p[i] == ',' || text.p[i] == '.') && i + 1 < text.n &&
				       text.p[i + 1] >= '0' && text.p[i + 1] <= '9')); i++)
			if (text.p[i] != ',' && k < sizeof(num) - 1)
				num[k++] = text.p[i];
		if (sv_f64(sv_n(num, k), &d) == 0 && !(d < n) && !(d > n))
			return true;
	}
	return false;
}

/* The number as it stands, as yuan, or 2 days as 48 hours. "once" is 1, "November" is 11. */
static bool says(sv text, double n, sv unit)
{
	if (sv_eq(unit, SV("fen")))
		return has_number(text, n / 100);
	if (sv_eq(unit, SV("sum")))      /* "fee * 30 / 100" is 30%; 30000 in it is 300 yuan */
		return n == 100 || has_number(text, n) || has_number(text, n / 100);
	return has_number(text, n) || (sv_eq(unit, SV("days")) && has_number(text, n * 24));
}

struct against {
	const char *dir, *table;
	sv rule;
	struct sb text[2];               /* of all its articles: zh, en */
	int checked;
	bool ok;
};

static void want_number(struct against *x, double n, sv unit)
{
	if (n < 2)
		return;                  /* "once", "free" */
	x->checked++;
	for (int i = 0; i < 2; i++) {
		if (says(sb_sv(&x->text[i]), n, unit))
			continue;
		printf("# %s, rule %.*s: %g %.*s is not in its articles (%s)\n", x->table,
		       SV_ARG(x->rule), n, SV_ARG(unit), i ? "en" : "zh");
		x->ok = false;
	}
}

static void want_numbers(struct against *x, sv s, sv unit)
{
	for (size_t i = 0; i < s.n;) {
		double d = 0;
		if (s.p[i] < '0' || s.p[i] > '9') {
			i++;
			continue;
		}
		for (; i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == ','); i++)
			if (s.p[i] != ',')
				d = d * 10 + (s.p[i] - '0');
		want_number(x, d, unit);
	}
}

static const jv *column(const jv *table, const char *list, sv name)
{
	const jv *v = jv_get(table, list);
	for (size_t i = 0; i < jv_len(v); i++)
		if (sv_eq(jv_get_str(jv_at(v, i), "name"), name))
			return jv_at(v, i);
	return NULL;
}

static void want_cells(struct against *x, const jv *table, const jv *cells, const char *list)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_is_obj(cells) && jv_next(cells, &it, &key, &v)) {
		const jv *c = column(table, list, key);
		sv type = jv_get_str(c, "type"), unit = jv_get_str(c, "unit");
		if (!sv_eq(type, SV("int")) && !sv_eq(type, SV("number")))
			continue;
		for (size_t i = 0; i < jv_len(v); i++)
			want_number(x, jv_as_num(jv_at(v, i), 0), unit);
		if (jv_is_num(v))
			want_number(x, jv_as_num(v, 0), unit);
		bool sum = sv_eq(sv_of(list), SV("outputs")) && sv_eq(unit, SV("fen"));
		want_numbers(x, jv_as_str(v), sum ? SV("sum") : unit);
	}
}

static void add_articles(struct against *x, const jv *a)
{
	size_t n = jv_is_arr(a) ? jv_len(a) : jv_is_str(a);
	for (size_t i = 0; i < n; i++) {
		sv id = jv_as_str(jv_is_arr(a) ? jv_at(a, i) : a);
		for (int k = 0; k < 2; k++) {
			struct sb b;
			if (!read_article(x->dir, id, k ? "en" : "zh", &b)) {
				printf("# %s, rule %.*s: no article %.*s\n", x->table,
				       SV_ARG(x->rule), SV_ARG(id));
				x->ok = false;
			}
			sb_put(&x->text[k], sb_sv(&b));
			sb_done(&b);
		}
	}
}

static void against_articles(struct against *x, const jv *table, const jv *rule, bool published)
{
	const jv *article = jv_get(rule, "article");
	x->rule = jv_get_str(rule, "id");
	for (int k = 0; k < 2; k++)
		sb_init(&x->text[k], LIM_SB);
	add_articles(x, article);
	if (!article && published) {
		printf("# %s, rule %.*s cites no article\n", x->table, SV_ARG(x->rule));
		x->ok = false;
	}
	if (article && published) {
		want_cells(x, table, jv_get(rule, "when"), "inputs");
		want_cells(x, table, jv_get(rule, "then"), "outputs");
	}
	if (article) {
		want_numbers(x, jv_as_str(jv_path(rule, "why.zh")), SV_NULL);
		want_numbers(x, jv_as_str(jv_path(rule, "why.en")), SV_NULL);
	}
	sb_done(&x->text[0]);
	sb_done(&x->text[1]);
}

static bool company_says(const struct company *c, int *checked)
{
	struct demo d;
	bool ok = company_open(&d, c);
	for (size_t i = 0; ok && i < d.n; i++) {
		struct cfg_report rep = { 0 };
		jv *o = cfg_parse(sb_sv(&d.text[i]), d.file[i], &rep);
		const jv *rules = jv_get(o, "rules");
		struct against x = { .dir = c->dir, .table = c->names[i], .ok = true };
		for (size_t k = 0; k < jv_len(rules); k++)
			against_articles(&x, o, jv_at(rules, k), (int)i < c->published);
		ok &= x.ok;
		*checked += x.checked;
		jv_free(o);
		cfg_report_done(&rep);
	}
	demo_close(&d);
	return ok;
}

TEST(demo_tables_say_what_the_articles_say)
{
	for (size_t i = 0; i < COMPANIES; i++) {
		int checked = 0;
		bool ok = company_says(&companies[i], &checked);
		printf("# %s: %d numbers of rules stand in their articles, zh and en\n",
		       companies[i].dir, checked);
		CHECK(ok && checked > (i ? 5 : 100));
	}
	/* the comparison can fail */
	CHECK(!has_number(SV("30 days, CNY 2,000 and 3.6%"), 6));
	CHECK(!has_number(SV("30 days, CNY 2,000 and 3.6%"), 2));
	CHECK(has_number(SV("30 days, CNY 2,000 and 3.6%"), 2000));
}

/* ---- what customers ask for ---- */

static const struct { const char *table, *facts, *rule;
} asked[] = {
	/* return-window, return-postage, return-condition */
	{ "return", "\"reason\":\"no_longer_wanted\",\"days_since_delivery\":30", "parcel" },
	{ "return", "\"reason\":\"no_longer_wanted\",\"days_since_delivery\":31", "late" },
	{ "return", "\"reason\":\"size\",\"days_since_delivery\":30,\"tier\":\"silver\"",
	  "member" },
	{ "return", "\"reason\":\"size\",\"days_since_delivery\":31,\"tier\":\"silver\"",
	  "late" },
	{ "return", "\"reason\":\"size\",\"days_since_delivery\":60,\"tier\":\"gold\"",
	  "member" },
	{ "return", "\"reason\":\"size\",\"days_since_delivery\":61,\"tier\":\"platinum\"",
	  "late-gold" },
	{ "return", "\"reason\":\"other\",\"days_since_delivery\":3,\"category\":\"furniture\"",
	  "furniture" },
	{ "return", "\"reason\":\"other\",\"days_since_delivery\":3,\"way\":\"store\"",
	  "in-store" },
	{ "return", "\"reason\":\"faulty\",\"days_since_delivery\":30,\"final_sale\":true",
	  "fault" },
	{ "return", "\"reason\":\"faulty\",\"days_since_delivery\":31", "fault-late" },
	{ "return", "\"reason\":\"damaged\",\"days_since_delivery\":2", "damaged" },
	{ "return", "\"reason\":\"damaged\",\"days_since_delivery\":3", "damaged-late" },
	{ "return",
	  "\"reason\":\"other\",\"days_since_delivery\":3,\"hygiene\":true,\"opened\":true",
	  "opened-hygiene" },
	{ "return",
	  "\"reason\":\"other\",\"days_since_delivery\":3,\"hygiene\":true,\"opened\":false",
	  "parcel" },
	{ "return", "\"reason\":\"other\",\"days_since_delivery\":3,\"hygiene\":true", "" },
	{ "return", "\"days_since_delivery\":3", "" },
	{ "return", "\"reason\":\"other\",\"days_since_delivery\":3,\"custom_made\":true",
	  "made-to-measure" },
	{ "return", "\"reason\":\"other\",\"days_since_delivery\":3,\"final_sale\":true",
	  "final-sale" },
	{ "return",
	  "\"reason\":\"other\",\"days_since_delivery\":3,\"bulb\":true,\"condition\":\"used\"",
	  "used-bulb" },
	{ "return", "\"reason\":\"other\",\"days_since_delivery\":20,\"mattress\":true",
	  "mattress-early" },
	{ "return",
	  "\"reason\":\"other\",\"days_since_delivery\":21,\"mattress\":true,\"condition\":"
	  "\"used\"",
	  "mattress-trial" },
	{ "return", "\"reason\":\"other\",\"days_since_delivery\":100,\"mattress\":true",
	  "mattress-trial" },
	{ "return", "\"reason\":\"other\",\"days_since_delivery\":101,\"mattress\":true",
	  "mattress-late" },
	{ "return", "\"reason\":\"other\",\"days_since_delivery\":3,\"state\":\"shipped\"",
	  "not-delivered" },
	/* exchange-how, exchange-faulty */
	{ "exchange", "\"reason\":\"size\",\"days_since_delivery\":30", "first" },
	{ "exchange", "\"reason\":\"size\",\"days_since_delivery\":31,\"tier\":\"gold\"",
	  "late" },
	{ "exchange", "\"reason\":\"size\",\"days_since_delivery\":5,\"exchanges_before\":1",
	  "again" },
	{ "exchange", "\"reason\":\"faulty\",\"days_since_delivery\":15", "fault" },
	{ "exchange", "\"reason\":\"faulty\",\"days_since_delivery\":16", "fault-late" },
	{ "exchange", "\"reason\":\"other\",\"days_since_delivery\":90,\"mattress\":true",
	  "mattress-trial" },
	{ "exchange",
	  "\"reason\":\"other\",\"days_since_delivery\":90,\"mattress\":true,\"exchanges_"
	  "before\":1",
	  "mattress-again" },
	/* order-cancel */
	{ "cancel", "\"state\":\"packed\",\"hours_since_payment\":90", "not-shipped" },
	{ "cancel", "\"state\":\"packed\",\"hours_since_payment\":24,\"custom_made\":true",
	  "not-shipped" },
	{ "cancel", "\"state\":\"packed\",\"hours_since_payment\":25,\"custom_made\":true",
	  "made-to-measure-late" },
	{ "cancel", "\"state\":\"shipped\"", "shipped" },
	/* order-change-address */
	{ "address", "\"state\":\"paid\",\"changes\":1", "not-shipped" },
	{ "address", "\"state\":\"paid\",\"changes\":2", "too-often" },
	{ "address", "\"state\":\"shipped\",\"same_city\":true,\"changes\":2",
	  "shipped-same-city" },
	{ "address", "\"state\":\"shipped\",\"same_city\":false", "shipped-other-city" },
	{ "address", "\"state\":\"shipped\"", "" },
	/* price-protection */
	{ "price_protection",
	  "\"price_drop_fen\":5000,\"days_since_delivery\":15,\"placed_month\":9,\"placed_"
	  "day\":1",
	  "in-time" },
	{ "price_protection",
	  "\"price_drop_fen\":5000,\"days_since_delivery\":16,\"placed_month\":9,\"placed_"
	  "day\":1",
	  "late" },
	{ "price_protection",
	  "\"price_drop_fen\":5000,\"days_since_delivery\":30,\"placed_month\":11,\"placed_"
	  "day\":11",
	  "double-eleven" },
	{ "price_protection",
	  "\"price_drop_fen\":5000,\"days_since_delivery\":30,\"placed_month\":11,\"placed_"
	  "day\":12",
	  "late" },
	{ "price_protection",
	  "\"price_drop_fen\":5000,\"days_since_delivery\":31,\"placed_month\":11,\"placed_"
	  "day\":1",
	  "late" },
	{ "price_protection", "\"price_drop_fen\":0,\"days_since_delivery\":3", "no-drop" },
	{ "price_protection",
	  "\"price_drop_fen\":5000,\"days_since_delivery\":3,\"flash_sale\":true",
	  "flash-sale" },
	{ "price_protection",
	  "\"price_drop_fen\":5000,\"days_since_delivery\":3,\"claimed\":true", "claimed" },
	/* warranty-length: 3 years of furniture are 36 months */
	{ "warranty", "\"cause\":\"fault\",\"days_since_delivery\":15", "new-and-faulty" },
	{ "warranty",
	  "\"cause\":\"fault\",\"days_since_delivery\":16,\"warranty_months\":36,\"months_"
	  "since_delivery\":0",
	  "covered" },
	{ "warranty",
	  "\"cause\":\"fault\",\"days_since_delivery\":1080,\"warranty_months\":36,\"months_"
	  "since_delivery\":35",
	  "covered" },
	{ "warranty",
	  "\"cause\":\"fault\",\"days_since_delivery\":1096,\"warranty_months\":36,\"months_"
	  "since_delivery\":36",
	  "expired" },
	{ "warranty", "\"cause\":\"pets\",\"days_since_delivery\":3", "not-a-fault" },
	/* refund-time */
	{ "refund_band", "\"payment\":\"credit\",\"refund_fen\":10000", "credit-card" },
	{ "refund_band", "\"payment\":\"alipay\",\"refund_fen\":10000,\"account_closed\":true",
	  "account-closed" },
	/* inside */
	{ "compensation", "\"kind\":\"late_express\"", "express-late" },
	{ "compensation", "\"severity\":\"critical\",\"fault\":\"unclear\"", "critical" },
	{ "compensation", "\"severity\":\"normal\",\"fault\":\"ours\",\"kind\":\"voucher\"",
	  "normal" },
	{ "escalation", "\"type\":\"complaint\",\"hours_late\":80", "complaint-far-over" },
	{ "escalation", "\"type\":\"complaint\",\"hours_late\":79", "a-day-late" },
	{ "escalation", "\"type\":\"lead\",\"hours_late\":23", "late" },
	{ "compensation", "\"severity\":\"high\",\"fault\":\"ours\",\"repeat\":true",
	  "high-repeat" },
	{ "compensation", "\"severity\":\"high\"", "high-unclear" },
	{ "compensation", "\"severity\":\"low\",\"fault\":\"ours\"", "otherwise" },
	{ "approval", "\"what\":\"refund\",\"role\":\"bot\",\"amount_fen\":200000",
	  "refund-bot" },
	{ "approval", "\"what\":\"refund\",\"role\":\"bot\",\"amount_fen\":200001",
	  "otherwise" },
	{ "approval", "\"what\":\"other_account\",\"role\":\"supervisor\",\"amount_fen\":1",
	  "other-account" },
	{ "approval", "\"what\":\"voucher\",\"role\":\"bot\",\"amount_fen\":5001",
	  "goodwill-by-agent" },
};

TEST(demo_tables_decide_what_the_articles_promise)
{
	struct demo d;
	bool ok = demo_open(&d);
	for (size_t i = 0; ok && i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct sb b;
		jv *got = NULL;
		sb_init(&b, LIM_SB);
		bool state = strstr(asked[i].facts, "\"state\"") != NULL;
		sb_fmt(&b, "{%s%s}", state ? "" : "\"state\":\"delivered\",", asked[i].facts);
		jv *facts = jv_parse(sb_sv(&b), NULL);
		int rc = policy_decide(d.rules, sv_of(asked[i].table), facts, &got);
		if (rc || !sv_eq(jv_get_str(got, "rule"), sv_of(asked[i].rule))) {
			printf("# %s %s: %.*s%.*s\n", asked[i].table, sb_str(&b),
			       SV_ARG(jv_get_str(got, "rule")), SV_ARG(jv_get_str(got, "error")));
			ok = false;
		}
		jv_free(got);
		jv_free(facts);
		sb_done(&b);
	}
	demo_close(&d);
	CHECK(ok);
}

static jv *ask(struct demo *d, const char *table, const char *facts)
{
	jv *got = NULL, *f = jv_parse(sv_of(facts), NULL);
	ASSERT(policy_decide(d->rules, sv_of(table), f, &got) == 0);
	jv_free(f);
	return got;
}

TEST(demo_tables_amounts)
{
	struct demo d;
	if (!demo_open(&d)) {
		demo_close(&d);
		CHECK(!"the tables have faults");
	}
	jv *x[8] = {
		ask(&d, "return",
		    "{\"state\":\"delivered\",\"reason\":\"other\",\"condition\":\"used\","
		    "\"days_since_delivery\":3,\"category\":\"furniture\"}"),
		ask(&d, "refund_band",
		    "{\"payment\":\"credit\",\"refund_fen\":30000,"
		    "\"gift_card_fen\":10000,\"way\":\"store\"}"),
		ask(&d, "refund_band",
		    "{\"payment\":\"alipay\",\"refund_fen\":5000,"
		    "\"gift_card_fen\":10000}"),
		ask(&d, "price_protection",
		    "{\"state\":\"delivered\",\"price_drop_fen\":12345,"
		    "\"days_since_delivery\":1}"),
		ask(&d, "compensation",
		    "{\"kind\":\"flaw_kept\",\"price_fen\":19999,"
		    "\"days_since_delivery\":15}"),
		ask(&d, "compensation",
		    "{\"severity\":\"high\",\"fault\":\"ours\",\"tier\":\"silver\"}"),
		ask(&d, "escalation",
		    "{\"type\":\"complaint\",\"hours_late\":4,\"repeat\":true}"),
		ask(&d, "approval",
		    "{\"what\":\"refund\",\"role\":\"agent\",\"amount_fen\":500001}"),
	};
	int64_t got[] = {
		jv_get_int(x[0], "fee_fen", -1), jv_get_int(x[0], "deduct_min_pct", -1),
		jv_get_int(x[0], "deduct_max_pct", -1), jv_get_int(x[1], "gift_card_back_fen", -1),
		jv_get_int(x[1], "rest_fen", -1), jv_get_int(x[1], "check_days", -1),
		jv_get_int(x[2], "gift_card_back_fen", -1), jv_get_int(x[2], "rest_fen", -1),
		jv_get_int(x[3], "amount_fen", -1), jv_get_int(x[4], "amount_fen", -1),
		jv_get_int(x[4], "supervisor_fen", -1), jv_get_int(x[5], "bot_fen", -1),
		jv_get_int(x[6], "rung", -1), sv_eq(jv_get_str(x[6], "raise"), SV("high")),
		sv_eq(jv_get_str(x[7], "ask"), SV("supervisor")),
	};
	static const int64_t want[] = { 6000, 10, 50, 10000, 20000, 0, 5000, 0, 12345, 2000, 6000,
					5000, 2, 1, 1 };
	bool why = sv_find(jv_as_str(jv_path(x[3], "why.zh")), SV("123.45元")) >= 0;
	for (int i = 0; i < 8; i++)
		jv_free(x[i]);
	demo_close(&d);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		EQ(got[i], want[i]);
	CHECK(why);
}
