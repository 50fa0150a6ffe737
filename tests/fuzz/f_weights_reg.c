/* f_weights_reg.c: fuzz target: a registry. Any text is either entries whose names can be paths or
 * one complaint with its place. Corpus in corpus/weights_reg, also run by t_weights_fuzz.c. */
#include "weights_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct weights w = { 0 };
	struct err e = { 0 };
	arena_init(&w.mem, 16u << 20);
	int rc = weights_read(&w, sv_n((const char *)p, n), "f.yaml", &e);
	if (rc)
		ASSERT(strncmp(e.msg, "f.yaml", 6) == 0);
	for (size_t i = 0; i < w.items.n && !rc; i++) {
		const struct weights_recipe *c = w.items.v[i].recipe;
		ASSERT(!strchr(w.items.v[i].name, '/') && w.items.v[i].name[0] != '.');
		for (size_t k = 0; k < c->n_takes; k++) {
			ASSERT(c->takes[k].to[0] != '/' && !strstr(c->takes[k].to, ".."));
			for (size_t m = 0; m < c->takes[k].n_parts; m++)
				ASSERT(c->takes[k].parts[m].source < c->n_sources);
		}
	}
	VEC_FREE(&w.items);
	arena_done(&w.mem);
	return 0;
}
