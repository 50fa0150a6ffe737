/* nn_load.c: from bytes to a net that points into them. Nothing in a file is believed: sizes and
 * offsets follow from the layers and must meet the file's end to the byte, numbers must be
 * numbers, ranks must count their bits. Blocking (files); the net is immutable afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "nn_file.h"

struct file {
	const uint8_t *p;
	size_t n, at; /* at: end of what has been read */
};

static uint32_t get32(const struct file *f, size_t at)
{
	uint32_t v;

	memcpy(&v, f->p + at, sizeof(v));
	return v;
}

static int bad(struct err *e, const char *what)
{
	return err_set(e, ERR_CORRUPT, "the net's file is damaged: %s", what);
}

static int check_head(const struct file *f, struct err *e)
{
	uint64_t size;

	if (f->n < NN_FILE_HEAD || memcmp(f->p, NN_FILE_MAGIC, 8) != 0)
		return err_set(e, ERR_CORRUPT, "not the file of a net");
	if (get32(f, 8) != NN_FILE_VERSION)
		return err_set(e, ERR_VERSION, "the net's file has version %u; this is for %d",
			       get32(f, 8), NN_FILE_VERSION);
	memcpy(&size, f->p + 24, sizeof(size));
	if (get32(f, 36) != crc32(0, f->p, 36))
		return bad(e, "its head");
	if (size != f->n)
		return bad(e, size > f->n ? "it is cut off" : "something follows it");
	if (get32(f, 32) != crc32(0, f->p + NN_FILE_HEAD, (uInt)(f->n - NN_FILE_HEAD)))
		return bad(e, "the checksum differs");
	return 0;
}

/* ---- layers ---- */

static int find_kind(sv name)
{
	for (int k = 0; k < NN_KINDS; k++)
		if (sv_eq(name, sv_of(nn_kind_ops[k].name)))
			return k;
	return -1;
}

/* Numbers far outside become -1, which no check lets through. */
static int get_int(const jv *o, const char *key)
{
	int64_t v = jv_get_int(o, key, 0);

	return v < 0 || v > INT32_MAX ? -1 : (int)v;
}

static bool ends_in(const char *name, const char *tail)
{
	size_t n = strlen(name), t = strlen(tail);

	return n > t && !strcmp(name + n - t, tail);
}

static int read_layer(struct nn_net *net, const jv *o, struct err *e)
{
	sv name = jv_get_str(o, "name");
	const jv *in = jv_get(o, "in");
	struct nn_node node = { .tie = -1 };
	int kind = find_kind(jv_get_str(o, "kind"));

	if (!name.n || name.n >= NN_NAME || memchr(name.p, 0, name.n) || kind < 0 ||
	    jv_len(in) > NN_FROM_MAX)
		return bad(e, "a layer");
	memcpy(node.name, name.p, name.n);
	node.raw = ends_in(node.name, ".raw");
	for (size_t i = 0; i < jv_len(in); i++) {
		int64_t at = jv_as_int(jv_at(in, i), -1);

		node.in[node.ins++] = at >= 0 && at < net->n ? (int)at : -1;
	}
	node.l = (struct nn_layer){ .kind = (enum nn_kind)kind,
				    .dim = get_int(o, "dim"),
				    .slot = get_int(o, "slot"),
				    .rows = get_int(o, "rows"),
				    .steps = get_int(o, "steps"),
				    .heads = get_int(o, "heads"),
				    .act = (enum nn_act)get_int(o, "act"),
				    .how = (enum nn_how)get_int(o, "how"),
				    .drop = (float)jv_get_num(o, "drop", 0),
				    .scale = (float)jv_get_num(o, "scale", 0),
				    .reverse = jv_get_bool(o, "reverse", false) };
	if (jv_get(o, "tie"))
		node.tie = get_int(o, "tie");
	return nn_node_add(net, &node, e);
}

/* ---- tables ---- */

/* The next section, n bytes at a multiple of 64; NULL past the end. */
static const void *section(struct file *f, size_t n)
{
	size_t at = nn_file_align(f->at);

	if (at > f->n || n > f->n - at)
		return NULL;
	f->at = at + n;
	return f->p + at;
}

static bool all_numbers(const float *v, size_t n)
{
	uint32_t worst = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t w;

		memcpy(&w, v + i, sizeof(w));
		w &= 0x7f800000u;
		worst = w > worst ? w : worst;
	}
	return worst != 0x7f800000u;
}

static bool ranks_right(const struct nn_mat *m, size_t words, size_t kept)
{
	size_t n = 0;

	for (size_t i = 0; i < words; i++) {
		if (m->rank[i] != n)
			return false;
		n += (size_t)__builtin_popcount(m->bits[i]);
	}
	if (m->rows % 32 && m->bits[words - 1] >> m->rows % 32)
		return false;
	return n == kept;
}

static int read_table(struct file *f, struct nn_mat *m, const jv *o, struct err *e)
{
	bool bytes = sv_eq(jv_get_str(o, "type"), SV("i8")), part = jv_get(o, "kept") != NULL;
	size_t rows = (size_t)m->rows, words = (rows + 31) / 32, n;

	if ((!bytes && !sv_eq(jv_get_str(o, "type"), SV("f32"))) || (bytes && m->fine) ||
	    (part && !m->table))
		return bad(e, "the type of a table");
	if (part) {
		rows = (size_t)get_int(o, "kept");
		m->bits = section(f, 2 * words * sizeof(uint32_t));
		m->rank = m->bits ? m->bits + words : NULL;
		if (rows > (size_t)m->rows || !m->bits || !ranks_right(m, words, rows))
			return bad(e, "the rows of a table");
	}
	n = rows * (size_t)m->cols;
	if (bytes && !(m->scale = section(f, rows * sizeof(float))))
		return bad(e, "a table is cut off");
	if (bytes)
		m->q = section(f, n);
	else
		m->f = (float *)section(f, n * sizeof(float));
	if (!m->q && !m->f)
		return bad(e, "a table is cut off");
	if (bytes ? !all_numbers(m->scale, rows) : !all_numbers(m->f, n))
		return bad(e, "a weight is no number");
	return 0;
}

static int read_json(struct nn_net *net, struct file *f, const jv *head, struct err *e)
{
	const jv *layers = jv_get(head, "layers"), *tables = jv_get(head, "tables");
	int rc = 0;

	if (!jv_len(layers) || jv_len(layers) > NN_LAYERS_MAX || !jv_is_arr(layers))
		return bad(e, "its layers");
	for (size_t i = 0; i < jv_len(layers) && !rc; i++)
		rc = read_layer(net, jv_at(layers, i), e);
	if (rc)
		return rc;
	if (!jv_is_arr(tables) || jv_len(tables) != (size_t)net->mats)
		return bad(e, "its tables");
	for (int i = 0; i < net->mats && !rc; i++)
		rc = read_table(f, &net->mat[i], jv_at(tables, (size_t)i), e);
	if (!rc && f->at != f->n)
		rc = bad(e, "something follows it");
	return rc;
}

static int check_card(sv card, struct err *e)
{
	jv *v = jv_parse(card, NULL);
	bool good = jv_is_obj(v);

	jv_free(v);
	return good ? 0 : bad(e, "its card");
}

static int read_net(struct nn_net *net, const void *p, size_t n, struct err *e)
{
	struct file f = { .p = p, .n = n };
	size_t json, card;
	jv *head;
	int rc = check_head(&f, e);

	if (rc)
		return rc;
	json = get32(&f, 12);
	card = get32(&f, 16);
	if (json + card > n - NN_FILE_HEAD)
		return bad(e, "its head");
	f.at = NN_FILE_HEAD + json + card;
	net->loaded = true;
	net->card = sv_n((const char *)f.p + NN_FILE_HEAD + json, card);
	if ((rc = check_card(net->card, e)))
		return rc;
	head = jv_parse(sv_n((const char *)f.p + NN_FILE_HEAD, json), NULL);
	rc = head ? read_json(net, &f, head, e) : bad(e, "its layers");
	jv_free(head);
	return rc;
}

struct nn_net *nn_load_mem(sv data, struct err *e)
{
	struct nn_net *net = nn_empty();
	const char *p = data.p;

	if (data.n > NN_FILE_MAX) {
		(void)err_set(e, ERR_TOOBIG, "the file of a net is at most 1 GiB");
		return nn_unref(net);
	}
	if (data.n && (uintptr_t)p % NN_FILE_ALIGN) {
		char *to = net->copy = xalloc(data.n + NN_FILE_ALIGN);

		to += NN_FILE_ALIGN - (uintptr_t)to % NN_FILE_ALIGN;
		memcpy(to, p, data.n);
		p = to;
	}
	return read_net(net, p, data.n, e) ? nn_unref(net) : net;
}

/* Maps the file; 0 with net->map set. */
static int map_file(struct nn_net *net, const char *path, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;

	if (fd < 0)
		return err_set(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
			       "%s: cannot open: %s", path, strerrordesc_np(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		rc = err_set(e, ERR_IO, "%s: not a file", path);
	else if ((size_t)st.st_size > NN_FILE_MAX)
		rc = err_set(e, ERR_TOOBIG, "%s: the file of a net is at most 1 GiB", path);
	else if (st.st_size < NN_FILE_HEAD)
		rc = err_set(e, ERR_CORRUPT, "%s: not the file of a net", path);
	if (!rc) {
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (p == MAP_FAILED)
			rc = err_set(e, ERR_IO, "%s: cannot map: %s", path, strerrordesc_np(errno));
		else
			net->map = p;
		net->map_n = (size_t)st.st_size;
	}
	(void)close(fd);
	return rc;
}

struct nn_net *nn_load(const char *path, struct err *e)
{
	struct nn_net *net = nn_empty();
	struct err why = { 0 };

	if (map_file(net, path, e))
		return nn_unref(net);
	if (read_net(net, net->map, net->map_n, &why)) {
		(void)err_set(e, why.code, "%s: %s", path, why.msg);
		return nn_unref(net);
	}
	return net;
}
