/* api_agent_call.c: orders about the persons in a call: hold, mute, ask a colleague, bring
 * together, drop, keys; and what supervisors may: listen, whisper, speak, take over.
 *
 * Each is one order to the call's parties (chan.h); the rows "call.party" tell how it goes. An
 * agent is party "agent:LOGIN", a colleague who is asked "consult:LOGIN" (or "consult:out"), a
 * supervisor "super:LOGIN". Door's thread. */
#include "api_agent_op.h"

#include "chan.h"

#include <stdio.h>

struct party {                       /* strings of an order */
	char id[CHAN_PARTY_ID], to[96];
};

static bool party_id(struct api_op *op, const char *who, sv login, struct party *p)
{
	int n = snprintf(p->id, sizeof(p->id), "%s:" SV_FMT, who, SV_ARG(login));
	if (n > 0 && n < (int)sizeof(p->id))
		return true;
	api_op_fail(op, 400, "This name is too long.");
	return false;
}

/* "to" as given, the extension of `agent`, or the browser line of who orders (line: "web"). */
static bool party_to(struct api_op *op, const char *agent, struct party *p)
{
	struct api_name name;
	sv to = jv_get_str(op->data, "to");
	bool web = sv_eq(jv_get_str(op->data, "line"), SV("web"));
	if (to.n && to.n < sizeof(p->to) && !sv_starts(to, SV("web:"))) {
		snprintf(p->to, sizeof(p->to), SV_FMT, SV_ARG(to));
		return true;
	}
	if (web) {
		snprintf(p->to, sizeof(p->to), "web:%s", agent);
		return true;
	}
	if (!to.n && agent[0])
		api_name_of(op->a, agent, &name);
	if (!to.n && agent[0] && name.extension[0]) {
		snprintf(p->to, sizeof(p->to), "%s", name.extension);
		return true;
	}
	api_op_fail(op, 400, to.n ? "to is a number or a SIP address of at most 95 bytes." :
				    "There is no telephone of this person: give to, or line "
				    "\"web\".");
	return false;
}

/* Who was asked, or took over, keeps that name in the call while they serve. */
static bool own_party(struct api_op *op, sv conversation, struct party *p)
{
	const struct api_served *x = api_served(op->a, conversation);
	for (int i = 0; x && i < x->n_party; i++) {
		sv login = sv_of(x->party[i]), who;
		if (sv_cut(&login, ':', &who) && sv_eq(login, sv_of(op->u.login))) {
			snprintf(p->id, sizeof(p->id), "%s", x->party[i]);
			return true;
		}
	}
	return party_id(op, "agent", sv_of(op->u.login), p);
}

static void mode_of(struct api_op *op, const char *id, enum chan_party_mode mode)
{
	struct talk_word w = { .kind = WORD_PARTY, .act = CHAN_PARTY_MODE, .mode = (int)mode,
			       .party = sv_of(id) };
	api_op_word(op, &w);
}

/* ---- hold: the agent's clock first, which knows whose the hand-over is; then the call ---- */

static void held(void *arg, int err)
{
	struct api_op *op = arg;
	if (err && err != ERR_UNSUPPORTED)
		api_op_fail(op, err, err == ERR_NOTFOUND ? "There is no such open call." : NULL);
	else
		api_op_done(op, SV_NULL);    /* a chat is held, too: the clock says so */
}

static void hold_known(void *arg, int err, sv json)
{
	struct api_op *op = arg;
	struct party p;
	jv *v = err ? NULL : jv_parse(json, NULL);
	sv id = jv_get_str(v, "conversation");
	bool on = sv_eq(sv_of(op->kind->name), SV("hold"));
	if (err) {
		api_op_fail(op, err, err == ERR_STATE ? "You do not serve this now." :
				     err == ERR_NOTFOUND ? "There is no such hand-over." : NULL);
	} else if (!sv_eq(jv_get_str(v, "media"), SV("voice"))) {
		api_op_done(op, json);
	} else if (own_party(op, id, &p)) {
		struct talk_word w = { .kind = WORD_PARTY, .conversation = id,
				       .act = CHAN_PARTY_MODE,
				       .mode = on ? CHAN_ON_HOLD : CHAN_TALKS,
				       .party = sv_of(p.id), .agent = sv_of(op->u.login),
				       .back = op->a->mbox, .done = held, .arg = op };
		int rc = api_word(op->a, &w);
		if (rc)
			held(op, rc);
	}
	jv_free(v);
}

void api_op_hold(struct api_op *op)
{
	struct acd_order o = { .act = ACD_DO_HOLD, .agent = sv_of(op->u.login),
			       .by = sv_of(op->u.login), .back = op->a->mbox,
			       .done = hold_known, .arg = op };
	o.on = sv_eq(sv_of(op->kind->name), SV("hold"));
	if (!api_op_about(op, &o))
		return;
	int rc = op->a->o.acd ? acd_do(op->a->o.acd, &o) : ERR_STATE;
	if (rc)
		api_op_fail(op, rc, NULL);
}

/* ---- agents ---- */

/* A colleague who was asked and is in the call: that one, or with want empty any; empty = none. */
static sv consulted(struct api_op *op, sv conversation, sv want)
{
	const struct api_served *x = api_served(op->a, conversation);
	for (int i = 0; x && i < x->n_party; i++) {
		sv login = sv_of(x->party[i]), who;
		if (sv_cut(&login, ':', &who) && sv_eq(who, SV("consult")) &&
		    !sv_eq(login, sv_of(op->u.login)) && (!want.n || sv_eq(login, want)))
			return sv_of(x->party[i]);
	}
	return SV_NULL;
}

/* Who listens in a call is a supervisor's matter: nobody else mutes or drops them, or lets the
 * customer hear them. */
static bool may_move(struct api_op *op, sv party)
{
	sv login = party, who;
	if (!sv_cut(&login, ':', &who) || !sv_eq(who, SV("super")) ||
	    sv_eq(login, sv_of(op->u.login)))
		return true;
	api_op_fail(op, 403, "A supervisor in the call is not yours to move.");
	return false;
}

/* party as given, else who was asked, else the agent's own. */
static bool which(struct api_op *op, struct party *p)
{
	sv given = jv_get_str(op->data, "party"), name = sv_of(op->kind->name);
	bool other = sv_eq(name, SV("merge")) || sv_eq(name, SV("drop"));
	if (!given.n && other)
		given = consulted(op, api_op_id(op, "conversation"), SV_NULL);
	if (!given.n)
		return own_party(op, api_op_id(op, "conversation"), p);
	if (!may_move(op, given))
		return false;
	if (given.n < sizeof(p->id)) {
		snprintf(p->id, sizeof(p->id), SV_FMT, SV_ARG(given));
		return true;
	}
	api_op_fail(op, 400, "party is the id of a row call.party.");
	return false;
}

void api_op_mute(struct api_op *op)
{
	struct party p;
	struct talk_word w = { .kind = WORD_PARTY, .act = CHAN_PARTY_MUTE };
	w.mute = sv_eq(sv_of(op->kind->name), SV("mute"));
	if (!which(op, &p))
		return;
	w.party = sv_of(p.id);
	api_op_word(op, &w);
}

/* A colleague or an outside number is rung; the customer hears the tune meanwhile. */
static void consult(struct api_op *op, enum chan_party_mode mode)
{
	struct party p;
	struct talk_word w = { .kind = WORD_PARTY, .act = CHAN_PARTY_ADD, .mode = (int)mode };
	sv login;
	if (!api_op_text(op, "agent", sizeof(op->u.login) - 1, false, &login) ||
	    !api_op_text(op, "note", 500, false, &w.text))
		return;
	if (!party_id(op, "consult", login.n ? login : SV("out"), &p) ||
	    !party_to(op, login.n ? strchr(p.id, ':') + 1 : "", &p))
		return;
	w.party = sv_of(p.id);
	w.to = sv_of(p.to);
	api_op_word(op, &w);
}

void api_op_consult(struct api_op *op)
{
	consult(op, CHAN_CONSULTS);
}

/* The colleague who was asked serves from now; who asked leaves the call, and may not be asked
 * again whether they serve it. */
static void handed(void *arg, int err, sv json)
{
	struct api_op *op = arg;
	sv id = api_op_id(op, "conversation");
	struct party p;
	if (err) {
		api_op_fail(op, err, NULL);
	} else if (own_party(op, id, &p)) {
		struct talk_word w = { .kind = WORD_PARTY, .conversation = id,
				       .act = CHAN_PARTY_DROP, .party = sv_of(p.id),
				       .agent = sv_of(op->u.login), .back = op->a->mbox,
				       .done = held, .arg = op };
		int rc = api_word(op->a, &w);
		if (rc)
			held(op, rc);
	}
}

static bool hand_over(struct api_op *op, sv conversation)
{
	sv want = jv_get_str(op->data, "agent");
	if (!want.n && jv_get_str(op->data, "to").n)
		want = SV("out");
	sv party = consulted(op, conversation, want), login = party, who;
	if (!sv_cut(&login, ':', &who) || sv_eq(login, SV("out")))
		return false;
	struct acd_order o = { .act = ACD_DO_TAKE,
			       .conversation = conversation,
			       .agent = login,
			       .party = party,
			       .by = sv_of(op->u.login),
			       .back = op->a->mbox,
			       .done = handed,
			       .arg = op };
	int rc = op->a->o.acd ? acd_do(op->a->o.acd, &o) : ERR_STATE;
	if (rc)
		api_op_fail(op, rc, NULL);
	return true;
}

/* A warm transfer begins with a consult; asked again while the colleague is there, it is done. */
void api_op_warm(struct api_op *op)
{
	sv id = api_op_id(op, "conversation");
	bool warm = jv_get_bool(op->data, "warm", false);
	if (jv_get_str(op->data, "queue").n)
		api_op_fail(op, 400, "A queue cannot be consulted first: choose an agent or to, or "
				     "transfer without warm.");
	else if (!id.n || !api_serves(op->a, id, sv_of(op->u.login)))
		api_op_fail(op, 403, "Say which conversation, one that you serve.");
	else if (warm && !sv_eq(sv_of(api_served(op->a, id)->login[0]), sv_of(op->u.login)))
		api_op_fail(op, 409, "You are asked only: who serves the customer hands over.");
	else if (!warm || !hand_over(op, id))
		consult(op, warm ? CHAN_CONSULTS : CHAN_TALKS);
}

void api_op_merge(struct api_op *op)
{
	struct party p;
	if (which(op, &p))
		mode_of(op, p.id, CHAN_TALKS);
}

void api_op_drop(struct api_op *op)
{
	struct party p;
	struct talk_word w = { .kind = WORD_PARTY, .act = CHAN_PARTY_DROP };
	if (!which(op, &p))
		return;
	w.party = sv_of(p.id);
	api_op_word(op, &w);
}

void api_op_keys(struct api_op *op)
{
	struct party p;
	struct talk_word w = { .kind = WORD_PARTY, .act = CHAN_PARTY_KEYS };
	sv digits;
	if (!api_op_text(op, "digits", CHAN_PARTY_KEYS_MAX, true, &digits))
		return;
	for (size_t i = 0; i < digits.n; i++)
		if (!strchr("0123456789*#ABCD", digits.p[i])) {
			api_op_fail(op, 400, "digits are 0 to 9, *, # and A to D.");
			return;
		}
	if (!which(op, &p))
		return;
	w.party = sv_of(p.id);
	w.keys = digits;
	api_op_word(op, &w);
}

/* The agent's telephone first (the extension, or line "web"), then whom they call. */
void api_op_call(struct api_op *op)
{
	struct party p;
	struct api_caller by;
	struct api_name name;
	jv *to = jv_copy(jv_get(op->data, "to"));
	jv_del(op->data, "to");      /* it is not the agent's line */
	bool ok = party_id(op, "agent", sv_of(op->u.login), &p) && party_to(op, op->u.login, &p);
	if (!ok) {
		jv_free(to);
		return;
	}
	jv_set(op->data, "to", to ? to : jv_null());
	api_name_of(op->a, op->u.login, &name);
	snprintf(by.party, sizeof(by.party), "%s", p.id);
	snprintf(by.to, sizeof(by.to), "%s", p.to);
	snprintf(by.login, sizeof(by.login), "%s", op->u.login);
	snprintf(by.name, sizeof(by.name), "%s", name.text);
	api_call_by(op, &by);
}

/* ---- supervisors ---- */

static void join(struct api_op *op, enum chan_party_mode mode)
{
	struct party p;
	sv id = api_op_id(op, "conversation");
	if (!party_id(op, "super", sv_of(op->u.login), &p))
		return;
	if (api_hears(op->a, id, sv_of(p.id))) {
		mode_of(op, p.id, mode);
		return;
	}
	struct talk_word w = { .kind = WORD_PARTY, .act = CHAN_PARTY_ADD, .mode = (int)mode,
			       .party = sv_of(p.id) };
	if (!party_to(op, op->u.login, &p))
		return;
	w.to = sv_of(p.to);
	api_op_word(op, &w);
}

void api_op_listen(struct api_op *op)
{
	sv name = sv_of(op->kind->name);
	join(op, sv_eq(name, SV("monitor")) ? CHAN_LISTENS :
		 sv_eq(name, SV("whisper")) ? CHAN_WHISPERS : CHAN_TALKS);
}

/* Nobody has it but the bot: the conversation itself asks for them. */
static void take_done(void *arg, int err, sv json)
{
	struct api_op *op = arg;
	struct talk_word w = { .kind = WORD_TAKE };
	struct api_name name;
	if (err != ERR_NOTFOUND || !api_op_id(op, "conversation").n) {
		api_op_answered(op, err, json);
		return;
	}
	api_name_of(op->a, op->u.login, &name);
	w.name = sv_of(name.text);
	api_op_word(op, &w);
}

/* A call is taken once the supervisor is in it (api_agent_feed.c); a chat at once. */
void api_op_takeover(struct api_op *op)
{
	struct acd_order o = { .act = ACD_DO_TAKE, .done = take_done };
	struct api_served *x = api_served(op->a, api_op_id(op, "conversation"));
	if (x && x->voice) {
		snprintf(x->taker, sizeof(x->taker), "%s", op->u.login);
		join(op, CHAN_TAKES_OVER);
	} else if (api_op_about(op, &o)) {
		api_op_acd(op, &o);
	}
}
