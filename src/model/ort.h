/* ort.h: ONNX models by Microsoft's ONNX Runtime, which is loaded when it is needed; private to
 * model, used by the program callm-onnx.
 *
 *	struct ort *rt;
 *	struct ort_model *m;
 *	ort_open(&rt, "/.../onnxruntime-1.28.2", &e);
 *	ort_model_open(&m, rt, "voice.onnx", &(struct ort_opts){ .threads = 1 }, &e);
 *	int64_t ids[] = { 0, 50, 83, 0 };
 *	struct ort_tensor in[] = { { .name = "input_ids", .type = ORT_INT64, .n_dims = 2,
 *		.dims = { 1, 4 }, .data = ids } };
 *	struct ort_tensor out[] = { { .name = "waveform" } };
 *	ort_run(m, in, 1, out, 1, &e);        out[0].type, .dims, .data are filled
 *	ort_release(m, out, 1);
 *	ort_model_close(m);
 *	ort_close(rt);
 *
 * One thread uses a model; several models may be open. Nothing of the runtime is needed at
 * build time.
 */
#ifndef CALLM_MODEL_ORT_H
#define CALLM_MODEL_ORT_H

#include "base.h"

/* Numbers of ONNX's TensorProto.DataType (onnx.proto3); others are not passed on. */
enum ort_type {
	ORT_NONE = 0,
	ORT_FLOAT = 1,
	ORT_UINT8 = 2,
	ORT_INT8 = 3,
	ORT_INT32 = 6,
	ORT_INT64 = 7,
	ORT_BOOL = 9,
	ORT_DOUBLE = 11,
};
enum { ORT_DIMS = 8, ORT_IO = 64, ORT_COUNT_MAX = 1 << 28 };

struct ort;
struct ort_model;
struct ort_opts {
	int threads;    /* within one operation; 0 = 1 */
	bool no_pattern; /* for inputs of ever different lengths */
};
/* An input: all but value are the caller's, data is only read. An output: the caller sets name,
 * ort_run the others; data lives until ort_release. */
struct ort_tensor {
	const char *name;
	enum ort_type type;
	int n_dims;
	int64_t dims[ORT_DIMS];
	void *data;
	void *value; /* the runtime's handle */
};
/* An input or output as the file declares it. */
struct ort_io {
	char *name;
	enum ort_type type;     /* ORT_NONE: not a tensor, or of another type */
	int n_dims;
	int64_t dims[ORT_DIMS]; /* -1 = free */
};

/* Loads folder/libonnxruntime.so (also .so.1), or the one of the system when folder is NULL.
 * The library stays loaded until the process ends. ERR_NOTFOUND, ERR_VERSION; e says how to
 * mend it. */
int ort_open(struct ort **ret, const char *folder, struct err *e);
void ort_close(struct ort *rt);               /* accepts NULL; after its models */
const char *ort_version(const struct ort *rt); /* "1.28.2" */

/* opts may be NULL. ERR_NOTFOUND, ERR_CORRUPT; the memory may be freed afterwards. */
int ort_model_open(struct ort_model **ret, struct ort *rt, const char *path,
		   const struct ort_opts *opts, struct err *e);
int ort_model_open_mem(struct ort_model **ret, struct ort *rt, sv model,
		       const struct ort_opts *opts, struct err *e);
void ort_model_close(struct ort_model *m);    /* accepts NULL */
size_t ort_inputs(const struct ort_model *m, const struct ort_io **ret);
size_t ort_outputs(const struct ort_model *m, const struct ort_io **ret);
const struct ort_io *ort_input(const struct ort_model *m, const char *name); /* or NULL */

size_t ort_count(const struct ort_tensor *t);  /* elements: the product of its dims; 0 when
						  absurd (negative, above ORT_COUNT_MAX) */
size_t ort_size(enum ort_type t);              /* bytes of one element, 0 = unknown */
/* Blocks. 0; ERR_INVAL (shape or type do not fit the model, unknown name), ERR_FAIL; nothing is
 * to be released after an error. It cannot be interrupted: keep the inputs short. */
int ort_run(struct ort_model *m, const struct ort_tensor *in, size_t n_in,
	    struct ort_tensor *out, size_t n_out, struct err *e);
void ort_release(struct ort_model *m, struct ort_tensor *out, size_t n_out);

#endif
