/* t_assist_save.c: the thread that helps, over a store: suggestions from articles, events as rows
 * come, models that translate and word; summaries that agents keep. */
#include <stdatomic.h>
#include <stdio.h>
#include "assist_int.h"
#include "kb.h"
#include "model.h"
#include "policy_table.h"
#include "t.h"

#include <pthread.h>

#define NOW 1795692180000LL
#define CONV "01M8BSGDCP2Y6FBA1DCYXA93S6"

struct world {
	struct store *st;
	struct store_db *db;
	struct snap *kb;
	struct loop *loop;
	struct assist *as;
	struct assist_plan *plan;
	jv *script;
	struct policy_table *strategy;
	int64_t seq;
	struct sb seen;              /* of what was told: type and data, one a line */
	int told;
	int over, err;               /* of an ask */
	struct sb text;
};

static const char lists[] =
	"dispositions:\n"
	"  - {id: asked, title: {zh: 咨询, en: Asked}, outcomes: [answered]}\n"
	"  - {id: other, title: {zh: 其他, en: Other}}\n"
	"checks:\n"
	"  - {id: greeted, title: {zh: 问候, en: Greeting}, words: {zh: 您好, en: hello}}\n"
	"rules:\n"
	"  - {id: money, kind: forbidden_promise, words: {zh: 保证退款, en: guarantee a refund},"
	" text: {zh: 不要承诺, en: Do not promise}}\n"
	"canned:\n"
	"  - {id: inv, title: {zh: 发票, en: Invoice}, text: {zh: '订单{order}的发票抬头是什么',"
	" en: 'Which name for the invoice of {order}, {customer}?'}, intents: [invoice]}\n";

static int put_articles(void *arg, struct store_db *db)
{
	static const struct {
		const char *id, *title, *body, *audience;
	} v[] = {
		{ "refund-time", "How long does a refund take?",
		  "A refund takes 3 working days after the goods have come back.", "public" },
		{ "gift-wrap", "Do you wrap gifts?",
		  "We wrap gifts for 5 yuan each; tell us when you order.", "public" },
		{ "override", "How much may I give as goodwill for a late parcel?",
		  "For a late parcel agents may give goodwill of up to 20 yuan.", "agent" },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(v) / sizeof(*v) && rc == 0; i++) {
		char id[64];
		bool changed;
		(void)snprintf(id, sizeof(id), "%s.en", v[i].id);
		struct kb_article a = { .id = sv_of(id), .group_id = sv_of(v[i].id),
					.lang = SV("en"), .title = sv_of(v[i].title),
					.body_md = sv_of(v[i].body),
					.audience = sv_of(v[i].audience) };
		rc = kb_put(db, &a, NOW, &changed);
	}
	return rc;
}

static void row(struct world *w, const char *kind, const char *body)
{
	struct store_event ev = { .ts_ms = NOW + w->seq * 1000, .conversation = SV(CONV),
				  .seq = ++w->seq, .turn = (int32_t)w->seq, .kind = sv_of(kind),
				  .actor = SV("x"), .body = sv_of(body) };
	if (store_append(w->st, &ev, NULL, NULL, NULL) || store_flush(w->st))
		t_fail(__FILE__, __LINE__, kind);
}

/* The same to the thread, as the door hands it on. */
static void live(struct world *w, int64_t seq, const char *kind, const char *body)
{
	char json[2000];
	(void)snprintf(json, sizeof(json),
		       "{\"seq\":%lld,\"ts_ms\":%lld,\"turn\":%lld,\"kind\":\"%s\",\"body\":%s}",
		       (long long)seq, (long long)(NOW + seq * 1000), (long long)seq, kind, body);
	assist_row(w->as, SV(CONV), sv_of(json));
	(void)loop_run_once(w->loop, 0);
}

static void out(void *arg, const char *type, sv conversation, sv json)
{
	struct world *w = arg;
	w->told++;
	sb_fmt(&w->seen, "%s " SV_FMT "\n", type, SV_ARG(json));
}

static void searched(void *arg, sv conversation, sv login, sv query, size_t found)
{
	struct world *w = arg;
	sb_fmt(&w->seen, "searched " SV_FMT ": " SV_FMT ", %zu\n", SV_ARG(login), SV_ARG(query),
	       found);
}

static bool seen(const struct world *w, const char *what)
{
	return sv_find(sb_sv(&w->seen), sv_of(what)) >= 0;
}

static int open_model(void *arg, struct loop *l, struct llm **ret)
{
	struct world *w = arg;
	struct model_spec s = { .kind = "scripted", .script = w->script };
	struct err e = { 0 };
	return w->script ? llm_open(ret, &s, l, &e) : ERR_NOTFOUND;
}

static struct policy_table *strategy_now(void *arg)
{
	return obj_ref(((struct world *)arg)->strategy);
}

static void world_open(struct world *w, const char *script)
{
	struct err e = { 0 };
	struct cfg_report rep = { 0 };
	struct kb_index *ix = NULL;
	const struct assist_file f = { "lists.yaml", { lists, sizeof(lists) - 1 } };
	*w = (struct world){ .loop = loop_new() };
	sb_init(&w->seen, 1u << 20);
	sb_init(&w->text, 1u << 20);
	w->script = script ? jv_parse(sv_of(script), &e) : NULL;
	OK(kb_init());
	OK(store_open(&w->st, &(struct store_opts){ .dir = "", .group_ms = -1 }, &e));
	OK(store_write(w->st, put_articles, w, NULL, NULL));
	OK(store_flush(w->st));
	OK(store_reader(w->st, &w->db));
	OK(kb_build(&ix, w->db, &(struct kb_opts){ 0 }, &e));
	w->kb = snap_new(ix);
	OK(assist_plan_new(&w->plan, &f, 1, &rep));
	cfg_report_done(&rep);
	struct assist_opts o = { .store = w->st,
				 .loop = w->loop,
				 .kb = w->kb,
				 .with = { .plan = w->plan, .tz_min = 480 },
				 .strategy = strategy_now,
				 .strategy_arg = w,
				 .model = open_model,
				 .model_arg = w,
				 .out = out,
				 .searched = searched,
				 .out_arg = w };
	OK(assist_open(&w->as, &o, &e));
}

static void world_close(struct world *w)
{
	assist_close(w->as);
	store_close(w->st);
	snap_free(w->kb);
	obj_unref(w->plan);
	obj_unref(w->strategy);
	loop_free(w->loop);
	jv_free(w->script);
	sb_done(&w->seen);
	sb_done(&w->text);
}

static void watch(struct world *w)
{
	assist_watch(w->as, SV(CONV));
	(void)loop_run_once(w->loop, 0);
}

/* ---- events ---- */

static void suggests(struct world *w)
{
	row(w, "turn.customer", "{\"text\":\"hello\",\"language\":\"en\"}");
	watch(w);
	HAS(sb_sv(&w->seen), "\"of\":0");       /* nothing fits a greeting */
	live(w, 2, "turn.customer",
	     "{\"text\":\"How long does a refund take?\",\"language\":\"en\"}");
	HAS(sb_sv(&w->seen), "\"text\":\"A refund takes 3 working days after the goods have come "
			     "back.\"");
	HAS(sb_sv(&w->seen), "\"article_id\":\"refund-time.en\"");
	HAS(sb_sv(&w->seen), "\"conversation\":\"" CONV "\"");
	CHECK(!seen(w, "gift-wrap"));
	live(w, 3, "turn.customer", "{\"text\":\"How much goodwill for a late parcel?\","
				    "\"language\":\"en\"}");
	HAS(sb_sv(&w->seen), "override.en");    /* what only staff may read */
	sb_reset(&w->seen);
	assist_find(w->as, SV(CONV), SV("mei"), SV("wrap gifts"));
	(void)loop_run_once(w->loop, 0);
	HAS(sb_sv(&w->seen), "gift-wrap.en");
	HAS(sb_sv(&w->seen), "searched mei: wrap gifts, ");
}

TEST(suggestions_come_with_literal_sources)
{
	struct world w;
	world_open(&w, NULL);
	suggests(&w);
	world_close(&w);
}

static void is_told(struct world *w)
{
	live(w, 1, "turn.agent", "{\"text\":\"I guarantee a refund\"}");
	EQ(w->told, 0);                         /* nobody watches */
	row(w, "turn.customer", "{\"text\":\"I need an invoice\",\"language\":\"en\",\"intent\":"
				"\"invoice\",\"intent_p\":0.9}");
	watch(w);
	HAS(sb_sv(&w->seen), "Which name for the invoice of {order}, {customer}?");
	HAS(sb_sv(&w->seen), "assist.check");
	sb_reset(&w->seen);
	live(w, 1, "turn.customer", "{\"text\":\"again\"}");
	EQ(sb_sv(&w->seen).n, 0);               /* was read from the river */
	live(w, 2, "turn.agent", "{\"text\":\"hello, I guarantee a refund\",\"by\":\"mei\"}");
	HAS(sb_sv(&w->seen), "assist.alert {\"id\":\"money\",\"kind\":\"forbidden_promise\"");
	HAS(sb_sv(&w->seen), "\"state\":\"done\"");
	live(w, 3, "conversation.closed", "{\"by\":\"agent\"}");
	HAS(sb_sv(&w->seen), "assist.summary");
	HAS(sb_sv(&w->seen), "\"disposition\":{\"id\":\"asked\"");
	sb_reset(&w->seen);
	assist_leave(w->as, SV(CONV));
	live(w, 4, "turn.agent", "{\"text\":\"I guarantee a refund\"}");
	EQ(sb_sv(&w->seen).n, 0);
	assist_row(w->as, SV(CONV), SV("{not json"));
	watch(w);
	assist_row(w->as, SV(CONV), SV("{not json"));
	assist_row(w->as, SV(CONV), SV("[]"));
	(void)loop_run_once(w->loop, 0);
}

TEST(rows_become_events_while_somebody_watches)
{
	struct world w;
	world_open(&w, NULL);
	is_told(&w);
	world_close(&w);
}

static void catches_up(struct world *w)
{
	row(w, "turn.customer", "{\"text\":\"where is it\",\"language\":\"en\"}");
	watch(w);
	/* Written before the watch began, on disk only afterwards. */
	row(w, "turn.agent", "{\"text\":\"hello\",\"by\":\"mei\"}");
	sb_reset(&w->seen);
	live(w, 3, "customer.known", "{\"level\":2}");
	HAS(sb_sv(&w->seen), "\"id\":\"greeted\",\"title\":{\"zh\":\"问候\",\"en\":\"Greeting\"},"
			     "\"state\":\"done\"");
	/* Not yet on disk either: the row waits for those before it. */
	w->seq = 3;
	sb_reset(&w->seen);
	live(w, 5, "turn.agent", "{\"text\":\"I guarantee a refund\"}");
	EQ(sb_sv(&w->seen).n, 0);
	row(w, "turn.bot", "{\"text\":\"One moment.\"}");
	live(w, 5, "turn.agent", "{\"text\":\"I guarantee a refund\"}");
	HAS(sb_sv(&w->seen), "assist.alert");
	/* What never comes is not waited for. */
	sb_reset(&w->seen);
	for (int i = 8; i < 12; i++)
		live(w, i, "turn.agent", "{\"text\":\"I guarantee a refund\"}");
	HAS(sb_sv(&w->seen), "assist.alert");
}

TEST(rows_from_just_before_the_watch_are_read_later)
{
	struct world w;
	world_open(&w, NULL);
	catches_up(&w);
	world_close(&w);
}

TEST(a_strategy_that_is_saved_counts_from_the_next_row)
{
	static const char angry[] = "{\"text\":\"This is a scandal, I am furious!\",\"language\":"
				    "\"en\",\"intent\":\"complaint\",\"intent_p\":0.9,\"emotion\":"
				    "\"angry\"}";
	struct world w;
	struct cfg_report rep = { 0 };
	world_open(&w, NULL);
	row(&w, "turn.customer", angry);
	watch(&w);
	bool early = seen(&w, "\"apologise\"");
	int rc = policy_table_new(&w.strategy, SV_NULL, "strategy.yaml", NULL, &rep);
	cfg_report_done(&rep);
	live(&w, 2, "turn.customer", angry);
	bool later = seen(&w, "\"apologise\"");
	world_close(&w);
	OK(rc);
	CHECK(!early && later);
}

TEST(what_is_too_long_is_told_to_be_cut)
{
	const struct assist_with with = { .tz_min = 480 };
	struct world w;
	world_open(&w, NULL);
	bool cut[2];
	for (int i = 0; i < 2; i++) {
		for (; w.seq < ASSIST_ROWS + i; w.seq++) {
			struct store_event ev = { .ts_ms = NOW, .conversation = SV(CONV),
						  .seq = w.seq + 1, .kind = SV("x"),
						  .actor = SV("x"), .body = SV("{}") };
			(void)store_append(w.st, &ev, NULL, NULL, NULL);
		}
		struct assist_case *c = assist_case_new();
		(void)store_flush(w.st);
		int rc = assist_case_load(c, w.db, SV(CONV));
		jv *o = assist_summary(c, &with);
		cut[i] = rc == 0 && jv_get_bool(o, "truncated", false);
		jv_free(o);
		assist_case_free(c);
	}
	world_close(&w);
	CHECK(!cut[0] && cut[1]);
}

/* ---- the thread ---- */

struct seen_by {
	atomic_int n;
};

static void count(void *arg, const char *type, sv conversation, sv json)
{
	struct seen_by *s = arg;
	atomic_fetch_add(&s->n, strcmp(type, "assist.next") == 0);
}

static bool enough(void *arg)
{
	struct seen_by *s = arg;
	return atomic_load(&s->n) >= 201;
}

TEST(a_thread_of_its_own_takes_rows_from_anywhere)
{
	struct seen_by s = { 0 };
	struct assist *as;
	struct err e = { 0 };
	struct loop *l = loop_new();
	OK(assist_open(&as, &(struct assist_opts){ .out = count, .out_arg = &s }, &e));
	assist_watch(as, SV("c"));
	for (int i = 1; i <= 200; i++) {
		char json[200];
		(void)snprintf(json, sizeof(json),
			       "{\"seq\":%d,\"turn\":%d,\"kind\":\"turn.customer\",\"body\":"
			       "{\"text\":\"where is it\",\"language\":\"en\"}}", i, i);
		assist_row(as, SV("c"), sv_of(json));
	}
	bool all = t_wait(l, enough, &s, 10000);
	assist_close(as);
	loop_free(l);
	CHECK(all);
	EQ(atomic_load(&s.n), 201);
}

/* ---- the model ---- */

static void over(void *arg, int err, sv text)
{
	struct world *w = arg;
	w->over++;
	w->err = err;
	sb_reset(&w->text);
	sb_put(&w->text, text);
}

static bool is_over(void *arg)
{
	return ((struct world *)arg)->over > 0;
}

static int translated(struct world *w, const char *text)
{
	w->over = 0;
	if (assist_translate(w->as, sv_of(text), "zh", "en", NULL, over, w))
		t_fail(__FILE__, __LINE__, text);
	if (!t_wait(w->loop, is_over, w, 5000))
		t_fail(__FILE__, __LINE__, "no answer");
	return w->err;
}

static void translates(struct world *w)
{
	OK(translated(w, "订单HH2026-100102明天到"));
	SV_EQ(sb_sv(&w->text), "Order HH2026-100102 arrives tomorrow");
	EQ(translated(w, "退款3天到账"), ERR_DENIED);
	EQ(sb_sv(&w->text).n, 0);
	EQ(translated(w, "坏了"), ERR_UPSTREAM);
	EQ(translated(w, "没有规则"), ERR_NOTFOUND);
}

TEST(translations_are_checked_before_they_are_given)
{
	struct world w;
	world_open(&w, "[{\"match\":\"HH2026\",\"say\":[\"Order HH2026-100102 \",\"arrives "
		       "tomorrow\"]},{\"match\":\"退款\",\"say\":[\"The refund takes 5 days\"]},"
		       "{\"match\":\"坏了\",\"fail\":\"http500\"}]");
	translates(&w);
	world_close(&w);
	world_open(&w, NULL);
	EQ(translated(&w, "你好"), ERR_NOTFOUND);
	world_close(&w);
}

TEST(a_model_that_comes_later_is_tried_again)
{
	struct world w;
	world_open(&w, NULL);
	EQ(translated(&w, "你好"), ERR_NOTFOUND);
	w.script = jv_parse(SV("[{\"say\":[\"Hello\"]}]"), NULL);
	OK(translated(&w, "你好"));
	SV_EQ(sb_sv(&w.text), "Hello");
	world_close(&w);
}

struct asked {
	atomic_bool tried;
	pthread_t on;
	int over;
};

static int no_model(void *arg, struct loop *l, struct llm **ret)
{
	atomic_store(&((struct asked *)arg)->tried, true);
	return ERR_NOTFOUND;
}

static bool was_tried(void *arg)
{
	return atomic_load(&((struct asked *)arg)->tried);
}

static void over_on(void *arg, int err, sv text)
{
	struct asked *x = arg;
	x->on = pthread_self();
	x->over++;
}

static bool once_over(void *arg)
{
	return ((struct asked *)arg)->over > 0;
}

static void nothing(void *arg)
{
}

TEST(an_answer_waits_for_a_full_mailbox)
{
	struct asked x = { 0 };
	struct assist *as;
	struct err e = { 0 };
	struct loop *l = loop_new(), *other = loop_new();
	struct mbox *back = mbox_new(l);
	OK(assist_open(&as, &(struct assist_opts){ .model = no_model, .model_arg = &x }, &e));
	while (mbox_post(back, nothing, NULL) == 0)
		;
	OK(assist_translate(as, SV("你好"), "zh", "en", back, over_on, &x));
	bool tried = t_wait(other, was_tried, &x, 5000);
	bool once = t_wait(l, once_over, &x, 5000);
	assist_close(as);
	mbox_free(back);
	loop_free(l);
	loop_free(other);
	CHECK(tried && once);
	CHECK(pthread_equal(x.on, pthread_self()));
}

static void rewords(struct world *w)
{
	row(w, "turn.customer", "{\"text\":\"Can I return my lamp\",\"language\":\"en\",\"intent\":"
				"\"return_goods\",\"intent_p\":0.9}");
	row(w, "turn.agent", "{\"text\":\"Yes, until 12 December.\",\"by\":\"mei\"}");
	w->over = 0;
	OK(assist_reword(w->as, SV(CONV), NULL, over, w));
	CHECK(t_wait(w->loop, is_over, w, 5000));
	EQ(w->err, 0);
	HAS(sb_sv(&w->text), "Can I return my lamp");
	CHECK(sv_find(sb_sv(&w->text), SV("500")) < 0);
	HAS(sb_sv(&w->text), "\"builtin\":true");
	w->over = 0;
	OK(assist_reword(w->as, SV("nobody"), NULL, over, w));
	CHECK(t_wait(w->loop, is_over, w, 5000));
	EQ(w->err, ERR_NOTFOUND);
}

TEST(a_reworded_summary_invents_nothing)
{
	struct world w;
	world_open(&w, "[{\"say\":[\"Request: refund of 500 yuan\\nOutcome: paid\"]}]");
	rewords(&w);
	world_close(&w);
	world_open(&w, NULL);
	rewords(&w);
	world_close(&w);
}

TEST(what_is_asked_when_it_closes_is_told_so)
{
	struct world w;
	world_open(&w, "[{\"say\":[\"a\"],\"delay_ms\":100000}]");
	OK(assist_translate(w.as, SV("你好"), "zh", "en", NULL, over, &w));
	(void)loop_run_once(w.loop, 0);
	OK(assist_translate(w.as, SV("再见"), "zh", "en", NULL, over, &w));
	assist_close(w.as);
	w.as = NULL;
	int n = w.over, err = w.err;
	world_close(&w);
	EQ(n, 2);
	EQ(err, ERR_CLOSED);
}

/* ---- kept summaries ---- */

struct edit {
	struct assist_edit x;
	int rc;
};

static int write_edit(void *arg, struct store_db *db)
{
	struct edit *e = arg;
	return e->rc = assist_summary_put(db, &e->x);
}

static int edit(struct world *w, const struct assist_with *with, const char *body, int64_t version,
		struct edit *e)
{
	jv *b = jv_parse(sv_of(body), NULL);
	*e = (struct edit){ .x = { .conversation = SV(CONV), .by = SV("mei"), .body = b,
				   .version = version, .now_ms = NOW, .with = with } };
	if (store_write(w->st, write_edit, e, NULL, NULL) == 0)
		(void)store_flush(w->st);
	jv_free(b);
	return e->rc;
}

static void kept(struct world *w)
{
	const struct assist_with with = { .plan = w->plan, .tz_min = 480 };
	struct edit e;
	int64_t version = -1;
	jv *o = NULL;
	EQ(assist_summary_get(w->db, SV(CONV), &with, &o, &version), ERR_NOTFOUND);
	row(w, "turn.customer", "{\"text\":\"Can I return my lamp\",\"language\":\"en\",\"intent\":"
				"\"return_goods\",\"intent_p\":0.9}");
	OK(assist_summary_get(w->db, SV(CONV), &with, &o, &version));
	EQ(version, 0);
	CHECK(jv_get_bool(o, "builtin", false));
	jv_free(o);
	EQ(edit(w, &with, "{\"disposition\":\"never\"}", 0, &e), ERR_INVAL);
	EQ(edit(w, &with, "{\"follow_ups\":[{\"kind\":\"dance\",\"text\":\"x\"}]}", 0, &e),
	   ERR_INVAL);
	EQ(edit(w, &with, "{\"text\":5}", 0, &e), ERR_INVAL);
	EQ(edit(w, &with, "{}", 0, &e), ERR_INVAL);
	EQ(edit(w, &with, "{\"text\":\"He may.\"}", 3, &e), ERR_CONFLICT);
	OK(edit(w, &with,
		"{\"text\":\"He may until Friday.\",\"disposition\":\"other\","
		"\"follow_ups\":[{\"kind\":\"ticket\",\"text\":\"Send label\"}]}",
		0, &e));
	EQ(e.x.new_version, 1);
	CHECK(e.x.share > 0.5);
	OK(assist_summary_get(w->db, SV(CONV), &with, &o, &version));
	EQ(version, 1);
	SV_EQ(jv_get_str(o, "text"), "He may until Friday.");
	SV_EQ(jv_as_str(jv_path(o, "disposition.title.en")), "Other");
	SV_EQ(jv_as_str(jv_path(o, "follow_ups.0.text")), "Send label");
	SV_EQ(jv_get_str(o, "edited_by"), "mei");
	SV_EQ(jv_as_str(jv_path(o, "issue.text")), "Can I return my lamp");
	CHECK(!jv_get_bool(o, "builtin", true));
	jv_free(o);
	EQ(edit(w, &with, "{\"text\":\"x\"}", 0, &e), ERR_CONFLICT);
	OK(edit(w, &with, "{\"text\":\"Request: Can I return my lamp\\nMood: neutral\"}", 1, &e));
	EQ(e.x.new_version, 2);
	CHECK(e.x.share < 0.7);                 /* against what was built, not the last edit */
}

static int64_t rows_of(struct world *w, const char *sql)
{
	struct store_stmt *q;
	if (store_prep(w->db, &q, sql))
		return -1;
	int64_t n = store_step(q) == 1 ? store_col_int(q, 0) : -1;
	store_reset(q);
	return n;
}

TEST(agents_keep_summaries_and_edits_are_scored)
{
	struct world w;
	world_open(&w, NULL);
	kept(&w);
	int64_t told = rows_of(&w, "SELECT count(*) FROM event WHERE kind='summary.edited' AND "
				   "conversation IS NULL AND body LIKE '%" CONV "%'");
	int64_t words = rows_of(&w, "SELECT count(*) FROM event WHERE body LIKE '%until Friday%'");
	world_close(&w);
	EQ(told, 2);
	EQ(words, 0);
}
