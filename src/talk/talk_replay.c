/* talk_replay.c: feeds a log's inputs to a fresh core and compares what it does with what was
 * done, line by line, byte by byte.
 *
 * No clock, no store, no model: all that the core looks at stands in the lines before. The first
 * line that differs ends it. Damaged lines are told by their number and harm nothing. Owns what
 * it makes; any thread. */
#include "talk_log.h"
#include "talk_wire.h"

#include <sodium.h>
#include <stdio.h>

enum { BODIES_MAX = 4096, LINES_MAX = 2000000, ARENA_MAX = 512 << 20 };

struct play {
	const struct talk_replay_opts *o;
	struct talk_replay *r;
	struct err *e;
	size_t line;
	struct talk_cfg cfg;
	struct talk_core core;
	struct policy_table *table;
	bool begun, over;
	struct arena kept;           /* bodies and strings of events: cores keep views */
	VEC(sv) bodies;
	struct talk_acts acts;
	size_t next;                 /* of acts, not compared yet */
};

static int bad(struct play *p, int err, const char *what)
{
	return err_set(p->e, err, "line %zu: %s", p->line, what);
}

uint64_t talk_box_print(const struct tool_box *b)
{
	struct sb all;
	sb_init(&all, 4u << 20);
	tool_box_json(b, &all);
	uint64_t h = sv_hash(sb_sv(&all));
	sb_done(&all);
	return h;
}

uint64_t talk_flows_print(const struct flow_set *s)
{
	struct sb all;
	sb_init(&all, 4u << 20);
	for (size_t i = 0; i < flow_set_count(s); i++)
		(void)flow_json(s, sv_of(flow_set_id(s, i)), &all);
	uint64_t h = sv_hash(sb_sv(&all));
	sb_done(&all);
	return h;
}

static bool same_print(sv want, uint64_t is)
{
	char print[17];
	snprintf(print, sizeof(print), "%016llx", (unsigned long long)is);
	return sv_eq(want, sv_of(print));
}

/* Tools and flows, where the conversation had some. */
static void services(struct play *p, const jv *o)
{
	sv tools = jv_get_str(o, "tools"), flows = jv_get_str(o, "flows");
	p->core.box = tools.n ? p->o->tools : NULL;
	p->core.flows = flows.n ? p->o->flows : NULL;
	if (tools.n)
		p->r->other_texts |= !p->core.box ||
				     !same_print(tools, talk_box_print(p->core.box));
	if (flows.n)
		p->r->other_texts |= !p->core.flows ||
				     !same_print(flows, talk_flows_print(p->core.flows));
}

static int head(struct play *p, const jv *o)
{
	if (jv_get_int(o, "callm_replay", 0) != WIRE_VERSION)
		return bad(p, ERR_VERSION, "not a conversation's log, or of another version");
	char print[17];
	snprintf(print, sizeof(print), "%016llx",
		 (unsigned long long)talk_texts_print(p->o->texts));
	p->r->other_texts = !sv_eq(jv_get_str(o, "texts"), sv_of(print));
	snprintf(p->r->interaction, sizeof(p->r->interaction), SV_FMT,
		 SV_ARG(jv_get_str(o, "interaction")));
	p->cfg.texts = p->o->texts;
	p->cfg.transfer_to = arena_cstr(&p->kept, jv_get_str(o, "transfer_to"));
	p->cfg.disclosure = jv_get_int(o, "disclosure", 0) != 0;
	p->cfg.no_speculation = jv_get_int(o, "no_speculation", 0) != 0;
	int64_t survey = jv_get_int(o, "survey", 0);
	p->cfg.survey = survey > 0 && survey < SURVEYS ? (enum talk_survey)survey : SURVEY_NONE;
	wire_get_limits(jv_get(o, "limits"), &p->cfg.limits);
	talk_core_init(&p->core, &p->cfg, (unsigned)jv_get_int(o, "caps", 0),
		       jv_get_str(o, "lang"));
	p->core.table = p->table;
	p->core.person.there = jv_get_int(o, "people", 0) != 0;
	snprintf(print, sizeof(print), "%016llx",
		 (unsigned long long)policy_table_print(p->table));
	p->r->other_texts |= !sv_eq(jv_get_str(o, "strategy"), sv_of(print));
	services(p, o);
	p->begun = true;
	return 0;
}

static sv body_of(void *arg, int64_t n)
{
	struct play *p = arg;
	return n >= 0 && (size_t)n < p->bodies.n ? p->bodies.v[n] : SV_NULL;
}

static int unseal(struct play *p, sv hex, struct arena *a, sv *ret)
{
	if (!p->o->key)
		return bad(p, ERR_DENIED, "holds personal data and is sealed: its key is needed");
	size_t n = hex.n / 2, at = crypto_secretbox_NONCEBYTES, got = 0;
	unsigned char *in = arena_alloc(a, n + 1), *out = arena_alloc(a, n + 1);
	if (!in || !out || n < at + crypto_secretbox_MACBYTES ||
	    sodium_hex2bin(in, n, hex.p, hex.n, NULL, &got, NULL) || got != n)
		return bad(p, ERR_PARSE, "sealed text is damaged");
	if (crypto_secretbox_open_easy(out, in + at, n - at, in, p->o->key))
		return bad(p, ERR_DENIED, "is sealed with another key, or damaged");
	*ret = sv_n((char *)out, n - at - crypto_secretbox_MACBYTES);
	return 0;
}

/* Does the core still owe or have done something else than the log says? */
static int differ(struct play *p, sv expected, sv got)
{
	p->r->line = p->line;
	sb_put(&p->r->expected, expected);
	sb_put(&p->r->got, got);
	p->over = true;
	return 0;
}

static void act_text(const struct play *p, struct sb *b)
{
	if (p->next < p->acts.n)
		wire_put_act(b, &p->acts.v[p->next]);
	else
		sb_cstr(b, "nothing more");
}

static bool owes(struct play *p, const char *instead)
{
	if (p->next >= p->acts.n)
		return false;
	struct sb b;
	sb_init(&b, WIRE_LINE_MAX);
	act_text(p, &b);
	differ(p, sv_of(instead), sb_sv(&b));
	sb_done(&b);
	return true;
}

static int input(struct play *p, const jv *o)
{
	struct talk_ev ev;
	sv sealed = jv_get_str(o, "sealed"), plain;
	jv *opened = NULL;
	if (owes(p, "nothing more before the next input"))
		return 0;
	int rc = sealed.n ? unseal(p, sealed, &p->kept, &plain) : 0;
	if (rc)
		return rc;
	if (sealed.n)
		opened = jv_parse(plain, NULL);
	rc = wire_get_ev(sealed.n ? opened : o, &p->kept, body_of, p, &ev);
	jv_free(opened);
	if (rc)
		return bad(p, ERR_PARSE, "an input that cannot be read");
	talk_step(&p->core, &ev, &p->kept, &p->acts);
	p->next = 0;
	p->r->events++;
	return 0;
}

static int output(struct play *p, const jv *o, sv line)
{
	struct sb b, h;
	sb_init(&b, WIRE_LINE_MAX);
	sb_init(&h, WIRE_LINE_MAX);
	sv sealed = jv_get_str(o, "sealed");
	act_text(p, &b);
	if (sealed.n && p->o->key && p->next < p->acts.n) {
		unsigned char d[crypto_generichash_BYTES];
		crypto_generichash(d, sizeof(d), (const unsigned char *)sb_str(&b), b.n,
				   p->o->key, TALK_LOG_KEY);
		sb_fmt(&h, "{\"out\":{\"kind\":\"%s\",\"sealed\":\"",
		       wire_act_name(p->acts.v[p->next].kind));
		for (size_t i = 0; i < sizeof(d); i++)
			sb_fmt(&h, "%02x", d[i]);
		sb_cstr(&h, "\"}}");
	} else if (p->next < p->acts.n) {
		sb_fmt(&h, "{\"out\":" SV_FMT "}", SV_ARG(sb_sv(&b)));
	} else {
		sb_cstr(&h, "nothing more");
	}
	int rc = 0;
	if (sealed.n && !p->o->key)
		rc = bad(p, ERR_DENIED, "holds personal data and is sealed: its key is needed");
	else if (!sv_eq(sb_sv(&h), line))
		rc = differ(p, line, sb_sv(&h));
	p->next++;
	p->r->acts += rc == 0 && !p->over;
	sb_done(&b);
	sb_done(&h);
	return rc;
}

static int body(struct play *p, const jv *o)
{
	if (jv_get_int(o, "body", -1) != (int64_t)p->bodies.n)
		return bad(p, ERR_PARSE, "an article is missing");
	sv *slot = VEC_PUSH(&p->bodies, BODIES_MAX);
	if (!slot)
		return bad(p, ERR_TOOBIG, "too many articles");
	*slot = arena_sv(&p->kept, jv_get_str(o, "text"));
	return 0;
}

static int one_line(struct play *p, sv line)
{
	struct err why = { 0 };
	jv *o = jv_parse(line, &why), *x;
	int rc;
	if (!jv_is_obj(o))
		rc = bad(p, ERR_PARSE, "is not JSON: the log is damaged here");
	else if (!p->begun)
		rc = head(p, o);
	else if ((x = jv_get(o, "in")))
		rc = input(p, x);
	else if ((x = jv_get(o, "out")))
		rc = output(p, x, line);
	else if (jv_get(o, "body"))
		rc = body(p, o);
	else if ((x = jv_get(o, "cost")))
		rc = (p->core.cost += jv_as_int(x, 0), 0);
	else if (jv_get(o, "end"))
		rc = (owes(p, "the end"), p->over = true, 0);
	else
		rc = bad(p, ERR_PARSE, "is of no known kind");
	jv_free(o);
	return rc;
}

static int lines(struct play *p, sv log)
{
	while (log.n && !p->over) {
		ptrdiff_t n = sv_find_ch(log, '\n');
		p->line++;
		if (n < 0)
			return bad(p, ERR_STATE, "the log is cut off in the middle of it");
		if (p->line > LINES_MAX || p->kept.used > ARENA_MAX / 2)
			return bad(p, ERR_TOOBIG, "the log is too long");
		int rc = one_line(p, sv_slice(log, 0, (size_t)n));
		if (rc)
			return rc;
		log = sv_slice(log, (size_t)n + 1, log.n);
	}
	if (!p->begun)
		return bad(p, ERR_PARSE, "nothing is in it");
	if (!p->over)
		return bad(p, ERR_STATE, "the log ends before the conversation did");
	return 0;
}

int talk_replay(sv log, const struct talk_replay_opts *o, struct talk_replay *ret, struct err *e)
{
	*ret = (struct talk_replay){ 0 };
	sb_init(&ret->expected, WIRE_LINE_MAX);
	sb_init(&ret->got, WIRE_LINE_MAX);
	struct play *p = xalloc(sizeof(*p));
	*p = (struct play){ .o = o, .r = ret, .e = e };
	arena_init(&p->kept, ARENA_MAX);
	p->table = o->strategy ? obj_ref(o->strategy) : talk_own_strategy();
	int rc = lines(p, log);
	if (p->begun)
		talk_core_done(&p->core);
	obj_unref(p->table);
	VEC_FREE(&p->bodies);
	arena_done(&p->kept);
	xfree(p);
	return rc;
}

void talk_replay_done(struct talk_replay *r)
{
	sb_done(&r->expected);
	sb_done(&r->got);
}
