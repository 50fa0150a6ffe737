#!/usr/bin/env bash
# test.sh: sets callm up and passes every test. Last line: N passed, N failed, N skipped; exits 1 when one failed.
#
#	./test.sh                 everything (two builds: sanitized for the unit tests, release for the rest)
#	./test.sh unit            static checks and unit tests; ./test.sh ui, ./test.sh e2e: only those
#	./test.sh e2e call        only those whose name has "call" in it
#
# Every test is a program that prints TAP or just exits 0, runs in a process group of its own under a time limit, and
# leaves nothing running. What a failed one printed is shown. Logs: $CALLM_TEST_LOGS (default: a temporary folder).
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")"
. scripts/setup.sh

part=all
case ${1:-} in
unit | ui | e2e)
	part=$1
	shift
	;;
-h | --help)
	sed -n '2,9s/^# \{0,1\}//p' "$0"
	exit 0
	;;
esac
only=${1:-}

began=$SECONDS
passed=0 failed=0 skipped=0
failures=()
unsteady=()
tmp=$(mktemp -d)
logs=${CALLM_TEST_LOGS:-$tmp/logs}
mkdir -p "$logs" "$tmp/home"
export CALLM_TEST_RUN=$$.$RANDOM              # every process started from here carries it: nothing is left behind
export TMPDIR=$tmp XDG_DATA_HOME=$tmp/home     # nothing is written into the user's folders
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1
unset CALLM_DATA CALLM_ADMIN_PASSWORD

# Processes of this run that still live, this shell and its pipes aside.
leftovers() {
	local p
	for p in /proc/[0-9]*; do
		p=${p#/proc/}
		[ "$p" = $$ ] || [ "$p" = "$BASHPID" ] && continue
		grep -qz "^CALLM_TEST_RUN=$CALLM_TEST_RUN$" "/proc/$p/environ" 2> /dev/null && echo "$p"
	done
}

sweep() {
	local p
	for p in $(leftovers); do
		kill -KILL "$p" 2> /dev/null
	done
}

cleanup() {
	sweep
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

wanted() { [[ $1 == *"$only"* ]]; }

stage() {
	stage_name=$1
	stage_began=$SECONDS
	say "== $stage_name"
}
staged() { say "   $stage_name: $((SECONDS - stage_began)) s"; }

show_failure() {
	failures+=("$1")
	printf -- '---- %s failed; the end of %s:\n' "$1" "$2"
	tail -n 40 "$2"
	printf -- '----\n'
}

# in_group LOG LIMIT COMMAND...: runs it in a session of its own; whatever of that session is left is ended.
in_group() {
	local log=$1 limit=$2 pid rc
	shift 2
	setsid timeout -k 5 "$limit" "$@" > "$log" 2>&1 < /dev/null 8<&- 9<&- &
	pid=$!
	wait $pid
	rc=$?
	kill -KILL -- -$pid 2> /dev/null
	[ $rc -ne 124 ] || echo "took longer than $limit s" >> "$log"
	return $rc
}

# check NAME LIMIT COMMAND...: one test; exit 0 passes, 77 skips.
check() {
	local name=$1 limit=$2 rc=0 t0=$SECONDS
	shift 2
	wanted "$name" || return 0
	in_group "$logs/$name.log" "$limit" "$@" || rc=$?
	case $rc in
	0) passed=$((passed + 1)) ;;
	77) skipped=$((skipped + 1)) ;;
	*)
		failed=$((failed + 1))
		show_failure "$name" "$logs/$name.log"
		;;
	esac
	printf '   %-28s %s (%d s)\n' "$name" "$([ $rc -eq 0 ] && echo ok || { [ $rc -eq 77 ] && echo skipped || echo FAILED; })" \
		$((SECONDS - t0))
}

# tap NAME LIMIT COMMAND...: as many tests as it prints lines of TAP. A bad exit, or none at all, is a failure too.
tap() {
	local name=$1 limit=$2 rc=0 t0=$SECONDS ok bad skip
	shift 2
	wanted "$name" || return 0
	in_group "$logs/$name.log" "$limit" "$@" || rc=$?
	read -r ok bad skip <<< "$(awk '
		/^ok .*# *[Ss][Kk][Ii][Pp]/ || /^1\.\.0 *# *[Ss][Kk][Ii][Pp]/ { skip++; next }
		/^ok / { ok++ }
		/^not ok / { bad++ }
		/^1\.\.[0-9]+/ { plan = substr($1, 4); planned = 1 }
		END { ran = ok + bad + skip
			if (planned && plan > ran) bad += plan - ran
			print ok + 0, bad + 0, skip + 0 }' "$logs/$name.log")"
	if [ $rc -ne 0 ] && [ "$bad" -eq 0 ] || [ $((ok + bad + skip)) -eq 0 ]; then
		bad=$((bad + 1))
	fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
	printf '   %-28s %d passed, %d failed, %d skipped (%d s)\n' "$name" "$ok" "$bad" "$skip" $((SECONDS - t0))
	[ "$bad" -eq 0 ] && return 0
	show_failure "$name" "$logs/$name.log"
	[[ $name != e2e_* ]] || printf '%s %s %s tap %s %s %s\n' "$ok" "$bad" "$skip" "$name" "$limit" "$*" > "$tmp/again.$name"
}

# What failed in real time is run once more, alone, when all else is over; what passes then is named as unsteady: a
# busy machine or a fault that shows now and then, to be looked at in any case. More than three are no accident.
once_more() {
	local f one ok bad skip line name was=("${failures[@]+"${failures[@]}"}") left
	set -- "$tmp"/again.*
	[ -e "$1" ] && [ $# -le 3 ] || return 0
	say "== once more, alone"
	for f in "$@"; do
		read -r ok bad skip line < "$f"
		passed=$((passed - ok)) failed=$((failed - bad)) skipped=$((skipped - skip))
		one=${f##*/again.}
		mv "$logs/$one.log" "$logs/$one.first.log"
		failures=() left=()
		eval "$line"
		[ ${#failures[@]} -eq 0 ] || continue
		unsteady+=("$one: $(grep -m1 '^not ok' "$logs/$one.first.log" || tail -n 1 "$logs/$one.first.log")")
		for name in "${was[@]}"; do
			[ "$name" = "$one" ] || left+=("$name")
		done
		was=("${left[@]+"${left[@]}"}")
	done
	failures=("${was[@]+"${was[@]}"}")
}

# build NAME DIR [MESON OPTION...] -- TARGET...: a build that fails is a failed test, not the end of the run.
build() {
	local name=$1
	shift
	(build_program "$@") > "$logs/$name.log" 2>&1 && return 0
	failed=$((failed + 1))
	show_failure "$name" "$logs/$name.log"
	return 1
}

# What the lanes 1..$1 wrote down is added up.
gather() {
	local i=$1 more ok bad skip
	while [ $i -gt 0 ]; do
		{ read -r ok bad skip && mapfile -t more; } < "$tmp/lane.$i" || { ok=0 bad=1 skip=0 more=("lane $i"); }
		passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
		failures+=("${more[@]+"${more[@]}"}")
		rm -f "$tmp/lane.$i"
		i=$((i - 1))
	done
}

# lane I COMMAND...: runs it with counts of its own, and writes them down.
lane() {
	local i=$1
	shift
	passed=0 failed=0 skipped=0 failures=()
	"$@"
	{
		printf '%d %d %d\n' $passed $failed $skipped
		[ ${#failures[@]} -eq 0 ] || printf '%s\n' "${failures[@]}"
	} > "$tmp/lane.$i"
}

# together LANE LANE: each lane is lines of check and tap, run one after the other; the lanes run side by side.
together() {
	local i=0 one
	for one in "$@"; do
		i=$((i + 1))
		(lane $i eval "$one") &
	done
	wait
	gather $i
}

next_line() {
	flock 9
	read -r line <&8
	local rc=$?
	flock -u 9
	return $rc
}

take_lines() {
	local line
	exec 9> "$tmp/queue.lock"
	while next_line; do
		eval "$line"
	done
}

# queue N LINES: lines of check and tap, run N at a time: whoever is done takes the next, so the longest go first.
queue() {
	local n=$1 i
	printf '%s\n' "$2" > "$tmp/queue"
	exec 8< "$tmp/queue"
	for ((i = 1; i <= n; i++)); do
		(lane $i take_lines) &
	done
	wait
	exec 8<&-
	gather $n
}

unit_tests() { ninja -C "$1" -t targets all 2> /dev/null | sed -n 's#^\(tests/t_[a-z0-9_]*\): .*LINKER.*#\1#p' | sort; }

longest_first() {
	local long="t_api t_model t_chan t_talk t_tel t_adversarial t_scenes t_feel t_acd" t
	for t in $long; do
		[[ " $* " != *" $t "* ]] || echo "$t"
	done
	for t in "$@"; do
		[[ " $long " == *" $t "* ]] || echo "$t"
	done
}

unit_lane() { printf 'tap %s 400 build-asan/tests/%s\n' $(for t in "$@"; do echo "$t" "$t"; done); }

static_checks() {
	stage "static checks"
	check floors 60 scripts/floors -q
	check style 60 scripts/style
	check shell 20 bash -n run.sh test.sh .ci/run scripts/setup.sh scripts/deps.sh scripts/deps_whisper.sh
	check readme_parity 20 node tests/e2e/readme.mjs
	staged
}

data_sets() {
	local name from=../shared/data
	[ -z "${CALLM_DATA_SETS:-}" ] || return 0
	for name in sip_torture pii_presidio tau2_bench decision; do
		[ -e "$from/$name.tar.xz" ] || continue
		mkdir -p "$tmp/sets"
		tar -xJf "$from/$name.tar.xz" -C "$tmp/sets" && export CALLM_DATA_SETS=$tmp/sets
	done
}

unit_part() {
	local t
	static_checks
	stage "sanitized build"
	local way=setup
	[ ! -e build-asan/build.ninja ] || way=configure
	meson $way build-asan -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 \
		'-Dc_args=-g1 -Wno-format-truncation -Wno-maybe-uninitialized' > "$logs/meson.log" 2>&1
	# shellcheck disable=SC2046
	build build_asan build-asan -- programs $(unit_tests build-asan) || return 1
	staged
	data_sets
	stage "unit tests under ASan and UBSan"
	# some wait more than they compute: one more at a time than there are cores
	queue $(($(nproc) + 1)) "$(unit_lane $(longest_first $(unit_tests build-asan | sed 's#tests/##')))"
	staged
}

ui_part() {
	stage "web pages"
	check ui_check 120 npm --prefix ui run check
	tap ui_test 120 ui/test/tap.sh
	staged
}

# The default set of models, into the cache: the tests of real models use it, and skip without it.
release_part() {
	stage "release build, models"
	build build_release build -- programs || return 1
	in_group "$logs/pull.log" 400 build/callm models pull || say "   the models cannot be pulled: their tests are skipped"
	staged
}

e2e_part() {
	stage "end to end"
	check symbols 60 scripts/symbols build
	check extras 200 scripts/extras build
	data_sets
	! wanted e2e_mcp || need_peers
	# those that measure times to the millisecond have the machine to themselves
	tap e2e_start 60 node tests/e2e/start.mjs
	tap e2e_sip 180 node tests/e2e/sip.mjs
	# calls in real time: they wait more than they compute
	queue 4 'tap e2e_faults 240 node tests/e2e/faults.mjs
		tap e2e_call 300 node tests/e2e/call.mjs
		tap e2e_bench 240 node tests/e2e/bench.mjs
		tap e2e_outbound 240 node tests/e2e/outbound.mjs
		tap e2e_moves 300 node tests/e2e/moves.mjs
		tap e2e_parties 120 node tests/e2e/parties.mjs
		tap e2e_openai 180 node tests/e2e/openai.mjs
		tap e2e_baresip 120 node tests/e2e/baresip.mjs
		[ ! -x build-asan/callm ] || tap e2e_hostile_asan 180 env CALLM_BIN=build-asan/callm node tests/e2e/hostile.mjs
		tap e2e_recording 120 node tests/e2e/recording.mjs
		tap e2e_codecs 120 node tests/e2e/codecs.mjs
		tap e2e_mcp 180 node tests/e2e/mcp.mjs
		tap e2e_people 60 node tests/e2e/people.mjs
		tap e2e_widget 90 node tests/e2e/widget.mjs
		tap e2e_models 60 node tests/e2e/models.mjs'
	tap e2e_local 600 node tests/e2e/local.mjs
	tap e2e_workers 180 node tests/e2e/workers.mjs
	together 'tap e2e_browser_desk 300 node tests/e2e/browser.mjs desk' \
		'tap e2e_browser_office 300 node tests/e2e/browser.mjs office' 'tap e2e_hooks 60 node tests/e2e/hooks.mjs
		tap e2e_dial 120 node tests/e2e/dial.mjs
		tap e2e_eval 180 node tests/e2e/eval.mjs
		tap e2e_commands 180 node tests/e2e/commands.mjs'
	together 'tap e2e_many 420 node tests/e2e/many.mjs' 'tap e2e_ways 400 node tests/e2e/ways.mjs'
	# beside many browsers only what asks for no quick answer
	together 'tap e2e_story 300 node tests/e2e/story.mjs' 'tap e2e_kill9 120 node tests/e2e/kill9.mjs
		tap e2e_openapi 60 node tests/e2e/openapi.mjs
		tap e2e_edit 60 node tests/e2e/edit.mjs
		tap e2e_train 120 node tests/e2e/train.mjs'
	once_more
	staged
}

stage "setting up"
# shellcheck disable=SC2046
need_packages "${build_packages[@]}" "${test_packages[@]}" $(node_packages) $(engine_packages)
need_node
need_modules
build_pages
need_engines
staged
[ $part = ui ] || release_part || part=none
[ $part = all ] || [ $part = unit ] && unit_part
[ $part = all ] || [ $part = ui ] && ui_part
[ $part = all ] || [ $part = e2e ] && e2e_part

left=$(leftovers)
if [ -n "$left" ]; then
	failed=$((failed + 1))
	failures+=("processes left behind: $(for p in $left; do tr '\0' ' ' < "/proc/$p/cmdline" 2> /dev/null; echo ';'; done)")
else
	passed=$((passed + 1))
fi
printf 'time: %d s\n' $((SECONDS - began))
for f in "${unsteady[@]+"${unsteady[@]}"}"; do
	printf 'unsteady, passed when run again: %s\n' "$f"
done
for f in "${failures[@]+"${failures[@]}"}"; do
	printf 'failed: %s\n' "$f"
done
if [ $((passed + failed)) -le 1 ]; then
	printf 'no test has "%s" in its name\n' "$only" >&2
	failed=$((failed + 1))
fi
printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed -eq 0 ]
