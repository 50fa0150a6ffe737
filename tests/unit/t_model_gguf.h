/* t_model_gguf.h: a tiny language model of random weights, written by the test; a GGUF file read
 * back; where llama.cpp's libraries lie. */
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

/* The folder of llama.cpp's libraries, and whether they and the program are there. */
const char *llama_runtime(void);
bool llama_available(const char *program);

/* A GGUF file read whole; false where it is none. */
struct gguf_in {
	struct sb file;
	jv *meta;    /* key: number, string, bool or array of them */
	jv *tensors; /* name: {"dims":[768,1000],"form":8,"at":0} */
	size_t base; /* of the data */
};
bool gguf_in_read(struct gguf_in *g, const char *path);
void gguf_in_done(struct gguf_in *g);
/* Its bytes; NULL: no such tensor, or it does not lie in the file. */
const unsigned char *gguf_in_tensor(const struct gguf_in *g, const char *name);
/* A number of a tensor, its row and column; 8 bits are brought back to a float. */
float gguf_in_at(const struct gguf_in *g, const char *name, size_t row, size_t col);
float gguf_half(uint16_t h);

#endif
