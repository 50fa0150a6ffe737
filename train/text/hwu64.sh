#!/bin/sh
# hwu64.sh DATA OUT: trains and scores hwu64 (docs/MODELS.md).
exec "$(dirname "$0")/run.sh" hwu64 intent "$1" "$2" hwu64
