/* weights.c: the registry in memory: the program's own entries, then the user's; and which of them
 * a pull means.
 *
 * Filled once by weights_open, immutable afterwards; owned by its caller, read from any thread.
 */
#include "weights_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const struct embed_file weights_data[];
extern const size_t weights_data_n;

const char *weights_state_name(enum weights_state s)
{
	static const char *const names[] = { "missing",	  "waiting", "downloading",
					     "preparing", "ready",   "broken" };
	return names[s];
}

static int set_path(char *out, size_t cap, struct err *e, const char *dir, const char *below)
{
	int n = snprintf(out, cap, "%s%s", dir, below);
	return n >= 0 && (size_t)n < cap ?
		       0 :
		       err_set(e, ERR_TOOBIG, "the path %.200s... is too long", dir);
}

static int set_folder(struct weights *w, const char *cache, struct err *e)
{
	const char *env = getenv("CALLM_CACHE"), *home = getenv("HOME");
	if (cache || (env && *env))
		return set_path(w->folder, sizeof(w->folder), e, cache ? cache : env, "/models");
	return set_path(w->folder, sizeof(w->folder), e, home && *home ? home : "/var/cache",
			home && *home ? "/.cache/callm/models" : "/callm/models");
}

static int set_programs(struct weights *w, const char *given, struct err *e)
{
	if (given)
		return set_path(w->programs, sizeof(w->programs), e, given, "");
	ssize_t n = readlink("/proc/self/exe", w->programs, sizeof(w->programs) - 1);
	w->programs[n > 0 ? n : 0] = 0;
	char *slash = strrchr(w->programs, '/');
	if (slash)
		*slash = 0;
	return 0;
}

static int read_own(struct weights *w, struct err *e)
{
	const struct embed_file *f = embed_find(weights_data, weights_data_n, SV("registry.yaml"));
	struct sb text;
	sb_init(&text, LIM_CFG_BYTES);
	int rc = f ? embed_text(f, &text) : ERR_NOTFOUND;
	rc = rc ? err_set(e, rc, "the registry inside the program is damaged") :
		  weights_read(w, sb_sv(&text), "registry.yaml", e);
	sb_done(&text);
	return rc;
}

static int read_file(struct weights *w, const char *path, struct err *e)
{
	struct sb text;
	sb_init(&text, LIM_CFG_BYTES);
	int rc = file_read(path, LIM_CFG_BYTES, &text, e);
	if (!rc)
		rc = weights_read(w, sb_sv(&text), path, e);
	sb_done(&text);
	return rc;
}

static int read_all(struct weights *w, const struct weights_opts *o, struct err *e)
{
	char path[PATH_MAX];
	int rc = o->only_registry ? 0 : read_own(w, e);
	(void)snprintf(path, sizeof(path), "%s/models.yaml", w->data);
	if (!rc && o->data && file_exists(path))
		rc = read_file(w, path, e);
	if (!rc && o->registry)
		rc = read_file(w, o->registry, e);
	return rc;
}

static const char *keep(struct weights *w, const char *s)
{
	return s ? arena_cstr(&w->mem, sv_of(s)) : NULL;
}

int weights_open(struct weights **ret, const struct weights_opts *o, struct err *e)
{
	struct weights *w = xalloc(sizeof(*w));
	arena_init(&w->mem, 16u << 20);
	w->retry_ms = o->retry_ms;
	w->pypi = keep(w, o->pypi);
	w->npm = keep(w, o->npm);
	int rc = set_folder(w, o->cache, e);
	if (!rc)
		rc = set_path(w->data, sizeof(w->data), e, o->data ? o->data : "", "");
	if (!rc)
		rc = set_programs(w, o->programs, e);
	if (!rc)
		rc = read_all(w, o, e);
	if (rc)
		weights_close(w);
	else
		*ret = w;
	return rc;
}

void weights_close(struct weights *w)
{
	if (!w)
		return;
	VEC_FREE(&w->items);
	arena_done(&w->mem);
	xfree(w);
}

const char *weights_folder(const struct weights *w)
{
	return w->folder;
}

size_t weights_count(const struct weights *w)
{
	return w->items.n;
}

const struct weights_item *weights_at(const struct weights *w, size_t i)
{
	return &w->items.v[i];
}

const struct weights_item *weights_named(const struct weights *w, sv name)
{
	for (size_t i = 0; i < w->items.n; i++)
		if (sv_eq(sv_of(w->items.v[i].name), name))
			return &w->items.v[i];
	return NULL;
}

bool weights_serves(const struct weights_item *it, sv lang)
{
	for (size_t i = 0; i < it->n_languages && lang.n; i++)
		if (strcmp(it->languages[i], "*") == 0 || sv_eq(sv_of(it->languages[i]), lang))
			return true;
	return !lang.n;
}

/* ---- what a pull means ---- */

struct plan {
	const struct weights *w;
	const struct weights_item **out;
	size_t n, cap;
};

static int plan_add(struct plan *p, const struct weights_item *it, struct err *e)
{
	for (size_t i = 0; i < it->n_needs; i++) {
		const struct weights_item *need = weights_named(p->w, sv_of(it->needs[i]));
		int rc = need && !need->n_needs ? plan_add(p, need, e) : 0;
		if (rc)
			return rc;
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->out[i] == it)
			return 0;
	if (p->n == p->cap)
		return err_set(e, ERR_FULL, "more than %zu entries", p->cap);
	p->out[p->n++] = it;
	return 0;
}

/* It and what it needs are for this machine. */
static bool usable(const struct weights *w, const struct weights_item *it)
{
	bool fits = it->fits;
	for (size_t i = 0; i < it->n_needs; i++) {
		const struct weights_item *need = weights_named(w, sv_of(it->needs[i]));
		fits &= need && need->fits;
	}
	return fits;
}

static int unknown(const struct weights *w, const char *name, struct err *e)
{
	struct sb known;
	sb_init(&known, 240);
	for (size_t i = 0; i < w->items.n; i++) {
		const char *s = w->items.v[i].name;
		if (known.n + strlen(s) + 8 > known.max) {
			sb_cstr(&known, " ...");
			break;
		}
		sb_fmt(&known, "%s%s", i ? ", " : "", s);
	}
	err_set(e, ERR_NOTFOUND, "there is no model \"%.60s\"; known are %s", name, sb_str(&known));
	sb_done(&known);
	return ERR_NOTFOUND;
}

int weights_plan(const struct weights *w, const char *const *names, size_t n,
		 const struct weights_item **out, size_t cap, size_t *ret_n, struct err *e)
{
	struct plan p = { w, out, 0, cap };
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++) {
		const struct weights_item *it = weights_named(w, sv_of(names[i]));
		rc = it ? plan_add(&p, it, e) : unknown(w, names[i], e);
	}
	for (size_t i = 0; i < w->items.n && !n && !rc; i++)
		if (w->items.v[i].by_default && usable(w, &w->items.v[i]))
			rc = plan_add(&p, &w->items.v[i], e);
	if (!rc)
		*ret_n = p.n;
	return rc;
}
