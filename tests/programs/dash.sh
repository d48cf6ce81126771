# SPDX-License-Identifier: MIT
# Each way in which dash makes a child: a simple command (vfork), pipe, substitution, subshell, background job (fork).
# prints: commands 200
# prints: 127 126 143 3
# prints: a-b-c 4950
# prints: jobs 20
# prints: trapped USR1, then 0
# prints: exported x, unset
# prints: here:doc
# prints: replaced 5
count=0
for i in $(seq 200); do
	/bin/sh -c "exit $((i % 7))"
	[ $? = $((i % 7)) ] && count=$((count + 1))
done
echo "commands $count"
./missing 2>/dev/null; a=$?
: >plain; ./plain 2>/dev/null; b=$?
/bin/sh -c 'kill $$'; c=$?
(exit 3); d=$?
echo "$a $b $c $d"
echo "$(echo a | cat | sed 's/$/-b/' | cat)-c $(seq 0 99 | (s=0; while read -r n; do s=$((s + n)); done; echo $s))"
for i in $(seq 20); do /bin/sh -c "exit $i" & pids="$pids $!"; done
good=0; i=0
for p in $pids; do i=$((i + 1)); wait "$p"; [ $? = $i ] && good=$((good + 1)); done
echo "jobs $good"
trap 'echo -n "trapped USR1, "' USR1
/bin/sh -c "kill -USR1 $$"
echo "then $?"
trap - USR1
v=x /bin/sh -c 'echo -n "exported $v, "'; echo "${v-unset}"
cat <<END | /usr/bin/env paste -sd: 
here
doc
END
/bin/sh -c 'exec /bin/sh -c "exec /bin/sh -c \"exit 5\""'
echo "replaced $?"
