/* Unit tests of a queue's music on its way to a caller's line, in the simulated world: it comes
 * with the queue's words, changes with the queue, and nothing of it is left. */
#include <stdio.h>

#include "pcm_music.h"
#include "t.h"
#include "world.h"

static bool waits(void *arg)
{
	return sv_find(sb_sv(&((struct world *)arg)->people_log), SV(" wait ")) >= 0;
}

static bool silent(void *arg)
{
	const struct actor *a = arg;
	return a->sound_total_ms > 0 && !a->sounding && a->quiet_ms > 1000;
}

/* What the line was told since the last call. */
static sv told(struct world *w)
{
	static char text[1000];
	(void)snprintf(text, sizeof(text), "%s", sb_str(&w->people_log));
	sb_reset(&w->people_log);
	return sv_of(text);
}

TEST(talk_music_of_the_queue_reaches_the_line)
{
	obj_unref(world_kb());
	struct world *w = world_open(&(struct world_opts){ .lang = "en", .people = true });
	struct pcm_music *m = NULL;
	struct talk_word at = { .kind = WORD_QUEUED, .position = 1, .wait_ms = -1 };
	struct actor *a = world_call(w, SV("p1"), SV("en"), SV("on"));
	OK(pcm_music_new(&m, NULL, 0, 0, NULL));
	CHECK(world_until(w, silent, a, 30000));
	actor_press(a, '0');
	CHECK(world_until(w, waits, w, 30000));
	HAS(told(w), "party p1 wait  on\n");
	at.music = m;
	OK(world_word(a, &at));
	HAS(told(w), "party p1 wait  on music\n");
	OK(world_word(a, &at));              /* the same: nothing new for the line */
	CHECK(sv_find(told(w), SV("wait")) < 0);
	at.music = NULL;                     /* on to a queue that has none */
	OK(world_word(a, &at));
	HAS(told(w), "party p1 wait  on\n");
	at = (struct talk_word){ .kind = WORD_CONNECT, .party = SV("agent:mei"),
				 .to = SV("web:mei"), .agent = SV("mei"), .music = m };
	OK(world_word(a, &at));
	HAS(told(w), "party p1 wait  on music\n");
	m = obj_unref(m);
	actor_party(a, SV("agent:mei"), SV("joined"), SV("talks"));
	world_run(w, 100);
	HAS(told(w), "party p1 wait   music\n");        /* kept: it is heard on hold */
	world_close(w);
	world_forget();
}
