/* app_roll.h: looks at the roll-outs of the strategy table (learn_roll.h) every half minute, writes
 * down what follows, and gives the shards the shares of now. Private to app. Main thread. */
#ifndef CALLM_APP_ROLL_H
#define CALLM_APP_ROLL_H

#include "base.h"

struct app_roll;
struct store;
struct talk_hub;
struct api;
struct api_opts;
/* All outlive it. Opened before the door, which app_roll_door names: it is told tables to use
 * (api_strategy_swap). */
struct app_roll *app_roll_open(struct store *st, struct talk_hub *hub);
/* What the door calls when a person has changed one. */
void app_roll_opts(struct app_roll *r, struct api_opts *o);
void app_roll_door(struct app_roll *r, struct api *api);
void app_roll_tick(struct app_roll *r);          /* once a second; accepts NULL */
void app_roll_stop(struct app_roll *r);          /* before the api stops; accepts NULL */
void app_roll_close(struct app_roll *r);         /* when the api has stopped; accepts NULL */

#endif
