/* t_talk_log.c: event logs: the same engine does the same, another text shows at its line, a
 * damaged log is told and harms nothing, what is sealed stays so. (Every story of tests/scenes is
 * replayed too.) */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "t.h"
#include "world.h"
#include "talk_log.h"

struct found {
	char path[400];
	struct sb text;
};

static int find_log(void *arg, const char *path)
{
	struct found *f = arg;
	if (!sv_ends(sv_of(path), SV(".jsonl")))
		return 0;
	snprintf(f->path, sizeof(f->path), "%s", path);
	sb_reset(&f->text);
	return file_read(path, 64u << 20, &f->text, NULL);
}

/* A call, a question, an interruption, a key, goodbye; the log as text. */
static struct world *one_call(const char *question, struct found *f)
{
	struct world *w = world_open(&(struct world_opts){ .lang = "en" });
	struct actor *a = world_call(w, SV("li"), SV("en"), SV("on"));
	world_run(w, 3000);
	actor_speak(a, sv_of(question), 1500, 0, 0.9);
	world_run(w, 5000);
	actor_speak(a, SV("and how long does delivery take"), 1500, 0, 0.9);
	world_run(w, 6000);
	actor_press(a, '#');
	world_run(w, 3000);
	actor_leave(a);
	sb_init(&f->text, 16u << 20);
	file_walk(w->replay_dir, find_log, f);
	return w;
}

static struct talk_texts *texts(const char *phone_greeting)
{
	struct talk_texts *t;
	jv *company = world_company();
	if (phone_greeting) {
		jv *g = jv_obj();
		jv_set_str(g, "en", sv_of(phone_greeting));
		jv *greeting = jv_obj();
		jv_set(greeting, "phone", g);
		jv_set(company, "greeting", greeting);
	}
	ASSERT(talk_texts_new(&t, company, NULL) == 0);
	jv_free(company);
	return t;
}

static int replay(sv log, const struct talk_texts *t, const unsigned char *key,
		  struct talk_replay *r, struct err *e)
{
	*e = (struct err){ 0 };
	return talk_replay(log, &(struct talk_replay_opts){ .texts = t, .key = key }, r, e);
}

TEST(talk_log_replays_and_shows_a_changed_text_at_its_line)
{
	struct found f;
	struct talk_replay r;
	struct err e;
	struct stat st;
	struct world *w = one_call("how long do I have to return something", &f);
	struct talk_texts *same = texts(NULL), *other = texts("Good day, this is a shop.");
	CHECK(f.text.n > 1000);
	CHECK(!stat(f.path, &st));
	EQ(st.st_mode & 0777, 0600);
	OK(replay(sb_sv(&f.text), same, NULL, &r, &e));
	EQ(r.line, 0);
	CHECK(!r.other_texts && r.events >= 5 && r.acts >= 10);
	talk_replay_done(&r);
	OK(replay(sb_sv(&f.text), other, NULL, &r, &e));
	CHECK(r.other_texts);
	CHECK(r.line > 1 && r.line < 8);
	HAS(sb_sv(&r.got), "Good day, this is a shop.");
	CHECK(sv_find(sb_sv(&r.expected), SV("Good day")) < 0);
	talk_replay_done(&r);
	obj_unref(same);
	obj_unref(other);
	sb_done(&f.text);
	world_close(w);
	world_forget();
}

TEST(talk_log_damaged_is_told_by_its_line)
{
	struct found f;
	struct talk_replay r;
	struct err e;
	struct world *w = one_call("how long do I have to return something", &f);
	struct talk_texts *t = texts(NULL);
	sv log = sb_sv(&f.text);
	EQ(replay(sv_slice(log, 0, log.n - 5), t, NULL, &r, &e), ERR_STATE);
	HAS(sv_of(e.msg), "cut off");
	talk_replay_done(&r);
	ptrdiff_t last = (ptrdiff_t)log.n - 2;
	while (log.p[last] != '\n')
		last--;
	EQ(replay(sv_slice(log, 0, (size_t)last + 1), t, NULL, &r, &e), ERR_STATE);
	HAS(sv_of(e.msg), "ends before the conversation did");
	talk_replay_done(&r);
	EQ(replay(SV(""), t, NULL, &r, &e), ERR_PARSE);
	talk_replay_done(&r);
	EQ(replay(SV("{\"a\":1}\n"), t, NULL, &r, &e), ERR_VERSION);
	talk_replay_done(&r);
	/* bytes changed anywhere: an error or a difference or the same, never a crash */
	int told = 0;
	for (int i = 0; i < 400; i++) {
		char *bad = xstrdup(log);
		size_t at = rng_below(t_rng(), (uint32_t)log.n);
		bad[at] = (char)rng_below(t_rng(), 256);
		told += replay(sv_n(bad, log.n), t, NULL, &r, &e) || r.line;
		talk_replay_done(&r);
		xfree(bad);
	}
	CHECK(told > 200);
	obj_unref(t);
	sb_done(&f.text);
	world_close(w);
	world_forget();
}

TEST(talk_log_seals_what_is_personal)
{
	struct found f;
	struct talk_replay r;
	struct err e;
	char path[400];
	unsigned char key[TALK_LOG_KEY], wrong[TALK_LOG_KEY] = { 1 };
	struct world *w =
		one_call("call me at 13800138000 when can I return order 20251234567", &f);
	struct talk_texts *t = texts(NULL);
	sv log = sb_sv(&f.text);
	CHECK(sv_find(log, SV("13800138000")) < 0);
	CHECK(sv_find(log, SV("20251234567")) < 0);
	CHECK(sv_find(log, SV("\"sealed\"")) > 0);
	CHECK(sv_find(log, SV("[phone]")) > 0);
	EQ(replay(log, t, NULL, &r, &e), ERR_DENIED);
	HAS(sv_of(e.msg), "sealed");
	talk_replay_done(&r);
	EQ(replay(log, t, wrong, &r, &e), ERR_DENIED);
	talk_replay_done(&r);
	snprintf(path, sizeof(path), "%s/replay.key", w->replay_dir);
	OK(talk_log_key(path, key, &e));
	OK(replay(log, t, key, &r, &e));
	EQ(r.line, 0);
	talk_replay_done(&r);
	obj_unref(t);
	sb_done(&f.text);
	world_close(w);
	world_forget();
}

TEST(talk_log_that_cannot_be_written_harms_nothing)
{
	struct talk_logs *l = NULL;
	struct err e = { 0 };
	CHECK(talk_logs_open(&l, "/proc/nowhere", NULL, &e));
	CHECK(e.msg[0]);
	talk_logs_close(NULL);
	struct world *w = world_open(&(struct world_opts){ .lang = "en" });
	char path[400];
	snprintf(path, sizeof(path), "%s/recordings", w->replay_dir);
	CHECK(!rmdir(path));     /* the folder goes while we run */
	struct actor *a = world_chat(w, SV("wang"));
	world_run(w, 1000);
	actor_write(a, SV("how long do I have to return something"));
	world_run(w, 3000);
	CHECK(a->rows.n >= 3);
	world_close(w);
	world_forget();
}

/* Somebody who never ends: the file does, whole lines in it. */
TEST(talk_log_has_a_bound_on_disk)
{
	static char words[16 << 10];
	struct talk_logs *l = NULL;
	struct talk_texts *t = texts(NULL);
	struct talk_cfg cfg = { .texts = t };
	struct talk_core core;
	struct found f;
	struct err e = { 0 };
	int live = 0;
	talk_core_init(&core, &cfg, 0, SV("en"));
	memset(words, 'a', sizeof(words));
	OK(talk_logs_open(&l, t_tmpdir(), NULL, &e));
	struct talk_log_of of = { "C", "I", &core, NULL, &live };
	struct talk_log *g = talk_log_begin(l, &of);
	struct talk_ev ev = { .kind = TEV_TEXT, .text = sv_n(words, sizeof(words)) };
	ev.masked = ev.text;
	for (int i = 0; i < 3000; i++) {
		ev.now_us = i;
		talk_log_in(g, &ev);
	}
	talk_log_end(g);
	EQ(live, 0);
	sb_init(&f.text, 64u << 20);
	file_walk(t_tmpdir(), find_log, &f);
	CHECK(f.text.n > 30u << 20 && f.text.n <= 32u << 20);
	CHECK(sv_ends(sb_sv(&f.text), SV("}\n")));
	sb_done(&f.text);
	talk_core_done(&core);
	talk_logs_close(l);
	obj_unref(t);
	world_forget();
}
