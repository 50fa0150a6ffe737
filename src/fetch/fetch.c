/* fetch.c: libcurl's multi interface on our loop.
 *
 * libcurl says which sockets and which timer it wants; each becomes a loop_io or
 * loop_timer, and their events go back in with curl_multi_socket_action. Finished
 * transfers are collected after each call, so that on_end never runs inside libcurl.
 * Handles that were cancelled inside a callback are removed then too. Owner: the caller
 * of fetch_new. Thread: the loop's.
 */
#include "fetch_int.h"

struct fetch_sock {
	struct loop_io io;
	struct fetch *f;
	struct fetch_sock *prev, *next;
};

static void collect(struct fetch *f)
{
	CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(f->multi, &left)) != NULL) {
		struct fetch_req *r = NULL;
		CURLcode code = m->data.result;
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &r);
		fetch_req_done(r, code);
	}
	for (struct fetch_req *r = f->all, *next; r; r = next) {
		next = r->next;
		if (r->canceled)
			fetch_req_free(r);
	}
}

static void act(struct fetch *f, curl_socket_t fd, int mask)
{
	int running;
	f->depth++;
	curl_multi_socket_action(f->multi, fd, mask, &running);
	f->depth--;
	collect(f);
}

static void on_io(void *arg, int fd, unsigned events)
{
	struct fetch_sock *s = arg;
	int mask = (events & LOOP_READ ? CURL_CSELECT_IN : 0) |
		   (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
	act(s->f, fd, mask);
}

static void on_timer(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void sock_free(struct fetch_sock *s)
{
	loop_io_stop(&s->io);
	if (s->prev)
		s->prev->next = s->next;
	else
		s->f->socks = s->next;
	if (s->next)
		s->next->prev = s->prev;
	xfree(s);
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *sockp)
{
	struct fetch *f = arg;
	struct fetch_sock *s = sockp;
	if (what == CURL_POLL_REMOVE) {
		if (s)
			sock_free(s);
		curl_multi_assign(f->multi, fd, NULL);
		return 0;
	}
	if (!s) {
		s = xalloc(sizeof *s);
		s->f = f;
		s->next = f->socks;
		if (f->socks)
			f->socks->prev = s;
		f->socks = s;
		curl_multi_assign(f->multi, fd, s);
	}
	unsigned ev = what == CURL_POLL_IN ? LOOP_READ : what == CURL_POLL_OUT ? LOOP_WRITE :
		      LOOP_READ | LOOP_WRITE;
	return loop_io_start(f->loop, &s->io, fd, ev, on_io, s) == 0 ? 0 : -1;
}

static int want_timer(CURLM *multi, long ms, void *arg)
{
	struct fetch *f = arg;
	if (ms < 0)
		loop_timer_stop(&f->timer);
	else
		loop_after(f->loop, &f->timer, ms, on_timer, f);
	return 0;
}

struct fetch *fetch_new(struct loop *l)
{
	struct fetch *f = xalloc(sizeof *f);
	uint64_t seed;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	rng_secure(&seed, sizeof seed);
	rng_seed(&f->rng, seed);
	f->loop = l;
	f->multi = curl_multi_init();
	ASSERT(f->multi);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, 512L);
	return f;
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	ASSERT(f->depth == 0);
	while (f->all)
		fetch_req_free(f->all);
	curl_multi_cleanup(f->multi);
	while (f->socks)
		sock_free(f->socks);
	loop_timer_stop(&f->timer);
	curl_global_cleanup();
	xfree(f);
}

size_t fetch_active(const struct fetch *f)
{
	return f->n;
}

int fetch_add(struct fetch_req *r)
{
	ASSERT(r->f->depth == 0);
	r->f->depth++;
	CURLMcode e = curl_multi_add_handle(r->f->multi, r->easy);
	r->f->depth--;
	r->added = e == CURLM_OK;
	return r->added ? 0 : ERR_NOMEM;
}

void fetch_remove(struct fetch_req *r)
{
	if (!r->added)
		return;
	r->added = false;
	r->f->depth++;
	curl_multi_remove_handle(r->f->multi, r->easy);
	r->f->depth--;
}
