/* qa_talk.c: a conversation as the rules see it: who said what and when, who was in charge.
 *
 * Rows come from the river (a conversation's own by its id; queue.* and ticket.link by time,
 * for they stand outside its numbers), or from JSON. A struct qa_talk owns them and never
 * changes: any thread. */
#include "qa_int.h"

#include <stdio.h>

enum { WRAP_MS = 3600 * 1000 };      /* after its end: how long a wrap-up may take */

static bool is(sv s, const char *lit)
{
	return sv_eq(s, sv_of(lit));
}

/* ---- reading one row ---- */

static void note_party(struct qa_talk *t, sv who)
{
	for (size_t i = 0; i < t->n_parties; i++)
		if (sv_eq(t->parties[i], who))
			return;
	if (t->n_parties < QA_PARTIES)
		t->parties[t->n_parties++] = who;
}

static void speaker(struct qa_talk *t, struct qa_line *l)
{
	if (is(l->kind, "turn.customer")) {
		l->who = QW_CUSTOMER;
	} else if (is(l->kind, "turn.bot") || is(l->kind, "turn.aside")) {
		l->who = QW_BOT;
		l->by = SV("bot");
		l->aside = is(l->kind, "turn.aside");
	} else if (is(l->kind, "turn.agent")) {
		sv by = jv_get_str(l->body, "by");
		l->who = QW_AGENT;
		l->by = by.n ? by : l->actor;
	}
	if (l->by.n && !l->aside)
		note_party(t, l->by);
}

/* When a say was heard comes in a row of its own. */
static void heard(struct qa_talk *t, const struct qa_line *x)
{
	int64_t say = jv_get_int(x->body, "say_id", -1);
	for (size_t i = t->n; i-- > 0 && say >= 0;) {
		struct qa_line *l = &t->v[i];
		if (l->who != QW_BOT || jv_get_int(l->body, "say_id", -2) != say)
			continue;
		l->start_ms = jv_get_int(x->body, "start_ms", 0);
		l->end_ms = jv_get_int(x->body, "end_ms", 0);
		l->cut = is(x->kind, "turn.cut") &&
			 jv_get_int(x->body, "heard_chars", 0) < (int64_t)sv_runes(l->text);
		return;
	}
}

static void note_row(struct qa_talk *t, struct qa_line *l, sv *holder)
{
	if (is(l->kind, "conversation.opened")) {
		sv ch = jv_get_str(l->body, "channel");
		t->channel = ch.n ? ch : t->channel;
		t->voice = is(ch, "phone") || is(ch, "talk") || is(ch, "realtime");
	} else if (is(l->kind, "conversation.closed")) {
		t->ended_ms = l->ts_ms;
		t->ended_by = jv_get_str(l->body, "by");
	} else if (is(l->kind, "handover.accepted")) {
		sv who = jv_get_str(l->body, "agent");
		*holder = who.n ? who : *holder;
		if (who.n)
			note_party(t, who);
	} else if (l->who == QW_AGENT) {
		*holder = l->by;
	}
	l->holder = *holder;
	/* The act of giving back is still theirs; who waits for another is with nobody but us. */
	if (is(l->kind, "handover.returned") || is(l->kind, "handover.queued"))
		*holder = SV("bot");
}

static bool is_zh(sv s)
{
	size_t zh = 0, all = 0;
	while (s.n) {
		uint32_t r = sv_rune(&s);
		zh += sv_is_cjk(r);
		all += r > ' ';
	}
	return zh * 4 > all;
}

static void settle_lang(struct qa_talk *t)
{
	size_t zh = 0, en = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].who != QW_CUSTOMER)
			continue;
		sv lang = jv_get_str(t->v[i].body, "language");
		bool z = lang.n ? is(lang, "zh") : is_zh(t->v[i].text);
		zh += z;
		en += !z;
	}
	if (zh || en)
		t->lang = zh >= en ? SV("zh") : SV("en");
	else
		t->lang = t->n ? jv_get_str(t->v[0].body, "language") : SV_NULL;
}

/* Whoever speaks with a customer's voice is in a call, whatever the channel is named. */
static void settle_voice(struct qa_talk *t)
{
	for (size_t i = 0; i < t->n && !t->voice; i++)
		t->voice = t->v[i].who == QW_CUSTOMER && t->v[i].end_ms > 0;
}

/* Takes over rows. */
static int build(struct qa_talk **ret, jv *rows)
{
	struct qa_talk *t = xalloc(sizeof(*t));
	sv holder = SV("bot");
	arena_init(&t->a, LIM_ARENA_BIG);
	t->rows = rows;
	t->v = arena_new(&t->a, struct qa_line, jv_len(rows) + 1);
	for (size_t i = 0; i < jv_len(rows); i++) {
		const jv *o = jv_at(rows, i);
		struct qa_line *l = &t->v[t->n];
		l->body = jv_get(o, "body");
		l->kind = jv_get_str(o, "kind");
		l->actor = jv_get_str(o, "actor");
		l->seq = jv_get_int(o, "seq", (int64_t)i + 1);
		l->ts_ms = jv_get_int(o, "ts_ms", 0);
		l->turn = (int)jv_get_int(o, "turn", 0);
		l->text = jv_get_str(l->body, "text");
		l->lang = jv_get_str(l->body, "language");
		l->start_ms = jv_get_int(l->body, "start_ms", 0);
		l->end_ms = jv_get_int(l->body, "end_ms", 0);
		speaker(t, l);
		if (is(l->kind, "turn.played") || is(l->kind, "turn.cut"))
			heard(t, l), l->text = SV_NULL;
		note_row(t, l, &holder);
		t->n++;
	}
	settle_lang(t);
	settle_voice(t);
	*ret = t;
	return 0;
}

/* tool.result names only the call's number; the tool stands in the call. */
static void name_tools(jv *rows)
{
	for (size_t i = 0; i < jv_len(rows); i++) {
		jv *b = jv_get(jv_at(rows, i), "body");
		if (!is(jv_get_str(jv_at(rows, i), "kind"), "tool.result") ||
		    jv_get_str(b, "tool").n)
			continue;
		for (size_t j = i; j-- > 0;) {
			const jv *c = jv_at(rows, j);
			if (!is(jv_get_str(c, "kind"), "tool.call") ||
			    jv_get_int(jv_get(c, "body"), "call", -1) != jv_get_int(b, "call", -2))
				continue;
			jv_set_str(b, "tool", jv_path(c, "body.tool") ?
						      jv_as_str(jv_path(c, "body.tool")) : SV(""));
			break;
		}
	}
}

int qa_talk_of(struct qa_talk **ret, const jv *rows, struct err *e)
{
	if (!jv_is_arr(rows) || !jv_len(rows))
		return err_set(e, ERR_INVAL, "rows must be a list of at least one row");
	if (jv_len(rows) > QA_LINES)
		return err_set(e, ERR_TOOBIG, "more than %d rows", QA_LINES);
	for (size_t i = 0; i < jv_len(rows); i++)
		if (!jv_get_str(jv_at(rows, i), "kind").n ||
		    !jv_is_obj(jv_get(jv_at(rows, i), "body")))
			return err_set(e, ERR_INVAL, "row %zu has no kind or no body", i + 1);
	jv *own = jv_copy(rows);
	name_tools(own);
	return build(ret, own);
}

/* ---- from the river ---- */

/* Appends q's rows (seq, ts_ms, turn, kind, actor, body). */
static int take(struct store_stmt *q, jv *rows)
{
	int rc;
	while ((rc = store_step(q)) == 1) {
		if (jv_len(rows) >= QA_LINES)
			return ERR_TOOBIG;
		jv *body = jv_parse(store_col_sv(q, 5), NULL), *o = jv_obj();
		jv_set_int(o, "seq", store_col_int(q, 0));
		jv_set_int(o, "ts_ms", store_col_int(q, 1));
		jv_set_int(o, "turn", store_col_int(q, 2));
		jv_set_str(o, "kind", store_col_sv(q, 3));
		jv_set_str(o, "actor", store_col_sv(q, 4));
		jv_set(o, "body", body ? body : jv_obj());
		jv_push(rows, o);
	}
	return rc;
}

static int own_rows(struct store_db *db, sv id, jv *rows)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT seq, ts_ms, turn, kind, actor, body FROM event "
			    "WHERE conversation=?1 ORDER BY seq");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = take(q, rows);
	store_reset(q);
	return rc;
}

/* Rows of the queue and of tickets that name this conversation stand outside its numbers; they come
 * last. A ticket's own rows name none: its link does. */
static int other_rows(struct store_db *db, sv id, jv *rows)
{
	struct store_stmt *q;
	char like[80];
	int64_t from = jv_get_int(jv_at(rows, 0), "ts_ms", 0);
	int64_t to = jv_get_int(jv_at(rows, jv_len(rows) - 1), "ts_ms", 0) + WRAP_MS;
	int rc = store_prep(db, &q,
			    "SELECT 0, ts_ms, 0, kind, actor, body FROM event "
			    "WHERE ts_ms>=?1 AND ts_ms<=?2 AND kind IN ('queue.wrapped', "
			    "'queue.disposed','queue.held','ticket.link') AND body LIKE ?3 "
			    "ORDER BY ts_ms, pos");
	if (rc)
		return rc;
	(void)snprintf(like, sizeof(like), "%%\"%.40s\"%%", id.p);
	store_bind_int(q, 1, from);
	store_bind_int(q, 2, to);
	store_bind_sv(q, 3, sv_of(like));
	rc = take(q, rows);
	store_reset(q);
	return rc;
}

static int by_time(const jv *a, const jv *b)
{
	int64_t x = jv_get_int(a, "ts_ms", 0), y = jv_get_int(b, "ts_ms", 0);
	return x < y ? -1 : x > y;
}

/* They go between the others by their time; numbered rows keep their order. */
static jv *merged(jv *rows, size_t own)
{
	jv *all = jv_arr();
	size_t i = 0, j = own, n = jv_len(rows);
	while (i < own || j < n) {
		bool other = i == own || (j < n && by_time(jv_at(rows, j), jv_at(rows, i)) < 0);
		jv_push(all, jv_copy(jv_at(rows, other ? j++ : i++)));
	}
	jv_free(rows);
	return all;
}

int qa_talk_load(struct qa_talk **ret, struct store_db *db, sv conversation)
{
	jv *rows = jv_arr();
	char id[64];
	if (!conversation.n || conversation.n >= 40)
		return jv_free(rows), ERR_NOTFOUND;
	(void)snprintf(id, sizeof(id), SV_FMT, SV_ARG(conversation));
	int rc = own_rows(db, conversation, rows);
	size_t own = jv_len(rows);
	if (rc == 0 && !own)
		rc = ERR_NOTFOUND;
	if (rc == 0)
		rc = other_rows(db, sv_of(id), rows);
	if (rc) {
		jv_free(rows);
		return rc;
	}
	rows = merged(rows, own);
	name_tools(rows);
	return build(ret, rows);
}

void qa_talk_free(struct qa_talk *t)
{
	if (!t)
		return;
	jv_free(t->rows);
	arena_done(&t->a);
	xfree(t);
}

sv qa_talk_lang(const struct qa_talk *t)
{
	return t->lang;
}

bool qa_talk_voice(const struct qa_talk *t)
{
	return t->voice;
}

size_t qa_talk_parties(const struct qa_talk *t, sv out[QA_PARTIES])
{
	memcpy(out, t->parties, sizeof(t->parties));
	return t->n_parties;
}
