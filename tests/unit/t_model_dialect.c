/* t_model_dialect.c: requests and endpoints in every dialect, and dialects of one's own. */
#include <stdio.h>

#include "t.h"
#include "llm_int.h"

static const char *const all[] = { "openai", "openai-new", "azure",    "azure-v1", "vllm",
				   "vllm-guided", "llama.cpp", "ollama", "deepseek", "qwen",
				   "gemini", "plain" };

static jv *schema(void)
{
	struct err e;
	return jv_parse(
		SV("{\"type\":\"object\",\"properties\":{\"order\":{\"type\":\"string\","
		   "\"minLength\":3}},\"required\":[\"order\"],\"additionalProperties\":"
		   "false}"),
		&e);
}

/* The request in a dialect. */
static jv *request(const char *dialect, enum llm_choice choice, bool tools, bool bound,
		   const char *grammar)
{
	struct llm_dialect d;
	struct err e;
	struct sb b;
	if (llm_dialect_load(&d, dialect, &e))
		return NULL;
	jv *s = schema();
	struct llm_call call = { SV("call00001"), SV("find"), SV("{\"order\":\"H123\"}") };
	struct llm_msg msgs[] = { { LLM_SYSTEM, SV("Be brief.") },
				  { LLM_USER, SV("Where is it?") },
				  { LLM_ASSISTANT, SV_NULL, &call, 1 },
				  { .role = LLM_TOOL, .text = SV("shipped"), .call_id = call.id } };
	struct llm_tool tool = { SV("find"), SV("Finds an order."), s };
	struct llm_prompt p = { .msgs = msgs,
				.n = 4,
				.temperature = 0.5,
				.tools = &tool,
				.n_tools = tools,
				.choice = choice,
				.schema = bound ? s : NULL,
				.grammar = sv_of(grammar),
				.cache_key = SV("conversation-1"),
				.seed = 7 };
	sb_init(&b, LIM_SB);
	llm_body(&d, SV("m"), &p, &b);
	jv *o = jv_parse(sb_sv(&b), &e);
	sb_done(&b);
	jv_free(s);
	llm_dialect_done(&d);
	return o;
}

/* Is the value at the path, as text, this? "" = there is none. */
static bool at(const jv *o, const char *path, const char *want)
{
	struct sb b;
	const jv *v = jv_path(o, path);
	sb_init(&b, LIM_SB);
	if (v)
		jv_dump(v, &b);
	bool ok = sv_eq(sb_sv(&b), sv_of(want));
	if (!ok)
		(void)printf("# %s is %s, not %s\n", path, sb_str(&b), want);
	sb_done(&b);
	return ok;
}

TEST(dialect_all_send_history_and_tools)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		jv *o = request(all[i], LLM_TOOLS_AUTO, true, false, NULL);
		bool ok = at(o, "messages.2.tool_calls.0.id", "\"call00001\"") &&
			  at(o, "messages.2.tool_calls.0.type", "\"function\"") &&
			  at(o, "messages.2.tool_calls.0.function.name", "\"find\"") &&
			  at(o, "messages.2.tool_calls.0.function.arguments",
			     "\"{\\\"order\\\":\\\"H123\\\"}\"") &&
			  at(o, "messages.3.role", "\"tool\"") &&
			  at(o, "messages.3.tool_call_id", "\"call00001\"") &&
			  at(o, "messages.3.content", "\"shipped\"") &&
			  at(o, "tools.0.type", "\"function\"") &&
			  at(o, "tools.0.function.name", "\"find\"") &&
			  at(o, "tools.0.function.description", "\"Finds an order.\"") &&
			  at(o, "tools.0.function.parameters.properties.order.minLength", "3") &&
			  at(o, "stream", "true");
		jv_free(o);
		if (!ok)
			t_fail(all[i], (int)i, "the request is wrong");
		CHECK(ok);
	}
}

static const struct {
	const char *dialect;
	enum llm_choice choice;
	bool tools, bound;
	const char *grammar, *path, *want;
} sent[] = {
	{ "openai", LLM_TOOLS_AUTO, true, false, NULL, "tool_choice", "\"auto\"" },
	{ "openai", LLM_TOOLS_NONE, true, false, NULL, "tool_choice", "\"none\"" },
	{ "openai", LLM_TOOLS_MUST, true, false, NULL, "tool_choice", "\"required\"" },
	{ "openai", LLM_TOOLS_AUTO, true, false, NULL, "parallel_tool_calls", "true" },
	{ "openai", LLM_TOOLS_AUTO, false, false, NULL, "parallel_tool_calls", "" },
	{ "openai", LLM_TOOLS_AUTO, false, false, NULL, "max_tokens", "400" },
	{ "openai", LLM_TOOLS_AUTO, false, false, NULL, "prompt_cache_key",
	  "\"conversation-1\"" },
	{ "openai", LLM_TOOLS_AUTO, false, false, NULL, "seed", "7" },
	{ "openai", LLM_TOOLS_AUTO, false, false, NULL, "stream_options.include_usage",
	  "true" },
	{ "openai", LLM_TOOLS_AUTO, false, true, NULL, "response_format.json_schema.strict",
	  "true" },
	{ "openai", LLM_TOOLS_AUTO, false, true, NULL,
	  "response_format.json_schema.schema.required", "[\"order\"]" },
	{ "openai", LLM_TOOLS_AUTO, false, true, NULL, "messages.0.content", "\"Be brief.\"" },
	{ "openai", LLM_TOOLS_AUTO, false, true, "root ::= x", "grammar", "" },
	{ "openai-new", LLM_TOOLS_AUTO, true, false, NULL, "max_completion_tokens", "400" },
	{ "openai-new", LLM_TOOLS_AUTO, true, false, NULL, "max_tokens", "" },
	{ "openai-new", LLM_TOOLS_AUTO, true, false, NULL, "temperature", "" },
	{ "openai-new", LLM_TOOLS_AUTO, true, false, NULL, "parallel_tool_calls", "" },
	{ "vllm", LLM_TOOLS_AUTO, true, false, NULL, "chat_template_kwargs.enable_thinking",
	  "false" },
	{ "vllm", LLM_TOOLS_AUTO, true, false, NULL, "parallel_tool_calls", "" },
	{ "vllm", LLM_TOOLS_AUTO, true, false, NULL, "prompt_cache_key", "" },
	{ "vllm", LLM_TOOLS_AUTO, false, true, "root ::= x", "structured_outputs.grammar",
	  "\"root ::= x\"" },
	{ "vllm", LLM_TOOLS_AUTO, false, true, "root ::= x", "response_format", "" },
	{ "vllm-guided", LLM_TOOLS_AUTO, false, true, NULL, "guided_json.type", "\"object\"" },
	{ "vllm-guided", LLM_TOOLS_AUTO, false, false, "g", "guided_grammar", "\"g\"" },
	{ "llama.cpp", LLM_TOOLS_AUTO, false, true, NULL, "response_format.schema.type",
	  "\"object\"" },
	{ "llama.cpp", LLM_TOOLS_AUTO, false, true, NULL, "response_format.type",
	  "\"json_schema\"" },
	{ "llama.cpp", LLM_TOOLS_AUTO, false, true, NULL, "response_format.json_schema", "" },
	{ "llama.cpp", LLM_TOOLS_AUTO, false, true, "g", "grammar", "\"g\"" },
	{ "llama.cpp", LLM_TOOLS_AUTO, true, true, "g", "grammar", "" },
	{ "llama.cpp", LLM_TOOLS_AUTO, true, true, NULL, "response_format", "" },
	{ "llama.cpp", LLM_TOOLS_AUTO, false, false, NULL, "cache_prompt", "true" },
	{ "llama.cpp", LLM_TOOLS_AUTO, false, false, NULL, "id_slot", "" },
	{ "ollama", LLM_TOOLS_MUST, true, false, NULL, "tool_choice", "" },
	{ "ollama", LLM_TOOLS_NONE, true, false, NULL, "tools", "" },
	{ "deepseek", LLM_TOOLS_AUTO, false, false, NULL, "thinking.type", "\"disabled\"" },
	{ "deepseek", LLM_TOOLS_AUTO, false, true, NULL, "response_format",
	  "{\"type\":\"json_object\"}" },
	{ "qwen", LLM_TOOLS_MUST, true, false, NULL, "tool_choice", "" },
	{ "qwen", LLM_TOOLS_AUTO, true, false, NULL, "tool_choice", "\"auto\"" },
	{ "qwen", LLM_TOOLS_AUTO, true, false, NULL, "enable_thinking", "false" },
	{ "gemini", LLM_TOOLS_AUTO, true, false, NULL,
	  "tools.0.function.parameters.additionalProperties", "" },
	{ "gemini", LLM_TOOLS_AUTO, false, true, NULL,
	  "response_format.json_schema.schema.additionalProperties", "" },
	{ "plain", LLM_TOOLS_AUTO, false, true, NULL, "response_format", "" },
	{ "plain", LLM_TOOLS_AUTO, false, true, NULL, "stream_options", "" },
	{ "{\"like\":\"llama.cpp\",\"slots\":1}", LLM_TOOLS_AUTO, false, false, NULL, "id_slot",
	  "0" },
	{ "{\"like\":\"qwen\",\"always\":{\"enable_thinking\":null,\"top_k\":20}}",
	  LLM_TOOLS_AUTO, false, false, NULL, "top_k", "20" },
	{ "{\"like\":\"qwen\",\"always\":{\"enable_thinking\":null,\"top_k\":20}}",
	  LLM_TOOLS_AUTO, false, false, NULL, "enable_thinking", "" },
	{ "{\"max_tokens\":\"limit\"}", LLM_TOOLS_AUTO, false, false, NULL, "limit", "400" },
};

TEST(dialect_what_is_sent)
{
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		jv *o = request(sent[i].dialect, sent[i].choice, sent[i].tools, sent[i].bound,
				sent[i].grammar);
		bool ok = o && at(o, sent[i].path, sent[i].want);
		jv_free(o);
		if (!ok)
			t_fail(sent[i].dialect, (int)i, sent[i].path);
		CHECK(ok);
	}
}

/* A server that cannot be bound is told in words, in the first message or one of its own. */
TEST(dialect_says_the_schema)
{
	jv *o = request("deepseek", LLM_TOOLS_AUTO, false, true, NULL);
	sv said = jv_as_str(jv_path(o, "messages.0.content"));
	bool ok = sv_starts(said, SV("Be brief.\n\n")) && sv_find(said, SV("JSON")) > 0 &&
		  sv_find(said, SV("\"minLength\":3")) > 0;
	jv_free(o);
	struct llm_dialect d;
	struct err e;
	struct sb b;
	int rc = llm_dialect_load(&d, "qwen", &e);
	jv *s = schema();
	struct llm_msg m = { LLM_USER, SV("hi") };
	struct llm_prompt p = { .msgs = &m, .n = 1, .schema = s };
	sb_init(&b, LIM_SB);
	llm_body(&d, SV("m"), &p, &b);
	o = jv_parse(sb_sv(&b), &e);
	bool own = at(o, "messages.0.role", "\"system\"") && at(o, "messages.1.content", "\"hi\"");
	jv_free(o);
	jv_free(s);
	sb_done(&b);
	llm_dialect_done(&d);
	OK(rc);
	CHECK(ok && own);
}

static const struct {
	const char *dialect, *url, *want;
} urls[] = {
	{ "openai", "https://api.openai.com", "https://api.openai.com/v1/chat/completions" },
	{ "openai", "http://h:1/v1/", "http://h:1/v1/chat/completions" },
	{ "openai", "http://h/x/chat/completions", "http://h/x/chat/completions" },
	{ "azure", "https://r.openai.azure.com",
	  "https://r.openai.azure.com/openai/deployments/my%20model/chat/"
	  "completions?api-version=2024-"
	  "10-21" },
	{ "azure", "https://r.openai.azure.com/?api-version=2025-01-01-preview",
	  "https://r.openai.azure.com/openai/deployments/my%20model/chat/"
	  "completions?api-version=2025-"
	  "01-01-preview" },
	{ "azure-v1", "https://r.openai.azure.com",
	  "https://r.openai.azure.com/openai/v1/chat/completions" },
	{ "qwen", "https://dashscope.aliyuncs.com",
	  "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions" },
	{ "gemini", "https://generativelanguage.googleapis.com",
	  "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions" },
	{ "deepseek", "https://api.deepseek.com/v1",
	  "https://api.deepseek.com/v1/chat/completions" },
};

TEST(dialect_urls)
{
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct llm_dialect d;
		struct err e;
		OK(llm_dialect_load(&d, urls[i].dialect, &e));
		char *u = llm_dialect_url(&d, sv_of(urls[i].url), SV("my model"));
		bool ok = t_sv_eq(__FILE__, __LINE__, "url", sv_of(u), sv_of(urls[i].want));
		xfree(u);
		llm_dialect_done(&d);
		CHECK(ok);
	}
}

TEST(dialect_of_the_configuration_is_checked)
{
	struct llm_dialect d;
	struct err e;
	EQ(llm_dialect_load(&d, "klingon", &e), ERR_INVAL);
	HAS(sv_of(e.msg), "llama.cpp");
	EQ(llm_dialect_load(&d, "{\"like\":\"klingon\"}", &e), ERR_INVAL);
	EQ(llm_dialect_load(&d, "{\"like\":", &e), ERR_INVAL);
	EQ(llm_dialect_load(&d, "{\"path\":\"\"}", &e), ERR_INVAL);
	EQ(llm_dialect_load(&d, "{\"auth\":\"X: y\\r\\nZ: \"}", &e), ERR_INVAL);
	OK(llm_dialect_load(&d, "", &e));
	llm_dialect_done(&d);
}
