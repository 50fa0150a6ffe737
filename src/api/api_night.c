/* api_night.c: the nights of the night school from outside: the list with the registry of models, a
 * night's report as a page (docs/night.md). Reading runs on workers. Door's thread. */
#include "api_night.h"
#include "api_int.h"
#include "learn_model.h"
#include "learn_night.h"

#include <stdio.h>

static void nights_run(struct api_query *q, struct store_db *db)
{
	int rc = learn_nights_json(db, &q->out);
	if (rc == 0) {
		sb_truncate(&q->out, q->out.n - 1);
		sb_cstr(&q->out, ",\"models\":");
		rc = learn_models_json(db, SV(""), &q->out);
		sb_ch(&q->out, '}');
	}
	if (rc)
		q->status = 500;
}

void api_nights(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "report.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->run = nights_run;
	q->settled = true;
	api_query_start(q);
}

void api_night(struct web_req *r, void *arg)
{
	struct api *a = arg;
	char path[4400];
	bool zh = sv_eq(web_req_arg(r, "lang"), SV("zh"));
	bool md = sv_eq(web_req_arg(r, "format"), SV("md"));
	if (!api_may(a, r, "report.read", NULL))
		return;
	if (!a->o.data_dir ||
	    learn_report_path(a->o.data_dir, web_req_param(r, "id"), zh, !md, path,
			      sizeof(path)) ||
	    !file_exists(path))
		api_problem(r, 404, "There is no report of such a night.");
	else
		web_reply_file(r, path, md ? "text/markdown; charset=utf-8" :
					     "text/html; charset=utf-8", NULL);
}
