/* ing_apart.c: a document read by callm-reader, a process of its own.
 *
 * The calling thread runs a small loop of its own until the answer is there, the clock says stop or
 * the process is gone; then the process is killed with all it started. Whatever it does, the caller
 * gets articles or a note. Blocking; the process dies with the calling thread.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include "io.h"
#include "ing_int.h"

struct apart {
	struct loop *l;
	struct arena *a;
	struct ing_doc *d;
	struct loop_timer late;
	bool done, timed_out, died;
	int status, rc;
};

static void note(struct apart *x, enum ing_code c, const char *detail)
{
	struct ing_note *n = VEC_PUSH(&x->d->notes, ING_NOTES_MAX);

	if (n)
		*n = (struct ing_note){ c, arena_sv(x->a, sv_of(detail)) };
}

static const char *kind_of(sv name)
{
	static const char *const kinds[] = { "markdown", "text", "html", "csv", "tsv", "json",
					     "jsonl", "mail", "pdf", "zip", "office", "docx",
					     "xlsx", "pptx" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (sv_eq(name, sv_of(kinds[i])))
			return kinds[i];
	return "";
}

static void on_article(struct apart *x, const jv *o)
{
	struct ing_article got, *slot;

	if (ing_article_read(o, x->a, &got))
		return;
	slot = VEC_PUSH(&x->d->articles, ING_ARTICLES_MAX);
	if (slot)
		*slot = got;
}

static void on_frame(void *arg, uint8_t kind, sv payload)
{
	struct apart *x = arg;
	jv *o = kind == ING_MSG_LINK ? NULL : jv_parse(payload, NULL);
	sv *link;
	int code;

	switch (kind) {
	case ING_MSG_ARTICLE:
		on_article(x, o);
		break;
	case ING_MSG_NOTE:
		code = ing_code_of(jv_get_str(o, "code"));
		if (code >= 0)
			note(x, (enum ing_code)code,
			     arena_cstr(x->a, jv_get_str(o, "detail")));
		break;
	case ING_MSG_LINK:
		link = sv_utf8_ok(payload) ? VEC_PUSH(&x->d->links, ING_LINKS_MAX) : NULL;
		if (link)
			*link = arena_sv(x->a, payload);
		break;
	case ING_MSG_END:
		x->d->kind = kind_of(jv_get_str(o, "kind"));
		x->d->pages = (int)jv_get_int(o, "pages", 0);
		x->d->noindex = jv_get_bool(o, "noindex", false);
		x->rc = (int)jv_get_int(o, "rc", 0);
		x->done = true;
		loop_stop(x->l);
		break;
	default:
		break;
	}
	jv_free(o);
}

static void on_state(void *arg, bool up, int status)
{
	struct apart *x = arg;

	if (up || x->done)
		return;
	x->died = true;
	x->status = status;
	loop_stop(x->l);
}

/* What it says on stderr is for nobody: it may be the document's words. */
static void on_line(void *arg, sv line)
{
}

static void on_late(void *arg)
{
	struct apart *x = arg;

	x->timed_out = true;
	loop_stop(x->l);
}

static int hand_over(struct io_proc *p, const struct ing_in *in)
{
	jv *o = jv_obj();
	struct sb b;
	sv rest = in->bytes;
	int rc;

	sb_init(&b, LIM_PROC_FRAME);
	jv_set_str(o, "name", sv_of(in->name));
	jv_set_str(o, "mime", in->mime);
	jv_set_str(o, "lang", in->lang);
	jv_set_int(o, "pages_max", in->pages_max);
	jv_dump(o, &b);
	jv_free(o);
	rc = io_proc_send(p, ING_MSG_ASK, sb_sv(&b));
	sb_done(&b);
	while (!rc && rest.n) {
		sv piece = sv_slice(rest, 0, LIM_PROC_FRAME / 2);

		rest = sv_slice(rest, piece.n, rest.n);
		rc = io_proc_send(p, ING_MSG_BYTES, piece);
	}
	return rc ? rc : io_proc_send(p, ING_MSG_GO, SV(""));
}

static int verdict(struct apart *x)
{
	char why[40];

	if (x->done)
		return x->rc;
	x->d->articles.n = 0; /* half of a document is none */
	if (x->timed_out || (x->died && WIFSIGNALED(x->status) && WTERMSIG(x->status) == SIGXCPU)) {
		note(x, ING_TOO_SLOW_NOTE, "10");
		return ERR_TIMEOUT;
	}
	/* malloc that fails aborts: with the limit on memory that is what it means */
	if (x->died && WIFSIGNALED(x->status) && WTERMSIG(x->status) == SIGABRT) {
		note(x, ING_TOO_MUCH_MEMORY_NOTE, "");
		return ERR_TOOBIG;
	}
	(void)snprintf(why, sizeof(why), "%s %d",
		       x->died && WIFSIGNALED(x->status) ? "signal" : "exit",
		       !x->died ? -1 : WIFSIGNALED(x->status) ? WTERMSIG(x->status) :
								WEXITSTATUS(x->status));
	note(x, ING_CRASHED_NOTE, why);
	return ERR_PARSE;
}

int ing_read_apart(const char *reader, const struct ing_in *in, struct arena *a,
		   struct ing_doc *d)
{
	static const char *const env[] = { "LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", NULL };
	const char *const argv[] = { reader, NULL };
	struct apart x = { .a = a, .d = d };
	struct io_proc *p = NULL;
	struct io_proc_opts o = { .argv = argv, .envp = env, .name = "reader",
				  .on_frame = on_frame, .on_state = on_state, .on_line = on_line,
				  .arg = &x, .queue_max = ING_FILE_MAX + (1u << 20),
				  .nice_by = 10 };
	int rc;

	*d = (struct ing_doc){ .kind = "" };
	if (in->bytes.n > ING_FILE_MAX) {
		note(&x, ING_TOO_BIG_NOTE, "33554432");
		return ERR_TOOBIG;
	}
	x.l = loop_new();
	if (!x.l)
		return ERR_NOMEM;
	rc = io_proc_start(&p, x.l, &o);
	if (!rc)
		rc = hand_over(p, in);
	if (!rc && !x.died) {
		loop_after(x.l, &x.late, 10000, on_late, &x);
		while (!x.done && !x.died && !x.timed_out)
			loop_run(x.l);
		loop_timer_stop(&x.late);
	}
	if (rc && !x.died)
		note(&x, ING_NO_READER_NOTE, reader);
	else
		rc = verdict(&x);
	io_proc_stop(p);
	loop_free(x.l);
	return rc;
}
