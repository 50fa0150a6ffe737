/* A person is always reachable: wishes in many wordings, in both languages, in every state of a
 * conversation, and the key 0. The list is this project's own; who adds a wording that fails mends
 * src/feel/data/human.tsv. */
#include <stdio.h>
#include "t_talk_help.h"

#define PHONE (CHAN_VOICE | CHAN_DTMF | CHAN_ASR | CHAN_PARTIES)

static const char *const wishes[] = {
	"I want to talk to a person", "can I speak to a human please", "agent",
	"agent please", "representative", "operator", "human", "real person please",
	"let me speak with someone", "get me your manager", "I need to talk to somebody real",
	"connect me to customer service", "put me through to an agent", "transfer me please",
	"I don't want to talk to a robot", "stop this bot, give me a human",
	"is there a real person I can talk to", "I would like to speak to a representative",
	"can you get a colleague to help me", "speak to a supervisor", "talk to agent",
	"please connect me with a live agent", "I'd rather talk to a human",
	"just let me talk to a person", "can someone call the operator for me",
	"no more bots, human please", "I want someone real", "switch me to a person",
	"could you hand me over to a human", "let me talk to your boss",
	"you are not helping, get me a person", "Can a human look at this?",
	"live chat with an agent", "put a human on", "I wanna speak to someone",
	"转人工", "转人工客服", "我要转人工", "我要人工", "人工", "人工客服", "人工服务",
	"帮我转人工", "请转人工", "给我接人工", "找个真人", "我要跟真人说话", "有没有真人",
	"叫你们经理来", "让你们主管接电话", "我不想跟机器人说话", "不要机器人，要人工",
	"能不能换个人来", "帮我找客服", "联系客服", "我要找客服人员", "接线员",
	"转接一下人工坐席", "能转一下人工吗", "你听不懂，转人工吧", "麻烦转接人工",
	"我要和真人沟通", "找你们领导", "换真人来", "我想和人工客服聊", "请帮我接通人工客服",
	"别废话，转人工", "叫个活人来", "人工人工人工", "要人工服务", "让你们负责人接电话",
	"叫你们的负责人出来", "找人来跟我说", "我要找你们负责人", "负责人出来",
};
/* Words of a person, but no wish for one. */
static const char *const others[] = {
	"what are the hours of your human customer service", "the delivery person was rude",
	"I don't want to talk to a human", "my agent number is 12",
	"人工智能是什么", "人工客服几点上班", "不用转人工", "昨天的客服说可以退",
	"人工安装要多少钱", "你是机器还是人工", "你们上次说要让负责人处理", "谁是负责人",
};

static void start(struct bench *b, struct talk_texts *texts, unsigned caps, const char *text)
{
	bench_open_with(b, obj_ref(texts), caps, 0);
	b->c.person.there = true;
	if ((unsigned char)text[0] >= 0x80)
		memcpy(b->c.lang, "zh", 3);
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN });
	if (caps & CHAN_VOICE)
		bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
}

static bool wanted(const struct bench *b)
{
	return b->c.move == MOVE_WANTED || b->c.move == MOVE_ASKED;
}

TEST(talk_wish_in_any_wording)
{
	struct talk_texts *texts = bench_texts();
	int n = sizeof(wishes) / sizeof(*wishes), missed = 0;
	for (int i = 0; i < n; i++) {
		struct bench b;
		start(&b, texts, i % 2 ? PHONE : 0, wishes[i]);
		bench_feed(&b, ev_text(wishes[i]));
		if (!wanted(&b)) {
			printf("# missed: %s\n", wishes[i]);
			missed++;
		}
		bench_close(&b);
	}
	printf("# %d of %d wordings\n", n - missed, n);
	CHECK(n >= 60);
	EQ(missed, 0);
	obj_unref(texts);
}

TEST(talk_wish_is_not_heard_where_there_is_none)
{
	struct talk_texts *texts = bench_texts();
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct bench b;
		start(&b, texts, 0, others[i]);
		bench_feed(&b, ev_text(others[i]));
		if (wanted(&b))
			printf("# no wish: %s\n", others[i]);
		CHECK(!wanted(&b));
		bench_close(&b);
	}
	obj_unref(texts);
}

/* What the conversation waits for makes no difference. */
static void bring_to(struct bench *b, int state)
{
	struct talk_word nobody = { .kind = WORD_NOBODY, .why = SV("closed") };
	struct talk_word survey = { .kind = WORD_SURVEY, .survey = SURVEY_CSAT };
	switch (state) {
	case 1:                      /* a question back, a choice of articles */
		b->found.answerable = false;
		b->found.unsure = true;
		bench_feed(b, ev_text("the thing with the points"));
		bench_feed(b, ev_found(b));
		break;
	case 2:                      /* a number is asked for */
		b->c.expect = CHAN_EXPECT_DIGITS;
		break;
	case 3:                      /* whether something may be done */
		b->c.svc.waits = WAITS_YES;
		b->c.svc.say = xstrdup(SV("Shall I?"));
		break;
	case 4:                      /* who they are */
		b->c.svc.waits = WAITS_WHO;
		b->c.svc.need = TOOL_KNOWN;
		break;
	case 5:                      /* whether it shall go on */
		b->c.svc.waits = WAITS_PAST;
		break;
	case 6:                      /* a call back */
		bench_feed(b, ev_text("agent"));
		if (b->c.voice)
			bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED,
							.say_id = b->c.speaking });
		bench_feed(b, (struct talk_ev){ .kind = TEV_WORD, .word = &nobody });
		ASSERT(b->c.person.offer == OFFER_CALLBACK);
		break;
	case 7:
		bench_feed(b, (struct talk_ev){ .kind = TEV_WORD, .word = &survey });
		break;
	case 8:                      /* we say goodbye */
		bench_feed(b, ev_text("goodbye"));
		break;
	case 9:                      /* no recogniser */
		b->c.asr_lost = true;
		break;
	default:
		break;
	}
}

TEST(talk_wish_in_every_state_by_words_and_key)
{
	struct talk_texts *texts = bench_texts();
	for (int state = 0; state < 10; state++) {
		for (int key = 0; key < 2; key++) {
			struct bench b;
			start(&b, texts, PHONE, "x");
			bring_to(&b, state);
			if (key)
				bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY,
								 .text = SV("0") });
			else
				bench_feed(&b, ev_text("let me talk to a person"));
			if (key && b.c.n_digits)     /* alone in its pause */
				bench_feed(&b, (struct talk_ev){ .kind = TEV_TIMER,
								 .timer = TT_KEYS });
			if (!wanted(&b))
				printf("# state %d, %s\n", state, key ? "key" : "words");
			CHECK(wanted(&b));
			bench_close(&b);
		}
	}
	obj_unref(texts);
}
