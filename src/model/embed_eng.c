/* embed_eng.c: which engine a file needs, and the own one (e5.h) as an engine. */
#include <stdio.h>

#include "e5.h"
#include "embed_eng.h"

static bool is_gguf(const char *file)
{
	char magic[4] = { 0 };
	FILE *f = fopen(file, "rbe");
	if (!f)
		return false;
	bool yes = fread(magic, 1, 4, f) == 4 && memcmp(magic, "GGUF", 4) == 0;
	(void)fclose(f);
	return yes;
}

int eng_open(struct eng **ret, const char *file, const char *runtime, struct err *e)
{
	struct eng *m = xalloc(sizeof(*m));
	m->ops = is_gguf(file) ? &eng_llama : &eng_e5;
	int rc = m->ops->open(m, file, runtime, e);
	if (rc)
		xfree(m);
	else
		*ret = m;
	return rc;
}

void eng_close(struct eng *m)
{
	if (!m)
		return;
	m->ops->close(m);
	xfree(m);
}

/* ---- e5 ---- */

static int own_open(struct eng *m, const char *file, const char *runtime, struct err *e)
{
	struct e5 *x;
	(void)runtime;
	int rc = e5_open(&x, file, e);
	if (rc)
		return rc;
	m->priv = x;
	m->dim = x->width;
	(void)snprintf(m->about, sizeof(m->about), "%s", x->kern->name);
	return 0;
}

static void *own_work(struct eng *m)
{
	return e5_work_new(m->priv);
}

static void own_work_free(struct eng *m, void *work)
{
	(void)m;
	e5_work_free(work);
}

static void own_embed(struct eng *m, void *work, bool passage, sv text, float *v)
{
	e5_embed(m->priv, work, passage ? SV("passage: ") : SV("query: "), text, v);
}

static void own_pieces(struct eng *m, sv text)
{
	const struct e5_vocab *v = &((struct e5 *)m->priv)->vocab;
	uint32_t ids[E5_TOKENS];
	size_t n = e5_tokens(v, SV_NULL, text, ids, E5_TOKENS);
	for (size_t i = 0; i < n; i++) {
		size_t from = v->off[ids[i]];
		(void)printf("%u\t" SV_FMT "\n", ids[i],
			     SV_ARG(sv_n(v->bytes + from, v->off[ids[i] + 1] - from)));
	}
}

static void own_close(struct eng *m)
{
	e5_close(m->priv);
}

const struct eng_ops eng_e5 = { own_open, own_work, own_work_free, own_embed, own_pieces,
				own_close };
