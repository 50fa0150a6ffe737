/* cust_erase.c: taking a person out of the store.
 *
 * What says who they are goes: names, addresses, identities, consent, checks, what the masks of
 * their conversations hide, messages that wait, texts of tickets. What the company must keep or
 * count stays without it: orders and returns with their amounts, tickets with their clocks, the
 * rows of the river, which hold masks only and are chained. The id stays as a word that leads
 * nowhere. A refund that is owed is still paid. One savepoint: all of it or nothing;
 * secure_delete overwrites what was there. On the scribe.
 */
#include "cust_int.h"

#include <stdio.h>

/* Theirs, and those that are nobody's of a conversation of theirs. */
#define TICKETS \
	"SELECT seq FROM ticket WHERE customer=?1 UNION SELECT t.seq FROM conversation c JOIN " \
	"ticket_link l ON l.kind='conversation' AND l.ref=c.id JOIN ticket t ON t.seq=l.ticket " \
	"WHERE c.customer_id=?1 AND t.customer=''"
#define CONVERSATIONS "SELECT id FROM conversation WHERE customer_id=?1"
/* Of them, or of a conversation of theirs: who it was may have been known later. */
#define HANDOVERS "customer=?1 OR conversation IN (" CONVERSATIONS ")"
#define REVIEWS "SELECT id FROM qa_review WHERE conversation IN (" CONVERSATIONS ")"
/* A refund that waits for a person's yes is owed still. */
#define OWED "state='waiting' AND name='refund_release'"

/* ?1 = an id of the person, ?2 = now. */
static const char *const steps[] = {
	"DELETE FROM cust_ident WHERE customer=?1 AND ?2>0",
	"DELETE FROM cust_word WHERE customer=?1 AND ?2>0",
	"DELETE FROM cust_consent WHERE customer=?1 AND ?2>0",
	"DELETE FROM cust_code WHERE customer=?1 AND ?2>0",
	"DELETE FROM cust_proposal WHERE (a=?1 OR b=?1) AND ?2>0",
	"UPDATE cust_edge SET reason='' WHERE (a=?1 OR b=?1) AND ?2>0",
	"DELETE FROM kv WHERE ?2>0 AND EXISTS (SELECT 1 FROM conversation c WHERE "
	"c.customer_id=?1 AND "
	"kv.k>='sealed/' || c.id || '/' AND kv.k<'sealed/' || c.id || '0')",
	"UPDATE conversation SET customer_name=NULL, address_masked=NULL, last_text='', "
	"recording=NULL, token_hash=NULL WHERE customer_id=?1 AND ?2>0",
	"DELETE FROM summary WHERE ?2>0 AND conversation IN (" CONVERSATIONS ")",
	"UPDATE handover SET packet='{}', note='', wrap='{}', recording='', number_sealed='' WHERE "
	"?2>0 AND (" HANDOVERS ")",
	/* Values of surveys and scores are counted still; what was said goes. */
	"UPDATE survey SET text='' WHERE ?2>0 AND conversation IN (" CONVERSATIONS ")",
	"UPDATE qa_mark SET comment='' WHERE ?2>0 AND review IN (" REVIEWS ")",
	"UPDATE qa_event SET text='' WHERE ?2>0 AND review IN (" REVIEWS ")",
	"UPDATE qa_review SET marks='[]' WHERE ?2>0 AND conversation IN (" CONVERSATIONS ")",
	"UPDATE order_ref SET address=NULL, city='' WHERE customer_id=?1 AND ?2>0",
	"UPDATE shop_return SET note='' WHERE customer_id=?1 AND ?2>0",
	"DELETE FROM ticket_word WHERE ?2>0 AND ticket IN (" TICKETS ")",
	"UPDATE ticket_event SET text='', body='{}' WHERE ?2>0 AND ticket IN (" TICKETS ")",
	"UPDATE ticket SET title='', body='{}' WHERE ?2>0 AND seq IN (" TICKETS ")",
	"UPDATE tool_call SET result='{}' WHERE customer=?1 AND ?2>0",
	"UPDATE tool_outbox SET body='{}', state='dead', why='erased', done_ms=?2 WHERE "
	"customer=?1 AND "
	"state<>'sent' AND kind<>'pay'", /* money that is owed is still paid */
	"UPDATE tool_approval SET request='{}', what='', note='' WHERE customer=?1 AND ?2>0 AND "
	"NOT (" OWED ")",
	"UPDATE tool_approval SET state='no', by_login='system', decided_ms=?2 WHERE "
	"customer=?1 AND state='waiting' AND NOT (" OWED ")",
	"UPDATE customer SET language='', tier='', sealed='', name_hash='', preferences='{}', "
	"import_hash='', version=version+1, updated_ms=?2, erased_ms=?2 WHERE id=?1",
};

static int run_step(struct store_db *db, const char *sql, sv id, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_int(q, 2, now_ms);
	return store_run(q);
}

/* Tickets and hand-overs somebody still works on: how many. */
static int open_work(struct store_db *db, sv id)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT (SELECT count(*) FROM ticket WHERE closed_ms IS NULL AND seq "
			    "IN (" TICKETS ")) + (SELECT count(*) FROM handover WHERE live=1 AND "
			    "(" HANDOVERS "))");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	int n = rc == 1 ? (int)store_col_int(q, 0) : 0;
	store_reset(q);
	return rc < 0 ? rc : n;
}

/* ---- what is owed: the request stays, from where it was asked goes ---- */

struct owed {
	sv id, request;
};

static int hide_address(struct store_db *db, const struct owed *w)
{
	struct store_stmt *q;
	struct sb b;
	jv *o = jv_parse(w->request, NULL);
	sb_init(&b, LIM_JSON_BYTES);
	if (jv_is_obj(o)) {
		jv_set_str(o, "address", SV(""));
		jv_dump(o, &b);
	} else {
		sb_cstr(&b, "{}");
	}
	jv_free(o);
	int rc = sb_err(&b);
	if (rc == 0)
		rc = store_prep(db, &q, "UPDATE tool_approval SET request=?2 WHERE id=?1");
	if (rc == 0) {
		store_bind_sv(q, 1, w->id);
		store_bind_sv(q, 2, sb_sv(&b));
		rc = store_run(q);
	}
	sb_done(&b);
	return rc;
}

static int keep_owed(struct store_db *db, sv id)
{
	struct store_stmt *q;
	struct arena a;
	VEC(struct owed) v = { 0 };
	int rc = store_prep(db, &q, "SELECT id, request FROM tool_approval WHERE customer=?1 AND "
				    OWED);
	if (rc)
		return rc;
	arena_init(&a, LIM_ARENA_BIG);
	store_bind_sv(q, 1, id);
	while ((rc = store_step(q)) == 1) {
		struct owed *w = VEC_PUSH(&v, 1000);
		if (!w) {
			rc = ERR_TOOBIG;
			break;
		}
		w->id = arena_sv(&a, store_col_sv(q, 0));
		w->request = arena_sv(&a, store_col_sv(q, 1));
	}
	store_reset(q);
	for (size_t i = 0; i < v.n && rc == 0; i++)
		rc = hide_address(db, &v.v[i]);
	VEC_FREE(&v);
	arena_done(&a);
	return rc;
}

/* Before the rows forget them: recordings, logs for replay, messages that were written out. */
static int list_files(struct store_db *db, sv id, struct sb *files)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT recording, 'recordings/' || interaction_id || '.jsonl' FROM "
		"conversation WHERE customer_id=?1 UNION ALL SELECT NULL, 'messages/' || id "
		"|| '-' || kind || '.json' FROM tool_outbox WHERE customer=?1 AND "
		"state='sent' UNION ALL SELECT NULL, recording FROM handover WHERE recording<>'' "
		"AND (" HANDOVERS ")");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	while ((rc = store_step(q)) == 1) {
		if (store_col_sv(q, 0).n)
			sb_fmt(files, SV_FMT "\n", SV_ARG(store_col_sv(q, 0)));
		sb_fmt(files, SV_FMT "\n", SV_ARG(store_col_sv(q, 1)));
	}
	store_reset(q);
	return rc ? rc : sb_err(files);
}

static int erase_one(struct store_db *db, sv id, sv by, int64_t now_ms, struct sb *files)
{
	int rc = list_files(db, id, files);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && rc == 0; i++)
		rc = run_step(db, steps[i], id, now_ms);
	if (rc == 0)
		rc = keep_owed(db, id);
	return rc ? rc : cust_event(db, id, "customer.erased", by, SV("{}"), now_ms);
}

/* Joined ids stay joined: it is told of all of them that they are erased. */
int cust_erase(struct store_db *db, sv id, bool force, sv by, int64_t now_ms, struct sb *files)
{
	struct arena a;
	sv *ids;
	size_t n = 0;
	int rc = cust_alive(db, id);
	if (rc == ERR_STATE)
		return 0;                    /* it is done already */
	if (rc)
		return rc;
	arena_init(&a, LIM_ARENA_TURN);
	rc = cust_group(db, id, &a, &ids, &n);
	for (size_t i = 0; i < n && rc == 0 && !force; i++) {
		int open = open_work(db, ids[i]);
		rc = open > 0 ? ERR_STATE : open;
	}
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = erase_one(db, ids[i], by, now_ms, files);
	arena_done(&a);
	return rc;
}
