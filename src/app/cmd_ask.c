/* cmd_ask.c: `callm ask`: a question, or with --chat a whole conversation in the terminal, through
 * the real engine, without a server.
 *
 * Business actions work on a copy in memory of what the company brings along (orders, products,
 * customers): whoever tries it can cancel, return and complain, and nothing of it stays. Messages
 * to the customer (a one-time code) are printed. Articles are those of the data folder. The main
 * thread owns all of it; the hub's shard runs on its loop. */
#include "app_int.h"
#include "app_service.h"
#include "cust.h"
#include "feel.h"
#include "tool.h"

#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES 16384             /* a longer line is several turns */

struct asking {
	struct app_desk desk;
	struct store *scratch;
	struct app_service *service;
	jv *cfg;
	struct cust_card *card;      /* of --customer, or NULL */
	struct chan_profile who;
	struct loop *loop;
	struct talk_texts *texts;
	struct talk_hub *hub;
	struct talk_dialog *dialog;
	const char *lang;
	bool json;
};

/* ---- up and down ---- */

static int open_service(struct asking *x, struct err *e)
{
	struct store_opts mem = { .dir = "" };
	x->cfg = jv_copy(x->desk.cfg);
	int rc = store_open(&x->scratch, &mem, e);
	struct app_service_opts o = { .cfg = x->cfg,
				      .company = x->desk.company,
				      .data = sb_str(&x->desk.dir),
				      .store = x->scratch,
				      .pool = x->desk.pool };
	return rc ? rc : app_service_open(&x->service, &o, e);
}

/* As if a signed-in page had named the customer. */
static int sign_in(struct asking *x, const char *customer, struct err *e)
{
	struct store_db *db;
	struct cust_look look = { .customer = sv_of(customer), .now_ms = clk_wall_ms() };
	int rc = store_reader(x->scratch, &db);
	if (rc == 0)
		rc = cust_look_up(db, app_service_keys(x->service), &look, &x->card);
	if (rc)
		return err_set(e, rc, "there is no customer \"%s\": the demo's are c001 to c040",
			       customer);
	const struct cust_card *c = x->card;
	x->who = (struct chan_profile){ .id = sv_of(c->id), .name = c->name, .tier = c->tier,
					.language = c->language, .since = c->since,
					.last_order = c->last_order,
					.last_status = c->last_status, .orders = c->orders,
					.contacts_7d = c->contacts_7d };
	return 0;
}

static int open_hub(struct asking *x, const struct model_spec *llm, struct err *e)
{
	int rc = talk_texts_new(&x->texts, x->desk.company, e);
	x->loop = loop_new();
	struct talk_opts o = { .kb = x->desk.kb,
			       .pool = x->desk.pool,
			       .texts = x->texts,
			       .tools = app_service_kit(x->service),
			       .flows = app_service_flows(x->service),
			       .products = app_service_products(x->service),
			       .loop = x->loop,
			       .llm = llm,
			       .n_llm = llm ? 1 : 0 };
	return rc ? rc : talk_hub_open(&x->hub, &o, e);
}

static void close_all(struct asking *x)
{
	talk_dialog_close(x->dialog);
	talk_hub_close(x->hub);
	if (x->loop)
		loop_free(x->loop);
	obj_unref(x->texts);
	obj_unref(x->card);
	app_service_stop(x->service);
	app_service_close(x->service);
	store_close(x->scratch);
	jv_free(x->cfg);
	app_desk_close(&x->desk);
}

/* ---- one turn ---- */

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

/* What would go to the customer's phone or mailbox: a code is needed to go on. */
static int print_message(void *arg, sv id, sv kind, const jv *body)
{
	struct asking *x = arg;
	struct store_db *db;
	struct arena a;
	sv to, text;
	(void)id;
	arena_init(&a, LIM_ARENA_TURN);
	int rc = store_reader(x->scratch, &db);
	if (rc == 0)
		rc = cust_message(db, app_service_keys(x->service), kind, body, &a, &to, &text);
	if (rc == 0)
		fprintf(stderr, "  (" SV_FMT " to " SV_FMT ": " SV_FMT ")\n", SV_ARG(kind),
			SV_ARG(to), SV_ARG(text));
	arena_done(&a);
	return 0;
}

static int ask_turn(struct asking *x, sv text, struct err *e)
{
	size_t n;
	char guess[4] = "en";
	if (!x->dialog) {
		feel_language(text, guess);
		struct talk_dialog_opts o = { .lang = x->lang[0] ? sv_of(x->lang) : sv_of(guess),
					      .profile = x->card ? &x->who : NULL };
		x->dialog = talk_dialog_open(talk_hub_pick(x->hub, 0), &o);
	}
	jv *reply = talk_dialog_say(x->dialog, text);
	if (!reply)
		return err_set(e, ERR_FAIL, "the engine did not answer");
	jv_del(reply, "rows");
	jv_del(reply, "rate");
	if (x->json) {
		cli_print_json(reply);
	} else {
		print_plain(reply);
		jv_free(reply);
	}
	fflush(stdout);
	(void)tool_outbox_run(app_service_kit(x->service), print_message, x, &n);
	return 0;
}

/* A line is what the customer says; an empty one is passed over. */
static int chat(struct asking *x, struct err *e)
{
	char line[LINE_BYTES];
	bool person = isatty(STDIN_FILENO);
	int rc = 0;
	for (;;) {
		if (person)
			fputs("> ", stderr);
		if (rc || !fgets(line, sizeof(line), stdin))
			break;
		sv text = sv_trim(sv_of(line));
		if (text.n)
			rc = ask_turn(x, text, e);
	}
	return rc;
}

int cmd_ask(int argc, char **argv)
{
	const char *data = NULL, *config = NULL, *lang = "", *llm_url = NULL,
		   *llm_model = "default", *customer = "";
	bool json = false, empty = false, chats = false;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &json, "one JSON object a turn" },
		{ "chat", CLI_FLAG, &chats, "a conversation: each line that is typed is a turn" },
		{ "lang", CLI_STR, &lang, "zh or en; else by the text" },
		{ "customer", CLI_STR, &customer,
		  "signed in as this customer of the demo (c001); else nobody is known" },
		{ "data", CLI_STR, &data, "data folder" },
		{ "config", CLI_STR, &config, "or the configuration that names it" },
		{ "empty", CLI_FLAG, &empty, "do not start a fresh folder with the demo company" },
		{ "llm", CLI_STR, &llm_url, "an OpenAI-compatible endpoint, http://host:port/v1" },
		{ "model", CLI_STR, &llm_model, "its model's name" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest >= argc && !chats)
		return cli_fail("what should be asked? callm ask \"TEXT\", or callm ask --chat"), 2;
	struct sb text;
	sb_init(&text, LIM_SB);
	for (int i = rest; i < argc; i++)
		sb_fmt(&text, "%s%s", i > rest ? " " : "", argv[i]);
	struct asking x = { .lang = lang, .json = json };
	struct err e = { 0 };
	struct model_spec spec = { .kind = "openai", .url = llm_url, .model = llm_model };
	struct sb dir;
	sb_init(&dir, 4096);
	int rc = app_data_of(data, config, &dir, &e);
	if (rc == 0)
		rc = app_desk_open(&x.desk, sb_str(&dir), empty, false, &e);
	sb_done(&dir);
	if (rc == 0)
		rc = open_service(&x, &e);
	if (rc == 0 && customer[0])
		rc = sign_in(&x, customer, &e);
	if (rc == 0)
		rc = open_hub(&x, llm_url ? &spec : NULL, &e);
	if (rc == 0 && text.n)
		rc = ask_turn(&x, sb_sv(&text), &e);
	if (rc == 0 && chats)
		rc = chat(&x, &e);
	close_all(&x);
	sb_done(&text);
	return rc ? cli_fail("%s", e.msg[0] ? e.msg : err_text(rc)) : 0;
}
