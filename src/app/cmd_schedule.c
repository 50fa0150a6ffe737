/* cmd_schedule.c: `callm schedule`: the cheapest roster of shifts that covers a need, the running
 * day planned anew, adherence; YAML in, JSON out. Main thread. */
#include "app_int.h"
#include "ins_staffing.h"

#include <stdio.h>

int cmd_schedule(int argc, char **argv)
{
	int rest, status, rc;
	struct err e = { 0 };
	struct cfg_report rep = { 0 };
	struct sb b;
	jv *in, *out = NULL;
	if (!cli_parse(argc, argv, NULL, 0, &rest, &status))
		return status;
	if (rest + 1 != argc)
		return cli_fail("one FILE.yaml; see callm schedule --help"), 2;
	sb_init(&b, LIM_CFG_BYTES);
	if (file_read(argv[rest], LIM_CFG_BYTES, &b, &e)) {
		sb_done(&b);
		return cli_fail("%s", e.msg);
	}
	in = cfg_parse(sb_sv(&b), argv[rest], &rep);
	cli_tell(&rep);
	rc = in ? ins_plan_json(in, &out, &e) : ERR_PARSE;
	if (rc == 0)
		cli_print_json(out);
	else if (in)
		rc = cli_fail("%s: %s", argv[rest], e.msg);
	jv_free(in);
	sb_done(&b);
	return rc ? 1 : 0;
}
