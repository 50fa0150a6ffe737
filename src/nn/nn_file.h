/* nn_file.h: the layout of a file, shared by writer and reader; docs/nn.md shows it.
 *
 *	0   "callm-nn"
 *	8   version 1, 12 bytes of the layers' JSON, 16 bytes of the card's JSON, 20 zero
 *	24  size of the file (8 bytes)
 *	32  CRC-32 of all from 64 on, 36 CRC-32 of bytes 0..35, 40..63 zero
 *	64  the layers, then the card; then for each table its sections, each at a multiple of 64:
 *	    bits and ranks (only when rows are left out), scales (only bytes), the rows
 *
 * Little-endian. */
#ifndef CALLM_NN_FILE_H
#define CALLM_NN_FILE_H

#include "nn_int.h"

enum { NN_FILE_HEAD = 64, NN_FILE_ALIGN = 64, NN_FILE_VERSION = 1 };
#define NN_FILE_MAGIC "callm-nn"
#define NN_FILE_MAX ((size_t)1 << 30)

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "nets are mapped as they are on little-endian machines only");

static inline size_t nn_file_align(size_t n)
{
	return (n + NN_FILE_ALIGN - 1) / NN_FILE_ALIGN * NN_FILE_ALIGN;
}

#endif
