/* desk_read.c: tickets as JSON: lists with cursor and filters, one whole.
 *
 * A list is found in an index first (which one depends on what narrows most) and only the rows
 * of the page are read whole. On a reader's connection. */
#include "desk_int.h"

#include <stdio.h>

void desk_put_time(struct sb *b, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	sb_fmt(b, ms ? ",\"%s\":\"%s\"" : ",\"%s\":null", key, when);
}

void desk_put_text(struct sb *b, const char *key, sv v)
{
	sb_fmt(b, ",\"%s\":", key);
	sb_json(b, v);
}

void desk_put_row(struct store_stmt *q, struct sb *b)
{
	static const char *const texts[] = { "type", "category", "severity" };
	static const char *const more[] = { "state", "title", "customer", "owner", "language",
					    "channel" };
	static const char *const times[] = { "opened_at", "changed_at", "due_at", "promised_at" };
	sb_cstr(b, "{\"id\":");
	sb_json(b, store_col_sv(q, 0));
	for (int i = 0; i < 3; i++)
		desk_put_text(b, texts[i], store_col_sv(q, 1 + i));
	sb_fmt(b, ",\"priority\":%lld", (long long)store_col_int(q, 4));
	for (int i = 0; i < 6; i++)
		desk_put_text(b, more[i], store_col_sv(q, 5 + i));
	for (int i = 0; i < 4; i++)
		desk_put_time(b, times[i], store_col_int(q, 11 + i));
	sb_fmt(b, ",\"late\":%s,\"escalation\":%lld", store_col_int(q, 15) ? "true" : "false",
	       (long long)store_col_int(q, 16));
}

/* ---- which index ---- */

#define FILTER \
	"(?1='' OR (?1='live' AND live=1) OR state=?1) AND (?2='' OR type=?2) AND (?3='' OR " \
	"severity=?3) AND (?4='' OR owner=?4) AND (?5='' OR customer=?5) "
#define CATEGORY "AND (?6='' OR category=?6 OR (category>=?7 AND category<?8)) "
#define PAGE "AND seq<?9 ORDER BY seq DESC LIMIT ?10"
#define LIST(from, lead) \
	"SELECT " DESK_LIST_COLS " FROM ticket t WHERE t.seq IN (SELECT seq FROM " from \
	" WHERE " lead FILTER CATEGORY PAGE ") ORDER BY t.seq DESC"

enum lead { BY_NONE, BY_LIVE, BY_STATE, BY_OWNER, BY_CUSTOMER, BY_DUE, BY_WORD };
static const char *const lists[] = {
	[BY_NONE] = LIST("ticket", ""),
	[BY_LIVE] = LIST("ticket", "live=1 AND "),
	[BY_STATE] = LIST("ticket", "state=?1 AND "),
	[BY_OWNER] = LIST("ticket", "owner=?4 AND "),
	[BY_CUSTOMER] = LIST("ticket", "customer=?5 AND "),
	/* soonest first: the cursor is due_ms.seq */
	[BY_DUE] = "SELECT " DESK_LIST_COLS
		   " FROM ticket t WHERE due_ms IS NOT NULL AND due_ms<=?11 AND "
		   "(due_ms>?12 OR (due_ms=?12 AND seq>?9)) AND " FILTER CATEGORY
		   "ORDER BY due_ms, seq LIMIT ?10",
#define ALSO(n) "AND (?" n "='' OR EXISTS (SELECT 1 FROM ticket_word x WHERE x.word=?" n \
		" AND x.ticket=w.ticket)) "
	/* the rarest word leads; the others are looked up for each of its tickets */
	[BY_WORD] = "SELECT " DESK_LIST_COLS " FROM ticket t WHERE t.seq IN (SELECT w.ticket FROM "
		    "ticket_word w JOIN ticket ON ticket.seq=w.ticket WHERE w.word=?11 " ALSO(
			    "12") ALSO("13") ALSO("14") ALSO("15")
			    ALSO("16") "AND w.ticket<?9 AND " FILTER CATEGORY
				       "ORDER BY w.ticket DESC LIMIT ?10) ORDER BY t.seq DESC",
};

static enum lead lead_of(const struct desk_query *q)
{
	return q->due_by_ms ? BY_DUE :
	       q->customer.n ? BY_CUSTOMER :
	       q->owner.n ? BY_OWNER :
	       sv_eq(q->state, SV("live")) ? BY_LIVE :
	       q->state.n ? BY_STATE : BY_NONE;
}

/* ---- words that are asked for ---- */

struct asked {
	char word[DESK_ASKED][DESK_WORD];
	size_t len[DESK_ASKED];
	int n;
};

static int ask_word(void *arg, sv word)
{
	struct asked *a = arg;
	if (a->n == DESK_ASKED)
		return 1;
	memcpy(a->word[a->n], word.p, word.n);
	a->len[a->n++] = word.n;
	return 0;
}

/* How many tickets have the word, counted up to a thousand. */
static int64_t how_many(struct store_db *db, sv word)
{
	struct store_stmt *q;
	if (store_prep(db, &q,
		       "SELECT COUNT(*) FROM (SELECT 1 FROM ticket_word WHERE word=?1 LIMIT "
		       "1000) s"))
		return 0;
	store_bind_sv(q, 1, word);
	int64_t n = store_step(q) == 1 ? store_col_int(q, 0) : 0;
	store_reset(q);
	return n;
}

static void bind_words(struct store_db *db, struct store_stmt *st, const struct asked *a)
{
	int64_t least = INT64_MAX;
	int lead = 0, at = 12;
	for (int i = 0; i < a->n; i++) {
		int64_t n = how_many(db, sv_n(a->word[i], a->len[i]));
		if (n < least) {
			least = n;
			lead = i;
		}
	}
	store_bind_sv(st, 11, sv_n(a->word[lead], a->len[lead]));
	for (int i = 0; i < a->n; i++)
		if (i != lead)
			store_bind_sv(st, at++, sv_n(a->word[i], a->len[i]));
	while (at <= 16)
		store_bind_sv(st, at++, SV(""));
}

/* ---- the list ---- */

static sv or_empty(sv s)
{
	return s.n ? s : SV("");
}

/* "seq" or "due_ms.seq"; nothing: from the beginning. */
static bool cursor_of(const struct desk_query *q, bool due, int64_t *ms, int64_t *seq)
{
	sv s = q->cursor, head;
	*ms = INT64_MIN;
	*seq = due ? INT64_MIN : INT64_MAX;
	if (!s.n)
		return true;
	if (due && (!sv_cut(&s, '.', &head) || sv_i64(head, ms)))
		return false;
	return sv_i64(s, seq) == 0;
}

static void bind_filters(struct store_stmt *st, const struct desk_query *q, char below[2][110])
{
	int n = (int)(q->category.n < 100 ? q->category.n : 100);
	(void)snprintf(below[0], 110, "%.*s/", n, q->category.n ? q->category.p : "");
	(void)snprintf(below[1], 110, "%.*s0", n, q->category.n ? q->category.p : "");
	store_bind_sv(st, 1, or_empty(q->state));
	store_bind_sv(st, 2, or_empty(q->type));
	store_bind_sv(st, 3, or_empty(q->severity));
	store_bind_sv(st, 4, or_empty(q->owner));
	store_bind_sv(st, 5, or_empty(q->customer));
	store_bind_sv(st, 6, or_empty(q->category));
	store_bind_sv(st, 7, sv_of(below[0]));
	store_bind_sv(st, 8, sv_of(below[1]));
}

static int put_page(struct store_stmt *st, int limit, bool due, struct sb *out)
{
	int n = 0, rc;
	bool more = false;
	int64_t seq = 0, ms = 0;
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(st)) == 1) {
		if ((more = n == limit))
			break;
		if (n++)
			sb_ch(out, ',');
		desk_put_row(st, out);
		sb_ch(out, '}');
		seq = store_col_int(st, 17);
		ms = store_col_int(st, 13);
	}
	store_reset(st);
	if (more && due)
		sb_fmt(out, "],\"next\":\"%lld.%lld\"}", (long long)ms, (long long)seq);
	else if (more)
		sb_fmt(out, "],\"next\":\"%lld\"}", (long long)seq);
	else
		sb_cstr(out, "],\"next\":null}");
	return rc < 0 ? rc : sb_err(out);
}

int desk_list(struct store_db *db, const struct desk_query *q, struct sb *out)
{
	struct asked asked = { .n = 0 };
	struct store_stmt *st;
	char below[2][110];
	int64_t ms, seq;
	(void)desk_each_word(q->text, ask_word, &asked);
	enum lead lead = asked.n ? BY_WORD : lead_of(q);
	if (!cursor_of(q, lead == BY_DUE, &ms, &seq) || q->limit < 1)
		return ERR_INVAL;
	if (sv_trim(q->text).n && !asked.n) {    /* nothing in it can be found */
		sb_cstr(out, "{\"items\":[],\"next\":null}");
		return 0;
	}
	int rc = store_prep(db, &st, lists[lead]);
	if (rc)
		return rc;
	bind_filters(st, q, below);
	store_bind_int(st, 9, seq);
	store_bind_int(st, 10, q->limit + 1);
	if (lead == BY_DUE) {
		store_bind_int(st, 11, q->due_by_ms);
		store_bind_int(st, 12, ms);
	} else if (lead == BY_WORD) {
		bind_words(db, st, &asked);
	}
	return put_page(st, q->limit, lead == BY_DUE, out);
}

/* ---- one whole ---- */

void desk_put_clock(const struct desk_clock *c, const char *kind, int64_t now, struct sb *b)
{
	int64_t spent = clock_spent(c, c->ended ? c->ended : now);
	bool late = c->breached || (c->running && c->due && now > c->due);
	sb_cstr(b, "{\"kind\":");
	sb_json(b, sv_of(kind));
	sb_fmt(b, ",\"round\":%d", c->round);
	desk_put_text(b, "calendar", sv_of(cal_name(c->cal)));
	desk_put_time(b, "started_at", c->started);
	desk_put_time(b, "due_at", c->due == CAL_NEVER ? 0 : c->due);
	desk_put_time(b, "ended_at", c->ended);
	sb_fmt(b, ",\"target_ms\":%lld,\"spent_ms\":%lld,\"left_ms\":%lld,\"paused\":%s,"
		  "\"warned\":%s,\"breach\":%s}",
	       (long long)c->target, (long long)spent, (long long)(c->target - spent),
	       !c->running && !c->ended ? "true" : "false", c->warned ? "true" : "false",
	       late ? "true" : "false");
}

static void put_clocks(const struct ticket *t, int64_t now, struct sb *b)
{
	int n = 0;
	sb_cstr(b, ",\"clocks\":[");
	for (int k = 0; k < DESK_CLOCKS; k++) {
		const struct desk_clock *c = &t->clock[k];
		if (!c->there)
			continue;
		if (n++)
			sb_ch(b, ',');
		desk_put_clock(c, desk_clock_name((enum desk_clock_kind)k), now, b);
	}
	sb_ch(b, ']');
}

/* Rounds that are over, for figures: which were late. */
static int put_breaches(struct store_db *db, int64_t seq, struct sb *b)
{
	struct store_stmt *q;
	int n = 0, rc = store_prep(db, &q,
				   "SELECT kind, round, breached_ms FROM ticket_clock WHERE "
				   "ticket=?1 AND breached_ms IS NOT NULL ORDER BY "
				   "breached_ms");
	if (rc)
		return rc;
	store_bind_int(q, 1, seq);
	sb_cstr(b, ",\"breaches\":[");
	while ((rc = store_step(q)) == 1) {
		sb_cstr(b, n++ ? ",{\"clock\":" : "{\"clock\":");
		sb_json(b, store_col_sv(q, 0));
		sb_fmt(b, ",\"round\":%lld", (long long)store_col_int(q, 1));
		desk_put_time(b, "at", store_col_int(q, 2));
		sb_ch(b, '}');
	}
	store_reset(q);
	sb_ch(b, ']');
	return rc;
}

static int put_history(struct store_db *db, int64_t seq, bool all, struct sb *b)
{
	struct store_stmt *q;
	int n = 0, rc = store_prep(db, &q,
				   "SELECT n, at_ms, kind, by_whom, shown, text, body FROM "
				   "ticket_event WHERE ticket=?1 AND (?2=1 OR shown=1) ORDER "
				   "BY n LIMIT 1000");
	if (rc)
		return rc;
	store_bind_int(q, 1, seq);
	store_bind_int(q, 2, all);
	sb_cstr(b, ",\"history\":[");
	while ((rc = store_step(q)) == 1) {
		sb_fmt(b, "%s{\"n\":%lld", n++ ? "," : "", (long long)store_col_int(q, 0));
		desk_put_time(b, "at", store_col_int(q, 1));
		desk_put_text(b, "kind", store_col_sv(q, 2));
		desk_put_text(b, "by", store_col_sv(q, 3));
		sb_fmt(b, ",\"public\":%s", store_col_int(q, 4) ? "true" : "false");
		desk_put_text(b, "text", store_col_sv(q, 5));
		sb_cstr(b, ",\"body\":");
		sb_put(b, store_col_sv(q, 6));
		sb_ch(b, '}');
	}
	store_reset(q);
	sb_ch(b, ']');
	return rc;
}

/* Links of this ticket, and tickets that link to it. */
static int put_links(struct store_db *db, const struct ticket *t, struct sb *b)
{
	struct store_stmt *q;
	int n = 0, rc = store_prep(db, &q,
				   "SELECT kind, ref, at_ms, by_whom FROM ticket_link WHERE "
				   "ticket=?1 UNION ALL SELECT 'ticket', o.number, l.at_ms, "
				   "l.by_whom FROM ticket_link l JOIN ticket o ON o.seq=l.ticket "
				   "WHERE l.kind='ticket' AND l.ref=?2 ORDER BY 3 LIMIT 200");
	if (rc)
		return rc;
	store_bind_int(q, 1, t->seq);
	store_bind_sv(q, 2, sv_of(t->number));
	sb_cstr(b, ",\"links\":[");
	while ((rc = store_step(q)) == 1) {
		sb_cstr(b, n++ ? ",{\"kind\":" : "{\"kind\":");
		sb_json(b, store_col_sv(q, 0));
		desk_put_text(b, "ref", store_col_sv(q, 1));
		desk_put_time(b, "at", store_col_int(q, 2));
		desk_put_text(b, "by", store_col_sv(q, 3));
		sb_ch(b, '}');
	}
	store_reset(q);
	sb_ch(b, ']');
	return rc;
}

static void put_moves(const struct ticket *t, enum tool_role role, struct sb *b)
{
	int n = 0;
	sb_cstr(b, ",\"moves\":[");
	for (int s = 0; s < DESK_STATUSES; s++)
		if (desk_may_move(t->state, (enum desk_status)s, role))
			sb_fmt(b, "%s\"%s\"", n++ ? "," : "",
			       desk_status_name((enum desk_status)s));
	sb_ch(b, ']');
}

/* What desk_put_row puts, of a ticket in hand. */
static void put_head(const struct ticket *t, struct sb *b)
{
	sb_cstr(b, "{\"id\":");
	sb_json(b, sv_of(t->number));
	desk_put_text(b, "type", sv_of(desk_type_name(t->type)));
	desk_put_text(b, "category", t->category);
	desk_put_text(b, "severity", sv_of(desk_severity_name(t->severity)));
	sb_fmt(b, ",\"priority\":%d", t->priority);
	desk_put_text(b, "state", sv_of(desk_status_name(t->state)));
	desk_put_text(b, "title", t->title);
	desk_put_text(b, "customer", t->customer);
	desk_put_text(b, "owner", t->owner);
	desk_put_text(b, "language", t->language);
	desk_put_text(b, "channel", t->channel);
	desk_put_time(b, "opened_at", t->opened);
	desk_put_time(b, "changed_at", t->changed);
	desk_put_time(b, "due_at", t->due);
	desk_put_time(b, "promised_at", t->promised);
	sb_fmt(b, ",\"late\":%s,\"escalation\":%d", t->late ? "true" : "false", t->rung);
}

static void put_ticket(const struct ticket *t, struct sb *b)
{
	put_head(t, b);
	desk_put_time(b, "solved_at", t->solved);
	desk_put_time(b, "closed_at", t->closed);
	desk_put_time(b, "follow_up_at", t->follow);
	desk_put_text(b, "closed_by", t->closed_by);
	sb_fmt(b, ",\"tries\":%d,\"version\":%lld,\"facts\":", t->tries, (long long)t->version);
	jv_dump(t->body, b);
}

int desk_get(const struct desk *d, struct store_db *db, sv number, enum tool_role role,
	     int64_t now_ms, int64_t *version, struct sb *out)
{
	struct ticket t;
	int rc = ticket_load(d, db, number, &t);
	if (rc == 0) {
		put_ticket(&t, out);
		put_clocks(&t, now_ms, out);
		rc = put_breaches(db, t.seq, out);
	}
	if (rc == 0)
		rc = put_history(db, t.seq, role > TOOL_CUSTOMER, out);
	if (rc == 0)
		rc = put_links(db, &t, out);
	if (rc == 0) {
		put_moves(&t, role, out);
		sb_ch(out, '}');
		if (version)
			*version = t.version;
	}
	ticket_done(&t);
	return rc ? rc : sb_err(out);
}
