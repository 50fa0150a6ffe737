/* app_cli.c: long options from a table, help with an example first, one clear line for a
 * mistake. */
#include "app_int.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int cli_fail(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("callm: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	return 1;
}

void cli_tell(struct cfg_report *rep)
{
	for (size_t i = 0; i < rep->n; i++)
		(void)fprintf(stderr, "%s: %s\n    %s\n", rep->v[i].where, rep->v[i].what,
			      rep->v[i].mend);
	cfg_report_done(rep);
}

static int by_value(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
	return (a > b) - (a < b);
}

void cli_sort(int64_t *v, size_t n)
{
	if (n)
		qsort(v, n, sizeof(*v), by_value);
}

static void help(const char *cmd, const struct cli_opt *o, size_t n)
{
	const struct cli_cmd *c = cli_cmd_find(cmd);
	if (c) {
		printf("example:  callm %s\n\n", c->example);
		printf("usage:    callm %s %s\n          %s\n", c->name, c->args, c->what);
	}
	if (n)
		printf("\noptions:\n");
	for (size_t i = 0; i < n; i++) {
		static const char *const value[] = { "", " TEXT", " N" };
		char left[48];
		snprintf(left, sizeof(left), "--%s%s", o[i].name, value[o[i].kind]);
		printf("  %-22s %s\n", left, o[i].help);
	}
}

static bool take(const struct cli_opt *o, const char *arg)
{
	if (o->kind == CLI_FLAG) {
		*(bool *)o->dst = true;
		return true;
	}
	if (o->kind == CLI_STR) {
		*(const char **)o->dst = arg;
		return true;
	}
	if (sv_i64(sv_of(arg), o->dst) == 0)
		return true;
	fprintf(stderr, "callm: --%s needs a whole number, not \"%s\"\n", o->name, arg);
	return false;
}

bool cli_parse(int argc, char **argv, const struct cli_opt *o, size_t n, int *ret_rest,
	       int *ret_status)
{
	struct option longs[40] = { 0 };
	ASSERT(n < 38);
	for (size_t i = 0; i < n; i++)
		longs[i] = (struct option){ o[i].name, o[i].kind == CLI_FLAG ? 0 : 1, NULL,
					    (int)i + 256 };
	longs[n] = (struct option){ "help", 0, NULL, 'h' };
	optind = 1;
	*ret_status = 2;
	for (;;) {
		int c = getopt_long(argc, argv, "h", longs, NULL);
		if (c < 0)
			break;
		if (c == 'h') {
			help(argv[0], o, n);
			*ret_status = 0;
			return false;
		}
		if (c == '?') {
			fprintf(stderr, "callm: see callm %s --help\n", argv[0]);
			return false;
		}
		if (!take(&o[c - 256], optarg))
			return false;
	}
	*ret_rest = optind;
	return true;
}

void cli_print_json(jv *v)
{
	struct sb b;
	sb_init(&b, 64u << 20);
	jv_dump(v, &b);
	sb_ch(&b, '\n');
	fwrite(sb_str(&b), 1, b.n, stdout);
	fflush(stdout);
	sb_done(&b);
	jv_free(v);
}

int64_t cli_cpu_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}
