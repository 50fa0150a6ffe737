/* Whose a data folder is, what a company has to be filled in with, and what it has without files of
 * its own. */
#include "t.h"
#include "app_company.h"
#include "app_int.h"
#include "app_pages.h"
#include "app_people.h"

#include <stdio.h>
#include <unistd.h>

extern const struct embed_file packs_files[];
extern const size_t packs_files_n;

static void path_in(char out[600], const char *name)
{
	(void)snprintf(out, 600, "%.500s/%s", t_tmpdir(), name);
}

static void put(const char *name, const char *text)
{
	char path[600];
	struct err e = { 0 };
	path_in(path, name);
	OK(file_write(path, sv_of(text), &e));
}

TEST(company_and_demo_never_share_a_folder)
{
	char own[600], other[600], data[600], mark[700];
	struct err e = { 0 };
	struct sb b;
	sb_init(&b, 8192);
	path_in(own, "mine.yaml");
	path_in(other, "moved.yaml");
	path_in(data, "data");
	put("mine.yaml", "name: {en: Mine}\n");
	put("moved.yaml", "name: {en: Mine}\n");
	OK(file_mkdirs(data, &e));
	app_company_of_data(data, &b);
	EQ(b.n, 0);                                   /* nobody's */
	OK(app_company_claim(data, sv_of(own), &e));
	OK(app_company_claim(data, sv_of(own), &e));
	app_company_of_data(data, &b);
	CHECK(sv_ends(sb_sv(&b), SV("/mine.yaml")));
	EQ(app_company_claim(data, SV_NULL, &e), ERR_STATE);
	CHECK(strstr(e.msg, "mine.yaml") && strstr(e.msg, "--config"));
	EQ(app_company_claim(data, sv_of(other), &e), ERR_STATE);       /* two companies */
	CHECK(strstr(e.msg, "mine.yaml") && strstr(e.msg, "moved.yaml"));
	app_company_of_data(data, &b);
	CHECK(sv_ends(sb_sv(&b), SV("/mine.yaml")));
	OK(unlink(own));
	OK(app_company_claim(data, sv_of(other), &e));   /* it has moved */
	app_company_of_data(data, &b);
	CHECK(sv_ends(sb_sv(&b), SV("/moved.yaml")));
	(void)snprintf(mark, sizeof(mark), "%s/company", data);
	OK(unlink(mark));
	put("mine.yaml", "name: {en: Mine}\n");
	OK(app_company_claim(data, SV_NULL, &e));
	OK(app_company_claim(data, SV(""), &e));
	app_company_of_data(data, &b);
	EQ(b.n, 0);
	EQ(app_company_claim(data, sv_of(own), &e), ERR_STATE);
	CHECK(strstr(e.msg, "demo company") && strstr(e.msg, "--data"));
	sb_done(&b);
}

/* A command on a company's folder speaks for that company, and brings no article of the demo. */
TEST(company_of_a_folder_is_who_answers)
{
	char own[600], data[600];
	struct err e = { 0 };
	struct app_desk d;
	path_in(own, "bakery.yaml");
	path_in(data, "bakery");
	put("bakery.yaml", "name: {en: Bakery}\n");
	OK(file_mkdirs(data, &e));
	OK(app_company_claim(data, sv_of(own), &e));
	OK(app_desk_open(&d, data, false, false, &e));
	CHECK(sv_eq(jv_as_str(jv_path(d.company, "name.en")), SV("Bakery")));
	CHECK(!app_has_articles(d.store));
	app_desk_close(&d);
	path_in(data, "demo");
	OK(app_desk_open(&d, data, false, false, &e));
	CHECK(sv_eq(jv_as_str(jv_path(d.company, "name.en")), SV("Harbour Home")));
	CHECK(app_has_articles(d.store));
	app_desk_close(&d);
	EQ(app_company_claim(data, sv_of(own), &e), ERR_STATE);
}

/* With both: the folder that is named, the company of the configuration. */
TEST(company_of_a_configuration_goes_with_a_named_folder)
{
	char config[600], data[600], text[1400], own[600];
	struct err e = { 0 };
	struct sb b;
	sb_init(&b, 8192);
	path_in(own, "tea.yaml");
	path_in(data, "tea");
	path_in(config, "tea.callm.yaml");
	put("tea.yaml", "name: {en: Tea}\n");
	(void)snprintf(text, sizeof(text), "company: %s\n", own);
	put("tea.callm.yaml", text);
	OK(app_data_of(data, config, &b, &e));
	CHECK(sv_ends(sb_sv(&b), SV("/tea")));
	app_company_of_data(data, &b);
	CHECK(sv_ends(sb_sv(&b), SV("/tea.yaml")));
	OK(app_company_claim(data, sv_of(own), &e));
	put("tea.callm.yaml", "nothing: here\n");
	EQ(app_data_of(data, config, &b, &e), ERR_INVAL);      /* told, not passed over */
	sb_done(&b);
}

static int put_article(void *arg, struct store_db *db)
{
	struct store_stmt *q;
	const char *const sql =
		"INSERT INTO article (id, lang, title, body_md, source, group_id, updated_ms) "
		"VALUES ('hours', 'en', 'Hours', 'We open at nine.', ?1, 'hours', 1)";
	int rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(arg));
	rc = store_step(q);
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* A folder from before folders were marked, with one article of that source. */
static void old_folder(const char *name, const char *source, char data[600], struct store **st)
{
	struct err e = { 0 };
	path_in(data, name);
	OK(file_mkdirs(data, &e));
	struct store_opts o = { .dir = data };
	OK(store_open(st, &o, &e));
	char from[80];
	(void)snprintf(from, sizeof(from), "%s", source);
	OK(store_write_now(*st, put_article, from));
}

TEST(company_knows_a_folder_from_before)
{
	char own[600], data[600];
	struct err e = { 0 };
	struct store *st;
	struct sb b;
	sb_init(&b, 8192);
	path_in(own, "shop.yaml");
	put("shop.yaml", "name: {en: Shop}\n");
	old_folder("of-demo", "demo/kb/en/hours.md", data, &st);
	EQ(app_company_claim_open(data, sv_of(own), st, false, &e), ERR_STATE);
	CHECK(strstr(e.msg, "demo company"));
	EQ(app_company_claim_open(data, sv_of(own), st, false, &e), ERR_STATE);    /* still */
	OK(app_company_claim_open(data, SV_NULL, st, true, &e));
	store_close(st);
	old_folder("of-shop", "kb/hours.md", data, &st);
	OK(app_company_claim_open(data, SV_NULL, st, false, &e));       /* not made the demo's */
	EQ(app_company_claim_open(data, SV_NULL, st, true, &e), ERR_STATE);
	CHECK(strstr(e.msg, "made-up"));
	OK(app_company_claim_open(data, sv_of(own), st, false, &e));
	app_company_of_data(data, &b);
	CHECK(sv_ends(sb_sv(&b), SV("/shop.yaml")));
	EQ(app_company_claim_open(data, SV_NULL, st, true, &e), ERR_STATE);
	store_close(st);
	sb_done(&b);
}

/* Commands look into such a folder, too, before it is anybody's. */
TEST(company_of_a_configuration_does_not_take_the_demos_folder)
{
	char config[600], data[600], text[1400], own[600], mark[700];
	struct err e = { 0 };
	struct store *st;
	struct sb b;
	sb_init(&b, 8192);
	path_in(own, "inn.yaml");
	path_in(config, "inn.callm.yaml");
	put("inn.yaml", "name: {en: Inn}\n");
	(void)snprintf(text, sizeof(text), "company: %s\n", own);
	put("inn.callm.yaml", text);
	old_folder("inn-demo", "demo/kb/en/hours.md", data, &st);
	store_close(st);
	EQ(app_data_of(data, config, &b, &e), ERR_STATE);
	CHECK(strstr(e.msg, "demo company"));
	EQ(app_data_of(data, config, &b, &e), ERR_STATE);
	old_folder("inn-own", "kb/hours.md", data, &st);
	OK(app_data_of(data, config, &b, &e));           /* beside a server */
	store_close(st);
	(void)snprintf(mark, sizeof(mark), "%s/company", data);
	CHECK(file_exists(mark));
	app_company_of_data(data, &b);
	CHECK(sv_ends(sb_sv(&b), SV("/inn.yaml")));
	sb_done(&b);
}

/* Restored on another machine: what asks for the data alone goes on. */
TEST(company_that_is_not_there_stops_only_who_speaks_for_it)
{
	char own[600], data[600];
	struct err e = { 0 };
	struct app_desk d;
	path_in(own, "away.yaml");
	path_in(data, "away");
	put("away.yaml", "name: {en: Away}\n");
	OK(file_mkdirs(data, &e));
	OK(app_company_claim(data, sv_of(own), &e));
	OK(unlink(own));
	EQ(app_desk_open(&d, data, false, false, &e), ERR_STATE);
	CHECK(strstr(e.msg, "away.yaml") && strstr(e.msg, "--config"));
	e = (struct err){ 0 };
	OK(app_desk_open(&d, data, true, false, &e));
	CHECK(!app_has_articles(d.store));
	app_desk_close(&d);
}

static int whole(const char *yaml, struct err *e)
{
	struct cfg_report rep = { 0 };
	jv *o = cfg_parse(sv_of(yaml), "c", &rep);
	int rc = app_company_whole(o, SV("c.yaml"), e);
	jv_free(o);
	cfg_report_done(&rep);
	return rc;
}

TEST(company_blanks_are_told)
{
	struct err e = { 0 };
	OK(whole("name: {zh: 面包房}\nphone: \"1\"\nemail: a@b.c\nhours: {text: {en: daily}}\n",
		 &e));
	EQ(whole("name: {zh: \"\", en: \" \"}\nphone: \"1\"\nemail: a@b.c\n", &e), ERR_INVAL);
	STR_EQ(e.msg, "c.yaml: name, hours.text are empty, and customers are told; fill them in");
	EQ(whole("name: {en: A}\nphone: \"\"\nemail: a@b.c\nhours: {text: {zh: 每天}}\n", &e),
	   ERR_INVAL);
	STR_EQ(e.msg, "c.yaml: phone is empty, and customers are told; fill it in");
}

/* The company to fill in says itself what is empty, and no pack speaks of another company. */
TEST(company_packs_speak_of_nobody_else)
{
	struct sb b;
	struct err e = { 0 };
	sb_init(&b, LIM_KB_DOC);
	for (size_t i = 0; i < packs_files_n; i++) {
		sb_reset(&b);
		OK(embed_text(&packs_files[i], &b));
		CHECK(sv_find(sb_sv(&b), SV("Harbour")) < 0);
		CHECK(sv_find(sb_sv(&b), SV("港湾")) < 0);
	}
	sb_reset(&b);
	OK(embed_text(embed_find(packs_files, packs_files_n, SV("own/company.yaml")), &b));
	EQ(whole(sb_str(&b), &e), ERR_INVAL);
	CHECK(strstr(e.msg, "name, phone, email, hours.text"));
	sb_done(&b);
}

/* Without files of its own: one queue without a trade, calendars, lists; never the demo's. */
TEST(company_without_files_has_none_of_the_demo)
{
	static const char *const names[] = { "queues.yaml", "calendars.yaml", "dispositions.yaml",
					     "canned.yaml", "assist.yaml" };
	static const char *const demo[] = { "broadband", "Broadband", "宽带", "modem", "订单号" };
	struct app_company c;
	struct err e = { 0 };
	struct sb b;
	char path[600];
	sb_init(&b, LIM_CFG_BYTES);
	path_in(path, "alone/company.yaml");
	app_company_open(&c, sv_of(path));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		sb_reset(&b);
		OK(app_company_file_or_own(&c, names[i], &b, &e));
		for (size_t k = 0; k < sizeof(demo) / sizeof(*demo); k++)
			CHECK(sv_find(sb_sv(&b), sv_of(demo[k])) < 0);
	}
	EQ(app_company_file_or_own(&c, "orders.jsonl", &b, &e), ERR_NOTFOUND);
	sb_done(&b);
}

TEST(app_pages_sites_that_may_show_the_chat)
{
	static const char *const good[] = { "https://shop.example", "http://127.0.0.1:8081",
					    "https://*.shop.example", "https://a-b.example:8443" };
	static const char *const bad[] = { "",
					   "shop.example",
					   "https://",
					   "https://*",
					   "https://*.",
					   "https://shop.example/path",
					   "https://shop.example; x",
					   "https://a b",
					   "https://shop.example\r\nX: y",
					   "'unsafe-inline'",
					   "ftp://shop.example" };
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(app_pages_site(sv_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!app_pages_site(sv_of(bad[i])));
}

TEST(app_pages_only_the_chat_may_be_framed)
{
	struct err e = { 0 };
	struct web_asset *a = NULL;
	size_t n = 0, chat = 0, widget = 0, others = 0;
	jv *sites = jv_parse(SV("[\"https://shop.example\",\"https://b.example\"]"), NULL);
	jv *wrong = jv_parse(SV("[\"shop.example\"]"), NULL);
	OK(app_pages(&a, &n, sites, &e));
	for (size_t i = 0; i < n; i++) {
		const char *h = a[i].headers;
		if (strcmp(a[i].path, "/chat") == 0)
			chat += strstr(h, "frame-ancestors 'self' https://shop.example "
					  "https://b.example\r\n") != NULL;
		else if (strcmp(a[i].path, "/widget.js") == 0)
			widget += strstr(h, "cross-origin") != NULL;
		else
			others += h != NULL;
	}
	app_pages_free(a, n);
	EQ(chat, 1);
	EQ(widget, 1);
	EQ(others, 0);
	EQ(app_pages(&a, &n, wrong, &e), ERR_INVAL);
	CHECK(strstr(e.msg, "http.embed[0]") && strstr(e.msg, "shop.example"));
	jv_free(sites);
	jv_free(wrong);
}
