/* tool_put.c: what a source puts: the outcome, words, a grant. On the thread that runs the source;
 * strings are copied into the call's arena. */
#include "tool_int.h"

void tool_outcome(struct tool_run *r, enum tool_outcome o, const char *why)
{
	struct tool_put *p = r->put;
	p->outcome = o;
	p->why = arena_sv(&p->work->a, sv_of(why ? why : ""));
	if (o == TOOL_VERIFY)
		p->need_level = r->who->level < r->decl->level ? r->decl->level :
				r->who->level < TOOL_PROVEN    ? r->who->level + 1 :
								 TOOL_PROVEN;
}

void tool_say(struct tool_run *r, const char *key)
{
	r->put->say_key = arena_sv(&r->put->work->a, sv_of(key));
}

bool tool_can_say(const struct tool_run *r, const char *key)
{
	const struct tool_work *w = r->put->work;
	return tool_text_of(w->item, sv_of(key), tool_lang(w->req.who.lang)).n > 0;
}

void tool_grant(struct tool_run *r, sv customer, enum tool_level level)
{
	r->put->grant_customer = arena_sv(&r->put->work->a, customer);
	r->put->grant_level = level;
}

void tool_audit(struct tool_run *r, sv text)
{
	r->put->audit = arena_sv(&r->put->work->a, sv_slice(text, 0, 1000));
}

void tool_keep(struct tool_run *r)
{
	r->put->keep = true;
}

static bool fill(const struct tool_work *w, sv text, struct sb *buf)
{
	int lang = tool_lang(w->req.who.lang);
	sv title = w->item ? w->item->d.title[lang] : SV_NULL;
	sb_reset(buf);
	return text.n && tool_text_fill(text, w->run.body, w->args, title, lang, buf);
}

/* The declaration's words for the source's key, else the policy's reason, else its words for the
 * outcome, else the outcome's own. In buf. */
sv tool_say_of(const struct tool_work *w, struct sb *buf)
{
	const struct tool_put *p = &w->put;
	int lang = tool_lang(w->req.who.lang);
	if (w->again && p->say_text.n)
		return p->say_text;
	bool asks = p->outcome == TOOL_CONFIRM || (w->req.dry && p->outcome == TOOL_DONE);
	if (asks && w->item && fill(w, w->item->confirm[lang], buf))
		return sb_sv(buf);
	if (p->say_key.n && fill(w, tool_text_of(w->item, p->say_key, lang), buf))
		return sb_sv(buf);
	if (p->say_text.n)
		return p->say_text;
	if (fill(w, tool_text_of(w->item, sv_of(tool_outcome_name(p->outcome)), lang), buf))
		return sb_sv(buf);
	sb_reset(buf);
	if (fill(w, tool_text_own(p->outcome, w->effect, lang), buf))
		return sb_sv(buf);
	return SV_NULL;
}
