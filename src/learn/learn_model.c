/* learn_model.c: the registry of models: rows of learn_model and the files they name.
 *
 * A name has one live version at most, which an index keeps so. Going back looks for the version
 * that was in use before and was not taken back itself; when there is none the program's own model
 * is meant. Rows that learn have their own way back (learn_choice_back.c). Writing is the scribe's.
 */
#include "learn_model.h"
#include "learn_choice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "feel_task.h"
#include "sha.h"

enum { PIECE = 1 << 16 };

/* ---- writing ---- */

static int next_version(struct store_db *db, sv name, int64_t *ret)
{
	return store_one_int(
		db, "SELECT COALESCE(MAX(version),0)+1 FROM learn_model WHERE name=?1", name, ret);
}

static sv some(sv s, const char *otherwise)
{
	return s.n ? s : sv_of(otherwise);
}

int learn_model_put(struct store_db *db, struct learn_model *m)
{
	struct store_stmt *q;
	if (!m->name.n || m->name.n >= LEARN_MODEL_NAME)
		return ERR_INVAL;
	int rc = next_version(db, m->name, &m->version);
	if (rc == 0)
		rc = store_prep(db, &q,
				"INSERT INTO learn_model (name, version, state, kind, file, hash, "
				"rows, from_day, to_day, scores, night, made_ms) VALUES "
				"(?1,?2,'candidate',?3,?4,?5,?6,?7,?8,?9,?10,?11)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, m->name);
	store_bind_int(q, 2, m->version);
	store_bind_sv(q, 3, some(m->kind, ""));
	store_bind_sv(q, 4, some(m->file, ""));
	store_bind_sv(q, 5, some(m->hash, ""));
	store_bind_int(q, 6, m->rows);
	store_bind_int(q, 7, m->from_day);
	store_bind_int(q, 8, m->to_day);
	store_bind_sv(q, 9, some(m->scores, "{}"));
	store_bind_sv(q, 10, some(m->night, ""));
	store_bind_int(q, 11, m->made_ms);
	return store_run(q);
}

static int retire(struct store_db *db, sv name, int64_t now_ms, bool back)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "UPDATE learn_model SET state='retired', retired_ms=?2, "
				    "back=?3 WHERE name=?1 AND state='live'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, name);
	store_bind_int(q, 2, now_ms);
	store_bind_int(q, 3, back);
	return store_run(q);
}

static int make_live(struct store_db *db, const struct learn_model *m, const char *from)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "UPDATE learn_model SET state='live', promoted_by=?3, "
				    "live_ms=?4 WHERE name=?1 AND version=?2 AND state=?5");
	if (rc)
		return rc;
	store_bind_sv(q, 1, m->name);
	store_bind_int(q, 2, m->version);
	store_bind_sv(q, 3, m->promoted_by);
	store_bind_int(q, 4, m->live_ms);
	store_bind_sv(q, 5, sv_of(from));
	rc = store_run(q);
	return rc ? rc : store_changes(db) == 1 ? 0 : ERR_NOTFOUND;
}

static int tell(struct store_db *db, const char *kind, const struct learn_model *m)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"name\":");
	sb_json(&b, m->name);
	sb_fmt(&b, ",\"version\":%lld}", (long long)m->version);
	struct store_event ev = { .ts_ms = m->live_ms, .kind = sv_of(kind),
				  .actor = m->promoted_by, .body = sb_sv(&b) };
	int rc = store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

static int promote(void *arg, struct store_db *db)
{
	const struct learn_model *m = arg;
	int rc = retire(db, m->name, m->live_ms, false);
	if (rc == 0)
		rc = make_live(db, m, "candidate");
	return rc ? rc : tell(db, "model.live", m);
}

int learn_model_promote(struct store_db *db, sv name, int64_t version, sv by, int64_t now_ms)
{
	struct learn_model m = { .name = name, .version = version, .promoted_by = by,
				 .live_ms = now_ms };
	return store_try(db, promote, &m);
}

/* The version that was in use before the live one; 0: none of ours. ERR_NOTFOUND: none is live. */
static int before_live(struct store_db *db, sv name, int64_t *ret)
{
	return store_one_int(
		db,
		"SELECT COALESCE((SELECT o.version FROM learn_model o WHERE o.name=l.name AND "
		"o.state='retired' AND o.back=0 AND o.live_ms>0 AND o.version<l.version ORDER BY "
		"o.version DESC LIMIT 1),0) FROM learn_model l WHERE l.name=?1 AND l.state='live'",
		name, ret);
}

static int go_back(void *arg, struct store_db *db)
{
	struct learn_model *m = arg;
	int rc = sv_starts(m->name, SV("choice/")) ?
			 learn_choice_back(db, m->name, m->promoted_by, m->live_ms, &m->version) :
			 before_live(db, m->name, &m->version);
	if (rc == 0)
		rc = retire(db, m->name, m->live_ms, true);
	if (rc == 0 && m->version)
		rc = make_live(db, m, "retired");
	return rc ? rc : tell(db, "model.back", m);
}

int learn_model_back(struct store_db *db, sv name, sv by, int64_t now_ms, int64_t *to)
{
	struct learn_model m = { .name = name, .promoted_by = by, .live_ms = now_ms };
	int rc = store_try(db, go_back, &m);
	if (rc == 0)
		*to = m.version;
	return rc;
}

int learn_model_sweep(struct store_db *db, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"UPDATE learn_model SET state='retired', file='', retired_ms=?1 WHERE "
		"state='candidate'");
	if (rc)
		return rc;
	store_bind_int(q, 1, now_ms);
	return store_run(q);
}

/* ---- reading ---- */

#define COLUMNS                                                                                \
	"name, version, state, kind, file, hash, rows, from_day, to_day, scores, night, "      \
	"promoted_by, made_ms, live_ms, retired_ms"

static struct learn_model row_of(struct store_stmt *q)
{
	return (struct learn_model){
		.name = store_col_sv(q, 0),	    .version = store_col_int(q, 1),
		.state = store_col_sv(q, 2),	    .kind = store_col_sv(q, 3),
		.file = store_col_sv(q, 4),	    .hash = store_col_sv(q, 5),
		.rows = store_col_int(q, 6),	    .from_day = store_col_int(q, 7),
		.to_day = store_col_int(q, 8),	    .scores = store_col_sv(q, 9),
		.night = store_col_sv(q, 10),	    .promoted_by = store_col_sv(q, 11),
		.made_ms = store_col_int(q, 12),    .live_ms = store_col_int(q, 13),
		.retired_ms = store_col_int(q, 14),
	};
}

static void keep(struct learn_model *m, struct arena *a)
{
	sv *const text[] = { &m->name, &m->state, &m->kind,  &m->file,
			     &m->hash, &m->scores, &m->night, &m->promoted_by };
	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++)
		*text[i] = arena_sv(a, *text[i]);
}

int learn_model_live(struct store_db *db, sv name, struct learn_model *m, struct arena *a)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT " COLUMNS " FROM learn_model WHERE name=?1 AND state='live'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, name);
	rc = store_step(q);
	if (rc == 1) {
		*m = row_of(q);
		keep(m, a);
	}
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}

static void put_date(struct sb *b, const char *key, int64_t day)
{
	struct cal_time t = { 0 };
	if (!day) {
		sb_fmt(b, ",\"%s\":null", key);
		return;
	}
	cal_date(day, &t);
	sb_fmt(b, ",\"%s\":\"%04d-%02d-%02d\"", key, t.year, t.month, t.day);
}

static void put_time(struct sb *b, const char *key, int64_t ms)
{
	char at[32];
	if (ms)
		clk_rfc3339(ms, at);
	sb_fmt(b, ms ? ",\"%s\":\"%s\"" : ",\"%s\":null", key, at);
}

/* Without the numbers of a model that lies beside them (learn_choice.c). */
static void put_scores(struct sb *b, const struct learn_model *m)
{
	sb_cstr(b, ",\"scores\":");
	if (!sv_starts(m->name, SV("choice/"))) {
		sb_put(b, m->scores.n ? m->scores : SV("{}"));
		return;
	}
	jv *o = jv_parse(m->scores, NULL);
	jv_del(o, "model");
	jv_dump(o, b);
	jv_free(o);
}

static void put_model(struct sb *b, const struct learn_model *m)
{
	const struct {
		const char *key;
		sv text;
	} texts[] = { { "state", m->state }, { "kind", m->kind },   { "file", m->file },
		      { "hash", m->hash },   { "night", m->night }, { "promoted_by",
								      m->promoted_by } };
	sb_cstr(b, "{\"name\":");
	sb_json(b, m->name);
	sb_fmt(b, ",\"version\":%lld", (long long)m->version);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		sb_fmt(b, ",\"%s\":", texts[i].key);
		sb_json(b, texts[i].text);
	}
	sb_fmt(b, ",\"rows\":%lld", (long long)m->rows);
	put_date(b, "from", m->from_day);
	put_date(b, "to", m->to_day);
	put_time(b, "made_at", m->made_ms);
	put_time(b, "live_at", m->live_ms);
	put_time(b, "retired_at", m->retired_ms);
	put_scores(b, m);
	sb_ch(b, '}');
}

int learn_models_json(struct store_db *db, sv name, struct sb *out)
{
	struct store_stmt *q;
	size_t n = 0;
	int rc = store_prep(db, &q, "SELECT " COLUMNS " FROM learn_model WHERE ?1='' OR name=?1 "
				    "ORDER BY name, version DESC LIMIT 1000");
	if (rc)
		return rc;
	store_bind_sv(q, 1, name.p ? name : SV(""));
	sb_ch(out, '[');
	while ((rc = store_step(q)) == 1) {
		struct learn_model m = row_of(q);
		sb_cstr(out, n++ ? "," : "");
		put_model(out, &m);
	}
	store_reset(q);
	sb_ch(out, ']');
	return rc;
}

/* ---- files ---- */

int learn_model_hash(const char *path, char out[65], struct err *e)
{
	unsigned char piece[PIECE], sum[32];
	size_t n;
	FILE *f = fopen(path, "rbe");
	if (!f)
		return err_set(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s: %s", path,
			       strerror(errno));
	struct store_sha *h = store_sha_new();
	if (h)
		store_sha_begin(h);
	while (h && (n = fread(piece, 1, sizeof(piece), f)) > 0)
		store_sha_add(h, piece, n);
	bool ok = h && !ferror(f) && store_sha_end(h, sum);
	store_sha_free(h);
	(void)fclose(f);
	if (!ok)
		return err_set(e, ERR_IO, "%s: it cannot be read", path);
	for (int i = 0; i < 32; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
	return 0;
}

int learn_model_load(struct store_db *db, const char *data, sv name, struct feel_task *base,
		     struct feel_task **ret, struct err *e)
{
	struct learn_model m;
	struct arena a;
	char path[4400], hash[65];
	*ret = NULL;
	arena_init(&a, LIM_ARENA_BIG);
	int rc = learn_model_live(db, name, &m, &a);
	bool none = rc == ERR_NOTFOUND;
	if (rc == 0) {
		(void)snprintf(path, sizeof(path), "%s/" SV_FMT, data, SV_ARG(m.file));
		rc = learn_model_hash(path, hash, e);
	}
	if (rc == 0 && !sv_eq(m.hash, sv_of(hash)))
		rc = err_set(e, ERR_CORRUPT, "%s: not the file that was promoted", path);
	if (rc == 0 && !(*ret = feel_task_load(path, base, e)))
		rc = ERR_CORRUPT;
	arena_done(&a);
	return none ? 0 : rc;
}
