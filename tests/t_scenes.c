/* t_scenes.c: every tests/scenes/NAME.scene as one test case, in TAP.
 *
 *	t_scenes [-l] [-v] [-r] [part of a name ...]      -r: with the flight recorder of each
 */
#include "feel.h"
#include "scene.h"

#include <stdio.h>
#include <unistd.h>

#define HANG_S 60

struct run {
	int argc;
	char **argv;
	bool list, verbose, record;
	int n, bad;
};

static bool wanted(const struct run *r, const char *name)
{
	bool any = false;
	for (int i = 1; i < r->argc; i++) {
		if (r->argv[i][0] == '-')
			continue;
		any = true;
		if (strstr(name, r->argv[i]))
			return true;
	}
	return !any;
}

static int one(void *arg, const char *path)
{
	struct run *r = arg;
	const char *slash = strrchr(path, '/');
	sv name = sv_of(slash ? slash + 1 : path);
	if (!sv_ends(name, SV(".scene")) || !wanted(r, name.p))
		return 0;
	name.n -= 6;
	if (r->list)
		return printf(SV_FMT "\n", SV_ARG(name)) < 0;
	struct sb why;
	sb_init(&why, 16u << 20);
	(void)alarm(HANG_S);
	int64_t began = clk_mono_us();
	bool ok = scene_run(path, r->record, &why);
	(void)alarm(0);
	r->n++;
	r->bad += !ok;
	printf("%s" "%s %d - " SV_FMT "\n", sb_str(&why), ok ? "ok" : "not ok", r->n, SV_ARG(name));
	if (r->verbose)
		printf("#   %.1f ms\n", (double)(clk_mono_us() - began) / 1000);
	(void)fflush(stdout);
	sb_done(&why);
	return 0;
}

int main(int argc, char **argv)
{
	struct run r = { .argc = argc, .argv = argv };
	for (int i = 1; i < argc; i++) {
		r.list |= strcmp(argv[i], "-l") == 0;
		r.verbose |= strcmp(argv[i], "-v") == 0;
		r.record |= strcmp(argv[i], "-r") == 0;
	}
	log_init(LOG_LV_OFF, LOG_FMT_TEXT, 2);
	feel_warm(1); /* nets kept for good are no leak of the first scene */
	file_walk(T_SRCDIR "/tests/scenes", one, &r);
	world_forget();
	if (!r.list) {
		const struct world_replays *w = &world_replays;
		bool same = w->bad == 0 && w->logs > 0;
		r.bad += !same;
		printf("# %zu logs, %zu events, %zu actions replayed\n", w->logs, w->events,
		       w->acts);
		printf("%s %d - each conversation replays byte for byte\n", same ? "ok" : "not ok",
		       ++r.n);
		printf("1..%d\n", r.n);
	}
	return r.bad || (!r.list && !r.n) ? 1 : 0;
}
