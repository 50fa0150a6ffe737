/* The fuzz corpora as unit tests: every hostile input gets an error or a closed
 * connection, and the server answers a good request after each. */
#include "../fuzz/f_web_ws.c"

struct tally {
	int n, ok, refused, closed, alive;
	char bad[200];
};

static void note(struct tally *t, const char *name, const char *what)
{
	if (!t->bad[0])
		snprintf(t->bad, sizeof t->bad, "%s: %s", name, what);
}

static int http_file(void *arg, const char *path)
{
	struct tally *t = arg;
	struct sb b;
	const char *name = strrchr(path, '/') + 1;
	sb_init(&b, 1u << 20);
	if (file_read(path, 1u << 20, &b, NULL) == 0) {
		fuzz_http_one((const uint8_t *)b.p, b.n);
		t->n++;
		t->ok += fuzz_status == 200;
		t->refused += fuzz_status >= 400;
		t->closed += fuzz_status == 0;
		bool good = sv_starts(sv_of(name), SV("ok_"));
		if (!fuzz_ended)
			note(t, name, "the connection stays open");
		if (good != (fuzz_status == 200))
			note(t, name,
			     good ? "a good request was refused" : "a bad request got 200");
	}
	sb_done(&b);
	return 0;
}

static int ws_file(void *arg, const char *path)
{
	struct tally *t = arg;
	struct sb b;
	sb_init(&b, 1u << 20);
	if (file_read(path, 1u << 20, &b, NULL) == 0) {
		LLVMFuzzerTestOneInput((const uint8_t *)b.p, b.n);
		t->n++;
		if (!fuzz_ended)
			note(t, strrchr(path, '/') + 1, "the connection stays open");
	}
	sb_done(&b);
	return 0;
}

static void walk(const char *what, int (*fn)(void *, const char *), struct tally *t)
{
	struct sb b;
	sb_init(&b, 1024);
	sb_fmt(&b, "%s/tests/fuzz/corpus/%s", t_srcdir(), what);
	file_walk(sb_str(&b), fn, t);
	sb_done(&b);
}

TEST(web_hostile_requests_get_an_error_or_a_close)
{
	struct tally t = { 0 };
	fuzz_up();
	walk("web_http", http_file, &t);
	fuzz_down();
	STR_EQ(t.bad, "");
	CHECK(t.n >= 50);
	EQ(t.ok, 4);      /* the library takes "get" for GET */
	CHECK(t.refused >= 40);
}

TEST(web_hostile_frames_end_the_socket_not_the_server)
{
	struct tally t = { 0 };
	fuzz_up();
	walk("web_ws", ws_file, &t);
	fuzz_down();
	STR_EQ(t.bad, "");
	CHECK(t.n >= 30);
}
