/* t_cust_speed.c: many customers: how long finding, reading and the start of a conversation
 * take. 2,000 here; CALLM_CUSTOMERS=100000 t_cust many_customers prints figures for
 * docs/SPEED.md. What is checked is that all are found. */
#include "t_cust_help.h"

#include <stdlib.h>

#define LOOKS 1000

static int n_people(void)
{
	const char *s = getenv("CALLM_CUSTOMERS");
	int64_t n = 2000;
	if (s)
		(void)sv_i64(sv_of(s), &n);
	return n < 10 || n > 1000000 ? 2000 : (int)n;
}

static void populate(struct cw *w)
{
	struct sb b;
	struct err e = { 0 };
	int64_t t0 = clk_mono_us();
	int n = n_people();
	sb_init(&b, 256u << 20);
	for (int i = 0; i < n; i++)
		sb_fmt(&b,
		       "{\"id\":\"k%d\",\"name\":\"Kim %d\",\"phone\":\"+8615%09d\",\"email\":"
		       "\"k%d@example.cn\",\"created_at\":\"2020-01-01\"}\n",
		       i, i, i, i);
	OK(cust_import(w->db, w->k, sb_sv(&b), SV("86"), w->now, NULL, &e));
	sb_done(&b);
	printf("# %d customers imported in %.1f s\n", n, (double)(clk_mono_us() - t0) / 1e6);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void told(const char *what, int64_t *us)
{
	qsort(us, LOOKS, sizeof(*us), by_time);
	printf("# %s: median %lld us, p95 %lld us\n", what, (long long)us[LOOKS / 2],
	       (long long)us[LOOKS * 95 / 100]);
}

static void looks(struct cw *w)
{
	static int64_t us[LOOKS];
	char address[32], id[CUST_ID_MAX];
	struct sb b;
	int n = n_people();
	sb_init(&b, LIM_SB);
	for (int i = 0; i < LOOKS; i++) {
		int who = (int)rng_below(t_rng(), (uint64_t)n);
		struct cust_look look = { .kind = CUST_PHONE, .default_cc = SV("86"),
					  .now_ms = w->now };
		struct cust_card *card;
		snprintf(address, sizeof(address), "15%09d", who);
		snprintf(id, sizeof(id), "k%d", who);
		look.address = sv_of(address);
		int64_t t0 = clk_mono_us();
		OK(cust_look_up(w->db, w->k, &look, &card));
		us[i] = clk_mono_us() - t0;
		STR_EQ(card->id, id);
		obj_unref(card);
	}
	told("card by a caller number", us);
	for (int i = 0; i < LOOKS; i++) {
		struct cust_query q = { .default_cc = SV("86"), .limit = 50 };
		snprintf(address, sizeof(address), "kim %d", (int)rng_below(t_rng(), (uint64_t)n));
		q.q = sv_of(address);
		sb_reset(&b);
		int64_t t0 = clk_mono_us();
		OK(cust_list(w->db, w->k, &q, &b));
		us[i] = clk_mono_us() - t0;
		HAS(sb_sv(&b), "\"id\":\"k");
	}
	told("search by name", us);
	sb_done(&b);
}

TEST(cust_many_customers)
{
	struct cw w;
	if (!cw_open(&w, t_tmpdir()))
		return;
	cw_do(&w, populate);
	cw_do(&w, looks);
	cw_close(&w);
}
