/* t_base_cfg.c: configuration: the YAML subset, checking against rules, environment, secrets,
 * starter file. */
#include <stdio.h>
#include <stdlib.h>
#include "t.h"

static const struct cfg_rule rules[] = {
	{ "http", CFG_OBJ, false, 0, 0, NULL, NULL, "The console and the API" },
	{ "http.listen", CFG_STR, true, 3, 60, NULL, NULL, "Address and port" },
	{ "http.workers", CFG_INT, false, 1, 64, NULL, "2", "Threads" },
	{ "http.tls", CFG_BOOL, false, 0, 0, NULL, "false", "Serve HTTPS" },
	{ "log.level", CFG_STR, false, 0, 0, "debug|info|warn|error", "info", "What is logged" },
	{ "voice.gain", CFG_NUM, false, -10, 10, NULL, "0.5", "Loudness" },
	{ "llm", CFG_LIST, false, 0, 0, NULL, NULL, "Language models, tried in order" },
	{ "llm[].kind", CFG_STR, true, 0, 0, "openai|builtin", NULL, "Backend" },
	{ "llm[].url", CFG_STR, false, 0, 0, NULL, NULL, "Address" },
	{ "llm[].timeout_ms", CFG_INT, false, 100, 60000, NULL, "8000", "Deadline" },
	{ "llm[].key", CFG_SECRET, false, 0, 0, NULL, NULL, "API key" },
	{ "numbers", CFG_LIST, false, 0, 0, NULL, NULL, "Our telephone numbers" },
	{ "numbers[]", CFG_STR, false, 3, 20, NULL, NULL, "One number" },
	{ "labels", CFG_OBJ, false, 0, 0, NULL, NULL, "Anything" },
};
enum { N = sizeof(rules) / sizeof(rules[0]) };

struct outcome {
	jv *tree;
	int rc;
	struct cfg_report rep;
	char all[4000]; /* "where: what | mend\n" for each issue */
};

static void run(struct outcome *o, const char *text)
{
	size_t n = 0;

	*o = (struct outcome){ 0 };
	o->tree = cfg_parse(sv_of(text), "c.yaml", &o->rep);
	o->rc = o->tree ? cfg_check(o->tree, sv_of(text), "c.yaml", rules, N, &o->rep) : ERR_PARSE;
	for (size_t i = 0; i < o->rep.n && n < sizeof(o->all) - 600; i++)
		n += (size_t)snprintf(o->all + n, sizeof(o->all) - n, "%s: %s | %s\n",
				      o->rep.v[i].where, o->rep.v[i].what, o->rep.v[i].mend);
}

static void done(struct outcome *o)
{
	jv_free(o->tree);
	cfg_report_done(&o->rep);
}

static const char *dump(const jv *v)
{
	static char out[2000];
	struct sb b;

	sb_init(&b, sizeof(out));
	jv_dump(v, &b);
	(void)snprintf(out, sizeof(out), "%s", sb_str(&b));
	sb_done(&b);
	return out;
}

TEST(cfg_reads_and_fills)
{
	struct outcome o;

	run(&o, "# comment\nhttp:\n  listen: 127.0.0.1:8080\n  workers:\nllm:\n"
		"  - kind: openai\n    url: \"http://x/v1\"\n  - {kind: builtin, timeout_ms: 500}\n"
		"numbers: [+8613800000000, 10086, 0123]\nlabels:\n  any: [1, two, 3.5, true, ~]\n");
	STR_EQ(o.all, "");
	OK(o.rc);
	STR_EQ(dump(o.tree),
	       "{\"http\":{\"listen\":\"127.0.0.1:8080\",\"workers\":2,\"tls\":false},\"llm\":["
	       "{\"kind\":\"openai\",\"url\":\"http://x/v1\",\"timeout_ms\":8000},"
	       "{\"kind\":\"builtin\",\"timeout_ms\":500}],"
	       "\"numbers\":[\"+8613800000000\",\"10086\",\"0123\"],"
	       "\"labels\":{\"any\":[1,\"two\",3.5,true,null]},"
	       "\"log\":{\"level\":\"info\"},\"voice\":{\"gain\":0.5}}");
	done(&o);
}

TEST(cfg_empty_text_still_tells_what_is_missing)
{
	struct outcome o;

	run(&o, "# nothing\n");
	EQ(o.rc, ERR_INVAL);
	STR_EQ(o.all, "c.yaml:http.listen: is missing | Address and port\n");
	done(&o);
	run(&o, "http: {listen: abc}\nllm:\n- url: x\n");
	EQ(o.rc, ERR_INVAL);
	STR_EQ(o.all, "c.yaml:llm[0].kind: is missing | Backend\n");
	done(&o);
}

TEST(cfg_names_line_key_and_remedy)
{
	static const struct {
		const char *text, *issue;
	} rows[] = {
		{ "http:\n  listen: abc\n  wrkers: 3\n",
		  "c.yaml:3:http.wrkers: unknown key | Did you mean \"workers\"?" },
		{ "http: {listen: abc}\n\nzzzzzzzz: 1\n",
		  "c.yaml:3:zzzzzzzz: unknown key | Remove it. Known here: http, log, voice, "
		  "llm, numbers, labels" },
		{ "http: {listen: abc, workers: 99}\n",
		  "c.yaml:1:http.workers: 99 is out of range | Use 1 to 64." },
		{ "http:\n  listen: abc\n  workers: many\n",
		  "c.yaml:3:http.workers: is text, should be a whole number | Write a whole "
		  "number, for example 2." },
		{ "http: {listen: abc, workers: 1.5}\n",
		  "is a number, should be a whole number" },
		{ "http:\n  listen: ab\n", "c.yaml:2:http.listen: 2 characters is out of range "
					   "| Use 3 to 60 characters." },
		{ "http:\n  listen: abc\n  tls: yes\n",
		  "c.yaml:3:http.tls: is text, should be true or false | Write true" },
		{ "http:\n  listen: off\n",
		  "c.yaml:2:http.listen: unquoted off means a truth value in YAML | Put it" },
		{ "http:\n  listen: true\n",
		  "is true or false, should be text | Put it into quotes." },
		{ "http: {listen: abc}\nlog:\n  level: loud\n",
		  "c.yaml:3:log.level: \"loud\" is not one of the choices | Use one of: debug, "
		  "info, warn, error" },
		{ "http: {listen: abc}\nllm: 5\n",
		  "c.yaml:2:llm: is a number, should be a list" },
		{ "http: {listen: abc}\nllm:\n  - openai\n",
		  "c.yaml:3:llm[0]: is text, should be a group of keys" },
		{ "http: {listen: abc}\nllm:\n - kind: openai\n - kind: nope\n",
		  "c.yaml:4:llm[1].kind: \"nope\"" },
		{ "http: {listen: abc}\nllm: [{kind: openai, key: sk-123}]\n",
		  "llm[0].key: a secret must not stand in the configuration" },
		{ "http: {listen: abc}\nllm: [{kind: openai, key: 'file:/nonexistent/k'}]\n",
		  "the file /nonexistent/k cannot be read" },
		{ "http: {listen: abc}\nlog: info\n",
		  "c.yaml:2:log: is text, should be a group of keys" },
		{ "http: {listen: abc}\nnumbers: [1]\n",
		  "c.yaml:2:numbers[0]: 1 characters is out of range" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome o;

		run(&o, rows[i].text);
		EQ(o.rc, ERR_INVAL);
		HAS(sv_of(o.all), rows[i].issue);
		EQ(o.rep.n, 1);
		done(&o);
	}
}

TEST(cfg_lines_of_values)
{
	const sv text = SV("a: 1\nlist:\n  - x: 1\n  - x: 2\n    y: 3\n");
	EQ(cfg_line(text, "a"), 1);
	EQ(cfg_line(text, "list[1].x"), 4);
	EQ(cfg_line(text, "list[1].y"), 5);
	EQ(cfg_line(text, "list[2].y"), 0);
}

TEST(cfg_refuses_what_is_not_the_subset)
{
	static const struct {
		const char *text, *issue;
	} rows[] = {
		{ "a: &x 1\nb: *x\n", "c.yaml:1:a: anchors (&name) are not read" },
		{ "a: *x\n", "aliases" },
		{ "a: !!str 1\n", "tags" },
		{ "a: &m {b: 1}\n", "anchors" },
		{ "c:\n  <<: {a: 1}\n", "merge keys" },
		{ "a: 1\nb: 2\na: 3\n", "c.yaml:3:a: the key appears twice" },
		{ "a: 1\n---\nb: 2\n", "several documents" },
		{ "- 1\n- 2\n", "the file must hold keys and values" },
		{ "just words\n", "the file must hold keys and values" },
		{ "a:\n\t- b\n", "c.yaml:2:a: found character that cannot start any token | "
				 "Indent with blanks" },
		{ "a: b: c\n", "mapping values are not allowed" },
		{ "a: [1, 2\n", "c.yaml:" },
		{ "a: \"x\n", "c.yaml:" },
		{ "a: \xff\n", "not UTF-8" },
		{ "? [a]\n: 1\n", "a key must be text" },
		{ "'': 1\n", "a key must have" },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "too deep" },
		{ "a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: "
		  "{a: {a: {a: {a: {a: {a: "
		  "{a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1",
		  "too deep" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome o;

		run(&o, rows[i].text);
		CHECK(!o.tree);
		HAS(sv_of(o.all), rows[i].issue);
		EQ(o.rep.n, 1);
		done(&o);
	}
}

TEST(cfg_types_plain_scalars)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{ "1", "1" },
		{ "-5", "-5" },
		{ "0", "0" },
		{ "0.5", "0.5" },
		{ "-0.25", "-0.25" },
		{ "1e3", "1000.0" },
		{ "007", "\"007\"" },
		{ "+1", "\"+1\"" },
		{ "1.2.3", "\"1.2.3\"" },
		{ "true", "true" },
		{ "True", "\"True\"" },
		{ "null", "null" },
		{ "~", "null" },
		{ "'1'", "\"1\"" },
		{ "\"true\"", "\"true\"" },
		{ "1_000", "\"1_000\"" },
		{ ".5", "\".5\"" },
		{ "5.", "\"5.\"" },
		{ "0x10", "\"0x10\"" },
		{ "12:30", "\"12:30\"" },
		{ "99999999999999999999", "1e+20" },
		{ "|\n  two\n  lines", "\"two\\nlines\\n\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[64], want[64];
		jv *t;

		(void)snprintf(text, sizeof(text), "a: %s\n", rows[i].text);
		(void)snprintf(want, sizeof(want), "{\"a\":%s}", rows[i].json);
		t = cfg_parse(sv_of(text), "x", NULL);
		STR_EQ(dump(t), want);
		jv_free(t);
	}
}

TEST(cfg_merges)
{
	jv *base = jv_parse(SV("{\"a\":{\"x\":1,\"y\":[1,2]},\"b\":1}"), NULL);
	jv *over = jv_parse(SV("{\"a\":{\"y\":[3],\"z\":{\"q\":1}},\"b\":{\"c\":2}}"), NULL);

	cfg_merge(base, over);
	STR_EQ(dump(base), "{\"a\":{\"x\":1,\"y\":[3],\"z\":{\"q\":1}},\"b\":{\"c\":2}}");
	jv_free(base);
	jv_free(over);
}

TEST(cfg_environment_overrides)
{
	static const char text[] = "http: {listen: abc, workers: 3}\n";
	struct cfg_report rep = { 0 };
	jv *t = cfg_parse(sv_of(text), "c.yaml", &rep);

	OK(setenv("CALLM_HTTP__WORKERS", "7", 1));
	OK(setenv("CALLM_LOG__LEVEL", "warn", 1));
	OK(setenv("CALLM_NUMBERS", "[\"123\",\"456\"]", 1));
	cfg_env(t, rules, N);
	OK(cfg_check(t, sv_of(text), "c.yaml", rules, N, &rep));
	EQ(jv_as_int(jv_path(t, "http.workers"), 0), 7);
	SV_EQ(jv_as_str(jv_path(t, "log.level")), "warn");
	SV_EQ(jv_as_str(jv_path(t, "numbers.1")), "456");
	OK(setenv("CALLM_HTTP__WORKERS", "lots", 1));
	cfg_env(t, rules, N);
	EQ(cfg_check(t, sv_of(text), "c.yaml", rules, N, &rep), ERR_INVAL);
	STR_EQ(rep.v[0].where, "environment:CALLM_HTTP__WORKERS:http.workers");
	(void)unsetenv("CALLM_HTTP__WORKERS");
	(void)unsetenv("CALLM_LOG__LEVEL");
	(void)unsetenv("CALLM_NUMBERS");
	jv_free(t);
	cfg_report_done(&rep);
}

TEST(cfg_secrets_come_from_outside)
{
	struct sb b, ref;
	struct err e = { 0 };
	char path[300];

	sb_init(&b, 1000);
	sb_init(&ref, 400);
	(void)snprintf(path, sizeof(path), "%s/key", t_tmpdir());
	OK(file_write(path, SV("s3cret\r\n"), &e));
	sb_fmt(&ref, "file:%s", path);
	OK(cfg_secret(sb_sv(&ref), &b, &e));
	SV_EQ(sb_sv(&b), "s3cret");
	OK(setenv("T_SECRET", "hush", 1));
	OK(cfg_secret(SV("env:T_SECRET"), &b, &e));
	SV_EQ(sb_sv(&b), "hush");
	(void)unsetenv("T_SECRET");
	EQ(cfg_secret(SV("env:T_SECRET"), &b, &e), ERR_NOTFOUND);
	HAS(sv_of(e.msg), "T_SECRET");
	EQ(cfg_secret(SV("file:/nonexistent"), &b, &e), ERR_NOTFOUND);
	EQ(cfg_secret(SV("plain"), &b, &e), ERR_INVAL);
	sb_done(&b);
	sb_done(&ref);
}

TEST(cfg_starter_can_be_read_back)
{
	struct cfg_report rep = { 0 };
	struct sb b, bare;
	sv rest, line;
	jv *t;

	sb_init(&b, LIM_SB);
	sb_init(&bare, LIM_SB);
	cfg_starter(rules, N, &b);
	HAS(sb_sv(&b), "# The console and the API\nhttp:\n  # Address and port\n  listen: \"\"\n"
		       "  # Threads\n  # workers: 2\n");
	t = cfg_parse(sb_sv(&b), "starter", &rep);
	EQ(rep.n, 0);
	STR_EQ(dump(t), "{\"http\":{\"listen\":\"\"},\"log\":null,\"voice\":null}");
	EQ(cfg_check(t, sb_sv(&b), "starter", rules, N, &rep), ERR_INVAL);
	EQ(rep.n, 1); /* only the address is too short */
	jv_free(t);
	/* With the comment signs gone from the examples it is the full configuration. */
	rest = sb_sv(&b);
	while (sv_line(&rest, &line)) {
		ptrdiff_t at = sv_find(line, SV("# "));
		sv code = at >= 0 ? sv_slice(line, (size_t)at + 2, line.n) : line;
		bool example = at >= 0 && (sv_find(code, SV(": ")) > 0 || sv_ends(code, SV(":")));

		if (at >= 0 && !example)
			continue;
		sb_put(&bare, sv_slice(line, 0, at >= 0 ? (size_t)at : 0));
		sb_put(&bare, code);
		sb_ch(&bare, '\n');
	}
	cfg_report_done(&rep);
	t = cfg_parse(sb_sv(&bare), "bare", &rep);
	CHECK(t);
	STR_EQ(dump(t), "{\"http\":{\"listen\":\"\",\"workers\":2,\"tls\":false},\"log\":{"
			"\"level\":\"info\"},"
			"\"voice\":{\"gain\":0.5},\"llm\":[{\"kind\":\"openai\",\"url\":\"\","
			"\"timeout_ms\":8000,"
			"\"key\":\"file:/path/to/secret\"}],\"numbers\":null,\"labels\":{}}");
	jv_free(t);
	cfg_report_done(&rep);
	sb_done(&b);
	sb_done(&bare);
}

TEST(cfg_is_bounded)
{
	struct cfg_report rep = { 0 };
	struct sb b;
	jv *t;

	sb_init(&b, 2 * LIM_CFG_BYTES);
	for (int i = 0; i < 500; i++)
		sb_fmt(&b, "zz%d: 1\n", i);
	t = cfg_parse(sb_sv(&b), "x", &rep);
	EQ(cfg_check(t, sb_sv(&b), "x", rules, N, &rep), ERR_INVAL);
	EQ(rep.n, 100);
	jv_free(t);
	sb_reset(&b);
	while (b.n <= LIM_CFG_BYTES)
		sb_cstr(&b, "# a long comment\n");
	CHECK(!cfg_parse(sb_sv(&b), "x", &rep));
	cfg_report_done(&rep);
	sb_done(&b);
}

TEST(cfg_where_keeps_the_file_of_a_long_path)
{
	char out[160];
	cfg_where(out, SV("a: 1\nb:\n  c: 2\n"), "short.yaml", "b.c");
	STR_EQ(out, "short.yaml:3:b.c");
	cfg_where(out, SV("a: 1\n"),
		  "/a/very/long/folder/that/goes/on/and/on/for/ever/x/table.yaml", "a");
	CHECK(strstr(out, "table.yaml:1:a") != NULL);
	CHECK(strlen(out) < 70);
	cfg_where(out, SV(""),
		  "one-name-without-any-slash-in-it-that-is-far-longer-than-48.yaml", "a");
	CHECK(strstr(out, "48.yaml:0:a") != NULL);
}
