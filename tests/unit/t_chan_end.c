/* Unit tests, end. */
#include "t.h"
