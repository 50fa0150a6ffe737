/* embed_text.c: a program of the build: writes text files into one C file as a table.
 *
 *	embed_text OUT.c SYMBOL FILE ...
 *
 * gives `const struct embed_text SYMBOL[]` {name, text, bytes}, ended by a row of NULL. Same input, same
 * output. The struct is declared by whoever includes the table (see src/talk/talk_texts.c). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "embed_text: %s: %s\n", what, why);
	return 1;
}

static long put_bytes(FILE *in, FILE *out)
{
	long n = 0;
	int c;
	while ((c = fgetc(in)) != EOF) {
		fprintf(out, n++ % 24 ? "%d," : "\n%d,", c > 127 ? c - 256 : c);
	}
	return n;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return fail("usage", "embed_text OUT.c SYMBOL FILE ...");
	FILE *out = fopen(argv[1], "wb");
	if (!out)
		return fail(argv[1], strerror(errno));
	fprintf(out, "/* Made by embed_text. */\n#include <stddef.h>\n");
	long sizes[256];
	for (int i = 3; i < argc && i < 259; i++) {
		FILE *in = fopen(argv[i], "rb");
		if (!in) {
			fclose(out);
			remove(argv[1]);
			return fail(argv[i], strerror(errno));
		}
		fprintf(out, "static const char text_%d[] = {", i);
		sizes[i - 3] = put_bytes(in, out);
		fprintf(out, "0};\n");
		fclose(in);
	}
	fprintf(out, "struct embed_text { const char *name, *text; size_t n; };\n"
		     "extern const struct embed_text %s[];\nconst struct embed_text %s[] = {\n",
		argv[2], argv[2]);
	for (int i = 3; i < argc && i < 259; i++) {
		const char *slash = strrchr(argv[i], '/');
		fprintf(out, "\t{\"%s\", text_%d, %ld},\n", slash ? slash + 1 : argv[i], i, sizes[i - 3]);
	}
	fprintf(out, "\t{0, 0, 0}\n};\n");
	return fclose(out) ? fail(argv[1], strerror(errno)) : 0;
}
