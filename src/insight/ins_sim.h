/* ins_sim.h: a call centre by discrete events: calls of several types, groups of agents, patience,
 * second tries, chats beside each other, a bot in front, outgoing calls in idle time.
 *
 *	struct sim_model m;  sim_model_read(&m, tree, &e);
 *	struct ins_sim *s = ins_sim_new(&m);
 *	ins_sim_day(s, seed, rep, NULL, &day);        one day, as good as new each time
 *	ins_sim_free(s);
 *
 * Same seed, rep and model: same day. Each purpose of each type has a stream of its own, so days of
 * two models (or routers) with one seed meet the same customers: compare them pairwise. Times in
 * seconds. One thread a simulator; no I/O. docs/simulate.md has the definitions.
 */
#ifndef CALLM_INS_SIM_H
#define CALLM_INS_SIM_H

#include "base.h"

enum { SIM_TYPES = 16, SIM_GROUPS = 32, SIM_PERIODS = 200, SIM_AGENTS = 4000, SIM_NAME = 48 };

enum sim_pick { SIM_IN_ORDER, SIM_LONGEST_IDLE };    /* agent for a call */
enum sim_serve { SIM_LONGEST_WAIT, SIM_PRIORITY, SIM_CMU };  /* call for an agent */

struct sim_type {
	char name[SIM_NAME];
	double per_s[SIM_PERIODS];       /* calls a second */
	double service_s[SIM_PERIODS];   /* mean, by the period of arrival */
	double service_cv;               /* 1 exponential, 0 fixed, else lognormal */
	double patience_s[SIM_PERIODS];  /* mean, exponential; 0 = waits for ever */
	double balk;                     /* share that leaves at once rather than wait */
	double retry, retry_s;           /* share of the lost that calls again; mean delay */
	double bot, bot_s;               /* a bot first: share it resolves; mean time */
	double target_s;                 /* of the service level */
	double cost;                     /* of waiting a second, for SIM_CMU */
	int priority;
	int slots;                       /* so many at once per agent (chats); 1 = calls */
	int queue_max;                   /* 0 = no limit */
	bool outbound;                   /* dialled in idle time; per_s counts nothing */
	double answer, ring_s;           /* outbound: share that answers; mean ringing */
	int group[SIM_GROUPS], n_groups; /* who serves it, first choice first */
};
struct sim_group {
	char name[SIM_NAME];
	int agents[SIM_PERIODS];
	int keep_free;                   /* idle agents kept from outbound calls */
	/* idle agents kept from types for which this group is not the first choice. */
	int reserve;
	int type[SIM_TYPES], n_types;    /* filled from the types */
};
struct sim_model {
	int periods, types, groups;
	/* after the last, its agents stay till all is served. */
	double period_s;
	/* gamma shape of a day's factor on arrivals; 0 = none. */
	double busyness;
	enum sim_pick pick;
	enum sim_serve serve;
	bool day_ends;                   /* who waits at the end of the day is sent away */
	struct sim_type type[SIM_TYPES];
	struct sim_group group[SIM_GROUPS];
};
/* Fills type lists of groups, and checks. ERR_INVAL: e says what and how to mend it. */
int sim_model_check(struct sim_model *m, struct err *e);
/* From a tree (docs/simulate.md has the words). */
int sim_model_read(struct sim_model *m, const jv *tree, struct err *e);
struct cfg_report;
/* The same from YAML: rep holds one issue a fault; the caller ends rep in both cases. */
int sim_model_yaml(struct sim_model *m, sv text, const char *name, struct cfg_report *rep);

struct sim_count {
	int64_t arrived, served, in_target, abandoned, abandoned_late, blocked, contained, retried;
	int64_t good;                    /* of the served; with a router that knows */
	double wait_s;                   /* of the served */
};
struct sim_day {
	int64_t events;
	double end_s, busyness;
	struct sim_count type[SIM_TYPES];
	/* Agent seconds of the planned day; and until the group's last call is over. */
	double busy_s[SIM_GROUPS], there_s[SIM_GROUPS];
	double busy_all_s[SIM_GROUPS], there_all_s[SIM_GROUPS];
};
/* in target of (served + abandoned after the target); 1 when there were none. */
double sim_service_level(const struct sim_count *c);
void sim_add(struct sim_count *to, const struct sim_count *c);

/* Choices made from outside, for learning; any may be NULL. Agents are numbered through all
 * groups. */
struct ins_sim;
struct sim_router {
	void *arg;
	/* which of the n free agents takes a call of this type; -1: it waits */
	int (*agent)(void *arg, const struct ins_sim *s, int type, const int *who, int n);
	/* the agent takes the head of which type; waited_s[i] of the head of type[i]; -1: none */
	int (*call)(void *arg, const struct ins_sim *s, int agent, const int *type,
		    const double *waited_s, int n);
	/* How likely it is that this agent resolves it. */
	double (*good)(void *arg, int agent, int type);
	void (*done)(void *arg, const struct ins_sim *s, int agent, int type, bool good,
		     double busy_s);
};
struct ins_sim *ins_sim_new(const struct sim_model *m);  /* m is copied; checked before */
void ins_sim_free(struct ins_sim *s);                    /* accepts NULL */
void ins_sim_day(struct ins_sim *s, uint64_t seed, int rep, const struct sim_router *r,
		 struct sim_day *ret);
double ins_sim_now(const struct ins_sim *s);

/* ---- many days ---- */

/* Mean and its 95 % interval by Student's law over days. */
struct sim_mean { double n, sum, sq; };
void sim_mean_add(struct sim_mean *m, double x);
double sim_mean_of(const struct sim_mean *m);
double sim_mean_half(const struct sim_mean *m);          /* infinite below two days */

#endif
