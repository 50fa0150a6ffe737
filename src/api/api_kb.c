/* api_kb.c: the knowledge base from outside: search with reasons, the customer's answer, the
 * articles. */
#include "api_int.h"

#include <stdio.h>

#define TURNS_AT_ONCE 64

/* ---- search: on a worker, over the live index ---- */

struct search {
	struct api *a;
	struct web_req *r;
	struct kb_index *ix;
	struct arena arena;
	struct kb_query q;
	struct kb_result res;
	int64_t us;
	int rc;
};

static void search_free(struct search *s)
{
	obj_unref(s->ix);
	arena_done(&s->arena);
	xfree(s);
}

static void search_job(void *arg)
{
	struct search *s = arg;
	int64_t began = clk_mono_us();
	s->rc = kb_search(s->ix, &s->q, &s->arena, &s->res);
	s->us = clk_mono_us() - began;
	metric_observe_us(M_KB_SEARCH_US, s->us);
}

static void set_day(jv *o, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	if (ms)
		jv_set_str(o, key, sv_of(when));
	else
		jv_set(o, key, jv_null());
}

jv *api_hit_json(const struct kb_hit *h)
{
	jv *o = jv_obj();
	jv_set_str(o, "article_id", h->article_id);
	jv_set_str(o, "title", h->title);
	jv_set_str(o, "heading", h->heading);
	jv_set_str(o, "passage", h->passage);
	jv_set_str(o, "quote", h->quote);
	jv_set_num(o, "score", h->score);
	jv_set_num(o, "p", h->p);
	jv_set_str(o, "source", h->source);
	jv_set_str(o, "lang", h->lang);
	jv_set_int(o, "version", h->version);
	char buf[512];
	jv_set_str(o, "passage_id", kb_passage_id(h, buf));
	set_day(o, "valid_from", h->valid_from_ms);
	set_day(o, "valid_to", h->valid_to_ms);
	jv *why = jv_obj();
	jv_set_num(why, "bm25", h->why.bm25);
	jv_set_num(why, "title", h->why.title);
	jv_set_num(why, "alias", h->why.alias);
	jv_set_num(why, "coverage", h->why.coverage);
	jv_set(o, "why", why);
	return o;
}

/* A hit, and who may read it. */
static jv *found_json(const struct kb_index *ix, const struct kb_hit *h)
{
	struct kb_article art;
	jv *o = api_hit_json(h);
	bool all = kb_get(ix, h->article_id, &art) || !art.audience.n;
	jv_set_str(o, "audience", all ? SV("public") : art.audience);
	return o;
}

static void search_done(void *arg)
{
	struct search *s = arg;
	jv *out = jv_obj(), *hits = jv_arr();
	for (size_t i = 0; s->rc == 0 && i < s->res.n; i++)
		jv_push(hits, found_json(s->ix, &s->res.hits[i]));
	jv_set(out, "hits", hits);
	jv_set_bool(out, "answerable", s->res.answerable);
	jv_set_num(out, "took_ms", (double)s->us / 1000.0);
	if (s->rc == 0) {
		web_reply_json(s->r, 200, out);
	} else {
		jv_free(out);
		api_problem(s->r, s->rc, "The search failed.");
	}
	search_free(s);
}

void api_kb_search(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "bot.use", &u))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv query = jv_get_str(body, "query");
	if (!sv_trim(query).n || sv_runes(query) > LIM_TEXT_MSG) {
		api_problem(r, query.n ? 413 : 400,
			    "Give query, the text to look for, at most 4000 characters.");
		jv_free(body);
		return;
	}
	struct search *s = xalloc(sizeof(*s));
	s->a = a;
	s->r = r;
	arena_init(&s->arena, LIM_ARENA_TURN);
	int64_t k = jv_get_int(body, "k", 8);
	s->q = (struct kb_query){ .text = arena_sv(&s->arena, query),
				  .k = (int)(k < 1  ? 1 :
					     k > 20 ? 20 :
						      k),
				  .lang = arena_sv(&s->arena, jv_get_str(body, "lang")),
				  .category = arena_sv(&s->arena, jv_get_str(body, "category")),
				  .source = arena_sv(&s->arena, jv_get_str(body, "source")),
				  .audience = arena_sv(&s->arena, sv_of(u.role)) };
	jv_free(body);
	s->ix = snap_get(a->o.kb);
	if (!s->ix || pool_submit(a->o.pool, search_job, s, a->mbox, search_done)) {
		api_problem(r, 503, "The knowledge base is not ready; try again.");
		search_free(s);
	}
}

/* ---- one turn as a customer would get it: runs on a shard ---- */

struct turn {
	struct api_due due;
	struct api *a;
	struct talk_shard *shard;
	char *text, *lang;
	jv *reply;
	void (*over)(void *arg, int status, jv *reply_moved);   /* NULL once called */
	void *arg;
};

static void turn_reply(void *arg)
{
	struct turn *t = arg;
	api_due_cut(t->a, &t->due);
	if (!t->over)
		jv_free(t->reply);
	else
		t->over(t->arg, t->reply ? 200 : 503, t->reply);
	t->a->turns--;
	xfree(t->text);
	xfree(t->lang);
	xfree(t);
}

/* The shard still has it: its answer frees it. */
static void turn_late(struct api_due *d)
{
	struct turn *t = (struct turn *)(void *)d;
	t->over(t->arg, 504, NULL);
	t->over = NULL;
}

static void turn_on_reply(void *arg, jv *reply)
{
	struct turn *t = arg;
	t->reply = reply;
	mbox_post(t->a->mbox, turn_reply, t);
}

static void turn_ask(void *arg)
{
	struct turn *t = arg;
	talk_ask(t->shard, sv_of(t->text), sv_of(t->lang), turn_on_reply, t);
}

int api_turn(struct api *a, sv text, sv lang,
	     void (*over)(void *arg, int status, jv *reply_moved), void *arg)
{
	if (!sv_trim(text).n || lang.n > 16)
		return ERR_INVAL;
	if (sv_runes(text) > LIM_TEXT_MSG)
		return ERR_TOOBIG;
	struct talk_shard *s = a->turns < TURNS_AT_ONCE ? talk_hub_pick(a->o.hub, a->next++) : NULL;
	if (!s)
		return ERR_FULL;
	struct turn *t = xalloc(sizeof(*t));
	*t = (struct turn){ .a = a, .shard = s, .text = xstrdup(text), .lang = xstrdup(lang),
			    .over = over, .arg = arg };
	a->turns++;
	api_due_add(a, &t->due, turn_late);
	if (mbox_post(talk_shard_mbox(s), turn_ask, t)) {
		t->over = NULL;
		turn_reply(t);
		return ERR_FULL;
	}
	return 0;
}

static void bot_turn_over(void *arg, int status, jv *reply)
{
	if (status == 200)
		web_reply_json(arg, 200, reply);
	else
		api_problem(arg, status, status == 504 ? "The turn was not answered in time." :
							 "The turn was not answered.");
}

void api_bot_turn(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "bot.use", NULL))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	int rc = api_turn(a, jv_get_str(body, "text"), jv_get_str(body, "lang"), bot_turn_over, r);
	if (rc == ERR_INVAL)
		api_problem(r, 400, "Give text, what the customer says.");
	else if (rc)
		api_problem(r, rc == ERR_TOOBIG ? 413 : 503,
			    rc == ERR_TOOBIG ? "text may have 4000 characters at most." :
					       "Too many turns are under way.");
	jv_free(body);
}

/* ---- what is lacking: looked at in the night, or now ---- */

void api_kb_learn(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "kb.learn", NULL))
		return;
	int rc = a->o.learn ? a->o.learn(a->o.learn_arg) : ERR_UNSUPPORTED;
	if (rc == 0)
		web_reply_json(r, 202, jv_obj());
	else
		api_problem(r, rc == ERR_AGAIN ? 409 : 503,
			    rc == ERR_AGAIN ? "It is being looked at already." :
					      "This server does not look at conversations.");
}

/* ---- articles ---- */

void api_put(struct sb *b, const char *key, sv v)
{
	sb_fmt(b, ",\"%s\":", key);
	sb_json(b, v);
}

void api_put_ms(struct sb *b, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	sb_fmt(b, ms ? ",\"%s\":\"%s\"" : ",\"%s\":null", key, when);
}

#define ARTICLE_COLS \
	"id, lang, title, category, version, status, valid_from_ms, valid_to_ms, updated_ms, " \
	"audience"

static void put_article(struct store_stmt *st, struct sb *b)
{
	sb_cstr(b, "{\"id\":");
	sb_json(b, store_col_sv(st, 0));
	api_put(b, "lang", store_col_sv(st, 1));
	api_put(b, "title", store_col_sv(st, 2));
	api_put(b, "category", store_col_sv(st, 3));
	sb_fmt(b, ",\"version\":%lld", (long long)store_col_int(st, 4));
	api_put(b, "status", store_col_sv(st, 5));
	api_put_ms(b, "valid_from", store_col_int(st, 6));
	api_put_ms(b, "valid_to", store_col_int(st, 7));
	api_put_ms(b, "updated_at", store_col_int(st, 8));
	api_put(b, "audience", store_col_sv(st, 9));
}

/* Ordered by id and language; the cursor is "lang.id" of the last row. */
void api_articles_run(struct api_query *q, struct store_db *db)
{
	static const char sql[] =
		"SELECT " ARTICLE_COLS
		" FROM article WHERE (?1='' OR lang=?1) AND (?2='' OR category=?2) "
		"AND (?3='' OR lower(title) LIKE lower(?3) ESCAPE '!') AND (id>?4 OR (id=?4 "
		"AND lang>?5)) "
		"ORDER BY id, lang LIMIT ?6";
	struct store_stmt *st;
	if (store_prep(db, &st, sql)) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, q->s1);
	store_bind_sv(st, 2, q->s2);
	store_bind_sv(st, 3, q->s3);
	sv lang = SV(""), id = q->s4;
	if (q->s4.n)
		sv_cut(&id, '.', &lang);
	store_bind_sv(st, 4, id);
	store_bind_sv(st, 5, lang);
	store_bind_int(st, 6, q->i1 + 1);
	int64_t n = 0;
	bool more = false;
	sv last = SV_NULL;
	sb_cstr(&q->out, "{\"items\":[");
	while (api_row(q, st)) {
		more = n == q->i1;
		if (more)
			break;
		if (n++)
			sb_ch(&q->out, ',');
		put_article(st, &q->out);
		sb_ch(&q->out, '}');
		if (n == q->i1)
			last = sv_of(arena_fmt(&q->arena, SV_FMT "." SV_FMT,
					       SV_ARG(store_col_sv(st, 1)),
					       SV_ARG(store_col_sv(st, 0))));
	}
	store_reset(st);
	sb_cstr(&q->out, "],\"next_cursor\":");
	if (more)
		sb_json(&q->out, last);
	else
		sb_cstr(&q->out, "null");
	sb_ch(&q->out, '}');
}

static sv kept(struct arena *a, sv s)
{
	return s.n ? arena_sv(a, s) : SV("");
}

/* What contains q literally: % and _ of the customer are no wild cards. */
sv api_like(struct arena *a, sv q)
{
	struct sb b;
	if (!q.n)
		return SV("");
	sb_init(&b, 64u << 10);
	sb_ch(&b, '%');
	for (size_t i = 0; i < q.n; i++) {
		if (q.p[i] == '%' || q.p[i] == '_' || q.p[i] == '!')
			sb_ch(&b, '!');
		sb_ch(&b, q.p[i]);
	}
	sb_ch(&b, '%');
	sv s = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return s;
}

void api_articles(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "article.read", NULL))
		return;
	sv cursor = web_req_arg(r, "cursor");
	if (cursor.n && sv_find_ch(cursor, '.') < 0) {
		api_problem(r, 400, "cursor must be the next_cursor of an earlier answer.");
		return;
	}
	struct api_query *q = api_query_new(a, r);
	int64_t limit = 100;
	if (sv_i64(web_req_arg(r, "limit"), &limit) || limit < 1 || limit > 500)
		limit = 100;
	q->s1 = kept(&q->arena, web_req_arg(r, "lang"));
	q->s2 = kept(&q->arena, web_req_arg(r, "category"));
	q->s3 = api_like(&q->arena, web_req_arg(r, "q"));
	q->s4 = kept(&q->arena, cursor);
	q->i1 = limit;
	q->run = api_articles_run;
	api_query_start(q);
}

void api_article_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	q->status = 404;
	q->detail = "There is no such article.";
	if (store_prep(db, &st,
		       "SELECT " ARTICLE_COLS
		       ", body_md, aliases, source FROM article WHERE id=?1"))
		return;
	store_bind_sv(st, 1, q->s1);
	if (api_row(q, st)) {
		put_article(st, &q->out);
		api_put(&q->out, "body_md", store_col_sv(st, 10));
		api_put(&q->out, "aliases", store_col_sv(st, 11));
		api_put(&q->out, "source", store_col_sv(st, 12));
		sb_ch(&q->out, '}');
		q->status = 200;
	}
	store_reset(st);
}

void api_article(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "article.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->etag = true;
	q->run = api_article_run;
	api_query_start(q);
}
