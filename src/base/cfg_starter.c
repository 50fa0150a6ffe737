/* cfg_starter.c: a commented starter file from the table of rules.
 *
 * Rules stand grouped in the table. Required keys are written out, optional ones as comments
 * with their default, lists as a commented example item, so that the text can be read back by
 * cfg_parse at once.
 */
#include <stdio.h>

#include "cfg_int.h"

static sv bare(sv name)
{
	return sv_ends(name, SV("[]")) ? sv_slice(name, 0, name.n - 2) : name;
}

/* Components that two paths share, and whether they share the list item around the next one. */
static int shared(sv a, sv b)
{
	sv x, y;
	int n = 0;

	while (sv_cut(&a, '.', &x) && sv_cut(&b, '.', &y) && sv_eq(bare(x), bare(y)))
		n++;
	return n;
}

static void indent(struct sb *out, int depth, bool comment)
{
	for (int i = 0; i < depth; i++)
		sb_cstr(out, "  ");
	if (comment)
		sb_cstr(out, "# ");
}

static void put_value(const struct cfg_rule *r, struct sb *out)
{
	static const char *const empty[] = { "\"\"", "0", "0", "false", "{}", "[]", "\"\"" };
	bool text = r->type == CFG_STR || r->type == CFG_SECRET;

	if (r->def && text)
		sb_json(out, sv_of(r->def));
	else if (r->def)
		sb_cstr(out, r->def);
	else if (r->type == CFG_SECRET)
		sb_cstr(out, "\"file:/path/to/secret\"");
	else if (text && r->choices)
		sb_json(out, sv_slice(sv_of(r->choices), 0, strcspn(r->choices, "|")));
	else
		sb_cstr(out, empty[r->type]);
}

static void put_text(const struct cfg_rule *r, struct sb *out)
{
	if (r->help)
		sb_cstr(out, r->help);
	if (r->choices)
		sb_fmt(out, "%s(%s)", r->help && *r->help ? " " : "", r->choices);
}

static bool has_text(const struct cfg_rule *r)
{
	return (r->help && *r->help) || r->choices;
}

/* Above its key; within an example of a list behind it, or the list would be cut. */
static void put_help(const struct cfg_rule *r, int depth, struct sb *out)
{
	if (!has_text(r))
		return;
	indent(out, depth, true);
	put_text(r, out);
	sb_ch(out, '\n');
}

static void put_behind(const struct cfg_rule *r, const char *before, struct sb *out)
{
	if (!has_text(r))
		return;
	sb_fmt(out, "   # %s", before);
	put_text(r, out);
}

static bool has_more_below(const struct cfg_rule *rules, size_t n, size_t i)
{
	return i + 1 < n && sv_starts(sv_of(rules[i + 1].path), sv_of(rules[i].path)) &&
	       strchr(".[", rules[i + 1].path[strlen(rules[i].path)]);
}

struct place_in_file {
	int depth;
	bool in_list, first_of_item;
};

/* Writes the groups around r that the rule before it was not in. */
static struct place_in_file open_groups(const struct cfg_rule *r, const char *before,
					struct sb *out)
{
	sv rest = sv_of(r->path), name;
	int common = shared(rest, sv_of(before));
	struct place_in_file at = { 0 };
	bool last_list = false;

	for (int i = 0; sv_cut(&rest, '.', &name) && rest.n; i++) {
		last_list = sv_ends(name, SV("[]"));
		if (i >= common) {
			indent(out, at.depth, at.in_list || last_list);
			sb_fmt(out, SV_FMT ":\n", SV_ARG(bare(name)));
		}
		at.in_list |= last_list;
		at.depth += last_list ? 2 : 1;
	}
	rest = sv_of(r->path);
	at.first_of_item = last_list && !sv_starts(sv_of(before),
		sv_slice(rest, 0, rest.n - name.n));
	return at;
}

void cfg_starter(const struct cfg_rule *rules, size_t n, struct sb *out)
{
	const char *before = "";

	for (size_t i = 0; i < n; i++) {
		const struct cfg_rule *r = &rules[i];
		struct place_in_file at = open_groups(r, before, out);
		sv path = sv_of(r->path), name = path;
		bool group = has_more_below(rules, n, i), comment;

		while (sv_find_ch(name, '.') >= 0)
			name = sv_slice(name, (size_t)sv_find_ch(name, '.') + 1, name.n);
		before = r->path;
		if (!at.in_list && !sv_ends(name, SV("[]")))
			put_help(r, at.depth, out);
		if (sv_ends(name, SV("[]"))) /* told behind the list */
			continue;
		comment = at.in_list || !r->required || (group && r->type == CFG_LIST);
		if (group && r->type == CFG_OBJ)
			comment = at.in_list;
		indent(out, at.depth - at.first_of_item, comment);
		sb_fmt(out, "%s" SV_FMT ":", at.first_of_item ? "- " : "", SV_ARG(name));
		if (!group) {
			sb_ch(out, ' ');
			put_value(r, out);
		}
		if (at.in_list)
			put_behind(r, "", out);
		if (group && r->type == CFG_LIST)
			put_behind(&rules[i + 1], "each: ", out);
		sb_ch(out, '\n');
	}
}
