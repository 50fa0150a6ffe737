/* main.c: the entry; everything else is a room. */
#include "app.h"

int main(int argc, char **argv)
{
	return app_main(argc, argv);
}
