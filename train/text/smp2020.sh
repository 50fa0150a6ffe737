#!/bin/sh
# smp2020.sh DATA OUT: six emotions of Chinese microblogs, judged by how many are right (docs/MODELS.md).
export TRAIN=--by-accuracy
exec "$(dirname "$0")/run.sh" smp2020_ewect_virus emotion "$1" "$2" smp2020_ewect_virus
