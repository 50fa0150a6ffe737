/* acd_row.c: hand-overs and agents' states as rows of the database.
 *
 * A row is written whole each time, except its long texts: those are NULL unless they are new, and
 * then what is there stays. So a hand-over in memory is small, and a write says nothing twice.
 * Writing: the scribe's thread, from a copy that belongs to the batch. Reading: a reader.
 */
#include "acd_int.h"

const char *const ho_state_names[HO_STATES] = { "REQUESTED", "QUEUED",	 "OFFERED", "ACCEPTED",
						"ENDED",     "RETURNED", "FAILED" };
const char *const ho_kind_names[HO_KINDS] = { "live", "callback", "voicemail" };

bool ho_is_live(const struct ho *h)
{
	return h->state <= HO_ACCEPTED;
}

void ho_long_done(struct ho_long *m)
{
	xfree(m->packet);
	xfree(m->note);
	xfree(m->recording);
	xfree(m->number);
	xfree(m->wrap);
	*m = (struct ho_long){ 0 };
}

/* ---- the columns, in one order for all statements ---- */

#define SHORT \
	"id, kind, parent, conversation, interaction, customer, channel, language, queue, " \
	"media, " \
	"priority, state, live, why, reason, topic, agent, sticky, needs, since_ms, " \
	"not_before_ms, " \
	"queued_ms, offered_ms, until_ms, accepted_ms, held_ms, ended_ms, wrapped_ms, " \
	"offers, " \
	"tries, hold_ms, entered_ms, away_ms"
#define N_SHORT 33

static void bind_ms(struct store_stmt *q, int i, int64_t ms)
{
	if (ms)
		store_bind_int(q, i, ms);
	else
		store_bind_sv(q, i, SV_NULL);
}

static void bind_short(struct store_stmt *q, const struct ho *h)
{
	const sv texts[] = { sv_of(h->id), sv_of(ho_kind_names[h->kind]), sv_of(h->parent),
			     sv_of(h->conversation), sv_of(h->interaction), sv_of(h->customer),
			     sv_of(h->channel), sv_of(h->language), sv_of(h->queue),
			     sv_of(acd_media_name(h->media)) };
	const sv more[] = { sv_of(h->why), sv_of(h->reason), sv_of(h->topic), sv_of(h->agent),
			    sv_of(h->sticky), sv_of(h->needs) };
	const int64_t times[] = { h->not_before, h->queued, h->offered, h->until, h->accepted,
				  h->held, h->ended, h->wrapped };
	int i = 1;
	for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++)
		store_bind_sv(q, i++, texts[k]);
	store_bind_int(q, i++, h->priority);
	store_bind_sv(q, i++, sv_of(ho_state_names[h->state]));
	store_bind_int(q, i++, ho_is_live(h));
	for (size_t k = 0; k < sizeof(more) / sizeof(*more); k++)
		store_bind_sv(q, i++, more[k]);
	store_bind_int(q, i++, h->since);
	for (size_t k = 0; k < sizeof(times) / sizeof(*times); k++)
		bind_ms(q, i++, times[k]);
	store_bind_int(q, i++, h->offers);
	store_bind_int(q, i++, h->tries);
	store_bind_int(q, i++, h->hold_ms);
	store_bind_int(q, i++, h->entered);
	if (h->page)
		store_bind_int(q, i++, h->away);
	else
		store_bind_sv(q, i++, SV_NULL);
	ASSERT(i == N_SHORT + 1);
}

static void bind_long(struct store_stmt *q, int i, const struct ho_long *m)
{
	store_bind_sv(q, i++, sv_of(m->packet));
	store_bind_sv(q, i++, sv_of(m->note));
	store_bind_sv(q, i++, sv_of(m->recording));
	store_bind_sv(q, i++, sv_of(m->number));
	store_bind_sv(q, i++, sv_of(m->wrap));
}

static int insert(struct store_db *db, const struct ho *h)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO handover (" SHORT ", packet, note, recording, number_sealed, wrap) "
		"VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,"
		"?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31,?32,?33,coalesce(?34,'{}'),"
		"coalesce(?35,''),coalesce(?36,''),coalesce(?37,''),coalesce(?38,'{}'))");
	if (rc)
		return rc;
	bind_short(q, h);
	bind_long(q, N_SHORT + 1, &h->more);
	return store_run(q);
}

int ho_save(struct store_db *db, const struct ho *h)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"UPDATE handover SET kind=?2, parent=?3, conversation=?4, interaction=?5, "
		"customer=?6, channel=?7, language=?8, queue=?9, media=?10, priority=?11, "
		"state=?12, live=?13, why=?14, reason=?15, topic=?16, agent=?17, sticky=?18, "
		"needs=?19, since_ms=?20, not_before_ms=?21, queued_ms=?22, offered_ms=?23, "
		"until_ms=?24, accepted_ms=?25, held_ms=?26, ended_ms=?27, wrapped_ms=?28, "
		"offers=?29, tries=?30, hold_ms=?31, entered_ms=?32, away_ms=?33, "
		"packet=coalesce(?34,packet), "
		"note=coalesce(?35,note), recording=coalesce(?36,recording), "
		"number_sealed=coalesce(?37,number_sealed), wrap=coalesce(?38,wrap), "
		"version=version+1 WHERE id=?1");
	if (rc)
		return rc;
	bind_short(q, h);
	bind_long(q, N_SHORT + 1, &h->more);
	rc = store_run(q);
	return rc || store_changes(db) ? rc : insert(db, h);
}

static void read_short(struct store_stmt *q, struct ho *h)
{
	*h = (struct ho){ 0 };
#define TEXT(i, field) sv_copy(h->field, sizeof(h->field), store_col_sv(q, i))
	TEXT(0, id);
	TEXT(2, parent);
	TEXT(3, conversation);
	TEXT(4, interaction);
	TEXT(5, customer);
	TEXT(6, channel);
	TEXT(7, language);
	TEXT(8, queue);
	TEXT(13, why);
	TEXT(14, reason);
	TEXT(15, topic);
	TEXT(16, agent);
	TEXT(17, sticky);
	TEXT(18, needs);
#undef TEXT
	int kind = acd_name_of(ho_kind_names, HO_KINDS, store_col_sv(q, 1));
	int state = acd_name_of(ho_state_names, HO_STATES, store_col_sv(q, 11));
	int media = acd_media_of(store_col_sv(q, 9));
	h->kind = kind < 0 ? HO_LIVE : (enum ho_kind)kind;
	h->state = state < 0 ? HO_FAILED : (enum ho_state)state;
	h->media = media < 0 ? ACD_CHAT : (enum acd_media)media;
	h->priority = (int)store_col_int(q, 10);
	h->since = store_col_int(q, 19);
	int64_t *const times[] = { &h->not_before, &h->queued, &h->offered, &h->until,
				   &h->accepted, &h->held, &h->ended, &h->wrapped };
	for (int i = 0; i < 8; i++)
		*times[i] = store_col_int(q, 20 + i);        /* NULL reads as 0 */
	h->offers = (int)store_col_int(q, 28);
	h->tries = (int)store_col_int(q, 29);
	h->hold_ms = store_col_int(q, 30);
	h->entered = store_col_int(q, 31);
	h->page = !store_col_null(q, 32);
	h->away = store_col_int(q, 32);
}

int ho_load(struct store_db *db, void (*fn)(void *arg, const struct ho *h), void *arg)
{
	struct store_stmt *q;
	struct ho h;
	int rc = store_prep(db, &q,
			    "SELECT " SHORT " FROM handover WHERE live=1 OR (state IN "
			    "('ENDED','RETURNED') AND wrapped_ms IS NULL) ORDER BY since_ms, id");
	if (rc)
		return rc;
	while ((rc = store_step(q)) == 1) {
		read_short(q, &h);
		fn(arg, &h);
	}
	store_reset(q);
	return rc;
}

static int one(struct store_db *db, const char *sql, sv key, struct ho *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	store_bind_sv(q, 1, key);
	rc = store_step(q);
	if (rc == 1)
		read_short(q, ret);
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}

int ho_one(struct store_db *db, sv id, struct ho *ret)
{
	return one(db, "SELECT " SHORT " FROM handover WHERE id=?1", id, ret);
}

int ho_last(struct store_db *db, sv conversation, struct ho *ret)
{
	return one(db,
		   "SELECT " SHORT " FROM handover WHERE conversation=?1 AND kind='live' "
		   "ORDER BY id DESC LIMIT 1",
		   conversation, ret);
}

bool ho_last_agent(struct store_db *db, sv customer, char login[ACD_NAME])
{
	struct store_stmt *q;
	if (store_prep(db, &q,
		       "SELECT agent FROM handover WHERE customer=?1 AND customer<>'' AND "
		       "accepted_ms IS NOT NULL AND agent<>'' ORDER BY id DESC LIMIT 1"))
		return false;
	store_bind_sv(q, 1, customer);
	bool found = store_step(q) == 1;
	if (found)
		sv_copy(login, ACD_NAME, store_col_sv(q, 0));
	store_reset(q);
	return found;
}

/* ---- agents ---- */

int ag_save(struct store_db *db, const struct ag *g)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO acd_agent_state (login, presence, reason, state, console, since_ms, "
		"present_ms) VALUES (?1,?2,?3,?4,?5,?6,?7) ON CONFLICT (login) DO UPDATE SET "
		"presence=excluded.presence, reason=excluded.reason, state=excluded.state, "
		"console=excluded.console, since_ms=excluded.since_ms, "
		"present_ms=excluded.present_ms");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(g->login));
	store_bind_sv(q, 2, sv_of(acd_presence_name(g->presence)));
	store_bind_sv(q, 3, sv_of(g->reason));
	store_bind_sv(q, 4, sv_of(g->state[0] ? g->state : "offline"));
	store_bind_int(q, 5, g->console);
	store_bind_int(q, 6, g->since);
	store_bind_int(q, 7, g->present);
	return store_run(q);
}

int ag_load(struct store_db *db, void (*fn)(void *arg, const struct ag *g), void *arg)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT login, presence, reason, state, console, since_ms, present_ms "
			    "FROM acd_agent_state ORDER BY login");
	if (rc)
		return rc;
	while ((rc = store_step(q)) == 1) {
		struct ag g = { 0 };
		int p = acd_presence_of(store_col_sv(q, 1));
		sv_copy(g.login, sizeof(g.login), store_col_sv(q, 0));
		sv_copy(g.reason, sizeof(g.reason), store_col_sv(q, 2));
		sv_copy(g.state, sizeof(g.state), store_col_sv(q, 3));
		g.presence = p < 0 ? ACD_OFFLINE : (enum acd_presence)p;
		g.console = store_col_int(q, 4) != 0;
		g.since = store_col_int(q, 5);
		g.present = store_col_int(q, 6);
		fn(arg, &g);
	}
	store_reset(q);
	return rc;
}
