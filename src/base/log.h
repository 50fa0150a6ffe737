/* log.h: one JSON object per line on stderr (text on a terminal). Event name first, key=value
 * after.
 *
 *	LOG(INFO, "turn.end", "conv=%s ms=%d", id, ms);
 *
 * Floors 0-3 do not log above DEBUG. Personal data only through pii(). Thread-safe, never
 * blocks long.
 */
#ifndef CALLM_BASE_LOG_H
#define CALLM_BASE_LOG_H

#include "sv.h"

enum log_level { LOG_LV_DEBUG, LOG_LV_INFO, LOG_LV_WARN, LOG_LV_ERROR, LOG_LV_OFF };
enum log_format { LOG_FMT_AUTO, LOG_FMT_JSON, LOG_FMT_TEXT };

void log_init(enum log_level min, enum log_format fmt, int fd);
int log_level_parse(sv s, enum log_level *ret);
void log_write(enum log_level lv, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool log_on(enum log_level lv);
#define LOG(lv, event, ...)                                                    \
	(log_on(LOG_LV_##lv) ? log_write(LOG_LV_##lv, event, __VA_ARGS__) : (void)0)
/* Masked form for logs: keeps first and last character, e.g. "1***5"; buffer of the calling thread,
 * valid for the next 8 calls. */
const char *pii(sv s);

#endif
