# SPDX-License-Identifier: MIT
# bash forks for everything; here with what only it has: process substitution, coprocesses, wait -n, PIPESTATUS, job control.
# prints: commands 200
# prints: pipe 0 1 2 3
# prints: compare 1
# prints: coproc 42
# prints: wait 15
# prints: group yes
# prints: error 127 126
# prints: trapped TERM EXIT
# prints: read 100
count=0
for i in {1..200}; do
	env true; /bin/sh -c "exit $((i % 5))"
	(($? == i % 5)) && ((count++))
done
echo "commands $count"
true | (exit 1) | /bin/sh -c 'exit 2' | (exit 3)
echo "pipe ${PIPESTATUS[*]}"
cmp -s <(seq 9 | sort -r) <(seq 9 | tac | sed 's/5/x/')
echo "compare $?"
coproc { while read -r a b; do echo $((a * b)); done; }
echo 6 7 >&"${COPROC[1]}"; read -r answer <&"${COPROC[0]}"
eval "exec ${COPROC[1]}>&-"; wait "$COPROC_PID"
echo "coproc $answer"
for i in 1 2 3 4 5; do /bin/sh -c "exit $i" & done
sum=0
for i in 1 2 3 4 5; do wait -n; ((sum += $?)); done
echo "wait $sum"
set -m
/bin/sh -c 'ps=$(cut -d" " -f5 /proc/$$/stat); [ "$ps" = $$ ]' & wait $! && echo "group yes"
set +m
./missing 2>/dev/null; a=$?; : >plain; ./plain 2>/dev/null; echo "error $a $?"
bash -c 'trap "echo -n \"TERM \"" TERM; trap "echo EXIT" EXIT; echo -n "trapped "; /bin/sh -c "kill -TERM $$"; exit 0'
mapfile -t lines < <(for i in {1..100}; do /bin/echo "$i"; done)
echo "read ${#lines[@]}"
