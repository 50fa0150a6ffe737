/* t_kb_parse.c: the five document formats, messages that say how to mend, sentences, chunks. */
#include <stdio.h>
#include "kb_int.h"
#include "t.h"

struct docs {
	struct arena a;
	struct kb_article v[16];
	size_t n;
	struct err e;
};

static int keep(void *arg, const struct kb_article *a)
{
	struct docs *d = arg;

	if (d->n < 16)
		d->v[d->n++] = *a;
	return 0;
}

static int parse(struct docs *d, const char *text, enum kb_format f, const char *name)
{
	memset(d, 0, sizeof(*d));
	arena_init(&d->a, LIM_ARENA_BIG);
	return kb_parse(sv_of(text), f, name, &d->a, keep, d, &d->e);
}

/* Parses what must be refused; true when the message holds want and nothing was delivered. */
static bool refused(const char *text, enum kb_format f, const char *want)
{
	struct docs d;
	int rc = parse(&d, text, f, "x");
	bool ok = rc < 0 && d.n == 0 && sv_find(sv_of(d.e.msg), sv_of(want)) >= 0;

	if (!ok)
		fprintf(stderr, "# rc %d, %zu articles, \"%s\", want \"%s\"\n", rc, d.n,
			d.e.msg, want);
	arena_done(&d.a);
	return ok;
}

TEST(kb_markdown_front_matter)
{
	struct docs d;

	OK(parse(&d,
		 "---\r\nid: return-window\r\nlang: en\r\ntitle: \"How long?\"\r\ncategory: "
		 "returns\r\n"
		 "aliases: a b; c；d;\r\nvalid_from: 2026-01-01\r\nvalid_to: "
		 "2026-12-31\r\n---\r\n"
		 "You have 30 days.\r\n\r\nMore.\r\n",
		 KB_AUTO, "x/return.md"));
	EQ(d.n, 1);
	SV_EQ(d.v[0].id, "return-window.en");
	SV_EQ(d.v[0].group_id, "return-window");
	SV_EQ(d.v[0].title, "How long?");
	SV_EQ(d.v[0].aliases, "a b\nc\nd");
	SV_EQ(d.v[0].body_md, "You have 30 days.\n\nMore.");
	EQ(d.v[0].valid_from_ms, 1767225600000);
	EQ(d.v[0].valid_to_ms, 1798761600000 - 1);
	arena_done(&d.a);
}

TEST(kb_a_document_may_say_who_may_read_it)
{
	struct docs d;

	OK(parse(&d, "---\ntitle: t\naudience: agent\n---\nb", KB_MARKDOWN, "x"));
	SV_EQ(d.v[0].audience, "agent");
	arena_done(&d.a);
	OK(parse(&d, "question,answer,audience\nabc,b,role:team-lead\nabd,c,\nabe,d,public\n",
		 KB_CSV, "x"));
	EQ(d.n, 3);
	SV_EQ(d.v[0].audience, "role:team-lead");
	CHECK(!d.v[1].audience.p); /* nothing said: as it was */
	SV_EQ(d.v[2].audience, "public");
	arena_done(&d.a);
	OK(parse(&d, "# T\n\nb", KB_MARKDOWN, "x"));
	CHECK(!d.v[0].audience.p);
	arena_done(&d.a);
	CHECK(refused("---\ntitle: t\naudience: friends\n---\nb", KB_MARKDOWN,
		      "x:3: audience \"friends\" is not known; write public, agent or role:NAME"));
	CHECK(refused("---\ntitle: t\naudience: role:\n---\nb", KB_MARKDOWN, "is not known"));
	CHECK(refused("---\ntitle: t\naudience: role:a b\n---\nb", KB_MARKDOWN,
		      "is not known"));
	static const char nul[] = "---\ntitle: t\naudience: role:a\0b\n---\nb";
	arena_init(&d.a, LIM_ARENA_BIG);
	CHECK(kb_parse(sv_n(nul, sizeof(nul) - 1), KB_MARKDOWN, "x", &d.a, keep, &d, &d.e) < 0);
	arena_done(&d.a);
}

TEST(kb_markdown_without_front_matter)
{
	struct docs d;

	OK(parse(&d, "\n# 怎么退货？ #\n\n打开订单。\n", KB_AUTO, "a/b/return-how.md"));
	SV_EQ(d.v[0].id, "return-how.zh");
	SV_EQ(d.v[0].title, "怎么退货？");
	SV_EQ(d.v[0].body_md, "打开订单。");
	arena_done(&d.a);
	OK(parse(&d, "Just text, no heading.", KB_MARKDOWN, "note.en.md"));
	SV_EQ(d.v[0].id, "note.en");
	arena_done(&d.a);
}

TEST(kb_markdown_refuses_with_line_and_mend)
{
	CHECK(refused("---\nid: a\ntitle: t\n", KB_MARKDOWN, "x:1: front matter is not closed"));
	CHECK(refused("---\nid: a\nnonsense\n---\nb", KB_MARKDOWN, "x:3: front matter needs"));
	CHECK(refused("---\ncolour: red\n---\nb", KB_MARKDOWN, "x:2: unknown field \"colour\""));
	CHECK(refused("---\nvalid_from: soon\n---\nb", KB_MARKDOWN, "write 2026-01-31"));
	CHECK(refused("---\ntitle: t\n---\n  \n", KB_MARKDOWN, "no text"));
	CHECK(refused("---\nid: a/b\ntitle: t\n---\nb", KB_MARKDOWN, "id \"a/b\" must be"));
	CHECK(refused("---\nlang: English\ntitle: t\n---\nb", KB_MARKDOWN, "lang must be"));
	CHECK(refused("---\nvalid_from: 2026-02-01\nvalid_to: 2026-01-01\ntitle: t\n---\nb",
		      KB_MARKDOWN, "before valid_from"));
	CHECK(refused("# t\nfine\nbad \xFF byte", KB_MARKDOWN, "x:3: not UTF-8"));
}

TEST(kb_html_text)
{
	struct docs d;

	OK(parse(
		&d,
		"<html lang=\"en-GB\"><head><title>Returns &amp; more</title>"
		"<style>p{}</style><script>if (a<b) document.write('<p>no</p>')</script></head>"
		"<body><nav>menu</nav><h2>How</h2><p>Pay&nbsp;5&euro;<br>now "
		"&#x4e2d;&#20013;</p>"
		"<!-- <p>hidden</p> --><ul><li>a</li><li>b</li></ul><ol><li>x<li>y</ol>"
		"<table><tr><th>A<th>B|C</tr><tr><td>1</td><td>2</td></tr></table></body></"
		"html>",
		KB_AUTO, "page"));
	SV_EQ(d.v[0].title, "Returns & more");
	SV_EQ(d.v[0].lang, "en");
	SV_EQ(d.v[0].body_md, "## How\n\nPay 5€\nnow 中中\n\n- a\n- b\n\n1. x\n2. y\n\n"
	      "| A | B/C\n| 1 | 2 |");
	arena_done(&d.a);
}

TEST(kb_html_hostile)
{
	struct docs d;

	OK(parse(&d, "<h1>T</h1>text<script>never closed <p>more", KB_HTML, "x"));
	SV_EQ(d.v[0].title, "T");
	CHECK(sv_find(d.v[0].body_md, SV("more")) < 0);
	arena_done(&d.a);
	OK(parse(&d, "<h1>T</h1><p title='a>b' <b>5 < 6 & 7 &bogus; &#xD800;</p>", KB_HTML, "x"));
	HAS(d.v[0].body_md, "5 < 6 & 7 &bogus; \xEF\xBF\xBD");
	arena_done(&d.a);
	CHECK(refused("<p></p>", KB_HTML, "no title"));
}

TEST(kb_csv_rows)
{
	struct docs d;

	OK(parse(&d,
		 "question,answer,lang,aliases\r\n\"How, when?\",\"Line one\r\nline "
		 "\"\"two\"\".\",en,"
		 "a; b\r\n\r\n怎么退,七天内退。,zh,\r\n",
		 KB_AUTO, "f.csv"));
	EQ(d.n, 2);
	SV_EQ(d.v[0].title, "How, when?");
	SV_EQ(d.v[0].body_md, "Line one\nline \"two\".");
	SV_EQ(d.v[0].id, "how-when.en");
	SV_EQ(d.v[1].lang, "zh");
	SV_EQ(d.v[1].id, "怎么退.zh");
	arena_done(&d.a);
	OK(parse(&d, "title;question;body\nT;Q;B\n", KB_CSV, "x"));
	SV_EQ(d.v[0].title, "T");
	SV_EQ(d.v[0].aliases, "Q");
	arena_done(&d.a);
}

/* An id says what the article is about, in Chinese too; long titles that begin alike stay apart. */
TEST(kb_slugs_can_be_read)
{
	struct arena a;
	arena_init(&a, LIM_ARENA_BIG);
	SV_EQ(kb_slug(&a, SV("How long, please?")), "how-long-please");
	SV_EQ(kb_slug(&a, SV("能开发票吗？")), "能开发票吗");
	SV_EQ(kb_slug(&a, SV("WiFi 6 路由器（家用）")), "wifi-6-路由器-家用");
	CHECK(sv_starts(kb_slug(&a, SV("？！")), SV("doc-")));
	sv x = kb_slug(&a, SV("请问您们的产品在收到货之后多少天之内可以退")),
	   y = kb_slug(&a, SV("请问您们的产品在收到货之后多少天之内可以换"));
	CHECK(sv_utf8_ok(x) && x.n <= 48 && sv_starts(x, SV("请问您们的产品")));
	CHECK(!sv_eq(x, y));
	/* Latin ones only where that is asked for, and only what is cut */
	sv p = SV("A very long name of a product that goes on and on, in red"),
	   q = SV("A very long name of a product that goes on and on, in blue");
	CHECK(sv_eq(kb_slug(&a, p), kb_slug(&a, q)));
	x = kb_slug_apart(&a, p);
	y = kb_slug_apart(&a, q);
	CHECK(!sv_eq(x, y) && x.n <= 48 && sv_starts(x, SV("a-very-long-name-of-a-product")));
	SV_EQ(kb_slug_apart(&a, SV("Walnut bread")), "walnut-bread");
	SV_EQ(kb_slug_apart(&a, SV("能开发票吗？")), "能开发票吗");
	arena_done(&a);
}

TEST(kb_csv_is_whole_or_nothing)
{
	CHECK(refused("question,answer\na,b\nc\n", KB_CSV,
		      "x:3: 1 columns where the header has 2"));
	CHECK(refused("question,answer\na,b\n\"c,d\n", KB_CSV,
		      "x:3: a quoted field is not closed"));
	CHECK(refused("question,answer\na,b\n\"c\"d,e\n", KB_CSV, "double quotes inside"));
	CHECK(refused("question,answer\na\"b,c\n", KB_CSV, "x:2: a quote inside"));
	CHECK(refused("question,text\na,b\n", KB_CSV, "first line must name"));
	CHECK(refused("question,answer\n", KB_CSV, "no row below"));
	CHECK(refused("question,answer\nabc,b\nabc,c\n", KB_CSV,
		      "x:3: id \"abc.en\" stands twice"));
}

TEST(kb_jsonl_rows)
{
	struct docs d;

	OK(parse(&d,
		 "{\"question\":\"Can I pay "
		 "later?\",\"answer\":\"Yes.\",\"aliases\":[\"x\",\"y\\nz\"]}\n\n"
		 "{\"id\":\"q2\",\"title\":\"T\",\"body\":\"C\",\"lang\":\"en\"}\n",
		 KB_AUTO, "f"));
	EQ(d.n, 2);
	SV_EQ(d.v[0].id, "can-i-pay-later.en");
	SV_EQ(d.v[0].aliases, "x\ny z");
	SV_EQ(d.v[1].id, "q2.en");
	arena_done(&d.a);
	CHECK(refused("{\"question\":\"a b c\",\"answer\":\"b\"}\n{\"x\":", KB_JSONL,
		      "x:2: each line must"));
	CHECK(refused("{\"title\":\"a\",\"answer\":5}\n", KB_JSONL, "\"answer\" must be text"));
	CHECK(refused("[1]\n", KB_JSONL, "one JSON object"));
	CHECK(refused("\n", KB_JSONL, "no JSON object"));
}

TEST(kb_products_become_two_articles)
{
	struct docs d;
	sv line = SV("{\"sku\":\"HH-1\",\"name\":{\"en\":\"Lamp\",\"zh\":\"台灯\"},\"price_"
		     "cny\":129,"
		     "\"warranty_months\":24,\"specs\":{\"en\":\"9 "
		     "W\",\"zh\":\"9瓦\"},\"description\":{"
		     "\"en\":\"Bright.\",\"zh\":\"很亮。\"},\"aliases\":{\"en\":[\"desk "
		     "lamp\"],\"zh\":[]}}");

	memset(&d, 0, sizeof(d));
	arena_init(&d.a, LIM_ARENA_BIG);
	OK(kb_parse_products(line, "p.jsonl", &d.a, keep, &d, NULL, &d.e));
	EQ(d.n, 2);
	SV_EQ(d.v[0].id, "product-hh-1.en");
	HAS(d.v[0].body_md, "Lamp costs CNY 129.00 and has a warranty of 2 years.");
	HAS(d.v[1].body_md, "台灯售价¥129.00，质保2年。");
	SV_EQ(d.v[0].aliases, "desk lamp");
	d.n = 0;
	EQ(kb_parse_products(SV("{\"sku\":\"HH-1\"}"), "p", &d.a, keep, &d, NULL, &d.e), ERR_PARSE);
	EQ(d.n, 0);
	arena_done(&d.a);
}

/* A name in one language is one article; a line that is no product goes alone, where it may. */
TEST(kb_products_that_are_not_whole)
{
	static const char text[] =
		"{\"sku\":\"HH-1\",\"name\":{\"zh\":\"台灯\"},\"price_cny\":129}\n"
		"{\"sku\":\"HH-2\",\"name\":{\"en\":\" \"},\"price_cny\":1}\n"
		"[]\n"
		"{\"sku\":\"hh-1\",\"name\":{\"zh\":\"再来\"},\"price_cny\":1}\n"
		"{\"sku\":\"HH-3\",\"name\":{\"en\":\"Sofa\"},\"price_cny\":0}\n";
	struct docs d;
	size_t bad = 0;

	memset(&d, 0, sizeof(d));
	arena_init(&d.a, LIM_ARENA_BIG);
	EQ(kb_parse_products(sv_of(text), "p", &d.a, keep, &d, NULL, &d.e), ERR_PARSE);
	EQ(d.n, 0);
	OK(kb_parse_products(sv_of(text), "p", &d.a, keep, &d, &bad, &d.e));
	EQ(d.n, 2);
	SV_EQ(d.v[0].id, "product-hh-1.zh");
	SV_EQ(d.v[1].id, "product-hh-3.en");
	EQ(bad, 3); /* no name, no object, the same number again */
	HAS(sv_of(d.e.msg), "p:2: a product needs sku, price_cny and name.en or name.zh (HH-2)");
	arena_done(&d.a);
}

/* Articles live as long as the arena; the name of their file does not. */
TEST(kb_language_of_a_file_name_is_kept)
{
	static const char *const names[][2] = { { "x/pay.en.md", "en" }, { "x/付款.zh.md", "zh" },
						{ "x/zahlen.de.txt", "de" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct docs d;
		char name[32];

		(void)snprintf(name, sizeof(name), "%s", names[i][0]);
		OK(parse(&d, "# Pay\n\nIn cash.", KB_AUTO, name));
		memset(name, '#', sizeof(name) - 1);
		EQ(d.n, 1);
		SV_EQ(d.v[0].lang, names[i][1]);
		arena_done(&d.a);
	}
}

TEST(kb_parse_path_walks_folders)
{
	struct docs d;
	struct err e = { 0 };
	char path[256];

	memset(&d, 0, sizeof(d));
	arena_init(&d.a, LIM_ARENA_BIG);
	snprintf(path, sizeof(path), "%s/sub", t_tmpdir());
	OK(file_mkdirs(path, &e));
	snprintf(path, sizeof(path), "%s/sub/a.md", t_tmpdir());
	OK(file_write(path, SV("# A\n\ntext a"), &e));
	snprintf(path, sizeof(path), "%s/b.txt", t_tmpdir());
	OK(file_write(path, SV("B\n\ntext b"), &e));
	snprintf(path, sizeof(path), "%s/c.png", t_tmpdir());
	OK(file_write(path, SV("\x89PNG"), &e));
	OK(kb_parse_path(t_tmpdir(), &d.a, keep, &d, &d.e));
	EQ(d.n, 2);
	EQ(kb_parse_path("/nonexistent/x", &d.a, keep, &d, &d.e), ERR_NOTFOUND);
	HAS(sv_of(d.e.msg), "no such file");
	arena_done(&d.a);
}

static bool sentences_are(const char *body, const char *want)
{
	struct kb_spans s = { 0 };
	struct sb b;
	bool ok;

	sb_init(&b, LIM_SB);
	kb_sentences(sv_of(body), &s);
	for (size_t i = 0; i < s.n; i++)
		sb_fmt(&b, "%s" SV_FMT, i ? "|" : "", SV_ARG(sv_n(body + s.v[i].off, s.v[i].len)));
	ok = strcmp(sb_str(&b), want) == 0;
	if (!ok)
		fprintf(stderr, "# \"%s\", want \"%s\"\n", sb_str(&b), want);
	sb_done(&b);
	VEC_FREE(&s);
	return ok;
}

TEST(kb_sentences_of_both_languages)
{
	CHECK(sentences_are("One. Two! Three? Four", "One.|Two!|Three?|Four"));
	CHECK(sentences_are("It costs 3.5 yuan. Ask Mr. Li, e.g. by phone.",
			    "It costs 3.5 yuan.|Ask Mr. Li, e.g. by phone."));
	CHECK(sentences_are("一句。二句！“三句？”四句", "一句。|二句！|“三句？”|四句"));
	CHECK(sentences_are(
		"# Head\n\nA b\nc d.\n\n- item one\n- item two. More.\n1. x\n| a | b |\n|---|",
		"A b\nc d.|item one|item two.|More.|x|a | b"));
	CHECK(sentences_are("", ""));
	CHECK(sentences_are("See harbour.example/a.b for it.", "See harbour.example/a.b for it."));
}

TEST(kb_chunks_are_bounded_and_know_their_heading)
{
	struct arena a = { 0 };
	struct kb_chunks c = { 0 };
	struct sb b;

	arena_init(&a, LIM_ARENA_BIG);
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "Intro.\n\n## Part one\n\n");
	for (int i = 0; i < 60; i++)
		sb_cstr(&b, "这是一个不短的句子，用来凑够长度。");
	sb_cstr(&b, "\n\n### Deep\n\n- a\n- b\n\n## Part two\n\n");
	for (int i = 0; i < 900; i++)
		sb_cstr(&b, "x");
	kb_chunk(SV("Title"), sb_sv(&b), &a, &c);
	CHECK(c.n >= 7);
	SV_EQ(c.v[0].heading, "Title");
	SV_EQ(c.v[1].heading, "Title > Part one");
	SV_EQ(c.v[c.n - 1].heading, "Title > Part two");
	for (size_t i = 0; i < c.n; i++) {
		sv t = sv_n(b.p + c.v[i].text.off, c.v[i].text.len);

		CHECK(sv_runes(t) <= KB_CHUNK_CHARS && sv_utf8_ok(t));
	}
	VEC_FREE(&c);
	sb_done(&b);
	arena_done(&a);
}
