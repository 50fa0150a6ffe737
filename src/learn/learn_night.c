/* learn_night.c: one night: begins with a row, tries one thing after the other, ends with a row and
 * the reports.
 *
 * What is promoted is promoted by one write of the scribe, after its file is on disk. A night that
 * was killed leaves the row it began with: the next night marks it broken, retires the candidates
 * that nobody promoted, and deletes the files that no row names. A step that fails is told in the
 * report and does not end the night, but for a database that does not write. The thread that calls
 * owns everything. */
#include "learn_night_int.h"

#include <stdio.h>
#include <unistd.h>

bool night_stopped(const struct night *n)
{
	return n->o->stopped && n->o->stopped(n->o->arg);
}

int64_t night_now(const struct night *n)
{
	return n->o->now_ms ? n->o->now_ms : clk_wall_ms();
}

int64_t night_day(const struct night *n, int64_t ms)
{
	int64_t from, to, local = ms / 1000 + cal_offset(n->zone, ms, &from, &to);
	return local / 86400;
}

int night_write(struct night *n, store_write_fn *fn, void *arg)
{
	return store_write_now(n->o->store, fn, arg);
}

/* ---- rows ---- */

struct row {
	const struct night *n;
	const char *kind, *state;
	sv body;
};

static int put_event(const struct row *x, struct store_db *db)
{
	struct store_event ev = { .ts_ms = night_now(x->n), .kind = sv_of(x->kind),
				  .actor = SV("night"), .body = x->body };
	return store_event_put(db, &ev);
}

static int event_write(void *arg, struct store_db *db)
{
	return put_event(arg, db);
}

int night_told(struct night *n, jv *item)
{
	struct sb b;
	struct row x = { .n = n, .kind = "night.result" };
	jv_push(n->items, item);
	if (n->o->dry)
		return 0;
	sb_init(&b, LIM_SB);
	jv_dump(item, &b);
	x.body = sb_sv(&b);
	int rc = night_write(n, event_write, &x);
	sb_done(&b);
	return rc;
}

int night_failed(struct night *n, const char *name, const char *task, int rc, const struct err *e)
{
	if (rc == ERR_CANCELED || rc == ERR_DENIED || rc == ERR_CLOSED)
		return rc;
	jv *item = jv_obj();
	jv_set_str(item, "name", sv_of(name));
	jv_set_str(item, "task", sv_of(task));
	jv_set_bool(item, "kept", true);
	jv_set_str(item, "why", SV("failed"));
	jv_set_str(item, "error", sv_of(e->msg[0] ? e->msg : err_text(rc)));
	return night_told(n, item);
}

static int run_sql(struct store_db *db, const char *sql, int64_t ms, sv id)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	store_bind_int(q, 1, ms);
	store_bind_sv(q, 2, id);
	return store_run(q);
}

static int begin_write(void *arg, struct store_db *db)
{
	const struct row *x = arg;
	sv id = sv_of(x->n->id);
	int rc = run_sql(db, "UPDATE learn_night SET state='broken', ended_ms=?1 WHERE "
			     "state='running' AND id<>?2", x->n->now_ms, id);
	if (rc == 0)
		rc = learn_model_sweep(db, x->n->now_ms);
	if (rc == 0)
		rc = run_sql(db, "INSERT INTO learn_night (id, state, began_ms) VALUES "
				 "(?2,'running',?1)", x->n->now_ms, id);
	return rc ? rc : put_event(x, db);
}

static int end_write(void *arg, struct store_db *db)
{
	const struct row *x = arg;
	struct store_stmt *q;
	int rc = store_prep(db, &q, "UPDATE learn_night SET state=?2, ended_ms=?3, result=?4 WHERE "
				    "id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(x->n->id));
	store_bind_sv(q, 2, sv_of(x->state));
	store_bind_int(q, 3, night_now(x->n));
	store_bind_sv(q, 4, x->body);
	rc = store_run(q);
	struct row told = *x;
	struct sb b;
	sb_init(&b, 256);
	sb_fmt(&b, "{\"id\":\"%s\",\"state\":\"%s\"}", x->n->id, x->state);
	told.body = sb_sv(&b);
	if (rc == 0)
		rc = put_event(&told, db);
	sb_done(&b);
	return rc;
}

/* ---- files ---- */

struct stray {
	struct night *n;
	size_t prefix;               /* bytes of the data folder and a slash */
};

static int unlink_stray(void *arg, const char *path)
{
	struct stray *s = arg;
	struct store_stmt *q;
	if (store_prep(s->n->db, &q, "SELECT 1 FROM learn_model WHERE file=?1"))
		return 0;
	store_bind_sv(q, 1, sv_of(path + s->prefix));
	bool named = store_step(q) != 0;
	store_reset(q);
	if (!named)
		(void)unlink(path);
	return 0;
}

static void sweep_files(struct night *n)
{
	char dir[4300];
	struct stray s = { n, strlen(n->o->data) + 1 };
	(void)snprintf(dir, sizeof(dir), "%s/models/night", n->o->data);
	if (file_exists(dir))
		(void)file_walk(dir, unlink_stray, &s);
}

int learn_report_path(const char *data, sv id, bool zh, bool html, char *out, size_t n)
{
	if (!id_ok(id))
		return ERR_INVAL;
	(void)snprintf(out, n, "%s/nights/" SV_FMT ".%s.%s", data, SV_ARG(id), zh ? "zh" : "en",
		       html ? "html" : "md");
	return 0;
}

static int write_reports(struct night *n, const jv *night, struct err *e)
{
	char path[4400];
	struct sb b;
	(void)snprintf(path, sizeof(path), "%s/nights", n->o->data);
	int rc = file_mkdirs(path, e);
	sb_init(&b, 8 * LIM_SB);
	for (int i = 0; i < 4 && rc == 0; i++) {
		sb_reset(&b);
		learn_report_put(night, i & 1, i & 2, &b);
		rc = learn_report_path(n->o->data, sv_of(n->id), i & 1, i & 2, path, sizeof(path));
		if (rc == 0)
			rc = file_write(path, sb_sv(&b), e);
	}
	sb_done(&b);
	return rc;
}

/* ---- the night ---- */

static const struct {
	const char *task;
	int (*run)(struct night *n, struct err *e);
} steps[] = {
	{ "intents", night_intents },
	{ "calibration", night_temper_intents },
	{ "moods", night_temper_emotions },
	{ "forecast", night_forecasts },
	{ "policy", night_policies },
	{ "choice", night_choices },
};

static int run_steps(struct night *n, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && rc == 0; i++) {
		struct err why = { 0 };
		rc = night_stopped(n) ? ERR_CANCELED : steps[i].run(n, &why);
		if (rc)
			rc = night_failed(n, steps[i].task, steps[i].task, rc, &why);
		if (rc)
			err_set(e, rc, "%s", why.msg[0] ? why.msg : err_text(rc));
	}
	return rc;
}

static jv *night_json(const struct night *n, const char *state)
{
	char ended[32];
	jv *o = jv_obj();
	clk_rfc3339(night_now(n), ended);
	jv_set_str(o, "id", sv_of(n->id));
	jv_set_str(o, "state", sv_of(state));
	jv_set_str(o, "began", sv_of(n->began));
	jv_set_str(o, "ended", sv_of(ended));
	jv_set(o, "items", jv_copy(n->items));
	return o;
}

static int begin(struct night *n, struct err *e)
{
	struct sb b;
	struct row x = { .n = n, .kind = "night.began" };
	if (n->o->dry)
		return 0;
	sb_init(&b, 256);
	sb_fmt(&b, "{\"id\":\"%s\"}", n->id);
	x.body = sb_sv(&b);
	int rc = night_write(n, begin_write, &x);
	sb_done(&b);
	if (rc)
		return err_set(e, rc, "%s",
			       rc == ERR_DENIED ?
				       "a server runs in this folder: it has its own nights" :
				       err_text(rc));
	sweep_files(n);
	return 0;
}

/* Reports first: a night that is done has them. */
static int finish(struct night *n, jv *night, struct err *e)
{
	struct sb b;
	sv state = jv_get_str(night, "state");
	struct row x = { .n = n, .kind = "night.ended", .state = state.p };
	if (n->o->dry)
		return 0;
	int rc = write_reports(n, night, e);
	sb_init(&b, 8 * LIM_SB);
	jv_dump(night, &b);
	x.body = sb_sv(&b);
	if (rc == 0)
		rc = night_write(n, end_write, &x);
	sb_done(&b);
	return rc;
}

static int open_night(struct night *n, const struct learn_night_opts *o, struct err *e)
{
	*n = (struct night){ .o = o };
	n->now_ms = night_now(n);
	arena_init(&n->a, LIM_ARENA_BIG);
	n->items = jv_arr();
	id_new(n->id);
	clk_rfc3339(n->now_ms, n->began);
	int rc = cal_zone_open(&n->zone, o->zone ? sv_of(o->zone) : SV("UTC"), e);
	if (rc == 0 && (rc = store_reader(o->store, &n->db)))
		err_set(e, rc, "the database cannot be read: %s", err_text(rc));
	if (rc == 0)
		n->today = night_day(n, n->now_ms);
	return rc;
}

int learn_night_run(jv **ret, const struct learn_night_opts *o, struct err *e)
{
	struct night n;
	jv *night = NULL;
	int rc = open_night(&n, o, e);
	if (rc == 0)
		rc = begin(&n, e);
	if (rc == 0) {
		int ran = run_steps(&n, e);
		night = night_json(&n, ran == 0            ? "done" :
				       ran == ERR_CANCELED ? "stopped" :
							     "failed");
		rc = finish(&n, night, e);
		rc = ran ? ran : rc;
	}
	if (rc == 0)
		*ret = night;
	else
		jv_free(night);
	jv_free(n.items);
	obj_unref(n.zone);
	arena_done(&n.a);
	return rc;
}

/* ---- the list ---- */

static void put_night(struct sb *b, struct store_stmt *q)
{
	jv *result = jv_parse(store_col_sv(q, 4), NULL), *items = jv_get(result, "items");
	int64_t promoted = 0;
	char at[32];
	for (size_t i = 0; i < jv_len(items); i++)
		promoted += !jv_get_bool(jv_at(items, i), "kept", true);
	sb_cstr(b, "{\"id\":");
	sb_json(b, store_col_sv(q, 0));
	sb_cstr(b, ",\"state\":");
	sb_json(b, store_col_sv(q, 1));
	clk_rfc3339(store_col_int(q, 2), at);
	sb_fmt(b, ",\"began\":\"%s\"", at);
	clk_rfc3339(store_col_int(q, 3), at);
	sb_fmt(b, store_col_int(q, 3) ? ",\"ended\":\"%s\"" : ",\"ended\":null", at);
	sb_fmt(b, ",\"tried\":%zu,\"promoted\":%lld}", jv_len(items), (long long)promoted);
	jv_free(result);
}

int learn_nights_json(struct store_db *db, struct sb *out)
{
	struct store_stmt *q;
	size_t n = 0;
	int rc = store_prep(db, &q, "SELECT id, state, began_ms, ended_ms, result FROM learn_night "
				    "ORDER BY began_ms DESC, id DESC LIMIT 100");
	if (rc)
		return rc;
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1) {
		sb_cstr(out, n++ ? "," : "");
		put_night(out, q);
	}
	store_reset(q);
	sb_cstr(out, "],\"next\":null}");
	return rc;
}
