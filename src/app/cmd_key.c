/* cmd_key.c: `callm key make|list|revoke`: API keys without a running server (one that runs
 * knows of it within seconds). */
#include "app_int.h"
#include "api.h"

#include <stdio.h>

struct key_cmd {
	const char *data, *config, *may, *name;
	int64_t days;
	bool json;
};

static int run_make(struct key_cmd *k, struct store *st, struct err *e)
{
	char key[API_APIKEY_MAX];
	const struct api_apikey x = { sv_of(k->name), sv_of(k->may), k->days };
	int rc = k->days < 0 || k->days > 3650 ?
			 err_set(e, ERR_INVAL, "--days is 1 to 3650, or 0: the key does not end") :
			 api_apikey_make(st, &x, key, e);
	if (rc == 0)
		puts(key);
	return rc;
}

static int run_revoke(struct key_cmd *k, struct store *st, struct err *e)
{
	return api_apikey_drop(st, sv_of(k->name), e);
}

static void print_key(const jv *x, bool json)
{
	const jv *may = jv_get(x, "may");
	struct sb b;
	sb_init(&b, LIM_SB);
	if (json) {
		jv_dump(x, &b);
	} else {
		sv used = jv_get_str(x, "last_used_at"), ends = jv_get_str(x, "expires_at");
		sb_fmt(&b,
		       SV_FMT "\n  made " SV_FMT ", last used " SV_FMT ", ends " SV_FMT
			      "\n  may",
		       SV_ARG(jv_get_str(x, "name")), SV_ARG(jv_get_str(x, "created_at")),
		       SV_ARG(used.n ? used : SV("never")),
		       SV_ARG(ends.n ? ends : SV("never")));
		for (size_t i = 0; i < jv_len(may); i++) {
			sb_ch(&b, ' ');
			sb_put(&b, jv_as_str(jv_at(may, i)));
		}
	}
	puts(sb_str(&b));
	sb_done(&b);
}

static int run_list(struct key_cmd *k, struct store *st, struct err *e)
{
	struct sb b;
	sb_init(&b, 16u << 20);
	int rc = api_apikey_list(st, &b, e);
	jv *v = rc == 0 ? jv_parse(sb_sv(&b), e) : NULL;
	const jv *items = jv_get(v, "items");
	for (size_t i = 0; i < jv_len(items); i++)
		print_key(jv_at(items, i), k->json);
	jv_free(v);
	sb_done(&b);
	return rc;
}

static const struct {
	const char *name;
	int (*run)(struct key_cmd *k, struct store *st, struct err *e);
	bool named;
} verbs[] = {
	{ "make", run_make, true },
	{ "list", run_list, false },
	{ "revoke", run_revoke, true },
};
#define N_VERBS (sizeof(verbs) / sizeof(*verbs))

static int run(struct key_cmd *k, size_t verb)
{
	struct err e = { 0 };
	struct sb dir;
	struct store *st = NULL;
	sb_init(&dir, 4096);
	int rc = app_data_of(k->data, k->config, &dir, &e);
	struct store_opts so = { .dir = sb_str(&dir) };
	if (rc == 0)
		rc = store_open(&st, &so, &e);
	if (rc == 0)
		rc = verbs[verb].run(k, st, &e);
	store_close(st);
	sb_done(&dir);
	return rc ? cli_fail("%s", e.msg) : 0;
}

int cmd_key(int argc, char **argv)
{
	struct key_cmd k = { .may = "" };
	int rest, status;
	size_t verb = 0;
	const struct cli_opt opts[] = {
		{ "may", CLI_STR, &k.may, "make: permissions with commas (bot.use)" },
		{ "days", CLI_INT, &k.days, "make: ends after so many days" },
		{ "json", CLI_FLAG, &k.json, "list: one object a line" },
		{ "data", CLI_STR, &k.data, "data folder" },
		{ "config", CLI_STR, &k.config, "or the configuration that names it" },
	};
	if (!cli_parse(argc, argv, opts, 5, &rest, &status))
		return status;
	while (verb < N_VERBS && (rest >= argc || strcmp(argv[rest], verbs[verb].name) != 0))
		verb++;
	if (verb == N_VERBS || rest + 1 + verbs[verb].named != argc)
		return cli_fail("callm key make NAME [--may LIST] [--days N], key list, key "
				"revoke NAME"), 2;
	k.name = verbs[verb].named ? argv[rest + 1] : NULL;
	return run(&k, verb);
}
