/* app_music.h: the sound files that queues name, found beside the company's file and read once.
 *
 *	m = app_music_new("/etc/shop", false);
 *	cals.music = app_music_of;  cals.music_arg = m;      struct acd_cals
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
/* dir: of the company's file; "" = the demo, which has none. strict: what is wrong is an error;
 * else it is told in the log and the tune sounds. */
struct app_music *app_music_new(const char *dir, bool strict);
void app_music_free(struct app_music *m);    /* accepts NULL */
/* arg: a struct app_music. As in struct acd_cals. */
int app_music_of(void *arg, sv name, int max_s, struct pcm_music **ret, struct err *e);

#endif
