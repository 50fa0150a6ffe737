/* desk_row.c: a ticket from its rows into the hand and back, its history and its words.
 *
 * A change is always: load, change the struct, ticket_event, ticket_save, all on the scribe's
 * thread in the savepoint of the caller. A ticket in hand owns its body and an arena with its
 * strings.
 */
#include "desk_int.h"

#include <stdio.h>

#define COLS \
	"seq, number, type, severity, state, priority, late, rung, tries, category, title, " \
	"customer, owner, language, channel, closed_by, body, promised_ms, due_ms, look_ms, " \
	"follow_ms, opened_ms, changed_ms, solved_ms, closed_ms, version"

static void take(struct ticket *t, struct store_stmt *q)
{
	int type = desk_type_of(store_col_sv(q, 2)), sev = desk_severity_of(store_col_sv(q, 3)),
	    state = desk_status_of(store_col_sv(q, 4));
	t->seq = store_col_int(q, 0);
	(void)snprintf(t->number, sizeof(t->number), SV_FMT, SV_ARG(store_col_sv(q, 1)));
	t->type = type < 0 ? DESK_ENQUIRY : (enum desk_type)type;
	t->severity = sev < 0 ? DESK_NORMAL : (enum desk_severity)sev;
	t->state = state < 0 ? DESK_NEW : (enum desk_status)state;
	t->priority = (int)store_col_int(q, 5);
	t->late = (int)store_col_int(q, 6);
	t->rung = (int)store_col_int(q, 7);
	t->tries = (int)store_col_int(q, 8);
	sv *texts[] = { &t->category, &t->title, &t->customer, &t->owner, &t->language, &t->channel,
			&t->closed_by };
	for (int i = 0; i < 7; i++)
		*texts[i] = arena_sv(&t->a, store_col_sv(q, 9 + i));
	t->body = jv_parse(store_col_sv(q, 16), NULL);
	int64_t *times[] = { &t->promised, &t->due, &t->look, &t->follow, &t->opened, &t->changed,
			     &t->solved, &t->closed };
	for (int i = 0; i < 8; i++)
		*times[i] = store_col_int(q, 17 + i);
	t->version = store_col_int(q, 25);
}

static int kind_of(sv s)
{
	for (int k = 0; k < DESK_CLOCKS; k++)
		if (sv_eq(s, sv_of(desk_clock_name((enum desk_clock_kind)k))))
			return k;
	return -1;
}

int desk_clock_of(const struct desk *d, struct store_stmt *q, struct desk_clock *ret)
{
	const struct cal *c = desk_cal(d, store_col_sv(q, 2));
	*ret = (struct desk_clock){
		.there = true, .round = (int)store_col_int(q, 1), .cal = c ? c : d->cal,
		.target = store_col_int(q, 3), .started = store_col_int(q, 4),
		.spent = store_col_int(q, 5), .running = store_col_int(q, 6),
		.due = store_col_int(q, 7), .warned = store_col_int(q, 8),
		.breached = store_col_int(q, 9), .ended = store_col_int(q, 10)
	};
	return kind_of(store_col_sv(q, 0));
}

static int load_clocks(const struct desk *d, struct store_db *db, struct ticket *t)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT " DESK_CLOCK_COLS " FROM ticket_clock WHERE ticket=?1 "
				    "ORDER BY round");
	if (rc)
		return rc;
	store_bind_int(q, 1, t->seq);
	while ((rc = store_step(q)) == 1) {
		struct desk_clock c;
		int k = desk_clock_of(d, q, &c);
		if (k >= 0)
			t->clock[k] = c;
	}
	store_reset(q);
	return rc;
}

static int load(const struct desk *d, struct store_db *db, struct store_stmt *q, struct ticket *t)
{
	int rc = store_step(q);
	if (rc == 1)
		take(t, q);
	store_reset(q);
	if (rc == 1 && !jv_is_obj(t->body))
		return ERR_CORRUPT;          /* saved again its facts would be gone */
	return rc == 1 ? load_clocks(d, db, t) : rc ? rc : ERR_NOTFOUND;
}

static void begin(struct ticket *t)
{
	memset(t, 0, sizeof(*t));
	arena_init(&t->a, 1u << 20);
}

int ticket_load(const struct desk *d, struct store_db *db, sv number, struct ticket *t)
{
	struct store_stmt *q;
	begin(t);
	int rc = store_prep(db, &q, "SELECT " COLS " FROM ticket WHERE number=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, number);
	return load(d, db, q, t);
}

int ticket_load_seq(const struct desk *d, struct store_db *db, int64_t seq, struct ticket *t)
{
	struct store_stmt *q;
	begin(t);
	int rc = store_prep(db, &q, "SELECT " COLS " FROM ticket WHERE seq=?1");
	if (rc)
		return rc;
	store_bind_int(q, 1, seq);
	return load(d, db, q, t);
}

void ticket_done(struct ticket *t)
{
	jv_free(t->body);
	t->body = NULL;
	arena_done(&t->a);
}

/* ---- back ---- */

static void bind_time(struct store_stmt *q, int i, int64_t ms)
{
	if (ms)
		store_bind_int(q, i, ms);
	else
		store_bind_sv(q, i, SV_NULL);
}

/* The columns that change, from ?1 on; ERR_TOOBIG for a body beyond DESK_BODY. */
static int bind_row(struct store_stmt *q, const struct ticket *t, struct sb *body)
{
	bool live = t->state != DESK_SOLVED && t->state != DESK_CLOSED;
	jv_dump(t->body, body);
	if (sb_err(body))
		return ERR_TOOBIG;
	store_bind_sv(q, 1, sv_of(desk_type_name(t->type)));
	store_bind_sv(q, 2, sv_of(desk_severity_name(t->severity)));
	store_bind_sv(q, 3, sv_of(desk_status_name(t->state)));
	store_bind_int(q, 4, t->priority);
	store_bind_int(q, 5, t->late);
	store_bind_int(q, 6, t->rung);
	store_bind_int(q, 7, t->tries);
	store_bind_int(q, 8, live);
	const sv texts[] = { t->category, t->title, t->customer, t->owner, t->language, t->channel,
			     t->closed_by };
	for (int i = 0; i < 7; i++)
		store_bind_sv(q, 9 + i, texts[i].n ? texts[i] : SV(""));
	store_bind_sv(q, 16, sb_sv(body));
	const int64_t times[] = { t->promised, t->due, t->look, t->follow, t->opened, t->changed,
				  t->solved, t->closed };
	for (int i = 0; i < 8; i++)
		bind_time(q, 17 + i, times[i]);
	store_bind_int(q, 25, t->version);
	store_bind_int(q, 26, t->seq);
	return 0;
}

static int run_row(struct store_db *db, const struct ticket *t, const char *sql, bool insert,
		   sv idem)
{
	struct store_stmt *q;
	struct sb body;
	int rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	sb_init(&body, DESK_BODY);
	rc = bind_row(q, t, &body);
	if (rc == 0 && insert) {
		store_bind_sv(q, 27, sv_of(t->number));
		store_bind_sv(q, 28, idem.n ? idem : SV_NULL);
	}
	if (rc == 0)
		rc = store_run(q);
	else
		store_reset(q);
	sb_done(&body);
	return rc;
}

static int save_clock(struct store_db *db, const struct ticket *t, enum desk_clock_kind k)
{
	const struct desk_clock *c = &t->clock[k];
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO ticket_clock (ticket, kind, round, calendar, target_ms, "
			    "started_ms, spent_ms, running_ms, due_ms, warned_ms, breached_ms, "
			    "ended_ms) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) "
			    "ON CONFLICT (ticket, kind, round) DO UPDATE SET "
			    "calendar=excluded.calendar, target_ms=excluded.target_ms, "
			    "spent_ms=excluded.spent_ms, running_ms=excluded.running_ms, "
			    "due_ms=excluded.due_ms, warned_ms=excluded.warned_ms, "
			    "breached_ms=excluded.breached_ms, ended_ms=excluded.ended_ms");
	if (rc)
		return rc;
	store_bind_int(q, 1, t->seq);
	store_bind_sv(q, 2, sv_of(desk_clock_name(k)));
	store_bind_int(q, 3, c->round);
	store_bind_sv(q, 4, sv_of(cal_name(c->cal)));
	store_bind_int(q, 5, c->target);
	store_bind_int(q, 6, c->started);
	store_bind_int(q, 7, c->spent);
	bind_time(q, 8, c->running);
	bind_time(q, 9, c->due == CAL_NEVER ? 0 : c->due);
	bind_time(q, 10, c->warned);
	bind_time(q, 11, c->breached);
	bind_time(q, 12, c->ended);
	return store_run(q);
}

static int save_clocks(struct store_db *db, const struct ticket *t)
{
	int rc = 0;
	for (int k = 0; k < DESK_CLOCKS && rc == 0; k++)
		if (t->clock[k].there)
			rc = save_clock(db, t, (enum desk_clock_kind)k);
	return rc;
}

int ticket_save(const struct desk *d, struct store_db *db, struct ticket *t, int64_t now)
{
	clocks_settle(d, t, now);
	t->version++;
	int rc = run_row(db, t,
			 "UPDATE ticket SET type=?1, severity=?2, state=?3, priority=?4, late=?5, "
			 "rung=?6, tries=?7, live=?8, category=?9, title=?10, customer=?11, "
			 "owner=?12, language=?13, channel=?14, closed_by=?15, body=?16, "
			 "promised_ms=?17, due_ms=?18, look_ms=?19, follow_ms=?20, opened_ms=?21, "
			 "changed_ms=?22, solved_ms=?23, closed_ms=?24, version=?25 WHERE seq=?26",
			 false, SV_NULL);
	return rc ? rc : save_clocks(db, t);
}

int ticket_insert(struct store_db *db, const struct ticket *t, sv idem)
{
	int rc = run_row(db, t,
			 "INSERT INTO ticket (type, severity, state, priority, late, rung, tries, "
			 "live, category, title, customer, owner, language, channel, closed_by, "
			 "body, promised_ms, due_ms, look_ms, follow_ms, opened_ms, changed_ms, "
			 "solved_ms, closed_ms, version, seq, number, idem) VALUES (?1,?2,?3,?4,?5,"
			 "?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,"
			 "?25,?26,?27,?28)",
			 true, idem);
	return rc ? rc : save_clocks(db, t);
}

/* ---- history ---- */

static int history(struct store_db *db, const struct ticket *t, const char *kind,
		   const struct desk_by *by, sv text, bool shown, sv body)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO ticket_event (ticket, n, at_ms, kind, by_whom, shown, text, "
		"body) SELECT ?1, COALESCE(MAX(n),0)+1, ?2, ?3, ?4, ?5, ?6, ?7 FROM "
		"ticket_event WHERE ticket=?1");
	if (rc)
		return rc;
	store_bind_int(q, 1, t->seq);
	store_bind_int(q, 2, by->now_ms);
	store_bind_sv(q, 3, sv_of(kind));
	store_bind_sv(q, 4, by->who.n ? by->who : SV("system"));
	store_bind_int(q, 5, shown);
	store_bind_sv(q, 6, text.n ? text : SV(""));
	store_bind_sv(q, 7, body);
	return store_run(q);
}

static int river(struct store_db *db, const struct ticket *t, const char *kind,
		 const struct desk_by *by, const jv *body)
{
	char name[48];
	struct sb b;
	jv *o = body ? jv_copy(body) : jv_obj();
	jv_set_str(o, "ticket", sv_of(t->number));
	jv_set_str(o, "type", sv_of(desk_type_name(t->type)));
	jv_set_str(o, "severity", sv_of(desk_severity_name(t->severity)));
	jv_set_str(o, "state", sv_of(desk_status_name(t->state)));
	sb_init(&b, 16384);
	jv_dump(o, &b);
	jv_free(o);
	(void)snprintf(name, sizeof(name), "ticket.%s", kind);
	struct store_event ev = { .ts_ms = by->now_ms, .customer = t->customer,
				  .kind = sv_of(name),
				  .actor = by->who.n ? by->who : SV("system"), .body = sb_sv(&b) };
	int rc = sb_err(&b) ? sb_err(&b) : store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

int ticket_event(struct store_db *db, const struct ticket *t, const char *kind,
		 const struct desk_by *by, sv text, bool shown, const jv *body)
{
	struct sb b;
	sb_init(&b, 8192);
	if (body)
		jv_dump(body, &b);
	else
		sb_cstr(&b, "{}");
	int rc = sb_err(&b) ? sb_err(&b) :
			      history(db, t, kind, by, text, shown, sb_sv(&b));
	sb_done(&b);
	return rc ? rc : river(db, t, kind, by, body);
}

int ticket_alert(struct store_db *db, const struct ticket *t, const char *to, const char *why,
		 const struct desk_by *by)
{
	jv *o = jv_obj();
	jv_set_str(o, "to", sv_of(to));
	jv_set_str(o, "why", sv_of(why));
	int rc = ticket_event(db, t, "alert", by, SV_NULL, false, o);
	jv_free(o);
	return rc;
}

/* ---- words ---- */

struct put {
	struct store_db *db;
	int64_t seq;
	int n;
};

static int put_word(void *arg, sv word)
{
	struct put *p = arg;
	struct store_stmt *q;
	if (p->n++ >= DESK_WORDS)
		return 1;
	int rc = store_prep(p->db, &q,
			    "INSERT INTO ticket_word (word, ticket) VALUES (?1, ?2) ON CONFLICT "
			    "(word, ticket) DO NOTHING");
	if (rc)
		return rc;
	store_bind_sv(q, 1, word);
	store_bind_int(q, 2, p->seq);
	return store_run(q);
}

int ticket_words(struct store_db *db, const struct ticket *t, sv text)
{
	struct put p = { db, t->seq, 0 };
	int rc = desk_each_word(text, put_word, &p);
	return rc > 0 ? 0 : rc;
}
