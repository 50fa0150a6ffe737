/* ing_reader.c: the program callm-reader: one document in, articles and notes out, in a cage.
 *
 *	callm-reader                     worker: frames on descriptor 3, started by ing_apart.c
 *	callm-reader FILE                reads one file and prints what became of it (JSON
 * lines)
 *
 * The cage, before the first byte of the document is read: at most 512 MB of address space, 9 s
 * of CPU, no core, no new privileges, and by seccomp no sockets and no ptrace. Where seccomp cannot
 * be had, nothing is read. pdftohtml, started from here, has the same, a little less memory and
 * writes no file. It is one process a document, so nothing of one reaches the next. No threads.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "io.h"
#include "ing_int.h"

#if defined(__SANITIZE_ADDRESS__)
/* Its shadow alone is terabytes of address space, and its look for leaks traces. */
#define CAGE_MEMORY RLIM_INFINITY
#define NO_TRACE SYS_socket
#else
#define CAGE_MEMORY ((rlim_t)ING_MEMORY)
#define NO_TRACE SYS_ptrace
#endif
#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

static bool no_network(void)
{
#ifdef ARCH
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NO_TRACE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
	};
	struct sock_fprog prog = { sizeof(f) / sizeof(*f), f };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
#else
	return false;
#endif
}

static bool cage(void)
{
	ing_limit(RLIMIT_AS, CAGE_MEMORY);
	ing_limit(RLIMIT_CPU, ING_SECONDS);
	ing_limit(RLIMIT_CORE, 0);
	ing_limit(RLIMIT_NOFILE, 64);
	return no_network();
}

/* Read in the cage, or not at all. */
static int read_caged(bool caged, const struct ing_in *in, struct arena *a, struct ing_doc *d)
{
	struct ing_note *n;

	if (caged)
		return ing_read(in, a, d);
	*d = (struct ing_doc){ .kind = "" };
	n = VEC_PUSH(&d->notes, ING_NOTES_MAX);
	if (n)
		*n = (struct ing_note){ ING_CRASHED_NOTE, SV("seccomp is not to be had") };
	return ERR_UNSUPPORTED;
}

/* ---- worker ---- */

struct ask {
	struct arena a;
	struct sb bytes;
	struct ing_in in;
};

static int take_ask(struct ask *q, sv json)
{
	jv *o = jv_parse(json, NULL);

	q->in.name = arena_cstr(&q->a, jv_get_str(o, "name"));
	q->in.mime = arena_sv(&q->a, jv_get_str(o, "mime"));
	q->in.lang = arena_sv(&q->a, jv_get_str(o, "lang"));
	q->in.pages_max = (int)jv_get_int(o, "pages_max", 0);
	jv_free(o);
	return q->in.name ? 0 : ERR_PARSE;
}

static int listen_for(struct ask *q)
{
	struct sb frame;
	uint8_t kind = 0;
	int rc;

	sb_init(&frame, LIM_PROC_FRAME + 1);
	while ((rc = io_child_read(IO_CHILD_FD, &kind, &frame)) == 0 && kind != ING_MSG_GO) {
		if (kind == ING_MSG_ASK)
			rc = take_ask(q, sb_sv(&frame));
		else if (kind == ING_MSG_BYTES)
			sb_put(&q->bytes, sb_sv(&frame));
		if (rc)
			break;
	}
	sb_done(&frame);
	return rc ? rc : sb_err(&q->bytes);
}

static int send_json(uint8_t kind, jv *o)
{
	struct sb b;
	int rc;

	sb_init(&b, LIM_PROC_FRAME);
	jv_dump(o, &b);
	jv_free(o);
	rc = sb_err(&b) ? sb_err(&b) : io_child_write(IO_CHILD_FD, kind, sb_sv(&b));
	sb_done(&b);
	return rc;
}

static int tell(const struct ing_doc *d, int verdict)
{
	int rc = 0;

	for (size_t i = 0; i < d->articles.n && !rc; i++)
		rc = send_json(ING_MSG_ARTICLE, ing_article_json(&d->articles.v[i]));
	for (size_t i = 0; i < d->notes.n && !rc; i++) {
		jv *o = jv_obj();

		jv_set_str(o, "code", sv_of(ing_code_name(d->notes.v[i].code)));
		jv_set_str(o, "detail", d->notes.v[i].detail);
		rc = send_json(ING_MSG_NOTE, o);
	}
	for (size_t i = 0; i < d->links.n && !rc; i++)
		rc = io_child_write(IO_CHILD_FD, ING_MSG_LINK, d->links.v[i]);
	if (!rc) {
		jv *o = jv_obj();

		jv_set_str(o, "kind", sv_of(d->kind));
		jv_set_int(o, "pages", d->pages);
		jv_set_bool(o, "noindex", d->noindex);
		jv_set_int(o, "rc", verdict);
		rc = send_json(ING_MSG_END, o);
	}
	return rc;
}

static int work(bool caged)
{
	struct ask q = { 0 };
	struct ing_doc d = { 0 };
	int rc, verdict;

	arena_init(&q.a, LIM_ARENA_BIG);
	sb_init(&q.bytes, ING_FILE_MAX + 1);
	rc = listen_for(&q);
	if (!rc) {
		q.in.bytes = sb_sv(&q.bytes);
		verdict = read_caged(caged, &q.in, &q.a, &d);
		rc = tell(&d, verdict);
	}
	ing_doc_done(&d);
	sb_done(&q.bytes);
	arena_done(&q.a);
	return rc ? 1 : 0;
}

/* ---- by hand ---- */

static void print(jv *o)
{
	struct sb b;

	sb_init(&b, LIM_JSON_BYTES);
	jv_dump(o, &b);
	jv_free(o);
	puts(sb_str(&b));
	sb_done(&b);
}

static int by_hand(const char *path)
{
	struct arena a;
	struct sb b;
	struct err e = { 0 };
	struct ing_doc d = { 0 };
	struct ing_in in = { .name = path };
	int rc;

	arena_init(&a, LIM_ARENA_BIG);
	sb_init(&b, ING_FILE_MAX + 1);
	rc = file_read(path, ING_FILE_MAX, &b, &e);
	if (rc) {
		(void)fprintf(stderr, "callm-reader: %s\n", e.msg);
	} else {
		in.bytes = sb_sv(&b);
		rc = read_caged(cage(), &in, &a, &d);
		for (size_t i = 0; i < d.articles.n; i++)
			print(ing_article_json(&d.articles.v[i]));
		print(ing_notes_json(d.notes.v, d.notes.n));
	}
	ing_doc_done(&d);
	sb_done(&b);
	arena_done(&a);
	return rc ? 1 : 0;
}

int ing_reader_main(int argc, char **argv)
{
	if (argc == 2 && argv[1][0] != '-')
		return by_hand(argv[1]);
	if (argc != 1) {
		(void)fputs("usage: callm-reader FILE       what becomes of a document, as JSON "
			    "lines\n       callm-reader            the server's worker: frames on "
			    "descriptor 3\n", stderr);
		return 2;
	}
	return work(cage());
}
