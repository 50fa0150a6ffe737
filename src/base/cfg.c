/* cfg.c: YAML text into a JSON tree, by recursive descent over libyaml's events.
 *
 * The subset is what people can read without knowing YAML: mappings, lists, scalars, comments.
 * Anchors, aliases, tags, merge keys, several documents and duplicate keys are refused with the
 * line. Unquoted scalars are typed by cfg_scalar: true/false, null or ~, numbers; a leading +
 * or 0 keeps a string (telephone numbers, codes). The tree belongs to the caller; nothing is
 * global. Any thread.
 */
#include "cfg.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "cfg_int.h"
#include "file.h"
#include "limits.h"
#include "vec.h"

enum { SECRET_BYTES = 64 << 10, KEY_MAX = 64 };

struct reader {
	yaml_parser_t yaml;
	const char *name;
	struct cfg_report *rep;
	struct cfg_places *places;
	struct sb path;
	int nodes;
};

void cfg_issue(struct cfg_report *rep, const char *where, const char *mend, const char *what, ...)
{
	struct cfg_issue *is = rep ? VEC_PUSH(rep, CFG_ISSUES_MAX) : NULL;
	va_list ap;

	if (!is)
		return;
	(void)snprintf(is->where, sizeof(is->where), "%s", where);
	(void)snprintf(is->mend, sizeof(is->mend), "%s", mend);
	va_start(ap, what);
	(void)vsnprintf(is->what, sizeof(is->what), what, ap);
	va_end(ap);
}

void cfg_report_done(struct cfg_report *rep)
{
	VEC_FREE(rep);
}

jv *cfg_scalar(sv raw)
{
	bool num = raw.n && raw.p[0] != '+' && raw.p[0] != '.' && raw.p[raw.n - 1] != '.';
	sv digits = raw.n && raw.p[0] == '-' ? sv_slice(raw, 1, raw.n) : raw;
	int64_t i;
	double d;

	if (!raw.n || sv_eq(raw, SV("~")) || sv_eq(raw, SV("null")))
		return jv_null();
	if (sv_eq(raw, SV("true")) || sv_eq(raw, SV("false")))
		return jv_bool(raw.p[0] == 't');
	if (digits.n > 1 && digits.p[0] == '0' && digits.p[1] != '.')
		num = false;
	if (num && sv_i64(raw, &i) == 0)
		return jv_int(i);
	if (num && sv_f64(raw, &d) == 0)
		return jv_num(d);
	return jv_str(raw);
}

static void complain(struct reader *r, size_t line, const char *mend, const char *what)
{
	char where[160];

	(void)snprintf(where, sizeof(where), "%.60s:%zu:%.80s", r->name, line + 1,
		       r->path.n ? sb_str(&r->path) : "-");
	cfg_issue(r->rep, where, mend, "%s", what);
}

static void yaml_failed(struct reader *r)
{
	const char *what = r->yaml.problem ? r->yaml.problem : "not YAML";
	const char *mend =
		"Check the indentation (blanks only), the colon after the key, and quotes.";

	if (strstr(what, "cannot start any token"))
		mend = "Indent with blanks instead of tabs; quote values that start with a "
		       "sign like @ or %.";
	else if (strstr(what, "mapping values are not allowed"))
		mend = "Put values that hold a colon and a blank into quotes.";
	complain(r, r->yaml.problem_mark.line, mend, what);
}

static bool next(struct reader *r, yaml_event_t *ev)
{
	if (yaml_parser_parse(&r->yaml, ev))
		return true;
	yaml_failed(r);
	return false;
}

static void note_place(struct reader *r, size_t line, sv raw, bool plain)
{
	struct cfg_place *pl;

	if (!r->places)
		return;
	pl = arena_new(&r->places->mem, struct cfg_place, 1);
	if (!pl)
		return;
	*pl = (struct cfg_place){ (int)line + 1, plain, arena_sv(&r->places->mem, raw) };
	(void)map_put(r->places->by_path, sb_sv(&r->path), pl);
}

/* NULL and an issue when the event uses what we do not read. */
static const char *forbidden(const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		return "aliases (*name) are not read";
	case YAML_SCALAR_EVENT:
		return ev->data.scalar.anchor ? "anchors (&name) are not read" :
		       ev->data.scalar.tag ? "tags (!name) are not read" : NULL;
	case YAML_SEQUENCE_START_EVENT:
		return ev->data.sequence_start.anchor ? "anchors (&name) are not read" :
		       ev->data.sequence_start.tag ? "tags (!name) are not read" : NULL;
	case YAML_MAPPING_START_EVENT:
		return ev->data.mapping_start.anchor ? "anchors (&name) are not read" :
		       ev->data.mapping_start.tag ? "tags (!name) are not read" : NULL;
	default:
		return NULL;
	}
}

static jv *read_node(struct reader *r, yaml_event_t *ev, int depth);

/* The value of the next event, under the path as it is now. */
static jv *read_next(struct reader *r, int depth)
{
	yaml_event_t ev;
	jv *v;

	if (!next(r, &ev))
		return NULL;
	v = read_node(r, &ev, depth);
	yaml_event_delete(&ev);
	return v;
}

static sv text_of(const yaml_event_t *ev)
{
	return sv_n((const char *)ev->data.scalar.value, ev->data.scalar.length);
}

/* Why this event cannot be a key of o; NULL when it can. */
static const char *bad_key(const yaml_event_t *ev, sv key)
{
	if (ev->type != YAML_SCALAR_EVENT)
		return "a key must be text";
	if (sv_eq(key, SV("<<")))
		return "merge keys (<<) are not read";
	if (ev->data.scalar.anchor || ev->data.scalar.tag)
		return "anchors (&name) and tags (!name) are not read";
	if (!key.n || key.n > KEY_MAX || sv_find_ch(key, '\0') >= 0)
		return "a key must have 1 to 64 bytes";
	return NULL;
}

/* A key of o; extends the path by it. NULL and an issue when it cannot be one. */
static char *read_key(struct reader *r, const yaml_event_t *ev, const jv *o)
{
	sv text = ev->type == YAML_SCALAR_EVENT ? text_of(ev) : SV_NULL;
	const char *bad = bad_key(ev, text);
	char *key;

	if (bad) {
		complain(r, ev->start_mark.line, "Use a short plain word as the key.", bad);
		return NULL;
	}
	key = xstrdup(text);
	sb_fmt(&r->path, "%s%s", r->path.n ? "." : "", key);
	if (!jv_get(o, key))
		return key;
	complain(r, ev->start_mark.line, "Keep one of the two.", "the key appears twice");
	xfree(key);
	return NULL;
}

/* One "key: value" of o, ev being the key. */
static bool read_member(struct reader *r, const yaml_event_t *ev, jv *o, int depth)
{
	size_t before = r->path.n;
	char *key = read_key(r, ev, o);
	jv *v = key ? read_next(r, depth + 1) : NULL;

	if (v)
		jv_set(o, key, v);
	xfree(key);
	sb_truncate(&r->path, before);
	return v != NULL;
}

static jv *read_mapping(struct reader *r, int depth)
{
	jv *o = jv_obj();
	bool ok = true, end = false;

	while (ok && !end) {
		yaml_event_t ev;

		ok = next(r, &ev);
		if (!ok)
			break;
		end = ev.type == YAML_MAPPING_END_EVENT;
		if (!end)
			ok = read_member(r, &ev, o, depth);
		yaml_event_delete(&ev);
	}
	if (ok)
		return o;
	jv_free(o);
	return NULL;
}

static jv *read_list(struct reader *r, int depth)
{
	jv *a = jv_arr(), *v = a;
	size_t before = r->path.n;
	bool end = false;

	while (v && !end) {
		yaml_event_t ev;

		if (!next(r, &ev)) {
			v = NULL;
			break;
		}
		end = ev.type == YAML_SEQUENCE_END_EVENT;
		if (!end) {
			sb_fmt(&r->path, "[%zu]", jv_len(a));
			v = read_node(r, &ev, depth + 1);
			sb_truncate(&r->path, before);
			if (v)
				jv_push(a, v);
		}
		yaml_event_delete(&ev);
	}
	if (v)
		return a;
	jv_free(a);
	return NULL;
}

static jv *read_node(struct reader *r, yaml_event_t *ev, int depth)
{
	const char *bad = forbidden(ev);
	size_t line = ev->start_mark.line;
	bool plain = ev->type == YAML_SCALAR_EVENT &&
		     ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (bad) {
		complain(r, line, "Write the value out, in quotes if it starts with &, * or !.",
			 bad);
		return NULL;
	}
	if (depth > LIM_JSON_DEPTH / 2 || ++r->nodes > CFG_NODES_MAX || sb_err(&r->path)) {
		complain(r, line, "Make it flatter or smaller.", "too deep or too many values");
		return NULL;
	}
	note_place(r, line, ev->type == YAML_SCALAR_EVENT ? text_of(ev) : SV_NULL, plain);
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		return plain ? cfg_scalar(text_of(ev)) : jv_str(text_of(ev));
	case YAML_SEQUENCE_START_EVENT:
		return read_list(r, depth);
	case YAML_MAPPING_START_EVENT:
		return read_mapping(r, depth);
	default:
		complain(r, line, "Write key: value.", "a value is missing");
		return NULL;
	}
}

/* After the first document only the end may follow. */
static bool at_end(struct reader *r)
{
	yaml_event_t ev;
	bool ok = next(r, &ev);
	size_t line;

	if (ok && ev.type == YAML_DOCUMENT_END_EVENT) {
		yaml_event_delete(&ev);
		ok = next(r, &ev);
	}
	if (!ok)
		return false;
	ok = ev.type == YAML_STREAM_END_EVENT;
	line = ev.start_mark.line;
	yaml_event_delete(&ev);
	if (!ok)
		complain(r, line, "Keep one document: remove the --- line.",
			 "several documents in one file");
	return ok;
}

static jv *read_document(struct reader *r)
{
	yaml_event_t ev;
	int type = YAML_NO_EVENT;
	jv *v = NULL;

	while (type != YAML_DOCUMENT_START_EVENT && type != YAML_STREAM_END_EVENT) {
		if (!next(r, &ev))
			return NULL;
		type = ev.type;
		yaml_event_delete(&ev);
	}
	if (type == YAML_STREAM_END_EVENT)
		return jv_obj(); /* empty, or comments only */
	v = read_next(r, 0);
	if (v && jv_is_null(v)) {
		jv_free(v);
		v = jv_obj();
	}
	if (v && !jv_is_obj(v))
		complain(r, 0, "Begin with a key: value line.",
			 "the file must hold keys and values");
	if (v && (!jv_is_obj(v) || !at_end(r))) {
		jv_free(v);
		v = NULL;
	}
	return v;
}

jv *cfg_read(sv text, const char *name, struct cfg_report *rep, struct cfg_places *places)
{
	struct reader r = { .name = name, .rep = rep, .places = places };
	jv *v = NULL;

	sb_init(&r.path, CFG_PATH_MAX);
	if (text.n > LIM_CFG_BYTES) {
		complain(&r, 0, "Split it; knowledge and lists belong into their own files.",
			 "larger than 1 MiB");
	} else if (!sv_utf8_ok(text)) {
		complain(&r, 0, "Save the file as UTF-8.", "not UTF-8");
	} else {
		ASSERT(yaml_parser_initialize(&r.yaml));
		yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
		yaml_parser_set_input_string(&r.yaml,
					     (const unsigned char *)(text.p ? text.p : ""),
					     text.n);
		v = read_document(&r);
		yaml_parser_delete(&r.yaml);
	}
	sb_done(&r.path);
	return v;
}

jv *cfg_parse(sv text, const char *name, struct cfg_report *rep)
{
	return cfg_read(text, name, rep, NULL);
}

void cfg_merge(jv *base, const jv *over)
{
	void *it = NULL;
	sv key;
	jv *val;

	while (jv_next(over, &it, &key, &val)) {
		char *k = xstrdup(key);
		jv *mine = jv_get(base, k);

		if (jv_is_obj(mine) && jv_is_obj(val))
			cfg_merge(mine, val);
		else
			jv_set(base, k, jv_copy(val));
		xfree(k);
	}
}

bool cfg_env_name(const char *path, struct sb *out)
{
	sb_reset(out);
	sb_cstr(out, "CALLM_");
	for (const char *p = path; *p; p++) {
		if (*p == '[')
			return false;
		if (*p == '.')
			sb_cstr(out, "__");
		else
			sb_ch(out, (char)toupper((unsigned char)*p));
	}
	return !sb_err(out);
}

jv *cfg_typed(const struct cfg_rule *r, sv text)
{
	jv *v;

	switch (r->type) {
	case CFG_STR:
	case CFG_SECRET:
		return jv_str(text);
	case CFG_OBJ:
	case CFG_LIST:
		v = jv_parse(text, NULL);
		return v ? v : jv_str(text);
	default:
		return cfg_scalar(text);
	}
}

void cfg_put(jv *tree, sv path, jv *val)
{
	sv name;

	while (sv_cut(&path, '.', &name)) {
		char *key = xstrdup(name);

		if (!path.n) {
			jv_set(tree, key, val);
		} else {
			if (!jv_is_obj(jv_get(tree, key)))
				jv_set(tree, key, jv_obj());
			tree = jv_get(tree, key);
		}
		xfree(key);
	}
}

void cfg_env(jv *tree, const struct cfg_rule *rules, size_t n)
{
	struct sb name;

	sb_init(&name, CFG_PATH_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *val = cfg_env_name(rules[i].path, &name) ? getenv(sb_str(&name)) : NULL;

		if (val)
			cfg_put(tree, sv_of(rules[i].path), cfg_typed(&rules[i], sv_of(val)));
	}
	sb_done(&name);
}

static int secret_from_env(sv name, struct sb *out, struct err *e)
{
	char *key = xstrdup(name);
	const char *val = getenv(key);

	xfree(key);
	if (!val)
		return err_set(e, ERR_NOTFOUND,
			       "the environment has no " SV_FMT "; set it before the start",
			       SV_ARG(name));
	sb_cstr(out, val);
	return 0;
}

int cfg_secret(sv ref, struct sb *out, struct err *e)
{
	char *path;
	int rc;

	sb_reset(out);
	if (sv_starts(ref, SV("env:")))
		return secret_from_env(sv_slice(ref, 4, ref.n), out, e);
	if (!sv_starts(ref, SV("file:")))
		return err_set(e, ERR_INVAL, "a secret is written as file:/path or env:NAME");
	path = xstrdup(sv_slice(ref, 5, ref.n));
	rc = file_read(path, SECRET_BYTES, out, e);
	xfree(path);
	while (!rc && out->n && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
		sb_truncate(out, out->n - 1);
	return rc ? rc : sb_err(out);
}

#define NAME_SHOWN 48

void cfg_where(char out[160], sv text, const char *name, const char *path)
{
	size_t n = strlen(name);
	const char *end = n > NAME_SHOWN ? name + n - NAME_SHOWN : name;
	const char *slash = end > name ? strchr(end, '/') : NULL;

	(void)snprintf(out, 160, "%.48s:%d:%.90s", slash ? slash + 1 : end, cfg_line(text, path),
		       path);
}

int cfg_line(sv text, const char *path)
{
	struct cfg_places places = { .by_path = map_new(CFG_NODES_MAX) };
	arena_init(&places.mem, LIM_ARENA_BIG);
	jv_free(cfg_read(text, "", NULL, &places));
	const struct cfg_place *pl = map_get(places.by_path, sv_of(path));
	int line = pl ? pl->line : 0;
	map_free(places.by_path);
	arena_done(&places.mem);
	return line;
}
