/* app_assist.c: help for people who serve, put together.
 *
 * The company's own lists count, else the demo's: file by file. Names of tools are those of the
 * start; a tool published later is told by its id until the next one. Flows and the strategy are
 * those in use. The language models are those that are reached over the network, opened on the
 * thread of assist when somebody asks for the first translation: a second process of a local one
 * would cost its memory twice, and small ones do not translate. Main thread; what out and model do
 * runs on that of assist. */
#include "app_assist.h"

#include "api.h"
#include "app_company.h"
#include "app_models.h"
#include "app_service.h"
#include "assist.h"
#include "cal.h"
#include "flow.h"
#include "guard.h"
#include "talk.h"
#include "talk_people.h"
#include "tool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define FILES 3
#define NAMES_MOST 5000

struct app_assist {
	struct assist *as;
	struct assist_plan *plan;
	jv *dispositions;            /* {"items": [..]} */
	struct tool_box *box;
	struct assist_tool *tools;
	const struct app_service *service;
	struct cal_zone *zone;
	pthread_mutex_t lock;        /* of hub */
	struct talk_hub *hub;        /* NULL: there is no strategy */
	const struct app_specs *(*llm)(void *arg);
	void *llm_arg;
	struct arena a;
	VEC(sv) names;
	_Atomic(struct api *) api;   /* NULL: nobody is told */
};

/* ---- the company's lists ---- */

static const char *const file_names[FILES] = { "dispositions.yaml", "canned.yaml", "assist.yaml" };

static int read_plan(sv company_file, struct assist_plan **ret, struct cfg_report *rep,
		     struct err *e)
{
	struct assist_file f[FILES];
	struct sb b[FILES];
	struct app_company c;
	int rc = 0;
	app_company_open(&c, company_file);
	for (int i = 0; i < FILES; i++) {
		sb_init(&b[i], LIM_CFG_BYTES);
		rc = rc ? rc : app_company_file_or_own(&c, file_names[i], &b[i], e);
		f[i] = (struct assist_file){ file_names[i], sb_sv(&b[i]) };
	}
	if (rc == 0)
		rc = assist_plan_new(ret, f, FILES, rep);
	for (int i = 0; i < FILES; i++)
		sb_done(&b[i]);
	return rc;
}

void app_assist_check(sv company_file, struct cfg_report *rep)
{
	struct assist_plan *p = NULL;
	struct err e = { 0 };
	(void)read_plan(company_file, &p, rep, &e);
	obj_unref(p);
}

static int open_plan(struct app_assist *x, const jv *cfg, struct err *e)
{
	struct cfg_report rep = { 0 };
	struct sb b;
	int rc = read_plan(jv_get_str(cfg, "company"), &x->plan, &rep, e);
	if (rc && rep.n)
		err_set(e, rc, "%s: %s. %s", rep.v[0].where, rep.v[0].what, rep.v[0].mend);
	cfg_report_done(&rep);
	sb_init(&b, LIM_JSON_BYTES);
	if (rc == 0 && assist_plan_json(x->plan, "dispositions", &b) == 0)
		x->dispositions = jv_parse(sb_sv(&b), NULL);
	sb_done(&b);
	return rc;
}

/* ---- names ---- */

static void take_tools(struct app_assist *x, struct assist_with *w)
{
	size_t n = tool_box_count(x->box);
	x->tools = xalloc((n + 1) * sizeof(*x->tools));
	for (size_t i = 0; i < n; i++) {
		const struct tool_decl *d = tool_box_at(x->box, i);
		x->tools[i] = (struct assist_tool){ .name = sv_of(d->name),
						    .title = { d->title[0], d->title[1] },
						    .schema = d->schema };
	}
	w->tool = x->tools;
	w->n_tool = n;
}

static void flow_named(void *arg, sv flow, const char *lang, struct sb *to)
{
	struct app_assist *x = arg;
	struct flow_set *flows = app_service_flows_now(x->service);
	if (flows)
		sb_put(to, flow_title(flows, flow, sv_of(lang)));
	obj_unref(flows);
}

static void keep_name(struct app_assist *x, sv zh, sv en)
{
	char *forms = zh.n && en.n && !sv_eq(zh, en) ?
			      arena_fmt(&x->a, SV_FMT "|" SV_FMT, SV_ARG(zh), SV_ARG(en)) :
			      arena_cstr(&x->a, zh.n ? zh : en);
	sv *slot = forms && *forms ? VEC_PUSH(&x->names, NAMES_MOST) : NULL;
	if (slot)
		*slot = sv_of(forms);
}

/* The company, and each product by its two names: {"name":{"zh","en"}} a line. */
static void take_names(struct app_assist *x, const jv *cfg, const jv *company)
{
	struct app_company c;
	struct err e = { 0 };
	struct sb b;
	sv rest, line;
	keep_name(x, jv_as_str(jv_path(company, "name.zh")),
		  jv_as_str(jv_path(company, "name.en")));
	app_company_open(&c, jv_get_str(cfg, "company"));
	sb_init(&b, 64u << 20);
	if (app_company_file(&c, "products.jsonl", &b, &e) == 0) {
		rest = sb_sv(&b);
		while (sv_line(&rest, &line)) {
			jv *p = jv_parse(line, NULL);
			keep_name(x, jv_as_str(jv_path(p, "name.zh")),
				  jv_as_str(jv_path(p, "name.en")));
			jv_free(p);
		}
	}
	sb_done(&b);
}

static struct cal_zone *zone_of(const jv *company)
{
	struct cal_zone *z = NULL;
	struct err e = { 0 };
	sv name = jv_get_str(company, "timezone");
	return name.n && cal_zone_open(&z, name, &e) == 0 ? z : NULL;
}

/* ---- on assist's thread ---- */

static int open_model(void *arg, struct loop *l, struct llm **ret)
{
	struct app_assist *x = arg;
	const struct app_specs *s = x->llm ? x->llm(x->llm_arg) : NULL;
	struct model_spec v[APP_SPECS];
	struct llm_list_opts o = { 0 };
	struct err e = { 0 };
	size_t n = 0;
	for (size_t i = 0; s && i < s->n; i++)
		if (strcmp(s->v[i].kind, "llama") != 0)
			v[n++] = s->v[i];
	if (!n)
		return ERR_NOTFOUND;
	int rc = llm_open_list(ret, v, n, &o, l, &e);
	if (rc)
		LOG(WARN, "assist.model", "no language model for agents: %s", e.msg);
	return rc;
}

/* The hub is closed before assist: not while it is asked. */
static struct policy_table *strategy_now(void *arg)
{
	struct app_assist *x = arg;
	pthread_mutex_lock(&x->lock);
	struct policy_table *t = x->hub ? talk_hub_strategy_now(x->hub) : NULL;
	pthread_mutex_unlock(&x->lock);
	return t;
}

static void out(void *arg, const char *type, sv conversation, sv json)
{
	struct app_assist *x = arg;
	struct api *api = atomic_load(&x->api);
	if (api)
		api_conversation_feed(api, type, conversation, json);
}

/* A row agent.search of the conversation: what the flywheel reads (docs/flywheel.md). */
static void searched(void *arg, sv conversation, sv login, sv query, size_t found)
{
	struct app_assist *x = arg;
	struct api *api = atomic_load(&x->api);
	struct arena a;
	struct sb b;
	if (!api)
		return;
	arena_init(&a, LIM_ARENA_TURN);
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"query\":");
	sb_json(&b, guard_model_text(query, &a));
	sb_fmt(&b, ",\"found\":%zu}", found);
	struct talk_word w = { .kind = WORD_ROW, .conversation = conversation, .agent = login,
			       .why = SV("agent.search"), .text = sb_sv(&b) };
	(void)api_word(api, &w);
	sb_done(&b);
	arena_done(&a);
}

/* ---- open and close ---- */

static int open_assist(struct app_assist *x, const struct app_assist_opts *o, struct err *e)
{
	struct assist_opts ao = {
		.store = o->store,
		.kb = o->kb,
		.forms = o->forms,
		.with = { .plan = x->plan,
			  .flow_title = flow_named,
			  .arg = x,
			  .zone = x->zone,
			  .country = "CN",
			  .products = app_service_products(o->service) },
		.strategy = strategy_now,
		.strategy_arg = x,
		.model = open_model,
		.model_arg = x,
		.keep = { x->names.v, x->names.n },
		.out = out,
		.searched = searched,
		.out_arg = x,
	};
	take_tools(x, &ao.with);
	return assist_open(&x->as, &ao, e);
}

int app_assist_open(struct app_assist **ret, const struct app_assist_opts *o, struct err *e)
{
	struct app_assist *x = xalloc(sizeof(*x));
	arena_init(&x->a, 64u << 20);
	x->llm = o->llm;
	x->llm_arg = o->llm_arg;
	x->box = tool_kit_box_now(app_service_kit(o->service));
	x->service = o->service;
	x->zone = zone_of(o->company);
	(void)pthread_mutex_init(&x->lock, NULL);
	int rc = open_plan(x, o->cfg, e);
	if (rc == 0) {
		take_names(x, o->cfg, o->company);
		rc = open_assist(x, o, e);
	}
	if (rc) {
		app_assist_close(x);
		return rc;
	}
	*ret = x;
	return 0;
}

struct assist *app_assist_of(const struct app_assist *x)
{
	return x ? x->as : NULL;
}

const jv *app_assist_dispositions(const struct app_assist *x)
{
	return jv_get(x->dispositions, "items");
}

void app_assist_hub(struct app_assist *x, struct talk_hub *hub)
{
	if (!x)
		return;
	pthread_mutex_lock(&x->lock);
	x->hub = hub;
	pthread_mutex_unlock(&x->lock);
}

void app_assist_door(struct app_assist *x, struct api *api)
{
	if (x)
		atomic_store(&x->api, api);
}

void app_assist_close(struct app_assist *x)
{
	if (!x)
		return;
	assist_close(x->as);
	obj_unref(x->plan);
	obj_unref(x->zone);
	jv_free(x->dispositions);
	(void)pthread_mutex_destroy(&x->lock);
	obj_unref(x->box);
	xfree(x->tools);
	VEC_FREE(&x->names);
	arena_done(&x->a);
	xfree(x);
}
