/* acd_plan.h: queues, skills, agents and the ways to them, as data (demo/queues.yaml).
 *
 *	struct acd_plan *p;
 *	acd_plan_new(&p, yaml, "queues.yaml", &(struct acd_cals){ of, desk }, &rep);
 *	acd_plan_route(p, &(struct acd_wish){ .topic = SV("refund_status"), ... }, &route);
 *	acd_plan_queue(p, route.queue)->title[0];
 *	obj_unref(p);
 *
 * A plan is immutable (an obj): any thread. Everything it hands out lives as long as it does. What
 * is wrong in a file is told with file:line:place and how to mend it. docs/acd.md has the language.
 */
#ifndef CALLM_ACD_PLAN_H
#define CALLM_ACD_PLAN_H

#include "base.h"

enum acd_media { ACD_VOICE, ACD_CHAT, ACD_MESSAGE, ACD_EMAIL, ACD_TASK, ACD_MEDIAS };
/* Who of those that may is taken; FreeSWITCH's names, Asterisk's are aliases. */
enum acd_strategy {
	ACD_LONGEST_IDLE, /* "longest-idle-agent", "leastrecent" */
	ACD_ROUND_ROBIN,  /* "round-robin", "rrmemory", "rrordered", "roundrobin" */
	ACD_TOP_DOWN,     /* "top-down", "linear" */
	ACD_LEAST_TALK,   /* "agent-with-least-talk-time" */
	ACD_FEWEST,       /* "agent-with-fewest-calls", "fewestcalls" */
	ACD_SEQUENTIAL, /* "sequentially-by-agent-order": by position, equals by longest idle */
	ACD_RANDOM,     /* "random" */
	ACD_WRANDOM,    /* "wrandom": position p is taken with a weight of 1/p */
	ACD_RING_ALL,   /* "ring-all", "ringall": the first to accept */
	ACD_RING_MORE,  /* "ring-progressively": one more every ring_more_s */
	ACD_LEAST_BUSY, /* "least-busy": least of the capacity in use */
	ACD_BEST_MATCH, /* "best-match": highest levels */
	/* "learned-match", "best-match-learned": who resolves most, load kept even */
	ACD_LEARNED_MATCH,
};
enum acd_where { ACD_TO_NONE, ACD_TO_QUEUE, ACD_TO_VOICEMAIL, ACD_TO_CALLBACK, ACD_TO_BOT,
		 ACD_TO_HANGUP, ACD_WHERES };
/* Of what a service level is the share, all within sl_s: what left the queue (answered,
 * abandoned or called back) of all that left; the answered of the answered; the answered of
 * answered and abandoned. Short abandons count in none. */
enum acd_sl_of { ACD_SL_REMOVED, ACD_SL_ANSWERED, ACD_SL_OFFERED, ACD_SL_OFS };
enum { ACD_MUSIC_S = 1200 };         /* of all music of a plan */
enum { ACD_QUEUES = 128, ACD_SKILLS = 64, ACD_LANGS = 32, ACD_NEEDS = 8, ACD_RELAX = 8,
       ACD_LEVEL_MOST = 10 };
int acd_name_of(const char *const *names, int n, sv s);  /* -1: none of them */
const char *acd_media_name(enum acd_media m);            /* "voice" ... */
int acd_media_of(sv s);                                  /* -1: no such name */
const char *acd_strategy_name(enum acd_strategy s);      /* FreeSWITCH's */
int acd_strategy_of(sv s);                               /* aliases too; -1 */
const char *acd_sl_name(enum acd_sl_of o);               /* "removed", "answered", "offered" */
const char *acd_where_name(enum acd_where w);            /* "none", "queue", "voicemail" ... */

struct pcm_music;
/* What a plan names and does not hold. */
struct acd_cals {
	/* A calendar, a borrowed obj (the plan takes a reference); NULL = there is none. */
	const struct cal *(*of)(void *arg, sv name);
	void *arg;
	/* The sound a queue's `music` names, of at most max_s seconds: *ret is an obj, the plan's;
	 * NULL = the generated tune. ret NULL: is it a name, and something there (one look at the
	 * disk)? An error is a fault of the plan, e says what. No function: nothing is read. */
	int (*music)(void *arg, sv name, int max_s, struct pcm_music **ret, struct err *e);
	void *music_arg;
};

struct acd_over {                    /* where a queue sends what it cannot keep */
	enum acd_where where;
	int queue;                   /* of ACD_TO_QUEUE; -1 */
};
struct acd_relax {                   /* all up to after_s hold together */
	int after_s;
	/* levels taken off each need; a skill never vanishes by it. */
	int lower;
	bool drop_preferred;         /* preferred skills are not asked for any more */
	bool any_language;
	int queue;                   /* agents of this queue may serve it too; -1 */
};
struct acd_need {
	int skill, level;            /* index of the plan's skills; 1..10 */
	bool preferred;
};
struct acd_queue {
	const char *id, *title[2];   /* zh, en */
	enum acd_strategy strategy;
	int priority;                /* added to that of each item */
	/* points of priority a minute of waiting brings; 0 = none. */
	double ageing;
	const struct cal *hours;     /* NULL = always */
	int max_len;                 /* waiting; 0 = no limit */
	int max_wait_s, no_agent_s;  /* with nobody logged in; 0 = no limit */
	struct acd_over full, late, closed, empty; /* max_len, max_wait_s, hours, no_agent_s */
	int sl_s, sl_pct;            /* service level: sl_pct % within sl_s */
	enum acd_sl_of sl_of;
	int short_abandon_s;
	/* What who waits is told: the place (of the first say_limit only; 0 = all), the wait
	 * (say_once: the first time only). */
	bool say_position, say_wait, say_once;
	int say_limit;
	int say_first_s, say_every_s;        /* after entering; from then on, 0 = no more */
	const char *say[2];          /* in turn with the place, zh and en; "" = nothing */
	int wrapup_s;                /* -1 = the agent's own */
	int ring_s;                  /* an offer holds so long */
	int ring_more_s;
	int sticky_s;                /* waits so long for the agent who knows the customer */
	int resume_s;                /* who hung up and comes again so soon has the old place */
	/* A chat whose page is closed so long leaves; 0 = it waits on. */
	int away_s;
	int tier_wait_s;             /* tier n is asked after (n-1)*this; 0 = tiers only order */
	struct acd_relax relax[ACD_RELAX];
	int n_relax;
	struct acd_need need[ACD_NEEDS];   /* of whatever comes in */
	int n_need;
	/* offered where nobody can take the customer: a call back, else a message. */
	bool callback, voicemail;
	const char *music;           /* its own setting; may be "" */
	struct pcm_music *tune;      /* what sounds meanwhile; NULL = the generated tune */
};
struct acd_seat { int queue, tier, position; };  /* tier and position from 1 */
struct acd_level { int skill, level; };
/* An agent as the plan names one, with the defaults filled in; acd_agent of acd_core.h has the
 * same in names. */
struct acd_person {
	const char *login, *name, *extension;
	uint32_t languages;          /* bits of acd_plan_lang() */
	const struct acd_level *skills;
	int n_skills;
	const struct acd_seat *seats;
	int n_seats;
	int capacity[ACD_MEDIAS];
	bool blended;
	int wrapup_s, max_no_answer;
	int reject_delay_s, busy_delay_s, no_answer_delay_s;
};

struct acd_plan;
/* *ret is an obj. ERR_INVAL: rep holds one issue a fault; the caller ends rep in both cases.
 * cals NULL: a queue with hours is a fault. */
int acd_plan_new(struct acd_plan **ret, sv yaml, const char *name, const struct acd_cals *cals,
		 struct cfg_report *rep);
/* The same from a JSON tree of that shape (borrowed). */
int acd_plan_tree(struct acd_plan **ret, const jv *tree, const struct acd_cals *cals,
		  struct cfg_report *rep);
/* A new plan like p in which the entry `id` of section "queues", "skills", "agents" or "routes"
 * (id = its number) is value (borrowed; NULL = taken out; a new id = added). p does not change.
 * cals as above: its calendars are asked for again. */
int acd_plan_with(struct acd_plan **ret, const struct acd_plan *p, const char *section, sv id,
		  const jv *value, const struct acd_cals *cals, struct cfg_report *rep);
struct acd_change { const char *section; sv id; const jv *value; };
/* The same with n entries at once, read once: they may name each other in any order. What is taken
 * out and is not there is no fault. */
int acd_plan_changed(struct acd_plan **ret, const struct acd_plan *p, const struct acd_change *v,
		     size_t n, const struct acd_cals *cals, struct cfg_report *rep);
/* The whole as such a tree, for a backup or a file; borrowed, as long as p. */
const jv *acd_plan_source(const struct acd_plan *p);

int acd_plan_queues(const struct acd_plan *p);
const struct acd_queue *acd_plan_queue(const struct acd_plan *p, int i);
int acd_plan_queue_of(const struct acd_plan *p, sv id);         /* -1 */
int acd_plan_skills(const struct acd_plan *p);
const char *acd_plan_skill(const struct acd_plan *p, int i);
const char *acd_plan_skill_title(const struct acd_plan *p, int i, int lang); /* 0 zh, 1 en */
int acd_plan_skill_of(const struct acd_plan *p, sv id);         /* -1 */
int acd_plan_langs(const struct acd_plan *p);
const char *acd_plan_lang(const struct acd_plan *p, int i);
int acd_plan_lang_of(const struct acd_plan *p, sv lang);        /* "zh-CN" is "zh"; -1 */
int acd_plan_people(const struct acd_plan *p);
const struct acd_person *acd_plan_person(const struct acd_plan *p, int i);
int acd_plan_person_of(const struct acd_plan *p, sv login);     /* -1 */
/* What a person has who is not named, and for what one who is does not say: the "defaults" of
 * agents. */
const struct acd_person *acd_plan_default(const struct acd_plan *p);
const char *const *acd_plan_reasons(const struct acd_plan *p);  /* of a pause; ended by NULL */

/* With defaults filled in: {"id","title",...} as the console edits it. */
void acd_plan_queue_json(const struct acd_plan *p, int i, struct sb *out);
void acd_plan_person_json(const struct acd_plan *p, const struct acd_person *x, struct sb *out);
/* {"items":[{"id","title":{zh,en}}]} */
void acd_plan_skills_json(const struct acd_plan *p, struct sb *out);

struct acd_wish {                    /* of a conversation; views */
	sv topic, reason, tier, language, channel;
	enum acd_media media;
	int priority;
};
struct acd_route {
	int queue;                   /* always one: the last resort is the plan's default */
	int priority;                /* the wish's plus the route's */
	struct acd_need need[ACD_NEEDS];   /* the route's own, beside those of the queue */
	int n_need;
	int row;                     /* which route; -1 = none held */
};
void acd_plan_route(const struct acd_plan *p, const struct acd_wish *w, struct acd_route *ret);

#endif
