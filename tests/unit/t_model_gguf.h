/* t_model_gguf.h: a tiny language model of random weights, written by the test. */
#ifndef CALLM_T_MODEL_GGUF_H
#define CALLM_T_MODEL_GGUF_H

#include "base.h"

struct gguf_opts {
	int width, layers; /* width a multiple of 32 */
	int ctx;           /* it was trained with */
	bool chat;         /* has ChatML's template */
};
/* Architecture llama, 32-bit weights, a token for each byte and four control tokens. */
int gguf_write(const char *path, const struct gguf_opts *o, struct err *e);

#endif
