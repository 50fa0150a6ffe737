/* t_api_page.c: a customer closes the page of a chat that wants a person, and opens it again: what
 * the queue makes of it and what the agent is told. */
#include "t_api_desk.h"

static const char brief[] =
	"languages: [zh, en]\n"
	"queues:\n"
	"  - { id: general, title: { zh: \"综合\", en: \"General\" }, ring_s: 60, away_s: 1 }\n"
	"default_queue: general\n"
	"agents:\n"
	"  people:\n"
	"    - { login: mei, name: \"Mei\", queues: [general] }\n";

struct stands {
	struct aw *w;
	const char *id, *state;
};

static bool stands(void *arg)
{
	struct stands *x = arg;
	struct resp r = { 0 };
	char line[120];
	snprintf(line, sizeof(line), "GET /api/v1/handovers?conversation=%s", x->id);
	(void)http(x->w, line, aw_token_of(x->w, "supervisor", "lin"), NULL, &r);
	bool ok = sv_eq(jv_as_str(jv_path(r.json, "items.0.state")), sv_of(x->state));
	resp_done(&r);
	return ok;
}

static bool becomes(struct aw *w, const char *id, const char *state)
{
	return t_wait(w->loop, stands, &(struct stands){ w, id, state }, 15000);
}

static bool back(struct aw *w, struct wsc *c, const char *id, const char *token)
{
	char frame[API_TOKEN_MAX + 120];
	memset(c, 0, sizeof(*c));
	snprintf(frame, sizeof(frame),
		 "{\"op\":\"session.resume\",\"data\":{\"id\":\"%s\",\"token\":\"%s\"}}", id,
		 token);
	if (!wsc_open(w, c, "/ws/chat"))
		return false;
	wsc_send(c, frame);
	return wsc_wait(w, c, "session") != NULL;
}

struct told {
	struct wsc *c;
	bool away;
};

/* The last handover.page says so. */
static bool told(void *arg)
{
	const struct told *x = arg;
	const jv *last = NULL;
	for (size_t i = 0; i < x->c->frames.n; i++)
		if (sv_eq(jv_get_str(x->c->frames.v[i], "type"), SV("handover.page")))
			last = x->c->frames.v[i];
	return last && (jv_as_str(jv_path(last, "data.away_at")).n > 0) == x->away;
}

TEST(api_page_closed_leaves_the_queue_and_comes_back)
{
	struct aw w = { .queues = brief, .o = { .chat_page_ms = 100 } };
	struct desk mei = { 0 };
	struct wsc c;
	char id[27], token[API_TOKEN_MAX], h[27];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	start(&w, &c, id, token);
	write_text(&c, "m1", "I want to talk to a person please");
	CHECK(becomes(&w, id, "QUEUED"));
	wsc_close(&w, &c);
	CHECK(becomes(&w, id, "REQUESTED"));
	CHECK(back(&w, &c, id, token));
	CHECK(row(&w, &c, "turn.bot", "You closed this page"));
	CHECK(row(&w, &c, "turn.bot", "Welcome back"));
	CHECK(becomes(&w, id, "QUEUED"));
	CHECK(desk_open(&w, &mei, "agent", "mei", 0));
	EQ(order(&w, &mei, "state", "{\"state\":\"ready\"}"), 200);
	CHECK(offered(&w, &mei, h));
	EQ(order_on(&w, &mei, "accept", h, id, ""), 200);
	CHECK(row(&w, &c, "handover.accepted", NULL));
	wsc_close(&w, &c);
	CHECK(t_wait(w.loop, told, &(struct told){ &mei.c, true }, 15000));
	CHECK(back(&w, &c, id, token));
	CHECK(t_wait(w.loop, told, &(struct told){ &mei.c, false }, 15000));
	CHECK(becomes(&w, id, "ACCEPTED"));
	wsc_close(&w, &c);
	wsc_close(&w, &mei.c);
	aw_down(&w);
}

/* A text shows that somebody is there, page or not; who never had a page is never away. */
TEST(api_page_a_text_counts_and_no_page_is_no_absence)
{
	struct aw w = { .queues = brief, .o = { .chat_page_ms = 50 } };
	struct wsc c;
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], rest[27], rest_token[API_TOKEN_MAX];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	CHECK(begin(&w, rest, rest_token));
	EQ(say(&w, rest, rest_token, "{\"text\":\"I want to talk to a person please\"}", &r), 200);
	start(&w, &c, id, token);
	write_text(&c, "m1", "I want to talk to a person please");
	CHECK(becomes(&w, id, "QUEUED"));
	wsc_close(&w, &c);
	CHECK(becomes(&w, id, "REQUESTED"));
	EQ(say(&w, id, token, "{\"text\":\"are you there\"}", &r), 200);
	CHECK(becomes(&w, id, "QUEUED"));
	CHECK(becomes(&w, id, "REQUESTED"));         /* and away again */
	CHECK(becomes(&w, rest, "QUEUED"));
	resp_done(&r);
	aw_down(&w);
}
