/* team.h: a few threads that do one piece of work together and wait for each other.
 *
 *	struct team *t = team_new(2);
 *	team_run(t, add_rows, &sums, 4);     add_rows(&sums, 0) ... add_rows(&sums, 3), then back
 *	team_free(t);
 *
 * For long computations that the caller waits for (training). Not for a loop's thread: team_run
 * blocks. Parts are handed out one by one, so which thread does which is not fixed.
 */
#ifndef CALLM_BASE_TEAM_H
#define CALLM_BASE_TEAM_H

struct team;
typedef void team_fn(void *arg, int part);

/* The caller is one of them: threads - 1 are started (1..64; fewer when the system has no more). */
struct team *team_new(int threads);
void team_free(struct team *t); /* accepts NULL */
int team_size(const struct team *t);
/* Runs fn for parts 0..parts-1 and returns when all are done. One caller at a time. What the
 * caller wrote before is seen by all, what they wrote is seen after. */
void team_run(struct team *t, team_fn *fn, void *arg, int parts);

#endif
