/* app_sheet.c: a report as a spreadsheet, by libxlsxwriter.
 *
 * Numbers stay numbers: shares are fractions shown as percent, times are parts of a day shown as
 * minutes and seconds. The library writes to a path: it is that of a file in memory. */
#include "app_sheet.h"
#include "ins_report.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

struct sheet {
	lxw_worksheet *page;
	lxw_format *head, *unit[INS_MOOD + 1];
	const struct ins_table *t;
	bool zh;
};

static void formats(struct sheet *s, lxw_workbook *book)
{
	static const char *const as[] = { [INS_COUNT] = "#,##0", [INS_PERCENT] = "0.0%",
					  [INS_MS] = "[m]:ss",	 [INS_MONEY] = "#,##0.00",
					  [INS_NUMBER] = "0.00", [INS_MOOD] = "0.00" };
	s->head = workbook_add_format(book);
	format_set_bold(s->head);
	for (int u = 0; u <= INS_MOOD; u++) {
		s->unit[u] = workbook_add_format(book);
		format_set_num_format(s->unit[u], as[u]);
	}
}

static void put_value(struct sheet *s, uint32_t line, size_t row, size_t k)
{
	enum ins_unit u = ins_metric_unit(ins_table_metric(s->t, k));
	uint16_t at = (uint16_t)(ins_table_dims(s->t) + k);
	double v;
	if (!ins_table_value(s->t, row, k, &v))
		return;
	v = u == INS_PERCENT ? v / 100 : u == INS_MS ? v / 86400e3 : v;
	(void)worksheet_write_number(s->page, line, at, v, s->unit[u]);
}

static void put_row(struct sheet *s, uint32_t line, size_t row)
{
	bool total = row == ins_table_rows(s->t);
	char text[200];
	for (size_t d = 0; d < ins_table_dims(s->t); d++) {
		sv key = total ? (d ? SV("") : s->zh ? SV("合计") : SV("Total")) :
				 ins_table_key(s->t, row, d);
		(void)snprintf(text, sizeof(text), SV_FMT, SV_ARG(sv_slice(key, 0, 190)));
		(void)worksheet_write_string(s->page, line, (uint16_t)d, text,
					     total ? s->head : NULL);
	}
	for (size_t k = 0; k < ins_table_metrics(s->t); k++)
		put_value(s, line, row, k);
}

static void put_all(struct sheet *s)
{
	size_t dims = ins_table_dims(s->t), rows = ins_table_rows(s->t);
	for (size_t d = 0; d < dims; d++)
		(void)worksheet_write_string(s->page, 0, (uint16_t)d,
					     ins_table_dim_title(s->t, d, s->zh), s->head);
	for (size_t k = 0; k < ins_table_metrics(s->t); k++)
		(void)worksheet_write_string(s->page, 0, (uint16_t)(dims + k),
					     ins_metric_title(ins_table_metric(s->t, k), s->zh),
					     s->head);
	worksheet_freeze_panes(s->page, 1, (uint16_t)dims);
	(void)worksheet_set_column(s->page, 0, (uint16_t)(dims + ins_table_metrics(s->t)), 18,
				   NULL);
	for (size_t r = 0; r <= rows; r++)
		put_row(s, (uint32_t)r + 1, r);
}

static int copy_out(int fd, struct sb *out)
{
	char piece[16384];
	ssize_t n;
	if (lseek(fd, 0, SEEK_SET))
		return ERR_IO;
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		sb_put(out, sv_n(piece, (size_t)n));
	return n < 0 || !out->n ? ERR_IO : sb_err(out);
}

int app_sheet(const struct ins_table *t, bool zh, struct sb *out)
{
	char path[40];
	if (ins_table_rows(t) + 2 > LXW_ROW_MAX)
		return ERR_TOOBIG;
	int fd = memfd_create("report", MFD_CLOEXEC);
	if (fd < 0)
		return ERR_IO;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	lxw_workbook *book = workbook_new(path);
	lxw_error rc = LXW_ERROR_MEMORY_MALLOC_FAILED;
	if (book) {
		struct sheet s = { .page = workbook_add_worksheet(book, NULL), .t = t, .zh = zh };
		formats(&s, book);
		put_all(&s);
		rc = workbook_close(book);
	}
	int err = rc == LXW_NO_ERROR ? copy_out(fd, out) : ERR_IO;
	(void)close(fd);
	return err;
}
