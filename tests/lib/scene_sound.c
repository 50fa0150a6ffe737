/* scene_sound.c: what a caller of a story expects to hear: judged by what really left the
 * spoken channel. */
#include "scene.h"

static bool silent(void *arg)
{
	return !((const struct actor *)arg)->sounding;
}

static bool sounding(void *arg)
{
	return ((const struct actor *)arg)->sounding;
}

static bool bot_silent(struct scene *s, struct actor *a, int64_t within)
{
	int64_t limit = a->acted_ms + within;
	world_until(s->w, silent, a,
		    limit + 120 - world_ms(s->w)); /* silence is known 100 ms later */
	int64_t took = a->silent_since_ms - a->acted_ms;
	if (!a->sounding && took <= within)
		return true;
	return scene_fail(s, "the bot still speaks after %d ms", (int)within);
}

static bool bot_speaking(struct scene *s, struct actor *a, int64_t within)
{
	world_until(s->w, scene_mouth_shut, a, 60000);
	int64_t from = a->spoke_ms > a->acted_ms ? a->spoke_ms : a->acted_ms;
	world_until(s->w, sounding, a, from + within - world_ms(s->w));
	int64_t took = a->sound_since_ms - from;
	if (a->sounding && took < 0)
		return scene_fail(s, "the bot spoke %d ms too early", (int)-took);
	if (a->sounding && took <= within)
		return true;
	return scene_fail(s, "the bot does not speak within %d ms", (int)within);
}

static bool bot_speaks_on(struct scene *s, struct actor *a, int64_t ms)
{
	for (int64_t t = 0; t < ms; t += 20) {
		if (!a->sounding)
			return scene_fail(s, "the bot fell silent after %d ms", (int)t);
		world_run(s->w, 20);
	}
	return true;
}

static bool bot_quiet_for(struct scene *s, struct actor *a, int64_t ms)
{
	for (int64_t t = 0; t < ms; t += 20) {
		if (a->sounding)
			return scene_fail(s, "the bot spoke after %d ms", (int)t);
		world_run(s->w, 20);
	}
	return true;
}

static bool bot_done(struct scene *s, struct actor *a, int64_t ms)
{
	return world_until(s->w, sounding, a, ms) && world_until(s->w, silent, a, ms) ? true :
		scene_fail(s, "the bot did not speak and end within %d ms", (int)ms);
}

/* bot silent within 300ms | speaking within 900ms | speaking for 500ms | quiet for 2s |
 * finishes within 20s */
bool scene_expect_bot(struct scene *s, struct actor *a, int i)
{
	static const struct {
		const char *what, *how;
		bool (*fn)(struct scene *s, struct actor *a, int64_t ms);
	} kinds[] = {
		{ "silent", "within", bot_silent }, { "speaking", "within", bot_speaking },
		{ "speaking", "for", bot_speaks_on }, { "quiet", "for", bot_quiet_for },
		{ "finishes", "within", bot_done },
	};
	int64_t ms = scene_ms(scene_word(s, i + 2));
	if (!a->phone || ms < 0)
		return scene_fail(s, "only callers hear, and for a time");
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		if (scene_is(s, i, kinds[k].what) && scene_is(s, i + 1, kinds[k].how))
			return kinds[k].fn(s, a, ms);
	return scene_fail(s, "the bot does what?");
}
