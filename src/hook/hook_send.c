/* hook_send.c: sends what is due, a few at once, and writes down how it went before anything
 * else of it is done: 2xx has arrived; anything else is tried again, at growing distances for
 * three days, then given up. A webhook to which nothing has arrived for three days is put out
 * of use.
 *
 * Later events of a conversation wait for an earlier one's first tries, so that they mostly
 * arrive in order. No redirect is followed. Hook's thread; outcome_write on the scribe. */
#include "hook_int.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Standard Webhooks asks for tries over days at growing distances; these are 3 days and 3 hours. */
static const int waits_s[] = { 5,    30,    120,   600,	  1800, 7200,
			       18000, 36000, 50400, 72000, 86400 };
#define N_WAITS ((int)(sizeof(waits_s) / sizeof(*waits_s)))

int hook_sign(sv secret, sv id, int64_t seconds, sv body, char out[HOOK_SIGN])
{
	unsigned char key[HOOK_SECRET_BYTES + 8], mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state st;
	char head[64];
	size_t n = 0;
	sv b64 = sv_starts(secret, SV("whsec_")) ? sv_slice(secret, 6, secret.n) : secret;
	if (id.n > 30 || sodium_base642bin(key, sizeof(key), b64.p, b64.n, NULL, &n, NULL,
					   sodium_base64_VARIANT_ORIGINAL))
		return ERR_INVAL;
	int head_n = snprintf(head, sizeof(head), SV_FMT ".%lld.", SV_ARG(id), (long long)seconds);
	crypto_auth_hmacsha256_init(&st, key, n);
	crypto_auth_hmacsha256_update(&st, (unsigned char *)head, (size_t)head_n);
	crypto_auth_hmacsha256_update(&st, (const unsigned char *)body.p, body.n);
	crypto_auth_hmacsha256_final(&st, mac);
	sodium_memzero(key, sizeof(key));
	memcpy(out, "v1,", 3);
	sodium_bin2base64(out + 3, HOOK_SIGN - 3, mac, sizeof(mac),
			  sodium_base64_VARIANT_ORIGINAL);
	return 0;
}

int64_t hook_wait_ms(const struct hook *h, int tries)
{
	return tries < 1 || tries > N_WAITS ? 0 : (int64_t)waits_s[tries - 1] * h->o.second_ms;
}

/* ---- the outcome ---- */

static int delivery_write(struct store_db *db, const struct hook_outcome *x)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"UPDATE webhook_delivery SET state=?3, tries=?4, next_ms=?5, tried_ms=?6, "
		"took_ms=?7, status=?8, why=?9 WHERE webhook=?1 AND id=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(x->webhook));
	store_bind_sv(q, 2, sv_of(x->id));
	store_bind_sv(q, 3, x->ok ? SV("sent") : x->next_ms ? SV("waiting") : SV("dead"));
	store_bind_int(q, 4, x->tries);
	store_bind_int(q, 5, x->next_ms);
	store_bind_int(q, 6, x->now_ms);
	store_bind_int(q, 7, x->took_ms);
	store_bind_int(q, 8, x->status);
	store_bind_sv(q, 9, sv_of(x->why));
	return store_run(q);
}

static int webhook_write(struct store_db *db, const struct hook_outcome *x)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    x->ok ? "UPDATE webhook SET failing_ms=NULL, ok_ms=?2 WHERE id=?1" :
				    "UPDATE webhook SET failing_ms=coalesce(failing_ms,?2) WHERE "
				    "id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(x->webhook));
	store_bind_int(q, 2, x->now_ms);
	return store_run(q);
}

static int off_write(struct store_db *db, struct hook_outcome *x)
{
	struct store_stmt *q;
	struct sb body;
	const char *why = x->gone ? "gone" : "failing";
	int rc = store_prep(
		db, &q,
		"UPDATE webhook SET active=0, off_why=?2, version=version+1 WHERE id=?1 "
		"AND active=1 AND (?3 OR failing_ms<?4)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(x->webhook));
	store_bind_sv(q, 2, sv_of(why));
	store_bind_int(q, 3, x->gone);
	store_bind_int(q, 4, x->now_ms - HOOK_FAILING_MS);
	rc = store_run(q);
	if (rc || store_changes(db) == 0)
		return rc;
	x->disabled = true;
	sb_init(&body, LIM_SB);
	sb_cstr(&body, "{\"webhook\":");
	sb_json(&body, sv_of(x->webhook));
	hook_put(&body, "why", sv_of(why));
	sb_ch(&body, '}');
	const struct store_event ev = { .kind = SV("webhook.disabled"), .actor = SV("system"),
					.body = sb_sv(&body) };
	rc = store_event_put(db, &ev);
	sb_done(&body);
	return rc;
}

static int outcome_write(void *arg, struct store_db *db)
{
	struct hook_flight *f = arg;
	int rc = delivery_write(db, &f->out);
	if (rc == 0 && !f->out.test)
		rc = webhook_write(db, &f->out);
	return rc || f->out.ok || f->out.test ? rc : off_write(db, &f->out);
}

static void flight_free(struct hook_flight *f)
{
	struct hook_flight **p = &f->h->flights;
	while (*p != f)
		p = &(*p)->next;
	*p = f->next;
	f->h->n_flights--;
	sb_done(&f->body);
	xfree(f);
}

static void tell(struct hook *h, const struct hook_outcome *x)
{
	struct sb b;
	LOG(WARN, "webhook.disabled", "webhook=%s why=\"%s\"", x->webhook,
	    x->gone ? "the receiver says that it is gone" : "nothing has arrived for three days");
	if (!h->o.alert)
		return;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"kind\":\"webhook_disabled\",\"severity\":\"high\",\"webhook\":");
	sb_json(&b, sv_of(x->webhook));
	hook_put(&b, "text", sv_of(x->webhook));
	sb_ch(&b, '}');
	h->o.alert(h->o.arg, sb_sv(&b));
	sb_done(&b);
}

/* Not written: it is still waiting, and sent again. */
static void outcome_done(void *arg, int err)
{
	struct hook_flight *f = arg;
	metric_inc(f->out.ok ? M_HOOK_SENT : M_HOOK_FAILED);
	if (!err && !f->out.ok && !f->out.next_ms)
		metric_inc(M_HOOK_DEAD);
	if (!err && f->out.disabled && !f->h->ending)
		tell(f->h, &f->out);
	flight_free(f);
}

static int64_t next_of(struct hook_flight *f, int64_t now)
{
	int64_t wait = hook_wait_ms(f->h, f->tries);
	if (!wait || f->test)
		return 0;
	wait += (int64_t)((double)wait * 0.2 * (2 * rng_unit(&f->h->rng) - 1));
	int64_t asked = (int64_t)f->retry_after_s * f->h->o.second_ms;
	return now + (asked > wait ? asked : wait);
}

static void land(struct hook_flight *f, int err, int status, const char *why)
{
	struct hook_outcome *x = &f->out;
	int64_t now = clk_wall_ms();
	memcpy(x->webhook, f->webhook, sizeof(x->webhook));
	memcpy(x->id, f->id, sizeof(x->id));
	x->ok = err == 0 && status >= 200 && status < 300;
	x->gone = err == 0 && status == 410;
	x->test = f->test;
	x->status = status;
	x->tries = f->tries;
	x->now_ms = now;
	x->took_ms = now - f->began_ms;
	x->next_ms = x->ok ? 0 : next_of(f, now);
	if (!x->ok)
		snprintf(x->why, sizeof(x->why), "%s", why ? why : "refused by the receiver");
	int rc = store_write(f->h->o.store, outcome_write, f, f->h->mbox, outcome_done);
	if (rc)
		outcome_done(f, rc);
}

/* ---- sending ---- */

static bool flight_allow(void *arg, const char *addr, int port)
{
	const struct hook_flight *f = arg;
	return f->h->o.allow_private || !fetch_addr_private(addr);
}

static void on_head(void *arg, int status, struct fetch_req *r)
{
	struct hook_flight *f = arg;
	int64_t s;
	if ((status == 429 || status == 503) &&
	    sv_i64(fetch_header(r, "Retry-After"), &s) == 0 && s > 0)
		f->retry_after_s = s < HOOK_ASKED_S ? (int)s : HOOK_ASKED_S;
}

static int on_data(void *arg, sv piece)
{
	return 0;
}

static void on_end(void *arg, int err, int status)
{
	struct hook_flight *f = arg;
	char why[160] = "";
	if (err == ERR_DENIED)
		snprintf(why, sizeof(why), "its address lies in a private network");
	else if (err)
		snprintf(why, sizeof(why), "%s", fetch_error(f->req));
	f->req = NULL;
	land(f, err, status, why[0] ? why : NULL);
}

static int headers_of(struct hook_flight *f, sv secret)
{
	char sign[HOOK_SIGN];
	int64_t now = clk_wall_ms() / 1000;
	int rc = hook_sign(secret, sv_of(f->id), now, sb_sv(&f->body), sign);
	if (rc)
		return rc;
	snprintf(f->headers, sizeof(f->headers),
		 "Content-Type: application/json\r\nUser-Agent: callm/" CALLM_VERSION "\r\n"
		 "webhook-id: %s\r\nwebhook-timestamp: %lld\r\nwebhook-signature: %s\r\n",
		 f->id, (long long)now, sign);
	return 0;
}

static void start(struct hook_flight *f, sv secret)
{
	struct err e = { 0 };
	int rc = headers_of(f, secret);
	const struct fetch_opts o = {
		.method = "POST", .url = f->url, .headers = f->headers,
		.body = sb_sv(&f->body), .first_byte_ms = 15000, .stall_ms = 15000,
		.total_ms = 20000, .max_bytes = 64 << 10, .ca_file = f->h->o.ca_file,
		.allow_addr = flight_allow, .on_head = on_head, .on_data = on_data,
		.on_end = on_end, .arg = f,
	};
	if (rc == 0)
		rc = fetch_start(&f->req, f->h->fetch, &o, &e);
	if (rc)
		land(f, rc, 0, e.msg[0] ? e.msg : "the secret cannot be read");
}

/* Columns: webhook, id, pos, conversation, tries, body, url, secret, unmasked, kind. */
static void take(struct hook *h, struct store_db *db, struct store_stmt *q, struct sb *secret)
{
	struct hook_flight *f = xalloc(sizeof(*f));
	*f = (struct hook_flight){ .h = h, .began_ms = clk_wall_ms(), .next = h->flights };
	h->flights = f;
	h->n_flights++;
	sb_init(&f->body, LIM_JSON_BYTES);
	snprintf(f->webhook, sizeof(f->webhook), SV_FMT, SV_ARG(store_col_sv(q, 0)));
	snprintf(f->id, sizeof(f->id), SV_FMT, SV_ARG(store_col_sv(q, 1)));
	snprintf(f->conversation, sizeof(f->conversation), SV_FMT, SV_ARG(store_col_sv(q, 3)));
	snprintf(f->url, sizeof(f->url), SV_FMT, SV_ARG(store_col_sv(q, 6)));
	f->tries = (int)store_col_int(q, 4) + 1;
	f->test = sv_eq(store_col_sv(q, 9), SV("webhook.test"));
	sb_reset(secret);
	int rc = hook_secret(h->key, sv_of(f->webhook), store_col_sv(q, 7), secret);
	if (store_col_sv(q, 5).n)
		sb_put(&f->body, store_col_sv(q, 5));
	else if (rc == 0)
		rc = hook_body(db, store_col_int(q, 2), h->o.pii_key, !store_col_int(q, 8),
			       &f->body);
	if (rc || sb_err(&f->body))
		land(f, rc ? rc : ERR_TOOBIG, 0, "the event or the secret cannot be read");
	else
		start(f, sb_sv(secret));
}

/* One of a conversation at a time. */
static bool may_start(const struct hook *h, sv webhook, sv id, sv conversation)
{
	for (const struct hook_flight *f = h->flights; f; f = f->next)
		if (sv_eq(webhook, sv_of(f->webhook)) &&
		    (sv_eq(id, sv_of(f->id)) ||
		     (conversation.n && sv_eq(conversation, sv_of(f->conversation)))))
			return false;
	return true;
}

static int flying(const struct hook *h, const char *webhook)
{
	int n = 0;
	for (const struct hook_flight *f = h->flights; f; f = f->next)
		n += strcmp(webhook, f->webhook) == 0;
	return n;
}

static const char due_sql[] =
	"SELECT d.webhook, d.id, d.pos, d.conversation, d.tries, d.body, w.url, w.secret, "
	"w.unmasked, d.kind FROM webhook w JOIN webhook_delivery d ON d.webhook=w.id WHERE "
	"w.id=?3 AND d.state='waiting' AND d.next_ms<=?1 AND (w.active=1 OR "
	"d.kind='webhook.test') AND (d.conversation='' OR NOT EXISTS "
	"(SELECT 1 FROM webhook_delivery p WHERE p.webhook=d.webhook AND "
	"p.conversation=d.conversation AND p.state='waiting' AND p.pos<d.pos AND p.tries<?2)) "
	"ORDER BY d.next_ms, d.pos LIMIT 64";

/* What is due for one webhook, until `most` are under way to it. */
static void send_one(struct hook *h, struct store_db *db, const char *webhook, int most)
{
	struct store_stmt *q;
	struct sb secret;
	int n = flying(h, webhook);
	if (n >= most || store_prep(db, &q, due_sql))
		return;
	store_bind_int(q, 1, clk_wall_ms());
	store_bind_int(q, 2, HOOK_IN_ORDER);
	store_bind_sv(q, 3, sv_of(webhook));
	sb_init(&secret, 256);
	while (n < most && h->n_flights < HOOK_FLIGHTS && store_step(q) == 1)
		if (may_start(h, store_col_sv(q, 0), store_col_sv(q, 1), store_col_sv(q, 3))) {
			take(h, db, q, &secret);
			n++;
		}
	store_reset(q);
	if (secret.p)
		sodium_memzero(secret.p, secret.n);
	sb_done(&secret);
}

/* Those to which something is due, from the one behind h->turn on and round; their number. */
static int due_webhooks(struct hook *h, struct store_db *db, char ids[][27])
{
	struct store_stmt *q;
	int n = 0;
	if (store_prep(db, &q,
		       "SELECT w.id FROM webhook w WHERE EXISTS (SELECT 1 FROM webhook_delivery d "
		       "WHERE d.webhook=w.id AND d.state='waiting' AND d.next_ms<=?1 AND "
		       "(w.active=1 OR d.kind='webhook.test')) ORDER BY w.id<=?2, w.id LIMIT ?3"))
		return 0;
	store_bind_int(q, 1, clk_wall_ms());
	store_bind_sv(q, 2, sv_of(h->turn));
	store_bind_int(q, 3, HOOK_MAX);
	while (n < HOOK_MAX && store_step(q) == 1)
		snprintf(ids[n++], 27, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return n;
}

/* In turn, and first one to each: a receiver that is slow keeps only its own events waiting. */
void hook_send(struct hook *h, struct store_db *db)
{
	char ids[HOOK_MAX][27];
	if (h->n_flights >= HOOK_FLIGHTS)
		return;
	int n = due_webhooks(h, db, ids);
	for (int most = 1; most <= HOOK_FLIGHTS_EACH; most++)
		for (int i = 0; i < n && h->n_flights < HOOK_FLIGHTS; i++) {
			int before = h->n_flights;
			send_one(h, db, ids[i], most);
			if (h->n_flights > before)
				memcpy(h->turn, ids[i], sizeof(h->turn));
		}
}

/* Those with the scribe come back to the mailbox. */
void hook_send_stop(struct hook *h)
{
	struct hook_flight *next;
	for (struct hook_flight *f = h->flights; f; f = next) {
		next = f->next;
		if (!f->req)
			continue;
		fetch_cancel(f->req);
		flight_free(f);
	}
}
