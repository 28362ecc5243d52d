# Shared by ./run and ./check: the packages of the distribution, and a quiet build. Sourced; top is the source directory.

# dpkg-dev: libetpan's pkg-config file names a file of it; libsasl2-modules: forumd-send's login at the smarthost
BUILD_PACKAGES="autoconf automake pkg-config gcc make libc6-dev liblmdb-dev libetpan-dev dpkg-dev zlib1g-dev
	libdeflate-dev libisal-dev libssl-dev libconfuse-dev libsodium-dev libgsasl-dev libunistring-dev
	libseccomp-dev libpsl-dev libunbound-dev libsasl2-modules openssl"

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# those of the packages that are not there
not_installed() {
	local p
	for p in "$@"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q '^install ok installed' || echo "$p"
	done
}

# install_packages NAME...: what is missing; with sudo when we are not root. On systems without apt: hope, configure tells.
install_packages() {
	local missing sudo= log
	command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
	mapfile -t missing < <(not_installed "$@")
	[ ${#missing[@]} -eq 0 ] && return 0
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || die "these packages are missing and I am not root: ${missing[*]}"
		sudo=sudo
	fi
	say "installing: ${missing[*]}"
	log=$(mktemp)
	# RUNLEVEL: where no systemd runs, services of packages are not started; tests have instances of their own
	if ! { $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
		$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -y --no-install-recommends install "${missing[@]}"; } </dev/null >"$log" 2>&1; then
		tail -20 "$log" >&2
		# somebody else's package may be half configured since long ago, and apt-get says so each time
		mapfile -t missing < <(not_installed "$@")
		[ ${#missing[@]} -eq 0 ] || { rm -f "$log"; die "apt-get could not install: ${missing[*]}"; }
	fi
	rm -f "$log"
}

# build DIR TARGET... [-- CONFIGURE-OPTIONS]: out of tree, quiet, the tail of the log when it fails
build() {
	local dir=$1 targets=() log=$1/build.log
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do targets+=("$1"); shift; done
	[ $# -gt 0 ] && shift
	mkdir -p "$dir"
	if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ]; then
		say "autoreconf"
		(cd "$top" && autoreconf -fi) >"$log" 2>&1 || { tail -30 "$log" >&2; return 1; }
	fi
	# other options than last time: configure again
	if [ ! -f "$dir/Makefile" ] || [ "$*" != "$(cat "$dir/options" 2>/dev/null)" ]; then
		say "configure $dir $*"
		(cd "$dir" && "$top/configure" -q "$@") >"$log" 2>&1 || { tail -30 "$log" >&2; return 1; }
		printf '%s' "$*" >"$dir/options"
	fi
	say "make $dir"
	# one target after the other: two at once compile the same files twice and tread on each other
	local t words
	: >"$log"
	for t in "${targets[@]}"; do
		read -ra words <<<"$t"
		make -C "$dir" -s -j"$(nproc)" "${words[@]}" >>"$log" 2>&1 || { grep -E 'error|Error|undefined' "$log" | head -30 >&2; tail -5 "$log" >&2; return 1; }
	done
}
