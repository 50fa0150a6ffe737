/* app_config.c: the configuration file: its schema, its defaults, and what is wrong with it in
 * plain words. */
#include "app_int.h"

#include <stdio.h>

static const struct cfg_rule rules[] = {
	{ "company", CFG_STR, false, 0, 0, NULL, "",
	  "file with the company's name, texts and keypad; empty = the demo company" },
	{ "data", CFG_STR, false, 0, 0, NULL, "", "data folder; empty = ~/.local/share/callm" },
	{ "http", CFG_OBJ, false, 0, 0, NULL, NULL, "console, chat and API" },
	{ "http.listen", CFG_STR, false, 3, 64, NULL, "127.0.0.1:8080", "address and port" },
	{ "http.tls_cert", CFG_STR, false, 0, 0, NULL, "",
	  "PEM file; with tls_key the door speaks HTTPS" },
	{ "http.tls_key", CFG_STR, false, 0, 0, NULL, "", "PEM file" },
	{ "http.rate_per_s", CFG_NUM, false, 0, 100000, NULL, "0",
	  "requests a second and address; 0 = no limit" },
	{ "http.chats_per_addr", CFG_INT, false, -1, 100000, NULL, "50",
	  "chats that one address may have open without sign-in; -1 = no limit" },
	{ "http.chats_max", CFG_INT, false, -1, 20000, NULL, "10000", "chats open in all" },
	{ "http.messages_per_s", CFG_NUM, false, 0.1, 1000, NULL, "20",
	  "texts a second in one chat" },
	{ "http.reply_ms", CFG_INT, false, 100, 600000, NULL, "30000",
	  "longest wait of a request for its reply" },
	{ "sip", CFG_OBJ, false, 0, 0, NULL, NULL, "telephone" },
	{ "sip.enabled", CFG_BOOL, false, 0, 0, NULL, "true", "answer calls" },
	{ "sip.listen", CFG_STR, false, 3, 64, NULL, "127.0.0.1:5060",
	  "address and port, UDP and TCP" },
	{ "sip.public_ip", CFG_STR, false, 0, 0, NULL, "",
	  "address written into SDP when behind NAT" },
	{ "sip.allow", CFG_LIST, false, 0, 0, NULL, NULL,
	  "networks calls may come from, e.g. 10.0.0.0/8; others get nothing" },
	{ "sip.allow[]", CFG_STR, false, 0, 64, NULL, NULL, "CIDR" },
	{ "sip.realm", CFG_STR, false, 0, 64, NULL, "callm", "realm of digest authentication" },
	{ "sip.users", CFG_LIST, false, 0, 0, NULL, NULL,
	  "with users, calls must authenticate (digest); without, the networks above decide" },
	{ "sip.users[]", CFG_OBJ, false, 0, 0, NULL, NULL, "" },
	{ "sip.users[].user", CFG_STR, true, 1, 64, NULL, NULL, "name" },
	{ "sip.users[].password", CFG_SECRET, true, 0, 0, NULL, NULL, "file:/path or env:NAME" },
	{ "sip.rtp_min", CFG_INT, false, 0, 65534, NULL, "20000", "first UDP port for audio" },
	{ "sip.rtp_max", CFG_INT, false, 0, 65535, NULL, "29999", "last UDP port for audio" },
	{ "sip.max_calls", CFG_INT, false, 1, 20000, NULL, "500",
	  "calls at once; more get 503" },
	{ "sip.max_cps", CFG_INT, false, 1, 2000, NULL, "50",
	  "new calls a second; more get 503" },
	{ "sip.nat", CFG_BOOL, false, 0, 0, NULL, "false",
	  "accept audio from another address than signalled" },
	{ "sip.language", CFG_STR, false, 0, 0, "en|zh", "en", "language a call starts in" },
	{ "sip.record", CFG_BOOL, false, 0, 0, NULL, "true", "record calls (two channels)" },
	{ "llm", CFG_LIST, false, 0, 0, NULL, NULL,
	  "language models, tried in order; none = the built-in engine" },
	{ "llm[]", CFG_OBJ, false, 0, 0, NULL, NULL, "" },
	{ "llm[].kind", CFG_STR, false, 0, 0, "openai", "openai",
	  "any OpenAI-compatible endpoint" },
	{ "llm[].url", CFG_STR, false, 0, 0, NULL, "",
	  "base address, e.g. http://127.0.0.1:8000/v1" },
	{ "llm[].model", CFG_STR, false, 0, 0, NULL, "default", "its name" },
	{ "llm[].key", CFG_SECRET, false, 0, 0, NULL, NULL, "file:/path or env:NAME" },
	{ "llm[].dialect", CFG_STR, false, 0, 0, "openai|vllm|llama.cpp|ollama|deepseek|qwen",
	  "openai", "how it differs" },
	{ "asr", CFG_OBJ, false, 0, 0, NULL, NULL, "speech recognition" },
	{ "asr.enabled", CFG_BOOL, false, 0, 0, NULL, "true", "false = keypad menu only" },
	{ "asr.max_workers", CFG_INT, false, 1, 256, NULL, "4",
	  "calls recognised at once; others get the keypad menu" },
	{ "shards", CFG_INT, false, 0, 64, NULL, "0",
	  "conversation threads; 0 = by the number of cores" },
	{ "workers", CFG_INT, false, 0, 256, NULL, "0",
	  "threads for queries; 0 = by the number of cores" },
	{ "log", CFG_STR, false, 0, 0, "debug|info|warn|error", "info",
	  "least important line to write" },
};
#define N_RULES (sizeof(rules) / sizeof(*rules))

static void print_issues(const struct cfg_report *rep)
{
	for (size_t i = 0; i < rep->n; i++)
		fprintf(stderr, "%s: %s; %s\n", rep->v[i].where, rep->v[i].what, rep->v[i].mend);
}

jv *app_config(const char *path, const jv *over)
{
	struct cfg_report rep = { 0 };
	struct err e = { 0 };
	struct sb text;
	sb_init(&text, LIM_CFG_BYTES);
	if (path && file_read(path, LIM_CFG_BYTES, &text, &e)) {
		cli_fail("%s", e.msg);
		sb_done(&text);
		return NULL;
	}
	jv *tree = text.n ? cfg_parse(sb_sv(&text), path, &rep) : jv_obj();
	int rc = tree ? 0 : ERR_PARSE;
	if (tree && over)
		cfg_merge(tree, over);
	if (tree) {
		cfg_env(tree, rules, N_RULES);
		rc = cfg_check(tree, sb_sv(&text), path ? path : "defaults", rules, N_RULES, &rep);
	}
	print_issues(&rep);
	if (rc == 0)
		rc = app_config_look(tree, path);
	cfg_report_done(&rep);
	sb_done(&text);
	if (rc == 0)
		return tree;
	jv_free(tree);
	return NULL;
}

void app_config_starter(struct sb *out)
{
	cfg_starter(rules, N_RULES, out);
}
