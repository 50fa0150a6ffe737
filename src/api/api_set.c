/* api_set.c: test sets of the knowledge base from outside: list, make, import, their questions,
 * a run, what differs between two (learn_set.h, docs/kb.md).
 *
 * Reading runs on workers; so does a change, which looks at the file and waits for the scribe.
 * A run is only ordered here; a thread of the server does it. Door's thread otherwise. */
#include "api_set.h"
#include "api_doc.h"
#include "api_int.h"
#include "learn_set.h"

#include <stdio.h>

/* ---- reading: s1 the id ---- */

static void failed(struct api_query *q, int rc)
{
	q->status = err_http(rc);
	q->detail = rc == ERR_NOTFOUND ? "There is nothing of that id." :
					 "The database could not be read.";
}

static void told(struct api_query *q, int rc)
{
	if (rc)
		failed(q, rc);
}

static void sets_run(struct api_query *q, struct store_db *db)
{
	told(q, learn_sets_json(db, &q->out));
}

static void set_run(struct api_query *q, struct store_db *db)
{
	told(q, learn_set_json(db, q->s1, &q->out));
}

static void questions_run(struct api_query *q, struct store_db *db)
{
	told(q, learn_set_questions_json(db, q->s1, q->i2, (int)q->i1, &q->out));
}

static void runs_run(struct api_query *q, struct store_db *db)
{
	told(q, learn_set_runs_json(db, q->s1, sv_eq(q->s2, SV("true")), &q->out));
}

static void run_run(struct api_query *q, struct store_db *db)
{
	told(q, learn_set_run_json(db, q->s1, q->s2, &q->out));
}

static void answers_run(struct api_query *q, struct store_db *db)
{
	told(q, learn_set_answers_json(db, q->s1, q->s2, q->i2, (int)q->i1, &q->out));
}

/* s2: the value of a parameter; i1: limit; i2: cursor. */
static void read_start(struct web_req *r, struct api *a, const char *param,
		       void (*run)(struct api_query *q, struct store_db *db))
{
	int64_t limit = 100, cursor = 0;
	sv c = web_req_arg(r, "cursor");
	if (!api_may(a, r, "gap.read", NULL))
		return;
	if (c.n && (sv_i64(c, &cursor) || cursor < 0)) {
		api_problem(r, 400, "cursor must be the next of an earlier answer.");
		return;
	}
	if (sv_i64(web_req_arg(r, "limit"), &limit) || limit < 1 || limit > 500)
		limit = 100;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->s2 = arena_sv(&q->arena, param ? web_req_arg(r, param) : SV(""));
	q->i1 = limit;
	q->i2 = cursor;
	q->run = run;
	q->settled = true;
	api_query_start(q);
}

void api_sets(struct web_req *r, void *arg)
{
	read_start(r, arg, NULL, sets_run);
}

void api_set(struct web_req *r, void *arg)
{
	read_start(r, arg, NULL, set_run);
}

void api_set_questions(struct web_req *r, void *arg)
{
	read_start(r, arg, NULL, questions_run);
}

void api_set_runs(struct web_req *r, void *arg)
{
	read_start(r, arg, "drafts", runs_run);
}

void api_run(struct web_req *r, void *arg)
{
	read_start(r, arg, "against", run_run);
}

void api_run_answers(struct web_req *r, void *arg)
{
	read_start(r, arg, "outcome", answers_run);
}

/* ---- changes: on a worker ---- */

enum verb { PUT, DROP, CUT, ORDER };
struct change {
	struct api *a;
	struct web_req *r;
	enum verb verb;
	bool fresh;                  /* of PUT: a set was made */
	struct arena arena;
	sv id, by, rows;
	int64_t n;
	struct learn_set_rows read;
	struct cfg_report faults;
	struct learn_set_put put;
	struct learn_set_order order;
	int rc;
};

static void change_free(struct change *x)
{
	VEC_FREE(&x->read);
	cfg_report_done(&x->faults);
	arena_done(&x->arena);
	xfree(x);
}

static int change_write(void *arg, struct store_db *db)
{
	struct change *x = arg;
	switch (x->verb) {
	case PUT:
		return learn_set_put(db, &x->put);
	case DROP:
		return learn_set_drop(db, x->id);
	case CUT:
		return learn_set_cut(db, x->id, x->n);
	default:
		return learn_set_order(db, &x->order);
	}
}

static void change_job(void *arg)
{
	struct change *x = arg;
	if (x->rows.n)
		x->rc = learn_set_read(x->rows, &x->arena, &x->read, &x->faults);
	if (x->rows.n) {
		x->put.row = x->read.v;
		x->put.n = x->read.n;
	}
	if (!x->rc)
		x->rc = store_write_now(x->a->o.store, change_write, x);
	/* a run to be done, or rows to be taken away */
	if (!x->rc && (x->verb == ORDER || x->verb == DROP) && x->a->o.sets)
		x->a->o.sets(x->a->o.sets_arg);
}

static const char *refusal(const struct change *x)
{
	if (x->verb == PUT && x->put.why)
		return x->put.why;
	switch (x->rc) {
	case ERR_NOTFOUND:
		return x->verb == ORDER ? "There is no such test set, or no such draft." :
		       x->verb == CUT	? "There is no such question." :
					  "There is no such test set.";
	case ERR_STATE:
		return "The set has no questions, or the draft is decided already.";
	default:
		return "It could not be saved; try again.";
	}
}

static void change_done(void *arg)
{
	struct change *x = arg;
	if (x->faults.n) {
		doc_refuse(x->r, &x->faults);
	} else if (x->rc) {
		api_problem(x->r, err_http(x->rc), refusal(x));
	} else {
		jv *o = jv_obj();
		if (x->verb == PUT) {
			jv_set_str(o, "id", sv_of(x->put.id));
			jv_set_int(o, "added", x->put.added);
			jv_set_int(o, "changed", x->put.changed);
			jv_set_int(o, "same", x->put.same);
		}
		if (x->verb == ORDER)
			jv_set_str(o, "run", sv_of(x->order.run));
		web_reply_json(x->r, x->verb == ORDER ? 202 : x->fresh ? 201 : 200, o);
	}
	change_free(x);
}

/* NULL: answered. */
static struct change *change_new(struct web_req *r, struct api *a, enum verb verb)
{
	struct api_user u;
	if (!api_may(a, r, "gap.decide", &u))
		return NULL;
	struct change *x = xalloc(sizeof(*x));
	*x = (struct change){ .a = a, .r = r, .verb = verb };
	arena_init(&x->arena, LIM_ARENA_BIG);
	x->id = arena_sv(&x->arena, web_req_param(r, "id"));
	x->by = arena_sv(&x->arena, sv_of(u.login));
	x->put = (struct learn_set_put){ .set = x->id, .name = SV(""), .by = x->by };
	x->order = (struct learn_set_order){ .set = x->id, .by = x->by, .draft = SV("") };
	return x;
}

static void change_start(struct change *x, const char *bad)
{
	if (bad) {
		api_problem(x->r, 400, bad);
		change_free(x);
		return;
	}
	/* once it is handed over, x is the worker's */
	int rc = pool_submit(x->a->o.pool, change_job, x, x->a->mbox, change_done);
	if (rc) {
		x->rc = rc;
		change_done(x);
	}
}

static sv kept(struct change *x, const jv *body, const char *key)
{
	return arena_sv(&x->arena, jv_get_str(body, key));
}

/* Rows as a file's text, or one question. What is wrong, or NULL. */
static const char *read_rows(struct change *x, const jv *body)
{
	x->rows = kept(x, body, "rows");
	sv question = sv_trim(kept(x, body, "question"));
	if (x->rows.n && question.n)
		return "Give rows or a question, not both.";
	if (!question.n)
		return NULL;
	struct learn_set_row *row = arena_new(&x->arena, struct learn_set_row, 1);
	*row = (struct learn_set_row){ .question = question, .lang = kept(x, body, "lang"),
				       .article = sv_trim(kept(x, body, "article")) };
	if (!row->lang.n)
		row->lang = kb_script_lang(question);
	for (size_t i = 0; i < question.n; i++)
		if ((unsigned char)question.p[i] < ' ')
			return "question is one line.";
	bool none = jv_get_bool(body, "nothing", false);
	if (row->article.n ? learn_set_nothing(row->article) : !none)
		return "Give article, or nothing: true when nothing answers it.";
	if (row->article.n && none)
		return "Give article or nothing: true, not both.";
	struct learn_set_row look = *row;
	look.article = none ? SV("-") : look.article;
	const char *mend, *bad = learn_set_bad(&look, &mend);
	if (bad)
		return arena_fmt(&x->arena, "It cannot be taken: %s; %s.", bad, mend);
	x->put.row = row;
	x->put.n = 1;
	return NULL;
}

static void put_start(struct web_req *r, struct api *a, bool rows, bool named)
{
	struct change *x = change_new(r, a, PUT);
	jv *body = x ? api_body(r) : NULL;
	if (!body) {
		if (x)
			change_free(x);
		return;
	}
	const char *bad = rows ? read_rows(x, body) : NULL;
	x->put.name = named ? sv_trim(kept(x, body, "name")) : SV("");
	x->fresh = !x->id.n;
	if (!bad && named && !x->put.name.n)
		bad = "Give name, what the set is called.";
	if (!bad && !named && !x->rows.n && !x->put.n)
		bad = "Give rows, the text of a table, or a question.";
	jv_free(body);
	change_start(x, bad);
}

void api_set_new(struct web_req *r, void *arg)
{
	put_start(r, arg, true, true);
}

void api_set_name(struct web_req *r, void *arg)
{
	put_start(r, arg, false, true);
}

void api_set_add(struct web_req *r, void *arg)
{
	put_start(r, arg, true, false);
}

void api_set_drop(struct web_req *r, void *arg)
{
	struct change *x = change_new(r, arg, DROP);
	if (x)
		change_start(x, NULL);
}

void api_set_cut(struct web_req *r, void *arg)
{
	struct change *x = change_new(r, arg, CUT);
	if (x)
		change_start(x, sv_i64(web_req_param(r, "n"), &x->n) ? "n is a number." : NULL);
}

void api_set_run(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct change *x = change_new(r, a, ORDER);
	if (!x)
		return;
	if (!a->o.sets) {
		api_problem(r, 503, "This server runs no test sets.");
		change_free(x);
		return;
	}
	jv *body = api_body(r);
	if (!body) {
		change_free(x);
		return;
	}
	x->order.draft = kept(x, body, "draft");
	jv_free(body);
	change_start(x, NULL);
}
