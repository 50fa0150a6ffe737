/* learn_propose.c: an article out of what a person typed: a draft from one turn of a
 * conversation, at once, without waiting for the night and without three who agree. A person
 * decides about it as about any other.
 *
 * The answer is a turn that somebody wrote himself; the question the customer's last one before
 * it that asks something, as the nightly look reads them (learn_mine.c). Personal data goes
 * with its clause (learn_text.c), the customer's own name and identities among it. The gates
 * that look at a text alone look at it, and whether an article answers the question today is
 * told. The nightly look finds the gap by its question and leaves the draft's words, for a
 * person wrote them. A turn has one draft: kv "proposed/CONVERSATION/SEQ" is its id. */
#include "learn_int.h"
#include "learn_kv.h"

#include <stdio.h>

struct turns {
	sv question, lang, answer, by;       /* as they stand in the rows */
	int64_t seq, at_ms;                  /* of the question */
	unsigned signals;
	bool found, suggested;
};

static sv kept(struct arena *a, sv s)
{
	sv out = arena_sv(a, sv_slice(s, 0, LEARN_TEXT));
	return out.p ? out : SV("");
}

static void take_customer(struct turns *t, struct arena *a, const jv *body, struct store_stmt *q)
{
	struct feel_state f = { 0 };
	sv text = jv_get_str(body, "text"), lang = jv_get_str(body, "language");
	feel_turn(&f, text, lang.n ? lang : SV("en"));
	if (f.small_talk || f.wants_human || sv_runes(text) < 3)
		return;
	t->question = kept(a, text);
	t->lang = kept(a, lang.n ? lang : sv_of(f.lang));
	t->seq = store_col_int(q, 0);
	t->at_ms = store_col_int(q, 1);
	t->signals = 0;
}

static void take_bot(struct turns *t, const jv *body)
{
	sv action = jv_get_str(body, "action");
	if (sv_eq(action, SV("decline")))
		t->signals |= LEARN_NO_ANSWER;
	if (sv_eq(action, SV("handoff")))
		t->signals |= LEARN_ESCALATED;
}

static void take_answer(struct turns *t, struct arena *a, const jv *body, struct store_stmt *q)
{
	sv by = jv_get_str(body, "by");
	t->found = true;
	t->answer = kept(a, jv_get_str(body, "text"));
	t->by = kept(a, by.n ? by : store_col_sv(q, 3));
	t->suggested = jv_get_bool(body, "suggested", false);
	t->signals |= LEARN_ESCALATED | LEARN_TYPED;
}

/* The conversation up to this turn. */
static int read_turns(struct store_db *db, const struct learn_propose *p, struct arena *a,
		      struct turns *t)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT seq, ts_ms, kind, actor, body FROM event WHERE conversation=?1 "
			    "AND seq<=?2 AND kind IN ('turn.customer', 'turn.bot', 'turn.agent') "
			    "ORDER BY seq");
	if (rc)
		return rc;
	store_bind_sv(q, 1, p->conversation);
	store_bind_int(q, 2, p->seq);
	while ((rc = store_step(q)) == 1) {
		sv kind = store_col_sv(q, 2);
		jv *body = jv_parse(store_col_sv(q, 4), NULL);
		if (sv_eq(kind, SV("turn.customer")))
			take_customer(t, a, body, q);
		else if (sv_eq(kind, SV("turn.bot")))
			take_bot(t, body);
		else if (store_col_int(q, 0) == p->seq)
			take_answer(t, a, body, q);
		jv_free(body);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* ---- what stands against it ---- */

static void covered(const struct learn_propose *p, jv *gates)
{
	struct kb_query q = { .text = p->question, .lang = p->lang, .k = 1 };
	struct kb_result r = { 0 };
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	if (p->kb && kb_search(p->kb, &q, &a, &r) == 0 && r.n && r.answerable) {
		jv *o = jv_obj();
		jv_set_str(o, "gate", SV("covered"));
		jv_set_bool(o, "ok", true);
		jv_set_str(o, "why", SV("An article answers this question today: does it say the "
					"same?"));
		jv_set_str(o, "article_id", r.hits[0].article_id);
		jv_push(gates, o);
	}
	arena_done(&a);
}

static sv dumped(struct arena *a, jv *list)
{
	struct sb b;
	sb_init(&b, LIM_JSON_BYTES);
	jv_dump(list, &b);
	jv_free(list);
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return out.p ? out : SV("[]");
}

static int look_gates(struct store_db *db, struct learn_propose *p, struct arena *a)
{
	struct learn_lang l = { .sense = kb_sense_new(p->lang) };
	struct arena tmp;
	arena_init(&tmp, LIM_ARENA_BIG);
	int rc = learn_facts_load(db, p->lang, l.sense, &tmp, &l.facts);
	if (rc == 0) {
		const struct kb_article art = { .id = SV(""), .lang = p->lang, .title = p->title,
						.body_md = p->body };
		jv *gates = jv_arr();
		p->blocked = learn_check_text(&l, &art, gates);
		covered(p, gates);
		p->gates = dumped(a, gates);
	}
	kb_facts_free(l.facts);
	kb_sense_free(l.sense);
	arena_done(&tmp);
	return rc;
}

static void put_sentence(void *arg, sv sentence)
{
	jv *o = jv_obj();
	jv_set_str(o, "sentence", sentence);
	jv_set_int(o, "agents", 1);
	jv_push(arg, o);
}

static sv evidence(const struct learn_propose *p, sv by, struct arena *a)
{
	jv *all = jv_arr(), *o = jv_obj();
	learn_sentences(p->body, put_sentence, all);
	jv_set_str(o, "conversation", p->conversation);
	jv_set_int(o, "seq", p->seq);
	jv_set_str(o, "by", by);
	jv_set_str(o, "proposed_by", p->by);
	jv_push(all, o);
	return dumped(a, all);
}

/* What must not stand in it: what the caller knows, and the name of the conversation's row. */
static sv *hidden(struct store_db *db, const struct learn_propose *p, struct arena *a, size_t *ret)
{
	struct store_stmt *q;
	sv *v = arena_new(a, sv, p->n_hide + 1);
	*ret = 0;
	if (!v || store_prep(db, &q, "SELECT customer_name FROM conversation WHERE id=?1"))
		return NULL;
	store_bind_sv(q, 1, p->conversation);
	for (size_t i = 0; i < p->n_hide; i++)
		v[(*ret)++] = p->hide[i];
	if (store_step(q) == 1 && store_col_sv(q, 0).n)
		v[(*ret)++] = kept(a, store_col_sv(q, 0));
	store_reset(q);
	return v;
}

/* ---- door ---- */

static int refuse(struct learn_propose *p, int rc, const char *why)
{
	p->why = why;
	return rc;
}

int learn_propose_look(struct store_db *db, struct learn_propose *p, struct arena *a)
{
	struct turns t = { 0 };
	int rc = read_turns(db, p, a, &t);
	if (rc)
		return rc;
	if (!t.found)
		return refuse(p, ERR_NOTFOUND, "No person wrote such a turn in this conversation.");
	if (t.suggested)
		return refuse(p, ERR_STATE, "These words are the bot's own: an article has them.");
	if (!t.question.n)
		return refuse(p, ERR_STATE, "The customer asked nothing before it.");
	size_t n = 0;
	sv *hide = hidden(db, p, a, &n);
	p->lang = t.lang;
	p->question = learn_clean_of(a, t.question, hide, n);
	p->title = learn_name(a, p->question);
	p->body = learn_clean_of(a, t.answer, hide, n);
	if (!p->title.n)
		p->title = p->question;
	if (!hide || !p->title.n || sv_runes(p->body) < 8)
		return refuse(p, ERR_STATE, "Nothing is left of it without personal data.");
	p->question_seq = t.seq;
	p->question_ms = t.at_ms;
	p->signals = t.signals;
	p->evidence = evidence(p, t.by, a);
	return look_gates(db, p, a);
}

/* The kv of a turn's draft; false: no such conversation can be. */
static bool key_of(const struct learn_propose *p, char key[160])
{
	int n = snprintf(key, 160, "proposed/" SV_FMT "/%lld", SV_ARG(p->conversation),
			 (long long)p->seq);
	return n > 0 && n < 160;
}

/* The draft that was made of this turn, unless it was refused; p->draft stays "" without. */
static int find_own(struct store_db *db, struct learn_propose *p)
{
	struct store_stmt *q;
	char key[160];
	jv *id = NULL;
	int rc = key_of(p, key) ? learn_kv_get(db, key, &id) : ERR_INVAL;
	if (rc || !id)
		return rc;
	rc = store_prep(db, &q, "SELECT id, gap FROM draft WHERE id=?1 AND state<>'rejected'");
	if (rc == 0) {
		store_bind_sv(q, 1, jv_as_str(id));
		rc = store_step(q);
		if (rc == 1) {
			(void)snprintf(p->draft, sizeof(p->draft), SV_FMT,
				       SV_ARG(store_col_sv(q, 0)));
			(void)snprintf(p->gap, sizeof(p->gap), SV_FMT, SV_ARG(store_col_sv(q, 1)));
		}
		store_reset(q);
	}
	jv_free(id);
	return rc < 0 ? rc : 0;
}

static int keep_own(struct store_db *db, const struct learn_propose *p)
{
	char key[160];
	jv *id = jv_str(sv_of(p->draft));
	int rc = key_of(p, key) ? learn_kv_put(db, key, id, p->now_ms) : ERR_INVAL;
	jv_free(id);
	return rc;
}

/* The gap that this question is of; "" when there is none. An article is named by its gap: where
 * a draft waits or was published, another one would write over it, so this one gets a gap of its
 * own (*ret_apart). */
static int find_gap(struct store_db *db, struct learn_propose *p, bool *ret_apart)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT q.gap, EXISTS (SELECT 1 FROM draft d WHERE d.gap=q.gap AND "
			    "d.state<>'rejected') FROM gap_question q WHERE q.conversation=?1 AND "
			    "q.seq=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, p->conversation);
	store_bind_int(q, 2, p->question_seq);
	rc = store_step(q);
	*ret_apart = rc == 1 && store_col_int(q, 1);
	if (rc == 1 && !*ret_apart)
		(void)snprintf(p->gap, sizeof(p->gap), SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int put_gap(struct store_db *db, struct learn_propose *p, bool apart)
{
	struct store_stmt *q;
	int rc;
	if (p->gap[0]) { /* the night has found it */
		rc = store_prep(db, &q,
				"UPDATE gap SET state='drafted', updated_ms=?2 WHERE id=?1");
		if (rc)
			return rc;
		store_bind_sv(q, 1, sv_of(p->gap));
		store_bind_int(q, 2, p->now_ms);
		return store_run(q);
	}
	id_new(p->gap);
	rc = store_prep(db, &q,
			"INSERT INTO gap (id, lang, question, state, size, customers, answers, "
			"cost, trend, coverage, priority, first_ms, last_ms, updated_ms) VALUES "
			"(?1,?2,?3,'drafted',1,1,1,0,0,0,0,?4,?4,?5)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(p->gap));
	store_bind_sv(q, 2, p->lang);
	store_bind_sv(q, 3, p->title);
	store_bind_int(q, 4, p->question_ms);
	store_bind_int(q, 5, p->now_ms);
	rc = store_run(q);
	if (rc || apart) /* a question is of one gap */
		return rc;
	rc = store_prep(db, &q,
				"INSERT INTO gap_question (gap, conversation, seq, text, signals, "
				"at_ms) VALUES (?1,?2,?3,?4,?5,?6)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(p->gap));
	store_bind_sv(q, 2, p->conversation);
	store_bind_int(q, 3, p->question_seq);
	store_bind_sv(q, 4, p->question);
	store_bind_int(q, 5, p->signals);
	store_bind_int(q, 6, p->question_ms);
	return store_run(q);
}

int learn_propose_put(struct store_db *db, struct learn_propose *p)
{
	struct store_stmt *q;
	p->now_ms = p->now_ms ? p->now_ms : clk_wall_ms();
	bool apart = false;
	int rc = find_own(db, p);
	p->there = p->draft[0] != 0;
	if (rc || p->there)
		return rc;
	rc = find_gap(db, p, &apart);
	if (rc == 0)
		rc = put_gap(db, p, apart);
	if (rc)
		return rc;
	id_new(p->draft);
	rc = store_prep(db, &q,
			"INSERT INTO draft (id, gap, lang, kind, state, title, body_md, gates, "
			"evidence, agents, made_ms, updated_ms, by_login) VALUES "
			"(?1,?2,?3,'new',?4,?5,?6,?7,?8,1,?9,?9,?10)");
	if (rc)
		return rc;
	const sv text[] = { sv_of(p->draft), sv_of(p->gap), p->lang,
			    p->blocked ? SV("blocked") : SV("open"), p->title, p->body, p->gates,
			    p->evidence };
	for (int i = 0; i < 8; i++)
		store_bind_sv(q, i + 1, text[i]);
	store_bind_int(q, 9, p->now_ms);
	store_bind_sv(q, 10, p->by);
	rc = store_run(q);
	return rc ? rc : keep_own(db, p);
}
