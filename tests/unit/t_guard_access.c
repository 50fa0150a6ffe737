/* t_guard_access.c: roles as data: read, refused with the line, asked. */
#include <stdio.h>

#include "guard_access.h"
#include "t.h"

#define TITLE "    title: {zh: 一, en: one}\n"
#define ADMIN "roles:\n  - id: admin\n" TITLE "    scope: tenant\n    may: [\"*\"]\n"

/* Is the text refused at that line with these words? */
static bool refused(const char *yaml, const char *where, const char *what)
{
	struct cfg_report rep = { 0 };
	struct guard_access *a = NULL;
	bool ok = guard_access_new(&a, sv_of(yaml), "r.yaml", &rep) == ERR_INVAL && !a && rep.n &&
		  sv_starts(sv_of(rep.v[0].where), sv_of(where)) &&
		  sv_find(sv_of(rep.v[0].what), sv_of(what)) >= 0;

	if (!ok && rep.n)
		printf("# got %s: %s\n", rep.v[0].where, rep.v[0].what);
	cfg_report_done(&rep);
	obj_unref(a);
	return ok;
}

TEST(access_reads_roles)
{
	static const char yaml[] =
		ADMIN "  - id: night-desk\n    title: {zh: 夜班, en: Night desk}\n"
		      "    may: [ticket.*, queue.read]\n";
	struct cfg_report rep = { 0 };
	struct guard_access *a = NULL;
	sv title[2];

	EQ(guard_access_new(&a, sv_of(yaml), "r.yaml", &rep), 0);
	sv night = SV("night-desk");
	CHECK(guard_may(a, night, "ticket.read") && guard_may(a, night, "ticket.write"));
	CHECK(guard_may(a, night, "queue.read") && !guard_may(a, night, "queue.write"));
	CHECK(!guard_may(a, night, "nobody.wrote_this") &&
	      !guard_may(a, SV("stranger"), "queue.read"));
	CHECK(!guard_may(a, SV("night"), "queue.read") && !guard_may(a, SV_NULL, "queue.read"));
	EQ(guard_scope_of(a, night), GUARD_OWN);
	EQ(guard_scope_of(a, SV("admin")), GUARD_TENANT);
	EQ(guard_scope_of(a, SV("stranger")), GUARD_OWN);
	CHECK(guard_role_known(a, night) && !guard_role_known(a, SV("viewer")));
	CHECK(strcmp(guard_role_at(a, 1, title), "night-desk") == 0 && !guard_role_at(a, 2, NULL));
	CHECK(sv_eq(title[0], SV("夜班")) && sv_eq(title[1], SV("Night desk")));
	for (size_t i = 0; guard_permission_at(i, NULL); i++)
		CHECK(guard_may(a, SV("admin"), guard_permission_at(i, NULL)));
	CHECK(!guard_may(a, SV("admin"), "nobody.wrote_this"));
	obj_unref(a);
	cfg_report_done(&rep);
}

TEST(access_refuses_with_the_line)
{
	CHECK(refused(ADMIN "  - id: x\n" TITLE
			    "    may:\n      - queue.read\n      - queue.raed\n",
		      "r.yaml:10:", "queue.raed"));
	CHECK(refused(ADMIN "  - id: x\n" TITLE "    may: [\"moon.*\"]\n", "r.yaml:8:", "moon.*"));
	CHECK(refused(ADMIN "  - id: admin\n" TITLE "    may: []\n", "r.yaml:6:", "twice"));
	CHECK(refused(ADMIN "  - id: \"a|b\"\n" TITLE "    may: []\n", "r.yaml:6:", "letters"));
	CHECK(refused(ADMIN "  - id: abcdefghijklmnopq\n" TITLE "    may: []\n", "r.yaml:6:", ""));
	CHECK(refused(ADMIN "  - id: x\n" TITLE "    scope: galaxy\n    may: []\n",
		      "r.yaml:8:", ""));
	CHECK(refused("roles:\n  - id: agent\n" TITLE "    may: []\n", "r.yaml", "admin"));
	CHECK(refused("roles:\n  - id: admin\n" TITLE "    may: [queue.read]\n", "r.yaml",
		      "admin"));
	CHECK(refused("", "r.yaml", ""));
	CHECK(refused("roles: 7\n", "r.yaml", ""));
}

TEST(access_has_a_limit_of_roles)
{
	struct sb b;

	sb_init(&b, LIM_SB);
	sb_cstr(&b, ADMIN);
	for (int i = 0; i < GUARD_ROLES; i++)
		sb_fmt(&b, "  - id: r%d\n" TITLE "    may: []\n", i);
	CHECK(refused(sb_str(&b), "r.yaml:", "more than"));
	sb_done(&b);
}

TEST(access_builtin_roles)
{
	static const char *const ids[] = { "admin", "supervisor", "agent", "quality", "knowledge",
					   "viewer" };
	struct guard_access *a = guard_access_builtin();

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		CHECK(strcmp(guard_role_at(a, i, NULL), ids[i]) == 0);
	CHECK(guard_may(a, SV("agent"), "desk.open") && !guard_may(a, SV("agent"), "live.watch"));
	CHECK(!guard_may(a, SV("supervisor"), "personal.reveal"));
	CHECK(!guard_may(a, SV("viewer"), "conversation.read"));
	EQ(guard_scope_of(a, SV("agent")), GUARD_OWN);
	obj_unref(a);
}

TEST(access_permissions_are_sorted_and_explained)
{
	const char *before = "", *what;
	struct sb doc;
	char path[400], line[200];

	sb_init(&doc, LIM_SB);
	(void)snprintf(path, sizeof(path), "%s/docs/access.md", t_srcdir());
	EQ(file_read(path, LIM_SB, &doc, NULL), 0);
	for (size_t i = 0; guard_permission_at(i, &what); i++) {
		const char *name = guard_permission_at(i, NULL);
		CHECK(strcmp(before, name) < 0 && what[0]);
		before = name;
		(void)snprintf(line, sizeof(line), "| `%s` | %s |\n", name, what);
		HAS(sb_sv(&doc), line);
	}
	sb_done(&doc);
}
