/* f_mcp_msg.c: any bytes as what a client or a server of the Model Context Protocol may send:
 * the lines, cut anywhere, must be the same; the server's reader must answer each with JSON
 * that fits its request; canonical JSON must be JSON and stay what it is. */
#include <stdlib.h>
#include "mcp_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mcp_srv_tool fuzz_tools[] = {
	{ "find", "Find", "Finds.",
	  "{\"type\":\"object\",\"properties\":{\"q\":{\"type\":\"string\"}}}", NULL, true, 0 },
};

static void fuzz_answer(const struct mcp_srv_out *out, sv line)
{
	jv *answer = jv_parse(sb_sv(&out->body), NULL), *asked = jv_parse(line, NULL);

	if (!answer || !sv_eq(jv_get_str(answer, "jsonrpc"), SV("2.0")) ||
	    !jv_get(answer, "result") == !jv_get(answer, "error"))
		abort();
	const jv *id = jv_get(answer, "id");
	if (jv_is_str(id) && !sv_eq(jv_as_str(id), jv_get_str(asked, "id")))
		abort();
	jv_free(answer);
	jv_free(asked);
}

static void fuzz_serve(const struct mcp_srv *s, sv line)
{
	for (int http = 0; http < 2; http++) {
		struct mcp_srv_in in = { .body = line,
					 .http = http,
					 .version = SV(MCP_MODERN),
					 .method = SV("tools/call"),
					 .name = sv_slice(line, 0, 40) };
		struct mcp_srv_out out;

		mcp_srv_take(s, &in, &out);
		if (out.kind == MCP_SRV_CALL)
			mcp_srv_result(&out, jv_obj());
		if (out.kind == MCP_SRV_ANSWER)
			fuzz_answer(&out, line);
		mcp_srv_out_done(&out);
	}
}

static void fuzz_canonical(sv line)
{
	jv *v = jv_parse(line, NULL), *again;
	struct sb a, b;
	char hex[65];

	if (!v)
		return;
	sb_init(&a, 64u << 20);
	sb_init(&b, 64u << 20);
	mcp_canonical(v, &a);
	again = jv_parse(sb_sv(&a), NULL);
	mcp_canonical(again, &b);
	if (!again || !sv_eq(sb_sv(&a), sb_sv(&b)))
		abort();
	mcp_tool_hash(v, hex);
	if (!mcp_head_bad(v))
		xfree(mcp_head_make(line, v, v));
	sb_done(&a);
	sb_done(&b);
	jv_free(v);
	jv_free(again);
}

struct fuzz_sum {
	const struct mcp_srv *s;
	uint64_t h;
};

static int fuzz_line(void *arg, sv line)
{
	struct fuzz_sum *x = arg;

	x->h = x->h * 31 + sv_hash(line) + 1;
	if (x->s) {
		fuzz_serve(x->s, line);
		fuzz_canonical(line);
	}
	return 0;
}

static uint64_t fuzz_run(const struct mcp_srv *s, sv text, size_t step)
{
	struct mcp_lines x;
	struct fuzz_sum sum = { s, 0 };
	int rc = 0;

	mcp_lines_init(&x, 2048);
	for (size_t i = 0; i < text.n && !rc; i += step)
		rc = mcp_lines_feed(&x, sv_slice(text, i, i + step), fuzz_line, &sum);
	mcp_lines_done(&x);
	return rc ? 7 : sum.h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mcp_srv *s = NULL;
	sv text = sv_n((const char *)data, size);

	if (mcp_srv_new(&s, fuzz_tools, 1, ""))
		abort();
	uint64_t whole = fuzz_run(s, text, size + 1);
	mcp_srv_free(s);
	if (fuzz_run(NULL, text, 1) != whole || fuzz_run(NULL, text, 7) != whole)
		abort();
	return 0;
}
