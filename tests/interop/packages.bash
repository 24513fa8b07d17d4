# packages.bash - other people's programs, unpacked by ./fetch and not installed: what all .bats files here share
# shellcheck shell=bash

: "${SRCDIR:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${BUILDDIR:=$SRCDIR}"

# cache_of SET: where the packages of this set are unpacked.
cache_of() {
	local dir=${POSTERN_INTEROP_CACHE:-$BUILDDIR/tests/interop/cache}
	[[ $dir == /* ]] || dir=$PWD/$dir
	[[ $1 == servers ]] || dir+=.$1
	echo "$dir"
}

# why_not SET: fetches it if need be; prints the reason if it cannot be had, else nothing.
why_not() {
	local why
	why=$("$BATS_TEST_DIRNAME/fetch" "$(cache_of "$1")" "$1" 2>&1) || echo "${why##*$'\n'}"
}

libs_below() {
	find "$1" -name '*.so*' -printf '%h\n' | grep -v '/modules$' | sort -u | paste -sd :
}

# await SECONDS COMMAND...: until it succeeds.
await() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS <= end)) || return 1
		sleep 0.05
	done
}
