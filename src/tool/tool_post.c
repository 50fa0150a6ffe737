/* tool_post.c: who carries messages out of the outbox: a mail server (SMTP) for "email", HTTP
 * providers for "sms" and "pay", as the configuration names them.
 *
 *	mail: {host: smtp.example.cn, port: 587, tls: starttls, user: shop,
 *	       password: env:MAIL_KEY, from: shop@example.cn, subject: {zh: .., en: ..}}
 *	sms: {url: https://.., key: env:SMS_KEY, key_header: X-Key, headers: {X-Shop: "1"},
 *	      body: '{"to": "{to}", "text": "{text}", "ref": "{id}"}'}
 *	pay: {url: .., key: .., body: '{"ref": "{refund}", "amount": {amount}}'}
 *
 * {names} of a body are members of the message, encoded as the body's type asks for: inside a
 * JSON string, or as part of a form. What a provider refuses for good (4xx) is given up at once,
 * anything else is asked again from the outbox, under the same id; so is what our configuration
 * makes impossible: that is ours to mend, not the customer's loss. Secrets are read when they
 * are needed. Blocks its thread: for workers; the configuration does not change, so any of them.
 */
#include "tool_far.h"

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

/* ---- the head of a request ---- */

enum coding { RAW, JSON, FORM };

/* Lines of headers; *how: by the content type. */
static void put_headers(const jv *o, struct sb *out, enum coding *how)
{
	void *it = NULL;
	sv name, type = SV_NULL;
	jv *v;
	far_head_lines(jv_get(o, "headers"), out);
	while (jv_next(jv_get(o, "headers"), &it, &name, &v))
		if (sv_eq_nocase(name, SV("content-type")))
			type = jv_as_str(v);
	if (!type.n)
		sb_cstr(out, "Content-Type: application/json\r\n");
	*how = !type.n || sv_find(type, SV("json")) >= 0 ? JSON :
	       sv_find(type, SV("form")) >= 0		 ? FORM : RAW;
}

/* ---- opening ---- */

/* By the client's own rules: a request is made up and dropped before it begins. */
static int check_request(const jv *o, const char *name, struct err *e)
{
	struct loop *loop = loop_new();
	struct fetch *f = fetch_new(loop);
	struct fetch_req *r = NULL;
	struct err why = { 0 };
	struct sb heads;
	enum coding how;
	char *url = xstrdup(jv_get_str(o, "url"));
	sv header = jv_get_str(o, "key_header");
	sb_init(&heads, 128u << 10);
	put_headers(o, &heads, &how);
	if (header.n)
		sb_fmt(&heads, SV_FMT ": x\r\n", SV_ARG(header));
	struct fetch_opts with = { .method = "POST", .url = url, .headers = sb_str(&heads) };
	int rc = sb_err(&heads) ? sb_err(&heads) : fetch_start(&r, f, &with, &why);
	if (rc == 0)
		fetch_cancel(r);
	fetch_free(f);
	loop_free(loop);
	xfree(url);
	sb_done(&heads);
	return rc ? err_set(e, ERR_INVAL, "%s: %s", name,
			    why.msg[0] ? why.msg : "the headers are too long") :
		    0;
}

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
	return check_request(o, name, e);
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
	if (jv_get_int(o, "port", 587) < 1 || jv_get_int(o, "port", 587) > 65535)
		return err_set(e, ERR_INVAL, "mail.port is 1 to 65535");
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

static int verdict(const struct posting *x)
{
	if (x->err)
		return err_retryable(x->err) ? x->err : ERR_IO;
	if (x->status >= 200 && x->status <= 299)
		return 0;
	return far_status_later(x->status) ? ERR_UPSTREAM : ERR_INVAL;
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
	/* a request that cannot even begin is not the message's fault */
	return rc == ERR_INVAL ? ERR_UPSTREAM : rc ? rc : verdict(&x);
}

static int post(const jv *o, sv id, const jv *message, struct err *e)
{
	struct sb heads, body;
	enum coding how;
	sb_init(&heads, 128u << 10);
	sb_init(&body, LIM_JSON_BYTES);
	sv key = jv_get_str(o, "key");
	put_headers(o, &heads, &how);
	int rc = key.n ? far_key_line(key, jv_get_str(o, "key_header"), &heads, e) : 0;
	sb_fmt(&heads, "Idempotency-Key: " SV_FMT "\r\n", SV_ARG(id));
	if (rc || sb_err(&heads))
		rc = ERR_UPSTREAM;           /* ours to mend: the message waits */
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
