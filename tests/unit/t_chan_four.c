/* Unit test of a call of four telephones on 127.0.0.1: the customer's, an agent's, a supervisor's
 * and a colleague's, each with a tone of its own; what each hears is kept, and says who was in
 * which room when. */
#include <stdlib.h>
#include "t_chan_line.h"
#include "t_chan_hall.h"

enum { FOUR = 3 };

struct phone {                       /* of a person */
	struct four *x;
	const char *user;
	struct tel_leg *leg;
	int invites, ups, closes;
	char keys[8];
	uint64_t phase;
	bool silent;
	int64_t said_us;             /* since it is not silent any more: its first frame */
	struct ear_of ear;
};
struct four {
	struct line l;               /* first: the customer's side */
	struct tel *tel;             /* the persons' */
	struct phone p[FOUR];
	struct ear_of ear;           /* the customer's */
	uint64_t phase;
	char log[2048];
};
static struct four x;
static bool end_with_person;         /* transfer.after: end */

static void keep(struct ear_of *e, const int16_t *s)
{
	e->rate = PCM_HZ;
	if (e->n + PCM_FRAME > H_KEEP)
		t_fail(__FILE__, __LINE__, "no room to hear more");
	memcpy(e->s + e->n, s, PCM_FRAME * sizeof(*s));
	e->n += PCM_FRAME;
}

static void f_up(void *arg)
{
	((struct phone *)arg)->ups++;
}

static void f_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
	keep(&((struct phone *)arg)->ear, s);
}

static int f_pull(void *arg, int16_t out[160])
{
	struct phone *p = arg;
	if (p->silent)
		return 0;
	p->said_us = p->said_us ? p->said_us : loop_now_us(x.l.w.loop);
	tone_of(out, PCM_FRAME, h_hz[1 + (p - x.p)], PCM_HZ, &p->phase);
	return PCM_FRAME;
}

static void f_key(void *arg, char digit)
{
	struct phone *p = arg;
	size_t n = strlen(p->keys);
	if (n < sizeof(p->keys) - 1)
		p->keys[n] = digit;
}

static void f_close(void *arg, int status, const char *reason)
{
	((struct phone *)arg)->closes++;
}

static const struct tel_leg_cb f_cb = { .on_up = f_up, .on_frame = f_frame, .on_pull = f_pull,
					.on_dtmf = f_key, .on_close = f_close };

static void f_take(void *arg)
{
	struct phone *p = arg;
	tel_leg_attach(p->leg, x.l.w.loop, x.l.box, &f_cb, p);
	tel_leg_answer(p->leg);
}

static int f_invite(void *arg, struct tel_leg *leg, const struct tel_info *info)
{
	for (int i = 0; i < FOUR; i++) {
		struct phone *p = &x.p[i];
		if (!sv_eq(info->to_user, sv_of(p->user)))
			continue;
		p->invites++;
		p->leg = leg;
		return mbox_post(x.l.box, f_take, p);
	}
	return ERR_NOTFOUND;
}

static void c_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
	keep(&x.ear, s);
}

static int c_pull(void *arg, int16_t out[160])
{
	tone_of(out, PCM_FRAME, h_hz[0], PCM_HZ, &x.phase);
	return PCM_FRAME;
}

static const struct tel_leg_cb c_cb = {
	.on_up = far_up, .on_frame = c_frame, .on_pull = c_pull, .on_close = far_close
};

static void c_msg(void *user, const struct chan_msg *m)
{
	size_t n = strlen(x.log);
	if (m->kind == CHAN_PARTY)
		snprintf(x.log + n, sizeof(x.log) - n, SV_FMT " " SV_FMT "%s" SV_FMT ";",
			 SV_ARG(m->client_id), SV_ARG(m->text), m->why.n ? " " : "",
			 SV_ARG(m->why));
	w_on_msg(user, m);
}

static int c_pick(void *arg, struct chan_place *ret)
{
	static const struct chan_sink sink = { w_on_open, c_msg, w_on_close };
	*ret = (struct chan_place){ x.l.w.loop, x.l.box, &sink, &x.l.w, &x.l.w.speech };
	return 0;
}

static int opened(const struct chan_phone_opts *po)
{
	static const struct tel_sink sink = { .on_invite = f_invite };
	struct tel_opts o;
	struct err e = { 0 };
	tel_defaults(&o);
	o.ip = "127.0.0.1";
	int rc = chan_phone_open(&x.l.phone, po);
	if (rc == 0)
		rc = tel_open(&x.l.tel, &o, chan_phone_sink(), x.l.phone, &e);
	if (rc == 0)
		rc = tel_open(&x.l.far, &o, NULL, NULL, &e);
	if (rc == 0)
		rc = tel_open(&x.tel, &o, &sink, NULL, &e);
	if (rc == 0)
		chan_phone_set_tel(x.l.phone, x.l.tel);
	x.l.objs = obj_live();
	return rc;
}

static void f_news(void *arg, const struct chan_call_news *n)
{
	size_t at = strlen(x.log);
	snprintf(x.log + at, sizeof(x.log) - at, "call %s%s%s;", n->state, n->why[0] ? ": " : "",
		 n->why);
}

/* Nobody calls yet. */
static void f_setup(const char *data_dir)
{
	static const char *const users[FOUR] = { "mei", "tom", "lin" };
	static const char *const allow[] = { "sip:*@127.0.0.1" };
	x = (struct four){ 0 };
	l_loop(&x.l);
	x.l.w.no_hush = true;
	for (int i = 0; i < FOUR; i++) {
		x.p[i].user = users[i];
		x.p[i].x = &x;
	}
	OK(opened(&(struct chan_phone_opts){ .pick = c_pick, .data_dir = data_dir,
					     .language = "en", .text = l_text, .on_call = f_news,
					     .outbound = { .allow = allow, .n_allow = 1 },
					     .transfer = { .allow = allow, .n_allow = 1,
						   .end = end_with_person } }));
}

static void f_open(const char *data_dir)
{
	char uri[64];
	struct err e = { 0 };
	f_setup(data_dir);
	snprintf(uri, sizeof(uri), "sip:service@127.0.0.1:%d", tel_port(x.l.tel));
	struct tel_dial_opts o = { uri, "5550100", "Ann" };
	OK(tel_dial(x.l.far, &o, x.l.w.loop, x.l.box, &c_cb, &x.l, &x.l.leg, &e));
	CHECK(t_wait(x.l.w.loop, up, &x.l, 5000));
}

static bool all_over(void *arg)
{
	return tel_calls(x.tel) == 0 && calls_gone(&x.l);
}

static void f_done(void)
{
	tel_leg_free(x.l.leg);
	for (int i = 0; i < FOUR; i++)
		tel_leg_free(x.p[i].leg);
	if (!t_wait(x.l.w.loop, all_over, NULL, 3000))
		t_fail(__FILE__, __LINE__, "a call is left");
	tel_close(x.tel);
	tel_close(x.l.tel);
	tel_close(x.l.far);
	chan_phone_close(x.l.phone);
	mbox_free(x.l.box);
	loop_free(x.l.w.loop);
}

static int f_do(enum chan_party_do act, const char *id, int who, enum chan_party_mode mode)
{
	char to[64];
	snprintf(to, sizeof(to), "sip:%s@127.0.0.1:%d", x.p[who].user, tel_port(x.tel));
	return chan_party(x.l.w.peer, &(struct chan_party){ .act = act, .id = sv_of(id),
							    .to = sv_of(to), .mode = mode,
							    .lang = SV("en") });
}

static int want_n;
static const char *wanted[1 + FOUR];

/* Each hears who it should, for 200 ms on end. */
static bool all_hear(void *arg)
{
	bool good = x.ear.n >= want_n && strcmp(h_hears(&x.ear), wanted[0]) == 0;
	for (int i = 0; i < FOUR && good; i++)
		good = !wanted[i + 1] || strcmp(h_hears(&x.p[i].ear), wanted[i + 1]) == 0;
	return good;
}

static bool has_keys(void *arg)
{
	return strcmp(x.p[2].keys, arg) == 0;
}

static bool mei_gone(void *arg)
{
	return x.p[0].closes == 1;
}

static bool has_log(void *arg)
{
	return strstr(x.log, arg) != NULL;
}

/* Some time later: what each hears; NULL = not asked. */
static void hear(const char *customer, const char *a, const char *b, const char *c)
{
	const char *want[1 + FOUR] = { customer, a, b, c };
	memcpy(wanted, want, sizeof(want));
	want_n = x.ear.n + PCM_HZ * 36 / 100;
	if (t_wait(x.l.w.loop, all_hear, NULL, 5000))
		return;
	STR_EQ(h_hears(&x.ear), customer);
	for (int i = 0; i < FOUR; i++)
		if (want[i + 1])
			STR_EQ(h_hears(&x.p[i].ear), want[i + 1]);
}

static void add(const char *id, int who, enum chan_party_mode mode)
{
	static char joined[64];
	OK(f_do(CHAN_PARTY_ADD, id, who, mode));
	snprintf(joined, sizeof(joined), "%s joined;", id);
	CHECK(t_wait(x.l.w.loop, has_log, joined, 5000));
}

TEST(four_monitor_whisper_barge_take_over)
{
	f_open(t_tmpdir());
	hear("", NULL, NULL, NULL);
	add("agent", 0, CHAN_TALKS);
	hear("1", "c", NULL, NULL);
	add("super", 1, CHAN_LISTENS);
	hear("1", "c", "c1", NULL);
	OK(f_do(CHAN_PARTY_MODE, "super", 1, CHAN_WHISPERS));
	hear("1", "c2", "c1", NULL);
	OK(f_do(CHAN_PARTY_MODE, "super", 1, CHAN_TALKS));
	hear("12", "c2", "c1", NULL);
	OK(f_do(CHAN_PARTY_MODE, "super", 1, CHAN_TAKES_OVER));
	hear("2", NULL, "c", NULL);
	CHECK(t_wait(x.l.w.loop, mei_gone, NULL, 3000)); /* the agent's telephone got BYE */
	CHECK(strstr(x.log, "agent left taken_over;"));
	tel_leg_hangup(x.l.leg, 200);
	f_done();
	EQ(x.p[1].invites, 1);
}

TEST(four_consult_merge_warm_transfer)
{
	f_open(t_tmpdir());
	add("agent", 0, CHAN_TALKS);
	add("consult", 2, CHAN_CONSULTS);
	hear("t", "3", NULL, "1");
	OK(f_do(CHAN_PARTY_MODE, "consult", 2, CHAN_TALKS));
	hear("13", "c3", NULL, "c1");
	OK(f_do(CHAN_PARTY_MODE, "consult", 2, CHAN_CONSULTS));
	hear("t", "3", NULL, "1");
	tel_leg_hangup(x.p[0].leg, 200);         /* the agent hangs up: handed over */
	hear("3", NULL, NULL, "c");
	CHECK(strstr(x.log, "agent left gone;consult mode;"));
	OK(tel_leg_dtmf(x.l.leg, "7"));          /* keys reach who talks with them */
	CHECK(t_wait(x.l.w.loop, has_keys, "7", 5000));
	EQ(x.p[0].keys[0], 0);
	struct chan_party keys = { .act = CHAN_PARTY_KEYS, .id = SV("consult"), .keys = SV("42") };
	OK(chan_party(x.l.w.peer, &keys));
	CHECK(t_wait(x.l.w.loop, has_keys, "742", 5000));
	hear("3", NULL, NULL, NULL);
	tel_leg_hangup(x.l.leg, 200);
	f_done();
}

/* Cold between agents: the new one is rung beside the old one, who goes when it has joined. */
TEST(four_cold_transfer_and_who_is_not_there)
{
	f_open(t_tmpdir());
	add("agent", 0, CHAN_TALKS);
	struct chan_party no = { .act = CHAN_PARTY_ADD, .id = SV("other"), .mode = CHAN_TALKS };
	char to[64];
	snprintf(to, sizeof(to), "sip:nobody@127.0.0.1:%d", tel_port(x.tel));
	no.to = sv_of(to);
	OK(chan_party(x.l.w.peer, &no));
	CHECK(t_wait(x.l.w.loop, has_log, "other failed unreachable;", 5000));
	hear("1", "c", NULL, NULL);              /* the old one stays */
	add("other", 2, CHAN_TALKS);
	OK(f_do(CHAN_PARTY_DROP, "agent", 0, CHAN_TALKS));
	hear("3", NULL, NULL, "c");
	CHECK(t_wait(x.l.w.loop, mei_gone, NULL, 3000));
	tel_leg_hangup(x.l.leg, 200);
	f_done();
}

/* The bridge of one transfer: another person joins it as any call. */
static void transfer_taken_over(void)
{
	char to[64];
	f_open(t_tmpdir());
	snprintf(to, sizeof(to), "sip:mei@127.0.0.1:%d", tel_port(x.tel));
	OK(chan_transfer(x.l.w.peer, &(struct chan_move){ .to = sv_of(to), .warm = true }));
	hear("1", "c", NULL, NULL);
	CHECK(w_count(&x.l.w, CHAN_MOVED) > 0);  /* ringing, unless overtaken, and joined */
	add("super", 1, CHAN_WHISPERS);
	hear("1", "c2", "c1", NULL);
	OK(f_do(CHAN_PARTY_MODE, "super", 1, CHAN_TAKES_OVER));
	hear("2", NULL, "c", NULL);
	CHECK(t_wait(x.l.w.loop, mei_gone, NULL, 3000));
	EQ(x.l.w.closes, 0);         /* also where the call ends with its person: it has another */
	tel_leg_hangup(x.l.leg, 200);
	f_done();
}

TEST(four_a_transfer_is_a_person_of_the_call)
{
	for (int i = 0; i < 2; i++) {
		end_with_person = i;
		transfer_taken_over();
	}
	end_with_person = false;
}

/* ---- delay: from the frame that a telephone sends to the one in which the other gives it out,
 * both jitter buffers (ours of the one, theirs of the other) included */

static bool agent_heard(void *arg)
{
	return h_tone(&x.ear, h_hz[1], 20);
}

static bool agent_silent(void *arg)
{
	return x.ear.n >= PCM_HZ / 10 && !h_tone(&x.ear, h_hz[1], 100);
}

TEST(four_delay)
{
	const char *n = getenv("CALLM_DELAYS");
	long times = n ? strtol(n, NULL, 10) : 5;
	int64_t sum = 0, most = 0;
	f_open(t_tmpdir());
	add("agent", 0, CHAN_TALKS);
	struct phone *p = &x.p[0];
	for (int i = 0; i < times; i++) {
		p->silent = true;
		p->said_us = 0;
		CHECK(t_wait(x.l.w.loop, agent_silent, NULL, 3000));
		p->silent = false;
		CHECK(t_wait(x.l.w.loop, agent_heard, NULL, 3000));
		int64_t us = loop_now_us(x.l.w.loop) - p->said_us;
		sum += us;
		most = us > most ? us : most;
		if (x.ear.n > H_KEEP / 2)
			x.ear.n = 0;
	}
	printf("# telephone to telephone, two jitter buffers included: mean %.1f, most %.1f ms\n",
	       (double)sum / (double)times / 1000, (double)most / 1000);
	tel_leg_hangup(x.l.leg, 200);
	f_done();
}

/* ---- a person places a call by a click: their telephone first */

static void click(const char *agent, const char *customer)
{
	char from[64], to[64];
	snprintf(from, sizeof(from), "sip:%s@127.0.0.1:%d", agent, tel_port(x.tel));
	snprintf(to, sizeof(to), "sip:%s@127.0.0.1:%d", customer, tel_port(x.tel));
	OK(chan_phone_dial(x.l.phone,
			   &(struct chan_call_opts){ .id = SV("01J0000000000000000000CALL"),
						     .to = sv_of(to),
						     .agent_party = SV("agent:mei"),
						     .agent_to = sv_of(from),
						     .agent = SV("mei"),
						     .agent_name = SV("Mei") }));
}

static bool pair_heard(void *arg)
{
	return x.p[0].ear.n > want_n && x.p[2].ear.n > want_n;
}

TEST(four_click_to_call)
{
	f_setup(t_tmpdir());
	click("mei", "lin");
	CHECK(t_wait(x.l.w.loop, has_log, "agent:mei joined;", 5000));
	want_n = x.p[0].ear.n + PCM_HZ / 2;
	CHECK(t_wait(x.l.w.loop, pair_heard, NULL, 5000));
	STR_EQ(h_hears(&x.p[0].ear), "3");
	STR_EQ(h_hears(&x.p[2].ear), "1");
	CHECK(sv_starts(sv_of(x.log), SV("call agent;")));
	CHECK(strstr(x.log, "call answered;call human;agent:mei joined;"));
	tel_leg_hangup(x.p[2].leg, 200);         /* the customer hangs up */
	CHECK(t_wait(x.l.w.loop, has_log, "call ended;", 5000));
	CHECK(t_wait(x.l.w.loop, mei_gone, NULL, 3000));
	f_done();
	EQ(x.l.w.closes, 1);
}

/* Their line alone: rung, in it for a moment, let go; nobody else is called. */
TEST(four_a_line_is_tested)
{
	char to[64];
	f_setup(t_tmpdir());
	snprintf(to, sizeof(to), "sip:mei@127.0.0.1:%d", tel_port(x.tel));
	struct chan_call_opts o = { .id = SV("01J0000000000000000000CALL"), .test = true,
				    .agent_party = SV("agent:mei"), .agent = SV("mei") };
	EQ(chan_phone_dial(x.l.phone, &o), ERR_INVAL);   /* no line to test */
	o.agent_to = sv_of(to);
	OK(chan_phone_dial(x.l.phone, &o));
	CHECK(t_wait(x.l.w.loop, has_log, "call agent;", 5000));
	CHECK(t_wait(x.l.w.loop, has_log, "call ended;", 8000));
	CHECK(t_wait(x.l.w.loop, mei_gone, NULL, 3000));
	EQ(x.p[2].invites, 0);
	f_done();
	EQ(x.l.w.closes, 0);         /* no conversation */
}

TEST(four_click_and_somebody_is_not_there)
{
	f_setup(t_tmpdir());
	click("nobody", "lin");                  /* the person: the customer is never rung */
	CHECK(t_wait(x.l.w.loop, has_log, "call failed: agent;", 5000));
	EQ(x.p[2].invites, 0);
	f_done();
	f_setup(t_tmpdir());
	click("mei", "nobody");
	CHECK(t_wait(x.l.w.loop, has_log, "call failed: unreachable;", 5000));
	CHECK(t_wait(x.l.w.loop, mei_gone, NULL, 3000));
	f_done();
	EQ(x.l.w.closes, 0);
}
