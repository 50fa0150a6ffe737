/* Unit tests, media. */
#include "t.h"
