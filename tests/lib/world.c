/* world.c: the simulated world without its telephones (world_voice.c): clock, engine, store,
 * knowledge, chats.
 *
 * The engine runs on a simulated loop with one shard. Both halves of a chat (door and shard)
 * have mailboxes on that loop. The scribe is a real thread: its acknowledgements come when
 * world_sync waits for them, so a story's course depends on virtual time only. The index of the
 * demo company is built once and kept for all worlds. Owns everything it opens; the test's
 * thread. */
#include "world.h"
#include "kb.h"

#include <stdio.h>
#include <unistd.h>

#define START_MS INT64_C(1795593600000)  /* 2026-11-25 08:00 UTC */
#define LATER_MS INT64_C(64800000)       /* past the last of the demo's orders */

static struct kb_index *demo_index;
static jv *demo_company;

/* ---- the demo company ---- */

struct batch {
	VEC(struct kb_article) list;
	int rc;
};

static int batch_add(void *arg, const struct kb_article *a)
{
	struct batch *b = arg;
	struct kb_article *slot = VEC_PUSH(&b->list, LIM_KB_ARTICLES);
	if (!slot)
		return ERR_FULL;
	*slot = *a;
	return 0;
}

static int batch_write(void *arg, struct store_db *db)
{
	struct batch *b = arg;
	bool changed;
	for (size_t i = 0; i < b->list.n && b->rc == 0; i++)
		b->rc = kb_put(db, &b->list.v[i], START_MS, &changed);
	return b->rc;
}

static int import(struct store *st, struct arena *a, struct err *e)
{
	char path[4096];
	struct batch b = { 0 };
	snprintf(path, sizeof(path), "%s/demo/kb", T_SRCDIR);
	int rc = kb_parse_path(path, a, batch_add, &b, e);
	if (rc == 0)
		rc = store_write(st, batch_write, &b, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	if (rc == 0)
		rc = b.rc;
	VEC_FREE(&b.list);
	return rc;
}

static int build(struct kb_index **ret, struct err *e)
{
	struct store *st;
	struct store_db *db;
	struct arena a;
	struct store_opts so = { .dir = "", .group_ms = -1 };
	int rc = store_open(&st, &so, e);
	if (rc)
		return rc;
	arena_init(&a, LIM_ARENA_BIG);
	rc = import(st, &a, e);
	if (rc == 0)
		rc = store_reader(st, &db);
	if (rc == 0)
		rc = kb_build(ret, db, &(struct kb_opts){ 0 }, e);
	arena_done(&a);
	store_close(st);
	return rc;
}

struct kb_index *world_kb(void)
{
	struct err e = { 0 };
	if (!demo_index && build(&demo_index, &e))
		printf("# the demo's knowledge base: %s\n", e.msg);
	return obj_ref(demo_index);
}

jv *world_company(void)
{
	char path[4096];
	struct sb text;
	struct cfg_report rep = { 0 };
	if (demo_company)
		return jv_copy(demo_company);
	snprintf(path, sizeof(path), "%s/demo/company.yaml", T_SRCDIR);
	sb_init(&text, LIM_CFG_BYTES);
	if (file_read(path, LIM_CFG_BYTES, &text, NULL) == 0)
		demo_company = cfg_parse(sb_sv(&text), "company.yaml", &rep);
	cfg_report_done(&rep);
	sb_done(&text);
	return demo_company ? jv_copy(demo_company) : NULL;
}

void world_forget(void)
{
	demo_index = obj_unref(demo_index);
	jv_free(demo_company);
	demo_company = NULL;
}

/* ---- the clock and the flight recorder ---- */

int64_t world_ms(const struct world *w)
{
	return loop_now_ms(w->loop) - w->began_ms;
}

void world_note(struct world *w, const char *fmt, ...)
{
	char line[1200];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	sb_fmt(&w->log, "#  %8.3f  %s\n", (double)world_ms(w) / 1000, line);
}

/* Business actions run on real threads: the clock stands until they have answered. */
static void advance(struct world *w, int64_t ms)
{
	loop_sim_advance(w->loop, ms);
	struct talk_shard *s = w->hub ? talk_hub_shard(w->hub, 0) : NULL;
	for (int i = 0; s && s->calls && !w->held && i < 200000; i++) {
		usleep(100);
		loop_sim_advance(w->loop, 0);
	}
}

void world_run(struct world *w, int64_t ms)
{
	for (; w->kit && ms > 20; ms -= 20)
		advance(w, 20);
	advance(w, ms);
}

bool world_until(struct world *w, bool (*cond)(void *arg), void *arg, int64_t ms)
{
	advance(w, 0);
	for (int64_t t = 0; t < ms && !cond(arg); t += 20)
		advance(w, 20);
	return cond(arg);
}

void world_sync(struct world *w)
{
	loop_sim_advance(w->loop, 0);
	store_flush(w->store);
	loop_sim_advance(w->loop, 0);
}

/* ---- rows that reach a customer's channel ---- */

void actor_got_row(struct actor *a, sv json)
{
	struct world_row *r = VEC_PUSH(&a->rows, WORLD_ROWS);
	ASSERT(r);
	r->v = jv_parse(json, NULL);
	if (!r->v)
		fprintf(stderr, "# no JSON: " SV_FMT "\n", SV_ARG(json));
	ASSERT(r->v);
	r->at_ms = world_ms(a->w);
	struct sb b;
	sb_init(&b, LIM_SB);
	jv_dump(jv_get(r->v, "body"), &b);
	sv body = sb_sv(&b);
	sv kind = jv_get_str(r->v, "kind");
	world_note(a->w, "%s %lld.%lld " SV_FMT " " SV_FMT "%s", a->name,
		   (long long)jv_get_int(r->v, "seq", 0),
		   (long long)jv_get_int(r->v, "turn", 0), SV_ARG(kind),
		   SV_ARG(sv_slice(body, 0, 900)), body.n > 900 ? " ..." : "");
	sb_done(&b);
}

static struct actor *actor_new(struct world *w, sv name)
{
	ASSERT(w->n_actors < WORLD_ACTORS && name.n < 16 && !world_find(w, name));
	struct actor *a = w->actors[w->n_actors++] = xalloc(sizeof(*a));
	a->w = w;
	memcpy(a->name, name.p, name.n);
	id_new(a->id);
	id_new(a->interaction);
	return a;
}

struct actor *world_find(struct world *w, sv name)
{
	for (int i = 0; i < w->n_actors; i++)
		if (sv_eq(sv_of(w->actors[i]->name), name))
			return w->actors[i];
	return NULL;
}

struct talk *actor_talk(struct actor *a)
{
	struct talk_shard *s = talk_hub_pick(a->w->hub, 0);
	struct talk *t = s ? s->first : NULL;
	while (t && strcmp(t->id, a->id) != 0)
		t = t->next;
	return t;
}

/* ---- chats ---- */

static void chat_event(void *arg, struct chan_web *web, sv json)
{
	actor_got_row(arg, json);
}

static void chat_delta(void *arg, struct chan_web *web, sv text)
{
	struct actor *a = arg;
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_put(&b, sv_of(a->written));
	sb_put(&b, text);
	xfree(a->written);
	a->written = xstrdup(sb_sv(&b));
	sb_done(&b);
	world_note(a->w, "%s reads a piece: " SV_FMT, a->name, SV_ARG(text));
}

static void chat_typing(void *arg, struct chan_web *web)
{
	struct actor *a = arg;
	a->typings++;
}

static void chat_ack(void *arg, struct chan_web *web, sv client_id, int64_t seq, int err)
{
	struct actor *a = arg;
	a->acked += err == 0;
	a->refused += err != 0;
	world_note(a->w, "%s: message " SV_FMT " %s", a->name, SV_ARG(client_id),
		   err ? err_text(err) : "is on disk");
}

static void chat_closed(void *arg, struct chan_web *web, int err)
{
	struct actor *a = arg;
	a->over = true;
	world_note(a->w, "%s: the chat is closed%s%s", a->name, err ? ": " : "",
		   err ? err_text(err) : "");
}

static void chat_open(struct actor *a, const struct chan_resume *resume)
{
	struct world *w = a->w;
	struct talk_shard *s = talk_hub_pick(w->hub, 0);
	struct chan_web_opts o = {
		.door = w->door,
		.shard = talk_shard_mbox(s),
		.shard_loop = w->loop,
		.sink = talk_sink(),
		.sink_arg = s,
		.arg = a,
		.cb = { chat_event, chat_delta, chat_typing, chat_ack, chat_closed },
		.info = { .channel = "webchat",
			  .id = sv_of(a->id),
			  .interaction_id = sv_of(a->interaction),
			  .language = resume ? resume->language : sv_of(a->lang),
			  .resume = resume },
	};
	a->over = false;
	ASSERT(chan_web_open(&a->web, &o) == 0);
	world_run(w, 0);
}

struct actor *world_chat(struct world *w, sv name)
{
	struct actor *a = actor_new(w, name);
	snprintf(a->lang, sizeof(a->lang), "%s", w->o.lang ? w->o.lang : "");
	world_note(w, "%s opens a chat", a->name);
	chat_open(a, NULL);
	return a;
}

int actor_write(struct actor *a, sv text)
{
	char id[sizeof(a->name) + 12];
	snprintf(id, sizeof(id), "%s-%d", a->name, ++a->sent);
	world_note(a->w, "%s writes: " SV_FMT, a->name, SV_ARG(text));
	a->acted_ms = a->spoke_ms = world_ms(a->w);
	return chan_web_send(a->web, text, sv_of(id));
}

void actor_leave(struct actor *a)
{
	world_note(a->w, "%s %s", a->name, a->phone ? "hangs up" : "leaves");
	a->acted_ms = world_ms(a->w);
	if (a->phone)
		actor_detach(a);
	else
		chan_web_close(a->web);
	world_run(a->w, 0);
}

static void actor_free(struct actor *a)
{
	actor_detach(a);
	for (size_t i = 0; i < a->rows.n; i++)
		jv_free(a->rows.v[i].v);
	VEC_FREE(&a->rows);
	xfree(a->written);
	xfree(a->mouth.words);
	xfree(a);
}

/* ---- open, close ---- */

static int open_store(struct world *w, struct err *e)
{
	struct store_opts so = { .dir = w->o.dir ? w->o.dir : "", .group_ms = -1 };
	return store_open(&w->store, &so, e);
}

static int open_hub(struct world *w, struct err *e)
{
	static const char *const names[WORLD_LLMS] = { "first", "second" };
	struct model_spec llm[WORLD_LLMS] = { 0 };
	struct talk_opts o = { .store = w->store, .kb = w->kb, .texts = w->texts, .llm = llm,
			       .n_llm = w->o.n_llm, .voice_lang = w->o.lang, .loop = w->loop,
			       .transfer_to = w->o.transfer_to, .disclosure = w->o.disclosure,
			       .no_speculation = w->o.no_speculation,
			       .tools = w->kit, .flows = w->flows, .cust = w->keys,
			       .pool = w->pool, .country_code = SV("86"),
			       .products = w->catalogue,
			       .people = world_people(w), .survey = w->o.survey,
			       .replay_dir = world_replay_dir(w) };
	for (size_t i = 0; i < w->o.n_llm; i++)
		llm[i] = (struct model_spec){ .kind = "scripted",
					      .model = names[i],
					      .script = w->o.llm[i] };
	return talk_hub_open(&w->hub, &o, e);
}

static int open_service(struct world *w, struct err *e)
{
	return w->o.service ? w->o.service->open(w, e) : 0;
}

static void close_service(struct world *w)
{
	if (w->o.service)
		w->o.service->close(w);
}

struct world *world_open(const struct world_opts *o)
{
	struct err e = { 0 };
	struct world *w = xalloc(sizeof(*w));
	w->o = *o;
	sb_init(&w->log, 8u << 20);
	sb_init(&w->people_log, 1u << 20);
	rng_seed(&w->rng, 7);
	w->kb = snap_new(world_kb());
	w->loop = loop_new_sim(START_MS + (o->service ? LATER_MS : 0));
	w->began_ms = loop_now_ms(w->loop);
	w->door = mbox_new(w->loop);
	jv *company = world_company();
	int rc = talk_texts_new(&w->texts, company, &e);
	jv_free(company);
	if (rc == 0)
		rc = open_store(w, &e);
	if (rc == 0)
		rc = open_service(w, &e);
	if (rc == 0)
		rc = open_hub(w, &e);
	if (rc == 0)
		return w;
	printf("# the world does not open: %s\n", e.msg);
	world_close(w);
	return NULL;
}

void world_close(struct world *w)
{
	if (!w)
		return;
	if (w->held)
		w->o.service->let_go(w);
	talk_hub_close(w->hub);
	w->hub = NULL;
	mbox_drain(w->door);
	for (int i = 0; i < w->n_actors; i++)
		actor_free(w->actors[i]);
	mbox_free(w->door);
	loop_free(w->loop);
	world_replay(w);
	close_service(w);
	store_close(w->store);
	obj_unref(w->texts);
	snap_free(w->kb);
	sb_done(&w->log);
	sb_done(&w->people_log);
	xfree(w);
}

/* ---- a restart in the middle ---- */

static void reopen(struct world *w, struct actor *a)
{
	struct arena mem;
	struct chan_resume resume;
	struct store_db *db;
	bool open = false;
	arena_init(&mem, LIM_ARENA_TURN);
	int rc = store_reader(w->store, &db);
	if (rc == 0)
		rc = talk_recall(db, sv_of(a->id), &mem, &resume, &open);
	if (rc == 0 && open)
		chat_open(a, &resume);
	else
		world_note(w, "%s cannot go on: %s", a->name,
			   rc ? err_text(rc) : "the conversation is over");
	arena_done(&mem);
}

static int swap_store(struct world *w, bool power_cut, struct err *e)
{
	char from[4096], to[4096];
	snprintf(from, sizeof(from), "%s/durable.db", w->o.dir);
	snprintf(to, sizeof(to), "%s/callm.db", w->o.dir);
	int rc = power_cut ? store_backup(w->store, from, e) : 0;
	talk_hub_close(w->hub);
	w->hub = NULL;
	mbox_drain(w->door);
	close_service(w);
	store_close(w->store);
	w->store = NULL;
	if (rc == 0 && power_cut && rename(from, to))
		rc = err_set(e, ERR_IO, "cannot put back %s", to);
	return rc;
}

int world_restart(struct world *w, bool power_cut)
{
	struct err e = { 0 };
	bool chatting[WORLD_ACTORS];
	for (int i = 0; i < w->n_actors; i++)
		chatting[i] = !w->actors[i]->phone && !w->actors[i]->over;
	world_note(w, power_cut ? "the power goes" : "the server restarts");
	int rc = swap_store(w, power_cut, &e);
	for (int i = 0; i < w->n_actors; i++)
		actor_detach(w->actors[i]);
	if (rc == 0)
		rc = open_store(w, &e);
	if (rc == 0)
		rc = open_service(w, &e);
	if (rc == 0)
		rc = open_hub(w, &e);
	for (int i = 0; rc == 0 && i < w->n_actors; i++)
		if (chatting[i])
			reopen(w, w->actors[i]);
	if (rc)
		world_note(w, "no restart: %s", e.msg);
	return rc;
}
