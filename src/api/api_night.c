/* api_night.c: the nights of the night school from outside: the list with the registry of models, a
 * night's report as a page, a model taken back (docs/night.md). Reading runs on workers, the scribe
 * writes. Door's thread. */
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

/* ---- a model taken back ---- */

struct model_back {
	struct api *a;
	struct web_req *r;
	char name[LEARN_MODEL_NAME], by[64];
	int64_t to;
};

static int back_write(void *arg, struct store_db *db)
{
	struct model_back *b = arg;
	return learn_model_back(db, sv_of(b->name), sv_of(b->by), clk_wall_ms(), &b->to);
}

static void back_written(void *arg, int rc)
{
	struct model_back *b = arg;
	if (rc) {
		api_problem(b->r, err_http(rc),
			    rc == ERR_NOTFOUND ? "No night's model of this name is in use: the "
						 "program's own is." :
						 "It could not be saved; try again.");
	} else {
		jv *x = jv_obj();
		jv_set_str(x, "name", sv_of(b->name));
		jv_set_int(x, "version", b->to);
		if (b->a->o.night_models && !b->a->ending)
			b->a->o.night_models(b->a->o.night_arg);
		web_reply_json(b->r, 200, x);
	}
	xfree(b);
}

void api_night_back(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "strategy.write", &u))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv name = jv_get_str(body, "name");
	if (!name.n || name.n >= LEARN_MODEL_NAME) {
		api_problem(r, 400, "name is a model's of GET /api/v1/nights, such as intent.");
		jv_free(body);
		return;
	}
	struct model_back *b = xalloc(sizeof(*b));
	*b = (struct model_back){ .a = a, .r = r };
	(void)snprintf(b->name, sizeof(b->name), SV_FMT, SV_ARG(name));
	(void)snprintf(b->by, sizeof(b->by), "%s", u.login);
	jv_free(body);
	int rc = store_write(a->o.store, back_write, b, a->mbox, back_written);
	if (rc)
		back_written(b, rc);
}
