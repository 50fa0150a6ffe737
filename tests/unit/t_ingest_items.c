/* t_ingest_items.c: lists of things with prices: a short one is one table, a long one an article a
 * row, and what is asked of one row is answered by it alone. Other tables stay tables. */
#include "t_ingest_help.h"

#define SHORT_ROWS 60

/* The list and n more rows of that pattern, "#" in it their number; in m's buffer. */
static sv longer(struct made *m, const char *list, const char *row, int n)
{
	sb_reset(&m->b);
	sb_cstr(&m->b, list);
	for (int i = 0; i < n; i++)
		for (const char *p = row; *p; p++) {
			if (*p == '#')
				sb_fmt(&m->b, "%d", 100 + i);
			else
				sb_ch(&m->b, *p);
		}
	return sb_sv(&m->b);
}

TEST(ingest_long_lists_of_things_become_an_article_a_row)
{
	static const struct {
		const char *text, *name, *title, *body, *asked, *lang;
		size_t n;
		const char *more;
	} rows[] = {
		{ "name,price,stock\nWalnut bread,5.5,10\nRye,4,0\n", "prices.csv",
		  "Walnut bread", "Walnut bread: price 5.5, stock 10.",
		  "price of Walnut bread\nstock of Walnut bread", "en", 2, "Roll #,1,2\n" },
		{ "名称;价格;库存\n\n黑麦;4元;0\nBagel;3元;\n", "价目.csv", "黑麦",
		  "黑麦：价格4元，库存0。", "黑麦价格\n黑麦库存", "zh", 2, "餐包#;3元;\n" },
		/* the column of names stands where it stands */
		{ "sku\tproduct\tprice\nA1\tSofa\t299\nA2\tBed\t399\n", "l.tsv", "Sofa",
		  "Sofa: sku A1, price 299.", "sku of Sofa\nprice of Sofa", "en", 2,
		  "A#\tChair #\t99\n" },
		{ "no,thing,fee\n1,Moving,50\n2,Lifting,70\n", "l.csv", "Moving",
		  "Moving: no 1, fee 50.", "no of Moving\nfee of Moving", "en", 2,
		  "#,Help #,5\n" },
		/* two columns name a row together */
		{ "country,size,fee\nFrance,small,5\nFrance,large,9\nNorway,small,12\n",
		  "l.csv", "France, small", "France, small: fee 5.", "fee of France, small",
		  "en", 3, "Land #,large,7\n" },
		{ "国家,大小,运费\n法国,小,5\n法国,大,9\n", "l.csv", "法国，小",
		  "法国，小：运费5。", "法国，小运费", "zh", 2, "某国#,大,7\n" },
		/* a row without a value, and a text of its own */
		{ "name,price,note\nRye,,dark\nSpelt,6,\"Ground in our own mill, of grain "
		  "that grew within ten miles of the bakery's door.\"\n",
		  "l.csv", "Rye", "Rye: note dark.", "note of Rye", "en", 2, "Roll #,1,\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct made m;

		made_init(&m);
		OK(made_read(&m, longer(&m, rows[i].text, rows[i].more, SHORT_ROWS), rows[i].name));
		EQ(m.d.articles.n, rows[i].n + SHORT_ROWS);
		SV_EQ(made_title(&m, 0), rows[i].title);
		SV_EQ(made_body(&m, 0), rows[i].body);
		for (size_t k = 0; k < m.d.articles.n; k++)
			SV_EQ(m.d.articles.v[k].kb.lang, rows[i].lang);
		SV_EQ(m.d.articles.v[0].heading, rows[i].title);
		SV_EQ(m.d.articles.v[0].kb.aliases, rows[i].asked);
		made_done(&m);
	}
}

TEST(ingest_long_cells_of_a_list_stand_below_its_numbers)
{
	struct made m;

	made_init(&m);
	OK(made_read(&m, SV("name,about,price\nSpelt,\"Ground in our own mill, of grain that grew "
			    "within ten miles of the bakery's door.\",6\n"),
		     "l.csv"));
	EQ(m.d.articles.n, 1);
	SV_EQ(made_body(&m, 0), "Spelt: price 6.\n\nabout: Ground in our own mill, of grain that "
				"grew within ten miles of the bakery's door.");
	made_done(&m);
}

/* Where a row of a sheet stands: the sheet and its name. */
TEST(ingest_row_of_a_sheet_knows_its_sheet)
{
	struct made m;
	struct ing_job j;
	struct ing_grid g = { 0 };

	made_init(&m);
	j = (struct ing_job){ .a = &m.a, .d = &m.d, .name = "book.xlsx" };
	CHECK(ing_grid_put(&g, 0, 0, SV("商品")) && ing_grid_put(&g, 0, 1, SV("价格")));
	for (size_t i = 1; i <= SHORT_ROWS + 1; i++) {
		CHECK(ing_grid_put(&g, i, 0, sv_of(arena_fmt(&m.a, "沙发%zu", i))));
		CHECK(ing_grid_put(&g, i, 1, SV("99")));
	}
	OK(ing_grid_out(&j, &g, SV("价目")));
	EQ(m.d.articles.n, SHORT_ROWS + 1);
	SV_EQ(m.d.articles.v[0].heading, "价目 > 沙发1");
	ing_grid_done(&g);
	made_done(&m);
}

/* Its name first, and every name of a row is one of the list. */
TEST(ingest_short_lists_stay_one_table)
{
	static const struct {
		const char *text, *name, *title, *body, *asked, *lang;
	} rows[] = {
		{ "Day,Hours\nMonday,9-18\nSunday,8-12\n", "opening-hours.csv", "opening-hours",
		  "| Day | Hours |\n| --- | --- |\n| Monday | 9-18 |\n| Sunday | 8-12 |",
		  "Hours of opening-hours\nMonday\nSunday", "en" },
		{ "名称;价格;库存\n\n黑麦;4元;0\n\nBagel;3元;\n", "价目.csv", "价目",
		  "| 名称 | 价格 | 库存 |\n| --- | --- | --- |\n| 黑麦 | 4元 | 0 |\n"
		  "| Bagel | 3元 |  |",
		  "价目价格\n价目库存\n黑麦\nBagel", "zh" },
		{ "sku\tproduct\tprice\nA1\tSofa\t299\nA2\tBed\t399\n", "l.tsv", "l",
		  "| product | sku | price |\n| --- | --- | --- |\n| Sofa | A1 | 299 |\n"
		  "| Bed | A2 | 399 |",
		  "sku of l\nprice of l\nSofa\nBed", "en" },
		{ "country,fee,size\nFrance,5,small\nNorway,12,small\n", "fees.csv", "fees",
		  "| country | fee | size |\n| --- | --- | --- |\n| France | 5 | small |\n"
		  "| Norway | 12 | small |",
		  "fee of fees\nsize of fees\nFrance\nNorway", "en" },
		{ "country,size,fee\nFrance,small,5\nFrance,large,9\n", "fees.csv", "fees",
		  "| country | size | fee |\n| --- | --- | --- |\n| France | small | 5 |\n"
		  "| France | large | 9 |",
		  "fee of fees\nFrance, small\nFrance, large", "en" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct made m;

		made_init(&m);
		OK(made_read(&m, sv_of(rows[i].text), rows[i].name));
		EQ(m.d.articles.n, 1);
		SV_EQ(made_title(&m, 0), rows[i].title);
		SV_EQ(made_body(&m, 0), rows[i].body);
		SV_EQ(m.d.articles.v[0].kb.lang, rows[i].lang);
		SV_EQ(m.d.articles.v[0].kb.aliases, rows[i].asked);
		made_done(&m);
	}
}

/* By rows, by bytes, and without paragraphs. */
TEST(ingest_short_list_ends_at_its_bounds)
{
	static const struct {
		const char *row;
		int n;
		size_t articles;
	} v[] = {
		{ "Thing #,1,\n", SHORT_ROWS, 1 },
		{ "Thing #,1,\n", SHORT_ROWS + 1, SHORT_ROWS + 1 },
		/* 40 rows of 70 bytes, and 45 */
		{ "Thing #,1,123456789 123456789 123456789 123456789 123456789 1\n", 40, 1 },
		{ "Thing #,1,123456789 123456789 123456789 123456789 123456789 1\n", 45, 45 },
		{ "Thing #,1,\"two\nlines\"\n", 2, 2 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct made m;

		made_init(&m);
		OK(made_read(&m, longer(&m, "name,price,note\n", v[i].row, v[i].n), "l.csv"));
		EQ(m.d.articles.n, v[i].articles);
		made_done(&m);
	}
}

/* Rows whose names are alike in their first 48 letters keep their ids when one comes before them;
 * short names are as they were. */
TEST(ingest_rows_of_a_list_keep_their_ids)
{
	static const char *const names[] = {
		"A very long name of a product that goes on and on, in red",
		"A very long name of a product that goes on and on, in blue", "Rye"
	};
	struct made m[2];
	sv id[2][3];

	for (size_t k = 0; k < 2; k++) {
		char list[400];

		made_init(&m[k]);
		(void)snprintf(
			list, sizeof(list), "name,price\n%s%s\"%s\",1\n\"%s\",2\n%s,3\n",
			k ? "\"A very long name of a product that goes on and on, in green\"" :
			    "",
			k ? ",4\n" : "", names[0], names[1], names[2]);
		OK(made_read(&m[k], longer(&m[k], list, "Thing #,1\n", SHORT_ROWS), "l.csv"));
		for (size_t i = 0; i < 3; i++)
			id[k][i] = ing_group(&m[k].a, SV("/list.csv"),
					     &m[k].d.articles.v[i + k], true);
	}
	for (size_t i = 0; i < 3; i++) {
		CHECK(sv_eq(id[0][i], id[1][i]));
		CHECK(!sv_eq(id[0][i], id[0][(i + 1) % 3]));
	}
	SV_EQ(id[0][2], "list-rye");
	made_done(&m[0]);
	made_done(&m[1]);
}

TEST(ingest_other_tables_stay_tables)
{
	static const char *const texts[] = {
		"sofa,grey\nbed,blue\n",                 /* no numbers: which row is the head? */
		"sofa,2899\nbed,1999\n",                 /* no head */
		"name,price\nRye,4\nRye,5\n",            /* two rows of one name */
		"name,price\nRye,4\n,5\n",               /* one without a name */
		"price\n4\n5\n",                         /* one column */
		"day,2025,2026\nMonday,1,2\nFriday,3,4\n", /* years are no names of columns */
		"name,price\n",                          /* nothing but the head */
		"from,to\n1,2\n3,4\n",                   /* numbers name nothing */
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct made m;

		made_init(&m);
		OK(made_read(&m, sv_of(texts[i]), "l.csv"));
		EQ(m.d.articles.n, 1);
		CHECK(sv_starts(made_body(&m, 0), SV("| ")));
		SV_EQ(made_title(&m, 0), "l");
		made_done(&m);
	}
}

TEST(ingest_list_of_too_many_rows_loses_none)
{
	struct made m;
	size_t rows = 0;

	made_init(&m);
	sb_cstr(&m.b, "name,price\n");
	for (int i = 0; i < 2001; i++)
		sb_fmt(&m.b, "Thing %d,%d\n", i, i);
	OK(made_read(&m, sb_sv(&m.b), "l.csv"));
	for (size_t i = 0; i < m.d.articles.n; i++) {
		sv rest = made_body(&m, i), line;

		while (sv_line(&rest, &line))
			rows += sv_starts(line, SV("| Thing"));
	}
	EQ(rows, 2001);
	made_done(&m);
}

/* Each is short enough, together they are more than a document may have: the last stays a table. */
TEST(ingest_lists_of_one_document_lose_no_row)
{
	struct made m;
	struct ing_job j;
	size_t rows = 0;

	made_init(&m);
	j = (struct ing_job){ .a = &m.a, .d = &m.d, .name = "l.csv", .lang = SV("en") };
	for (int i = 0; i < ING_ARTICLES_MAX - 5; i++)
		CHECK(VEC_PUSH(&m.d.articles, ING_ARTICLES_MAX));
	OK(ing_csv(&j, SV("name,price,note\nA,1,\"1\n2\"\nB,2,\nC,3,\n"), ','));
	EQ(m.d.articles.n, ING_ARTICLES_MAX - 2);
	OK(ing_csv(&j, SV("name,price,note\nD,1,\"1\n2\"\nE,2,\nF,3,\n"), ','));
	EQ(m.d.articles.n, ING_ARTICLES_MAX - 1);
	sv rest = made_body(&m, m.d.articles.n - 1), line;
	while (sv_line(&rest, &line))
		rows += sv_starts(line, SV("| D")) || sv_starts(line, SV("| E")) ||
			sv_starts(line, SV("| F"));
	EQ(rows, 3);
	EQ(m.d.notes.n, 0);
	made_done(&m);
}

/* ---- asked ---- */

struct shop {
	struct made m;
	struct store *st;
	struct store_db *db;
	struct err e;
	struct kb_index *ix;
	int rc;
};

static int put_list(void *arg, struct store_db *db)
{
	struct shop *s = arg;

	for (size_t i = 0; i < s->m.d.articles.n && !s->rc; i++) {
		struct kb_article a = s->m.d.articles.v[i].kb;
		bool changed;

		a.group_id = ing_group(&s->m.a, SV("/l.csv"), &s->m.d.articles.v[i], true);
		a.id = sv_of(arena_fmt(&s->m.a, SV_FMT "." SV_FMT, SV_ARG(a.group_id),
				       SV_ARG(a.lang)));
		s->rc = kb_put(db, &a, clk_wall_ms(), &changed);
		s->rc = s->rc || changed ? s->rc : ERR_EXISTS;
	}
	return s->rc;
}

static void shop_open(struct shop *s, const char *name, sv list)
{
	OK(made_read(&s->m, list, name));
	OK(kb_init());
	OK(store_open(&s->st, &(struct store_opts){ .dir = "" }, &s->e));
	OK(store_write(s->st, put_list, s, NULL, NULL));
	OK(store_flush(s->st));
	OK(s->rc);
	OK(store_reader(s->st, &s->db));
	OK(kb_build(&s->ix, s->db, NULL, &s->e));
}

static void shop_close(struct shop *s)
{
	obj_unref(s->ix);
	store_close(s->st);
	made_done(&s->m);
}

/* row: NULL, or the pattern of more rows; each question and the quote that answers it. */
static void asks(const char *name, const char *list, const char *row,
		 const char *const (*rows)[2], size_t n)
{
	struct shop s = { 0 };

	made_init(&s.m);
	shop_open(&s, name, row ? longer(&s.m, list, row, SHORT_ROWS) : sv_of(list));
	for (size_t i = 0; i < n; i++) {
		struct kb_query q = { .text = sv_of(rows[i][0]), .k = 3 };
		struct kb_result r;

		OK(kb_search(s.ix, &q, &s.m.a, &r));
		CHECK(r.n && r.answerable);
		SV_EQ(r.hits[0].quote, rows[i][1]);
		CHECK(kb_quote_stands(&r.hits[0], r.hits[0].body_md));
	}
	shop_close(&s);
}

/* Of a short list and of a long one. */
TEST(ingest_question_on_one_thing_is_answered_by_its_row)
{
	static const char *const en[][2] = {
		{ "how much is the rye", "Rye: price 4, stock 0." },
		{ "stock of rye", "Rye: price 4, stock 0." },
		{ "price of walnut bread", "Walnut bread: price 5.5, stock 10." },
		{ "spelt", "Spelt: price 6, stock 3." },
	};
	static const char *const zh[][2] = {
		{ "黑麦多少钱", "黑麦：价格4元，库存0。" },
		{ "黑麦还有库存吗", "黑麦：价格4元，库存0。" },
		{ "核桃面包价格", "核桃面包：价格5.5元，库存10。" },
		{ "贝果", "贝果：价格3元，库存8。" },
	};

	for (int i = 0; i < 2; i++) {
		asks("l.csv", "name,price,stock\nWalnut bread,5.5,10\nRye,4,0\nSpelt,6,3\n",
		     i ? "Roll #,1,2\n" : NULL, en, 4);
		asks("l.csv", "名称,价格,库存\n核桃面包,5.5元,10\n黑麦,4元,0\n贝果,3元,8\n",
		     i ? "餐包#,1元,2\n" : NULL, zh, 4);
	}
}

TEST(ingest_question_on_the_whole_list_is_answered_by_all_of_it)
{
	static const char *const hours[][2] = {
		{ "what are your opening hours", "Monday: Hours 9-18. Saturday: Hours 8-16. "
						 "Sunday: Hours 8-12." },
		{ "opening hours on monday", "Monday: Hours 9-18." },
	};
	static const char *const times[][2] = {
		{ "营业时间是什么", "星期一：时间9点到18点。星期六：时间8点到16点。" },
		{ "星期一的营业时间", "星期一：时间9点到18点。" },
	};
	static const char *const fees[][2] = {
		{ "delivery fees", "Germany: Fee 4.90 euros. France: Fee 7.50 euros. Norway: Fee "
				   "12 euros." },
		{ "delivery fee for Norway", "Norway: Fee 12 euros." },
	};
	static const char *const kuaidi[][2] = {
		{ "运费怎么算", "北京：运费10元。上海：运费8元。新疆：运费25元。" },
		{ "新疆运费", "新疆：运费25元。" },
	};

	asks("opening-hours.csv", "Day,Hours\nMonday,9-18\nSaturday,8-16\nSunday,8-12\n", NULL,
	     hours, 2);
	asks("营业时间.csv", "星期,时间\n星期一,9点到18点\n星期六,8点到16点\n", NULL, times, 2);
	asks("delivery-fees.csv",
	     "Country,Fee\nGermany,4.90 euros\nFrance,7.50 euros\nNorway,12 euros\n", NULL,
	     fees, 2);
	asks("运费.csv", "地区,运费\n北京,10元\n上海,8元\n新疆,25元\n", NULL, kuaidi, 2);
}
