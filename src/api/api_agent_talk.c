/* api_agent_talk.c: what agents say and write in a conversation, and what its recording keeps.
 *
 * The conversation itself decides whether an agent's words reach the customer (only while it is
 * with that agent); notes and typing are for whoever serves it, and for supervisors. Door's
 * thread. */
#include "api_agent_op.h"
#include "api_assist.h"
#include "assist.h"

#include <ctype.h>
#include <stdio.h>

#define NOTE_MAX 4000

static void word_done(void *arg, int err)
{
	struct api_op *op = arg;
	if (err)
		api_op_fail(op, err, err == ERR_NOTFOUND ? "There is no such open conversation." :
			    err == ERR_STATE && op->kind->run == api_op_takeover ?
				    "It cannot be taken over now: it is a call, or over." :
			    err == ERR_STATE ? "The conversation is not with you now." :
			    err == ERR_UNSUPPORTED ? "This conversation is no call." : NULL);
	else
		api_op_done(op, SV_NULL);
}

/* May this user put a hand on the conversation? Listening in has a permission of its own, which
 * the table has asked for. */
static bool may_touch(struct api_op *op, sv conversation)
{
	if (sv_eq(sv_of(op->kind->may), SV("call.monitor")) ||
	    api_serves(op->a, conversation, sv_of(op->u.login)) ||
	    api_role_may(op->a, sv_of(op->u.role), "handover.take"))
		return true;
	api_op_fail(op, 403, "You do not serve this conversation.");
	return false;
}

void api_op_word(struct api_op *op, struct talk_word *w)
{
	sv id = api_op_id(op, "conversation");
	if (!id.n) {
		api_op_fail(op, 400, "Say which conversation, 26 characters.");
		return;
	}
	if (!may_touch(op, id))
		return;
	w->conversation = id;
	w->agent = w->agent.n ? w->agent : sv_of(op->u.login);
	w->back = op->a->mbox;
	w->done = word_done;
	w->arg = op;
	int rc = api_word(op->a, w);
	if (rc)
		word_done(op, rc);
}

/* ---- in the customer's language ---- */

static void say_translated(void *arg, int err, sv text)
{
	struct api_op *op = arg;
	struct talk_word w = { .kind = WORD_SAYS, .text = text,
			       .original = jv_get_str(op->data, "text"),
			       .client_id = jv_get_str(op->data, "client_id"),
			       .lang = jv_get_str(op->data, "lang"),
			       .suggested = jv_get_bool(op->data, "suggested", false) };
	struct api_name name;
	if (err) {
		api_op_fail(op, err == ERR_NOTFOUND ? 503 : err,
			    err == ERR_NOTFOUND ? "No language model is there to translate." :
			    err == ERR_DENIED   ? "The translation lost a number or a name; say it "
						  "yourself." :
						  NULL);
		return;
	}
	api_name_of(op->a, op->u.login, &name);
	w.name = sv_of(name.text);
	api_op_word(op, &w);
}

/* True when the words go through a translation first (and it answers). */
static bool translated(struct api_op *op, sv text)
{
	const struct api_served *x = api_served(op->a, api_op_id(op, "conversation"));
	const char *from = api_written_in(text);
	if (!x || !x->lang[0] || strcmp(x->lang, from) == 0)
		return false;
	jv_set_str(op->data, "lang", sv_of(x->lang));
	int rc = op->a->o.assist ? assist_translate(op->a->o.assist, text, from, x->lang,
						    op->a->mbox, say_translated, op) :
				   ERR_NOTFOUND;
	if (rc)
		say_translated(op, rc, SV_NULL);
	return true;
}

void api_op_say(struct api_op *op)
{
	struct talk_word w = { .kind = WORD_SAYS,
			       .suggested = jv_get_bool(op->data, "suggested", false) };
	struct api_name name;
	if (!api_op_text(op, "text", 4 * LIM_TEXT_MSG, true, &w.text) ||
	    !api_op_text(op, "client_id", 64, false, &w.client_id) ||
	    !api_op_text(op, "lang", 8, false, &w.lang) ||
	    !api_op_text(op, "original", 4 * LIM_TEXT_MSG, false, &w.original))
		return;
	if (sv_runes(w.text) > LIM_TEXT_MSG) {
		api_op_fail(op, 413, "text may have 4000 characters at most.");
		return;
	}
	api_name_of(op->a, op->u.login, &name);
	w.name = sv_of(name.text);
	if (!jv_get_bool(op->data, "translate", false) || !translated(op, w.text))
		api_op_word(op, &w);
}

void api_op_note(struct api_op *op)
{
	struct talk_word w = { .kind = WORD_NOTE };
	if (api_op_text(op, "text", NOTE_MAX, true, &w.text))
		api_op_word(op, &w);
}

/* An item of the checklist, ticked by hand: a row beside the conversation, for the reviewer too. */
void api_op_check(struct api_op *op)
{
	char body[120];
	struct talk_word w = { .kind = WORD_ROW, .why = SV("agent.check") };
	sv item;
	if (!api_op_text(op, "item", 40, true, &item))
		return;
	for (size_t i = 0; i < item.n; i++)
		if (!isalnum((unsigned char)item.p[i]) && !strchr("_-", item.p[i])) {
			api_op_fail(op, 400, "item is the id of an item of the checklist.");
			return;
		}
	(void)snprintf(body, sizeof(body), "{\"item\":\"" SV_FMT "\",\"done\":%s}", SV_ARG(item),
		       jv_get_bool(op->data, "done", true) ? "true" : "false");
	w.text = sv_of(body);
	api_op_word(op, &w);
}

void api_op_typing(struct api_op *op)
{
	struct talk_word w = { .kind = WORD_TYPING };
	api_op_word(op, &w);
}

void api_op_record(struct api_op *op)
{
	sv id = api_op_id(op, "conversation");
	struct talk_record_order o = { .id = id, .by = sv_of(op->u.login),
				       .how = sv_eq(sv_of(op->kind->name), SV("record_pause")) ?
						      CHAN_RECORD_PAUSED : CHAN_RECORD_ON,
				       .back = op->a->mbox, .done = word_done, .arg = op };
	if (!id.n) {
		api_op_fail(op, 400, "Say which conversation, 26 characters.");
	} else if (may_touch(op, id)) {
		int rc = talk_hub_record(op->a->o.hub, &o);
		if (rc)
			word_done(op, rc);
	}
}
