# names.awk - a function in a header is named after its module, or after a type of a header in the same folder: so its name leads
# to where it is.  A module's name may be in the singular: step_ok() of base/steps.
# usage: cd src && awk -f ../tests/names.awk ./*/*.h ./*/*.h		(twice: types first, then functions)
BEGIN {
	split("fail fail_sys fail_memory", words)	# every module has these words in all of its lines
	for (i in words)
		plain[words[i]] = 1
}
FNR == 1 {
	pass = (FILENAME in seen) ? 2 : 1
	seen[FILENAME] = 1
	n = split(FILENAME, part, /[\/.]/)
	folder = part[n - 2]
	module = part[n - 1]
	singular = module
	sub(/s$/, "", singular)
}
pass == 1 && match($0, /(struct|enum) [a-z0-9_]+ \{/) {
	split(substr($0, RSTART, RLENGTH), type, " ")
	types[folder] = types[folder] "|" type[2]
}
pass == 2 && /^[a-z][a-z0-9_ *]*\(/ && !/^typedef/ {
	name = $0
	sub(/\(.*/, "", name)
	sub(/.*[ *]/, "", name)
	if (!(name in plain) && name !~ "^(" module "|" singular types[folder] ")(_|$)") {
		print FILENAME ": " name "() is named after another module"
		bad = 1
	}
	found++
}
END {
	if (found < 100)
		print "only " found + 0 " functions were found"
	exit bad || found < 100
}
