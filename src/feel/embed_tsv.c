/* embed_tsv.c: a program of the build: writes the tables of feel/data into one C file, as plain
 * text.
 *
 *	embed_tsv OUT.c FILE ...
 *
 * Tables are read in place while a turn is matched, so they are not compressed as scripts/embed
 * would. Same input, same output. The struct is declared by feel_text.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILES_MAX 32

static int fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "embed_tsv: %s: %s\n", what, why);
	return 1;
}

static int put_file(const char *path, int k, FILE *out, long *ret_size)
{
	FILE *in = fopen(path, "rb");
	int c;

	if (!in)
		return fail(path, strerror(errno));
	(void)fprintf(out, "static const char text_%d[] = {", k);
	for (*ret_size = 0; (c = fgetc(in)) != EOF; ++*ret_size)
		(void)fprintf(out, *ret_size % 24 ? "%d," : "\n%d,", c > 127 ? c - 256 : c);
	(void)fprintf(out, "0};\n");
	(void)fclose(in);
	return 0;
}

int main(int argc, char **argv)
{
	long sizes[FILES_MAX];
	FILE *out;

	if (argc < 3 || argc > FILES_MAX + 2)
		return fail("usage", "embed_tsv OUT.c FILE ...");
	out = fopen(argv[1], "wb");
	if (!out)
		return fail(argv[1], strerror(errno));
	(void)fprintf(out, "/* Made by embed_tsv. */\n#include <stddef.h>\n");
	for (int i = 2; i < argc; i++) {
		if (put_file(argv[i], i, out, &sizes[i - 2])) {
			(void)fclose(out);
			(void)remove(argv[1]);
			return 1;
		}
	}
	(void)fprintf(out, "struct feel_file { const char *name, *text; size_t n; };\n"
			   "extern const struct feel_file feel_files[];\nconst struct "
			   "feel_file feel_files[] = {\n");
	for (int i = 2; i < argc; i++) {
		const char *slash = strrchr(argv[i], '/');
		(void)fprintf(out, "\t{\"%s\", text_%d, %ld},\n", slash ? slash + 1 : argv[i],
			      i, sizes[i - 2]);
	}
	(void)fprintf(out, "\t{0, 0, 0}\n};\n");
	return fclose(out) ? fail(argv[1], strerror(errno)) : 0;
}
