/* api_doc_edit.c: documents saved as drafts, published, rolled back.
 *
 * A draft is kept whatever its faults. Publishing: on a worker the text is read alone, a table
 * tried in full, and the whole set of its kind made with it; on the scribe the versions change
 * place, with a row of the river; then the service takes the text, on a worker again. One of these
 * at a time, so that two sets never cross; what is on disk is never ahead of a set that could not
 * be made. Rolling back to the file's own version leaves no published row. Door's thread. */
#include "api_doc.h"

#include <stdio.h>

enum verb { PUT, PUBLISH, ROLLBACK };
struct edit {
	struct api *a;
	struct web_req *r;
	enum verb verb;
	enum doc_kind kind;
	char id[DOC_ID_MAX + 1], by[64], *text, *note, *match;
	int64_t version;             /* ROLLBACK: asked for; then: the one made */
	bool to_file;                /* ROLLBACK: to what the folder holds */
	int status;                  /* >= 400: refused, with */
	const char *detail;
	struct sb issues;            /* "issues":[..] */
	jv *checks;
};

static void edit_free(struct edit *x)
{
	if (x->verb != PUT)
		x->a->docs->busy = false;
	sb_done(&x->issues);
	jv_free(x->checks);
	xfree(x->text);
	xfree(x->note);
	xfree(x->match);
	xfree(x);
}

static int refuse(struct edit *x, int status, const char *detail)
{
	x->status = status;
	x->detail = detail;
	return ERR_STATE;
}

/* ---- the rows; on the scribe ---- */

static int put_row(struct store_db *db, const struct edit *x, int64_t version, const char *state,
		   sv text, sv note, sv by)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO document (kind, id, version, state, text, note, by_login, "
		"at_ms) VALUES (?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT (kind, id, version) "
		"DO UPDATE SET state=excluded.state, text=excluded.text, "
		"note=excluded.note, by_login=excluded.by_login, at_ms=excluded.at_ms");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(doc_kind_names[x->kind]));
	store_bind_sv(q, 2, sv_of(x->id));
	store_bind_int(q, 3, version);
	store_bind_sv(q, 4, sv_of(state));
	store_bind_sv(q, 5, text);
	store_bind_sv(q, 6, note);
	store_bind_sv(q, 7, by);
	store_bind_int(q, 8, clk_wall_ms());
	return store_run(q);
}

/* The folder's text becomes version 1, once, so that it can be gone back to. */
static int keep_file(struct store_db *db, const struct edit *x, struct doc *d)
{
	if (d->newest || !d->folder.p)
		return 0;
	d->newest = 1;
	return put_row(db, x, 1, "file", d->folder, SV(""), SV(""));
}

static int put_write(void *arg, struct store_db *db)
{
	struct edit *x = arg;
	struct arena a;
	struct doc d;
	char tag[48];
	arena_init(&a, LIM_ARENA_BIG);
	int rc = doc_load(db, x->a->docs, &a, x->kind, sv_of(x->id), DOC_IN_USE, &d);
	rc = rc == ERR_NOTFOUND ? 0 : rc;
	doc_etag(&d, tag);
	if (rc == 0 && x->match && !sv_eq(sv_of(x->match), sv_of(tag)))
		rc = refuse(x, 412, "Somebody has saved another version meanwhile: load it, and "
				    "make your change there.");
	if (rc == 0)
		rc = keep_file(db, x, &d);
	x->version = d.draft ? d.draft : d.newest + 1;
	if (rc == 0)
		rc = put_row(db, x, x->version, "draft", sv_of(x->text), sv_of(x->note),
			     sv_of(x->by));
	arena_done(&a);
	return rc;
}

static int retire(struct store_db *db, const struct edit *x)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE document SET state='retired' WHERE kind=?1 AND id=?2 AND "
			    "state='published'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(doc_kind_names[x->kind]));
	store_bind_sv(q, 2, sv_of(x->id));
	return store_run(q);
}

static int put_event(struct store_db *db, const struct edit *x)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_fmt(&b, "{\"kind\":\"%s\",\"id\":\"%s\",\"version\":%lld,\"rollback\":%s,\"note\":",
	       doc_kind_names[x->kind], x->id, (long long)x->version,
	       x->verb == ROLLBACK ? "true" : "false");
	sb_json(&b, sv_of(x->note));
	sb_ch(&b, '}');
	const struct store_event ev = { .kind = SV("document.publish"),
					.actor = sv_of(x->by),
					.body = sb_sv(&b) };
	int rc = store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

static int publish_write(void *arg, struct store_db *db)
{
	struct edit *x = arg;
	struct arena a;
	struct doc d;
	arena_init(&a, LIM_ARENA_BIG);
	int rc = doc_load(db, x->a->docs, &a, x->kind, sv_of(x->id),
			  x->verb == PUBLISH ? DOC_DRAFT : x->version, &d);
	if (rc == ERR_NOTFOUND || (rc == 0 && !x->to_file && !sv_eq(d.text, sv_of(x->text))))
		rc = refuse(x, 409, "Somebody has changed it meanwhile: look at it again.");
	if (rc == 0)
		rc = retire(db, x);
	if (rc == 0 && !x->to_file) {
		sv note = x->note[0] ? sv_of(x->note) : d.note;
		x->version = x->verb == PUBLISH ? d.version : d.newest + 1;
		rc = put_row(db, x, x->version, "published", d.text, note, sv_of(x->by));
	}
	if (rc == 0)
		rc = put_event(db, x);
	arena_done(&a);
	return rc;
}

/* ---- answers ---- */

static void answer(struct edit *x, int rc)
{
	struct sb b;
	if (x->status >= 400 && !x->issues.n && !x->checks) {
		api_problem(x->r, x->status, x->detail);
	} else if (x->status >= 400) {
		sb_init(&b, LIM_JSON_BYTES);
		sb_fmt(&b, "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\","
			   "\"status\":%d,\"detail\":\"%s\",%s,\"checks\":",
		       x->status, x->detail, x->issues.n ? sb_str(&x->issues) : "\"issues\":[]");
		if (x->checks)
			jv_dump(x->checks, &b);
		else
			sb_cstr(&b, "[]");
		sb_ch(&b, '}');
		web_reply(x->r, x->status, "application/problem+json", sb_sv(&b), NULL);
		sb_done(&b);
	} else if (rc) {
		api_problem(x->r, rc, "It could not be saved; try again.");
	} else {
		sb_init(&b, LIM_JSON_BYTES);
		sb_fmt(&b, "{\"version\":%lld,\"state\":\"%s\",%s}", (long long)x->version,
		       x->verb == PUT ? "draft" : x->to_file ? "file" : "published",
		       x->issues.n ? sb_str(&x->issues) : "\"issues\":[]");
		web_reply(x->r, 200, "application/json", sb_sv(&b), NULL);
		sb_done(&b);
	}
	edit_free(x);
}

static void applied(struct api_query *q)
{
	struct edit *x = q->p;
	int bad = q->status >= 400;
	api_query_free(q);
	if (bad)
		x->status = 500, x->detail = "It is saved, and takes effect at the next start.";
	answer(x, 0);
}

static void apply_run(struct api_query *q, struct store_db *db)
{
	struct edit *x = q->p;
	const struct api_docs *o = &x->a->o.docs;
	struct cfg_report rep = { 0 };
	(void)db;
	if (o->apply && o->apply(o->arg, sv_of(doc_kind_names[x->kind]), sv_of(x->id),
				 sv_of(x->text), false, &rep))
		q->status = 500;
	cfg_report_done(&rep);
}

static void written(void *arg, int err)
{
	struct edit *x = arg;
	if (err || x->verb == PUT) {
		answer(x, err);
		return;
	}
	struct api_query *q = api_query_new(x->a, x->r);
	q->p = x;
	q->run = apply_run;
	q->done = applied;
	api_query_start(q);
}

/* ---- checks before; on a worker ---- */

static void try_set(struct edit *x)
{
	const struct api_docs *o = &x->a->o.docs;
	struct cfg_report rep = { 0 };
	if (o->apply && o->apply(o->arg, sv_of(doc_kind_names[x->kind]), sv_of(x->id),
				 sv_of(x->text), true, &rep)) {
		doc_issues(&rep, &x->issues);
		(void)refuse(x, 422, "It does not fit the others; nothing was changed.");
	}
	cfg_report_done(&rep);
}

static void check_text(struct edit *x)
{
	struct cfg_report rep = { 0 };
	int rc = doc_check(x->kind, sv_of(x->id), sv_of(x->text), &rep, NULL);
	doc_issues(&rep, &x->issues);
	cfg_report_done(&rep);
	if (x->verb == PUT)
		return;
	if (rc && x->kind != DOC_TOOL) { /* a tool may name one of another file */
		(void)refuse(x, 422, "The text has faults; nothing was changed.");
		return;
	}
	if (x->kind == DOC_RULES && !doc_conform(sv_of(x->id), sv_of(x->text), &x->checks)) {
		(void)refuse(x, 422, "Not every rule decides its own cases; nothing was changed.");
		return;
	}
	jv_free(x->checks);
	x->checks = NULL;
	sb_reset(&x->issues);
	try_set(x);
}

static void check_run(struct api_query *q, struct store_db *db)
{
	struct edit *x = q->p;
	struct doc d;
	if (x->verb != PUT) {
		int rc = doc_load(db, x->a->docs, &q->arena, x->kind, sv_of(x->id),
				  x->verb == PUBLISH ? DOC_DRAFT : x->version, &d);
		if (rc) {
			(void)refuse(x, rc == ERR_NOTFOUND ? 404 : 500,
				     x->verb == PUBLISH ? "There is no draft of it." :
							  "There is no such version.");
			return;
		}
		x->to_file = d.folder.p && sv_eq(d.state, SV("file"));
		x->text = xstrdup(x->to_file ? d.folder : d.text);
		if (sv_eq(d.state, SV("draft")) && x->verb == ROLLBACK) {
			(void)refuse(x, 409, "That version is a draft: publish it.");
			return;
		}
	}
	check_text(x);
}

static void checked(struct api_query *q)
{
	struct edit *x = q->p;
	int bad = q->status >= 400 ? q->status : 0;
	api_query_free(q);
	if (bad && !x->status)
		x->status = bad;
	if (x->status >= 400) {
		answer(x, 0);
		return;
	}
	int rc = store_write(x->a->o.store, x->verb == PUT ? put_write : publish_write, x,
			     x->a->mbox, written);
	if (rc)
		answer(x, rc);
}

/* ---- requests ---- */

static const char *bad_body(const jv *body, enum verb verb)
{
	sv text = jv_get_str(body, "text");
	if (sv_runes(jv_get_str(body, "note")) > DOC_NOTE_MAX)
		return "note may have 200 characters.";
	if (verb == PUT && !sv_trim(text).n)
		return "Give text, the document as YAML; note may say why.";
	if (verb == ROLLBACK && jv_get_int(body, "version", 0) < 1)
		return "Give version, the number to go back to.";
	return NULL;
}

static void start(struct web_req *r, void *arg, enum verb verb)
{
	struct api *a = arg;
	struct api_user u;
	sv id, match = web_req_header(r, "if-match");
	if (!api_may(a, r, "doc.write", &u) || !doc_id_of(r, &id))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	const char *why = bad_body(body, verb);
	bool big = jv_get_str(body, "text").n > DOC_TEXT_MAX, busy = verb != PUT && a->docs->busy;
	if (why || big || busy) {
		api_problem(r, why ? 400 : big ? 413 : 503,
			    why ? why : big ? "text may have 256 KiB at most." :
					      "Something is being published; try again.");
		jv_free(body);
		return;
	}
	struct edit *x = xalloc(sizeof(*x));
	*x = (struct edit){ .a = a, .r = r, .verb = verb, .kind = doc_kind_of(r) };
	(void)snprintf(x->id, sizeof(x->id), SV_FMT, SV_ARG(id));
	(void)snprintf(x->by, sizeof(x->by), "%s", u.login);
	sb_init(&x->issues, LIM_SB);
	x->text = verb == PUT ? xstrdup(jv_get_str(body, "text")) : NULL;
	x->note = xstrdup(jv_get_str(body, "note"));
	x->match = match.n && !sv_eq(match, SV("*")) ? xstrdup(match) : NULL;
	x->version = jv_get_int(body, "version", 0);
	jv_free(body);
	a->docs->busy |= verb != PUT;
	struct api_query *q = api_query_new(a, r);
	q->p = x;
	q->run = check_run;
	q->done = checked;
	q->settled = true;
	api_query_start(q);
}

void api_doc_put(struct web_req *r, void *arg)
{
	start(r, arg, PUT);
}

void api_doc_publish(struct web_req *r, void *arg)
{
	start(r, arg, PUBLISH);
}

void api_doc_rollback(struct web_req *r, void *arg)
{
	start(r, arg, ROLLBACK);
}
