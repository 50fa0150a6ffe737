/* api_realtime_session.c: the session object and session.update, in the shapes of OpenAI's
 * general availability and of its beta.
 *
 * What the agent does by its own rules is told as it is, not as it was asked for: instructions
 * are kept but steer nothing, tools stay empty, idle_timeout_ms becomes the agent's own eight
 * seconds. A change that cannot be is refused whole. Door's thread. */
#include "api_realtime.h"

#include <stdio.h>

#define IDLE_MS 8000             /* the engine's: talk_limits.silence_ms */
#define SILENCE_MS 600           /* the ear's, before it knows the caller */
#define PADDING_MS 300

void rt_session_init(struct rt *s)
{
	s->vad = s->create = s->interrupt = s->transcribe = true;
	snprintf(s->voice, sizeof(s->voice), "callm");
	rt_sound_set(s, RT_PCM, RT_PCM);
}

/* ---- out ---- */

static jv *turn_detection(const struct rt *s)
{
	if (!s->vad)
		return jv_null();
	jv *o = jv_obj();
	jv_set_str(o, "type", s->semantic ? SV("semantic_vad") : SV("server_vad"));
	if (s->semantic) {
		jv_set_str(o, "eagerness", SV("auto"));
	} else {
		jv_set_num(o, "threshold", 0.5);
		jv_set_int(o, "prefix_padding_ms", PADDING_MS);
		jv_set_int(o, "silence_duration_ms", SILENCE_MS);
		jv_set(o, "idle_timeout_ms", s->idle_ms ? jv_int(s->idle_ms) : jv_null());
	}
	jv_set_bool(o, "create_response", s->create);
	jv_set_bool(o, "interrupt_response", s->interrupt);
	return o;
}

static jv *transcription(const struct rt *s)
{
	if (!s->transcribe)
		return jv_null();
	jv *o = jv_obj();
	jv_set_str(o, "model", SV("callm"));
	if (s->lang[0])
		jv_set_str(o, "language", sv_of(s->lang));
	return o;
}

static jv *modalities(const struct rt *s)
{
	jv *list = jv_arr();
	if (s->beta || s->text_only)
		jv_push(list, jv_str(SV("text")));
	if (!s->text_only)
		jv_push(list, jv_str(SV("audio")));
	return list;
}

static jv *format_json(enum rt_format f)
{
	jv *o = jv_obj();
	jv_set_str(o, "type", f == RT_PCM  ? SV("audio/pcm") :
			      f == RT_ULAW ? SV("audio/pcmu") : SV("audio/pcma"));
	if (f == RT_PCM)
		jv_set_int(o, "rate", 24000);
	return o;
}

static jv *audio(const struct rt *s)
{
	jv *in = jv_obj(), *out = jv_obj(), *o = jv_obj();
	jv_set(in, "format", format_json(s->sound.in));
	jv_set(in, "transcription", transcription(s));
	jv_set(in, "noise_reduction", jv_null());
	jv_set(in, "turn_detection", turn_detection(s));
	jv_set(out, "format", format_json(s->sound.out));
	jv_set_str(out, "voice", sv_of(s->voice));
	jv_set_num(out, "speed", 1);
	jv_set(o, "input", in);
	jv_set(o, "output", out);
	return o;
}

static sv beta_format(enum rt_format f)
{
	return f == RT_PCM ? SV("pcm16") : f == RT_ULAW ? SV("g711_ulaw") : SV("g711_alaw");
}

jv *rt_session(const struct rt *s)
{
	jv *o = jv_obj();
	jv_set_str(o, "id", sv_of(s->id));
	jv_set_str(o, "object", SV("realtime.session"));
	jv_set_str(o, "model", SV("callm"));
	jv_set_str(o, "instructions", sv_of(s->instructions ? s->instructions : ""));
	jv_set(o, "tools", jv_arr());
	jv_set_str(o, "tool_choice", SV("none"));
	jv_set_int(o, "expires_at", s->expires_s);
	if (s->beta) {
		jv_set(o, "modalities", modalities(s));
		jv_set_str(o, "voice", sv_of(s->voice));
		jv_set_str(o, "input_audio_format", beta_format(s->sound.in));
		jv_set_str(o, "output_audio_format", beta_format(s->sound.out));
		jv_set(o, "input_audio_transcription", transcription(s));
		jv_set(o, "turn_detection", turn_detection(s));
		jv_set_num(o, "temperature", 0.8);
		jv_set_str(o, "max_response_output_tokens", SV("inf"));
	} else {
		jv_set_str(o, "type", SV("realtime"));
		jv_set(o, "output_modalities", modalities(s));
		jv_set_str(o, "max_output_tokens", SV("inf"));
		jv_set(o, "audio", audio(s));
		jv_set(o, "tracing", jv_null());
		jv_set(o, "prompt", jv_null());
		jv_set(o, "include", jv_null());
		jv_set_str(o, "truncation", SV("auto"));
	}
	jv *more = jv_obj();
	jv_set_str(more, "conversation_id", sv_of(s->conv_id));
	jv_set(o, "callm", more);
	return o;
}

/* ---- in: each reads its part and says what is wrong, NULL = nothing ---- */

struct wanted {                  /* the configuration as it would be */
	enum rt_format in, out;
	bool text_only, vad, semantic, create, interrupt, transcribe;
	int64_t idle_ms;
	char lang[9], voice[32];
};

static const char *read_format(const jv *v, enum rt_format *ret)
{
	static const struct {
		const char *name;
		enum rt_format f;
	} names[] = {
		{ "audio/pcm", RT_PCM }, { "audio/pcmu", RT_ULAW }, { "audio/pcma", RT_ALAW },
		{ "pcm16", RT_PCM }, { "g711_ulaw", RT_ULAW }, { "g711_alaw", RT_ALAW },
	};
	sv name = jv_is_obj(v) ? jv_get_str(v, "type") : jv_as_str(v);
	if (jv_is_null(v))
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (sv_eq(name, sv_of(names[i].name))) {
			*ret = names[i].f;
			return names[i].f == RT_PCM && jv_get_int(v, "rate", 24000) != 24000 ?
				       "audio/pcm has a rate of 24000." : NULL;
		}
	return "A format is audio/pcm, audio/pcmu or audio/pcma (beta: pcm16, g711_ulaw, "
	       "g711_alaw).";
}

static const char *read_modalities(const jv *v, bool *text_only)
{
	bool text = false, sound = false;
	if (jv_is_null(v))
		return NULL;
	for (size_t i = 0; i < jv_len(v); i++) {
		sv m = jv_as_str(jv_at(v, i));
		text |= sv_eq(m, SV("text"));
		sound |= sv_eq(m, SV("audio"));
	}
	*text_only = text && !sound;
	return text || sound ? NULL : "Modalities are [\"audio\"] or [\"text\"].";
}

static const char *read_turns(const jv *owner, struct wanted *w)
{
	const jv *v = jv_get(owner, "turn_detection");
	if (!v)
		return NULL;
	if (jv_is_null(v)) {
		w->vad = false;
		return NULL;
	}
	sv type = jv_get_str(v, "type");
	w->semantic = sv_eq(type, SV("semantic_vad"));
	if (!w->semantic && !sv_eq(type, SV("server_vad")))
		return "turn_detection is null, or has type server_vad or semantic_vad.";
	w->vad = true;
	w->create = jv_get_bool(v, "create_response", w->create);
	w->interrupt = jv_get_bool(v, "interrupt_response", w->interrupt);
	w->idle_ms = jv_is_num(jv_get(v, "idle_timeout_ms")) ? IDLE_MS : 0;
	return NULL;
}

static const char *read_transcription(const jv *owner, const char *key, struct wanted *w)
{
	const jv *v = jv_get(owner, key);
	if (!v)
		return NULL;
	w->transcribe = !jv_is_null(v);
	sv lang = jv_get_str(v, "language");
	bool ok = lang.n == 0 || (lang.n >= 2 && lang.n <= 8);
	for (size_t i = 0; i < lang.n; i++)
		ok &= ((lang.p[i] | 32) >= 'a' && (lang.p[i] | 32) <= 'z') || lang.p[i] == '-';
	if (!ok)
		return "language is a short code such as en or zh.";
	if (lang.n)
		snprintf(w->lang, sizeof(w->lang), SV_FMT, SV_ARG(lang));
	return NULL;
}

static void read_voice(const jv *v, struct wanted *w)
{
	sv name = jv_as_str(v);
	if (name.n && name.n < sizeof(w->voice))
		snprintf(w->voice, sizeof(w->voice), SV_FMT, SV_ARG(name));
}

static const char *read_all(const jv *v, struct wanted *w)
{
	const jv *in = jv_path(v, "audio.input"), *out = jv_path(v, "audio.output");
	const char *why = NULL;
	sv type = jv_get_str(v, "type");
	if (type.n && !sv_eq(type, SV("realtime")))
		return "Only sessions of type realtime are held.";
	const struct {
		const jv *v;
		enum rt_format *f;
	} formats[] = { { jv_get(in, "format"), &w->in },
			{ jv_get(out, "format"), &w->out },
			{ jv_get(v, "input_audio_format"), &w->in },
			{ jv_get(v, "output_audio_format"), &w->out } };
	for (size_t i = 0; i < 4 && !why; i++)
		why = read_format(formats[i].v, formats[i].f);
	if (!why)
		why = read_modalities(jv_get(v, "output_modalities"), &w->text_only);
	if (!why)
		why = read_modalities(jv_get(v, "modalities"), &w->text_only);
	if (!why)
		why = read_turns(in, w);
	if (!why)
		why = read_turns(v, w);
	if (!why)
		why = read_transcription(in, "transcription", w);
	if (!why)
		why = read_transcription(v, "input_audio_transcription", w);
	read_voice(jv_get(out, "voice"), w);
	read_voice(jv_get(v, "voice"), w);
	return why;
}

static void take(struct rt *s, const struct wanted *w)
{
	if (w->in != s->sound.in || w->out != s->sound.out)
		rt_sound_set(s, w->in, w->out);
	s->text_only = w->text_only;
	s->vad = w->vad;
	s->semantic = w->semantic;
	s->create = w->create;
	s->interrupt = w->interrupt;
	s->transcribe = w->transcribe;
	s->idle_ms = w->idle_ms;
	memcpy(s->lang, w->lang, sizeof(s->lang));
	memcpy(s->voice, w->voice, sizeof(s->voice));
	if (s->voice_of)
		chan_realtime_mode(s->voice_of, rt_mode(s));
}

void rt_on_update(struct rt *s, const jv *ev)
{
	const jv *v = jv_get(ev, "session");
	struct wanted w = { .in = s->sound.in, .out = s->sound.out, .text_only = s->text_only,
			    .vad = s->vad, .semantic = s->semantic, .create = s->create,
			    .interrupt = s->interrupt, .transcribe = s->transcribe,
			    .idle_ms = s->idle_ms };
	memcpy(w.lang, s->lang, sizeof(w.lang));
	memcpy(w.voice, s->voice, sizeof(w.voice));
	const char *why = jv_is_obj(v) ? read_all(v, &w) : "Give session, an object.";
	sv text = jv_get_str(v, "instructions");
	if (!why && text.n > 16384)
		why = "instructions may have 16 KiB at most.";
	if (why) {
		rt_error(s, ev, "invalid_value", "session", "%s", why);
		return;
	}
	take(s, &w);
	if (jv_get(v, "instructions")) {
		xfree(s->instructions);
		s->instructions = xstrdup(text);
	}
	jv *out = rt_ev("session.updated");
	jv_set(out, "session", rt_session(s));
	rt_send(s, out);
}
