/* tool_far.c: other systems: where they are, one thread with a loop for all of them, and a breaker
 * for each.
 *
 * Addresses and secrets stand in the server's configuration, not in a tool's declaration: whoever
 * edits tools reaches only what the operator has allowed. A source blocks a far thread of the kit
 * while the loop's thread does the talking. A system that fails several times in a row is left
 * alone for a while, then one call tries it; and it never has more than FAR_AT_ONCE calls, so that
 * one that hangs does not take the turns of the others. What a system answers is data: it is cut to
 * the members that the declaration takes and checked against its schema.
 */
#include "tool_far.h"

#include <stdio.h>

/* ---- turns and the breaker ---- */

static struct far_system *find(struct tool_far *f, sv name, enum far_kind kind)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].kind == kind && sv_eq(sv_of(f->v[i].name), name))
			return &f->v[i];
	return NULL;
}

static int take_turn(struct far_system *s)
{
	int64_t now = clk_mono_us() / 1000;
	if (s->running >= FAR_AT_ONCE)
		return ERR_BUSY;
	if (s->fails >= s->fails_max && (now < s->rest_until_ms || s->running))
		return ERR_UPSTREAM;
	s->running++;
	return 0;
}

int far_begin(struct tool_far *f, struct tool_run *r, enum far_kind kind, struct far_system **ret)
{
	struct far_system *s = find(f, jv_get_str(r->decl->with, "system"), kind);
	if (!s) {
		tool_outcome(r, TOOL_FAILED, "the system is not configured");
		return ERR_NOTFOUND;
	}
	pthread_mutex_lock(&f->lock);
	int rc = take_turn(s);
	pthread_mutex_unlock(&f->lock);
	if (rc)
		tool_outcome(r, TOOL_FAILED, rc == ERR_BUSY ? "the other system is busy" :
				   "the other system has failed repeatedly and is left alone");
	else
		*ret = s;
	return rc;
}

void far_end(struct tool_far *f, struct far_system *s, bool ok)
{
	pthread_mutex_lock(&f->lock);
	s->running--;
	s->fails = ok ? 0 : s->fails < s->fails_max ? s->fails + 1 : s->fails;
	if (s->fails >= s->fails_max)
		s->rest_until_ms = clk_mono_us() / 1000 + s->rest_ms;
	pthread_mutex_unlock(&f->lock);
}

/* ---- the loop's thread ---- */

void far_over(struct tool_far *f, bool *over)
{
	pthread_mutex_lock(&f->lock);
	*over = true;
	pthread_cond_broadcast(&f->wake);
	pthread_mutex_unlock(&f->lock);
}

void far_ask(struct tool_far *f, mbox_fn *fn, void *arg, const bool *over)
{
	while (mbox_post(f->box, fn, arg) == ERR_FULL)
		sched_yield();
	pthread_mutex_lock(&f->lock);
	while (!*over)
		pthread_cond_wait(&f->wake, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

static void *far_main(void *arg)
{
	struct tool_far *f = arg;
	pthread_setname_np(pthread_self(), "far");
	loop_run(f->loop);
	for (size_t i = 0; i < f->n; i++)
		mcp_close(f->v[i].mcp);
	fetch_free(f->fetch);
	return NULL;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

/* ---- what HTTP requests have in common ---- */

int far_key_line(sv key, sv header, struct sb *out, struct err *e)
{
	struct sb s;
	sb_init(&s, 64u << 10);
	int rc = cfg_secret(key, &s, e);
	if (rc == 0 && header.n)
		sb_fmt(out, SV_FMT ": %s\r\n", SV_ARG(header), sb_str(&s));
	else if (rc == 0)
		sb_fmt(out, "Authorization: Bearer %s\r\n", sb_str(&s));
	sb_done(&s);
	return rc;
}

void far_head_lines(const jv *headers, struct sb *out)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(headers, &it, &key, &v))
		sb_fmt(out, SV_FMT ": " SV_FMT "\r\n", SV_ARG(key), SV_ARG(jv_as_str(v)));
}

bool far_status_later(int status)
{
	return status < 400 || status > 499 || status == 401 || status == 403 || status == 407 ||
	       status == 408 || status == 425 || status == 429;
}

/* ---- configuration ---- */

static char *text_of(const jv *o, const char *key)
{
	sv s = jv_get_str(o, key);
	return s.n ? xstrdup(s) : NULL;
}

static void read_headers(struct far_system *s, const jv *o)
{
	struct sb b;
	sb_init(&b, 8192);
	far_head_lines(o, &b);
	s->headers = xstrdup(sb_sv(&b));
	sb_done(&b);
}

static void read_words(char ***ret, const jv *list)
{
	if (!jv_len(list))
		return;
	char **v = xalloc(sizeof(char *) * (jv_len(list) + 1));
	for (size_t i = 0; i < jv_len(list); i++)
		v[i] = xstrdup(jv_as_str(jv_at(list, i)));
	*ret = v;
}

static int read_system(struct tool_far *f, const jv *o, bool mcp, struct err *e)
{
	struct far_system *s = &f->v[f->n++];
	s->name = xstrdup(jv_get_str(o, "name"));
	s->url = text_of(o, "url");
	s->key = text_of(o, "key");
	s->key_header = text_of(o, "key_header");
	s->ca_file = text_of(o, "ca_file");
	s->sqlite = text_of(o, "sqlite");
	s->max_bytes = (size_t)jv_get_int(o, "max_bytes", FAR_BYTES);
	s->fails_max = (int)jv_get_int(o, "breaker_fails", FAR_FAILS);
	s->rest_ms = (int)jv_get_int(o, "breaker_ms", FAR_REST_MS);
	read_headers(s, jv_get(o, "headers"));
	read_words(&s->argv, jv_get(o, "command"));
	read_words(&s->env, jv_get(o, "env"));
	read_words(&s->allow, jv_get(o, "allow"));
	s->kind = mcp ? FAR_MCP : s->sqlite ? FAR_SQL : FAR_HTTP;
	if (!s->name[0])
		return err_set(e, ERR_INVAL, "%s: one has no name", mcp ? "mcp" : "systems");
	if (!s->sqlite && !s->url && !s->argv)
		return err_set(e, ERR_INVAL, "%s: give url%s", s->name,
			       mcp ? " or command" : " or sqlite");
	if (s->url && !sv_starts(sv_of(s->url), SV("http://")) &&
	    !sv_starts(sv_of(s->url), SV("https://")))
		return err_set(e, ERR_INVAL, "%s: url must begin with https:// or http://",
			       s->name);
	return 0;
}

static void far_free(struct tool_far *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct far_system *s = &f->v[i];
		xfree(s->name);
		xfree(s->url);
		xfree(s->headers);
		xfree(s->key);
		xfree(s->key_header);
		xfree(s->ca_file);
		xfree(s->sqlite);
		xfrees(s->argv);
		xfrees(s->env);
		xfrees(s->allow);
	}
	if (f->box)
		mbox_free(f->box);
	loop_free(f->loop);
	pthread_cond_destroy(&f->wake);
	pthread_mutex_destroy(&f->lock);
	xfree(f->pins);
	xfree(f);
}

int tool_far_open(struct tool_far **ret, const jv *cfg, const char *pins, struct err *e)
{
	const jv *systems = jv_get(cfg, "systems"), *mcp = jv_get(cfg, "mcp");
	struct tool_far *f = xalloc(sizeof(*f));
	int rc = 0;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->wake, NULL);
	f->pins = xstrdup(sv_of(pins ? pins : ""));
	if (jv_len(systems) + jv_len(mcp) > FAR_SYSTEMS)
		rc = err_set(e, ERR_FULL, "more than %d other systems", FAR_SYSTEMS);
	for (size_t i = 0; !rc && i < jv_len(systems); i++)
		rc = read_system(f, jv_at(systems, i), false, e);
	for (size_t i = 0; !rc && i < jv_len(mcp); i++)
		rc = read_system(f, jv_at(mcp, i), true, e);
	if (!rc) {
		f->loop = loop_new();
		f->box = mbox_new(f->loop);
		f->fetch = fetch_new(f->loop);
		if (pthread_create(&f->thread, NULL, far_main, f)) {
			rc = err_set(e, ERR_NOMEM, "cannot start a thread for other systems");
			fetch_free(f->fetch);
		}
	}
	if (rc)
		far_free(f);
	else
		*ret = f;
	return rc;
}

void tool_far_close(struct tool_far *f)
{
	if (!f)
		return;
	while (mbox_post(f->box, stop, f->loop) == ERR_FULL)
		sched_yield();
	pthread_join(f->thread, NULL);
	far_free(f);
}

/* ---- answers ---- */

static void take_members(struct tool_run *r, const jv *take, const jv *answer)
{
	void *it = NULL;
	char name[TOOL_NAME], path[200];
	sv key;
	jv *v;
	while (jv_next(take, &it, &key, &v)) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)(key.n < 60 ? key.n : 60), key.p);
		(void)snprintf(path, sizeof(path), SV_FMT, SV_ARG(jv_as_str(v)));
		const jv *found = path[0] ? jv_path(answer, path) : answer;
		if (found)
			jv_set(r->body, name, jv_copy(found));
	}
}

static void take_all(struct tool_run *r, const jv *answer)
{
	void *it = NULL;
	char name[TOOL_NAME];
	sv key;
	jv *v;
	if (!jv_is_obj(answer)) {
		jv_set(r->body, "result", jv_copy(answer));
		return;
	}
	while (jv_next(answer, &it, &key, &v)) {
		if (key.n >= sizeof(name))
			continue;
		(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(key));
		jv_set(r->body, name, jv_copy(v));
	}
}

int far_take(struct tool_run *r, jv *answer)
{
	const jv *take = jv_get(r->decl->with, "take"), *schema = jv_get(r->decl->with, "result");
	struct err e = { 0 };
	if (jv_is_obj(take))
		take_members(r, take, answer);
	else
		take_all(r, answer);
	jv_free(answer);
	if (!schema || !jv_schema_check(schema, r->body, &e))
		return 0;
	/* names and values in the fault are the other system's */
	tool_outcome(r, TOOL_FAILED, "the other system's answer does not fit");
	tool_audit(r, sv_of(e.msg));
	return ERR_UPSTREAM;
}
