/* desk_board.c: the board: columns by state with counts and their most urgent tickets, each
 * with its clocks. Three queries a column, however many cards. On a reader's connection. */
#include "desk_int.h"

enum { CARDS = 50 };              /* of a column */

static void bind_column(struct store_stmt *q, const struct desk_board *b, sv state)
{
	store_bind_sv(q, 1, state);
	store_bind_sv(q, 2, b->type.n ? b->type : SV(""));
	store_bind_sv(q, 3, b->owner.n ? b->owner : SV(""));
	store_bind_sv(q, 4, b->severity.n ? b->severity : SV(""));
}

static int count_of(struct store_db *db, const struct desk_board *b, sv state, int64_t *n,
		    int64_t *late)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT COUNT(*), COALESCE(SUM(late),0) FROM ticket WHERE "
			    "state=?1 AND (?2='' OR type=?2) AND (?3='' OR owner=?3) AND "
			    "(?4='' OR severity=?4)");
	if (rc)
		return rc;
	bind_column(q, b, state);
	rc = store_step(q);
	*n = rc == 1 ? store_col_int(q, 0) : 0;
	*late = rc == 1 ? store_col_int(q, 1) : 0;
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* The clocks of a column's cards, by ticket. */
struct card {
	int64_t seq;
	struct sb clocks;
};
struct cards {
	struct card v[CARDS];
	int n;
};

static struct sb *clocks_of(struct cards *c, int64_t seq, bool add)
{
	for (int i = 0; i < c->n; i++)
		if (c->v[i].seq == seq)
			return &c->v[i].clocks;
	if (!add || c->n == CARDS)
		return NULL;
	c->v[c->n].seq = seq;
	sb_init(&c->v[c->n].clocks, 16384);
	return &c->v[c->n++].clocks;
}

#define MOST_URGENT \
	"SELECT seq FROM ticket WHERE state=?1 AND (?2='' OR type=?2) AND (?3='' OR " \
	"owner=?3) AND (?4='' OR severity=?4) ORDER BY " \
	"due_ms IS NULL, due_ms, priority, seq LIMIT ?5"

static int read_clocks(const struct desk *d, struct store_db *db, const struct desk_board *b,
		       sv state, struct cards *cards)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT " DESK_CLOCK_COLS ", ticket FROM ticket_clock WHERE "
				    "ended_ms IS NULL AND ticket IN (" MOST_URGENT ")");
	if (rc)
		return rc;
	bind_column(q, b, state);
	store_bind_int(q, 5, CARDS);
	while ((rc = store_step(q)) == 1) {
		struct desk_clock c;
		int k = desk_clock_of(d, q, &c);
		struct sb *to = k < 0 ? NULL : clocks_of(cards, store_col_int(q, 11), true);
		if (!to)
			continue;
		if (to->n)
			sb_ch(to, ',');
		desk_put_clock(&c, desk_clock_name((enum desk_clock_kind)k), b->now_ms, to);
	}
	store_reset(q);
	return rc;
}

static int put_rows(struct store_db *db, const struct desk_board *b, sv state, struct cards *cards,
		    struct sb *out)
{
	struct store_stmt *q;
	int n = 0, rc = store_prep(db, &q,
				   "SELECT " DESK_LIST_COLS
				   " FROM ticket t WHERE t.seq IN (" MOST_URGENT
				   ") ORDER BY t.due_ms IS NULL, t.due_ms, "
				   "t.priority, t.seq");
	if (rc)
		return rc;
	bind_column(q, b, state);
	store_bind_int(q, 5, CARDS);
	while ((rc = store_step(q)) == 1) {
		const struct sb *clocks = clocks_of(cards, store_col_int(q, 17), false);
		if (n++)
			sb_ch(out, ',');
		desk_put_row(q, out);
		sb_cstr(out, ",\"clocks\":[");
		if (clocks)
			sb_put(out, sb_sv(clocks));
		sb_cstr(out, "]}");
	}
	store_reset(q);
	return rc;
}

/* Closed ones are only counted; solved and the rest come with the most urgent first. */
static int put_cards(const struct desk *d, struct store_db *db, const struct desk_board *b,
		     sv state, struct sb *out)
{
	struct cards cards = { .n = 0 };
	int rc = read_clocks(d, db, b, state, &cards);
	if (rc == 0)
		rc = put_rows(db, b, state, &cards, out);
	for (int i = 0; i < cards.n; i++)
		sb_done(&cards.v[i].clocks);
	return rc;
}

int desk_board(const struct desk *d, struct store_db *db, const struct desk_board *b,
	       struct sb *out)
{
	static const enum desk_status order[] = { DESK_NEW, DESK_REOPENED, DESK_WORKING,
						  DESK_PENDING_CUSTOMER, DESK_PENDING_THIRD,
						  DESK_SOLVED, DESK_CLOSED };
	int rc = 0;
	sb_cstr(out, "{\"columns\":[");
	for (int i = 0; i < DESK_STATUSES && rc == 0; i++) {
		sv state = sv_of(desk_status_name(order[i]));
		int64_t n = 0, late = 0;
		rc = count_of(db, b, state, &n, &late);
		sb_fmt(out, "%s{\"state\":\"%s\",\"count\":%lld,\"late\":%lld,\"items\":[",
		       i ? "," : "", state.p, (long long)n, (long long)late);
		if (rc == 0 && order[i] != DESK_CLOSED)
			rc = put_cards(d, db, b, state, out);
		sb_cstr(out, "]}");
	}
	sb_cstr(out, "]");
	desk_put_time(out, "now", b->now_ms);
	sb_ch(out, '}');
	return rc ? rc : sb_err(out);
}
