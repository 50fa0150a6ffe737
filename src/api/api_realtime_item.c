/* api_realtime_item.c: items: the door's picture of what was said, as clients want to see it.
 *
 * The engine's own memory is the truth: deleting or truncating an item here takes words back that
 * were not answered yet, or tells the engine what was not heard of what it is saying; it rewrites
 * nothing else. Door's thread. */
#include "api_realtime.h"

#include <stdio.h>

struct rt_item *rt_item_find(struct rt *s, sv id)
{
	for (size_t i = s->items.n; i-- > 0;)
		if (sv_eq(sv_of(s->items.v[i].id), id))
			return &s->items.v[i];
	return NULL;
}

static void item_drop(struct rt *s, size_t i)
{
	xfree(s->items.v[i].text);
	memmove(&s->items.v[i], &s->items.v[i + 1], (s->items.n - i - 1) * sizeof(s->items.v[0]));
	s->items.n--;
}

struct rt_item *rt_item_add(struct rt *s, sv id, int role, bool audio, sv text)
{
	if (s->items.n == RT_ITEMS)
		item_drop(s, 0);
	struct rt_item *it = VEC_PUSH(&s->items, RT_ITEMS);
	*it = (struct rt_item){ .role = role, .audio = audio };
	if (id.n && id.n < sizeof(it->id))
		snprintf(it->id, sizeof(it->id), SV_FMT, SV_ARG(id));
	else
		rt_id("item", it->id);
	it->text = text.p ? xstrdup(text) : NULL;
	return it;
}

jv *rt_item_json(const struct rt *s, const struct rt_item *it)
{
	static const char *const roles[] = { "user", "assistant", "system" };
	jv *o = jv_obj(), *list = jv_arr(), *c = jv_obj();
	bool in = it->role != RT_ASSISTANT;
	const char *type = in ? (it->audio ? "input_audio" : "input_text") :
			   s->beta ? (it->audio ? "audio" : "text") :
				     (it->audio ? "output_audio" : "output_text");
	jv_set_str(o, "id", sv_of(it->id));
	jv_set_str(o, "object", SV("realtime.item"));
	jv_set_str(o, "type", SV("message"));
	jv_set_str(o, "status", in || (it->done && !it->cut) ? SV("completed") :
				it->done ? SV("incomplete") : SV("in_progress"));
	jv_set_str(o, "role", sv_of(roles[it->role]));
	jv_set_str(c, "type", sv_of(type));
	jv_set(c, it->audio ? "transcript" : "text",
	       it->text ? jv_str(sv_of(it->text)) : jv_null());
	if (in || it->text)
		jv_push(list, c);
	else
		jv_free(c);
	jv_set(o, "content", list);
	return o;
}

static void tell(struct rt *s, const char *type, const struct rt_item *it)
{
	jv *ev = rt_ev(type);
	bool first = strcmp(type, "conversation.item.done") != 0;
	if (first)
		jv_set(ev, "previous_item_id",
		       s->last_item[0] ? jv_str(sv_of(s->last_item)) : jv_null());
	jv_set(ev, "item", rt_item_json(s, it));
	rt_send(s, ev);
}

void rt_item_tell(struct rt *s, struct rt_item *it)
{
	tell(s, s->beta ? "conversation.item.created" : "conversation.item.added", it);
	memcpy(s->last_item, it->id, sizeof(it->id));
}

void rt_item_end(struct rt *s, struct rt_item *it)
{
	it->done = true;
	if (!s->beta)
		tell(s, "conversation.item.done", it);
}

void rt_items_done(struct rt *s)
{
	while (s->items.n)
		item_drop(s, s->items.n - 1);
	VEC_FREE(&s->items);
}

/* ---- client events ---- */

/* All text parts, joined; false: there is another kind of part. */
static bool text_of(const jv *content, struct sb *out)
{
	for (size_t i = 0; i < jv_len(content); i++) {
		const jv *part = jv_at(content, i);
		sv type = jv_get_str(part, "type");
		if (!sv_eq(type, SV("input_text")) && !sv_eq(type, SV("text")) &&
		    !sv_eq(type, SV("output_text")))
			return false;
		if (out->n)
			sb_ch(out, '\n');
		sb_put(out, jv_get_str(part, "text"));
	}
	return !sb_err(out);
}

static const char *item_bad(struct rt *s, const jv *item, struct sb *text, int *role)
{
	sv who = jv_get_str(item, "role"), id = jv_get_str(item, "id");
	if (!sv_eq(jv_get_str(item, "type"), SV("message")))
		return "Only items of type message can be created: functions are called over "
		       "/v1/chat/completions.";
	if (id.n >= sizeof(s->last_item))
		return "item.id may have 39 bytes at most.";
	if (id.n && rt_item_find(s, id))
		return "There is an item of that id already.";
	if (!jv_is_arr(jv_get(item, "content")) || !text_of(jv_get(item, "content"), text))
		return "content must be parts of type input_text (sound: "
		       "input_audio_buffer.append).";
	if (!sv_trim(sb_sv(text)).n || sv_runes(sb_sv(text)) > LIM_TEXT_MSG)
		return "An item has 1 to 4000 characters of text.";
	*role = sv_eq(who, SV("user"))	    ? RT_USER :
		sv_eq(who, SV("assistant")) ? RT_ASSISTANT :
		sv_eq(who, SV("system"))    ? RT_SYSTEM :
					      -1;
	return *role < 0 ? "role is user, assistant or system." : NULL;
}

void rt_on_item_create(struct rt *s, const jv *ev)
{
	struct sb text;
	int role = -1;
	sb_init(&text, LIM_SB);
	const jv *item = jv_get(ev, "item");
	const char *why = item_bad(s, item, &text, &role);
	bool full = !why && role == RT_USER &&
		    sv_runes(sb_sv(&s->pending)) + sv_runes(sb_sv(&text)) > LIM_TEXT_MSG;
	if (why || full) {
		rt_error(s, ev, "invalid_value", "item", "%s",
			 why ? why : "More than 4000 characters wait for response.create.");
		sb_done(&text);
		return;
	}
	struct rt_item *it =
		rt_item_add(s, jv_get_str(item, "id"), role, false, sb_sv(&text));
	if (role == RT_USER) {
		if (s->pending.n)
			sb_ch(&s->pending, '\n');
		sb_put(&s->pending, sb_sv(&text));
	}
	rt_item_tell(s, it);
	rt_item_end(s, it);
	sb_done(&text);
}

static struct rt_item *known(struct rt *s, const jv *ev)
{
	sv id = jv_get_str(ev, "item_id");
	struct rt_item *it = rt_item_find(s, id);
	if (!it)
		rt_error(s, ev, "item_not_found", "item_id", "There is no item \"" SV_FMT "\".",
			 SV_ARG(sv_slice(id, 0, 64)));
	return it;
}

void rt_on_item_retrieve(struct rt *s, const jv *ev)
{
	const struct rt_item *it = known(s, ev);
	if (!it)
		return;
	jv *out = rt_ev("conversation.item.retrieved");
	jv_set(out, "item", rt_item_json(s, it));
	rt_send(s, out);
}

/* Written words that wait for response.create, of the items that are left. */
static void pending_again(struct rt *s, const char *gone)
{
	struct sb left;
	sb_init(&left, LIM_WS_MSG);
	sv rest = sb_sv(&s->pending), words = sv_of(gone);
	ptrdiff_t at = words.n ? sv_find(rest, words) : -1;
	if (at >= 0) {
		sb_put(&left, sv_trim(sv_slice(rest, 0, (size_t)at)));
		sv after = sv_trim(sv_slice(rest, (size_t)at + words.n, rest.n));
		if (left.n && after.n)
			sb_ch(&left, '\n');
		sb_put(&left, after);
		sb_done(&s->pending);
		s->pending = left;
		return;
	}
	sb_done(&left);
}

void rt_on_item_delete(struct rt *s, const jv *ev)
{
	struct rt_item *it = known(s, ev);
	if (!it)
		return;
	if (it->role == RT_USER && !it->audio)
		pending_again(s, it->text);
	jv *out = rt_ev("conversation.item.deleted");
	jv_set_str(out, "item_id", sv_of(it->id));
	item_drop(s, (size_t)(it - s->items.v));
	rt_send(s, out);
}

/* What was not heard is taken off; to the end of a letter. */
static void cut_text(struct rt_item *it, int64_t ms)
{
	size_t n = it->text ? strlen(it->text) : 0;
	if (it->audio_ms <= 0 || ms >= it->audio_ms || !n)
		return;
	size_t at = (size_t)((int64_t)n * ms / it->audio_ms);
	it->text[sv_head(sv_n(it->text, n), at).n] = '\0';
	it->cut = true;
}

void rt_on_item_truncate(struct rt *s, const jv *ev)
{
	struct rt_item *it = known(s, ev);
	int64_t ms = jv_get_int(ev, "audio_end_ms", -1);
	if (!it)
		return;
	if (it->role != RT_ASSISTANT || !it->audio || ms < 0 ||
	    jv_get_int(ev, "content_index", 0) != 0) {
		rt_error(s, ev, "invalid_value", "item_id",
			 "Only the assistant's sound is truncated, content_index 0, audio_end_ms "
			 "not negative.");
		return;
	}
	bool sounds = s->resp.on && sv_eq(sv_of(s->resp.item), sv_of(it->id));
	if (!sounds && ms > it->audio_ms + 500) {
		rt_error(s, ev, "invalid_value", "audio_end_ms",
			 "The item has %lld ms of sound.", (long long)it->audio_ms);
		return;
	}
	if (sounds && s->resp.say_id) {
		s->drop_says = s->resp.cancelling = true;
		chan_realtime_stop(s->voice_of, s->resp.say_id, ms);
	} else {
		cut_text(it, ms);
	}
	jv *out = rt_ev("conversation.item.truncated");
	jv_set_str(out, "item_id", sv_of(it->id));
	jv_set_int(out, "content_index", 0);
	jv_set_int(out, "audio_end_ms", ms);
	rt_send(s, out);
}
