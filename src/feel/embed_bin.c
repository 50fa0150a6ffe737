/* embed_bin.c: build tool: puts files into the program as they are.
 *
 *	embed_bin OUT.c TABLE FILE...
 *
 * Writes a C file with a table `const struct feel_blob TABLE[]` of name, bytes and length, ended
 * by a NULL name. The bytes come in by the assembler's .incbin, aligned to 64: megabytes cost the
 * compiler nothing. A sum of the bytes stands in a comment, so that the C file changes, and is
 * compiled again, whenever a file does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long long sum_of(const char *path, long *ret_n)
{
	unsigned long long h = 0xCBF29CE484222325ull;
	FILE *f = fopen(path, "rb");
	int c;

	if (!f) {
		fprintf(stderr, "embed_bin: %s cannot be opened\n", path);
		exit(1);
	}
	for (*ret_n = 0; (c = getc(f)) != EOF; ++*ret_n)
		h = (h ^ (unsigned)c) * 0x100000001B3ull;
	fclose(f);
	return h;
}

static void blob(FILE *out, const char *table, int i, const char *path)
{
	long n;
	unsigned long long sum = sum_of(path, &n);

	fprintf(out,
		"/* %016llx, %ld bytes */\n__asm__(\".section .rodata\\n.balign 64\\n\"\n"
		"\t\".globl %s_%d\\n%s_%d:\\n.incbin \\\"%s\\\"\\n.byte 0\\n.previous\\n\");\n"
		"extern const char %s_%d[];\n",
		sum, n, table, i, table, i, path, table, i);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	FILE *out = fopen(argv[1], "w");
	if (!out)
		return 1;
	fprintf(out, "#include \"feel_blob.h\"\n");
	for (int i = 3; i < argc; i++)
		blob(out, argv[2], i - 3, argv[i]);
	fprintf(out, "const struct feel_blob %s[] = {\n", argv[2]);
	for (int i = 3; i < argc; i++) {
		const char *name = strrchr(argv[i], '/');
		long n;
		sum_of(argv[i], &n);
		fprintf(out, "\t{ \"%s\", %s_%d, %ld },\n", name ? name + 1 : argv[i], argv[2],
			i - 3, n);
	}
	fprintf(out, "\t{ 0, 0, 0 },\n};\n");
	return fclose(out) != 0;
}
