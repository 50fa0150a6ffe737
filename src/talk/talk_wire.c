/* talk_wire.c: events and actions of the core as JSON.
 *
 * One table a struct tells name, place and type of each member; writing and reading go by the
 * same rows, so they cannot come apart. Numbers are written so that they read back as the same
 * bits (%.17g). Zero and empty members are left out. Owns nothing. */
#include "talk_wire.h"

#include <stddef.h>
#include <stdio.h>

enum type { SVIEW, CSTR, INT, I64, U32, SIZE, BOOL, DBL, FLT };
struct field {
	const char *name;
	size_t at;
	enum type type;
};
#define F(s, m, t) { #m, offsetof(struct s, m), t }
#define N(t) (sizeof(t) / sizeof(*(t)))

static const struct field ev_fields[] = {
	F(talk_ev, text, SVIEW),       F(talk_ev, client_id, SVIEW), F(talk_ev, masked, SVIEW),
	F(talk_ev, model_text, SVIEW), F(talk_ev, confidence, DBL),  F(talk_ev, via, CSTR),
	F(talk_ev, start_ms, I64),     F(talk_ev, end_ms, I64),      F(talk_ev, exact, BOOL),
	F(talk_ev, models, BOOL),      F(talk_ev, base, BOOL),       F(talk_ev, spare, BOOL),
	F(talk_ev, down, BOOL),        F(talk_ev, who, SVIEW),       F(talk_ev, date, SVIEW),
	F(talk_ev, args, SVIEW),       F(talk_ev, gen, U32),         F(talk_ev, err, INT),
	F(talk_ev, model, CSTR),       F(talk_ev, timer, U32),       F(talk_ev, say_id, U32),
	F(talk_ev, by, U32),           F(talk_ev, suspicious, BOOL), F(talk_ev, now_us, I64),
	F(talk_ev, seed, I64),	       F(talk_ev, slots, SVIEW),
	F(talk_ev, level, U32),	       F(talk_ev, mode, INT),	     F(talk_ev, number, BOOL),
};
static const struct field word_fields[] = {
	F(talk_word, kind, U32), F(talk_word, agent, SVIEW), F(talk_word, name, SVIEW),
	F(talk_word, text, SVIEW), F(talk_word, lang, SVIEW), F(talk_word, original, SVIEW),
	F(talk_word, client_id, SVIEW), F(talk_word, why, SVIEW), F(talk_word, position, INT),
	F(talk_word, wait_ms, I64), F(talk_word, survey, U32), F(talk_word, party, SVIEW),
	F(talk_word, to, SVIEW), F(talk_word, ring_ms, INT),
	F(talk_word, suggested, BOOL), F(talk_word, quiet, BOOL), F(talk_word, paced, BOOL),
	F(talk_word, nobody, BOOL),
};
static const struct field heard_fields[] = {
	F(chan_heard, say_id, U32), F(chan_heard, bytes, SIZE),
	F(chan_heard, start_ms, I64), F(chan_heard, end_ms, I64),
};
static const struct field tone_fields[] = {  /* all but the cepstrum, which nothing here reads */
#define TONE(name) F(pcm_prosody_sum, name, FLT),
	PCM_PROSODY_SUM(TONE)
#undef TONE
};
static const struct field usage_fields[] = {
	F(llm_usage, prompt_tokens, INT), F(llm_usage, cached_tokens, INT),
	F(llm_usage, completion_tokens, INT), F(llm_usage, first_ms, INT),
	F(llm_usage, total_ms, INT), F(llm_usage, cost, I64), F(llm_usage, model, CSTR),
};
static const struct field resume_fields[] = {
	F(chan_resume, seq, I64), F(chan_resume, turn, INT), F(chan_resume, language, SVIEW),
	F(chan_resume, last_question, SVIEW), F(chan_resume, last_reply, SVIEW),
	F(chan_resume, owed, SVIEW), F(chan_resume, owed_turn, INT),
	F(chan_resume, started_ms, I64), F(chan_resume, flow, SVIEW),
	F(chan_resume, flow_key, SVIEW), F(chan_resume, customer, SVIEW),
	F(chan_resume, level, INT), F(chan_resume, person, U32),
	F(chan_resume, agent, SVIEW), F(chan_resume, agent_name, SVIEW),
};
static const struct field profile_fields[] = {
	F(chan_profile, id, SVIEW), F(chan_profile, name, SVIEW), F(chan_profile, tier, SVIEW),
	F(chan_profile, language, SVIEW), F(chan_profile, since, SVIEW),
	F(chan_profile, last_order, SVIEW), F(chan_profile, last_status, SVIEW),
	F(chan_profile, orders, INT), F(chan_profile, contacts_7d, INT),
};
static const struct field got_fields[] = {
	F(talk_got, outcome, U32), F(talk_got, name, SVIEW), F(talk_got, body, SVIEW),
	F(talk_got, say, SVIEW), F(talk_got, why, SVIEW), F(talk_got, need, U32),
	F(talk_got, print, I64), F(talk_got, grant_customer, SVIEW), F(talk_got, grant, U32),
	F(talk_got, effect, BOOL), F(talk_got, again, BOOL),
};
static const struct field hit_fields[] = {   /* all but the body */
	F(kb_hit, article_id, SVIEW), F(kb_hit, title, SVIEW), F(kb_hit, lang, SVIEW),
	F(kb_hit, source, SVIEW), F(kb_hit, category, SVIEW), F(kb_hit, version, INT),
	F(kb_hit, passage, SVIEW), F(kb_hit, heading, SVIEW), F(kb_hit, quote, SVIEW),
	F(kb_hit, score, DBL), F(kb_hit, p, DBL), F(kb_hit, valid_from_ms, I64),
	F(kb_hit, valid_to_ms, I64), F(kb_hit, why.bm25, DBL), F(kb_hit, why.title, DBL),
	F(kb_hit, why.alias, DBL), F(kb_hit, why.coverage, DBL), F(kb_hit, why.meaning, DBL),
};
static const struct field act_fields[] = {
	F(talk_act, rec, CSTR), F(talk_act, actor, CSTR), F(talk_act, said, SVIEW),
	F(talk_act, did, CSTR), F(talk_act, text, SVIEW), F(talk_act, lang, SVIEW),
	F(talk_act, context, SVIEW), F(talk_act, safe, SVIEW), F(talk_act, say_id, U32),
	F(talk_act, gen, U32), F(talk_act, n, INT), F(talk_act, ms, INT),
	F(talk_act, timer, U32), F(talk_act, delta, BOOL), F(talk_act, final, BOOL),
	F(talk_act, aside, BOOL), F(talk_act, uninterruptible, BOOL), F(talk_act, expect, U32),
	F(talk_act, grammar, SVIEW), F(talk_act, max_tokens, INT), F(talk_act, reply, BOOL),
	F(talk_act, rate, INT), F(talk_act, level, INT), F(talk_act, print, I64),
};
static const struct field limit_fields[] = {
	F(talk_limits, idle_chat_ms, INT), F(talk_limits, silence_ms, INT),
	F(talk_limits, max_turns, INT), F(talk_limits, model_first_ms, INT),
	F(talk_limits, model_first_voice_ms, INT), F(talk_limits, model_total_ms, INT),
	F(talk_limits, model_gap_ms, INT), F(talk_limits, model_cost, I64),
};

static const char *const ev_names[] = {
	[TEV_OPEN] = "open", [TEV_TEXT] = "text", [TEV_KEY] = "key",
	[TEV_KEY_EARLY] = "key_early",
	[TEV_SPEECH_START] = "speech_start", [TEV_SPEECH_NOTHING] = "speech_nothing",
	[TEV_FOUND] = "found", [TEV_DELTA] = "delta", [TEV_CALL] = "call",
	[TEV_MODEL_END] = "model_end", [TEV_TIMER] = "timer", [TEV_PLAYED] = "played",
	[TEV_HOLD] = "hold", [TEV_RESUME] = "resume", [TEV_ASR_LOST] = "asr_lost",
	[TEV_NEXT] = "next", [TEV_LIKELY] = "likely", [TEV_PARTIAL] = "partial",
	[TEV_MOVED] = "moved", [TEV_JOINED] = "joined", [TEV_BACK] = "back",
	[TEV_HALTED] = "halted", [TEV_GOES_ON] = "goes_on",
	[TEV_WHO] = "who", [TEV_TOOL] = "tool",
	[TEV_WORD] = "word", [TEV_PARTY_IN] = "party_in", [TEV_PARTY] = "party",
	[TEV_CLOSE] = "close",
};
static const char *const act_names[] = {
	[TACT_RECORD] = "record", [TACT_SAY] = "say", [TACT_TYPING] = "typing",
	[TACT_SEARCH] = "search", [TACT_ARTICLE] = "article", [TACT_MODEL] = "model",
	[TACT_MODEL_CANCEL] = "model_cancel", [TACT_TIMER] = "timer",
	[TACT_HANGUP] = "hangup", [TACT_TRANSFER] = "transfer",
	[TACT_TOOL] = "tool", [TACT_PERSON] = "person", [TACT_LEAVE] = "leave",
	[TACT_CALLBACK] = "callback", [TACT_PARTY] = "party", [TACT_WAIT] = "wait",
};

const char *wire_ev_name(enum talk_ev_kind k)
{
	return (size_t)k < N(ev_names) && ev_names[k] ? ev_names[k] : "?";
}

const char *wire_act_name(enum talk_act_kind k)
{
	return (size_t)k < N(act_names) && act_names[k] ? act_names[k] : "?";
}

/* ---- writing ---- */

static void put_num(struct sb *b, const char *name, long long v)
{
	if (v)
		sb_fmt(b, ",\"%s\":%lld", name, v);
}

static void put_str(struct sb *b, const char *name, sv s)
{
	sb_fmt(b, ",\"%s\":", name);
	sb_json(b, s);
}

static void put_field(struct sb *b, const struct field *f, const char *at)
{
	const char *const *c = (const char *const *)(const void *)at;
	switch (f->type) {
	case SVIEW:
		if (((const sv *)(const void *)at)->n)
			put_str(b, f->name, *(const sv *)(const void *)at);
		break;
	case CSTR:
		if (*c)
			put_str(b, f->name, sv_of(*c));
		break;
	case INT:
		put_num(b, f->name, *(const int *)(const void *)at);
		break;
	case I64:
		put_num(b, f->name, *(const int64_t *)(const void *)at);
		break;
	case U32:
		put_num(b, f->name, *(const uint32_t *)(const void *)at);
		break;
	case SIZE:
		put_num(b, f->name, (long long)*(const size_t *)(const void *)at);
		break;
	case BOOL:
		put_num(b, f->name, *(const bool *)(const void *)at);
		break;
	case DBL:
		if (*(const double *)(const void *)at != 0)
			sb_fmt(b, ",\"%s\":%.17g", f->name, *(const double *)(const void *)at);
		break;
	case FLT:
		if (*(const float *)(const void *)at != 0)
			sb_fmt(b, ",\"%s\":%.9g", f->name,
			       (double)*(const float *)(const void *)at);
		break;
	}
}

static void put_fields(struct sb *b, const struct field *f, size_t n, const void *of)
{
	for (size_t i = 0; i < n; i++)
		put_field(b, &f[i], (const char *)of + f[i].at);
}

/* {"":0,...}: a first member spares the question of commas. */
static void put_obj(struct sb *b, const char *name, const struct field *f, size_t n,
		    const void *of)
{
	sb_fmt(b, ",\"%s\":{\"is\":1", name);
	put_fields(b, f, n, of);
	sb_ch(b, '}');
}

static void put_found(struct sb *b, const struct kb_result *r, wire_body_fn *body, void *arg)
{
	sb_fmt(b, ",\"found\":{\"answerable\":%d,\"unsure\":%d,\"hits\":[", r->answerable,
	       r->unsure);
	for (size_t i = 0; i < r->n; i++) {
		sb_cstr(b, i ? ",{\"is\":1" : "{\"is\":1");
		put_fields(b, hit_fields, N(hit_fields), &r->hits[i]);
		sb_cstr(b, ",\"body\":");
		if (body)
			body(arg, b, r->hits[i].body_md);
		else
			sb_json(b, r->hits[i].body_md);
		sb_ch(b, '}');
	}
	sb_cstr(b, "]}");
}

void wire_put_ev(struct sb *b, const struct talk_ev *ev, wire_body_fn *body, void *arg)
{
	static const struct chan_heard no_heard;
	static const struct llm_usage no_usage;
	sb_fmt(b, "{\"kind\":\"%s\"", wire_ev_name(ev->kind));
	put_fields(b, ev_fields, N(ev_fields), ev);
	if (memcmp(&ev->heard, &no_heard, sizeof(no_heard)))
		put_obj(b, "heard", heard_fields, N(heard_fields), &ev->heard);
	if (memcmp(&ev->usage, &no_usage, sizeof(no_usage)))
		put_obj(b, "usage", usage_fields, N(usage_fields), &ev->usage);
	if (ev->tone)
		put_obj(b, "tone", tone_fields, N(tone_fields), ev->tone);
	if (ev->resume)
		put_obj(b, "resumed", resume_fields, N(resume_fields), ev->resume);
	if (ev->profile)
		put_obj(b, "profile", profile_fields, N(profile_fields), ev->profile);
	if (ev->tool)
		put_obj(b, "got", got_fields, N(got_fields), ev->tool);
	if (ev->word)
		put_obj(b, "said", word_fields, N(word_fields), ev->word);
	if (ev->found)
		put_found(b, ev->found, body, arg);
	sb_ch(b, '}');
}

static void put_msgs(struct sb *b, const struct talk_act *x)
{
	sb_cstr(b, ",\"msgs\":[");
	for (size_t i = 0; i < x->n_msgs; i++) {
		sb_fmt(b, "%s{\"role\":%d,\"text\":", i ? "," : "", (int)x->msgs[i].role);
		sb_json(b, x->msgs[i].text);
		for (size_t k = 0; k < x->msgs[i].n_calls; k++) {
			put_str(b, "call", x->msgs[i].calls[k].name);
			put_str(b, "args", x->msgs[i].calls[k].args);
		}
		sb_ch(b, '}');
	}
	sb_cstr(b, "],\"tools\":[");
	for (size_t i = 0; i < x->n_tools; i++) {
		if (i)
			sb_ch(b, ',');
		sb_json(b, x->tools[i].name);
	}
	sb_ch(b, ']');
}

void wire_put_act(struct sb *b, const struct talk_act *x)
{
	sb_fmt(b, "{\"kind\":\"%s\"", wire_act_name(x->kind));
	put_fields(b, act_fields, N(act_fields), x);
	if (x->kind == TACT_MODEL)
		put_msgs(b, x);
	sb_ch(b, '}');
}

void wire_put_limits(struct sb *b, const struct talk_limits *l)
{
	put_obj(b, "limits", limit_fields, N(limit_fields), l);
}

/* ---- reading ---- */

static void get_field(const jv *o, const struct field *f, char *at, struct arena *a)
{
	const jv *v = jv_get(o, f->name);
	if (!v)
		return;
	switch (f->type) {
	case SVIEW:
		*(sv *)(void *)at = arena_sv(a, jv_as_str(v));
		break;
	case CSTR:
		*(const char **)(void *)at = arena_cstr(a, jv_as_str(v));
		break;
	case INT:
		*(int *)(void *)at = (int)jv_as_int(v, 0);
		break;
	case I64:
		*(int64_t *)(void *)at = jv_as_int(v, 0);
		break;
	case U32:
		*(uint32_t *)(void *)at = (uint32_t)jv_as_int(v, 0);
		break;
	case SIZE:
		*(size_t *)(void *)at = (size_t)jv_as_int(v, 0);
		break;
	case BOOL:
		*(bool *)(void *)at = jv_as_int(v, 0) != 0;
		break;
	case DBL:
		*(double *)(void *)at = jv_as_num(v, 0);
		break;
	case FLT:
		*(float *)(void *)at = (float)jv_as_num(v, 0);
		break;
	}
}

static void get_fields(const jv *o, const struct field *f, size_t n, void *to, struct arena *a)
{
	for (size_t i = 0; i < n; i++)
		get_field(o, &f[i], (char *)to + f[i].at, a);
}

static int get_found(const jv *o, struct arena *a, wire_get_fn *get, void *arg,
		     const struct kb_result **ret)
{
	const jv *hits = jv_get(o, "hits");
	struct kb_result *r = arena_new(a, struct kb_result, 1);
	size_t n = jv_len(hits);
	if (!r || n > 64)
		return ERR_PARSE;
	*r = (struct kb_result){ .n = n, .answerable = jv_get_int(o, "answerable", 0) != 0,
				 .unsure = jv_get_int(o, "unsure", 0) != 0 };
	r->hits = n ? arena_new(a, struct kb_hit, n) : NULL;
	for (size_t i = 0; i < n; i++) {
		const jv *h = jv_at(hits, i), *body = jv_get(h, "body");
		get_fields(h, hit_fields, N(hit_fields), &r->hits[i], a);
		r->hits[i].body_md = jv_is_str(body) ? arena_sv(a, jv_as_str(body)) :
						       get(arg, jv_as_int(body, -1));
		if (!r->hits[i].body_md.p)
			return ERR_PARSE;
	}
	*ret = r;
	return 0;
}

static int get_said(const jv *o, struct arena *a, struct talk_ev *ret)
{
	struct talk_word *w = o ? arena_new(a, struct talk_word, 1) : NULL;
	if (!w)
		return o || ret->kind == TEV_WORD ? ERR_PARSE : 0;
	get_fields(o, word_fields, N(word_fields), w, a);
	ret->word = w;
	return (unsigned)w->kind >= WORDS || (unsigned)w->survey >= SURVEYS ? ERR_PARSE : 0;
}

int wire_get_ev(const jv *o, struct arena *a, wire_get_fn *get, void *arg, struct talk_ev *ret)
{
	sv kind = jv_get_str(o, "kind");
	size_t k = 0;
	while (k < N(ev_names) && !(ev_names[k] && sv_eq(kind, sv_of(ev_names[k]))))
		k++;
	if (k == N(ev_names))
		return ERR_PARSE;
	*ret = (struct talk_ev){ .kind = (enum talk_ev_kind)k };
	get_fields(o, ev_fields, N(ev_fields), ret, a);
	get_fields(jv_get(o, "heard"), heard_fields, N(heard_fields), &ret->heard, a);
	get_fields(jv_get(o, "usage"), usage_fields, N(usage_fields), &ret->usage, a);
	if (ret->level > TOOL_PROVEN || ret->timer >= TT_COUNT || ret->by > CHAN_BY_TIMEOUT)
		return ERR_PARSE;
	const jv *resumed = jv_get(o, "resumed"), *found = jv_get(o, "found");
	const jv *tone = jv_get(o, "tone");
	if (tone) {
		struct pcm_prosody_sum *t = arena_new(a, struct pcm_prosody_sum, 1);
		if (!t)
			return ERR_PARSE;
		get_fields(tone, tone_fields, N(tone_fields), t, a);
		ret->tone = t;
	}
	if (resumed) {
		struct chan_resume *r = arena_new(a, struct chan_resume, 1);
		if (!r)
			return ERR_PARSE;
		get_fields(resumed, resume_fields, N(resume_fields), r, a);
		if (r->level < TOOL_NOBODY || r->level > TOOL_PROVEN ||
		    (unsigned)r->person > CHAN_PERSON_WITH)
			return ERR_PARSE;
		ret->resume = r;
	}
	const jv *profile = jv_get(o, "profile");
	if (profile) {
		struct chan_profile *p = arena_new(a, struct chan_profile, 1);
		if (!p)
			return ERR_PARSE;
		get_fields(profile, profile_fields, N(profile_fields), p, a);
		ret->profile = p;
	}
	const jv *got = jv_get(o, "got");
	if (got) {
		struct talk_got *g = arena_new(a, struct talk_got, 1);
		if (!g)
			return ERR_PARSE;
		get_fields(got, got_fields, N(got_fields), g, a);
		ret->tool = g;
	}
	if (get_said(jv_get(o, "said"), a, ret))
		return ERR_PARSE;
	if ((k == TEV_TOOL && !ret->tool) ||
	    (ret->tool && (ret->tool->outcome >= TOOL_OUTCOMES || ret->tool->need > TOOL_PROVEN ||
			   ret->tool->grant > TOOL_PROVEN)))
		return ERR_PARSE;
	if (!found)
		return k == TEV_FOUND ? ERR_PARSE : 0;
	return get_found(found, a, get, arg, &ret->found);
}

void wire_get_limits(const jv *o, struct talk_limits *ret)
{
	*ret = (struct talk_limits){ 0 };
	get_fields(o, limit_fields, N(limit_fields), ret, NULL);
}
