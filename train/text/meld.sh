#!/bin/sh
# meld.sh DATA OUT: seven emotions with three turns before (docs/MODELS.md).
exec "$(dirname "$0")/run.sh" meld emotion "$1" "$2" meld
