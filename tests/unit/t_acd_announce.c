/* What who waits is told, and hears: the rhythm of announcements, what each says, what a restart
 * leaves of it, and the music that goes with the words. */
#include "pcm_music.h"
#include "t_acd.h"
#include "t_acd_help.h"

#define Q(announce) "queues:\n  - {id: q, title: {zh: 队, en: Q}, announce: " announce "}\n" \
		    "agents:\n  defaults: {capacity: {chat: 1}}\n"

/* Two wait; i2 comes at 0 ms. What is told of i2 in so many seconds, as "at s: what". */
static const char *told(const char *yaml, int seconds)
{
	static char all[2000];
	struct world w;
	size_t n = 0;
	w_open(&w, yaml);
	w.waits = true;
	(void)w_agent(&w, "busy", "", "zh", "q");
	(void)w_ready(&w, "busy");
	(void)w_enter(&w, "i0", "q", "zh", 0);
	(void)w_did(&w, acd_core_accept(w.c, SV("i0"), SV("busy"), w.now));
	(void)w_enter(&w, "i1", "q", "zh", 0);
	w.show = SHOW(ACD_PLACE);
	(void)w_said(&w);
	(void)w_enter(&w, "i2", "q", "zh", 0);
	all[0] = 0;
	for (int i = 0; i <= seconds; i++) {
		const char *s = w_said(&w), *of = strstr(s, "place i2");
		if (of)
			n += (size_t)snprintf(all + n, sizeof(all) - n, "%d:%.*s;", i,
					      (int)strcspn(of + 8, ";"), of + 8);
		w_pass(&w, 1000);
	}
	if (w.bad)
		t_fail(__FILE__, __LINE__, w.bad);
	w_close(&w);
	return all;
}

TEST(acd_announcements_keep_their_rhythm)
{
	static const struct { const char *yaml, *told; int s; } cases[] = {
		{ Q("{}"), "0: 2 wait;", 100 },
		{ Q("{every_s: 30}"), "0: 2 wait;30: 2 wait;60: 2 wait;", 60 },
		{ Q("{first_s: 10}"), "0: 2 quiet wait;10: 2 wait;", 100 },
		{ Q("{first_s: 10, every_s: 20}"), "0: 2 quiet wait;10: 2 wait;30: 2 wait;", 49 },
		{ Q("{wait: once, every_s: 20}"), "0: 2 wait;20: 2;40: 2;", 59 },
		{ Q("{wait: once, first_s: 5, every_s: 20}"), "0: 2 quiet wait;5: 2 wait;25: 2;",
		  44 },
		{ Q("{wait: false, limit: 1, every_s: 20}"), "0: 0;20: 0;", 39 },
		{ Q("{wait: false, limit: 2, every_s: 20}"), "0: 2;20: 2;", 39 },
		{ Q("{position: false, wait: false, every_s: 15}"), "0: 0;15: 0;", 29 },
		{ Q("{wait: false, every_s: 10, say: {zh: 好, en: ok}}"),
		  "0: 2;10: 2 own;20: 2;30: 2 own;", 39 },
		{ Q("{position: false, wait: false, every_s: 10, say: {zh: 好, en: ok}}"),
		  "0: 0 own;10: 0 own;", 19 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		STR_EQ(told(cases[i].yaml, cases[i].s), cases[i].told);
}

/* Restored at any moment, the next is told when it would have been. */
TEST(acd_announcements_go_on_after_a_restart)
{
	static const char yaml[] =
		Q("{first_s: 7, every_s: 20, wait: false, say: {zh: 好, en: o}}");
	for (int ago = 0; ago < 70; ago += 3) {
		struct world w;
		struct acd_item x = { .id = SV("i"), .queue = SV("q"), .media = ACD_CHAT };
		w_open(&w, yaml);
		w.show = SHOW(ACD_PLACE);
		OK(w_did(&w, acd_core_restore(w.c, &x, SV(""), ACD_WAITING, w.now - ago * 1000,
					      w.now)));
		int nth = ago < 7 ? 0 : (ago - 7) / 20 + 1;
		w_pass(&w, (7 + nth * 20 - ago) * 1000 - 1);
		STR_EQ(w_said(&w), "");
		w_pass(&w, 1);
		STR_EQ(w_said(&w), nth % 2 ? "place i 1 own;" : "place i 1;");
		w_close(&w);
	}
}

/* ---- the plan ---- */

struct sounds {
	struct cal *always;
	int asked, looked, rc;
	int left;                    /* of the last asked */
	char last[40];
};

static int sound(void *arg, sv name, int max_s, struct pcm_music **ret, struct err *e)
{
	struct sounds *s = arg;
	sv_copy(s->last, sizeof(s->last), name);
	s->looked += !ret;
	if (s->rc)
		return err_set(e, s->rc, "x/" SV_FMT ": it is broken", SV_ARG(name));
	if (!ret)
		return 0;
	s->asked++;
	s->left = max_s;
	if (sv_eq(name, SV("absent")))
		return 0;
	char path[300];
	int16_t *v = xalloc(16000 * 3 * sizeof(*v));
	for (int i = 0; i < 48000; i++)
		v[i] = (int16_t)(i % 32 * 100);
	(void)snprintf(path, sizeof(path), "%s/a.wav", t_tmpdir());
	int rc = pcm_wav_write(path, v, 48000, 16000, e);
	xfree(v);
	return rc ? rc : pcm_music_new(ret, (const char *const[]){ path }, 1, max_s, e);
}

static const struct acd_queue *queue(const struct acd_plan *p, const char *id)
{
	return acd_plan_queue(p, acd_plan_queue_of(p, sv_of(id)));
}

static const char music_yaml[] = "music: waltz\n"
				 "queues:\n"
				 "  - {id: a, title: {zh: 甲, en: A}, announce: {every_s: 30, "
				 "say: {zh: 请稍候, en: Wait}}}\n"
				 "  - {id: b, title: {zh: 乙, en: B}, music: polka}\n"
				 "  - {id: c, title: {zh: 丙, en: C}, music: none}\n"
				 "  - {id: d, title: {zh: 丁, en: D}, music: tune}\n"
				 "  - {id: e, title: {zh: 戊, en: E}, music: polka}\n"
				 "  - {id: f, title: {zh: 己, en: F}, music: absent}\n"
				 "  - {id: g, title: {zh: 庚, en: G}, music: absent}\n"
				 "agents: {people: [{login: mei, name: Mei, queues: [a]}]}\n";

TEST(acd_plan_has_the_music_of_its_queues)
{
	struct sounds s = { 0 };
	struct acd_cals cals = { .music = sound, .music_arg = &s };
	struct cfg_report rep = { 0 };
	struct acd_plan *p = NULL;
	OK(acd_plan_new(&p, sv_of(music_yaml), "q.yaml", &cals, &rep));
	EQ(s.asked, 3);                                  /* each name once */
	EQ(s.left, ACD_MUSIC_S - 6);                     /* of what the others left */
	CHECK(queue(p, "a")->tune && queue(p, "b")->tune);
	CHECK(queue(p, "a")->tune != queue(p, "b")->tune);
	CHECK(queue(p, "e")->tune == queue(p, "b")->tune);
	EQ(pcm_music_seconds(queue(p, "b")->tune), 3);
	EQ(pcm_music_seconds(queue(p, "c")->tune), 0);
	CHECK(!queue(p, "d")->tune && !queue(p, "f")->tune && !queue(p, "g")->tune);
	STR_EQ(queue(p, "a")->music, "");
	obj_unref(p);
	s.rc = ERR_TOOBIG;
	EQ(acd_plan_new(&p, sv_of(music_yaml), "q.yaml", &cals, &rep), ERR_INVAL);
	STR_EQ(rep.v[0].where, "q.yaml:1:music");
	STR_EQ(rep.v[1].where, "q.yaml:4:queues[1].music");
	EQ(rep.n, 5);                            /* b, e, f and g name one of their own */
	STR_EQ(rep.v[0].what, "x/waltz: it is broken");
	HAS(sv_of(rep.v[0].mend), "20 minutes in all");
	cfg_report_done(&rep);
}

TEST(acd_plan_shows_announcements_as_they_are_written)
{
	struct cfg_report rep = { 0 };
	struct acd_plan *p = NULL;
	struct sb b;
	OK(acd_plan_new(
		&p,
		SV(Q("{limit: 5, wait: once, first_s: 8, every_s: 30, say: {zh: 好, en: ok}}")),
		"q.yaml", NULL, &rep));
	sb_init(&b, LIM_SB);
	acd_plan_queue_json(p, 0, &b);
	HAS(sb_sv(&b),
	    "\"announce\":{\"position\":true,\"limit\":5,\"wait\":\"once\",\"first_s\":8,"
	    "\"every_s\":30,\"say\":{\"zh\":\"好\",\"en\":\"ok\"}}");
	obj_unref(p);
	/* emptied in a console: there is none */
	OK(acd_plan_new(&p, SV(Q("{say: {zh: '', en: ''}}")), "q.yaml", NULL, &rep));
	sb_reset(&b);
	acd_plan_queue_json(p, 0, &b);
	CHECK(sv_find(sb_sv(&b), SV("\"say\"")) < 0);
	sb_done(&b);
	obj_unref(p);
	cfg_report_done(&rep);
}

/* ---- the words ---- */

static const struct cal *no_cal(void *arg, sv name)
{
	return NULL;
}

static bool open_with(struct aw *w, struct sounds *s, struct acd_cals *cals)
{
	*cals = (struct acd_cals){ no_cal, NULL, sound, s };
	aw_plan = music_yaml;
	aw_cals = cals;
	bool ok = aw_open(w, "");
	aw_plan = aw_yaml;
	aw_cals = NULL;
	return ok;
}

TEST(acd_words_bring_music_text_and_rhythm)
{
	struct sounds s = { 0 };
	struct acd_cals cals;
	struct aw w;
	if (!open_with(&w, &s, &cals))
		return;
	struct acd_plan *p = acd_plan_now(w.acd);
	struct pcm_music *waltz = queue(p, "a")->tune;
	OK(aw_ask(&w, "C1", "", true, ""));
	const struct aw_word *x = aw_last(&w, WORD_QUEUED);
	CHECK(x && x->paced && !x->quiet && x->music == waltz && x->position == 1);
	STR_EQ(x->text, "");
	aw_pass(&w, 30000);
	x = aw_last(&w, WORD_QUEUED);
	CHECK(x->position == 1 && x->paced);
	CHECK(strcmp(x->text, "请稍候") == 0 || strcmp(x->text, "Wait") == 0);
	obj_unref(p);
	aw_close(&w);
}

/* Offered to a desk as soon as it comes: the caller hears the music while it rings there. */
TEST(acd_music_sounds_while_a_desk_is_asked)
{
	struct sounds s = { 0 };
	struct acd_cals cals;
	struct aw w;
	if (!open_with(&w, &s, &cals))
		return;
	OK(aw_console(&w, "mei", true));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", true, ""));
	const struct aw_word *x = aw_last(&w, WORD_QUEUED);
	CHECK(x && x->quiet && x->music && x->position == 0);
	OK(aw_do(&w, (struct acd_order){ ACD_DO_GONE, .conversation = SV("C1"),
					 .why = SV("left") }));
	aw_forget(&w);
	OK(aw_ask(&w, "C2", "", false, ""));             /* a chat has no music */
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "mei"));
	for (size_t i = 0; i < w.words.n; i++)
		CHECK(!w.words.v[i].quiet);
	aw_close(&w);
}

static int put_often(void *arg, struct store_db *db)
{
	return acd_conf_put(db, ACD_CONF_QUEUE, SV("a"),
			    SV("{\"id\":\"a\",\"title\":{\"zh\":\"甲\",\"en\":\"A\"},"
			       "\"announce\":{\"every_s\":10},\"music\":\"polka\"}"),
			    0, SV("lin"), AW_START);
}

/* A plan with other music and another rhythm reaches who waits already. */
TEST(acd_other_music_is_heard_by_who_waits)
{
	struct sounds s = { 0 };
	struct acd_cals cals;
	struct aw w;
	if (!open_with(&w, &s, &cals))
		return;
	OK(aw_ask(&w, "C1", "", true, ""));
	OK(aw_ask(&w, "C2", "", false, ""));
	aw_pass(&w, 5000);
	aw_forget(&w);
	OK(store_write(w.store, put_often, NULL, NULL, NULL));
	OK(store_flush(w.store));
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_PLAN }));
	struct acd_plan *p = acd_plan_now(w.acd);
	const struct aw_word *x = aw_last(&w, WORD_QUEUED);
	EQ(w.words.n, 1);                        /* a chat has none */
	CHECK(x && x->quiet && x->music && x->music == queue(p, "a")->tune);
	CHECK(x && x->position == 1 && sv_eq(sv_of(x->conversation), SV("C1")));
	obj_unref(p);
	aw_forget(&w);
	aw_pass(&w, 5000);                       /* 10 s after it came, not 30 */
	x = aw_last(&w, WORD_QUEUED);
	CHECK(x && !x->quiet);
	aw_close(&w);
}

/* A desk that does not answer: who was offered at once hears the place, then all in its rhythm. */
TEST(acd_an_offer_that_is_not_taken_is_followed_by_the_announcements)
{
	struct sounds s = { 0 };
	struct acd_cals cals;
	struct aw w;
	if (!open_with(&w, &s, &cals))
		return;
	OK(aw_console(&w, "mei", true));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	OK(aw_ask(&w, "C1", "", true, ""));
	CHECK(aw_last(&w, WORD_QUEUED) && aw_last(&w, WORD_QUEUED)->quiet);
	aw_forget(&w);
	aw_pass(&w, 25000);                      /* more than it rings */
	const struct aw_word *x = aw_last(&w, WORD_QUEUED);
	CHECK(x && !x->quiet && x->position == 1 && x->paced);
	OK(aw_state(&w, "mei", ACD_PAUSED, ""));   /* else it rings there again */
	for (int i = 0; i < 2; i++) {            /* 30 s after it came, and 60 */
		aw_forget(&w);
		aw_pass(&w, i ? 30000 : 5000);
		CHECK(aw_last(&w, WORD_QUEUED) && !aw_last(&w, WORD_QUEUED)->quiet);
	}
	aw_close(&w);
}

/* A chat that waits through a restart is told again when it is due, not because it asks. */
TEST(acd_who_asks_again_after_a_restart_is_not_told_at_once)
{
	struct sounds s = { 0 };
	struct acd_cals cals;
	struct aw w;
	if (!open_with(&w, &s, &cals))
		return;
	OK(aw_ask(&w, "C1", "", false, ""));
	aw_pass(&w, 50000);                              /* told at 0 and at 30 s */
	aw_plan = music_yaml;
	bool again = aw_restart(&w, 3000);
	aw_plan = aw_yaml;
	CHECK(again);
	aw_forget(&w);
	struct talk_ask x = { .conversation = SV("C1"), .interaction = SV("i"),
			      .channel = SV("webchat"), .language = SV("zh"),
			      .reason = SV("customer_asked"), .packet = SV("{}"), .again = true };
	OK(aw_do(&w, (struct acd_order){ .act = ACD_DO_ASK, .ask = &x }));
	CHECK(aw_last(&w, WORD_QUEUED) && aw_last(&w, WORD_QUEUED)->quiet);
	aw_forget(&w);
	aw_pass(&w, 6000);
	CHECK(!aw_last(&w, WORD_QUEUED));
	aw_pass(&w, 1000);                               /* 60 s after it came */
	CHECK(aw_last(&w, WORD_QUEUED) && !aw_last(&w, WORD_QUEUED)->quiet);
	aw_close(&w);
}

TEST(acd_a_queue_is_refused_whose_music_is_not_there)
{
	static const char body[] = "{\"id\":\"b\",\"title\":{\"zh\":\"乙\",\"en\":\"B\"},"
				   "\"music\":\"jig.wav\"}";
	struct sounds s = { 0 };
	struct acd_cals cals;
	struct cfg_report rep = { 0 };
	struct aw w;
	if (!open_with(&w, &s, &cals))
		return;
	int asked = s.asked;
	OK(acd_conf_check(w.acd, ACD_CONF_QUEUE, SV("b"), sv_of(body), &rep));
	s.rc = ERR_NOTFOUND;
	EQ(acd_conf_check(w.acd, ACD_CONF_QUEUE, SV("b"), sv_of(body), &rep), ERR_INVAL);
	STR_EQ(s.last, "jig.wav");
	HAS(sv_of(rep.v[0].what), "jig.wav: it is broken");
	EQ(s.looked, 2);
	EQ(s.asked, asked);                      /* nothing was read for it */
	/* the name that it has already is no hindrance */
	OK(acd_conf_check(w.acd, ACD_CONF_QUEUE, SV("b"),
			  SV("{\"id\":\"b\",\"title\":{\"zh\":\"乙\",\"en\":\"B2\"},"
			     "\"music\":\"polka\"}"),
			  &rep));
	EQ(s.looked, 2);
	cfg_report_done(&rep);
	aw_close(&w);
}
