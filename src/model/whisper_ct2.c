/* whisper_ct2.c: reads CTranslate2's model.bin (binary versions 3 to 6).
 *
 * The file, all little-endian: u32 version; name of the specification; u32 revision; u32 number of
 * variables; each variable: name, u8 rank, u32 dimensions, then u8 type and u32 bytes (from version
 * 4 on) or u8 bytes an item and u32 items (before), then the data; u32 number of aliases; each
 * alias: its name and the variable's. A string is u16 length and as many bytes, the last one NUL.
 * (CTranslate2, python/ctranslate2/specs/model_spec.py: _serialize.)
 *
 * The file is mapped and stays so; variables point into it. Nothing in it is believed before it was
 * compared with the file's size. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "half.h"
#include "whisper_int.h"

enum { VERSION_MIN = 3, VERSION_MAX = 6, VARS_MAX = 4096, ALIASES_MAX = 256, NAME_MAX_ = 200 };

struct alias {
	sv name, target;
};
struct ct2 {
	unsigned char *map;
	size_t size;
	uint32_t version;
	struct ct2_var *vars; /* sorted by name */
	size_t n_vars;
	struct alias aliases[ALIASES_MAX];
	size_t n_aliases;
};
struct reader {
	const unsigned char *p;
	size_t left;
	bool bad;
};

static uint32_t take(struct reader *r, size_t bytes)
{
	uint32_t v = 0;
	if (r->left < bytes) {
		r->bad = true;
		r->left = 0;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		v |= (uint32_t)r->p[i] << (8 * i);
	r->p += bytes;
	r->left -= bytes;
	return v;
}

static sv take_str(struct reader *r)
{
	size_t n = take(r, 2);
	if (r->bad || n == 0 || n > r->left || r->p[n - 1] != '\0') {
		r->bad = true;
		return SV_NULL;
	}
	sv s = sv_n((const char *)r->p, n - 1);
	r->p += n;
	r->left -= n;
	return s;
}

static size_t type_bytes(enum ct2_type t)
{
	static const size_t bytes[] = { 4, 1, 2, 4, 2, 2 };
	return bytes[t];
}

/* Before version 4 only the size of an item was written. */
static bool take_type(struct reader *r, uint32_t version, struct ct2_var *v)
{
	uint32_t t = take(r, 1), n = take(r, 4);
	if (version >= 4) {
		if (t > CT2_BF16)
			return false;
		v->type = (enum ct2_type)t;
		v->bytes = n;
		return v->bytes % type_bytes(v->type) == 0;
	}
	if (t != 1 && t != 2 && t != 4)
		return false;
	v->type = t == 4 ? CT2_F32 : t == 2 ? CT2_F16 : CT2_I8;
	v->bytes = (size_t)t * n;
	return true;
}

static bool take_var(struct reader *r, uint32_t version, struct ct2_var *v)
{
	size_t items = 1;
	v->name = take_str(r);
	v->n_dims = (int)take(r, 1);
	if (r->bad || v->n_dims > 4 || v->name.n > NAME_MAX_)
		return false;
	for (int i = 0; i < v->n_dims; i++) {
		v->dims[i] = take(r, 4);
		if (v->dims[i] == 0 || v->dims[i] > (1u << 28) / items)
			return false;
		items *= v->dims[i];
	}
	if (!take_type(r, version, v) || r->bad || v->bytes > r->left)
		return false;
	v->items = items;
	v->data = r->p;
	r->p += v->bytes;
	r->left -= v->bytes;
	return v->bytes == items * type_bytes(v->type);
}

static int by_name(const void *a, const void *b)
{
	return sv_cmp(((const struct ct2_var *)a)->name, ((const struct ct2_var *)b)->name);
}

static int take_vars(struct ct2 *c, struct reader *r, const char *path, struct err *e)
{
	uint32_t n = take(r, 4);
	if (r->bad || n == 0 || n > VARS_MAX)
		return err_set(e, ERR_CORRUPT, "%s: no table of variables", path);
	c->vars = xalloc(n * sizeof(*c->vars));
	for (uint32_t i = 0; i < n; i++)
		if (!take_var(r, c->version, &c->vars[i]))
			return err_set(e, ERR_CORRUPT,
				       "%s: damaged or cut short at variable %u of %u", path,
				       i + 1, n);
	c->n_vars = n;
	qsort(c->vars, n, sizeof(*c->vars), by_name);
	n = r->left ? take(r, 4) : 0;
	if (r->bad || n > ALIASES_MAX)
		return err_set(e, ERR_CORRUPT, "%s: damaged table of aliases", path);
	for (uint32_t i = 0; i < n; i++) {
		c->aliases[i].name = take_str(r);
		c->aliases[i].target = take_str(r);
	}
	c->n_aliases = n;
	return r->bad ? err_set(e, ERR_CORRUPT, "%s: cut short in its aliases", path) : 0;
}

static int parse(struct ct2 *c, const char *path, struct err *e)
{
	struct reader r = { .p = c->map, .left = c->size };
	c->version = take(&r, 4);
	if (r.bad || c->version < VERSION_MIN || c->version > VERSION_MAX)
		return err_set(e, r.bad ? ERR_CORRUPT : ERR_VERSION,
			       "%s is not a CTranslate2 model of version %d to %d", path,
			       VERSION_MIN, VERSION_MAX);
	sv spec = take_str(&r);
	(void)take(&r, 4);
	if (r.bad || !sv_eq(spec, SV("WhisperSpec")))
		return err_set(e, ERR_CORRUPT, "%s is not a Whisper model", path);
	return take_vars(c, &r, path, e);
}

static int map_file(struct ct2 *c, const char *path, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, err_from_errno(errno), "%s cannot be read: %s", path,
			       err_text(err_from_errno(errno)));
	int rc = fstat(fd, &st)                          ? ERR_IO :
		 !S_ISREG(st.st_mode) || st.st_size < 16 ? ERR_CORRUPT :
							   0;
	if (!rc) {
		c->size = (size_t)st.st_size;
		c->map = mmap(NULL, c->size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (c->map == MAP_FAILED) {
			c->map = NULL;
			rc = ERR_IO;
		}
	}
	(void)close(fd);
	return rc ? err_set(e, rc, "%s is no model file: %s", path, err_text(rc)) : 0;
}

int ct2_open(struct ct2 **ret, const char *path, struct err *e)
{
	struct ct2 *c = xalloc(sizeof(*c));
	int rc = map_file(c, path, e);
	rc = rc ? rc : parse(c, path, e);
	if (rc) {
		ct2_close(c);
		return rc;
	}
	*ret = c;
	return 0;
}

void ct2_close(struct ct2 *c)
{
	if (!c)
		return;
	if (c->map)
		(void)munmap(c->map, c->size);
	xfree(c->vars);
	xfree(c);
}

const struct ct2_var *ct2_find(const struct ct2 *c, const char *name)
{
	struct ct2_var key = { .name = sv_of(name) };
	for (size_t i = 0; i < c->n_aliases; i++)
		if (sv_eq(c->aliases[i].name, key.name))
			key.name = c->aliases[i].target;
	return bsearch(&key, c->vars, c->n_vars, sizeof(key), by_name);
}

/* ---- numbers ---- */

static float item(const struct ct2_var *v, size_t i)
{
	uint32_t bits = 0;
	int16_t s;
	float f;
	memcpy(&bits, v->data + i * type_bytes(v->type), type_bytes(v->type));
	switch (v->type) {
	case CT2_F16: return half_float((uint16_t)bits);
	case CT2_I8: return (int8_t)bits;
	case CT2_I16:
		s = (int16_t)(uint16_t)bits;
		return s;
	case CT2_I32: return (float)(int32_t)bits;
	case CT2_BF16:
		bits <<= 16;
		break;
	case CT2_F32: break;
	}
	memcpy(&f, &bits, sizeof(f));
	return f;
}

bool ct2_floats(const struct ct2 *c, const struct ct2_var *v, size_t from, size_t n, float *out)
{
	const struct ct2_var *scale = NULL;
	if (from > v->items || n > v->items - from)
		return false;
	if (v->type == CT2_I8 || v->type == CT2_I16) {
		char name[NAME_MAX_ + 8];
		memcpy(name, v->name.p, v->name.n);
		memcpy(name + v->name.n, "_scale", 7);
		scale = ct2_find(c, name);
		if (!scale || (scale->items != 1 && (v->n_dims < 1 || scale->items != v->dims[0])))
			return false;
	}
	size_t row = scale && scale->items > 1 ? v->items / v->dims[0] : v->items;
	for (size_t i = 0; i < n; i++) {
		out[i] = item(v, from + i);
		if (scale) {
			float by = item(scale, scale->items > 1 ? (from + i) / row : 0);
			out[i] = by > 0 || by < 0 ? out[i] / by : 0;
		}
	}
	return true;
}
