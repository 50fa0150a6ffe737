/* talk_serve.c: carries out the core's business actions: a request to the kit of tools, and what
 * came of it back into the conversation.
 *
 * A call is never cancelled. Its answer comes through the shard's mailbox; the conversation's
 * struct lives until it is there (waiting), also when the customer is gone: then it is on the
 * tool's own record. Shard's thread. */
#include "talk_int.h"
#include "cust.h"
#include "guard.h"

#include <stdio.h>

#define BODY_MAX (64u << 10)         /* bytes of a result that a conversation looks at */

struct serve {
	struct talk *talk;
	uint32_t call;
};

static void feed(struct talk *t, uint32_t call, const struct talk_got *g)
{
	talk_feed_event(t, &(struct talk_ev){ .kind = TEV_TOOL, .gen = call, .tool = g });
}

static void put_body(const struct tool_res *r, struct sb *b)
{
	sb_init(b, BODY_MAX);
	jv_dump(r->body, b);
	if (sb_err(b)) {             /* a list without end: its words must do */
		sb_done(b);
		sb_init(b, BODY_MAX);
		sb_cstr(b, "{}");
	}
}

static void on_result(void *arg, struct tool_res *r)
{
	struct serve *s = arg;
	struct talk *t = s->talk;
	uint32_t call = s->call;
	xfree(s);
	t->waiting--;
	t->shard->calls--;
	if (!t->closed) {
		struct sb b;
		put_body(r, &b);
		struct talk_got g = { .outcome = r->outcome, .name = sv_of(r->name),
				      .body = sb_sv(&b), .say = r->say, .why = r->why,
				      .need = r->need_level, .print = (int64_t)r->print,
				      .grant_customer = r->grant_customer,
				      .grant = r->grant_level, .effect = r->effect,
				      .again = r->again };
		feed(t, call, &g);
		sb_done(&b);
	}
	obj_unref(r);
	talk_release(t);
}

/* The kit takes nothing just now: told after the step, which must not nest. */
static void on_refused(void *arg)
{
	struct talk *t = arg;
	struct talk_got g = { .outcome = TOOL_FAILED, .name = sv_of(t->refused_name),
			      .body = SV("{}"), .why = SV("the tools take no call just now") };
	feed(t, t->refused, &g);
}

void talk_serve(struct talk *t, const struct talk_act *x)
{
	struct tool_kit *kit = t->shard->hub->o.tools;
	char key[120];
	ptrdiff_t slash = sv_find_ch(x->safe, '/');
	/* of an earlier conversation: "CONVERSATION/TURN/N" */
	bool whole = slash > 0 &&
		     sv_find_ch(sv_slice(x->safe, (size_t)slash + 1, x->safe.n), '/') >= 0;
	(void)snprintf(key, sizeof(key), "%s%s" SV_FMT, whole ? "" : t->id, whole ? "" : "/",
		       SV_ARG(x->safe));
	struct tool_req r = {
		.name = x->text,
		.args = x->context,
		.key = sv_of(key),
		.confirmed = (uint64_t)x->print,
		.now_ms = loop_wall_ms(t->shard->loop),
		.who = { .customer = sv_of(x->did), .level = (enum tool_level)x->level,
			 .role = TOOL_CUSTOMER, .conversation = sv_of(t->id), .turn = x->n,
			 .actor = SV("bot"), .channel = sv_of(t->row.channel),
			 .address = sv_of(t->address), .lang = x->lang },
	};
	struct serve *s = xalloc(sizeof(*s));
	*s = (struct serve){ t, x->gen };
	t->waiting++;
	t->shard->calls++;
	if (kit && tool_start(kit, &r, t->shard->mbox, on_result, s) == 0)
		return;
	t->waiting--;
	t->shard->calls--;
	xfree(s);
	t->refused = x->gen;
	(void)snprintf(t->refused_name, sizeof(t->refused_name), SV_FMT, SV_ARG(x->text));
	loop_after(t->shard->loop, &t->refusal, 0, on_refused, t);
}

/* The zone of a company without one of its own: China's. */
#define ZONE_MIN 480
#define SLOTS_MAX 32

sv talk_slots(struct talk *t, const struct guard_in *in)
{
	struct feel_seen seen[SLOTS_MAX];
	struct feel_slot *s;
	size_t n = 0, k = in->n < SLOTS_MAX ? in->n : SLOTS_MAX;
	struct sb b;
	if (!t->box && !t->flows)
		return SV_NULL;
	for (size_t i = 0; i < k; i++)
		seen[i] = (struct feel_seen){ guard_pii_name(in->spans[i].type),
					      in->spans[i].start, in->spans[i].end };
	struct feel_slot_ctx c = { .now_ms = loop_wall_ms(t->shard->loop), .tz_min = ZONE_MIN,
				   .country = "CN", .seen = seen, .n_seen = k,
				   .catalogue = t->shard->hub->o.products };
	if (feel_slots(in->clean, &c, &t->turn, &s, &n) || n == 0)
		return SV_NULL;
	sb_init(&b, LIM_SB);
	for (size_t i = 0; i < n && i < SLOTS_MAX; i++) {
		sb_fmt(&b, "%s{\"type\":\"%s\",\"value\":", i ? "," : "[", s[i].type);
		sb_json(&b, s[i].value);
		sb_cstr(&b, ",\"text\":");
		sb_json(&b, sv_slice(in->clean, s[i].start, s[i].end));
		sb_ch(&b, '}');
	}
	sb_ch(&b, ']');
	sv out = arena_sv(&t->turn, sb_sv(&b));
	sb_done(&b);
	return out;
}

void talk_serve_open(struct talk *t, const struct chan_info *info)
{
	struct tool_kit *kit = t->shard->hub->o.tools;
	t->address = info->address.n ? xstrdup(info->address) : NULL;
	t->box = kit ? tool_kit_box_now(kit) : NULL;
	t->core.box = t->box;
	t->core.flows = t->flows = snap_get(t->shard->hub->flows);
}

static void on_card(void *arg, struct cust_card *card)
{
	struct talk *t = arg;
	t->waiting--;
	t->shard->calls--;
	if (!t->closed && card->id[0] && !t->card) {
		t->card = obj_ref(card);
		t->known = (struct chan_profile){
			.id = sv_of(card->id), .name = card->name, .tier = card->tier,
			.language = card->language, .since = card->since,
			.last_order = card->last_order, .last_status = card->last_status,
			.orders = card->orders, .contacts_7d = card->contacts_7d
		};
		talk_feed_event(t, &(struct talk_ev){ .kind = TEV_WHO, .profile = &t->known,
						      .level = (enum tool_level)card->level,
						      .text = card->where });
	}
	obj_unref(card);
	talk_release(t);
}

void talk_serve_who(struct talk *t, const struct chan_info *info)
{
	struct talk_opts *o = &t->shard->hub->o;
	struct cust_look look = {
		.kind = cust_kind_of_channel(sv_of(info->channel)), .address = info->address,
		.customer = info->profile ? info->profile->id : SV_NULL,
		.conversation = sv_of(t->id), .default_cc = o->country_code,
		.now_ms = loop_wall_ms(t->shard->loop)
	};
	if (!o->cust || !o->store || !o->pool || !t->recorded ||
	    (!look.address.n && !look.customer.n))
		return;
	t->waiting++;
	t->shard->calls++;
	if (cust_look_start(o->store, o->pool, o->cust, &look, t->shard->mbox, on_card, t) == 0)
		return;
	t->waiting--;
	t->shard->calls--;
}

void talk_serve_close(struct talk *t)
{
	loop_timer_stop(&t->refusal);
}

void talk_serve_free(struct talk *t)
{
	xfree(t->address);
	obj_unref(t->box);
	obj_unref(t->flows);
	obj_unref(t->card);
}
