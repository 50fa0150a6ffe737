/* clk.h: time. Durations and timers use the monotonic clock, records the wall clock. Code on a
 * loop asks the loop (loop_now_ms), so that a simulated world can move time. */
#ifndef CALLM_BASE_CLK_H
#define CALLM_BASE_CLK_H

#include "sv.h"

int64_t clk_mono_us(void);
int64_t clk_wall_ms(void);                        /* since 1970 UTC */
void clk_rfc3339(int64_t wall_ms, char out[32]);  /* 2026-11-25T08:00:00.123Z */
int clk_parse_rfc3339(sv s, int64_t *ret_wall_ms);/* also a bare date; ERR_PARSE */
int64_t clk_cpu_us(void);                         /* CPU time of this process */
/* Tests: pin the wall clock (ms), 0 to unpin. Process wide. */
void clk_pin_wall(int64_t wall_ms);

/* ULID: 26 characters + NUL, sorts by time; unique within the process, random part from
 * getrandom. */
void id_new(char out[27]);
bool id_ok(sv s);

#endif
