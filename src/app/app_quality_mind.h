/* app_quality_mind.h: a language model that answers rubrics of quality forms, for one job of a
 * worker: opened when it is first asked, on a loop of its own. Private to app_quality.c. */
#ifndef CALLM_APP_QUALITY_MIND_H
#define CALLM_APP_QUALITY_MIND_H

#include <stdatomic.h>
#include "app_models.h"
#include "qa.h"

struct loop;
struct llm;
/*	struct app_mind m;
 *	app_mind_init(&m, specs, &stop);
 *	qa_watch_step(st, forms, surveys, app_mind_of(&m), &did);
 *	app_mind_done(&m);
 */
struct app_mind {
	const struct app_specs *specs;
	const atomic_bool *stop;     /* ends what waits: ERR_CANCELED */
	struct loop *l;
	struct llm *m;
	struct sb *answer;
	bool tried, over;
	int rc, left, failed;        /* asks that this job may still make; failures in a row */
	struct qa_mind mind;
};
enum { APP_MIND_ASKS = 60, APP_MIND_FAILS = 3 };
void app_mind_init(struct app_mind *m, const struct app_specs *specs, const atomic_bool *stop);
const struct qa_mind *app_mind_of(struct app_mind *m);
void app_mind_done(struct app_mind *m);

#endif
