/* talk_past.c: what a conversation remembers (the lines a model sees) and what waits to be
 * answered.
 *
 * Lines and waiting texts are owned copies, both bounded. What the customer did not hear is cut
 * off the last line; what does not fit into the queue joins its last text, so that nothing said
 * goes unanswered. */
#include "talk_core.h"

void talk_remember(struct talk_core *c, bool bot, sv text)
{
	if (c->n_past == TALK_HISTORY) {
		xfree(c->past[0].text);
		memmove(&c->past[0], &c->past[1], sizeof(c->past[0]) * (TALK_HISTORY - 1));
		c->n_past--;
	}
	size_t keep = sv_rune_offset(text, TALK_LINE_RUNES);
	c->past[c->n_past++] = (struct talk_said){ bot, xstrdup(sv_slice(text, 0, keep)) };
}

void talk_forget_last(struct talk_core *c)
{
	xfree(c->past[--c->n_past].text);
}

void talk_remember_as(struct talk_core *c, sv text)
{
	if (c->n_past && !c->past[c->n_past - 1].bot) {
		talk_forget_last(c);
		talk_remember(c, false, text);
	}
}

/* An engine without word marks tells bytes by time: never half a letter. */
size_t talk_whole_runes(const char *text, size_t bytes)
{
	return sv_head(sv_of(text), bytes).n;
}

/* The context holds exactly what was heard: the bot's last line is cut there. */
void talk_forget_unheard(struct talk_core *c, size_t heard_bytes)
{
	if (c->n_past == 0 || !c->past[c->n_past - 1].bot)
		return;
	char *text = c->past[c->n_past - 1].text;
	size_t keep = talk_whole_runes(text, heard_bytes);
	if (keep == 0)
		talk_forget_last(c);
	else
		text[keep] = '\0';
}

/* ---- the queue of texts that came while thinking ---- */

static void append(char **to, sv more)
{
	struct sb b;
	sb_init(&b, 2 * LIM_TEXT_MSG);
	sb_fmt(&b, "%s\n" SV_FMT, *to, SV_ARG(more));
	if (!sb_err(&b)) {
		xfree(*to);
		*to = xstrdup(sb_sv(&b));
	}
	sb_done(&b);
}

void talk_enqueue(struct talk_core *c, sv text, sv model_text, sv slots, bool steers, int turn)
{
	if (c->n_queue == TALK_QUEUE || (c->voice && c->n_queue)) { /* with the last one */
		struct talk_queued *last = &c->queue[c->n_queue - 1];
		append(&last->text, text);
		append(&last->model_text, model_text);
		xfree(last->slots);
		last->slots = slots.n ? xstrdup(slots) : NULL;
		last->turn = turn;
		last->steers |= steers;
		last->feel = c->feel;
		return;
	}
	c->queue[c->n_queue++] =
		(struct talk_queued){ xstrdup(text), xstrdup(model_text),
				      slots.n ? xstrdup(slots) : NULL, turn, steers, c->feel };
}

void talk_queue_clear(struct talk_core *c)
{
	for (int i = 0; i < c->n_queue; i++) {
		xfree(c->queue[i].text);
		xfree(c->queue[i].model_text);
		xfree(c->queue[i].slots);
	}
	c->n_queue = 0;
}
