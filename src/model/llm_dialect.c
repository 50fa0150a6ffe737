/* llm_dialect.c: in what OpenAI-compatible servers differ from each other, read from
 * dialects/dialects.yaml (embedded) or the configuration.
 *
 * A dialect is a tree: "like" names the block it begins with, the rest is merged over it.
 * Parts of requests are templates in which "$schema" and the like stand for values.
 * Nothing is shared: each model owns its tree. Any one thread. */
#include "llm_int.h"

extern const struct embed_file model_dialect_files[];
extern const size_t model_dialect_files_n;

enum { LIKE_MAX = 8 };

static jv *read_table(struct err *e)
{
	const struct embed_file *f = embed_find(model_dialect_files, model_dialect_files_n,
						SV("dialects.yaml"));
	struct cfg_report rep = { 0 };
	struct sb b;
	sb_init(&b, LIM_SB);
	jv *t = f && embed_text(f, &b) == 0 ? cfg_parse(sb_sv(&b), "dialects.yaml", &rep) : NULL;
	if (!t)
		(void)err_set(e, ERR_CORRUPT, "dialects.yaml cannot be read: %s",
			      rep.n ? rep.v[0].what : "it is not there");
	cfg_report_done(&rep);
	sb_done(&b);
	return t;
}

static int unknown(const jv *table, sv name, struct err *e)
{
	struct sb b;
	void *it = NULL;
	sv key;
	jv *val;
	sb_init(&b, 300);
	while (jv_next(table, &it, &key, &val))
		sb_fmt(&b, "%s" SV_FMT, b.n ? ", " : "", SV_ARG(key));
	int rc = err_set(e, ERR_INVAL, "unknown dialect \"" SV_FMT "\": use one of %s",
			 (int)(name.n < 40 ? name.n : 40), name.p ? name.p : "", sb_str(&b));
	sb_done(&b);
	return rc;
}

/* own over what it is like, and so on down. */
static jv *resolve(const jv *table, const jv *own, int depth, struct err *e)
{
	sv like = jv_get_str(own, "like");
	if (!like.p)
		return jv_copy(own);
	const jv *base = jv_member(table, like);
	if (!jv_is_obj(base) || depth >= LIKE_MAX) {
		(void)unknown(table, like, e);
		return NULL;
	}
	jv *t = resolve(table, base, depth + 1, e);
	if (t)
		cfg_merge(t, own);
	return t;
}

static void set_views(struct llm_dialect *d)
{
	const jv *t = d->tree;
	d->auth = jv_get_str(t, "auth");
	d->base = jv_get_str(t, "base");
	d->path = jv_get_str(t, "path");
	d->query = jv_get_str(t, "query");
	d->max_tokens = jv_get_str(t, "max_tokens");
	d->hint = jv_get_str(t, "hint");
	d->temperature = jv_get_bool(t, "temperature", true);
	d->bind_with_tools = jv_get_bool(t, "bind_with_tools", true);
	d->always = jv_get(t, "always");
	d->tools = jv_get(t, "tools");
	d->choice = jv_get(t, "choice");
	d->schema = jv_get(t, "schema");
	d->grammar = jv_get(t, "grammar");
	d->cache = jv_get(t, "cache");
	d->seed = jv_get(t, "seed");
	d->cached_tokens = jv_get(t, "cached_tokens");
	d->reasoning = jv_get(t, "reasoning");
	d->schema_drop = jv_get(t, "schema_drop");
	d->slots = (int)jv_get_int(t, "slots", 0);
}

int llm_dialect_load(struct llm_dialect *ret, const char *name, struct err *e)
{
	jv *table = read_table(e), *own = NULL;
	sv n = name && name[0] ? sv_of(name) : SV("openai");
	*ret = (struct llm_dialect){ 0 };
	if (!table)
		return ERR_CORRUPT;
	if (sv_starts(n, SV("{"))) {
		own = jv_parse(n, e);
		if (own && !jv_get(own, "like"))
			jv_set_str(own, "like", SV("openai"));
	} else if (jv_is_obj(jv_member(table, n))) {
		own = jv_copy(jv_member(table, n));
	} else {
		(void)unknown(table, n, e);
	}
	ret->tree = own ? resolve(table, own, 0, e) : NULL;
	jv_free(own);
	jv_free(table);
	if (!ret->tree)
		return ERR_INVAL;
	set_views(ret);
	if (!ret->path.n || !ret->max_tokens.n || strpbrk(ret->auth.p ? ret->auth.p : "", "\r\n")) {
		llm_dialect_done(ret);
		return err_set(e, ERR_INVAL, "a dialect needs path, max_tokens and auth");
	}
	return 0;
}

void llm_dialect_done(struct llm_dialect *d)
{
	jv_free(d->tree);
	*d = (struct llm_dialect){ 0 };
}

/* base with {model} replaced */
static void put_base(struct sb *b, sv base, sv model)
{
	ptrdiff_t at = sv_find(base, SV("{model}"));
	if (at < 0) {
		sb_put(b, base);
		return;
	}
	sb_put(b, sv_slice(base, 0, (size_t)at));
	sb_url(b, model);
	sb_put(b, sv_slice(base, (size_t)at + 7, base.n));
}

char *llm_dialect_url(const struct llm_dialect *d, sv url, sv model)
{
	struct sb b;
	ptrdiff_t q = sv_find_ch(url, '?');
	sv query = q < 0 ? d->query : sv_slice(url, (size_t)q + 1, url.n);
	url = q < 0 ? url : sv_slice(url, 0, (size_t)q);
	while (sv_ends(url, SV("/")))
		url.n--;
	ptrdiff_t scheme = sv_find(url, SV("://"));
	sv rest = scheme < 0 ? url : sv_slice(url, (size_t)scheme + 3, url.n);
	sb_init(&b, 2048);
	sb_put(&b, url);
	if (sv_find_ch(rest, '/') < 0)
		put_base(&b, d->base, model);
	if (!sv_ends(url, d->path))
		put_base(&b, d->path, model);
	if (query.n)
		sb_fmt(&b, "?" SV_FMT, SV_ARG(query));
	char *ret = sb_err(&b) ? NULL : xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

/* ---- templates ---- */

/* OpenAI's strict mode: each object lists all its members as required and takes no others. */
static bool strict(const jv *s, int depth)
{
	const jv *props = jv_get(s, "properties");
	void *it = NULL;
	sv key;
	jv *val;
	if (depth > LIM_JSON_DEPTH)
		return false;
	if (jv_is_obj(props) && (jv_len(props) != jv_len(jv_get(s, "required")) ||
				 jv_get_bool(s, "additionalProperties", true)))
		return false;
	while (jv_is_obj(s) && jv_next(s, &it, &key, &val))
		if (!strict(val, depth + 1))
			return false;
	for (size_t i = 0; jv_is_arr(s) && i < jv_len(s); i++)
		if (!strict(jv_at(s, i), depth + 1))
			return false;
	return true;
}

static jv *text_or_nothing(sv s)
{
	return s.n ? jv_str(s) : NULL;
}

static jv *fill_schema(const struct llm_vars *v)
{
	return v->schema ? jv_copy(v->schema) : NULL;
}

static jv *fill_strict(const struct llm_vars *v)
{
	return v->schema ? jv_bool(strict(v->schema, 0)) : NULL;
}

static jv *fill_grammar(const struct llm_vars *v)
{
	return text_or_nothing(v->grammar);
}

static jv *fill_cache_key(const struct llm_vars *v)
{
	return text_or_nothing(sv_slice(v->cache_key, 0, 64)); /* OpenAI's limit */
}

static jv *fill_slot(const struct llm_vars *v)
{
	return v->cache_key.n && v->slots > 0 ?
		       jv_int((int64_t)(sv_hash(v->cache_key) % (unsigned)v->slots)) :
		       NULL;
}

static jv *fill_seed(const struct llm_vars *v)
{
	return v->seed ? jv_int(v->seed) : NULL;
}

static const struct {
	sv name;
	jv *(*fill)(const struct llm_vars *v);
} vars[] = {
	{ { "$schema", 7 }, fill_schema },	 { { "$strict", 7 }, fill_strict },
	{ { "$grammar", 8 }, fill_grammar }, { { "$cache_key", 10 }, fill_cache_key },
	{ { "$slot", 5 }, fill_slot },	 { { "$seed", 5 }, fill_seed },
};

jv *llm_dialect_fill(const jv *t, const struct llm_vars *v)
{
	if (jv_is_null(t))
		return NULL;
	for (size_t i = 0; jv_is_str(t) && i < sizeof(vars) / sizeof(vars[0]); i++)
		if (sv_eq(jv_as_str(t), vars[i].name))
			return vars[i].fill(v);
	if (!jv_is_obj(t))
		return jv_copy(t);
	jv *o = jv_obj(), *val;
	void *it = NULL;
	sv key;
	while (jv_next(t, &it, &key, &val)) {
		char *k = xstrdup(key);
		jv_set(o, k, llm_dialect_fill(val, v));
		xfree(k);
	}
	if (jv_len(o) || !jv_len(t))
		return o;
	jv_free(o); /* all its members were left out */
	return NULL;
}
