/* t_ingest_items.c: lists of things with prices: an article a row, and what is asked of one is
 * answered by it alone. Other tables stay tables. */
#include "t_ingest_help.h"

TEST(ingest_lists_of_things_become_an_article_a_row)
{
	static const struct {
		const char *text, *name, *title, *body, *asked, *lang;
		size_t n;
	} rows[] = {
		{ "name,price,stock\nWalnut bread,5.5,10\nRye,4,0\n", "prices.csv", "Walnut bread",
		  "Walnut bread: price 5.5, stock 10.",
		  "price of Walnut bread\nstock of Walnut bread", "en", 2 },
		{ "名称;价格;库存\n\n黑麦;4元;0\nBagel;3元;\n", "价目.csv", "黑麦",
		  "黑麦：价格4元，库存0。", "黑麦价格\n黑麦库存", "zh", 2 },
		/* the column of names stands where it stands */
		{ "sku\tproduct\tprice\nA1\tSofa\t299\nA2\tBed\t399\n", "l.tsv", "Sofa",
		  "Sofa: sku A1, price 299.", "sku of Sofa\nprice of Sofa", "en", 2 },
		{ "no,thing,fee\n1,Moving,50\n2,Lifting,70\n", "l.csv", "Moving",
		  "Moving: no 1, fee 50.", "no of Moving\nfee of Moving", "en", 2 },
		/* two columns name a row together */
		{ "country,size,fee\nFrance,small,5\nFrance,large,9\nNorway,small,12\n", "l.csv",
		  "France, small", "France, small: fee 5.", "fee of France, small", "en", 3 },
		{ "国家,大小,运费\n法国,小,5\n法国,大,9\n", "l.csv", "法国，小",
		  "法国，小：运费5。", "法国，小运费", "zh", 2 },
		/* a row without a value, and a text of its own */
		{ "name,price,note\nRye,,dark\nSpelt,6,\"Ground in our own mill, of grain "
		  "that grew within ten miles of the bakery's door.\"\n",
		  "l.csv", "Rye", "Rye: note dark.", "note of Rye", "en", 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct made m;

		made_init(&m);
		OK(made_read(&m, sv_of(rows[i].text), rows[i].name));
		EQ(m.d.articles.n, rows[i].n);
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
	OK(ing_csv(&j, SV("name,price\nA,1\nB,2\nC,3\n"), ','));
	EQ(m.d.articles.n, ING_ARTICLES_MAX - 2);
	OK(ing_csv(&j, SV("name,price\nD,1\nE,2\nF,3\n"), ','));
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

static void shop_open(struct shop *s, const char *list)
{
	memset(s, 0, sizeof(*s));
	made_init(&s->m);
	OK(made_read(&s->m, sv_of(list), "l.csv"));
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

static void asks(const char *list, const char *const (*rows)[2], size_t n)
{
	struct shop s;

	shop_open(&s, list);
	for (size_t i = 0; i < n; i++) {
		struct kb_query q = { .text = sv_of(rows[i][0]), .k = 3 };
		struct kb_result r;

		OK(kb_search(s.ix, &q, &s.m.a, &r));
		CHECK(r.n && r.answerable);
		SV_EQ(r.hits[0].quote, rows[i][1]);
	}
	shop_close(&s);
}

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

	asks("name,price,stock\nWalnut bread,5.5,10\nRye,4,0\nSpelt,6,3\n", en, 4);
	asks("名称,价格,库存\n核桃面包,5.5元,10\n黑麦,4元,0\n贝果,3元,8\n", zh, 4);
}
