/* embed.c: turns the files of a folder into one C source: path, type, hash, gzip bytes.
 *
 *	embed OUT.c SYMBOL DIR [DEPFILE]
 *	embed OUT.c SYMBOL DIR/FILE [DEPFILE]       this one alone
 *
 * Writes `const struct embed_file SYMBOL[]` sorted by path and `const size_t SYMBOL_n` (types
 * in base/embed.h). The output depends on names and contents only: no times, no absolute paths.
 * Bytes go out as string literals with octal escapes, which compilers read ten times faster than
 * lists of numbers. DEPFILE gets a make rule for the build. A build tool: runs once, frees
 * nothing, exits 1 with a message on the first error.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { FILES_MAX = 4096, PATH_BYTES = 1024, FILE_MAX_BYTES = 64 << 20, DEPTH_MAX = 16 };

struct file {
	char *path;              /* relative to DIR */
	unsigned char *raw, *gz;
	size_t raw_len, gz_len;
};

static struct file files[FILES_MAX];
static size_t n_files;

__attribute__((format(printf, 1, 2))) _Noreturn static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fprintf(stderr, "embed: ");
	(void)vfprintf(stderr, fmt, ap);
	(void)fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

static void *need(void *p)
{
	if (!p)
		die("out of memory");
	return p;
}

static void join(char out[PATH_BYTES], const char *a, const char *b)
{
	int n = snprintf(out, PATH_BYTES, "%s%s%s", a, *a ? "/" : "", b);

	if (n >= PATH_BYTES)
		die("%s: path too long", a);
}

static void walk(const char *root, const char *rel, int depth)
{
	char dir[PATH_BYTES], sub[PATH_BYTES], full[PATH_BYTES];
	struct dirent *ent;
	struct stat st;
	DIR *d;

	join(dir, root, rel);
	if (depth > DEPTH_MAX)
		die("%s: too deep", dir);
	join(full, dir, ".noembed"); /* a folder that stays out of the program */
	if (lstat(full, &st) == 0)
		return;
	d = opendir(dir);
	if (!d)
		die("%s: %s", dir, strerror(errno));
	while ((ent = readdir(d)) != NULL) {
		if (ent->d_name[0] == '.')
			continue;
		join(sub, rel, ent->d_name);
		join(full, root, sub);
		if (lstat(full, &st) < 0)
			die("%s: %s", full, strerror(errno));
		if (S_ISDIR(st.st_mode)) {
			walk(root, sub, depth + 1);
		} else if (S_ISREG(st.st_mode)) {
			if (n_files == FILES_MAX)
				die("more than %d files", FILES_MAX);
			files[n_files++].path = need(strdup(sub));
		}
	}
	(void)closedir(d);
}

static void load(struct file *f, const char *root)
{
	char full[PATH_BYTES];
	struct stat st;
	FILE *in;

	join(full, root, f->path);
	in = fopen(full, "rb");
	if (!in || fstat(fileno(in), &st) < 0)
		die("%s: %s", full, strerror(errno));
	if (st.st_size > FILE_MAX_BYTES)
		die("%s: larger than %d bytes", full, FILE_MAX_BYTES);
	f->raw_len = (size_t)st.st_size;
	f->raw = need(malloc(f->raw_len + 1));
	if (fread(f->raw, 1, f->raw_len, in) != f->raw_len)
		die("%s: cannot read", full);
	(void)fclose(in);
}

static void compress_file(struct file *f)
{
	z_stream z = { 0 };

	if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		die("zlib does not start");
	f->gz_len = deflateBound(&z, f->raw_len);
	f->gz = need(malloc(f->gz_len));
	z.next_in = f->raw;
	z.avail_in = (uInt)f->raw_len;
	z.next_out = f->gz;
	z.avail_out = (uInt)f->gz_len;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		die("%s: zlib failed", f->path);
	f->gz_len = z.total_out;
	(void)deflateEnd(&z);
	f->gz[9] = 255; /* the operating system field: unknown, the same everywhere */
}

static uint64_t hash(const struct file *f)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < f->raw_len; i++)
		h = (h ^ f->raw[i]) * UINT64_C(0x100000001b3);
	return h;
}

static const char *mime_of(const char *path)
{
	static const char *const types[][2] = {
		{ "html", "text/html; charset=utf-8" },
		{ "css", "text/css; charset=utf-8" },
		{ "js", "text/javascript; charset=utf-8" },
		{ "mjs", "text/javascript; charset=utf-8" },
		{ "json", "application/json" },
		{ "map", "application/json" },
		{ "svg", "image/svg+xml" },
		{ "png", "image/png" },
		{ "jpg", "image/jpeg" },
		{ "webp", "image/webp" },
		{ "ico", "image/x-icon" },
		{ "woff2", "font/woff2" },
		{ "wav", "audio/wav" },
		{ "mp3", "audio/mpeg" },
		{ "wasm", "application/wasm" },
		{ "txt", "text/plain; charset=utf-8" },
		{ "md", "text/markdown; charset=utf-8" },
		{ "sql", "application/sql" },
		{ "yaml", "application/yaml" },
		{ "webmanifest", "application/manifest+json" },
		{ "csv", "text/csv; charset=utf-8" },
		{ "xml", "application/xml" },
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(dot + 1, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

static void put_text(FILE *out, const char *s)
{
	(void)fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			(void)fputc('\\', out);
		(void)fputc(*s, out);
	}
	(void)fputc('"', out);
}

static void put_bytes(FILE *out, const struct file *f, size_t i)
{
	static const char digits[] = "01234567";
	char line[4 * 24 + 8];

	(void)fprintf(out, "static const unsigned char b%zu[] =\n", i);
	for (size_t at = 0; at < f->gz_len; at += 24) {
		size_t n = 0;

		line[n++] = '"';
		for (size_t k = at; k < at + 24 && k < f->gz_len; k++) {
			line[n++] = '\\';
			line[n++] = digits[f->gz[k] >> 6];
			line[n++] = digits[f->gz[k] >> 3 & 7];
			line[n++] = digits[f->gz[k] & 7];
		}
		line[n++] = '"';
		line[n++] = '\n';
		(void)fwrite(line, 1, n, out);
	}
	(void)fprintf(out, ";\n");
}

static void write_source(FILE *out, const char *symbol)
{
	(void)fprintf(
		out,
		"/* Generated by scripts/embed. Do not edit. */\n#include \"embed.h\"\n\n");
	for (size_t i = 0; i < n_files; i++)
		put_bytes(out, &files[i], i);
	(void)fprintf(out, "extern const struct embed_file %s[];\nextern const size_t %s_n;\n",
		      symbol, symbol);
	(void)fprintf(out, "const size_t %s_n = %zu;\nconst struct embed_file %s[] = {\n",
		      symbol, n_files, symbol);
	for (size_t i = 0; i < n_files; i++) {
		const struct file *f = &files[i];

		(void)fprintf(out, "\t{ ");
		put_text(out, f->path);
		(void)fprintf(out, ", \"%s\", \"\\\"%016llx\\\"\", b%zu, %zu, %zu },\n",
			      mime_of(f->path), (unsigned long long)hash(f), i, f->gz_len,
			      f->raw_len);
	}
	(void)fprintf(out, "\t{ 0, 0, 0, 0, 0, 0 },\n};\n");
}

static void write_rule(const char *depfile, const char *target, const char *root)
{
	FILE *out = fopen(depfile, "w");

	if (!out)
		die("%s: %s", depfile, strerror(errno));
	(void)fprintf(out, "%s: %s", target, root);
	for (size_t i = 0; i < n_files; i++)
		(void)fprintf(out, " \\\n  %s/%s", root, files[i].path);
	(void)fprintf(out, "\n");
	if (fclose(out))
		die("%s: %s", depfile, strerror(errno));
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

/* DIR/FILE: cuts it to DIR and notes FILE; false for a folder. */
static int one_file(char *path)
{
	struct stat st;
	char *slash = strrchr(path, '/');

	if (!slash || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	*slash = '\0';
	files[n_files++].path = need(strdup(slash + 1));
	return 1;
}

int main(int argc, char **argv)
{
	FILE *out;

	if (argc != 4 && argc != 5)
		die("usage: embed OUT.c SYMBOL DIR [DEPFILE]");
	if (!one_file(argv[3]))
		walk(argv[3], "", 0);
	qsort(files, n_files, sizeof(files[0]), by_path);
	for (size_t i = 0; i < n_files; i++) {
		load(&files[i], argv[3]);
		compress_file(&files[i]);
	}
	out = fopen(argv[1], "w");
	if (!out)
		die("%s: %s", argv[1], strerror(errno));
	write_source(out, argv[2]);
	if (fclose(out))
		die("%s: %s", argv[1], strerror(errno));
	if (argc == 5)
		write_rule(argv[4], argv[1], argv[3]);
	return 0;
}
