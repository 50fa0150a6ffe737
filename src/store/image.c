/* image.c: databases without a file: a private one to build in, and immutable images
 * that many threads read at once, each through its own connection onto the same bytes.
 *
 * An image is what sqlite3_serialize writes. It is opened with
 * SQLITE_DESERIALIZE_READONLY, and with a memory-map limit, so that pages are read
 * where they lie: neither the file nor the page cache is a copy. The caller owns the
 * bytes and keeps them while connections are open.
 */
#include "store_int.h"

#include <stdio.h>
#include <string.h>

int store_mem_open(struct store_db **ret)
{
	return store_db_open(ret,
			     ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
			     NULL);
}

int store_image_save(struct store_db *db, void **ret, size_t *ret_n)
{
	sqlite3_int64 n = 0;
	unsigned char *p, *out;

	if (!db->db)
		return ERR_DB;
	p = sqlite3_serialize(db->db, "main", &n, 0);
	if (!p)
		return n > 0 ? ERR_NOMEM : ERR_DB;
	out = xalloc((size_t)n + 1);
	memcpy(out, p, (size_t)n);
	sqlite3_free(p);
	/* Bytes 18 and 19 say "WAL" for a database file; an image has no log
	 * (sqlite.org/fileformat2.html section 1.3). */
	if (n >= 100 && out[18] == 2)
		out[18] = out[19] = 1;
	*ret = out;
	*ret_n = (size_t)n;
	return 0;
}

int store_image_open(struct store_db **ret, const void *bytes, size_t n)
{
	struct store_db *db;
	char sql[64];
	int64_t rows;
	int rc;

	if (n < 512 || memcmp(bytes, "SQLite format 3", 16) != 0)
		return ERR_CORRUPT;
	rc = store_db_open(&db, ":memory:", SQLITE_OPEN_READWRITE, NULL);
	if (rc)
		return rc;
	rc = store_err_of(sqlite3_deserialize(db->db, "main",
					      (unsigned char *)(uintptr_t)bytes,
					      (sqlite3_int64)n, (sqlite3_int64)n,
					      SQLITE_DESERIALIZE_READONLY));
	snprintf(sql, sizeof(sql), "PRAGMA mmap_size=%lld", (long long)n);
	if (!rc)
		rc = store_exec(db, sql);
	if (!rc)
		rc = store_one_int(db, "SELECT count(*) FROM sqlite_master", SV_NULL, &rows);
	if (rc) {
		store_db_close(db);
		return rc;
	}
	*ret = db;
	return 0;
}
