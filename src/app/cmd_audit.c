/* cmd_audit.c: `callm audit verify`: walks the river and the audit from the first row to the
 * last, also beside a running server, and names the first row that is not as it was written. */
#include "app_int.h"
#include "api.h"

#include <stdio.h>

static void say(const struct api_audit_verdict *v, int rc)
{
	printf("%s: %lld rows, %lld of the audit; head ", rc ? "NOT ALL THERE" : "all there",
	       (long long)v->rows, (long long)v->audits);
	for (size_t i = 0; i < sizeof(v->head); i++)
		printf("%02x", v->head[i]);
	putchar('\n');
	if (v->bad_pos)
		printf("first bad row: %lld in %s (changed, removed or added)\n",
		       (long long)v->bad_pos, v->view ? "the table audit" : "the river");
}

static int verify(const char *data, bool json, struct err *e)
{
	struct api_audit_verdict v;
	struct app_desk d;
	struct sb b;
	int rc = app_desk_open(&d, data, true, false, e);
	if (rc)
		return rc;
	rc = api_audit_verify(d.store, &v);
	sb_init(&b, LIM_SB);
	if (rc && rc != ERR_CORRUPT) {
		err_set(e, rc, "the rows cannot be read: %s", err_text(rc));
	} else if (json) {
		api_audit_verdict_json(&v, rc, &b);
		puts(sb_str(&b));
	} else {
		say(&v, rc);
	}
	if (rc == ERR_CORRUPT)
		err_set(e, rc,
			"row %lld is not as it was written; keep this folder and compare with "
			"a backup",
			(long long)v.bad_pos);
	sb_done(&b);
	app_desk_close(&d);
	return rc;
}

int cmd_audit(int argc, char **argv)
{
	const char *data = NULL;
	bool json = false;
	int rest, status;
	struct err e = { 0 };
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &json, "one JSON object" },
		{ "data", CLI_STR, &data, "data folder" },
	};
	if (!cli_parse(argc, argv, opts, 2, &rest, &status))
		return status;
	if (rest + 1 != argc || !sv_eq(sv_of(argv[rest]), SV("verify")))
		return cli_fail("say what to do: callm audit verify"), 2;
	return verify(data, json, &e) ? cli_fail("%s", e.msg) : 0;
}
