/* guard_steer.c: does a text look like an attempt to steer the model?
 *
 * A word list never is a defence (every such list was broken); the flag is recorded for people
 * who review conversations, and nothing is decided by it. So the list prefers silence: an order
 * to forget has to name the rules or the prompt, 请忽略上一条短信 and "ignore my last message"
 * stay unmarked. Pure function, any thread.
 */
#include "guard_int.h"

#define HIDDEN_MANY 8   /* invisible letters in one message */
#define NEAR 40         /* code points between the verb and what it is about */

static const struct {
	const char *verb, *object; /* object NULL: the verb is enough */
} rows[] = {
	{ "ignore|disregard|forget|override|bypass|skip",
	  "previous instructions|previous instruction|prior instructions|above "
	  "instructions|all instructions|"
	  "your instructions|your rules|the rules above|system prompt|your guidelines|your "
	  "programming|"
	  "the instructions|these instructions|earlier instructions|your prompt|all "
	  "previous|everything above|"
	  "all rules|your restrictions" },
	{ "reveal|show|print|repeat|tell me|output|leak|give me|what is|what's",
	  "system prompt|your prompt|your instructions|initial prompt|hidden "
	  "instructions|prompt above|"
	  "your system message|api key|developer message" },
	{ "you are now|pretend to be|act as|from now on you|roleplay as",
	  "dan|unrestricted|jailbroken|developer mode|no rules|without restrictions|no "
	  "restrictions|evil|"
	  "unfiltered|the admin|root|the developer" },
	{ "developer mode enabled|do anything now|jailbreak mode|im_start|[inst]|### "
	  "system|begin system|"
	  "</system>|<system>|sudo mode",
	  NULL },
	{ "忽略|无视|忘记|忘掉|跳过|绕过|不要遵守|不用遵守|抛开",
	  "之前的指令|以上指令|上面的指令|所有指令|前面的指令|之前的规则|所有规则|你的规则|"
	  "系统提示|提示词|之前的设定|你的设定|"
	  "以上所有|前面所有|之前所有的指令|上述指令|系统设定|安全限制|你的限制|"
	  "之前的要求和规则|所有限制" },
	{ "输出|告诉我|重复|打印|显示|泄露|展示|说出|复述",
	  "系统提示|提示词|你的指令|初始指令|系统指令|你的设定|内部指令|隐藏指令" },
	{ "你现在是|从现在起你是|从现在开始你|假装你是|扮演",
	  "没有限制|不受限制|无限制|开发者模式|没有任何限制|不受约束|管理员模式|越狱|"
	  "没有道德" },
	{ "开发者模式已|进入开发者模式|越狱模式|解除限制模式", NULL },
};

static bool near(const struct guard_text *t, size_t from, const char *list)
{
	for (size_t k = from; k < from + NEAR && k < t->n; k++)
		if (guard_any_at(t, k, list))
			return true;
	return false;
}

bool guard_steering(const struct guard_text *t, size_t hidden)
{
	if (hidden >= HIDDEN_MANY)
		return true;
	for (size_t i = 0; i < t->n; i++) {
		for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
			size_t n = guard_any_at(t, i, rows[r].verb);
			if (n && (!rows[r].object || near(t, i + n, rows[r].object)))
				return true;
		}
	}
	return false;
}
