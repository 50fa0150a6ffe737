/* f_kb_html.c: fuzz target: HTML. Corpus in corpus/kb_html, also run by t_kb_fuzz.c. */
#include "f_kb_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return f_kb_run(KB_HTML, p, n);
}
