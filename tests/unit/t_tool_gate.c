/* t_tool_gate.c: the way of a call: who may, what fits, how sure, confirmed or only tried; one
 * effect for a key; rows of the river; approvals. */
#include <stdio.h>
#include "t_tool_world.h"

TEST(tool_call_reads_and_says)
{
	struct world w;
	CHECK(world_open(&w, ""));
	struct tool_req r = world_req("purse_get", "");
	EQ(world_call(&w, &r), TOOL_DONE);
	EQ(jv_get_int(w.r->body, "left", 0), 1000);
	SV_EQ(w.r->say, "There is 1000 left.");
	CHECK(!w.r->effect && !w.r->again);
	STR_EQ(w.r->name, "purse_get");
	r.who.lang = SV("zh");
	EQ(world_call(&w, &r), TOOL_DONE);
	SV_EQ(w.r->say, "还有1000元。");
	EQ(world_sql(
		   &w,
		   "SELECT COUNT(*) FROM event WHERE kind = 'tool.done' AND customer = 'C-1'"),
	   2);
	world_close(&w);
}

TEST(tool_gate_stops_in_order)
{
	static const struct {
		const char *name, *args;
		enum tool_role role;
		enum tool_level level;
		const char *customer;
		enum tool_outcome want;
	} cases[] = {
		{ "purse_none", "{}", 0, TOOL_PROVEN, "C-1", TOOL_DENIED },
		{ "purse_close", "{}", TOOL_CUSTOMER, TOOL_PROVEN, "C-1", TOOL_DENIED },
		{ "purse_close", "{}", TOOL_AGENT, TOOL_PROVEN, "C-1", TOOL_DENIED },
		{ "purse_spend", "{\"amount\":", 0, TOOL_KNOWN, "C-1", TOOL_INVALID },
		{ "purse_spend", "[1]", 0, TOOL_KNOWN, "C-1", TOOL_INVALID },
		{ "purse_spend", "{}", 0, TOOL_KNOWN, "C-1", TOOL_INVALID },
		{ "purse_spend", "{\"amount\":\"5\"}", 0, TOOL_KNOWN, "C-1", TOOL_INVALID },
		{ "purse_spend", "{\"amount\":5,\"x\":1}", 0, TOOL_KNOWN, "C-1", TOOL_INVALID },
		{ "purse_spend", "{\"amount\":5}", 0, TOOL_CLAIMED, "C-1", TOOL_VERIFY },
		{ "purse_spend", "{\"amount\":5}", 0, TOOL_PROVEN, "", TOOL_VERIFY },
		{ "purse_spend", "{\"amount\":5}", 0, TOOL_KNOWN, "C-1", TOOL_CONFIRM },
		{ "purse_spend", "{\"amount\":5}", TOOL_SYSTEM, TOOL_NOBODY, "", TOOL_CONFIRM },
	};
	struct world w;
	CHECK(world_open(&w, ""));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tool_req r = world_req(cases[i].name, cases[i].args);
		r.who.role = cases[i].role;
		r.who.level = cases[i].level;
		r.who.customer = sv_of(cases[i].customer);
		EQ(world_call(&w, &r), cases[i].want);
		CHECK(w.r->say.n > 0 && jv_is_obj(w.r->body));
		EQ(w.r->need_level, cases[i].want == TOOL_VERIFY ? TOOL_KNOWN : 0);
		CHECK(!w.r->effect && (w.r->print != 0) == (cases[i].want == TOOL_CONFIRM));
	}
	EQ(world_kv(&w, "paid"), 0);
	EQ(world_kv(&w, "purse"), 1000);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_call"), 0);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind LIKE 'tool.%'"), 12);
	world_close(&w);
}

TEST(tool_start_refuses_what_is_too_big)
{
	struct world w;
	char big[TOOL_ARGS_MAX + 10], key[80];
	struct tool_res *res = NULL;
	CHECK(world_open(&w, ""));
	memset(big, ' ', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	struct tool_req r = world_req("purse_get", big);
	EQ(tool_call(w.kit, &r, &res), ERR_TOOBIG);
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = 0;
	r = world_req("purse_get", "{}");
	r.key = sv_of(key);
	EQ(tool_call(w.kit, &r, &res), ERR_TOOBIG);
	CHECK(!res);
	world_close(&w);
}

TEST(tool_confirm_tells_then_does_once)
{
	struct world w;
	CHECK(world_open(&w, ""));
	struct tool_req r = world_req("purse_spend", "{\"amount\":5,\"to\":\"Li Hua\"}");
	r.key = SV("conv/3/0");
	EQ(world_call(&w, &r), TOOL_CONFIRM);
	SV_EQ(w.r->say, "Pay 5, 995 stays?");
	EQ(world_kv(&w, "purse"), 1000);
	uint64_t print = w.r->print;
	r.confirmed = print + 1;
	EQ(world_call(&w, &r), TOOL_CONFIRM);
	EQ(w.r->print, print);
	r.confirmed = print;
	EQ(world_call(&w, &r), TOOL_DONE);
	CHECK(w.r->effect && !w.r->again);
	sv number = jv_get_str(w.r->body, "number");
	char first[64], said[128];
	(void)snprintf(first, sizeof(first), SV_FMT, SV_ARG(number));
	(void)snprintf(said, sizeof(said), "Paid, number %s.", first);
	SV_EQ(w.r->say, said);
	EQ(world_kv(&w, "purse"), 995);
	for (int i = 0; i < 3; i++) {
		EQ(world_call(&w, &r), TOOL_DONE);
		CHECK(w.r->again && w.r->effect);
		SV_EQ(jv_get_str(w.r->body, "number"), first);
		SV_EQ(w.r->say, said);
		r.confirmed = i == 0 ? 0 : 77;
	}
	EQ(world_kv(&w, "purse"), 995);
	EQ(world_kv(&w, "paid"), 1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'tool.done'"), 1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'tool.again'"), 3);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE body LIKE '%Li Hua%'"), 0);
	world_close(&w);
}

TEST(tool_confirm_asks_again_when_the_world_moved)
{
	struct world w;
	CHECK(world_open(&w, ""));
	struct tool_req r = world_req("purse_spend", "{\"amount\":5}");
	EQ(world_call(&w, &r), TOOL_CONFIRM);
	uint64_t print = w.r->print;
	struct tool_req other = world_req("purse_send", "{}");
	EQ(world_call(&w, &other), TOOL_DONE);
	r.confirmed = print;
	EQ(world_call(&w, &r), TOOL_CONFIRM);
	SV_EQ(w.r->say, "Pay 5, 994 stays?");
	CHECK(w.r->print != print);
	r.confirmed = w.r->print;
	EQ(world_call(&w, &r), TOOL_DONE);
	/* A yes to five is no yes to six. */
	EQ(world_call(&w, &r), TOOL_CONFIRM);
	r.args = SV("{\"amount\":6}");
	EQ(world_call(&w, &r), TOOL_CONFIRM);
	EQ(world_kv(&w, "purse"), 994);
	world_close(&w);
}

TEST(tool_key_belongs_to_one_call)
{
	struct world w;
	CHECK(world_open(&w, ""));
	struct tool_req r = world_req("purse_send", "{}");
	r.key = SV("k1");
	EQ(world_call(&w, &r), TOOL_DONE);
	struct tool_req other = world_req("purse_spend", "{\"amount\":5}");
	other.key = SV("k1");
	EQ(world_call(&w, &other), TOOL_INVALID);
	other = r;
	other.who.customer = SV("C-2");
	EQ(world_call(&w, &other), TOOL_INVALID);
	EQ(jv_len(w.r->body), 0);
	other = r;
	other.who.conversation = SV("other");
	other.who.level = TOOL_CLAIMED;
	EQ(world_call(&w, &other), TOOL_INVALID);
	other.who.level = TOOL_KNOWN;        /* the customer goes on in another conversation */
	EQ(world_call(&w, &other), TOOL_DONE);
	CHECK(w.r->again);
	r.who.level = TOOL_NOBODY;
	EQ(world_call(&w, &r), TOOL_DONE);
	CHECK(w.r->again);
	EQ(world_kv(&w, "paid"), 1);
	world_close(&w);
}

TEST(tool_without_key_each_call_is_one_effect)
{
	struct world w;
	CHECK(world_open(&w, ""));
	struct tool_req r = world_req("purse_send", "{}");
	for (int i = 0; i < 3; i++)
		EQ(world_call(&w, &r), TOOL_DONE);
	EQ(world_kv(&w, "paid"), 3);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_outbox WHERE kind = 'sms'"), 3);
	world_close(&w);
}

TEST(tool_dry_changes_nothing)
{
	struct world w;
	CHECK(world_open(&w, ""));
	struct tool_req r = world_req("purse_send", "{}");
	r.dry = true;
	r.key = SV("k");
	EQ(world_call(&w, &r), TOOL_DONE);
	CHECK(!w.r->effect);
	EQ(jv_get_int(w.r->body, "left", 0), 999);
	struct tool_req x = world_req("purse_spend", "{\"amount\":900}");
	x.dry = true;
	EQ(world_call(&w, &x), TOOL_APPROVE);
	EQ(world_kv(&w, "purse"), 1000);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_outbox"), 0);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_call"), 0);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_approval"), 0);
	world_close(&w);
}

TEST(tool_refusal_is_rolled_back_and_told)
{
	struct world w;
	CHECK(world_open(&w, ""));
	struct tool_req r = world_req("purse_spend", "{\"amount\":500}");
	r.key = SV("a");
	EQ(world_call(&w, &r), TOOL_CONFIRM);
	r.confirmed = w.r->print;
	EQ(world_call(&w, &r), TOOL_DONE);
	r.args = SV("{\"amount\":501}");
	r.key = SV("b");
	EQ(world_call(&w, &r), TOOL_REFUSED);
	SV_EQ(w.r->say, "Not enough money.");
	SV_EQ(w.r->why, "not enough money");
	EQ(world_kv(&w, "purse"), 500);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_call"), 1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'tool.refused'"), 1);
	world_close(&w);
}

TEST(tool_keep_counts_though_refused)
{
	struct world w;
	CHECK(world_open(&w, ""));
	struct tool_req r = world_req("purse_note", "{}");
	r.key = SV("n");
	for (int i = 0; i < 3; i++)
		EQ(world_call(&w, &r), TOOL_NOT_FOUND);
	EQ(world_kv(&w, "notes"), 3);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_call"), 0);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE body LIKE "
			 "'%nothing there, call [phone]%'"),
	   3);
	world_close(&w);
}

static void ask_to(struct world *w, const char *args, char id[27])
{
	struct tool_req r = world_req("purse_spend", args);
	r.key = SV("big");
	id[0] = 0;
	if (world_call(w, &r) != TOOL_CONFIRM)
		return;
	r.confirmed = w->r->print;
	if (world_call(w, &r) == TOOL_APPROVE)
		(void)snprintf(id, 27, SV_FMT, SV_ARG(jv_get_str(w->r->body, "approval")));
}

static void ask_for(struct world *w, char id[27])
{
	ask_to(w, "{\"amount\":600}", id);
}

/* Above who says yes too: it waits on for somebody higher, and nobody is asked a second time. */
TEST(tool_approval_above_the_first_waits_on)
{
	struct world w;
	char id[27];
	struct tool_res *res = NULL;
	CHECK(world_open(&w, ""));
	ask_to(&w, "{\"amount\":980}", id);
	EQ(strlen(id), 26);
	OK(tool_approve(w.kit, sv_of(id), true, TOOL_SUPERVISOR, SV("lin"), SV(""), T_NOW, &res));
	EQ(res->outcome, TOOL_APPROVE);
	CHECK(!res->effect);
	obj_unref(res);
	EQ(world_kv(&w, "purse"), 1000);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_approval"), 1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_approval WHERE state = 'waiting'"), 1);
	OK(tool_approve(w.kit, sv_of(id), true, TOOL_MANAGER, SV("wen"), SV(""), T_NOW, &res));
	EQ(res->outcome, TOOL_DONE);
	obj_unref(res);
	EQ(world_kv(&w, "purse"), 20);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_approval WHERE state = 'yes' AND "
			 "by_login = 'wen'"),
	   1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'tool.done' AND "
			 "body LIKE '%\"role\":\"manager\"%'"),
	   1);
	world_close(&w);
}

static int old_rows(void *arg, struct store_db *db)
{
	(void)arg;
	return store_exec(db, "UPDATE tool_approval SET request = "
			      "json_set(request, '$.role', 3)");
}

/* A row of before there were managers: its 3 is the system. */
TEST(tool_approval_kept_before_managers)
{
	struct world w;
	char id[27];
	struct tool_res *res = NULL;
	CHECK(world_open(&w, ""));
	ask_to(&w, "{\"amount\":980}", id);
	OK(store_write(w.st, old_rows, NULL, NULL, NULL));
	OK(store_flush(w.st));
	OK(tool_approve(w.kit, sv_of(id), true, TOOL_SUPERVISOR, SV("lin"), SV(""), T_NOW, &res));
	EQ(res->outcome, TOOL_DONE);
	obj_unref(res);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'tool.done' AND "
			 "body LIKE '%\"role\":\"system\"%'"),
	   1);
	world_close(&w);
}

TEST(tool_approval_yes_makes_the_call_once)
{
	struct world w;
	char id[27], again[27];
	struct tool_res *res = NULL;
	CHECK(world_open(&w, ""));
	ask_for(&w, id);
	EQ(strlen(id), 26);
	ask_for(&w, again);          /* the key knows it already */
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_approval"), 1);
	EQ(world_kv(&w, "purse"), 1000);
	OK(tool_approve(w.kit, sv_of(id), true, TOOL_SUPERVISOR, SV("boss"), SV("fine"),
			T_NOW + 9, &res));
	EQ(res->outcome, TOOL_DONE);
	obj_unref(res);
	EQ(world_kv(&w, "purse"), 400);
	EQ(tool_approve(w.kit, sv_of(id), true, TOOL_SUPERVISOR, SV("boss"), SV(""), T_NOW,
			&res),
	   ERR_STATE);
	EQ(tool_approve(w.kit, sv_of(id), false, TOOL_SUPERVISOR, SV("boss"), SV(""), T_NOW,
			&res),
	   ERR_STATE);
	EQ(tool_approve(w.kit, SV("none"), true, TOOL_SUPERVISOR, SV("boss"), SV(""), T_NOW,
			&res),
	   ERR_NOTFOUND);
	struct tool_req r = world_req("purse_spend", "{\"amount\":600}");
	r.key = SV("big");
	EQ(world_call(&w, &r), TOOL_DONE);
	CHECK(w.r->again);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_approval WHERE state = 'yes' AND "
			 "by_login = 'boss' AND amount = 600"),
	   1);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM event WHERE kind = 'tool.done' AND body LIKE "
			 "'%\"by\":\"boss\"%'"),
	   1);
	world_close(&w);
}

TEST(tool_approval_no_refuses_the_key)
{
	struct world w;
	char id[27];
	struct tool_res *res = NULL;
	CHECK(world_open(&w, ""));
	ask_for(&w, id);
	OK(tool_approve(w.kit, sv_of(id), false, TOOL_SUPERVISOR, SV("boss"), SV("too much"),
			T_NOW, &res));
	EQ(res->outcome, TOOL_REFUSED);
	obj_unref(res);
	struct tool_req r = world_req("purse_spend", "{\"amount\":600}");
	r.key = SV("big");
	EQ(world_call(&w, &r), TOOL_REFUSED);
	CHECK(w.r->again && !w.r->effect);
	EQ(world_kv(&w, "purse"), 1000);
	world_close(&w);
}

/* A tool that was taken away cannot be carried out any more, but it can be refused. */
TEST(tool_approval_of_a_tool_that_is_gone_can_be_refused)
{
	struct world w;
	struct tool_res *res = NULL;
	struct tool_file f = { "tools/none.yaml", SV("tools: []\n") };
	struct cfg_report rep = { 0 };
	struct tool_box *empty = NULL;
	char id[27];
	CHECK(world_open(&w, ""));
	ask_for(&w, id);
	OK(tool_box_new(&empty, &f, 1, &rep));
	tool_kit_box(w.kit, empty);
	OK(tool_approve(w.kit, sv_of(id), true, TOOL_SUPERVISOR, SV("boss"), SV(""), T_NOW, &res));
	EQ(res->outcome, TOOL_DENIED);
	obj_unref(res);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_approval WHERE state = 'waiting'"), 1);
	OK(tool_approve(w.kit, sv_of(id), false, TOOL_SUPERVISOR, SV("boss"), SV("gone"), T_NOW,
			&res));
	EQ(res->outcome, TOOL_REFUSED);
	CHECK(res->say.n > 0);
	obj_unref(res);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_approval WHERE state = 'no' AND by_login = "
			 "'boss'"),
	   1);
	tool_kit_box(w.kit, w.box);          /* the key stays refused when it is back */
	struct tool_req r = world_req("purse_spend", "{\"amount\":600}");
	r.key = SV("big");
	EQ(world_call(&w, &r), TOOL_REFUSED);
	CHECK(w.r->again);
	EQ(world_kv(&w, "purse"), 1000);
	obj_unref(empty);
	world_close(&w);
}

TEST(tool_approval_that_cannot_be_done_waits_on)
{
	struct world w;
	char id[27];
	struct tool_res *res = NULL;
	CHECK(world_open(&w, ""));
	ask_for(&w, id);
	struct tool_req r = world_req("purse_spend", "{\"amount\":450}");
	EQ(world_call(&w, &r), TOOL_CONFIRM);
	r.confirmed = w.r->print;
	EQ(world_call(&w, &r), TOOL_DONE);
	OK(tool_approve(w.kit, sv_of(id), true, TOOL_SUPERVISOR, SV("boss"), SV(""), T_NOW, &res));
	EQ(res->outcome, TOOL_REFUSED);
	obj_unref(res);
	EQ(world_sql(&w, "SELECT COUNT(*) FROM tool_approval WHERE state = 'waiting'"), 1);
	EQ(world_kv(&w, "purse"), 550);
	world_close(&w);
}

TEST(tool_box_can_be_changed_while_it_runs)
{
	struct world w;
	CHECK(world_open(&w, ""));
	struct tool_file f = { "tools/none.yaml", SV("tools: []\n") };
	struct cfg_report rep = { 0 };
	struct tool_box *empty = NULL;
	OK(tool_box_new(&empty, &f, 1, &rep));
	tool_kit_box(w.kit, empty);
	obj_unref(empty);
	struct tool_req r = world_req("purse_get", "{}");
	EQ(world_call(&w, &r), TOOL_DENIED);
	tool_kit_box(w.kit, w.box);
	EQ(world_call(&w, &r), TOOL_DONE);
	struct tool_box *now = tool_kit_box_now(w.kit);
	CHECK(now == w.box);
	obj_unref(now);
	world_close(&w);
}
