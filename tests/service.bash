# service.bash - for tests of the machine's account: `load service` after `load helper`
# shellcheck shell=bash disable=SC2034,SC2154	# set or used in helper.bash, and in the files that load this one

# Users of the machine of these tests, which run no tests themselves.
postern_uid=54320 alice=54321 bob=54322

setup() {
	helper_setup
	listener='' run_by=()
}

teardown() {
	[[ -z $listener ]] || exec {listener}>&-
	helper_teardown
}

# service ARGS: a smarthost with the script on stdin, and the service before it, which has the arguments.  $service is its
# configuration, to which a test may have added lines in $conf_extra; $socket leads to it, and $conf is that of its users.
# $run_by is a command that runs it, if a test wants one.
service() {
	start_server
	service=$BATS_TEST_TMPDIR/service/service.conf socket=$BATS_TEST_TMPDIR/run/smtp
	mkdir -p "${service%/*}" "${socket%/*}/users"
	{ cat "$conf"; echo "service_directory ${socket%/*}/users"; } > "$service"
	chmod 600 "$service"
	printf '%s\n' "socket $socket" > "$conf"
	serve "${run_by[@]}" "$POSTERN" -bs --service -C "$service" "$@"
}

# apart COMMAND: without the descriptors of the test, which lead to the smarthost.
apart() {
	local fd
	for fd in "${server_holds[@]}" "${server_says[@]}" ${listener:+"$listener"} 3; do
		[[ -z $fd ]] || exec {fd}>&-
	done
	[[ $1 == on_machine ]] || exec "$@"
	"$@"	# it executes its command
}

# serve COMMAND: for each connection.
serve() {
	[[ -x $BUILDDIR/tests/server/accept ]] || skip "needs tests/server/accept: make check builds it"
	local ready
	[[ -e $BATS_TEST_TMPDIR/listens ]] || mkfifo "$BATS_TEST_TMPDIR/listens"
	exec {listener}> >(apart "$BUILDDIR/tests/server/accept" "$socket" "$@" > "$BATS_TEST_TMPDIR/listens" \
	    2>> "$BATS_TEST_TMPDIR/service.err")
	read -r ready < "$BATS_TEST_TMPDIR/listens" && [[ $ready == ready ]]
}

# The dialogue on stdin, with the service.
talk() { run_bounded "$POSTERN" -bs --service -C "$service" "$@"; }
