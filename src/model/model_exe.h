/* model_exe.h: where worker programs are; private to model. */
#ifndef CALLM_MODEL_EXE_H
#define CALLM_MODEL_EXE_H

/* given, else this program itself, else the program of that name beside it (in a build folder: in
 * ../model/); xfree it. NULL when it cannot be told. */
char *model_exe(const char *given, const char *sibling);

#endif
