/* api_qa_form.c: quality forms from outside: the list, one with its text, another text for it.
 *
 * A text is read on a worker; one with a fault is refused with every fault told. One that is
 * right is on disk before the reviews get it; its version must be above the one in use, for
 * reviews name the version they were made by. Door's thread. */
#include "api_doc.h"
#include "api_qa.h"

#include <stdio.h>

void api_qa_forms(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	enum qr_role role;
	struct sb b;
	if (!api_qa_ready(a, r, "qa.read", &u, &role))
		return;
	struct qa_forms *fs = snap_get(a->o.qa_forms);
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"items\":[");
	for (size_t i = 0; i < qa_forms_n(fs); i++) {
		sb_cstr(&b, i ? "," : "");
		qa_form_json(qa_forms_at(fs, i), &b);
	}
	sb_cstr(&b, "],\"next\":null}");
	web_reply(r, 200, "application/json", sb_sv(&b), NULL);
	sb_done(&b);
	obj_unref(fs);
}

static void put_form(const struct qa_form *f, struct sb *b)
{
	qa_form_json(f, b);
	sb_truncate(b, b->n - 1);
	sb_cstr(b, ",\"text\":");
	sb_json(b, qa_form_text(f));
	sb_ch(b, '}');
}

static void answer(struct web_req *r, const struct qa_form *f)
{
	struct sb b;
	char head[60];
	sb_init(&b, LIM_SB);
	put_form(f, &b);
	snprintf(head, sizeof(head), "ETag: \"%d\"\r\n", qa_form_version(f));
	web_reply(r, 200, "application/json", sb_sv(&b), head);
	sb_done(&b);
}

void api_qa_form(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	enum qr_role role;
	if (!api_qa_ready(a, r, "qa.read", &u, &role))
		return;
	struct qa_forms *fs = snap_get(a->o.qa_forms);
	const struct qa_form *f = qa_forms_find(fs, web_req_param(r, "id"));
	if (f)
		answer(r, f);
	else
		api_problem(r, 404, "There is no such form.");
	obj_unref(fs);
}

/* ---- another text ---- */

struct change {
	struct api *a;
	struct web_req *r;
	struct qa_form *f;
	struct cfg_report rep;
	jv *body;
	char id[48], login[64];
	int was;                     /* the version in use; 0 = a new form */
	bool check;                  /* only looks whether it is right */
};

static void change_free(struct change *c)
{
	obj_unref(c->f);
	cfg_report_done(&c->rep);
	jv_free(c->body);
	xfree(c);
}

static void read_job(void *arg)
{
	struct change *c = arg;
	if (qa_form_new(&c->f, jv_get_str(c->body, "text"), c->id, &c->rep))
		c->f = NULL;
}

static int save_write(void *arg, struct store_db *db)
{
	struct change *c = arg;
	return qa_form_save(db, c->f, c->was, sv_of(c->login), clk_wall_ms());
}

static void saved(void *arg, int rc)
{
	struct change *c = arg;
	struct qa_forms *now = snap_get(c->a->o.qa_forms), *with = NULL;
	if (rc == 0)
		rc = qa_forms_with(&with, now, c->f);
	obj_unref(now);
	if (rc == 0) {
		snap_publish(c->a->o.qa_forms, with);
		answer(c->r, c->f);
	} else if (rc == ERR_EXISTS) {
		api_problem(c->r, 409, "Its version must be above the one in use.");
	} else {
		api_problem(c->r, err_http(rc), err_text(rc));
	}
	change_free(c);
}

/* Every fault, as the console shows them beside the text. */
static void refuse(struct change *c)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
		    "\"detail\":\"The form has faults; nothing was changed.\",");
	doc_issues(&c->rep, &b);
	sb_ch(&b, '}');
	web_reply(c->r, 422, "application/problem+json", sb_sv(&b), NULL);
	sb_done(&b);
}

static void put_checked(struct change *c)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_fmt(&b, "{\"ok\":%s,", c->f ? "true" : "false");
	doc_issues(&c->rep, &b);
	sb_ch(&b, '}');
	web_reply(c->r, 200, "application/json", sb_sv(&b), NULL);
	sb_done(&b);
}

static void read_done(void *arg)
{
	struct change *c = arg;
	int rc = 0;
	if (c->check) {
		put_checked(c);
	} else if (!c->f) {
		refuse(c);
	} else if (!sv_eq(qa_form_id(c->f), sv_of(c->id))) {
		api_problem(c->r, 400, "The text's id is not that of the address.");
	} else {
		rc = store_write(c->a->o.store, save_write, c, c->a->mbox, saved);
		if (rc)
			saved(c, rc);
		return;
	}
	change_free(c);
}

/* Was the text made on the version in use? */
static bool matches(struct web_req *r, int was)
{
	char tag[24];
	sv match = web_req_header(r, "if-match");
	(void)snprintf(tag, sizeof(tag), "\"%d\"", was);
	return !match.n || sv_eq(match, SV("*")) || sv_eq(match, sv_of(tag));
}

void api_qa_form_put(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	enum qr_role role;
	if (!api_qa_ready(a, r, "qa.review", &u, &role))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	struct change *c = xalloc(sizeof(*c));
	struct qa_forms *fs = snap_get(a->o.qa_forms);
	const struct qa_form *now = qa_forms_find(fs, web_req_param(r, "id"));
	*c = (struct change){ .a = a, .r = r, .body = body,
			      .was = now ? qa_form_version(now) : 0,
			      .check = jv_get_bool(body, "check", false) };
	obj_unref(fs);
	snprintf(c->id, sizeof(c->id), SV_FMT, SV_ARG(web_req_param(r, "id")));
	snprintf(c->login, sizeof(c->login), "%s", u.login);
	if (!matches(r, c->was)) {
		api_problem(r, 412, "The form has changed since you looked.");
		change_free(c);
	} else if (!jv_is_str(jv_get(body, "text"))) {
		api_problem(r, 400, "text must be the form as YAML.");
		change_free(c);
	} else if (pool_submit(a->o.pool, read_job, c, a->mbox, read_done)) {
		api_problem(r, 503, "All workers are busy.");
		change_free(c);
	}
}
