/* fts.c: lets a plain C function be a tokenizer of SQLite's full-text search (FTS5).
 *
 * FTS5 hands out its interface through the value of "SELECT fts5(?1)" with a typed
 * pointer. The function registered here gets the text and calls emit per token; emit
 * passes it on to FTS5. Names live in a small table of the process, filled before
 * threads start and only read afterwards.
 */
#include "store_int.h"

#include <string.h>

#define FTS_MAX 8

static struct fts_kind {
	char name[32];
	store_tokenize_fn *fn;
} fts_kinds[FTS_MAX];
static size_t fts_n;

struct fts_emit {
	void *ctx;
	int (*token)(void *ctx, int flags, const char *p, int n, int start, int end);
	int len; /* bytes of the text */
};

int store_tokenizer(const char *name, store_tokenize_fn *fn)
{
	sv s = sv_of(name);

	if (!s.n || s.n >= sizeof(fts_kinds[0].name) || !fn)
		return ERR_INVAL;
	for (size_t i = 0; i < fts_n; i++)
		if (strcmp(fts_kinds[i].name, name) == 0)
			return fts_kinds[i].fn == fn ? 0 : ERR_EXISTS;
	if (fts_n == FTS_MAX)
		return ERR_FULL;
	memcpy(fts_kinds[fts_n].name, s.p, s.n);
	fts_kinds[fts_n++].fn = fn;
	return 0;
}

static int fts_create(void *arg, const char **argv, int argc, Fts5Tokenizer **ret)
{
	*ret = arg; /* stateless: the table's row is the tokenizer */
	return SQLITE_OK;
}

static void fts_delete(Fts5Tokenizer *t)
{
}

static int fts_emit_one(void *ctx, int flags, sv token, int start, int end)
{
	struct fts_emit *m = ctx;

	if (!token.n || token.n > 4096 || start < 0 || end < start || end > m->len)
		return SQLITE_OK; /* an empty or misplaced token is no token */
	return m->token(m->ctx,
			flags & STORE_TOKEN_COLOCATED ? FTS5_TOKEN_COLOCATED : 0,
			token.p, (int)token.n, start, end);
}

static int fts_tokenize(Fts5Tokenizer *t, void *ctx, int flags, const char *p, int n,
			int (*token)(void *, int, const char *, int, int, int))
{
	struct fts_kind *k = (struct fts_kind *)t;
	struct fts_emit m = { ctx, token, n };
	int query = 0, rc;

	if (flags & FTS5_TOKENIZE_QUERY)
		query |= STORE_QUERY;
	if (flags & FTS5_TOKENIZE_PREFIX)
		query |= STORE_QUERY_PREFIX;
	rc = k->fn(sv_n(p ? p : "", p && n > 0 ? (size_t)n : 0), query, fts_emit_one,
		   &m);
	return rc < 0 ? SQLITE_ERROR : rc;
}

static fts5_api *fts_api(sqlite3 *db, int *rc)
{
	fts5_api *api = NULL;
	sqlite3_stmt *q = NULL;

	*rc = sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &q, NULL);
	if (*rc != SQLITE_OK)
		return NULL;
	sqlite3_bind_pointer(q, 1, &api, "fts5_api_ptr", NULL);
	sqlite3_step(q);
	*rc = sqlite3_finalize(q);
	if (!api && *rc == SQLITE_OK)
		*rc = SQLITE_ERROR;
	return api;
}

int store_fts_register(sqlite3 *db)
{
	static fts5_tokenizer bridge = { fts_create, fts_delete, fts_tokenize };
	fts5_api *api;
	int rc = SQLITE_OK;

	if (!fts_n)
		return SQLITE_OK;
	api = fts_api(db, &rc);
	for (size_t i = 0; api && i < fts_n && rc == SQLITE_OK; i++)
		rc = api->xCreateTokenizer(api, fts_kinds[i].name, &fts_kinds[i],
					   &bridge, NULL);
	return rc;
}
