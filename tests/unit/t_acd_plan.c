/* t_acd_plan.c: queues.yaml: what the demo's says, what is told about a wrong one, changes of
 * one entry, and the ways into queues. */
#include "acd.h"
#include "t_acd.h"

static const struct cal *any_cal(void *arg, sv name)
{
	return sv_eq(name, SV("nights")) ? NULL : arg;
}

static int plan_of(struct acd_plan **p, const char *yaml, struct cfg_report *rep)
{
	struct cal *c = cal_always();
	struct acd_cals cals = { any_cal, c };
	int rc = acd_plan_new(p, sv_of(yaml), "queues.yaml", &cals, rep);
	obj_unref(c);
	return rc;
}

static struct acd_plan *demo_plan(struct cfg_report *rep)
{
	struct acd_plan *p = NULL;
	struct sb text;
	char path[400];
	sb_init(&text, LIM_CFG_BYTES);
	(void)snprintf(path, sizeof(path), "%s/demo/queues.yaml", t_srcdir());
	if (file_read(path, LIM_CFG_BYTES, &text, NULL) == 0)
		(void)plan_of(&p, sb_str(&text), rep);
	sb_done(&text);
	return p;
}

static const char *route_of(const struct acd_plan *p, const char *topic, const char *reason,
			    const char *tier)
{
	struct acd_route r;
	struct acd_wish w = { .topic = sv_of(topic), .reason = sv_of(reason), .tier = sv_of(tier),
			      .language = SV("zh-CN"), .media = ACD_CHAT };
	acd_plan_route(p, &w, &r);
	return acd_plan_queue(p, r.queue)->id;
}

TEST(acd_plan_of_the_demo)
{
	struct cfg_report rep = { 0 };
	struct acd_plan *p = demo_plan(&rep);
	EQ(rep.n, 0);
	CHECK(p);
	EQ(acd_plan_queues(p), 6);
	EQ(acd_plan_skills(p), 12);
	EQ(acd_plan_people(p), 3);
	STR_EQ(route_of(p, "refund_status", "policy", "standard"), "aftersales");
	STR_EQ(route_of(p, "product_info", "customer_asked", ""), "sales");
	STR_EQ(route_of(p, "technical_fault", "key_0", ""), "broadband");
	STR_EQ(route_of(p, "product_info", "complaint", "gold"), "complaints");
	STR_EQ(route_of(p, "product_info", "policy", "gold"), "vip");
	STR_EQ(route_of(p, "", "customer_asked", ""), "general");
	const struct acd_queue *q = acd_plan_queue(p, acd_plan_queue_of(p, SV("aftersales")));
	EQ(q->strategy, ACD_BEST_MATCH);
	EQ(q->n_relax, 2);
	EQ(q->relax[1].queue, acd_plan_queue_of(p, SV("general")));
	EQ(q->full.queue, acd_plan_queue_of(p, SV("general")));
	EQ(q->late.where, ACD_TO_CALLBACK);
	EQ(q->n_need, 2);
	CHECK(q->need[1].preferred);
	STR_EQ(q->title[0], "售后");
	const struct acd_person *mei = acd_plan_person(p, acd_plan_person_of(p, SV("mei")));
	STR_EQ(mei->extension, "1001");
	EQ(mei->languages, 3);
	EQ(mei->n_skills, 8);
	EQ(mei->seats[3].tier, 2);
	EQ(mei->capacity[ACD_CHAT], 4);
	EQ(acd_plan_lang_of(p, SV("zh_TW")), 0);
	EQ(acd_plan_lang_of(p, SV("EN")), 1);
	EQ(acd_plan_lang_of(p, SV("fr")), -1);
	STR_EQ(acd_plan_reasons(p)[1], "lunch");
	obj_unref(p);
	cfg_report_done(&rep);
}

/* The plan with one wrong place, and what is said about it. */
static const struct { const char *yaml, *where, *what;
} faults[] = {
	{ "queues: []", "queues.yaml:1:queues", "there is no queue" },
	{ "queues:\n  - {id: q, title: {zh: 队}}", "queues.yaml:2:queues[0].title",
	  "no title in en" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    stratgy: linear",
	  "queues.yaml:4:queues[0].stratgy", "unknown key" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    strategy: best",
	  "queues.yaml:4:queues[0].strategy", "unknown strategy" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    ring_s: 1",
	  "queues.yaml:4:queues[0].ring_s", "not in its range" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    hours: nights",
	  "queues.yaml:4:queues[0].hours", "no calendar \"nights\"" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    announce: {every_s: 4}",
	  "queues.yaml:4:queues[0].announce.every_s", "too often" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    announce: {wait: twice}",
	  "queues.yaml:4:queues[0].announce.wait", "true, false or once" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n"
	  "    announce: {every_s: 9, say: {zh: 请稍候}}",
	  "queues.yaml:4:queues[0].announce.say", "no announce.say in en" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    announce: {say: {zh: 好, en: ok}}",
	  "queues.yaml:4:queues[0].announce.say", "never said" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    max_len: 3\n"
	  "    overflow: {full: \"queue:x\"}",
	  "queues.yaml:5:queues[0].overflow.full", "no queue \"x\"" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    max_len: 3\n"
	  "    overflow: {full: \"queue:q\"}",
	  "queues.yaml:5:queues[0].overflow.full", "into itself" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    overflow: {late: callback}",
	  "queues.yaml:4:queues[0].overflow.late", "there is no max_wait_s" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    needs: [{skill: a, level: 2}]",
	  "queues.yaml:4:queues[0].needs", "no skill \"a\"" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n"
	  "    relax: [{after_s: 30, lower: 1}, {after_s: 20, lower: 2}]",
	  "queues.yaml:4:queues[0].relax", "no place in time" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    relax: [{after_s: 30}]",
	  "queues.yaml:4:queues[0].relax", "changes nothing" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n  - id: q\n    title: {zh: 队, en: "
	  "Q}",
	  "queues.yaml:4:queues[1].id", "two queues" },
	{ "queues:\n  - {id: q, title: {zh: 队, en: Q}}\nroutes:\n  - when: {media: fax}\n    "
	  "queue: q",
	  "queues.yaml:4:routes[0].when.media", "unknown medium" },
	{ "queues:\n  - {id: q, title: {zh: 队, en: Q}}\nroutes:\n  - queue: z",
	  "queues.yaml:4:routes[0].queue", "no queue \"z\"" },
	{ "queues:\n  - {id: q, title: {zh: 队, en: Q}}\nagents:\n  people:\n    - login: mei\n"
	  "      languages: [fr]",
	  "queues.yaml:6:agents.people[0].languages", "does not name" },
	{ "queues:\n  - {id: q, title: {zh: 队, en: Q}}\nagents:\n  people:\n    - login: mei\n"
	  "      queues: [q, q]",
	  "queues.yaml:6:agents.people[0].queues", "a queue twice" },
	{ "queues:\n  - {id: q, title: {zh: 队, en: Q}}\nagents:\n  defaults:\n"
	  "    capacity: {voice: 2}",
	  "queues.yaml:5:agents.defaults.capacity.voice", "not in its range" },
	{ "queues:\n  - {id: q, title: {zh: 队, en: Q}}\nroutes:\n  - {queue: q, priority: 1}\n"
	  "  - {queue: q, when: {topic: x}}",
	  "queues.yaml:5:routes[1]", "no wish ever gets" },
	{ "queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    sl: {s: 20, of: all}",
	  "queues.yaml:4:queues[0].sl.of", "counted so" },
	{ "skills:\n  - {id: a, title: {zh: 甲, en: A}}\n"
	  "queues:\n  - {id: q, title: {zh: 队, en: Q}}\nagents:\n  people:\n    - login: mei\n"
	  "      skills: {a: 11}",
	  "queues.yaml:8:agents.people[0].skills", "no such level" },
	{ "queues:\n  - {id: q, title: {zh: 队, en: Q}}\ndefault_queue: z",
	  "queues.yaml:3:default_queue", "no queue \"z\"" },
	{ "queues:\n  - {id: q, title: {zh: 队, en: Q}}\nlanguages: [zh, zh]",
	  "queues.yaml:3:languages", "no language" },
};

TEST(acd_plan_faults_are_told_with_their_place)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct cfg_report rep = { 0 };
		struct acd_plan *p = NULL;
		EQ(plan_of(&p, faults[i].yaml, &rep), ERR_INVAL);
		CHECK(!p && rep.n >= 1);
		HAS(sv_of(rep.v[0].what), faults[i].what);
		STR_EQ(rep.v[0].where, faults[i].where);
		CHECK(rep.v[0].mend[0]);
		cfg_report_done(&rep);
	}
}

TEST(acd_plan_goes_to_json_and_back)
{
	struct cfg_report rep = { 0 };
	struct acd_plan *p = demo_plan(&rep), *q = NULL;
	struct cal *always = cal_always();
	struct acd_cals cals = { any_cal, always };
	CHECK(p);
	OK(acd_plan_tree(&q, acd_plan_source(p), &cals, &rep));
	for (int i = 0; i < acd_plan_queues(p); i++) {
		struct acd_plan *r = NULL;
		struct sb a, b;
		struct err e;
		sb_init(&a, LIM_SB);
		sb_init(&b, LIM_SB);
		acd_plan_queue_json(p, i, &a);
		/* what is shown can be put back, and is shown the same */
		jv *value = jv_parse(sb_sv(&a), &e);
		OK(acd_plan_with(&r, q, "queues", sv_of(acd_plan_queue(p, i)->id), value, &cals,
				 &rep));
		acd_plan_queue_json(r, i, &b);
		STR_EQ(sb_str(&b), sb_str(&a));
		jv_free(value);
		obj_unref(r);
		sb_done(&a);
		sb_done(&b);
	}
	for (int i = 0; i < acd_plan_people(p); i++) {
		struct acd_plan *r = NULL;
		struct sb a, b;
		struct err e;
		sb_init(&a, LIM_SB);
		sb_init(&b, LIM_SB);
		acd_plan_person_json(p, acd_plan_person(p, i), &a);
		jv *value = jv_parse(sb_sv(&a), &e);
		OK(acd_plan_with(&r, q, "agents", sv_of(acd_plan_person(p, i)->login), value, &cals,
				 &rep));
		acd_plan_person_json(r, acd_plan_person(r, i), &b);
		STR_EQ(sb_str(&b), sb_str(&a));
		jv_free(value);
		obj_unref(r);
		sb_done(&a);
		sb_done(&b);
	}
	EQ(rep.n, 0);
	obj_unref(always);
	obj_unref(p);
	obj_unref(q);
	cfg_report_done(&rep);
}

TEST(acd_plan_people_have_the_defaults_they_do_not_name)
{
	struct cfg_report rep = { 0 };
	struct acd_plan *p = NULL;
	OK(plan_of(&p,
		   "skills:\n  - {id: s, title: {zh: 甲, en: S}}\n"
		   "queues:\n  - {id: a, title: {zh: 甲, en: A}}\n  - {id: b, title: {zh: 乙, "
		   "en: B}}\n"
		   "agents:\n  defaults: {queues: [b], skills: {s: 2}, blended: true}\n"
		   "  people: [{login: x}, {login: y, queues: [a, b], skills: {s: 9}, blended: "
		   "false}]\n",
		   &rep));
	const struct acd_person *std = acd_plan_default(p), *x = acd_plan_person(p, 0),
				*y = acd_plan_person(p, 1);
	EQ(std->n_seats, 1);
	EQ(x->n_seats, 1);
	EQ(x->seats[0].queue, 1);
	EQ(x->skills[0].level, 2);
	CHECK(x->blended && !y->blended);
	EQ(y->n_seats, 2);
	EQ(y->skills[0].level, 9);
	obj_unref(p);
	cfg_report_done(&rep);
}

TEST(acd_plan_changes_one_entry_or_none)
{
	struct cfg_report rep = { 0 };
	struct acd_plan *p = NULL, *q = NULL, *r = NULL;
	struct err e;
	OK(plan_of(&p,
		   "queues:\n  - {id: a, title: {zh: 甲, en: A}}\n  - {id: b, title: {zh: 乙, "
		   "en: B}}\n"
		   "routes:\n  - {queue: b, when: {topic: x}}\n",
		   &rep));
	jv *value = jv_parse(SV("{\"id\":\"c\",\"title\":{\"zh\":\"丙\",\"en\":\"C\"}}"), &e);
	OK(acd_plan_with(&q, p, "queues", SV("c"), value, NULL, &rep));
	EQ(acd_plan_queues(q), 3);
	EQ(acd_plan_queues(p), 2);
	/* a queue that something leads to cannot be taken out */
	EQ(acd_plan_with(&r, q, "queues", SV("b"), NULL, NULL, &rep), ERR_INVAL);
	CHECK(rep.n == 1);
	HAS(sv_of(rep.v[0].where), "routes[0].queue");
	EQ(acd_plan_with(&r, q, "queues", SV("z"), NULL, NULL, &rep), ERR_NOTFOUND);
	EQ(acd_plan_with(&r, q, "colours", SV("z"), value, NULL, &rep), ERR_INVAL);
	OK(acd_plan_with(&r, q, "routes", SV("0"), NULL, NULL, &rep));
	STR_EQ(route_of(r, "x", "", ""), "a");
	STR_EQ(route_of(q, "x", "", ""), "b");
	jv_free(value);
	obj_unref(p);
	obj_unref(q);
	obj_unref(r);
	cfg_report_done(&rep);
}

/* ---- rows over the file ---- */

struct reads {
	struct cal *always;
	int n;                       /* how often the plan was read: its queue asks for its hours */
};

static const struct cal *counting(void *arg, sv name)
{
	struct reads *r = arg;
	(void)name;
	r->n++;
	return r->always;
}

static int put_agents(void *arg, struct store_db *db)
{
	(void)arg;
	return store_exec(
		db, "WITH RECURSIVE k(i) AS (SELECT 100 UNION ALL SELECT i+1 FROM k WHERE "
		    "i<299) INSERT INTO acd_conf (kind, id, body, updated_ms) SELECT "
		    "'agent', 'a'||i, json_object('login', 'a'||i, 'queues', "
		    "json_array(iif(i IN (117, 242), 'nowhere', 'q'))), 1 FROM k");
}

/* Two wrong rows among 200 cost no reading of the plan each for all the others. */
TEST(acd_plan_finds_wrong_rows_by_halves)
{
	static const char yaml[] =
		"queues:\n  - id: q\n    title: {zh: 队, en: Q}\n    hours: day\n"
		"default_queue: q\n";
	struct reads r = { .always = cal_always() };
	struct acd_cals cals = { counting, &r };
	struct acd_plan *p = NULL;
	struct store *st;
	struct store_db *db;
	struct err e = { 0 };
	OK(store_open(&st, &(struct store_opts){ .dir = "", .group_ms = -1 }, &e));
	OK(store_write(st, put_agents, NULL, NULL, NULL));
	OK(store_flush(st));
	OK(store_reader(st, &db));
	OK(acd_plan_stored(&p, db, sv_of(yaml), "queues.yaml", &cals, &e));
	CHECK(acd_plan_person_of(p, SV("a100")) >= 0 && acd_plan_person_of(p, SV("a299")) >= 0);
	CHECK(acd_plan_person_of(p, SV("a241")) >= 0 && acd_plan_person_of(p, SV("a118")) >= 0);
	CHECK(acd_plan_person_of(p, SV("a117")) < 0 && acd_plan_person_of(p, SV("a242")) < 0);
	CHECK(r.n < 50);
	obj_unref(p);
	obj_unref(r.always);
	store_close(st);
}
