/* feel_task_file.c: the file of a task.
 *
 * Little-endian: 64 bytes of header, the card (JSON: labels, thresholds, data, scores), the
 * hashes of the vocabulary, ascending, their idf as floats, and the net as nn_save_mem wrote it.
 * Each part begins at a multiple of 64. The checksum (FNV-1a of all behind it) finds damage; what
 * a wrong file could still claim is checked against its length and the net's shape. A task of
 * another base would answer nonsense, so the base's checksum is kept and compared.
 */
#include "feel_task_int.h"

#include <math.h>

enum { PART = 64, VERSION = 1, VERSION_SENSE = 2 };
#define FILE_MAX (1u << 30)

struct head {
	char magic[8];
	uint64_t sum;            /* of the bytes from `version` on */
	uint32_t version, kind, vocab, card;
	uint64_t net, base;      /* bytes; id */
	uint32_t base_dim, sense, pad[2];
};
_Static_assert(sizeof(struct head) == PART, "the header fills one part");

static const char magic[8] = "CALLMTK";

static size_t parts(size_t n)
{
	return (n + PART - 1) / PART * PART;
}

static uint64_t sum_of(const char *p, size_t n)
{
	size_t from = offsetof(struct head, version);

	return sv_hash(sv_n(p + from, n - from));
}

/* ---- writing ---- */

static void fill(struct sb *b)
{
	static const char zero[PART];

	sb_put(b, sv_n(zero, parts(b->n) - b->n));
}

static void put_vocab(struct sb *b, const struct feel_vocab *v)
{
	sb_put(b, sv_n((const char *)v->key, v->n * sizeof(*v->key)));
	fill(b);
	sb_put(b, sv_n((const char *)v->idf, v->n * sizeof(*v->idf)));
	fill(b);
}

int feel_task_write(const struct feel_task *t, sv card, const char *const *drop, const char *path,
		    struct err *e)
{
	struct head h = { .version = VERSION, .kind = (uint32_t)t->kind,
			  .vocab = (uint32_t)t->vocab.n, .card = (uint32_t)card.n,
			  .base = t->base ? t->base->id : 0, .sense = (uint32_t)t->sense };
	struct sb b, net;

	h.version = t->sense ? VERSION_SENSE : VERSION;

	memcpy(h.magic, magic, sizeof(magic));
	if (t->base)
		h.base_dim = (uint32_t)nn_dim(t->base->net, t->base->out);
	sb_init(&net, FILE_MAX);
	sb_init(&b, FILE_MAX);
	int rc = nn_save_mem(t->net, &net, &(struct nn_save){ .card = SV("{}"), .int8 = true,
							      .drop = drop }, e);
	h.net = net.n;
	sb_put(&b, sv_n((const char *)&h, sizeof(h)));
	sb_put(&b, card);
	fill(&b);
	put_vocab(&b, &t->vocab);
	if (t->sense) {
		sb_put(&b, sv_n((const char *)t->middle, (t->sense + 1) * sizeof(float)));
		fill(&b);
	}
	sb_put(&b, sb_sv(&net));
	if (rc == 0 && (sb_err(&b) || sb_err(&net)))
		rc = err_set(e, ERR_TOOBIG, "%s: the task is larger than 1 GB", path);
	if (rc == 0) {
		uint64_t sum = sum_of(b.p, b.n);
		memcpy(b.p + offsetof(struct head, sum), &sum, sizeof(sum));
		rc = file_write(path, sb_sv(&b), e);
	}
	sb_done(&net);
	sb_done(&b);
	return rc;
}

/* ---- reading ---- */

static void task_free(void *obj)
{
	struct feel_task *t = obj;

	nn_unref(t->net);
	feel_vocab_done(&t->vocab);
	feel_task_unref(t->base);
	jv_free(t->card);
	sb_done(&t->card_text);
	xfree(t->own_middle);
	xfree(t->mem);
}

static int damaged(struct err *e, const char *what)
{
	return err_set(e, ERR_CORRUPT, "not a trained task, or damaged: %s", what);
}

static int read_labels(struct feel_task *t, struct err *e)
{
	const jv *names = jv_get(t->card, "labels"), *at = jv_get(t->card, "thresholds");
	const jv *lift = jv_get(t->card, "lift");
	size_t n = jv_len(names);

	if (n > FEEL_LABELS_MAX || (n < 2 && t->kind != FEEL_BASE))
		return damaged(e, "the labels");
	t->n_label = n;
	t->oos = -1;
	for (size_t i = 0; i < n; i++) {
		t->name[i] = jv_as_str(jv_at(names, i));
		if (!t->name[i].n)
			return damaged(e, "the labels");
		if (sv_eq(t->name[i], SV("oos")))
			t->oos = (int)i;
		t->threshold[i] = (float)jv_as_num(jv_at(at, i), 0.5);
		t->lift[i] = (float)jv_as_num(jv_at(lift, i), 1);
		if (!(t->lift[i] > 0 && t->lift[i] < 1e6f))
			return damaged(e, "the lift");
	}
	return 0;
}

static int read_card(struct feel_task *t, sv text, struct err *e)
{
	struct err why = { 0 };

	sb_init(&t->card_text, LIM_JSON_BYTES);
	sb_put(&t->card_text, text);
	t->card = jv_parse(text, &why);
	if (!t->card)
		return damaged(e, "the card");
	t->multi = jv_get_bool(t->card, "multi", false);
	t->values = jv_get_bool(t->card, "values", false);
	t->temperature = (float)jv_get_num(t->card, "temperature", 1);
	t->oos_at = (float)jv_get_num(t->card, "oos_at", 2);
	if (!(t->temperature >= 0.01f && t->temperature <= 100))
		return damaged(e, "the temperature");
	t->bias = (float)jv_get_num(t->card, "bias", 0);
	if (!(t->bias >= -20 && t->bias <= 20))
		return damaged(e, "the bias");
	return read_labels(t, e);
}

/* The layers have the shapes that the code relies on. */
static int read_net(struct feel_task *t, sv bytes, struct err *e)
{
	struct err why = { 0 };

	t->net = nn_load_mem(bytes, &why);
	if (!t->net)
		return damaged(e, why.msg);
	t->out = nn_find(t->net, t->kind == FEEL_BASE ? "base" : "out");
	t->value = nn_find(t->net, "value");
	if (t->out < 0)
		return damaged(e, "no output");
	int dim = nn_dim(t->net, t->out);
	if (t->kind == FEEL_BASE ? dim > FEEL_BASE_MAX : dim != (int)t->n_label)
		return damaged(e, "the width of the output");
	if (t->value >= 0 && nn_dim(t->net, t->value) != FEEL_VALUES)
		return damaged(e, "the width of the values");
	int dense = nn_find(t->net, "dense");
	int want = t->base ? feel_task_dense(t->kind, nn_dim(t->base->net, t->base->out)) : 0;
	if (dense >= 0 ? nn_dim(t->net, dense) != want : want != 0)
		return damaged(e, "the width of the input");
	int sense = nn_find(t->net, "sense");
	if (sense >= 0 ? nn_dim(t->net, sense) != (int)t->sense : t->sense != 0)
		return damaged(e, "the width of the sentence vector");
	return 0;
}

/* What the sentence vectors are brought to the middle with. */
static int read_middle(struct feel_task *t, const float *v, struct err *e)
{
	for (size_t i = 0; i <= t->sense; i++)
		if (!(fabsf(v[i]) < 1e6f))
			return damaged(e, "the mean of the sentence vectors");
	t->middle = v;
	t->sense_name = jv_get_str(t->card, "embedding");
	if (!t->sense_name.n)
		return damaged(e, "the name of the embedding model");
	feel_task_unknown(t);
	return 0;
}

static int read_parts(struct feel_task *t, sv all, const struct head *h, struct err *e)
{
	size_t card = PART, key = card + parts(h->card);
	size_t idf = key + parts(4 * (size_t)h->vocab);
	size_t middle = idf + parts(4 * (size_t)h->vocab);
	size_t net = middle + (t->sense ? parts(4 * (t->sense + 1)) : 0);

	if (net > all.n || h->net != all.n - net)
		return damaged(e, "its length");
	int rc = read_card(t, sv_n(all.p + card, h->card), e);
	if (rc)
		return rc;
	if (feel_vocab_put(&t->vocab, (const uint32_t *)(const void *)(all.p + key),
			   (const float *)(const void *)(all.p + idf), h->vocab))
		return damaged(e, "the vocabulary");
	if (t->sense)
		rc = read_middle(t, (const float *)(const void *)(all.p + middle), e);
	if (rc)
		return rc;
	return read_net(t, sv_n(all.p + net, (size_t)h->net), e);
}

static int read_head(struct feel_task *t, sv all, struct feel_task *base, struct err *e)
{
	struct head h;

	if (all.n < sizeof(h))
		return damaged(e, "too short");
	memcpy(&h, all.p, sizeof(h));
	if (memcmp(h.magic, magic, sizeof(magic)) != 0)
		return damaged(e, "its first bytes");
	if (h.version != VERSION && h.version != VERSION_SENSE)
		return err_set(e, ERR_VERSION, "a task of version %u; this program reads %d and "
					       "%d",
			       h.version, VERSION, VERSION_SENSE);
	if (h.sum != sum_of(all.p, all.n))
		return damaged(e, "its checksum");
	if (h.kind >= FEEL_KINDS && h.kind != FEEL_BASE)
		return damaged(e, "its kind");
	t->kind = (int)h.kind;
	t->id = h.sum;
	t->sense = h.version == VERSION_SENSE ? h.sense : 0;
	if (h.version == VERSION_SENSE && (t->sense < 1 || t->sense > FEEL_SENSE_MAX))
		return damaged(e, "the width of the sentence vector");
	if (h.base && (!base || base->id != h.base || base->kind != FEEL_BASE))
		return err_set(e, ERR_STATE, "trained on another base than this program has; "
					     "train it again");
	if (h.base)
		t->base = obj_ref(base);
	return read_parts(t, all, &h, e);
}

struct feel_task *feel_task_load_mem(sv data, struct feel_task *base, struct err *e)
{
	struct feel_task *t = obj_new(sizeof(*t), task_free);

	if ((uintptr_t)data.p % PART) {
		t->mem = xalloc(data.n + PART);
		char *p = t->mem + (PART - (uintptr_t)t->mem % PART) % PART;
		memcpy(p, data.p, data.n);
		data.p = p;
	}
	return read_head(t, data, base, e) ? obj_unref(t) : t;
}

struct feel_task *feel_task_load(const char *path, struct feel_task *base, struct err *e)
{
	struct feel_task *t = NULL;
	struct err why = { 0 };
	struct sb b;

	sb_init(&b, FILE_MAX);
	int rc = file_read(path, FILE_MAX, &b, e);
	if (rc == 0) {
		char *copy = xalloc(b.n + PART);
		char *p = copy + (PART - (uintptr_t)copy % PART) % PART;
		memcpy(p, sb_sv(&b).p, b.n);
		t = feel_task_load_mem(sv_n(p, b.n), base, &why);
		if (t)
			t->mem = copy;
		else
			xfree(copy);
		if (!t)
			err_set(e, why.code, "%s: %s", path, why.msg);
	}
	sb_done(&b);
	return t;
}

void *feel_task_unref(struct feel_task *t)
{
	return obj_unref(t);
}

int feel_task_kind(const struct feel_task *t)
{
	return t->kind;
}

size_t feel_task_labels(const struct feel_task *t)
{
	return t->n_label;
}

sv feel_task_label(const struct feel_task *t, size_t i)
{
	return i < t->n_label ? t->name[i] : SV_NULL;
}

sv feel_task_card(const struct feel_task *t)
{
	return sb_sv(&t->card_text);
}

sv feel_task_sense(const struct feel_task *t, size_t *ret_dim)
{
	if (ret_dim)
		*ret_dim = t->sense;
	return t->sense ? t->sense_name : SV_NULL;
}

float feel_task_temperature(const struct feel_task *t)
{
	return t->temperature;
}

/* The parts behind the card stay as they are, byte by byte. */
static void put_tempered(struct sb *b, sv file, const struct head *was, jv *card)
{
	struct head h = *was;
	struct sb text;

	sb_init(&text, LIM_JSON_BYTES);
	jv_dump(card, &text);
	h.card = (uint32_t)text.n;
	sb_put(b, sv_n((const char *)&h, sizeof(h)));
	sb_put(b, sb_sv(&text));
	fill(b);
	sb_put(b, sv_slice(file, PART + parts(was->card), file.n));
	sb_done(&text);
	if (sb_err(b))
		return;
	uint64_t sum = sum_of(b->p, b->n);
	memcpy(b->p + offsetof(struct head, sum), &sum, sizeof(sum));
}

int feel_task_temper(sv file, float temperature, const char *path, struct err *e)
{
	struct head h;
	struct sb b;

	if (!(temperature >= 0.01f && temperature <= 100))
		return err_set(e, ERR_INVAL, "a temperature is 0.01 to 100");
	if (file.n < sizeof(h))
		return damaged(e, "too short");
	memcpy(&h, file.p, sizeof(h));
	if (memcmp(h.magic, magic, sizeof(magic)) != 0 || h.version < VERSION ||
	    h.version > VERSION_SENSE || h.sum != sum_of(file.p, file.n) ||
	    PART + parts(h.card) > file.n)
		return damaged(e, "its checksum");
	jv *card = jv_parse(sv_n(file.p + PART, h.card), NULL);
	if (!card)
		return damaged(e, "the card");
	jv_set_num(card, "temperature", (double)temperature);
	sb_init(&b, FILE_MAX);
	put_tempered(&b, file, &h, card);
	int rc = sb_err(&b) ? err_set(e, ERR_TOOBIG, "%s: too large", path) :
			      file_write(path, sb_sv(&b), e);
	sb_done(&b);
	jv_free(card);
	return rc;
}
