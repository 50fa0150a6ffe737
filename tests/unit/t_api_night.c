/* t_api_night.c: nights over HTTP: the list with the registry, a report as a page in both
 * languages, a model taken back. Who may what: t_api_access. */
#include <stdio.h>

#include "learn_model.h"
#include "learn_night.h"
#include "t_api_world.h"

#define ID "01ARZ3NDEKTSV4RRFFQ69G5FAV"

static int fill(void *arg, struct store_db *db)
{
	struct learn_model m = { .name = SV("intent"), .kind = SV("trained"),
				 .hash = SV("4111111111111111"), .rows = 9, .made_ms = 5 };
	int rc = store_exec(db, "INSERT INTO learn_night (id, state, began_ms, ended_ms, result) "
				"VALUES ('" ID "','done',1,2,"
				"'{\"items\":[{\"kept\":false},{\"kept\":true}]}')");
	if (rc == 0)
		rc = learn_model_put(db, &m);
	return rc ? rc : learn_model_promote(db, SV("intent"), 1, SV("night"), 6);
}

static void write_report(const char *dir)
{
	struct err e = { 0 };
	struct sb b;
	char path[400];
	jv *night = jv_parse(SV("{\"id\":\"" ID "\",\"began\":\"b\",\"ended\":\"e\",\"items\":[{"
				"\"name\":\"intent\",\"task\":\"intents\",\"why\":\"lost_intent\","
				"\"kept\":true,\"lost\":\"<refund>\"}]}"), NULL);
	snprintf(path, sizeof(path), "%s/nights", dir);
	OK(file_mkdirs(path, &e));
	for (int zh = 0; zh < 2; zh++) {
		sb_init(&b, LIM_SB);
		learn_report_put(night, zh, true, &b);
		OK(learn_report_path(dir, SV(ID), zh, true, path, sizeof(path)));
		OK(file_write(path, sb_sv(&b), &e));
		sb_done(&b);
	}
	jv_free(night);
}

static int get(struct aw *w, const char *path, struct resp *r)
{
	char line[200];
	snprintf(line, sizeof(line), "GET /api/v1/nights%s", path);
	return http(w, line, aw_token(w, "supervisor"), NULL, r);
}

static int fill_second(void *arg, struct store_db *db)
{
	struct learn_model m = { .name = SV("intent"), .kind = SV("trained"), .made_ms = 7 };
	int rc = learn_model_put(db, &m);
	return rc ? rc : learn_model_promote(db, SV("intent"), 2, SV("night"), 8);
}

static void asked_anew(void *arg)
{
	++*(int *)arg;
}

/* The one before, then the program's own, then there is none; each time it is told to ask anew. */
TEST(api_model_is_taken_back)
{
	static const struct { const char *body; int status, version, told; } steps[] = {
		{ "{}", 400, 0, 0 },
		{ "{\"name\":\"emotion\"}", 404, 0, 0 },
		{ "{\"name\":\"intent\"}", 200, 1, 1 },
		{ "{\"name\":\"intent\"}", 200, 0, 2 },
		{ "{\"name\":\"intent\"}", 404, 0, 2 },
	};
	int told = 0;
	struct aw w = { .o = { .night_models = asked_anew, .night_arg = &told } };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	OK(store_write(w.store, fill, NULL, NULL, NULL));
	OK(store_write(w.store, fill_second, NULL, NULL, NULL));
	OK(store_flush(w.store));
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		EQ(http(&w, "POST /api/v1/nights/models/back", aw_token(&w, "supervisor"),
			steps[i].body, &r),
		   steps[i].status);
		EQ(told, steps[i].told);
		if (steps[i].status == 200)
			EQ(jv_get_int(r.json, "version", -1), steps[i].version);
	}
	EQ(get(&w, "", &r), 200);
	const jv *all = jv_get(r.json, "models");
	EQ(jv_len(all), 2);
	for (size_t i = 0; i < jv_len(all); i++)
		SV_EQ(jv_get_str(jv_at(all, i), "state"), "retired");
	resp_done(&r);
	aw_down(&w);
}

TEST(api_nights_are_listed_and_read)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	write_report(t_tmpdir());
	OK(store_write(w.store, fill, NULL, NULL, NULL));
	OK(store_flush(w.store));
	EQ(get(&w, "", &r), 200);
	const jv *n = jv_at(jv_get(r.json, "items"), 0), *m = jv_at(jv_get(r.json, "models"), 0);
	SV_EQ(jv_get_str(n, "id"), ID);
	EQ(jv_get_int(n, "tried", 0), 2);
	EQ(jv_get_int(n, "promoted", 0), 1);
	SV_EQ(jv_get_str(m, "state"), "live");
	SV_EQ(jv_get_str(m, "hash"), "4111111111111111"); /* no card number, and not masked */
	EQ(get(&w, "/" ID "?lang=en", &r), 200);
	HAS(sb_sv(&r.body), "It loses: &lt;refund&gt;");
	EQ(get(&w, "/" ID "?lang=zh", &r), 200);
	HAS(sb_sv(&r.body), "变差的是");
	EQ(get(&w, "/" ID "?format=md", &r), 404);
	EQ(get(&w, "/..%2F..%2Fx", &r), 404);
	EQ(get(&w, "/01ARZ3NDEKTSV4RRFFQ69G5FAX", &r), 404);

	resp_done(&r);
	aw_down(&w);
}
