/* eval_strategy.c: plays the strategy scenes through the engine, and counts (eval_strategy.h).
 *
 * What was decided is read from the reply's own record, as an auditor would. Anger lasts from the
 * second turn on whose record shows two turns of it. Owns the dialogue of the scene being played;
 * the shard's thread.
 */
#include "eval_strategy.h"

#include <stdio.h>

#define NAME 64

struct play {
	struct talk_shard *shard;
	struct eval_strategy *s;
	const char *lang;
	eval_wrong_fn *on_wrong;
	void *arg;
	char name[NAME], setup_of[NAME], tier[32], opening[256];
	bool voice, move, lasting, brought;
	int late;                    /* turns since anger lasts */
	struct chan_profile who;
	struct talk_dialog *d;
};

static void scene_end(struct play *p)
{
	talk_dialog_close(p->d);
	p->d = NULL;
	if (p->lasting) {
		p->s->sustained++;
		p->s->in_time += p->brought;
	}
	if (p->lasting && !p->brought && p->on_wrong)
		p->on_wrong(p->arg, sv_of(p->name), SV(""), SV("a person within two turns"),
			    SV("lasting anger without one"));
	p->lasting = p->brought = false;
	p->late = 0;
	p->opening[0] = 0;
}

static void scene_begin(struct play *p, sv name)
{
	scene_end(p);
	(void)snprintf(p->name, NAME, SV_FMT, (int)(name.n < NAME - 1 ? name.n : NAME - 1), name.p);
	if (strcmp(p->setup_of, p->name) != 0) {
		p->voice = p->move = false;
		p->tier[0] = 0;
	}
	p->who = (struct chan_profile){ .id = SV("c000"), .tier = sv_of(p->tier) };
	p->s->scenes++;
	p->d = talk_dialog_open(p->shard, &(struct talk_dialog_opts){
		.lang = sv_of(p->lang), .voice = p->voice, .can_move = p->move,
		.profile = p->tier[0] ? &p->who : NULL });
}

static bool setup(struct play *p, sv name, sv words)
{
	sv word;
	(void)snprintf(p->setup_of, NAME, SV_FMT, (int)(name.n < NAME - 1 ? name.n : NAME - 1),
		       name.p);
	p->voice = p->move = false;
	p->tier[0] = 0;
	while (sv_cut(&words, ' ', &word)) {
		if (sv_eq(word, SV("voice")))
			p->voice = true;
		else if (sv_eq(word, SV("move")))
			p->move = true;
		else if (sv_starts(word, SV("tier=")) && word.n - 5 < sizeof(p->tier))
			(void)snprintf(p->tier, sizeof(p->tier), SV_FMT,
				       SV_ARG(sv_slice(word, 5, word.n)));
		else if (word.n)
			return false;
	}
	return true;
}

static bool among(sv list, sv word)
{
	sv x;
	while (sv_cut(&list, '|', &x))
		if (sv_eq(x, word))
			return true;
	return false;
}

/* The first sentence is the same as the last reply's: only openings of our own repeat like that. */
static bool repeats(struct play *p, sv reply)
{
	size_t n = 0;
	while (n < reply.n && n < sizeof(p->opening) - 1) {
		sv rest = sv_slice(reply, n, reply.n);
		if (reply.p[n] == '.' || reply.p[n] == '?' || reply.p[n] == '!' ||
		    sv_starts(rest, SV("。")) || sv_starts(rest, SV("？")))
			break;
		n++;
	}
	bool same = n > 0 && n == strlen(p->opening) && memcmp(p->opening, reply.p, n) == 0;
	memcpy(p->opening, reply.p, n);
	p->opening[n] = 0;
	return same;
}

static bool has_row(const jv *reply, const char *kind)
{
	const jv *rows = jv_get(reply, "rows");
	for (size_t i = 0; i < jv_len(rows); i++)
		if (sv_eq(jv_as_str(jv_at(rows, i)), sv_of(kind)))
			return true;
	return false;
}

static int anger_of(const jv *strategy)
{
	return (int)jv_get_int(strategy, "angry_turns", 0);
}

static void count(struct play *p, const jv *reply, sv want, sv human)
{
	const jv *st = jv_get(reply, "strategy");
	sv is = jv_get_str(st, "human"), offer = jv_get_str(st, "offer");
	bool person = sv_eq(jv_get_str(reply, "action"), SV("handoff"));
	struct eval_strategy *s = p->s;
	s->right += among(want, jv_get_str(st, "row")) && among(human, is);
	if (sv_eq(human, SV("now"))) {
		s->due++;
		s->brought += person && sv_eq(is, SV("now"));
	} else if (sv_eq(human, SV("no"))) {
		s->calm++;
		s->escalated += sv_eq(is, SV("now")) || has_row(reply, "handover");
	}
	if (anger_of(st) >= 2 || p->lasting) {
		p->lasting = true;
		p->late++;
		p->brought |= person && p->late <= 2;
	}
	bool hot = jv_get_bool(st, "no_offers", false);
	s->forbidden += has_row(reply, "offer.made") &&
			(hot || (jv_get_num(st, "max", 0) > 0 && !p->tier[0]) || !offer.n);
	bool again = repeats(p, jv_get_str(reply, "reply"));
	s->repeated += again;
	if (again && p->on_wrong)
		p->on_wrong(p->arg, sv_of(p->name), sv_of(p->opening), SV("other words"),
			    SV("the same sentence again"));
}

static void turn(struct play *p, sv text, sv want, sv human)
{
	char got[160], due[160];
	size_t right = p->s->right;
	jv *reply = talk_dialog_say(p->d, text);
	const jv *st = jv_get(reply, "strategy");
	p->s->turns++;
	count(p, reply, want, human);
	if (p->s->right == right && p->on_wrong) {
		(void)snprintf(got, sizeof(got), "%.*s, %.*s", SV_ARG(jv_get_str(st, "row")),
			       SV_ARG(jv_get_str(st, "human")));
		(void)snprintf(due, sizeof(due), "%.*s, %.*s", (int)(want.n < 90 ? want.n : 90),
			       want.p, (int)(human.n < 60 ? human.n : 60), human.p);
		p->on_wrong(p->arg, sv_of(p->name), text, sv_of(due), sv_of(got));
	}
	jv_free(reply);
}

static bool line(struct play *p, sv row)
{
	sv f[4] = { 0 };
	size_t n = 0;
	if (!sv_trim(row).n || row.p[0] == '#')
		return true;
	while (n < 4 && sv_cut(&row, '\t', &f[n]))
		n++;
	if (n && sv_starts(f[0], SV("=")))
		return n == 2 && setup(p, sv_slice(f[0], 1, f[0].n), f[1]);
	if (n != 4 || !f[0].n || !f[1].n || !f[2].n || !f[3].n)
		return false;
	if (!sv_eq(f[0], sv_of(p->name)) || !p->d)
		scene_begin(p, f[0]);
	turn(p, f[1], f[2], f[3]);
	return true;
}

int eval_strategy(struct talk_shard *shard, sv tsv, const char *lang, struct eval_strategy *s,
		  eval_wrong_fn *on_wrong, void *arg, struct err *e)
{
	struct play p = { .shard = shard, .s = s, .lang = lang, .on_wrong = on_wrong, .arg = arg };
	int rc = 0;
	sv row;
	for (int no = 1; rc == 0 && sv_line(&tsv, &row); no++)
		if (!line(&p, row))
			rc = err_set(e, ERR_PARSE,
				     "line %d: write scene, text, rows and person, with tabs "
				     "between; "
				     "or =scene and its setup",
				     no);
	scene_end(&p);
	return rc;
}
