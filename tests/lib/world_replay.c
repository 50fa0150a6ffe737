/* world_replay.c: every conversation of a simulated world is logged, and replayed when the world
 * ends: what a core looked at and is not in the log shows at once, in whatever story it matters.
 *
 * The logs lie in a folder of their own that goes with the world. Sums are kept for the whole
 * program (world_replays). */
#include "world.h"
#include "talk_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct world_replays world_replays;

const char *world_replay_dir(struct world *w)
{
	if (!w->replay_dir[0]) {
		snprintf(w->replay_dir, sizeof(w->replay_dir), "/tmp/callm-replay-XXXXXX");
		if (!mkdtemp(w->replay_dir))
			w->replay_dir[0] = '\0';
	}
	return w->replay_dir[0] ? w->replay_dir : NULL;
}

static void check(const char *path, const struct talk_replay *r, int rc, const struct err *e)
{
	struct world_replays *all = &world_replays;
	all->logs++;
	all->events += r->events;
	all->acts += r->acts;
	if (rc == 0 && r->line == 0 && !r->other_texts)
		return;
	all->bad++;
	printf("# the replay of %s differs: %s\n", path, rc ? e->msg : "");
	if (r->line)
		printf("#   line %zu\n#   expected %.2000s\n#   got      %.2000s\n", r->line,
		       sb_str(&r->expected), sb_str(&r->got));
}

struct checking {
	struct world *w;
	unsigned char key[TALK_LOG_KEY];
};

static int one(void *arg, const char *path)
{
	struct checking *c = arg;
	struct talk_replay_opts o = { .texts = c->w->texts, .key = c->key,
				      .tools = c->w->box, .flows = c->w->flows };
	struct talk_replay r = { 0 };
	struct err e = { 0 };
	struct sb log;
	if (sv_ends(sv_of(path), SV(".jsonl"))) {
		sb_init(&log, 64u << 20);
		int rc = file_read(path, 64u << 20, &log, &e);
		if (rc == 0)
			rc = talk_replay(sb_sv(&log), &o, &r, &e);
		check(path, &r, rc, &e);
		talk_replay_done(&r);
		sb_done(&log);
	}
	(void)unlink(path);
	return 0;
}

void world_replay(struct world *w)
{
	char path[80];
	struct checking c = { .w = w };
	if (!w->replay_dir[0])
		return;
	snprintf(path, sizeof(path), "%s/replay.key", w->replay_dir);
	(void)talk_log_key(path, c.key, NULL);
	file_walk(w->replay_dir, one, &c);
	snprintf(path, sizeof(path), "%s/recordings", w->replay_dir);
	(void)rmdir(path);
	(void)rmdir(w->replay_dir);
	w->replay_dir[0] = '\0';
}
