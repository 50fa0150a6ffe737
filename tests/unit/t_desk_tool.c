/* t_desk_tool.c: the tools through the real gate with the demo's declarations and tables: a
 * complaint from anger to closure, authority, other people's tickets, repeats, call-backs. */
#include "desk_tool.h"
#include "policy_rules.h"
#include "t_desk_help.h"

struct tw {
	struct dw d;
	struct pool *pool;
	struct tool_box *box;
	struct policy_rules *rules;
	struct tool_kit *kit;
	struct tool_res *r;
	struct tool_who who;
	int keys;
};

static const struct { const char *path; bool tools; } files[] = {
	{ "tools/desk.yaml", true }, { "policies/compensation.yaml", false },
	{ "policies/escalation.yaml", false },
};

static bool read_files(struct tw *w, struct sb b[3], struct cfg_report *rep)
{
	struct policy_rules_file pf[2];
	struct tool_file tf;
	char path[512];
	for (int i = 0; i < 3; i++) {
		sb_init(&b[i], 1u << 20);
		(void)snprintf(path, sizeof(path), "%s/demo/%s", t_srcdir(), files[i].path);
		if (file_read(path, 1u << 20, &b[i], NULL))
			return false;
		if (files[i].tools)
			tf = (struct tool_file){ files[i].path, sb_sv(&b[i]) };
		else
			pf[i - 1] = (struct policy_rules_file){ files[i].path, sb_sv(&b[i]) };
	}
	return tool_box_new(&w->box, &tf, 1, rep) == 0 &&
	       policy_rules_new(&w->rules, pf, 2, rep) == 0;
}

static bool up(struct tw *w)
{
	struct cfg_report rep = { 0 };
	struct store_opts o = { .dir = "", .group_ms = -1 };
	struct sb b[3];
	*w = (struct tw){ 0 };
	bool ok = read_files(w, b, &rep);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s\n", rep.v[i].where, rep.v[i].what);
	for (int i = 0; i < 3; i++)
		sb_done(&b[i]);
	cfg_report_done(&rep);
	w->d.desk = dw_rules();
	if (!ok || !w->d.desk || store_open(&w->d.store, &o, NULL))
		return false;
	w->pool = pool_new(2, 0);
	struct tool_kit_opts k = { .store = w->d.store, .pool = w->pool, .box = w->box,
				   .rules = w->rules };
	w->d.now = when("2026-11-26T10:00:00+08:00");
	w->who = (struct tool_who){ .customer = SV("c001"), .level = TOOL_KNOWN,
				    .conversation = SV("conv1"), .actor = SV("bot"),
				    .lang = SV("en") };
	return tool_kit_open(&w->kit, &k, NULL) == 0 &&
	       tool_source_add(w->kit, &desk_tools, w->d.desk) == 0;
}

static void down(struct tw *w)
{
	obj_unref(w->r);
	tool_kit_close(w->kit);
	pool_free(w->pool);
	store_close(w->d.store);
	obj_unref(w->box);
	obj_unref(w->rules);
	obj_unref(w->d.desk);
}

static int call_as(struct tw *w, const char *name, const char *args, uint64_t confirmed, bool again)
{
	struct tool_res *res = NULL;
	char key[32];
	w->keys += !again && !confirmed;
	(void)snprintf(key, sizeof(key), "key/%d", w->keys);
	struct tool_req q = { .name = sv_of(name), .args = sv_of(args), .who = w->who,
			      .key = sv_of(key), .confirmed = confirmed, .now_ms = w->d.now };
	int rc = tool_call(w->kit, &q, &res);
	obj_unref(w->r);
	w->r = res;
	return rc ? rc : (int)res->outcome;
}

static int call(struct tw *w, const char *name, const char *args)
{
	return call_as(w, name, args, 0, false);
}

/* Asks, and says yes to what was read back. */
static int confirm(struct tw *w, const char *name, const char *args)
{
	int rc = call(w, name, args);
	return rc == TOOL_CONFIRM ? call_as(w, name, args, w->r->print, false) : rc;
}

static jv *ticket(struct tw *w, const char *number)
{
	(void)store_flush(w->d.store);
	if (store_reader(w->d.store, &w->d.db))
		return NULL;
	return dw_get(&w->d, number);
}

static int64_t count(struct tw *w, const char *sql)
{
	(void)store_flush(w->d.store);
	return store_reader(w->d.store, &w->d.db) ? -1 : dw_count(&w->d, sql);
}

static void as(struct tw *w, const char *customer, enum tool_level level, const char *conversation)
{
	w->who.role = TOOL_CUSTOMER;
	w->who.actor = SV("bot");
	w->who.customer = sv_of(customer);
	w->who.level = level;
	w->who.conversation = sv_of(conversation);
}

static void as_staff(struct tw *w, enum tool_role role)
{
	w->who.role = role;
	w->who.actor = role == TOOL_AGENT ? SV("mei") : SV("boss");
	w->who.level = TOOL_PROVEN;
}

static const char SOFA[] =
	"{\"what\":\"The sofa came with a torn seat and nobody calls back\",\"when\":\"Monday\","
	"\"order\":\"HH2026-100108\",\"wants\":\"a new seat this week\",\"category\":"
	"\"delivery/damaged\",\"evidence\":[\"photo 1\",\"photo 2\"]}";

static void number_of(struct tw *w, char out[DESK_NUMBER])
{
	(void)snprintf(out, DESK_NUMBER, SV_FMT, SV_ARG(jv_get_str(w->r->body, "number")));
}

TEST(desk_tool_complaint_from_anger_to_closure)
{
	struct tw w;
	char n[DESK_NUMBER];
	CHECK(up(&w));
	EQ(call(&w, "complaint_open", SOFA), TOOL_CONFIRM);
	HAS(w.r->say, "torn seat");
	HAS(w.r->say, "photo 1, photo 2");
	HAS(w.r->say, "a new seat this week");
	EQ(count(&w, "SELECT COUNT(*) FROM ticket"), 0);         /* nothing is kept yet */
	w.d.now += 95000;                                        /* the customer thinks it over */
	EQ(call_as(&w, "complaint_open", SOFA, w.r->print, false), TOOL_DONE);
	HAS(w.r->say, "C26000001");
	HAS(w.r->say, "3 December 2026");
	HAS(w.r->say, "24 hours");
	number_of(&w, n);
	EQ(call_as(&w, "complaint_open", SOFA, w.r->print, true), TOOL_DONE);    /* once more */
	CHECK(w.r->again);
	EQ(count(&w, "SELECT COUNT(*) FROM ticket"), 1);
	EQ(count(&w, "SELECT COUNT(*) FROM tool_outbox WHERE kind='sms'"), 1);
	EQ(call(&w, "complaint_accept", "{\"satisfied\":true}"), TOOL_REFUSED);
	EQ(call(&w, "complaint_add", "{\"text\":\"and the legs wobble\",\"evidence\":[\"video\"]}"),
	   TOOL_DONE);
	jv *t = ticket(&w, n);
	EQ(jv_len(jv_path(t, "facts.evidence")), 3);
	SV_EQ(jv_as_str(jv_path(t, "links.0.ref")), "conv1");
	jv_free(t);
	as_staff(&w, TOOL_AGENT);
	EQ(call(&w, "resolution_propose", "{\"number\":\"C26000001\",\"kind\":\"replacement\","
					  "\"text\":\"a new seat on Friday\"}"), TOOL_DONE);
	as(&w, "c001", TOOL_KNOWN, "conv2");
	EQ(call(&w, "complaint_status", "{}"), TOOL_DONE);
	HAS(w.r->say, "waiting for your answer");
	SV_EQ(jv_get_str(w.r->body, "offer"), "a new seat on Friday");
	EQ(call(&w, "complaint_accept", "{\"satisfied\":true,\"words\":\"yes, Friday is fine\"}"),
	   TOOL_DONE);
	t = ticket(&w, n);
	SV_EQ(jv_get_str(t, "state"), "closed");
	SV_EQ(jv_get_str(t, "closed_by"), "customer");
	SV_EQ(jv_as_str(jv_path(t, "facts.proposal.state")), "accepted");
	jv_free(t);
	EQ(count(&w, "SELECT COUNT(*) FROM ticket WHERE type='internal' AND "
		     "category='compensation' AND live=1"), 1);  /* the seat is still to be sent */
	EQ(call(&w, "complaint_accept", "{\"satisfied\":false,\"words\":\"it never came\"}"),
	   TOOL_DONE);
	t = ticket(&w, n);
	SV_EQ(jv_get_str(t, "state"), "reopened");
	jv_free(t);
	EQ(count(&w, "SELECT COUNT(*) FROM event WHERE kind='ticket.alert'"), 1);
	down(&w);
}

TEST(desk_tool_other_peoples_tickets)
{
	static const char *const reads[] = { "complaint_status", "ticket_status" };
	struct tw w;
	CHECK(up(&w));
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);
	for (size_t i = 0; i < 2; i++) {
		as(&w, "c002", TOOL_PROVEN, "conv9");
		EQ(call(&w, reads[i], "{\"number\":\"C26000001\"}"), TOOL_NOT_FOUND);
		struct tool_res *there = obj_ref(w.r);
		EQ(call(&w, reads[i], "{\"number\":\"C26009999\"}"), TOOL_NOT_FOUND);
		CHECK(sv_eq(there->say, w.r->say) && sv_eq(there->why, w.r->why));
		EQ(jv_len(there->body), 0);              /* the same answer, there or not */
		obj_unref(there);
		as(&w, "c001", TOOL_CLAIMED, "conv9");
		EQ(call(&w, reads[i], "{\"number\":\"C26000001\"}"), TOOL_VERIFY);
		EQ(call(&w, reads[i], "{\"number\":\"C26009999\"}"), TOOL_VERIFY);
		as(&w, "", TOOL_NOBODY, "conv9");
		EQ(call(&w, reads[i], "{\"number\":\"C26000001\"}"), TOOL_VERIFY);
		as(&w, "", TOOL_NOBODY, "conv1");        /* where it was taken down */
		EQ(call(&w, reads[i], "{\"number\":\"c 2600 0001\"}"), TOOL_DONE);
		as(&w, "c001", TOOL_KNOWN, "conv9");
		EQ(call(&w, reads[i], "{\"number\":\"26000001\"}"), TOOL_DONE);
	}
	as(&w, "c002", TOOL_PROVEN, "conv9");
	EQ(call(&w, "complaint_add", "{\"number\":\"C26000001\",\"text\":\"x\"}"), TOOL_NOT_FOUND);
	EQ(call(&w, "complaint_accept", "{\"number\":\"C26000001\",\"satisfied\":false}"),
	   TOOL_NOT_FOUND);
	EQ(call(&w, "ticket_note", "{\"number\":\"C26000001\",\"text\":\"x\"}"), TOOL_NOT_FOUND);
	EQ(call(&w, "resolution_propose",
		"{\"number\":\"C26000001\",\"kind\":\"voucher\",\"amount\":"
		"10,\"text\":\"xx\"}"),
	   TOOL_NOT_FOUND);
	EQ(count(&w, "SELECT COUNT(*) FROM ticket_event WHERE kind IN ('note','proposal')"), 0);
	down(&w);
}

#define FENCE "{\"what\":\"thrown over the fence\",\"wants\":\"an apology\"%s}"

static int fence(struct tw *w, const char *contact)
{
	char args[200], more[80] = "";
	if (contact)
		(void)snprintf(more, sizeof(more), ",\"contact\":\"%s\"", contact);
	(void)snprintf(args, sizeof(args), FENCE, more);
	return confirm(w, "complaint_open", args);
}

/* Whoever is not known and has no address is asked how to be reached; who tells none hears that
 * nobody can answer, and has a code. */
TEST(desk_tool_complaint_of_nobody_we_can_reach)
{
	struct tw w;
	CHECK(up(&w));
	as(&w, "", TOOL_NOBODY, "conv1");
	w.who.channel = SV("webchat");
	w.who.address = SV("cookie");
	EQ(fence(&w, NULL), TOOL_REFUSED);
	SV_EQ(jv_get_str(w.r->body, "need"), "contact");
	HAS(w.r->say, "How can we reach you");
	EQ(fence(&w, "tomorrow"), TOOL_INVALID);
	HAS(w.r->say, "does not look complete");
	EQ(count(&w, "SELECT COUNT(*) FROM ticket"), 0);
	EQ(fence(&w, "13800138000"), TOOL_DONE);
	HAS(w.r->say, "A named person will answer you");
	jv *t = ticket(&w, "C26000001");
	SV_EQ(jv_as_str(jv_path(t, "facts.contact")), "13800138000");
	CHECK(!jv_path(t, "facts.code"));
	jv_free(t);
	EQ(fence(&w, "none"), TOOL_DONE);
	HAS(w.r->say, "we cannot call or write to you");
	CHECK(sv_find(w.r->say, SV("will answer you")) < 0);
	CHECK(sv_find(w.r->say, jv_get_str(w.r->body, "code")) >= 0);
	EQ(jv_get_str(w.r->body, "code").n, 4);
	/* by phone we know it; who is known has an account; an agent decides alone; what is then
	 * given as a contact and is none keeps nobody from it */
	w.who.channel = SV("phone");
	w.who.address = SV("+8613800138001");
	EQ(fence(&w, "phone"), TOOL_DONE);
	t = ticket(&w, "C26000003");
	SV_EQ(jv_as_str(jv_path(t, "facts.contact")), "+8613800138001");
	jv_free(t);
	w.who.channel = SV("webchat");
	as(&w, "c001", TOOL_KNOWN, "conv3");
	EQ(fence(&w, "my phone"), TOOL_DONE);
	t = ticket(&w, "C26000004");
	CHECK(!jv_path(t, "facts.contact"));
	jv_free(t);
	as(&w, "", TOOL_NOBODY, "conv4");
	as_staff(&w, TOOL_AGENT);
	EQ(fence(&w, NULL), TOOL_DONE);
	EQ(count(&w, "SELECT COUNT(*) FROM ticket"), 5);
	down(&w);
}

TEST(desk_tool_complaint_taken_back)
{
	struct tw w;
	CHECK(up(&w));
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);
	as(&w, "c002", TOOL_PROVEN, "conv9");
	EQ(call(&w, "complaint_withdraw", "{\"number\":\"C26000001\"}"), TOOL_NOT_FOUND);
	as(&w, "c001", TOOL_KNOWN, "conv2");
	EQ(call(&w, "complaint_withdraw", "{}"), TOOL_CONFIRM);
	HAS(w.r->say, "C26000001");
	EQ(call_as(&w, "complaint_withdraw", "{}", w.r->print, false), TOOL_DONE);
	HAS(w.r->say, "withdrawn");
	jv *t = ticket(&w, "C26000001");
	SV_EQ(jv_get_str(t, "state"), "closed");
	SV_EQ(jv_get_str(t, "closed_by"), "withdrawn");
	jv_free(t);
	EQ(call(&w, "complaint_withdraw", "{}"), TOOL_REFUSED);
	HAS(w.r->say, "closed already");
	down(&w);
}

static int propose(struct tw *w, const char *more)
{
	char args[300];
	(void)snprintf(
		args, sizeof(args),
		"{\"number\":\"C26000001\",\"kind\":\"voucher\",\"text\":\"a voucher\"%s}",
		more);
	return call(w, "resolution_propose", args);
}

static void set_fault(struct dw *d)
{
	jv *f = jv_parse(SV("{\"fault\":\"ours\"}"), NULL);
	(void)desk_facts(d->desk, d->db, SV("C26000001"), f, &d->mei, NULL);
	jv_free(f);
}

/* The limits of demo/policies/compensation.yaml for a normal complaint: nobody's fault yet, bot 0
 * and agent 20; ours: bot 20, agent 50, supervisor 300. */
TEST(desk_tool_authority)
{
	struct tw w;
	struct tool_res *res = NULL;
	char id[40];
	CHECK(up(&w));
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);
	EQ(propose(&w, ",\"amount\":5"), TOOL_APPROVE);
	/* a conversation cannot choose a better rule */
	EQ(propose(&w, ",\"amount\":25,\"cause\":\"late_express\""), TOOL_APPROVE);
	as_staff(&w, TOOL_AGENT);
	EQ(propose(&w, ",\"amount\":20.01"), TOOL_APPROVE);
	w.d.mei = (struct desk_by){ SV("mei"), TOOL_AGENT, w.d.now };
	OK(dw_once(&w.d, set_fault));
	EQ(propose(&w, ",\"amount\":50.01"), TOOL_APPROVE);
	(void)snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(w.r->body, "approval")));
	OK(tool_approve(w.kit, sv_of(id), true, TOOL_SUPERVISOR, SV("boss"), SV("fine"),
			w.d.now, &res));
	EQ(res->outcome, TOOL_DONE);
	obj_unref(res);
	jv *t = ticket(&w, "C26000001");
	NEAR(jv_get_num(jv_path(t, "facts.proposal"), "amount", 0), 50.01, 0.001);
	SV_EQ(jv_get_str(t, "state"), "pending_customer");
	jv_free(t);
	EQ(propose(&w, ",\"amount\":50"), TOOL_DONE);
	as_staff(&w, TOOL_SUPERVISOR);
	EQ(propose(&w, ",\"amount\":300.01"), TOOL_REFUSED);
	EQ(propose(&w, ",\"amount\":300"), TOOL_DONE);
	as(&w, "c001", TOOL_KNOWN, "conv1");
	EQ(propose(&w, ",\"amount\":0"), TOOL_REFUSED);          /* the bot's is not the next one */
	EQ(call(&w, "complaint_accept", "{\"satisfied\":false,\"words\":\"no\"}"), TOOL_DONE);
	EQ(propose(&w, ",\"amount\":20"), TOOL_REFUSED);
	down(&w);
}

/* A replacement of no amount is within every limit; it is not the bot's to promise. */
TEST(desk_tool_bot_offers_nothing_without_a_price)
{
	static const char *const kinds[] = { "replacement", "repair", "visit", "voucher",
					     "money",       "points", "other" };
	struct tw w;
	char args[120];
	CHECK(up(&w));
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		(void)snprintf(args, sizeof(args), "{\"kind\":\"%s\",\"text\":\"a new sofa\"}",
			       kinds[i]);
		EQ(call(&w, "resolution_propose", args), TOOL_APPROVE);
	}
	EQ(count(&w, "SELECT COUNT(*) FROM ticket_event WHERE kind='proposal'"), 0);
	EQ(call(&w, "resolution_propose", "{\"kind\":\"apology\",\"text\":\"so sorry\"}"),
	   TOOL_DONE);
	EQ(count(&w, "SELECT COUNT(*) FROM ticket_event WHERE kind='proposal'"), 1);
	down(&w);
}

TEST(desk_tool_repeat_is_watched)
{
	struct tw w;
	CHECK(up(&w));
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);
	w.d.now += 29 * CAL_DAY;
	EQ(confirm(&w, "complaint_open",
		   "{\"what\":\"torn again\",\"wants\":\"money\",\"category\":\"delivery/late\"}"),
	   TOOL_DONE);
	HAS(w.r->say, "supervisor");
	jv *t = ticket(&w, "C26000002");
	SV_EQ(jv_get_str(t, "severity"), "high");
	SV_EQ(jv_as_str(jv_path(t, "facts.repeat_of")), "C26000001");
	jv_free(t);
	EQ(call(&w, "resolution_propose",
		"{\"kind\":\"apology\",\"text\":\"sorry\"}"), TOOL_REFUSED);
	EQ(confirm(&w, "complaint_open",
		   "{\"what\":\"rude\",\"wants\":\"an apology\",\"category\":\"service/staff\"}"),
	   TOOL_DONE);                                           /* another matter */
	t = ticket(&w, "C26000003");
	SV_EQ(jv_get_str(t, "severity"), "normal");
	jv_free(t);
	as(&w, "c002", TOOL_KNOWN, "conv7");                     /* another customer */
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);
	CHECK(!jv_get_bool(w.r->body, "repeat", true));
	w.d.now += 31 * CAL_DAY;                                 /* and long after */
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);
	CHECK(!jv_get_bool(w.r->body, "repeat", true));
	down(&w);
}

TEST(desk_tool_call_back_windows)
{
	static const struct { const char *at; int outcome; const char *says; } rows[] = {
		{ "2026-11-26T14:00", TOOL_DONE, "26 November 2026 14:00-16:00" },
		{ "2026-11-27T20:00", TOOL_DONE, "20:00-22:00" },
		{ "2026-11-27T12:00:00Z", TOOL_DONE, "27 November 2026 20:00-22:00" },
		{ "2026-11-27T20:30", TOOL_REFUSED, "between 08:00 and 22:00" },
		{ "2026-11-27T07:00", TOOL_REFUSED, "between 08:00 and 22:00" },
		{ "2026-11-26T09:00", TOOL_REFUSED, "has passed" },
		{ "2026-11-30T14:00", TOOL_REFUSED, "three days" },
		{ "tomorrow", TOOL_INVALID, "day and time" },
		{ "2026-11-27T25:00", TOOL_INVALID, "day and time" },
		{ "2026-02-30T10:00", TOOL_INVALID, "day and time" },
	};
	struct tw w;
	char args[200];
	CHECK(up(&w));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)snprintf(args, sizeof(args), "{\"at\":\"%s\",\"about\":\"the bill\"}",
			       rows[i].at);
		EQ(confirm(&w, "callback_request", args), rows[i].outcome);
		HAS(w.r->say, rows[i].says);
	}
	EQ(count(&w, "SELECT COUNT(*) FROM ticket WHERE category='callback'"), 3);
	down(&w);
}

TEST(desk_tool_tickets_in_chinese)
{
	struct tw w;
	CHECK(up(&w));
	w.who.lang = SV("zh");
	EQ(call(&w, "ticket_open", "{\"type\":\"aftersale\",\"what\":\"灯不亮\",\"order\":"
				   "\"HH2026-100109\"}"), TOOL_DONE);
	HAS(w.r->say, "T2026-000001");
	HAS(w.r->say, "2026年12月3日");                          /* five working days */
	EQ(call(&w, "ticket_status", "{\"number\":\"t2026-000001\"}"), TOOL_DONE);
	HAS(w.r->say, "已登记");
	EQ(call(&w, "ticket_note", "{\"text\":\"换过灯泡了\"}"), TOOL_DONE);
	EQ(call(&w, "ticket_open", "{\"type\":\"internal\",\"what\":\"xx\"}"), TOOL_INVALID);
	EQ(call(&w, "ticket_open", "{\"what\":\"插座冒烟\"}"), TOOL_DONE);
	EQ(confirm(&w, "complaint_open",
		   "{\"what\":\"插座冒烟，差点起火\",\"wants\":\"马上处理\"}"),
	   TOOL_DONE);
	HAS(w.r->say, "2 小时");                                 /* critical */
	jv *t = ticket(&w, "C26000001");
	SV_EQ(jv_get_str(t, "severity"), "critical");
	SV_EQ(jv_as_str(jv_path(t, "facts.signs.0")), "safety");
	jv_free(t);
	EQ(count(&w, "SELECT COUNT(*) FROM event WHERE kind='ticket.alert'"), 1);
	down(&w);
}

/* ---- whose it is ---- */

static void people(struct dw *d)
{
	OK(store_exec(d->db,
		      "INSERT INTO customer (id, since_ms, updated_ms) VALUES ('c001',1,1), "
		      "('c003',2,1), ('c002',3,1)"));
	OK(store_exec(d->db,
		      "INSERT INTO cust_edge (a, b, reason, score, by_actor, at_ms) VALUES "
		      "('c001','c003','test',1,'t',0), ('c003','c001','test',1,'t',0)"));
	OK(store_exec(d->db, "INSERT INTO conversation (id, interaction_id, channel, customer_id, "
			     "started_ms, last_ms) VALUES ('call1','i1','phone','c001',1,1)"));
}

/* Whoever has forged a number may complain, but not in the name of the one it belongs to. */
TEST(desk_tool_claimed_caller_complains_as_nobody)
{
	struct tw w;
	CHECK(up(&w));
	OK(dw_once(&w.d, people));
	as(&w, "c001", TOOL_KNOWN, "conv0");
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);      /* the customer's own */
	as(&w, "c001", TOOL_CLAIMED, "call1");
	w.who.channel = SV("phone");
	w.who.address = SV("+8615400001037");
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);
	CHECK(!jv_get_bool(w.r->body, "repeat", true));          /* tells nothing of the first */
	EQ(count(&w, "SELECT COUNT(*) FROM tool_outbox"), 1);    /* no message to the customer */
	jv *t = ticket(&w, "C26000002");
	SV_EQ(jv_get_str(t, "customer"), "");
	SV_EQ(jv_as_str(jv_path(t, "facts.contact")), "+8615400001037");
	SV_EQ(jv_as_str(jv_path(t, "links.0.ref")), "call1");
	jv_free(t);
	EQ(call(&w, "complaint_status", "{}"), TOOL_DONE);       /* in the same conversation */
	SV_EQ(jv_get_str(w.r->body, "number"), "C26000002");
	EQ(call(&w, "ticket_open", "{\"what\":\"the lamp\"}"), TOOL_DONE);
	EQ(confirm(&w, "callback_request", "{\"at\":\"2026-11-27T14:00\",\"about\":\"x y\"}"),
	   TOOL_DONE);
	EQ(count(&w, "SELECT COUNT(*) FROM ticket WHERE customer='' AND body LIKE "
		     "'%+8615400001037%'"), 3);
	w.who.address = SV("anonymous");                         /* a hidden number */
	EQ(call(&w, "ticket_open", "{\"what\":\"the shade\"}"), TOOL_DONE);
	EQ(count(&w, "SELECT COUNT(*) FROM ticket WHERE body LIKE '%shade%' AND body NOT LIKE "
		     "'%contact%'"), 1);
	as(&w, "c002", TOOL_PROVEN, "conv9");
	EQ(call(&w, "complaint_status", "{\"number\":\"C26000002\"}"), TOOL_NOT_FOUND);
	as(&w, "c001", TOOL_CLAIMED, "conv9");
	EQ(call(&w, "complaint_status", "{\"number\":\"C26000002\"}"), TOOL_VERIFY);
	as(&w, "c001", TOOL_KNOWN, "conv9");                     /* it was them after all */
	EQ(call(&w, "complaint_status", "{\"number\":\"C26000002\"}"), TOOL_DONE);
	as_staff(&w, TOOL_AGENT);                                /* an agent names whom they like */
	w.who.level = TOOL_CLAIMED;
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);
	t = ticket(&w, "C26000003");
	SV_EQ(jv_get_str(t, "customer"), "c001");
	jv_free(t);
	down(&w);
}

TEST(desk_tool_joined_customers_share_tickets)
{
	struct tw w;
	CHECK(up(&w));
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);
	as(&w, "c003", TOOL_KNOWN, "conv9");
	EQ(call(&w, "complaint_status", "{\"number\":\"C26000001\"}"), TOOL_NOT_FOUND);
	OK(dw_once(&w.d, people));
	EQ(call(&w, "complaint_status", "{\"number\":\"C26000001\"}"), TOOL_DONE);
	EQ(call(&w, "complaint_status", "{}"), TOOL_DONE);
	EQ(call(&w, "complaint_add", "{\"text\":\"and the legs\"}"), TOOL_DONE);
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);      /* the same person again */
	CHECK(jv_get_bool(w.r->body, "repeat", false));
	w.who.level = TOOL_CLAIMED;
	EQ(call(&w, "complaint_status", "{\"number\":\"C26000001\"}"), TOOL_VERIFY);
	as(&w, "c002", TOOL_PROVEN, "conv8");
	EQ(call(&w, "complaint_status", "{\"number\":\"C26000001\"}"), TOOL_NOT_FOUND);
	down(&w);
}

/* What is told of a ticket may go to a model: without numbers and addresses of people. */
TEST(desk_tool_status_holds_no_personal_data)
{
	struct tw w;
	struct sb b;
	CHECK(up(&w));
	EQ(confirm(&w, "complaint_open",
		   "{\"what\":\"call me on 13912345678, order HH2026-100108 is late\",\"wants\":"
		   "\"a call\",\"contact\":\"a.b@example.com\"}"), TOOL_DONE);
	as_staff(&w, TOOL_AGENT);
	EQ(call(&w, "ticket_note", "{\"number\":\"C26000001\",\"public\":true,\"text\":"
				   "\"we rang 13912345678 in vain\"}"), TOOL_DONE);
	as(&w, "c001", TOOL_KNOWN, "conv1");
	EQ(call(&w, "complaint_status", "{}"), TOOL_DONE);
	sb_init(&b, 1u << 16);
	jv_dump(w.r->body, &b);
	HAS(sb_sv(&b), "HH2026-100108");
	HAS(sb_sv(&b), "we rang [phone]");
	CHECK(sv_find(sb_sv(&b), SV("13912345678")) < 0);
	CHECK(sv_find(sb_sv(&b), SV("a.b@example.com")) < 0);
	sb_done(&b);
	EQ(count(&w, "SELECT COUNT(*) FROM event WHERE body LIKE '%13912345678%' OR body LIKE "
		     "'%a.b@example.com%'"), 0);
	down(&w);
}

/* The text is what the customer hears: it may not promise more than the amount. */
TEST(desk_tool_text_is_held_against_the_amount)
{
	static const struct {
		const char *text;
		double amount;
		bool staff, fits;
	} rows[] = {
		{ "a voucher of 50 yuan", 50, false, true },
		{ "a voucher of 500 yuan", 50, false, false },
		{ "we pay you CNY 50.01", 50, true, false },
		{ "we pay you \u00a5500 by Friday", 50, true, false },
		{ "补偿您五百块钱", 50, false, false },
		{ "补偿您五十元", 50, false, true },
		{ "一张50元的代金券，3天内到账", 50, false, true },
		{ "给您退500", 50, false, false },
		{ "five hundred dollars", 50, true, false },
		{ "20 yuan now and 40 yuan next week", 50, true, false },
		{ "20 yuan now and 30 yuan next week", 50, true, true },
		{ "twenty dollars", 50, true, false },
		{ "补偿您20美元", 50, true, false },
		{ "we send you \u20ac20", 50, true, false },
		{ "a refund of 20", 50, true, true },
		{ "between 20 and 100 yuan", 50, true, false },
		{ "half price: 50% off", 20, false, false },
		{ "half price: 50% off", 20, true, true },
		{ "so sorry for the 3 days you waited", 0, false, true },
		{ "a new seat on 27 November, order HH2026-100108", 0, false, true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct desk_promise p = { rows[i].amount, SV("CNY"), rows[i].staff,
						1795665600000LL };
		const char *wrong = desk_promise_wrong(sv_of(rows[i].text), &p);
		if ((wrong == NULL) != rows[i].fits)
			printf("# %s: %s\n", rows[i].text, wrong ? wrong : "fits");
		EQ(wrong == NULL, rows[i].fits);
	}
}

/* "$" and the yen sign are the company's own where it has such a currency. */
TEST(desk_tool_text_in_the_companys_currency)
{
	static const struct {
		const char *text, *currency;
		bool fits;
	} rows[] = {
		{ "$20 back", "USD", true },       { "20 dollars back", "USD", true },
		{ "$60 back", "USD", false },      { "20 yuan back", "USD", false },
		{ "$20 back", "AUD", true },       { "$20 back", "CAD", true },
		{ "20 dollars back", "HKD", true },{ "US$20 back", "AUD", false },
		{ "$60 back", "AUD", false },      { "\u00a520 back", "JPY", true },
		{ "\uffe520 back", "JPY", true },  { "\uffe560 back", "JPY", false },
		{ "\uffe520 back", "CNY", true },  { "\u20ac20 back", "EUR", true },
		{ "$20 back", "EUR", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct desk_promise p = { 50, sv_of(rows[i].currency), true,
						1795665600000LL };
		const char *wrong = desk_promise_wrong(sv_of(rows[i].text), &p);
		if ((wrong == NULL) != rows[i].fits)
			printf("# %s %s: %s\n", rows[i].currency, rows[i].text,
			       wrong ? wrong : "fits");
		EQ(wrong == NULL, rows[i].fits);
	}
}

TEST(desk_tool_promise_goes_around_no_limit)
{
	struct tw w;
	CHECK(up(&w));
	EQ(confirm(&w, "complaint_open", SOFA), TOOL_DONE);
	as_staff(&w, TOOL_AGENT);
	EQ(call(&w, "resolution_propose", "{\"number\":\"C26000001\",\"kind\":\"money\","
					  "\"amount\":20,\"text\":\"500 yuan in cash\"}"),
	   TOOL_INVALID);
	HAS(w.r->why, "more than amount");
	EQ(count(&w, "SELECT COUNT(*) FROM ticket_event WHERE kind='proposal'"), 0);
	EQ(count(&w, "SELECT COUNT(*) FROM tool_approval"), 0);
	EQ(call(&w, "resolution_propose", "{\"number\":\"C26000001\",\"kind\":\"money\","
					  "\"amount\":20,\"text\":\"20 yuan in cash\"}"),
	   TOOL_DONE);
	down(&w);
}

static struct policy_rules *the_rules;

static void climb(struct dw *d)
{
	static const struct { const char *at; int rung; const char *to, *severity; } rows[] = {
		{ "2026-11-27T10:00:00+08:00", 1, "supervisor", "normal" },
		{ "2026-11-27T18:00:00+08:00", 2, "manager", "high" },
		{ "2026-12-18T10:00:00+08:00", 3, "ombudsman", "high" },
	};
	char n[DESK_NUMBER];
	dw_at(d, when("2026-11-26T10:00:00+08:00"));
	OK(dw_open(d, DESK_COMPLAINT, -1, "x", &d->bot, n));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct desk_did did;
		dw_at(d, when(rows[i].at));
		for (int k = 0; k < 3; k++)
			OK(desk_tick(d->desk, d->db, the_rules, d->now, &did));
		jv *t = dw_get(d, n);
		EQ(jv_get_int(t, "escalation", 0), rows[i].rung);
		SV_EQ(jv_get_str(t, "severity"), rows[i].severity);
		jv_free(t);
	}
	EQ(dw_count(d, "SELECT COUNT(*) FROM event WHERE kind='ticket.escalated'"), 3);
}

TEST(desk_ladder_by_the_demos_table)
{
	struct tw w;
	CHECK(up(&w));
	the_rules = w.rules;
	OK(dw_once(&w.d, climb));
	down(&w);
}
