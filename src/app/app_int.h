/* app_int.h: what the commands share: options, data folder, knowledge at hand, the server. */
#ifndef CALLM_APP_INT_H
#define CALLM_APP_INT_H

#include "app.h"
#include "store.h"
#include "kb.h"
#include "talk.h"

/* ---- commands: one file each, one row in app_main.c ---- */
struct cli_cmd {
	const char *name, *args, *what;
	const char *example;         /* shown first by --help */
	int (*run)(int argc, char **argv);   /* argv[0] is the command; 0, 1, 2 = exit status */
};
enum cli_kind { CLI_FLAG, CLI_STR, CLI_INT };
struct cli_opt {
	const char *name;
	enum cli_kind kind;
	void *dst;                   /* bool *, const char **, int64_t * */
	const char *help;
};
/* Parses long options; *ret_rest = index of the first other argument. false: message printed
 * (or help shown: then *ret_status is 0, else 2). */
bool cli_parse(int argc, char **argv, const struct cli_opt *o, size_t n, int *ret_rest,
	       int *ret_status);
const struct cli_cmd *cli_cmd_find(const char *name);
struct feel_catalogue;
/* Names of products from JSON lines; name is for messages. *ret is the caller's. */
int app_catalogue_read(sv jsonl, const char *name, struct feel_catalogue **ret, struct err *e);
/* prints "callm: ..." ; returns 1. */
int cli_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cli_print_json(jv *v_moved);    /* one line on stdout */
/* Every fault of a report with its remedy on stderr; ends the report. */
void cli_tell(struct cfg_report *rep);
void cli_sort(int64_t *v, size_t n); /* the smallest first */
int64_t cli_cpu_ns(void);            /* what this thread has used of a processor */

int cmd_demo(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_ask(int argc, char **argv);
int cmd_kb(int argc, char **argv);
/* cmd_kb_source.c: sync, sources, export of a tree; exit status. */
struct app_desk;
struct kb_source_opts {
	const char *lang;
	int64_t every, depth;        /* as of struct ing_source; -1 = not given */
	bool private_addr, json;
};
bool kb_source_verb(const char *verb);
int kb_source_cmd(struct app_desk *d, const char *verb, const struct kb_source_opts *o, int n,
		  char **words);
int kb_export_tree(struct app_desk *d, const char *dir, bool json);
/* cmd_kb_gap.c: gaps, drafts, conflicts, coverage, learn; exit status. */
struct app_desk;
bool kb_gap_verb(const char *verb);
int kb_gap_cmd(struct app_desk *d, const char *verb, const char *lang, bool json);
int cmd_score(int argc, char **argv);
int cmd_score_summary(int argc, char **argv);    /* argv[0] is "summary" */
int cmd_score_qa(int argc, char **argv);
int cmd_score_anomalies(int argc, char **argv);
int cmd_score_topics(int argc, char **argv);     /* argv[0] is "topics" */
int cmd_score_pii(int argc, char **argv);        /* argv[0] is "pii" */
/* cmd_score_kb.c, for cmd_score.c: exit status. All may be NULL. */
struct score_kb {
	const char *data, *lang, *questions, *oos, *company, *bank, *vectors;
	bool json, dev, cross, meaning;
};
int score_kb(const struct score_kb *o);
/* cmd_digits.c, for cmd_train.c and cmd_score_task.c: exit status. */
struct digit_opt;
/* hearing: the language in which a recogniser hears the clips, too; NULL: by sound alone. */
int train_digits(const char *data, const char *out, const struct digit_opt *how,
		 const char *hearing, bool json);
int score_digits(const char *model, const char *data, bool hearing, bool json);
/* What `callm score` prints of a tally; us: time of one row. */
struct feel_tally;
struct feel_figures;
void score_print(const struct feel_tally *t, const struct feel_figures *f, const sv *name,
		 double us, bool json);
/* more: with the embedding model, digits with the recogniser. */
int score_task(const char *task, const char *model, const char *data, bool more, bool json);
int cmd_train(int argc, char **argv);
int cmd_score_strategy(int argc, char **argv); /* `callm score strategy` */
int cmd_call(int argc, char **argv);
int cmd_forecast(int argc, char **argv);
int cmd_staff(int argc, char **argv);
int cmd_schedule(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int bench_voice_cmd(int argc, char **argv);      /* cmd_bench_voice.c; argv[0] is "voice" */
/* cmd_bench_calls.c. */
int bench_calls(const char *uri, int64_t calls, int64_t seconds, int64_t rate);
int bench_echo_serve(int64_t port, const char *codecs);
struct app_bench_kb {
	int64_t passages, questions, clients;
	const char *lang;
	bool full_text;          /* candidates from FTS5 instead, to compare */
	bool vectors;            /* questions and passages have vectors */
};
int bench_kb(const struct app_bench_kb *o);       /* cmd_bench_kb.c; exit status */
int bench_llm(int64_t streams, int64_t tokens);   /* cmd_bench_llm.c; exit status */
/* cmd_bench_acd.c; exit status */
int bench_acd(int64_t agents, int64_t waiting, int64_t rounds);
/* cmd_bench_parties.c; exit status */
int bench_parties(int64_t frames);
/* cmd_bench_report.c; argv[0] is "report" */
int bench_report_cmd(int argc, char **argv);
int cmd_erase(int argc, char **argv);             /* cmd_cust.c */
int cmd_export(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_eval_adversarial(int argc, char **argv); /* of cmd_eval */
int cmd_eval_flywheel(int argc, char **argv);     /* of cmd_eval */
int cmd_mcp(int argc, char **argv);
int cmd_mcp_serve(int argc, char **argv);         /* argv[0] is "serve" */
int cmd_models(int argc, char **argv);
int cmd_ope(int argc, char **argv);
int cmd_sim(int argc, char **argv);               /* `simulate`, `sim` */
int cmd_replay(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_queues(int argc, char **argv);
int cmd_user(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_worker(int argc, char **argv);
int cmd_redact(int argc, char **argv);
int cmd_understand(int argc, char **argv);
int cmd_version(int argc, char **argv);

/* ---- the data folder and what lies in it ---- */
/* --data, else $CALLM_DATA, else $XDG_DATA_HOME/callm, else ~/.local/share/callm; made when
 * missing. */
int app_data_dir(const char *opt, struct sb *out, struct err *e);
/* For commands with --data and --config: data when it is given, else the folder that the
 * configuration names; it becomes the configuration's company's, unless it is another's
 * (app_company_claim_open). Prints what is wrong with the file. */
int app_data_of(const char *data, const char *config, struct sb *out, struct err *e);
/* The demo company: articles and products into the store (if it has none), company.yaml as a
 * tree. */
int app_demo_import(struct store *st, size_t *ret_articles, struct err *e);
jv *app_demo_company(struct err *e);
struct app_imported {
	size_t fresh, same;          /* articles: new or changed; as they were */
	size_t bad;                  /* files and folders that could not be read */
};
/* Imports files or folders of articles. What cannot be read is told on stderr, each with how to
 * mend it, and the rest is imported. */
int app_import(struct store *st, const char *const *paths, size_t n, struct app_imported *ret,
	       struct err *e);
bool app_has_articles(struct store *st);
int app_index(struct store *st, struct kb_index **ret, struct err *e);
/* With vectors of passages where dense (may be NULL) has them. */
int app_index_with(struct store *st, const struct kb_dense *dense, struct kb_index **ret,
		   struct err *e);

/* Store, company and index for a one-shot command; opens read-only beside a running server. The
 * company is the one of the folder, else the demo, whose articles an unused folder gets then. */
struct app_desk {
	struct store *store;
	jv *company, *cfg;           /* cfg: {company: its file}, empty for the demo */
	struct snap *kb;
	struct pool *pool;
	struct sb dir;
};
int app_desk_open(struct app_desk *d, const char *data, bool empty, bool write, struct err *e);
void app_desk_close(struct app_desk *d);
/* A command's own folder, with what a closed desk and its messages have left; says when it
 * cannot. */
void app_desk_remove(const char *dir);

/* ---- the server ---- */
struct app_server;
/* cfg: checked configuration tree (owned by the caller, must outlive the server). */
int app_server_open(struct app_server **ret, const jv *cfg, const char *data_dir, const jv *company,
		    struct err *e);
int app_server_http_port(const struct app_server *s);
int app_server_sip_port(const struct app_server *s);     /* 0 = no telephone */
int app_server_asock_port(const struct app_server *s);   /* 0 = no AudioSocket */
/* once a second: logs what an operator must know. */
void app_server_watch(struct app_server *s);
void app_server_drain(struct app_server *s);
void app_server_close(struct app_server *s);
struct store *app_server_store(const struct app_server *s);
struct guard_access;
const struct guard_access *app_server_access(const struct app_server *s);

/* ---- configuration ---- */
/* Reads and checks a file (NULL = only defaults), with over merged first; prints every problem.
 * NULL on error. */
jv *app_config(const char *path, const jv *over, bool demo);
/* The company file that cfg names as a tree, else the demo's; the caller's. NULL: e says why. */
jv *app_company_of(const jv *cfg, struct err *e);
/* What the rules cannot tell: addresses, files, values that must go together; prints every
 * problem. */
int app_config_look(const jv *cfg, const char *file);
/* "127.0.0.1:8080", "[::1]:8080" */
int app_listen(sv text, char host[64], int *port, struct err *e);
void app_config_starter(struct sb *out);

#endif
