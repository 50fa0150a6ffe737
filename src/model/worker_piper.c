/* worker_piper.c: callm-onnx piper: a voice of Piper (VITS), American English.
 *
 * file= is the .onnx file, or a folder with one in it; FILE.json beside it tells the rate and the
 * numbers of the symbols, which are IPA as espeak-ng writes it; ours come from flite's lexicon
 * (g2p_en.c), so that no copyleft code is needed. Between two symbols stands the pad, as in
 * Piper's training. */
#include <glob.h>
#include <stdio.h>

#include "io.h"
#include "ort.h"
#include "voice.h"
#include "worker.h"
#include "worker_onnx.h"

enum { JSON_MAX = 1 << 20, IDS_MAX = 1024, RUNES = 0x3000, RATE_MIN = 8000, RATE_MAX = 48000 };

struct piper {
	struct ort *rt;
	struct ort_model *m;
	const char *output;
	int rate;
	float noise, length, noise_w;
	int16_t id[RUNES]; /* by code point; -1 = unknown */
	int begin, end, pad;
	bool speakers; /* wants "sid" */
};

static int speak(void *arg, const char *voice, const struct g2p_said *said, double speed,
		 struct voice_sound *out)
{
	struct piper *p = arg;
	struct err e = { 0 };
	int64_t ids[IDS_MAX], n = 0, sid = 0;
	float scales[3] = { p->noise, p->length / (float)speed, p->noise_w };
	(void)voice;
	ids[n++] = p->begin;
	ids[n++] = p->pad;
	for (sv s = sb_sv(&said->ipa); s.n && n < IDS_MAX - 3;) {
		uint32_t r = sv_rune(&s);
		if (r >= RUNES || p->id[r] < 0)
			continue;
		ids[n++] = p->id[r];
		ids[n++] = p->pad;
	}
	ids[n++] = p->end;
	struct ort_tensor in[] = {
		{ .name = "input",
		  .type = ORT_INT64,
		  .n_dims = 2,
		  .dims = { 1, n },
		  .data = ids },
		{ .name = "input_lengths",
		  .type = ORT_INT64,
		  .n_dims = 1,
		  .dims = { 1 },
		  .data = &n },
		{ .name = "scales",
		  .type = ORT_FLOAT,
		  .n_dims = 1,
		  .dims = { 3 },
		  .data = scales },
		{ .name = "sid", .type = ORT_INT64, .n_dims = 1, .dims = { 1 }, .data = &sid }
	};
	struct ort_tensor sound[] = { { .name = p->output } };
	int rc = ort_run(p->m, in, p->speakers ? 4 : 3, sound, 1, &e);
	if (rc) {
		(void)fprintf(stderr, "piper: %s\n", e.msg);
		return rc;
	}
	bool fits = sound[0].type == ORT_FLOAT &&
		    voice_sound_set(out, sound[0].data, ort_count(&sound[0]));
	ort_release(p->m, sound, 1);
	return fits ? 0 : ERR_TOOBIG;
}

/* ---- the description ---- */

static void read_ids(struct piper *p, const jv *map)
{
	void *it = NULL;
	sv key;
	jv *val;
	memset(p->id, 0xff, sizeof(p->id));
	while (jv_next(map, &it, &key, &val)) {
		sv s = key;
		uint32_t r = sv_rune(&s);
		int64_t id = jv_as_int(jv_at(val, 0), -1);
		if (s.n == 0 && r < RUNES && id >= 0 && id < 1000)
			p->id[r] = (int16_t)id;
	}
	p->begin = p->id['^'];
	p->end = p->id['$'];
	p->pad = p->id['_'];
}

static int read_json(struct piper *p, const char *onnx, struct err *e)
{
	char path[4200];
	struct sb text;
	(void)snprintf(path, sizeof(path), "%s.json", onnx);
	sb_init(&text, JSON_MAX);
	int rc = file_read(path, JSON_MAX, &text, e);
	jv *o = rc ? NULL : jv_parse(sb_sv(&text), e);
	sb_done(&text);
	if (!o)
		return rc ? rc : ERR_PARSE;
	p->rate = (int)jv_as_int(jv_path(o, "audio.sample_rate"), 22050);
	p->noise = (float)jv_as_num(jv_path(o, "inference.noise_scale"), 0.667);
	p->length = (float)jv_as_num(jv_path(o, "inference.length_scale"), 1.0);
	p->noise_w = (float)jv_as_num(jv_path(o, "inference.noise_w"), 0.8);
	read_ids(p, jv_get(o, "phoneme_id_map"));
	jv_free(o);
	if (p->begin < 0 || p->end < 0 || p->pad < 0 || p->rate < RATE_MIN || p->rate > RATE_MAX)
		return err_set(e, ERR_VERSION, "%s describes no voice of Piper", path);
	return 0;
}

/* The .onnx file, or the first one of a folder. */
static int find_file(const char *given, char path[4096], struct err *e)
{
	if (!given)
		return err_set(e, ERR_INVAL, "piper needs file=, its ONNX file");
	(void)snprintf(path, 4096, "%.4000s", given);
	if (sv_ends(sv_of(given), SV(".onnx")))
		return 0;
	char pattern[4096];
	glob_t g;
	(void)snprintf(pattern, sizeof(pattern), "%.4000s/*.onnx", given);
	int rc = glob(pattern, 0, NULL, &g);
	if (!rc)
		(void)snprintf(path, 4096, "%.4000s", g.gl_pathv[0]);
	globfree(&g);
	return rc ? err_set(e, ERR_NOTFOUND, "there is no .onnx file in %s", given) : 0;
}

static int open_all(struct piper *p, const struct onnx_args *a, struct err *e)
{
	char path[4096];
	const struct ort_io *io;
	struct ort_opts o = { .threads = a->threads, .no_pattern = true };
	int rc = find_file(a->file, path, e);
	if (!rc)
		rc = read_json(p, path, e);
	if (!rc)
		rc = ort_open(&p->rt, a->runtime, e);
	if (!rc)
		rc = ort_model_open(&p->m, p->rt, path, &o, e);
	if (rc)
		return rc;
	if (!ort_input(p->m, "input") || !ort_input(p->m, "input_lengths") ||
	    !ort_input(p->m, "scales") || ort_outputs(p->m, &io) < 1)
		return err_set(e, ERR_VERSION, "%s is no voice of Piper", path);
	p->output = io[0].name;
	p->speakers = ort_input(p->m, "sid") != NULL;
	return 0;
}

int onnx_piper(const struct onnx_args *a)
{
	struct piper p = { 0 };
	struct err e = { 0 };
	struct g2p_said said;
	struct voice_sound sound = { 0 };
	int rc = open_all(&p, a, &e);
	if (rc) {
		ort_model_close(p.m);
		ort_close(p.rt);
		return tts_worker_refuse(IO_CHILD_FD, e.msg);
	}
	g2p_said_init(&said);
	g2p_put(&said, "həlˈoʊ.");
	(void)speak(&p, "", &said, 1, &sound); /* the first run is slower */
	g2p_said_done(&said);
	xfree(sound.v);
	struct voice_model m = { .rate = p.rate, .set = G2P_ESPEAK, .speak = speak, .arg = &p };
	rc = voice_run(&m);
	ort_model_close(p.m);
	ort_close(p.rt);
	return rc;
}
