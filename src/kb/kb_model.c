/* kb_model.c: what search knows of each embedding model: where its cosines lie, and the weights
 * that were learned from its vectors.
 *
 * Cosines of one model lie close together (E5: 0.75 to 0.95), those of another far apart
 * (EmbeddingGemma: 0.1 to 0.6). Features are (cosine - middle) * stretch, so that all that is
 * built on them sees the same range; what the order and the gate make of them is learned for each
 * model. A space keeps the model it was built with (by the name in its kb_dense), and a question
 * of that space is judged by the same. A model that is not listed is taken for E5. Words alone
 * need no model and have weights of their own. Read-only; any thread. */
#include "kb_int.h"
#include "kb_weights.h"
#include "kb_weights_dense.h"
#include "kb_weights_dense_few.h"
#include "kb_weights_few.h"
#include "kb_weights_gemma.h"
#include "kb_weights_gemma_few.h"
#include "kb_weights_gemma_young_en.h"
#include "kb_weights_gemma_young_zh.h"
#include "kb_weights_young_en.h"
#include "kb_weights_young_zh.h"

static const struct kb_model models[] = {
	/* the last one is taken for every name that no other fits */
	{ .part = "embeddinggemma", .tag = "gemma",
	  .middle = 0.3, .middle_centred = 0.2, .stretch = 4, .sharp = 5, .far = -1.5,
	  .lone_title = 0.1, .wish_sharp = 5, .wish_far = -0.8,
	  .wish_name = 0.3, .wish_title = 0.3,
	  .grown = { &weights_gemma_en, &weights_gemma_zh },
	  .young = { &weights_gemma_young_en, &weights_gemma_young_zh },
	  .few = { &few_gemma_en, &few_gemma_zh },
	  .abroad = { &weights_gemma_abroad, &weights_gemma_young_abroad } },
	{ .part = "", .tag = "",
	  .middle = 0.8, .middle_centred = 0.3, .stretch = 10, .sharp = 5, .far = -8,
	  .lone_title = 0.3, .wish_sharp = 6, .wish_far = -1, .wish_name = 0,
	  .wish_title = 0.8,
	  .grown = { &weights_dense_en, &weights_dense_zh },
	  .young = { &weights_young_dense_en, &weights_young_dense_zh },
	  .few = { &few_dense_en, &few_dense_zh },
	  .abroad = { &weights_abroad, &weights_abroad } },
};

static bool has(sv name, sv part)
{
	for (size_t i = 0; i + part.n <= name.n; i++)
		if (sv_eq_nocase(sv_n(name.p + i, part.n), part))
			return true;
	return false;
}

const struct kb_model *kb_model_of(sv name)
{
	const struct kb_model *m = models;

	while (*m->part && !has(name, sv_of(m->part)))
		m++;
	return m;
}

static bool is_zh(sv lang)
{
	return sv_eq(lang, SV("zh")) || sv_eq(lang, SV("ja"));
}

const struct kb_few *kb_few_of(sv lang, const struct kb_model *m)
{
	static const struct kb_few *const words[2] = { &few_words_en, &few_words_zh };

	return m ? m->few[is_zh(lang)] : words[is_zh(lang)];
}

const struct kb_weights *kb_weights_of(sv lang, const struct kb_model *m, bool young)
{
	bool zh = is_zh(lang);

	if (m)
		return young ? m->young[zh] : m->grown[zh];
	if (young)
		return zh ? &weights_young_zh : &weights_young_en;
	return zh ? &weights_zh : &weights_en;
}
