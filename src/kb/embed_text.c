/* embed_text.c: build tool: text files into one .c of byte arrays.
 *
 *	embed_text OUT.c NAME=FILE ...
 *
 * Writes `const char kb_embed_NAME[]` and `const size_t kb_embed_NAME_n` for each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int embed(FILE *out, const char *name, int name_len, const char *path)
{
	FILE *in = fopen(path, "rb");
	long n = 0;
	int c;

	if (!in) {
		fprintf(stderr, "embed_text: cannot read %s\n", path);
		return 1;
	}
	fprintf(out, "const char kb_embed_%.*s[] = \"", name_len, name);
	while ((c = getc(in)) != EOF)
		fprintf(out, n++ % 32 ? "\\%03o" : "\"\n\"\\%03o", c);
	fprintf(out, "\";\nconst size_t kb_embed_%.*s_n = %ld;\n", name_len, name, n);
	fclose(in);
	return 0;
}

int main(int argc, char **argv)
{
	FILE *out = argc > 2 ? fopen(argv[1], "wb") : NULL;

	if (!out) {
		fprintf(stderr, "usage: embed_text OUT.c NAME=FILE ...\n");
		return 2;
	}
	fprintf(out, "/* generated */\n#include <stddef.h>\n#include \"kb_embed.h\"\n");
	for (int i = 2; i < argc; i++) {
		const char *eq = strchr(argv[i], '=');

		if (!eq || embed(out, argv[i], (int)(eq - argv[i]), eq + 1))
			return 1;
	}
	return fclose(out) ? 1 : 0;
}
