/* gbnf.h: grammars that keep a local model's answer in shape; private to model.
 *
 *	struct sb g;
 *	sb_init(&g, GBNF_MAX);
 *	int rc = gbnf_make(&(struct gbnf_want){ .schema = schema }, &g, &e);
 *
 * GBNF is llama.cpp's notation (its grammars/README.md): rules "name ::= body", the first
 * of them "root". Pure functions.
 */
#ifndef CALLM_MODEL_GBNF_H
#define CALLM_MODEL_GBNF_H

#include "model.h"

enum { GBNF_MAX = 256 << 10 };

/* The text form of calls, the one Hermes and Qwen models were trained with. */
#define GBNF_CALL_OPEN "<tool_call>"
#define GBNF_CALL_CLOSE "</tool_call>"

struct gbnf_want {
	const jv *schema; /* of the whole answer; NULL = plain text */
	const struct llm_tool *tools;
	size_t n_tools;
	enum llm_choice choice;
};
/* Writes the grammar. What it admits is always JSON that fits the schema, as long as the
 * answer is not cut off: properties in the schema's order, at most one blank after ':' and
 * ','; strings up to 256 characters and lists up to 8 elements where the schema sets no
 * limit, so that an answer ends. Supported of JSON Schema: type (also a list of types), enum,
 * const, properties, required, additionalProperties, items, min/maxItems, min/maxLength,
 * integer bounds, minimum 0 for numbers, format date, time, date-time and uuid, anyOf, oneOf,
 * allOf with one member, local $ref also when recursive. ERR_UNSUPPORTED for what would have
 * to be ignored (pattern, not, if, prefixItems ...), with its path in e; ERR_PARSE for
 * nonsense; ERR_TOOBIG. */
int gbnf_make(const struct gbnf_want *w, struct sb *out, struct err *e);
/* Neither schema nor tools: no grammar is needed. */
bool gbnf_needed(const struct gbnf_want *w);

/* ---- gbnf_int.c ---- */
/* A rule body for the integers lo..hi without leading zeros. */
void gbnf_int_range(struct sb *out, int64_t lo, int64_t hi);

#endif
