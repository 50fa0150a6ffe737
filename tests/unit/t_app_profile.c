/* t_app_profile.c: a signed-in customer's profile is what the store says now, and lives as long as
 * somebody keeps it. */
#include "app_profile.h"
#include "cust.h"
#include "t.h"

struct people {
	struct cust_keys *k;
	int rc;
	const char *json;
};

static int fill(void *arg, struct store_db *db)
{
	struct people *p = arg;
	struct err e = { 0 };
	p->rc = cust_import(db, p->k, sv_of(p->json), SV("86"), clk_wall_ms(), NULL, &e);
	return p->rc;
}

static bool put(struct store *st, struct people *p, const char *json)
{
	p->json = json;
	return store_write(st, fill, p, NULL, NULL) == 0 && store_flush(st) == 0 && p->rc == 0;
}

TEST(app_profile_is_of_any_company_and_of_now)
{
	static const unsigned char key[32] = { 3 };
	struct store_opts o = { .dir = "", .group_ms = -1 };
	struct people p = { 0 };
	struct app_profiles *profiles;
	struct store *st;
	OK(cust_keys_new(&p.k, key));
	OK(store_open(&st, &o, NULL));
	CHECK(put(st, &p,
		  "{\"id\":\"x1\",\"name\":\"Li Wei\",\"tier\":\"gold\",\"language\":\"en\","
		  "\"created_at\":\"2022-08-31\"}"));
	app_profiles_open(&profiles, st, p.k);
	CHECK(!app_profile(profiles, SV("c001")));
	CHECK(!app_profile(profiles, SV("")));
	const struct chan_profile *was = app_profile(profiles, SV("x1"));
	CHECK(was);
	SV_EQ(was->name, "Li Wei");
	SV_EQ(was->since, "2022-08-31");
	EQ(was->orders, 0);
	CHECK(was->keep);
	CHECK(put(
		st, &p,
		"{\"id\":\"x1\",\"name\":\"Li Wei\",\"tier\":\"silver\",\"language\":\"en\"}"));
	const struct chan_profile *now = app_profile(profiles, SV("x1"));
	CHECK(now && now != was);
	SV_EQ(now->tier, "silver");
	SV_EQ(was->tier, "gold");    /* a conversation goes on with what it began with */
	EQ(app_profiles_held(profiles), 2);
	void *kept = obj_ref(was->keep);
	app_profiles_close(profiles);
	SV_EQ(was->name, "Li Wei");
	obj_unref(kept);
	store_close(st);
	obj_unref(p.k);
}
