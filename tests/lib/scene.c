/* scene.c: runs .scene files: readable stories of conversations on the simulated world.
 *
 * A file is read whole into lines of tokens; what the world needs to know first (language,
 * models, whether the store must survive a restart) is picked out, then the statements are
 * carried out in order. Statements that act are here, those that look are in scene_expect.c. A
 * story's words never wait by themselves: only "wait" and the expectations move the clock. Owns
 * the scene and its world; the test's thread. */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <ftw.h>

#define SCENE_LINES 400

/* ---- words ---- */

bool scene_fail(struct scene *s, const char *fmt, ...)
{
	char msg[3000];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (!s->failed)
		sb_fmt(s->why, "# %s:%d: %s\n", s->path, s->now ? s->now->no : 0, msg);
	s->failed = true;
	return false;
}

sv scene_word(const struct scene *s, int i)
{
	return i < s->now->n ? s->now->v[i].text : SV_NULL;
}

bool scene_is(const struct scene *s, int i, const char *word)
{
	return i < s->now->n && !s->now->v[i].quoted && sv_eq(s->now->v[i].text, sv_of(word));
}

int64_t scene_ms(sv x)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 } };
	double n;
	if (sv_starts(x, SV("+")))
		x = sv_slice(x, 1, x.n);
	for (int i = 0; i < 3; i++) {
		sv unit = sv_of(units[i].unit);
		if (sv_ends(x, unit) && sv_f64(sv_slice(x, 0, x.n - unit.n), &n) == 0 && n >= 0)
			return (int64_t)(n * (double)units[i].ms);
	}
	return -1;
}

/* ---- reading ---- */

static bool take_token(struct scene *s, sv *rest, struct line *l)
{
	*rest = sv_trim(*rest);
	if (!rest->n || *rest->p == '#')
		return false;
	struct token *t = &l->v[l->n];
	t->quoted = *rest->p == '"';
	size_t from = t->quoted, to = from;
	while (to < rest->n &&
	       (t->quoted ? rest->p[to] != '"' : rest->p[to] != ' ' && rest->p[to] != '\t'))
		to++;
	if (t->quoted && to == rest->n)
		return scene_fail(s, "a quotation is not closed");
	t->text = arena_sv(&s->a, sv_slice(*rest, from, to));
	*rest = sv_slice(*rest, to + t->quoted, rest->n);
	l->n++;
	return true;
}

static bool read_lines(struct scene *s, sv text)
{
	sv row;
	for (int no = 1; sv_line(&text, &row); no++) {
		struct line l = { .no = no };
		s->now = &l;
		while (l.n < SCENE_TOKENS && take_token(s, &row, &l))
			;
		s->now = NULL;
		if (s->failed)
			return false;
		struct line *slot = l.n ? VEC_PUSH(&s->lines, SCENE_LINES) : NULL;
		if (slot)
			*slot = l;
	}
	return s->lines.n > 0 || scene_fail(s, "there is nothing in it");
}

/* ---- what the world must know before it begins ---- */

static int64_t number(const struct scene *s, int i)
{
	int64_t n = 0;
	(void)sv_i64(scene_word(s, i), &n);
	return n;
}

/* ... calls TOOL "{'order':'HH2026-100108'}" [after 0]: single quotes stand for double ones */
static jv *model_call(struct scene *s, jv *rule, int i)
{
	jv *call = jv_obj();
	struct sb b;
	sb_init(&b, 4096);
	sv args = scene_word(s, i + 2);
	for (size_t k = 0; k < args.n; k++)
		sb_ch(&b, args.p[k] == '\'' ? '"' : args.p[k]);
	jv_set_str(call, "name", scene_word(s, i + 1));
	jv_set(call, "args", jv_parse(sb_sv(&b), NULL));
	if (!jv_get(call, "args"))
		scene_fail(s, "the arguments are no JSON: %s", sb_str(&b));
	jv_set(rule, "call", call);
	jv_set_int(rule, "after", scene_is(s, i + 3, "after") ? number(s, i + 4) : 0);
	sb_done(&b);
	return rule;
}

/* model [on "word"] says "a" / "b" [every 20ms] [then stall|close|garbage] [after 1] | calls ... |
 * fails http500 | dead */
static jv *model_rule(struct scene *s)
{
	jv *rule = jv_obj(), *say = jv_arr();
	int i = 1;
	if (scene_is(s, i, "on")) {
		jv_set_str(rule, "match", scene_word(s, i + 1));
		i += 2;
	}
	jv_set(rule, "say", say);
	if (scene_is(s, i, "dead") || scene_is(s, i, "fails"))
		jv_set_str(rule, "fail", SV("http500"));
	else if (scene_is(s, i, "stalls"))
		jv_set_str(rule, "fail", SV("stall"));
	else if (scene_is(s, i, "calls"))
		return model_call(s, rule, i);
	else if (!scene_is(s, i, "says"))
		scene_fail(s, "a model says, calls, stalls, fails or is dead");
	for (i++; i < s->now->n; i++) {
		if (s->now->v[i].quoted)
			jv_push(say, jv_str(scene_word(s, i)));
		else if (scene_is(s, i, "after"))
			jv_set_int(rule, "after", number(s, i + 1));
		else if (scene_is(s, i, "every"))
			jv_set_int(rule, "delay_ms", scene_ms(scene_word(s, i + 1)));
		else if (scene_is(s, i, "then"))
			jv_set_str(rule, "fail", scene_word(s, i + 1));
	}
	return rule;
}

static void add_rule(struct scene *s, size_t which)
{
	if (!s->llm[which])
		s->llm[which] = jv_arr();
	jv_push(s->llm[which], model_rule(s));
	if (s->n_llm < which + 1)
		s->n_llm = which + 1;
}

static bool prepare(struct scene *s)
{
	bool folder = false;
	for (size_t i = 0; i < s->lines.n; i++) {
		s->now = &s->lines.v[i];
		if (scene_is(s, 0, "scene"))
			s->title = scene_word(s, 1);
		else if (scene_is(s, 0, "lang"))
			snprintf(s->lang, sizeof(s->lang), SV_FMT, SV_ARG(scene_word(s, 1)));
		else if (scene_is(s, 0, "model"))
			add_rule(s, 0);
		else if (scene_is(s, 0, "service"))
			s->service = true;
		else if (scene_is(s, 0, "disclosure"))
			s->disclosure = true;
		else if (scene_is(s, 0, "people"))
			s->people = true;
		else if (scene_is(s, 0, "survey"))
			s->survey = talk_survey_of(scene_word(s, 1));
		else if (scene_is(s, 0, "transfers"))
			snprintf(s->transfer_to, sizeof(s->transfer_to), SV_FMT,
				 SV_ARG(scene_word(s, 1)));
		else if (scene_is(s, 0, "backup"))
			add_rule(s, 1);
		else if (scene_is(s, 0, "restart") || scene_is(s, 0, "power"))
			folder = true;
	}
	s->now = &s->lines.v[0];
	if (s->n_llm == 2 && !s->llm[0])
		return scene_fail(s, "a backup without a model");
	if (!s->title.n)
		return scene_fail(s, "a story begins with: scene \"what it is about\"");
	if (folder) {
		snprintf(s->dir, sizeof(s->dir), "/tmp/scene-XXXXXX");
		ASSERT(mkdtemp(s->dir));
	}
	return !s->failed;
}

/* ---- statements that act ---- */

static bool do_customer(struct scene *s)
{
	s->actor = world_chat(s->w, scene_word(s, 1));
	return true;
}

/* caller p1 calls [in zh] [recogniser on|off|zh|en] [echo -20] [from +8615400001370] */
static bool do_caller(struct scene *s)
{
	sv lang = sv_of(s->lang), ears = SV("on"), from = SV_NULL;
	double echo = 0;
	for (int i = 3; i + 1 < s->now->n; i += 2) {
		if (scene_is(s, i, "in"))
			lang = scene_word(s, i + 1);
		else if (scene_is(s, i, "recogniser"))
			ears = scene_word(s, i + 1);
		else if (scene_is(s, i, "from"))
			from = scene_word(s, i + 1);
		else if (!scene_is(s, i, "echo") || sv_f64(scene_word(s, i + 1), &echo))
			return scene_fail(
				s, "a caller calls [in zh] [recogniser on|off] [echo -20]");
	}
	s->actor = world_call_from(s->w, scene_word(s, 1), lang, ears, from);
	s->actor->echo_db = echo;
	return true;
}

static bool do_wait(struct scene *s)
{
	int64_t ms = scene_ms(scene_word(s, 1));
	if (ms < 0)
		return scene_fail(s, "wait how long?");
	world_run(s->w, ms);
	return true;
}

static bool do_restart(struct scene *s)
{
	if (world_restart(s->w, scene_is(s, 0, "power")))
		return scene_fail(s, "the server did not come back");
	return true;
}

static bool is_mute(void *arg)
{
	const struct actor *a = arg;
	return a->mouth.left_ms <= 0;
}

/* A row of words ("says" twice before anyone looked) counts as one action: its replies come one
 * by one. */
static void note_action(struct actor *a)
{
	if (!a->asking)
		a->mark = a->reply = a->rows.n;
	a->asking = true;
}

/* p1 says "words" [for 1500ms] [hears "other words"] [confidence 0.4] */
static bool act_says(struct scene *s, struct actor *a)
{
	sv words = scene_word(s, 2), hears = words;
	int64_t ms = 0;
	double confidence = 0.9;
	for (int i = 3; i + 1 < s->now->n; i += 2) {
		if (scene_is(s, i, "for"))
			ms = scene_ms(scene_word(s, i + 1));
		else if (scene_is(s, i, "heard-as"))
			hears = scene_word(s, i + 1);
		else if (!scene_is(s, i, "confidence") || sv_f64(scene_word(s, i + 1), &confidence))
			return scene_fail(s, "says \"words\" [for 1500ms] [heard-as "
					     "\"others\"] [confidence 0.4]");
	}
	if (!a->phone) {
		note_action(a);
		return actor_write(a, words) == 0 || scene_fail(s, "the chat takes no message");
	}
	world_until(s->w, is_mute, a, 60000);
	note_action(a);
	if (ms <= 0)
		ms = 400 + (int64_t)sv_runes(words) *
				   (sv_starts(sv_of(a->lang), SV("zh")) ? 200 : 60);
	actor_speak(a, hears, ms, 0, confidence);
	return true;
}

/* c1 chooses "title": answers a question back with the number before that title. */
static bool act_chooses(struct scene *s, struct actor *a)
{
	for (size_t k = a->rows.n; k > 0; k--) {
		sv text = jv_get_str(jv_get(a->rows.v[k - 1].v, "body"), "text");
		ptrdiff_t at = sv_find(text, scene_word(s, 2));
		if (!sv_eq(jv_get_str(a->rows.v[k - 1].v, "kind"), SV("turn.bot")))
			continue;
		if (at < 3)
			return scene_fail(s, "that was not offered: \"" SV_FMT "\"", SV_ARG(text));
		note_action(a);
		return actor_write(a, sv_n(text.p + at - 3, 1)) == 0;
	}
	return scene_fail(s, "nothing was offered");
}

static bool act_coughs(struct scene *s, struct actor *a)
{
	int64_t ms = scene_is(s, 2, "for") ? scene_ms(scene_word(s, 3)) : 120;
	actor_speak(a, SV(""), ms, -20, 0);
	return true;
}

static bool act_presses(struct scene *s, struct actor *a)
{
	sv key = scene_word(s, 2);
	if (key.n != 1)
		return scene_fail(s, "presses one key");
	note_action(a);
	actor_press(a, *key.p);
	return true;
}

static bool act_is(struct scene *s, struct actor *a)
{
	int64_t ms = scene_ms(scene_word(s, 3));
	if (!scene_is(s, 2, "silent") || ms < 0)
		return scene_fail(s, "is silent how long?");
	note_action(a);
	a->asking = false;
	world_until(s->w, is_mute, a, 60000);
	world_run(s->w, ms);
	a->acted_ms = a->spoke_ms = world_ms(s->w);
	return true;
}

static bool act_hold(struct scene *s, struct actor *a)
{
	actor_hold(a, true);
	return true;
}

static bool act_resumes(struct scene *s, struct actor *a)
{
	note_action(a);
	a->asking = false;
	actor_hold(a, false);
	return true;
}

static bool act_leaves(struct scene *s, struct actor *a)
{
	actor_leave(a);
	return true;
}

/* p1 transfer ringing | joined | left | failed "busy" */
static bool act_transfer(struct scene *s, struct actor *a)
{
	static const char *const steps[] = { "ringing", "briefing", "joined", "left", "failed" };
	char why[40];
	snprintf(why, sizeof(why), SV_FMT, SV_ARG(scene_word(s, 3)));
	note_action(a);
	a->asking = false;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (scene_is(s, 2, steps[i]))
			return actor_moved(a, steps[i], why), true;
	return scene_fail(s, "a transfer is ringing, briefing, joined, left or failed \"why\"");
}

static bool act_loses(struct scene *s, struct actor *a)
{
	note_action(a);
	a->asking = false;
	actor_lose_ears(a);
	return true;
}

static bool do_actor(struct scene *s)
{
	static const struct {
		const char *verb;
		bool phone_only;
		bool (*fn)(struct scene *s, struct actor *a);
	} verbs[] = {
		{ "says", false, act_says },      { "chooses", false, act_chooses },
		{ "coughs", true, act_coughs },   { "presses", true, act_presses },
		{ "is", false, act_is },          { "holds", true, act_hold },
		{ "resumes", true, act_resumes }, { "hangs", true, act_leaves },
		{ "leaves", false, act_leaves },  { "loses", true, act_loses },
		{ "transfer", true, act_transfer },
	};
	struct actor *a = world_find(s->w, scene_word(s, 0));
	if (!a)
		return scene_fail(s, "who or what is \"" SV_FMT "\"?", SV_ARG(scene_word(s, 0)));
	s->actor = a;
	if (a->over)
		return scene_fail(s, "%s is gone already", a->name);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (scene_is(s, 1, verbs[i].verb) && (a->phone || !verbs[i].phone_only))
			return verbs[i].fn(s, a);
	return scene_fail(s, "%s cannot \"" SV_FMT "\"", a->name, SV_ARG(scene_word(s, 1)));
}

static bool told_before(struct scene *s)
{
	return true;
}

static bool do_line(struct scene *s);

/* at +600ms p1 says ... */
static bool do_at(struct scene *s)
{
	int64_t ms = scene_ms(scene_word(s, 1));
	if (ms < 0)
		return scene_fail(s, "at when?");
	world_run(s->w, ms);
	struct line rest = { .n = s->now->n - 2, .no = s->now->no };
	memcpy(rest.v, s->now->v + 2, sizeof(rest.v[0]) * (size_t)rest.n);
	const struct line *whole = s->now;
	s->now = &rest;
	bool ok = do_line(s);
	s->now = whole;
	return ok;
}

static bool do_line(struct scene *s)
{
	static const struct {
		const char *word;
		bool (*fn)(struct scene *s);
	} words[] = {
		{ "scene", told_before },    { "lang", told_before },
		{ "model", told_before },    { "backup", told_before },
		{ "transfers", told_before }, { "disclosure", told_before },
		{ "service", told_before },  { "tools", scene_tools },
		{ "survey", told_before },   { "people", scene_people },
		{ "shop", scene_shop },      { "agent", scene_agent },
		{ "customer", do_customer }, { "caller", do_caller },
		{ "wait", do_wait },         { "at", do_at },
		{ "restart", do_restart },   { "power", do_restart },
		{ "expect", scene_expect },
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (scene_is(s, 0, words[i].word))
			return words[i].fn(s);
	return do_actor(s);
}

/* ---- the whole ---- */

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static void play(struct scene *s)
{
	struct world_opts o = { .lang = s->lang, .llm = { s->llm[0], s->llm[1] }, .n_llm = s->n_llm,
				.dir = s->dir[0] ? s->dir : NULL,
				.transfer_to = s->transfer_to[0] ? s->transfer_to : NULL,
				.disclosure = s->disclosure, .people = s->people,
				.survey = s->survey,
				.service = s->service ? &world_service : NULL };
	s->w = world_open(&o);
	if (!s->w) {
		scene_fail(s, "no world");
		return;
	}
	for (size_t i = 0; i < s->lines.n && !s->failed; i++) {
		s->now = &s->lines.v[i];
		do_line(s);
	}
	if (s->failed || s->always)
		sb_put(s->why, sb_sv(&s->w->log));
	world_close(s->w);
	s->w = NULL;
}

static void scene_done(struct scene *s)
{
	for (int i = 0; i < WORLD_LLMS; i++)
		jv_free(s->llm[i]);
	VEC_FREE(&s->lines);
	arena_done(&s->a);
	if (s->dir[0])
		(void)nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool scene_run(const char *path, bool always, struct sb *why)
{
	struct err e = { 0 };
	struct scene s = { .path = path, .why = why, .always = always, .lang = "en" };
	struct sb text;
	obj_unref(world_kb());       /* built before anything is counted */
	jv_free(world_company());
	size_t objs = obj_live(), bytes = arena_live_bytes();
	arena_init(&s.a, LIM_ARENA_TURN);
	sb_init(&text, LIM_CFG_BYTES);
	if (file_read(path, LIM_CFG_BYTES, &text, &e))
		scene_fail(&s, "%s", e.msg);
	else if (read_lines(&s, sb_sv(&text)) && prepare(&s))
		play(&s);
	sb_done(&text);
	scene_done(&s);
	s.now = NULL;
	size_t o = obj_live(), b = arena_live_bytes();
	if (!s.failed && (o != objs || b != bytes))
		scene_fail(&s, "leak: %zd objects, %zd bytes", (ssize_t)(o - objs),
			   (ssize_t)(b - bytes));
	return !s.failed;
}
