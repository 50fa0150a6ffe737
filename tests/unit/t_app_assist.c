/* t_app_assist.c: help for people who serve as the server puts it together: flows are named as they
 * are published, dispositions are those of the company's list. */
#include "app_assist.h"
#include "app_service.h"
#include "assist.h"
#include "t.h"

#include <stdio.h>

struct help {
	struct store *st;
	struct pool *pool;
	struct app_service *s;
	struct app_assist *x;
	jv *cfg;
};

static int help_open(struct help *h)
{
	struct err e = { 0 };
	char dir[300];
	*h = (struct help){ .cfg = jv_obj() };
	(void)snprintf(dir, sizeof(dir), "%s", t_tmpdir());
	if (store_open(&h->st, &(struct store_opts){ .dir = dir, .group_ms = -1 }, &e))
		return ERR_FAIL;
	h->pool = pool_new(1, 0);
	const struct app_service_opts so = { .cfg = h->cfg, .data = dir, .store = h->st,
					     .pool = h->pool };
	int rc = app_service_open(&h->s, &so, &e);
	const struct app_assist_opts ao = { .cfg = h->cfg, .store = h->st, .service = h->s };
	return rc ? rc : app_assist_open(&h->x, &ao, &e);
}

static void help_close(struct help *h)
{
	app_assist_close(h->x);
	app_service_stop(h->s);
	pool_free(h->pool);
	app_service_close(h->s);
	store_close(h->st);
	jv_free(h->cfg);
}

static sv title(struct help *h, struct sb *b)
{
	const struct assist_with *w = assist_named(app_assist_of(h->x));
	sb_reset(b);
	w->flow_title(w->arg, SV("mine"), "en", b);
	return sb_sv(b);
}

/* One flow after the other in place of the last: its set is freed. */
TEST(app_assist_names_flows_as_they_are_published)
{
	static const char *const titles[] = { "First", "Second" };
	struct help h;
	struct sb b;
	OK(help_open(&h));
	sb_init(&b, 1000);
	SV_EQ(title(&h, &b), "");
	for (int i = 0; i < 2; i++) {
		char text[600];
		struct cfg_report rep = { 0 };
		(void)snprintf(text, sizeof(text),
			       "id: mine\ntitle: {zh: 甲, en: %s}\nsteps: [{end: done}]\n",
			       titles[i]);
		int rc = app_service_apply(h.s, SV("flow"), SV("mine"), sv_of(text), false, &rep);
		if (rc)
			printf("# %s: %s; %s\n", rep.n ? rep.v[0].where : "",
			       rep.n ? rep.v[0].what : "", rep.n ? rep.v[0].mend : "");
		cfg_report_done(&rep);
		OK(rc);
		SV_EQ(title(&h, &b), titles[i]);
	}
	sb_done(&b);
	help_close(&h);
}

TEST(app_assist_tells_the_dispositions)
{
	struct help h;
	OK(help_open(&h));
	const jv *list = app_assist_dispositions(h.x);
	CHECK(jv_len(list) > 3);
	CHECK(jv_get_str(jv_at(list, 0), "id").n > 0);
	CHECK(jv_as_str(jv_path(jv_at(list, 0), "title.zh")).n > 0);
	help_close(&h);
}
