/* api_realtime_turn.c: responses: what the engine does, told in a client's events.
 *
 *	words (auto)          response.created ...
 *	response.create       ... the engine thinks ...
 *	SAY                   output_item.added, content_part.added, transcript deltas
 *	sound                 output_audio.delta (api_realtime_sound.c)
 *	PLAYED or CUT         done, done, done: completed or cancelled
 *
 * One response at a time: a say that comes while another sounds waits in `later`. What the engine
 * says of its own accord (a greeting, a reminder after silence, goodbye) is a response too. A
 * cancelled turn's says that were under way are dropped until the shard confirms. Door's thread. */
#include "api_realtime.h"
#include "api_openai.h"

#include <stdio.h>

/* ---- a response ---- */

static jv *usage(const struct rt *s)
{
	int out = oai_tokens(sb_sv(&s->resp.text)), in = 0;
	for (size_t i = 0; i < s->items.n; i++)
		if (s->items.v[i].role != RT_ASSISTANT && s->items.v[i].text)
			in += oai_tokens(sv_of(s->items.v[i].text));
	jv *u = jv_obj();
	jv_set_int(u, "total_tokens", in + out);
	jv_set_int(u, "input_tokens", in);
	jv_set_int(u, "output_tokens", out);
	return u;
}

static void copy(jv *to, const jv *from, const char *key)
{
	const jv *v = jv_get(from, key);
	if (!jv_is_null(v))
		jv_set(to, key, jv_copy(v));
}

static jv *extension(const struct rt *s)
{
	static const char *const keys[] = { "action", "language", "intent", "emotion", "grounded",
					    "citations", "model", "fallback", "latency_us" };
	const jv *body = jv_get(s->resp.row, "body");
	jv *o = jv_obj();
	jv_set_str(o, "conversation_id", sv_of(s->conv_id));
	copy(o, s->resp.row, "turn");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		copy(o, body, keys[i]);
	return o;
}

static jv *status_details(const char *status, const char *reason)
{
	jv *o = jv_obj(), *e = jv_obj();
	jv_set_str(o, "type", sv_of(status));
	if (strcmp(status, "failed") == 0) {
		jv_set_str(e, "type", SV("server_error"));
		jv_set_str(e, "code", sv_of(reason));
		jv_set(o, "error", e);
		return o;
	}
	jv_free(e);
	jv_set_str(o, "reason", sv_of(reason));
	return o;
}

static jv *response_json(struct rt *s, const char *status, const char *reason)
{
	const struct rt_response *p = &s->resp;
	bool over = strcmp(status, "in_progress") != 0;
	jv *o = jv_obj(), *out = jv_arr(), *mods = jv_arr();
	jv_set_str(o, "id", sv_of(p->id));
	jv_set_str(o, "object", SV("realtime.response"));
	jv_set_str(o, "status", sv_of(status));
	jv_set(o, "status_details", reason ? status_details(status, reason) : jv_null());
	const struct rt_item *it = p->begun ? rt_item_find(s, sv_of(p->item)) : NULL;
	if (it)
		jv_push(out, rt_item_json(s, it));
	jv_set(o, "output", out);
	jv_set_str(o, "conversation_id", sv_of(s->conv_id));
	if (s->beta || p->text_only)
		jv_push(mods, jv_str(SV("text")));
	if (!p->text_only)
		jv_push(mods, jv_str(SV("audio")));
	jv_set(o, s->beta ? "modalities" : "output_modalities", mods);
	jv_set(o, "metadata", p->metadata ? jv_copy(p->metadata) : jv_null());
	jv_set_str(o, "max_output_tokens", SV("inf"));
	jv_set(o, "usage", over ? usage(s) : jv_null());
	if (p->row)
		jv_set(o, "callm", extension(s));
	return o;
}

static void tell_limits(struct rt *s)
{
	jv *ev = rt_ev("rate_limits.updated"), *list = jv_arr(), *o = jv_obj();
	double missing = RT_RESPONSES_A_MINUTE - s->tokens;
	jv_set_str(o, "name", SV("requests"));
	jv_set_int(o, "limit", RT_RESPONSES_A_MINUTE);
	jv_set_int(o, "remaining", (int64_t)s->tokens);
	jv_set_num(o, "reset_seconds", missing * 60 / RT_RESPONSES_A_MINUTE);
	jv_push(list, o);
	jv_set(ev, "rate_limits", list);
	rt_send(s, ev);
}

static bool rate_ok(struct rt *s)
{
	int64_t now = loop_now_ms(s->a->loop);
	double per_ms = RT_RESPONSES_A_MINUTE / 60000.0;
	s->tokens = s->tokens_ms ? s->tokens + (double)(now - s->tokens_ms) * per_ms :
				   RT_RESPONSES_A_MINUTE;
	if (s->tokens > RT_RESPONSES_A_MINUTE)
		s->tokens = RT_RESPONSES_A_MINUTE;
	s->tokens_ms = now;
	if (s->tokens < 1)
		return false;
	s->tokens -= 1;
	return true;
}

static void nothing_came(void *arg)
{
	rt_response_end(arg, "failed", "timeout");
}

static void response_begin(struct rt *s, jv *metadata)
{
	struct rt_response *p = &s->resp;
	*p = (struct rt_response){ .on = true, .text_only = s->text_only, .metadata = metadata };
	rt_id("resp", p->id);
	sb_init(&p->text, LIM_SB);
	jv *ev = rt_ev("response.created");
	jv_set(ev, "response", response_json(s, "in_progress", NULL));
	rt_send(s, ev);
	tell_limits(s);
	loop_after(s->a->loop, &s->answer, RT_ANSWER_MS, nothing_came, s);
}

/* An event about the response's only part. */
static jv *part_ev(const struct rt *s, const char *ga, bool content)
{
	jv *ev = rt_ev(rt_name(s, ga));
	jv_set_str(ev, "response_id", sv_of(s->resp.id));
	if (content)
		jv_set_str(ev, "item_id", sv_of(s->resp.item));
	jv_set_int(ev, "output_index", 0);
	if (content)
		jv_set_int(ev, "content_index", 0);
	return ev;
}

static jv *part_json(const struct rt *s, sv text)
{
	jv *o = jv_obj();
	jv_set_str(o, "type", s->resp.text_only ? SV("text") : SV("audio"));
	jv_set_str(o, s->resp.text_only ? "text" : "transcript", text);
	return o;
}

static void output_begin(struct rt *s, uint32_t say_id)
{
	struct rt_response *p = &s->resp;
	struct rt_item *it = rt_item_add(s, SV_NULL, RT_ASSISTANT, !p->text_only, SV_NULL);
	it->say_id = say_id;
	p->say_id = say_id;
	p->begun = true;
	memcpy(p->item, it->id, sizeof(p->item));
	jv *ev = part_ev(s, "response.output_item.added", false);
	jv_set(ev, "item", rt_item_json(s, it));
	rt_send(s, ev);
	rt_item_tell(s, it);
	ev = part_ev(s, "response.content_part.added", true);
	jv_set(ev, "part", part_json(s, SV("")));
	rt_send(s, ev);
}

static void output_end(struct rt *s)
{
	struct rt_response *p = &s->resp;
	struct rt_item *it = rt_item_find(s, sv_of(p->item));
	sv text = it && it->text ? sv_of(it->text) : sb_sv(&p->text);
	jv *ev;
	if (!p->text_only)
		rt_send(s, part_ev(s, "response.output_audio.done", true));
	ev = part_ev(s, p->text_only ? "response.output_text.done" :
				       "response.output_audio_transcript.done", true);
	jv_set_str(ev, p->text_only ? "text" : "transcript", text);
	rt_send(s, ev);
	ev = part_ev(s, "response.content_part.done", true);
	jv_set(ev, "part", part_json(s, text));
	rt_send(s, ev);
	ev = part_ev(s, "response.output_item.done", false);
	jv_set(ev, "item", it ? rt_item_json(s, it) : jv_null());
	rt_send(s, ev);
	if (it)
		rt_item_end(s, it);
}

static void play_later(struct rt *s);

void rt_response_end(struct rt *s, const char *status, const char *reason)
{
	struct rt_response *p = &s->resp;
	struct rt_item *it = p->begun ? rt_item_find(s, sv_of(p->item)) : NULL;
	loop_timer_stop(&s->answer);
	if (it) {
		it->audio_ms = p->audio_us / 1000;
		it->cut = strcmp(status, "completed") != 0;
		it->done = true;
		if (!it->text)
			it->text = xstrdup(sb_sv(&p->text));
	}
	if (p->begun)
		output_end(s);
	jv *ev = rt_ev("response.done");
	jv_set(ev, "response", response_json(s, status, reason));
	rt_send(s, ev);
	jv_free(p->row);
	jv_free(p->metadata);
	sb_done(&p->text);
	*p = (struct rt_response){ 0 };
	s->quiet_from_ms = loop_now_ms(s->a->loop);
	play_later(s);
}

/* ---- the engine's says ---- */

static void piece_free(struct rt_piece *x)
{
	xfree(x->text);
	xfree(x->row);
}

static void drop_later(struct rt *s)
{
	for (size_t i = 0; i < s->later.n; i++)
		piece_free(&s->later.v[i]);
	s->later.n = 0;
}

static void say_now(struct rt *s, uint32_t say_id, sv text, sv row, bool final)
{
	struct rt_response *p = &s->resp;
	if (!p->begun)
		output_begin(s, say_id);
	loop_timer_stop(&s->answer);
	sb_put(&p->text, text);
	if (text.n) {
		jv *ev = part_ev(s, p->text_only ? "response.output_text.delta" :
						   "response.output_audio_transcript.delta", true);
		jv_set_str(ev, "delta", text);
		rt_send(s, ev);
	}
	if (final && row.n) {
		jv_free(p->row);
		p->row = jv_parse(row, NULL);
	}
}

static void put_later(struct rt *s, const struct chan_rt_ev *e, bool played)
{
	struct rt_piece *x = VEC_PUSH(&s->later, RT_LATER);
	if (x)
		*x = (struct rt_piece){ e->say_id, xstrdup(e->text), xstrdup(e->row), e->final,
					played };
}

/* An answer to silence: the customer's turn was nothing. */
static void tell_timeout(struct rt *s)
{
	int64_t end = s->sound.in_us / 1000;
	struct rt_item *it = rt_item_add(s, SV_NULL, RT_USER, true, SV(""));
	jv *ev = rt_ev("input_audio_buffer.timeout_triggered");
	int64_t quiet = loop_now_ms(s->a->loop) - s->quiet_from_ms;
	jv_set_int(ev, "audio_start_ms", end > quiet ? end - quiet : 0);
	jv_set_int(ev, "audio_end_ms", end);
	jv_set_str(ev, "item_id", sv_of(it->id));
	rt_send(s, ev);
	rt_item_tell(s, it);
	rt_item_end(s, it);
}

static void on_say(struct rt *s, const struct chan_rt_ev *e)
{
	struct rt_response *p = &s->resp;
	if (s->drop_says)
		return;
	if ((p->on && p->say_id && p->say_id != e->say_id) || s->later.n) {
		put_later(s, e, false);
		return;
	}
	if (!p->on) {
		if (s->idle_ms && s->quiet_from_ms)
			tell_timeout(s);
		response_begin(s, NULL);
	}
	say_now(s, e->say_id, e->text, e->row, e->final);
}

static void on_played(struct rt *s, const struct chan_rt_ev *e)
{
	if (s->resp.on && s->resp.say_id == e->say_id)
		rt_response_end(s, "completed", NULL);
	else if (s->later.n)
		put_later(s, e, true);
}

/* The says that waited for the one before them: up to the end of the next. */
static void play_later(struct rt *s)
{
	while (s->later.n && (!s->resp.on || !s->resp.say_id ||
			      s->resp.say_id == s->later.v[0].say_id)) {
		struct rt_piece x = s->later.v[0];
		memmove(&s->later.v[0], &s->later.v[1], sizeof(x) * --s->later.n);
		if (x.played && s->resp.on) {
			piece_free(&x);
			rt_response_end(s, "completed", NULL);   /* goes on with the rest */
			return;
		}
		if (!x.played && !s->resp.on)
			response_begin(s, NULL);
		if (!x.played)
			say_now(s, x.say_id, sv_of(x.text), sv_of(x.row), x.final);
		piece_free(&x);
	}
}

static void on_cut(struct rt *s, const struct chan_rt_ev *e)
{
	struct rt_response *p = &s->resp;
	drop_later(s);
	if (!p->on || !p->say_id || p->say_id != e->say_id)
		return;
	struct rt_item *it = rt_item_find(s, sv_of(p->item));
	if (it) {
		xfree(it->text);
		it->text = xstrdup(sv_head(sb_sv(&p->text), e->bytes));
	}
	if (!p->text_only) {
		jv *ev = rt_ev("output_audio_buffer.cleared");
		jv_set_str(ev, "response_id", sv_of(p->id));
		rt_send(s, ev);
	}
	rt_response_end(s, "cancelled", p->cancelling ? "client_cancelled" : "turn_detected");
}

/* ---- what the customer said ---- */

static void on_start(struct rt *s, const struct chan_rt_ev *e)
{
	jv *ev = rt_ev("input_audio_buffer.speech_started");
	rt_id("item", s->speech_item);
	jv_set_int(ev, "audio_start_ms", e->start_ms);
	jv_set_str(ev, "item_id", sv_of(s->speech_item));
	rt_send(s, ev);
	if (s->resp.on && !s->resp.say_id) {
		drop_later(s);
		rt_response_end(s, "cancelled", "turn_detected");
	}
}

static void tell_committed(struct rt *s, const struct chan_rt_ev *e)
{
	if (!s->speech_item[0])
		rt_id("item", s->speech_item);
	jv *ev = rt_ev("input_audio_buffer.speech_stopped");
	jv_set_int(ev, "audio_end_ms", e->end_ms);
	jv_set_str(ev, "item_id", sv_of(s->speech_item));
	rt_send(s, ev);
	ev = rt_ev("input_audio_buffer.committed");
	jv_set(ev, "previous_item_id",
	       s->last_item[0] ? jv_str(sv_of(s->last_item)) : jv_null());
	jv_set_str(ev, "item_id", sv_of(s->speech_item));
	rt_send(s, ev);
	rt_item_tell(s, rt_item_add(s, sv_of(s->speech_item), RT_USER, true, SV_NULL));
}

static void tell_words(struct rt *s, struct rt_item *it, const struct chan_rt_ev *e)
{
	const char *head = "conversation.item.input_audio_transcription";
	char type[96];
	jv *ev, *u = jv_obj();
	xfree(it->text);
	it->text = xstrdup(e->text);
	if (s->transcribe && e->text.n) {
		snprintf(type, sizeof(type), "%s.delta", head);
		ev = rt_ev(type);
		jv_set_str(ev, "item_id", sv_of(it->id));
		jv_set_int(ev, "content_index", 0);
		jv_set_str(ev, "delta", e->text);
		rt_send(s, ev);
	}
	jv_set_str(u, "type", SV("duration"));
	jv_set_num(u, "seconds", (double)(e->end_ms - e->start_ms) / 1000);
	if (s->transcribe) {
		snprintf(type, sizeof(type), "%s.completed", head);
		ev = rt_ev(type);
		jv_set_str(ev, "item_id", sv_of(it->id));
		jv_set_int(ev, "content_index", 0);
		jv_set_str(ev, "transcript", e->text);
		jv_set(ev, "usage", u);
		rt_send(s, ev);
	} else {
		jv_free(u);
	}
	rt_item_end(s, it);
}

static void on_words(struct rt *s, const struct chan_rt_ev *e)
{
	char id[40];
	if (s->n_commits) {
		memcpy(id, s->commits[0], sizeof(id));
		memmove(s->commits[0], s->commits[1],
			sizeof(id) * (size_t)--s->n_commits);
	} else {
		tell_committed(s, e);
		memcpy(id, s->speech_item, sizeof(id));
		s->speech_item[0] = '\0';
		s->sound.buffered_us = 0;
	}
	struct rt_item *it = rt_item_find(s, sv_of(id));
	if (it)
		tell_words(s, it, e);
	if (rt_mode(s) & CHAN_RT_KEEP) {
		s->has_words |= s->due == 0;
		s->due -= s->due > 0;
	} else if (!s->resp.on) {
		(void)rate_ok(s);        /* counted; a voice is not kept from being answered */
		response_begin(s, NULL);
	}
}

static void on_cancelled(struct rt *s)
{
	s->drop_says = false;
	if (s->resp.on && s->resp.cancelling)
		rt_response_end(s, "cancelled", "client_cancelled");
}

void rt_engine(void *arg, const struct chan_rt_ev *e)
{
	struct rt *s = arg;
	switch (e->kind) {
	case CHAN_RT_START:
		on_start(s, e);
		return;
	case CHAN_RT_WORDS:
		on_words(s, e);
		return;
	case CHAN_RT_SAY:
		on_say(s, e);
		return;
	case CHAN_RT_PLAYED:
		on_played(s, e);
		return;
	case CHAN_RT_CUT:
		on_cut(s, e);
		return;
	case CHAN_RT_CANCELLED:
		on_cancelled(s);
		return;
	}
}

void rt_turn_done(struct rt *s)
{
	loop_timer_stop(&s->answer);
	drop_later(s);
	VEC_FREE(&s->later);
	jv_free(s->resp.row);
	jv_free(s->resp.metadata);
	sb_done(&s->resp.text);
}

/* ---- client events ---- */

static const char *create_bad(struct rt *s, const jv *r, const char **code)
{
	bool input = s->pending.n || s->has_words || s->n_commits;
	*code = "conversation_already_has_active_response";
	if (s->resp.on)
		return "A response is under way; wait for response.done or send response.cancel.";
	*code = "invalid_value";
	if (!jv_is_null(r) && !jv_is_obj(r))
		return "response must be an object.";
	*code = "unsupported_value";
	if (sv_eq(jv_get_str(r, "conversation"), SV("none")) || jv_len(jv_get(r, "input")))
		return "Responses beside the conversation are not given.";
	if (jv_len(jv_get(r, "tools")))
		return "Functions are called over /v1/chat/completions.";
	*code = "no_input";
	if (!input && s->voice_of)
		return "Nothing was said that is not answered yet.";
	*code = "rate_limit_exceeded";
	return rate_ok(s) ? NULL : "Too many responses in a minute.";
}

void rt_on_create(struct rt *s, const jv *ev)
{
	const jv *r = jv_get(ev, "response");
	const char *code, *why = create_bad(s, r, &code);
	if (why) {
		rt_error(s, ev, code, NULL, "%s", why);
		return;
	}
	bool input = s->pending.n || s->has_words || s->n_commits;
	bool greet = !s->voice_of && !input;
	if (!rt_begin(s, greet))
		return;
	const jv *meta = jv_get(r, "metadata");
	response_begin(s, jv_is_obj(meta) ? jv_copy(meta) : NULL);
	if (!greet)
		chan_realtime_respond(s->voice_of, sb_sv(&s->pending));
	sb_reset(&s->pending);
	s->has_words = false;
	s->due = s->n_commits;
}

void rt_on_cancel(struct rt *s, const jv *ev)
{
	bool clear = sv_eq(jv_get_str(ev, "type"), SV("output_audio_buffer.clear"));
	sv id = jv_get_str(ev, "response_id");
	if (!s->resp.on || (id.n && !sv_eq(id, sv_of(s->resp.id)))) {
		if (!clear)
			rt_error(s, ev, "response_cancel_not_active", NULL,
				 "No such response is under way.");
		return;
	}
	s->drop_says = true;
	s->resp.cancelling = true;
	s->due = 0;
	chan_realtime_cancel(s->voice_of);
	if (!s->resp.say_id)
		rt_response_end(s, "cancelled", "client_cancelled");
}
