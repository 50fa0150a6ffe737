/* world_people.c: the people's side of the simulated world: what a conversation asks of it is
 * written down, what it says is a story's statement; callers' lines take persons in.
 *
 * The engine does with a word what it does in the server: talk_hub_word, its shard, its answer. A
 * line that takes persons in is the caller's own with another verb; who comes and goes is told by
 * the story. The test's thread. */
#include "world.h"

#include <stdio.h>

static struct world *present;        /* channels' verbs have no argument of their own */

static const char *name_of(struct world *w, sv id)
{
	for (int i = 0; i < w->n_actors; i++)
		if (sv_eq(id, sv_of(w->actors[i]->id)))
			return w->actors[i]->name;
	return "?";
}

static void note(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct world *w, const char *fmt, ...)
{
	char line[1000];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	sb_fmt(&w->people_log, "%s\n", line);
	world_note(w, "people: %s", line);
}

static int on_ask(void *arg, const struct talk_ask *x)
{
	struct world *w = arg;
	jv *packet = jv_parse(x->packet, NULL);
	ASSERT(jv_is_obj(packet));
	jv_free(packet);
	note(w, "%s %s " SV_FMT " topic " SV_FMT " priority %d in " SV_FMT,
	     x->again ? "again" : "ask", name_of(w, x->conversation), SV_ARG(x->reason),
	     SV_ARG(x->topic), x->priority, SV_ARG(x->language));
	return w->people_full ? ERR_FULL : 0;
}

static void on_gone(void *arg, sv conversation, const char *why)
{
	note(arg, "gone %s %s", name_of(arg, conversation), why);
}

static void on_phone(void *arg, sv conversation, sv party, const char *step, const char *why,
		     int status)
{
	note(arg, "phone %s " SV_FMT " %s %s", name_of(arg, conversation), SV_ARG(party), step,
	     why);
}

static void on_callback(void *arg, sv conversation, sv number)
{
	note(arg, "callback %s " SV_FMT, name_of(arg, conversation), SV_ARG(number));
}

const struct talk_people *world_people(struct world *w)
{
	static struct talk_people people = { on_ask, on_gone, on_phone, on_callback, NULL };
	people.arg = present = w;
	return w->o.people ? &people : NULL;
}

/* ---- a line that takes persons in ---- */

static int on_party(struct chan_peer *p, const struct chan_party *x)
{
	static const char *const acts[] = { "add", "mode", "mute", "keys", "drop", "wait" };
	const struct talk *t = p->user;
	note(present, "party %s %s " SV_FMT " " SV_FMT "%s%s",
	     t ? name_of(present, sv_of(t->id)) : "?", acts[x->act], SV_ARG(x->id),
	     SV_ARG(x->to), x->act == CHAN_PARTY_WAIT && x->mute ? "on" : "",
	     x->music ? " music" : "");
	return sv_eq(x->to, SV("sip:nowhere")) ? ERR_INVAL : 0;
}

static int on_open(void *arg, struct chan_peer *p, const struct chan_info *info, void **ret_user)
{
	static struct chan_ops ops;
	ops = *p->ops;
	ops.party = on_party;
	p->ops = &ops;
	p->caps |= CHAN_PARTIES;
	return talk_sink()->on_open(arg, p, info, ret_user);
}

const struct chan_sink *world_people_sink(struct world *w)
{
	static struct chan_sink sink;
	sink = *talk_sink();
	sink.on_open = on_open;
	return w->o.people ? &sink : talk_sink();
}

void actor_party(struct actor *a, sv id, sv step, sv mode)
{
	static const char *const modes[] = { "talks", "listens", "whispers", "consults", "on_hold",
					     "takes_over" };
	struct chan_msg m = { .kind = CHAN_PARTY, .client_id = id, .text = step };
	struct talk *t = actor_talk(a);
	for (int i = 0; i < 6; i++)
		if (sv_eq(mode, sv_of(modes[i])))
			m.mode = i;
	if (sv_eq(step, SV("failed")) || sv_eq(step, SV("left")))
		m.why = SV("gone");
	a->acted_ms = a->spoke_ms = world_ms(a->w);
	ASSERT(t && t->peer);
	t->peer->sink->on_msg(t, &m);
}

/* ---- words ---- */

static void on_word(void *arg, int err)
{
	struct world *w = arg;
	w->word_err = err;
}

int world_word(struct actor *a, struct talk_word *word)
{
	struct world *w = a->w;
	word->conversation = sv_of(a->id);
	word->back = w->door;
	word->done = on_word;
	word->arg = w;
	w->word_err = 1;
	a->acted_ms = a->spoke_ms = world_ms(w);
	int rc = talk_hub_word(w->hub, word);
	world_run(w, 0);
	if (rc == 0 && w->word_err == 1)     /* told when it is on disk */
		world_sync(w);
	return rc ? rc : w->word_err;
}
