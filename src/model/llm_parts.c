/* llm_parts.c: calls put together from the fragments that servers stream.
 *
 * A fragment belongs to the call with its index; else to the one with its id; else to the
 * one spoken of last, if that is still open; else it begins a call. What servers really do
 * and what is made of it:
 *   index missing or 0 for all (Ollama, Gemini)   a new id, or a name where a whole object
 *                                                 of arguments is there, begins a call
 *   no id in the first fragment, or never         the run gives it one at the end
 *   another id in each fragment (vLLM)            without a name: the same call
 *   the name again in each fragment               the same call while its arguments are open
 *   all of it once more at the end                ignored when it is the same
 *   arguments as an object                        written as text
 * Everything is bounded. Pure. */
#include "llm_int.h"

enum { NAME_MAX_BYTES = 256 };

/* One byte of the value that has begun. */
static void scan(struct llm_scan *z, char c)
{
	if (z->esc) {
		z->esc = false;
	} else if (z->str) {
		z->esc = c == '\\';
		z->str = c != '"';
	} else if (c == '"') {
		z->str = true;
	} else if (c == '{' || c == '[') {
		z->depth++;
	} else if (c == '}' || c == ']') {
		z->done = --z->depth <= 0;
	}
}

size_t llm_scan_feed(struct llm_scan *z, sv s)
{
	size_t i = 0;
	for (; i < s.n && !z->done; i++) {
		z->begun = z->begun || s.p[i] == '{' || s.p[i] == '[';
		if (z->begun)
			scan(z, s.p[i]);
	}
	return i;
}

void llm_parts_done(struct llm_parts *p)
{
	for (size_t i = 0; i < p->n; i++) {
		sb_done(&p->v[i].id);
		sb_done(&p->v[i].name);
		sb_done(&p->v[i].args);
	}
	p->n = 0;
}

struct fragment {
	int64_t index; /* -1 = none */
	sv id, name, args;
};

static struct llm_part *by_index(struct llm_parts *p, int64_t index)
{
	for (size_t i = 0; index >= 0 && i < p->n; i++)
		if (p->v[i].index == index)
			return &p->v[i];
	return NULL;
}

static struct llm_part *by_id(struct llm_parts *p, sv id)
{
	for (size_t i = 0; id.n && i < p->n; i++)
		if (sv_eq(sb_sv(&p->v[i].id), id))
			return &p->v[i];
	return NULL;
}

/* May the fragment go on with this call, which its index or its place points to? */
static bool goes_on(const struct llm_part *c, const struct fragment *f)
{
	sv id = sb_sv(&c->id), name = sb_sv(&c->name);
	if (f->id.n && sv_eq(f->id, id))
		return true;
	if (f->id.n && id.n) /* another id */
		return !f->name.n && !c->scan.done;
	if (!f->name.n)
		return true;
	return !name.n || (sv_eq(f->name, name) && !c->scan.done);
}

static struct llm_part *begin(struct llm_parts *p, int64_t index)
{
	if (p->n >= LLM_CALLS_MAX)
		return NULL;
	struct llm_part *c = by_index(p, index);
	if (c)
		c->index = -1; /* taken over */
	c = &p->v[p->n++];
	*c = (struct llm_part){ .index = index };
	sb_init(&c->id, NAME_MAX_BYTES);
	sb_init(&c->name, NAME_MAX_BYTES);
	sb_init(&c->args, LLM_ARGS_MAX);
	return c;
}

static struct llm_part *find(struct llm_parts *p, const struct fragment *f)
{
	struct llm_part *c = by_index(p, f->index);
	if (c)
		return goes_on(c, f) ? c : begin(p, f->index);
	c = by_id(p, f->id);
	if (c)
		return c;
	c = p->n ? &p->v[p->last] : NULL;
	if (c && f->index >= 0 && (f->name.n || f->id.n || c->scan.done))
		c = NULL;
	return c && goes_on(c, f) ? c : begin(p, f->index);
}

static void put_args(struct llm_part *c, sv args)
{
	if (c->scan.done && (!sv_trim(args).n || sv_eq(args, sb_sv(&c->args))))
		return; /* all of it once more */
	sb_put(&c->args, args);
	(void)llm_scan_feed(&c->scan, args);
}

int llm_parts_add(struct llm_parts *p, const jv *delta)
{
	const jv *fn = jv_get(delta, "function"), *args = jv_get(fn, "arguments");
	struct fragment f = { .index = jv_get_int(delta, "index", -1),
			      .id = jv_get_str(delta, "id"),
			      .name = jv_get_str(fn, "name"),
			      .args = jv_as_str(args) };
	struct sb text;
	if (!f.id.n && !f.name.n && !f.args.n && !jv_is_obj(args))
		return 0;
	struct llm_part *c = find(p, &f);
	if (!c)
		return ERR_FULL;
	p->last = (size_t)(c - p->v);
	if (f.id.n && !c->id.n)
		sb_put(&c->id, f.id);
	if (f.name.n && !c->name.n)
		sb_put(&c->name, f.name);
	sb_init(&text, LLM_ARGS_MAX);
	if (jv_is_obj(args))
		jv_dump(args, &text);
	put_args(c, jv_is_obj(args) ? sb_sv(&text) : f.args);
	int rc = sb_err(&text) | sb_err(&c->id) | sb_err(&c->name) | sb_err(&c->args);
	sb_done(&text);
	return rc ? ERR_TOOBIG : 0;
}
