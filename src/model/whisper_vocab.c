/* whisper_vocab.c: the tokens of a byte-level BPE as bytes, from tokenizer.json.
 *
 * Such a vocabulary writes each byte as a printable character: the printable bytes of Latin-1 stand
 * for themselves, the others for U+0100 and following in their order (GPT-2's bytes_to_unicode).
 * Only ordinary tokens are wanted: those before <|endoftext|>. */
#include "whisper_int.h"

enum { WORDS_MAX = 100000, FILE_MAX = 8 << 20 };

static bool stands_for_itself(int b)
{
	return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
}

static void make_table(int16_t byte_of[512])
{
	int next = 256;
	for (int i = 0; i < 512; i++)
		byte_of[i] = -1;
	for (int b = 0; b < 256; b++)
		byte_of[stands_for_itself(b) ? b : next++] = (int16_t)b;
}

/* False when a character stands for no byte. */
static bool decode(sv token, const int16_t byte_of[512], struct sb *out)
{
	sb_reset(out);
	while (token.n) {
		uint32_t r = sv_rune(&token);
		if (r >= 512 || byte_of[r] < 0)
			return false;
		sb_ch(out, (char)byte_of[r]);
	}
	return !sb_err(out);
}

static int64_t end_of_text(const jv *root)
{
	const jv *added = jv_get(root, "added_tokens");
	for (size_t i = 0; i < jv_len(added); i++)
		if (sv_eq(jv_get_str(jv_at(added, i), "content"), SV("<|endoftext|>")))
			return jv_get_int(jv_at(added, i), "id", -1);
	return jv_get_int(jv_path(root, "model.vocab"), "<|endoftext|>", -1);
}

static int read_words(const jv *root, sv *words, size_t n, struct arena *a)
{
	int16_t byte_of[512];
	struct sb b;
	void *it = NULL;
	sv key;
	jv *val;
	size_t found = 0;
	make_table(byte_of);
	sb_init(&b, 4096);
	while (jv_next(jv_path(root, "model.vocab"), &it, &key, &val)) {
		int64_t id = jv_as_int(val, -1);
		if (id < 0 || (size_t)id >= n)
			continue;
		if (words[id].p || !decode(key, byte_of, &b))
			break;
		words[id] = arena_sv(a, b.n ? sb_sv(&b) : SV(""));
		found += words[id].p != NULL;
	}
	sb_done(&b);
	return found == n ? 0 : ERR_CORRUPT;
}

int wh_vocab_read(const char *path, sv **ret, size_t *n, struct arena *a, struct err *e)
{
	struct sb b;
	struct err why = { 0 };
	sb_init(&b, FILE_MAX);
	int rc = file_read(path, FILE_MAX, &b, e);
	jv *root = rc ? NULL : jv_parse(sb_sv(&b), &why);
	if (!rc && !root)
		rc = err_set(e, ERR_PARSE, "%s: %s", path, why.msg);
	int64_t end = rc ? 0 : end_of_text(root);
	if (!rc && (end <= 0 || end > WORDS_MAX))
		rc = err_set(e, ERR_CORRUPT, "%s names no token <|endoftext|>", path);
	sv *words = rc ? NULL : xalloc((size_t)end * sizeof(*words));
	if (!rc && read_words(root, words, (size_t)end, a))
		rc = err_set(e, ERR_CORRUPT, "%s: not every token below %d is there once, as bytes",
			     path, (int)end);
	jv_free(root);
	sb_done(&b);
	if (rc) {
		xfree(words);
		return rc;
	}
	*ret = words;
	*n = (size_t)end;
	return 0;
}
