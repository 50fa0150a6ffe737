/* worker_llama.c: callm-llama, the program that runs a local language model beside callm.
 *
 *	callm-llama --runtime DIR --file GGUF [--ctx N] [--threads N] [--memory MB]
 *
 * Frames of worker.h on IO_CHILD_FD: requests come at any time, text goes back as it is
 * made. All requests that run share one decode a step: a token of each that writes, and at
 * most CHUNK tokens of prompts, voice before chat before batch. Frames are looked for
 * between steps and, every POLL_US, in the middle of one: a cancelled run breaks the step
 * off, and a ping is answered although a long step is under way. One thread (llama.cpp's
 * own aside); a crash here ends no call. */
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "io.h"
#include "model.h"
#include "worker.h"
#include "worker_llama.h"

enum {
	RUNS_MAX = 256,
	RUNNING_MAX = 8,
	CHUNK = 64,
	MAX_TOKENS = 400,
	CTX_DEFAULT = 4096,
	CTX_MIN = 256,
	CTX_MAX = 1 << 17,
	POLL_US = 2000,
	THREADS_US = 200000,
};

struct run {
	struct run *next;
	uint32_t id;
	char *key, *grammar;
	int rank; /* 0 = voice, 1 = chat, 2 = batch */
	int max;
	double temperature;
	uint32_t seed;
	struct chat chat;
	int32_t *tokens; /* the prompt */
	int n, cached;
	struct slot *slot; /* NULL = waits */
	struct lrt_sampler *sampler;
	struct out_text out;
	int written;
	int32_t last; /* token to be decoded next, once the prompt is done */
	int first, count, index; /* what the step's batch holds of it; index of its distribution */
	bool stop, in_step;
};

static struct {
	struct lrt *l;
	struct slots slots;
	struct run *head, **tail;
	size_t n;
	struct sb in, out, text;
	int64_t polled_us, threads_us;
	int threads, threads_now;
	bool closed;
} w;

static int64_t now_us(void)
{
	struct timespec t = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- frames out ---- */

static void flush_out(uint8_t kind)
{
	if (!w.closed && io_child_write(IO_CHILD_FD, kind, sb_sv(&w.out)))
		w.closed = true;
}

static void send_text(const struct run *r)
{
	if (w.text.n == 0 || r->stop)
		return;
	sb_reset(&w.out);
	wf_put(&w.out, r->id);
	sb_put(&w.out, sb_sv(&w.text));
	flush_out(WF_TEXT);
}

static void send_end(uint32_t id, int err, const struct run *r)
{
	sb_reset(&w.out);
	wf_put(&w.out, id);
	wf_put(&w.out, (uint32_t)-err);
	wf_put(&w.out, r ? (uint32_t)r->n : 0);
	wf_put(&w.out, r ? (uint32_t)r->cached : 0);
	wf_put(&w.out, r ? (uint32_t)r->written : 0);
	flush_out(WF_END);
}

/* ---- runs ---- */

static void run_free(struct run *r)
{
	if (r->slot)
		slots_give(&w.slots, r->slot);
	lrt_sampler_free(r->sampler);
	out_done(&r->out);
	chat_free(&r->chat);
	xfree(r->tokens);
	xfree(r->key);
	xfree(r->grammar);
	xfree(r);
}

static void drop(struct run *r)
{
	struct run **at = &w.head;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (!*at)
		w.tail = at;
	w.n--;
	run_free(r);
}

static void finish(struct run *r, int err)
{
	sb_reset(&w.text);
	if (!err)
		out_end(&r->out, &w.text);
	send_text(r);
	send_end(r->id, r->stop ? ERR_CANCELED : err, r);
	drop(r);
}

static struct run *read_run(const jv *o)
{
	struct run *r = xalloc(sizeof(*r));
	int64_t cls = jv_get_int(o, "class", LLM_CHAT);
	r->id = (uint32_t)jv_get_int(o, "id", 0);
	r->key = xstrdup(jv_get_str(o, "key"));
	if (jv_get_str(o, "grammar").n)
		r->grammar = xstrdup(jv_get_str(o, "grammar"));
	r->rank = cls == LLM_VOICE ? 0 : cls == LLM_BATCH ? 2 : 1;
	r->max = (int)jv_get_int(o, "max", 0);
	r->temperature = jv_get_num(o, "temperature", 0);
	r->seed = (uint32_t)jv_get_int(o, "seed", 0);
	if (r->max <= 0)
		r->max = MAX_TOKENS;
	if (!r->seed)
		rng_secure(&r->seed, sizeof(r->seed));
	out_init(&r->out);
	r->out.in_shape = r->grammar != NULL;
	return r;
}

static void take_request(sv payload)
{
	struct err e;
	jv *o = jv_parse(payload, &e);
	if (!o || w.n >= RUNS_MAX) {
		send_end((uint32_t)jv_get_int(o, "id", 0), o ? ERR_FULL : ERR_PARSE, NULL);
		jv_free(o);
		return;
	}
	struct run *r = read_run(o);
	int rc = chat_read(&r->chat, jv_get(o, "msgs"));
	jv_free(o);
	if (rc) {
		send_end(r->id, rc, r);
		run_free(r);
		return;
	}
	*w.tail = r;
	w.tail = &r->next;
	w.n++;
}

static void take_frame(void)
{
	uint8_t kind;
	if (io_child_read(IO_CHILD_FD, &kind, &w.in)) {
		w.closed = true;
		return;
	}
	sv p = sb_sv(&w.in);
	if (kind == WF_ASK) {
		take_request(p);
	} else if (kind == WF_CANCEL) {
		uint32_t id = wf_get(&p);
		for (struct run *r = w.head; r; r = r->next)
			r->stop = r->stop || r->id == id;
	} else if (kind == WF_PING) {
		sb_reset(&w.out);
		sb_put(&w.out, p);
		flush_out(WF_PONG);
	}
}

static void take_frames(void)
{
	struct pollfd p = { .fd = IO_CHILD_FD, .events = POLLIN };
	w.polled_us = now_us();
	while (!w.closed && poll(&p, 1, 0) > 0)
		take_frame();
}

/* In the middle of a decode: true ends it. */
static bool stop_step(void *arg)
{
	(void)arg;
	if (now_us() - w.polled_us < POLL_US)
		return w.closed;
	take_frames();
	for (const struct run *r = w.head; r; r = r->next)
		if (r->stop && r->in_step && !lrt_recurrent(w.l))
			return true;
	return w.closed;
}

static void drop_stopped(void)
{
	for (struct run *r = w.head, *next; r; r = next) {
		next = r->next;
		if (r->stop)
			finish(r, ERR_CANCELED);
	}
}

/* ---- a run begins ---- */

/* Leaves room for the answer, at least a quarter of the context for a prompt's sake. */
static int prepare(struct run *r)
{
	int ctx = lrt_n_ctx(w.l), room = ctx - 8;
	int answer = r->max < room / 4 ? r->max : room / 4;
	r->tokens = xalloc(sizeof(*r->tokens) * (size_t)ctx);
	int n = chat_tokens(&r->chat, w.l, r->tokens, room - answer);
	if (n <= 0)
		return n ? n : ERR_INVAL;
	r->n = n;
	r->max = r->max < room - n ? r->max : room - n;
	r->out.n_stops = r->grammar ? 0 : chat_stops(&r->chat, r->out.stops);
	struct lrt_sampling s = { .grammar = r->grammar,
				  .temperature = r->temperature,
				  .seed = r->seed };
	r->sampler = lrt_sampler_new(w.l, &s);
	if (!r->sampler)
		(void)fprintf(stderr, "grammar not understood: %s\n", lrt_log());
	return r->sampler ? 0 : ERR_UNSUPPORTED;
}

static bool begin(struct run *r)
{
	int rc = r->tokens ? 0 : prepare(r);
	if (rc) {
		finish(r, rc);
		return true;
	}
	r->slot = slots_take(&w.slots, sv_of(r->key), r->tokens, r->n, r->n + r->max);
	r->cached = r->slot ? (int)r->slot->tokens.n : 0;
	return r->slot != NULL;
}

static void begin_waiting(void)
{
	int running = 0;
	for (const struct run *r = w.head; r; r = r->next)
		running += r->slot != NULL;
	for (int rank = 0; rank < 3; rank++)
		for (struct run *r = w.head, *next; r && running < RUNNING_MAX; r = next) {
			next = r->next;
			if (r->slot || r->rank != rank)
				continue;
			if (!begin(r))
				return; /* nobody overtakes who needs more room */
			running++;
		}
}

/* ---- a step ---- */

static bool in_prompt(const struct run *r)
{
	return r->slot && (int)r->slot->tokens.n < r->n;
}

static void add_written(struct run *r)
{
	r->first = (int)r->slot->tokens.n;
	r->count = 1;
	r->index = lrt_batch_add(w.l, r->last, r->first, r->slot->seq, true);
	r->in_step = true;
}

static int add_prompt(struct run *r, int share)
{
	r->first = (int)r->slot->tokens.n;
	r->count = r->n - r->first < share ? r->n - r->first : share;
	for (int i = 0; i < r->count; i++) {
		int at = r->first + i;
		r->index = lrt_batch_add(w.l, r->tokens[at], at, r->slot->seq, at == r->n - 1);
	}
	r->in_step = true;
	return r->count;
}

static void fill_batch(void)
{
	int left = CHUNK;
	lrt_batch_reset(w.l);
	for (struct run *r = w.head; r; r = r->next) {
		r->in_step = false;
		if (r->slot && !in_prompt(r))
			add_written(r);
	}
	for (int rank = 0; rank < 3 && left > 0; rank++) {
		int n = 0;
		for (struct run *r = w.head; r; r = r->next)
			n += r->rank == rank && in_prompt(r);
		for (struct run *r = w.head; r && left > 0; r = r->next)
			if (r->rank == rank && in_prompt(r)) {
				left -= add_prompt(r, left / n > 0 ? left / n : 1);
				n--;
			}
	}
}

/* The batch was computed: the slot holds it. */
static void keep_computed(struct run *r)
{
	for (int i = 0; i < r->count; i++) {
		int32_t *t = VEC_PUSH(&r->slot->tokens, SLOT_TOKENS_MAX);
		int at = r->first + i;
		if (t)
			*t = at < r->n ? r->tokens[at] : r->last;
	}
}

static void write_one(struct run *r)
{
	char piece[OUT_PIECE];
	r->last = lrt_sample(r->sampler, r->index);
	if (lrt_is_end(w.l, r->last)) {
		finish(r, 0);
		return;
	}
	r->written++;
	sb_reset(&w.text);
	out_put(&r->out, sv_n(piece, lrt_piece(w.l, r->last, piece, sizeof(piece))), &w.text);
	send_text(r);
	if (r->out.stopped || r->written >= r->max)
		finish(r, 0);
}

/* The cache is full although idle slots gave way: the newest run ends. */
static void make_room(void)
{
	struct run *newest = NULL;
	if (slots_evict(&w.slots))
		return;
	for (struct run *r = w.head; r; r = r->next)
		newest = r->slot ? r : newest;
	if (newest)
		finish(newest, ERR_FULL);
}

static void fail_step(void)
{
	for (struct run *r = w.head, *next; r; r = next) {
		next = r->next;
		if (!r->in_step)
			continue;
		(void)lrt_seq_cut(w.l, r->slot->seq, 0);
		r->slot->tokens.n = 0;
		finish(r, ERR_FAIL);
	}
}

static void step(void)
{
	fill_batch();
	if (lrt_batch_n(w.l) == 0)
		return;
	int rc = lrt_decode(w.l);
	if (rc == LRT_NO_ROOM)
		make_room();
	else if (rc == LRT_FAILED)
		fail_step();
	if (rc != LRT_OK)
		return; /* LRT_STOPPED: whoever was cancelled is dropped before the next */
	for (struct run *r = w.head, *next; r; r = next) {
		next = r->next;
		if (!r->in_step)
			continue;
		keep_computed(r);
		if (!in_prompt(r) && !r->stop)
			write_one(r);
	}
}

static void choose_threads(void)
{
	int64_t now = now_us();
	if (now - w.threads_us < THREADS_US)
		return;
	w.threads_us = now;
	int n = cpu_threads(w.threads);
	if (n != w.threads_now)
		lrt_threads(w.l, n);
	w.threads_now = n;
}

static void serve(void)
{
	while (!w.closed) {
		if (!w.head)
			take_frame();
		take_frames();
		drop_stopped();
		begin_waiting();
		if (w.head)
			choose_threads();
		if (!w.closed)
			step();
	}
	while (w.head)
		drop(w.head);
}

/* ---- the program ---- */

static const char *option(int argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], name))
			return argv[i + 1];
	return NULL;
}

static int number(int argc, char **argv, const char *name)
{
	int64_t n = 0;
	const char *s = option(argc, argv, name);
	return s && sv_i64(sv_of(s), &n) == 0 && n > 0 && n < 1 << 30 ? (int)n : 0;
}

static int refuse(const char *why)
{
	sb_reset(&w.out);
	sb_cstr(&w.out, "{\"error\":");
	sb_json(&w.out, sv_of(why));
	sb_ch(&w.out, '}');
	flush_out(WF_READY);
	(void)fprintf(stderr, "%s\n", why);
	return 1;
}

/* What is mapped does not count against the ceiling, what is repacked and the cache do. */
static int check_memory(const char *file, int mb, struct err *e)
{
	struct stat st;
	if (stat(file, &st) < 0)
		return 0; /* told when it is opened */
	size_t need = (size_t)st.st_size + (64u << 20);
	size_t have = mb ? (size_t)mb << 20 : 2 * need + (1u << 30);
	if (need > have)
		return err_set(e, ERR_NOMEM,
			       "%s takes %zu MB, more than memory_mb %d allows: raise it or use a "
			       "smaller model",
			       file, need >> 20, mb);
	cpu_memory_limit(have);
	return 0;
}

static int open_model(int argc, char **argv, struct err *e)
{
	struct lrt_opts o = { .runtime = option(argc, argv, "--runtime"),
			      .file = option(argc, argv, "--file"),
			      .n_ctx = number(argc, argv, "--ctx"),
			      .stop = stop_step };
	if (!o.runtime || !o.file)
		return err_set(e, ERR_INVAL, "usage: callm-llama --runtime DIR --file GGUF");
	o.n_ctx = o.n_ctx ? o.n_ctx : CTX_DEFAULT;
	o.n_ctx = o.n_ctx < CTX_MIN ? CTX_MIN : o.n_ctx > CTX_MAX ? CTX_MAX : o.n_ctx;
	w.threads = number(argc, argv, "--threads");
	w.threads = w.threads ? w.threads : cpu_cores();
	o.threads = w.threads_now = cpu_threads(w.threads);
	int rc = check_memory(o.file, number(argc, argv, "--memory"), e);
	return rc ? rc : lrt_open(&w.l, &o, e);
}

static void tell_ready(void)
{
	sb_reset(&w.out);
	sb_fmt(&w.out, "{\"ctx\":%d,\"template\":%s,\"about\":", lrt_n_ctx(w.l),
	       lrt_template(w.l) ? "true" : "false");
	sb_json(&w.out, sv_of(lrt_about(w.l)));
	sb_ch(&w.out, '}');
	flush_out(WF_READY);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	w.tail = &w.head;
	sb_init(&w.in, LIM_PROC_FRAME);
	sb_init(&w.out, LIM_PROC_FRAME);
	sb_init(&w.text, LIM_PROC_FRAME / 2);
	int rc = open_model(argc, argv, &e);
	if (!rc) {
		slots_init(&w.slots, w.l);
		tell_ready();
		serve();
		slots_done(&w.slots);
	}
	int status = rc ? refuse(e.msg) : 0;
	lrt_close(w.l);
	sb_done(&w.in);
	sb_done(&w.out);
	sb_done(&w.text);
	return status;
}
