/* t_eval_tau.h: a small shop of our own in the benchmark's form, and two tasks. */
#ifndef CALLM_T_EVAL_TAU_H
#define CALLM_T_EVAL_TAU_H

#include "t.h"
#include "eval_tau.h"

#include <stdio.h>

#define MAYBE __attribute__((unused))

static const char *const shop =
	"{\"users\":{\"ann_lee_1\":{\"user_id\":\"ann_lee_1\",\"name\":{\"first_name\":\"Ann\","
	"\"last_name\":\"Lee\"},\"email\":\"ann@example.com\",\"address\":{\"zip\":\"10001\"},"
	"\"payment_methods\":{\"card_1\":{\"source\":\"credit_card\",\"id\":\"card_1\"},"
	"\"gift_1\":{\"source\":\"gift_card\",\"id\":\"gift_1\",\"balance\":20.5}},"
	"\"orders\":[\"#W1\",\"#W2\"]},\"bob_ray_2\":{\"user_id\":\"bob_ray_2\",\"name\":"
	"{\"first_name\":\"Bob\",\"last_name\":\"Ray\"},\"email\":\"bob@example.com\","
	"\"address\":{\"zip\":\"2\"},\"payment_methods\":{},\"orders\":[]}},\"orders\":{"
	"\"#W1\":{\"order_id\":\"#W1\",\"user_id\":\"ann_lee_1\",\"address\":{},\"status\":"
	"\"pending\","
	"\"items\":[{\"product_id\":\"p1\",\"item_id\":\"i1\",\"price\":10,\"options\":{\"c\":"
	"\"red\"}},"
	"{\"product_id\":\"p1\",\"item_id\":\"i1\",\"price\":10,\"options\":{\"c\":\"red\"}}],"
	"\"payment_history\":[{\"transaction_type\":\"payment\",\"amount\":20,"
	"\"payment_method_id\":\"card_1\"}]},"
	"\"#W2\":{\"order_id\":\"#W2\",\"user_id\":\"ann_lee_1\",\"address\":{},"
	"\"status\":\"delivered\",\"items\":[{\"product_id\":\"p1\",\"item_id\":\"i2\","
	"\"price\":12.25,"
	"\"options\":{}},{\"product_id\":\"p1\",\"item_id\":\"i1\",\"price\":10,\"options\":{}}"
	"],"
	"\"payment_history\":[{\"transaction_type\":\"payment\",\"amount\":22.25,"
	"\"payment_method_id\":\"gift_1\"}]}},"
	"\"products\":{\"p1\":{\"name\":\"Cup\",\"product_id\":\"p1\",\"variants\":{"
	"\"i1\":{\"item_id\":\"i1\",\"available\":true,\"price\":10,\"options\":{\"c\":\"red\"}"
	"},"
	"\"i2\":{\"item_id\":\"i2\",\"available\":true,\"price\":12.25,\"options\":{\"c\":"
	"\"blue\"}},"
	"\"i3\":{\"item_id\":\"i3\",\"available\":false,\"price\":1,\"options\":{}},"
	"\"i4\":{\"item_id\":\"i4\",\"available\":true,\"price\":99,\"options\":{}}}},"
	"\"p2\":{\"name\":\"Bowl\",\"product_id\":\"p2\",\"variants\":{}}}}";

MAYBE static jv *state(void)
{
	jv *v = jv_parse(sv_of(shop), NULL);
	ASSERT(v);
	return v;
}

MAYBE static void put_file(const char *name, const char *text)
{
	char path[4096];
	struct err e;
	snprintf(path, sizeof(path), "%s/%s", t_tmpdir(), name);
	ASSERT(file_write(path, sv_of(text), &e) == 0);
}

MAYBE static struct eval_tau *bench(void)
{
	struct eval_tau *t = NULL;
	struct err e = { 0 };
	put_file("db.json", shop);
	put_file("policy.md", "Be kind.");
	put_file("tasks_train.jsonl",
		 "{\"id\":\"0\",\"user_scenario\":{\"instructions\":{\"reason_for_call\":"
		 "\"cancel #W1\"}},"
		 "\"evaluation_criteria\":{\"actions\":[{\"name\":\"cancel_pending_order\","
		 "\"arguments\":{\"order_id\":\"#W1\",\"reason\":\"no longer needed\"}}],"
		 "\"communicate_info\":[\"1,020.50\"]}}\n"
		 "{\"id\":\"1\",\"instruction\":\"ask for "
		 "nothing\",\"actions\":[],\"outputs\":[]}\n");
	ASSERT(eval_tau_open(&t, t_tmpdir(), SV("train"), &e) == 0);
	return t;
}

#endif
