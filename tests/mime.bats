#!/usr/bin/env bats
# Which parts of a message postern encodes if the server, or any server, cannot take them: design 1.5, RFC 2045, 2046, 6152.

load helper

setup() {
	helper_setup
	mail=$BATS_TEST_TMPDIR/mail want=$BATS_TEST_TMPDIR/want
}

# head TYPE [FIELD]: the header of a complete message.
head() {
	printf '%s\n' "From: Me <me@example.org>" "To: You <you@example.net>" "Subject: parts" \
		"Date: Mon, 02 Mar 2026 10:00:00 +0000" "Message-ID: <parts@example.org>" "MIME-Version: 1.0" \
		"Content-Type: $1" ${2:+"$2"} ""
}

# part TYPE ENCODING: a delimiter and the header of a part; ENCODING may be "".
part() {
	printf '%s\n' "--=_b" ${1:+"Content-Type: $1"} ${2:+"Content-Transfer-Encoding: $2"} ""
}

seven_bit_server() {
	start_server <<-END
		tls none
		hide 8BITMIME
		${1:-}
	END
}

# The server got what is in $want, with CRLF line ends.
got_wanted() {
	sed -e 's/\r$//' -e 's/$/\r/' "$want" | cmp - <(message "${1:-1}")
}

send() { postern_ok you@example.net < "$mail"; }

# refused SENTENCE [MESSAGES]: postern gives this reason; so far the server got that many messages.
refused() {
	postern_fails 65 input -- you@example.net < "$mail"
	[[ $stderr == *"$1"* ]] || complain "not a word of: $1"
	[[ $(messages) == "${2:-0}" ]]
}

mixed='multipart/mixed; boundary="=_b"'
umlauts=$'Gr\303\274\303\237e'

# ------------------------------------------------------------------------------------------------------------- encoding

@test "without 8BITMIME an 8-bit text part becomes quoted-printable, and the rest stays as it is" {
	seven_bit_server "hide CHUNKING"
	{
		head "$mixed" "Content-Transfer-Encoding: 8bit"
		printf 'a preamble \n'
		part "text/plain; charset=utf-8" 8bit
		printf '%s \n-- \n.dot\nFrom here\n\n' "$umlauts"
		part "text/plain" 7bit
		printf 'nothing to do here: =3D \t\n.\n..\n\n'
		printf -- '--=_b-- \nan epilogue\n\n'
	} > "$mail"
	{
		head "$mixed" "Content-Transfer-Encoding: 7bit"
		printf 'a preamble \n'
		part "text/plain; charset=utf-8" quoted-printable
		printf 'Gr=C3=BC=C3=9Fe=20\n-=2D=20\n=2Edot\n=46rom here\n\n'
		part "text/plain" 7bit
		printf 'nothing to do here: =3D \t\n.\n..\n\n'
		printf -- '--=_b-- \nan epilogue\n\n'
	} > "$want"
	send
	got_wanted
	[[ $(envelope) != *BODY=8BITMIME* ]]
}

@test "with 8BITMIME the same message is sent byte for byte" {
	start_server <<< "tls none"
	{
		head "$mixed" "Content-Transfer-Encoding: 8bit"
		part "text/plain; charset=utf-8" 8bit
		printf '%s\n' "$umlauts"
		printf -- '--=_b--\n'
	} > "$mail"
	cp "$mail" "$want"
	send
	got_wanted
	envelope | grep -q BODY=8BITMIME
}

@test "a message with CRLF line ends gets the same parts encoded" {
	seven_bit_server
	{
		head "$mixed"
		part "text/plain; charset=utf-8" 8bit
		printf '%s\nend \n' "$umlauts"
		printf -- '--=_b--'
	} | sed 's/$/\r/' > "$mail"
	{
		head "$mixed"
		part "text/plain; charset=utf-8" quoted-printable
		printf 'Gr=C3=BC=C3=9Fe\nend=20\n'
		printf -- '--=_b--\n'
	} > "$want"
	send
	got_wanted
}

@test "a part without fields gets a Content-Transfer-Encoding, and a part that is not text becomes base64" {
	seven_bit_server
	{
		head "$mixed"
		part "" ""
		printf '%s\n' "$umlauts"
		part "application/xml" ""
		printf '<x>%s\n</x>\n\n' "$umlauts"
		printf -- '--=_b--\n'
	} > "$mail"
	{
		head "$mixed"
		part "" quoted-printable
		printf 'Gr=C3=BC=C3=9Fe\n'
		part "application/xml" base64
		printf '<x>%s\r\n</x>\r\n' "$umlauts" | base64
		printf -- '--=_b--\n'
	} > "$want"
	send
	got_wanted
}

@test "a binary part is encoded without changing an octet, even a CR at its end" {
	start_server <<< "tls none"
	printf '\211PNG\r\n\032\n\0\0\r\r\n \t\n--=_\n%03000d\n\r' 7 > "$BATS_TEST_TMPDIR/octets"
	{
		head "$mixed" "Content-Transfer-Encoding: binary"
		part "image/png" binary
		cat "$BATS_TEST_TMPDIR/octets"
		printf -- '\n--=_b--\n'
	} > "$mail"
	{
		head "$mixed" "Content-Transfer-Encoding: 7bit"
		part "image/png" base64
		base64 -w 76 "$BATS_TEST_TMPDIR/octets"
		printf -- '--=_b--\n'
	} > "$want"
	send
	got_wanted
}

@test "a body that is neither text nor multipart becomes base64 as a whole" {
	seven_bit_server
	{ head "application/json"; printf '"%s"\n' "$umlauts"; } > "$mail"
	{
		head "application/json" "Content-Transfer-Encoding: base64"
		printf '"%s"\r\n' "$umlauts" | base64
	} > "$want"
	send
	got_wanted
}

@test "in nested parts only the leaves are encoded, and each multipart and message around them says 7bit" {
	seven_bit_server
	nest() { # ENCODING-OF-CONTAINERS ENCODING-OF-TEXT TEXT TEXT
		head "$mixed" "Content-Transfer-Encoding: $1"
		part "multipart/alternative; boundary=inner" "$1"
		printf -- '--inner\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: %s\n\n%s\n' "$2" "$3"
		printf -- '--inner\n\n7 bits\n--inner--\n\n'
		part "message/rfc822" "$1"
		printf 'Subject: enclosed\nContent-Transfer-Encoding: %s\nX: y\n\n%s\n%s\n' "$2" "$3" "$4"
		part "multipart/digest; boundary=digest" "$1"
		printf -- '--digest\n\nSubject: in a digest\nContent-Transfer-Encoding: %s\n\n%s\n--digest--\n' "$2" "$3"
		printf -- '--=_b--\n'
	}
	nest 8bit 8bit "$umlauts" --inner > "$mail"
	nest 7bit quoted-printable "Gr=C3=BC=C3=9Fe" -=2Dinner > "$want"
	send
	got_wanted
}

@test "a part with NUL, bare CR or a long line is encoded for every server; other 8-bit parts stay" {
	local long
	start_server <<< "tls none"
	printf -v long '%01200d' 0
	{
		head "$mixed" "Content-Transfer-Encoding: binary"
		part "text/plain; charset=utf-8" 8bit
		printf '%s\n' "$umlauts"
		part "text/plain" 7bit
		printf 'a\rb\0c\n'
		part "text/html" ""
		printf '%s\n' "$long"
		printf -- '--=_b--\n'
	} > "$mail"
	{
		head "$mixed" "Content-Transfer-Encoding: 8bit"
		part "text/plain; charset=utf-8" 8bit
		printf '%s\n' "$umlauts"
		part "text/plain" quoted-printable
		printf 'a=0Db=00c\n'
		part "text/html" quoted-printable
		fold -w 75 <<< "$long" | sed '$!s/$/=/'
		printf -- '--=_b--\n'
	} > "$want"
	send
	got_wanted
	envelope | grep -q BODY=8BITMIME
}

@test "without 8BITMIME both the invalid and the 8-bit parts become quoted-printable" {
	seven_bit_server
	{
		head "$mixed" "Content-Transfer-Encoding: binary"
		part "text/plain; charset=utf-8" 8bit
		printf '%s\n' "$umlauts"
		part "text/plain" 7bit
		printf 'a\rb\n'
		printf -- '--=_b--\n'
	} > "$mail"
	{
		head "$mixed" "Content-Transfer-Encoding: 7bit"
		part "text/plain; charset=utf-8" quoted-printable
		printf 'Gr=C3=BC=C3=9Fe\n'
		part "text/plain" quoted-printable
		printf 'a=0Db\n'
		printf -- '--=_b--\n'
	} > "$want"
	send
	got_wanted
}

@test "an encoded message is not changed when it is sent again, and SIZE is its exact size" {
	seven_bit_server
	{
		head "$mixed" "Content-Transfer-Encoding: 8bit"
		part "text/plain; charset=utf-8" 8bit
		printf '%s%0100d--=_b\n' "$umlauts" 0
		printf -- '--=_b--\n'
	} > "$mail"
	send
	message 1 > "$BATS_TEST_TMPDIR/once"
	postern_ok you@example.net < "$BATS_TEST_TMPDIR/once"
	cmp "$BATS_TEST_TMPDIR/once" <(message 2)
	[[ $(message 1 | tr -d '\r') != "$(< "$mail")" ]]
	envelope 1 | grep -q "SIZE=$(message 1 | wc -c)\b"
}

@test "a message with another system's DKIM-Signature is encoded too" {
	seven_bit_server
	{ echo "DKIM-Signature: v=1; d=example.org; b=AAAA"; head "text/plain; charset=utf-8"; echo "$umlauts"; } > "$mail"
	send
	message | grep -q '^Gr=C3=BC=C3=9Fe'
}

@test "a line that only resembles the delimiter is text, and a soft line break does not create a delimiter" {
	seven_bit_server
	{
		head "$mixed"
		part "text/plain; charset=utf-8" 8bit
		printf -- '--=_bc\n--=_b.\n%075d--=_b\n%s\n' 0 "$umlauts"
		printf -- '--=_b--\n'
	} > "$mail"
	{
		head "$mixed"
		part "text/plain; charset=utf-8" quoted-printable
		printf -- '-=2D=3D_bc\n-=2D=3D_b.\n%075d=\n-=2D=3D_b\nGr=C3=BC=C3=9Fe\n' 0
		printf -- '--=_b--\n'
	} > "$want"
	send
	got_wanted
}

@test "a part of 50 MB arrives unchanged from a pipe and a file, in constant memory" {
	! grep -q __asan_init "$POSTERN" || skip "a sanitizer takes all address space"
	seven_bit_server
	command head -c 50000000 /dev/urandom > "$BATS_TEST_TMPDIR/octets"
	{
		head "$mixed"
		part "application/octet-stream" binary
		cat "$BATS_TEST_TMPDIR/octets"
		printf -- '\n--=_b--\n'
	} > "$mail"
	(ulimit -v 48000 && postern_ok you@example.net) < <(cat "$mail")
	message | sed '1,/^--/d' | sed -e '1,/^\r$/d' -e '/^--/d' | base64 -di | cmp - "$BATS_TEST_TMPDIR/octets"
	(ulimit -v 48000 && postern_ok you@example.net < "$mail")
	cmp "$server_dir/msg.1" "$server_dir/msg.2"
}

@test "-bs: parts are encoded in the same way" {
	seven_bit_server
	{
		head "$mixed"
		part "text/plain; charset=utf-8" 8bit
		printf '%s\n.dot\n' "$umlauts"
		printf -- '--=_b--\n'
	} > "$mail"
	{
		head "$mixed"
		part "text/plain; charset=utf-8" quoted-printable
		printf 'Gr=C3=BC=C3=9Fe\n=2Edot\n'
		printf -- '--=_b--\n'
	} > "$want"
	{
		printf '%s\r\n' "EHLO client.example" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA
		sed -e 's/^\./../' -e 's/$/\r/' "$mail"
		printf '.\r\nQUIT\r\n'
	} | postern_ok -bs
	got_wanted
}

# ----------------------------------------------------------------------------------------------- encoded, but not well

@test "base64 in long lines, with CR or NUL, is wrapped again for every server; its octets and its label stay" {
	start_server <<< "tls none"
	command head -c 3000 /dev/urandom > "$BATS_TEST_TMPDIR/octets"
	for how in cat "sed s/^......../&\\x0d/" "tr -d \\n" "sed s/\$/\\x0d\\x0d/" "sed s/^../&\\x00/"; do
		{
			head "$mixed" "Content-Transfer-Encoding: 7bit"
			part "application/octet-stream" BASE64
			base64 -w0 "$BATS_TEST_TMPDIR/octets" | $how
			printf -- '\n--=_b--\n'
		} > "$mail"
		{
			head "$mixed" "Content-Transfer-Encoding: 7bit"
			part "application/octet-stream" BASE64
			base64 -w76 "$BATS_TEST_TMPDIR/octets"
			printf -- '--=_b--\n'
		} > "$want"
		send
		got_wanted "$(messages)"
	done
}

@test "quoted-printable with long lines or 8-bit text is filtered, and decodes to the same" {
	seven_bit_server
	{
		head "text/plain; charset=utf-8" "Content-Transfer-Encoding: Quoted-Printable"
		printf 'Gr=C3=BC=C3=9Fe, %s =3D 1=1 =\nsoft= \n.dot--\n-- \n%0100d=3d%0100d\na\rb\0c=4\n' "$umlauts" 0 0
	} > "$mail"
	{
		head "text/plain; charset=utf-8" "Content-Transfer-Encoding: Quoted-Printable"
		printf 'Gr=C3=BC=C3=9Fe, Gr=C3=BC=C3=9Fe =3D 1=3D1 =\nsoft=\n=2Edot--\n-=2D\n'
		printf '%075d=\n%025d=3d%047d=\n%053d\na=0Db=00c=3D4\n' 0 0 0 0
	} > "$want"
	send
	got_wanted
	start_server <<< "tls none"			# here 8-bit text alone is no reason
	{ head "text/plain; charset=utf-8" "Content-Transfer-Encoding: quoted-printable"; echo "$umlauts=20"; } > "$want"
	cp "$want" "$mail"
	send
	got_wanted
}

@test "text outside of the parts becomes quoted-printable if it must change; the parts stay, even signed ones" {
	local type
	seven_bit_server
	for type in mixed signed; do
		{ head "multipart/$type; boundary==_b"; echo "$umlauts"; part "" ""; printf 'x=y\n--=_b--\n%01000d\0\n' 0; } > "$mail"
		{
			head "multipart/$type; boundary==_b"
			printf 'Gr=C3=BC=C3=9Fe\n'
			part "" ""
			printf 'x=y\n--=_b--\n'
			for _ in {1..13}; do printf '%075d=\n' 0; done
			printf '%025d=00\n' 0
		} > "$want"
		send
		got_wanted "$(messages)"
	done
}

@test "a long line, a CR or a NUL in the header of a part is mended" {
	local name
	start_server <<< "tls none"
	name=$(printf 'a%0500d' 0)
	{ head "$mixed"; part "text/plain;a=\"$name\";b=\"$name\"" ""; printf 'x\n--=_b\nX: a\rb\0c\n\ny\n--=_b--\n'; } > "$mail"
	{ head "$mixed"; part "text/plain;a=\"$name\";"$'\n'" b=\"$name\"" ""; printf 'x\n--=_b\nX: a b c\n\ny\n--=_b--\n'; } > "$want"
	send
	got_wanted
	{ head "$mixed"; part "multipart/signed; boundary=s" ""; printf -- '--s\nX: a\rb\n\ny\n--s--\n--=_b--\n'; } > "$mail"
	refused "re-encoding would break the signature" 1
}

@test "the missing end of a multipart is added if something in it changes" {
	seven_bit_server
	{ head "$mixed"; part "multipart/x; boundary=i" ""; printf -- '--i\n\n%s\n--=_b\n\nx\n' "$umlauts"; } > "$mail"
	{
		head "$mixed"
		part "multipart/x; boundary=i" ""
		printf -- '--i\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\n--i--\n--=_b\n\nx\n\n--=_b--\n'
	} > "$want"
	send
	got_wanted
}

# ------------------------------------------------------------------------------------------------------------- refusals

@test "a signed or encrypted part that would have to be changed is 65 with the reason" {
	local type
	seven_bit_server
	for type in 'multipart/signed; protocol="application/pgp-signature"' 'multipart/encrypted'; do
		{ head "$type; boundary==_b"; part "text/plain" 8bit; echo "$umlauts"; echo "--=_b--"; } > "$mail"
		refused "the server does not take 8-bit text, and re-encoding would break the signature"
	done
	{
		head "$mixed"
		part "multipart/signed; boundary=s" ""
		printf -- '--s\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\n%s\n--m--\n--s--\n--=_b--\n' "$umlauts"
	} > "$mail"
	refused "a part of type multipart/signed"
}

@test "what is signed within application/pkcs7-mime does not depend on its encoding, so binary becomes base64" {
	local der=$'0\202\rA\nB\377'
	start_server <<< 'tls none'
	{ head "application/pkcs7-mime; smime-type=signed-data" "Content-Transfer-Encoding: binary"; printf '%s\0\n' "$der"; } > "$mail"
	postern_ok you@example.net < "$mail"
	message | grep -q $'^Content-Transfer-Encoding: base64\r$'
	message | tr -d '\r' | sed '1,/^$/d' | base64 -d | cmp - <(printf '%s\0\n' "$der")
}

@test "a signed part that needs no change stays byte for byte, and the part beside it is encoded" {
	local signed
	seven_bit_server
	signed=$(part "multipart/signed; boundary=s" ""
		printf -- '--s\nContent-Type: text/plain\n\nsigned \t\n--s\nContent-Type: application/pgp-signature\n\nXX\n--s--')
	{ head "$mixed"; echo "$signed"; part "" 8bit; echo "$umlauts"; echo "--=_b--"; } > "$mail"
	{ head "$mixed"; echo "$signed"; part "" quoted-printable; echo "Gr=C3=BC=C3=9Fe"; echo "--=_b--"; } > "$want"
	send
	got_wanted
}

@test "8-bit text in an address in a part's header cannot be encoded: 65" {
	seven_bit_server
	{ head "$mixed"; part "message/rfc822" ""; printf 'To: %s@example.org\n\nx\n--=_b--\n' "$umlauts"; } > "$mail"
	refused "it is in the header of a part"
}

@test "8-bit text in a type that may not be encoded is 65" {
	local type
	seven_bit_server
	for type in message/partial message/external-body message/delivery-status; do
		{ head "$mixed"; part "$type" ""; printf 'X: y\n\n%s\n--=_b--\n' "$umlauts"; } > "$mail"
		refused "a body of type $type cannot be re-encoded"
	done
}

# A kind of malformed MIME that stays a structure nobody can be sure of, and the reason that postern gives.
unclear=(
	"$mixed; twice|it has two Content-Type fields"
	"$mixed; encodings|it has two Content-Transfer-Encoding fields"
	"$mixed; unclear|there is a line in its header that is no field"
)

# A kind of malformed MIME, and a line by which the part is known after it has been encoded.
malformed=(
	"multipart/mixed|Content-Type: text/plain; charset=utf-8"
	"multipart/mixed; boundary=other|X-Original-Content-Type: multipart/mixed; boundary=other"
	"$mixed; unterminated|--=_b--"
	"$mixed; noheader|hello"
	"$mixed; again|X-Original-Content-Type: multipart/mixed; boundary=\"=_b\""
	"$mixed; unknown|Content-Transfer-Encoding: quoted-printable"
)

write_malformed() { # ROW TEXT
	head "${1%|*}"
	case $1 in
	*twice*) printf -- '--=_b\nContent-Type: multipart/a; boundary=c\nContent-Type: text/html\n\n%s\n' "$2" ;;
	*encodings*) printf -- '--=_b\nContent-Transfer-Encoding: %s\nContent-Transfer-Encoding: %s\n\n%s\n' 8bit base64 "$2" ;;
	*unclear*) printf -- '--=_b\nX: y\nhello\n%s\n' "$2" ;;
	*noheader*) printf -- '--=_b\nhello\n%s\n' "$2" ;;
	*again*) printf -- '--=_b\nContent-Type: multipart/mixed; boundary="=_b"\n\n%s\n' "$2" ;;
	*unknown*) printf -- '--=_b\nContent-Transfer-Encoding: x-unknown\n\n%s\n' "$2" ;;
	*) printf -- '--=_b\n\n%s\n' "$2" ;;
	esac
	[[ $1 == *unterminated* ]] || printf -- '--=_b--\n'
}

@test "malformed MIME that would have to be changed is encoded where its structure is clear" {
	local row n=0
	seven_bit_server
	for row in "${malformed[@]}"; do
		write_malformed "$row" "$umlauts" > "$mail"
		send
		n=$((n + 1))
		message $n | tr -d '\r' > "$BATS_TEST_TMPDIR/got"
		grep -qx "Gr=C3=BC=C3=9Fe" "$BATS_TEST_TMPDIR/got"
		grep -qxF -- "${row#*|}" "$BATS_TEST_TMPDIR/got" || complain "no ${row#*|}: $(cat "$BATS_TEST_TMPDIR/got")"
		[[ $(grep -c "^Content-Transfer-Encoding: quoted-printable" "$BATS_TEST_TMPDIR/got") == 1 ]]
	done
	for row in "${unclear[@]}"; do
		write_malformed "$row" "$umlauts" > "$mail"
		refused "${row#*|}" $n
	done
}

@test "malformed MIME is sent byte for byte if it is 7-bit or the server offers 8BITMIME" {
	local row n=0
	seven_bit_server
	for row in "${malformed[@]}" "${unclear[@]}"; do
		write_malformed "$row" "plain" > "$want"
		cp "$want" "$mail"
		send
		got_wanted $((++n))
	done
	n=0
	start_server <<< "tls none"
	for row in "${malformed[@]}" "${unclear[@]}"; do
		write_malformed "$row" "$umlauts" > "$want"
		cp "$want" "$mail"
		send
		got_wanted $((++n))
	done
}

# deep N: a message of N nested parts, the innermost one text.
deep() {
	local i
	head "multipart/mixed; boundary=1"
	for ((i = 1; i < $1 - 1; i++)); do
		printf -- '--%d\nContent-Type: multipart/mixed; boundary=%d\n\n' "$i" $((i + 1))
	done
	printf -- '--%d\n\n%s\n' "$i" "$2"
	for (( ; i > 0; i--)); do
		printf -- '--%d--\n' "$i"
	done
}

@test "32 nested parts are encoded, 33 are refused, and 1000 are sent if they need no change" {
	seven_bit_server
	deep 33 "$umlauts" > "$mail"
	refused "it lies too deep within other parts"
	deep 32 "$umlauts" > "$mail"
	send
	message | grep -q '^Gr=C3=BC=C3=9Fe'
	deep 1000 plain > "$mail"
	cp "$mail" "$want"
	send
	got_wanted 2
}

@test "a message with more than 10000 parts that would have to be changed is 65" {
	seven_bit_server
	{ head "$mixed"; yes -- "--=_b"$'\n\nx' | command head -n 30000; part "" ""; echo "$umlauts"; echo "--=_b--"; } > "$mail"
	refused "it has more than 10000 parts"
	{ head "$mixed"; yes -- "--=_b"$'\nX: \303\274\n\nx' | command head -n 40000; echo "--=_b--"; } > "$mail"
	refused "the header of a part is not ASCII, and it has more than 10000 parts"
}
