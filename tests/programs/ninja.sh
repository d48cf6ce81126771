# SPDX-License-Identifier: MIT
# ninja: 100 edges at once, a second build that has nothing to do, a failing edge among good ones, a console edge.
# needs: ninja=ninja-build
# prints: sum 5050
# prints: no work to do
# prints: failed 1, others made 9
# prints: console 4
{
	echo 'rule number'; echo '  command = /bin/echo $n >$out'
	echo 'rule join'; echo '  command = cat $in | paste -sd+ >$out'
	for i in $(seq 100); do echo "build n.$i: number"; echo "  n = $i"; done
	echo "build sum: join $(seq -f n.%g -s ' ' 100)"
} >build.ninja
ninja -j8 >log || exit
echo "sum $(($(cat sum)))"
ninja | sed -n 's/ninja: //p' | tr -d .
{
	echo 'rule good'; echo '  command = touch $out'
	echo 'rule bad'; echo '  command = exit 1'
	for i in 1 2 3 5 6 7 8 9 10; do echo "build f.$i: good"; done
	echo 'build f.4: bad'
} >fail.ninja
ninja -k0 -j8 -f fail.ninja >log; status=$?
echo "failed $status, others made $(ls | grep -c '^f\.')"
printf 'rule show\n  command = /bin/echo console $$((2 + 2))\n  pool = console\nbuild x: show\n' >console.ninja
ninja -f console.ninja | grep '^console'
