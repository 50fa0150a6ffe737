/* t_model_ct2.h: makes small Whisper models in CTranslate2's format, with random weights. */
#ifndef CALLM_T_MODEL_CT2_H
#define CALLM_T_MODEL_CT2_H

#include "whisper_int.h"

enum { T_STATE = 32, T_VOCAB = 51865, T_WORDS = 50257, T_ENCODERS = 4, T_DECODERS = 1 };

struct t_ct2 {
	struct sb b;
	uint32_t version, n;
};
void t_ct2_begin(struct t_ct2 *c, uint32_t version);
/* dims: zero-terminated, at most 4. data: NULL = random, small. */
void t_ct2_var(struct t_ct2 *c, const char *name, const uint32_t *dims, enum ct2_type type,
	       const void *data);
void t_ct2_end(struct t_ct2 *c, const char *alias, const char *target); /* alias may be NULL */
/* A whole model and its tokenizer.json in folder dir. */
void t_ct2_model(const char *dir, enum ct2_type type);

#endif
