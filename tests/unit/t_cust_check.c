/* t_cust_check.c: checks of identity through the real gate: what proves what, the same words for
 * everything that does not fit, limits that survive a restart and ten thousand guesses. */
#include "t_cust_help.h"

#define T_ORDER "HH2026-100101"

struct check {
	struct cw w;
	struct pool *pool;
	struct tool_box *box;
	struct tool_kit *kit;
	struct cust_tools_arg arg;
	struct tool_res *r;
	uint64_t next;               /* the "random" number */
	char conv[32];
	sv customer, channel, address, actor;
	enum tool_level level;
	enum tool_role role;
	char to[64], text[256];      /* of the last message */
	int sent;
};

static uint64_t fixed(void *arg)
{
	struct check *c = arg;
	return c->next;
}

static void people(struct cw *w)
{
	if (cw_person(w, "c1", "吴建华", "+8615400001037", "wu@example.cn") ||
	    cw_person(w, "c2", "Chloe Dubois", "+8615400001074", NULL) ||
	    cw_person(w, "c3", "李明", "+862165529988", NULL) ||
	    cw_person(w, "c4", "李静", "+862165529988", NULL) ||
	    store_exec(w->db, "INSERT INTO order_ref (id, customer_id, updated_ms) VALUES "
			      "('HH2026-100101','c1',1), ('HH2026-100102','c2',1), "
			      "('HH2026-100103','gone',1), ('HH2026-100104',NULL,1), "
			      "('AA2019-000001','c2',1)") ||
	    store_exec(w->db, "INSERT INTO conversation (id, interaction_id, channel, started_ms, "
			      "last_ms) VALUES ('conv','i','webchat',1,1)"))
		t_fail(__FILE__, __LINE__, "people");
}

static bool kit_up(struct check *c)
{
	struct sb yaml;
	char path[4200];
	struct cfg_report rep = { 0 };
	struct tool_file f = { .name = "tools/identity.yaml" };
	snprintf(path, sizeof(path), "%s/demo/tools/identity.yaml", t_srcdir());
	sb_init(&yaml, LIM_SB);
	if (file_read(path, LIM_SB, &yaml, NULL)) {
		sb_done(&yaml);
		return false;
	}
	f.yaml = sb_sv(&yaml);
	int rc = tool_box_new(&c->box, &f, 1, &rep);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s\n", rep.v[i].where, rep.v[i].what);
	cfg_report_done(&rep);
	sb_done(&yaml);
	c->pool = pool_new(1, 0);
	struct tool_kit_opts o = { .store = c->w.st, .pool = c->pool, .box = c->box };
	c->arg = (struct cust_tools_arg){ .keys = c->w.k, .default_cc = SV("86"), .random = fixed,
					  .random_arg = c };
	return rc == 0 && tool_kit_open(&c->kit, &o, NULL) == 0 &&
	       tool_source_add(c->kit, &cust_tools, &c->arg) == 0;
}

static bool up(struct check *c, const char *dir)
{
	*c = (struct check){ .next = 123456, .conv = "conv" };
	if (!cw_open(&c->w, dir) || !kit_up(c))
		return false;
	cw_do(&c->w, people);
	return true;
}

static void kit_down(struct check *c)
{
	c->r = obj_unref(c->r);
	tool_kit_close(c->kit);
	pool_free(c->pool);
	obj_unref(c->box);
}

static void down(struct check *c)
{
	kit_down(c);
	cw_close(&c->w);
}

static int ask(struct check *c, const char *tool, const char *args)
{
	struct tool_req r = { .name = sv_of(tool), .args = sv_of(args), .now_ms = c->w.now,
			      .who = { .customer = c->customer, .level = c->level,
				       .role = c->role, .conversation = sv_of(c->conv),
				       .actor = c->actor.n ? c->actor : SV("bot"),
				       .channel = c->channel.n ? c->channel : SV("webchat"),
				       .address = c->address, .lang = SV("en") } };
	struct tool_res *res = NULL;
	int rc = tool_call(c->kit, &r, &res);
	obj_unref(c->r);
	c->r = res;
	return rc ? rc : (int)res->outcome;
}

static int64_t left(const struct check *c)
{
	return jv_get_int(c->r->body, "tries_left", -1);
}

static int64_t num(struct check *c, const char *sql)
{
	struct store_db *db;
	struct cw r = { 0 };
	if (store_flush(c->w.st) || store_reader(c->w.st, &db))
		return -9;
	r.db = db;
	return cw_num(&r, sql);
}

static int take(void *arg, sv id, sv kind, const jv *body)
{
	struct check *c = arg;
	struct store_db *db;
	struct arena a;
	sv to, text;
	if (store_reader(c->w.st, &db))
		return ERR_IO;
	arena_init(&a, LIM_ARENA_TURN);
	int rc = cust_message(db, c->w.k, kind, body, &a, &to, &text);
	if (rc == 0) {
		snprintf(c->to, sizeof(c->to), SV_FMT, SV_ARG(to));
		snprintf(c->text, sizeof(c->text), SV_FMT, SV_ARG(text));
		c->sent++;
	}
	arena_done(&a);
	return rc;
}

static size_t empty_outbox(struct check *c)
{
	size_t n = 0;
	c->to[0] = c->text[0] = 0;
	return tool_outbox_run(c->kit, take, c, &n) ? 99 : n;
}

#define GOOD "{\"order\":\"" T_ORDER "\",\"phone_last4\":\"1037\"}"
#define WRONG "{\"order\":\"" T_ORDER "\",\"phone_last4\":\"9999\"}"

TEST(cust_identify_by_order_and_phone)
{
	struct check c;
	CHECK(up(&c, ""));
	EQ(ask(&c, "identify", GOOD), TOOL_DONE);
	SV_EQ(c.r->grant_customer, "c1");
	EQ(c.r->grant_level, TOOL_KNOWN);
	HAS(c.r->say, "Thank you");
	EQ(num(&c, "SELECT count(*) FROM conversation WHERE customer_id='c1' AND "
		   "customer_level=2"),
	   1);
	EQ(num(&c, "SELECT count(*) FROM event WHERE kind='identity.checked' AND customer='c1'"),
	   1);
	/* however the number is said */
	EQ(ask(&c, "identify", "{\"order\":\"hh2026 100101\",\"phone_last4\":\"１０３７\"}"),
	   TOOL_DONE);
	SV_EQ(c.r->grant_customer, "c1");
	EQ(ask(&c, "identify", "{\"phone\":\"154 0000 1037\",\"name\":\"吴 建华\"}"), TOOL_DONE);
	SV_EQ(c.r->grant_customer, "c1");
	EQ(ask(&c, "identify", "{\"phone\":\"15400001074\",\"name\":\"chloe  DUBOIS\"}"),
	   TOOL_DONE);
	SV_EQ(c.r->grant_customer, "c2");
	EQ(ask(&c, "identify", "{\"phone\":\"021-65529988\",\"name\":\"李静\"}"), TOOL_DONE);
	SV_EQ(c.r->grant_customer, "c4");
	EQ(ask(&c, "identify", "{\"order\":\"" T_ORDER "\"}"), TOOL_INVALID);
	down(&c);
}

/* What is said and told does not depend on what there is. */
TEST(cust_identify_tells_nothing_of_what_exists)
{
	static const char *const wrong[] = {
		WRONG,
		"{\"order\":\"HH2026-100102\",\"phone_last4\":\"1037\"}", /* another's order */
		"{\"order\":\"HH2026-100103\",\"phone_last4\":\"1037\"}", /* of nobody known */
		"{\"order\":\"HH2026-100104\",\"phone_last4\":\"1037\"}", /* of nobody */
		"{\"order\":\"HH2026-999999\",\"phone_last4\":\"1037\"}", /* no such order */
		"{\"phone\":\"15400001037\",\"name\":\"Chloe Dubois\"}",
		"{\"phone\":\"15400009999\",\"name\":\"吴建华\"}",
		"{\"phone\":\"15400001037\",\"name\":\"吴\"}",
	};
	struct check c;
	char say[400] = "", why[400] = "";
	CHECK(up(&c, ""));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(c.conv, sizeof(c.conv), "conv%zu", i);
		EQ(ask(&c, "identify", wrong[i]), TOOL_NOT_FOUND);
		if (i == 0)
			snprintf(say, sizeof(say), SV_FMT, SV_ARG(c.r->say));
		if (i == 0)
			snprintf(why, sizeof(why), SV_FMT, SV_ARG(c.r->why));
		CHECK(sv_eq(c.r->say, sv_of(say)));
		CHECK(sv_eq(c.r->why, sv_of(why)));
		EQ(left(&c), 4);
		EQ(c.r->grant_level, TOOL_NOBODY);
		EQ(c.r->grant_customer.n, 0);
	}
	HAS(sv_of(say), "do not fit together");
	down(&c);
}

TEST(cust_identify_has_limits_that_survive_a_restart)
{
	struct check c;
	const char *dir = t_tmpdir();
	struct store_opts o = { .dir = dir, .group_ms = -1 };
	CHECK(up(&c, dir));
	for (int i = 4; i >= 1; i--) {
		EQ(ask(&c, "identify", WRONG), TOOL_NOT_FOUND);
		EQ(left(&c), i);
	}
	EQ(ask(&c, "identify", WRONG), TOOL_DENIED);
	HAS(c.r->say, "colleague");
	EQ(num(&c, "SELECT count(*) FROM event WHERE kind='alert' AND customer='c1'"), 1);
	EQ(ask(&c, "identify", GOOD), TOOL_DENIED);          /* right, but too late */
	EQ(c.r->grant_customer.n, 0);
	kit_down(&c);
	store_close(c.w.st);
	OK(store_open(&c.w.st, &o, NULL));
	CHECK(kit_up(&c));
	EQ(ask(&c, "identify", GOOD), TOOL_DENIED);
	/* another conversation: five more about this customer in the hour */
	snprintf(c.conv, sizeof(c.conv), "conv2");
	for (int i = 4; i >= 1; i--)
		EQ(ask(&c, "identify", WRONG), TOOL_NOT_FOUND);
	EQ(ask(&c, "identify", WRONG), TOOL_DENIED);
	snprintf(c.conv, sizeof(c.conv), "conv3");
	EQ(ask(&c, "identify", GOOD), TOOL_DENIED);
	EQ(ask(&c, "identify", "{\"phone\":\"15400001037\",\"name\":\"吴建华\"}"), TOOL_DENIED);
	EQ(ask(&c, "identify", "{\"order\":\"HH2026-100102\",\"phone_last4\":\"1074\"}"),
	   TOOL_DONE);                               /* others are not kept out */
	c.w.now += HOUR + 1;
	EQ(ask(&c, "identify", GOOD), TOOL_DONE);
	snprintf(c.conv, sizeof(c.conv), "conv");
	EQ(ask(&c, "identify", GOOD), TOOL_DENIED);          /* that conversation stays shut */
	down(&c);
}

TEST(cust_identify_success_buys_no_new_tries)
{
	struct check c;
	CHECK(up(&c, ""));
	for (int i = 0; i < 4; i++) {
		EQ(ask(&c, "identify", WRONG), TOOL_NOT_FOUND);
		EQ(ask(&c, "identify",
		       "{\"order\":\"HH2026-100102\",\"phone_last4\":\"1074\"}"),
		   TOOL_DONE);
	}
	EQ(ask(&c, "identify", WRONG), TOOL_DENIED);
	down(&c);
}

/* New conversations all the time, for ten hours: no more than the limits is ever compared. */
TEST(cust_ten_thousand_guesses)
{
	struct check c;
	char args[80];
	int compared = 0, granted = 0, hours = 0;
	CHECK(up(&c, ""));
	for (int i = 0; i < 10000; i++) {
		/* never the right one: what is counted is how many could have been */
		snprintf(args, sizeof(args), "{\"order\":\"" T_ORDER "\",\"phone_last4\":\"%04d\"}",
			 i == 1037 ? 0 : i);
		snprintf(c.conv, sizeof(c.conv), "conv%d", i / 3);
		int o = ask(&c, "identify", args);
		/* the try that reaches a limit is compared, and says so already */
		compared += o == TOOL_NOT_FOUND;
		granted += o == TOOL_DONE;
		if (i % 1000 == 999) {
			c.w.now += HOUR + 1;
			hours++;
		}
	}
	EQ(granted, 0);
	/* two hours' worth a day; the last one of each hour says that it was the last */
	EQ(hours, 10);
	EQ(compared, CUST_DAY_HOURS * (CUST_TRIES_HOUR - 1));
	EQ(num(&c, "SELECT count(*) FROM event WHERE kind='identity.failed'"),
	   CUST_DAY_HOURS * CUST_TRIES_HOUR);
	EQ(num(&c, "SELECT count(*) FROM event WHERE kind='alert'"), CUST_DAY_HOURS);
	c.w.now += 25 * HOUR;
	snprintf(c.conv, sizeof(c.conv), "tomorrow");
	EQ(ask(&c, "identify", GOOD), TOOL_DONE);
	down(&c);
}

/* Keyed in on the telephone a number has no letters; however it is said it is one and the same. */
TEST(cust_identify_by_the_digits_of_an_order)
{
	struct check c;
	CHECK(up(&c, ""));
	EQ(ask(&c, "identify", "{\"order\":\"2026100101\",\"phone_last4\":\"1037\"}"), TOOL_DONE);
	SV_EQ(c.r->grant_customer, "c1");
	/* six digits as people read them; fewer are no number, those of another year none here */
	EQ(ask(&c, "identify", "{\"order\":\"100101\",\"phone_last4\":\"1037\"}"), TOOL_DONE);
	SV_EQ(c.r->grant_customer, "c1");
	EQ(ask(&c, "identify", "{\"order\":\"00101\",\"phone_last4\":\"1037\"}"),
	   TOOL_NOT_FOUND);
	EQ(ask(&c, "identify", "{\"order\":\"000001\",\"phone_last4\":\"1074\"}"),
	   TOOL_NOT_FOUND);
	for (int i = 0; i < 10; i++) {
		snprintf(c.conv, sizeof(c.conv), "k%d", i);
		EQ(ask(&c, "identify",
		       i % 3 == 0 ? "{\"order\":\"100101\",\"phone_last4\":\"9999\"}" :
		       i % 3 == 1 ? WRONG :
				    "{\"order\":\"2026100101\",\"phone_last4\":\"9999\"}"),
		   i < 9 ? TOOL_NOT_FOUND : TOOL_DENIED);
	}
	down(&c);
}

static void cases(struct cw *w)
{
	if (store_exec(w->db,
		       "INSERT INTO ticket (seq, number, type, severity, state, customer, body, "
		       "opened_ms, changed_ms) VALUES "
		       "(1,'C26000001','complaint','normal','new','','{\"contact\":"
		       "\"+8613800138000\"}',1,1), "
		       "(2,'C26000002','complaint','normal','new','','{\"contact\":"
		       "\"li@example.cn\"}',1,1), "
		       "(3,'C26000003','complaint','normal','new','','{\"code\":\"4711\"}',1,1), "
		       "(4,'T2026-000004','enquiry','normal','new','c1','{}',1,1); "
		       "INSERT INTO order_ref (id, customer_id, updated_ms) VALUES "
		       "('C12345678','c2',1), ('T202600123','c2',1), ('C26000001','c2',1)"))
		t_fail(__FILE__, __LINE__, "cases");
}

static int64_t links;

static void count_links(struct cw *w)
{
	links = cw_num(w, "SELECT count(*) FROM ticket_link WHERE kind='conversation'");
}

/* By its number a complaint or ticket makes known whose it is; one of nobody's is opened for this
 * conversation alone, and who the customer is stays open. */
TEST(cust_identify_by_a_complaint_or_ticket)
{
	static const struct {
		const char *args;
		int outcome, links;
		const char *grant;
	} v[] = {
		{ "{\"order\":\"C26000001\",\"phone_last4\":\"8001\"}", TOOL_NOT_FOUND, 0, "" },
		{ "{\"order\":\"C26000009\",\"phone_last4\":\"8000\"}", TOOL_NOT_FOUND, 0, "" },
		{ "{\"order\":\"c 2600 0001\",\"phone_last4\":\"8000\"}", TOOL_DONE, 1, "" },
		{ "{\"order\":\"C26000001\",\"contact\":\"13800138000\"}", TOOL_DONE, 1, "" },
		{ "{\"order\":\"C26000002\",\"contact\":\"Li@Example.cn\"}", TOOL_DONE, 2, "" },
		{ "{\"order\":\"C26000002\",\"contact\":\"x@example.cn\"}", TOOL_NOT_FOUND,
		  2, "" },
		{ "{\"order\":\"C26000003\",\"phone_last4\":\"4711\"}", TOOL_DONE, 3, "" },
		{ "{\"order\":\"C26000003\",\"contact\":\"none\"}", TOOL_INVALID, 3, "" },
		{ "{\"order\":\"T2026-000004\",\"phone_last4\":\"1037\"}", TOOL_DONE, 3, "c1" },
		/* orders that are numbered like them; a complaint goes before an order */
		{ "{\"order\":\"C12345678\",\"phone_last4\":\"1074\"}", TOOL_DONE, 3, "c2" },
		{ "{\"order\":\"t2026 00123\",\"contact\":\"1074\"}", TOOL_DONE, 3, "c2" },
		{ "{\"order\":\"C26000001\",\"phone_last4\":\"1074\"}", TOOL_NOT_FOUND, 3, "" },
		/* an e-mail address opens no order */
		{ "{\"order\":\"" T_ORDER "\",\"contact\":\"wu@example.cn\"}", TOOL_INVALID,
		  3, "" },
	};
	struct check c;
	CHECK(up(&c, ""));
	cw_do(&c.w, cases);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		EQ(ask(&c, "identify", v[i].args), v[i].outcome);
		SV_EQ(c.r->grant_customer, v[i].grant);
		cw_do(&c.w, count_links);
		EQ(links, v[i].links);
	}
	/* outside of a conversation there is nothing to open it for */
	c.conv[0] = 0;
	c.role = TOOL_AGENT;
	c.actor = SV("user:mei");
	EQ(ask(&c, "identify", v[2].args), TOOL_REFUSED);
	CHECK(!jv_get_bool(c.r->body, "identified", true));
	EQ(ask(&c, "identify", v[8].args), TOOL_DONE);
	EQ(ask(&c, "identify", "{\"order\":\"C12345678\",\"contact\":\"wu@example.cn\"}"),
	   TOOL_NOT_FOUND);
	cw_do(&c.w, count_links);
	EQ(links, 3);
	down(&c);
}

/* An agent asks for many customers: five slips are no lock; but there is an end to it. */
TEST(cust_identify_does_not_lock_out_an_agent)
{
	struct check c;
	char args[80];
	int tried = 0;
	CHECK(up(&c, ""));
	c.conv[0] = 0;
	c.role = TOOL_AGENT;
	c.actor = SV("user:mei");
	for (int i = 0; i < 8; i++) {
		snprintf(args, sizeof(args), "{\"order\":\"HH2026-2001%02d\",\"phone_last4\":"
					     "\"9999\"}", i);
		EQ(ask(&c, "identify", args), TOOL_NOT_FOUND);
	}
	EQ(ask(&c, "identify", GOOD), TOOL_DONE);
	for (int i = 8; i < 80; i++) {
		snprintf(args, sizeof(args), "{\"order\":\"HH2026-2001%02d\",\"phone_last4\":"
					     "\"9999\"}", i);
		tried += ask(&c, "identify", args) == TOOL_NOT_FOUND;
	}
	EQ(tried, CUST_STAFF_TIMES * CUST_TRIES_HOUR - 8 - 1);
	EQ(ask(&c, "identify", GOOD), TOOL_DENIED);
	EQ(num(&c, "SELECT count(*) FROM event WHERE kind='alert' AND body LIKE "
		   "'%identity_place%'"), 1);
	c.actor = SV("user:li");                                 /* another agent goes on */
	EQ(ask(&c, "identify", GOOD), TOOL_DONE);
	down(&c);
}

/* One caller, a new conversation and another order each time. */
TEST(cust_identify_has_a_limit_by_where_it_comes_from)
{
	struct check c;
	char args[80];
	int compared = 0;
	CHECK(up(&c, ""));
	c.channel = SV("phone");
	c.address = SV("+8613900000001");
	for (int i = 0; i < 60; i++) {
		snprintf(c.conv, sizeof(c.conv), "p%d", i);
		snprintf(args, sizeof(args), "{\"order\":\"HH2026-2002%02d\",\"phone_last4\":"
					     "\"9999\"}", i);
		compared += ask(&c, "identify", args) == TOOL_NOT_FOUND;
	}
	EQ(compared, CUST_PLACE_TIMES * CUST_TRIES_HOUR - 1);
	HAS(c.r->say, "colleague");
	EQ(ask(&c, "identify", GOOD), TOOL_DENIED);
	EQ(num(&c, "SELECT count(*) FROM event WHERE kind='alert'"), 1);
	c.address = SV("+8613900000002");
	snprintf(c.conv, sizeof(c.conv), "other");
	EQ(ask(&c, "identify", GOOD), TOOL_DONE);
	c.address = SV("+8613900000001");
	c.w.now += HOUR + 1;
	snprintf(c.conv, sizeof(c.conv), "later");
	EQ(ask(&c, "identify", GOOD), TOOL_DONE);
	down(&c);
}

/* Wrong answers about other orders, a conversation each; how many were compared. */
static int guesses(struct check *c, const char *from, int first, int n)
{
	char args[80];
	int compared = 0;
	c->address = sv_of(from);
	for (int i = first; i < first + n; i++) {
		snprintf(c->conv, sizeof(c->conv), "p%d", i);
		snprintf(args, sizeof(args), "{\"order\":\"HH2026-2003%02d\",\"phone_last4\":"
					     "\"9999\"}", i);
		compared += ask(c, "identify", args) == TOOL_NOT_FOUND;
	}
	return compared;
}

/* Who hides the number is not one place with all others who do; one number is one, however it is
 * written. */
TEST(cust_identify_an_address_that_is_none_is_no_place)
{
	struct check c;
	int half = CUST_PLACE_TIMES * CUST_TRIES_HOUR / 2;
	CHECK(up(&c, ""));
	c.channel = SV("phone");
	EQ(guesses(&c, "anonymous", 0, 30), 30);
	EQ(guesses(&c, "sip:anonymous@anonymous.invalid", 30, 10), 10);
	snprintf(c.conv, sizeof(c.conv), "good");
	EQ(ask(&c, "identify", GOOD), TOOL_DONE);
	EQ(guesses(&c, "+8613900000001", 40, half), half);
	EQ(guesses(&c, "139 0000 0001", 60, half), half - 1);
	down(&c);
}

/* From many places about many orders: then only a code proves, or the number one calls from. */
TEST(cust_identify_while_somebody_guesses_everywhere)
{
	struct check c;
	char args[80], place[40];
	int compared = 0;
	CHECK(up(&c, ""));
	c.channel = SV("phone");
	for (int i = 0; i < 2 * CUST_TRIES_ALL; i++) {
		snprintf(c.conv, sizeof(c.conv), "g%d", i);
		snprintf(place, sizeof(place), "+8613%09d", i);
		snprintf(args, sizeof(args), "{\"order\":\"HH2026-3%05d\",\"phone_last4\":"
					     "\"9999\"}", i);
		c.address = sv_of(place);
		compared += ask(&c, "identify", args) == TOOL_NOT_FOUND;
	}
	EQ(compared, CUST_TRIES_ALL);
	EQ(num(&c, "SELECT count(*) FROM event WHERE kind='alert' AND body LIKE '%guessing%'"), 1);
	EQ(ask(&c, "identify", GOOD), TOOL_DENIED);              /* the right one, of a stranger */
	HAS(c.r->say, "one-time code");
	EQ(ask(&c, "identify", WRONG), TOOL_DENIED);             /* in the same words */
	HAS(c.r->say, "one-time code");
	EQ(ask(&c, "code_send", "{\"phone\":\"15400001037\"}"), TOOL_DONE);
	EQ(ask(&c, "code_check", "{\"code\":\"123456\"}"), TOOL_DONE);
	c.customer = SV("c1");                                   /* calls from their own number */
	c.level = TOOL_CLAIMED;
	EQ(ask(&c, "identify", GOOD), TOOL_DONE);
	EQ(ask(&c, "identify", "{\"order\":\"HH2026-100102\",\"phone_last4\":\"1074\"}"),
	   TOOL_NOT_FOUND);                              /* not another's, though right */
	c.role = TOOL_AGENT;
	c.actor = SV("user:mei");
	EQ(ask(&c, "identify", GOOD), TOOL_DONE);
	c.role = TOOL_CUSTOMER;
	c.customer = SV_NULL;
	c.level = TOOL_NOBODY;
	c.w.now += HOUR + 1;
	snprintf(c.conv, sizeof(c.conv), "quiet");
	EQ(ask(&c, "identify", GOOD), TOOL_DONE);
	down(&c);
}

TEST(cust_code_goes_where_the_customer_was_before)
{
	struct check c;
	CHECK(up(&c, ""));
	EQ(ask(&c, "code_send", "{}"), TOOL_INVALID);
	EQ(ask(&c, "code_send", "{\"phone\":\"12\"}"), TOOL_INVALID);
	EQ(ask(&c, "code_send", "{\"phone\":\"154 0000 1037\"}"), TOOL_DONE);
	CHECK(!c.r->grant_customer.n);
	EQ(num(&c, "SELECT count(*) FROM tool_outbox WHERE customer='c1'"), 1);
	EQ(num(&c, "SELECT count(*) FROM tool_outbox WHERE body LIKE '%123456%' OR body LIKE "
		   "'%15400001037%'"),
	   0);
	EQ(num(&c, "SELECT count(*) FROM cust_code WHERE hash LIKE '%123456%'"), 0);
	EQ(empty_outbox(&c), 1);
	STR_EQ(c.to, "+8615400001037");
	HAS(sv_of(c.text), "Your code is 123456.");
	EQ(ask(&c, "code_check", "{\"code\":\"654321\"}"), TOOL_NOT_FOUND);
	EQ(left(&c), 4);
	EQ(ask(&c, "code_check", "{\"code\":\"１２３ 456\"}"), TOOL_DONE);
	SV_EQ(c.r->grant_customer, "c1");
	EQ(c.r->grant_level, TOOL_PROVEN);
	EQ(num(&c, "SELECT count(*) FROM cust_ident WHERE customer='c1' AND kind='phone' AND "
		   "verified=3"),
	   1);
	EQ(ask(&c, "code_check", "{\"code\":\"123456\"}"), TOOL_NOT_FOUND);  /* once only */
	/* to the e-mail of whoever is known here */
	c.customer = SV("c1");
	c.level = TOOL_KNOWN;
	c.next = 7;
	EQ(ask(&c, "code_send", "{\"channel\":\"email\"}"), TOOL_DONE);
	EQ(empty_outbox(&c), 1);
	STR_EQ(c.to, "wu@example.cn");
	HAS(sv_of(c.text), "000007");
	c.w.now += 5 * 60000;
	EQ(ask(&c, "code_check", "{\"code\":\"000007\"}"), TOOL_NOT_FOUND);  /* too old */
	snprintf(c.conv, sizeof(c.conv), "conv2");
	EQ(ask(&c, "code_send", "{\"channel\":\"email\"}"), TOOL_DONE);
	EQ(num(&c, "SELECT count(*) FROM cust_code"), 1);       /* old ones are gone */
	down(&c);
}

static void new_phone(struct cw *w)
{
	struct cust_ident i = { .kind = CUST_PHONE, .value = SV("+8613911112222"), .primary = true,
				.verified = TOOL_PROVEN };
	if (cust_ident_add(w->db, w->k, SV("c1"), &i, SV("user:ann"), w->now))
		t_fail(__FILE__, __LINE__, "new phone");
}

TEST(cust_code_never_goes_to_an_address_of_today)
{
	struct check c;
	CHECK(up(&c, ""));
	cw_do(&c.w, new_phone);
	EQ(ask(&c, "code_send", "{\"phone\":\"13911112222\"}"), TOOL_DONE);
	EQ(empty_outbox(&c), 0);
	EQ(ask(&c, "code_check", "{\"code\":\"123456\"}"), TOOL_NOT_FOUND);
	c.customer = SV("c1");
	c.level = TOOL_CLAIMED;
	EQ(ask(&c, "code_send", "{\"channel\":\"sms\"}"), TOOL_DONE);
	EQ(empty_outbox(&c), 1);
	STR_EQ(c.to, "+8615400001037");      /* not the primary one, which is new */
	c.w.now += 25 * HOUR;
	snprintf(c.conv, sizeof(c.conv), "conv2");
	EQ(ask(&c, "code_send", "{\"channel\":\"sms\"}"), TOOL_DONE);
	EQ(empty_outbox(&c), 1);
	STR_EQ(c.to, "+8613911112222");
	down(&c);
}

TEST(cust_code_says_the_same_for_nobody)
{
	struct check c;
	char say[400];
	CHECK(up(&c, ""));
	EQ(ask(&c, "code_send", "{\"phone\":\"15400001037\"}"), TOOL_DONE);
	snprintf(say, sizeof(say), SV_FMT, SV_ARG(c.r->say));
	snprintf(c.conv, sizeof(c.conv), "conv2");
	EQ(empty_outbox(&c), 1);
	EQ(ask(&c, "code_send", "{\"phone\":\"15400009999\"}"), TOOL_DONE);
	CHECK(sv_eq(c.r->say, sv_of(say)));
	EQ(empty_outbox(&c), 0);
	/* even the code that was made does not open anything */
	EQ(ask(&c, "code_check", "{\"code\":\"123456\"}"), TOOL_NOT_FOUND);
	/* a phone that two have: which of them? nobody is told */
	snprintf(c.conv, sizeof(c.conv), "conv3");
	EQ(ask(&c, "code_send", "{\"phone\":\"021 65529988\"}"), TOOL_DONE);
	CHECK(sv_eq(c.r->say, sv_of(say)));
	EQ(empty_outbox(&c), 0);
	/* a code is good in its own conversation only */
	snprintf(c.conv, sizeof(c.conv), "conv4");
	EQ(ask(&c, "code_check", "{\"code\":\"123456\"}"), TOOL_NOT_FOUND);
	down(&c);
}

TEST(cust_codes_have_limits)
{
	struct check c;
	int sent = 0;
	CHECK(up(&c, ""));
	for (int i = 0; i < 3; i++)
		EQ(ask(&c, "code_send", "{\"phone\":\"15400001037\"}"), TOOL_DONE);
	EQ(ask(&c, "code_send", "{\"phone\":\"15400001037\"}"), TOOL_DENIED);
	for (int i = 0; i < 20; i++) {
		snprintf(c.conv, sizeof(c.conv), "other%d", i);
		sent += ask(&c, "code_send", "{\"phone\":\"15400001037\"}") == TOOL_DONE;
	}
	EQ(sent, 2);
	EQ(empty_outbox(&c), 5);
	snprintf(c.conv, sizeof(c.conv), "other0");
	for (int i = 0; i < 4; i++)
		EQ(ask(&c, "code_check", "{\"code\":\"111111\"}"), TOOL_NOT_FOUND);
	EQ(ask(&c, "code_check", "{\"code\":\"111111\"}"), TOOL_DENIED);
	EQ(ask(&c, "code_check", "{\"code\":\"123456\"}"), TOOL_DENIED);
	down(&c);
}

TEST(cust_vouching_is_for_agents_and_on_record)
{
	struct check c;
	CHECK(up(&c, ""));
	EQ(ask(&c, "vouch", "{\"customer\":\"c2\",\"how\":\"I know her voice\"}"), TOOL_DENIED);
	c.role = TOOL_AGENT;
	EQ(ask(&c, "vouch", "{\"customer\":\"c9\",\"how\":\"id card shown\"}"), TOOL_NOT_FOUND);
	EQ(ask(&c, "vouch", "{\"customer\":\"c2\",\"how\":\"called back on +8615400001074\"}"),
	   TOOL_DONE);
	SV_EQ(c.r->grant_customer, "c2");
	EQ(c.r->grant_level, TOOL_PROVEN);
	EQ(num(&c, "SELECT count(*) FROM event WHERE kind='identity.vouched' AND customer='c2' AND "
		   "body LIKE '%called back on [phone]%'"),
	   1);
	EQ(num(&c, "SELECT count(*) FROM event WHERE body LIKE '%15400001074%'"), 0);
	down(&c);
}

TEST(cust_checks_cannot_be_tried_out)
{
	struct check c;
	CHECK(up(&c, ""));
	for (int i = 0; i < 2; i++) {
		struct tool_req r = { .name = SV("identify"), .args = i ? SV(WRONG) : SV(GOOD),
				      .now_ms = c.w.now, .dry = true,
				      .who = { .conversation = SV("conv"), .actor = SV("bot") } };
		obj_unref(c.r);
		OK(tool_call(c.kit, &r, &c.r));
		EQ(c.r->outcome, TOOL_DENIED);
		EQ(c.r->grant_customer.n, 0);
	}
	down(&c);
}
