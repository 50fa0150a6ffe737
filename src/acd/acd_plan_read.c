/* acd_plan_read.c: a plan from its tree: skills, queues, routes and agents, each checked, with
 * every fault told by its place, what is wrong and how to mend it.
 *
 * Ids of skills and queues are read before what refers to them, so the order of the file does
 * not matter. Numbers are read by a table of name, place and range. Strings go to the plan's
 * arena. Any thread, one reader at a time.
 */
#include "acd_plan_int.h"
#include "pcm_music.h"

#include <stdio.h>

#define N(x) (sizeof(x) / sizeof((x)[0]))
#define ISSUES_MAX 100
#define DAY_S 86400

struct reader {
	struct acd_plan *p;
	const char *name;
	sv text;
	struct cfg_report *rep;
	const struct acd_cals *cals;
	const char *music;           /* of queues that say nothing; "" = the tune */
	char at[140];                /* place of the entry we are in */
	bool bad;
};

static void fault(struct reader *r, const char *key, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void fault(struct reader *r, const char *key, const char *mend, const char *fmt, ...)
{
	struct cfg_issue *x = r->rep ? VEC_PUSH(r->rep, ISSUES_MAX) : NULL;
	char path[240];
	va_list ap;
	r->bad = true;
	if (!x)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(x->what, sizeof(x->what), fmt, ap);
	va_end(ap);
	(void)snprintf(path, sizeof(path), "%s%s%.60s", r->at, r->at[0] && key[0] ? "." : "", key);
	cfg_where(x->where, r->text, r->name, path);
	(void)snprintf(x->mend, sizeof(x->mend), "%s", mend);
}

static void known_keys(struct reader *r, const jv *o, const char *key, const char *names)
{
	void *it = NULL;
	sv k;
	jv *v;
	if (o && !jv_is_obj(o)) {
		fault(r, key, "Write members: name: value.", "members are expected here");
		return;
	}
	while (jv_next(o, &it, &k, &v)) {
		char word[64], mend[240], at[120];
		int n = (int)(k.n < 50 ? k.n : 50);
		(void)snprintf(word, sizeof(word), "|%.*s|", n, k.p);
		if (sv_find(sv_of(names), sv_of(word)) >= 0)
			continue;
		(void)snprintf(at, sizeof(at), "%s%s%.*s", key, key[0] ? "." : "", n, k.p);
		(void)snprintf(mend, sizeof(mend), "Use one of: %.*s", (int)strlen(names) - 2,
			       names + 1);
		fault(r, at, mend, "unknown key \"%.*s\"", n, k.p);
	}
}

/* ---- values ---- */

struct num { const char *key; size_t off; int min, max, def; };

static int whole(struct reader *r, const jv *o, const char *key, int min, int max, int def)
{
	const jv *v = jv_get(o, key);
	int64_t i = jv_as_int(v, INT64_MIN);
	char mend[80];
	if (!v)
		return def;
	(void)snprintf(mend, sizeof(mend), "Use a whole number from %d to %d.", min, max);
	if (i < min || i > max) {
		fault(r, key, mend, "%s is not in its range", key);
		return def;
	}
	return (int)i;
}

/* Of a member that is an object: its name goes into the place. */
static int whole_in(struct reader *r, const jv *o, const char *in, const struct num *n)
{
	char before[sizeof(r->at)];
	int i;
	(void)snprintf(before, sizeof(before), "%s", r->at);
	(void)snprintf(r->at, sizeof(r->at), "%.100s.%.30s", before, in);
	i = whole(r, jv_get(o, in), n->key, n->min, n->max, n->def);
	(void)snprintf(r->at, sizeof(r->at), "%s", before);
	return i;
}

static void wholes(struct reader *r, const jv *o, const struct num *t, size_t n, void *to)
{
	for (size_t i = 0; i < n; i++)
		*(int *)(void *)((char *)to + t[i].off) =
			whole(r, o, t[i].key, t[i].min, t[i].max, t[i].def);
}

static bool yes(struct reader *r, const jv *o, const char *key, bool def)
{
	const jv *v = jv_get(o, key);
	if (v && !jv_is_bool(v))
		fault(r, key, "Write true or false.", "true or false is expected here");
	return jv_as_bool(v, def);
}

static const char *text(struct reader *r, const jv *o, const char *key, size_t most)
{
	const jv *v = jv_get(o, key);
	sv s = jv_as_str(v);
	if (v && (!jv_is_str(v) || s.n > most))
		fault(r, key, "Write a text; put numbers in quotes.",
		      "a text of up to %zu bytes is expected here", most);
	return arena_cstr(&r->p->a, s.n <= most ? s : SV(""));
}

static const char *ident(struct reader *r, const jv *o, const char *key)
{
	sv s = jv_get_str(o, key);
	bool ok = s.n > 0 && s.n < 48;
	for (size_t i = 0; i < s.n; i++)
		ok &= (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		      (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '_' || s.p[i] == '-' ||
		      s.p[i] == '.' || s.p[i] == '@';
	if (!ok)
		fault(r, key, "Use letters, digits, - _ . or @, up to 47, in quotes when it is "
			      "a number.",
		      "no usable name");
	return arena_cstr(&r->p->a, ok ? s : SV("?"));
}

/* v: of the member key. */
static void both_of(struct reader *r, const jv *v, const char *key, size_t most,
		    const char *ret[2])
{
	static const char *const langs[] = { "zh", "en" };
	known_keys(r, v, key, "|zh|en|");
	for (int i = 0; i < 2; i++) {
		sv s = jv_get_str(v, langs[i]);
		if (!sv_trim(s).n || s.n > most)
			fault(r, key, "Give it in both languages: {zh: \"..\", en: \"..\"}.",
			      "no %s in %s of up to %zu bytes", key, langs[i], most);
		ret[i] = arena_cstr(&r->p->a, s);
	}
}

static void titles(struct reader *r, const jv *o, const char *ret[2])
{
	both_of(r, jv_get(o, "title"), "title", 120, ret);
}

/* Calls one(r, i, entry) with r->at set for each entry of a list. */
static void entries(struct reader *r, const jv *list, const char *key, size_t max,
		    void (*one)(struct reader *r, int i, const jv *o))
{
	char before[sizeof(r->at)];
	if (list && !jv_is_arr(list))
		fault(r, key, "Write a list.", "a list is expected here");
	if (jv_is_arr(list) && jv_len(list) > max)
		fault(r, key, "Leave some out.", "more than %zu entries", max);
	(void)snprintf(before, sizeof(before), "%s", r->at);
	for (size_t i = 0; jv_is_arr(list) && i < jv_len(list) && i < max; i++) {
		(void)snprintf(r->at, sizeof(r->at), "%.60s%s%.40s[%zu]", before,
			       before[0] ? "." : "", key, i);
		if (jv_is_obj(jv_at(list, i)))
			one(r, (int)i, jv_at(list, i));
		else
			fault(r, "", "Write members: {id: .., ..}.", "members are expected here");
	}
	(void)snprintf(r->at, sizeof(r->at), "%s", before);
}

static int queue_named(struct reader *r, sv s, const char *key)
{
	int i = acd_plan_queue_of(r->p, s);
	if (i < 0)
		fault(r, key, "Name one of the queues of this file.",
		      "there is no queue \"%.*s\"", (int)(s.n < 50 ? s.n : 50), s.n ? s.p : "");
	return i;
}

static int skill_named(struct reader *r, sv s, const char *key)
{
	int i = acd_plan_skill_of(r->p, s);
	if (i < 0)
		fault(r, key, "Name one of the skills of this file.",
		      "there is no skill \"%.*s\"", (int)(s.n < 50 ? s.n : 50), s.n ? s.p : "");
	return i;
}

static int read_needs(struct reader *r, const jv *o, struct acd_need *ret)
{
	const jv *list = jv_get(o, "needs");
	int n = 0;
	if (list && (!jv_is_arr(list) || jv_len(list) > ACD_NEEDS))
		fault(r, "needs", "Write a list: [{skill: orders, level: 3}].",
		      "a list of up to %d needs is expected here", ACD_NEEDS);
	for (size_t i = 0; jv_is_arr(list) && i < jv_len(list) && n < ACD_NEEDS; i++) {
		const jv *v = jv_at(list, i);
		known_keys(r, v, "needs", "|skill|level|preferred|");
		ret[n] = (struct acd_need){
			.skill = skill_named(r, jv_get_str(v, "skill"), "needs"),
			.level = whole(r, v, "level", 1, ACD_LEVEL_MOST, 1),
			.preferred = yes(r, v, "preferred", false) };
		for (int k = 0; k < n; k++)
			if (ret[k].skill == ret[n].skill)
				fault(r, "needs", "Name each skill once.", "a skill twice");
		n += ret[n].skill >= 0;
	}
	return n;
}

/* ---- skills and queues ---- */

static void read_skill(struct reader *r, int i, const jv *o)
{
	struct acd_plan *p = r->p;
	struct plan_skill *s = &p->skill[p->n_skills];
	known_keys(r, o, "", "|id|title|");
	s->id = ident(r, o, "id");
	titles(r, o, s->title);
	if (acd_plan_skill_of(p, sv_of(s->id)) >= 0)
		fault(r, "id", "Rename one of them.", "two skills \"%s\"", s->id);
	p->n_skills++;
}

static void read_queue_id(struct reader *r, int i, const jv *o)
{
	struct acd_plan *p = r->p;
	struct acd_queue *q = &p->queue[p->n_queues];
	q->id = ident(r, o, "id");
	if (acd_plan_queue_of(p, sv_of(q->id)) >= 0)
		fault(r, "id", "Rename one of them.", "two queues \"%s\"", q->id);
	p->n_queues++;
}

/* "queue:general", "voicemail", "callback", "bot", "hangup", "none" */
static struct acd_over read_over(struct reader *r, const jv *o, const char *key, int self)
{
	struct acd_over x = { ACD_TO_NONE, -1 };
	sv s = jv_get_str(o, key);
	char at[40];
	(void)snprintf(at, sizeof(at), "overflow.%s", key);
	if (!jv_get(o, key))
		return x;
	if (sv_starts(s, SV("queue:"))) {
		x.where = ACD_TO_QUEUE;
		x.queue = queue_named(r, sv_slice(s, 6, s.n), at);
		if (x.queue == self)
			fault(r, at, "Name another queue.", "a queue that overflows into itself");
		return x;
	}
	for (int i = 0; i < ACD_WHERES; i++)
		if (i != ACD_TO_QUEUE && sv_eq(s, sv_of(acd_where_name((enum acd_where)i))))
			return (struct acd_over){ (enum acd_where)i, -1 };
	fault(r, at, "Use queue:ID, voicemail, callback, bot, hangup or none.",
	      "no place to send to");
	return x;
}

static void read_overs(struct reader *r, const jv *o, struct acd_queue *q, int self)
{
	const jv *v = jv_get(o, "overflow");
	known_keys(r, v, "overflow", "|full|late|closed|empty|");
	q->full = read_over(r, v, "full", self);
	q->late = read_over(r, v, "late", self);
	q->closed = read_over(r, v, "closed", self);
	q->empty = read_over(r, v, "empty", self);
	if (q->full.where && !q->max_len)
		fault(r, "overflow.full", "Add max_len.", "it never happens: there is no max_len");
	if (q->late.where && !q->max_wait_s)
		fault(r, "overflow.late", "Add max_wait_s.",
		      "it never happens: there is no max_wait_s");
	if (q->empty.where && !q->no_agent_s)
		fault(r, "overflow.empty", "Add no_agent_s.",
		      "it never happens: there is no no_agent_s");
}

static void read_relax(struct reader *r, const jv *o, struct acd_queue *q, int self)
{
	const jv *list = jv_get(o, "relax");
	if (list && (!jv_is_arr(list) || jv_len(list) > ACD_RELAX))
		fault(r, "relax", "Write a list: [{after_s: 30, lower: 1}].",
		      "a list of up to %d steps is expected here", ACD_RELAX);
	for (size_t i = 0; jv_is_arr(list) && i < jv_len(list) && i < ACD_RELAX; i++) {
		const jv *v = jv_at(list, i);
		struct acd_relax *x = &q->relax[q->n_relax++];
		known_keys(r, v, "relax", "|after_s|lower|drop_preferred|any_language|queue|");
		x->after_s = whole(r, v, "after_s", 0, DAY_S, -1);
		x->lower = whole(r, v, "lower", 0, ACD_LEVEL_MOST, 0);
		x->drop_preferred = yes(r, v, "drop_preferred", false);
		x->any_language = yes(r, v, "any_language", false);
		x->queue = jv_get(v, "queue") ?
				   queue_named(r, jv_get_str(v, "queue"), "relax") :
				   -1;
		if (x->after_s < 0 || (i && x->after_s <= x[-1].after_s))
			fault(r, "relax", "Give each step an after_s above the one before.",
			      "step %zu has no place in time", i + 1);
		if (x->queue == self || !(x->lower || x->drop_preferred || x->any_language ||
					  x->queue >= 0))
			fault(r, "relax", "Use lower, drop_preferred, any_language or queue.",
			      "step %zu changes nothing", i + 1);
	}
}

static void read_hours(struct reader *r, const jv *o, struct acd_queue *q)
{
	struct acd_plan *p = r->p;
	sv s = jv_get_str(o, "hours");
	const struct cal *c;
	if (!jv_get(o, "hours"))
		return;
	c = r->cals && s.n ? r->cals->of(r->cals->arg, s) : NULL;
	if (!c) {
		fault(r, "hours", "Name one of the calendars (calendars.yaml), or leave it out.",
		      "there is no calendar \"%.*s\"", (int)(s.n < 50 ? s.n : 50), s.n ? s.p : "");
		return;
	}
	q->hours = p->cal[p->n_cals++] = obj_ref((void *)(uintptr_t)c);
}

#define Q(field) offsetof(struct acd_queue, field)
static const struct num queue_nums[] = {
	{ "priority", Q(priority), -100, 100, 0 },
	{ "max_len", Q(max_len), 0, ACD_QUEUES * 1000, 0 },
	{ "max_wait_s", Q(max_wait_s), 0, 7 * DAY_S, 0 },
	{ "no_agent_s", Q(no_agent_s), 0, DAY_S, 0 },
	{ "short_abandon_s", Q(short_abandon_s), 0, 600, 5 },
	{ "wrapup_s", Q(wrapup_s), 0, 3600, -1 },
	{ "ring_s", Q(ring_s), 3, 3600, 20 },
	{ "ring_more_s", Q(ring_more_s), 1, 600, 10 },
	{ "sticky_s", Q(sticky_s), 0, DAY_S, 0 },
	{ "resume_s", Q(resume_s), 0, DAY_S, 0 },
	{ "tier_wait_s", Q(tier_wait_s), 0, DAY_S, 0 },
	{ "away_s", Q(away_s), 0, DAY_S, 300 },
};

static enum acd_sl_of read_sl_of(struct reader *r, const jv *sl)
{
	sv s = jv_get_str(sl, "of");
	for (int i = 0; i < ACD_SL_OFS; i++)
		if (sv_eq(s, sv_of(acd_sl_name((enum acd_sl_of)i))))
			return (enum acd_sl_of)i;
	if (jv_get(sl, "of"))
		fault(r, "sl.of", "Use removed, answered or offered (docs/acd.md).",
		      "no service level is counted so");
	return ACD_SL_REMOVED;
}

static void read_announce(struct reader *r, const jv *o, struct acd_queue *q)
{
	static const struct num first = { "first_s", 0, 0, 3600, 0 };
	static const struct num every = { "every_s", 0, 0, 3600, 0 };
	static const struct num limit = { "limit", 0, 0, ACD_QUEUES * 1000, 0 };
	const jv *say = jv_get(o, "announce"), *own = jv_get(say, "say");
	bool empty = jv_is_obj(own) && !jv_get_str(own, "zh").n && !jv_get_str(own, "en").n;
	known_keys(r, say, "announce", "|position|limit|wait|first_s|every_s|say|");
	q->say_position = yes(r, say, "position", say != NULL);
	q->say_limit = whole_in(r, o, "announce", &limit);
	q->say_once = sv_eq(jv_get_str(say, "wait"), SV("once"));
	if (jv_get(say, "wait") && !q->say_once && !jv_is_bool(jv_get(say, "wait")))
		fault(r, "announce.wait", "Write true, false or once.",
		      "true, false or once is expected here");
	q->say_wait = q->say_once || jv_as_bool(jv_get(say, "wait"), say != NULL);
	q->say_first_s = whole_in(r, o, "announce", &first);
	q->say_every_s = whole_in(r, o, "announce", &every);
	if (q->say_every_s && q->say_every_s < 5)
		fault(r, "announce.every_s", "0 for once, or 5 and more.", "too often");
	if (own && !empty)
		both_of(r, own, "announce.say", 600, q->say);
	else
		q->say[0] = q->say[1] = "";
	if (q->say[0][0] && !q->say_every_s)
		fault(r, "announce.say", "Add every_s.", "it is never said: there is no every_s");
}

static void music_fault(struct reader *r, bool own, int rc, const struct err *e)
{
	char at[sizeof(r->at)];
	memcpy(at, r->at, sizeof(at));
	if (!own)
		r->at[0] = 0;        /* the plan's, at the top */
	fault(r, "music", rc == ERR_TOOBIG ? "Shorten it or leave some out: 20 minutes in all." :
			  "Use music/NAME.wav (PCM) or music, a folder beside this file, none, "
			  "or tune.",
	      "%s", e->msg);
	memcpy(r->at, at, sizeof(at));
	if (!own)
		r->music = "";       /* told once */
}

/* A sound that several queues name is read, and counted, once. */
static void read_music(struct reader *r, struct acd_queue *q)
{
	struct acd_plan *p = r->p;
	const char *name = q->music[0] ? q->music : r->music;
	struct plan_music *x = &p->music[p->n_music];
	int left = ACD_MUSIC_S, rc;
	struct err e = { 0 };
	bool none = strcmp(name, "none") == 0, known = false;
	for (int i = 0; i < p->n_music; i++) {
		bool it = strcmp(p->music[i].name, name) == 0;
		left -= p->music[i].m ? pcm_music_seconds(p->music[i].m) : 0;
		q->tune = it ? p->music[i].m : q->tune;
		known |= it;
	}
	if (known || !name[0] || strcmp(name, "tune") == 0 ||
	    (!none && (!r->cals || !r->cals->music)))
		return;
	rc = none ? pcm_music_new(&x->m, NULL, 0, 0, &e) :
		    r->cals->music(r->cals->music_arg, sv_of(name), left, &x->m, &e);
	if (rc)
		music_fault(r, q->music[0], rc, &e);
	if (rc)
		return;
	x->name = name;              /* also of none: it is asked for once */
	q->tune = x->m;
	p->n_music++;
}

static void read_queue(struct reader *r, int i, const jv *o)
{
	struct acd_queue *q = &r->p->queue[i];
	sv s = jv_get_str(o, "strategy");
	const jv *sl = jv_get(o, "sl"), *age = jv_get(o, "ageing");
	int strategy = acd_strategy_of(s);
	known_keys(r, o, "",
		   "|id|title|strategy|priority|ageing|hours|max_len|max_wait_s|no_agent_s|overflow"
		   "|sl|short_abandon_s|announce|wrapup_s|ring_s|ring_more_s|sticky_s|resume_s"
		   "|tier_wait_s|away_s|relax|needs|callback|voicemail|music|");
	titles(r, o, q->title);
	wholes(r, o, queue_nums, N(queue_nums), q);
	if (jv_get(o, "strategy") && strategy < 0)
		fault(r, "strategy", "Use longest-idle-agent, round-robin, top-down, least-busy, "
				     "best-match, ring-all ... (docs/acd.md lists them).",
		      "unknown strategy");
	q->strategy = strategy < 0 ? ACD_LONGEST_IDLE : (enum acd_strategy)strategy;
	q->ageing = jv_as_num(age, 1);
	if ((age && !jv_is_num(age)) || !(q->ageing >= 0 && q->ageing <= 1000)) {
		fault(r, "ageing", "Points of priority a minute, 0 to 1000.",
		      "not a usable number");
		q->ageing = 1;
	}
	known_keys(r, sl, "sl", "|s|pct|of|");
	q->sl_s = whole_in(r, o, "sl", &(struct num){ "s", 0, 1, DAY_S, 20 });
	q->sl_pct = whole_in(r, o, "sl", &(struct num){ "pct", 0, 1, 100, 80 });
	q->sl_of = read_sl_of(r, sl);
	read_announce(r, o, q);
	q->callback = yes(r, o, "callback", true);
	q->voicemail = yes(r, o, "voicemail", false);
	q->music = text(r, o, "music", 120);
	read_music(r, q);
	read_hours(r, o, q);
	read_overs(r, o, q, i);
	read_relax(r, o, q, i);
	q->n_need = read_needs(r, o, q->need);
}

/* ---- routes ---- */

static void read_words(struct reader *r, const jv *o, const char *key, struct plan_words *w)
{
	const jv *v = jv_get(o, key);
	size_t n = jv_is_str(v) ? 1 : jv_len(v);
	char at[40];
	(void)snprintf(at, sizeof(at), "when.%s", key);
	if (v && (n < 1 || n > PLAN_WORDS || !(jv_is_str(v) || jv_is_arr(v)))) {
		fault(r, at, "Write one word or a list of words.",
		      "1 to %d words are expected here", PLAN_WORDS);
		return;
	}
	for (size_t i = 0; v && i < n; i++) {
		sv s = jv_as_str(jv_is_str(v) ? v : jv_at(v, i));
		if (!s.n)
			fault(r, at, "Put numbers in quotes.", "word %zu is no text", i + 1);
		w->v[w->n++] = arena_sv(&r->p->a, s);
	}
}

static bool holds_always(const struct plan_when *k)
{
	return !k->topic.n && !k->reason.n && !k->tier.n && !k->language.n && !k->channel.n &&
	       !k->media;
}

static void read_route(struct reader *r, int i, const jv *o)
{
	struct plan_route *x = &r->p->route[r->p->n_routes++];
	const jv *when = jv_get(o, "when");
	struct plan_words media = { .n = 0 };
	known_keys(r, o, "", "|when|queue|priority|needs|");
	known_keys(r, when, "when", "|topic|reason|tier|language|channel|media|");
	read_words(r, when, "topic", &x->when.topic);
	read_words(r, when, "reason", &x->when.reason);
	read_words(r, when, "tier", &x->when.tier);
	read_words(r, when, "language", &x->when.language);
	read_words(r, when, "channel", &x->when.channel);
	read_words(r, when, "media", &media);
	for (int k = 0; k < media.n; k++) {
		int m = acd_media_of(media.v[k]);
		if (m < 0)
			fault(r, "when.media", "Use voice, chat, message, email or task.",
			      "unknown medium");
		else
			x->when.media |= 1u << m;
	}
	if (r->p->n_routes > 1 && holds_always(&x[-1].when))
		fault(r, "", "Put it before the route that has no when.",
		      "no wish ever gets to this route");
	x->queue = queue_named(r, jv_get_str(o, "queue"), "queue");
	x->priority = whole(r, o, "priority", -100, 100, 0);
	x->n_need = read_needs(r, o, x->need);
}

/* ---- agents ---- */

#define P(field) offsetof(struct acd_person, field)
static const struct { const char *key; size_t off; int min, max; } person_nums[] = {
	{ "wrapup_s", P(wrapup_s), 0, 3600 },
	{ "max_no_answer", P(max_no_answer), 0, 1000 },
	{ "reject_delay_s", P(reject_delay_s), 0, 3600 },
	{ "busy_delay_s", P(busy_delay_s), 0, 3600 },
	{ "no_answer_delay_s", P(no_answer_delay_s), 0, 3600 },
};

static void read_levels(struct reader *r, const jv *o, struct acd_person *x)
{
	const jv *v = jv_get(o, "skills");
	struct acd_level *l;
	void *it = NULL;
	sv key;
	jv *level;
	if (!v)
		return;
	if (!jv_is_obj(v) || jv_len(v) > ACD_SKILLS) {
		fault(r, "skills", "Write {orders: 5, billing: 3}.", "skills are expected here");
		return;
	}
	x->skills = l = arena_new(&r->p->a, struct acd_level, jv_len(v) + 1);
	x->n_skills = 0;
	while (jv_next(v, &it, &key, &level)) {
		int64_t n = jv_as_int(level, 0);
		int skill = skill_named(r, key, "skills");
		if (n < 1 || n > ACD_LEVEL_MOST)
			fault(r, "skills", "Levels go from 1 to 10.",
			      "\"%.*s\" has no such level", (int)(key.n < 50 ? key.n : 50), key.p);
		l[x->n_skills++] = (struct acd_level){ skill, (int)n };
	}
}

static void read_seats(struct reader *r, const jv *o, struct acd_person *x)
{
	const jv *v = jv_get(o, "queues");
	struct acd_seat *s;
	if (!v)
		return;
	if (!jv_is_arr(v) || jv_len(v) > ACD_QUEUES) {
		fault(r, "queues", "Write [sales, {queue: vip, tier: 2}].",
		      "a list is expected here");
		return;
	}
	x->seats = s = arena_new(&r->p->a, struct acd_seat, jv_len(v) + 1);
	x->n_seats = 0;
	for (size_t i = 0; i < jv_len(v); i++) {
		const jv *e = jv_at(v, i);
		if (!jv_is_str(e))
			known_keys(r, e, "queues", "|queue|tier|position|");
		s[i] = (struct acd_seat){
			queue_named(r, jv_is_str(e) ? jv_as_str(e) : jv_get_str(e, "queue"),
				    "queues"),
			whole(r, jv_is_obj(e) ? e : NULL, "tier", 1, 99, 1),
			whole(r, jv_is_obj(e) ? e : NULL, "position", 1, 9999, 1) };
		for (size_t k = 0; k < i; k++)
			if (s[k].queue == s[i].queue)
				fault(r, "queues", "Name each queue once.", "a queue twice");
		x->n_seats++;
	}
}

static void read_speaks(struct reader *r, const jv *o, struct acd_person *x)
{
	const jv *v = jv_get(o, "languages");
	if (!v)
		return;
	x->languages = 0;
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++) {
		int l = acd_plan_lang_of(r->p, jv_as_str(jv_at(v, i)));
		if (l < 0)
			fault(r, "languages", "Add it to \"languages\" at the top.",
			      "a language this plan does not name");
		else
			x->languages |= UINT32_C(1) << l;
	}
	if (!x->languages)
		fault(r, "languages", "Write [zh, en].", "no language at all");
}

/* What o names; the rest stays as it is in x. */
static void read_person_rest(struct reader *r, const jv *o, struct acd_person *x)
{
	const jv *cap = jv_get(o, "capacity");
	known_keys(r, cap, "capacity", "|voice|chat|message|email|task|");
	for (int m = 0; m < ACD_MEDIAS; m++)
		x->capacity[m] = whole_in(r, o, "capacity",
					  &(struct num){ acd_media_name((enum acd_media)m), 0, 0,
							 m == ACD_VOICE ? 1 : 100,
							 x->capacity[m] });
	for (size_t i = 0; i < N(person_nums); i++) {
		int *to = (int *)(void *)((char *)x + person_nums[i].off);
		*to = whole(r, o, person_nums[i].key, person_nums[i].min, person_nums[i].max, *to);
	}
	x->blended = yes(r, o, "blended", x->blended);
	read_speaks(r, o, x);
}

static void read_person(struct reader *r, int i, const jv *o)
{
	struct acd_plan *p = r->p;
	struct acd_person *x = &p->person[p->n_people];
	known_keys(r, o, "",
		   "|login|name|extension|languages|skills|queues|capacity|blended|wrapup_s"
		   "|max_no_answer|reject_delay_s|busy_delay_s|no_answer_delay_s|");
	*x = p->std;
	x->login = ident(r, o, "login");
	x->name = text(r, o, "name", 120);
	x->extension = text(r, o, "extension", 200);
	read_person_rest(r, o, x);
	read_levels(r, o, x);
	read_seats(r, o, x);
	if (acd_plan_person_of(p, sv_of(x->login)) >= 0)
		fault(r, "login", "Rename one of them.", "two agents \"%s\"", x->login);
	p->n_people++;
}

static void read_people(struct reader *r, const jv *o)
{
	struct acd_plan *p = r->p;
	const jv *std = jv_get(o, "defaults"), *list = jv_get(o, "people");
	known_keys(r, o, "agents", "|defaults|people|");
	p->std = (struct acd_person){
		.login = "", .name = "", .extension = "",
		.languages = (uint32_t)((UINT64_C(1) << p->n_langs) - 1),
		.capacity = { 1, 4, 6, 4, 8 }, .wrapup_s = 30, .max_no_answer = 3,
		.reject_delay_s = 10, .busy_delay_s = 20, .no_answer_delay_s = 30 };
	(void)snprintf(r->at, sizeof(r->at), "agents.defaults");
	known_keys(r, std, "",
		   "|languages|skills|queues|capacity|blended|wrapup_s|max_no_answer"
		   "|reject_delay_s|busy_delay_s|no_answer_delay_s|");
	read_person_rest(r, std, &p->std);
	read_levels(r, std, &p->std);
	read_seats(r, std, &p->std);
	(void)snprintf(r->at, sizeof(r->at), "agents");
	p->person = arena_new(&p->a, struct acd_person, jv_len(list) + 1);
	entries(r, list, "people", PLAN_PEOPLE, read_person);
	r->at[0] = 0;
}

/* ---- the whole ---- */

static void read_langs(struct reader *r, const jv *tree)
{
	const jv *v = jv_get(tree, "languages");
	struct acd_plan *p = r->p;
	if (!v) {
		p->lang[p->n_langs++] = "zh";
		p->lang[p->n_langs++] = "en";
		return;
	}
	if (!jv_is_arr(v) || !jv_len(v) || jv_len(v) > ACD_LANGS)
		fault(r, "languages", "Write [zh, en].", "a list of languages is expected here");
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v) && i < ACD_LANGS; i++) {
		sv s = jv_as_str(jv_at(v, i));
		if (s.n < 2 || s.n > 8 || acd_plan_lang_of(p, s) >= 0)
			fault(r, "languages", "Use codes such as zh and en, each once; quote no.",
			      "entry %zu is no language", i + 1);
		p->lang[p->n_langs++] = arena_cstr(&p->a, s);
	}
}

static void read_reasons(struct reader *r, const jv *tree)
{
	static const char *const usual[] = { "break", "lunch", "training", "meeting", "other" };
	const jv *v = jv_get(tree, "pause_reasons");
	struct acd_plan *p = r->p;
	size_t n = v ? jv_len(v) : N(usual);
	if (v && (!jv_is_arr(v) || n > PLAN_REASONS))
		fault(r, "pause_reasons", "Write [break, lunch].", "up to %d words are expected",
		      PLAN_REASONS);
	for (size_t i = 0; i < n && i < PLAN_REASONS; i++) {
		sv s = v ? jv_as_str(jv_at(v, i)) : sv_of(usual[i]);
		if (!s.n || s.n > 40)
			fault(r, "pause_reasons", "Use short words.", "entry %zu is none", i + 1);
		p->reason[i] = arena_cstr(&p->a, s);
	}
}

int acd_plan_read(struct acd_plan *p, const jv *tree, sv yaml, const char *name,
		  const struct acd_cals *cals, struct cfg_report *rep)
{
	struct reader r = { .p = p, .name = name, .text = yaml, .rep = rep, .cals = cals };
	const jv *queues = jv_get(tree, "queues"), *routes = jv_get(tree, "routes");
	known_keys(&r, tree, "",
		   "|languages|skills|queues|routes|default_queue|agents|pause_reasons|music|");
	r.music = text(&r, tree, "music", 120);
	read_langs(&r, tree);
	read_reasons(&r, tree);
	entries(&r, jv_get(tree, "skills"), "skills", ACD_SKILLS, read_skill);
	if (!jv_is_arr(queues) || !jv_len(queues)) {
		fault(&r, "queues", "Write one: - { id: general, title: {zh: .., en: ..} }.",
		      "there is no queue");
		return ERR_INVAL;
	}
	entries(&r, queues, "queues", ACD_QUEUES, read_queue_id);
	if (r.bad)
		return ERR_INVAL;
	entries(&r, queues, "queues", ACD_QUEUES, read_queue);
	p->route = arena_new(&p->a, struct plan_route, jv_len(routes) + 1);
	entries(&r, routes, "routes", PLAN_ROUTES, read_route);
	if (jv_get(tree, "default_queue"))
		p->last_resort = queue_named(&r, jv_get_str(tree, "default_queue"),
					     "default_queue");
	read_people(&r, jv_get(tree, "agents"));
	return r.bad ? ERR_INVAL : 0;
}
