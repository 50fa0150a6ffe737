#!/bin/sh
# clinc150.sh DATA OUT: trains and scores clinc150 (docs/MODELS.md).
exec "$(dirname "$0")/run.sh" clinc150 intent "$1" "$2" clinc150
