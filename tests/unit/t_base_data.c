/* t_base_data.c: JSON, clock, ids, random numbers, log lines, metrics, files. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "t.h"

static const char *dump(const jv *v)
{
	static char out[4096];
	struct sb b;

	sb_init(&b, LIM_SB);
	jv_dump(v, &b);
	(void)snprintf(out, sizeof(out), "%s", sb_str(&b));
	sb_done(&b);
	return out;
}

TEST(json_roundtrips)
{
	static const char *const docs[] = {
		"{}",
		"[]",
		"null",
		"true",
		"\"x\"",
		"0",
		"-7",
		"1.5",
		"0.1",
		"1e+300",
		"9223372036854775807",
		"{\"b\":1,\"a\":[1,2.0,null,{\"z\":\"\xe4\xbd\xa0\\n\"}],\"c\":false}",
		"[[[[]]]]",
		"4.94065645841247e-324",
		"0.30000000000000004",
		"[\"\\\"\\\\/\"]",
	};

	for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
		struct err e = { 0 };
		jv *v = jv_parse(sv_of(docs[i]), &e);

		STR_EQ(e.msg, "");
		CHECK(v != NULL);
		STR_EQ(dump(v), docs[i]);
		jv_free(v);
	}
}

TEST(json_is_strict)
{
	static const struct {
		sv text;
		int code;
	} rows[] = {
		{ SV("{\"a\":1,\"a\":2}"), ERR_PARSE },
		{ SV("[1,]"), ERR_PARSE },
		{ SV(""), ERR_PARSE },
		{ SV("{\"a\":1} x"), ERR_PARSE },
		{ SV("[1"), ERR_PARSE },
		{ SV("nul"), ERR_PARSE },
		{ SV("\"\xff\""), ERR_UTF8 },
		{ SV("[NaN]"), ERR_PARSE },
		{ SV("01"), ERR_PARSE },
		{ SV("\"\\u0000\""), ERR_PARSE },
		{ SV("\"\\ud800\""), ERR_PARSE },
		{ SV("1e999"), ERR_PARSE },
		{ SV("99999999999999999999"), ERR_PARSE },
		{ SV("{'a':1}"), ERR_PARSE },
		{ SV("\"\n\""), ERR_PARSE },
		{ SV("{\"a\"}"), ERR_PARSE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		CHECK(!jv_parse(rows[i].text, &e));
		EQ(e.code, rows[i].code);
		CHECK(e.msg[0]);
	}
	CHECK(!jv_parse(SV_NULL, NULL));
}

TEST(json_is_bounded)
{
	struct sb b;
	struct err e = { 0 };
	jv *v;

	sb_init(&b, LIM_JSON_BYTES + 100);
	for (int i = 0; i < LIM_JSON_DEPTH; i++)
		sb_ch(&b, '[');
	for (int i = 0; i < LIM_JSON_DEPTH; i++)
		sb_ch(&b, ']');
	v = jv_parse(sb_sv(&b), &e);
	CHECK(v != NULL);
	jv_free(v);
	sb_reset(&b);
	for (int i = 0; i < 100000; i++)
		sb_ch(&b, '[');
	CHECK(!jv_parse(sb_sv(&b), &e));
	HAS(sv_of(e.msg), "deeper than 64");
	sb_reset(&b);
	while (b.n <= LIM_JSON_BYTES)
		sb_cstr(&b, "                ");
	CHECK(!jv_parse(sb_sv(&b), &e));
	EQ(e.code, ERR_TOOBIG);
	sb_reset(&b);
	sb_cstr(&b, "{\"a\":\n \"\\\"[[\",\n ?}");
	CHECK(!jv_parse(sb_sv(&b), &e));
	EQ(e.line, 3);
	sb_done(&b);
}

TEST(json_builds_and_reads)
{
	jv *o = jv_obj(), *a = jv_arr(), *val;
	void *it = NULL;
	sv key;
	char keys[16] = "";

	jv_set_str(o, "s", SV("x"));
	jv_set_int(o, "i", -5);
	jv_set_num(o, "n", 2.5);
	jv_set_bool(o, "b", true);
	jv_push(a, jv_int(1));
	jv_push(a, NULL);
	jv_push(a, jv_obj());
	jv_set(jv_at(a, 2), "deep", jv_str(SV("gold")));
	jv_set(o, "a", a);
	jv_set(o, "none", NULL);
	STR_EQ(dump(o), "{\"s\":\"x\",\"i\":-5,\"n\":2.5,\"b\":true,\"a\":[1,null,{\"deep\":"
			"\"gold\"}]}");
	SV_EQ(jv_get_str(o, "s"), "x");
	EQ(jv_get_int(o, "i", 0), -5);
	EQ(jv_get_int(o, "n", 0), 2);
	NEAR(jv_get_num(o, "i", 0), -5, 0);
	CHECK(jv_get_bool(o, "b", false) && jv_get_bool(o, "s", true) &&
	      !jv_get_bool(NULL, "b", false));
	SV_EQ(jv_as_str(jv_path(o, "a.2.deep")), "gold");
	CHECK(!jv_path(o, "a.9") && !jv_path(o, "s.x") && !jv_path(o, "a.x"));
	EQ(jv_get_int(o, "s", 9), 9);
	CHECK(!jv_get_str(o, "i").p);
	EQ(jv_len(o), 5);
	EQ(jv_len(jv_get(o, "a")), 3);
	EQ(jv_len(NULL), 0);
	CHECK(jv_is_null(NULL) && jv_is_null(jv_at(jv_get(o, "a"), 1)) &&
	      jv_is_num(jv_get(o, "n")));
	while (jv_next(o, &it, &key, &val))
		strncat(keys, key.p, key.n);
	STR_EQ(keys, "sinba");
	jv_del(o, "i");
	val = jv_copy(o);
	jv_free(o);
	HAS(sv_of(dump(val)), "\"gold\"");
	jv_free(val);
}

TEST(json_repairs_bad_text_and_numbers)
{
	jv *o = jv_obj(), *back;

	jv_set_str(o, "a\xff", sv_n("x\0\xffy", 4));
	jv_set_num(o, "nan", NAN);
	jv_set_num(o, "big", 1e300);
	back = jv_parse(sv_of(dump(o)), NULL);
	CHECK(back != NULL);
	SV_EQ(jv_get_str(back, "a\xef\xbf\xbd"), "x\xef\xbf\xbd\xef\xbf\xbdy");
	CHECK(jv_is_null(jv_get(back, "nan")));
	EQ(jv_get_int(back, "big", 3), 3); /* does not fit: the default */
	jv_free(o);
	jv_free(back);
}

TEST(time_text_both_ways)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "1970-01-01T00:00:00.000Z", 0 },
		{ "2026-11-25T08:00:00.123Z", 1795593600123 },
		{ "2000-02-29T23:59:59.999Z", 951868799999 },
		{ "1969-12-31T23:59:59.999Z", -1 },
		{ "0001-01-01T00:00:00.000Z", -62135596800000 },
		{ "9999-12-31T23:59:59.999Z", 253402300799999 },
	};
	static const char *const bad[] = { "",
					   "2026",
					   "2026-13-01",
					   "2026-02-30",
					   "2023-02-29",
					   "2026-01-01T",
					   "2026-01-01T00:00Z",
					   "2026-01-01T24:00:00Z",
					   "2026-01-01T00:00:00",
					   "2026-01-01T00:00:00Zx",
					   "2026-01-01T00:00:00.Z",
					   "1900-02-29",
					   "0000-01-01",
					   "2026-01-01T00:00:00+25:00" };
	char out[32];
	int64_t ms;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		clk_rfc3339(rows[i].ms, out);
		STR_EQ(out, rows[i].text);
		OK(clk_parse_rfc3339(sv_of(out), &ms));
		EQ(ms, rows[i].ms);
	}
	OK(clk_parse_rfc3339(SV("2026-11-25T16:00:00.123456+08:00"), &ms));
	EQ(ms, 1795593600123);
	OK(clk_parse_rfc3339(SV("2026-11-25"), &ms));
	EQ(ms, 1795564800000);
	OK(clk_parse_rfc3339(SV("2026-11-25 00:00:01z"), &ms));
	EQ(ms, 1795564801000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EQ(clk_parse_rfc3339(sv_of(bad[i]), &ms), ERR_PARSE);
	clk_rfc3339(INT64_MAX, out);
	STR_EQ(out, "9999-12-31T23:59:59.999Z");
	for (int i = 0; i < 2000; i++) {
		int64_t t = (int64_t)rng_below(t_rng(), 315537897599999) - 62135596800000;

		clk_rfc3339(t, out);
		OK(clk_parse_rfc3339(sv_of(out), &ms));
		EQ(ms, t);
	}
}

TEST(wall_clock_can_be_pinned)
{
	clk_pin_wall(1234567);
	EQ(clk_wall_ms(), 1234567);
	clk_pin_wall(0);
	CHECK(clk_wall_ms() > 1700000000000);
	CHECK(clk_cpu_us() > 0);
}

TEST(ids_sort_by_time_and_never_repeat)
{
	char a[27], b[27];

	id_new(a);
	for (int i = 0; i < 20000; i++) {
		id_new(b);
		CHECK(strcmp(a, b) < 0);
		memcpy(a, b, sizeof(a));
	}
	CHECK(id_ok(sv_of(a)));
	CHECK(!id_ok(SV("01ARZ3NDEKTSV4RRFFQ69G5FA")) && !id_ok(SV("81ARZ3NDEKTSV4RRFFQ69G5FAV")));
	CHECK(id_ok(SV("01ARZ3NDEKTSV4RRFFQ69G5FAV")) && !id_ok(SV("01ARZ3NDEKTSV4RRFFQ69G5FAU")));
	clk_pin_wall(1469918176385); /* a known time: 01ARYZ6S41 */
	clk_pin_wall(0);
}

TEST(rng_is_reproducible_and_even)
{
	struct rng a, b;
	int bin[10] = { 0 };
	double sum = 0, sq = 0;
	unsigned char bytes[64] = { 0 };

	rng_seed(&a, 42);
	rng_seed(&b, 42);
	for (int i = 0; i < 100; i++)
		CHECK(rng_u64(&a) == rng_u64(&b));
	for (int i = 0; i < 100000; i++) {
		double u = rng_unit(&a), z = rng_normal(&a);

		CHECK(u >= 0 && u < 1);
		bin[rng_below(&a, 10)]++;
		sum += z;
		sq += z * z;
	}
	for (int i = 0; i < 10; i++)
		NEAR(bin[i], 10000, 600);
	NEAR(sum / 100000, 0, 0.02);
	NEAR(sq / 100000, 1, 0.03);
	EQ(rng_below(&a, 1), 0);
	rng_secure(bytes, sizeof(bytes));
	for (int i = 1; i < 64; i++)
		bytes[0] |= bytes[i];
	CHECK(bytes[0]);
}

static const char *log_line(int fd)
{
	static char line[8192];
	ssize_t n = read(fd, line, sizeof(line) - 1);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

TEST(log_lines_are_json_that_values_cannot_forge)
{
	int fd[2];
	jv *v;

	OK(pipe(fd));
	log_init(LOG_LV_INFO, LOG_FMT_JSON, fd[1]);
	LOG(DEBUG, "hidden", "x=%d", 1);
	LOG(INFO, "turn.end", "conv=%s ms=%d rate=%.2f note=%s", "a b", 42, 0.5, "q\"\n ms=7");
	v = jv_parse(sv_trim(sv_of(log_line(fd[0]))), NULL);
	CHECK(v != NULL);
	SV_EQ(jv_get_str(v, "level"), "info");
	SV_EQ(jv_get_str(v, "event"), "turn.end");
	SV_EQ(jv_get_str(v, "conv"), "a b");
	EQ(jv_get_int(v, "ms", 0), 42);
	NEAR(jv_get_num(v, "rate", 0), 0.5, 0);
	SV_EQ(jv_get_str(v, "note"), "q\"\n ms=7");
	jv_free(v);
	LOG(WARN, "plain", "%s", "no fields here");
	v = jv_parse(sv_trim(sv_of(log_line(fd[0]))), NULL);
	SV_EQ(jv_get_str(v, "msg"), "no fields here");
	jv_free(v);
	log_init(LOG_LV_DEBUG, LOG_FMT_TEXT, fd[1]);
	LOG(DEBUG, "ev", "a=%s b=%d", "1\n2", 3);
	HAS(sv_of(log_line(fd[0])), "debug ev a=1?2 b=3\n");
	log_init(LOG_LV_INFO, LOG_FMT_AUTO, 2);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

TEST(log_drops_rather_than_blocks)
{
	int fd[2];
	char big[3000];
	int64_t start = clk_mono_us();

	OK(pipe(fd));
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	(void)fcntl(fd[1], F_SETPIPE_SZ, 4096);
	log_init(LOG_LV_INFO, LOG_FMT_JSON, fd[1]);
	for (int i = 0; i < 4; i++)
		LOG(INFO, "big", "x=%s", big);
	CHECK(clk_mono_us() - start < 5000000);
	(void)log_line(fd[0]);
	LOG(INFO, "after", "x=%d", 1);
	HAS(sv_of(log_line(fd[0])), "\"lost_lines\":3");
	log_init(LOG_LV_INFO, LOG_FMT_AUTO, 2);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

TEST(pii_keeps_only_the_ends)
{
	enum log_level lv;

	STR_EQ(pii(SV("13800000005")), "1***5");
	STR_EQ(pii(SV("\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99")), "\xe6\x9d\x8e***\xe9\xbe\x99");
	STR_EQ(pii(SV("ab")), "***");
	STR_EQ(pii(SV_NULL), "***");
	OK(log_level_parse(SV("WARN"), &lv));
	EQ(lv, LOG_LV_WARN);
	EQ(log_level_parse(SV("loud"), &lv), ERR_INVAL);
}

TEST(metrics_count_and_estimate)
{
	struct sb b;
	int64_t before = metric_get(M_TURNS);

	metric_inc(M_TURNS);
	metric_add(M_TURNS, 2);
	EQ(metric_get(M_TURNS), before + 3);
	metric_set(M_CONV_LIVE, 7);
	metric_add(M_CONV_LIVE, -2);
	EQ(metric_get(M_CONV_LIVE), 5);
	EQ(metric_quantile_us(M_ASR_US, 0.5), 0);
	for (int i = 1; i <= 1000; i++)
		metric_observe_us(M_ASR_US, i * 1000);
	metric_observe_us(M_ASR_US, -5);
	EQ(metric_get(M_ASR_US), 1001);
	NEAR((double)metric_quantile_us(M_ASR_US, 0.5), 500000, 10000);
	NEAR((double)metric_quantile_us(M_ASR_US, 0.99), 990000, 10000);
	sb_init(&b, LIM_SB);
	metric_write(&b);
	EQ(sb_err(&b), 0);
	HAS(sb_sv(&b), "# TYPE callm_asr_final_seconds histogram\n");
	HAS(sb_sv(&b), "callm_asr_final_seconds_bucket{le=\"0.5\"} 501\n");
	HAS(sb_sv(&b), "callm_asr_final_seconds_bucket{le=\"+Inf\"} 1001\n");
	HAS(sb_sv(&b), "callm_conversations_live 5\n");
	sb_done(&b);
	metric_mark(); /* from here on: another stretch */
	EQ(metric_since_us(M_ASR_US, 0.5), 0);
	for (int k = 0; k < 100; k++)
		metric_observe_us(M_ASR_US, 2500);
	CHECK(metric_since_us(M_ASR_US, 0.5) >= 2000 && metric_since_us(M_ASR_US, 0.99) <= 3000);
	CHECK(metric_quantile_us(M_ASR_US, 0.99) > 100000);
}

struct walked {
	char names[256];
	int stop_after;
};

static int on_walked(void *arg, const char *path)
{
	struct walked *w = arg;
	const char *base = strrchr(path, '/') + 1;
	size_t n = strlen(w->names);

	(void)snprintf(w->names + n, sizeof(w->names) - n, "%s ", base);
	return w->stop_after && --w->stop_after == 0 ? 77 : 0;
}

TEST(files_read_write_walk)
{
	struct walked w = { "", 0 };
	struct err e = { 0 };
	struct sb b;
	char path[512], sub[512];

	sb_init(&b, 1000);
	(void)snprintf(sub, sizeof(sub), "%s/a/b/c", t_tmpdir());
	OK(file_mkdirs(sub, &e));
	OK(file_mkdirs(sub, &e));
	(void)snprintf(path, sizeof(path), "%s/a/two", t_tmpdir());
	OK(file_write(path, SV("hello"), &e));
	OK(file_write(path, SV("world"), &e));
	OK(file_read(path, 100, &b, &e));
	SV_EQ(sb_sv(&b), "world");
	EQ(file_read(path, 3, &b, &e), ERR_TOOBIG);
	HAS(sv_of(e.msg), "/a/two");
	EQ(file_read(sub, 100, &b, &e), ERR_INVAL);
	(void)snprintf(sub, sizeof(sub), "%s/a/b/one", t_tmpdir());
	OK(file_write(sub, SV(""), &e));
	EQ(file_mkdirs(sub, &e), ERR_EXISTS);
	(void)snprintf(sub, sizeof(sub), "%s/a/link", t_tmpdir());
	OK(symlink("/etc", sub)); /* never followed */
	OK(file_walk(t_tmpdir(), on_walked, &w));
	STR_EQ(w.names, "one two ");
	w = (struct walked){ "", 1 };
	EQ(file_walk(t_tmpdir(), on_walked, &w), 77);
	STR_EQ(w.names, "one ");
	EQ(file_walk("/nonexistent", on_walked, &w), ERR_NOTFOUND);
	EQ(file_read("/nonexistent/x", 10, &b, &e), ERR_NOTFOUND);
	HAS(sv_of(e.msg), "/nonexistent/x: cannot open");
	EQ(file_write("/nonexistent/x", SV(""), &e), ERR_NOTFOUND);
	CHECK(file_exists(path) && !file_exists("/nonexistent"));
	sb_done(&b);
}
