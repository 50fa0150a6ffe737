/* api_models.c: which models run on this machine: what is installed, what comes, what is wrong. The
 * app knows; asked on a worker, because it looks at files. */
#include "api_int.h"

static void models_run(struct api_query *q, struct store_db *db)
{
	const struct api_opts *o = &q->a->o;
	jv *body = jv_obj(), *list = jv_arr();
	if (o->models)
		o->models(o->models_arg, list);
	jv_set(body, "items", list);
	jv_dump(body, &q->out);
	jv_free(body);
}

void api_models(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "system.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->run = models_run;
	api_query_start(q);
}
