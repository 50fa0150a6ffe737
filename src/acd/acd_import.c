/* acd_import.c: queues of FreeSWITCH and Asterisk as a plan of ours.
 *
 * Both readers only find names and values; one table a system says which of them become what.
 * Asterisk's sections may be templates ("[a](!)", "[b](a)"). A value that does not fit or has no
 * counterpart becomes a note, never a guess that nobody sees. One reader at a time, any thread.
 */
#include "acd_import.h"

#include <stdio.h>

#include "acd_import_int.h"
#include "acd_plan.h"

enum { IMPORT_LINE = 2000 };

struct import {
	jv *queues, *people;         /* lists of the tree */
	jv *now;                     /* the queue we are in, borrowed */
	struct sb *notes;
	/* of the queue we are in, known only when all is read */
	bool tiers, resumes, autopause, limited;
	int64_t resume_s, tier_wait_s, say_limit;
	int err;
};

static void note(struct import *m, sv what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void note(struct import *m, sv what, const char *fmt, ...)
{
	char text[240];
	va_list ap;
	if (!m->notes)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sb_fmt(m->notes, "%.*s: %s\n", (int)(what.n < 60 ? what.n : 60), what.n ? what.p : "",
	       text);
}

/* ---- names ---- */

/* What an id may hold; the rest becomes '_'. */
static void clean(char out[48], sv s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n && n < 47; i++) {
		char c = s.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || strchr("_-.@", c);
		out[n++] = ok ? c : '_';
	}
	out[n] = 0;
}

static jv *entry(jv *list, const char *key, const char *id)
{
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_get_str(jv_at(list, i), key), sv_of(id)))
			return jv_at(list, i);
	jv *o = jv_obj();
	jv_set_str(o, key, sv_of(id));
	jv_push(list, o);
	return o;
}

static void queue_open(struct import *m, sv name)
{
	char id[48];
	jv *title;
	clean(id, name);
	if (!id[0])
		return;
	m->now = entry(m->queues, "id", id);
	m->tiers = m->resumes = m->autopause = false;
	m->resume_s = m->tier_wait_s = 0;
	m->limited = false;
	m->say_limit = 5;            /* Asterisk's */
	if (jv_get(m->now, "title"))
		return;
	title = jv_obj();
	jv_set_str(title, "zh", sv_slice(name, 0, 100));
	jv_set_str(title, "en", sv_slice(name, 0, 100));
	jv_set(m->now, "title", title);
	if (jv_len(m->queues) > ACD_QUEUES)
		m->err = ERR_TOOBIG;
}

static void queue_close(struct import *m)
{
	if (m->now && m->tiers && m->tier_wait_s > 0)
		jv_set_int(m->now, "tier_wait_s", m->tier_wait_s);
	if (m->now && m->limited)
		jv_set_int(jv_get(m->now, "announce"), "limit", m->say_limit);
	if (m->now && m->resumes && m->resume_s > 0)
		jv_set_int(m->now, "resume_s", m->resume_s);
	m->now = NULL;
}

/* ---- values ---- */

static bool says_yes(sv v)
{
	return sv_eq_nocase(v, SV("true")) || sv_eq_nocase(v, SV("yes")) || sv_eq(v, SV("1")) ||
	       sv_eq_nocase(v, SV("on"));
}

struct rule;
typedef void put_fn(struct import *m, const struct rule *r, sv v);
struct rule { const char *name; put_fn *put; const char *key; int min, max; };

/* False, with a note: not in the range of ours. */
static bool number(struct import *m, const struct rule *r, sv v, int64_t *ret)
{
	if (sv_i64(v, ret) == 0 && *ret >= r->min && *ret <= r->max)
		return true;
	note(m, jv_get_str(m->now, "id"), "%s = %.*s does not fit (%d to %d)", r->name,
	     (int)(v.n < 60 ? v.n : 60), v.n ? v.p : "", r->min, r->max);
	return false;
}

static void put_number(struct import *m, const struct rule *r, sv v)
{
	int64_t i;
	if (number(m, r, v, &i) && i != 0)
		jv_set_int(m->now, r->key, i);
}

static jv *member(jv *o, const char *key)
{
	if (!jv_get(o, key))
		jv_set(o, key, jv_obj());
	return jv_get(o, key);
}

/* A limit, and where it leads: there the call goes on with the dial plan, here with the bot. */
static void put_limit(struct import *m, const struct rule *r, sv v)
{
	const char *over = strcmp(r->key, "max_len") == 0    ? "full" :
			   strcmp(r->key, "max_wait_s") == 0 ? "late" :
							       "empty";
	int64_t i;
	if (!number(m, r, v, &i) || i == 0)
		return;
	jv_set_int(m->now, r->key, i);
	jv_set_str(member(m->now, "overflow"), over, SV("bot"));
}

static void put_strategy(struct import *m, const struct rule *r, sv v)
{
	int s = acd_strategy_of(v);
	if (s >= 0)
		jv_set_str(m->now, "strategy", sv_of(acd_strategy_name((enum acd_strategy)s)));
	else
		note(m, jv_get_str(m->now, "id"), "strategy %.*s is not known",
		     (int)(v.n < 60 ? v.n : 60), v.p);
}

static void put_music(struct import *m, const struct rule *r, sv v)
{
	bool none = sv_eq_nocase(v, SV("none")) || sv_eq_nocase(v, SV("silence"));
	if (none)
		jv_set_str(m->now, "music", SV("none"));
	else
		note(m, jv_get_str(m->now, "id"),
		     "music has to be chosen again: a WAV file in the folder music beside "
		     "queues.yaml, as music/NAME.wav");
}

static void put_sl(struct import *m, const struct rule *r, sv v)
{
	int64_t i;
	if (number(m, r, v, &i))
		jv_set_int(member(m->now, "sl"), "s", i);
}

static void put_every(struct import *m, const struct rule *r, sv v)
{
	int64_t i;
	if (number(m, r, v, &i) && i > 0)
		jv_set_int(member(m->now, "announce"), "every_s", i < 5 ? 5 : i);
}

/* yes, no; limit and more of the place, once of the wait. */
static void put_say(struct import *m, const struct rule *r, sv v)
{
	jv *say = member(m->now, "announce");
	if (sv_eq_nocase(v, SV("once")) && strcmp(r->key, "wait") == 0)
		jv_set_str(say, r->key, SV("once"));
	else
		jv_set_bool(say, r->key, !sv_eq_nocase(v, SV("no")));
	m->limited |= sv_eq_nocase(v, SV("limit"));
	if (sv_eq_nocase(v, SV("more")))
		note(m, jv_get_str(m->now, "id"), "announce-position = more tells each place");
	if (sv_eq_nocase(v, SV("once")) && strcmp(r->key, "position") == 0)
		note(m, jv_get_str(m->now, "id"), "announce-position = once tells it each time");
}

static void put_say_limit(struct import *m, const struct rule *r, sv v)
{
	(void)number(m, r, v, &m->say_limit);
}

static void put_empty(struct import *m, const struct rule *r, sv v)
{
	if (sv_eq_nocase(v, SV("no")))
		return;
	jv_set_int(m->now, "no_agent_s", 5);
	jv_set_str(member(m->now, "overflow"), "empty", SV("bot"));
}

static void put_autopause(struct import *m, const struct rule *r, sv v)
{
	m->autopause = !sv_eq_nocase(v, SV("no"));
}

static void put_tiers(struct import *m, const struct rule *r, sv v)
{
	m->tiers = says_yes(v);
}

static void put_tier_wait(struct import *m, const struct rule *r, sv v)
{
	(void)number(m, r, v, &m->tier_wait_s);
}

static void put_multiply(struct import *m, const struct rule *r, sv v)
{
	if (!says_yes(v))
		note(m, jv_get_str(m->now, "id"), "the wait of a tier always grows with its level");
}

static void put_resumes(struct import *m, const struct rule *r, sv v)
{
	m->resumes = says_yes(v);
}

static void put_resume(struct import *m, const struct rule *r, sv v)
{
	(void)number(m, r, v, &m->resume_s);
}

#define DAY_S 86400
static const struct rule freeswitch[] = {
	{ "strategy", put_strategy, "strategy", 0, 0 },
	{ "moh-sound", put_music, "music", 0, 0 },
	{ "max-wait-time", put_limit, "max_wait_s", 0, 7 * DAY_S },
	{ "max-wait-time-with-no-agent", put_limit, "no_agent_s", 0, DAY_S },
	{ "tier-rules-apply", put_tiers, "", 0, 0 },
	{ "tier-rule-wait-second", put_tier_wait, "", 0, DAY_S },
	{ "tier-rule-wait-multiply-level", put_multiply, "", 0, 0 },
	{ "abandoned-resume-allowed", put_resumes, "", 0, 0 },
	{ "discard-abandoned-after", put_resume, "", 0, DAY_S },
	{ "announce-frequency", put_every, "", 0, 3600 },
	{ "ring-progressively-delay", put_number, "ring_more_s", 0, 600 },
	{ NULL, NULL, NULL, 0, 0 },
};
static const struct rule asterisk[] = {
	{ "strategy", put_strategy, "strategy", 0, 0 },
	{ "musicclass", put_music, "music", 0, 0 },
	{ "musiconhold", put_music, "music", 0, 0 },
	{ "timeout", put_number, "ring_s", 3, 3600 },
	{ "wrapuptime", put_number, "wrapup_s", 0, 3600 },
	{ "weight", put_number, "priority", -100, 100 },
	{ "maxlen", put_limit, "max_len", 0, 100000 },
	{ "servicelevel", put_sl, "sl", 1, DAY_S },
	{ "announce-frequency", put_every, "", 0, 3600 },
	{ "announce-position", put_say, "position", 0, 0 },
	{ "announce-position-limit", put_say_limit, "", 1, 10000 },
	{ "announce-holdtime", put_say, "wait", 0, 0 },
	{ "leavewhenempty", put_empty, "", 0, 0 },
	{ "autopause", put_autopause, "", 0, 0 },
	{ NULL, NULL, NULL, 0, 0 },
};

static void put(struct import *m, const struct rule *rules, sv key, sv v)
{
	if (!m->now)
		return;
	for (const struct rule *r = rules; r->name; r++)
		if (sv_eq_nocase(key, sv_of(r->name))) {
			r->put(m, r, v);
			return;
		}
	note(m, jv_get_str(m->now, "id"), "%.*s = %.*s was left out",
	     (int)(key.n < 60 ? key.n : 60), key.p, (int)(v.n < 60 ? v.n : 60), v.n ? v.p : "");
}

/* ---- agents ---- */

/* "[leg_timeout=10]user/1001@default", "PJSIP/1001", "Local/1001@agents/n", "sofia/gateway/x/1001":
 * what is dialled. */
static sv dialled(sv s)
{
	sv part, last = SV_NULL;
	ptrdiff_t at;
	if (s.n && s.p[0] == '[' && (at = sv_find_ch(s, ']')) >= 0)
		s = sv_slice(s, (size_t)at + 1, s.n);
	for (sv rest = s; sv_cut(&rest, '/', &part);)
		if (part.n > 1 || !last.n || (part.n && part.p[0] >= '0' && part.p[0] <= '9'))
			last = part; /* but not the options of Local/1001@agents/n */
	at = sv_find_ch(last, '@');
	return at > 0 ? sv_slice(last, 0, (size_t)at) : last;
}

static jv *agent(struct import *m, sv name, sv contact, sv title)
{
	char login[48];
	jv *o;
	clean(login, name);
	if (!login[0])
		return NULL;
	o = entry(m->people, "login", login);
	if (title.n && !jv_get(o, "name"))
		jv_set_str(o, "name", sv_slice(title, 0, 100));
	if (contact.n && !jv_get(o, "extension"))
		jv_set_str(o, "extension", sv_slice(dialled(contact), 0, 100));
	return o;
}

static void seat(struct import *m, jv *who, sv queue, int64_t tier, int64_t position)
{
	char id[48];
	jv *list, *o = jv_obj();
	clean(id, queue);
	if (!jv_get(who, "queues"))
		jv_set(who, "queues", jv_arr());
	list = jv_get(who, "queues");
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_get_str(jv_at(list, i), "queue"), sv_of(id))) {
			jv_free(o);
			return;
		}
	jv_set_str(o, "queue", sv_of(id));
	jv_set_int(o, "tier", tier < 1 ? 1 : tier > 99 ? 99 : tier);
	jv_set_int(o, "position", position < 1 ? 1 : position > 9999 ? 9999 : position);
	jv_push(list, o);
}

/* ---- FreeSWITCH ---- */

static void xml_agent(struct import *m, const struct acd_tag *t)
{
	static const struct { const char *name, *key; int max; } nums[] = {
		{ "max-no-answer", "max_no_answer", 1000 },
		{ "wrap-up-time", "wrapup_s", 3600 },
		{ "reject-delay-time", "reject_delay_s", 3600 },
		{ "busy-delay-time", "busy_delay_s", 3600 },
		{ "no-answer-delay-time", "no_answer_delay_s", 3600 },
	};
	sv name = acd_tag_value(t, "name"), s;
	jv *o = agent(m, name, acd_tag_value(t, "contact"), SV_NULL);
	for (size_t i = 0; o && i < sizeof(nums) / sizeof(nums[0]); i++) {
		int64_t n;
		if ((s = acd_tag_value(t, nums[i].name)).n && sv_i64(s, &n) == 0 && n >= 0 &&
		    n <= nums[i].max)
			jv_set_int(o, nums[i].key, n);
		else if (s.n)
			note(m, name, "%s = %.*s does not fit", nums[i].name,
			     (int)(s.n < 60 ? s.n : 60), s.p);
	}
	s = acd_tag_value(t, "type");
	if (s.n && !sv_eq(s, SV("callback")))
		note(m, name, "type %.*s: every agent is called when it is his turn",
		     (int)(s.n < 60 ? s.n : 60), s.p);
}

static int xml_tag(void *arg, const struct acd_tag *t)
{
	struct import *m = arg;
	if (sv_eq(t->name, SV("queue"))) {
		if (!t->ends)
			queue_open(m, acd_tag_value(t, "name"));
		if (t->ends || t->single)
			queue_close(m);
	} else if (t->ends) {
		return 0;
	} else if (sv_eq(t->name, SV("param"))) {
		put(m, freeswitch, acd_tag_value(t, "name"), acd_tag_value(t, "value"));
	} else if (sv_eq(t->name, SV("agent"))) {
		xml_agent(m, t);
	} else if (sv_eq(t->name, SV("tier"))) {
		int64_t level = 1, position = 1;
		jv *o = agent(m, acd_tag_value(t, "agent"), SV_NULL, SV_NULL);
		(void)sv_i64(acd_tag_value(t, "level"), &level);
		(void)sv_i64(acd_tag_value(t, "position"), &position);
		if (o && acd_tag_value(t, "queue").n)
			seat(m, o, acd_tag_value(t, "queue"), level, position);
	}
	return m->err;
}

/* ---- Asterisk ---- */

/* interface[,penalty[,name[,...]]] */
static void ini_member(struct import *m, sv v)
{
	sv part[3] = { SV_NULL, SV_NULL, SV_NULL }, who;
	int64_t penalty = 0;
	jv *o;
	for (int i = 0; i < 3 && sv_cut(&v, ',', &part[i]); i++)
		part[i] = sv_trim(part[i]);
	(void)sv_i64(part[1], &penalty);
	who = dialled(part[0]);
	o = agent(m, who, part[0], part[2]);
	if (!o || !m->now)
		return;
	seat(m, o, jv_get_str(m->now, "id"), penalty + 1, (int64_t)jv_len(m->people));
	if (m->autopause)
		jv_set_int(o, "max_no_answer", 1);
}

struct section { sv name, of; size_t at, end; bool template; };
struct sections { struct section *v; size_t n, cap; };

/* The lines of a section; those of its templates first. */
static void ini_lines(struct import *m, sv text, const struct sections *all,
		      const struct section *s, int depth)
{
	sv rest = sv_slice(text, s->at, s->end), line, of = s->of, name;
	while (depth < 8 && sv_cut(&of, ',', &name))
		for (size_t i = 0; i < all->n; i++)
			if (sv_eq(all->v[i].name, sv_trim(name)) && &all->v[i] != s)
				ini_lines(m, text, all, &all->v[i], depth + 1);
	while (sv_line(&rest, &line)) {
		ptrdiff_t cut = sv_find_ch(line, ';');
		sv key;
		line = sv_trim(cut >= 0 ? sv_slice(line, 0, (size_t)cut) : line);
		if (!line.n || sv_find_ch(line, '=') < 0)
			continue;
		(void)sv_cut(&line, '=', &key);
		if (line.n && line.p[0] == '>')
			line = sv_slice(line, 1, line.n);
		key = sv_trim(key);
		line = sv_trim(line);
		if (sv_eq_nocase(key, SV("member")))
			ini_member(m, line);
		else
			put(m, asterisk, key, line);
	}
}

/* "[support](!,base)": a template, made of another. */
static void ini_section(struct sections *all, sv line, size_t at)
{
	ptrdiff_t end = sv_find_ch(line, ']'), open = sv_find_ch(line, '(');
	struct section *s = VEC_PUSH(all, 4 * ACD_QUEUES);
	if (!s || end < 0)
		return;
	s->name = sv_slice(line, 1, (size_t)end);
	s->at = at;
	if (open < 0)
		return;
	ptrdiff_t close = sv_find_ch(line, ')');
	s->of = sv_slice(line, (size_t)open + 1, close < 0 ? line.n : (size_t)close);
	s->template = sv_find_ch(s->of, '!') >= 0;
}

static int read_ini(struct import *m, sv text, const char *name, struct err *e)
{
	struct sections all = { 0 };
	sv rest = text, line;
	int rc = 0;
	while (sv_line(&rest, &line)) {
		size_t at = text.n - rest.n;
		if (line.n > IMPORT_LINE)
			rc = err_set(e, ERR_PARSE, "%s: a line of more than %d bytes", name,
				     (int)IMPORT_LINE);
		line = sv_trim(line);
		if (!line.n || line.p[0] != '[')
			continue;
		if (all.n)
			all.v[all.n - 1].end = (size_t)(line.p - text.p);
		ini_section(&all, line, at);
	}
	if (all.n)
		all.v[all.n - 1].end = text.n;
	for (size_t i = 0; i < all.n && rc == 0; i++) {
		if (all.v[i].template || sv_eq(all.v[i].name, SV("general")))
			continue;
		queue_open(m, all.v[i].name);
		ini_lines(m, text, &all, &all.v[i], 0);
		queue_close(m);
	}
	if (rc == 0 && m->err)
		rc = err_set(e, m->err, "%s: too many queues", name);
	if (rc == 0 && !jv_len(m->queues))
		rc = err_set(e, ERR_PARSE, "%s: no queue in it; callcenter.conf.xml of FreeSWITCH "
					   "or queues.conf of Asterisk is expected", name);
	VEC_FREE(&all);
	return rc;
}

/* ---- the whole ---- */

/* A queue an agent is in but that is not there cannot be kept. */
static void drop_strays(struct import *m)
{
	for (size_t i = 0; i < jv_len(m->people); i++) {
		jv *who = jv_at(m->people, i), *kept = jv_arr();
		const jv *list = jv_get(who, "queues");
		for (size_t k = 0; k < jv_len(list); k++) {
			sv id = jv_get_str(jv_at(list, k), "queue");
			bool there = false;
			for (size_t q = 0; q < jv_len(m->queues); q++)
				there |= sv_eq(jv_get_str(jv_at(m->queues, q), "id"), id);
			if (there)
				jv_push(kept, jv_copy(jv_at(list, k)));
			else
				note(m, jv_get_str(who, "login"), "there is no queue %.*s",
				     SV_ARG(id));
		}
		jv_set(who, "queues", kept);
	}
}

int acd_import(jv **ret, sv text, const char *name, struct sb *notes, struct err *e)
{
	jv *tree = jv_obj(), *agents = jv_obj();
	struct import m = { .notes = notes };
	sv head = sv_trim(sv_slice(text, 0, 4096));
	int rc;
	jv_set(tree, "queues", jv_arr());
	jv_set(agents, "people", jv_arr());
	jv_set(tree, "agents", agents);
	m.queues = jv_get(tree, "queues");
	m.people = jv_get(agents, "people");
	if (!sv_utf8_ok(text))
		rc = err_set(e, ERR_PARSE, "%s is not UTF-8", name);
	else
		rc = head.n && head.p[0] == '<' ? acd_tags(text, name, xml_tag, &m, e) :
						  read_ini(&m, text, name, e);
	if (rc == 0 && !jv_len(m.queues))
		rc = err_set(e, ERR_PARSE, "%s: no queue in it", name);
	if (rc) {
		jv_free(tree);
		return rc;
	}
	drop_strays(&m);
	*ret = tree;
	return 0;
}

/* ---- as YAML ---- */

static void put_yaml(const jv *v, int depth, struct sb *out);

static bool is_flat(const jv *v)
{
	return !jv_is_obj(v) && !jv_is_arr(v);
}

/* Members of an object; the first may stand behind a "- ". */
static void put_members(const jv *o, int depth, bool first_inline, struct sb *out)
{
	void *it = NULL;
	sv key;
	jv *v;
	for (bool first = true; jv_next(o, &it, &key, &v); first = false) {
		if (!(first && first_inline))
			sb_fmt(out, "%*s", depth * 2, "");
		sb_put(out, key);
		sb_cstr(out, is_flat(v) || !jv_len(v) ? ": " : ":\n");
		put_yaml(v, depth + 1, out);
	}
}

static void put_yaml(const jv *v, int depth, struct sb *out)
{
	if (is_flat(v) || !jv_len(v)) {
		jv_dump(v, out);
		sb_ch(out, '\n');
		return;
	}
	if (jv_is_obj(v)) {
		put_members(v, depth, false, out);
		return;
	}
	for (size_t i = 0; i < jv_len(v); i++) {
		sb_fmt(out, "%*s- ", depth * 2, "");
		if (jv_is_obj(jv_at(v, i)) && jv_len(jv_at(v, i)))
			put_members(jv_at(v, i), depth + 1, true, out);
		else
			put_yaml(jv_at(v, i), depth + 1, out);
	}
}

void acd_import_yaml(const jv *tree, struct sb *out)
{
	put_yaml(tree, 0, out);
}
