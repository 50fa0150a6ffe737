/* api_article.c: articles written in the console: saved as the next version (searchable as soon as
 * the live index has read it), retired, brought back, and every version read again.
 *
 * A save carries the ETag of what the editor was shown, so that two people never write over each
 * other; the rows and a row of the river are one write on the scribe. Door's thread; rows are read
 * on workers. docs/kb.md has the HTTP side. */
#include "api_int.h"

#include <stdio.h>

enum verb { PUT, RETIRE, ROLLBACK };
enum { TITLE_MAX = 200, BODY_MAX = 200 << 10, ALIASES_MAX = 16 << 10, ID_MAX = 120, WORD_MAX = 60 };
#define FIELDS \
	"|title|body_md|aliases|category|lang|group_id|valid_from|valid_to|source|audience|note|"

struct save {
	struct api *a;
	struct web_req *r;
	enum verb verb;
	struct arena arena;
	struct kb_article art;
	sv id, match, note;
	bool none_yet;               /* If-None-Match: *: only if there is none */
	int64_t version;             /* ROLLBACK: asked for */
	bool changed;
	char by[64];
	int status;                  /* >= 400: refused, with */
	const char *detail;
};

static void save_free(struct save *x)
{
	arena_done(&x->arena);
	xfree(x);
}

static int refuse(struct save *x, int status, const char *detail)
{
	x->status = status;
	x->detail = detail;
	return ERR_STATE;
}

/* ---- the rows; on the scribe ---- */

/* The ETag that GET gives for the row as it is now; "" when there is none. */
static int tag_now(struct save *x, struct store_db *db, char tag[24])
{
	struct api_query q = { .s1 = x->id, .status = 200 };
	sb_init(&q.out, 16u << 20);
	arena_init(&q.arena, LIM_ARENA_TURN);
	api_article_run(&q, db);
	tag[0] = 0;
	if (q.status == 200)
		(void)snprintf(tag, 24, "\"%016llx\"",
			       (unsigned long long)sv_hash(sb_sv(&q.out)));
	sb_done(&q.out);
	arena_done(&q.arena);
	return q.status == 500 ? ERR_IO : 0;
}

static int write_event(struct save *x, struct store_db *db, const char *kind)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"id\":");
	sb_json(&b, x->id);
	sb_cstr(&b, ",\"title\":");
	sb_json(&b, x->art.title);
	sb_cstr(&b, ",\"note\":");
	sb_json(&b, x->note);
	if (x->version)
		sb_fmt(&b, ",\"from_version\":%lld", (long long)x->version);
	sb_ch(&b, '}');
	const struct store_event ev = { .kind = sv_of(kind), .actor = sv_of(x->by),
					.body = sb_sv(&b) };
	int rc = store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

#define PART_COLS \
	"title, body_md, aliases, category, lang, group_id, valid_from_ms, valid_to_ms, " \
	"source, audience"

static sv col(struct save *x, struct store_stmt *q, int i)
{
	sv s = store_col_sv(q, i);
	return s.n ? arena_sv(&x->arena, s) : SV("");
}

static void take_row(struct save *x, struct store_stmt *q)
{
	x->art = (struct kb_article){ .id = x->id,
				      .title = col(x, q, 0),
				      .body_md = col(x, q, 1),
				      .aliases = col(x, q, 2),
				      .category = col(x, q, 3),
				      .lang = col(x, q, 4),
				      .group_id = col(x, q, 5),
				      .valid_from_ms = store_col_int(q, 6),
				      .valid_to_ms = store_col_int(q, 7),
				      .source = col(x, q, 8),
				      .audience = col(x, q, 9) };
}

/* An older version's text, to become the newest. It opens nothing: where customers could read that
 * version and cannot read the one there is now, they still cannot (kb_put keeps who may). */
static int load_version(struct save *x, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT " PART_COLS " FROM article_version WHERE id=?1 AND "
				    "version=?2 UNION ALL SELECT " PART_COLS
				    " FROM article WHERE id=?1 AND version=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, x->id);
	store_bind_int(q, 2, x->version);
	rc = store_step(q);
	if (rc == 1)
		take_row(x, q);
	if (sv_eq(x->art.audience, SV("public")))
		x->art.audience = SV_NULL;
	store_reset(q);
	return rc == 1 ? 0 : rc < 0 ? rc : refuse(x, 404, "There is no such version.");
}

/* What an article that exists keeps: its language and group, and what the body does not name. */
static int keep_rest(struct save *x, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT " PART_COLS " FROM article WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, x->id);
	rc = store_step(q);
	if (rc == 1) {
		struct kb_article now = x->art;
		take_row(x, q);
		struct kb_article *a = &x->art;
		a->title = now.title.p ? now.title : a->title;
		a->body_md = now.body_md.p ? now.body_md : a->body_md;
		a->aliases = now.aliases.p ? now.aliases : a->aliases;
		a->category = now.category.p ? now.category : a->category;
		a->group_id = now.group_id.p ? now.group_id : a->group_id;
		a->source = now.source.p ? now.source : a->source;
		a->audience = now.audience.p ? now.audience : a->audience;
		a->valid_from_ms = now.valid_from_ms >= 0 ? now.valid_from_ms : a->valid_from_ms;
		a->valid_to_ms = now.valid_to_ms >= 0 ? now.valid_to_ms : a->valid_to_ms;
		if (now.lang.n && !sv_eq(now.lang, a->lang))
			rc = refuse(x, 409, "An article keeps its language: write another one.");
	}
	store_reset(q);
	return rc == 1 ? 0 : rc;
}

/* As in documents that are read: "en", "zh", "pt-br". */
static bool lang_fits(sv lang)
{
	if (lang.n < 2 || lang.n > 8)
		return false;
	for (size_t i = 0; i < lang.n; i++)
		if (!(lang.p[i] >= 'a' && lang.p[i] <= 'z') && lang.p[i] != '-')
			return false;
	return true;
}

/* fresh: there is no article of this id yet. */
static int complete(struct save *x, bool fresh)
{
	struct kb_article *a = &x->art;
	size_t dot = x->id.n;
	while (dot && x->id.p[dot - 1] != '.')
		dot--;
	if (!a->title.n || !a->body_md.n)
		return refuse(x, 400, "A new article needs title and body_md.");
	if (!a->lang.n && dot)
		a->lang = sv_slice(x->id, dot, x->id.n);
	if (fresh && !lang_fits(a->lang))
		return refuse(x, 400, "Give lang, such as en or zh, or an id that ends in it: "
				      "\"refunds.en\".");
	if (!a->group_id.n)
		a->group_id = dot ? sv_slice(x->id, 0, dot - 1) : x->id;
	a->source = a->source.n ? a->source : SV("console");
	a->valid_from_ms = a->valid_from_ms > 0 ? a->valid_from_ms : 0;
	a->valid_to_ms = a->valid_to_ms > 0 ? a->valid_to_ms : 0;
	if (a->valid_to_ms && a->valid_to_ms <= a->valid_from_ms)
		return refuse(x, 400, "valid_to must be after valid_from.");
	return 0;
}

static int save_write(void *arg, struct store_db *db)
{
	struct save *x = arg;
	char tag[24];
	int64_t now = clk_wall_ms();
	int rc = tag_now(x, db, tag);
	if (rc == 0 && x->none_yet && tag[0])
		rc = refuse(x, 412, "There is an article of this id already.");
	if (rc == 0 && x->match.n && !sv_eq(x->match, sv_of(tag)))
		rc = refuse(x, 412, "Somebody has saved another version meanwhile: load it, and "
				    "make your change there.");
	if (rc == 0 && x->verb != PUT && !tag[0])
		rc = refuse(x, 404, "There is no such article.");
	if (rc == 0 && x->verb == RETIRE) {
		rc = kb_retire(db, x->id, now);
		x->changed = rc == 0;
		rc = rc == ERR_NOTFOUND ? 0 : rc; /* it is retired */
		return rc == 0 && x->changed ? write_event(x, db, "article.retire") : rc;
	}
	if (rc == 0)
		rc = x->verb == ROLLBACK ? load_version(x, db) : keep_rest(x, db);
	if (rc == 0)
		rc = complete(x, !tag[0]);
	x->art.by = sv_of(x->by);
	if (rc == 0)
		rc = kb_put(db, &x->art, now, &x->changed);
	return rc == 0 && x->changed ? write_event(x, db, "article.put") : rc;
}

/* What is there now, with its ETag; If-None-Match was about the save, not about this answer. */
static void reply_saved(struct api_query *q)
{
	char line[48];
	(void)snprintf(line, sizeof(line), "ETag: \"%016llx\"\r\n",
		       (unsigned long long)sv_hash(sb_sv(&q->out)));
	if (q->status >= 400 || sb_err(&q->out))
		api_problem(q->r, q->status >= 400 ? q->status : 500, q->detail);
	else
		web_reply(q->r, 200, "application/json", sb_sv(&q->out), line);
	api_query_free(q);
}

static void save_done(void *arg, int err)
{
	struct save *x = arg;
	if (err) {
		api_problem(x->r, x->status ? x->status : err,
			    x->status ? x->detail : "It could not be saved; try again.");
	} else {
		struct api_query *q = api_query_new(x->a, x->r);
		q->s1 = arena_sv(&q->arena, x->id);
		q->done = reply_saved;
		q->run = api_article_run;
		api_query_start(q);
	}
	save_free(x);
}

/* ---- requests ---- */

/* Letters of any script, digits, - and _ and dots between. */
static bool id_fits(sv id)
{
	if (!id.n || id.n > ID_MAX || !sv_utf8_ok(id) || id.p[0] == '.' || id.p[id.n - 1] == '.')
		return false;
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];
		if (!(((unsigned char)c & 0x80) || (c >= 'a' && c <= 'z') ||
		      (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
		      c == '.'))
			return false;
	}
	return true;
}

/* Absent: a null view, which keeps what is there. */
static sv text_of(struct save *x, const jv *body, const char *name)
{
	const jv *v = jv_get(body, name);
	sv s = v ? jv_as_str(v) : SV_NULL;
	return !v ? SV_NULL : s.n ? arena_sv(&x->arena, s) : SV("");
}

/* A list, or lines. false: too long. */
static bool aliases_of(struct save *x, const jv *body, sv *ret)
{
	const jv *v = jv_get(body, "aliases");
	struct sb b;
	*ret = SV_NULL;
	if (!v || !jv_is_arr(v)) {
		*ret = text_of(x, body, "aliases");
		return ret->n <= ALIASES_MAX;
	}
	sb_init(&b, ALIASES_MAX);
	for (size_t i = 0; i < jv_len(v); i++) {
		sv one = sv_trim(jv_as_str(jv_at(v, i)));
		if (!one.n)
			continue;
		if (b.n)
			sb_ch(&b, '\n');
		sb_put(&b, one);
	}
	bool fits = sb_err(&b) == 0;
	*ret = fits && b.n ? arena_sv(&x->arena, sb_sv(&b)) : SV("");
	sb_done(&b);
	return fits;
}

/* public, agent (all staff), or role:NAME. */
static bool audience_fits(sv s)
{
	if (sv_eq(s, SV("public")) || sv_eq(s, SV("agent")))
		return true;
	if (!sv_starts(s, SV("role:")) || s.n <= 5 || s.n > 5 + WORD_MAX)
		return false;
	for (size_t i = 5; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    s.p[i] != '-' && s.p[i] != '_')
			return false;
	return true;
}

/* -1: not named; 0: open. false: not a time. */
static bool time_of(const jv *body, const char *name, int64_t *ret)
{
	const jv *v = jv_get(body, name);
	*ret = v ? 0 : -1;
	sv s = v ? jv_as_str(v) : SV_NULL;
	return !s.n || clk_parse_rfc3339(s, ret) == 0;
}

static const char *too_long(const struct kb_article *a, sv note)
{
	return sv_runes(a->title) > TITLE_MAX	  ? "title may have 200 characters." :
	       a->body_md.n > BODY_MAX		  ? "body_md may have 200 KiB." :
	       sv_runes(a->category) > WORD_MAX	  ? "category may have 60 characters." :
	       a->group_id.n > ID_MAX		  ? "group_id may have 120 characters." :
	       sv_runes(a->source) > TITLE_MAX	  ? "source may have 200 characters." :
	       a->lang.n > 16			  ? "lang is a language such as en or zh." :
	       sv_runes(note) > TITLE_MAX	  ? "note may have 200 characters." :
						    NULL;
}

/* NULL, or what is wrong with it. */
static const char *read_body(struct save *x, const jv *body)
{
	static char unknown[200];
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(body, &it, &key, &v)) {
		char word[80];
		(void)snprintf(word, sizeof(word), "|%.*s|", (int)(key.n < 60 ? key.n : 60), key.p);
		if (sv_find(SV(FIELDS), sv_of(word)) >= 0)
			continue;
		(void)snprintf(unknown, sizeof(unknown),
			       "There is no field \"%.*s\"; there are title, body_md, aliases, "
			       "category, lang, group_id, valid_from, valid_to, source, "
			       "audience, note.",
			       (int)(key.n < 40 ? key.n : 40), key.p);
		return unknown;
	}
	struct kb_article *a = &x->art;
	*a = (struct kb_article){ .id = x->id,
				  .title = text_of(x, body, "title"),
				  .body_md = text_of(x, body, "body_md"),
				  .category = text_of(x, body, "category"),
				  .lang = text_of(x, body, "lang"),
				  .group_id = text_of(x, body, "group_id"),
				  .source = text_of(x, body, "source"),
				  .audience = text_of(x, body, "audience") };
	x->note = text_of(x, body, "note");
	if (!aliases_of(x, body, &a->aliases))
		return "aliases may have 16 KiB.";
	if (a->audience.p && !audience_fits(a->audience))
		return "audience is public, agent (all staff) or role:NAME.";
	if ((a->title.p && !sv_trim(a->title).n) || (a->body_md.p && !sv_trim(a->body_md).n))
		return "title and body_md must not be empty.";
	if (!time_of(body, "valid_from", &a->valid_from_ms) ||
	    !time_of(body, "valid_to", &a->valid_to_ms))
		return "valid_from and valid_to are times such as 2026-12-31T00:00:00Z, or null.";
	return too_long(a, x->note);
}

static void start(struct web_req *r, void *arg, enum verb verb)
{
	struct api *a = arg;
	struct api_user u;
	sv id = web_req_param(r, "id");
	if (!api_may(a, r, "article.write", &u))
		return;
	if (!id_fits(id)) {
		api_problem(r, 400, "An article's id has letters, digits, dashes and dots, 120 at "
				    "most: \"refunds.en\".");
		return;
	}
	jv *body = verb == RETIRE ? jv_obj() : api_body(r);
	if (!body)
		return;
	struct save *x = xalloc(sizeof(*x));
	*x = (struct save){ .a = a, .r = r, .verb = verb };
	arena_init(&x->arena, LIM_ARENA_BIG);
	(void)snprintf(x->by, sizeof(x->by), "user:%.50s", u.login);
	x->id = arena_sv(&x->arena, id);
	sv match = web_req_header(r, "if-match");
	x->match = match.n && !sv_eq(match, SV("*")) ? arena_sv(&x->arena, match) : SV("");
	x->none_yet = sv_eq(web_req_header(r, "if-none-match"), SV("*"));
	const char *why = NULL;
	if (verb == PUT)
		why = read_body(x, body);
	x->version = verb == ROLLBACK ? jv_get_int(body, "version", 0) : 0;
	if (verb == ROLLBACK) {
		x->note = text_of(x, body, "note");
		why = x->version < 1 ? "Give version, the number to go back to." : NULL;
	}
	jv_free(body);
	int rc = why ? 0 : store_write(a->o.store, save_write, x, a->mbox, save_done);
	if (why || rc) {
		api_problem(r, why ? 400 : rc, why ? why : "The database is busy; try again.");
		save_free(x);
	}
}

void api_article_put(struct web_req *r, void *arg)
{
	start(r, arg, PUT);
}

void api_article_retire(struct web_req *r, void *arg)
{
	start(r, arg, RETIRE);
}

void api_article_rollback(struct web_req *r, void *arg)
{
	start(r, arg, ROLLBACK);
}

/* ---- versions; on a worker ---- */

/* q->i1: one version with its text; 0: the list, newest first. */
static void versions_run(struct api_query *q, struct store_db *db)
{
	static const char sql[] =
		"SELECT version, status, title, updated_ms, valid_from_ms, valid_to_ms, "
		"source, updated_by, audience, category, aliases, body_md FROM (SELECT version, "
		"status, title, updated_ms, valid_from_ms, valid_to_ms, source, updated_by, "
		"audience, category, aliases, body_md FROM article WHERE id=?1 UNION ALL SELECT "
		"version, 'former', title, updated_ms, valid_from_ms, valid_to_ms, source, "
		"updated_by, audience, category, aliases, body_md FROM article_version WHERE "
		"id=?1) v WHERE (?2=0 OR version=?2) ORDER BY version DESC LIMIT 200";
	struct store_stmt *st;
	int n = 0;
	if (store_prep(db, &st, sql)) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, q->s1);
	store_bind_int(st, 2, q->i1);
	if (!q->i1)
		sb_cstr(&q->out, "{\"items\":[");
	while (api_row(q, st)) {
		sb_fmt(&q->out, "%s{\"version\":%lld", n++ ? "," : "",
		       (long long)store_col_int(st, 0));
		api_put(&q->out, "state", store_col_sv(st, 1));
		api_put(&q->out, "title", store_col_sv(st, 2));
		api_put_ms(&q->out, "at", store_col_int(st, 3));
		api_put_ms(&q->out, "valid_from", store_col_int(st, 4));
		api_put_ms(&q->out, "valid_to", store_col_int(st, 5));
		api_put(&q->out, "source", store_col_sv(st, 6));
		api_put(&q->out, "by", store_col_sv(st, 7));
		api_put(&q->out, "audience", store_col_sv(st, 8));
		if (q->i1) {
			api_put(&q->out, "category", store_col_sv(st, 9));
			api_put(&q->out, "aliases", store_col_sv(st, 10));
			api_put(&q->out, "body_md", store_col_sv(st, 11));
		}
		sb_ch(&q->out, '}');
	}
	store_reset(st);
	if (!q->i1)
		sb_cstr(&q->out, "],\"next\":null}");
	if (!n && q->status == 200) {
		q->status = 404;
		q->detail = "There is no such article or version.";
	}
}

static void versions(struct web_req *r, void *arg, int64_t version)
{
	struct api *a = arg;
	if (!api_may(a, r, "article.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->i1 = version;
	q->settled = true;
	q->run = versions_run;
	api_query_start(q);
}

void api_article_versions(struct web_req *r, void *arg)
{
	versions(r, arg, 0);
}

void api_article_version(struct web_req *r, void *arg)
{
	int64_t v;
	if (sv_i64(web_req_param(r, "version"), &v) || v < 1)
		api_problem(r, 404, "There is no such article or version.");
	else
		versions(r, arg, v);
}
