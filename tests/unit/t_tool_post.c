/* t_tool_post.c: messages to providers: what an HTTP provider and a mail server are sent, what is
 * tried again, what is given up; configuration that cannot work. */
#include <stdlib.h>
#include "t_tool_http.h"
#include "t_tool_world.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"

/* The configuration with the port in place of "%d". */
static struct tool_post *opened(const char *with, int port)
{
	struct tool_post *p = NULL;
	struct err e = { 0 };
	struct sb b;
	sv text = sv_of(with);
	ptrdiff_t at = sv_find(text, SV("%d"));
	sb_init(&b, 4096);
	sb_put(&b, sv_slice(text, 0, at < 0 ? text.n : (size_t)at));
	if (at >= 0)
		sb_fmt(&b, "%d" SV_FMT, port, SV_ARG(sv_slice(text, (size_t)at + 2, text.n)));
	jv *cfg = jv_parse(sb_sv(&b), NULL);
	if (tool_post_open(&p, cfg, &e))
		printf("# %s\n", e.msg);
	jv_free(cfg);
	sb_done(&b);
	return p;
}

static int send_one(struct tool_post *p, const char *kind, const char *message)
{
	struct err e = { 0 };
	jv *m = jv_parse(sv_of(message), NULL);
	int rc = tool_post_send(p, SV("01ABC"), sv_of(kind), m, &e);
	jv_free(m);
	return rc;
}

TEST(tool_post_sms_in_the_providers_own_form)
{
	static const char *const a[] = { OK_ANSWER };
	struct http h;
	CHECK(http_open(&h, a, 1));
	setenv("CALLM_T_SMS", "hush", 1);
	struct tool_post *p = opened(
		"{\"sms\":{\"url\":\"http://127.0.0.1:%d/send\",\"key\":\"env:CALLM_T_SMS\","
		"\"key_header\":\"X-Key\",\"body\":\"{\\\"to\\\": \\\"{to}\\\", \\\"text\\\": "
		"\\\"{text}\\\", \\\"ref\\\": \\\"{id}\\\", \\\"n\\\": {n}}\"}}",
		h.port);
	CHECK(p && tool_post_has(p, SV("sms")) && !tool_post_has(p, SV("email")));
	OK(send_one(p, "sms", "{\"to\":\"+8613900000001\",\"text\":\"say \\\"yes\\\"\\n好\","
			      "\"n\":2}"));
	sv all = sb_sv(&h.seen);
	HAS(all, "POST /send HTTP/1.1\r\n");
	HAS(all, "X-Key: hush\r\n");
	HAS(all, "Idempotency-Key: 01ABC\r\n");
	HAS(all, "Content-Type: application/json\r\n");
	HAS(all, "{\"to\": \"+8613900000001\", \"text\": \"say \\\"yes\\\"\\n好\", \"ref\": "
		 "\"01ABC\", \"n\": 2}");
	EQ(send_one(p, "email", "{\"to\":\"a@b.cn\",\"text\":\"x\"}"), ERR_NOTFOUND);
	EQ(send_one(p, "notify", "{}"), ERR_NOTFOUND);
	tool_post_close(p);
	http_close(&h);
}

TEST(tool_post_as_a_form)
{
	static const char *const a[] = { OK_ANSWER };
	struct http h;
	CHECK(http_open(&h, a, 1));
	struct tool_post *p = opened(
		"{\"pay\":{\"url\":\"http://127.0.0.1:%d/pay\",\"headers\":{\"Content-Type\":"
		"\"application/x-www-form-urlencoded\"},\"body\":"
		"\"ref={refund}&amount={amount}&to={payment}&none={none}\"}}",
		h.port);
	CHECK(p != NULL);
	OK(send_one(p, "pay", "{\"refund\":\"500001\",\"amount\":13.5,\"payment\":\"a&b=c\"}"));
	HAS(sb_sv(&h.seen), "ref=500001&amount=13.5&to=a%26b%3Dc&none=");
	tool_post_close(p);
	http_close(&h);
}

/* Our own sign-in and what may be otherwise later are asked again; a no to this message is one. */
TEST(tool_post_what_is_tried_again)
{
	static const struct {
		const char *status;
		int rc;
	} rows[] = {
		{ "201 Made", 0 },		{ "400 Bad", ERR_INVAL },
		{ "404 No", ERR_INVAL },	{ "422 No", ERR_INVAL },
		{ "401 Who", ERR_UPSTREAM },	{ "429 Slow", ERR_UPSTREAM },
		{ "500 Oops", ERR_UPSTREAM },	{ "503 Busy", ERR_UPSTREAM },
		{ "302 There", ERR_UPSTREAM },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char answer[200];
		const char *a[1] = { answer };
		struct http h;
		(void)snprintf(answer, sizeof(answer),
			       "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
			       rows[i].status);
		CHECK(http_open(&h, a, 1));
		struct tool_post *p = opened("{\"sms\":{\"url\":\"http://127.0.0.1:%d/\",\"body\":"
					     "\"{to}\"}}", h.port);
		CHECK(p != NULL);
		EQ(send_one(p, "sms", "{\"to\":\"1\"}"), rows[i].rc);
		CHECK(rows[i].rc == 0 || err_retryable(rows[i].rc) == (rows[i].rc != ERR_INVAL));
		int port = h.port;
		http_close(&h);
		tool_post_close(p);
		p = opened("{\"sms\":{\"url\":\"http://127.0.0.1:%d/\",\"body\":\"x\"}}", port);
		CHECK(err_retryable(send_one(p, "sms", "{}")));  /* nobody there */
		tool_post_close(p);
	}
}

TEST(tool_post_refuses_what_cannot_work)
{
	static const struct {
		const char *cfg, *says;
	} bad[] = {
		{ "{\"sms\":{\"url\":\"ftp://x/\",\"body\":\"x\"}}", "sms.url" },
		{ "{\"sms\":{\"url\":\"https://x/\"}}", "sms.body" },
		{ "{\"pay\":{\"url\":\"https://x/\",\"body\":\"x\",\"headers\":[1]}}",
		  "pay.headers" },
		{ "{\"sms\":{\"url\":\"https://x/a b\",\"body\":\"x\"}}", "sms: the URL" },
		{ "{\"pay\":{\"url\":\"https://x/\",\"body\":\"x\",\"headers\":"
		  "{\"X Shop\":\"1\"}}}",
		  "pay: headers" },
		{ "{\"pay\":{\"url\":\"https://x/\",\"body\":\"x\",\"key_header\":\"X Key\"}}",
		  "pay: headers" },
		{ "{\"mail\":{\"host\":\"x\",\"from\":\"a@b.c\",\"port\":70000}}",
		  "mail.port" },
		{ "{\"mail\":{\"host\":\"x\"}}", "mail.from" },
		{ "{\"mail\":{\"host\":\"x\",\"from\":\"a@b.c\",\"tls\":\"some\"}}",
		  "mail.tls" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct tool_post *p = NULL;
		struct err e = { 0 };
		jv *cfg = jv_parse(sv_of(bad[i].cfg), NULL);
		EQ(tool_post_open(&p, cfg, &e), ERR_INVAL);
		HAS(sv_of(e.msg), bad[i].says);
		jv_free(cfg);
		CHECK(!p);
	}
	struct tool_post *p = opened("{\"other\":%d}", 1);
	CHECK(p && !tool_post_has(p, SV("sms")) && !tool_post_has(p, SV("email")));
	tool_post_close(p);
}

/* A secret that cannot be read is ours to mend: the message waits. A mail server that is not there
 * too. */
TEST(tool_post_waits_for_what_we_have_to_mend)
{
	struct tool_post *p =
		opened("{\"mail\":{\"host\":\"127.0.0.1\",\"port\":%d,\"tls\":\"none\","
		       "\"from\":\"shop@example.cn\"}}",
		       1);
	CHECK(p && tool_post_has(p, SV("email")));
	CHECK(err_retryable(send_one(p, "email", "{\"to\":\"a@b.cn\",\"text\":\"hello\"}")));
	EQ(send_one(p, "email", "{\"to\":\"nobody\",\"text\":\"hello\"}"), ERR_INVAL);
	tool_post_close(p);
	p = opened("{\"sms\":{\"url\":\"http://127.0.0.1:%d/\",\"body\":\"x\",\"key\":"
		   "\"env:CALLM_T_NONE\"}}", 1);
	CHECK(p != NULL);
	CHECK(err_retryable(send_one(p, "sms", "{}")));
	tool_post_close(p);
	/* one with a line break makes a request that is none */
	setenv("CALLM_T_BROKEN", "hush\r\nrest", 1);
	p = opened("{\"sms\":{\"url\":\"http://127.0.0.1:%d/\",\"body\":\"x\",\"key\":"
		   "\"env:CALLM_T_BROKEN\"}}", 1);
	CHECK(p != NULL);
	EQ(send_one(p, "sms", "{}"), ERR_UPSTREAM);
	tool_post_close(p);
}
