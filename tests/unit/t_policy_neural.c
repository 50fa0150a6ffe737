/* Neural-linear: a bandit on the last hidden layer of the intent net in the program. What helps
 * with one wording is known for others that were never met. */
#include "feel_task.h"
#include "policy_arms.h"

#include <stdio.h>

#include "t.h"

enum { KINDS = 3, EACH = 12, HELD = 6 };
/* Which way helps: 0 an answer, 1 a return, 2 a person. The last HELD of each are never learned. */
static const char *const texts[KINDS][EACH] = {
	{ "where is my order", "has my parcel been sent", "when will my order arrive",
	  "track my package please", "我的订单到哪了", "快递什么时候到",
	  "my delivery has not come yet, where is it", "what is the status of my order",
	  "can you tell me where my parcel is", "物流信息怎么查", "包裹还没收到，到哪里了",
	  "订单发货了吗" },
	{ "i want to return this lamp", "how do i send it back",
	  "the kettle is not for me, return it", "i would like to return the goods", "我要退货",
	  "这个不想要了，怎么退", "please take the chair back",
	  "can i return the product i bought", "i need to return an item", "东西不合适想退掉",
	  "怎么办理退货", "申请退货" },
	{ "let me talk to a person", "i want a human agent",
	  "connect me to customer service staff", "give me a real person", "转人工",
	  "我要找人工客服", "can i speak with somebody real", "i need to talk to a human",
	  "get me an agent please", "请帮我接人工", "找个真人跟我说", "人工服务" },
};

static size_t input(struct feel_reader *r, const char *text, double *x)
{
	struct feel_guess g;
	const float *h = NULL;
	feel_guess(r, sv_of(text), SV_NULL, &g);
	size_t n = feel_reader_hidden(r, &h);
	for (size_t i = 0; i < n && i + 1 < ARMS_DIM; i++)
		x[i] = (double)h[i];
	x[n] = 1;
	return n + 1;
}

TEST(arms_on_a_net)
{
	double x[ARMS_DIM];
	struct feel_task *base = feel_task_base(NULL);
	sv bytes = feel_task_embedded("intent.bin");
	struct feel_task *t = bytes.n ? feel_task_load_mem(bytes, base, NULL) : NULL;
	struct feel_reader *r = t ? feel_reader_new(t) : NULL;
	struct policy_pick pick;
	struct rng rng;
	int right = 0;
	feel_task_unref(base);
	if (!r)
		SKIP("the net is left out of this build");
	size_t dim = input(r, "hello", x);
	struct policy_arms *b = policy_arms_new(&(struct policy_arms_opt){
		.arms = KINDS, .dim = (int)dim, .kind = ARMS_LINUCB, .alpha = 0.3 });
	rng_seed(&rng, 4);
	for (int t2 = 0; t2 < 240; t2++) {
		int k = (int)rng_below(&rng, KINDS), i = (int)rng_below(&rng, EACH - HELD);
		(void)input(r, texts[k][i], x);
		policy_arms_choose(b, x, 7, &rng, &pick);
		policy_arms_learn(b, pick.arm, x, pick.arm == k);
	}
	for (int k = 0; k < KINDS; k++) {
		for (int i = EACH - HELD; i < EACH; i++) {
			double v[ARMS_MOST];
			(void)input(r, texts[k][i], x);
			policy_arms_value(b, x, v);
			right += v[k] >= v[(k + 1) % KINDS] && v[k] >= v[(k + 2) % KINDS];
		}
	}
	(void)fprintf(stderr, "# neural-linear, %zu numbers: %d of %d wordings never met\n",
		      dim, right, KINDS * HELD);
	CHECK(right >= 15);
	policy_arms_free(b);
	feel_reader_free(r);
	feel_task_unref(t);
}
