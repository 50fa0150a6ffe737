/* kb_put.c: article rows: insert, next version, retire. Runs on the scribe's thread.
 *
 * `article` holds the newest version of each (id, lang), article_version all former ones. The
 * checksum covers what a customer can notice; importing the same text from another place is no
 * change. Who may read an article stays as it was unless the new version says so.
 */
#include <inttypes.h>
#include <stdio.h>
#include "kb_int.h"

#define COLS "id, lang, group_id, title, body_md, aliases, category, status, version, " \
	     "valid_from_ms, valid_to_ms, source, checksum, updated_ms, canary, audience, " \
	     "updated_by"

#define AUDIENCE_MAX 120         /* bytes of who may read it */

struct was {                     /* the newest version that there is */
	int64_t version;         /* 0: none yet */
	bool published;
	char sum[17], audience[AUDIENCE_MAX];
};

static void checksum(const struct kb_article *a, char out[17])
{
	const sv part[] = { a->title, a->body_md, a->aliases, a->category, a->group_id };
	uint64_t h = 1469598103934665603u;

	for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++)
		h = (h ^ sv_hash(part[i])) * 1099511628211u + i;
	h = (h ^ (uint64_t)a->valid_from_ms) * 1099511628211u;
	h = (h ^ (uint64_t)a->valid_to_ms) * 1099511628211u;
	if (!sv_eq(a->audience, SV("public")))
		h = (h ^ sv_hash(a->audience)) * 1099511628211u;
	snprintf(out, 17, "%016" PRIx64, h);
}

static int former(struct store_db *db, const struct kb_article *a, struct was *w)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT version, checksum, status, audience FROM article "
				    "WHERE id = ?1 AND lang = ?2");

	*w = (struct was){ .audience = "public" };
	if (rc)
		return rc;
	store_bind_sv(q, 1, a->id);
	store_bind_sv(q, 2, a->lang);
	rc = store_step(q);
	if (rc == 1) {
		sv sum = store_col_sv(q, 1), whom = store_col_sv(q, 3);

		w->version = store_col_int(q, 0);
		w->published = sv_eq(store_col_sv(q, 2), SV("published"));
		(void)snprintf(w->sum, sizeof(w->sum), SV_FMT, SV_ARG(sum));
		if (whom.n)
			(void)snprintf(w->audience, sizeof(w->audience), SV_FMT, SV_ARG(whom));
		if (whom.n >= sizeof(w->audience))
			rc = ERR_TOOBIG; /* half a name would be another one */
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int keep_former(struct store_db *db, const struct kb_article *a)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "INSERT INTO article_version (" COLS ") SELECT " COLS
				    " FROM article WHERE id = ?1 AND lang = ?2");

	if (rc)
		return rc;
	store_bind_sv(q, 1, a->id);
	store_bind_sv(q, 2, a->lang);
	rc = store_run(q);
	if (rc)
		return rc;
	rc = store_prep(db, &q, "DELETE FROM article WHERE id = ?1 AND lang = ?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, a->id);
	store_bind_sv(q, 2, a->lang);
	return store_run(q);
}

static void bind_time(struct store_stmt *q, int i, int64_t ms)
{
	if (ms)
		store_bind_int(q, i, ms);
	else
		store_bind_sv(q, i, SV_NULL);
}

/* Empty text must not become SQL NULL. */
static sv text(sv s)
{
	return s.p ? s : SV("");
}

static int insert(struct store_db *db, const struct kb_article *a, const char *sum,
		  int64_t version, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "INSERT INTO article (" COLS ") VALUES "
				    "(?1,?2,?3,?4,?5,?6,?7,'published',?8,?9,?10,?11,?12,?13,?14,"
				    "?15,?16)");

	if (rc)
		return rc;
	store_bind_sv(q, 1, a->id);
	store_bind_sv(q, 2, a->lang);
	store_bind_sv(q, 3, a->group_id.n ? a->group_id : a->id);
	store_bind_sv(q, 4, a->title);
	store_bind_sv(q, 5, a->body_md);
	store_bind_sv(q, 6, text(a->aliases));
	store_bind_sv(q, 7, text(a->category));
	store_bind_int(q, 8, version);
	bind_time(q, 9, a->valid_from_ms);
	bind_time(q, 10, a->valid_to_ms);
	store_bind_sv(q, 11, text(a->source));
	store_bind_sv(q, 12, sv_of(sum));
	store_bind_int(q, 13, now_ms);
	store_bind_int(q, 14, a->canary);
	store_bind_sv(q, 15, a->audience);
	store_bind_sv(q, 16, text(a->by));
	return store_run(q);
}

int kb_put(struct store_db *db, const struct kb_article *a, int64_t now_ms, bool *ret_changed)
{
	struct kb_article x = *a;
	struct was w;
	char sum[17];
	int rc;

	*ret_changed = false;
	if (!a->id.n || !a->lang.n || !a->title.n || !a->body_md.n ||
	    a->audience.n >= AUDIENCE_MAX)
		return ERR_INVAL;
	rc = former(db, a, &w);
	if (rc)
		return rc;
	if (!x.audience.n) /* who names nobody opens nothing: it stays whose it was */
		x.audience = x.audience.p ? SV("public") : sv_of(w.audience);
	checksum(&x, sum);
	if (w.published && strcmp(w.sum, sum) == 0)
		return 0;
	if (w.version)
		rc = keep_former(db, a);
	if (!rc)
		rc = insert(db, &x, sum, w.version + 1, now_ms);
	*ret_changed = rc == 0;
	if (!rc)
		kb_touched();
	return rc;
}

int kb_retire(struct store_db *db, sv article_id, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT 1 FROM article WHERE id = ?1 AND status = 'published'");

	if (rc)
		return rc;
	store_bind_sv(q, 1, article_id);
	rc = store_step(q);
	store_reset(q);
	if (rc != 1)
		return rc < 0 ? rc : ERR_NOTFOUND;
	rc = store_prep(db, &q, "UPDATE article SET status = 'retired', updated_ms = ?2 "
				"WHERE id = ?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, article_id);
	store_bind_int(q, 2, now_ms);
	rc = store_run(q);
	if (!rc)
		kb_touched();
	return rc;
}
