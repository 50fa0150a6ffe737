/* tool_do.c: carrying a call out: a read on a worker, a write on the scribe, another system on a
 * far thread.
 *
 * A write that has to be confirmed first, or is only tried, runs in a savepoint that is rolled
 * back: all checks are made against the present state, and what it put in body is what would
 * happen. With the customer's yes that is done again, compared, and only if it says the same the
 * real run follows, in the same transaction: what was told cannot differ from what is done. A real
 * run that does not end well is rolled back alone; its row of the river stays.
 */
#include "tool_int.h"

#include <stdio.h>

bool tool_is_effect(const struct tool_work *w)
{
	return w->item->d.effect;
}

void tool_run_begin(struct tool_work *w, bool real)
{
	jv_free(w->run.body);
	w->put = (struct tool_put){ .work = w };
	w->rc = 0;
	w->real = real;
	w->run = (struct tool_run){
		.decl = w->item ? &w->item->d : NULL,
		.args = w->args,
		.who = &w->req.who,
		.rules = w->rules,
		.key = w->req.key,
		.confirmed = real,
		.dry = w->req.dry,
		.now_ms = w->req.now_ms,
		.arena = &w->a,
		.body = jv_obj(),
		.put = &w->put,
	};
}

static const char *reason(int rc)
{
	return rc == ERR_TIMEOUT     ? "the other system did not answer in time" :
	       err_retryable(rc)     ? "the system is not available" :
	       rc == ERR_UNSUPPORTED ? "the source has no such operation" :
				       err_text(rc);
}

/* Nothing was changed; what the source had put is not told. */
void tool_failed(struct tool_work *w, int rc)
{
	sv why = w->put.why, audit = w->put.audit;
	jv_free(w->run.body);
	w->run.body = jv_obj();
	w->put = (struct tool_put){ .work = w, .outcome = TOOL_FAILED, .audit = audit };
	w->put.why = why.n ? why : sv_of(reason(rc));
	w->rc = rc;
}

void tool_run_read(void *work, struct store_db *db)
{
	struct tool_work *w = work;
	tool_run_begin(w, true);
	w->run.confirmed = false;
	int rc = w->src->ops->read(w->src->arg, &w->run, db);
	if (rc)
		tool_failed(w, rc);
}

void tool_run_remote(struct tool_work *w)
{
	const struct tool_ops *ops = w->src->ops;
	bool effect = tool_is_effect(w);
	jv *body = effect ? w->run.body : NULL;
	if (effect)
		w->run.body = NULL;          /* what the write has put stays */
	tool_run_begin(w, true);
	if (body) {
		jv_free(w->run.body);
		w->run.body = body;
	}
	w->rc = ops->remote ? ops->remote(w->src->arg, &w->run) : ERR_UNSUPPORTED;
	if (w->rc && !(effect && err_retryable(w->rc)))
		tool_failed(w, w->rc);
	else if (w->rc)
		w->put.outcome = TOOL_LATER;
	w->effect = effect && !w->rc && w->put.outcome == TOOL_DONE;
}

/* ---- writes: on the scribe ---- */

static bool good(const struct tool_work *w)
{
	return !w->rc && (w->put.outcome == TOOL_DONE ||
			  (w->put.outcome == TOOL_APPROVE && !w->approval.n));
}

/* One run in its own savepoint: rolled back unless it is for real and ended well. */
static int attempt(void *work, struct store_db *db)
{
	struct tool_work *w = work;
	const struct tool_ops *ops = w->src->ops;
	if (w->real && w->approval.n)
		w->rc = tool_approval_take(w, db);
	if (!w->rc && ops->write)
		w->rc = ops->write(w->src->arg, &w->run, db);
	else if (!w->rc && !ops->remote)
		w->rc = ERR_UNSUPPORTED;
	return w->real && (good(w) || (!w->rc && w->put.keep)) ? 0 : ERR_CANCELED;
}

static int run_once(struct tool_work *w, struct store_db *db, bool real)
{
	tool_run_begin(w, real);
	int rc = store_try(db, attempt, w);
	if (rc && rc != ERR_CANCELED)
		return rc;
	if (w->rc)
		tool_failed(w, w->rc);
	return 0;
}

/* Runs without effect; true: that is the end of it. */
static bool run_before(struct tool_work *w, struct store_db *db, int *rc)
{
	bool ask = w->item->d.confirm && !w->approval.n;
	if (!w->req.dry && !ask)
		return false;
	*rc = run_once(w, db, false);
	if (*rc || !good(w))
		return true;
	w->print = tool_print(w->req.name, w->args, w->run.body);
	if (w->req.dry)
		return true;
	if (w->req.confirmed == w->print)
		return false;
	w->put.outcome = TOOL_CONFIRM;
	return true;
}

static int run_real(struct tool_work *w, struct store_db *db)
{
	int rc = run_once(w, db, true);
	if (rc || !good(w))
		return rc;
	w->effect = w->put.outcome == TOOL_DONE;
	if (w->effect && w->src->ops->remote) {
		rc = tool_out_remote(w, db);
		w->put.outcome = TOOL_LATER;
		w->effect = false;
	}
	return rc ? rc : tool_keep_put(w, db);
}

static int put_row(struct tool_work *w, struct store_db *db)
{
	struct store_event ev = { 0 };
	struct sb body;
	sb_init(&body, LIM_JSON_BYTES);
	tool_row(w, &ev, &body);
	int rc = sb_err(&body);
	if (!rc)
		rc = store_event_put(db, &ev);
	sb_done(&body);
	return rc;
}

int tool_run_write(void *work, struct store_db *db)
{
	struct tool_work *w = work;
	int rc = w->req.dry || w->approval.n ? 0 : tool_keep_find(w, db);
	if (rc < 0)
		return rc;
	if (rc == 0 && !run_before(w, db, &rc))
		rc = run_real(w, db);
	if (rc < 0)
		return rc;
	/* With another system under way the row comes when it has answered. */
	return w->remote.n ? 0 : put_row(w, db);
}
