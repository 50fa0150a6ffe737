/* onnx_float.h: convolutions of an 8-bit ONNX model as floats; private to model. */
#ifndef CALLM_MODEL_ONNX_FLOAT_H
#define CALLM_MODEL_ONNX_FLOAT_H

#include "base.h"

struct onnx_floated {
	char *p; /* the new file; free with xfree */
	size_t n;
	int convolutions; /* replaced */
};
/* Rewrites each dynamically quantised convolution (DynamicQuantizeLinear, ConvInteger, bias,
 * Cast, Mul) of the model as one Conv with float weights: the same sums without the rounding of
 * their input. ERR_CORRUPT when model is no ONNX file, ERR_UNSUPPORTED when it has
 * inner graphs. */
int onnx_float(sv model, struct onnx_floated *ret, struct err *e);

#endif
