/* reader_main.c: callm-reader; see ing_reader.c. */
#include "ingest.h"

int main(int argc, char **argv)
{
	return ing_reader_main(argc, argv);
}
