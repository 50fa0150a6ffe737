/* Unit tests, tape. */
#include "t.h"
