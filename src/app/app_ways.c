/* app_ways.c: AudioSocket from the configuration: who may, where the calls live, what the
 * operator reads of it.
 *
 * The first shard greets the connections, each call goes to the next shard in turn. Notes come
 * from any shard: one line a second at most, so that a stranger who knocks cannot fill the log.
 * The main thread owns the struct. */
#include "app_ways.h"
#include "app_engines.h"
#include "app_int.h"
#include "chan_asock.h"

#include <stdatomic.h>
#include <stdio.h>

struct app_ways {
	struct talk_hub *hub;
	struct chan_people *people;
	struct chan_asock *asock;
	unsigned next;               /* the first shard's thread */
	_Atomic int64_t said_s;      /* when the last note was written */
	_Atomic int unsaid;          /* notes since */
};

static int pick(void *arg, struct chan_place *ret)
{
	struct app_ways *w = arg;
	struct talk_shard *s = talk_hub_pick(w->hub, w->next++);
	const struct chan_speech *speech = s ? app_engines_speech(s) : NULL;
	if (!speech)
		return ERR_FULL;
	*ret = (struct chan_place){ talk_shard_loop(s), talk_shard_mbox(s), talk_sink(), s,
				    speech, w->people };
	return 0;
}

static void note(void *arg, const char *from, const char *what)
{
	struct app_ways *w = arg;
	int64_t now = clk_mono_us() / 1000000, last = w->said_s;
	if (last == now || !atomic_compare_exchange_strong(&w->said_s, &last, now)) {
		w->unsaid++;
		return;
	}
	int unsaid = w->unsaid;
	w->unsaid -= unsaid;
	LOG(WARN, "audiosocket", "from=%s why=\"%s\" unsaid=%d", from, what, unsaid);
}

static void read_nets(const jv *list, struct chan_asock_opts *o)
{
	for (size_t i = 0; i < jv_len(list) && o->n_allow < CHAN_ASOCK_NETS; i++)
		if (io_net_parse(jv_as_str(jv_at(list, i)), &o->allow[o->n_allow]) == 0)
			o->n_allow++;
}

static int asock_up(struct app_ways *w, const jv *cfg, const char *data_dir, struct err *e)
{
	const jv *as = jv_get(cfg, "audiosocket");
	struct talk_shard *first = talk_hub_shard(w->hub, 0);
	char host[64];
	int port, rc = app_listen(jv_get_str(as, "listen"), host, &port, e);
	if (rc)
		return rc;
	struct chan_asock_opts o = {
		.ip = host,
		.port = port,
		.max_calls = (int)jv_get_int(as, "max_calls", 200),
		.silent_ms = (int)jv_get_int(as, "silent_s", 30) * 1000,
		.loop = talk_shard_loop(first),
		.box = talk_shard_mbox(first),
		.pick = pick,
		.note = note,
		.arg = w,
		.data_dir = data_dir,
		.language = jv_as_str(jv_path(cfg, "sip.language")).p,
	};
	read_nets(jv_get(as, "allow"), &o);
	return chan_asock_open(&w->asock, &o, e);
}

int app_ways_open(struct app_ways **ret, const jv *cfg, const char *data_dir,
		  struct chan_people *people, struct talk_hub *hub, struct err *e)
{
	if (!jv_as_str(jv_path(cfg, "audiosocket.listen")).n)
		return 0;
	struct app_ways *w = xalloc(sizeof(*w));
	w->hub = hub;
	w->people = people;
	w->said_s = -1;
	int rc = asock_up(w, cfg, data_dir, e);
	if (rc)
		xfree(w);
	else
		*ret = w;
	return rc;
}

int app_ways_port(const struct app_ways *w)
{
	return w ? chan_asock_port(w->asock) : 0;
}

void app_ways_health(const struct app_ways *w, jv *components)
{
	char text[128];
	if (!w)
		return;
	snprintf(text, sizeof(text), "port %d, %d calls", chan_asock_port(w->asock),
		 chan_asock_calls(w->asock));
	jv *c = jv_obj();
	jv_set_str(c, "name", SV("audiosocket"));
	jv_set_str(c, "status", SV("ok"));
	jv_set_str(c, "detail", sv_of(text));
	jv_push(components, c);
}

void app_ways_drain(struct app_ways *w)
{
	if (w)
		chan_asock_drain(w->asock);
}

void app_ways_stop(struct app_ways *w)
{
	if (w)
		chan_asock_stop(w->asock);
}

void app_ways_close(struct app_ways *w)
{
	if (!w)
		return;
	chan_asock_close(w->asock);
	xfree(w);
}
