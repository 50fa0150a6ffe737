/* embed_bin.c: a program of the build: one file as an array of C.
 *
 *	embed_bin OUT.c NAME FILE
 *
 * Writes `const unsigned char NAME[]` and `const size_t NAME_n`. Same input, same output.
 */
#include <stdio.h>

int main(int argc, char **argv)
{
	FILE *in = argc == 4 ? fopen(argv[3], "rb") : NULL;
	FILE *out = in ? fopen(argv[1], "w") : NULL;
	long n = 0;
	int c;

	if (!in || !out) {
		(void)fprintf(stderr, "embed_bin OUT.c NAME FILE: cannot open\n");
		return 1;
	}
	(void)fprintf(out, "/* Made by embed_bin. */\n#include <stddef.h>\n"
			   "extern const unsigned char %s[];\nextern const size_t %s_n;\n"
			   "__attribute__((aligned(8))) const unsigned char %s[] =\n\"",
		      argv[2], argv[2], argv[2]);
	while ((c = getc(in)) != EOF)
		(void)fprintf(out, n++ % 32 ? "\\%03o" : "\"\n\"\\%03o", c);
	(void)fprintf(out, "\";\nconst size_t %s_n = %ld;\n", argv[2], n);
	(void)fclose(in);
	return fclose(out) != 0;
}
