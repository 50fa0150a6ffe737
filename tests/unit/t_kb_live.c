/* t_kb_live.c: edits reach the published index by themselves; after kill -9 at any moment index and
 * text say the same. CALLM_KB_EDITS=1000 for the whole proof. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kb_int.h"
#include "t.h"

enum { IDS = 24, WAIT_MS = 20000 };

/* ---- one store, its edits ---- */

struct edit {
	int id, n;               /* article, number of the edit: its text */
	bool retire;
};

static struct kb_article article(const struct edit *e, char id[16], char body[64])
{
	(void)snprintf(id, 16, "a%02d.en", e->id);
	(void)snprintf(body, 64, "The password of gate %d is zebra%d.", e->id, e->n);
	return (struct kb_article){ .id = sv_of(id), .lang = SV("en"),
				    .title = SV("What is the password of the gate?"),
				    .body_md = sv_of(body) };
}

static int write_edit(void *arg, struct store_db *db)
{
	const struct edit *e = arg;
	char id[16], body[64];
	struct kb_article a = article(e, id, body);
	bool changed;
	int rc;

	if (!e->retire)
		return kb_put(db, &a, 1000 + e->n, &changed);
	rc = kb_retire(db, a.id, 1000 + e->n);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static bool commit(struct store *st, struct edit e)
{
	return store_write(st, write_edit, &e, NULL, NULL) == 0 && store_flush(st) == 0;
}

/* Every row is in the index with this text, version and a search that finds it; nothing else is. */
static bool agree(struct store *st, struct kb_index *ix, struct arena *a)
{
	struct store_stmt *q;
	struct store_db *db;
	size_t n = 0;
	bool ok = store_reader(st, &db) == 0 &&
		  store_prep(db, &q, "SELECT id, body_md, version FROM article WHERE "
				     "status = 'published'") == 0;

	while (ok && store_step(q) == 1) {
		sv body = arena_sv(a, store_col_sv(q, 1));
		struct kb_query kq = { .text = sv_slice(body, 20, body.n - 1), .lang = SV("en"),
				       .k = 1 };
		struct kb_result r = { 0 };
		struct kb_article got;

		n++;
		ok = kb_get(ix, store_col_sv(q, 0), &got) == 0 && sv_eq(got.body_md, body) &&
		     got.version == store_col_int(q, 2) && kb_search(ix, &kq, a, &r) == 0 && r.n &&
		     sv_eq(r.hits[0].body_md, body);
		arena_reset(a);
	}
	store_reset(q);
	return ok && n == kb_count(ix);
}

/* ---- the published index follows ---- */

struct live {
	struct store *st;
	struct snap *kb;
	struct kb_live *l;
	sv want;                 /* text of the first hit */
	const struct kb_index *below;
	atomic_int published, changed;
};

static void on_published(void *arg, struct kb_index *ix, bool changed)
{
	struct live *w = arg;

	(void)ix;
	atomic_fetch_add(&w->published, 1);
	atomic_fetch_add(&w->changed, changed);
}

static bool answers(void *arg)
{
	struct live *w = arg;
	struct kb_query q = { .text = SV("the password of the gate"), .lang = SV("en"), .k = 1 };
	struct kb_index *ix = snap_get(w->kb);
	struct kb_result r = { 0 };
	struct arena a;
	bool ok;

	arena_init(&a, LIM_ARENA_TURN);
	ok = ix && kb_search(ix, &q, &a, &r) == 0 &&
	     (w->want.n ? r.n && sv_eq(r.hits[0].body_md, w->want) : !r.n);
	arena_done(&a);
	obj_unref(ix);
	return ok;
}

static bool until(struct live *w, const char *want)
{
	struct loop *l = loop_new();
	bool ok;

	w->want = sv_of(want);
	ok = t_wait(l, answers, w, WAIT_MS);
	loop_free(l);
	return ok;
}

static bool live_open(struct live *w)
{
	struct store_opts so = { .dir = "" };
	struct err e = { 0 };
	const struct kb_live_opts o = { .published = on_published, .arg = w };
	struct kb_live_opts full = o;

	*w = (struct live){ .kb = snap_new(NULL) };
	if (kb_init() || store_open(&w->st, &so, &e))
		return false;
	full.store = w->st;
	full.kb = w->kb;
	return kb_live_open(&w->l, &full) == 0;
}

static void live_close(struct live *w)
{
	kb_live_close(w->l);
	snap_free(w->kb);
	store_close(w->st);
}

TEST(kb_live_edits_are_searchable_without_a_word)
{
	struct live w;

	CHECK(live_open(&w));
	CHECK(commit(w.st, (struct edit){ 1, 1, false }));
	CHECK(until(&w, "The password of gate 1 is zebra1."));
	CHECK(commit(w.st, (struct edit){ 1, 2, false }));
	CHECK(until(&w, "The password of gate 1 is zebra2."));
	CHECK(commit(w.st, (struct edit){ 1, 2, true }));
	CHECK(until(&w, ""));
	CHECK(atomic_load(&w.published) == atomic_load(&w.changed));
	live_close(&w);
}

static bool on_top(void *arg)
{
	struct live *w = arg;
	struct kb_index *ix = snap_get(w->kb);
	bool yes = ix && ix->root == w->below;

	obj_unref(ix);
	return yes;
}

TEST(kb_live_puts_what_is_new_on_top_of_an_offer)
{
	struct loop *l = loop_new();
	struct kb_index *old = NULL;
	struct store_db *db;
	struct live w;

	CHECK(live_open(&w));
	CHECK(commit(w.st, (struct edit){ 1, 1, false }));
	CHECK(until(&w, "The password of gate 1 is zebra1."));
	CHECK(store_reader(w.st, &db) == 0 && kb_build(&old, db, NULL, NULL) == 0);
	CHECK(commit(w.st, (struct edit){ 1, 2, false }));
	CHECK(until(&w, "The password of gate 1 is zebra2."));
	w.below = old;
	kb_live_offer(w.l, old); /* made before the edit, offered after it */
	CHECK(t_wait(l, on_top, &w, WAIT_MS));
	CHECK(answers(&w)); /* at once: the offer alone was never published */
	CHECK(commit(w.st, (struct edit){ 1, 3, false }));
	CHECK(until(&w, "The password of gate 1 is zebra3."));
	CHECK(on_top(&w));
	loop_free(l);
	live_close(&w);
	obj_unref(old);
}

/* An offer that holds what is committed is published as it is. */
static bool is_out(void *arg)
{
	struct live *w = arg;
	struct kb_index *ix = snap_get(w->kb);
	bool yes = ix == w->below;

	obj_unref(ix);
	return yes;
}

static bool merged(void *arg)
{
	struct live *w = arg;
	struct kb_index *ix = snap_get(w->kb);
	bool yes = ix && !ix->root && kb_count(ix) == 90;

	obj_unref(ix);
	return yes;
}

static int write_many(void *arg, struct store_db *db)
{
	int rc = 0;

	for (int i = 10; i < 10 + *(int *)arg && !rc; i++)
		rc = write_edit(&(struct edit){ i, i, false }, db);
	return rc;
}

TEST(kb_live_makes_a_new_index_when_changes_are_many)
{
	struct loop *l = loop_new();
	struct live w;
	int n = 90;

	CHECK(live_open(&w));
	CHECK(commit(w.st, (struct edit){ 10, 10, false }));
	CHECK(until(&w, "The password of gate 10 is zebra10."));
	CHECK(store_write(w.st, write_many, &n, NULL, NULL) == 0 && store_flush(w.st) == 0);
	CHECK(t_wait(l, merged, &w, WAIT_MS));
	loop_free(l);
	live_close(&w);
}

static void put_vector(void *arg, sv text)
{
	const float v[4] = { text.n & 1 ? 1.0f : 0.0f, text.n & 1 ? 0.0f : 1.0f };

	ASSERT(kb_dense_put(arg, text, v, 4) == 0);
}

/* Whoever makes vectors makes the new index too: without them it would be searched by words. */
TEST(kb_live_leaves_an_index_with_vectors_to_whoever_makes_them)
{
	struct loop *l = loop_new();
	struct kb_index *ix = NULL;
	struct kb_dense *d;
	struct store_db *db;
	struct live w;
	struct err e;
	int n = 90;

	CHECK(live_open(&w));
	CHECK(commit(w.st, (struct edit){ 10, 10, false }));
	CHECK(until(&w, "The password of gate 10 is zebra10."));
	OK(kb_dense_open(&d, NULL, SV("two"), &e));
	OK(store_reader(w.st, &db));
	OK(kb_build(&ix, db, &(struct kb_opts){ .dense = d }, &e));
	CHECK(kb_dense_missing(ix, put_vector, d) > 0);
	obj_unref(ix);
	OK(kb_build(&ix, db, &(struct kb_opts){ .dense = d }, &e));
	CHECK(kb_dense_ready(ix, SV_NULL));
	w.below = ix;
	kb_live_offer(w.l, ix);
	CHECK(t_wait(l, is_out, &w, WAIT_MS));
	CHECK(store_write(w.st, write_many, &n, NULL, NULL) == 0 && store_flush(w.st) == 0);
	CHECK(t_wait(l, on_top, &w, WAIT_MS));
	kb_live_poke(w.l);
	CHECK(!t_wait(l, merged, &w, 1500) && on_top(&w));
	loop_free(l);
	live_close(&w);
	obj_unref(ix);
	kb_dense_close(d);
}

/* ---- kill -9 ---- */

struct child {
	const char *dir;
	unsigned seed;
	int first, out;          /* number of its first edit; acknowledgements go there */
};

/* Edits without end; the parent ends it. Comes back only when index and text disagree. */
static int edit_on(const struct child *c)
{
	struct store_opts so = { .dir = c->dir };
	struct kb_index *ix = NULL, *next;
	struct store_db *db;
	struct store *st;
	struct arena a;
	struct rng r;
	struct err e;

	arena_init(&a, LIM_ARENA_BIG);
	rng_seed(&r, c->seed);
	if (kb_init() || store_open(&st, &so, &e) || store_reader(st, &db) ||
	    kb_build(&ix, db, &(struct kb_opts){ .packed = c->seed & 1 }, &e))
		return 2;
	for (int n = c->first;; n++) {
		struct edit x = { (int)rng_below(&r, IDS), n, rng_below(&r, 5) == 0 };

		if (!commit(st, x) || write(c->out, &x, sizeof(x)) != sizeof(x))
			return 3;
		if (kb_update(&next, ix, db, NULL, NULL, &e))
			return 4;
		obj_unref(ix);
		ix = next;
		if (!agree(st, ix, &a))
			return 5;
	}
}

/* What was acknowledged last of each article, or something later that was not read any more. To
 * retire what is retired or was never there changes no row. */
static bool kept(struct store *st, const struct edit *last)
{
	struct store_db *db;
	bool ok = store_reader(st, &db) == 0;

	for (int i = 0; i < IDS && ok; i++) {
		struct store_stmt *q;
		char id[16], body[64];

		if (!last[i].n)
			continue;
		(void)article(&last[i], id, body);
		if (store_prep(db, &q, "SELECT updated_ms, status FROM article WHERE id = ?1"))
			return false;
		store_bind_sv(q, 1, sv_of(id));
		if (store_step(q) == 1) {
			int64_t at = store_col_int(q, 0) - 1000;
			bool out = sv_eq(store_col_sv(q, 1), SV("retired"));

			ok = at > last[i].n || (last[i].retire ? out : at == last[i].n && !out);
		} else {
			ok = last[i].retire;
		}
		store_reset(q);
	}
	return ok;
}

/* One child until so many edits are acknowledged, then a kill and a look at what is left. */
static int round_of(const char *dir, unsigned seed, int *made, int want, struct edit *last)
{
	struct store_opts so = { .dir = dir };
	struct store *st = NULL;
	struct kb_index *ix = NULL;
	struct store_db *db;
	struct arena a;
	struct err e = { 0 };
	struct edit x;
	int fd[2], status, ok;
	pid_t pid;

	if (pipe(fd))
		return 0;
	pid = fork();
	if (pid == 0) {
		(void)close(fd[0]);
		_exit(edit_on(&(struct child){ dir, seed, *made + 1, fd[1] }));
	}
	(void)close(fd[1]);
	for (int n = 0; n < want && read(fd[0], &x, sizeof(x)) == sizeof(x); n++)
		last[x.id] = x;
	(void)kill(pid, SIGKILL);
	while (read(fd[0], &x, sizeof(x)) == sizeof(x))
		last[x.id] = x; /* acknowledged before it died */
	(void)close(fd[0]);
	(void)waitpid(pid, &status, 0);
	for (int i = 0; i < IDS; i++)
		*made = last[i].n > *made ? last[i].n : *made;
	(*made)++; /* one may have been committed that was not told */
	if (!WIFSIGNALED(status)) {
		fprintf(stderr, "# the child ended with %d\n", WEXITSTATUS(status));
		return 0;
	}
	arena_init(&a, LIM_ARENA_BIG);
	ok = store_open(&st, &so, &e) == 0 && store_reader(st, &db) == 0 &&
	     kb_build(&ix, db, &(struct kb_opts){ .packed = !(seed & 1) }, &e) == 0 &&
	     agree(st, ix, &a) && kept(st, last);
	obj_unref(ix);
	store_close(st);
	arena_done(&a);
	return ok;
}

TEST(kb_index_and_text_agree_after_kill_9)
{
	const char *want = getenv("CALLM_KB_EDITS");
	int made = 0, rounds = 0;
	struct edit last[IDS] = { 0 };
	int64_t edits = 40;

	OK(want ? sv_i64(sv_of(want), &edits) : 0);
	(void)alarm(want ? 1800 : 60); /* a thousand edits take minutes */
	OK(kb_init());
	while (made < edits) {
		int n = 1 + (int)rng_below(t_rng(), want ? 40 : 12);

		CHECK(round_of(t_tmpdir(), (unsigned)rng_below(t_rng(), 1u << 30), &made, n, last));
		rounds++;
	}
	fprintf(stderr, "# %d edits, killed %d times: index and text agree\n", made, rounds);
}
