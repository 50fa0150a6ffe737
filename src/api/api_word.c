/* api_word.c: words of the people's side to conversations; a written one that is not in memory
 * (after a restart, after a pause) is loaded first and told then.
 *
 * A word is tried at once; only when no shard has the conversation the river is asked. Words wait
 * in the chat that is being loaded, in order. Door's thread, api_word on any. */
#include "api_chat.h"
#include "api_word.h"
#include "talk_people.h"

struct api_word {
	struct api_word *next;
	struct api *a;
	struct talk_word w;          /* its strings in mem */
	struct arena mem;
	struct mbox *back;           /* the caller's */
	void (*done)(void *arg, int err);
	void *arg;
	int err;
	bool again;                  /* loaded once: not a second time */
};

static void word_free(struct api_word *x)
{
	obj_unref(x->w.music);
	arena_done(&x->mem);
	xfree(x);
}

static void word_told(void *arg)
{
	struct api_word *x = arg;
	x->done(x->arg, x->err);
	word_free(x);
}

static void word_over(struct api_word *x, int err)
{
	x->err = err;
	if (!x->done) {
		word_free(x);
	} else if (x->back == x->a->mbox || !x->back) {
		word_told(x);
	} else if (mbox_post(x->back, word_told, x)) {
		word_told(x);        /* better on the wrong thread than never: see api.h */
	}
}

static void word_tried(void *arg, int err);

static void word_try(struct api_word *x)
{
	int rc = x->a->ending ? ERR_CLOSED : talk_hub_word(x->a->o.hub, &x->w);
	if (rc)
		word_over(x, rc);
}

static void word_tried(void *arg, int err)
{
	struct api_word *x = arg;
	struct api_chat *c;
	if (err != ERR_NOTFOUND || x->again || x->a->ending) {
		word_over(x, err);
		return;
	}
	x->again = true;
	c = chat_find_or_load(x->a, x->w.conversation);
	if (!c) {
		word_over(x, ERR_FULL);
	} else if (!c->loading) {
		word_try(x);         /* it came back meanwhile */
	} else {
		struct api_word **end = &c->words;
		while (*end)
			end = &(*end)->next;
		x->next = NULL;
		*end = x;
	}
}

void api_words_go_on(struct api_chat *c, int err)
{
	struct api_word *x = c->words;
	c->words = NULL;
	while (x) {
		struct api_word *next = x->next;
		if (err)
			word_over(x, err);
		else
			word_try(x);
		x = next;
	}
}

static void word_here(void *arg)
{
	word_try(arg);
}

int api_word(struct api *a, const struct talk_word *w)
{
	struct api_word *x = xalloc(sizeof(*x));
	sv *const copied[] = { &x->w.conversation, &x->w.agent, &x->w.name, &x->w.text, &x->w.lang,
			       &x->w.original, &x->w.client_id, &x->w.why, &x->w.party, &x->w.to,
			       &x->w.keys };
	x->a = a;
	x->w = *w;
	(void)obj_ref(x->w.music);
	arena_init(&x->mem, LIM_ARENA_TURN);
	for (size_t i = 0; i < sizeof(copied) / sizeof(*copied); i++)
		if (copied[i]->n)
			*copied[i] = arena_sv(&x->mem, *copied[i]);
	x->back = w->back;
	x->done = w->done;
	x->arg = w->arg;
	x->w.back = a->mbox;
	x->w.done = word_tried;
	x->w.arg = x;
	int rc = mbox_post(a->mbox, word_here, x);
	if (rc)
		word_free(x);
	return rc;
}
