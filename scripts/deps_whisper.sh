# deps_whisper.sh: need_whisper builds whisper.cpp into a static library for the program callm-whisper.
#
#	. scripts/setup.sh; . scripts/deps_whisper.sh; need_whisper
#
# Sourced after setup.sh (say, quietly, give_up, need_node, callm_cache); bash; needs g++, tar and npm. The sources are
# those of the npm package whisper.rn (MIT), pinned by version and hash. The library is compiled for the processor it is
# built on, about a minute; a stamp of the sources' hash, the compiler and what it knows of the processor makes a second
# call do nothing, and builds again on another machine that shares the folder. Result: $whisper_dir/{include,lib}.

whisper_version=0.7.4
whisper_sha512=f4cc961684665161c31cb8639b8759819cf11b67c536e0a538f13f35ee4a5e59b4bd28b822de684b6c598bd59f3c47d41877203cc895be2bfdb75f330b805237
whisper_dir=$callm_cache/deps/whisper-$whisper_version

whisper_flags=(-O3 -march=native -fPIC -pthread -DNDEBUG -D_GNU_SOURCE -DWSP_GGML_USE_CPU -DWSP_GGML_USE_CPU_REPACK
	-DWHISPER_VERSION='"whisper.rn-'$whisper_version'"' -w -g0)

whisper_stamp() {
	printf '%s %s %s ' "$whisper_sha512" "${whisper_flags[*]}" "$(g++ -dumpfullversion -dumpmachine 2>/dev/null | tr '\n' ' ')"
	g++ -march=native -Q --help=target 2>/dev/null | sha256sum | cut -c 1-64
}

# whisper_objects SOURCES OBJECTS: one compiler command a line.
whisper_objects() {
	local src=$1 obj=$2 f flags
	flags=$(printf '%q ' "${whisper_flags[@]}" -I"$src" -I"$src/ggml-cpu")
	(cd "$src" && ls ggml.c ggml-alloc.c ggml-quants.c ggml-cpu/*.c ggml-cpu/arch/"$3"/*.c) | while read -r f; do
		echo "gcc $flags -std=gnu11 -c $(printf %q "$src/$f") -o $(printf %q "$obj/${f//\//_}.o")"
	done
	(cd "$src" && ls ggml.cpp ggml-backend*.cpp ggml-opt.cpp ggml-threading.cpp gguf.cpp ggml-cpu/*.cpp ggml-cpu/amx/*.cpp \
		ggml-cpu/arch/"$3"/repack.cpp whisper.cpp) | while read -r f; do
		echo "g++ $flags -std=gnu++17 -c $(printf %q "$src/$f") -o $(printf %q "$obj/${f//\//_}.o")"
	done
}

whisper_compile() {
	local src=$1 obj=$2 arch
	case $(uname -m) in
	x86_64) arch=x86 ;;
	aarch64) arch=arm ;;
	*) arch=none ;;
	esac
	mkdir -p "$obj"
	whisper_objects "$src" "$obj" $arch 2>/dev/null | xargs -d '\n' -P "$(nproc)" -n 1 bash -c || return 1
	ar rcs "$obj/libwhisper.a" "$obj"/*.o
}

whisper_fetch() {
	local to=$1 file=$1/whisper.rn-$whisper_version.tgz
	need_node
	(cd "$to" && npm_config_cache="$callm_cache/npm" npm pack --silent "whisper.rn@$whisper_version") || return 1
	[ "$(sha512sum < "$file" | cut -c 1-128)" = "$whisper_sha512" ] || {
		echo "whisper.rn-$whisper_version.tgz is not the file it should be: its sha512 differs" >&2
		return 1
	}
	tar -xzf "$file" -C "$to" package/cpp package/LICENSE
}

need_whisper() {
	local stamp tmp=$whisper_dir.new.$$
	command -v g++ > /dev/null || give_up "g++ is missing" "apt-get install g++"
	stamp=$(whisper_stamp)
	[ -e "$whisper_dir/lib/libwhisper.a" ] && [ "$(cat "$whisper_dir/stamp" 2>/dev/null)" = "$stamp" ] && return 0
	say "fetching and building whisper.cpp (once, about a minute) ..."
	rm -rf "$tmp"
	mkdir -p "$tmp/include" "$tmp/lib"
	quietly "fetching whisper.rn $whisper_version" whisper_fetch "$tmp"
	quietly "building whisper.cpp" whisper_compile "$tmp/package/cpp" "$tmp/obj"
	mv "$tmp/obj/libwhisper.a" "$tmp/lib/"
	cp "$tmp"/package/cpp/{whisper,ggml,ggml-cpu,ggml-backend,ggml-alloc}.h "$tmp/include/"
	cp "$tmp/package/LICENSE" "$tmp/"
	rm -rf "$tmp/package" "$tmp/obj" "$tmp"/*.tgz
	printf '%s\n' "$stamp" > "$tmp/stamp"
	rm -rf "$whisper_dir"
	mv "$tmp" "$whisper_dir"
}
