/* desk.c: names, and who may move a ticket where. Pure. */
#include "desk_int.h"

#define N(x) (sizeof(x) / sizeof((x)[0]))

static const char *const types[] = { "enquiry", "aftersale", "return", "complaint", "lead",
				     "internal" };
static const char *const severities[] = { "low", "normal", "high", "critical" };
static const char *const statuses[] = { "new",    "open",   "pending_customer", "pending_third",
					"solved", "closed", "reopened" };
static const char *const clocks[] = { "first_response", "next_update", "resolution" };
_Static_assert(N(types) == DESK_TYPES && N(severities) == DESK_SEVERITIES &&
		       N(statuses) == DESK_STATUSES && N(clocks) == DESK_CLOCKS,
	       "a name for each");

static int index_of(sv s, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sv_eq(s, sv_of(names[i])))
			return (int)i;
	return -1;
}

const char *desk_type_name(enum desk_type t)
{
	return t < DESK_TYPES ? types[t] : "";
}

const char *desk_severity_name(enum desk_severity s)
{
	return s < DESK_SEVERITIES ? severities[s] : "";
}

const char *desk_status_name(enum desk_status s)
{
	return s < DESK_STATUSES ? statuses[s] : "";
}

const char *desk_clock_name(enum desk_clock_kind k)
{
	return k < DESK_CLOCKS ? clocks[k] : "";
}

int desk_type_of(sv s)
{
	return index_of(s, types, N(types));
}

int desk_severity_of(sv s)
{
	return index_of(s, severities, N(severities));
}

int desk_status_of(sv s)
{
	return index_of(s, statuses, N(statuses));
}

/* Who may: c customer (what the bot does for one too), a agent, s supervisor, y system. An
 * agent closes a complaint with the customer's word only (desk_ticket.c). */
static const struct {
	enum desk_status from, to;
	const char *who;
} moves[] = {
	{ DESK_NEW, DESK_WORKING, "asy" },
	{ DESK_NEW, DESK_PENDING_CUSTOMER, "casy" },
	{ DESK_NEW, DESK_PENDING_THIRD, "asy" },
	{ DESK_NEW, DESK_SOLVED, "asy" },
	{ DESK_NEW, DESK_CLOSED, "cs" },
	{ DESK_WORKING, DESK_PENDING_CUSTOMER, "casy" },
	{ DESK_WORKING, DESK_PENDING_THIRD, "asy" },
	{ DESK_WORKING, DESK_SOLVED, "asy" },
	{ DESK_WORKING, DESK_CLOSED, "cs" },
	{ DESK_PENDING_CUSTOMER, DESK_WORKING, "casy" },
	{ DESK_PENDING_CUSTOMER, DESK_PENDING_THIRD, "asy" },
	{ DESK_PENDING_CUSTOMER, DESK_SOLVED, "asy" },
	{ DESK_PENDING_CUSTOMER, DESK_CLOSED, "cs" },
	{ DESK_PENDING_THIRD, DESK_WORKING, "asy" },
	{ DESK_PENDING_THIRD, DESK_PENDING_CUSTOMER, "casy" },
	{ DESK_PENDING_THIRD, DESK_SOLVED, "asy" },
	{ DESK_PENDING_THIRD, DESK_CLOSED, "cs" },
	{ DESK_SOLVED, DESK_REOPENED, "casy" },
	{ DESK_SOLVED, DESK_CLOSED, "casy" },
	{ DESK_CLOSED, DESK_REOPENED, "casy" },
	{ DESK_REOPENED, DESK_WORKING, "asy" },
	{ DESK_REOPENED, DESK_PENDING_CUSTOMER, "casy" },
	{ DESK_REOPENED, DESK_PENDING_THIRD, "asy" },
	{ DESK_REOPENED, DESK_SOLVED, "asy" },
	{ DESK_REOPENED, DESK_CLOSED, "cs" },
};

bool desk_may_move(enum desk_status from, enum desk_status to, enum tool_role role)
{
	static const char letters[] = { 'c', 'a', 's', 's', 'y' };
	for (size_t i = 0; i < N(moves); i++)
		if (moves[i].from == from && moves[i].to == to)
			return role < N(letters) && strchr(moves[i].who, letters[role]) != NULL;
	return false;
}
