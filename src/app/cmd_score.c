/* cmd_score.c: `callm score`: which task, with which options; the knowledge base is in
 * cmd_score_kb.c, other tasks in cmd_score_task.c. */
#include "app_int.h"

int cmd_score(int argc, char **argv)
{
	struct score_kb kb = { 0 };
	const char *model = NULL;
	bool hearing = false;
	int rest, status;
	if (argc > 1 && strcmp(argv[1], "pii") == 0)
		return cmd_score_pii(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "strategy") == 0)
		return cmd_score_strategy(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "summary") == 0)
		return cmd_score_summary(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "topics") == 0)
		return cmd_score_topics(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "anomalies") == 0)
		return cmd_score_anomalies(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "qa") == 0)
		return cmd_score_qa(argc - 1, argv + 1);
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &kb.json, "one JSON object a language" },
		{ "dev", CLI_FLAG, &kb.dev,
		  "kb: the demo's tuning questions instead of the test ones" },
		{ "lang", CLI_STR, &kb.lang, "kb: only this language (needed with --questions)" },
		{ "questions", CLI_STR, &kb.questions,
		  "kb: TSV article<TAB>question; default: the demo's" },
		{ "unanswerable", CLI_STR, &kb.oos,
		  "kb: one question a line; default: the demo's" },
		{ "company", CLI_STR, &kb.company,
		  "kb: gym, water or DIR/ with articles.jsonl and questions.LANG.tsv" },
		{ "cross", CLI_FLAG, &kb.cross,
		  "kb: with --company, articles of one language, questions of the other" },
		{ "bank", CLI_STR, &kb.bank,
		  "kb: tau2-bench's folder: tasks that need several documents" },
		{ "meaning", CLI_FLAG, &kb.meaning,
		  "kb, intent, emotion: with the installed embedding model" },
		{ "hearing", CLI_FLAG, &hearing,
		  "digits: with the installed recogniser, where the net has learned from it" },
		{ "vectors", CLI_STR, &kb.vectors, "kb: file that keeps the passages' vectors" },
		{ "data", CLI_STR, &kb.data, "kb: data folder; tasks: rows label<TAB>text" },
		{ "model", CLI_STR, &model, "tasks: a file of callm train" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest >= argc)
		return cli_fail("score what? kb, strategy, summary, pii, qa, topics, "
				"anomalies, intent, emotion, "
				"pairs, language or digits"),
		       2;
	bool digits = strcmp(argv[rest], "digits") == 0;
	if (hearing && !digits)
		return cli_fail("--hearing is for digits"), 2;
	if (strcmp(argv[rest], "kb") != 0)
		return score_task(argv[rest], model, kb.data, digits ? hearing : kb.meaning,
				  kb.json);
	return score_kb(&kb);
}
