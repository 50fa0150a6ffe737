/* worker_pinyin.h: Chinese words whose characters have several readings, as pinyin for
 * espeak-ng. */
#ifndef CALLM_WORKER_PINYIN_H
#define CALLM_WORKER_PINYIN_H

#include "base.h"

/* The pinyin of the longest such word at the start of s and its length in bytes; NULL
 * when there is none. */
const char *pinyin_find(sv s, size_t *len);
/* The rows of the table one by one; false after the last. */
bool pinyin_row(size_t i, const char **word, const char **pinyin);

#endif
