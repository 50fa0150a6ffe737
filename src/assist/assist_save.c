/* assist_save.c: summaries that were kept: as they were built, as an agent left them, and how much
 * he changed. What nobody kept is made from the rows when it is asked for.
 *
 * Table summary has one row a conversation. Reads on a worker, writes on the scribe in one
 * savepoint with their row of the river. */
#include "assist_int.h"

#define TEXT_MAX (16u << 10)

static void put_kept(jv *o, struct store_stmt *q)
{
	char when[32];
	clk_rfc3339(store_col_int(q, 4), when);
	jv_set_int(o, "version", store_col_int(q, 1));
	jv_set_str(o, "edited_by", store_col_sv(q, 2));
	jv_set_num(o, "edit_share", store_col_num(q, 3));
	jv_set_str(o, "edited_at", sv_of(when));
}

/* The kept one into *ret; ERR_NOTFOUND. */
static int kept(struct store_db *db, sv conversation, jv **ret, int64_t *ret_version)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT body, version, by_login, share, updated_ms FROM summary WHERE "
			    "conversation=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, conversation);
	rc = store_step(q);
	jv *o = rc == 1 ? jv_parse(store_col_sv(q, 0), NULL) : NULL;
	if (o) {
		put_kept(o, q);
		*ret_version = store_col_int(q, 1);
		*ret = o;
	}
	store_reset(q);
	return rc < 0 ? rc : o ? 0 : ERR_NOTFOUND;
}

static int built(struct store_db *db, sv conversation, const struct assist_with *w, jv **ret)
{
	struct assist_case *c = assist_case_new();
	int rc = assist_case_load(c, db, conversation);
	if (rc == 0)
		*ret = assist_summary(c, w);
	assist_case_free(c);
	return rc;
}

int assist_summary_get(struct store_db *db, sv conversation, const struct assist_with *w, jv **ret,
		       int64_t *ret_version)
{
	int rc = kept(db, conversation, ret, ret_version);
	if (rc != ERR_NOTFOUND)
		return rc;
	*ret_version = 0;
	return built(db, conversation, w, ret);
}

/* ---- an edit ---- */

static const char *wrong_with(const struct assist_edit *x)
{
	const jv *text = jv_get(x->body, "text"), *d = jv_get(x->body, "disposition"),
		 *f = jv_get(x->body, "follow_ups");
	if (!jv_is_obj(x->body) || (!text && !d && !f))
		return "Give text, disposition or follow_ups.";
	if (text && (!jv_is_str(text) || jv_as_str(text).n > TEXT_MAX))
		return "text must be a text of at most 16 KB.";
	if (d && !jv_is_null(d) &&
	    !(jv_is_str(d) && assist_disposition_of(x->with->plan, jv_as_str(d))))
		return "disposition must be the id of one of the dispositions, or null.";
	if (f && (!jv_is_arr(f) || jv_len(f) > ASSIST_LIST))
		return "follow_ups must be a list of at most 12.";
	for (size_t i = 0; i < jv_len(f); i++) {
		const jv *one = jv_at(f, i);
		if (!assist_one_of(SV("ticket|callback|message"), jv_get_str(one, "kind")) ||
		    !jv_get_str(one, "text").n)
			return "A follow-up needs kind (ticket, callback, message) and text.";
	}
	return NULL;
}

static void apply(const struct assist_edit *x, jv *o)
{
	const jv *d = jv_get(x->body, "disposition"), *f = jv_get(x->body, "follow_ups");
	if (jv_get(x->body, "text"))
		jv_set_str(o, "text", jv_get_str(x->body, "text"));
	if (d) {
		const struct assist_entry *e =
			assist_disposition_of(x->with->plan, jv_as_str(d));
		jv *n = e ? jv_obj() : jv_null();
		if (e) {
			jv_set_str(n, "id", e->id);
			jv_set(n, "title", assist_pair(e->title));
		}
		jv_set(o, "disposition", n);
	}
	if (f)
		jv_set(o, "follow_ups", jv_copy(f));
	jv_set_bool(o, "builtin", false);
}

/* What was built in the first place is kept beside: edits are measured against it. */
static int first_text(struct store_db *db, sv conversation, const jv *now, struct sb *out)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT built FROM summary WHERE conversation=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, conversation);
	rc = store_step(q);
	sb_put(out, rc == 1 ? store_col_sv(q, 0) : jv_get_str(now, "text"));
	store_reset(q);
	return rc < 0 ? rc : sb_err(out);
}

static int write_row(struct store_db *db, const struct assist_edit *x, const jv *o, sv first)
{
	struct store_stmt *q;
	struct sb b;
	int rc = store_prep(db, &q,
			    "INSERT INTO summary (conversation, version, lang, body, built, share, "
			    "by_login, made_ms, updated_ms) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?8) ON "
			    "CONFLICT (conversation) DO UPDATE SET version=?2, body=?4, share=?6, "
			    "by_login=?7, updated_ms=?8");
	if (rc)
		return rc;
	sb_init(&b, LIM_JSON_BYTES);
	jv_dump(o, &b);
	store_bind_sv(q, 1, x->conversation);
	store_bind_int(q, 2, x->new_version);
	store_bind_sv(q, 3, jv_get_str(o, "language"));
	store_bind_sv(q, 4, sb_sv(&b));
	store_bind_sv(q, 5, first);
	store_bind_num(q, 6, x->share);
	store_bind_sv(q, 7, x->by);
	store_bind_int(q, 8, x->now_ms);
	rc = sb_err(&b) ? sb_err(&b) : store_run(q);
	sb_done(&b);
	return rc;
}

/* Without the words: the river never changes, and an agent may have written a name. */
static int tell_river(struct store_db *db, const struct assist_edit *x, const jv *o)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_cstr(&b, "{\"conversation\":");
	sb_json(&b, x->conversation);
	sb_fmt(&b, ",\"version\":%lld,\"share\":%.3f,\"disposition\":", (long long)x->new_version,
	       x->share);
	sb_json(&b, jv_as_str(jv_path(o, "disposition.id")));
	sb_fmt(&b, ",\"follow_ups\":%zu}", jv_len(jv_get(o, "follow_ups")));
	struct store_event ev = { .ts_ms = x->now_ms,
				  .kind = SV("summary.edited"),
				  .actor = x->by,
				  .body = sb_sv(&b) };
	int rc = sb_err(&b) ? sb_err(&b) : store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

int assist_summary_put(struct store_db *db, struct assist_edit *x)
{
	jv *o = NULL;
	struct sb first;
	int64_t version = 0;
	x->why = wrong_with(x);
	if (x->why)
		return ERR_INVAL;
	int rc = assist_summary_get(db, x->conversation, x->with, &o, &version);
	if (rc)
		return rc;
	if (version != x->version) {
		jv_free(o);
		return ERR_CONFLICT;
	}
	sb_init(&first, LIM_SB);
	x->new_version = version + 1;
	rc = first_text(db, x->conversation, o, &first);
	apply(x, o);
	x->share = assist_edit_share(sb_sv(&first), jv_get_str(o, "text"));
	if (rc == 0)
		rc = write_row(db, x, o, sb_sv(&first));
	if (rc == 0)
		rc = tell_river(db, x, o);
	sb_done(&first);
	jv_free(o);
	return rc;
}
