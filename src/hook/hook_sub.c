/* hook_sub.c: webhooks made, changed and deleted, test events, deliveries once more. Every
 * change is a row of the river, without the secret. On the scribe's thread, but hook_bad. */
#include "hook_int.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* ---- what it may be ---- */

static bool kind_ok(sv kind)
{
	if (!kind.n || kind.n > 60)
		return false;
	for (size_t i = 0; i < kind.n; i++) {
		char c = kind.p[i];
		bool star = c == '*' && i + 1 == kind.n;
		if (!star && !((c >= 'a' && c <= 'z') || c == '_' || c == '.'))
			return false;
	}
	return true;
}

static const char *url_bad(sv url, bool allow_private)
{
	sv rest = url, host;
	bool tls = sv_starts(url, SV("https://"));
	if (!tls && !sv_starts(url, SV("http://")))
		return "url begins with https://.";
	if (!tls && !allow_private)
		return "url begins with https://; http:// needs webhooks.private_addresses in the "
		       "configuration.";
	rest = sv_slice(url, tls ? 8 : 7, url.n);
	sv_cut(&rest, '/', &host);
	if (!host.n || url.n > 1000 || sv_find_ch(host, '@') >= 0)
		return "url is an address of at most 1000 bytes, without a name and password.";
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= 32 || (unsigned char)url.p[i] == 127)
			return "url has no blanks.";
	return NULL;
}

const char *hook_bad(const struct hook_edit *x, bool allow_private)
{
	sv rest = x->events, one;
	const char *why = x->url.p ? url_bad(x->url, allow_private) : NULL;
	if (why)
		return why;
	if (x->events.p && (!x->events.n || x->events.n > 1000))
		return "events are 1 to 50 kinds such as handover.* or interaction.ended.";
	while (sv_cut(&rest, ' ', &one))
		if (!kind_ok(one))
			return "events are kinds of small letters, dots and _, with * at the end "
			       "at most: handover.*, interaction.ended, *.";
	if (x->note.n > 200)
		return "note has at most 200 bytes.";
	return NULL;
}

/* ---- the secret ---- */

static void secret_context(sv webhook, char out[48])
{
	snprintf(out, 48, "webhook/" SV_FMT, SV_ARG(webhook));
}

int hook_secret(const unsigned char *key, sv webhook, sv sealed, struct sb *out)
{
	char context[48];
	secret_context(webhook, context);
	return guard_unseal(key, sealed, sv_of(context), out);
}

static int secret_new(const unsigned char *key, struct hook_edit *x, struct sb *sealed)
{
	unsigned char raw[HOOK_SECRET_BYTES];
	char context[48];
	rng_secure(raw, sizeof(raw));
	memcpy(x->secret, "whsec_", 6);
	sodium_bin2base64(x->secret + 6, HOOK_SECRET - 6, raw, sizeof(raw),
			  sodium_base64_VARIANT_ORIGINAL);
	sodium_memzero(raw, sizeof(raw));
	secret_context(sv_of(x->id), context);
	return guard_seal(key, sv_of(x->secret), sv_of(context), sealed);
}

/* ---- changes ---- */

/* Without its path and query, which may hold a key: other webhooks may get the row. */
static sv host_of(sv url)
{
	ptrdiff_t at = sv_find(url, SV("://"));
	sv host = at < 0 ? url : sv_slice(url, (size_t)at + 3, url.n);
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] == '/' || host.p[i] == '?' || host.p[i] == '#')
			host.n = i;
	at = sv_find_ch(host, '@');
	return at < 0 ? host : sv_slice(host, (size_t)at + 1, host.n);
}

static int note(struct store_db *db, const char *kind, sv id, sv by, const struct hook_edit *x)
{
	struct sb b;
	char actor[80];
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"webhook\":");
	sb_json(&b, id);
	if (x && x->url.n)
		hook_put(&b, "host", host_of(x->url));
	if (x && x->events.n)
		hook_put(&b, "events", x->events);
	if (x && x->active >= 0)
		sb_fmt(&b, ",\"active\":%s", x->active ? "true" : "false");
	if (x && x->unmasked >= 0)
		sb_fmt(&b, ",\"unmasked\":%s", x->unmasked ? "true" : "false");
	if (x && x->new_secret)
		sb_cstr(&b, ",\"secret\":\"new\"");
	sb_ch(&b, '}');
	snprintf(actor, sizeof(actor), "user:" SV_FMT, SV_ARG(by));
	const struct store_event ev = { .kind = sv_of(kind), .actor = sv_of(actor),
					.body = sb_sv(&b) };
	int rc = store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

int hook_number(struct store_db *db, const char *sql, int64_t *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	rc = store_step(q);
	if (rc >= 0)
		*ret = rc == 1 ? store_col_int(q, 0) : 0;
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int insert(struct store_db *db, const struct hook_edit *x, sv sealed)
{
	struct store_stmt *q;
	int64_t pos = 0;
	int rc = hook_number(db, "SELECT max(pos) FROM event", &pos);
	if (rc == 0)
		rc = store_prep(
			db, &q,
			"INSERT INTO webhook (id, url, events, secret, unmasked, active, note, "
			"pos, made_by, made_ms, updated_ms) VALUES "
			"(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?10)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(x->id));
	store_bind_sv(q, 2, x->url);
	store_bind_sv(q, 3, x->events);
	store_bind_sv(q, 4, sealed);
	store_bind_int(q, 5, x->unmasked > 0);
	store_bind_int(q, 6, x->active != 0);
	store_bind_sv(q, 7, x->note.n ? x->note : SV(""));
	store_bind_int(q, 8, pos);
	store_bind_sv(q, 9, x->by);
	store_bind_int(q, 10, clk_wall_ms());
	return store_run(q);
}

int64_t hook_make(struct store_db *db, const unsigned char *key, struct hook_edit *x)
{
	struct sb sealed;
	int64_t n = 0;
	if (x->unmasked > 0 && !x->may_unmask)
		return ERR_DENIED;
	int rc = hook_number(db, "SELECT count(*) FROM webhook", &n);
	if (rc == 0 && n >= HOOK_MAX)
		rc = ERR_FULL;
	if (rc)
		return rc;
	id_new(x->id);
	sb_init(&sealed, 1024);
	rc = secret_new(key, x, &sealed);
	if (rc == 0)
		rc = insert(db, x, sb_sv(&sealed));
	sb_done(&sealed);
	if (rc == 0)
		rc = note(db, "webhook.made", sv_of(x->id), x->by, x);
	return rc ? rc : 1;
}

static int update(struct store_db *db, const struct hook_edit *x, sv sealed)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"UPDATE webhook SET url=coalesce(?2,url), events=coalesce(?3,events), "
		"note=coalesce(?4,note), secret=coalesce(?5,secret), "
		"unmasked=CASE WHEN ?6<0 THEN unmasked ELSE ?6 END, "
		"active=CASE WHEN ?7<0 THEN active ELSE ?7 END, "
		"off_why=CASE WHEN ?7<0 THEN off_why ELSE '' END, "
		"failing_ms=CASE WHEN ?7<0 AND ?2 IS NULL THEN failing_ms ELSE NULL END, "
		"version=version+1, updated_ms=?8 WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(x->id));
	store_bind_sv(q, 2, x->url);
	store_bind_sv(q, 3, x->events);
	store_bind_sv(q, 4, x->note);
	store_bind_sv(q, 5, sealed);
	store_bind_int(q, 6, x->unmasked);
	store_bind_int(q, 7, x->active);
	store_bind_int(q, 8, clk_wall_ms());
	return store_run(q);
}

static int64_t version_of(struct store_db *db, sv id, bool *ret_unmasked)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT version, unmasked FROM webhook WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	int64_t v = rc == 1 ? store_col_int(q, 0) : rc < 0 ? rc : ERR_NOTFOUND;
	*ret_unmasked = rc == 1 && store_col_int(q, 1) != 0;
	store_reset(q);
	return v;
}

/* Would personal data go out by what this says? */
static bool unmasks(const struct hook_edit *x, bool unmasked)
{
	return x->unmasked > 0 || (unmasked && x->unmasked < 0 &&
				   (x->url.p || x->events.p || x->new_secret));
}

/* What waits is tried at once: somebody has mended something. */
static int hurry(struct store_db *db, sv id)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE webhook_delivery SET next_ms=?2 WHERE webhook=?1 AND "
			    "state='waiting' AND next_ms>?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_int(q, 2, clk_wall_ms());
	return store_run(q);
}

int64_t hook_change(struct store_db *db, const unsigned char *key, struct hook_edit *x)
{
	struct sb sealed;
	bool unmasked;
	int64_t version = version_of(db, sv_of(x->id), &unmasked);
	if (version < 0)
		return version;
	if (x->version && x->version != version)
		return ERR_STATE;
	if (unmasks(x, unmasked) && !x->may_unmask)
		return ERR_DENIED;
	sb_init(&sealed, 1024);
	int rc = x->new_secret ? secret_new(key, x, &sealed) : 0;
	if (rc == 0)
		rc = update(db, x, x->new_secret ? sb_sv(&sealed) : SV_NULL);
	sb_done(&sealed);
	if (rc == 0 && (x->active == 1 || x->url.p))
		rc = hurry(db, sv_of(x->id));
	if (rc == 0)
		rc = note(db, "webhook.changed", sv_of(x->id), x->by, x);
	return rc ? rc : version + 1;
}

int hook_delete(struct store_db *db, sv id, sv by)
{
	int rc = store_run_sv(db, "DELETE FROM webhook WHERE id=?1", id);
	if (rc == 0 && store_changes(db) == 0)
		rc = ERR_NOTFOUND;
	if (rc == 0)
		rc = store_run_sv(db, "DELETE FROM webhook_delivery WHERE webhook=?1", id);
	return rc ? rc : note(db, "webhook.deleted", id, by, NULL);
}

/* ---- deliveries ---- */

int hook_test(struct store_db *db, sv id, char out[27])
{
	struct store_stmt *q;
	struct sb b;
	bool unmasked;
	int64_t pos = 0, version = version_of(db, id, &unmasked);
	int rc = version < 0 ? (int)version : hook_number(db, "SELECT max(pos) FROM event", &pos);
	if (rc == 0)
		rc = store_prep(db, &q,
				"INSERT INTO webhook_delivery (webhook, id, pos, kind, next_ms, "
				"made_ms, body) VALUES (?1,?2,?3,'webhook.test',?4,?4,?5)");
	if (rc)
		return rc;
	id_new(out);
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"type\":\"webhook.test\",\"id\":");
	sb_json(&b, sv_of(out));
	hook_put_ms(&b, "timestamp", clk_wall_ms());
	sb_cstr(&b, ",\"masked\":true,\"data\":{\"webhook\":");
	sb_json(&b, id);
	sb_cstr(&b, "}}");
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, sv_of(out));
	store_bind_int(q, 3, pos);
	store_bind_int(q, 4, clk_wall_ms());
	store_bind_sv(q, 5, sb_sv(&b));
	rc = store_run(q);
	sb_done(&b);
	return rc;
}

int hook_again(struct store_db *db, sv id, sv delivery)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT state FROM webhook_delivery WHERE webhook=?1 AND id=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, delivery);
	rc = store_step(q);
	bool waits = rc == 1 && sv_eq(store_col_sv(q, 0), SV("waiting"));
	store_reset(q);
	if (rc != 1 || waits)
		return rc < 0 ? rc : waits ? ERR_STATE : ERR_NOTFOUND;
	rc = store_prep(db, &q,
			"UPDATE webhook_delivery SET state='waiting', tries=0, next_ms=?3 WHERE "
			"webhook=?1 AND id=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, delivery);
	store_bind_int(q, 3, clk_wall_ms());
	return store_run(q);
}
