/* learn_kv.c: rows of kv, read by anyone, written on the scribe. */
#include "learn_kv.h"

#define TEXT_MOST (1u << 20)

int learn_kv_get(struct store_db *db, const char *key, jv **ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT v FROM kv WHERE k=?1");
	*ret = NULL;
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(key));
	rc = store_step(q);
	if (rc == 1)
		*ret = jv_parse(store_col_sv(q, 0), NULL);
	store_reset(q);
	return rc < 0 ? rc : 0;
}

int learn_kv_put(struct store_db *db, const char *key, const jv *v, int64_t now_ms)
{
	struct store_stmt *q;
	struct sb b;
	sb_init(&b, TEXT_MOST);
	jv_dump(v, &b);
	int rc = sb_err(&b) ? ERR_TOOBIG :
			      store_prep(db, &q, "INSERT INTO kv (k, v, updated_ms) VALUES "
						 "(?1,?2,?3) ON CONFLICT (k) DO UPDATE SET v=?2, "
						 "updated_ms=?3");
	if (rc == 0) {
		store_bind_sv(q, 1, sv_of(key));
		store_bind_sv(q, 2, sb_sv(&b));
		store_bind_int(q, 3, now_ms);
		rc = store_run(q);
	}
	sb_done(&b);
	return rc;
}
