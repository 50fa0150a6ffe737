/* tool_with.c: what a declaration says for a source of other systems, looked at when it is
 * read: a fault that would only show in a customer's call shows to whoever edits it. Sources of
 * ours read no "with". Pure. */
#include "tool_far.h"

#include <stdio.h>

#define N(x) (sizeof(x) / sizeof((x)[0]))

struct want {                        /* a member of with */
	const char *key;
	bool needed;
	bool (*fits)(const jv *v);
	const char *mend;
};

static bool is_text(const jv *v)
{
	return jv_as_str(v).n > 0;
}

static bool is_whole(const jv *v)
{
	return jv_is_num(v) && jv_as_num(v, -1) >= 0;
}

static bool is_method(const jv *v)
{
	static const char *const words[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
	for (size_t i = 0; i < N(words); i++)
		if (sv_eq(jv_as_str(v), sv_of(words[i])))
			return true;
	return false;
}

static bool is_path(const jv *v)
{
	return sv_starts(jv_as_str(v), SV("/"));
}

static bool any(const jv *v)
{
	return v != NULL;
}

static bool is_texts(const jv *v)
{
	void *it = NULL;
	sv key;
	jv *m;
	while (jv_next(v, &it, &key, &m))
		if (!jv_is_str(m))
			return false;
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++)
		if (!jv_is_str(jv_at(v, i)))
			return false;
	return jv_is_obj(v) || jv_is_arr(v);
}

/* What an answer may mean for the customer: a no, nothing there, something missing, a fault. Never
 * that it is done, or that somebody has to be asked. */
static bool is_answer(sv s)
{
	static const enum tool_outcome may[] = { TOOL_REFUSED, TOOL_NOT_FOUND, TOOL_INVALID,
						 TOOL_FAILED };
	for (size_t i = 0; i < N(may); i++)
		if (sv_eq(s, sv_of(tool_outcome_name(may[i]))))
			return true;
	return false;
}

/* Three digits that speak of the request itself. */
static bool is_code(sv key)
{
	int64_t n;
	return key.n == 3 && sv_i64(key, &n) == 0 && !far_status_later((int)n);
}

static bool is_outcomes(const jv *v)
{
	void *it = NULL;
	sv key;
	jv *m;
	while (jv_next(v, &it, &key, &m))
		if (!is_answer(jv_as_str(m)) || !is_code(key))
			return false;
	return jv_is_obj(v);
}

static bool is_select(const jv *v)
{
	sv s = sv_trim(jv_as_str(v));
	return sv_eq_nocase(sv_slice(s, 0, 6), SV("select")) ||
	       sv_eq_nocase(sv_slice(s, 0, 4), SV("with"));
}

static const struct want http_wants[] = {
	{ "system", true, is_text, "Name a system of the configuration." },
	{ "method", false, is_method, "Use GET, POST, PUT, PATCH or DELETE." },
	{ "path", true, is_path, "Begin it with /: /orders/{order}." },
	{ "query", false, is_texts, "Write texts: {lang: \"{who.lang}\"}." },
	{ "body", false, any, "Write the JSON that is sent." },
	{ "retries", false, is_whole, "Use 0, 1 or 2." },
	{ "take", false, is_texts, "Write paths of the answer: {state: data.state}." },
	{ "result", false, jv_is_obj, "Write a JSON Schema." },
	{ "status", false, is_outcomes,
	  "Write refused, not_found, invalid or failed for 400 to 499 (not 401, 403, 407, 408, "
	  "425, 429): {410: not_found}." },
};
static const struct want mcp_wants[] = {
	{ "system", true, is_text, "Name a server of the configuration's mcp." },
	{ "tool", true, is_text, "Name the server's tool." },
	{ "args", false, jv_is_obj, "Write its arguments: {id: \"{order}\"}." },
	{ "key_arg", false, is_text, "Name the argument that takes the key." },
	{ "take", false, is_texts, "Write paths of the answer: {state: data.state}." },
	{ "result", false, jv_is_obj, "Write a JSON Schema." },
};
static const struct want sql_wants[] = {
	{ "system", true, is_text, "Name a system of the configuration." },
	{ "sql", true, is_select, "Write one SELECT." },
	{ "params", false, is_texts, "Write names of arguments: [sku, who.customer]." },
	{ "rows", false, is_whole, "Use a number up to 200." },
	{ "one", false, jv_is_bool, "Write true or false." },
	{ "take", false, is_texts, "Write names of columns: {left: free}." },
	{ "result", false, jv_is_obj, "Write a JSON Schema." },
};

static const struct want *wants_of(const char *source, size_t *n)
{
	static const struct {
		const char *source;
		const struct want *v;
		size_t n;
	} all[] = { { "http", http_wants, N(http_wants) },
		    { "mcp", mcp_wants, N(mcp_wants) },
		    { "sql", sql_wants, N(sql_wants) } };
	for (size_t i = 0; i < N(all); i++) {
		if (strcmp(source, all[i].source) != 0)
			continue;
		*n = all[i].n;
		return all[i].v;
	}
	return NULL;
}

static bool unknown(const jv *with, const struct want *v, size_t n, char key[80])
{
	void *it = NULL;
	sv name;
	jv *m;
	while (jv_next(with, &it, &name, &m)) {
		size_t i = 0;
		while (i < n && !sv_eq(name, sv_of(v[i].key)))
			i++;
		(void)snprintf(key, 80, "with.%.*s", (int)(name.n < 60 ? name.n : 60), name.p);
		if (i == n)
			return true;
	}
	return false;
}

const char *tool_with_wrong(const struct tool_decl *d, char key[80], const char **mend)
{
	size_t n = 0;
	const struct want *v = wants_of(d->source, &n);
	if (!v)
		return NULL;
	*mend = "Look at docs/tool.md for what this source takes.";
	if (unknown(d->with, v, n, key))
		return "unknown key";
	for (size_t i = 0; i < n; i++) {
		const jv *m = jv_get(d->with, v[i].key);
		(void)snprintf(key, 80, "with.%s", v[i].key);
		*mend = v[i].mend;
		if (!m && v[i].needed)
			return "is missing";
		if (m && !v[i].fits(m))
			return "does not fit";
	}
	(void)snprintf(key, 80, "effect");
	*mend = "An effect needs a source that can be asked with a key: http, or mcp with key_arg.";
	bool keyed = v == http_wants || jv_get(d->with, "key_arg");
	return d->effect && !keyed ? "this source cannot be asked for an effect" : NULL;
}
