/* worker_tts.c: the child's side of a synthesiser: takes requests off the channel, lets
 * the engine say one after the other, and looks for cancels between two pieces of
 * sound, so that a cancelled request stops at once. Each request is answered by one WF_END, also a
 * cancelled one: the parent knows by that that this process lives. One thread; at most QUEUE_MAX
 * requests wait. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "io.h"
#include "worker.h"

enum { QUEUE_MAX = 256 };

static struct {
	int fd, rate;
	struct tts_job *head, **tail;
	size_t n;
	struct tts_job *now;
	struct sb in, out;
	int closed;
} w;

static void job_free(struct tts_job *j)
{
	xfree(j->voice);
	xfree(j->text);
	xfree(j);
}

static void send_end(uint32_t id, int err)
{
	sb_reset(&w.out);
	wf_put(&w.out, id);
	wf_put(&w.out, (uint32_t)-err);
	if (io_child_write(w.fd, WF_END, sb_sv(&w.out)))
		w.closed = 1;
}

static void enqueue(sv payload)
{
	struct err e;
	jv *o = jv_parse(payload, &e);
	uint32_t id = (uint32_t)jv_get_int(o, "id", 0);
	if (!o || w.n >= QUEUE_MAX) {
		jv_free(o);
		send_end(id, o ? ERR_FULL : ERR_PARSE);
		return;
	}
	struct tts_job *j = xalloc(sizeof(*j));
	j->id = id;
	j->voice = xstrdup(jv_get_str(o, "voice"));
	j->text = xstrdup(jv_get_str(o, "text"));
	j->rate = jv_get_num(o, "rate", 1.0);
	if (!(j->rate >= 0.5 && j->rate <= 2.0))
		j->rate = 1.0;
	jv_free(o);
	*w.tail = j;
	w.tail = &j->next;
	w.n++;
}

static void cancel(uint32_t id)
{
	if (w.now && w.now->id == id)
		w.now->stop = true;
	for (struct tts_job **at = &w.head; *at; at = &(*at)->next)
		if ((*at)->id == id) {
			struct tts_job *j = *at;
			*at = j->next;
			if (!*at)
				w.tail = at;
			w.n--;
			job_free(j);
			send_end(id, ERR_CANCELED);
			return;
		}
}

static void take_frame(void)
{
	uint8_t kind;
	if (io_child_read(w.fd, &kind, &w.in)) {
		w.closed = 1;
		return;
	}
	sv p = sb_sv(&w.in);
	if (kind == WF_SAY)
		enqueue(p);
	else if (kind == WF_CANCEL)
		cancel(wf_get(&p));
}

static bool waiting(void)
{
	struct pollfd p = { .fd = w.fd, .events = POLLIN };
	return poll(&p, 1, 0) > 0;
}

bool tts_job_pcm(struct tts_job *j, const int16_t *s, size_t n)
{
	while (!w.closed && waiting())
		take_frame();
	if (j->stop || w.closed)
		return false;
	sb_reset(&w.out);
	wf_put(&w.out, j->id);
	wf_put(&w.out, (uint32_t)w.rate);
	sb_put(&w.out, sv_n((const char *)s, n * sizeof(*s)));
	j->samples += (uint32_t)n;
	if (io_child_write(w.fd, WF_PCM, sb_sv(&w.out)))
		w.closed = 1;
	return !w.closed;
}

void tts_job_mark(struct tts_job *j, size_t offset, uint32_t sample)
{
	if (j->stop || w.closed || offset < j->mark_offset || sample < j->mark_sample)
		return; /* espeak-ng reports some words of a clause again at its end */
	j->mark_offset = offset;
	j->mark_sample = sample;
	sb_reset(&w.out);
	wf_put(&w.out, j->id);
	wf_put(&w.out, (uint32_t)offset);
	wf_put(&w.out, sample);
	if (io_child_write(w.fd, WF_MARK, sb_sv(&w.out)))
		w.closed = 1;
}

static void begin(int fd, int rate)
{
	w.fd = fd;
	w.rate = rate;
	w.tail = &w.head;
	sb_init(&w.in, LIM_PROC_FRAME);
	sb_init(&w.out, LIM_PROC_FRAME);
}

static void finish(void)
{
	while (w.head) {
		struct tts_job *j = w.head;
		w.head = j->next;
		job_free(j);
	}
	sb_done(&w.in);
	sb_done(&w.out);
}

int tts_worker_run(int fd, const struct tts_engine *e)
{
	begin(fd, e->rate);
	sb_fmt(&w.out, "{\"rate\":%d}", e->rate);
	if (io_child_write(fd, WF_READY, sb_sv(&w.out)))
		w.closed = 1;
	while (!w.closed) {
		if (!w.head) {
			take_frame();
			continue;
		}
		struct tts_job *j = w.now = w.head;
		w.head = j->next;
		if (!w.head)
			w.tail = &w.head;
		w.n--;
		int rc = e->say(j, e->arg);
		if (!w.closed)
			send_end(j->id, j->stop ? ERR_CANCELED : rc);
		w.now = NULL;
		job_free(j);
	}
	finish();
	return 0;
}

int tts_worker_refuse(int fd, const char *why)
{
	begin(fd, 0);
	sb_cstr(&w.out, "{\"error\":");
	sb_json(&w.out, sv_of(why));
	sb_ch(&w.out, '}');
	(void)io_child_write(fd, WF_READY, sb_sv(&w.out));
	(void)fprintf(stderr, "%s\n", why);
	finish();
	return 1;
}
