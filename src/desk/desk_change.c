/* desk_change.c: fields and facts of a ticket that is there. On the scribe's thread, in the
 * savepoint of the caller. */
#include "desk_int.h"

/* from and to of one field, for the history. */
static void told(jv *changes, const char *key, sv from, sv to)
{
	jv *o = jv_obj();
	jv_set_str(o, "from", from);
	jv_set_str(o, "to", to);
	jv_set(changes, key, o);
}

int ticket_severity(const struct desk *d, struct store_db *db, struct ticket *t,
		    enum desk_severity s, const char *why, const struct desk_by *by)
{
	if (s == t->severity)
		return 0;
	jv *o = jv_obj();
	told(o, "severity", sv_of(desk_severity_name(t->severity)), sv_of(desk_severity_name(s)));
	jv_set_str(o, "why", sv_of(why));
	t->severity = s;
	if (t->priority > DESK_SEVERITIES - (int)s)
		t->priority = DESK_SEVERITIES - (int)s;
	clocks_retarget(d, t, by->now_ms);
	int rc = ticket_event(db, t, "change", by, SV_NULL, false, o);
	jv_free(o);
	return rc;
}

struct change {
	const struct desk *d;
	struct store_db *db;
	struct ticket *t;
	const struct desk_by *by;
	jv *changes;
	struct err *e;
	bool retarget;
};

static int text_field(struct change *c, const char *key, sv *field, const jv *v, size_t max)
{
	sv s = jv_as_str(v);
	if (!jv_is_str(v) || s.n > max)
		return err_set(c->e, ERR_INVAL, "%s must be a text of at most %zu bytes", key, max);
	if (sv_eq(s, *field))
		return 0;
	if (field == &c->t->title)       /* the customer's words stay out of the river */
		jv_set_bool(c->changes, key, true);
	else
		told(c->changes, key, *field, s);
	*field = arena_sv(&c->t->a, s);
	return field == &c->t->title ? ticket_words(c->db, c->t, s) : 0;
}

static int set_type(struct change *c, const jv *v)
{
	int type = desk_type_of(jv_as_str(v));
	if (type < 0)
		return err_set(c->e, ERR_INVAL, "there is no such type");
	if ((type == DESK_COMPLAINT) != (c->t->type == DESK_COMPLAINT))
		return err_set(c->e, ERR_INVAL, "a complaint stays one, and nothing becomes one: "
						"open it anew and link it");
	if (type != (int)c->t->type) {
		told(c->changes, "type", sv_of(desk_type_name(c->t->type)), jv_as_str(v));
		c->t->type = (enum desk_type)type;
		c->retarget = true;
	}
	return 0;
}

static int set_severity(struct change *c, const jv *v)
{
	int s = desk_severity_of(jv_as_str(v));
	if (s < 0)
		return err_set(c->e, ERR_INVAL, "severity is low, normal, high or critical");
	if (s != (int)c->t->severity) {
		told(c->changes, "severity", sv_of(desk_severity_name(c->t->severity)),
		     jv_as_str(v));
		c->t->severity = (enum desk_severity)s;
		if (c->t->priority > DESK_SEVERITIES - s)
			c->t->priority = DESK_SEVERITIES - s;
		c->retarget = true;
	}
	return 0;
}

static int set_promised(struct change *c, const jv *v)
{
	int64_t ms;
	if (clk_parse_rfc3339(jv_as_str(v), &ms) || ms <= c->by->now_ms)
		return err_set(c->e, ERR_INVAL, "promised_at must be a time to come, RFC 3339");
	c->t->promised = ms;
	jv_set_str(c->changes, "promised_at", jv_as_str(v));
	return 0;
}

static int set_priority(struct change *c, const jv *v)
{
	int64_t p = jv_as_int(v, 0);
	if (p < 1 || p > 4)
		return err_set(c->e, ERR_INVAL, "priority is 1 (first) to 4");
	if (p != c->t->priority)
		jv_set_int(c->changes, "priority", p);
	c->t->priority = (int)p;
	return 0;
}

static int set_field(struct change *c, sv key, const jv *v)
{
	struct ticket *t = c->t;
	if (sv_eq(key, SV("title")))
		return text_field(c, "title", &t->title, v, DESK_TITLE);
	if (sv_eq(key, SV("category")))
		return text_field(c, "category", &t->category, v, 100);
	if (sv_eq(key, SV("owner")))
		return text_field(c, "owner", &t->owner, v, 64);
	if (sv_eq(key, SV("type")))
		return set_type(c, v);
	if (sv_eq(key, SV("severity")))
		return set_severity(c, v);
	if (sv_eq(key, SV("priority")))
		return set_priority(c, v);
	if (sv_eq(key, SV("promised_at")))
		return set_promised(c, v);
	return err_set(c->e, ERR_INVAL,
		       "there is no field \"%.40s\"; there are title, category, type, "
		       "severity, priority, owner, promised_at",
		       key.p);
}

static int set_all(struct change *c, const jv *patch)
{
	void *it = NULL;
	sv key;
	jv *v;
	int rc = 0;
	while (rc == 0 && jv_next(patch, &it, &key, &v))
		rc = set_field(c, key, v);
	if (rc == 0 && c->retarget)
		clocks_retarget(c->d, c->t, c->by->now_ms);
	if (rc || !jv_len(c->changes))
		return rc;
	c->t->changed = c->by->now_ms;
	rc = ticket_event(c->db, c->t, "change", c->by, SV_NULL, false, c->changes);
	return rc ? rc : ticket_save(c->d, c->db, c->t, c->by->now_ms);
}

int desk_change(const struct desk *d, struct store_db *db, sv number, const jv *patch,
		int64_t version, const struct desk_by *by, struct err *e)
{
	struct ticket t;
	int rc = ticket_load(d, db, number, &t);
	if (rc == 0 && version && version != t.version)
		rc = err_set(e, ERR_CONFLICT, "somebody else has changed it; read it again");
	if (rc == 0 && !jv_is_obj(patch))
		rc = err_set(e, ERR_INVAL, "the change must be an object");
	if (rc == 0) {
		struct change c = { d, db, &t, by, jv_obj(), e, false };
		rc = set_all(&c, patch);
		jv_free(c.changes);
	}
	ticket_done(&t);
	return rc;
}

/* ---- facts ---- */

static jv *names_of(const jv *facts)
{
	void *it = NULL;
	sv key;
	jv *v, *list = jv_arr(), *o = jv_obj();
	while (jv_next(facts, &it, &key, &v))
		jv_push(list, jv_str(key));
	jv_set(o, "facts", list);
	return o;
}

static int merge(const struct desk *d, struct store_db *db, struct ticket *t, const jv *facts,
		 const struct desk_by *by)
{
	void *it = NULL;
	sv key;
	jv *v, *names = names_of(facts);
	int rc = ticket_event(db, t, "facts", by, SV_NULL, false, names);
	jv_free(names);
	while (rc == 0 && jv_next(facts, &it, &key, &v)) {
		jv_set(t->body, key.p, jv_copy(v));
		rc = ticket_words(db, t, jv_as_str(v));
	}
	if (rc || t->type != DESK_COMPLAINT)
		return rc;
	enum desk_severity s = desk_weigh(d, t->body, t->severity);
	return s > t->severity ? ticket_severity(d, db, t, s, "facts", by) : 0;
}

int desk_facts(const struct desk *d, struct store_db *db, sv number, const jv *facts,
	       const struct desk_by *by, struct err *e)
{
	struct ticket t;
	int rc = ticket_load(d, db, number, &t);
	if (rc == 0)
		rc = ticket_check_facts(facts, e);
	if (rc == 0)
		rc = merge(d, db, &t, facts, by);
	t.changed = by->now_ms;
	if (rc == 0)
		rc = ticket_save(d, db, &t, by->now_ms);
	if (rc == ERR_TOOBIG)
		rc = err_set(e, ERR_INVAL, "the facts are too large: %d bytes at most", DESK_BODY);
	ticket_done(&t);
	return rc;
}
