/* t_model_win.c: windows, jobs, partial results and lists of recognisers, against a stand-in for
 * callm-whisper (tests/asr_worker.c). */
#include <signal.h>
#include <stdio.h>

#include "t.h"
#include "t_model_ear.h"
#include "model_paths.h"

struct room {
	struct loop *l;
	struct asr *a;
	struct asr_run *r;
	struct ear_said h;
	struct err e;
	int rc;
};

static struct model_spec spec_of(const char *orders)
{
	return (struct model_spec){ .kind = "whisper", .exe = MODEL_PATHS "/asr_worker",
				    .file = orders, .max_workers = 1 };
}

static void open_room(struct room *m, const char *orders)
{
	struct model_spec s = spec_of(orders);
	*m = (struct room){ .l = loop_new() };
	ear_said_init(&m->h);
	m->rc = asr_open(&m->a, &s, m->l, &m->e);
	m->rc = m->rc ? m->rc : asr_start(m->a, SV("en"), &ear_cb, &m->h, &m->r);
}

static void close_room(struct room *m)
{
	asr_close(m->a);
	ear_said_done(&m->h);
	loop_free(m->l);
}

static bool nothing(void *arg)
{
	(void)arg;
	return false;
}

static bool worker_runs(void *arg)
{
	struct room *m = arg;
	return m->rc || asr_worker_pid(m->r) > 1;
}

static bool first_job(void *arg)
{
	return ear_jobs(arg) > 0;
}

TEST(win_hears_while_one_speaks)
{
	struct room m;
	char orders[700], count[600];
	(void)snprintf(count, sizeof(count), "%s/jobs", t_tmpdir());
	(void)snprintf(orders, sizeof(orders), "count %s\n", count);
	open_room(&m, ear_orders("o", orders));
	(void)t_wait(m.l, worker_runs, &m, 10000);
	ear_speak(m.l, m.r, "3141592");
	bool begun = t_wait(m.l, first_job, count, 10000);
	(void)t_wait(m.l, nothing, NULL, 50); /* the first hypothesis */
	ear_speak(m.l, m.r, "6535");
	bool early = t_wait(m.l, ear_partial, &m.h, 10000);
	bool stable = sv_starts(SV("three one four one five nine two six five three five"),
				sb_sv(&m.h.partial));
	ear_silence(m.l, m.r, 500);
	int before = m.h.finals;
	asr_flush(m.r);
	int inside = m.h.finals;
	bool done = t_wait(m.l, ear_ended, &m.h, 10000);
	struct sb text = m.h.text;
	sb_init(&m.h.text, LIM_SB);
	m.h.finals = 0; /* the stream goes on */
	ear_speak(m.l, m.r, "27");
	asr_flush(m.r);
	bool again = t_wait(m.l, ear_ended, &m.h, 10000);
	bool second = sv_eq(sb_sv(&m.h.text), SV("two seven"));
	bool first = sv_eq(sb_sv(&text),
			   SV("three one four one five nine two six five three five"));
	double conf = m.h.conf;
	int errors = m.h.errors;
	sb_done(&text);
	close_room(&m);
	OK(m.rc);
	CHECK(begun && early && stable);
	CHECK(done && again);
	CHECK(first);
	CHECK(second);
	EQ(before + inside, 0);
	EQ(errors, 0);
	NEAR(conf, 0.9, 1e-6);
}

/* After a pause the words are known already: the flush needs no other job. */
TEST(win_knows_before_the_flush)
{
	struct room m;
	char orders[700], count[600];
	(void)snprintf(count, sizeof(count), "%s/jobs", t_tmpdir());
	(void)snprintf(orders, sizeof(orders), "count %s\n", count);
	open_room(&m, ear_orders("o", orders));
	ear_speak(m.l, m.r, "42");
	ear_silence(m.l, m.r, 300);
	bool early = t_wait(m.l, ear_partial, &m.h, 10000);
	bool whole = sv_eq(sb_sv(&m.h.partial), SV("four two"));
	ear_silence(m.l, m.r, 300);
	size_t jobs = ear_jobs(count);
	asr_flush(m.r);
	bool done = t_wait(m.l, ear_ended, &m.h, 10000);
	bool right = sv_eq(sb_sv(&m.h.text), SV("four two"));
	size_t after = ear_jobs(count);
	close_room(&m);
	OK(m.rc);
	CHECK(early && whole && done && right);
	EQ(jobs, 1);
	EQ(after, 1);
}

/* Silence costs no job and is told at once. */
TEST(win_silence_is_no_job)
{
	struct room m;
	char orders[700], count[600];
	(void)snprintf(count, sizeof(count), "%s/jobs", t_tmpdir());
	(void)snprintf(orders, sizeof(orders), "count %s\n", count);
	open_room(&m, ear_orders("o", orders));
	ear_silence(m.l, m.r, 1500);
	asr_flush(m.r);
	bool done = t_wait(m.l, ear_ended, &m.h, 10000);
	int finals = m.h.finals;
	m.h.finals = 0;
	asr_flush(m.r); /* not a sample */
	bool empty = t_wait(m.l, ear_ended, &m.h, 10000) && m.h.finals == 1;
	size_t jobs = ear_jobs(count);
	bool no_text = m.h.text.n == 0 && m.h.conf == 0;
	close_room(&m);
	OK(m.rc);
	CHECK(done && empty && no_text);
	EQ(finals, 1);
	EQ(jobs, 0);
}

/* Two minutes without a pause longer than 60 ms: cut into windows, all words there, in order. */
TEST(win_cuts_long_speech)
{
	struct room m;
	struct sb want;
	static const char *const names[] = { "zero", "one", "two",   "three", "four",
					     "five", "six", "seven", "eight", "nine" };
	sb_init(&want, LIM_SB);
	open_room(&m, ear_orders("o", ""));
	for (int i = 0; i < 540 && !m.rc; i++) {
		char digit[2] = { (char)('0' + i * 7 % 10), '\0' };
		sb_fmt(&want, "%s%s", i ? " " : "", names[i * 7 % 10]);
		ear_speak(m.l, m.r, digit);
	}
	asr_flush(m.r);
	bool done = t_wait(m.l, ear_ended, &m.h, 20000);
	bool same = sv_eq(sb_sv(&want), sb_sv(&m.h.text));
	if (!same)
		(void)printf("# %zu bytes instead of %zu\n", m.h.text.n, want.n);
	sb_done(&want);
	close_room(&m);
	OK(m.rc);
	CHECK(done);
	CHECK(same);
}

/* A worker killed in mid-utterance, with a job or between two: no word is lost. */
TEST(win_kill_loses_no_words)
{
	struct room m;
	open_room(&m, ear_orders("o", "delay 50\n"));
	int killed = 0;
	for (int i = 0; i < 3 && !m.rc; i++) {
		m.h.finals = m.h.partials = 0;
		ear_speak(m.l, m.r, "31415");
		int pid = asr_worker_pid(m.r);
		if (pid > 1)
			killed += kill(pid, SIGKILL) == 0;
		ear_speak(m.l, m.r, "926");
		asr_flush(m.r);
		if (i == 2 && asr_worker_pid(m.r) > 1) /* and once more after the flush */
			(void)kill(asr_worker_pid(m.r), SIGKILL);
		if (!t_wait(m.l, ear_ended, &m.h, 20000) || m.h.errors ||
		    !sv_eq(sb_sv(&m.h.text), SV("three one four one five nine two six")))
			break;
	}
	int finals = m.h.finals, errors = m.h.errors;
	bool right = sv_eq(sb_sv(&m.h.text), SV("three one four one five nine two six"));
	close_room(&m);
	OK(m.rc);
	CHECK(killed >= 1);
	EQ(errors, 0);
	EQ(finals, 1);
	CHECK(right);
}

/* A worker that hangs is killed after 5 s without a beat; the words come from its successor. */
TEST(win_hung_worker_is_replaced)
{
	struct room m;
	char orders[700];
	(void)snprintf(orders, sizeof(orders), "hang %s/hung\n", t_tmpdir());
	open_room(&m, ear_orders("o", orders));
	ear_speak(m.l, m.r, "77");
	asr_flush(m.r);
	bool done = t_wait(m.l, ear_ended, &m.h, 20000);
	bool right = sv_eq(sb_sv(&m.h.text), SV("seven seven")) && m.h.errors == 0;
	bool told = sv_find(sv_of(asr_error(m.a)), SV("hung")) >= 0 ||
		    sv_find(sv_of(asr_error(m.a)), SV("died")) >= 0;
	close_room(&m);
	OK(m.rc);
	CHECK(done && right && told);
}

/* One that dies in each job ends the run after a few tries, not never. */
TEST(win_gives_up_on_a_deadly_sound)
{
	struct room m;
	open_room(&m, ear_orders("o", "die-always\n"));
	ear_speak(m.l, m.r, "1");
	asr_flush(m.r);
	bool done = t_wait(m.l, ear_ended, &m.h, 20000);
	int err = m.h.err, errors = m.h.errors, finals = m.h.finals;
	close_room(&m);
	OK(m.rc);
	CHECK(done);
	EQ(errors, 1);
	EQ(finals, 0);
	EQ(err, ERR_UPSTREAM);
}

TEST(win_refusal_is_told)
{
	struct room m;
	open_room(&m, ear_orders("o", "refuse\n"));
	bool done = t_wait(m.l, ear_ended, &m.h, 10000);
	bool serves = asr_serves(m.a, SV("en"));
	char why[240];
	(void)snprintf(why, sizeof(why), "%s", asr_error(m.a));
	int err = m.h.err;
	close_room(&m);
	OK(m.rc);
	CHECK(done && !serves);
	EQ(err, ERR_UNSUPPORTED);
	HAS(sv_of(why), "these weights are no good");
	open_room(&m, ear_orders("o2", "die-early\n"));
	done = t_wait(m.l, ear_ended, &m.h, 20000);
	(void)snprintf(why, sizeof(why), "%s", asr_error(m.a));
	err = m.h.err;
	close_room(&m);
	CHECK(done);
	EQ(err, ERR_UNSUPPORTED);
	HAS(sv_of(why), "callm models verify");
}

/* ---- several callers, one worker ---- */

enum { CALLERS = 9 };

/* Final results come before partial ones and in the order of their flushes; the ninth caller of
 * one worker is refused. */
TEST(win_shares_a_worker)
{
	struct room m;
	struct ear_said h[CALLERS];
	struct asr_run *r[CALLERS] = { 0 };
	open_room(&m, ear_orders("o", "delay 30\n"));
	asr_cancel(m.r);
	int busy = 0, right = 0, errors = 0;
	for (int i = 0; i < CALLERS; i++) {
		ear_said_init(&h[i]);
		int rc = m.rc ? m.rc : asr_start(m.a, SV("en"), &ear_cb, &h[i], &r[i]);
		busy += rc == ERR_BUSY;
	}
	for (int i = 0; i < CALLERS - 1; i++)
		ear_speak(NULL, r[i], i % 2 ? "112" : "358");
	for (int i = 0; i < CALLERS - 1; i += 2)
		asr_flush(r[i]);
	for (int i = 0; i < CALLERS - 1; i += 2) {
		(void)t_wait(m.l, ear_ended, &h[i], 10000);
		errors += h[i].errors + (i && h[i - 1].finals);
		right += sv_eq(sb_sv(&h[i].text), SV("three five eight"));
	}
	for (int i = 0; i < CALLERS; i++) {
		asr_cancel(r[i]);
		ear_said_done(&h[i]);
	}
	close_room(&m);
	OK(m.rc);
	EQ(busy, 1);
	EQ(errors, 0);
	EQ(right, CALLERS / 2);
}

/* A partial job (300 ms) makes way for another caller's final one. */
TEST(win_final_first)
{
	struct room m;
	struct ear_said h;
	struct asr_run *r = NULL;
	ear_said_init(&h);
	open_room(&m, ear_orders("o", "delay 400\n"));
	int rc = m.rc ? m.rc : asr_start(m.a, SV("en"), &ear_cb, &h, &r);
	while (!m.rc && asr_worker_pid(m.r) == 0)
		(void)loop_run_once(m.l, 10);
	ear_speak(m.l, m.r, "1234");
	(void)t_wait(m.l, nothing, NULL, 100); /* its partial job has begun */
	ear_speak(NULL, r, "8");
	int64_t from = loop_now_ms(m.l);
	asr_flush(r);
	bool done = t_wait(m.l, ear_ended, &h, 10000);
	int64_t took = loop_now_ms(m.l) - from;
	bool partial = m.h.partials > 0;
	asr_flush(m.r);
	bool both = t_wait(m.l, ear_ended, &m.h, 10000) &&
		    sv_eq(sb_sv(&m.h.text), SV("one two three four"));
	ear_said_done(&h);
	close_room(&m);
	OK(rc);
	CHECK(done && both && !partial);
	CHECK(took < 760); /* not behind the partial one */
}

TEST(win_callbacks_may_cancel_and_flush)
{
	struct room m;
	open_room(&m, ear_orders("o", ""));
	m.h.cancel_me = m.r;
	ear_speak(m.l, m.r, "5");
	ear_silence(m.l, m.r, 300);
	bool told = t_wait(m.l, ear_partial, &m.h, 10000);
	(void)t_wait(m.l, nothing, NULL, 50);
	int partials = m.h.partials, finals = m.h.finals;
	struct asr_run *r = NULL;
	m.h.partials = 0;
	int rc = m.rc ? m.rc : asr_start(m.a, SV("en"), &ear_cb, &m.h, &r);
	m.h.flush_me = r;
	ear_speak(m.l, r, "6");
	ear_silence(m.l, r, 300);
	bool done = t_wait(m.l, ear_ended, &m.h, 10000) && sv_eq(sb_sv(&m.h.text), SV("six"));
	ear_speak(m.l, r, "6"); /* closed with a job in flight */
	asr_flush(r);
	close_room(&m);
	OK(rc);
	CHECK(told && done);
	EQ(partials, 1);
	EQ(finals, 0);
}

/* The caller hangs up at the first word, through a list as the server opens it. */
TEST(win_cancel_in_a_partial_of_a_list)
{
	struct model_spec s = spec_of(ear_orders("o", ""));
	struct loop *l = loop_new();
	struct ear_said h;
	struct asr *a = NULL;
	struct err e;
	struct asr_run *r = NULL;
	ear_said_init(&h);
	int rc = asr_open_list(&a, &s, 1, l, &e);
	rc = rc ? rc : asr_start(a, SV("en"), &ear_cb, &h, &r);
	h.cancel_me = r;
	if (r) {
		ear_speak(l, r, "5");
		ear_silence(l, r, 300);
	}
	bool told = r && t_wait(l, ear_partial, &h, 10000);
	(void)t_wait(l, nothing, NULL, 50);
	asr_close(a);
	int partials = h.partials, finals = h.finals;
	ear_said_done(&h);
	loop_free(l);
	OK(rc);
	CHECK(told);
	EQ(partials, 1);
	EQ(finals, 0);
}

TEST(win_tells_the_languages)
{
	struct room m;
	struct model_spec s = spec_of(ear_orders("o", "langs\n"));
	s.lang = "en, zh,fr";
	m = (struct room){ .l = loop_new() };
	ear_said_init(&m.h);
	int rc = asr_open(&m.a, &s, m.l, &m.e);
	rc = rc ? rc : asr_start(m.a, SV("zh-CN"), &ear_cb, &m.h, &m.r);
	ear_speak(m.l, m.r, "1");
	asr_flush(m.r);
	bool done = t_wait(m.l, ear_ended, &m.h, 10000);
	bool right = sv_eq(sb_sv(&m.h.text), SV("zh-CN,en,fr"));
	bool serves = asr_serves(m.a, SV("haw")) && asr_serves(m.a, SV("de-AT")) &&
		      !asr_serves(m.a, SV("tlh")) && !asr_serves(m.a, SV("")) &&
		      !asr_serves(m.a, SV("english"));
	close_room(&m);
	OK(rc);
	CHECK(done && right);
	CHECK(serves);
}

TEST(win_open_explains)
{
	struct loop *l = loop_new();
	struct asr *a = NULL;
	struct err e = { 0 }, e2 = { 0 };
	struct model_spec s = spec_of("/nonexistent/w.bin"), x = spec_of(ear_orders("o", ""));
	x.exe = "/nonexistent/callm-whisper";
	int rc = asr_open(&a, &s, l, &e), exe = asr_open(&a, &x, l, &e2);
	loop_free(l);
	EQ(rc, ERR_NOTFOUND);
	HAS(sv_of(e.msg), "callm models pull");
	CHECK(exe < 0);
	HAS(sv_of(e2.msg), "callm-whisper");
}

/* ---- lists ---- */

static void open_list(struct room *m, const struct model_spec *s, size_t n)
{
	*m = (struct room){ .l = loop_new() };
	ear_said_init(&m->h);
	m->rc = asr_open_list(&m->a, s, n, m->l, &m->e);
	m->rc = m->rc ? m->rc : asr_start(m->a, SV("en"), &ear_cb, &m->h, &m->r);
}

/* The first dies on each job; the second hears the whole utterance from its beginning. */
TEST(asr_list_loses_no_words)
{
	struct room m;
	struct model_spec s[3] = { spec_of("/nonexistent"),
				   spec_of(ear_orders("bad", "die-always\n")),
				   spec_of(ear_orders("good", "")) };
	open_list(&m, s, 3);
	ear_speak(m.l, m.r, "27182818");
	ear_silence(m.l, m.r, 300);
	(void)t_wait(m.l, nothing, NULL, 300);
	ear_speak(m.l, m.r, "28");
	asr_flush(m.r);
	ear_speak(m.l, m.r, "9"); /* of the next utterance */
	bool done = t_wait(m.l, ear_ended, &m.h, 20000);
	bool right = sv_eq(sb_sv(&m.h.text),
			   SV("two seven one eight two eight one eight two eight"));
	m.h.finals = 0;
	asr_flush(m.r);
	bool next = t_wait(m.l, ear_ended, &m.h, 20000) && sv_eq(sb_sv(&m.h.text), SV("nine"));
	int errors = m.h.errors;
	close_room(&m);
	OK(m.rc);
	CHECK(done && right && next);
	EQ(errors, 0);
}

/* A recogniser that is busy passes the caller on; one alone is asked again when it is back. */
TEST(asr_list_busy_and_alone)
{
	struct room m;
	struct asr_run *r[20] = { 0 };
	struct ear_said h;
	struct model_spec s[2] = { spec_of(ear_orders("a", "")), spec_of(ear_orders("b", "")) };
	int started = 0, busy = 0;
	ear_said_init(&h);
	open_list(&m, s, 2);
	for (int i = 0; i < 17 && !m.rc; i++) {
		int rc = asr_start(m.a, SV("en"), &ear_cb, &h, &r[i]);
		started += rc == 0;
		busy += rc == ERR_BUSY;
	}
	close_room(&m);
	EQ(started, 15);
	EQ(busy, 2);
	open_list(&m, s, 1);
	ear_speak(m.l, m.r, "12");
	for (int i = 0; i < 5 && asr_worker_pid(m.r) > 1; i++) {
		(void)kill(asr_worker_pid(m.r), SIGKILL);
		(void)t_wait(m.l, nothing, NULL, 30);
	}
	asr_flush(m.r);
	bool done = t_wait(m.l, ear_ended, &m.h, 20000);
	bool right = sv_eq(sb_sv(&m.h.text), SV("one two")) && m.h.errors == 0;
	ear_said_done(&h);
	close_room(&m);
	OK(m.rc);
	CHECK(done && right);
}

TEST(asr_list_ends_when_all_fail)
{
	struct room m;
	struct model_spec s[2] = { spec_of(ear_orders("a", "fail\n")),
				   spec_of(ear_orders("b", "fail\n")) };
	open_list(&m, s, 2);
	ear_speak(m.l, m.r, "12");
	asr_flush(m.r);
	bool done = t_wait(m.l, ear_ended, &m.h, 20000);
	int errors = m.h.errors, finals = m.h.finals, err = m.h.err;
	close_room(&m);
	struct loop *l = loop_new();
	struct asr *a = NULL;
	struct err e = { 0 };
	struct model_spec none = spec_of("/nonexistent/w.bin");
	int rc = asr_open_list(&a, &none, 1, l, &e), empty = asr_open_list(&a, NULL, 0, l, NULL);
	loop_free(l);
	OK(m.rc);
	CHECK(done);
	EQ(errors, 1);
	EQ(finals, 0);
	EQ(err, ERR_FAIL);
	EQ(rc, ERR_NOTFOUND);
	EQ(empty, ERR_INVAL);
	HAS(sv_of(e.msg), "/nonexistent/w.bin");
}
