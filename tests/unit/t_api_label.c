/* t_api_label.c: labels of intents: which turns, said and taken back, the matrix, the rows to train
 * with, and what is refused. */
#include "t_api_world.h"

static int64_t seq_of(struct aw *w, const char *id, const char *token, int n)
{
	struct resp r = { 0 };
	int64_t seq = 0;
	events(w, id, token, 0, &r);
	const jv *items = jv_get(r.json, "items");
	for (size_t i = 0; i < jv_len(items); i++)
		if (sv_eq(jv_get_str(jv_at(items, i), "kind"), SV("turn.customer")) && n-- == 0)
			seq = jv_get_int(jv_at(items, i), "seq", 0);
	resp_done(&r);
	return seq;
}

static int label(struct aw *w, const char *id, int64_t seq, const char *word, const char *role,
		 struct resp *r)
{
	char body[200];
	snprintf(body, sizeof(body), "{\"conversation\":\"%s\",\"seq\":%lld,\"label\":\"%s\"}", id,
		 (long long)seq, word);
	return http(w, "POST /api/v1/intents/labels", aw_token(w, role), body, r);
}

static int get(struct aw *w, const char *path, struct resp *r)
{
	char line[300];
	snprintf(line, sizeof(line), "GET /api/v1/intents/%s", path);
	return http(w, line, aw_token(w, "supervisor"), NULL, r);
}

static size_t turns(struct aw *w, const char *query, struct resp *r)
{
	char path[200];
	snprintf(path, sizeof(path), "turns?%s", query);
	return get(w, path, r) == 200 ? jv_len(jv_get(r->json, "items")) : 999;
}

/* How many turns with this label were heard as this. */
static int64_t cell(const struct resp *r, const char *word, const char *heard)
{
	const jv *cells = jv_get(r->json, "cells");
	for (size_t i = 0; i < jv_len(cells); i++)
		if (sv_eq(jv_get_str(jv_at(cells, i), "label"), sv_of(word)) &&
		    sv_eq(jv_get_str(jv_at(cells, i), "predicted"), sv_of(heard)))
			return jv_get_int(jv_at(cells, i), "n", 0);
	return 0;
}

static void three_turns(struct aw *w, char id[27], char token[API_TOKEN_MAX])
{
	struct resp r = { 0 };
	CHECK(begin(w, id, token));
	EQ(say(w, id, token, "{\"text\":\"Where is my order?\"}", &r), 200);
	EQ(say(w, id, token, "{\"text\":\"I want to return\\tmy sofa\"}", &r), 200);
	EQ(say(w, id, token, "{\"text\":\"zebra crossing the moon\"}", &r), 200);
	resp_done(&r);
}

TEST(api_label_turns_are_labelled_counted_and_taken_back)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];

	CHECK(aw_up(&w));
	three_turns(&w, id, token);
	EQ(turns(&w, "", &r), 3);
	EQ(turns(&w, "predicted=order_status", &r), 1);
	EQ(turns(&w, "predicted=order_status&state=unlabelled", &r), 1);
	EQ(turns(&w, "predicted=none", &r), 1);
	EQ(turns(&w, "q=sofa", &r), 1);
	EQ(turns(&w, "state=labelled", &r), 0);

	EQ(label(&w, id, seq_of(&w, id, token, 0), "order_status", "admin", &r), 200);
	EQ(label(&w, id, seq_of(&w, id, token, 1), "exchange_goods", "supervisor", &r), 200);
	EQ(label(&w, id, seq_of(&w, id, token, 2), "oos", "supervisor", &r), 200);
	EQ(get(&w, "confusion", &r), 200);
	EQ(jv_get_int(r.json, "turns", 0), 3);
	EQ(jv_get_int(r.json, "labelled", 0), 3);
	EQ(jv_get_int(r.json, "right", 0), 2);       /* nothing heard is right for oos */
	EQ(cell(&r, "order_status", "order_status"), 1);
	EQ(cell(&r, "exchange_goods", "return_goods"), 1);
	EQ(cell(&r, "oos", "none"), 1);
	EQ(jv_as_int(jv_path(r.json, "heard.return_goods"), 0), 1);

	EQ(turns(&w, "state=wrong", &r), 1);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.label")), "exchange_goods");
	EQ(turns(&w, "label=exchange_goods&predicted=return_goods", &r), 1);
	EQ(label(&w, id, seq_of(&w, id, token, 1), "return_goods", "supervisor", &r), 200);
	EQ(turns(&w, "state=wrong", &r), 0);         /* the later word counts */
	EQ(label(&w, id, seq_of(&w, id, token, 1), "", "supervisor", &r), 200);
	EQ(turns(&w, "state=unlabelled", &r), 1);
	EQ(get(&w, "confusion", &r), 200);
	EQ(jv_get_int(r.json, "labelled", 0), 2);
	resp_done(&r);
	aw_down(&w);
}

/* A record may say that nothing was heard by a word of its own: the same label, the same column. */
TEST(api_label_out_of_scope_has_one_name)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];

	CHECK(aw_up(&w));
	three_turns(&w, id, token);
	struct store_event ev = { .conversation = sv_of(id), .seq = 90, .kind = SV("turn.customer"),
				  .body = SV("{\"text\":\"tell me a joke\","
					     "\"intent\":\"out_of_scope\"}") };
	OK(store_append(w.store, &ev, NULL, NULL, NULL));
	EQ(turns(&w, "predicted=none", &r), 2);
	EQ(turns(&w, "predicted=out_of_scope", &r), 0);
	EQ(label(&w, id, 90, "oos", "supervisor", &r), 200);
	EQ(get(&w, "confusion", &r), 200);
	EQ(jv_get_int(r.json, "right", 0), 1);
	EQ(cell(&r, "oos", "none"), 1);
	CHECK(!jv_path(r.json, "heard.out_of_scope"));
	resp_done(&r);
	aw_down(&w);
}

TEST(api_label_rows_are_what_training_reads)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], body[400];

	CHECK(aw_up(&w));
	three_turns(&w, id, token);
	int64_t a = seq_of(&w, id, token, 0), b = seq_of(&w, id, token, 1);
	snprintf(body, sizeof(body),
		 "{\"items\":[{\"conversation\":\"%s\",\"seq\":%lld,\"label\":\"order_status\"},"
		 "{\"conversation\":\"%s\",\"seq\":%lld,\"label\":\"return_goods\"}]}",
		 id, (long long)a, id, (long long)b);
	EQ(http(&w, "POST /api/v1/intents/labels", aw_token(&w, "admin"), body, &r), 200);
	EQ(jv_get_int(r.json, "labelled", 0), 2);
	EQ(get(&w, "labels", &r), 200);
	CHECK(sv_find(sb_sv(&r.body), SV("order_status\tWhere is my order?\n")) >= 0);
	CHECK(sv_find(sb_sv(&r.body), SV("return_goods\tI want to return my sofa\n")) >= 0);
	CHECK(sv_find(sb_sv(&r.body), SV("zebra")) < 0);
	CHECK(sv_starts(sb_sv(&r.body), SV("# ")));
	resp_done(&r);
	aw_down(&w);
}

TEST(api_label_refuses_what_is_wrong_and_changes_nothing)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], body[300];

	CHECK(aw_up(&w));
	three_turns(&w, id, token);
	int64_t seq = seq_of(&w, id, token, 0);
	EQ(label(&w, id, seq, "no tabs\\there", "admin", &r), 400);
	EQ(label(&w, id, 0, "oos", "admin", &r), 400);
	EQ(label(&w, id, 999, "oos", "admin", &r), 404);
	EQ(label(&w, id, seq - 1, "oos", "admin", &r), 404);     /* the bot's turn */
	EQ(label(&w, id, seq, "oos", "agent", &r), 403);
	EQ(http(&w, "POST /api/v1/intents/labels", NULL, "{}", &r), 401);
	EQ(http(&w, "POST /api/v1/intents/labels", aw_token(&w, "admin"), "{\"items\":[]}", &r),
	   400);
	EQ(http(&w, "POST /api/v1/intents/labels", token, "{}", &r), 401);
	snprintf(body, sizeof(body),
		 "{\"items\":[{\"conversation\":\"%s\",\"seq\":%lld,\"label\":\"oos\"},"
		 "{\"conversation\":\"%s\",\"seq\":999,\"label\":\"oos\"}]}",
		 id, (long long)seq, id);
	EQ(http(&w, "POST /api/v1/intents/labels", aw_token(&w, "admin"), body, &r), 404);
	EQ(get(&w, "turns?state=nonsense", &r), 400);
	EQ(get(&w, "turns?cursor=x", &r), 400);
	EQ(turns(&w, "state=labelled", &r), 0);      /* all or nothing */
	EQ(http(&w, "GET /api/v1/intents/turns", aw_token(&w, "agent"), NULL, &r), 403);
	EQ(http(&w, "GET /api/v1/intents/confusion", NULL, NULL, &r), 401);
	EQ(http(&w, "GET /api/v1/intents/labels", aw_token(&w, "agent"), NULL, &r), 403);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_label_pages_go_through_all_turns_once)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], next[60] = "", query[120];
	int seen = 0, pages = 0;

	CHECK(aw_up(&w));
	three_turns(&w, id, token);
	do {
		snprintf(query, sizeof(query), "limit=2&cursor=%s", next);
		seen += (int)turns(&w, query, &r);
		snprintf(next, sizeof(next), SV_FMT, SV_ARG(jv_get_str(r.json, "next")));
	} while (next[0] && ++pages < 10);
	EQ(seen, 3);
	resp_done(&r);
	aw_down(&w);
}
