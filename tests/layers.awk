# layers.awk - a file may include only modules that stand before it in src/LAYERS, and every module stands there once.
# oauth2/ is a program of its own: it includes of the others only a few, and they include nothing of it.
# usage: cd src && awk -f ../tests/layers.awk LAYERS $(find . -name '*.[ch]')
function module(path)
{
	sub(/^\.\//, "", path)
	sub(/\.[ch]$/, "", path)
	return path
}
function complain(what)
{
	print FILENAME ":" FNR ": " what
	bad = 1
}

FILENAME ~ /LAYERS$/ {
	if (NF && $1 !~ /^#/) {
		if ($1 in rank)
			complain($1 " is listed twice")
		rank[$1] = ++n
	}
	next
}
FNR == 1 {
	me = module(FILENAME)
	seen[me] = 1
	if (!(me in rank))
		complain("not in LAYERS")
}
/^#[ \t]*include[ \t]+"/ {
	split($0, quoted, "\"")
	inc = module(quoted[2])
	if (inc == "config" || inc == me)
		next
	if (!(inc in rank))
		complain(inc " is not in LAYERS")
	else if (rank[inc] > rank[me])
		complain(me " stands before " inc)
	else if (me ~ /^oauth2\// ? inc !~ /^(oauth2\/|base\/|net\/crypto$|secret\/(access|advice)$)/ : inc ~ /^oauth2\//)
		complain(me " and " inc " are of different programs")
}
END {
	for (m in rank)
		if (!(m in seen)) {
			print "LAYERS: " m " has no file"
			bad = 1
		}
	exit bad
}
