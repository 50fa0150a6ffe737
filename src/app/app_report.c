/* app_report.c: facts for reports follow the river while the server runs.
 *
 * One job on the pool at a time, begun every other second: a few stretches of the river, then days
 * that do not change any more are packed. Its place is in the database, so a server that was killed
 * goes on where it stopped. Main thread but for the job. */
#include "app_report.h"
#include "ins_report.h"

#include <stdatomic.h>

enum { EVERY_S = 2, LATER_S = 30, STRETCHES = 5 };

struct app_report {
	struct app_report_opts o;
	int64_t ticks;
	atomic_bool stopped, busy, more, failing;
};

int app_report_open(struct app_report **ret, const struct app_report_opts *o, struct err *e)
{
	struct app_report *r = xalloc(sizeof(*r));
	r->o = *o;
	*ret = r;
	return 0;
}

struct ins_rates app_report_rates(const jv *cfg)
{
	const jv *c = jv_get(cfg, "report");
	return (struct ins_rates){ jv_get_num(c, "agent_hour", 0),
				   jv_get_num(c, "voice_minute", 0) };
}

static void follow(void *arg)
{
	struct app_report *r = arg;
	struct ins_did did = { .more = true };
	struct ins_packed p = { 0 };
	int rc = 0;
	for (int i = 0; i < STRETCHES && rc == 0 && did.more && !atomic_load(&r->stopped); i++)
		rc = ins_fact_step(r->o.store, &did);
	if (rc == 0 && !did.more && !atomic_load(&r->stopped))
		rc = ins_pack(r->o.store, clk_wall_ms(), &p);
	if (rc && !atomic_exchange(&r->failing, true))
		LOG(WARN, "report.failed", "facts do not follow: %s", err_text(rc));
	if (rc == 0)
		atomic_store(&r->failing, false);
	atomic_store(&r->more, rc == 0 && (did.more || p.more));
}

static void followed(void *arg)
{
	struct app_report *r = arg;
	atomic_store(&r->busy, false);
}

void app_report_tick(struct app_report *r)
{
	int every = atomic_load(&r->failing) ? LATER_S : EVERY_S;
	r->ticks++;
	if (atomic_load(&r->stopped) || (!atomic_load(&r->more) && r->ticks % every))
		return;
	if (atomic_exchange(&r->busy, true))
		return;
	if (pool_submit(r->o.pool, follow, r, NULL, followed))
		atomic_store(&r->busy, false);
}

void app_report_stop(struct app_report *r)
{
	if (r)
		atomic_store(&r->stopped, true);
}

void app_report_close(struct app_report *r)
{
	xfree(r);
}
