/* worker_onnx.h: what the program callm-onnx hands to its kinds; private to model.
 *
 *	callm-onnx KIND [NAME=VALUE...]      callm-onnx kokoro file=/.../model.onnx threads=2
 */
#ifndef CALLM_MODEL_WORKER_ONNX_H
#define CALLM_MODEL_WORKER_ONNX_H

#include "ort.h"

/* From the command line; what was not given is NULL or 0. The strings are argv's. */
struct onnx_args {
	const char *kind, *file, *runtime, *data, *voice;
	int threads; /* 1.. cores */
	int memory_mb;
};

/* A kind opens its model, talks on IO_CHILD_FD until the parent closes it, and gives the exit
 * status: declared here, a row in worker_onnx.c. */
int onnx_kokoro(const struct onnx_args *a);
int onnx_piper(const struct onnx_args *a);
int onnx_turn(const struct onnx_args *a);

#endif
