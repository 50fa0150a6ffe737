/* migrate.c: brings a database to the version of this program, forward only.
 *
 * Table schema_version holds one row per applied migration with a checksum of its text.
 * Each migration and its row are one transaction: after a failure or a crash the old
 * version is there, whole. A database with a version this program does not know, with a
 * migration whose text has changed since, or with tables but no schema_version, is
 * refused before anything is written.
 */
#include "store_int.h"

#include <stdio.h>

static void mig_sum(const char *sql, char out[17])
{
	snprintf(out, 17, "%016llx", (unsigned long long)sv_hash(sv_of(sql)));
}

static int mig_err(struct store_db *db, struct err *e, int rc, const char *what)
{
	return err_set(e, rc, "%s: %s", what, store_error(db));
}

int store_schema_version(struct store_db *db, int64_t *ret, struct err *e)
{
	int64_t tables = 0, ours = 0;
	int rc;

	*ret = 0;
	rc = store_one_int(db, "SELECT count(*) FROM sqlite_master", SV_NULL, &tables);
	if (!rc)
		rc = store_one_int(
			db,
			"SELECT count(*) FROM sqlite_master WHERE type='table' "
			"AND name='schema_version'", SV_NULL,
			&ours);
	if (rc)
		return mig_err(db, e, rc, "cannot read the database");
	if (!tables)
		return 0;
	if (!ours)
		return err_set(e, ERR_CORRUPT,
			       "this is a database of some other program "
			       "(no schema_version table); choose another data folder");
	rc = store_one_int(db, "SELECT coalesce(max(version),0) FROM schema_version", SV_NULL,
			  ret);
	return rc ? mig_err(db, e, rc, "cannot read the schema version") : 0;
}

static int mig_same(struct store_stmt *q, const struct store_migration *m, size_t n,
		    struct err *e)
{
	char sum[17];
	int64_t v;
	int rc;

	while ((rc = store_step(q)) == 1) {
		v = store_col_int(q, 0);
		if (v < 1 || v > (int64_t)n)
			return err_set(e, ERR_VERSION,
				       "the database has schema version %lld, this "
				       "program knows up to %zu; use the newer callm "
				       "or restore a backup",
				       (long long)v, n);
		mig_sum(m[v - 1].sql, sum);
		if (!sv_eq(store_col_sv(q, 1), sv_of(sum)))
			return err_set(e, ERR_VERSION,
				       "migration %s was changed after it had been "
				       "applied to this database",
				       m[v - 1].name);
	}
	return rc;
}

/* A file from elsewhere may carry code: a trigger runs at our next insert. */
static int mig_no_code(struct store_db *db, struct err *e)
{
	int64_t n = 0;
	int rc = store_one_int(db,
			      "SELECT count(*) FROM sqlite_master "
			      "WHERE type IN ('trigger', 'view')", SV_NULL,
			      &n);

	if (rc)
		return mig_err(db, e, rc, "cannot read the database");
	if (!n)
		return 0;
	return err_set(e, ERR_CORRUPT, "it holds triggers or views not made by callm");
}

int store_schema_check(struct store_db *db, const struct store_migration *m, size_t n,
		       struct err *e)
{
	struct store_stmt *q;
	int64_t now;
	int rc = store_schema_version(db, &now, e);

	if (!rc && now)
		rc = mig_no_code(db, e);
	if (rc || !now)
		return rc;
	rc = store_prep(
		db, &q,
		"SELECT version, checksum FROM schema_version ORDER BY version DESC");
	if (rc)
		return mig_err(db, e, rc, "cannot read the schema version");
	rc = mig_same(q, m, n, e);
	store_reset(q);
	return rc;
}

static int mig_note(struct store_db *db, const struct store_migration *m)
{
	struct store_stmt *q;
	char sum[17];
	int rc = store_prep(
		db, &q,
		"INSERT INTO schema_version (version, name, checksum, applied_ms) "
		"VALUES (?1, ?2, ?3, ?4)");

	if (rc)
		return rc;
	mig_sum(m->sql, sum);
	store_bind_int(q, 1, m->version);
	store_bind_sv(q, 2, sv_of(m->name));
	store_bind_sv(q, 3, sv_of(sum));
	store_bind_int(q, 4, clk_wall_ms());
	return store_run(q);
}

static int mig_apply(struct store_db *db, const struct store_migration *m,
		     struct err *e)
{
	int rc = store_exec(db, "BEGIN IMMEDIATE");

	if (!rc)
		rc = store_exec(
			db,
			"CREATE TABLE IF NOT EXISTS schema_version (version INTEGER "
			"PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
			"applied_ms INTEGER NOT NULL)");
	if (!rc)
		rc = store_exec(db, m->sql);
	if (!rc)
		rc = mig_note(db, m);
	if (!rc)
		rc = store_exec(db, "COMMIT");
	if (!rc)
		return 0;
	err_set(e, rc, "migration %s failed and was taken back: %s", m->name,
		store_error(db));
	if (!sqlite3_get_autocommit(db->db))
		store_exec(db, "ROLLBACK");
	return rc;
}

int store_migrate(struct store_db *db, const struct store_migration *m, size_t n,
		  struct err *e)
{
	int64_t now;
	int rc = store_schema_check(db, m, n, e);

	if (!rc)
		rc = store_schema_version(db, &now, e);
	if (rc)
		return rc;
	for (size_t i = (size_t)now; i < n && !rc; i++)
		rc = mig_apply(db, &m[i], e);
	return rc;
}
