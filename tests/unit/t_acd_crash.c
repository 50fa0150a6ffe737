/* t_acd_crash.c: thousands of hand-overs while agents reject, vanish and come back and the
 * server is killed at any moment: none lost, none doubled, order kept, each counted once.
 *
 * Each life of the server is a child process on a virtual clock that a timer kills somewhere,
 * most often in the middle of a write. What was answered goes into memory that the lives share:
 * the next one compares it with what it finds on the disk before it goes on. The last life
 * serves all that is left and adds everything up. CALLM_HANDOVERS sets how many (10000 is the
 * whole proof).
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_acd_help.h"

enum { MOST = 20000, AT_ONCE = 60 };

struct told {                        /* what was answered about a conversation */
	bool asked;                  /* the wish was acknowledged */
	bool over;                   /* its end too */
};
struct ledger {                      /* shared by all lives */
	int n, goal, lives;
	int64_t now;
	int answers;
	struct told v[MOST];
};
struct life {
	struct aw w;
	struct ledger *g;
	struct rng r;
	bool drain;
	char last[64][40];           /* since of the last offer, by queue, priority and medium */
	const char *bad;
};
struct ask_ctx {
	struct life *l;
	int i;
	bool ends;
};

static bool chance(struct life *l, unsigned percent)
{
	return rng_below(&l->r, 100) < percent;
}

/* ---- answers ---- */

static void on_answer(void *arg, int err, sv json)
{
	struct ask_ctx *c = arg;
	(void)json;                          /* the answer itself is what counts */
	if (err == 0) {
		struct told *t = &c->l->g->v[c->i];
		c->l->g->answers++;
		if (c->ends)
			t->over = true;
		else
			t->asked = true;
	}
	xfree(c);
}

static void order(struct life *l, struct acd_order o, int i, bool ends)
{
	struct ask_ctx *c = xalloc(sizeof(*c));
	*c = (struct ask_ctx){ l, i, ends };
	if (i >= 0) {
		o.done = on_answer;
		o.arg = c;
	}
	if (i < 0 || acd_do(l->w.acd, &o))
		xfree(c);
	if (i < 0)
		(void)acd_do(l->w.acd, &o);
}

static int number_of(const struct ho *h)
{
	int64_t i = -1;
	(void)sv_i64(sv_slice(sv_of(h->conversation), 1, 20), &i);
	return (int)i;
}

/* ---- what may happen ---- */

static void ask(struct life *l)
{
	char conv[24];
	int i = l->g->n++;
	(void)snprintf(conv, sizeof(conv), "C%d", i);
	struct talk_ask x = { .conversation = sv_of(conv), .language = SV("zh"),
			      .reason = SV("customer_asked"), .voice = chance(l, 20),
			      .topic = chance(l, 30) ? SV("technical_fault") : SV(""),
			      .priority = (int)rng_below(&l->r, 3) };
	order(l, (struct acd_order){ .act = ACD_DO_ASK, .ask = &x }, i, false);
}

static void on_offered(struct life *l, const struct ho *h)
{
	char party[ACD_TEXT];
	sv id = sv_of(h->id), who = sv_of(h->agent);
	(void)snprintf(party, sizeof(party), "agent:%s", h->agent);
	struct acd_order phone = { ACD_DO_PHONE, .handover = id, .party = sv_of(party),
				   .step = SV("joined") };
	if (!l->drain && chance(l, 15)) {
		order(l, (struct acd_order){ ACD_DO_REJECT, .handover = id, .agent = who }, -1,
		      false);
		return;
	}
	if (!l->drain && chance(l, 20))
		return;                      /* does not see it */
	order(l, (struct acd_order){ ACD_DO_ACCEPT, .handover = id, .agent = who }, -1, false);
	if (h->media != ACD_VOICE || h->kind != HO_LIVE)
		return;
	if (!l->drain && chance(l, 20)) {
		phone.step = SV("failed");
		phone.why = SV("busy");
	}
	order(l, phone, -1, false);
}

static void on_served(struct life *l, const struct ho *h)
{
	sv id = sv_of(h->id), who = sv_of(h->agent);
	int i = h->kind == HO_LIVE ? number_of(h) : -1;
	uint64_t dice = l->drain ? 99 : rng_below(&l->r, 100);
	if (dice < 22)
		return;
	if (dice < 30)
		order(l, (struct acd_order){ ACD_DO_HOLD, .handover = id, .agent = who,
					     .on = !h->held }, -1, false);
	else if (dice < 36)
		order(l, (struct acd_order){ ACD_DO_GIVE, .handover = id, .agent = who,
					     .queue = SV("general") }, -1, false);
	else if (dice < 42)
		order(l, (struct acd_order){ ACD_DO_GIVE, .handover = id, .agent = who,
					     .to = SV("mei") }, -1, false);
	else if (dice < 46)
		order(l, (struct acd_order){ ACD_DO_TAKE, .handover = id, .agent = SV("lin"),
					     .by = SV("lin") }, -1, false);
	else if (dice < 52 && h->kind == HO_LIVE)
		order(l, (struct acd_order){ ACD_DO_BACK, .handover = id, .agent = who }, i, true);
	else if (dice < 60 && h->kind == HO_LIVE)
		order(l, (struct acd_order){ ACD_DO_GONE, .handover = id, .why = SV("left") }, i,
		      true);
	else
		order(l, (struct acd_order){ ACD_DO_END, .handover = id, .agent = who }, i, true);
}

static void on_waiting(struct life *l, const struct ho *h)
{
	sv id = sv_of(h->id);
	int i = number_of(h);
	uint64_t dice = l->drain ? 99 : rng_below(&l->r, 100);
	if (h->kind != HO_LIVE || dice > 6)
		return;
	if (dice < 3)
		order(l, (struct acd_order){ ACD_DO_GONE, .handover = id, .why = SV("left") }, i,
		      true);
	else if (dice < 5)
		order(l, (struct acd_order){ ACD_DO_CALLBACK, .handover = id,
					     .number = SV("+8613800138000") }, -1, false);
	else
		order(l, (struct acd_order){ ACD_DO_GONE, .handover = id, .why = SV("voicemail") },
		      -1, false);
}

static void on_wrapping(struct life *l, const struct ho *h)
{
	if (l->drain || chance(l, 60))
		order(l, (struct acd_order){ ACD_DO_WRAPPED, .handover = sv_of(h->id),
					     .agent = sv_of(h->agent),
					     .json = SV("{\"disposition\":\"done\"}") }, -1, false);
}

static void agents(struct life *l, bool all)
{
	static const char *const logins[] = { "mei", "tom", "xia" };
	for (int i = 0; i < 3; i++) {
		sv who = sv_of(logins[i]);
		if (all || chance(l, 4))
			order(l, (struct acd_order){ ACD_DO_SOCKET, .agent = who, .on = true }, -1,
			      false);
		if (!all && chance(l, 5))
			order(l, (struct acd_order){ ACD_DO_SOCKET, .agent = who }, -1, false);
		if (all || chance(l, 10))
			order(l, (struct acd_order){ ACD_DO_PRESENCE, .agent = who,
						     .presence = all || chance(l, 80) ? ACD_READY :
										ACD_PAUSED },
			      -1, false);
	}
}

static void one_round(struct life *l)
{
	struct ho **v = xalloc(sizeof(*v) * (map_count(l->w.acd->hos) + 1));
	size_t it = 0, n = 0;
	sv key;
	void *p;
	while (map_next(l->w.acd->hos, &it, &key, &p))
		v[n++] = p;
	for (size_t i = 0; i < n; i++) {
		if (!l->drain && chance(l, 50))
			continue;
		if (v[i]->state == HO_OFFERED)
			on_offered(l, v[i]);
		else if (v[i]->state == HO_ACCEPTED)
			on_served(l, v[i]);
		else if (v[i]->in_wrap)
			on_wrapping(l, v[i]);
		else
			on_waiting(l, v[i]);
	}
	for (int k = 0; k < 6 && !l->drain && n < AT_ONCE && l->g->n < l->g->goal; k++)
		ask(l);
	xfree(v);
	agents(l, l->drain && l->g->lives == 0);
	aw_settle(&l->w);
	int64_t ms = (int64_t)rng_below(&l->r, 4000);
	/* noted before: the next life's clock never stands before a row of this one */
	l->g->now = loop_wall_ms(l->w.loop) + ms;
	aw_pass(&l->w, ms);
}

/* ---- what must be ---- */

static bool must(struct life *l, const char *what, int64_t n)
{
	if (n != 0)
		printf("# life %d: %s: %lld\n", l->g->lives, what, (long long)n);
	if (n != 0 && !l->bad)
		l->bad = what;
	return n == 0;
}

static int64_t alive(struct life *l)
{
	size_t it = 0;
	int64_t n = 0;
	sv key;
	void *p;
	while (map_next(l->w.acd->hos, &it, &key, &p))
		n += ho_is_live(p);
	return n;
}

/* All that was answered is on the disk, and nothing is there twice. */
static void compare(struct life *l)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t lost = 0, undone = 0;
	if (store_reader(l->w.store, &db)) {
		must(l, "it cannot be read", 1);
		return;
	}
	for (int i = 0; i < l->g->n; i++) {
		const struct told *t = &l->g->v[i];
		char conv[24];
		(void)snprintf(conv, sizeof(conv), "C%d", i);
		if (!t->asked || store_prep(db, &q, "SELECT live FROM handover WHERE "
						     "conversation=?1 AND kind='live'"))
			continue;
		store_bind_sv(q, 1, sv_of(conv));
		int rc = store_step(q);
		lost += rc != 1;
		undone += rc == 1 && t->over && store_col_int(q, 0) != 0;
		store_reset(q);
	}
	must(l, "answered and lost", lost);
	must(l, "over and alive again", undone);
	must(l, "two live ones of a conversation",
	     aw_count(&l->w, "SELECT count(*) FROM (SELECT 1 FROM handover WHERE kind='live' GROUP "
			     "BY conversation HAVING count(*)>1) x"));
	must(l, "rows without a first row in the river",
	     aw_count(&l->w,
		      "SELECT (SELECT count(*) FROM handover WHERE kind='live')-(SELECT count(*) "
		      "FROM event WHERE kind='queue.entered' AND body LIKE '%\"kind\":\"live\"%' "
		      "AND body LIKE '%\"how\":\"asked\"%' AND json_extract(body,'$.since_ms')="
		      "ts_ms)"));
	must(l, "alive on the disk, not in memory",
	     aw_count(&l->w, "SELECT count(*) FROM handover WHERE live=1") - alive(l));
}

/* What waits stands in the order of priority and of asking. */
static void compare_order(struct life *l)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t wrong = 0, last[8][4];
	memset(last, 0, sizeof(last));
	if (store_reader(l->w.store, &db) ||
	    store_prep(db, &q,
		       "SELECT id, queue, priority FROM handover WHERE state='QUEUED' ORDER BY "
		       "since_ms, id"))
		return;
	while (store_step(q) == 1) {
		struct acd_wait x;
		int queue = acd_plan_queue_of(l->w.acd->plan, store_col_sv(q, 1));
		int priority = (int)store_col_int(q, 2) & 3;
		struct ho *h = acd_find(l->w.acd, store_col_sv(q, 0));
		if (!h || acd_core_wait(l->w.acd->core, store_col_sv(q, 0), l->w.acd->clock, &x)) {
			wrong++;
			continue;
		}
		wrong += x.position < last[queue & 7][priority];
		last[queue & 7][priority] = x.position;
	}
	store_reset(q);
	must(l, "out of order after the restart", wrong);
}

/* In the last life: who asked first is offered first. */
static void watch_offers(void *arg, const char *type, sv agent, sv json)
{
	struct life *l = (struct life *)(void *)((char *)arg - offsetof(struct life, w));
	if (!l->drain || strcmp(type, "handover.offered") != 0)
		return;
	jv *o = jv_parse(json, NULL);
	if (sv_eq(jv_get_str(o, "kind"), SV("live")) && jv_get_int(o, "offers", 0) == 1) {
		sv name = jv_get_str(o, "queue"), since = jv_get_str(o, "since");
		int q = acd_plan_queue_of(l->w.acd->plan, name) & 3;
		int m = acd_media_of(jv_get_str(o, "media")) & 3;
		char *last = l->last[q * 16 + m * 4 + (int)(jv_get_int(o, "priority", 0) & 3)];
		must(l, "offered before one that asked earlier", sv_cmp(since, sv_of(last)) < 0);
		sv_copy(last, 40, since);
	}
	jv_free(o);
	(void)agent;
}

/* Each hand-over went in once for each time it came out, and each stint ended once. */
static void add_up(struct life *l)
{
	must(l, "still alive", (int64_t)map_count(l->w.acd->hos));
	must(l, "came in and not out, or out twice",
	     aw_count(&l->w,
		      "SELECT count(*) FROM (SELECT json_extract(body,'$.handover') h, "
		      "sum(kind='queue.entered') i, sum(kind='queue.left') + "
		      "sum(kind='queue.accepted' AND body NOT LIKE '%\"how\":\"taken_over\"%') o, "
		      "sum(kind='queue.accepted') a, sum(kind='queue.ended') e FROM event WHERE "
		      "kind>='queue.' AND kind<'queue/' GROUP BY h HAVING i<>o OR a<>e) x"));
	must(l, "the figures differ", !aw_adds_up(&l->w));
}

/* ---- lives ---- */

static void on_kill(int sig)
{
	(void)sig;
	(void)kill(getpid(), SIGKILL);
}

static int live(struct ledger *g, const char *dir, uint64_t seed, bool last)
{
	struct life *l = xalloc(sizeof(*l));
	struct store_opts o = { .dir = dir, .group_ms = -1 };
	struct err e = { 0 };
	l->g = g;
	rng_seed(&l->r, seed);
	memset(l->w.key, 7, sizeof(l->w.key));
	if (store_open(&l->w.store, &o, &e)) {
		printf("# %s\n", e.msg);
		return 2;
	}
	l->w.loop = loop_new_sim(g->now + 1000);
	struct acd_opts ao = { .store = l->w.store, .loop = l->w.loop, .yaml = sv_of(aw_yaml),
			       .key = l->w.key, .word = aw_on_word, .word_arg = &l->w,
			       .feed = watch_offers, .feed_arg = &l->w };
	if (acd_open(&l->w.acd, &ao, &e)) {
		printf("# %s\n", e.msg);
		return 2;
	}
	aw_settle(&l->w);
	compare(l);
	compare_order(l);
	l->drain = last;
	if (!last) {
		int scale = g->goal > 250 ? 8 : 1; /* opening takes longer with many */
		int us = (15000 + (int)rng_below(&l->r, 100000)) * scale;
		struct itimerval t = { .it_value = { us / 1000000, us % 1000000 } };
		(void)signal(SIGALRM, on_kill);
		(void)setitimer(ITIMER_REAL, &t, NULL);
	}
	agents(l, true);
	for (int i = 0; !l->bad; i++) {
		if (last ? map_count(l->w.acd->hos) == 0 : g->n >= g->goal && i > 40)
			break;
		if (last && i > 20000)
			must(l, "never served", 1);
		one_round(l);
		aw_forget(&l->w);
	}
	if (last && !l->bad)
		add_up(l);
	int rc = l->bad ? 3 : 0;
	(void)fflush(stdout);
	return rc;
}

static int one_life(struct ledger *g, const char *dir, uint64_t seed, bool last)
{
	int st = 0;
	(void)fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(live(g, dir, seed, last));
	if (pid < 0 || waitpid(pid, &st, 0) != pid)
		return -1;
	return WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL ? 0 : WIFEXITED(st) ? WEXITSTATUS(st) : 4;
}

TEST(acd_killed_at_any_moment_loses_none_and_doubles_none)
{
	const char *many = getenv("CALLM_HANDOVERS");
	char dir[300];
	struct ledger *g = mmap(NULL, sizeof(*g), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(g != MAP_FAILED);
	(void)alarm(many ? 3600 : 60);       /* the whole takes minutes */
	(void)snprintf(dir, sizeof(dir), "%s", t_tmpdir());
	g->goal = many ? (int)strtol(many, NULL, 10) : 250;
	CHECK(g->goal > 0 && g->goal <= MOST);
	g->now = AW_START;
	int rc = 0;
	while (rc == 0 && g->n < g->goal && g->lives < 5000) {
		g->lives++;
		rc = one_life(g, dir, rng_u64(t_rng()), false);
	}
	if (rc == 0)
		rc = one_life(g, dir, rng_u64(t_rng()), true);
	printf("# %d hand-overs, %d answers, %d lives, %lld minutes\n", g->n, g->answers, g->lives,
	       (long long)((g->now - AW_START) / 60000));
	(void)munmap(g, sizeof(*g));
	OK(rc);
}

/* How fast: orders that reach the disk one by one and by the hundred, and opening with all that
 * waits. It only prints; CALLM_HANDOVERS=10000 for figures that mean something. */
TEST(acd_many_wait_and_a_restart_finds_them_in_order)
{
	const char *many = getenv("CALLM_HANDOVERS");
	int n = many ? (int)strtol(many, NULL, 10) : 300;
	struct life *l = xalloc(sizeof(*l));
	struct ledger *g = xalloc(sizeof(*g));
	l->g = g;
	(void)alarm(many ? 3600 : 60);
	CHECK(n > 0 && n <= MOST);
	if (!aw_open(&l->w, t_tmpdir()))
		return;
	rng_seed(&l->r, rng_u64(t_rng()));
	int64_t t0 = clk_mono_us();
	for (int i = 0; i < 100; i++) {
		ask(l);
		aw_settle(&l->w);
	}
	int64_t t1 = clk_mono_us();
	while (g->n < n) {
		for (int i = 0; i < 100 && g->n < n; i++)
			ask(l);
		loop_sim_advance(l->w.loop, 10);
		aw_settle(&l->w);
	}
	int64_t t2 = clk_mono_us();
	aw_forget(&l->w);
	if (!aw_restart(&l->w, 1000))
		return;
	int64_t t3 = clk_mono_us();
	compare(l);
	compare_order(l);
	printf("# one by one %lld us each, by the hundred %lld us each, opened with %d in %lld "
	       "ms\n",
	       (long long)(t1 - t0) / 100, (long long)((t2 - t1) / (n > 100 ? n - 100 : 1)), n,
	       (long long)((t3 - t2) / 1000));
	CHECK(l->bad == NULL);
	EQ(alive(l), n);
	CHECK(aw_adds_up(&l->w));
	aw_close(&l->w);
	xfree(l);
	xfree(g);
}
