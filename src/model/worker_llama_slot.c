/* worker_llama_slot.c: which conversation's beginning the KV cache holds.
 *
 * A slot is a sequence of the cache with the tokens that were computed for it. A run takes
 * its conversation's slot, else an empty one, else the idle one that was used longest ago;
 * then it keeps as much of the beginning as its own slot or any other has in common with its
 * prompt: cells are shared between sequences, so that the instructions at the start of every
 * conversation are computed once. Idle slots give way when the cache is full; runs reserve
 * what they may grow to, so that a running one never has to. */
#include <stdio.h>

#include "worker_llama.h"

void slots_init(struct slots *s, struct lrt *l)
{
	*s = (struct slots){ .l = l };
	for (int i = 0; i < LRT_SEQS; i++)
		s->v[i].seq = i;
}

void slots_done(struct slots *s)
{
	for (int i = 0; i < LRT_SEQS; i++)
		VEC_FREE(&s->v[i].tokens);
}

static void empty(struct slots *s, struct slot *x)
{
	if (x->tokens.n)
		(void)lrt_seq_cut(s->l, x->seq, 0);
	x->tokens.n = 0;
	x->key[0] = '\0';
}

static struct slot *oldest(struct slots *s, bool filled)
{
	struct slot *ret = NULL;
	for (int i = 0; i < LRT_SEQS; i++) {
		struct slot *x = &s->v[i];
		if (x->busy || (filled && !x->tokens.n))
			continue;
		if (!ret || x->used < ret->used)
			ret = x;
	}
	return ret;
}

bool slots_evict(struct slots *s)
{
	struct slot *x = oldest(s, true);
	if (!x)
		return false;
	empty(s, x);
	x->used = 0;
	return true;
}

static int common(const struct slot *x, const int32_t *tokens, int n)
{
	int i = 0;
	while (i < n && (size_t)i < x->tokens.n && x->tokens.v[i] == tokens[i])
		i++;
	return i;
}

static void set_tokens(struct slot *x, const int32_t *tokens, int n)
{
	x->tokens.n = 0;
	for (int i = 0; i < n; i++) {
		int32_t *t = VEC_PUSH(&x->tokens, SLOT_TOKENS_MAX);
		if (t)
			*t = tokens[i];
	}
}

/* Cuts x back to its first n tokens, or fills it with those of another slot. */
static void keep_beginning(struct slots *s, struct slot *x, const int32_t *tokens, int n)
{
	struct slot *best = x;
	int most = common(x, tokens, n);
	for (int i = 0; i < LRT_SEQS && !lrt_recurrent(s->l); i++) {
		int k = common(&s->v[i], tokens, n);
		if (k > most) {
			most = k;
			best = &s->v[i];
		}
	}
	if (best == x) {
		if ((size_t)most < x->tokens.n && !lrt_seq_cut(s->l, x->seq, most))
			most = 0;
	} else {
		(void)lrt_seq_cut(s->l, x->seq, 0);
		lrt_seq_copy(s->l, best->seq, x->seq, most);
	}
	set_tokens(x, tokens, most);
}

static int reserved(const struct slots *s)
{
	int sum = 0;
	for (int i = 0; i < LRT_SEQS; i++)
		sum += s->v[i].busy ? s->v[i].reserved : 0;
	return sum;
}

struct slot *slots_take(struct slots *s, sv key, const int32_t *tokens, int n, int reserve)
{
	struct slot *x = NULL;
	char name[sizeof(x->key)];
	(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(key));
	if (reserved(s) + reserve > lrt_n_ctx(s->l))
		return NULL;
	for (int i = 0; i < LRT_SEQS && name[0]; i++)
		if (!s->v[i].busy && !strcmp(s->v[i].key, name))
			x = &s->v[i];
	x = x ? x : oldest(s, false);
	if (!x)
		return NULL;
	x->busy = true;
	x->reserved = reserve;
	x->used = ++s->clock;
	keep_beginning(s, x, tokens, n - 1);
	(void)snprintf(x->key, sizeof(x->key), "%s", name);
	return x;
}

void slots_give(struct slots *s, struct slot *x)
{
	x->busy = false;
	x->reserved = 0;
	x->used = ++s->clock;
}
