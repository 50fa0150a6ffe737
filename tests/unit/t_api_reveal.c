/* t_api_reveal.c: masks taken off for administrators: kept sealed beside the rows, shown with a
 * note in the river, never to others, never bank cards, nothing without a key. */
#include "t_api_world.h"
#include "guard.h"

static const unsigned char pii_key[GUARD_KEY] = { 9, 8, 7 }, other_key[GUARD_KEY] = { 1 };

#define SAID "{\"text\":\"I am Ann Lee, call 13800138000, my card is 4111 1111 1111 1111\"}"

static int reveal(struct aw *w, const char *id, const char *token, struct resp *r)
{
	char line[160];
	snprintf(line, sizeof(line), "GET /api/v1/conversations/%s/events?reveal=1", id);
	return http(w, line, token, NULL, r);
}

/* Text of the n-th row of the customer. */
static sv customer_text(const struct resp *r, int n)
{
	const jv *items = jv_get(r->json, "items");
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *x = jv_at(items, i);
		if (sv_eq(jv_get_str(x, "kind"), SV("turn.customer")) && n-- == 0)
			return jv_as_str(jv_path(x, "body.text"));
	}
	return SV("none");
}

static int64_t count(struct aw *w, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	store_flush(w->store);
	if (store_reader(w->store, &db) || store_prep(db, &q, sql))
		return -2;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

TEST(api_reveal_takes_masks_off_for_an_admin)
{
	struct aw w = { .o = { .pii_key = pii_key } };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];

	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	EQ(say(&w, id, token, SAID, &r), 200);
	EQ(say(&w, id, token, "{\"text\":\"How long may I return goods?\"}", &r), 200);
	EQ(say(&w, id, token, "{\"text\":\"again: a.b@example.com\"}", &r), 200);
	EQ(count(&w, "SELECT count(*) FROM kv WHERE k LIKE 'sealed/%'"), 2);
	EQ(count(&w,
		 "SELECT count(*) FROM kv WHERE v LIKE '%13800138000%' OR v LIKE '%example%'"),
	   0);
	EQ(count(&w, "SELECT count(*) FROM event WHERE body LIKE '%13800138000%'"), 0);

	EQ(reveal(&w, id, aw_token(&w, "admin"), &r), 200);
	SV_EQ(customer_text(&r, 0), "I am Ann Lee, call 13800138000, my card is [bank_card]");
	SV_EQ(customer_text(&r, 1), "How long may I return goods?");
	SV_EQ(customer_text(&r, 2), "again: a.b@example.com");
	EQ(count(&w, "SELECT count(*) FROM event WHERE kind='pii.revealed' AND "
		     "actor='user:tester'"),
	   1);

	/* the plain answer stays masked */
	EQ(events(&w, id, aw_token(&w, "admin"), 0, &r), 200);
	SV_EQ(customer_text(&r, 2), "again: [email]");
	resp_done(&r);
	aw_down(&w);
}

TEST(api_reveal_is_for_admins_only)
{
	struct aw w = { .o = { .pii_key = pii_key } };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];

	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	EQ(say(&w, id, token, SAID, &r), 200);
	EQ(reveal(&w, id, NULL, &r), 401);
	CHECK(is_problem(&r));
	EQ(reveal(&w, id, token, &r), 401); /* the customer's own token */
	EQ(reveal(&w, id, aw_token(&w, "agent"), &r), 403);
	EQ(reveal(&w, id, aw_token(&w, "supervisor"), &r), 403);
	CHECK(is_problem(&r));
	EQ(count(&w, "SELECT count(*) FROM event WHERE kind='pii.revealed'"), 0);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_reveal_without_a_key_keeps_nothing)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];

	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	EQ(say(&w, id, token, SAID, &r), 200);
	EQ(count(&w, "SELECT count(*) FROM kv WHERE k LIKE 'sealed/%'"), 0);
	EQ(reveal(&w, id, aw_token(&w, "admin"), &r), 409);
	CHECK(is_problem(&r));
	resp_done(&r);
	aw_down(&w);
}

TEST(api_reveal_with_another_key_or_a_moved_value_stays_masked)
{
	struct aw w = { .o = { .pii_key = pii_key } };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];

	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	EQ(say(&w, id, token, SAID, &r), 200);
	store_flush(w.store);
	w.o.pii_key = other_key;
	CHECK(aw_restart(&w));
	EQ(reveal(&w, id, aw_token(&w, "admin"), &r), 200);
	sv text = customer_text(&r, 0);
	CHECK(sv_find(text, SV("[phone]")) > 0 && sv_find(text, SV("13800138000")) < 0);
	resp_done(&r);
	aw_down(&w);
}
