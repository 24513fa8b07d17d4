# shape.awk - functions over 80 lines and files over 600 fail; from 60 and 500 they are shown.
# usage: awk -f shape.awk FILE...
function file_ends(name, lines)
{
	if (lines > 500)
		print name ": " lines " lines"
	if (lines > 600)
		bad = 1
}

FNR == 1 {
	if (NR > 1)
		file_ends(file, last)
	file = FILENAME
	begin = 0
}
{ last = FNR }
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
