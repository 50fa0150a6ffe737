/* t_flow_reach.c: a contact of either kind, days kept with their date, a plain no, a pause, answers
 * that lead back, a flow that waits and is wished again, addresses the largest part first. */
#include "flow_int.h"
#include "t.h"

#include <stdio.h>

static const char DESK[] =
	"flows:\n"
	"  - id: tell\n"
	"    title: {zh: 投诉, en: Complaint}\n"
	"    intents: [complaint]\n"
	"    also: {zh: 再来投诉。, en: Now to your complaint.}\n"
	"    wish: {zh: 我要投诉, en: i want to complain}\n"
	"    slots:\n"
	"      when: {type: text, dates: true, ask: {zh: 什么时候？, en: 'When?'}}\n"
	"      reach: {type: contact, optional: true, ask: {zh: 怎么联系？, en: 'How to reach "
	"you?'}}\n"
	"      keep:\n"
	"        type: choice\n"
	"        no: keep\n"
	"        ask: {zh: 同事还是留着？, en: 'A colleague, or keep it?'}\n"
	"        choices:\n"
	"          - {value: keep, label: {zh: 留着, en: Keep}, words: {zh: 留着, en: keep}}\n"
	"          - {value: person, label: {zh: 同事, en: Colleague}, words: {zh: 同事, en: "
	"colleague}}\n"
	"    steps:\n"
	"      - {id: date, collect: when}\n"
	"      - {id: how, collect: reach}\n"
	"      - {id: open, call: complaint_open, args: {when: '{when}', contact: '{reach}'}, "
	"effect: true}\n"
	"      - {id: which, collect: keep}\n"
	"      - {id: more, call: done, args: {keep: '{keep}'}}\n"
	"  - id: look\n"
	"    title: {zh: 查, en: Look}\n"
	"    words: {zh: 查一下, en: look up}\n"
	"    wish: {zh: 查一下, en: look up}\n"
	"    slots:\n"
	"      who: {type: text, shape: name, after: {zh: 我叫, en: by my name}, ask: {zh: 姓名？, "
	"en: 'Name?'}}\n"
	"      phone: {type: phone, ask: {zh: 电话？, en: 'Phone?'}}\n"
	"    steps:\n"
	"      - {id: ask, collect: phone}\n"
	"      - {id: name, collect: who}\n"
	"      - {id: list, call: order_list, args: {name: '{who}'}}\n"
	"  - id: number\n"
	"    title: {zh: 单号, en: Number}\n"
	"    slots:\n"
	"      order: {type: order_number, optional: true, ask: {zh: 单号？, en: 'Which?'}}\n"
	"    steps:\n"
	"      - {id: ask, collect: order}\n"
	"      - {id: list, call: order_list, args: {order: '{order}'}}\n"
	"  - id: where_number\n"
	"    title: {zh: 哪里, en: Where}\n"
	"    words: {zh: 在哪里看, en: where do i find}\n"
	"    steps:\n"
	"      - {say: {zh: 在短信里。, en: In the message.}}\n"
	"      - {end: done}\n";

struct line {
	struct flow_set *set;
	struct flow_run *run;
	struct arena a;
	struct flow_out out;
};

static const struct flow_act *last(const struct line *l)
{
	static const struct flow_act none;
	return l->out.n ? &l->out.v[l->out.n - 1] : &none;
}

/* As `callm understand` reads it: slots "type=value=words;..". */
static const struct flow_act *say(struct line *l, const char *text, const char *slots)
{
	struct flow_slot v[4];
	sv list = sv_of(slots), one;
	struct flow_in in = { .kind = FLOW_IN_TEXT, .text = sv_of(text), .intent = "", .slots = v,
			      .lang = (unsigned char)text[0] < 0x80 ? SV("en") : SV("zh") };
	while (sv_cut(&list, ';', &one) && one.n) {
		struct flow_slot *s = &v[in.n_slots++];
		(void)sv_cut(&one, '=', &s->type);
		(void)sv_cut(&one, '=', &s->value);
		s->text = one;
	}
	in.question = strchr(text, '?') != NULL;
	in.yes = strcmp(text, "no") == 0 || strcmp(text, "不") == 0 ? FLOW_NO : FLOW_UNSURE;
	flow_step(l->run, &in, &l->a, &l->out);
	return last(l);
}

static const struct flow_act *done(struct line *l)
{
	struct flow_in in = { .kind = FLOW_IN_RESULT, .intent = "", .lang = SV("en"),
			      .outcome = "done" };
	flow_step(l->run, &in, &l->a, &l->out);
	return last(l);
}

static void begin(struct line *l, const char *flow, const char *text)
{
	struct cfg_report rep = { 0 };
	struct flow_file f = { "f.yaml", sv_of(DESK) };
	struct flow_in in = { .kind = FLOW_IN_START, .lang = SV("en"), .intent = "",
			      .text = sv_of(text) };
	memset(l, 0, sizeof(*l));
	arena_init(&l->a, 1u << 22);
	int rc = flow_set_new(&l->set, &f, 1, NULL, NULL, &rep);
	for (size_t i = 0; i < rep.n; i++)
		fprintf(stderr, "# %s %s\n", rep.v[i].where, rep.v[i].what);
	cfg_report_done(&rep);
	ASSERT(rc == 0);
	EQ(flow_start(l->set, sv_of(flow), &l->run), 0);
	flow_step(l->run, &in, &l->a, &l->out);
}

static void finish(struct line *l)
{
	flow_free(l->run);
	obj_unref(l->set);
	arena_done(&l->a);
}

TEST(flow_days_are_kept_with_their_date)
{
	static const struct {
		const char *words, *slots, *kept;
	} v[] = {
		{ "yesterday afternoon", "datetime=2026-11-26T15:00=yesterday afternoon",
		  "yesterday afternoon (26 November 2026)" },
		{ "昨天下午三点", "datetime=2026-11-26T15:00=昨天下午三点",
		  "昨天下午三点（2026年11月26日）" },
		{ "the driver came 3 days ago", "date=2026-11-24=3 days ago",
		  "the driver came 3 days ago (24 November 2026)" },
		/* one that comes, one that has its date, two: as it was said */
		{ "on monday", "date=2026-11-30=monday", "on monday" },
		{ "26 November", "date=2026-11-26=26 November", "26 November" },
		{ "yesterday or today", "date=2026-11-26=yesterday;date=2026-11-27=today",
		  "yesterday or today" },
		{ "yesterday", "date=soon=yesterday", "yesterday" },
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct line l;
		begin(&l, "tell", "I want to complain");
		(void)say(&l, v[i].words, v[i].slots);
		SV_EQ(jv_get_str(flow_slots(l.run), "when"), v[i].kept);
		finish(&l);
	}
}

TEST(flow_contact_of_either_kind_or_none)
{
	static const struct {
		const char *words, *slots, *args;
	} v[] = {
		{ "ring me on 13800138000", "phone=+8613800138000=13800138000",
		  "{\"when\":\"monday\",\"contact\":\"+8613800138000\"}" },
		{ "li@example.cn", "email=li@example.cn=li@example.cn",
		  "{\"when\":\"monday\",\"contact\":\"li@example.cn\"}" },
		{ "138 0013 8000", "", "{\"when\":\"monday\",\"contact\":\"13800138000\"}" },
		{ "no", "", "{\"when\":\"monday\"}" },
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct line l;
		begin(&l, "tell", "I want to complain");
		SV_EQ(say(&l, "monday", "")->text, "How to reach you?");
		SV_EQ(say(&l, "1380", "")->text, "How to reach you?");
		SV_EQ(say(&l, v[i].words, v[i].slots)->args, v[i].args);
		finish(&l);
	}
	struct line l;               /* told before it is asked for */
	begin(&l, "tell", "I want to complain");
	EQ(say(&l, "monday, mail li@example.cn", "email=li@example.cn=li@example.cn")->kind,
	   FLOW_CALL);
	finish(&l);
}

TEST(flow_plain_no_is_a_choice_and_what_was_done_is_known)
{
	struct line l;
	begin(&l, "tell", "I want to complain");
	(void)say(&l, "monday", "");
	CHECK(say(&l, "no", "")->kind == FLOW_CALL && !flow_did(l.run));
	SV_EQ(done(&l)->text, "A colleague, or keep it?");
	CHECK(flow_did(l.run));
	SV_EQ(say(&l, "no", "")->args, "{\"keep\":\"keep\"}");
	finish(&l);
}

TEST(flow_pause_is_no_answer_and_none_that_failed)
{
	static const char *const v[] = { "no wait", "hold on please", "等等", "稍等，我想想" };
	struct line l;
	begin(&l, "look", "look up my orders");
	for (size_t i = 0; i < 12; i++)
		EQ(say(&l, v[i % 4], "")->kind, FLOW_ASK);
	EQ(l.run->tries[1], 0);
	CHECK(!flow_pauses(SV("wait for the parcel")) && !flow_pauses(SV("no")));
	finish(&l);
}

/* An answer leads back, whatever is open; what waits is taken up when it is wished again. */
TEST(flow_answer_leads_back_and_what_waits_is_taken_up)
{
	struct line l;
	begin(&l, "look", "look up my orders");
	SV_EQ(say(&l, "where do I find it?", "")->text, "Phone?");
	SV_EQ(l.out.v[0].text, "In the message.");
	STR_EQ(flow_id(l.run), "look");
	finish(&l);
	begin(&l, "tell", "I want to complain");
	(void)say(&l, "monday", "");
	SV_EQ(say(&l, "look up my order first", "")->text, "Phone?");
	EQ(jv_len(flow_more(l.run)), 1);
	SV_EQ(say(&l, "I want to complain", "")->text, "How to reach you?");
	SV_EQ(l.out.v[0].text, "Now to your complaint.");
	EQ(jv_len(flow_more(l.run)), 0);
	SV_EQ(jv_get_str(flow_slots(l.run), "when"), "monday");
	finish(&l);
}

/* A number is no no, though it begins like one; an order may be none. */
TEST(flow_number_that_begins_like_a_no)
{
	static const struct {
		const char *words, *order;
	} v[] = { { "No.100387", "100387" }, { "no, it is 100387", "100387" }, { "no", "" } };
	for (size_t i = 0; i < 3; i++) {
		struct line l;
		struct flow_in in = { .kind = FLOW_IN_TEXT, .text = sv_of(v[i].words),
				      .intent = "", .lang = SV("en"), .yes = FLOW_NO };
		begin(&l, "number", "the number");
		flow_step(l.run, &in, &l.a, &l.out);
		EQ(last(&l)->kind, FLOW_CALL);
		SV_EQ(jv_get_str(flow_slots(l.run), "order"), v[i].order);
		finish(&l);
	}
}

TEST(flow_name_that_was_told_is_not_asked_for)
{
	static const struct {
		const char *words, *name;
	} v[] = { { "can you look it up by my name? Daniel Okafor",
		    "{\"name\":\"Daniel Okafor\"}" },
		  { "我叫李明，帮我查查", "{\"name\":\"李明\"}" },
		  { "look it up by my name please, where is it", NULL } };
	for (size_t i = 0; i < 3; i++) {
		struct line l;
		begin(&l, "look", "look up my orders");
		(void)say(&l, v[i].words, "");
		(void)say(&l, "13800138000", "phone=+8613800138000=13800138000");
		if (v[i].name)
			SV_EQ(last(&l)->args, v[i].name);
		else
			SV_EQ(last(&l)->text, "Name?");
		finish(&l);
	}
}

TEST(flow_address_the_largest_first)
{
	static const struct {
		const char *text, *city, *district, *street;
	} v[] = {
		{ "Beijing, Chaoyang, Jianguo Road 88", "Beijing", "Chaoyang", "Jianguo Road 88" },
		{ "please send it to Beijing, Chaoyang, 88 Jianguo Road, room 2, 100022",
		  "Beijing", "Chaoyang", "88 Jianguo Road, room 2" },
		{ "12 Lake Road, Wuhou, Chengdu 610041", "Chengdu", "Wuhou", "12 Lake Road" },
		{ "red, green, blue", NULL, NULL, NULL },
	};
	struct arena a;
	arena_init(&a, 1u << 16);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		sv t = sv_of(v[i].text);
		CHECK(sv_eq(flow_shaped(SHAPE_CITY, t, false, &a), sv_of(v[i].city)));
		CHECK(sv_eq(flow_shaped(SHAPE_DISTRICT, t, false, &a), sv_of(v[i].district)));
		CHECK(sv_eq(flow_shaped(SHAPE_STREET, t, false, &a), sv_of(v[i].street)));
	}
	arena_done(&a);
}
