# shape.awk - lines over 130 columns, functions over 80 lines and files over 600 fail; functions from 60 lines and files from 500
# are shown.  A tab is 8 columns wide, and a character one: so the locale has to be C, in which length() counts octets.
# usage: LC_ALL=C awk -f shape.awk FILE...
function file_ends(name, lines)
{
	if (lines > 500)
		print name ": " lines " lines"
	if (lines > 600)
		bad = 1
}

function width(line,    parts, n, i, columns)
{
	gsub(/[\200-\277]/, "", line)	# all octets but the first of a character in UTF-8
	n = split(line, parts, "\t")
	for (i = 1; i < n; i++) {
		columns += length(parts[i])
		columns += 8 - columns % 8
	}
	return columns + length(parts[n])
}

FNR == 1 {
	if (NR > 1)
		file_ends(file, last)
	file = FILENAME
	begin = 0
}
{ last = FNR }
width($0) > 130 {
	print FILENAME ":" FNR ": " width($0) " columns"
	bad = 1
}
# in this house a function's braces are the ones in the first column
/^\{/ { begin = FNR }
/^\}/ && begin {
	if (FNR - begin > 60)
		print FILENAME ":" begin ": a function of " FNR - begin " lines"
	if (FNR - begin > 80)
		bad = 1
	begin = 0
}
END {
	file_ends(file, last)
	exit bad
}
