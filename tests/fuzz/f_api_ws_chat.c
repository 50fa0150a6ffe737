/* f_api_ws_chat.c: lines of any bytes as frames into /ws/chat of a real door: {id} and {token}
 * stand for an open conversation. After them a ping must be answered on the same socket, unless
 * the frame was no text at all. */
#define FUZZ_API_WS
#include "f_api_rest.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wsc fuzz_c;

static void put_frame(sv line)
{
	struct sb b;
	sb_init(&b, LIM_WS_MSG);
	while (line.n) {
		bool id = sv_starts(line, SV("{id}")), token = sv_starts(line, SV("{token}"));
		if (id)
			sb_cstr(&b, fuzz_id);
		else if (token)
			sb_cstr(&b, fuzz_token);
		else
			sb_ch(&b, line.p[0]);
		line = sv_slice(line, id ? 4 : token ? 7 : 1, line.n);
	}
	bool text = sv_utf8_ok(sb_sv(&b));
	if (fuzz_c.ws && !sb_err(&b))
		web_ws_send(fuzz_c.ws, sb_sv(&b), !text);
	sb_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sv rest = sv_n((const char *)data, size), line;
	fuzz_up();
	fuzz_fresh();
	if (!wsc_open(&fuzz_w, &fuzz_c, "/ws/chat"))
		abort();
	for (int i = 0; i < 64 && sv_line(&rest, &line); i++)
		put_frame(line);
	fuzz_c.from = 0;
	wsc_send(&fuzz_c, "{\"op\":\"ping\"}");
	if (!wsc_wait(&fuzz_w, &fuzz_c, "pong"))
		abort();
	for (size_t i = 0; i < fuzz_c.frames.n; i++)
		if (!fuzz_c.frames.v[i] || !jv_get_str(fuzz_c.frames.v[i], "type").n)
			abort();
	wsc_close(&fuzz_w, &fuzz_c);
	return 0;
}
