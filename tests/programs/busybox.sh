# SPDX-License-Identifier: MIT
# busybox, the dynamic one: its shell, timeout and time (vfork), xargs, find -exec, an applet that executes itself.
# needs: busybox=busybox
# prints: 5050
# prints: timeout 143 7
# prints: xargs 100
# prints: found 30
# prints: missing 127
# prints: time 3
set -e
busybox sh -c 's=0; for i in $(busybox seq 100); do s=$((s + $(busybox echo $i))); done; echo $s'
set +e
busybox timeout 1 busybox sleep 1000; a=$?
busybox timeout 1000 busybox sh -c 'exit 7'
echo "timeout $a $?"
echo "xargs $(busybox seq 100 | busybox xargs -n1 -P4 busybox echo | busybox sort -n | busybox uniq | busybox wc -l)"
for i in $(seq 30); do : >"file.$i"; done
echo "found $(busybox find . -name 'file.*' -exec busybox basename {} \; | busybox grep -c '^file')"
busybox sh -c ./missing 2>/dev/null; echo "missing $?"
busybox time busybox sh -c 'exit 3' 2>/dev/null; echo "time $?"
