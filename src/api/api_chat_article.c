/* api_chat_article.c: the whole text behind an answer's source, for the customer of a conversation.
 *
 * What the knowledge base serves customers now and nothing else: published, within its dates, for
 * everybody. Beside a version that begins later or is on trial the one before counts, too, as in
 * kb_row_former(); of the two the one that was cited is given. */
#include "api_chat.h"

static void article_run(struct api_query *q, struct store_db *db)
{
	static const char sql[] =
		"SELECT id, lang, title, version, updated_ms, body_md FROM ("
		"SELECT id, lang, title, version, updated_ms, body_md, audience, canary, "
		"valid_from_ms, valid_to_ms FROM article WHERE id=?1 AND status='published' "
		"UNION ALL SELECT v.id, v.lang, v.title, v.version, v.updated_ms, v.body_md, "
		"v.audience, v.canary, v.valid_from_ms, v.valid_to_ms FROM article a JOIN "
		"article_version v ON v.id=a.id AND v.lang=a.lang WHERE a.id=?1 AND "
		"a.status='published' AND (a.canary<>0 OR coalesce(a.valid_from_ms,0)>?2) AND "
		"v.version=(SELECT max(w.version) FROM article_version w WHERE w.id=a.id AND "
		"w.lang=a.lang AND w.version<a.version AND w.status='published' AND "
		"w.canary=0 AND coalesce(w.valid_from_ms,0)<=?2)) x "
		"WHERE audience='public' AND coalesce(valid_from_ms,0)<=?2 AND "
		"(coalesce(valid_to_ms,0)=0 OR valid_to_ms>=?2) ORDER BY CASE WHEN version=?3 "
		"THEN 0 WHEN canary=0 THEN 1 ELSE 2 END, version DESC LIMIT 1";
	struct store_stmt *st;
	q->status = 404;
	q->detail = "There is no such article for customers.";
	if (store_prep(db, &st, sql)) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, q->s2);
	store_bind_int(st, 2, clk_wall_ms());
	store_bind_int(st, 3, q->i1);
	if (api_row(q, st)) {
		sb_cstr(&q->out, "{\"id\":");
		sb_json(&q->out, store_col_sv(st, 0));
		api_put(&q->out, "lang", store_col_sv(st, 1));
		api_put(&q->out, "title", store_col_sv(st, 2));
		sb_fmt(&q->out, ",\"version\":%lld", (long long)store_col_int(st, 3));
		api_put_ms(&q->out, "updated_at", store_col_int(st, 4));
		api_put(&q->out, "body_md", store_col_sv(st, 5));
		sb_ch(&q->out, '}');
		q->status = 200;
	}
	store_reset(st);
}

void api_conv_article(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_scope scope;
	sv id = web_req_param(r, "id");
	int64_t version = 0;
	if (!api_need_conversation(a, r, id, &scope) ||
	    !api_arg_number(r, "version", INT32_MAX, &version))
		return;
	struct api_query *q = api_query_new(a, r);
	q->scope = scope;
	q->s1 = arena_sv(&q->arena, id);
	q->s2 = arena_sv(&q->arena, web_req_param(r, "article"));
	q->i1 = version;
	q->etag = true;
	q->run = article_run;
	api_query_start(q);
}
