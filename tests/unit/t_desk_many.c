/* t_desk_many.c: many tickets on disk: every kind of list finds what a plain count finds. With
 * CALLM_DESK_TICKETS=100000 the same program measures lists, search, board and opening one
 * (docs/SPEED.md); nothing is asserted about time. */
#include <stdlib.h>
#include <unistd.h>

#include "t_desk_help.h"

#define N(x) (sizeof(x) / sizeof((x)[0]))

static const char *const things[] = { "sofa", "lamp", "沙发", "台灯", "床垫", "router", "宽带",
				      "curtain", "窗帘", "pan", "wardrobe", "衣柜", "书桌", "desk",
				      "路由器", "duvet" };
static const char *const faults[] = {
	"arrived late",  "送货延误", "is broken",         "坏了",
	"has a scratch", "有划痕",   "is missing a part", "少了零件",
	"does not work", "不能用",   "was billed twice",  "重复扣款"
};
static const char *const categories[] = { "delivery/late", "delivery/damaged", "product/faulty",
					  "refund/late", "service/staff", "broadband/fault",
					  "billing" };

struct many {
	struct dw d;
	int n, made;
};

static const char *pick(const char *const *v, size_t n)
{
	return v[rng_below(t_rng(), n)];
}

static int open_one(struct many *m, int i)
{
	char title[120], number[DESK_NUMBER], customer[16];
	struct desk_by by = { SV("mei"), TOOL_AGENT, m->d.now };
	(void)snprintf(title, sizeof(title), "%s %s %s", pick(things, N(things)),
		       pick(faults, N(faults)), i % 3 ? pick(things, N(things)) : "");
	(void)snprintf(customer, sizeof(customer), "c%05d",
		       (int)rng_below(t_rng(), (uint64_t)m->n / 4 + 1));
	struct desk_new_ticket t = {
		.type = (enum desk_type)rng_below(t_rng(), DESK_TYPES),
		.severity = rng_below(t_rng(), 20) ? DESK_NORMAL : DESK_HIGH,
		.category = sv_of(pick(categories, N(categories))), .title = sv_of(title),
		.customer = sv_of(customer), .owner = i % 5 ? SV("") : SV("mei"),
		.language = SV("zh")
	};
	return desk_open(m->d.desk, m->d.db, &t, &by, number, NULL);
}

/* Five hundred in a savepoint; most of them have been closed long since. */
static void fill(struct dw *d)
{
	struct many *m = (struct many *)d;
	int rc = 0;
	for (int i = 0; i < 500 && m->made < m->n && rc == 0; i++, m->made++) {
		m->d.now += 3 * CAL_MINUTE;
		rc = open_one(m, m->made);
	}
	OK(rc);
}

static void settle(struct dw *d)
{
	OK(store_exec(d->db,
		      "UPDATE ticket SET state='closed', live=0, due_ms=NULL, look_ms=NULL WHERE "
		      "seq % 25 <> 0;"
		      "UPDATE ticket SET state='open' WHERE seq % 50 = 0;"
		      "UPDATE ticket SET state='pending_customer' WHERE seq % 75 = 0"));
}

static bool begin(struct many *m)
{
	struct store_opts o = { .dir = t_tmpdir(), .group_ms = -1 };
	const char *n = getenv("CALLM_DESK_TICKETS");
	int64_t want = 0;
	*m = (struct many){ .n = n && sv_i64(sv_of(n), &want) == 0 && want > 0 ? (int)want : 1500 };
	m->d.now = when("2026-03-01T09:00:00+08:00");
	m->d.desk = dw_rules();
	if (!m->d.desk || store_open(&m->d.store, &o, NULL))
		return false;
	while (m->made < m->n)
		if (dw_once(&m->d, fill))
			return false;
	return dw_once(&m->d, settle) == 0 && store_reader(m->d.store, &m->d.db) == 0;
}

/* ---- what is asked ---- */

static const struct {
	const char *what;
	struct desk_query q;
	const char *count;           /* the same by a plain count; NULL = as many as there are */
} asks[] = {
	{ "newest", { .limit = 50 }, "SELECT COUNT(*) FROM ticket" },
	{ "live",
	  { .state = { "live", 4 }, .limit = 50 },
	  "SELECT COUNT(*) FROM ticket WHERE live=1" },
	{ "open complaints",
	  { .state = { "open", 4 }, .type = { "complaint", 9 }, .limit = 50 },
	  "SELECT COUNT(*) FROM ticket WHERE state='open' AND type='complaint'" },
	{ "closed, high, lead",
	  { .state = { "closed", 6 },
	    .type = { "lead", 4 },
	    .severity = { "high", 4 },
	    .limit = 50 },
	  "SELECT COUNT(*) FROM ticket WHERE state='closed' AND type='lead' AND "
	  "severity='high'" },
	{ "none fits",
	  { .type = { "lead", 4 }, .severity = { "critical", 8 }, .limit = 50 },
	  "SELECT 0" },
	{ "owner",
	  { .owner = { "mei", 3 }, .state = { "live", 4 }, .limit = 50 },
	  "SELECT COUNT(*) FROM ticket WHERE owner='mei' AND live=1" },
	{ "customer",
	  { .customer = { "c00007", 6 }, .limit = 50 },
	  "SELECT COUNT(*) FROM ticket WHERE customer='c00007'" },
	{ "category",
	  { .category = { "delivery", 8 }, .state = { "live", 4 }, .limit = 50 },
	  "SELECT COUNT(*) FROM ticket WHERE category LIKE 'delivery/%' AND live=1" },
	{ "word zh",
	  { .text = { "沙发", 6 }, .limit = 50 },
	  "SELECT COUNT(*) FROM ticket WHERE title LIKE '%沙发%'" },
	{ "words zh and en",
	  { .text = { "沙发 wardrobe", 15 }, .limit = 50 },
	  "SELECT COUNT(*) FROM ticket WHERE title LIKE '%沙发%' AND title LIKE '%wardrobe%'" },
	{ "words, live",
	  { .text = { "curtain late", 12 }, .state = { "live", 4 }, .limit = 50 },
	  "SELECT COUNT(*) FROM ticket WHERE title LIKE '%curtain%' AND title LIKE '%late%' "
	  "AND "
	  "live=1" },
	{ "words never together", { .text = { "划痕 延误", 13 }, .limit = 50 }, "SELECT 0" },
	{ "due",
	  { .due_by_ms = INT64_C(1900000000000), .limit = 50 },
	  "SELECT COUNT(*) FROM ticket WHERE due_ms IS NOT NULL" },
};

static int walk_all(struct dw *d, struct desk_query q)
{
	char cursor[64] = "";
	int seen = 0;
	q.limit = 200;
	do {
		q.cursor = sv_of(cursor);
		jv *l = dw_list(d, &q);
		seen += (int)jv_len(jv_get(l, "items"));
		(void)snprintf(cursor, sizeof(cursor), SV_FMT, SV_ARG(jv_get_str(l, "next")));
		jv_free(l);
	} while (cursor[0]);
	return seen;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

enum { TIMES = 200 };
struct times {
	int64_t us[TIMES * (N(asks) + 2)];
	int n;
};

static void tell(const char *what, int64_t *us, int n)
{
	qsort(us, (size_t)n, sizeof(*us), by_time);
	printf("# %-22s p50 %6.2f ms, p95 %6.2f ms, most %6.2f ms\n", what, (double)us[n / 2] / 1e3,
	       (double)us[n * 95 / 100] / 1e3, (double)us[n - 1] / 1e3);
}

static void time_list(struct many *m, size_t k, struct times *all)
{
	int64_t us[TIMES];
	for (int i = 0; i < TIMES; i++) {
		struct sb b;
		char cursor[32];
		struct desk_query q = asks[k].q;
		(void)snprintf(cursor, sizeof(cursor), "%d",
			       1 + (int)rng_below(t_rng(), (uint64_t)m->n));
		q.cursor = q.due_by_ms || i % 2 ? SV("") : sv_of(cursor);
		sb_init(&b, 4u << 20);
		int64_t t0 = clk_mono_us();
		(void)desk_list(m->d.db, &q, &b);
		us[i] = all->us[all->n++] = clk_mono_us() - t0;
		sb_done(&b);
	}
	tell(asks[k].what, us, TIMES);
}

static void time_rest(struct many *m, bool board, struct times *all)
{
	int64_t us[TIMES];
	for (int i = 0; i < TIMES; i++) {
		char number[DESK_NUMBER] = "";
		struct store_stmt *st;
		struct sb b;
		struct desk_board q = { .type = i % 2 ? SV("complaint") : SV(""),
					.now_ms = m->d.now };
		if (store_prep(m->d.db, &st, "SELECT number FROM ticket WHERE seq=?1"))
			return;
		store_bind_int(st, 1, 1 + (int64_t)rng_below(t_rng(), (uint64_t)m->n));
		if (store_step(st) == 1)
			(void)snprintf(number, sizeof(number), SV_FMT, SV_ARG(store_col_sv(st, 0)));
		store_reset(st);
		sb_init(&b, 4u << 20);
		int64_t t0 = clk_mono_us();
		if (board)
			(void)desk_board(m->d.desk, m->d.db, &q, &b);
		else
			(void)desk_get(m->d.desk, m->d.db, sv_of(number), TOOL_AGENT, m->d.now,
				       NULL, &b);
		us[i] = all->us[all->n++] = clk_mono_us() - t0;
		sb_done(&b);
	}
	tell(board ? "board" : "one ticket", us, TIMES);
}

static void measure(struct many *m)
{
	static struct times all;
	all.n = 0;
	printf("# %d tickets, %d of each\n", m->n, TIMES);
	for (size_t k = 0; k < N(asks); k++)
		time_list(m, k, &all);
	time_rest(m, false, &all);
	time_rest(m, true, &all);
	tell("all", all.us, all.n);
}

TEST(desk_many_tickets)
{
	struct many m;
	if (getenv("CALLM_DESK_TICKETS"))
		(void)alarm(600);    /* the long run may take longer than a test */
	bool ok = begin(&m);
	for (size_t k = 0; k < N(asks) && ok; k++) {
		int64_t want = dw_count(&m.d, asks[k].count);
		int is = walk_all(&m.d, asks[k].q);
		if (is != want)
			printf("# %s: %d, want %lld\n", asks[k].what, is, (long long)want);
		ok = is == want;
	}
	if (ok && getenv("CALLM_DESK_TICKETS"))
		measure(&m);
	store_close(m.d.store);
	obj_unref(m.d.desk);
	CHECK(ok);
}
