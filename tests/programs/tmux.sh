# SPDX-License-Identifier: MIT
# tmux: a server that daemonizes, with windows, a pane that pipes, a hook and run-shell; each step is awaited by a channel.
# needs: tmux -V = tmux
# prints: windows 11
# prints: written 10
# prints: run-shell from the server
# prints: if-shell yes
# prints: captured 42
export TMUX_TMPDIR="$PWD" TERM=xterm SHELL=/bin/sh
t() { tmux -f /dev/null -S ./socket "$@"; }
t new-session -d -s one -x 80 -y 24 'exec sh' || exit
for i in $(seq 10); do t new-window -d -t one: "echo $i >>written.$i; tmux -S ./socket wait-for -S w$i; read forever"; done
for i in $(seq 10); do t wait-for "w$i"; done
echo "windows $(t list-windows -t one | wc -l)"
echo "written $(ls written.* | wc -l)"
t run-shell '/bin/echo run-shell from the server >ran'; cat ran
t if-shell 'exec true' 'set-buffer yes' 'set-buffer no'; echo "if-shell $(t show-buffer)"
t send-keys -t one:0 'echo $((40 + 2)) | cat; tmux -S ./socket wait-for -S typed' Enter
t wait-for typed
echo "captured $(t capture-pane -p -t one:0 | grep -x '42')"
t kill-server
