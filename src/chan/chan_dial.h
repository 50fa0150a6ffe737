/* chan_dial.h: whom we may call, and as what: the list of allowed addresses, the trunk, our own
 * number. Private to chan and its tests; immutable after chan_dial_open, so any thread reads it.
 *
 *	chan_dial_open(&d, &(struct chan_dial_opts){ .allow = list, .n_allow = n });
 *	chan_dial_uri(&d, SV("+496155501"), uri)       0 and what to dial, or ERR_INVAL
 *	chan_dial_done(&d);
 */
#ifndef CALLM_CHAN_DIAL_H
#define CALLM_CHAN_DIAL_H

#include "base.h"

enum { CHAN_URI = 256, CHAN_DIAL_MAX = 64 };

struct chan_dial_opts {              /* copied */
	/* "sip:alice@pbx.example", "sip:2*@10.0.0.5:5070", "+4961*", "112"; none: nobody. */
	const char *const *allow;
	size_t n_allow;
	const char *trunk;           /* "host" or "host:port" of numbers; NULL or "" = none */
	const char *from;            /* user part that the called see; NULL or "" = callm */
};
struct chan_dial {
	char *allow[CHAN_DIAL_MAX];
	size_t n_allow;
	char trunk[128], from[64];
};
void chan_dial_open(struct chan_dial *d, const struct chan_dial_opts *o);
void chan_dial_done(struct chan_dial *d);            /* idempotent */
bool chan_dial_any(const struct chan_dial *d);       /* may anybody be called? */
/* Is this a pattern that chan_dial_uri can match? For the check of a configuration. */
bool chan_dial_pattern_ok(sv pattern);
/* What to dial for `to`. ERR_INVAL: no address, not allowed, or a number without a trunk. */
int chan_dial_uri(const struct chan_dial *d, sv to, char ret[CHAN_URI]);

#endif
