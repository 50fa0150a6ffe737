/* t_talk_flow.h: the made-up tools of t_talk_served.h with two flows over them: "give_back" (an
 * order, a reason to choose, then order_cancel), "named" and "tell" (words, then stock). */
#ifndef CALLM_T_TALK_FLOW_H
#define CALLM_T_TALK_FLOW_H

#include "t_talk_served.h"

static const char flows_yaml[] =
	"flows:\n"
	"  - id: give_back\n"
	"    title: {zh: 退货, en: Return an article}\n"
	"    intents: [return_goods]\n"
	"    slots:\n"
	"      order: {type: order_number, known: order, ask: {zh: 请告诉我订单号。, en: \"Which "
	"order?\"}}\n"
	"      why:\n"
	"        type: choice\n"
	"        ask: {zh: 为什么退？, en: \"Why?\"}\n"
	"        choices:\n"
	"          - {value: broken, label: {zh: 坏了, en: It is broken}, words: {zh: 坏, en: "
	"broken}}\n"
	"          - {value: size, label: {zh: 尺寸不合适, en: The wrong size}, words: {zh: 尺寸, "
	"en: size}}\n"
	"    steps:\n"
	"      - {id: ask, collect: order}\n"
	"      - {id: look, call: order_status, args: {order: \"{order}\"}, as: o, quiet: true}\n"
	"      - {id: reason, collect: why}\n"
	"      - {id: do, call: order_cancel, args: {order: \"{order}\", why: \"{why}\"}, effect: "
	"true}\n"
	"      - {id: fin, end: done}\n"
	"  - id: named\n"
	"    title: {zh: 换货, en: Exchange}\n"
	"    intents: [exchange_goods]\n"
	"    slots:\n"
	"      why:\n"
	"        type: choice\n"
	"        ask: {zh: 是坏了，还是尺寸不合适？, en: \"Is it broken, or the wrong size?\"}\n"
	"        choices:\n"
	"          - {value: broken, label: {zh: 坏了, en: It is broken}, words: {zh: 坏, en: "
	"broken}}\n"
	"          - {value: size, label: {zh: 尺寸不合适, en: The wrong size}, words: {zh: 尺寸, "
	"en: size}}\n"
	"    steps:\n"
	"      - {collect: why}\n"
	"      - {call: stock, args: {why: \"{why}\"}}\n"
	"  - id: tell\n"
	"    title: {zh: 投诉, en: Complaint}\n"
	"    intents: [complaint]\n"
	"    slots:\n"
	"      what: {type: text, opening: 8, ask: {zh: 怎么了？, en: \"What happened?\"}}\n"
	"      when: {type: text, ask: {zh: 什么时候？, en: \"When?\"}}\n"
	"      wants: {type: text, ask: {zh: 想怎么办？, en: \"What now?\"}}\n"
	"    steps:\n"
	"      - {collect: what}\n"
	"      - {collect: when}\n"
	"      - {collect: wants}\n"
	"      - {call: stock, args: {why: \"{what} / {when} / {wants}\"}}\n";

static MAYBE struct flow_set *flows_made(void)
{
	struct flow_set *set = NULL;
	struct cfg_report rep = { 0 };
	struct flow_file f = { "flows.yaml", sv_of(flows_yaml) };
	int rc = flow_set_new(&set, &f, 1, NULL, NULL, &rep);
	if (rc)
		printf("# %s %s\n", rep.v[0].where, rep.v[0].what);
	ASSERT(rc == 0);
	cfg_report_done(&rep);
	return set;
}

/* Words with an order number in them. */
static MAYBE void hear_order(struct served *s, const char *text, const char *order)
{
	static char slots[200];
	struct talk_ev ev = ev_text(text);
	(void)snprintf(slots, sizeof(slots),
		       "[{\"type\":\"order_number\",\"value\":\"%s\",\"text\":\"%s\"}]", order,
		       order);
	ev.slots = sv_of(slots);
	if (s->b.c.voice && s->b.c.speaking)
		bench_feed(&s->b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = s->b.c.say_id });
	bench_feed(&s->b, ev);
}

static MAYBE struct talk_got res_body(const char *name, const char *body)
{
	struct talk_got g = res(name, TOOL_DONE, "");
	g.body = sv_of(body);
	return g;
}
#define ORDER_BODY                                                                    \
	"{\"order\":\"HH2026-100367\",\"items\":[{\"sku\":\"L1\",\"name\":\"LUMO lamp\"}]}"

#endif
