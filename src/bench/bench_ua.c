/* bench_ua.c: another's telephone as the caller: baresip processes (Debian package baresip-core),
 * each one line with a folder of its own, told what to do on its standard input.
 *
 * What it says is a WAV file that it is told to take as its microphone: some frames of marked
 * background, the sentence, background for a minute. The frames count on over all files of a
 * call, so that the wire (bench_tap.c) and the recogniser know the place. What it heard is its own
 * recording. Signalling, keys and RTP are its own. A line makes one call at a time and is used
 * again; all of them end with the bench. */
#include "bench_int.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LINES_MAX = 64,
	LEAD = 3,              /* frames of background before a sentence */
	AHEAD = 25,            /* frames: a file begins so far behind what is being sent */
	FILE_S = 60,
	HEAD = 44,             /* of a WAV file */
	KEY_US = 240000,       /* a key of baresip's with its ends, and a pause */
	SETUP_US = 12000000,   /* for any answer */
	END_US = 8000000,      /* for the end of a call */
	QUIT_MS = 3000,
};

static const char *modules(void)
{
	static const char *const dirs[] = { "/usr/lib/baresip/modules",
					    "/usr/lib64/baresip/modules",
					    "/usr/local/lib/baresip/modules" };
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (access(dirs[i], R_OK) == 0)
			return dirs[i];
	return NULL;
}

int bench_ua_check(const char *caller, struct err *e)
{
	if (!caller)
		return 0;
	if (strcmp(caller, "baresip") != 0)
		return err_set(e, ERR_INVAL, "--caller is baresip, or left out: our own");
	if (!modules())
		return err_set(e, ERR_NOTFOUND,
			       "baresip is not installed (Debian package baresip-core)");
	return 0;
}

/* ---- files ---- */

static void put_le(uint8_t *d, uint32_t v, int n)
{
	for (int i = 0; i < n; i++)
		d[i] = (uint8_t)(v >> (8 * i));
}

/* 8 kHz, one channel, 16 bit. */
static void wav_head(uint8_t h[HEAD], uint32_t bytes)
{
	memcpy(h, "RIFF....WAVEfmt ", 16);
	put_le(h + 4, HEAD - 8 + bytes, 4);
	put_le(h + 16, 16, 4);
	put_le(h + 20, 1, 2);
	put_le(h + 22, 1, 2);
	put_le(h + 24, PCM_HZ, 4);
	put_le(h + 28, PCM_HZ * 2, 4);
	put_le(h + 32, 2, 2);
	put_le(h + 34, 16, 2);
	memcpy(h + 36, "data", 4);
	put_le(h + 40, bytes, 4);
}

/* Background of the phone from frame on with the clip in it; c may be NULL. */
size_t bench_ua_sound(const struct bench_phone *p, const struct bench_clip *c, double db,
		      uint64_t frame, struct sb *out)
{
	size_t spoken = c ? (c->n + PCM_FRAME - 1) / PCM_FRAME : 0;
	size_t frames = LEAD + spoken + (size_t)FILE_S * 50;
	uint8_t h[HEAD];
	wav_head(h, (uint32_t)(frames * PCM_FRAME * 2));
	sb_put(out, sv_n((const char *)h, HEAD));
	for (size_t i = 0; i < frames; i++) {
		int16_t s[PCM_FRAME] = { 0 };
		uint8_t d[PCM_FRAME * 2];
		size_t at = i >= LEAD ? (i - LEAD) * PCM_FRAME : 0;
		if (i >= LEAD && i < LEAD + spoken) {
			size_t n = c->n - at < PCM_FRAME ? c->n - at : PCM_FRAME;
			memcpy(s, c->s + at, n * sizeof(*s));
			if (db < 0 || db > 0)
				pcm_gain(s, n, db);
		} else {
			bench_mark_put(s, (unsigned)p->id, (unsigned)(frame + i));
		}
		for (int k = 0; k < PCM_FRAME; k++)
			put_le(d + k * 2, (uint16_t)s[k], 2);
		sb_put(out, sv_n((const char *)d, sizeof(d)));
	}
	return (size_t)(frame + LEAD) * PCM_FRAME;
}

static int write_sound(struct bench_phone *p, const struct bench_clip *c, double db, uint64_t frame,
		       size_t *ret_at)
{
	char path[4600];
	struct sb wav;
	struct err e;
	sb_init(&wav, 16 << 20);
	*ret_at = bench_ua_sound(p, c, db, frame, &wav);
	(void)snprintf(path, sizeof(path), "%s/say.wav", p->ua->dir);
	int rc = sb_err(&wav);
	rc = rc ? rc : file_write(path, sb_sv(&wav), &e);
	sb_done(&wav);
	return rc;
}

static int write_files(const struct bench_ua *u, struct err *e)
{
	char path[4600], text[10000];
	int rc = file_mkdirs(u->dir, e);
	(void)snprintf(text, sizeof(text),
		       "sip_listen 127.0.0.1:0\nnet_interface 127.0.0.1\nmodule_path %s\n"
		       "module g711.so\nmodule aufile.so\nmodule sndfile.so\nmodule stdio.so\n"
		       "module_app menu.so\nmodule_app account.so\n"
		       "audio_source aufile,%s/say.wav\nsnd_path %s\n",
		       modules(), u->dir, u->dir);
	(void)snprintf(path, sizeof(path), "%s/config", u->dir);
	rc = rc ? rc : file_write(path, sv_of(text), e);
	(void)snprintf(text, sizeof(text), "<sip:line%d@127.0.0.1>;regint=0\n", u->n);
	(void)snprintf(path, sizeof(path), "%s/accounts", u->dir);
	rc = rc ? rc : file_write(path, sv_of(text), e);
	(void)snprintf(path, sizeof(path), "%s/contacts", u->dir);
	return rc ? rc : file_write(path, SV("\n"), e);
}

/* ---- the process ---- */

static int spawn(struct bench_ua *u, bool keep)
{
	int fd[2];
	char log[4600];
	pid_t parent = getpid();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return ERR_FULL;
	(void)snprintf(log, sizeof(log), "%s/baresip.log", u->dir);
	pid_t pid = fork();
	if (pid == 0) {
		int out = open(keep ? log : "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0600);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		(void)dup2(fd[1], 0);
		(void)dup2(out, 1);
		(void)dup2(out, 2);
		execlp("baresip", "baresip", "-f", u->dir, (char *)NULL);
		_exit(127);
	}
	(void)close(fd[1]);
	if (pid < 0) {
		(void)close(fd[0]);
		return ERR_FULL;
	}
	u->in_fd = fd[0];
	u->pid = pid;
	return 0;
}

static void tell(struct bench_ua *u, const char *text)
{
	/* a line that has died is noticed by its call's deadline */
	(void)send(u->in_fd, text, strlen(text), MSG_NOSIGNAL);
}

static struct bench_ua *ua_new(struct bench *b)
{
	struct err e;
	struct bench_ua **slot = bench_dir(b, &e) ? NULL : VEC_PUSH(&b->uas, LINES_MAX);
	if (!slot)
		return NULL;
	struct bench_ua *u = *slot = xalloc(sizeof(*u));
	u->n = (int)b->uas.n;
	(void)snprintf(u->dir, sizeof(u->dir), "%s/baresip-%d", b->srv.dir, u->n);
	if (write_files(u, &e) == 0 && spawn(u, b->o.keep != NULL) == 0)
		return u;
	b->uas.n--;
	xfree(u);
	return NULL;
}

static struct bench_ua *ua_free(struct bench *b)
{
	for (size_t i = 0; i < b->uas.n; i++)
		if (!b->uas.v[i]->p || b->uas.v[i]->p->state == PH_OVER)
			return b->uas.v[i];
	return ua_new(b);
}

void bench_ua_close_all(struct bench *b)
{
	size_t left = b->uas.n;
	int64_t end = bench_now_us() + QUIT_MS * 1000;
	for (size_t i = 0; i < b->uas.n; i++)
		tell(b->uas.v[i], "/quit\n");
	while (left) {
		bool late = bench_now_us() > end;
		for (size_t i = 0; i < b->uas.n; i++) {
			struct bench_ua *u = b->uas.v[i];
			if (late && u->pid)
				(void)kill(u->pid, SIGKILL);
			if (u->pid && waitpid(u->pid, NULL, late ? 0 : WNOHANG) == u->pid) {
				u->pid = 0;
				left--;
			}
		}
		loop_run_once(b->loop, 20);
	}
	for (size_t i = 0; i < b->uas.n; i++) {
		(void)close(b->uas.v[i]->in_fd);
		xfree(b->uas.v[i]);
	}
	VEC_FREE(&b->uas);
}

/* ---- what it heard ---- */

/* Loud time of its recording of what it heard, ms; -1 = there is none. All its recordings go. */
static double its_own(const struct bench_ua *u)
{
	char path[4800];
	double ms = -1;
	DIR *d = opendir(u->dir);
	for (struct dirent *x = d ? readdir(d) : NULL; x; x = readdir(d)) {
		struct sb t;
		struct err e;
		if (!sv_starts(sv_of(x->d_name), SV("dump-")))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", u->dir, x->d_name);
		sb_init(&t, 64 << 20);
		if (sv_ends(sv_of(x->d_name), SV("-dec.wav")) &&
		    file_read(path, 64 << 20, &t, &e) == 0 && t.n > HEAD)
			ms = bench_loud_ms((const int16_t *)(const void *)(t.p + HEAD),
					   (t.n - HEAD) / 2);
		sb_done(&t);
		(void)unlink(path);
	}
	if (d)
		(void)closedir(d);
	return ms;
}

static void judge(struct bench_ua *u)
{
	const struct bench_phone *p = u->p;
	double ms = its_own(u);
	double wire = p && p->kept ? bench_loud_ms(p->heard.v, p->heard.n) : 0;
	if (wire > 500)
		bench_num(&p->b->ua_off, ms < 0 ? 100 : 100 * fabs(ms - wire) / wire);
	u->p = NULL;
}

void bench_ua_rows(struct bench *b, const char *id)
{
	if (!b->o.caller)
		return;
	bench_pause(b, 500); /* its files are closed */
	for (size_t i = 0; i < b->uas.n; i++)
		judge(b->uas.v[i]);
	bench_row_nums(b, id, "loud time baresip recorded against the wire", "%", &b->ua_off,
		       NAN, 5, 1);
	VEC_FREE(&b->ua_off);
}

/* ---- its calls ---- */

int bench_ua_dial(struct bench_phone *p)
{
	struct bench *b = p->b;
	struct bench_ua *u = ua_free(b);
	char cmd[80];
	size_t at;
	if (!u)
		return ERR_FULL;
	judge(u);
	u->p = p;
	p->ua = u;
	int rc = bench_tap_open(p);
	rc = rc ? rc : write_sound(p, NULL, 0, 0, &at);
	if (rc) {
		u->p = NULL;
		p->ua = NULL;
		return rc;
	}
	p->resend_us = bench_now_us() + SETUP_US;
	(void)snprintf(cmd, sizeof(cmd), "/dial sip:service@127.0.0.1:%d\n", b->sip_port);
	tell(u, cmd);
	return 0;
}

void bench_ua_bye(struct bench_phone *p)
{
	if (p->state == PH_OVER)
		return;
	tell(p->ua, "/hangup\n");
	p->ours_to_end = true;
	p->state = PH_ENDING;
	p->resend_us = bench_now_us() + END_US;
}

/* The sentence begins with a frame, LEAD frames into the file. */
int bench_ua_say(struct bench_phone *p, const struct bench_clip *c, double db, uint64_t *ret_at)
{
	char cmd[4700];
	size_t at;
	int rc = write_sound(p, c, db, p->sent / PCM_FRAME + AHEAD, &at);
	if (rc)
		return rc;
	*ret_at = at;
	(void)snprintf(cmd, sizeof(cmd), "/ausrc aufile,%s/say.wav\n", p->ua->dir);
	tell(p->ua, cmd);
	return 0;
}

void bench_ua_tick(struct bench_phone *p, int64_t now)
{
	if (p->state != PH_UP || p->key_at == p->keys.n || now < p->next_us)
		return;
	const struct bench_key *k = &p->keys.v[p->key_at++];
	char text[2] = { k->digit, 0 };
	tell(p->ua, text);
	p->next_us = now + KEY_US + k->gap_ms * 1000;
}
