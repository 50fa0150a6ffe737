/* t_talk_tape.c: what is secret is nowhere: T17 of the acceptance tests as a story, with a real
 * store and a real recording. A card number is said and keyed, there are interruptions and a
 * hold; afterwards every file that the conversation left is searched for it. */
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "t.h"
#include "world.h"
#include "pcm.h"

#define CARD "4111111111111111"

/* ---- rows */

static const jv *row(const struct actor *a, const char *kind, int k)
{
	for (size_t i = 0; i < a->rows.n; i++)
		if (sv_eq(jv_get_str(a->rows.v[i].v, "kind"), sv_of(kind)) && k-- == 0)
			return a->rows.v[i].v;
	return NULL;
}

static int n_rows(const struct actor *a, const char *kind)
{
	int n = 0;
	while (row(a, kind, n))
		n++;
	return n;
}

static sv text_of(const jv *r)
{
	return jv_as_str(jv_path(r, "body.text"));
}

/* ---- files */

struct grep {
	const char *what[3];
	int files, hits;
};

static int grep_one(void *arg, const char *path)
{
	struct grep *g = arg;
	struct sb b;
	sb_init(&b, 64u << 20);
	if (file_read(path, 64u << 20, &b, NULL) == 0) {
		g->files++;
		for (int i = 0; i < 3 && g->what[i]; i++)
			if (sv_find(sb_sv(&b), sv_of(g->what[i])) >= 0) {
				printf("# %s is in %s\n", g->what[i], path);
				g->hits++;
			}
	}
	sb_done(&b);
	return 0;
}

static struct world *start(const char **dir)
{
	*dir = t_tmpdir();
	return world_open(&(struct world_opts){ .lang = "en", .dir = *dir });
}

static void say(struct world *w, struct actor *a, const char *words, int ms)
{
	actor_speak(a, sv_of(words), ms, 0, 0.9);
	world_run(w, ms + 2500);
}

struct wav {
	int16_t *s;
	int64_t frames;
};

static bool load(const char *dir, const struct actor *a, struct wav *r)
{
	char path[4300];
	SF_INFO in = { 0 };
	snprintf(path, sizeof(path), "%s/recordings/%s.wav", dir, a->interaction);
	SNDFILE *f = sf_open(path, SFM_READ, &in);
	if (!f)
		return false;
	*r = (struct wav){ xalloc((size_t)in.frames * 4), in.frames };
	sf_readf_short(f, r->s, in.frames);
	sf_close(f);
	return true;
}

static int peak(const struct wav *r, int ch, int64_t from_ms, int64_t to_ms)
{
	int p = 0;
	for (int64_t i = from_ms * 8; i < to_ms * 8 && i < r->frames; i++)
		p = abs(r->s[i * 2 + ch]) > p ? abs(r->s[i * 2 + ch]) : p;
	return p;
}

/* ---- the story */

static void press_card(struct world *w, struct actor *a)
{
	for (const char *k = CARD; *k; k++) {
		actor_press(a, *k);
		world_run(w, 400);
	}
}

TEST(talk_tape_a_card_number_is_nowhere)
{
	const char *dir;
	struct world *w = start(&dir);
	struct actor *a = world_call(w, SV("li"), SV("en"), SV("on"));
	struct wav r;
	world_run(w, 3000);
	say(w, a, "how long do I have to return something", 1500);
	actor_speak(a, SV("wait"), 600, 0, 0.9);                 /* cuts in */
	world_run(w, 1500);
	say(w, a, "my card is four one one one one one one one one one one one one one one one",
	    6000);
	const jv *said = row(a, "turn.customer", n_rows(a, "turn.customer") - 1);
	SV_EQ(text_of(said), "my card is [bank_card]");
	int64_t from = jv_as_int(jv_path(said, "body.start_ms"), 0),
		to = jv_as_int(jv_path(said, "body.end_ms"), 0);
	CHECK(to - from > 5000);
	say(w, a, "my card is " CARD, 3000);
	actor_hold(a, true);
	world_run(w, 20000);
	actor_hold(a, false);
	world_run(w, 500);
	OK(talk_set_record(actor_talk(a), CHAN_RECORD_SECRET, SV("lily")));
	int64_t secret = a->rows.v[a->rows.n - 1].at_ms;
	press_card(w, a);
	say(w, a, "it is " CARD, 3000);
	OK(talk_set_record(actor_talk(a), CHAN_RECORD_ON, SV("lily")));
	int64_t over = a->rows.v[a->rows.n - 1].at_ms;
	EQ(n_rows(a, "call.dtmf"), 16);
	for (int i = 0; i < 16; i++)
		SV_EQ(jv_as_str(jv_path(row(a, "call.dtmf", i), "body.digit")), "*");
	SV_EQ(text_of(row(a, "turn.customer", n_rows(a, "turn.customer") - 1)), CHAN_MASKED);
	SV_EQ(jv_as_str(jv_path(row(a, "recording.secret", 0), "body.by")), "lily");
	CHECK(row(a, "recording.on", 0));
	say(w, a, "thank you", 800);
	actor_leave(a);
	const jv *end = row(a, "recording.closed", 0);
	CHECK(end);
	CHECK(jv_as_bool(jv_path(end, "body.complete"), false));
	CHECK(jv_len(jv_path(end, "body.spans")) >= 3);
	world_sync(w);
	struct grep g = { { CARD, "4111 1111", "one one one one" }, 0, 0 };
	file_walk(w->replay_dir, grep_one, &g);
	CHECK(g.files >= 2);                     /* the event log and its key */
	CHECK(load(dir, a, &r));
	CHECK(peak(&r, 0, from - 600, from - 400) < 2000);
	EQ(peak(&r, 0, from - 200, to + 200), 0);
	int64_t began = a->rows.v[0].at_ms;
	EQ(peak(&r, 0, secret - began + 40, over - began - 40), 0);
	EQ(peak(&r, 1, secret - began + 40, over - began - 40), 0);
	CHECK(peak(&r, 0, over - began + 40, r.frames / 8) > 1000);
	xfree(r.s);
	world_close(w);
	world_forget();
	file_walk(dir, grep_one, &g);
	CHECK(g.files >= 3);                     /* the database and the recording too */
	EQ(g.hits, 0);
}

TEST(talk_tape_secret_time_is_no_turn_and_ends_in_patience)
{
	const char *dir;
	struct world *w = start(&dir);
	struct actor *a = world_call(w, SV("li"), SV("en"), SV("on"));
	world_run(w, 8000);
	OK(talk_set_record(actor_talk(a), CHAN_RECORD_SECRET, SV("")));
	int bot = n_rows(a, "turn.bot");
	for (int i = 0; i < 5; i++) {
		actor_press(a, '*');             /* would change the language */
		world_run(w, 4000);
	}
	say(w, a, "one two three four", 1500);
	EQ(n_rows(a, "turn.bot"), bot);
	world_run(w, 20000);
	EQ(n_rows(a, "turn.bot"), bot);          /* four times as patient as usual */
	world_run(w, 15000);
	CHECK(n_rows(a, "turn.bot") > bot);
	OK(talk_set_record(actor_talk(a), CHAN_RECORD_ON, SV("")));
	EQ(talk_set_record(actor_talk(a), CHAN_RECORD_ON, SV("")), 0);
	EQ(n_rows(a, "recording.on"), 1);        /* nothing changed: no row */
	say(w, a, "how long do I have to return something", 1500);
	CHECK(n_rows(a, "turn.bot") > bot + 1);
	world_close(w);
	world_forget();
}

static int order_err;

static void ordered(void *arg, int err)
{
	order_err = err;
}

static int order(struct world *w, sv id, enum chan_record how)
{
	struct talk_record_order o = { .id = id, .by = SV("lily"), .how = how, .back = w->door,
				       .done = ordered };
	order_err = 1;
	int rc = talk_hub_record(w->hub, &o);
	world_run(w, 100);
	return rc ? rc : order_err;
}

TEST(talk_tape_is_told_by_id)
{
	const char *dir;
	struct world *w = start(&dir);
	struct actor *a = world_call(w, SV("li"), SV("en"), SV("on"));
	struct actor *c = world_chat(w, SV("wang"));
	world_run(w, 2000);
	EQ(order(w, sv_of(a->id), CHAN_RECORD_PAUSED), 0);
	SV_EQ(jv_get_str(row(a, "recording.paused", 0), "actor"), "agent");
	EQ(order(w, sv_of(c->id), CHAN_RECORD_PAUSED), ERR_UNSUPPORTED);
	EQ(order(w, SV("01J0000000000000000000000Z"), CHAN_RECORD_PAUSED), ERR_NOTFOUND);
	EQ(order(w, SV("nonsense"), CHAN_RECORD_PAUSED), ERR_NOTFOUND);
	actor_leave(a);
	world_run(w, 100);
	EQ(order(w, sv_of(a->id), CHAN_RECORD_ON), ERR_NOTFOUND);
	world_close(w);
	world_forget();
}

/* Dictated in groups with pauses: no group is a card number, together they are. */
TEST(talk_tape_a_card_number_in_groups)
{
	const char *dir;
	struct world *w = start(&dir);
	struct actor *a = world_call(w, SV("li"), SV("en"), SV("on"));
	struct wav r;
	world_run(w, 9000);
	say(w, a, "my number is 4539", 1500);
	int64_t from = jv_as_int(jv_path(row(a, "turn.customer", 0), "body.start_ms"), 0);
	say(w, a, "five seven eight seven six three six two", 2500);
	say(w, a, "1486 thank you", 1500);
	const jv *last = row(a, "turn.customer", n_rows(a, "turn.customer") - 1);
	SV_EQ(text_of(last), "[bank_card] thank you");
	int64_t to = jv_as_int(jv_path(last, "body.end_ms"), 0);
	world_run(w, 12000);
	say(w, a, "how long do I have to return something", 1500);
	actor_leave(a);
	struct grep g = { { "1486 " }, 0, 0 }; /* a score may hold 1486 too */
	world_sync(w);
	file_walk(w->replay_dir, grep_one, &g);
	CHECK(load(dir, a, &r));
	world_close(w);
	world_forget();
	file_walk(dir, grep_one, &g);
	EQ(g.hits, 0);
	for (int64_t at = from; at < to; at += 100)  /* the pauses hold the room's noise only */
		CHECK(peak(&r, 0, at, at + 100) < 200);
	CHECK(peak(&r, 0, to + 3000, r.frames / 8) > 1000);
	xfree(r.s);
}
