/* api_record.c: what the recording of a conversation keeps: on, paused, secret.
 *
 * The door asks the shards one after the other (talk_hub_record); the answer comes back through
 * its mailbox, or the request is late and the answer is dropped. Door's thread. */
#include "api_int.h"

struct ask {
	struct api_due due;
	struct api *a;
	struct web_req *r;           /* NULL once answered */
	enum chan_record how;
};

static const char *const states[] = { "on", "paused", "secret" };

static void answer(struct ask *k, int err)
{
	struct web_req *r = k->r;
	k->r = NULL;
	if (!r)
		return;
	if (err == 0) {
		jv *o = jv_obj();
		jv_set_str(o, "state", sv_of(states[k->how]));
		web_reply_json(r, 200, o);
	} else if (err == ERR_NOTFOUND) {
		api_problem(r, 404, "No conversation of that id is under way.");
	} else if (err == ERR_UNSUPPORTED) {
		api_problem(r, 409, "This conversation is not recorded.");
	} else {
		api_problem(r, 503, "The conversation could not be reached; try again.");
	}
}

static void done(void *arg, int err)
{
	struct ask *k = arg;
	api_due_cut(k->a, &k->due);
	answer(k, err);
	xfree(k);
}

/* Its answer is still to come and frees it. */
static void late(struct api_due *d)
{
	answer((struct ask *)(void *)d, ERR_TIMEOUT);
}

static int state_of(sv s)
{
	for (int i = 0; i < 3; i++)
		if (sv_eq(s, sv_of(states[i])))
			return i;
	return -1;
}

void api_conv_record(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "call.record", &u))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	int how = state_of(jv_get_str(body, "state"));
	jv_free(body);
	if (how < 0) {
		api_problem(r, 400, "state must be on, paused or secret.");
		return;
	}
	struct ask *k = xalloc(sizeof(*k));
	*k = (struct ask){ .a = a, .r = r, .how = (enum chan_record)how };
	api_due_add(a, &k->due, late);
	struct talk_record_order o = { .id = web_req_param(r, "id"), .by = sv_of(u.login),
				       .how = k->how, .back = a->mbox, .done = done, .arg = k };
	int rc = talk_hub_record(a->o.hub, &o);
	if (rc)
		done(k, rc);
}
