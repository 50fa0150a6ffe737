/* gemma_convert.h: EmbeddingGemma's files to one GGUF file; private to model. */
#ifndef CALLM_MODEL_GEMMA_CONVERT_H
#define CALLM_MODEL_GEMMA_CONVERT_H

#include "base.h"

/* zip: an archive with config.json, tokenizer.model, model.safetensors and, if there are, the
 * dense modules (2_Dense, 3_Dense) and config_sentence_transformers.json (the prompts), as the
 * model's owner publishes them, in any one folder. out: architecture gemma-embedding, matrices in
 * 8 bits, whole or not at all. Reads the archive front to back; needs memory for one row.
 * Blocking. ERR_NOTFOUND, ERR_CORRUPT (also a wrong checksum and weights that are no numbers),
 * ERR_UNSUPPORTED (another architecture, other shapes), ERR_IO, ERR_FULL. */
int gemma_convert(const char *zip, const char *out, struct err *e);

#endif
