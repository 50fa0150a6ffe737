/* llama_lib.h: llama.cpp's shared libraries, opened at run time from a folder, so that building
 * callm needs only its headers (MIT); private to model's worker programs.
 *
 *	#define FUNCTIONS(X) X(LLAMA, llama_decode) ...
 *	static struct { FUNCTIONS(LLAMA_FIELD) } f;
 *	static const struct llama_name names[] = { FUNCTIONS(LLAMA_NAME) };
 *	rc = llama_lib_open(dir, names, COUNT, &f, &e);
 */
#ifndef CALLM_MODEL_LLAMA_LIB_H
#define CALLM_MODEL_LLAMA_LIB_H

#include "base.h"

#define LLAMA_LIB_VERSION "0.5.0"

enum llama_lib { BASE, GGML, LLAMA, N_LIBS };
struct llama_name {
	enum llama_lib lib;
	const char *name;
};
/* From a list FUNCTIONS(X) of X(library, function): the members of a struct of pointers to them,
 * whose types are the header's, and their names in the same order. */
#define LLAMA_FIELD(lib, name) __typeof__(&(name)) name;
#define LLAMA_NAME(lib, name) { lib, #name },

/* Opens the libraries, finds the n functions, stores them one after the other at f, and checks the
 * version; then opens the backends that fit this machine. The libraries stay until the process
 * ends: their threads and C++ destructors do not like to be unmapped. Once a process.
 * ERR_NOTFOUND, ERR_VERSION; e tells how to mend it. */
int llama_lib_open(const char *dir, const struct llama_name *names, size_t n, void *f,
		   struct err *e);
/* The last line of warning or error that llama.cpp wrote in this thread; "" none. */
const char *llama_lib_log(void);
void llama_lib_forget(void); /* that line */

#endif
