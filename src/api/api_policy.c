/* api_policy.c: the strategy table from outside: read it, replace it, try it.
 *
 * A saved table is a row of kv, "strategy/VERSION" -> {text, by, at_ms, note}; the highest is in
 * use, older ones stay to be read and saved again. Without one the table inside the program is.
 * The company file's own rows lie over both. A table is parsed and checked on a worker; one with
 * a fault is refused with every fault told. A new one is on disk before the shards get it:
 * conversations that began before keep theirs. Door's thread; api_strategy_load: any thread. */
#include "api_doc.h"
#include "api_policy.h"
#include "feel.h"
#include "learn_roll.h"
#include "policy_table.h"

#include <stdio.h>

#define TEXT_MAX (256u << 10)
#define MESSAGES 20
#define KEPT 200                     /* versions that the list tells */

/* ---- the store ---- */

static int read_version(struct store_db *db, int64_t version, struct sb *out, int64_t *ret)
{
	struct store_stmt *q;
	char key[40];
	int rc = store_prep(db, &q,
			    "SELECT k, v FROM kv WHERE k>='strategy/' AND k<'strategy0' AND "
			    "(?1='' OR k=?1) ORDER BY k DESC LIMIT 1");
	if (rc)
		return rc;
	snprintf(key, sizeof(key), "strategy/%08lld", (long long)version);
	store_bind_sv(q, 1, version > 0 ? sv_of(key) : SV(""));
	rc = store_step(q);
	*ret = 0;
	if (rc == 1) {
		sv k = store_col_sv(q, 0);
		(void)sv_i64(sv_slice(k, 9, k.n), ret);
		sb_put(out, store_col_sv(q, 1));
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* Roll-outs go on where they were; what cannot be read begins without the second ways. */
static void share_out(struct store_db *db, struct policy_table **t)
{
	struct policy_table *shared;
	if (learn_roll_shares(db, *t, &shared))
		return;
	obj_unref(*t);
	*t = shared;
}

int api_strategy_load(struct store *st, const jv *company, struct policy_table **ret,
		      struct cfg_report *rep)
{
	struct store_db *db = NULL;
	struct sb b;
	int64_t version = 0;
	sb_init(&b, 2 * TEXT_MAX);
	int rc = st ? store_reader(st, &db) : 0;
	if (st && rc == 0)
		rc = read_version(db, 0, &b, &version);
	jv *saved = rc == 0 && version ? jv_parse(sb_sv(&b), NULL) : NULL;
	sv text = jv_get_str(saved, "text");
	if (rc == 0 && text.n)
		rc = policy_table_new(ret, text, "strategy", company, rep);
	else if (rc == 0)
		rc = policy_table_new(ret, SV_NULL, "strategy.yaml", company, rep);
	if (rc == ERR_INVAL && text.n) {     /* saved by another version of the program */
		struct cfg_report again = { 0 };
		if (policy_table_new(ret, SV_NULL, "strategy.yaml", company, &again) == 0)
			rc = ERR_VERSION;
		cfg_report_done(&again);
	}
	if ((rc == 0 || rc == ERR_VERSION) && db)
		share_out(db, ret);
	jv_free(saved);
	sb_done(&b);
	return rc;
}

/* ---- reading ---- */

/* Rows that the company's file brings. */
static void put_company_rows(struct sb *b, const jv *company)
{
	jv *list = jv_path(company, "strategy.rows");
	sb_cstr(b, ",\"company_rows\":[");
	for (size_t i = 0; i < jv_len(list); i++) {
		if (i)
			sb_ch(b, ',');
		sb_json(b, jv_get_str(jv_at(list, i), "id"));
	}
	sb_ch(b, ']');
}

static void put_history(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	if (store_prep(db, &st,
		       "SELECT substr(k,10), v FROM kv WHERE k>='strategy/' AND k<'strategy0' "
		       "ORDER BY k DESC LIMIT ?1")) {
		q->status = 500;
		return;
	}
	store_bind_int(st, 1, KEPT);
	sb_cstr(&q->out, ",\"history\":[");
	for (int n = 0; api_row(q, st); n++) {
		char when[32];
		int64_t version = 0;
		jv *o = jv_parse(store_col_sv(st, 1), NULL);
		(void)sv_i64(store_col_sv(st, 0), &version);
		clk_rfc3339(jv_get_int(o, "at_ms", 0), when);
		sb_fmt(&q->out, "%s{\"version\":%lld,\"at\":\"%s\",\"by\":", n ? "," : "",
		       (long long)version, when);
		sb_json(&q->out, jv_get_str(o, "by"));
		sb_cstr(&q->out, ",\"note\":");
		sb_json(&q->out, jv_get_str(o, "note"));
		sb_ch(&q->out, '}');
		jv_free(o);
	}
	store_reset(st);
	sb_ch(&q->out, ']');
}

/* i1: the version asked for, 0 = the one in use. */
static void get_run(struct api_query *q, struct store_db *db)
{
	struct sb row, own;
	int64_t version = 0;
	sb_init(&row, 2 * TEXT_MAX);
	sb_init(&own, TEXT_MAX);
	if (read_version(db, q->i1, &row, &version))
		q->status = 500;
	else if (q->i1 && !version)
		q->status = 404, q->detail = "There is no such version.";
	jv *o = version ? jv_parse(sb_sv(&row), NULL) : NULL;
	if (!version)
		(void)policy_table_text(&own);
	sb_fmt(&q->out, "{\"version\":%lld,\"text\":", (long long)version);
	sb_json(&q->out, version ? jv_get_str(o, "text") : sb_sv(&own));
	put_company_rows(&q->out, q->a->o.company);
	put_history(q, db);
	sb_ch(&q->out, '}');
	jv_free(o);
	sb_done(&row);
	sb_done(&own);
}

void api_strategy_get(struct web_req *r, void *arg)
{
	int64_t version = 0;
	sv asked = web_req_arg(r, "version");
	if (!api_may(arg, r, "strategy.read", NULL))
		return;
	if (asked.n && (sv_i64(asked, &version) || version < 1)) {
		api_problem(r, 400, "version is a number from 1 on.");
		return;
	}
	struct api_query *q = api_query_new(arg, r);
	q->run = get_run;
	q->i1 = version;
	q->settled = q->etag = true;
	api_query_start(q);
}

/* ---- replacing ---- */

struct save {
	struct api *a;
	struct web_req *r;
	char *text, *note, by[64];
	int64_t base, version;       /* base: what the text was made from */
	struct policy_table *table;
	struct sb issues;
	bool clash;
};

static void save_free(struct save *s)
{
	obj_unref(s->table);
	sb_done(&s->issues);
	xfree(s->text);
	xfree(s->note);
	xfree(s);
}

static int save_write(void *arg, struct store_db *db)
{
	struct save *s = arg;
	struct store_stmt *q;
	struct sb b;
	char key[40];
	sb_init(&b, 2 * TEXT_MAX);
	int rc = read_version(db, 0, &b, &s->version);
	s->clash = rc == 0 && s->version != s->base;
	if (rc == 0 && !s->clash)
		rc = store_prep(db, &q, "INSERT INTO kv (k, v, updated_ms) VALUES (?1,?2,?3)");
	if (rc || s->clash) {
		sb_done(&b);
		return rc;
	}
	sb_reset(&b);
	snprintf(key, sizeof(key), "strategy/%08lld", (long long)++s->version);
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, sv_of(s->text));
	sb_cstr(&b, ",\"by\":");
	sb_json(&b, sv_of(s->by));
	sb_cstr(&b, ",\"note\":");
	sb_json(&b, sv_of(s->note));
	sb_fmt(&b, ",\"at_ms\":%lld}", (long long)clk_wall_ms());
	store_bind_sv(q, 1, sv_of(key));
	store_bind_sv(q, 2, sb_sv(&b));
	store_bind_int(q, 3, clk_wall_ms());
	rc = sb_err(&b) ? ERR_TOOBIG : store_run(q);
	sb_done(&b);
	return rc;
}

static void saved(void *arg, int err)
{
	struct save *s = arg;
	if (err) {
		api_problem(s->r, err, "The table could not be saved; try again.");
	} else if (s->clash) {
		api_problem(s->r, 409, "Somebody has saved another version meanwhile: load it, and "
				       "make your change there.");
	} else {
		jv *o = jv_obj();
		jv_set_int(o, "version", s->version);
		jv_set_int(o, "rows", (int64_t)policy_table_rows(s->table));
		jv_set_str(o, "by", sv_of(s->by));
		talk_hub_strategy(s->a->o.hub, s->table);
		s->table = NULL;
		web_reply_json(s->r, 200, o);
	}
	save_free(s);
}

static void check_run(struct api_query *q, struct store_db *db)
{
	struct save *s = q->p;
	struct cfg_report rep = { 0 };
	sb_init(&s->issues, 256u << 10);
	if (policy_table_new(&s->table, sv_of(s->text), "strategy", s->a->o.company, &rep))
		doc_issues(&rep, &s->issues);
	else
		share_out(db, &s->table);
	cfg_report_done(&rep);
}

static void refuse(struct web_req *r, sv issues)
{
	struct sb b;
	sb_init(&b, 512u << 10);
	sb_fmt(&b, "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
		   "\"detail\":\"The table has faults; nothing was changed.\"," SV_FMT "}",
	       SV_ARG(issues));
	web_reply(r, 422, "application/problem+json", sb_sv(&b), NULL);
	sb_done(&b);
}

static void checked(struct api_query *q)
{
	struct save *s = q->p;
	api_query_free(q);
	int rc = 0;
	if (s->issues.n)
		refuse(s->r, sb_sv(&s->issues));
	else if (!s->table)
		api_problem(s->r, 503, "The table could not be checked; try again.");
	else
		rc = store_write(s->a->o.store, save_write, s, s->a->mbox, saved);
	if (rc)
		saved(s, rc);
	else if (!s->table)
		save_free(s);
}

void api_strategy_put(struct web_req *r, void *arg)
{
	struct api_user u;
	if (!api_may(arg, r, "strategy.write", &u))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv text = jv_get_str(body, "text"), note = jv_get_str(body, "note");
	if (!sv_trim(text).n || text.n > TEXT_MAX || sv_runes(note) > 200) {
		api_problem(r, text.n > TEXT_MAX ? 413 : 400,
			    "Give text, the table as YAML of 256 KiB at most, and base, the "
			    "version it "
			    "was made from; note may have 200 characters.");
		jv_free(body);
		return;
	}
	struct save *s = xalloc(sizeof(*s));
	s->a = arg;
	s->r = r;
	s->text = xstrdup(text);
	s->note = xstrdup(note);
	s->base = jv_get_int(body, "base", 0);
	snprintf(s->by, sizeof(s->by), "%s", u.login);
	jv_free(body);
	struct api_query *q = api_query_new(arg, r);
	q->p = s;
	q->run = check_run;
	q->done = checked;
	api_query_start(q);
}

/* ---- trying ---- */

struct attempt {
	const struct policy_table *t;
	const jv *in;
	struct feel_state feel;
	struct feel_track track;
	uint64_t topics;
};

static int word_at(sv s, const char *const *words, int n, int def)
{
	for (int i = 0; i < n; i++)
		if (sv_eq(s, sv_of(words[i])))
			return i;
	return def;
}

static struct policy_case case_of(const struct attempt *x, const char *intent)
{
	static const char *const found[] = { "unknown", "found", "unsure", "none" };
	sv tier = jv_get_str(x->in, "tier");
	return (struct policy_case){
		.track = &x->track,
		.intent = intent,
		.tier = tier,
		.identified = tier.n > 0,
		.attempts = (int)jv_get_int(x->in, "attempts", 0),
		.topics = x->topics,
		.found = (enum policy_found)word_at(jv_get_str(x->in, "answer"), found, 4,
						    FOUND_ANSWER),
		.voice = sv_eq(jv_get_str(x->in, "channel"), SV("voice")),
		.repeat = jv_get_bool(x->in, "repeat", false),
		.wants_human = x->feel.wants_human || jv_get_bool(x->in, "wants_human", false),
		.small_talk = x->feel.small_talk,
	};
}

static void put_two(struct sb *b, const char *key, sv en, sv zh)
{
	sb_fmt(b, ",\"%s\":{\"en\":", key);
	sb_json(b, en);
	sb_cstr(b, ",\"zh\":");
	sb_json(b, zh);
	sb_ch(b, '}');
}

static void put_decision(struct api_query *q, struct attempt *x, sv text, const char *intent)
{
	struct policy_case k = case_of(x, intent);
	struct policy_plan p;
	struct sb *b = &q->out;
	policy_plan(x->t, &k, &p);
	sb_cstr(b, "{\"text\":");
	sb_json(b, text);
	sb_cstr(b, ",\"intent\":");
	sb_json(b, sv_of(intent));
	sb_fmt(b, ",\"mood\":{\"class\":\"%s\",\"valence\":%.2f,\"arousal\":%.2f,"
		  "\"trend\":%.2f,\"sustained\":%d},\"strategy\":",
	       feel_mood_name(x->track.mood), x->track.valence, x->track.arousal,
	       x->track.trend, x->track.angry);
	policy_plan_json(x->t, &k, &p, b);
	put_two(b, "why", policy_row_why(x->t, p.row, SV("en")),
		policy_row_why(x->t, p.row, SV("zh")));
	if (p.act.offer >= 0)
		put_two(b, "offer_text", policy_offer_text(x->t, p.act.offer, SV("en")),
			policy_offer_text(x->t, p.act.offer, SV("zh")));
	sb_ch(b, '}');
}

/* What a customer writes, one after the other. */
static void try_messages(struct api_query *q, struct attempt *x, const jv *list)
{
	sv lang = jv_get_str(x->in, "language");
	for (size_t i = 0; i < jv_len(list); i++) {
		sv text = jv_as_str(jv_at(list, i));
		feel_turn(&x->feel, text, lang.n ? lang : SV("en"));
		feel_track_turn(&x->track, &x->feel.now, (int)i + 1);
		x->topics = policy_topics_kept(x->t, x->topics) |
			    policy_topics(x->t, text, x->feel.intent, x->feel.intent_p, SV_NULL);
		if (i)
			sb_ch(&q->out, ',');
		put_decision(q, x, text, x->feel.intent);
	}
}

/* A case put together by hand. */
static void try_case(struct api_query *q, struct attempt *x)
{
	char intent[32];
	sv s = jv_get_str(x->in, "intent"), topics = jv_get_str(x->in, "words");
	int mood = feel_mood_of(jv_get_str(x->in, "mood"));
	snprintf(intent, sizeof(intent), SV_FMT, (int)(s.n < 31 ? s.n : 31), s.n ? s.p : "");
	x->track = (struct feel_track){
		.mood = mood < 0 ? FEEL_NEUTRAL : mood,
		.turns = 1,
		.angry = (int)jv_get_int(x->in, "sustained", mood == FEEL_ANGRY),
		.valence = jv_get_num(x->in, "valence", 0),
		.arousal = jv_get_num(x->in, "arousal", 0),
		.trend = jv_get_num(x->in, "trend", 0),
	};
	x->track.upset = (int)jv_get_int(x->in, "upset", x->track.angry);
	x->topics = policy_topics(x->t, topics, intent, 1, SV_NULL); /* chosen, so it is sure */
	put_decision(q, x, SV(""), intent);
}

/* p: the body; s1: a table that is not saved, or empty; p2: the table in use. */
static void try_run(struct api_query *q, struct store_db *db)
{
	struct policy_table *t = NULL;
	struct cfg_report rep = { 0 };
	(void)db;
	if (q->s1.n && policy_table_new(&t, q->s1, "strategy", q->a->o.company, &rep)) {
		sb_cstr(&q->out, "{\"turns\":[],");
		doc_issues(&rep, &q->out);
		sb_ch(&q->out, '}');
		cfg_report_done(&rep);
		return;
	}
	struct attempt x = { .t = t ? t : q->p2, .in = q->p };
	const jv *list = jv_get(q->p, "messages");
	sb_cstr(&q->out, "{\"turns\":[");
	if (jv_is_arr(list))
		try_messages(q, &x, list);
	else
		try_case(q, &x);
	sb_cstr(&q->out, "],\"issues\":[]}");
	obj_unref(t);
	cfg_report_done(&rep);
}

static void tried(struct api_query *q)
{
	if (q->status >= 400 || sb_err(&q->out))
		api_problem(q->r, q->status >= 400 ? q->status : 500,
			    q->detail ? q->detail : "It could not be tried; try again.");
	else
		web_reply(q->r, 200, "application/json", sb_sv(&q->out), NULL);
	jv_free(q->p);
	obj_unref(q->p2);
	api_query_free(q);
}

static const char *bad_try(const jv *body)
{
	const jv *list = jv_get(body, "messages");
	if (jv_get_str(body, "text").n > TEXT_MAX)
		return "text may have 256 KiB at most.";
	if (!list)
		return NULL;
	if (!jv_is_arr(list) || jv_len(list) < 1 || jv_len(list) > MESSAGES)
		return "messages is a list of 1 to 20 texts, what a customer says one after "
		       "the other.";
	for (size_t i = 0; i < jv_len(list); i++)
		if (!jv_as_str(jv_at(list, i)).n ||
		    sv_runes(jv_as_str(jv_at(list, i))) > LIM_TEXT_MSG)
			return "Each message is a text of 1 to 4000 characters.";
	return NULL;
}

void api_strategy_try(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "strategy.read", NULL))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	const char *why = bad_try(body);
	if (why) {
		api_problem(r, 400, why);
		jv_free(body);
		return;
	}
	struct api_query *q = api_query_new(a, r);
	q->p = body;
	q->p2 = talk_hub_strategy_now(a->o.hub);
	q->s1 = jv_get_str(body, "text");
	q->run = try_run;
	q->done = tried;
	api_query_start(q);
}
