/* limits.h: every bound of the program in one place. What can grow has a maximum here. */
/* This name hides the system's: bring it along. Ahead of the guard, since a first
 * "limits.h" finds this file twice (beside its includer, then by -I) before the system's. */
#include_next <limits.h>

#ifndef CALLM_BASE_LIMITS_H
#define CALLM_BASE_LIMITS_H

#define LIM_ARENA_TURN (4u << 20)      /* bytes one turn may allocate */
#define LIM_ARENA_CONV (1u << 20)      /* bytes one conversation may hold */
#define LIM_ARENA_BIG (256u << 20)     /* imports, training */
#define LIM_SB (1u << 20)              /* default string builder */
#define LIM_JSON_BYTES (4u << 20)      /* one JSON document */
#define LIM_JSON_DEPTH 64
#define LIM_TEXT_MSG 4000              /* code points of one customer message */
#define LIM_HTTP_HEAD (16u << 10)
#define LIM_HTTP_BODY (2u << 20)
#define LIM_WS_MSG (64u << 10)
#define LIM_WS_QUEUE (1u << 20)        /* bytes waiting to be sent on one socket */
#define LIM_MBOX 65536                 /* messages waiting in one mailbox */
#define LIM_POOL_JOBS 8192             /* jobs waiting for the workers */
#define LIM_CONVERSATIONS 20000        /* live conversations in one process */
#define LIM_SIP_MSG (16u << 10)
#define LIM_SIP_HEADERS 64
#define LIM_SDP_MEDIA 8
#define LIM_KB_DOC (8u << 20)          /* bytes of one imported document */
#define LIM_KB_ARTICLES 200000
#define LIM_UPLOADS_BYTES (4ll << 30)  /* documents that were sent, and their parts */
#define LIM_CFG_BYTES (1u << 20)
#define LIM_CALL_MS (4u * 3600 * 1000)
#define LIM_PROC_FRAME (1u << 20)      /* one frame on a worker's pipe */

#endif
