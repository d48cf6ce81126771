# SPDX-License-Identifier: MIT
# git: commits with hooks, log, a clone over a local transport, gc and repack, a shell alias, a rebase that runs a command.
# needs: git=git
# prints: commits 20, hooks 20
# prints: packed 1, loose 0
# prints: cloned 20, fsck 0
# prints: pushed 21
# prints: rebased 5
# prints: alias from the shell
# prints: missing 1
export HOME="$PWD" GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE='2020-01-01 00:00 +0000' GIT_COMMITTER_DATE='2020-01-01 00:00 +0000'
git config --global user.name A; git config --global user.email a@example.org
git config --global init.defaultBranch main; git config --global gc.autoDetach false
git init -q one && cd one || exit
printf '#!/bin/sh\n/bin/echo ran >>../hooks\n' >.git/hooks/post-commit; chmod +x .git/hooks/post-commit
for i in $(seq 20); do echo "$i" >file; git add file; git commit -q -m "commit $i" || exit; done
echo "commits $(git log --oneline | wc -l), hooks $(wc -l <../hooks)"
git gc -q --prune=now || exit
echo "packed $(ls .git/objects/pack/*.pack | wc -l), loose $(git count-objects | cut -d' ' -f1)"
cd ..; git clone -q --no-local one two && cd two || exit
git fsck --no-progress >log 2>&1; status=$?
echo "cloned $(git rev-list --count HEAD), fsck $status"
git checkout -q -b side; git commit -q --allow-empty -m more; git push -q origin side
echo "pushed $(git -C ../one rev-list --count side)"
git rebase -q --exec '/bin/echo x >>../rebased' HEAD~5 >log 2>&1
echo "rebased $(wc -l <../rebased)"
git -c alias.say='!/bin/echo alias from the shell' say
git no-such-command 2>/dev/null; echo "missing $?"
