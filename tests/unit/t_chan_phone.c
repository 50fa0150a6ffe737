/* Unit tests, phone. */
#include "t.h"
