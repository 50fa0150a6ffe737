# deps.sh: runtimes of local models, fetched once into the cache; sourced by setup.sh after its own functions.
#
#	need_llama      llama.cpp v0.5.0: headers to build callm-llama with, libraries it opens at run time

llama_dir=$callm_cache/deps/llama-0.5.0
# npm packages, their sha512 as the registry's integrity has it.
llama_source=node-llama-cpp@3.22.1
llama_source_sha512=bltIipuWmc123H7tMIgDGKSsSrhmhlQYeVUC48XTjVW7XGJJiJJyCdlTMzQ/LiWoPkGDpcL4FviDpgw7qfTiDw==
llama_libs=@node-llama-cpp/linux-x64@3.22.1
llama_libs_sha512=5uCCDNqWCNfaAm8aR/Uzxbo4HBpKgNF91kCHPepKhgMgV2OAmatoefbOlMihsqCiH2Od35E/eUHQCFbfRBJuOg==

# fetch_npm PACKAGE SHA512 DIR: the package's archive as DIR/package.tgz, checked.
fetch_npm() {
	local got
	mkdir -p "$3"
	(cd "$3" && quietly "npm pack $1" env npm_config_cache="$callm_cache/npm" npm_config_update_notifier=false \
		npm pack --ignore-scripts "$1") || return 1
	mv "$3"/*.tgz "$3/package.tgz"
	got=$(openssl dgst -sha512 -binary "$3/package.tgz" | base64 -w 0)
	[ "$got" = "$2" ] || give_up "$1 is not what it was: its sha512 is $got" "expected $2; nothing was installed"
}

# The Debian packages it takes where it has to be fetched.
llama_packages() {
	[ -e "$llama_dir/.done" ] || echo git openssl tar
}

# A machine of another kind has no prebuilt libraries: callm works without, and says so.
need_llama() {
	local tmp=$llama_dir.new.$$ h
	[ -e "$llama_dir/.done" ] && return 0
	[ "$(uname -m)" = x86_64 ] || { say "no prebuilt llama.cpp for $(uname -m): local language models are left out"; return 0; }
	need_node
	say "fetching llama.cpp 0.5.0 (46 MB) ..."
	rm -rf "$tmp"
	fetch_npm "$llama_source" "$llama_source_sha512" "$tmp/s"
	fetch_npm "$llama_libs" "$llama_libs_sha512" "$tmp/l"
	mkdir -p "$tmp/include" "$tmp/lib"
	tar xzf "$tmp/s/package.tgz" -C "$tmp/s" package/llama/gitRelease.bundle
	quietly "unpacking llama.cpp" git clone -q --no-checkout "$tmp/s/package/llama/gitRelease.bundle" "$tmp/s/tree"
	for h in include/llama.h ggml/include/{ggml,ggml-alloc,ggml-backend,ggml-cpu,ggml-opt,gguf}.h; do
		git -C "$tmp/s/tree" show "HEAD:$h" > "$tmp/include/${h##*/}"
	done
	git -C "$tmp/s/tree" show HEAD:LICENSE > "$tmp/LICENSE"
	tar xzf "$tmp/l/package.tgz" -C "$tmp/l"
	cp "$tmp"/l/package/bins/linux-x64/lib*.so "$tmp/lib/"
	rm -rf "$tmp/s" "$tmp/l" "$tmp/lib/libllama-common.so"
	touch "$tmp/.done"
	rm -rf "$llama_dir"
	mv "$tmp" "$llama_dir"
}
