/* cmd_bench_voice.c: `callm bench voice`: the acceptance tests of a voice server
 * (docs/bench.md). */
#include "app_int.h"
#include "bench.h"

#include <stdio.h>
#include <unistd.h>

int bench_voice_cmd(int argc, char **argv)
{
	struct bench_opts o = { 0 };
	char exe[4096];
	int64_t seed = 1, calls = 0, seconds = 0, models = 0;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "only", CLI_STR, &o.only, "tests to run, T1,T2 (all)" },
		{ "quick", CLI_FLAG, &o.quick,
		  "few repetitions; without --only T1, T2 and T14: a minute" },
		{ "json", CLI_STR, &o.json, "write the figures to this file too" },
		{ "seed", CLI_INT, &seed, "of all that is random (1)" },
		{ "target", CLI_STR, &o.target,
		  "another server, sip:127.0.0.1:5060 (our own)" },
		{ "caller", CLI_STR, &o.caller,
		  "baresip: it makes the calls of T1, T2, T7, T11 (our own telephones)" },
		{ "models", CLI_INT, &models, "port of the fake models (any)" },
		{ "keep", CLI_STR, &o.keep,
		  "folder for the server's data and log (temporary)" },
		{ "calls", CLI_INT, &calls, "T15: calls at once (200)" },
		{ "seconds", CLI_INT, &seconds, "T15: how long (600)" },
		{ "list", CLI_FLAG, &o.list, "print the tests" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (seed < 1 || calls < 0 || calls > 5000 || seconds < 0 || seconds > 86400 ||
	    models < 0 || models > 65535)
		return cli_fail("a number is out of range; see callm bench voice --help"), 2;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n <= 0)
		return cli_fail("the program does not find itself in /proc");
	exe[n] = '\0';
	o.exe = exe;
	o.seed = (uint64_t)seed;
	o.calls = (int)calls;
	o.seconds = (int)seconds;
	o.models_port = (int)models;
	struct err e = { 0 };
	log_init(LOG_LV_ERROR, LOG_FMT_AUTO, 2);
	int rc = bench_voice(&o, &e);
	return rc < 0 ? cli_fail("%s", e.msg) : rc;
}
