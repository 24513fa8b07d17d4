# packages.bash - for all .bats files here: finds other people's programs, which ./fetch has unpacked and not installed
# shellcheck shell=bash

: "${SRCDIR:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${BUILDDIR:=$SRCDIR}"

# Read now, since the environment of a test loses the variable.
interop_cache=${POSTERN_INTEROP_CACHE:-$BUILDDIR/tests/interop/cache}

# cache_of SET: prints the directory in which the packages of this set are unpacked.
cache_of() {
	local dir=$interop_cache
	[[ $dir == /* ]] || dir=$PWD/$dir
	[[ $1 == servers ]] || dir+=.$1
	echo "$dir"
}

# why_not SET: fetches the packages of this set if they are not there yet.  Prints the reason if that fails, else nothing.
why_not() {
	local why
	why=$("$BATS_TEST_DIRNAME/fetch" "$(cache_of "$1")" "$1" 2>&1) || echo "${why##*$'\n'}"
}

# libs_below DIR: prints the directories of its shared libraries, for LD_LIBRARY_PATH.
libs_below() {
	find "$1" -name '*.so*' -printf '%h\n' | grep -v '/modules$' | sort -u | paste -sd :
}

# await SECONDS COMMAND...: repeats the command until it succeeds; fails after that time, times $patience for a busy machine.
patience=10
await() {
	local end=$((SECONDS + $1 * patience))
	shift
	until "$@"; do
		((SECONDS <= end)) || return 1
		sleep 0.05
	done
}
