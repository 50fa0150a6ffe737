/* worker_kokoro.c: callm-onnx kokoro: Kokoro-82M v1.0 (Apache-2.0), English and Chinese, 24 kHz.
 *
 * file= is the ONNX file, or a folder with model.onnx in it; the voices lie in data=, or in
 * "voices" beside the file: NAME.bin, 510 rows of 256 floats, the row for the number of symbols
 * is the style. A name's first letter is the language (a, b English, z Chinese). The model of
 * 8 bits is computed with float convolutions (onnx_float.h): faster by a third. */
#include <malloc.h>
#include <stdio.h>

#include "io.h"
#include "onnx_float.h"
#include "ort.h"
#include "voice.h"
#include "worker.h"
#include "worker_onnx.h"

enum { RATE = 24000, ROWS = 510, STYLE = 256, VOICES_MAX = 12, MODEL_MAX = 1 << 30 };

struct style {
	char *name;
	struct sb rows;
};
struct kokoro {
	struct ort *rt;
	struct ort_model *m;
	const char *tokens, *output; /* names */
	char voices[4096];           /* folder */
	struct style styles[VOICES_MAX];
	size_t n_styles;
};

/* The model's number of a symbol; from its config.json. */
static const struct {
	uint32_t rune;
	int id;
} symbols[] = {
	{ ';', 1 },      { ':', 2 },      { ',', 3 },      { '.', 4 },      { '!', 5 },
	{ '?', 6 },      { 0x2014, 9 },   { 0x2026, 10 },  { '"', 11 },     { '(', 12 },
	{ ')', 13 },     { ' ', 16 },     { 0x2A3, 18 },   { 0x2A5, 19 },   { 0x2A6, 20 },
	{ 0x2A8, 21 },   { 0xAB67, 23 },  { 'A', 24 },     { 'I', 25 },     { 'O', 31 },
	{ 'Q', 33 },     { 'S', 35 },     { 'T', 36 },     { 'W', 39 },     { 'Y', 41 },
	{ 0x1D4A, 42 },  { 'a', 43 },     { 'b', 44 },     { 'c', 45 },     { 'd', 46 },
	{ 'e', 47 },     { 'f', 48 },     { 'h', 50 },     { 'i', 51 },     { 'j', 52 },
	{ 'k', 53 },     { 'l', 54 },     { 'm', 55 },     { 'n', 56 },     { 'o', 57 },
	{ 'p', 58 },     { 'q', 59 },     { 'r', 60 },     { 's', 61 },     { 't', 62 },
	{ 'u', 63 },     { 'v', 64 },     { 'w', 65 },     { 'x', 66 },     { 'y', 67 },
	{ 'z', 68 },     { 0x251, 69 },   { 0x250, 70 },   { 0x252, 71 },   { 0xE6, 72 },
	{ 0x254, 76 },   { 0x255, 77 },   { 0xE7, 78 },    { 0xF0, 81 },    { 0x2A4, 82 },
	{ 0x259, 83 },   { 0x25A, 85 },   { 0x25B, 86 },   { 0x25C, 87 },   { 0x261, 92 },
	{ 0x265, 99 },   { 0x268, 101 },  { 0x26A, 102 },  { 0x14B, 112 },  { 0x272, 114 },
	{ 0xF8, 116 },   { 0x3B8, 119 },  { 0x279, 123 },  { 0x27E, 125 },  { 0x27B, 126 },
	{ 0x282, 130 },  { 0x283, 131 },  { 0x288, 132 },  { 0x2A7, 133 },  { 0x28A, 135 },
	{ 0x28C, 138 },  { 0x263, 139 },  { 0x264, 140 },  { 0x292, 147 },  { 0x294, 148 },
	{ 0x2C8, 156 },  { 0x2CC, 157 },  { 0x2D0, 158 },  { 0x2B0, 162 },  { 0x2B2, 164 },
	{ 0x2193, 169 }, { 0x2192, 171 }, { 0x2197, 172 }, { 0x2198, 173 }, { 0x1D7B, 177 },
};

static int id_of(uint32_t r)
{
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (symbols[i].rune == r)
			return symbols[i].id;
	return -1;
}

static bool chinese(const char *voice)
{
	return voice[0] == 'z';
}

/* ---- voices ---- */

static bool good_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
	return n > 0 && n < 40 && !name[n];
}

static const float *find_style(struct kokoro *k, const char *name, struct err *e)
{
	for (size_t i = 0; i < k->n_styles; i++)
		if (!strcmp(k->styles[i].name, name))
			return (const float *)(const void *)k->styles[i].rows.p;
	if (!good_name(name) || k->n_styles == VOICES_MAX)
		return (void)err_set(e, ERR_NOTFOUND, "no voice \"%.40s\"", name), NULL;
	char path[4200];
	struct style *s = &k->styles[k->n_styles];
	(void)snprintf(path, sizeof(path), "%s/%s.bin", k->voices, name);
	sb_init(&s->rows, ROWS * STYLE * sizeof(float));
	int rc = file_read(path, ROWS * STYLE * sizeof(float), &s->rows, e);
	if (!rc && s->rows.n != ROWS * STYLE * sizeof(float))
		rc = err_set(e, ERR_CORRUPT, "%s is no voice of Kokoro v1.0", path);
	if (rc) {
		sb_done(&s->rows);
		return NULL;
	}
	s->name = xstrdup(sv_of(name));
	k->n_styles++;
	return (const float *)(const void *)s->rows.p;
}

/* ---- the model ---- */

static int speak(void *arg, const char *voice, const struct g2p_said *said, double speed,
		 struct voice_sound *out)
{
	struct kokoro *k = arg;
	struct err e = { 0 };
	int64_t ids[ROWS + 2] = { 0 };
	float rate = (float)speed;
	int n = 0;
	for (sv s = sb_sv(&said->ipa); s.n && n < ROWS - 1;) {
		int id = id_of(sv_rune(&s));
		if (id >= 0)
			ids[++n] = id; /* 0 at both ends */
	}
	const float *style = find_style(k, voice, &e);
	if (!style) {
		(void)fprintf(stderr, "%s\n", e.msg);
		return ERR_NOTFOUND;
	}
	struct ort_tensor in[] = {
		{ .name = k->tokens,
		  .type = ORT_INT64,
		  .n_dims = 2,
		  .dims = { 1, n + 2 },
		  .data = ids },
		{ .name = "style",
		  .type = ORT_FLOAT,
		  .n_dims = 2,
		  .dims = { 1, STYLE },
		  .data = (float *)style + (size_t)n * STYLE },
		{ .name = "speed", .type = ORT_FLOAT, .n_dims = 1, .dims = { 1 }, .data = &rate }
	};
	struct ort_tensor sound[] = { { .name = k->output } };
	int rc = ort_run(k->m, in, 3, sound, 1, &e);
	if (rc) {
		(void)fprintf(stderr, "kokoro: %s\n", e.msg);
		return rc;
	}
	bool fits = sound[0].type == ORT_FLOAT &&
		    voice_sound_set(out, sound[0].data, ort_count(&sound[0]));
	ort_release(k->m, sound, 1);
	return fits ? 0 : ERR_TOOBIG;
}

static int open_model(struct kokoro *k, const char *path, const struct onnx_args *a, struct err *e)
{
	struct ort_opts o = { .threads = a->threads, .no_pattern = true };
	struct onnx_floated floats = { 0 };
	struct sb file;
	sb_init(&file, MODEL_MAX);
	int rc = file_read(path, MODEL_MAX, &file, e);
	if (!rc && onnx_float(sb_sv(&file), &floats, e) == 0 && floats.convolutions > 0)
		sb_done(&file); /* before the runtime makes its own copy */
	if (!rc)
		rc = ort_model_open_mem(&k->m, k->rt,
					file.n ? sb_sv(&file) : sv_n(floats.p, floats.n), &o, e);
	xfree(floats.p);
	sb_done(&file);
	(void)malloc_trim(0);
	return rc;
}

static int check_model(struct kokoro *k, const char *path, struct err *e)
{
	const struct ort_io *io;
	k->tokens = ort_input(k->m, "tokens") ? "tokens" : "input_ids";
	if (!ort_input(k->m, k->tokens) || !ort_input(k->m, "style") ||
	    !ort_input(k->m, "speed") || ort_outputs(k->m, &io) < 1)
		return err_set(e, ERR_VERSION, "%s is not Kokoro v1.0", path);
	k->output = io[0].name;
	return 0;
}

static int open_all(struct kokoro *k, const struct onnx_args *a, struct err *e)
{
	char path[4096], folder[4096];
	if (!a->file)
		return err_set(e, ERR_INVAL, "kokoro needs file=, its ONNX file");
	bool is_file = sv_ends(sv_of(a->file), SV(".onnx"));
	(void)snprintf(path, sizeof(path), "%.4000s%s", a->file, is_file ? "" : "/model.onnx");
	(void)snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	(void)snprintf(k->voices, sizeof(k->voices), "%.4000s%s",
		       a->data ? a->data : (slash ? folder : "."), a->data ? "" : "/voices");
	int rc = ort_open(&k->rt, a->runtime, e);
	if (!rc)
		rc = open_model(k, path, a, e);
	if (!rc)
		rc = check_model(k, path, e);
	return rc;
}

static void close_all(struct kokoro *k)
{
	for (size_t i = 0; i < k->n_styles; i++) {
		xfree(k->styles[i].name);
		sb_done(&k->styles[i].rows);
	}
	ort_model_close(k->m);
	ort_close(k->rt);
}

/* The first run is slower, so it is done before anybody waits for it. */
static void warm_up(struct kokoro *k, const char *voice)
{
	struct g2p_said said;
	struct voice_sound sound = { 0 };
	g2p_said_init(&said);
	g2p_put(&said, "həlˈO.");
	(void)speak(k, voice, &said, 1, &sound);
	g2p_said_done(&said);
	xfree(sound.v);
}

int onnx_kokoro(const struct onnx_args *a)
{
	struct kokoro k = { 0 };
	struct err e = { 0 };
	const char *first = a->voice ? a->voice : "af_heart";
	int rc = open_all(&k, a, &e);
	if (!rc && !find_style(&k, first, &e))
		rc = e.code ? e.code : ERR_NOTFOUND;
	if (rc) {
		close_all(&k);
		return tts_worker_refuse(IO_CHILD_FD, e.msg);
	}
	warm_up(&k, first);
	struct voice_model m = { .rate = RATE,
				 .set = G2P_KOKORO,
				 .speak = speak,
				 .chinese = chinese,
				 .arg = &k };
	rc = voice_run(&m);
	close_all(&k);
	return rc;
}
