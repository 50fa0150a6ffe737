/* scene.h: stories as tests. A .scene file tells one conversation, a statement a line;
 * docs/testing.md has the language.
 *
 *	scene_run("tests/scenes/return_interrupt.scene", false, &why);    true when all was as
 * expected
 *
 * On failure why holds the line, what was expected, what was, and the flight recorder; with
 * `always` the recorder is there in any case.
 */
#ifndef CALLM_TEST_SCENE_H
#define CALLM_TEST_SCENE_H

#include "world_service.h"

bool scene_run(const char *path, bool always, struct sb *why);

/* ---- between scene.c, scene_expect.c and scene_service.c ---- */

struct token {
	sv text;
	bool quoted;
};
#define SCENE_TOKENS 40
struct line {
	struct token v[SCENE_TOKENS];
	int n, no;
};
struct scene {
	const char *path;
	struct arena a;
	VEC(struct line) lines;
	char lang[4], dir[64], transfer_to[80];
	bool disclosure, service, people;
	enum talk_survey survey;
	sv title;
	jv *llm[WORLD_LLMS];
	size_t n_llm;
	struct world *w;
	struct actor *actor;         /* who acted or was looked at last */
	const struct line *now;
	bool failed, always;
	struct sb *why;
};
/* Marks the scene failed with the first reason; returns false. */
bool scene_fail(struct scene *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A word of the present statement; empty past its end. */
sv scene_word(const struct scene *s, int i);
bool scene_is(const struct scene *s, int i, const char *word);
/* "300ms", "9s", "2m" in ms; -1 when it is none. */
int64_t scene_ms(sv s);
/* The caller's own words are over (also when gone); arg is the actor. */
bool scene_mouth_shut(void *arg);
/* "expect bot ...": tokens from i on. */
bool scene_expect_bot(struct scene *s, struct actor *a, int i);
/* The statement "expect ...". */
bool scene_expect(struct scene *s);
/* What a row or a result holds against a word of a statement: 10..40, "a part", equal. */
bool scene_value_fits(const jv *v, const struct token *t);

/* scene_people.c: the statement "people"; "expect people", tokens from i on */
bool scene_people(struct scene *s);
bool scene_exp_people(struct scene *s, struct actor *a, int i);

/* scene_service.c: statements "tools", "shop", "agent" */
bool scene_tools(struct scene *s);
bool scene_shop(struct scene *s);
bool scene_agent(struct scene *s);
/* ... and expectations of the store; tokens from i on */
bool scene_exp_order(struct scene *s, struct actor *a, int i);
bool scene_exp_rows(struct scene *s, struct actor *a, int i);
bool scene_exp_row(struct scene *s, struct actor *a, int i);

#endif
