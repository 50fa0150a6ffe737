/* learn_save.c: a run's gaps, drafts and conflicts as rows. The scribe's thread, one savepoint.
 *
 * A gap keeps its state: one that was closed opens again when enough questions came after the
 * decision, one that was ignored when it has doubled. A draft that waits is renewed when its text
 * is another; one that somebody has changed or decided stays as it is. A question is of one gap: it
 * leaves the one that it was in before. Conflicts are made anew.
 */
#include "learn_int.h"

#define AGAIN 1                  /* questions after an article was published */

static sv some(sv s)
{
	return s.p ? s : SV("");
}

/* ---- gaps ---- */

struct state {
	bool there, renew, waits;    /* waits: a draft does */
	char name[16];
	int64_t decided_size, decided_ms;
};

static int state_of(struct store_db *db, const struct learn_gap *g, struct state *s)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT state, decided_size, decided_ms, EXISTS (SELECT 1 FROM draft "
		"WHERE gap=?1 AND state IN ('open', 'blocked')) FROM gap WHERE "
		"id=?1");
	*s = (struct state){ .name = "open" };
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(g->id));
	rc = store_step(q);
	if (rc == 1) {
		sv name = store_col_sv(q, 0);
		s->there = true;
		if (name.n < sizeof(s->name)) {
			memcpy(s->name, name.p, name.n);
			s->name[name.n] = 0;
		}
		s->decided_size = store_col_int(q, 1);
		s->decided_ms = store_col_int(q, 2);
		s->waits = store_col_int(q, 3) != 0;
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static void next_state(const struct learn_gap *g, struct state *s)
{
	size_t after = 0;
	for (size_t i = 0; i < g->n; i++)
		after += g->item[i]->at_ms > s->decided_ms;
	bool closed = strcmp(s->name, "closed") == 0, ignored = strcmp(s->name, "ignored") == 0;
	s->renew = (!closed && !ignored) || (closed && after >= AGAIN) ||
		   (ignored && (int64_t)g->n >= 2 * s->decided_size);
	if (s->renew && (g->draft || s->waits))
		memcpy(s->name, "drafted", sizeof("drafted"));
	else if (s->renew)
		memcpy(s->name, "open", sizeof("open"));
}

static int put_gap(struct store_db *db, const struct learn_gap *g, const struct state *s,
		   int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO gap (id, lang, question, category, state, size, customers, answers, "
		"cost, trend, coverage, priority, first_ms, last_ms, updated_ms) VALUES "
		"(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15) ON CONFLICT (id) DO UPDATE "
		"SET question=excluded.question, category=excluded.category, "
		"state=excluded.state, size=excluded.size, customers=excluded.customers, "
		"answers=excluded.answers, cost=excluded.cost, trend=excluded.trend, "
		"coverage=excluded.coverage, priority=excluded.priority, "
		"first_ms=excluded.first_ms, last_ms=excluded.last_ms, "
		"updated_ms=excluded.updated_ms");
	if (rc)
		return rc;
	const sv text[] = { sv_of(g->id), g->lang, g->question, some(g->category), sv_of(s->name) };
	for (int i = 0; i < 5; i++)
		store_bind_sv(q, i + 1, text[i]);
	store_bind_int(q, 6, (int64_t)g->n);
	store_bind_int(q, 7, (int64_t)g->customers);
	store_bind_int(q, 8, (int64_t)g->answers);
	store_bind_num(q, 9, g->cost);
	store_bind_num(q, 10, g->trend);
	store_bind_num(q, 11, g->coverage);
	store_bind_num(q, 12, g->priority);
	store_bind_int(q, 13, g->first_ms);
	store_bind_int(q, 14, g->last_ms);
	store_bind_int(q, 15, now_ms);
	return store_run(q);
}

static int take_out(struct store_db *db, const struct learn_gap *g, const struct learn_item *x)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "DELETE FROM gap_question WHERE conversation=?1 AND seq=?2 AND "
				    "gap<>?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, x->conversation);
	store_bind_int(q, 2, x->seq);
	store_bind_sv(q, 3, sv_of(g->id));
	return store_run(q);
}

/* Their words are without personal data already (learn_run.c). */
static int put_questions(struct store_db *db, const struct learn_gap *g)
{
	struct store_stmt *q;
	int rc = 0;
	for (size_t i = 0; i < g->n && !rc; i++) {
		const struct learn_item *x = g->item[i];
		rc = take_out(db, g, x);
		if (!rc)
			rc = store_prep(db, &q,
					"INSERT INTO gap_question (gap, conversation, seq, text, "
					"signals, at_ms) VALUES (?1,?2,?3,?4,?5,?6) ON CONFLICT "
					"(gap, conversation, seq) DO UPDATE SET "
					"signals=excluded.signals");
		if (rc)
			break;
		store_bind_sv(q, 1, sv_of(g->id));
		store_bind_sv(q, 2, x->conversation);
		store_bind_int(q, 3, x->seq);
		store_bind_sv(q, 4, some(x->text));
		store_bind_int(q, 5, x->signals);
		store_bind_int(q, 6, x->at_ms);
		rc = store_run(q);
	}
	return rc;
}

/* ---- drafts ---- */

static int64_t print_of(const struct learn_draft *d)
{
	const sv part[] = { d->title, d->body_md, d->article_id, some(d->aliases) };
	uint64_t h = 1469598103934665603u;
	for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++)
		h = (h ^ sv_hash(part[i])) * 1099511628211u + i;
	h = (h ^ (uint64_t)d->base_version) * 1099511628211u; /* of an article changed meanwhile */
	return (int64_t)(h >> 1);
}

struct waits {
	char id[27];
	int64_t print;
	bool changed;            /* by a person: his words stay */
};

/* The one that waits; rc 1, or 0 when there is none. */
static int waiting(struct store_db *db, const struct learn_gap *g, struct waits *w)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT id, print, by_login FROM draft WHERE gap=?1 AND state IN "
			    "('open', 'blocked') ORDER BY id LIMIT 1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(g->id));
	rc = store_step(q);
	if (rc == 1) {
		sv s = store_col_sv(q, 0);
		memcpy(w->id, s.p, s.n < 26 ? s.n : 26);
		w->id[s.n < 26 ? s.n : 26] = 0;
		w->print = store_col_int(q, 1);
		w->changed = store_col_sv(q, 2).n > 0;
	}
	store_reset(q);
	return rc;
}

static void bind_draft(struct store_stmt *q, const struct learn_gap *g, const char *id,
		       int64_t now_ms)
{
	const struct learn_draft *d = g->draft;
	const sv text[] = { sv_of(id), sv_of(g->id), g->lang, d->edit ? SV("edit") : SV("new"),
			    d->blocked ? SV("blocked") : SV("open"), some(d->article_id), d->title,
			    d->body_md, some(d->aliases), some(d->category), some(d->gates),
			    some(d->evidence) };
	for (int i = 0; i < 12; i++)
		store_bind_sv(q, i + 1, text[i]);
	store_bind_int(q, 13, d->base_version);
	store_bind_int(q, 14, (int64_t)d->agents);
	store_bind_num(q, 15, g->priority);
	store_bind_int(q, 16, print_of(d));
	store_bind_int(q, 17, now_ms);
}

static int put_draft(struct store_db *db, const struct learn_gap *g, int64_t now_ms)
{
	static const char sql[] =
		"INSERT INTO draft (id, gap, lang, kind, state, article_id, title, body_md, "
		"aliases, category, gates, evidence, base_version, agents, priority, print, "
		"made_ms, updated_ms) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,"
		"?16,?17,?17) ON CONFLICT (id) DO UPDATE SET version=draft.version+1, "
		"kind=excluded.kind, state=excluded.state, article_id=excluded.article_id, "
		"title=excluded.title, body_md=excluded.body_md, aliases=excluded.aliases, "
		"category=excluded.category, gates=excluded.gates, evidence=excluded.evidence, "
		"base_version=excluded.base_version, agents=excluded.agents, "
		"priority=excluded.priority, print=excluded.print, updated_ms=excluded.updated_ms";
	struct waits w = { .print = 0 };
	struct store_stmt *q;
	int rc = waiting(db, g, &w);
	if (rc < 0 || (rc == 1 && (w.changed || w.print == print_of(g->draft))))
		return rc < 0 ? rc : 0;
	if (rc == 0)
		id_new(w.id);
	rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	bind_draft(q, g, w.id, now_ms);
	return store_run(q);
}

/* ---- conflicts ---- */

static int put_conflict(struct store_db *db, const struct learn_conflict *c, int64_t now_ms)
{
	struct store_stmt *q;
	char id[27];
	int rc = store_prep(db, &q,
			    "INSERT INTO kb_conflict (id, lang, article_id, other_id, kind, value, "
			    "other_value, sentence, other_sentence, likeness, translation, at_ms) "
			    "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)");
	if (rc)
		return rc;
	id_new(id);
	const sv text[] = { sv_of(id), c->lang, c->id, c->other, sv_of(c->kind), some(c->value),
			    some(c->other_value), some(c->sentence), some(c->other_sentence) };
	for (int i = 0; i < 9; i++)
		store_bind_sv(q, i + 1, text[i]);
	store_bind_num(q, 10, c->likeness);
	store_bind_int(q, 11, c->translation);
	store_bind_int(q, 12, now_ms);
	return store_run(q);
}

int learn_save(struct store_db *db, const struct learn_run *r)
{
	int rc = 0;
	for (size_t i = 0; i < r->n_gap && !rc; i++) {
		const struct learn_gap *g = &r->gap[i];
		struct state s;
		rc = state_of(db, g, &s);
		next_state(g, &s);
		if (!rc)
			rc = put_gap(db, g, &s, r->now_ms);
		if (!rc)
			rc = put_questions(db, g);
		if (!rc && s.renew && g->draft)
			rc = put_draft(db, g, r->now_ms);
	}
	if (!rc)
		rc = store_exec(db, "DELETE FROM kb_conflict");
	for (size_t i = 0; i < r->n_conflict && !rc; i++)
		rc = put_conflict(db, &r->conflict[i], r->now_ms);
	return rc;
}
