/* Agents' sockets alone: numbers without a gap, cut sockets, too old ones, bad frames, many at
 * once; and what is set up: queues, skills and agents over REST. */
#include "t_api_desk.h"

#include <stdlib.h>
#include <time.h>

static void feed(struct aw *w, const char *login, int n)
{
	char json[64];
	snprintf(json, sizeof(json), "{\"n\":%d}", n);
	api_people_feed(w->api, "handover.note", sv_of(login), sv_of(json));
}

/* The number in the last event of that kind; -1 = none; *seq its number, gapless from `after`. */
static int last_of(const struct wsc *c, int64_t *seq, int64_t after)
{
	int n = -1;
	for (size_t i = 0; i < c->frames.n; i++) {
		const jv *f = c->frames.v[i];
		int64_t s = jv_get_int(f, "seq", 0);
		if (!s || sv_eq(jv_get_str(f, "type"), SV("hello")))
			continue;
		if (after && s != after + 1)
			return -2;
		after = *seq = s;
		n = (int)jv_as_int(jv_path(f, "data.n"), n);
	}
	return n;
}

struct until {
	struct wsc *c;
	int n;
};

static bool has_n(void *arg)
{
	const struct until *u = arg;
	int64_t seq;
	return u->c->closed || last_of(u->c, &seq, 0) >= u->n;
}

TEST(api_desk_a_cut_socket_lacks_nothing)
{
	struct aw w = { .queues = queues };
	struct desk d = { 0 }, e = { 0 };
	int64_t seq = 0;
	CHECK(aw_up(&w) && desk_open(&w, &d, "agent", "mei", 0));
	int64_t from = jv_get_int(wsc_find(&d.c, "hello", 0), "seq", 0);
	CHECK(from > 1000000);
	for (int i = 1; i <= 5; i++)
		feed(&w, "mei", i);
	CHECK(t_wait(w.loop, has_n, &(struct until){ &d.c, 5 }, 15000));
	EQ(last_of(&d.c, &seq, 0), 5);
	wsc_close(&w, &d.c);
	for (int i = 6; i <= 20; i++)
		feed(&w, "mei", i);
	feed(&w, "tom", 99);                 /* somebody else's */
	CHECK(desk_open(&w, &e, "agent", "mei", seq));
	const jv *hello = wsc_find(&e.c, "hello", 0);
	CHECK(jv_as_bool(jv_path(hello, "data.resumed"), false));
	CHECK(t_wait(w.loop, has_n, &(struct until){ &e.c, 20 }, 15000));
	EQ(last_of(&e.c, &from, seq), 20);   /* each once, in order */
	wsc_close(&w, &e.c);
	/* more than the ring holds: the console is told to read again */
	for (int i = 21; i <= 21 + 1000; i++)
		feed(&w, "mei", i);
	CHECK(desk_open(&w, &d, "agent", "mei", from));
	CHECK(!jv_as_bool(jv_path(wsc_find(&d.c, "hello", 0), "data.resumed"), true));
	feed(&w, "mei", 5000);
	CHECK(t_wait(w.loop, has_n, &(struct until){ &d.c, 5000 }, 15000));
	wsc_close(&w, &d.c);
	aw_down(&w);
}

TEST(api_desk_bad_frames_are_answered)
{
	struct aw w = { .queues = queues };
	struct desk d = { 0 };
	struct wsc c = { 0 };
	char data[3000];
	CHECK(aw_up(&w));
	CHECK(!wsc_open(&w, &c, "/ws/agent"));                   /* nobody */
	wsc_close(&w, &c);
	CHECK(desk_open(&w, &d, "agent", "mei", 0));
	EQ(order(&w, &d, "dance", "{}"), 404);
	EQ(order(&w, &d, "state", "{\"state\":\"asleep\"}"), 400);
	EQ(order(&w, &d, "state", "{\"state\":7}"), 400);
	EQ(order(&w, &d, "state", "{\"state\":\"ready\",\"login\":\"tom\"}"), 403);
	EQ(order(&w, &d, "accept", "{}"), 400);
	EQ(order(&w, &d, "accept", "{\"handover\":\"01J00000000000000000000000\"}"), 404);
	EQ(order(&w, &d, "say", "{\"conversation\":\"x\",\"text\":\"a\"}"), 400);
	EQ(order(&w, &d, "say",
		 "{\"conversation\":\"01J00000000000000000000000\",\"text\":\"a\"}"),
	   403);
	EQ(order(&w, &d, "say", "{\"text\":[1]}"), 400);
	EQ(order(&w, &d, "keys", "{\"digits\":\"12x\"}"), 400);
	EQ(order(&w, &d, "call", "{}"), 400);
	EQ(order(&w, &d, "call", "{\"to\":\"+4930123456\",\"language\":\"xx\"}"), 400);
	EQ(order(&w, &d, "call", "{\"to\":\"+4930123456\"}"), 503);       /* no telephone */
	EQ(order(&w, &d, "suggest", "{\"query\":\"refund\"}"), 503);
	EQ(order(&w, &d, "merge", "{\"conversation\":\"01J00000000000000000000000\"}"), 403);
	memset(data, 0, sizeof(data));
	snprintf(data, sizeof(data),
		 "{\"instruction\":\"%.*s\",\"conversation\":\"01J00000000000000000000000\"}",
		 2400, "");
	size_t at = strlen("{\"instruction\":\"");
	memset(data + at, 'a', 2400);
	snprintf(data + at + 2400, sizeof(data) - at - 2400,
		 "\",\"conversation\":\"01J00000000000000000000000\"}");
	wsc_send(&d.c, "no json at all");
	wsc_send(&d.c, "{\"id\":\"q\",\"op\":\"state\",\"data\":[]}");
	EQ(order(&w, &d, "state", "{\"state\":\"ready\"}"), 200);
	int bad = 0;
	for (size_t i = 0; i < d.c.frames.n; i++)
		bad += jv_get_int(d.c.frames.v[i], "status", 0) == 400 &&
		       !sv_starts(jv_get_str(d.c.frames.v[i], "re"), SV("x"));
	EQ(bad, 2);
	EQ(order(&w, &d, "state", "{\"state\":\"paused\",\"reason\":\"lunch\"}"), 200);
	const jv *state = wsc_wait(&w, &d.c, "agent.state");
	CHECK(state != NULL);
	wsc_close(&w, &d.c);
	aw_down(&w);
}

TEST(api_desk_orders_have_a_rate)
{
	struct aw w = { .queues = queues };
	struct desk d = { 0 };
	CHECK(aw_up(&w) && desk_open(&w, &d, "agent", "mei", 0));
	for (int i = 0; i < 300; i++)
		wsc_send(&d.c, "{\"id\":\"n\",\"op\":\"nothing\",\"data\":{}}");
	struct reply x = { &d, "last" };
	int status = 429;
	for (int i = 0; i < 50 && status == 429; i++) {
		snprintf(x.re, sizeof(x.re), "last%d", i);
		char text[96];
		snprintf(text, sizeof(text), "{\"id\":\"%s\",\"op\":\"nothing\",\"data\":{}}",
			 x.re);
		wsc_send(&d.c, text);
		CHECK(t_wait(w.loop, has_reply, &x, 15000) && reply_of(&x));
		status = (int)jv_get_int(reply_of(&x), "status", -1);
		if (status == 429)
			t_wait(w.loop, wsc_is_closed, &d.c, 100);
	}
	EQ(status, 404);                     /* the second is over: it goes on */
	int refused = 0;
	for (size_t i = 0; i < d.c.frames.n; i++)
		refused += jv_get_int(d.c.frames.v[i], "status", 0) == 429;
	CHECK(refused >= 100 && !d.c.closed);
	wsc_close(&w, &d.c);
	aw_down(&w);
}

/* ---- what is set up ---- */

TEST(api_desk_queues_are_changed_and_taken_back)
{
	struct aw w = { .queues = queues };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	const char *agent = aw_token_of(&w, "agent", "mei"),
		   *lin = aw_token_of(&w, "supervisor", "lin");
	EQ(http(&w, "GET /api/v1/queues", NULL, NULL, &r), 401);
	EQ(http(&w, "GET /api/v1/queues", agent, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	EQ(http(&w, "GET /api/v1/queues/general", agent, NULL, &r), 200);
	HAS(sb_sv(&r.head), "ETag: \"0\"");
	SV_EQ(jv_as_str(jv_path(r.json, "title.en")), "General");
	EQ(http(&w, "GET /api/v1/queues/none", agent, NULL, &r), 404);
	static const char changed[] =
		"{\"title\":{\"zh\":\"总\",\"en\":\"Common\"},\"strategy\":\"round-robin\"}";
	EQ(http(&w, "PUT /api/v1/queues/general", agent, changed, &r), 403);
	EQ(http(&w, "PUT /api/v1/queues/general", lin, "{\"strategy\":\"by-mood\"}", &r), 400);
	CHECK(is_problem(&r));
	EQ(http_with(&w, "PUT /api/v1/queues/general", lin, "If-Match: \"0\"\r\n", changed, &r),
	   200);
	SV_EQ(jv_as_str(jv_path(r.json, "title.en")), "Common");
	HAS(sb_sv(&r.head), "ETag: \"1\"");
	EQ(http_with(&w, "PUT /api/v1/queues/general", lin, "If-Match: \"0\"\r\n", changed, &r),
	   412);
	EQ(http_with(&w, "PUT /api/v1/queues/general", lin, "If-Match: \"1\"\r\n", changed, &r),
	   200);
	EQ(http(&w, "PUT /api/v1/queues/extra", lin, changed, &r), 200);
	EQ(http(&w, "GET /api/v1/queues", agent, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 3);
	EQ(http(&w, "DELETE /api/v1/queues/extra", lin, "", &r), 204);
	EQ(http(&w, "GET /api/v1/queues/extra", agent, NULL, &r), 404);
	CHECK(http(&w, "DELETE /api/v1/queues/extra", lin, "", &r) >= 400);
	EQ(http(&w, "DELETE /api/v1/queues/general", lin, "", &r), 400);    /* the default */
	EQ(http(&w, "DELETE /api/v1/queues/all", agent, "", &r), 403);
	EQ(http(&w, "GET /api/v1/agents/tom", agent, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "extension"), "1002");
	EQ(http(&w, "PUT /api/v1/agents/tom", lin, "{\"login\":\"mei\"}", &r), 400);
	EQ(http(&w, "PUT /api/v1/agents/tom", lin,
		"{\"name\":\"Tom\",\"extension\":\"2002\",\"queues\":[\"general\"]}", &r),
	   200);
	SV_EQ(jv_get_str(r.json, "extension"), "2002");
	EQ(http(&w, "PUT /api/v1/agents/tom", lin, "{\"queues\":[\"nowhere\"]}", &r), 400);
	EQ(http(&w, "GET /api/v1/skills", agent, NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.title.en")), "All");
	EQ(http(&w, "GET /api/v1/hours", agent, NULL, &r), 200);
	CHECK(jv_as_bool(jv_path(r.json, "items.0.open"), false));
	EQ(http(&w, "GET /api/v1/queues/realtime", agent, NULL, &r), 200);
	CHECK(jv_is_arr(jv_get(r.json, "queues")));
	EQ(http(&w, "GET /api/v1/handovers?cursor=nonsense", agent, NULL, &r), 400);
	EQ(http(&w, "GET /api/v1/handovers/01J00000000000000000000000", agent, NULL, &r), 404);
	resp_done(&r);
	aw_down(&w);
}

/* Who stands in the company's file is there, as is what was made; who is in neither is not. */
TEST(api_desk_only_what_is_not_there_is_made)
{
	static const char none[] = "If-None-Match: *\r\n", plain[] = "{\"queues\":[\"general\"]}",
			  queue[] = "{\"title\":{\"zh\":\"总\",\"en\":\"Common\"}}";
	struct aw w = { .queues = queues };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	const char *lin = aw_token_of(&w, "supervisor", "lin");
	EQ(http_with(&w, "PUT /api/v1/agents/tom", lin, none, plain, &r), 412);
	EQ(http_with(&w, "PUT /api/v1/queues/general", lin, none, queue, &r), 412);
	EQ(http(&w, "GET /api/v1/agents/tom", lin, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "extension"), "1002");
	EQ(http_with(&w, "PUT /api/v1/agents/zoe", lin, none, plain, &r), 200);
	EQ(http_with(&w, "PUT /api/v1/agents/zoe", lin, none, plain, &r), 412);
	EQ(http(&w, "DELETE /api/v1/agents/zoe", lin, "", &r), 204);
	EQ(http_with(&w, "PUT /api/v1/agents/zoe", lin, none, plain, &r), 200);
	EQ(http_with(&w, "PUT /api/v1/agents/tom", lin, "If-Match: \"0\"\r\n", plain, &r), 200);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_desk_without_queues_says_so)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct desk d = { 0 };
	CHECK(aw_up(&w));
	const char *lin = aw_token_of(&w, "supervisor", "lin");
	EQ(http(&w, "GET /api/v1/queues", lin, NULL, &r), 503);
	EQ(http(&w, "PUT /api/v1/queues/x", lin, "{}", &r), 503);
	EQ(http(&w, "GET /api/v1/queues/realtime", lin, NULL, &r), 503);
	EQ(http(&w, "GET /api/v1/handovers", lin, NULL, &r), 200);
	CHECK(desk_open(&w, &d, "agent", "mei", 0));
	EQ(order(&w, &d, "state", "{\"state\":\"ready\"}"), 409);
	resp_done(&r);
	wsc_close(&w, &d.c);
	aw_down(&w);
}

/* ---- many: CALLM_DESK_AGENTS=200 CALLM_DESK_SECONDS=10 measures (docs/SPEED.md) ---- */

enum { MANY = 500, RATE = 50 };
struct many {
	struct aw w;
	struct desk d[MANY];
	int n, seconds;
	int64_t sent, late_us[200000];
	size_t got;
	bool bad;
	int64_t seq[MANY];
};

static int64_t door_ms(void)
{
	int64_t ms = 0;
	char path[64], text[512];
	struct err e;
	/* /proc/self/task/TID/stat: 14 and 15 are user and system time in ticks of 10 ms */
	for (int tid = getpid(); tid < getpid() + 400; tid++) {
		struct sb b;
		sb_init(&b, 4096);
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
		if (file_read(path, 4096, &b, &e) == 0 && sv_find(sb_sv(&b), SV("(door)")) > 0) {
			snprintf(text, sizeof(text), "%s", sb_str(&b));
			char *p = strrchr(text, ')');
			sv rest = sv_of(p + 2), one;
			int64_t v;
			for (int i = 3; sv_cut(&rest, ' ', &one) && i < 16; i++)
				if ((i == 14 || i == 15) && sv_i64(one, &v) == 0)
					ms += v * 10;
		}
		sb_done(&b);
	}
	return ms;
}

static int64_t number_after(sv msg, sv key)
{
	ptrdiff_t at = sv_find(msg, key);
	int64_t v = 0;
	for (size_t i = (size_t)at + key.n; at >= 0 && i < msg.n; i++) {
		if (msg.p[i] < '0' || msg.p[i] > '9')
			break;
		v = v * 10 + (msg.p[i] - '0');
	}
	return v;
}

static void take_frame(struct wsc *c, sv msg)
{
	struct many *m = c->raw_arg;
	int64_t us = number_after(msg, SV("{\"us\":")), seq = number_after(msg, SV("{\"seq\":"));
	size_t i = (size_t)((struct desk *)(void *)c - m->d);
	if (!us)
		return;              /* the queues' numbers */
	if (m->seq[i] && seq != m->seq[i] + 1)
		m->bad = true;
	m->seq[i] = seq;
	m->late_us[m->got % 200000] = clk_mono_us() - us;
	m->got++;
}

static bool all_there(void *arg)
{
	struct many *m = arg;
	return (int64_t)m->got >= m->sent;
}

static int by_time(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
	return (a > b) - (a < b);
}

/* An event for each agent every 20 ms, of the size of a customer's row. */
static void pour(struct many *m)
{
	static char pad[400];
	memset(pad, 'x', sizeof(pad) - 1);
	int64_t next = clk_mono_us(), end = next + m->seconds * INT64_C(1000000);
	char json[600];
	while (next < end) {
		for (int i = 0; i < m->n; i++) {
			snprintf(json, sizeof(json),
				 "{\"us\":%lld,\"row\":{\"kind\":\"turn.customer\",\"text\":\"%"
				 "s\"}}",
				 (long long)clk_mono_us(), pad);
			api_people_feed(m->w.api, "message.created", sv_of(m->d[i].login),
					sv_of(json));
			m->sent++;
			if (i % 10 == 9)
				loop_run_once(m->w.loop, 0);
		}
		next += 1000000 / RATE;
		while (clk_mono_us() < next)
			loop_run_once(m->w.loop, (next - clk_mono_us()) / 1000);
	}
}

TEST(api_desk_many_agents_each_event_once)
{
	static struct many m;
	const char *n = getenv("CALLM_DESK_AGENTS"), *seconds = getenv("CALLM_DESK_SECONDS");
	int64_t v;
	memset(&m, 0, sizeof(m));
	m.w.queues = queues;
	m.n = n && sv_i64(sv_of(n), &v) == 0 && v > 0 && v <= MANY ? (int)v : 20;
	m.seconds = seconds && sv_i64(sv_of(seconds), &v) == 0 && v > 0 && v < 600 ? (int)v : 1;
	CHECK(aw_up(&m.w));
	for (int i = 0; i < m.n; i++) {
		char login[32];
		snprintf(login, sizeof(login), "agent%d", i);
		CHECK(desk_open(&m.w, &m.d[i], "agent", login, 0));
		m.d[i].c.raw = take_frame;
		m.d[i].c.raw_arg = &m;
	}
	int64_t cpu = door_ms(), began = clk_mono_us();
	pour(&m);
	int64_t wall = clk_mono_us() - began;
	CHECK(t_wait(m.w.loop, all_there, &m, 30000));
	cpu = door_ms() - cpu;
	EQ(m.got, m.sent);
	CHECK(!m.bad);
	size_t k = m.got < 200000 ? m.got : 200000;
	qsort(m.late_us, k, sizeof(*m.late_us), by_time);
	printf("# %d agents, %lld events in %lld ms: door %lld ms of CPU, p50 %lld us, p95 "
	       "%lld us, p99 %lld us\n",
	       m.n, (long long)m.sent, (long long)wall / 1000, (long long)cpu,
	       (long long)m.late_us[k / 2], (long long)m.late_us[k * 95 / 100],
	       (long long)m.late_us[k * 99 / 100]);
	for (int i = 0; i < m.n; i++)
		wsc_close(&m.w, &m.d[i].c);
	aw_down(&m.w);
}
