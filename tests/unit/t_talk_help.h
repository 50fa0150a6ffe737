/* t_talk_help.h: a conversation core without a driver: made-up articles, events in one line,
 * actions looked up. */
#ifndef CALLM_T_TALK_HELP_H
#define CALLM_T_TALK_HELP_H

#include "t.h"
#include "talk_core.h"
#include "talk_int.h"

struct bench {
	struct talk_texts *texts;
	struct talk_cfg cfg;
	struct talk_core c;
	struct arena a;
	struct talk_acts acts;
	struct kb_result found;
	struct kb_hit hits[3];
	int models;
	bool base;
};

static inline jv *bench_company(void)
{
	char path[4096];
	struct sb text;
	struct cfg_report rep = { 0 };
	snprintf(path, sizeof(path), "%s/demo/company.yaml", t_srcdir());
	sb_init(&text, LIM_CFG_BYTES);
	ASSERT(file_read(path, LIM_CFG_BYTES, &text, NULL) == 0);
	jv *v = cfg_parse(sb_sv(&text), "company.yaml", &rep);
	ASSERT(v);
	cfg_report_done(&rep);
	sb_done(&text);
	return v;
}

static inline void bench_hits(struct bench *b)
{
	static const struct {
		const char *id, *title, *body;
	} made_up[3] = {
		{ "return-window.en", "How long do I have?",
		  "You have 30 days to return an article. Unused articles only." },
		{ "delivery-cost.en", "What does delivery cost?",
		  "Delivery is free from CNY 99 per order." },
		{ "points-use.en", "How do I use points?",
		  "100 points are worth CNY 1 at checkout." },
	};
	for (int i = 0; i < 3; i++) {
		sv body = sv_of(made_up[i].body);
		b->hits[i] = (struct kb_hit){ .article_id = sv_of(made_up[i].id),
					      .lang = SV("en"),
					      .title = sv_of(made_up[i].title),
					      .version = 1,
					      .passage = body,
					      .body_md = body,
					      .quote = body,
					      .p = 0.9 };
	}
	b->found = (struct kb_result){ b->hits, 3, true, false };
}

static inline struct talk_texts *bench_texts(void)
{
	struct talk_texts *t;
	jv *company = bench_company();
	ASSERT(talk_texts_new(&t, company, NULL) == 0);
	jv_free(company);
	return t;
}

/* Takes over the reference to texts. */
static inline void bench_open_with(struct bench *b, struct talk_texts *texts, unsigned caps,
				   int n_llm)
{
	*b = (struct bench){ .texts = texts, .models = n_llm };
	b->cfg = (struct talk_cfg){ .texts = texts, .voice_lang = "en",
				    .limits = { 1800000, 8000, 200, 5000, 1500, 12000, 3000 } };
	arena_init(&b->a, LIM_ARENA_TURN);
	bench_hits(b);
	talk_core_init(&b->c, &b->cfg, caps, SV("en"));
}

static inline void bench_open(struct bench *b, unsigned caps, int n_llm)
{
	bench_open_with(b, bench_texts(), caps, n_llm);
}

static inline void bench_close(struct bench *b)
{
	talk_core_done(&b->c);
	arena_done(&b->a);
	obj_unref(b->texts);
}

/* As the driver does it: hush first, memory back when no turn is under way. */
static inline void bench_feed(struct bench *b, struct talk_ev ev)
{
	if (!talk_core_busy(&b->c))
		arena_reset(&b->a);
	if (talk_core_hushes(&b->c, ev.kind) && !ev.heard.say_id) {
		ev.heard.say_id = b->c.speaking;
		ev.heard.bytes = ev.heard.bytes ? ev.heard.bytes : 10;
	}
	talk_step(&b->c, &ev, &b->a, &b->acts);
}

static inline struct talk_ev ev_text(const char *text)
{
	sv s = sv_of(text);
	return (struct talk_ev){ .kind = TEV_TEXT,
				 .text = s,
				 .masked = s,
				 .model_text = s,
				 .confidence = 1,
				 .via = "text" };
}

static inline struct talk_ev ev_found(struct bench *b)
{
	return (struct talk_ev){ .kind = TEV_FOUND, .found = &b->found, .gen = b->c.gen,
				 .models = b->models, .base = b->base, .date = SV("2026-11-25") };
}

static inline struct talk_ev ev_delta(const struct bench *b, const char *text)
{
	return (struct talk_ev){
		.kind = TEV_DELTA, .text = sv_of(text), .gen = b->c.gen, .model = "m"
	};
}

static inline struct talk_ev ev_call(const struct bench *b, const char *name, const char *args)
{
	return (struct talk_ev){ .kind = TEV_CALL, .text = sv_of(name), .args = sv_of(args),
				 .gen = b->c.gen, .model = "m" };
}

static inline struct talk_ev ev_end(const struct bench *b, int err)
{
	return (struct talk_ev){ .kind = TEV_MODEL_END, .err = err, .gen = b->c.gen, .model = "m" };
}

static inline const struct talk_act *bench_act(const struct bench *b, enum talk_act_kind kind)
{
	for (size_t i = 0; i < b->acts.n; i++)
		if (b->acts.v[i].kind == kind)
			return &b->acts.v[i];
	return NULL;
}

static inline const struct talk_act *bench_rec(const struct bench *b, const char *rec)
{
	for (size_t i = 0; i < b->acts.n; i++)
		if (b->acts.v[i].kind == TACT_RECORD && strcmp(b->acts.v[i].rec, rec) == 0)
			return &b->acts.v[i];
	return NULL;
}

#endif
