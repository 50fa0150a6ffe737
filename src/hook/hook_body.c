/* hook_body.c: an event as its receiver gets it; personal data masked unless the webhook says
 * otherwise. The texts of the river are masked already; here what stands beside them (names,
 * addresses, numbers) goes, and every text is looked at once more. Pure but for reading; any
 * thread. */
#include "hook_int.h"

#include <string.h>

#define DEPTH 32

/* Members that hold a person's own data as such. */
static const char *const personal[] = { "name",	   "customer_name", "phone", "email",
					"mail",	   "address",	    "number", "to",
					"from",	   "caller",	    "callee", "answer",
					"display", "contact",	    "plate",  "birthday" };

static bool is_personal(sv key)
{
	for (size_t i = 0; i < sizeof(personal) / sizeof(*personal); i++)
		if (sv_eq(key, sv_of(personal[i])))
			return true;
	return false;
}

/* A word of ours, an id, a time or a path: nothing to look at. */
static bool is_word(sv s)
{
	int64_t ms;
	if (s.n < 6 || id_ok(s) || clk_parse_rfc3339(s, &ms) == 0)
		return true;
	if (s.n > 80)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || c == '_' || c == '.' || c == '/'))
			return false;
	}
	return true;
}

static jv *mask_text(sv s)
{
	struct arena a;
	struct guard_in in;
	struct sb b;
	if (is_word(s))
		return jv_str(s);
	arena_init(&a, LIM_ARENA_TURN);
	sb_init(&b, LIM_JSON_BYTES);
	while (s.n) {
		size_t n = guard_piece(s);
		sv piece = sv_slice(s, 0, n ? n : s.n);
		if (guard_inbound(piece, &a, &in))
			sb_cstr(&b, "***");
		else
			sb_put(&b, in.masked);
		s = sv_slice(s, piece.n, s.n);
		arena_reset(&a);
	}
	jv *v = jv_str(sb_err(&b) ? SV("***") : sb_sv(&b));
	sb_done(&b);
	arena_done(&a);
	return v;
}

static jv *masked(const jv *v, int depth)
{
	void *it = NULL;
	sv key;
	jv *x;
	if (jv_is_str(v))
		return mask_text(jv_as_str(v));
	if (depth == DEPTH || (!jv_is_obj(v) && !jv_is_arr(v)))
		return depth == DEPTH ? jv_null() : jv_copy(v);
	jv *out = jv_is_obj(v) ? jv_obj() : jv_arr();
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++)
		jv_push(out, masked(jv_at(v, i), depth + 1));
	while (jv_is_obj(v) && jv_next(v, &it, &key, &x)) {
		char name[128];
		if (key.n >= sizeof(name))
			continue;
		memcpy(name, key.p, key.n);
		name[key.n] = 0;
		bool hide = is_personal(key) && (jv_is_str(x) || jv_is_num(x));
		jv_set(out, name, hide ? jv_str(SV("***")) : masked(x, depth + 1));
	}
	return out;
}

jv *hook_masked(const jv *v)
{
	return masked(v, 0);
}

/* ---- masks taken off ---- */

/* What lies sealed beside a row of a conversation, into its text. */
static void unmask(struct store_db *db, const unsigned char *key, sv conversation, int64_t seq,
		   jv *body)
{
	struct store_stmt *q;
	struct sb context, text;
	sv masks = jv_get_str(body, "text");
	if (!key || !conversation.n || !masks.n ||
	    store_prep(db, &q, "SELECT v FROM kv WHERE k='sealed/' || ?1 || '/' || ?2"))
		return;
	store_bind_sv(q, 1, conversation);
	store_bind_int(q, 2, seq);
	sb_init(&context, LIM_SB);
	sb_init(&text, LIM_SB);
	if (store_step(q) == 1) {
		guard_seal_context(conversation, masks, &context);
		if (guard_unseal_masks(key, masks, store_col_sv(q, 0), sb_sv(&context), &text) == 0)
			jv_set_str(body, "text", sb_sv(&text));
	}
	store_reset(q);
	sb_done(&context);
	sb_done(&text);
}

/* ---- the whole ---- */

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
		jv *body = jv_parse(store_col_sv(q, 8), NULL);
		if (!hide && body)
			unmask(db, pii_key, store_col_sv(q, 2), store_col_int(q, 4), body);
		jv *data = hide ? hook_masked(body) : jv_copy(body);
		head_put(q, pos, hide, out);
		jv_dump(data, out);
		sb_ch(out, '}');
		jv_free(data);
		jv_free(body);
	}
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}
