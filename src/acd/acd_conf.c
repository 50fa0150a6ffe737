/* acd_conf.c: queues, skills and agents that people changed: rows beside the file.
 *
 * A row replaces the thing of its name in the file, or adds one; the body null takes it out. The
 * plan of now is the file with all rows laid over it at once. A row that does not fit any more (the
 * file lost what it names) is left out and told in the log: the centre opens all the same. Writing:
 * the scribe; checking: any thread, on the plan of now.
 */
#include "acd_int.h"

#include <stdio.h>

static const char *const sections[] = { "skills", "queues", "agents" };
static const char *const kinds[] = { "skill", "queue", "agent" };
enum { ROWS = 10000 };

int acd_conf_get(struct store_db *db, enum acd_conf kind, sv id, struct sb *out, int64_t *version)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT body, version FROM acd_conf WHERE kind=?1 AND id=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(kinds[kind]));
	store_bind_sv(q, 2, id);
	rc = store_step(q);
	if (rc == 1) {
		sb_put(out, store_col_sv(q, 0));
		*version = store_col_int(q, 1);
	}
	store_reset(q);
	return rc < 0 ? rc : rc == 0 ? ERR_NOTFOUND : sb_err(out);
}

static int told(struct store_db *db, enum acd_conf kind, sv id, int64_t version, sv by, int64_t now)
{
	jv *o = jv_obj();
	struct sb b;
	jv_set_str(o, "kind", sv_of(kinds[kind]));
	jv_set_str(o, "id", id);
	jv_set_int(o, "version", version);
	sb_init(&b, LIM_SB);
	jv_dump(o, &b);
	jv_free(o);
	struct store_event ev = { .ts_ms = now, .kind = SV("acd.config"), .actor = by,
				  .body = sb_sv(&b) };
	int rc = store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

static int put(struct store_db *db, enum acd_conf kind, sv id, sv body, int64_t version, sv by,
	       int64_t now)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO acd_conf (kind, id, body, version, updated_ms, "
			    "updated_by) VALUES (?1,?2,?3,?4,?5,?6) ON CONFLICT (kind, id) DO "
			    "UPDATE SET body=excluded.body, version=excluded.version, "
			    "updated_ms=excluded.updated_ms, updated_by=excluded.updated_by");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(kinds[kind]));
	store_bind_sv(q, 2, id);
	store_bind_sv(q, 3, body);
	store_bind_int(q, 4, version);
	store_bind_int(q, 5, now);
	store_bind_sv(q, 6, by);
	rc = store_run(q);
	return rc ? rc : told(db, kind, id, version, by, now);
}

static int change(struct store_db *db, enum acd_conf kind, sv id, sv body, int64_t version, sv by,
		  int64_t now)
{
	struct sb old;
	int64_t has = 0;
	if (!id.n || id.n >= ACD_NAME)
		return ERR_INVAL;
	sb_init(&old, LIM_JSON_BYTES);
	int rc = acd_conf_get(db, kind, id, &old, &has);
	bool there = rc == 0 && !sv_eq(sb_sv(&old), SV("null"));     /* null: taken out */
	sb_done(&old);
	if (rc && rc != ERR_NOTFOUND)
		return rc;
	if (version == -1 && there)
		return ERR_EXISTS;
	if (version > 0 && version != has)
		return ERR_CONFLICT;
	return put(db, kind, id, body, has + 1, by, now);
}

int acd_conf_put(struct store_db *db, enum acd_conf kind, sv id, sv body, int64_t version, sv by,
		 int64_t now_ms)
{
	jv *o = jv_parse(body, NULL);
	bool ok = jv_is_obj(o);
	jv_free(o);
	return ok ? change(db, kind, id, body, version, by, now_ms) : ERR_INVAL;
}

int acd_conf_delete(struct store_db *db, enum acd_conf kind, sv id, int64_t version, sv by,
		    int64_t now_ms)
{
	return change(db, kind, id, SV("null"), version, by, now_ms);
}

struct acd_plan *acd_plan_now(const struct acd *a)
{
	return snap_get(a->plans);
}

/* Is the sound a queue names there? One look: this may be the scribe. A name that it has already
 * is left alone, so that the rest can be changed. */
static int music_there(const struct acd *a, const struct acd_plan *now, sv id, const jv *queue,
		       struct cfg_report *rep)
{
	const struct acd_cals *k = a->o.cals;
	sv name = jv_get_str(queue, "music");
	int at = acd_plan_queue_of(now, id);
	struct err e = { 0 };
	if (!k || !k->music || !name.n || sv_eq(name, SV("none")) || sv_eq(name, SV("tune")))
		return 0;
	if (at >= 0 && sv_eq(sv_of(acd_plan_queue(now, at)->music), name))
		return 0;
	int rc = k->music(k->music_arg, name, ACD_MUSIC_S, NULL, &e);
	struct cfg_issue *x = rc ? VEC_PUSH(rep, 1) : NULL;
	if (x) {
		(void)snprintf(x->where, sizeof(x->where), "music");
		(void)snprintf(x->what, sizeof(x->what), "%.230s", e.msg);
		(void)snprintf(x->mend, sizeof(x->mend),
			       "Put it into the folder music beside the company file, "
			       "or use none or tune.");
	}
	return rc ? ERR_INVAL : 0;
}

int acd_conf_check(struct acd *a, enum acd_conf kind, sv id, sv body, struct cfg_report *rep)
{
	struct acd_plan *now = snap_get(a->plans), *then = NULL;
	struct acd_cals cals = a->o.cals ? *a->o.cals : (struct acd_cals){ 0 };
	jv *o = body.n ? jv_parse(body, NULL) : NULL;
	int rc = body.n && !jv_is_obj(o) ? ERR_INVAL : 0;
	cals.music = NULL;
	if (rc == 0)
		rc = acd_plan_with(&then, now, sections[kind], id, o, a->o.cals ? &cals : NULL,
				   rep);
	if (rc == 0 && kind == ACD_CONF_QUEUE)
		rc = music_there(a, now, id, o, rep);
	obj_unref(then);
	obj_unref(now);
	jv_free(o);
	return rc;
}

/* ---- the plan of now ---- */

struct row {
	enum acd_conf kind;
	char *id;
	jv *value;                   /* NULL: it is taken out */
	bool laid;
};
struct rows {
	VEC(struct row) v;
};

static int rows_read(struct store_db *db, struct rows *r)
{
	struct store_stmt *q;
	struct row *x;
	int rc = store_prep(db, &q, "SELECT kind, id, body FROM acd_conf ORDER BY kind DESC, id");
	if (rc)
		return rc;
	while ((rc = store_step(q)) == 1) {
		int kind = acd_name_of(kinds, 3, store_col_sv(q, 0));
		jv *o = jv_parse(store_col_sv(q, 2), NULL);
		if (kind < 0) {
			LOG(WARN, "acd.config", SV_FMT "=" SV_FMT " is left out: there is no such "
			    "kind of row", SV_ARG(store_col_sv(q, 0)), SV_ARG(store_col_sv(q, 1)));
			jv_free(o);
			continue;
		}
		if (!(x = VEC_PUSH(&r->v, ROWS))) {
			jv_free(o);
			rc = ERR_TOOBIG;
			break;
		}
		x->kind = (enum acd_conf)kind;
		x->id = xstrdup(store_col_sv(q, 1));
		x->value = jv_is_obj(o) ? o : NULL;
		if (!x->value)
			jv_free(o);
	}
	store_reset(q);
	return rc;
}

static void rows_free(struct rows *r)
{
	for (size_t i = 0; i < r->v.n; i++) {
		xfree(r->v.v[i].id);
		jv_free(r->v.v[i].value);
	}
	VEC_FREE(&r->v);
}

/* n rows over *p, read once; told: a fault goes to the log. */
static bool lay(const struct acd_cals *cals, struct acd_plan **p, const struct row *v, size_t n,
		bool told)
{
	struct acd_change *x = xalloc(sizeof(*x) * n);
	struct cfg_report rep = { 0 };
	struct acd_plan *then = NULL;
	for (size_t i = 0; i < n; i++)
		x[i] = (struct acd_change){ sections[v[i].kind], sv_of(v[i].id), v[i].value };
	int rc = acd_plan_changed(&then, *p, x, n, cals, &rep);
	if (rc == 0) {
		obj_unref(*p);
		*p = then;
	} else if (told) {
		LOG(WARN, "acd.config", "%s=%s is left out: %s", kinds[v->kind], v->id,
		    rep.n ? rep.v[0].what : err_text(rc));
	}
	cfg_report_done(&rep);
	xfree(x);
	return rc == 0;
}

/* Those of n rows that fit: halves of what does not. True: there was one. */
static bool lay_some(const struct acd_cals *cals, struct acd_plan **p, struct row *v, size_t n)
{
	if (n && lay(cals, p, v, n, false)) {
		for (size_t i = 0; i < n; i++)
			v[i].laid = true;
		return true;
	}
	if (n < 2)
		return false;
	bool first = lay_some(cals, p, v, n / 2);
	return lay_some(cals, p, v + n / 2, n - n / 2) || first;
}

/* All at once, as they may name each other; what does not fit again, as long as one more does. */
static void lay_rows(const struct acd_cals *cals, struct acd_plan **p, struct rows *r)
{
	struct row *v = r->v.v;
	size_t left = r->v.n;
	while (lay_some(cals, p, v, left)) {
		size_t k = 0;
		for (size_t i = 0; i < left; i++) {
			struct row x = v[i];
			if (x.laid)
				continue;
			v[i] = v[k];
			v[k++] = x;
		}
		left = k;
	}
	for (size_t i = 0; i < left; i++)
		(void)lay(cals, p, &v[i], 1, true);
}

int acd_plan_load(struct acd *a, struct store_db *db, struct acd_plan **ret, struct err *e)
{
	return acd_plan_stored(ret, db, a->o.yaml, a->yaml_name, a->o.cals, e);
}

int acd_plan_stored(struct acd_plan **ret, struct store_db *db, sv yaml, const char *name,
		    const struct acd_cals *cals, struct err *e)
{
	struct cfg_report rep = { 0 };
	struct rows rows = { 0 };
	struct acd_plan *p = NULL;
	int rc = acd_plan_new(&p, yaml, name, cals, &rep);
	if (rc)
		(void)err_set(e, rc, "%s: %s. %s", rep.n ? rep.v[0].where : name,
			      rep.n ? rep.v[0].what : err_text(rc), rep.n ? rep.v[0].mend : "");
	cfg_report_done(&rep);
	if (rc == 0)
		rc = rows_read(db, &rows);
	if (rc == 0)
		lay_rows(cals, &p, &rows);
	rows_free(&rows);
	if (rc) {
		obj_unref(p);
		return e && e->code ? rc : err_set(e, rc, "queues: %s", err_text(rc));
	}
	*ret = p;
	return 0;
}

void acd_plan_take(struct acd *a, struct acd_plan *p)
{
	struct acd_plan *old = a->plan;
	a->plan = p;
	snap_publish(a->plans, obj_ref(p));
	acd_core_plan(a->core, p, a->now->now);
	obj_unref(old);
	(void)acd_agents_enrol(a, a->now->now);
}
