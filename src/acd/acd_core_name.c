/* acd_core_name.c: the words of the people's side: media, strategies, states and what the
 * machine tells. Names that users of FreeSWITCH and Asterisk know are taken as they are.
 * Constants only: any thread.
 */
#include "acd_core.h"

#define N(x) ((int)(sizeof(x) / sizeof((x)[0])))

int acd_name_of(const char *const *names, int n, sv s)
{
	for (int i = 0; i < n; i++)
		if (sv_eq(s, sv_of(names[i])))
			return i;
	return -1;
}

static const char *const medias[] = { "voice", "chat", "message", "email", "task" };
static const char *const strategies[] = {
	"longest-idle-agent", "round-robin", "top-down", "agent-with-least-talk-time",
	"agent-with-fewest-calls", "sequentially-by-agent-order", "random", "wrandom", "ring-all",
	"ring-progressively", "least-busy", "best-match", "learned-match"
};
/* mod_callcenter's names are above; app_queue's and the usual spellings here. */
static const struct { const char *name; enum acd_strategy s; } aliases[] = {
	{ "leastrecent", ACD_LONGEST_IDLE }, { "longest-idle", ACD_LONGEST_IDLE },
	{ "rrmemory", ACD_ROUND_ROBIN },     { "rrordered", ACD_ROUND_ROBIN },
	{ "roundrobin", ACD_ROUND_ROBIN },   { "linear", ACD_TOP_DOWN },
	{ "fewestcalls", ACD_FEWEST },       { "ringall", ACD_RING_ALL },
	{ "best-match-learned", ACD_LEARNED_MATCH },
};
static const char *const wheres[] = { "none", "queue", "voicemail", "callback", "bot", "hangup" };
static const char *const sl_ofs[] = { "removed", "answered", "offered" };
static const char *const presences[] = { "offline", "ready", "paused" };
static const char *const states[] = { "offline", "ready", "paused", "reserved", "talking", "hold",
				      "wrapup" };
static const char *const outs[] = { "offer", "revoke", "moved", "place", "relaxed", "out",
				    "agent", "wrapped" };

const char *acd_media_name(enum acd_media m)
{
	return medias[m];
}

int acd_media_of(sv s)
{
	return acd_name_of(medias, N(medias), s);
}

const char *acd_strategy_name(enum acd_strategy s)
{
	return strategies[s];
}

int acd_strategy_of(sv s)
{
	for (int i = 0; i < N(aliases); i++)
		if (sv_eq(s, sv_of(aliases[i].name)))
			return (int)aliases[i].s;
	return acd_name_of(strategies, N(strategies), s);
}

const char *acd_where_name(enum acd_where w)
{
	return wheres[w];
}

const char *acd_sl_name(enum acd_sl_of o)
{
	return sl_ofs[o];
}

const char *acd_presence_name(enum acd_presence p)
{
	return presences[p];
}

int acd_presence_of(sv s)
{
	return acd_name_of(presences, N(presences), s);
}

const char *acd_state_name(enum acd_state s)
{
	return states[s];
}

const char *acd_out_name(enum acd_out_kind k)
{
	return outs[k];
}
