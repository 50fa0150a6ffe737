/* eval_report.c: JUnit XML as CI servers read it (the Ant task's format: testsuites, testsuite,
 * testcase, failure, property), and the page's embedding. Pure. */
#include "eval_int.h"

extern const struct embed_file eval_pages[];
extern const size_t eval_pages_n;

/* XML 1.0 allows no control characters, not even escaped ones (section 2.2). */
static void put_xml(struct sb *b, sv s)
{
	struct sb clean;
	sb_init(&clean, LIM_SB);
	while (s.n) {
		uint32_t r = sv_rune(&s);
		if (r >= 0x20 ? r != 0xFFFE && r != 0xFFFF : r == '\n' || r == '\t')
			sb_rune(&clean, r);
	}
	sb_html(b, sb_sv(&clean));
	sb_done(&clean);
}

static void put_checks(struct sb *b, const jv *checks, int turn)
{
	for (size_t i = 0; i < jv_len(checks); i++) {
		const jv *c = jv_at(checks, i);
		if (jv_get_bool(c, "ok", false))
			continue;
		if (turn)
			sb_fmt(b, "turn %d, ", turn);
		else
			sb_cstr(b, "end, ");
		put_xml(b, jv_get_str(c, "what"));
		sb_cstr(b, ": wanted \"");
		put_xml(b, jv_get_str(c, "want"));
		sb_cstr(b, "\", got \"");
		put_xml(b, jv_get_str(c, "got"));
		sb_cstr(b, "\"\n");
	}
}

static void put_failure(struct sb *b, const jv *run)
{
	const jv *turns = jv_get(run, "turns"), *judge = jv_get(run, "judge");
	sv error = jv_get_str(run, "error");
	if (error.n) {
		put_xml(b, error);
		sb_ch(b, '\n');
	}
	for (size_t t = 0; t < jv_len(turns); t++)
		put_checks(b, jv_get(jv_at(turns, t), "checks"), (int)t + 1);
	put_checks(b, jv_get(run, "checks"), 0);
	if (judge && !jv_get_bool(judge, "ok", false)) {
		sb_cstr(b, "judge: ");
		put_xml(b, jv_get_str(judge, "reason"));
		sb_ch(b, '\n');
	}
}

static double case_ms(const jv *c)
{
	const jv *runs = jv_get(c, "runs");
	double ms = 0;
	for (size_t i = 0; i < jv_len(runs); i++)
		ms += jv_get_num(jv_at(runs, i), "ms", 0);
	return ms;
}

static void put_case(struct sb *b, const jv *suite, const jv *c)
{
	int64_t trials = jv_get_int(c, "trials", 0), passed = jv_get_int(c, "passed", 0);
	const jv *runs = jv_get(c, "runs");
	sb_cstr(b, "    <testcase classname=\"");
	put_xml(b, jv_get_str(suite, "suite"));
	sb_cstr(b, "\" name=\"");
	put_xml(b, jv_get_str(c, "name"));
	sb_fmt(b, "\" time=\"%.4f\"", case_ms(c) / 1000);
	if (passed == trials) {
		sb_cstr(b, "/>\n");
		return;
	}
	sb_fmt(b, ">\n      <failure message=\"%lld of %lld trials passed\" type=\"expectation\">",
	       (long long)passed, (long long)trials);
	for (size_t i = 0; i < jv_len(runs); i++)
		if (!jv_get_bool(jv_at(runs, i), "ok", false))
			put_failure(b, jv_at(runs, i));
	sb_cstr(b, "</failure>\n    </testcase>\n");
}

static void put_suite(struct sb *b, const jv *s)
{
	const jv *cases = jv_get(s, "cases"), *pass = jv_get(s, "pass_k");
	sb_cstr(b, "  <testsuite name=\"");
	put_xml(b, jv_get_str(s, "suite"));
	sb_fmt(b, "\" tests=\"%lld\" failures=\"%lld\" errors=\"0\" skipped=\"0\" time=\"%.4f\">\n",
	       (long long)jv_get_int(s, "total", 0), (long long)jv_get_int(s, "failed", 0),
	       jv_get_num(s, "ms", 0) / 1000);
	sb_cstr(b, "    <properties>\n      <property name=\"file\" value=\"");
	put_xml(b, jv_get_str(s, "file"));
	sb_cstr(b, "\"/>\n");
	for (size_t k = 0; k < jv_len(pass); k++)
		sb_fmt(b, "      <property name=\"pass^%zu\" value=\"%.4f\"/>\n", k + 1,
		       jv_as_num(jv_at(pass, k), 0));
	sb_cstr(b, "    </properties>\n");
	for (size_t i = 0; i < jv_len(cases); i++)
		put_case(b, s, jv_at(cases, i));
	sb_cstr(b, "  </testsuite>\n");
}

void eval_junit(const jv *results, struct sb *out)
{
	int64_t total = 0, failed = 0;
	double ms = 0;
	for (size_t i = 0; i < jv_len(results); i++) {
		total += jv_get_int(jv_at(results, i), "total", 0);
		failed += jv_get_int(jv_at(results, i), "failed", 0);
		ms += jv_get_num(jv_at(results, i), "ms", 0);
	}
	sb_cstr(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	sb_fmt(out,
	       "<testsuites name=\"callm eval\" tests=\"%lld\" failures=\"%lld\" errors=\"0\" "
	       "time=\"%.4f\">\n",
	       (long long)total, (long long)failed, ms / 1000);
	for (size_t i = 0; i < jv_len(results); i++)
		put_suite(out, jv_at(results, i));
	sb_cstr(out, "</testsuites>\n");
}

/* The page holds its data as JSON in a script element: "<" is escaped there, so that no text of
 * a customer can end it. */
int eval_html(const jv *results, struct sb *out)
{
	const struct embed_file *f = embed_find(eval_pages, eval_pages_n, SV("report.html"));
	struct sb page, json;
	sb_init(&page, LIM_SB);
	sb_init(&json, out->max);
	int rc = f ? embed_text(f, &page) : ERR_NOTFOUND;
	ptrdiff_t at = sv_find(sb_sv(&page), SV("@RESULTS@"));
	if (rc == 0 && at < 0)
		rc = ERR_CORRUPT;
	if (rc == 0) {
		jv_dump(results, &json);
		sv rest = sb_sv(&json), all = sb_sv(&page);
		sb_put(out, sv_slice(all, 0, (size_t)at));
		for (size_t i = 0; i < rest.n; i++)
			if (rest.p[i] == '<')
				sb_cstr(out, "\\u003c");
			else
				sb_ch(out, rest.p[i]);
		sb_put(out, sv_slice(all, (size_t)at + 9, all.n));
		rc = sb_err(&json) ? sb_err(&json) : sb_err(out);
	}
	sb_done(&page);
	sb_done(&json);
	return rc;
}
