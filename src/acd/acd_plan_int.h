/* acd_plan_int.h: what the files of a plan share. A plan is read once (acd_plan_read.c) from a
 * tree that it keeps a copy of: acd_plan_with() edits that and reads it again. Strings live in
 * its arena; nothing changes after reading. */
#ifndef CALLM_ACD_PLAN_INT_H
#define CALLM_ACD_PLAN_INT_H

#include "acd_plan.h"

enum { PLAN_ROUTES = 200, PLAN_WORDS = 32, PLAN_REASONS = 24, PLAN_CALS = 64, PLAN_PEOPLE = 5000 };

struct plan_skill { const char *id, *title[2]; };
struct plan_words { sv v[PLAN_WORDS]; int n; };      /* n = 0: any */
struct plan_when { struct plan_words topic, reason, tier, language, channel; unsigned media; };
struct plan_route {
	struct plan_when when;
	int queue, priority;
	struct acd_need need[ACD_NEEDS];
	int n_need;
};
/* m: a reference; NULL = the tune */
struct plan_music { const char *name; struct pcm_music *m; };
struct acd_plan {
	struct arena a;
	jv *tree;
	struct acd_queue queue[ACD_QUEUES];
	int n_queues, last_resort;
	struct plan_skill skill[ACD_SKILLS];
	int n_skills;
	const char *lang[ACD_LANGS];
	int n_langs;
	struct acd_person std, *person;
	int n_people;
	struct plan_route *route;
	int n_routes;
	const char *reason[PLAN_REASONS + 1];
	const struct cal *cal[ACD_QUEUES];   /* references */
	int n_cals;
	struct plan_music music[ACD_QUEUES];
	int n_music;
};

/* Keys of a section, for the reader and for what is written back. */
int acd_plan_read(struct acd_plan *p, const jv *tree, sv text, const char *name,
		  const struct acd_cals *cals, struct cfg_report *rep);

#endif
