/* base.h: the ground floor in one include: memory, text, JSON, errors, log, clock,
 * loop, mailbox, worker pool, state machines, snapshots, configuration.
 *
 *	struct arena a;
 *	arena_init(&a, LIM_ARENA_TURN);
 *	char *s = arena_cstr(&a, SV("hello"));
 *	arena_done(&a);
 *
 * Every other room includes this header and nothing from inside base.
 */
#ifndef CALLM_BASE_H
#define CALLM_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "err.h"
#include "sv.h"
#include "sb.h"
#include "arena.h"
#include "obj.h"
#include "vec.h"
#include "map.h"
#include "jv.h"
#include "clk.h"
#include "cal.h"
#include "rng.h"
#include "log.h"
#include "metric.h"
#include "loop.h"
#include "mbox.h"
#include "pool.h"
#include "team.h"
#include "sm.h"
#include "snap.h"
#include "cfg.h"
#include "file.h"
#include "embed.h"

#endif
