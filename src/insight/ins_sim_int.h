/* ins_sim_int.h: what the simulator's files share. */
#ifndef CALLM_INS_SIM_INT_H
#define CALLM_INS_SIM_INT_H

#include "ins_sim.h"

enum sim_kind { EV_ARRIVE, EV_END, EV_LEAVE, EV_BACK, EV_PERIOD };
struct sim_event { double at; uint64_t what; };  /* kind 4 bits, generation 28, index 32 */

enum sim_state { CALL_FREE, CALL_AWAY, CALL_WAITS, CALL_SERVED };
struct sim_call {
	double since, service_s, patience_s;
	int next, prev;                  /* in its queue; next: free list too */
	uint32_t gen;
	int type;
	enum sim_state state;
};
struct sim_line { int head, tail, n; };
enum sim_where { SEAT_OUT, SEAT_IDLE, SEAT_PART, SEAT_FULL };
struct sim_seat {
	int group, next, prev;
	enum sim_where where;
	double load, idle_since;
};
struct sim_team { struct sim_line idle, part; int there, want; double load, since; };
enum sim_purpose { RNG_ARRIVE, RNG_SERVICE, RNG_PATIENCE, RNG_BOT, RNG_RETRY, RNG_PURPOSES };
struct ins_sim {
	struct sim_model m;
	struct rng rng[SIM_TYPES][RNG_PURPOSES], rng_good;
	VEC(struct sim_event) heap;
	VEC(struct sim_call) call;
	VEC(int) served_by;              /* call -> seat, beside call */
	int free_call;
	struct sim_line queue[SIM_TYPES];
	struct sim_seat *seat;
	int seats, first_seat[SIM_GROUPS + 1];
	struct sim_team team[SIM_GROUPS];
	double now, factor, end_s;
	int period, waiting;
	bool closed;
	const struct sim_router *router;
	struct sim_day *day;
	int *who;                        /* room for a router's list */
};

/* ins_sim_heap.c */
void sim_heap_put(struct ins_sim *s, double at, enum sim_kind kind, uint32_t gen, uint32_t index);
bool sim_heap_take(struct ins_sim *s, struct sim_event *ret);

/* ins_sim_team.c: agents */
void sim_team_reset(struct ins_sim *s);
void sim_team_period(struct ins_sim *s);         /* more or fewer agents */
bool sim_team_offer(struct ins_sim *s, int call);        /* somebody takes it now */
void sim_team_next(struct ins_sim *s, int seat); /* looks for work */
void sim_team_over(struct ins_sim *s, int seat, double load);
void sim_team_start(struct ins_sim *s, int seat, int call);
void sim_team_account(struct ins_sim *s, int group);

/* ins_sim.c */
int sim_call_new(struct ins_sim *s, int type);
void sim_line_cut(struct sim_line *l, struct sim_call *v, int i);

/* ins_sim_draw.c */
double sim_exp(struct rng *r, double mean);
double sim_gamma(struct rng *r, double shape, double scale);
double sim_service(struct ins_sim *s, int type);

#endif
