/* f_api_rest.c: any body into every POST route of a real door, with every kind of token. The
 * first byte picks route and token. Each gets an answer in JSON below 500 (503 is honest under
 * load), and the door lives on. */
#include "../unit/t_api_world.h"

#ifndef T_SRCDIR        /* a fuzzer of its own, without the test framework */
void t_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

const char *t_tmpdir(void)
{
	static char dir[64] = "/tmp/f-api-XXXXXX";
	static bool made;
	if (!made && !mkdtemp(dir))
		abort();
	made = true;
	return dir;
}

bool t_wait(struct loop *l, bool (*cond)(void *arg), void *arg, int ms)
{
	int64_t end = clk_mono_us() + (int64_t)ms * 1000;
	while (!cond(arg) && clk_mono_us() < end)
		(void)loop_run_once(l, 20);
	return cond(arg);
}
#endif

#ifdef FUZZ_API_WS      /* f_api_ws_chat.c takes the world from here */
#define FUZZ_ENTRY fuzz_rest_one
#else
#define FUZZ_ENTRY LLVMFuzzerTestOneInput
#endif
int FUZZ_ENTRY(const uint8_t *data, size_t size);

static struct aw fuzz_w;
static char fuzz_id[27], fuzz_token[API_TOKEN_MAX];
static int fuzz_status;        /* of the last answer */

static void fuzz_up(void)
{
	if (fuzz_w.api)
		return;
	fuzz_w.o = (struct api_opts){
		.chats_per_addr = -1, .chats_max = 200, .msgs_per_s = 1e6, .reply_ms = 5000
	};
	if (!aw_up(&fuzz_w) || !begin(&fuzz_w, fuzz_id, fuzz_token))
		abort();
}

UNUSED static void fuzz_down(void)
{
	aw_down(&fuzz_w);
	fuzz_w = (struct aw){ 0 };
}

/* A closed conversation, a full house or a spent brake would make all later inputs alike. */
static void fuzz_fresh(void)
{
	static unsigned n;
	if (++n % 100 == 0) {
		aw_restart(&fuzz_w);
		if (!begin(&fuzz_w, fuzz_id, fuzz_token))
			abort();
	}
}

int FUZZ_ENTRY(const uint8_t *data, size_t size)
{
	static const char *const lines[] = {
		"POST /api/v1/conversations", "POST /api/v1/conversations/%s/messages",
		"POST /api/v1/auth/login",    "POST /api/v1/kb/search",
		"POST /api/v1/bot/turn",
	};
	struct resp r = { 0 };
	char line[128];
	if (size < 1)
		return 0;
	fuzz_up();
	fuzz_fresh();
	const char *fmt = lines[data[0] % 5];
	int who = data[0] / 5 % 3;
	bool own = strstr(fmt, "messages") != NULL;
	sv body = sv_n((const char *)data + 1, size - 1);
	sb_init(&r.head, 16);
	snprintf(line, sizeof(line), own ? "POST /api/v1/conversations/%s/messages" : "%s",
		 own ? fuzz_id : fmt);
	const char *token = who == 0 ? (own ? fuzz_token : aw_token(&fuzz_w, "admin")) :
			    who == 1 ? fuzz_token :
				       NULL;
	http_read(http_send(&fuzz_w, line, token,
			    data[0] & 0x80 ? "Idempotency-Key: 0123456789abcdef\r\n" : NULL,
			    body),
		  &r);
	fuzz_status = r.status;
	if (r.status < 200 || (r.status >= 500 && r.status != 503) || !r.json ||
	    (r.status >= 400 && !is_problem(&r)))
		abort();
	resp_done(&r);
	return 0;
}
