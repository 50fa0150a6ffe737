#!/bin/sh
# tap.sh: the unit tests of the pages as TAP (test.sh counts it).
set -eu
cd "$(dirname "$0")/.."
node scripts/parity.mjs >&2
exec node --import ./test/register.mjs --test --test-reporter=tap test/*.test.ts
