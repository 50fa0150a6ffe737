/* tool_post.c: who carries messages out of the outbox: a mail server (SMTP) for "email", HTTP
 * providers for "sms" and "pay", as the configuration names them.
 *
 *	mail: {host: smtp.example.cn, port: 587, tls: starttls, user: shop, password:
 * env:MAIL_KEY, from: shop@example.cn, subject: {zh: .., en: ..}} sms: {url: https://.., key:
 * env:SMS_KEY, key_header: X-Key, headers: {X-Shop: "1"}, body: '{"to": "{to}", "text":
 * "{text}", "ref": "{id}"}'} pay: {url: .., key: .., body: '{"ref": "{refund}", "amount":
 * {amount}}'}
 *
 * {names} of a body are members of the message, encoded as the body's type asks for: inside a
 * JSON string, or as part of a form. What a provider refuses for good (4xx) is given up at once,
 * anything else is asked again from the outbox, under the same id. Secrets are read when they
 * are needed. Blocks its thread: for workers; the configuration does not change, so any of them.
 */
#include "fetch.h"
#include "tool_int.h"

#include <stdio.h>

enum { POST_MS = 15000, POST_BYTES = 64 << 10 };

struct tool_post {
	jv *cfg;                             /* mail, sms, pay */
};

static const jv *part(const struct tool_post *p, sv kind)
{
	const char *name = sv_eq(kind, SV("email")) ? "mail" : sv_eq(kind, SV("sms")) ? "sms" :
			   sv_eq(kind, SV("pay"))   ? "pay" : "";
	const jv *o = name[0] ? jv_get(p->cfg, name) : NULL;
	sv address = jv_get_str(o, strcmp(name, "mail") == 0 ? "host" : "url");
	return address.n ? o : NULL;
}

bool tool_post_has(const struct tool_post *p, sv kind)
{
	return part(p, kind) != NULL;
}

/* ---- opening ---- */

static int check_http(const jv *o, const char *name, struct err *e)
{
	sv url = jv_get_str(o, "url");
	if (!url.n)
		return 0;
	if (!sv_starts(url, SV("https://")) && !sv_starts(url, SV("http://")))
		return err_set(e, ERR_INVAL, "%s.url must begin with https:// or http://", name);
	if (!jv_get_str(o, "body").n)
		return err_set(e, ERR_INVAL, "%s.body is needed: what is sent, with {names}", name);
	if (jv_get(o, "headers") && !jv_is_obj(jv_get(o, "headers")))
		return err_set(e, ERR_INVAL, "%s.headers: write {X-Shop: \"1\"}", name);
	return 0;
}

static int tls_of(const jv *mail)
{
	static const char *const words[] = { "starttls", "tls", "none" };
	sv s = jv_get_str(mail, "tls");
	for (int i = 0; i < 3; i++)
		if (sv_eq(s, sv_of(words[i])))
			return i;
	return s.n ? -1 : FETCH_MAIL_STARTTLS;
}

static int check_mail(const jv *o, struct err *e)
{
	if (!jv_get_str(o, "host").n)
		return 0;
	if (sv_find_ch(jv_get_str(o, "from"), '@') < 1)
		return err_set(e, ERR_INVAL, "mail.from is needed: the sender's address");
	if (tls_of(o) < 0)
		return err_set(e, ERR_INVAL, "mail.tls is starttls, tls or none");
	return 0;
}

int tool_post_open(struct tool_post **ret, const jv *cfg, struct err *e)
{
	static const char *const names[] = { "mail", "sms", "pay" };
	int rc = check_mail(jv_get(cfg, "mail"), e);
	if (rc == 0)
		rc = check_http(jv_get(cfg, "sms"), "sms", e);
	if (rc == 0)
		rc = check_http(jv_get(cfg, "pay"), "pay", e);
	if (rc)
		return rc;
	struct tool_post *p = xalloc(sizeof(*p));
	p->cfg = jv_obj();
	for (int i = 0; i < 3; i++)
		if (jv_get(cfg, names[i]))
			jv_set(p->cfg, names[i], jv_copy(jv_get(cfg, names[i])));
	*ret = p;
	return 0;
}

void tool_post_close(struct tool_post *p)
{
	if (!p)
		return;
	jv_free(p->cfg);
	xfree(p);
}

/* ---- a body from its template ---- */

enum coding { RAW, JSON, FORM };

static void put_coded(struct sb *out, sv s, enum coding how)
{
	struct sb q;
	if (how == FORM) {
		sb_url(out, s);
		return;
	}
	if (how == RAW) {
		sb_put(out, s);
		return;
	}
	sb_init(&q, LIM_JSON_BYTES);
	sb_json(&q, s);
	if (q.n >= 2)
		sb_put(out, sv_slice(sb_sv(&q), 1, q.n - 1));    /* without its quotes */
	sb_done(&q);
}

static void put_member(struct sb *out, const jv *v, enum coding how)
{
	struct sb num;
	if (jv_is_str(v)) {
		put_coded(out, jv_as_str(v), how);
		return;
	}
	sb_init(&num, 256);
	if (jv_is_num(v))
		sb_fmt(&num, "%.15g", jv_as_num(v, 0));      /* 1375, 13.5 */
	else if (jv_is_bool(v))
		jv_dump(v, &num);
	put_coded(out, sb_sv(&num), how);
	sb_done(&num);
}

/* A brace that begins no name (of JSON, say) stays one. */
static void fill(sv text, const jv *from, enum coding how, struct sb *out)
{
	while (text.n) {
		ptrdiff_t open = sv_find_ch(text, '{');
		sb_put(out, sv_slice(text, 0, open < 0 ? text.n : (size_t)open));
		if (open < 0)
			return;
		text = sv_slice(text, (size_t)open + 1, text.n);
		size_t n = 0;
		while (n < text.n && ((text.p[n] >= 'a' && text.p[n] <= 'z') || text.p[n] == '_'))
			n++;
		if (n == 0 || n == text.n || text.p[n] != '}') {
			sb_ch(out, '{');
			continue;
		}
		put_member(out, jv_member(from, sv_slice(text, 0, n)), how);
		text = sv_slice(text, n + 1, text.n);
	}
}

/* ---- HTTP ---- */

struct posting {
	struct loop *loop;
	int err, status;
	bool over;
};

static void on_end(void *arg, int err, int status)
{
	struct posting *x = arg;
	x->err = err;
	x->status = status;
	x->over = true;
}

/* Our key; one that cannot be read is ours to mend: the message waits. */
static int put_key(const jv *o, struct sb *out, struct err *e)
{
	sv header = jv_get_str(o, "key_header");
	struct sb s;
	if (!jv_get_str(o, "key").n)
		return 0;
	sb_init(&s, 64u << 10);
	int rc = cfg_secret(jv_get_str(o, "key"), &s, e) ? ERR_UPSTREAM : 0;
	if (header.n)
		sb_fmt(out, SV_FMT ": %s\r\n", SV_ARG(header), sb_str(&s));
	else
		sb_fmt(out, "Authorization: Bearer %s\r\n", sb_str(&s));
	sb_done(&s);
	return rc;
}

/* Lines of headers; *how: by the content type. */
static int put_headers(const jv *o, struct sb *out, enum coding *how, struct err *e)
{
	void *it = NULL;
	bool typed = false;
	sv name;
	jv *v;
	*how = JSON;
	while (jv_next(jv_get(o, "headers"), &it, &name, &v)) {
		sv value = jv_as_str(v);
		sb_fmt(out, SV_FMT ": " SV_FMT "\r\n", SV_ARG(name), SV_ARG(value));
		if (!sv_eq_nocase(name, SV("content-type")))
			continue;
		typed = true;
		*how = sv_find(value, SV("json")) >= 0 ? JSON :
		       sv_find(value, SV("form")) >= 0 ? FORM : RAW;
	}
	if (!typed)
		sb_cstr(out, "Content-Type: application/json\r\n");
	int rc = put_key(o, out, e);
	return rc ? rc : sb_err(out);
}

static int verdict(const struct posting *x)
{
	if (x->err)
		return err_retryable(x->err) ? x->err : ERR_IO;
	if (x->status >= 200 && x->status <= 299)
		return 0;
	bool later = x->status < 400 || x->status >= 500 || x->status == 401 || x->status == 403 ||
		     x->status == 407 || x->status == 408 || x->status == 425 || x->status == 429;
	return later ? ERR_UPSTREAM : ERR_INVAL;
}

static int ask(const struct fetch_opts *o, struct err *e)
{
	struct posting x = { .loop = loop_new() };
	struct fetch_opts with = *o;
	struct fetch *f = fetch_new(x.loop);
	struct fetch_req *r;
	with.arg = &x;
	with.on_end = on_end;
	int rc = fetch_start(&r, f, &with, e);
	while (rc == 0 && !x.over)
		(void)loop_run_once(x.loop, 1000);
	fetch_free(f);
	loop_free(x.loop);
	return rc ? rc : verdict(&x);
}

static int post(const jv *o, sv id, const jv *message, struct err *e)
{
	struct sb heads, body;
	enum coding how;
	sb_init(&heads, 128u << 10);
	sb_init(&body, LIM_JSON_BYTES);
	int rc = put_headers(o, &heads, &how, e);
	sb_fmt(&heads, "Idempotency-Key: " SV_FMT "\r\n", SV_ARG(id));
	if (rc == 0)
		fill(jv_get_str(o, "body"), message, how, &body);
	char *url = xstrdup(jv_get_str(o, "url"));
	char *ca = jv_get_str(o, "ca_file").n ? xstrdup(jv_get_str(o, "ca_file")) : NULL;
	struct fetch_opts f = { .method = "POST", .url = url, .headers = sb_str(&heads),
				.body = sb_sv(&body), .connect_ms = POST_MS,
				.first_byte_ms = POST_MS, .stall_ms = POST_MS, .total_ms = POST_MS,
				.max_bytes = POST_BYTES, .ca_file = ca };
	if (rc == 0)
		rc = sb_err(&body) ? sb_err(&body) : ask(&f, e);
	xfree(url);
	xfree(ca);
	sb_done(&heads);
	sb_done(&body);
	return rc;
}

/* ---- mail ---- */

static int mail(const jv *o, sv id, const jv *message, struct err *e)
{
	struct sb secret;
	bool zh = !sv_starts(jv_get_str(message, "lang"), SV("en"));
	sv subject = jv_get_str(jv_get(o, "subject"), zh ? "zh" : "en");
	int rc = 0;
	sb_init(&secret, 64u << 10);
	if (jv_get_str(o, "password").n && cfg_secret(jv_get_str(o, "password"), &secret, e))
		rc = ERR_UPSTREAM;
	char *host = xstrdup(jv_get_str(o, "host")), *user = xstrdup(jv_get_str(o, "user"));
	char *from = xstrdup(jv_get_str(o, "from")), *ca = xstrdup(jv_get_str(o, "ca_file"));
	struct fetch_mail m = { .host = host, .port = (int)jv_get_int(o, "port", 587),
				.tls = (enum fetch_mail_tls)tls_of(o), .user = user,
				.password = sb_str(&secret), .from = from,
				.ca_file = ca[0] ? ca : NULL };
	struct fetch_letter l = { .id = id,
				  .to = jv_get_str(message, "to"),
				  .subject = subject.n ? subject :
					     zh        ? SV("服务通知") :
							 SV("A message about your request"),
				  .text = jv_get_str(message, "text") };
	if (rc == 0)
		rc = fetch_mail_send(&m, &l, e);
	xfree(host);
	xfree(user);
	xfree(from);
	xfree(ca);
	sb_done(&secret);
	return rc;
}

int tool_post_send(const struct tool_post *p, sv id, sv kind, const jv *message, struct err *e)
{
	const jv *o = part(p, kind);
	if (!o)
		return err_set(e, ERR_NOTFOUND, "nobody is configured to carry this");
	jv *with = jv_copy(message);
	jv_set_str(with, "id", id);
	int rc = sv_eq(kind, SV("email")) ? mail(o, id, with, e) : post(o, id, with, e);
	jv_free(with);
	return rc;
}
