# SPDX-License-Identifier: MIT
# GNU make -j8 with its jobserver: a graph of 100 targets, a make below make, $(shell), a failure with -k, a missing program.
# needs: make=make
# prints: targets 100, sum 5050
# prints: again up to date
# prints: below 20 of 20
# prints: failed 2, others made 9
# prints: missing 2
{
	echo 'all := $(shell seq 100)'
	echo 'sum: $(all:%=t.%)'; printf '\tcat $^ | paste -sd+ | tr -d "\\n" >$@; echo >>$@\n'
	echo 't.%:'; printf '\t@/bin/echo $$(/bin/echo $*) >$@.new\n\tmv $@.new $@\n'
} >Makefile
make -s -j8 || exit
echo "targets $(ls | grep -c '^t\.'), sum $(($(cat sum)))"
make -q -j8 && echo "again up to date"
{
	echo 'all: $(addprefix d,1 2 3 4)'
	echo 'd%:'; printf '\t+$(MAKE) -s -f below.mk p=$@\n'
} >top.mk
{
	echo 'all: $(addprefix $(p).,1 2 3 4 5)'
	echo '$(p).%:'; printf '\tif true; then /bin/echo $* >$@; fi\n'
} >below.mk
make -s -j8 -f top.mk || exit
echo "below $(ls | grep -c '^d[1-4]\.[1-5]$') of 20"
{
	echo 'all: $(addprefix f.,1 2 3 4 5 6 7 8 9 10)'
	echo 'f.4:'; printf '\tfalse\n'
	echo 'f.%:'; printf '\techo >$@\n'
} >fail.mk
make -s -k -j8 -f fail.mk 2>/dev/null
echo "failed $?, others made $(ls | grep -c '^f\.')"
printf 'all:\n\t./no-such-program with arguments\n' >missing.mk
make -s -f missing.mk 2>/dev/null
echo "missing $?"
