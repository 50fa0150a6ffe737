/* f_acd_plan.c: what is read as a plan can be shown, put back and used; what is not tells why. */
#include "acd_core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A queue as it is shown is taken back and shown the same. */
static void again(struct acd_plan *p, int i, const struct acd_cals *cals)
{
	struct cfg_report rep = { 0 };
	struct acd_plan *q = NULL;
	struct sb a, b;
	struct err e;
	sb_init(&a, LIM_SB);
	sb_init(&b, LIM_SB);
	acd_plan_queue_json(p, i, &a);
	jv *v = jv_parse(sb_sv(&a), &e);
	ASSERT(v);
	ASSERT(acd_plan_with(&q, p, "queues", sv_of(acd_plan_queue(p, i)->id), v, cals, &rep) == 0);
	acd_plan_queue_json(q, i, &b);
	ASSERT(sv_eq(sb_sv(&a), sb_sv(&b)));
	jv_free(v);
	obj_unref(q);
	sb_done(&a);
	sb_done(&b);
	cfg_report_done(&rep);
}

/* All of its people are ready and an item comes to each queue. */
static void used(struct acd_plan *p)
{
	struct acd_core *c;
	int64_t now = CAL_DAY;
	ASSERT(acd_core_new(&c, p, 1, now, NULL, NULL) == 0);
	for (int i = 0; i < acd_plan_people(p) && i < 20; i++) {
		sv login = sv_of(acd_plan_person(p, i)->login);
		ASSERT(acd_core_person(c, acd_plan_person(p, i), now) == 0);
		ASSERT(acd_core_presence(c, login, ACD_READY, SV(""), false, now) == 0);
	}
	for (int i = 0; i < acd_plan_queues(p); i++) {
		sv id = sv_of(acd_plan_queue(p, i)->id);
		struct acd_item x = { .id = id, .queue = id, .language = SV("en") };
		ASSERT(acd_core_enter(c, &x, now) == 0);
		ASSERT(!acd_core_check(c, now));
	}
	for (int i = 0; i < 200; i++) {
		int64_t next = acd_core_tick(c, now);
		if (next == INT64_MAX)
			break;
		now = next > now ? next : now;
		ASSERT(!acd_core_check(c, now));
	}
	acd_core_free(c);
}

static const struct cal *cal_of(void *arg, sv name)
{
	return sv_starts(name, SV("n")) ? NULL : arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cfg_report rep = { 0 };
	struct acd_plan *p = NULL;
	struct cal *always = cal_always();
	struct acd_cals cals = { cal_of, always };
	int rc = acd_plan_new(&p, sv_n((const char *)data, size), "f", &cals, &rep);
	if (rc == 0) {
		ASSERT(rep.n == 0 && acd_plan_queues(p) > 0);
		for (int i = 0; i < acd_plan_queues(p) && i < 4; i++)
			again(p, i, &cals);
		used(p);
		obj_unref(p);
	} else {
		ASSERT(!p && rep.n > 0);
	}
	cfg_report_done(&rep);
	obj_unref(always);
	return 0;
}
