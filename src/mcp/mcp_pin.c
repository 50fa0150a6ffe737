/* mcp_pin.c: the file of accepted tools: {"version":1,"servers":{NAME:{TOOL:SHA-256}}}.
 *
 * A description is text that a model reads, so a server that changes it changes what the model
 * is told ("rug pull"). The first meeting of a server accepts what it offers; from then on a
 * tool that is new, or that says something else, is refused until a person accepts it. The file
 * is read anew before it is judged or written, because another process may have written it.
 * Loop's thread.
 */
#include <stdio.h>

#include "mcp_int.h"

enum { PINS_BYTES = 1 << 20 };

static int read_pins(struct mcp *m, struct err *e)
{
	struct sb b;
	jv *v = NULL;

	sb_init(&b, PINS_BYTES);
	int rc = file_exists(m->pins) ? file_read(m->pins, PINS_BYTES, &b, e) : 0;
	if (!rc && b.n) {
		v = jv_parse(sb_sv(&b), NULL);
		if (!jv_is_obj(jv_get(v, "servers")) || jv_get_int(v, "version", 0) != 1) {
			rc = err_set(e, ERR_CORRUPT,
				     "%s: not a file of accepted tools; move it away and accept "
				     "them again", m->pins);
			jv_free(v);
		}
	}
	sb_done(&b);
	if (rc)
		return rc;
	if (!v) {
		v = jv_obj();
		jv_set_int(v, "version", 1);
		jv_set(v, "servers", jv_obj());
	}
	jv_free(m->pinned);
	m->pinned = v;
	return 0;
}

int mcp_pins_load(struct mcp *m, struct err *e)
{
	return m->pins ? read_pins(m, e) : 0;
}

static int write_pins(struct mcp *m, struct err *e)
{
	struct sb b;

	sb_init(&b, PINS_BYTES);
	jv_dump(m->pinned, &b);
	sb_ch(&b, '\n');
	int rc = sb_err(&b) ? err_set(e, ERR_TOOBIG, "%s: too many tools", m->pins) :
			      file_write(m->pins, sb_sv(&b), e);
	sb_done(&b);
	return rc;
}

static void take_over(struct mcp *m, struct mcp_item *x, jv *mine)
{
	char name[MCP_NAME + 1];

	(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(x->t.name));
	jv_set_str(mine, name, sv_of(x->t.hash));
	if (x->t.trust == MCP_TRUST_NEW || x->t.trust == MCP_TRUST_CHANGED)
		x->t.trust = MCP_TRUST_OK;
}

static void judge(struct mcp_item *x, const char *server, const jv *mine)
{
	sv known = jv_as_str(jv_member(mine, x->t.name));
	const char *what = !known.n ? "is new" : "is not what was accepted";

	if (x->t.trust != MCP_TRUST_OK || sv_eq(known, sv_of(x->t.hash)))
		return;
	x->t.trust = known.n ? MCP_TRUST_CHANGED : MCP_TRUST_NEW;
	(void)snprintf(x->why, sizeof(x->why),
		       "it %s; look at it with `callm mcp list`, accept it with `callm mcp pin "
		       "%.40s`", what, server);
}

/* Without a readable file nothing is trusted: what cannot be compared may have changed. */
static void judge_none(struct mcp *m, const char *why)
{
	for (size_t i = 0; i < m->tools.n; i++) {
		struct mcp_item *x = &m->tools.v[i];

		if (x->t.trust == MCP_TRUST_OK) {
			x->t.trust = MCP_TRUST_NEW;
			(void)snprintf(x->why, sizeof(x->why), "%.150s", why);
		}
	}
}

void mcp_pins_judge(struct mcp *m)
{
	struct err e = { 0 };

	if (!m->pins)
		return;
	if (read_pins(m, &e)) {
		judge_none(m, e.msg);
		return;
	}
	jv *servers = jv_get(m->pinned, "servers"), *mine = jv_get(servers, m->name);
	if (!jv_is_obj(mine)) {
		jv_set(servers, m->name, jv_obj());
		mine = jv_get(servers, m->name);
		for (size_t i = 0; i < m->tools.n; i++)
			take_over(m, &m->tools.v[i], mine);
		if (write_pins(m, &e))
			judge_none(m, e.msg);
		return;
	}
	for (size_t i = 0; i < m->tools.n; i++)
		judge(&m->tools.v[i], m->name, mine);
}

int mcp_pin(struct mcp *m, sv tool, size_t *ret_n, struct err *e)
{
	size_t n = 0;

	if (!m->pins || !m->listed)
		return err_set(e, ERR_STATE, "%s: its tools are not known yet", m->name);
	if (tool.n && !mcp_tool_find(m, tool))
		return err_set(e, ERR_NOTFOUND, "%s has no tool " SV_FMT, m->name, SV_ARG(tool));
	int rc = read_pins(m, e);
	if (rc)
		return rc;
	jv *servers = jv_get(m->pinned, "servers"), *old = jv_get(servers, m->name);
	/* All: what the server does not offer any more is forgotten. */
	jv *mine = tool.n && jv_is_obj(old) ? jv_copy(old) : jv_obj();
	for (size_t i = 0; i < m->tools.n; i++) {
		struct mcp_item *x = &m->tools.v[i];

		if (tool.n && !sv_eq(tool, x->t.name))
			continue;
		n += !sv_eq(jv_as_str(jv_member(old, x->t.name)), sv_of(x->t.hash));
		take_over(m, x, mine);
	}
	jv_set(servers, m->name, mine);
	if (ret_n)
		*ret_n = n;
	return write_pins(m, e);
}
