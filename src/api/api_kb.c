/* api_kb.c: the knowledge base from outside: search with reasons, the customer's answer, the articles. */
#include "api_int.h"

#include <stdio.h>

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

static jv *hit_json(const struct kb_hit *h)
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

static void search_done(void *arg)
{
	struct search *s = arg;
	jv *out = jv_obj(), *hits = jv_arr();
	for (size_t i = 0; s->rc == 0 && i < s->res.n; i++)
		jv_push(hits, hit_json(&s->res.hits[i]));
	jv_set(out, "hits", hits);
	jv_set_bool(out, "answerable", s->res.answerable);
	jv_set_num(out, "took_ms", (double)s->us / 1000.0);
	web_reply_json(s->r, 200, out);
	obj_unref(s->ix);
	arena_done(&s->arena);
	xfree(s);
}

void api_kb_search(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_need_user(a, r, "admin|supervisor|agent", NULL))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv query = jv_get_str(body, "query");
	if (!query.n) {
		jv_free(body);
		web_reply_problem(r, 400, "Give query, the text to look for.");
		return;
	}
	struct search *s = xalloc(sizeof(*s));
	s->a = a;
	s->r = r;
	arena_init(&s->arena, LIM_ARENA_TURN);
	int64_t k = jv_get_int(body, "k", 8);
	s->q = (struct kb_query){ .text = arena_sv(&s->arena, query), .k = (int)(k < 1 ? 1 : k > 20 ? 20 : k),
				  .lang = arena_sv(&s->arena, jv_get_str(body, "lang")) };
	jv_free(body);
	s->ix = snap_get(a->o.kb);
	if (!s->ix || pool_submit(a->o.pool, search_job, s, a->mbox, search_done)) {
		web_reply_problem(r, 503, "The knowledge base is not ready; try again.");
		obj_unref(s->ix);
		arena_done(&s->arena);
		xfree(s);
	}
}

/* ---- one turn as a customer would get it: runs on a shard ---- */

struct turn {
	struct api *a;
	struct web_req *r;
	struct talk_shard *shard;
	char *text, *lang;
	jv *reply;
};

static void turn_reply(void *arg)
{
	struct turn *t = arg;
	if (t->reply)
		web_reply_json(t->r, 200, t->reply);
	else
		web_reply_problem(t->r, 503, "The turn was not answered.");
	xfree(t->text);
	xfree(t->lang);
	xfree(t);
}

static void turn_on_reply(void *arg, jv *reply)
{
	struct turn *t = arg;
	t->reply = reply;
	mbox_post(t->a->mbox, turn_reply, t);
}

static void turn_start(void *arg)
{
	struct turn *t = arg;
	talk_ask(t->shard, sv_of(t->text), sv_of(t->lang), turn_on_reply, t);
}

void api_bot_turn(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_need_user(a, r, "admin|supervisor|agent", NULL))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv text = jv_get_str(body, "text");
	struct talk_shard *s = talk_hub_pick(a->o.hub, a->next++);
	if (!sv_trim(text).n || !s) {
		jv_free(body);
		if (s)
			web_reply_problem(r, 400, "Give text, what the customer says.");
		else
			web_reply_problem(r, 503, "Too many conversations are open.");
		return;
	}
	struct turn *t = xalloc(sizeof(*t));
	*t = (struct turn){ a, r, s, xstrdup(text), xstrdup(jv_get_str(body, "lang")), NULL };
	jv_free(body);
	if (mbox_post(talk_shard_mbox(s), turn_start, t))
		turn_reply(t);
}

/* ---- articles ---- */

static void put(struct sb *b, const char *key, sv v)
{
	sb_fmt(b, ",\"%s\":", key);
	sb_json(b, v);
}

static void put_ms(struct sb *b, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	sb_fmt(b, ms ? ",\"%s\":\"%s\"" : ",\"%s\":null", key, when);
}

#define ARTICLE_COLS "id, lang, title, category, version, status, valid_from_ms, valid_to_ms, updated_ms"

static void put_article(struct store_stmt *st, struct sb *b)
{
	sb_cstr(b, "{\"id\":");
	sb_json(b, store_col_sv(st, 0));
	put(b, "lang", store_col_sv(st, 1));
	put(b, "title", store_col_sv(st, 2));
	put(b, "category", store_col_sv(st, 3));
	sb_fmt(b, ",\"version\":%lld", (long long)store_col_int(st, 4));
	put(b, "status", store_col_sv(st, 5));
	put_ms(b, "valid_from", store_col_int(st, 6));
	put_ms(b, "valid_to", store_col_int(st, 7));
	put_ms(b, "updated_at", store_col_int(st, 8));
}

static void articles_run(struct api_query *q, struct store_db *db)
{
	static const char sql[] =
		"SELECT " ARTICLE_COLS " FROM article WHERE (?1='' OR lang=?1) AND (?2='' OR category=?2) "
		"AND (?3='' OR title LIKE '%'||?3||'%') AND id>?4 ORDER BY id LIMIT ?5";
	struct store_stmt *st;
	if (store_prep(db, &st, sql)) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, q->s1);
	store_bind_sv(st, 2, q->s2);
	store_bind_sv(st, 3, q->s3);
	store_bind_sv(st, 4, q->s4.p ? q->s4 : SV(""));
	store_bind_int(st, 5, q->i1);
	int64_t n = 0;
	char last[300] = "";
	sb_cstr(&q->out, "{\"items\":[");
	while (store_step(st) == 1) {
		if (n++)
			sb_ch(&q->out, ',');
		put_article(st, &q->out);
		sb_ch(&q->out, '}');
		snprintf(last, sizeof(last), SV_FMT, SV_ARG(store_col_sv(st, 0)));
	}
	store_reset(st);
	sb_cstr(&q->out, "],\"next_cursor\":");
	if (n == q->i1)
		sb_json(&q->out, sv_of(last));
	else
		sb_cstr(&q->out, "null");
	sb_ch(&q->out, '}');
}

void api_articles(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_need_user(a, r, "admin|supervisor|agent", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	int64_t limit = 100;
	if (sv_i64(web_req_arg(r, "limit"), &limit) || limit < 1 || limit > 500)
		limit = 100;
	q->s1 = arena_sv(&q->arena, web_req_arg(r, "lang"));
	q->s2 = arena_sv(&q->arena, web_req_arg(r, "category"));
	q->s3 = arena_sv(&q->arena, web_req_arg(r, "q"));
	q->i1 = limit;
	q->s4 = arena_sv(&q->arena, web_req_arg(r, "cursor"));
	q->run = articles_run;
	api_query_start(q);
}

static void article_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	q->status = 404;
	q->detail = "There is no such article.";
	if (store_prep(db, &st, "SELECT " ARTICLE_COLS ", body_md, aliases, source FROM article WHERE id=?1"))
		return;
	store_bind_sv(st, 1, q->s1);
	if (store_step(st) == 1) {
		put_article(st, &q->out);
		put(&q->out, "body_md", store_col_sv(st, 9));
		put(&q->out, "aliases", store_col_sv(st, 10));
		put(&q->out, "source", store_col_sv(st, 11));
		sb_ch(&q->out, '}');
		q->status = 200;
	}
	store_reset(st);
}

void api_article(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_need_user(a, r, "admin|supervisor|agent", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->run = article_run;
	api_query_start(q);
}
