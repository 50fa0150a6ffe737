#!/usr/bin/env bash
# run.sh: sets callm up on a Debian machine and starts the demo company.
#
#	./run.sh                          install what is missing, build, start; prints the address to open
#	./run.sh --build-only             stop after the build (the program is build/callm)
#	./run.sh --http 0.0.0.0:8080      other options go to `callm demo`; see build/callm demo --help
#
# Needs root or sudo the first time, for apt. Downloads are kept under ${CALLM_CACHE:-~/.cache/callm}.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
. scripts/setup.sh

only_build=
args=()
for a in "$@"; do
	case $a in
	--build-only) only_build=yes ;;
	-h | --help)
		sed -n '2,8s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	*) args+=("$a") ;;
	esac
done

need_packages "${build_packages[@]}" $(node_packages) $(engine_packages)
build_pages
need_engines
[ -e build/callm ] || say "building callm (a few minutes the first time) ..."
build_program build -- programs
[ -z "$only_build" ] || { say "built: build/callm"; exit 0; }
exec build/callm demo "${args[@]}"
