#!/bin/sh
# smp2020.sh DATA OUT: six emotions of Chinese microblogs (docs/MODELS.md).
exec "$(dirname "$0")/run.sh" smp2020_ewect_virus emotion "$1" "$2" smp2020_ewect_virus
