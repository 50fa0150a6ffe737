/* ins_fact_int.h: what the files of the facts share: one fact, a book of those at hand. */
#ifndef CALLM_INS_FACT_INT_H
#define CALLM_INS_FACT_INT_H

#include "ins_fact.h"

enum { INS_NAME = 64, INS_ID = 80 };
enum ins_kind { INS_TALK, INS_STAY, INS_TIME };

struct ins_fact {
	char id[INS_ID];             /* conversation; handover/n; @agent/quarter */
	enum ins_kind kind;
	int64_t n;                   /* of a stay, from 1 */
	char conversation[INS_NAME], handover[INS_NAME], customer[INS_NAME];
	/* end: of a conversation; of a stay: when the agent's part ended. */
	int64_t start_ms, end_ms;
	int64_t before_ms;           /* where the customer's last words ended; 0 = answered */
	char dim[INS_DIMS][INS_NAME];
	int64_t m[INS_MEASURES];
	bool there, changed;         /* in the database; to be written */
};

/* A row of the river. */
struct ins_row {
	int64_t pos, ts_ms;
	sv conversation, customer, kind, actor, body;
};

/* Facts at hand: what was read or made, by id. One thread. */
struct ins_book {
	struct store_db *db;         /* where the others are read; NULL: there are no others */
	struct map *at;              /* id -> struct ins_fact */
	struct map *stays;           /* handover -> struct ins_stays */
	int rc;                      /* the first error; then nothing more is done */
};
void ins_book_init(struct ins_book *b, struct store_db *db);
void ins_book_done(struct ins_book *b);
/* Made when there is none. NULL = error. */
struct ins_fact *ins_book_get(struct ins_book *b, sv id, enum ins_kind kind, int64_t start_ms);
/* The stays of a hand-over in order; the vector is the book's. */
typedef VEC(struct ins_fact *) ins_stays;
ins_stays *ins_book_stays(struct ins_book *b, sv handover);
/* The conversation of the same customer and topic that ended last before ms; NULL = none. */
struct ins_fact *ins_book_before(struct ins_book *b, const struct ins_fact *f);
/* A day of which a fact changed or came is stale, and those of the conversation's stays with
 * it. Scribe. */
int ins_book_write(struct store_db *db, const struct ins_book *b, int *ret_n);

/* What one row changes. */
void ins_fold(struct ins_book *b, const struct ins_row *r);

/* SELECT list and order of the columns of ins_fact; reading a row. */
const char *ins_fact_columns(void);
void ins_fact_read(struct store_stmt *q, struct ins_fact *f);
bool ins_fact_same(const struct ins_fact *a, const struct ins_fact *b);

/* Is it no topic: a greeting, thanks, the wish for a person? */
bool ins_courtesy(sv intent);

#endif
