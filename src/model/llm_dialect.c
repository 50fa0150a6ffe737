/* llm_dialect.c: in what OpenAI-compatible servers differ from each other, as data. A
 * new server is a row. */
#include "llm_int.h"

#define BEARER "Authorization: Bearer "

static const struct llm_dialect dialects[] = {
	{ "openai", "max_tokens", NULL, BEARER, true },
	{ "openai-new", "max_completion_tokens", NULL, BEARER,
	  true }, /* reasoning models refuse max_tokens */
	{ "azure", "max_tokens", NULL, "api-key: ", true },
	{ "vllm", "max_tokens",
	  "{\"chat_template_kwargs\":{\"enable_thinking\":false}}", BEARER, true },
	{ "llama.cpp", "max_tokens", "{\"cache_prompt\":true}", BEARER, true },
	{ "ollama", "max_tokens", NULL, BEARER, true },
	{ "deepseek", "max_tokens", "{\"thinking\":{\"type\":\"disabled\"}}", BEARER,
	  true },
	{ "qwen", "max_tokens", "{\"enable_thinking\":false}", BEARER, true },
	{ "plain", "max_tokens", NULL, BEARER,
	  false }, /* servers that refuse stream_options */
};

const struct llm_dialect *llm_dialect_find(const char *name)
{
	if (!name || !name[0])
		return &dialects[0];
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
		if (!strcmp(dialects[i].name, name))
			return &dialects[i];
	return NULL;
}
