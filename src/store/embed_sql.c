/* embed_sql.c: a program of the build: writes the migrations of sql/ into one C file.
 *
 *	embed_sql OUT.c sql/0001_base.sql sql/0002_more.sql
 *
 * Files come in the order of their numbers, which must run 1, 2, 3 without a gap, so
 * that a forgotten or doubled migration stops the build. Same input, same bytes out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *file, const char *why)
{
	fprintf(stderr, "embed_sql: %s: %s\n", file, why);
	return 1;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void put_text(FILE *in, FILE *out)
{
	int c, open = 0;

	while ((c = fgetc(in)) != EOF) {
		if (!open)
			fputs("\t\"", out);
		open = 1;
		if (c == '\n') {
			fputs("\\n\"\n", out);
			open = 0;
		} else if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", c);
		} else if (c == '\t') {
			fputs("\\t", out);
		} else if (c < 32 || c > 126) {
			fprintf(out, "\\%03o", (unsigned)c);
		} else {
			fputc(c, out);
		}
	}
	if (open)
		fputs("\"\n", out);
}

static int put_file(FILE *out, const char *path, long want)
{
	const char *name = base_name(path);
	FILE *in;
	char *end;

	if (strtol(name, &end, 10) != want || *end != '_')
		return fail(path, "migrations must be numbered 0001_x.sql, 0002_y.sql "
				  "... in order");
	in = fopen(path, "rb");
	if (!in)
		return fail(path, strerror(errno));
	fprintf(out, "{ %ld, \"%s\",\n", want, name);
	put_text(in, out);
	fputs("},\n", out);
	fclose(in);
	return 0;
}

int main(int argc, char **argv)
{
	FILE *out;

	if (argc < 3)
		return fail("usage", "embed_sql OUT.c FILE.sql ...");
	out = fopen(argv[1], "wb");
	if (!out)
		return fail(argv[1], strerror(errno));
	fputs("/* Made from sql/ by embed_sql. */\n#include \"store_int.h\"\n\n"
	      "const struct store_migration store_migrations[] = {\n",
	      out);
	for (int i = 2; i < argc; i++) {
		if (!put_file(out, argv[i], i - 1))
			continue;
		fclose(out);
		remove(argv[1]);
		return 1;
	}
	fprintf(out, "};\nconst size_t store_migrations_n = %d;\n", argc - 2);
	return fclose(out) ? fail(argv[1], strerror(errno)) : 0;
}
