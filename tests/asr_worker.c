/* asr_worker.c: a stand-in for callm-whisper: its "words" are the bursts of sound in a job. A
 * burst whose peak is near 2000 * (k + 1) is the word k, "zero" to "nine". The file given as
 * --model holds its orders, one a line (a job of WF_SENSE is answered by a vector that is 1 where
 * the digit of the first burst is, with die, die-always, hang, fail and count as below):
 *
 *	delay MS         each job takes so long (and can be cancelled)
 *	die FILE         dies in its first job, unless FILE exists; makes FILE
 *	hang FILE        the same, but hangs
 *	die-always       in each job
 *	die-early        before it is ready
 *	refuse           says that it cannot work
 *	fail             each job ends with an error that is not worth another try
 *	langs            answers with the languages of the job
 *	short            vectors are cut off
 *	count FILE       a byte is appended to FILE for each job */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "asr_vec.h"
#include "io.h"
#include "worker.h"

static struct sb orders, in, job, out;

static sv order(const char *name)
{
	sv rest = sb_sv(&orders), line, word;
	while (sv_line(&rest, &line))
		if (sv_cut(&line, ' ', &word) && sv_eq(word, sv_of(name)))
			return line.n ? line : SV("1");
	return SV_NULL;
}

/* True the first time for this file. */
static bool first_time(sv path)
{
	char p[1024];
	if (!path.n || path.n >= sizeof(p))
		return false;
	memcpy(p, path.p, path.n);
	p[path.n] = '\0';
	int fd = open(p, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

static void count(sv path)
{
	char p[1024] = { 0 };
	if (!path.n || path.n >= sizeof(p))
		return;
	memcpy(p, path.p, path.n);
	int fd = open(p, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0 && write(fd, ".", 1) == 1)
		(void)close(fd);
}

/* False when the job was cancelled meanwhile. A frame that is no cancel stays for later. */
static bool wait_ms(int64_t ms, uint32_t id, bool *kept, uint8_t *kind)
{
	struct timespec t0, t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t0);
	for (;;) {
		struct pollfd p = { .fd = IO_CHILD_FD, .events = POLLIN };
		(void)clock_gettime(CLOCK_MONOTONIC, &t);
		int64_t left = ms - ((t.tv_sec - t0.tv_sec) * 1000 +
				     (t.tv_nsec - t0.tv_nsec) / 1000000);
		if (left <= 0 || *kept)
			return true;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		if (io_child_read(IO_CHILD_FD, kind, &in))
			exit(0);
		sv f = sb_sv(&in);
		if (*kind == WF_CANCEL && wf_get(&f) == id)
			return false;
		if (*kind == WF_PING)
			(void)io_child_write(IO_CHILD_FD, WF_PONG, sb_sv(&in));
		else if (*kind == WF_HEAR)
			*kept = true;
	}
}

static void words(sv samples, uint32_t rate, struct sb *to)
{
	static const char *const names[] = { "zero", "one", "two",   "three", "four",
					     "five", "six", "seven", "eight", "nine" };
	size_t block = rate / 100, n = samples.n / 2, silent = 10;
	int peak = 0;
	for (size_t at = 0; at + block <= n; at += block) {
		int top = 0;
		for (size_t i = 0; i < block; i++) {
			int16_t s;
			memcpy(&s, samples.p + (at + i) * 2, 2);
			top = abs(s) > top ? abs(s) : top;
		}
		silent = top > 1000 ? 0 : silent + 1;
		peak = top > 1000 && top > peak ? top : peak;
		bool over = silent == 3 || at + 2 * block > n;
		if (!peak || !over)
			continue;
		int k = (peak + 1000) / 2000 - 1;
		if (to->n)
			sb_ch(to, ' ');
		sb_cstr(to, names[k < 0 ? 0 : k > 9 ? 9 : k]);
		peak = 0;
	}
}

static void hear(bool *kept, uint8_t *kind)
{
	sv f = sb_sv(&job);
	uint32_t id = wf_get(&f), rate = wf_get(&f), k = wf_get(&f);
	sv langs = sv_slice(f, 0, k), samples = sv_slice(f, k, f.n), delay = order("delay");
	struct sb text;
	int64_t ms = 0;
	count(order("count"));
	if (order("die-always").n || first_time(order("die")))
		_exit(3);
	while (first_time(order("hang")))
		(void)pause();
	sb_init(&text, 65536);
	if (order("langs").n)
		sb_put(&text, langs);
	else
		words(samples, rate, &text);
	bool done = sv_i64(delay, &ms) != 0 || wait_ms(ms, id, kept, kind);
	sb_reset(&out);
	wf_put(&out, id);
	wf_put(&out, (uint32_t)-(done ? order("fail").n ? ERR_FAIL : 0 : ERR_CANCELED));
	wf_put(&out, text.n ? 900 : 0);
	sb_put(&out, sb_sv(&text));
	(void)io_child_write(IO_CHILD_FD, WF_HEARD, sb_sv(&out));
	sb_done(&text);
}

/* Which digit the loudest sample is; -1: none. */
static int digit_of(sv samples)
{
	int top = 0;
	for (size_t i = 0; i + 2 <= samples.n; i += 2) {
		int16_t s;
		memcpy(&s, samples.p + i, 2);
		top = abs(s) > top ? abs(s) : top;
	}
	int k = (top + 1000) / 2000 - 1;
	return top < 1000 ? -1 : k > 9 ? 9 : k;
}

static void sense(void)
{
	sv f = sb_sv(&job);
	uint32_t id = wf_get(&f);
	(void)wf_get(&f);
	uint32_t langs = wf_get(&f);
	float v[ASR_VEC_DIM] = { 0 };
	int k = digit_of(sv_slice(f, langs, f.n));
	count(order("count"));
	if (order("die-always").n || first_time(order("die")))
		_exit(3);
	while (first_time(order("hang")))
		(void)pause();
	v[k < 0 ? 0 : k] = 1;
	sb_reset(&out);
	wf_put(&out, id);
	wf_put(&out, (uint32_t)-(order("fail").n ? ERR_FAIL : k < 0 ? ERR_NOTFOUND : 0));
	if (k >= 0 && !order("fail").n)
		sb_put(&out, sv_n((const char *)v, order("short").n ? 8 : sizeof(v)));
	(void)io_child_write(IO_CHILD_FD, WF_SENSED, sb_sv(&out));
}

int main(int argc, char **argv)
{
	bool kept = false;
	uint8_t kind = 0;
	struct sb *const all[] = { &orders, &in, &job, &out };
	for (int i = 0; i < 4; i++)
		sb_init(all[i], LIM_PROC_FRAME);
	if (argc < 3 || file_read(argv[2], 4096, &orders, NULL))
		return 2;
	if (order("die-early").n)
		return 3;
	sv ready = order("refuse").n ? SV("{\"error\":\"these weights are no good\"}") :
				       SV("{\"rate\":16000,\"multilingual\":true}");
	(void)io_child_write(IO_CHILD_FD, WF_READY, ready);
	while (!order("refuse").n && (kept || io_child_read(IO_CHILD_FD, &kind, &in) == 0)) {
		kept = false;
		if (kind == WF_PING)
			(void)io_child_write(IO_CHILD_FD, WF_PONG, sb_sv(&in));
		if (kind != WF_HEAR && kind != WF_SENSE)
			continue;
		sb_reset(&job);
		sb_put(&job, sb_sv(&in));
		if (kind == WF_SENSE)
			sense();
		else
			hear(&kept, &kind);
	}
	for (int i = 0; i < 4; i++)
		sb_done(all[i]);
	return 0;
}
