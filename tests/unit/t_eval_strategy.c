/* t_eval_strategy.c: the strategy scenes of the demo through the real engine and knowledge, held
 * to their bars; and the reader of scene files. */
#include "t.h"
#include "world.h"
#include "eval_strategy.h"
#include "policy_table.h"

#include <stdio.h>

struct desk {
	struct loop *l;
	struct snap *kb;
	struct talk_texts *texts;
	struct talk_hub *hub;
};

static void desk_open(struct desk *d, struct policy_table *table)
{
	struct err e = { 0 };
	jv *company = world_company();
	*d = (struct desk){ .l = loop_new(), .kb = snap_new(world_kb()) };
	ASSERT(talk_texts_new(&d->texts, company, &e) == 0);
	jv_free(company);
	struct talk_opts o = { .kb = d->kb, .texts = d->texts, .loop = d->l, .strategy = table,
			       .transfer_to = "sip:person@127.0.0.1" };
	ASSERT(talk_hub_open(&d->hub, &o, &e) == 0);
}

static void desk_close(struct desk *d)
{
	talk_hub_close(d->hub);
	obj_unref(d->texts);
	snap_free(d->kb);
	loop_free(d->l);
	world_forget();
}

static void tell(void *arg, sv scene, sv text, sv want, sv got)
{
	(void)arg;
	printf("# " SV_FMT ": \"" SV_FMT "\": " SV_FMT " instead of " SV_FMT "\n", SV_ARG(scene),
	       SV_ARG(text), SV_ARG(got), SV_ARG(want));
}

static bool play(struct desk *d, const char *lang, const char *name, struct eval_strategy *s)
{
	struct err e = { 0 };
	struct sb text;
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/demo/tests/%s.%s.tsv", T_SRCDIR, name, lang);
	sb_init(&text, 1 << 20);
	int rc = file_read(path, 1 << 20, &text, &e);
	if (rc == 0)
		rc = eval_strategy(talk_hub_shard(d->hub, 0), sb_sv(&text), lang, s, tell, NULL,
				   &e);
	if (rc)
		printf("# %s: %s\n", path, e.msg);
	sb_done(&text);
	return rc == 0;
}

TEST(eval_strategy_scenes_of_the_demo)
{
	struct desk d;
	struct eval_strategy s = { 0 };
	desk_open(&d, NULL);
	bool read = play(&d, "en", "strategy", &s) && play(&d, "zh", "strategy", &s);
	desk_close(&d);
	CHECK(read);
	printf("# %zu scenes, %zu of %zu turns right, person due %zu of %zu, lasting anger %zu of "
	       "%zu, calm escalated %zu of %zu, forbidden offers %zu, repeated %zu\n",
	       s.scenes, s.right, s.turns, s.brought, s.due, s.in_time, s.sustained, s.escalated,
	       s.calm, s.forbidden, s.repeated);
	CHECK(s.scenes >= 60);
	CHECK(s.right * 100 >= s.turns * 95);
	EQ(s.brought, s.due);
	CHECK(s.sustained >= 6);
	EQ(s.in_time, s.sustained);
	CHECK(s.escalated * 100 <= s.calm * 2);
	EQ(s.forbidden, 0);
	EQ(s.repeated, 0);
}

/* Written apart and not tuned on: what they reach is told, and a floor well below it is held. */
TEST(eval_strategy_held_out)
{
	struct desk d;
	struct eval_strategy s = { 0 };
	desk_open(&d, NULL);
	bool read = play(&d, "en", "strategy_held", &s) && play(&d, "zh", "strategy_held", &s);
	desk_close(&d);
	CHECK(read);
	printf("# held out: %zu scenes, %zu of %zu turns right, person due %zu of %zu, lasting "
	       "anger %zu of %zu, calm escalated %zu of %zu, forbidden offers %zu\n",
	       s.scenes, s.right, s.turns, s.brought, s.due, s.in_time, s.sustained, s.escalated,
	       s.calm, s.forbidden);
	CHECK(s.right * 100 >= s.turns * 60);
	EQ(s.forbidden, 0);
	EQ(s.in_time, s.sustained);
}

/* A table that never brings a person is told by the score; its bounds still hold. */
TEST(eval_strategy_tells_a_bad_table)
{
	static const char bad[] = "version: 1\nrows:\n- {id: everyone, do: {style: brief}}\n";
	struct desk d;
	struct eval_strategy s = { 0 };
	struct policy_table *t = NULL;
	struct cfg_report rep = { 0 };
	OK(policy_table_new(&t, sv_of(bad), "bad", NULL, &rep));
	desk_open(&d, t);
	obj_unref(t);
	bool read = play(&d, "en", "strategy", &s);
	desk_close(&d);
	cfg_report_done(&rep);
	CHECK(read);
	CHECK(s.right * 2 < s.turns);
	CHECK(s.brought < s.due);
	CHECK(s.in_time < s.sustained);
}

TEST(eval_strategy_reader)
{
	static const struct { const char *tsv, *why; } bad[] = {
		{ "a\tb\n", "line 1" },
		{ "# x\n\na\tHello\teveryone\n", "line 3" },
		{ "=a\tvoice fast\n", "line 1" },
		{ "=a\n", "line 1" },
		{ "a\t\teveryone\tno\n", "line 1" },
	};
	struct desk d;
	struct eval_strategy s = { 0 };
	desk_open(&d, NULL);
	int wrong = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = { 0 };
		int rc = eval_strategy(talk_hub_shard(d.hub, 0), sv_of(bad[i].tsv), "en", &s, NULL,
				       NULL, &e);
		wrong += rc != ERR_PARSE || !strstr(e.msg, bad[i].why);
	}
	struct err e = { 0 };
	s = (struct eval_strategy){ 0 };
	wrong += eval_strategy(talk_hub_shard(d.hub, 0),
			       SV("a\tWhat does delivery cost?\teveryone\tno\n"
				  "a\tThanks\teveryone|pleased\tno\n"
				  "b\tI want a human\tasks_person\tnow\n"),
			       "en", &s, NULL, NULL, &e) != 0;
	desk_close(&d);
	EQ(wrong, 0);
	EQ(s.scenes, 2);
	EQ(s.turns, 3);
	EQ(s.right, 3);
	EQ(s.due, 1);
	EQ(s.brought, 1);
}
