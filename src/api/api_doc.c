/* api_doc.c: what a company edits as text (decision tables, flows, tool declarations): listed, read
 * with versions and faults, tried.
 *
 * Rows of `document` come before the company's own files, which were copied once when the door
 * opened: nothing here asks the running service. Everything that parses or reads runs on a
 * worker. Door's thread otherwise. */
#include "api_doc.h"
#include "flow.h"
#include "policy_rules.h"
#include "tool.h"

#include <stdio.h>

enum { DOC_PAGE = 200 };             /* documents of one list */

const char *const doc_kind_names[DOC_KINDS] = { "rules", "flow", "tool" };

/* ---- the files ---- */

struct listing {
	struct api *a;
	enum doc_kind kind;
};

static void on_file(void *arg, sv id)
{
	struct listing *l = arg;
	struct api *a = l->a;
	struct sb b;
	sb_init(&b, LIM_CFG_BYTES);
	struct doc_file *f = NULL;
	if (a->o.docs.text(a->o.docs.arg, sv_of(doc_kind_names[l->kind]), id, &b) == 0)
		f = VEC_PUSH(a->docs, 10000);
	if (f)
		*f = (struct doc_file){ l->kind, xstrdup(id), xstrdup(sb_sv(&b)) };
	sb_done(&b);
}

void api_docs_open(struct api *a)
{
	a->docs = xalloc(sizeof(*a->docs));
	for (int k = 0; a->o.docs.list && k < DOC_KINDS; k++) {
		struct listing l = { a, (enum doc_kind)k };
		a->o.docs.list(a->o.docs.arg, sv_of(doc_kind_names[k]), on_file, &l);
	}
}

void api_docs_done(struct api *a)
{
	for (size_t i = 0; a->docs && i < a->docs->n; i++) {
		xfree(a->docs->v[i].id);
		xfree(a->docs->v[i].text);
	}
	if (a->docs)
		VEC_FREE(a->docs);
	xfree(a->docs);
	a->docs = NULL;
}

const char *doc_file_text(const struct doc_files *f, enum doc_kind kind, sv id)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].kind == kind && sv_eq(sv_of(f->v[i].id), id))
			return f->v[i].text;
	return NULL;
}

/* ---- one document ---- */

static void take_row(struct arena *a, struct store_stmt *q, struct doc *d)
{
	d->version = store_col_int(q, 0);
	d->state = arena_sv(a, store_col_sv(q, 1));
	d->text = arena_sv(a, store_col_sv(q, 2));
	d->note = arena_sv(a, store_col_sv(q, 3));
	d->by = arena_sv(a, store_col_sv(q, 4));
	d->at_ms = store_col_int(q, 5);
}

static bool wanted(const struct doc *d, int64_t version, int64_t row, sv state)
{
	if (version > 0)
		return row == version;
	return sv_eq(state, version == DOC_DRAFT ? SV("draft") : SV("published")) && !d->state.n;
}

/* The folder's text: what was in use at start, unless that is one of the versions made here. Then
 * what was kept of it when it was first edited. */
static void note_folder(struct arena *a, struct store_stmt *q, struct doc *d, sv *kept)
{
	if (sv_eq(store_col_sv(q, 1), SV("file")))
		*kept = arena_sv(a, store_col_sv(q, 2));
	else if (d->folder.p && sv_eq(d->folder, store_col_sv(q, 2)))
		d->folder = SV_NULL;
}

static int read_rows(struct arena *a, struct store_stmt *q, int64_t version, struct doc *ret,
		     struct doc *draft)
{
	sv kept = SV_NULL;
	int rc;
	while ((rc = store_step(q)) == 1) {
		int64_t n = store_col_int(q, 0), at = store_col_int(q, 5);
		sv state = store_col_sv(q, 1);
		ret->newest = ret->newest ? ret->newest : n;
		ret->changed_ms = at > ret->changed_ms ? at : ret->changed_ms;
		note_folder(a, q, ret, &kept);
		if (sv_eq(state, SV("draft"))) {
			ret->draft = n;
			take_row(a, q, draft);
		}
		if (wanted(ret, version, n, state))
			take_row(a, q, ret);
	}
	if (!ret->folder.p)
		ret->folder = kept;
	return rc;
}

int doc_load(struct store_db *db, const struct doc_files *f, struct arena *a, enum doc_kind kind,
	     sv id, int64_t version, struct doc *ret)
{
	struct store_stmt *q;
	struct doc draft = { 0 };
	*ret = (struct doc){ .kind = kind, .id = id };
	ret->folder = sv_of(doc_file_text(f, kind, id));
	int rc = store_prep(db, &q,
			    "SELECT version, state, text, note, by_login, at_ms FROM document "
			    "WHERE kind=?1 AND id=?2 ORDER BY version DESC");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(doc_kind_names[kind]));
	store_bind_sv(q, 2, id);
	rc = read_rows(a, q, version, ret, &draft);
	store_reset(q);
	if (rc < 0 || ret->state.n)
		return rc < 0 ? rc : 0;
	if (version == DOC_IN_USE && ret->folder.p) {
		ret->state = SV("file");
		ret->text = ret->folder;
		ret->note = ret->by = SV("");
		return 0;
	}
	if (version != DOC_IN_USE || !draft.version)
		return ERR_NOTFOUND;
	ret->version = draft.version;
	ret->state = draft.state;
	ret->text = draft.text;
	ret->note = draft.note;
	ret->by = draft.by;
	ret->at_ms = draft.at_ms;
	return 0;
}

void doc_etag(const struct doc *d, char out[48])
{
	(void)snprintf(out, 48, "\"%lld-%lld\"", (long long)d->newest, (long long)d->changed_ms);
}

/* ---- checking a text ---- */

static int check_rules(sv id, struct policy_rules_file *f, struct cfg_report *rep, struct sb *shape)
{
	struct policy_rules *r = NULL;
	int rc = policy_rules_new(&r, f, 1, rep);
	if (rc)
		return rc;
	if (!sv_eq(sv_of(policy_rules_id(r, 0)), id)) {
		struct cfg_issue *x = VEC_PUSH(rep, 100);
		if (x)
			*x = (struct cfg_issue){ "", "the table's id is another one than the "
						     "document's", "" };
		if (x)
			(void)snprintf(x->where, sizeof(x->where), "%.60s:%d:id", f->name,
				       cfg_line(f->yaml, "id"));
		if (x)
			(void)snprintf(x->mend, sizeof(x->mend), "Write id: %.*s.", SV_ARG(id));
		rc = ERR_INVAL;
	} else if (shape) {
		rc = policy_rules_json(r, id, shape);
	}
	obj_unref(r);
	return rc;
}

static int check_flow(const struct flow_file *f, struct cfg_report *rep, struct sb *shape)
{
	struct flow_set *s = NULL;
	int rc = flow_set_new(&s, f, 1, NULL, NULL, rep);
	if (rc)
		return rc;
	for (size_t i = 0; shape && i < flow_set_count(s); i++) {
		sb_cstr(shape, i ? "," : "[");
		(void)flow_json(s, sv_of(flow_set_id(s, i)), shape);
	}
	if (shape && shape->n)
		sb_ch(shape, ']');
	obj_unref(s);
	return 0;
}

static int check_tool(const struct tool_file *f, struct cfg_report *rep, struct sb *shape)
{
	struct tool_box *b = NULL;
	int rc = tool_box_new(&b, f, 1, rep);
	if (rc == 0 && shape)
		tool_box_json(b, shape);
	if (rc == 0)
		obj_unref(b);
	return rc;
}

int doc_check(enum doc_kind kind, sv id, sv text, struct cfg_report *rep, struct sb *shape)
{
	char name[DOC_ID_MAX + 8];
	(void)snprintf(name, sizeof(name), SV_FMT ".yaml", SV_ARG(id));
	if (kind == DOC_RULES)
		return check_rules(id, &(struct policy_rules_file){ .name = name, .yaml = text },
				   rep, shape);
	if (kind == DOC_FLOW)
		return check_flow(&(struct flow_file){ name, text }, rep, shape);
	return check_tool(&(struct tool_file){ name, text }, rep, shape);
}

bool doc_conform(sv id, sv text, jv **ret)
{
	struct policy_rules *r = NULL;
	struct cfg_report rep = { 0 };
	const struct policy_rules_file f = { .name = "table", .yaml = text };
	bool ok = policy_rules_new(&r, &f, 1, &rep) == 0;
	*ret = NULL;
	if (ok)
		ok = policy_rules_conform(r, id, ret);
	obj_unref(r);
	cfg_report_done(&rep);
	return ok;
}

void doc_issues(const struct cfg_report *rep, struct sb *b)
{
	sb_cstr(b, "\"issues\":[");
	for (size_t i = 0; i < rep->n; i++) {
		sb_cstr(b, i ? ",{\"where\":" : "{\"where\":");
		sb_json(b, sv_of(rep->v[i].where));
		sb_cstr(b, ",\"what\":");
		sb_json(b, sv_of(rep->v[i].what));
		sb_cstr(b, ",\"mend\":");
		sb_json(b, sv_of(rep->v[i].mend));
		sb_ch(b, '}');
	}
	sb_ch(b, ']');
}

void doc_refuse(struct web_req *r, const struct cfg_report *faults)
{
	struct sb b, all;
	sb_init(&b, LIM_JSON_BYTES);
	sb_init(&all, 800);
	for (size_t i = 0; i < faults->n && i < 3; i++)
		sb_fmt(&all, "%s%s", i ? "; " : "", faults->v[i].what);
	sb_cstr(&all, faults->n > 3 ? "; and more." : ".");
	sb_cstr(&b, "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
		    "\"detail\":");
	sb_json(&b, sb_sv(&all));
	sb_ch(&b, ',');
	doc_issues(faults, &b);
	sb_ch(&b, '}');
	web_reply(r, 422, "application/problem+json", sb_sv(&b), NULL);
	sb_done(&all);
	sb_done(&b);
}

/* ---- the request ---- */

enum doc_kind doc_kind_of(const struct web_req *r)
{
	sv path = web_req_path(r);
	if (sv_starts(path, SV("/api/v1/flows")))
		return DOC_FLOW;
	return sv_starts(path, SV("/api/v1/tools")) ? DOC_TOOL : DOC_RULES;
}

bool doc_id_of(struct web_req *r, sv *ret)
{
	sv id = web_req_param(r, "id");
	bool ok = id.n > 0 && id.n <= DOC_ID_MAX;
	for (size_t i = 0; i < id.n; i++)
		ok &= (id.p[i] >= 'a' && id.p[i] <= 'z') || (id.p[i] >= '0' && id.p[i] <= '9') ||
		      id.p[i] == '_' || id.p[i] == '-';
	if (!ok)
		api_problem(r, 400, "An id has 1 to 60 characters of a-z, 0-9, - and _.");
	*ret = id;
	return ok;
}

static void put_when(struct sb *b, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	sb_fmt(b, ms ? ",\"%s\":\"%s\"" : ",\"%s\":null", key, when);
}

static void put_text(struct sb *b, const char *key, sv text)
{
	sb_fmt(b, ",\"%s\":", key);
	sb_json(b, text);
}

/* Titles of what the text holds, a few; one language. */
static void put_titles(struct sb *b, const jv *o, const char *lang)
{
	const jv *list = jv_get(o, "flows") ? jv_get(o, "flows") : jv_get(o, "tools");
	struct sb t;
	sb_init(&t, LIM_SB);
	sb_put(&t, jv_get_str(jv_get(o, "title"), lang));
	for (size_t i = 0; !jv_get(o, "title") && i < jv_len(list) && i < 4; i++) {
		sb_cstr(&t, i ? " · " : "");
		sb_put(&t, jv_get_str(jv_get(jv_at(list, i), "title"), lang));
	}
	sb_json(b, sb_sv(&t));
	sb_done(&t);
}

static void put_title(struct sb *b, sv text)
{
	struct cfg_report rep = { 0 };
	jv *o = cfg_parse(text, "text", &rep);
	sb_cstr(b, ",\"title\":{\"zh\":");
	put_titles(b, o, "zh");
	sb_cstr(b, ",\"en\":");
	put_titles(b, o, "en");
	sb_ch(b, '}');
	jv_free(o);
	cfg_report_done(&rep);
}

static void put_head(struct sb *b, const struct doc *d)
{
	sb_fmt(b, "{\"kind\":\"%s\",\"id\":", doc_kind_names[d->kind]);
	sb_json(b, d->id);
	put_title(b, d->text);
	sb_fmt(b, ",\"version\":%lld", (long long)d->version);
	put_text(b, "state", d->state);
	if (d->draft)
		sb_fmt(b, ",\"draft\":%lld", (long long)d->draft);
	else
		sb_cstr(b, ",\"draft\":null");
	put_when(b, "changed_at", d->changed_ms);
	put_text(b, "by", d->by);
}

/* ---- list ---- */

struct ids {
	sv *v;
	size_t n, cap;
};

static void add_id(struct ids *l, sv id)
{
	size_t i = 0;
	while (i < l->n && sv_cmp(l->v[i], id) < 0)
		i++;
	if (i < l->n && sv_eq(l->v[i], id))
		return;
	const sv *slot = VEC_PUSH(l, 10000);
	if (!slot)
		return;
	memmove(l->v + i + 1, l->v + i, sizeof(*l->v) * (l->n - 1 - i));
	l->v[i] = id;
}

/* One row of the list, read alone: all versions of a document may be megabytes. */
static int put_item(struct api_query *q, struct store_db *db, sv id)
{
	struct arena a;
	struct doc d;
	arena_init(&a, LIM_ARENA_BIG);
	int rc = doc_load(db, q->a->docs, &a, (enum doc_kind)q->i1, id, DOC_IN_USE, &d);
	if (rc == 0) {
		sb_cstr(&q->out, q->out.p[q->out.n - 1] == '[' ? "" : ",");
		put_head(&q->out, &d);
		sb_ch(&q->out, '}');
	}
	arena_done(&a);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

/* From the id after s1 on, i2 of them at most. */
static void put_page(struct api_query *q, struct store_db *db, const struct ids *ids)
{
	size_t i = 0;
	int64_t n = 0;
	int rc = 0;
	while (i < ids->n && q->s1.n && sv_cmp(ids->v[i], q->s1) <= 0)
		i++;
	sb_cstr(&q->out, "{\"items\":[");
	for (; i < ids->n && n < q->i2 && rc == 0; i++, n++)
		rc = put_item(q, db, ids->v[i]);
	sb_cstr(&q->out, "],\"next\":");
	if (i < ids->n)
		sb_json(&q->out, ids->v[i - 1]);
	else
		sb_cstr(&q->out, "null");
	sb_ch(&q->out, '}');
	if (rc)
		q->status = 500, q->detail = "The documents could not be read.";
}

/* i1: kind, i2: how many, s1: the cursor, an id */
static void list_run(struct api_query *q, struct store_db *db)
{
	struct ids ids = { 0 };
	struct store_stmt *st;
	const struct doc_files *f = q->a->docs;
	enum doc_kind kind = (enum doc_kind)q->i1;
	if (store_prep(db, &st, "SELECT DISTINCT id FROM document WHERE kind=?1")) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, sv_of(doc_kind_names[kind]));
	while (api_row(q, st))
		add_id(&ids, arena_sv(&q->arena, store_col_sv(st, 0)));
	store_reset(st);
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].kind == kind)
			add_id(&ids, sv_of(f->v[i].id));
	put_page(q, db, &ids);
	VEC_FREE(&ids);
}

void api_doc_list(struct web_req *r, void *arg)
{
	sv limit = web_req_arg(r, "limit");
	int64_t n = DOC_PAGE;
	if (!api_may(arg, r, "doc.read", NULL))
		return;
	if (limit.n && (sv_i64(limit, &n) || n < 1 || n > DOC_PAGE)) {
		api_problem(r, 400, "limit is a number from 1 to 200.");
		return;
	}
	struct api_query *q = api_query_new(arg, r);
	q->run = list_run;
	q->i1 = doc_kind_of(r);
	q->i2 = n;
	q->s1 = arena_sv(&q->arena, web_req_arg(r, "cursor"));
	q->settled = q->etag = true;
	api_query_start(q);
}

/* ---- one ---- */

static void put_shape(struct api_query *q, const struct doc *d)
{
	static const char *const names[DOC_KINDS] = { "table", "flows", "tools" };
	struct cfg_report rep = { 0 };
	struct sb shape;
	sb_init(&shape, LIM_JSON_BYTES);
	int rc = doc_check(d->kind, d->id, d->text, &rep, &shape);
	sb_ch(&q->out, ',');
	doc_issues(&rep, &q->out);
	sb_fmt(&q->out, ",\"%s\":", names[d->kind]);
	sb_put(&q->out, rc || !shape.n ? SV("null") : sb_sv(&shape));
	sb_done(&shape);
	cfg_report_done(&rep);
}

/* s1: id, i1: kind, i2: version; s4 becomes the ETag. */
static void get_run(struct api_query *q, struct store_db *db)
{
	struct doc d;
	char tag[48];
	int rc = doc_load(db, q->a->docs, &q->arena, (enum doc_kind)q->i1, q->s1, q->i2, &d);
	if (rc) {
		q->status = rc == ERR_NOTFOUND ? 404 : 500;
		q->detail = rc == ERR_NOTFOUND ? "There is no such document or version." : NULL;
		return;
	}
	put_head(&q->out, &d);
	put_text(&q->out, "text", d.text);
	put_text(&q->out, "note", d.note);
	put_shape(q, &d);
	sb_ch(&q->out, '}');
	doc_etag(&d, tag);
	q->s4 = arena_sv(&q->arena, sv_of(tag));
}

static void got(struct api_query *q)
{
	char line[64];
	(void)snprintf(line, sizeof(line), "ETag: " SV_FMT "\r\n", SV_ARG(q->s4));
	if (q->status >= 400 || sb_err(&q->out))
		api_problem(q->r, q->status >= 400 ? q->status : 500, q->detail);
	else
		web_reply(q->r, 200, "application/json", sb_sv(&q->out), line);
	api_query_free(q);
}

void api_doc_get(struct web_req *r, void *arg)
{
	sv id, version = web_req_arg(r, "version");
	int64_t n = DOC_IN_USE;
	if (!api_may(arg, r, "doc.read", NULL) || !doc_id_of(r, &id))
		return;
	if (version.n && (sv_i64(version, &n) || n < 1)) {
		api_problem(r, 400, "version is a number from 1 on.");
		return;
	}
	struct api_query *q = api_query_new(arg, r);
	q->run = get_run;
	q->done = got;
	q->s1 = id;
	q->i1 = doc_kind_of(r);
	q->i2 = n;
	q->settled = true;
	api_query_start(q);
}

static void versions_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	bool file = doc_file_text(q->a->docs, (enum doc_kind)q->i1, q->s1) != NULL;
	int64_t n = 0;
	if (store_prep(db, &st,
		       "SELECT version, state, note, by_login, at_ms FROM document WHERE kind=?1 "
		       "AND id=?2 ORDER BY version DESC LIMIT 500")) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, sv_of(doc_kind_names[q->i1]));
	store_bind_sv(st, 2, q->s1);
	sb_cstr(&q->out, "{\"items\":[");
	while (api_row(q, st)) {
		sb_fmt(&q->out, "%s{\"version\":%lld", n++ ? "," : "",
		       (long long)store_col_int(st, 0));
		put_text(&q->out, "state", store_col_sv(st, 1));
		put_text(&q->out, "note", store_col_sv(st, 2));
		put_text(&q->out, "by", store_col_sv(st, 3));
		put_when(&q->out, "changed_at", store_col_int(st, 4));
		sb_ch(&q->out, '}');
	}
	store_reset(st);
	sb_cstr(&q->out, "]}");
	if (!n && !file && q->status < 400)
		q->status = 404, q->detail = "There is no such document.";
}

void api_doc_versions(struct web_req *r, void *arg)
{
	sv id;
	if (!api_may(arg, r, "doc.read", NULL) || !doc_id_of(r, &id))
		return;
	struct api_query *q = api_query_new(arg, r);
	q->run = versions_run;
	q->s1 = id;
	q->i1 = doc_kind_of(r);
	q->settled = true;
	api_query_start(q);
}

/* ---- trying ---- */

/* The text to try: the body's, else the one in use. s1: id, p: the body. */
static bool text_of(struct api_query *q, struct store_db *db, sv *ret)
{
	struct doc d;
	*ret = jv_get_str(q->p, "text");
	if (ret->n)
		return true;
	int rc = doc_load(db, q->a->docs, &q->arena, (enum doc_kind)q->i1, q->s1, DOC_IN_USE, &d);
	if (rc) {
		q->status = rc == ERR_NOTFOUND ? 404 : 500;
		q->detail = rc == ERR_NOTFOUND ? "There is no such document." : NULL;
	}
	*ret = d.text;
	return rc == 0;
}

static void try_run(struct api_query *q, struct store_db *db)
{
	struct policy_rules *r = NULL;
	struct cfg_report rep = { 0 };
	jv *d = NULL;
	sv text;
	if (!text_of(q, db, &text))
		return;
	if (q->i1 == DOC_FLOW) {
		doc_flow_try(q, text);
		return;
	}
	const struct policy_rules_file f = { .name = "table", .yaml = text };
	if (policy_rules_new(&r, &f, 1, &rep) == 0)
		(void)policy_decide(r, sv_of(policy_rules_id(r, 0)), jv_get(q->p, "facts"), &d);
	sb_cstr(&q->out, "{\"decision\":");
	if (d)
		jv_dump(d, &q->out);
	else
		sb_cstr(&q->out, "null");
	sb_ch(&q->out, ',');
	doc_issues(&rep, &q->out);
	sb_ch(&q->out, '}');
	jv_free(d);
	obj_unref(r);
	cfg_report_done(&rep);
}

static void check_run(struct api_query *q, struct store_db *db)
{
	struct cfg_report rep = { 0 };
	jv *checks = NULL;
	sv text;
	if (!text_of(q, db, &text))
		return;
	bool ok = doc_check((enum doc_kind)q->i1, q->s1, text, &rep, NULL) == 0;
	if (ok && q->i1 == DOC_RULES)
		ok = doc_conform(q->s1, text, &checks);
	sb_fmt(&q->out, "{\"ok\":%s,\"checks\":", ok ? "true" : "false");
	if (checks)
		jv_dump(checks, &q->out);
	else
		sb_cstr(&q->out, "[]");
	sb_ch(&q->out, ',');
	doc_issues(&rep, &q->out);
	sb_ch(&q->out, '}');
	jv_free(checks);
	cfg_report_done(&rep);
}

static void tried(struct api_query *q)
{
	if (q->status >= 400 || sb_err(&q->out))
		api_problem(q->r, q->status >= 400 ? q->status : 500, q->detail);
	else
		web_reply(q->r, 200, "application/json", sb_sv(&q->out), NULL);
	jv_free(q->p);
	api_query_free(q);
}

static void start_try(struct web_req *r, void *arg,
		      void (*run)(struct api_query *q, struct store_db *db), bool trying)
{
	sv id;
	if (!api_may(arg, r, "doc.read", NULL) || !doc_id_of(r, &id))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	bool long_text = jv_get_str(body, "text").n > DOC_TEXT_MAX;
	const char *bad = NULL;
	if (trying && doc_kind_of(r) == DOC_FLOW)
		bad = doc_flow_bad(body);
	else if (trying && !jv_is_obj(jv_get(body, "facts")))
		bad = "facts is an object of the table's inputs.";
	if (long_text || bad) {
		api_problem(r, long_text ? 413 : 400,
			    long_text ? "text may have 256 KiB at most." : bad);
		jv_free(body);
		return;
	}
	struct api_query *q = api_query_new(arg, r);
	q->run = run;
	q->done = tried;
	q->p = body;
	q->s1 = id;
	q->i1 = doc_kind_of(r);
	q->settled = true;
	api_query_start(q);
}

void api_doc_try(struct web_req *r, void *arg)
{
	start_try(r, arg, try_run, true);
}

void api_doc_check(struct web_req *r, void *arg)
{
	start_try(r, arg, check_run, false);
}
