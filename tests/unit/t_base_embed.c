/* t_base_embed.c: every file of a folder comes back out of the program as it went in. */
#include "t.h"

extern const struct embed_file t_files[];
extern const size_t t_files_n;

struct walk {
	size_t files, prefix;
};

static int compare(void *arg, const char *path)
{
	struct walk *w = arg;
	const struct embed_file *f = embed_find(t_files, t_files_n, sv_of(path + w->prefix));
	struct sb disk, mem;
	int rc = 1;

	sb_init(&disk, 8 << 20);
	sb_init(&mem, 8 << 20);
	if (f && file_read(path, 8 << 20, &disk, NULL) == 0 && embed_text(f, &mem) == 0 &&
	    sv_eq(sb_sv(&disk), sb_sv(&mem)) && f->etag[0] == '"' && strlen(f->etag) == 18)
		rc = 0;
	sb_done(&disk);
	sb_done(&mem);
	w->files++;
	return rc;
}

TEST(embed_gives_back_every_file)
{
	struct walk w = { 0 };
	struct sb dir;

	sb_init(&dir, 4096);
	sb_fmt(&dir, "%s/tests/fuzz/corpus/base_json", t_srcdir());
	w.prefix = dir.n + 1;
	OK(file_walk(sb_str(&dir), compare, &w));
	EQ(w.files, t_files_n);
	CHECK(w.files > 15);
	sb_done(&dir);
}

TEST(embed_finds_only_what_is_there)
{
	CHECK(!embed_find(t_files, t_files_n, SV("nothing")));
	CHECK(!embed_find(t_files, t_files_n, SV("")));
	CHECK(!embed_find(t_files, 0, SV("empty")));
	for (size_t i = 1; i < t_files_n; i++)
		CHECK(strcmp(t_files[i - 1].path, t_files[i].path) < 0);
}

TEST(embed_notices_damage)
{
	struct embed_file f = t_files[0];
	unsigned char bad[64] = { 0x1f, 0x8b, 8 };
	struct sb b;

	sb_init(&b, 8 << 20);
	f.gz = bad;
	f.gz_len = sizeof(bad);
	EQ(embed_text(&f, &b), ERR_CORRUPT);
	f = *embed_find(t_files, t_files_n, SV("deep_bomb"));
	f.raw_len--;
	EQ(embed_text(&f, &b), ERR_CORRUPT);
	sb_done(&b);
	sb_init(&b, 10);
	f.raw_len++;
	EQ(embed_text(&f, &b), ERR_TOOBIG);
	sb_done(&b);
}
