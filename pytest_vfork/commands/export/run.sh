#!/bin/sh
# Runs the programs of an export, each of which judges itself, and says what came of it. POSIX sh, nothing else.
#
#	./run.sh [-d SECONDS] [-s SKIP] [-x KNOWN] [-o FOLDER] [-u PREFIX] [PATTERN...]
#
#	-d	how long one program may take (default: 60)
#	-s	a file of items that are not started, one a line, as shell patterns; # begins a comment
#	-x	a file of items that are known to fail: one that does not is as bad as another that does
#	-o	where results.ktap and junit.xml go (default: results)
#	-u	what a program is started with: -u qemu-aarch64, -u "env LD_PRELOAD=/my/shim.so"
#	PATTERN	only these items: 'suspension/*', '*:clone3'
#
# Exits with 0 (as expected), 1 (something failed, or did not that was known to), 2 (usage), 99 (a test did not work).
# `pytest-vfork judge FOLDER` judges results.ktap again, where there is Python.

here=$(cd "$(dirname "$0")" && pwd) || exit 2
deadline=60 skip='' known='' out=results prefix=''
while getopts d:s:x:o:u: option; do
	case $option in
	d) deadline=$OPTARG ;;
	s) skip=$OPTARG ;;
	x) known=$OPTARG ;;
	o) out=$OPTARG ;;
	u) prefix=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
case $deadline in '' | *[!0-9]*) echo "run.sh: -d: $deadline is not a number of seconds" >&2 && exit 2 ;; esac
for file in $skip $known; do
	[ -r "$file" ] || { echo "run.sh: $file: cannot be read" >&2 && exit 2; }
done
mkdir -p "$out" || exit 2

# Whether the item is one of the patterns.
fits() {
	item=$1
	shift
	for pattern; do
		# shellcheck disable=SC2254 # it is a pattern
		case $item in $pattern) return 0 ;; esac
	done
	return 1
}

# Whether the item is in the file of patterns; a pattern without a call means all calls.
listed() {
	[ -n "$2" ] || return 1
	while read -r pattern rest; do
		case $pattern in '' | '#'*) continue ;; *:*) ;; *) pattern="$pattern:*" ;; esac
		fits "$1" "$pattern" && return 0
	done <"$2"
	return 1
}

# A program ends by itself at its deadline; what stands between it and the kernel may not.
start() {
	if command -v timeout >/dev/null 2>&1; then
		# shellcheck disable=SC2086 # the prefix is words
		timeout -s KILL $((deadline + 15)) $prefix "$1"
	else
		# shellcheck disable=SC2086
		$prefix "$1" &
		pid=$!
		(sleep $((deadline + 15)) && kill -9 $pid) >/dev/null 2>&1 &
		guard=$!
		wait $pid
		status=$?
		kill $guard 2>/dev/null
		return $status
	fi
}

xml() {
	sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' -e 's/"/\&quot;/g' | tr -cd '\11\12\15\40-\176'
}

count() {
	set -f	# the patterns are for us, not for the files here
	n=0
	while read -r item path; do
		[ $# -eq 0 ] || fits "$item" "$@" || continue
		n=$((n + 1))
	done <"$here/list"
	set +f
	echo $n
}

total=$(count "$@")
[ "$total" -gt 0 ] || { echo "run.sh: no item fits: $*" >&2 && exit 2; }
ok=0 not_ok=0 skipped=0 broken=0 xfail=0 stale=0 n=0
ktap=$out/results.ktap cases=$out/junit.cases said=$out/said
printf 'KTAP version 1\n1..%d\n' "$total" | tee "$ktap"
: >"$cases"
set -f
export VFORK_DEADLINE="$deadline" VFORK_TELL=all
while read -r item path; do
	[ $# -eq 0 ] || fits "$item" "$@" || continue
	n=$((n + 1))
	if listed "$item" "$skip"; then
		echo "ok $n $item # SKIP it is on the skip list" >"$said"
		status=4
	else
		start "$here/bin/$path" </dev/null >"$said.raw" 2>&1
		status=$?
		sed -e '/^KTAP version/d' -e '/^1\.\.1$/d' -e "s/^ok 1 /ok $n /" -e "s/^not ok 1 /not ok $n /" "$said.raw" >"$said"
		case $status in
		0 | 1 | 4 | 99) grep -q "ok $n " "$said" || status=98 ;;
		*) status=98 ;;
		esac
		if [ $status = 98 ]; then
			sed -i -e 's/^/# said: /' "$said"
			echo "not ok $n $item # ERROR it ended without a verdict" >>"$said"
		fi
	fi
	is_known=
	listed "$item" "$known" && is_known=yes
	case $status$is_known in
	0) ok=$((ok + 1)) ;;
	0yes)
		stale=$((stale + 1))
		echo "# stale: $item is on the list of those that fail" >>"$said"
		;;
	1) not_ok=$((not_ok + 1)) ;;
	1yes) xfail=$((xfail + 1)) ;;
	4*) skipped=$((skipped + 1)) ;;
	*) broken=$((broken + 1)) ;;
	esac
	cat "$said" >>"$ktap"
	# on the terminal only what went wrong is told in full
	case $status$is_known in 0 | 4*) grep -E '^(not )?ok ' "$said" ;; *) cat "$said" ;; esac
	{
		printf '<testcase classname="%s" name="%s">' "${item%%/*}" "$(echo "$item" | xml)"
		case $status$is_known in
		0) ;;
		4*) printf '<skipped message="%s"/>' "$(sed -n 's/^ok .*# SKIP //p' "$said" | xml)" ;;
		1yes) printf '<skipped message="known to fail"/>' ;;
		0yes) printf '<failure message="it is known to fail, and does not"/>' ;;
		1) printf '<failure message="%s">%s</failure>' "$(sed -n 's/^# broke: //p' "$said" | xml)" "$(xml <"$said")" ;;
		*) printf '<error>%s</error>' "$(xml <"$said")" ;;
		esac
		echo '</testcase>'
	} >>"$cases"
done <"$here/list"
{
	echo '<?xml version="1.0" encoding="utf-8"?>'
	printf '<testsuites><testsuite name="vfork" tests="%d" failures="%d" errors="%d" skipped="%d">\n' \
		"$n" $((not_ok + stale)) $broken $((skipped + xfail))
	cat "$cases"
	echo '</testsuite></testsuites>'
} >"$out/junit.xml"
rm -f "$cases" "$said" "$said.raw"
summary="vfork: $ok ok, $not_ok not ok, $xfail known, $stale stale, $skipped skipped, $broken broken of $n"
echo "# $summary" >>"$ktap"
echo "$summary"
[ $((not_ok + stale)) -eq 0 ] || exit 1
[ $broken -eq 0 ] || exit 99
