/* ing_xml.c: XML of strangers, by expat: no entity is ever defined, nothing is fetched, depth is
 * limited. Names come without their prefix. One thread per job.
 */
#include <expat.h>
#include "ing_int.h"

struct run {
	XML_Parser p;
	const struct ing_xml *h;
	int depth;
	enum ing_code why;
	bool refused;
};

static const char *local(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static void stop(struct run *r, enum ing_code why)
{
	r->refused = true;
	r->why = why;
	(void)XML_StopParser(r->p, XML_FALSE);
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attrs)
{
	struct run *r = arg;

	if (++r->depth > ING_XML_DEPTH)
		stop(r, ING_TOO_DEEP_NOTE);
	else if (r->h->start)
		r->h->start(r->h->arg, local(name), attrs);
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
	struct run *r = arg;

	r->depth--;
	if (r->h->end)
		r->h->end(r->h->arg, local(name));
}

static void XMLCALL on_text(void *arg, const XML_Char *s, int n)
{
	struct run *r = arg;

	if (r->h->text)
		r->h->text(r->h->arg, sv_n(s, (size_t)n));
}

static void XMLCALL on_entity(void *arg, const XML_Char *name, int param, const XML_Char *value,
			      int n, const XML_Char *base, const XML_Char *sys,
			      const XML_Char *pub, const XML_Char *notation)
{
	stop(arg, ING_ENTITIES_NOTE);
}

sv ing_attr(const char **attrs, const char *name)
{
	for (; attrs[0]; attrs += 2)
		if (strcmp(local(attrs[0]), name) == 0)
			return sv_of(attrs[1]);
	return SV_NULL;
}

int ing_xml(struct ing_job *j, sv xml, const struct ing_xml *h)
{
	struct run r = { .p = XML_ParserCreate(NULL), .h = h };
	int rc = 0;

	if (!r.p)
		return ERR_NOMEM;
	XML_SetUserData(r.p, &r);
	XML_SetElementHandler(r.p, on_start, on_end);
	XML_SetCharacterDataHandler(r.p, on_text);
	XML_SetEntityDeclHandler(r.p, on_entity);
	while (!rc && xml.n) {
		sv piece = sv_slice(xml, 0, 1 << 20);

		xml = sv_slice(xml, piece.n, xml.n);
		if (XML_Parse(r.p, piece.p, (int)piece.n, !xml.n) != XML_STATUS_OK)
			rc = ERR_PARSE;
	}
	if (rc)
		(void)ing_refuse(j, rc, r.refused ? r.why : ING_DAMAGED_NOTE,
				 sv_of(XML_ErrorString(XML_GetErrorCode(r.p))));
	XML_ParserFree(r.p);
	return rc;
}
