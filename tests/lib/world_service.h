/* world_service.h: business actions in the simulated world: the demo company's tools, rules and
 * flows over its shop, customers and desk, in the world's own store.
 *
 *	struct world_opts o = { .service = world_service };
 *	world_tools_hold(w, true);       calls stand still until they are let go
 */
#ifndef CALLM_TEST_WORLD_SERVICE_H
#define CALLM_TEST_WORLD_SERVICE_H

#include "world.h"

extern const struct world_service_ops world_service;
void world_tools_hold(struct world *w, bool hold);
void world_tools_break(struct world *w, bool broken);        /* every call fails */
/* A member of an order as the shop has it: "state", "address". The caller's sb. */
int world_order(struct world *w, sv number, struct sb *out);
/* The stock of a product, or its price in fen. */
int world_product(struct world *w, sv sku, bool price, double value);
/* Rows of a table for which sql (one number) counts; -1 = an error. */
int64_t world_count(struct world *w, const char *sql);
/* The first column of each row that sql finds, a JSON array; the caller's. Empty: none, or no
 * SQL. */
jv *world_column(struct world *w, const char *sql);
/* An agent moves a ticket: enum desk_status. 0, or the desk's error and e. */
int world_ticket(struct world *w, sv number, int to, sv why, struct err *e);

#endif
