/* api_openai_model.c: a language model asked directly, beside the engine's turn: may it call one
 * of the client's functions, or write the JSON that the client wants?
 *
 * A job crosses to a shard, where the models live, with a request of its own: masked messages,
 * sources found for the customer's last words, the client's system messages below our rules. What
 * a model asks for is checked before it is passed on: the function exists, the arguments are an
 * object with all that is required, every number in them was said, and personal data that was
 * masked is put back. What it writes must stand in the sources, the results or the
 * conversation. A job is a counted object: the door's half is `x`, the rest is the shard's until
 * job_done comes back. */
#include "api_openai.h"
#include "guard.h"

#include <stdio.h>

#define SOURCES 4
#define TEXT_MAX (64u << 10)
#define PROGRAM_MAX 16000        /* letters of the client's system messages */

struct masked {                  /* what stands behind "[email]"; many: nobody can tell which */
	sv value;
	bool many;
};
struct oai_job {
	struct api *a;
	struct oai_call *x;      /* the door's; NULL: nobody waits */
	struct talk_shard *shard;
	struct oai_req q;
	struct talk_models *models;
	struct kb_index *ix;
	struct kb_result found;
	struct llm_run *run;
	bool running;
	struct masked pii[PII_COUNT];
	struct sb said, text;    /* said: everything, as it was said */
	struct llm_prompt prompt;
	struct oai_tool_call calls[OAI_CALLS];
	size_t n_calls;
	struct llm_usage used;
	int err;                 /* ERR_NOTFOUND: no model here */
	bool doubt;              /* it asked for what was not said */
	bool ungrounded;
};

static void job_free(void *obj)
{
	struct oai_job *j = obj;
	obj_unref(j->ix);
	sb_done(&j->said);
	sb_done(&j->text);
	oai_req_done(&j->q);
}

/* ---- the prompt; shard ---- */

/* What a model may see of a text; what was masked is remembered. */
static sv masked(struct oai_job *j, sv text)
{
	struct guard_in in;
	if (!sv_trim(text).n || guard_inbound(text, &j->q.arena, &in))
		return SV("");
	for (size_t i = 0; i < in.n; i++) {
		struct masked *m = &j->pii[in.spans[i].type];
		sv v = sv_slice(in.clean, in.spans[i].start, in.spans[i].end);
		m->many |= m->value.n && !sv_eq(m->value, v);
		m->value = v;
	}
	return in.model;
}

static void find_sources(struct oai_job *j, struct sb *out)
{
	struct kb_query q = { .text = j->q.text, .lang = j->q.lang, .k = SOURCES };
	j->ix = snap_get(j->a->o.kb);
	if (!j->ix || kb_search(j->ix, &q, &j->q.arena, &j->found))
		j->found = (struct kb_result){ 0 };
	kb_leave_out(&j->found, guard_steers);
	for (size_t i = 0; i < j->found.n && i < SOURCES; i++)
		sb_fmt(out, "[%zu] " SV_FMT "\n" SV_FMT "\n", i + 1, SV_ARG(j->found.hits[i].title),
		       SV_ARG(j->found.hits[i].passage));
	if (!j->found.n)
		sb_cstr(out, "-\n");
}

/* The client's own system messages: its program is trusted as far as its key, below our rules. */
static void program_says(const struct oai_job *j, struct sb *out)
{
	for (size_t i = 0; i < j->q.n; i++)
		if (j->q.msgs[i].role == LLM_SYSTEM && j->q.msgs[i].text.n)
			sb_fmt(out, SV_FMT "\n",
			       SV_ARG(sv_slice(j->q.msgs[i].text, 0,
					       sv_rune_offset(j->q.msgs[i].text, PROGRAM_MAX))));
}

static void fill(struct sb *out, sv tmpl, const sv *pairs, size_t n)
{
	while (tmpl.n) {
		ptrdiff_t open = sv_find_ch(tmpl, '{');
		sv rest = open < 0 ? SV_NULL : sv_slice(tmpl, (size_t)open + 1, tmpl.n), name;
		sb_put(out, open < 0 ? tmpl : sv_slice(tmpl, 0, (size_t)open));
		tmpl = rest;
		if (!rest.p || !sv_cut(&tmpl, '}', &name))
			return;
		for (size_t i = 0; i + 1 < n; i += 2)
			if (sv_eq(name, pairs[i]))
				sb_put(out, pairs[i + 1]);
	}
}

static sv rules(struct oai_job *j)
{
	extern const struct embed_file api_data_files[];
	extern const size_t api_data_files_n;
	bool zh = sv_starts(j->q.lang, SV("zh"));
	const struct embed_file *f =
		embed_find(api_data_files, api_data_files_n,
			   zh ? SV("functions.zh.txt") : SV("functions.en.txt"));
	struct sb tmpl, sources, program, out;
	char today[32];
	sb_init(&tmpl, 64u << 10);
	sb_init(&sources, LIM_SB);
	sb_init(&program, LIM_SB);
	sb_init(&out, LIM_SB);
	clk_rfc3339(clk_wall_ms(), today);
	find_sources(j, &sources);
	program_says(j, &program);
	if (f)
		embed_text(f, &tmpl);
	sv company = jv_as_str(jv_path(j->a->o.company, zh ? "name.zh" : "name.en"));
	sv pairs[] = { SV("company"), company, SV("date"), sv_n(today, 10), SV("program"),
		       sb_sv(&program), SV("sources"), sb_sv(&sources) };
	fill(&out, sb_sv(&tmpl), pairs, 8);
	sv s = arena_sv(&j->q.arena, sb_sv(&out));
	sb_done(&tmpl);
	sb_done(&sources);
	sb_done(&program);
	sb_done(&out);
	return s;
}

static bool prompt_make(struct oai_job *j)
{
	struct oai_req *q = &j->q;
	struct llm_msg *m = arena_new(&q->arena, struct llm_msg, q->n + 1);
	struct llm_tool *t = arena_new(&q->arena, struct llm_tool, q->n_tools + 1);
	size_t n = 0;
	if (!m || !t)
		return false;
	m[n++] = (struct llm_msg){ .role = LLM_SYSTEM, .text = rules(j) };
	for (size_t i = 0; i < q->n; i++) {
		sb_put(&j->said, q->msgs[i].text);
		sb_ch(&j->said, '\n');
		if (q->msgs[i].role == LLM_SYSTEM)
			continue;
		m[n] = q->msgs[i];
		m[n++].text = masked(j, q->msgs[i].text);
	}
	for (size_t i = 0; i < q->n_tools; i++)
		t[i] = (struct llm_tool){ q->tools[i].name, q->tools[i].description,
					  q->tools[i].schema };
	bool tools = q->n_tools && q->choice != OAI_NONE;
	j->prompt = (struct llm_prompt){
		.msgs = m, .n = n, .max_tokens = q->max_tokens, .temperature = q->temperature,
		.cls = LLM_CHAT, .tools = tools ? t : NULL, .n_tools = tools ? q->n_tools : 0,
		.choice = !tools ? LLM_TOOLS_NONE :
			  q->choice == OAI_MUST ? LLM_TOOLS_MUST : LLM_TOOLS_AUTO,
		.schema = q->schema,
	};
	return m[0].text.p != NULL;
}

/* ---- what it asks for is checked ---- */

/* "[email]" becomes what was said; false when several were. */
static bool unmask(const struct oai_job *j, sv s, struct sb *out)
{
	bool ok = true;
	while (s.n) {
		ptrdiff_t open = sv_find_ch(s, '[');
		sv tail = open < 0 ? SV_NULL : sv_slice(s, (size_t)open, s.n);
		ptrdiff_t close = open < 0 ? -1 : sv_find_ch(tail, ']');
		if (close < 0)
			break;
		sv name = sv_slice(tail, 1, (size_t)close);
		const struct masked *m = NULL;
		for (int t = 0; t < PII_COUNT; t++)
			if (sv_eq(name, sv_of(guard_pii_name((enum guard_pii)t))))
				m = &j->pii[t];
		sb_put(out, sv_slice(s, 0, (size_t)open));
		sb_put(out, m && m->value.n ? m->value : sv_slice(tail, 0, (size_t)close + 1));
		ok &= !m || (m->value.n && !m->many);
		s = sv_slice(tail, (size_t)close + 1, tail.n);
	}
	sb_put(out, s);
	return ok;
}

static jv *unmasked(const struct oai_job *j, const jv *v, bool *ok)
{
	void *it = NULL;
	sv key;
	jv *child, *made;
	if (jv_is_str(v)) {
		struct sb b;
		sb_init(&b, TEXT_MAX);
		*ok &= unmask(j, jv_as_str(v), &b);
		made = jv_str(sb_sv(&b));
		sb_done(&b);
		return made;
	}
	if (jv_is_arr(v)) {
		made = jv_arr();
		for (size_t i = 0; i < jv_len(v); i++)
			jv_push(made, unmasked(j, jv_at(v, i), ok));
		return made;
	}
	if (!jv_is_obj(v))
		return jv_copy(v);
	made = jv_obj();
	while (jv_next(v, &it, &key, &child)) {
		char name[256];
		snprintf(name, sizeof(name), SV_FMT, SV_ARG(sv_slice(key, 0, 255)));
		jv_set(made, name, unmasked(j, child, ok));
	}
	return made;
}

static bool has_required(const struct oai_tool *t, const jv *args)
{
	const jv *list = jv_get(t->schema, "required");
	for (size_t i = 0; i < jv_len(list); i++) {
		char name[256];
		snprintf(name, sizeof(name), SV_FMT, SV_ARG(jv_as_str(jv_at(list, i))));
		if (!jv_get(args, name))
			return false;
	}
	return true;
}

static void on_call(void *arg, const struct llm_call *c)
{
	struct oai_job *j = arg;
	const struct oai_tool *t = NULL;
	for (size_t i = 0; i < j->q.n_tools; i++)
		if (sv_eq(j->q.tools[i].name, c->name))
			t = &j->q.tools[i];
	if (j->n_calls == OAI_CALLS || (j->n_calls && !j->q.parallel))
		return;
	jv *args = t ? jv_parse(c->args.n ? c->args : SV("{}"), NULL) : NULL;
	bool ok = jv_is_obj(args) && has_required(t, args);
	jv *real = ok ? unmasked(j, args, &ok) : NULL;
	ok = ok && oai_tool_said(real, sb_sv(&j->said));
	struct sb b;
	sb_init(&b, TEXT_MAX);
	if (ok)
		jv_dump(real, &b);
	if (ok && !sb_err(&b))
		j->calls[j->n_calls++] = (struct oai_tool_call){
			t->name, arena_sv(&j->q.arena, sb_sv(&b)) };
	else
		j->doubt = true;
	sb_done(&b);
	jv_free(args);
	jv_free(real);
}

/* ---- running; shard ---- */

static void job_done(void *arg);

static void job_end(struct oai_job *j)
{
	talk_models_done(j->shard, j->models);
	j->models = NULL;
	j->running = false;
	if (mbox_post(j->a->mbox, job_done, j))
		obj_unref(j);
}

static void check_text(struct oai_job *j)
{
	struct guard_source src[SOURCES + OAI_CALLS + 1];
	struct guard_verdict v = { .ok = true };
	size_t n = 0;
	for (; n < j->found.n && n < SOURCES; n++)
		src[n] = (struct guard_source){ j->found.hits[n].article_id,
						j->found.hits[n].body_md };
	src[n++] = (struct guard_source){ SV("said"), sb_sv(&j->said) };
	struct sb real;
	sb_init(&real, TEXT_MAX);
	unmask(j, sb_sv(&j->text), &real);
	sv text = sv_trim(sb_sv(&real));
	if (!j->q.schema)
		guard_outbound(text, src, n, j->q.text, &v);
	else
		v.ok = sb_err(&real) == 0;
	jv *json = j->q.schema ? jv_parse(text, NULL) : NULL;
	if (j->q.schema)
		v.ok = json && oai_tool_said(json, sb_sv(&j->said));
	jv_free(json);
	j->ungrounded = !v.ok;
	sb_reset(&j->text);
	sb_put(&j->text, text);
	sb_done(&real);
}

static void on_delta(void *arg, sv text)
{
	struct oai_job *j = arg;
	sb_put(&j->text, text);
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct oai_job *j = arg;
	j->run = NULL;
	if (u)
		j->used = *u;
	j->err = err ? err : sb_err(&j->text);
	bool nothing = !j->n_calls && !j->doubt && !j->text.n;
	if (!j->err && nothing)
		j->err = ERR_UPSTREAM;
	if (!j->err && !j->n_calls)
		check_text(j);
	job_end(j);
}

static void job_begin(void *arg)
{
	static const struct llm_cb cb = { on_delta, on_call, on_end };
	struct oai_job *j = arg;
	j->models = talk_models_use(j->shard);
	j->running = true;
	struct llm *m = talk_models_llm(j->models);
	j->err = !m ? ERR_NOTFOUND : prompt_make(j) ? 0 : ERR_TOOBIG;
	if (!j->err)
		j->err = llm_start(m, &j->prompt, &cb, j, &j->run);
	if (j->err)
		job_end(j);
}

static void job_cancel(void *arg)
{
	struct oai_job *j = arg;
	if (j->running) {
		llm_cancel(j->run);
		j->run = NULL;
		talk_models_done(j->shard, j->models);
		j->models = NULL;
		j->running = false;
		obj_unref(j);
	}
	obj_unref(j);
}

/* ---- the door ---- */

static void job_done(void *arg)
{
	struct oai_job *j = arg;
	struct oai_call *x = j->x;
	if (x) {
		struct oai_result r = { .err = j->err, .doubt = j->doubt,
					.ungrounded = j->ungrounded, .text = sb_sv(&j->text),
					.calls = j->calls, .n_calls = j->n_calls,
					.used = j->used };
		x->job = NULL;
		j->x = NULL;
		oai_job_over(x, &r);
		obj_unref(j);
	}
	obj_unref(j);
}

bool oai_job_start(struct oai_call *x)
{
	struct api *a = x->a;
	struct talk_shard *s = talk_hub_pick(a->o.hub, a->next++);
	struct oai_problem p;
	if (!s)
		return false;
	struct oai_job *j = obj_new(sizeof(*j), job_free);
	j->a = a;
	j->shard = s;
	sb_init(&j->said, 4u << 20);
	sb_init(&j->text, TEXT_MAX);
	bool ok = oai_req_read(&j->q, jv_copy(x->q.body), x->q.owner, &p);
	if (!ok || mbox_post(talk_shard_mbox(s), job_begin, obj_ref(j))) {
		if (ok)
			obj_unref(j);
		obj_unref(j);
		return false;
	}
	j->x = x;
	x->job = j;
	return true;
}

void oai_job_drop(struct oai_call *x)
{
	struct oai_job *j = x->job;
	if (!j)
		return;
	x->job = NULL;
	j->x = NULL;
	if (mbox_post(talk_shard_mbox(j->shard), job_cancel, j))
		obj_unref(j);
}
