/* Unit tests, web. */
#include "t.h"
