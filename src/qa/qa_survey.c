/* qa_survey.c: definitions of surveys from YAML, questions and answers in the database. */
#include "qa_survey.h"
#include "guard.h"

#include <stdio.h>

enum { SURVEYS = 16, YAML_MAX = 64 << 10, ANSWER_MS = 86400000 };

enum kind { CSAT, NPS, CES, KINDS };
static const char *const kinds[KINDS] = { "csat", "nps", "ces" };

struct survey {
	sv id;
	enum kind kind;
	int min, max, good;
	sv question[2], why[2], thanks[2];
};
struct qa_surveys {                  /* an obj */
	struct arena a;
	struct survey v[SURVEYS];
	size_t n;
	int days;
};

/* ---- definitions ---- */

static const struct cfg_rule rules[] = {
	{ "link.days", CFG_INT, false, 1, 90, NULL, "7", "days that a link to a survey is good" },
	{ "surveys", CFG_LIST, true, 1, SURVEYS, NULL, NULL, "questions" },
	{ "surveys[].id", CFG_STR, true, 1, 20, NULL, NULL, "as rows and links name it" },
	{ "surveys[].kind", CFG_STR, true, 0, 0, "csat|nps|ces", NULL, "how it is counted" },
	{ "surveys[].min", CFG_INT, true, 0, 1, NULL, NULL, "lowest answer" },
	{ "surveys[].max", CFG_INT, true, 2, 10, NULL, NULL, "highest answer" },
	{ "surveys[].good", CFG_INT, true, 1, 10, NULL, NULL, "from here on it is a good one" },
	{ "surveys[].question.zh", CFG_STR, true, 1, 400, NULL, NULL, "what is asked" },
	{ "surveys[].question.en", CFG_STR, true, 1, 400, NULL, NULL, "what is asked" },
	{ "surveys[].why.zh", CFG_STR, false, 0, 400, NULL, "", "asks for words" },
	{ "surveys[].why.en", CFG_STR, false, 0, 400, NULL, "", "asks for words" },
	{ "surveys[].thanks.zh", CFG_STR, true, 1, 400, NULL, NULL, "after the answer" },
	{ "surveys[].thanks.en", CFG_STR, true, 1, 400, NULL, NULL, "after the answer" },
};

static void pair(struct qa_surveys *s, const jv *o, const char *key, sv ret[2])
{
	const jv *v = jv_get(o, key);
	ret[0] = arena_sv(&s->a, jv_get_str(v, "zh"));
	ret[1] = arena_sv(&s->a, jv_get_str(v, "en"));
}

static bool read_one(struct qa_surveys *s, const jv *o)
{
	struct survey *x = &s->v[s->n++];
	sv kind = jv_get_str(o, "kind");
	x->id = arena_sv(&s->a, jv_get_str(o, "id"));
	for (int k = 0; k < KINDS; k++)
		if (sv_eq(kind, sv_of(kinds[k])))
			x->kind = (enum kind)k;
	x->min = (int)jv_get_int(o, "min", 1);
	x->max = (int)jv_get_int(o, "max", 5);
	x->good = (int)jv_get_int(o, "good", 4);
	pair(s, o, "question", x->question);
	pair(s, o, "why", x->why);
	pair(s, o, "thanks", x->thanks);
	bool nps = x->kind != NPS || (x->min == 0 && x->max == 10 && x->good == 9);
	for (size_t i = 0; i + 1 < s->n; i++)
		if (sv_eq(s->v[i].id, x->id))
			return false;
	return x->min < x->max && x->good > x->min && x->good <= x->max && nps;
}

static void surveys_free(void *p)
{
	struct qa_surveys *s = p;
	arena_done(&s->a);
}

static void fault(struct cfg_report *rep, sv yaml, const char *name, size_t i)
{
	struct cfg_issue *x = VEC_PUSH(rep, 100);
	char path[40];
	if (!x)
		return;
	(void)snprintf(path, sizeof(path), "surveys[%zu]", i);
	cfg_where(x->where, yaml, name, path);
	(void)snprintf(x->what, sizeof(x->what),
		       "its numbers do not fit, or its id is there twice");
	(void)snprintf(x->mend, sizeof(x->mend),
		       "min < good <= max; nps is 0 to 10 with good: 9 (Reichheld's scale).");
}

int qa_surveys_new(struct qa_surveys **ret, sv yaml, const char *name, struct cfg_report *rep)
{
	jv *o = yaml.n <= YAML_MAX ? cfg_parse(yaml, name, rep) : NULL;
	if (!o || cfg_check(o, yaml, name, rules, sizeof(rules) / sizeof(*rules), rep)) {
		jv_free(o);
		return ERR_INVAL;
	}
	struct qa_surveys *s = obj_new(sizeof(*s), surveys_free);
	const jv *list = jv_get(o, "surveys");
	bool bad = false;
	arena_init(&s->a, LIM_SB);
	s->days = (int)jv_as_int(jv_path(o, "link.days"), 7);
	for (size_t i = 0; i < jv_len(list) && i < SURVEYS; i++)
		if (!read_one(s, jv_at(list, i))) {
			fault(rep, yaml, name, i);
			bad = true;
		}
	jv_free(o);
	if (bad) {
		obj_unref(s);
		return ERR_INVAL;
	}
	*ret = s;
	return 0;
}

int qa_surveys_days(const struct qa_surveys *s)
{
	return s->days;
}

static const struct survey *find(const struct qa_surveys *s, sv id)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (sv_eq(s->v[i].id, id))
			return &s->v[i];
	/* A conversation's rows name the kind. */
	for (size_t i = 0; s && i < s->n; i++)
		if (sv_eq(sv_of(kinds[s->v[i].kind]), id))
			return &s->v[i];
	return NULL;
}

static void put_pair(struct sb *b, const char *key, const sv v[2])
{
	sb_fmt(b, ",\"%s\":{\"zh\":", key);
	sb_json(b, v[0]);
	sb_cstr(b, ",\"en\":");
	sb_json(b, v[1]);
	sb_ch(b, '}');
}

static void put(struct sb *b, const struct survey *x)
{
	sb_cstr(b, "{\"id\":");
	sb_json(b, x->id);
	sb_fmt(b, ",\"kind\":\"%s\",\"min\":%d,\"max\":%d,\"good\":%d", kinds[x->kind], x->min,
	       x->max, x->good);
	put_pair(b, "question", x->question);
	put_pair(b, "why", x->why);
	put_pair(b, "thanks", x->thanks);
	sb_ch(b, '}');
}

void qa_surveys_json(const struct qa_surveys *s, struct sb *out)
{
	sb_cstr(out, "{\"items\":[");
	for (size_t i = 0; s && i < s->n; i++) {
		sb_cstr(out, i ? "," : "");
		put(out, &s->v[i]);
	}
	sb_cstr(out, "]}");
}

bool qa_survey_json(const struct qa_surveys *s, sv id, struct sb *out)
{
	const struct survey *x = find(s, id);
	if (x)
		put(out, x);
	return x != NULL;
}

/* ---- questions and answers: on the scribe ---- */

/* The last person who spoke to the customer in it; "bot" = none did. */
static int served(struct store_db *db, sv conversation, char out[80])
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT actor, body FROM event WHERE conversation=?1 AND "
			    "kind='turn.agent' ORDER BY seq DESC LIMIT 1");
	(void)snprintf(out, 80, "bot");
	if (rc)
		return rc;
	store_bind_sv(q, 1, conversation);
	rc = store_step(q);
	if (rc == 1) {
		jv *o = jv_parse(store_col_sv(q, 1), NULL);
		sv by = jv_get_str(o, "by"), who = by.n ? by : store_col_sv(q, 0);
		(void)snprintf(out, 80, SV_FMT, SV_ARG(who));
		jv_free(o);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

int qa_survey_asked(struct store_db *db, sv conversation, sv kind, sv agent, int64_t now_ms)
{
	struct store_stmt *q;
	char last[80];
	int rc = served(db, conversation, last);
	if (rc)
		return rc;
	rc = store_prep(db, &q,
			    "INSERT INTO survey (conversation, kind, agent, channel, language, "
			    "asked_ms) SELECT id, ?2, CASE WHEN ?3='' THEN ?5 ELSE ?3 END, "
			    "channel, language, ?4 FROM conversation WHERE id=?1 ON CONFLICT "
			    "(conversation, kind) DO UPDATE SET agent=CASE WHEN ?3='' THEN "
			    "survey.agent ELSE ?3 END");
	if (rc)
		return rc;
	store_bind_sv(q, 1, conversation);
	store_bind_sv(q, 2, kind);
	store_bind_sv(q, 3, agent.p ? agent : SV(""));
	store_bind_int(q, 4, now_ms);
	store_bind_sv(q, 5, sv_of(last));
	rc = store_run(q);
	return rc == 0 && store_changes(db) == 0 ? ERR_NOTFOUND : rc;
}

struct asked {
	bool there;
	int64_t first_ms;            /* of its answer; 0 = none */
	char agent[80];
};

static int look(struct store_db *db, sv conversation, sv kind, struct asked *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT answered_ms, agent FROM survey WHERE conversation=?1 AND "
			    "kind=?2");
	*ret = (struct asked){ 0 };
	if (rc)
		return rc;
	store_bind_sv(q, 1, conversation);
	store_bind_sv(q, 2, kind);
	rc = store_step(q);
	if (rc == 1) {
		sv who = store_col_sv(q, 1);
		ret->there = true;
		ret->first_ms = store_col_int(q, 0);
		(void)snprintf(ret->agent, sizeof(ret->agent), SV_FMT, SV_ARG(who));
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int write_answer(struct store_db *db, sv conversation, sv kind, int64_t value, sv text,
			sv via, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE survey SET value=?3, text=?4, via=?5, answered_ms="
			    "COALESCE(answered_ms,?6) WHERE conversation=?1 AND kind=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, conversation);
	store_bind_sv(q, 2, kind);
	store_bind_int(q, 3, value);
	store_bind_sv(q, 4, text.p ? text : SV(""));
	store_bind_sv(q, 5, via);
	store_bind_int(q, 6, now_ms);
	return store_run(q);
}

static int tell(struct store_db *db, sv conversation, sv kind, int64_t value, sv via,
		const char *agent, int64_t now_ms)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_cstr(&b, "{\"conversation\":");
	sb_json(&b, conversation);
	sb_cstr(&b, ",\"kind\":");
	sb_json(&b, kind);
	sb_fmt(&b, ",\"value\":%lld,\"agent\":", (long long)value);
	sb_json(&b, sv_of(agent));
	sb_cstr(&b, ",\"via\":");
	sb_json(&b, via);
	sb_ch(&b, '}');
	int rc = store_event_put(db, &(struct store_event){ .ts_ms = now_ms,
							   .kind = SV("survey.taken"),
							   .actor = SV("customer"),
							   .body = sb_sv(&b) });
	sb_done(&b);
	return rc;
}

int qa_survey_answer(struct store_db *db, const struct qa_surveys *s, sv conversation, sv kind,
		     int64_t value, sv text, sv via, bool river, int64_t now_ms, struct err *e)
{
	const struct survey *x = find(s, kind);
	struct asked was;
	struct arena a;
	if (!x)
		return err_set(e, ERR_NOTFOUND, "There is no such survey.");
	if (value < x->min || value > x->max)
		return err_set(e, ERR_RANGE, "The answer is a number from %d to %d.", x->min,
			       x->max);
	if (text.n > QA_SURVEY_TEXT)
		return err_set(e, ERR_TOOBIG, "The text is too long.");
	int rc = look(db, conversation, kind, &was);
	if (rc == 0 && !was.there)
		rc = qa_survey_asked(db, conversation, kind, SV(""), now_ms);
	if (rc == 0 && !was.there)
		rc = look(db, conversation, kind, &was);
	if (rc)
		return err_set(e, rc, "There is no such conversation.");
	if (was.first_ms && now_ms - was.first_ms > ANSWER_MS)
		return err_set(e, ERR_STATE, "It was answered more than a day ago.");
	arena_init(&a, LIM_ARENA_TURN);
	rc = write_answer(db, conversation, kind, value, guard_model_text(text, &a), via, now_ms);
	arena_done(&a);
	if (rc == 0 && river)
		rc = tell(db, conversation, kind, value, via, was.agent, now_ms);
	return rc;
}

/* ---- the report ---- */

struct tally {
	char kind[24], by[80];
	int64_t asked, answered, sum, spread[11];
};

static void put_tally(struct sb *b, const struct qa_surveys *s, const struct tally *t, int n)
{
	const struct survey *x = find(s, sv_of(t->kind));
	int64_t good = 0, low = 0;
	for (int v = 0; v <= 10; v++) {
		good += x && v >= x->good ? t->spread[v] : 0;
		low += v <= 6 ? t->spread[v] : 0;
	}
	sb_cstr(b, n ? ",{\"kind\":" : "{\"kind\":");
	sb_json(b, sv_of(t->kind));
	sb_cstr(b, ",\"by\":");
	sb_json(b, sv_of(t->by));
	sb_fmt(b, ",\"asked\":%lld,\"answered\":%lld,\"rate\":%.4f", (long long)t->asked,
	       (long long)t->answered, t->asked ? (double)t->answered / (double)t->asked : 0.0);
	if (t->answered)
		sb_fmt(b, ",\"mean\":%.3f,\"good\":%.4f", (double)t->sum / (double)t->answered,
		       (double)good / (double)t->answered);
	else
		sb_cstr(b, ",\"mean\":null,\"good\":null");
	if (t->answered && x && x->kind == NPS)
		sb_fmt(b, ",\"nps\":%.1f", 100.0 * (double)(good - low) / (double)t->answered);
	else
		sb_cstr(b, ",\"nps\":null");
	sb_cstr(b, ",\"spread\":[");
	for (int v = 0, any = 0; v <= 10; v++)
		if (x && v >= x->min && v <= x->max)
			sb_fmt(b, "%s{\"value\":%d,\"n\":%lld}", any++ ? "," : "", v,
			       (long long)t->spread[v]);
	sb_cstr(b, "]}");
}

static int run_report(struct store_stmt *q, const struct qa_surveys *s, struct sb *out)
{
	struct tally t = { .kind = "" };
	int rc, n = 0;
	while ((rc = store_step(q)) == 1) {
		sv kind = store_col_sv(q, 0), by = store_col_sv(q, 1);
		if (!sv_eq(kind, sv_of(t.kind)) || !sv_eq(by, sv_of(t.by))) {
			if (t.kind[0])
				put_tally(out, s, &t, n++);
			t = (struct tally){ 0 };
			(void)snprintf(t.kind, sizeof(t.kind), SV_FMT, SV_ARG(kind));
			(void)snprintf(t.by, sizeof(t.by), SV_FMT, SV_ARG(by));
		}
		int64_t count = store_col_int(q, 3), value = store_col_int(q, 2);
		t.asked += count;
		if (store_col_null(q, 2))
			continue;
		t.answered += count;
		t.sum += value * count;
		if (value >= 0 && value <= 10)
			t.spread[value] += count;
	}
	if (t.kind[0])
		put_tally(out, s, &t, n);
	return rc;
}

int qa_survey_report(struct store_db *db, const struct qa_surveys *s,
		     const struct qa_survey_query *o, struct sb *out)
{
	static const struct { const char *by, *sql; } ways[] = {
#define REPORT(col) \
	"SELECT kind, " col \
	", value, COUNT(*) FROM survey WHERE asked_ms>=?1 AND asked_ms<?2 AND " \
	"(?3='' OR agent=?3) GROUP BY kind, " col ", value ORDER BY kind, " col ", value"
		{ "", "SELECT kind, '', value, COUNT(*) FROM survey WHERE asked_ms>=?1 AND "
		      "asked_ms<?2 AND (?3='' OR agent=?3) GROUP BY kind, value ORDER BY kind, "
		      "value" },
		{ "agent", REPORT("agent") },
		{ "channel", REPORT("channel") },
		{ "language", REPORT("language") },
	};
	struct store_stmt *q;
	const char *sql = NULL;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (sv_eq(o->by, sv_of(ways[i].by)))
			sql = ways[i].sql;
	if (!sql)
		return ERR_INVAL;
	int rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	store_bind_int(q, 1, o->from_ms);
	store_bind_int(q, 2, o->to_ms ? o->to_ms : INT64_MAX);
	store_bind_sv(q, 3, o->agent.p ? o->agent : SV(""));
	sb_cstr(out, "{\"items\":[");
	rc = run_report(q, s, out);
	sb_cstr(out, "]}");
	store_reset(q);
	return rc;
}
