/* chan_people.c: the shared facility that conversations ring persons with: one counted object,
 * kept by everything that uses it. */
#include "chan_people_int.h"

static void people_done(void *obj)
{
	struct chan_people *p = obj;
	chan_dial_done(&p->dial);
	(void)pthread_mutex_destroy(&p->lock);
}

int chan_people_open(struct chan_people **ret, const struct chan_people_opts *o)
{
	struct chan_people *p = obj_new(sizeof(*p), people_done);
	p->o = *o;
	chan_dial_open(&p->dial, &(struct chan_dial_opts){ o->transfer.allow, o->transfer.n_allow,
							   o->trunk, o->from });
	p->o.transfer.allow = NULL;
	p->o.trunk = p->o.from = NULL;
	(void)pthread_mutex_init(&p->lock, NULL);
	*ret = p;
	return 0;
}

void chan_people_set_tel(struct chan_people *p, struct tel *t)
{
	p->tel = t;
}

void chan_people_close(struct chan_people *p)
{
	obj_unref(p);
}
