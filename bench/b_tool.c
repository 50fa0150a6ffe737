/* b_tool.c: how long a business action takes from the asking thread and back, over a store on disk:
 * the gate alone, a read, an effect (the scribe's group waits up to 5 ms and ends with an fsync), a
 * confirmation, the same key again; and effects a second with many under way.
 *
 *	b_tool FOLDER [N]         the folder is made new and left behind; N calls of each, 1000
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "tool.h"

static const char yaml[] =
	"tools:\n"
	"  - {name: get, source: b, title: {zh: a, en: a}, about: {zh: a, en: a},\n"
	"     schema: {type: object, properties: {k: {type: string}}}}\n"
	"  - {name: put, source: b, level: nobody, effect: true, title: {zh: a, en: a}, about: "
	"{zh: a, en: a},\n"
	"     schema: {type: object, properties: {k: {type: string}}}}\n"
	"  - {name: ask, source: b, level: nobody, effect: true, title: {zh: a, en: a}, about: "
	"{zh: a, en: a},\n"
	"     confirm: {zh: \"{k}?\", en: \"{k}?\"},\n"
	"     schema: {type: object, properties: {k: {type: string}}}}\n"
	"  - {name: far, source: b, level: proven, title: {zh: a, en: a}, about: {zh: a, en: "
	"a},\n"
	"     schema: {type: object, properties: {k: {type: string}}}}\n";

static int b_read(void *arg, struct tool_run *r, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT v FROM kv WHERE k = ?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, jv_get_str(r->args, "k"));
	if (store_step(q) == 1)
		jv_set_str(r->body, "v", store_col_sv(q, 0));
	store_reset(q);
	return 0;
}

static int b_write(void *arg, struct tool_run *r, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO kv (k, v, updated_ms) VALUES (?1, 'x', ?2) ON CONFLICT (k) "
		"DO UPDATE SET updated_ms = excluded.updated_ms");
	if (rc)
		return rc;
	store_bind_sv(q, 1, jv_get_str(r->args, "k"));
	store_bind_int(q, 2, r->now_ms);
	return store_run(q);
}

static const struct tool_ops ops = { .name = "b", .read = b_read, .write = b_write };

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static struct tool_req request(const char *name, int i, char args[40])
{
	(void)snprintf(args, 40, "{\"k\":\"k%d\"}", i);
	return (struct tool_req){ .name = sv_of(name),
				  .args = sv_of(args),
				  .now_ms = clk_wall_ms(),
				  .who = { .lang = SV("en"), .customer = SV("C-1") } };
}

/* again: all under one key after the first. */
static void measure(struct tool_kit *k, const char *what, const char *name, int n, bool again)
{
	int64_t *us = xalloc(sizeof(*us) * (size_t)n);
	enum tool_outcome last = TOOL_FAILED;
	for (int i = 0; i < n; i++) {
		char args[40];
		struct tool_req r = request(name, again ? 0 : i, args);
		struct tool_res *res = NULL;
		r.key = again ? SV("same") : SV_NULL;
		int64_t t0 = clk_mono_us();
		if (tool_call(k, &r, &res))
			break;
		us[i] = clk_mono_us() - t0;
		last = res->outcome;
		obj_unref(res);
	}
	qsort(us, (size_t)n, sizeof(*us), by_size);
	(void)printf("%-28s p50 %6.2f  p95 %6.2f  p99 %6.2f ms  (%s)\n", what,
		     (double)us[n / 2] / 1000, (double)us[n * 95 / 100] / 1000,
		     (double)us[n * 99 / 100] / 1000, tool_outcome_name(last));
	xfree(us);
}

static int left;

static void one_done(void *arg, struct tool_res *res)
{
	obj_unref(res);
	left--;
}

static void flood(struct tool_kit *k, int n)
{
	struct mbox *in = mbox_new(NULL);
	struct pollfd p = { .fd = mbox_fd(in), .events = POLLIN };
	int64_t t0 = clk_mono_us();
	for (int i = 0; i < n; i++) {
		char args[40];
		struct tool_req r = request("put", i, args);
		if (tool_start(k, &r, in, one_done, NULL) == 0)
			left++;
	}
	while (left) {
		(void)poll(&p, 1, -1);
		mbox_drain(in);
	}
	(void)printf("%-28s %.0f a second\n", "effects, many under way",
		     n * 1e6 / (double)(clk_mono_us() - t0));
	mbox_free(in);
}

int main(int argc, char **argv)
{
	struct store_opts so = { .dir = argc > 1 ? argv[1] : "" };
	struct tool_file f = { "b.yaml", sv_of(yaml) };
	struct cfg_report rep = { 0 };
	struct err e = { 0 };
	struct store *st;
	struct tool_box *box;
	struct tool_kit *k;
	int64_t n = 1000;
	if (argc < 2 || (argc > 2 && sv_i64(sv_of(argv[2]), &n)) || n < 100 || n > 4000) {
		(void)fprintf(stderr, "usage: b_tool FOLDER [100..4000]\n");
		return 2;
	}
	struct pool *pool = pool_new(2, 10);
	if (store_open(&st, &so, &e) || tool_box_new(&box, &f, 1, &rep)) {
		(void)fprintf(stderr, "b_tool: %s\n", e.msg);
		return 1;
	}
	struct tool_kit_opts o = { .store = st, .pool = pool, .box = box };
	if (tool_kit_open(&k, &o, &e) || tool_source_add(k, &ops, NULL))
		return 1;
	measure(k, "refused at the gate", "far", (int)n, false);
	measure(k, "a read", "get", (int)n, false);
	measure(k, "an effect", "put", (int)n, false);
	measure(k, "its confirmation", "ask", (int)n, false);
	measure(k, "the same key again", "put", (int)n, true);
	flood(k, (int)n);
	tool_kit_close(k);
	pool_free(pool);
	store_close(st);
	obj_unref(box);
	return 0;
}
