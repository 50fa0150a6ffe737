/* app.h: the program: sub-commands and the wiring of all rooms into one server.
 *
 *	int main(int argc, char **argv) { return app_main(argc, argv); }
 */
#ifndef CALLM_APP_H
#define CALLM_APP_H

#include "base.h"

int app_main(int argc, char **argv);

#endif
