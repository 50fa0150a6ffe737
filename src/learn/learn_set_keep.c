/* learn_set_keep.c: which runs of test sets are kept. The newest ones of a set with a draft and
 * without, and what those with a draft are held against; of all sets as many answers as fit. What
 * is too much is marked gone in the write that saves a run; its rows, thousands, go afterwards in
 * small writes, so that no turn waits for them. */
#include "learn_set.h"
#include "learn_int.h"

#include <stdio.h>

enum { PIECE = 2000 };               /* rows of a write */

static int forget_runs(struct store_db *db, sv set, bool drafts)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE kb_set_run SET state='gone' WHERE id IN (SELECT id FROM "
			    "kb_set_run WHERE kb_set=?1 AND (draft<>'')=?2 AND state IN ('done', "
			    "'failed') ORDER BY id DESC LIMIT 1000 OFFSET ?3) AND NOT EXISTS "
			    "(SELECT 1 FROM kb_set_run d WHERE d.kb_set=?1 AND "
			    "d.against=kb_set_run.id AND d.state='done')");
	if (rc)
		return rc;
	store_bind_sv(q, 1, set);
	store_bind_int(q, 2, drafts);
	store_bind_int(q, 3, LEARN_SET_RUNS);
	return store_run(q);
}

static int too_many(struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT coalesce(sum(questions), 0) FROM kb_set_run NOT INDEXED WHERE "
			    "state='done'");
	if (rc)
		return rc;
	rc = store_step(q);
	if (rc == 1)
		rc = store_col_int(q, 0) > LEARN_SET_ANSWERS;
	store_reset(q);
	return rc;
}

/* The oldest of all sets; the last run of each, and the one just saved, stay. */
static int forget_answers(struct store_db *db, sv run)
{
	struct store_stmt *q;
	int rc = too_many(db);
	if (rc <= 0)
		return rc;
	rc = store_prep(db, &q,
			    "UPDATE kb_set_run SET state='gone' WHERE id IN (SELECT id FROM "
			    "(SELECT id, sum(questions) OVER (ORDER BY id DESC) AS n FROM "
			    "kb_set_run WHERE state='done') WHERE n>?1) AND id<>?2 AND id NOT IN "
			    "(SELECT max(id) FROM kb_set_run WHERE state='done' AND draft='' "
			    "GROUP BY kb_set)");
	if (rc)
		return rc;
	store_bind_int(q, 1, LEARN_SET_ANSWERS);
	store_bind_sv(q, 2, run);
	return store_run(q);
}

int learn_set_forget(struct store_db *db, sv set, sv run)
{
	int rc = forget_runs(db, set, true);
	if (!rc)
		rc = forget_runs(db, set, false);
	return rc ? rc : forget_answers(db, run);
}

/* ---- what is gone ---- */


static int next_gone(struct store_db *db, char ret[27])
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT id FROM kb_set_run WHERE state='gone' LIMIT 1");
	if (rc)
		return rc;
	rc = store_step(q);
	if (rc == 1)
		(void)snprintf(ret, 27, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc;
}

static int take_away(void *arg, struct store_db *db)
{
	static const char *const sqls[] = {
		"DELETE FROM kb_set_answer WHERE run=?1 AND n IN (SELECT n FROM kb_set_answer "
		"WHERE run=?1 LIMIT ?2)",
		"DELETE FROM kb_set_run WHERE id=?1 AND state='gone' AND NOT EXISTS (SELECT 1 "
		"FROM kb_set_answer WHERE run=?1) AND ?2"
	};
	const char *run = arg;
	int rc = 0;
	for (int i = 0; i < 2 && rc == 0; i++) {
		struct store_stmt *q;
		rc = store_prep(db, &q, sqls[i]);
		if (rc)
			break;
		store_bind_sv(q, 1, sv_of(run));
		store_bind_int(q, 2, PIECE);
		rc = store_run(q);
	}
	return rc;
}

int learn_set_sweep(struct store *st, bool (*stopped)(void *arg), void *arg)
{
	for (;;) {
		char run[27];
		struct store_db *db;
		int rc = store_reader(st, &db);
		if (rc || (rc = next_gone(db, run)) != 1)
			return rc;
		rc = stopped && stopped(arg) ? ERR_CANCELED : store_write_now(st, take_away, run);
		if (rc)
			return rc;
	}
}
