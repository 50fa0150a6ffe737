/* cust_consent.c: what a customer allows: by channel and purpose, with where the word came
 * from. A joined person's newest word counts, whichever of the ids it was given for. Each word
 * is a row of the river too. Writers on the scribe. */
#include "cust_int.h"

#include <stdio.h>

static bool known(sv s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sv_eq(s, sv_of(words[i])))
			return true;
	return false;
}

int cust_consent_put(struct store_db *db, sv id, sv channel, sv purpose, bool yes, sv source, sv by,
		     int64_t now_ms)
{
	static const char *const channels[] = { "phone", "sms", "email", "chat" };
	static const char *const purposes[] = { "service", "marketing", "recording" };
	struct store_stmt *q;
	char body[160];
	if (!known(channel, channels, 4) || !known(purpose, purposes, 3) || source.n > 200)
		return ERR_INVAL;
	int rc = cust_alive(db, id);
	if (rc == 0)
		rc = store_prep(
			db, &q,
			"INSERT INTO cust_consent (customer, channel, purpose, yes, source, "
			"by_actor, at_ms) VALUES (?1,?2,?3,?4,?5,?6,?7) ON CONFLICT "
			"(customer, channel, purpose) DO UPDATE SET yes=?4, source=?5, "
			"by_actor=?6, at_ms=?7");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, channel);
	store_bind_sv(q, 3, purpose);
	store_bind_int(q, 4, yes);
	store_bind_sv(q, 5, source.n ? source : SV(""));
	store_bind_sv(q, 6, by);
	store_bind_int(q, 7, now_ms);
	rc = store_run(q);
	if (rc == 0)
		rc = cust_touch(db, id, now_ms);
	snprintf(body, sizeof(body), "{\"channel\":\"" SV_FMT "\",\"purpose\":\"" SV_FMT "\"}",
		 SV_ARG(channel), SV_ARG(purpose));
	return rc ? rc :
		    cust_event(db, id, yes ? "consent.given" : "consent.refused", by, sv_of(body),
			       now_ms);
}

int cust_consent(struct store_db *db, sv id, sv channel, sv purpose)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    CUST_GROUP_SQL
			    "SELECT c.yes FROM g JOIN cust_consent c ON c.customer=g.id WHERE "
			    "c.channel=?2 AND c.purpose=?3 ORDER BY c.at_ms DESC, c.yes LIMIT 1");
	if (rc)
		return -1;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, channel);
	store_bind_sv(q, 3, purpose);
	rc = store_step(q) == 1 ? (int)store_col_int(q, 0) : -1;
	store_reset(q);
	return rc;
}

int cust_consents(struct store_db *db, sv id, struct sb *out)
{
	struct store_stmt *q;
	char when[32];
	int n = 0,
	    rc = store_prep(
		    db, &q,
		    CUST_GROUP_SQL
		    "SELECT c.channel, c.purpose, c.yes, c.at_ms, c.source FROM g JOIN "
		    "cust_consent c ON c.customer=g.id WHERE NOT EXISTS (SELECT 1 FROM "
		    "g h JOIN cust_consent d ON d.customer=h.id WHERE "
		    "d.channel=c.channel AND d.purpose=c.purpose AND (d.at_ms>c.at_ms OR "
		    "(d.at_ms=c.at_ms AND d.customer<c.customer))) ORDER BY c.channel, "
		    "c.purpose");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	sb_ch(out, '[');
	while ((rc = store_step(q)) == 1) {
		clk_rfc3339(store_col_int(q, 3), when);
		sb_cstr(out, n++ ? ",{\"channel\":" : "{\"channel\":");
		sb_json(out, store_col_sv(q, 0));
		sb_cstr(out, ",\"purpose\":");
		sb_json(out, store_col_sv(q, 1));
		sb_fmt(out, ",\"yes\":%s,\"at\":\"%s\",\"source\":",
		       store_col_int(q, 2) ? "true" : "false", when);
		sb_json(out, store_col_sv(q, 4));
		sb_ch(out, '}');
	}
	store_reset(q);
	sb_ch(out, ']');
	return rc;
}
