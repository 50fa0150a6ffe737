#include "t.h"

TEST(hello)
{
	EQ(1, 1);
}
