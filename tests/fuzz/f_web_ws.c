/* f_web_ws.c: any bytes into an open WebSocket of the real server; it must live on. */
#define FUZZ_WS
#include "f_web_http.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char fuzz_shake[] =
	"GET /ws HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct raw r;
	sv s = sv_n((const char *)data, size);
	fuzz_up();
	raw_open(&r, web_srv_port(fuzz_srv));
	raw_send(&r, fuzz_loop, sv_n(fuzz_shake, sizeof fuzz_shake - 1));
	if (!raw_wait_text(&r, fuzz_loop, "\r\n\r\n", 5000))
		abort();
	raw_send(&r, fuzz_loop, sv_slice(s, 0, size / 2));
	spin(fuzz_loop, 2);
	raw_send(&r, fuzz_loop, sv_slice(s, size / 2, size));
	spin(fuzz_loop, 3);
	raw_poll(&r);
	shutdown(r.fd, SHUT_WR);
	fuzz_ended = raw_wait_closed(&r, fuzz_loop, 6000);
	raw_close(&r);
	fuzz_good();
	return 0;
}
