/* talk_wire.h: a core's inputs and outputs as lines of JSON and back, for talk_log.c and
 * talk_replay.c. Private to talk; any thread. Everything that the core may look at is in it: what
 * is forgotten here shows as a difference in the replay of every scene (tests/t_scenes.c). */
#ifndef CALLM_TALK_WIRE_H
#define CALLM_TALK_WIRE_H

#include "talk_core.h"

#define WIRE_VERSION 1
#define WIRE_LINE_MAX (8u << 20)

/* {"kind":"text",...}: only what is not zero. Articles' bodies are put as what `body` makes of
 * them (NULL: whole). */
typedef void wire_body_fn(void *arg, struct sb *b, sv body_md);
void wire_put_ev(struct sb *b, const struct talk_ev *ev, wire_body_fn *body, void *arg);
void wire_put_act(struct sb *b, const struct talk_act *x);
void wire_put_limits(struct sb *b, const struct talk_limits *l);

/* Strings live in the arena; get gives an article's body by its number. ERR_PARSE. */
typedef sv wire_get_fn(void *arg, int64_t number);
int wire_get_ev(const jv *o, struct arena *a, wire_get_fn *get, void *arg, struct talk_ev *ret);
void wire_get_limits(const jv *o, struct talk_limits *ret);
const char *wire_act_name(enum talk_act_kind k);
const char *wire_ev_name(enum talk_ev_kind k);

#endif
