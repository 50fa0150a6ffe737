/* cmd_ask.c: `callm ask`: one turn through the real engine, without a server. */
#include "app_int.h"

#include <stdio.h>

struct ask {
	struct loop *loop;
	jv *reply;
	bool done;
};

static void on_reply(void *arg, jv *reply)
{
	struct ask *a = arg;
	a->reply = reply;
	a->done = true;
	loop_stop(a->loop);
}

static void print_plain(const jv *reply)
{
	sv text = jv_get_str(reply, "reply");
	printf(SV_FMT "\n", SV_ARG(text));
	jv *cites = jv_get(reply, "citations");
	for (size_t i = 0; i < jv_len(cites); i++) {
		sv title = jv_get_str(jv_at(cites, i), "title"),
		   id = jv_get_str(jv_at(cites, i), "article_id");
		printf("  [%zu] " SV_FMT " (" SV_FMT ")\n", i + 1, SV_ARG(title), SV_ARG(id));
	}
}

static int ask_turn(struct app_desk *d, const char *text, const char *lang,
		    const struct model_spec *llm, jv **ret, struct err *e)
{
	struct talk_texts *texts;
	struct talk_hub *hub;
	int rc = talk_texts_new(&texts, d->company, e);
	if (rc)
		return rc;
	struct ask a = { .loop = loop_new() };
	struct talk_opts o = { .kb = d->kb,
			       .pool = d->pool,
			       .texts = texts,
			       .loop = a.loop,
			       .llm = llm,
			       .n_llm = llm ? 1 : 0 };
	rc = talk_hub_open(&hub, &o, e);
	if (rc == 0) {
		talk_ask(talk_hub_pick(hub, 0), sv_of(text), sv_of(lang), on_reply, &a);
		if (!a.done)
			loop_run(a.loop);
		talk_hub_close(hub);
	}
	obj_unref(texts);
	loop_free(a.loop);
	*ret = a.reply;
	return rc ? rc : a.reply ? 0 : err_set(e, ERR_FAIL, "the engine did not answer");
}

int cmd_ask(int argc, char **argv)
{
	const char *data = NULL, *lang = "", *llm_url = NULL, *llm_model = "default",
		   *customer = NULL;
	bool json = false, empty = false;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &json, "one JSON object" },
		{ "lang", CLI_STR, &lang, "zh or en; else by the text" },
		{ "customer", CLI_STR, &customer, "customer id (taken, not used yet)" },
		{ "data", CLI_STR, &data, "data folder" },
		{ "empty", CLI_FLAG, &empty, "do not start a fresh folder with the demo company" },
		{ "llm", CLI_STR, &llm_url, "an OpenAI-compatible endpoint, http://host:port/v1" },
		{ "model", CLI_STR, &llm_model, "its model's name" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest >= argc)
		return cli_fail("what should be asked? callm ask \"TEXT\""), 2;
	struct sb text;
	sb_init(&text, LIM_SB);
	for (int i = rest; i < argc; i++)
		sb_fmt(&text, "%s%s", i > rest ? " " : "", argv[i]);
	struct app_desk d;
	struct err e = { 0 };
	jv *reply = NULL;
	struct model_spec spec = { .kind = "openai", .url = llm_url, .model = llm_model };
	int rc = app_desk_open(&d, data, empty, false, &e);
	if (rc == 0) {
		rc = ask_turn(&d, sb_str(&text), lang, llm_url ? &spec : NULL, &reply, &e);
		app_desk_close(&d);
	}
	sb_done(&text);
	if (rc)
		return cli_fail("%s", e.msg);
	if (json) {
		cli_print_json(reply);
	} else {
		print_plain(reply);
		jv_free(reply);
	}
	return 0;
}
