/* t_talk_served.h: a conversation core with made-up tools: "order_status" (known), "order_cancel"
 * (known, confirmed), "stock" (nobody), and the identity tools. */
#ifndef CALLM_T_TALK_SERVED_H
#define CALLM_T_TALK_SERVED_H

#include <stdio.h>

#include "t_talk_help.h"

#define CHAT (CHAN_STREAM | CHAN_RICH)
#define PHONE (CHAN_VOICE | CHAN_DTMF | CHAN_ASR)
#define MAYBE __attribute__((unused))

static const char served_yaml[] =
	"tools:\n"
	"  - {name: order_status, source: shop, level: known, title: {zh: 查订单, en: Order},\n"
	"     about: {zh: 查订单, en: Where an order is.}, slow: {zh: 我在查。, en: Looking it "
	"up.},\n"
	"     schema: {type: object, properties: {order: {type: string}}}}\n"
	"  - {name: order_cancel, source: shop, level: known, effect: true,\n"
	"     title: {zh: 取消, en: Cancel}, about: {zh: 取消, en: Cancels an order.},\n"
	"     confirm: {zh: 取消吗？, en: Cancel?},\n"
	"     schema: {type: object, properties: {order: {type: string}}}}\n"
	"  - {name: stock, source: shop, title: {zh: 库存, en: Stock}, about: {zh: 库存, en: "
	"Stock.}}\n"
	"  - {name: vouch, source: shop, role: agent, title: {zh: 担保, en: Vouch},\n"
	"     about: {zh: 担保, en: For people.}}\n"
	"  - {name: identify, source: cust, title: {zh: 核实, en: Identify},\n"
	"     about: {zh: 核实, en: Who it is.},\n"
	"     schema: {type: object, properties: {order: {type: string}, phone_last4: {type: "
	"string}}}}\n"
	"  - {name: code_send, source: cust, title: {zh: 发码, en: Send}, about: {zh: 发, en: "
	"S.}}\n"
	"  - {name: code_check, source: cust, title: {zh: 验码, en: Check}, about: {zh: 验, "
	"en: C.},\n"
	"     schema: {type: object, properties: {code: {type: string}}}}\n";

struct served {
	struct bench b;
	struct tool_box *box;
};

static MAYBE struct tool_box *served_box(void)
{
	struct tool_box *box = NULL;
	struct cfg_report rep = { 0 };
	struct tool_file f = { "tools.yaml", sv_of(served_yaml) };
	int rc = tool_box_new(&box, &f, 1, &rep);
	if (rc)
		printf("# %s %s\n", rep.v[0].where, rep.v[0].what);
	ASSERT(rc == 0);
	cfg_report_done(&rep);
	return box;
}

static MAYBE void served_open(struct served *s, unsigned caps, int n_llm)
{
	bench_open(&s->b, caps, n_llm);
	s->b.c.box = s->box = served_box();
	bench_feed(&s->b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	if (caps & CHAN_VOICE)
		bench_feed(&s->b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = s->b.c.say_id });
}

static MAYBE void served_close(struct served *s)
{
	bench_close(&s->b);
	obj_unref(s->box);
}

static MAYBE void hear(struct served *s, const char *text)
{
	if (s->b.c.voice && s->b.c.speaking)
		bench_feed(&s->b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = s->b.c.say_id });
	bench_feed(&s->b, ev_text(text));
}

/* Words for which the model asks for a tool. */
static MAYBE void wish(struct served *s, const char *text, const char *tool, const char *args)
{
	hear(s, text);
	bench_feed(&s->b, ev_found(&s->b));
	bench_feed(&s->b, ev_call(&s->b, tool, args));
	bench_feed(&s->b, ev_end(&s->b, 0));
}

static MAYBE void got(struct served *s, struct talk_got g)
{
	struct talk_ev ev = { .kind = TEV_TOOL, .gen = s->b.c.svc.call, .tool = &g };
	if (!g.body.n)
		g.body = SV("{}");
	bench_feed(&s->b, ev);
}

static MAYBE struct talk_got res(const char *name, enum tool_outcome o, const char *say)
{
	return (struct talk_got){ .name = sv_of(name), .outcome = o, .say = sv_of(say),
				  .effect = o == TOOL_DONE && strcmp(name, "order_cancel") == 0,
				  .need = o == TOOL_VERIFY ? TOOL_KNOWN : TOOL_NOBODY,
				  .print = o == TOOL_CONFIRM ? 77 : 0 };
}

static MAYBE const struct talk_act *tool_act(const struct served *s)
{
	return bench_act(&s->b, TACT_TOOL);
}

static MAYBE sv reply_text(const struct served *s)
{
	const struct talk_act *x = bench_rec(&s->b, "turn.bot");
	return x ? x->said : SV("(no reply)");
}

static MAYBE void known(struct served *s)
{
	xfree(s->b.c.svc.customer);
	s->b.c.svc.customer = xstrdup(SV("c001"));
	s->b.c.svc.level = TOOL_KNOWN;
}

#endif
