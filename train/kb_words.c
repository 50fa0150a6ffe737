/* kb_words.c: writes src/kb/data/common.*.tsv, how much a word says. Not part of the server.
 *
 *	kb_rank common < UTTERANCES > src/kb/data/common.en.tsv   one a line, any topic
 *	kb_rank words < DICT > src/kb/data/common.zh.tsv          jieba's dict.txt
 */
#include <math.h>
#include <stdio.h>
#include "kb_train.h"

/* ---- how much a word says: from its frequency in talk of any topic, or its word class ---- */

static sv read_stdin(struct arena *mem)
{
	struct sb b;
	char buf[65536];
	size_t n;
	sv r;

	sb_init(&b, 64u << 20);
	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0)
		sb_put(&b, sv_n(buf, n));
	r = arena_sv(mem, sb_sv(&b));
	sb_done(&b);
	return r;
}

/* "level<TAB>word word ...": 1 = in every other sentence, 9 = rare (left out: the default). */
static void print_levels(struct map *m, double lines)
{
	for (int level = 1; level < 9; level++) {
		size_t it = 0;
		sv key;
		void *val;

		printf("%d\t", level);
		while (map_next(m, &it, &key, &val)) {
			double df = (double)(uintptr_t)val;
			int w = (int)fmax(1, 10 * log(lines / df) / log(lines / 3));

			if (df >= 12 && w == level)
				printf(SV_FMT " ", SV_ARG(key));
		}
		printf("\n");
	}
}

int words_common(struct arena *mem)
{
	struct map *m = map_new(200000);
	sv text = read_stdin(mem), line;
	double lines = 0;

	while (sv_line(&text, &line)) {
		struct kb_scan s;

		lines++;
		kb_scan_init(&s, line);
		while (kb_scan_next(&s)) {
			sv w = kb_scan_sv(&s);

			if (!s.cjk && !s.number)
				map_put(m, w, (char *)map_get(m, w) + 1);
		}
	}
	print_levels(m, lines);
	map_free(m);
	return 0;
}

/* "word count class" lines; words of two characters only, nouns say most. */
int words_classes(struct arena *mem)
{
	static const char *const class_of[10] = { [2] = "rcpuydeoxk", [3] = "mqt", [6] = "ad",
						  [7] = "v" };
	sv text = read_stdin(mem), line, word, count;

	printf("# Two-character words by word class, from the dictionary of jieba 0.42 (MIT).\n");
	for (int level = 1; level < 10; level++) {
		sv rest = text;

		printf("%d\t", level);
		while (sv_line(&rest, &line)) {
			int64_t n = 0;
			int w = 9;

			sv_cut(&line, ' ', &word);
			sv_cut(&line, ' ', &count);
			if (sv_runes(word) != 2 || word.n != 6 || sv_i64(count, &n) || n < 60)
				continue;
			for (int k = 0; k < 9; k++)
				if (class_of[k] && line.n && strchr(class_of[k], line.p[0]))
					w = k;
			if (w == level)
				printf(SV_FMT " ", SV_ARG(word));
		}
		printf("\n");
	}
	return 0;
}

