/* app_profile.c: the demo company's customers with their newest orders, from customers.jsonl and
 * orders.jsonl inside the program. Strings lie in one arena; nothing changes after open. */
#include "app_profile.h"

#include <stdio.h>

#define CUSTOMERS_MAX 10000
#define FILE_MAX (4u << 20)

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;

struct known {
	struct chan_profile p;
	sv placed_at;                /* of the newest order */
};
struct app_profiles {
	struct arena a;
	struct map *by_id;           /* id -> struct known, in the arena */
};

typedef void line_fn(struct app_profiles *p, const jv *o);

static void add_customer(struct app_profiles *p, const jv *o)
{
	struct known *k = arena_new(&p->a, struct known, 1);
	sv id = jv_get_str(o, "id"), since = jv_get_str(o, "created_at");
	if (!k || !id.n)
		return;
	*k = (struct known){ .p = { .id = arena_sv(&p->a, id),
				    .name = arena_sv(&p->a, jv_get_str(o, "name")),
				    .tier = arena_sv(&p->a, jv_get_str(o, "tier")),
				    .language = arena_sv(&p->a, jv_get_str(o, "language")),
				    .since = arena_sv(&p->a, sv_slice(since, 0, 10)) } };
	(void)map_put(p->by_id, k->p.id, k);
}

/* Times of one zone in RFC 3339: the greater text is the later one. */
static void add_order(struct app_profiles *p, const jv *o)
{
	struct known *k = map_get(p->by_id, jv_get_str(o, "customer_id"));
	sv at = jv_get_str(o, "placed_at");
	if (!k)
		return;
	k->p.orders++;
	size_t n = at.n < k->placed_at.n ? at.n : k->placed_at.n;
	if (k->placed_at.n && memcmp(at.p, k->placed_at.p, n) <= 0)
		return;
	k->placed_at = arena_sv(&p->a, at);
	k->p.last_order = arena_sv(&p->a, jv_get_str(o, "number"));
	k->p.last_status = arena_sv(&p->a, jv_get_str(o, "status"));
}

static int read_lines(struct app_profiles *p, const char *file, line_fn *one, struct err *e)
{
	const struct embed_file *f = embed_find(demo_files, demo_files_n, sv_of(file));
	struct sb text;
	sv rest, line;
	sb_init(&text, FILE_MAX);
	int rc = f ? embed_text(f, &text) : ERR_NOTFOUND;
	rest = sb_sv(&text);
	for (int no = 1; rc == 0 && sv_line(&rest, &line); no++) {
		jv *o = sv_trim(line).n ? jv_parse(line, NULL) : NULL;
		if (o)
			one(p, o);
		else if (sv_trim(line).n)
			rc = err_set(e, ERR_PARSE, "%s:%d inside the program is no JSON", file, no);
		jv_free(o);
	}
	sb_done(&text);
	return rc == ERR_NOTFOUND ? err_set(e, rc, "%s is not in the program", file) : rc;
}

int app_profiles_open(struct app_profiles **ret, struct err *e)
{
	struct app_profiles *p = xalloc(sizeof(*p));
	arena_init(&p->a, LIM_ARENA_BIG);
	p->by_id = map_new(CUSTOMERS_MAX);
	int rc = read_lines(p, "customers.jsonl", add_customer, e);
	if (rc == 0)
		rc = read_lines(p, "orders.jsonl", add_order, e);
	if (rc) {
		app_profiles_close(p);
		return rc;
	}
	*ret = p;
	return 0;
}

void app_profiles_close(struct app_profiles *p)
{
	if (!p)
		return;
	map_free(p->by_id);
	arena_done(&p->a);
	xfree(p);
}

const struct chan_profile *app_profile(const struct app_profiles *p, sv id)
{
	const struct known *k = p ? map_get(p->by_id, id) : NULL;
	return k ? &k->p : NULL;
}
