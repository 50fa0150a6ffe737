#ifndef CALLM_KB_WEIGHTS_H
#define CALLM_KB_WEIGHTS_H
static const struct kb_weights weights_en = { .answer = 0.5 };
static const struct kb_weights weights_zh = { .answer = 0.5 };
#endif
