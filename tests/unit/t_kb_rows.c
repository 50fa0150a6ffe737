/* t_kb_rows.c: rows of tables are read out, in place of the table's head. */
#include "kb_int.h"
#include "t.h"

TEST(kb_row_reads_out_with_the_names_of_its_columns)
{
	static const struct {
		const char *head[4], *cell[4], *said;
		size_t n;
		bool zh;
	} rows[] = {
		{ { "name", "price", "stock" }, { "Rye", "4", "0" }, "Rye: price 4, stock 0.", 3,
		  false },
		{ { "名称", "价格", "库存" }, { "黑麦", "4元", "0" }, "黑麦：价格4元，库存0。", 3,
		  true },
		{ { "型号", "SKU" }, { "L1", "A 7" }, "L1：SKU A 7。", 2, true },
		{ { "name", "price", "note" }, { " Rye ", "", "dark" }, "Rye: note dark.", 3,
		  false },
		{ { "", "fee" }, { "", "5" }, "fee 5.", 2, false },
		{ { "a", "", "b" }, { "x", "y", "z" }, "x: y, b z.", 3, false },
		{ { "a", "b" }, { "x", "" }, "x.", 2, false },
		{ { "a" }, { "" }, "", 1, true },
		{ { "name", "note" }, { "Rye", "Dark bread." }, "Rye: note Dark bread.", 2,
		  false },
		{ { "名称", "备注" }, { "黑麦", "手工制作。" }, "黑麦：备注手工制作。", 2, true },
		{ { "name", "note" }, { "Rye", "fresh?" }, "Rye: note fresh?", 2, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sv head[4], cell[4];
		struct sb b;

		sb_init(&b, 1000);
		for (size_t k = 0; k < rows[i].n; k++) {
			head[k] = sv_of(rows[i].head[k]);
			cell[k] = sv_of(rows[i].cell[k]);
		}
		kb_row_say(head, cell, rows[i].n, rows[i].zh, &b);
		SV_EQ(sb_sv(&b), rows[i].said);
		sb_done(&b);
	}
}

/* ---- articles with tables ---- */

struct shop {
	struct store *st;
	struct store_db *db;
	struct arena a;
	struct err e;
	struct kb_index *ix[2];  /* open and packed */
	int rc;
};

static int put_all(void *arg, struct store_db *db)
{
	static const struct {
		const char *id, *lang, *title, *body;
	} all[] = {
		{ "prices.en", "en", "Our bread and what it costs",
		  "| name | price | stock |\n| --- | ---: | --- |\n| Walnut bread | 5.5 | 10 |\n"
		  "| Rye | 4 | 0 |\n| Spelt | 6 | 3 |\n\nWe bake every morning." },
		{ "prices.zh", "zh", "面包价目",
		  "|名称|价格|库存|\n|---|---|---|\n|核桃面包|5.5元|10|\n"
		  "|黑麦|4元|0|\n|斯佩尔特|6元|3|" },
		{ "send.en", "en", "What does delivery cost?",
		  "Delivery is free from 50 euros.\n\n| Country | Fee | Days |\n|---|---|---|\n"
		  "| France | 5 euros | 3 |\n| Norway | 12 euros | 6 |" },
		{ "open.en", "en", "When are you open?",
		  "From 6 to 18.\n\n| a cell alone\n\nNo dogs | cats." },
		{ "open.zh", "zh", "几点开门？", "早上六点。" },
		/* names of rows that say nothing by themselves, values alike */
		{ "days.en", "en", "office hours of the clinic",
		  "| Day | Hours |\n| --- | --- |\n| Monday | 9-18 |\n| Tuesday | 9-18 |\n"
		  "| Friday | 9-18 |" },
		{ "days.zh", "zh", "门诊时间",
		  "| 星期 | 时间 |\n|---|---|\n| 星期一 | 9点 |\n| 星期二 | 9点 |\n"
		  "| 星期五 | 9点 |" },
		/* more rows than a quote has room for */
		{ "tools.en", "en", "rental tools",
		  "| tool | deposit in cash | hours |\n|---|---|---|\n"
		  "| Long steel ladder | 100 euros | 1 to 24 |\n"
		  "| Heavy demolition hammer | 200 euros | 1 to 24 |\n"
		  "| Carpet cleaner | 150 euros | 1 to 24 |\n"
		  "| Garden shredder | 250 euros | 1 to 24 |\n"
		  "| Cement mixer | 120 euros | 1 to 24 |" },
		{ "tools.zh", "zh", "出租工具",
		  "| 工具 | 押金 | 时长 |\n|---|---|---|\n"
		  "| 加长的钢制伸缩梯子 | 现金一百元整 | 一小时到一天 |\n"
		  "| 重型混凝土破碎锤 | 现金两百元整 | 一小时到一天 |\n"
		  "| 地毯清洗机 | 现金一百五十元 | 一小时到一天 |\n"
		  "| 花园碎枝机 | 现金两百五十元 | 一小时到一天 |\n"
		  "| 水泥搅拌机 | 现金一百二十元 | 一小时到一天 |" },
	};
	struct shop *s = arg;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all) && !s->rc; i++) {
		const struct kb_article a = { .id = sv_of(all[i].id), .lang = sv_of(all[i].lang),
					      .title = sv_of(all[i].title),
					      .body_md = sv_of(all[i].body) };
		bool changed;

		s->rc = kb_put(db, &a, clk_wall_ms(), &changed);
	}
	return s->rc;
}

static void shop_open(struct shop *s)
{
	memset(s, 0, sizeof(*s));
	arena_init(&s->a, LIM_ARENA_BIG);
	OK(kb_init());
	OK(store_open(&s->st, &(struct store_opts){ .dir = "" }, &s->e));
	OK(store_write(s->st, put_all, s, NULL, NULL));
	OK(store_flush(s->st));
	OK(s->rc);
	OK(store_reader(s->st, &s->db));
	for (int i = 0; i < 2; i++)
		OK(kb_build(&s->ix[i], s->db, &(struct kb_opts){ .packed = i == 1 }, &s->e));
}

static void shop_close(struct shop *s)
{
	for (int i = 0; i < 2; i++)
		obj_unref(s->ix[i]);
	store_close(s->st);
	arena_done(&s->a);
}

/* The hit of this article, or NULL. */
static const struct kb_hit *hit(struct shop *s, int i, const char *id, const char *question)
{
	struct kb_query q = { .text = sv_of(question), .k = 5 };
	struct kb_result r = { 0 };

	(void)kb_search(s->ix[i], &q, &s->a, &r);
	for (size_t k = 0; k < r.n; k++)
		if (sv_eq(r.hits[k].article_id, sv_of(id)))
			return &r.hits[k];
	return NULL;
}

TEST(kb_quote_of_a_table_is_the_row_asked_for)
{
	static const struct {
		const char *id, *ask, *quote, *stands;
	} rows[] = {
		{ "prices.en", "stock of rye", "Rye: price 4, stock 0.", "| Rye | 4 | 0 |" },
		{ "prices.en", "how much is the walnut bread", "Walnut bread: price 5.5, stock 10.",
		  "| Walnut bread | 5.5 | 10 |" },
		{ "prices.zh", "黑麦还有库存吗", "黑麦：价格4元，库存0。", "|黑麦|4元|0|" },
		{ "prices.zh", "核桃面包价格", "核桃面包：价格5.5元，库存10。",
		  "|核桃面包|5.5元|10|" },
		{ "send.en", "delivery fee to Norway", "Norway: Fee 12 euros, Days 6.",
		  "| Norway | 12 euros | 6 |" },
		/* of the whole list: all of it */
		{ "prices.en", "what are the costs",
		  "Walnut bread: price 5.5, stock 10. Rye: price 4, stock 0. Spelt: price 6, "
		  "stock 3.",
		  "| Walnut bread | 5.5 | 10 |\n| Rye | 4 | 0 |\n| Spelt | 6 | 3 |" },
	};
	struct shop s;

	shop_open(&s);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		const struct kb_hit *h = hit(&s, i & 1, rows[i / 2].id, rows[i / 2].ask);

		CHECK(h);
		SV_EQ(h->quote, rows[i / 2].quote);
		CHECK(h->row);
		SV_EQ(sv_n(h->body_md.p + h->quote_at.off, h->quote_at.len), rows[i / 2].stands);
		CHECK(kb_quote_stands(h, h->body_md));
	}
	shop_close(&s);
}

/* Of rows that match alike the one that the question names. */
TEST(kb_quote_of_a_table_is_the_row_named)
{
	static const char *const rows[][3] = {
		{ "days.en", "office hours on monday", "Monday: Hours 9-18." },
		{ "days.en", "office hours on monday or friday",
		  "Monday: Hours 9-18. Friday: Hours 9-18." },
		{ "days.en", "office hours of the clinic",
		  "Monday: Hours 9-18. Tuesday: Hours 9-18. Friday: Hours 9-18." },
		{ "days.zh", "星期二门诊时间", "星期二：时间9点。" },
		{ "days.zh", "门诊时间", "星期一：时间9点。星期二：时间9点。星期五：时间9点。" },
	};
	struct shop s;

	shop_open(&s);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		const struct kb_hit *h = hit(&s, i & 1, rows[i / 2][0], rows[i / 2][1]);

		CHECK(h);
		SV_EQ(h->quote, rows[i / 2][2]);
		CHECK(kb_quote_stands(h, h->body_md));
	}
	shop_close(&s);
}

TEST(kb_quote_of_a_long_table_says_that_there_is_more)
{
	static const char *const rows[][4] = {
		{ "tools.en", "rental tools",
		  "Long steel ladder: deposit in cash 100 euros, hours 1 to 24. Heavy demolition "
		  "hammer: deposit in cash 200 euros, hours 1 to 24. Carpet cleaner: deposit in "
		  "cash 150 euros, hours 1 to 24. There are more.",
		  "| Carpet cleaner | 150 euros | 1 to 24 |" },
		{ "tools.zh", "出租工具",
		  "加长的钢制伸缩梯子：押金现金一百元整，时长一小时到一天。重型混凝土破碎锤：押金"
		  "现金两百元整，时长一小时到一天。地毯清洗机：押金现金一百五十元，时长一小时到"
		  "一天。花园碎枝机：押金现金两百五十元，时长一小时到一天。还有其他的。",
		  "| 花园碎枝机 | 现金两百五十元 | 一小时到一天 |" },
	};
	struct shop s;

	shop_open(&s);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		const struct kb_hit *h = hit(&s, i & 1, rows[i / 2][0], rows[i / 2][1]);
		struct kb_hit more;

		CHECK(h);
		SV_EQ(h->quote, rows[i / 2][2]);
		CHECK(kb_quote_stands(h, h->body_md));
		CHECK(sv_ends(sv_n(h->body_md.p + h->quote_at.off, h->quote_at.len),
			      sv_of(rows[i / 2][3])));
		more = *h;           /* alone it is no row */
		more.quote = i / 2 ? SV("还有其他的。") : SV("There are more.");
		CHECK(!kb_quote_stands(&more, h->body_md));
	}
	shop_close(&s);
}

/* Without a row that fits better, what stands before the table answers; bars alone make none. */
TEST(kb_quote_beside_a_table_stays_a_sentence)
{
	static const char *const rows[][3] = {
		{ "send.en", "what does delivery cost", "Delivery is free from 50 euros." },
		{ "open.en", "when are you open", "From 6 to 18." },
		{ "open.zh", "几点开门", "早上六点。" },
		/* a sentence below the table */
		{ "prices.en", "do you bake every morning", "We bake every morning." },
	};
	struct shop s;

	shop_open(&s);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		const struct kb_hit *h = hit(&s, i & 1, rows[i / 2][0], rows[i / 2][1]);

		CHECK(h && !h->row);
		if (h)
			CHECK(sv_starts(h->quote, sv_of(rows[i / 2][2])));
		if (h)
			CHECK(sv_eq(sv_n(h->body_md.p + h->quote_at.off, h->quote_at.len),
				    h->quote));
	}
	shop_close(&s);
}

/* What is read out of a table can be looked up like any quote: it has to stand in its rows. */
TEST(kb_quote_of_rows_is_literal_or_not)
{
	static const struct {
		const char *quote, *at, *last; /* where its first row begins, its last one ends */
		bool stands;
	} v[] = {
		{ "Rye: price 4, stock 0.", "| Rye", "| 0 |", true },
		{ "Rye: price 4", "| Rye", "| 0 |", true }, /* cut short */
		{ "Rye: price 5, stock 0.", "| Rye", "| 0 |", false },
		{ "Rye: price 4, stock 0. Buy.", "| Rye", "| 0 |", false },
		{ "Rye: price 4, stock 0.", "| Spelt", "| 3 |", false },
		{ "Walnut bread: price 5.5, stock 10. Spelt: price 6, stock 3.", "| Walnut",
		  "| 3 |", true },
		{ "Spelt: price 6, stock 3. Rye: price 4, stock 0.", "| Walnut", "| 3 |", false },
		{ "", "| Rye", "| 0 |", false },
		{ "We bake every morning.", "We bake", "morning.", false },
	};
	sv body = SV("| name | price | stock |\n| --- | ---: | --- |\n"
		     "| Walnut bread | 5.5 | 10 |\n| Rye | 4 | 0 |\n| Spelt | 6 | 3 |\n\n"
		     "We bake every morning.");

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct kb_hit h = { .lang = SV("en"), .quote = sv_of(v[i].quote), .row = true };
		ptrdiff_t at = sv_find(body, sv_of(v[i].at));
		sv rest = sv_slice(body, (size_t)at, body.n);

		h.quote_at.off = (uint32_t)at;
		h.quote_at.len = (uint32_t)(sv_find(rest, sv_of(v[i].last)) +
					    (ptrdiff_t)strlen(v[i].last));
		EQ(kb_quote_stands(&h, body), v[i].stands);
		h.row = false;
		EQ(kb_quote_stands(&h, body), i == 8);
	}
}
