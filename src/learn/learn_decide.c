/* learn_decide.c: somebody's yes, change or no to a draft. On the scribe, in one savepoint.
 *
 * Yes writes the article as its next version (kb_put), to all or to a share of the conversations,
 * and closes the gap; no keeps the reason. Every decision is a row of the river ("kb.draft"). What
 * was looked at must still be what is there: the draft's version, and of an edit the article's.
 * Who made a draft by hand does not say yes to it.
 */
#include "learn_int.h"

#include <stdio.h>

struct row {                     /* of draft */
	struct arena a;
	sv gap, lang, kind, state, article_id, title, body, aliases, category;
	sv proposer;             /* who made it by hand (learn_propose.c), or "" */
	int64_t version, base;
};

static sv proposer_of(struct arena *a, sv evidence)
{
	jv *all = jv_parse(evidence, NULL);
	const jv *last = jv_len(all) ? jv_at(all, jv_len(all) - 1) : NULL;
	sv by = jv_get_str(last, "proposed_by");
	sv out = by.n ? arena_sv(a, by) : SV("");
	jv_free(all);
	return out;
}

static int load(struct store_db *db, sv id, struct row *r)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT gap, lang, kind, state, article_id, title, body_md, aliases, "
			    "category, version, base_version, evidence FROM draft WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1) {
		sv *const to[] = { &r->gap, &r->lang, &r->kind, &r->state, &r->article_id,
				   &r->title, &r->body, &r->aliases, &r->category };
		for (int i = 0; i < 9; i++)
			*to[i] = arena_sv(&r->a, store_col_sv(q, i));
		r->version = store_col_int(q, 9);
		r->base = store_col_int(q, 10);
		r->proposer = proposer_of(&r->a, store_col_sv(q, 11));
	}
	store_reset(q);
	return rc == 1 ? 0 : rc < 0 ? rc : ERR_NOTFOUND;
}

static int refuse(struct learn_decision *d, int rc, const char *why)
{
	d->why = why;
	return rc;
}

static int put_event(struct store_db *db, const struct learn_decision *d, const struct row *r)
{
	static const char *const verbs[] = { "approve", "edit", "reject" };
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"draft\":");
	sb_json(&b, d->draft);
	sb_cstr(&b, ",\"gap\":");
	sb_json(&b, r->gap);
	sb_fmt(&b, ",\"verb\":\"%s\",\"version\":%lld", verbs[d->verb], (long long)r->version);
	if (d->article_id[0]) {
		sb_cstr(&b, ",\"article_id\":");
		sb_json(&b, sv_of(d->article_id));
		sb_fmt(&b, ",\"article_version\":%d,\"canary\":%d", d->article_version, d->canary);
	}
	sb_cstr(&b, ",\"reason\":");
	sb_json(&b, d->reason);
	sb_ch(&b, '}');
	const struct store_event ev = { .kind = SV("kb.draft"), .actor = d->by,
					.body = sb_sv(&b), .ts_ms = d->now_ms };
	int rc = store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

static int set_states(struct store_db *db, const struct learn_decision *d, const struct row *r,
		      const char *draft, const char *gap)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE draft SET state=?2, decided_ms=?3, by_login=?4, reason=?5, "
			    "updated_ms=?3 WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, d->draft);
	store_bind_sv(q, 2, sv_of(draft));
	store_bind_int(q, 3, d->now_ms);
	store_bind_sv(q, 4, d->by);
	store_bind_sv(q, 5, d->reason.p ? d->reason : SV(""));
	rc = store_run(q);
	if (rc)
		return rc;
	rc = store_prep(db, &q,
			"UPDATE gap SET state=?2, decided_size=size, decided_ms=?3, updated_ms=?3 "
			"WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, r->gap);
	store_bind_sv(q, 2, sv_of(gap));
	store_bind_int(q, 3, d->now_ms);
	return store_run(q);
}

/* ---- yes ---- */

struct base {                    /* the article that is edited */
	sv group, source, audience;
	int64_t version, from_ms, to_ms;
};

static int load_base(struct store_db *db, struct row *r, struct base *b)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT version, group_id, source, coalesce(valid_from_ms, 0), "
			    "coalesce(valid_to_ms, 0), audience FROM article WHERE id=?1 AND "
			    "lang=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, r->article_id);
	store_bind_sv(q, 2, r->lang);
	rc = store_step(q);
	if (rc == 1) {
		b->version = store_col_int(q, 0);
		b->group = arena_sv(&r->a, store_col_sv(q, 1));
		b->source = arena_sv(&r->a, store_col_sv(q, 2));
		b->from_ms = store_col_int(q, 3);
		b->to_ms = store_col_int(q, 4);
		b->audience = arena_sv(&r->a, store_col_sv(q, 5));
	}
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}

void learn_article_id(const char *gap, sv lang, char out[128])
{
	(void)snprintf(out, 128, "learned-%.26s." SV_FMT, gap, SV_ARG(lang));
	for (char *c = out; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
}

static int set_canary(struct store_db *db, const struct learn_decision *d, const struct row *r)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO kb_canary (id, lang, version, share, gap, since_ms) "
			    "VALUES (?1,?2,?3,?4,?5,?6) ON CONFLICT (id, lang, version) DO UPDATE "
			    "SET share=excluded.share, state='waiting', "
			    "since_ms=excluded.since_ms");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(d->article_id));
	store_bind_sv(q, 2, r->lang);
	store_bind_int(q, 3, d->article_version);
	store_bind_int(q, 4, d->canary);
	store_bind_sv(q, 5, r->gap);
	store_bind_int(q, 6, d->now_ms);
	return store_run(q);
}

/* What a yes writes; texts in the row's arena. */
static struct kb_article article_of(sv draft, struct row *r, const struct base *b)
{
	bool edit = sv_eq(r->kind, SV("edit"));
	char made[128];
	learn_article_id(arena_cstr(&r->a, r->gap), r->lang, made);
	sv id = edit ? r->article_id : arena_sv(&r->a, sv_of(made));
	return (struct kb_article){
		.id = id, .group_id = edit ? b->group : sv_slice(id, 0, id.n - r->lang.n - 1),
		.lang = r->lang, .title = r->title, .body_md = r->body, .category = r->category,
		.aliases = r->aliases,
		.source = edit ? b->source :
				 sv_of(arena_fmt(&r->a, "draft:" SV_FMT, SV_ARG(draft))),
		.audience = b->audience, .valid_from_ms = b->from_ms, .valid_to_ms = b->to_ms,
		.version = (int)b->version + 1,
	};
}

/* Could a yes be said to it now? Of an edit the base is loaded. */
static int still(struct store_db *db, struct row *r, struct base *b, const char **ret_why)
{
	*ret_why = "the draft is decided already";
	if (!sv_eq(r->state, SV("open")) && !sv_eq(r->state, SV("blocked")))
		return ERR_STATE;
	if (!sv_eq(r->kind, SV("edit")))
		return 0;
	int rc = load_base(db, r, b);
	*ret_why = rc == ERR_NOTFOUND ? "the article it changes is gone" : err_text(rc);
	if (rc)
		return rc == ERR_NOTFOUND ? ERR_CONFLICT : rc;
	*ret_why = "the article it changes has changed meanwhile";
	return b->version != r->base ? ERR_CONFLICT : 0;
}

int learn_draft_article(struct store_db *db, sv draft, struct arena *a, struct kb_article *ret,
			int64_t *ret_version, const char **ret_why)
{
	struct base b = { 0 };
	struct row r = { 0 };
	arena_init(&r.a, LIM_ARENA_TURN);
	int rc = load(db, draft, &r);
	*ret_why = rc == ERR_NOTFOUND ? "the draft is gone" : err_text(rc);
	if (rc == 0)
		rc = still(db, &r, &b, ret_why);
	if (rc == 0) {
		struct kb_article x = article_of(draft, &r, &b);
		sv *const text[] = { &x.id, &x.group_id, &x.lang, &x.title, &x.body_md,
				     &x.category, &x.aliases, &x.source, &x.audience };
		for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++)
			*text[i] = arena_sv(a, *text[i]);
		*ret = x;
		*ret_version = r.version;
	}
	arena_done(&r.a);
	return rc;
}

static int approve(struct store_db *db, struct learn_decision *d, struct row *r)
{
	struct base b = { 0 };
	bool edit = sv_eq(r->kind, SV("edit")), changed = false;
	if (sv_eq(r->state, SV("blocked")))
		return refuse(d, ERR_STATE, "A gate stands against it: change the text first.");
	if (r->proposer.n && sv_eq(r->proposer, d->by))
		return refuse(d, ERR_DENIED,
			      "You proposed it yourself: somebody else who may decide about drafts "
			      "(gap.decide: a supervisor, an administrator) approves it.");
	if (d->canary < 0 || d->canary > 99)
		return refuse(d, ERR_INVAL, "canary is a share of 0 to 99 per cent.");
	int rc = edit ? load_base(db, r, &b) : 0;
	if (rc)
		return rc == ERR_NOTFOUND ? refuse(d, ERR_CONFLICT, "The article is gone.") : rc;
	if (edit && b.version != r->base)
		return refuse(d, ERR_CONFLICT, "The article has changed meanwhile: look again.");
	struct kb_article art = article_of(d->draft, r, &b);
	art.by = d->by;
	art.canary = d->canary;
	(void)snprintf(d->article_id, sizeof(d->article_id), SV_FMT, SV_ARG(art.id));
	(void)snprintf(d->lang, sizeof(d->lang), SV_FMT, SV_ARG(r->lang));
	rc = kb_put(db, &art, d->now_ms, &changed);
	r->article_id = art.id;
	if (!rc)
		rc = load_base(db, r, &b);
	d->article_version = (int)b.version;
	if (!rc && d->canary && changed)
		rc = set_canary(db, d, r);
	return rc ? rc : set_states(db, d, r, "approved", "closed");
}

/* ---- change ---- */

static int edit(struct store_db *db, struct learn_decision *d, struct row *r)
{
	struct store_stmt *q;
	const sv text[] = { d->title.n ? d->title : r->title, d->body_md.n ? d->body_md : r->body,
			    d->aliases.p ? d->aliases : r->aliases,
			    d->category.n ? d->category : r->category };
	for (int i = 0; i < 4; i++)
		if (text[i].n > LEARN_TEXT_MAX || !sv_utf8_ok(text[i]))
			return refuse(d, ERR_INVAL, "A text is too long, or not UTF-8.");
	int rc = store_prep(db, &q,
			    "UPDATE draft SET title=?2, body_md=?3, aliases=?4, category=?5, "
			    "version=version+1, state=?6, gates=?7, updated_ms=?8, by_login=?9 "
			    "WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, d->draft);
	for (int i = 0; i < 4; i++)
		store_bind_sv(q, i + 2, text[i]);
	store_bind_sv(q, 6, d->blocked ? SV("blocked") : SV("open"));
	store_bind_sv(q, 7, d->gates.n ? d->gates : SV("[]"));
	store_bind_int(q, 8, d->now_ms);
	store_bind_sv(q, 9, d->by);
	rc = store_run(q);
	r->version++;
	return rc;
}

int learn_recheck(struct store_db *db, struct learn_decision *d, struct arena *a)
{
	struct row r = { 0 };
	struct learn_lang l = { 0 };
	struct arena tmp;
	struct sb b;
	arena_init(&r.a, LIM_ARENA_TURN);
	arena_init(&tmp, LIM_ARENA_BIG);
	int rc = load(db, d->draft, &r);
	if (rc == 0) {
		l.sense = kb_sense_new(r.lang);
		rc = learn_facts_load(db, r.lang, l.sense, &tmp, &l.facts);
	}
	if (rc == 0) {
		const struct kb_article art = { .id = r.article_id, .lang = r.lang,
						.title = d->title.n ? d->title : r.title,
						.body_md = d->body_md.n ? d->body_md : r.body };
		jv *gates = jv_arr();
		d->blocked = learn_check_text(&l, &art, gates);
		sb_init(&b, LIM_JSON_BYTES);
		jv_dump(gates, &b);
		jv_free(gates);
		d->gates = arena_sv(a, sb_sv(&b));
		sb_done(&b);
	}
	kb_facts_free(l.facts);
	kb_sense_free(l.sense);
	arena_done(&tmp);
	arena_done(&r.a);
	return rc;
}

/* ---- one of them ---- */

int learn_decide(struct store_db *db, struct learn_decision *d)
{
	struct row r = { 0 };
	d->now_ms = d->now_ms ? d->now_ms : clk_wall_ms();
	d->why = NULL;
	arena_init(&r.a, LIM_ARENA_TURN);
	int rc = load(db, d->draft, &r);
	if (rc == 0 && d->version && d->version != r.version)
		rc = refuse(d, ERR_CONFLICT, "Somebody has changed the draft meanwhile.");
	if (rc == 0 && !sv_eq(r.state, SV("open")) && !sv_eq(r.state, SV("blocked")))
		rc = refuse(d, ERR_STATE, "Somebody has decided it already.");
	if (rc == 0 && d->verb == LEARN_REJECT && !sv_trim(d->reason).n)
		rc = refuse(d, ERR_INVAL, "Say why: the reason is kept.");
	if (rc == 0 && d->verb == LEARN_APPROVE)
		rc = approve(db, d, &r);
	else if (rc == 0 && d->verb == LEARN_EDIT)
		rc = edit(db, d, &r);
	else if (rc == 0)
		rc = set_states(db, d, &r, "rejected", "ignored");
	if (rc == 0)
		rc = put_event(db, d, &r);
	arena_done(&r.a);
	return rc;
}
