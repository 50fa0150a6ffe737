/* t_fetch_mail.c: an e-mail to a server of our own: what it is told, how it refuses, and what never
 * gets into a header line. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fetch.h"
#include "t.h"

/* ---- one connection with a script: what the server says to each command ---- */

struct smtp {
	int fd, port;
	pthread_t thread;
	const char *greet, *mail, *rcpt, *data, *end;    /* answers; NULL: the usual one */
	bool auth, mute, tls;                    /* tls: it offers STARTTLS and then refuses */
	struct sb seen;
};

static void say(int c, const char *text)
{
	(void)!send(c, text, strlen(text), MSG_NOSIGNAL);
}

static const char *answer(const struct smtp *s, sv cmd)
{
	static const struct {
		const char *cmd, *says;
	} rows[] = {
		{ "HELO", "250 hello\r\n" },
		{ "AUTH PLAIN", "334 \r\n" },
		{ "QUIT", "221 bye\r\n" },
	};
	if (sv_starts(cmd, SV("EHLO")))
		return s->auth ? "250-here\r\n250 AUTH PLAIN\r\n" :
		       s->tls  ? "250-here\r\n250 STARTTLS\r\n" : "250 here\r\n";
	if (sv_starts(cmd, SV("MAIL")))
		return s->mail ? s->mail : "250 ok\r\n";
	if (sv_starts(cmd, SV("RCPT")))
		return s->rcpt ? s->rcpt : "250 ok\r\n";
	if (sv_starts(cmd, SV("DATA")))
		return s->data ? s->data : "354 go on\r\n";
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (sv_starts(cmd, sv_of(rows[i].cmd)))
			return rows[i].says;
	return s->auth ? "235 welcome\r\n" : "500 what\r\n";    /* name and password */
}

static void talk(struct smtp *s, int c)
{
	struct sb in;
	char buf[4096];
	bool data = false;
	ssize_t n;
	sb_init(&in, 1u << 20);
	if (!s->mute)
		say(c, s->greet ? s->greet : "220 mail.test\r\n");
	while ((n = recv(c, buf, sizeof(buf), 0)) > 0) {
		sb_put(&in, sv_n(buf, (size_t)n));
		sb_put(&s->seen, sv_n(buf, (size_t)n));
		sv end = data ? SV("\r\n.\r\n") : SV("\r\n");
		if (!sv_ends(sb_sv(&in), end))
			continue;
		const char *says = data ? (s->end ? s->end : "250 taken\r\n") :
					  answer(s, sb_sv(&in));
		data = !data && says[1] == '5' && says[0] == '3';
		say(c, says);
		sb_reset(&in);
	}
	sb_done(&in);
	close(c);
}

static void *smtp_main(void *arg)
{
	struct smtp *s = arg;
	int c;
	while ((c = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		talk(s, c);
	return NULL;
}

static bool smtp_open(struct smtp *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sb_init(&s->seen, 1u << 20);
	if (bind(s->fd, (struct sockaddr *)&a, sizeof(a)) || listen(s->fd, 4) ||
	    getsockname(s->fd, (struct sockaddr *)&a, &len))
		return false;
	s->port = ntohs(a.sin_port);
	return pthread_create(&s->thread, NULL, smtp_main, s) == 0;
}

static void smtp_close(struct smtp *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	sb_done(&s->seen);
}

static struct fetch_mail server(const struct smtp *s)
{
	return (struct fetch_mail){ .host = "127.0.0.1", .port = s->port, .tls = FETCH_MAIL_PLAIN,
				    .from = "shop@example.cn", .timeout_ms = 5000 };
}

static const struct fetch_letter letter = {
	.id = { "01ABC", 5 },
	.to = { "wu@example.cn", 13 },
	.subject = { "Order HH2026-100108", 19 },
	.text = { "Hello\n.\nline two", 16 },
};

TEST(fetch_mail_is_taken)
{
	struct smtp s = { 0 };
	struct err e = { 0 };
	CHECK(smtp_open(&s));
	struct fetch_mail m = server(&s);
	OK(fetch_mail_send(&m, &letter, &e));
	sv all = sb_sv(&s.seen);
	HAS(all, "MAIL FROM:<shop@example.cn>");
	HAS(all, "RCPT TO:<wu@example.cn>");
	HAS(all, "\r\nSubject: Order HH2026-100108\r\n");
	HAS(all, "\r\nMessage-ID: <01ABC@example.cn>\r\n");
	HAS(all, "text/plain; charset=utf-8");
	HAS(all, "SGVsbG8KLgpsaW5lIHR3bw==");        /* the text, in base64 */
	CHECK(sv_find(all, SV("AUTH")) < 0);
	smtp_close(&s);
}

TEST(fetch_mail_in_chinese_and_signed_in)
{
	struct smtp s = { .auth = true };
	struct err e = { 0 };
	CHECK(smtp_open(&s));
	struct fetch_mail m = server(&s);
	struct fetch_letter l = letter;
	m.user = "shop";
	m.password = "hush";
	l.subject = SV("您的订单已经取消，货款会原路退回到支付宝，请留意到账通知");
	OK(fetch_mail_send(&m, &l, &e));
	sv all = sb_sv(&s.seen);
	HAS(all, "AUTH PLAIN\r\nAHNob3AAaHVzaA==\r\n");
	HAS(all, "Subject: =?UTF-8?B?5oKo55qE6K6i5Y2V");
	HAS(all, "?=\r\n =?UTF-8?B?");
	smtp_close(&s);
}

TEST(fetch_mail_refusals_now_and_for_good)
{
	static const struct {
		struct smtp s;
		int rc;
	} rows[] = {
		{ { .rcpt = "550 no such user\r\n" }, ERR_INVAL },
		{ { .rcpt = "450 busy, later\r\n" }, ERR_IO },
		{ { .mail = "421 going down\r\n" }, ERR_IO },
		{ { .end = "554 spam\r\n" }, ERR_INVAL },
		{ { .end = "451 later\r\n" }, ERR_IO },
		{ { .mute = true }, ERR_TIMEOUT },
		/* ours to mend: the message waits */
		{ { .greet = "554 not for you\r\n" }, ERR_UPSTREAM },
		{ { .mail = "530 sign in first\r\n" }, ERR_UPSTREAM },
		{ { .mail = "534 too weak\r\n" }, ERR_UPSTREAM },
		{ { .tls = true }, ERR_UPSTREAM },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct smtp s = rows[i].s;
		struct err e = { 0 };
		CHECK(smtp_open(&s));
		struct fetch_mail m = server(&s);
		m.timeout_ms = s.mute ? 200 : 5000;
		m.tls = s.tls ? FETCH_MAIL_STARTTLS : FETCH_MAIL_PLAIN;
		EQ(fetch_mail_send(&m, &letter, &e), rows[i].rc);
		CHECK(e.msg[0]);
		EQ(err_retryable(rows[i].rc), rows[i].rc != ERR_INVAL);
		smtp_close(&s);
	}
}

/* A plain server is not spoken to when TLS is asked for; nobody there is not for good. */
TEST(fetch_mail_wants_tls_and_a_server)
{
	struct smtp s = { 0 };
	struct err e = { 0 };
	CHECK(smtp_open(&s));
	struct fetch_mail m = server(&s);
	m.tls = FETCH_MAIL_STARTTLS;
	CHECK(fetch_mail_send(&m, &letter, &e) != 0);
	CHECK(sv_find(sb_sv(&s.seen), SV("MAIL FROM")) < 0);
	m.tls = FETCH_MAIL_PLAIN;
	smtp_close(&s);
	CHECK(err_retryable(fetch_mail_send(&m, &letter, &e)));
}

TEST(fetch_mail_lets_nothing_into_a_header)
{
	static const struct {
		sv to, subject;
	} bad[] = {
		{ { "wu@example.cn\r\nBcc: x@y", 23 }, { "hello", 5 } },
		{ { "wu@example.cn,x@y.z", 19 }, { "hello", 5 } },
		{ { "wu@example.cn> SIZE=1", 21 }, { "hello", 5 } },
		{ { "nobody", 6 }, { "hello", 5 } },
		{ { "@example.cn", 11 }, { "hello", 5 } },
		{ { "wu@example.cn", 13 }, { "hello\r\nBcc: x@y", 15 } },
		{ { "wu@example.cn", 13 }, { "", 0 } },
	};
	struct smtp s = { 0 };
	CHECK(smtp_open(&s));
	struct fetch_mail m = server(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = { 0 };
		struct fetch_letter l = letter;
		l.to = bad[i].to;
		l.subject = bad[i].subject;
		EQ(fetch_mail_send(&m, &l, &e), ERR_INVAL);
		CHECK(e.msg[0]);
	}
	EQ(s.seen.n, 0);
	smtp_close(&s);
}
