#!/bin/sh
# banking77.sh DATA OUT: trains and scores banking77 (docs/MODELS.md).
exec "$(dirname "$0")/run.sh" banking77 intent "$1" "$2" banking77
