/* bench_fake.c: the model servers behind the server under test: one HTTP server with OpenAI's
 * paths, delays as in the stub budget of the tests, and a record of what was asked when, and
 * when it was let go. The three roles are bench_llm.c, bench_tts.c and bench_asr.c. */
#include "bench_int.h"

static const struct web_route routes[] = {
	{ "POST", "/v1/chat/completions", bench_llm_post, NULL },
	{ "POST", "/second/v1/chat/completions", bench_llm_post, NULL },
	{ "POST", "/v1/audio/speech", bench_tts_post, NULL },
};
static const struct web_ws_route ws_routes[] = {
	{ "/v1/realtime", &bench_asr_ops, NULL },
};

void bench_fakes_reset(struct bench *b)
{
	struct bench_fakes *f = &b->f;
	f->llm_first_ms = 200;
	f->llm_word_ms = 10;
	f->llm_later_ms = 0;
	f->tts_first_ms = 100;
	f->asr_final_ms = 150;
	f->asr_lag_ms = 100;
	f->tts_pace = 4;
	f->sentences = 2;
	f->llm = f->llm2 = f->tts = FAULT_NONE;
	f->llm_left = f->tts_left = 0;
	f->tts_once = false;
	f->asr_down = false;
	f->asr_cut = 0;
}

int bench_fakes_open(struct bench *b, struct err *e)
{
	struct web_srv_opts o = { .routes = routes, .n_routes = 3, .ws_routes = ws_routes,
				  .n_ws_routes = 1, .arg = b, .max_conns = 20000,
				  .port = b->o.models_port, .idle_ms = 120000, .gone_ms = 10 };
	bench_fakes_reset(b);
	int rc = web_srv_open(&b->web, b->loop, &o, e);
	if (rc == 0)
		b->web_port = web_srv_port(b->web);
	return rc;
}

void bench_fakes_close(struct bench *b)
{
	bench_asr_close_all(b);
	web_srv_close(b->web);
	b->web = NULL;
	for (size_t i = 0; i < b->f.asked.n; i++) {
		xfree(b->f.asked.v[i]->user);
		xfree(b->f.asked.v[i]->assistant);
		xfree(b->f.asked.v[i]);
	}
	for (size_t i = 0; i < b->f.spoke.n; i++) {
		xfree(b->f.spoke.v[i]->text);
		xfree(b->f.spoke.v[i]);
	}
	VEC_FREE(&b->f.asked);
	VEC_FREE(&b->f.spoke);
	VEC_FREE(&b->f.feed_off);
}
