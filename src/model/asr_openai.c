/* asr_openai.c: any server that speaks OpenAI's POST /v1/audio/transcriptions.
 *
 * An utterance goes as a WAV file in a multipart body (RFC 7578) when it is over (asr_win.c);
 * no partial results during speech, since each would be paid for. Models that stream are asked
 * to, and what they have so far is told as a partial result. Confidence: from the tokens' log
 * probabilities where the server gives them (json with logprobs, or verbose_json's segments),
 * else UNTOLD. A server that knows no verbose_json is asked for json from then on. Three
 * failures in a row open the breaker: no new runs for 2 s (4, 8), so that a list of
 * recognisers goes on to the next. The key only goes into the head. */
#include <math.h>
#include <stdio.h>

#include "asr_int.h"
#include "breaker.h"
#include "remote.h"
#include "fetch.h"
#include "whisper_int.h"

enum {
	SLOTS_DEFAULT = 4,
	SLOTS_MAX = 64,
	RUNS_A_SLOT = 64,
	CONNECT_MS = 1000,
	FIRST_MS = 6000,
	STALL_MS = 5000,
	TOTAL_MS = 12000,
	ANSWER_MAX = 256 << 10,
	BODY_MAX = 1200 << 10,
};
#define UNTOLD 0.7

struct call { /* a slot's */
	struct asr *a;
	struct win_slot *slot;
	struct fetch_req *req;
	struct loop_timer later; /* for what fails before it begins */
	int later_err;
	struct sb body, text;    /* the answer; the text of a stream so far */
	struct fetch_sse sse;
	double logprob;          /* sum over a stream's end; NAN = untold */
	int status;
	bool stream, done;
};
struct remote {
	struct win_pool *pool; /* first: asr_win.c */
	struct fetch *fetch;
	char *url, *headers, *model, *key, *langs, *zh, *en;
	int connect_ms, first_ms, total_ms, n;
	bool streams, plain_json;
	struct breaker breaker;
	uint32_t boundary;
	struct call c[SLOTS_MAX];
};

/* ---- the answer ---- */

static void explain(struct asr *a, int status, sv body)
{
	const struct remote *x = a->priv;
	struct err e;
	char line[240];
	jv *o = jv_parse(body, &e);
	sv msg = jv_as_str(jv_path(o, "error.message"));
	msg = msg.n ? msg : body;
	if (x->key && x->key[0] && sv_find(msg, sv_of(x->key)) >= 0)
		msg = SV("the server repeated the key");
	(void)snprintf(line, sizeof(line), "HTTP %d: %.*s", status,
		       (int)(msg.n < 180 ? msg.n : 180), msg.p ? msg.p : "");
	asr_set_error(a, sv_of(line));
	jv_free(o);
}

static double mean_logprob(const jv *tokens)
{
	double sum = 0;
	size_t n = jv_len(tokens);
	for (size_t i = 0; i < n; i++)
		sum += jv_get_num(jv_at(tokens, i), "logprob", 0);
	return n ? sum / (double)n : NAN;
}

/* From verbose_json: mean over the segments; *nobody when each of them is taken for silence. */
static double segments(const jv *list, bool *nobody)
{
	double sum = 0;
	size_t n = jv_len(list), silent = 0;
	for (size_t i = 0; i < n; i++) {
		double p = jv_get_num(jv_at(list, i), "avg_logprob", 0);
		sum += p;
		silent += jv_get_num(jv_at(list, i), "no_speech_prob", 0) > 0.6 && p < -1;
	}
	*nobody = n && silent == n;
	return n ? sum / (double)n : NAN;
}

static int on_event(void *arg, sv event, sv data, sv id)
{
	struct call *c = arg;
	struct err e;
	jv *o = jv_parse(data, &e);
	sv type = jv_get_str(o, "type");
	(void)event;
	(void)id;
	if (sv_eq(type, SV("transcript.text.delta"))) {
		sb_put(&c->text, jv_get_str(o, "delta"));
		if (c->slot->run && c->slot->run->flushing)
			(void)asr_emit_partial(c->slot->run, sb_sv(&c->text));
	} else if (sv_eq(type, SV("transcript.text.done"))) {
		sb_reset(&c->text);
		sb_put(&c->text, jv_get_str(o, "text"));
		c->logprob = mean_logprob(jv_get(o, "logprobs"));
		c->done = true;
	}
	jv_free(o);
	return 0;
}

static int read_answer(struct call *c, bool *nobody)
{
	struct err e;
	*nobody = false;
	if (c->stream) {
		(void)fetch_sse_end(&c->sse);
		return c->done ? 0 : ERR_UPSTREAM;
	}
	jv *o = jv_parse(sb_sv(&c->body), &e);
	bool ok = jv_is_str(jv_get(o, "text"));
	sb_reset(&c->text);
	sb_put(&c->text, jv_get_str(o, "text"));
	c->logprob = jv_len(jv_get(o, "logprobs")) ? mean_logprob(jv_get(o, "logprobs")) :
						      segments(jv_get(o, "segments"), nobody);
	jv_free(o);
	return ok ? 0 : ERR_UPSTREAM;
}

static int verdict(struct call *c, int err, int status, bool *nobody)
{
	struct remote *x = c->a->priv;
	if (status && status != 200) {
		explain(c->a, status, sb_sv(&c->body));
		bool picky = status == 400 || status == 422 || status == 501;
		if (picky && (x->streams || !x->plain_json)) {
			x->plain_json = !x->streams; /* it may know no streams, no verbose_json */
			x->streams = false;
			return ERR_AGAIN;
		}
		return remote_status(status);
	}
	if (err) {
		const char *why = c->req ? fetch_error(c->req) : NULL;
		asr_set_error(c->a, sv_of(why && why[0] ? why : err_text(err)));
		return err == ERR_CANCELED ? ERR_UPSTREAM : err;
	}
	int rc = read_answer(c, nobody);
	if (rc)
		asr_set_error(c->a, SV("the server's answer is no transcription"));
	return rc;
}

static void finish(struct call *c, int err, int status)
{
	struct sb clean;
	bool nobody = false;
	sb_init(&clean, LIM_SB);
	int rc = verdict(c, err, status, &nobody);
	struct win_answer ans = { .err = rc };
	if (!rc) {
		const char *lang = c->slot->run ? c->slot->run->lang : "";
		double seconds = (double)c->slot->upto / 8000; /* at least as long as it is */
		wh_text_clean(sb_sv(&c->text), sv_of(lang), &clean);
		nobody |= wh_text_is_noise(sb_sv(&clean), seconds);
		ans.text = nobody ? SV_NULL : sb_sv(&clean);
		ans.confidence = nobody ? 0 : isnan(c->logprob) ? UNTOLD : exp(c->logprob);
	}
	c->req = NULL;
	if (rc != ERR_AGAIN)
		breaker_told(&((struct remote *)c->a->priv)->breaker,
			     loop_now_ms(c->a->loop), false, !rc);
	win_answered(c->slot, &ans);
	sb_done(&clean);
}

static void on_head(void *arg, int status, struct fetch_req *req)
{
	struct call *c = arg;
	c->status = status;
	c->stream = status == 200 &&
		    sv_starts(fetch_header(req, "content-type"), SV("text/event-stream"));
}

static int on_data(void *arg, sv piece)
{
	struct call *c = arg;
	if (c->stream)
		return fetch_sse_feed(&c->sse, piece) == 0 && c->req ? 0 : ERR_CANCELED;
	sb_put(&c->body, piece);
	return sb_err(&c->body) ? ERR_CANCELED : 0;
}

static void on_end(void *arg, int err, int status)
{
	finish(arg, err, status);
}

static void on_later(void *arg)
{
	struct call *c = arg;
	finish(c, c->later_err, 0);
}

/* ---- the request ---- */

static void put_le(struct sb *b, uint32_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		sb_ch(b, (char)(v >> (8 * i)));
}

static void put_wav(struct sb *b, const struct asr_clip *c)
{
	uint32_t bytes = (uint32_t)(c->n * 2), rate = (uint32_t)c->rate;
	sb_cstr(b, "RIFF");
	put_le(b, 36 + bytes, 4);
	sb_cstr(b, "WAVEfmt ");
	put_le(b, 16, 4);
	put_le(b, 1, 2);
	put_le(b, 1, 2);
	put_le(b, rate, 4);
	put_le(b, rate * 2, 4);
	put_le(b, 2, 2);
	put_le(b, 16, 2);
	sb_cstr(b, "data");
	put_le(b, bytes, 4);
	sb_put(b, sv_n((const char *)c->s, c->n * sizeof(*c->s)));
}

static void put_field(struct sb *b, uint32_t boundary, const char *name, const char *value)
{
	if (value && value[0])
		sb_fmt(b,
		       "--callm%08x\r\nContent-Disposition: form-data; "
		       "name=\"%s\"\r\n\r\n%s\r\n",
		       boundary, name, value);
}

static void put_body(struct remote *x, const struct asr_run *r, const struct asr_clip *c,
		     struct sb *b)
{
	uint32_t at = x->boundary;
	bool zh = lang_is(sv_of(r->lang), SV("zh")), en = lang_is(sv_of(r->lang), SV("en"));
	char lang[4];
	(void)snprintf(lang, sizeof(lang), "%.*s", (int)strcspn(r->lang, "-"), r->lang);
	put_field(b, at, "model", x->model);
	if (!x->langs) /* with several the server finds out */
		put_field(b, at, "language", lang);
	put_field(b, at, "prompt", zh ? x->zh : en ? x->en : NULL);
	put_field(b, at, "response_format",
		  x->streams || x->plain_json ? "json" : "verbose_json");
	if (x->streams) {
		put_field(b, at, "stream", "true");
		put_field(b, at, "include[]", "logprobs");
	}
	sb_fmt(b,
	       "--callm%08x\r\nContent-Disposition: form-data; name=\"file\"; "
	       "filename=\"speech.wav\"\r\nContent-Type: audio/wav\r\n\r\n",
	       at);
	put_wav(b, c);
	sb_fmt(b, "\r\n--callm%08x--\r\n", at);
}

static int begin(struct win_slot *s, const struct asr_clip *clip, bool final)
{
	struct call *c = s->priv;
	struct remote *x = c->a->priv;
	struct sb body, headers;
	struct err e = { 0 };
	(void)final;
	sb_init(&body, BODY_MAX);
	sb_init(&headers, 8192);
	x->boundary = x->boundary * 1664525u + 1013904223u;
	sb_fmt(&headers, "%sContent-Type: multipart/form-data; boundary=callm%08x\r\n", x->headers,
	       x->boundary);
	put_body(x, s->run, clip, &body);
	sb_reset(&c->body);
	sb_reset(&c->text);
	fetch_sse_done(&c->sse);
	fetch_sse_init(&c->sse, ANSWER_MAX, on_event, c);
	c->logprob = NAN;
	c->stream = c->done = false;
	struct fetch_opts o = { .method = "POST",
				.url = x->url,
				.headers = sb_str(&headers),
				.body = sb_sv(&body),
				.connect_ms = x->connect_ms,
				.first_byte_ms = x->first_ms,
				.stall_ms = STALL_MS,
				.total_ms = x->total_ms,
				.max_bytes = ANSWER_MAX,
				.retries = 1,
				.retry_unsafe = true,
				.on_head = on_head,
				.on_data = on_data,
				.on_end = on_end,
				.arg = c };
	int rc = sb_err(&body) ? sb_err(&body) : fetch_start(&c->req, x->fetch, &o, &e);
	if (rc) { /* told from the loop, like any other failure */
		c->req = NULL;
		c->later_err = rc;
		loop_after(c->a->loop, &c->later, 0, on_later, c);
	}
	sb_done(&body);
	sb_done(&headers);
	return 0;
}

static void stop(struct win_slot *s)
{
	struct call *c = s->priv;
	struct win_answer none = { .err = ERR_CANCELED };
	loop_timer_stop(&c->later);
	fetch_cancel(c->req);
	c->req = NULL;
	win_answered(s, &none);
}

/* ---- open, close ---- */

static bool serves(const struct asr *a, sv lang)
{
	(void)a;
	return lang.n >= 2;
}

static int start(struct asr_run *r)
{
	const struct remote *x = r->a->priv;
	if (!breaker_passes(&x->breaker, loop_now_ms(r->a->loop)))
		return ERR_BUSY;
	return win_start(r);
}

static void close_remote(struct asr *a)
{
	struct remote *x = a->priv;
	fetch_free(x->fetch);
	for (int i = 0; i < x->n; i++) {
		loop_timer_stop(&x->c[i].later);
		sb_done(&x->c[i].body);
		sb_done(&x->c[i].text);
		fetch_sse_done(&x->c[i].sse);
	}
	if (x->pool)
		win_pool_free(x->pool);
	char *const texts[] = { x->url, x->headers, x->model, x->key, x->langs, x->zh, x->en };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		xfree(texts[i]);
	xfree(x);
}

static void prepare(struct asr *a, const struct model_spec *s)
{
	static const struct win_ops ops = { begin, stop };
	struct remote *x = a->priv;
	struct sb h;
	x->n = s->max_workers > 0 ? s->max_workers : SLOTS_DEFAULT;
	x->n = x->n < SLOTS_MAX ? x->n : SLOTS_MAX;
	struct win_opts o = { .ops = &ops, .slots = x->n, .runs_a_slot = RUNS_A_SLOT,
			      .final_ms = x->total_ms + 1000 };
	sb_init(&h, 8192);
	sb_cstr(&h, "Accept: application/json, text/event-stream\r\n");
	if (s->key && s->key[0])
		sb_fmt(&h, "Authorization: Bearer %s\r\n", s->key);
	x->headers = xstrdup(sb_sv(&h));
	sb_done(&h);
	x->key = s->key ? xstrdup(sv_of(s->key)) : NULL;
	x->model = xstrdup(sv_of(s->model ? s->model : "whisper-1"));
	x->streams = sv_starts(sv_of(x->model), SV("gpt-4o"));
	x->langs = s->lang && strchr(s->lang, ',') ? xstrdup(sv_of(s->lang)) : NULL;
	x->zh = asr_prompt(s->data, "zh", "");
	x->en = asr_prompt(s->data, "en", "");
	x->fetch = fetch_new(a->loop);
	x->pool = win_pool_new(a, &o);
	for (int i = 0; i < x->n; i++) {
		struct call *c = &x->c[i];
		c->a = a;
		c->slot = win_pool_slot(x->pool, i);
		c->slot->priv = c;
		sb_init(&c->body, ANSWER_MAX);
		sb_init(&c->text, ANSWER_MAX);
		fetch_sse_init(&c->sse, ANSWER_MAX, on_event, c);
		win_slot_up(c->slot, true);
	}
}

static int open_remote(struct asr *a, const struct model_spec *s, struct err *e)
{
	sv url = sv_of(s->url);
	if (!sv_starts(url, SV("http://")) && !sv_starts(url, SV("https://")))
		return err_set(e, ERR_INVAL,
			       "a transcription server's url begins with http:// or https://, "
			       "like http://127.0.0.1:8000/v1");
	if (s->key && strpbrk(s->key, "\r\n"))
		return err_set(e, ERR_INVAL, "the key of %s contains a line break", a->name);
	char *full = remote_url(url, "/audio/transcriptions");
	if (!full)
		return err_set(e, ERR_TOOBIG, "the url of %s is too long", a->name);
	struct remote *x = xalloc(sizeof(*x));
	*x = (struct remote){ .url = full,
			      .connect_ms = s->connect_ms > 0 ? s->connect_ms : CONNECT_MS,
			      .first_ms = s->first_ms > 0 ? s->first_ms : FIRST_MS,
			      .total_ms = s->total_ms > 0 ? s->total_ms : TOTAL_MS,
			      .boundary = (uint32_t)loop_now_us(a->loop) };
	a->priv = x;
	prepare(a, s);
	return 0;
}

const struct asr_ops asr_openai = { "openai",  open_remote, close_remote, serves, start, win_feed,
				    win_flush, win_leave,   NULL };
