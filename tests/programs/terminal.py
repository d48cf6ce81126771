# SPDX-License-Identifier: MIT
# Shells on a pseudo-terminal of their own: job control, ^C and ^Z from the keyboard, the window's size, hangup.
# needs: bash=bash
# prints: spawn 0x200
# prints: size 33 101
# prints: interrupted 130
# prints: stopped 148, resumed 7
# prints: hangup SIGHUP
# prints: sessions 40
import fcntl
import os
import pty
import re
import signal
import struct
import termios

unread = {}


def start(*argv):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    return pid, terminal


def until(terminal, pattern):
    """Read up to what matches; the deadline is that of the whole program."""
    seen = unread.pop(terminal, b"")
    while not (found := re.search(pattern, seen)):
        seen += os.read(terminal, 4096)
    unread[terminal] = seen[found.end() :]
    return found


def say(terminal, line):
    os.write(terminal, line)


print(f"spawn {pty.spawn(['sh', '-c', 'exit 2']):#x}", flush=True)

pid, terminal = start("bash", "--norc", "--noediting", "-i")
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
say(terminal, b"PS1='re''ady> '\n")
until(terminal, b"ready> ")
say(terminal, b"stty size\n")
print("size", *until(terminal, rb"(\d+) (\d+)\r\n").expand(rb"\1 \2").decode().split(), flush=True)
until(terminal, b"ready> ")
say(terminal, b"sh -c 'echo wait''ing; exec sleep 1000'\n")
until(terminal, b"waiting")
say(terminal, b"\x03")
until(terminal, b"ready> ")
say(terminal, b"echo st=$?=\n")
print("interrupted", until(terminal, rb"st=(\d+)=")[1].decode(), flush=True)
until(terminal, b"ready> ")
say(terminal, b"sh -c 'echo wait''ing; read line; exit 7'\n")
until(terminal, b"waiting")
say(terminal, b"\x1a")
until(terminal, b"ready> ")
say(terminal, b"echo st=$?=\n")
stopped = until(terminal, rb"st=(\d+)=")[1].decode()
until(terminal, b"ready> ")
say(terminal, b"fg\n")
until(terminal, b"exit 7'\r\n")
say(terminal, b"a line\n")
until(terminal, b"ready> ")
say(terminal, b"echo st=$?=\n")
print(f"stopped {stopped}, resumed {until(terminal, rb'st=([0-9]+)=')[1].decode()}", flush=True)
say(terminal, b"exit\n")
os.waitpid(pid, 0)
unread.clear()
os.close(terminal)

pid, terminal = start("sh", "-c", "echo up; exec sleep 1000")
until(terminal, b"up")
unread.clear()
os.close(terminal)
print("hangup", signal.Signals(os.WTERMSIG(os.waitpid(pid, 0)[1])).name, flush=True)

right = 0
for number in range(40):
    pid, terminal = start("sh", "-c", f"sh -c 'exit {number}'; echo is-$?-; tty | cut -c1-9")
    right += until(terminal, rb"is-(\d+)-\r\n/dev/pts/")[1] == b"%d" % number
    os.waitpid(pid, 0)
    unread.pop(terminal, None)
    os.close(terminal)
print("sessions", right)
