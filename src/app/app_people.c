/* app_people.c: hand-overs to people, put together.
 *
 * What the hand-overs tell goes to the door, and words to conversations go through it, because
 * only the door can load a written conversation that is not in memory. Until the door is open
 * nobody is told and nobody can be: agents come through it. The door outlives the thread of the
 * hand-overs. Main thread; word and feed on the hand-overs' own. */
#include "app_people.h"

#include "acd.h"
#include "acd_plan.h"
#include "api.h"
#include "app_company.h"
#include "app_music.h"
#include "desk.h"
#include "guard.h"
#include "pool.h"
#include "talk_people.h"

#include <stdatomic.h>
#include <stdio.h>

#define REALTIME_MS 1000
#define PLAN_BYTES (4u << 20)

struct app_people {
	struct acd *acd;
	struct talk_people ops;
	struct acd_cals cals;
	struct app_music *music;
	_Atomic(struct api *) api;   /* NULL until the door is open */
	unsigned char key[GUARD_KEY];
};

static int on_word(void *arg, const struct talk_word *w)
{
	struct app_people *p = arg;
	struct api *api = atomic_load(&p->api);
	return api ? api_word(api, w) : ERR_AGAIN;
}

static void on_feed(void *arg, const char *type, sv agent, sv json)
{
	struct app_people *p = arg;
	struct api *api = atomic_load(&p->api);
	if (api)
		api_people_feed(api, type, agent, json);
}

static const struct cal *cal_of(void *arg, sv name)
{
	return desk_cal(arg, name);
}

/* A sound was read: the queues take it with their plan. */
static int on_music(void *arg)
{
	return acd_do(arg, &(struct acd_order){ .act = ACD_DO_PLAN, .by = SV("system") });
}

static int open_acd(struct app_people *p, const struct app_people_opts *o,
		    const struct app_company *c, struct err *e)
{
	struct sb b;
	uint64_t seed;
	p->music = app_music_new(c->dir, pool_new(1, 10));
	p->cals = (struct acd_cals){ cal_of, (void *)(uintptr_t)o->desk, app_music_of, p->music };
	rng_secure(&seed, sizeof(seed));
	sb_init(&b, PLAN_BYTES);
	int rc = app_company_file_or_own(c, "queues.yaml", &b, e);
	const struct acd_opts a = {
		.store = o->store,
		.yaml = sb_sv(&b),
		.yaml_name = "queues.yaml",
		.cals = &p->cals,
		.zone = cal_zone_of(desk_cal(o->desk, SV(""))),
		.key = p->key,
		.seed = seed,
		.word = on_word,
		.word_arg = p,
		.feed = on_feed,
		.feed_arg = p,
		.realtime_ms = REALTIME_MS,
	};
	if (rc == 0)
		rc = acd_open(&p->acd, &a, e);
	if (rc == 0)
		app_music_tell(p->music, on_music, p->acd);
	sb_done(&b);
	return rc;
}

int app_people_open(struct app_people **ret, const struct app_people_opts *o, struct err *e)
{
	struct app_people *p = xalloc(sizeof(*p));
	struct app_company c;
	char path[4200];
	(void)snprintf(path, sizeof(path), "%s/data.key", o->data);
	app_company_open(&c, jv_get_str(o->cfg, "company"));
	int rc = guard_key(path, true, p->key, e);
	if (rc == 0)
		rc = open_acd(p, o, &c, e);
	if (rc) {
		if (!e->msg[0])
			err_set(e, rc, "the queues cannot start: %s", err_text(rc));
		app_people_close(p);
		return rc;
	}
	acd_people(p->acd, &p->ops);
	*ret = p;
	return 0;
}

void app_people_check(sv company_file, bool music, struct cfg_report *rep)
{
	struct app_company c;
	struct err e = { 0 };
	struct sb queues, cals;
	struct desk *desk = NULL;
	struct acd_plan *plan = NULL;
	struct cfg_report mute = { 0 };      /* calendars.yaml has its own check */
	app_company_open(&c, company_file);
	struct app_music *sounds = app_music_new(c.dir, NULL);
	struct acd_cals named = { cal_of, NULL, music ? app_music_of : NULL, sounds };
	sb_init(&queues, PLAN_BYTES);
	sb_init(&cals, PLAN_BYTES);
	if (app_company_file(&c, "queues.yaml", &queues, &e) == 0 &&
	    app_company_file_or_own(&c, "calendars.yaml", &cals, &e) == 0 &&
	    desk_new(&desk, sb_sv(&cals), "calendars.yaml", NULL, &mute) == 0) {
		named.arg = desk;
		(void)acd_plan_new(&plan, sb_sv(&queues), "queues.yaml", &named, rep);
	}
	obj_unref(plan);
	app_music_free(sounds);
	obj_unref(desk);
	cfg_report_done(&mute);
	sb_done(&queues);
	sb_done(&cals);
}

const struct talk_people *app_people_ops(const struct app_people *p)
{
	return &p->ops;
}

struct acd *app_people_acd(const struct app_people *p)
{
	return p->acd;
}

const unsigned char *app_people_key(const struct app_people *p)
{
	return p->key;
}

void app_people_door(struct app_people *p, struct api *api)
{
	atomic_store(&p->api, api);
}

void app_people_close(struct app_people *p)
{
	if (!p)
		return;
	if (p->music)
		app_music_tell(p->music, NULL, NULL);
	acd_close(p->acd);
	app_music_free(p->music);
	xfree(p);
}
