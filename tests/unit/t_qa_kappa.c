/* Agreement against numbers worked by hand, and the table of moves, cell by cell. */
#include <math.h>
#include "t.h"
#include "qa_review.h"

/* Two raters, 50 things, yes/no: both yes 20, only a 5, only b 10, both no 15. po = 35/50 = 0.7;
 * a says yes 25/50, b 30/50: pe = 0.5*0.6 + 0.5*0.4 = 0.5; kappa = 0.2/0.5 = 0.4. */
TEST(qa_cohen_by_hand)
{
	int a[50], b[50], n = 0;
	const int cells[4][3] = { { 1, 1, 20 }, { 1, 0, 5 }, { 0, 1, 10 }, { 0, 0, 15 } };
	double agree;
	for (int c = 0; c < 4; c++)
		for (int i = 0; i < cells[c][2]; i++, n++)
			a[n] = cells[c][0], b[n] = cells[c][1];
	NEAR(qa_kappa_cohen(a, b, 50, 2, &agree), 0.4, 1e-12);
	NEAR(agree, 0.7, 1e-12);
	NEAR(qa_kappa_cohen(a, a, 50, 2, NULL), 1.0, 1e-12);
}

/* Three kinds, 10 things: a 0001112222, b 0011102220. Equal at 0,1,3,4,6,7,8 less the differing
 * ones: pairs (0,0)(0,0)(0,1)(1,1)(1,1)(1,0)(2,2)(2,2)(2,2)(2,0): 7 of 10. a: 3,3,4; b: 4,3,3.
 * pe = .3*.4 + .3*.3 + .4*.3 = .33; kappa = .37/.67. */
TEST(qa_cohen_three_kinds)
{
	const int a[] = { 0, 0, 0, 1, 1, 1, 2, 2, 2, 2 }, b[] = { 0, 0, 1, 1, 1, 0, 2, 2, 2, 0 };
	NEAR(qa_kappa_cohen(a, b, 10, 3, NULL), 0.37 / 0.67, 1e-12);
}

TEST(qa_cohen_says_when_it_cannot_tell)
{
	const int one[] = { 1, 1, 1 }, bad[] = { 0, 2, 1 };
	double agree;
	CHECK(isnan(qa_kappa_cohen(one, one, 3, 2, &agree)));
	NEAR(agree, 1.0, 0);
	CHECK(isnan(qa_kappa_cohen(one, one, 0, 2, NULL)));
	CHECK(isnan(qa_kappa_cohen(one, bad, 3, 2, NULL)));
	CHECK(isnan(qa_kappa_cohen(one, bad, 3, 99, NULL)));
}

/* 4 things, 3 raters, 2 kinds: 3-0, 0-3, 2-1, 1-2. P_i: 1, 1, 1/3, 1/3, mean 2/3; kinds 6/12 each:
 * chance 1/2; kappa = (2/3 - 1/2) / (1/2) = 1/3. */
TEST(qa_fleiss_by_hand)
{
	const int v[] = { 3, 0, 0, 3, 2, 1, 1, 2 }, uneven[] = { 3, 0, 0, 2 }, lone[] = { 1, 0 };
	NEAR(qa_kappa_fleiss(v, 4, 2), 1.0 / 3, 1e-12);
	CHECK(isnan(qa_kappa_fleiss(uneven, 2, 2)));
	CHECK(isnan(qa_kappa_fleiss(lone, 1, 2)));
	CHECK(isnan(qa_kappa_fleiss(v, 0, 2)));
}

/* Of two raters who use both kinds equally often, Fleiss is Cohen: 2 0 / 0 2 / 1 1 / 1 1 is
 * po = 1/2, pe = 1/2, kappa 0. */
TEST(qa_fleiss_of_two)
{
	const int v[] = { 2, 0, 0, 2, 1, 1, 1, 1 };
	NEAR(qa_kappa_fleiss(v, 4, 2), 0.0, 1e-12);
}

/* Every cell of from x to x role, written out: letters are roles that may (s system, a agent, q
 * quality, v supervisor). */
TEST(qa_moves_cell_by_cell)
{
	static const char *const want[QR_STATES][QR_STATES] = {
		/*            no  nodis   dis     done   recheck appeal arbitrate archive */
		[QR_NO] = { "", "sqv", "", "", "", "", "", "" },
		[QR_NODIS] = { "", "", "sqv", "", "", "a", "", "sv" },
		[QR_DIS] = { "", "sqv", "", "qv", "", "", "", "" },
		[QR_DONE] = { "", "", "", "", "qv", "a", "", "sqv" },
		[QR_RECHECK] = { "", "", "", "qv", "", "", "sqv", "" },
		[QR_APPEAL] = { "", "a", "", "a", "qv", "", "sqv", "" },
		[QR_ARBITRATE] = { "", "", "", "", "", "", "", "v" },
		[QR_ARCHIVE] = { "", "", "", "", "", "", "", "" },
	};
	const char *letters = "saqv";
	int cells = 0;
	for (int f = 0; f < QR_STATES; f++)
		for (int to = 0; to < QR_STATES; to++)
			for (int r = 0; r < QR_ROLES; r++, cells++)
				if (qr_may_move(f, to, r) !=
				    (strchr(want[f][to], letters[r]) != NULL)) {
					t_fail(__FILE__, __LINE__, qr_state_name(f));
					return;
				}
	EQ(cells, 8 * 8 * 4);
	CHECK(!qr_may_move(QR_STATES, QR_NO, QR_SUPERVISOR) &&
	      !qr_may_move(QR_NO, QR_NODIS, QR_ROLES));
}

TEST(qa_names_go_both_ways)
{
	for (int i = 0; i < QR_STATES; i++)
		EQ(qr_state_of(sv_of(qr_state_name(i))), i);
	EQ(qr_state_of(SV("ARCHIVE")), QR_ARCHIVE);
	EQ(qr_state_of(SV("gone")), -1);
}
