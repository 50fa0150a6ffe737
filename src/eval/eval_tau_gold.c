/* eval_tau_gold.c: agents without a model: the gold actions of a task, carried out through the
 * gate, once or with every call delivered twice.
 *
 * Some tasks' gold actions begin with the change and leave the identification out. When the gate
 * asks for it, this agent does what its policy asks of any agent: it looks the customer up, by
 * the e-mail address of whoever owns what the task is about, and makes the same call again under
 * the same key. Waits for each call: for commands, whose loop serves nobody meanwhile. */
#include "eval_tau.h"

/* Who owns the first order or account that the actions name; empty when they name none. */
static sv owner_of(const struct eval_tau *t, const jv *task)
{
	const jv *actions = jv_get(task, "actions");
	for (size_t i = 0; i < jv_len(actions); i++) {
		const jv *args = jv_get(jv_at(actions, i), "arguments");
		const jv *o = jv_member(jv_get(t->db, "orders"), jv_get_str(args, "order_id"));
		sv user = o ? jv_get_str(o, "user_id") : jv_get_str(args, "user_id");
		if (jv_member(jv_get(t->db, "users"), user))
			return user;
	}
	return SV_NULL;
}

static void identify(const struct eval_tau *t, const jv *task, struct eval_visit *v,
		     struct eval_walk *w)
{
	const jv *user = jv_member(jv_get(t->db, "users"), owner_of(t, task));
	struct tool_res *res = NULL;
	struct tool_req r;
	struct sb args;
	if (!user)
		return;
	sb_init(&args, LIM_SB);
	sb_cstr(&args, "{\"email\":");
	sb_json(&args, jv_get_str(user, "email"));
	sb_ch(&args, '}');
	eval_visit_req(v, SV("find_user_id_by_email"), sb_sv(&args), &r);
	if (tool_call(eval_gate_kit(v->gate), &r, &res) == 0) {
		eval_visit_took(v, res);
		w->calls++;
		w->identified += v->level >= TOOL_KNOWN;
	}
	obj_unref(res);
	sb_done(&args);
}

/* The same call once more, word for word: an effect must be the first one, told again. */
static void deliver_again(struct eval_visit *v, const struct tool_req *r,
			  const struct tool_res *first, struct eval_walk *w)
{
	struct tool_res *res = NULL;
	if (tool_call(eval_gate_kit(v->gate), r, &res)) {
		w->odd++;
		return;
	}
	bool same = res->outcome == first->outcome && res->again == first->effect &&
		    eval_same(res->body, first->body);
	w->again += res->again;
	w->odd += !same;
	obj_unref(res);
}

static struct tool_res *call(const struct eval_tau *t, const jv *task, struct eval_visit *v,
			     const struct tool_req *req, struct eval_walk *w)
{
	struct tool_res *res = NULL;
	struct tool_req r = *req;
	char key[sizeof(v->key)];
	memcpy(key, v->key, sizeof(key));
	r.key = sv_of(key);
	if (tool_call(eval_gate_kit(v->gate), &r, &res))
		return NULL;
	w->calls++;
	if (res->outcome == TOOL_VERIFY) {
		identify(t, task, v, w);
		r.who.customer = sv_of(v->customer);
		r.who.level = v->level;
		obj_unref(res);
		res = NULL;
		if (tool_call(eval_gate_kit(v->gate), &r, &res))
			return NULL;
		w->calls++;
	}
	if (w->twice)
		deliver_again(v, &r, res, w);
	return res;
}

static void note(jv *errors, const jv *task, const jv *action, sv answer, bool change)
{
	jv *x = jv_obj();
	jv_set_str(x, "task", jv_get_str(task, "name"));
	jv_set_str(x, "action", jv_get_str(action, "name"));
	jv_set_str(x, "error", answer);
	jv_set_bool(x, "change", change);
	jv_push(errors, x);
}

int eval_gold_walk(const struct eval_tau *t, const jv *task, struct eval_visit *v,
		   struct eval_walk *w, jv *errors)
{
	const jv *actions = jv_get(task, "actions");
	struct sb text;
	int rc = 0;
	sb_init(&text, LIM_SB);
	for (size_t i = 0; i < jv_len(actions) && rc == 0; i++) {
		const jv *a = jv_at(actions, i);
		struct tool_req r;
		sb_reset(&text);
		jv_dump(jv_get(a, "arguments"), &text);
		eval_visit_req(v, jv_get_str(a, "name"), sb_sv(&text), &r);
		struct tool_res *res = call(t, task, v, &r, w);
		if (!res) {
			rc = ERR_CLOSED;
			break;
		}
		bool change = eval_retail_changes(jv_get_str(a, "name"));
		eval_visit_took(v, res);
		w->effects += res->effect;
		w->refused += change && res->outcome != TOOL_DONE;
		eval_visit_answer(res, &text);
		if (res->outcome != TOOL_DONE && errors)
			note(errors, task, a, sb_sv(&text), change);
		obj_unref(res);
	}
	sb_done(&text);
	return rc;
}

jv *eval_tau_replay(struct eval_tau *t)
{
	jv *out = jv_obj(), *errors = jv_arr();
	size_t clean = 0, actions = 0, changed = 0, identified = 0;
	for (size_t i = 0; i < jv_len(t->tasks); i++) {
		const jv *task = jv_at(t->tasks, i);
		struct eval_visit v;
		struct eval_walk w = { 0 };
		eval_visit_begin(&v, t->gate, jv_get_str(task, "name"));
		int rc = eval_gold_walk(t, task, &v, &w, errors);
		jv *db = eval_visit_state(&v);
		clean += rc == 0 && w.refused == 0;
		changed += db && !eval_same(db, t->db);
		actions += jv_len(jv_get(task, "actions"));
		identified += (size_t)w.identified;
		jv_free(db);
	}
	jv_set_int(out, "tasks", (int64_t)jv_len(t->tasks));
	jv_set_int(out, "clean", (int64_t)clean);
	jv_set_int(out, "changed", (int64_t)changed);
	jv_set_int(out, "actions", (int64_t)actions);
	jv_set_int(out, "identified", (int64_t)identified);
	jv_set(out, "errors", errors);
	return out;
}
