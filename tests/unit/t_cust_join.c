/* t_cust_join.c: joining and parting customers: a thousand random edges against an oracle that
 * colours the same graph; nothing is joined by itself on weak evidence. */
#include "t_cust_help.h"

#define PEOPLE 24

struct oracle {
	bool edge[PEOPLE][PEOPLE];
	int lead[PEOPLE];
};

static void colour(struct oracle *o)
{
	bool more = true;
	for (int i = 0; i < PEOPLE; i++)
		o->lead[i] = i;
	while (more) {
		more = false;
		for (int i = 0; i < PEOPLE * PEOPLE; i++) {
			int a = i / PEOPLE, b = i % PEOPLE;
			if (o->edge[a][b] && o->lead[a] < o->lead[b]) {
				o->lead[b] = o->lead[a];
				more = true;
			}
		}
	}
}

static void name_of(int i, char out[16])
{
	snprintf(out, 16, "p%02d", i);
}

/* Number i, known since the year `year`. */
static int person_since(struct cw *w, int i, int year)
{
	char id[16], since[32], number[32];
	struct cust_ident n = { .kind = CUST_PHONE };
	name_of(i, id);
	snprintf(since, sizeof(since), "20%02d-01-01", year);
	snprintf(number, sizeof(number), "+861540000%04d", i);
	n.value = sv_of(number);
	struct cust c = { .id = sv_of(id), .name = sv_of(id), .since = sv_of(since),
			  .idents = &n, .n_idents = 1 };
	return cust_put(w->db, w->k, &c, SV("test"), w->now);
}

static int person(struct cw *w, int i)
{
	return person_since(w, i, i);
}

/* Who is number i of the oracle: the order of years is not that of ids. */
static void who(int i, char out[16])
{
	name_of(i * 7 % PEOPLE, out);
}

static bool same_group(struct cw *w, const struct oracle *o, int i)
{
	char id[16], want[16], lead[CUST_ID_MAX] = "";
	struct arena a;
	sv *v;
	size_t n = 0, members = 0;
	who(i, id);
	who(o->lead[i], want);
	for (int x = 0; x < PEOPLE; x++)
		members += o->lead[x] == o->lead[i];
	arena_init(&a, LIM_ARENA_TURN);
	bool ok = cust_lead(w->db, sv_of(id), lead) == 0 && strcmp(lead, want) == 0 &&
		  cust_group(w->db, sv_of(id), &a, &v, &n) == 0 && n == members;
	arena_done(&a);
	if (!ok)
		printf("# %s: lead %s, want %s; %zu members, want %zu\n", id, lead, want, n,
		       members);
	return ok;
}

static bool same_groups(struct cw *w, const struct oracle *o)
{
	for (int i = 0; i < PEOPLE; i++)
		if (!same_group(w, o, i))
			return false;
	return true;
}

static void random_edges(struct cw *w)
{
	static struct oracle o;
	char a[16], b[16];
	memset(&o, 0, sizeof(o));
	for (int i = PEOPLE - 1; i >= 0; i--)
		OK(person_since(w, i * 7 % PEOPLE, i));
	for (int step = 0; step < 1000; step++) {
		int x = (int)rng_below(t_rng(), PEOPLE), y = (int)rng_below(t_rng(), PEOPLE);
		bool part = rng_below(t_rng(), 100) < 55;
		who(x, a);
		who(y, b);
		int rc = part ? cust_unjoin(w->db, sv_of(a), sv_of(b), SV("t"), w->now + step) :
				cust_join(w->db, sv_of(a), sv_of(b), SV("looks alike"), 0.7,
					  SV("t"), w->now + step);
		if (x == y)
			EQ(rc, part ? ERR_NOTFOUND : ERR_INVAL);
		else if (part)
			EQ(rc, o.edge[x][y] ? 0 : ERR_NOTFOUND);
		else
			EQ(rc, 0);
		if (x != y)
			o.edge[x][y] = o.edge[y][x] = !part;
		colour(&o);
		CHECK(same_group(w, &o, x) && same_group(w, &o, y));
		CHECK(step % 10 || same_groups(w, &o));
	}
	CHECK(same_groups(w, &o));
	EQ(cw_num(w, "SELECT count(*) FROM cust_edge e WHERE NOT EXISTS (SELECT 1 FROM cust_edge f "
		     "WHERE f.a=e.b AND f.b=e.a AND (f.undone_ms IS NULL)=(e.undone_ms IS NULL))"),
	   0);
}

TEST(cust_random_joins_equal_the_oracle)
{
	cw_run(random_edges);
}

static void back_again(struct cw *w)
{
	struct cust c = { 0 };
	OK(person(w, 1));
	OK(person(w, 2));
	OK(person(w, 3));
	OK(cust_join(w->db, SV("p02"), SV("p03"), SV("she rang from 13987654321"), 0.6,
		     SV("user:ann"), w->now));
	OK(cust_join(w->db, SV("p01"), SV("p03"), SV("said so"), 0.9, SV("user:ann"), w->now));
	struct cust_found f = cw_find(w, CUST_PHONE, "+8615400000003");
	STR_EQ(f.id, "p01");
	OK(cust_get(w->db, w->k, SV("p02"), &w->a, &c));
	EQ(c.n_idents, 3);
	STR_EQ(c.lead, "p01");
	SV_EQ(c.idents[0].value, "+8615400000002");     /* its own first */
	SV_EQ(c.name, "p02");
	cust_done(&c);
	OK(cust_unjoin(w->db, SV("p03"), SV("p01"), SV("user:ann"), w->now));
	OK(cust_unjoin(w->db, SV("p02"), SV("p03"), SV("user:ann"), w->now));
	for (int i = 1; i <= 3; i++) {
		char id[16], number[32];
		name_of(i, id);
		snprintf(number, sizeof(number), "+861540000%04d", i);
		OK(cust_get(w->db, w->k, sv_of(id), &w->a, &c));
		EQ(c.n_idents, 1);
		CHECK(sv_eq(c.idents[0].value, sv_of(number)));
		STR_EQ(c.lead, id);
		cust_done(&c);
		STR_EQ(cw_find(w, CUST_PHONE, number).id, id);
	}
	EQ(cw_num(w, "SELECT count(*) FROM event WHERE kind='customer.joined'"), 4);
	EQ(cw_num(w, "SELECT count(*) FROM event WHERE kind='customer.joined' AND body LIKE "
		     "'%she rang from [phone]%'"),
	   2);
	EQ(cw_num(w, "SELECT count(*) FROM event WHERE kind='customer.unjoined' AND "
		     "customer='p03'"),
	   2);
}

TEST(cust_parting_gives_each_its_own_back)
{
	cw_run(back_again);
}

static void evidence(struct cw *w)
{
	struct sb b;
	struct cust_ident home = { .kind = CUST_PHONE, .value = SV("+862165529988"),
				   .verified = TOOL_CLAIMED },
			  cookie = { .kind = CUST_COOKIE, .value = SV("abcdef123456"),
				     .verified = TOOL_PROVEN };
	for (int i = 1; i <= 3; i++)
		OK(person(w, i));
	OK(cust_ident_add(w->db, w->k, SV("p01"), &home, SV("t"), w->now));
	OK(cust_ident_add(w->db, w->k, SV("p02"), &home, SV("t"), w->now));
	EQ(cw_find(w, CUST_PHONE, "+862165529988").matches, 2);
	STR_EQ(cw_find(w, CUST_PHONE, "+862165529988").id, "");
	EQ(cw_num(w, "SELECT count(*) FROM cust_edge"), 0);
	EQ(cw_num(w, "SELECT count(*) FROM cust_proposal WHERE state='open'"), 1);
	sb_init(&b, LIM_SB);
	OK(cust_proposals(w->db, 10, &b));
	HAS(sb_sv(&b), "{\"a\":\"p01\",\"b\":\"p02\",\"reason\":\"the same address\"");
	sb_done(&b);
	/* the same browser, however sure */
	OK(cust_ident_add(w->db, w->k, SV("p01"), &cookie, SV("t"), w->now));
	OK(cust_ident_add(w->db, w->k, SV("p03"), &cookie, SV("t"), w->now));
	EQ(cw_num(w, "SELECT count(*) FROM cust_edge"), 0);
	/* proven for one only, then for both */
	home.verified = TOOL_PROVEN;
	OK(cust_ident_add(w->db, w->k, SV("p01"), &home, SV("t"), w->now));
	EQ(cw_num(w, "SELECT count(*) FROM cust_edge"), 0);
	OK(cust_ident_add(w->db, w->k, SV("p02"), &home, SV("t"), w->now));
	EQ(cw_num(w, "SELECT count(*) FROM cust_edge WHERE by_actor='system'"), 2);
	EQ(cw_num(w, "SELECT count(*) FROM cust_proposal WHERE a='p01' AND b='p02' AND "
		     "state='joined'"),
	   1);
	STR_EQ(cw_find(w, CUST_PHONE, "+862165529988").id, "p01");
	/* parted by a person: it does not come back by itself */
	OK(cust_unjoin(w->db, SV("p02"), SV("p01"), SV("user:ann"), w->now));
	OK(cust_ident_remove(w->db, w->k, SV("p02"), &home, SV("t"), w->now));
	OK(cust_ident_add(w->db, w->k, SV("p02"), &home, SV("t"), w->now));
	EQ(cw_num(w, "SELECT count(*) FROM cust_edge WHERE undone_ms IS NULL"), 0);
	EQ(cw_find(w, CUST_PHONE, "+862165529988").matches, 2);
}

TEST(cust_weak_evidence_only_proposes)
{
	cw_run(evidence);
}

static void decided(struct cw *w)
{
	struct cust_ident home = { .kind = CUST_PHONE, .value = SV("+862165529988") };
	struct sb b;
	OK(person(w, 1));
	OK(person(w, 2));
	OK(cust_ident_add(w->db, w->k, SV("p01"), &home, SV("t"), w->now));
	OK(cust_ident_add(w->db, w->k, SV("p02"), &home, SV("t"), w->now));
	EQ(cust_proposal_no(w->db, SV("p01"), SV("p09"), SV("user:ann"), w->now), ERR_NOTFOUND);
	OK(cust_proposal_no(w->db, SV("p02"), SV("p01"), SV("user:ann"), w->now));
	sb_init(&b, LIM_SB);
	OK(cust_proposals(w->db, 10, &b));
	SV_EQ(sb_sv(&b), "{\"items\":[],\"next\":null}");
	sb_done(&b);
	EQ(cust_join(w->db, SV("p01"), SV("p09"), SV("x"), 0.5, SV("t"), w->now), ERR_NOTFOUND);
	EQ(cust_join(w->db, SV("p01"), SV("p02"), SV("x"), 1.5, SV("t"), w->now), ERR_INVAL);
	EQ(cust_join(w->db, SV("p01"), SV("p02"), SV("x"), -0.1, SV("t"), w->now), ERR_INVAL);
}

TEST(cust_proposals_are_decided_by_people)
{
	cw_run(decided);
}

static void crowd(struct cw *w)
{
	char id[16];
	int rc = 0, n = 1;
	for (int i = 0; i < CUST_GROUP_MAX + 2; i++) {
		snprintf(id, sizeof(id), "q%02d", i);
		OK(cw_person(w, id, "x", NULL, NULL));
	}
	for (; n < CUST_GROUP_MAX + 2 && rc == 0; n++) {
		snprintf(id, sizeof(id), "q%02d", n);
		rc = cust_join(w->db, SV("q00"), sv_of(id), SV("x"), 0.5, SV("t"), w->now);
	}
	EQ(rc, ERR_FULL);
	EQ(n, CUST_GROUP_MAX + 1);
}

TEST(cust_groups_have_a_limit)
{
	cw_run(crowd);
}
