/* t_bench_wire.c: a call between two benches over real sockets; the fakes over HTTP and
 * WebSocket. */
#include <arpa/inet.h>
#include <stdio.h>
#include "t.h"
#include "bench_int.h"

struct pair {
	struct loop *loop;
	struct bench a, b;     /* a calls b */
	struct loop_timer tick;
	int ticks;
	struct bench_phone *in;
};

static struct pair *the_pair;

static void on_tick(void *arg)
{
	struct pair *p = arg;
	int64_t now = bench_now_us();
	struct bench *both[] = { &p->a, &p->b };
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < both[i]->phones.n; k++) {
			bench_media_tick(both[i]->phones.v[k], now);
			bench_sip_tick(both[i]->phones.v[k], now);
		}
	p->ticks++;
	loop_after(p->loop, &p->tick, 5, on_tick, p);
}

static void on_call(struct bench *b, struct bench_phone *x)
{
	the_pair->in = x;
	x->answer_ms = -1;     /* the test answers */
}

static void open_bench(struct bench *b, struct loop *l, uint64_t seed)
{
	struct err e;
	b->loop = l;
	b->by_call = map_new(100);
	rng_seed(&b->rng, seed);
	(void)bench_sip_open(b, &e);
}

static struct pair *pair_open(void)
{
	struct pair *p = the_pair = xalloc(sizeof(*p));
	p->loop = loop_new();
	open_bench(&p->a, p->loop, 1);
	open_bench(&p->b, p->loop, 2);
	p->b.on_call = on_call;
	p->a.target = (struct sockaddr_in){ .sin_family = AF_INET,
					    .sin_port = htons((uint16_t)p->b.sip_port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	loop_after(p->loop, &p->tick, 0, on_tick, p);
	return p;
}

static void pair_close(struct pair *p)
{
	struct bench *both[] = { &p->a, &p->b };
	loop_timer_stop(&p->tick);
	for (int i = 0; i < 2; i++) {
		while (both[i]->phones.n)
			bench_phone_free(both[i]->phones.v[0]);
		bench_sip_close(both[i]);
		map_free(both[i]->by_call);
	}
	loop_free(p->loop);
	xfree(p);
}

static bool until(struct pair *p, bool (*fn)(struct pair *p))
{
	int64_t end = bench_now_us() + 10000000;
	while (!fn(p) && bench_now_us() < end)
		loop_run_once(p->loop, 5);
	return fn(p);
}

static bool rings(struct pair *p)
{
	return p->in && p->a.phones.v[0]->state == PH_RINGING;
}

static bool is_up(struct pair *p)
{
	return p->a.phones.v[0]->state == PH_UP && p->in && p->in->state == PH_UP;
}

static bool is_over(struct pair *p)
{
	return p->a.phones.v[0]->state == PH_OVER && p->in->state == PH_OVER;
}

static bool has_spoken(struct pair *p)
{
	return p->a.phones.v[0]->said_to_us && p->in->runs.n && bench_quiet_us(p->in) > 200000;
}

static struct bench_clip tone(int16_t *s, size_t n)
{
	struct bench_clip c = { .text = (char *)"", .s = s, .n = n };
	struct pcm_tone t;
	pcm_tone_init(&t, PCM_TONE_BEEP, PCM_HZ);
	t.on_ms = 10000;
	memset(s, 0, n * sizeof(*s));
	(void)pcm_tone_pull(&t, s + 800, n - 1600);
	bench_clip_bounds(&c);
	return c;
}

/* Answered; the test's own checks follow. */
static struct pair *call_up(void)
{
	struct pair *p = pair_open();
	struct bench_phone *out = bench_dial(&p->a, "alice", true);
	if (out && until(p, rings)) {
		p->in->answered = true;
		p->in->kept = true;
		bench_sip_answer(p->in, 200);
		(void)until(p, is_up);
	}
	return p;
}

TEST(bench_call_is_made_heard_and_ended)
{
	int16_t s[8000];
	struct bench_clip c = tone(s, 8000);
	struct pair *p = call_up();
	struct bench_phone *out = p->a.phones.v[0];
	bool up = is_up(p);
	bench_say(out, &c, 0);
	bool spoke = up && until(p, has_spoken);
	int64_t heard = spoke ? bench_loud_after(p->in, 0) : 0;
	int64_t lag = heard - out->said_from_us;
	size_t runs = p->in->runs.n, kept = p->in->heard.n;
	int64_t quiet = bench_loud_before(p->in, heard - 1);
	bench_bye(out);
	bool over = until(p, is_over), bye = p->in->got_bye;
	pair_close(p);
	CHECK(up);
	CHECK(spoke);
	CHECK(runs >= 1); /* a stall of the machine may part it */
	EQ(quiet, 0);
	CHECK(kept >= 8000);
	/* a frame is 20 ms old when it leaves: never less, whatever the load */
	CHECK(lag >= 14000);
	CHECK(over);
	CHECK(bye);
}

TEST(bench_echo_comes_back_softer)
{
	int16_t s[8000];
	struct bench_clip c = tone(s, 8000);
	struct pair *p = call_up();
	struct bench_phone *out = p->a.phones.v[0];
	bool up = is_up(p);
	if (up) {
		bench_echo(p->in, -12, 100);
		bench_say(out, &c, 0);
		(void)until(p, has_spoken);
	}
	int loudest = pcm_peak(out->heard.v, out->heard.n);
	int sent = pcm_peak(s, 8000);
	pair_close(p);
	CHECK(up);
	CHECK(loudest > sent / 5 && loudest < sent / 3);
}

static bool refused(struct pair *p)
{
	return p->a.phones.v[0]->state == PH_OVER;
}

TEST(bench_call_is_refused_or_taken_back)
{
	struct pair *p = pair_open();
	struct bench_phone *out = bench_dial(&p->a, "bob", false);
	bool rang = until(p, rings);
	if (rang)
		bench_sip_answer(p->in, 486);
	bool busy = until(p, refused) && out->status == 486;
	bench_phone_free(p->a.phones.v[0]);
	bench_phone_free(p->b.phones.v[0]);
	p->in = NULL;
	out = bench_dial(&p->a, "bob", false);
	rang = rang && until(p, rings);
	bench_bye(out);
	bool gone = until(p, is_over) && out->status == 487 && p->in->cancelled;
	pair_close(p);
	CHECK(rang);
	CHECK(busy);
	CHECK(gone);
}

static bool pinged(struct pair *p)
{
	return p->a.target_up;
}

TEST(bench_target_is_there_once_it_answers)
{
	struct pair *p = pair_open();
	bool before = p->a.target_up;
	bench_sip_ping(&p->a);
	bool after = until(p, pinged);
	pair_close(p);
	CHECK(!before);
	CHECK(after);
}

/* The sound goes on from another port, and nobody hangs up for it. */
static bool heard_more(struct pair *p)
{
	return p->in->packets > 60 && p->in->offers == 1;
}

TEST(bench_port_moves_within_the_call)
{
	struct pair *p = call_up();
	struct bench_phone *out = p->a.phones.v[0];
	bool up = is_up(p);
	int port = out->port;
	int rc = up ? bench_move(out) : -1;
	bool on = !rc && until(p, heard_more);
	bool moved = out->port != port && ntohs(p->in->rtp.sin_port) == out->port;
	bool still = is_up(p);
	pair_close(p);
	OK(rc);
	CHECK(on);
	CHECK(moved);
	CHECK(still);
}

static bool three_keys(struct pair *p)
{
	return p->a.phones.v[0]->key_at == 3;
}

TEST(bench_keys_are_events_not_sound)
{
	struct pair *p = call_up();
	struct bench_phone *out = p->a.phones.v[0];
	bool up = is_up(p);
	for (int i = 0; up && i < 3; i++)
		bench_press(out, '5', 40, 60, i == 1);
	bool sent = up && until(p, three_keys);
	size_t runs = p->in->runs.n;
	uint64_t bad = p->in->bad;
	pair_close(p);
	CHECK(sent);
	EQ(runs, 0);
	EQ(bad, 0);
}

static bool a_while(struct pair *p)
{
	return p->a.phones.v[0]->sent > 3 * PCM_HZ / 2;
}

/* Silence that is told, not sent: 5 packets a second, none of them sound. */
TEST(bench_comfort_noise_is_rare_and_no_sound)
{
	struct pair *p = call_up();
	struct bench_phone *out = p->a.phones.v[0];
	bool up = is_up(p);
	out->comfort = true;
	uint64_t from = out->sent, packets = p->in->packets, bad = p->in->bad;
	(void)until(p, a_while);
	uint64_t frames = (out->sent - from) / PCM_FRAME;
	uint64_t sound = p->in->packets - packets, other = p->in->bad - bad;
	pair_close(p);
	CHECK(up);
	CHECK(frames > 20);
	CHECK(sound < 5); /* on the way when it began */
	CHECK(other > 0 && other <= frames / 10 + 1);
}

/* ---- the fake model ---- */

struct got {
	struct sb text;
	int err, status;
	bool done;
};

static int on_data(void *arg, sv piece)
{
	sb_put(&((struct got *)arg)->text, piece);
	return 0;
}

static void on_end(void *arg, int err, int status)
{
	struct got *g = arg;
	g->err = err;
	g->status = status;
	g->done = true;
}

static void ask(struct bench *b, struct fetch *f, struct got *g, const char *question)
{
	char url[100], body[400];
	struct fetch_req *r;
	struct err e;
	*g = (struct got){ 0 };
	sb_init(&g->text, LIM_SB);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/v1/chat/completions", b->web_port);
	(void)snprintf(body, sizeof(body),
		       "{\"messages\":[{\"role\":\"assistant\",\"content\":\"Hello.\"},"
		       "{\"role\":\"user\",\"content\":\"%s\"}],\"stream\":true}",
		       question);
	struct fetch_opts o = { .url = url, .body = sv_of(body), .on_data = on_data,
				.on_end = on_end, .arg = g,
				.headers = "Content-Type: application/json\r\n" };
	if (fetch_start(&r, f, &o, &e))
		return;
	int64_t end = bench_now_us() + 10000000;
	while (!g->done && bench_now_us() < end)
		loop_run_once(b->loop, 5);
}

TEST(bench_fake_model_answers_by_subject_and_fails_as_told)
{
	struct bench b = { .loop = loop_new() };
	struct fetch *f = fetch_new(b.loop);
	struct err e;
	struct got good, bad, half, tool;
	int rc = bench_fakes_open(&b, &e);
	b.f.llm_first_ms = 1;
	b.f.llm_word_ms = 0;
	ask(&b, f, &good, bench_topics[2].question);
	b.f.llm = FAULT_503;
	b.f.llm_left = 1;
	ask(&b, f, &bad, bench_topics[2].question);
	b.f.llm = FAULT_DIE;
	b.f.llm_left = 1;
	ask(&b, f, &half, bench_topics[2].question);
	ask(&b, f, &tool, "I want to speak to a person");
	size_t n = b.f.asked.n;
	int topic = n == 4 ? b.f.asked.v[0]->topic : -2;
	bool told = n == 4 && strcmp(b.f.asked.v[0]->assistant, "Hello.") == 0 &&
		    b.f.asked.v[0]->done_us > b.f.asked.v[0]->at_us;
	bool words = sv_find(sb_sv(&good.text), SV("Membership")) >= 0 &&
		     sv_find(sb_sv(&good.text), SV("[DONE]")) >= 0;
	bool cut = sv_find(sb_sv(&half.text), SV("Membership")) >= 0 &&
		   sv_find(sb_sv(&half.text), SV("[DONE]")) < 0;
	bool called = sv_find(sb_sv(&tool.text), SV("\"name\":\"handoff\"")) >= 0;
	sb_done(&good.text);
	sb_done(&bad.text);
	sb_done(&half.text);
	sb_done(&tool.text);
	bench_fakes_close(&b);
	fetch_free(f);
	loop_free(b.loop);
	EQ(rc, 0);
	EQ(topic, 2);
	CHECK(told);
	CHECK(words);
	EQ(bad.status, 503);
	CHECK(cut);
	CHECK(called);
}

/* ---- the fake recogniser ---- */

struct hearing {
	char text[200], partial[200];
	bool open, final;
};

static int ws_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	((struct hearing *)arg)->open = true;
	return 0;
}

static void ws_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct hearing *h = web_ws_arg(ws);
	struct err e;
	jv *o = jv_parse(msg, &e);
	sv delta = jv_get_str(o, "delta"), whole = jv_get_str(o, "transcript");
	size_t n = strlen(h->partial);
	(void)snprintf(h->partial + n, sizeof(h->partial) - n, SV_FMT, SV_ARG(delta));
	if (sv_ends(jv_get_str(o, "type"), SV("completed"))) {
		(void)snprintf(h->text, sizeof(h->text), SV_FMT, SV_ARG(whole));
		h->final = true;
	}
	jv_free(o);
}

static void ws_close(struct web_ws *ws, int code, sv reason)
{
}

static void send_sound(struct web_ws *ws, const int16_t *s, size_t n)
{
	uint8_t law[1600];
	struct sb b;
	pcm_ulaw_encode(s, n, law);
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"");
	sb_base64(&b, law, n);
	sb_cstr(&b, "\"}");
	(void)web_ws_send(ws, sb_sv(&b), false);
	sb_done(&b);
}

static void run_until(struct loop *l, const bool *flag)
{
	int64_t end = bench_now_us() + 10000000;
	while (!*flag && bench_now_us() < end)
		loop_run_once(l, 5);
}

/* A phone that is not really called, its marks, and a connection to the recogniser. */
struct ear_world {
	struct bench b;
	struct hearing h;
	struct web_ws *ws;
	struct bench_phone *p;
	struct bench_clip c;   /* "hello there", 800 samples of which 400 a word */
	int16_t s[PCM_FRAME * 10];
};

static struct ear_world *ear_open(void)
{
	static const struct web_ws_ops ops = { .on_open = ws_open, .on_msg = ws_msg,
					       .on_close = ws_close };
	struct ear_world *w = xalloc(sizeof(*w));
	struct err e;
	char url[100];
	w->b.loop = loop_new();
	w->b.by_call = map_new(10);
	w->c = (struct bench_clip){ .text = (char *)"hello there", .s = w->s, .n = 800,
				    .loud_to = 800 };
	*VEC_PUSH(&w->c.words, 4) = (struct bench_word){ 0, 0 };
	*VEC_PUSH(&w->c.words, 4) = (struct bench_word){ 6, 400 };
	(void)bench_fakes_open(&w->b, &e);
	(void)bench_sip_open(&w->b, &e);
	w->b.f.asr_final_ms = 1;
	w->p = bench_dial(&w->b, "x", false);
	(void)snprintf(url, sizeof(url), "ws://127.0.0.1:%d/v1/realtime", w->b.web_port);
	struct web_ws_client_opts o = { .url = url, .ops = &ops, .arg = &w->h };
	(void)web_ws_connect(&w->ws, w->b.loop, &o, &e);
	run_until(w->b.loop, &w->h.open);
	(void)web_ws_send(w->ws,
			  SV("{\"type\":\"session.update\",\"session\":{\"audio\":{\"input\":"
			     "{\"format\":{\"type\":\"audio/pcmu\"}}}}}"),
			  false);
	for (unsigned k = 0; k < 3; k++)
		bench_mark_put(w->s + k * PCM_FRAME, (unsigned)w->p->id, k);
	return w;
}

static void ear_feed(struct ear_world *w, size_t n)
{
	uint64_t want = w->b.f.asr_samples + n;
	int64_t end = bench_now_us() + 10000000;
	send_sound(w->ws, w->s, n);
	while (w->b.f.asr_samples < want && bench_now_us() < end)
		loop_run_once(w->b.loop, 5);
}

static void ear_final(struct ear_world *w)
{
	(void)web_ws_send(w->ws, SV("{\"type\":\"input_audio_buffer.commit\"}"), false);
	run_until(w->b.loop, &w->h.final);
}

static void ear_done(struct ear_world *w)
{
	web_ws_free(w->ws);
	web_client_done(w->b.loop);
	while (w->b.phones.n)
		bench_phone_free(w->b.phones.v[0]);
	bench_sip_close(&w->b);
	bench_fakes_close(&w->b);
	map_free(w->b.by_call);
	loop_free(w->b.loop);
	VEC_FREE(&w->c.words);
	xfree(w);
}

/* Two words were put on the line; the sound of one and a bit is sent. */
TEST(bench_fake_recogniser_hears_what_it_is_sent)
{
	struct ear_world *w = ear_open();
	w->p->sent = 3 * PCM_FRAME;               /* three frames of background, then the clip */
	bench_say(w->p, &w->c, 0);
	w->p->sent = 5 * PCM_FRAME;
	ear_feed(w, 3 * PCM_FRAME + 500); /* 500 of the clip's 800 samples */
	ear_final(w);
	struct hearing h = w->h;
	ear_done(w);
	CHECK(h.final);
	STR_EQ(h.text, "hello");
}

/* What came late is no gap: the words are told once. */
TEST(bench_fake_recogniser_waits_for_what_is_late)
{
	struct ear_world *w = ear_open();
	w->p->sent = 3 * PCM_FRAME;
	ear_feed(w, 3 * PCM_FRAME);
	bench_say(w->p, &w->c, 0);
	memset(w->s, 0x11, sizeof(w->s));
	w->p->sent += 4000; /* half a second later nothing has come yet */
	ear_feed(w, 380);   /* less than the first word */
	ear_final(w);
	struct hearing h = w->h;
	ear_done(w);
	CHECK(h.final);
	STR_EQ(h.text, "hello");
}

/* Two seconds are left out and no mark follows (an echo lies over the silence): the words are
 * where the line is, not where counting on would put them. */
TEST(bench_fake_recogniser_finds_its_place_after_a_gap)
{
	struct ear_world *w = ear_open();
	w->p->sent = 3 * PCM_FRAME;
	ear_feed(w, 3 * PCM_FRAME);
	w->p->sent = 103 * PCM_FRAME;
	bench_say(w->p, &w->c, 0);
	memset(w->s, 0x11, sizeof(w->s));
	/* all 800 samples of it, and as much of the rest as shows that it was not only late */
	for (int i = 0; i < 12; i++) {
		w->p->sent += 400;
		ear_feed(w, 400);
	}
	ear_final(w);
	struct hearing h = w->h;
	ear_done(w);
	CHECK(h.final);
	STR_EQ(h.text, "hello there");
}
