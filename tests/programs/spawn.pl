# SPDX-License-Identifier: MIT
# perl forks: system with a list and with a shell, backticks, pipes both ways, open3, fork and wait, an exec that fails.
# prints: system 150
# prints: shell 9
# prints: backticks 50
# prints: pipes 50 abc
# prints: open3 out err 4
# prints: forks 1275
# prints: missing 2
# prints: signal 15
use strict;
use warnings;
use IPC::Open3;
use Symbol 'gensym';
$| = 1;
my $right = 0;
for my $n (1 .. 150) { system('/bin/sh', '-c', "exit " . $n % 8); $right++ if $? >> 8 == $n % 8 }
print "system $right\n";
system('(exit 9) && true'); print "shell ", $? >> 8, "\n";
$right = 0;
for my $n (1 .. 50) { $right++ if `/bin/echo $n` eq "$n\n" }
print "backticks $right\n";
$right = 0;
for my $n (1 .. 50) { open(my $from, '-|', '/bin/echo', $n) or die; $right++ if <$from> == $n; close $from }
print "pipes $right ";
open(my $to, '|-', 'cat') or die; print $to "abc\n"; close $to;
my $pid = open3(my $in, my $out, my $err = gensym, '/bin/sh', '-c', 'echo out; echo err >&2; exit 4');
chomp(my $said = <$out>); chomp(my $erred = <$err>); waitpid($pid, 0);
print "open3 $said $erred ", $? >> 8, "\n";
for my $n (1 .. 50) { my $child = fork // die; exec('/bin/sh', '-c', "exit $n") if !$child }
my $sum = 0;
while (wait() > 0) { $sum += $? >> 8 }
print "forks $sum\n";
{ no warnings; system('./missing') == -1 and print "missing ", $! + 0, "\n" }
system('/bin/sh', '-c', 'kill $$'); print "signal ", $? & 127, "\n";
