/* Pulling in the background: events on the owner's loop, troubles that pass, stopping, the list. */
#include "t_weights_world.h"

struct seen {
	struct world d;
	struct loop *l;
	struct mbox *box;
	struct weights_puller *p;
	int ready, failed, n;
	int64_t most;
	char text[400];
	enum weights_state last;
	int want_ready, want_failed;
};

static void on_event(void *arg, const struct weights_event *ev)
{
	struct seen *s = arg;
	s->n++;
	s->last = ev->state;
	s->ready += ev->state == WEIGHTS_READY;
	s->failed += ev->err != 0;
	if (ev->err)
		(void)snprintf(s->text, sizeof(s->text), "%s", ev->text);
	if (ev->state == WEIGHTS_DOWNLOADING && ev->done > s->most)
		s->most = ev->done;
}

static bool enough(void *arg)
{
	const struct seen *s = arg;
	return s->ready >= s->want_ready && s->failed >= s->want_failed;
}

static bool begun(void *arg)
{
	return ((struct seen *)arg)->last == WEIGHTS_DOWNLOADING;
}

static void up(struct seen *s)
{
	memset(s, 0, sizeof(*s));
	world_up(&s->d);
	s->l = loop_new();
	s->box = mbox_new(s->l);
}

static int start(struct seen *s)
{
	int rc = world_open(&s->d);
	return rc ? rc : weights_puller_start(&s->p, s->d.w, NULL, 0, s->box, on_event, s, &s->d.e);
}

static void down(struct seen *s)
{
	weights_puller_stop(s->p);
	mbox_free(s->box);
	loop_free(s->l);
	world_down(&s->d);
}

/* What the list says of the only entry; free it. */
static jv *row(struct seen *s)
{
	jv *list = jv_arr();
	weights_list(s->d.w, s->p, list);
	jv *o = jv_copy(jv_at(list, 0));
	jv_free(list);
	return o;
}

static bool row_is(struct seen *s, const char *state, const char *error)
{
	jv *o = row(s);
	bool ok = sv_eq(jv_get_str(o, "state"), sv_of(state)) &&
		  sv_find(jv_get_str(o, "error"), sv_of(error)) >= 0;
	if (!ok)
		printf("# " SV_FMT ": " SV_FMT "\n", SV_ARG(jv_get_str(o, "state")),
		       SV_ARG(jv_get_str(o, "error")));
	jv_free(o);
	return ok;
}

TEST(weights_come_in_the_background)
{
	struct seen s;
	struct page *p;
	up(&s);
	sv data = world_simple(&s.d, 400000, &p);
	OK(start(&s));
	s.want_ready = 1;
	CHECK(t_wait(s.l, enough, &s, 10000));
	CHECK(is_file(&s.d, "one-1/a.bin", data));
	CHECK(row_is(&s, "ready", ""));
	down(&s);
	EQ(s.failed, 0);
}

TEST(weights_background_says_ready_of_what_is_there)
{
	struct seen s;
	struct page *p;
	up(&s);
	world_simple(&s.d, 1000, &p);
	OK(world_open(&s.d));
	OK(weights_pull(s.d.w, item(&s.d, "one"), NULL, &s.d.e));
	OK(start(&s));
	s.want_ready = 1;
	CHECK(t_wait(s.l, enough, &s, 10000));
	EQ(hits(&s.d, p), 1);
	down(&s);
}

TEST(weights_background_tries_again_when_the_network_fails)
{
	struct seen s;
	struct page *p;
	up(&s);
	sv data = world_simple(&s.d, 200000, &p);
	break_off(&s.d, p, 7, 0);
	OK(start(&s));
	s.want_failed = 1;
	CHECK(t_wait(s.l, enough, &s, 10000));
	HAS(sv_of(s.text), "check the network");
	s.want_ready = 1;
	CHECK(t_wait(s.l, enough, &s, 10000));
	CHECK(is_file(&s.d, "one-1/a.bin", data));
	down(&s);
}

TEST(weights_background_gives_up_what_cannot_pass)
{
	struct seen s;
	struct page *p;
	up(&s);
	world_simple(&s.d, 2000, &p);
	p->status = 404;
	OK(start(&s));
	s.want_failed = 1;
	CHECK(t_wait(s.l, enough, &s, 10000));
	EQ(s.last, WEIGHTS_MISSING);
	CHECK(row_is(&s, "missing", "HTTP 404"));
	EQ(hits(&s.d, p), 1);
	down(&s);
}

TEST(weights_background_stops_at_once_and_is_silent_then)
{
	struct seen s;
	struct page *p;
	up(&s);
	world_simple(&s.d, 300000, &p);
	break_off(&s.d, p, 0, 100000);
	p->stall = true;
	OK(start(&s));
	CHECK(t_wait(s.l, begun, &s, 10000));
	CHECK(row_is(&s, "downloading", ""));
	int64_t began = clk_mono_us();
	weights_puller_stop(s.p);
	s.p = NULL;
	CHECK(clk_mono_us() - began < 2000000);
	int n = s.n;
	mbox_drain(s.box);
	EQ(s.n, n);
	CHECK(!exists(&s.d, "one-1"));
	CHECK(row_is(&s, "missing", ""));
	down(&s);
}

TEST(weights_background_refuses_unknown_names)
{
	struct seen s;
	struct page *p;
	const char *const name = "nobody";
	up(&s);
	world_simple(&s.d, 10, &p);
	OK(world_open(&s.d));
	EQ(weights_puller_start(&s.p, s.d.w, &name, 1, NULL, NULL, NULL, &s.d.e), ERR_NOTFOUND);
	jv *o = row(&s);
	EQ(jv_get_int(o, "download_bytes", 0) > 0, 1);
	SV_EQ(jv_get_str(o, "licence"), "MIT");
	CHECK(jv_get_bool(o, "default", false) && !jv_get_bool(o, "chosen", true));
	jv_free(o);
	down(&s);
}
