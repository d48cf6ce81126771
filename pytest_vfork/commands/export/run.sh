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

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 2
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
case $deadline in '' | *[!0-9]* | 0* | ???????*) echo "run.sh: -d: $deadline is not a number of seconds, 1 to 999999" >&2 && exit 2 ;; esac
for file in "$skip" "$known"; do
	[ -z "$file" ] || { [ -r "$file" ] && [ ! -d "$file" ]; } || { echo "run.sh: $file: cannot be read" >&2 && exit 2; }
done
mkdir -p "$out" || exit 2
cr=$(printf '\r')

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

# The patterns of a file, one a line; one without a call means all calls. The last line may not end, or all as on Windows.
patterns() {
	while read -r pattern rest || [ -n "$pattern" ]; do
		pattern=${pattern%"$cr"}
		case $pattern in '' | '#'*) ;; *:*) echo "$pattern" ;; *) echo "$pattern:*" ;; esac
	done <"$1"
}

# Whether the item is one of the patterns, which are words.
listed() {
	# shellcheck disable=SC2086
	fits "$1" $2
}

# A program ends by itself at its deadline; what stands between it and the kernel may not. It runs in the background, for
# a shell heeds a signal when what it waits for in the foreground has ended.
start() {
	if command -v timeout >/dev/null 2>&1; then
		# shellcheck disable=SC2086 # the prefix is words
		timeout -s KILL $((deadline + 15)) $prefix "$1" </dev/null >"$said.raw" 2>&1 &
		pid=$! guard=''
	else
		# shellcheck disable=SC2086
		$prefix "$1" </dev/null >"$said.raw" 2>&1 &
		pid=$!
		(
			nap=''
			trap '[ -z "$nap" ] || kill $nap; exit' TERM
			sleep $((deadline + 15)) &
			nap=$!
			wait $nap && kill -9 $pid
		) >/dev/null 2>&1 &
		guard=$!
	fi
	wait $pid
	status=$?
	[ -z "$guard" ] || kill $guard 2>/dev/null
	pid=''
	return $status
}

# Interrupted: what runs is ended, and there is no summary, for it was not all.
stop() {
	# shellcheck disable=SC2086 # one may be empty
	[ -z "$pid" ] || kill $pid $guard 2>/dev/null
	rm -f "$cases" "$said" "$said.raw"
	echo "run.sh: interrupted after $((n - 1)) of $total" >&2
	exit "$1"
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
rm -f "$out/junit.xml"	# of a run before
printf 'KTAP version 1\n1..%d\n' "$total" | tee "$ktap"
: >"$cases"
set -f
# Reads a file of patterns, which may be a pipe, and says which of them fit nothing.
read_list() {
	list=${1:+$(patterns "$1")}
	for pattern in $list; do
		cut -f 1 "$here/list" | { while read -r item; do fits "$item" "$pattern" && exit 0; done; exit 1; } ||
			echo "run.sh: $1: no item fits $pattern" >&2
	done
}

read_list "$skip"
skip=$list
read_list "$known"
known=$list
pid='' guard=''
trap 'stop 130' INT
trap 'stop 143' TERM
trap 'stop 129' HUP
export VFORK_DEADLINE="$deadline" VFORK_TELL=all
while read -r item path; do
	[ $# -eq 0 ] || fits "$item" "$@" || continue
	n=$((n + 1))
	if listed "$item" "$skip"; then
		echo "ok $n $item # SKIP it is on the skip list" >"$said"
		status=4
	else
		start "$here/bin/$path"
		status=$?
		tr -d '\000' <"$said.raw" |
			sed -e '/^KTAP version/d' -e '/^1\.\.1$/d' -e "s/^ok 1 /ok $n /" -e "s/^not ok 1 /not ok $n /" >"$said"
		# what it said and its exit status must be the same: what stands around it may lose either
		told=$(sed -n -e "/^ok $n .* # SKIP /{s/.*/4/p;d;}" -e "/^not ok $n .* # ERROR /{s/.*/99/p;d;}" \
			-e "s/^ok $n .*/0/p" -e "s/^not ok $n .*/1/p" "$said")
		if [ "$told" != "$status" ]; then
			sed -e 's/^/# said: /' "$said" >"$said.raw" && mv "$said.raw" "$said"
			why="it said another verdict than its exit status, $status"
			[ -n "$told" ] || why='it ended without a verdict'
			echo "not ok $n $item # ERROR $why" >>"$said"
			status=98
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
