/* Unit tests of language models that are changed while conversations go on. */
#include "t.h"
#include "world.h"

static const char question[] = "How long do I have to return something?";

struct answer {
	jv *reply;
};

static void on_reply(void *arg, jv *reply)
{
	((struct answer *)arg)->reply = reply;
}

static bool answered(void *arg)
{
	return ((struct answer *)arg)->reply != NULL;
}

static jv *script(const char *json)
{
	jv *v = jv_parse(sv_of(json), NULL);
	ASSERT(v);
	return v;
}

static void ask(struct world *w, struct answer *a)
{
	*a = (struct answer){ 0 };
	OK(talk_ask(talk_hub_shard(w->hub, 0), sv_of(question), SV("en"), on_reply, a));
}

static void said_by(struct world *w, struct answer *a, const char *model)
{
	CHECK(world_until(w, answered, a, 8000));
	SV_EQ(jv_get_str(a->reply, "model"), model);
	jv_free(a->reply);
	a->reply = NULL;
}

static const char slow[] = "[{\"say\":[\"You have 30 days from the day of delivery \","
			   "\"to return unused articles. [1]\"],\"delay_ms\":400}]";
static const char quick[] = "[{\"say\":[\"You have 30 days from the day of delivery to return "
			    "unused articles. [1]\"]}]";

TEST(talk_models_a_new_set_answers_the_next_question)
{
	jv *was = script(slow), *is = script(quick);
	struct model_spec next = { .kind = "scripted", .model = "new", .script = is };
	obj_unref(world_kb());
	struct world *w =
		world_open(&(struct world_opts){ .lang = "en", .llm = { was }, .n_llm = 1 });
	struct answer under_way, after;
	ask(w, &under_way);
	world_run(w, 500); /* its first words are there */
	talk_hub_models(w->hub, &next, 1, NULL, NULL);
	world_run(w, 50);
	CHECK(w->hub->shards[0].retired != NULL);
	ask(w, &after);
	said_by(w, &after, "scripted:new");
	said_by(w, &under_way, "scripted:first"); /* not cut off */
	world_run(w, 10);
	CHECK(w->hub->shards[0].retired == NULL);
	/* and none at all: the built-in engine */
	talk_hub_models(w->hub, NULL, 0, NULL, NULL);
	world_run(w, 10);
	ask(w, &after);
	said_by(w, &after, "builtin");
	world_close(w);
	jv_free(was);
	jv_free(is);
	world_forget();
}

static void note_failed(void *arg, int shard, const char *why)
{
	EQ(shard, 0);
	HAS(sv_of(why), "unheard-of");
	++*(int *)arg;
}

TEST(talk_models_that_do_not_open_change_nothing)
{
	jv *was = script(quick);
	struct model_spec bad = { .kind = "unheard-of" };
	int failed = 0;
	obj_unref(world_kb());
	struct world *w =
		world_open(&(struct world_opts){ .lang = "en", .llm = { was }, .n_llm = 1 });
	struct answer a;
	talk_hub_models(w->hub, &bad, 1, note_failed, &failed);
	world_run(w, 10);
	EQ(failed, 1);
	ask(w, &a);
	said_by(w, &a, "scripted:first");
	world_close(w);
	jv_free(was);
	world_forget();
}

/* A conversation that ends in the middle of an answer lets its set go too. */
TEST(talk_models_a_customer_who_leaves_keeps_no_set)
{
	jv *was = script(slow), *is = script(quick);
	struct model_spec next = { .kind = "scripted", .model = "new", .script = is };
	obj_unref(world_kb());
	struct world *w =
		world_open(&(struct world_opts){ .lang = "en", .llm = { was }, .n_llm = 1 });
	struct actor *c = world_chat(w, SV("c1"));
	actor_write(c, sv_of(question));
	world_run(w, 500);
	talk_hub_models(w->hub, &next, 1, NULL, NULL);
	world_run(w, 10);
	CHECK(w->hub->shards[0].retired != NULL);
	actor_leave(c);
	world_run(w, 10);
	CHECK(w->hub->shards[0].retired == NULL);
	world_close(w);
	jv_free(was);
	jv_free(is);
	world_forget();
}
