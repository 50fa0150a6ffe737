/* mbox.h: a mailbox carries closures from any thread to the thread that owns it.
 *
 *	mbox_post(shard->mbox, on_text, msg);     from anywhere; on_text(msg) runs on the owner
 *
 * Bounded (LIM_MBOX). Order is kept per sender. What is posted before the owner closes the box is
 * either run or handed to the drop function.
 */
#ifndef CALLM_BASE_MBOX_H
#define CALLM_BASE_MBOX_H

#include <stddef.h>
#include "loop.h"

struct mbox;
typedef void mbox_fn(void *arg);

/* l may be NULL: then the owner watches mbox_fd and calls mbox_drain. */
struct mbox *mbox_new(struct loop *l);
/* Close and free; no post may follow; not from inside a message; accept NULL. mbox_free first
 * runs what still waits (until nothing does); mbox_free_drop hands the arg of each waiting
 * message to drop (may be NULL). */
void mbox_free(struct mbox *m);
void mbox_free_drop(struct mbox *m, mbox_fn *drop);
/* 0, ERR_FULL, ERR_CLOSED. On error the caller keeps arg. Thread-safe. */
int mbox_post(struct mbox *m, mbox_fn *fn, void *arg);
int mbox_fd(const struct mbox *m);      /* eventfd, readable while messages wait */
size_t mbox_drain(struct mbox *m);      /* runs what waits; number run; owner's thread */

#endif
