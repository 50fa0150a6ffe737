/* t_api_doc.c: documents a company edits, over REST: listed, read, saved as drafts with their
 * faults, tried, published for the next decision, rolled back, and kept over a restart. */
#include "t_api_world.h"
#include "policy_rules.h"

#define BASE "/api/v1/policies"
#define TITLE "title: {zh: \"退货\", en: \"Returns\"}"
#define RETURNS(days) \
	"id: return\n" TITLE "\ninputs:\n- {name: days, type: int, min: 0, max: 999, " TITLE \
	"}\n" \
	"outputs:\n- {name: allowed, type: bool, " TITLE \
	"}\nrules:\n- {id: in-time, when: {days: " \
	"\"<= " days "\"}, then: {allowed: true}, why: {zh: \"可以\", en: \"yes\"}}\n" \
	"- {id: late, then: {allowed: false}, why: {zh: \"过期\", en: \"late\"}}\n"
#define BROKEN "id: return\n" TITLE "\ninputs: []\n"

/* What the app does: the set in use, made anew with each text. */
struct service {
	struct policy_rules *rules;
	int tests, applied;
	bool refuse;                 /* the next real apply */
	const char *at_start;        /* the text in use; NULL: the folder's */
};

static int apply(void *arg, sv kind, sv id, sv text, bool test, struct cfg_report *rep)
{
	struct service *s = arg;
	struct policy_rules *r = NULL;
	const struct policy_rules_file f = { .name = "x.yaml", .yaml = text };
	if (!sv_eq(kind, SV("rules")) || (s->refuse && !test))
		return ERR_INVAL;
	int rc = policy_rules_new(&r, &f, 1, rep);
	s->tests += test;
	s->applied += !test;
	if (rc == 0 && !test) {
		obj_unref(s->rules);
		s->rules = r;
	} else if (rc == 0) {
		obj_unref(r);
	}
	(void)id;
	return rc;
}

static int text_of(void *arg, sv kind, sv id, struct sb *out)
{
	const struct service *s = arg;
	if (!sv_eq(kind, SV("rules")) || !sv_eq(id, SV("return")))
		return ERR_NOTFOUND;
	sb_cstr(out, s->at_start ? s->at_start : RETURNS("30"));
	return 0;
}

static void list(void *arg, sv kind, void (*fn)(void *arg, sv id), void *fn_arg)
{
	(void)arg;
	if (sv_eq(kind, SV("rules")))
		fn(fn_arg, SV("return"));
}

static bool up(struct aw *w, struct service *s)
{
	*w = (struct aw){ .o.docs = { apply, text_of, list, s } };
	return aw_up(w);
}

static void down(struct aw *w, struct service *s)
{
	aw_down(w);
	obj_unref(s->rules);
}

static const char *with_text(struct sb *b, const char *text)
{
	sb_reset(b);
	sb_cstr(b, "{\"note\":\"why\",\"text\":");
	sb_json(b, sv_of(text));
	sb_ch(b, '}');
	return sb_str(b);
}

static const char *rule(struct service *s, int days)
{
	static char out[40];
	jv *f = jv_obj(), *d = NULL;
	jv_set_int(f, "days", days);
	out[0] = 0;
	if (s->rules && policy_decide(s->rules, SV("return"), f, &d) == 0)
		(void)snprintf(out, sizeof(out), SV_FMT, SV_ARG(jv_get_str(d, "rule")));
	jv_free(d);
	jv_free(f);
	return out;
}

/* Many documents come in pages, each of them once, however long their texts are. */
TEST(api_doc_lists_come_in_pages)
{
	struct aw w;
	struct service s = { 0 };
	struct resp r = { 0 };
	struct sb b, text;
	char line[120], cursor[80] = "";
	int seen = 0, pages = 0;
	sb_init(&b, 1 << 20);
	sb_init(&text, 1 << 20);
	CHECK(up(&w, &s));
	const char *t = aw_token(&w, "supervisor");
	sb_cstr(&text, RETURNS("45"));
	for (int i = 0; i < 2500; i++)
		sb_cstr(&text, "# the text of a table may be long, and all of them in one go "
			       "were too much\n");
	for (int i = 0; i < 25; i++) {       /* 25 x 190 KB */
		snprintf(line, sizeof(line), "PUT " BASE "/t%02d", i);
		EQ(http(&w, line, t, with_text(&b, sb_str(&text)), &r), 200);
	}
	EQ(http(&w, "GET " BASE, t, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 26);
	CHECK(jv_is_null(jv_get(r.json, "next")));
	do {
		snprintf(line, sizeof(line), "GET " BASE "?limit=7&cursor=%s", cursor);
		EQ(http(&w, line, t, NULL, &r), 200);
		seen += (int)jv_len(jv_get(r.json, "items"));
		CHECK(!cursor[0] || sv_cmp(jv_as_str(jv_path(r.json, "items.0.id")),
					   sv_of(cursor)) > 0);
		snprintf(cursor, sizeof(cursor), SV_FMT, SV_ARG(jv_get_str(r.json, "next")));
	} while (cursor[0] && ++pages < 10);
	EQ(seen, 26);
	EQ(pages, 3);
	EQ(http(&w, "GET " BASE "?limit=0", t, NULL, &r), 400);
	EQ(http(&w, "GET " BASE "?limit=x", t, NULL, &r), 400);
	resp_done(&r);
	sb_done(&b);
	sb_done(&text);
	down(&w, &s);
}

TEST(api_doc_edited_published_and_rolled_back)
{
	struct aw w;
	struct service s = { 0 };
	struct resp r = { 0 };
	struct sb b;
	sb_init(&b, 1 << 20);
	CHECK(up(&w, &s));
	const char *t = aw_token(&w, "supervisor");
	EQ(http(&w, "GET " BASE, t, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.state")), "file");
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.title.en")), "Returns");
	EQ(http(&w, "GET " BASE "/return", t, NULL, &r), 200);
	EQ(jv_get_int(r.json, "version", -1), 0);
	SV_EQ(jv_get_str(r.json, "text"), RETURNS("30"));
	SV_EQ(jv_as_str(jv_path(r.json, "table.rules.0.when.days")), "<= 30");
	EQ(http(&w, "GET " BASE "/none", t, NULL, &r), 404);
	/* a draft changes nothing yet */
	EQ(http(&w, "PUT " BASE "/return", t, with_text(&b, RETURNS("45")), &r), 200);
	EQ(jv_get_int(r.json, "version", 0), 2);
	EQ(http(&w, "GET " BASE "/return", t, NULL, &r), 200);
	EQ(jv_get_int(r.json, "version", -1), 0);
	EQ(jv_get_int(r.json, "draft", 0), 2);
	EQ(s.applied, 0);
	EQ(http(&w, "POST " BASE "/return/publish", t, "{}", &r), 200);
	EQ(jv_get_int(r.json, "version", 0), 2);
	EQ(s.applied, 1);
	STR_EQ(rule(&s, 45), "in-time");
	STR_EQ(rule(&s, 46), "late");
	EQ(http(&w, "POST " BASE "/return/publish", t, "{}", &r), 404);  /* no draft any more */
	EQ(http(&w, "PUT " BASE "/return", t, with_text(&b, RETURNS("60")), &r), 200);
	EQ(http(&w, "POST " BASE "/return/publish", t, "{\"note\":\"spring\"}", &r), 200);
	EQ(http(&w, "GET " BASE "/return/versions", t, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 3);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.state")), "published");
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.note")), "spring");
	SV_EQ(jv_as_str(jv_path(r.json, "items.1.state")), "retired");
	SV_EQ(jv_as_str(jv_path(r.json, "items.2.state")), "file");
	CHECK(jv_as_str(jv_path(r.json, "items.0.by")).n > 0);
	/* back to 45 as version 4, then to the folder's own */
	EQ(http(&w, "POST " BASE "/return/rollback", t, "{\"version\":2}", &r), 200);
	EQ(jv_get_int(r.json, "version", 0), 4);
	STR_EQ(rule(&s, 46), "late");
	EQ(http(&w, "POST " BASE "/return/rollback", t, "{\"version\":1}", &r), 200);
	SV_EQ(jv_get_str(r.json, "state"), "file");
	STR_EQ(rule(&s, 31), "late");
	EQ(http(&w, "GET " BASE "/return", t, NULL, &r), 200);
	EQ(jv_get_int(r.json, "version", -1), 0);
	SV_EQ(jv_get_str(r.json, "text"), RETURNS("30"));
	EQ(http(&w, "POST " BASE "/return/rollback", t, "{\"version\":9}", &r), 404);
	sb_done(&b);
	resp_done(&r);
	down(&w, &s);
}

TEST(api_doc_faults_are_kept_as_drafts_and_never_published)
{
	struct aw w;
	struct service s = { 0 };
	struct resp r = { 0 };
	struct sb b;
	sb_init(&b, 1 << 20);
	CHECK(up(&w, &s));
	const char *t = aw_token(&w, "admin");
	EQ(http(&w, "PUT " BASE "/return", t, with_text(&b, BROKEN), &r), 200);
	CHECK(jv_len(jv_get(r.json, "issues")) > 0);
	SV_EQ(jv_as_str(jv_path(r.json, "issues.0.where")), "return.yaml:3:inputs");
	EQ(http(&w, "POST " BASE "/return/publish", t, "{}", &r), 422);
	CHECK(jv_len(jv_get(r.json, "issues")) > 0);
	EQ(s.applied + s.tests, 0);
	EQ(http(&w, "GET " BASE "/return?version=2", t, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "text"), BROKEN);
	CHECK(jv_is_null(jv_get(r.json, "table")));
	/* the id inside must be the document's */
	EQ(http(&w, "PUT " BASE "/exchange", t, with_text(&b, RETURNS("30")), &r), 200);
	HAS(jv_as_str(jv_path(r.json, "issues.0.mend")), "exchange");
	EQ(http(&w, "POST " BASE "/exchange/publish", t, "{}", &r), 422);
	/* on disk before it is in use: a set that fails late is told */
	s.refuse = true;
	EQ(http(&w, "PUT " BASE "/return", t, with_text(&b, RETURNS("9")), &r), 200);
	EQ(http(&w, "POST " BASE "/return/publish", t, "{}", &r), 500);
	s.refuse = false;
	EQ(http(&w, "PUT " BASE "/return", t, with_text(&b, RETURNS("8")), &r), 200);
	EQ(http(&w, "POST " BASE "/return/publish", t, "{}", &r), 200);     /* not stuck */
	STR_EQ(rule(&s, 9), "late");
	sb_done(&b);
	resp_done(&r);
	down(&w, &s);
}

TEST(api_doc_tried_and_checked)
{
	struct aw w;
	struct service s = { 0 };
	struct resp r = { 0 };
	struct sb b;
	sb_init(&b, 1 << 20);
	CHECK(up(&w, &s));
	const char *t = aw_token(&w, "agent");
	EQ(http(&w, "POST " BASE "/return/try", t, "{\"facts\":{\"days\":31}}", &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "decision.rule")), "late");
	EQ(http(&w, "POST " BASE "/return/try", t, "{\"facts\":{\"days\":\"x\"}}", &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "decision.error")), "a whole number is expected");
	sb_cstr(&b, "{\"facts\":{\"days\":31},\"text\":");
	sb_json(&b, SV(RETURNS("40")));
	sb_ch(&b, '}');
	EQ(http(&w, "POST " BASE "/return/try", t, sb_str(&b), &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "decision.rule")), "in-time");
	EQ(http(&w, "POST " BASE "/return/try", t, "{}", &r), 400);
	EQ(http(&w, "POST " BASE "/none/try", t, "{\"facts\":{}}", &r), 404);
	EQ(http(&w, "POST " BASE "/return/check", t, "{}", &r), 200);
	CHECK(jv_get_bool(r.json, "ok", false));
	EQ(jv_as_int(jv_path(r.json, "checks.0.hit"), 0), 2);
	EQ(http(&w, "POST " BASE "/return/check", t, with_text(&b, BROKEN), &r), 200);
	CHECK(!jv_get_bool(r.json, "ok", true));
	CHECK(jv_len(jv_get(r.json, "issues")) > 0);
	sb_done(&b);
	resp_done(&r);
	down(&w, &s);
}

TEST(api_doc_who_may_and_bad_requests)
{
	struct aw w;
	struct service s = { 0 };
	struct resp r = { 0 };
	struct sb b;
	char head[200];
	sb_init(&b, 1 << 20);
	CHECK(up(&w, &s));
	const char *t = aw_token(&w, "supervisor"), *agent = aw_token(&w, "agent");
	EQ(http(&w, "GET " BASE, NULL, NULL, &r), 401);
	EQ(http(&w, "PUT " BASE "/return", agent, with_text(&b, RETURNS("9")), &r), 403);
	EQ(http(&w, "POST " BASE "/return/publish", agent, "{}", &r), 403);
	EQ(http(&w, "GET " BASE "/Return", t, NULL, &r), 400);
	EQ(http(&w, "GET " BASE "/return?version=x", t, NULL, &r), 400);
	EQ(http(&w, "GET " BASE "/return?version=7", t, NULL, &r), 404);
	EQ(http(&w, "PUT " BASE "/return", t, "{\"text\":\" \"}", &r), 400);
	EQ(http(&w, "PUT " BASE "/return", t, "[]", &r), 400);
	EQ(http(&w, "POST " BASE "/return/rollback", t, "{}", &r), 400);
	EQ(http(&w, "GET /api/v1/flows", t, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	EQ(http(&w, "GET /api/v1/tools/files/x", t, NULL, &r), 404);
	/* two editors: the second must look first */
	EQ(http(&w, "GET " BASE "/return", t, NULL, &r), 200);
	ptrdiff_t at = sv_find(sb_sv(&r.head), SV("ETag: "));
	CHECK(at >= 0);
	sv rest = sv_slice(sb_sv(&r.head), (size_t)at + 6, r.head.n), tag;
	CHECK(sv_cut(&rest, '\r', &tag));
	(void)snprintf(head, sizeof(head), "If-Match: " SV_FMT "\r\n", SV_ARG(tag));
	EQ(http_with(&w, "PUT " BASE "/return", t, head, with_text(&b, RETURNS("9")), &r), 200);
	EQ(http_with(&w, "PUT " BASE "/return", t, head, with_text(&b, RETURNS("8")), &r), 412);
	EQ(http(&w, "GET " BASE "/return?version=2", t, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "text"), RETURNS("9"));
	sb_done(&b);
	resp_done(&r);
	down(&w, &s);
}

TEST(api_doc_stays_over_a_restart)
{
	struct aw w;
	struct service s = { 0 };
	struct resp r = { 0 };
	struct sb b;
	sb_init(&b, 1 << 20);
	CHECK(up(&w, &s));
	EQ(http(&w, "PUT " BASE "/return", aw_token(&w, "admin"), with_text(&b, RETURNS("45")), &r),
	   200);
	EQ(http(&w, "POST " BASE "/return/publish", aw_token(&w, "admin"), "{}", &r), 200);
	s.at_start = RETURNS("45");      /* as the app begins: what was published */
	CHECK(aw_restart(&w));
	EQ(http(&w, "GET " BASE "/return", aw_token(&w, "admin"), NULL, &r), 200);
	EQ(jv_get_int(r.json, "version", 0), 2);
	SV_EQ(jv_get_str(r.json, "state"), "published");
	SV_EQ(jv_get_str(r.json, "text"), RETURNS("45"));
	/* the folder's own is still known */
	EQ(http(&w, "POST " BASE "/return/rollback", aw_token(&w, "admin"), "{\"version\":1}",
		&r),
	   200);
	STR_EQ(rule(&s, 31), "late");
	EQ(http(&w, "GET " BASE "/return", aw_token(&w, "admin"), NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "text"), RETURNS("30"));
	sb_done(&b);
	resp_done(&r);
	down(&w, &s);
}

#define FLOW \
	"flows:\n- id: bye\n  title: {zh: 取消, en: Cancel}\n  words: {zh: 取消, en: " \
	"cancel}\n" \
	"  slots:\n    order:\n      type: order_number\n      ask: {zh: 订单号？, en: " \
	"\"Number?\"}\n" \
	"  steps:\n  - {collect: order}\n  - {id: go, call: cancel, args: {order: " \
	"\"{order}\"}, " \
	"on: {refused: no}}\n  - {say: {zh: 好了。, en: Done.}}\n  - {end: done}\n" \
	"  - {id: \"no\", say: {zh: 不行。, en: Not possible.}}\n  - {end: failed}\n"

TEST(api_doc_flow_tried)
{
	struct aw w;
	struct service s = { 0 };
	struct resp r = { 0 };
	struct sb b;
	sb_init(&b, 1 << 20);
	CHECK(up(&w, &s));
	const char *t = aw_token(&w, "agent"), *path = "POST /api/v1/flows/bye/try";
	sb_cstr(&b, "{\"language\":\"en\",\"messages\":[\"order HH2026-100108\"],\"text\":");
	sb_json(&b, SV(FLOW));
	sb_ch(&b, '}');
	EQ(http(&w, path, t, sb_str(&b), &r), 200);
	EQ(jv_len(jv_get(r.json, "issues")), 0);
	SV_EQ(jv_as_str(jv_path(r.json, "turns.0.acts.0.text")), "Number?");
	SV_EQ(jv_as_str(jv_path(r.json, "turns.1.said")), "order HH2026-100108");
	SV_EQ(jv_as_str(jv_path(r.json, "turns.1.acts.0.kind")), "call");
	SV_EQ(jv_as_str(jv_path(r.json, "turns.1.acts.0.args.order")), "HH2026-100108");
	SV_EQ(jv_as_str(jv_path(r.json, "turns.1.acts.1.text")), "Done.");
	SV_EQ(jv_as_str(jv_path(r.json, "turns.1.acts.2.kind")), "end");
	/* the branch that is hard to bring about */
	sb_truncate(&b, b.n - 1);
	sb_cstr(&b, ",\"outcomes\":{\"cancel\":{\"outcome\":\"refused\"}}}");
	EQ(http(&w, path, t, sb_str(&b), &r), 200);
	HAS(sb_sv(&r.body), "Not possible.");
	EQ(http(&w, path, t, "{\"text\":\"flows: 1\",\"messages\":[]}", &r), 200);
	CHECK(jv_len(jv_get(r.json, "issues")) > 0);
	EQ(http(&w, path, t, "{\"messages\":\"x\"}", &r), 400);
	EQ(http(&w, path, t, "{}", &r), 404);
	sb_done(&b);
	resp_done(&r);
	down(&w, &s);
}
