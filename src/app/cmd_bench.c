/* cmd_bench.c: `callm bench chat`: turns a second through the whole engine, every customer text
 * on disk before its turn counts. `callm bench calls`, `echo`: cmd_bench_calls.c. `callm bench
 * llm`: cmd_bench_llm.c. `callm bench acd`: cmd_bench_acd.c.
 *
 * Figures go to docs/SPEED.md with the command. */
#include "app_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;

/* ---- chat ---- */

struct bench;
struct bench_peer {
	struct chan_peer peer;       /* first */
	struct bench *b;
	struct loop_timer next;
	int64_t sent_us;
	bool acked, replied;
};
struct bench {
	struct loop *loop;
	struct talk_shard *shard;
	struct bench_peer *peers;
	size_t n_peers;
	VEC(sv) questions;
	struct sb text;
	size_t next;
	int64_t turns, wanted, grounded;
	int64_t *us;                 /* latency of each turn */
};

static void send_next(void *arg)
{
	struct bench_peer *p = arg;
	struct bench *b = p->b;
	struct chan_msg m = { .kind = CHAN_TEXT, .text = b->questions.v[b->next++ % b->questions.n],
			      .confidence = 1, .ticket = p };
	p->acked = p->replied = false;
	p->sent_us = clk_mono_us();
	p->peer.sink->on_msg(p->peer.user, &m);
}

static void settle(struct bench_peer *p)
{
	struct bench *b = p->b;
	if (!p->acked || !p->replied || !p->sent_us)
		return;
	if (b->turns < b->wanted)
		b->us[b->turns] = clk_mono_us() - p->sent_us;
	p->sent_us = 0;
	if (++b->turns >= b->wanted)
		loop_stop(b->loop);
	else
		loop_after(b->loop, &p->next, 0, send_next, p);
}

static int peer_say(struct chan_peer *cp, const struct chan_out *o)
{
	struct bench_peer *p = (struct bench_peer *)(void *)cp;
	if (!o->final || !p->sent_us)
		return 0;
	p->b->grounded += sv_find(o->event_json, SV("\"grounded\":true")) >= 0;
	p->replied = true;
	settle(p);
	return 0;
}

static void peer_hush(struct chan_peer *cp, struct chan_heard *ret)
{
	*ret = (struct chan_heard){ 0 };
}

static void peer_ack(struct chan_peer *cp, void *ticket, int64_t seq, int err)
{
	struct bench_peer *p = ticket;
	p->acked = true;
	settle(p);
}

static void peer_open(struct bench_peer *p)
{
	struct chan_info info = { .channel = "bench", .language = SV("en") };
	p->peer.sink->on_open(p->b->shard, &p->peer, &info, &p->peer.user);
	loop_after(p->b->loop, &p->next, 0, send_next, p);
}

/* A conversation has its greatest number of turns: the next one follows it. */
static void peer_again(void *arg)
{
	struct bench_peer *p = arg;
	p->peer.sink->on_close(p->peer.user, CHAN_BY_BOT);
	peer_open(p);
}

static void peer_hangup(struct chan_peer *cp, enum chan_close_by by)
{
	struct bench_peer *p = (struct bench_peer *)(void *)cp;
	if (by == CHAN_BY_SYSTEM) {
		loop_timer_stop(&p->next);
		cp->sink->on_close(cp->user, by);
	} else {
		p->sent_us = 0;
		loop_after(p->b->loop, &p->next, 0, peer_again, p);
	}
}

static void load_questions(struct bench *b)
{
	static const char *const names[] = { "tests/questions.en.tsv", "tests/questions.zh.tsv" };
	for (int i = 0; i < 2; i++) {
		const struct embed_file *f = embed_find(demo_files, demo_files_n, sv_of(names[i]));
		if (f)
			embed_text(f, &b->text);
	}
	sv rest = sb_sv(&b->text), line, id;
	while (sv_line(&rest, &line)) {
		if (!sv_cut(&line, '\t', &id) || !line.n)
			continue;
		sv *slot = VEC_PUSH(&b->questions, 10000);
		if (slot)
			*slot = line;
	}
}

static void open_peers(struct bench *b, struct talk_shard *s)
{
	static const struct chan_ops ops = { .name = "bench", .say = peer_say, .hush = peer_hush,
					     .ack = peer_ack, .hangup = peer_hangup };
	b->shard = s;
	for (size_t i = 0; i < b->n_peers; i++) {
		struct bench_peer *p = &b->peers[i];
		p->b = b;
		p->peer = (struct chan_peer){ .ops = &ops, .sink = talk_sink(), .loop = b->loop };
		peer_open(p);
	}
}

static void print_chat(struct bench *b, int64_t wall_us, int64_t cpu_us)
{
	int64_t n = b->turns < b->wanted ? b->turns : b->wanted; /* the last ones came together */
	cli_sort(b->us, (size_t)n);
	struct rusage ru;
	getrusage(RUSAGE_SELF, &ru);
	jv *o = jv_obj();
	jv_set_int(o, "turns", b->turns);
	jv_set_int(o, "conversations", (int64_t)b->n_peers);
	jv_set_num(o, "turns_per_s", (double)b->turns * 1e6 / (double)wall_us);
	jv_set_num(o, "turns_per_cpu_s", (double)b->turns * 1e6 / (double)cpu_us);
	jv_set_num(o, "p50_ms", (double)b->us[n / 2] / 1000.0);
	jv_set_num(o, "p95_ms", (double)b->us[n * 95 / 100] / 1000.0);
	jv_set_num(o, "p99_ms", (double)b->us[n * 99 / 100] / 1000.0);
	jv_set_num(o, "grounded", (double)b->grounded / (double)b->turns);
	jv_set_num(o, "search_p50_ms", (double)metric_quantile_us(M_KB_SEARCH_US, 0.5) / 1000.0);
	jv_set_num(o, "commit_p50_ms",
		   (double)metric_quantile_us(M_SCRIBE_COMMIT_US, 0.5) / 1000.0);
	jv_set_int(o, "max_rss_kb", ru.ru_maxrss);
	cli_print_json(o);
}

static int bench_hub(struct bench *b, struct app_desk *d, struct err *e)
{
	struct talk_texts *texts;
	struct talk_hub *hub;
	int rc = talk_texts_new(&texts, d->company, e);
	if (rc)
		return rc;
	struct talk_opts o = {
		.kb = d->kb, .pool = d->pool, .texts = texts, .loop = b->loop, .store = d->store
	};
	rc = talk_hub_open(&hub, &o, e);
	if (rc == 0) {
		open_peers(b, talk_hub_pick(hub, 0));
		int64_t wall = clk_mono_us(), cpu = clk_cpu_us();
		loop_run(b->loop);
		print_chat(b, clk_mono_us() - wall, clk_cpu_us() - cpu);
		store_flush(d->store);
		mbox_drain(talk_shard_mbox(talk_hub_pick(hub, 0)));
		talk_hub_close(hub);
	}
	obj_unref(texts);
	return rc;
}

static int bench_chat(const char *data, int64_t turns, int64_t peers)
{
	struct err e = { 0 };
	struct app_desk d;
	char made[] = "/tmp/callm-bench-XXXXXX";
	if (!data && !mkdtemp(made))
		return cli_fail("no temporary folder");
	struct bench b = { .n_peers = (size_t)peers, .wanted = turns };
	sb_init(&b.text, LIM_SB);
	load_questions(&b);
	b.peers = xalloc(sizeof(*b.peers) * b.n_peers);
	b.us = xalloc(sizeof(*b.us) * (size_t)turns);
	b.loop = loop_new();
	int rc = app_desk_open(&d, data ? data : made, false, true, &e);
	if (rc == 0) {
		rc = bench_hub(&b, &d, &e);
		app_desk_close(&d);
	}
	loop_free(b.loop);
	xfree(b.us);
	xfree(b.peers);
	VEC_FREE(&b.questions);
	sb_done(&b.text);
	if (!data)
		fprintf(stderr, "data left in %s\n", made);
	return rc ? cli_fail("%s", e.msg) : 0;
}

int cmd_bench(int argc, char **argv)
{
	const char *codecs = NULL, *data = NULL, *to = "sip:service@127.0.0.1:5060";
	int64_t port = 5070, rate = 40;
	struct app_bench_kb kb = { .passages = 100000, .questions = 2000, .clients = 20,
				   .lang = "en" };
	int64_t turns = 20000, peers = 16, calls = 100, seconds = 20, streams = 300, tokens = 100;
	int64_t agents = 1000, waiting = 10000, rounds = 50000;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "data", CLI_STR, &data, "chat: data folder (default: a temporary one)" },
		{ "turns", CLI_INT, &turns, "chat: turns; parties: frames of 20 ms (20000)" },
		{ "conversations", CLI_INT, &peers, "chat: conversations at once (16)" },
		{ "to", CLI_STR, &to, "calls: the server (sip:service@127.0.0.1:5060)" },
		{ "calls", CLI_INT, &calls, "calls: at once (100)" },
		{ "seconds", CLI_INT, &seconds, "calls: how long (20)" },
		{ "rate", CLI_INT, &rate, "calls: new ones a second (40)" },
		{ "port", CLI_INT, &port, "echo: SIP port (5070)" },
		{ "codecs", CLI_STR, &codecs, "echo: of opus,g722,pcmu,pcma (pcmu,pcma)" },
		{ "streams", CLI_INT, &streams, "llm: answers at once (300)" },
		{ "passages", CLI_INT, &kb.passages, "kb: in the base (100000)" },
		{ "questions", CLI_INT, &kb.questions, "kb: of a thread (2000)" },
		{ "clients", CLI_INT, &kb.clients, "kb: at once (20)" },
		{ "lang", CLI_STR, &kb.lang, "kb: en or zh (en)" },
		{ "vectors", CLI_FLAG, &kb.vectors, "kb: with a vector of each passage" },
		{ "full-text", CLI_FLAG, &kb.full_text, "kb: candidates from FTS5, to compare" },
		{ "tokens", CLI_INT, &tokens, "llm: of each answer (100)" },
		{ "agents", CLI_INT, &agents, "acd: who serve (1000)" },
		{ "waiting", CLI_INT, &waiting, "acd: who wait (10000)" },
		{ "rounds", CLI_INT, &rounds, "acd: one ends, the next is found (50000)" },
	};
	if (argc > 1 && strcmp(argv[1], "voice") == 0)
		return bench_voice_cmd(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "report") == 0)
		return bench_report_cmd(argc - 1, argv + 1);
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	const char *what = rest < argc ? argv[rest] : "";
	bool sane = turns > 0 && turns <= 10000000 && peers > 0 && peers <= 10000 && calls > 0 &&
		    calls <= 10000 && rate > 0 && rate <= 10000 && port >= 0 && port <= 65535 &&
		    seconds > 0 && seconds <= 3600 && streams > 0 &&
		    streams <= 1000 && tokens > 0 && tokens <= 100000 && kb.passages >= 20 &&
		    kb.passages <= LIM_KB_ARTICLES && kb.questions > 0 && kb.questions <= 100000 &&
		    kb.clients > 0 && kb.clients <= 200;
	if (!sane)
		return cli_fail("a number is out of range; see callm bench --help"), 2;
	if (strcmp(what, "chat") == 0)
		return bench_chat(data, turns, peers);
	if (strcmp(what, "calls") == 0)
		return bench_calls(to, calls, seconds, rate);
	if (strcmp(what, "echo") == 0)
		return bench_echo_serve(port, codecs);
	if (strcmp(what, "llm") == 0)
		return bench_llm(streams, tokens);
	if (strcmp(what, "kb") == 0)
		return bench_kb(&kb);
	if (strcmp(what, "acd") == 0)
		return bench_acd(agents, waiting, rounds);
	if (strcmp(what, "parties") == 0)
		return bench_parties(turns);
	return cli_fail("bench what? callm bench --help lists them"),
	       2;
}
