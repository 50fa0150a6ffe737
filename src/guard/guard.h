/* guard.h: the gates: what comes in is masked before a model or a log sees it; what goes out is
 * checked against its sources.
 *
 *	struct guard_in in;
 *	guard_inbound(SV("my card is 4111 1111 1111 1111"), &arena, &in);
 *	in.masked -> "my card is [bank_card]"
 *
 * Pure functions, any thread; results live in the arena.
 */
#ifndef CALLM_GUARD_H
#define CALLM_GUARD_H

#include "base.h"

enum guard_pii { PII_PHONE, PII_EMAIL, PII_ID_CARD, PII_BANK_CARD, PII_ADDRESS, PII_NAME,
		 PII_ORDER_NUMBER, PII_DATE_OF_BIRTH, PII_PLATE, PII_COUNT };
const char *guard_pii_name(enum guard_pii t);   /* "phone", as in CONTRACT */

struct guard_span {
	enum guard_pii type;
	size_t start, end;       /* bytes */
	size_t cp_start, cp_end; /* code points, for the outside */
};
struct guard_in {
	/* control characters and invisible tricks removed, NFC not needed; <= LIM_TEXT_MSG. */
	sv clean;
	sv masked;               /* clean with personal data as [type] */
	sv model;                /* like masked but order numbers stay: what a model may see */
	struct guard_span *spans;
	size_t n;
	/* Where each code point of clean stood in the text, one more for its end. */
	uint32_t *from;
	bool truncated;
	/* looks like an attempt to steer the model; recorded, never trusted as a filter. */
	bool suspicious;
};
int guard_inbound(sv text, struct arena *a, struct guard_in *ret);
/* Its .suspicious alone, for texts of the company's own that are read out; false when it could not
 * be looked at. Nothing stays in an arena. */
bool guard_steers(sv text);
/* Its .model alone, for texts that people wrote elsewhere (a note, an argument); "***" when it
 * could not be looked at. */
sv guard_model_text(sv text, struct arena *a);
/* Bytes of text that fit one guard_inbound, ended at a blank or between words where there is
 * one: for texts longer than a message. */
size_t guard_piece(sv text);

struct guard_source {
	sv id, text;             /* article id and its body */
};
struct guard_verdict {
	bool ok;
	/* static: "number without source", "leaks instructions", ... */
	const char *why;
	sv sentence;             /* the first one that failed */
};
/* Strict grounding of generated text: every number, price, date, percentage, address and link
 * must stand in a source, and enough of each sentence's content words too. small talk sentences
 * pass. */
void guard_outbound(sv reply, const struct guard_source *src, size_t n, sv customer_text,
		    struct guard_verdict *ret);

/* ---- masks that can be taken off again (docs/guard.md) ----
 *
 *	guard_vault_mask(v, SV("call 13800138000"), &out);     "call [phone_1]"
 *	guard_vault_restore(v, SV("we ring [phone_1]"), &out);  "we ring 13800138000"
 *
 * Sealed is XChaCha20-Poly1305 (libsodium) under a key of 32 random bytes, as base64.
 */
#define GUARD_KEY 32
/* Reads the key of a file; make: one that is not there is made, readable by its owner only. */
int guard_key(const char *path, bool make, unsigned char key[GUARD_KEY], struct err *e);
/* Appends plain, sealed for the place that context names. Any thread. */
int guard_seal(const unsigned char key[GUARD_KEY], sv plain, sv context, struct sb *out);
/* Appends what was sealed. ERR_DENIED: another key, another place, or something was changed. */
int guard_unseal(const unsigned char key[GUARD_KEY], sv sealed, sv context, struct sb *out);

/* The context of a text's masks: its conversation and the masked text itself. */
void guard_seal_context(sv conversation, sv masked, struct sb *out);
/* What in's masks hide, in their order, sealed; nothing when there is none. Bank cards are never
 * kept, also not sealed (PCI DSS 3.3.1): their masks stay. */
int guard_seal_masks(const unsigned char key[GUARD_KEY], const struct guard_in *in, sv context,
		     struct sb *out);
/* Appends masked with the masks taken off. ERR_DENIED as above; ERR_PARSE: they do not fit. */
int guard_unseal_masks(const unsigned char key[GUARD_KEY], sv masked, sv sealed, sv context,
		       struct sb *out);
/* The same in "text" of a row's body (sealed of kv sealed/CONVERSATION/SEQ); body is as it was
 * when it does not open. */
int guard_unseal_body(const unsigned char key[GUARD_KEY], sv conversation, sv sealed, jv *body);

/* Values and their tokens. One thread at a time. */
struct guard_vault;
struct guard_vault *guard_vault_new(void);
void guard_vault_free(struct guard_vault *v);            /* accepts NULL */
/* Appends text, however long, with personal data as tokens; the same value has the same token.
 * What looks like a token already becomes one too, so that restoring gives back each byte. */
int guard_vault_mask(struct guard_vault *v, sv text, struct sb *out);
/* Appends text with the values of known tokens; unknown ones stay. */
int guard_vault_restore(const struct guard_vault *v, sv text, struct sb *out);
size_t guard_vault_size(const struct guard_vault *v);    /* values in it */
int guard_vault_save(const struct guard_vault *v, const unsigned char key[GUARD_KEY],
		     struct sb *out);
/* ERR_DENIED, ERR_PARSE; *ret only on success. */
int guard_vault_load(struct guard_vault **ret, sv sealed, const unsigned char key[GUARD_KEY]);

#endif
