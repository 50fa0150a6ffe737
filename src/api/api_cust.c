/* api_cust.c: customers from outside: list, card, timeline, identities, joins, consent; a copy
 * of all of a person's data, and erasing a person.
 *
 * Phones and e-mails are masked for everybody. ?reveal=1 is for who may customer.numbers, as
 * far as the masks of their role go (api_mask.c), the copy for customer.export: a row of the
 * river with who looked is on disk before anything is shown. Every change answers with the card
 * as it is then; its ETag is the customer's version, and If-Match refuses a change made on an
 * older one. Door's thread; reading runs on workers, writing on the scribe.
 */
#include "api_int.h"
#include "cust.h"

#include <stdio.h>
#include <unistd.h>


static bool ready(struct api *a, struct web_req *r, const char *may, struct api_user *u)
{
	if (!api_may(a, r, may, u))
		return false;
	if (!a->o.cust)
		api_problem(r, 503, "There are no customers here.");
	return a->o.cust != NULL;
}

static sv country(const struct api *a)
{
	return a->o.country_code ? sv_of(a->o.country_code) : SV("86");
}

static void failed(struct api_query *q, int rc, const char *what)
{
	q->status = err_http(rc);
	q->detail = rc == ERR_NOTFOUND ? "There is no such customer." :
		    rc == ERR_INVAL    ? what :
					 "The database could not be read.";
}

/* ---- list ---- */

static void list_run(struct api_query *q, struct store_db *db)
{
	struct cust_query cq = { .q = q->s1, .cursor = q->s2, .default_cc = country(q->a),
				 .limit = (int)q->i1 };
	int rc = cust_list(db, q->a->o.cust, &cq, &q->out);
	if (rc)
		failed(q, rc, "cursor must be the next of an earlier answer.");
}

void api_customers(struct web_req *r, void *arg)
{
	struct api *a = arg;
	int64_t limit = 0;
	if (!ready(a, r, "customer.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_arg(r, "q"));
	q->s2 = arena_sv(&q->arena, web_req_arg(r, "cursor"));
	if (sv_i64(web_req_arg(r, "limit"), &limit) == 0 && limit > 0 && limit <= 200)
		q->i1 = limit;
	q->run = list_run;
	q->settled = true;
	api_query_start(q);
}

/* ---- one card: s1 id, i1 reveal, i2 its version ---- */

static void card_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	int rc = cust_json(db, q->a->o.cust, q->s1, q->i1 != 0, clk_wall_ms(), &q->out);
	if (rc == 0 && store_prep(db, &st, "SELECT version FROM customer WHERE id=?1") == 0) {
		store_bind_sv(st, 1, q->s1);
		if (api_row(q, st))
			q->i2 = store_col_int(st, 0);
		store_reset(st);
	}
	if (rc)
		failed(q, rc, NULL);
}

static void card_done(struct api_query *q)
{
	if (q->status >= 400)
		api_problem(q->r, q->status, q->detail);
	else
		api_reply_version(q->r, q->status, sb_sv(&q->out), q->i2);
	api_query_free(q);
}

static struct api_query *card_query(struct api *a, struct web_req *r, sv id)
{
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, id);
	q->run = card_run;
	q->done = card_done;
	q->settled = true;
	return q;
}

/* The note is on disk. */
static void noted(void *arg, int err)
{
	struct api_query *q = arg;
	if (err) {
		api_problem(q->r, err, "Who looks could not be written down, so nothing is shown.");
		api_query_free(q);
		return;
	}
	api_query_start(q);
}

static void start_noted(struct api_query *q, const struct api_user *u, const char *what)
{
	char actor[80];
	struct sb body;
	sb_init(&body, 4096);
	sb_fmt(&body, "{\"what\":\"%s\",\"customer\":", what);
	sb_json(&body, q->s1);
	sb_ch(&body, '}');
	snprintf(actor, sizeof(actor), "user:%s", u->login);
	struct store_event ev = { .kind = SV("pii.revealed"), .actor = sv_of(actor),
				  .customer = q->s1, .body = sb_sv(&body) };
	int rc = store_append(q->a->o.store, &ev, q->a->mbox, noted, q);
	sb_done(&body);
	if (rc)
		noted(q, rc);
}

void api_customer(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	bool reveal = sv_eq(web_req_arg(r, "reveal"), SV("1"));
	if (!ready(a, r, reveal ? "customer.numbers" : "customer.read", &u))
		return;
	struct api_query *q = card_query(a, r, web_req_param(r, "id"));
	q->i1 = reveal;
	if (reveal)
		start_noted(q, &u, "card");
	else
		api_query_start(q);
}

/* ---- timeline, proposals, a copy ---- */

static void timeline_run(struct api_query *q, struct store_db *db)
{
	char lead[CUST_ID_MAX];
	int rc = cust_lead(db, q->s1, lead);
	if (rc == 0)
		rc = cust_timeline(db, q->s1, q->s2, (int)q->i1, &q->out);
	if (rc)
		failed(q, rc, "cursor must be the next of an earlier answer.");
}

void api_customer_timeline(struct web_req *r, void *arg)
{
	struct api *a = arg;
	int64_t limit = 0;
	if (!ready(a, r, "customer.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->s2 = arena_sv(&q->arena, web_req_arg(r, "cursor"));
	if (sv_i64(web_req_arg(r, "limit"), &limit) == 0 && limit > 0 && limit <= 200)
		q->i1 = limit;
	q->run = timeline_run;
	q->settled = true;
	api_query_start(q);
}

static void proposals_run(struct api_query *q, struct store_db *db)
{
	if (cust_proposals(db, 200, &q->out))
		failed(q, ERR_DB, NULL);
}

void api_customer_proposals(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!ready(a, r, "customer.join", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->run = proposals_run;
	q->settled = true;
	api_query_start(q);
}

static void export_run(struct api_query *q, struct store_db *db)
{
	int rc = cust_export(db, q->a->o.cust, q->a->o.pii_key, q->s1, q->i1 != 0, clk_wall_ms(),
			     &q->out);
	if (rc)
		failed(q, rc == ERR_STATE ? ERR_NOTFOUND : rc, NULL);
}

void api_customer_export(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!ready(a, r, "customer.export", &u))
		return;
	struct api_query *q = api_query_new(a, r);
	sb_done(&q->out);
	sb_init(&q->out, 256u << 20);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->i1 = sv_eq(web_req_arg(r, "claimed"), SV("1"));
	q->run = export_run;
	q->settled = true;
	start_noted(q, &u, "export");
}

/* ---- changes ---- */

struct change {
	struct api *a;
	struct web_req *r;
	struct arena arena;
	jv *body;
	sv id, iid, a_id, b_id;
	char by[80];
	int64_t version;             /* If-Match; -1 = any */
	bool force;
	struct sb files;             /* erase: what is to be deleted */
	const char *why;             /* of ERR_INVAL, ERR_STATE */
	int (*fn)(struct change *c, struct store_db *db);
	void (*over)(struct change *c);      /* NULL: answers with the card of id */
};

static void change_free(struct change *c)
{
	jv_free(c->body);
	sb_done(&c->files);
	arena_done(&c->arena);
	xfree(c);
}

static int check_version(struct change *c, struct store_db *db)
{
	struct store_stmt *q;
	if (c->version < 0)
		return 0;
	int rc = store_prep(db, &q, "SELECT version FROM customer WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, c->id);
	rc = store_step(q);
	bool same = rc == 1 && store_col_int(q, 0) == c->version;
	store_reset(q);
	return rc < 0 ? rc : rc == 0 ? ERR_NOTFOUND : same ? 0 : ERR_CONFLICT;
}

static int change_write(void *arg, struct store_db *db)
{
	struct change *c = arg;
	int rc = check_version(c, db);
	return rc ? rc : c->fn(c, db);
}

static void changed(void *arg, int err)
{
	struct change *c = arg;
	const char *why =
		err == ERR_NOTFOUND ? "There is no such customer or identity." :
		err == ERR_CONFLICT ? "Somebody has changed it meanwhile: load it again." :
		err == ERR_INVAL || err == ERR_STATE || err == ERR_FULL ?
				      c->why :
				      "It could not be saved; try again.";
	if (err)
		api_problem(c->r, err == ERR_FULL ? ERR_STATE : err, why);
	else if (c->over)
		c->over(c);
	else
		api_query_start(card_query(c->a, c->r, c->id));
	change_free(c);
}

/* Another word fits no version. */
static int64_t if_match(struct web_req *r)
{
	int64_t v = 0;
	int asked = api_if_match(r, &v);
	return asked == 0 ? -1 : asked < 0 ? INT64_MAX : v;
}

/* NULL: it has answered. */
static struct change *change_new(struct api *a, struct web_req *r, const char *may, bool body)
{
	struct api_user u;
	if (!ready(a, r, may, &u))
		return NULL;
	jv *v = body ? api_body(r) : NULL;
	if (body && !v)
		return NULL;
	struct change *c = xalloc(sizeof(*c));
	c->a = a;
	c->r = r;
	c->body = v;
	c->version = if_match(r);
	arena_init(&c->arena, LIM_ARENA_TURN);
	c->id = arena_sv(&c->arena, web_req_param(r, "id"));
	snprintf(c->by, sizeof(c->by), "user:%s", u.login);
	return c;
}

static void change_start(struct change *c, int (*fn)(struct change *c, struct store_db *db))
{
	c->fn = fn;
	int rc = store_write(c->a->o.store, change_write, c, c->a->mbox, changed);
	if (rc)
		changed(c, rc);
}

static void refuse(struct change *c, const char *why)
{
	api_problem(c->r, 400, why);
	change_free(c);
}

/* ---- the card's own fields ---- */

static int patch_write(struct change *c, struct store_db *db)
{
	struct cust who = { 0 };
	c->why = "A field is too long, or the customer was erased.";
	int rc = cust_get(db, c->a->o.cust, c->id, &c->arena, &who);
	if (rc)
		return rc;
	if (jv_get(c->body, "name"))
		who.name = sv_trim(jv_get_str(c->body, "name"));
	if (jv_get(c->body, "language"))
		who.language = jv_get_str(c->body, "language");
	if (jv_get(c->body, "tier"))
		who.tier = jv_get_str(c->body, "tier");
	if (jv_get(c->body, "address"))
		who.address = jv_get(c->body, "address");
	if (jv_get(c->body, "preferences"))
		who.preferences = jv_get(c->body, "preferences");
	who.n_idents = 0;
	rc = cust_put(db, c->a->o.cust, &who, sv_of(c->by), clk_wall_ms());
	cust_done(&who);
	return rc;
}

static const char *patch_bad(const jv *body)
{
	static const char *const texts[] = { "name", "language", "tier" };
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(body, &it, &key, &v)) {
		bool text = false;
		for (size_t i = 0; i < 3; i++)
			text |= sv_eq(key, sv_of(texts[i]));
		if (text ? !jv_is_str(v) :
			   !(sv_eq(key, SV("address")) || sv_eq(key, SV("preferences"))) ||
				   !jv_is_obj(v))
			return "Give name, language, tier as texts, address and preferences as "
			       "objects, nothing else.";
	}
	return NULL;
}

void api_customer_patch(struct web_req *r, void *arg)
{
	struct change *c = change_new(arg, r, "customer.write", true);
	const char *why = c ? patch_bad(c->body) : NULL;
	if (why)
		refuse(c, why);
	else if (c)
		change_start(c, patch_write);
}

/* ---- identities ---- */

static enum cust_kind kind_named(sv name)
{
	int k = 0;
	while (k < CUST_KINDS && !sv_eq(name, sv_of(cust_kind_name((enum cust_kind)k))))
		k++;
	return (enum cust_kind)k;
}

static int ident_write(struct change *c, struct store_db *db)
{
	struct cust_ident i = { .kind = kind_named(jv_get_str(c->body, "kind")), .verified = 1,
				.primary = jv_get_bool(c->body, "primary", false) };
	c->why = "The customer was erased, or has too many identities.";
	int rc = cust_normal(i.kind, jv_get_str(c->body, "value"), country(c->a), &c->arena,
			     &i.value);
	return rc ? rc : cust_ident_add(db, c->a->o.cust, c->id, &i, sv_of(c->by), clk_wall_ms());
}

void api_customer_ident_add(struct web_req *r, void *arg)
{
	struct change *c = change_new(arg, r, "customer.write", true);
	sv value;
	if (!c)
		return;
	enum cust_kind kind = kind_named(jv_get_str(c->body, "kind"));
	if (kind == CUST_KINDS)
		refuse(c, "kind must be phone, email, cookie, wechat, whatsapp, social or "
			  "external.");
	else if (cust_normal(kind, jv_get_str(c->body, "value"), country(c->a), &c->arena, &value))
		refuse(c, "value is no usable phone number or address of that kind.");
	else
		change_start(c, ident_write);
}

static int ident_delete(struct change *c, struct store_db *db)
{
	struct cust who = { 0 };
	int rc = cust_get(db, c->a->o.cust, c->id, &c->arena, &who);
	const struct cust_ident *found = NULL;
	for (size_t i = 0; rc == 0 && i < who.n_idents; i++)
		if (sv_eq(who.idents[i].id, c->iid))
			found = &who.idents[i];
	if (rc == 0)
		rc = found ? cust_ident_remove(db, c->a->o.cust, found->customer, found,
					       sv_of(c->by), clk_wall_ms()) :
			     ERR_NOTFOUND;
	cust_done(&who);
	return rc;
}

void api_customer_ident_delete(struct web_req *r, void *arg)
{
	struct change *c = change_new(arg, r, "customer.write", false);
	if (!c)
		return;
	c->iid = arena_sv(&c->arena, web_req_param(r, "iid"));
	change_start(c, ident_delete);
}

/* ---- joining ---- */

static int join_write(struct change *c, struct store_db *db)
{
	c->why = "These two cannot be joined: the same one, an erased one, or too many together.";
	return cust_join(db, c->a_id, c->b_id, jv_get_str(c->body, "reason"), 1.0, sv_of(c->by),
			 clk_wall_ms());
}

static int unjoin_write(struct change *c, struct store_db *db)
{
	return cust_unjoin(db, c->a_id, c->b_id, sv_of(c->by), clk_wall_ms());
}

static int apart_write(struct change *c, struct store_db *db)
{
	return cust_proposal_no(db, c->a_id, c->b_id, sv_of(c->by), clk_wall_ms());
}

static struct change *two_of(struct web_req *r, void *arg)
{
	struct change *c = change_new(arg, r, "customer.join", true);
	if (!c)
		return NULL;
	c->a_id = c->id = jv_get_str(c->body, "a");
	c->b_id = jv_get_str(c->body, "b");
	c->version = -1;
	if (c->a_id.n && c->b_id.n)
		return c;
	refuse(c, "Give a and b, the ids of two customers.");
	return NULL;
}

void api_customer_join(struct web_req *r, void *arg)
{
	struct change *c = two_of(r, arg);
	if (c && !sv_trim(jv_get_str(c->body, "reason")).n)
		refuse(c, "Give reason: why they are one person.");
	else if (c)
		change_start(c, join_write);
}

void api_customer_unjoin(struct web_req *r, void *arg)
{
	struct change *c = two_of(r, arg);
	if (c)
		change_start(c, unjoin_write);
}

void api_customer_apart(struct web_req *r, void *arg)
{
	struct change *c = two_of(r, arg);
	if (c)
		change_start(c, apart_write);
}

/* ---- consent ---- */

static int consent_write(struct change *c, struct store_db *db)
{
	c->why = "channel is phone, sms, email or chat; purpose is service, marketing or "
		 "recording; the "
		 "customer was not erased.";
	return cust_consent_put(db, c->id, jv_get_str(c->body, "channel"),
				jv_get_str(c->body, "purpose"), jv_get_bool(c->body, "yes", false),
				jv_get_str(c->body, "source"), sv_of(c->by), clk_wall_ms());
}

void api_customer_consent(struct web_req *r, void *arg)
{
	struct change *c = change_new(arg, r, "customer.write", true);
	if (c && !jv_is_bool(jv_get(c->body, "yes")))
		refuse(c, "Give channel, purpose, yes (true or false) and source.");
	else if (c)
		change_start(c, consent_write);
}

/* ---- erasing ---- */

static int erase_write(struct change *c, struct store_db *db)
{
	c->why = "A ticket or hand-over is still open: close it, or say ?force=1.";
	return cust_erase(db, c->id, c->force, sv_of(c->by), clk_wall_ms(), &c->files);
}

/* Files are deleted on a worker, after the rows are gone. */
static void files_run(struct api_query *q, struct store_db *db)
{
	int n = api_erase_files(q->a->o.data_dir, q->s1);
	(void)db;
	sb_fmt(&q->out, "{\"erased\":true,\"files\":%d}", n);
}

static void erased(struct change *c)
{
	struct api_query *q = api_query_new(c->a, c->r);
	q->s1 = arena_sv(&q->arena, sb_sv(&c->files));
	q->run = files_run;
	api_query_start(q);
}

void api_customer_erase(struct web_req *r, void *arg)
{
	struct change *c = change_new(arg, r, "customer.erase", false);
	if (!c)
		return;
	c->force = sv_eq(web_req_arg(r, "force"), SV("1"));
	c->over = erased;
	sb_init(&c->files, 1u << 20);
	change_start(c, erase_write);
}

/* A log for replay may have gone on in further files after a restart. */
static int erase_named(const char *dir, sv name)
{
	char path[4400];
	int n = 0;
	bool log = sv_ends(name, SV(".jsonl"));
	sv stem = sv_slice(name, 0, name.n - (log ? strlen(".jsonl") : 0));
	bool ours = sv_starts(name, SV("recordings/")) || sv_starts(name, SV("messages/"));
	if (!ours || name.n > 300 || sv_find(name, SV("..")) >= 0)
		return 0;
	for (int i = 1; i < (log ? 100 : 2); i++) {
		if (i == 1)
			snprintf(path, sizeof(path), "%s/" SV_FMT, dir, SV_ARG(name));
		else
			snprintf(path, sizeof(path), "%s/" SV_FMT ".%d.jsonl", dir,
				 SV_ARG(stem), i);
		if (unlink(path) != 0)
			break;
		n++;
	}
	return n;
}

int api_erase_files(const char *dir, sv files)
{
	sv name;
	int n = 0;
	while (dir && sv_line(&files, &name))
		n += erase_named(dir, name);
	return n;
}
