/* t_guard_vault.c: masks that can be taken off again: tokens and back to the byte, sealed maps,
 * sealed masks of a row, keys.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"
#include "t.h"

static const unsigned char key_a[GUARD_KEY] = { 1, 2, 3 }, key_b[GUARD_KEY] = { 1, 2, 4 };

/* Is text masked as want, and back again? */
static bool there_and_back(struct guard_vault *v, sv text, const char *want)
{
	struct sb masked, back;

	sb_init(&masked, 16u << 20);
	sb_init(&back, 16u << 20);
	bool ok = guard_vault_mask(v, text, &masked) == 0 &&
		  guard_vault_restore(v, sb_sv(&masked), &back) == 0 && sv_eq(sb_sv(&back), text);
	if (want && !sv_eq(sb_sv(&masked), sv_of(want))) {
		printf("# want %s got %s\n", want, sb_str(&masked));
		ok = false;
	}
	sb_done(&masked);
	sb_done(&back);
	return ok;
}

TEST(vault_tokens_and_back)
{
	static const char *const rows[][2] = {
		{ "call 13800138000 please", "call [phone_1] please" },
		{ "again 13800138000 or 13912345678", "again [phone_1] or [phone_2]" },
		{ "mail a.b@example.com", "mail [email_1]" },
		{ "我叫王小明，电话13800138000", "我叫[name_1]，电话[phone_1]" },
		{ "no data at all", "no data at all" },
		{ "", "" },
		{ "I typed [phone_1] myself", "I typed [text_1] myself" },
		{ "[phone_1][phone_1] [name_0] [name_x] [",
		  "[text_1][text_1] [name_0] [name_x] [" },
		{ "\xff\xfe 13800138000 \xe4\xb8", "\xff\xfe [phone_1] \xe4\xb8" },
		{ "hidden\xe2\x80\x8b letters 13800138000\r\n",
		  "hidden\xe2\x80\x8b letters [phone_1]\r\n" },
	};
	struct guard_vault *v = guard_vault_new();
	bool ok = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok = there_and_back(v, sv_of(rows[i][0]), rows[i][1]) && ok;
	size_t n = guard_vault_size(v);
	guard_vault_free(v);
	guard_vault_free(NULL);
	CHECK(ok);
	EQ(n, 5);
}

TEST(vault_tables_come_back)
{
	static const char *const files[] = { "t_guard_en.txt", "t_guard_zh.txt",
					     "t_guard_pii.zh.txt", "t_guard_pii.en.txt" };
	struct guard_vault *v = guard_vault_new();
	struct sb path, text;
	bool ok = true;

	for (size_t i = 0; i < 4; i++) {
		sb_init(&path, 4096);
		sb_init(&text, LIM_SB);
		sb_fmt(&path, "%s/tests/unit/%s", t_srcdir(), files[i]);
		ok = ok && file_read(sb_str(&path), LIM_SB, &text, NULL) == 0 &&
		     there_and_back(v, sb_sv(&text), NULL);
		sb_done(&path);
		sb_done(&text);
	}
	size_t n = guard_vault_size(v);
	guard_vault_free(v);
	CHECK(ok);
	CHECK(n > 300);
}

TEST(vault_long_text)
{
	struct guard_vault *v = guard_vault_new();
	struct sb b;

	sb_init(&b, 4u << 20);
	for (int i = 0; i < 3000; i++)
		sb_fmt(&b, i % 7 ? "some words and more " : "call 138001%05d, ", i);
	for (int i = 0; i < 20000; i++)
		sb_cstr(&b, "字");
	bool ok = there_and_back(v, sb_sv(&b), NULL);
	size_t n = guard_vault_size(v);
	guard_vault_free(v);
	sb_done(&b);
	CHECK(ok);
	CHECK(n >= 425); /* one in seven of 3,000, each another number */
}

TEST(vault_pieces_are_cut_between_words)
{
	struct sb b;

	sb_init(&b, 4u << 20);
	for (int i = 0; i < 500; i++)
		sb_cstr(&b, "打13800138000给我 ");
	size_t n = guard_piece(sb_sv(&b));
	bool blank = n < b.n && b.p[n - 1] == ' ';
	sb_reset(&b);
	for (int i = 0; i < 500; i++)
		sb_cstr(&b, "打13800138000给我");
	size_t m = guard_piece(sb_sv(&b));
	bool han = m < b.n && (b.p[m - 1] & 0x80);
	sb_reset(&b);
	for (int i = 0; i < 9000; i++)
		sb_ch(&b, '7');
	size_t hard = guard_piece(sb_sv(&b)), whole = guard_piece(SV("short")),
	       none = guard_piece(SV(""));
	sb_done(&b);
	CHECK(blank && han);
	EQ(hard, LIM_TEXT_MSG);
	EQ(whole, 5);
	EQ(none, 0);
}

TEST(vault_saved_and_loaded)
{
	struct guard_vault *v = guard_vault_new(), *w = NULL;
	struct sb masked, sealed, back;

	sb_init(&masked, LIM_SB);
	sb_init(&sealed, LIM_SB);
	sb_init(&back, LIM_SB);
	int rc = guard_vault_mask(v, SV("13800138000 and a@b.cn, [name_3]"), &masked);
	rc = rc ? rc : guard_vault_save(v, key_a, &sealed);
	bool hidden = sv_find(sb_sv(&sealed), SV("13800138000")) < 0;
	int wrong = guard_vault_load(&w, sb_sv(&sealed), key_b);
	int good = guard_vault_load(&w, sb_sv(&sealed), key_a);
	if (good == 0) {
		rc = rc ? rc : guard_vault_restore(w, sb_sv(&masked), &back);
		/* numbers go on behind those of the file */
		sb_reset(&masked);
		rc = rc ? rc : guard_vault_mask(w, SV("13912345678"), &masked);
	}
	bool same = sv_eq(sb_sv(&back), SV("13800138000 and a@b.cn, [name_3]"));
	bool second = sv_eq(sb_sv(&masked), SV("[phone_2]"));
	sealed.p[20] = sealed.p[20] == 'A' ? 'B' : 'A';
	struct guard_vault *none = NULL;
	int changed = guard_vault_load(&none, sb_sv(&sealed), key_a);
	int rubbish = guard_vault_load(&none, SV("hello"), key_a);
	guard_vault_free(v);
	guard_vault_free(w);
	sb_done(&masked);
	sb_done(&sealed);
	sb_done(&back);
	EQ(rc, 0);
	EQ(good, 0);
	EQ(wrong, ERR_DENIED);
	EQ(changed, ERR_DENIED);
	EQ(rubbish, ERR_DENIED);
	CHECK(hidden && same && second && !none);
}

TEST(vault_refuses_a_map_that_does_not_fit)
{
	static const char *const bad[] = { "[phone_1] 99\nabc\n",
					   "[phone_1] -1\nabc\n",
					   "[phone_1]\n",
					   "phone_1 3\nabc\n",
					   "[phone_1] 3\nabc\n[phone_1] 3\nabc\n",
					   "[phone_0] 3\nabc\n",
					   "x" };
	bool all = true;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct guard_vault *v = NULL;
		struct sb b;
		sb_init(&b, LIM_SB);
		int rc = guard_seal(key_a, sv_of(bad[i]), SV("callm vault 1"), &b);
		rc = rc ? 0 : guard_vault_load(&v, sb_sv(&b), key_a);
		all = all && rc == ERR_PARSE && !v;
		guard_vault_free(v);
		sb_done(&b);
	}
	CHECK(all);
}

TEST(seal_belongs_to_its_place)
{
	struct sb a, b, out;

	sb_init(&a, LIM_SB);
	sb_init(&b, LIM_SB);
	sb_init(&out, LIM_SB);
	int rc = guard_seal(key_a, SV("secret"), SV("conv 1"), &a);
	rc = rc ? rc : guard_seal(key_a, SV("secret"), SV("conv 1"), &b);
	bool fresh = !sv_eq(sb_sv(&a), sb_sv(&b));
	int elsewhere = guard_unseal(key_a, sb_sv(&a), SV("conv 2"), &out);
	int other = guard_unseal(key_b, sb_sv(&a), SV("conv 1"), &out);
	int cut = guard_unseal(key_a, sv_slice(sb_sv(&a), 0, 20), SV("conv 1"), &out);
	int empty = guard_unseal(key_a, SV_NULL, SV("conv 1"), &out);
	size_t before = out.n;
	int good = guard_unseal(key_a, sb_sv(&a), SV("conv 1"), &out);
	bool same = sv_eq(sb_sv(&out), SV("secret"));
	sb_done(&a);
	sb_done(&b);
	sb_done(&out);
	EQ(rc, 0);
	CHECK(fresh && before == 0 && same);
	EQ(elsewhere, ERR_DENIED);
	EQ(other, ERR_DENIED);
	EQ(cut, ERR_DENIED);
	EQ(empty, ERR_DENIED);
	EQ(good, 0);
}

TEST(seal_masks_of_a_row)
{
	struct arena a;
	struct guard_in in = { 0 };
	struct sb sealed, out, none;

	arena_init(&a, LIM_ARENA_TURN);
	sb_init(&sealed, LIM_SB);
	sb_init(&out, LIM_SB);
	sb_init(&none, LIM_SB);
	int rc = guard_inbound(
		SV("I typed [phone], call 13800138000, card 4111 1111 1111 1111, a@b.cn"), &a,
		&in);
	rc = rc ? rc : guard_seal_masks(key_a, &in, SV("c 1"), &sealed);
	rc = rc ? rc : guard_unseal_masks(key_a, in.masked, sb_sv(&sealed), SV("c 1"), &out);
	/* the card stays masked */
	bool ok = sv_eq(sb_sv(&out),
			SV("I typed [phone], call 13800138000, card [bank_card], a@b.cn"));
	if (!ok)
		printf("# %s\n", sb_str(&out));
	sb_reset(&out);
	int other = guard_unseal_masks(key_a, SV("[phone]"), sb_sv(&sealed), SV("c 1"), &out);
	int plain = guard_inbound(SV("nothing here"), &a, &in);
	plain = plain ? plain : guard_seal_masks(key_a, &in, SV("c 2"), &none);
	size_t n = none.n;
	arena_done(&a);
	sb_done(&sealed);
	sb_done(&out);
	sb_done(&none);
	EQ(rc, 0);
	CHECK(ok);
	EQ(other, ERR_PARSE);
	EQ(plain, 0);
	EQ(n, 0);
}

TEST(key_file)
{
	char dir[] = "/tmp/t_guard_XXXXXX", path[64];
	unsigned char one[GUARD_KEY], two[GUARD_KEY];
	struct err e = { 0 };
	struct stat st = { 0 };

	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/pii.key", dir);
	int missing = guard_key(path, false, one, &e);
	int made = guard_key(path, true, one, &e), again = guard_key(path, true, two, &e);
	bool same = memcmp(one, two, GUARD_KEY) == 0 && stat(path, &st) == 0;
	int shorter = file_write(path, SV("short"), &e);
	shorter = shorter ? shorter : guard_key(path, true, two, &e);
	(void)unlink(path);
	(void)rmdir(dir);
	EQ(missing, ERR_NOTFOUND);
	EQ(made, 0);
	EQ(again, 0);
	CHECK(same);
	EQ(st.st_mode & 0777, 0600);
	EQ(shorter, ERR_PARSE);
}

/* Processes that want the key at the same moment all get the same one. */
TEST(key_file_of_many_processes)
{
	enum { MANY = 8, ROUNDS = 10 };
	char dir[] = "/tmp/t_guard_XXXXXX", path[64];
	struct err e = { 0 };
	bool same = true;

	CHECK(mkdtemp(dir) != NULL);
	for (int round = 0; round < ROUNDS; round++) {
		unsigned char got[MANY][GUARD_KEY] = { 0 }, last[GUARD_KEY];
		int go[2], back[2], begun = 0;
		(void)snprintf(path, sizeof(path), "%s/%d.key", dir, round);
		same &= pipe(go) == 0 && pipe(back) == 0;
		for (int i = 0; i < MANY; i++) {
			pid_t pid = fork();
			if (pid == 0) {
				char c;
				(void)close(go[1]);
				bool ok = read(go[0], &c, 1) == 0 && /* closed: all at once */
					  guard_key(path, true, last, &e) == 0;
				_exit(ok && write(back[1], last, GUARD_KEY) == GUARD_KEY ? 0 : 1);
			}
			begun += pid > 0;
		}
		(void)close(go[0]);
		(void)close(go[1]);
		for (int i = 0; i < begun; i++)
			same &= wait(&(int){ 0 }) > 0;
		(void)close(back[1]);
		same &= read(back[0], got, sizeof(got)) == (ssize_t)sizeof(got);
		(void)close(back[0]);
		same &= guard_key(path, false, last, &e) == 0;
		for (int i = 0; i < MANY; i++)
			same &= memcmp(got[i], last, GUARD_KEY) == 0;
		(void)unlink(path);
	}
	same &= rmdir(dir) == 0; /* and nothing is left beside it */
	CHECK(same);
}
