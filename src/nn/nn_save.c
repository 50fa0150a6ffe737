/* nn_save.c: a net to bytes: layers and card as JSON, tables as they will be mapped.
 *
 * Layers that are left out are taken out first: the rest is built anew, so that a file can only
 * hold a net that makes sense. Blocking (files). */
#include <string.h>
#include <zlib.h>

#include "nn_file.h"

/* What goes to the file: a net of the layers that stay, without weights, and where each of its
 * tables is in the whole net. */
struct part {
	struct nn_net *net;
	int mat[NN_MATS_MAX];
};

/* The name, or one of the parts it consists of. */
static bool is_part(const char *name, const char *of)
{
	size_t n = strlen(of);

	return !strncmp(name, of, n) && (name[n] == '\0' || name[n] == '.');
}

static bool stays(const struct nn_node *node, const char *const *drop)
{
	for (; drop && *drop; drop++)
		if (is_part(node->name, *drop))
			return false;
	return true;
}

static int add_node(struct part *part, const struct nn_net *net, int at, int new_at[],
		    struct err *e)
{
	struct nn_node node = net->node[at];
	int rc;

	for (int k = 0; k < node.ins; k++) {
		const char *below = net->node[node.in[k]].name;

		if ((node.in[k] = new_at[node.in[k]]) < 0)
			return err_set(e, ERR_INVAL, "layer %s reads %s, which is left out",
				       node.name, below);
	}
	/* Tied to one that is left out: it has the weights now, unless another that stays does. */
	node.tie = -1;
	for (int k = 0; k < part->net->n && net->node[at].mats; k++) {
		const struct nn_node *have = &part->net->node[k];

		if (have->mats && part->mat[have->mat] == net->node[at].mat && node.tie < 0)
			node.tie = k;
	}
	new_at[at] = part->net->n;
	if ((rc = nn_node_add(part->net, &node, e)))
		return rc;
	for (int k = 0; k < net->node[at].mats; k++)
		part->mat[part->net->node[new_at[at]].mat + k] = net->node[at].mat + k;
	return 0;
}

static int choose(struct part *part, const struct nn_net *net, const char *const *drop,
		  struct err *e)
{
	int new_at[NN_LAYERS_MAX], rc = 0;

	part->net = nn_empty();
	for (int i = 0; i < net->n && !rc; i++) {
		new_at[i] = -1;
		if (stays(&net->node[i], drop))
			rc = add_node(part, net, i, new_at, e);
	}
	if (!rc && !part->net->n)
		rc = err_set(e, ERR_INVAL, "no layer is left");
	return rc;
}

/* ---- JSON ---- */

static void put_int(jv *o, const char *key, int v)
{
	if (v)
		jv_set_int(o, key, v);
}

static jv *layer_json(const struct nn_node *node)
{
	const struct nn_layer *l = &node->l;
	jv *o = jv_obj(), *in = jv_arr();

	jv_set_str(o, "name", sv_of(node->name));
	jv_set_str(o, "kind", sv_of(nn_kind_ops[l->kind].name));
	for (int i = 0; i < node->ins; i++)
		jv_push(in, jv_int(node->in[i]));
	jv_set(o, "in", in);
	put_int(o, "dim", l->dim);
	put_int(o, "slot", l->slot);
	put_int(o, "rows", l->rows);
	put_int(o, "steps", l->steps);
	put_int(o, "heads", l->heads);
	put_int(o, "act", (int)l->act);
	put_int(o, "how", (int)l->how);
	if (l->drop > 0)
		jv_set_num(o, "drop", (double)l->drop);
	if (l->scale != 0)
		jv_set_num(o, "scale", (double)l->scale);
	if (l->reverse)
		jv_set_bool(o, "reverse", true);
	if (node->tie >= 0)
		jv_set_int(o, "tie", node->tie);
	return o;
}

/* ---- tables ---- */

static uint32_t count_rows(const struct nn_mat *m)
{
	uint32_t n = 0;

	for (int r = 0; r < m->rows; r++)
		n += nn_mat_at(m, (uint32_t)r) >= 0;
	return n;
}

static bool sparse(const struct nn_mat *m)
{
	return m->table && count_rows(m) < (uint32_t)m->rows / 10 * 9;
}

static bool in_bytes(const struct nn_mat *m, const struct nn_save *how)
{
	return how->int8 && !m->fine;
}

static jv *table_json(const struct nn_mat *m, const struct nn_save *how)
{
	jv *o = jv_obj();

	jv_set_str(o, "type", in_bytes(m, how) ? SV("i8") : SV("f32"));
	if (sparse(m))
		jv_set_int(o, "kept", (int64_t)count_rows(m));
	return o;
}

static void pad(struct sb *out, size_t start)
{
	static const char zero[NN_FILE_ALIGN];
	size_t n = out->n - start;

	sb_put(out, sv_n(zero, nn_file_align(n) - n));
}

static void put_bits(struct sb *out, const struct nn_mat *m)
{
	size_t words = ((size_t)m->rows + 31) / 32;
	uint32_t *bits = xalloc(2 * words * sizeof(*bits)), *rank = bits + words;

	for (int r = 0; r < m->rows; r++)
		if (nn_mat_at(m, (uint32_t)r) >= 0)
			bits[r / 32] |= 1u << r % 32;
	for (size_t i = 1; i < words; i++)
		rank[i] = rank[i - 1] + (uint32_t)__builtin_popcount(bits[i - 1]);
	sb_put(out, sv_n((char *)bits, 2 * words * sizeof(*bits)));
	xfree(bits);
}

/* The rows' scales (what = 0) or the rows (what = 1). */
static void put_rows(struct sb *out, const struct nn_mat *m, bool bytes, int what)
{
	float *row = xalloc((size_t)m->cols * sizeof(float));
	int8_t *q = xalloc((size_t)m->cols);
	bool all = !sparse(m);

	for (int r = 0; r < m->rows; r++) {
		float scale = 0;

		if (!all && nn_mat_at(m, (uint32_t)r) < 0)
			continue;
		nn_mat_row(m, (uint32_t)r, row);
		if (bytes)
			scale = nn_quantise(row, m->cols, q);
		if (what == 0)
			sb_put(out, sv_n((char *)&scale, sizeof(scale)));
		else if (bytes)
			sb_put(out, sv_n((char *)q, (size_t)m->cols));
		else
			sb_put(out, sv_n((char *)row, (size_t)m->cols * sizeof(float)));
	}
	xfree(q);
	xfree(row);
}

static void put_table(struct sb *out, size_t start, const struct nn_mat *m,
		      const struct nn_save *how)
{
	bool bytes = in_bytes(m, how);

	if (sparse(m)) {
		pad(out, start);
		put_bits(out, m);
	}
	if (bytes) {
		pad(out, start);
		put_rows(out, m, true, 0);
	}
	pad(out, start);
	put_rows(out, m, bytes, 1);
}

static int check_card(sv card, struct err *e)
{
	jv *v = jv_parse(card, e);
	bool good = jv_is_obj(v);

	if (!v)
		return ERR_PARSE;
	jv_free(v);
	return good ? 0 : err_set(e, ERR_INVAL, "the card of a net is a JSON object");
}

static void put_json(struct sb *out, const struct part *part, const struct nn_net *net,
		     const struct nn_save *how)
{
	jv *o = jv_obj(), *layers = jv_arr(), *tables = jv_arr();

	for (int i = 0; i < part->net->n; i++)
		jv_push(layers, layer_json(&part->net->node[i]));
	for (int i = 0; i < part->net->mats; i++)
		jv_push(tables, table_json(&net->mat[part->mat[i]], how));
	jv_set(o, "layers", layers);
	jv_set(o, "tables", tables);
	jv_dump(o, out);
	jv_free(o);
}

static void set32(char *at, size_t v)
{
	uint32_t w = (uint32_t)v;

	memcpy(at, &w, sizeof(w));
}

/* The first 64 bytes, once the rest is there. */
static void set_head(char *file, size_t n, size_t json, size_t card)
{
	uint64_t size = n;

	memcpy(file, NN_FILE_MAGIC, 8);
	set32(file + 8, NN_FILE_VERSION);
	set32(file + 12, json);
	set32(file + 16, card);
	memcpy(file + 24, &size, sizeof(size));
	set32(file + 32, crc32(0, (Bytef *)file + NN_FILE_HEAD, (uInt)(n - NN_FILE_HEAD)));
	set32(file + 36, crc32(0, (Bytef *)file, 36));
}

int nn_save_mem(const struct nn_net *net, struct sb *out, const struct nn_save *how,
		struct err *e)
{
	static const char zero[NN_FILE_HEAD];
	sv card = how->card.n ? how->card : SV("{}");
	struct part part;
	size_t start = out->n, json;
	int rc = check_card(card, e);

	if (rc)
		return rc;
	if (!(rc = choose(&part, net, how->drop, e))) {
		sb_put(out, sv_n(zero, NN_FILE_HEAD));
		put_json(out, &part, net, how);
		json = out->n - start - NN_FILE_HEAD;
		sb_put(out, card);
		for (int i = 0; i < part.net->mats; i++)
			put_table(out, start, &net->mat[part.mat[i]], how);
		if (sb_err(out))
			rc = err_set(e, sb_err(out), "the net does not fit %zu bytes", out->max);
		else
			set_head(out->p + start, out->n - start, json, card.n);
	}
	nn_unref(part.net);
	return rc;
}

int nn_save(const struct nn_net *net, const char *path, const struct nn_save *how, struct err *e)
{
	struct sb out;
	int rc;

	sb_init(&out, NN_FILE_MAX);
	rc = nn_save_mem(net, &out, how, e);
	if (!rc)
		rc = file_write(path, sb_sv(&out), e);
	sb_done(&out);
	return rc;
}
