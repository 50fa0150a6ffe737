/* cust_erase.c: taking a person out of the store.
 *
 * What says who they are goes: names, addresses, identities, consent, checks, what the masks of
 * their conversations hide, messages that wait, texts of tickets. What the company must keep or
 * count stays without it: orders and returns with their amounts, tickets with their clocks, the
 * rows of the river, which hold masks only and are chained. The id stays as a word that leads
 * nowhere. One savepoint: all of it or nothing; secure_delete overwrites what was there. On the
 * scribe.
 */
#include "cust_int.h"

#include <stdio.h>

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
	"UPDATE order_ref SET address=NULL, city='' WHERE customer_id=?1 AND ?2>0",
	"UPDATE shop_return SET note='' WHERE customer_id=?1 AND ?2>0",
	"DELETE FROM ticket_word WHERE ?2>0 AND ticket IN (SELECT seq FROM ticket WHERE "
	"customer=?1)",
	"UPDATE ticket_event SET text='', body='{}' WHERE ?2>0 AND ticket IN (SELECT seq FROM "
	"ticket "
	"WHERE customer=?1)",
	"UPDATE ticket SET title='', body='{}' WHERE customer=?1 AND ?2>0",
	"UPDATE tool_call SET result='{}' WHERE customer=?1 AND ?2>0",
	"UPDATE tool_outbox SET body='{}', state='dead', why='erased', done_ms=?2 WHERE "
	"customer=?1 AND "
	"state<>'sent' AND kind<>'pay'", /* money that is owed is still paid */
	"UPDATE tool_approval SET request='{}', what='', note='' WHERE customer=?1 AND ?2>0",
	"UPDATE tool_approval SET state='no', by_login='system', decided_ms=?2 WHERE "
	"customer=?1 AND "
	"state='waiting'",
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

static int open_tickets(struct store_db *db, sv id)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    CUST_GROUP_SQL
			    "SELECT count(*) FROM g JOIN ticket t ON t.customer=g.id "
			    "WHERE t.closed_ms IS NULL");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	int n = rc == 1 ? (int)store_col_int(q, 0) : 0;
	store_reset(q);
	return rc < 0 ? rc : n;
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
		"state='sent'");
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
	int open = rc ? rc : open_tickets(db, id);
	if (open < 0 || (open > 0 && !force))
		return open < 0 ? open : ERR_STATE;
	arena_init(&a, LIM_ARENA_TURN);
	rc = cust_group(db, id, &a, &ids, &n);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = erase_one(db, ids[i], by, now_ms, files);
	arena_done(&a);
	return rc;
}
