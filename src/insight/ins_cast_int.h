/* ins_cast_int.h: what the parts of a forecast share. */
#ifndef CALLM_INS_CAST_INT_H
#define CALLM_INS_CAST_INT_H

#include "ins_cast.h"

enum {
	CAST_FACTS = 32,             /* of a day, at most */
	CAST_WINDOW = 250,           /* days with data that are looked back on */
	CAST_YEARS = 800,            /* the same when the seasons of a year are seen */
	CAST_CALIBRATE = 40,         /* days on which the intervals are calibrated */
	CAST_BANDS = 10,             /* days ahead with intervals of their own */
};

enum { CAST_PARTS = 3 };             /* singular vectors */

/* One fit: level and profiles. */
struct cast_shape {
	double beta[CAST_FACTS], shift;
	double scale;                /* of rare counts, whose logarithms mislead; else 1 */
	/* 7 x width: shares of a day by weekday; of others: counts. */
	double *prof;
	/* of Winters: smoothing of level, day, week; AR(1); whether they were searched for */
	double tune[4], last;
	bool tuned, mixed;
	/* CAST_PARTS x width: vectors of the SVD; Winters: one day. */
	double *parts;
	double score[CAST_PARTS], keep[CAST_PARTS], usual[CAST_PARTS][7];
};
/* Room of a shape. */
void cast_shape_init(const struct ins_cast *c, struct cast_shape *f);
void cast_shape_done(struct cast_shape *f);

struct cast_band {
	double q[4];                 /* scores at 2.5, 10, 90, 97.5 % */
};

struct ins_cast {
	size_t until, ahead, rows;
	enum ins_model model;
	int width, facts, slots, lo;
	size_t *day;                 /* of a row: its day */
	double *val;                 /* rows x width; NAN: not known */
	double *level;               /* log of the day's total, of a row */
	double *part;                /* one over the day's total */
	bool *whole;                 /* of a row: all its slots are known */
	double *x;                   /* (until + ahead) x facts */
	uint8_t *dow, *open;         /* of a day */
	/* rows x blocks: square roots of sums of the slots of a block. */
	double *root;
	size_t blocks;
	double *work;                /* 4 x rows */
	struct cast_shape now;
	double *mean;                /* ahead x width */
	/* calibration: origins x steps x width, of row first_origin + origin + step */
	double *past;
	size_t origins, first_origin, steps;
	struct cast_band band[CAST_BANDS];
	const struct ins_cast *like; /* not NULL: too sparse for a shape of its own */
	double share;                /* of like's counts */
	double *tilt;                /* width: own share of a slot over like's */
};

/* ins_cast_day.c: fills x, facts, dow, open. */
void cast_facts(struct ins_cast *c, const struct ins_series *s, const struct ins_plan *p);
/* ins_cast_fit.c: the model fitted to the first n rows. */
void cast_shape_fit(const struct ins_cast *c, size_t n, struct cast_shape *ret);
/* Means of a day, step = 1 for the first open day after the fit. */
void cast_shape_means(const struct ins_cast *c, const struct cast_shape *f, size_t day,
		      size_t step, double *ret);
/* ins_cast_rival.c: the same of the challengers. */
void cast_rival_fit(const struct ins_cast *c, size_t n, struct cast_shape *ret);
void cast_rival_means(const struct ins_cast *c, const struct cast_shape *f, size_t day,
		      size_t step, double *ret);
/* Means by weekday and slot, of the last `weeks` of each, of the first n rows; 7 x width. */
void cast_weekday_means(const struct ins_cast *c, size_t n, size_t weeks, double *ret);
/* ins_cast_svd.c: root of blocks of so many slots; shapes of n rows of a matrix w wide; its
 * forecast of a slot or block. */
void cast_root(struct ins_cast *c, size_t block);
void cast_svd_fit(const struct ins_cast *c, const double *root, size_t w, size_t n,
		  struct cast_shape *f);
double cast_svd_at(const struct cast_shape *f, size_t w, size_t t, int weekday, size_t step);
/* ins_cast_sparse.c */
bool cast_sparse_wanted(const struct ins_cast *c);
void cast_sparse_fit(struct ins_cast *c);
/* ins_cast_band.c: past and band. */
void cast_calibrate(struct ins_cast *c);
/* Row whose day a look back at `step` from origin o was of; SIZE_MAX: none. */
size_t cast_row_then(const struct ins_cast *c, size_t o, size_t step);
void cast_points(const struct ins_cast *c, const struct cast_band *b, const double *mean,
		 struct ins_point *ret);
/* How far n is off f in what is usual for such a count. */
double cast_score(double n, double f);
/* Quantiles of n > 0 scores; room: as many. */
void cast_band_of(const double *score, size_t n, double *room, struct cast_band *ret);

#endif
