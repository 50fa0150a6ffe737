/* embed.c: finding and unpacking files compiled into the program. Constant data; any thread. */
#include "embed.h"

#include <zlib.h>

#include "arena.h"
#include "err.h"

const struct embed_file *embed_find(const struct embed_file *files, size_t n, sv path)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = sv_cmp(sv_of(files[mid].path), path);

		if (c == 0)
			return &files[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

int embed_text(const struct embed_file *f, struct sb *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)f->gz, .avail_in = (uInt)f->gz_len };
	char *raw = xalloc(f->raw_len + 1);
	int rc = inflateInit2(&z, 15 + 16) == Z_OK ? 0 : ERR_NOMEM;

	if (!rc) {
		z.next_out = (Bytef *)raw;
		z.avail_out = (uInt)f->raw_len + 1;
		if (inflate(&z, Z_FINISH) != Z_STREAM_END || z.total_out != f->raw_len)
			rc = ERR_CORRUPT;
		(void)inflateEnd(&z);
	}
	if (!rc)
		sb_put(out, sv_n(raw, f->raw_len));
	xfree(raw);
	return rc ? rc : sb_err(out);
}
