/* ing.c: the room's handle and its threads.
 *
 * A thread looks once a second which source is due: asked for by a person, by its schedule,
 * which is kept in memory (after a start everything with a schedule is due at once), or, a table
 * that tells so, because it has changed: that is asked every STAMP_US, or a fortieth of the time
 * where it takes long.
 * One thread is for the tables, which are read in no time, one for all others: a price does not
 * wait for a site of 500 pages. Each does one sync at a time: reading is cheap, and two of one
 * source would cross. It may block, so it is no worker of the pool; it runs with the niceness of
 * one.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ing_int.h"

enum { LOOK_MS = 200, LOOKS = 5, SOURCES_MAX = 10000, STAMP_US = 1000000, STAMP_SHARE = 40,
       RETRY_US = 60000000 };

int ing_find_reader(const char *given, char ret[4096], struct err *e)
{
	char self[4000];
	ssize_t n;
	char *slash;

	if (given) {
		(void)snprintf(ret, 4096, "%s", given);
	} else {
		n = readlink("/proc/self/exe", self, sizeof(self) - 1);
		self[n > 0 ? n : 0] = 0;
		slash = strrchr(self, '/');
		if (slash)
			*slash = 0;
		(void)snprintf(ret, 4096, "%s/callm-reader", self);
	}
	return access(ret, X_OK) == 0 ? 0 :
					err_set(e, ERR_NOTFOUND,
						"%.200s is missing: build or install it", ret);
}

int ing_open(struct ing **ret, const struct ing_opts *o, struct err *e)
{
	struct ing *g = xalloc(sizeof(*g));
	int rc;

	g->o = *o;
	(void)pthread_mutex_init(&g->uploads, NULL);
	/* Without it each document is told as not read; tables are read all the same. */
	(void)ing_find_reader(o->reader, g->reader, NULL);
	rc = ing_table(g, "products", ing_products, ing_products_stamp, NULL);
	if (rc)
		ing_close(g);
	else
		*ret = g;
	return rc;
}

/* ---- the thread ---- */

struct due {
	char id[27];
	int64_t at_us;           /* by its schedule; 0 = none */
	int every_s;
	bool asked, met;
	const struct ing_table_row *table; /* that tells when it changes, or NULL */
	uint64_t stamp;          /* it was synced with */
	int64_t stamp_us;        /* when it is asked again */
	bool changed;
};
struct clock {
	struct ing *g;
	bool tables;             /* those, or all others */
	VEC(struct due) v;
};

static struct due *due_of(struct clock *c, sv id)
{
	struct due *d;

	for (size_t i = 0; i < c->v.n; i++)
		if (sv_eq(id, sv_of(c->v.v[i].id)))
			return &c->v.v[i];
	d = VEC_PUSH(&c->v, SOURCES_MAX);
	if (d) {
		(void)snprintf(d->id, sizeof(d->id), SV_FMT, SV_ARG(id));
		d->at_us = 1; /* at the first look */
	}
	return d;
}

/* Has the table changed since it was synced? */
static void follow(struct due *d, struct store_db *db)
{
	int64_t began = clk_mono_us(), took;
	uint64_t now;

	if (d->changed || began < d->stamp_us)
		return;
	if (d->table->stamp(d->table->arg, db, &now) == 0 && now != d->stamp) {
		d->stamp = now; /* what changes from here on has another one */
		d->changed = true;
	}
	took = (clk_mono_us() - began) * STAMP_SHARE;
	d->stamp_us = began + (took > STAMP_US ? took : STAMP_US);
}

static void look(struct clock *c)
{
	struct store_db *db;
	struct store_stmt *q;

	if (store_reader(c->g->o.store, &db) ||
	    store_prep(db, &q, "SELECT id, every_s, ask_ms, kind, place FROM source ORDER BY id"))
		return;
	for (size_t i = 0; i < c->v.n; i++)
		c->v.v[i].met = false;
	while (store_step(q) == 1) {
		bool table = sv_eq(store_col_sv(q, 3), SV("table"));
		struct due *d = table == c->tables ? due_of(c, store_col_sv(q, 0)) : NULL;

		if (table != c->tables)
			continue;
		if (!d)
			break;
		d->met = true;
		d->every_s = (int)store_col_int(q, 1);
		d->asked = !store_col_null(q, 2);
		d->table = table ? ing_table_find(c->g, store_col_sv(q, 4)) : NULL;
	}
	store_reset(q);
	for (size_t i = 0; i < c->v.n; i++)
		if (c->v.v[i].met && c->v.v[i].table && c->v.v[i].table->stamp)
			follow(&c->v.v[i], db);
	for (size_t i = 0; i < c->v.n;) /* deleted ones */
		if (c->v.v[i].met)
			i++;
		else
			c->v.v[i] = c->v.v[--c->v.n];
}

static void serve(struct clock *c)
{
	for (size_t i = 0; i < c->v.n && !atomic_load(&c->g->stop); i++) {
		struct due *d = &c->v.v[i];
		struct ing_report r;

		if (!d->asked && !d->changed && !(d->every_s && clk_mono_us() >= d->at_us))
			continue;
		if (ing_sync(c->g, sv_of(d->id), &r, NULL)) { /* tried again, not at once */
			d->stamp = 0;
			d->stamp_us = clk_mono_us() + RETRY_US;
		}
		d->asked = d->changed = false;
		d->at_us = clk_mono_us() + (int64_t)d->every_s * 1000000;
	}
}

static void run(struct ing *g, bool tables)
{
	struct clock c = { .g = g, .tables = tables };

	(void)pthread_setname_np(pthread_self(), tables ? "tables" : "sources");
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
	while (!atomic_load(&g->stop)) {
		look(&c);
		serve(&c);
		for (int i = 0; i < LOOKS && !atomic_load(&g->stop); i++)
			(void)poll(NULL, 0, LOOK_MS);
	}
	VEC_FREE(&c.v);
}

static void *run_documents(void *arg)
{
	run(arg, false);
	return NULL;
}

static void *run_tables(void *arg)
{
	run(arg, true);
	return NULL;
}

int ing_start(struct ing *g)
{
	static void *(*const fn[ING_THREADS])(void *) = { run_documents, run_tables };

	while (g->started < ING_THREADS) {
		if (pthread_create(&g->thread[g->started], NULL, fn[g->started], g))
			return ERR_NOMEM;
		g->started++;
	}
	return 0;
}

void ing_close(struct ing *g)
{
	if (!g)
		return;
	atomic_store(&g->stop, true);
	for (int i = 0; i < g->started; i++)
		(void)pthread_join(g->thread[i], NULL);
	(void)pthread_mutex_destroy(&g->uploads);
	xfree(g);
}
