/* learn_roll.c: roll-outs, on disk. One look reads the conversations that were closed since the
 * last one (by their place in the river), counts each for the way it had, and judges every trial.
 * What is written is the whole state of a trial, with the version it was made from, so two looks
 * or a person in between cannot both count. A restart goes on where the disk says. */
#include "learn_roll.h"
#include "learn_choice.h"
#include "learn_kv.h"

#include <math.h>
#include <stdio.h>

#include "guard.h"

enum { TRIALS = 64, ROWS_A_LOOK = 200000, HISTORY = 40 };
#define POS_KEY "rollout"

struct trial {
	char row[64];
	uint64_t print;
	int64_t version, since_ms;
	struct policy_roll roll;
	jv *state;               /* as on disk: why, history */
	bool changed, moved;
};
struct learn_roll {
	struct trial v[TRIALS];
	size_t n, moves;
	int64_t pos, old_pos;
	jv *choices;             /* rows that learn: what is new of them */
	struct learn_roll_opts o;
};

static void key_of(char out[96], const char *row)
{
	(void)snprintf(out, 96, "rollout/%s", row);
}

/* ---- the disk ---- */

static uint64_t print_of(const jv *state)
{
	uint64_t ret = 0;
	sv s = jv_get_str(state, "print");
	for (size_t i = 0; i < s.n && i < 16; i++)
		ret = ret << 4 | (uint64_t)(s.p[i] <= '9' ? s.p[i] - '0' : s.p[i] - 'a' + 10);
	return ret;
}

static int load(struct store_db *db, const struct policy_trial *x, int64_t now_ms, struct trial *t)
{
	char key[96];
	(void)snprintf(t->row, sizeof(t->row), "%s", x->row);
	key_of(key, t->row);
	int rc = learn_kv_get(db, key, &t->state);
	t->version = jv_get_int(t->state, "version", 0);
	t->since_ms = jv_get_int(t->state, "since_ms", now_ms);
	t->print = x->print;
	if (rc == 0 && t->state && print_of(t->state) == x->print &&
	    policy_roll_load(t->state, &t->roll))
		return 0;
	/* new, or with another text: from the shadow */
	jv_free(t->state);
	t->state = NULL;
	t->roll = (struct policy_roll){ .stage = ROLL_SHADOW };
	t->since_ms = now_ms;
	t->changed = true;
	return rc;
}

/* ---- conversations ---- */

struct seen { int trial, arm; double share, guard[ROLL_GUARDS]; };
struct reading {
	struct learn_roll *l;
	int64_t pos;             /* of the close that the rows belong to */
	int64_t turn, handed;    /* of the row; of the last hand-over, -1: none */
	struct seen v[TRIALS];
	size_t n;
};

static void closed(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct seen *x = &r->v[i];
		struct trial *t = &r->l->v[x->trial];
		/* of an earlier stage: its share was another */
		if (fabs(x->share - policy_roll_share(t->roll.stage, &r->l->o.roll)) > 5e-4)
			continue;
		policy_roll_see(&t->roll, &r->l->o.roll, x->arm,
				x->guard[0] + x->guard[1] > 0 ? 0 : 1, x->guard);
		t->changed = true;
	}
	if (r->pos)
		r->l->pos = r->pos;
	r->n = 0;
	r->handed = -1;
}

static void on_reply(struct reading *r, const jv *strategy)
{
	const jv *x = jv_get(strategy, "trial");
	sv row = jv_get_str(strategy, "row");
	if (!x || jv_get_bool(x, "kept", false))
		return;
	for (size_t i = 0; i < r->l->n; i++) {
		struct trial *t = &r->l->v[i];
		bool had = false;
		if (!sv_eq(row, sv_of(t->row)) || print_of(x) != t->print)
			continue;
		for (size_t k = 0; k < r->n; k++)
			had = had || r->v[k].trial == (int)i;
		if (!had)
			r->v[r->n++] = (struct seen){
				.trial = (int)i, .arm = jv_get_int(x, "arm", 0) == 1,
				.share = jv_get_num(x, "share", 0),
				.guard = { r->handed == r->turn } };
		return;
	}
}

/* A hand-over of the turn in which a way was chosen may stand before the reply. */
static void on_row(struct reading *r, struct store_stmt *q)
{
	int64_t pos = store_col_int(q, 0);
	sv kind = store_col_sv(q, 1);
	if (pos != r->pos) {
		closed(r);
		r->pos = pos;
	}
	r->turn = store_col_int(q, 4);
	if (sv_eq(kind, SV("handover"))) {
		r->handed = r->turn;
		for (size_t i = 0; i < r->n; i++)
			r->v[i].guard[0] = 1;
		return;
	}
	jv *body = jv_parse(store_col_sv(q, 2), NULL);
	if (sv_eq(kind, SV("turn.bot")))
		on_reply(r, jv_get(body, "strategy"));
	else if (sv_eq(jv_get_str(body, "value"), SV("down")))
		for (size_t i = 0; i < r->n; i++)
			r->v[i].guard[1] = 1;
	jv_free(body);
}

static const char rows_sql[] =
	"SELECT c.pos, e.kind, e.body, c.ts_ms, e.turn FROM event c JOIN event e ON "
	"e.conversation=c.conversation "
	"WHERE c.pos>?1 AND c.kind='conversation.closed' AND e.kind IN "
	"('turn.bot', 'feedback', 'handover', 'conversation.closed') ORDER BY c.pos, e.seq "
	"LIMIT ?2";

/* A thumb may still come; the look ends here, for rows after it may be older. One from after a
 * clock that was set back is waited for by nobody. */
static bool young(const struct learn_roll_opts *o, int64_t ts_ms)
{
	return ts_ms > o->now_ms - o->settle_ms && ts_ms <= o->now_ms;
}

static int read_rows(struct store_db *db, struct learn_roll *l)
{
	struct store_stmt *q;
	struct reading r = { .l = l, .handed = -1 };
	int64_t n = 0;
	int rc = store_prep(db, &q, rows_sql);
	if (rc)
		return rc;
	store_bind_int(q, 1, l->old_pos);
	store_bind_int(q, 2, ROWS_A_LOOK);
	while ((rc = store_step(q)) == 1 && !young(&l->o, store_col_int(q, 3))) {
		on_row(&r, q);
		n++;
	}
	store_reset(q);
	/* the last one may be cut off by the limit: the next look has it whole, unless it alone is
	 * as long as that */
	if (n < ROWS_A_LOOK || l->pos == l->old_pos)
		closed(&r);
	return rc < 0 ? rc : 0;
}

/* Where the first look begins: what is there already had no trial. */
static int where(struct store_db *db, struct learn_roll *l)
{
	struct store_stmt *q;
	jv *at;
	int rc = learn_kv_get(db, POS_KEY, &at);
	l->old_pos = jv_get_int(at, "pos", -1);
	jv_free(at);
	if (rc || l->old_pos >= 0)
		return rc;
	rc = store_prep(db, &q, "SELECT coalesce(max(pos), 0) FROM event");
	if (rc)
		return rc;
	rc = store_step(q);
	l->old_pos = rc == 1 ? store_col_int(q, 0) : 0;
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* ---- states on paper ---- */

static void note(struct trial *t, enum roll_stage from, enum roll_stage to_stage, sv why, sv by,
		 int64_t now_ms, const jv *arms)
{
	jv *h = jv_get(t->state, "history"), *x = jv_obj(), *list = jv_arr();
	size_t n = jv_len(h);
	jv_set_int(x, "at_ms", now_ms);
	jv_set_str(x, "from", sv_of(policy_roll_name(from)));
	jv_set_str(x, "to", sv_of(policy_roll_name(to_stage)));
	jv_set_str(x, "why", why);
	jv_set_str(x, "by", by);
	if (arms)
		jv_set(x, "arms", jv_copy(arms));
	for (size_t i = n >= HISTORY ? n - HISTORY + 1 : 0; i < n; i++)
		jv_push(list, jv_copy(jv_at(h, i)));
	jv_push(list, x);
	jv_set(t->state, "history", list);
	jv_set_str(t->state, "why", why);
	t->since_ms = now_ms;
	t->moved = true;
}

static void to_paper(struct trial *t, const struct roll_opt *o)
{
	char print[20];
	if (!t->state)
		t->state = jv_obj();
	(void)snprintf(print, sizeof(print), "%016llx", (unsigned long long)t->print);
	jv_set_str(t->state, "row", sv_of(t->row));
	jv_set_str(t->state, "print", sv_of(print));
	jv_set_int(t->state, "version", t->version + 1);
	jv_set_int(t->state, "since_ms", t->since_ms);
	policy_roll_json(&t->roll, o, t->state);
}

static void judge(struct learn_roll *l, struct trial *t)
{
	const char *why;
	enum roll_stage from = t->roll.stage;
	struct policy_roll before = t->roll;
	if (!t->state)
		t->state = jv_obj();
	if (policy_roll_judge(&t->roll, &l->o.roll, &why)) {
		jv *figures = jv_obj();
		policy_roll_json(&before, &l->o.roll, figures);
		note(t, from, t->roll.stage, sv_of(why), SV("system"), l->o.now_ms,
		     jv_get(figures, "arms"));
		jv_free(figures);
		t->changed = true;
		l->moves++;
	}
	to_paper(t, &l->o.roll);
}

/* A model that the registry has no more, because it was replaced or taken back after the table was
 * made, is no trial: the state of its row is of another one. */
static int is_live(struct store_db *db, const struct policy_table *t, const struct policy_trial *x,
		   bool *ret)
{
	struct policy_learn l;
	struct policy_model m;
	*ret = !x->model;
	for (size_t i = 0; x->model && policy_learn_at(t, i, &l); i++) {
		if (strcmp(l.row, x->row) != 0)
			continue;
		int rc = learn_choice_model(db, &l, &m, NULL);
		*ret = rc == 0 && policy_model_print(&m) == x->print;
		return rc == ERR_NOTFOUND ? 0 : rc;
	}
	return 0;
}

static int load_all(struct store_db *db, const struct policy_table *t, struct learn_roll *l)
{
	struct policy_trial x;
	bool live;
	int rc = 0;
	for (size_t i = 0; rc == 0 && l->n < TRIALS && policy_trial_at(t, i, &x); i++) {
		rc = is_live(db, t, &x, &live);
		if (rc == 0 && live)
			rc = load(db, &x, l->o.now_ms, &l->v[l->n++]);
	}
	return rc;
}

int learn_roll_look(struct store_db *db, const struct policy_table *t,
		    const struct learn_roll_opts *o, struct learn_roll **ret)
{
	struct learn_roll *l = xalloc(sizeof(*l));
	bool changed = false;
	l->o = *o;
	policy_roll_defaults(&l->o.roll);
	int rc = load_all(db, t, l);
	if (rc == 0)
		rc = learn_choice_changes(db, t, &l->choices);
	changed = jv_len(l->choices) > 0;
	if (rc == 0 && (l->n || changed))
		rc = where(db, l);
	l->pos = l->old_pos;
	if (rc == 0 && l->n)
		rc = read_rows(db, l);
	for (size_t i = 0; rc == 0 && i < l->n; i++) {
		judge(l, &l->v[i]);
		changed = changed || l->v[i].changed;
	}
	if (rc || !(changed || l->pos > l->old_pos)) {
		learn_roll_free(l);
		l = NULL;
	}
	if (rc == 0)
		*ret = l;
	return rc;
}

void learn_roll_free(struct learn_roll *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		jv_free(r->v[i].state);
	jv_free(r->choices);
	xfree(r);
}

size_t learn_roll_changes(const struct learn_roll *r)
{
	return r ? r->moves : 0;
}

/* ---- writing; on the scribe ---- */

static int tell(struct store_db *db, const struct trial *t, sv by, int64_t now_ms)
{
	const jv *h = jv_get(t->state, "history");
	jv *x = jv_copy(jv_at(h, jv_len(h) - 1));
	struct sb b;
	jv_set_str(x, "row", sv_of(t->row));
	sb_init(&b, LIM_SB);
	jv_dump(x, &b);
	const struct store_event ev = { .kind = SV("policy.stage"), .actor = by,
					.body = sb_sv(&b), .ts_ms = now_ms };
	int rc = store_event_put(db, &ev);
	jv_free(x);
	sb_done(&b);
	return rc;
}

static int save_trial(struct store_db *db, const struct trial *t, sv by, int64_t now_ms)
{
	char key[96];
	jv *old;
	key_of(key, t->row);
	int rc = learn_kv_get(db, key, &old);
	if (rc == 0 && jv_get_int(old, "version", 0) != t->version)
		rc = ERR_CONFLICT;
	jv_free(old);
	if (rc == 0)
		rc = learn_kv_put(db, key, t->state, now_ms);
	return rc == 0 && t->moved ? tell(db, t, by, now_ms) : rc;
}

int learn_roll_save(struct store_db *db, const struct learn_roll *r)
{
	jv *at, *now = jv_obj();
	int rc = learn_kv_get(db, POS_KEY, &at);
	int64_t pos = jv_get_int(at, "pos", r->old_pos);
	jv_free(at);
	if (rc == 0 && pos != r->old_pos)
		rc = ERR_CONFLICT;
	jv_set_int(now, "pos", r->pos);
	for (size_t i = 0; rc == 0 && i < r->n; i++)
		if (r->v[i].changed)
			rc = save_trial(db, &r->v[i], SV("system"), r->o.now_ms);
	if (rc == 0)
		rc = learn_choice_put(db, r->choices, r->o.now_ms);
	if (rc == 0)
		rc = learn_kv_put(db, POS_KEY, now, r->o.now_ms);
	jv_free(now);
	return rc;
}

static int note_order(struct trial *t, enum roll_stage from, sv reason, sv by, int64_t now_ms)
{
	struct arena a;
	struct guard_in in;
	arena_init(&a, LIM_ARENA_TURN);
	int rc = guard_inbound(reason, &a, &in);
	if (rc == 0)
		note(t, from, t->roll.stage, in.masked, by, now_ms, jv_get(t->state, "arms"));
	arena_done(&a);
	return rc;
}

int learn_roll_order(struct store_db *db, sv row, enum learn_roll_verb verb, sv by, sv reason,
		     int64_t now_ms)
{
	struct trial t = { 0 };
	struct roll_opt o = { 0 };
	char key[96];
	if (!sv_trim(reason).n || row.n >= sizeof(t.row) || !row.n)
		return row.n ? ERR_INVAL : ERR_NOTFOUND;
	(void)snprintf(t.row, sizeof(t.row), SV_FMT, SV_ARG(row));
	key_of(key, t.row);
	int rc = learn_kv_get(db, key, &t.state);
	if (rc == 0 && (!t.state || !policy_roll_load(t.state, &t.roll)))
		rc = ERR_NOTFOUND;
	if (rc == 0 && verb == LEARN_ROLL_STOP && policy_roll_over(t.roll.stage))
		rc = ERR_STATE;
	if (rc == 0) {
		enum roll_stage from = t.roll.stage,
				next = verb == LEARN_ROLL_STOP ? ROLL_BACK : ROLL_SHADOW;
		bool let = verb == LEARN_ROLL_RESTART && from == ROLL_100 &&
			   jv_get(t.state, "held");
		t.version = jv_get_int(t.state, "version", 0);
		t.print = print_of(t.state);
		if (!let)
			t.roll = (struct policy_roll){ .stage = next };
		if (verb == LEARN_ROLL_RESTART)
			jv_del(t.state, "held");
		policy_roll_defaults(&o);
		rc = note_order(&t, from, reason, by, now_ms);
		to_paper(&t, &o);
	}
	if (rc == 0)
		rc = save_trial(db, &t, by, now_ms);
	jv_free(t.state);
	return rc;
}

/* ---- rows that learn ---- */

int learn_roll_back(struct store_db *db, sv row, const struct policy_model *m, bool serves, sv by,
		    int64_t now_ms)
{
	struct trial t = { .print = policy_model_print(m) };
	struct policy_roll old = { .stage = ROLL_SHADOW };
	struct roll_opt o = { 0 };
	char key[96], ways[20];
	if (row.n >= sizeof(t.row))
		return ERR_INVAL;
	(void)snprintf(t.row, sizeof(t.row), SV_FMT, SV_ARG(row));
	(void)snprintf(ways, sizeof(ways), "%016llx", (unsigned long long)m->print);
	key_of(key, t.row);
	int rc = learn_kv_get(db, key, &t.state);
	if (rc == 0) {
		if (!t.state)
			t.state = jv_obj();
		(void)policy_roll_load(t.state, &old);
		t.version = jv_get_int(t.state, "version", 0);
		t.roll = (struct policy_roll){ .stage = serves ? ROLL_100 : ROLL_BACK };
		policy_roll_defaults(&o);
		note(&t, old.stage, t.roll.stage, SV("taken_back"), by, now_ms, NULL);
		jv_set_str(t.state, "held", sv_of(ways));
		to_paper(&t, &o);
		rc = save_trial(db, &t, by, now_ms);
	}
	jv_free(t.state);
	return rc;
}

bool learn_roll_held(const jv *state, uint64_t ways, const struct policy_model *m)
{
	struct policy_roll r;
	char print[20];
	(void)snprintf(print, sizeof(print), "%016llx", (unsigned long long)ways);
	if (sv_eq(jv_get_str(state, "held"), sv_of(print)))
		return true;
	return m && state && print_of(state) == policy_model_print(m) &&
	       policy_roll_load(state, &r) && policy_roll_over(r.stage);
}
