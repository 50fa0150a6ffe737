/* ing_pdf.c: PDF by pdftohtml (poppler, GPL) as a process of its own, never linked.
 *
 * The document goes over in a memory file, its text comes back as XML lines with places and
 * fonts; the child has limits on memory, CPU and clock, and its output is bounded. Blocking; in
 * callm-reader (a process of its own already) or a test. ing_pdf_text.c makes Markdown of the
 * lines.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ing_int.h"

enum { OUT_MAX = 64 << 20, SAID_MAX = 4096, DOC_FD = 3 };

static const char *const programs[] = { "/usr/bin/pdftohtml", "/usr/local/bin/pdftohtml",
					"/bin/pdftohtml" };

struct pdf_run {
	pid_t pid;
	int out, said;           /* pipes from it */
	struct sb text, why;
	int status;
	bool late;
};

_Noreturn static void become(const char *program, char *const *argv, int doc, int out, int said)
{
	static char *const env[] = { (char *)"LC_ALL=C.UTF-8", (char *)"PATH=/usr/bin:/bin", NULL };
	int null = open("/dev/null", O_RDONLY);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(null, 0);
	(void)dup2(out, 1);
	(void)dup2(said, 2);
	if (doc == DOC_FD)
		(void)fcntl(doc, F_SETFD, 0);
	else
		(void)dup2(doc, DOC_FD);
	for (int fd = DOC_FD + 1; fd < 256; fd++)
		(void)close(fd);
	ing_limit(RLIMIT_AS, ING_PDF_MEMORY);
	ing_limit(RLIMIT_CPU, ING_SECONDS);
	ing_limit(RLIMIT_CORE, 0);
	ing_limit(RLIMIT_FSIZE, 0);
	(void)execve(program, argv, env);
	_exit(127);
}

static int memory_file(sv bytes)
{
	int fd = memfd_create("pdf", MFD_CLOEXEC);
	size_t at = 0;

	while (fd >= 0 && at < bytes.n) {
		ssize_t n = write(fd, bytes.p + at, bytes.n - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			(void)close(fd);
			return -1;
		}
		at += (size_t)n;
	}
	return fd;
}

/* Reads what it says until both ends are closed, the time is over or it says too much. */
static void listen_to(struct pdf_run *r)
{
	struct pollfd p[2] = { { r->out, POLLIN, 0 }, { r->said, POLLIN, 0 } };
	int64_t end = clk_mono_us() + (int64_t)ING_SECONDS * 1000000;
	char buf[65536];

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		int64_t left = (end - clk_mono_us()) / 1000;

		if (left <= 0 || sb_err(&r->text)) {
			r->late = left <= 0;
			(void)kill(r->pid, SIGKILL);
			return;
		}
		if (poll(p, 2, (int)left) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (p[i].fd < 0 || !p[i].revents)
				continue;
			n = read(p[i].fd, buf, sizeof(buf));
			if (n <= 0)
				p[i].fd = -1;
			else
				sb_put(i ? &r->why : &r->text, sv_n(buf, (size_t)n));
		}
	}
}

static int run(struct pdf_run *r, const char *program, char *const *argv, int doc)
{
	int out[2], said[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return ERR_FULL;
	if (pipe2(said, O_CLOEXEC) < 0) {
		(void)close(out[0]);
		(void)close(out[1]);
		return ERR_FULL;
	}
	r->pid = fork();
	if (r->pid == 0)
		become(program, argv, doc, out[1], said[1]);
	(void)close(out[1]);
	(void)close(said[1]);
	r->out = out[0];
	r->said = said[0];
	if (r->pid > 0) {
		listen_to(r);
		while (waitpid(r->pid, &r->status, 0) < 0 && errno == EINTR)
			;
	}
	(void)close(out[0]);
	(void)close(said[0]);
	return r->pid > 0 ? 0 : ERR_NOMEM;
}

static int failed(struct ing_job *j, const struct pdf_run *r)
{
	sv why = sb_sv(&r->why), line = SV_NULL;
	ptrdiff_t last = -1;

	if (sv_find(why, SV("ncorrect password")) >= 0)
		return ing_refuse(j, ERR_DENIED, ING_ENCRYPTED_NOTE, SV(""));
	if (r->late || (WIFSIGNALED(r->status) && WTERMSIG(r->status) == SIGXCPU))
		return ing_refuse(j, ERR_TIMEOUT, ING_TOO_SLOW_NOTE, SV("9"));
	if (sb_err(&r->text))
		return ing_refuse(j, ERR_TOOBIG, ING_TOO_BIG_NOTE, SV("67108864"));
	if (sv_find(why, SV("ut of memory")) >= 0 || sv_find(why, SV("bad_alloc")) >= 0)
		return ing_refuse(j, ERR_NOMEM, ING_TOO_MUCH_MEMORY_NOTE, SV(""));
	while ((last = sv_find(why, SV("rror"))) >= 0 && !line.n)
		(void)sv_line(&why, &line);
	return ing_refuse(j, ERR_PARSE, ING_DAMAGED_NOTE, line.n ? sv_trim(line) : SV("PDF"));
}

/* hidden: the layer that text recognition puts behind a scan. */
static int attempt(struct ing_job *j, const char *program, int doc, bool hidden)
{
	char pages[16];
	int max = j->in->pages_max ? j->in->pages_max : ING_PAGES_MAX, rc;
	char *argv[] = { (char *)"pdftohtml", (char *)"-xml", (char *)"-i", (char *)"-stdout",
			 (char *)"-l", pages, (char *)(hidden ? "-hidden" : "-nodrm"),
			 (char *)"/dev/fd/3", NULL };
	struct pdf_run r = { 0 };

	(void)snprintf(pages, sizeof(pages), "%d", max + 1);
	sb_init(&r.text, OUT_MAX);
	sb_init(&r.why, SAID_MAX);
	(void)lseek(doc, 0, SEEK_SET);
	rc = run(&r, program, argv, doc);
	if (rc)
		(void)ing_refuse(j, rc, ING_NO_READER_NOTE, SV("fork"));
	else if (r.late || sb_err(&r.text) || !WIFEXITED(r.status) || WEXITSTATUS(r.status) ||
		 sv_find(sb_sv(&r.text), SV("<page ")) < 0)
		rc = failed(j, &r);
	else
		rc = ing_pdf_text(j, sb_sv(&r.text));
	sb_done(&r.text);
	sb_done(&r.why);
	return rc;
}

int ing_pdf(struct ing_job *j, sv bytes)
{
	const char *program = NULL;
	size_t had = j->d->articles.n;
	int doc, rc;

	if (!j->depth)
		j->d->kind = "pdf";
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs) && !program; i++)
		program = access(programs[i], X_OK) == 0 ? programs[i] : NULL;
	if (!program)
		return ing_refuse(j, ERR_NOTFOUND, ING_NO_READER_NOTE,
				  SV("pdftohtml (poppler-utils)"));
	doc = memory_file(bytes);
	if (doc < 0)
		return ing_refuse(j, ERR_NOMEM, ING_TOO_MUCH_MEMORY_NOTE, SV(""));
	rc = attempt(j, program, doc, false);
	if (!rc && j->d->articles.n == had && !j->left.hidden)
		rc = attempt(j, program, doc, true);
	(void)close(doc);
	return rc;
}
