/* ort.c: the few functions of ONNX Runtime that are needed, found by their number.
 *
 * The library exports OrtGetApiBase, whose GetApi(21) gives a table of function pointers that
 * is only ever appended to: the numbers below are the positions in struct OrtApi of
 * onnxruntime_c_api.h (version 1.21, MIT), where a later library keeps them. So no header and
 * no library is needed to build, and any library from 1.21 on will do.
 *
 * Every call of the table gives NULL or an OrtStatus, whose text goes into struct err. The
 * library is never unloaded: it keeps threads and thread-local data. */
#include "ort.h"

#include <dlfcn.h>
#include <stdio.h>

enum { API = 21, LOG_FATAL = 4, ALL_OPTIMISATIONS = 99, ARENA = 1, MEM_DEFAULT = 0 };

/* X(position, name, result, arguments); all pointers are the runtime's own objects. */
#define STATUS void *
#define SLOTS                                                                                  \
	X(1, error_code, int, (const void *st))                                                \
	X(2, error_text, const char *, (const void *st))                                       \
	X(3, create_env, STATUS, (int level, const char *id, void **env))                      \
	X(7, create_session, STATUS, (void *env, const char *path, void *opts, void **ret))    \
	X(8, create_session_mem, STATUS,                                                       \
	  (void *env, const void *p, size_t n, void *opts, void **ret))                        \
	X(9, run, STATUS,                                                                      \
	  (void *session, void *run_opts, const char *const *in_names, void *const *in,        \
	   size_t n_in, const char *const *out_names, size_t n_out, void **out))               \
	X(10, create_options, STATUS, (void **opts))                                           \
	X(17, disable_pattern, STATUS, (void *opts))                                           \
	X(23, set_optimisation, STATUS, (void *opts, int level))                               \
	X(24, set_threads, STATUS, (void *opts, int n))                                        \
	X(25, set_inter_threads, STATUS, (void *opts, int n))                                  \
	X(30, input_count, STATUS, (const void *session, size_t *n))                           \
	X(31, output_count, STATUS, (const void *session, size_t *n))                          \
	X(33, input_type, STATUS, (const void *session, size_t i, void **type))                \
	X(34, output_type, STATUS, (const void *session, size_t i, void **type))               \
	X(36, input_name, STATUS, (const void *session, size_t i, void *alloc, char **name))   \
	X(37, output_name, STATUS, (const void *session, size_t i, void *alloc, char **name))  \
	X(49, create_tensor, STATUS,                                                           \
	  (const void *mem, void *p, size_t bytes, const int64_t *dims, size_t n, int type,    \
	   void **value))                                                                      \
	X(50, is_tensor, STATUS, (const void *value, int *yes))                                \
	X(51, tensor_data, STATUS, (void *value, void **data))                                 \
	X(55, cast_tensor, STATUS, (const void *type, const void **info))                      \
	X(60, element_type, STATUS, (const void *info, int *type))                             \
	X(61, dims_count, STATUS, (const void *info, size_t *n))                               \
	X(62, dims, STATUS, (const void *info, int64_t *dims, size_t n))                       \
	X(65, shape_of, STATUS, (const void *value, void **info))                              \
	X(69, create_cpu_memory, STATUS, (int allocator, int kind, void **mem))                \
	X(76, allocator_free, STATUS, (void *alloc, void *p))                                  \
	X(78, default_allocator, STATUS, (void **alloc))                                       \
	X(92, release_env, void, (void *p))                                                    \
	X(93, release_status, void, (void *p))                                                 \
	X(94, release_memory, void, (void *p))                                                 \
	X(95, release_session, void, (void *p))                                                \
	X(96, release_value, void, (void *p))                                                  \
	X(98, release_type, void, (void *p))                                                   \
	X(99, release_shape, void, (void *p))                                                  \
	X(100, release_options, void, (void *p))                                               \
	X(130, set_config, STATUS, (void *opts, const char *key, const char *value))

struct api {
#define X(at, name, result, args) result(*name) args;
	SLOTS
#undef X
};
static const struct {
	size_t at, offset;
} slots[] = {
#define X(pos, name, result, args) { pos, offsetof(struct api, name) },
	SLOTS
#undef X
};
struct api_base {
	const void *const *(*get_api)(uint32_t version);
	const char *(*version)(void);
};

struct ort {
	struct api f;
	const char *version;
	void *env, *memory, *allocator;
};
struct ort_model {
	struct ort *rt;
	void *session;
	struct ort_io in[ORT_IO], out[ORT_IO];
	size_t n_in, n_out;
};

/* An error of the runtime becomes ours; its own numbers are in enum OrtErrorCode. */
static int took(const struct ort *rt, void *status, struct err *e, const char *what)
{
	static const int codes[] = { 0,
				     ERR_FAIL,
				     ERR_INVAL,
				     ERR_NOTFOUND,
				     ERR_NOTFOUND,
				     ERR_FAIL,
				     ERR_FAIL,
				     ERR_CORRUPT,
				     ERR_STATE,
				     ERR_UNSUPPORTED,
				     ERR_CORRUPT };
	if (!status)
		return 0;
	int k = rt->f.error_code(status);
	int rc = k > 0 && k < (int)(sizeof(codes) / sizeof(codes[0])) ? codes[k] :
									  ERR_FAIL;
	char text[300];
	(void)snprintf(text, sizeof(text), "%s", rt->f.error_text(status));
	for (char *c = text; *c; c++)
		*c = *c == '\n' || *c == '\r' ? ' ' : *c;
	rt->f.release_status(status);
	return err_set(e, rc, "%s: %s", what, text);
}

/* ---- the library ---- */

static void *load(const char *folder, struct err *e)
{
	static const char *const names[] = { "libonnxruntime.so", "libonnxruntime.so.1" };
	char path[4096];
	void *lib = NULL;
	for (size_t i = 0; i < 2 && !lib; i++) {
		int n = snprintf(path, sizeof(path), "%s%s%s", folder ? folder : "",
				 folder ? "/" : "", names[i]);
		if (n > 0 && (size_t)n < sizeof(path))
			lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	}
	const char *why = lib ? NULL : dlerror();
	if (!lib)
		(void)err_set(e, ERR_NOTFOUND,
			      "ONNX Runtime cannot be loaded (%.250s): callm models pull "
			      "onnxruntime installs it",
			      why ? why : "");
	return lib;
}

static int bind_api(struct ort *rt, void *lib, struct err *e)
{
	const struct api_base *(*get)(void);
	void *sym = dlsym(lib, "OrtGetApiBase");
	memcpy(&get, &sym, sizeof(get));
	const struct api_base *base = sym ? get() : NULL;
	const void *const *table = base ? base->get_api(API) : NULL;
	if (!table)
		return err_set(e, ERR_VERSION,
			       "ONNX Runtime %s is too old: 1.21 or newer is needed",
			       base ? base->version() : "without OrtGetApiBase");
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		memcpy((char *)&rt->f + slots[i].offset, &table[slots[i].at],
		       sizeof(void *));
	rt->version = base->version();
	return 0;
}

int ort_open(struct ort **ret, const char *folder, struct err *e)
{
	void *lib = load(folder, e);
	if (!lib)
		return ERR_NOTFOUND;
	struct ort *rt = xalloc(sizeof(*rt));
	*rt = (struct ort){ 0 };
	int rc = bind_api(rt, lib, e);
	if (!rc)
		rc = took(rt, rt->f.create_env(LOG_FATAL, "callm", &rt->env), e,
			  "ONNX Runtime cannot start");
	if (!rc)
		rc = took(rt, rt->f.create_cpu_memory(ARENA, MEM_DEFAULT, &rt->memory), e,
			  "ONNX Runtime cannot start");
	if (!rc)
		rc = took(rt, rt->f.default_allocator(&rt->allocator), e,
			  "ONNX Runtime cannot start");
	if (rc) {
		ort_close(rt);
		return rc;
	}
	*ret = rt;
	return 0;
}

void ort_close(struct ort *rt)
{
	if (!rt)
		return;
	if (rt->memory)
		rt->f.release_memory(rt->memory);
	if (rt->env)
		rt->f.release_env(rt->env);
	xfree(rt);
}

const char *ort_version(const struct ort *rt)
{
	return rt->version;
}

/* ---- models ---- */

static enum ort_type known_type(int t)
{
	return ort_size((enum ort_type)t) ? (enum ort_type)t : ORT_NONE;
}

/* The shape of info into t/n/dims; false when it has too many dimensions. */
static int read_shape(const struct ort *rt, const void *info, enum ort_type *type, int *n_dims,
		      int64_t *dims, struct err *e)
{
	int t = 0;
	size_t n = 0;
	int rc = took(rt, rt->f.element_type(info, &t), e, "type");
	if (!rc)
		rc = took(rt, rt->f.dims_count(info, &n), e, "shape");
	if (!rc && n > ORT_DIMS)
		rc = err_set(e, ERR_UNSUPPORTED, "a tensor of %zu dimensions", n);
	if (!rc)
		rc = took(rt, rt->f.dims(info, dims, n), e, "shape");
	*type = known_type(t);
	*n_dims = (int)n;
	return rc;
}

static int read_io(struct ort_model *m, bool out, size_t i, struct ort_io *io, struct err *e)
{
	const struct api *f = &m->rt->f;
	char *name = NULL;
	void *type = NULL;
	const void *info = NULL;
	int rc = took(m->rt,
		      out ? f->output_name(m->session, i, m->rt->allocator, &name) :
			    f->input_name(m->session, i, m->rt->allocator, &name),
		      e, "name");
	if (rc)
		return rc;
	io->name = xstrdup(sv_of(name));
	(void)took(m->rt, f->allocator_free(m->rt->allocator, name), NULL, "free");
	rc = took(m->rt,
		  out ? f->output_type(m->session, i, &type) :
			f->input_type(m->session, i, &type),
		  e, "type");
	if (rc)
		return rc;
	rc = took(m->rt, f->cast_tensor(type, &info), e, "type");
	if (!rc && info) /* NULL: a sequence or map, which we never ask for */
		rc = read_shape(m->rt, info, &io->type, &io->n_dims, io->dims, e);
	f->release_type(type);
	return rc;
}

static int read_all_io(struct ort_model *m, struct err *e)
{
	size_t n_in = 0, n_out = 0;
	int rc = took(m->rt, m->rt->f.input_count(m->session, &n_in), e, "inputs");
	if (!rc)
		rc = took(m->rt, m->rt->f.output_count(m->session, &n_out), e, "outputs");
	if (!rc && (n_in > ORT_IO || n_out > ORT_IO))
		rc = err_set(e, ERR_UNSUPPORTED, "a model of %zu inputs, %zu outputs", n_in,
			     n_out);
	for (; !rc && m->n_in < n_in; m->n_in++)
		rc = read_io(m, false, m->n_in, &m->in[m->n_in], e);
	for (; !rc && m->n_out < n_out; m->n_out++)
		rc = read_io(m, true, m->n_out, &m->out[m->n_out], e);
	return rc;
}

static int make_options(const struct ort *rt, const struct ort_opts *o, void **ret, struct err *e)
{
	const struct api *f = &rt->f;
	void *opts = NULL;
	int rc = took(rt, f->create_options(&opts), e, "options");
	if (rc)
		return rc;
	rc = took(rt, f->set_optimisation(opts, ALL_OPTIMISATIONS), e, "options");
	if (!rc)
		rc = took(rt, f->set_threads(opts, o && o->threads > 0 ? o->threads : 1), e,
			  "threads");
	if (!rc)
		rc = took(rt, f->set_inter_threads(opts, 1), e, "threads");
	if (!rc) /* threads that wait leave their core to others */
		rc = took(rt, f->set_config(opts, "session.intra_op.allow_spinning", "0"),
			  e, "options");
	if (!rc && o && o->no_pattern)
		rc = took(rt, f->disable_pattern(opts), e, "options");
	if (rc)
		f->release_options(opts);
	else
		*ret = opts;
	return rc;
}

/* path, or model when path is NULL. */
static int model_open(struct ort_model **ret, struct ort *rt, const char *path, sv model,
		      const struct ort_opts *o, struct err *e)
{
	void *opts = NULL, *session = NULL;
	int rc = make_options(rt, o, &opts, e);
	if (rc)
		return rc;
	rc = took(rt,
		  path ? rt->f.create_session(rt->env, path, opts, &session) :
			 rt->f.create_session_mem(rt->env, model.p, model.n, opts, &session),
		  e, path ? path : "a model in memory");
	rt->f.release_options(opts);
	if (rc)
		return rc;
	struct ort_model *m = xalloc(sizeof(*m));
	*m = (struct ort_model){ .rt = rt, .session = session };
	rc = read_all_io(m, e);
	if (rc)
		ort_model_close(m);
	else
		*ret = m;
	return rc;
}

int ort_model_open(struct ort_model **ret, struct ort *rt, const char *path,
		   const struct ort_opts *opts, struct err *e)
{
	if (!path || !file_exists(path))
		return err_set(e, ERR_NOTFOUND, "there is no model file %s",
			       path ? path : "");
	return model_open(ret, rt, path, SV_NULL, opts, e);
}

int ort_model_open_mem(struct ort_model **ret, struct ort *rt, sv model,
		       const struct ort_opts *opts, struct err *e)
{
	return model_open(ret, rt, NULL, model, opts, e);
}

void ort_model_close(struct ort_model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < ORT_IO; i++) {
		xfree(m->in[i].name);
		xfree(m->out[i].name);
	}
	m->rt->f.release_session(m->session);
	xfree(m);
}

size_t ort_inputs(const struct ort_model *m, const struct ort_io **ret)
{
	*ret = m->in;
	return m->n_in;
}

size_t ort_outputs(const struct ort_model *m, const struct ort_io **ret)
{
	*ret = m->out;
	return m->n_out;
}

const struct ort_io *ort_input(const struct ort_model *m, const char *name)
{
	for (size_t i = 0; i < m->n_in; i++)
		if (!strcmp(m->in[i].name, name))
			return &m->in[i];
	return NULL;
}

/* ---- runs ---- */

size_t ort_size(enum ort_type t)
{
	switch (t) {
	case ORT_UINT8:
	case ORT_INT8:
	case ORT_BOOL:
		return 1;
	case ORT_FLOAT:
	case ORT_INT32:
		return 4;
	case ORT_INT64:
	case ORT_DOUBLE:
		return 8;
	case ORT_NONE:
		break;
	}
	return 0;
}

size_t ort_count(const struct ort_tensor *t)
{
	size_t n = 1;
	if (t->n_dims < 0 || t->n_dims > ORT_DIMS)
		return 0;
	for (int i = 0; i < t->n_dims; i++) {
		if (t->dims[i] < 0 || t->dims[i] > ORT_COUNT_MAX)
			return 0;
		n *= (size_t)t->dims[i];
		if (n > ORT_COUNT_MAX)
			return 0;
	}
	return n;
}

static int put_input(struct ort_model *m, const struct ort_tensor *t, void **value, struct err *e)
{
	size_t bytes = ort_count(t) * ort_size(t->type);
	if (!ort_size(t->type) || t->n_dims < 0 || t->n_dims > ORT_DIMS)
		return err_set(e, ERR_INVAL, "input %s: bad type or shape", t->name);
	return took(m->rt,
		    m->rt->f.create_tensor(m->rt->memory, t->data, bytes, t->dims,
					   (size_t)t->n_dims, (int)t->type, value),
		    e, t->name);
}

static int take_output(struct ort_model *m, struct ort_tensor *t, struct err *e)
{
	const struct api *f = &m->rt->f;
	void *info = NULL;
	int yes = 0;
	int rc = took(m->rt, f->is_tensor(t->value, &yes), e, t->name);
	if (!rc && !yes)
		rc = err_set(e, ERR_UNSUPPORTED, "output %s is not a tensor", t->name);
	if (!rc)
		rc = took(m->rt, f->shape_of(t->value, &info), e, t->name);
	if (!rc) {
		rc = read_shape(m->rt, info, &t->type, &t->n_dims, t->dims, e);
		f->release_shape(info);
	}
	if (!rc)
		rc = took(m->rt, f->tensor_data(t->value, &t->data), e, t->name);
	return rc;
}

static int run_values(struct ort_model *m, const struct ort_tensor *in, void **values, size_t n_in,
		      struct ort_tensor *out, size_t n_out, struct err *e)
{
	const char *in_names[ORT_IO] = { 0 }, *out_names[ORT_IO] = { 0 };
	void *made[ORT_IO] = { 0 };
	for (size_t i = 0; i < n_in; i++)
		in_names[i] = in[i].name;
	for (size_t i = 0; i < n_out; i++)
		out_names[i] = out[i].name;
	int rc = took(m->rt,
		      m->rt->f.run(m->session, NULL, in_names, values, n_in, out_names, n_out,
				   made),
		      e, "the model cannot be run");
	for (size_t i = 0; i < n_out; i++) {
		out[i].value = made[i];
		if (!rc)
			rc = take_output(m, &out[i], e);
	}
	return rc;
}

int ort_run(struct ort_model *m, const struct ort_tensor *in, size_t n_in, struct ort_tensor *out,
	    size_t n_out, struct err *e)
{
	void *values[ORT_IO] = { 0 };
	int rc = 0;
	if (n_in > ORT_IO || n_out > ORT_IO)
		return err_set(e, ERR_INVAL, "too many tensors");
	for (size_t i = 0; i < n_out; i++) {
		out[i].value = NULL;
		out[i].data = NULL;
	}
	for (size_t i = 0; i < n_in && !rc; i++)
		rc = put_input(m, &in[i], &values[i], e);
	if (!rc)
		rc = run_values(m, in, values, n_in, out, n_out, e);
	for (size_t i = 0; i < n_in; i++)
		if (values[i])
			m->rt->f.release_value(values[i]);
	if (rc)
		ort_release(m, out, n_out);
	return rc;
}

void ort_release(struct ort_model *m, struct ort_tensor *out, size_t n_out)
{
	for (size_t i = 0; i < n_out; i++) {
		if (out[i].value)
			m->rt->f.release_value(out[i].value);
		out[i].value = out[i].data = NULL;
	}
}
