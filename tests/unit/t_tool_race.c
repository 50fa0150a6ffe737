/* t_tool_race.c: one intent, one effect, whatever happens.
 *
 * Child processes live on one store and are killed (SIGKILL) at a random step of theirs or at a
 * random moment from outside; the next one goes on, with its outbox. Each life asks for a
 * handful of intents: several times at once with the same key, waiting for the result or not (a
 * caller who has gone), with confirmations that have grown old, while the outbox runs beside
 * it. The other system may take the order and never answer, or not be there. What the world
 * outside has seen (results, messages, orders at the other system) is counted in memory that
 * all lives share. In the end every intent must have had exactly one effect, every message must
 * have gone out under one id, nothing may be lost, and whoever was told a number must be told
 * the same again.
 *
 * CALLM_RACES sets the number of intents, CALLM_TEST_SEED repeats a run. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "t_tool_world.h"

enum { RACES = 200, BATCH = 20, KINDS = 3, ROUNDS_MAX = 4000 };
enum kind { PAY, SEND, FAR };

static const char race_yaml[] =
	"tools:\n"
	"  - name: pay\n"
	"    source: race\n"
	"    title: {zh: 付, en: Pay}\n"
	"    about: {zh: 付, en: Pay}\n"
	"    effect: true\n"
	"    level: nobody\n"
	"    confirm: {zh: \"付{n}？\", en: \"Pay {n}?\"}\n"
	"    schema: {type: object, required: [n], properties: {n: {type: integer}}}\n"
	"  - name: send\n"
	"    source: race\n"
	"    title: {zh: 发, en: Send}\n"
	"    about: {zh: 发, en: Send}\n"
	"    effect: true\n"
	"    level: nobody\n"
	"    schema: {type: object, required: [n], properties: {n: {type: integer}}}\n"
	"  - name: far\n"
	"    source: rfar\n"
	"    title: {zh: 订, en: Order}\n"
	"    about: {zh: 订, en: Order}\n"
	"    effect: true\n"
	"    level: nobody\n"
	"    schema: {type: object, required: [n], properties: {n: {type: integer}}}\n";

/* What the world outside has seen of an intent. */
struct seen {
	atomic_int acked;            /* somebody waited and was told: done */
	atomic_int asked, dropped;
	atomic_int far_calls;
	atomic_int sent;
	atomic_int wrong;            /* told something else than before */
	/* Valid once the flag is set: a killed life may have written half of it. */
	atomic_int has_number, has_message;
	char number[32], message[32];
};
struct ledger {
	atomic_llong kills, lives, again, stale;
	struct seen v[];
};

static struct ledger *L;
static int N;
static char dir_now[200];
static atomic_int die_in;
static struct rng *far_rng;          /* of the far threads, under its lock */
static pthread_mutex_t far_lock = PTHREAD_MUTEX_INITIALIZER;
static bool calm;                    /* the last lives: nothing fails any more */

static void step(void)
{
	if (atomic_fetch_sub(&die_in, 1) == 1)
		kill(getpid(), SIGKILL);
}

/* The first text is taken down, later ones must be the same. */
static void same(struct seen *s, atomic_int *has, char text[32], sv now)
{
	if (!now.n || (atomic_load(has) && !sv_eq(now, sv_of(text))))
		atomic_fetch_add(&s->wrong, 1);
	if (atomic_load(has))
		return;
	(void)snprintf(text, 32, SV_FMT, SV_ARG(now));
	atomic_store(has, 1);
}

/* ---- the source ---- */

static int count_effect(struct store_db *db, int64_t n)
{
	char key[40];
	(void)snprintf(key, sizeof(key), "e/%lld", (long long)n);
	return kv_put(db, key, kv_get(db, key) + 1);
}

static int race_write(void *arg, struct tool_run *r, struct store_db *db)
{
	int64_t n = jv_get_int(r->args, "n", -1);
	char id[27];
	step();
	int rc = kv_put(db, "left", kv_get(db, "left") - 1);
	if (!rc)
		rc = count_effect(db, n);
	step();
	/* What was told depends on the world: some confirmations grow old. */
	jv_set_int(r->body, "left", kv_get(db, "left") / 8);
	id_new(id);
	if (r->confirmed)
		jv_set_str(r->body, "number", sv_of(id));
	if (!rc && !strcmp(r->decl->op, "send")) {
		jv *m = jv_obj();
		jv_set_int(m, "n", n);
		rc = tool_send(r, db, "sms", m);
	}
	step();
	return rc;
}

static int race_far(void *arg, struct tool_run *r)
{
	struct seen *s = &L->v[jv_get_int(r->args, "n", 0)];
	pthread_mutex_lock(&far_lock);
	uint64_t dice = calm ? 9 : rng_below(far_rng, 10);
	pthread_mutex_unlock(&far_lock);
	step();
	if (dice == 0)
		return ERR_IO;               /* it is not there */
	atomic_fetch_add(&s->far_calls, 1);  /* it knows the key: a repeat changes nothing */
	step();
	if (dice <= 2)
		return ERR_TIMEOUT;          /* it has done it, but we do not hear */
	jv_set_str(r->body, "number", r->key);
	return 0;
}

static int race_send(void *arg, sv id, sv kind, const jv *body)
{
	struct seen *s = &L->v[jv_get_int(body, "n", 0)];
	step();
	same(s, &s->has_message, s->message, id);
	atomic_fetch_add(&s->sent, 1);
	step();
	return 0;
}

static const struct tool_ops race_ops = { "race", NULL, race_write, NULL };
static const struct tool_ops rfar_ops = { "rfar", NULL, NULL, race_far };

/* ---- a life ---- */

struct life {
	struct store *st;
	struct pool *pool;
	struct tool_box *box;
	struct tool_kit *kit;
	struct mbox *in;
	struct rng rng;
	int pending;
	pthread_t outbox;
	atomic_bool over;
};
struct ask {
	struct life *life;
	int n;
	bool gone;
};

static void *outbox_main(void *arg)
{
	struct life *l = arg;
	size_t n;
	do
		(void)tool_outbox_run(l->kit, race_send, NULL, &n);
	while (!atomic_load(&l->over) && !sched_yield());
	return NULL;
}

static bool life_open(struct life *l)
{
	struct store_opts so = { .dir = dir_now, .group_ms = -1 };
	struct tool_file f = { "race.yaml", sv_of(race_yaml) };
	struct cfg_report rep = { 0 };
	struct err e = { 0 };
	if (store_open(&l->st, &so, &e) || tool_box_new(&l->box, &f, 1, &rep)) {
		printf("# life: %s\n", e.msg);
		return false;
	}
	l->pool = pool_new(2, 0);
	l->in = mbox_new(NULL);
	struct tool_kit_opts o = { .store = l->st, .pool = l->pool, .box = l->box };
	return !tool_kit_open(&l->kit, &o, NULL) && !tool_source_add(l->kit, &race_ops, NULL) &&
	       !tool_source_add(l->kit, &rfar_ops, NULL) &&
	       !pthread_create(&l->outbox, NULL, outbox_main, l);
}

static void life_close(struct life *l)
{
	atomic_store(&l->over, true);
	pthread_join(l->outbox, NULL);
	tool_kit_close(l->kit);
	mbox_free(l->in);
	pool_free(l->pool);
	store_close(l->st);
	obj_unref(l->box);
}

static void told(struct seen *s, const struct tool_res *res)
{
	sv number = jv_get_str(res->body, "number");
	same(s, &s->has_number, s->number, number);
	atomic_store(&s->acked, 1);
}

static void answered(void *arg, struct tool_res *res)
{
	struct ask *a = arg;
	struct seen *s = &L->v[a->n];
	a->life->pending--;
	if (a->gone)
		atomic_fetch_add(&s->dropped, 1);
	else if (res->outcome == TOOL_DONE)
		told(s, res);
	else if (res->outcome == TOOL_CONFIRM)
		atomic_fetch_add(&L->stale, 1);
	if (res->again)
		atomic_fetch_add(&L->again, 1);
	obj_unref(res);
	xfree(a);
	step();
}

static void drain(struct life *l, int down_to)
{
	struct pollfd p = { .fd = mbox_fd(l->in), .events = POLLIN };
	while (l->pending > down_to) {
		(void)poll(&p, 1, -1);
		mbox_drain(l->in);
	}
}

/* depth: another intent comes between the question and the yes. */
static void ask_for(struct life *l, int n, int depth)
{
	static const char *const names[KINDS] = { "pay", "send", "far" };
	char args[40], key[40];
	struct tool_res *res = NULL;
	int times = 1 + (int)rng_below(&l->rng, 3);
	(void)snprintf(args, sizeof(args), "{\"n\":%d}", n);
	(void)snprintf(key, sizeof(key), "intent/%d", n);
	struct tool_req r = world_req(names[n % KINDS], args);
	r.key = sv_of(key);
	if (n % KINDS == PAY && tool_call(l->kit, &r, &res) == 0) {
		if (res->outcome == TOOL_DONE)
			told(&L->v[n], res);
		r.confirmed = res->print;
		obj_unref(res);
		if (!depth && n + 1 < N && !atomic_load(&L->v[n + 1].acked) &&
		    rng_below(&l->rng, 2))
			ask_for(l, n + 1, 1);
	}
	step();
	for (int i = 0; i < times; i++) {
		struct ask *a = xalloc(sizeof(*a));
		*a = (struct ask){ l, n, rng_below(&l->rng, 4) == 0 };
		atomic_fetch_add(&L->v[n].asked, 1);
		if (tool_start(l->kit, &r, l->in, answered, a) == 0)
			l->pending++;
		else
			xfree(a);
	}
	if (rng_below(&l->rng, 2))
		drain(l, 0);
}

/* In the child; never returns. */
static void live(uint64_t seed, int64_t now_ms, bool mortal)
{
	struct life l = { 0 };
	struct rng far;
	rng_seed(&l.rng, seed);
	rng_seed(&far, seed + 1);
	far_rng = &far;
	calm = !mortal;
	clk_pin_wall(now_ms);
	int batch = BATCH + N / 250, steps = 1 + (int)rng_below(&l.rng, (uint64_t)batch * 6);
	atomic_store(&die_in, mortal && rng_below(&l.rng, 4) ? steps : INT_MAX);
	if (!life_open(&l))
		_exit(1);
	int from = (int)rng_below(&l.rng, (uint64_t)N), asked = 0;
	for (int i = 0; i < N && (!mortal || asked < batch); i++) {
		int n = (from + i) % N;
		if (atomic_load(&L->v[n].acked))
			continue;
		ask_for(&l, n, 0);
		asked++;
	}
	if (mortal && rng_below(&l.rng, 3) == 0)
		kill(getpid(), SIGKILL);     /* with answers under way */
	drain(&l, 0);
	life_close(&l);
	_exit(0);
}

static bool one_life(struct rng *rng, int64_t now_ms, bool mortal)
{
	uint64_t seed = rng_u64(rng);
	bool shot = mortal && rng_below(rng, 3) == 0;
	useconds_t after = (useconds_t)rng_below(rng, 20000);
	int status = 0;
	(void)fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		live(seed, now_ms, mortal);
	if (pid < 0)
		return false;
	if (shot) {                          /* from outside, at any moment */
		(void)usleep(after);
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	atomic_fetch_add(&L->lives, 1);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		atomic_fetch_add(&L->kills, 1);
	return mortal ? WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL :
					      WEXITSTATUS(status) == 0 :
			status == 0;
}

static int open_intents(void)
{
	int n = 0;
	for (int i = 0; i < N; i++)
		n += !atomic_load(&L->v[i].acked);
	return n;
}

/* ---- the reckoning ---- */

static long far_sum, sms_sum, asked_sum, dropped_sum;

static bool fair(struct store_db *db, int n)
{
	struct seen *s = &L->v[n];
	char key[40];
	(void)snprintf(key, sizeof(key), "e/%d", n);
	far_sum += atomic_load(&s->far_calls);
	sms_sum += atomic_load(&s->sent);
	asked_sum += atomic_load(&s->asked);
	dropped_sum += atomic_load(&s->dropped);
	bool ok = !atomic_load(&s->wrong) && atomic_load(&s->acked);
	if (n % KINDS == FAR)
		ok &= atomic_load(&s->far_calls) >= 1;
	else
		ok &= kv_get(db, key) == 1;
	if (n % KINDS == SEND)
		ok &= atomic_load(&s->sent) >= 1;
	if (!ok)
		printf("# intent %d: effects %lld, far %d, sent %d, wrong %d, acked %d\n", n,
		       (long long)kv_get(db, key), atomic_load(&s->far_calls),
		       atomic_load(&s->sent), atomic_load(&s->wrong), atomic_load(&s->acked));
	return ok;
}

static int64_t one(struct store_db *db, const char *sql)
{
	struct store_stmt *q;
	int64_t n = -1;
	if (store_prep(db, &q, sql))
		return -1;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

static void reckon(void)
{
	struct store_opts so = { .dir = dir_now, .group_ms = -1 };
	struct store_verdict v;
	struct store *st = NULL;
	struct store_db *db;
	int unfair = 0, local = (N + 2) / 3 + (N + 1) / 3;
	int64_t rows[6];
	OK(store_open(&st, &so, NULL));
	OK(store_reader(st, &db));
	for (int n = 0; n < N; n++)
		unfair += !fair(db, n);
	rows[0] = kv_get(db, "left");
	rows[1] = one(db, "SELECT COUNT(*) FROM tool_call WHERE outcome = 'done'");
	rows[2] = one(db, "SELECT COUNT(*) FROM tool_call");
	rows[3] = one(db, "SELECT COUNT(*) FROM event WHERE kind = 'tool.done'");
	rows[4] = one(db, "SELECT COUNT(*) FROM tool_outbox WHERE state = 'sent'");
	rows[5] = one(db, "SELECT COUNT(*) FROM tool_outbox");
	int rc = store_verify(st, &v);
	store_close(st);
	printf("# %d intents: asked %ld times, %ld callers gone, %lld lives, %lld killed, "
	       "%lld answers again, %lld confirmations old; %ld orders and %ld messages outside\n",
	       N, asked_sum, dropped_sum, (long long)L->lives, (long long)L->kills,
	       (long long)L->again, (long long)L->stale, far_sum, sms_sum);
	EQ(unfair, 0);
	EQ(rc, 0);
	EQ(rows[0], -local);
	EQ(rows[1], N);
	EQ(rows[2], N);
	EQ(rows[3], N);
	EQ(rows[4], (N + 1) / 3 + N / 3);    /* the messages and the orders */
	EQ(rows[5], (N + 1) / 3 + N / 3);
}

TEST(tool_races_one_effect_each_none_lost)
{
	const char *want = getenv("CALLM_RACES");
	int64_t now = T_NOW;
	N = want ? (int)strtol(want, NULL, 10) : RACES;
	if (want)
		alarm(3600);
	N = N < KINDS ? KINDS : N;
	size_t bytes = sizeof(*L) + sizeof(L->v[0]) * (size_t)N;
	(void)snprintf(dir_now, sizeof(dir_now), "%s", t_tmpdir());
	L = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(L != MAP_FAILED);
	far_sum = sms_sum = asked_sum = dropped_sum = 0;
	bool ok = true;
	for (int i = 0; ok && i < ROUNDS_MAX && open_intents() > N / 50; i++)
		ok = one_life(t_rng(), now += 20 * 60 * 1000, true);
	for (int i = 0; ok && i < 40 && (i < 3 || open_intents()); i++)
		ok = one_life(t_rng(), now += 20 * 60 * 1000, false);
	if (ok)
		reckon();
	munmap(L, bytes);
	CHECK(ok);
}
