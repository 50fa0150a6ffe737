/* app_music.h: the sound files that queues name, found beside the company's file and read once.
 *
 *	m = app_music_new("/etc/shop", pool_new(1, 10));
 *	cals.music = app_music_of;  cals.music_arg = m;      struct acd_cals
 *	app_music_tell(m, read_plan_again, acd);             a sound is there, or another one
 *	app_music_tell(m, NULL, NULL);
 *	app_music_free(m);                                   sounds in use live on
 *
 * A name is "music" or a WAV file or a folder of them below it: "music/piano.wav". Only what really
 * lies in the folder "music" is read, through no link out of it; of a folder its own files, none of
 * folders in it. What was read is kept as long as the files do not change. Any thread.
 */
#ifndef CALLM_APP_MUSIC_H
#define CALLM_APP_MUSIC_H

#include "base.h"

struct app_music;
struct pcm_music;
struct pool;
/* On the worker or in app_music_tell, must not call back; not 0: it is told again later. */
typedef int app_music_fn(void *arg);
/* dir: of the company's file; "" = the demo, which has none. worker (owned): files are looked at
 * and read by it, and whoever asks gets at once what was read last, at first the tune; what is
 * wrong is told in the log. NULL: whoever asks waits, and what is wrong is an error. */
struct app_music *app_music_new(const char *dir, struct pool *worker);
/* Waits for the worker. Accepts NULL. */
void app_music_free(struct app_music *m);
/* fn: asking again gives something else, also if that happened before. NULL: nobody is told any
 * more, nor is fn running. */
void app_music_tell(struct app_music *m, app_music_fn *fn, void *arg);
/* arg: a struct app_music. As in struct acd_cals; one thread at a time without a worker. */
int app_music_of(void *arg, sv name, int max_s, struct pcm_music **ret, struct err *e);

#endif
