/* t_acd_import.c: queues of FreeSWITCH and Asterisk become a plan that the machine takes; what
 * cannot is told; and nonsense harms nothing. */
#include "acd_import.h"
#include "t_acd.h"

static const char freeswitch[] =
	"<configuration name=\"callcenter.conf\" description=\"CallCenter\">\n"
	"  <settings><param name=\"odbc-dsn\" value=\"dsn:user:pass\"/></settings>\n"
	"  <queues>\n"
	"    <queue name=\"support@default\">\n"
	"      <param name=\"strategy\" value=\"round-robin\"/>\n"
	"      <param name=\"moh-sound\" value=\"$${hold_music}\"/>\n"
	"      <param name=\"time-base-score\" value=\"system\"/>\n"
	"      <param name=\"tier-rules-apply\" value=\"true\"/>\n"
	"      <param name=\"tier-rule-wait-second\" value=\"30\"/>\n"
	"      <param name=\"max-wait-time\" value=\"600\"/>\n"
	"      <param name=\"max-wait-time-with-no-agent\" value=\"0\"/>\n"
	"      <param name=\"discard-abandoned-after\" value=\"60\"/>\n"
	"      <param name=\"abandoned-resume-allowed\" value=\"true\"/>\n"
	"    </queue>\n"
	"    <queue name=\"销售 1\">\n"
	"      <param name=\"strategy\" value=\"by-moon\"/>\n"
	"      <param name=\"discard-abandoned-after\" value=\"60\"/>\n"
	"      <param name=\"abandoned-resume-allowed\" value=\"false\"/>\n"
	"    </queue>\n"
	"  </queues>\n"
	"  <agents>\n"
	"    <agent name=\"1000@default\" type=\"callback\" status=\"Available\"\n"
	"      contact=\"[leg_timeout=10]user/1000@default\" max-no-answer=\"2\" "
	"wrap-up-time=\"15\"\n"
	"      reject-delay-time=\"10\" busy-delay-time=\"99999\"/>\n"
	"    <agent name=\"bob\" type=\"uuid-standby\" contact=\"sofia/gateway/gw/2002\"/>\n"
	"  </agents>\n"
	"  <tiers>\n"
	"    <tier agent=\"1000@default\" queue=\"support@default\" level=\"1\" "
	"position=\"2\"/>\n"
	"    <tier agent=\"bob\" queue=\"support@default\" level=\"3\" position=\"1\"/>\n"
	"    <tier agent=\"bob\" queue=\"nowhere\" level=\"1\" position=\"1\"/>\n"
	"  </tiers>\n"
	"</configuration>\n";

static const char asterisk[] =
	"; queues\n"
	"[general]\n"
	"persistentmembers = yes\n"
	"[base](!)\n"
	"timeout=12\n"
	"wrapuptime=15\n"
	"announce-position=limit\n"
	"[support](base)\n"
	"strategy=rrmemory        ; as ever\n"
	"servicelevel = 60\n"
	"weight=5\n"
	"maxlen=30\n"
	"announce-frequency=90\n"
	"announce-position=limit\n"
	"announce-position-limit=3\n"
	"announce-holdtime=once\n"
	"leavewhenempty=strict\n"
	"periodic-announce=queue-periodic-announce\n"
	"musicclass=default\n"
	"member => PJSIP/1001,0,Alice\n"
	"member => Local/1002@agents/n,2,\"Bob\"\n"
	"[night]\n"
	"strategy=linear\n"
	"announce-position=once\n"
	"autopause=yes\n"
	"member=>SIP/1001\n"
	"member=>SIP/7\n";

struct got { struct acd_plan *p; struct sb notes, yaml; };

/* Read, written as YAML, and that read as a plan. */
static int import(struct got *g, const char *text)
{
	struct cfg_report rep = { 0 };
	struct err e = { 0 };
	jv *tree = NULL;
	sb_init(&g->notes, LIM_SB);
	sb_init(&g->yaml, LIM_SB);
	int rc = acd_import(&tree, sv_of(text), "their.conf", &g->notes, &e);
	if (rc == 0) {
		acd_import_yaml(tree, &g->yaml);
		rc = acd_plan_new(&g->p, sb_sv(&g->yaml), "queues.yaml", NULL, &rep);
		for (size_t i = 0; i < rep.n; i++)
			printf("# %s %s\n", rep.v[i].where, rep.v[i].what);
		/* the tree itself says the same */
		struct acd_plan *q = NULL;
		if (rc == 0 && acd_plan_tree(&q, tree, NULL, &rep) == 0) {
			struct sb a, b;
			sb_init(&a, LIM_SB);
			sb_init(&b, LIM_SB);
			acd_plan_queue_json(g->p, 0, &a);
			acd_plan_queue_json(q, 0, &b);
			rc = sv_eq(sb_sv(&a), sb_sv(&b)) ? 0 : ERR_CORRUPT;
			sb_done(&a);
			sb_done(&b);
		}
		obj_unref(q);
	}
	jv_free(tree);
	cfg_report_done(&rep);
	return rc;
}

static void got_done(struct got *g)
{
	obj_unref(g->p);
	sb_done(&g->notes);
	sb_done(&g->yaml);
}

TEST(acd_import_of_freeswitch)
{
	struct got g = { 0 };
	OK(import(&g, freeswitch));
	EQ(acd_plan_queues(g.p), 2);
	const struct acd_queue *q = acd_plan_queue(g.p, 0), *s = acd_plan_queue(g.p, 1);
	STR_EQ(q->id, "support@default");
	EQ(q->strategy, ACD_ROUND_ROBIN);
	EQ(q->tier_wait_s, 30);
	EQ(q->max_wait_s, 600);
	EQ(q->late.where, ACD_TO_BOT);
	EQ(q->resume_s, 60);
	EQ(q->no_agent_s, 0);
	STR_EQ(s->title[0], "销售 1");
	EQ(s->resume_s, 0);
	EQ(s->strategy, ACD_LONGEST_IDLE);
	EQ(acd_plan_people(g.p), 2);
	const struct acd_person *a = acd_plan_person(g.p, 0), *b = acd_plan_person(g.p, 1);
	STR_EQ(a->login, "1000@default");
	STR_EQ(a->extension, "1000");
	EQ(a->max_no_answer, 2);
	EQ(a->wrapup_s, 15);
	EQ(a->seats[0].position, 2);
	STR_EQ(b->extension, "2002");
	EQ(b->n_seats, 1);
	EQ(b->seats[0].tier, 3);
	HAS(sb_sv(&g.notes), "support@default: time-base-score = system was left out\n");
	HAS(sb_sv(&g.notes), "support@default: music has to be chosen again: a WAV file");
	HAS(sb_sv(&g.notes), "strategy by-moon is not known\n");
	HAS(sb_sv(&g.notes), "1000@default: busy-delay-time = 99999 does not fit\n");
	HAS(sb_sv(&g.notes), "bob: there is no queue nowhere\n");
	HAS(sb_sv(&g.notes), "bob: type uuid-standby");
	/* what is outside of queues (here a password) is never told */
	CHECK(sv_find(sb_sv(&g.notes), SV("pass")) < 0);
	got_done(&g);
}

TEST(acd_import_of_asterisk)
{
	struct got g = { 0 };
	OK(import(&g, asterisk));
	EQ(acd_plan_queues(g.p), 2);
	const struct acd_queue *q = acd_plan_queue(g.p, 0), *n = acd_plan_queue(g.p, 1);
	STR_EQ(q->id, "support");
	EQ(q->strategy, ACD_ROUND_ROBIN);
	EQ(q->ring_s, 12);
	EQ(q->wrapup_s, 15);
	EQ(q->priority, 5);
	EQ(q->max_len, 30);
	EQ(q->full.where, ACD_TO_BOT);
	EQ(q->empty.where, ACD_TO_BOT);
	EQ(q->sl_s, 60);
	CHECK(q->say_position);
	EQ(q->say_every_s, 90);
	EQ(q->say_limit, 3);
	CHECK(q->say_once && q->say_wait);
	STR_EQ(q->music, "");
	HAS(sb_sv(&g.notes), "support: music has to be chosen again");
	EQ(n->strategy, ACD_TOP_DOWN);
	CHECK(n->say_position);
	HAS(sb_sv(&g.notes), "night: announce-position = once tells it each time");
	EQ(n->ring_s, 20);
	EQ(acd_plan_people(g.p), 3);
	const struct acd_person *a = acd_plan_person(g.p, 0), *b = acd_plan_person(g.p, 1);
	STR_EQ(acd_plan_person(g.p, 2)->login, "7");
	STR_EQ(a->login, "1001");
	STR_EQ(a->name, "Alice");
	EQ(a->n_seats, 2);
	EQ(a->max_no_answer, 1);
	STR_EQ(b->login, "1002");
	STR_EQ(b->extension, "1002");
	EQ(b->seats[0].tier, 3);
	HAS(sb_sv(&g.notes), "support: periodic-announce = queue-periodic-announce was left out\n");
	got_done(&g);
}

static const char *const nonsense[] = {
	"",
	"hello",
	"[general]\nx=1\n",
	"<configuration><queues><queue name=\"a\"></queues>",
	"<!DOCTYPE x [<!ENTITY a \"b\">]><queue name=\"a\"/>",
	"<a><a><a><a><a><a><a><a><a><a><a><a><a><queue name=\"q\"/>",
	"<configuration></configuration>",
	"[a](b)\n\xff\xfe",
};

TEST(acd_import_of_nonsense_says_why)
{
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		struct err e = { 0 };
		jv *tree = NULL;
		EQ(acd_import(&tree, sv_of(nonsense[i]), "their.conf", NULL, &e), ERR_PARSE);
		CHECK(!tree);
		HAS(sv_of(e.msg), "their.conf");
	}
}

/* Both files cut, doubled and with bytes changed: what is taken is a plan, or a fault of one. */
TEST(acd_import_of_pieces)
{
	const char *const texts[] = { freeswitch, asterisk };
	struct rng *r = t_rng();
	int taken = 0;
	for (int i = 0; i < 400; i++) {
		sv t = sv_of(texts[i % 2]);
		size_t at = rng_below(r, t.n), to = rng_below(r, t.n);
		struct sb b, y;
		struct err e;
		struct cfg_report rep = { 0 };
		struct acd_plan *p = NULL;
		jv *tree = NULL;
		sb_init(&b, LIM_SB);
		sb_init(&y, LIM_SB);
		sb_put(&b, sv_slice(t, 0, at));
		if (i % 3)
			sb_put(&b, sv_slice(t, i % 3 == 1 ? at : to, t.n));
		for (int k = 0; k < 1 + i % 4 && b.n && i % 5; k++)
			b.p[rng_below(r, b.n)] = (char)(32 + rng_below(r, 95));
		if (acd_import(&tree, sb_sv(&b), "their.conf", &y, &e) == 0) {
			sb_reset(&y);
			acd_import_yaml(tree, &y);
			(void)acd_plan_new(&p, sb_sv(&y), "queues.yaml", NULL, &rep);
			CHECK(p || rep.n);
			taken += p != NULL;
		}
		obj_unref(p);
		jv_free(tree);
		cfg_report_done(&rep);
		sb_done(&b);
		sb_done(&y);
	}
	CHECK(taken > 30);
}
