/* mail.c: one e-mail by SMTP (libcurl): signed in when the server wants it, over TLS unless the
 * operator says otherwise, a plain text in UTF-8.
 *
 * Blocks its thread until the server has taken the message or time is up: for workers. libcurl
 * makes the MIME parts; the header lines are ours, and nothing with a line break gets into one.
 * Each message is a connection of its own: they are few, and a worker holds none open.
 */
#include "fetch_int.h"

#include <stdio.h>
#include <time.h>

enum { MAIL_MS = 30000, MAIL_LINE = 900 };

static bool clean(sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return s.n > 0 && s.n < MAIL_LINE;
}

/* Something@something, without blanks, brackets or a second address. */
static bool is_address(sv s)
{
	ptrdiff_t at = sv_find_ch(s, '@');
	bool ok = clean(s) && at > 0 && (size_t)at + 1 < s.n;
	for (size_t i = 0; i < s.n; i++)
		ok &= !strchr(" <>,;\"", s.p[i]);
	return ok;
}

/* ---- header lines ---- */

static bool plain(sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

/* RFC 2047: words of at most 75 signs, cut between signs of UTF-8. */
static void put_words(struct sb *b, sv s)
{
	if (plain(s)) {
		sb_put(b, s);
		return;
	}
	for (int i = 0; s.n; i++) {
		size_t n = sv_head(s, 42).n;
		sb_cstr(b, i ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
		sb_base64(b, s.p, n);
		sb_cstr(b, "?=");
		s = sv_slice(s, n, s.n);
	}
}

static struct curl_slist *line(struct curl_slist *list, const char *name, sv value, bool words)
{
	struct sb b;
	sb_init(&b, 8192);
	sb_fmt(&b, "%s: ", name);
	if (words)
		put_words(&b, value);
	else
		sb_put(&b, value);
	struct curl_slist *more = sb_err(&b) ? NULL : curl_slist_append(list, sb_str(&b));
	sb_done(&b);
	return more ? more : list;
}

static struct curl_slist *head_of(const struct fetch_mail *m, const struct fetch_letter *l)
{
	struct curl_slist *list = NULL;
	char date[64], id[200];
	struct tm tm;
	time_t now = (time_t)(clk_wall_ms() / 1000);
	sv from = sv_of(m->from);
	ptrdiff_t at = sv_find_ch(from, '@');
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	(void)snprintf(id, sizeof(id), "<%.*s@%.*s>", (int)(l->id.n < 64 ? l->id.n : 64), l->id.p,
		       (int)(from.n - (size_t)at - 1 < 100 ? from.n - (size_t)at - 1 : 100),
		       from.p + at + 1);
	list = line(list, "Date", sv_of(date), false);
	list = line(list, "From", from, false);
	list = line(list, "To", l->to, false);
	list = line(list, "Subject", l->subject, true);
	list = line(list, "Message-ID", sv_of(id), false);
	return line(list, "Auto-Submitted", SV("auto-generated"), false);    /* RFC 3834 */
}

/* ---- sending ---- */

static int check(const struct fetch_mail *m, const struct fetch_letter *l, struct err *e)
{
	if (!m->host || !clean(sv_of(m->host)) || m->port < 1 || m->port > 65535)
		return err_set(e, ERR_UPSTREAM, "mail: host and port of the server are needed");
	if (!m->from || !is_address(sv_of(m->from)))
		return err_set(e, ERR_UPSTREAM, "mail: from must be an address");
	if (!is_address(l->to))
		return err_set(e, ERR_INVAL, "the receiver is no e-mail address");
	if (!clean(l->subject) || !clean(l->id))
		return err_set(e, ERR_INVAL, "subject and id are one line each");
	return 0;
}

/* It speaks of us, not of the message: no TLS, no sign-in or too weak a one (530, 534, 538: RFC
 * 4954), a greeting that is none. A no after the text was sent is the message's. */
static bool is_ours(CURL *c, CURLcode code, long status)
{
	curl_off_t sent = 0;
	curl_easy_getinfo(c, CURLINFO_SIZE_UPLOAD_T, &sent);
	return code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED ||
	       code == CURLE_REMOTE_ACCESS_DENIED || status == 530 || status == 534 ||
	       status == 538 || (code == CURLE_WEIRD_SERVER_REPLY && sent == 0);
}

/* The server's own no (5xx) to this message stays one; what may be otherwise later is asked again,
 * and what the operator has to mend too: it is not the customer's loss. */
static int outcome(CURL *c, CURLcode code, struct err *e)
{
	long status = 0;
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK)
		return 0;
	if (is_ours(c, code, status))
		return err_set(e, ERR_UPSTREAM,
			       "the mail server does not take our connection or sign-in: %s (%ld)",
			       curl_easy_strerror(code), status);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, ERR_TIMEOUT, "the mail server did not answer in time");
	if (status >= 500 && status < 600)
		return err_set(e, ERR_INVAL, "the mail server refused the message (%ld)", status);
	return err_set(e, ERR_IO, "the mail server cannot be reached: %s",
		       curl_easy_strerror(code));
}

static void where(CURL *c, const struct fetch_mail *m, const char *url)
{
	long ms = m->timeout_ms > 0 ? m->timeout_ms : MAIL_MS;
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, ms);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms);
	curl_easy_setopt(c, CURLOPT_USE_SSL,
			 m->tls == FETCH_MAIL_PLAIN ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	if (m->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, m->ca_file);
	if (m->user && m->user[0]) {
		curl_easy_setopt(c, CURLOPT_USERNAME, m->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, m->password ? m->password : "");
	}
}

static int send_it(CURL *c, const struct fetch_mail *m, const struct fetch_letter *l, struct err *e)
{
	struct curl_slist *head = head_of(m, l), *to = NULL;
	curl_mime *mime = curl_mime_init(c);
	curl_mimepart *part = mime ? curl_mime_addpart(mime) : NULL;
	struct sb b;
	sb_init(&b, 4096);
	sb_put(&b, l->to);
	to = curl_slist_append(to, sb_str(&b));
	int rc = part && head && to ? 0 : err_set(e, ERR_NOMEM, "no memory for a message");
	if (!rc) {
		curl_mime_data(part, l->text.p, l->text.n);
		curl_mime_type(part, "text/plain; charset=utf-8");
		curl_mime_encoder(part, "base64");
		curl_easy_setopt(c, CURLOPT_MAIL_FROM, m->from);
		curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
		curl_easy_setopt(c, CURLOPT_HTTPHEADER, head);
		curl_easy_setopt(c, CURLOPT_MIMEPOST, mime);
		rc = outcome(c, curl_easy_perform(c), e);
	}
	curl_mime_free(mime);
	curl_slist_free_all(head);
	curl_slist_free_all(to);
	sb_done(&b);
	return rc;
}

int fetch_mail_send(const struct fetch_mail *m, const struct fetch_letter *l, struct err *e)
{
	char url[400];
	int rc = check(m, l, e);
	if (rc)
		return rc;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURL *c = curl_easy_init();
	(void)snprintf(url, sizeof(url), "%s://%.300s:%d",
		       m->tls == FETCH_MAIL_TLS ? "smtps" : "smtp", m->host, m->port);
	if (c)
		where(c, m, url);
	rc = c ? send_it(c, m, l, e) : err_set(e, ERR_NOMEM, "no memory for a message");
	curl_easy_cleanup(c);
	curl_global_cleanup();
	return rc;
}
