/* api_propose.c: "make an article of this": a draft out of what a person typed in a conversation
 * (learn.h). The turn is read on a worker once everything is on disk, the draft written by
 * the scribe. Who may leave notes in a conversation of theirs may; about the draft others decide
 * (learn_decide.c). Door's thread. */
#include "api_gap.h"
#include "api_people.h"
#include "cust.h"
#include "learn.h"

struct propose {
	struct web_req *r;
	struct arena arena;
	struct kb_index *ix;
	struct learn_propose p;
};

static void propose_free(struct propose *x)
{
	obj_unref(x->ix);
	arena_done(&x->arena);
	xfree(x);
}

static void put_done(void *arg, int rc)
{
	struct propose *x = arg;
	if (rc) {
		api_problem(x->r, err_http(rc), "It could not be saved; try again.");
	} else {
		jv *o = jv_obj();
		jv_set_str(o, "draft", sv_of(x->p.draft));
		jv_set_str(o, "gap", sv_of(x->p.gap));
		jv_set_str(o, "title", x->p.title);
		jv_set_bool(o, "there", x->p.there);
		web_reply_json(x->r, x->p.there ? 200 : 201, o);
	}
	propose_free(x);
}

static int put_write(void *arg, struct store_db *db)
{
	struct propose *x = arg;
	return learn_propose_put(db, &x->p);
}

static sv customer_of(struct store_db *db, struct propose *x)
{
	struct store_stmt *q;
	sv out = SV("");
	if (store_prep(db, &q, "SELECT customer_id FROM conversation WHERE id=?1"))
		return out;
	store_bind_sv(q, 1, x->p.conversation);
	if (store_step(q) == 1 && store_col_sv(q, 0).n)
		out = arena_sv(&x->arena, store_col_sv(q, 0));
	store_reset(q);
	return out;
}

/* What the customer is called and found by. Nobody is known, or erased: nothing. */
static int load_hide(struct api *a, struct store_db *db, struct propose *x)
{
	struct cust who = { 0 };
	sv id = customer_of(db, x);
	if (!a->o.cust || !id.n)
		return 0;
	int rc = cust_get(db, a->o.cust, id, &x->arena, &who);
	sv *v = rc ? NULL : arena_new(&x->arena, sv, who.n_idents + 1);
	if (v) {
		v[0] = arena_sv(&x->arena, who.name);
		for (size_t i = 0; i < who.n_idents; i++)
			v[i + 1] = arena_sv(&x->arena, who.idents[i].value);
		x->p.hide = v;
		x->p.n_hide = who.n_idents + 1;
	}
	cust_done(&who);
	return rc == 0 || rc == ERR_NOTFOUND ? 0 : rc;
}

static void look_run(struct api_query *q, struct store_db *db)
{
	struct propose *x = q->p;
	int rc = load_hide(q->a, db, x);
	if (rc == 0)
		rc = learn_propose_look(db, &x->p, &x->arena);
	if (rc) {
		q->status = err_http(rc);
		q->detail = x->p.why ? x->p.why : "The database could not be read.";
	}
}

static void look_done(struct api_query *q)
{
	struct propose *x = q->p;
	struct api *a = q->a;
	int status = q->status;
	const char *detail = q->detail;
	api_query_free(q);
	if (status >= 400) {
		api_problem(x->r, status, detail);
		propose_free(x);
		return;
	}
	int rc = store_write(a->o.store, put_write, x, a->mbox, put_done);
	if (rc)
		put_done(x, rc);
}

void api_draft_propose(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "conversation.note", &u))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	int64_t seq = jv_get_int(body, "seq", 0);
	jv_free(body);
	if (seq < 1) {
		api_problem(r, 400, "Give seq, the turn that is the answer.");
		return;
	}
	struct propose *x = xalloc(sizeof(*x));
	struct api_query *q = api_query_new(a, r);
	x->r = r;
	arena_init(&x->arena, LIM_ARENA_TURN);
	x->ix = snap_get(a->o.kb);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	x->p = (struct learn_propose){ .conversation = arena_sv(&x->arena, web_req_param(r, "id")),
				       .seq = seq,
				       .by = arena_sv(&x->arena, sv_of(u.login)),
				       .kb = x->ix };
	api_scope_of(a, &u, q->s1, &q->scope);
	q->p = x;
	q->run = look_run;
	q->done = look_done;
	q->settled = true; /* the desk has the turn before it is on disk */
	api_query_start(q);
}
