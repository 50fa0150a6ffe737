/* t_ingest_fuzz.c: documents with bytes changed, cut and doubled at random, read in this
 * process, where the sanitizers see it. What comes out must be text that can be stored. */
#include "t_ingest_help.h"

static const struct seed {
	const char *name, *text;
} seeds[] = {
	{ "a.md", "---\nid: x\ntitle: \"T\"\naliases: a;b\nvalid_to: 2026-12-31\n---\n# "
		  "H\n\n## P\n\ntext\n```\n# no\n```\n" },
	{ "a.txt", "Title\n\nSome text.\n\n标题和正文。\n" },
	{ "a.html", "<html><head><title>T</title><style>.x{display:none}#y{opacity:0}</"
		    "style><meta charset=gbk>"
		    "</head><body><h1>H</h1><p style='color:#fff'>w<p class='x "
		    "y'>z<table><tr><td>1<td>2</table>"
		    "<ul><li>a<li hidden>b</ul><script>x</script>&amp;&#65;<!-- c --><a "
		    "href='/x?y#z'>l</a>" },
	{ "a.csv", "question,answer,valid_to\n\"A, b\",\"c \"\"d\"\"\",2026-01-31\nE,f,\n" },
	{ "b.csv", "问题;答案;相似问题\n甲;乙;1. 丙\n" },
	{ "a.json", "{\"payload\":[{\"title\":\"T\",\"content\":\"c\",\"category\":{\"name\":"
		    "\"n\"},\"indexes\":[{\"text\":\"x\"}]}]}" },
	{ "b.json",
	  "{\"KnowledgeBaseAnswerTranslation\":{\"9\":{\"title\":\"T\",\"answer_id\":3,"
	  "\"content_id\":4}},"
	  "\"KnowledgeBaseAnswerTranslationContent\":{\"4\":{\"body\":\"<p>b</p>\"}}}" },
	{ "a.jsonl", "{\"question\":\"Q\",\"answer\":\"A\",\"aliases\":[\"x\"]}\n{\"q\":1}\n" },
	{ "a.eml", "Subject: =?utf-8?B?6YCA?=\r\nMIME-Version: 1.0\r\nContent-Type: "
		   "multipart/mixed; boundary=X\r\n\r\n--X\r\n"
		   "Content-Type: text/html; charset=gbk\r\nContent-Transfer-Encoding: "
		   "quoted-printable\r\n\r\n<p>=C4=E3</p>\r\n"
		   "--X\r\nContent-Disposition: attachment; "
		   "filename=a.csv\r\n\r\nq,a\r\n1,2\r\n--X--\r\n" },
};
static const char docx_body[] = "<w:p><w:pPr><w:pStyle w:val='1'/><w:numPr><w:ilvl "
				"w:val='1'/></w:numPr></w:pPr><w:r><w:rPr><w:vanish/>"
				"<w:color "
				"w:val='FFFFFF'/></w:rPr><w:t>a</w:t><w:br/><w:tab/></"
				"w:r><w:del><w:r><w:t>b</w:t></w:r></w:del></w:p>"
				"<w:tbl><w:tr><w:tc><w:tbl><w:tr><w:tc><w:p><w:r><w:t>c</w:t></"
				"w:r></w:p></w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>";
static const char sheet_xml[] =
	"<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c><c r='C1' "
	"s='1'><v>46023</v></c><c t='inlineStr'><is>"
	"<t>x</t></is></c><c t='b'><v>1</v></c></row><row><c "
	"r='ZZ9'><v>1.5</v></c></row></sheetData></worksheet>";
static const char pdf_xml[] =
	"<page number=\"1\" top=\"0\" height=\"1188\">\n<fontspec id=\"0\" size=\"20\" "
	"color=\"#000000\"/>\n<fontspec id=\"1\" "
	"size=\"11\" color=\"#ffffff\"/>\n<fontspec id=\"2\" size=\"11\" "
	"color=\"#000000\"/>\n<text top=\"10\" left=\"10\" "
	"width=\"90\" height=\"20\" font=\"0\"><b>Title</b></text>\n<text top=\"40\" "
	"left=\"10\" width=\"90\" height=\"11\" "
	"font=\"2\">some text &amp; more-</text>\n<text top=\"52\" left=\"10\" width=\"90\" "
	"height=\"11\" font=\"2\">over &#65;"
	"</text>\n<text top=\"80\" left=\"10\" width=\"30\" height=\"11\" "
	"font=\"2\">a</text>\n<text top=\"80\" left=\"200\" "
	"width=\"30\" height=\"11\" font=\"2\">b</text>\n<text top=\"95\" left=\"10\" "
	"width=\"30\" height=\"11\" font=\"2\">c"
	"</text>\n<text top=\"95\" left=\"200\" width=\"30\" height=\"11\" "
	"font=\"2\">d</text>\n</page>\n";

/* Changes, cuts, doubles or swaps a few stretches. */
static sv mutate(struct arena *a, sv s)
{
	struct rng *r = t_rng();
	char *p = arena_alloc(a, s.n * 2 + 64);
	size_t n = s.n;

	memcpy(p, s.p, n);
	for (uint64_t k = rng_u64(r) % 6; k-- && n;) {
		size_t at = rng_u64(r) % n, len = rng_u64(r) % 24;

		len = at + len > n ? n - at : len;
		switch (rng_u64(r) % 5) {
		case 0:
			p[at] = (char)rng_u64(r);
			break;
		case 1:
			memmove(p + at, p + at + len, n - at - len);
			n -= len;
			break;
		case 2:
			if (n + len < s.n * 2) {
				memmove(p + at + len, p + at, n - at);
				n += len;
			}
			break;
		case 3:
			p[at] = "<>\"'&;|#\n\0-=[]{}"[rng_u64(r) % 17];
			break;
		default:
			n = rng_u64(r) % 8 ? n : at;
			break;
		}
	}
	return sv_n(p, n);
}

static bool sound(const struct made *m)
{
	for (size_t i = 0; i < m->d.articles.n; i++) {
		const struct kb_article *k = &m->d.articles.v[i].kb;

		if (!sv_utf8_ok(k->body_md) || !sv_utf8_ok(k->title) || !k->body_md.n ||
		    !k->lang.n || memchr(k->body_md.p, 0, k->body_md.n))
			return false;
	}
	return true;
}

TEST(ingest_fuzz_texts)
{
	for (int i = 0; i < 1500; i++) {
		const struct seed *s = &seeds[i % (int)(sizeof(seeds) / sizeof(*seeds))];
		struct made m;

		made_init(&m);
		(void)made_read(&m, mutate(&m.a, sv_of(s->text)), s->name);
		CHECK(sound(&m));
		made_done(&m);
	}
}

TEST(ingest_fuzz_office)
{
	for (int i = 0; i < 400; i++) {
		struct made m;
		struct archive *z;

		made_init(&m);
		if (i % 2) {
			sv body = mutate(&m.a, sv_of(docx_body));

			docx(&m.b, arena_cstr(&m.a, body));
		} else {
			z = zip_open(&m.b);
			zip_put(z, "xl/workbook.xml",
				SV("<workbook><sheets><sheet name='S' "
				   "id='r'/></sheets></workbook>"));
			zip_put(z, "xl/sharedStrings.xml", SV("<sst><si><t>q</t></si></sst>"));
			zip_put(z, "xl/styles.xml",
				SV("<s><cellXfs><xf numFmtId='0'/><xf "
				   "numFmtId='14'/></cellXfs></s>"));
			zip_put(z, "xl/worksheets/sheet1.xml", mutate(&m.a, sv_of(sheet_xml)));
			zip_close(z);
		}
		(void)made_read(&m, i % 5 ? sb_sv(&m.b) : mutate(&m.a, sb_sv(&m.b)),
				i % 2 ? "a.docx" : "a.xlsx");
		CHECK(sound(&m));
		made_done(&m);
	}
}

TEST(ingest_fuzz_pdf_lines)
{
	for (int i = 0; i < 1000; i++) {
		struct made m;
		struct ing_in in = { .name = "a.pdf" };
		struct ing_job j = { .in = &in, .name = "a.pdf" };

		made_init(&m);
		m.d.kind = "pdf";
		j.a = &m.a;
		j.d = &m.d;
		(void)ing_pdf_text(&j, mutate(&m.a, sv_of(pdf_xml)));
		CHECK(sound(&m));
		made_done(&m);
	}
}

TEST(ingest_fuzz_robots_and_sitemaps)
{
	static const char robots[] = "User-agent: callm\nDisallow: /a*b$\nAllow: "
				     "/\nCrawl-delay: 3\n# c\nUser-agent: *\nDisallow: /*\n";
	struct arena a;

	arena_init(&a, LIM_ARENA_BIG);
	for (int i = 0; i < 1000; i++) {
		int delay;

		(void)ing_robots_allow(mutate(&a, sv_of(robots)), mutate(&a, SV("/aXb/c?d")),
				       &delay);
		arena_reset(&a);
	}
	arena_done(&a);
}
