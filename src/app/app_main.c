/* app_main.c: the table of commands. A command is a file (cmd_*.c) and a row here. */
#include "app_int.h"
#include "app_night.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const struct cli_cmd cmds[] = {
	{ "demo", "[--data DIR] [--http A:P] [--sip A:P] [--llm URL] [--config FILE]",
	  "the example company, everything on", "demo", cmd_demo },
	{ "serve", "-c FILE", "run your company", "serve --config callm.yaml", cmd_serve },
	{ "check", "--config FILE", "explain every problem of a configuration with its fix",
	  "check --config callm.yaml", cmd_check },
	{ "init", "DIR [--pack telecom | bank | public]",
	  "write a commented configuration and a company to fill in, with a pack a whole one",
	  "init ./my-company", cmd_init },
	{ "ask", "[--json] [--lang L] TEXT", "one turn through the real engine",
	  "ask --json \"How long do I have to return something?\"", cmd_ask },
	{ "kb",
	  "import PATH... | sync PATH-or-URL... | sources | search [--json] [-k N] QUERY | "
	  "list | export [DIR] | gaps | drafts | conflicts | coverage | learn",
	  "the knowledge base", "kb search --json \"return postage\"", cmd_kb },
	{ "train", "intent | emotion | pairs | language | digits --data ROWS.tsv --out FILE",
	  "learn a task from your own rows", "train intent --data mine.tsv --out intent.bin",
	  cmd_train },
	{ "score",
	  "kb | strategy | summary | qa | topics | anomalies | pii --data FILE | TASK --model "
	  "FILE --data ROWS.tsv "
	  "[--json]",
	  "measure quality on a labelled set",
	  "score intent --model intent.bin --data test.tsv --json", cmd_score },
	{ "rules", "check [--json] [FILE...] | decide TABLE FACTS-JSON [FILE...]",
	  "decision tables: every rule and boundary tried; one decision",
	  "rules decide cancel '{\"state\": \"shipped\"}'", cmd_rules },
	{ "ope",
	  "[--json] [--actions N] [--tau X] [--lambda X] [--boots N] FILE.csv | --trial ROW",
	  "what another policy would have earned, by a log with propensities",
	  "ope --json decisions.csv", cmd_ope },
	{ "simulate", "[--days N] [--seed N] [--json] FILE.yaml [OTHER.yaml]",
	  "days of a call centre: waiting, abandonment, service level, occupancy",
	  "simulate --days 1000 bench/simulate/centre.yaml", cmd_sim },
	{ "queues", "import FILE [--out FILE] | check FILE",
	  "queues of FreeSWITCH (callcenter.conf.xml) or Asterisk (queues.conf) as ours",
	  "queues import queues.conf --out queues.yaml", cmd_queues },
	{ "report",
	  "[--metrics LIST] [--rows LIST] [--columns DIM] [--last 7d] [--json | --csv] | "
	  "--list | "
	  "--topics | --recount",
	  "service level, handling time, containment and 40 more, by anything",
	  "report --metrics service_level,aht,csat --rows queue --last 28d", cmd_report },
	{ "night", "[--dry] [--now DATE] [--list | --back NAME] [--lang L] [--json]",
	  "learn from what people corrected; replace a model only by a better one",
	  "night --dry", cmd_night },
	{ "forecast",
	  "[--horizon 5d] [--period 30m] [--calendar FILE] [--backtest] [--json] FILE.csv | "
	  "--data DIR",
	  "calls of the next days with intervals; how good that was, beside challengers",
	  "forecast --json --horizon 5d --period 30m calls.csv", cmd_forecast },
	{ "staff", "--calls N --aht 180s [--target 80/20s] [--patience 300s] [--shrinkage 0.3]",
	  "people that an interval needs (Erlang C, Erlang A)",
	  "staff --calls 100 --interval 30m --aht 180s --target 80/20s --patience 300s",
	  cmd_staff },
	{ "schedule", "FILE.yaml", "the cheapest shifts that cover a need",
	  "schedule bench/schedule/day.yaml", cmd_schedule },
	{ "eval", "SUITE... | adversarial | flywheel [--junit FILE] [--html FILE] [--json]",
	  "play suites of conversations and check every reply", "eval demo/evals", cmd_eval },
	{ "call", "SIP-URI --play FILE.wav [--record FILE.wav] [--dtmf DIGITS]", "a test phone",
	  "call sip:service@127.0.0.1:5060 --play question.wav --record answer.wav", cmd_call },
	{ "bench", "chat | calls | echo | llm | kb | voice | acd | parties | report",
	  "measure speed and memory", "bench chat", cmd_bench },
	{ "replay", "FILE.jsonl... [--company FILE] [--key FILE] [--against CANDIDATE] [--json]",
	  "does the engine still do what it did in these conversations?",
	  "replay demo/calls/*.jsonl", cmd_replay },
	{ "mcp",
	  "serve | list | call TOOL [JSON] | pin [TOOL]   [--server NAME | --url URL | -- "
	  "COMMAND...]",
	  "functions for and of other systems, by the Model Context Protocol",
	  "mcp call echo '{\"message\":\"hi\"}' -- npx -y "
	  "@modelcontextprotocol/server-everything",
	  cmd_mcp },
	{ "models", "list [--json] | pull [NAME...] | verify [NAME...] | use ROLE NAME",
	  "weights of language, speech and meaning: pinned, checked, resumable", "models pull",
	  cmd_models },
	{ "export", "[--out FILE] [--claimed] CUSTOMER",
	  "everything there is of a customer, as JSON", "export --out copy.json c007",
	  cmd_export },
	{ "erase", "[--force] CUSTOMER", "take a customer out: names, addresses, words",
	  "erase c007", cmd_erase },
	{ "audit", "verify [--json]", "is every row of what happened there and unchanged?",
	  "audit verify", cmd_audit },
	{ "user", "add|password|disable|enable LOGIN, list",
	  "console users; passwords come from stdin",
	  "user add lily --role supervisor < password.txt", cmd_user },
	{ "key", "make NAME [--may LIST] [--days N], list, revoke NAME",
	  "keys of programs: what each may, until when",
	  "key make crm --may customer.read,ticket.read --days 90", cmd_key },
	{ "understand", "[--json] [TEXT or -]",
	  "language, intent, emotion and personal data of a text",
	  "understand --json \"我要退货\"", cmd_understand },
	{ "redact", "[--json]", "stdin to stdout with personal data masked",
	  "redact < chat.txt", cmd_redact },
	{ "worker", "KIND", "a speech engine in its own process (started by the server)",
	  "worker flite", cmd_worker },
	{ "version", "", "name and version", "version", cmd_version },
};

const struct cli_cmd *cli_cmd_find(const char *name)
{
	for (size_t i = 0; i < sizeof(cmds) / sizeof(*cmds); i++)
		if (strcmp(cmds[i].name, name) == 0)
			return &cmds[i];
	return NULL;
}

static void usage(FILE *to)
{
	fprintf(to,
		"callm %s: a call centre in one program\n\nstart here:  callm "
		"demo\n\ncommands:\n",
		CALLM_VERSION);
	for (size_t i = 0; i < sizeof(cmds) / sizeof(*cmds); i++)
		fprintf(to, "  %-11s %s\n", cmds[i].name, cmds[i].what);
	fprintf(to, "\ncallm COMMAND --help shows an example and the options.\n");
}

int cmd_version(int argc, char **argv)
{
	printf("callm %s\n", CALLM_VERSION);
	return 0;
}

/* Closed standard streams would get the numbers of databases and sockets, and our lines would
 * go there. */
static void hold_stdio(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int app_main(int argc, char **argv)
{
	hold_stdio();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);    /* a file at its limit is an error like a full disk */
	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0)
		return cmd_version(argc, argv);
	const struct cli_cmd *c = cli_cmd_find(argv[1]);
	if (!c) {
		fprintf(stderr, "callm: there is no command \"%s\"; see callm --help\n", argv[1]);
		return 2;
	}
	kb_init();
	log_init(LOG_LV_WARN, LOG_FMT_AUTO, 2);
	return c->run(argc - 1, argv + 1);
}
