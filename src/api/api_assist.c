/* api_assist.c: what conversations came to, canned answers and codes, translations, thumbs
 * (docs/assist.md).
 *
 * Summaries are read on a worker and kept on the scribe; the ETag is the version of what is kept,
 * "0" while nobody kept any. The language model's answers come to the door's mailbox. A thumb is
 * a row of its conversation, written by the engine. */
#include "api_assist.h"
#include "api_int.h"
#include "assist.h"
#include "feel.h"
#include "talk_people.h"

#include <stdio.h>

#define TRANSLATE_MOST 4000          /* code points */

static bool have_assist(struct api *a, struct web_req *r)
{
	if (!a->o.assist)
		api_problem(r, 503, "There is no help for agents here.");
	return a->o.assist != NULL;
}

/* ---- lists ---- */

static void give_list(struct web_req *r, struct api *a, const char *list)
{
	struct sb out;
	if (!api_may(a, r, "summary.read", NULL) || !have_assist(a, r))
		return;
	sb_init(&out, LIM_JSON_BYTES);
	if (assist_plan_json(assist_named(a->o.assist)->plan, list, &out))
		api_problem(r, 500, "The list is too large.");
	else
		web_reply(r, 200, "application/json", sb_sv(&out), NULL);
	sb_done(&out);
}

void api_canned(struct web_req *r, void *arg)
{
	give_list(r, arg, "canned");
}

void api_dispositions(struct web_req *r, void *arg)
{
	give_list(r, arg, "dispositions");
}

/* ---- summaries ---- */

/* s1 conversation; i1 gets the version */
static void summary_run(struct api_query *q, struct store_db *db)
{
	jv *o = NULL;
	int rc = assist_summary_get(db, q->s1, assist_named(q->a->o.assist), &o, &q->i1);
	if (rc) {
		q->status = err_http(rc);
		q->detail = rc == ERR_NOTFOUND ? "There is no such conversation." :
						 "The database could not be read.";
		return;
	}
	jv_set_str(o, "conversation", q->s1);
	jv_set_int(o, "version", q->i1);
	jv_dump(o, &q->out);
	jv_free(o);
}

static void summary_done(struct api_query *q)
{
	if (q->status >= 400)
		api_problem(q->r, q->status, q->detail);
	else
		api_reply_version(q->r, 200, sb_sv(&q->out), q->i1);
	api_query_free(q);
}

void api_summary(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "summary.read", &u) || !have_assist(a, r))
		return;
	struct api_query *q = api_query_new(a, r);
	api_scope_of(a, &u, web_req_param(r, "id"), &q->scope);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->run = summary_run;
	q->done = summary_done;
	q->settled = true;
	api_query_start(q);
}

struct keep {
	struct api *a;
	struct web_req *r;
	struct assist_edit x;
	const struct guard_masks *masks;     /* of who writes */
	jv *body;
	char id[64], by[64];
	struct sb json;              /* what is kept now */
};

static bool unmask_text(const struct keep *k, const jv *stored, jv *given)
{
	struct sb out;
	sb_init(&out, LIM_JSON_BYTES);
	bool ok = api_unmask(k->masks, jv_get_str(stored, "text"), jv_get_str(given, "text"), &out);
	if (ok && out.n)
		jv_set_str(given, "text", sb_sv(&out));
	sb_done(&out);
	return ok;
}

/* The one at its place first: it may have been moved. */
static bool unmask_follow_up(const struct keep *k, const jv *stored, jv *given, size_t at)
{
	const jv *list = jv_get(stored, "follow_ups");
	if (unmask_text(k, jv_at(list, at), given))
		return true;
	for (size_t i = 0; i < jv_len(list); i++)
		if (i != at && unmask_text(k, jv_at(list, i), given))
			return true;
	return false;
}

/* What was shown masked is not saved over the truth. ERR_CONFLICT: another version. */
static int unmask(struct keep *k, struct store_db *db)
{
	jv *stored = NULL;
	int64_t version = 0;
	int rc = assist_summary_get(db, k->x.conversation, k->x.with, &stored, &version);
	if (rc == 0 && version != k->x.version)
		rc = ERR_CONFLICT;
	jv *list = jv_get(k->body, "follow_ups");
	bool ok = rc || unmask_text(k, stored, k->body);
	for (size_t i = 0; rc == 0 && ok && i < jv_len(list); i++)
		ok = unmask_follow_up(k, stored, jv_at(list, i), i);
	jv_free(stored);
	if (!ok)
		k->x.why = API_MASKED;
	return rc ? rc : ok ? 0 : ERR_INVAL;
}

static void keep_free(struct keep *k)
{
	jv_free(k->body);
	sb_done(&k->json);
	xfree(k);
}

static int keep_write(void *arg, struct store_db *db)
{
	struct keep *k = arg;
	jv *o = NULL;
	int64_t version = 0;
	int rc = assist_summary_put(db, &k->x);
	if (rc == 0)
		rc = assist_summary_get(db, k->x.conversation, k->x.with, &o, &version);
	if (rc)
		return rc;
	jv_set_str(o, "conversation", k->x.conversation);
	jv_dump(o, &k->json);
	jv_free(o);
	return sb_err(&k->json);
}

static void kept(void *arg, int rc)
{
	struct keep *k = arg;
	if (rc == ERR_CONFLICT)
		api_problem(k->r, 412, "Somebody has changed it meanwhile; read it again.");
	else if (rc)
		api_problem(k->r, err_http(rc),
			    k->x.why		 ? k->x.why :
			    rc == ERR_NOTFOUND ? "There is no such conversation." :
						 "It could not be saved; try again.");
	else
		api_reply_version(k->r, 200, sb_sv(&k->json), k->x.new_version);
	keep_free(k);
}

static void keep_run(struct api_query *q, struct store_db *db)
{
	q->i1 = unmask(q->p, db);
}

static void keep_looked(struct api_query *q)
{
	struct keep *k = q->p;
	int rc = (int)q->i1, status = q->status;
	const char *detail = q->detail;
	api_query_free(q);
	if (status >= 400) {
		api_problem(k->r, status, detail);
		keep_free(k);
		return;
	}
	rc = rc ? rc : store_write(k->a->o.store, keep_write, k, k->a->mbox, kept);
	if (rc)
		kept(k, rc);
}

/* "3" of If-Match; false: answered. */
static bool version_of(struct web_req *r, int64_t *ret)
{
	if (api_if_match(r, ret) > 0)
		return true;
	api_problem(r, 428, "Give If-Match with the ETag of the summary that was read.");
	return false;
}

void api_summary_put(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	int64_t version = 0;
	sv id = web_req_param(r, "id");
	if (!api_may(a, r, "summary.write", &u) || !have_assist(a, r) || !version_of(r, &version))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	struct keep *k = xalloc(sizeof(*k));
	k->a = a;
	k->r = r;
	k->masks = web_req_user(r);
	k->body = body;
	sb_init(&k->json, LIM_JSON_BYTES);
	(void)snprintf(k->id, sizeof(k->id), SV_FMT, SV_ARG(id));
	(void)snprintf(k->by, sizeof(k->by), "%s", u.login);
	k->x = (struct assist_edit){ .conversation = sv_of(k->id), .by = sv_of(k->by),
				     .body = body, .version = version, .now_ms = clk_wall_ms(),
				     .with = assist_named(a->o.assist) };
	struct api_query *q = api_query_new(a, r);
	q->p = k;
	q->s1 = arena_sv(&q->arena, id);
	api_scope_of(a, &u, id, &q->scope);
	q->run = keep_run;
	q->done = keep_looked;
	q->settled = true;
	api_query_start(q);
}

/* ---- the language model ---- */

static void reworded(void *arg, int err, sv text)
{
	struct web_req *r = arg;
	if (err)
		api_problem(r, err_http(err),
			    err == ERR_NOTFOUND ? "There is no such conversation." :
						  "It could not be done; try again.");
	else
		web_reply(r, 200, "application/json", text, NULL);
}

/* Whose conversation it is (s1, scope), and nothing more. */
static void scope_run(struct api_query *q, struct store_db *db)
{
}

static void reword_done(struct api_query *q)
{
	int rc = q->status >= 400 ? 0 : assist_reword(q->a->o.assist, q->s1, q->a->mbox, reworded,
						      q->r);
	if (q->status >= 400)
		api_problem(q->r, q->status, q->detail);
	else if (rc)
		api_problem(q->r, err_http(rc), "Too much happens; try again.");
	api_query_free(q);
}

void api_summary_reword(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "summary.write", &u) || !have_assist(a, r))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	api_scope_of(a, &u, q->s1, &q->scope);
	q->run = scope_run;
	q->done = reword_done;
	q->settled = true;
	api_query_start(q);
}

static void translated(void *arg, int err, sv text)
{
	struct web_req *r = arg;
	if (err == ERR_NOTFOUND || err == ERR_CLOSED) {
		api_problem_code(r, 503, "no_model",
				 "Translation is not available: no language model is there.");
	} else if (err == ERR_DENIED) {
		api_problem(r, 502, "The translation was refused: numbers, codes or names were not "
				    "kept.");
	} else if (err) {
		api_problem(r, 502, "The language model did not answer; try again.");
	} else {
		jv *o = jv_obj();
		jv_set_str(o, "text", text);
		web_reply_json(r, 200, o);
	}
}

/* "zh" or "en"; NULL for any other. */
static const char *lang_of(sv s)
{
	return sv_eq(s, SV("zh")) ? "zh" : sv_eq(s, SV("en")) ? "en" : NULL;
}

const char *api_written_in(sv text)
{
	char lang[4] = "";
	(void)feel_language(text, lang);
	return strcmp(lang, "zh") == 0 ? "zh" : "en";
}

void api_translate(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "conversation.translate", NULL) || !have_assist(a, r))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv text = jv_get_str(body, "text"), from = jv_get_str(body, "from");
	const char *to = lang_of(jv_get_str(body, "to"));
	const char *of = from.n ? lang_of(from) : api_written_in(text);
	if (!sv_trim(text).n || sv_runes(text) > TRANSLATE_MOST)
		api_problem(r, 400, "text must have 1 to 4000 characters.");
	else if (!to || !of)
		api_problem(r, 400, "to, and from if it is given, must be zh or en.");
	else if (strcmp(of, to) == 0)
		translated(r, 0, text);
	else if (assist_translate(a->o.assist, text, of, to, a->mbox, translated, r))
		api_problem(r, 503, "Too much happens; try again.");
	jv_free(body);
}

/* ---- thumbs ---- */

static void thumbed(void *arg, int err)
{
	struct web_req *r = arg;
	if (err)
		api_problem(r, err == ERR_NOTFOUND ? 404 : err_http(err),
			    err == ERR_NOTFOUND ? "There is no such conversation." :
						  "It could not be noted; try again.");
	else
		web_reply(r, 204, NULL, SV(""), NULL);
}

/* s2 the user, empty: the customer; s3 the row's body */
static void feedback_done(struct api_query *q)
{
	const struct talk_word w = { .kind = WORD_ROW, .conversation = q->s1,
				     .why = SV("feedback"), .text = q->s3, .agent = q->s2,
				     .back = q->a->mbox, .done = thumbed, .arg = q->r };
	int rc = q->status >= 400 ? 0 : api_word(q->a, &w);
	if (q->status >= 400)
		api_problem(q->r, q->status, q->detail);
	else if (rc)
		thumbed(q->r, rc);
	api_query_free(q);
}

void api_feedback(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user who = { .login = "" };
	sv id = web_req_param(r, "id");
	struct api_scope scope;      /* whoever reads it may say of an answer whether it helped */
	if (!api_need_conversation(a, r, id, &scope) ||
	    (api_signed_in(a, r) && !api_need_user(a, r, &who)))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv value = jv_get_str(body, "value");
	int64_t turn = jv_get_int(body, "turn", 0);
	bool up = sv_eq(value, SV("up"));
	if (!up && !sv_eq(value, SV("down"))) {
		api_problem(r, 400, "value must be up or down.");
	} else if (turn < 0 || turn > 100000) {
		api_problem(r, 400, "turn is the number of the answer's turn.");
	} else {
		struct api_query *q = api_query_new(a, r);
		q->s1 = arena_sv(&q->arena, id);
		q->s2 = arena_sv(&q->arena, sv_of(who.login));
		q->s3 = sv_of(arena_fmt(&q->arena, "{\"value\":\"%s\",\"turn\":%lld}",
					up ? "up" : "down", (long long)turn));
		q->scope = scope;
		q->run = scope_run;
		q->done = feedback_done;
		q->settled = true;
		api_query_start(q);
	}
	jv_free(body);
}
