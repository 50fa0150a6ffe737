/* acd_job.c: an order on its way: copied at the door, checked, and carried to the owner's thread.
 *
 * All its texts are views into one block that dies with it. Any thread.
 */
#include "acd_int.h"

struct text {
	size_t off;                  /* of the sv in struct acd_job */
	size_t max;                  /* bytes */
};
#define OF(field, most) { offsetof(struct acd_job, field), most }
static const struct text texts[] = {
	OF(o.handover, ACD_ID - 1),
	OF(o.conversation, ACD_ID - 1),
	OF(o.agent, ACD_NAME - 1),
	OF(o.by, ACD_NAME - 1),
	OF(o.queue, ACD_NAME - 1),
	OF(o.to, ACD_TEXT - 1),
	OF(o.why, ACD_NAME - 1),
	OF(o.note, ACD_PACKET),
	OF(o.number, ACD_TEXT - 1),
	OF(o.json, ACD_PACKET),
	OF(o.party, ACD_TEXT - 1),
	OF(o.step, ACD_NAME - 1),
	OF(ask.conversation, ACD_ID - 1),
	OF(ask.interaction, ACD_ID - 1),
	OF(ask.channel, 23),
	OF(ask.language, 15),
	OF(ask.customer, ACD_NAME - 1),
	OF(ask.customer_name, ACD_PACKET),
	OF(ask.reason, ACD_NAME - 1),
	OF(ask.agent, ACD_NAME - 1),
	OF(ask.topic, ACD_TEXT - 1),
	OF(ask.packet, ACD_PACKET),
};
#undef OF
#define N_TEXTS (sizeof(texts) / sizeof(*texts))

static sv *text_of(struct acd_job *j, size_t i)
{
	return (sv *)(void *)((char *)j + texts[i].off);
}

static int check(struct acd_job *j, size_t *bytes)
{
	*bytes = 0;
	for (size_t i = 0; i < N_TEXTS; i++) {
		const sv *s = text_of(j, i);
		if (s->n > texts[i].max || !sv_utf8_ok(*s) || (s->n && memchr(s->p, 0, s->n)))
			return ERR_INVAL;
		*bytes += s->n + 1;
	}
	if (j->o.act == ACD_DO_ASK && (!j->o.ask || !j->ask.conversation.n))
		return ERR_INVAL;
	return 0;
}

struct acd_job *acd_job_new(struct acd *a, const struct acd_order *o, int *rc)
{
	struct acd_job *j = xalloc(sizeof(*j));
	size_t bytes, at = 0;
	j->a = a;
	j->o = *o;
	if (o->ask)
		j->ask = *o->ask;
	*rc = check(j, &bytes);
	if (*rc) {
		xfree(j);
		return NULL;
	}
	j->strings = xalloc(bytes);
	for (size_t i = 0; i < N_TEXTS; i++) {
		sv *s = text_of(j, i);
		if (s->n)
			memcpy(j->strings + at, s->p, s->n);
		s->p = j->strings + at;
		at += s->n + 1;
	}
	j->o.ask = NULL;
	sb_init(&j->json, LIM_JSON_BYTES);
	return j;
}

void acd_job_free(struct acd_job *j)
{
	if (!j)
		return;
	sb_done(&j->json);
	xfree(j->strings);
	xfree(j);
}
