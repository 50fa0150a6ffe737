/* digit_set.c: rows `label<TAB>WAV` into clips at 8 kHz. Labels are numbered in the order of the
 * alphabet, so the same rows in another order give the same labels. Blocking; owns what it
 * fills. */
#include "digit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096, SECONDS_MAX = 10, TSV_BYTES = 64 << 20 };

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int find(const struct digit_set *set, sv name)
{
	for (int i = 0; i < set->n_label; i++)
		if (sv_eq(name, sv_of(set->label[i])))
			return i;
	return -1;
}

/* A row's two parts; empty lines and comments have none. */
static bool parts(sv line, sv *label, sv *path)
{
	line = sv_trim(line);
	if (!line.n || line.p[0] == '#')
		return false;
	*path = line;
	if (!sv_cut(path, '\t', label))
		*label = SV_NULL;
	*label = sv_trim(*label);
	*path = sv_trim(*path);
	return true;
}

static int take_labels(struct digit_set *set, sv text, const char *file, struct err *e)
{
	sv line, label, path;
	for (int no = 1; sv_cut(&text, '\n', &line); no++) {
		if (!parts(line, &label, &path))
			continue;
		if (!label.n || !path.n)
			return err_set(e, ERR_PARSE, "%s:%d: not a word, a tab and a WAV file",
				       file, no);
		if (label.n >= DIGIT_LABEL_BYTES)
			return err_set(e, ERR_PARSE, "%s:%d: a word of more than %d bytes", file,
				       no, DIGIT_LABEL_BYTES - 1);
		if (find(set, label) >= 0)
			continue;
		if (set->n_label == DIGIT_LABELS_MAX)
			return err_set(e, ERR_TOOBIG, "%s:%d: more than %d different words", file,
				       no, DIGIT_LABELS_MAX);
		memcpy(set->label[set->n_label++], label.p, label.n);
	}
	qsort(set->label, (size_t)set->n_label, sizeof(set->label[0]), by_name);
	return 0;
}

static int take_clip(struct digit_set *set, sv label, const char *path, struct err *e)
{
	struct pcm_clip c = { 0 };
	int rc = pcm_wav_read(path, PCM_HZ, &c, e);
	if (rc)
		return rc;
	if (c.n < PCM_HZ / 20 || c.n > (size_t)SECONDS_MAX * PCM_HZ) {
		pcm_clip_done(&c);
		return err_set(e, ERR_RANGE, "%.300s: not of 50 ms to %d s", path, SECONDS_MAX);
	}
	if (set->n == set->cap) {
		set->cap = set->cap ? 2 * set->cap : 256;
		set->v = xrealloc(set->v, set->cap * sizeof(*set->v));
	}
	uint64_t parts_of[3] = { set->hash, sv_hash(label),
				 sv_hash(sv_n((const char *)c.s, c.n * sizeof(*c.s))) };
	set->hash = sv_hash(sv_n((const char *)parts_of, sizeof(parts_of)));
	set->v[set->n++] = (struct digit_clip){ c.s, c.n, find(set, label) };
	return 0;
}

static int take_clips(struct digit_set *set, sv text, const char *file, struct err *e)
{
	const char *slash = strrchr(file, '/');
	sv dir = slash ? sv_n(file, (size_t)(slash - file) + 1) : SV_NULL, line, label, path;
	char full[PATH_BYTES];
	for (int no = 1; sv_cut(&text, '\n', &line); no++) {
		struct err why = { 0 };
		if (!parts(line, &label, &path))
			continue;
		if (set->n == DIGIT_CLIPS_MAX)
			return err_set(e, ERR_TOOBIG, "%s:%d: more than %d rows", file, no,
				       DIGIT_CLIPS_MAX);
		int n = snprintf(full, sizeof(full), SV_FMT SV_FMT,
				 SV_ARG(path.p[0] == '/' ? SV_NULL : dir), SV_ARG(path));
		if (n < 0 || n >= (int)sizeof(full) || memchr(full, '\0', (size_t)n))
			return err_set(e, ERR_PARSE, "%s:%d: not the name of a file", file, no);
		int rc = take_clip(set, label, full, &why);
		if (rc)
			return err_set(e, rc, "%s:%d: %s", file, no, why.msg);
	}
	return 0;
}

int digit_set_read(struct digit_set *ret, const char *path, struct err *e)
{
	struct sb text;
	*ret = (struct digit_set){ 0 };
	sb_init(&text, TSV_BYTES);
	int rc = file_read(path, TSV_BYTES, &text, e);
	if (rc == 0)
		rc = take_labels(ret, sb_sv(&text), path, e);
	if (rc == 0)
		rc = take_clips(ret, sb_sv(&text), path, e);
	sb_done(&text);
	return rc;
}

void digit_set_done(struct digit_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		xfree(set->v[i].s);
	xfree(set->v);
	xfree(set->vec);
	*set = (struct digit_set){ 0 };
}
