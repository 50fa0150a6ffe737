/* hook_body.c: an event as its receiver gets it; personal data masked unless the webhook says
 * otherwise. The texts of the river are masked already; here what stands beside them (names,
 * addresses, numbers) goes, and every text is looked at once more, as for a role that sees
 * nothing. Pure but for reading; any thread. */
#include "hook_int.h"

#include "guard_mask.h"

#include <string.h>

/* ---- masks taken off ---- */

/* What lies sealed beside a row of a conversation, into its text. */
static void unmask(struct store_db *db, const unsigned char *key, sv conversation, int64_t seq,
		   jv *body)
{
	struct store_stmt *q;
	if (!key || !conversation.n || !jv_get_str(body, "text").n ||
	    store_prep(db, &q, "SELECT v FROM kv WHERE k='sealed/' || ?1 || '/' || ?2"))
		return;
	store_bind_sv(q, 1, conversation);
	store_bind_int(q, 2, seq);
	if (store_step(q) == 1)
		(void)guard_unseal_body(key, conversation, store_col_sv(q, 0), body);
	store_reset(q);
}

/* ---- the whole ---- */

static void hidden_put(sv body, struct sb *out)
{
	const struct guard_masks hidden = { 0 };     /* all GUARD_HIDDEN */
	struct sb b;
	sb_init(&b, LIM_JSON_BYTES);
	bool any = guard_mask_json(&hidden, body, &b);
	sb_put(out, sb_err(&b) ? SV("null") : any ? sb_sv(&b) : body);
	sb_done(&b);
}

static void shown_put(struct store_db *db, struct store_stmt *q, const unsigned char *key,
		      struct sb *out)
{
	jv *body = jv_parse(store_col_sv(q, 8), NULL);
	if (body)
		unmask(db, key, store_col_sv(q, 2), store_col_int(q, 4), body);
	jv_dump(body, out);
	jv_free(body);
}

/* Columns: id, ts_ms, conversation, customer, seq, turn, kind, actor, body. */
static void head_put(struct store_stmt *q, int64_t pos, bool hide, struct sb *out)
{
	sb_cstr(out, "{\"type\":");
	sb_json(out, store_col_sv(q, 6));
	hook_put(out, "id", store_col_sv(q, 0));
	hook_put_ms(out, "timestamp", store_col_int(q, 1));
	sb_fmt(out, ",\"pos\":%lld", (long long)pos);
	if (!store_col_null(q, 2))
		hook_put(out, "conversation", store_col_sv(q, 2));
	if (!store_col_null(q, 3))
		hook_put(out, "customer", store_col_sv(q, 3));
	if (store_col_int(q, 4))
		sb_fmt(out, ",\"seq\":%lld,\"turn\":%lld", (long long)store_col_int(q, 4),
		       (long long)store_col_int(q, 5));
	hook_put(out, "actor", store_col_sv(q, 7));
	sb_fmt(out, ",\"masked\":%s,\"data\":", hide ? "true" : "false");
}

int hook_body(struct store_db *db, int64_t pos, const unsigned char *pii_key, bool hide,
	      struct sb *out)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT id, ts_ms, conversation, customer, seq, turn, kind, actor, body "
		"FROM event WHERE pos=?1");
	if (rc)
		return rc;
	store_bind_int(q, 1, pos);
	rc = store_step(q);
	if (rc == 1) {
		head_put(q, pos, hide, out);
		if (hide)
			hidden_put(store_col_sv(q, 8), out);
		else
			shown_put(db, q, pii_key, out);
		sb_ch(out, '}');
	}
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}
